#include "front/when.h"

#include "base/compiler.h"
#include "base/str.h"
#include "base/tr.h"

#include <errno.h>
#include <string.h>
#include <time.h>

enum { SECOND = 1000, MINUTE = 60, HOUR = 60 * MINUTE, DAY = 24 * HOUR, WEEK = 7 * DAY };
enum { SPAN_DIGITS = 9, TM_YEAR = 1900, NOON = 12 };

static const char *const days[] = {TR("Sunday"), TR("Monday"), TR("Tuesday"), TR("Wednesday"),
    TR("Thursday"), TR("Friday"), TR("Saturday")};
static const char *const months[] = {TR("January"), TR("February"), TR("March"), TR("April"),
    TR("May"), TR("June"), TR("July"), TR("August"), TR("September"), TR("October"), TR("November"),
    TR("December")};

/* Exactly `digits` digits, then the character `after`. Returns what follows, NULL if it is not so.
 */
static const char *
take_number(const char *text, size_t digits, char after, int *out)
{
	int value = 0;
	for (size_t i = 0; i < digits; i++) {
		if (text[i] < '0' || text[i] > '9')
			return NULL;
		value = value * 10 + (text[i] - '0');
	}
	if (text[digits] != after)
		return NULL;
	*out = value;
	return text + digits + (after != '\0');
}

static bool
break_down(int64_t at, struct tm *tm)
{
	time_t t = (time_t)(at / SECOND);
	return localtime_r(&t, tm) != NULL;
}

/* mktime() takes 30 February for 2 March: what it changed was no date. */
static int
put_together(struct tm *tm, int64_t *out)
{
	struct tm wanted = *tm;
	tm->tm_isdst = -1;
	time_t t = mktime(tm);
	if (t == (time_t)-1 || tm->tm_mday != wanted.tm_mday || tm->tm_mon != wanted.tm_mon)
		return -EINVAL;
	*out = (int64_t)t * SECOND;
	return 0;
}

static int
clock_of(const char *text, struct tm *tm)
{
	int hour, minute;
	const char *rest = take_number(text, 2, ':', &hour);
	if (!rest || !take_number(rest, 2, '\0', &minute) || hour > 23 || minute > 59)
		return -EINVAL;
	tm->tm_hour = hour;
	tm->tm_min = minute;
	return 0;
}

/* A day's beginning, or that of the day after it: days of 23 and 25 hours exist. */
static int
day_of(struct tm *tm, bool end, int64_t *out)
{
	tm->tm_hour = tm->tm_min = tm->tm_sec = 0;
	int err = put_together(tm, out);
	if (err || !end)
		return err;
	tm->tm_mday++;
	tm->tm_hour = 0;
	tm->tm_isdst = -1;
	time_t t = mktime(tm);
	if (t == (time_t)-1)
		return -EINVAL;
	*out = (int64_t)t * SECOND;
	return 0;
}

static int
minute_of(struct tm *tm, bool end, int64_t *out)
{
	tm->tm_sec = 0;
	int err = put_together(tm, out);
	if (!err && end)
		*out += (int64_t)MINUTE * SECOND;
	return err;
}

static int
date_of(const char *text, bool end, int64_t *out)
{
	struct tm tm = {0};
	bool whole = strlen(text) == strlen("2026-11-23");
	const char *rest = take_number(text, 4, '-', &tm.tm_year);
	rest = rest ? take_number(rest, 2, '-', &tm.tm_mon) : NULL;
	if (!rest || (!whole && strlen(rest) <= 2))
		return -EINVAL;
	char after = 'T';
	if (whole || rest[2] == ' ')
		after = rest[2];
	rest = take_number(rest, 2, after, &tm.tm_mday);
	tm.tm_year -= TM_YEAR;
	tm.tm_mon--;
	if (!rest || tm.tm_mon < 0 || tm.tm_mday < 1)
		return -EINVAL;
	if (whole)
		return day_of(&tm, end, out);
	return clock_of(rest, &tm) ? -EINVAL : minute_of(&tm, end, out);
}

int
when_span(const char *text, int64_t *seconds)
{
	static const struct {
		char letter;
		int64_t seconds;
	} units[] = {{'\0', 1}, {'s', 1}, {'m', MINUTE}, {'h', HOUR}, {'d', DAY}, {'w', WEEK}};
	int64_t value = 0;
	size_t n = strspn(text, "0123456789");
	if (n == 0 || n > SPAN_DIGITS)
		return -EINVAL;
	for (size_t i = 0; i < n; i++)
		value = value * 10 + (text[i] - '0');
	if (text[n] && text[n + 1])
		return -EINVAL;
	for (size_t i = 0; i < ARRAY_LEN(units); i++)
		if (text[n] == units[i].letter) {
			*seconds = value * units[i].seconds;
			return 0;
		}
	return -EINVAL;
}

int
when_parse(const char *text, int64_t now, bool end, int64_t *out)
{
	struct tm tm = {0};
	int64_t span;
	if (!break_down(now, &tm))
		return -EINVAL;
	if (str_equal(text, "now")) {
		*out = now;
		return 0;
	}
	if (str_equal(text, "today"))
		return day_of(&tm, end, out);
	if (str_equal(text, "yesterday")) {
		tm.tm_mday--;
		tm.tm_hour = NOON; /* no change of the clock moves it to another day */
		tm.tm_isdst = -1;
		return mktime(&tm) == (time_t)-1 ? -EINVAL : day_of(&tm, end, out);
	}
	/* a number without a unit may be a year, or a slip */
	if (strspn(text, "0123456789") < strlen(text) && when_span(text, &span) == 0) {
		*out = now - span * SECOND;
		return 0;
	}
	if (clock_of(text, &tm) == 0)
		return minute_of(&tm, end, out);
	return date_of(text, end, out);
}

void
when_day(struct buf *out, int64_t at)
{
	struct tm tm;
	if (break_down(at, &tm)) /* Translators: "Monday, 23 November 2026" */
		buf_fmt(out, tr("%s, %d %s %d"), tr(days[tm.tm_wday]), tm.tm_mday,
		    tr(months[tm.tm_mon]), tm.tm_year + TM_YEAR);
	else
		buf_str(out, tr("An unknown day"));
}

void
when_date(struct buf *out, int64_t at)
{
	struct tm tm;
	if (break_down(at, &tm))
		buf_fmt(out, "%04d-%02d-%02d", tm.tm_year + TM_YEAR, tm.tm_mon + 1, tm.tm_mday);
	else
		buf_str(out, "----------");
}

void
when_stamp(struct buf *out, int64_t at)
{
	struct tm tm;
	when_date(out, at);
	if (break_down(at, &tm))
		buf_fmt(out, " %02d:%02d", tm.tm_hour, tm.tm_min);
	else
		buf_str(out, " --:--");
}

int64_t
when_day_number(int64_t at)
{
	enum { DAYS = 366 };
	struct tm tm;
	return break_down(at, &tm) ? (int64_t)tm.tm_year * DAYS + tm.tm_yday : -1;
}
