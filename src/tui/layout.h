/* Text in rows of a terminal: broken between words, measured as ncurses and terminals measure it
 * (wcwidth() of the locale, which has to be a UTF-8 one). Knows no ncurses and no messages.
 * Any thread. */
#ifndef TUI_LAYOUT_H
#define TUI_LAYOUT_H

#include "base/buf.h"
#include "base/compiler.h"
#include "tui/style.h"

#include <stddef.h>
#include <stdint.h>

enum {
	LAYOUT_TEXT_MAX = 1 << 20, /* bytes of one text */
	LAYOUT_MARKS_MAX = 4,      /* combining marks in a cell; ncurses holds no more */
};

/* What is to be laid out: pieces of text, each in a style. Builder: latches errors. */
struct layout_text {
	struct buf bytes;
	struct layout_piece *pieces; /* owned */
	size_t count, capacity;
	unsigned indent;
	int err;
};

void layout_text_init(struct layout_text *t);
void layout_text_finish(struct layout_text *t);
void layout_text_clear(struct layout_text *t); /* empty again, memory kept */
/* style: of tui_style, TUI_SELECTED may be added. \n in the text begins a row that is indented. */
void layout_text_add(struct layout_text *t, unsigned style, const char *text);
void layout_text_add_bytes(struct layout_text *t, unsigned style, const char *text, size_t len);
void layout_text_fmt(struct layout_text *t, unsigned style, const char *fmt, ...) PRINTF_LIKE(3, 4);
/* What follows begins a new row, at its very left. */
void layout_text_break(struct layout_text *t);
/* Rows that go on from the row above begin in this column, from here on. Reduced where that would
 * leave less than half of the width. */
void layout_text_indent(struct layout_text *t, unsigned columns);

struct layout_span {
	const char *text; /* no NUL at its end; UTF-8 of whole cells, fit to be drawn as it is */
	unsigned len;     /* bytes */
	unsigned column, columns;
	unsigned style;
};

struct layout_row {
	const struct layout_span *spans;
	size_t count;
	unsigned columns; /* where the last one ends */
};

/* One block of memory: free() ends it all. */
struct layout {
	unsigned width;
	size_t count; /* at least 1 */
	const struct layout_row *rows;
};

/* Lays t out in rows of at most `width` (> 0) columns. Controls, format characters and what
 * joins or selects glyphs are left out, what has no width in this locale shows as U+FFFD, and so
 * does a wide character where a row is one column wide. Blanks at which a row was broken are gone;
 * nothing else is. */
int layout_create(const struct layout_text *t, unsigned width, struct layout **out) MUST_USE;

/* The same rules for one line (\n counts as a blank): columns it takes. */
unsigned layout_width(const char *text, size_t len);
/* Appends at most `columns` of it, with an ellipsis at the end where not all fits. Returns the
 * columns appended. */
unsigned layout_clip(struct buf *out, const char *text, size_t len, unsigned columns);

/* One cell: a character and the marks upon it. */
struct layout_cell {
	size_t used;    /* bytes of the input */
	unsigned width; /* 0: nothing to be shown, 1 or 2 */
	unsigned len;   /* bytes in text */
	char text[(1 + LAYOUT_MARKS_MAX) * 4];
};
/* The first cell of a text (len > 0). */
void layout_cell(const char *text, size_t len, struct layout_cell *out);

#endif
