/* Open questions, oldest first, with one deadline for all: whatever happens to the one asked, an
 * answer comes. Loop thread only. */
#ifndef DISCOVERY_ASK_H
#define DISCOVERY_ASK_H

#include "base/compiler.h"
#include "base/list.h"

#include <stdbool.h>
#include <stdint.h>
#include <uv.h>

/* Embedded in what is asked about; zeroed: no question is open. */
struct ask {
	struct list link;  /* in open or done */
	uint64_t deadline; /* uv_now() */
	unsigned waiting;  /* of enum discovery_source: those that have not answered */
	bool good;         /* one of them answered well */
	int err;
};

struct asks {
	uv_timer_t timer; /* runs while open is not empty */
	uint64_t within;  /* ms */
	struct list open, done;
	void (*on_done)(void *ctx); /* done is no longer empty; tell soon */
	void *ctx;
};

void
asks_init(struct asks *a, uv_loop_t *loop, uint64_t within, void (*on_done)(void *ctx), void *ctx);

bool ask_is_open(const struct ask *q);
/* Open, expect each source before asking it, settle when all were asked. Once every expected one
 * has answered (asks_answer() once for each), or in time, q is done. */
void asks_open(struct asks *a, struct ask *q);
void asks_expect(struct ask *q, unsigned source);
void asks_settle(struct asks *a, struct ask *q);
void asks_answer(struct asks *a, struct ask *q, unsigned source, int err);
/* A source failed: it answers all that wait for it. */
void asks_fail_source(struct asks *a, unsigned source, int err);
void asks_forget(struct ask *q);
/* The next finished one, NULL: none; it is no longer in the list. */
struct ask *asks_take_done(struct asks *a);

#endif
