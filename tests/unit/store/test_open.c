#include "harness.h"

static void
what_was_answered_is_there_after_a_restart(void **state)
{
	(void)state;
	struct harness h;
	harness_start(&h);
	assert_string_equal(h.report.moved_to, "");
	assert_int_equal(harness_read(&h, "test"), -1);
	assert_int_equal(harness_write(&h, "test", 7), 0);
	assert_int_equal(harness_read(&h, "test"), 7);
	harness_close(&h);
	harness_open(&h);
	assert_int_equal(h.opened, 0);
	assert_int_equal(harness_read(&h, "test"), 7);
	harness_finish(&h);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(what_was_answered_is_there_after_a_restart),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
