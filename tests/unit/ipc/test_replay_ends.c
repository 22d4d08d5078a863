/* Replays of the log that end otherwise than well, and clients that think twice. */
#define _GNU_SOURCE /* mkdtemp */
#include "fake_log.h"

static void
leaving_is_possible_at_any_time(void **state)
{
	struct harness *h = *state;
	struct log *l = begin(h, 600);
	for (int step = 0; step < 4; step++) { /* before the place, before a page, in a page */
		int fd = greeted(h);
		l->held = true;
		subscribe(h, fd, "\"since\":0");
		for (int i = 0; i < step && l->count > 0; i++) {
			run(l, 0);
			answer(l, 0);
			turn(h, 3);
		}
		close(fd);
		turn(h, 5);
		assert_int_equal(ipc_server_clients(h->server), step == 0 ? 1 : 0);
		while (l->count > 0) { /* the answer finds nobody */
			run(l, 0);
			answer(l, 0);
		}
		turn(h, 5);
		assert_int_equal(ipc_server_clients(h->server), 0);
	}
	assert_false(l->wanted[0]);
}

static void
the_server_may_be_gone_before_the_answer(void **state)
{
	struct harness *h = *state;
	struct log *l = begin(h, 600);
	int reading = greeted(h);
	int placing = greeted(h);
	subscribe(h, reading, "\"since\":0,\"topics\":[\"message\"]");
	expect_since(h, reading, 0);
	l->held = true;
	subscribe(h, reading, "\"since\":0");
	subscribe(h, placing, "\"since\":\"name\"");
	assert_true(l->count >= 2);
	run(l, 0);
	answer(l, 0);
	turn(h, 2);
	ipc_server_close(h->server, on_done, h);
	uv_run(&h->loop, UV_RUN_DEFAULT);
	assert_true(h->closed);
	while (l->count > 0) {
		run(l, 0);
		answer(l, 0);
	}
	close(reading);
	close(placing);
}

static void
a_stopping_daemon_does_not_ask_the_log(void **state)
{
	struct harness *h = *state;
	struct log *l = begin(h, 600);
	int fd = greeted(h);
	l->held = true;
	subscribe(h, fd, "\"since\":0");
	run(l, 0);
	ipc_server_refuse(h->server);
	size_t reads = l->reads;
	answer(l, 0);
	turn(h, 10);
	expect_since(h, fd, 0);
	assert_int_equal(l->reads, reads);
	close(fd);
	turn(h, 5);
}

static void
a_failing_log_is_told_to_whom_it_concerns(void **state)
{
	struct harness *h = *state;
	struct log *l = begin(h, 600);
	int fd = greeted(h);
	int other = greeted(h);
	l->err = -EIO;
	subscribe(h, fd, "\"since\":7");
	assert_non_null(strstr(raw_line(h, fd), "\"reason\":\"internal\""));
	assert_false(ipc_has_subscribers(h->server, "message"));
	l->err = 0;
	subscribe(h, other, "");
	assert_non_null(strstr(raw_line(h, other), "result"));
	l->held = true;
	subscribe(h, fd, "\"since\":7");
	run(l, 0);
	answer(l, 0); /* the place */
	turn(h, 3);
	run(l, 0);
	answer(l, 0); /* a page */
	turn(h, 20);
	assert_int_equal(l->count, 1);
	l->err = -EIO;
	answer(l, 0);
	expect_since(h, fd, 7);
	expect_numbers(h, fd, 7, 7 + LIMIT_REPLAY_PAGE);
	assert_int_equal(cut_off_since(raw_line(h, fd)), 7 + LIMIT_REPLAY_PAGE);
	expect(h, fd, "");
	happen(l);
	expect_numbers(h, other, 600, 601);
	close(fd);
	close(other);
}

static void
a_log_that_goes_round_in_circles_is_left(void **state)
{
	struct harness *h = *state;
	struct log *l = begin(h, 600);
	int fd = greeted(h);
	l->stuck = true;
	subscribe(h, fd, "\"since\":7");
	expect_since(h, fd, 7);
	assert_int_equal(cut_off_since(raw_line(h, fd)), 7);
	assert_int_equal(l->reads, 1);
	close(fd);
}

/* What was published last was forgotten since: the log ends below it, and that is all right. */
static void
a_log_that_ends_below_what_was_published_is_read_once(void **state)
{
	struct harness *h = *state;
	struct log *l = begin(h, 50);
	int fd = greeted(h);
	happen(l);
	l->last--;
	subscribe(h, fd, "\"since\":50");
	expect_since(h, fd, 50);
	turn(h, 20);
	assert_int_equal(l->reads, 1);
	l->last = 52;
	publish(l);
	assert_int_equal(next_number(h, fd), 52);
	close(fd);
}

static void
unsubscribing_ends_a_replay(void **state)
{
	struct harness *h = *state;
	struct log *l = begin(h, 2000);
	int fd = greeted(h);
	l->text = 16384;
	subscribe(h, fd, "\"since\":0");
	expect_since(h, fd, 0);
	expect_numbers(h, fd, 0, 10);
	say(h, fd, V "\"id\":2,\"method\":\"unsubscribe\"}\n");
	const char *line = raw_line(h, fd);
	while (!strstr(line, "\"result\""))
		line = raw_line(h, fd);
	size_t reads = l->reads;
	turn(h, 10);
	assert_int_equal(l->reads, reads);
	subscribe(h, fd, ""); /* live, as if nothing had been */
	assert_non_null(strstr(raw_line(h, fd), "\"topics\":[\"*\"]"));
	happen(l);
	expect_numbers(h, fd, 2000, 2001);
	close(fd);
}

static void
topics_may_be_dropped_and_added_while_it_runs(void **state)
{
	struct harness *h = *state;
	struct log *l = begin(h, 9);
	int fd = greeted(h);
	l->page = 3;
	l->held = true;
	subscribe(h, fd, "\"since\":0,\"topics\":[\"message\",\"receipt\"]");
	run(l, 0);
	answer(l, 0); /* the place */
	turn(h, 3);
	run(l, 0);
	answer(l, 0); /* 1 to 3 */
	turn(h, 3);
	say(h, fd,
	    V "\"id\":2,\"method\":\"unsubscribe\",\"params\":{\"topics\":[\"message\"]}}\n");
	turn(h, 3);
	run(l, 0);
	answer(l, 0); /* 4 to 6 */
	turn(h, 3);
	subscribe(h, fd, "\"topics\":[\"typing\"]");
	l->held = false;
	run(l, 0);
	answer(l, 0); /* 7 to 9 */
	expect_since(h, fd, 0);
	assert_int_equal(next_number(h, fd), 1);
	assert_int_equal(next_number(h, fd), 3);
	expect(h, fd, V "\"id\":2,\"result\":{\"topics\":[\"receipt\"]}}\n");
	assert_int_equal(next_number(h, fd), 4);
	expect(h, fd, V "\"id\":1,\"result\":{\"topics\":[\"receipt\",\"typing\"]}}\n");
	assert_int_equal(next_number(h, fd), 7);
	assert_int_equal(next_number(h, fd), 8);
	close(fd);
}

static void
a_live_client_may_go_back(void **state)
{
	struct harness *h = *state;
	struct log *l = begin(h, 20);
	int fd = greeted(h);
	subscribe(h, fd, "");
	assert_non_null(strstr(raw_line(h, fd), "result"));
	happen(l);
	expect_numbers(h, fd, 20, 21);
	subscribe(h, fd, "\"since\":18");
	expect_since(h, fd, 18);
	expect_numbers(h, fd, 18, 21);
	happen(l);
	expect_numbers(h, fd, 21, 22);
	close(fd);
}

/* Of calls that come together the subscription is done before those behind it. */
static void
calls_keep_their_order(void **state)
{
	struct harness *h = *state;
	struct log *l = begin(h, 20);
	int fd = greeted(h);
	l->held = true;
	say(h, fd,
	    V "\"id\":1,\"method\":\"subscribe\",\"params\":{\"since\":19}}\n" V
	      "\"id\":2,\"method\":\"unsubscribe\"}\n" V "\"id\":3,\"method\":\"echo\"}\n");
	turn(h, 5);
	assert_int_equal(h->runs, 0);
	run(l, 0);
	answer(l, 0);
	turn(h, 3);
	while (l->count > 0) { /* a page that is wanted no longer */
		run(l, 0);
		answer(l, 0);
	}
	expect_since(h, fd, 19);
	expect(h, fd, V "\"id\":2,\"result\":{\"topics\":[]}}\n");
	expect(h, fd, V "\"id\":3,\"result\":{}}\n");
	close(fd);
}

static void
the_source_hears_of_topics(void **state)
{
	struct harness *h = *state;
	struct log *l = begin(h, 20);
	int fd = greeted(h);
	assert_int_equal(l->topics, 0);
	subscribe(h, fd, "\"topics\":[\"receipt\"]");
	assert_int_equal(l->topics, 1);
	assert_true(l->wanted[1] && !l->wanted[0]);
	subscribe(h, fd, "\"since\":20,\"topics\":[\"message\"]");
	assert_true(l->wanted[1] && l->wanted[0]);
	say(h, fd,
	    V "\"id\":2,\"method\":\"unsubscribe\",\"params\":{\"topics\":[\"message\"]}}\n");
	turn(h, 3);
	assert_true(l->wanted[1] && !l->wanted[0]);
	close(fd);
	turn(h, 5);
	assert_false(l->wanted[1] || l->wanted[0]);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(leaving_is_possible_at_any_time),
	    TEST(the_server_may_be_gone_before_the_answer),
	    TEST(a_stopping_daemon_does_not_ask_the_log),
	    TEST(a_failing_log_is_told_to_whom_it_concerns),
	    TEST(a_log_that_goes_round_in_circles_is_left),
	    TEST(a_log_that_ends_below_what_was_published_is_read_once),
	    TEST(unsubscribing_ends_a_replay),
	    TEST(topics_may_be_dropped_and_added_while_it_runs),
	    TEST(a_live_client_may_go_back),
	    TEST(calls_keep_their_order),
	    TEST(the_source_hears_of_topics),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
