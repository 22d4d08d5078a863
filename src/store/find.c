#include "base/err.h"
#include "store/message.h"
#include "store/row.h"

#include <errno.h>

/* Corrections have words of their own: whoever cancels a message means these, too. */
static int
find_corrections(struct store_db *db, int64_t peer, struct store_find *find)
{
	sqlite3_stmt *stmt;
	int got = db_stmt(db,
	    "SELECT n FROM message WHERE peer = ?1 AND target = ?2 AND kind = 1"
	    " AND direction = 1 AND state = 0 ORDER BY n LIMIT ?3",
	    &stmt);
	if (got)
		return got;
	(void)sqlite3_bind_int64(stmt, 1, peer);
	db_bind_text(stmt, 2, find->id);
	(void)sqlite3_bind_int(stmt, 3, STORE_CORRECTIONS);
	while ((got = db_step(db, stmt)) > 0 && find->correction_count < STORE_CORRECTIONS)
		find->corrections[find->correction_count++] = sqlite3_column_int64(stmt, 0);
	(void)sqlite3_reset(stmt);
	return got < 0 ? got : 0;
}

static int
find_run(struct store_db *db, struct store_job *job)
{
	struct store_find *find = container_of(job, struct store_find, job);
	sqlite3_stmt *stmt = NULL;
	int64_t peer;
	find->correction_count = 0;
	int got = db_peer_find(db, find->peer, &peer);
	if (!got)
		got = db_stmt(db,
		    "SELECT n, kind, state FROM message WHERE peer = ? AND id = ? AND id <> ''"
		    " AND direction = ? ORDER BY n DESC LIMIT 1",
		    &stmt);
	if (got)
		return got;
	(void)sqlite3_bind_int64(stmt, 1, peer);
	db_bind_text(stmt, 2, find->id);
	(void)sqlite3_bind_int64(stmt, 3, find->direction);
	got = db_step(db, stmt);
	if (got <= 0)
		return got < 0 ? got : -ENOENT;
	find->n = sqlite3_column_int64(stmt, 0);
	int kind = sqlite3_column_int(stmt, 1), state = sqlite3_column_int(stmt, 2);
	(void)sqlite3_reset(stmt);
	if (kind < STORE_CHAT || kind > STORE_MARKER || state < STORE_QUEUED || state > STORE_SEEN)
		return ERR_DAMAGED;
	find->kind = (enum store_kind)kind;
	find->state = (enum store_state)state;
	return find->direction == STORE_OUT ? find_corrections(db, peer, find) : 0;
}

void
store_find(struct store *s, struct store_find *find)
{
	find->job.run = find_run;
	find->job.reads = true;
	store_submit(s, &find->job);
}
