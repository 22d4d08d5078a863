/* Passphrases: asked on the terminal, without showing them, and handed on by descriptor, so that
 * they stand in no command line, no environment and no JSON. */
#ifndef CLI_SECRET_H
#define CLI_SECRET_H

#include "base/compiler.h"

#include <stdbool.h>

struct cli;

/* Asks on the controlling terminal, whatever input and output are. *fd: a descriptor that gives
 * the passphrase (empty if nothing was typed), the caller's to close. again: asks twice, until both
 * are the same. An exit code after a sentence: there is no terminal, or Ctrl-C was typed. */
int secret_ask(struct cli *c, const char *prompt, bool again, int *fd) MUST_USE;

#endif
