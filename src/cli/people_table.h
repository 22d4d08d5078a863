/* The table of people. */
#ifndef CLI_PEOPLE_TABLE_H
#define CLI_PEOPLE_TABLE_H

#include "base/buf.h"
#include "cli/screen.h"

#include <earshot.h>
#include <stdbool.h>

/* people: array of person; `numbered` for the session, where a number chooses. */
void people_table(
    const struct screen *s, struct buf *out, const struct earshot_value *people, bool numbered);

#endif
