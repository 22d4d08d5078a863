#include "store/forget.h"
#include "store/index.h"
#include "store/message.h"
#include "store/queue.h"
#include "store/row.h"

#include <errno.h>

/* A statement about two people: the first is who stays. */
static int
run_pair(struct store_db *db, const char *sql, int64_t to, int64_t from)
{
	sqlite3_stmt *stmt;
	int err = db_stmt(db, sql, &stmt);
	if (err)
		return err;
	(void)sqlite3_bind_int64(stmt, 1, to);
	(void)sqlite3_bind_int64(stmt, 2, from);
	return db_run(db, stmt);
}

static int
merge(struct store_db *db, int64_t to, int64_t from)
{
	/* a client that used one token for both keeps the one of the person who stays */
	int err = run_pair(db,
	    "UPDATE message SET token = NULL WHERE peer = ?2 AND token IN"
	    " (SELECT token FROM message WHERE peer = ?1 AND token IS NOT NULL)",
	    to, from);
	if (!err)
		err = index_move(db, from, to);
	if (!err)
		err = run_pair(db, "UPDATE message SET peer = ?1 WHERE peer = ?2", to, from);
	/* rows of either may have been sent up to its mark; to say so of too many does no harm */
	if (!err)
		err = run_pair(db,
		    "UPDATE peer SET mark = max(mark, (SELECT mark FROM peer WHERE id = ?2))"
		    " WHERE id = ?1",
		    to, from);
	return err ? err : run_pair(db, "DELETE FROM peer WHERE id = ?2 AND id <> ?1", to, from);
}

static int
rename_peer(struct store_db *db, struct store_job *job)
{
	struct store_rename *rename = container_of(job, struct store_rename, job);
	sqlite3_stmt *stmt;
	int64_t from, to;
	int err = db_peer_find(db, rename->from, &from);
	if (err) /* nothing was kept: nothing is to be done */
		return err == -ENOENT ? 0 : err;
	err = db_peer_find(db, rename->to, &to);
	if (!err && to != from) {
		/* what is being forgotten must not get away under another name */
		err = forget_is_of(db, from);
		if (err)
			return err < 0 ? err : DB_LATER;
		err = merge(db, to, from);
		return err ? err : db_peer(db, rename->to, rename->display, &to);
	}
	if (err && err != -ENOENT)
		return err;
	err = db_stmt(db, "UPDATE peer SET name = ? WHERE id = ?", &stmt);
	if (err)
		return err;
	db_bind_text(stmt, 1, rename->to);
	(void)sqlite3_bind_int64(stmt, 2, from);
	err = db_run(db, stmt);
	return err ? err : db_peer(db, rename->to, rename->display, &to);
}

static int
rename_run(struct store_db *db, struct store_job *job)
{
	int err = rename_peer(db, job);
	db_forget_peer(db);
	return err;
}

void
store_rename(struct store *s, struct store_rename *rename)
{
	rename->job.run = rename_run;
	rename->job.reads = false;
	rename->job.fence = true;
	store_submit(s, &rename->job);
}
