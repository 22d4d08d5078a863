/* Is there a network at all, and which interface is the loopback? Asks the kernel when it says
 * (rtnetlink) that something changed. Loop thread only. */
#ifndef MDNS_NETWORK_H
#define MDNS_NETWORK_H

#include "base/compiler.h"

#include <stdbool.h>
#include <uv.h>

struct network;

/* changed: called from the loop when network_up() has another answer. */
int network_create(
    uv_loop_t *loop, void (*changed)(void *ctx), void *ctx, struct network **out) MUST_USE;
void network_close(struct network *n); /* accepts NULL */

bool network_up(const struct network *n); /* an interface but loopback runs and has an address */
int network_loopback(const struct network *n); /* its index; 0: there is none */

#endif
