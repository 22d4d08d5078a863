#define _DEFAULT_SOURCE /* timegm */
#include "base/stamp.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

void
stamp_write(char out[STAMP_SIZE], int64_t wall_ms)
{
	const int64_t year_9999 = 253402300799999; /* four digits of year, as XEP-0082 has them */
	if (wall_ms < 0)
		wall_ms = 0;
	if (wall_ms > year_9999)
		wall_ms = year_9999;
	time_t seconds = (time_t)(wall_ms / 1000);
	struct tm tm = {0};
	(void)gmtime_r(&seconds, &tm);
	size_t n = strftime(out, STAMP_SIZE, "%Y-%m-%dT%H:%M:%S", &tm);
	(void)snprintf(out + n, STAMP_SIZE - n, ".%03uZ", (unsigned)(wall_ms % 1000));
}

static int
two_digits(const char *s, int lo, int hi)
{
	if (s[0] < '0' || s[0] > '9' || s[1] < '0' || s[1] > '9')
		return -1;
	int n = (s[0] - '0') * 10 + (s[1] - '0');
	return n >= lo && n <= hi ? n : -1;
}

/* "Z", "+01:00", or nothing, as the oldest clients write it. Minutes; -1: malformed. */
static int
parse_offset(const char *s, int *sign)
{
	*sign = *s == '-' ? -1 : 1;
	if (*s == '\0' || strcmp(s, "Z") == 0)
		return 0;
	if ((*s != '+' && *s != '-') || strlen(s) != 6 || s[3] != ':')
		return -1;
	int hours = two_digits(s + 1, 0, 23), minutes = two_digits(s + 4, 0, 59);
	return hours < 0 || minutes < 0 ? -1 : hours * 60 + minutes;
}

int
stamp_parse(const char *stamp, int64_t *wall_ms)
{
	static const char shape[] = "dddd-dd-ddTdd:dd:dd";
	if (strlen(stamp) < sizeof(shape) - 1)
		return -EINVAL;
	for (size_t i = 0; i < sizeof(shape) - 1; i++)
		if (shape[i] == 'd' ? stamp[i] < '0' || stamp[i] > '9' : stamp[i] != shape[i])
			return -EINVAL;
	struct tm tm = {
	    .tm_year = two_digits(stamp, 0, 99) * 100 + two_digits(stamp + 2, 0, 99) - 1900,
	    .tm_mon = two_digits(stamp + 5, 1, 12) - 1,
	    .tm_mday = two_digits(stamp + 8, 1, 31),
	    .tm_hour = two_digits(stamp + 11, 0, 23),
	    .tm_min = two_digits(stamp + 14, 0, 59),
	    .tm_sec = two_digits(stamp + 17, 0, 60),
	};
	if (tm.tm_mon < 0 || tm.tm_mday < 0 || tm.tm_hour < 0 || tm.tm_min < 0 || tm.tm_sec < 0)
		return -EINVAL;
	const char *rest = stamp + sizeof(shape) - 1;
	int ms = 0;
	if (*rest == '.') {
		int scale = 100;
		for (rest++; *rest >= '0' && *rest <= '9'; rest++, scale /= 10)
			ms += (*rest - '0') * scale;
	}
	int sign, offset = parse_offset(rest, &sign);
	if (offset < 0)
		return -EINVAL;
	*wall_ms = ((int64_t)timegm(&tm) - (int64_t)sign * offset * 60) * 1000 + ms;
	return 0;
}

void
stamp_minute(char out[STAMP_MINUTE_SIZE], int64_t wall_ms)
{
	time_t seconds = (time_t)(wall_ms / 1000);
	struct tm tm = {0};
	(void)localtime_r(&seconds, &tm);
	if (strftime(out, STAMP_MINUTE_SIZE, "%Y-%m-%d %H:%M", &tm) == 0)
		out[0] = '\0';
}
