#include "base/clock.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void
expect(int64_t ms, const char *stamp)
{
	char out[CLOCK_STAMP_SIZE];
	clock_stamp(out, ms);
	assert_string_equal(out, stamp);
}

/* XEP-0082 */
static void
a_stamp_is_utc_with_milliseconds(void **state)
{
	(void)state;
	expect(0, "1970-01-01T00:00:00.000Z");
	expect(1, "1970-01-01T00:00:00.001Z");
	expect(951782399999, "2000-02-28T23:59:59.999Z");
	expect(951782400000, "2000-02-29T00:00:00.000Z");
	expect(4107542400050, "2100-03-01T00:00:00.050Z"); /* no leap year */
}

static void
a_stamp_always_has_four_digits_of_year(void **state)
{
	(void)state;
	expect(-1, "1970-01-01T00:00:00.000Z");
	expect(INT64_MIN, "1970-01-01T00:00:00.000Z");
	expect(253402300799999, "9999-12-31T23:59:59.999Z");
	expect(253402300800000, "9999-12-31T23:59:59.999Z");
	expect(INT64_MAX, "9999-12-31T23:59:59.999Z");
}

static void
clocks_count_milliseconds(void **state)
{
	(void)state;
	uint64_t first = clock_now();
	uint64_t second = clock_now();
	assert_true(second >= first && second - first < 60000);
	assert_true(clock_wall() > 1600000000000); /* later than 2020 */
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_stamp_is_utc_with_milliseconds),
	    cmocka_unit_test(a_stamp_always_has_four_digits_of_year),
	    cmocka_unit_test(clocks_count_milliseconds),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
