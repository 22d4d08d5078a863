#include "base/err.h"
#include "world.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>

#define JULIET_AT_2 "found\tjuliet@capulet\t2\t4\n"
#define SERVICE_2 \
	"service\tjuliet@capulet\t2\t4\tcapulet.local\t5298\t10.0.0.2\ttxtvers=1\tstatus=away\n"

static void
print_address(const struct sockaddr_storage *a, char *out, size_t size)
{
	char host[64], port[8];
	assert_int_equal(getnameinfo((const struct sockaddr *)a, sizeof(*a), host, sizeof(host),
			     port, sizeof(port), NI_NUMERICHOST | NI_NUMERICSERV),
	    0);
	(void)snprintf(out, size, "%s %s", host, port);
}

static void
one_person_on_two_interfaces_is_one_entry(void **state)
{
	struct world w;
	(void)state;
	world_init(&w);
	world_up(&w);
	fake_say(&w, JULIET_AT_2 "found\tJULIET@Capulet\t90003\t6\n" SERVICE_2
				 "address\tjuliet@capulet\t90003\tfe80::2\n"
				 "address\tjuliet@capulet\t2\t10.0.0.2\n"
				 "address\tjuliet@capulet\t90003\tfd00::2\n"
				 "address\tjuliet@capulet\t2\t10.0.0.3\n");
	world_expect(&w, "new juliet@capulet\n");
	world_pass(&w, 20);
	assert_int_equal(world_count(&w.diary, "new "), 1);
	struct discovery_entry *e = discovery_find(w.d, "Juliet@CAPULET");
	assert_non_null(e);
	assert_int_equal(e->places, 2);
	assert_int_equal(e->sources, DISCOVERY_MDNS);
	assert_int_equal(e->port, 5298);
	assert_string_equal(e->host, "capulet.local");
	assert_true(e->has_txt);
	assert_int_equal(e->txt.status, TXT_AWAY);
	const char *const expected[] = {
	    "10.0.0.2 5298", "10.0.0.3 5298", "fd00::2 5298", "fe80::2%90003 5298"};
	assert_int_equal(e->addr_count, ARRAY_LEN(expected));
	for (size_t i = 0; i < e->addr_count; i++) {
		char text[80];
		print_address(&e->addr[i], text, sizeof(text));
		assert_string_equal(text, expected[i]);
	}
	fake_say(&w, "lost\tjuliet@capulet\t2\t4\n");
	world_pass(&w, 20);
	assert_int_equal(e->places, 1);
	assert_int_equal(e->addr_count, 2); /* those of interface 2 went with it */
	assert_false(world_told(&w, "gone"));
	fake_say(&w, "lost\tjuliet@capulet\t90003\t6\n");
	world_expect(&w, "gone juliet@capulet\n");
	assert_null(discovery_find(w.d, "juliet@capulet"));
	world_finish(&w);
}

static void
people_stay_when_the_helper_restarts(void **state)
{
	struct world w;
	struct discovery_state s;
	(void)state;
	world_init(&w);
	world_up(&w);
	fake_say(&w, JULIET_AT_2 "found\ttybalt@capulet\t2\t4\n");
	world_expect(&w, "new tybalt@capulet\n");
	fake_kill(w.fake);
	while (w.starts < 2)
		(void)uv_run(&w.loop, UV_RUN_ONCE);
	world_pass(&w, 10);
	assert_false(world_told(&w, "gone"));
	fake_say(&w, "backend\tembedded\t\n" JULIET_AT_2);
	world_expect(&w, "gone tybalt@capulet\n");
	assert_non_null(discovery_find(w.d, "juliet@capulet"));
	assert_false(world_told(&w, "gone juliet"));
	discovery_get_state(w.d, &s);
	assert_int_equal(s.helper_restarts, 1);
	assert_int_equal(s.helper_pid, WORLD_PID);
	assert_int_equal(s.entries, 1);
	assert_string_equal(s.backend, "embedded");
	world_finish(&w);
}

static void
everybody_is_gone_when_no_helper_comes_back(void **state)
{
	struct world w;
	struct discovery_state s;
	(void)state;
	world_init(&w);
	w.parts.mdns_times.dark_for = 150;
	world_up(&w);
	fake_say(&w, JULIET_AT_2);
	world_expect(&w, "new juliet@capulet\n");
	w.refuse = true;
	fake_kill(w.fake);
	world_expect(&w, "gone juliet@capulet\n");
	world_pass(&w, 150);
	discovery_get_state(w.d, &s);
	assert_int_equal(s.mdns, DISCOVERY_FAILED);
	assert_int_equal(s.helper_pid, 0);
	assert_non_null(strstr(s.problem, "helper"));
	world_finish(&w);
}

static void
a_reset_keeps_those_found_again(void **state)
{
	struct world w;
	(void)state;
	world_init(&w);
	world_up(&w);
	fake_say(&w, JULIET_AT_2 "found\ttybalt@capulet\t2\t4\n");
	world_expect(&w, "new tybalt@capulet\n");
	fake_say(&w, "reset\n" JULIET_AT_2);
	world_expect(&w, "gone tybalt@capulet\n");
	world_pass(&w, 100);
	assert_false(world_told(&w, "gone juliet"));
	assert_int_equal(world_count(&w.diary, "new juliet"), 1);
	world_finish(&w);
}

static void
our_own_instance_is_nobody(void **state)
{
	struct world w;
	(void)state;
	world_init(&w);
	world_up(&w);
	world_expect(&w, "name romeo@verona wished\n");
	fake_say(&w, "found\tRomeo@verona\t2\t4\npublished\tromeo@verona\n");
	world_expect(&w, "name romeo@verona published\n");
	world_pass(&w, 20);
	assert_false(world_told(&w, "new"));
	assert_null(discovery_find(w.d, "romeo@verona"));
	struct discovery_state s;
	discovery_get_state(w.d, &s);
	assert_int_equal(s.entries, 0);
	/* somebody else had the name: we are renamed, and that one appears */
	fake_say(&w, "published\tromeo-1@verona\nfound\tromeo-1@verona\t2\t4\n");
	world_expect(&w, "name romeo-1@verona published\n");
	world_expect(&w, "new Romeo@verona\n");
	assert_string_equal(discovery_own_name(w.d), "romeo-1@verona");
	assert_false(world_told(&w, "new romeo-1"));
	/* a helper that starts anew does not make us change our name for a moment */
	fake_say(&w, "machine\tverona\n");
	world_pass(&w, 20);
	assert_string_equal(discovery_own_name(w.d), "romeo-1@verona");
	world_finish(&w);
}

static void
resolve_is_answered_whatever_happens(void **state)
{
	struct world w;
	char line[64];
	(void)state;
	world_init(&w);
	world_up(&w);
	fake_say(&w, JULIET_AT_2 SERVICE_2 "address\tjuliet@capulet\t2\t10.0.0.9\n");
	world_expect(&w, "new juliet@capulet\n");
	struct discovery_entry *e = discovery_find(w.d, "juliet@capulet");
	world_pass(&w, 20);
	assert_int_equal(e->addr_count, 2);

	discovery_resolve(w.d, e);
	discovery_resolve(w.d, e); /* one question, one answer */
	world_expect_heard(&w, "resolve\tjuliet@capulet\n");
	fake_say(&w, "service\tjuliet@capulet\t2\t4\tcapulet.local\t5299\t10.0.0.9\ttxtvers=1\n"
		     "resolved\tjuliet@capulet\t1\n");
	world_expect(&w, "resolved juliet@capulet 0\n");
	assert_int_equal(world_count(&w.heard, "resolve\t"), 1);
	assert_int_equal(e->addr_count, 1); /* the old address is not an answer */
	assert_int_equal(e->port, 5299);

	buf_clear(&w.diary);
	discovery_resolve(w.d, e);
	fake_say(&w, "resolved\tjuliet@capulet\t0\n");
	(void)snprintf(line, sizeof(line), "resolved juliet@capulet %d\n", -ETIMEDOUT);
	world_expect(&w, line);
	assert_int_equal(e->addr_count, 1); /* no answer does not make us forget */

	buf_clear(&w.diary);
	discovery_resolve(w.d, e); /* the helper forgets to answer */
	world_expect(&w, line);

	buf_clear(&w.diary);
	discovery_resolve(w.d, e);
	fake_kill(w.fake);
	(void)snprintf(line, sizeof(line), "resolved juliet@capulet %d\n", -EPIPE);
	world_expect(&w, line);
	buf_clear(&w.diary);
	discovery_resolve(w.d, e); /* nobody to ask */
	assert_int_equal(w.diary.len, 0);
	world_expect(&w, line);
	world_finish(&w);
}

static void
who_leaves_answers_first(void **state)
{
	struct world w;
	char lines[128];
	(void)state;
	world_init(&w);
	world_up(&w);
	fake_say(&w, JULIET_AT_2);
	world_expect(&w, "new juliet@capulet\n");
	discovery_resolve(w.d, discovery_find(w.d, "juliet@capulet"));
	discovery_fetch_avatar(w.d, discovery_find(w.d, "juliet@capulet"));
	buf_clear(&w.diary);
	fake_say(&w, "lost\tjuliet@capulet\t2\t4\n");
	(void)snprintf(lines, sizeof(lines),
	    "resolved juliet@capulet %d\navatar juliet@capulet 0\ngone juliet@capulet\n",
	    ERR_ABSENT);
	world_expect(&w, lines);
	world_finish(&w);
}

static void
fetches_avatars(void **state)
{
	struct world w;
	(void)state;
	world_init(&w);
	world_up(&w);
	fake_say(&w, JULIET_AT_2);
	world_expect(&w, "new juliet@capulet\n");
	struct discovery_entry *e = discovery_find(w.d, "juliet@capulet");
	discovery_fetch_avatar(w.d, e);
	world_expect_heard(&w, "fetch\tjuliet@capulet\n");
	fake_say(&w, "avatar\tjuliet@capulet\t8950ff\n");
	world_expect(&w, "avatar juliet@capulet 3 89 50 ff\n");
	discovery_fetch_avatar(w.d, e);
	fake_say(&w, "avatar\tjuliet@capulet\t\n");
	world_expect(&w, "avatar juliet@capulet 0\n");
	/* one that nobody asked for is not told */
	buf_clear(&w.diary);
	fake_say(&w, "avatar\tjuliet@capulet\t8950ff\n");
	world_pass(&w, 20);
	assert_false(world_told(&w, "avatar"));
	world_finish(&w);
}

static void
publishes_at_once_then_once_a_second(void **state)
{
	struct world w;
	struct txt txt = {.first = "Romeo"};
	(void)state;
	world_init(&w);
	world_up(&w);
	for (int i = 0; i < 50; i++) {
		(void)snprintf(txt.msg, sizeof(txt.msg), "message %d", i);
		assert_int_equal(discovery_publish(w.d, &txt, 5298), 0);
		world_pass(&w, 1);
	}
	world_expect_heard(&w, "msg=message 49\n");
	assert_in_range(
	    world_count(&w.heard, "publish\tromeo\t5298\ttxtvers=1\t1st=Romeo\t"), 2, 4);
	/* what is the same is not said again; a new helper is told all */
	buf_clear(&w.heard);
	assert_int_equal(discovery_publish(w.d, &txt, 5298), 0);
	world_pass(&w, 100);
	assert_int_equal(w.heard.len, 0);
	assert_int_equal(discovery_publish_avatar(w.d, "\x89PNG", 4), 0);
	world_expect_heard(&w, "avatar\t89504e47\n");
	assert_int_equal(world_count(&w.heard, "publish"), 0);
	buf_clear(&w.heard);
	fake_kill(w.fake);
	world_expect_heard(&w, "avatar\t89504e47\npublish\tromeo\t5298\t");
	assert_int_equal(discovery_publish_avatar(w.d, NULL, 0), 0);
	world_expect_heard(&w, "avatar\t\n");
	world_finish(&w);
}

static void
n8_a_newcomer_takes_a_random_strangers_place(void **state)
{
	struct world w;
	char line[64];
	struct discovery_state s;
	(void)state;
	world_init(&w);
	w.parts.entries = 8;
	world_up(&w);
	fake_say(&w, JULIET_AT_2);
	world_expect(&w, "new juliet@capulet\n");
	discovery_find(w.d, "juliet@capulet")->kept = true;
	for (int i = 0; i < 500; i++) {
		(void)snprintf(line, sizeof(line), "found\tstranger-%d@x\t2\t4\n", i);
		fake_say(&w, line);
		if (i % 50 == 0)
			world_pass(&w, 1);
	}
	world_expect(&w, "new stranger-499@x\n");
	assert_non_null(discovery_find(w.d, "juliet@capulet"));
	discovery_get_state(w.d, &s);
	assert_int_equal(s.entries, 8 + 1);
	world_finish(&w);
}

/* All of them are kept: nobody has to go, and the next stranger gets in as well. */
static void
n8_the_kept_take_no_strangers_place(void **state)
{
	struct world w;
	char line[64], name[32];
	(void)state;
	world_init(&w);
	w.parts.entries = 8;
	world_up(&w);
	for (int i = 0; i < 20; i++) {
		(void)snprintf(name, sizeof(name), "friend-%d@x", i);
		(void)snprintf(line, sizeof(line), "found\t%s\t2\t4\n", name);
		fake_say(&w, line);
		(void)snprintf(line, sizeof(line), "new %s\n", name);
		world_expect(&w, line);
		discovery_find(w.d, name)->kept = true;
	}
	for (int i = 0; i < 100; i++) {
		(void)snprintf(line, sizeof(line), "found\tstranger-%d@x\t2\t4\n", i);
		fake_say(&w, line);
	}
	world_expect(&w, "new stranger-99@x\n");
	for (int i = 0; i < 20; i++) {
		(void)snprintf(name, sizeof(name), "friend-%d@x", i);
		assert_non_null(discovery_find(w.d, name));
	}
	world_finish(&w);
}

static void
n8_who_had_to_go_is_back_with_the_next_news(void **state)
{
	struct world w;
	(void)state;
	world_init(&w);
	world_up(&w);
	fake_say(&w, "service\tghost\t2\t4\th\t1\t10.0.0.1\tnick=Boo\n");
	world_expect(&w, "new ghost\n");
	assert_int_equal(discovery_find(w.d, "ghost")->addr_count, 1);
	fake_say(&w, "lost\tghost\t2\t4\n");
	world_expect(&w, "gone ghost\n");
	world_finish(&w);
}

static void
names_nobody_can_have_are_passed_over(void **state)
{
	struct world w;
	(void)state;
	world_init(&w);
	world_up(&w);
	fake_say(&w,
	    "found\t%FF%FE\t2\t4\nfound\ta%00b\t2\t4\nfound\t\t2\t4\nfound\t%01\t2\t4\n"
	    "found\t0123456789012345678901234567890123456789012345678901234567890123\t2\t4\n"
	    "lost\tghost\t2\t4\ntxt\tghost\ta=b\n"
	    "resolved\tghost\t1\navatar\tghost\t00\n"
	    "found\tfine \xc3\xa9\t2\t4\n");
	world_pass(&w, 30);
	assert_int_equal(w.starts, 2); /* raw UTF-8 is not the protocol: that one was dropped */
	assert_false(world_told(&w, "new"));
	fake_say(&w, "found\tfine%20%C3%A9\t2\t4\nservice\tfine%20%C3%A9\t2\t4\th\t1\t224.0.0.1\n"
		     "address\tfine%20%C3%A9\t2\t127.0.0.1\naddress\tfine%20%C3%A9\t2\trubbish\n");
	world_expect(&w, "new fine \xc3\xa9\n");
	assert_int_equal(discovery_find(w.d, "fine \xc3\xa9")->addr_count, 0);
	world_finish(&w);
}

static void
the_listener_may_close_from_its_callback(void **state)
{
	struct world w;
	(void)state;
	world_init(&w);
	world_up(&w);
	w.close_in_entry = true;
	fake_say(&w, JULIET_AT_2 "found\ttybalt@capulet\t2\t4\n");
	assert_true(world_run(&w, world_is_closed, NULL, PATIENCE_MS));
	assert_int_equal(world_count(&w.diary, "new"), 1);
	assert_true(world_heard(&w, "quit\n"));
	(void)uv_run(&w.loop, UV_RUN_DEFAULT);
	assert_int_equal(uv_loop_close(&w.loop), 0);
	buf_finish(&w.heard);
	buf_finish(&w.diary);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(one_person_on_two_interfaces_is_one_entry),
	    cmocka_unit_test(people_stay_when_the_helper_restarts),
	    cmocka_unit_test(everybody_is_gone_when_no_helper_comes_back),
	    cmocka_unit_test(a_reset_keeps_those_found_again),
	    cmocka_unit_test(our_own_instance_is_nobody),
	    cmocka_unit_test(resolve_is_answered_whatever_happens),
	    cmocka_unit_test(who_leaves_answers_first),
	    cmocka_unit_test(fetches_avatars),
	    cmocka_unit_test(publishes_at_once_then_once_a_second),
	    cmocka_unit_test(n8_a_newcomer_takes_a_random_strangers_place),
	    cmocka_unit_test(n8_the_kept_take_no_strangers_place),
	    cmocka_unit_test(n8_who_had_to_go_is_back_with_the_next_news),
	    cmocka_unit_test(names_nobody_can_have_are_passed_over),
	    cmocka_unit_test(the_listener_may_close_from_its_callback),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
