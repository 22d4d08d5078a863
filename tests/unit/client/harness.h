/* What the tests of client/ share: a daemon, which is the test program once more, started by the
 * library itself with --socket PATH. */
#ifndef TESTS_CLIENT_HARNESS_H
#define TESTS_CLIENT_HARNESS_H

#include "base/limits.h"
#include "ipc/ipc.h"
#include "wire/rpc.h"
#include <earshot.h>

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

/* ---- the daemon: this program once more, started by the library with --socket PATH -------- */

static struct ipc_server *server;
static struct ipc_call *held;

static inline int
call_echo(struct ipc_call *call)
{
	struct value *result = value_object();
	value_set_str(result, "text", value_str(ipc_params(call), "text"));
	ipc_reply(call, result);
	return 0;
}

static inline int
call_hold(struct ipc_call *call)
{
	if (held)
		ipc_reply(held, NULL);
	held = call;
	return 0;
}

/* Publishes `count` events, then answers. */
static inline int
call_burst(struct ipc_call *call)
{
	int64_t count = value_int(ipc_params(call), "count", 1);
	for (int64_t i = 0; i < count; i++) {
		struct value *event = value_object();
		value_set_int(event, "n", i);
		ipc_publish(server, "tick", event);
	}
	ipc_reply(call, NULL);
	return 0;
}

/* A log of durable events: the daemon has LOG_BEGINS of them when it starts. */
enum { LOG_BEGINS = 1000 };
static int64_t log_last = LOG_BEGINS;

static inline struct value *
log_event(int64_t number)
{
	struct value *event = value_object();
	value_set_int(event, "n", 10 * number);
	return event;
}

static inline void
log_place(void *ctx, struct ipc_log_ask *ask, const char *name)
{
	(void)ctx;
	ipc_log_place(ask, name && strcmp(name, "tray") == 0 ? 990 : 0, log_last);
}

static inline void
log_read(void *ctx, struct ipc_log_ask *ask, int64_t since, size_t limit)
{
	(void)ctx;
	struct ipc_log_event events[LIMIT_REPLAY_PAGE];
	size_t count = 0;
	for (; count < limit && since < log_last; count++) {
		since++;
		events[count] = (struct ipc_log_event){"tick", since, log_event(since)};
	}
	ipc_log_page(ask, events, count, since, since < log_last);
}

static const struct ipc_log_source log_source = {.place = log_place, .read = log_read};

/* `count` durable events, then the answer. */
static inline int
call_happen(struct ipc_call *call)
{
	int64_t count = value_int(ipc_params(call), "count", 1);
	for (int64_t i = 0; i < count; i++) {
		log_last++;
		ipc_publish_numbered(server, "tick", log_last, log_event(log_last));
	}
	ipc_reply(call, NULL);
	return 0;
}

static inline int
call_cursor(struct ipc_call *call)
{
	struct value *result = value_object();
	value_set_int(result, "number", 0);
	value_set_int(result, "last", log_last);
	ipc_reply(call, result);
	return 0;
}

static inline int
call_missing(struct ipc_call *call)
{
	struct value *data = value_object();
	value_set_int(data, "n", 7);
	ipc_fail_data(call, IPC_UNKNOWN, data, "Nobody is called %s.", "juliet");
	return 0;
}

static inline int
call_read(struct ipc_call *call)
{
	char text[LIMIT_CALL_FDS + 1];
	size_t len = 0;
	for (int fd = ipc_take_fd(call); fd >= 0; fd = ipc_take_fd(call)) {
		if (read(fd, text + len, 1) == 1)
			len++;
		close(fd);
	}
	text[len] = '\0';
	struct value *result = value_object();
	value_set_str(result, "text", text);
	ipc_reply(call, result);
	return 0;
}

static inline int
call_stop(struct ipc_call *call)
{
	ipc_reply(call, NULL);
	ipc_server_close(server, NULL, NULL);
	return 0;
}

static inline int
call_crash(struct ipc_call *call)
{
	(void)call;
	_exit(1);
}

static const struct ipc_method methods[] = {
    {"echo", "text", "Say it back", call_echo},
    {"hold", "", "Answer at the next one", call_hold},
    {"burst", "count", "Publish events", call_burst},
    {"happen", "count", "Let durable events happen", call_happen},
    {"cursor", "name", "Tell the newest number", call_cursor},
    {"missing", "", "Fail", call_missing},
    {"read", "", "Read from descriptors", call_read},
    {"stop", "", "Stop", call_stop},
    {"crash", "", "Stop at once", call_crash},
    {0},
};

/* Ends by itself if a failed test forgets it. */
static inline int
serve(const char *path)
{
	uv_loop_t loop;
	(void)alarm(30);
	if (uv_loop_init(&loop) || ipc_server_create(&loop, &server) ||
	    ipc_server_add(server, methods, NULL) || ipc_server_listen(server, path, -1))
		return 1;
	ipc_set_log(server, &log_source, NULL);
	uv_run(&loop, UV_RUN_DEFAULT);
	if (held)
		ipc_reply(held, NULL);
	return uv_loop_close(&loop) ? 1 : 0;
}

/* ---- what the tests share ----------------------------------------------------------------- */

static char folder[64];
static char path[96];

static inline int
setup(void **state)
{
	(void)state;
	(void)snprintf(folder, sizeof(folder), "%s", "/tmp/earshot-lib-XXXXXX");
	if (!mkdtemp(folder))
		return -1;
	(void)snprintf(path, sizeof(path), "%s/daemon.sock", folder);
	char self[200];
	ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);
	if (n <= 0)
		return -1;
	self[n] = '\0';
	/* NOLINTBEGIN(concurrency-mt-unsafe): no other thread runs here */
	(void)setenv("EARSHOTD", self, 1);
	(void)setenv("XDG_STATE_HOME", folder, 1);
	(void)setenv("XDG_RUNTIME_DIR", folder, 1);
	return unsetenv("EARSHOT_SOCKET");
	/* NOLINTEND(concurrency-mt-unsafe) */
}

static inline void
discard(const char *name)
{
	char file[200];
	(void)snprintf(file, sizeof(file), "%s/%s", folder, name);
	(void)remove(file);
}

static inline int
teardown(void **state)
{
	(void)state;
	discard("daemon.sock");
	discard("daemon.sock.lock");
	discard("earshot/earshotd.log");
	discard("earshot");
	return rmdir(folder);
}

static inline struct earshot *
started(void)
{
	struct earshot *c = NULL;
	assert_int_equal(earshot_connect(path, "test", EARSHOT_START, &c), 0);
	assert_non_null(c);
	return c;
}

static inline void
stop(struct earshot *c)
{
	assert_int_equal(earshot_call(c, "stop", NULL, 5000, NULL), 0);
	while (earshot_wait(c, 5000) == 0)
		;
	earshot_close(c);
	for (int i = 0; access(path, F_OK) == 0 && i < 500; i++)
		(void)poll(NULL, 0, 10);
}

static inline struct earshot_value *
text_params(const char *text)
{
	struct earshot_value *params = earshot_value_object();
	earshot_value_set_str(params, "text", text);
	return params;
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

/* main() of each test program. */
#define TEST_MAIN(tests) \
	int main(int argc, char **argv) \
	{ \
		if (argc == 3 && strcmp(argv[1], "--socket") == 0) \
			return serve(argv[2]); \
		return cmocka_run_group_tests(tests, NULL, NULL); \
	}

#endif
