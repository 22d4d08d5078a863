#define _GNU_SOURCE /* mkdtemp */
#include "base/err.h"
#include "ipc/internal.h"
#include "wire/rpc.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

/* A server in a folder of its own and raw clients, all in one thread: a client that waits lets
 * the loop turn. */
struct harness {
	uv_loop_t loop;
	struct ipc_server *server;
	char folder[64];
	char path[96];
	bool closed;
	struct ipc_call *held[LIMIT_CLIENT_CALLS + 1]; /* calls of "hold" */
	size_t held_count;
	int runs;
};

static int
call_echo(struct ipc_call *call)
{
	struct harness *h = ipc_ctx(call);
	h->runs++;
	struct value *result = value_object();
	value_set_str(result, "text", value_str(ipc_params(call), "text"));
	ipc_reply(call, result);
	return 0;
}

static int
call_hold(struct ipc_call *call)
{
	struct harness *h = ipc_ctx(call);
	h->held[h->held_count++] = call;
	return 0;
}

static int
call_fail(struct ipc_call *call)
{
	(void)call;
	return ERR_AMBIGUOUS;
}

static int
call_bad(struct ipc_call *call)
{
	struct value *result = value_object();
	value_set_str(result, "text", "\xff");
	ipc_reply(call, result);
	return 0;
}

/* Reads one byte from each descriptor it was given, up to "take". */
static int
call_read(struct ipc_call *call)
{
	struct buf text = BUF_INIT(100);
	int64_t take = value_int(ipc_params(call), "take", LIMIT_CALL_FDS);
	for (int64_t i = 0; i < take; i++) {
		char c = '?';
		int fd = ipc_take_fd(call);
		if (fd < 0)
			break;
		(void)!read(fd, &c, 1);
		close(fd);
		buf_char(&text, c);
	}
	struct value *result = value_object();
	value_set_str(result, "text", buf_cstr(&text));
	buf_finish(&text);
	ipc_reply(call, result);
	return 0;
}

static const struct ipc_method methods[] = {
    {"echo", "text", "Say it back", call_echo},
    {"hold", "", "Keep waiting", call_hold},
    {"fail", "", "Fail", call_fail},
    {"bad", "", "Answer nonsense", call_bad},
    {"read", "take", "Read from descriptors", call_read},
    {0},
};

static int
setup(void **state)
{
	struct harness *h = calloc(1, sizeof(*h));
	assert_non_null(h);
	(void)snprintf(h->folder, sizeof(h->folder), "%s", "/tmp/earshot-ipc-XXXXXX");
	assert_non_null(mkdtemp(h->folder));
	(void)snprintf(h->path, sizeof(h->path), "%s/daemon.sock", h->folder);
	assert_int_equal(uv_loop_init(&h->loop), 0);
	assert_int_equal(ipc_server_create(&h->loop, &h->server), 0);
	assert_int_equal(ipc_server_add(h->server, methods, h), 0);
	assert_int_equal(ipc_server_listen(h->server, h->path, -1), 0);
	*state = h;
	return 0;
}

static void
on_done(void *ctx)
{
	struct harness *h = ctx;
	h->closed = true;
}

static int
teardown(void **state)
{
	struct harness *h = *state;
	char lock[128];
	if (h->server && !h->closed)
		ipc_server_close(h->server, on_done, h);
	uv_run(&h->loop, UV_RUN_DEFAULT);
	assert_true(h->closed);
	assert_int_equal(uv_loop_close(&h->loop), 0);
	for (size_t i = 0; i < h->held_count; i++)
		ipc_reply(h->held[i], NULL); /* the server is gone: only freed */
	assert_int_equal(access(h->path, F_OK), -1);
	(void)snprintf(lock, sizeof(lock), "%s.lock", h->path);
	(void)unlink(lock);
	assert_int_equal(rmdir(h->folder), 0);
	free(h);
	return 0;
}

static void
turn(struct harness *h, unsigned times)
{
	for (unsigned i = 0; i < times; i++)
		uv_run(&h->loop, UV_RUN_NOWAIT);
}

static int
raw_connect(const struct harness *h)
{
	struct sockaddr_un a = {.sun_family = AF_UNIX};
	(void)snprintf(a.sun_path, sizeof(a.sun_path), "%s", h->path);
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	assert_true(fd >= 0);
	assert_int_equal(connect(fd, (const struct sockaddr *)&a, sizeof(a)), 0);
	return fd;
}

/* All of it, whatever the server's pace. */
static void
raw_send(struct harness *h, int fd, const char *text, size_t len)
{
	for (unsigned idle = 0; len > 0 && idle < 10000; turn(h, 1)) {
		ssize_t n = send(fd, text, len, MSG_NOSIGNAL);
		if (n < 0) {
			idle++;
			continue;
		}
		text += n;
		len -= (size_t)n;
	}
	assert_int_equal(len, 0);
}

static void
say(struct harness *h, int fd, const char *text)
{
	raw_send(h, fd, text, strlen(text));
}

/* One line with its break; empty: the connection ended. */
static const char *
raw_line(struct harness *h, int fd)
{
	static char line[LIMIT_ANSWER + 2];
	size_t len = 0;
	for (unsigned idle = 0; idle < 2000;) {
		ssize_t n = recv(fd, line + len, 1, 0);
		if (n > 0 && line[len++] == '\n')
			break;
		if (n > 0)
			continue;
		if (n == 0 || errno != EAGAIN)
			break;
		idle++;
		turn(h, 1);
	}
	line[len] = '\0';
	return line;
}

#define V "{\"jsonrpc\":\"2.0\","

static void
expect(struct harness *h, int fd, const char *line)
{
	assert_string_equal(raw_line(h, fd), line);
}

static void
expect_error(struct harness *h, int fd, int code)
{
	char text[32];
	(void)snprintf(text, sizeof(text), "\"code\":%d,", code);
	const char *line = raw_line(h, fd);
	if (!strstr(line, text))
		fail_msg("no error %d: %s", code, line);
}

static int
greeted(struct harness *h)
{
	int fd = raw_connect(h);
	say(h, fd, V "\"id\":0,\"method\":\"hello\",\"params\":{\"protocol\":1}}\n");
	assert_non_null(strstr(raw_line(h, fd), "\"version\":\"" EARSHOT_VERSION "\""));
	return fd;
}

static void
the_socket_is_for_its_owner_alone(void **state)
{
	struct harness *h = *state;
	struct stat st;
	assert_int_equal(stat(h->path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
}

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
malformed_calls_are_answered_and_survived(void **state)
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
limits_a_call(void **state)
{
	struct harness *h = *state;
	static const char head[] = V "\"id\":1,\"method\":\"echo\",\"params\":{\"text\":\"";
	for (size_t len = LIMIT_FRAME - 1; len <= LIMIT_FRAME + 1; len++) {
		int fd = greeted(h);
		char *line = malloc(len + 1);
		assert_non_null(line);
		memset(line, 'x', len);
		memcpy(line, head, sizeof(head) - 1);
		memcpy(line + len - 3, "\"}}\n", 4);
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
limits_topics(void **state)
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

static void
publish_big(struct harness *h)
{
	static char text[64 * 1024];
	memset(text, 'x', sizeof(text) - 1);
	struct value *event = value_object();
	value_set_str(event, "text", text);
	ipc_publish(h->server, "message", event);
}

static void
a_slow_reader_is_cut_off_and_delays_nobody(void **state)
{
	struct harness *h = *state;
	int slow = greeted(h);
	int quick = greeted(h);
	say(h, slow, V "\"id\":1,\"method\":\"subscribe\"}\n");
	assert_non_null(strstr(raw_line(h, slow), "result"));
	int published = 0;
	while (ipc_server_clients(h->server) == 2 && published < 1000) {
		publish_big(h);
		published++;
		say(h, quick, V "\"id\":5,\"method\":\"echo\"}\n");
		expect(h, quick, V "\"id\":5,\"result\":{}}\n");
	}
	/* what the kernel took comes on top of our own queue */
	assert_true(published >= LIMIT_CLIENT_QUEUE / (64 * 1024));
	assert_true(published < LIMIT_CLIENT_QUEUE / (64 * 1024) + 16);
	assert_int_equal(ipc_server_clients(h->server), 1);
	close(slow);
	close(quick);
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
	assert_non_null(
	    strstr(raw_line(h, fd), "\"message\":\"7\",\"data\":{\"reason\":\"busy\"}"));
	expect(h, fd, "");
	close(fd);
}

static void
unanswered_calls_are_limited_by_not_reading(void **state)
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
unanswered_bytes_are_limited_too(void **state)
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

/* A client with much to do does not take another's turn. */
static void
a_busy_client_leaves_others_their_turn(void **state)
{
	struct harness *h = *state;
	int busy = greeted(h);
	int other = greeted(h);
	struct buf calls = BUF_INIT(1 << 20);
	for (int i = 0; i < 10 * LIMIT_CLIENT_TURN; i++)
		buf_str(&calls, V "\"method\":\"echo\"}\n");
	assert_true(send(busy, calls.data, calls.len, MSG_NOSIGNAL) == (ssize_t)calls.len);
	buf_finish(&calls);
	turn(h, 1);
	assert_true(h->runs <= 2 * LIMIT_CLIENT_TURN);
	static const char hold[] = V "\"id\":1,\"method\":\"hold\"}\n";
	assert_true(send(other, hold, sizeof(hold) - 1, MSG_NOSIGNAL) > 0);
	turn(h, 2);
	assert_int_equal(h->held_count, 1);
	assert_true(h->runs < 10 * LIMIT_CLIENT_TURN);
	turn(h, 20);
	assert_int_equal(h->runs, 10 * LIMIT_CLIENT_TURN);
	close(busy);
	close(other);
}

static void
limits_clients(void **state)
{
	struct harness *h = *state;
	int fds[LIMIT_CLIENTS];
	for (int i = 0; i < LIMIT_CLIENTS; i++)
		fds[i] = greeted(h);
	assert_int_equal(ipc_server_clients(h->server), LIMIT_CLIENTS);
	int more = raw_connect(h);
	assert_non_null(strstr(raw_line(h, more), "\"reason\":\"busy\""));
	expect(h, more, "");
	close(more);
	close(fds[0]);
	turn(h, 5);
	fds[0] = greeted(h);
	for (int i = 0; i < LIMIT_CLIENTS; i++)
		close(fds[i]);
}

static void
another_user_is_turned_away_unheard(void **state)
{
	struct harness *h = *state;
	h->server->uid++; /* as good as if we were somebody else */
	int fd = raw_connect(h);
	(void)send(
	    fd, V "\"id\":0,\"method\":\"hello\",\"params\":{\"protocol\":1}}\n", 60, MSG_NOSIGNAL);
	expect(h, fd, "");
	assert_int_equal(ipc_server_clients(h->server), 0);
	close(fd);
}

static void
a_second_server_is_refused(void **state)
{
	struct harness *h = *state;
	struct ipc_server *second;
	bool was_closed = h->closed;
	assert_int_equal(ipc_server_create(&h->loop, &second), 0);
	assert_int_equal(ipc_server_listen(second, h->path, -1), -EADDRINUSE);
	ipc_server_close(second, on_done, h);
	turn(h, 5);
	assert_true(h->closed);
	h->closed = was_closed;
	int fd = greeted(h); /* the first still serves, its file is still there */
	close(fd);
}

/* A daemon that does not know our lock is found by asking. */
static void
a_server_without_a_lock_is_found(void **state)
{
	struct harness *h = *state;
	struct ipc_server *second;
	char lock[128];
	(void)snprintf(lock, sizeof(lock), "%s.lock", h->path);
	assert_int_equal(unlink(lock), 0);
	assert_int_equal(ipc_server_create(&h->loop, &second), 0);
	assert_int_equal(ipc_server_listen(second, h->path, -1), -EADDRINUSE);
	ipc_server_close(second, NULL, NULL);
	turn(h, 5);
	close(greeted(h));
}

static void
close_server(struct harness *h)
{
	ipc_server_close(h->server, on_done, h);
	uv_run(&h->loop, UV_RUN_DEFAULT);
	assert_true(h->closed);
	h->closed = false;
	assert_int_equal(ipc_server_create(&h->loop, &h->server), 0);
	assert_int_equal(ipc_server_add(h->server, methods, h), 0);
}

static void
a_stale_socket_is_replaced_other_files_are_not(void **state)
{
	struct harness *h = *state;
	close_server(h);
	struct sockaddr_un a = {.sun_family = AF_UNIX};
	(void)snprintf(a.sun_path, sizeof(a.sun_path), "%s", h->path);
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);
	assert_int_equal(bind(fd, (const struct sockaddr *)&a, sizeof(a)), 0);
	close(fd);
	assert_int_equal(ipc_server_listen(h->server, h->path, -1), 0);
	close(greeted(h));
	close_server(h);
	fd = open(h->path, O_CREAT | O_WRONLY, 0600);
	assert_true(fd >= 0);
	close(fd);
	assert_int_equal(ipc_server_listen(h->server, h->path, -1), -EEXIST);
	assert_int_equal(access(h->path, F_OK), 0);
	assert_int_equal(unlink(h->path), 0);
	char long_path[300];
	(void)snprintf(long_path, sizeof(long_path), "%s/%0150d", h->folder, 0);
	assert_int_equal(ipc_server_listen(h->server, long_path, -1), -ENAMETOOLONG);
}

static void
takes_over_a_socket_that_already_listens(void **state)
{
	struct harness *h = *state;
	close_server(h);
	struct sockaddr_un a = {.sun_family = AF_UNIX};
	(void)snprintf(a.sun_path, sizeof(a.sun_path), "%s", h->path);
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);
	assert_int_equal(bind(fd, (const struct sockaddr *)&a, sizeof(a)), 0);
	assert_int_equal(ipc_server_listen(h->server, h->path, fd), -EINVAL);
	assert_int_equal(listen(fd, 5), 0);
	assert_int_equal(ipc_server_listen(h->server, h->path, fd), 0);
	close(greeted(h));
	close_server(h);
	assert_int_equal(access(h->path, F_OK), 0); /* its maker's to remove */
	assert_int_equal(unlink(h->path), 0);
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

static void
closing_writes_out_what_is_queued(void **state)
{
	struct harness *h = *state;
	int fd = greeted(h);
	say(h, fd, V "\"id\":1,\"method\":\"subscribe\"}\n");
	assert_non_null(strstr(raw_line(h, fd), "result"));
	for (int i = 0; i < 20; i++)
		publish_big(h);
	ipc_server_close(h->server, on_done, h);
	ipc_server_close(h->server, on_done, h);
	assert_false(h->closed);
	for (int i = 0; i < 20; i++)
		assert_true(strlen(raw_line(h, fd)) > 64 * 1024);
	expect(h, fd, "");
	uint64_t start = uv_hrtime();
	uv_run(&h->loop, UV_RUN_DEFAULT);
	assert_true(h->closed);
	assert_true(uv_hrtime() - start < 500000000); /* it did not wait for the deadline */
	close(fd);
}

static void
closing_waits_a_second_for_who_does_not_read(void **state)
{
	struct harness *h = *state;
	int fd = greeted(h);
	say(h, fd, V "\"id\":1,\"method\":\"subscribe\"}\n");
	assert_non_null(strstr(raw_line(h, fd), "result"));
	for (int i = 0; i < 20; i++)
		publish_big(h);
	uint64_t start = uv_hrtime();
	ipc_server_close(h->server, on_done, h);
	uv_run(&h->loop, UV_RUN_DEFAULT);
	assert_true(h->closed);
	uint64_t ms = (uv_hrtime() - start) / 1000000;
	assert_true(ms >= 900 && ms < 5000);
	close(fd);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(the_socket_is_for_its_owner_alone),
	    TEST(hello_comes_first),
	    TEST(answers_whatever_the_cut),
	    TEST(malformed_calls_are_answered_and_survived),
	    TEST(limits_a_call),
	    TEST(events_go_to_those_who_asked),
	    TEST(limits_topics),
	    TEST(a_slow_reader_is_cut_off_and_delays_nobody),
	    TEST(a_burst_is_queued_and_arrives_in_order),
	    TEST(a_client_may_leave_with_calls_pending),
	    TEST(what_was_asked_before_the_end_is_answered),
	    TEST(unanswered_calls_are_limited_by_not_reading),
	    TEST(unanswered_bytes_are_limited_too),
	    TEST(a_busy_client_leaves_others_their_turn),
	    TEST(limits_clients),
	    TEST(another_user_is_turned_away_unheard),
	    TEST(a_second_server_is_refused),
	    TEST(a_server_without_a_lock_is_found),
	    TEST(a_stale_socket_is_replaced_other_files_are_not),
	    TEST(takes_over_a_socket_that_already_listens),
	    TEST(descriptors_come_with_their_call),
	    TEST(lists_its_methods),
	    TEST(closing_writes_out_what_is_queued),
	    TEST(closing_waits_a_second_for_who_does_not_read),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
