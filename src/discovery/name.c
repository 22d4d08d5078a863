#include "discovery/name.h"

#include "base/utf8.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <utf8proc.h>

bool
name_usable(const char *name, size_t len)
{
	if (len == 0 || len > LIMIT_INSTANCE_NAME)
		return false;
	for (size_t at = 0, n; at < len; at += n) {
		uint32_t c;
		n = utf8_decode(name + at, len - at, &c);
		if (!n || !utf8_is_xml_char(c) || c < 0x20)
			return false;
	}
	return true;
}

void
name_key(char *out, size_t size, const char *name)
{
	size_t i = 0;
	for (; name[i] && i + 1 < size; i++)
		out[i] = (char)(name[i] >= 'A' && name[i] <= 'Z' ? name[i] - 'A' + 'a' : name[i]);
	out[i] = '\0';
}

/* A dot would be escaped in DNS, and two clients forget that; but people are called john.doe. */
static bool
is_kept(unsigned char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       c == '-' || c == '_' || c == '.' || c == '+';
}

void
name_clean_user(char out[LIMIT_USER_PART + 1], const char *user)
{
	utf8proc_uint8_t *plain = NULL;
	size_t to = 0;
	const int take_apart =
	    UTF8PROC_NULLTERM | UTF8PROC_STABLE | UTF8PROC_DECOMPOSE | UTF8PROC_COMPAT;
	if (utf8proc_map((const utf8proc_uint8_t *)user, 0, &plain, (utf8proc_option_t)take_apart) <
	    0)
		plain = NULL; /* not UTF-8, or no memory: its ASCII letters must do */
	const unsigned char *s = plain ? plain : (const unsigned char *)user;
	for (; *s && to < LIMIT_USER_PART; s++) {
		char c = (char)(*s == ' ' ? '-' : *s);
		bool edge = to == 0 || out[to - 1] == '-';
		if (is_kept((unsigned char)c) && !(edge && (c == '-' || c == '.')))
			out[to++] = c;
	}
	while (to && (out[to - 1] == '-' || out[to - 1] == '.'))
		to--;
	out[to] = '\0';
	free(plain);
	if (!to)
		(void)snprintf(out, LIMIT_USER_PART + 1, "user");
}

void
name_join(char out[LIMIT_INSTANCE_NAME + 1], const char *user, const char *machine)
{
	(void)snprintf(out, LIMIT_INSTANCE_NAME + 1, "%.*s@%s", LIMIT_USER_PART, user, machine);
	out[utf8_cut(out, strlen(out), LIMIT_INSTANCE_NAME)] = '\0';
}
