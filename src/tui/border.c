#include "tui/border.h"

#include "base/utf8.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <utf8proc.h>

/* The character at s; what is no UTF-8 counts byte by byte. */
static size_t
decode(const char *s, size_t len, uint32_t *c)
{
	size_t n = utf8_decode(s, len, c);
	if (n == 0)
		*c = 0xfffd;
	return n > 0 ? n : 1;
}

size_t
border_next(const char *s, size_t len, size_t at)
{
	utf8proc_int32_t state = 0;
	uint32_t last = 0, c = 0;
	if (at >= len)
		return len;
	at += decode(s + at, len - at, &last);
	while (at < len) {
		size_t n = decode(s + at, len - at, &c);
		if (utf8proc_grapheme_break_stateful(
			(utf8proc_int32_t)last, (utf8proc_int32_t)c, &state))
			break;
		at += n;
		last = c;
	}
	return at;
}

/* The last border at or before `at`; all of a line has to be looked at, as what joins what
 * depends on all that stands before it. */
static size_t
last_border(const char *s, size_t len, size_t at)
{
	size_t border = border_line_begin(s, at);
	for (size_t next = border; next <= at; next = border_next(s, len, next)) {
		border = next;
		if (next == len)
			break;
	}
	return border;
}

size_t
border_prev(const char *s, size_t len, size_t at)
{
	return at > 0 ? last_border(s, len, at - 1) : 0;
}

size_t
border_snap(const char *s, size_t len, size_t at)
{
	if (at >= len)
		return len;
	size_t border = last_border(s, len, at);
	return border == at ? at : border_next(s, len, border);
}

static bool
is_word(const char *s, size_t len, size_t at)
{
	uint32_t c = 0;
	(void)decode(s + at, len - at, &c);
	utf8proc_category_t category = utf8proc_category((utf8proc_int32_t)c);
	return c == '_' || (category >= UTF8PROC_CATEGORY_LU && category <= UTF8PROC_CATEGORY_NO);
}

static bool
is_blank(const char *s, size_t at)
{
	return s[at] == ' ' || s[at] == '\n' || s[at] == '\t';
}

size_t
border_word_next(const char *s, size_t len, size_t at)
{
	while (at < len && !is_word(s, len, at))
		at = border_next(s, len, at);
	while (at < len && is_word(s, len, at))
		at = border_next(s, len, at);
	return at;
}

/* One walk through the text in order, as walking back from border to border would look at a line
 * again and again. */
size_t
border_word_prev(const char *s, size_t len, size_t at)
{
	size_t begin = 0;
	bool before = false;
	for (size_t i = 0; i < at; i = border_next(s, len, i)) {
		bool word = is_word(s, len, i);
		if (word && !before)
			begin = i;
		before = word;
	}
	return begin;
}

size_t
border_blank_prev(const char *s, size_t at)
{
	while (at > 0 && is_blank(s, at - 1))
		at--;
	while (at > 0 && !is_blank(s, at - 1))
		at--;
	return at;
}

size_t
border_line_begin(const char *s, size_t at)
{
	while (at > 0 && s[at - 1] != '\n')
		at--;
	return at;
}

size_t
border_line_end(const char *s, size_t len, size_t at)
{
	const char *end = at < len ? memchr(s + at, '\n', len - at) : NULL;
	return end ? (size_t)(end - s) : len;
}
