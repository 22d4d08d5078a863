#include "base/limits.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "../support/world.h"

#include "../support/keyed.h"

/* ---- fixed peers ---- */

static void
a_fixed_peer_that_encrypts_gets_its_name_and_its_key(void **state)
{
	(void)state;
	struct tls_peer key = key_of_number(1);
	announce(FIXED, TXT_CLIENT_UNKNOWN, "192.0.2.9", DISCOVERY_FIXED);
	let_pass(250);
	struct stream *s = dialled_for(FIXED);
	assert_int_equal(s->security, STREAM_OPPORTUNISTIC);
	assert_int_equal(shows_key(s, ROMEO, &key), 0);
	assert_true(tls_id_equal(&person_called(ROMEO)->key, &key.id));
	assert_null(roster_get(&world.r, FIXED));
}

static void
a_fixed_peer_poses_as_nobody(void **state)
{
	(void)state;
	struct tls_peer key = key_of_number(1), other = key_of_number(2);
	romeo_with_key(&key);
	announce(FIXED, TXT_CLIENT_UNKNOWN, "192.0.2.9", DISCOVERY_FIXED);
	let_pass(250);
	struct stream *s = dialled_for(FIXED);
	assert_int_equal(shows_key(s, ROMEO, &other), ERR_KEY);
	ends(s, ERR_KEY);
	let_pass(30250);
	s = dialled_for(FIXED);
	get_ready(s, ROMEO); /* in plain */
	assert_true(s->closing);
	assert_int_equal(person_called(ROMEO)->stream_count, 0);
}

static void
a_fixed_peer_may_be_somebody_known(void **state)
{
	(void)state;
	struct tls_peer key = key_of_number(1);
	leaves(romeo_with_key(&key));
	announce(FIXED, TXT_CLIENT_UNKNOWN, "192.0.2.9", DISCOVERY_FIXED);
	let_pass(250);
	struct stream *s = dialled_for(FIXED);
	assert_int_equal(shows_key(s, MERCUTIO, &key), 0);
	assert_ptr_equal(stream_user(s), person_called(MERCUTIO));
	assert_null(roster_get(&world.r, ROMEO));
	assert_null(roster_get(&world.r, FIXED));
}

/* ---- streams that cross ---- */

static void
of_two_that_cross_the_lower_ids_survives(void **state)
{
	(void)state;
	for (int lower = 0; lower < 2; lower++) {
		int err;
		char name[32];
		struct tls_peer key = key_of_number(lower ? OWN_KEY + 1 : 1);
		(void)snprintf(name, sizeof(name), "cross-%d@forza", lower);
		announce_key(name, &key, HOME);
		person_dial(person_called(name));
		struct stream *ours = dialled_for(name);
		struct stream *theirs = dials_with_key(name, HOME, &key, &err);
		assert_int_equal(err, 0);
		assert_ptr_equal(person_called(name)->current, theirs);
		assert_ptr_equal(dialled_for(name), ours);
		world.now += 4000;
		assert_int_equal(shows_key(ours, name, &key), 0);
		/* we are the lower ones when theirs is higher */
		struct stream *stays = lower ? ours : theirs, *goes = lower ? theirs : ours;
		assert_ptr_equal(person_called(name)->current, stays);
		assert_false(stays->closing);
		assert_true(goes->closing);
		assert_int_equal(goes->close_err, 0);
	}
}

static void
later_the_newer_stream_counts(void **state)
{
	(void)state;
	int err;
	struct tls_peer key = key_of_number(1);
	announce_key(ROMEO, &key, HOME);
	struct stream *one = dials_with_key(ROMEO, HOME, &key, &err);
	world.now += 1000;
	struct stream *two = dials_with_key(ROMEO, HOME, &key, &err);
	assert_true(one->closing); /* the same side opened both: it has lost the first */
	assert_ptr_equal(person_called(ROMEO)->current, two);
	person_called(ROMEO)->current = NULL;
	two->closing = true;
	ends(two, 0);
	ends(one, 0);
}

/* ---- what the user decides ---- */

static void
the_blocked_are_neither_heard_nor_dialled(void **state)
{
	(void)state;
	int err;
	static struct outcome o; /* may be told at the very end */
	struct tls_peer key = key_of_number(1);
	romeo_with_key(&key);
	assert_int_equal(contact_happens(person_called(ROMEO), TRUST_BLOCKED, NULL, "blocked"), 0);
	dials_with_key(ROMEO, HOME, &key, &err);
	assert_int_equal(err, ERR_TRUST);
	assert_int_equal(say(ROMEO, "<hello/>", &o), ERR_TRUST);
	person_dial(person_called(ROMEO));
	let_pass(500);
	assert_null(person_called(ROMEO)->dialled);
	romeo(TXT_CLIENT_LIBPURPLE);
}

static void
another_key_is_accepted_by_the_user_alone(void **state)
{
	(void)state;
	int err;
	struct tls_peer key = key_of_number(1), other = key_of_number(2);
	struct discovery_entry *e = romeo_with_key(&key);
	struct person *p = person_called(ROMEO);
	announces(e, TXT_CLIENT_EARSHOT, &other);
	ends(dials_with_key(ROMEO, HOME, &other, &err), ERR_KEY);
	assert_int_equal(contact_accept_key(p, contact_changed_of(p)), 0);
	assert_string_equal(trust_of(ROMEO), "known");
	assert_null(roster_get(&world.r, ROMEO "#02020202"));
	assert_ptr_equal(p->entry, e);
	struct stream *s = dials_with_key(ROMEO, HOME, &other, &err);
	assert_int_equal(err, 0);
	assert_ptr_equal(stream_user(s), p);
	dials_with_key(ROMEO, HOME, &key, &err);
	assert_int_equal(err, ERR_KEY);
}

static void
a_forgotten_name_waits_for_its_next_key(void **state)
{
	(void)state;
	int err;
	struct tls_peer key = key_of_number(1), other = key_of_number(2);
	struct discovery_entry *e = romeo_with_key(&key);
	assert_int_equal(contact_happens(person_called(ROMEO), TRUST_FORGOTTEN, NULL, "gone"), 0);
	announces(e, TXT_CLIENT_LIBPURPLE, NULL);
	assert_string_equal(trust_of(ROMEO), "new");
	assert_string_equal(trust_of(ROMEO "#plain"), "plain");
	announces(e, TXT_CLIENT_EARSHOT, &other);
	dials_with_key(ROMEO, HOME, &other, &err);
	assert_int_equal(err, 0);
	assert_true(tls_id_equal(&person_called(ROMEO)->key, &other.id));
}

static void
strangers_may_be_denied(void **state)
{
	(void)state;
	int err;
	static struct outcome o; /* may be told at the very end */
	struct tls_peer key = key_of_number(1);
	world.r.policy.strangers = POLICY_STRANGERS_DENY;
	announce_key(ROMEO, &key, HOME);
	ends(dials_with_key(ROMEO, HOME, &key, &err), ERR_TRUST);
	assert_int_equal(err, ERR_TRUST);
	person_spoken_to(person_called(ROMEO)); /* we may begin */
	assert_int_equal(say(ROMEO, "<hello/>", &o), 0);
	assert_int_equal(shows_key(dialled_for(ROMEO), ROMEO, &key), 0);
	announce(TYBALT, TXT_CLIENT_LIBPURPLE, ELSEWHERE, DISCOVERY_MDNS);
	dials_us(TYBALT, ELSEWHERE, &err);
	assert_int_equal(err, ERR_TRUST);
}

static void
n19_plain_may_be_off_or_one_way(void **state)
{
	(void)state;
	int err;
	static struct outcome o; /* may be told at the very end */
	world.r.policy.plain = POLICY_PLAIN_RECEIVE;
	romeo(TXT_CLIENT_LIBPURPLE);
	struct stream *s = dials_us(ROMEO, HOME, &err);
	assert_int_equal(err, 0);
	assert_int_equal(say(ROMEO, "<hello/>", &o), ERR_SECURITY);
	ends(s, 0);
	person_dial(person_called(ROMEO));
	let_pass(250);
	assert_null(person_called(ROMEO)->dialled);
	world.r.policy.plain = POLICY_PLAIN_OFF;
	assert_int_equal(
	    link_stream_listener.security(&world.r, new_stream(true), ROMEO), STREAM_ENCRYPTED);
	dials_us(ROMEO, HOME, &err);
	assert_int_equal(err, ERR_TRUST);
}

static void
without_a_key_of_ours_who_has_one_gets_nothing(void **state)
{
	(void)state;
	int err;
	static struct outcome o; /* may be told at the very end */
	struct tls_peer key = key_of_number(1);
	romeo_with_key(&key);
	world.r.tls = NULL;
	dials_us(ROMEO, HOME, &err);
	assert_int_equal(err, ERR_TRUST);
	assert_int_equal(say(ROMEO, "<hello/>", &o), 0);
	let_pass(250);
	assert_int_equal(o.err, ERR_SECURITY);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, keyed_begin, keyed_end)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(a_fixed_peer_that_encrypts_gets_its_name_and_its_key),
	    TEST(a_fixed_peer_poses_as_nobody),
	    TEST(a_fixed_peer_may_be_somebody_known),
	    TEST(of_two_that_cross_the_lower_ids_survives),
	    TEST(later_the_newer_stream_counts),
	    TEST(the_blocked_are_neither_heard_nor_dialled),
	    TEST(another_key_is_accepted_by_the_user_alone),
	    TEST(a_forgotten_name_waits_for_its_next_key),
	    TEST(strangers_may_be_denied),
	    TEST(n19_plain_may_be_off_or_one_way),
	    TEST(without_a_key_of_ours_who_has_one_gets_nothing),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
