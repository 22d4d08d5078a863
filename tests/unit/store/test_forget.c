#include "history.h"
#include "store/forget.h"
#include "store/log.h"

#define MARKER "zanzibarxq"

static int
setup(void **state)
{
	static struct harness h;
	harness_start(&h);
	*state = &h;
	return 0;
}

static int
teardown(void **state)
{
	harness_finish(*state);
	return 0;
}

static int64_t
rows(struct harness *h)
{
	return sql(h, "SELECT (SELECT count(*) FROM message) + (SELECT count(*) FROM reaction)"
		      " + (SELECT count(*) FROM peer) + (SELECT count(*) FROM words_docsize)"
		      " + (SELECT count(*) FROM event WHERE kind <> 6)"
		      " + (SELECT count(*) FROM span WHERE low <= high)");
}

/* Everything that can be about a message, each with the marker. */
static void
much(struct harness *h, const char *peer, int count)
{
	for (int i = 0; i < count; i++) {
		char id[40], other[40], body[200];
		(void)snprintf(id, sizeof(id), MARKER "-%d", i);
		(void)snprintf(other, sizeof(other), MARKER "+%d", i);
		(void)snprintf(body, sizeof(body), "first %s%d", MARKER, i);
		put(h, (struct store_put){.peer = peer,
			   .direction = STORE_IN,
			   .id = id,
			   .origin = true,
			   .body = body,
			   .stanza = body,
			   .stanza_len = strlen(body)});
		if (i % 4 == 0)
			(void)find(h, "first");
		if (i % 3 == 0)
			about(h, peer, STORE_IN, STORE_CORRECTION, other, id, "now " MARKER);
		else if (i % 3 == 1)
			about(h, peer, STORE_OUT, STORE_REACTION, other, id, MARKER);
	}
}

static int64_t
deliver_all(struct harness *h)
{
	return sql(h, "UPDATE message SET state = 2 WHERE state = 0");
}

static void
l9_nothing_is_left_of_what_is_forgotten(void **state)
{
	struct harness *h = *state;
	hear(h, "b@x", "keep", "kept words", 1);
	much(h, "a@x", 60);
	deliver_all(h);
	(void)find(h, MARKER);
	assert_true(in_files(h, MARKER) > 0);
	assert_int_equal(forget(h, (struct store_forget){.peer = "A@x"}), 60);
	assert_int_equal(in_files(h, MARKER), 0);
	assert_int_equal(in_files(h, "kept words"), 1);
	assert_string_equal(find(h, "kept"), "kept words");
	assert_string_equal(find(h, "first"), "");
	assert_string_equal(page(h, (struct store_page){.limit = 9}), "kept words");
	/* the message and its person, its words, its block */
	assert_int_equal(rows(h), 4);
	assert_int_equal(sql(h, "SELECT count(*) FROM forgetting"), 0);
	harness_close(h);
	assert_int_equal(in_files(h, MARKER), 0);
	harness_open(h);
	assert_string_equal(find(h, "kept"), "kept words");
}

static void
l9_all_can_be_forgotten_at_once(void **state)
{
	struct harness *h = *state;
	much(h, "a@x", 30);
	much(h, "b@x", 30);
	deliver_all(h);
	(void)find(h, MARKER);
	say(h, "b@x", "o", "waits");
	assert_int_equal(forget(h, (struct store_forget){0}), 60);
	assert_int_equal(in_files(h, MARKER), 0);
	assert_string_equal(find(h, "waits"), "waits");
	assert_string_equal(page(h, (struct store_page){.limit = 9}), "waits");
	assert_int_equal(forget(h, (struct store_forget){.queued = true}), 1);
	assert_int_equal(in_files(h, "waits"), 0);
	assert_int_equal(rows(h), 0);
	assert_int_equal(sql(h, "SELECT count(*) FROM event"), 1);
}

static void
l9_nothing_is_left_of_a_contact_that_is_forgotten(void **state)
{
	struct harness *h = *state;
	struct store_contact_put put = {
	    .contact = {.name = MARKER "@x",
		.display = MARKER,
		.instance = MARKER "@x",
		.has_key = true,
		.key = MARKER,
		.trust = STORE_TRUST_NEW,
		.via = MARKER,
		.addresses = MARKER},
	    .cause = "first contact",
	};
	assert_int_equal(HARNESS_ASK(h, store_contact_put, &put), 0);
	assert_true(in_files(h, MARKER) > 0);
	struct store_contact_forget one = {.name = MARKER "@x", .cause = "forgotten"};
	assert_int_equal(HARNESS_ASK(h, store_contact_forget, &one), 0);
	/* but that it was forgotten, and what went before it */
	assert_int_equal(sql(h, "SELECT count(*) FROM peer"), 0);
	assert_int_equal(sql(h, "SELECT count(*) FROM trust_change"), 2);
	assert_int_equal(forget(h, (struct store_forget){0}), 0);
	assert_int_equal(in_files(h, MARKER), 0);
}

static void
what_waits_is_kept_with_its_mark(void **state)
{
	struct harness *h = *state;
	hear(h, "a@x", "i1", "theirs", 1);
	int64_t n = say(h, "a@x", "o1", "ours");
	struct store_mark mark = {.peer = "a@x", .upto = n};
	assert_int_equal(HARNESS_ASK(h, store_mark, &mark), 0);
	assert_int_equal(forget(h, (struct store_forget){.peer = "a@x"}), 1);
	assert_string_equal(page(h, (struct store_page){.limit = 9}), "ours");
	assert_int_equal(sql(h, "SELECT mark FROM peer"), n);
	assert_int_equal(forget(h, (struct store_forget){.peer = "a@x", .queued = true}), 1);
	assert_int_equal(sql(h, "SELECT count(*) FROM peer"), 0);
}

static void
only_older_ones_are_forgotten(void **state)
{
	struct harness *h = *state;
	hear(h, "a@x", "1", "old " MARKER, 1);
	hear(h, "b@x", "2", "older " MARKER, 1);
	assert_int_equal(sql(h, "UPDATE message SET stored_at = n * 10"), -1);
	/* newer, but says what the old one said */
	about(h, "a@x", STORE_IN, STORE_CORRECTION, "3", "1", "corrected " MARKER);
	hear(h, "a@x", "4", "new", 1);
	assert_int_equal(forget(h, (struct store_forget){.peer = "a@x", .before = 1000}), 1);
	assert_int_equal(sql(h, "SELECT count(*) FROM message WHERE kind <> 0"), 0);
	assert_string_equal(page(h, (struct store_page){.limit = 9}), "older " MARKER " new");
	assert_int_equal(forget(h, (struct store_forget){.before = 20}), 0);
	assert_int_equal(forget(h, (struct store_forget){.before = 21}), 1);
	assert_int_equal(in_files(h, MARKER), 0);
	assert_string_equal(page(h, (struct store_page){.limit = 9}), "new");
	assert_int_equal(forget(h, (struct store_forget){.peer = "nobody@x"}), 0);
}

static void
what_was_received_does_not_come_back(void **state)
{
	struct harness *h = *state;
	int64_t first = hear(h, "a@x", "i1", "once", 1);
	assert_int_equal(forget(h, (struct store_forget){0}), 1);
	struct store_put p = {
	    .peer = "A@X", .direction = STORE_IN, .id = "i1", .origin = true, .body = "once"};
	assert_int_equal(HARNESS_ASK(h, store_put, &p), 0);
	assert_true(p.duplicate);
	assert_string_equal(page(h, (struct store_page){.limit = 9}), "");
	/* and no number is given out again, also after a restart */
	harness_close(h);
	harness_open(h);
	assert_true(hear(h, "a@x", "i2", "another", 1) > first + 1);
	/* too long ago */
	assert_int_equal(sql(h, "UPDATE forgotten SET at = 1"), -1);
	assert_int_equal(forget(h, (struct store_forget){.peer = "nobody@x"}), 0);
	assert_int_equal(forget(h, (struct store_forget){.peer = "a@x"}), 1);
	assert_int_equal(sql(h, "SELECT count(*) FROM forgotten"), 1);
}

static void
the_log_tells_that_it_was_forgotten(void **state)
{
	struct harness *h = *state;
	hear(h, "a@x", "i1", "once", 1);
	forget(h, (struct store_forget){.peer = "A@X", .before = INT64_MAX});
	struct store_read_log read = {.limit = 10};
	assert_int_equal(HARNESS_ASK(h, store_read_log, &read), 0);
	assert_int_equal(read.count, 1);
	assert_int_equal(read.at[0].kind, STORE_EVENT_FORGOTTEN);
	assert_string_equal(read.at[0].message.peer, "a@x");
	assert_int_equal(read.at[0].message.stored_at, INT64_MAX);
	store_read_log_finish(&read);
}

/* One step of forgetting, as if the store had died after it. */
static int
step_once(struct store_db *db, struct store_job *job)
{
	struct harness_number *n = container_of(job, struct harness_number, job);
	bool done;
	return forget_step(db, &done, &n->value);
}

static void
what_was_begun_is_finished_after_a_restart(void **state)
{
	struct harness *h = *state;
	static const char *const names[] = {"a@x", "b@x", "c@x"};
	for (int steps = 0; steps < 3; steps++) {
		much(h, names[steps], 40);
		deliver_all(h);
		(void)find(h, MARKER);
		assert_int_equal(sql(h, "INSERT INTO forgetting SELECT 1, id, 0, 0, "
					"(SELECT max(n) FROM message), 0, 0, 0, 0 FROM peer"),
		    -1);
		for (int i = 0; i < steps; i++) {
			struct harness_number n = {.job.run = step_once};
			assert_int_equal(HARNESS_ASK(h, harness_submit, &n), 0);
		}
		harness_close(h);
		harness_open(h);
		uint64_t since = uv_hrtime();
		while (sql(h, "SELECT count(*) FROM forgetting") > 0) {
			assert_true(uv_hrtime() - since < 20000000000U);
			uv_sleep(700);
		}
		assert_int_equal(in_files(h, MARKER), 0);
		assert_int_equal(rows(h), 0);
	}
}

static unsigned forgotten_told;

static void
count_forgotten(struct harness *h, const struct store_event *events, size_t count)
{
	(void)h;
	for (size_t i = 0; i < count; i++)
		forgotten_told += events[i].kind == STORE_EVENT_FORGOTTEN;
}

static void
what_is_finished_after_a_restart_is_told(void **state)
{
	struct harness *h = *state;
	hear(h, "a@x", "i", "1", 11);
	assert_int_equal(sql(h, "INSERT INTO forgetting SELECT 1, id, 0, 0, "
				"(SELECT max(n) FROM message), 0, 0, 0, 0 FROM peer"),
	    -1);
	harness_close(h);
	h->on_events = count_forgotten;
	harness_open(h);
	store_watch(h->store, STORE_WATCH_ALL);
	uint64_t since = uv_hrtime();
	for (forgotten_told = 0; !forgotten_told; uv_sleep(10)) {
		(void)uv_run(&h->loop, UV_RUN_NOWAIT);
		assert_true(uv_hrtime() - since < 5000000000U);
	}
	assert_int_equal(forgotten_told, 1);
}

struct asked {
	struct store_forget forget;
	bool done;
};

static void
on_forgotten(void *ctx, struct store_job *job, int err)
{
	struct asked *asked = ctx;
	(void)job;
	assert_int_equal(err, 0);
	asked->done = true;
}

/* Others are served between the steps, and see the store whole. */
static void
others_are_served_meanwhile(void **state)
{
	struct harness *h = *state;
	enum { COUNT = 2000 };
	assert_int_equal(sql(h, "INSERT INTO peer (id, name, display) VALUES (1, 'a@x', 'A')"), -1);
	assert_int_equal(
	    sql(h, "WITH RECURSIVE c (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c "
		   "WHERE n < 2000) INSERT INTO message (n, peer, direction, kind, state,"
		   " origin, markable, said_at, stored_at, id, body) SELECT n, 1, 0, 0, 7,"
		   " 1, 0, n, n, 'i' || n, 'tea ' || n FROM c"),
	    -1);
	harness_close(h);
	harness_open(h);
	struct asked asked = {.forget = {.peer = "a@x", .job.done = on_forgotten}};
	asked.forget.job.ctx = &asked;
	store_forget(h->store, &asked.forget);
	size_t pages = 0;
	for (size_t last = COUNT; !asked.done; pages++) {
		struct store_page p = {.limit = LIMIT_HISTORY_PAGE};
		assert_int_equal(HARNESS_ASK(h, store_page, &p), 0);
		assert_true(p.list.count <= last);
		last = p.list.count;
		store_list_finish(&p.list);
		(void)find(h, "tea");
	}
	assert_int_equal(asked.forget.count, COUNT);
	assert_true(pages > 1);
	assert_string_equal(find(h, "tea"), "");
	assert_int_equal(rows(h), 0);
	assert_int_equal(sql(h, "SELECT count(*) FROM forgotten"), COUNT);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(
		l9_nothing_is_left_of_what_is_forgotten, setup, teardown),
	    cmocka_unit_test_setup_teardown(l9_all_can_be_forgotten_at_once, setup, teardown),
	    cmocka_unit_test_setup_teardown(
		l9_nothing_is_left_of_a_contact_that_is_forgotten, setup, teardown),
	    cmocka_unit_test_setup_teardown(what_waits_is_kept_with_its_mark, setup, teardown),
	    cmocka_unit_test_setup_teardown(only_older_ones_are_forgotten, setup, teardown),
	    cmocka_unit_test_setup_teardown(what_was_received_does_not_come_back, setup, teardown),
	    cmocka_unit_test_setup_teardown(the_log_tells_that_it_was_forgotten, setup, teardown),
	    cmocka_unit_test_setup_teardown(
		what_was_begun_is_finished_after_a_restart, setup, teardown),
	    cmocka_unit_test_setup_teardown(
		what_is_finished_after_a_restart_is_told, setup, teardown),
	    cmocka_unit_test_setup_teardown(others_are_served_meanwhile, setup, teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
