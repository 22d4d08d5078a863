#include "store/migrate.h"

#include "base/err.h"
#include "store/open.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

/* One integer. */
static int
ask_int(struct store_db *db, const char *sql, int64_t *out)
{
	sqlite3_stmt *stmt;
	int err = db_err(db, sqlite3_prepare_v2(db->sql, sql, -1, &stmt, NULL));
	if (err)
		return err;
	int got = db_step(db, stmt);
	if (got > 0)
		*out = sqlite3_column_int64(stmt, 0);
	(void)sqlite3_finalize(stmt);
	return got > 0 ? 0 : got < 0 ? got : ERR_DAMAGED;
}

int
migrate_look(struct store_db *db, struct migrate_state *out)
{
	int err = ask_int(db, "PRAGMA application_id", &out->application);
	if (!err)
		err = ask_int(db, "PRAGMA user_version", &out->version);
	if (!err)
		err = ask_int(db, "SELECT count(*) FROM sqlite_schema", &out->objects);
	return err;
}

int64_t
migrate_newest(const char *const *const *schema)
{
	int64_t version = 0;
	while (schema[version])
		version++;
	return version;
}

static int
run_step(struct store_db *db, const char *const *step)
{
	int err = 0;
	for (; *step && !err; step++)
		err = db_exec(db, *step);
	return err;
}

int
migrate_run(struct store_db *db, const char *const *const *schema, int64_t version)
{
	int err = 0;
	for (; schema[version] && !err; version++) {
		char sql[96];
		(void)snprintf(sql, sizeof(sql),
		    "PRAGMA application_id = %d; PRAGMA user_version = %d; COMMIT",
		    (int)OPEN_APPLICATION, (int)version + 1);
		err = db_exec(db, "BEGIN IMMEDIATE");
		if (!err)
			err = run_step(db, schema[version]);
		if (!err)
			err = db_exec(db, sql);
	}
	if (err && !sqlite3_get_autocommit(db->sql))
		(void)sqlite3_exec(db->sql, "ROLLBACK", NULL, NULL, NULL);
	return err;
}

/* The tables FTS5 makes for itself are looked at by kind and name only: their texts are SQLite's,
 * and another version may write them differently. */
static const char objects[] = "SELECT type, name, tbl_name, rootpage = 0, CASE WHEN name GLOB "
			      "'words_*' THEN NULL ELSE sql END"
			      " FROM sqlite_schema ORDER BY type, name";

static bool
same_text(sqlite3_stmt *a, sqlite3_stmt *b, int column)
{
	const unsigned char *x = sqlite3_column_text(a, column),
			    *y = sqlite3_column_text(b, column);
	int len = sqlite3_column_bytes(a, column);
	return len == sqlite3_column_bytes(b, column) && !x == !y &&
	       (!x || memcmp(x, y, (size_t)len) == 0);
}

/* 0: all rows of both are the same. */
static int
compare(struct store_db *db, sqlite3_stmt *have, struct store_db *right, sqlite3_stmt *want)
{
	for (;;) {
		int a = db_step(db, have), b = db_step(right, want);
		if (a < 0 || b < 0)
			return a < 0 ? a : b;
		if (a != b)
			return ERR_DAMAGED;
		if (!a)
			return 0;
		for (int i = 0; i < sqlite3_column_count(want); i++)
			if (!same_text(have, want, i))
				return ERR_DAMAGED;
	}
}

int
migrate_check(struct store_db *db, const char *const *const *schema, int64_t version)
{
	struct store_db right = {0};
	sqlite3_stmt *have = NULL, *want = NULL;
	int err = db_err(&right, sqlite3_open(":memory:", &right.sql));
	for (int64_t i = 0; i < version && !err; i++)
		err = run_step(&right, schema[i]);
	if (!err)
		err = db_err(&right, sqlite3_prepare_v2(right.sql, objects, -1, &want, NULL));
	if (!err)
		err = db_err(db, sqlite3_prepare_v2(db->sql, objects, -1, &have, NULL));
	if (!err)
		err = compare(db, have, &right, want);
	(void)sqlite3_finalize(have);
	(void)sqlite3_finalize(want);
	db_finish(&right);
	return err;
}
