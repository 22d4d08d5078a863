#include "store/queue.h"

#include "base/err.h"
#include "base/str.h"
#include "store/log.h"
#include "store/row.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* The states a row may be in to get into this one, as bits. A receipt is proof, whatever we
 * believed; what was cancelled was never sent. */
static unsigned
may_come_from(enum store_state state)
{
	const unsigned queued = 1U << STORE_QUEUED, handed = 1U << STORE_HANDED_OVER,
		       delivered = 1U << STORE_DELIVERED, failed = 1U << STORE_FAILED;
	switch (state) {
	case STORE_HANDED_OVER:
	case STORE_CANCELLED:
		return queued;
	case STORE_DELIVERED:
		return queued | handed | failed;
	case STORE_READ:
		return queued | handed | delivered | failed;
	case STORE_FAILED:
		return queued | handed;
	case STORE_QUEUED:
	case STORE_UNREAD:
	case STORE_SEEN:
		break;
	}
	return 0;
}

/* What was only sent along, and of which nothing is told. */
static int
drop_marker(struct store_db *db, int64_t n, bool *changed)
{
	sqlite3_stmt *stmt;
	int err =
	    db_stmt(db, "DELETE FROM message WHERE n = ? AND kind = 4 AND direction = 1", &stmt);
	if (err)
		return err;
	(void)sqlite3_bind_int64(stmt, 1, n);
	err = db_run(db, stmt);
	*changed = !err && sqlite3_changes64(db->sql) > 0;
	db->now.deleted |= *changed;
	return err;
}

static int
advance(struct store_db *db, int64_t n, enum store_state state, const char *reason, bool *changed)
{
	sqlite3_stmt *stmt;
	unsigned from = may_come_from(state);
	*changed = false;
	if (!from)
		return -EINVAL;
	if (state != STORE_FAILED)
		reason = NULL;
	int err = db_stmt(db,
	    "UPDATE message SET state = ?1, reason = ?2"
	    " WHERE n = ?3 AND direction = 1 AND (1 << state) & ?4 AND kind <> 4",
	    &stmt);
	if (err)
		return err;
	(void)sqlite3_bind_int64(stmt, 1, state);
	db_bind_text(stmt, 2, reason);
	(void)sqlite3_bind_int64(stmt, 3, n);
	(void)sqlite3_bind_int64(stmt, 4, from);
	err = db_run(db, stmt);
	if (err)
		return err;
	if (!sqlite3_changes64(db->sql))
		return drop_marker(db, n, changed);
	*changed = true;
	return row_event(db, STORE_EVENT_STATE, n, state, reason);
}

static int
set_state_run(struct store_db *db, struct store_job *job)
{
	struct store_set_state *set = container_of(job, struct store_set_state, job);
	return advance(db, set->n, set->state, set->reason, &set->changed);
}

void
store_set_state(struct store *s, struct store_set_state *set)
{
	set->job.run = set_state_run;
	set->job.reads = false;
	set->job.first = true;
	set->job.late = set->state == STORE_HANDED_OVER || set->state == STORE_DELIVERED ||
			set->state == STORE_READ;
	store_submit(s, &set->job);
}

/* Whether a row of ours is queued above its person's mark: it was never sent. */
static int
is_unsent(struct store_db *db, int64_t n, bool *unsent)
{
	sqlite3_stmt *stmt;
	*unsent = false;
	int err = db_stmt(db,
	    "SELECT m.state = 0 AND m.n > p.mark FROM message m CROSS JOIN peer p ON p.id = m.peer"
	    " WHERE m.n = ? AND m.direction = 1",
	    &stmt);
	if (err)
		return err;
	(void)sqlite3_bind_int64(stmt, 1, n);
	int got = db_step(db, stmt);
	*unsent = got > 0 && sqlite3_column_int(stmt, 0);
	(void)sqlite3_reset(stmt);
	return got < 0 ? got : 0;
}

static int
cancel_run(struct store_db *db, struct store_job *job)
{
	struct store_cancel *cancel = container_of(job, struct store_cancel, job);
	bool unsent;
	cancel->changed = false;
	int err = is_unsent(db, cancel->n, &unsent);
	if (err || !unsent)
		return err;
	return advance(db, cancel->n, STORE_CANCELLED, NULL, &cancel->changed);
}

void
store_cancel(struct store *s, struct store_cancel *cancel)
{
	cancel->job.run = cancel_run;
	cancel->job.reads = false;
	cancel->job.first = true;
	store_submit(s, &cancel->job);
}

/* One number: of the row the statement finds, below n. 1, 0: there is none; or an error. */
static int
look_before(
    struct store_db *db, const char *sql, int64_t peer, int64_t n, int64_t after, int64_t *out)
{
	sqlite3_stmt *stmt;
	int got = db_stmt(db, sql, &stmt);
	if (got)
		return got;
	(void)sqlite3_bind_int64(stmt, 1, peer);
	(void)sqlite3_bind_int64(stmt, 2, n);
	(void)sqlite3_bind_int64(stmt, 3, after);
	got = db_step(db, stmt);
	if (got > 0)
		*out = sqlite3_column_int64(stmt, 0);
	(void)sqlite3_reset(stmt);
	return got;
}

/* Words of ours before row n that were delivered or handed over have been read as well. Those
 * before the last one that is known to be read were seen to then; nor is looked further back than
 * some thousand messages. An index of them would cost every message more than this costs a marker.
 */
static int
read_before(struct store_db *db, int64_t peer, int64_t n)
{
	int64_t row = 0;
	int got = look_before(db,
	    "SELECT n FROM (SELECT n, direction, state FROM message WHERE peer = ?1 AND kind = 0"
	    " AND n < ?2 AND n > ?3 ORDER BY n DESC LIMIT 5000)"
	    " WHERE direction = 1 AND state = 3 LIMIT 1",
	    peer, n, 0, &row);
	if (!got)
		got = look_before(db,
		    "SELECT min(n) - 1 FROM (SELECT n FROM message WHERE peer = ?1 AND kind = 0"
		    " AND n < ?2 AND n > ?3 ORDER BY n DESC LIMIT 5000)",
		    peer, n, 0, &row);
	while (got >= 0) {
		bool changed;
		got = look_before(db,
		    "SELECT n FROM message WHERE peer = ?1 AND kind = 0 AND n < ?2 AND n > ?3"
		    " AND direction = 1 AND state IN (1, 2) ORDER BY n LIMIT 1",
		    peer, n, row, &row);
		if (got <= 0)
			break;
		got = advance(db, row, STORE_READ, NULL, &changed);
	}
	return got;
}

int
queue_fail_all(struct store_db *db, int64_t peer, const char *reason)
{
	int got;
	int64_t row = 0;
	bool changed;
	while ((got = look_before(db,
		    "SELECT n FROM message INDEXED BY message_queued WHERE peer = ?1 AND state = 0"
		    " AND n < ?2 AND n > ?3 ORDER BY n LIMIT 1",
		    peer, INT64_MAX, row, &row)) > 0) {
		got = advance(db, row, STORE_FAILED, reason, &changed);
		if (got)
			break;
	}
	return got;
}

int
queue_answered(struct store_db *db, int64_t peer, int64_t n, enum store_state state,
    const char *reason, bool *changed)
{
	bool unsent;
	*changed = false;
	int err = is_unsent(db, n, &unsent);
	if (err || unsent)
		return err;
	/* in the order of the log: the older ones first */
	if (state == STORE_READ)
		err = read_before(db, peer, n);
	return err ? err : advance(db, n, state, reason, changed);
}

static int
answered_run(struct store_db *db, struct store_job *job)
{
	struct store_answered *answered = container_of(job, struct store_answered, job);
	sqlite3_stmt *stmt;
	int64_t peer;
	answered->changed = false;
	int err = db_peer_find(db, answered->peer, &peer);
	if (err)
		return err == -ENOENT ? 0 : err;
	err = db_stmt(db,
	    "SELECT n FROM message WHERE peer = ? AND id = ? AND id <> '' AND direction = 1"
	    " ORDER BY n DESC LIMIT 1",
	    &stmt);
	if (err)
		return err;
	(void)sqlite3_bind_int64(stmt, 1, peer);
	db_bind_text(stmt, 2, answered->id);
	int got = db_step(db, stmt);
	if (got <= 0)
		return got;
	int64_t n = sqlite3_column_int64(stmt, 0);
	(void)sqlite3_reset(stmt);
	return queue_answered(db, peer, n, answered->state, answered->reason, &answered->changed);
}

void
store_answered(struct store *s, struct store_answered *answered)
{
	answered->job.run = answered_run;
	answered->job.reads = false;
	answered->job.first = true;
	store_submit(s, &answered->job);
}

int
queue_mark(struct store_db *db, int64_t peer, int64_t upto)
{
	sqlite3_stmt *stmt;
	int err = db_stmt(db, "UPDATE peer SET mark = ?1 WHERE id = ?2 AND mark < ?1", &stmt);
	if (err)
		return err;
	(void)sqlite3_bind_int64(stmt, 1, upto);
	(void)sqlite3_bind_int64(stmt, 2, peer);
	return db_run(db, stmt);
}

static int
mark_run(struct store_db *db, struct store_job *job)
{
	struct store_mark *mark = container_of(job, struct store_mark, job);
	int64_t peer;
	int err = db_peer_find(db, mark->peer, &peer);
	return err ? err : queue_mark(db, peer, mark->upto);
}

void
store_mark(struct store *s, struct store_mark *mark)
{
	mark->job.run = mark_run;
	mark->job.reads = false;
	mark->job.first = true;
	store_submit(s, &mark->job);
}
