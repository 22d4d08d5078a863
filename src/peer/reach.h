/* Where a person may be reached, in the order to try it: where it proved its key before, what is
 * announced under its name, what is announced as its key under other names. All but the key is
 * hearsay, so whatever answers with another key, or not at all, is passed over for the rest of this
 * attempt. Inside of peer/. */
#ifndef PEER_REACH_H
#define PEER_REACH_H

#include "base/limits.h"
#include "peer/person.h"

#include <stdbool.h>

/* How many were written, at most LIMIT_ADDRESSES. */
size_t reach_addresses(struct person *p, struct sockaddr_storage out[LIMIT_ADDRESSES]);
/* This one was tried and is not the one. False: so many were tried that this attempt is over, or
 * there is no memory to go on. */
bool reach_passed(struct person *p, const struct sockaddr_storage *address);
/* Somebody who says to be p showed this key. */
void reach_saw_key(struct person *p, const struct tls_id *key);
/* The latest such key of this attempt; NULL: none. */
const struct tls_id *reach_seen_key(const struct person *p);
bool reach_tried_any(const struct person *p);
/* The attempt is over. */
void reach_finish(struct person *p);

#endif
