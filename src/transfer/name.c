#include "transfer/name.h"

#include "base/err.h"
#include "base/limits.h"
#include "base/str.h"
#include "base/text.h"
#include "base/utf8.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <utf8proc.h>

enum {
	ENDING_MAX = 16, /* bytes after the last dot that still say what a file is */
	WORK_MAX = 64 * 1024,
	ROUNDS = 4, /* cutting one thing may lay open another */
	ZWNJ = 0x200c,
	ZWJ = 0x200d,
	VS15 = 0xfe0e,
	VS16 = 0xfe0f,
};

/* Of a longer name no more is looked at: it is cut anyway. */
static const size_t WANTED_MAX = 4096;

/* Letters, marks, numbers, punctuation and symbols; not what a file system, a shell's script or
 * another system takes for something else. Joiners and selectors are judged later, with what stands
 * around them. */
static bool
is_allowed(uint32_t c)
{
	if (c < 0x80)
		return c >= ' ' && c != 0x7f && !strchr("\"*/:<>?\\|", (int)c);
	if (c == ZWNJ || c == ZWJ || c == VS15 || c == VS16)
		return true;
	utf8proc_category_t cat = utf8proc_category((utf8proc_int32_t)c);
	return cat != UTF8PROC_CATEGORY_CN && cat < UTF8PROC_CATEGORY_ZL &&
	       !utf8proc_get_property((utf8proc_int32_t)c)->ignorable;
}

static void
add_allowed(struct buf *out, const char *s, size_t len)
{
	for (size_t n; len > 0; s += n, len -= n) {
		uint32_t c = 0;
		n = utf8_decode(s, len, &c);
		if (n == 0 || !is_allowed(c))
			buf_char(out, '_');
		else if (c != ' ' && utf8proc_category((utf8proc_int32_t)c) == UTF8PROC_CATEGORY_ZS)
			buf_char(out, ' ');
		else
			buf_add(out, s, n);
		n = n > 0 ? n : 1;
	}
}

/* No "<" was left: each that is there now begins what text_add() made of something invisible. */
static void
drop_escapes(struct buf *b)
{
	size_t to = 0;
	for (size_t from = 0; from < b->len; from++) {
		if (b->data[from] == '<') {
			while (from < b->len && b->data[from] != '>')
				from++;
			b->data[to++] = '_';
		} else {
			b->data[to++] = b->data[from];
		}
	}
	b->len = to;
	if (b->data)
		b->data[to] = '\0';
}

static void
compose(struct buf *b)
{
	utf8proc_uint8_t *nfc = utf8proc_NFC((const utf8proc_uint8_t *)buf_cstr(b));
	if (!nfc)
		return; /* out of memory: what is not composed is harmless all the same */
	buf_clear(b);
	buf_str(b, (const char *)nfc);
	free(nfc);
}

static void
trim(struct buf *b)
{
	size_t start = 0;
	while (start < b->len && b->data[start] == ' ')
		start++;
	buf_consume(b, start);
	while (b->len > 0 && (b->data[b->len - 1] == ' ' || b->data[b->len - 1] == '.'))
		b->data[--b->len] = '\0';
}

/* Where ".txt" begins; the end if the name has no ending of the usual kind. */
static size_t
find_ending(const char *name, size_t len)
{
	size_t at = len;
	while (at > 0 && name[at - 1] != '.')
		at--;
	if (at < 2 || at == len || len - at > ENDING_MAX)
		return len;
	for (size_t i = at; i < len; i++)
		if (name[i] == ' ')
			return len;
	return at - 1;
}

static void
cut(struct buf *b)
{
	if (b->len <= LIMIT_FILE_NAME)
		return;
	size_t at = find_ending(b->data, b->len), ending = b->len - at;
	size_t stem = utf8_cut(b->data, at, LIMIT_FILE_NAME - ending);
	memmove(b->data + stem, b->data + at, ending + 1);
	b->len = stem + ending;
}

/* Devices of other systems, with any ending (a stick, a shared folder). */
static bool
is_reserved(const char *name)
{
	static const char *const words[] = {"con", "prn", "aux", "nul", "conin$", "conout$"};
	char stem[8];
	size_t len = strcspn(name, ".");
	while (len > 0 && name[len - 1] == ' ')
		len--;
	if (len >= sizeof(stem))
		return false;
	memcpy(stem, name, len);
	stem[len] = '\0';
	for (size_t i = 0; i < ARRAY_LEN(words); i++)
		if (str_casecmp(stem, words[i]) == 0)
			return true;
	bool digit = len == 4 && stem[3] >= '0' && stem[3] <= '9';
	if (digit)
		stem[3] = '\0';
	return digit && (str_casecmp(stem, "com") == 0 || str_casecmp(stem, "lpt") == 0);
}

static bool
needs_prefix(const char *name, size_t len)
{
	uint32_t c = 0;
	if (len == 0)
		return false;
	if (strchr(".-~", name[0]) || is_reserved(name))
		return true;
	(void)utf8_decode(name, len, &c);
	utf8proc_category_t cat = utf8proc_category((utf8proc_int32_t)c);
	/* a mark would change the look of what stands before the name */
	return cat == UTF8PROC_CATEGORY_MN || cat == UTF8PROC_CATEGORY_MC ||
	       cat == UTF8PROC_CATEGORY_ME;
}

static void
clean_once(struct buf *b, const char *s, size_t len)
{
	struct buf allowed = BUF_INIT(WORK_MAX);
	add_allowed(&allowed, s, len);
	compose(&allowed);
	text_add(b, TEXT_NAME, buf_cstr(&allowed), allowed.len);
	buf_finish(&allowed);
	if (buf_err(b))
		return;
	drop_escapes(b);
	trim(b);
	if (needs_prefix(buf_cstr(b), b->len)) {
		buf_char(b, ' ');
		memmove(b->data + 1, b->data, b->len - 1);
		b->data[0] = '_';
	}
	cut(b);
	trim(b);
}

/* Nearly all names are as they should be; a folder of many files is full of them. */
static bool
is_plain(const char *s, size_t len)
{
	char name[LIMIT_FILE_NAME + 1];
	if (len == 0 || len > LIMIT_FILE_NAME || s[0] == ' ' || s[len - 1] == ' ' ||
	    s[len - 1] == '.')
		return false;
	for (size_t i = 0; i < len; i++)
		if ((unsigned char)s[i] >= 0x80 || !is_allowed((unsigned char)s[i]))
			return false;
	memcpy(name, s, len);
	name[len] = '\0';
	return !needs_prefix(name, len);
}

void
transfer_component_clean(const char *wanted, size_t len, struct buf *out)
{
	if (is_plain(wanted, len)) {
		buf_add(out, wanted, len);
		return;
	}
	struct buf now = BUF_INIT(WORK_MAX), next = BUF_INIT(WORK_MAX);
	clean_once(&now, wanted, len < WANTED_MAX ? len : WANTED_MAX);
	for (int round = 0; round < ROUNDS && now.len; round++) {
		buf_clear(&next);
		clean_once(&next, now.data, now.len);
		bool same = next.len == now.len && memcmp(next.data, now.data, now.len) == 0;
		struct buf kept = now;
		now = next;
		next = kept;
		if (same)
			break;
	}
	if (buf_err(&now) || !now.len)
		buf_str(out, "file");
	else
		buf_add(out, now.data, now.len);
	buf_finish(&now);
	buf_finish(&next);
}

static bool
is_separator(char c)
{
	return c == '/' || c == '\\';
}

void
transfer_name_clean(const char *wanted, struct buf *out)
{
	size_t end = strlen(wanted);
	while (end > 0 && is_separator(wanted[end - 1]))
		end--;
	size_t start = end;
	while (start > 0 && !is_separator(wanted[start - 1]))
		start--;
	/* of a long name the end says what it is */
	size_t len = end - start;
	if (len > WANTED_MAX)
		start = end - WANTED_MAX;
	transfer_component_clean(wanted + start, end - start, out);
}

bool
transfer_name_is_clean(const char *name)
{
	struct buf clean = BUF_INIT(WORK_MAX);
	transfer_name_clean(name, &clean);
	bool same = strcmp(buf_cstr(&clean), name) == 0;
	buf_finish(&clean);
	return same;
}

int
transfer_path_clean(const char *wanted, struct buf *out)
{
	size_t start = out->len;
	unsigned depth = 0;
	for (const char *p = wanted;; p++) {
		size_t len = strcspn(p, "/");
		bool dots = (len == 1 && p[0] == '.') || (len == 2 && p[0] == '.' && p[1] == '.');
		if (len == 0 || dots || ++depth > LIMIT_TREE_DEPTH)
			return ERR_PROTO;
		if (depth > 1)
			buf_char(out, '/');
		transfer_component_clean(p, len, out);
		if (buf_err(out))
			return buf_err(out);
		if (out->len - start > LIMIT_TREE_PATH)
			return ERR_PROTO;
		p += len;
		if (!*p)
			return 0;
	}
}

void
transfer_name_number(const char *name, unsigned n, struct buf *out)
{
	static const char packed[] = ".tar";
	size_t len = strlen(name), at = find_ending(name, len), part = strlen(packed);
	if (at > part && strncmp(name + at - part, packed, part) == 0)
		at -= part;
	buf_add(out, name, at);
	if (n >= 2)
		buf_fmt(out, " (%u)", n);
	buf_str(out, name + at);
}
