#include "base/compiler.h"
#include "tui/split.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void
expect(const char *line, const char *const *words)
{
	struct split s;
	size_t n = 0;
	assert_int_equal(split_line(line, &s), 0);
	for (; words[n]; n++) {
		assert_true(n < s.count);
		assert_string_equal(s.words[n], words[n]);
	}
	assert_int_equal(s.count, n);
	assert_null(s.words[n]);
	split_finish(&s);
	assert_null(s.words);
}

static void
words_are_taken_apart_as_a_shell_does(void **state)
{
	(void)state;
	expect("", (const char *[]){NULL});
	expect("  \t ", (const char *[]){NULL});
	expect("info romeo", (const char *[]){"info", "romeo", NULL});
	expect("  a   b\tc ", (const char *[]){"a", "b", "c", NULL});
	expect(
	    "set name 'Romeo Montague'", (const char *[]){"set", "name", "Romeo Montague", NULL});
	expect("\"a \\\"b\\\" \\\\ \\n\"", (const char *[]){"a \"b\" \\ \\n", NULL});
	expect("'it is \\ as it is'", (const char *[]){"it is \\ as it is", NULL});
	expect("a\\ b x'y 'z", (const char *[]){"a b", "xy z", NULL});
	expect("'' \"\"", (const char *[]){"", "", NULL});
	expect("$HOME *.c ~ ; | &", (const char *[]){"$HOME", "*.c", "~", ";", "|", "&", NULL});
	expect("end\\", (const char *[]){"end\\", NULL});
}

static void
an_open_quotation_is_an_error(void **state)
{
	static const char *const lines[] = {"'", "\"", "a 'b c", "a \"b' c", "\"a\\\""};
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(lines); i++) {
		struct split s;
		assert_int_equal(split_line(lines[i], &s), -EINVAL);
		assert_null(s.words);
	}
}

static void
the_first_word_is_taken_whatever_follows(void **state)
{
	static const struct {
		const char *line, *word, *rest;
	} all[] = {
	    {"romeo I'll \"be", "romeo", "I'll \"be"},
	    {" \"a b\"  c  d ", "a b", "c  d "},
	    {"a\\ b\nc", "a b", "c"},
	    {"romeo", "romeo", ""},
	};
	char *word = NULL;
	const char *rest = NULL;
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(all); i++) {
		assert_int_equal(split_first(all[i].line, &word, &rest), 0);
		assert_string_equal(word, all[i].word);
		assert_string_equal(rest, all[i].rest);
		free(word);
	}
	assert_int_equal(split_first("  ", &word, &rest), 0);
	assert_null(word);
	assert_int_equal(split_first("'a b", &word, &rest), -EINVAL);
	assert_null(word);
}

static void
words_can_be_put_in_between(void **state)
{
	struct split s;
	(void)state;
	assert_int_equal(split_line("a c", &s), 0);
	assert_int_equal(split_insert(&s, 1, "b"), 0);
	assert_int_equal(split_insert(&s, 3, "d"), 0);
	for (int i = 2; i < SPLIT_MORE; i++)
		assert_int_equal(split_insert(&s, s.count, "x"), 0);
	assert_string_equal(s.words[0], "a");
	assert_string_equal(s.words[1], "b");
	assert_string_equal(s.words[2], "c");
	assert_string_equal(s.words[3], "d");
	assert_int_equal(s.count, 2 + SPLIT_MORE);
	assert_null(s.words[s.count]);
	split_finish(&s);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(words_are_taken_apart_as_a_shell_does),
	    cmocka_unit_test(an_open_quotation_is_an_error),
	    cmocka_unit_test(the_first_word_is_taken_whatever_follows),
	    cmocka_unit_test(words_can_be_put_in_between),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
