#include "base/str.h"
#include "store/log.h"
#include "store/row.h"

#include <errno.h>

/* The number of their message with this id. 0 or -ENOENT. */
static int
find_theirs(struct store_db *db, int64_t peer, const char *id, int64_t *n)
{
	sqlite3_stmt *stmt;
	int err = db_stmt(db,
	    "SELECT n FROM message WHERE peer = ? AND id = ? AND id <> '' AND direction = 0"
	    " ORDER BY n DESC LIMIT 1",
	    &stmt);
	if (err)
		return err;
	(void)sqlite3_bind_int64(stmt, 1, peer);
	db_bind_text(stmt, 2, id);
	int got = db_step(db, stmt);
	if (got > 0)
		*n = sqlite3_column_int64(stmt, 0);
	(void)sqlite3_reset(stmt);
	return got > 0 ? 0 : got < 0 ? got : -ENOENT;
}

/* The newest unread one up to *n, which *n becomes. 1, 0: there is none; or an error. */
static int
newest_unread(struct store_db *db, int64_t peer, int64_t *n)
{
	sqlite3_stmt *stmt;
	int err = db_stmt(db,
	    "SELECT n FROM message WHERE peer = ? AND state = 6 AND n <= ? ORDER BY n DESC LIMIT 1",
	    &stmt);
	if (err)
		return err;
	(void)sqlite3_bind_int64(stmt, 1, peer);
	(void)sqlite3_bind_int64(stmt, 2, *n);
	int got = db_step(db, stmt);
	if (got > 0)
		*n = sqlite3_column_int64(stmt, 0);
	(void)sqlite3_reset(stmt);
	return got;
}

static int
find_marked(struct store_db *db, int64_t peer, int64_t n, struct store_seen *seen)
{
	sqlite3_stmt *stmt;
	int err = db_stmt(db,
	    "SELECT id FROM message WHERE peer = ? AND state = 6 AND n <= ? AND markable = 1"
	    " AND id <> '' ORDER BY n DESC LIMIT 1",
	    &stmt);
	if (err)
		return err;
	(void)sqlite3_bind_int64(stmt, 1, peer);
	(void)sqlite3_bind_int64(stmt, 2, n);
	int got = db_step(db, stmt);
	const char *id = got > 0 ? (const char *)sqlite3_column_text(stmt, 0) : NULL;
	if (id && str_copy(seen->last_id, sizeof(seen->last_id), id))
		seen->last_id[0] = '\0';
	(void)sqlite3_reset(stmt);
	return got < 0 ? got : 0;
}

static int
seen_run(struct store_db *db, struct store_job *job)
{
	struct store_seen *seen = container_of(job, struct store_seen, job);
	sqlite3_stmt *stmt = NULL;
	int64_t peer, n = INT64_MAX;
	seen->changed = false;
	seen->last_id[0] = '\0';
	int err = db_peer_find(db, seen->peer, &peer);
	if (err == -ENOENT && !seen->id)
		return 0; /* they never said anything */
	if (!err && seen->id)
		err = find_theirs(db, peer, seen->id, &n);
	if (err)
		return err;
	int got = newest_unread(db, peer, &n);
	if (got <= 0)
		return got;
	err = find_marked(db, peer, n, seen);
	if (!err)
		err = db_stmt(db,
		    "UPDATE message SET state = 7 WHERE peer = ? AND state = 6 AND n <= ?", &stmt);
	if (err)
		return err;
	(void)sqlite3_bind_int64(stmt, 1, peer);
	(void)sqlite3_bind_int64(stmt, 2, n);
	err = db_run(db, stmt);
	seen->changed = !err;
	return err ? err : row_event(db, STORE_EVENT_SEEN, n, STORE_SEEN, NULL);
}

void
store_seen(struct store *s, struct store_seen *seen)
{
	seen->job.run = seen_run;
	seen->job.reads = false;
	store_submit(s, &seen->job);
}
