#include "mdns/report.h"

#include "base/hex.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>

enum { TXT_FIELDS = PROTOCOL_FIELDS - 7 }; /* what a `service` line has room for */

void
report_place(struct channel *c, const char *verb, const char *name, const struct place *p)
{
	struct buf *b = channel_out(c);
	protocol_begin(b, verb);
	protocol_field_str(b, name);
	protocol_field_int(b, p->ifindex);
	protocol_field_int(b, p->family);
	protocol_end(b);
}

/* The strings as fields; of more than we accept, the first. */
static void
add_txt(struct buf *b, const unsigned char *txt, size_t len)
{
	size_t fields = 0;
	for (size_t at = 0; at < len && at + 1 + txt[at] <= len && fields < TXT_FIELDS;
	     at += 1 + (size_t)txt[at]) {
		if (!txt[at])
			continue; /* an empty record is one empty string (RFC 6763 §6.1) */
		protocol_field(b, txt + at + 1, txt[at]);
		fields++;
	}
}

void
report_service(struct channel *c, const char *name, const struct query_result *r,
    const unsigned char *txt, size_t len)
{
	char address[AVAHI_ADDRESS_STR_MAX];
	avahi_address_snprint(address, sizeof(address), r->address);
	struct buf *b = channel_out(c);
	protocol_begin(b, "service");
	protocol_field_str(b, name);
	protocol_field_int(b, r->place.ifindex);
	protocol_field_int(b, r->place.family);
	protocol_field_str(b, r->host);
	protocol_field_int(b, r->port);
	protocol_field_str(b, address);
	add_txt(b, txt, len);
	protocol_end(b);
}

void
report_txt(struct channel *c, const char *name, const unsigned char *txt, size_t len)
{
	struct buf *b = channel_out(c);
	protocol_begin(b, "txt");
	protocol_field_str(b, name);
	add_txt(b, txt, len);
	protocol_end(b);
}

void
report_address(struct channel *c, const char *name, int ifindex, const AvahiAddress *a)
{
	char text[AVAHI_ADDRESS_STR_MAX];
	avahi_address_snprint(text, sizeof(text), a);
	struct buf *b = channel_out(c);
	protocol_begin(b, "address");
	protocol_field_str(b, name);
	protocol_field_int(b, ifindex);
	protocol_field_str(b, text);
	protocol_end(b);
}

void
report_resolved(struct channel *c, const char *name, bool answered)
{
	struct buf *b = channel_out(c);
	protocol_begin(b, "resolved");
	protocol_field_str(b, name);
	protocol_field_int(b, answered);
	protocol_end(b);
}

void
report_avatar(struct channel *c, const char *name, const unsigned char *data, size_t len)
{
	struct buf *b = channel_out(c);
	char digits[3];
	protocol_begin(b, "avatar");
	protocol_field_str(b, name);
	protocol_field_str(b, ""); /* of which each digit is a plain character */
	for (size_t i = 0; i < len; i++) {
		hex_encode(digits, data + i, 1);
		buf_add(b, digits, 2);
	}
	protocol_end(b);
}

bool
report_plausible(const AvahiAddress *a, bool loopback_allowed)
{
	if (a->proto == AVAHI_PROTO_INET) {
		uint32_t ip = ntohl(a->data.ipv4.address), first = ip >> 24;
		/* this network; multicast, reserved and broadcast */
		return first != 0 && first < 224 && (first != IN_LOOPBACKNET || loopback_allowed);
	}
	struct in6_addr ip;
	memcpy(&ip, a->data.ipv6.address, sizeof(ip));
	return !IN6_IS_ADDR_UNSPECIFIED(&ip) && !IN6_IS_ADDR_MULTICAST(&ip) &&
	       !IN6_IS_ADDR_V4MAPPED(&ip) && (!IN6_IS_ADDR_LOOPBACK(&ip) || loopback_allowed);
}
