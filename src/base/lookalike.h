/* Names that look like other names (threat N5): by the skeletons of Unicode Technical Standard 39,
 * which ICU knows. ICU is loaded when the first name comes that is not all ASCII: it costs memory
 * that a daemon among plain names does not need. One thread. */
#ifndef BASE_LOOKALIKE_H
#define BASE_LOOKALIKE_H

#include "base/buf.h"

#include <stdbool.h>

/* Appends the key of a name: names that can be taken for each other have the same one, whatever
 * their letters' script, case and accents, blanks and characters that cannot be seen. Empty if
 * nothing of the name can be seen. For comparing, never for showing. Without ICU
 * look-alikes of other scripts than Latin are missed (logged once, at level debug). Errors latch in
 * out. */
void lookalike_key(struct buf *out, const char *name);

/* Can a be taken for b? Equal names can. Out of memory: false. */
bool lookalike_same(const char *a, const char *b);

#endif
