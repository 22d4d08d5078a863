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
/* Answers the call with p once all that was asked for it until now is on disk, or why it is not. */
void keep_then_answer(struct person *p, struct ipc_call *call);
/* p's name in the store was this one until now. */
void keep_renamed(const struct person *p, const char *from);
/* Its key is no longer known. */
void keep_forgotten(const struct person *p, const char *cause);

#endif
