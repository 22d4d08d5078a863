/* SOCKS5 bytestreams (XEP-0065) as old clients of the local network use them: who names where they
 * can be connected to, and what both sides call the connection. The connection itself is
 * transfer/socks5.h. Loop thread. */
#ifndef TRANSFER_XEP0065_HOSTS_H
#define TRANSFER_XEP0065_HOSTS_H

#include "base/compiler.h"
#include "base/limits.h"
#include "transfer/socks5.h"

#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

struct person;
struct xml_elem;
struct xml_writer;

/* What DST.ADDR of the SOCKS5 request is: sid, who offered, who takes (§6.3.2). Names are those of
 * the requests, byte for byte. */
int bytestream_hash(const char *sid, const char *initiator, const char *target,
    char out[SOCKS5_HASH_SIZE]) MUST_USE;

/* The places of theirs that we may connect to. */
struct bytestream_hosts {
	size_t count;
	struct sockaddr_storage at[LIMIT_ADDRESSES];    /* ready to be dialled, best first */
	char jid[LIMIT_ADDRESSES][LIMIT_STANZA_ID + 1]; /* of each, as they call it */
};

/* Out of a <query/>: those that are the person's own addresses (F6), the rest is left out. Returns
 * how many. */
size_t bytestream_hosts_read(
    const struct person *p, const struct xml_elem *query, struct bytestream_hosts *out);

/* Where we can be connected to, from where p is: IPv4 first, if there is any, and our end of the
 * stream, for libpurple tries one after the other and waits long for each. Ports are not set.
 * Returns how many. */
enum { BYTESTREAM_OWN = 2 };
size_t bytestream_own(const struct person *p, struct sockaddr_storage out[BYTESTREAM_OWN]);
/* The <streamhost/>s for these, and one port. */
void bytestream_own_write(struct xml_writer *w, const struct person *p, uint16_t port);

#endif
