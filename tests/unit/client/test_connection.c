#define _GNU_SOURCE /* mkdtemp */
#include "harness.h"

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
	/* NOLINTBEGIN(concurrency-mt-unsafe): no other thread runs here */
	(void)setenv("EARSHOTD", "/nowhere/earshotd", 1);
	assert_int_equal(earshot_connect(path, "test", EARSHOT_START, &c), EARSHOT_ERR_START);
	struct timespec before;
	struct timespec after;
	(void)clock_gettime(CLOCK_MONOTONIC, &before);
	(void)setenv("EARSHOTD", "/bin/false", 1); /* ends at once: no need for all 5 s */
	/* NOLINTEND(concurrency-mt-unsafe) */
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

static const struct CMUnitTest tests[] = {
    TEST(says_that_nobody_is_there),
    TEST(tells_kinds_of_wrong_daemons_apart),
    TEST(starts_the_daemon_and_finds_it_again),
    TEST(says_when_the_daemon_cannot_start),
    TEST(several_may_start_it_at_once),
    TEST(every_error_has_its_sentence),
};

TEST_MAIN(tests)
