/* A timer that its owner may give up at any moment, also inside its own callback: the libuv
 * handle outlives it as long as it must. Loop thread only. */
#ifndef MDNS_DELAY_H
#define MDNS_DELAY_H

#include "base/compiler.h"

#include <stdbool.h>
#include <stdint.h>
#include <uv.h>

struct delay;

int delay_create(uv_loop_t *loop, void (*fn)(void *ctx), void *ctx, struct delay **out) MUST_USE;
void delay_destroy(struct delay *d); /* accepts NULL */

void delay_set(struct delay *d, uint64_t ms);        /* from now, once; replaces what was set */
void delay_set_sooner(struct delay *d, uint64_t ms); /* the same, unless it is due before */
void delay_stop(struct delay *d);

#endif
