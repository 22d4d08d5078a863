/* For tests that use TCP: a network namespace of their own, so that nothing leaves the machine. */
#ifndef TESTS_NETNS_H
#define TESTS_NETNS_H

#include <errno.h>
#include <net/if.h>
#include <sched.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

/* 0 or a negative errno. */
static int
netns_lo(bool up)
{
	struct ifreq req;
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	memset(&req, 0, sizeof(req));
	memcpy(req.ifr_name, "lo", sizeof("lo"));
	req.ifr_flags = up ? IFF_UP : 0;
	int err = ioctl(fd, SIOCSIFFLAGS, &req) < 0 ? -errno : 0;
	close(fd);
	return err;
}

/* From here on there is only lo. 0, or a negative errno where that is not allowed. */
static int
netns_enter(void)
{
	if (unshare(CLONE_NEWUSER | CLONE_NEWNET) < 0)
		return -errno;
	return netns_lo(true);
}

#endif
