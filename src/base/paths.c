#define _DEFAULT_SOURCE /* readlink */
#include "base/paths.h"

#include "base/buf.h"

#include <errno.h>
#include <limits.h>
#include <pwd.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PATH_LIMIT = 4096 };

/* An XDG variable counts only if it is absolute, as that specification says. */
static const char *
absolute_env(const char *variable)
{
	const char *value =
	    getenv(variable); // NOLINT(concurrency-mt-unsafe): never set after start
	return value && value[0] == '/' ? value : NULL;
}

static int
add_home(struct buf *b)
{
	const char *home = absolute_env("HOME");
	if (home) {
		buf_str(b, home);
		return 0;
	}
	struct passwd pw, *found = NULL;
	char space[4096];
	if (getpwuid_r(getuid(), &pw, space, sizeof(space), &found) != 0 || !found ||
	    found->pw_dir[0] != '/')
		return -ENOENT;
	buf_str(b, found->pw_dir);
	return 0;
}

static int
add_folder(struct buf *b, enum paths_kind kind)
{
	static const struct {
		const char *variable, *fallback;
	} places[] = {
	    [PATHS_CONFIG] = {"XDG_CONFIG_HOME", "/.config"},
	    [PATHS_STATE] = {"XDG_STATE_HOME", "/.local/state"},
	    [PATHS_RUNTIME] = {"XDG_RUNTIME_DIR", NULL},
	};
	const char *value = absolute_env(places[kind].variable);
	if (!value && kind == PATHS_RUNTIME) {
		int err = add_folder(b, PATHS_STATE);
		buf_str(b, "/run");
		return err;
	}
	if (value) {
		buf_str(b, value);
	} else {
		int err = add_home(b);
		if (err)
			return err;
		buf_str(b, places[kind].fallback);
	}
	buf_str(b, "/earshot");
	return 0;
}

static int
take_path(struct buf *b, char **out)
{
	int err = buf_err(b);
	*out = buf_take(b);
	if (err)
		return err;
	return *out ? 0 : -ENOMEM;
}

int
paths_get(enum paths_kind kind, const char *name, char **out)
{
	struct buf b = BUF_INIT(PATH_LIMIT);
	int err = add_folder(&b, kind);
	if (err) {
		buf_finish(&b);
		return err;
	}
	if (name)
		buf_fmt(&b, "/%s", name);
	return take_path(&b, out);
}

/* Parents as the XDG specification wants them (0700); those that exist stay as they are. */
static int
make_parents(char *path)
{
	for (char *slash = strchr(path + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		int rc = mkdir(path, 0700);
		int err = rc < 0 && errno != EEXIST ? -errno : 0;
		*slash = '/';
		if (err)
			return err;
	}
	return 0;
}

int
paths_make(enum paths_kind kind)
{
	char *path = NULL;
	int err = paths_get(kind, NULL, &path);
	if (err)
		return err;
	err = make_parents(path);
	if (!err && mkdir(path, 0700) < 0 && errno != EEXIST)
		err = -errno;
	struct stat st;
	if (!err && lstat(path, &st) < 0)
		err = -errno;
	if (!err && !S_ISDIR(st.st_mode))
		err = -ENOTDIR;
	if (!err && st.st_uid != geteuid())
		err = -EPERM;
	if (!err && (st.st_mode & (S_IWGRP | S_IWOTH)))
		err = -EACCES;
	/* What is only readable by others can be closed without asking: it is ours. */
	bool secret = kind != PATHS_CONFIG;
	if (!err && secret && (st.st_mode & 077) && chmod(path, 0700) < 0)
		err = -errno;
	free(path);
	return err;
}

int
paths_program_dir(char **out)
{
	char exe[PATH_LIMIT];
	ssize_t n = readlink("/proc/self/exe", exe, sizeof(exe) - 1);
	if (n <= 0)
		return n < 0 ? -errno : -ENOENT;
	exe[n] = '\0';
	char *slash = strrchr(exe, '/');
	if (!slash)
		return -ENOENT;
	*slash = '\0';
	*out = strdup(exe);
	return *out ? 0 : -ENOMEM;
}
