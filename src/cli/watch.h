/* One event of the daemon as one line for people. Knows nothing of the connection. */
#ifndef CLI_WATCH_H
#define CLI_WATCH_H

#include "base/buf.h"
#include "cli/screen.h"

#include <earshot.h>
#include <stdbool.h>

/* When it was, and three blanks; old: not now, so what brings no time is left without one. */
void watch_stamp(struct buf *out, const struct earshot_value *event, bool old);
/* What it was; *whose (borrowed) has the trust that is to be shown before it, NULL: it is nobody's
 * doing. False for what is no news to people, and for topics that a newer daemon may have
 * and this program not. */
bool watch_words(const struct screen *s, struct buf *out, const struct earshot_value **whose,
    const char *topic, const struct earshot_value *event);

#endif
