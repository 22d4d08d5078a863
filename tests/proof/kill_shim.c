/* Ends a program at a chosen system call, as suddenly as kill -9 or a power cut would. Preloaded
 * (LD_PRELOAD); counts the calls of all threads that change something outside of the process:
 * writes to regular files and sockets, syncs, names made, changed and removed, connections.
 *
 *   KILL_PROGRAM=path  only in the process that runs this file; its children are left alone
 *   KILL_AT=k          ends at the k-th counted call; absent: never
 *   KILL_WHEN=before|after|half   half: of a write only half of the bytes are written
 *   KILL_KIND=name     counts only calls of this name (a number at the end is left out: pwrite)
 *   KILL_LOG=file      a line a call: number, name, what the descriptor is, its path
 *   KILL_STATE=folder, KILL_SHADOW=folder   what a power cut would leave of the files in the
 *                      first folder is kept in the second: each as it was at its last sync
 *
 * Shadow: names follow at once (a journal orders them), contents only with fsync or fdatasync. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

enum when { BEFORE, AFTER, HALF };

static bool on; /* this is the program */
static unsigned long kill_at;
static enum when kill_when;
static const char *kill_kind;
static int log_fd = -1;
static char state_dir[PATH_MAX], shadow_dir[PATH_MAX];

static atomic_ulong count;
static atomic_bool dead;
/* A copy to the shadow is whole, or was never begun. */
static pthread_mutex_t shadow_lock = PTHREAD_MUTEX_INITIALIZER;

// NOLINTNEXTLINE(bugprone-macro-parentheses): it is a name
#define REAL(name) ((__typeof__(&name))real(#name))

static void *
real(const char *name)
{
	void *f = dlsym(RTLD_NEXT, name);
	if (!f)
		abort();
	return f;
}

static _Noreturn void
die(void)
{
	(void)pthread_mutex_lock(&shadow_lock);
	(void)kill(getpid(), SIGKILL);
	for (;;)
		(void)poll(NULL, 0, 1000); /* a call that the sandbox allows */
}

/* What dies does nothing more, in no thread. */
static void
stop_if_dead(void)
{
	while (atomic_load(&dead))
		(void)poll(NULL, 0, 1000); /* a call that the sandbox allows */
}

static bool
path_of(int fd, char path[static PATH_MAX])
{
	char link[32];
	(void)snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	ssize_t n = readlink(link, path, PATH_MAX - 1);
	path[n < 0 ? 0 : n] = '\0';
	return n > 0;
}

static const char *
kind_of(int fd)
{
	struct stat st;
	if (fd <= STDERR_FILENO || fstat(fd, &st) < 0)
		return NULL;
	return S_ISREG(st.st_mode)    ? "file"
	       : S_ISDIR(st.st_mode)  ? "folder"
	       : S_ISSOCK(st.st_mode) ? "socket"
				      : NULL; /* loops wake each other by eventfd: not outside */
}

static void
note(unsigned long n, const char *name, const char *kind, const char *path)
{
	char line[PATH_MAX + 64];
	int len = snprintf(line, sizeof(line), "%lu %s %s %s\n", n, name, kind, path);
	if (len > 0)
		(void)!REAL(write)(log_fd, line, (size_t)len);
}

/* Whether this call is the one; a call that is to end before it does so here. */
static bool
counted(const char *name, const char *kind, const char *path)
{
	if (!on || !kind || (kill_kind && strcmp(kill_kind, name) != 0))
		return false;
	stop_if_dead();
	int saved = errno;
	unsigned long n = atomic_fetch_add(&count, 1) + 1;
	if (log_fd >= 0)
		note(n, name, kind, path);
	errno = saved;
	if (n != kill_at)
		return false;
	atomic_store(&dead, true);
	if (kill_when == BEFORE)
		die();
	return true;
}

static bool
counted_fd(const char *name, int fd)
{
	char path[PATH_MAX] = "";
	const char *kind = on ? kind_of(fd) : NULL;
	if (kind && log_fd >= 0)
		(void)path_of(fd, path);
	return counted(name, kind, path);
}

/* ---- the shadow ---- */

/* The place in the shadow of a file in the state folder. */
static bool
shadow_of(const char *path, char out[static PATH_MAX])
{
	size_t len = strlen(state_dir);
	if (len == 0 || strncmp(path, state_dir, len) != 0 || path[len] != '/' ||
	    strchr(path + len + 1, '/'))
		return false;
	return snprintf(out, PATH_MAX, "%s/%s", shadow_dir, path + len + 1) < PATH_MAX;
}

static bool
copy_bytes(int from, int to)
{
	static char bytes[1 << 16]; /* under shadow_lock */
	off_t at = 0;
	ssize_t n;
	while ((n = pread(from, bytes, sizeof(bytes), at)) > 0) {
		if (REAL(pwrite)(to, bytes, (size_t)n, at) != n)
			return false;
		at += n;
	}
	return n == 0;
}

/* This file is on disk now, as it is. */
static void
keep(int fd)
{
	char path[PATH_MAX], shadow[PATH_MAX], fresh[PATH_MAX + 8], again[64];
	if (!on || !path_of(fd, path) || !shadow_of(path, shadow))
		return;
	(void)snprintf(fresh, sizeof(fresh), "%s.fresh", shadow);
	(void)snprintf(again, sizeof(again), "/proc/self/fd/%d", fd); /* it may be write-only */
	(void)pthread_mutex_lock(&shadow_lock);
	int from = REAL(open)(again, O_RDONLY | O_CLOEXEC);
	int to = REAL(open)(fresh, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (from < 0 || to < 0 || !copy_bytes(from, to) || REAL(rename)(fresh, shadow) < 0)
		abort(); /* a shadow that is not right proves nothing */
	(void)close(from);
	(void)close(to);
	(void)pthread_mutex_unlock(&shadow_lock);
}

static void
absolute(int dir, const char *path, char out[static PATH_MAX])
{
	char base[PATH_MAX] = "";
	if (path[0] == '/')
		base[0] = '\0';
	else if (dir == AT_FDCWD)
		(void)!getcwd(base, sizeof(base));
	else
		(void)path_of(dir, base);
	if (snprintf(out, PATH_MAX, "%s%s%s", base, base[0] ? "/" : "", path) >= PATH_MAX)
		out[0] = '\0';
}

static void
shadow_unlink(int dir, const char *path)
{
	char whole[PATH_MAX], shadow[PATH_MAX];
	absolute(dir, path, whole);
	if (on && shadow_of(whole, shadow))
		(void)REAL(unlink)(shadow);
}

/* A file that was never synced is lost with its new name, and the old one with it. */
static void
shadow_rename(int from_dir, const char *from, int to_dir, const char *to)
{
	char whole[PATH_MAX], old[PATH_MAX], new[PATH_MAX];
	absolute(from_dir, from, whole);
	bool from_here = on && shadow_of(whole, old);
	absolute(to_dir, to, whole);
	bool to_here = on && shadow_of(whole, new);
	if (to_here && (!from_here || REAL(rename)(old, new) < 0))
		(void)REAL(unlink)(new);
	else if (from_here && !to_here)
		(void)REAL(unlink)(old);
}

/* ---- the calls ---- */

// NOLINTBEGIN(readability-inconsistent-declaration-parameter-name): libc's are not ours to repeat

/* The real call, and the end after it if it is the one. */
#define AROUND(type, hit, call) \
	do { \
		bool end_after = hit; \
		type result = call; \
		if (end_after) \
			die(); \
		return result; \
	} while (0)

/* Bytes a write is to write: when it is the one that ends in the middle, half of them. */
static size_t
part(bool hit, size_t len)
{
	return hit && kill_when == HALF ? len / 2 : len;
}

ssize_t
write(int fd, const void *bytes, size_t len)
{
	bool hit = counted_fd("write", fd);
	ssize_t n = REAL(write)(fd, bytes, part(hit, len));
	if (hit)
		die();
	return n;
}

ssize_t
pwrite(int fd, const void *bytes, size_t len, off_t at)
{
	bool hit = counted_fd("pwrite", fd);
	ssize_t n = REAL(pwrite)(fd, bytes, part(hit, len), at);
	if (hit)
		die();
	return n;
}

ssize_t
pwrite64(int fd, const void *bytes, size_t len, off64_t at)
{
	return pwrite(fd, bytes, len, at);
}

ssize_t
send(int fd, const void *bytes, size_t len, int flags)
{
	bool hit = counted_fd("send", fd);
	ssize_t n = REAL(send)(fd, bytes, part(hit, len), flags);
	if (hit)
		die();
	return n;
}

/* The first half of what the vectors hold; never returns to the caller. */
static _Noreturn void
write_half(int fd, const struct iovec *iov, int iov_count)
{
	size_t total = 0;
	for (int i = 0; i < iov_count; i++)
		total += iov[i].iov_len;
	size_t left = total / 2;
	for (int i = 0; i < iov_count && left > 0; i++) {
		size_t n = iov[i].iov_len < left ? iov[i].iov_len : left;
		(void)!REAL(write)(fd, iov[i].iov_base, n);
		left -= n;
	}
	die();
}

ssize_t
writev(int fd, const struct iovec *iov, int iov_count)
{
	bool hit = counted_fd("writev", fd);
	if (hit && kill_when == HALF)
		write_half(fd, iov, iov_count);
	AROUND(ssize_t, hit, REAL(writev)(fd, iov, iov_count));
}

ssize_t
pwritev(int fd, const struct iovec *iov, int iov_count, off_t at)
{
	bool hit = counted_fd("pwritev", fd);
	if (hit && kill_when == HALF && lseek(fd, at, SEEK_SET) == at)
		write_half(fd, iov, iov_count);
	AROUND(ssize_t, hit, REAL(pwritev)(fd, iov, iov_count, at));
}

ssize_t
pwritev64(int fd, const struct iovec *iov, int iov_count, off64_t at)
{
	return pwritev(fd, iov, iov_count, at);
}

ssize_t
sendmsg(int fd, const struct msghdr *msg, int flags)
{
	bool hit = counted_fd("sendmsg", fd);
	if (hit && kill_when == HALF)
		write_half(fd, msg->msg_iov, (int)msg->msg_iovlen);
	AROUND(ssize_t, hit, REAL(sendmsg)(fd, msg, flags));
}

int
fsync(int fd)
{
	bool hit = counted_fd("fsync", fd);
	int err = REAL(fsync)(fd);
	if (err == 0)
		keep(fd);
	if (hit)
		die();
	return err;
}

int
fdatasync(int fd)
{
	bool hit = counted_fd("fdatasync", fd);
	int err = REAL(fdatasync)(fd);
	if (err == 0)
		keep(fd);
	if (hit)
		die();
	return err;
}

int
ftruncate(int fd, off_t len)
{
	AROUND(int, counted_fd("ftruncate", fd), REAL(ftruncate)(fd, len));
}

int
ftruncate64(int fd, off64_t len)
{
	return ftruncate(fd, len);
}

int
renameat(int from_dir, const char *from, int to_dir, const char *to)
{
	bool hit = counted("rename", "name", to);
	int err = REAL(renameat)(from_dir, from, to_dir, to);
	if (err == 0)
		shadow_rename(from_dir, from, to_dir, to);
	if (hit)
		die();
	return err;
}

int
rename(const char *from, const char *to)
{
	return renameat(AT_FDCWD, from, AT_FDCWD, to);
}

int
unlinkat(int dir, const char *path, int flags)
{
	bool hit = counted("unlink", "name", path);
	int err = REAL(unlinkat)(dir, path, flags);
	if (err == 0)
		shadow_unlink(dir, path);
	if (hit)
		die();
	return err;
}

int
unlink(const char *path)
{
	return unlinkat(AT_FDCWD, path, 0);
}

/* Reading is no deed; a name that may appear is. */
static int
open_counted(int dir, const char *path, int flags, mode_t mode)
{
	bool hit = (flags & O_CREAT) && counted("open", "name", path);
	AROUND(int, hit, REAL(openat)(dir, path, flags, mode));
}

#define MODE_OF(flags, mode) \
	do { \
		va_list args; \
		va_start(args, flags); \
		if ((flags) & (O_CREAT | O_TMPFILE)) \
			(mode) = va_arg(args, mode_t); \
		va_end(args); \
	} while (0)

int
open(const char *path, int flags, ...)
{
	mode_t mode = 0;
	MODE_OF(flags, mode);
	return open_counted(AT_FDCWD, path, flags, mode);
}

int
open64(const char *path, int flags, ...)
{
	mode_t mode = 0;
	MODE_OF(flags, mode);
	return open_counted(AT_FDCWD, path, flags, mode);
}

int
openat(int dir, const char *path, int flags, ...)
{
	mode_t mode = 0;
	MODE_OF(flags, mode);
	return open_counted(dir, path, flags, mode);
}

int
openat64(int dir, const char *path, int flags, ...)
{
	mode_t mode = 0;
	MODE_OF(flags, mode);
	return open_counted(dir, path, flags, mode);
}

int
connect(int fd, const struct sockaddr *address, socklen_t len)
{
	AROUND(int, counted_fd("connect", fd), REAL(connect)(fd, address, len));
}

int
accept4(int fd, struct sockaddr *address, socklen_t *len, int flags)
{
	AROUND(int, counted_fd("accept", fd), REAL(accept4)(fd, address, len, flags));
}

// NOLINTEND(readability-inconsistent-declaration-parameter-name)

/* ---- what was asked for ---- */

static const char *
wish(const char *name)
{
	return getenv(name); // NOLINT(concurrency-mt-unsafe): nothing else runs yet
}

static bool
is_the_program(const char *wanted)
{
	struct stat own, theirs;
	return wanted && stat("/proc/self/exe", &own) == 0 && stat(wanted, &theirs) == 0 &&
	       own.st_dev == theirs.st_dev && own.st_ino == theirs.st_ino;
}

static void
copy_variable(const char *name, char out[static PATH_MAX])
{
	const char *value = wish(name);
	if (value && !realpath(value, out))
		abort();
}

/* A child that goes on without running another file is left alone, too. */
static void
on_forked(void)
{
	on = false;
}

__attribute__((constructor)) static void
begin(void)
{
	const char *at = wish("KILL_AT"), *when = wish("KILL_WHEN"), *log = wish("KILL_LOG");
	if (!is_the_program(wish("KILL_PROGRAM")))
		return;
	kill_at = at ? strtoul(at, NULL, 10) : 0;
	kill_when = !when                        ? BEFORE
		    : strcmp(when, "after") == 0 ? AFTER
		    : strcmp(when, "half") == 0  ? HALF
						 : BEFORE;
	kill_kind = wish("KILL_KIND");
	copy_variable("KILL_STATE", state_dir);
	copy_variable("KILL_SHADOW", shadow_dir);
	if (log)
		log_fd = REAL(open)(log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	(void)pthread_atfork(NULL, NULL, on_forked);
	on = true;
}
