/* What a peer sent before it was known who it is. Elements live only as long as the reader's
 * callback, so they wait as XML and are read again. One owner, one thread. */
#ifndef STREAM_HELD_H
#define STREAM_HELD_H

#include "base/buf.h"
#include "base/compiler.h"

struct xml_elem;

/* 0, or the error of the buffer, whose limit is that of an unknown peer. */
int held_add(struct buf *held, const struct xml_elem *elem) MUST_USE;

/* Calls fn for each element until it returns other than 0, and returns that; or what went wrong.
 * The buffer is empty after. */
int held_replay(
    struct buf *held, int (*fn)(void *ctx, const struct xml_elem *elem), void *ctx) MUST_USE;

#endif
