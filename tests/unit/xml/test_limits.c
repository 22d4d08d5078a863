/* Every limit of threat N13: one below, at it, one above. */
#include "base/limits.h"
#include "log.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

/* Makes a stream that has n of something, up to where the limit can be judged. */
typedef void make_fn(struct buf *b, size_t n);

static int
verdict(const struct buf *b, size_t piece, size_t limit)
{
	struct log l = {.text = BUF_INIT(SIZE_MAX / 4), .limit = limit};
	assert_int_equal(xml_reader_create(&log_listener, &l, &l.reader), 0);
	int err = 0;
	for (size_t at = 0; at < b->len && !err; at += piece) {
		size_t left = b->len - at;
		err = xml_reader_feed(l.reader, b->data + at, left < piece ? left : piece);
	}
	xml_reader_destroy(l.reader);
	buf_finish(&l.text);
	return err;
}

static void
expect_limit(make_fn *make, size_t n)
{
	for (int more = -1; more <= 1; more++) {
		struct buf b = BUF_INIT(SIZE_MAX / 4);
		make(&b, more < 0 ? n - 1 : n + (size_t)more);
		assert_int_equal(buf_err(&b), 0);
		int want = more > 0 ? ERR_TOO_BIG : 0;
		assert_int_equal(verdict(&b, SIZE_MAX, LIMIT_STANZA), want);
		assert_int_equal(verdict(&b, 1, LIMIT_STANZA), want);
		assert_int_equal(verdict(&b, 7, LIMIT_STANZA), want);
		buf_finish(&b);
	}
}

static void
repeat(struct buf *b, const char *s, size_t n)
{
	while (n-- > 0)
		buf_str(b, s);
}

static void
make_depth(struct buf *b, size_t n)
{
	repeat(b, "<a>", n);
	repeat(b, "</a>", n);
}

static void
make_depth_of_empty(struct buf *b, size_t n)
{
	repeat(b, "<a>", n - 1);
	buf_str(b, "<a/>");
}

static void
n13_depth_is_limited(void **state)
{
	(void)state;
	expect_limit(make_depth, LIMIT_XML_DEPTH);
	expect_limit(make_depth_of_empty, LIMIT_XML_DEPTH);
}

static void
make_attrs(struct buf *b, size_t n)
{
	buf_str(b, "<r><a xmlns='u' xmlns:b='v'");
	for (size_t i = 0; i < n; i++)
		buf_fmt(b, " %sa%zu=''", i % 2 ? "b:" : "xmln", i);
	buf_str(b, "/>");
}

static void
n13_attributes_are_limited(void **state)
{
	(void)state;
	expect_limit(make_attrs, LIMIT_XML_ATTRS);
}

static void
make_namespaces(struct buf *b, size_t n)
{
	buf_str(b, "<r><a xmlns='u' xmlnsx='' xmlnsx:y='' xmlns:xmlnsx='v'");
	for (size_t i = 2; i < n; i++)
		buf_fmt(b, " xmlns:a%zu='u'", i);
	buf_str(b, "/>");
}

static void
n13_namespaces_are_limited(void **state)
{
	(void)state;
	expect_limit(make_namespaces, LIMIT_XML_NAMESPACES);
}

static void
make_children(struct buf *b, size_t n)
{
	buf_str(b, "<r><a><b>");
	for (size_t i = 0; i < n; i++)
		buf_str(b, i % 2 ? "<c/>" : "<c>x</c>");
	buf_str(b, "</b><b/></a>");
}

static void
make_children_after_a_full_sibling(struct buf *b, size_t n)
{
	buf_str(b, "<r><a><b>");
	repeat(b, "<c/>", LIMIT_XML_CHILDREN);
	buf_str(b, "</b><b>");
	repeat(b, "<c/>", n);
	buf_str(b, "</b></a>");
}

static void
n13_children_are_limited(void **state)
{
	(void)state;
	expect_limit(make_children, LIMIT_XML_CHILDREN);
	expect_limit(make_children_after_a_full_sibling, LIMIT_XML_CHILDREN);
}

static void
the_root_may_have_any_number_of_children(void **state)
{
	(void)state;
	struct buf b = BUF_INIT(SIZE_MAX / 4);
	buf_str(&b, "<r>");
	repeat(&b, "<c> </c>\n", 70000); /* more than 16 bits count */
	assert_int_equal(verdict(&b, SIZE_MAX, LIMIT_STANZA), 0);
	buf_finish(&b);
}

static void
make_element_name(struct buf *b, size_t n)
{
	buf_str(b, "<r><");
	repeat(b, "n", n);
	buf_str(b, "/>");
}

static void
make_prefixed_name(struct buf *b, size_t n)
{
	buf_str(b, "<r><pp:");
	repeat(b, "n", n - 3);
	buf_str(b, " xmlns:pp='u'/>");
}

static void
make_attr_name(struct buf *b, size_t n)
{
	buf_str(b, "<r><a ");
	repeat(b, "n", n);
	buf_str(b, "=''/>");
}

static void
n13_names_are_limited(void **state)
{
	(void)state;
	expect_limit(make_element_name, LIMIT_XML_NAME);
	expect_limit(make_prefixed_name, LIMIT_XML_NAME);
	expect_limit(make_attr_name, LIMIT_XML_NAME);
	/* an end tag that never ends: before its name can be compared */
	struct buf b = BUF_INIT(SIZE_MAX / 4);
	buf_str(&b, "<r><a></");
	repeat(&b, "n", LIMIT_XML_NAME + 1);
	assert_int_equal(verdict(&b, SIZE_MAX, LIMIT_STANZA), ERR_TOO_BIG);
	buf_finish(&b);
}

static void
make_value(struct buf *b, size_t n)
{
	buf_str(b, "<r><a b='\"");
	repeat(b, "v", n - 1);
	buf_str(b, "'/>");
}

static void
make_value_of_references(struct buf *b, size_t n)
{
	buf_str(b, "<r><a b=\"");
	repeat(b, "&amp;", (n - 6) / 5);
	repeat(b, "\xc3\xa9", 3);
	repeat(b, "'", (n - 6) % 5);
	buf_str(b, "\"/>");
}

static void
n13_values_are_limited(void **state)
{
	(void)state;
	expect_limit(make_value, LIMIT_XML_ATTR_VALUE);
	expect_limit(make_value_of_references, LIMIT_XML_ATTR_VALUE);
}

static void
make_reference(struct buf *b, size_t n)
{
	buf_str(b, "<r><a b='c'>&#");
	repeat(b, "0", n - 5);
	buf_str(b, "65;</a>");
}

static void
make_reference_in_a_value(struct buf *b, size_t n)
{
	buf_str(b, "<r><a b='&#x");
	repeat(b, "0", n - 6);
	buf_str(b, "41;'/>");
}

static void
n13_references_are_limited(void **state)
{
	(void)state;
	expect_limit(make_reference, LIMIT_XML_REFERENCE);
	expect_limit(make_reference_in_a_value, LIMIT_XML_REFERENCE);
	/* nor does a name wait for its end */
	struct buf b = BUF_INIT(SIZE_MAX / 4);
	buf_str(&b, "<r><a>&");
	repeat(&b, "n", LIMIT_XML_REFERENCE);
	assert_int_equal(verdict(&b, SIZE_MAX, LIMIT_STANZA), ERR_TOO_BIG);
	buf_finish(&b);
}

static void
make_ns_name(struct buf *b, size_t n)
{
	buf_str(b, "<r><a xmlns='");
	repeat(b, "u", n);
	buf_str(b, "'/>");
}

static void
make_prefixed_ns_name(struct buf *b, size_t n)
{
	buf_str(b, "<r><a xmlns:b='");
	repeat(b, "u", n);
	buf_str(b, "'/>");
}

static void
n13_namespace_names_are_limited(void **state)
{
	(void)state;
	expect_limit(make_ns_name, LIMIT_XML_NS_NAME);
	expect_limit(make_prefixed_ns_name, LIMIT_XML_NS_NAME);
}

static void
make_tag(struct buf *b, size_t n)
{
	buf_str(b, "<r>");
	size_t start = b->len;
	buf_str(b, "<a b='");
	repeat(b, "v", LIMIT_XML_ATTR_VALUE);
	buf_str(b, "' c='");
	repeat(b, "v", n - (b->len - start) - 3);
	buf_str(b, "'/>");
	assert_int_equal(b->len - start, n);
}

static void
make_tag_of_spaces(struct buf *b, size_t n)
{
	buf_str(b, "<r><a><b>");
	repeat(b, "x", LIMIT_XML_TAG);
	buf_str(b, "</b");
	repeat(b, "\n", n - 4);
	buf_str(b, "></a>");
}

static void
n13_tags_are_limited(void **state)
{
	(void)state;
	expect_limit(make_tag, LIMIT_XML_TAG);
	expect_limit(make_tag_of_spaces, LIMIT_XML_TAG);
}

static void
make_stanza(struct buf *b, size_t n)
{
	buf_str(b, "<r>\n<x/> <a>");
	repeat(b, "t", n - 7);
	buf_str(b, "</a>   <x/>");
}

static void
make_stanza_of_cdata(struct buf *b, size_t n)
{
	buf_str(b, "<r><a><![CDATA[");
	repeat(b, "<", n - 3 - 4 - 12);
	buf_str(b, "]]></a>");
}

static void
make_stanza_of_references(struct buf *b, size_t n)
{
	buf_str(b, "<r><a>");
	repeat(b, "&lt;", (n - 7) / 4);
	repeat(b, "\t", (n - 7) % 4);
	buf_str(b, "</a>");
}

static void
n13_stanzas_are_limited(void **state)
{
	(void)state;
	expect_limit(make_stanza, LIMIT_STANZA);
	expect_limit(make_stanza_of_cdata, LIMIT_STANZA);
	expect_limit(make_stanza_of_references, LIMIT_STANZA);
}

static void
make_header(struct buf *b, size_t n)
{
	buf_str(b, "<?xml version='1.0' ?>\n<r a='");
	repeat(b, "v", n - b->len - 2);
	buf_str(b, "'>");
	assert_int_equal(b->len, n);
}

static void
make_declaration(struct buf *b, size_t n)
{
	buf_str(b, "<?xml version='1.0'");
	repeat(b, " ", n - b->len - 5);
	buf_str(b, "?><r>");
}

static void
make_white_space_before_the_root(struct buf *b, size_t n)
{
	repeat(b, " ", n - 3);
	buf_str(b, "<r>");
}

static void
n13_the_header_has_the_limit_for_unknown_peers(void **state)
{
	(void)state;
	expect_limit(make_header, LIMIT_STANZA_UNKNOWN);
	expect_limit(make_declaration, LIMIT_STANZA_UNKNOWN);
	expect_limit(make_white_space_before_the_root, LIMIT_STANZA_UNKNOWN);
}

static void
white_space_between_stanzas_is_free(void **state)
{
	(void)state;
	struct buf b = BUF_INIT(SIZE_MAX / 4);
	buf_str(&b, "<r>");
	repeat(&b, " \n", LIMIT_STANZA);
	buf_str(&b, "<a/>");
	assert_int_equal(verdict(&b, SIZE_MAX, LIMIT_STANZA), 0);
	buf_finish(&b);
}

static void
a_limit_set_by_a_callback_holds_from_the_next_byte(void **state)
{
	(void)state;
	struct buf b = BUF_INIT(100);
	buf_str(&b, "<r><aaaa/><bbbbb/>");
	for (size_t piece = 1; piece <= b.len; piece++) {
		assert_int_equal(verdict(&b, piece, 8), 0);
		assert_int_equal(verdict(&b, piece, 7), ERR_TOO_BIG);
	}
	buf_finish(&b);
}

/* Many long namespaces in turn: short tags on the wire, long strings in the tree. */
static void
n13_the_memory_of_a_tree_is_limited(void **state)
{
	(void)state;
	struct buf b = BUF_INIT(SIZE_MAX / 4);
	buf_str(&b, "<r><a");
	for (int ns = 'a'; ns <= 'p'; ns++) {
		buf_fmt(&b, " xmlns:%c='%c", ns, ns);
		repeat(&b, "u", LIMIT_XML_NS_NAME - 1);
		buf_char(&b, '\'');
	}
	buf_char(&b, '>');
	for (int i = 0; i < 80; i++) {
		buf_str(&b, "<a>");
		for (int n = 0; n < LIMIT_XML_CHILDREN; n++)
			buf_fmt(&b, "<%c:a/>", 'a' + n % 16);
		buf_str(&b, "</a>");
	}
	buf_str(&b, "</a>");
	assert_true(b.len < LIMIT_STANZA);
	assert_int_equal(verdict(&b, SIZE_MAX, LIMIT_STANZA), ERR_TOO_BIG);
	assert_int_equal(verdict(&b, 11, LIMIT_STANZA), ERR_TOO_BIG);
	buf_finish(&b);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(n13_depth_is_limited),
	    cmocka_unit_test(n13_attributes_are_limited),
	    cmocka_unit_test(n13_namespaces_are_limited),
	    cmocka_unit_test(n13_children_are_limited),
	    cmocka_unit_test(the_root_may_have_any_number_of_children),
	    cmocka_unit_test(n13_names_are_limited),
	    cmocka_unit_test(n13_values_are_limited),
	    cmocka_unit_test(n13_references_are_limited),
	    cmocka_unit_test(n13_namespace_names_are_limited),
	    cmocka_unit_test(n13_tags_are_limited),
	    cmocka_unit_test(n13_stanzas_are_limited),
	    cmocka_unit_test(n13_the_header_has_the_limit_for_unknown_peers),
	    cmocka_unit_test(white_space_between_stanzas_is_free),
	    cmocka_unit_test(a_limit_set_by_a_callback_holds_from_the_next_byte),
	    cmocka_unit_test(n13_the_memory_of_a_tree_is_limited),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
