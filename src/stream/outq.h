/* What a stream has still to write: whole pieces of XML in order, each handed to the kernel in
 * one write if it fits. Knows no sockets. One owner, one thread. */
#ifndef STREAM_OUTQ_H
#define STREAM_OUTQ_H

#include "base/buf.h"
#include "base/compiler.h"
#include "base/list.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/uio.h>

struct outq {
	struct list items;
	size_t bytes;   /* of all items, with what keeping them costs */
	size_t stanzas; /* items that carry a ticket */
};

void outq_init(struct outq *q);
void outq_finish(struct outq *q); /* frees the items; q is empty after */

/* Moves the bytes of b, which is empty after success and untouched after an error. ticket 0: no
 * stanza but a part of the stream itself; alone: never in one write with another item. 0, the
 * error latched in b, or -ENOMEM. */
int outq_add(struct outq *q, struct buf *b, uint64_t ticket, bool alone) MUST_USE;

/* All items of `from` go behind those of q. */
void outq_splice(struct outq *q, struct outq *from);

/* The next write: fills at most max entries, fewer when enough bytes are together or an item
 * wants to be alone (separate: each one does). The bytes stay until outq_drop(). */
size_t outq_batch(const struct outq *q, bool separate, struct iovec *iov, size_t max);

/* Drops the first n items: they are written. The largest ticket among them, else 0. */
uint64_t outq_drop(struct outq *q, size_t n);

static inline bool
outq_empty(const struct outq *q)
{
	return list_empty(&q->items);
}

#endif
