/* Which characters pass (threat N14): against a table-free reference of the test's own. */
#include "log.h"
#include "xml/filter.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

static const char start[] = "<r><a>";

/* Encodes every scalar value XML allows and asks whether one of them is s: the decoder's rules
 * turned round, so that no mistake can be shared. A bit for each string of 1 to 3 bytes. */
static unsigned char *allowed;

static size_t
bit_of(const unsigned char *s, size_t len)
{
	size_t at = 0;
	for (size_t i = 0; i < len; i++)
		at = at << 8 | s[i];
	return at + (len == 2 ? 1u << 8 : 0) + (len == 3 ? (1u << 8) + (1u << 16) : 0);
}

static void
set_bit(size_t bit)
{
	allowed[bit / 8] |= (unsigned char)(1u << bit % 8);
}

static bool
has_bit(size_t bit)
{
	return allowed[bit / 8] >> bit % 8 & 1;
}

static bool
in_char_production(unsigned c)
{
	return c == 0x9 || c == 0xa || c == 0xd || (0x20 <= c && c <= 0xd7ff) ||
	       (0xe000 <= c && c <= 0xfffd);
}

static int
build_reference(void **state)
{
	(void)state;
	allowed = calloc(1, ((1u << 24) + (1u << 16) + (1u << 8)) / 8);
	if (!allowed)
		return -1;
	for (unsigned c = 0; c <= 0xffff; c++) {
		unsigned char s[3] = {(unsigned char)c};
		size_t len = 1;
		if (c >= 0x800) {
			len = 3;
			s[0] = (unsigned char)(0xe0 + (c >> 12));
			s[1] = (unsigned char)(0x80 + (c >> 6) % 64);
			s[2] = (unsigned char)(0x80 + c % 64);
		} else if (c >= 0x80) {
			len = 2;
			s[0] = (unsigned char)(0xc0 + (c >> 6));
			s[1] = (unsigned char)(0x80 + c % 64);
		}
		if (in_char_production(c))
			set_bit(bit_of(s, len));
	}
	return 0;
}

static int
drop_reference(void **state)
{
	(void)state;
	free(allowed);
	return 0;
}

/* The shortest prefix of s that is a whole character, 0 if there is none. */
static size_t
reference_char(const unsigned char *s, size_t len)
{
	for (size_t n = 1; n <= len && n <= 3; n++)
		if (has_bit(bit_of(s, n)))
			return n;
	return 0;
}

static bool
reference_accepts(const unsigned char *s, size_t len)
{
	while (len > 0) {
		size_t n = reference_char(s, len);
		if (n == 0)
			return false;
		s += n;
		len -= n;
	}
	return true;
}

/* The filter in CDATA, where no byte means anything but ]. */
static bool
filter_accepts(const struct xml_filter *before, const unsigned char *s, size_t len)
{
	static const char end[] = "x]]></a>";
	struct xml_filter f = *before;
	size_t used;
	bool boundary = false;
	return xml_filter_scan(&f, s, len, &used, &boundary) == 0 &&
	       xml_filter_scan(&f, end, sizeof(end) - 1, &used, &boundary) == 0 && boundary;
}

static void
enter_cdata(struct xml_filter *f)
{
	static const char inside[] = "<r><a><![CDATA[";
	size_t used = 0;
	bool boundary;
	xml_filter_init(f, LIMIT_STANZA);
	for (size_t at = 0; at < sizeof(inside) - 1; at += used)
		assert_int_equal(
		    xml_filter_scan(f, inside + at, sizeof(inside) - 1 - at, &used, &boundary), 0);
}

static void
n14_all_strings_of_three_bytes_are_judged_as_unicode_does(void **state)
{
	(void)state;
	struct xml_filter f;
	enter_cdata(&f);
	for (unsigned x = 0; x < 1u << 24; x++) {
		unsigned char s[] = {
		    (unsigned char)(x >> 16), (unsigned char)(x >> 8), (unsigned char)x};
		if (memcmp(s, "]]>", 3) == 0)
			continue;
		if (filter_accepts(&f, s, 3) != reference_accepts(s, 3))
			fail_msg("%02x %02x %02x", s[0], s[1], s[2]);
	}
}

/* Four bytes: every lead with every second byte, and of the others those at the borders of all
 * classes; what is not ASCII there has to be one character from U+10000 on, or several shorter. */
static bool
reference_accepts_four(const unsigned char *s)
{
	unsigned c = (s[0] & 7u) << 18 | (s[1] & 63u) << 12 | (s[2] & 63u) << 6 | (s[3] & 63u);
	bool shape = s[0] >> 3 == 0x1e && s[1] >> 6 == 2 && s[2] >> 6 == 2 && s[3] >> 6 == 2;
	return shape ? c >= 0x10000 && c <= 0x10ffff : reference_accepts(s, 4);
}

static void
n14_strings_of_four_bytes_are_judged_as_unicode_does(void **state)
{
	(void)state;
	static const unsigned char borders[] = {0x00, 0x09, 0x1f, 0x20, 0x41, 0x7f, 0x80, 0x81,
	    0x8f, 0x90, 0x9f, 0xa0, 0xbe, 0xbf, 0xc0, 0xc1, 0xc2, 0xdf, 0xe0, 0xed, 0xef, 0xf0,
	    0xf4, 0xf5, 0xf7, 0xff};
	const size_t n = sizeof(borders);
	struct xml_filter f;
	enter_cdata(&f);
	for (size_t x = 0; x < (n * n) << 16; x++) {
		unsigned char s[] = {(unsigned char)(x >> 8), (unsigned char)x,
		    borders[(x >> 16) / n], borders[(x >> 16) % n]};
		if (filter_accepts(&f, s, 4) != reference_accepts_four(s))
			fail_msg("%02x %02x %02x %02x", s[0], s[1], s[2], s[3]);
	}
}

static int
read_bytes(const void *s, size_t len)
{
	struct log l = {0};
	struct buf b = BUF_INIT(256);
	buf_str(&b, start);
	buf_add(&b, s, len);
	buf_str(&b, "</a>");
	int err = log_feed(&l, b.data, b.len, b.len);
	assert_int_equal(l.elements, err ? 0 : 1);
	buf_finish(&b);
	buf_finish(&l.text);
	return err;
}

static void
n14_four_byte_characters_end_at_ten_ffff(void **state)
{
	(void)state;
	static const char *const good[] = {"\xf0\x90\x80\x80", "\xf0\x9f\x8e\x89",
	    "\xf0\x9f\xbf\xbf", "\xf3\xa0\x81\xbf", "\xf4\x8f\xbf\xbf"};
	static const char *const bad[] = {"\xf0\x8f\xbf\xbf", "\xf0\x80\x80\x80",
	    "\xf4\x90\x80\x80", "\xf5\x80\x80\x80", "\xf7\xbf\xbf\xbf", "\xf8\x88\x80\x80\x80",
	    "\xfc\x84\x80\x80\x80\x80", "\xf0\x90\x80", "\xf0\x90", "\xf0", "\xf0\x90\x80\x41"};
	for (size_t i = 0; i < ARRAY_LEN(good); i++)
		assert_int_equal(read_bytes(good[i], 4), 0);
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		assert_int_equal(read_bytes(bad[i], strlen(bad[i])), ERR_XML);
}

/* What the filter lets pass expat takes as well: a difference would be a false error. */
static void
n15_expat_agrees_on_every_character_of_the_basic_plane(void **state)
{
	(void)state;
	struct buf b = BUF_INIT(SIZE_MAX / 4);
	buf_str(&b, "<r>");
	size_t count = 0;
	for (unsigned c = 0x80; c <= 0xffff; c++) {
		if (!in_char_production(c))
			continue;
		if (c < 0x800)
			buf_fmt(&b, "<a>%c%c</a>", (int)(0xc0 | c >> 6), (int)(0x80 | (c & 63)));
		else
			buf_fmt(&b, "<a>%c%c%c</a>", (int)(0xe0 | c >> 12),
			    (int)(0x80 | (c >> 6 & 63)), (int)(0x80 | (c & 63)));
		count++;
	}
	struct log l = {0};
	assert_int_equal(log_feed(&l, b.data, b.len, b.len), 0);
	assert_int_equal(l.elements, count);
	buf_finish(&l.text);
	buf_finish(&b);
}

static void
n14_utf16_cannot_take_over(void **state)
{
	(void)state;
	static const char le[] = "<\0a\0/\0>", be[] = "\0<\0a\0/\0>",
			  bom[] = "\xff\xfe<\0a\0/\0>\0";
	struct log l = {0};
	assert_int_equal(log_feed(&l, le, sizeof(le), 1), ERR_XML);
	buf_finish(&l.text);
	assert_int_equal(log_feed(&l, be, sizeof(be), 0), ERR_XML);
	buf_finish(&l.text);
	assert_int_equal(log_feed(&l, bom, sizeof(bom), 0), ERR_XML);
	buf_finish(&l.text);
	assert_int_equal(log_feed(&l, "\xfe\xff", 2, 0), ERR_XML);
	buf_finish(&l.text);
	assert_int_equal(l.opened, 0);
	assert_int_equal(read_bytes("\0", 1), ERR_XML);
	assert_int_equal(read_bytes("\xfe", 1), ERR_XML);
	assert_int_equal(read_bytes("\xff", 1), ERR_XML);
}

/* The byte that expat puts between a namespace and a name. */
static void
n15_a_name_cannot_be_smuggled_into_a_namespace(void **state)
{
	(void)state;
	struct log l = {0};
	static const char raw[] = "<r><a xmlns='u\xff"
				  "b'/>";
	static const char reference[] = "<r><a xmlns='u&#xff;b'/>";
	assert_int_equal(log_feed(&l, raw, sizeof(raw) - 1, 0), ERR_XML);
	buf_finish(&l.text);
	assert_int_equal(log_feed(&l, reference, sizeof(reference) - 1, 0), 0);
	assert_string_equal(buf_cstr(&l.text), "open (|r)\n(u\u00ff"
					       "b|a)\nno error");
	buf_finish(&l.text);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(n14_all_strings_of_three_bytes_are_judged_as_unicode_does),
	    cmocka_unit_test(n14_strings_of_four_bytes_are_judged_as_unicode_does),
	    cmocka_unit_test(n14_four_byte_characters_end_at_ten_ffff),
	    cmocka_unit_test(n15_expat_agrees_on_every_character_of_the_basic_plane),
	    cmocka_unit_test(n14_utf16_cannot_take_over),
	    cmocka_unit_test(n15_a_name_cannot_be_smuggled_into_a_namespace),
	};
	return cmocka_run_group_tests(tests, build_reference, drop_reference);
}
