/* The log as it is read by requests and told as it grows. Store thread only. */
#ifndef STORE_TAIL_H
#define STORE_TAIL_H

#include "store/db.h"
#include "store/log.h"

/* Fills the answer of a read. */
int tail_read(struct store_db *db, struct store_read_log *read) MUST_USE;

#endif
