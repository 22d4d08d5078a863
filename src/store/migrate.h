/* The schema: whether a file has the one it should have, and how it gets a newer one. Blocks. */
#ifndef STORE_MIGRATE_H
#define STORE_MIGRATE_H

#include "store/db.h"

/* What the file says of itself. */
struct migrate_state {
	int64_t application, version;
	int64_t objects; /* tables, indexes, views, triggers */
};
int migrate_look(struct store_db *db, struct migrate_state *out) MUST_USE;

/* ERR_DAMAGED if the file's schema is not, text by text, what these steps make: who adds a trigger
 * or a view to it could make our own statements do something else. */
int migrate_check(struct store_db *db, const char *const *const *schema, int64_t version) MUST_USE;

/* From this version to the newest, each step in a transaction of its own. */
int migrate_run(struct store_db *db, const char *const *const *schema, int64_t version) MUST_USE;

/* The newest. */
int64_t migrate_newest(const char *const *const *schema);

#endif
