/* The people themselves: made from what discovery says, kept by name. Inside of peer/. */
#ifndef PEER_PEOPLE_H
#define PEER_PEOPLE_H

#include "peer/person.h"
#include "stream/stream.h"

extern const struct discovery_listener people_discovery_listener; /* ctx: struct roster */

/* New evidence. Tells the bus and the front ends if the state differs from the last one. */
void people_set_state(struct person *p, enum person_state state);
/* Something else that is shown has changed. */
void people_changed(struct person *p);
void people_forget_stream(struct person *p, const struct stream *s);
/* Whoever has this very instance name; never a fixed peer's address. */
struct person *people_named(struct roster *r, const char *name);
/* A fixed peer told its instance name. Returns who it is now: p under that name, the person who
 * already had it (p is freed then), NULL: it is ourselves, and p about to leave. A name that nobody
 * can have changes nothing. */
struct person *people_name_fixed(struct person *p, const char *name);
/* A presence stanza told what discovery cannot know of a fixed peer. */
void people_set_txt(struct person *p, const struct txt *txt);
/* Everything of everybody is freed; streams and discovery are closed already. */
void people_finish(struct roster *r);

#endif
