/* Adding a message as a part of something else. Store thread only, inside a transaction. */
#ifndef STORE_PUT_H
#define STORE_PUT_H

#include "store/db.h"
#include "store/message.h"

/* As store_put(), at once; its answer stands in `put`. */
int put_add(struct store_db *db, struct store_put *put) MUST_USE;

#endif
