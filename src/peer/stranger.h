/* What strangers are allowed (threats N10, N18): how much they may say is budget.h's to decide;
 * here it is done. Their streams are not read while they have said too much, and front ends are
 * told which of their words should disturb nobody. Keeps the hub's list of addresses where people
 * we know were last verified. Loop thread only. */
#ifndef PEER_STRANGER_H
#define PEER_STRANGER_H

#include <stdbool.h>
#include <stdint.h>

struct person;
struct roster;
struct stream;
struct xml_elem;

/* A stanza came, and is to be handled after this. */
void stranger_heard(struct person *p, struct stream *s, const struct xml_elem *stanza);
/* May what it said disturb anybody? Counts as a disturbance, if so. */
bool stranger_may_disturb(struct person *p);
/* The same for what it may do but a few times an hour anyway (LIMIT_VERIFY_TRIES). */
bool stranger_may_ask(struct person *p);
/* What is due of one person; true while there is more to come. */
bool stranger_tick(struct person *p, uint64_t now);
/* Tells the hub of the addresses if any may have changed. */
void strangers_tick(struct roster *r);

#endif
