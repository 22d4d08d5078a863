/* The people themselves: made from what discovery says, kept by name and by key. Inside of peer/.
 */
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
/* Whoever has this very name; never a fixed peer's address. */
struct person *people_named(const struct roster *r, const char *name);
/* Somebody new, gone until seen. name may end in what trust_name_aside() puts there. NULL: no
 * memory. */
struct person *people_create(struct roster *r, const char *name, bool nameless);
/* Nothing leads to p: no entry, no stream, no dial, nothing that waits. */
bool people_is_forgettable(const struct person *p);
void people_free(struct person *p);
/* Its key in the map of keys, in place of the one it had; NULL: none. 0, ERR_TOO_BIG, -ENOMEM. */
int people_set_key(struct person *p, const struct tls_id *key) MUST_USE;
/* p is known by that name from now on, which is nobody's. 0 or -ENOMEM. */
int people_rename(struct person *p, const char *name) MUST_USE;
/* p turned out to be somebody we know: all that is p's becomes theirs, and p is freed. */
void people_absorb(struct person *known, struct person *p);
/* What discovery announces is this person's from now on; NULL: nobody's. */
void people_move_entry(struct discovery_entry *e, struct person *to);
/* Whose is it, by all that is known now? */
void people_look_again_at(struct roster *r, struct discovery_entry *e);
void people_look_again(struct roster *r); /* at all of them */
/* A fixed peer told its instance name, and whoever has that name is who it is. Returns who it is
 * now: p under that name, the person who already had it (p is freed then), NULL: it is ourselves,
 * and p about to leave. A name that nobody can have changes nothing. */
struct person *people_name_fixed(struct person *p, const char *name);
/* Everything of everybody is freed; streams and discovery are closed already. */
void people_finish(struct roster *r);

#endif
