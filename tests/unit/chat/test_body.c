#include "chat/body.h"
#include "xml/writer.h"

#include "../support/parse.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

struct reading {
	enum txt_client from;
	struct buf words;
};

static void
read_one(void *ctx, const struct xml_elem *e)
{
	struct reading *r = ctx;
	body_read(e, r->from, &r->words);
}

static void
assert_reads(enum txt_client from, const char *stanza, const char *words)
{
	struct reading r = {.from = from, .words = BUF_INIT(LIMIT_STANZA)};
	assert_int_equal(parse(stanza, read_one, &r), 0);
	assert_string_equal(buf_cstr(&r.words), words);
	buf_finish(&r.words);
}

static void
the_plain_body_counts(void **state)
{
	(void)state;
	assert_reads(TXT_CLIENT_LIBPURPLE,
	    "<message><body>a &lt;b&gt; &amp; c</body>"
	    "<html xmlns='http://www.w3.org/1999/xhtml'><body><font>a &lt;b&gt; &amp; c</font>"
	    "</body></html></message>",
	    "a <b> & c");
}

static void
adium_escapes_twice(void **state)
{
	(void)state;
	const char *stanza =
	    "<message><body>1 &amp;lt; 2 &amp;amp;&amp;quot; x &amp;nope;</body></message>";
	assert_reads(TXT_CLIENT_ADIUM, stanza, "1 < 2 &\" x &nope;");
	assert_reads(TXT_CLIENT_GAJIM, stanza, "1 &lt; 2 &amp;&quot; x &nope;");
}

static void
html_alone_gives_its_words(void **state)
{
	(void)state;
	assert_reads(TXT_CLIENT_UNKNOWN,
	    "<message><html xmlns='http://www.w3.org/1999/xhtml'><body>"
	    "<font>one<br/>t<b>w</b>o</font><p>three</p></body></html></message>",
	    "one\ntwothree");
	assert_reads(TXT_CLIENT_UNKNOWN,
	    "<message><html xmlns='http://jabber.org/protocol/xhtml-im'>"
	    "<body xmlns='http://www.w3.org/1999/xhtml'>hi</body></html></message>",
	    "hi");
}

static void
no_words_give_nothing(void **state)
{
	(void)state;
	assert_reads(TXT_CLIENT_UNKNOWN, "<message><body/></message>", "");
	assert_reads(TXT_CLIENT_UNKNOWN, "<message><body xmlns='urn:other'>x</body></message>", "");
}

static void
writes_what_libpurple_shows_unharmed(void **state)
{
	(void)state;
	struct buf out = BUF_INIT(LIMIT_STANZA);
	struct xml_writer w = xml_writer_to(&out);
	xml_open(&w, NULL, "message");
	body_write(&w, &(struct person){.txt = {.client = TXT_CLIENT_LIBPURPLE}}, "<b> & c\nd");
	xml_close(&w);
	assert_int_equal(buf_err(&out), 0);
	assert_string_equal(buf_cstr(&out),
	    "<message><body>&lt;b&gt; &amp; c\nd</body>"
	    "<html xmlns='http://www.w3.org/1999/xhtml'><body><font>&lt;b&gt; &amp; c<br/>d"
	    "</font></body></html></message>");
	buf_finish(&out);
}

static void
look(void *ctx, const struct xml_elem *e)
{
	struct buf *words = ctx;
	body_read(e, TXT_CLIENT_UNKNOWN, words);
}

/* A client of which nothing is known may be an Earshot, which bears no more children of one
 * element than its limit. */
static void
many_lines_are_no_burden(void **state)
{
	(void)state;
	struct buf text = BUF_INIT(LIMIT_MESSAGE_TEXT), out = BUF_INIT(LIMIT_STANZA),
		   words = BUF_INIT(LIMIT_STANZA);
	for (int i = 0; i < 5000; i++)
		buf_str(&text, "x\n");
	buf_str(&text, "end");
	struct xml_writer w = xml_writer_to(&out);
	xml_open(&w, NULL, "message");
	body_write(&w, &(struct person){.txt = {.client = TXT_CLIENT_UNKNOWN}}, buf_cstr(&text));
	xml_close(&w);
	assert_int_equal(parse(buf_cstr(&out), look, &words), 0);
	assert_string_equal(buf_cstr(&words), buf_cstr(&text));
	buf_finish(&words);
	buf_finish(&text);
	buf_finish(&out);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(the_plain_body_counts),
	    cmocka_unit_test(adium_escapes_twice),
	    cmocka_unit_test(html_alone_gives_its_words),
	    cmocka_unit_test(no_words_give_nothing),
	    cmocka_unit_test(writes_what_libpurple_shows_unharmed),
	    cmocka_unit_test(many_lines_are_no_burden),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
