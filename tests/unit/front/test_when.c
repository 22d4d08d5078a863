#include "base/compiler.h"
#include "front/when.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <time.h>

#include <cmocka.h>

enum { SECOND = 1000, HOUR = 3600 };

/* Monday, 26 October 2026, 12:00 in Berlin; the clock went back an hour the day before */
static const int64_t now = (int64_t)1793012400 * SECOND;

static void
in_zone(const char *zone)
{
	setenv("TZ", zone, 1); // NOLINT(concurrency-mt-unsafe): one thread
	tzset();
}

static void
times_are_read_in_the_zone_of_the_reader(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		bool end;
		const char *stamp;
	} rows[] = {
	    {"2026-11-23", false, "2026-11-23 00:00"},
	    {"2026-11-23", true, "2026-11-24 00:00"},
	    {"2026-12-31", true, "2027-01-01 00:00"},
	    {"2026-11-23T18:04", false, "2026-11-23 18:04"},
	    {"2026-11-23 18:04", true, "2026-11-23 18:05"},
	    {"18:04", false, "2026-10-26 18:04"},
	    {"today", false, "2026-10-26 00:00"},
	    {"today", true, "2026-10-27 00:00"},
	    {"yesterday", false, "2026-10-25 00:00"},
	    {"yesterday", true, "2026-10-26 00:00"},
	    {"now", false, "2026-10-26 12:00"},
	    {"2h", false, "2026-10-26 10:00"},
	    {"2h", true, "2026-10-26 10:00"},
	    {"90m", false, "2026-10-26 10:30"},
	    {"1d", false, "2026-10-25 12:00"},
	    {"1w", false, "2026-10-19 13:00"}, /* summer time then */
	    {"1969-12-31", false, "1969-12-31 00:00"},
	};
	in_zone("CET-1CEST,M3.5.0,M10.5.0/3");
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct buf b = BUF_INIT(64);
		int64_t at = 0;
		assert_int_equal(when_parse(rows[i].text, now, rows[i].end, &at), 0);
		when_stamp(&b, at);
		assert_string_equal(buf_cstr(&b), rows[i].stamp);
		buf_finish(&b);
	}
}

static void
what_is_no_time_is_refused(void **state)
{
	(void)state;
	static const char *const texts[] = {"", "x", "2026", "5", "2026-13-01", "2026-02-30",
	    "2026-00-10", "2026-01-00", "26-01-01", "2026-1-1", "2026-11-23T", "2026-11-23T24:00",
	    "2026-11-23T18:60", "2026-11-23T18:04:05", "2026-11-23X18:04", "18:4", "24:00", "-2h",
	    "2hh", "h", "2 h", "1234567890d", "2026-11-2", "2026-11-", "2026-11-23 "};
	int64_t at = 7;
	for (size_t i = 0; i < ARRAY_LEN(texts); i++)
		assert_true(when_parse(texts[i], now, false, &at) < 0);
	assert_int_equal(at, 7);
}

static void
spans_are_numbers_with_a_unit(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		int64_t seconds;
	} rows[] = {{"0", 0}, {"30", 30}, {"90s", 90}, {"5m", 300}, {"12h", 12LL * HOUR},
	    {"30d", 720LL * HOUR}, {"1w", 168LL * HOUR}, {"999999999w", 999999999LL * 168 * HOUR}};
	int64_t seconds;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		assert_int_equal(when_span(rows[i].text, &seconds), 0);
		assert_int_equal(seconds, rows[i].seconds);
	}
	assert_true(when_span("", &seconds) < 0);
	assert_true(when_span("d", &seconds) < 0);
	assert_true(when_span("3y", &seconds) < 0);
	assert_true(when_span("3dd", &seconds) < 0);
	assert_true(when_span("9999999999", &seconds) < 0);
}

static void
days_have_names_and_numbers(void **state)
{
	(void)state;
	struct buf b = BUF_INIT(64);
	const int64_t hour = (int64_t)HOUR * SECOND;
	in_zone("CET-1CEST,M3.5.0,M10.5.0/3");
	when_day(&b, now);
	assert_string_equal(buf_cstr(&b), "Monday, 26 October 2026");
	assert_int_equal(when_day_number(now), when_day_number(now + 11 * hour));
	assert_int_not_equal(when_day_number(now), when_day_number(now + 12 * hour));
	buf_finish(&b);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(times_are_read_in_the_zone_of_the_reader),
	    cmocka_unit_test(what_is_no_time_is_refused),
	    cmocka_unit_test(spans_are_numbers_with_a_unit),
	    cmocka_unit_test(days_have_names_and_numbers),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
