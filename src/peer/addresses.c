#include "peer/addresses.h"

#include "base/str.h"
#include "discovery/address.h"

#include <arpa/inet.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

void
addresses_finish(struct addresses *a)
{
	free(a->at);
	*a = (struct addresses){0};
}

static bool
same(const struct sockaddr_storage *a, const struct sockaddr_storage *b)
{
	return address_same_host(a, b) && address_port(a) == address_port(b);
}

bool
addresses_note(struct addresses *a, const struct sockaddr_storage *address)
{
	struct sockaddr_storage one = *address;
	size_t at = 0;
	address_unmap(&one);
	if (!address_port(&one) || (a->count && same(&a->at[0], &one)))
		return false;
	if (!a->at)
		a->at = calloc(LIMIT_ADDRESSES_PROVEN, sizeof(*a->at));
	if (!a->at)
		return false;
	while (at < a->count && !same(&a->at[at], &one))
		at++;
	if (at == LIMIT_ADDRESSES_PROVEN)
		at--;
	else if (at == a->count)
		a->count++;
	memmove(a->at + 1, a->at, at * sizeof(*a->at));
	a->at[0] = one;
	return true;
}

static void
write_one(const struct sockaddr_storage *address, struct buf *out)
{
	char host[INET6_ADDRSTRLEN] = "";
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;
	if (address->ss_family == AF_INET) {
		memcpy(&v4, address, sizeof(v4));
		(void)inet_ntop(AF_INET, &v4.sin_addr, host, sizeof(host));
		buf_str(out, host);
	} else {
		char zone[IF_NAMESIZE];
		memcpy(&v6, address, sizeof(v6));
		(void)inet_ntop(AF_INET6, &v6.sin6_addr, host, sizeof(host));
		buf_fmt(out, "[%s", host);
		if (v6.sin6_scope_id && if_indextoname(v6.sin6_scope_id, zone))
			buf_fmt(out, "%%%s", zone);
		buf_char(out, ']');
	}
	buf_fmt(out, ":%u", (unsigned)address_port(address));
}

void
addresses_write(const struct addresses *a, struct buf *out)
{
	for (size_t i = 0; i < a->count; i++) {
		if (i)
			buf_char(out, ' ');
		write_one(&a->at[i], out);
	}
}

/* A link-local address is of one interface, which has to be there. */
static bool
read_host(char *host, uint16_t port, struct sockaddr_storage *out)
{
	unsigned zone = 0;
	size_t len = strlen(host);
	if (host[0] == '[') {
		if (host[len - 1] != ']')
			return false;
		host[len - 1] = '\0';
		host++;
		char *mark = strchr(host, '%');
		if (mark) {
			*mark = '\0';
			zone = if_nametoindex(mark + 1);
			if (!zone)
				return false;
		}
	}
	return address_parse(host, zone, port, out) == 0;
}

static bool
read_one(const char *text, size_t len, struct sockaddr_storage *out)
{
	char one[INET6_ADDRSTRLEN + IF_NAMESIZE + 16];
	int64_t port;
	if (len == 0 || len >= sizeof(one))
		return false;
	memcpy(one, text, len);
	one[len] = '\0';
	char *colon = strrchr(one, ':');
	if (!colon || colon == one || str_to_int(colon + 1, 1, UINT16_MAX, &port) != 0)
		return false;
	*colon = '\0';
	return read_host(one, (uint16_t)port, out);
}

void
addresses_read(struct addresses *a, const char *text)
{
	struct sockaddr_storage found[LIMIT_ADDRESSES_PROVEN];
	size_t count = 0;
	while (text && *text && count < LIMIT_ADDRESSES_PROVEN) {
		size_t len = strcspn(text, " ");
		if (read_one(text, len, &found[count]))
			count++;
		text += len + strspn(text + len, " ");
	}
	while (count > 0)
		(void)addresses_note(a, &found[--count]);
}
