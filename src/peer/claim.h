/* Incoming streams and who they belong to (facts: a name in the header counts only together with
 * an address that discovery knows of its bearer; without a name the address must be one person's
 * alone). A stream that fits nobody yet waits: for the network to be asked again, for the first
 * stanza, for news. Inside of peer/. */
#ifndef PEER_CLAIM_H
#define PEER_CLAIM_H

#include "base/compiler.h"

struct person;
struct roster;
struct stream;

/* stream_listener.identify; ctx is the roster. */
int claims_identify(void *ctx, struct stream *s, const char *from, const char *to) MUST_USE;

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
