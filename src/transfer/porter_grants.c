#define _GNU_SOURCE /* O_PATH, fdopendir */
#include "transfer/porter_grants.h"

#include "base/err.h"
#include "base/paths.h"
#include "base/str.h"
#include "transfer/porter_beneath.h"
#include "transfer/porter_wire.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { BOOT_SIZE = 37, RECORD_MAX = PATH_MAX + 256 };

/* Folders that a confined daemon can open by itself: that it hands one over proves nothing. */
static const char *const of_the_system[] = {"/bin", "/boot", "/dev", "/etc", "/gnu", "/lib",
    "/lib32", "/lib64", "/nix", "/opt", "/proc", "/run/NetworkManager", "/run/connman",
    "/run/netconfig", "/run/resolvconf", "/run/systemd", "/sbin", "/sys", "/usr", "/var/lib/sss"};

bool
grants_token_is_good(const char *token)
{
	return strlen(token) == PORTER_DIGITS && strspn(token, "0123456789abcdef") == PORTER_DIGITS;
}

/* Numbers of devices may differ after the next start of the machine, those of files do not. */
static void
read_boot(char out[BOOT_SIZE])
{
	int fd = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, out, BOOT_SIZE - 1);
	if (fd >= 0)
		(void)close(fd);
	if (n < 0)
		n = 0;
	out[n] = '\0';
	out[strcspn(out, " \n")] = '\0';
	if (!out[0])
		memcpy(out, "-", 2);
}

int
grants_init(struct grants *g, const char *folder, const char *downloads)
{
	static const enum paths_kind kinds[GRANTS_OWN] = {
	    PATHS_CONFIG, PATHS_STATE, PATHS_DATA, PATHS_RUNTIME};
	*g = (struct grants){.lock = PTHREAD_MUTEX_INITIALIZER, .downloads = downloads};
	for (size_t i = 0; i < ARRAY_LEN(g->slots); i++)
		g->slots[i].dir = -1;
	for (size_t i = 0; i < GRANTS_OWN; i++) {
		char *path = NULL;
		if (paths_get(kinds[i], NULL, &path) == 0)
			g->own[i] = realpath(path, NULL);
		free(path);
	}
	g->folder = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return g->folder < 0 ? -errno : 0;
}

/* ---- at hand ---- */

/* All with the lock. */
static struct grant *
at_hand(struct grants *g, const char *token)
{
	for (size_t i = 0; i < ARRAY_LEN(g->slots); i++)
		if (g->slots[i].path && strcmp(g->slots[i].token, token) == 0)
			return &g->slots[i];
	return NULL;
}

/* Without the lock, where it can be: disks are slow. */
static bool
is_on_disk(struct grants *g, const char *token)
{
	int fd = openat(g->folder, token, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	bool kept = fd >= 0 && fsync(fd) == 0 && fsync(g->folder) == 0;
	if (fd >= 0)
		(void)close(fd);
	return kept;
}

static void
let_go(struct grant *x)
{
	if (x->dir >= 0)
		(void)close(x->dir);
	free(x->path);
	*x = (struct grant){.dir = -1};
}

/* Its path and dir move to a slot. */
static void
put_at_hand(struct grants *g, struct grant *x)
{
	struct grant *slot = at_hand(g, x->token);
	if (!slot) {
		slot = &g->slots[g->next++ % ARRAY_LEN(g->slots)];
		if (slot->path && !slot->kept)
			(void)is_on_disk(g, slot->token);
	}
	let_go(slot);
	*slot = *x;
}

/* ---- on disk ---- */

static int
write_record(struct grants *g, const struct grant *x)
{
	char boot[BOOT_SIZE], text[RECORD_MAX];
	read_boot(boot);
	int len = snprintf(text, sizeof(text),
	    "earshot-grant 1 %c %c %" PRIuMAX " %" PRIuMAX " %s\n%s", x->target ? 't' : 's',
	    x->folder ? 'd' : 'f', (uintmax_t)x->dev, (uintmax_t)x->ino, boot, x->path);
	if (len < 0 || (size_t)len >= sizeof(text))
		return -ENAMETOOLONG;
	int fd =
	    openat(g->folder, x->token, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0)
		return -errno;
	ssize_t n = write(fd, text, (size_t)len);
	int err = n < 0 ? -errno : n < len ? -ENOSPC : 0;
	(void)close(fd);
	if (err)
		(void)unlinkat(g->folder, x->token, 0);
	return err;
}

/* A record that was cut off by a crash is as none. */
static int
parse_record(char *text, size_t len, struct grant *x, bool *same_boot)
{
	char target, kind, boot[BOOT_SIZE], now[BOOT_SIZE];
	uintmax_t dev, ino;
	char *line = memchr(text, '\n', len);
	if (!line || memchr(text, '\0', len))
		return -ENOENT;
	*line = '\0';
	// NOLINTNEXTLINE(cert-err34-c): ours, and compared with what is there
	int fields = sscanf(text, "earshot-grant 1 %c %c %" SCNuMAX " %" SCNuMAX " %36s", &target,
	    &kind, &dev, &ino, boot);
	if (fields != 5 || line[1] != '/')
		return -ENOENT;
	read_boot(now);
	*same_boot = strcmp(boot, now) == 0;
	x->target = target == 't';
	x->folder = kind == 'd';
	x->dev = (dev_t)dev;
	x->ino = (ino_t)ino;
	x->kept = true;
	x->path = strdup(line + 1);
	return x->path ? 0 : -ENOMEM;
}

static int
read_record(struct grants *g, const char *token, struct grant *x, bool *same_boot)
{
	char text[RECORD_MAX];
	*x = (struct grant){.dir = -1};
	memcpy(x->token, token, PORTER_TOKEN_SIZE);
	int fd = openat(g->folder, token, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	ssize_t n = read(fd, text, sizeof(text) - 1);
	int err = n < 0 ? -errno : 0;
	(void)close(fd);
	if (err)
		return err;
	text[n] = '\0';
	return parse_record(text, (size_t)n, x, same_boot);
}

/* ---- making ---- */

static bool
lies_in(const char *path, const char *folder)
{
	size_t len = strlen(folder);
	return strncmp(path, folder, len) == 0 && (path[len] == '/' || path[len] == '\0');
}

static bool
may_receive(const struct grants *g, const char *path)
{
	if (strcmp(path, "/") == 0)
		return false;
	for (size_t i = 0; i < ARRAY_LEN(of_the_system); i++)
		if (lies_in(path, of_the_system[i]))
			return false;
	for (size_t i = 0; i < GRANTS_OWN; i++)
		if (g->own[i] && lies_in(path, g->own[i]))
			return false;
	return true;
}

/* Whether a descriptor shows that a client has handed over what it stands for. Folders that the
 * porter opened are told by their flags, which nobody can change (beneath_read()). */
static int
check_flags(int fd, bool folder)
{
	const int own = O_DIRECTORY | O_NOFOLLOW;
	int flags = fcntl(fd, F_GETFL);
	if (flags < 0)
		return -errno;
	if ((flags & O_PATH) || (flags & O_ACCMODE) == O_WRONLY)
		return -EBADF;
	return folder && (flags & own) == own ? -EBADF : 0;
}

static int
find_path(int fd, char out[PATH_MAX])
{
	char self[32];
	(void)snprintf(self, sizeof(self), "/proc/self/fd/%d", fd);
	ssize_t n = readlink(self, out, PATH_MAX);
	if (n < 0)
		return -errno;
	if (n == PATH_MAX)
		return -ENAMETOOLONG;
	out[n] = '\0';
	return out[0] == '/' ? 0 : -ENOENT; /* a pipe, a socket */
}

static int
open_path(const struct grant *x, bool same_boot, struct granted *out)
{
	out->folder = x->folder;
	out->target = x->target;
	(void)snprintf(out->path, sizeof(out->path), "%s", x->path);
	out->fd = beneath_open(AT_FDCWD, x->path, O_PATH, 0);
	if (out->fd < 0)
		return out->fd == -ENOTDIR || out->fd == -ELOOP ? -ENOENT : out->fd;
	int err = fstat(out->fd, &out->st) < 0 ? -errno : 0;
	bool same = !err && out->st.st_ino == x->ino && (!same_boot || out->st.st_dev == x->dev) &&
		    (x->folder ? S_ISDIR(out->st.st_mode) : S_ISREG(out->st.st_mode));
	if (!err && !same)
		err = ERR_CHANGED_SOURCE;
	if (err)
		granted_finish(out);
	return err;
}

void
granted_finish(struct granted *x)
{
	if (x->fd >= 0)
		(void)close(x->fd);
	x->fd = -1;
}

/* Moves x, with a descriptor of its own if it is a folder. */
static void
remember(struct grants *g, struct grant *x, const struct granted *found)
{
	x->dev = found->st.st_dev;
	x->ino = found->st.st_ino;
	if (x->folder)
		x->dir = fcntl(found->fd, F_DUPFD_CLOEXEC, 0);
	put_at_hand(g, x);
}

static int
check_target(const struct grants *g, int fd, const char *path)
{
	char self[32];
	(void)snprintf(self, sizeof(self), "/proc/self/fd/%d", fd);
	return may_receive(g, path) && access(self, W_OK | X_OK) == 0 ? 0 : -EACCES;
}

int
grants_check_target(const struct grants *g, int fd, char path[PATH_MAX])
{
	struct stat st, named;
	if (fstat(fd, &st) < 0)
		return -EBADF;
	if (!S_ISDIR(st.st_mode))
		return -EINVAL;
	int err = check_flags(fd, true);
	if (!err)
		err = find_path(fd, path);
	if (!err &&
	    (lstat(path, &named) < 0 || named.st_ino != st.st_ino || named.st_dev != st.st_dev))
		err = -ENOENT; /* it has been removed */
	return err ? err : check_target(g, fd, path);
}

int
grants_add(struct grants *g, const char *token, int fd, bool target, struct granted *out)
{
	struct grant x = {.dir = -1, .target = target};
	struct stat st;
	char path[PATH_MAX];
	out->fd = -1;
	if (!grants_token_is_good(token))
		return -EINVAL;
	memcpy(x.token, token, PORTER_TOKEN_SIZE);
	if (fd < 0 || fstat(fd, &st) < 0)
		return -EBADF;
	x.folder = S_ISDIR(st.st_mode);
	if (!x.folder && (target || !S_ISREG(st.st_mode)))
		return -EINVAL;
	int err = check_flags(fd, x.folder);
	if (!err)
		err = find_path(fd, path);
	if (err)
		return err;
	x.path = path;
	x.dev = st.st_dev;
	x.ino = st.st_ino;
	err = open_path(&x, true, out);
	if (err)
		return err == ERR_CHANGED_SOURCE ? -ENOENT : err;
	if (target)
		err = check_target(g, out->fd, path);
	if (!err)
		err = (x.path = strdup(path)) ? 0 : -ENOMEM;
	(void)pthread_mutex_lock(&g->lock);
	if (!err)
		err = write_record(g, &x);
	if (!err)
		remember(g, &x, out);
	(void)pthread_mutex_unlock(&g->lock);
	if (err) {
		if (x.path != path)
			free(x.path);
		granted_finish(out);
	}
	return err;
}

/* ---- the download folder ---- */

static int
make_folders(const char *path)
{
	char folder[PATH_MAX];
	if (snprintf(folder, sizeof(folder), "%s", path) >= (int)sizeof(folder))
		return -ENAMETOOLONG;
	for (char *slash = strchr(folder + 1, '/');; slash = strchr(slash + 1, '/')) {
		if (slash)
			*slash = '\0';
		if (mkdir(folder, 0700) < 0 && errno != EEXIST)
			return -errno;
		if (!slash)
			return 0;
		*slash = '/';
	}
}

/* Its path may lead through links: it is what the user has set up. */
static int
open_downloads(const struct grants *g)
{
	int fd = open(g->downloads, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (fd >= 0 || errno != ENOENT)
		return fd < 0 ? -errno : fd;
	int err = make_folders(g->downloads);
	if (err)
		return err;
	fd = open(g->downloads, O_PATH | O_DIRECTORY | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

static int
find_downloads(struct grants *g, struct granted *out)
{
	struct grant x = {.token = PORTER_DOWNLOADS, .folder = true, .target = true, .kept = true};
	out->folder = out->target = true;
	out->fd = open_downloads(g);
	if (out->fd < 0)
		return out->fd;
	(void)snprintf(out->path, sizeof(out->path), "%s", g->downloads);
	int err = fstat(out->fd, &out->st) < 0 ? -errno : 0;
	x.path = err ? NULL : strdup(g->downloads);
	if (!err && !x.path)
		err = -ENOMEM;
	if (err)
		granted_finish(out);
	else
		remember(g, &x, out);
	return err;
}

/* ---- finding ---- */

/* A folder stays the one it was when it was opened first, whatever has its name now, unless it was
 * removed. */
static int
find_at_hand(const struct grant *x, struct granted *out)
{
	if (x->dir < 0)
		return open_path(x, true, out);
	if (fstat(x->dir, &out->st) < 0)
		return -errno;
	if (out->st.st_nlink == 0)
		return -ENOENT;
	out->folder = true;
	out->target = x->target;
	(void)snprintf(out->path, sizeof(out->path), "%s", x->path);
	out->fd = fcntl(x->dir, F_DUPFD_CLOEXEC, 0);
	return out->fd < 0 ? -errno : 0;
}

static int
find_locked(struct grants *g, const char *token, struct granted *out)
{
	bool downloads = strcmp(token, PORTER_DOWNLOADS) == 0, same_boot = false;
	struct grant x, *known = at_hand(g, token);
	if (known) {
		int err = find_at_hand(known, out);
		if (err != -ENOENT)
			return err;
		let_go(known);
		if (!downloads)
			return err;
	}
	if (downloads)
		return find_downloads(g, out);
	if (!grants_token_is_good(token))
		return -EINVAL;
	int err = read_record(g, token, &x, &same_boot);
	if (!err)
		err = open_path(&x, same_boot, out);
	if (!err)
		remember(g, &x, out);
	else
		free(x.path);
	return err;
}

int
grants_find(struct grants *g, const char *token, bool keep, struct granted *out)
{
	out->fd = -1;
	(void)pthread_mutex_lock(&g->lock);
	int err = find_locked(g, token, out);
	struct grant *known = at_hand(g, token);
	bool wanted = keep && !err && known && !known->kept;
	(void)pthread_mutex_unlock(&g->lock);
	if (!wanted || !is_on_disk(g, token))
		return err;
	(void)pthread_mutex_lock(&g->lock);
	known = at_hand(g, token);
	if (known)
		known->kept = true;
	(void)pthread_mutex_unlock(&g->lock);
	return err;
}

/* ---- revoking ---- */

static void
drop_locked(struct grants *g, const char *token)
{
	struct grant *known = at_hand(g, token);
	if (known)
		let_go(known);
	if (grants_token_is_good(token))
		(void)unlinkat(g->folder, token, 0);
}

void
grants_drop(struct grants *g, const char *token)
{
	(void)pthread_mutex_lock(&g->lock);
	drop_locked(g, token);
	(void)pthread_mutex_unlock(&g->lock);
}

static bool
is_among(const char *token, const char *tokens, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (memcmp(tokens + i * PORTER_DIGITS, token, PORTER_DIGITS) == 0)
			return true;
	return false;
}

int
grants_keep(struct grants *g, const char *tokens, size_t count)
{
	int fd = openat(g->folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *list = fd < 0 ? NULL : fdopendir(fd);
	if (!list) {
		int err = -errno;
		if (fd >= 0)
			(void)close(fd);
		return err;
	}
	(void)pthread_mutex_lock(&g->lock);
	for (struct dirent *e; (e = readdir(list));) // NOLINT(concurrency-mt-unsafe)
		if (grants_token_is_good(e->d_name) && !is_among(e->d_name, tokens, count))
			drop_locked(g, e->d_name);
	(void)pthread_mutex_unlock(&g->lock);
	(void)closedir(list);
	return 0;
}
