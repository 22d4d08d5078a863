/* The connection that keeps itself, over daemons that end, hang, lie or never come. */
#define _GNU_SOURCE /* mkdtemp */
#include "harness.h"

#include "base/clock.h"

enum { PATIENCE = 10000 };

struct told {
	struct earshot_keeper *k;
	int links, missed, events;
	enum earshot_link link;
	int err;
	int64_t last;
	bool in_order;
	int answers, cut_off;
	bool close_on_event, close_on_up, close_on_answer, closed;
	int up;
};

static void
on_link(void *ctx, enum earshot_link link, int err)
{
	struct told *t = ctx;
	t->links++;
	t->link = link;
	t->err = err;
	t->up += link == EARSHOT_LINK_UP;
	assert_int_equal(earshot_keeper_link(t->k), link);
	assert_int_equal(earshot_keeper_dispatch(t->k), EARSHOT_ERR_BUSY);
	if (t->close_on_up && link == EARSHOT_LINK_UP)
		earshot_keeper_close(t->k);
}

static void
on_missed(void *ctx)
{
	((struct told *)ctx)->missed++;
}

static void
on_event(void *ctx, const char *topic, const struct earshot_value *event)
{
	struct told *t = ctx;
	int64_t number = earshot_value_int(event, "number", -1);
	assert_string_equal(topic, "tick");
	assert_false(t->closed);
	t->in_order = t->in_order && number == t->last + 1;
	t->last = number;
	t->events++;
	if (t->close_on_event) {
		earshot_keeper_close(t->k);
		t->closed = true;
	}
}

static void
on_answer(void *ctx, int err, const struct earshot_value *answer)
{
	struct told *t = ctx;
	(void)answer;
	t->answers++;
	t->cut_off += err == EARSHOT_ERR_CUT_OFF;
	if (t->close_on_answer)
		earshot_keeper_close(t->k);
}

static const struct earshot_keeper_listener listener = {on_link, on_missed, on_event};

static struct earshot_keeper *
keeper(struct told *t, unsigned flags)
{
	*t = (struct told){.last = LOG_BEGINS, .in_order = true};
	assert_int_equal(
	    earshot_keeper_create(path, "test", flags, NULL, -1, &listener, t, &t->k), 0);
	return t->k;
}

/* Dispatches once if there is something within so many ms. -1: there was nothing. */
static int
step(struct earshot_keeper *k, int ms)
{
	struct pollfd p = {.fd = earshot_keeper_fd(k), .events = POLLIN};
	return poll(&p, 1, ms) > 0 ? earshot_keeper_dispatch(k) : -1;
}

#define WAIT(k, condition) \
	do { \
		uint64_t end_ = clock_now() + PATIENCE; \
		while (!(condition) && clock_now() < end_) \
			(void)step(k, 200); \
		assert_true(condition); \
	} while (0)

static void
happen(int64_t count)
{
	struct earshot *c = started();
	struct earshot_value *params = earshot_value_object();
	earshot_value_set_int(params, "count", count);
	assert_int_equal(earshot_call(c, "happen", params, 5000, NULL), 0);
	earshot_close(c);
}

static void
stop_daemon(void)
{
	stop(started());
}

/* ---- ---- */

static void
starts_the_daemon_without_waiting_for_it(void **state)
{
	(void)state;
	struct told t;
	uint64_t before = clock_now();
	struct earshot_keeper *k = keeper(&t, EARSHOT_START);
	int fd = earshot_keeper_fd(k);
	uint64_t longest = 0;
	while (t.up == 0 && clock_now() < before + PATIENCE) {
		struct pollfd p = {.fd = fd, .events = POLLIN};
		(void)poll(&p, 1, 1000);
		uint64_t at = clock_now();
		(void)earshot_keeper_dispatch(k);
		longest = clock_now() - at > longest ? clock_now() - at : longest;
	}
	assert_int_equal(t.up, 1);
	assert_true(longest < 500); /* a fork() of this program, on a busy machine */
	assert_int_equal(earshot_keeper_fd(k), fd);
	assert_int_equal(earshot_keeper_cursor(k), LOG_BEGINS);
	assert_int_equal(earshot_keeper_newest(k), LOG_BEGINS);
	earshot_keeper_close(k);
	stop_daemon();
}

static void
wakes_nobody_while_nothing_happens(void **state)
{
	(void)state;
	struct told t;
	struct earshot_keeper *k = keeper(&t, EARSHOT_START);
	WAIT(k, t.up == 1);
	while (step(k, 100) == 0)
		;
	assert_int_equal(step(k, 1500), -1);
	happen(1);
	WAIT(k, t.events == 1);
	earshot_keeper_close(k);
	stop_daemon();
}

static void
waits_for_a_daemon_that_is_not_there(void **state)
{
	(void)state;
	struct told t;
	struct earshot_keeper *k = keeper(&t, 0);
	WAIT(k, t.link == EARSHOT_LINK_WAITING);
	assert_int_equal(t.err, EARSHOT_ERR_NOT_RUNNING);
	assert_int_equal(
	    earshot_keeper_call(k, "echo", NULL, on_answer, &t), EARSHOT_ERR_NOT_RUNNING);
	assert_int_equal(t.answers, 0);
	int links = t.links;
	uint64_t until = clock_now() + 1000;
	while (clock_now() < until)
		(void)step(k, 100);
	assert_int_equal(t.links, links); /* tries again, and says nothing of it */
	struct earshot *c = started();
	WAIT(k, t.up == 1);
	earshot_keeper_close(k);
	stop(c);
}

static void
says_that_the_daemon_cannot_be_started(void **state)
{
	(void)state;
	struct told t;
	/* NOLINTNEXTLINE(concurrency-mt-unsafe): no other thread runs here */
	(void)setenv("EARSHOTD", "/bin/false", 1);
	struct earshot_keeper *k = keeper(&t, EARSHOT_START);
	WAIT(k, t.link == EARSHOT_LINK_WAITING);
	assert_int_equal(t.err, EARSHOT_ERR_START);
	earshot_keeper_close(k);
	/* NOLINTNEXTLINE(concurrency-mt-unsafe) */
	(void)setenv("EARSHOTD", "/nowhere/earshotd", 1);
	k = keeper(&t, EARSHOT_START);
	WAIT(k, t.link == EARSHOT_LINK_WAITING);
	assert_int_equal(t.err, EARSHOT_ERR_START);
	earshot_keeper_close(k);
}

/* The daemon of these tests remembers nothing. */
static void
notices_that_the_history_was_begun_anew(void **state)
{
	(void)state;
	struct told t;
	struct earshot_keeper *k = keeper(&t, EARSHOT_START);
	WAIT(k, t.up == 1);
	for (int i = 1; i <= 3; i++) {
		happen(300);
		WAIT(k, t.events == 300 * i);
		assert_true(t.in_order);
		struct earshot *c = started();
		(void)earshot_call_async(c, "crash", NULL, NULL, NULL);
		WAIT(k, t.link == EARSHOT_LINK_WAITING);
		earshot_close(c);
		/* the new one has a log that begins anew: LOG_BEGINS is its newest */
		t.last = LOG_BEGINS;
		happen(0);
		WAIT(k, t.up == i + 1);
		assert_int_equal(t.missed, i);
		assert_int_equal(earshot_keeper_cursor(k), LOG_BEGINS);
	}
	earshot_keeper_close(k);
	stop_daemon();
}

/* It reads so slowly that it is cut off, and goes on. */
static void
goes_on_where_it_was_cut_off(void **state)
{
	(void)state;
	enum { MANY = 300000 };
	struct told t;
	struct earshot_keeper *k = keeper(&t, EARSHOT_START);
	WAIT(k, t.up == 1);
	happen(MANY);
	WAIT(k, t.events == MANY);
	assert_true(t.up > 1);
	assert_true(t.in_order);
	assert_int_equal(t.missed, 0);
	earshot_keeper_close(k);
	stop_daemon();
}

static void
begins_where_it_is_told_to(void **state)
{
	(void)state;
	struct told t = {.last = 990, .in_order = true};
	const char *const topics[] = {"tick", NULL};
	struct earshot *c = started();
	assert_int_equal(
	    earshot_keeper_create(path, "test", 0, topics, 990, &listener, &t, &t.k), 0);
	WAIT(t.k, t.events == 10);
	assert_true(t.in_order);
	assert_int_equal(t.missed, 0);
	earshot_keeper_close(t.k);
	stop(c);
}

static void
every_call_is_answered_once_when_the_daemon_ends(void **state)
{
	(void)state;
	struct told t;
	struct earshot_keeper *k = keeper(&t, EARSHOT_START);
	WAIT(k, t.up == 1);
	for (int i = 0; i < 5; i++)
		assert_int_equal(earshot_keeper_call(k, "hold", NULL, on_answer, &t), 0);
	assert_int_equal(earshot_keeper_call(k, "crash", NULL, on_answer, &t), 0);
	WAIT(k, t.link == EARSHOT_LINK_WAITING);
	assert_int_equal(t.answers, 6);
	assert_true(t.cut_off >= 2); /* the last that is held, and what ended it */
	earshot_keeper_close(k);
	assert_int_equal(t.answers, 6);
}

/* A child has all that is open, and so holds the end of the lost connection. */
static void
a_child_of_the_program_keeps_nobody_awake(void **state)
{
	(void)state;
	struct told t;
	struct earshot_keeper *k = keeper(&t, EARSHOT_START);
	WAIT(k, t.up == 1);
	pid_t child = fork();
	if (child == 0) {
		(void)alarm(20);
		for (;;)
			(void)pause();
	}
	stop_daemon();
	WAIT(k, t.link == EARSHOT_LINK_WAITING);
	struct earshot *c = started();
	WAIT(k, t.up == 2);
	int wakes = 0;
	while (wakes < 100 && step(k, 200) == 0)
		wakes++;
	assert_true(wakes < 100);
	(void)kill(child, SIGKILL);
	(void)waitpid(child, NULL, 0);
	earshot_keeper_close(k);
	stop(c);
}

static void
calls_that_wait_are_answered_when_it_is_closed(void **state)
{
	(void)state;
	struct told t;
	struct earshot_keeper *k = keeper(&t, EARSHOT_START);
	WAIT(k, t.up == 1);
	assert_int_equal(earshot_keeper_call(k, "hold", NULL, on_answer, &t), 0);
	earshot_keeper_close(k);
	assert_int_equal(t.answers, 1);
	assert_int_equal(t.cut_off, 1);
	earshot_keeper_close(NULL);
	stop_daemon();
}

static void
run_until_gone(struct told *t)
{
	int err = 0;
	uint64_t end = clock_now() + PATIENCE;
	while (err != EARSHOT_ERR_CUT_OFF && clock_now() < end)
		err = step(t->k, 200);
	assert_int_equal(err, EARSHOT_ERR_CUT_OFF);
}

static void
may_be_closed_in_every_callback(void **state)
{
	(void)state;
	struct told t;
	struct earshot *c = started();
	(void)keeper(&t, EARSHOT_START);
	t.close_on_up = true;
	run_until_gone(&t);
	struct earshot_keeper *k = keeper(&t, EARSHOT_START);
	WAIT(k, t.up == 1);
	t.close_on_event = true;
	happen(10);
	run_until_gone(&t);
	assert_int_equal(t.events, 1);
	k = keeper(&t, EARSHOT_START);
	WAIT(k, t.up == 1);
	t.close_on_answer = true;
	assert_int_equal(earshot_keeper_call(k, "echo", text_params("x"), on_answer, &t), 0);
	assert_int_equal(earshot_keeper_call(k, "hold", NULL, on_answer, &t), 0);
	run_until_gone(&t);
	assert_int_equal(t.answers, 2);
	assert_int_equal(t.cut_off, 1);
	stop(c);
}

static void
descriptors_travel(void **state)
{
	(void)state;
	struct told t;
	int ends[2];
	assert_int_equal(pipe(ends), 0);
	struct earshot_keeper *k = keeper(&t, EARSHOT_START);
	assert_int_equal(earshot_keeper_attach_fd(k, dup(ends[0])), EARSHOT_ERR_NOT_RUNNING);
	WAIT(k, t.up == 1);
	assert_int_equal(write(ends[1], "x", 1), 1);
	assert_int_equal(earshot_keeper_attach_fd(k, ends[0]), 0);
	assert_int_equal(earshot_keeper_call(k, "read", NULL, on_answer, &t), 0);
	WAIT(k, t.answers == 1);
	close(ends[1]);
	earshot_keeper_close(k);
	stop_daemon();
}

/* What does not fit into the socket goes out when there is room. */
static void
a_long_call_goes_out_in_pieces(void **state)
{
	(void)state;
	struct told t;
	struct earshot_keeper *k = keeper(&t, EARSHOT_START);
	char *text = malloc(900001);
	assert_non_null(text);
	memset(text, 'x', 900000);
	text[900000] = '\0';
	WAIT(k, t.up == 1);
	for (int i = 0; i < 4; i++)
		assert_int_equal(
		    earshot_keeper_call(k, "echo", text_params(text), on_answer, &t), 0);
	free(text);
	WAIT(k, t.answers == 4);
	assert_int_equal(t.cut_off, 0);
	while (step(k, 100) == 0)
		;
	assert_int_equal(step(k, 500), -1);
	earshot_keeper_close(k);
	stop_daemon();
}

/* ---- daemons that are none ---- */

static int
listen_alone(void)
{
	struct sockaddr_un a = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	(void)snprintf(a.sun_path, sizeof(a.sun_path), "%s", path);
	assert_int_equal(bind(fd, (const struct sockaddr *)&a, sizeof(a)), 0);
	assert_int_equal(listen(fd, 5), 0);
	return fd;
}

static int
accept_hello(struct earshot_keeper *k, int listener_fd)
{
	char request[1000];
	struct pollfd p = {.fd = listener_fd, .events = POLLIN};
	for (int i = 0; i < 100 && poll(&p, 1, 0) == 0; i++)
		(void)step(k, 100);
	int fd = accept(listener_fd, NULL, NULL);
	assert_true(fd >= 0);
	assert_true(recv(fd, request, sizeof(request), 0) > 0);
	return fd;
}

static void
answer_with(int fd, const char *text)
{
	assert_int_equal(send(fd, text, strlen(text), MSG_NOSIGNAL), strlen(text));
}

#define HELLO \
	"{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{\"protocol\":1,\"version\":\"9\",\"pid\":5}}\n"

static void
a_slow_greeting_is_waited_for(void **state)
{
	(void)state;
	struct told t;
	int lfd = listen_alone();
	struct earshot_keeper *k = keeper(&t, 0);
	int fd = accept_hello(k, lfd);
	uint64_t until = clock_now() + 1500;
	int wakes = 0;
	while (clock_now() < until)
		wakes += step(k, 300) == 0;
	assert_int_equal(wakes, 0);
	assert_int_equal(t.links, 0); /* it is still connecting */
	answer_with(fd, HELLO);
	for (int i = 0; i < 20; i++)
		(void)step(k, 10);
	answer_with(fd, "{\"jsonrpc\":\"2.0\",\"id\":2,\"result\":{\"number\":0,\"last\":7}}\n");
	WAIT(k, t.up == 1);
	assert_int_equal(earshot_keeper_newest(k), 7);
	earshot_keeper_close(k);
	close(fd);
	close(lfd);
	assert_int_equal(unlink(path), 0);
}

/* What would be as wrong the next time is final, until somebody asks for it. */
static void
garbage_is_final(void **state)
{
	(void)state;
	static const char *const garbage[] = {"nonsense\n", "\x01\x02\xff\n",
	    "{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{\"protocol\":2,\"version\":\"9\"}}\n",
	    HELLO "{\"jsonrpc\":\"2.0\",\"id\":2,\"result\":{\"last\":7}}\n{}\n"};
	struct told t;
	int lfd = listen_alone();
	struct earshot_keeper *k = keeper(&t, EARSHOT_START);
	for (size_t i = 0; i < ARRAY_LEN(garbage); i++) {
		int fd = accept_hello(k, lfd);
		answer_with(fd, garbage[i]);
		WAIT(k, t.link == EARSHOT_LINK_FAILED);
		assert_int_equal(t.err, EARSHOT_ERR_PROTOCOL);
		assert_int_equal(step(k, 600), -1);
		close(fd);
		earshot_keeper_retry(k);
		WAIT(k, t.link == EARSHOT_LINK_CONNECTING);
	}
	earshot_keeper_close(k);
	close(lfd);
	assert_int_equal(unlink(path), 0);
}

/* systemd's socket: it wants its passphrase, ends when it has it, and comes again. */
static void
a_locked_daemon_is_not_asked_again_and_again(void **state)
{
	(void)state;
	struct told t;
	int lfd = listen_alone();
	struct earshot_keeper *k = keeper(&t, 0);
	int fd = accept_hello(k, lfd);
	answer_with(fd, HELLO "{\"jsonrpc\":\"2.0\",\"id\":2,\"error\":{\"code\":-32000,"
			      "\"message\":\"Locked.\",\"data\":{\"reason\":\"locked\"}}}\n");
	WAIT(k, t.link == EARSHOT_LINK_FAILED);
	assert_int_equal(t.err, EARSHOT_ERR_LOCKED);
	assert_int_equal(step(k, 600), -1);
	close(fd);
	fd = accept_hello(k, lfd);
	answer_with(fd, HELLO "{\"jsonrpc\":\"2.0\",\"id\":2,\"result\":{\"last\":7}}\n");
	WAIT(k, t.up == 1);
	earshot_keeper_close(k);
	close(fd);
	close(lfd);
	assert_int_equal(unlink(path), 0);
}

/* Without a log nothing can be gone on with: that is told each time. */
static void
a_daemon_without_a_log_is_subscribed_to_as_well(void **state)
{
	(void)state;
	static const char no_log[] =
	    HELLO "{\"jsonrpc\":\"2.0\",\"id\":2,\"error\":{\"code\":-32000,"
		  "\"message\":\"No.\",\"data\":{\"reason\":\"unsupported\"}}}\n";
	struct told t;
	int lfd = listen_alone();
	struct earshot_keeper *k = keeper(&t, 0);
	int fd = accept_hello(k, lfd);
	answer_with(fd, no_log);
	WAIT(k, t.up == 1);
	assert_int_equal(t.missed, 0);
	close(fd);
	fd = accept_hello(k, lfd);
	answer_with(fd, no_log);
	WAIT(k, t.up == 2);
	assert_int_equal(t.missed, 1);
	assert_int_equal(earshot_keeper_cursor(k), -1);
	earshot_keeper_close(k);
	close(fd);
	close(lfd);
	assert_int_equal(unlink(path), 0);
}

static const struct CMUnitTest tests[] = {
    TEST(starts_the_daemon_without_waiting_for_it),
    TEST(wakes_nobody_while_nothing_happens),
    TEST(waits_for_a_daemon_that_is_not_there),
    TEST(says_that_the_daemon_cannot_be_started),
    TEST(notices_that_the_history_was_begun_anew),
    TEST(goes_on_where_it_was_cut_off),
    TEST(begins_where_it_is_told_to),
    TEST(every_call_is_answered_once_when_the_daemon_ends),
    TEST(a_child_of_the_program_keeps_nobody_awake),
    TEST(calls_that_wait_are_answered_when_it_is_closed),
    TEST(may_be_closed_in_every_callback),
    TEST(descriptors_travel),
    TEST(a_long_call_goes_out_in_pieces),
    TEST(a_slow_greeting_is_waited_for),
    TEST(garbage_is_final),
    TEST(a_locked_daemon_is_not_asked_again_and_again),
    TEST(a_daemon_without_a_log_is_subscribed_to_as_well),
};

TEST_MAIN(tests)
