/* What screen.c, screen_draw.c, screen_keys.c and screen_theme.c share, and nobody else sees. */
#ifndef TUI_SCREEN_PARTS_H
#define TUI_SCREEN_PARTS_H

#include "base/buf.h"
#include "tui/screen.h"

#include <ncurses.h>
#include <stdint.h>

struct tui_line {
	uint64_t before, now; /* what stands there, as a number that tells it from others */
	bool fragile;         /* the terminal may think it is of another width */
	bool was_fragile;     /* as it was seen last */
};

struct tui_screen {
	SCREEN *curses; /* owned */
	bool ascii;
	bool colour;
	bool mouse;
	bool left; /* tui_screen_leave(): others have the terminal */
	const char *theme;
	attr_t styles[TUI_STYLES];
	struct tui_line *lines; /* owned; one for each row */
	unsigned rows, columns;
	int cursor_row, cursor_column;
	struct buf drawn; /* what is put on the screen next */

	/* keys */
	struct buf paste;
	bool pasting;
	uint64_t pasted_at; /* clock_now() of the last byte of it */
	char bytes[4];      /* of a character that is not whole */
	size_t byte_count;
	bool resized, suspended, ended;
	int signal;
};

/* screen.c */
/* The signals that came since: into resized, suspended, ended and signal. */
void screen_take_signals(struct tui_screen *s);
void screen_measure_again(struct tui_screen *s);
/* To the terminal, past ncurses. */
void screen_send(const char *bytes);

/* screen_keys.c */
void screen_define_keys(void);
void screen_apply_mouse(const struct tui_screen *s);

/* screen_draw.c */
int screen_make_lines(struct tui_screen *s) MUST_USE;

/* screen_theme.c */
/* Sets s->styles. -EINVAL: there is no such theme. */
int screen_apply_theme(struct tui_screen *s, const char *theme) MUST_USE;

#endif
