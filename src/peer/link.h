/* The streams of people: when to dial, which of several streams carries what we say (XEP-0174,
 * rules R3 and R10 of docs/architecture.md). Inside of peer/; others use person.h. */
#ifndef PEER_LINK_H
#define PEER_LINK_H

#include "peer/person.h"
#include "stream/stream.h"

#include <stdbool.h>
#include <stdint.h>

extern const struct stream_listener link_stream_listener; /* ctx: struct roster */

/* Something waits to be sent: dial unless that is already happening. Never fails at once. */
void link_want(struct person *p);
/* Discovery has news of p: streams that wait for an identity are asked again. */
void link_entry_changed(struct person *p);
void link_resolved(struct person *p, int err);
/* The streams of one person, also the one being dialled, are the other's from now on. */
void link_move(struct person *from, struct person *to);
/* An incoming stream is p's. */
void link_attach(struct person *p, struct stream *s);
/* Dials to see whether anybody is there; a single attempt, unless something waits to be sent. */
void link_look(struct person *p);
/* Ends every stream to p. */
void link_hang_up(struct person *p);
/* Those to p that prove nothing: p has a key now. */
void link_hang_up_plain(struct person *p);
/* Our name changed: streams that carry the old one are closed. */
void link_renamed(struct roster *r);
/* Retries and probes that are due; true while there are others to come. */
bool link_tick(struct person *p, uint64_t now);

#endif
