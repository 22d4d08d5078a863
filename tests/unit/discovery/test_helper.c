#include "base/clock.h"
#include "discovery/child.h"
#include "world.h"

static bool
started_again(struct world *w, const char *arg)
{
	(void)arg;
	return w->starts >= 2 && w->fake;
}

static bool
is_embedded(struct world *w, const char *arg)
{
	(void)arg;
	return w->embedded_starts > 0;
}

static bool
is_normal_again(struct world *w, const char *arg)
{
	(void)arg;
	return w->starts > w->embedded_starts + 1;
}

static void
a_healthy_helper_is_left_alone(void **state)
{
	struct world w;
	(void)state;
	world_init(&w);
	world_up(&w);
	world_pass(&w, 300); /* some fifteen pings */
	assert_int_equal(w.starts, 1);
	world_finish(&w);
}

static void
what_cannot_be_read_ends_it(void **state)
{
	static const char *const lines[] = {
	    "rubbish\n",
	    "\n",
	    "found\tjuliet\n",
	    "found\tjuliet\tx\t4\n",
	    "found\tjuliet\t2\t5\n",
	    "found\tjuliet\t2\t4\t\n",
	    "found\tjuliet%4\t2\t4\n",
	    "service\tjuliet\t2\t4\th\t65536\t10.0.0.1\n",
	    "pong\tx\n",
	    "hello\t1\n",
	    "note\tshout\tx\n",
	};
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(lines); i++) {
		struct world w;
		world_init(&w);
		world_up(&w);
		fake_say(&w, lines[i]);
		if (!world_run(&w, started_again, NULL, PATIENCE_MS))
			fail_msg("was put up with: %s", lines[i]);
		world_finish(&w);
	}
}

static void
another_version_or_an_early_word_ends_it(void **state)
{
	static const char *const words[] = {"hello\t2\n", "found\tjuliet\t2\t4\n", "hello\n"};
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(words); i++) {
		struct world w;
		struct discovery_state s;
		world_init(&w);
		w.silent = true;
		w.babble = words[i];
		world_start(&w, true);
		assert_true(world_run(&w, started_again, NULL, PATIENCE_MS));
		discovery_get_state(w.d, &s);
		assert_int_not_equal(s.mdns, DISCOVERY_RUNNING);
		assert_false(world_told(&w, "new"));
		world_finish(&w);
	}
}

static void
an_endless_line_ends_it(void **state)
{
	enum { CHUNK = 16 * 1024 };
	struct world w;
	size_t said = 0;
	static char chunk[CHUNK + 1];
	(void)state;
	memset(chunk, 'x', CHUNK);
	world_init(&w);
	world_up(&w);
	while (w.starts == 1 && said < (size_t)2 * LIMIT_HELPER_LINE) {
		uv_buf_t out = uv_buf_init(chunk, CHUNK);
		int n = w.fake ? uv_try_write((uv_stream_t *)&w.fake->pipe, &out, 1) : 0;
		said += n > 0 ? (size_t)n : 0;
		(void)uv_run(&w.loop, UV_RUN_NOWAIT);
	}
	assert_true(world_run(&w, started_again, NULL, PATIENCE_MS));
	assert_in_range(said, LIMIT_HELPER_LINE, LIMIT_HELPER_LINE + (512 << 10));
	world_finish(&w);
}

static void
lines_may_come_in_pieces(void **state)
{
	const char *line = "found\tjuliet@capulet\t2\t4\nfound\ttybalt@capulet\t2\t4\n";
	struct world w;
	(void)state;
	world_init(&w);
	world_up(&w);
	for (const char *at = line; *at; at++) {
		const char one[] = {*at, '\0'};
		fake_say(&w, one);
		(void)uv_run(&w.loop, UV_RUN_NOWAIT);
	}
	world_expect(&w, "new juliet@capulet\n");
	world_expect(&w, "new tybalt@capulet\n");
	assert_int_equal(w.starts, 1);
	world_finish(&w);
}

static void
a_hang_under_avahi_daemon_leads_to_embedded_and_back(void **state)
{
	struct world w;
	(void)state;
	world_init(&w);
	world_up(&w);
	fake_say(&w, "backend\tavahi-daemon\t\n");
	world_pass(&w, 10);
	w.deaf = true;
	assert_true(world_run(&w, is_embedded, NULL, PATIENCE_MS));
	w.deaf = false;
	assert_int_equal(w.starts, 2);
	assert_true(world_run(&w, is_normal_again, NULL, PATIENCE_MS));
	assert_int_equal(w.starts, 3);
	world_finish(&w);
}

static void
a_hang_of_the_embedded_responder_blames_nobody(void **state)
{
	struct world w;
	(void)state;
	world_init(&w);
	world_up(&w); /* says "embedded" */
	w.deaf = true;
	assert_true(world_run(&w, started_again, NULL, PATIENCE_MS));
	assert_int_equal(w.embedded_starts, 0);
	world_finish(&w);
}

static void
a_hang_before_hello_is_seen(void **state)
{
	struct world w;
	(void)state;
	world_init(&w);
	w.silent = true;
	world_start(&w, true);
	assert_true(world_run(&w, started_again, NULL, PATIENCE_MS));
	assert_int_equal(w.embedded_starts, 1); /* it may be avahi-daemon that hangs */
	world_finish(&w);
}

static void
an_answer_that_came_while_we_stood_still_counts(void **state)
{
	struct world w;
	(void)state;
	world_init(&w);
	world_up(&w);
	for (int i = 0; i < 3; i++) {
		world_pass(&w, 25);                 /* a ping is on its way, or answered */
		uint64_t until = clock_now() + 100; /* longer than an answer may take */
		while (clock_now() < until)
			uv_sleep(5);
	}
	world_pass(&w, 200);
	assert_int_equal(w.starts, 1);
	world_finish(&w);
}

static void
restarts_wait_longer_each_time(void **state)
{
	struct world w;
	(void)state;
	world_init(&w);
	w.silent = true;
	w.babble = "rubbish\n";
	world_start(&w, true);
	world_pass(&w, 400); /* waits of 5, 10, 20, 40, 40 ... ms */
	assert_in_range(w.starts, 4, 13);
	world_finish(&w);
}

static void
one_that_does_not_quit_is_killed(void **state)
{
	struct world w;
	(void)state;
	world_init(&w);
	world_up(&w);
	w.deaf = true;
	uint64_t before = clock_now();
	world_finish(&w);
	assert_in_range(clock_now() - before, 90, 1500);
}

static bool
restarted_twice(struct world *w, const char *arg)
{
	struct discovery_state s;
	(void)arg;
	discovery_get_state(w->d, &s);
	return s.helper_restarts >= 2;
}

/* cat says what it hears: hello is right, ping is not. false exits at once. */
static void
real_programs_are_started_and_reaped(void **state)
{
	static char cat[] = "/bin/cat", no[] = "/bin/false";
	static struct child_program programs[] = {{cat, CONFINE_ON}, {no, CONFINE_ON}};
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(programs); i++) {
		struct world w;
		world_init(&w);
		w.parts.launcher = child_launcher(&programs[i]);
		world_start(&w, true);
		assert_true(world_run(&w, restarted_twice, NULL, PATIENCE_MS));
		world_finish(&w);
	}
}

static void
a_missing_program_is_a_problem_not_an_end(void **state)
{
	static char path[] = "/nonexistent/earshot-mdns";
	struct child_program program = {path, CONFINE_ON};
	struct world w;
	struct discovery_state s;
	(void)state;
	world_init(&w);
	w.parts.launcher = child_launcher(&program);
	world_start(&w, true);
	world_pass(&w, 300);
	discovery_get_state(w.d, &s);
	assert_int_equal(s.mdns, DISCOVERY_FAILED);
	assert_int_equal(s.helper_pid, 0);
	assert_non_null(strstr(s.problem, "No such file"));
	world_finish(&w);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_healthy_helper_is_left_alone),
	    cmocka_unit_test(what_cannot_be_read_ends_it),
	    cmocka_unit_test(another_version_or_an_early_word_ends_it),
	    cmocka_unit_test(an_endless_line_ends_it),
	    cmocka_unit_test(lines_may_come_in_pieces),
	    cmocka_unit_test(a_hang_under_avahi_daemon_leads_to_embedded_and_back),
	    cmocka_unit_test(a_hang_of_the_embedded_responder_blames_nobody),
	    cmocka_unit_test(a_hang_before_hello_is_seen),
	    cmocka_unit_test(an_answer_that_came_while_we_stood_still_counts),
	    cmocka_unit_test(restarts_wait_longer_each_time),
	    cmocka_unit_test(one_that_does_not_quit_is_killed),
	    cmocka_unit_test(real_programs_are_started_and_reaped),
	    cmocka_unit_test(a_missing_program_is_a_problem_not_an_end),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
