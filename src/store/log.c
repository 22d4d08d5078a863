#include "store/log.h"

#include "base/limits.h"
#include "store/contact.h"
#include "store/row.h"
#include "store/tail.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* The two tables the log is read from, each in order; the lower number comes next. */
struct reader {
	sqlite3_stmt *messages, *events; /* NULL: at its end */
	size_t capacity, bytes;
};

enum { EVENT_N = ROW_COUNT, EVENT_KIND, EVENT_VALUE, EVENT_TEXT, EVENT_OF };

static int
begin(struct store_db *db, struct reader *r, const struct store_read_log *read)
{
	int err = 0;
	if (read->what & (STORE_WATCH_IN | STORE_WATCH_OUT))
		err = db_stmt(db,
		    "SELECT " ROW_COLUMNS " FROM " ROW_TABLES
		    " WHERE m.n > ? AND m.kind = 0 AND m.direction BETWEEN ? AND ? ORDER BY m.n",
		    &r->messages);
	if (!err && read->what & STORE_WATCH_EVENTS)
		err = db_stmt(db,
		    "SELECT " ROW_COLUMNS ", e.n, e.kind, e.value, e.text, e.of"
		    " FROM event e LEFT JOIN message m ON m.n = e.of LEFT JOIN peer p ON p.id = "
		    "m.peer"
		    " WHERE e.n > ? ORDER BY e.n",
		    &r->events);
	if (err)
		return err;
	if (r->messages) {
		(void)sqlite3_bind_int64(r->messages, 1, read->since);
		(void)sqlite3_bind_int(
		    r->messages, 2, read->what & STORE_WATCH_IN ? STORE_IN : STORE_OUT);
		(void)sqlite3_bind_int(
		    r->messages, 3, read->what & STORE_WATCH_OUT ? STORE_OUT : STORE_IN);
	}
	if (r->events)
		(void)sqlite3_bind_int64(r->events, 1, read->since);
	return 0;
}

static int
step(struct store_db *db, sqlite3_stmt **stmt)
{
	int got = *stmt ? db_step(db, *stmt) : 0;
	if (got <= 0)
		*stmt = NULL;
	return got < 0 ? got : 0;
}

/* An event that tells of a row that is not there (only a file that is not quite ours has such)
 * is left out. */
static int
fill(struct store_db *db, struct reader *r, sqlite3_stmt *stmt, void **blocks,
    struct store_event *e, bool *told)
{
	size_t bytes = 0;
	memset(e, 0, sizeof(*e));
	int err = row_read(stmt, blocks, &e->message, &bytes);
	r->bytes += bytes + sizeof(*e);
	*told = true;
	if (err || stmt == r->messages) {
		e->kind = STORE_EVENT_MESSAGE;
		e->n = e->message.n;
		return err;
	}
	e->n = sqlite3_column_int64(stmt, EVENT_N);
	int kind = sqlite3_column_int(stmt, EVENT_KIND);
	int64_t value = sqlite3_column_int64(stmt, EVENT_VALUE);
	if (kind <= STORE_EVENT_MESSAGE || kind > STORE_EVENT_TRUST ||
	    (kind < STORE_EVENT_FORGOTTEN && !e->message.peer)) {
		*told = false;
		return 0;
	}
	e->kind = (enum store_event_kind)kind;
	switch (e->kind) {
	case STORE_EVENT_STATE:
		e->state = value < STORE_QUEUED || value > STORE_CANCELLED
			       ? STORE_FAILED
			       : (enum store_state)value;
		return row_text(stmt, EVENT_TEXT, blocks, &e->reason);
	case STORE_EVENT_FORGOTTEN:
		e->message =
		    (struct store_message){.display = "", .id = "", .body = "", .stored_at = value};
		return row_text(stmt, EVENT_TEXT, blocks, &e->message.peer);
	case STORE_EVENT_TRUST:
		err = contact_read_change(db, e->n, blocks, e);
		*told = err > 0;
		return err < 0 ? err : 0;
	case STORE_EVENT_CORRECTED:
		e->text = e->message.body;
		break;
	case STORE_EVENT_REACTION:
		e->text = value == STORE_OUT ? e->message.reactions_out : e->message.reactions_in;
		if (!e->text)
			e->text = "";
		break;
	case STORE_EVENT_MESSAGE:
	case STORE_EVENT_SEEN:
	case STORE_EVENT_RETRACTED:
		break;
	}
	e->by = value == STORE_OUT && e->kind != STORE_EVENT_SEEN ? STORE_OUT : STORE_IN;
	return 0;
}

static int
grow(struct reader *r, struct store_read_log *read)
{
	if (read->at && read->count < r->capacity)
		return 0;
	size_t more = r->capacity ? 2 * r->capacity : 16;
	struct store_event *at = realloc(read->at, more * sizeof(*at));
	if (!at)
		return -ENOMEM;
	read->at = at;
	r->capacity = more;
	return 0;
}

/* The table whose turn it is; NULL at the end of both. */
static sqlite3_stmt **
next(struct reader *r)
{
	if (!r->messages || !r->events)
		return r->messages ? &r->messages : r->events ? &r->events : NULL;
	return sqlite3_column_int64(r->messages, 0) < sqlite3_column_int64(r->events, EVENT_N)
		   ? &r->messages
		   : &r->events;
}

static int
collect(struct store_db *db, struct reader *r, struct store_read_log *read)
{
	sqlite3_stmt **stmt;
	int err = step(db, &r->messages);
	if (!err)
		err = step(db, &r->events);
	while (!err && (stmt = next(r))) {
		bool told = false;
		if (read->count &&
		    (read->count >= read->limit || r->bytes >= LIMIT_HISTORY_BYTES)) {
			read->more = true;
			read->upto = read->at[read->count - 1].n;
			return 0;
		}
		err = grow(r, read);
		if (!err)
			err = fill(db, r, *stmt, &read->blocks, &read->at[read->count], &told);
		if (!err)
			err = step(db, stmt);
		if (!err && told)
			read->count++;
	}
	read->upto = db->now.last_n;
	return err;
}

int
tail_read(struct store_db *db, struct store_read_log *read)
{
	struct reader r = {0};
	store_read_log_finish(read);
	int err = begin(db, &r, read);
	if (!err)
		err = collect(db, &r, read);
	if (r.messages)
		(void)sqlite3_reset(r.messages);
	if (r.events)
		(void)sqlite3_reset(r.events);
	if (err)
		store_read_log_finish(read);
	return err;
}

static int
read_run(struct store_db *db, struct store_job *job)
{
	return tail_read(db, container_of(job, struct store_read_log, job));
}

void
store_read_log(struct store *s, struct store_read_log *read)
{
	read->at = NULL;
	read->blocks = NULL;
	read->what = STORE_WATCH_ALL;
	read->job.run = read_run;
	read->job.reads = true;
	store_submit(s, &read->job);
}

void
store_read_log_finish(struct store_read_log *read)
{
	free(read->at);
	blocks_free(read->blocks);
	read->at = NULL;
	read->blocks = NULL;
	read->count = 0;
	read->upto = 0;
	read->more = false;
}
