/* What becomes of rows of ours: used by the requests and by markers that come in. Store thread
 * only. */
#ifndef STORE_QUEUE_H
#define STORE_QUEUE_H

#include "store/db.h"
#include "store/message.h"

/* Somebody said this of row n of a person: as struct store_answered. */
int queue_answered(struct store_db *db, int64_t peer, int64_t n, enum store_state state,
    const char *reason, bool *changed) MUST_USE;

/* All that waits to be said to a person fails. */
int queue_fail_all(struct store_db *db, int64_t peer, const char *reason) MUST_USE;

/* The person's mark rises to upto. */
int queue_mark(struct store_db *db, int64_t peer, int64_t upto) MUST_USE;

#endif
