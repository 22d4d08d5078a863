/* The marking of trust (docs/ipc.md: trust): what is shown beside everybody's words of who may have
 * said them. It stands before the name, where nothing that others choose can take its place. What
 * brings no `trust`, or a word this program does not know, is plain. */
#ifndef FRONT_MARKING_H
#define FRONT_MARKING_H

#include "base/buf.h"

#include <earshot.h>
#include <stdbool.h>

enum { MARKING_WIDTH = 7 }; /* columns of the widest */

/* "[PLAIN]", "[?]", "[=]", "[i]", "[v]", "[!]" */
const char *marking(const char *trust);
bool marking_is_plain(const char *trust);
/* "encrypted, the key it has always been" */
const char *marking_meaning(const char *trust);

/* The marking and what it means, for a person: "[PLAIN - anyone here can read, alter or fake
 * this]",
 * "[i] via Nurse: ..." */
void marking_in_full(struct buf *out, const struct earshot_value *person);

#endif
