#include "store/page.h"
#include "store/history.h"
#include "store/index.h"

#include <errno.h>
#include <stdlib.h>

static int
append(struct page_list *page, sqlite3_stmt *stmt)
{
	struct store_list *list = page->list;
	if (list->count == page->cap) {
		size_t cap = page->cap ? 2 * page->cap : 64;
		struct store_message *at = realloc(list->at, cap * sizeof(*at));
		if (!at)
			return -ENOMEM;
		list->at = at;
		page->cap = cap;
	}
	int err = row_read(stmt, &list->blocks, &list->at[list->count], &page->bytes);
	if (!err)
		list->count++;
	return err;
}

int
page_list_fill(struct page_list *page, struct store_db *db, sqlite3_stmt *stmt)
{
	int err;
	while ((err = db_step(db, stmt)) == 1) {
		size_t body = (size_t)sqlite3_column_bytes(stmt, ROW_BODY);
		if (page->list->count >= page->limit ||
		    (page->list->count > 0 && page->bytes + body > LIMIT_HISTORY_BYTES)) {
			page->list->more = true;
			break;
		}
		err = append(page, stmt);
		if (err)
			break;
	}
	(void)sqlite3_reset(stmt);
	return err;
}

static void
reverse(struct store_list *list)
{
	for (size_t i = 0, j = list->count; i + 1 < j; i++) {
		j--;
		struct store_message m = list->at[i];
		list->at[i] = list->at[j];
		list->at[j] = m;
	}
}

#define MESSAGES \
	"SELECT " ROW_COLUMNS " FROM " ROW_TABLES \
	" WHERE m.n >= ?1 AND m.n <= ?2 AND m.said_at >= ?3 AND m.said_at < ?4 AND m.kind = 0 "

struct query {
	int64_t peer; /* 0: everybody */
	int64_t since, until;
	bool down; /* from the newest */
};

static int
page_stmt(struct store_db *db, const struct query *q, sqlite3_stmt **out)
{
	if (q->peer && q->down)
		return db_stmt(db, MESSAGES "AND m.peer = ?5 ORDER BY m.n DESC", out);
	if (q->peer)
		return db_stmt(db, MESSAGES "AND m.peer = ?5 ORDER BY m.n", out);
	if (q->down)
		return db_stmt(db, MESSAGES "ORDER BY m.n DESC", out);
	return db_stmt(db, MESSAGES "ORDER BY m.n", out);
}

static int
page_fill(
    struct store_db *db, const struct query *q, int64_t low, int64_t high, struct page_list *rows)
{
	sqlite3_stmt *stmt;
	int err = page_stmt(db, q, &stmt);
	if (err)
		return err;
	(void)sqlite3_bind_int64(stmt, 1, low);
	(void)sqlite3_bind_int64(stmt, 2, high);
	(void)sqlite3_bind_int64(stmt, 3, q->since);
	(void)sqlite3_bind_int64(stmt, 4, q->until);
	if (q->peer)
		(void)sqlite3_bind_int64(stmt, 5, q->peer);
	return page_list_fill(rows, db, stmt);
}

static int
page_run(struct store_db *db, struct store_job *job)
{
	struct store_page *page = container_of(job, struct store_page, job);
	struct query q = {
	    .since = page->since ? page->since : INT64_MIN,
	    .until = page->until ? page->until : INT64_MAX,
	    .down = !page->from_start && page->after == 0,
	};
	struct page_list rows = {.list = &page->list, .limit = page->limit};
	struct index_ranges ranges;
	int64_t low = page->after > 0 ? page->after + 1 : 0;
	int64_t high = q.down && page->before ? page->before - 1 : db->now.last_n;

	store_list_finish(&page->list);
	int err = page->peer ? db_peer_find(db, page->peer, &q.peer) : 0;
	if (err)
		return err == -ENOENT ? 0 : err;
	err = index_ranges(db, q.since, q.until, low, high, &ranges);
	for (size_t i = 0; !err && i < ranges.count; i++) {
		size_t at = q.down ? ranges.count - 1 - i : i;
		err = page_fill(db, &q, ranges.at[at].low, ranges.at[at].high, &rows);
	}
	if (err < 0) {
		store_list_finish(&page->list);
		return err;
	}
	if (q.down)
		reverse(&page->list);
	return 0;
}

static size_t
clamp_limit(size_t limit)
{
	return limit < 1 ? 1 : limit > LIMIT_HISTORY_PAGE ? LIMIT_HISTORY_PAGE : limit;
}

void
store_page(struct store *s, struct store_page *page)
{
	page->limit = clamp_limit(page->limit);
	page->list = (struct store_list){0};
	page->job.run = page_run;
	page->job.reads = true;
	store_submit(s, &page->job);
}

/* The numbers first: what is sorted is then small, and only what is told is read. */
#define QUEUED \
	"SELECT " ROW_COLUMNS " FROM (SELECT n FROM message INDEXED BY message_queued " \
	"WHERE state = 0 AND kind = 0 "
#define QUEUED_ROWS \
	"AND n > ?1 ORDER BY n LIMIT ?2) q CROSS JOIN message m ON m.n = q.n " \
	"CROSS JOIN peer p ON p.id = m.peer ORDER BY q.n"

static int
outbox_run(struct store_db *db, struct store_job *job)
{
	struct store_outbox *outbox = container_of(job, struct store_outbox, job);
	struct page_list rows = {.list = &outbox->list, .limit = outbox->limit};
	sqlite3_stmt *stmt;
	int64_t peer = 0;
	store_list_finish(&outbox->list);
	int err = outbox->peer ? db_peer_find(db, outbox->peer, &peer) : 0;
	if (err)
		return err == -ENOENT ? 0 : err;
	err = peer ? db_stmt(db, QUEUED "AND peer = ?3 " QUEUED_ROWS, &stmt)
		   : db_stmt(db, QUEUED QUEUED_ROWS, &stmt);
	if (err)
		return err;
	(void)sqlite3_bind_int64(stmt, 1, outbox->after);
	(void)sqlite3_bind_int64(stmt, 2, (int64_t)outbox->limit + 1);
	if (peer)
		(void)sqlite3_bind_int64(stmt, 3, peer);
	err = page_list_fill(&rows, db, stmt);
	if (err < 0)
		store_list_finish(&outbox->list);
	return err < 0 ? err : 0;
}

void
store_outbox(struct store *s, struct store_outbox *outbox)
{
	outbox->limit = clamp_limit(outbox->limit);
	outbox->list = (struct store_list){0};
	outbox->job.run = outbox_run;
	outbox->job.reads = true;
	store_submit(s, &outbox->job);
}
