#define _GNU_SOURCE /* mkdtemp */
#include "harness.h"

static void
calls_and_tells_errors(void **state)
{
	(void)state;
	struct earshot *c = started();
	struct earshot_value *answer = NULL;
	assert_int_equal(earshot_call(c, "echo", text_params("hi \xc3\xa4"), 5000, &answer), 0);
	assert_string_equal(earshot_value_str(answer, "text"), "hi \xc3\xa4");
	earshot_value_free(answer);
	int err = earshot_call(c, "missing", NULL, 5000, &answer);
	assert_int_equal(err, EARSHOT_ERR_FAILED);
	assert_string_equal(earshot_error_message(err, answer), "Nobody is called juliet.");
	assert_string_equal(earshot_error_reason(answer), "unknown");
	assert_int_equal(earshot_value_int(earshot_error_data(answer), "n", 0), 7);
	earshot_value_free(answer);
	assert_int_equal(earshot_call(c, "nosuch", NULL, 5000, &answer), EARSHOT_ERR_FAILED);
	assert_string_equal(earshot_error_reason(answer), "");
	earshot_value_free(answer);
	assert_int_equal(
	    earshot_call(c, "echo", text_params("\xff"), 5000, &answer), EARSHOT_ERR_INVALID);
	assert_null(answer);
	assert_int_equal(earshot_call(c, "a\"b", NULL, 5000, NULL), EARSHOT_ERR_INVALID);
	assert_int_equal(
	    earshot_call(c, "echo", earshot_value_array(), 5000, NULL), EARSHOT_ERR_INVALID);
	assert_int_equal(earshot_call(c, "hold", NULL, 20, &answer), EARSHOT_ERR_TIMEOUT);
	assert_null(answer);
	/* the late answer to the one that timed out confuses nobody */
	assert_int_equal(earshot_call(c, "hold", NULL, 20, NULL), EARSHOT_ERR_TIMEOUT);
	assert_int_equal(earshot_call(c, "echo", NULL, 5000, NULL), 0);
	stop(c);
}

static void
limits_a_call(void **state)
{
	(void)state;
	struct earshot *c = started();
	/* {"jsonrpc":"2.0","id":2,"method":"echo","params":{"text":"..."}} */
	size_t around = strlen("{\"jsonrpc\":\"2.0\",\"id\":2,\"method\":\"echo\",\"params\":{"
			       "\"text\":\"\"}}");
	for (size_t len = LIMIT_FRAME - 1; len <= LIMIT_FRAME + 1; len++) {
		char *text = malloc(len);
		assert_non_null(text);
		memset(text, 'x', len);
		text[len - around] = '\0';
		assert_int_equal(earshot_call(c, "echo", text_params(text), 5000, NULL),
		    len > LIMIT_FRAME ? EARSHOT_ERR_TOO_BIG : 0);
		free(text);
	}
	stop(c);
}

struct seen {
	struct earshot *c;
	int answers, failures, events;
	int err;
	bool in_order, busy;
};

static void
on_answer(void *ctx, int err, const struct earshot_value *answer)
{
	struct seen *s = ctx;
	char expected[20];
	(void)snprintf(expected, sizeof(expected), "%d", s->answers);
	s->err = err;
	if (err)
		s->failures++;
	else if (earshot_value_str(answer, "text") &&
		 strcmp(earshot_value_str(answer, "text"), expected) == 0)
		s->answers++;
}

static void
many_calls_may_be_on_their_way(void **state)
{
	(void)state;
	enum { COUNT = 20000 };
	struct earshot *c = started();
	struct seen s = {.c = c};
	for (int i = 0; i < COUNT; i++) {
		char text[20];
		(void)snprintf(text, sizeof(text), "%d", i);
		assert_int_equal(
		    earshot_call_async(c, "echo", text_params(text), on_answer, &s), 0);
	}
	while (s.answers < COUNT)
		assert_int_equal(earshot_wait(c, 5000), 0);
	assert_int_equal(earshot_events(c), POLLIN);
	assert_int_equal(s.failures, 0);
	stop(c);
}

static void
on_event(void *ctx, const char *topic, const struct earshot_value *event)
{
	struct seen *s = ctx;
	s->in_order = s->in_order && strcmp(topic, "tick") == 0 &&
		      earshot_value_int(event, "n", -1) == s->events;
	s->events++;
	s->busy = earshot_call(s->c, "echo", NULL, 5000, NULL) == EARSHOT_ERR_BUSY &&
		  earshot_dispatch(s->c) == EARSHOT_ERR_BUSY &&
		  earshot_wait(s->c, 0) == EARSHOT_ERR_BUSY;
}

static void
events_arrive_in_order_and_before_the_answer(void **state)
{
	(void)state;
	enum { COUNT = 30000 };
	struct earshot *c = started();
	struct seen s = {.c = c, .in_order = true};
	const char *const topics[] = {"tick", "tock", NULL};
	assert_int_equal(earshot_subscribe(c, topics, on_event, &s, 5000), 0);
	struct earshot_value *params = earshot_value_object();
	earshot_value_set_int(params, "count", COUNT);
	assert_int_equal(earshot_call(c, "burst", params, 5000, NULL), 0);
	assert_int_equal(s.events, COUNT);
	assert_true(s.in_order);
	assert_true(s.busy);
	earshot_set_event_handler(c, NULL, NULL);
	assert_int_equal(earshot_call(c, "burst", NULL, 5000, NULL), 0);
	assert_int_equal(s.events, COUNT);
	assert_int_equal(earshot_subscribe(c, NULL, on_event, &s, 5000), 0);
	stop(c);
}

static void
a_dead_daemon_answers_all_calls(void **state)
{
	(void)state;
	struct earshot *c = started();
	struct seen s = {.c = c};
	assert_int_equal(earshot_call_async(c, "hold", NULL, on_answer, &s), 0);
	assert_int_equal(earshot_call(c, "crash", NULL, 5000, NULL), EARSHOT_ERR_CUT_OFF);
	assert_int_equal(s.failures, 1);
	assert_int_equal(s.err, EARSHOT_ERR_CUT_OFF);
	assert_int_equal(earshot_dispatch(c), EARSHOT_ERR_CUT_OFF);
	assert_int_equal(earshot_wait(c, 1000), EARSHOT_ERR_CUT_OFF);
	assert_int_equal(earshot_call(c, "echo", NULL, 1000, NULL), EARSHOT_ERR_CUT_OFF);
	assert_int_equal(earshot_call_async(c, "echo", NULL, on_answer, &s), EARSHOT_ERR_CUT_OFF);
	assert_int_equal(s.failures, 1);
	earshot_close(c);
}

static void
closing_answers_those_who_wait(void **state)
{
	(void)state;
	struct earshot *c = started();
	struct seen s = {.c = c};
	struct earshot *other = started();
	assert_int_equal(earshot_call_async(c, "hold", NULL, on_answer, &s), 0);
	earshot_close(c);
	assert_int_equal(s.failures, 1);
	assert_int_equal(s.err, EARSHOT_ERR_CUT_OFF);
	earshot_close(NULL);
	stop(other);
}

static void
on_event_close(void *ctx, const char *topic, const struct earshot_value *event)
{
	struct seen *s = ctx;
	(void)topic;
	(void)event;
	s->events++;
	earshot_close(s->c);
	assert_int_equal(earshot_call_async(s->c, "echo", NULL, on_answer, s), EARSHOT_ERR_CUT_OFF);
}

static void
a_callback_may_close(void **state)
{
	(void)state;
	struct earshot *c = started();
	struct earshot *other = started();
	struct seen s = {.c = c};
	assert_int_equal(earshot_subscribe(c, NULL, on_event_close, &s, 5000), 0);
	struct earshot_value *params = earshot_value_object();
	earshot_value_set_int(params, "count", 10);
	assert_int_equal(earshot_call(c, "burst", params, 5000, NULL), EARSHOT_ERR_CUT_OFF);
	assert_int_equal(s.events, 1);
	stop(other);
}

static void
unsent_calls_are_limited(void **state)
{
	(void)state;
	struct earshot *c = started();
	static char text[64 * 1024];
	memset(text, 'x', sizeof(text) - 1);
	int err = 0;
	int sent = 0;
	struct seen s = {.c = c};
	assert_int_equal(kill((pid_t)earshot_daemon_pid(c), SIGSTOP), 0);
	for (; !err && sent < 1000; sent += !err)
		err = earshot_call_async(c, "echo", text_params(text), on_answer, &s);
	assert_int_equal(kill((pid_t)earshot_daemon_pid(c), SIGCONT), 0);
	assert_int_equal(err, EARSHOT_ERR_TOO_BIG);
	assert_true(sent >= LIMIT_CLIENT_QUEUE / (64 * 1024) - 1 && sent < 200);
	assert_int_equal(earshot_events(c), POLLIN | POLLOUT);
	/* what was accepted arrives whole */
	struct earshot_value *answer = NULL;
	while (earshot_events(c) & POLLOUT)
		assert_int_equal(earshot_wait(c, 5000), 0);
	assert_int_equal(earshot_call(c, "echo", text_params("end"), 5000, &answer), 0);
	assert_string_equal(earshot_value_str(answer, "text"), "end");
	earshot_value_free(answer);
	stop(c);
}

/* Also when they wait in the queue behind other bytes. */
static void
descriptors_travel_with_their_call(void **state)
{
	(void)state;
	struct earshot *c = started();
	static char text[64 * 1024];
	memset(text, 'x', sizeof(text) - 1);
	assert_int_equal(kill((pid_t)earshot_daemon_pid(c), SIGSTOP), 0);
	struct seen s = {.c = c};
	for (int i = 0; i < 10; i++)
		assert_int_equal(
		    earshot_call_async(c, "echo", text_params(text), on_answer, &s), 0);
	for (int i = 0; i < 3; i++) {
		int ends[2];
		assert_int_equal(pipe(ends), 0);
		char digit = (char)('0' + i);
		assert_int_equal(write(ends[1], &digit, 1), 1);
		close(ends[1]);
		assert_int_equal(earshot_attach_fd(c, ends[0]), 0);
		assert_int_equal(earshot_call_async(c, "read", NULL, on_answer, &s), 0);
		assert_int_equal(fcntl(ends[0], F_GETFD) >= 0, 1); /* still waiting */
		assert_int_equal(earshot_call_async(c, "echo", NULL, NULL, NULL), 0);
	}
	assert_int_equal(kill((pid_t)earshot_daemon_pid(c), SIGCONT), 0);
	while (s.answers < 3) /* on_answer counts "0", "1", "2" in this order */
		assert_int_equal(earshot_wait(c, 5000), 0);
	for (int i = 0; i <= EARSHOT_MAX_FDS; i++)
		assert_int_equal(
		    earshot_attach_fd(c, dup(2)), i < EARSHOT_MAX_FDS ? 0 : EARSHOT_ERR_TOO_BIG);
	assert_int_equal(earshot_call(c, "a\"b", NULL, 5000, NULL), EARSHOT_ERR_INVALID);
	struct earshot_value *answer = NULL;
	assert_int_equal(earshot_call(c, "read", NULL, 5000, &answer), 0);
	assert_string_equal(earshot_value_str(answer, "text"), ""); /* they were dropped */
	earshot_value_free(answer);
	stop(c);
}

static void
values_pass_through(void **state)
{
	(void)state;
	static const char text[] = "{\"a\":[1,\"x\",{\"b\":true}],\"r\":0.5}";
	struct earshot_value *v = NULL;
	assert_int_equal(earshot_value_parse(text, strlen(text), &v), 0);
	const struct earshot_value *a = earshot_value_get(v, "a");
	assert_int_equal(earshot_value_count(a), 3);
	assert_string_equal(earshot_value_as_str(earshot_value_at(a, 1)), "x");
	assert_true(earshot_value_bool(earshot_value_at(a, 2), "b", false));
	assert_true(earshot_value_real(v, "r", 0) == 0.5);
	assert_false(earshot_value_has(v, "c"));
	char *written = earshot_value_write(v);
	assert_string_equal(written, text);
	free(written);
	earshot_value_free(v);
	assert_int_equal(earshot_value_parse("{", 1, &v), EARSHOT_ERR_INVALID);
	assert_null(v);
}

static const struct CMUnitTest tests[] = {
    TEST(calls_and_tells_errors),
    TEST(limits_a_call),
    TEST(many_calls_may_be_on_their_way),
    TEST(events_arrive_in_order_and_before_the_answer),
    TEST(a_dead_daemon_answers_all_calls),
    TEST(closing_answers_those_who_wait),
    TEST(a_callback_may_close),
    TEST(unsent_calls_are_limited),
    TEST(descriptors_travel_with_their_call),
    TEST(values_pass_through),
};

TEST_MAIN(tests)
