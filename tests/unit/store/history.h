/* What the tests of reading, searching and forgetting say to a store, in few words. */
#ifndef TESTS_STORE_HISTORY_H
#define TESTS_STORE_HISTORY_H

#include "harness.h"
#include "store/history.h"
#include "store/index.h"

/* Something is put; its number. */
static inline int64_t
put(struct harness *h, struct store_put p)
{
	if (!p.display)
		p.display = p.peer;
	assert_int_equal(HARNESS_ASK(h, store_put, &p), 0);
	return p.n;
}

/* They say something at a time. */
static inline int64_t
hear(struct harness *h, const char *peer, const char *id, const char *body, int64_t said_at)
{
	return put(h, (struct store_put){.peer = peer,
			  .direction = STORE_IN,
			  .id = id,
			  .origin = true,
			  .body = body,
			  .said_at = said_at});
}

/* We do. */
static inline int64_t
say(struct harness *h, const char *peer, const char *id, const char *body)
{
	return put(
	    h, (struct store_put){.peer = peer, .direction = STORE_OUT, .id = id, .body = body});
}

/* Something about an earlier message. */
static inline int64_t
about(struct harness *h, const char *peer, enum store_direction direction, enum store_kind kind,
    const char *id, const char *target, const char *body)
{
	return put(h, (struct store_put){.peer = peer,
			  .direction = direction,
			  .kind = kind,
			  .id = id,
			  .origin = true,
			  .target = target,
			  .body = body});
}

/* The bodies of the list, blanks between, and a + if there are others. */
static inline const char *
bodies(struct store_list *list)
{
	static char out[64 * 1024];
	size_t len = 0;
	out[0] = '\0';
	for (size_t i = 0; i < list->count; i++)
		len += (size_t)snprintf(
		    out + len, sizeof(out) - len, "%s%s", i ? " " : "", list->at[i].body);
	(void)snprintf(out + len, sizeof(out) - len, "%s", list->more ? "+" : "");
	store_list_finish(list);
	return out;
}

static inline const char *
page(struct harness *h, struct store_page p)
{
	assert_int_equal(HARNESS_ASK(h, store_page, &p), 0);
	return bodies(&p.list);
}

static inline const char *
search(struct harness *h, struct store_search s)
{
	if (s.limit == 0)
		s.limit = 20;
	assert_int_equal(HARNESS_ASK(h, store_search, &s), 0);
	return bodies(&s.list);
}

static inline const char *
find(struct harness *h, const char *words)
{
	return search(h, (struct store_search){.words = words, .direction = -1});
}

static inline int64_t
forget(struct harness *h, struct store_forget f)
{
	assert_int_equal(HARNESS_ASK(h, store_forget, &f), 0);
	return f.count;
}

/* One number out of the file, asked of the store's thread. */
struct history_sql {
	struct store_job job;
	const char *sql;
	int64_t value;
};

static inline int
history_sql_run(struct store_db *db, struct store_job *job)
{
	struct history_sql *s = container_of(job, struct history_sql, job);
	sqlite3_stmt *stmt;
	int rc = sqlite3_prepare_v2(db->sql, s->sql, -1, &stmt, NULL);
	if (!rc && sqlite3_step(stmt) == SQLITE_ROW)
		s->value = sqlite3_column_int64(stmt, 0);
	return db_err(db, sqlite3_finalize(stmt));
}

static inline void
history_sql_submit(struct store *s, struct history_sql *sql)
{
	sql->job.run = history_sql_run;
	store_submit(s, &sql->job);
}

static inline int64_t
sql(struct harness *h, const char *text)
{
	struct history_sql s = {.sql = text, .value = -1};
	assert_int_equal(HARNESS_ASK(h, history_sql_submit, &s), 0);
	return s.value;
}

/* How often the bytes stand in the files of the store. */
static inline int
in_files(const struct harness *h, const char *bytes)
{
	static const char *const ends[] = {"", "-wal", "-journal", "-shm"};
	size_t len = strlen(bytes);
	int found = 0;
	for (size_t i = 0; i < ARRAY_LEN(ends); i++) {
		char name[128];
		(void)snprintf(name, sizeof(name), "%s%s", h->path, ends[i]);
		FILE *f = fopen(name, "rb");
		if (!f)
			continue;
		assert_int_equal(fseek(f, 0, SEEK_END), 0);
		size_t size = (size_t)ftell(f);
		char *all = malloc(size + 1);
		assert_non_null(all);
		rewind(f);
		assert_int_equal(fread(all, 1, size, f), size);
		for (size_t at = 0; at + len <= size; at++)
			found += memcmp(all + at, bytes, len) == 0;
		free(all);
		(void)fclose(f);
	}
	return found;
}

#endif
