/* Avahi's idea of an event loop (AvahiPoll) on top of libuv's. Knows nothing of what is watched.
 * Loop thread only.
 *
 * Watches and timeouts may be freed inside their own callbacks. libuv wants one handle per
 * descriptor while libdbus makes two watches of one, so watches of a descriptor share a handle.
 * Avahi's timeouts are absolute wall-clock times; they are turned into durations when they are
 * set, so a step of the clock does not fire them, but Avahi itself will then find them too early
 * (see uv_poll_clock_stepped()). */
#ifndef MDNS_UV_POLL_H
#define MDNS_UV_POLL_H

#include "base/compiler.h"

#include <avahi-common/watch.h>
#include <stdbool.h>
#include <uv.h>

struct uv_poll;

/* drain: for libavahi-core, whose watches read one datagram a call: calls again while there is
 * more, and asks the kernel for a larger receive buffer, because a hall of peers answers in one
 * burst. What the gate does not admit (gate.h) it does not get to read. */
int uv_poll_create(uv_loop_t *loop, bool drain, struct uv_poll **out) MUST_USE;
/* All watches and timeouts must have been freed. Accepts NULL. */
void uv_poll_destroy(struct uv_poll *p);

const AvahiPoll *uv_poll_api(struct uv_poll *p);

/* From now on what is sent to the network goes nowhere. */
void uv_poll_silence(struct uv_poll *p);

/* Has the wall clock been set since creation, by more than what slewing explains? */
bool uv_poll_clock_stepped(struct uv_poll *p);

#endif
