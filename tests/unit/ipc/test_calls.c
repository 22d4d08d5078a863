#define _GNU_SOURCE /* mkdtemp */
#include "harness.h"

static void
hello_comes_first(void **state)
{
	struct harness *h = *state;
	int fd = raw_connect(h);
	say(h, fd, V "\"id\":1,\"method\":\"echo\"}\n");
	expect_error(h, fd, RPC_INVALID_REQUEST);
	assert_int_equal(h->runs, 0);
	say(h, fd, V "\"id\":1,\"method\":\"hello\",\"params\":{\"protocol\":2}}\n");
	assert_non_null(strstr(raw_line(h, fd), "\"protocol\":1,\"reason\":\"unsupported\""));
	say(h, fd, V "\"id\":1,\"method\":\"hello\",\"params\":{\"protocol\":1}}\n");
	assert_non_null(strstr(raw_line(h, fd), "\"result\":{\"protocol\":1"));
	say(h, fd, V "\"id\":2,\"method\":\"echo\",\"params\":{\"text\":\"hi\"}}\n");
	expect(h, fd, V "\"id\":2,\"result\":{\"text\":\"hi\"}}\n");
	close(fd);
}

static void
answers_whatever_the_cut(void **state)
{
	struct harness *h = *state;
	int fd = greeted(h);
	static const char text[] =
	    V "\"id\":\"a\",\"method\":\"echo\",\"params\":{\"text\":\"hi\"}}\n" V
	      "\"method\":\"echo\"}\n" V "\"id\":null,\"method\":\"nosuch\"}\n";
	for (size_t cut = 0; cut < sizeof(text); cut++) {
		raw_send(h, fd, text, cut);
		turn(h, 2);
		raw_send(h, fd, text + cut, sizeof(text) - 1 - cut);
		expect(h, fd, V "\"id\":\"a\",\"result\":{\"text\":\"hi\"}}\n");
		expect_error(h, fd, RPC_NO_METHOD);
		assert_int_equal(h->runs, 2 * (int)(cut + 1));
	}
	close(fd);
}

static void
l3_malformed_calls_are_answered_and_survived(void **state)
{
	struct harness *h = *state;
	int fd = greeted(h);
	static const struct {
		const char *line;
		int code;
	} bad[] = {
	    {"\n", RPC_PARSE_ERROR},
	    {"{\n", RPC_PARSE_ERROR},
	    {"{\"a\":1,\"a\":2}\n", RPC_PARSE_ERROR},
	    {"[\"\xff\"]\n", RPC_PARSE_ERROR},
	    {"[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]\n", RPC_PARSE_ERROR},
	    {"[]\n", RPC_INVALID_REQUEST},
	    {"{}\n", RPC_INVALID_REQUEST},
	    {V "\"id\":1,\"result\":{}}\n", RPC_INVALID_REQUEST},
	    {V "\"id\":1,\"method\":\"echo\",\"fds\":1}\n", RPC_INVALID_REQUEST},
	    {V "\"id\":1,\"method\":\"echo\",\"params\":[]}\n", RPC_INVALID_PARAMS},
	    {V "\"id\":1,\"method\":\"fail\"}\n", RPC_FAILED},
	    {V "\"id\":1,\"method\":\"bad\"}\n", RPC_FAILED},
	};
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		say(h, fd, bad[i].line);
		expect_error(h, fd, bad[i].code);
	}
	say(h, fd, V "\"id\":1,\"method\":\"fail\"}\n");
	assert_non_null(strstr(raw_line(h, fd), "\"data\":{\"reason\":\"ambiguous\"}"));
	assert_int_equal(h->runs, 0);
	close(fd);
}

static void
l3_limits_a_call(void **state)
{
	struct harness *h = *state;
	static const char head[] = V "\"id\":1,\"method\":\"echo\",\"params\":{\"text\":\"";
	for (size_t len = LIMIT_FRAME - 1; len <= LIMIT_FRAME + 1; len++) {
		int fd = greeted(h);
		char *line = malloc(len + 1);
		assert_non_null(line);
		memset(line, 'x', len);
		memcpy(line, head, sizeof(head) - 1);
		memcpy(line + len - 3, "\"}}\n", 4); // NOLINT(bugprone-not-null-terminated-result)
		if (len <= LIMIT_FRAME) {
			raw_send(h, fd, line, len + 1);
			assert_int_equal(strlen(raw_line(h, fd)),
			    len - strlen(head) - 3 +
				strlen(V "\"id\":1,\"result\":{\"text\":\"\"}}\n"));
		} else {
			raw_send(h, fd, line, len);
			expect_error(h, fd, RPC_INVALID_REQUEST);
			expect(h, fd, ""); /* there is no way back into the stream */
		}
		free(line);
		close(fd);
	}
}

static void
events_go_to_those_who_asked(void **state)
{
	struct harness *h = *state;
	int all = greeted(h);
	int some = greeted(h);
	int none = greeted(h);
	assert_false(ipc_has_subscribers(h->server, "message"));
	say(h, all, V "\"id\":1,\"method\":\"subscribe\"}\n");
	expect(h, all, V "\"id\":1,\"result\":{\"topics\":[\"*\"]}}\n");
	say(h, some,
	    V "\"id\":1,\"method\":\"subscribe\",\"params\":{\"topics\":[\"a\",\"b\",\"a\"]}}\n");
	expect(h, some, V "\"id\":1,\"result\":{\"topics\":[\"a\",\"b\"]}}\n");
	assert_true(ipc_has_subscribers(h->server, "message"));
	for (int i = 0; i < 2; i++) {
		struct value *event = value_object();
		value_set_int(event, "n", i);
		ipc_publish(h->server, i ? "b" : "message", event);
	}
	expect(h, all, V "\"method\":\"event\",\"params\":{\"n\":0,\"event\":\"message\"}}\n");
	expect(h, all, V "\"method\":\"event\",\"params\":{\"n\":1,\"event\":\"b\"}}\n");
	expect(h, some, V "\"method\":\"event\",\"params\":{\"n\":1,\"event\":\"b\"}}\n");
	say(h, some, V "\"id\":1,\"method\":\"unsubscribe\",\"params\":{\"topics\":[\"a\"]}}\n");
	expect(h, some, V "\"id\":1,\"result\":{\"topics\":[\"b\"]}}\n");
	say(h, all, V "\"id\":1,\"method\":\"unsubscribe\"}\n");
	expect(h, all, V "\"id\":1,\"result\":{\"topics\":[]}}\n");
	assert_true(ipc_has_subscribers(h->server, "b"));
	assert_false(ipc_has_subscribers(h->server, "a"));
	say(h, none, V "\"id\":9,\"method\":\"echo\"}\n");
	expect(h, none, V "\"id\":9,\"result\":{}}\n"); /* no event came before it */
	close(all);
	close(some);
	close(none);
}

static void
l3_limits_topics(void **state)
{
	struct harness *h = *state;
	int fd = greeted(h);
	char text[200];
	for (int i = 0; i <= LIMIT_CLIENT_TOPICS; i++) {
		(void)snprintf(text, sizeof(text),
		    V "\"id\":1,\"method\":\"subscribe\",\"params\":{\"topics\":[\"t%d\"]}}\n", i);
		say(h, fd, text);
		const char *line = raw_line(h, fd);
		assert_true(!strstr(line, "error") == (i < LIMIT_CLIENT_TOPICS));
	}
	for (int len = LIMIT_TOPIC; len <= LIMIT_TOPIC + 1; len++) {
		(void)snprintf(text, sizeof(text),
		    V "\"id\":1,\"method\":\"unsubscribe\",\"params\":{\"topics\":[\"%0*d\"]}}\n",
		    len, 0);
		say(h, fd, text);
		assert_true(!strstr(raw_line(h, fd), "error") == (len <= LIMIT_TOPIC));
	}
	close(fd);
}

/* One that reads, however much comes at once, loses nothing. */
static void
a_burst_is_queued_and_arrives_in_order(void **state)
{
	struct harness *h = *state;
	int fd = greeted(h);
	char expected[128];
	say(h, fd, V "\"id\":1,\"method\":\"subscribe\"}\n");
	assert_non_null(strstr(raw_line(h, fd), "result"));
	for (int i = 0; i < 20000; i++) {
		struct value *event = value_object();
		value_set_int(event, "n", i);
		ipc_publish(h->server, "x", event);
	}
	for (int i = 0; i < 20000; i++) {
		(void)snprintf(expected, sizeof(expected),
		    V "\"method\":\"event\",\"params\":{\"n\":%d,\"event\":\"x\"}}\n", i);
		expect(h, fd, expected);
	}
	close(fd);
}

static void
a_client_may_leave_with_calls_pending(void **state)
{
	struct harness *h = *state;
	int fd = greeted(h);
	for (int i = 0; i < 3; i++)
		say(h, fd, V "\"id\":1,\"method\":\"hold\"}\n");
	turn(h, 5);
	assert_int_equal(h->held_count, 3);
	close(fd);
	turn(h, 5);
	ipc_reply(h->held[0], NULL);
	turn(h, 5);
	assert_int_equal(ipc_server_clients(h->server), 0);
	ipc_fail(h->held[1], IPC_TIMEOUT, "Too %s.", "late");
	ipc_fail_data(h->held[2], IPC_TIMEOUT, value_object(), "Too late.");
	h->held_count = 0;
}

/* As a script does: it writes its calls, closes that direction, and reads. */
static void
what_was_asked_before_the_end_is_answered(void **state)
{
	struct harness *h = *state;
	int fd = greeted(h);
	for (int i = 0; i < 3 * LIMIT_CLIENT_TURN; i++)
		say(h, fd, V "\"id\":1,\"method\":\"echo\"}\n");
	say(h, fd, V "\"id\":2,\"method\":\"hold\"}\n");
	assert_int_equal(shutdown(fd, SHUT_WR), 0);
	for (int i = 0; i < 3 * LIMIT_CLIENT_TURN; i++)
		expect(h, fd, V "\"id\":1,\"result\":{}}\n");
	assert_int_equal(h->held_count, 1);
	ipc_fail(h->held[0], IPC_BUSY, "%d", 7);
	h->held_count = 0;
	/* with what it was made of, for other languages */
	assert_non_null(strstr(raw_line(h, fd), "\"message\":\"7\",\"data\":{\"reason\":\"busy\","
						"\"words\":{\"id\":\"%d\",\"args\":[\"7\"]}}"));
	expect(h, fd, "");
	close(fd);
}

static void
l3_unanswered_calls_are_limited_by_not_reading(void **state)
{
	struct harness *h = *state;
	int fd = greeted(h);
	for (int i = 0; i < LIMIT_CLIENT_CALLS + 1; i++)
		say(h, fd, V "\"id\":1,\"method\":\"hold\"}\n");
	turn(h, 2 * LIMIT_CLIENT_CALLS / LIMIT_CLIENT_TURN);
	assert_int_equal(h->held_count, LIMIT_CLIENT_CALLS);
	ipc_reply(h->held[0], NULL);
	turn(h, 5);
	assert_int_equal(h->held_count, LIMIT_CLIENT_CALLS + 1);
	h->held[0] = h->held[--h->held_count];
	close(fd);
}

static void
l3_unanswered_bytes_are_limited_too(void **state)
{
	struct harness *h = *state;
	int fd = greeted(h);
	size_t len = LIMIT_FRAME;
	char *line = malloc(len);
	assert_non_null(line);
	memset(line, ' ', len);
	static const char head[] = V "\"id\":1,\"method\":\"hold\"}";
	memcpy(line, head, sizeof(head) - 1);
	line[len - 1] = '\n';
	size_t count = LIMIT_CLIENT_CALL_BYTES / (len - 1) + 1;
	for (size_t i = 0; i < count; i++)
		raw_send(h, fd, line, len);
	say(h, fd, V "\"id\":1,\"method\":\"hold\"}\n");
	turn(h, 50);
	assert_int_equal(h->held_count, count);
	ipc_reply(h->held[0], NULL);
	turn(h, 5);
	assert_int_equal(h->held_count, count + 1);
	h->held[0] = h->held[--h->held_count];
	free(line);
	close(fd);
}

static void
send_fds(int fd, const char *line, const int *fds, size_t count)
{
	union {
		struct cmsghdr align;
		char bytes[CMSG_SPACE(sizeof(int) * 40)];
	} control;
	struct iovec iov = {.iov_len = strlen(line)};
	memcpy(&iov.iov_base, &line, sizeof(line));
	struct msghdr msg = {.msg_iov = &iov,
	    .msg_iovlen = 1,
	    .msg_control = control.bytes,
	    .msg_controllen = CMSG_SPACE(sizeof(int) * count)};
	memset(&control, 0, sizeof(control));
	struct cmsghdr *head = CMSG_FIRSTHDR(&msg);
	head->cmsg_level = SOL_SOCKET;
	head->cmsg_type = SCM_RIGHTS;
	head->cmsg_len = CMSG_LEN(sizeof(int) * count);
	memcpy(CMSG_DATA(head), fds, sizeof(int) * count);
	assert_int_equal(sendmsg(fd, &msg, MSG_NOSIGNAL), (ssize_t)iov.iov_len);
}

static size_t
open_fds(void)
{
	size_t count = 0;
	for (int fd = 0; fd < 1024; fd++)
		count += fcntl(fd, F_GETFD) >= 0;
	return count;
}

static void
descriptors_come_with_their_call(void **state)
{
	struct harness *h = *state;
	int fd = greeted(h);
	size_t before = open_fds();
	int ends[3][2];
	int reads[LIMIT_CALL_FDS + 1];
	for (int i = 0; i < 3; i++) {
		assert_int_equal(pipe(ends[i]), 0);
		assert_int_equal(write(ends[i][1], &"abc"[i], 1), 1);
	}
	const int two[] = {ends[0][0], ends[1][0]};
	send_fds(fd, V "\"id\":1,\"method\":\"read\",\"fds\":2}\n", two, 2);
	send_fds(fd, V "\"id\":2,\"method\":\"read\",\"fds\":1}\n", &ends[2][0], 1);
	expect(h, fd, V "\"id\":1,\"result\":{\"text\":\"ab\"}}\n");
	expect(h, fd, V "\"id\":2,\"result\":{\"text\":\"c\"}}\n");
	/* those nobody takes are closed with the call */
	for (int i = 0; i <= LIMIT_CALL_FDS; i++)
		reads[i] = ends[0][0];
	send_fds(fd, V "\"id\":3,\"method\":\"read\",\"fds\":16,\"params\":{\"take\":0}}\n", reads,
	    LIMIT_CALL_FDS);
	expect(h, fd, V "\"id\":3,\"result\":{\"text\":\"\"}}\n");
	assert_int_equal(open_fds(), before + 6);
	send_fds(fd, V "\"id\":4,\"method\":\"read\",\"fds\":16}\n", reads, LIMIT_CALL_FDS + 1);
	expect(h, fd, "");
	turn(h, 3);
	for (int i = 0; i < 3; i++) {
		close(ends[i][0]);
		close(ends[i][1]);
	}
	close(fd);
	assert_int_equal(open_fds(), before - 2); /* ours, and the server's end of it */
}

static void
lists_its_methods(void **state)
{
	struct harness *h = *state;
	int fd = greeted(h);
	say(h, fd, V "\"id\":1,\"method\":\"methods\"}\n");
	const char *line = raw_line(h, fd);
	assert_non_null(strstr(line, "{\"name\":\"hello\""));
	assert_non_null(
	    strstr(line, "{\"name\":\"echo\",\"params\":\"text\",\"help\":\"Say it back\"}"));
	assert_int_equal(ipc_server_add(h->server, methods, h), -EEXIST);
	close(fd);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(hello_comes_first),
	    TEST(answers_whatever_the_cut),
	    TEST(l3_malformed_calls_are_answered_and_survived),
	    TEST(l3_limits_a_call),
	    TEST(events_go_to_those_who_asked),
	    TEST(l3_limits_topics),
	    TEST(a_burst_is_queued_and_arrives_in_order),
	    TEST(a_client_may_leave_with_calls_pending),
	    TEST(what_was_asked_before_the_end_is_answered),
	    TEST(l3_unanswered_calls_are_limited_by_not_reading),
	    TEST(l3_unanswered_bytes_are_limited_too),
	    TEST(descriptors_come_with_their_call),
	    TEST(lists_its_methods),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
