/* Points in time as text. Any thread. */
#ifndef BASE_STAMP_H
#define BASE_STAMP_H

#include "base/compiler.h"

#include <stdint.h>

enum { STAMP_SIZE = 25, STAMP_MINUTE_SIZE = 24 };
/* XEP-0082 date and time: "2026-11-23T18:04:05.123Z". Times are ms since 1970-01-01 UTC. */
void stamp_write(char out[STAMP_SIZE], int64_t wall_ms);
/* Reads one, with any fraction of a second and any offset. 0 or -EINVAL. */
int stamp_parse(const char *stamp, int64_t *wall_ms) MUST_USE;
/* Local time for people: "2026-11-23 18:04". */
void stamp_minute(char out[STAMP_MINUTE_SIZE], int64_t wall_ms);

#endif
