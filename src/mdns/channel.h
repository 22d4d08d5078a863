/* The helper's end of the line to the daemon: whole lines in, whole lines out. Knows the form of
 * lines, not their meaning. Loop thread only.
 *
 * Output never blocks: lines gather and leave in one write before the loop sleeps. A daemon that
 * does not read (LIMIT_HELPER_QUEUE) is as good as gone. */
#ifndef MDNS_CHANNEL_H
#define MDNS_CHANNEL_H

#include "base/compiler.h"
#include "mdns/protocol.h"

#include <uv.h>

struct channel;

struct channel_listener {
	void (*on_line)(void *ctx, const struct protocol_line *line);
	/* The line is closed (0), broken, full or talks nonsense (ERR_PROTO). Once; no on_line
	 * after it. */
	void (*on_end)(void *ctx, int err);
};

/* The descriptors become the channel's; they may be two names of one socket. */
int channel_create(uv_loop_t *loop, int in, int out, const struct channel_listener *l, void *ctx,
    struct channel **result) MUST_USE;
/* Writes what can be written at once, then closes. Accepts NULL. */
void channel_close(struct channel *c);

/* Where to build a line with protocol_begin() ... protocol_end(). */
struct buf *channel_out(struct channel *c);

/* A `note` line; level is "warn", "info" or "debug". */
void channel_note(struct channel *c, const char *level, const char *fmt, ...) PRINTF_LIKE(3, 4);

#endif
