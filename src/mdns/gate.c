#define _GNU_SOURCE /* getifaddrs */
#include "mdns/gate.h"

#include "base/limits.h"

#include <ifaddrs.h>
#include <netinet/in.h>
#include <string.h>

enum {
	HEADER = 12,
	RESPONSE = 0x80, /* in the third byte */
	UNICAST = 0x80,  /* QU, in the first byte of a question's class */
	PORT = 5353,
	LOOK_MS = 1000, /* between two looks at the interfaces */
	MAX_LABELS = 128,
};

static const struct bucket_rate answers = {2 * LIMIT_MDNS_ANSWERS, LIMIT_MDNS_ANSWERS};

/* ---- questions ---- */

/* Where the name that begins at `at` ends; 0: nowhere. */
static size_t
skip_name(const unsigned char *packet, size_t len, size_t at)
{
	enum { POINTER = 0xc0 };
	for (int n = 0; n < MAX_LABELS && at < len; n++) {
		unsigned char size = packet[at];
		if (size >= POINTER)
			return at + 2;
		if (size == 0)
			return at + 1;
		at += 1 + (size_t)size;
	}
	return 0;
}

enum question { NONE, FOR_ALL, FOR_ONE, BROKEN };

static enum question
question_of(const unsigned char *packet, size_t len)
{
	enum { TAIL = 4, CLASS = 2 };
	if (len < HEADER)
		return BROKEN;
	if (packet[2] & RESPONSE)
		return NONE;
	unsigned count = (unsigned)packet[4] << 8 | packet[5];
	size_t at = HEADER;
	for (unsigned i = 0; i < count; i++) {
		at = skip_name(packet, len, at);
		if (at == 0 || at + TAIL > len)
			return BROKEN;
		if (packet[at + CLASS] & UNICAST)
			return FOR_ONE;
		at += TAIL;
	}
	return FOR_ALL;
}

/* ---- links ---- */

/* The bytes of an address, and its family and port. */
static int
read_address(const struct sockaddr *sa, unsigned char out[16], uint16_t *port)
{
	struct sockaddr_in four;
	struct sockaddr_in6 six;
	memset(out, 0, 16);
	if (sa->sa_family == AF_INET) {
		memcpy(&four, sa, sizeof(four));
		memcpy(out, &four.sin_addr, sizeof(four.sin_addr));
		*port = ntohs(four.sin_port);
	} else if (sa->sa_family == AF_INET6) {
		memcpy(&six, sa, sizeof(six));
		memcpy(out, &six.sin6_addr, sizeof(six.sin6_addr));
		*port = ntohs(six.sin6_port);
	}
	return sa->sa_family;
}

static void
look(struct gate *g, uint64_t now)
{
	struct ifaddrs *all;
	uint16_t none;
	g->looked = true;
	g->looked_at = now;
	g->link_count = 0;
	if (getifaddrs(&all))
		return;
	for (const struct ifaddrs *i = all; i && g->link_count < GATE_LINKS; i = i->ifa_next) {
		struct gate_link *l = &g->links[g->link_count];
		if (!i->ifa_addr || !i->ifa_netmask ||
		    (i->ifa_addr->sa_family != AF_INET && i->ifa_addr->sa_family != AF_INET6))
			continue;
		l->family = read_address(i->ifa_addr, l->address, &none);
		(void)read_address(i->ifa_netmask, l->mask, &none);
		g->link_count++;
	}
	freeifaddrs(all);
}

static bool
is_on(const struct gate_link *l, int family, const unsigned char address[16])
{
	if (l->family != family)
		return false;
	for (size_t i = 0; i < sizeof(l->mask); i++)
		if ((l->address[i] ^ address[i]) & l->mask[i])
			return false;
	return true;
}

static bool
is_on_any(const struct gate *g, int family, const unsigned char address[16])
{
	if (g->link_count == GATE_LINKS)
		return true;
	for (size_t i = 0; i < g->link_count; i++)
		if (is_on(&g->links[i], family, address))
			return true;
	return false;
}

/* 169.254/16 and fe80::/10 are on-link wherever they are. */
static bool
is_link_local(int family, const unsigned char address[16])
{
	return family == AF_INET ? address[0] == 169 && address[1] == 254
				 : address[0] == 0xfe && (address[1] & 0xc0) == 0x80;
}

static bool
is_on_link(struct gate *g, int family, const unsigned char address[16], uint64_t now)
{
	if (is_link_local(family, address) || is_on_any(g, family, address))
		return true;
	if (g->looked && now - g->looked_at < LOOK_MS)
		return false;
	look(g, now); /* perhaps we have a new address */
	return is_on_any(g, family, address);
}

bool
gate_admits(struct gate *g, const void *packet, size_t len, const struct sockaddr_storage *from,
    uint64_t now)
{
	unsigned char address[16];
	uint16_t port = 0;
	int family = read_address((const struct sockaddr *)from, address, &port);
	enum question q = question_of(packet, len);
	if (q == NONE)
		return true;
	if (q == BROKEN || !is_on_link(g, family, address, now))
		return false;
	if (q == FOR_ALL && port == PORT)
		return true;
	return bucket_take(&g->answers, answers, 1, now);
}
