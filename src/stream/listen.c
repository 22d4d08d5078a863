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

/* The socket, or an error. */
static int
listen_on(int family, uint16_t port)
{
	struct sockaddr_in four = {.sin_family = AF_INET, .sin_port = htons(port)};
	struct sockaddr_in6 six = {.sin6_family = AF_INET6, .sin6_port = htons(port)};
	int on = 1;
	int fd = socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	int res = setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (res == 0 && family == AF_INET6)
		res = setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on));
	if (res == 0 && family == AF_INET6)
		res = bind(fd, (const struct sockaddr *)&six, sizeof(six));
	else if (res == 0)
		res = bind(fd, (const struct sockaddr *)&four, sizeof(four));
	if (res == 0)
		res = listen(fd, BACKLOG);
	if (res == 0)
		return fd;
	int err = -errno;
	close(fd);
	return err;
}

static int
bound_port(int fd, uint16_t *port)
{
	struct sockaddr_in bound = {0};
	socklen_t len = sizeof(bound);
	if (getsockname(fd, (struct sockaddr *)&bound, &len) < 0)
		return -errno;
	*port = ntohs(bound.sin_port);
	return 0;
}

static int
try_port(uint16_t wanted, int fds[2], uint16_t *port)
{
	fds[0] = fds[1] = -1;
	int four = listen_on(AF_INET, wanted);
	if (four < 0)
		return four;
	int err = bound_port(four, port);
	int six = err ? err : listen_on(AF_INET6, *port);
	if (six == -EAFNOSUPPORT || six == -EADDRNOTAVAIL) {
		six = -1; /* no IPv6 here */
	} else if (six < 0) {
		close(four);
		return six;
	}
	fds[0] = four;
	fds[1] = six;
	return 0;
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
