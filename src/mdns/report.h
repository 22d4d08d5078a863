/* The lines to the daemon that tell of an instance. Loop thread only. */
#ifndef MDNS_REPORT_H
#define MDNS_REPORT_H

#include "mdns/back-end.h"

#include <stdbool.h>
#include <stddef.h>

/* verb: "found" or "lost" */
void report_place(struct channel *c, const char *verb, const char *name, const struct place *p);
/* txt: the strings of the record as rdata; r: of back_end_ops.resolve() */
void report_service(struct channel *c, const char *name, const struct query_result *r,
    const unsigned char *txt, size_t len);
void report_txt(struct channel *c, const char *name, const unsigned char *txt, size_t len);
void report_address(struct channel *c, const char *name, int ifindex, const AvahiAddress *a);
void report_resolved(struct channel *c, const char *name, bool answered);
void report_avatar(struct channel *c, const char *name, const unsigned char *data, size_t len);

/* May this be a peer's address? Not unspecified, multicast or broadcast; loopback only where
 * that is allowed. */
bool report_plausible(const AvahiAddress *a, bool loopback_allowed);

#endif
