/* What of the screen needs no terminal; and with --show the program that test_terminals.py looks at
 * on all kinds of them. */
#include "base/compiler.h"
#include "base/tr.h"
#include "base/utf8.h"
#include "tui/ascii.h"
#include "tui/screen.h"
#include "tui/tui.h"

#include <errno.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

/* ---- tests ---- */

static void
ascii_is(const char *text, const char *expected)
{
	char out[64];
	size_t used = 0;
	size_t len = strlen(text);
	struct layout_cell cell;
	for (; len > 0; text += cell.used, len -= cell.used) {
		char two[2];
		layout_cell(text, len, &cell);
		unsigned n = ascii_cell(&cell, two);
		assert_int_equal(n, cell.width);
		memcpy(out + used, two, n);
		used += n;
	}
	out[used] = '\0';
	assert_string_equal(out, expected);
}

static void
letters_are_spelled_in_ascii_column_for_column(void **state)
{
	(void)state;
	ascii_is("plain ~text~", "plain ~text~");
	ascii_is("M\xc3\xbcller, Stra\xc3\x9f"
		 "e",
	    "Muller, Strase");
	ascii_is("e\xcc\x81t\xc3\xa9", "ete");
	ascii_is("\xe2\x80\x9equoted\xe2\x80\x9c \xe2\x80\x93 so\xe2\x80\xa6", "\"quoted\" - so.");
	ascii_is("\xe6\x97\xa5\xe6\x9c\xac", "????");
	ascii_is("\xef\xbd\x81", "a "); /* a wide letter */
	ascii_is("\xf0\x9f\x91\x8b", "??");
	ascii_is("\xe2\x9c\x93\xe2\x82\xac\xc3\x97", "vEx");
	ascii_is("\xd7\xa9", "?");
	ascii_is("\xc5\x81\xc3\xb3"
		 "d\xc5\xba",
	    "Lodz");
}

static void
whatever_comes_it_is_ascii(void **state)
{
	(void)state;
	for (uint32_t c = 1; c < 0x110000; c++) {
		char bytes[4], out[2];
		struct layout_cell cell;
		size_t n = utf8_encode(c, bytes);
		if (n == 0)
			continue;
		layout_cell(bytes, n, &cell);
		unsigned columns = ascii_cell(&cell, out);
		assert_int_equal(columns, cell.width);
		for (unsigned i = 0; i < columns; i++)
			assert_true(out[i] >= ' ' && out[i] < 0x7f);
	}
}

static void
without_a_terminal_there_is_no_screen(void **state)
{
	struct tui_screen *s;
	struct tui_screen_options o = {0};
	(void)state;
	int kept = dup(STDIN_FILENO), ends[2];
	assert_int_equal(pipe(ends), 0);
	assert_true(dup2(ends[0], STDIN_FILENO) >= 0);
	assert_false(tui_possible());
	assert_int_equal(tui_screen_open(&o, &s), -ENOTTY);
	assert_true(dup2(kept, STDIN_FILENO) >= 0);
	close(kept);
	close(ends[0]);
	close(ends[1]);
}

/* ---- the program to look at ---- */

struct show {
	struct tui_screen *s;
	const char *text; /* what is shown in the middle */
	char last[256];   /* the event that came last, in words */
	char typed[1024]; /* all characters */
	unsigned resizes;
};

static void
describe_key(struct show *w, const struct tui_event *e)
{
	static const char *const names[] = {"char", "enter", "tab", "escape", "backspace", "delete",
	    "insert", "up", "down", "left", "right", "home", "end", "page-up", "page-down", "F",
	    "unknown"};
	(void)snprintf(w->last, sizeof(w->last), "key %s%s%s%s U+%04X",
	    e->modifiers & TUI_CTRL ? "C-" : "", e->modifiers & TUI_ALT ? "M-" : "",
	    e->modifiers & TUI_SHIFT ? "S-" : "", names[e->key], (unsigned)e->c);
	char bytes[5] = "";
	if (e->key == TUI_KEY_CHAR && e->modifiers == 0 &&
	    strlen(w->typed) + utf8_encode(e->c, bytes) < sizeof(w->typed))
		strncat(w->typed, bytes, sizeof(w->typed) - strlen(w->typed) - 1);
}

static void
describe(struct show *w, const struct tui_event *e)
{
	switch (e->kind) {
	case TUI_EVENT_KEY:
		describe_key(w, e);
		break;
	case TUI_EVENT_PASTE: {
		size_t lines = 1;
		for (size_t i = 0; i < e->len; i++)
			lines += e->text[i] == '\n';
		(void)snprintf(w->last, sizeof(w->last), "paste %zu bytes %zu lines %s", e->len,
		    lines, utf8_valid(e->text, e->len) ? "good" : "bad");
		break;
	}
	case TUI_EVENT_MOUSE:
		(void)snprintf(w->last, sizeof(w->last), "mouse %d at %d,%d", (int)e->button,
		    e->row, e->column);
		break;
	case TUI_EVENT_RESIZE:
		w->resizes++;
		break;
	case TUI_EVENT_SUSPEND:
	case TUI_EVENT_END:
		break;
	}
}

static void
draw(struct show *w)
{
	unsigned rows, columns;
	char line[256];
	tui_screen_size(w->s, &rows, &columns);
	tui_screen_erase(w->s);
	(void)snprintf(line, sizeof(line), "ready %ux%u %s %s", columns, rows,
	    tui_screen_is_ascii(w->s) ? "ascii" : "utf8", tui_screen_theme(w->s));
	tui_screen_fill(w->s, 0, 0, columns, TUI_TITLE);
	(void)tui_screen_put(w->s, 0, 0, columns, TUI_TITLE, line);
	tui_screen_hline(w->s, 1, 0, columns, TUI_DIM);
	tui_screen_vline(w->s, 2, 20, 6, TUI_DIM);
	for (int i = 0; i < TUI_GLYPHS; i++)
		(void)tui_screen_put(
		    w->s, 2, 22 + 2 * i, 2, TUI_PLAIN, tui_screen_glyph(w->s, (enum tui_glyph)i));
	(void)tui_screen_put(w->s, 3, 0, 20, TUI_NAME, w->text);
	(void)tui_screen_put(w->s, 3, 22, columns, TUI_PLAIN, w->text);
	(void)tui_screen_put(w->s, 4, 22, 12, TUI_OWN, w->text);
	for (unsigned i = 0; i < TUI_STYLES; i++)
		(void)tui_screen_put(w->s, 5, 22 + 2 * (int)i, 2, i, "s");
	(void)tui_screen_put(w->s, 6, 22, columns, TUI_NAME | TUI_SELECTED, "selected");
	(void)tui_screen_put(w->s, 8, 0, columns, TUI_PLAIN, w->last);
	(void)tui_screen_put(w->s, 9, 0, columns, TUI_PLAIN, w->typed);
	tui_screen_cursor(w->s, 9, (int)layout_width(w->typed, strlen(w->typed)));
	tui_screen_flush(w->s);
}

/* True while the program goes on. */
static bool
act(struct show *w, const struct tui_event *e, int *code)
{
	describe(w, e);
	if (e->kind == TUI_EVENT_END) {
		*code = e->signal ? 128 + e->signal : 7;
		return false;
	}
	if (e->kind == TUI_EVENT_SUSPEND)
		tui_screen_stop(w->s);
	if (e->kind != TUI_EVENT_KEY || e->key != TUI_KEY_CHAR || e->modifiers != TUI_CTRL)
		return true;
	switch (e->c) {
	case 'z':
		tui_screen_stop(w->s);
		break;
	case 'x':        /* leaves without a word */
		exit(9); // NOLINT(concurrency-mt-unsafe): one thread
	case 'g':
		abort();
	case 'o': {
		tui_screen_leave(w->s);
		int status = system("echo others have it; sleep 0.3"); // NOLINT: for the test
		(void)snprintf(w->last, sizeof(w->last), "back with %d", status);
		tui_screen_enter(w->s);
		break;
	}
	case 't':
		tui_screen_set_title(w->s, "A title \xe2\x80\xa6");
		break;
	case 'q':
		*code = 0;
		return false;
	default:
		break;
	}
	return true;
}

static int
show(const char *text)
{
	struct show w = {.text = text};
	struct tui_screen_options o = {.theme = getenv("THEME"), // NOLINT(concurrency-mt-unsafe)
	    .mouse = getenv("NO_MOUSE") == NULL};                // NOLINT(concurrency-mt-unsafe)
	struct pollfd fds[TUI_SCREEN_FDS];
	int code = 1, numbers[TUI_SCREEN_FDS];
	tr_init();
	if (!tui_possible()) {
		puts("lines only");
		return 3;
	}
	int err = tui_screen_open(&o, &w.s);
	if (err) {
		printf("cannot: %d\n", err);
		return 4;
	}
	tui_screen_fds(w.s, numbers);
	for (int i = 0; i < TUI_SCREEN_FDS; i++)
		fds[i] = (struct pollfd){numbers[i], POLLIN, 0};
	struct tui_event e;
	for (bool on = true; on;) {
		draw(&w);
		(void)poll(fds, TUI_SCREEN_FDS, 1000);
		while (on && tui_screen_read(w.s, &e))
			on = act(&w, &e, &code);
	}
	tui_screen_close(w.s);
	return code;
}

int
main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(letters_are_spelled_in_ascii_column_for_column),
	    cmocka_unit_test(whatever_comes_it_is_ascii),
	    cmocka_unit_test(without_a_terminal_there_is_no_screen),
	};
	if (argc > 2 && strcmp(argv[1], "--show") == 0)
		return show(argv[2]);
	tr_init();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
