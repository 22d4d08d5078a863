/* Is there a network that mDNS can be spoken on? */
#define _DEFAULT_SOURCE /* IFF_... */
#include "doctor/exam.h"

#include <arpa/inet.h>

static void
describe(struct exam *e, const struct exam_interface *i)
{
	char text[INET6_ADDRSTRLEN] = "";
	if (i->v4_count)
		(void)inet_ntop(AF_INET, &i->v4[0], text, sizeof(text));
	else
		(void)inet_ntop(AF_INET6, &i->v6[0], text, sizeof(text));
	seen(e, "%s %s", i->name, text);
}

/* severity: what it is when nothing else works. */
static void
tell(struct exam *e, const struct exam_interface *i, enum doctor_severity severity)
{
	if (!(i->flags & IFF_UP)) {
		found(e, severity, "interface-down",
		    tr("The network interface %s is switched off."), i->name);
		remedy(e, tr("Switch it on, in the network settings or so:"));
		command(e, "sudo ip link set %s up", i->name);
	} else if (!(i->flags & IFF_RUNNING)) {
		found(e, severity, "no-carrier",
		    tr("The network interface %s has no connection: no cable, or no Wi-Fi."),
		    i->name);
		remedy(e, tr("Plug in the cable, or join a Wi-Fi."));
	} else if (!(i->flags & IFF_MULTICAST)) {
		found(e, severity, "multicast-off",
		    tr("Multicast is switched off on %s, and people are found by it."), i->name);
		remedy(e, tr("Switch it on."));
		command(e, "sudo ip link set %s multicast on", i->name);
	} else if (!i->v4_count && !i->v6_count) {
		found(e, severity, "no-address", tr("The network interface %s has no address."),
		    i->name);
		remedy(
		    e, tr("Is there a DHCP server? Without one, choose \"link-local only\" in the "
			  "network settings."));
	} else
		return;
	earshot_value_set_str(evidence(e), "interface", i->name);
	earshot_value_set_int(evidence(e), "flags", i->flags);
}

void
check_interfaces(struct exam *e)
{
	size_t usable = 0, others = 0;
	for (size_t n = 0; n < e->interface_count; n++) {
		const struct exam_interface *i = &e->interfaces[n];
		usable += i->usable;
		others += !(i->flags & IFF_LOOPBACK) && !i->tunnel;
		if (i->usable)
			describe(e, i);
	}
	if (!others) {
		found(e, DOCTOR_PROBLEM, "no-interface",
		    tr("This machine has no network interface but its own loopback."));
		remedy(e,
		    tr("Connect a cable or a Wi-Fi adapter; in a container, give it a network."));
	}
	for (size_t n = 0; n < e->interface_count; n++) {
		const struct exam_interface *i = &e->interfaces[n];
		if (i->usable || i->tunnel || i->flags & IFF_LOOPBACK)
			continue;
		/* a second socket without a cable is nothing to talk of; without multicast it is */
		bool odd = (i->flags & (IFF_UP | IFF_RUNNING)) == (IFF_UP | IFF_RUNNING) &&
			   i->v4_count + i->v6_count;
		if (!usable || odd)
			tell(e, i, usable ? DOCTOR_WARNING : DOCTOR_PROBLEM);
	}
}
