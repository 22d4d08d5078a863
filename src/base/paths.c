#define _DEFAULT_SOURCE /* readlink */
#include "base/paths.h"

#include "base/buf.h"
#include "base/file.h"
#include "base/limits.h"
#include "base/str.h"

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
	    [PATHS_DATA] = {"XDG_DATA_HOME", "/.local/share"},
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

/* Whether anybody may put another folder in the place of one that lies in this one. */
static int
check_parent(const char *path)
{
	struct stat st;
	if (stat(path, &st) < 0)
		return -errno;
	return (st.st_mode & S_IWOTH) && !(st.st_mode & S_ISVTX) ? -EACCES : 0;
}

/* Parents as the XDG specification wants them (0700); those that exist stay as they are. */
static int
make_parents(char *path)
{
	for (char *slash = strchr(path + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		int rc = mkdir(path, 0700);
		int err = rc < 0 && errno != EEXIST ? -errno : check_parent(path);
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

/* A line `XDG_DOWNLOAD_DIR="$HOME/Folder"`, or with an absolute path; the last one counts. A shell
 * would read more into it (`\\"`, `$OTHER`), the program that writes the file does not. */
static const char *
find_download_dir(char *text)
{
	static const char key[] = "XDG_DOWNLOAD_DIR=\"";
	const char *found = NULL;
	char *rest = NULL;
	for (char *line = strtok_r(text, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest)) {
		if (strncmp(line, key, strlen(key)) != 0)
			continue;
		char *value = line + strlen(key), *end = strrchr(value, '"');
		if (!end)
			continue;
		*end = '\0';
		found = value;
	}
	return found;
}

static int
add_downloads(struct buf *b, char *user_dirs)
{
	static const char home[] = "$HOME/";
	const char *named = find_download_dir(user_dirs);
	/* the home folder itself is named when somebody wants no such folder */
	if (named && named[0] == '/' && !str_equal(named, absolute_env("HOME"))) {
		buf_str(b, named);
		return 0;
	}
	int err = add_home(b);
	if (named && strncmp(named, home, strlen(home)) == 0 && named[strlen(home)])
		buf_fmt(b, "/%s", named + strlen(home));
	else
		buf_str(b, "/Downloads");
	return err;
}

int
paths_downloads(char **out)
{
	struct buf b = BUF_INIT(PATH_LIMIT), text = BUF_INIT(LIMIT_USER_DIRS);
	const char *config = absolute_env("XDG_CONFIG_HOME");
	int err = 0;
	if (config)
		buf_str(&b, config);
	else
		err = add_home(&b);
	buf_str(&b, config ? "/user-dirs.dirs" : "/.config/user-dirs.dirs");
	if (!err && !buf_err(&b) && file_read(buf_cstr(&b), &text))
		buf_clear(&text); /* none, or none that makes sense */
	buf_clear(&b);
	buf_char(&text, '\0');
	if (!err)
		err = buf_err(&text);
	if (!err)
		err = add_downloads(&b, text.data);
	buf_finish(&text);
	if (!err)
		return take_path(&b, out);
	buf_finish(&b);
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
