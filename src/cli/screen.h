/* What an output is (terminal or not, colours, width) and how text is laid out for it. Knows
 * nothing of the daemon. Everything a peer wrote goes through text_add() before it comes here. */
#ifndef CLI_SCREEN_H
#define CLI_SCREEN_H

#include "base/buf.h"

#include <stdbool.h>
#include <stddef.h>

struct screen {
	int fd;
	bool tty; /* a terminal that understands cursor movement (not TERM=dumb) */
	bool colour;
	size_t columns; /* of the terminal; 80 if unknown */
	size_t rows;
};

enum style { STYLE_PLAIN, STYLE_NAME, STYLE_DIM, STYLE_GOOD, STYLE_WARN, STYLE_BAD };

/* Most that is ever put together for one print. */
enum { SCREEN_MAX = 16 << 20 };

/* A variable of the environment; NULL if it is not set or empty. */
const char *screen_env(const char *name);

void screen_init(struct screen *s, int fd, bool no_colour);
void screen_measure(struct screen *s); /* again, after a resize */

/* Appends clean text in a style; without colours just the text. */
void screen_style(const struct screen *s, struct buf *out, enum style style, const char *text);

/* Appends clean text in rows of at most the screen's columns, broken between words, every row
 * after the first indented; ends with a line break. `column` is where the first row starts.
 * Returns how many rows it took. Not a terminal: one row, as it is. */
size_t screen_wrap(
    const struct screen *s, struct buf *out, const char *text, size_t column, size_t indent);

/* ---- tables ---- */

enum { TABLE_COLUMNS = 7 };

struct column {
	const char *title;
	size_t min;    /* columns below which it is of no use */
	unsigned rank; /* when there is no room the highest goes first; 0 never goes */
};

struct cell {
	const char *text; /* borrowed until table_print(); clean */
	enum style style;
};

/* On a terminal aligned columns with titles, cut to its width; elsewhere the fields of a row
 * with a tab between them, whole and without titles, for scripts. Appends to out. */
void table_print(const struct screen *s, struct buf *out, const struct column *columns,
    size_t column_count, const struct cell *cells, size_t row_count);

/* What goes into a file or a pipe in columns is read by scripts, and so English: from here until
 * tr_english() is given what this returned. */
bool screen_english(const struct screen *s) MUST_USE;

/* Writes all of b to the screen's descriptor and clears b. 0 or a negative error. */
int screen_write(const struct screen *s, struct buf *b);

#endif
