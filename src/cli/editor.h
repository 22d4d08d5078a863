/* One line of input, edited with libedit on a terminal, while other text appears above it
 * without wrecking it; elsewhere plain lines. Serves one more descriptor while it waits. Knows
 * nothing of what is said. libedit is only here. One editor at a time: it owns the terminal and
 * the signals that concern it (INT, TERM, HUP, WINCH, TSTP). */
#ifndef CLI_EDITOR_H
#define CLI_EDITOR_H

#include "base/buf.h"
#include "base/compiler.h"
#include "cli/screen.h"

#include <stdbool.h>
#include <stddef.h>

struct editor;

/* on_line and on_ready may print, quit and do all else; on_change may not print. */
struct editor_listener {
	/* Appends the prompt: clean text, one row. Asked for each time it is drawn. */
	void (*prompt)(void *ctx, struct buf *out);
	void (*on_line)(void *ctx, const char *line);
	void (*on_change)(void *ctx, const char *line);
	/* What to wait for besides the keyboard; -1: nothing. */
	int (*fd)(void *ctx, short *events);
	/* The descriptor is ready, or some time has passed. */
	void (*on_ready)(void *ctx, bool ready);
};

/* s is measured again when the window changes. l, ctx and s outlive the editor. */
int editor_create(
    struct screen *s, const struct editor_listener *l, void *ctx, struct editor **out) MUST_USE;
void editor_destroy(struct editor *e); /* the terminal is as before */

/* Until editor_quit(), the end of the input, Ctrl-D or Ctrl-C on an empty line. Returns 0, or
 * the signal that asks the program to end. */
int editor_run(struct editor *e);
void editor_quit(struct editor *e);

/* Prints whole rows, a line break at their end, above the input; clears text. */
void editor_print(struct editor *e, struct buf *text);
/* Writes one character `up` rows above the input, `column` columns in. */
void editor_mark(struct editor *e, size_t up, size_t column, const char *mark);
/* Draws the prompt again. */
void editor_refresh(struct editor *e);
/* Resizes so far: where older rows are is unknown after one. */
unsigned editor_resizes(const struct editor *e);

#endif
