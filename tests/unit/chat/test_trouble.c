/* What conversations do while the disk takes nothing, and after it does again. On a real store on a
 * disk that fails as it is told, in a world that the test plays. */
#include "base/limits.h"
#include "chat/chat.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "../store/disk.h"
#include "talk.h"

static struct stream *
romeo_dials(void)
{
	int err;
	struct stream *s = dials_us(ROMEO, "192.0.2.1", &err);
	settle();
	return s;
}

static void
disk_works_again(void)
{
	disk_heal();
	for (unsigned i = 0; i < 10 && kept.trouble; i++) {
		world.now += 1500; /* the store tries once a second */
		settle();
	}
	assert_int_equal(kept.trouble, 0);
	settle();
}

static void
calls_fail_with_the_reason_and_reading_goes_on(void **state)
{
	(void)state;
	struct ipc_call call;
	char id[RANDOM_ID_SIZE], params[128];
	romeo(TXT_CLIENT_EARSHOT);
	struct stream *s = romeo_dials();
	say_text("before", id);
	confirms_it(s, id);
	buf_clear(&world.sent);
	buf_clear(&world.events);
	disk_fail(0, 0, SQLITE_FULL, ENOSPC);
	send_text(&call, "lost");
	assert_string_equal(call.reason, IPC_DISK);
	assert_non_null(strstr(call.text, "the disk is full"));
	call_finish(&call);
	assert_int_equal(kept.trouble, -ENOSPC);
	(void)snprintf(
	    params, sizeof(params), "{\"peer\":\"romeo\",\"id\":\"%s\",\"text\":\"x\"}", id);
	call_method(&call, feature_correction.methods, "edit", params);
	settle();
	assert_string_equal(call.reason, IPC_DISK);
	call_finish(&call);
	call_method(&call, feature_markers.methods, "seen", "{\"peer\":\"romeo\"}");
	settle();
	assert_int_equal(call.answers, 1);
	call_finish(&call);
	call_method(&call, feature_retraction.methods, "retract", params);
	settle();
	assert_string_equal(call.reason, IPC_DISK);
	call_finish(&call);
	call_method(&call, feature_history.methods, "forget", "{\"peer\":\"romeo\"}");
	settle();
	assert_string_equal(call.reason, IPC_DISK);
	call_finish(&call);
	expect_newest("delivered");
	assert_int_equal(world.sent.len, 0);
	expect_events("");
	disk_works_again();
	assert_int_equal(world.sent.len, 0); /* what failed stays undone */
	say_text("after", id);
	assert_int_equal(times_sent(BODY("after")), 1);
}

static void
what_waits_is_sent_when_it_works_again(void **state)
{
	(void)state;
	char one[RANDOM_ID_SIZE], two[RANDOM_ID_SIZE];
	leaves(romeo(TXT_CLIENT_EARSHOT));
	say_text("one", one);
	say_text("two", two);
	disk_fail(0, 0, SQLITE_FULL, ENOSPC);
	romeo(TXT_CLIENT_EARSHOT);
	struct stream *s = romeo_dials();
	/* that it may have been sent could not be written down, so it was not */
	assert_int_equal(world.sent.len, 0);
	disk_works_again();
	const char *sent = buf_cstr(&world.sent);
	assert_non_null(strstr(sent, BODY("one")));
	assert_true(strstr(sent, BODY("one")) < strstr(sent, BODY("two")));
	confirms_it(s, one);
	confirms_it(s, two);
	expect_newest("delivered");
}

static void
a_receipt_that_could_not_be_kept_is_asked_for_again(void **state)
{
	(void)state;
	char id[RANDOM_ID_SIZE];
	romeo(TXT_CLIENT_EARSHOT);
	struct stream *s = romeo_dials();
	say_text("hello", id);
	hands_over(s);
	settle();
	disk_fail(0, 0, SQLITE_FULL, ENOSPC);
	confirms_it(s, id);
	expect_newest("queued");
	buf_clear(&world.sent);
	disk_works_again();
	assert_int_equal(times_sent(BODY("hello")), 1); /* they have it, and say so once more */
	confirms_it(s, id);
	expect_newest("delivered");
}

static void
what_was_not_cancelled_is_sent(void **state)
{
	(void)state;
	struct ipc_call call;
	char id[RANDOM_ID_SIZE], params[128];
	leaves(romeo(TXT_CLIENT_EARSHOT));
	say_text("hello", id);
	disk_fail(0, 0, SQLITE_FULL, ENOSPC);
	(void)snprintf(params, sizeof(params), "{\"peer\":\"romeo\",\"id\":\"%s\"}", id);
	call_chat(&call, "cancel", params);
	assert_string_equal(call.reason, IPC_DISK);
	call_finish(&call);
	disk_works_again();
	romeo(TXT_CLIENT_EARSHOT);
	romeo_dials();
	assert_int_equal(times_sent(BODY("hello")), 1);
}

static void
the_end_comes_in_trouble_too(void **state)
{
	(void)state;
	static struct ipc_call call;
	char id[RANDOM_ID_SIZE];
	leaves(romeo(TXT_CLIENT_EARSHOT));
	say_text("kept", id);
	disk_fail(0, 0, SQLITE_FULL, ENOSPC);
	call_method(&call, feature_chat.methods, "send", "{\"peer\":\"romeo\",\"text\":\"lost\"}");
	assert_int_equal(world_end(), 0);
	assert_int_equal(call.answers, 1);
	assert_string_equal(call.reason, IPC_DISK);
	call_finish(&call);
	disk_heal();
	kept_begin(features);
	expect_newest("queued");
	romeo(TXT_CLIENT_EARSHOT);
	romeo_dials();
	assert_int_equal(times_sent(BODY("kept")), 1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(calls_fail_with_the_reason_and_reading_goes_on),
	    TEST(what_waits_is_sent_when_it_works_again),
	    TEST(a_receipt_that_could_not_be_kept_is_asked_for_again),
	    TEST(what_was_not_cancelled_is_sent),
	    TEST(the_end_comes_in_trouble_too),
	};
	return disk_begin() ? 1 : cmocka_run_group_tests(tests, NULL, NULL);
}
