/* Asking the daemon, programs of the system, and its files. */
#define _DEFAULT_SOURCE
#include "base/clock.h"
#include "base/err.h"
#include "base/file.h"
#include "doctor/exam.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { TURN_MS = 200, TURN_BYTES = 4096, OUTPUT_MAX = 4 << 20 };

/* ---- the daemon ---- */

static void
on_answer(void *ctx, int err, const struct earshot_value *answer)
{
	struct exam_call *call = ctx;
	call->over = true;
	call->err = err;
	call->answer = earshot_value_ref(answer);
}

static bool
all_over(const struct exam_call *calls, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (!calls[i].over)
			return false;
	return true;
}

/* Nobody waits for an answer to these any more, and none may come to memory that is gone. */
static void
hang_up(struct exam *e)
{
	earshot_close(e->link);
	e->link = NULL;
	if (exam_left(e, 1) == 0)
		return;
	if (earshot_connect(e->wish->socket, "earshot doctor", 0, &e->link) != 0)
		e->link = NULL;
}

void
exam_calls(struct exam *e, struct exam_call *calls, size_t count, unsigned ms)
{
	uint64_t until = clock_now() + exam_left(e, ms);
	for (size_t i = 0; i < count; i++) {
		struct exam_call *call = &calls[i];
		call->answer = NULL;
		call->over = false;
		call->err = EARSHOT_ERR_NOT_RUNNING;
		if (e->link)
			call->err = earshot_call_async(
			    e->link, call->method, call->params, on_answer, call);
		else
			earshot_value_free(call->params);
		call->over = call->err != 0;
	}
	while (!all_over(calls, count) && clock_now() < until) {
		int err = earshot_wait(e->link, TURN_MS);
		if (err && err != EARSHOT_ERR_TIMEOUT)
			break;
		exam_tick(e);
	}
	if (!all_over(calls, count)) {
		for (size_t i = 0; i < count; i++)
			if (!calls[i].over)
				calls[i].err = EARSHOT_ERR_TIMEOUT;
		struct exam_call kept[EXAM_CALLS];
		size_t n = count < EXAM_CALLS ? count : EXAM_CALLS;
		memcpy(kept, calls, n * sizeof(*kept)); /* closing answers what is open */
		hang_up(e);
		memcpy(calls, kept, n * sizeof(*kept));
	}
}

int
exam_ask(struct exam *e, const char *method, struct earshot_value *params, unsigned ms,
    struct earshot_value **answer)
{
	struct exam_call call = {.method = method, .params = params};
	exam_calls(e, &call, 1, ms);
	*answer = call.answer;
	return call.err;
}

/* ---- programs ---- */

static const char *const folders[] = {"/usr/sbin", "/sbin", "/usr/bin", "/bin"};

static int
find_program(const char *name, char *path, size_t size)
{
	for (size_t i = 0; i < ARRAY_LEN(folders); i++) {
		(void)snprintf(path, size, "%s/%s", folders[i], name);
		if (access(path, X_OK) == 0)
			return 0;
	}
	return -ENOENT;
}

bool
exam_has_program(const char *name)
{
	char path[128];
	return find_program(name, path, sizeof(path)) == 0;
}

static int
start(const char *path, const char *argv[], int out, pid_t *pid)
{
	static char locale[] = "LC_ALL=C", paths[] = "PATH=/usr/sbin:/usr/bin:/sbin:/bin";
	char *env[] = {locale, paths, NULL};
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attr;
	sigset_t none;
	(void)sigemptyset(&none);
	if (posix_spawn_file_actions_init(&actions) != 0)
		return -ENOMEM;
	if (posix_spawnattr_init(&attr) != 0) {
		(void)posix_spawn_file_actions_destroy(&actions);
		return -ENOMEM;
	}
	int rc = posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
	rc = rc ? rc : posix_spawn_file_actions_adddup2(&actions, out, 1);
	rc = rc ? rc : posix_spawn_file_actions_addopen(&actions, 2, "/dev/null", O_WRONLY, 0);
	rc = rc ? rc : posix_spawnattr_setsigmask(&attr, &none);
	rc = rc ? rc : posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETSIGMASK);
	union {
		const char **in;
		char *const *out;
	} words = {.in = argv};
	argv[0] = path;
	rc = rc ? rc : posix_spawn(pid, path, &actions, &attr, words.out, env);
	(void)posix_spawnattr_destroy(&attr);
	(void)posix_spawn_file_actions_destroy(&actions);
	return -rc;
}

/* 0 at its end of output. */
static int
read_all(struct exam *e, int fd, uint64_t until, struct buf *out)
{
	for (;;) {
		uint64_t now = clock_now();
		struct pollfd p = {.fd = fd, .events = POLLIN};
		int wait = until > now + TURN_MS ? TURN_MS : until > now ? (int)(until - now) : 0;
		int n = poll(&p, 1, wait);
		if (n < 0 && errno != EINTR)
			return -errno;
		if (n == 0 && clock_now() >= until)
			return -ETIMEDOUT;
		exam_tick(e);
		if (n <= 0)
			continue;
		char *room = buf_reserve(out, TURN_BYTES);
		if (!room)
			return buf_err(out);
		ssize_t got = read(fd, room, TURN_BYTES);
		if (got <= 0)
			return got < 0 ? -errno : 0;
		buf_grew(out, (size_t)got);
	}
}

int
exam_program(struct exam *e, const char *name, const char *argv[], unsigned ms, struct buf *out)
{
	char path[128];
	int fds[2], status = 0;
	pid_t pid = 0;
	int err = find_program(name, path, sizeof(path));
	if (err)
		return err;
	if (pipe(fds) < 0)
		return -errno;
	(void)fcntl(fds[0], F_SETFD, FD_CLOEXEC);
	(void)fcntl(fds[1], F_SETFD, FD_CLOEXEC);
	out->max = OUTPUT_MAX;
	err = start(path, argv, fds[1], &pid);
	(void)close(fds[1]);
	if (!err) {
		err = read_all(e, fds[0], clock_now() + exam_left(e, ms), out);
		if (err)
			(void)kill(pid, SIGKILL);
		while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
			;
		if (!err && !(WIFEXITED(status) && WEXITSTATUS(status) == 0))
			err = -EPERM;
	}
	(void)close(fds[0]);
	return err;
}

bool
exam_apart(struct exam *e, void (*fn)(const void *in, void *out), const void *in, void *out,
    size_t size, unsigned ms)
{
	struct buf told = BUF_INIT(size + TURN_BYTES);
	int fds[2];
	if (pipe(fds) < 0)
		return false;
	pid_t pid = fork();
	if (pid == 0) {
		fn(in, out);
		_exit(write(fds[1], out, size) == (ssize_t)size ? 0 : 1);
	}
	(void)close(fds[1]);
	int err = pid < 0 ? -errno : read_all(e, fds[0], clock_now() + exam_left(e, ms), &told);
	bool done = !err && told.len == size;
	if (done)
		memcpy(out, told.data, size);
	buf_finish(&told);
	(void)close(fds[0]);
	if (pid > 0) {
		(void)kill(pid, SIGKILL);
		/* one that waits for a disk cannot be killed, and is not waited for */
		(void)waitpid(pid, NULL, done ? 0 : WNOHANG);
	}
	return done;
}

/* ---- files ---- */

int
exam_file(const char *path, struct buf *out)
{
	*out = BUF_INIT(OUTPUT_MAX);
	return file_read(path, out);
}
