/* Events with numbers: what the log holds first, then live, nothing left out and nothing twice.
 * The log is a fake whose answers come when a test wants them. */
#define _GNU_SOURCE /* mkdtemp */
#include "harness.h"

enum { LOG_MAX = 4096, ASKS = 8 };

struct page {
	struct ipc_log_ask *ask;
	bool place, run; /* run: what the log held then is what the answer will say */
	const char *name;
	int64_t since, last;
	size_t limit;
};

/* The log: event n has the topic topics[n % 3]. */
struct log {
	struct harness *h;
	int64_t first, last; /* numbers that are in it: above first, up to last */
	int64_t published;
	int64_t cursor;
	size_t page; /* events it gives at most */
	size_t text; /* bytes of text in each event */
	bool held;   /* answers wait for run() and answer() */
	bool pages;  /* ... of pages alone do */
	int err;     /* instead of an answer */
	bool stuck;  /* pages say there is more and do not move on */
	struct page asks[ASKS];
	size_t count, reads, places, told;
	int topics; /* calls of on_topics */
	bool wanted[3];
};

static const char *const topics[] = {"message", "receipt", "typing"};

static void
answer(struct log *l, size_t i)
{
	struct page p = l->asks[i];
	memmove(l->asks + i, l->asks + i + 1, (--l->count - i) * sizeof(l->asks[0]));
	if (l->err) {
		ipc_log_fail(p.ask, l->err);
		return;
	}
	if (p.place) {
		ipc_log_place(p.ask, p.name ? l->cursor : 0, p.last);
		return;
	}
	static char text[64 * 1024];
	memset(text, 'x', sizeof(text));
	text[l->text] = '\0';
	struct ipc_log_event events[LIMIT_REPLAY_PAGE];
	size_t count = 0;
	int64_t n = p.since > l->first ? p.since : l->first;
	for (size_t taken = 0; n < p.last && taken < p.limit && taken < l->page; taken++) {
		const char *topic = topics[++n % 3];
		if (!ipc_log_wants(p.ask, topic))
			continue;
		struct value *event = value_object();
		value_set_str(event, "text", text);
		events[count++] = (struct ipc_log_event){topic, n, event};
	}
	l->told += count;
	if (l->stuck)
		n = p.since;
	ipc_log_page(p.ask, events, count, n, n < p.last);
}

static void
run(struct log *l, size_t i)
{
	l->asks[i].run = true;
	l->asks[i].last = l->last;
}

static void
asked(struct log *l, struct page p)
{
	assert_true(l->count < ASKS);
	assert_true(p.limit <= LIMIT_REPLAY_PAGE);
	l->asks[l->count++] = p;
	if (!l->held && !(l->pages && !p.place)) {
		run(l, l->count - 1);
		answer(l, l->count - 1);
	}
}

static void
on_place(void *ctx, struct ipc_log_ask *ask, const char *name)
{
	struct log *l = ctx;
	l->places++;
	asked(l, (struct page){.ask = ask, .place = true, .name = name});
}

static void
on_read(void *ctx, struct ipc_log_ask *ask, int64_t since, size_t limit)
{
	struct log *l = ctx;
	l->reads++;
	asked(l, (struct page){.ask = ask, .since = since, .limit = limit});
}

static void
on_topics(void *ctx)
{
	struct log *l = ctx;
	l->topics++;
	for (size_t i = 0; i < ARRAY_LEN(topics); i++)
		l->wanted[i] = ipc_has_subscribers(l->h->server, topics[i]);
}

static const struct ipc_log_source source = {on_place, on_read, on_topics};
static struct log fake;

static struct log *
begin(struct harness *h, int64_t last)
{
	fake = (struct log){.h = h, .page = LIMIT_REPLAY_PAGE, .last = last, .published = last};
	ipc_set_log(h->server, &source, &fake);
	return &fake;
}

/* What publishes an event, once it is in the log. */
static void
publish(struct log *l)
{
	int64_t n = ++l->published;
	assert_true(n <= l->last);
	ipc_publish_numbered(l->h->server, topics[n % 3], n, value_object());
}

static void
happen(struct log *l)
{
	l->last++;
	publish(l);
}

static void
subscribe(struct harness *h, int fd, const char *what)
{
	char line[300];
	(void)snprintf(
	    line, sizeof(line), V "\"id\":1,\"method\":\"subscribe\",\"params\":{%s}}\n", what);
	say(h, fd, line);
	turn(h, 3);
}

static void
expect_since(struct harness *h, int fd, int64_t since)
{
	char part[64];
	(void)snprintf(part, sizeof(part), "\"since\":%lld}", (long long)since);
	const char *line = raw_line(h, fd);
	if (!strstr(line, "\"result\"") || !strstr(line, part))
		fail_msg("not since %lld: %s", (long long)since, line);
}

/* The number of the next event, which must be of the topic that number has; -1: no event comes. */
static int64_t
next_number(struct harness *h, int fd)
{
	struct value *v = NULL;
	const char *line = raw_line(h, fd);
	if (!line[0])
		return -1;
	assert_int_equal(value_parse(line, strlen(line), &v), 0);
	int64_t n = value_int(value_get(v, "params"), "number", 0);
	if (n <= 0)
		fail_msg("no event: %.200s", line);
	assert_string_equal(value_str(value_get(v, "params"), "event"), topics[n % 3]);
	value_free(v);
	return n;
}

static void
expect_numbers(struct harness *h, int fd, int64_t above, int64_t upto)
{
	for (int64_t n = above + 1; n <= upto; n++)
		assert_int_equal(next_number(h, fd), n);
}

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

/* ---- leaving, failing, thinking twice ---- */

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
	    TEST(the_log_comes_first_then_what_happens),
	    TEST(only_the_topics_of_the_client_are_told),
	    TEST(a_name_stands_for_its_number_or_for_the_newest),
	    TEST(what_makes_no_sense_is_refused),
	    TEST(no_order_of_things_loses_or_doubles_an_event),
	    TEST(a_long_log_never_fills_the_queue),
	    TEST(a_replay_leaves_others_their_turn),
	    TEST(each_client_has_its_own_place),
	    TEST(one_that_is_cut_off_goes_on_where_it_was),
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
