/* Starting the daemon when nobody else has. Whoever starts one at the same time does no harm:
 * the daemon's lock lets one live. */
#define _GNU_SOURCE /* pipe2, closefrom */
#include "base/buf.h"
#include "base/err.h"
#include "base/paths.h"
#include "base/str.h"
#include "client/internal.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static const char NAME[] = "earshotd";

enum { PASSPHRASE_FD = 3 }; /* in the daemon */

/* Only read, and the caller's environment is the caller's to keep still. */
static const char *
env(const char *name)
{
	const char *value = getenv(name); // NOLINT(concurrency-mt-unsafe)
	return str_empty(value) ? NULL : value;
}

static bool
is_program(const char *path)
{
	struct stat st;
	return stat(path, &st) == 0 && S_ISREG(st.st_mode) && access(path, X_OK) == 0;
}

/* FOLDER/earshotd into out, if it can be run. */
static bool
is_in(struct buf *out, const char *folder, size_t len)
{
	buf_clear(out);
	buf_add(out, folder, len);
	buf_fmt(out, "/%s", NAME);
	return len > 0 && folder[0] == '/' && !buf_err(out) && is_program(buf_cstr(out));
}

/* Never searched for by the system (L10): what is run is a path that was looked at. */
static int
find_program(struct buf *out)
{
	const char *own = env("EARSHOTD");
	if (own) {
		char *absolute = realpath(own, NULL); /* the daemon starts in / */
		bool found = absolute && is_program(absolute);
		if (found)
			buf_str(out, absolute);
		free(absolute);
		return found ? public_error(buf_err(out)) : EARSHOT_ERR_START;
	}
	char *beside = NULL;
	if (paths_program_dir(&beside) == 0) {
		bool found = is_in(out, beside, strlen(beside));
		free(beside);
		if (found)
			return 0;
	}
	for (const char *p = env("PATH"); p;) {
		size_t len = strcspn(p, ":");
		if (is_in(out, p, len))
			return 0;
		p = p[len] ? p + len + 1 : NULL;
	}
	return EARSHOT_ERR_START;
}

static int
open_log(void)
{
	char *path = NULL;
	int err = paths_make(PATHS_STATE);
	if (!err)
		err = paths_get(PATHS_STATE, "earshotd.log", &path);
	if (err)
		return err;
	int fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	err = fd < 0 ? -errno : fd;
	free(path);
	return err;
}

/* In the child of a program that may have threads: nothing here but what a signal handler may
 * call too. Returns in no case. */
static void
become_daemon(const char *program, char *const *argv, int in, int log, int passphrase)
{
	if (setsid() < 0)
		_exit(1);
	pid_t pid = fork(); /* not a session's leader: no terminal can ever become its own */
	if (pid != 0)
		_exit(pid < 0 ? 1 : 0);
	sigset_t none;
	(void)sigemptyset(&none);
	// NOLINTNEXTLINE(concurrency-mt-unsafe): after fork() there is one thread
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
	for (int s = 1; s < NSIG; s++)
		(void)signal(s, SIG_DFL); /* what cannot be reset does not matter */
	if (dup2(in, 0) < 0 || dup2(log, 1) < 0 || dup2(log, 2) < 0 || chdir("/") < 0)
		_exit(1);
	/* what it inherits has its number in the arguments (PASSPHRASE_FD) */
	if (passphrase >= 0 && dup2(passphrase, PASSPHRASE_FD) < 0)
		_exit(1);
	if (passphrase == PASSPHRASE_FD && fcntl(passphrase, F_SETFD, 0) < 0)
		_exit(1);
	closefrom(passphrase >= 0 ? PASSPHRASE_FD + 1 : PASSPHRASE_FD);
	(void)execv(program, argv);
	_exit(127);
}

static int
spawn(const char *program, char *const *argv, int in, int log, int passphrase)
{
	pid_t pid = fork();
	if (pid < 0)
		return EARSHOT_ERR_SYSTEM;
	if (pid == 0)
		become_daemon(program, argv, in, log, passphrase);
	int status = 0;
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return 0; /* the program collects all its children: then it will be well */
	return WIFEXITED(status) && WEXITSTATUS(status) == 0 ? 0 : EARSHOT_ERR_START;
}

/* The daemon's input is a pipe nobody writes to. It tells us when it has ended: a grandchild
 * cannot be waited for. */
static int
spawn_watched(const char *program, char *const *argv, int passphrase, int *alive)
{
	int ends[2];
	int log = open_log();
	if (log < 0) /* where nothing can be written the daemon may still have something to say */
		log = open("/dev/null", O_WRONLY | O_CLOEXEC);
	if (log < 0)
		return public_error(-errno);
	if (pipe2(ends, O_CLOEXEC) < 0) {
		close(log);
		return EARSHOT_ERR_SYSTEM;
	}
	int err = spawn(program, argv, ends[0], log, passphrase);
	close(log);
	close(ends[0]);
	if (err)
		close(ends[1]);
	else
		*alive = ends[1];
	return err;
}

/* As its file says (RFC 7468 §11). */
bool
daemon_is_locked(void)
{
	static const char mark[] = "-----BEGIN ENCRYPTED PRIVATE KEY-----";
	char *path = NULL, start[sizeof(mark) - 1];
	if (paths_get(PATHS_STATE, "identity.pem", &path))
		return false;
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);
	free(path);
	if (fd < 0)
		return false;
	bool locked = read(fd, start, sizeof(start)) == (ssize_t)sizeof(start) &&
		      memcmp(start, mark, sizeof(start)) == 0;
	close(fd);
	return locked;
}

int
daemon_start(const char *path, int passphrase, int *alive)
{
	struct buf program = BUF_INIT(4096);
	char *socket = path ? strdup(path) : NULL;
	int err = path && !socket ? EARSHOT_ERR_MEMORY : find_program(&program);
	if (!err) {
		char name[] = "earshotd";
		char option[] = "--socket";
		char secret[] = "--passphrase-fd=3";
		char *argv[5] = {name}, **next = argv + 1;
		if (passphrase >= 0)
			*next++ = secret;
		if (socket) {
			*next++ = option;
			*next++ = socket;
		}
		err = spawn_watched(buf_cstr(&program), argv, passphrase, alive);
	}
	free(socket);
	buf_finish(&program);
	return err;
}
