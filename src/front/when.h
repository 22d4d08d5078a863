/* Points in time as people type and read them, in their own time zone. Knows nothing of
 * messages. All times are ms since 1970. */
#ifndef FRONT_WHEN_H
#define FRONT_WHEN_H

#include "base/buf.h"
#include "base/compiler.h"

#include <stdbool.h>
#include <stdint.h>

/* "2026-11-23", "2026-11-23T18:04", "18:04", "today", "yesterday", "now", or how long ago: "2h".
 * `end`: the end of the day or minute that is named, not its beginning. 0 or -EINVAL. */
int when_parse(const char *text, int64_t now, bool end, int64_t *out) MUST_USE;

/* "30d", "12h", "5m", "90s", "1w", "0"; a number alone is seconds. 0 or -EINVAL. */
int when_span(const char *text, int64_t *seconds) MUST_USE;

/* "Monday, 23 November 2026" */
void when_day(struct buf *out, int64_t at);
/* "2026-11-23" and "2026-11-23 18:04", for scripts and lists */
void when_date(struct buf *out, int64_t at);
void when_stamp(struct buf *out, int64_t at);
/* A number that two times share if they are of one day. */
int64_t when_day_number(int64_t at);

#endif
