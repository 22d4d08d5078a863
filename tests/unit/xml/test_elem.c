#include "log.h"
#include "xml/elem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

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

/* Runs the assertions while the tree is alive. */
static void
with_tree(const char *stanza, int (*look)(void *ctx, const struct xml_elem *e))
{
	const struct xml_reader_listener l = {ignore_root, look, ignore_end};
	struct xml_reader *r;
	int looked = 0;
	assert_int_equal(xml_reader_create(&l, &looked, &r), 0);
	assert_int_equal(xml_reader_feed(r, "<r xmlns='u' xmlns:p='v'>", 25), 0);
	assert_int_equal(xml_reader_feed(r, stanza, strlen(stanza)), 0);
	assert_int_equal(looked, 1);
	xml_reader_destroy(r);
}

static int
look_up(void *ctx, const struct xml_elem *e)
{
	*(int *)ctx = 1;
	assert_true(xml_elem_is(e, "u", "a"));
	assert_false(xml_elem_is(e, "v", "a"));
	assert_false(xml_elem_is(e, "u", "b"));
	assert_string_equal(xml_elem_attr(e, "x"), "1");
	assert_string_equal(xml_elem_attr_ns(e, "v", "x"), "2");
	assert_null(xml_elem_attr(e, "y"));
	assert_string_equal(xml_elem_attr_ns(e, "v", "y"), "3");
	assert_null(xml_elem_attr_ns(e, "u", "x"));
	assert_false(xml_elem_is(e->first, "u", "b")); /* text is nothing by name */
	assert_string_equal(xml_elem_child(e, "v", "b")->text, "two");
	assert_string_equal(xml_elem_child(e, "u", "b")->text, "one");
	assert_string_equal(xml_elem_child(e, NULL, "b")->text, "one");
	assert_string_equal(xml_elem_child(e, "v", NULL)->text, "two");
	assert_string_equal(xml_elem_child(e, NULL, NULL)->text, "one");
	assert_null(xml_elem_child(e, "u", "c"));
	assert_null(xml_elem_child(e, "w", NULL));
	assert_null(e->next);
	return 0;
}

static void
attributes_and_children_are_found_by_namespace_and_name(void **state)
{
	(void)state;
	with_tree("<a x='1' p:x='2' p:y='3'>t<b>one</b>t<p:b>two</p:b>t</a>", look_up);
}

static int
walk(void *ctx, const struct xml_elem *e)
{
	*(int *)ctx = 1;
	struct buf b = BUF_INIT(100);
	XML_FOREACH (child, e)
		buf_str(&b, child->name);
	assert_string_equal(buf_cstr(&b), "bcd");
	buf_finish(&b);
	assert_string_equal(e->text, "123");
	assert_int_equal(e->attr_count, 0);
	XML_FOREACH (child, xml_elem_child(e, NULL, "b"))
		fail();
	return 0;
}

static void
a_walk_sees_elements_and_no_text(void **state)
{
	(void)state;
	with_tree("<a>1<b/><c/>2<d>x</d>3</a>", walk);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(attributes_and_children_are_found_by_namespace_and_name),
	    cmocka_unit_test(a_walk_sees_elements_and_no_text),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
