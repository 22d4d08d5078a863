#include "base/buf.h"
#include "base/err.h"
#include "base/random.h"
#include "transfer/applesingle.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

struct entry {
	uint32_t id, offset, length;
};

static void
add32(struct buf *b, uint32_t n)
{
	const char bytes[] = {(char)(n >> 24), (char)(n >> 16), (char)(n >> 8), (char)n};
	buf_add(b, bytes, sizeof(bytes));
}

static void
write_head(struct buf *b, const struct entry *entries, unsigned count)
{
	static const char filler[16];
	add32(b, 0x00051600);
	add32(b, 0x00020000);
	buf_add(b, filler, sizeof(filler));
	buf_char(b, (char)(count >> 8));
	buf_char(b, (char)count);
	for (unsigned i = 0; i < count; i++) {
		add32(b, entries[i].id);
		add32(b, entries[i].offset);
		add32(b, entries[i].length);
	}
}

/* In pieces of this size; what came out is in `out`. */
static int
feed(const struct buf *b, size_t piece, struct buf *out, bool *whole)
{
	struct applesingle a = {.have = 0};
	buf_clear(out);
	for (size_t at = 0; at < b->len; at += piece) {
		size_t n = b->len - at < piece ? b->len - at : piece, fork_len;
		const void *fork;
		int err = applesingle_feed(&a, b->data + at, n, &fork, &fork_len);
		if (err)
			return err;
		buf_add(out, fork, fork_len);
	}
	*whole = applesingle_is_whole(&a);
	return 0;
}

static void
expect_fork(const struct buf *b, const char *text)
{
	for (size_t piece = 1; piece <= b->len; piece++) {
		struct buf out = BUF_INIT(1 << 16);
		bool whole = false;
		assert_int_equal(feed(b, piece, &out, &whole), 0);
		assert_true(whole);
		assert_string_equal(buf_cstr(&out), text);
		buf_finish(&out);
	}
}

static void
expect_refused(const struct entry *entries, unsigned count, int err)
{
	struct buf b = BUF_INIT(1 << 16), out = BUF_INIT(1 << 16);
	bool whole;
	write_head(&b, entries, count);
	buf_str(&b, "0123456789");
	assert_int_equal(feed(&b, 5, &out, &whole), err);
	buf_finish(&b);
	buf_finish(&out);
}

static void
what_we_write_is_read(void **state)
{
	(void)state;
	uint8_t head[APPLESINGLE_HEAD];
	struct buf b = BUF_INIT(1000);
	assert_int_equal(applesingle_write(head, 5), 0);
	buf_add(&b, head, sizeof(head));
	buf_str(&b, "hello");
	expect_fork(&b, "hello");
	buf_clear(&b);
	assert_int_equal(applesingle_write(head, 0), 0);
	buf_add(&b, head, sizeof(head));
	expect_fork(&b, "");
	assert_int_equal(applesingle_write(head, UINT32_MAX), 0);
	assert_int_equal(applesingle_write(head, (uint64_t)UINT32_MAX + 1), ERR_TOO_BIG);
	buf_finish(&b);
}

/* Adium: Finder info, the real name, the data fork. */
static void
general_entries_are_read(void **state)
{
	(void)state;
	struct buf b = BUF_INIT(1000);
	write_head(&b, (const struct entry[]){{9, 62, 32}, {3, 94, 5}, {1, 99, 5}}, 3);
	buf_str(&b, "0123456789abcdef0123456789abcdef"
		    "a.txt"
		    "hello");
	expect_fork(&b, "hello");
	/* the file first, a resource fork behind it, a gap between */
	buf_clear(&b);
	write_head(&b, (const struct entry[]){{2, 60, 4}, {1, 50, 5}}, 2);
	buf_str(&b, "hello-----rsrc and what is behind");
	expect_fork(&b, "hello");
	/* no data fork, or an empty one anywhere: nothing in the file */
	buf_clear(&b);
	write_head(&b, (const struct entry[]){{3, 38, 5}}, 1);
	buf_str(&b, "a.txt");
	expect_fork(&b, "");
	buf_clear(&b);
	write_head(&b, (const struct entry[]){{3, 50, 5}, {1, 0, 0}}, 2);
	buf_str(&b, "a.txt");
	expect_fork(&b, "");
	buf_clear(&b);
	write_head(&b, NULL, 0);
	expect_fork(&b, "");
	buf_finish(&b);
}

static void
entries_that_overlap_are_refused(void **state)
{
	(void)state;
	/* with the head */
	expect_refused((const struct entry[]){{1, 0, 10}}, 1, ERR_PROTO);
	expect_refused((const struct entry[]){{1, 37, 1}}, 1, ERR_PROTO);
	/* with each other: equal, inside, by a byte; two files */
	expect_refused((const struct entry[]){{3, 50, 5}, {1, 50, 5}}, 2, ERR_PROTO);
	expect_refused((const struct entry[]){{3, 50, 9}, {1, 52, 2}}, 2, ERR_PROTO);
	expect_refused((const struct entry[]){{1, 50, 5}, {3, 54, 5}}, 2, ERR_PROTO);
	expect_refused((const struct entry[]){{1, 50, 5}, {1, 55, 5}}, 2, ERR_PROTO);
	/* an end beyond 32 bits is none before the beginning */
	expect_refused((const struct entry[]){{1, 50, 0xffffffff}, {3, 60, 1}}, 2, ERR_PROTO);
	expect_refused(
	    (const struct entry[]){{3, 0xffffffff, 0xffffffff}, {1, 50, 1}}, 2, ERR_TOO_BIG);
	struct buf b = BUF_INIT(1000), out = BUF_INIT(1000);
	bool whole;
	write_head(&b, (const struct entry[]){{1, 38, 5}}, 1);
	b.data[3] ^= 1;
	assert_int_equal(feed(&b, 5, &out, &whole), ERR_PROTO);
	b.data[3] ^= 1;
	b.data[5] ^= 1;
	assert_int_equal(feed(&b, 5, &out, &whole), ERR_PROTO);
	buf_finish(&b);
	buf_finish(&out);
}

static void
too_much_is_refused(void **state)
{
	(void)state;
	struct entry many[LIMIT_APPLESINGLE_ENTRIES + 1] = {{0}};
	for (uint32_t i = 0; i <= LIMIT_APPLESINGLE_ENTRIES; i++)
		many[i] = (struct entry){i + 1, 1000 + i, 1};
	expect_refused(many, LIMIT_APPLESINGLE_ENTRIES, 0);
	expect_refused(many, LIMIT_APPLESINGLE_ENTRIES + 1, ERR_TOO_BIG);
	expect_refused((const struct entry[]){{2, 38, LIMIT_APPLESINGLE_ASIDE}}, 1, 0);
	expect_refused(
	    (const struct entry[]){{2, 38, LIMIT_APPLESINGLE_ASIDE + 1}}, 1, ERR_TOO_BIG);
	/* the file itself may be as long as it can say */
	expect_refused((const struct entry[]){{1, 38, 0xffffffff}}, 1, 0);
}

static void
what_is_missing_is_noticed(void **state)
{
	(void)state;
	struct buf b = BUF_INIT(1000), out = BUF_INIT(1000);
	write_head(&b, (const struct entry[]){{1, 40, 5}}, 1);
	buf_str(&b, "--hell");
	for (size_t len = 0; len <= b.len; len++) {
		struct buf cut = b;
		bool whole = true;
		cut.len = len;
		assert_int_equal(feed(&cut, 3, &out, &whole), 0);
		assert_false(whole);
	}
	buf_finish(&b);
	buf_finish(&out);
}

static void
noise_is_survived(void **state)
{
	(void)state;
	for (int round = 0; round < 5000; round++) {
		struct buf b = BUF_INIT(1000), out = BUF_INIT(1 << 16);
		struct entry entries[4];
		unsigned count = random_below(5);
		bool whole;
		for (unsigned i = 0; i < count; i++)
			entries[i] =
			    (struct entry){random_below(4), random_below(120), random_below(60)};
		write_head(&b, entries, count);
		for (uint32_t n = random_below(150); n > 0; n--)
			buf_char(&b, (char)random_below(256));
		if (random_below(2))
			b.data[random_below((uint32_t)b.len)] ^= 1;
		(void)!feed(&b, 1 + random_below(50), &out, &whole);
		buf_finish(&b);
		buf_finish(&out);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(what_we_write_is_read),
	    cmocka_unit_test(general_entries_are_read),
	    cmocka_unit_test(entries_that_overlap_are_refused),
	    cmocka_unit_test(too_much_is_refused),
	    cmocka_unit_test(what_is_missing_is_noticed),
	    cmocka_unit_test(noise_is_survived),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
