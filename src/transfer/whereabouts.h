/* Where a person is, as far as files go that are not carried by a key of theirs (F6): old clients
 * name addresses to be connected to, and connect from somewhere, and none but the person's own
 * count. Loop thread. */
#ifndef TRANSFER_WHEREABOUTS_H
#define TRANSFER_WHEREABOUTS_H

#include "base/compiler.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

struct person;

/* The lowest port that we connect to because somebody said so: below are the system's services. */
enum { WHEREABOUTS_PORT_LEAST = 1024 };

/* One of the person's streams comes from there or leads there, or they are announced there. Its
 * port means nothing, its scope only if it has one. */
bool whereabouts_fit(const struct person *p, const struct sockaddr_storage *address);

/* What they named as a place to connect to: numeric, a scope in it is theirs and means nothing
 * here. 0 with the scope set as we need it; ERR_TRUST: it is not the person's, or below that port;
 * ERR_PROTO: no address. */
int whereabouts_read(const struct person *p, const char *numeric, uint16_t port,
    struct sockaddr_storage *out) MUST_USE;
/* The same for an address that was read already, port set. 0 or ERR_TRUST. */
int whereabouts_complete(const struct person *p, struct sockaddr_storage *address) MUST_USE;

#endif
