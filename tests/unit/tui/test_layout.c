/* Text in rows: what is broken where, and that nothing is lost and nothing too wide at any width.
 */
#include "base/compiler.h"
#include "base/utf8.h"
#include "tui/layout.h"

#include <locale.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>

#include <cmocka.h>

enum { WIDEST = 200 };

/* ---- helpers ---- */

static struct layout *
lay_out(const char *text, size_t len, unsigned width, unsigned indent)
{
	struct layout_text t;
	struct layout *l = NULL;
	layout_text_init(&t);
	layout_text_indent(&t, indent);
	layout_text_add_bytes(&t, TUI_PLAIN, text, len);
	assert_int_equal(layout_create(&t, width, &l), 0);
	layout_text_finish(&t);
	return l;
}

static void
add_row(struct buf *out, const struct layout_row *row)
{
	unsigned column = 0;
	for (size_t i = 0; i < row->count; i++) {
		const struct layout_span *span = &row->spans[i];
		for (; column < span->column; column++)
			buf_char(out, ' ');
		buf_add(out, span->text, span->len);
		column += span->columns;
	}
}

/* Rows with | between. */
static void
join(struct buf *out, const struct layout *l)
{
	for (size_t i = 0; i < l->count; i++) {
		buf_str(out, i > 0 ? "|" : "");
		add_row(out, &l->rows[i]);
	}
}

/* Counted by itself, character by character. */
static unsigned
columns_of(const char *text, size_t len)
{
	unsigned columns = 0;
	while (len > 0) {
		uint32_t c = 0;
		size_t n = utf8_decode(text, len, &c);
		assert_true(n > 0); /* what comes out is UTF-8 */
		int width = wcwidth((wchar_t)c);
		assert_true(width >= 0); /* and has a width */
		columns += (unsigned)width;
		text += n;
		len -= n;
	}
	return columns;
}

static void
fits(const struct layout *l, unsigned width)
{
	assert_true(l->count >= 1);
	for (size_t i = 0; i < l->count; i++) {
		const struct layout_row *row = &l->rows[i];
		unsigned column = row->count > 0 ? row->spans[0].column : row->columns;
		for (size_t k = 0; k < row->count; k++) {
			assert_int_equal(row->spans[k].column, column);
			assert_true(row->spans[k].len > 0);
			assert_int_equal(columns_of(row->spans[k].text, row->spans[k].len),
			    row->spans[k].columns);
			column += row->spans[k].columns;
		}
		assert_int_equal(column, row->columns);
		assert_true(column <= width);
	}
}

/* What is shown but blanks, in order. */
static void
ink(struct buf *out, const struct layout *l)
{
	for (size_t i = 0; i < l->count; i++)
		for (size_t k = 0; k < l->rows[i].count; k++) {
			const struct layout_span *span = &l->rows[i].spans[k];
			for (unsigned b = 0; b < span->len; b++)
				if (span->text[b] != ' ')
					buf_char(out, span->text[b]);
		}
}

/* ---- cases ---- */

/* NOLINTBEGIN(misc-misleading-bidirectional, bugprone-suspicious-missing-comma): the texts are to
 * mislead */
struct expected {
	const char *text;
	unsigned width, indent;
	const char *rows;
};

static const struct expected cases[] = {
    /* words */
    {"", 10, 0, ""},
    {"a", 10, 0, "a"},
    {"a", 1, 0, "a"},
    {"ab", 1, 0, "a|b"},
    {"a b", 1, 0, "a|b"},
    {"hello world", 11, 0, "hello world"},
    {"hello world", 10, 0, "hello|world"},
    {"hello world", 6, 0, "hello|world"},
    {"hello world", 5, 0, "hello|world"},
    {"hello world", 4, 0, "hell|o wo|rld"},
    {"one two three", 8, 0, "one two|three"},
    {"one two three", 7, 0, "one two|three"},
    {"one two three", 6, 0, "one|two|three"},
    {"abcdefghij", 4, 0, "abcd|efgh|ij"},
    {"ab cdefghij", 4, 0, "ab c|defg|hij"},
    {"ab cdef", 4, 0, "ab|cdef"},
    {"ab cdefg", 6, 2, "ab cde|  fg"},
    /* blanks */
    {"  indented", 20, 0, "  indented"},
    {"  indented", 8, 0, "indented"},
    {"a  b", 10, 0, "a  b"},
    {"a     b", 3, 0, "a|b"},
    {"ab   ", 10, 0, "ab   "},
    {"ab   ", 3, 0, "ab"},
    {"abc   def", 4, 0, "abc|def"},
    {"     ", 3, 0, ""},
    {"a\tb", 10, 0, "a b"},
    /* lines */
    {"a\nb", 10, 0, "a|b"},
    {"a\n\nb", 10, 0, "a||b"},
    {"\na", 10, 0, "|a"},
    {"a\n", 10, 0, "a|"},
    {"\n", 10, 0, "|"},
    {"one two\nthree", 5, 0, "one|two|three"},
    {"one \nthree", 4, 0, "one |thre|e"},
    {"exact\nnext", 5, 0, "exact|next"},
    /* rows that go on are indented */
    {"one two three", 8, 2, "one two|  three"},
    {"one two three", 7, 2, "one two|  three"},
    {"one\ntwo", 8, 2, "one|  two"},
    {"one\n\ntwo", 8, 2, "one||  two"},
    {"one two three", 5, 4, "one|  two|  thr|  ee"},
    {"abcdef", 2, 9, "ab|cd|ef"},
    {"abcdef", 3, 9, "abc| de| f"},
    {"\xe6\x97\xa5\xe6\x9c\xac\xe8\xaa\x9e", 3, 2, "\xe6\x97\xa5| \xe6\x9c\xac| \xe8\xaa\x9e"},
    /* wide characters: break anywhere, never in two */
    {"\xe6\x97\xa5\xe6\x9c\xac", 4, 0, "\xe6\x97\xa5\xe6\x9c\xac"},
    {"\xe6\x97\xa5\xe6\x9c\xac", 3, 0, "\xe6\x97\xa5|\xe6\x9c\xac"},
    {"\xe6\x97\xa5\xe6\x9c\xac", 2, 0, "\xe6\x97\xa5|\xe6\x9c\xac"},
    {"\xe6\x97\xa5\xe6\x9c\xac", 1, 0, "\xef\xbf\xbd|\xef\xbf\xbd"},
    {"a\xe6\x97\xa5", 2, 0, "a|\xe6\x97\xa5"},
    {"word\xe6\x97\xa5\xe6\x9c\xac", 7, 0, "word\xe6\x97\xa5|\xe6\x9c\xac"},
    {"\xe6\x97\xa5\xe6\x9c\xac"
     "abcdef",
	6, 0,
	"\xe6\x97\xa5\xe6\x9c\xac|"
	"abcdef"},
    {"wordy \xe6\x97\xa5\xe6\x9c\xac\xe6\x97\xa5", 8, 0,
	"wordy \xe6\x97\xa5|\xe6\x9c\xac\xe6\x97\xa5"},
    /* marks stay with their letter */
    {"e\xcc\x81", 1, 0, "e\xcc\x81"},
    {"e\xcc\x81"
     "e\xcc\x81",
	1, 0, "e\xcc\x81|e\xcc\x81"},
    {"e\xcc\x81\xcc\x82\xcc\x83\xcc\x84\xcc\x85\xcc\x86", 5, 0,
	"e\xcc\x81\xcc\x82\xcc\x83\xcc\x84"},
    {"\xcc\x81x", 5, 0, "\xe2\x97\x8c\xcc\x81x"},
    {"a\n\xcc\x81x", 5, 0, "a|\xe2\x97\x8c\xcc\x81x"},
    {" \xcc\x81", 5, 0, " \xcc\x81"},
    /* what joins, selects, turns or controls is not there */
    {"\xf0\x9f\x91\xa8\xe2\x80\x8d\xf0\x9f\x91\xa9", 8, 0, "\xf0\x9f\x91\xa8\xf0\x9f\x91\xa9"},
    {"\xe2\x9d\xa4\xef\xb8\x8f!", 8, 0, "\xe2\x9d\xa4!"},
    {"a\xe2\x80\xae"
     "b",
	8, 0, "ab"},
    {"a\xe2\x81\xa6"
     "b\xe2\x81\xa9",
	8, 0, "ab"},
    {"a\x1b[31mb", 8, 0, "a[31mb"},
    {"a\x07"
     "b\x7f",
	8, 0, "ab"},
    {"a\xc2\x9b"
     "b",
	8, 0, "ab"},
    {"a\rb", 8, 0, "ab"},
    {"a\xc2\xad"
     "b",
	8, 0, "ab"},
    {"\xef\xbb\xbf"
     "a",
	8, 0, "a"},
    {"\xe2\x80\x8b\xe2\x80\x8d", 8, 0, ""},
    /* what has no width here */
    {"\xf0\x9f\xab\xa8", 8, 0, "\xef\xbf\xbd"},
    /* what is no UTF-8 */
    {"a\xff"
     "b",
	8, 0,
	"a\xef\xbf\xbd"
	"b"},
    {"\xe6\x97", 8, 0, "\xef\xbf\xbd\xef\xbf\xbd"},
    {"\xc0\x80", 8, 0, "\xef\xbf\xbd\xef\xbf\xbd"},
    {"\xed\xa0\x80", 8, 0, "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"},
    /* from right to left: in the order in which it is stored */
    {"\xd7\xa9\xd7\x9c\xd7\x95\xd7\x9d", 2, 0, "\xd7\xa9\xd7\x9c|\xd7\x95\xd7\x9d"},
};

static void
text_is_broken_where_it_should_be(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		const struct expected *e = &cases[i];
		struct layout *l = lay_out(e->text, strlen(e->text), e->width, e->indent);
		struct buf b = BUF_INIT(4096);
		join(&b, l);
		if (strcmp(buf_cstr(&b), e->rows) != 0)
			fail_msg("case %zu at %u: \"%s\" instead of \"%s\"", i, e->width,
			    buf_cstr(&b), e->rows);
		fits(l, e->width);
		buf_finish(&b);
		free(l);
	}
}

/* ---- properties ---- */

/* Written for this test: what has broken programs that show text. */
static const char *const nasty[] = {
    "",
    " ",
    "\n",
    "\n\n\n",
    "   \n   ",
    "The quick brown fox jumps over the lazy dog, again and again and again.",
    "https://example.org/a/very/long/path/without/any/blank?and=a&query=too#and-a-fragment",
    "a b c d e f g h i j k l m n o p q r s t u v w x y z",
    "\xe6\x97\xa5\xe6\x9c\xac\xe8\xaa\x9e\xe3\x81\xae\xe6\x96\x87\xe7\xab\xa0\xe3\x80\x82 and "
    "words",
    "mixed \xe4\xb8\xad\xe6\x96\x87 words \xed\x95\x9c\xea\xb5\xad\xec\x96\xb4 here",
    "\xd7\xa9\xd7\x9c\xd7\x95\xd7\x9d \xd7\xa2\xd7\x95\xd7\x9c\xd7\x9d and back",
    "\xd9\x85\xd8\xb1\xd8\xad\xd8\xa8\xd8\xa7 \xef\xb7\xba",
    "\xe0\xa4\xa8\xe0\xa4\xae\xe0\xa4\xb8\xe0\xa5\x8d\xe0\xa4\xa4\xe0\xa5\x87",
    "\xe0\xb8\xaa\xe0\xb8\xa7\xe0\xb8\xb1\xe0\xb8\xaa\xe0\xb8\x94\xe0\xb8\xb5",
    "\xf0\x9f\x91\xa8\xe2\x80\x8d\xf0\x9f\x91\xa9\xe2\x80\x8d\xf0\x9f\x91\xa7 family",
    "\xf0\x9f\x91\x8b\xf0\x9f\x8f\xbd \xf0\x9f\x87\xa9\xf0\x9f\x87\xaa \xe2\x9d\xa4\xef\xb8\x8f",
    "Z\xcc\xb4\xcc\xa1\xcd\x93\xcc\x9e\xcc\x88\xcc\x81\xcc\x82\xcc\x83 "
    "a\xcc\x8a\xcc\x8a\xcc\x8a\xcc\x8a\xcc\x8a\xcc\x8a",
    "\xcc\x81\xcc\x82\xcc\x83\xcc\x84\xcc\x85",
    "\xe2\x80\xae"
    "desrever\xe2\x80\xac \xe2\x81\xa6isolated\xe2\x81\xa9",
    "\x1b[2J\x1b[H\x1b]0;title\x07 \x9b"
    "31m",
    "\xe1\x84\x80\xe1\x85\xa1\xe1\x86\xa8 \xe1\x85\xa0",
    "\xff\xfe\xfd\xc3\x28 \xf4\x90\x80\x80",
    "\xe2\x80\xa8line\xe2\x80\xa9paragraph\xc2\x85next",
    "tab\ttab\t\ttab",
    "\xef\xbf\xbd\xef\xbf\xbe\xf3\xa0\x80\x81",
    "\xf0\x92\x80\xb1\xef\xb7\xbd\xf0\x9d\x94\x98",
};

/* NOLINTEND(misc-misleading-bidirectional, bugprone-suspicious-missing-comma) */

/* At a width at which everything fits it is the same as at any other, but for blanks. */
static void
holds_at_all_widths(const char *text, size_t len)
{
	struct buf whole = BUF_INIT(1 << 20), part = BUF_INIT(1 << 20);
	struct layout *l = lay_out(text, len, 60000, 0);
	fits(l, 60000);
	ink(&whole, l);
	free(l);
	for (unsigned width = 1; width <= WIDEST; width++) {
		l = lay_out(text, len, width, width % 17);
		assert_int_equal(l->width, width);
		fits(l, width);
		buf_clear(&part);
		ink(&part, l);
		if (width > 1) /* at one wide characters are replaced */
			assert_string_equal(buf_cstr(&part), buf_cstr(&whole));
		free(l);
	}
	buf_finish(&whole);
	buf_finish(&part);
}

static void
nothing_is_lost_or_too_wide_at_any_width(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(nasty); i++)
		holds_at_all_widths(nasty[i], strlen(nasty[i]));
}

static uint32_t seed = 20261126;

static uint32_t
next_random(uint32_t below)
{
	seed = seed * 1664525u + 1013904223u;
	return (uint32_t)(((uint64_t)seed * below) >> 32);
}

static uint32_t
random_character(void)
{
	static const uint32_t blocks[][2] = {{0x20, 0x7e}, {0x20, 0x7e}, {' ', ' '}, {0xa0, 0x24f},
	    {0x300, 0x36f}, {0x590, 0x6ff}, {0x900, 0xdff}, {0x1100, 0x11ff}, {0x2000, 0x206f},
	    {0x3000, 0x30ff}, {0x4e00, 0x9fff}, {0xfe00, 0xfe0f}, {0x1f300, 0x1faff},
	    {0x1f1e6, 0x1f1ff}, {0, 0x1f}, {0x80, 0x9f}, {0, 0x10ffff}};
	size_t which = next_random(ARRAY_LEN(blocks));
	uint32_t first = blocks[which][0];
	return first + next_random(blocks[which][1] - first + 1);
}

static size_t
random_text(char *out, size_t size)
{
	size_t len = 0, chars = next_random(60);
	for (size_t i = 0; i < chars && len + 4 < size; i++) {
		if (next_random(40) == 0)
			out[len++] = (char)next_random(256); /* no UTF-8 */
		else
			len += utf8_encode(random_character(), out + len);
	}
	return len;
}

static void
random_text_fits_and_is_whole_at_every_width(void **state)
{
	char text[512];
	(void)state;
	for (int i = 0; i < 400; i++)
		holds_at_all_widths(text, random_text(text, sizeof(text)));
}

/* A row is broken only where the next word would not have fitted. */
static void
rows_are_as_full_as_words_allow(void **state)
{
	(void)state;
	for (int round = 0; round < 2000; round++) {
		char text[256];
		size_t len = 0;
		unsigned width = 1 + next_random(30);
		for (size_t words = 1 + next_random(12); words > 0; words--) {
			for (uint32_t n = 1 + next_random(width < 9 ? width : 9); n > 0; n--)
				text[len++] = (char)('a' + next_random(26));
			text[len++] = ' ';
		}
		struct layout *l = lay_out(text, --len, width, 0);
		for (size_t i = 0; i + 1 < l->count; i++) {
			const struct layout_span *next = &l->rows[i + 1].spans[0];
			unsigned word = 0;
			while (word < next->len && next->text[word] != ' ')
				word++;
			assert_true(l->rows[i].columns + 1 + word > width);
		}
		free(l);
	}
}

/* ---- styles ---- */

static void
pieces_keep_their_styles(void **state)
{
	struct layout_text t;
	struct layout *l;
	(void)state;
	layout_text_init(&t);
	layout_text_add(&t, TUI_DAY, "-- Monday --");
	layout_text_break(&t);
	layout_text_indent(&t, 4);
	layout_text_fmt(&t, TUI_DIM, "%02d:%02d ", 8, 5);
	layout_text_add(&t, TUI_NAME | TUI_SELECTED, "Romeo");
	layout_text_add(&t, TUI_PLAIN, ": soft, ");
	layout_text_add(&t, TUI_FOUND, "what light");
	assert_int_equal(layout_create(&t, 20, &l), 0);
	assert_int_equal(l->count, 3);
	assert_int_equal(l->rows[0].spans[0].style, TUI_DAY);
	const struct layout_row *row = &l->rows[1];
	assert_int_equal(row->count, 3); /* "08:05 Romeo: soft," */
	assert_int_equal(row->spans[0].column, 0);
	assert_int_equal(row->spans[1].column, 6);
	assert_int_equal(row->spans[1].style, TUI_NAME | TUI_SELECTED);
	assert_int_equal(row->spans[2].style, TUI_PLAIN);
	assert_int_equal(row->columns, 18);
	row = &l->rows[2];
	assert_int_equal(row->count, 1);
	assert_int_equal(row->spans[0].column, 4);
	assert_int_equal(row->spans[0].style, TUI_FOUND);
	assert_memory_equal(row->spans[0].text, "what light", 10);
	free(l);
	layout_text_clear(&t);
	layout_text_add(&t, TUI_PLAIN, "new");
	assert_int_equal(layout_create(&t, 2, &l), 0);
	assert_int_equal(l->count, 2);
	assert_int_equal(l->rows[1].spans[0].column, 0); /* the indent is forgotten, too */
	free(l);
	layout_text_finish(&t);
}

static void
too_much_is_an_error(void **state)
{
	struct layout_text t;
	struct layout *l = (struct layout *)1;
	(void)state;
	char *big = malloc(LAYOUT_TEXT_MAX + 1);
	memset(big, 'x', LAYOUT_TEXT_MAX + 1);
	layout_text_init(&t);
	layout_text_add_bytes(&t, TUI_PLAIN, big, LAYOUT_TEXT_MAX + 1);
	assert_true(layout_create(&t, 80, &l) < 0);
	assert_null(l);
	layout_text_clear(&t);
	layout_text_add_bytes(&t, TUI_PLAIN, big, LAYOUT_TEXT_MAX);
	assert_int_equal(layout_create(&t, 80, &l), 0);
	assert_int_equal(l->count, (LAYOUT_TEXT_MAX + 79) / 80);
	free(l);
	layout_text_finish(&t);
	free(big);
}

/* ---- one line ---- */

static void
lines_are_clipped_with_an_ellipsis(void **state)
{
	/* NOLINTBEGIN(misc-misleading-bidirectional): as above */
	static const struct {
		const char *text;
		unsigned columns;
		const char *shown;
		unsigned taken;
	} clipped[] = {
	    {"hello", 5, "hello", 5},
	    {"hello", 9, "hello", 5},
	    {"hello", 4, "hel\xe2\x80\xa6", 4},
	    {"hello", 1, "\xe2\x80\xa6", 1},
	    {"hello", 0, "", 0},
	    {"", 3, "", 0},
	    {"a\nb", 3, "a b", 3},
	    {"\xe6\x97\xa5\xe6\x9c\xac", 4, "\xe6\x97\xa5\xe6\x9c\xac", 4},
	    {"\xe6\x97\xa5\xe6\x9c\xac", 3, "\xe6\x97\xa5\xe2\x80\xa6", 3},
	    {"\xe6\x97\xa5\xe6\x9c\xac", 2, "\xe2\x80\xa6", 1},
	    {"e\xcc\x81l", 2, "e\xcc\x81l", 2},
	    {"e\xcc\x81lm", 2, "e\xcc\x81\xe2\x80\xa6", 2},
	    {"a\xe2\x80\xae", 1, "a", 1},
	};
	/* NOLINTEND(misc-misleading-bidirectional) */
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(clipped); i++) {
		struct buf b = BUF_INIT(256);
		buf_str(&b, "x");
		assert_int_equal(
		    layout_clip(&b, clipped[i].text, strlen(clipped[i].text), clipped[i].columns),
		    clipped[i].taken);
		assert_string_equal(buf_cstr(&b) + 1, clipped[i].shown);
		buf_finish(&b);
	}
}

static void
clipped_lines_are_never_wider(void **state)
{
	char text[512];
	(void)state;
	for (int i = 0; i < 3000; i++) {
		size_t len = random_text(text, sizeof(text));
		unsigned columns = next_random(40);
		unsigned whole = layout_width(text, len);
		struct buf b = BUF_INIT(4096);
		unsigned taken = layout_clip(&b, text, len, columns);
		assert_true(taken <= columns);
		assert_int_equal(columns_of(buf_cstr(&b), b.len), taken);
		if (whole <= columns)
			assert_int_equal(taken, whole);
		buf_finish(&b);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(text_is_broken_where_it_should_be),
	    cmocka_unit_test(nothing_is_lost_or_too_wide_at_any_width),
	    cmocka_unit_test(random_text_fits_and_is_whole_at_every_width),
	    cmocka_unit_test(rows_are_as_full_as_words_allow),
	    cmocka_unit_test(pieces_keep_their_styles),
	    cmocka_unit_test(too_much_is_an_error),
	    cmocka_unit_test(lines_are_clipped_with_an_ellipsis),
	    cmocka_unit_test(clipped_lines_are_never_wider),
	};
	if (!setlocale(LC_ALL, "C.UTF-8")) { // NOLINT(concurrency-mt-unsafe): one thread
		puts("There is no locale C.UTF-8 here.");
		return 77;
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
