/* How often notifications disturb. */
#include "tray/notice_limit.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

enum { SECOND = 1000, MINUTE = 60 * SECOND, CROWD = 1000 };

static uint64_t waited;

static enum notice_verdict
ask(struct notice_limit *l, struct bucket *one, bool known, bool fresh, uint64_t now)
{
	return notice_limit_ask(l, one, known, fresh, now, &waited);
}

/* How many of a crowd, each with one message, get a notice of their own. */
static unsigned
noticed(struct notice_limit *l, bool known, uint64_t now)
{
	unsigned count = 0;
	for (int i = 0; i < CROWD; i++) {
		struct bucket one = {0};
		count += ask(l, &one, known, true, now) == NOTICE_NOW;
	}
	return count;
}

static void
a_thousand_strangers_are_five_notices_and_a_summary(void **state)
{
	struct notice_limit l = {0};
	(void)state;
	assert_int_equal(noticed(&l, false, MINUTE), 5);
}

static void
a_flood_that_goes_on_does_not_come_through_drop_by_drop(void **state)
{
	struct notice_limit l = {0};
	(void)state;
	assert_int_equal(noticed(&l, false, MINUTE), 5);
	for (uint64_t s = 1; s < 600; s++) {
		struct bucket one = {0};
		assert_int_equal(ask(&l, &one, false, true, MINUTE + s * SECOND), NOTICE_SUMMARY);
	}
}

static void
strangers_are_heard_again_when_it_was_quiet(void **state)
{
	struct notice_limit l = {0};
	struct bucket one = {0};
	(void)state;
	noticed(&l, false, MINUTE);
	assert_int_equal(ask(&l, &one, false, true, UINT64_C(3) * MINUTE), NOTICE_NOW);
}

static void
strangers_take_nothing_from_people_who_are_known(void **state)
{
	struct notice_limit l = {0};
	(void)state;
	noticed(&l, false, MINUTE);
	assert_int_equal(noticed(&l, true, MINUTE), 20);
}

static void
people_who_are_known_flood_nobody_either(void **state)
{
	struct notice_limit l = {0};
	unsigned count = 0;
	(void)state;
	for (uint64_t s = 0; s < 60; s++)
		count += noticed(&l, true, MINUTE + s * SECOND);
	assert_in_range(count, 45, 50); /* twenty, and one every two seconds */
}

static void
one_person_is_shown_the_latest_at_a_bearable_pace(void **state)
{
	struct notice_limit l = {0};
	struct bucket one = {0};
	(void)state;
	assert_int_equal(ask(&l, &one, true, true, MINUTE), NOTICE_NOW);
	for (int i = 0; i < 3; i++)
		assert_int_equal(ask(&l, &one, true, false, MINUTE), NOTICE_NOW);
	assert_int_equal(ask(&l, &one, true, false, MINUTE), NOTICE_LATER);
	assert_in_range(waited, 1, 2 * SECOND);
	assert_int_equal(ask(&l, &one, true, false, MINUTE + waited), NOTICE_NOW);
}

static void
a_message_in_place_of_another_takes_no_room(void **state)
{
	struct notice_limit l = {0};
	struct bucket one = {0};
	(void)state;
	assert_int_equal(ask(&l, &one, false, true, MINUTE), NOTICE_NOW);
	noticed(&l, false, MINUTE);
	assert_int_equal(ask(&l, &one, false, false, MINUTE), NOTICE_NOW);
}

static void
our_own_news_have_their_own_pace(void **state)
{
	struct bucket one = {0};
	(void)state;
	assert_int_equal(notice_limit_ask_ours(&one, MINUTE, &waited), NOTICE_NOW);
	assert_int_equal(notice_limit_ask_ours(&one, MINUTE, &waited), NOTICE_NOW);
	assert_int_equal(notice_limit_ask_ours(&one, MINUTE, &waited), NOTICE_LATER);
	assert_in_range(waited, 29 * SECOND, 30 * SECOND);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_thousand_strangers_are_five_notices_and_a_summary),
	    cmocka_unit_test(a_flood_that_goes_on_does_not_come_through_drop_by_drop),
	    cmocka_unit_test(strangers_are_heard_again_when_it_was_quiet),
	    cmocka_unit_test(strangers_take_nothing_from_people_who_are_known),
	    cmocka_unit_test(people_who_are_known_flood_nobody_either),
	    cmocka_unit_test(one_person_is_shown_the_latest_at_a_bearable_pace),
	    cmocka_unit_test(a_message_in_place_of_another_takes_no_room),
	    cmocka_unit_test(our_own_news_have_their_own_pace),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
