#include "base/limits.h"
#include "log.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#define HEAD "<r xmlns='u:r' xmlns:s='u:s'>"

/* Every cut must give what the whole gives; returns its verdict and, in l, its log. */
static int
read_all_cuts(struct log *l, const char *s, size_t len)
{
	*l = (struct log){0};
	int err = log_feed(l, s, len, 0);
	for (size_t cut = 1; cut < len; cut++) {
		struct log other = {0};
		assert_int_equal(log_feed(&other, s, len, cut), err);
		assert_string_equal(buf_cstr(&other.text), buf_cstr(&l->text));
		buf_finish(&other.text);
	}
	return err;
}

static void
expect(const char *s, const char *events)
{
	struct log l;
	(void)read_all_cuts(&l, s, strlen(s));
	assert_string_equal(buf_cstr(&l.text), events);
	buf_finish(&l.text);
}

static void
expect_error_len(const char *s, size_t len, int err)
{
	struct log l;
	int got = read_all_cuts(&l, s, len);
	if (got != err)
		print_error("%.*s: %s\n", (int)len, s, buf_cstr(&l.text));
	assert_int_equal(got, err);
	assert_int_equal(l.elements, 0);
	assert_int_equal(l.ended, 0);
	buf_finish(&l.text);
}

static void
expect_error(const char *s, int err)
{
	expect_error_len(s, strlen(s), err);
}

static void
a_stream_becomes_trees(void **state)
{
	(void)state;
	expect("<?xml version=\"1.0\" encoding=\"UTF-8\" ?>\n"
	       "<stream:stream xmlns='jabber:client'\n xmlns:stream='u:stream' from=\"a\" "
	       "xml:lang='en' s:x='1' xmlns:s='u:s'> \r\n"
	       "<message to='b&#10;&quot;c'><body>hi &amp; &#x20AC;</body>t<x xmlns='u:x'>"
	       "<y\n/>z</x  >q</message>",
	    "open (u:stream|stream |from=[a] http://www.w3.org/XML/1998/namespace|lang=[en] "
	    "u:s|x=[1])\n"
	    "(jabber:client|message |to=[b\n\"c] :tq(jabber:client|body :hi & \u20ac\"hi & "
	    "\u20ac\")"
	    "\"t\"(u:x|x :z(u:x|y)\"z\")\"q\")\nno error");
	expect(HEAD "<s:a b='1' s:b='2'>1<c>2</c>3<c xmlns=''/>4</s:a>\n <d/></r> after <",
	    "open (u:r|r)\n"
	    "(u:s|a |b=[1] u:s|b=[2] :134\"1\"(u:r|c :2\"2\")\"3\"(|c)\"4\")\n"
	    "(u:r|d)\nend\nno error");
	expect("<r/>", "open (|r)\nend\nno error");
	expect("<r></r>", "open (|r)\nend\nno error");
}

static void
line_ends_and_white_space_follow_xml(void **state)
{
	(void)state;
	expect("<r><a b=' x\ty\nz '>1\r\n2\r3&#13;4</a>", "open (|r)\n"
							  "(|a |b=[ x y z ] :1\n2\n3\r4"
							  "\"1\n2\n3\r4\")\nno error");
}

static void
cdata_is_text_inside_a_stanza_alone(void **state)
{
	(void)state;
	expect("<r><a>x<![CDATA[<&]]]]>y]></a>", "open (|r)\n(|a :x<&]]y]>\"x<&]]y]>\")\nno error");
	expect_error("<r><![CDATA[ ]]>", ERR_PROTO);
	expect_error("<![CDATA[ ]]><r>", ERR_PROTO);
	expect_error("<r><a><![CDATA [", ERR_PROTO);
	expect_error("<r><a><![IGNORE[", ERR_PROTO);
}

/* RFC 6120 §11.1 */
static void
n12_what_xmpp_forbids_is_refused(void **state)
{
	(void)state;
	static const char *const forbidden[] = {
	    "<!DOCTYPE r><r>",
	    "<!DOCTYPE l [<!ENTITY a 'ha'><!ENTITY b '&a;&a;&a;&a;'>]><l>&b;</l>",
	    "<?xml version='1.0'?><!DOCTYPE r SYSTEM 'file:///etc/passwd'><r>",
	    "<!-- x --><r>",
	    "<r><!-- x -->",
	    "<r><a><!-- x --></a>",
	    "<r><a><?php x ?></a>",
	    "<?xml-stylesheet href='x'?><r>",
	    "<?php x ?><r>",
	    "\n<?xml version='1.0'?><r>",
	    "<?xml version='1.0'?><?xml version='1.0'?><r>",
	    "<r><?xml version='1.0'?>",
	    "<r><a>&ha;</a>",
	    "<r><a>&ampere;</a>",
	    "<r><a>&LT;</a>",
	    "<r><a b='&ha;'/>",
	    "<?xml version='1.1'?><r>",
	    "<?xml version='1.0' encoding='ISO-8859-1'?><r>",
	    "<?xml version='1.0' encoding='UTF-16'?><r>",
	};
	for (size_t i = 0; i < ARRAY_LEN(forbidden); i++)
		expect_error(forbidden[i], ERR_PROTO);
}

static void
n15_what_is_not_xml_is_refused(void **state)
{
	(void)state;
	static const char *const broken[] = {
	    "x",
	    "</r>",
	    "\xef\xbb\xbf<r>",
	    "<r>x",
	    "<r>&#32;",
	    "<r>&amp;",
	    "<r><a></b>",
	    "<r><a>AT&T </a>",
	    "<r><a>& </a>",
	    "<r><a>1 < 2</a>",
	    "<r><a>&;</a>",
	    "<r><a>&#;</a>",
	    "<r><a>&#x;</a>",
	    "<r><a>&#xx41;</a>",
	    "<r><a>&#a;</a>",
	    "<r><a>&#0;</a>",
	    "<r><a>&#1;</a>",
	    "<r><a>&#xD800;</a>",
	    "<r><a>&#xFFFE;</a>",
	    "<r><a>&#x110000;</a>",
	    "<r><a>&#4294967361;</a>",
	    "<r><a>]]></a>",
	    "<r><a b/>",
	    "<r><a b=c/>",
	    "<r><a b='1'c='2'/>",
	    "<r><a b='<'/>",
	    "<r><a b='1' b='2'/>",
	    "<r xmlns:x='u' xmlns:y='u'><a x:b='1' y:b='2'/>",
	    "<r><x:a/>",
	    "<r><a x:b='1'/>",
	    "<r><a:b:c xmlns:a='u'/>",
	    "<r><1/>",
	    "<r></>",
	    "<r><a></ a>",
	    "<r>< a/>",
	    "<r><a / >",
	    "<r><a =''/>",
	    "<r><a b==''/>",
	    "<r><a b='\x01'/>",
	    "<r xmlns:x=''>",
	    "<r xmlns:xmlns='u'>",
	    "<r xmlns='http://www.w3.org/XML/1998/namespace'>",
	    "<r><a\x7f/>",
	    "<r><a>\x1b[2J</a>",
	    "<r><a>\xc2\xa0\x08</a>",
	    "<?xml encoding='UTF-8'?><r>",
	};
	for (size_t i = 0; i < ARRAY_LEN(broken); i++)
		expect_error(broken[i], ERR_XML);
}

static struct xml_reader *
create(struct log *l)
{
	l->text = BUF_INIT(SIZE_MAX / 4);
	assert_int_equal(xml_reader_create(&log_listener, l, &l->reader), 0);
	return l->reader;
}

static void
feed_string(struct xml_reader *r, const char *s)
{
	assert_int_equal(xml_reader_feed(r, s, strlen(s)), 0);
}

/* Expat with reparse deferral would keep silent until the next byte. */
static void
an_element_is_reported_with_its_last_byte(void **state)
{
	(void)state;
	struct log l = {0};
	struct xml_reader *r = create(&l);
	feed_string(r, "<r");
	assert_int_equal(l.opened, 0);
	feed_string(r, ">");
	assert_int_equal(l.opened, 1);
	feed_string(r, "<body");
	feed_string(r, "/");
	assert_int_equal(l.elements, 0);
	feed_string(r, ">");
	assert_int_equal(l.elements, 1);
	feed_string(r, "<a>text</a");
	assert_int_equal(l.elements, 1);
	feed_string(r, ">");
	assert_int_equal(l.elements, 2);
	feed_string(r, "</r");
	feed_string(r, ">");
	assert_int_equal(l.ended, 1);
	xml_reader_destroy(r);
	buf_finish(&l.text);
}

static void
bytes_after_the_end_are_not_looked_at(void **state)
{
	(void)state;
	struct log l = {0};
	struct xml_reader *r = create(&l);
	feed_string(r, "<r></r>\xff<!DOCTYPE");
	feed_string(r, "<r><a/></r>");
	assert_int_equal(l.opened, 1);
	assert_int_equal(l.elements, 0);
	assert_int_equal(l.ended, 1);
	xml_reader_destroy(r);
	buf_finish(&l.text);
}

static void
what_a_callback_returns_ends_the_reading(void **state)
{
	(void)state;
	static const char s[] = "<r><a/><b/></r>";
	struct log l = {.answer = ERR_CLOSED};
	assert_int_equal(log_feed(&l, s, sizeof(s) - 1, 0), ERR_CLOSED);
	assert_int_equal(l.opened, 1);
	assert_int_equal(l.elements, 0);
	buf_finish(&l.text);

	l = (struct log){0};
	struct xml_reader *r = create(&l);
	feed_string(r, "<r>");
	l.answer = -ECANCELED;
	assert_int_equal(xml_reader_feed(r, s + 3, sizeof(s) - 4), -ECANCELED);
	l.answer = 0;
	assert_int_equal(xml_reader_feed(r, "<c/>", 4), -ECANCELED);
	assert_int_equal(l.elements, 1);
	xml_reader_destroy(r);
	buf_finish(&l.text);
}

static void
a_reader_may_go_at_any_time(void **state)
{
	(void)state;
	static const char s[] = "<?xml version='1.0'?>" HEAD "<s:a b='1'>text<c>&lt;";
	for (size_t n = 0; n < sizeof(s); n++) {
		struct log l = {0};
		struct xml_reader *r = create(&l);
		assert_int_equal(xml_reader_feed(r, s, n), 0);
		xml_reader_destroy(r);
		buf_finish(&l.text);
	}
	xml_reader_destroy(NULL);
}

/* Memory is used again from stanza to stanza: small ones after a large one and so on. */
static void
large_and_small_stanzas_alternate(void **state)
{
	(void)state;
	struct log l = {.limit = LIMIT_STANZA};
	struct xml_reader *r = create(&l);
	feed_string(r, "<r>");
	struct buf large = BUF_INIT(LIMIT_STANZA), want = BUF_INIT(SIZE_MAX / 4);
	buf_str(&large, "<a>");
	buf_str(&want, "(|a :");
	for (unsigned i = 0; i < 200000; i++)
		buf_char(&large, (char)('a' + i % 26));
	buf_str(&want, large.data + 3);
	buf_fmt(&want, "\"%s\")\n", large.data + 3);
	buf_str(&large, "</a>");
	for (int i = 0; i < 3; i++) {
		buf_clear(&l.text);
		feed_string(r, large.data);
		assert_string_equal(buf_cstr(&l.text), buf_cstr(&want));
		buf_clear(&l.text);
		feed_string(r, "<b c='d' xmlns='u'>e</b><b xmlns='u'/>");
		assert_string_equal(buf_cstr(&l.text), "(u|b |c=[d] :e\"e\")\n(u|b)\n");
	}
	buf_finish(&large);
	buf_finish(&want);
	xml_reader_destroy(r);
	buf_finish(&l.text);
}

/* Expat is begun anew now and then; what the header declared holds on, wherever the cuts are. */
static void
a_long_stream_reads_like_many_short_ones(void **state)
{
	(void)state;
	struct log l = {.limit = LIMIT_STANZA};
	struct buf s = BUF_INIT(SIZE_MAX / 4), want = BUF_INIT(SIZE_MAX / 4);
	struct xml_reader *r = create(&l);
	buf_str(&s, "<?xml version='1.0'?>\n<s:r xmlns='u:r' xmlns:s='u:s' xml:lang='en'>");
	buf_str(&want, "open (u:s|r http://www.w3.org/XML/1998/namespace|lang=[en])\n");
	for (unsigned i = 0; i < 5000; i++) {
		buf_fmt(&s, " <s:a s:b='%u'>&lt;<c%u xmlns:t='u:t' t:d=''/></s:a>\n", i, i);
		buf_fmt(&want, "(u:s|a u:s|b=[%u] :<\"<\"(u:r|c%u u:t|d=[]))\n", i, i);
	}
	buf_str(&s, "</s:r>");
	buf_str(&want, "end\n");
	assert_true(s.len > 200000);
	for (size_t at = 0, piece = 1; at < s.len; at += piece) {
		piece = (piece * 7 + 3) % 4099 + 1;
		if (piece > s.len - at)
			piece = s.len - at;
		assert_int_equal(xml_reader_feed(r, s.data + at, piece), 0);
	}
	assert_string_equal(buf_cstr(&l.text), buf_cstr(&want));
	xml_reader_destroy(r);
	buf_finish(&l.text);
	buf_finish(&s);
	buf_finish(&want);
}

/* Entities, quotes, prefixes: everything with a state of its own, cut everywhere. */
static void
n15_errors_come_at_the_same_place_wherever_the_cut_is(void **state)
{
	(void)state;
	expect("<r><a/><b></c><d/></r>", "open (|r)\n(|a)\nmalformed XML");
	expect("<r><a/><!-- <b/>", "open (|r)\n(|a)\nthe peer broke the protocol");
	expect("<r><a b='1' b='2'/><!--", "open (|r)\nmalformed XML");
	expect("<r><a>\xc3\xa9\xc3</a>", "open (|r)\nmalformed XML");
	expect("<r><p:a><![CDATA[]]><?x?>", "open (|r)\nmalformed XML");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_stream_becomes_trees),
	    cmocka_unit_test(line_ends_and_white_space_follow_xml),
	    cmocka_unit_test(cdata_is_text_inside_a_stanza_alone),
	    cmocka_unit_test(n12_what_xmpp_forbids_is_refused),
	    cmocka_unit_test(n15_what_is_not_xml_is_refused),
	    cmocka_unit_test(an_element_is_reported_with_its_last_byte),
	    cmocka_unit_test(bytes_after_the_end_are_not_looked_at),
	    cmocka_unit_test(what_a_callback_returns_ends_the_reading),
	    cmocka_unit_test(a_reader_may_go_at_any_time),
	    cmocka_unit_test(large_and_small_stanzas_alternate),
	    cmocka_unit_test(a_long_stream_reads_like_many_short_ones),
	    cmocka_unit_test(n15_errors_come_at_the_same_place_wherever_the_cut_is),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
