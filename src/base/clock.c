#define _GNU_SOURCE /* CLOCK_BOOTTIME */
#include "base/clock.h"

#include <stdio.h>
#include <time.h>

static int64_t
read_ms(clockid_t id)
{
	struct timespec ts = {0};
	(void)clock_gettime(id, &ts);
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

uint64_t
clock_now(void)
{
	return (uint64_t)read_ms(CLOCK_BOOTTIME);
}

int64_t
clock_wall(void)
{
	return read_ms(CLOCK_REALTIME);
}

void
clock_stamp(char out[CLOCK_STAMP_SIZE], int64_t wall_ms)
{
	const int64_t year_9999 = 253402300799999; /* four digits of year, as XEP-0082 has them */
	if (wall_ms < 0)
		wall_ms = 0;
	if (wall_ms > year_9999)
		wall_ms = year_9999;
	time_t seconds = (time_t)(wall_ms / 1000);
	struct tm tm = {0};
	(void)gmtime_r(&seconds, &tm);
	size_t n = strftime(out, CLOCK_STAMP_SIZE, "%Y-%m-%dT%H:%M:%S", &tm);
	(void)snprintf(out + n, CLOCK_STAMP_SIZE - n, ".%03uZ", (unsigned)(wall_ms % 1000));
}
