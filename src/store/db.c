#include "store/db.h"

#include "base/clock.h"
#include "base/err.h"
#include "base/str.h"

#include <assert.h>
#include <errno.h>
#include <string.h>

/* What the operating system said, if it did: sqlite has one code for many reasons. Of a commit
 * that failed sqlite3_system_errno() knows nothing, so errno is made 0 before each call. */
static int
system_err(void)
{
	return errno > 0 ? -errno : -EIO;
}

static int
primary_err(int rc)
{
	switch (rc & 0xff) {
	case SQLITE_CORRUPT:
	case SQLITE_NOTADB:
		return ERR_DAMAGED;
	case SQLITE_FULL:
		return -ENOSPC;
	case SQLITE_READONLY:
		return -EROFS;
	case SQLITE_NOMEM:
		return -ENOMEM;
	case SQLITE_BUSY:
	case SQLITE_LOCKED:
	case SQLITE_PROTOCOL:
		return -EADDRINUSE;
	case SQLITE_PERM:
		return -EACCES;
	case SQLITE_CANTOPEN:
	case SQLITE_IOERR:
		return system_err();
	case SQLITE_TOOBIG:
		return ERR_TOO_BIG;
	default: /* a constraint, words that cannot be searched for: what was asked is wrong */
		return -EINVAL;
	}
}

int
db_err(struct store_db *db, int rc)
{
	int err;
	switch (rc) {
	case SQLITE_OK:
	case SQLITE_ROW:
	case SQLITE_DONE:
		return 0;
	case SQLITE_IOERR_FSYNC:
	case SQLITE_IOERR_DIR_FSYNC:
		err = ERR_FSYNC;
		break;
	case SQLITE_IOERR_NOMEM:
		err = -ENOMEM;
		break;
	case SQLITE_CORRUPT_VTAB:
		/* only the full-text index: what is asked for fails, and it is made anew */
		db->misindexed = true;
		return ERR_DAMAGED;
	case SQLITE_IOERR_CORRUPTFS:
		err = ERR_DAMAGED;
		break;
	default:
		err = primary_err(rc);
		break;
	}
	if (err != -EINVAL && err != ERR_TOO_BIG && db->failed != ERR_FSYNC)
		db->failed = err;
	return err;
}

void
db_finish(struct store_db *db)
{
	for (size_t i = 0; i < DB_STATEMENTS; i++)
		(void)sqlite3_finalize(db->statement[i].stmt);
	(void)sqlite3_close(db->sql);
	memset(db->statement, 0, sizeof(db->statement));
	db->sql = NULL;
}

void
db_reset(struct store_db *db)
{
	for (size_t i = 0; i < DB_STATEMENTS; i++)
		if (db->statement[i].stmt && sqlite3_stmt_busy(db->statement[i].stmt))
			(void)sqlite3_reset(db->statement[i].stmt);
}

int
db_stmt(struct store_db *db, const char *sql, sqlite3_stmt **out)
{
	size_t at = (size_t)((uintptr_t)sql * 0x9e3779b1u >> 8) % DB_STATEMENTS, tries = 0;
	for (; db->statement[at].text != sql; at = (at + 1) % DB_STATEMENTS) {
		assert(tries < DB_STATEMENTS);
		tries++;
		if (db->statement[at].text)
			continue;
		int err = db_err(db, sqlite3_prepare_v3(db->sql, sql, -1, SQLITE_PREPARE_PERSISTENT,
					 &db->statement[at].stmt, NULL));
		if (err)
			return err;
		db->statement[at].text = sql;
		break;
	}
	*out = db->statement[at].stmt;
	(void)sqlite3_reset(*out);
	(void)sqlite3_clear_bindings(*out);
	return 0;
}

int
db_step(struct store_db *db, sqlite3_stmt *stmt)
{
	errno = 0;
	int rc = sqlite3_step(stmt);
	if (rc == SQLITE_ROW)
		return 1;
	int err = db_err(db, rc);
	(void)sqlite3_reset(stmt);
	return err;
}

int
db_run(struct store_db *db, sqlite3_stmt *stmt)
{
	int got = db_step(db, stmt);
	if (got > 0)
		(void)sqlite3_reset(stmt);
	return got < 0 ? got : 0;
}

int
db_do(struct store_db *db, const char *sql)
{
	sqlite3_stmt *stmt;
	int err = db_stmt(db, sql, &stmt);
	return err ? err : db_run(db, stmt);
}

int
db_exec(struct store_db *db, const char *sql)
{
	errno = 0;
	return db_err(db, sqlite3_exec(db->sql, sql, NULL, NULL, NULL));
}

void
db_bind_text(sqlite3_stmt *stmt, int index, const char *text)
{
	(void)sqlite3_bind_text(stmt, index, text, -1, SQLITE_STATIC);
}

int64_t
db_next(struct store_db *db)
{
	return ++db->now.last_n;
}

int64_t
db_age(const struct store_db *db)
{
	return db->age + (int64_t)(clock_now() - db->age_at);
}

void
db_forget_peer(struct store_db *db)
{
	db->peer.id = 0;
}

static void
remember_peer(struct store_db *db, int64_t id, const char *name, const char *display)
{
	db->peer.id = 0;
	if (display && str_copy(db->peer.name, sizeof(db->peer.name), name) == 0 &&
	    str_copy(db->peer.display, sizeof(db->peer.display), display) == 0)
		db->peer.id = id;
}

/* The row and whether its display is this one. 1, 0: there is none; or an error. */
static int
find_peer(
    struct store_db *db, const char *name, const char *display, int64_t *id, bool *same_display)
{
	sqlite3_stmt *stmt;
	if (db->peer.id && strcmp(db->peer.name, name) == 0) {
		*id = db->peer.id;
		*same_display = !display || strcmp(db->peer.display, display) == 0;
		return 1;
	}
	int err = db_stmt(db, "SELECT id, display FROM peer WHERE name = ?", &stmt);
	if (err)
		return err;
	db_bind_text(stmt, 1, name);
	int got = db_step(db, stmt);
	if (got <= 0)
		return got;
	*id = sqlite3_column_int64(stmt, 0);
	const char *shown = (const char *)sqlite3_column_text(stmt, 1);
	*same_display = !display || (shown && strcmp(shown, display) == 0);
	remember_peer(db, *id, name, shown);
	(void)sqlite3_reset(stmt);
	return 1;
}

int
db_peer_find(struct store_db *db, const char *name, int64_t *id)
{
	bool same;
	int got = find_peer(db, name, NULL, id, &same);
	return got > 0 ? 0 : got < 0 ? got : -ENOENT;
}

int
db_peer(struct store_db *db, const char *name, const char *display, int64_t *id)
{
	sqlite3_stmt *stmt;
	bool same = false;
	int got = find_peer(db, name, display, id, &same);
	if (got < 0 || (got && same))
		return got < 0 ? got : 0;
	int err = got ? db_stmt(db, "UPDATE peer SET display = ? WHERE id = ?", &stmt)
		      : db_stmt(db, "INSERT INTO peer (display, name) VALUES (?, ?)", &stmt);
	if (err)
		return err;
	db_bind_text(stmt, 1, display ? display : name);
	if (got)
		(void)sqlite3_bind_int64(stmt, 2, *id);
	else
		db_bind_text(stmt, 2, name);
	db_forget_peer(db);
	err = db_run(db, stmt);
	if (!err && !got)
		*id = sqlite3_last_insert_rowid(db->sql);
	return err;
}

static uint64_t
mix(uint64_t x)
{
	x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9u;
	x = (x ^ x >> 27) * 0x94d049bb133111ebu;
	return x ^ x >> 31;
}

/* Keyed, so that nobody who does not have the file can make two ids look the same. The order of
 * the steps is part of the file format. */
int64_t
db_hash(const struct store_db *db, const char *peer, const char *id)
{
	uint64_t key = mix((uint64_t)db->salt), h = key;
	for (; *peer; peer++) {
		unsigned char c = (unsigned char)*peer;
		h = mix(h ^ (c >= 'A' && c <= 'Z' ? c + 32u : c)) + key;
	}
	h = mix(h ^ 0x100) + key;
	for (; *id; id++)
		h = mix(h ^ (unsigned char)*id) + key;
	return (int64_t)mix(h ^ key);
}

int64_t
db_meta_int(struct store_db *db, const char *key, int64_t fallback)
{
	sqlite3_stmt *stmt;
	if (db_stmt(db, "SELECT value FROM meta WHERE key = ?", &stmt))
		return fallback;
	db_bind_text(stmt, 1, key);
	if (db_step(db, stmt) <= 0)
		return fallback;
	int64_t value = sqlite3_column_int64(stmt, 0);
	(void)sqlite3_reset(stmt);
	return value;
}

int
db_meta_set(struct store_db *db, const char *key, int64_t value)
{
	sqlite3_stmt *stmt;
	int err = db_stmt(db, "INSERT OR REPLACE INTO meta (key, value) VALUES (?, ?)", &stmt);
	if (err)
		return err;
	db_bind_text(stmt, 1, key);
	(void)sqlite3_bind_int64(stmt, 2, value);
	return db_run(db, stmt);
}
