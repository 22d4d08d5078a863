#include "base/limits.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "../support/world.h"

#include "../support/keyed.h"

/* ---- the first key ---- */

static void
the_first_key_of_a_name_is_its_key(void **state)
{
	(void)state;
	int err;
	struct tls_peer key = key_of_number(1);
	announce_key(ROMEO, &key, HOME);
	assert_string_equal(trust_of(ROMEO), "new");
	assert_false(person_called(ROMEO)->has_key);
	struct stream *s = dials_with_key(ROMEO, HOME, &key, &err);
	assert_int_equal(err, 0);
	assert_int_equal(s->security, STREAM_ENCRYPTED);
	struct person *p = person_called(ROMEO);
	assert_true(p->has_key && p->current == s);
	assert_string_equal(trust_of(ROMEO), "new");
	person_spoken_to(p);
	assert_string_equal(trust_of(ROMEO), "known");
	struct value *v = person_describe(p);
	assert_string_equal(value_str(v, "tag"), "01010101");
	assert_true(value_bool(v, "encrypted", false));
	value_free(v);
}

static void
the_first_key_needs_its_address_and_its_hint(void **state)
{
	(void)state;
	int err;
	struct tls_peer key = key_of_number(1), other = key_of_number(2);
	struct discovery_entry *e = announce_key(ROMEO, &key, HOME);
	dials_with_key(ROMEO, ELSEWHERE, &key, &err);
	assert_int_equal(err, -EAGAIN);
	struct stream *s = dials_with_key(ROMEO, HOME, &other, &err);
	assert_int_equal(err, -EAGAIN);
	assert_false(person_called(ROMEO)->has_key);
	announces(e, TXT_CLIENT_EARSHOT, &other); /* it was on its way */
	assert_int_equal(ask_again(s), 0);
	assert_true(tls_id_equal(&person_called(ROMEO)->key, &other.id));
}

static void
whoever_is_dialled_has_to_have_the_key_that_is_announced(void **state)
{
	(void)state;
	static struct outcome o; /* may be told at the very end */
	struct tls_peer key = key_of_number(1), other = key_of_number(2);
	announce_key(ROMEO, &key, HOME);
	assert_int_equal(say(ROMEO, "<hello/>", &o), 0);
	struct stream *s = dialled_for(ROMEO);
	assert_int_equal(s->security, STREAM_ENCRYPTED);
	assert_int_equal(shows_key(s, ROMEO, &other), ERR_KEY);
	ends(s, ERR_KEY);
	resolved(0);
	assert_int_equal(shows_key(dialled_for(ROMEO), ROMEO, &key), 0);
	expect_sent("<hello/>");
}

static void
our_own_key_is_no_company(void **state)
{
	(void)state;
	int err;
	struct tls_peer own = key_of_number(OWN_KEY);
	announce_key(ROMEO, &own, HOME);
	dials_with_key(ROMEO, HOME, &own, &err);
	assert_int_equal(err, ERR_KEY);
}

/* ---- impostors ---- */

/* Anybody gets Mercutio's certificate by dialling him, and can show it under any name. */
static void
n4_a_certificate_that_is_only_shown_changes_nothing(void **state)
{
	(void)state;
	int err;
	static struct outcome o; /* may be told at the very end */
	struct tls_peer key = key_of_number(1), his = key_of_number(2);
	romeo_with_key(&key);
	struct stream *s = new_stream(true);
	s->from = ROMEO;
	s->remote = endpoint(ELSEWHERE, 40000);
	assert_int_equal(link_stream_listener.check_key(&world.r, s, &his), 0);
	ends(s, ERR_PROTO);
	assert_int_equal(say(ROMEO, "<hello/>", &o), 0);
	s = dialled_for(ROMEO);
	s->from = ROMEO;
	assert_int_equal(link_stream_listener.check_key(&world.r, s, &his), 0);
	ends(s, ERR_PROTO);
	let_pass(5000);
	assert_null(roster_get(&world.r, ROMEO "#02020202"));
	announce_key(MERCUTIO, &his, ELSEWHERE);
	dials_with_key(MERCUTIO, ELSEWHERE, &his, &err);
	assert_int_equal(err, 0);
}

static void
n4_another_key_under_the_name_gets_nothing_and_is_shown(void **state)
{
	(void)state;
	int err;
	struct tls_peer key = key_of_number(1), other = key_of_number(2);
	romeo_with_key(&key);
	struct stream *s = dials_with_key(ROMEO, HOME, &other, &err);
	assert_int_equal(err, ERR_KEY);
	ends(s, ERR_KEY);
	assert_string_equal(trust_of(ROMEO "#02020202"), "changed");
	assert_true(tls_id_equal(&person_called(ROMEO)->key, &key.id));
	static struct outcome o; /* may be told at the very end */
	assert_int_equal(say(ROMEO "#02020202", "<hello/>", &o), ERR_TRUST);
	/* once more, and another one: only the latest is listed */
	ends(dials_with_key(ROMEO, HOME, &other, &err), ERR_KEY);
	assert_int_equal(err, ERR_TRUST);
	other = key_of_number(3);
	ends(dials_with_key(ROMEO, HOME, &other, &err), ERR_KEY);
	assert_string_equal(trust_of(ROMEO "#03030303"), "changed");
	assert_null(roster_get(&world.r, ROMEO "#02020202"));
}

static void
two_keys_with_one_tag_have_two_names(void **state)
{
	(void)state;
	int err;
	struct tls_peer key = key_of_number(1), other = key_of_number(2), twin = other;
	struct discovery_entry *e = romeo_with_key(&key);
	announces(e, TXT_CLIENT_EARSHOT, &other); /* stays in the list because it is announced */
	ends(dials_with_key(ROMEO, HOME, &other, &err), ERR_KEY);
	twin.id.bytes[31] = 0xff;
	ends(dials_with_key(ROMEO, HOME, &twin, &err), ERR_KEY);
	assert_true(tls_id_equal(&person_called(ROMEO "#02020202")->key, &other.id));
	twin.id.bytes[4] = 0xff; /* and announced unlike the other */
	ends(dials_with_key(ROMEO, HOME, &twin, &err), ERR_KEY);
	assert_true(tls_id_equal(&person_called(ROMEO "#02020202")->key, &other.id));
	assert_non_null(contact_by_key(&world.r, &twin.id));
}

static void
n3_what_is_announced_with_another_key_is_somebody_else(void **state)
{
	(void)state;
	static struct outcome o; /* may be told at the very end */
	struct tls_peer key = key_of_number(1), other = key_of_number(2);
	struct discovery_entry *e = romeo_with_key(&key);
	announces(e, TXT_CLIENT_EARSHOT, &other);
	expect_state(ROMEO, PERSON_GONE);
	assert_string_equal(trust_of(ROMEO "#02020202"), "changed");
	assert_false(person_called(ROMEO "#02020202")->has_key); /* nobody proved it */
	/* he is looked for where he was, and there he has to have his key */
	assert_int_equal(say(ROMEO, "<hello/>", &o), 0);
	struct stream *s = dialled_for(ROMEO);
	assert_int_equal(shows_key(s, ROMEO, &other), ERR_KEY);
	ends(s, ERR_KEY);
	let_pass(250);
	assert_int_equal(o.err, ERR_KEY);
	assert_true(person_called(ROMEO "#02020202")->has_key);
	expect_sent("");
	announces(e, TXT_CLIENT_EARSHOT, &key);
	expect_state(ROMEO, PERSON_ANNOUNCED);
	expect_state(ROMEO "#02020202", PERSON_GONE);
}

static void
n7_a_plain_impostor_is_another_contact(void **state)
{
	(void)state;
	int err;
	static struct outcome o; /* may be told at the very end */
	struct tls_peer key = key_of_number(1);
	struct discovery_entry *e = romeo_with_key(&key);
	dials_us(ROMEO, HOME, &err);
	assert_int_equal(err, ERR_TRUST); /* nothing in plain is announced */
	announces(e, TXT_CLIENT_LIBPURPLE, NULL);
	assert_string_equal(trust_of(ROMEO "#plain"), "plain");
	struct stream *s = dials_us(ROMEO, HOME, &err);
	assert_int_equal(err, 0);
	assert_ptr_equal(stream_user(s), person_called(ROMEO "#plain"));
	assert_null(person_called(ROMEO)->current);
	/* what is said to him does not go there, and what is said there goes by his name */
	assert_int_equal(say(ROMEO, "<hello/>", &o), 0);
	expect_sent("");
	assert_int_equal(dialled_for(ROMEO)->security, STREAM_ENCRYPTED);
	assert_string_equal(person_called(ROMEO "#plain")->instance, ROMEO);
	/* the true one may still prove himself under such an announcement */
	struct stream *true_one = dials_with_key(ROMEO, HOME, &key, &err);
	assert_int_equal(true_one->security, STREAM_OPPORTUNISTIC);
	assert_int_equal(err, 0);
	assert_ptr_equal(stream_user(true_one), person_called(ROMEO));
	expect_sent("<hello/>");
}

static void
nobody_is_announced_under_a_name_that_is_given_here(void **state)
{
	(void)state;
	int err;
	struct tls_peer key = key_of_number(1), other = key_of_number(2);
	romeo_with_key(&key);
	announce(ROMEO "#plain", TXT_CLIENT_LIBPURPLE, ELSEWHERE, DISCOVERY_MDNS);
	assert_null(roster_get(&world.r, ROMEO "#plain"));
	dials_with_key(ROMEO "#02020202", ELSEWHERE, &other, &err);
	assert_int_equal(err, ERR_TRUST);
}

static void
a_live_stream_survives_whatever_is_announced(void **state)
{
	(void)state;
	int err;
	struct tls_peer key = key_of_number(1), other = key_of_number(2);
	struct discovery_entry *e = announce_key(ROMEO, &key, HOME);
	struct stream *s = dials_with_key(ROMEO, HOME, &key, &err);
	announces(e, TXT_CLIENT_EARSHOT, &other);
	announces(e, TXT_CLIENT_LIBPURPLE, NULL);
	leaves(e);
	people_discovery_listener.on_name(&world.r, "juliet-2@pronto", true);
	assert_false(s->closing);
	assert_ptr_equal(person_called(ROMEO)->current, s);
	expect_state(ROMEO, PERSON_ANSWERED);
}

/* ---- where to find him ---- */

static void
n3_a_wrong_key_is_passed_over_for_the_next_place(void **state)
{
	(void)state;
	static struct outcome o; /* may be told at the very end */
	struct tls_peer key = key_of_number(1), other = key_of_number(2);
	struct discovery_entry *e = romeo_with_key(&key);
	e->addr[0] = endpoint(ELSEWHERE, 5298);
	announce_key("fake@terra", &key, "192.0.2.67");
	buf_clear(&world.events);
	assert_int_equal(say(ROMEO, "<hello/>", &o), 0);
	static const char *const places[] = {HOME, ELSEWHERE};
	for (size_t i = 0; i < ARRAY_LEN(places); i++) {
		struct stream *s = dialled_for(ROMEO);
		struct sockaddr_storage place = endpoint(places[i], 5298);
		assert_true(address_same_host(stream_remote(s), &place));
		assert_int_equal(shows_key(s, "somebody@terra", &other), ERR_KEY);
		ends(s, ERR_KEY);
	}
	assert_int_equal(shows_key(dialled_for(ROMEO), ROMEO, &key), 0);
	expect_sent("<hello/>");
	/* who lives where he lived does not pose as him */
	assert_null(contact_changed_of(person_called(ROMEO)));
}

static void
who_is_not_announced_is_looked_for_where_he_was(void **state)
{
	(void)state;
	static struct outcome o; /* may be told at the very end */
	struct tls_peer key = key_of_number(1);
	leaves(romeo_with_key(&key));
	expect_state(ROMEO, PERSON_GONE);
	assert_int_equal(say(ROMEO, "<hello/>", &o), 0);
	assert_int_equal(shows_key(dialled_for(ROMEO), ROMEO, &key), 0);
	expect_sent("<hello/>");
	expect_state(ROMEO, PERSON_ANSWERED);
}

static void
a_key_may_come_from_anywhere(void **state)
{
	(void)state;
	int err;
	struct tls_peer key = key_of_number(1);
	romeo_with_key(&key);
	dials_with_key(ROMEO, "198.51.100.1", &key, &err);
	assert_int_equal(err, 0);
	expect_state(ROMEO, PERSON_ANSWERED);
}

/* ---- other names ---- */

static void
who_is_renamed_is_followed(void **state)
{
	(void)state;
	int err;
	struct tls_peer key = key_of_number(1);
	struct discovery_entry *e = romeo_with_key(&key);
	struct person *p = person_called(ROMEO);
	leaves(e);
	announce_key(MERCUTIO, &key, ELSEWHERE);
	expect_state(ROMEO, PERSON_ANNOUNCED); /* perhaps */
	assert_null(roster_get(&world.r, MERCUTIO));
	let_pass(250);
	assert_int_equal(shows_key(dialled_for(ROMEO), MERCUTIO, &key), 0);
	assert_ptr_equal(person_called(MERCUTIO), p);
	assert_string_equal(p->instance, MERCUTIO);
	assert_null(roster_get(&world.r, ROMEO));
	/* his old name is free for another key */
	struct tls_peer other = key_of_number(2);
	announce_key(ROMEO, &other, HOME);
	dials_with_key(ROMEO, HOME, &other, &err);
	assert_int_equal(err, 0);
	assert_string_equal(trust_of(ROMEO), "new");
}

static void
what_waits_under_the_new_name_is_his(void **state)
{
	(void)state;
	int err;
	static struct outcome o; /* may be told at the very end */
	struct tls_peer key = key_of_number(1);
	struct discovery_entry *e = romeo_with_key(&key);
	struct person *p = person_called(ROMEO);
	announce(MERCUTIO, TXT_CLIENT_EARSHOT, ELSEWHERE, DISCOVERY_MDNS);
	assert_int_equal(say(MERCUTIO, "<hello/>", &o), 0);
	assert_ptr_not_equal(person_called(MERCUTIO), p);
	leaves(e);
	dials_with_key(MERCUTIO, ELSEWHERE, &key, &err);
	assert_int_equal(err, 0);
	assert_ptr_equal(person_called(MERCUTIO), p);
	expect_sent("<hello/>");
}

static void
two_who_swap_their_names_stay_who_they_are(void **state)
{
	(void)state;
	int err;
	struct tls_peer one = key_of_number(1), two = key_of_number(2);
	struct discovery_entry *a = romeo_with_key(&one),
			       *b = announce_key(TYBALT, &two, ELSEWHERE);
	ends(dials_with_key(TYBALT, ELSEWHERE, &two, &err), 0);
	announces(a, TXT_CLIENT_EARSHOT, &two);
	announces(b, TXT_CLIENT_EARSHOT, &one);
	struct stream *s = dials_with_key(ROMEO, HOME, &two, &err);
	assert_int_equal(err, 0);
	assert_ptr_equal(stream_user(s), person_called(TYBALT));
	assert_string_equal(person_called(TYBALT)->instance, ROMEO);
	s = dials_with_key(TYBALT, ELSEWHERE, &one, &err);
	assert_int_equal(err, 0);
	assert_ptr_equal(stream_user(s), person_called(ROMEO));
	assert_null(contact_changed_of(person_called(ROMEO)));
}

static void
a_known_key_takes_nobodys_name(void **state)
{
	(void)state;
	int err;
	struct tls_peer one = key_of_number(1), two = key_of_number(2);
	romeo_with_key(&one);
	announce_key(TYBALT, &two, ELSEWHERE);
	ends(dials_with_key(TYBALT, ELSEWHERE, &two, &err), 0);
	struct stream *s = dials_with_key(ROMEO, ELSEWHERE, &two, &err);
	assert_int_equal(err, 0);
	assert_ptr_equal(stream_user(s), person_called(TYBALT));
	assert_true(tls_id_equal(&person_called(ROMEO)->key, &one.id));
}

static void
a_key_that_was_handed_over_takes_the_old_ones_place(void **state)
{
	(void)state;
	int err;
	struct tls_peer key = key_of_number(1), next = key_of_number(2);
	struct discovery_entry *e = romeo_with_key(&key);
	struct person *p = person_called(ROMEO);
	person_spoken_to(p);
	ends(dials_with_key(ROMEO, HOME, &next, &err), ERR_KEY);
	assert_string_equal(trust_of(ROMEO "#02020202"), "changed");
	next.formerly[next.formerly_count++] = key.id;
	struct stream *s = dials_with_key(ROMEO, HOME, &next, &err);
	assert_int_equal(err, 0);
	assert_ptr_equal(stream_user(s), p);
	assert_true(tls_id_equal(&p->key, &next.id));
	assert_string_equal(trust_of(ROMEO), "known");
	assert_null(roster_get(&world.r, ROMEO "#02020202"));
	ends(dials_with_key(ROMEO, HOME, &key, &err), ERR_KEY); /* the old one is nobody's now */
	assert_int_equal(err, ERR_KEY);
	announces(e, TXT_CLIENT_EARSHOT, &next);
	assert_ptr_equal(p->entry, e);
}

static void
who_talked_in_plain_may_come_to_have_a_key(void **state)
{
	(void)state;
	int err;
	static struct outcome o; /* may be told at the very end */
	struct tls_peer key = key_of_number(1);
	struct discovery_entry *e = romeo(TXT_CLIENT_LIBPURPLE);
	struct stream *old = dials_us(ROMEO, HOME, &err);
	struct person *plain = person_called(ROMEO);
	assert_string_equal(trust_of(ROMEO), "plain");
	ends(old, 0);
	announces(e, TXT_CLIENT_EARSHOT, &key);
	assert_string_equal(trust_of(ROMEO), "plain"); /* hearsay */
	let_pass(250);
	struct stream *s = dialled_for(ROMEO);
	assert_int_equal(say(ROMEO, "<hello/>", &o), 0);
	assert_int_equal(shows_key(s, ROMEO, &key), 0);
	assert_ptr_equal(person_called(ROMEO), plain);
	assert_string_equal(trust_of(ROMEO), "new");
	assert_ptr_equal(plain->entry, e);
	assert_ptr_equal(plain->current, s);
	expect_sent("<hello/>"); /* it waited for whoever has the name */
}

/* ---- what a known key may not do ---- */

static void
a_known_key_takes_no_name_that_waits_or_talks_by_saying_so(void **state)
{
	(void)state;
	int err;
	struct tls_peer key = key_of_number(1), hers = key_of_number(2);
	romeo_with_key(&key);
	announce_key(MERCUTIO, &hers, ELSEWHERE);
	person_set_kept(person_called(MERCUTIO), true); /* something waits for him */
	struct person *waiting = person_called(MERCUTIO);
	struct stream *s = dials_with_key(MERCUTIO, HOME, &key, &err);
	assert_int_equal(err, 0);
	assert_ptr_equal(stream_user(s), person_called(ROMEO));
	assert_ptr_equal(person_called(MERCUTIO), waiting);
	announce(TYBALT, TXT_CLIENT_LIBPURPLE, "192.0.2.7", DISCOVERY_MDNS);
	dials_us(TYBALT, "192.0.2.7", &err);
	struct person *plain = person_called(TYBALT);
	s = dials_with_key(TYBALT, HOME, &key, &err);
	assert_ptr_equal(person_called(TYBALT), plain);
	assert_null(roster_get(&world.r, TYBALT "#plain"));
	assert_ptr_equal(stream_user(s), person_called(ROMEO));
	person_set_kept(waiting, false);
}

static void
a_known_key_takes_no_name_that_cannot_be_announced(void **state)
{
	(void)state;
	int err;
	struct tls_peer key = key_of_number(1);
	romeo_with_key(&key);
	announce(FIXED, TXT_CLIENT_UNKNOWN, "192.0.2.9", DISCOVERY_FIXED);
	struct person *fixed = person_called(FIXED);
	dials_with_key("\n" FIXED, HOME, &key, &err);
	assert_int_equal(err, 0);
	assert_ptr_equal(person_called(FIXED), fixed);
	assert_ptr_not_equal(person_called(ROMEO), fixed);
}

static void
n3_a_fixed_address_gives_no_right_to_an_announced_name(void **state)
{
	(void)state;
	struct tls_peer key = key_of_number(1), other = key_of_number(2);
	(void)announce_key(ROMEO, &key, HOME);
	announce(FIXED, TXT_CLIENT_UNKNOWN, "192.0.2.9", DISCOVERY_FIXED);
	person_dial(person_called(FIXED));
	struct stream *s = dialled_for(FIXED);
	assert_int_equal(shows_key(s, ROMEO, &other), ERR_KEY);
	ends(s, ERR_KEY);
	assert_false(person_called(ROMEO)->has_key);
}

/* ---- streams that are not a person's any more ---- */

static void
nothing_is_heard_or_said_on_a_stream_of_another_key(void **state)
{
	(void)state;
	int err;
	static struct outcome o; /* may be told at the very end */
	struct tls_peer key = key_of_number(1), other = key_of_number(2);
	romeo_with_key(&key);
	struct person *p = person_called(ROMEO);
	struct stream *s = dials_with_key(ROMEO, HOME, &key, &err);
	ends(dials_with_key(ROMEO, HOME, &other, &err), ERR_KEY);
	assert_int_equal(contact_accept_key(p, contact_changed_of(p)), 0);
	people_set_state(p, PERSON_SILENT);
	says(s, "<iq type='get' id='1'><query xmlns='urn:example:x'/></iq>");
	expect_state(ROMEO, PERSON_SILENT);
	assert_int_equal(say(ROMEO, "<hello/>", &o), 0);
	expect_sent("");
	ends(s, 0);
}

static void
what_a_fixed_peer_said_in_plain_is_not_said_by_a_key(void **state)
{
	(void)state;
	int err;
	struct tls_peer key = key_of_number(1);
	leaves(romeo_with_key(&key));
	announce(FIXED, TXT_CLIENT_UNKNOWN, "192.0.2.9", DISCOVERY_FIXED);
	struct stream *plain = dials_us(NULL, "192.0.2.9", &err);
	assert_int_equal(err, 0);
	let_pass(250);
	person_dial(person_called(FIXED));
	struct stream *s = dialled_for(FIXED);
	assert_int_equal(shows_key(s, ROMEO, &key), 0);
	struct person *p = person_called(ROMEO);
	assert_ptr_equal(stream_user(plain), p);
	assert_ptr_equal(p->current, s);
	buf_clear(&world.sent);
	says(plain, "<iq type='get' id='1'><query xmlns='urn:example:x'/></iq>");
	expect_sent("");
	assert_true(plain->closing);
	assert_false(s->closing);
	ends(plain, ERR_TRUST);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, keyed_begin, keyed_end)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(the_first_key_of_a_name_is_its_key),
	    TEST(the_first_key_needs_its_address_and_its_hint),
	    TEST(whoever_is_dialled_has_to_have_the_key_that_is_announced),
	    TEST(our_own_key_is_no_company),
	    TEST(n4_a_certificate_that_is_only_shown_changes_nothing),
	    TEST(n4_another_key_under_the_name_gets_nothing_and_is_shown),
	    TEST(two_keys_with_one_tag_have_two_names),
	    TEST(n3_what_is_announced_with_another_key_is_somebody_else),
	    TEST(n7_a_plain_impostor_is_another_contact),
	    TEST(nobody_is_announced_under_a_name_that_is_given_here),
	    TEST(a_live_stream_survives_whatever_is_announced),
	    TEST(n3_a_wrong_key_is_passed_over_for_the_next_place),
	    TEST(who_is_not_announced_is_looked_for_where_he_was),
	    TEST(a_key_may_come_from_anywhere),
	    TEST(who_is_renamed_is_followed),
	    TEST(what_waits_under_the_new_name_is_his),
	    TEST(two_who_swap_their_names_stay_who_they_are),
	    TEST(a_known_key_takes_nobodys_name),
	    TEST(a_key_that_was_handed_over_takes_the_old_ones_place),
	    TEST(who_talked_in_plain_may_come_to_have_a_key),
	    TEST(a_known_key_takes_no_name_that_waits_or_talks_by_saying_so),
	    TEST(a_known_key_takes_no_name_that_cannot_be_announced),
	    TEST(n3_a_fixed_address_gives_no_right_to_an_announced_name),
	    TEST(nothing_is_heard_or_said_on_a_stream_of_another_key),
	    TEST(what_a_fixed_peer_said_in_plain_is_not_said_by_a_key),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
