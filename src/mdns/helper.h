/* The helper as a whole: does what the daemon's lines say, with avahi-daemon where there is one
 * and the embedded responder elsewhere, and changes over when one comes or goes. Knows no
 * processes and signals (main.c). Loop thread only. */
#ifndef MDNS_HELPER_H
#define MDNS_HELPER_H

#include "base/compiler.h"

#include <stdbool.h>
#include <uv.h>

struct helper;

/* in, out: the daemon's line; they become the helper's. embedded: never look for avahi-daemon.
 * ended: called once, from the loop, when it is over: 0 the daemon has gone or said `quit`, else
 * what went wrong. */
int helper_create(uv_loop_t *loop, int in, int out, bool embedded,
    void (*ended)(void *ctx, int err), void *ctx, struct helper **result) MUST_USE;
/* Says goodbye on the network. Not from inside its callbacks; accepts NULL. */
void helper_close(struct helper *h);

#endif
