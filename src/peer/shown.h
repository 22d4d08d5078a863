/* What is shown of a person of all that is announced of it, and of what it says itself: name,
 * status, program. Inside of peer/. */
#ifndef PEER_SHOWN_H
#define PEER_SHOWN_H

#include "base/compiler.h"

struct person;
struct txt;

/* The name that this record gives it is shown, else the one it is known by. 0 or -ENOMEM. */
int shown_name(struct person *p, const struct txt *txt) MUST_USE;
/* Discovery says so, which is to say: anybody. Of whom has a key, the names stay as they are (N3).
 */
void shown_announced(struct person *p, const struct txt *txt);
/* It says so itself, on a stream of its own: of who has a key, one that proved it. */
void shown_said(struct person *p, const struct txt *txt);

#endif
