#include "transfer/whereabouts.h"

#include "base/err.h"
#include "discovery/address.h"
#include "discovery/discovery.h"
#include "peer/person.h"
#include "stream/stream.h"

#include <arpa/inet.h>
#include <net/if.h>
#include <netinet/in.h>
#include <string.h>

static uint32_t
scope_of(const struct sockaddr_storage *a)
{
	struct sockaddr_in6 v6;
	if (a->ss_family != AF_INET6)
		return 0;
	memcpy(&v6, a, sizeof(v6));
	return v6.sin6_scope_id;
}

static void
set_scope(struct sockaddr_storage *a, uint32_t scope)
{
	struct sockaddr_in6 v6;
	if (a->ss_family != AF_INET6)
		return;
	memcpy(&v6, a, sizeof(v6));
	v6.sin6_scope_id = scope;
	memcpy(a, &v6, sizeof(v6));
}

/* An address without scope may be on any link where the person is. */
static bool
is_same(const struct sockaddr_storage *known, const struct sockaddr_storage *named)
{
	struct sockaddr_storage there = *known;
	if (!scope_of(named))
		set_scope(&there, 0);
	return address_same_host(&there, named);
}

/* The person's own address that this is; streams first, for what they use works. */
static const struct sockaddr_storage *
find(const struct person *p, const struct sockaddr_storage *named)
{
	for (size_t i = 0; i < p->stream_count; i++)
		if (is_same(stream_remote(p->streams[i]), named))
			return stream_remote(p->streams[i]);
	for (size_t i = 0; p->entry && i < p->entry->addr_count; i++)
		if (is_same(&p->entry->addr[i], named))
			return &p->entry->addr[i];
	return NULL;
}

bool
whereabouts_fit(const struct person *p, const struct sockaddr_storage *address)
{
	return find(p, address) != NULL;
}

int
whereabouts_complete(const struct person *p, struct sockaddr_storage *address)
{
	address_unmap(address);
	uint16_t port = address_port(address);
	if (port < WHEREABOUTS_PORT_LEAST)
		return ERR_TRUST;
	set_scope(address, 0);
	const struct sockaddr_storage *own = find(p, address);
	if (!own)
		return ERR_TRUST;
	set_scope(address, scope_of(own));
	return 0;
}

int
whereabouts_read(
    const struct person *p, const char *numeric, uint16_t port, struct sockaddr_storage *out)
{
	char text[INET6_ADDRSTRLEN];
	size_t len = strcspn(numeric, "%");
	struct sockaddr_in v4 = {.sin_family = AF_INET, .sin_port = htons(port)};
	struct sockaddr_in6 v6 = {.sin6_family = AF_INET6, .sin6_port = htons(port)};
	if (len >= sizeof(text) || strlen(numeric + len) > IF_NAMESIZE)
		return ERR_PROTO;
	memcpy(text, numeric, len);
	text[len] = '\0';
	*out = (struct sockaddr_storage){0};
	if (inet_pton(AF_INET, text, &v4.sin_addr) == 1)
		memcpy(out, &v4, sizeof(v4));
	else if (inet_pton(AF_INET6, text, &v6.sin6_addr) == 1)
		memcpy(out, &v6, sizeof(v6));
	else
		return ERR_PROTO;
	return whereabouts_complete(p, out);
}
