#include "base/clock.h"
#include "base/stamp.h"

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
	char out[STAMP_SIZE];
	stamp_write(out, ms);
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
expect_parsed(const char *stamp, int64_t expected)
{
	int64_t ms = -1;
	assert_int_equal(stamp_parse(stamp, &ms), 0);
	assert_true(ms == expected);
}

static void
stamps_of_others_are_read(void **state)
{
	(void)state;
	int64_t ms;
	expect_parsed("1970-01-01T00:00:00Z", 0);
	expect_parsed("1970-01-01T00:00:00.5Z", 500);
	expect_parsed("1970-01-01T00:00:00.0019999Z", 1);
	expect_parsed("1970-01-01T01:00:00+01:00", 0);
	expect_parsed("1969-12-31T22:30:00-01:30", 0);
	expect_parsed("2000-02-29T00:00:00.000Z", 951782400000);
	expect_parsed("2000-02-29T00:00:00", 951782400000);
	static const char *const bad[] = {"", "Z", "2000-02-29", "20000229T00:00:00",
	    "2000-13-01T00:00:00Z", "2000-01-32T00:00:00Z", "2000-01-01T24:00:00Z",
	    "2000-01-01T00:00:00+1:00", "2000-01-01T00:00:00+01:60", "2000-01-01T00:00:00ZZ",
	    "2000-01-01 00:00:00Z"};
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		assert_int_not_equal(stamp_parse(bad[i], &ms), 0);
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
	    cmocka_unit_test(stamps_of_others_are_read),
	    cmocka_unit_test(clocks_count_milliseconds),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
