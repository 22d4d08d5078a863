/* Socket addresses: reading, comparing, the order to dial them in. Any thread. */
#ifndef DISCOVERY_ADDRESS_H
#define DISCOVERY_ADDRESS_H

#include "base/compiler.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

/* A numeric address without scope, as announced on an interface. Link-local IPv6 gets the
 * interface as its scope, IPv4 inside IPv6 becomes IPv4. -EINVAL: not an address, or none that a
 * person can have there (unspecified, multicast, broadcast; loopback but on the loopback). */
int address_parse(
    const char *numeric, unsigned ifindex, uint16_t port, struct sockaddr_storage *out) MUST_USE;

/* ::ffff:a.b.c.d to a.b.c.d; all else stays. */
void address_unmap(struct sockaddr_storage *a);

/* The same host (and, for link-local, the same interface), whatever the port. */
bool address_same_host(const struct sockaddr_storage *a, const struct sockaddr_storage *b);

uint16_t address_port(const struct sockaddr_storage *a);
void address_set_port(struct sockaddr_storage *a, uint16_t port);

/* Lower is dialled first: IPv4, IPv4 link-local, IPv6, IPv6 link-local, loopback (R3: the source
 * should be an address that the peer has seen announced). */
int address_rank(const struct sockaddr_storage *a);

#endif
