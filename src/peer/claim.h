/* Streams and who they belong to. A key that is known is proof enough. Without one a name in the
 * header counts only together with an address that discovery knows of its bearer (and with the hint
 * to the key that is announced there); without a name the address must be one person's alone. An
 * incoming stream that fits nobody yet waits: for the network to be asked again, for the first
 * stanza, for news. Inside of peer/. */
#ifndef PEER_CLAIM_H
#define PEER_CLAIM_H

#include "base/compiler.h"
#include "stream/security.h"

struct person;
struct roster;
struct stream;
struct tls_peer;

/* Of stream_listener; ctx is the roster. */
enum stream_security claims_security(void *ctx, struct stream *s, const char *from);
int claims_check_key(void *ctx, struct stream *s, const struct tls_peer *peer) MUST_USE;
int claims_on_key(void *ctx, struct stream *s, const struct tls_peer *peer) MUST_USE;
int claims_identify(void *ctx, struct stream *s, const char *from, const char *to) MUST_USE;

/* p is a fixed peer known by its address, and who answers there, or comes from there, has this
 * name, and proved this key (NULL: none): who it is from now on, p under that name or somebody
 * known. NULL: it cannot be, or it is ourselves. */
struct person *
claims_name_fixed(struct roster *r, struct person *p, const char *from, const struct tls_peer *key);

/* There is news: all that wait are looked at again, from the loop. */
void claims_ask(struct roster *r);
/* The network has answered what it was asked of p. */
void claims_answered(const struct person *p);
/* The stream is nobody's claim any more. */
void claims_drop(struct roster *r, const struct stream *s);
void claims_move(const struct person *from, struct person *to);
/* p is about to be freed. */
void claims_forget(const struct person *p);
/* Frees what waits; the streams themselves belong to the hub. */
void claims_finish(struct roster *r);

#endif
