/* Interfaces, routes, connections. */
#define _DEFAULT_SOURCE
#include "base/clock.h"
#include "base/str.h"
#include "doctor/exam.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <ifaddrs.h>
#include <netdb.h>
#include <netpacket/packet.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
	HARDWARE_PPP = 512,
	HARDWARE_NONE = 0xfffe,
	TURN_MS = 200,
	DIALS_MAX = 64,
	LOOKED_UP = 4,
	LOOK_UP_MS = 3000
};

/* ---- interfaces ---- */

static struct exam_interface *
interface_named(struct exam *e, const char *name)
{
	for (size_t i = 0; i < e->interface_count; i++)
		if (str_equal(e->interfaces[i].name, name))
			return &e->interfaces[i];
	if (e->interface_count == EXAM_INTERFACES)
		return NULL;
	struct exam_interface *i = &e->interfaces[e->interface_count];
	*i = (struct exam_interface){.index = if_nametoindex(name)};
	if (str_copy(i->name, sizeof(i->name), name) != 0)
		return NULL;
	e->interface_count++;
	return i;
}

static void
add_address(struct exam_interface *i, const struct ifaddrs *a)
{
	if (a->ifa_addr->sa_family == AF_INET && i->v4_count < EXAM_ADDRESSES) {
		struct sockaddr_in addr, mask = {0};
		memcpy(&addr, a->ifa_addr, sizeof(addr));
		if (a->ifa_netmask)
			memcpy(&mask, a->ifa_netmask, sizeof(mask));
		i->v4[i->v4_count] = addr.sin_addr;
		i->mask[i->v4_count++] = mask.sin_addr;
	} else if (a->ifa_addr->sa_family == AF_INET6 && i->v6_count < EXAM_ADDRESSES) {
		struct sockaddr_in6 addr;
		memcpy(&addr, a->ifa_addr, sizeof(addr));
		i->v6[i->v6_count++] = addr.sin6_addr;
	} else if (a->ifa_addr->sa_family == AF_PACKET) {
		struct sockaddr_ll link;
		memcpy(&link, a->ifa_addr, sizeof(link));
		if (link.sll_hatype == HARDWARE_NONE || link.sll_hatype == HARDWARE_PPP)
			i->tunnel = true;
	}
}

void
exam_interfaces(struct exam *e)
{
	static const char *const tunnels[] = {"tun", "tap", "wg", "ppp", "vpn", "nordlynx",
	    "tailscale", "zt", "ipsec", "gpd", "cscotun"};
	struct ifaddrs *list = NULL;
	e->interface_count = 0;
	if (getifaddrs(&list) < 0)
		return;
	for (const struct ifaddrs *a = list; a; a = a->ifa_next) {
		struct exam_interface *i = interface_named(e, a->ifa_name);
		if (!i)
			continue;
		i->flags = a->ifa_flags;
		if (a->ifa_addr)
			add_address(i, a);
	}
	freeifaddrs(list);
	for (size_t n = 0; n < e->interface_count; n++) {
		struct exam_interface *i = &e->interfaces[n];
		const unsigned wanted = IFF_UP | IFF_RUNNING | IFF_MULTICAST;
		i->tunnel |= (i->flags & IFF_POINTOPOINT) != 0;
		for (size_t k = 0; k < ARRAY_LEN(tunnels); k++)
			i->tunnel |= strncmp(i->name, tunnels[k], strlen(tunnels[k])) == 0;
		i->usable = (i->flags & wanted) == wanted && !(i->flags & IFF_LOOPBACK) &&
			    !i->tunnel && i->v4_count + i->v6_count > 0;
	}
}

const struct exam_interface *
exam_by_index(const struct exam *e, unsigned index)
{
	for (size_t i = 0; i < e->interface_count; i++)
		if (e->interfaces[i].index == index)
			return &e->interfaces[i];
	return NULL;
}

/* Connecting a datagram socket sends nothing, but the kernel chooses the way. */
const struct exam_interface *
exam_route(const struct exam *e, const struct sockaddr_storage *to)
{
	struct sockaddr_storage from = {0};
	socklen_t len = sizeof(from), to_len = to->ss_family == AF_INET
						   ? sizeof(struct sockaddr_in)
						   : sizeof(struct sockaddr_in6);
	int fd = socket(to->ss_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	bool known = fd >= 0 && connect(fd, (const struct sockaddr *)to, to_len) == 0 &&
		     getsockname(fd, (struct sockaddr *)&from, &len) == 0;
	if (fd >= 0)
		(void)close(fd);
	for (size_t n = 0; known && n < e->interface_count; n++) {
		const struct exam_interface *i = &e->interfaces[n];
		struct sockaddr_in four;
		struct sockaddr_in6 six;
		memcpy(&four, &from, sizeof(four));
		memcpy(&six, &from, sizeof(six));
		for (size_t k = 0; from.ss_family == AF_INET && k < i->v4_count; k++)
			if (i->v4[k].s_addr == four.sin_addr.s_addr)
				return i;
		for (size_t k = 0; from.ss_family == AF_INET6 && k < i->v6_count; k++)
			if (memcmp(&i->v6[k], &six.sin6_addr, 16) == 0)
				return i;
	}
	return NULL;
}

/* ---- addresses ---- */

/* Host and port of a text; port 5298 if it has none. */
struct place {
	char host[NI_MAXHOST], port[8];
};

static bool
split(const char *text, struct place *p)
{
	const char *close_bracket = text[0] == '[' ? strchr(text, ']') : NULL;
	const char *begin = close_bracket ? text + 1 : text, *colon = strrchr(text, ':');
	const char *end = close_bracket ? close_bracket : text + strlen(text);
	int64_t number;
	if (close_bracket && colon < close_bracket)
		colon = NULL;
	if (!close_bracket && colon && strchr(text, ':') != colon)
		colon = NULL; /* an IPv6 address without brackets */
	if (colon && !close_bracket)
		end = colon;
	size_t len = (size_t)(end - begin);
	if (len == 0 || len >= sizeof(p->host) ||
	    (colon && str_to_int(colon + 1, 1, UINT16_MAX, &number) != 0) ||
	    str_copy(p->port, sizeof(p->port), colon ? colon + 1 : "5298") != 0)
		return false;
	memcpy(p->host, begin, len);
	p->host[len] = '\0';
	return true;
}

bool
exam_parse(const char *text, struct sockaddr_storage *out)
{
	const struct addrinfo hints = {
	    .ai_flags = AI_NUMERICHOST | AI_NUMERICSERV, .ai_socktype = SOCK_STREAM};
	struct addrinfo *list = NULL;
	struct place p;
	/* a number alone is no address, whatever the C library thinks */
	if (!split(text, &p) || !strpbrk(p.host, ".:") ||
	    getaddrinfo(p.host, p.port, &hints, &list) != 0)
		return false;
	memset(out, 0, sizeof(*out));
	memcpy(out, list->ai_addr, list->ai_addrlen);
	freeaddrinfo(list);
	return true;
}

struct looked_up {
	struct sockaddr_storage list[LOOKED_UP];
	size_t count;
};

static void
look_up(const void *in, void *out)
{
	const struct place *p = in;
	struct looked_up *got = out;
	const struct addrinfo hints = {.ai_flags = AI_NUMERICSERV, .ai_socktype = SOCK_STREAM};
	struct addrinfo *list = NULL;
	memset(got, 0, sizeof(*got));
	if (getaddrinfo(p->host, p->port, &hints, &list) != 0)
		return;
	for (const struct addrinfo *a = list; a && got->count < LOOKED_UP; a = a->ai_next)
		memcpy(&got->list[got->count++], a->ai_addr, a->ai_addrlen);
	freeaddrinfo(list);
}

size_t
exam_resolve(struct exam *e, const char *text, struct sockaddr_storage *out, size_t max)
{
	struct looked_up got = {.count = 0};
	struct place p;
	if (!split(text, &p) || !exam_apart(e, look_up, &p, &got, sizeof(got), LOOK_UP_MS))
		return 0;
	size_t count = got.count < max ? got.count : max;
	memcpy(out, got.list, count * sizeof(*out));
	return count;
}

void
exam_address(const struct sockaddr_storage *a, bool with_port, char *out, size_t size)
{
	char host[NI_MAXHOST] = "?", port[NI_MAXSERV] = "?";
	socklen_t len =
	    a->ss_family == AF_INET ? sizeof(struct sockaddr_in) : sizeof(struct sockaddr_in6);
	(void)getnameinfo((const struct sockaddr *)a, len, host, sizeof(host), port, sizeof(port),
	    NI_NUMERICHOST | NI_NUMERICSERV);
	if (!with_port)
		(void)snprintf(out, size, "%s", host);
	else if (a->ss_family == AF_INET6)
		(void)snprintf(out, size, "[%s]:%s", host, port);
	else
		(void)snprintf(out, size, "%s:%s", host, port);
}

/* ---- connections ---- */

static void
dial_begin(struct exam_dial *d)
{
	socklen_t len =
	    d->to.ss_family == AF_INET ? sizeof(struct sockaddr_in) : sizeof(struct sockaddr_in6);
	d->over = false;
	d->err = -ETIMEDOUT;
	d->fd = socket(d->to.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (d->fd < 0 ||
	    (connect(d->fd, (const struct sockaddr *)&d->to, len) < 0 && errno != EINPROGRESS)) {
		d->err = -errno;
		d->over = true;
	}
}

static void
dial_look(struct exam_dial *d, uint64_t since)
{
	int err = 0;
	socklen_t len = sizeof(err);
	if (getsockopt(d->fd, SOL_SOCKET, SO_ERROR, &err, &len) < 0)
		err = errno;
	d->err = -err;
	d->over = true;
	d->ms = (unsigned)(clock_now() - since);
}

void
exam_dial(struct exam *e, struct exam_dial *dials, size_t count, unsigned ms)
{
	uint64_t since = clock_now(), until = since + exam_left(e, ms);
	count = count < DIALS_MAX ? count : DIALS_MAX;
	for (size_t i = 0; i < count; i++)
		dial_begin(&dials[i]);
	while (clock_now() < until) {
		struct pollfd fds[DIALS_MAX];
		size_t open = 0;
		for (size_t i = 0; i < count; i++) {
			fds[i] = (struct pollfd){
			    .fd = dials[i].over ? -1 : dials[i].fd, .events = POLLOUT};
			open += !dials[i].over;
		}
		uint64_t left = until - clock_now();
		if (!open ||
		    (poll(fds, count, left > TURN_MS ? TURN_MS : (int)left) < 0 && errno != EINTR))
			break;
		for (size_t i = 0; i < count; i++)
			if (fds[i].revents)
				dial_look(&dials[i], since);
		exam_tick(e);
	}
	for (size_t i = 0; i < count; i++) {
		if (dials[i].fd >= 0 && !(dials[i].keep && !dials[i].err)) {
			(void)close(dials[i].fd);
			dials[i].fd = -1;
		}
	}
}
