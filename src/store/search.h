/* What a search needs of the connection. Store thread only. */
#ifndef STORE_SEARCH_H
#define STORE_SEARCH_H

#include "store/db.h"

/* Once, when the file was opened. */
int search_attach(struct store_db *db) MUST_USE;

#endif
