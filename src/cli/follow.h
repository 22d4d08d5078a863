/* Files followed to their end: a bar on a terminal, a line for each that ends. */
#ifndef CLI_FOLLOW_H
#define CLI_FOLLOW_H

#include "cli/cli.h"

#include <stdbool.h>
#include <stdint.h>

enum { FOLLOW_MAX = 1024, FOLLOW_GLANCE_MS = 3000 /* for those who answer at once */ };

struct follow;

/* Connects and subscribes. Errors are told. */
int follow_begin(struct cli *c, struct follow **out) MUST_USE;
/* One more, as the daemon's answer describes it. */
int follow_add(struct follow *f, const struct earshot_value *file) MUST_USE;
/* Until all are over, or for ms at most (negative: without end) unless one is on its way by then.
 * Each that ends gets its line. */
int follow_wait(struct follow *f, int64_t ms) MUST_USE;
/* What is to be said at the end: those that are not over, or with --json all of them. Returns
 * `code`, or if that is CLI_OK, CLI_FAILED if one did not arrive. */
int follow_tell(struct follow *f, int code) MUST_USE;
/* All of it for one file, to its end with the option --wait, else for a glance. */
int follow_one(struct follow *f, const struct earshot_value *file) MUST_USE;
void follow_end(struct follow *f); /* accepts NULL */

#endif
