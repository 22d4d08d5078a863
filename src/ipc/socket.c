#define _GNU_SOURCE /* flock, struct ucred, SOCK_CLOEXEC */
#include "base/buf.h"
#include "base/err.h"
#include "base/str.h"
#include "ipc/internal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

enum { BACKLOG = 64 };

/* Between two daemons that start at once, both of which find a stale socket file, only a lock
 * decides: without it the second would remove the first one's fresh socket. */
static int
take_lock(const char *path, int *out)
{
	struct buf name = BUF_INIT(4096);
	buf_fmt(&name, "%s.lock", path);
	if (buf_err(&name)) {
		int err = buf_err(&name);
		buf_finish(&name);
		return err;
	}
	int fd = open(buf_cstr(&name), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	int err = fd < 0 ? -errno : 0;
	buf_finish(&name);
	if (err)
		return err;
	if (flock(fd, LOCK_EX | LOCK_NB) < 0) {
		err = errno == EWOULDBLOCK ? -EADDRINUSE : -errno;
		close(fd);
		return err;
	}
	*out = fd;
	return 0;
}

static int
new_socket(void)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	return fd < 0 ? -errno : fd;
}

/* 0: nobody is there and nothing in the way. A daemon that does not lock is found too. */
static int
clear_way(const struct sockaddr_un *address)
{
	int fd = new_socket();
	if (fd < 0)
		return fd;
	int rc = connect(fd, (const struct sockaddr *)address, sizeof(*address));
	int err = rc < 0 ? errno : 0;
	close(fd);
	if (err == ENOENT)
		return 0;
	if (err == 0 || err == EAGAIN) /* EAGAIN: its queue is full, but it is there */
		return -EADDRINUSE;
	if (err != ECONNREFUSED)
		return -err;
	struct stat st;
	if (lstat(address->sun_path, &st) < 0)
		return -errno;
	if (!S_ISSOCK(st.st_mode) || st.st_uid != geteuid())
		return -EEXIST;
	return unlink(address->sun_path) < 0 ? -errno : 0;
}

static int
bind_private(const struct sockaddr_un *address, int *out)
{
	int fd = new_socket();
	if (fd < 0)
		return fd;
	mode_t before = umask(0177); /* 0600 from the first moment, not after a chmod */
	int rc = bind(fd, (const struct sockaddr *)address, sizeof(*address));
	int err = rc < 0 ? -errno : 0;
	(void)umask(before);
	if (!err && listen(fd, BACKLOG) < 0) {
		err = -errno;
		(void)unlink(address->sun_path);
	}
	if (err) {
		close(fd);
		return err;
	}
	*out = fd;
	return 0;
}

int
socket_listen(const char *path, int *fd, int *lock_fd)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	if (str_copy(address.sun_path, sizeof(address.sun_path), path))
		return -ENAMETOOLONG;
	int lock = -1;
	int err = take_lock(path, &lock);
	if (err)
		return err;
	err = clear_way(&address);
	if (!err)
		err = bind_private(&address, fd);
	if (err) {
		close(lock);
		return err;
	}
	*lock_fd = lock;
	return 0;
}

int
socket_check_listening(int fd)
{
	int on = 0;
	socklen_t size = sizeof(on);
	struct sockaddr_un address = {0};
	socklen_t address_size = sizeof(address);
	if (getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &on, &size) < 0)
		return -errno;
	if (getsockname(fd, (struct sockaddr *)&address, &address_size) < 0)
		return -errno;
	if (!on || address.sun_family != AF_UNIX)
		return -EINVAL;
	int flags = fcntl(fd, F_GETFL);
	if (flags < 0 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) < 0 ||
	    fcntl(fd, F_SETFD, FD_CLOEXEC) < 0)
		return -errno;
	return 0;
}

int
socket_peer_uid(int fd, uid_t *out)
{
	struct ucred who;
	socklen_t size = sizeof(who);
	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &who, &size) < 0)
		return -errno;
	*out = who.uid;
	return 0;
}
