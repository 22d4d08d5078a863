#include "base/file.h"
#include "base/limits.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "../support/world.h"

#include <sys/stat.h>
#include <unistd.h>

/* An 8 byte header and a byte: as far as we look, a PNG. */
#define PNG "89504e470d0a1a0a00"

static const struct feature *const no_features[] = {NULL};
static char folder[64];

static void
path_of(char out[128], const char *name)
{
	(void)snprintf(out, 128, "%s/earshot/%s", folder, name);
}

static int
set_up(void **state)
{
	char path[128];
	(void)state;
	(void)snprintf(folder, sizeof(folder), "/tmp/test_own.XXXXXX");
	// NOLINTNEXTLINE(concurrency-mt-unsafe): there is one thread
	if (!mkdtemp(folder) || setenv("XDG_STATE_HOME", folder, 1) != 0)
		return -1;
	path_of(path, "");
	return mkdir(path, 0700) != 0 ? -1 : world_begin(no_features);
}

static int
tear_down(void **state)
{
	static const char *const names[] = {"profile", "profile.damaged", ""};
	char path[128];
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		path_of(path, names[i]);
		(void)remove(path);
	}
	(void)rmdir(folder);
	return world_end();
}

static void
call(struct ipc_call *c, const char *method, const char *params)
{
	call_method(c, own_methods, method, params);
	assert_int_equal(c->answers, 1);
}

static void
expect_done(const char *method, const char *params)
{
	struct ipc_call c;
	call(&c, method, params);
	assert_string_equal(c.reason, "");
	call_finish(&c);
}

static void
expect_refused(const char *method, const char *params, const char *reason)
{
	struct ipc_call c;
	call(&c, method, params);
	assert_string_equal(c.reason, reason);
	call_finish(&c);
}

static void
what_was_set_is_there_after_a_restart(void **state)
{
	(void)state;
	struct own own;
	expect_done("set.name", "{\"text\":\"Juliet Maria Capulet\"}");
	expect_done("set.nick", "{\"text\":\"Julie\"}");
	expect_done("status", "{\"status\":\"dnd\",\"text\":\"on the balcony\"}");
	expect_done("set.avatar", "{\"data\":\"" PNG "\"}");
	assert_int_equal(own_load(&own), 0);
	assert_string_equal(own.full_name, "Juliet Maria Capulet");
	assert_string_equal(own.nick, "Julie");
	assert_string_equal(own.text, "on the balcony");
	assert_int_equal(own.status, TXT_DND);
	assert_int_equal(own.picture.len, 9);
	assert_string_equal(own.picture.hash, world.r.own.picture.hash);
	own_finish(&own);

	struct txt txt;
	own_txt(&world.r, &txt);
	assert_string_equal(txt.first, "Juliet Maria");
	assert_string_equal(txt.last, "Capulet");
	assert_string_equal(txt.phsh, world.r.own.picture.hash);
}

static void
a_new_status_ends_the_old_text(void **state)
{
	(void)state;
	expect_done("status", "{\"status\":\"away\",\"text\":\"lunch\"}");
	expect_done("status", "{\"text\":\"long lunch\"}");
	assert_int_equal(world.r.own.status, TXT_AWAY);
	expect_done("status", "{\"status\":\"available\"}");
	assert_string_equal(world.r.own.text, "");
}

static void
names_stay_off_the_network_on_request(void **state)
{
	(void)state;
	struct txt txt;
	world.r.own.publish_name = false;
	expect_done("set.nick", "{\"text\":\"Julie\"}");
	own_txt(&world.r, &txt);
	assert_string_equal(txt.first, "");
	assert_string_equal(txt.nick, "");
}

static void
expect_announced(const char *expected)
{
	struct txt txt;
	struct buf strings[TXT_STRINGS], all = BUF_INIT(LIMIT_TXT_RECORD);
	own_txt(&world.r, &txt);
	size_t count = txt_write(&txt, strings);
	for (size_t i = 0; i < count; i++)
		buf_fmt(&all, "%s\n", buf_cstr(&strings[i]));
	for (size_t i = 0; i < TXT_STRINGS; i++)
		buf_finish(&strings[i]);
	assert_string_equal(buf_cstr(&all), expected);
	buf_finish(&all);
}

#define HINT "id=80808080808080808080808080808080\n"

static void
n2_what_is_announced_byte_by_byte(void **state)
{
	(void)state;
	expect_done("set.name", "{\"text\":\"Juliet Capulet\"}");
	expect_done("set.nick", "{\"text\":\"Julie\"}");
	expect_done("status", "{\"status\":\"available\",\"text\":\"\"}");
	expect_done("set.avatar", "{\"data\":\"\"}");
	world.r.own.ver[0] = '\0';
	world.r.own.publish_name = true;
	expect_announced("txtvers=1\n1st=Juliet\nlast=Capulet\nport.p2pj=5298\nstatus=avail\nvc=!\n"
			 "nick=Julie\nnode=earshot\n");
	we_have_a_key();
	expect_announced("txtvers=1\n1st=Juliet\nlast=Capulet\nport.p2pj=5298\nstatus=avail\nvc=!\n"
			 "nick=Julie\nnode=earshot\n" HINT);
	world.r.own.publish_name = false;
	expect_announced("txtvers=1\n1st=\nlast=\nport.p2pj=5298\nstatus=avail\nvc=!\nnick=\n"
			 "node=earshot\n" HINT);
	expect_done("status", "{\"status\":\"away\",\"text\":\"lunch\"}");
	expect_announced("txtvers=1\n1st=\nlast=\nport.p2pj=5298\nstatus=away\nvc=!\nnick=\n"
			 "node=earshot\n" HINT "msg=lunch\n");
}

static void
a_bad_picture_leaves_the_good_one(void **state)
{
	(void)state;
	expect_done("set.avatar", "{\"data\":\"" PNG "\"}");
	expect_refused("set.avatar", "{\"data\":\"zz\"}", IPC_INVALID);
	expect_refused("set.avatar", "{\"data\":\"8\"}", IPC_INVALID);
	expect_refused("set.avatar", "{\"data\":\"3c7376673e00000000\"}", IPC_INVALID);
	struct buf too_big = BUF_INIT((size_t)4 * LIMIT_AVATAR);
	buf_str(&too_big, "{\"data\":\"");
	for (int i = 0; i <= LIMIT_AVATAR; i++)
		buf_str(&too_big, "89");
	buf_str(&too_big, "\"}");
	expect_refused("set.avatar", buf_cstr(&too_big), IPC_INVALID);
	buf_finish(&too_big);
	expect_refused("set.avatar", "{}", IPC_INVALID);
	assert_int_equal(world.r.own.picture.len, 9);
	expect_done("set.avatar", "{\"data\":\"\"}");
	assert_null(world.r.own.picture.data);
	assert_string_equal(world.r.own.picture.hash, "");
}

static void
what_cannot_be_kept_does_not_hold(void **state)
{
	(void)state;
	expect_done("set.nick", "{\"text\":\"Julie\"}");
	expect_done("set.avatar", "{\"data\":\"" PNG "\"}");
	// NOLINTNEXTLINE(concurrency-mt-unsafe): there is one thread
	assert_int_equal(setenv("XDG_STATE_HOME", "/proc/self/nowhere", 1), 0);
	expect_refused("set.nick", "{\"text\":\"Romeo\"}", IPC_INTERNAL);
	expect_refused("status", "{\"status\":\"away\"}", IPC_INTERNAL);
	expect_refused("set.avatar", "{\"data\":\"\"}", IPC_INTERNAL);
	assert_string_equal(world.r.own.nick, "Julie");
	assert_int_equal(world.r.own.status, TXT_AVAILABLE);
	assert_int_equal(world.r.own.picture.len, 9);
}

static void
what_is_too_long_or_unknown_is_refused(void **state)
{
	(void)state;
	char params[400];
	(void)snprintf(params, sizeof(params), "{\"text\":\"%0*d\"}", LIMIT_STATUS_TEXT + 1, 0);
	expect_refused("status", params, IPC_INVALID);
	expect_refused("set.nick", params, IPC_INVALID);
	expect_refused("status", "{\"status\":\"asleep\"}", IPC_INVALID);
	expect_refused("set.name", "{}", IPC_INVALID);
}

static void
write_profile(const char *text)
{
	char path[128];
	path_of(path, "profile");
	assert_int_equal(file_write(path, text, strlen(text)), 0);
}

static void
a_damaged_profile_is_set_aside(void **state)
{
	(void)state;
	static const char *const damaged[] = {"", "{\"nick\":\"Ju", "[]", "{\"nick\":\"\xff\"}"};
	for (size_t i = 0; i < ARRAY_LEN(damaged); i++) {
		struct own own;
		char path[128];
		struct buf kept = BUF_INIT(1000);
		write_profile(damaged[i]);
		assert_int_equal(own_load(&own), 0);
		assert_string_equal(own.nick, "");
		own_finish(&own);
		path_of(path, "profile.damaged");
		assert_int_equal(file_read(path, &kept), 0);
		assert_string_equal(buf_cstr(&kept), damaged[i]);
		buf_finish(&kept);
		assert_int_equal(remove(path), 0);
	}
}

static void
odd_values_get_their_defaults(void **state)
{
	(void)state;
	struct own own;
	write_profile("{\"nick\":7,\"status\":\"asleep\",\"avatar\":\"zz\",\"full_name\":\"J\","
		      "\"fixed\":[\"192.0.2.1:5298\",7,null],\"of\":\"a later version\"}");
	assert_int_equal(own_load(&own), 0);
	assert_string_equal(own.full_name, "J");
	assert_string_equal(own.nick, "");
	assert_int_equal(own.status, TXT_AVAILABLE);
	assert_null(own.picture.data);
	assert_int_equal(value_count(own.fixed), 1);
	assert_int_equal(own_save(&own), 0);
	own_finish(&own);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(what_was_set_is_there_after_a_restart),
	    TEST(a_new_status_ends_the_old_text),
	    TEST(names_stay_off_the_network_on_request),
	    TEST(n2_what_is_announced_byte_by_byte),
	    TEST(a_bad_picture_leaves_the_good_one),
	    TEST(what_cannot_be_kept_does_not_hold),
	    TEST(what_is_too_long_or_unknown_is_refused),
	    TEST(a_damaged_profile_is_set_aside),
	    TEST(odd_values_get_their_defaults),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
