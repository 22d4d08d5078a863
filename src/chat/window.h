/* How many messages are on their way to somebody, and whether there is room for more: what was sent
 * and not confirmed has to fit into a kernel that is not read from for a while, or the stream ends
 * (a stranger is not read from while it owes, N18). No clock, no streams. Any thread, one owner. */
#ifndef CHAT_WINDOW_H
#define CHAT_WINDOW_H

#include "base/limits.h"

#include <stdbool.h>
#include <stddef.h>

struct window {
	size_t count, bytes;
};

/* Is there room for one of that many bytes, count at most? While nothing is on its way there always
 * is. */
static inline bool
window_has(const struct window *w, size_t bytes, size_t count)
{
	return w->count == 0 || (w->count < count && w->bytes + bytes <= LIMIT_OUTBOX_WINDOW_BYTES);
}

static inline void
window_add(struct window *w, size_t bytes)
{
	w->count++;
	w->bytes += bytes;
}

static inline void
window_remove(struct window *w, size_t bytes)
{
	w->count--;
	w->bytes -= bytes;
}

#endif
