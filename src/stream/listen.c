#define _GNU_SOURCE /* SOCK_NONBLOCK, SOCK_CLOEXEC */
#include "stream/listen.h"

#include <errno.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
	NEXT_PORTS = 9,
	ANY_TRIES = 8, /* the free IPv4 port may be taken for IPv6 */
	BACKLOG = 128,
};

static int
listen_on(int family, uint16_t port, int *out)
{
	struct sockaddr_in four = {.sin_family = AF_INET, .sin_port = htons(port)};
	struct sockaddr_in6 six = {.sin6_family = AF_INET6, .sin6_port = htons(port)};
	int on = 1;
	int fd = socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) < 0)
		goto fail;
	if (family == AF_INET6 && (setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on)) < 0 ||
				      bind(fd, (const struct sockaddr *)&six, sizeof(six)) < 0))
		goto fail;
	if (family == AF_INET && bind(fd, (const struct sockaddr *)&four, sizeof(four)) < 0)
		goto fail;
	if (listen(fd, BACKLOG) < 0)
		goto fail;
	*out = fd;
	return 0;
fail:;
	int err = -errno;
	close(fd);
	return err;
}

static int
try_port(uint16_t wanted, int fds[2], uint16_t *port)
{
	struct sockaddr_in bound;
	socklen_t len = sizeof(bound);
	fds[0] = fds[1] = -1;
	int err = listen_on(AF_INET, wanted, &fds[0]);
	if (err)
		return err;
	if (getsockname(fds[0], (struct sockaddr *)&bound, &len) < 0) {
		err = -errno;
	} else {
		*port = ntohs(bound.sin_port);
		err = listen_on(AF_INET6, *port, &fds[1]);
	}
	if (err == -EAFNOSUPPORT || err == -EADDRNOTAVAIL)
		err = 0; /* no IPv6 here */
	if (err) {
		close(fds[0]);
		fds[0] = -1;
	}
	return err;
}

int
listen_pair(uint16_t wanted, int fds[2], uint16_t *port)
{
	int err = -EADDRINUSE;
	for (unsigned p = wanted; wanted && p <= wanted + (unsigned)NEXT_PORTS; p++) {
		if (p > UINT16_MAX)
			break;
		err = try_port((uint16_t)p, fds, port);
		if (!err)
			return 0;
	}
	for (int i = 0; i < ANY_TRIES; i++) {
		err = try_port(0, fds, port);
		if (err != -EADDRINUSE)
			break;
	}
	return err;
}
