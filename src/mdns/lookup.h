/* The daemon's questions about one instance: `resolve` and `fetch`. Each is answered, in time,
 * whatever happens. Loop thread only. */
#ifndef MDNS_LOOKUP_H
#define MDNS_LOOKUP_H

#include "base/compiler.h"
#include "mdns/back-end.h"
#include "mdns/finder.h"

struct lookups;

/* b and f are borrowed and must outlive it. */
int lookups_create(
    uv_loop_t *loop, struct back_end *b, struct finder *f, struct lookups **out) MUST_USE;
void lookups_destroy(struct lookups *l); /* answers what is open; accepts NULL */

/* Service and address lines as they come, then `resolved`, within 3 s. */
void lookups_resolve(struct lookups *l, const char *name);
/* An `avatar` line within 5 s. */
void lookups_fetch(struct lookups *l, const char *name);

#endif
