#include "discovery/fixed.h"
#include "discovery/name.h"
#include "world.h"

static void
reads_every_spelling(void **state)
{
	static const struct {
		const char *address, *host;
		uint16_t port;
	} good[] = {
	    {"verona.example:5562", "verona.example", 5562},
	    {"verona.example", "verona.example", 5298},
	    {"10.0.0.2:1", "10.0.0.2", 1},
	    {"[fe80::1%eth0]:5562", "fe80::1%eth0", 5562},
	    {"[fd00::1]", "fd00::1", 5298},
	    {"fd00::1", "fd00::1", 5298},
	};
	static const char *const bad[] = {"", ":5298", "verona:", "verona:0", "verona:65536",
	    "verona:x", "[fd00::1", "[fd00::1]5298", "[verona]:1", "a b", "juliet@verona", "a\nb",
	    "[]:1"};
	char host[LIMIT_HOST_NAME + 1];
	uint16_t port;
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(good); i++) {
		assert_int_equal(fixed_parse(good[i].address, host, sizeof(host), &port), 0);
		assert_string_equal(host, good[i].host);
		assert_int_equal(port, good[i].port);
	}
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		if (fixed_parse(bad[i], host, sizeof(host), &port) != -EINVAL)
			fail_msg("taken for an address: %s", bad[i]);
}

static void
a_fixed_peer_is_an_entry_until_removed(void **state)
{
	struct world w;
	(void)state;
	world_init(&w);
	world_start(&w, false);
	assert_int_equal(discovery_add_fixed(w.d, "127.0.0.1"), 0);
	assert_int_equal(discovery_add_fixed(w.d, "127.0.0.1:5298"), -EEXIST);
	assert_int_equal(discovery_add_fixed(w.d, "127.0.0.1:x"), -EINVAL);
	world_expect(&w, "new 127.0.0.1:5298\n");
	struct discovery_entry *e = discovery_find(w.d, "127.0.0.1:5298");
	assert_non_null(e);
	assert_true(e->nameless);
	assert_int_equal(e->sources, DISCOVERY_FIXED);
	assert_int_equal(e->places, 0);
	assert_int_equal(e->addr_count, 1);
	struct sockaddr_storage mapped = {0};
	struct sockaddr_in6 v6;
	assert_int_equal(uv_ip6_addr("::ffff:127.0.0.1", 1, &v6), 0);
	memcpy(&mapped, &v6, sizeof(v6));
	assert_true(discovery_has_address(e, &mapped));
	assert_int_equal(uv_ip6_addr("::ffff:127.0.0.2", 1, &v6), 0);
	memcpy(&mapped, &v6, sizeof(v6));
	assert_false(discovery_has_address(e, &mapped));
	discovery_resolve(w.d, e);
	world_expect(&w, "resolved 127.0.0.1:5298 0\n");
	assert_int_equal(e->addr_count, 1);
	assert_int_equal(discovery_remove_fixed(w.d, "127.0.0.2"), -ENOENT);
	assert_int_equal(discovery_remove_fixed(w.d, "127.0.0.1"), 0);
	assert_false(world_told(&w, "gone"));
	world_expect(&w, "gone 127.0.0.1:5298\n");
	world_finish(&w);
}

static void
a_peer_not_found_is_looked_up_again(void **state)
{
	struct world w;
	(void)state;
	world_init(&w);
	world_start(&w, false);
	/* a scope that no interface has: fails, and asks nobody */
	assert_int_equal(discovery_add_fixed(w.d, "[fe80::1%nosuch]:1"), 0);
	world_expect(&w, "new [fe80::1%nosuch]:1\n");
	struct discovery_entry *e = discovery_find(w.d, "[fe80::1%nosuch]:1");
	assert_int_equal(e->addr_count, 0);
	discovery_resolve(w.d, e);
	world_pass(&w, 120); /* two more tries, and the one that answers */
	assert_true(world_told(&w, "resolved [fe80::1%nosuch]:1 -"));
	assert_int_equal(discovery_remove_fixed(w.d, "[fe80::1%nosuch]:1"), 0);
	world_expect(&w, "gone");
	world_finish(&w);
}

static void
told_its_name_it_joins_the_announced_one(void **state)
{
	struct world w;
	(void)state;
	world_init(&w);
	world_up(&w);
	fake_say(&w, "found\tjuliet@capulet\t2\t4\n"
		     "service\tjuliet@capulet\t2\t4\tcapulet.local\t5562\t10.0.0.2\n");
	world_expect(&w, "new juliet@capulet\n");
	assert_int_equal(discovery_add_fixed(w.d, "127.0.0.1:5298"), 0);
	world_expect(&w, "new 127.0.0.1:5298\n");
	struct discovery_entry *juliet = discovery_find(w.d, "juliet@capulet");
	struct discovery_entry *e = discovery_find(w.d, "127.0.0.1:5298");
	assert_ptr_equal(discovery_name_fixed(w.d, e, ""), e); /* no name */
	assert_ptr_equal(discovery_name_fixed(w.d, e, "JULIET@capulet"), juliet);
	assert_false(world_told(&w, "gone"));
	world_expect(&w, "gone 127.0.0.1:5298\n");
	assert_int_equal(juliet->sources, DISCOVERY_FIXED | DISCOVERY_MDNS);
	assert_int_equal(juliet->addr_count, 2);
	assert_false(juliet->nameless);
	/* each source may leave alone */
	fake_say(&w, "lost\tjuliet@capulet\t2\t4\n");
	world_pass(&w, 20);
	assert_int_equal(juliet->sources, DISCOVERY_FIXED);
	assert_int_equal(juliet->addr_count, 1);
	assert_int_equal(discovery_remove_fixed(w.d, "127.0.0.1"), 0);
	world_expect(&w, "gone juliet@capulet\n");
	world_finish(&w);
}

static void
the_announced_one_joins_the_fixed_peer(void **state)
{
	struct world w;
	(void)state;
	world_init(&w);
	world_up(&w);
	assert_int_equal(discovery_add_fixed(w.d, "127.0.0.1:5298"), 0);
	world_expect(&w, "new 127.0.0.1:5298\n");
	/* an announcement cannot pass itself off as the fixed peer */
	fake_say(&w, "found\t127.0.0.1:5298\t2\t4\n");
	world_pass(&w, 20);
	assert_int_equal(world_count(&w.diary, "new 127.0.0.1:5298\n"), 2);
	fake_say(&w, "lost\t127.0.0.1:5298\t2\t4\n");
	world_expect(&w, "gone 127.0.0.1:5298\n");
	struct discovery_entry *e = discovery_find(w.d, "127.0.0.1:5298");
	assert_ptr_equal(discovery_name_fixed(w.d, e, "juliet@capulet"), e);
	world_expect(&w, "changed juliet@capulet\n");
	fake_say(&w, "found\tjuliet@capulet\t2\t4\n");
	world_pass(&w, 20);
	assert_int_equal(world_count(&w.diary, "new "), 2);
	assert_ptr_equal(discovery_find(w.d, "juliet@capulet"), e);
	assert_int_equal(e->sources, DISCOVERY_FIXED | DISCOVERY_MDNS);
	world_finish(&w);
}

static void
an_address_of_our_own_leads_to_nobody(void **state)
{
	struct world w;
	(void)state;
	world_init(&w);
	world_up(&w);
	fake_say(&w, "published\tromeo@verona\nfound\tromeo@verona\t2\t4\n");
	world_expect(&w, "published\n");
	assert_int_equal(discovery_add_fixed(w.d, "127.0.0.1"), 0);
	world_expect(&w, "new 127.0.0.1:5298\n");
	struct discovery_entry *e = discovery_find(w.d, "127.0.0.1:5298");
	assert_null(discovery_name_fixed(w.d, e, "romeo@verona"));
	world_expect(&w, "gone 127.0.0.1:5298\n");
	assert_null(discovery_find(w.d, "romeo@verona"));
	world_finish(&w);
}

static void
closing_waits_for_no_look_up(void **state)
{
	struct world w;
	(void)state;
	world_init(&w);
	world_start(&w, false);
	assert_int_equal(discovery_add_fixed(w.d, "127.0.0.1"), 0);
	world_finish(&w); /* drains the loop, and closes it */
	assert_int_equal(world_count(&w.diary, "new"), 0);
}

static void
user_names_suit_every_client(void **state)
{
	static const char *const rows[][2] = {
	    {"romeo", "romeo"},
	    {"Rom\xc3\xa9o", "Romeo"},
	    {"Friar Laurence", "Friar-Laurence"},
	    {"<romeo>&\"'@verona", "romeoverona"},
	    {"john.doe", "john.doe"},
	    {"--.a\\b..", "ab"},
	    {"\xef\xac\x81n", "fin"}, /* a ligature */
	    {"\xe6\x9c\xb1", "user"},
	    {"", "user"},
	    {"a\xff"
	     "b",
		"ab"},
	    {"0123456789012345678901234567890123456789xyz",
		"0123456789012345678901234567890123456789"},
	};
	char out[LIMIT_USER_PART + 1], name[LIMIT_INSTANCE_NAME + 1], key[64];
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		name_clean_user(out, rows[i][0]);
		assert_string_equal(out, rows[i][1]);
	}
	name_join(name, rows[10][1], "a-machine-whose-name-is-too-long-for-a-label");
	assert_int_equal(strlen(name), LIMIT_INSTANCE_NAME);
	assert_non_null(strstr(name, "9@a-machine"));
	name_key(key, sizeof(key), "Rom\xc3\x89o@VERONA");
	assert_string_equal(key, "rom\xc3\x89o@verona"); /* ASCII alone folds */
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(reads_every_spelling),
	    cmocka_unit_test(a_fixed_peer_is_an_entry_until_removed),
	    cmocka_unit_test(a_peer_not_found_is_looked_up_again),
	    cmocka_unit_test(told_its_name_it_joins_the_announced_one),
	    cmocka_unit_test(the_announced_one_joins_the_fixed_peer),
	    cmocka_unit_test(an_address_of_our_own_leads_to_nobody),
	    cmocka_unit_test(closing_waits_for_no_look_up),
	    cmocka_unit_test(user_names_suit_every_client),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
