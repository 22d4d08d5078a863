/* The streams of people: who an incoming stream belongs to, when to dial, which of several
 * streams carries what we say (XEP-0174, rules R3 and R10 of docs/architecture.md). Inside of
 * peer/; others use person.h. */
#ifndef PEER_LINK_H
#define PEER_LINK_H

#include "peer/person.h"
#include "stream/stream.h"

#include <stdbool.h>
#include <stdint.h>

/* An incoming stream that has not shown who it is. */
struct claim {
	struct list node;
	struct stream *stream; /* borrowed from the hub */
	struct person *asked;  /* the network was asked again about this one ... */
	bool answered;         /* ... and has answered: nothing more will come */
};

extern const struct stream_listener link_stream_listener; /* ctx: struct roster */

/* Something waits to be sent: dial unless that is already happening. Never fails at once. */
void link_want(struct person *p);
/* Discovery has news of p: streams that wait for an identity are asked again. */
void link_entry_changed(struct person *p);
void link_resolved(struct person *p, int err);
/* Our name changed: streams that carry the old one are closed. */
void link_renamed(struct roster *r);
/* Frees what waits for an identity; the streams themselves belong to the hub. */
void link_finish(struct roster *r);
/* Retries and probes that are due; true while there are others to come. */
bool link_tick(struct person *p, uint64_t now);

#endif
