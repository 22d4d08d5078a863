#include "base/err.h"
#include "base/limits.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "../support/world.h"

#include "../support/romeo.h"

extern const struct feature feature_strangers;

static int heard;

static int
hear(const struct inbound *in)
{
	(void)in;
	heard++;
	return 0;
}

static const struct feature ears = {
    .handlers = (const struct payload_handler[]){{MESSAGE, "jabber:client", "body", hear}, {0}},
};
static const struct feature *const features[] = {&feature_strangers, &ears, NULL};

static struct stream *stream;

static int
set_up(void **state)
{
	int err = 0;
	(void)state;
	heard = 0;
	if (world_begin(features))
		return -1;
	romeo(TXT_CLIENT_SALUT);
	stream = dials_us(ROMEO, "192.0.2.1", &err);
	return err;
}

static int
tear_down(void **state)
{
	(void)state;
	return world_end();
}

#define SAYS_HELLO "<message><body>hello</body></message>"

static void
n18_a_stranger_is_not_read_beyond_its_budget(void **state)
{
	(void)state;
	for (int i = 1; i < LIMIT_STRANGER_BURST; i++)
		says(stream, SAYS_HELLO);
	assert_false(stream->paused);
	says(stream, SAYS_HELLO);
	assert_true(stream->paused);
	for (int i = 0; i < 2 * LIMIT_STRANGER_WORDS; i++) /* the rest of that read is not lost */
		says(stream, SAYS_HELLO);
	assert_int_equal(heard, LIMIT_STRANGER_BURST + 2 * LIMIT_STRANGER_WORDS);
	let_pass(1750);
	assert_true(stream->paused);
	let_pass(750);
	assert_false(stream->paused);
	assert_false(stream->closing);
}

static void
n18_far_too_much_ends_the_stream_and_another_is_held(void **state)
{
	(void)state;
	int err = 0, said = 0;
	while (!stream->closing && said < 1000) {
		says(stream, SAYS_HELLO);
		said++;
	}
	assert_in_range(said, LIMIT_STREAM_READ / 160, 999);
	assert_int_equal(stream->close_err, ERR_FLOOD);
	ends(stream, ERR_FLOOD);
	struct stream *other = dials_us(ROMEO, "192.0.2.1", &err);
	assert_int_equal(err, 0);
	assert_true(other->paused);
	let_pass(LIMIT_STRANGER_DEBT + 2000);
	assert_false(other->paused);
}

static void
n18_whom_we_know_may_say_anything(void **state)
{
	(void)state;
	person_called(ROMEO)->spoken = true;
	for (int i = 0; i < 15000; i++)
		says(stream, SAYS_HELLO);
	assert_false(stream->paused);
	assert_int_equal(heard, 15000);
}

static void
n18_who_is_spoken_to_is_heard_at_once(void **state)
{
	(void)state;
	while (!stream->paused)
		says(stream, SAYS_HELLO);
	person_called(ROMEO)->spoken = true;
	let_pass(250);
	assert_false(stream->paused);
}

/* Two reasons not to read: neither undoes the other. */
static void
what_holds_for_another_reason_stays_held(void **state)
{
	(void)state;
	struct person *p = person_called(ROMEO);
	person_hold(p, PERSON_HOLD_STORE);
	while (!(p->held & PERSON_HOLD_BUDGET))
		says(stream, SAYS_HELLO);
	let_pass(5000);
	assert_int_equal(p->held, PERSON_HOLD_STORE);
	assert_true(stream->paused);
	person_release(p, PERSON_HOLD_STORE);
	assert_false(stream->paused);
}

static void
n18_strangers_disturb_seldom(void **state)
{
	(void)state;
	struct person *p = person_called(ROMEO);
	assert_true(stranger_may_disturb(p));
	assert_false(stranger_may_disturb(p));
	let_pass(10000);
	assert_true(stranger_may_disturb(p));
	p->spoken = true;
	for (int i = 0; i < 100; i++)
		assert_true(stranger_may_disturb(p));
	p->spoken = false;
	let_pass(10000);
	world.r.policy.strangers = POLICY_STRANGERS_QUIET;
	assert_false(stranger_may_disturb(p));
}

static void
n10_addresses_of_whom_we_know_are_favoured(void **state)
{
	(void)state;
	let_pass(250);
	assert_int_equal(world.known, 0);
	person_called(ROMEO)->spoken = true;
	world.r.known_due = true;
	let_pass(250);
	assert_int_equal(world.known, 1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(
		n18_a_stranger_is_not_read_beyond_its_budget, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(
		n18_far_too_much_ends_the_stream_and_another_is_held, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(n18_whom_we_know_may_say_anything, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(
		n18_who_is_spoken_to_is_heard_at_once, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(
		what_holds_for_another_reason_stays_held, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(n18_strangers_disturb_seldom, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(
		n10_addresses_of_whom_we_know_are_favoured, set_up, tear_down),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
