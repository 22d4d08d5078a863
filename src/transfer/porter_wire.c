#define _GNU_SOURCE /* MSG_CMSG_CLOEXEC */
#include "transfer/porter_wire.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

void
porter_fds_close(struct porter_fds *f)
{
	for (size_t i = 0; i < f->count; i++)
		if (f->list[i] >= 0)
			(void)close(f->list[i]);
	f->count = 0;
}

union control {
	char space[CMSG_SPACE(PORTER_BATCH * sizeof(int))];
	struct cmsghdr align;
};

int
porter_send(
    int sock, const struct iovec *parts, size_t count, const struct porter_fds *fds, int flags)
{
	union control control = {0};
	struct msghdr message = {.msg_iovlen = count};
	struct iovec copy[4];
	if (count > ARRAY_LEN(copy))
		return -EINVAL;
	memcpy(copy, parts, count * sizeof(*parts));
	message.msg_iov = copy;
	if (fds && fds->count > 0) {
		size_t size = fds->count * sizeof(int);
		message.msg_control = control.space;
		message.msg_controllen = CMSG_SPACE(size);
		struct cmsghdr *header = CMSG_FIRSTHDR(&message);
		header->cmsg_level = SOL_SOCKET;
		header->cmsg_type = SCM_RIGHTS;
		header->cmsg_len = CMSG_LEN(size);
		memcpy(CMSG_DATA(header), fds->list, size);
	}
	for (;;) {
		if (sendmsg(sock, &message, flags | MSG_NOSIGNAL) >= 0)
			return 0;
		if (errno != EINTR)
			return -errno;
	}
}

ssize_t
porter_receive(int sock, void *data, size_t size, struct porter_fds *fds)
{
	union control control;
	struct iovec part = {data, size};
	struct msghdr message = {.msg_iov = &part,
	    .msg_iovlen = 1,
	    .msg_control = control.space,
	    .msg_controllen = sizeof(control.space)};
	ssize_t n;
	fds->count = 0;
	do {
		n = recvmsg(sock, &message, MSG_CMSG_CLOEXEC);
	} while (n < 0 && errno == EINTR);
	if (n < 0)
		return -errno;
	for (struct cmsghdr *h = CMSG_FIRSTHDR(&message); h; h = CMSG_NXTHDR(&message, h)) {
		if (h->cmsg_level != SOL_SOCKET || h->cmsg_type != SCM_RIGHTS)
			continue;
		size_t count = (h->cmsg_len - CMSG_LEN(0)) / sizeof(int);
		if (count > PORTER_BATCH)
			count = PORTER_BATCH; /* there is no room for more */
		memcpy(fds->list, CMSG_DATA(h), count * sizeof(int));
		fds->count = count;
	}
	if (!(message.msg_flags & (MSG_TRUNC | MSG_CTRUNC)))
		return n;
	porter_fds_close(fds);
	return (message.msg_flags & MSG_TRUNC) ? 0 : -EMFILE;
}
