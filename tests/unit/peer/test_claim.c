#include "base/limits.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "../support/world.h"

#include "../support/romeo.h"

static const struct feature *const no_features[] = {NULL};

static int
set_up(void **state)
{
	(void)state;
	return world_begin(no_features);
}

static int
tear_down(void **state)
{
	(void)state;
	return world_end();
}

/* ---- who is it? ---- */

static void
n16_a_name_counts_with_its_address(void **state)
{
	(void)state;
	int err;
	romeo(TXT_CLIENT_SALUT);
	dials_us(ROMEO, "192.0.2.1", &err);
	assert_int_equal(err, 0);
	expect_events("person changed " ROMEO " ");
	expect_state(ROMEO, PERSON_ANSWERED);

	struct stream *s = dials_us("ROMEO@Forza", "192.0.2.66", &err);
	assert_int_equal(err, -EAGAIN);
	assert_ptr_equal(world.resolving, person_called(ROMEO)->entry);
	resolved(0); /* the network knows no such address */
	assert_true(s->asked_again);
	assert_int_equal(ask_again(s), ERR_IDENTITY);
	ends(s, ERR_IDENTITY);

	s = dials_us(ROMEO, "192.0.2.77", &err);
	assert_int_equal(err, -EAGAIN);
	person_called(ROMEO)->entry->addr[0] = endpoint("192.0.2.77", 5298);
	resolved(0); /* it moved */
	assert_int_equal(ask_again(s), 0);
	assert_int_equal(person_called(ROMEO)->stream_count, 2);
}

static void
an_unknown_name_waits_for_its_announcement(void **state)
{
	(void)state;
	int err;
	struct stream *s = dials_us(ROMEO, "192.0.2.1", &err);
	assert_int_equal(err, -EAGAIN);
	assert_null(world.resolving);
	romeo(TXT_CLIENT_LIBPURPLE);
	assert_true(s->asked_again);
	assert_int_equal(ask_again(s), 0);
	expect_state(ROMEO, PERSON_ANSWERED);
}

static void
without_a_name_the_address_must_be_one_persons(void **state)
{
	(void)state;
	int err;
	romeo(TXT_CLIENT_ADIUM);
	struct stream *s = dials_us(NULL, "192.0.2.1", &err);
	assert_int_equal(err, 0);
	assert_ptr_equal(stream_user(s), person_called(ROMEO));

	announce(TYBALT, TXT_CLIENT_ADIUM, "192.0.2.1", DISCOVERY_MDNS);
	s = dials_us("", "192.0.2.1", &err);
	assert_int_equal(err, -EAGAIN);
	s->from = TYBALT; /* says its first stanza */
	assert_int_equal(ask_again(s), 0);
	assert_ptr_equal(stream_user(s), person_called(TYBALT));
}

static void
n16_who_comes_under_our_name_is_refused(void **state)
{
	(void)state;
	int err;
	announce(FIXED, TXT_CLIENT_UNKNOWN, "192.0.2.9", DISCOVERY_FIXED);
	dials_us("Juliet@pronto", "192.0.2.9", &err);
	assert_int_equal(err, ERR_IDENTITY);
}

/* ---- fixed peers ---- */

static void
a_fixed_peer_is_looked_for_and_gets_its_name(void **state)
{
	(void)state;
	announce(FIXED, TXT_CLIENT_UNKNOWN, "192.0.2.9", DISCOVERY_FIXED);
	expect_events("person new " FIXED " ");
	let_pass(250);
	struct stream *s = dialled_for(FIXED);
	assert_string_equal(s->to, "");
	get_ready(s, ROMEO);
	assert_null(roster_get(&world.r, FIXED));
	expect_state(ROMEO, PERSON_ANSWERED);
	expect_events("person gone " FIXED " person new " ROMEO " person changed " ROMEO " ");
	ends(s, 0); /* nothing but another try tells whether it is still there */
	expect_state(ROMEO, PERSON_ANSWERED);
	let_pass(2250);
	ends(dialled_for(ROMEO), -ECONNREFUSED);
	expect_state(ROMEO, PERSON_SILENT);
}

static void
who_lives_with_a_fixed_peer_is_not_taken_for_it(void **state)
{
	(void)state;
	int err;
	announce(FIXED, TXT_CLIENT_UNKNOWN, "192.0.2.9", DISCOVERY_FIXED);
	struct stream *claim = dials_us(TYBALT, "192.0.2.9", &err);
	assert_int_equal(err, -EAGAIN);
	get_ready(dialled_for(FIXED), ROMEO);
	assert_int_equal(ask_again(claim), -EAGAIN);
	assert_null(roster_get(&world.r, TYBALT));
	ends(claim, ERR_IDENTITY);
}

static void
who_can_dial_only_us_is_believed(void **state)
{
	(void)state;
	int err;
	announce(FIXED, TXT_CLIENT_UNKNOWN, "192.0.2.9", DISCOVERY_FIXED);
	struct stream *claim = dials_us(ROMEO, "192.0.2.9", &err);
	assert_int_equal(err, -EAGAIN);
	ends(dialled_for(FIXED), -ECONNREFUSED);
	assert_true(claim->asked_again);
	assert_int_equal(ask_again(claim), 0);
	assert_ptr_equal(stream_user(claim), person_called(ROMEO));
	expect_state(ROMEO, PERSON_ANSWERED);
}

static void
a_name_that_nobody_can_have_names_nobody(void **state)
{
	(void)state;
	announce(FIXED, TXT_CLIENT_UNKNOWN, "192.0.2.9", DISCOVERY_FIXED);
	let_pass(250);
	get_ready(dialled_for(FIXED), "unusable");
	assert_true(person_called(FIXED)->nameless);
	expect_state(FIXED, PERSON_ANSWERED);
}

static void
our_own_address_is_no_peer(void **state)
{
	(void)state;
	struct discovery_entry *e =
	    announce(FIXED, TXT_CLIENT_UNKNOWN, "192.0.2.9", DISCOVERY_FIXED);
	let_pass(250);
	struct stream *s = dialled_for(FIXED);
	get_ready(s, "juliet@pronto");
	assert_true(s->closing);
	leaves(e);
	ends(s, ERR_IDENTITY);
	expect_state(FIXED, PERSON_GONE);
	let_pass(60000);
	assert_null(person_called(FIXED)->dialled);
}

/* An address turns out to be somebody we know: streams, dials and words go over to them. */
static void
a_known_person_takes_over_the_address(void **state)
{
	(void)state;
	int err;
	static struct outcome handed, waiting; /* may be told at the very end */
	struct discovery_entry *mdns = romeo(TXT_CLIENT_EARSHOT);
	struct discovery_entry *fixed =
	    announce(FIXED, TXT_CLIENT_UNKNOWN, "192.0.2.9", DISCOVERY_FIXED);
	struct stream *unnamed = dials_us(NULL, "192.0.2.9", &err);
	assert_int_equal(err, 0);
	assert_int_equal(say(FIXED, "<handed/>", &handed), 0);
	world.send_err = ERR_TOO_BIG;
	assert_int_equal(say(FIXED, "<waiting/>", &waiting), 0);
	world.send_err = 0;
	expect_sent("<handed/>");

	struct stream *named = dials_us(ROMEO, "192.0.2.9", &err);
	assert_int_equal(err, 0);
	assert_null(roster_get(&world.r, FIXED));
	leaves(fixed);
	struct person *p = person_called(ROMEO);
	assert_ptr_equal(stream_user(unnamed), p);
	assert_ptr_equal(stream_user(named), p);
	assert_ptr_equal(p->entry, mdns);
	expect_sent("<waiting/>");
	hands_over(unnamed);
	hands_over(named);
	assert_int_equal(handed.calls + waiting.calls, 2);
	assert_ptr_equal(handed.who, p);
	ends(unnamed, 0);
	ends(named, 0);
}

static void
a_dial_goes_over_with_its_person(void **state)
{
	(void)state;
	static struct outcome o; /* may be told at the very end */
	romeo(TXT_CLIENT_EARSHOT);
	struct discovery_entry *fixed =
	    announce(FIXED, TXT_CLIENT_UNKNOWN, "192.0.2.9", DISCOVERY_FIXED);
	assert_int_equal(say(FIXED, "<hello/>", &o), 0);
	struct stream *s = dialled_for(FIXED);
	get_ready(s, ROMEO);
	leaves(fixed);
	assert_ptr_equal(stream_user(s), person_called(ROMEO));
	expect_sent("<hello/>");
	hands_over(s);
	assert_int_equal(o.calls, 1);
	assert_int_equal(o.err, 0);
}

static void
nobody_is_announced_under_an_address(void **state)
{
	(void)state;
	announce(FIXED, TXT_CLIENT_UNKNOWN, "192.0.2.9", DISCOVERY_FIXED);
	announce(FIXED, TXT_CLIENT_UNKNOWN, "192.0.2.66", DISCOVERY_MDNS);
	assert_int_equal(world.r.people.len, 2);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(n16_a_name_counts_with_its_address),
	    TEST(an_unknown_name_waits_for_its_announcement),
	    TEST(without_a_name_the_address_must_be_one_persons),
	    TEST(n16_who_comes_under_our_name_is_refused),
	    TEST(a_fixed_peer_is_looked_for_and_gets_its_name),
	    TEST(who_lives_with_a_fixed_peer_is_not_taken_for_it),
	    TEST(who_can_dial_only_us_is_believed),
	    TEST(a_name_that_nobody_can_have_names_nobody),
	    TEST(our_own_address_is_no_peer),
	    TEST(a_known_person_takes_over_the_address),
	    TEST(a_dial_goes_over_with_its_person),
	    TEST(nobody_is_announced_under_an_address),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
