#define _GNU_SOURCE /* CLOCK_BOOTTIME */
#include "base/clock.h"

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
