/* Saying something: kept first, sent as soon as that is possible, whatever happens in between. On a
 * real store, in a world that the test plays. */
#include "base/limits.h"
#include "chat/chat.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "talk.h"

/* ---- the promise ---- */

static void
a_message_is_answered_when_it_is_kept(void **state)
{
	(void)state;
	int err;
	struct ipc_call call;
	romeo(TXT_CLIENT_LIBPURPLE);
	struct stream *s = dials_us(ROMEO, "192.0.2.1", &err);
	buf_clear(&world.events);
	send_text(&call, "hello");
	assert_string_equal(value_str(call.result, "state"), "queued");
	assert_string_equal(value_str(call.result, "peer"), ROMEO);
	assert_true(value_bool(call.result, "here", false));
	assert_int_equal(times_sent(BODY("hello")), 1);
	expect_events("sent queuedhello ");
	hands_over(s);
	settle();
	expect_events("receipt handed over ");
	expect_newest("handed over");
	call_finish(&call);
}

static void
who_is_not_here_gets_it_later(void **state)
{
	(void)state;
	int err;
	struct ipc_call call;
	struct discovery_entry *e = romeo(TXT_CLIENT_EARSHOT);
	leaves(e);
	send_text(&call, "hello");
	assert_false(value_bool(call.result, "here", true));
	call_finish(&call);
	assert_int_equal(times_sent(BODY("hello")), 0);
	romeo(TXT_CLIENT_EARSHOT);
	dials_us(ROMEO, "192.0.2.1", &err);
	settle();
	assert_int_equal(times_sent(BODY("hello")), 1);
}

static void
it_outlives_a_restart_in_order_and_says_when_it_was_said(void **state)
{
	(void)state;
	int err;
	char one[RANDOM_ID_SIZE], two[RANDOM_ID_SIZE];
	leaves(romeo(TXT_CLIENT_EARSHOT));
	say_text("one", one);
	say_text("two", two);
	restart();
	assert_int_equal(person_called(ROMEO)->state, PERSON_GONE); /* known all the same */
	world.now += 60000;
	romeo(TXT_CLIENT_EARSHOT);
	dials_us(ROMEO, "192.0.2.1", &err);
	settle();
	const char *sent = buf_cstr(&world.sent);
	assert_non_null(strstr(sent, BODY("one")));
	assert_true(strstr(sent, BODY("one")) < strstr(sent, BODY("two")));
	assert_non_null(strstr(sent, one));
	assert_non_null(strstr(sent, two));
	assert_non_null(strstr(sent, "<delay xmlns='urn:xmpp:delay' from='juliet@pronto' stamp="));
}

static void
announced_is_enough_to_dial(void **state)
{
	(void)state;
	char id[RANDOM_ID_SIZE];
	leaves(romeo(TXT_CLIENT_EARSHOT));
	say_text("hello", id);
	restart();
	romeo(TXT_CLIENT_EARSHOT);
	settle();
	get_ready(dialled_for(ROMEO), ROMEO);
	settle();
	assert_int_equal(times_sent(BODY("hello")), 1);
}

static void
who_confirms_gets_the_unconfirmed_again(void **state)
{
	(void)state;
	int err;
	char one[RANDOM_ID_SIZE], two[RANDOM_ID_SIZE];
	romeo(TXT_CLIENT_EARSHOT);
	struct stream *s = dials_us(ROMEO, "192.0.2.1", &err);
	say_text("one", one);
	say_text("two", two);
	hands_over(s);
	confirms_it(s, one);
	world.now += 20000;
	buf_clear(&world.sent);
	ends(s, -ETIMEDOUT);
	dials_us(ROMEO, "192.0.2.1", &err);
	settle();
	const char *sent = buf_cstr(&world.sent);
	assert_null(strstr(sent, BODY("one")));
	assert_non_null(strstr(sent, BODY("two")));
	assert_non_null(strstr(sent, two)); /* dropped there if it came */
}

static void
nobody_confirms_what_others_were_told(void **state)
{
	(void)state;
	int err;
	char id[RANDOM_ID_SIZE];
	romeo(TXT_CLIENT_EARSHOT);
	announce(TYBALT, TXT_CLIENT_EARSHOT, "192.0.2.2", DISCOVERY_MDNS);
	struct stream *s = dials_us(ROMEO, "192.0.2.1", &err);
	struct stream *other = dials_us(TYBALT, "192.0.2.2", &err);
	say_text("hello", id);
	hands_over(s);
	confirms_it(other, id);
	confirms_it(s, "00000000000000000000000000000000");
	expect_newest("queued");
	confirms_it(s, id);
	expect_newest("delivered");
}

/* ---- what makes no sense ---- */

static void
what_makes_no_sense_is_not_sent(void **state)
{
	(void)state;
	struct ipc_call call;
	romeo(TXT_CLIENT_LIBPURPLE);
	send_text(&call, "");
	assert_string_equal(call.reason, IPC_INVALID);
	call_finish(&call);
	call_chat(&call, "send", "{\"peer\":\"mercutio\",\"text\":\"x\"}");
	assert_string_equal(call.reason, IPC_UNKNOWN);
	call_finish(&call);
	call_chat(&call, "send", "{\"text\":\"x\"}");
	assert_string_equal(call.reason, IPC_INVALID);
	call_finish(&call);
	call_chat(&call, "send", "{\"peer\":\"romeo\",\"text\":\"x\",\"lifetime\":-1}");
	assert_string_equal(call.reason, IPC_INVALID);
	call_finish(&call);
	assert_null(person_called(ROMEO)->dialled);
}

static void
a_cursor_cannot_be_ahead_of_the_log(void **state)
{
	(void)state;
	struct ipc_call call;
	call_method(&call, feature_history.methods, "cursor", "{\"name\":\"c\",\"number\":9}");
	settle();
	assert_string_equal(call.reason, IPC_INVALID);
	call_finish(&call);
}

static void
what_came_without_an_id_can_be_answered(void **state)
{
	(void)state;
	int err;
	char params[160];
	struct ipc_call call;
	romeo(TXT_CLIENT_LIBPURPLE);
	struct stream *s = dials_us(ROMEO, "192.0.2.1", &err);
	says(s, "<message><body>is it the lark?</body></message>");
	settle();
	call_method(&call, feature_history.methods, "history", "{\"peer\":\"romeo\"}");
	settle();
	const char *id = value_str(value_at(value_get(call.result, "messages"), 0), "id");
	assert_int_equal(strlen(id), RANDOM_ID_SIZE - 1);
	(void)snprintf(
	    params, sizeof(params), "{\"peer\":\"romeo\",\"text\":\"it is\",\"reply\":\"%s\"}", id);
	call_finish(&call);
	call_chat(&call, "send", params);
	assert_non_null(call.result);
	assert_int_equal(times_sent(BODY("&gt; is it the lark?\nit is")), 1);
	call_finish(&call);
	/* nobody there has seen anything of that name */
	call_method(&call, feature_markers.methods, "seen", "{\"peer\":\"romeo\"}");
	settle();
	assert_int_equal(times_sent("displayed"), 0);
	call_finish(&call);
}

static void
a_call_with_its_token_may_be_repeated(void **state)
{
	(void)state;
	int err;
	struct ipc_call first, again;
	static const char params[] = "{\"peer\":\"romeo\",\"text\":\"once\",\"token\":\"t\"}";
	romeo(TXT_CLIENT_EARSHOT);
	dials_us(ROMEO, "192.0.2.1", &err);
	call_chat(&first, "send", params);
	call_chat(&again, "send", params);
	assert_string_equal(value_str(first.result, "id"), value_str(again.result, "id"));
	assert_int_equal(
	    value_int(first.result, "number", 0), value_int(again.result, "number", 1));
	assert_int_equal(times_sent(BODY("once")), 1);
	call_finish(&again);
	restart();
	call_chat(&again, "send", params);
	assert_string_equal(value_str(first.result, "id"), value_str(again.result, "id"));
	call_finish(&again);
	call_finish(&first);
}

/* ---- cancelling ---- */

static void
cancel(struct ipc_call *call, const char *id)
{
	char params[128];
	(void)snprintf(params, sizeof(params), "{\"peer\":\"romeo\",\"id\":\"%s\"}", id);
	call_chat(call, "cancel", params);
}

static void
what_was_not_sent_can_be_cancelled(void **state)
{
	(void)state;
	int err;
	struct ipc_call call;
	char one[RANDOM_ID_SIZE], two[RANDOM_ID_SIZE];
	leaves(romeo(TXT_CLIENT_EARSHOT));
	say_text("one", one);
	say_text("two", two);
	cancel(&call, one);
	assert_string_equal(value_str(call.result, "state"), "cancelled");
	call_finish(&call);
	cancel(&call, one); /* asked twice, said twice */
	assert_string_equal(value_str(call.result, "state"), "cancelled");
	call_finish(&call);
	romeo(TXT_CLIENT_EARSHOT);
	dials_us(ROMEO, "192.0.2.1", &err);
	settle();
	assert_null(strstr(buf_cstr(&world.sent), BODY("one")));
	assert_int_equal(times_sent(BODY("two")), 1);
	cancel(&call, two);
	assert_string_equal(call.reason, IPC_LATE);
	call_finish(&call);
	cancel(&call, "no-such-id");
	assert_string_equal(call.reason, IPC_UNKNOWN);
	call_finish(&call);
}

/* ---- streams that die (R10) ---- */

static void
of_crossing_streams_one_dies_with_words_on_it(void **state)
{
	(void)state;
	int err;
	char one[RANDOM_ID_SIZE], two[RANDOM_ID_SIZE];
	romeo(TXT_CLIENT_LIBPURPLE);
	struct stream *first = dials_us(ROMEO, "192.0.2.1", &err);
	say_text("one", one);
	hands_over(first);
	settle();
	say_text("two", two); /* the kernel never gets it */
	assert_int_equal(times_sent(BODY("one")), 1);
	struct stream *second = dials_us(ROMEO, "192.0.2.1", &err);
	buf_clear(&world.sent);
	ends(first, 0);
	settle();
	const char *sent = buf_cstr(&world.sent);
	assert_true(strstr(sent, BODY("one")) < strstr(sent, BODY("two")));
	assert_int_equal(times_sent("<message "), 2);
	hands_over(second);
	settle();
	expect_newest("handed over");
	ends(second, 0);
	settle();
	assert_int_equal(times_sent(BODY("one")), 0); /* no loop */
}

static void
without_another_stream_it_was_surely_read(void **state)
{
	(void)state;
	int err;
	char id[RANDOM_ID_SIZE];
	romeo(TXT_CLIENT_LIBPURPLE);
	struct stream *first = dials_us(ROMEO, "192.0.2.1", &err);
	say_text("hello", id);
	hands_over(first);
	settle();
	buf_clear(&world.sent);
	ends(first, 0);
	dials_us(ROMEO, "192.0.2.1", &err);
	settle();
	assert_int_equal(times_sent("hello"), 0);
}

static void
an_old_message_was_surely_read(void **state)
{
	(void)state;
	int err;
	char id[RANDOM_ID_SIZE];
	romeo(TXT_CLIENT_LIBPURPLE);
	struct stream *first = dials_us(ROMEO, "192.0.2.1", &err);
	say_text("hello", id);
	hands_over(first);
	settle();
	dials_us(ROMEO, "192.0.2.1", &err);
	world.now += 6000;
	buf_clear(&world.sent);
	ends(first, 0);
	settle();
	assert_int_equal(times_sent("hello"), 0);
}

/* ---- messages they cannot bear ---- */

static void
a_refused_message_is_told(void **state)
{
	(void)state;
	int err;
	char one[RANDOM_ID_SIZE], two[RANDOM_ID_SIZE], error[256];
	romeo(TXT_CLIENT_EARSHOT);
	struct stream *s = dials_us(ROMEO, "192.0.2.1", &err);
	say_text("one", one);
	say_text("two", two);
	(void)snprintf(error, sizeof(error),
	    "<message type='error' id='%s'><error type='cancel'>"
	    "<policy-violation xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></message>",
	    two);
	says(s, error);
	settle();
	expect_newest("failed");
	confirms_it(s, one);
}

static void
poison_is_given_up_and_the_rest_goes_on(void **state)
{
	(void)state;
	int err;
	char one[RANDOM_ID_SIZE], two[RANDOM_ID_SIZE];
	romeo(TXT_CLIENT_EARSHOT);
	for (unsigned i = 0; i < 3; i++) {
		struct stream *s = dials_us(ROMEO, "192.0.2.1", &err);
		if (i == 0) {
			say_text("one", one);
			say_text("two", two);
		}
		settle();
		assert_int_equal(times_sent(BODY("one")), 1);
		s->condition = "policy-violation";
		ends(s, ERR_STREAM_ERROR);
		settle();
	}
	struct stream *s = dials_us(ROMEO, "192.0.2.1", &err);
	settle();
	assert_null(strstr(buf_cstr(&world.sent), BODY("one")));
	assert_int_equal(times_sent(BODY("two")), 1);
	confirms_it(s, two);
	expect_newest("delivered");
}

/* ---- names ---- */

static void
what_was_said_to_an_address_is_said_to_whom_it_is(void **state)
{
	(void)state;
	struct ipc_call call;
	announce(FIXED, TXT_CLIENT_UNKNOWN, "192.0.2.9", DISCOVERY_FIXED);
	call_chat(&call, "send", "{\"peer\":\"" FIXED "\",\"text\":\"hello\"}");
	assert_non_null(call.result);
	call_finish(&call);
	get_ready(dialled_for(FIXED), ROMEO);
	settle();
	assert_int_equal(times_sent(BODY("hello")), 1);
	call_method(&call, feature_history.methods, "history", "{\"peer\":\"" ROMEO "\"}");
	settle();
	assert_int_equal(value_count(value_get(call.result, "messages")), 1);
	call_finish(&call);
}

static void
an_address_that_is_somebody_known_loses_nothing(void **state)
{
	(void)state;
	struct ipc_call call;
	char id[RANDOM_ID_SIZE];
	leaves(romeo(TXT_CLIENT_EARSHOT));
	say_text("first", id);
	announce(FIXED, TXT_CLIENT_UNKNOWN, "192.0.2.9", DISCOVERY_FIXED);
	call_chat(&call, "send", "{\"peer\":\"" FIXED "\",\"text\":\"second\"}");
	call_finish(&call);
	get_ready(dialled_for(FIXED), ROMEO);
	settle();
	const char *sent = buf_cstr(&world.sent);
	assert_non_null(strstr(sent, BODY("first")));
	assert_true(strstr(sent, BODY("first")) < strstr(sent, BODY("second")));
}

/* ---- the rest ---- */

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

/* Whoever waits is answered also when the daemon ends, and what was asked is done. */
static void
the_end_answers_everybody(void **state)
{
	(void)state;
	int err;
	static struct ipc_call here, absent;
	romeo(TXT_CLIENT_LIBPURPLE);
	announce(TYBALT, TXT_CLIENT_LIBPURPLE, "192.0.2.2", DISCOVERY_MDNS);
	dials_us(ROMEO, "192.0.2.1", &err);
	call_method(&here, feature_chat.methods, "send", "{\"peer\":\"romeo\",\"text\":\"hello\"}");
	call_method(
	    &absent, feature_chat.methods, "send", "{\"peer\":\"tybalt\",\"text\":\"hello\"}");
	restart();
	assert_int_equal(here.answers, 1);
	assert_int_equal(absent.answers, 1);
	assert_non_null(here.result);
	assert_non_null(absent.result);
	call_finish(&here);
	call_finish(&absent);
	assert_int_equal(person_called(TYBALT)->state, PERSON_GONE);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(a_message_is_answered_when_it_is_kept),
	    TEST(who_is_not_here_gets_it_later),
	    TEST(it_outlives_a_restart_in_order_and_says_when_it_was_said),
	    TEST(announced_is_enough_to_dial),
	    TEST(who_confirms_gets_the_unconfirmed_again),
	    TEST(nobody_confirms_what_others_were_told),
	    TEST(what_makes_no_sense_is_not_sent),
	    TEST(a_cursor_cannot_be_ahead_of_the_log),
	    TEST(what_came_without_an_id_can_be_answered),
	    TEST(a_call_with_its_token_may_be_repeated),
	    TEST(what_was_not_sent_can_be_cancelled),
	    TEST(of_crossing_streams_one_dies_with_words_on_it),
	    TEST(without_another_stream_it_was_surely_read),
	    TEST(an_old_message_was_surely_read),
	    TEST(a_refused_message_is_told),
	    TEST(poison_is_given_up_and_the_rest_goes_on),
	    TEST(what_was_said_to_an_address_is_said_to_whom_it_is),
	    TEST(an_address_that_is_somebody_known_loses_nothing),
	    TEST(a_nudge_is_confirmed_when_it_is_out),
	    TEST(the_end_answers_everybody),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
