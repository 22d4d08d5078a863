#include "store/trust.h"

#include "base/clock.h"
#include "base/compiler.h"
#include "base/limits.h"
#include "store/contact.h"
#include "store/row.h"

#include <string.h>

const char *
store_trust_word(enum store_trust trust)
{
	static const char *const words[] = {
	    [STORE_TRUST_PLAIN] = "plain",
	    [STORE_TRUST_NEW] = "new",
	    [STORE_TRUST_KNOWN] = "known",
	    [STORE_TRUST_INTRODUCED] = "introduced",
	    [STORE_TRUST_VERIFIED] = "verified",
	    [STORE_TRUST_CHANGED] = "changed",
	};
	return words[trust];
}

int
store_trust_rank(enum store_trust trust)
{
	switch (trust) {
	case STORE_TRUST_NEW:
		return 1;
	case STORE_TRUST_KNOWN:
	case STORE_TRUST_INTRODUCED:
		return 2;
	case STORE_TRUST_VERIFIED:
		return 3;
	case STORE_TRUST_PLAIN:
	case STORE_TRUST_CHANGED:
		break;
	}
	return 0;
}

enum store_trust
store_trust_from(int64_t number)
{
	return number < STORE_TRUST_PLAIN || number > STORE_TRUST_CHANGED
		   ? STORE_TRUST_PLAIN
		   : (enum store_trust)number;
}

/* The oldest of more than LIMIT_TRUST_CHANGES, with their events. */
static int
prune(struct store_db *db)
{
	static const char *const sql[] = {
	    "DELETE FROM event WHERE n <= ?1 AND n IN (SELECT n FROM trust_change WHERE n <= ?1)",
	    "DELETE FROM trust_change WHERE n <= ?1",
	};
	sqlite3_stmt *stmt;
	int got = db_stmt(db, "SELECT n FROM trust_change ORDER BY n DESC LIMIT 1 OFFSET ?", &stmt);
	if (got)
		return got;
	(void)sqlite3_bind_int(stmt, 1, LIMIT_TRUST_CHANGES);
	got = db_step(db, stmt);
	if (got <= 0)
		return got;
	int64_t n = sqlite3_column_int64(stmt, 0);
	(void)sqlite3_reset(stmt);
	db->now.deleted = true;
	int err = 0;
	for (size_t i = 0; i < ARRAY_LEN(sql) && !err; i++) {
		err = db_stmt(db, sql[i], &stmt);
		if (err)
			return err;
		(void)sqlite3_bind_int64(stmt, 1, n);
		err = db_run(db, stmt);
	}
	return err;
}

int
contact_changed(
    struct store_db *db, const struct store_contact *c, enum store_trust was, const char *cause)
{
	sqlite3_stmt *stmt = NULL;
	int err = row_event(db, STORE_EVENT_TRUST, 0, c->trust, NULL);
	if (!err)
		err = db_stmt(db,
		    "INSERT INTO trust_change (n, name, display, key, was, became, cause, at)"
		    " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
		    &stmt);
	if (err)
		return err;
	(void)sqlite3_bind_int64(stmt, 1, db->now.last_n);
	db_bind_text(stmt, 2, c->name);
	db_bind_text(stmt, 3, c->display ? c->display : c->name);
	if (c->has_key)
		(void)sqlite3_bind_blob(stmt, 4, c->key, STORE_KEY_SIZE, SQLITE_STATIC);
	(void)sqlite3_bind_int64(stmt, 5, was);
	(void)sqlite3_bind_int64(stmt, 6, c->trust);
	db_bind_text(stmt, 7, cause ? cause : "");
	(void)sqlite3_bind_int64(stmt, 8, clock_wall());
	err = db_run(db, stmt);
	return err ? err : prune(db);
}

int
contact_read_change(struct store_db *db, int64_t n, void **blocks, struct store_event *out)
{
	sqlite3_stmt *stmt;
	int got = db_stmt(db,
	    "SELECT name, display, key, was, became, cause, at FROM trust_change WHERE n = ?",
	    &stmt);
	if (got)
		return got;
	(void)sqlite3_bind_int64(stmt, 1, n);
	got = db_step(db, stmt);
	if (got <= 0)
		return got;
	out->message = (struct store_message){.id = "", .body = ""};
	int err = row_text(stmt, 0, blocks, &out->message.peer);
	if (!err)
		err = row_text(stmt, 1, blocks, &out->message.display);
	if (!err)
		err = row_text(stmt, 5, blocks, &out->reason);
	const void *key = sqlite3_column_blob(stmt, 2);
	out->has_key = key && sqlite3_column_bytes(stmt, 2) == STORE_KEY_SIZE;
	if (out->has_key)
		memcpy(out->key, key, STORE_KEY_SIZE);
	out->was = store_trust_from(sqlite3_column_int64(stmt, 3));
	out->message.trust = store_trust_from(sqlite3_column_int64(stmt, 4));
	out->message.stored_at = sqlite3_column_int64(stmt, 6);
	(void)sqlite3_reset(stmt);
	return err ? err : 1;
}
