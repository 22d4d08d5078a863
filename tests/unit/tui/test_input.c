/* The text being typed: what each key does. */
#include "base/buf.h"
#include "base/compiler.h"
#include "typing.h"

#include <locale.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

/* ---- helpers ---- */

static const char *const names[] = {"/help", "/history", "/file", "Romeo", "Rosaline", "Juliet"};

static void
/* NOLINTNEXTLINE(readability-non-const-parameter): as input_complete_fn has it */
complete(void *ctx, const char *text, size_t cursor, size_t *from, input_add_fn *add, void *list)
{
	(void)ctx;
	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		if (strncasecmp(names[i], text + *from, cursor - *from) == 0)
			add(list, names[i]);
}

/* Text with | where the cursor is. */
static void
is(const struct input *in, const char *expected)
{
	struct buf b = BUF_INIT(1 << 20);
	buf_add(&b, input_text(in), input_cursor(in));
	buf_char(&b, '|');
	buf_str(&b, input_text(in) + input_cursor(in));
	assert_int_equal(strlen(input_text(in)), input_len(in));
	assert_string_equal(buf_cstr(&b), expected);
	buf_finish(&b);
}

static void
send(struct input *in, const char *text)
{
	type(in, text);
	assert_int_equal(press(in, TUI_KEY_ENTER, 0), INPUT_DONE);
	char *taken = input_take(in);
	assert_string_equal(taken, text);
	free(taken);
	is(in, "|");
}

/* ---- moving and erasing ---- */

static void
the_cursor_moves_by_what_people_call_characters(void **state)
{
	(void)state;
	struct input *in = make(complete);
	type(in, "a" FAMILY FLAG E_ACUTE "\xe6\x97\xa5");
	press(in, TUI_KEY_LEFT, 0);
	is(in, "a" FAMILY FLAG E_ACUTE "|\xe6\x97\xa5");
	press(in, TUI_KEY_LEFT, 0);
	is(in, "a" FAMILY FLAG "|" E_ACUTE "\xe6\x97\xa5");
	chord(in, 'b', TUI_CTRL);
	is(in, "a" FAMILY "|" FLAG E_ACUTE "\xe6\x97\xa5");
	press(in, TUI_KEY_LEFT, 0);
	is(in, "a|" FAMILY FLAG E_ACUTE "\xe6\x97\xa5");
	press(in, TUI_KEY_RIGHT, 0);
	is(in, "a" FAMILY "|" FLAG E_ACUTE "\xe6\x97\xa5");
	press(in, TUI_KEY_BACKSPACE, 0);
	is(in, "a|" FLAG E_ACUTE "\xe6\x97\xa5");
	press(in, TUI_KEY_DELETE, 0);
	is(in, "a|" E_ACUTE "\xe6\x97\xa5");
	chord(in, 'f', TUI_CTRL);
	chord(in, 'h', TUI_CTRL);
	is(in, "a|\xe6\x97\xa5");
	chord(in, 'd', TUI_CTRL);
	is(in, "a|");
	assert_int_equal(press(in, TUI_KEY_DELETE, 0), INPUT_MOVED);
	assert_int_equal(press(in, TUI_KEY_BACKSPACE, 0), INPUT_CHANGED);
	assert_int_equal(press(in, TUI_KEY_BACKSPACE, 0), INPUT_MOVED);
	assert_int_equal(chord(in, 'd', TUI_CTRL), INPUT_IGNORED); /* means to leave */
	input_destroy(in);
}

static void
what_joins_the_character_before_is_never_left_alone(void **state)
{
	(void)state;
	struct input *in = make(complete);
	type(in, "e\xcc\x82");
	press(in, TUI_KEY_HOME, 0);
	type(in, "x"); /* x, then e with its mark */
	is(in, "x|e\xcc\x82");
	press(in, TUI_KEY_DELETE, 0);
	is(in, "x|");
	input_set(in, "\xf0\x9f\x91\xa9");
	press(in, TUI_KEY_HOME, 0);
	type(in, "\xf0\x9f\x91\xa8\xe2\x80\x8d"); /* now it joins what follows */
	is(in, "\xf0\x9f\x91\xa8\xe2\x80\x8d|\xf0\x9f\x91\xa9");
	type(in, "\xf0\x9f\x91\xa7"); /* an emoji is typed in several steps */
	is(in, "\xf0\x9f\x91\xa8\xe2\x80\x8d\xf0\x9f\x91\xa7|\xf0\x9f\x91\xa9");
	press(in, TUI_KEY_BACKSPACE, 0);
	is(in, "|\xf0\x9f\x91\xa9");
	input_destroy(in);
}

static void
words_and_lines_have_keys_of_their_own(void **state)
{
	(void)state;
	struct input *in = make(complete);
	type(in, "one two-three\nfour  \xc3\xbc"
		 "ber");
	press(in, TUI_KEY_LEFT, TUI_CTRL);
	is(in, "one two-three\nfour  |\xc3\xbc"
	       "ber");
	press(in, TUI_KEY_LEFT, TUI_ALT);
	is(in, "one two-three\n|four  \xc3\xbc"
	       "ber");
	chord(in, 'b', TUI_ALT);
	is(in, "one two-|three\nfour  \xc3\xbc"
	       "ber");
	press(in, TUI_KEY_RIGHT, TUI_CTRL);
	is(in, "one two-three|\nfour  \xc3\xbc"
	       "ber");
	chord(in, 'f', TUI_ALT);
	is(in, "one two-three\nfour|  \xc3\xbc"
	       "ber");
	press(in, TUI_KEY_HOME, 0);
	is(in, "one two-three\n|four  \xc3\xbc"
	       "ber");
	press(in, TUI_KEY_HOME, 0);
	is(in, "one two-three\n|four  \xc3\xbc"
	       "ber");
	chord(in, 'e', TUI_CTRL);
	is(in, "one two-three\nfour  \xc3\xbc"
	       "ber|");
	press(in, TUI_KEY_HOME, TUI_CTRL);
	is(in, "|one two-three\nfour  \xc3\xbc"
	       "ber");
	press(in, TUI_KEY_END, 0);
	is(in, "one two-three|\nfour  \xc3\xbc"
	       "ber");
	press(in, TUI_KEY_RIGHT, 0);
	is(in, "one two-three\n|four  \xc3\xbc"
	       "ber");
	chord(in, 'a', TUI_CTRL);
	press(in, TUI_KEY_END, TUI_CTRL);
	is(in, "one two-three\nfour  \xc3\xbc"
	       "ber|");
	input_destroy(in);
}

static void
what_was_killed_can_be_put_back(void **state)
{
	(void)state;
	struct input *in = make(complete);
	assert_int_equal(chord(in, 'y', TUI_CTRL), INPUT_MOVED);
	type(in, "one two-three four");
	chord(in, 'w', TUI_CTRL);
	is(in, "one two-three |");
	chord(in, 'w', TUI_CTRL);
	is(in, "one |");
	chord(in, 'y', TUI_CTRL); /* both, in their order */
	is(in, "one two-three four|");
	press(in, TUI_KEY_BACKSPACE, TUI_ALT);
	is(in, "one two-three |");
	press(in, TUI_KEY_BACKSPACE, TUI_ALT);
	is(in, "one two-|");
	chord(in, 'u', TUI_CTRL);
	is(in, "|");
	chord(in, 'y', TUI_CTRL);
	is(in, "one two-three four|");
	press(in, TUI_KEY_HOME, 0);
	chord(in, 'd', TUI_ALT);
	is(in, "| two-three four");
	chord(in, 'd', TUI_ALT);
	is(in, "|-three four");
	chord(in, 'k', TUI_CTRL);
	is(in, "|");
	chord(in, 'y', TUI_CTRL);
	is(in, "one two-three four|");
	input_set(in, "a\nb");
	press(in, TUI_KEY_HOME, TUI_CTRL);
	chord(in, 'k', TUI_CTRL);
	is(in, "|\nb");
	chord(in, 'k', TUI_CTRL);
	is(in, "|b");
	press(in, TUI_KEY_RIGHT, 0); /* not one after the other any more */
	chord(in, 'u', TUI_CTRL);
	chord(in, 'y', TUI_CTRL);
	is(in, "b|");
	input_destroy(in);
}

static void
two_characters_are_swapped(void **state)
{
	static const struct {
		const char *before;
		int left;
		const char *after;
	} cases[] = {{"ab", 0, "ba|"}, {"ab", 1, "ba|"}, {"ab", 2, "|ab"}, {"a", 0, "a|"},
	    {"", 0, "|"}, {"a" E_ACUTE, 0, E_ACUTE "a|"}, {"x\nab", 0, "x\nba|"},
	    {"x\na", 0, "x\na|"}, {"abc", 1, "acb|"}};
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct input *in = make(complete);
		input_set(in, cases[i].before);
		for (int k = 0; k < cases[i].left; k++)
			press(in, TUI_KEY_LEFT, 0);
		chord(in, 't', TUI_CTRL);
		is(in, cases[i].after);
		input_destroy(in);
	}
}

static void
changes_are_undone_word_by_word(void **state)
{
	(void)state;
	struct input *in = make(complete);
	assert_int_equal(chord(in, '_', TUI_CTRL), INPUT_IGNORED);
	type(in, "one two");
	chord(in, 'w', TUI_CTRL);
	chord(in, '_', TUI_CTRL);
	is(in, "one two|");
	chord(in, '_', TUI_CTRL);
	is(in, "one|");
	chord(in, '_', TUI_CTRL);
	is(in, "|");
	type(in, "abc");
	press(in, TUI_KEY_BACKSPACE, 0);
	press(in, TUI_KEY_BACKSPACE, 0);
	is(in, "a|");
	chord(in, '_', TUI_CTRL);
	is(in, "abc|");
	press(in, TUI_KEY_LEFT, 0);
	paste(in, "X\nY", 3);
	is(in, "abX\nY|c");
	chord(in, '_', TUI_CTRL);
	is(in, "ab|c");
	input_destroy(in);
}

/* ---- history ---- */

static void
history_is_walked_through_and_the_draft_comes_back(void **state)
{
	(void)state;
	struct input *in = make(complete);
	assert_int_equal(press(in, TUI_KEY_UP, 0), INPUT_IGNORED);
	send(in, "first");
	send(in, "second\nof two lines");
	send(in, "second\nof two lines"); /* kept once */
	type(in, "draft");
	press(in, TUI_KEY_UP, 0);
	is(in, "second\nof two lines|");
	press(in, TUI_KEY_UP, 0); /* within it first */
	is(in, "second|\nof two lines");
	press(in, TUI_KEY_UP, 0);
	is(in, "first|");
	assert_int_equal(press(in, TUI_KEY_UP, 0), INPUT_IGNORED);
	press(in, TUI_KEY_DOWN, 0);
	is(in, "second\nof two lines|");
	press(in, TUI_KEY_DOWN, 0);
	is(in, "draft|");
	assert_int_equal(press(in, TUI_KEY_DOWN, 0), INPUT_IGNORED);
	chord(in, 'p', TUI_CTRL);
	chord(in, 'p', TUI_CTRL);
	is(in, "first|");
	type(in, "!"); /* a new text now */
	assert_int_equal(chord(in, 'n', TUI_CTRL), INPUT_IGNORED);
	chord(in, 'p', TUI_CTRL);
	is(in, "second\nof two lines|");
	chord(in, 'n', TUI_CTRL);
	is(in, "first!|");
	chord(in, '_', TUI_CTRL);
	chord(in, '_', TUI_CTRL);
	is(in, "first|");
	chord(in, '_', TUI_CTRL);
	is(in, "draft|"); /* even that is not lost */
	input_destroy(in);
}

static void
history_keeps_the_newest(void **state)
{
	char text[16];
	(void)state;
	struct input *in = make(complete);
	for (int i = 0; i < INPUT_HISTORY + 50; i++) {
		(void)snprintf(text, sizeof(text), "text %d", i);
		send(in, text);
	}
	for (int i = 0; i < INPUT_HISTORY; i++)
		assert_int_equal(press(in, TUI_KEY_UP, 0), INPUT_CHANGED);
	is(in, "text 50|");
	assert_int_equal(press(in, TUI_KEY_UP, 0), INPUT_IGNORED);
	input_destroy(in);
}

static void
nothing_is_taken_as_it_is_and_not_kept(void **state)
{
	(void)state;
	struct input *in = make(complete);
	assert_int_equal(press(in, TUI_KEY_ENTER, 0), INPUT_DONE);
	char *taken = input_take(in);
	assert_string_equal(taken, "");
	free(taken);
	assert_int_equal(press(in, TUI_KEY_UP, 0), INPUT_IGNORED);
	input_destroy(in);
}

/* ---- pasting and limits ---- */

static void
pasted_text_is_text(void **state)
{
	static const struct {
		const char *pasted, *text;
	} cases[] = {
	    {"a\nb", "a\nb|"},
	    {"a\r\nb\rc", "a\nb\nc|"},
	    {"a\tb", "a\tb|"},
	    {"a\x1b[31m\x07"
	     "b\x7f",
		"a[31mb|"},
	    {"a\xff"
	     "b",
		"a\xef\xbf\xbd"
		"b|"},
	    {"a\xc2\x9b"
	     "b",
		"ab|"},
	    {"a\xef\xbf\xbe"
	     "b",
		"ab|"}, /* no character of XML */
	    {"/quit\n", "/quit\n|"},
	};
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct input *in = make(complete);
		assert_int_equal(
		    paste(in, cases[i].pasted, strlen(cases[i].pasted)), INPUT_CHANGED);
		is(in, cases[i].text);
		input_destroy(in);
	}
}

static void
too_long_a_text_is_refused_in_words(void **state)
{
	(void)state;
	struct input *in = make(complete);
	char *big = malloc(INPUT_MAX + 1);
	memset(big, 'x', INPUT_MAX + 1);
	type(in, "kept");
	assert_int_equal(paste(in, big, INPUT_MAX - 3), INPUT_REFUSED);
	assert_non_null(strstr(input_refusal(in), "64 KiB"));
	is(in, "kept|");
	assert_int_equal(paste(in, big, INPUT_MAX - 4), INPUT_CHANGED);
	assert_int_equal(input_len(in), INPUT_MAX);
	assert_int_equal(chord(in, 'x', 0), INPUT_REFUSED);
	assert_int_equal(press(in, TUI_KEY_ENTER, TUI_ALT), INPUT_REFUSED);
	assert_int_equal(press(in, TUI_KEY_BACKSPACE, 0), INPUT_CHANGED);
	assert_int_equal(chord(in, 'x', 0), INPUT_CHANGED);
	big[INPUT_MAX] = '\0';
	input_set(in, big);
	assert_int_equal(input_len(in), INPUT_MAX);
	chord(in, 'u', TUI_CTRL);
	is(in, "|");
	chord(in, 'y', TUI_CTRL);
	assert_int_equal(input_len(in), INPUT_MAX);
	assert_int_equal(chord(in, 'y', TUI_CTRL), INPUT_REFUSED);
	free(big);
	input_destroy(in);
}

static void
keys_without_a_meaning_are_left_to_others(void **state)
{
	(void)state;
	struct input *in = make(complete);
	struct tui_event mouse = {.kind = TUI_EVENT_MOUSE}, resize = {.kind = TUI_EVENT_RESIZE};
	type(in, "x");
	assert_int_equal(press(in, TUI_KEY_PAGE_UP, 0), INPUT_IGNORED);
	assert_int_equal(press(in, TUI_KEY_ESCAPE, 0), INPUT_IGNORED);
	assert_int_equal(press(in, TUI_KEY_F, 0), INPUT_IGNORED);
	assert_int_equal(press(in, TUI_KEY_UP, TUI_ALT), INPUT_IGNORED);
	assert_int_equal(chord(in, 'x', TUI_ALT), INPUT_IGNORED);
	assert_int_equal(chord(in, 'z', TUI_CTRL), INPUT_IGNORED);
	assert_int_equal(input_event(in, &mouse), INPUT_IGNORED);
	assert_int_equal(input_event(in, &resize), INPUT_IGNORED);
	is(in, "x|");
	input_destroy(in);
}

/* ---- completion ---- */

static void
the_word_is_completed(void **state)
{
	size_t count, chosen;
	(void)state;
	struct input *in = make(complete);
	type(in, "/fi");
	assert_int_equal(press(in, TUI_KEY_TAB, 0), INPUT_CHANGED);
	is(in, "/file|");
	assert_null(input_candidates(in, &count, &chosen));
	input_set(in, "/h");
	assert_int_equal(press(in, TUI_KEY_TAB, 0), INPUT_MOVED); /* two begin so */
	const char *const *words = input_candidates(in, &count, &chosen);
	assert_int_equal(count, 2);
	assert_string_equal(words[1], "/history");
	assert_true(chosen >= count);
	press(in, TUI_KEY_TAB, 0);
	is(in, "/help|");
	press(in, TUI_KEY_TAB, 0);
	is(in, "/history|");
	press(in, TUI_KEY_TAB, 0);
	is(in, "/help|");
	press(in, TUI_KEY_TAB, TUI_SHIFT);
	is(in, "/history|");
	type(in, " x");
	assert_null(input_candidates(in, &count, &chosen));
	is(in, "/history x|");
	assert_int_equal(press(in, TUI_KEY_TAB, 0), INPUT_IGNORED);
	assert_int_equal(press(in, TUI_KEY_TAB, TUI_SHIFT), INPUT_IGNORED);
	input_destroy(in);
}

static void
what_all_have_in_common_comes_first(void **state)
{
	size_t count, chosen;
	(void)state;
	struct input *in = make(complete);
	type(in, "dear r");
	press(in, TUI_KEY_TAB, 0);
	is(in, "dear Ro|");
	assert_non_null(input_candidates(in, &count, &chosen));
	assert_int_equal(press(in, TUI_KEY_ESCAPE, 0), INPUT_MOVED);
	assert_null(input_candidates(in, &count, &chosen));
	is(in, "dear Ro|");
	press(in, TUI_KEY_TAB, 0);
	press(in, TUI_KEY_TAB, TUI_SHIFT);
	is(in, "dear Rosaline|");
	chord(in, '_', TUI_CTRL);
	chord(in, '_', TUI_CTRL);
	is(in, "dear r|");
	input_set(in, "");
	press(in, TUI_KEY_TAB, 0); /* all */
	assert_non_null(input_candidates(in, &count, &chosen));
	assert_int_equal(count, ARRAY_LEN(names));
	input_destroy(in);
}

/* ---- what is seen ---- */

static void
looks_like(struct input *in, const char *prompt, unsigned width, size_t most, const char *expected)
{
	struct buf b = BUF_INIT(1 << 16);
	size_t rows = input_layout(in, prompt, TUI_NAME, width, most), y;
	unsigned column;
	for (size_t i = 0; i < rows; i++) {
		unsigned at = 0;
		const struct layout_row *row = input_row(in, i);
		buf_str(&b, i > 0 ? "/" : "");
		for (size_t k = 0; k < row->count; k++) {
			for (; at < row->spans[k].column; at++)
				buf_char(&b, ' ');
			buf_add(&b, row->spans[k].text, row->spans[k].len);
			at += row->spans[k].columns;
		}
		assert_int_equal(at > row->columns ? at : row->columns, row->columns);
	}
	assert_null(input_row(in, rows));
	input_place(in, &y, &column);
	buf_fmt(&b, "@%zu,%u", y, column);
	assert_string_equal(buf_cstr(&b), expected);
	buf_finish(&b);
}

static void
rows_stand_beside_the_prompt(void **state)
{
	(void)state;
	struct input *in = make(complete);
	looks_like(in, "Romeo> ", 20, 5, "Romeo> @0,7");
	type(in, "hello");
	looks_like(in, "Romeo> ", 20, 5, "Romeo> hello@0,12");
	type(in, " out there"); /* 12 columns, the last one for the cursor */
	looks_like(in, "Romeo> ", 20, 5, "Romeo> hello out th/       ere@1,10");
	press(in, TUI_KEY_HOME, 0);
	looks_like(in, "Romeo> ", 20, 5, "Romeo> hello out th/       ere@0,7");
	looks_like(
	    in, "Romeo Montague> ", 20, 5, "Romeo Mon\xe2\x80\xa6hello out/           there@0,10");
	looks_like(in, "Romeo> ", 9, 5, "hello ou/t there@0,0"); /* no room for a prompt */
	input_set(in, "\xe6\x97\xa5\xe6\x9c\xac\xe8\xaa\x9e");
	looks_like(in, "> ", 16, 5, "> \xe6\x97\xa5\xe6\x9c\xac\xe8\xaa\x9e@0,8");
	looks_like(in, "", 6, 5, "\xe6\x97\xa5\xe6\x9c\xac/\xe8\xaa\x9e@1,2");
	looks_like(in, "", 1, 5, "\xef\xbf\xbd/\xef\xbf\xbd/\xef\xbf\xbd@2,0");
	input_destroy(in);
}

static void
rows_around_the_cursor_are_seen(void **state)
{
	(void)state;
	struct input *in = make(complete);
	type(in, "1\n2\n3\n4\n5");
	looks_like(in, "> ", 20, 3, "  3/  4/  5@2,3");
	press(in, TUI_KEY_UP, 0);
	looks_like(in, "> ", 20, 3, "  3/  4/  5@1,3");
	press(in, TUI_KEY_HOME, TUI_CTRL);
	looks_like(in, "> ", 20, 3, "> 1/  2/  3@0,2");
	looks_like(in, "> ", 20, 1, "> 1@0,2");
	looks_like(in, "> ", 20, 0, "@0,2");
	looks_like(in, "> ", 20, 9, "> 1/  2/  3/  4/  5@0,2");
	input_destroy(in);
}

static void
up_and_down_keep_the_column(void **state)
{
	(void)state;
	struct input *in = make(complete);
	type(in, "a long line\nab\nanother line");
	(void)input_layout(in, "> ", TUI_NAME, 40, 5);
	press(in, TUI_KEY_LEFT, 0);
	press(in, TUI_KEY_LEFT, 0);
	press(in, TUI_KEY_UP, 0);
	is(in, "a long line\nab|\nanother line");
	press(in, TUI_KEY_UP, 0);
	is(in, "a long lin|e\nab\nanother line");
	press(in, TUI_KEY_DOWN, 0);
	press(in, TUI_KEY_DOWN, 0);
	is(in, "a long line\nab\nanother li|ne");
	input_set(in, "0123456789abcdefghij"); /* rows of one line, too */
	(void)input_layout(in, "", TUI_NAME, 11, 5);
	press(in, TUI_KEY_UP, 0);
	is(in, "012345678|9abcdefghij"); /* behind the 9 is the row below */
	input_destroy(in);
}

static void
a_click_puts_the_cursor_there(void **state)
{
	(void)state;
	struct input *in = make(complete);
	type(in, "one\ntwo\nthree");
	(void)input_layout(in, "> ", TUI_NAME, 40, 2); /* two, three */
	input_point(in, 0, 3);
	is(in, "one\nt|wo\nthree");
	input_point(in, 1, 99);
	is(in, "one\ntwo\nthree|");
	input_point(in, 0, 0);
	is(in, "one\n|two\nthree");
	input_point(in, 7, 0);
	is(in, "one\n|two\nthree");
	input_destroy(in);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(the_cursor_moves_by_what_people_call_characters),
	    cmocka_unit_test(what_joins_the_character_before_is_never_left_alone),
	    cmocka_unit_test(words_and_lines_have_keys_of_their_own),
	    cmocka_unit_test(what_was_killed_can_be_put_back),
	    cmocka_unit_test(two_characters_are_swapped),
	    cmocka_unit_test(changes_are_undone_word_by_word),
	    cmocka_unit_test(history_is_walked_through_and_the_draft_comes_back),
	    cmocka_unit_test(history_keeps_the_newest),
	    cmocka_unit_test(nothing_is_taken_as_it_is_and_not_kept),
	    cmocka_unit_test(pasted_text_is_text),
	    cmocka_unit_test(too_long_a_text_is_refused_in_words),
	    cmocka_unit_test(keys_without_a_meaning_are_left_to_others),
	    cmocka_unit_test(the_word_is_completed),
	    cmocka_unit_test(what_all_have_in_common_comes_first),
	    cmocka_unit_test(rows_stand_beside_the_prompt),
	    cmocka_unit_test(rows_around_the_cursor_are_seen),
	    cmocka_unit_test(up_and_down_keep_the_column),
	    cmocka_unit_test(a_click_puts_the_cursor_there),
	};
	if (!setlocale(LC_ALL, "C.UTF-8")) { // NOLINT(concurrency-mt-unsafe): one thread
		puts("There is no locale C.UTF-8 here.");
		return 77;
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
