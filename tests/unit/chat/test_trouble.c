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

#include "../support/keyed.h"

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

/* ---- keys ---- */

extern const struct feature feature_trust;

/* With what decides about keys, in a world where people have some. */
static void
begin_keyed(void)
{
	static const struct feature *keyed[ARRAY_LEN(features) + 1] = {&feature_trust};
	for (size_t i = 0; i < ARRAY_LEN(features); i++)
		keyed[i + 1] = features[i];
	kept_begin(keyed);
	we_have_a_key();
}

static int
set_up_keyed(void **state)
{
	(void)state;
	begin_keyed();
	return 0;
}

static void
decide(struct ipc_call *call, const char *method)
{
	call_method(call, feature_trust.methods, method, "{\"peer\":\"romeo@forza\"}");
	settle();
	assert_int_equal(call->answers, 1);
}

/* A key whose end is not on disk stays, here and there: what waits for it must go to no other. */
static void
n4_a_key_that_could_not_be_forgotten_is_known_still(void **state)
{
	(void)state;
	int err;
	struct ipc_call call;
	struct tls_peer key = key_of_number(1), other = key_of_number(2);
	char id[RANDOM_ID_SIZE];
	leaves(romeo_with_key(&key));
	say_text("for that key", id);
	disk_fail(0, 0, SQLITE_FULL, ENOSPC);
	decide(&call, "trust.forget");
	assert_string_equal(call.reason, IPC_DISK);
	assert_non_null(strstr(call.text, "was not forgotten"));
	call_finish(&call);
	assert_string_equal(trust_of(ROMEO), "known");
	disk_works_again();
	ends(dials_with_key(ROMEO, HOME, &other, &err), ERR_KEY);
	assert_int_equal(err, ERR_KEY);
	assert_int_equal(times_sent(BODY("for that key")), 0);
	expect_newest("queued");
	assert_int_equal(world_end(), 0);
	begin_keyed();
	assert_true(tls_id_equal(&person_called(ROMEO)->key, &key.id));
	decide(&call, "trust.forget");
	assert_string_equal(call.reason, "");
	call_finish(&call);
	assert_false(person_called(ROMEO)->has_key);
	expect_newest("failed");
	assert_int_equal(world_end(), 0);
	begin_keyed();
	assert_false(person_called(ROMEO)->has_key);
	assert_string_equal(trust_of(ROMEO), "new"); /* nobody in plain takes its place */
}

/* The key was a refused one's, and that is on disk. */
static void
another_key_that_was_accepted_is_kept_once_it_can_be(void **state)
{
	(void)state;
	int err;
	struct ipc_call call;
	struct tls_peer key = key_of_number(1), other = key_of_number(2);
	romeo_with_key(&key);
	ends(dials_with_key(ROMEO, HOME, &other, &err), ERR_KEY);
	settle();
	disk_fail(0, 0, SQLITE_FULL, ENOSPC);
	decide(&call, "trust.accept-new-key");
	assert_string_equal(call.reason, IPC_DISK);
	call_finish(&call);
	disk_works_again();
	assert_int_equal(world_end(), 0);
	begin_keyed();
	assert_true(tls_id_equal(&person_called(ROMEO)->key, &other.id));
	assert_string_equal(trust_of(ROMEO), "known");
	assert_null(roster_get(&world.r, ROMEO "#02020202"));
}

#define KEYED(name) cmocka_unit_test_setup_teardown(name, set_up_keyed, tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(calls_fail_with_the_reason_and_reading_goes_on),
	    TEST(what_waits_is_sent_when_it_works_again),
	    TEST(a_receipt_that_could_not_be_kept_is_asked_for_again),
	    TEST(what_was_not_cancelled_is_sent),
	    TEST(the_end_comes_in_trouble_too),
	    KEYED(n4_a_key_that_could_not_be_forgotten_is_known_still),
	    KEYED(another_key_that_was_accepted_is_kept_once_it_can_be),
	};
	return disk_begin() ? 1 : cmocka_run_group_tests(tests, NULL, NULL);
}
