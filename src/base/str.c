#include "base/str.h"

#include "base/err.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

int
str_copy(char *out, size_t size, const char *s)
{
	size_t len = strlen(s);
	if (len >= size) {
		out[0] = '\0';
		return ERR_TOO_BIG;
	}
	memcpy(out, s, len + 1);
	return 0;
}

bool
str_equal(const char *a, const char *b)
{
	return a == b || (a && b && strcmp(a, b) == 0);
}

bool
str_empty(const char *s)
{
	return !s || !*s;
}

static int
lower(char c)
{
	return c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : (unsigned char)c;
}

int
str_casecmp(const char *a, const char *b)
{
	while (*a && lower(*a) == lower(*b)) {
		a++;
		b++;
	}
	return lower(*a) - lower(*b);
}

int
str_replace(char **slot, const char *s)
{
	char *copy = s ? strdup(s) : NULL;
	if (s && !copy)
		return -ENOMEM;
	free(*slot);
	*slot = copy;
	return 0;
}

int
str_to_int(const char *s, int64_t lo, int64_t hi, int64_t *out)
{
	char *end;
	if (!(*s == '-' || (*s >= '0' && *s <= '9')))
		return -EINVAL;
	errno = 0;
	long long value = strtoll(s, &end, 10);
	if (errno || end == s || *end || value < lo || value > hi)
		return -EINVAL;
	*out = value;
	return 0;
}
