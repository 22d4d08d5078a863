#include "base/limits.h"
#include "base/text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void
expect(enum text_kind kind, const char *from, const char *to)
{
	char *clean = text_clean(kind, from);
	assert_non_null(clean);
	assert_string_equal(clean, to);
	free(clean);
}

static void
expect_both(const char *from, const char *to)
{
	expect(TEXT_NAME, from, to);
	expect(TEXT_BODY, from, to);
}

static void
words_of_any_script_stay(void **state)
{
	(void)state;
	static const char *const good[] = {
	    "",
	    "Juliet <juliet@capulet>",
	    "Zo\u00eb",
	    "\u0416\u0443\u043b\u044c",
	    "\u96e8\u591c",
	    "\u05e9\u05dc\u05d5\u05dd",
	    "\u0939\u093f\u0928\u094d\u0926\u0940",
	    "\u20ac 5",
	    "e\u0301\u0323",
	    "\U0001f389",
	    "\U0001f468\u200d\U0001f469\u200d\U0001f467",
	    "\U0001f44d\U0001f3fd",
	    "\u2764\ufe0f",
	    "1\ufe0f\u20e3",
	    "\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645",
	    "\u0d28\u0d4d\u200d",
	    "\ufffd",
	};
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		expect_both(good[i], good[i]);
}

static void
l4_controls_become_visible(void **state)
{
	(void)state;
	expect_both("\x1b[2J\x1b]0;x\x07", "<U+001B>[2J<U+001B>]0;x<U+0007>");
	expect_both("\x01\x08\x0b\x0c\x1f\x7f", "<U+0001><U+0008><U+000B><U+000C><U+001F><U+007F>");
	expect_both("\xc2\x80\xc2\x85\xc2\x9b"
		    "31m\xc2\x9f",
	    "<U+0080><U+0085><U+009B>31m<U+009F>");
	expect(TEXT_NAME, "a\nb\tc\rd", "a<U+000A>b<U+0009>c<U+000D>d");
}

static void
l4_every_control_is_caught(void **state)
{
	(void)state;
	for (unsigned c = 1; c < 0xa0; c++) {
		char from[3] = {(char)c}, to[16] = "<U+0000>";
		if (c >= 0x80) {
			from[0] = (char)0xc2;
			from[1] = (char)c;
		}
		if (c >= 0x20 && c < 0x7f)
			continue;
		to[5] = "0123456789ABCDEF"[c >> 4];
		to[6] = "0123456789ABCDEF"[c & 15];
		expect(TEXT_NAME, from, to);
	}
}

static void
n5_directions_cannot_be_overridden(void **state)
{
	(void)state;
	expect_both("a\u202ebc\u202c", "a<U+202E>bc<U+202C>");
	/* unbalanced, that is the attack: NOLINTBEGIN(misc-misleading-bidirectional) */
	expect_both("\u202a\u202b\u202d", "<U+202A><U+202B><U+202D>");
	expect_both("\u2066\u2067\u2068\u2069", "<U+2066><U+2067><U+2068><U+2069>");
	/* NOLINTEND(misc-misleading-bidirectional) */
	expect_both("\u200e\u200f\u061c", "<U+200E><U+200F><U+061C>");
}

static void
n5_what_cannot_be_seen_becomes_visible(void **state)
{
	(void)state;
	expect_both("a\u200bb", "a<U+200B>b");
	expect_both("\ufeff", "<U+FEFF>");
	expect_both("a\u00ad\u2060\u180e", "a<U+00AD><U+2060><U+180E>");
	expect_both("\u2028\u2029", "<U+2028><U+2029>");
	expect_both("\U000e0041", "<U+E0041>");                /* tags */
	expect_both("\ue000\U0010fffd", "<U+E000><U+10FFFD>"); /* private use */
	expect_both("\u0378", "<U+0378>");                     /* unassigned */
	expect_both("\ufff9\ufffb", "<U+FFF9><U+FFFB>");
	expect_both("a\u3164\u115f", "a<U+3164><U+115F>"); /* fillers are letters by category */
	expect_both("a\u034f", "a<U+034F>");
	expect_both("a\U000e0100\ufe00", "a<U+E0100><U+FE00>");
}

static void
n5_joiners_stay_only_where_they_join(void **state)
{
	(void)state;
	expect_both("\u200da", "<U+200D>a");
	expect_both("a \u200cb", "a <U+200C>b");
	expect_both("\U0001f389\u200c", "\U0001f389<U+200C>");
	expect_both("a\u200db", "a<U+200D>b"); /* Latin letters do not join */
	expect_both("\u0647\u200d", "\u0647\u200d");
	expect_both("\u0645\u200d\u200d", "\u0645<U+200D><U+200D>");
	expect_both("\u0640\u200dJ", "\u0640<U+200D>J");
	expect_both("\u2764\ufe0f\u200d\U0001f525", "\u2764\ufe0f\u200d\U0001f525");
	expect(TEXT_BODY, "a\n\u200db", "a\n\u00bb <U+200D>b");
}

static void
n5_selectors_stay_only_on_what_they_change(void **state)
{
	(void)state;
	expect_both("\u2139\ufe0f #\ufe0f\u20e3", "\u2139\ufe0f #\ufe0f\u20e3");
	expect_both("Pa\ufe0ful", "Pa<U+FE0F>ul");
	expect_both("Kim1\ufe0f2\ufe0e", "Kim1<U+FE0F>2<U+FE0E>");
	expect_both("1\ufe0f\u0301", "1<U+FE0F>\u0301");
	expect_both(".\ufe0f", ".<U+FE0F>");
}

static void
expect_name(const char *from, const char *to)
{
	char name[LIMIT_DISPLAY + 1];
	assert_int_equal(text_name(name, sizeof(name), from), strlen(to));
	assert_string_equal(name, to);
}

static void
n5_names_are_of_one_piece_and_short(void **state)
{
	(void)state;
	char long_name[8 * LIMIT_NAME_CHARS] = "";
	expect_name("Juliet Capulet", "Juliet Capulet");
	expect_name("  Juliet \u00a0\u3000\u2800 Capulet\u2003", "Juliet Capulet");
	expect_name("\u00a0\u2800 ", "");
	expect_name("\u0301\u0302", "");
	expect_name("e\u0301", "e\u0301");
	expect_name("a\xa0\xff", "a\xa0\xff"); /* text_add() says what it is */
	for (size_t i = 0; i < LIMIT_NAME_CHARS + 9; i++)
		long_name[i] = 'a';
	char *end = long_name + LIMIT_NAME_CHARS;
	char name[LIMIT_DISPLAY + 1];
	assert_int_equal(text_name(name, sizeof(name), long_name), LIMIT_NAME_CHARS);
	*end = '\0';
	assert_string_equal(name, long_name);
	assert_int_equal(text_name(name, 6, "\u96e8\u591c"), 3); /* no character is cut */
	long_name[0] = '\0';
	for (size_t i = 0; i < LIMIT_NAME_CHARS; i++)
		memcpy(long_name + 4 * i, "\U0001f389", 5);
	assert_int_equal(text_name(name, sizeof(name), long_name), LIMIT_DISPLAY);
}

static void
n5_piles_of_marks_are_cut(void **state)
{
	(void)state;
	expect_both("a\u0300\u0301\u0302\u0303b\u0300", "a\u0300\u0301b\u0300");
	/* nothing that is no character of its own starts a new pile */
	expect_both("\u0645\u0300\u0301\u200c\u0302\u0303", "\u0645\u0300\u0301\u200c");
	expect_both("\u2764\ufe0f\ufe0f", "\u2764\ufe0f<U+FE0F>");
	expect_both("a\u0300\ufe0f\u0301\u0302", "a\u0300<U+FE0F>\u0301");
}

static void
l4_bytes_that_are_not_utf8_are_shown_as_such(void **state)
{
	(void)state;
	expect_both("a\xff\xc3", "a<0xFF><0xC3>");
	expect_both("\xc0\xaf", "<0xC0><0xAF>");
	expect_both("\xed\xa0\x80", "<0xED><0xA0><0x80>");
	expect_both("\xf4\x90\x80\x80", "<0xF4><0x90><0x80><0x80>");
}

static void
l4_a_body_cannot_look_like_another_speaker(void **state)
{
	(void)state;
	expect(TEXT_BODY, "hi\n<romeo> I am here", "hi\n\u00bb <romeo> I am here");
	expect(TEXT_BODY, "a\r\nb\rc", "a\n\u00bb b<U+000D>c");
	expect(TEXT_BODY, "\n\n", "\n\u00bb \n\u00bb ");
	expect(TEXT_BODY, "a\tb", "a    b");
}

static void
the_buffer_and_its_limit_hold(void **state)
{
	(void)state;
	struct buf b = BUF_INIT(9);
	buf_char(&b, '>');
	text_add(&b, TEXT_NAME, "\x1b\0", 1);
	assert_string_equal(buf_cstr(&b), "><U+001B>");
	text_add(&b, TEXT_NAME, "x", 1);
	assert_true(buf_err(&b) < 0);
	buf_finish(&b);
}

static void
expect_fold(const char *a, const char *b, int equal)
{
	char *x = text_fold(a), *y = text_fold(b);
	assert_non_null(x);
	assert_non_null(y);
	assert_int_equal(strcmp(x, y) == 0, equal);
	free(x);
	free(y);
}

static void
folding_levels_case_and_form(void **state)
{
	(void)state;
	expect_fold("JULIET", "juliet", 1);
	expect_fold("Zo\u00eb", "zoe\u0308", 1);
	expect_fold("Stra\u00dfe", "STRASSE", 1);
	expect_fold("\uff2a", "j", 1);
	expect_fold("a\u00adb", "ab", 1);
	expect_fold("e", "\u00e9", 0);
	expect_fold("a\xff", "a\xff", 1);
	expect_fold("a\xff", "a\xfe", 0);
}

static void
columns_are_those_of_a_terminal(void **state)
{
	(void)state;
	static const struct {
		const char *s;
		size_t columns;
	} widths[] = {
	    {"", 0},
	    {"abc", 3},
	    {"\u00e9", 1},
	    {"e\u0301", 1},
	    {"\u96e8", 2},
	    {"a\u96e8", 3},
	    {"\U0001f389", 2},
	};
	for (size_t i = 0; i < sizeof(widths) / sizeof(widths[0]); i++)
		assert_int_equal(text_width(widths[i].s, strlen(widths[i].s)), widths[i].columns);
}

static void
fitting_cuts_no_grapheme(void **state)
{
	(void)state;
	static const char s[] = "ae\u0301\u96e8b";
	assert_int_equal(text_fit(s, sizeof(s) - 1, 0), 0);
	assert_int_equal(text_fit(s, sizeof(s) - 1, 1), 1);
	assert_int_equal(text_fit(s, sizeof(s) - 1, 2), 4);
	assert_int_equal(text_fit(s, sizeof(s) - 1, 3), 4); /* half a wide character is none */
	assert_int_equal(text_fit(s, sizeof(s) - 1, 4), 7);
	assert_int_equal(text_fit(s, sizeof(s) - 1, 5), 8);
	assert_int_equal(text_fit(s, sizeof(s) - 1, 99), 8);
}

static void
l4_a_name_that_is_copied_into_a_shell_runs_nothing(void **state)
{
	(void)state;
	static const char *const names[][2] = {
	    {"juliet@capulet", "juliet@capulet"},
	    {"romeo@forza#1a2b3c4d", "romeo@forza#1a2b3c4d"},
	    {"Zo\u00eb@x", "Zo\u00eb@x"},
	    {"", "''"},
	    {"#x", "'#x'"},
	    {"-rf", "'-rf'"},
	    {"a b", "'a b'"},
	    {"$(reboot)@x", "'$(reboot)@x'"},
	    {"x;`reboot`", "'x;`reboot`'"},
	    {"it's'", "'it'\\''s'\\'''"},
	    {"\x1b[2J", "'<U+001B>[2J'"},
	};
	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		struct buf b = BUF_INIT(100);
		text_argument(&b, names[i][0]);
		assert_string_equal(buf_cstr(&b), names[i][1]);
		buf_finish(&b);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(words_of_any_script_stay),
	    cmocka_unit_test(l4_controls_become_visible),
	    cmocka_unit_test(l4_every_control_is_caught),
	    cmocka_unit_test(n5_directions_cannot_be_overridden),
	    cmocka_unit_test(n5_what_cannot_be_seen_becomes_visible),
	    cmocka_unit_test(n5_joiners_stay_only_where_they_join),
	    cmocka_unit_test(n5_selectors_stay_only_on_what_they_change),
	    cmocka_unit_test(n5_names_are_of_one_piece_and_short),
	    cmocka_unit_test(n5_piles_of_marks_are_cut),
	    cmocka_unit_test(l4_bytes_that_are_not_utf8_are_shown_as_such),
	    cmocka_unit_test(l4_a_body_cannot_look_like_another_speaker),
	    cmocka_unit_test(the_buffer_and_its_limit_hold),
	    cmocka_unit_test(folding_levels_case_and_form),
	    cmocka_unit_test(columns_are_those_of_a_terminal),
	    cmocka_unit_test(fitting_cuts_no_grapheme),
	    cmocka_unit_test(l4_a_name_that_is_copied_into_a_shell_runs_nothing),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
