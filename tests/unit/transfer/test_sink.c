/* Received bytes on their way to a name (F1-F4). */
#define _GNU_SOURCE /* unshare */
#include "base/err.h"
#include "base/limits.h"
#include "home.h"
#include "manifest.h"
#include "tls/digest.h"
#include "transfer/sink.h"

#include <dirent.h>
#include <sys/xattr.h>
#include <time.h>

/* ---- a disk that fails: the linker's --wrap gives these names ---- */

/* NOLINTBEGIN(bugprone-reserved-identifier) */
ssize_t __real_pwrite(int fd, const void *data, size_t len, off_t at);
ssize_t __wrap_pwrite(int fd, const void *data, size_t len, off_t at);

static int fail_at = -1; /* which write fails, from 0; -1: none */
static int fail_with;    /* errno; 0: it writes half */
static int writes;

ssize_t
__wrap_pwrite(int fd, const void *data, size_t len, off_t at)
{
	if (writes++ != fail_at)
		return __real_pwrite(fd, data, len, at);
	if (fail_with == 0)
		return __real_pwrite(fd, data, len > 1 ? len / 2 : len, at);
	errno = fail_with;
	return -1;
}
/* NOLINTEND(bugprone-reserved-identifier) */

static void
break_disk(int index, int with)
{
	fail_at = index;
	fail_with = with;
	writes = 0;
}

/* ---- */

static struct sink *
new_sink(const char *name, uint64_t size, bool folder)
{
	struct sink *s;
	assert_int_equal(
	    sink_create(porter, PORTER_DOWNLOADS, ID, name, size, folder, 1000000000, 0, &s), 0);
	return s;
}

static uint64_t
open_sink(struct sink *s)
{
	uint64_t offset = 99;
	struct digest_run *d;
	assert_int_equal(digest_run_create(&d), 0);
	assert_int_equal(sink_open(s, &offset, d), 0);
	digest_run_destroy(d);
	return offset;
}

/* In pieces; the first error. */
static int
feed(struct sink *s, const struct buf *all, size_t step, uint64_t until)
{
	int err = 0;
	while (!err && sink_offset(s) < until) {
		size_t left = (size_t)(until - sink_offset(s));
		err = sink_write(s, all->data + sink_offset(s), left < step ? left : step);
	}
	return err;
}

/* "": nothing. */
static void
expect_only(const char *name)
{
	DIR *list = opendir(at("Downloads"));
	assert_non_null(list);
	int others = 0, found = 0;
	for (struct dirent *e; (e = readdir(list));) { // NOLINT(concurrency-mt-unsafe)
		if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0)
			continue;
		if (strcmp(e->d_name, name) == 0)
			found++;
		else
			others++;
	}
	(void)closedir(list);
	assert_int_equal(others, 0);
	assert_int_equal(found, name[0] ? 1 : 0);
}

static void
a_file_gets_its_name_when_it_is_whole(void **state)
{
	(void)state;
	struct buf name = BUF_INIT(256);
	struct stat st;
	struct sink *s = new_sink("../../evil/photo.jpg", 5, false);
	assert_int_equal(sink_write(s, "x", 1), -EBADF);
	assert_int_equal(open_sink(s), 0);
	assert_int_equal(sink_write(s, "hel", 3), 0);
	assert_int_equal(sink_finish(s, &name), ERR_PROTO);
	assert_int_equal(sink_write(s, "lox", 3), ERR_PROTO); /* the size is a limit */
	assert_true(exists(downloaded(PART)) && !exists(downloaded("photo.jpg")));
	assert_int_equal(sink_checkpoint(s), 0);
	assert_int_equal(sink_write(s, "lo", 2), 0);
	assert_int_equal(sink_offset(s), 5);
	assert_int_equal(sink_finish(s, &name), 0);
	assert_string_equal(buf_cstr(&name), "photo.jpg");
	assert_true(holds_text(downloaded("photo.jpg"), "hello"));
	assert_int_equal(stat(downloaded("photo.jpg"), &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	assert_int_equal(st.st_mtim.tv_sec, 1000000000);
	expect_only("photo.jpg");
	sink_destroy(s);
	buf_finish(&name);
}

/* What desktops read; skips where the file system has no such marks. */
static void
expect_origin(const char *path, const char *wanted)
{
	char is[256] = "";
	ssize_t n = getxattr(path, "user.xdg.origin.url", is, sizeof(is) - 1);
	if (n < 0 && errno == ENOTSUP)
		skip();
	assert_true(n > 0);
	assert_string_equal(is, wanted);
}

static void
f5_a_file_is_marked_as_somebody_elses(void **state)
{
	(void)state;
	struct buf name = BUF_INIT(256);
	struct stat st;
	struct sink *s = new_sink("run.desktop", 2, false);
	assert_int_equal(sink_set_origin(s, "Eve\n=%\"\xe2\x82\xac@verona"), 0);
	assert_int_equal(open_sink(s), 0);
	assert_int_equal(sink_write(s, "hi", 2), 0);
	assert_int_equal(sink_finish(s, &name), 0);
	expect_origin(downloaded("run.desktop"), "xmpp:Eve%0A%3D%25%22%E2%82%AC@verona");
	assert_int_equal(stat(downloaded("run.desktop"), &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600); /* and nobody executes it */
	assert_int_equal(st.st_mtim.tv_sec, 1000000000);
	sink_destroy(s);
	buf_finish(&name);
}

static void
f1_times_that_cannot_be_are_not_taken(void **state)
{
	(void)state;
	time_t now = time(NULL);
	const int64_t wrong[] = {0, -1, INT64_MIN, INT64_MAX, (int64_t)now + 86400};
	for (size_t i = 0; i < ARRAY_LEN(wrong); i++) {
		struct buf name = BUF_INIT(256);
		struct stat st;
		struct sink *s;
		assert_int_equal(
		    sink_create(porter, PORTER_DOWNLOADS, ID, "f", 0, false, wrong[i], 0, &s), 0);
		assert_int_equal(open_sink(s), 0);
		assert_int_equal(sink_finish(s, &name), 0);
		assert_int_equal(stat(downloaded(buf_cstr(&name)), &st), 0);
		assert_true(st.st_mtim.tv_sec >= now - 5 && st.st_mtim.tv_sec <= now + 60);
		sink_destroy(s);
		buf_finish(&name);
	}
}

static void
f3_the_declared_size_is_a_limit(void **state)
{
	(void)state;
	static const char zeros[4096];
	struct sink *s = new_sink("endless", 10000, false);
	int err = 0;
	assert_int_equal(open_sink(s), 0);
	for (int i = 0; !err && i < 100; i++)
		err = sink_write(s, zeros, sizeof(zeros));
	assert_int_equal(err, ERR_PROTO);
	assert_int_equal(sink_offset(s), 8192);
	sink_discard(s);
	expect_only("");
	sink_destroy(s);
	/* who does not know it says so, and its limit is the disk */
	s = new_sink("stream", SINK_SIZE_UNKNOWN, false);
	assert_int_equal(open_sink(s), 0);
	for (int i = 0; i < 100; i++)
		assert_int_equal(sink_write(s, zeros, sizeof(zeros)), 0);
	assert_int_equal(sink_finish(s, NULL), 0);
	expect_only("stream");
	sink_destroy(s);
}

static void
f3_too_little_space_is_refused_early(void **state)
{
	(void)state;
	struct sink *s;
	struct digest_run *d;
	uint64_t offset, free_bytes, total;
	assert_int_equal(digest_run_create(&d), 0);
	assert_int_equal(porter_space(porter, PORTER_DOWNLOADS, &free_bytes, &total), 0);
	assert_int_equal(
	    sink_create(porter, PORTER_DOWNLOADS, ID, "f", UINT64_MAX / 4, false, 0, 0, &s), 0);
	assert_int_equal(sink_open(s, &offset, d), -ENOSPC);
	sink_destroy(s);
	/* 5 % or 1 GiB stay free; others use the disk, too, so not to the byte */
	uint64_t keep = total / 20 > (1 << 30) ? total / 20 : 1 << 30;
	if (free_bytes > keep) {
		uint64_t size = free_bytes - keep / 2;
		assert_int_equal(sink_create(porter, PORTER_DOWNLOADS, ID, "f", size, false, 0,
				     SINK_KEEP_DEFAULT, &s),
		    0);
		assert_int_equal(sink_open(s, &offset, d), ERR_FULL);
		sink_destroy(s);
	}
	assert_int_equal(sink_create(porter, PORTER_DOWNLOADS, ID, "f", 10, false, 0,
			     free_bytes + (1 << 30), &s),
	    0);
	assert_int_equal(sink_open(s, &offset, d), ERR_FULL);
	expect_only("");
	sink_destroy(s);
	digest_run_destroy(d);
}

/* ---- folders ---- */

static const struct item items[] = {
    {'f', 1, ".hidden", 3},
    {'f', 1, "a:b", 1},
    {'f', 1, "a?b", 2},
    {'f', 1, "a_b", 0},
    {'d', 1, "docs", 0},
    {'d', 2, "deep", 0},
    {'d', 3, "empty", 0},
    {'f', 3, "x", 5000},
    {'f', 2, "run.sh", 70000},
    {'d', 1, "docs2", 0},
    {'f', 1, "zero", 0},
};
/* where they go, and where in the sequence their bytes begin */
static const struct {
	const char *path;
	uint64_t start, size;
} places[] = {
    {"tree/_.hidden", 0, 3},
    {"tree/a_b", 3, 1},
    {"tree/a_b (2)", 4, 2},
    {"tree/a_b (3)", 6, 0},
    {"tree/docs/deep/x", 6, 5000},
    {"tree/docs/run.sh", 5006, 70000},
    {"tree/zero", 75006, 0},
};

static void
expect_tree(const struct buf *all, uint64_t bytes)
{
	const char *data = all->data + (all->len - bytes);
	struct stat st;
	for (size_t i = 0; i < ARRAY_LEN(places); i++) {
		const char *path = downloaded(places[i].path);
		assert_true(holds(path, data + places[i].start, (size_t)places[i].size));
		assert_int_equal(stat(path, &st), 0);
		assert_int_equal(st.st_mode & 07777, 0600);
		assert_int_equal(st.st_mtim.tv_sec, 1000000000);
	}
	assert_int_equal(stat(downloaded("tree/docs/deep/empty"), &st), 0);
	assert_true(S_ISDIR(st.st_mode) && st.st_mtim.tv_sec == 1000000000);
	assert_int_equal(stat(downloaded("tree/docs"), &st), 0);
	assert_true(st.st_mtim.tv_sec == 1000000000 && (st.st_mode & 07777) == 0700);
	assert_true(exists(downloaded("tree/docs2")));
	expect_only("tree");
}

static uint64_t
items_bytes(void)
{
	uint64_t bytes = 0;
	for (size_t i = 0; i < ARRAY_LEN(items); i++)
		bytes += items[i].size;
	return bytes;
}

static void
a_folder_arrives_whole(void **state)
{
	(void)state;
	static const size_t steps[] = {1, 7, 4096, 1 << 20};
	struct buf all = BUF_INIT(1 << 20);
	make_sequence(&all, items, ARRAY_LEN(items));
	for (size_t i = 0; i < ARRAY_LEN(steps); i++) {
		struct buf name = BUF_INIT(256);
		struct sink *s = new_sink("tree", all.len, true);
		assert_int_equal(open_sink(s), 0);
		assert_int_equal(feed(s, &all, steps[i], all.len), 0);
		assert_false(exists(downloaded("tree")));
		assert_int_equal(sink_checkpoint(s), 0);
		assert_int_equal(sink_finish(s, &name), 0);
		assert_string_equal(buf_cstr(&name), "tree");
		expect_tree(&all, items_bytes());
		char *args[] = {(char[]){"/bin/rm"}, (char[]){"-r"}, downloaded("tree"), NULL};
		run_program(args);
		sink_destroy(s);
		buf_finish(&name);
	}
	buf_finish(&all);
}

static void
f5_all_files_of_a_folder_are_marked(void **state)
{
	(void)state;
	struct buf all = BUF_INIT(1 << 20), name = BUF_INIT(256);
	make_sequence(&all, items, ARRAY_LEN(items));
	struct sink *s = new_sink("tree", all.len, true);
	assert_int_equal(sink_set_origin(s, "romeo@mantua"), 0);
	assert_int_equal(open_sink(s), 0);
	assert_int_equal(feed(s, &all, 4096, all.len), 0);
	assert_int_equal(sink_finish(s, &name), 0);
	for (size_t i = 0; i < ARRAY_LEN(places); i++)
		expect_origin(downloaded(places[i].path), "xmpp:romeo@mantua");
	sink_destroy(s);
	buf_finish(&name);
	buf_finish(&all);
}

static void
an_empty_folder_arrives(void **state)
{
	(void)state;
	struct buf all = BUF_INIT(1 << 20);
	make_sequence(&all, NULL, 0);
	struct sink *s = new_sink("nothing", all.len, true);
	assert_int_equal(open_sink(s), 0);
	assert_int_equal(sink_finish(s, NULL), ERR_PROTO);
	assert_int_equal(feed(s, &all, 100, all.len), 0);
	assert_int_equal(sink_finish(s, NULL), 0);
	expect_only("nothing");
	sink_destroy(s);
	buf_finish(&all);
}

static void
f3_a_manifest_that_lies_is_refused(void **state)
{
	(void)state;
	static const struct item bad[] = {{'f', 1, "a", 5}, {'f', 1, "..", 5}};
	struct buf all = BUF_INIT(1 << 20);
	make_sequence(&all, items, ARRAY_LEN(items));
	/* more bytes than were offered, or fewer */
	struct sink *s = new_sink("tree", all.len + 1, true);
	assert_int_equal(open_sink(s), 0);
	assert_int_equal(feed(s, &all, 1000, all.len), ERR_PROTO);
	assert_int_equal(sink_write(s, "x", 1), ERR_PROTO);
	sink_discard(s);
	sink_destroy(s);
	buf_clear(&all);
	make_sequence(&all, bad, ARRAY_LEN(bad));
	s = new_sink("tree", all.len, true);
	assert_int_equal(open_sink(s), 0);
	assert_int_equal(feed(s, &all, 1000, all.len), ERR_PROTO);
	/* before anything it lists was made */
	assert_false(exists(downloaded(PART "/a")));
	sink_discard(s);
	sink_destroy(s);
	buf_clear(&all);
	buf_str(&all, "this is no manifest, and it goes on for longer than its header");
	s = new_sink("tree", all.len, true);
	assert_int_equal(open_sink(s), 0);
	assert_int_equal(feed(s, &all, 1, all.len), ERR_PROTO);
	sink_discard(s);
	expect_only("");
	sink_destroy(s);
	buf_finish(&all);
}

/* ---- going on ---- */

static void
sha256_of(const struct buf *all, uint64_t len, uint8_t out[DIGEST_SHA256_SIZE])
{
	assert_int_equal(digest_sha256(all->data, (size_t)len, out), 0);
}

/* As after kill -9 of the daemon: a new sink, told of a checkpoint. */
static uint64_t
resume(struct sink **s, const struct buf *all, bool folder, uint64_t checkpoint)
{
	uint8_t digest[DIGEST_SHA256_SIZE], found[DIGEST_SHA256_SIZE];
	struct digest_run *d;
	uint64_t offset;
	sink_destroy(*s);
	*s = new_sink("tree", all->len, folder);
	sha256_of(all, checkpoint, digest);
	sink_expect(*s, checkpoint, digest);
	assert_int_equal(digest_run_create(&d), 0);
	assert_int_equal(sink_open(*s, &offset, d), 0);
	sha256_of(all, offset, digest);
	assert_int_equal(digest_run_value(d, found), 0);
	assert_memory_equal(found, digest, sizeof(found));
	digest_run_destroy(d);
	return offset;
}

static void
f4_a_file_goes_on_from_its_checkpoint(void **state)
{
	(void)state;
	struct buf all = BUF_INIT(1 << 20);
	for (uint64_t i = 0; i < 600000; i++)
		buf_char(&all, byte_at(i));
	struct sink *s = new_sink("tree", all.len, false);
	assert_int_equal(open_sink(s), 0);
	assert_int_equal(feed(s, &all, 4096, 500000), 0);
	assert_int_equal(resume(&s, &all, false, 300000), 300000);
	struct stat st;
	assert_int_equal(stat(downloaded(PART), &st), 0);
	assert_int_equal(st.st_size, 300000); /* what came after it is not believed */
	assert_int_equal(feed(s, &all, 4096, all.len), 0);
	assert_int_equal(sink_finish(s, NULL), 0);
	assert_true(holds(downloaded("tree"), all.data, all.len));
	expect_only("tree");
	sink_destroy(s);
	buf_finish(&all);
}

static void
f4_what_is_not_what_it_was_begins_again(void **state)
{
	(void)state;
	struct buf all = BUF_INIT(1 << 20);
	for (uint64_t i = 0; i < 100000; i++)
		buf_char(&all, byte_at(i));
	struct sink *s = new_sink("tree", all.len, false);
	assert_int_equal(open_sink(s), 0);
	assert_int_equal(feed(s, &all, 4096, 50000), 0);
	int fd = open(downloaded(PART), O_WRONLY);
	assert_int_equal(lseek(fd, 20000, SEEK_SET), 20000);
	assert_int_equal(write(fd, "?", 1), 1);
	(void)close(fd);
	assert_int_equal(resume(&s, &all, false, 40000), 0);
	assert_int_equal(feed(s, &all, 4096, 50000), 0);
	assert_int_equal(truncate(downloaded(PART), 30000), 0);
	assert_int_equal(resume(&s, &all, false, 40000), 0);
	assert_int_equal(unlink(downloaded(PART)), 0);
	assert_int_equal(resume(&s, &all, false, 40000), 0);
	/* something else in its place is neither followed nor read */
	assert_int_equal(unlink(downloaded(PART)), 0);
	assert_int_equal(symlink(at("outside/diary"), downloaded(PART)), 0);
	assert_int_equal(resume(&s, &all, false, 5), 0);
	assert_int_equal(feed(s, &all, 4096, all.len), 0);
	assert_int_equal(sink_finish(s, NULL), 0);
	assert_true(holds(downloaded("tree"), all.data, all.len));
	assert_true(holds_text(at("outside/diary"), "dear diary"));
	sink_destroy(s);
	buf_finish(&all);
}

static void
f4_a_folder_goes_on_from_any_checkpoint(void **state)
{
	(void)state;
	struct buf all = BUF_INIT(1 << 20);
	make_sequence(&all, items, ARRAY_LEN(items));
	uint64_t manifest = all.len - items_bytes();
	for (uint64_t checkpoint = 1; checkpoint < all.len; checkpoint += 997) {
		struct sink *s = new_sink("tree", all.len, true);
		assert_int_equal(open_sink(s), 0);
		uint64_t until = checkpoint + 3000 < all.len ? checkpoint + 3000 : all.len;
		assert_int_equal(feed(s, &all, 512, until), 0);
		uint64_t offset = resume(&s, &all, true, checkpoint);
		assert_int_equal(offset, checkpoint < manifest ? 0 : checkpoint);
		assert_int_equal(feed(s, &all, 4096, all.len), 0);
		assert_int_equal(sink_finish(s, NULL), 0);
		expect_tree(&all, items_bytes());
		char *args[] = {(char[]){"/bin/rm"}, (char[]){"-r"}, downloaded("tree"), NULL};
		run_program(args);
		sink_destroy(s);
	}
	buf_finish(&all);
}

static void
f4_a_folder_that_is_not_what_it_was_begins_again(void **state)
{
	(void)state;
	struct buf all = BUF_INIT(1 << 20);
	make_sequence(&all, items, ARRAY_LEN(items));
	uint64_t checkpoint = all.len - 1000;
	struct sink *s = new_sink("tree", all.len, true);
	assert_int_equal(open_sink(s), 0);
	assert_int_equal(feed(s, &all, 4096, checkpoint), 0);
	assert_int_equal(unlink(downloaded(PART "/a_b (2)")), 0);
	assert_int_equal(resume(&s, &all, true, checkpoint), 0);
	assert_int_equal(feed(s, &all, 4096, checkpoint), 0);
	assert_int_equal(unlink(downloaded(TREE)), 0);
	assert_int_equal(resume(&s, &all, true, checkpoint), 0);
	assert_int_equal(feed(s, &all, 4096, checkpoint), 0);
	assert_int_equal(rename(downloaded(PART "/docs"), at("outside/docs")), 0);
	assert_int_equal(symlink(at("outside/docs"), downloaded(PART "/docs")), 0);
	assert_int_equal(resume(&s, &all, true, checkpoint), 0);
	assert_true(exists(at("outside/docs/run.sh")));
	assert_int_equal(feed(s, &all, 4096, all.len), 0);
	assert_int_equal(sink_finish(s, NULL), 0);
	expect_tree(&all, items_bytes());
	sink_destroy(s);
	buf_finish(&all);
}

/* ---- full disks ---- */

/* Every write fails once; then it goes on to the end, or is thrown away. */
static void
fail_everywhere(bool folder, int with, int expected)
{
	struct buf all = BUF_INIT(1 << 20);
	make_sequence(&all, items, ARRAY_LEN(items));
	for (int index = 0;; index++) {
		struct sink *s = new_sink("tree", all.len, folder);
		assert_int_equal(open_sink(s), 0);
		break_disk(index, with);
		int err = feed(s, &all, 2048, all.len);
		bool failed = writes > index;
		break_disk(-1, 0);
		assert_int_equal(err, failed ? expected : 0);
		assert_false(exists(downloaded("tree")));
		if (index % 2 == 0) {
			assert_int_equal(open_sink(s), sink_offset(s));
			assert_int_equal(feed(s, &all, 2048, all.len), 0);
			assert_int_equal(sink_finish(s, NULL), 0);
			if (folder)
				expect_tree(&all, items_bytes());
			else
				assert_true(holds(downloaded("tree"), all.data, all.len));
			char *args[] = {
			    (char[]){"/bin/rm"}, (char[]){"-r"}, downloaded("tree"), NULL};
			run_program(args);
		} else {
			sink_discard(s);
		}
		expect_only("");
		sink_destroy(s);
		if (!failed)
			break;
		assert_true(index < 10000);
	}
	buf_finish(&all);
}

static void
f3_a_full_disk_at_every_write_of_a_file(void **state)
{
	(void)state;
	fail_everywhere(false, ENOSPC, -ENOSPC);
	fail_everywhere(false, EDQUOT, -EDQUOT);
}

static void
f3_a_full_disk_at_every_write_of_a_folder(void **state)
{
	(void)state;
	fail_everywhere(true, ENOSPC, -ENOSPC);
	fail_everywhere(true, EDQUOT, -EDQUOT);
}

static void
writes_may_be_short_and_broken_off(void **state)
{
	(void)state;
	fail_everywhere(false, 0, 0);
	fail_everywhere(true, 0, 0);
}

/* A real one, on which the porter has no room either: files of it are used up one by one. */
static int
fill_up(int inodes_left)
{
	int count = 0;
	for (;; count++) {
		char name[32];
		(void)snprintf(name, sizeof(name), "filler%d", count);
		int fd = open(downloaded(name), O_WRONLY | O_CREAT | O_EXCL, 0600);
		if (fd < 0)
			break;
		(void)close(fd);
	}
	assert_true(count >= inodes_left);
	for (int i = 0; i < inodes_left; i++) {
		char name[32];
		(void)snprintf(name, sizeof(name), "filler%d", --count);
		assert_int_equal(unlink(downloaded(name)), 0);
	}
	return count;
}

static void
make_room(int count)
{
	while (count > 0) {
		char name[32];
		(void)snprintf(name, sizeof(name), "filler%d", --count);
		assert_int_equal(unlink(downloaded(name)), 0);
	}
}

static void
try_small(int left, const struct buf *all)
{
	struct sink *s = new_sink("tree", all->len, true);
	assert_int_equal(open_sink(s), 0);
	int fillers = fill_up(left);
	int err = feed(s, all, 2048, all->len);
	if (!err)
		err = sink_finish(s, NULL); /* what has no bytes is made here */
	make_room(fillers);
	if (left < (int)ARRAY_LEN(items)) {
		assert_int_equal(err, -ENOSPC);
		assert_false(exists(downloaded("tree")));
		assert_int_equal(open_sink(s), sink_offset(s));
		assert_int_equal(feed(s, all, 2048, all->len), 0);
		err = sink_finish(s, NULL);
	}
	assert_int_equal(err, 0);
	expect_tree(all, items_bytes());
	char *args[] = {(char[]){"/bin/rm"}, (char[]){"-r"}, downloaded("tree"), NULL};
	run_program(args);
	sink_destroy(s);
}

static void
f3_no_room_for_any_of_the_files(void **state)
{
	(void)state;
	struct buf all = BUF_INIT(1 << 20);
	porter_stop(porter);
	porter = NULL;
	if (!mount_downloads("size=512k,nr_inodes=64,mode=700")) {
		print_message("skipped: no file system can be mounted here\n");
		return;
	}
	start_porter();
	make_sequence(&all, items, ARRAY_LEN(items));
	for (int left = 0; left <= (int)ARRAY_LEN(items) + 1; left++)
		try_small(left, &all);
	buf_finish(&all);
	porter_stop(porter);
	porter = NULL;
	assert_int_equal(umount(at("Downloads")), 0);
}

static void
a_killed_porter_leaves_no_name(void **state)
{
	(void)state;
	struct sink *s = new_sink("letter", 5, false);
	assert_int_equal(open_sink(s), 0);
	assert_int_equal(kill(porter_pid(), SIGKILL), 0);
	assert_int_equal(sink_write(s, "hello", 5), 0); /* the descriptor is ours */
	assert_int_equal(sink_finish(s, NULL), ERR_PORTER);
	sink_destroy(s);
	expect_only(PART);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    CASE(a_file_gets_its_name_when_it_is_whole),
	    CASE(f1_times_that_cannot_be_are_not_taken),
	    CASE(f5_a_file_is_marked_as_somebody_elses),
	    CASE(f5_all_files_of_a_folder_are_marked),
	    CASE(f3_the_declared_size_is_a_limit),
	    CASE(f3_too_little_space_is_refused_early),
	    CASE(a_folder_arrives_whole),
	    CASE(an_empty_folder_arrives),
	    CASE(f3_a_manifest_that_lies_is_refused),
	    CASE(f4_a_file_goes_on_from_its_checkpoint),
	    CASE(f4_what_is_not_what_it_was_begins_again),
	    CASE(f4_a_folder_goes_on_from_any_checkpoint),
	    CASE(f4_a_folder_that_is_not_what_it_was_begins_again),
	    CASE(f3_a_full_disk_at_every_write_of_a_file),
	    CASE(f3_a_full_disk_at_every_write_of_a_folder),
	    CASE(writes_may_be_short_and_broken_off),
	    CASE(a_killed_porter_leaves_no_name),
	    CASE(f3_no_room_for_any_of_the_files),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
