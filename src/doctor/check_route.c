/* Does a VPN take what should go to the local network? */
#define _DEFAULT_SOURCE /* IFF_... */
#include "base/str.h"
#include "doctor/exam.h"

#include <arpa/inet.h>
#include <errno.h>
#include <string.h>

/* An address of the world at large (RFC 5737): nothing is sent there. */
static const struct exam_interface *
way_out(const struct exam *e, bool *any)
{
	struct sockaddr_storage to = {0};
	struct sockaddr_in four = {.sin_family = AF_INET, .sin_port = htons(9)};
	(void)inet_pton(AF_INET, "192.0.2.1", &four.sin_addr);
	memcpy(&to, &four, sizeof(four));
	const struct exam_interface *i = exam_route(e, &to);
	*any = i != NULL;
	return i;
}

/* A neighbour of our own network: does the way there lead out of that network? */
static const struct exam_interface *
detour(const struct exam *e, const struct exam_interface *i)
{
	for (size_t k = 0; k < i->v4_count; k++) {
		uint32_t own = ntohl(i->v4[k].s_addr), mask = ntohl(i->mask[k].s_addr);
		if (mask >= 0xfffffffe)
			continue;
		uint32_t neighbour = (own & mask) | ((own ^ 1) & ~mask);
		struct sockaddr_storage to = {0};
		struct sockaddr_in four = {.sin_family = AF_INET,
		    .sin_port = htons(9),
		    .sin_addr.s_addr = htonl(neighbour)};
		memcpy(&to, &four, sizeof(four));
		const struct exam_interface *by = exam_route(e, &to);
		if (by && by != i)
			return by;
	}
	return NULL;
}

static bool
is_vpn(const struct exam_interface *i)
{
	/* no neighbours, or made for nothing but routing */
	return i->tunnel || (i->flags & IFF_NOARP && !(i->flags & IFF_LOOPBACK));
}

void
check_route(struct exam *e)
{
	bool any = false, usable = false;
	const struct exam_interface *out = way_out(e, &any);
	for (size_t n = 0; n < e->interface_count; n++) {
		const struct exam_interface *i = &e->interfaces[n];
		usable |= i->usable;
		const struct exam_interface *by = i->usable ? detour(e, i) : NULL;
		if (!by)
			continue;
		found(e, DOCTOR_PROBLEM, "vpn-takes-lan",
		    tr("What is meant for the network of %s goes out by %s instead."), i->name,
		    by->name);
		remedy(e, tr("End the VPN, or let it leave the local network alone (\"allow LAN "
			     "access\", \"split tunnel\")."));
		earshot_value_set_str(evidence(e), "interface", i->name);
		earshot_value_set_str(evidence(e), "by", by->name);
	}
	if (out && is_vpn(out)) {
		found(e, DOCTOR_WARNING, "vpn-default-route",
		    tr("A VPN is on: what leaves this network goes by %s, and many a VPN keeps the "
		       "local network out."),
		    out->name);
		remedy(
		    e, tr("If people are missing, end the VPN, or let it leave the local network "
			  "alone (\"allow LAN access\", \"split tunnel\")."));
		earshot_value_set_str(evidence(e), "interface", out->name);
	} else if (out)
		seen(e, tr("by %s, no VPN"), out->name);
	else if (usable)
		seen(e, tr("local network only, no VPN"));
}
