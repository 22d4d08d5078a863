#include "chat/redial.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static void
pauses_grow_from_a_second_to_a_minute(void **state)
{
	(void)state;
	static const unsigned least[] = {1000, 2000, 4000, 8000, 16000, 32000, 40000, 40000};
	for (uint64_t seed = 0; seed < 50; seed++) {
		struct redial r;
		uint64_t now = 0;
		redial_init(&r, seed);
		redial_presence(&r, now, true);
		for (size_t i = 0; i < sizeof(least) / sizeof(least[0]); i++) {
			assert_true(redial_at(&r) <= now);
			redial_begin(&r, now);
			assert_int_equal(redial_at(&r), REDIAL_NEVER);
			redial_failed(&r, now);
			assert_in_range(redial_at(&r) - now, least[i], least[i] * 3 / 2);
			now = redial_at(&r);
		}
	}
}

static void
pauses_differ_from_person_to_person(void **state)
{
	(void)state;
	struct redial a, b;
	redial_init(&a, 1);
	redial_init(&b, 2);
	unsigned differ = 0;
	for (unsigned i = 0; i < 20; i++) {
		redial_presence(&a, 0, true);
		redial_presence(&b, 0, true);
		redial_begin(&a, 0);
		redial_begin(&b, 0);
		redial_failed(&a, 0);
		redial_failed(&b, 0);
		differ += redial_at(&a) != redial_at(&b);
	}
	assert_true(differ > 10);
}

static void
hope_shortens_the_pause_to_a_second_at_least(void **state)
{
	(void)state;
	struct redial r;
	redial_init(&r, 1);
	redial_presence(&r, 0, true);
	for (unsigned i = 0; i < 8; i++) {
		redial_begin(&r, 10000);
		redial_failed(&r, 10000);
	}
	assert_true(redial_at(&r) >= 50000);
	redial_hope(&r, 10001);
	assert_int_equal(redial_at(&r), 11000);
	redial_hope(&r, 10999);
	assert_int_equal(redial_at(&r), 11000);
	redial_failed(&r, 10999); /* nothing was under way */
	assert_int_equal(redial_at(&r), 11000);
}

static void
presence_begins_the_pauses_anew(void **state)
{
	(void)state;
	struct redial r;
	redial_init(&r, 1);
	redial_presence(&r, 0, true);
	for (unsigned i = 0; i < 8; i++) {
		redial_begin(&r, 0);
		redial_failed(&r, 0);
	}
	redial_presence(&r, 5000, false);
	assert_int_equal(redial_at(&r), REDIAL_NEVER);
	redial_presence(&r, 6000, true);
	assert_int_equal(redial_at(&r), 6000);
	redial_begin(&r, 6000);
	redial_failed(&r, 6000);
	assert_in_range(redial_at(&r), 8000, 9000);
}

static void
a_good_stream_is_replaced_at_once_a_bad_one_after_a_pause(void **state)
{
	(void)state;
	struct redial r;
	redial_init(&r, 1);
	redial_presence(&r, 0, true);
	redial_begin(&r, 0);
	redial_linked(&r);
	redial_progress(&r);
	redial_dropped(&r, 100);
	assert_int_equal(redial_at(&r), 100);
	redial_begin(&r, 100);
	redial_linked(&r);
	redial_dropped(&r, 200);
	assert_in_range(redial_at(&r), 1200, 1700);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(pauses_grow_from_a_second_to_a_minute),
	    cmocka_unit_test(pauses_differ_from_person_to_person),
	    cmocka_unit_test(hope_shortens_the_pause_to_a_second_at_least),
	    cmocka_unit_test(presence_begins_the_pauses_anew),
	    cmocka_unit_test(a_good_stream_is_replaced_at_once_a_bad_one_after_a_pause),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
