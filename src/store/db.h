/* The database as the files of store/ see it: prepared statements, errors, numbers. Store thread
 * only, but for what store.c does before the thread runs and after it ended. */
#ifndef STORE_DB_H
#define STORE_DB_H

#include "base/compiler.h"
#include "base/limits.h"

#include <sqlite3.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { DB_STATEMENTS = 256 }; /* a power of two, well above the number there are */

/* What is rolled back with a transaction. */
struct db_numbers {
	int64_t last_n;  /* the newest number given out */
	int64_t indexed; /* the full-text index has messages up to this number; also in meta */
	bool deleted;    /* set when messages or events were deleted: the newest number is then
			  * kept in meta, for no row may be left that tells of it */
	bool wipe;       /* set when nothing of what was deleted may be left in the file: the
			  * write-ahead log is emptied after the commit, before the answer */
};

struct store_db {
	sqlite3 *sql; /* owned */
	struct {
		const char *text; /* the literal it was made from: found again by its address */
		sqlite3_stmt *stmt;
	} statement[DB_STATEMENTS];
	struct db_numbers now;
	struct { /* the person asked for last, so that a conversation asks once; id 0: nobody */
		int64_t id;
		char name[LIMIT_HOST_NAME + 8];
		char display[LIMIT_DISPLAY + 1];
	} peer;
	bool none_forgotten; /* `forgotten` is known to be empty */
	int64_t salt;        /* of hashes that are kept, secret */
	int failed;  /* the latest error that is the disk's or the machine's, not the caller's */
	bool behind; /* the index cannot be brought up to date at present */
	bool misindexed; /* the index does not fit the messages: it is to be made anew */
	bool wanted;     /* a search waits for the index */
	int64_t age;     /* of the store, ms, when clock_now() was: */
	uint64_t age_at;
};

/* What the run() of a job may return beside 0 and errors: what it did so far is committed, and it
 * is called again, after others. */
enum { DB_LATER = 1 };

/* sqlite's result code as one of ours: -ENOSPC, -EROFS, -EIO, -ENOMEM, ERR_DAMAGED, ERR_FSYNC ...
 * The reasons of the system are in errno, which was 0 before the call. Those that are not for the
 * caller to handle are remembered in db->failed. */
int db_err(struct store_db *db, int rc);
/* Finalizes all statements and closes; the numbers stay. Accepts zeroed. */
void db_finish(struct store_db *db);
/* Resets whatever statement was left in the middle of its rows. */
void db_reset(struct store_db *db);

/* The statement for this SQL, prepared once, reset and with nothing bound. sql is a literal. */
int db_stmt(struct store_db *db, const char *sql, sqlite3_stmt **out) MUST_USE;
/* 1: a row is there; 0: done, and reset; or an error, and reset. */
int db_step(struct store_db *db, sqlite3_stmt *stmt) MUST_USE;
/* For statements without rows. */
int db_run(struct store_db *db, sqlite3_stmt *stmt) MUST_USE;
/* One that has no parameters, as db_stmt() and db_run(). */
int db_do(struct store_db *db, const char *sql) MUST_USE;
/* Several statements without parameters, at once. */
int db_exec(struct store_db *db, const char *sql) MUST_USE;

/* NULL binds NULL. The text must live until the statement is reset. */
void db_bind_text(sqlite3_stmt *stmt, int index, const char *text);

/* The next number of the log. */
int64_t db_next(struct store_db *db);
/* As store_age(). Any thread. */
int64_t db_age(const struct store_db *db);

/* The row of a person. 0 and *id, or -ENOENT. */
int db_peer_find(struct store_db *db, const char *name, int64_t *id) MUST_USE;
/* What is remembered of people is no longer so: rows were changed, or a transaction undone. */
void db_forget_peer(struct store_db *db);
/* Made if it is new; display (may be NULL) is taken over. */
int db_peer(struct store_db *db, const char *name, const char *display, int64_t *id) MUST_USE;

/* What stands for an id of somebody's that must not be kept in words. */
int64_t db_hash(const struct store_db *db, const char *peer, const char *id);

int64_t db_meta_int(struct store_db *db, const char *key, int64_t fallback);
int db_meta_set(struct store_db *db, const char *key, int64_t value) MUST_USE;

#endif
