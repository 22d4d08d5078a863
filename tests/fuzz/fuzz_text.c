/* UTF-8 against a decoder of another make, and the gate to people's eyes (threats N14, L4): what
 * comes out of it is UTF-8 without a single control or invisible character, and fits where it is
 * said to fit. */
#include "base/text.h"
#include "base/utf8.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void
expect(bool truth)
{
	if (!truth)
		abort();
}

/* By the table of the Unicode standard (3-7), range by range. */
static size_t
reference(const uint8_t *s, size_t len)
{
	static const struct {
		uint8_t from, to, second_from, second_to, len;
	} rows[] = {{0x00, 0x7f, 0, 0, 1}, {0xc2, 0xdf, 0x80, 0xbf, 2}, {0xe0, 0xe0, 0xa0, 0xbf, 3},
	    {0xe1, 0xec, 0x80, 0xbf, 3}, {0xed, 0xed, 0x80, 0x9f, 3}, {0xee, 0xef, 0x80, 0xbf, 3},
	    {0xf0, 0xf0, 0x90, 0xbf, 4}, {0xf1, 0xf3, 0x80, 0xbf, 4}, {0xf4, 0xf4, 0x80, 0x8f, 4}};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (s[0] < rows[i].from || s[0] > rows[i].to)
			continue;
		if (rows[i].len > len)
			return 0;
		for (size_t n = 1; n < rows[i].len; n++) {
			bool second = n == 1;
			if (s[n] < (second ? rows[i].second_from : 0x80) ||
			    s[n] > (second ? rows[i].second_to : 0xbf))
				return 0;
		}
		return rows[i].len;
	}
	return 0;
}

static void
check_utf8(const uint8_t *data, size_t len)
{
	bool valid = true;
	for (size_t at = 0; at < len;) {
		uint32_t c = 0;
		char again[4];
		size_t n = utf8_decode((const char *)data + at, len - at, &c);
		expect(n == reference(data + at, len - at));
		if (n > 0)
			expect(utf8_encode(c, again) == n && memcmp(again, data + at, n) == 0);
		valid &= n > 0;
		at += n ? n : 1;
	}
	expect(utf8_valid((const char *)data, len) == valid);
}

static bool
is_harmless(uint32_t c, enum text_kind kind)
{
	if (c < 0x20)
		return c == '\n' && kind == TEXT_BODY;
	return !(c >= 0x7f && c <= 0x9f) && !(c >= 0x202a && c <= 0x202e) &&
	       !(c >= 0x2066 && c <= 0x2069) && c != 0x200e && c != 0x200f && c != 0x2028 &&
	       c != 0x2029 && c != 0xfeff && !(c >= 0xe000 && c <= 0xf8ff);
}

static void
check_gate(enum text_kind kind, const char *s, size_t len)
{
	struct buf out = BUF_INIT(SIZE_MAX / 4);
	text_add(&out, kind, s, len);
	expect(buf_err(&out) == 0 && utf8_valid(buf_cstr(&out), out.len));
	for (size_t at = 0; at < out.len;) {
		uint32_t c = 0;
		at += utf8_decode(out.data + at, out.len - at, &c);
		expect(is_harmless(c, kind));
	}
	size_t width = text_width(buf_cstr(&out), out.len);
	for (size_t columns = 0; columns <= width && columns < 80; columns += 7) {
		size_t fit = text_fit(buf_cstr(&out), out.len, columns);
		expect(fit <= out.len && text_width(buf_cstr(&out), fit) <= columns);
		expect(utf8_valid(buf_cstr(&out), fit));
	}
	buf_finish(&out);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	check_utf8(data, len);
	check_gate(TEXT_NAME, (const char *)data, len);
	check_gate(TEXT_BODY, (const char *)data, len);
	char *s = malloc(len + 1);
	expect(s != NULL);
	memcpy(s, data, len);
	s[len] = '\0';
	char *folded = text_fold(s);
	char *twice = folded ? text_fold(folded) : NULL;
	expect(folded && twice);
	free(folded);
	free(twice);
	for (size_t max = 0; max <= len && max < 16; max++) {
		size_t cut = utf8_cut(s, len, max);
		expect(cut <= max && (!utf8_valid(s, len) || utf8_valid(s, cut)));
	}
	free(s);
	return 0;
}
