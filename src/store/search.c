#include "store/search.h"

#include "base/clock.h"
#include "base/err.h"
#include "store/index.h"
#include "store/page.h"
#include "store/query.h"
#include "store/snippet.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum {
	RANKED = 2000, /* hits that are compared, the newest ones */
	TIME_MS = 200, /* after that, what was found until then is the answer */
	GRADES = 8,    /* steps of the score within which the newer one is the better one */
};

struct hit {
	int64_t n;
	int grade;
	size_t place_count;
	struct snippet_hit place[SNIPPET_HITS];
};

struct search {
	struct store_db *db;
	struct store_search *ask;
	struct tokens tokens;
	struct buf query;
	int words;      /* the first phrases of the query are those searched for */
	double average; /* words of a message */
	int64_t since, until;
	struct hit *hits; /* owned, RANKED of them */
	size_t count;
	bool more;
	uint64_t deadline; /* clock_now() */
};

static const char POINTER[] = "search";

/* How much of a short message the words are: BM25 without the rarity of words, which takes a
 * walk over all their hits and, as every hit has them all, changes little. */
static double
score(const int *found, int words, double length)
{
	const double k = 1.2, b = 0.75;
	double sum = 0;
	for (int i = 0; i < words; i++)
		sum += found[i] * (k + 1) / (found[i] + k * (1 - b + b * length));
	return sum / words;
}

static int
read_places(const Fts5ExtensionApi *api, Fts5Context *fts, const struct search *s, struct hit *hit,
    int found[QUERY_WORDS])
{
	int count, rc = api->xInstCount(fts, &count);
	for (int i = 0; !rc && i < count; i++) {
		int phrase, column, at;
		rc = api->xInst(fts, i, &phrase, &column, &at);
		if (rc || phrase < 0 || phrase >= s->words || column != 0)
			continue;
		found[phrase]++;
		if (hit->place_count == SNIPPET_HITS)
			continue;
		struct snippet_hit *place = &hit->place[hit->place_count++];
		*place = (struct snippet_hit){at, api->xPhraseSize(fts, phrase)};
	}
	return rc;
}

/* SQL: note_hit(words, ?): all that is known of a hit only while the index stands on it. */
static void
note_hit(const Fts5ExtensionApi *api, Fts5Context *fts, sqlite3_context *result, int count,
    sqlite3_value **values)
{
	struct search *s = count == 1 ? sqlite3_value_pointer(values[0], POINTER) : NULL;
	if (!s || s->count >= RANKED)
		return;
	int found[QUERY_WORDS] = {0}, length = 0;
	struct hit *hit = &s->hits[s->count];
	*hit = (struct hit){.n = api->xRowid(fts)};
	int rc = read_places(api, fts, s, hit, found);
	if (!rc)
		rc = api->xColumnSize(fts, 0, &length);
	if (!rc && s->average <= 0) {
		sqlite3_int64 rows = 0, total = 0;
		rc = api->xRowCount(fts, &rows);
		if (!rc)
			rc = api->xColumnTotalSize(fts, 0, &total);
		s->average = rows > 0 && total > 0 ? (double)total / (double)rows : 1;
	}
	if (rc) {
		sqlite3_result_error_code(result, rc);
		return;
	}
	hit->grade = (int)(score(found, s->words, length / s->average) * GRADES);
	s->count++;
}

int
search_attach(struct store_db *db)
{
	fts5_api *api = tokens_api(db);
	if (!api)
		return -ENOTSUP;
	return db_err(db, api->xCreateFunction(api, "note_hit", NULL, note_hit, NULL));
}

/* note_hit() first: the index stands on the row, whatever the time says of it; those out of time
 * are taken back. */
#define HITS  "SELECT note_hit(words, ?1), words.rowid FROM words "
#define WHERE "WHERE words MATCH ?2 AND words.rowid >= ?3 AND words.rowid <= ?4 "

static int
hits_stmt(const struct search *s, sqlite3_stmt **out)
{
	if (s->since == INT64_MIN && s->until == INT64_MAX)
		return db_stmt(s->db, HITS WHERE "ORDER BY words.rowid DESC", out);
	return db_stmt(s->db,
	    HITS "CROSS JOIN message m ON m.n = words.rowid " WHERE
		 "AND m.said_at >= ?5 AND m.said_at < ?6 ORDER BY words.rowid DESC",
	    out);
}

/* The hits among these numbers, the newest first. 1: no more are wanted. */
static int
collect(struct search *s, int64_t low, int64_t high)
{
	sqlite3_stmt *stmt;
	int err = hits_stmt(s, &stmt);
	if (err)
		return err;
	(void)sqlite3_bind_pointer(stmt, 1, s, POINTER, NULL);
	db_bind_text(stmt, 2, buf_cstr(&s->query));
	(void)sqlite3_bind_int64(stmt, 3, low);
	(void)sqlite3_bind_int64(stmt, 4, high);
	if (s->since != INT64_MIN || s->until != INT64_MAX) {
		(void)sqlite3_bind_int64(stmt, 5, s->since);
		(void)sqlite3_bind_int64(stmt, 6, s->until);
	}
	while ((err = db_step(s->db, stmt)) == 1) {
		if (s->count == RANKED || clock_now() > s->deadline) {
			s->more = true;
			break;
		}
	}
	(void)sqlite3_reset(stmt);
	(void)sqlite3_clear_bindings(stmt);
	return err;
}

static int
compare(const void *a, const void *b)
{
	const struct hit *x = a, *y = b;
	if (x->grade != y->grade)
		return x->grade < y->grade ? 1 : -1;
	return x->n < y->n ? 1 : x->n > y->n ? -1 : 0;
}

static int
add_snippet(struct search *s, const struct hit *hit)
{
	struct store_list *list = &s->ask->list;
	struct store_message *m = &list->at[list->count - 1];
	struct buf out = BUF_INIT((size_t)4 * SNIPPET_BYTES);
	int err = snippet_make(&s->tokens, m->body, hit->place, hit->place_count, &out);
	if (!err) {
		m->snippet = blocks_add(&list->blocks, buf_cstr(&out), out.len);
		err = m->snippet ? 0 : -ENOMEM;
	}
	buf_finish(&out);
	return err;
}

/* The best of what was collected, as messages. */
static int
tell(struct search *s)
{
	struct store_list *list = &s->ask->list;
	struct page_list rows = {.list = list, .limit = s->ask->limit};
	sqlite3_stmt *stmt;
	qsort(s->hits, s->count, sizeof(*s->hits), compare);
	for (size_t i = 0; i < s->count; i++) {
		size_t before = list->count;
		int err = db_stmt(
		    s->db, "SELECT " ROW_COLUMNS " FROM " ROW_TABLES " WHERE m.n = ?1", &stmt);
		if (err)
			return err;
		(void)sqlite3_bind_int64(stmt, 1, s->hits[i].n);
		err = page_list_fill(&rows, s->db, stmt);
		if (!err && list->count > before)
			err = add_snippet(s, &s->hits[i]);
		if (err)
			return err < 0 ? err : 0;
	}
	list->more |= s->more;
	return 0;
}

static int
find(struct search *s)
{
	struct index_ranges ranges;
	int err = index_ranges(s->db, s->since, s->until, 0, s->db->now.indexed, &ranges);
	for (size_t i = ranges.count; !err && i-- > 0 && !s->more;)
		err = collect(s, ranges.at[i].low, ranges.at[i].high);
	if (err < 0)
		return err;
	if (s->more && s->count == 0)
		return -ETIMEDOUT;
	return tell(s);
}

static int
prepare(struct search *s)
{
	int64_t peer = 0;
	if (strlen(s->ask->words) > LIMIT_SEARCH_WORDS)
		return ERR_TOO_BIG;
	int err = s->ask->peer ? db_peer_find(s->db, s->ask->peer, &peer) : 0;
	if (!err)
		err = tokens_open(s->db, &s->tokens);
	if (err)
		return err;
	s->words = query_make(&s->tokens, s->ask->words, peer, s->ask->direction, &s->query);
	if (s->words < 0)
		return s->words;
	s->hits = malloc(RANKED * sizeof(*s->hits));
	return s->hits ? 0 : -ENOMEM;
}

static int
search_run(struct store_db *db, struct store_job *job)
{
	struct store_search *ask = container_of(job, struct store_search, job);
	struct search s = {
	    .db = db,
	    .ask = ask,
	    .query = BUF_INIT((size_t)8 * LIMIT_SEARCH_WORDS),
	    .since = ask->since ? ask->since : INT64_MIN,
	    .until = ask->until ? ask->until : INT64_MAX,
	    .deadline = clock_now() + TIME_MS,
	};
	if (index_wanted(db)) {
		db->wanted = true;
		return DB_LATER;
	}
	store_list_finish(&ask->list);
	int err = prepare(&s);
	if (err == -ENOENT)
		err = 0;
	else if (!err && s.words > 0)
		err = find(&s);
	if (err)
		store_list_finish(&ask->list);
	tokens_close(&s.tokens);
	buf_finish(&s.query);
	free(s.hits);
	return err;
}

void
store_search(struct store *s, struct store_search *search)
{
	if (search->limit > LIMIT_HISTORY_PAGE)
		search->limit = LIMIT_HISTORY_PAGE;
	search->list = (struct store_list){0};
	search->job.run = search_run;
	search->job.reads = true;
	store_submit(s, &search->job);
}
