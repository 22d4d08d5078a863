/* A question by multicast on each interface: does it go out, does it come back to us as it comes to
 * all others, and who answers? It needs no root, so it also tells of firewalls that cannot be
 * looked into: what is sent by multicast comes back through the same filters as what others send.
 */
#define _GNU_SOURCE
#include "base/clock.h"
#include "base/err.h"
#include "base/random.h"
#include "base/str.h"
#include "doctor/dns.h"
#include "doctor/exam.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
	MDNS_PORT = 5353,
	LISTEN_MS = 1300,
	ASK_AGAIN_MS = 950, /* a packet may get lost, and nobody answers twice within a second */
	TRIALS = 16,
	HOSTS = 1024
};

/* One interface and family. */
struct trial {
	const struct exam_interface *interface;
	int family;
	int listening, asking; /* -1: not open */
	int err;               /* why nothing could be sent */
	int listen_err;
	uint16_t id; /* of our question */
	bool back;   /* it came back */
	bool both;   /* of IPv4: IPv6 does the same there */
	bool told;   /* of IPv6: with IPv4 */
};

struct heard {
	struct in6_addr hosts[HOSTS]; /* who sent anything by mDNS */
	size_t count;
	struct dns_names names;
};

/* ---- sockets ---- */

static int
open_socket(int family)
{
	return socket(family, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
}

static void
group_address(const struct trial *t, struct sockaddr_storage *out, socklen_t *len)
{
	memset(out, 0, sizeof(*out));
	if (t->family == AF_INET) {
		struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons(MDNS_PORT)};
		(void)inet_pton(AF_INET, "224.0.0.251", &a.sin_addr);
		memcpy(out, &a, *len = sizeof(a));
	} else {
		struct sockaddr_in6 a = {.sin6_family = AF_INET6,
		    .sin6_port = htons(MDNS_PORT),
		    .sin6_scope_id = t->interface->index};
		(void)inet_pton(AF_INET6, "ff02::fb", &a.sin6_addr);
		memcpy(out, &a, *len = sizeof(a));
	}
}

/* Bound to the group alone, so that nothing is taken from the system's responder. */
static int
listen_to(struct trial *t)
{
	static const int on = 1, off = 0;
	struct sockaddr_storage group;
	socklen_t len;
	group_address(t, &group, &len);
	t->listening = open_socket(t->family);
	if (t->listening < 0 ||
	    setsockopt(t->listening, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) < 0 ||
	    bind(t->listening, (const struct sockaddr *)&group, len) < 0)
		return -errno;
	int rc;
	if (t->family == AF_INET) {
		struct ip_mreqn join = {.imr_ifindex = (int)t->interface->index};
		(void)inet_pton(AF_INET, "224.0.0.251", &join.imr_multiaddr);
		(void)setsockopt(t->listening, IPPROTO_IP, IP_MULTICAST_ALL, &off, sizeof(off));
		rc = setsockopt(t->listening, IPPROTO_IP, IP_ADD_MEMBERSHIP, &join, sizeof(join));
	} else {
		struct ipv6_mreq join = {.ipv6mr_interface = t->interface->index};
		(void)inet_pton(AF_INET6, "ff02::fb", &join.ipv6mr_multiaddr);
		rc = setsockopt(t->listening, IPPROTO_IPV6, IPV6_JOIN_GROUP, &join, sizeof(join));
	}
	return rc < 0 ? -errno : 0;
}

static int
open_asking(struct trial *t)
{
	static const int hops = 255;
	t->asking = open_socket(t->family);
	if (t->asking < 0)
		return -errno;
	int rc;
	if (t->family == AF_INET) {
		struct ip_mreqn by = {
		    .imr_ifindex = (int)t->interface->index, .imr_address = t->interface->v4[0]};
		struct sockaddr_in own = {.sin_family = AF_INET, .sin_addr = t->interface->v4[0]};
		rc = setsockopt(t->asking, IPPROTO_IP, IP_MULTICAST_IF, &by, sizeof(by));
		rc |= setsockopt(t->asking, IPPROTO_IP, IP_MULTICAST_TTL, &hops, sizeof(hops));
		rc |= bind(t->asking, (const struct sockaddr *)&own, sizeof(own));
	} else {
		int index = (int)t->interface->index;
		rc = setsockopt(t->asking, IPPROTO_IPV6, IPV6_MULTICAST_IF, &index, sizeof(index));
		rc |= setsockopt(t->asking, IPPROTO_IPV6, IPV6_MULTICAST_HOPS, &hops, sizeof(hops));
	}
	return rc ? -errno : 0;
}

static void
ask(struct trial *t)
{
	uint8_t question[DNS_QUESTION_MAX];
	struct sockaddr_storage group;
	socklen_t len;
	size_t size = dns_question(question, t->id);
	group_address(t, &group, &len);
	t->err = 0;
	if (sendto(t->asking, question, size, 0, (const struct sockaddr *)&group, len) < 0)
		t->err = -errno;
}

static void
begin(struct trial *t, const struct exam_interface *i, int family)
{
	*t = (struct trial){.interface = i, .family = family, .listening = -1, .asking = -1};
	random_bytes(&t->id, sizeof(t->id));
	t->listen_err = listen_to(t);
	t->err = open_asking(t);
	if (!t->err)
		ask(t);
}

/* ---- listening ---- */

static bool
is_ours(const struct exam *e, const struct sockaddr_storage *from, struct in6_addr *host)
{
	struct sockaddr_in four;
	struct sockaddr_in6 six;
	memcpy(&four, from, sizeof(four));
	memcpy(&six, from, sizeof(six));
	memset(host, 0, sizeof(*host));
	if (from->ss_family == AF_INET)
		memcpy(&host->s6_addr[12], &four.sin_addr, 4);
	else
		*host = six.sin6_addr;
	for (size_t n = 0; n < e->interface_count; n++) {
		const struct exam_interface *i = &e->interfaces[n];
		for (size_t k = 0; from->ss_family == AF_INET && k < i->v4_count; k++)
			if (i->v4[k].s_addr == four.sin_addr.s_addr)
				return true;
		for (size_t k = 0; from->ss_family == AF_INET6 && k < i->v6_count; k++)
			if (memcmp(&i->v6[k], host, 16) == 0)
				return true;
	}
	return false;
}

static void
note_host(struct heard *h, const struct in6_addr *host)
{
	for (size_t i = 0; i < h->count; i++)
		if (memcmp(&h->hosts[i], host, 16) == 0)
			return;
	if (h->count < HOSTS)
		h->hosts[h->count++] = *host;
}

static void
read_from(struct exam *e, struct trial *t, int fd, struct heard *h)
{
	uint8_t packet[9000];
	const char *own = earshot_value_str(earshot_value_get(e->who, "own"), "name");
	for (int i = 0; i < 1024; i++) {
		struct sockaddr_storage from = {0};
		struct in6_addr host;
		socklen_t len = sizeof(from);
		ssize_t n = recvfrom(fd, packet, sizeof(packet), 0, (struct sockaddr *)&from, &len);
		if (n <= 0)
			return;
		bool ours = is_ours(e, &from, &host);
		if (ours && n > 2 && packet[0] == (t->id >> 8) && packet[1] == (t->id & 0xff) &&
		    !dns_is_answer(packet, (size_t)n))
			t->back = true;
		if (!ours)
			note_host(h, &host);
		dns_collect(&h->names, packet, (size_t)n, own);
	}
}

static void
listen_all(struct exam *e, struct trial *trials, size_t count, struct heard *h)
{
	uint64_t now = clock_now(), until = now + exam_left(e, LISTEN_MS);
	uint64_t again = now + ASK_AGAIN_MS;
	while ((now = clock_now()) < until) {
		struct pollfd fds[2 * TRIALS];
		for (size_t i = 0; i < count; i++) {
			fds[2 * i] = (struct pollfd){.fd = trials[i].listening, .events = POLLIN};
			fds[2 * i + 1] = (struct pollfd){.fd = trials[i].asking, .events = POLLIN};
		}
		if (poll(fds, 2 * count, until - now < 100 ? (int)(until - now) : 100) < 0 &&
		    errno != EINTR)
			return;
		for (size_t i = 0; i < count; i++) {
			if (fds[2 * i].revents)
				read_from(e, &trials[i], fds[2 * i].fd, h);
			if (fds[2 * i + 1].revents)
				read_from(e, &trials[i], fds[2 * i + 1].fd, h);
		}
		if (clock_now() >= again) {
			for (size_t i = 0; i < count; i++)
				if (trials[i].asking >= 0)
					ask(&trials[i]);
			again = until;
		}
		exam_tick(e);
	}
}

/* ---- what it means ---- */

static const char *
family_word(const struct trial *t)
{
	return t->both ? tr("IPv4 and IPv6") : t->family == AF_INET ? "IPv4" : "IPv6";
}

static void
tell_unsent(struct exam *e, const struct trial *t, enum doctor_severity severity)
{
	if (t->err == -EPERM) {
		found(e, severity, "mdns-blocked-out",
		    tr("A firewall on this machine keeps what you announce from going out on %s "
		       "(%s, UDP 5353)."),
		    t->interface->name, family_word(t));
		remedy(e, tr("Let mDNS out: UDP to port 5353."));
	} else if (t->err == -ENETUNREACH || t->err == -EHOSTUNREACH || t->err == -EADDRNOTAVAIL) {
		found(e, severity, "no-multicast-route",
		    tr("There is no route for multicast on %s (%s), so nothing can be announced "
		       "there."),
		    t->interface->name, family_word(t));
		remedy(e, tr("Add the route; or connect the interface anew, which does the same."));
		if (t->family == AF_INET)
			command(e, "sudo ip route add 224.0.0.0/4 dev %s", t->interface->name);
		else
			command(e, "sudo ip -6 route add multicast ff00::/8 dev %s table local",
			    t->interface->name);
	} else {
		found(e, severity, "multicast-unsendable",
		    tr("Nothing can be sent by multicast on %s (%s): %s."), t->interface->name,
		    family_word(t), err_str(t->err));
	}
}

static const char *
firewall_command(struct exam *e)
{
	switch (exam_firewall(e)) {
	case FRONT_UFW:
		return "sudo ufw allow 5353/udp";
	case FRONT_FIREWALLD:
		return "sudo firewall-cmd --permanent --add-service=mdns && "
		       "sudo firewall-cmd --reload";
	case FRONT_UNASKED:
	case FRONT_NONE:
	default:
		return "sudo earshot doctor";
	}
}

static void
tell_trial(struct exam *e, const struct trial *t, enum doctor_severity severity)
{
	if (t->err) {
		if (t->err == -EPERM && found_id(e, "firewall-drops-mdns-out")) {
			told_before(e);
			return;
		}
		tell_unsent(e, t, severity);
	} else if (t->listen_err == -EADDRINUSE) {
		found(e, DOCTOR_UNKNOWN, "port-5353-exclusive",
		    tr("The system's responder lets nobody else listen to mDNS, so what comes in "
		       "on "
		       "%s was not tested."),
		    t->interface->name);
		remedy(e, tr("Set disallow-other-stacks=no in /etc/avahi/avahi-daemon.conf."));
	} else if (t->listen_err) {
		found(e, severity, "multicast-unjoinable",
		    tr("The group that mDNS uses cannot be joined on %s (%s): %s."),
		    t->interface->name, family_word(t), err_str(t->listen_err));
	} else if (!t->back) {
		if (found_id(e, "firewall-drops-mdns")) {
			told_before(e); /* and by which rule */
			return;
		}
		found(e, severity, "mdns-blocked",
		    tr("What is announced does not come in on %s (%s, UDP 5353): most likely a "
		       "firewall on this machine drops it."),
		    t->interface->name, family_word(t));
		remedy(
		    e, tr("Let mDNS in: UDP to port 5353. With root it is said which rule it is."));
		command(e, "%s", firewall_command(e));
	}
	earshot_value_set_str(evidence(e), "interface", t->interface->name);
	earshot_value_set_str(evidence(e), "family", family_word(t));
	if (t->err || t->listen_err)
		earshot_value_set_str(
		    evidence(e), "error", err_str(t->err ? t->err : t->listen_err));
}

static bool
works(const struct trial *t)
{
	return !t->err && !t->listen_err && t->back;
}

/* What fails in the same way on one interface is told once. */
static void
pair(struct trial *trials, size_t count)
{
	for (size_t i = 1; i < count; i++) {
		struct trial *four = &trials[i - 1], *six = &trials[i];
		six->told = four->both = four->interface == six->interface && !works(four) &&
					 !works(six) && four->err == six->err &&
					 four->listen_err == six->listen_err;
	}
}

static void
judge(struct exam *e, struct trial *trials, size_t count)
{
	size_t good = 0;
	pair(trials, count);
	for (size_t i = 0; i < count; i++)
		good += works(&trials[i]);
	for (size_t i = 0; i < count; i++)
		if (!works(&trials[i]) && !trials[i].told)
			tell_trial(e, &trials[i], good ? DOCTOR_WARNING : DOCTOR_PROBLEM);
	if (!good)
		return;
	if (e->heard)
		seen(e,
		    tr_n("sent and heard, %zu other machine answers",
			"sent and heard, %zu other machines answer", e->heard),
		    e->heard);
	else
		seen(e, tr("sent and heard, but no other machine answers"));
}

/* A machine may be heard by both families: IPv4 addresses have zeros in front here. */
static size_t
machines(const struct heard *h)
{
	static const uint8_t zeros[12];
	size_t four = 0;
	for (size_t i = 0; i < h->count; i++)
		four += memcmp(&h->hosts[i], zeros, sizeof(zeros)) == 0;
	return four > h->count - four ? four : h->count - four;
}

void
check_multicast(struct exam *e)
{
	struct trial trials[TRIALS];
	size_t count = 0;
	struct heard *h = calloc(1, sizeof(*h));
	if (!h) {
		e->err = -ENOMEM;
		return;
	}
	for (size_t n = 0; n < e->interface_count; n++) {
		const struct exam_interface *i = &e->interfaces[n];
		if (i->usable && i->v4_count && count < TRIALS)
			begin(&trials[count++], i, AF_INET);
		if (i->usable && i->v6_count && count < TRIALS)
			begin(&trials[count++], i, AF_INET6);
	}
	if (count)
		listen_all(e, trials, count, h);
	e->heard = machines(h);
	e->heard_names = h->names.count;
	if (count)
		judge(e, trials, count);
	for (size_t i = 0; i < count; i++) {
		if (trials[i].listening >= 0)
			(void)close(trials[i].listening);
		if (trials[i].asking >= 0)
			(void)close(trials[i].asking);
	}
	dns_finish(&h->names);
	free(h);
}
