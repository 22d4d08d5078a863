#include "store/health.h"

#include "base/clock.h"
#include "base/str.h"
#include "base/utf8.h"
#include "store/db.h"

#include <string.h>

enum { CHECK_MS = 1000, CHECK_STEPS = 2000 /* of SQLite's machine, some 0.1 ms */ };

static int
out_of_time(void *until)
{
	return clock_now() > *(const uint64_t *)until;
}

/* Not with db_step(): to be interrupted is no failure of the disk. */
static int
ask(struct store_db *db, const char *sql, int64_t *number, char *text, size_t size)
{
	sqlite3_stmt *stmt = NULL;
	int rc = sqlite3_prepare_v2(db->sql, sql, -1, &stmt, NULL);
	if (!rc)
		rc = sqlite3_step(stmt);
	if (rc == SQLITE_ROW && number)
		*number = sqlite3_column_int64(stmt, 0);
	if (rc == SQLITE_ROW && text) {
		const char *said = (const char *)sqlite3_column_text(stmt, 0);
		size_t len = said ? utf8_cut(said, strlen(said), size - 1) : 0;
		memcpy(text, said ? said : "", len);
		text[len] = '\0';
	}
	(void)sqlite3_finalize(stmt);
	return rc == SQLITE_ROW ? 0 : rc;
}

static void
check(struct store_db *db, struct store_health *h)
{
	int rc = ask(db, "PRAGMA quick_check(1)", NULL, h->damage, sizeof(h->damage));
	rc &= 0xff; /* without what extended codes add */
	if (rc == SQLITE_CORRUPT || rc == SQLITE_NOTADB)
		h->verdict = STORE_DAMAGED;
	else if (rc)
		h->verdict = STORE_UNCHECKED;
	else
		h->verdict = str_equal(h->damage, "ok") ? STORE_WHOLE : STORE_DAMAGED;
	if (h->verdict != STORE_DAMAGED)
		h->damage[0] = '\0';
}

static int
run(struct store_db *db, struct store_job *job)
{
	struct store_health *h = container_of(job, struct store_health, job);
	uint64_t until = clock_now() + CHECK_MS;
	int64_t page = 0;
	h->messages = -1;
	(void)ask(db, "PRAGMA page_size", &page, NULL, 0);
	(void)ask(db, "PRAGMA page_count", &h->size, NULL, 0);
	(void)ask(db, "PRAGMA freelist_count", &h->unused, NULL, 0);
	h->size *= page;
	h->unused *= page;
	sqlite3_progress_handler(db->sql, CHECK_STEPS, out_of_time, &until);
	(void)ask(db, "SELECT count(*) FROM message", &h->messages, NULL, 0);
	check(db, h);
	sqlite3_progress_handler(db->sql, 0, NULL, NULL);
	return 0;
}

void
store_health(struct store *s, struct store_health *health)
{
	health->job.run = run;
	health->job.reads = true;
	store_submit(s, &health->job);
}
