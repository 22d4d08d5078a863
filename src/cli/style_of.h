/* In which style what the daemon tells is shown. */
#ifndef CLI_STYLE_OF_H
#define CLI_STYLE_OF_H

#include "base/buf.h"
#include "cli/screen.h"

#include <earshot.h>

enum style style_of_trust(const char *trust); /* a word of docs/ipc.md; NULL: plain */
enum style style_of_evidence(const struct earshot_value *person);
enum style style_of_transfer(const struct earshot_value *file);

/* The marking of a message, an event or a person and a blank, in its style. Returns its columns. */
size_t style_marking(const struct screen *s, struct buf *out, const struct earshot_value *v);

#endif
