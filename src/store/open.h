/* The database file: opened, checked, brought to the newest schema; moved aside if it is damaged
 * or not ours. Blocks. Used before the store's thread runs, and by tests with schemas of their
 * own. */
#ifndef STORE_OPEN_H
#define STORE_OPEN_H

#include "store/db.h"

#include <limits.h>

struct store_report;

enum {
	OPEN_APPLICATION = 0x45617273, /* "Ears": PRAGMA application_id of our files */
	OPEN_PATH_MAX = PATH_MAX - 64, /* room for what is appended */
	OPEN_CHECKED = 4 << 20,        /* files of up to so many bytes are checked whole */
};

/* The steps that make the schema, each a list of statements; NULL ends both. Step k brings a file
 * of version k to version k + 1. What was released is never changed. */
extern const char *const *const store_schema[];

/* db: zeroed. */
int open_db(const char *path, const char *const *const *schema, struct store_db *db,
    struct store_report *report) MUST_USE;

#endif
