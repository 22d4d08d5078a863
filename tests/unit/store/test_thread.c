#include "harness.h"

#include "disk.h"
#include "store/open.h"

enum { MANY = 250 };

static int
set_up(void **state)
{
	(void)state;
	return disk.real ? 0 : disk_begin();
}

/* Lets the loop turn for some ms. */
static void
on_timer(uv_timer_t *timer)
{
	*(bool *)timer->data = true;
}

static void
let_pass(struct harness *h, uint64_t ms)
{
	uv_timer_t timer;
	bool over = false;
	uv_timer_init(&h->loop, &timer);
	timer.data = &over;
	uv_timer_start(&timer, on_timer, ms, 0);
	while (!over)
		uv_run(&h->loop, UV_RUN_ONCE);
	uv_close((uv_handle_t *)&timer, NULL);
	uv_run(&h->loop, UV_RUN_NOWAIT);
}

static void
ask_write(struct harness *h, struct harness_number *n, const char *key, int64_t value)
{
	*n = (struct harness_number){.job.run = harness_write_number, .key = key, .value = value};
	n->job.done = harness_done;
	n->job.ctx = h;
	harness_submit(h->store, n);
}

static void
ask_read(struct harness *h, struct harness_number *n, const char *key)
{
	*n = (struct harness_number){.job.run = harness_read_number, .key = key, .value = 0};
	n->job.done = harness_done;
	n->job.ctx = h;
	harness_submit(h->store, n);
}

/* What was asked has got as far as the disk, which holds it. */
static void
wait_held(struct harness *h)
{
	uv_run(&h->loop, UV_RUN_NOWAIT);
	disk_wait_held();
}

static void
what_is_queued_is_one_commit(void **state)
{
	(void)state;
	static struct harness_number n[MANY];
	struct harness h;
	harness_start(&h);
	assert_int_equal(harness_write(&h, "first", 0), 0);
	disk_hold(true);
	ask_write(&h, &n[0], "k", 0);
	wait_held(&h);
	unsigned before = disk_syncs();
	for (int i = 1; i < MANY; i++)
		ask_write(&h, &n[i], "k", i);
	disk_hold(false);
	harness_wait(&h, MANY + 1);
	assert_int_equal(disk_syncs() - before, 1);
	assert_int_equal(harness_read(&h, "k"), MANY - 1);
	harness_finish(&h);
}

static void
what_one_turn_asks_for_is_one_commit(void **state)
{
	(void)state;
	static struct harness_number n[MANY];
	struct harness h;
	harness_start(&h);
	assert_int_equal(harness_write(&h, "first", 0), 0);
	unsigned before = disk_syncs();
	for (int i = 0; i < MANY; i++)
		ask_write(&h, &n[i], "k", i);
	harness_wait(&h, MANY + 1);
	assert_int_equal(disk_syncs() - before, 1);
	harness_finish(&h);
}

static void
answers_come_after_the_commit(void **state)
{
	(void)state;
	struct harness_number n;
	struct harness h;
	harness_start(&h);
	assert_int_equal(harness_write(&h, "k", 1), 0);
	disk_hold(true);
	ask_write(&h, &n, "k", 2);
	wait_held(&h);
	let_pass(&h, 20);
	assert_int_equal(h.answered, 1);
	disk_hold(false);
	harness_wait(&h, 2);
	assert_int_equal(n.job.err, 0);
	harness_finish(&h);
}

static void
order_is_kept(void **state)
{
	(void)state;
	struct harness_number w1, r1, w2, r2;
	struct harness h;
	harness_start(&h);
	ask_write(&h, &w1, "k", 1);
	ask_read(&h, &r1, "k");
	ask_write(&h, &w2, "k", 2);
	ask_read(&h, &r2, "k");
	harness_wait(&h, 4);
	assert_int_equal(r1.value, 1);
	assert_int_equal(r2.value, 2);
	harness_finish(&h);
}

static void
reading_waits_for_no_disk(void **state)
{
	(void)state;
	struct harness h;
	harness_start(&h);
	assert_int_equal(harness_write(&h, "k", 1), 0);
	unsigned syncs = disk_syncs(), writes = disk_writes();
	assert_int_equal(harness_read(&h, "k"), 1);
	assert_int_equal(disk_syncs(), syncs);
	assert_int_equal(disk_writes(), writes);
	harness_finish(&h);
}

static int
run_guilty(struct store_db *db, struct store_job *job)
{
	struct harness_number *n = container_of(job, struct harness_number, job);
	(void)db_next(db);
	int err = db_meta_set(db, "guilty", 1);
	return err ? err : (int)n->value;
}

static int
run_next(struct store_db *db, struct store_job *job)
{
	struct harness_number *n = container_of(job, struct harness_number, job);
	n->value = db_next(db);
	return db_meta_set(db, n->key, n->value);
}

static void
only_the_guilty_job_fails(void **state)
{
	(void)state;
	struct harness_number n[5];
	struct harness h;
	harness_start(&h);
	assert_int_equal(harness_write(&h, "k", 1), 0);
	disk_hold(true);
	ask_write(&h, &n[0], "k", 0);
	wait_held(&h);
	for (int i = 1; i < 5; i++) {
		n[i] = (struct harness_number){.job.run = i == 2 ? run_guilty : run_next,
		    .key = i < 3    ? "a"
			   : i == 3 ? "b"
				    : "c",
		    .value = -ENOTDIR};
		n[i].job.done = harness_done;
		n[i].job.ctx = &h;
		store_submit(h.store, &n[i].job);
	}
	unsigned before = disk_syncs();
	disk_hold(false);
	harness_wait(&h, 6);
	assert_int_equal(disk_syncs() - before, 1);
	assert_int_equal(n[1].job.err, 0);
	assert_int_equal(n[2].job.err, -ENOTDIR);
	assert_int_equal(n[3].job.err, 0);
	assert_int_equal(n[4].job.err, 0);
	/* the number the failed one took was given out again */
	assert_int_equal(n[1].value, 1);
	assert_int_equal(n[3].value, 2);
	assert_int_equal(n[4].value, 3);
	assert_int_equal(harness_read(&h, "guilty"), -1);
	assert_int_equal(harness_read(&h, "c"), 3);
	assert_int_equal(h.troubles, 0);
	harness_finish(&h);
}

/* Wherever the disk gets full: what failed is not there, what did not is; and then it goes on. */
static void
a_full_disk_fails_what_writes_until_it_has_room(void **state)
{
	(void)state;
	for (unsigned after = 0; after < 12; after++) {
		struct harness_number w[3], r;
		struct harness h;
		harness_start(&h);
		assert_int_equal(harness_write(&h, "k", 1), 0);
		disk_fail(after, 0, SQLITE_FULL, ENOSPC);
		for (int i = 0; i < 3; i++)
			ask_write(&h, &w[i], "k", i + 2);
		ask_read(&h, &r, "k");
		harness_wait(&h, 5);
		int64_t kept = 1;
		for (int i = 0; i < 3; i++) {
			assert_true(w[i].job.err == 0 || w[i].job.err == -ENOSPC);
			if (!w[i].job.err)
				kept = i + 2;
		}
		assert_int_equal(r.job.err, 0);
		assert_int_equal(r.value, kept);
		assert_int_equal(h.troubles, w[0].job.err || w[1].job.err || w[2].job.err);
		if (h.troubles) {
			assert_int_equal(h.trouble, -ENOSPC);
			assert_int_equal(store_trouble(h.store), -ENOSPC);
			assert_int_equal(harness_read(&h, "k"), kept);
			assert_int_equal(harness_write(&h, "k", 9), -ENOSPC);
			assert_int_equal(h.troubles, 1);
		}
		disk_heal();
		assert_int_equal(harness_write(&h, "k", 10), 0);
		while (h.recoveries < h.troubles)
			uv_run(&h.loop, UV_RUN_ONCE);
		assert_int_equal(store_trouble(h.store), 0);
		harness_close(&h);
		harness_open(&h);
		assert_int_equal(harness_read(&h, "k"), 10);
		assert_int_equal(h.fatals, 0);
		harness_finish(&h);
	}
}

static void
the_store_finds_by_itself_that_writing_works_again(void **state)
{
	(void)state;
	static const int errors[][3] = {{SQLITE_FULL, ENOSPC, -ENOSPC},
	    {SQLITE_IOERR_WRITE, EDQUOT, -EDQUOT}, {SQLITE_READONLY, EROFS, -EROFS},
	    {SQLITE_IOERR_WRITE, EIO, -EIO}};
	for (size_t i = 0; i < ARRAY_LEN(errors); i++) {
		struct harness h;
		harness_start(&h);
		disk_fail(0, 0, errors[i][0], errors[i][1]);
		assert_int_equal(harness_write(&h, "k", 1), errors[i][2]);
		assert_int_equal(h.troubles, 1);
		assert_true(h.trouble_order < h.answer_order);
		disk_heal();
		while (!h.recoveries)
			uv_run(&h.loop, UV_RUN_ONCE);
		assert_true(h.recovered_order > h.answer_order);
		assert_int_equal(harness_write(&h, "k", 2), 0);
		assert_int_equal(h.recoveries, 1);
		harness_finish(&h);
	}
}

static void
readers_do_not_keep_it_from_finding_out(void **state)
{
	(void)state;
	struct harness h;
	harness_start(&h);
	disk_fail(0, 0, SQLITE_FULL, ENOSPC);
	assert_int_equal(harness_write(&h, "k", 1), -ENOSPC);
	disk_heal();
	for (int i = 0; i < 3000 && !h.recoveries; i++) {
		assert_int_equal(harness_read(&h, "k"), -1);
		let_pass(&h, 1);
	}
	assert_int_equal(h.recoveries, 1);
	harness_finish(&h);
}

static void
a_failed_sync_ends_the_store(void **state)
{
	(void)state;
	struct harness_number w, r;
	struct harness h;
	harness_start(&h);
	assert_int_equal(harness_write(&h, "k", 1), 0);
	disk_fail_syncs(0, SQLITE_IOERR_FSYNC);
	ask_write(&h, &w, "k", 2);
	ask_read(&h, &r, "k");
	while (!h.fatals)
		uv_run(&h.loop, UV_RUN_ONCE);
	assert_int_equal(h.fatal, ERR_FSYNC);
	disk_heal();
	unsigned writes = disk_writes();
	struct harness_number late;
	ask_write(&h, &late, "k", 3);
	let_pass(&h, 50);
	harness_close(&h);
	assert_int_equal(h.answered, 1);
	assert_int_equal(h.fatals, 1);
	assert_int_equal(disk_writes(), writes);
	harness_finish(&h);
}

static int
run_big(struct store_db *db, struct store_job *job)
{
	(void)job;
	sqlite3_stmt *stmt;
	int err =
	    db_stmt(db, "INSERT OR REPLACE INTO meta VALUES ('big', zeroblob(9000000))", &stmt);
	return err ? err : db_run(db, stmt);
}

static void
a_failed_sync_of_a_checkpoint_ends_it_too(void **state)
{
	(void)state;
	struct harness h;
	harness_start(&h);
	assert_int_equal(harness_write(&h, "k", 1), 0);
	struct harness_number big = {.job.run = run_big};
	big.job.done = harness_done;
	big.job.ctx = &h;
	/* the first is the commit's, what follows the checkpoint's */
	disk_fail_syncs(1, SQLITE_IOERR_FSYNC);
	store_submit(h.store, &big.job);
	while (!h.fatals)
		uv_run(&h.loop, UV_RUN_ONCE);
	assert_int_equal(h.fatal, ERR_FSYNC);
	assert_int_equal(h.answered, 2);
	disk_heal();
	harness_finish(&h);
}

static void
closing_answers_everything_first(void **state)
{
	(void)state;
	struct harness_number n[20];
	struct harness h;
	harness_start(&h);
	for (int i = 0; i < 20; i++)
		ask_write(&h, &n[i], "k", i);
	harness_close(&h);
	assert_int_equal(h.answered, 20);
	harness_open(&h);
	assert_int_equal(harness_read(&h, "k"), 19);
	harness_finish(&h);
}

static struct harness_number second;

static void
ask_second(void *ctx, struct store_job *job, int err)
{
	(void)job;
	assert_int_equal(err, 0);
	ask_write(ctx, &second, "k", 2);
}

static void
an_answer_may_ask_for_more_while_it_closes(void **state)
{
	(void)state;
	struct harness h;
	harness_start(&h);
	struct harness_number n = {.job.run = harness_write_number, .key = "k", .value = 1};
	n.job.done = ask_second;
	n.job.ctx = &h;
	harness_submit(h.store, &n);
	harness_close(&h);
	assert_int_equal(h.answered, 1);
	harness_open(&h);
	assert_int_equal(harness_read(&h, "k"), 2);
	harness_finish(&h);
}

static void
nobody_needs_to_hear_an_answer(void **state)
{
	(void)state;
	struct harness h;
	harness_start(&h);
	struct harness_number n = {.job.run = harness_write_number, .key = "k", .value = 1};
	harness_submit(h.store, &n);
	assert_int_equal(harness_read(&h, "k"), 1);
	harness_finish(&h);
	bool closed = false;
	struct harness none = {0};
	store_close(NULL, harness_on_closed, &none);
	closed = none.closed;
	assert_true(closed);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(what_is_queued_is_one_commit),
	    cmocka_unit_test(what_one_turn_asks_for_is_one_commit),
	    cmocka_unit_test(answers_come_after_the_commit),
	    cmocka_unit_test(order_is_kept),
	    cmocka_unit_test(reading_waits_for_no_disk),
	    cmocka_unit_test(only_the_guilty_job_fails),
	    cmocka_unit_test(a_full_disk_fails_what_writes_until_it_has_room),
	    cmocka_unit_test(the_store_finds_by_itself_that_writing_works_again),
	    cmocka_unit_test(readers_do_not_keep_it_from_finding_out),
	    cmocka_unit_test(a_failed_sync_ends_the_store),
	    cmocka_unit_test(a_failed_sync_of_a_checkpoint_ends_it_too),
	    cmocka_unit_test(closing_answers_everything_first),
	    cmocka_unit_test(an_answer_may_ask_for_more_while_it_closes),
	    cmocka_unit_test(nobody_needs_to_hear_an_answer),
	};
	return cmocka_run_group_tests(tests, set_up, NULL);
}
