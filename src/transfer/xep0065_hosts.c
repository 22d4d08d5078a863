#define _GNU_SOURCE /* SOCK_CLOEXEC */
#include "transfer/xep0065_hosts.h"

#include "base/buf.h"
#include "base/err.h"
#include "base/str.h"
#include "discovery/address.h"
#include "discovery/discovery.h"
#include "peer/person.h"
#include "peer/roster.h"
#include "stream/stream.h"
#include "tls/digest.h"
#include "transfer/whereabouts.h"
#include "xml/elem.h"
#include "xml/ns.h"
#include "xml/writer.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

int
bytestream_hash(
    const char *sid, const char *initiator, const char *target, char out[SOCKS5_HASH_SIZE])
{
	struct buf b = BUF_INIT(LIMIT_STANZA);
	buf_fmt(&b, "%s%s%s", sid, initiator, target);
	int err = buf_err(&b);
	if (!err)
		err = digest_sha1_hex(b.data, b.len, out);
	buf_finish(&b);
	return err;
}

/* ---- theirs ---- */

static bool
read_host(const struct person *p, const struct xml_elem *host, struct sockaddr_storage *at)
{
	int64_t port;
	const char *address = xml_elem_attr(host, "host"), *number = xml_elem_attr(host, "port");
	return address && number && str_to_int(number, 1, UINT16_MAX, &port) == 0 &&
	       whereabouts_read(p, address, (uint16_t)port, at) == 0;
}

static bool
is_known(const struct bytestream_hosts *hosts, const struct sockaddr_storage *at)
{
	for (size_t i = 0; i < hosts->count; i++)
		if (address_same_host(&hosts->at[i], at) &&
		    address_port(&hosts->at[i]) == address_port(at))
			return true;
	return false;
}

/* In order of address_rank(), and else as they came: libpurple's fe80 ones refuse. */
static void
insert(struct bytestream_hosts *hosts, const struct sockaddr_storage *at, const char *jid)
{
	size_t place = hosts->count;
	while (place && address_rank(&hosts->at[place - 1]) > address_rank(at))
		place--;
	for (size_t i = hosts->count; i > place; i--) {
		hosts->at[i] = hosts->at[i - 1];
		memcpy(hosts->jid[i], hosts->jid[i - 1], sizeof(hosts->jid[i]));
	}
	hosts->at[place] = *at;
	(void)!str_copy(hosts->jid[place], sizeof(hosts->jid[place]), jid);
	hosts->count++;
}

size_t
bytestream_hosts_read(
    const struct person *p, const struct xml_elem *query, struct bytestream_hosts *out)
{
	out->count = 0;
	XML_FOREACH (child, query) {
		struct sockaddr_storage at;
		const char *jid = xml_elem_attr(child, "jid");
		if (out->count == LIMIT_ADDRESSES)
			break;
		if (!xml_elem_is(child, NS_BYTESTREAMS, "streamhost") || str_empty(jid) ||
		    strlen(jid) > LIMIT_STANZA_ID)
			continue;
		if (read_host(p, child, &at) && !is_known(out, &at))
			insert(out, &at, jid);
	}
	return out->count;
}

/* ---- ours ---- */

/* Which of our addresses leads there: the kernel says it of a socket that nothing is sent from. */
static bool
find_way(const struct sockaddr_storage *to, struct sockaddr_storage *out)
{
	socklen_t len = sizeof(*out);
	int fd = socket(to->ss_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	*out = (struct sockaddr_storage){0};
	bool found = fd >= 0 &&
		     connect(fd, (const struct sockaddr *)to, sizeof(struct sockaddr_in)) == 0 &&
		     getsockname(fd, (struct sockaddr *)out, &len) == 0;
	if (fd >= 0)
		(void)close(fd);
	return found;
}

size_t
bytestream_own(const struct person *p, struct sockaddr_storage out[BYTESTREAM_OWN])
{
	size_t count = 0;
	struct sockaddr_storage local = {0};
	bool has_local = p->current && stream_local(p->current, &local) == 0;
	for (size_t i = 0; p->entry && !count && i < p->entry->addr_count; i++)
		if (p->entry->addr[i].ss_family == AF_INET)
			count += find_way(&p->entry->addr[i], &out[count]);
	if (has_local && !(count && address_same_host(&out[0], &local)))
		out[count++] = local;
	return count;
}

void
bytestream_own_write(struct xml_writer *w, const struct person *p, uint16_t port)
{
	struct sockaddr_storage own[BYTESTREAM_OWN];
	size_t count = bytestream_own(p, own);
	for (size_t i = 0; i < count; i++) {
		char host[INET6_ADDRSTRLEN] = "", number[8];
		if (own[i].ss_family == AF_INET6) {
			struct sockaddr_in6 v6;
			memcpy(&v6, &own[i], sizeof(v6));
			(void)inet_ntop(AF_INET6, &v6.sin6_addr, host, sizeof(host));
		} else {
			struct sockaddr_in v4;
			memcpy(&v4, &own[i], sizeof(v4));
			(void)inet_ntop(AF_INET, &v4.sin_addr, host, sizeof(host));
		}
		(void)snprintf(number, sizeof(number), "%u", port);
		xml_open(w, NULL, "streamhost");
		xml_attr(w, "jid", p->roster->own_name);
		xml_attr(w, "host", host);
		xml_attr(w, "port", number);
		xml_close(w);
	}
}
