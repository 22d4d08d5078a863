/* Received bytes on their way to a name (F1-F4). */
#define _GNU_SOURCE /* renameat2 */
#include "base/err.h"
#include "base/limits.h"
#include "home.h"
#include "tls/digest.h"
#include "transfer/sink.h"
#include "transfer/tree.h"

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

static void
a_file_gets_its_name_when_it_is_whole(void **state)
{
	(void)state;
	struct buf name = BUF_INIT(256);
	struct stat st;
	struct sink *s = new_sink("../../evil/photo.jpg", 5, false);
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
	assert_false(exists(downloaded(PART)));
	assert_int_equal(stat(downloaded("photo.jpg"), &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	assert_int_equal(st.st_mtim.tv_sec, 1000000000);
	sink_destroy(s);
	buf_finish(&name);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    CASE(a_file_gets_its_name_when_it_is_whole),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
