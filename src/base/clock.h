/* Time. Order and timers use the monotonic clock; the wall clock is for people alone. */
#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H

#include <stdint.h>

uint64_t clock_now(void); /* ms since an arbitrary start; goes on during suspend */
int64_t clock_wall(void); /* ms since 1970-01-01 UTC; may jump */

#endif
