/* The terminal: ncurses (only here), its keys and its colours. Every way out of the program leaves
 * the terminal as it was: tui_screen_close(), exit(), signals, abort(). One screen at a time, one
 * thread.
 *
 * The program's locale is a UTF-8 one (base/tr.h). Where the user's is not, all that is drawn is
 * spelled in ASCII, cell for cell. */
#ifndef TUI_SCREEN_H
#define TUI_SCREEN_H

#include "base/compiler.h"
#include "tui/event.h"
#include "tui/layout.h"
#include "tui/style.h"

#include <stdbool.h>
#include <stddef.h>

enum {
	TUI_SCREEN_FDS = 2,
	TUI_PASTE_MAX = 1 << 20, /* bytes; what is longer is cut */
};

struct tui_screen;

/* Lines and marks: better ones than ASCII where the user's locale can. One column each, but
 * TUI_READ, which has two. */
enum tui_glyph {
	TUI_HLINE,
	TUI_VLINE,
	TUI_ELLIPSIS,
	TUI_QUEUED,
	TUI_HANDED_OVER,
	TUI_DELIVERED,
	TUI_READ,
	TUI_FAILED,
	TUI_CANCELLED,
	TUI_BULLET,     /* somebody is here */
	TUI_RING,       /* somebody is not, or is silent */
	TUI_ARROW_UP,   /* more above */
	TUI_ARROW_DOWN, /* more below */
	TUI_ARROW,      /* what is chosen, a reply */
	TUI_DOT,        /* between words of a bar */
	TUI_BAR_FULL,   /* of a progress bar */
	TUI_BAR_EMPTY,
	TUI_GLYPHS,
};

struct tui_screen_options {
	const char
	    *theme;     /* borrowed; "default", "mono", "contrast"; NULL: what the terminal can */
	bool no_colour; /* NO_COLOR counts too */
	bool mouse;
};

/* tui.h: tui_possible() is here as well. */

/* The names of the themes, NULL at the end. */
extern const char *const tui_themes[];

/* -ENOTTY: no terminal that can show it; -EINVAL: no such theme. */
int tui_screen_open(const struct tui_screen_options *o, struct tui_screen **out) MUST_USE;
void tui_screen_close(struct tui_screen *s);

/* To wait for with POLLIN: any of them is ready when there may be events. */
void tui_screen_fds(const struct tui_screen *s, int fds[TUI_SCREEN_FDS]);
/* The next event, without waiting. Returns false if there is none. To be called until then. */
bool tui_screen_read(struct tui_screen *s, struct tui_event *out);

void tui_screen_size(const struct tui_screen *s, unsigned *rows, unsigned *columns);
bool tui_screen_is_ascii(const struct tui_screen *s);
const char *tui_screen_glyph(const struct tui_screen *s, enum tui_glyph g);
int tui_screen_set_theme(struct tui_screen *s, const char *theme) MUST_USE; /* draw all anew */
const char *tui_screen_theme(const struct tui_screen *s);
void tui_screen_set_mouse(struct tui_screen *s, bool on);

/* ---- drawing: nothing is seen before tui_screen_flush(); what lies outside is not drawn ---- */

void tui_screen_erase(struct tui_screen *s);
/* At most `columns` of a line of text, with an ellipsis where not all fits. Returns how many. */
unsigned tui_screen_put(
    struct tui_screen *s, int row, int column, unsigned columns, unsigned style, const char *text);
/* A row that was laid out, `column` added to where it stands; cut at `columns`. style: added to
 * that of each span (TUI_SELECTED), and then the rest of the columns has it, too. */
void tui_screen_put_row(struct tui_screen *s, int row, int column, unsigned columns, unsigned style,
    const struct layout_row *r);
/* Blanks in a style. */
void tui_screen_fill(struct tui_screen *s, int row, int column, unsigned columns, unsigned style);
void tui_screen_hline(struct tui_screen *s, int row, int column, unsigned columns, unsigned style);
void tui_screen_vline(struct tui_screen *s, int row, int column, unsigned rows, unsigned style);
/* Where the cursor is; row < 0: not seen. */
void tui_screen_cursor(struct tui_screen *s, int row, int column);
void tui_screen_flush(struct tui_screen *s);
/* Draws the terminal from nothing (Ctrl-L). */
void tui_screen_redraw(struct tui_screen *s);
void tui_screen_bell(struct tui_screen *s);
/* The title of the window, where terminals have one: clean text. */
void tui_screen_set_title(struct tui_screen *s, const char *title);

/* ---- the terminal in other hands ---- */

/* Gives it to a program that is run in the foreground, and takes it back. */
void tui_screen_leave(struct tui_screen *s);
void tui_screen_enter(struct tui_screen *s);
/* Ctrl-Z: stops this program until it is continued. */
void tui_screen_stop(struct tui_screen *s);

#endif
