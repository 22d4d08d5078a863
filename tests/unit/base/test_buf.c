#include "base/buf.h"
#include "base/err.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

static void
appends_and_consumes(void **state)
{
	(void)state;
	struct buf b = BUF_INIT(100);
	buf_str(&b, "hello ");
	buf_fmt(&b, "%s %d", "world", 7);
	assert_int_equal(buf_err(&b), 0);
	assert_string_equal(buf_cstr(&b), "hello world 7");
	buf_consume(&b, 6);
	assert_string_equal(buf_cstr(&b), "world 7");
	buf_consume(&b, 1000);
	assert_int_equal(b.len, 0);
	assert_string_equal(buf_cstr(&b), "");
	buf_finish(&b);
}

static void
writes_numbers_in_decimal(void **state)
{
	(void)state;
	struct buf b = BUF_INIT(100);
	const int64_t numbers[] = {0, 7, -7, 1234567890, INT64_MAX, INT64_MIN};
	for (size_t i = 0; i < ARRAY_LEN(numbers); i++) {
		buf_int(&b, numbers[i]);
		buf_char(&b, ' ');
	}
	assert_string_equal(
	    buf_cstr(&b), "0 7 -7 1234567890 9223372036854775807 -9223372036854775808 ");
	buf_finish(&b);
}

static void
holds_exactly_its_limit(void **state)
{
	(void)state;
	struct buf b = BUF_INIT(4);
	buf_str(&b, "1234");
	assert_int_equal(buf_err(&b), 0);
	buf_char(&b, '5');
	assert_int_equal(buf_err(&b), ERR_TOO_BIG);
	assert_string_equal(buf_cstr(&b), "1234");
	buf_clear(&b);
	buf_str(&b, "ok");
	assert_string_equal(buf_cstr(&b), "ok");
	buf_finish(&b);
}

static void
latches_the_first_error(void **state)
{
	(void)state;
	struct buf b = BUF_INIT(3);
	buf_str(&b, "toolong");
	buf_str(&b, "a");
	assert_int_equal(b.len, 0);
	assert_null(buf_take(&b));
	buf_str(&b, "abc");
	char *s = buf_take(&b);
	assert_string_equal(s, "abc");
	free(s);
	s = buf_take(&b); /* an empty buffer gives an empty string */
	assert_string_equal(s, "");
	free(s);
}

static void
refuses_sizes_that_wrap(void **state)
{
	(void)state;
	struct buf b = BUF_INIT(10);
	buf_str(&b, "x");
	assert_null(buf_reserve(&b, SIZE_MAX));
	assert_int_equal(buf_err(&b), ERR_TOO_BIG);
	buf_finish(&b);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(appends_and_consumes),
	    cmocka_unit_test(writes_numbers_in_decimal),
	    cmocka_unit_test(holds_exactly_its_limit),
	    cmocka_unit_test(latches_the_first_error),
	    cmocka_unit_test(refuses_sizes_that_wrap),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
