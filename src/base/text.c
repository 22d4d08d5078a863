#include "base/text.h"

#include "base/limits.h"
#include "base/utf8.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <utf8proc.h>

enum {
	MARKS_KEPT = 2,
	ZWNJ = 0x200c,
	ZWJ = 0x200d,
	KEYCAP = 0x20e3, /* goes around the digit before it */
	EMPTY_BRAILLE = 0x2800,
	INFORMATION = 0x2139, /* the one letter that can be an emoji */
	VS15 = 0xfe0e,
	VS16 = 0xfe0f,
};

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

/* What a character is judged by: those before it. */
struct context {
	utf8proc_category_t before;
	uint32_t last;  /* the character of that category */
	uint32_t base;  /* the last one that is no mark */
	unsigned marks; /* in the pile so far */
	uint32_t next;  /* the character that follows, 0 if none does */
};

/* Scripts whose letters change with their neighbours. */
static bool
is_cursive(uint32_t c)
{
	static const struct {
		uint32_t first, last;
	} blocks[] = {
	    {0x0600, 0x08ff},   /* Arabic, Syriac, Thaana, N'Ko, Mandaic */
	    {0x1800, 0x18af},   /* Mongolian */
	    {0xa840, 0xa87f},   /* Phags-pa */
	    {0x10ac0, 0x10aff}, /* Manichaean */
	    {0x10b80, 0x10baf}, /* Psalter Pahlavi */
	    {0x10d00, 0x10d3f}, /* Hanifi Rohingya */
	    {0x1e900, 0x1e95f}, /* Adlam */
	};
	for (size_t i = 0; i < sizeof(blocks) / sizeof(blocks[0]); i++)
		if (c >= blocks[i].first && c <= blocks[i].last)
			return true;
	return false;
}

static bool
is_symbol(uint32_t c)
{
	return utf8proc_category((utf8proc_int32_t)c) == UTF8PROC_CATEGORY_SO;
}

/* Joiners shape scripts and build emoji; anywhere else they only make two names look equal. The
 * rules are those for host names (RFC 5892 A.1, A.2), and the emoji besides. */
static bool
joiner_belongs(uint32_t c, const struct context *x)
{
	enum { VIRAMA = 9 }; /* Canonical_Combining_Class */
	if (utf8proc_get_property((utf8proc_int32_t)x->last)->combining_class == VIRAMA)
		return true;
	if ((is_letter(x->before) || is_mark(x->before)) && is_cursive(x->base))
		return c == ZWNJ || x->next == 0 || is_cursive(x->next);
	return c == ZWJ && is_symbol(x->next) &&
	       (x->before == UTF8PROC_CATEGORY_SO || x->before == UTF8PROC_CATEGORY_SK ||
		   x->last == VS16);
}

static bool
is_selector(uint32_t c)
{
	return c == VS15 || c == VS16;
}

/* Text or emoji: said once, and of what can be one. Digits can only in a keycap. */
static bool
selector_belongs(const struct context *x)
{
	if (x->before == UTF8PROC_CATEGORY_ND || x->last == '#' || x->last == '*')
		return x->next == KEYCAP;
	return x->last == INFORMATION ||
	       (x->last > 0x7f && !is_letter(x->before) && !is_mark(x->before) &&
		   x->before < UTF8PROC_CATEGORY_ZS);
}

static bool
is_shown(uint32_t c, utf8proc_category_t cat, const struct context *x)
{
	if (c == ZWJ || c == ZWNJ)
		return joiner_belongs(c, x);
	if (is_selector(c))
		return selector_belongs(x);
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
	if (!is_shown(c, cat, x))
		buf_fmt(out, "<U+%04X>", (unsigned)c);
	else if (!mark || x->marks <= MARKS_KEPT)
		buf_add(out, s, n);
	x->before = cat;
	x->last = c;
	if (!is_mark(cat))
		x->base = c;
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
			if (n == len || utf8_decode(s + n, len - n, &x.next) == 0)
				x.next = 0;
			add_char(out, &x, c, s, n);
		}
		s += n;
		len -= n;
	}
}

static bool
is_blank(uint32_t c)
{
	return c == EMPTY_BRAILLE || utf8proc_category((utf8proc_int32_t)c) == UTF8PROC_CATEGORY_ZS;
}

/* Of blanks of any kind one is enough, and none at the ends (RFC 8266 2.1): names are not to be
 * laid out like rows of a table. */
size_t
text_name(char *out, size_t size, const char *s)
{
	size_t used = 0, chars = 0, left = strlen(s);
	bool blank = false, visible = false;
	for (size_t n; left > 0 && chars < LIMIT_NAME_CHARS; s += n, left -= n) {
		uint32_t c = 0;
		n = utf8_decode(s, left, &c);
		if (is_blank(c)) {
			blank = used > 0;
			continue;
		}
		n = n > 0 ? n : 1;
		if (used + blank + n >= size)
			break;
		if (blank)
			out[used++] = ' ';
		memcpy(out + used, s, n);
		used += n;
		chars += 1u + blank;
		blank = false;
		visible = visible || !is_mark(utf8proc_category((utf8proc_int32_t)c));
	}
	used = visible ? used : 0;
	out[used] = '\0';
	return used;
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

/* As terminals count, most of which know single characters only: vowels that stand beside their
 * letter take a column, those that are fitted into a Korean syllable do not. */
static size_t
char_width(uint32_t c)
{
	if ((c >= 0x1160 && c <= 0x11ff) || (c >= 0xd7b0 && c <= 0xd7ff))
		return 0;
	if ((c >= 0x4dc0 && c <= 0x4dff) || (c >= 0x3248 && c <= 0x324f))
		return 2; /* hexagrams, numbers in black squares: Unicode says so only since 16 */
	int w = utf8proc_charwidth((utf8proc_int32_t)c);
	if (w <= 0)
		return utf8proc_category((utf8proc_int32_t)c) == UTF8PROC_CATEGORY_MC;
	return (size_t)w;
}

/* A shell takes these as they are, but for the first two at the beginning. */
static bool
is_bare(const char *name)
{
	static const char bare[] =
	    "#-abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
	    "@._+:/%,";
	for (const char *c = name; *c; c++)
		if ((unsigned char)*c <= 0x7f && !strchr(bare, *c))
			return false;
	return *name && *name != '#' && *name != '-';
}

void
text_argument(struct buf *out, const char *name)
{
	if (is_bare(name)) {
		text_add(out, TEXT_NAME, name, strlen(name));
		return;
	}
	buf_char(out, '\'');
	for (size_t n; *name; name += n) {
		n = strcspn(name, "'");
		text_add(out, TEXT_NAME, name, n);
		if (name[n] == '\'') {
			buf_str(out, "'\\''");
			n++;
		}
	}
	buf_char(out, '\'');
}

/* The next grapheme: its bytes, and its columns. What is joined to it takes none. */
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
		if (used > 0 && last != ZWJ &&
		    utf8proc_grapheme_break_stateful(
			(utf8proc_int32_t)last, (utf8proc_int32_t)c, &state))
			break;
		if (last != ZWJ)
			width += char_width(c);
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
