/* Files and tables of the system, as they are and as garbage. */
#include "doctor/system_files.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
// clang-format off
#include <cmocka.h>
// clang-format on

static const char avahi[] = "# comment\n[server]\n#use-ipv4=no\nuse-ipv4=yes\n"
			    "allow-interfaces = eth0, wlan0\ncache-entries-max=128\n\n"
			    "[publish]\ndisable-publishing = \"yes\"\n; x\nuse-ipv4=no\n";

static const char user_rules[] =
    "*filter\n### RULES ###\n\n### tuple ### allow tcp 22 0.0.0.0/0 any 0.0.0.0/0 in\n"
    "-A ufw-user-input -p tcp --dport 22 -j ACCEPT\n"
    "### tuple ### deny tcp 5300 0.0.0.0/0 any 0.0.0.0/0 in\n"
    "### tuple ### allow tcp 5290:5298 0.0.0.0/0 any 0.0.0.0/0 in\n"
    "### tuple ### limit any 6000,7000 0.0.0.0/0 any 0.0.0.0/0 in_eth0\n";

static const char udp[] =
    "   sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout "
    "inode ref pointer drops\n"
    "  412: 00000000:14E9 00000000:0000 07 00000000:00000000 00:00000000 00000000   107        0 "
    "18230 2 0000000000000000 0\n"
    "  412: FB0000E0:14E9 00000000:0000 07 00000000:00000000 00:00000000 00000000  1000        0 "
    "18999 2 0000000000000000 0\n"
    "  500: 0100007F:0035 00000000:0000 07 00000000:00000000 00:00000000 00000000     0        0 "
    "1 2 0000000000000000 0\n";

static const char udp6[] =
    "  sl  local_address                         remote_address                        st tx_queue "
    "rx_queue tr tm->when retrnsmt   uid  timeout inode ref pointer drops\n"
    "  412: 00000000000000000000000000000000:14E9 00000000000000000000000000000000:0000 07 "
    "00000000:00000000 00:00000000 00000000   107        0 18231 2 0000000000000000 0\n";

static void
the_last_value_of_the_section_counts(void **state)
{
	(void)state;
	char value[64];
	assert_true(ini_value(avahi, "server", "use-ipv4", value, sizeof(value)));
	assert_string_equal(value, "yes");
	assert_true(ini_value(avahi, "server", "allow-interfaces", value, sizeof(value)));
	assert_string_equal(value, "eth0, wlan0");
	assert_true(ini_value(avahi, "publish", "disable-publishing", value, sizeof(value)));
	assert_string_equal(value, "yes");
	assert_false(ini_value(avahi, "server", "disable-publishing", value, sizeof(value)));
	assert_false(ini_value(avahi, "server", "use-ipv", value, sizeof(value)));
	assert_true(ini_list_has("eth0, wlan0", "wlan0"));
	assert_false(ini_list_has("eth0, wlan0", "wlan"));
	assert_false(ini_list_has("", ""));
	assert_true(ini_yes("yes"));
	assert_false(ini_yes(""));
	assert_false(ini_yes("no"));
}

static void
ufw_is_read_as_far_as_it_may_be(void **state)
{
	(void)state;
	assert_true(ufw_is_on("# /etc/ufw/ufw.conf\nENABLED=yes\nLOGLEVEL=low\n"));
	assert_false(ufw_is_on("ENABLED=no\n"));
	assert_false(ufw_is_on(""));
	assert_true(ufw_denies_input("IPV6=yes\nDEFAULT_INPUT_POLICY=\"DROP\"\n"));
	assert_false(ufw_denies_input("DEFAULT_INPUT_POLICY=\"ACCEPT\"\n"));
	assert_true(ufw_denies_input("")); /* its own default */
	assert_true(ufw_allows_tcp(user_rules, 22));
	assert_true(ufw_allows_tcp(user_rules, 5298));
	assert_true(ufw_allows_tcp(user_rules, 7000));
	assert_false(ufw_allows_tcp(user_rules, 5299));
	assert_false(ufw_allows_tcp(user_rules, 5300));
}

static void
firewalld_s_list_is_read(void **state)
{
	(void)state;
	static const char list[] =
	    "public (active)\n  target: default\n  interfaces: eth0\n"
	    "  services: dhcpv6-client mdns ssh\n  ports: 5290-5300/tcp 53/udp\n";
	assert_true(firewalld_has(list, "services", "mdns"));
	assert_false(firewalld_has(list, "services", "http"));
	assert_true(firewalld_has(list, "ports", "5298/tcp"));
	assert_false(firewalld_has(list, "ports", "5298/udp"));
	assert_false(firewalld_has(list, "ports", "5301/tcp"));
	assert_true(firewalld_has(list, "ports", "53/udp"));
}

static void
sockets_of_a_port_are_found(void **state)
{
	(void)state;
	struct udp_socket found[4];
	assert_int_equal(udp_sockets(udp, 5353, found, 4), 2);
	assert_int_equal(found[0].inode, 18230);
	assert_int_equal(found[0].uid, 107);
	assert_true(found[0].any);
	assert_false(found[1].any);
	assert_int_equal(udp_sockets(udp, 5353, found, 1), 1);
	assert_int_equal(udp_sockets(udp6, 5353, found, 4), 1);
	assert_int_equal(found[0].inode, 18231);
	assert_int_equal(udp_sockets("", 5353, found, 4), 0);
}

static void
the_user_of_a_process_is_found(void **state)
{
	(void)state;
	assert_int_equal(status_uid("Name:\tx\nUmask:\t0022\nUid:\t107\t107\t107\t107\n"), 107);
	assert_int_equal(status_uid("Name:\tUid: 5\n"), -1);
	assert_int_equal(status_uid(""), -1);
}

static void
renamed_machines_are_known(void **state)
{
	(void)state;
	assert_int_equal(renamed("verona", "Verona"), 1);
	assert_int_equal(renamed("verona-2", "verona"), 2);
	assert_int_equal(renamed("verona-2521", "verona"), 2521);
	assert_int_equal(renamed("verona-east", "verona"), 0);
	assert_int_equal(renamed("mantua", "verona"), 0);
	assert_int_equal(renamed("verona-1", "verona"), 0);
	assert_int_equal(renamed("-2", ""), 0);
}

static unsigned seed = 7;

static unsigned
chance(unsigned below)
{
	seed = seed * 1103515245 + 12345;
	return (seed >> 8) % below;
}

static void
ask_all(const char *text)
{
	char value[16];
	struct udp_socket found[2];
	(void)ini_value(text, "server", "use-ipv4", value, sizeof(value));
	(void)ini_list_has(text, "eth0");
	(void)ufw_is_on(text);
	(void)ufw_denies_input(text);
	(void)ufw_allows_tcp(text, 5298);
	(void)firewalld_has(text, "ports", "5298/tcp");
	(void)udp_sockets(text, 5353, found, 2);
	(void)renamed(text, "verona");
	(void)status_uid(text);
}

static void
garbage_harms_nobody(void **state)
{
	(void)state;
	static const char *const texts[] = {avahi, user_rules, udp, udp6};
	for (int i = 0; i < 20000; i++) {
		const char *from = texts[chance(4)];
		size_t len = strlen(from);
		char *text = malloc(len + 1);
		assert_non_null(text);
		memcpy(text, from, len + 1);
		for (unsigned n = chance(8); n; n--)
			text[chance((unsigned)len)] = (char)chance(256);
		ask_all(text);
		free(text);
	}
	char *wide = malloc(100001);
	assert_non_null(wide);
	memset(wide, '9', 100000);
	wide[100000] = '\0';
	ask_all(wide);
	free(wide);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(the_last_value_of_the_section_counts),
	    cmocka_unit_test(ufw_is_read_as_far_as_it_may_be),
	    cmocka_unit_test(firewalld_s_list_is_read),
	    cmocka_unit_test(sockets_of_a_port_are_found),
	    cmocka_unit_test(the_user_of_a_process_is_found),
	    cmocka_unit_test(renamed_machines_are_known),
	    cmocka_unit_test(garbage_harms_nobody),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
