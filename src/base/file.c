#include "base/file.h"

#include "base/err.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { CHUNK = 4096, PATH_LIMIT = 4096 };

int
file_read(const char *path, struct buf *out)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	if (fd < 0)
		return -errno;
	int err = 0;
	char chunk[CHUNK];
	for (;;) {
		ssize_t n = read(fd, chunk, sizeof(chunk));
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			err = -errno;
		if (n <= 0)
			break;
		buf_add(out, chunk, (size_t)n);
		err = buf_err(out);
		if (err)
			break;
	}
	(void)close(fd);
	return err;
}

static int
write_all(int fd, const char *data, size_t len)
{
	while (len > 0) {
		ssize_t n = write(fd, data, len);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		data += n;
		len -= (size_t)n;
	}
	return fsync(fd) < 0 ? -errno : 0;
}

/* The rename itself must survive a power cut. */
static int
sync_folder(const char *path)
{
	char folder[PATH_LIMIT];
	const char *slash = strrchr(path, '/');
	size_t len = slash ? (size_t)(slash - path) : 0;
	if (len == 0 || len >= sizeof(folder))
		return slash ? ERR_TOO_BIG : 0;
	memcpy(folder, path, len);
	folder[len] = '\0';
	int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	int err = fsync(fd) < 0 ? -errno : 0;
	(void)close(fd);
	return err;
}

int
file_write(const char *path, const void *data, size_t len)
{
	struct buf beside = BUF_INIT(PATH_LIMIT);
	buf_fmt(&beside, "%s.new", path);
	int err = buf_err(&beside);
	if (err)
		return err;
	int fd =
	    open(buf_cstr(&beside), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
	err = fd < 0 || fchmod(fd, 0600) < 0 ? -errno : write_all(fd, data, len);
	if (fd >= 0 && close(fd) < 0 && !err)
		err = -errno;
	if (!err && rename(buf_cstr(&beside), path) < 0)
		err = -errno;
	if (err && fd >= 0)
		(void)unlink(buf_cstr(&beside));
	buf_finish(&beside);
	return err ? err : sync_folder(path);
}
