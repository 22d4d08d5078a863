/* Changes one key of an INI file and leaves all else as it is: remarks, order, unknown lines. Reads
 * lines as inih does, so that what was written is what is read. Pure. */
#ifndef DAEMON_INI_EDIT_H
#define DAEMON_INI_EDIT_H

#include "base/buf.h"
#include "base/compiler.h"

#include <stddef.h>

/* Appends the text with the key's lines replaced by one for each value; none: without them. *line:
 * of the last one, counted from 1; 0: there is none. 0 or a latched error. */
int ini_edit(const char *text, size_t len, const char *section, const char *key,
    const char *const *values, size_t count, struct buf *out, unsigned *line) MUST_USE;

#endif
