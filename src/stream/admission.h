/* Who may connect, and how much of us a stranger may have before we know who it is (threats N10,
 * N11). An engine without sockets: the owner says who comes, who goes and what time it is (ms,
 * clock_now()). One owner, one thread.
 *
 * A connection holds a place from its arrival until it is identified or has ended. Of all
 * LIMIT_STREAMS_UNKNOWN places a quarter is kept for known addresses, those where a person was
 * last verified. Strangers are turned away by chance from LIMIT_STREAMS_DROP_FROM on, and where
 * all of theirs are taken a random one of them goes: who floods us cannot choose who. One source
 * (an IPv4 address, an IPv6 link-local address or /64) holds few places; one whose connections
 * keep coming to nothing is turned away for a while. None of this is about streams we dial. */
#ifndef STREAM_ADMISSION_H
#define STREAM_ADMISSION_H

#include "base/compiler.h"
#include "base/list.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

struct admission;
struct admission_source;

/* Embedded in what holds it, which must stay where it is. Zeroed: holds none. */
struct admission_place {
	struct list node;
	struct admission_source *source; /* borrowed */
	bool known;
	bool leaving; /* it was given away; that its connection ends now is no fault of its own */
};

/* How a connection that held a place came out. */
enum admission_end {
	ADMISSION_IDENTIFIED,
	ADMISSION_LEFT,   /* the other side hung up before it was identified */
	ADMISSION_FAILED, /* too slow, broke the protocol, or is not who it says */
};

/* below(n): a random number less than n. */
int admission_create(uint32_t (*below)(uint32_t bound), struct admission **out) MUST_USE;
void admission_destroy(struct admission *a); /* accepts NULL */

/* May a connection from this address come in? If so, *victim is NULL, or the place that is given
 * away for it: end that connection now, its admission_leave() must follow. */
bool admission_allows(struct admission *a, const struct sockaddr_storage *from, uint64_t now,
    struct admission_place **victim) MUST_USE;
/* It is in: right after it was allowed. */
void admission_enter(
    struct admission *a, struct admission_place *place, const struct sockaddr_storage *from);
/* Gives the place back; without one nothing happens. */
void admission_leave(
    struct admission *a, struct admission_place *place, enum admission_end how, uint64_t now);

/* To be asked once for an incoming connection, before anything of a TLS handshake is computed. A
 * false answer: end the connection, the other side comes again. */
bool admission_may_handshake(
    struct admission *a, const struct sockaddr_storage *from, uint64_t now) MUST_USE;

/* The addresses where people were last verified, instead of those before; ports and scopes do not
 * count, of more than LIMIT_KNOWN_ADDRESSES the rest is left out. Copied. 0 or -ENOMEM (those
 * before stay). Places that are held keep their kind. */
int admission_set_known(
    struct admission *a, const struct sockaddr_storage *addr, size_t count) MUST_USE;

/* Places that strangers hold, and all that are held. */
size_t admission_strangers(const struct admission *a);
size_t admission_held(const struct admission *a);

#endif
