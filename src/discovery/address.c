#include "discovery/address.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <string.h>

enum { LOOPBACK_IFINDEX = 1 }; /* in every network namespace of Linux */

/* The structures are read and written by copy: sockaddr_storage may not be aliased. */
static struct sockaddr_in
as_v4(const struct sockaddr_storage *a)
{
	struct sockaddr_in v4;
	memcpy(&v4, a, sizeof(v4));
	return v4;
}

static struct sockaddr_in6
as_v6(const struct sockaddr_storage *a)
{
	struct sockaddr_in6 v6;
	memcpy(&v6, a, sizeof(v6));
	return v6;
}

static void
store(struct sockaddr_storage *out, const void *address, size_t len)
{
	memset(out, 0, sizeof(*out));
	memcpy(out, address, len);
}

void
address_unmap(struct sockaddr_storage *a)
{
	if (a->ss_family != AF_INET6)
		return;
	struct sockaddr_in6 v6 = as_v6(a);
	if (!IN6_IS_ADDR_V4MAPPED(&v6.sin6_addr))
		return;
	struct sockaddr_in v4 = {.sin_family = AF_INET, .sin_port = v6.sin6_port};
	memcpy(&v4.sin_addr, &v6.sin6_addr.s6_addr[12], sizeof(v4.sin_addr));
	store(a, &v4, sizeof(v4));
}

static bool
is_loopback(const struct sockaddr_storage *a)
{
	if (a->ss_family == AF_INET)
		return ntohl(as_v4(a).sin_addr.s_addr) >> 24 == IN_LOOPBACKNET;
	struct sockaddr_in6 v6 = as_v6(a);
	return IN6_IS_ADDR_LOOPBACK(&v6.sin6_addr);
}

static bool
is_link_local(const struct sockaddr_storage *a)
{
	if (a->ss_family == AF_INET)
		return ntohl(as_v4(a).sin_addr.s_addr) >> 16 == 0xa9fe; /* RFC 3927 */
	struct sockaddr_in6 v6 = as_v6(a);
	return IN6_IS_ADDR_LINKLOCAL(&v6.sin6_addr);
}

/* One host's own: neither nobody's nor everybody's. */
static bool
is_unicast(const struct sockaddr_storage *a)
{
	if (a->ss_family == AF_INET) {
		in_addr_t host = ntohl(as_v4(a).sin_addr.s_addr);
		return host >> 24 != 0 && host < INADDR_UNSPEC_GROUP; /* 224/3: also broadcast */
	}
	struct sockaddr_in6 v6 = as_v6(a);
	return !IN6_IS_ADDR_UNSPECIFIED(&v6.sin6_addr) && !IN6_IS_ADDR_MULTICAST(&v6.sin6_addr);
}

int
address_parse(const char *numeric, unsigned ifindex, uint16_t port, struct sockaddr_storage *out)
{
	struct sockaddr_in v4 = {.sin_family = AF_INET, .sin_port = htons(port)};
	struct sockaddr_in6 v6 = {.sin6_family = AF_INET6, .sin6_port = htons(port)};
	if (inet_pton(AF_INET, numeric, &v4.sin_addr) == 1) {
		store(out, &v4, sizeof(v4));
	} else if (inet_pton(AF_INET6, numeric, &v6.sin6_addr) == 1) {
		if (IN6_IS_ADDR_LINKLOCAL(&v6.sin6_addr))
			v6.sin6_scope_id = ifindex;
		store(out, &v6, sizeof(v6));
		address_unmap(out);
	} else {
		return -EINVAL;
	}
	if (!is_unicast(out) || (is_loopback(out) && ifindex != LOOPBACK_IFINDEX))
		return -EINVAL;
	return 0;
}

bool
address_same_host(const struct sockaddr_storage *a, const struct sockaddr_storage *b)
{
	struct sockaddr_storage plain_a = *a, plain_b = *b;
	address_unmap(&plain_a);
	address_unmap(&plain_b);
	if (plain_a.ss_family != plain_b.ss_family)
		return false;
	if (plain_a.ss_family == AF_INET)
		return as_v4(&plain_a).sin_addr.s_addr == as_v4(&plain_b).sin_addr.s_addr;
	if (plain_a.ss_family != AF_INET6)
		return false;
	struct sockaddr_in6 v6a = as_v6(&plain_a), v6b = as_v6(&plain_b);
	return memcmp(&v6a.sin6_addr, &v6b.sin6_addr, sizeof(v6a.sin6_addr)) == 0 &&
	       (!is_link_local(&plain_a) || v6a.sin6_scope_id == v6b.sin6_scope_id);
}

uint16_t
address_port(const struct sockaddr_storage *a)
{
	return ntohs(a->ss_family == AF_INET6 ? as_v6(a).sin6_port : as_v4(a).sin_port);
}

void
address_set_port(struct sockaddr_storage *a, uint16_t port)
{
	if (a->ss_family == AF_INET6) {
		struct sockaddr_in6 v6 = as_v6(a);
		v6.sin6_port = htons(port);
		store(a, &v6, sizeof(v6));
	} else {
		struct sockaddr_in v4 = as_v4(a);
		v4.sin_port = htons(port);
		store(a, &v4, sizeof(v4));
	}
}

int
address_rank(const struct sockaddr_storage *a)
{
	if (is_loopback(a))
		return 4;
	return (a->ss_family == AF_INET6 ? 2 : 0) + (is_link_local(a) ? 1 : 0);
}
