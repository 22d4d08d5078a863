/* What is sent (F4): the same bytes from the beginning to the end, or an error that says so. */
#define _GNU_SOURCE /* nftw, unshare */
#include "base/err.h"
#include "base/limits.h"
#include "home.h"
#include "manifest.h"
#include "transfer/source.h"
#include "transfer/tree_file.h"

#include <time.h>

static const struct tree_ref *
manifest(void)
{
	static struct tree_ref ref;
	static char path[256];
	(void)snprintf(path, sizeof(path), "%s/state/earshot/tree", home);
	ref.path = path;
	return &ref;
}

/* Granted and opened as a daemon does it. */
static struct source *
new_source(const char *path)
{
	struct porter_granted g;
	struct source *s;
	porter_revoke(porter, TOKEN_A);
	assert_int_equal(grant(TOKEN_A, path, &g), 0);
	assert_int_equal(
	    source_create(porter, TOKEN_A, g.folder ? manifest() : NULL, g.size, g.mtime, &s), 0);
	return s;
}

/* All of it; 0 or the error. */
static int
read_source(struct source *s, size_t step, struct buf *out)
{
	static char data[1 << 16];
	for (;;) {
		ssize_t n = source_read(s, out->len, data, step);
		if (n <= 0)
			return (int)n;
		buf_add(out, data, (size_t)n);
		assert_int_equal(buf_err(out), 0);
	}
}

static void
make_letter(size_t len)
{
	struct buf b = BUF_INIT(1 << 20);
	for (size_t i = 0; i < len; i++)
		buf_char(&b, byte_at(i));
	write_file(at("letter"), b.data, b.len);
	buf_finish(&b);
}

static void
a_file_is_its_bytes(void **state)
{
	(void)state;
	make_letter(100000);
	struct source *s = new_source(at("letter"));
	struct buf all = BUF_INIT(1 << 20);
	char part[10];
	assert_int_equal(source_prepare(s), 0);
	assert_int_equal(source_summary(s)->size, 100000);
	assert_int_equal(source_summary(s)->files, 1);
	assert_int_equal(read_source(s, 777, &all), 0);
	assert_true(holds(at("letter"), all.data, all.len));
	/* from anywhere */
	assert_int_equal(source_read(s, 99995, part, sizeof(part)), 5);
	assert_memory_equal(part, all.data + 99995, 5);
	assert_int_equal(source_read(s, 3, part, sizeof(part)), 10);
	assert_memory_equal(part, all.data + 3, 10);
	assert_int_equal(source_read(s, 100000, part, sizeof(part)), 0);
	assert_int_equal(source_read(s, UINT64_MAX, part, sizeof(part)), 0);
	source_destroy(s);
	buf_finish(&all);
	/* nothing at all */
	write_text(at("empty"), "");
	s = new_source(at("empty"));
	assert_int_equal(source_prepare(s), 0);
	assert_int_equal(source_read(s, 0, part, sizeof(part)), 0);
	source_destroy(s);
}

static void
holes_are_zeros(void **state)
{
	(void)state;
	int fd = open(at("sparse"), O_RDWR | O_CREAT, 0600);
	assert_int_equal(pwrite(fd, "end", 3, 300000), 3);
	(void)close(fd);
	struct source *s = new_source(at("sparse"));
	struct buf all = BUF_INIT(1 << 20);
	assert_int_equal(read_source(s, 65536, &all), 0);
	assert_int_equal(all.len, 300003);
	assert_true(all.data[0] == 0 && all.data[299999] == 0);
	assert_memory_equal(all.data + 300000, "end", 3);
	source_destroy(s);
	buf_finish(&all);
}

/* ---- changes ---- */

enum change { GROWS, SHRINKS, REWRITTEN, TOUCHED, GOES, OTHER, LINK, PIPE, FOLDER, CHANGES };

static void
change(const char *name, enum change how)
{
	char path[256], other[256];
	const struct timespec times[2] = {{.tv_nsec = UTIME_OMIT}, {.tv_sec = 1234567890}};
	(void)snprintf(path, sizeof(path), "%s", at(name));
	(void)snprintf(other, sizeof(other), "%s/other", home);
	struct stat st;
	assert_int_equal(stat(path, &st), 0);
	int fd = open(path, O_RDWR | O_APPEND);
	assert_true(fd >= 0);
	(void)nanosleep(&(struct timespec){.tv_nsec = 20000000}, NULL); /* times move in steps */
	if (how == GROWS)
		assert_int_equal(write(fd, "x", 1), 1);
	else if (how == SHRINKS)
		assert_int_equal(ftruncate(fd, st.st_size - 1), 0);
	else if (how == REWRITTEN)
		assert_true(ftruncate(fd, 0) == 0 && ftruncate(fd, st.st_size) == 0);
	else if (how == TOUCHED)
		assert_int_equal(futimens(fd, times), 0);
	(void)close(fd);
	if (how < GOES)
		return;
	if (how == OTHER) {
		int copy = open(other, O_RDWR | O_CREAT | O_TRUNC, 0600);
		assert_int_equal(ftruncate(copy, st.st_size), 0);
		const struct timespec same[2] = {{.tv_nsec = UTIME_OMIT}, st.st_mtim};
		assert_int_equal(futimens(copy, same), 0);
		(void)close(copy);
		assert_int_equal(rename(other, path), 0);
		return;
	}
	assert_int_equal(unlink(path), 0);
	if (how == LINK)
		assert_int_equal(symlink(at("outside/diary"), path), 0);
	else if (how == PIPE)
		assert_int_equal(mkfifo(path, 0600), 0);
	else if (how == FOLDER)
		assert_int_equal(mkdir(path, 0700), 0);
}

static void
f4_a_file_that_changed_before_it_was_read(void **state)
{
	(void)state;
	for (int how = 0; how < CHANGES; how++) {
		char data[64];
		make_letter(1000);
		struct source *s = new_source(at("letter"));
		/* within the second of its time, the same size: the end of the reading tells */
		bool subtle = how == REWRITTEN;
		change("letter", (enum change)how);
		if (subtle) {
			const struct timespec later[2] = {
			    {.tv_nsec = UTIME_OMIT}, {.tv_sec = time(NULL) + 2}};
			assert_int_equal(utimensat(AT_FDCWD, at("letter"), later, 0), 0);
		}
		assert_int_equal(source_read(s, 0, data, sizeof(data)), ERR_CHANGED_SOURCE);
		assert_int_equal(source_prepare(s), ERR_CHANGED_SOURCE);
		source_destroy(s);
		(void)remove(at("letter"));
	}
}

static void
f4_a_file_that_changed_while_it_was_read(void **state)
{
	(void)state;
	static const enum change all_of_them[] = {GROWS, SHRINKS, REWRITTEN, TOUCHED};
	for (size_t i = 0; i < ARRAY_LEN(all_of_them); i++) {
		struct buf all = BUF_INIT(1 << 20);
		char data[500];
		make_letter(1000);
		struct source *s = new_source(at("letter"));
		assert_int_equal(source_read(s, 0, data, sizeof(data)), 500);
		buf_add(&all, data, 500);
		change("letter", all_of_them[i]);
		/* never the last byte of something that is not what was offered */
		assert_int_equal(read_source(s, 100, &all), ERR_CHANGED_SOURCE);
		assert_true(all.len < 1000);
		source_destroy(s);
		buf_finish(&all);
		(void)remove(at("letter"));
	}
	/* one that only lost its name is still the same */
	struct buf all = BUF_INIT(1 << 20);
	char data[500];
	make_letter(1000);
	struct source *s = new_source(at("letter"));
	assert_int_equal(source_read(s, 0, data, sizeof(data)), 500);
	buf_add(&all, data, 500);
	assert_int_equal(unlink(at("letter")), 0);
	assert_int_equal(read_source(s, 100, &all), 0);
	assert_int_equal(all.len, 1000);
	source_destroy(s);
	buf_finish(&all);
}

/* ---- folders ---- */

static void
make_tree(void)
{
	static const char *const folders[] = {"tree", "tree/b", "tree/b/empty", "tree/b/c"};
	for (size_t i = 0; i < ARRAY_LEN(folders); i++)
		assert_int_equal(mkdir(at(folders[i]), 0700), 0);
	write_text(at("tree/a"), "aaa");
	write_text(at("tree/b/x"), "xx");
	write_text(at("tree/b/c/y"), "y");
	write_text(at("tree/b/none"), "");
	write_text(at("tree/z"), "zzzz");
	write_text(at("tree/\xff\n"), "odd");
	write_text(at("tree/" PART), "a transfer of its own");
	assert_int_equal(symlink("/etc/passwd", at("tree/link")), 0);
	assert_int_equal(symlink("..", at("tree/b/loop")), 0);
	assert_int_equal(mkfifo(at("tree/pipe"), 0600), 0);
}

static const char *const listed[] = {
    "a", "b", "b/c", "b/c/y", "b/empty", "b/none", "b/x", "z", "\xff\n"};

static void
expect_listed(void)
{
	struct tree_file *f;
	struct tree_entry e;
	int fd = open(manifest()->path, O_RDONLY);
	struct stat st;
	assert_true(fd >= 0 && fstat(fd, &st) == 0 && (st.st_mode & 077) == 0);
	assert_int_equal(tree_file_create(fd, &f), 0);
	for (size_t i = 0; i < ARRAY_LEN(listed); i++) {
		assert_int_equal(tree_file_next(f, &e), 1);
		assert_string_equal(tree_file_path(f), listed[i]);
		char path[256];
		(void)snprintf(path, sizeof(path), "tree/%s", listed[i]);
		assert_int_equal(stat(at(path), &st), 0);
		assert_int_equal(e.folder, S_ISDIR(st.st_mode));
		assert_int_equal(e.mtime, st.st_mtim.tv_sec);
	}
	assert_int_equal(tree_file_next(f, &e), 0);
	tree_file_destroy(f);
	(void)close(fd);
}

static void
a_folder_is_its_manifest_and_its_files(void **state)
{
	(void)state;
	static const char files[] = "aaayxxzzzzodd";
	make_tree();
	struct source *s = new_source(at("tree"));
	assert_int_equal(source_prepare(s), 0);
	const struct source_summary *sum = source_summary(s);
	assert_int_equal(sum->files, 6);
	assert_int_equal(sum->folders, 3);
	assert_int_equal(sum->left_out, 3);
	assert_memory_equal(sum->left, "b/loop\0link\0pipe\0", sizeof("b/loop\0link\0pipe\0"));
	expect_listed();
	static const size_t steps[] = {1, 5, 64, 4096};
	struct buf first = BUF_INIT(1 << 20);
	assert_int_equal(read_source(s, 4096, &first), 0);
	assert_int_equal(first.len, sum->size);
	assert_memory_equal(first.data + first.len - strlen(files), files, strlen(files));
	for (size_t i = 0; i < ARRAY_LEN(steps); i++) {
		struct buf all = BUF_INIT(1 << 20);
		assert_int_equal(read_source(s, steps[i], &all), 0);
		assert_int_equal(all.len, first.len);
		assert_memory_equal(all.data, first.data, all.len);
		buf_finish(&all);
	}
	/* after a restart the manifest is the one that was sent, whatever came since */
	source_destroy(s);
	write_text(at("tree/new"), "new");
	assert_int_equal(source_create(porter, TOKEN_A, manifest(), 0, 0, &s), 0);
	assert_int_equal(source_prepare(s), 0);
	assert_int_equal(source_summary(s)->files, 6);
	assert_int_equal(source_summary(s)->size, first.len);
	for (uint64_t from = first.len - 20; from < first.len; from++) {
		char byte;
		assert_int_equal(source_read(s, from, &byte, 1), 1);
		assert_int_equal(byte, first.data[from]);
	}
	for (uint64_t from = first.len; from-- > first.len - 20;) {
		char byte;
		assert_int_equal(source_read(s, from, &byte, 1), 1);
		assert_int_equal(byte, first.data[from]);
	}
	source_destroy(s);
	buf_finish(&first);
}

static void
f4_a_folder_of_which_a_file_changed(void **state)
{
	(void)state;
	make_tree();
	struct source *s = new_source(at("tree"));
	assert_int_equal(source_prepare(s), 0);
	source_destroy(s);
	for (int how = 0; how < CHANGES; how++) {
		struct buf all = BUF_INIT(1 << 20);
		if (how == REWRITTEN || how == OTHER)
			continue; /* in a folder only size and time are known */
		assert_int_equal(source_create(porter, TOKEN_A, manifest(), 0, 0, &s), 0);
		assert_int_equal(source_prepare(s), 0);
		struct stat st;
		assert_int_equal(stat(at("tree/b/x"), &st), 0);
		change("tree/b/x", (enum change)how);
		assert_int_equal(read_source(s, 4096, &all), ERR_CHANGED_SOURCE);
		assert_string_equal(source_problem(s), "b/x");
		source_destroy(s);
		buf_finish(&all);
		(void)remove(at("tree/b/x"));
		write_text(at("tree/b/x"), "xx");
		const struct timespec times[2] = {{.tv_nsec = UTIME_OMIT}, st.st_mtim};
		assert_int_equal(utimensat(AT_FDCWD, at("tree/b/x"), times, 0), 0);
	}
	/* a folder among them became a link to another one */
	struct buf all = BUF_INIT(1 << 20);
	assert_int_equal(source_create(porter, TOKEN_A, manifest(), 0, 0, &s), 0);
	assert_int_equal(rename(at("tree/b"), at("outside/b")), 0);
	assert_int_equal(symlink(at("outside/b"), at("tree/b")), 0);
	assert_int_equal(read_source(s, 4096, &all), ERR_CHANGED_SOURCE);
	source_destroy(s);
	buf_finish(&all);
}

static void
a_file_that_may_not_be_read_is_told_at_once(void **state)
{
	(void)state;
	if (geteuid() == 0) {
		print_message("skipped: this user may read everything\n");
		return;
	}
	make_tree();
	assert_int_equal(chmod(at("tree/b/x"), 0), 0);
	struct source *s = new_source(at("tree"));
	assert_int_equal(source_prepare(s), -EACCES);
	assert_string_equal(source_problem(s), "b/x");
	source_destroy(s);
}

static void
f3_a_folder_that_is_too_deep_is_not_sent(void **state)
{
	(void)state;
	struct buf path = BUF_INIT(256);
	buf_str(&path, "deep");
	assert_int_equal(mkdir(at(buf_cstr(&path)), 0700), 0);
	for (int i = 0; i <= LIMIT_TREE_DEPTH; i++) {
		buf_str(&path, "/d");
		assert_int_equal(mkdir(at(buf_cstr(&path)), 0700), 0);
	}
	buf_finish(&path);
	struct source *s = new_source(at("deep"));
	assert_int_equal(source_prepare(s), ERR_TOO_BIG);
	assert_int_equal(strncmp(source_problem(s), "d/d/d", 5), 0);
	assert_false(exists(manifest()->path));
	source_destroy(s);
}

static bool
stop_at_once(void *ctx, uint32_t files)
{
	*(uint32_t *)ctx = files;
	return true;
}

static void
walking_can_be_stopped(void **state)
{
	(void)state;
	uint32_t files = 0;
	assert_int_equal(mkdir(at("many"), 0700), 0);
	for (int i = 0; i < 600; i++) {
		char path[64];
		(void)snprintf(path, sizeof(path), "many/%d", i);
		write_text(at(path), "");
	}
	struct source *s = new_source(at("many"));
	source_watch(s, stop_at_once, &files);
	assert_int_equal(source_prepare(s), -ECANCELED);
	assert_int_equal(files, 256);
	source_watch(s, NULL, NULL);
	assert_int_equal(source_prepare(s), 0);
	assert_int_equal(source_summary(s)->files, 600);
	source_destroy(s);
}

static void
a_manifest_that_was_damaged_is_an_error(void **state)
{
	(void)state;
	make_tree();
	struct source *s = new_source(at("tree"));
	assert_int_equal(source_prepare(s), 0);
	source_destroy(s);
	assert_int_equal(truncate(manifest()->path, 40), 0);
	assert_int_equal(source_create(porter, TOKEN_A, manifest(), 0, 0, &s), 0);
	assert_true(source_prepare(s) < 0);
	source_destroy(s);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    CASE(a_file_is_its_bytes),
	    CASE(holes_are_zeros),
	    CASE(f4_a_file_that_changed_before_it_was_read),
	    CASE(f4_a_file_that_changed_while_it_was_read),
	    CASE(a_folder_is_its_manifest_and_its_files),
	    CASE(f4_a_folder_of_which_a_file_changed),
	    CASE(a_file_that_may_not_be_read_is_told_at_once),
	    CASE(f3_a_folder_that_is_too_deep_is_not_sent),
	    CASE(walking_can_be_stopped),
	    CASE(a_manifest_that_was_damaged_is_an_error),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
