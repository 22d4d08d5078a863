#include "base/limits.h"
#include "chat/chat.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "../support/world.h"

#include "../support/romeo.h"

extern const struct feature feature_chat, feature_receipts, feature_attention;
static const struct feature *const features[] = {
    &feature_chat, &feature_receipts, &feature_attention, NULL};

static int
set_up(void **state)
{
	(void)state;
	return world_begin(features);
}

static int
tear_down(void **state)
{
	(void)state;
	return world_end();
}

static void
send_text(struct ipc_call *call, const char *text)
{
	char params[128];
	(void)snprintf(params, sizeof(params), "{\"peer\":\"romeo\",\"text\":\"%s\"}", text);
	call_method(call, feature_chat.methods, "send", params);
}

/* How often this was put onto a stream since the last look. */
static unsigned
times_sent(const char *text)
{
	unsigned count = 0;
	for (const char *at = buf_cstr(&world.sent); (at = strstr(at, text)); at++)
		count++;
	buf_clear(&world.sent);
	return count;
}

#define BODY(text) "<body>" text "</body>"

static void
a_message_is_answered_when_the_kernel_has_it(void **state)
{
	(void)state;
	int err;
	struct ipc_call call;
	romeo(TXT_CLIENT_LIBPURPLE);
	struct stream *s = dials_us(ROMEO, "192.0.2.1", &err);
	send_text(&call, "hello");
	assert_int_equal(call.answers, 0);
	hands_over(s);
	assert_int_equal(call.answers, 1);
	assert_string_equal(value_str(call.result, "state"), "handed over");
	assert_string_equal(value_str(call.result, "peer"), ROMEO);
	call_finish(&call);
}

static void
nobody_there_is_one_sentence(void **state)
{
	(void)state;
	struct ipc_call call;
	struct discovery_entry *e = romeo(TXT_CLIENT_LIBPURPLE);
	send_text(&call, "hello");
	ends(dialled_for(ROMEO), -ECONNREFUSED);
	resolved(0);
	ends(dialled_for(ROMEO), -ECONNREFUSED);
	assert_int_equal(call.answers, 1);
	assert_string_equal(call.reason, IPC_UNREACHABLE);
	assert_non_null(strstr(call.text, "cannot be reached (Connection refused)"));
	assert_non_null(strstr(buf_cstr(&world.events), "receipt failed"));
	call_finish(&call);
	leaves(e);
	send_text(&call, "hello");
	assert_string_equal(call.reason, IPC_ABSENT);
	assert_string_equal(call.text, ROMEO " is not here; the message was not sent.");
	call_finish(&call);
	assert_int_equal(times_sent("hello"), 0);
}

static void
what_makes_no_sense_is_not_sent(void **state)
{
	(void)state;
	struct ipc_call call;
	romeo(TXT_CLIENT_LIBPURPLE);
	send_text(&call, "");
	assert_string_equal(call.reason, IPC_INVALID);
	call_finish(&call);
	call_method(&call, feature_chat.methods, "send", "{\"peer\":\"mercutio\",\"text\":\"x\"}");
	assert_string_equal(call.reason, IPC_UNKNOWN);
	call_finish(&call);
	call_method(&call, feature_chat.methods, "send", "{\"text\":\"x\"}");
	assert_string_equal(call.reason, IPC_INVALID);
	call_finish(&call);
	assert_null(person_called(ROMEO)->dialled);
}

/* ---- streams that die (R10) ---- */

static void
of_crossing_streams_one_dies_with_words_on_it(void **state)
{
	(void)state;
	int err;
	struct ipc_call one, two;
	romeo(TXT_CLIENT_LIBPURPLE);
	struct stream *first = dials_us(ROMEO, "192.0.2.1", &err);
	send_text(&one, "one");
	hands_over(first);
	send_text(&two, "two"); /* the kernel never gets it */
	assert_int_equal(times_sent(BODY("one")), 1);
	struct stream *second = dials_us(ROMEO, "192.0.2.1", &err);
	buf_clear(&world.sent);
	ends(first, 0);
	const char *sent = buf_cstr(&world.sent);
	assert_true(strstr(sent, BODY("one")) < strstr(sent, BODY("two")));
	assert_int_equal(times_sent("<message "), 2);
	assert_int_equal(two.answers, 0);
	hands_over(second);
	assert_int_equal(two.answers, 1);
	assert_string_equal(value_str(two.result, "state"), "handed over");
	ends(second, 0);
	assert_int_equal(times_sent("<message "), 0); /* no other stream, no loop */
	call_finish(&one);
	call_finish(&two);
}

static void
the_other_stream_may_still_be_on_its_way(void **state)
{
	(void)state;
	int err;
	struct ipc_call call;
	romeo(TXT_CLIENT_LIBPURPLE);
	send_text(&call, "hello");
	struct stream *ours = dialled_for(ROMEO), *theirs = dials_us(ROMEO, "192.0.2.1", &err);
	assert_int_equal(times_sent(BODY("hello")), 1);
	hands_over(theirs);
	assert_int_equal(call.answers, 1);
	ends(theirs, 0);
	assert_int_equal(times_sent(BODY("hello")), 0);
	get_ready(ours, ROMEO);
	assert_int_equal(times_sent(BODY("hello")), 1);
	call_finish(&call);
}

static void
an_old_message_was_surely_read(void **state)
{
	(void)state;
	int err;
	struct ipc_call call;
	romeo(TXT_CLIENT_LIBPURPLE);
	struct stream *first = dials_us(ROMEO, "192.0.2.1", &err);
	send_text(&call, "hello");
	hands_over(first);
	dials_us(ROMEO, "192.0.2.1", &err);
	world.now += 6000;
	buf_clear(&world.sent);
	ends(first, 0);
	assert_int_equal(times_sent("hello"), 0);
	call_finish(&call);
}

static void
who_confirms_gets_the_unconfirmed_again(void **state)
{
	(void)state;
	int err;
	struct ipc_call one, two;
	romeo(TXT_CLIENT_EARSHOT);
	struct stream *s = dials_us(ROMEO, "192.0.2.1", &err);
	send_text(&one, "one");
	hands_over(s);
	char received[160];
	(void)snprintf(received, sizeof(received),
	    "<message><received xmlns='urn:xmpp:receipts' id='%s'/></message>",
	    value_str(one.result, "id"));
	says(s, received);
	send_text(&two, "two");
	hands_over(s);
	world.now += 20000;
	buf_clear(&world.sent);
	ends(s, -ETIMEDOUT);
	get_ready(dialled_for(ROMEO), ROMEO);
	const char *sent = buf_cstr(&world.sent);
	assert_null(strstr(sent, BODY("one")));
	assert_non_null(strstr(sent, BODY("two")));
	assert_non_null(strstr(sent, value_str(two.result, "id"))); /* dropped there if it came */
	call_finish(&one);
	call_finish(&two);
}

static void
a_refused_message_is_told(void **state)
{
	(void)state;
	int err;
	struct ipc_call call;
	romeo(TXT_CLIENT_UNKNOWN);
	struct stream *s = dials_us(ROMEO, "192.0.2.1", &err);
	send_text(&call, "hello");
	hands_over(s);
	buf_clear(&world.events);
	ends(s, ERR_STREAM_ERROR);
	expect_events("receipt failed ");
	call_finish(&call);
}

/* ---- receiving ---- */

static void
what_comes_twice_is_shown_once_and_confirmed_twice(void **state)
{
	(void)state;
	int err;
	static const char message[] =
	    "<message id='7'><body>hi</body><request xmlns='urn:xmpp:receipts'/>"
	    "<origin-id xmlns='urn:xmpp:sid:0' id='7'/></message>";
	romeo(TXT_CLIENT_EARSHOT);
	struct stream *s = dials_us(ROMEO, "192.0.2.1", &err);
	buf_clear(&world.events);
	says(s, message);
	says(s, message);
	expect_events("message hi ");
	assert_int_equal(times_sent("<received xmlns='urn:xmpp:receipts' id='7'/>"), 2);
	says(s, "<message id='zero'><body>a</body></message>"
		"<message id='zero'><body>b</body></message>"); /* as Gajim numbers them */
	expect_events("message a message b ");
}

static void
typing_is_never_shown_as_words(void **state)
{
	(void)state;
	int err;
	romeo(TXT_CLIENT_ADIUM);
	struct stream *s = dials_us(ROMEO, "192.0.2.1", &err);
	buf_clear(&world.events);
	says(s, "<message><body>half a th</body><x xmlns='jabber:x:event'><composing/><id/></x>"
		"</message>");
	expect_events("");
	says(s, "<message><html xmlns='http://www.w3.org/1999/xhtml'><body>only here</body></html>"
		"</message>");
	expect_events("message only here ");
}

static void
a_nudge_is_confirmed_when_it_is_out(void **state)
{
	(void)state;
	struct ipc_call call;
	romeo(TXT_CLIENT_GAJIM);
	call_method(&call, feature_attention.methods, "attention", "{\"peer\":\"romeo\"}");
	assert_int_equal(call.answers, 0);
	ends(dialled_for(ROMEO), -ECONNREFUSED);
	resolved(-ETIMEDOUT);
	assert_int_equal(call.answers, 1);
	assert_string_equal(call.reason, IPC_UNREACHABLE);
	call_finish(&call);
}

/* Whoever waits is answered also when the daemon ends. */
static void
the_end_answers_everybody(void **state)
{
	(void)state;
	int err;
	static struct ipc_call on_stream, dialled;
	romeo(TXT_CLIENT_LIBPURPLE);
	announce(TYBALT, TXT_CLIENT_LIBPURPLE, "192.0.2.2", DISCOVERY_MDNS);
	dials_us(ROMEO, "192.0.2.1", &err);
	send_text(&on_stream, "hello");
	call_method(
	    &dialled, feature_chat.methods, "send", "{\"peer\":\"tybalt\",\"text\":\"hello\"}");
	assert_int_equal(world_end(), 0);
	assert_int_equal(on_stream.answers, 1);
	assert_int_equal(dialled.answers, 1);
	call_finish(&on_stream);
	call_finish(&dialled);
	assert_int_equal(world_begin(features), 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(a_message_is_answered_when_the_kernel_has_it),
	    TEST(nobody_there_is_one_sentence),
	    TEST(what_makes_no_sense_is_not_sent),
	    TEST(of_crossing_streams_one_dies_with_words_on_it),
	    TEST(the_other_stream_may_still_be_on_its_way),
	    TEST(an_old_message_was_surely_read),
	    TEST(who_confirms_gets_the_unconfirmed_again),
	    TEST(a_refused_message_is_told),
	    TEST(what_comes_twice_is_shown_once_and_confirmed_twice),
	    TEST(typing_is_never_shown_as_words),
	    TEST(a_nudge_is_confirmed_when_it_is_out),
	    TEST(the_end_answers_everybody),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
