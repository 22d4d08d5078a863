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

/* ---- dialling ---- */

static void
words_wait_for_the_stream_and_are_told_once(void **state)
{
	(void)state;
	static struct outcome o; /* may be told at the very end */
	romeo(TXT_CLIENT_SALUT);
	assert_int_equal(say(ROMEO, "<hello/>", &o), 0);
	struct stream *s = dialled_for(ROMEO);
	assert_string_equal(s->to, ROMEO);
	get_ready(s, ROMEO);
	expect_sent("<hello/>");
	assert_int_equal(o.calls, 0);
	hands_over(s);
	hands_over(s);
	assert_int_equal(o.calls, 1);
	assert_int_equal(o.err, 0);
}

static void
nobody_answers_after_asking_the_network_again(void **state)
{
	(void)state;
	static struct outcome o; /* may be told at the very end */
	romeo(TXT_CLIENT_SALUT);
	assert_int_equal(say(ROMEO, "<hello/>", &o), 0);
	ends(dialled_for(ROMEO), -ECONNREFUSED);
	resolved(0);
	ends(dialled_for(ROMEO), -ECONNREFUSED);
	assert_int_equal(o.calls, 1);
	assert_int_equal(o.err, -ECONNREFUSED);
	expect_state(ROMEO, PERSON_SILENT);
	assert_int_equal(person_called(ROMEO)->outgoing_count, 0);
}

static void
who_hangs_up_is_given_time_to_see_us(void **state)
{
	(void)state;
	static struct outcome o; /* may be told at the very end */
	romeo(TXT_CLIENT_LIBPURPLE);
	assert_int_equal(say(ROMEO, "<hello/>", &o), 0);
	for (int i = 0; i < 3; i++) {
		ends(dialled_for(ROMEO), ERR_CLOSED);
		assert_null(person_called(ROMEO)->dialled);
		let_pass(1000);
	}
	ends(dialled_for(ROMEO), ERR_CLOSED);
	resolved(0);
	ends(dialled_for(ROMEO), ERR_CLOSED);
	assert_int_equal(o.calls, 1);
	assert_int_equal(o.err, ERR_CLOSED);
}

static void
who_left_meanwhile_is_absent(void **state)
{
	(void)state;
	static struct outcome o; /* may be told at the very end */
	struct discovery_entry *e = romeo(TXT_CLIENT_SALUT);
	e->addr_count = 0;
	assert_int_equal(say(ROMEO, "<hello/>", &o), 0);
	assert_non_null(world.resolving);
	leaves(e);
	assert_int_equal(o.calls, 1);
	assert_int_equal(o.err, ERR_ABSENT);
	assert_int_equal(say(ROMEO, "<hello/>", &o), ERR_ABSENT);
}

static void
words_die_with_the_last_stream_of_who_left(void **state)
{
	(void)state;
	int err;
	static struct outcome o; /* may be told at the very end */
	struct discovery_entry *e = romeo(TXT_CLIENT_SALUT);
	struct stream *s = dials_us(ROMEO, "192.0.2.1", &err);
	leaves(e);
	expect_state(ROMEO, PERSON_ANSWERED); /* a goodbye is a hint */
	world.send_err = ERR_TOO_BIG;
	assert_int_equal(say(ROMEO, "<hello/>", &o), 0);
	world.send_err = 0;
	ends(s, 0);
	assert_int_equal(o.calls, 1);
	assert_int_equal(o.err, ERR_ABSENT);
	expect_state(ROMEO, PERSON_GONE);
}

static void
somebody_else_at_the_address_gets_nothing(void **state)
{
	(void)state;
	static struct outcome o; /* may be told at the very end */
	romeo(TXT_CLIENT_SALUT);
	assert_int_equal(say(ROMEO, "<hello/>", &o), 0);
	struct stream *s = dialled_for(ROMEO);
	get_ready(s, TYBALT);
	assert_true(s->closing);
	expect_sent("");
	ends(s, ERR_IDENTITY);
	resolved(-ETIMEDOUT);
	assert_int_equal(o.err, -ETIMEDOUT);
}

/* ---- several streams ---- */

static void
old_clients_are_answered_on_the_newest(void **state)
{
	(void)state;
	int err;
	romeo(TXT_CLIENT_LIBPURPLE);
	struct stream *one = dials_us(ROMEO, "192.0.2.1", &err);
	struct stream *two = dials_us(ROMEO, "192.0.2.1", &err);
	assert_ptr_equal(person_called(ROMEO)->current, two);
	ends(two, 0);
	assert_ptr_equal(person_called(ROMEO)->current, one);
}

static void
both_dial_at_once(void **state)
{
	(void)state;
	int err;
	static struct outcome o; /* may be told at the very end */
	romeo(TXT_CLIENT_LIBPURPLE);
	assert_int_equal(say(ROMEO, "<one/>", &o), 0);
	struct stream *ours = dialled_for(ROMEO);
	struct stream *theirs = dials_us(ROMEO, "192.0.2.1", &err);
	expect_sent("<one/>");
	assert_ptr_equal(dialled_for(ROMEO), ours); /* cutting it off might end theirs */
	ends(theirs, 0);
	assert_int_equal(o.calls, 1); /* the kernel never had it */
	assert_int_equal(o.err, ERR_CLOSED);
	assert_int_equal(say(ROMEO, "<two/>", &o), 0);
	assert_ptr_equal(dialled_for(ROMEO), ours); /* no third one */
	get_ready(ours, ROMEO);
	expect_sent("<two/>");

	assert_int_equal(say(ROMEO, "<three/>", &o), 0);
	expect_sent("<three/>");
	ends(ours, 0);
}

static void
a_dial_that_fails_beside_a_stream_hurts_nobody(void **state)
{
	(void)state;
	int err;
	static struct outcome o; /* may be told at the very end */
	romeo(TXT_CLIENT_LIBPURPLE);
	assert_int_equal(say(ROMEO, "<one/>", &o), 0);
	struct stream *ours = dialled_for(ROMEO), *theirs = dials_us(ROMEO, "192.0.2.1", &err);
	ends(ours, -ETIMEDOUT);
	expect_state(ROMEO, PERSON_ANSWERED);
	hands_over(theirs);
	assert_int_equal(o.err, 0);
	assert_int_equal(person_called(ROMEO)->dialling, DIAL_NONE);
}

static void
of_too_many_streams_the_idlest_goes_and_nothing_hangs(void **state)
{
	(void)state;
	int err;
	static struct outcome o; /* may be told at the very end */
	romeo(TXT_CLIENT_LIBPURPLE);
	struct stream *first = dials_us(ROMEO, "192.0.2.1", &err);
	assert_int_equal(say(ROMEO, "<one/>", &o), 0);
	for (int i = 1; i < LIMIT_STREAMS_PER_PERSON; i++) {
		world.now += 1000;
		dials_us(ROMEO, "192.0.2.1", &err);
	}
	assert_false(first->closing);
	dials_us(ROMEO, "192.0.2.1", &err);
	assert_int_equal(err, 0);
	assert_true(first->closing);
	assert_int_equal(o.calls, 1);
	assert_int_equal(o.err, ERR_CLOSED);
	ends(first, 0);
	assert_int_equal(person_called(ROMEO)->stream_count, LIMIT_STREAMS_PER_PERSON);
}

static void
a_new_name_of_ours_ends_the_streams(void **state)
{
	(void)state;
	int err;
	romeo(TXT_CLIENT_SALUT);
	struct stream *s = dials_us(ROMEO, "192.0.2.1", &err);
	people_discovery_listener.on_name(&world.r, "juliet-2@pronto", true);
	assert_true(s->closing);
	assert_int_equal(s->close_err, 0);
	assert_null(person_called(ROMEO)->current);
	ends(s, 0);
	expect_state(ROMEO, PERSON_ANSWERED);
}

/* ---- evidence ---- */

static void
the_silent_are_looked_for(void **state)
{
	(void)state;
	int err;
	romeo(TXT_CLIENT_SALUT);
	struct stream *s = dials_us(ROMEO, "192.0.2.1", &err);
	ends(s, -ETIMEDOUT);
	expect_state(ROMEO, PERSON_SILENT);
	let_pass(1750);
	assert_null(person_called(ROMEO)->dialled);
	let_pass(500);
	ends(dialled_for(ROMEO), -EHOSTUNREACH);
	expect_state(ROMEO, PERSON_SILENT);
	let_pass(2000);
	get_ready(dialled_for(ROMEO), ROMEO);
	expect_state(ROMEO, PERSON_ANSWERED);
	let_pass(10000);
	assert_int_equal(person_called(ROMEO)->stream_count, 1);
}

static void
after_minutes_the_silent_are_looked_for_less(void **state)
{
	(void)state;
	int err;
	unsigned early = 0, late = 0;
	romeo(TXT_CLIENT_SALUT);
	ends(dials_us(ROMEO, "192.0.2.1", &err), -ETIMEDOUT);
	for (int i = 0; i < 4 * 900; i++) { /* a quarter of an hour */
		let_pass(250);
		if (!person_called(ROMEO)->dialled)
			continue;
		ends(person_called(ROMEO)->dialled, -EHOSTUNREACH);
		early += i < 4 * 60;
		late += i >= 4 * 840;
	}
	assert_in_range(early, 25, 30);
	assert_in_range(late, 1, 3);
}

static void
news_of_the_silent_are_a_reason_to_look(void **state)
{
	(void)state;
	int err;
	struct discovery_entry *e = romeo(TXT_CLIENT_SALUT);
	ends(dials_us(ROMEO, "192.0.2.1", &err), -ETIMEDOUT);
	people_discovery_listener.on_entry(&world.r, e, DISCOVERY_CHANGED);
	let_pass(250);
	assert_non_null(person_called(ROMEO)->dialled);
	expect_state(ROMEO, PERSON_SILENT); /* until bytes come */
}

static void
an_orderly_end_is_no_evidence(void **state)
{
	(void)state;
	int err;
	romeo(TXT_CLIENT_SALUT);
	struct stream *s = dials_us(ROMEO, "192.0.2.1", &err);
	world.now += 7000;
	ends(s, 0);
	expect_state(ROMEO, PERSON_ANSWERED);
	struct value *v = person_describe(person_called(ROMEO));
	assert_int_equal(value_int(v, "age", -1), 7);
	value_free(v);
	let_pass(60000);
	assert_null(person_called(ROMEO)->dialled);
}

static void
who_comes_back_is_the_same(void **state)
{
	(void)state;
	struct discovery_entry *e = romeo(TXT_CLIENT_SALUT);
	struct person *p = person_called(ROMEO);
	leaves(e);
	expect_events("person gone " ROMEO " ");
	announce("Romeo@forza", TXT_CLIENT_SALUT, "192.0.2.1", DISCOVERY_MDNS);
	expect_events("person new " ROMEO " ");
	assert_ptr_equal(person_called(ROMEO), p);
}

static void
a_flood_of_names_drives_out_no_acquaintance(void **state)
{
	(void)state;
	int err;
	struct discovery_entry *e = romeo(TXT_CLIENT_SALUT);
	struct stream *s = dials_us(ROMEO, "192.0.2.1", &err);
	leaves(e);
	ends(s, 0);
	expect_state(ROMEO, PERSON_GONE);
	for (int i = 0; i < 3 * LIMIT_PEOPLE_GONE; i++) {
		char name[32];
		(void)snprintf(name, sizeof(name), "fake-%d@forza", i);
		leaves(announce(name, TXT_CLIENT_UNKNOWN, "192.0.2.66", DISCOVERY_MDNS));
		buf_clear(&world.events);
	}
	assert_in_range(world.r.people.len, LIMIT_PEOPLE_GONE, LIMIT_PEOPLE_GONE + 2);
	expect_state(ROMEO, PERSON_GONE);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(words_wait_for_the_stream_and_are_told_once),
	    TEST(nobody_answers_after_asking_the_network_again),
	    TEST(who_hangs_up_is_given_time_to_see_us),
	    TEST(who_left_meanwhile_is_absent),
	    TEST(words_die_with_the_last_stream_of_who_left),
	    TEST(somebody_else_at_the_address_gets_nothing),
	    TEST(old_clients_are_answered_on_the_newest),
	    TEST(both_dial_at_once),
	    TEST(a_dial_that_fails_beside_a_stream_hurts_nobody),
	    TEST(of_too_many_streams_the_idlest_goes_and_nothing_hangs),
	    TEST(a_new_name_of_ours_ends_the_streams),
	    TEST(the_silent_are_looked_for),
	    TEST(after_minutes_the_silent_are_looked_for_less),
	    TEST(news_of_the_silent_are_a_reason_to_look),
	    TEST(an_orderly_end_is_no_evidence),
	    TEST(who_comes_back_is_the_same),
	    TEST(a_flood_of_names_drives_out_no_acquaintance),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
