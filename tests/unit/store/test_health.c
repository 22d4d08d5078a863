/* How the store says that its file is. */
#include "harness.h"

#include "store/health.h"

#include <sqlite3.h>

struct asked {
	struct store_health health;
	bool over;
};

static void
on_answer(void *ctx, struct store_job *job, int err)
{
	struct asked *a = ctx;
	(void)job;
	assert_int_equal(err, 0);
	a->over = true;
}

static void
ask(struct harness *h, struct asked *a)
{
	memset(a, 0, sizeof(*a));
	a->health.job.done = on_answer;
	a->health.job.ctx = a;
	store_health(h->store, &a->health);
	while (!a->over)
		uv_run(&h->loop, UV_RUN_ONCE);
}

/* So big that it is not read whole when it is opened. */
static void
fill(const char *path)
{
	sqlite3 *db = NULL;
	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	assert_int_equal(
	    sqlite3_exec(db,
		"WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 4000)"
		" INSERT INTO meta (key, value) SELECT 'fill' || i, hex(zeroblob(1000)) FROM n;"
		" PRAGMA wal_checkpoint(TRUNCATE)",
		NULL, NULL, NULL),
	    SQLITE_OK);
	assert_int_equal(sqlite3_close(db), SQLITE_OK);
}

static void
spoil_the_middle(const char *path)
{
	FILE *file = fopen(path, "r+b");
	assert_non_null(file);
	assert_int_equal(fseek(file, 0, SEEK_END), 0);
	long size = ftell(file);
	assert_true(size > 5 << 20);
	for (long at = size / 2; at < size / 2 + 65536; at += 64) {
		assert_int_equal(fseek(file, at, SEEK_SET), 0);
		assert_int_equal(fputs("not a page of a database", file) < 0, 0);
	}
	assert_int_equal(fclose(file), 0);
}

static void
a_new_one_is_whole_and_empty(void **state)
{
	(void)state;
	struct harness h;
	struct asked a;
	harness_start(&h);
	ask(&h, &a);
	assert_int_equal(a.health.verdict, STORE_WHOLE);
	assert_string_equal(a.health.damage, "");
	assert_int_equal(a.health.messages, 0);
	assert_true(a.health.size > 4096);
	harness_finish(&h);
}

static void
damage_is_told_and_ends_nothing(void **state)
{
	(void)state;
	struct harness h;
	struct asked a;
	harness_start(&h);
	harness_close(&h);
	fill(h.path);
	spoil_the_middle(h.path);
	harness_open(&h);
	assert_int_equal(h.opened, 0);
	ask(&h, &a);
	assert_int_equal(a.health.verdict, STORE_DAMAGED);
	assert_string_not_equal(a.health.damage, "");
	assert_int_equal(h.fatals, 0);
	ask(&h, &a);
	assert_int_equal(a.health.verdict, STORE_DAMAGED);
	harness_finish(&h);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_new_one_is_whole_and_empty),
	    cmocka_unit_test(damage_is_told_and_ends_nothing),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
