/* Durable events: since a number, since a name, over a daemon that ends and one that cuts off. */
#define _GNU_SOURCE /* mkdtemp */
#include "harness.h"

struct told {
	struct earshot *c;
	int64_t first, last, count;
	bool in_order;
	int64_t cursor; /* as it was inside the handler, the last time */
};

static void
on_event(void *ctx, const char *topic, const struct earshot_value *event)
{
	struct told *t = ctx;
	int64_t number = earshot_value_int(event, "number", -1);
	if (t->count == 0)
		t->first = number;
	else
		t->in_order = t->in_order && number == t->last + 1;
	t->in_order = t->in_order && strcmp(topic, "tick") == 0 &&
		      earshot_value_int(event, "n", 0) == 10 * number;
	t->last = number;
	t->count++;
	t->cursor = earshot_cursor(t->c);
}

static int
happen(struct earshot *c, int64_t count)
{
	struct earshot_value *params = earshot_value_object();
	earshot_value_set_int(params, "count", count);
	return earshot_call(c, "happen", params, 5000, NULL);
}

static void
wait_until(struct earshot *c, const struct told *t, int64_t last)
{
	while (t->last < last)
		assert_int_equal(earshot_wait(c, 5000), 0);
	assert_int_equal(t->last, last);
	assert_true(t->in_order);
	assert_int_equal(earshot_cursor(c), last);
}

static void
old_events_come_first_then_new_ones(void **state)
{
	(void)state;
	struct earshot *c = started();
	struct told t = {.c = c, .in_order = true};
	struct earshot_value *answer = NULL;
	assert_int_equal(earshot_cursor(c), -1);
	assert_int_equal(
	    earshot_subscribe_since(c, NULL, 100, NULL, on_event, &t, 5000, &answer), 0);
	assert_int_equal(earshot_value_int(answer, "since", 0), 100);
	earshot_value_free(answer);
	wait_until(c, &t, LOG_BEGINS);
	assert_int_equal(t.first, 101);
	assert_int_equal(t.cursor, LOG_BEGINS - 1); /* it moves when the handler is done */
	assert_int_equal(happen(c, 50), 0);
	wait_until(c, &t, LOG_BEGINS + 50);
	assert_null(earshot_cut_off_message(c));
	stop(c);
}

static void
a_name_or_a_wrong_number(void **state)
{
	(void)state;
	struct earshot *c = started();
	struct told t = {.c = c, .in_order = true};
	struct earshot_value *answer = NULL;
	const char *const topics[] = {"tick", NULL};
	assert_int_equal(
	    earshot_subscribe_since(c, topics, 5000, NULL, on_event, &t, 5000, &answer),
	    EARSHOT_ERR_FAILED);
	assert_string_equal(earshot_error_reason(answer), "invalid");
	assert_int_equal(earshot_value_int(earshot_error_data(answer), "last", 0), LOG_BEGINS);
	earshot_value_free(answer);
	assert_int_equal(earshot_cursor(c), -1);
	assert_int_equal(
	    earshot_subscribe_since(c, topics, 0, "never", on_event, &t, 5000, NULL), 0);
	assert_int_equal(earshot_cursor(c), LOG_BEGINS);
	assert_int_equal(
	    earshot_subscribe_since(c, topics, 0, "tray", on_event, &t, 5000, NULL), 0);
	wait_until(c, &t, LOG_BEGINS);
	assert_int_equal(t.first, 991);
	stop(c);
}

static void
the_cursor_outlives_the_daemon(void **state)
{
	(void)state;
	struct earshot *c = started();
	struct told t = {.c = c, .in_order = true};
	assert_int_equal(earshot_subscribe(c, NULL, on_event, &t, 5000), 0);
	assert_int_equal(happen(c, 3), 0);
	wait_until(c, &t, LOG_BEGINS + 3);
	assert_int_equal(earshot_call(c, "crash", NULL, 5000, NULL), EARSHOT_ERR_CUT_OFF);
	assert_int_equal(earshot_cursor(c), LOG_BEGINS + 3);
	assert_null(earshot_cut_off_message(c));
	earshot_close(c);
}

/* It reads nothing until it is cut off, then all that is left, and goes on from there. */
static void
one_that_was_cut_off_goes_on(void **state)
{
	(void)state;
	enum { MANY = 400000 };
	struct earshot *slow = started();
	struct earshot *other = started();
	struct told t = {.c = slow, .in_order = true};
	assert_int_equal(earshot_subscribe(slow, NULL, on_event, &t, 5000), 0);
	assert_int_equal(happen(other, MANY), 0);
	int err = 0;
	while (!err)
		err = earshot_wait(slow, 5000);
	assert_int_equal(err, EARSHOT_ERR_CUT_OFF);
	assert_non_null(strstr(earshot_cut_off_message(slow), "slowly"));
	assert_int_equal(earshot_cursor(slow), t.last);
	assert_true(t.last > LOG_BEGINS && t.last < LOG_BEGINS + MANY);
	assert_true(t.in_order);
	int64_t since = earshot_cursor(slow);
	earshot_close(slow);
	t.c = slow = started();
	assert_int_equal(
	    earshot_subscribe_since(slow, NULL, since, NULL, on_event, &t, 5000, NULL), 0);
	wait_until(slow, &t, LOG_BEGINS + MANY);
	assert_int_equal(t.count, MANY);
	earshot_close(slow);
	stop(other);
}

static void
on_event_close(void *ctx, const char *topic, const struct earshot_value *event)
{
	struct told *t = ctx;
	(void)topic;
	(void)event;
	t->count++;
	earshot_close(t->c);
}

static void
the_handler_may_close_while_old_events_come(void **state)
{
	(void)state;
	struct earshot *other = started();
	struct earshot *c = started();
	struct told t = {.c = c};
	int err = earshot_subscribe_since(c, NULL, 0, NULL, on_event_close, &t, 5000, NULL);
	while (!err)
		err = earshot_wait(c, 5000);
	assert_int_equal(err, EARSHOT_ERR_CUT_OFF);
	assert_int_equal(t.count, 1);
	stop(other);
}

static const struct CMUnitTest tests[] = {
    TEST(old_events_come_first_then_new_ones),
    TEST(a_name_or_a_wrong_number),
    TEST(the_cursor_outlives_the_daemon),
    TEST(one_that_was_cut_off_goes_on),
    TEST(the_handler_may_close_while_old_events_come),
};

TEST_MAIN(tests)
