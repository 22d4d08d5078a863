/* Manifests of folders, from anybody (F1, F3). */
#define _GNU_SOURCE /* nftw, unshare */
#include "base/err.h"
#include "home.h"
#include "manifest.h"
#include "transfer/tree_file.h"
#include "transfer/tree_names.h"

#include <sys/resource.h>

/* A whole manifest, in the reader: how many entries, or the error. */
static int
read_all(const struct buf *all)
{
	struct tree_header h;
	struct tree_reader r;
	struct tree_entry e;
	int err = all->len < TREE_HEADER_SIZE ? ERR_PROTO
					      : tree_header_read((const uint8_t *)all->data, &h);
	if (err)
		return err;
	tree_reader_init(&r, &h);
	size_t at = TREE_HEADER_SIZE;
	int count = 0;
	while (r.entries < h.entries) {
		int n = tree_reader_next(&r, (const uint8_t *)all->data + at, all->len - at, &e);
		if (n <= 0)
			return n ? n : -ENODATA;
		at += (size_t)n;
		count++;
	}
	err = tree_reader_end(&r);
	return err ? err : count;
}

static int
read_items(const struct item *items, size_t count)
{
	struct buf all = BUF_INIT(1 << 20);
	make_sequence(&all, items, count);
	int rc = read_all(&all);
	buf_finish(&all);
	return rc;
}

#define READ(...) \
	read_items((const struct item[]){__VA_ARGS__}, \
	    sizeof((const struct item[]){__VA_ARGS__}) / sizeof(struct item))

static void
honest_ones_are_read(void **state)
{
	(void)state;
	assert_int_equal(read_items(NULL, 0), 0);
	assert_int_equal(READ({'f', 1, "a", 3}), 1);
	assert_int_equal(READ({'d', 1, "a", 0}, {'d', 2, "b", 0}, {'f', 3, "c", 1},
			     {'f', 2, "c", 1}, {'d', 1, "a ", 0}, {'f', 1, "b", 0}),
	    6);
	/* the same name in different folders, and names that differ in case */
	assert_int_equal(
	    READ({'d', 1, "A", 0}, {'f', 2, "x", 1}, {'d', 1, "a", 0}, {'f', 2, "x", 1}), 4);
}

static void
f1_names_that_lead_elsewhere_are_refused(void **state)
{
	(void)state;
	static const char *const names[] = {"", ".", "..", "/", "/etc", "a/b", "a/", "../x"};
	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		assert_int_equal(read_items(&(struct item){'f', 1, names[i], 0}, 1), ERR_PROTO);
	struct buf all = BUF_INIT(4096);
	uint8_t head[TREE_HEADER_SIZE];
	const struct tree_header h = {
	    .entries = 1, .length = TREE_HEADER_SIZE + TREE_ENTRY_SIZE + 3};
	tree_header_write(&h, head);
	buf_add(&all, head, sizeof(head));
	add_item(&all, 'f', 1, "a\0b", 3, 0);
	assert_int_equal(read_all(&all), ERR_PROTO);
	buf_finish(&all);
}

static void
f3_order_depth_and_kind_are_checked(void **state)
{
	(void)state;
	assert_int_equal(READ({'f', 1, "b", 0}, {'f', 1, "a", 0}), ERR_PROTO);
	assert_int_equal(READ({'f', 1, "a", 0}, {'f', 1, "a", 0}), ERR_PROTO);
	assert_int_equal(READ({'d', 1, "a", 0}, {'f', 1, "a", 0}), ERR_PROTO);
	assert_int_equal(READ({'d', 1, "a", 0}, {'f', 2, "x", 0}, {'d', 1, "a", 0}), ERR_PROTO);
	assert_int_equal(READ({'d', 1, "a", 0}, {'d', 2, "b", 0}, {'d', 2, "a", 0}), ERR_PROTO);
	/* beneath a file, too deep at once, at no depth */
	assert_int_equal(READ({'f', 1, "a", 0}, {'f', 2, "b", 0}), ERR_PROTO);
	assert_int_equal(READ({'d', 1, "a", 0}, {'f', 3, "b", 0}), ERR_PROTO);
	assert_int_equal(READ({'f', 2, "a", 0}), ERR_PROTO);
	assert_int_equal(READ({'f', 0, "a", 0}), ERR_PROTO);
	assert_int_equal(READ({'f', 255, "a", 0}), ERR_PROTO);
	/* a folder has no size; kinds that nobody knows */
	struct buf all = BUF_INIT(4096);
	make_sequence(&all, &(struct item){'d', 1, "a", 0}, 1);
	all.data[TREE_HEADER_SIZE] = 'l';
	assert_int_equal(read_all(&all), ERR_PROTO);
	buf_finish(&all);
	struct item deep[LIMIT_TREE_DEPTH + 1];
	for (unsigned i = 0; i <= LIMIT_TREE_DEPTH; i++)
		deep[i] = (struct item){'d', i + 1, "a", 0};
	assert_int_equal(read_items(deep, LIMIT_TREE_DEPTH), LIMIT_TREE_DEPTH);
	assert_int_equal(read_items(deep, LIMIT_TREE_DEPTH + 1), ERR_PROTO);
}

static void
f3_paths_have_a_limit(void **state)
{
	(void)state;
	char name[TREE_NAME_MAX + 1];
	struct item deep[LIMIT_TREE_DEPTH];
	memset(name, 'n', sizeof(name));
	name[TREE_NAME_MAX] = '\0';
	for (unsigned i = 0; i < ARRAY_LEN(deep); i++)
		deep[i] = (struct item){'d', i + 1, name, 0};
	assert_int_equal(read_items(deep, 12), 12);
	assert_int_equal(read_items(deep, 13), ERR_PROTO);
}

/* One field of the header or of an entry says something else. */
static int
read_changed(size_t at, const void *bytes, size_t len)
{
	static const struct item items[] = {{'d', 1, "a", 0}, {'f', 2, "b", 7}, {'f', 1, "c", 9}};
	struct buf all = BUF_INIT(1 << 20);
	make_sequence(&all, items, ARRAY_LEN(items));
	memcpy(all.data + at, bytes, len);
	int rc = read_all(&all);
	buf_finish(&all);
	return rc;
}

static void
f3_numbers_that_lie_are_refused(void **state)
{
	(void)state;
	enum { ENTRIES = 16, LENGTH = 20, BYTES = 24, SIZE_B = 32 + 21 + 2 };
	assert_int_equal(read_changed(0, "earshot-tree 2\n", 16), ERR_PROTO);
	assert_int_equal(read_changed(ENTRIES, "\0\0\0\0", 4), ERR_PROTO);
	assert_int_equal(read_changed(ENTRIES, "\0\0\0\2", 4), ERR_PROTO);
	assert_int_equal(read_changed(ENTRIES, "\0\0\0\4", 4), ERR_PROTO);
	assert_int_equal(read_changed(ENTRIES, "\xff\xff\xff\xff", 4), ERR_TOO_BIG);
	assert_int_equal(read_changed(LENGTH, "\0\0\0\0", 4), ERR_PROTO);
	assert_int_equal(read_changed(LENGTH, "\0\0\0\x5e", 4), ERR_PROTO);
	assert_int_equal(read_changed(LENGTH, "\0\0\0\x60", 4), ERR_PROTO);
	assert_int_equal(read_changed(LENGTH, "\xff\xff\xff\xff", 4), ERR_TOO_BIG);
	assert_int_equal(read_changed(BYTES, "\0\0\0\0\0\0\0\0", 8), ERR_PROTO);
	assert_int_equal(read_changed(BYTES, "\0\0\0\0\0\0\0\x11", 8), ERR_PROTO);
	assert_int_equal(read_changed(BYTES, "\xff\xff\xff\xff\xff\xff\xff\xff", 8), ERR_PROTO);
	assert_int_equal(read_changed(BYTES, "\x7f\xff\xff\xff\xff\xff\xff\xff", 8), ERR_PROTO);
	/* sizes whose sum wraps around to the right one */
	assert_int_equal(read_changed(SIZE_B, "\xff\xff\xff\xff\xff\xff\xff\xff", 8), ERR_PROTO);
	assert_int_equal(read_changed(SIZE_B, "\x80\0\0\0\0\0\0\7", 8), ERR_PROTO);
	/* cut off anywhere: more is waited for, nothing else */
	struct buf all = BUF_INIT(4096);
	make_sequence(&all, &(struct item){'f', 1, "name", 0}, 1);
	for (size_t len = TREE_HEADER_SIZE; len < TREE_HEADER_SIZE + TREE_ENTRY_SIZE + 4; len++) {
		all.len = len;
		assert_int_equal(read_all(&all), -ENODATA);
	}
	buf_finish(&all);
}

/* ---- in a file ---- */

static int
spool(const struct buf *all)
{
	int fd = open(at("manifest"), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	assert_int_equal(write(fd, all->data, all->len), (ssize_t)all->len);
	return fd;
}

static void
a_manifest_is_read_from_a_file_again_and_again(void **state)
{
	(void)state;
	enum { COUNT = 5000 }; /* more than one read */
	static struct item items[COUNT];
	static char names[COUNT][64];
	for (size_t i = 0; i < COUNT; i++) {
		(void)snprintf(names[i], sizeof(names[i]), "a name of some length %06zu", i);
		items[i] = (struct item){'f', 1, names[i], 0};
	}
	struct buf all = BUF_INIT(1 << 20);
	struct tree_file *f;
	struct tree_entry e;
	make_sequence(&all, items, COUNT);
	int fd = spool(&all);
	assert_int_equal(tree_file_create(fd, &f), 0);
	for (int round = 0; round < 2; round++) {
		for (size_t i = 0; i < COUNT; i++) {
			assert_int_equal(tree_file_next(f, &e), 1);
			assert_string_equal(tree_file_path(f), names[i]);
		}
		assert_int_equal(tree_file_next(f, &e), 0);
		assert_int_equal(tree_file_next(f, &e), 0);
		tree_file_rewind(f);
	}
	tree_file_destroy(f);
	/* cut off */
	assert_int_equal(ftruncate(fd, (off_t)all.len - 1), 0);
	assert_int_equal(tree_file_create(fd, &f), 0);
	int rc;
	while ((rc = tree_file_next(f, &e)) == 1)
		;
	assert_int_equal(rc, ERR_PROTO);
	tree_file_destroy(f);
	assert_int_equal(ftruncate(fd, 10), 0);
	assert_int_equal(tree_file_create(fd, &f), ERR_PROTO);
	(void)close(fd);
	buf_finish(&all);
}

static long
rss_kib(void)
{
	struct rusage use;
	assert_int_equal(getrusage(RUSAGE_SELF, &use), 0);
	return use.ru_maxrss;
}

/* As many as may be: their paths are not kept. */
static void
f3_two_hundred_thousand_entries_take_little_memory(void **state)
{
	(void)state;
	struct tree_header h = {.entries = LIMIT_TREE_ENTRIES, .bytes = LIMIT_TREE_ENTRIES};
	uint8_t head[TREE_HEADER_SIZE];
	struct buf entries = BUF_INIT(1 << 20);
	int fd = open(at("manifest"), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	off_t end = TREE_HEADER_SIZE;
	for (int i = 0; i < LIMIT_TREE_ENTRIES; i++) {
		char name[128];
		/* a thousand each are one once they are clean */
		int len = snprintf(
		    name, sizeof(name), "%080d%c%c%c", i / 900, 1 + i / 30 % 30, 1 + i % 30, 'x');
		add_item(&entries, 'f', 1, name, (size_t)len, 1);
		if (entries.len > 60000 || i + 1 == LIMIT_TREE_ENTRIES) {
			assert_int_equal(
			    pwrite(fd, entries.data, entries.len, end), (ssize_t)entries.len);
			end += (off_t)entries.len;
			buf_clear(&entries);
		}
	}
	h.length = (uint32_t)end;
	tree_header_write(&h, head);
	assert_int_equal(pwrite(fd, head, sizeof(head), 0), (ssize_t)sizeof(head));
	buf_finish(&entries);
	struct tree_file *f;
	struct tree_names *names;
	struct tree_entry e;
	const char *path;
	long before = rss_kib();
	assert_int_equal(tree_file_create(fd, &f), 0);
	assert_int_equal(tree_names_create(&names), 0);
	int rc, count = 0;
	while ((rc = tree_file_next(f, &e)) == 1) {
		assert_int_equal(tree_names_next(names, &e, &path), 0);
		count++;
	}
	assert_int_equal(rc, 0);
	assert_int_equal(count, LIMIT_TREE_ENTRIES);
#ifndef EARSHOT_UNCONFINED /* sanitizers take memory of their own */
	assert_true(rss_kib() - before < 8L * 1024);
#else
	(void)before;
#endif
	tree_names_destroy(names);
	tree_file_destroy(f);
	(void)close(fd);
}

/* ---- names ---- */

static void
f1_each_entry_gets_a_name_of_its_own(void **state)
{
	(void)state;
	static const struct {
		char kind;
		unsigned depth;
		const char *wanted, *path;
	} cases[] = {
	    {'d', 1, ".git", "_.git"},
	    {'d', 2, "hooks", "_.git/hooks"},
	    {'f', 3, "-x", "_.git/hooks/_-x"},
	    {'d', 1, "a:b", "a_b"},
	    {'f', 2, "x", "a_b/x"},
	    {'d', 1, "a?b", "a_b (2)"},
	    {'f', 2, "x", "a_b (2)/x"},
	    {'d', 2, "c\\d", "a_b (2)/c_d"},
	    {'f', 3, "y", "a_b (2)/c_d/y"},
	    {'f', 1, "a_b", "a_b (3)"},
	    {'f', 1, "a|b.txt", "a_b.txt"},
	};
	struct tree_names *n;
	assert_int_equal(tree_names_create(&n), 0);
	for (int round = 0; round < 2; round++) {
		for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
			struct tree_entry e = {
			    .folder = cases[i].kind == 'd', .depth = cases[i].depth};
			const char *path;
			e.name_len = strlen(cases[i].wanted);
			memcpy(e.name, cases[i].wanted, e.name_len + 1);
			assert_int_equal(tree_names_next(n, &e, &path), 0);
			assert_string_equal(path, cases[i].path);
		}
		tree_names_rewind(n);
	}
	tree_names_destroy(n);
}

static void
f3_names_that_are_all_alike_have_a_limit(void **state)
{
	(void)state;
	struct tree_names *n;
	const struct tree_entry e = {.depth = 1, .name = ":", .name_len = 1};
	const char *path;
	int err = 0, count = 0;
	assert_int_equal(tree_names_create(&n), 0);
	while (!(err = tree_names_next(n, &e, &path)))
		count++;
	assert_int_equal(err, ERR_TOO_BIG);
	assert_int_equal(count, LIMIT_NAME_NUMBER);
	tree_names_destroy(n);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(honest_ones_are_read),
	    cmocka_unit_test(f1_names_that_lead_elsewhere_are_refused),
	    cmocka_unit_test(f3_order_depth_and_kind_are_checked),
	    cmocka_unit_test(f3_paths_have_a_limit),
	    cmocka_unit_test(f3_numbers_that_lie_are_refused),
	    cmocka_unit_test(f1_each_entry_gets_a_name_of_its_own),
	    cmocka_unit_test(f3_names_that_are_all_alike_have_a_limit),
	    CASE(a_manifest_is_read_from_a_file_again_and_again),
	    CASE(f3_two_hundred_thousand_entries_take_little_memory),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
