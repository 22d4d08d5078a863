/* Clients that read too slowly: what they are told last, and when they are given up. */
#define _GNU_SOURCE /* mkdtemp */
#include "harness.h"

enum { BIG = 64 * 1024 }; /* what publish_big() publishes */

static int
subscribed(struct harness *h)
{
	int fd = greeted(h);
	say(h, fd, V "\"id\":1,\"method\":\"subscribe\"}\n");
	assert_non_null(strstr(raw_line(h, fd), "result"));
	return fd;
}

static bool
any_is_cut(const struct harness *h)
{
	LIST_FOREACH (node, &h->server->clients)
		if (container_of(node, struct ipc_client, node)->cut)
			return true;
	return false;
}

static void
publish_number(struct harness *h, int64_t number)
{
	static char text[BIG];
	memset(text, 'x', sizeof(text) - 1);
	struct value *event = value_object();
	value_set_str(event, "text", text);
	ipc_publish_numbered(h->server, "message", number, event);
}

/* Reads to the notice; *count of events came before it, each whole. */
static int64_t
read_to_notice(struct harness *h, int fd, int *count)
{
	const char *line = raw_line(h, fd);
	for (*count = 0; strstr(line, "\"method\":\"event\""); line = raw_line(h, fd)) {
		assert_true(strlen(line) > BIG);
		++*count;
	}
	int64_t since = cut_off_since(line);
	expect(h, fd, "");
	return since;
}

static void
l3_a_slow_reader_is_cut_off_and_delays_nobody(void **state)
{
	struct harness *h = *state;
	int slow = subscribed(h);
	int quick = greeted(h);
	int published = 0;
	int read = 0;
	while (!any_is_cut(h) && published < 1000) {
		publish_big(h);
		published++;
		say(h, quick, V "\"id\":5,\"method\":\"echo\"}\n");
		expect(h, quick, V "\"id\":5,\"result\":{}}\n");
	}
	/* what the kernel took comes on top of our own queue */
	assert_true(published >= LIMIT_CLIENT_QUEUE / BIG);
	assert_true(published < LIMIT_CLIENT_QUEUE / BIG + 16);
	assert_false(ipc_has_subscribers(h->server, "message"));
	publish_big(h);
	assert_int_equal(read_to_notice(h, slow, &read), -1); /* no event had a number */
	assert_int_equal(read, published - 1);
	turn(h, 3);
	assert_int_equal(ipc_server_clients(h->server), 1);
	close(slow);
	close(quick);
}

static void
the_notice_says_where_to_go_on(void **state)
{
	struct harness *h = *state;
	int fd = subscribed(h);
	int64_t number = 100;
	int read = 0;
	while (!any_is_cut(h) && number < 2000)
		publish_number(h, ++number);
	assert_int_equal(read_to_notice(h, fd, &read), number - 1);
	assert_int_equal(read, number - 101);
	close(fd);
}

static void
others_get_the_event_that_was_too_much_for_one(void **state)
{
	struct harness *h = *state;
	int before = subscribed(h); /* in the list of clients, on both sides of the slow one */
	int slow = subscribed(h);
	int after = subscribed(h);
	int64_t number = 0;
	while (!any_is_cut(h) && number < 1000) {
		publish_number(h, ++number);
		assert_non_null(strstr(raw_line(h, before), "\"method\":\"event\""));
		const char *line = raw_line(h, after);
		assert_non_null(strstr(line, "\"method\":\"event\""));
		assert_non_null(strstr(line, "\"event\":\"message\"}}\n"));
	}
	close(before);
	close(slow);
	close(after);
}

static void
calls_of_one_that_is_cut_off_run_but_are_not_answered(void **state)
{
	struct harness *h = *state;
	int fd = subscribed(h);
	int read = 0;
	say(h, fd, V "\"id\":2,\"method\":\"hold\"}\n");
	turn(h, 2);
	assert_int_equal(h->held_count, 1);
	while (!any_is_cut(h))
		publish_big(h);
	/* what it says from now on is thrown away, so that it does not wait for us */
	static char more[LIMIT_FRAME];
	memset(more, '\n', sizeof(more));
	raw_send(h, fd, more, sizeof(more));
	ipc_reply(h->held[--h->held_count], NULL);
	assert_int_equal(read_to_notice(h, fd, &read), -1);
	assert_true(read > 0);
	close(fd);
}

/* Its own answers can be too much, too. */
static void
l3_who_asks_and_does_not_read_is_cut_off(void **state)
{
	struct harness *h = *state;
	int fd = greeted(h);
	static const char head[] = V "\"id\":1,\"method\":\"echo\",\"params\":{\"text\":\"";
	static char call[BIG];
	size_t len = sizeof(call);
	memset(call, 'x', len);
	memcpy(call, head, sizeof(head) - 1);
	memcpy(call + len - 4, "\"}}\n", 4); // NOLINT(bugprone-not-null-terminated-result)
	for (int i = 0; i < 1000 && !any_is_cut(h); i++)
		raw_send(h, fd, call, len);
	assert_true(any_is_cut(h));
	int answers = 0;
	const char *line = raw_line(h, fd);
	for (; strstr(line, "\"result\""); line = raw_line(h, fd))
		answers++;
	assert_int_equal(cut_off_since(line), -1);
	assert_true(answers >= LIMIT_CLIENT_QUEUE / BIG);
	expect(h, fd, "");
	close(fd);
}

static void
who_does_not_read_the_notice_is_given_up(void **state)
{
	struct harness *h = *state;
	h->server->patience = 300;
	int fd = subscribed(h);
	int later = subscribed(h);
	while (!any_is_cut(h)) {
		publish_big(h);
		assert_true(strlen(raw_line(h, later)) > BIG);
	}
	uint64_t start = uv_hrtime();
	turn(h, 10);
	assert_int_equal(ipc_server_clients(h->server), 2);
	while (ipc_server_clients(h->server) == 2)
		uv_run(&h->loop, UV_RUN_ONCE); /* sleeps: nobody turns in circles */
	uint64_t ms = (uv_hrtime() - start) / 1000000;
	assert_true(ms >= 250 && ms < 5000);
	/* what the kernel had stays readable, then it ends */
	while (raw_line(h, fd)[0])
		;
	publish_big(h);
	assert_true(strlen(raw_line(h, later)) > BIG);
	close(fd);
	close(later);
}

static void
it_may_leave_instead_of_reading(void **state)
{
	struct harness *h = *state;
	int fd = subscribed(h);
	while (!any_is_cut(h))
		publish_big(h);
	close(fd);
	turn(h, 5);
	assert_int_equal(ipc_server_clients(h->server), 0);
}

static void
the_daemon_may_close_meanwhile(void **state)
{
	struct harness *h = *state;
	int fd = subscribed(h);
	while (!any_is_cut(h))
		publish_big(h);
	ipc_server_close(h->server, on_done, h);
	uv_run(&h->loop, UV_RUN_DEFAULT);
	assert_true(h->closed);
	close(fd);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(l3_a_slow_reader_is_cut_off_and_delays_nobody),
	    TEST(the_notice_says_where_to_go_on),
	    TEST(others_get_the_event_that_was_too_much_for_one),
	    TEST(calls_of_one_that_is_cut_off_run_but_are_not_answered),
	    TEST(l3_who_asks_and_does_not_read_is_cut_off),
	    TEST(who_does_not_read_the_notice_is_given_up),
	    TEST(it_may_leave_instead_of_reading),
	    TEST(the_daemon_may_close_meanwhile),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
