#define _GNU_SOURCE /* mkdtemp */
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

static int
call_echo(struct ipc_call *call)
{
	struct value *result = value_object();
	value_set_str(result, "text", value_str(ipc_params(call), "text"));
	ipc_reply(call, result);
	return 0;
}

static int
call_hold(struct ipc_call *call)
{
	if (held)
		ipc_reply(held, NULL);
	held = call;
	return 0;
}

/* Publishes `count` events, then answers. */
static int
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

static int
call_missing(struct ipc_call *call)
{
	struct value *data = value_object();
	value_set_int(data, "n", 7);
	ipc_fail_data(call, IPC_UNKNOWN, data, "Nobody is called %s.", "juliet");
	return 0;
}

static int
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

static int
call_stop(struct ipc_call *call)
{
	ipc_reply(call, NULL);
	ipc_server_close(server, NULL, NULL);
	return 0;
}

static int
call_crash(struct ipc_call *call)
{
	(void)call;
	_exit(1);
}

static const struct ipc_method methods[] = {
    {"echo", "text", "Say it back", call_echo},
    {"hold", "", "Answer at the next one", call_hold},
    {"burst", "count", "Publish events", call_burst},
    {"missing", "", "Fail", call_missing},
    {"read", "", "Read from descriptors", call_read},
    {"stop", "", "Stop", call_stop},
    {"crash", "", "Stop at once", call_crash},
    {0},
};

/* Ends by itself if a failed test forgets it. */
static int
serve(const char *path)
{
	uv_loop_t loop;
	(void)alarm(30);
	if (uv_loop_init(&loop) || ipc_server_create(&loop, &server) ||
	    ipc_server_add(server, methods, NULL) || ipc_server_listen(server, path, -1))
		return 1;
	uv_run(&loop, UV_RUN_DEFAULT);
	if (held)
		ipc_reply(held, NULL);
	return uv_loop_close(&loop) ? 1 : 0;
}

/* ---- what the tests share ----------------------------------------------------------------- */

static char folder[64];
static char path[96];

static int
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
	(void)setenv("EARSHOTD", self, 1);
	(void)setenv("XDG_STATE_HOME", folder, 1);
	(void)setenv("XDG_RUNTIME_DIR", folder, 1);
	return unsetenv("EARSHOT_SOCKET");
}

static void
discard(const char *name)
{
	char file[200];
	(void)snprintf(file, sizeof(file), "%s/%s", folder, name);
	(void)remove(file);
}

static int
teardown(void **state)
{
	(void)state;
	discard("daemon.sock");
	discard("daemon.sock.lock");
	discard("earshot/earshotd.log");
	discard("earshot");
	return rmdir(folder);
}

static struct earshot *
started(void)
{
	struct earshot *c = NULL;
	assert_int_equal(earshot_connect(path, "test", EARSHOT_START, &c), 0);
	assert_non_null(c);
	return c;
}

static void
stop(struct earshot *c)
{
	assert_int_equal(earshot_call(c, "stop", NULL, 5000, NULL), 0);
	while (earshot_wait(c, 5000) == 0)
		;
	earshot_close(c);
	for (int i = 0; access(path, F_OK) == 0 && i < 500; i++)
		(void)poll(NULL, 0, 10);
}

static struct earshot_value *
text_params(const char *text)
{
	struct earshot_value *params = earshot_value_object();
	earshot_value_set_str(params, "text", text);
	return params;
}

/* A listener that says `reply` to whoever connects, then hangs up; in a thread of its own. */
struct impostor {
	pthread_t thread;
	int fd;
	const char *reply;
};

static void *
impostor_run(void *ctx)
{
	struct impostor *i = ctx;
	char request[1000];
	int fd = accept(i->fd, NULL, NULL);
	if (fd >= 0 && recv(fd, request, sizeof(request), 0) > 0)
		(void)send(fd, i->reply, strlen(i->reply), MSG_NOSIGNAL);
	close(fd);
	return NULL;
}

static int
connect_to_impostor(const char *reply)
{
	struct sockaddr_un a = {.sun_family = AF_UNIX};
	struct impostor i = {.reply = reply, .fd = socket(AF_UNIX, SOCK_STREAM, 0)};
	struct earshot *c = NULL;
	(void)snprintf(a.sun_path, sizeof(a.sun_path), "%s", path);
	assert_int_equal(bind(i.fd, (const struct sockaddr *)&a, sizeof(a)), 0);
	assert_int_equal(listen(i.fd, 1), 0);
	assert_int_equal(pthread_create(&i.thread, NULL, impostor_run, &i), 0);
	int err = earshot_connect(path, "test", 0, &c);
	(void)pthread_join(i.thread, NULL);
	close(i.fd);
	assert_int_equal(unlink(path), 0);
	assert_true(err ? c == NULL : c != NULL);
	earshot_close(c);
	return err;
}

/* ---- tests -------------------------------------------------------------------------------- */

static void
says_that_nobody_is_there(void **state)
{
	(void)state;
	struct earshot *c = NULL;
	assert_int_equal(earshot_connect(path, "test", 0, &c), EARSHOT_ERR_NOT_RUNNING);
	assert_null(c);
	int fd = socket(AF_UNIX, SOCK_STREAM, 0); /* a file is left, but nobody listens */
	struct sockaddr_un a = {.sun_family = AF_UNIX};
	(void)snprintf(a.sun_path, sizeof(a.sun_path), "%s", path);
	assert_int_equal(bind(fd, (const struct sockaddr *)&a, sizeof(a)), 0);
	close(fd);
	assert_int_equal(earshot_connect(path, "test", 0, &c), EARSHOT_ERR_NOT_RUNNING);
	assert_int_equal(earshot_connect(NULL, "test", 0, &c), EARSHOT_ERR_NOT_RUNNING);
}

static void
tells_kinds_of_wrong_daemons_apart(void **state)
{
	(void)state;
	assert_int_equal(connect_to_impostor(""), EARSHOT_ERR_CUT_OFF);
	assert_int_equal(connect_to_impostor("nonsense\n"), EARSHOT_ERR_PROTOCOL);
	assert_int_equal(connect_to_impostor("{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{"
					     "\"protocol\":2,\"version\":\"9\"}}\n"),
	    EARSHOT_ERR_PROTOCOL);
	assert_int_equal(connect_to_impostor("{\"jsonrpc\":\"2.0\",\"id\":1,\"error\":{\"code\":"
					     "-32000,\"message\":\"No.\"}}\n"),
	    EARSHOT_ERR_PROTOCOL);
	assert_int_equal(
	    connect_to_impostor("{\"jsonrpc\":\"2.0\",\"id\":null,\"error\":{\"code\":-32000,"
				"\"message\":\"Full.\",\"data\":{\"reason\":\"busy\"}}}\n"),
	    EARSHOT_ERR_CROWDED);
	assert_int_equal(connect_to_impostor("{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{"
					     "\"protocol\":1,\"version\":\"9\",\"pid\":5}}\n"),
	    0);
}

static void
starts_the_daemon_and_finds_it_again(void **state)
{
	(void)state;
	struct earshot *a = started();
	struct earshot *b = NULL;
	assert_string_equal(earshot_daemon_version(a), EARSHOT_VERSION);
	assert_int_equal(earshot_connect(path, "test", EARSHOT_START, &b), 0);
	assert_int_equal(earshot_daemon_pid(a), earshot_daemon_pid(b));
	assert_int_not_equal(earshot_daemon_pid(a), getpid());
	assert_int_equal(getpgid((pid_t)earshot_daemon_pid(a)) == getpgid(0), 0);
	assert_int_equal(waitpid(-1, NULL, WNOHANG), -1); /* no child of ours to collect */
	earshot_close(b);
	stop(a);
}

static void
says_when_the_daemon_cannot_start(void **state)
{
	(void)state;
	struct earshot *c = NULL;
	(void)setenv("EARSHOTD", "/nowhere/earshotd", 1);
	assert_int_equal(earshot_connect(path, "test", EARSHOT_START, &c), EARSHOT_ERR_START);
	struct timespec before;
	struct timespec after;
	(void)clock_gettime(CLOCK_MONOTONIC, &before);
	(void)setenv("EARSHOTD", "/bin/false", 1); /* ends at once: no need for all 5 s */
	assert_int_equal(earshot_connect(path, "test", EARSHOT_START, &c), EARSHOT_ERR_START);
	(void)clock_gettime(CLOCK_MONOTONIC, &after);
	assert_true(after.tv_sec - before.tv_sec < 4);
}

static void
several_may_start_it_at_once(void **state)
{
	(void)state;
	pid_t pids[6];
	for (size_t i = 0; i < ARRAY_LEN(pids); i++) {
		pids[i] = fork();
		assert_true(pids[i] >= 0);
		if (pids[i] == 0) {
			struct earshot *c = NULL;
			int err = earshot_connect(path, "test", EARSHOT_START, &c);
			if (!err)
				err = earshot_call(c, "echo", NULL, 5000, NULL);
			earshot_close(c);
			_exit(-err);
		}
	}
	for (size_t i = 0; i < ARRAY_LEN(pids); i++) {
		int status = 0;
		assert_int_equal(waitpid(pids[i], &status, 0), pids[i]);
		assert_int_equal(status, 0);
	}
	stop(started());
}

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

static void
every_error_has_its_sentence(void **state)
{
	(void)state;
	for (int a = EARSHOT_ERR_CROWDED; a <= EARSHOT_OK; a++) {
		assert_string_not_equal(earshot_strerror(a), earshot_strerror(1));
		for (int b = EARSHOT_ERR_CROWDED; b < a; b++)
			assert_string_not_equal(earshot_strerror(a), earshot_strerror(b));
	}
	assert_string_equal(earshot_error_message(EARSHOT_ERR_CUT_OFF, NULL),
	    earshot_strerror(EARSHOT_ERR_CUT_OFF));
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int
main(int argc, char **argv)
{
	if (argc == 3 && strcmp(argv[1], "--socket") == 0)
		return serve(argv[2]);
	const struct CMUnitTest tests[] = {
	    TEST(says_that_nobody_is_there),
	    TEST(tells_kinds_of_wrong_daemons_apart),
	    TEST(starts_the_daemon_and_finds_it_again),
	    TEST(says_when_the_daemon_cannot_start),
	    TEST(several_may_start_it_at_once),
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
	    TEST(every_error_has_its_sentence),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
