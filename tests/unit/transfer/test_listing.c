#include "base/err.h"
#include "base/limits.h"
#include "base/random.h"
#include "transfer/listing.h"
#include "transfer/tree.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static int
read_listing(const char *xml, struct listing **out)
{
	*out = NULL;
	return listing_read(xml, strlen(xml), out);
}

static void
expect_refused(const char *xml, int err)
{
	struct listing *l;
	if (read_listing(xml, &l) != err)
		fail_msg("not refused as it should: %.200s", xml);
	assert_null(l);
}

/* The manifest is one that our own reader takes, and says the same. */
static void
expect_manifest(const struct listing *l)
{
	struct buf b = BUF_INIT(LIMIT_TREE_BYTES);
	struct tree_header h;
	struct tree_reader r;
	assert_int_equal(listing_manifest(l, &b), 0);
	assert_int_equal(tree_header_read((const uint8_t *)b.data, &h), 0);
	assert_int_equal(h.length, b.len);
	assert_int_equal(h.entries, listing_count(l));
	tree_reader_init(&r, &h);
	size_t at = TREE_HEADER_SIZE;
	for (size_t i = 0; i < listing_count(l); i++) {
		struct tree_entry e;
		int n = tree_reader_next(&r, (const uint8_t *)b.data + at, b.len - at, &e);
		assert_true(n > 0);
		at += (size_t)n;
		assert_int_equal(e.size, listing_at(l, i)->size);
		assert_int_equal(e.folder, listing_at(l, i)->folder);
		assert_int_equal(r.path_len, strlen(listing_at(l, i)->path));
		assert_memory_equal(r.path, listing_at(l, i)->path, r.path_len);
	}
	assert_int_equal(at, b.len);
	assert_int_equal(tree_reader_end(&r), 0);
	buf_finish(&b);
}

static void
a_listing_is_read(void **state)
{
	(void)state;
	struct listing *l;
	struct buf b = BUF_INIT(1000);
	assert_int_equal(
	    read_listing(
		"<?xml version='1.0' encoding='UTF-8'?>\n"
		"<dir posixflags='01ED'>\n <name>folder</name>\n"
		"<file mimetype='text/rtf' posixflags='01A4' size='318'><name>a.rtf</name>"
		"</file>\n"
		"<dir posixflags='01ED'><name>a</name>"
		"<file size='9007199254740993'><name>b &lt;&amp;&quot; \xc3\xbc</name></file>"
		"<dir><name>deep</name></dir></dir>"
		"<icon size='1'><name>left out</name></icon>"
		"</dir>",
		&l),
	    0);
	assert_int_equal(listing_count(l), 4);
	assert_string_equal(listing_at(l, 0)->path, "a");
	assert_true(listing_at(l, 0)->folder);
	assert_string_equal(listing_at(l, 1)->path, "a/b <&\" \xc3\xbc");
	assert_int_equal(listing_at(l, 1)->size, 9007199254740993);
	assert_string_equal(listing_at(l, 2)->path, "a/deep");
	assert_string_equal(listing_at(l, 3)->path, "a.rtf");
	listing_target(listing_at(l, 1), &b);
	assert_string_equal(buf_cstr(&b), "a/b%20%3C%26%22%20%C3%BC");
	buf_finish(&b);
	expect_manifest(l);
	listing_destroy(l);
	assert_int_equal(read_listing("<dir/>", &l), 0);
	assert_int_equal(listing_count(l), 0);
	expect_manifest(l);
	listing_destroy(l);
}

static void
f1_names_that_lead_elsewhere_are_refused(void **state)
{
	(void)state;
	char too_long[TREE_NAME_MAX + 2];
	memset(too_long, 'a', sizeof(too_long) - 1);
	too_long[sizeof(too_long) - 1] = '\0';
	const char *const names[] = {
	    "", "/", "/etc/passwd", "..", ".", "../x", "a/b", "a/../../b", too_long};
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		struct buf b = BUF_INIT(4096);
		buf_fmt(&b, "<dir><file size='1'><name>%s</name></file></dir>", names[i]);
		expect_refused(b.data, ERR_PROTO);
		buf_clear(&b);
		buf_fmt(&b, "<dir><dir><name>%s</name></dir></dir>", names[i]);
		expect_refused(b.data, ERR_PROTO);
		buf_finish(&b);
	}
	expect_refused("<dir><file size='1'/></dir>", ERR_PROTO);
	expect_refused("<dir><dir/></dir>", ERR_PROTO);
}

static void
what_makes_no_sense_is_refused(void **state)
{
	(void)state;
	expect_refused("", ERR_XML);
	expect_refused("hello", ERR_XML);
	expect_refused("<dir>", ERR_XML);
	expect_refused("<html/>", ERR_PROTO);
	expect_refused("<dir><file><name>a</name></file></dir>", ERR_PROTO);
	expect_refused("<dir><file size='-1'><name>a</name></file></dir>", ERR_PROTO);
	expect_refused("<dir><file size='1e9'><name>a</name></file></dir>", ERR_PROTO);
	expect_refused(
	    "<dir><file size='9223372036854775808'><name>a</name></file></dir>", ERR_PROTO);
	expect_refused("<dir><file size='9223372036854775807'><name>a</name></file>"
		       "<file size='1'><name>b</name></file></dir>",
	    ERR_TOO_BIG);
	/* one name twice */
	expect_refused("<dir><file size='1'><name>a</name></file>"
		       "<file size='1'><name>b</name></file>"
		       "<dir><name>a</name></dir></dir>",
	    ERR_PROTO);
	/* entities and the like: the reader of all XML refuses them */
	expect_refused("<!DOCTYPE dir [<!ENTITY a 'b'>]><dir/>", ERR_PROTO);
}

static void
too_much_is_refused(void **state)
{
	(void)state;
	struct listing *l;
	struct buf b = BUF_INIT(LIMIT_LISTING + 4096);
	buf_str(&b, "<dir>");
	for (int i = 0; i < 40; i++)
		buf_str(&b, "<dir><name>d</name>");
	for (int i = 0; i < 40; i++)
		buf_str(&b, "</dir>");
	buf_str(&b, "</dir>");
	expect_refused(b.data, ERR_TOO_BIG);
	/* many are no matter, in the folder itself and in one of it */
	for (int inner = 0; inner < 2; inner++) {
		buf_clear(&b);
		buf_str(&b, inner ? "<dir><dir><name>d</name>" : "<dir>");
		for (int i = 0; i < 3000; i++)
			buf_fmt(&b, "<file size='%d'><name>%d</name></file>", i, i);
		buf_str(&b, inner ? "</dir></dir>" : "</dir>");
		assert_int_equal(read_listing(b.data, &l), 0);
		assert_int_equal(listing_count(l), inner ? 3001 : 3000);
		expect_manifest(l);
		listing_destroy(l);
	}
	buf_finish(&b);
}

static void
noise_is_survived(void **state)
{
	(void)state;
	static const char *const words[] = {"<dir>", "</dir>", "<file size='3'>", "</file>",
	    "<name>", "</name>", "a", "b", "..", "/", "<dir><name>x</name>"};
	for (int round = 0; round < 3000; round++) {
		struct buf b = BUF_INIT(1 << 16);
		struct listing *l = NULL;
		buf_str(&b, "<dir>");
		for (uint32_t n = random_below(30); n > 0; n--)
			buf_str(&b, words[random_below(sizeof(words) / sizeof(words[0]))]);
		if (listing_read(b.data, b.len, &l) == 0)
			expect_manifest(l);
		listing_destroy(l);
		buf_finish(&b);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_listing_is_read),
	    cmocka_unit_test(f1_names_that_lead_elsewhere_are_refused),
	    cmocka_unit_test(what_makes_no_sense_is_refused),
	    cmocka_unit_test(too_much_is_refused),
	    cmocka_unit_test(noise_is_survived),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
