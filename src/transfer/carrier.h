/* A thread that moves the bytes of one transfer, and what it says to the loop. Its function is
 * written as one that waits; every wait goes through carrier_wait(), which also ends when the
 * transfer is to be stopped. Knows nothing of files, keys or persons. */
#ifndef TRANSFER_CARRIER_H
#define TRANSFER_CARRIER_H

#include "base/buf.h"
#include "base/compiler.h"

#include <stdbool.h>
#include <stdint.h>
#include <uv.h>

struct carrier;
struct rate;
struct tls_channel;

/* ---- loop thread ---- */

/* In a thread of its own. What it returns is on_end's err. */
typedef int carrier_fn(struct carrier *c, void *arg);

/* On the loop thread, never from inside a call of this header. Any but on_end may be NULL. */
struct carrier_listener {
	/* bytes of this run so far; at most ten times a second, and before on_end */
	void (*on_progress)(void *ctx, uint64_t bytes);
	/* the latest; an earlier one may have been passed over */
	void (*on_checkpoint)(void *ctx, uint64_t offset, const uint8_t digest[32]);
	/* last call, exactly once: the thread is gone, arg may go, c is freed after it */
	void (*on_end)(void *ctx, int err);
};

/* arg, l and ctx are borrowed until on_end. 0, -ENOMEM, -EAGAIN (no more threads), -EMFILE. */
int carrier_start(uv_loop_t *loop, carrier_fn *fn, void *arg, const struct carrier_listener *l,
    void *ctx, struct carrier **out) MUST_USE;
/* The thread ends at its next wait; on_end(-ECANCELED) follows unless it ended otherwise just
 * before. Never waits. Idempotent; not after on_end. */
void carrier_stop(struct carrier *c);

/* ---- its own thread ---- */

/* Until the descriptor (-1: none) is ready for these poll(2) events: an error or the other's end
 * counts as that. timeout_ms < 0: for ever. 0, -ETIMEDOUT, -ECANCELED (stop), another errno. */
int carrier_wait(struct carrier *c, int fd, short events, int timeout_ms) MUST_USE;
bool carrier_stopped(const struct carrier *c);            /* any thread */
void carrier_progress(struct carrier *c, uint64_t bytes); /* so many more */
void carrier_checkpoint(struct carrier *c, uint64_t offset, const uint8_t digest[32]);
/* Waits until so many more bytes are within the cap. 0 or -ECANCELED. rate NULL: no cap. */
int carrier_pace(struct carrier *c, struct rate *rate, uint64_t bytes) MUST_USE;

/* ---- the connection that is given to a carrier ---- */

struct carrier_link {
	int fd;                  /* owned; -1: none */
	struct tls_channel *tls; /* owned; NULL: plain */
	struct buf early;        /* bytes that were read from fd already */
};
void carrier_link_init(struct carrier_link *link);   /* to none */
void carrier_link_finish(struct carrier_link *link); /* closes; it is none after */
void carrier_link_move(struct carrier_link *to, struct carrier_link *from);

#endif
