#include "base/err.h"
#include "store/message.h"
#include "store/row.h"

#include <errno.h>

static int
find_run(struct store_db *db, struct store_job *job)
{
	struct store_find *find = container_of(job, struct store_find, job);
	sqlite3_stmt *stmt;
	int64_t peer;
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
	(void)sqlite3_bind_int(stmt, 3, find->direction);
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
	return 0;
}

void
store_find(struct store *s, struct store_find *find)
{
	find->job.run = find_run;
	find->job.reads = true;
	store_submit(s, &find->job);
}
