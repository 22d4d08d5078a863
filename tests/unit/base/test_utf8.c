#include "base/utf8.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void
n14_every_scalar_value_goes_there_and_back(void **state)
{
	(void)state;
	for (uint32_t c = 0; c < 0x120000; c++) {
		char s[4];
		uint32_t back = 0;
		size_t n = utf8_encode(c, s);
		if (c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff)) {
			assert_int_equal(n, 0);
			continue;
		}
		assert_int_equal(n, 1 + (c > 0x7f) + (c > 0x7ff) + (c > 0xffff));
		assert_int_equal(utf8_decode(s, n, &back), n);
		assert_int_equal(back, c);
		assert_true(utf8_valid(s, n));
		for (size_t cut = 1; cut < n; cut++)
			assert_int_equal(utf8_decode(s, cut, &back), 0);
	}
}

/* What decodes is what the encoder makes, so nothing else decodes. */
static void
n14_no_other_bytes_decode(void **state)
{
	(void)state;
	for (uint32_t x = 0; x < 1u << 24; x++) {
		char s[3] = {(char)(x & 255), (char)(x >> 8 & 255), (char)(x >> 16)}, again[4];
		uint32_t c = 0;
		size_t n = utf8_decode(s, 3, &c);
		if (n > 0 && (utf8_encode(c, again) != n || memcmp(s, again, n) != 0))
			fail_msg("%06x", (unsigned)x);
	}
	/* four bytes: the last two at random, which are in the middle of nothing */
	uint64_t random = 88172645463325252U;
	for (uint32_t x = 0; x < 1u << 23; x++) {
		random ^= random << 13;
		random ^= random >> 7;
		random ^= random << 17;
		char s[4] = {(char)(0xee + x % 8), (char)(x >> 3), (char)(random >> 40),
		    (char)(random >> 20)};
		char again[4];
		uint32_t c = 0;
		size_t n = utf8_decode(s, 4, &c);
		if (n > 0 && (utf8_encode(c, again) != n || memcmp(s, again, n) != 0))
			fail_msg("%u", (unsigned)x);
	}
	static const char *const bad[] = {"\xf0\x8f\xbf\xbf", "\xf4\x90\x80\x80",
	    "\xf5\x80\x80\x80", "\xf8\x88\x80\x80", "\xf0\x90\x80\x41", "\xf0\x90\x41\x80", "\xff"};
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_false(utf8_valid(bad[i], strlen(bad[i])));
	assert_true(utf8_valid("", 0));
	assert_true(utf8_valid("a\0b", 3));
}

static void
n14_xml_has_its_own_idea_of_characters(void **state)
{
	(void)state;
	static const uint32_t good[] = {
	    9, 10, 13, 0x20, 0x7f, 0x85, 0xd7ff, 0xe000, 0xfffd, 0x10000, 0x1fffe, 0x10ffff};
	static const uint32_t bad[] = {
	    0, 8, 11, 12, 14, 0x1f, 0xd800, 0xdfff, 0xfffe, 0xffff, 0x110000};
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		assert_true(utf8_is_xml_char(good[i]));
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_false(utf8_is_xml_char(bad[i]));
}

static void
cutting_leaves_whole_characters(void **state)
{
	(void)state;
	static const char s[] = "a\u00e9\u20ac\U0001f389"; /* ends at 1 3 6 10 */
	static const size_t ends[] = {0, 1, 1, 3, 3, 3, 6, 6, 6, 6, 10, 10};
	for (size_t max = 0; max < sizeof(ends) / sizeof(ends[0]); max++)
		assert_int_equal(utf8_cut(s, sizeof(s) - 1, max), ends[max]);
	assert_int_equal(utf8_cut("", 0, 5), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(n14_every_scalar_value_goes_there_and_back),
	    cmocka_unit_test(n14_no_other_bytes_decode),
	    cmocka_unit_test(n14_xml_has_its_own_idea_of_characters),
	    cmocka_unit_test(cutting_leaves_whole_characters),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
