/* Which rule stops a packet, by what nft and iptables-save print. */
#include "doctor/fw.h"

#include "base/err.h"

#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
// clang-format off
#include <cmocka.h>
// clang-format on

static const enum fw_hook in[] = {FW_PREROUTING, FW_INPUT, FW_NONE};
static const enum fw_hook out[] = {FW_OUTPUT, FW_POSTROUTING, FW_NONE};

static void
address(uint8_t to[16], const char *text)
{
	memset(to, 0, 16);
	if (inet_pton(AF_INET, text, to + 12) == 1)
		to[10] = to[11] = 0xff;
	else
		assert_int_equal(inet_pton(AF_INET6, text, to), 1);
}

static struct fw_packet
mdns(void)
{
	struct fw_packet p = {.family = FW_IP4,
	    .iif = "eth0",
	    .proto = 17,
	    .sport = 5353,
	    .dport = 5353,
	    .pkttype = "multicast"};
	address(p.saddr, "192.168.1.7");
	address(p.daddr, "224.0.0.251");
	return p;
}

static struct fw_packet
tcp(void)
{
	struct fw_packet p = {.family = FW_IP4,
	    .iif = "eth0",
	    .proto = 6,
	    .sport = 49999,
	    .dport = 5298,
	    .pkttype = "host"};
	address(p.saddr, "192.168.1.7");
	address(p.daddr, "192.168.1.8");
	return p;
}

#define CHAIN(more) \
	"{\"chain\":{\"family\":\"inet\",\"table\":\"t\",\"name\":\"in\",\"handle\":1," \
	"\"type\":\"filter\",\"hook\":\"input\",\"prio\":0," more "}}"
#define RULE(handle, expr) \
	"{\"rule\":{\"family\":\"inet\",\"table\":\"t\",\"chain\":\"in\",\"handle\":" handle \
	",\"expr\":[" expr "]}}"
#define MATCH(left, right) "{\"match\":{\"op\":\"==\",\"left\":" left ",\"right\":" right "}}"
#define DPORT(proto)       "{\"payload\":{\"protocol\":\"" proto "\",\"field\":\"dport\"}}"
#define META(key)          "{\"meta\":{\"key\":\"" key "\"}}"

static struct fw_answer
nft(struct fw *fw, const char *items, struct fw_packet p)
{
	struct buf b = BUF_INIT(1 << 16);
	buf_fmt(&b, "{\"nftables\":[{\"metainfo\":{\"json_schema_version\":1}},%s]}", items);
	*fw = (struct fw){0};
	assert_int_equal(fw_read_nft(fw, buf_cstr(&b), b.len), 0);
	buf_finish(&b);
	return fw_walk(fw, &p, p.oif ? out : in);
}

static void
expect(const char *items, struct fw_packet p, enum fw_verdict verdict, bool certain)
{
	struct fw fw;
	struct fw_answer a = nft(&fw, items, p);
	assert_int_equal(a.verdict, verdict);
	assert_int_equal(a.certain, certain);
	fw_finish(&fw);
}

static void
no_rules_let_everything_through(void **state)
{
	(void)state;
	expect("{\"table\":{\"family\":\"inet\",\"name\":\"t\"}}", mdns(), FW_ACCEPT, true);
	expect(CHAIN("\"policy\":\"accept\""), mdns(), FW_ACCEPT, true);
}

static void
the_rule_that_drops_is_named(void **state)
{
	(void)state;
	struct fw fw;
	struct fw_answer a = nft(&fw,
	    CHAIN("\"policy\":\"accept\"") "," RULE(
		"4", MATCH(DPORT("tcp"), "5353") ",{\"drop\":null}") "," RULE("7",
		MATCH(META("iifname"), "\"eth*\"") "," MATCH(DPORT("udp"),
		    "{\"set\":[53,{\"range\":[5350,5360]}]}") ",{\"counter\":{}},{\"drop\":null}"),
	    mdns());
	assert_int_equal(a.verdict, FW_DROP);
	assert_true(a.certain);
	assert_string_equal(a.rule->text, "inet t in, handle 7");
	fw_finish(&fw);
}

static void
the_first_rule_that_fits_decides(void **state)
{
	(void)state;
	expect(CHAIN("\"policy\":\"drop\"") "," RULE(
		   "2", MATCH(DPORT("udp"), "\"mdns\"") ",{\"accept\":null}") "," RULE("3",
		   "{\"drop\":null}"),
	    mdns(), FW_ACCEPT, true);
	expect(CHAIN("\"policy\":\"drop\"") "," RULE(
		   "2", MATCH(DPORT("udp"), "\"mdns\"") ",{\"accept\":null}"),
	    tcp(), FW_DROP, true);
}

static void
what_belongs_to_a_connection_is_not_new(void **state)
{
	(void)state;
	expect(CHAIN("\"policy\":\"drop\"") "," RULE("2",
		   "{\"match\":{\"op\":\"in\",\"left\":{\"ct\":{\"key\":\"state\"}},"
		   "\"right\":[\"established\",\"related\"]}},{\"accept\":null}"),
	    tcp(), FW_DROP, true);
	expect(CHAIN("\"policy\":\"drop\"") "," RULE("2",
		   "{\"vmap\":{\"key\":{\"ct\":{\"key\":\"state\"}},\"data\":{\"set\":["
		   "[\"established\",{\"accept\":null}],[\"new\",{\"accept\":null}],"
		   "[\"invalid\",{\"drop\":null}]]}}}"),
	    tcp(), FW_ACCEPT, true);
}

static void
addresses_are_compared(void **state)
{
	(void)state;
#define SADDR "{\"payload\":{\"protocol\":\"ip\",\"field\":\"saddr\"}}"
	expect(CHAIN("\"policy\":\"drop\"") "," RULE("2",
		   MATCH(SADDR,
		       "{\"prefix\":{\"addr\":\"192.168.0.0\",\"len\":16}}") ",{\"accept\":null}"),
	    tcp(), FW_ACCEPT, true);
	expect(CHAIN("\"policy\":\"drop\"") "," RULE("2",
		   MATCH(SADDR,
		       "{\"range\":[\"192.168.1.8\",\"192.168.1.255\"]}") ",{\"accept\":null}"),
	    tcp(), FW_DROP, true);
	/* of IPv6 a rule about IPv4 says nothing */
	struct fw_packet six = tcp();
	six.family = FW_IP6;
	address(six.saddr, "fe80::7");
	expect(CHAIN("\"policy\":\"accept\"") "," RULE(
		   "2", MATCH(SADDR, "\"192.168.1.7\"") ",{\"drop\":null}"),
	    six, FW_ACCEPT, true);
}

static void
chains_are_jumped_to_and_returned_from(void **state)
{
	(void)state;
	const char *items = CHAIN(
	    "\"policy\":\"accept\"") ","
				     "{\"chain\":{\"family\":\"inet\",\"table\":\"t\",\"name\":"
				     "\"lan\",\"handle\":2}}," RULE("5",
					 MATCH(META("iif"), "\"eth0\"") ",{\"jump\":{\"target\":"
									"\"lan\"}}") "," RULE("6",
					 "{\"drop\":null}") ","
							    "{\"rule\":{\"family\":\"inet\","
							    "\"table\":\"t\",\"chain\":\"lan\","
							    "\"handle\":7,\"expr\":[" MATCH(
								DPORT("udp"),
								"5353") ",{\"return\":null}]}},"
									"{\"rule\":{\"family\":"
									"\"inet\",\"table\":\"t\","
									"\"chain\":\"lan\","
									"\"handle\":8,\"expr\":["
									"{\"accept\":null}]}}";
	expect(items, mdns(), FW_DROP, true);
	expect(items, tcp(), FW_ACCEPT, true);
}

static void
what_is_not_understood_makes_it_doubtful(void **state)
{
	(void)state;
	expect(CHAIN("\"policy\":\"accept\"") "," RULE(
		   "2", "{\"xt\":{\"type\":\"match\",\"name\":\"string\"}},{\"drop\":null}"),
	    tcp(), FW_DROP, false);
	expect(CHAIN("\"policy\":\"drop\"") "," RULE(
		   "2", "{\"limit\":{\"rate\":10}},{\"accept\":null}"),
	    tcp(), FW_DROP, false);
}

static void
a_named_set_holds_what_it_holds(void **state)
{
	(void)state;
	expect("{\"set\":{\"family\":\"inet\",\"table\":\"t\",\"name\":\"open\",\"type\":"
	       "\"inet_service\",\"elem\":[22,{\"elem\":{\"val\":5298,\"timeout\":9}}]}}," CHAIN(
		   "\"policy\":\"drop\"") "," RULE("2",
		   MATCH(DPORT("tcp"), "\"@open\"") ",{\"accept\":null}"),
	    tcp(), FW_ACCEPT, true);
}

static void
endless_jumps_end(void **state)
{
	(void)state;
	expect(
	    CHAIN("\"policy\":\"accept\"") "," RULE("2", "{\"jump\":{\"target\":\"in\"}}") "," RULE(
		"3", "{\"jump\":{\"target\":\"in\"}}"),
	    tcp(), FW_ACCEPT, true);
}

static struct fw_answer
saved(struct fw *fw, const char *text, struct fw_packet p)
{
	*fw = (struct fw){0};
	assert_int_equal(fw_read_iptables(fw, FW_IP4, text), 0);
	return fw_walk(fw, &p, in);
}

static const char ufw[] =
    "# Generated by iptables-save v1.8.9\n"
    "*filter\n:INPUT DROP [0:0]\n:FORWARD DROP [0:0]\n:OUTPUT ACCEPT [0:0]\n"
    ":ufw-before-input - [0:0]\n:ufw-user-input - [0:0]\n"
    "-A INPUT -j ufw-before-input\n-A INPUT -j ufw-user-input\n"
    "-A ufw-before-input -i lo -j ACCEPT\n"
    "-A ufw-before-input -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT\n"
    "-A ufw-before-input -m conntrack --ctstate INVALID -j DROP\n"
    "-A ufw-before-input -d 224.0.0.251/32 -p udp -m udp --dport 5353 -j ACCEPT\n"
    "-A ufw-user-input -p tcp -m multiport --dports 22,8000:8010 -j ACCEPT\n"
    "COMMIT\n";

static void
iptables_policies_and_chains_are_read(void **state)
{
	(void)state;
	struct fw fw;
	struct fw_answer a = saved(&fw, ufw, mdns());
	assert_int_equal(a.verdict, FW_ACCEPT);
	fw_finish(&fw);
	a = saved(&fw, ufw, tcp());
	assert_int_equal(a.verdict, FW_DROP);
	assert_true(a.certain);
	assert_null(a.rule);
	assert_string_equal(a.chain->name, "INPUT");
	fw_finish(&fw);
	struct fw_packet web = tcp();
	web.dport = 8003;
	assert_int_equal(saved(&fw, ufw, web).verdict, FW_ACCEPT);
	fw_finish(&fw);
}

static void
iptables_negations_and_quotes_are_read(void **state)
{
	(void)state;
	struct fw fw;
	struct fw_answer a = saved(&fw,
	    "*filter\n:INPUT ACCEPT [0:0]\n"
	    "-A INPUT ! -s 192.168.1.0/255.255.255.0 -j DROP\n"
	    "-A INPUT -p tcp -m comment --comment \"no -j ACCEPT \\\" here\" -m tcp ! --dport 22 "
	    "-j REJECT --reject-with icmp-port-unreachable\nCOMMIT\n",
	    tcp());
	assert_int_equal(a.verdict, FW_REJECT);
	assert_true(a.certain);
	assert_non_null(strstr(a.rule->text, "--dport 22"));
	fw_finish(&fw);
}

static void
iptables_nat_drops_nothing_and_logs_pass(void **state)
{
	(void)state;
	struct fw fw;
	struct fw_answer a = saved(&fw,
	    "*nat\n:INPUT DROP [0:0]\nCOMMIT\n*filter\n:INPUT ACCEPT [0:0]\n"
	    "-A INPUT -j LOG --log-prefix \"in: \"\n-A INPUT -m limit --limit 3/min -j DROP\n",
	    tcp());
	assert_int_equal(a.verdict, FW_DROP);
	assert_false(a.certain);
	fw_finish(&fw);
}

/* ---- garbage ---- */

static unsigned seed = 1;

static unsigned
chance(unsigned below)
{
	seed = seed * 1103515245 + 12345;
	return (seed >> 8) % below;
}

static void
spoil(char *text, size_t len)
{
	static const char bytes[] = "{}[]\":,-@/! \n0\\\x01\xff";
	for (unsigned n = 1 + chance(6); n; n--)
		text[chance((unsigned)len)] = bytes[chance(sizeof(bytes) - 1)];
}

static void
garbage_is_an_error_or_another_answer_and_nothing_else(void **state)
{
	(void)state;
	static const char json[] = "{\"nftables\":[" CHAIN("\"policy\":\"drop\"") "," RULE("2",
	    MATCH(DPORT("udp"),
		"{\"set\":[53,{\"range\":[5350,5360]},\"@x\"]}") ",{\"accept\":null}") "," RULE("3",
	    "{\"vmap\":{\"key\":{\"ct\":{\"key\":\"state\"}},\"data\":{\"set\":["
	    "[\"new\",{\"jump\":{\"target\":\"in\"}}]]}}}") "]}";
	const struct fw_packet p = mdns();
	for (int i = 0; i < 20000; i++) {
		struct fw fw = {0};
		char text[sizeof(json)], words[sizeof(ufw)];
		memcpy(text, json, sizeof(json));
		spoil(text, sizeof(json) - 1);
		(void)!fw_read_nft(&fw, text, sizeof(json) - 1);
		memcpy(words, ufw, sizeof(ufw));
		spoil(words, sizeof(ufw) - 1);
		(void)!fw_read_iptables(&fw, FW_IP4, words);
		(void)fw_walk(&fw, &p, in);
		fw_finish(&fw);
	}
	struct fw fw = {0};
	assert_int_equal(fw_read_nft(&fw, "{}", 2), ERR_PROTO);
	assert_int_equal(fw_read_nft(&fw, "", 0), ERR_PROTO);
	assert_int_equal(fw_read_iptables(&fw, FW_IP4, "-A INPUT -j DROP\n"), 0);
	assert_int_equal(fw_read_iptables(&fw, FW_IP4, "*filter\n-A NONE -j DROP\n"), ERR_PROTO);
	fw_finish(&fw);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(no_rules_let_everything_through),
	    cmocka_unit_test(the_rule_that_drops_is_named),
	    cmocka_unit_test(the_first_rule_that_fits_decides),
	    cmocka_unit_test(what_belongs_to_a_connection_is_not_new),
	    cmocka_unit_test(addresses_are_compared),
	    cmocka_unit_test(chains_are_jumped_to_and_returned_from),
	    cmocka_unit_test(what_is_not_understood_makes_it_doubtful),
	    cmocka_unit_test(a_named_set_holds_what_it_holds),
	    cmocka_unit_test(endless_jumps_end),
	    cmocka_unit_test(iptables_policies_and_chains_are_read),
	    cmocka_unit_test(iptables_negations_and_quotes_are_read),
	    cmocka_unit_test(iptables_nat_drops_nothing_and_logs_pass),
	    cmocka_unit_test(garbage_is_an_error_or_another_answer_and_nothing_else),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
