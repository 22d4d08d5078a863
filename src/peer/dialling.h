/* When to dial somebody, where, how privately, and when to give up (XEP-0174, rule R3 of
 * docs/architecture.md). Inside of peer/; link.h is what others of it use. */
#ifndef PEER_DIALLING_H
#define PEER_DIALLING_H

#include "peer/person.h"
#include "stream/stream.h"

#include <stdbool.h>
#include <stdint.h>

/* The attempt has ended, well or not; nobody is told. */
void dialling_over(struct person *p);
/* There will be no stream, for this reason: whatever waits for one fails. */
void dialling_give_up(struct person *p, int err);
/* The stream that was dialled ended before it was of use. */
void dialling_failed(struct person *p, const struct stream *s, int err);
/* A look then, unless there is reason to look before. */
void dialling_look_at(struct person *p, uint64_t when);
void dialling_look_later(struct person *p); /* in some seconds */
/* There is reason to look whether it is there. */
bool dialling_is_sought(const struct person *p);

#endif
