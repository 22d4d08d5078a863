/* Forgetting, in steps that each take a fraction of a second, so that others are served between.
 * What is to be forgotten is kept in the table `forgetting` until it is done: after a crash the
 * store goes on with it. Store thread only, inside a transaction. */
#ifndef STORE_FORGET_H
#define STORE_FORGET_H

#include "store/db.h"

/* Whether something is being forgotten that nobody waits for any more. */
int forget_left(struct store_db *db, bool *left) MUST_USE;
/* Whether it is this person. 1, 0, or an error. */
int forget_is_of(struct store_db *db, int64_t peer) MUST_USE;
/* The next step of it. *done: there is nothing more to do. */
int forget_step(struct store_db *db, bool *done, int64_t *count) MUST_USE;

#endif
