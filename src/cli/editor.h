/* Lines of input, edited with libedit on a terminal, and lines of output between them: for screen
 * readers, and for terminals that can do no more. What stands on the screen stays as it is: the
 * cursor moves back in the line being typed alone. Serves one more descriptor while it waits. Knows
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

/* Prints whole lines, a line break at their end; clears text. A line that is being typed goes on
 * below them. */
void editor_print(struct editor *e, struct buf *text);

#endif
