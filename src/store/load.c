#include "store/message.h"
#include "store/row.h"

#include <errno.h>
#include <stdlib.h>

/* All but the answer to be is left as it was asked. */
static void
clear(struct store_load *load)
{
	free(load->items);
	blocks_free(load->blocks);
	load->items = NULL;
	load->blocks = NULL;
	load->item_count = 0;
	load->marked = 0;
	load->complete = true;
}

static int
ask_mark(struct store_db *db, int64_t peer, int64_t *mark)
{
	sqlite3_stmt *stmt;
	int err = db_stmt(db, "SELECT mark FROM peer WHERE id = ?", &stmt);
	if (err)
		return err;
	(void)sqlite3_bind_int64(stmt, 1, peer);
	int got = db_step(db, stmt);
	if (got > 0)
		*mark = sqlite3_column_int64(stmt, 0);
	(void)sqlite3_reset(stmt);
	return got < 0 ? got : 0;
}

static int
add(struct store_load *load, sqlite3_stmt *stmt, size_t *capacity)
{
	if (load->item_count == *capacity) {
		size_t more = *capacity ? 2 * *capacity : 16;
		struct store_queued *items = realloc(load->items, more * sizeof(*items));
		if (!items)
			return -ENOMEM;
		load->items = items;
		*capacity = more;
	}
	int kind = sqlite3_column_int(stmt, 3);
	struct store_queued *q = &load->items[load->item_count];
	*q = (struct store_queued){
	    .n = sqlite3_column_int64(stmt, 0),
	    .said_at = sqlite3_column_int64(stmt, 1),
	    .expires = sqlite3_column_int64(stmt, 2),
	    .trust = store_trust_from(sqlite3_column_int64(stmt, 8)),
	    .kind = kind < STORE_CHAT || kind > STORE_MARKER ? STORE_CHAT : (enum store_kind)kind,
	};
	if (row_text(stmt, 4, &load->blocks, &q->id) ||
	    row_text(stmt, 5, &load->blocks, &q->target) ||
	    row_text(stmt, 6, &load->blocks, &q->body) ||
	    row_text(stmt, 7, &load->blocks, &q->quote))
		return -ENOMEM;
	load->item_count++;
	return 0;
}

static int
load_run(struct store_db *db, struct store_job *job)
{
	struct store_load *load = container_of(job, struct store_load, job);
	sqlite3_stmt *stmt = NULL;
	int64_t peer;
	size_t capacity = 0, bytes = 0;
	clear(load);
	int got = db_peer_find(db, load->peer, &peer);
	if (got)
		return got == -ENOENT ? 0 : got;
	got = ask_mark(db, peer, &load->marked);
	if (!got)
		got = db_stmt(db,
		    "SELECT n, said_at, expires, kind, id, target, body, CASE WHEN target IS NOT "
		    "NULL"
		    " THEN (SELECT substr(t.body, 1, 40) FROM message t WHERE t.peer = m.peer"
		    " AND t.id = m.target AND t.id <> '' AND t.kind = 0 ORDER BY t.n DESC LIMIT 1) "
		    "END, trust"
		    " FROM message m WHERE peer = ? AND state = 0 AND n > ? ORDER BY n",
		    &stmt);
	if (got)
		return got;
	(void)sqlite3_bind_int64(stmt, 1, peer);
	(void)sqlite3_bind_int64(stmt, 2, load->after);
	while ((got = db_step(db, stmt)) > 0) {
		if (load->item_count && (load->item_count >= load->count || bytes >= load->bytes))
			break;
		bytes += (size_t)sqlite3_column_bytes(stmt, 6);
		int err = add(load, stmt, &capacity);
		if (err) {
			got = err;
			break;
		}
	}
	load->complete = got == 0;
	(void)sqlite3_reset(stmt);
	if (got < 0)
		clear(load);
	return got < 0 ? got : 0;
}

void
store_load(struct store *s, struct store_load *load)
{
	load->items = NULL;
	load->blocks = NULL;
	load->job.run = load_run;
	load->job.reads = true;
	load->job.first = true;
	store_submit(s, &load->job);
}

void
store_load_finish(struct store_load *load)
{
	clear(load);
}
