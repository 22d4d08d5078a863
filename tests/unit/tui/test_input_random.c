/* The text being typed: random keys against a simple model, and what always holds. */
#include "base/buf.h"
#include "base/compiler.h"
#include "typing.h"

#include <locale.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

/* ---- against a model: a row of characters, each a string ---- */

static const char *const alphabet[] = {"a", "b", "Z", "7", " ", " ", "\n", "-", ".", "\xc3\xbc",
    E_ACUTE, "\xe6\x97\xa5", "\xf0\x9f\x91\x8b\xf0\x9f\x8f\xbd", FAMILY, "\xd7\xa9"};

struct model {
	const char *chars[4096];
	size_t count, cursor;
	const char *killed[4096];
	size_t killed_count;
	bool killing;
};

static uint32_t seed = 42;

static uint32_t
next_random(uint32_t below)
{
	seed = seed * 1664525u + 1013904223u;
	return (uint32_t)(((uint64_t)seed * below) >> 32);
}

static bool
is_blank(const char *c)
{
	return *c == ' ' || *c == '\n';
}

/* Emoji are no words; letters of all scripts and digits are. */
static bool
is_word(const char *c)
{
	return !is_blank(c) && *c != '-' && *c != '.' && (unsigned char)*c != 0xf0;
}

static void
model_insert(struct model *m, const char *c)
{
	memmove(m->chars + m->cursor + 1, m->chars + m->cursor,
	    (m->count - m->cursor) * sizeof(*m->chars));
	m->chars[m->cursor++] = c;
	m->count++;
}

static void
model_remove(struct model *m, size_t from, size_t to)
{
	memmove(m->chars + from, m->chars + to, (m->count - to) * sizeof(*m->chars));
	m->count -= to - from;
	m->cursor = from;
}

static void
model_kill(struct model *m, size_t from, size_t to, bool before)
{
	size_t n = to - from;
	if (n == 0)
		return;
	if (!m->killing)
		m->killed_count = 0;
	if (before)
		memmove(m->killed + n, m->killed, m->killed_count * sizeof(*m->killed));
	memcpy(m->killed + (before ? 0 : m->killed_count), m->chars + from, n * sizeof(*m->killed));
	m->killed_count += n;
	m->killing = true;
	model_remove(m, from, to);
}

static size_t
word_before(const struct model *m)
{
	size_t at = m->cursor;
	while (at > 0 && !is_word(m->chars[at - 1]))
		at--;
	while (at > 0 && is_word(m->chars[at - 1]))
		at--;
	return at;
}

static size_t
word_behind(const struct model *m)
{
	size_t at = m->cursor;
	while (at < m->count && !is_word(m->chars[at]))
		at++;
	while (at < m->count && is_word(m->chars[at]))
		at++;
	return at;
}

static size_t
blank_before(const struct model *m)
{
	size_t at = m->cursor;
	while (at > 0 && is_blank(m->chars[at - 1]))
		at--;
	while (at > 0 && !is_blank(m->chars[at - 1]))
		at--;
	return at;
}

static size_t
line_begin(const struct model *m)
{
	size_t at = m->cursor;
	while (at > 0 && *m->chars[at - 1] != '\n')
		at--;
	return at;
}

static size_t
line_end(const struct model *m)
{
	size_t at = m->cursor;
	while (at < m->count && *m->chars[at] != '\n')
		at++;
	return at;
}

static void
model_vertical(struct model *m, bool up)
{
	/* without a width a line is a row; the column is in terminal columns */
	size_t begin = line_begin(m), end = line_end(m), column = 0, at;
	if (up ? begin == 0 : end == m->count)
		return;
	for (size_t i = begin; i < m->cursor; i++)
		column += layout_width(m->chars[i], strlen(m->chars[i]));
	if (up) {
		m->cursor = begin - 1;
		at = line_begin(m);
	} else
		at = end + 1;
	for (size_t reached = 0; at < m->count && *m->chars[at] != '\n'; at++) {
		reached += layout_width(m->chars[at], strlen(m->chars[at]));
		if (reached > column)
			break;
	}
	m->cursor = at;
}

static void
kill_at_random(struct input *in, struct model *m)
{
	size_t at = m->cursor, end = line_end(m);
	switch (next_random(5)) {
	case 0:
		chord(in, 'w', TUI_CTRL);
		model_kill(m, blank_before(m), at, true);
		break;
	case 1:
		press(in, TUI_KEY_BACKSPACE, TUI_ALT);
		model_kill(m, word_before(m), at, true);
		break;
	case 2:
		chord(in, 'd', TUI_ALT);
		model_kill(m, at, word_behind(m), false);
		break;
	case 3:
		chord(in, 'u', TUI_CTRL);
		model_kill(m, line_begin(m), at, true);
		break;
	default:
		chord(in, 'k', TUI_CTRL);
		model_kill(m, at, end == at && end < m->count ? end + 1 : end, false);
		break;
	}
}

static void
move_at_random(struct input *in, struct model *m)
{
	m->killing = false;
	switch (next_random(9)) {
	case 0:
		press(in, TUI_KEY_LEFT, 0);
		m->cursor -= m->cursor > 0;
		break;
	case 1:
		press(in, TUI_KEY_RIGHT, 0);
		m->cursor += m->cursor < m->count;
		break;
	case 2:
		press(in, TUI_KEY_LEFT, TUI_CTRL);
		m->cursor = word_before(m);
		break;
	case 3:
		press(in, TUI_KEY_RIGHT, TUI_CTRL);
		m->cursor = word_behind(m);
		break;
	case 4:
		press(in, TUI_KEY_HOME, 0);
		m->cursor = line_begin(m);
		break;
	case 5:
		press(in, TUI_KEY_END, 0);
		m->cursor = line_end(m);
		break;
	case 6:
		press(in, TUI_KEY_HOME, TUI_CTRL);
		m->cursor = 0;
		break;
	default: {
		bool up = next_random(2);
		press(in, TUI_KEY_RIGHT, 0); /* forgets the column of before */
		m->cursor += m->cursor < m->count;
		press(in, up ? TUI_KEY_UP : TUI_KEY_DOWN, 0);
		model_vertical(m, up);
		break;
	}
	}
}

static void
change_at_random(struct input *in, struct model *m)
{
	uint32_t what = next_random(7);
	if (what >= 4)
		m->killing = false;
	if (what < 3)
		kill_at_random(in, m);
	else if (what == 3 && m->killed_count > 0 && m->count + m->killed_count < 1000) {
		m->killing = false;
		chord(in, 'y', TUI_CTRL);
		for (size_t i = 0; i < m->killed_count; i++)
			model_insert(m, m->killed[i]);
	} else if (what < 6) {
		m->killing = false;
		press(in, TUI_KEY_BACKSPACE, 0);
		if (m->cursor > 0)
			model_remove(m, m->cursor - 1, m->cursor);
	} else {
		press(in, TUI_KEY_DELETE, 0);
		if (m->cursor < m->count) {
			size_t at = m->cursor;
			model_remove(m, at, at + 1);
		}
	}
}

static void
matches(const struct input *in, const struct model *m)
{
	struct buf b = BUF_INIT(1 << 20);
	size_t cursor = 0;
	for (size_t i = 0; i < m->count; i++) {
		if (i == m->cursor)
			cursor = b.len;
		buf_str(&b, m->chars[i]);
	}
	if (m->cursor == m->count)
		cursor = b.len;
	assert_string_equal(input_text(in), buf_cstr(&b));
	assert_int_equal(input_cursor(in), cursor);
	buf_finish(&b);
}

static void
random_keys_do_what_a_simple_model_does(void **state)
{
	(void)state;
	for (int round = 0; round < 60; round++) {
		struct model *m = calloc(1, sizeof(*m));
		struct input *in = make(NULL);
		for (int step = 0; step < 600; step++) {
			uint32_t what = next_random(10);
			if (what < 5 && m->count < 500) {
				const char *c = alphabet[next_random(ARRAY_LEN(alphabet))];
				m->killing = false;
				if (next_random(2))
					paste(in, c, strlen(c));
				else
					type(in, c);
				model_insert(m, c);
			} else if (what < 8)
				move_at_random(in, m);
			else
				change_at_random(in, m);
			matches(in, m);
		}
		input_destroy(in);
		free(m);
	}
}

/* ---- any keys at all: what always holds ---- */

static void
holds(struct input *in)
{
	const char *text = input_text(in);
	size_t len = input_len(in), cursor = input_cursor(in), y;
	unsigned width = 1 + next_random(60), column;
	size_t most = 1 + next_random(6);
	assert_true(utf8_valid(text, len));
	assert_true(len <= INPUT_MAX && cursor <= len);
	assert_true(utf8_valid(text, cursor));
	size_t rows = input_layout(in, "Romeo \xe6\x97\xa5> ", TUI_NAME, width, most);
	assert_true(rows >= 1 && rows <= most);
	input_place(in, &y, &column);
	assert_true(y < rows && column < width);
	for (size_t i = 0; i < rows; i++) {
		const struct layout_row *row = input_row(in, i);
		assert_true(row->columns <= width);
		for (size_t k = 0; k < row->count; k++) {
			assert_true(utf8_valid(row->spans[k].text, row->spans[k].len));
			assert_int_equal(layout_width(row->spans[k].text, row->spans[k].len),
			    row->spans[k].columns);
		}
	}
}

static uint32_t
random_character(void)
{
	static const uint32_t blocks[][2] = {{0x20, 0x7e}, {' ', ' '}, {0x300, 0x36f},
	    {0x1f1e6, 0x1f1ff}, {0x200b, 0x200f}, {0x1f3fb, 0x1f3ff}, {0x1f466, 0x1f469},
	    {0x1100, 0x11ff}, {0xac00, 0xac20}, {0x900, 0x97f}, {0, 0x10ffff}};
	size_t which = next_random(ARRAY_LEN(blocks));
	return blocks[which][0] + next_random(blocks[which][1] - blocks[which][0] + 1);
}

static void
any_key(struct input *in)
{
	struct tui_event e = {.kind = TUI_EVENT_KEY};
	char text[200];
	size_t len = 0;
	uint32_t key = next_random(TUI_KEY_UNKNOWN + 1);
	switch (next_random(8)) {
	case 0:
	case 1:
	case 2:
		e.c = random_character();
		(void)input_event(in, &e);
		break;
	case 3:
		e.key = (enum tui_key)key;
		e.modifiers = next_random(8);
		(void)input_event(in, &e);
		break;
	case 4:
		e.c = '@' + next_random(64);
		e.modifiers = 1 + next_random(7);
		(void)input_event(in, &e);
		break;
	case 5:
		for (uint32_t n = next_random(30); n > 0; n--)
			len += utf8_encode(random_character(), text + len);
		(void)paste(in, text, len);
		break;
	case 6:
		input_point(in, next_random(6), next_random(60));
		break;
	default:
		if (next_random(20) == 0)
			free(input_take(in));
		break;
	}
}

static void
whatever_is_typed_it_is_text_with_the_cursor_in_sight(void **state)
{
	(void)state;
	for (int round = 0; round < 60; round++) {
		struct input *in = make(NULL);
		for (int step = 0; step < 400; step++) {
			any_key(in);
			holds(in);
		}
		input_destroy(in);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(random_keys_do_what_a_simple_model_does),
	    cmocka_unit_test(whatever_is_typed_it_is_text_with_the_cursor_in_sight),
	};
	if (!setlocale(LC_ALL, "C.UTF-8")) { // NOLINT(concurrency-mt-unsafe): one thread
		puts("There is no locale C.UTF-8 here.");
		return 77;
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
