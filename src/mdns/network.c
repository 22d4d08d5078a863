#define _DEFAULT_SOURCE /* ifaddrs and the interface flags */

#include "mdns/network.h"

#include "base/compiler.h"
#include "mdns/delay.h"

#include <errno.h>
#include <ifaddrs.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
	CALM_MS = 50,         /* one change brings several messages */
	MESSAGES_SIZE = 8192, /* one read; the content does not matter */
};

struct network {
	uv_poll_t poll;
	int fd;
	struct delay *calm; /* owned */
	void (*changed)(void *ctx);
	void *ctx; /* borrowed */
	bool up;
	int loopback;
};

static void
look(struct network *n)
{
	struct ifaddrs *all;
	if (getifaddrs(&all))
		return; /* out of memory: the old answer stands until the next change */
	n->up = false;
	for (const struct ifaddrs *i = all; i; i = i->ifa_next) {
		if (i->ifa_flags & IFF_LOOPBACK)
			n->loopback = (int)if_nametoindex(i->ifa_name);
		else if ((i->ifa_flags & IFF_UP) && (i->ifa_flags & IFF_RUNNING) && i->ifa_addr)
			n->up |=
			    i->ifa_addr->sa_family == AF_INET || i->ifa_addr->sa_family == AF_INET6;
	}
	freeifaddrs(all);
}

static void
on_calm(void *ctx)
{
	struct network *n = ctx;
	bool was = n->up;
	look(n);
	if (n->up != was)
		n->changed(n->ctx);
}

static void
on_messages(uv_poll_t *poll, int status, int events)
{
	(void)status, (void)events;
	struct network *n = container_of(poll, struct network, poll);
	char messages[MESSAGES_SIZE];
	/* ENOBUFS is news too: some were lost, and we look anyway */
	while (recv(n->fd, messages, sizeof(messages), MSG_DONTWAIT) > 0)
		;
	delay_set_sooner(n->calm, CALM_MS);
}

static int
subscribe(int *out)
{
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_ROUTE);
	if (fd < 0)
		return -errno;
	struct sockaddr_nl address = {.nl_family = AF_NETLINK,
	    .nl_groups = RTMGRP_LINK | RTMGRP_IPV4_IFADDR | RTMGRP_IPV6_IFADDR};
	if (bind(fd, (struct sockaddr *)&address, sizeof(address))) {
		int err = -errno;
		(void)close(fd);
		return err;
	}
	*out = fd;
	return 0;
}

int
network_create(uv_loop_t *loop, void (*changed)(void *ctx), void *ctx, struct network **out)
{
	struct network *n = calloc(1, sizeof(*n));
	if (!n)
		return -ENOMEM;
	n->changed = changed;
	n->ctx = ctx;
	int err = subscribe(&n->fd);
	if (err)
		goto fail_memory;
	err = delay_create(loop, on_calm, n, &n->calm);
	if (err)
		goto fail_fd;
	err = uv_poll_init(loop, &n->poll, n->fd);
	if (err)
		goto fail_delay;
	(void)uv_poll_start(&n->poll, UV_READABLE, on_messages); /* fails only when closing */
	look(n);
	*out = n;
	return 0;
fail_delay:
	delay_destroy(n->calm);
fail_fd:
	(void)close(n->fd);
fail_memory:
	free(n);
	return err;
}

static void
on_closed(uv_handle_t *handle)
{
	struct network *n = container_of((uv_poll_t *)handle, struct network, poll);
	(void)close(n->fd);
	free(n);
}

void
network_close(struct network *n)
{
	if (!n)
		return;
	delay_destroy(n->calm);
	uv_close((uv_handle_t *)&n->poll, on_closed);
}

bool
network_up(const struct network *n)
{
	return n->up;
}

int
network_loopback(const struct network *n)
{
	return n->loopback;
}
