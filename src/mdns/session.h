/* One back end in use: with our announcement on it and what is found through it. The helper has
 * one, and for a moment two while it changes over. Loop thread only. */
#ifndef MDNS_SESSION_H
#define MDNS_SESSION_H

#include "base/compiler.h"
#include "mdns/back-end.h"
#include "mdns/finder.h"
#include "mdns/lookup.h"
#include "mdns/publisher.h"

#include <stdbool.h>

struct session {
	struct back_end *b;                /* owned */
	struct publisher *publisher;       /* owned */
	struct finder *finder;             /* owned; NULL unless active */
	struct lookups *lookups;           /* owned; NULL unless active */
	uv_loop_t *loop;                   /* borrowed */
	struct channel *channel;           /* borrowed */
	bool active;                       /* it is the one that reports */
	bool published;                    /* the last report said so */
	char machine[LIMIT_HOST_NAME + 1]; /* last reported */
	void (*changed)(void *ctx);
	void *ctx; /* borrowed */
};

enum session_kind { SESSION_CLIENT, SESSION_CORE };

/* changed: called from the loop when b->state or the publisher's has changed. */
int session_create(uv_loop_t *loop, enum session_kind kind, struct channel *channel,
    struct wish *wish, void (*changed)(void *ctx), void *ctx, struct session **out) MUST_USE;
/* Never from inside a callback of its back end. Says goodbye; accepts NULL. */
void session_destroy(struct session *s);

/* Begin to look and report (`backend`, `reset`), and the way back, which leaves the announcement
 * alone. */
int
session_activate(struct session *s, const char *reason, int loopback, bool hide_loopback) MUST_USE;
void session_retire(struct session *s);

#endif
