/* Time. Order and timers use the monotonic clock; the wall clock is for people alone. */
#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H

#include "base/compiler.h"

#include <stddef.h>
#include <stdint.h>

uint64_t clock_now(void); /* ms since an arbitrary start; goes on during suspend */
int64_t clock_wall(void); /* ms since 1970-01-01 UTC; may jump */

enum { CLOCK_STAMP_SIZE = 25 };
/* XEP-0082 date and time: "2026-11-23T18:04:05.123Z". */
void clock_stamp(char out[CLOCK_STAMP_SIZE], int64_t wall_ms);
/* Reads one, with any fraction of a second and any offset. 0 or -EINVAL. */
int clock_parse(const char *stamp, int64_t *wall_ms) MUST_USE;

enum { CLOCK_MINUTE_SIZE = 24 };
/* Local time for people: "2026-11-23 18:04". */
void clock_minute(char out[CLOCK_MINUTE_SIZE], int64_t wall_ms);

#endif
