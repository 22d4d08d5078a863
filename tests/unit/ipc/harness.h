/* What the tests of ipc/ share: a server in a folder of its own and raw clients, all in one
 * thread. A client that waits lets the loop turn. */
#ifndef TESTS_IPC_HARNESS_H
#define TESTS_IPC_HARNESS_H

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

static inline int
call_echo(struct ipc_call *call)
{
	struct harness *h = ipc_ctx(call);
	h->runs++;
	struct value *result = value_object();
	value_set_str(result, "text", value_str(ipc_params(call), "text"));
	ipc_reply(call, result);
	return 0;
}

static inline int
call_hold(struct ipc_call *call)
{
	struct harness *h = ipc_ctx(call);
	h->held[h->held_count++] = call;
	return 0;
}

static inline int
call_fail(struct ipc_call *call)
{
	(void)call;
	return ERR_AMBIGUOUS;
}

static inline int
call_bad(struct ipc_call *call)
{
	struct value *result = value_object();
	value_set_str(result, "text", "\xff");
	ipc_reply(call, result);
	return 0;
}

/* Reads one byte from each descriptor it was given, up to "take". */
static inline int
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

static inline int
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

static inline void
on_done(void *ctx)
{
	struct harness *h = ctx;
	h->closed = true;
}

static inline int
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

static inline void
turn(struct harness *h, unsigned times)
{
	for (unsigned i = 0; i < times; i++)
		uv_run(&h->loop, UV_RUN_NOWAIT);
}

static inline int
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
static inline void
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

static inline void
say(struct harness *h, int fd, const char *text)
{
	raw_send(h, fd, text, strlen(text));
}

/* One line with its break; empty: the connection ended. */
static inline const char *
raw_line(struct harness *h, int fd)
{
	static char line[LIMIT_ANSWER + 2];
	size_t len = 0;
	for (unsigned idle = 0; idle < 2000 && len < sizeof(line) - 1;) {
		ssize_t n = recv(fd, line + len, sizeof(line) - 1 - len, MSG_PEEK);
		if (n > 0) { /* no more than the line is taken */
			const char *end = memchr(line + len, '\n', (size_t)n);
			size_t take = end ? (size_t)(end - (line + len)) + 1 : (size_t)n;
			n = recv(fd, line + len, take, 0);
			assert_int_equal(n, take);
			len += take;
			if (end)
				break;
			continue;
		}
		if (n == 0 || errno != EAGAIN)
			break;
		idle++;
		turn(h, 1);
	}
	line[len] = '\0';
	return line;
}

#define V "{\"jsonrpc\":\"2.0\","

static inline void
expect(struct harness *h, int fd, const char *line)
{
	assert_string_equal(raw_line(h, fd), line);
}

static inline void
expect_error(struct harness *h, int fd, int code)
{
	char text[32];
	(void)snprintf(text, sizeof(text), "\"code\":%d,", code);
	const char *line = raw_line(h, fd);
	if (!strstr(line, text))
		fail_msg("no error %d: %s", code, line);
}

static inline int
greeted(struct harness *h)
{
	int fd = raw_connect(h);
	say(h, fd, V "\"id\":0,\"method\":\"hello\",\"params\":{\"protocol\":1}}\n");
	assert_non_null(strstr(raw_line(h, fd), "\"version\":\"" EARSHOT_VERSION "\""));
	return fd;
}

static inline void
publish_big(struct harness *h)
{
	static char text[64 * 1024];
	memset(text, 'x', sizeof(text) - 1);
	struct value *event = value_object();
	value_set_str(event, "text", text);
	ipc_publish(h->server, "message", event);
}

/* "since" of the notice of a cut-off in a line, -1: none; fails if it is no such notice. */
static inline int64_t
cut_off_since(const char *line)
{
	struct value *v = NULL;
	assert_int_equal(value_parse(line, strlen(line), &v), 0);
	if (!value_str(v, "method") || strcmp(value_str(v, "method"), "cut-off") != 0)
		fail_msg("no notice: %.200s", line);
	const struct value *params = value_get(v, "params");
	assert_non_null(value_str(params, "message"));
	int64_t since = value_int(params, "since", -1);
	value_free(v);
	return since;
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

#endif
