/* Where somebody proved a key: a few addresses with their ports, the latest first, and as text for
 * the store. Nothing but a place to try first; who answers there has to prove the key again. Any
 * thread. */
#ifndef PEER_ADDRESSES_H
#define PEER_ADDRESSES_H

#include "base/buf.h"
#include "base/compiler.h"
#include "base/limits.h"

#include <stdbool.h>
#include <stddef.h>
#include <sys/socket.h>

struct addresses {
	struct sockaddr_storage *at; /* owned; NULL while there are none */
	size_t count;                /* at most LIMIT_ADDRESSES_PROVEN */
};

void addresses_finish(struct addresses *a); /* accepts zeroed */
/* Puts it in front; the last goes when there are too many. True: something is different now. One
 * without a port is of no use and left out, and so is one for which there is no memory. */
bool addresses_note(struct addresses *a, const struct sockaddr_storage *address);
/* "192.0.2.7:5298 [fe80::1%eth0]:5298" */
void addresses_write(const struct addresses *a, struct buf *out);
/* What makes no sense, or is of an interface that is not there, is left out. */
void addresses_read(struct addresses *a, const char *text);

#endif
