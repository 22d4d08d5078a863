#include "base/err.h"
#include "base/limits.h"
#include "base/str.h"
#include "store/db.h"
#include "store/log.h"

#include <errno.h>
#include <string.h>

static int
get(struct store_db *db, const char *name, int64_t *n)
{
	sqlite3_stmt *stmt;
	*n = 0;
	int err = db_stmt(db, "SELECT n FROM cursor WHERE name = ?", &stmt);
	if (err)
		return err;
	db_bind_text(stmt, 1, name);
	int got = db_step(db, stmt);
	if (got > 0)
		*n = sqlite3_column_int64(stmt, 0);
	(void)sqlite3_reset(stmt);
	return got;
}

static int
is_valid(const char *name)
{
	size_t len = strlen(name);
	return len < 1 || len > LIMIT_CURSOR_NAME ? -EINVAL : 0;
}

static int
get_run(struct store_db *db, struct store_job *job)
{
	struct store_cursor *cursor = container_of(job, struct store_cursor, job);
	cursor->last = db->now.last_n;
	cursor->n = 0;
	if (str_empty(cursor->name))
		return 0;
	int got = is_valid(cursor->name);
	if (!got)
		got = get(db, cursor->name, &cursor->n);
	return got < 0 ? got : 0;
}

void
store_cursor_get(struct store *s, struct store_cursor *cursor)
{
	cursor->job.run = get_run;
	cursor->job.reads = true;
	store_submit(s, &cursor->job);
}

/* Room for one more name. */
static int
has_room(struct store_db *db)
{
	sqlite3_stmt *stmt;
	int got = db_stmt(db, "SELECT count(*) FROM cursor", &stmt);
	if (got)
		return got;
	got = db_step(db, stmt);
	bool room = got > 0 && sqlite3_column_int64(stmt, 0) < LIMIT_CURSORS;
	(void)sqlite3_reset(stmt);
	return got < 0 ? got : room ? 0 : ERR_TOO_BIG;
}

static int
set_run(struct store_db *db, struct store_job *job)
{
	struct store_cursor *cursor = container_of(job, struct store_cursor, job);
	sqlite3_stmt *stmt = NULL;
	int64_t old = 0;
	cursor->last = db->now.last_n;
	int got = is_valid(cursor->name);
	/* a number that was not given out yet would be skipped for good */
	if (!got && (cursor->n < 0 || cursor->n > db->now.last_n))
		got = -EINVAL;
	if (!got)
		got = get(db, cursor->name, &old);
	if (got < 0)
		return got;
	if (cursor->n <= old) {
		cursor->n = old;
		return 0;
	}
	int err = got ? 0 : has_room(db);
	if (!err)
		err = db_stmt(db, "INSERT OR REPLACE INTO cursor (name, n) VALUES (?, ?)", &stmt);
	if (err)
		return err;
	db_bind_text(stmt, 1, cursor->name);
	(void)sqlite3_bind_int64(stmt, 2, cursor->n);
	return db_run(db, stmt);
}

void
store_cursor_set(struct store *s, struct store_cursor *cursor)
{
	cursor->job.run = set_run;
	cursor->job.reads = false;
	store_submit(s, &cursor->job);
}
