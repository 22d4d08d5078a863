#define _GNU_SOURCE /* O_PATH, syscall, renameat2, fdopendir */
#include "transfer/porter_beneath.h"

#include "base/limits.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

enum {
	FAIL_TRIES = 8,                      /* of -EAGAIN: something was renamed meanwhile */
	REMOVE_DEPTH = LIMIT_TREE_DEPTH + 4, /* of ours it is less */
};

static bool has_openat2;

void
beneath_init(bool allowed)
{
	struct open_how how = {.flags = O_PATH | O_CLOEXEC};
	long fd = allowed ? syscall(SYS_openat2, AT_FDCWD, "/", &how, sizeof(how)) : -1;
	has_openat2 = fd >= 0;
	if (fd >= 0)
		(void)close((int)fd);
}

/* The component that path begins with, opened in `at`; never through a link. */
static int
step(int at, const char *path, size_t len, int flags, mode_t mode)
{
	char name[NAME_MAX + 1];
	if (len == 0 || len > NAME_MAX)
		return len ? -ENAMETOOLONG : -EINVAL;
	memcpy(name, path, len);
	name[len] = '\0';
	if (strcmp(name, "..") == 0)
		return -EXDEV;
	int fd = openat(at, name, flags | O_NOFOLLOW | O_CLOEXEC, mode);
	return fd < 0 ? -errno : fd;
}

/* One component after the other, each a folder that is no link. */
static int
walk(int dir, const char *path, int flags, mode_t mode)
{
	int at = dir, fd = -1;
	if (path[0] == '/' && dir != AT_FDCWD)
		return -EXDEV;
	if (path[0] == '/') {
		at = fd = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
		if (fd < 0)
			return -errno;
		path += strspn(path, "/");
		if (!*path)
			path = ".";
	}
	for (;;) {
		size_t len = strcspn(path, "/");
		bool last = path[len] == '\0';
		int next = step(at, path, len, last ? flags : O_PATH | O_DIRECTORY, mode);
		if (fd >= 0)
			(void)close(fd);
		if (last)
			return next;
		if (next < 0)
			return next == -ENOTDIR ? -ELOOP : next; /* mostly: a link among them */
		at = fd = next;
		path += len + 1;
	}
}

int
beneath_open(int dir, const char *path, int flags, mode_t mode)
{
	if (!has_openat2)
		return walk(dir, path, flags, mode);
	struct open_how how = {
	    .flags = (uint64_t)(unsigned)(flags | O_NOFOLLOW | O_CLOEXEC),
	    .mode = (flags & O_CREAT) ? mode : 0,
	    .resolve = RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS |
		       (dir == AT_FDCWD ? 0 : RESOLVE_BENEATH),
	};
	long fd = -1;
	for (int tries = 0; tries < FAIL_TRIES; tries++) {
		fd = syscall(SYS_openat2, dir, path, &how, sizeof(how));
		if (fd >= 0 || (errno != EAGAIN && errno != EINTR))
			break;
	}
	return fd < 0 ? -errno : (int)fd;
}

int
beneath_open_parent(int dir, const char *path, const char **last)
{
	const char *slash = strrchr(path, '/');
	*last = slash ? slash + 1 : path;
	if (!**last || strcmp(*last, ".") == 0 || strcmp(*last, "..") == 0)
		return -EINVAL;
	if (!slash)
		return beneath_open(dir, ".", O_PATH | O_DIRECTORY, 0);
	char folder[PATH_MAX];
	size_t len = (size_t)(slash - path);
	if (len == 0 || len >= sizeof(folder))
		return -EINVAL;
	memcpy(folder, path, len);
	folder[len] = '\0';
	return beneath_open(dir, folder, O_PATH | O_DIRECTORY, 0);
}

int
beneath_reopen(int fd)
{
	char self[32];
	(void)snprintf(self, sizeof(self), "/proc/self/fd/%d", fd);
	int opened = open(self, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	return opened < 0 ? -errno : opened;
}

/* Looked at before it is opened: opening a device may already do something. A folder is opened with
 * flags that tell the porter's own descriptors from those of clients (porter_grants.c). */
int
beneath_read(int dir, const char *path, struct stat *st)
{
	int found = beneath_open(dir, path, O_PATH, 0);
	if (found < 0)
		return found;
	int fd = -EINVAL;
	if (fstat(found, st) < 0) {
		fd = -errno;
	} else if (S_ISDIR(st->st_mode)) {
		fd = beneath_open(found, ".", O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0);
	} else if (S_ISREG(st->st_mode)) {
		fd = beneath_reopen(found);
	} else if (S_ISLNK(st->st_mode)) {
		fd = -ELOOP;
	}
	(void)close(found);
	return fd;
}

int
beneath_create(int dir, const char *path, bool exists)
{
	int flags = O_RDWR | O_NONBLOCK | O_NOCTTY | (exists ? 0 : O_CREAT | O_EXCL);
	int fd = beneath_open(dir, path, flags, 0600);
	if (fd < 0 || !exists)
		return fd;
	struct stat st;
	int err = fstat(fd, &st) < 0 ? -errno : 0;
	/* with a second name it would be somebody's file that lies elsewhere */
	if (!err && (!S_ISREG(st.st_mode) || st.st_nlink != 1 || st.st_uid != geteuid()))
		err = -EACCES;
	if (err)
		(void)close(fd);
	return err ? err : fd;
}

int
beneath_mkdir(int dir, const char *path)
{
	const char *last;
	int parent = beneath_open_parent(dir, path, &last);
	if (parent < 0)
		return parent;
	int err = mkdirat(parent, last, 0700) < 0 ? -errno : 0;
	(void)close(parent);
	return err;
}

/* ---- removing ---- */

static int remove_in(int dir, const char *name, unsigned depth);

static int
empty_folder(int fd, unsigned depth)
{
	DIR *list = fdopendir(fd); /* fd is the list's now */
	if (!list) {
		int err = -errno;
		(void)close(fd);
		return err;
	}
	int err = 0;
	for (struct dirent *e; !err && (e = readdir(list));) { // NOLINT(concurrency-mt-unsafe)
		if (strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0)
			err = remove_in(fd, e->d_name, depth);
	}
	(void)closedir(list);
	return err;
}

static int
remove_in(int dir, const char *name, unsigned depth)
{
	if (unlinkat(dir, name, 0) == 0 || errno == ENOENT)
		return 0;
	if (errno != EISDIR && errno != EPERM)
		return -errno;
	if (depth == 0)
		return -ELOOP;
	int fd = beneath_open(dir, name, O_RDONLY | O_DIRECTORY, 0);
	int err = fd < 0 ? fd : empty_folder(fd, depth - 1);
	if (!err && unlinkat(dir, name, AT_REMOVEDIR) < 0 && errno != ENOENT)
		err = -errno;
	return err == -ENOENT ? 0 : err;
}

int
beneath_remove(int dir, const char *name)
{
	return remove_in(dir, name, REMOVE_DEPTH);
}

/* ---- renaming ---- */

/* For file systems that cannot rename without replacing: a second name, or an empty one of our own
 * that is then replaced. */
static int
rename_around(int dir, const char *from, const char *to)
{
	struct stat st;
	if (fstatat(dir, from, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return -errno;
	if (S_ISDIR(st.st_mode)) {
		if (mkdirat(dir, to, 0700) < 0)
			return -errno;
		if (renameat(dir, from, dir, to) == 0) /* over an empty folder only */
			return 0;
		int err = -errno;
		(void)unlinkat(dir, to, AT_REMOVEDIR);
		return err;
	}
	if (linkat(dir, from, dir, to, 0) == 0)
		return unlinkat(dir, from, 0) < 0 ? -errno : 0;
	if (errno == EEXIST)
		return -EEXIST;
	int fd = openat(dir, to, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0)
		return -errno;
	(void)close(fd);
	return renameat(dir, from, dir, to) < 0 ? -errno : 0;
}

int
beneath_rename(int dir, const char *from, const char *to)
{
	if (renameat2(dir, from, dir, to, RENAME_NOREPLACE) == 0)
		return 0;
	if (errno != EINVAL && errno != ENOSYS)
		return -errno;
	return rename_around(dir, from, to);
}
