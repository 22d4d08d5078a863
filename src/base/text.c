#include "base/text.h"

#include "base/utf8.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <utf8proc.h>

enum { MARKS_KEPT = 2, ZWNJ = 0x200c, ZWJ = 0x200d, VS15 = 0xfe0e, VS16 = 0xfe0f };

static const char continuation[] = "\n\xc2\xbb "; /* a line that belongs to the one above */

static bool
is_mark(utf8proc_category_t cat)
{
	return cat == UTF8PROC_CATEGORY_MN || cat == UTF8PROC_CATEGORY_MC ||
	       cat == UTF8PROC_CATEGORY_ME;
}

static bool
is_letter(utf8proc_category_t cat)
{
	return cat >= UTF8PROC_CATEGORY_LU && cat <= UTF8PROC_CATEGORY_LO;
}

/* Joiners shape scripts and build emoji, but alone they only make two names look equal. */
static bool
joiner_belongs(uint32_t c, utf8proc_category_t before)
{
	if (c == ZWJ)
		return is_letter(before) || is_mark(before) || before == UTF8PROC_CATEGORY_SO ||
		       before == UTF8PROC_CATEGORY_SK;
	return is_letter(before) || is_mark(before);
}

/* What a character is judged by: those before it. */
struct context {
	utf8proc_category_t before;
	unsigned marks; /* in the pile so far */
};

static bool
is_selector(uint32_t c)
{
	return c == VS15 || c == VS16;
}

static bool
is_shown(uint32_t c, utf8proc_category_t cat, utf8proc_category_t before)
{
	if (c == ZWJ || c == ZWNJ)
		return joiner_belongs(c, before);
	if (is_selector(c)) /* text or emoji: said once, of a character */
		return !is_mark(before) && before != UTF8PROC_CATEGORY_ZS;
	/* fillers, other selectors and the like are letters and marks by category */
	if (utf8proc_get_property((utf8proc_int32_t)c)->ignorable)
		return false;
	bool separator = cat == UTF8PROC_CATEGORY_ZL || cat == UTF8PROC_CATEGORY_ZP;
	return cat != UTF8PROC_CATEGORY_CN && cat < UTF8PROC_CATEGORY_CC && !separator;
}

static void
add_char(struct buf *out, struct context *x, uint32_t c, const char *s, size_t n)
{
	utf8proc_category_t cat = utf8proc_category((utf8proc_int32_t)c);
	bool selector = is_selector(c), joiner = c == ZWJ || c == ZWNJ;
	bool mark = is_mark(cat) && !selector;
	if (mark)
		x->marks++;
	else if (!selector && !joiner) /* which belong to the pile */
		x->marks = 0;
	if (!is_shown(c, cat, x->before))
		buf_fmt(out, "<U+%04X>", (unsigned)c);
	else if (!mark || x->marks <= MARKS_KEPT)
		buf_add(out, s, n);
	x->before = cat;
}

void
text_add(struct buf *out, enum text_kind kind, const char *s, size_t len)
{
	const struct context fresh = {.before = UTF8PROC_CATEGORY_ZS};
	struct context x = fresh;
	while (len > 0) {
		uint32_t c = 0;
		size_t n = utf8_decode(s, len, &c);
		if (n == 0) {
			buf_fmt(out, "<0x%02X>", (unsigned char)*s);
			x = fresh;
			n = 1;
		} else if (kind == TEXT_BODY && c == '\n') {
			buf_str(out, continuation);
			x = fresh;
		} else if (kind == TEXT_BODY && c == '\t') {
			buf_str(out, "    ");
			x = fresh;
		} else if (kind == TEXT_BODY && c == '\r' && len > 1 && s[1] == '\n') {
			/* the line feed that follows says it all */
		} else {
			add_char(out, &x, c, s, n);
		}
		s += n;
		len -= n;
	}
}

char *
text_clean(enum text_kind kind, const char *s)
{
	struct buf b = BUF_INIT(SIZE_MAX / 4);
	text_add(&b, kind, s, strlen(s));
	return buf_take(&b);
}

char *
text_fold(const char *s)
{
	utf8proc_uint8_t *folded = utf8proc_NFKC_Casefold((const utf8proc_uint8_t *)s);
	return folded ? (char *)folded : strdup(s);
}

/* The next grapheme: its bytes, and the columns of its widest character. */
static size_t
next_grapheme(const char *s, size_t len, size_t *columns)
{
	utf8proc_int32_t state = 0;
	uint32_t last = 0;
	size_t used = 0, width = 0;
	while (used < len) {
		uint32_t c = 0;
		size_t n = utf8_decode(s + used, len - used, &c);
		if (n == 0) {
			if (used == 0) {
				used = 1;
				width = 1;
			}
			break;
		}
		if (used > 0 && utf8proc_grapheme_break_stateful(
				    (utf8proc_int32_t)last, (utf8proc_int32_t)c, &state))
			break;
		int w = utf8proc_charwidth((utf8proc_int32_t)c);
		if (w > 0 && (size_t)w > width)
			width = (size_t)w;
		last = c;
		used += n;
	}
	*columns = width;
	return used;
}

size_t
text_fit(const char *s, size_t len, size_t columns)
{
	size_t used = 0;
	while (used < len) {
		size_t width;
		size_t n = next_grapheme(s + used, len - used, &width);
		if (width > columns)
			break;
		columns -= width;
		used += n;
	}
	return used;
}

size_t
text_width(const char *s, size_t len)
{
	size_t total = 0;
	while (len > 0) {
		size_t width;
		size_t n = next_grapheme(s, len, &width);
		total += width;
		s += n;
		len -= n;
	}
	return total;
}
