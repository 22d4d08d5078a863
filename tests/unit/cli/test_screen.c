#include "base/compiler.h"
#include "base/text.h"
#include "cli/command.h"
#include "cli/screen.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static size_t
count_rows(const char *text, size_t columns)
{
	size_t rows = 0;
	for (const char *end; *text; text = end + 1, rows++) {
		end = strchr(text, '\n');
		assert_non_null(end); /* every row ends with a line break */
		assert_true(text_width(text, (size_t)(end - text)) < columns);
	}
	return rows;
}

static void
no_row_is_wider_than_the_screen(void **state)
{
	(void)state;
	static const char *const texts[] = {
	    "",
	    "word",
	    "a few words that will not fit into one row of a narrow terminal",
	    "onewordthatislongerthananyrowofthenarrowestterminalinthistest",
	    "\xe4\xb8\xad\xe6\x96\x87\xe4\xb8\xad\xe6\x96\x87\xe4\xb8\xad\xe6\x96\x87 wide",
	    "two\n\xc2\xbb rows\n\xc2\xbb \n\xc2\xbb end",
	};
	for (size_t columns = 12; columns < 60; columns++)
		for (size_t i = 0; i < ARRAY_LEN(texts); i++)
			for (size_t column = 0; column < 10; column++) {
				struct screen s = {.tty = true, .columns = columns, .rows = 24};
				struct buf b = BUF_INIT(SCREEN_MAX);
				buf_fmt(&b, "%*s", (int)column, "");
				size_t rows = screen_wrap(&s, &b, texts[i], column, 4);
				assert_int_equal(rows, count_rows(buf_cstr(&b), columns));
				buf_finish(&b);
			}
}

static void
wrapping_breaks_between_words(void **state)
{
	(void)state;
	struct screen s = {.tty = true, .columns = 12, .rows = 24};
	struct buf b = BUF_INIT(SCREEN_MAX);
	assert_int_equal(screen_wrap(&s, &b, "aaa bbb ccc ddd", 0, 2), 2);
	assert_string_equal(buf_cstr(&b), "aaa bbb ccc\n  ddd\n");
	buf_clear(&b);
	s.tty = false;
	assert_int_equal(screen_wrap(&s, &b, "aaa bbb ccc ddd", 0, 2), 1);
	assert_string_equal(buf_cstr(&b), "aaa bbb ccc ddd\n");
	buf_finish(&b);
}

static void
tables_lose_the_least_column_first(void **state)
{
	(void)state;
	static const struct column columns[] = {{"Name", 6, 0}, {"Seen", 6, 1}, {"More", 6, 2}};
	const struct cell cells[] = {{"Bartholomew", STYLE_PLAIN}, {"just now", STYLE_PLAIN},
	    {"something else", STYLE_PLAIN}};
	struct screen s = {.tty = true, .columns = 80, .rows = 24};
	struct buf b = BUF_INIT(SCREEN_MAX);
	table_print(&s, &b, columns, 3, cells, 1);
	assert_string_equal(
	    buf_cstr(&b), "Name         Seen      More\nBartholomew  just now  something else\n");
	buf_clear(&b);
	s.columns = 34; /* the least needed is narrowed */
	table_print(&s, &b, columns, 3, cells, 1);
	assert_string_equal(buf_cstr(&b),
	    "Name         Seen      More\nBartholomew  just now  something\xe2\x80\xa6\n");
	buf_clear(&b);
	s.columns = 20; /* and goes */
	table_print(&s, &b, columns, 3, cells, 1);
	assert_string_equal(buf_cstr(&b), "Name         Seen\nBartholomew  just \xe2\x80\xa6\n");
	buf_clear(&b);
	s.tty = false; /* a script wants all of it */
	table_print(&s, &b, columns, 3, cells, 1);
	assert_string_equal(buf_cstr(&b), "Bartholomew\tjust now\tsomething else\n");
	buf_finish(&b);
}

static void
slips_find_the_command_meant(void **state)
{
	(void)state;
	assert_string_equal(command_guess(command_table, "wohh")->name, "who");
	assert_string_equal(command_guess(command_table, "stauts")->name, "status");
	assert_string_equal(command_guess(command_table, "peer")->name, "peers");
	assert_null(command_guess(command_table, "x"));
	assert_null(command_guess(command_table, ""));
	assert_null(command_guess(command_table, "__complet"));
	assert_null(command_guess(command_table, "averyverylongwordthatisnocommandatall"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(no_row_is_wider_than_the_screen),
	    cmocka_unit_test(wrapping_breaks_between_words),
	    cmocka_unit_test(tables_lose_the_least_column_first),
	    cmocka_unit_test(slips_find_the_command_meant),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
