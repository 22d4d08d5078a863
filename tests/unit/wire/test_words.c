#include "base/limits.h"
#include "wire/words.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct value *of(const char *fmt, ...) PRINTF_LIKE(1, 2);

static struct value *
of(const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	struct value *words = words_of(fmt, ap);
	va_end(ap);
	return words;
}

static void
assert_written(struct value *words, const char *expected)
{
	struct buf out = BUF_INIT(8192);
	assert_non_null(words);
	assert_int_equal(value_write(words, &out), 0);
	assert_string_equal(buf_cstr(&out), expected);
	buf_finish(&out);
	value_free(words);
}

static void
keeps_the_format_and_what_stands_for_its_specifiers(void **state)
{
	(void)state;
	assert_written(
	    of("%s is not here.", "Anna"), "{\"id\":\"%s is not here.\",\"args\":[\"Anna\"]}");
	assert_written(of("%d %u %ld %lu %lld %llu %zu %c 100%%", -1, 4000000000U, -2L, 3UL,
			   INT64_MIN + 0LL, UINT64_MAX + 0ULL, (size_t)5, 'x'),
	    "{\"id\":\"%d %u %ld %lu %lld %llu %zu %c 100%%\",\"args\":[\"-1\",\"4000000000\","
	    "\"-2\",\"3\",\"-9223372036854775808\",\"18446744073709551615\",\"5\",\"x\"]}");
	assert_written(of("%s: %-s.", "f1", "Permission denied"),
	    "{\"id\":\"%s: %-s.\",\"args\":[\"f1\",{\"id\":\"Permission denied\"}]}");
}

static void
has_no_words_where_the_sentence_is_all_there_is(void **state)
{
	(void)state;
	assert_null(of("%s", "The disk is full."));
	assert_null(of("There is nothing to say."));
	assert_null(of("100%% of it"));
}

static void
has_no_words_for_specifiers_it_does_not_know(void **state)
{
	(void)state;
	assert_null(of("%5d", 1));
	assert_null(of("%.3s", "abc"));
	assert_null(of("%x", 1U));
	assert_null(of("%s and %p", "a", (void *)state));
	assert_null(of("%-d", 1));
	assert_null(of("%f", 1.0));
	assert_null(of("%hd", (short)1));
	assert_null(of("%d%d%d%d%d%d%d%d%d%d", 1, 2, 3, 4, 5, 6, 7, 8, 9, 10));
}

static void
an_answer_does_not_fail_over_a_value_that_is_not_utf8(void **state)
{
	(void)state;
	assert_null(of("%s is not here.", "\xff"));
	assert_null(of("%c is not here.", '\xff'));
	char *big = calloc(1, (size_t)5 * LIMIT_SENTENCE);
	assert_non_null(big);
	memset(big, 'a', (size_t)5 * LIMIT_SENTENCE - 1);
	assert_null(of("%s is not here.", big));
	free(big);
}

/* "": it was refused. */
static void
assert_filled(const char *format, const char *args, const char *expected)
{
	struct value *v = NULL;
	struct buf out = BUF_INIT((size_t)2 * LIMIT_SENTENCE);
	assert_int_equal(value_parse(args, strlen(args), &v), 0);
	assert_int_equal(words_fill(&out, format, v), *expected != '\0');
	assert_string_equal(buf_cstr(&out), expected);
	buf_finish(&out);
	value_free(v);
}

static void
puts_values_in_the_order_of_the_language(void **state)
{
	(void)state;
	assert_filled("%s ist nicht da.", "[\"Anna\"]", "Anna ist nicht da.");
	assert_filled("%2$s: %1$lld von 100%%", "[\"7\",\"Anna\"]", "Anna: 7 von 100%");
	assert_filled("%1$s, %1$s", "[\"ja\"]", "ja, ja");
	assert_filled("%s", "[{\"id\":\"nobody translates this\"}]", "nobody translates this");
}

static void
values_are_never_formats(void **state)
{
	(void)state;
	assert_filled("%s.", "[\"%n%s%s%1$s%%\"]", "%n%s%s%1$s%%.");
	assert_filled("%-s.", "[{\"id\":\"%n%s%d\"}]", "%n%s%d.");
}

/* What comes out is what printf() makes of it, whatever the values are. */
static void
taken_apart_and_put_together_it_is_the_same(void **state)
{
	(void)state;
	static const char *const values[] = {
	    "", "Anna", "%s", "%n%1$s%%", "\xc3\xa4", "a\nb", "{}"};
	for (size_t i = 0; i < ARRAY_LEN(values); i++) {
		char printed[200];
		struct buf out = BUF_INIT(200);
		(void)snprintf(printed, sizeof(printed), "%s: %lld %% of %-s, %zu %c.", values[i],
		    -7LL, values[ARRAY_LEN(values) - 1 - i], (size_t)3, 'x');
		struct value *words = of("%s: %lld %% of %-s, %zu %c.", values[i], -7LL,
		    values[ARRAY_LEN(values) - 1 - i], (size_t)3, 'x');
		assert_non_null(words);
		assert_true(words_fill(&out, value_str(words, "id"), value_get(words, "args")));
		assert_string_equal(buf_cstr(&out), printed);
		value_free(words);
		buf_finish(&out);
	}
}

static void
refuses_what_does_not_fit_together(void **state)
{
	(void)state;
	assert_filled("%s and %s", "[\"a\"]", "");
	assert_filled("%3$s", "[\"a\"]", "");
	assert_filled("%n", "[\"a\"]", "");
	assert_filled("%*d", "[\"a\",\"b\"]", "");
	assert_filled("%100000000d", "[\"a\"]", "");
	assert_filled("%", "[\"a\"]", "");
	assert_filled("%1$", "[\"a\"]", "");
	assert_filled("%0$s", "[\"a\"]", "");
	assert_filled("%l", "[\"a\"]", "");
	assert_filled("%s", "[1]", "");
	assert_filled("%s", "[[\"a\"]]", "");
	assert_filled("%s", "[{}]", "");
	assert_filled("%s", "{\"0\":\"a\"}", "");
	assert_filled("", "[]", "");
}

static void
refuses_a_sentence_that_would_never_end(void **state)
{
	(void)state;
	struct buf format = BUF_INIT((size_t)2 * LIMIT_SENTENCE);
	while (format.len < LIMIT_SENTENCE)
		buf_str(&format, "%1$s");
	assert_filled(buf_cstr(&format), "[\"twelve bytes\"]", "");
	buf_finish(&format);
}

static void
says_nothing_of_what_has_no_translation(void **state)
{
	(void)state;
	static const char *const texts[] = {"{}", "{\"id\":\"\"}", "{\"id\":1}",
	    "{\"id\":\"%s is nowhere in the catalogue\",\"args\":[\"a\"]}", "{\"id\":\"%n\"}"};
	for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
		struct value *v = NULL;
		struct buf out = BUF_INIT(100);
		assert_int_equal(value_parse(texts[i], strlen(texts[i]), &v), 0);
		assert_false(words_say(&out, v));
		assert_int_equal(out.len, 0);
		value_free(v);
		buf_finish(&out);
	}
}

static void
leaves_a_text_as_it_is_that_nobody_knows(void **state)
{
	(void)state;
	static const char *const texts[] = {
	    "", ":", ": ", "a: b: c: d: e: f: g.", ".", "refused there: %s%n", "ends with: "};
	for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
		struct buf out = BUF_INIT(100);
		words_translate(&out, texts[i]);
		assert_string_equal(buf_cstr(&out), texts[i]);
		buf_finish(&out);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(keeps_the_format_and_what_stands_for_its_specifiers),
	    cmocka_unit_test(has_no_words_where_the_sentence_is_all_there_is),
	    cmocka_unit_test(has_no_words_for_specifiers_it_does_not_know),
	    cmocka_unit_test(an_answer_does_not_fail_over_a_value_that_is_not_utf8),
	    cmocka_unit_test(puts_values_in_the_order_of_the_language),
	    cmocka_unit_test(values_are_never_formats),
	    cmocka_unit_test(taken_apart_and_put_together_it_is_the_same),
	    cmocka_unit_test(refuses_what_does_not_fit_together),
	    cmocka_unit_test(refuses_a_sentence_that_would_never_end),
	    cmocka_unit_test(says_nothing_of_what_has_no_translation),
	    cmocka_unit_test(leaves_a_text_as_it_is_that_nobody_knows),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
