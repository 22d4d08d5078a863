/* For tests of the porter and what uses it: an invented user's home in a folder of its own, with a
 * download folder, and files outside of it that must stay as they are. One in each program. */
#ifndef TESTS_TRANSFER_HOME_H
#define TESTS_TRANSFER_HOME_H

#include "base/str.h"
#include "transfer/porter.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#define TOKEN_A "00000000000000000000000000000001"
#define TOKEN_B "00000000000000000000000000000002"
#define ID      "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define PART    ".earshot-" ID ".part"
#define TREE    ".earshot-" ID ".tree"

static char root[64]; /* all that a test may touch, and what it may not lies in it, too */
static char home[80];
static struct porter *porter;

/* A path in the home folder; one of the last 8. */
static inline char *
at(const char *name)
{
	static char paths[8][4096];
	static size_t next;
	char *path = paths[next++ % ARRAY_LEN(paths)];
	(void)snprintf(path, sizeof(paths[0]), "%s/%s", home, name);
	return path;
}

static inline char *
downloaded(const char *name)
{
	char path[2048];
	(void)snprintf(path, sizeof(path), "Downloads/%s", name);
	return at(path);
}

static inline void
write_file(const char *path, const void *data, size_t len)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, data, len), (ssize_t)len);
	assert_int_equal(close(fd), 0);
}

static inline void
write_text(const char *path, const char *text)
{
	write_file(path, text, strlen(text));
}

/* Whether a file holds exactly this. */
static inline bool
holds(const char *path, const void *data, size_t len)
{
	char *found = malloc(len + 1);
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	assert_non_null(found);
	size_t done = 0;
	for (ssize_t n = 1; fd >= 0 && n > 0 && done <= len; done += (size_t)n)
		n = read(fd, found + done, len + 1 - done);
	bool same = fd >= 0 && done == len && memcmp(found, data, len) == 0;
	if (fd >= 0)
		(void)close(fd);
	free(found);
	return same;
}

static inline bool
holds_text(const char *path, const char *text)
{
	return holds(path, text, strlen(text));
}

static inline bool
exists(const char *path)
{
	struct stat st;
	return lstat(path, &st) == 0;
}

static inline void
run_program(char *const *args)
{
	int status;
	pid_t pid = fork();
	if (pid == 0) {
		(void)execv(args[0], args);
		_exit(127);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
}

static inline int
make_home(void)
{
	static const char *const folders[] = {"data", "state", "state/earshot", "run", "config",
	    "Downloads", "outside", "outside/deep"};
	(void)snprintf(root, sizeof(root), "/tmp/test_transfer.XXXXXX");
	assert_non_null(mkdtemp(root));
	(void)snprintf(home, sizeof(home), "%s/user", root);
	assert_int_equal(mkdir(home, 0700), 0);
	for (size_t i = 0; i < ARRAY_LEN(folders); i++)
		assert_int_equal(mkdir(at(folders[i]), 0700), 0);
	write_text(at("outside/diary"), "dear diary");
	write_text(at("outside/deep/key"), "secret");
	/* NOLINTBEGIN(concurrency-mt-unsafe): there is one thread */
	assert_int_equal(setenv("HOME", home, 1), 0);
	assert_int_equal(setenv("XDG_DATA_HOME", at("data"), 1), 0);
	assert_int_equal(setenv("XDG_STATE_HOME", at("state"), 1), 0);
	assert_int_equal(setenv("XDG_RUNTIME_DIR", at("run"), 1), 0);
	assert_int_equal(setenv("XDG_CONFIG_HOME", at("config"), 1), 0);
	/* NOLINTEND(concurrency-mt-unsafe) */
	return 0;
}

static inline void
start_porter(void)
{
	assert_int_equal(porter_start_confined(at("Downloads"), CONFINE_STRICT, &porter), 0);
}

static inline pid_t
porter_pid(void)
{
	static const char before[] = "process ";
	struct buf text = BUF_INIT(64);
	int64_t pid = -1;
	porter_describe(porter, &text);
	assert_int_equal(strncmp(buf_cstr(&text), before, strlen(before)), 0);
	assert_int_equal(str_to_int(buf_cstr(&text) + strlen(before), 1, INT32_MAX, &pid), 0);
	buf_finish(&text);
	return (pid_t)pid;
}

/* For each test: a home and a porter. */
static inline int
set_up(void **state)
{
	(void)state;
	(void)make_home();
	start_porter();
	return 0;
}

static inline int
tear_down(void **state)
{
	(void)state;
	porter_stop(porter);
	porter = NULL;
	char *args[] = {(char[]){"/bin/rm"}, (char[]){"-rf"}, root, NULL};
	run_program(args);
	return 0;
}

/* ---- whether anything outside of the download folder changed ---- */

static uint64_t seen;

static inline void
see(const void *data, size_t len)
{
	for (size_t i = 0; i < len; i++)
		seen = (seen ^ ((const unsigned char *)data)[i]) * 1099511628211U;
}

static inline int
on_seen(const char *path, const struct stat *st, int kind, struct FTW *ftw)
{
	(void)kind, (void)ftw;
	static const char *const left_out[] = {"Downloads", "data"}; /* and the porter's own */
	for (size_t i = 0; i < ARRAY_LEN(left_out); i++) {
		const char *folder = at(left_out[i]);
		size_t len = strlen(folder);
		if (strncmp(path, folder, len) == 0 && (path[len] == '/' || !path[len]))
			return 0;
	}
	const uint64_t about[] = {(uint64_t)st->st_ino, (uint64_t)st->st_mode,
	    (uint64_t)st->st_nlink, (uint64_t)st->st_size, (uint64_t)st->st_mtim.tv_sec,
	    (uint64_t)st->st_mtim.tv_nsec, (uint64_t)st->st_ctim.tv_sec,
	    (uint64_t)st->st_ctim.tv_nsec};
	see(path, strlen(path));
	see(about, sizeof(about));
	return 0;
}

/* Of all in the root folder but the downloads: names, sizes, times to the nanosecond. */
static inline uint64_t
outside_now(void)
{
	seen = 14695981039346656037U;
	// NOLINTNEXTLINE(concurrency-mt-unsafe): the others walk through nothing
	assert_int_equal(nftw(root, on_seen, 16, FTW_PHYS), 0);
	return seen;
}

/* Where it can be done, the downloads lie in memory: many names are then made quickly. */
static inline bool
mount_downloads(const char *options)
{
	if (unshare(CLONE_NEWNS) < 0 && unshare(CLONE_NEWUSER | CLONE_NEWNS) < 0)
		return false;
	return mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0 &&
	       mount("none", at("Downloads"), "tmpfs", 0, options) == 0;
}

/* A grant, as from a client. */
static inline int
grant(const char *token, const char *path, struct porter_granted *out)
{
	return porter_grant(porter, token, open(path, O_RDONLY | O_CLOEXEC), out);
}

static inline int
grant_target(const char *token, const char *path, struct porter_granted *out)
{
	return porter_grant_target(porter, token, open(path, O_RDONLY | O_CLOEXEC), out);
}

#define CASE(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

#endif
