/* What is said to keys: whose it is, whatever happens to names, and over restarts. On a real
 * store, in a world that the test plays. */
#include "base/limits.h"
#include "chat/chat.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "talk.h"

#include "../support/keyed.h"

static int
set_up_keyed(void **state)
{
	int err = set_up(state);
	we_have_a_key();
	return err;
}

static void
restart_keyed(void)
{
	restart();
	we_have_a_key();
}

static struct stream *
comes(const char *name, const struct tls_peer *key)
{
	int err;
	struct stream *s = dials_with_key(name, HOME, key, &err);
	assert_int_equal(err, 0);
	settle();
	return s;
}

static void
expect_texts(const char *peer, const char *expected)
{
	struct ipc_call call;
	char params[128];
	struct buf texts = BUF_INIT(1000);
	(void)snprintf(params, sizeof(params), "{\"peer\":\"%s\"}", peer);
	call_method(&call, feature_history.methods, "history", params);
	settle();
	const struct value *messages = value_get(call.result, "messages");
	for (size_t i = 0; i < value_count(messages); i++)
		buf_fmt(&texts, "%s ", value_str(value_at(messages, i), "text"));
	assert_string_equal(buf_cstr(&texts), expected);
	buf_finish(&texts);
	call_finish(&call);
}

/* ---- over restarts ---- */

static void
i11_what_is_known_of_keys_outlives_a_restart(void **state)
{
	(void)state;
	int err;
	struct tls_peer key = key_of_number(1), other = key_of_number(2), third = key_of_number(3);
	romeo_with_key(&key);
	person_spoken_to(person_called(ROMEO));
	ends(dials_with_key(ROMEO, HOME, &other, &err), ERR_KEY);
	announce_key(TYBALT, &third, ELSEWHERE);
	ends(dials_with_key(TYBALT, ELSEWHERE, &third, &err), 0);
	assert_int_equal(contact_happens(person_called(TYBALT), TRUST_BLOCKED, NULL, "no"), 0);
	settle();
	for (int i = 0; i < 2; i++) {
		restart_keyed();
		assert_string_equal(trust_of(ROMEO), "known");
		assert_true(tls_id_equal(&person_called(ROMEO)->key, &key.id));
		assert_int_equal(person_called(ROMEO)->last.count, 1);
		assert_string_equal(trust_of(ROMEO "#02020202"), "changed");
		assert_string_equal(person_called(ROMEO "#02020202")->instance, ROMEO);
		assert_string_equal(trust_of(TYBALT), "new");
		assert_true(person_called(TYBALT)->blocked);
	}
	ends(dials_with_key(ROMEO, HOME, &other, &err), ERR_TRUST);
	assert_int_equal(err, ERR_TRUST);
	ends(dials_us(ROMEO, HOME, &err), ERR_TRUST);
	assert_int_equal(err, ERR_TRUST);
}

static void
nobody_is_told_from_anybody_before_all_is_read(void **state)
{
	(void)state;
	int err;
	struct tls_peer key = key_of_number(1);
	world.r.contacts_known = false;
	announce_key(ROMEO, &key, HOME);
	ends(dials_with_key(ROMEO, HOME, &key, &err), ERR_TRUST);
	assert_int_equal(err, ERR_TRUST);
	assert_false(person_called(ROMEO)->has_key);
	assert_int_equal(dials_us(TYBALT, ELSEWHERE, &err)->asked_again, false);
	assert_int_equal(err, -EAGAIN);
	person_dial(person_called(ROMEO));
	assert_null(person_called(ROMEO)->dialled);
	world.r.contacts_known = true;
	let_pass(500);
	assert_int_equal(shows_key(dialled_for(ROMEO), ROMEO, &key), 0);
}

static void
what_waits_for_a_first_key_is_not_said_in_plain_after_a_restart(void **state)
{
	(void)state;
	struct tls_peer key = key_of_number(1);
	char id[RANDOM_ID_SIZE];
	leaves(announce_key(ROMEO, &key, HOME));
	say_text("only to a key", id);
	restart_keyed();
	struct discovery_entry *e = romeo(TXT_CLIENT_LIBPURPLE);
	settle();
	assert_string_equal(trust_of(ROMEO), "new");
	assert_string_equal(trust_of(ROMEO "#plain"), "plain");
	assert_null(person_called(ROMEO "#plain")->dialled);
	assert_null(person_called(ROMEO)->dialled);
	announces(e, TXT_CLIENT_EARSHOT, &key);
	settle();
	assert_int_equal(shows_key(dialled_for(ROMEO), ROMEO, &key), 0);
	settle();
	assert_int_equal(times_sent(BODY("only to a key")), 1);
	assert_string_equal(trust_of(ROMEO), "known"); /* he was written to */
}

/* ---- names come and go ---- */

static void
what_waits_for_who_was_plain_goes_to_the_key(void **state)
{
	(void)state;
	struct tls_peer key = key_of_number(1);
	char id[RANDOM_ID_SIZE], later[RANDOM_ID_SIZE];
	struct discovery_entry *e = romeo(TXT_CLIENT_LIBPURPLE);
	leaves(e);
	say_text("to anybody", id);
	announce_key(ROMEO, &key, HOME);
	struct stream *s = comes(ROMEO, &key);
	settle();
	assert_int_equal(times_sent(BODY("to anybody")), 1);
	confirms_it(s, id);
	say_text("to the key", later);
	assert_int_equal(times_sent(BODY("to the key")), 1);
	confirms_it(s, later);
	expect_texts(ROMEO, "to anybody to the key ");
	assert_null(roster_get(&world.r, ROMEO "#plain"));
	restart_keyed();
	expect_texts(ROMEO, "to anybody to the key ");
	announce_key(ROMEO, &key, HOME);
	(void)comes(ROMEO, &key);
	assert_int_equal(times_sent(BODY("to anybody")), 0);
}

static void
what_was_said_follows_who_is_renamed(void **state)
{
	(void)state;
	struct tls_peer key = key_of_number(1);
	char id[RANDOM_ID_SIZE];
	struct discovery_entry *e = romeo_with_key(&key);
	leaves(e);
	say_text("one", id);
	announce_key(MERCUTIO, &key, HOME);
	(void)comes(MERCUTIO, &key);
	settle();
	assert_int_equal(times_sent(BODY("one")), 1);
	expect_texts(MERCUTIO, "one ");
	restart_keyed();
	assert_null(roster_get(&world.r, ROMEO));
	assert_true(tls_id_equal(&person_called(MERCUTIO)->key, &key.id));
	expect_texts(MERCUTIO, "one ");
}

static void
n3_what_waits_for_a_key_goes_to_nobody_else(void **state)
{
	(void)state;
	int err;
	struct tls_peer key = key_of_number(1), other = key_of_number(2);
	char id[RANDOM_ID_SIZE];
	struct discovery_entry *e = romeo_with_key(&key);
	announces(e, TXT_CLIENT_EARSHOT, &other);
	say_text("for Romeo", id);
	ends(dials_with_key(ROMEO, HOME, &other, &err), ERR_KEY);
	announces(e, TXT_CLIENT_LIBPURPLE, NULL);
	struct stream *plain = dials_us(ROMEO, HOME, &err);
	assert_int_equal(err, 0);
	says(plain, "<message type='chat'><body>it is me</body></message>");
	settle();
	expect_texts(ROMEO "#plain", "it is me ");
	assert_int_equal(times_sent(BODY("for Romeo")), 0);
	(void)comes(ROMEO, &key);
	assert_int_equal(times_sent(BODY("for Romeo")), 1);
}

/* ---- strangers ---- */

static void
n18_a_quiet_stranger_gets_to_say_one_thing(void **state)
{
	(void)state;
	struct tls_peer key = key_of_number(1);
	world.r.policy.strangers = POLICY_STRANGERS_QUIET;
	announce_key(ROMEO, &key, HOME);
	struct stream *s = comes(ROMEO, &key);
	says(s, "<message id='a' type='chat'><body>one</body></message>");
	says(s, "<message id='b' type='chat'><body>two</body></message>"); /* not kept yet */
	settle();
	says(s, "<message id='c' type='chat'><body>three</body></message>");
	settle();
	expect_texts(ROMEO, "one ");
	assert_int_equal(times_sent("<error type='wait'><resource-constraint "), 2);
	person_spoken_to(person_called(ROMEO));
	says(s, "<message id='b' type='chat'><body>two</body></message>");
	settle();
	expect_texts(ROMEO, "one two ");
}

static void
n18_who_is_told_to_wait_does_so_until_spoken_to(void **state)
{
	(void)state;
	struct tls_peer key = key_of_number(1);
	char one[RANDOM_ID_SIZE], two[RANDOM_ID_SIZE], error[256];
	announce_key(ROMEO, &key, HOME);
	struct stream *s = comes(ROMEO, &key);
	say_text("one", one);
	say_text("two", two);
	assert_int_equal(times_sent("<body>"), 2);
	confirms_it(s, one);
	(void)snprintf(error, sizeof(error),
	    "<message type='error' id='%s'><error type='wait'><resource-constraint "
	    "xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></message>",
	    two);
	says(s, error);
	settle();
	say_text("three", one);
	expect_newest("queued");
	assert_int_equal(times_sent("<body>"), 0);
	says(s, "<message type='chat'><body>go on</body></message>");
	settle();
	assert_int_equal(times_sent("<body>"), 2);
	confirms_it(s, two);
	confirms_it(s, one);
	expect_texts(ROMEO, "one two three go on ");
}

#undef TEST
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up_keyed, tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(i11_what_is_known_of_keys_outlives_a_restart),
	    TEST(nobody_is_told_from_anybody_before_all_is_read),
	    TEST(what_waits_for_a_first_key_is_not_said_in_plain_after_a_restart),
	    TEST(what_waits_for_who_was_plain_goes_to_the_key),
	    TEST(what_was_said_follows_who_is_renamed),
	    TEST(n3_what_waits_for_a_key_goes_to_nobody_else),
	    TEST(n18_a_quiet_stranger_gets_to_say_one_thing),
	    TEST(n18_who_is_told_to_wait_does_so_until_spoken_to),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
