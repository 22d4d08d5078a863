/* Contacts in the store: read before anybody is listened to, written whenever one changes. Inside
 * of peer/. */
#ifndef PEER_KEEP_H
#define PEER_KEEP_H

#include "base/compiler.h"

struct ipc_call;
struct person;
struct roster;

/* The start waits for it. 0 or -ENOMEM. */
int keep_load(struct roster *r) MUST_USE;
/* As p is now, if there is anything to be kept. Failures are logged. */
void keep_contact(const struct person *p, const char *cause);
/* What could not be kept, once the store takes it again. */
void keep_again(struct roster *r);
/* Answers the call (NULL: nobody asked) with p once all that was asked for it until now is on disk,
 * or why it is not. */
void keep_then_answer(struct person *p, struct ipc_call *call);
/* p's name in the store was this one until now. */
void keep_renamed(const struct person *p, const char *from);
/* p was but a key that was refused, and is not known any more. If the disk refuses, it is listed
 * again after a restart, and no more than that: whoever gets the key has it then, too. */
void keep_forgotten(const struct person *p);
/* Forgets p's key, or the block: on disk, then here (contact_forgotten()), then the call is
 * answered (NULL: nobody asked). Where the disk refuses, nothing changes and the call is told: what
 * waits for the key would go to the next one otherwise. 0, -EBUSY: it is being done; -ENOMEM. */
int keep_forget(struct person *p, const char *cause, struct ipc_call *call) MUST_USE;
/* p is about to be freed. */
void keep_freed(struct person *p);

#endif
