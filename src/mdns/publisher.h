/* Keeps our own service announced on one back end: registers, renames on collision, updates the
 * TXT record at most once a second. Knows nothing of others. Loop thread only. */
#ifndef MDNS_PUBLISHER_H
#define MDNS_PUBLISHER_H

#include "base/compiler.h"
#include "mdns/back-end.h"
#include "mdns/wish.h"

#include <stdbool.h>

struct publisher;

/* changed: called from the loop when publisher_name() or publisher_established() has. All but
 * the result is borrowed and must outlive the publisher. */
int publisher_create(uv_loop_t *loop, struct back_end *b, struct wish *w,
    void (*changed)(void *ctx), void *ctx, struct publisher **out) MUST_USE;
void publisher_destroy(struct publisher *p); /* withdraws; accepts NULL */

void publisher_refresh(struct publisher *p);        /* the back end's state may have changed */
void publisher_wish_changed(struct publisher *p);   /* service or TXT */
void publisher_avatar_changed(struct publisher *p); /* the picture */
void publisher_on_service(struct publisher *p, enum service_event event);

/* The name we have or are about to try (another back end may still have it for us), else "". */
const char *publisher_name(struct publisher *p);
bool publisher_established(const struct publisher *p);
/* Why not established; "" if nobody needs to know. */
const char *publisher_trouble(const struct publisher *p);

#endif
