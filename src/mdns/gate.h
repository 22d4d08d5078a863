/* What of multicast DNS the embedded responder gets to read (threat N20). Questions that want an
 * answer to one host, not to all, make of a small packet with a false sender a large one to the
 * one whose name it bears; libavahi-core answers any number of them, from anywhere. So: no
 * questions from off-link (RFC 6762 §11), and few that want an answer of their own (§5.4, §6.7);
 * who is left out asks again, and for all. Answers are none of its business. Loop thread only. */
#ifndef MDNS_GATE_H
#define MDNS_GATE_H

#include "base/bucket.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

enum { GATE_LINKS = 64 };

/* Zeroed: as new. */
struct gate {
	struct bucket answers; /* to one host */
	struct gate_link {
		int family;
		unsigned char address[16], mask[16];
	} links[GATE_LINKS]; /* what our interfaces are on; beyond that nobody is off-link */
	size_t link_count;
	bool looked;
	uint64_t looked_at; /* ms */
};

/* May it be read? now: ms, clock_now(). */
bool gate_admits(struct gate *g, const void *packet, size_t len,
    const struct sockaddr_storage *from, uint64_t now);

#endif
