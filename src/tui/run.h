/* Commands of the command line that the UI has run for it: with their output caught, on a small
 * terminal of their own, while the UI goes on; or in the foreground, for those that ask. One
 * thread. */
#ifndef TUI_RUN_H
#define TUI_RUN_H

#include "base/buf.h"
#include "base/compiler.h"

#include <stdbool.h>

struct run;

/* Its input is empty; `columns` is how wide it may write. */
int run_create(const char *program, char *const *argv, unsigned columns, struct run **out) MUST_USE;
/* Ends it if it is still there. Accepts NULL. */
void run_destroy(struct run *r);

/* Readable: run_read() has something to do. -1: it is over. */
int run_fd(const struct run *r);
void run_read(struct run *r);
/* Clean lines, so far. */
const struct buf *run_text(const struct run *r);
/* -1 while it runs; else its exit status (128 and the signal that ended it). */
int run_status(const struct run *r);

/* Runs with the terminal, which nobody else may use meanwhile, and waits for the end. Returns the
 * exit status as above, -1 if it could not be run. */
int run_foreground(const char *program, char *const *argv);

#endif
