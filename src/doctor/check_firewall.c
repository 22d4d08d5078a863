/* Does this machine's own firewall stop what Earshot needs: mDNS in and out, connections in? With
 * root its rules are read and packets are sent through a model of them (fw.h); without, only what
 * everybody may read. */
#include "base/err.h"
#include "base/str.h"
#include "doctor/exam.h"
#include "doctor/fw.h"
#include "doctor/system_files.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

enum { MDNS_PORT = 5353, PORT_DEFAULT = 5298, PROTO_TCP = 6, PROTO_UDP = 17, PROGRAM_MS = 2000 };

/* What has to pass. */
struct packet_test {
	const char *id;
	bool out, mdns;
};

static const struct packet_test tests[] = {
    {"firewall-drops-mdns", false, true},
    {"firewall-drops-mdns-out", true, true},
    {"firewall-drops-streams", false, false},
    {"firewall-drops-streams-out", true, false},
};

/* ---- packets ---- */

static void
map_v4(uint8_t out[16], uint32_t address)
{
	memset(out, 0, 16);
	out[10] = out[11] = 0xff;
	for (size_t i = 0; i < 4; i++)
		out[12 + i] = (uint8_t)(address >> (24 - 8 * i));
}

static struct fw_packet
make_packet(const struct packet_test *t, const struct exam_interface *i, enum fw_family family,
    uint16_t port)
{
	uint8_t own[16], other[16];
	struct fw_packet p = {
	    .family = family,
	    .iif = t->out ? NULL : i->name,
	    .oif = t->out ? i->name : NULL,
	    .proto = t->mdns ? PROTO_UDP : PROTO_TCP,
	    .sport = t->mdns ? MDNS_PORT : 49999,
	    .dport = t->mdns ? MDNS_PORT : port,
	    .pkttype = t->mdns ? "multicast" : "host",
	};
	if (family == FW_IP4) {
		map_v4(own, ntohl(i->v4[0].s_addr));
		map_v4(other, ntohl(i->v4[0].s_addr) ^ 1);
	} else {
		memcpy(own, &i->v6[0], 16);
		memcpy(other, &i->v6[0], 16);
		other[15] ^= 1;
	}
	memcpy(p.saddr, t->out ? own : other, 16);
	memcpy(p.daddr, t->out ? other : own, 16);
	if (t->mdns && family == FW_IP4)
		map_v4(p.daddr, 0xe00000fb);
	else if (t->mdns)
		(void)inet_pton(AF_INET6, "ff02::fb", p.daddr);
	return p;
}

/* ---- what stops them ---- */

static bool
is_iptables(const struct fw_chain *c)
{
	return strncmp(c->table, "iptables", 8) == 0 || strncmp(c->table, "ip6tables", 9) == 0;
}

static void
describe(const struct fw_answer *a, struct buf *out)
{
	if (!a->rule)
		buf_fmt(out, tr("the policy of %s %s"), a->chain->table, a->chain->name);
	else if (is_iptables(a->chain))
		buf_fmt(out, tr("the rule \"%s\" of %s"), a->rule->text, a->chain->table);
	else
		buf_fmt(out, tr("the rule in %s"), a->rule->text);
}

static void
suggest(struct exam *e, const struct packet_test *t, const struct fw_answer *a, unsigned port)
{
	const char *proto = t->mdns ? "udp" : "tcp";
	if (t->mdns)
		port = MDNS_PORT;
	if (exam_firewall(e) == FRONT_UFW && !t->out)
		command(e, "sudo ufw allow %u/%s", port, proto);
	else if (exam_firewall(e) == FRONT_FIREWALLD && !t->out)
		command(e,
		    "sudo firewall-cmd --permanent --add-port=%u/%s && "
		    "sudo firewall-cmd --reload",
		    port, proto);
	else if (is_iptables(a->chain))
		command(e, "sudo %s -I %s -p %s --dport %u -j ACCEPT",
		    a->chain->family == FW_IP4 ? "iptables" : "ip6tables",
		    t->out ? "OUTPUT" : "INPUT", proto, port);
	else
		command(e, "sudo nft insert rule %s %s %s dport %u accept", a->chain->table,
		    a->chain->name, proto, port);
}

static void
tell(struct exam *e, const struct packet_test *t, const struct exam_interface *i,
    const struct fw_answer *a, uint16_t port)
{
	struct buf where = BUF_INIT(600);
	enum doctor_severity severity = a->certain ? DOCTOR_PROBLEM : DOCTOR_UNKNOWN;
	describe(a, &where);
	const char *rule = buf_cstr(&where);
	if (t->mdns && !t->out)
		found(e, severity, t->id,
		    tr("The firewall of this machine drops what others announce on %s (UDP 5353): "
		       "%s."),
		    i->name, rule);
	else if (t->mdns)
		found(e, severity, t->id,
		    tr("The firewall of this machine drops what you announce on %s (UDP 5353): "
		       "%s."),
		    i->name, rule);
	else if (!t->out)
		found(e, severity, t->id,
		    tr("The firewall of this machine lets nobody connect to you on %s (TCP %u): "
		       "%s."),
		    i->name, port, rule);
	else
		found(e, severity, t->id,
		    tr("The firewall of this machine does not let you connect to others on %s (TCP "
		       "%u): %s."),
		    i->name, port, rule);
	remedy(e, tr("Let it through, for good in the settings of your firewall, or for now:"));
	suggest(e, t, a, port);
	earshot_value_set_str(evidence(e), "interface", i->name);
	earshot_value_set_str(evidence(e), "table", a->chain->table);
	earshot_value_set_str(evidence(e), "chain", a->chain->name);
	earshot_value_set_str(evidence(e), "rule", a->rule ? a->rule->text : NULL);
	earshot_value_set_bool(evidence(e), "certain", a->certain);
	earshot_value_set_int(evidence(e), "port", t->mdns ? MDNS_PORT : port);
	buf_finish(&where);
}

static void
run_tests(struct exam *e, const struct fw *fw, uint16_t port)
{
	static const enum fw_hook in[] = {FW_PREROUTING, FW_INPUT, FW_NONE};
	static const enum fw_hook out[] = {FW_OUTPUT, FW_POSTROUTING, FW_NONE};
	for (size_t k = 0; k < ARRAY_LEN(tests); k++) {
		const struct packet_test *t = &tests[k];
		for (size_t n = 0; n < 2 * e->interface_count; n++) {
			const struct exam_interface *i = &e->interfaces[n / 2];
			enum fw_family family = n % 2 ? FW_IP6 : FW_IP4;
			if (!i->usable || !(family == FW_IP4 ? i->v4_count : i->v6_count))
				continue;
			const struct fw_packet p = make_packet(t, i, family, port);
			struct fw_answer a = fw_walk(fw, &p, t->out ? out : in);
			if (a.verdict == FW_ACCEPT)
				continue;
			tell(e, t, i, &a, port);
			break; /* once is enough for each kind of packet */
		}
	}
}

/* ---- reading the rules ---- */

/* Tables that iptables has made, which nft shows only in part: iptables-save tells all of them. */
static void
forget_doubles(struct fw *fw)
{
	static const char *const tables[] = {
	    "ip filter", "ip raw", "ip mangle", "ip6 filter", "ip6 raw", "ip6 mangle"};
	for (size_t i = 0; i < fw->count; i++)
		for (size_t k = 0; k < ARRAY_LEN(tables); k++)
			if (str_equal(fw->chains[i].table, tables[k]))
				fw->chains[i].hook = FW_NONE;
}

static int
read_saved(struct exam *e, struct fw *fw, const char *program, enum fw_family family)
{
	const char *argv[] = {NULL, NULL};
	struct buf text = BUF_INIT(0);
	int err = exam_program(e, program, argv, PROGRAM_MS, &text);
	if (!err)
		err = fw_read_iptables(fw, family, buf_cstr(&text));
	buf_finish(&text);
	return err;
}

/* 0: the rules are known; -ENOENT: there is no firewall's program; else they could not be read. */
static int
read_rules(struct exam *e, struct fw *fw)
{
	const char *argv[] = {NULL, "-j", "list", "ruleset", NULL};
	struct buf text = BUF_INIT(0);
	int nft = exam_program(e, "nft", argv, PROGRAM_MS, &text);
	if (!nft)
		nft = fw_read_nft(fw, buf_cstr(&text), text.len);
	buf_finish(&text);
	size_t by_nft = fw->count;
	int four = read_saved(e, fw, "iptables-save", FW_IP4);
	int six = read_saved(e, fw, "ip6tables-save", FW_IP6);
	struct fw nfts = {.chains = fw->chains, .count = by_nft};
	if (!four && !six && by_nft < fw->count)
		forget_doubles(&nfts);
	if (nft == -ENOENT && four == -ENOENT && six == -ENOENT)
		return -ENOENT;
	if (!nft || !four)
		return 0;
	return nft == -ENOENT ? four : nft;
}

/* ---- without root ---- */

enum exam_firewall
exam_firewall(struct exam *e)
{
	const char *argv[] = {NULL, "--state", NULL};
	struct buf text;
	if (e->firewall != FRONT_UNASKED)
		return e->firewall;
	e->firewall = FRONT_NONE;
	if (exam_file("/etc/ufw/ufw.conf", &text) == 0 && ufw_is_on(buf_cstr(&text)))
		e->firewall = FRONT_UFW;
	buf_clear(&text);
	if (e->firewall == FRONT_NONE &&
	    exam_program(e, "firewall-cmd", argv, PROGRAM_MS, &text) == 0 &&
	    strncmp(buf_cstr(&text), "running", 7) == 0)
		e->firewall = FRONT_FIREWALLD;
	buf_finish(&text);
	return e->firewall;
}

/* ufw's own files, as far as everybody may read them. */
static bool
ask_ufw(struct exam *e, uint16_t port)
{
	struct buf defaults;
	bool closed =
	    exam_file("/etc/default/ufw", &defaults) != 0 || ufw_denies_input(buf_cstr(&defaults));
	buf_finish(&defaults);
	if (exam_firewall(e) != FRONT_UFW || !closed)
		return false;
	struct buf rules;
	bool known = exam_file("/etc/ufw/user.rules", &rules) == 0;
	bool open = known && ufw_allows_tcp(buf_cstr(&rules), port);
	buf_finish(&rules);
	if (open) {
		seen(e, tr("ufw is on and lets port %u in"), port);
		return true;
	}
	found(e, known ? DOCTOR_PROBLEM : DOCTOR_UNKNOWN, "ufw-closed",
	    known ? tr("The firewall ufw is on, and lets nobody connect to you (TCP %u).")
		  : tr("The firewall ufw is on; whether it lets others connect to you (TCP %u), "
		       "only root can see."),
	    port);
	remedy(e, tr("Let them in:"));
	command(e, "sudo ufw allow %u/tcp", port);
	earshot_value_set_int(evidence(e), "port", port);
	return true;
}

static bool
ask_firewalld(struct exam *e, uint16_t port)
{
	const char *list[] = {NULL, "--list-all", NULL};
	struct buf text = BUF_INIT(0);
	if (exam_firewall(e) != FRONT_FIREWALLD)
		return false;
	int err = exam_program(e, "firewall-cmd", list, PROGRAM_MS, &text);
	bool mdns = !err && firewalld_has(buf_cstr(&text), "services", "mdns");
	char number[16];
	(void)snprintf(number, sizeof(number), "%u/tcp", port);
	bool tcp = !err && firewalld_has(buf_cstr(&text), "ports", number);
	buf_finish(&text);
	if (mdns && tcp) {
		seen(e, tr("firewalld lets mDNS and port %u in"), port);
		return true;
	}
	if (err)
		found(e, DOCTOR_UNKNOWN, "firewalld-unseen",
		    tr("firewalld is on; what it lets in only root can see."));
	else
		found(e, DOCTOR_WARNING, "firewalld-closed",
		    mdns ? tr("firewalld does not let others connect to you.")
			 : tr("firewalld does not let in what others announce (mDNS)."));
	remedy(e, tr("Let both in:"));
	command(e,
	    "sudo firewall-cmd --permanent --add-service=mdns --add-port=%u/tcp && "
	    "sudo firewall-cmd --reload",
	    port);
	return true;
}

void
check_firewall(struct exam *e)
{
	struct fw fw = {0};
	uint16_t port = (uint16_t)earshot_value_int(e->status, "port", PORT_DEFAULT);
	int err = read_rules(e, &fw);
	if (!err) {
		run_tests(e, &fw, port);
		if (e->found == e->report->count)
			seen(e,
			    fw.count ? tr("its rules let mDNS and port %u through")
				     : tr("none is set up"),
			    port);
	} else if (!ask_ufw(e, port) && !ask_firewalld(e, port)) {
		if (err == -ENOENT)
			seen(e, tr("none is installed"));
		else {
			/* what can be tried without reading them follows in "multicast" */
			found(e, DOCTOR_UNKNOWN, "firewall-unseen",
			    e->root ? tr("The rules of the firewall cannot be read; what can be "
					 "tried without was tried.")
				    : tr("The rules of the firewall can be read by root alone; "
					 "what can be tried without was tried."));
			if (!e->root) {
				remedy(e, tr("To have them looked at:"));
				command(e, "sudo earshot doctor");
			}
			earshot_value_set_str(evidence(e), "error", err_str(err));
		}
	}
	fw_finish(&fw);
}
