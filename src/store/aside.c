#include "store/aside.h"

#include "base/err.h"
#include "base/file.h"
#include "base/log.h"
#include "store/open.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { NAMES_TRIED = 1000 };

static bool
exists(const char *path)
{
	struct stat st;
	return lstat(path, &st) == 0 || errno != ENOENT;
}

static void
append(char out[PATH_MAX], const char *path, const char *suffix)
{
	(void)snprintf(out, PATH_MAX, "%.*s%s", (int)OPEN_PATH_MAX, path, suffix);
}

/* A suffix nothing has yet. */
static int
choose(const char *path, char suffix[48])
{
	char stamp[24], name[PATH_MAX];
	struct tm tm = {0};
	time_t now = time(NULL);
	(void)gmtime_r(&now, &tm);
	(void)strftime(stamp, sizeof(stamp), "%Y%m%dT%H%M%SZ", &tm);
	for (int i = 1; i <= NAMES_TRIED; i++) {
		if (i == 1)
			(void)snprintf(suffix, 48, ".damaged-%s", stamp);
		else
			(void)snprintf(suffix, 48, ".damaged-%s-%d", stamp, i);
		append(name, path, suffix);
		if (!exists(name))
			return 0;
	}
	return -EEXIST;
}

/* The database is renamed last: should we die before, all of this is done again. */
int
aside_move(const char *path, char *new_name, size_t size)
{
	static const char *const parts[] = {"-wal", "-journal", ""};
	char suffix[48], tail[64], from[PATH_MAX], to[PATH_MAX];
	int err = choose(path, suffix);
	for (size_t i = 0; i < ARRAY_LEN(parts) && !err; i++) {
		append(from, path, parts[i]);
		(void)snprintf(tail, sizeof(tail), "%s%s", suffix, parts[i]);
		append(to, path, tail);
		if (rename(from, to) && errno != ENOENT)
			err = -errno;
	}
	if (!err)
		err = aside_sync_folder(path);
	append(to, path, suffix);
	(void)snprintf(new_name, size, "%s", to);
	return err;
}

void
aside_mark(const char *path)
{
	static const char text[] = "The messages were found damaged and are checked at the next "
				   "start.\n";
	char name[PATH_MAX];
	append(name, path, ".check");
	int err = file_write(name, text, sizeof(text) - 1);
	if (err)
		log_error(NULL, "cannot ask for a check of the messages: %s", err_str(err));
}

bool
aside_marked(const char *path)
{
	char name[PATH_MAX];
	append(name, path, ".check");
	return exists(name);
}

void
aside_unmark(const char *path)
{
	char name[PATH_MAX];
	append(name, path, ".check");
	if (unlink(name) && errno != ENOENT)
		log_warn(NULL, "cannot remove %s: %s", name, err_str(-errno));
}

int
aside_sync_folder(const char *path)
{
	char folder[PATH_MAX];
	append(folder, path, "");
	char *slash = strrchr(folder, '/');
	if (!slash)
		return -EINVAL;
	slash[slash == folder ? 1 : 0] = '\0';
	int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	int err = fsync(fd) ? ERR_FSYNC : 0;
	(void)close(fd);
	return err;
}
