/* Events with numbers: what the log holds first, then live, nothing left out and nothing twice. */
#define _GNU_SOURCE /* mkdtemp */
#include "fake_log.h"

static void
the_log_comes_first_then_what_happens(void **state)
{
	struct harness *h = *state;
	struct log *l = begin(h, 1000);
	int fd = greeted(h);
	subscribe(h, fd, "\"since\":100");
	expect_since(h, fd, 100);
	expect_numbers(h, fd, 100, 1000);
	happen(l);
	happen(l);
	expect_numbers(h, fd, 1000, 1002);
	assert_int_equal(l->reads, 4); /* 900 events in pages of 256 */
	assert_int_equal(l->places, 1);
	close(fd);
}

static void
only_the_topics_of_the_client_are_told(void **state)
{
	struct harness *h = *state;
	struct log *l = begin(h, 600);
	int fd = greeted(h);
	subscribe(h, fd, "\"since\":0,\"topics\":[\"receipt\"]");
	expect_since(h, fd, 0);
	for (int64_t n = 1; n <= 600; n += 3)
		assert_int_equal(next_number(h, fd), n);
	assert_int_equal(l->told, 200); /* the others were not even made */
	happen(l);
	happen(l);
	happen(l);
	happen(l);
	assert_int_equal(next_number(h, fd), 601);
	assert_int_equal(next_number(h, fd), 604);
	close(fd);
}

static void
a_name_stands_for_its_number_or_for_the_newest(void **state)
{
	struct harness *h = *state;
	struct log *l = begin(h, 50);
	int fd = greeted(h);
	subscribe(h, fd, "\"since\":\"never\"");
	expect_since(h, fd, 50);
	l->cursor = 45;
	subscribe(h, fd, "\"since\":\"tray\"");
	expect_since(h, fd, 45);
	expect_numbers(h, fd, 45, 50);
	l->cursor = 77; /* of a log that was longer */
	subscribe(h, fd, "\"since\":\"tray\"");
	expect_since(h, fd, 50);
	happen(l);
	expect_numbers(h, fd, 50, 51);
	close(fd);
}

static void
what_makes_no_sense_is_refused(void **state)
{
	struct harness *h = *state;
	begin(h, 50);
	int fd = greeted(h);
	char long_name[100];
	(void)snprintf(long_name, sizeof(long_name), "\"since\":\"%065d\"", 0);
	const char *const bad[] = {"\"since\":-1", "\"since\":1.5", "\"since\":\"\"",
	    "\"since\":null", "\"since\":true", "\"since\":51", "\"since\":9223372036854775807",
	    long_name, "\"since\":5,\"topics\":[1]"};
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		subscribe(h, fd, bad[i]);
		assert_non_null(strstr(raw_line(h, fd), "\"reason\":\"invalid\""));
	}
	subscribe(h, fd, "\"since\":51");
	assert_non_null(strstr(raw_line(h, fd), "\"data\":{\"last\":50,"));
	assert_false(ipc_has_subscribers(h->server, "message"));
	ipc_set_log(h->server, NULL, NULL);
	subscribe(h, fd, "\"since\":0");
	assert_non_null(strstr(raw_line(h, fd), "\"reason\":\"unsupported\""));
	close(fd);
}

/* ---- every order in which a replay and what happens meanwhile can fall together ---- */

enum { DEPTH = 64 };
static unsigned choice[DEPTH];
static unsigned options[DEPTH];
static size_t depth;

static unsigned
choose(unsigned of)
{
	assert_true(depth < DEPTH);
	options[depth] = of;
	return choice[depth++];
}

/* The next sequence of choices; false: all were made. */
static bool
choose_anew(void)
{
	while (depth > 0 && choice[depth - 1] + 1 >= options[depth - 1])
		choice[--depth] = 0;
	if (depth == 0)
		return false;
	choice[depth - 1]++;
	depth = 0;
	return true;
}

enum act { COMMIT, PUBLISH, RUN, ANSWER, AGAIN };

static void
act(struct log *l, int fd, enum act what)
{
	switch (what) {
	case COMMIT:
		l->last++;
		break;
	case PUBLISH:
		publish(l);
		break;
	case RUN:
		run(l, 0);
		break;
	case ANSWER:
		answer(l, 0);
		break;
	case AGAIN:
		say(l->h, fd, V "\"id\":1,\"method\":\"subscribe\",\"params\":{\"since\":0}}\n");
		break;
	}
}

static bool
may(const struct log *l, enum act what, int64_t end, bool again)
{
	switch (what) {
	case COMMIT:
		return l->last < end;
	case PUBLISH:
		return l->published < l->last;
	case RUN:
		return l->count > 0 && !l->asks[0].run;
	case ANSWER:
		return l->count > 0 && l->asks[0].run;
	case AGAIN:
	default:
		return again;
	}
}

/* One replay of what is there, and events that come meanwhile; with `again` the client
 * subscribes a second time from the beginning, at any moment. */
static void
one_order(struct harness *h, int64_t there, int64_t come, bool again)
{
	struct log *l = begin(h, there);
	l->page = 2;
	l->pages = true;
	h->server->published = 0; /* as in a fresh one: numbers begin anew */
	int fd = greeted(h);
	subscribe(h, fd, "\"since\":0");
	expect_since(h, fd, 0);
	bool asked_again = false;
	for (;;) {
		enum act open[AGAIN + 1];
		unsigned count = 0;
		for (int a = COMMIT; a <= AGAIN; a++)
			if (may(l, (enum act)a, there + come, again && !asked_again))
				open[count++] = (enum act)a;
		if (count == 0)
			break;
		enum act what = open[choose(count)];
		asked_again = asked_again || what == AGAIN;
		act(l, fd, what);
		turn(h, 3);
	}
	int64_t seen = 0;
	while (seen < there + come || asked_again) {
		const char *line = raw_line(h, fd);
		struct value *v = NULL;
		assert_int_equal(value_parse(line, strlen(line), &v), 0);
		if (value_has(v, "result")) {
			seen = value_int(value_get(v, "result"), "since", -1);
			asked_again = false;
		} else {
			assert_int_equal(value_int(value_get(v, "params"), "number", 0), ++seen);
		}
		value_free(v);
	}
	turn(h, 3);
	char nothing;
	assert_int_equal(recv(fd, &nothing, 1, 0), -1);
	assert_int_equal(l->count, 0);
	close(fd);
	turn(h, 3);
}

static unsigned
every_order(struct harness *h, int64_t there, int64_t come, bool again)
{
	unsigned orders = 0;
	memset(choice, 0, sizeof(choice));
	depth = 0;
	do {
		one_order(h, there, come, again);
		orders++;
	} while (choose_anew());
	return orders;
}

static void
no_order_of_things_loses_or_doubles_an_event(void **state)
{
	struct harness *h = *state;
	unsigned orders = 0;
	for (int64_t there = 0; there <= 3; there++)
		orders += every_order(h, there, 3, false);
	for (int64_t there = 0; there <= 2; there++)
		orders += every_order(h, there, 2, true);
	print_message("# %u orders\n", orders);
	assert_true(orders > 500);
}

/* ---- size and pace ---- */

static void
a_long_log_never_fills_the_queue(void **state)
{
	struct harness *h = *state;
	struct log *l = begin(h, 3000);
	int slow = greeted(h);
	int quick = greeted(h);
	l->text = 16384; /* 48 MiB in all */
	subscribe(h, slow, "\"since\":0");
	expect_since(h, slow, 0);
	turn(h, 200);
	assert_true(l->told <= LIMIT_REPLAY_PAGE); /* it does not read: nothing more is asked for */
	size_t reads = l->reads;
	turn(h, 50);
	assert_int_equal(l->reads, reads);
	/* others are served meanwhile, and told what happens */
	subscribe(h, quick, "\"topics\":[\"message\",\"receipt\",\"typing\"]");
	assert_non_null(strstr(raw_line(h, quick), "result"));
	for (int i = 0; i < 100; i++) {
		happen(l);
		expect_numbers(h, quick, 2999 + i + 1, 3000 + i + 1);
		LIST_FOREACH (node, &h->server->clients)
			assert_true(client_unsent(container_of(node, struct ipc_client, node)) <
				    LIMIT_REPLAY_QUEUE + 2 * l->text);
	}
	expect_numbers(h, slow, 0, 3100);
	happen(l);
	expect_numbers(h, slow, 3100, 3101);
	close(slow);
	close(quick);
}

static void
a_replay_leaves_others_their_turn(void **state)
{
	struct harness *h = *state;
	struct log *l = begin(h, 4000);
	int reader = greeted(h);
	int other = greeted(h);
	subscribe(h, reader, "\"since\":0");
	expect_since(h, reader, 0);
	size_t told = l->told;
	say(h, other, V "\"id\":5,\"method\":\"echo\"}\n");
	expect(h, other, V "\"id\":5,\"result\":{}}\n");
	assert_true(l->told <= told + LIMIT_REPLAY_PAGE);
	expect_numbers(h, reader, 0, 4000);
	close(reader);
	close(other);
}

static void
each_client_has_its_own_place(void **state)
{
	struct harness *h = *state;
	struct log *l = begin(h, 700);
	int fds[5];
	for (int64_t i = 0; i < 5; i++) {
		char since[32];
		(void)snprintf(since, sizeof(since), "\"since\":%lld", (long long)i * 150);
		fds[i] = greeted(h);
		subscribe(h, fds[i], since);
		happen(l);
	}
	for (int64_t i = 0; i < 5; i++) {
		expect_since(h, fds[i], i * 150);
		expect_numbers(h, fds[i], i * 150, 705);
	}
	happen(l);
	for (int64_t i = 0; i < 5; i++) {
		expect_numbers(h, fds[i], 705, 706);
		close(fds[i]);
	}
}

static void
one_that_is_cut_off_goes_on_where_it_was(void **state)
{
	struct harness *h = *state;
	struct log *l = begin(h, 10);
	int fd = greeted(h);
	subscribe(h, fd, "\"since\":0");
	expect_since(h, fd, 0);
	expect_numbers(h, fd, 0, 5);
	/* what has no number is told at once, and too much of it */
	for (int i = 0; i < 300; i++)
		publish_big(h);
	l->text = 1;
	for (int i = 0; i < 20; i++)
		happen(l);
	const char *line = raw_line(h, fd);
	int64_t last = 5;
	while (strstr(line, "\"method\":\"event\"")) {
		const char *number = strstr(line, "\"number\":");
		last = number ? strtoll(number + 9, NULL, 10) : last;
		line = raw_line(h, fd);
	}
	int64_t since = cut_off_since(line);
	assert_int_equal(since, last);
	expect(h, fd, "");
	close(fd);
	fd = greeted(h);
	char again[40];
	(void)snprintf(again, sizeof(again), "\"since\":%lld", (long long)since);
	subscribe(h, fd, again);
	expect_since(h, fd, since);
	expect_numbers(h, fd, since, 30);
	close(fd);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(the_log_comes_first_then_what_happens),
	    TEST(only_the_topics_of_the_client_are_told),
	    TEST(a_name_stands_for_its_number_or_for_the_newest),
	    TEST(what_makes_no_sense_is_refused),
	    TEST(no_order_of_things_loses_or_doubles_an_event),
	    TEST(a_long_log_never_fills_the_queue),
	    TEST(a_replay_leaves_others_their_turn),
	    TEST(each_client_has_its_own_place),
	    TEST(one_that_is_cut_off_goes_on_where_it_was),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
