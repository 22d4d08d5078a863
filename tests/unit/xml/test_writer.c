#include "log.h"
#include "xml/ns.h"
#include "xml/writer.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

enum { ROOM = 1 << 20 };

static void
expect(struct buf *out, const char *xml)
{
	assert_int_equal(buf_err(out), 0);
	assert_string_equal(buf_cstr(out), xml);
	buf_finish(out);
}

static void
a_message_looks_as_old_clients_want_it(void **state)
{
	(void)state;
	struct buf out = BUF_INIT(ROOM);
	struct xml_writer w = xml_writer_to(&out);
	xml_open(&w, NULL, "message");
	xml_attr(&w, "to", "juliet@capulet");
	xml_attr(&w, "id", NULL);
	xml_leaf(&w, NULL, "body", "It is the east, & Juliet's the <sun>");
	xml_leaf(&w, NULL, "thread", NULL);
	xml_open(&w, NS_X_EVENT, "x");
	xml_empty(&w, NULL, "composing");
	xml_close(&w);
	xml_empty(&w, NS_RECEIPTS, "request");
	xml_close(&w);
	expect(&out, "<message to='juliet@capulet'>"
		     "<body>It is the east, &amp; Juliet's the &lt;sun&gt;</body>"
		     "<x xmlns='jabber:x:event'><composing/></x>"
		     "<request xmlns='urn:xmpp:receipts'/></message>");
}

static void
the_stream_namespace_has_its_prefix(void **state)
{
	(void)state;
	struct buf out = BUF_INIT(ROOM);
	struct xml_writer w = xml_writer_to(&out);
	xml_open(&w, NS_STREAM, "error");
	xml_empty(&w, NS_STREAM_ERR, "invalid-from");
	xml_empty(&w, NS_CLIENT, "x");
	xml_close(&w);
	expect(&out, "<stream:error><invalid-from xmlns='urn:ietf:params:xml:ns:xmpp-streams'/><x/>"
		     "</stream:error>");
	w = xml_writer_to(&out);
	xml_open(&w, NS_STREAM, "stream");
	xml_attr(&w, "xmlns", NS_CLIENT);
	xml_attr(&w, "xmlns:stream", NS_STREAM);
	xml_attr(&w, "from", "a'b");
	xml_text(&w, "");
	expect(&out, "<stream:stream xmlns='jabber:client' "
		     "xmlns:stream='http://etherx.jabber.org/streams' from='a&apos;b'>");
}

static void
no_namespace_is_a_namespace_of_its_own(void **state)
{
	(void)state;
	struct buf out = BUF_INIT(ROOM);
	struct xml_writer w = xml_writer_to(&out);
	xml_open(&w, "", "a");
	xml_empty(&w, "", "b");
	xml_empty(&w, NS_CLIENT, "c");
	xml_empty(&w, NS_XML, "d");
	xml_close(&w);
	expect(&out, "<a xmlns=''><b/><c xmlns='jabber:client'/><xml:d/></a>");
}

static void
attributes_share_the_prefixes_of_their_tag(void **state)
{
	(void)state;
	struct buf out = BUF_INIT(ROOM);
	struct xml_writer w = xml_writer_to(&out);
	xml_open(&w, NULL, "a");
	xml_attr_ns(&w, "", "x", "0");
	xml_attr_ns(&w, NS_XML, "lang", "en");
	xml_attr_ns(&w, "u:1", "x", "1");
	xml_attr_ns(&w, "u:2", "x", "2");
	xml_attr_ns(&w, "u:1", "y", "3");
	xml_attr_ns(&w, "u:1", "z", NULL);
	xml_open(&w, NULL, "b");
	xml_attr_ns(&w, "u:3", "x", "4");
	xml_close(&w);
	xml_close(&w);
	expect(&out, "<a x='0' xml:lang='en' xmlns:a00='u:1' a00:x='1' xmlns:a01='u:2' a01:x='2' "
		     "a00:y='3'><b xmlns:a00='u:3' a00:x='4'/></a>");
}

static void
only_what_xml_can_carry_is_written(void **state)
{
	(void)state;
	struct buf out = BUF_INIT(ROOM);
	struct xml_writer w = xml_writer_to(&out);
	xml_open(&w, NULL, "a");
	xml_attr(&w, "b", "\t\n\r<>&'\"\x7f");
	xml_text(&w, "\t\n\r<>&'\"\x01\x1b[2J ");
	xml_text(&w, "\xc3\xa9 \xff \xc3 \xe2\x82 \xed\xa0\x80 \xef\xbf\xbe.\xf0\x9f\x8e\x89");
	xml_close(&w);
	expect(&out, "<a b='&#9;&#10;&#13;&lt;&gt;&amp;&apos;\"\x7f'>\t\n&#13;&lt;&gt;&amp;'\"[2J "
		     "\u00e9 \ufffd \ufffd \ufffd\ufffd \ufffd\ufffd\ufffd .\U0001f389</a>");
}

static void
too_deep_an_element_latches_an_error(void **state)
{
	(void)state;
	struct buf out = BUF_INIT(ROOM);
	struct xml_writer w = xml_writer_to(&out);
	for (int i = 0; i < LIMIT_XML_DEPTH; i++)
		xml_open(&w, NULL, "a");
	assert_int_equal(buf_err(&out), 0);
	xml_open(&w, NULL, "b");
	xml_attr(&w, "c", "d");
	assert_int_equal(buf_err(&out), ERR_TOO_BIG);
	xml_close(&w);
	assert_int_equal(w.depth, LIMIT_XML_DEPTH);
	assert_null(strstr(buf_cstr(&out), "c="));
	buf_finish(&out);
}

static void
the_limit_of_the_buffer_holds(void **state)
{
	(void)state;
	struct buf out = BUF_INIT(8);
	struct xml_writer w = xml_writer_to(&out);
	xml_leaf(&w, NULL, "a", "b");
	expect(&out, "<a>b</a>");
	w = xml_writer_to(&out);
	xml_leaf(&w, NULL, "a", "bc");
	assert_int_equal(buf_err(&out), ERR_TOO_BIG);
	buf_finish(&out);
}

/* ---- reader(writer(x)) == x -------------------------------------------------------------- */

static int
copy_on_element(void *ctx, const struct xml_elem *e)
{
	struct xml_writer w = xml_writer_to(ctx);
	xml_copy(&w, e);
	return 0;
}

static int
ignore_root(void *ctx, const struct xml_elem *root)
{
	(void)ctx, (void)root;
	return 0;
}

static int
ignore_end(void *ctx)
{
	(void)ctx;
	return 0;
}

static void
a_copy_reads_as_the_original(void **state)
{
	(void)state;
#define HEAD \
	"<stream:stream xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams' " \
	"xmlns:p='u:p'>"
	static const char stanzas[] =
	    HEAD "<message a='1' p:b='&#10;&#x9;&apos;\"&lt;' xml:lang='x'>a&#13;\r\nb<body/>"
		 "<p:x><y xmlns=''><z p:c='\xf0\x9f\x8e\x89'/></y>t</p:x>]]&gt;</message>"
		 "<stream:error stream:a='1' p:b='2'><x xmlns='u:x'/></stream:error>"
		 "<p:iq><![CDATA[<]]>&amp;<xml:a xmlns='u:p'/></p:iq>";
	static const struct xml_reader_listener copier = {ignore_root, copy_on_element, ignore_end};
	struct buf copy = BUF_INIT(ROOM);
	buf_str(&copy, HEAD);
	struct xml_reader *r;
	assert_int_equal(xml_reader_create(&copier, &copy, &r), 0);
	assert_int_equal(xml_reader_feed(r, stanzas, sizeof(stanzas) - 1), 0);
	xml_reader_destroy(r);
	assert_string_not_equal(buf_cstr(&copy), stanzas);

	struct log first = {0}, second = {0};
	assert_int_equal(log_feed(&first, stanzas, sizeof(stanzas) - 1, 0), 0);
	assert_int_equal(log_feed(&second, copy.data, copy.len, 0), 0);
	assert_string_equal(buf_cstr(&first.text), buf_cstr(&second.text));
	assert_int_equal(first.elements, 3);
	buf_finish(&first.text);
	buf_finish(&second.text);
	buf_finish(&copy);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_message_looks_as_old_clients_want_it),
	    cmocka_unit_test(the_stream_namespace_has_its_prefix),
	    cmocka_unit_test(no_namespace_is_a_namespace_of_its_own),
	    cmocka_unit_test(attributes_share_the_prefixes_of_their_tag),
	    cmocka_unit_test(only_what_xml_can_carry_is_written),
	    cmocka_unit_test(too_deep_an_element_latches_an_error),
	    cmocka_unit_test(the_limit_of_the_buffer_holds),
	    cmocka_unit_test(a_copy_reads_as_the_original),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
