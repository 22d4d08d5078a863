/* Reading what was said, searching and forgetting it, through the methods of the local socket; and
 * the log of events as the socket reads it. On a real store, in a world that the test plays. */
#include "base/limits.h"
#include "chat/chat.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "talk.h"

static struct stream *
romeo_is_here(void)
{
	int err;
	romeo(TXT_CLIENT_EARSHOT);
	struct stream *s = dials_us(ROMEO, "192.0.2.1", &err);
	settle();
	buf_clear(&world.sent);
	buf_clear(&world.events);
	return s;
}

static void
hear(struct stream *s, const char *id, const char *text)
{
	char stanza[256];
	(void)snprintf(stanza, sizeof(stanza),
	    "<message id='%s'><body>%s</body><markable xmlns='urn:xmpp:chat-markers:0'/></message>",
	    id, text);
	says(s, stanza);
	settle();
}

/* Answered when this returns, however many steps it takes. */
static void
ask_of(const struct feature *feature, struct ipc_call *call, const char *method, const char *params)
{
	call_method(call, feature->methods, method, params);
	while (!call->answers)
		settle();
	assert_int_equal(call->answers, 1);
}

static void
ask(struct ipc_call *call, const char *method, const char *params)
{
	ask_of(&feature_history, call, method, params);
}

/* The words of what is answered, each in [ ], and + if there is more. */
static void
expect(const char *method, const char *params, const char *expected)
{
	struct ipc_call call;
	struct buf words = BUF_INIT(10000);
	ask(&call, method, params);
	const struct value *messages = value_get(call.result, "messages");
	for (size_t i = 0; i < value_count(messages); i++)
		buf_fmt(&words, "[%s]", value_str(value_at(messages, i), "text"));
	if (value_bool(call.result, "more", false))
		buf_char(&words, '+');
	assert_string_equal(buf_cstr(&words), expected);
	buf_finish(&words);
	call_finish(&call);
}

static void
expect_invalid(const char *method, const char *params)
{
	struct ipc_call call;
	ask(&call, method, params);
	assert_string_equal(call.reason, IPC_INVALID);
	assert_true(strlen(call.text) > 0);
	call_finish(&call);
}

static int64_t
number_of(const char *method, const char *params, const char *key)
{
	struct ipc_call call;
	ask(&call, method, params);
	assert_non_null(call.result);
	int64_t n = value_int(call.result, key, -1);
	call_finish(&call);
	return n;
}

/* ---- reading ---- */

static void
pages_are_read_from_either_end(void **state)
{
	(void)state;
	struct ipc_call call;
	char id[RANDOM_ID_SIZE], params[128];
	struct stream *s = romeo_is_here();
	announce(TYBALT, TXT_CLIENT_EARSHOT, "192.0.2.2", DISCOVERY_MDNS);
	hear(s, "a", "one");
	say_text("two", id);
	hear(s, "c", "three");
	expect("history", "{}", "[one][two][three]");
	expect("history", "{\"peer\":\"romeo\",\"limit\":2}", "[two][three]+");
	expect("history", "{\"peer\":\"tybalt\"}", "");
	expect("history", "{\"after\":0,\"limit\":2}", "[one][two]+");
	ask(&call, "history", "{\"limit\":1}");
	const struct value *newest = value_at(value_get(call.result, "messages"), 0);
	int64_t n = value_int(newest, "number", 0);
	assert_string_equal(value_str(newest, "direction"), "in");
	assert_string_equal(value_str(newest, "id"), "c");
	assert_string_equal(value_str(newest, "peer"), ROMEO);
	assert_string_equal(value_str(newest, "state"), "unread");
	assert_int_equal(value_int(newest, "time", 0), world.now);
	assert_int_equal(value_int(newest, "stored", 0), world.now);
	call_finish(&call);
	(void)snprintf(params, sizeof(params), "{\"before\":%lld,\"limit\":1}", (long long)n);
	expect("history", params, "[two]+");
	(void)snprintf(params, sizeof(params), "{\"after\":%lld}", (long long)n);
	expect("history", params, "");
	(void)snprintf(params, sizeof(params), "{\"since\":%llu}", (unsigned long long)world.now);
	expect("history", params, "[one][two][three]");
	(void)snprintf(params, sizeof(params), "{\"until\":%llu}", (unsigned long long)world.now);
	expect("history", params, "");
}

static void
a_message_is_shown_as_it_is_now(void **state)
{
	(void)state;
	struct ipc_call call;
	struct stream *s = romeo_is_here();
	hear(s, "a", "one");
	says(s, "<message id='b'><body>/me waves</body>"
		"<replace xmlns='urn:xmpp:message-correct:0' id='a'/></message>");
	says(s,
	    "<message id='c'><body>more</body><reply xmlns='urn:xmpp:reply:0' id='a'/></message>");
	says(s, "<message id='d'><reactions xmlns='urn:xmpp:reactions:0' id='c'>"
		"<reaction>+</reaction><reaction>-</reaction></reactions></message>");
	/* of something that is not here: words of their own, and no answer to anything */
	says(s, "<message id='e'><body>lost</body>"
		"<replace xmlns='urn:xmpp:message-correct:0' id='none'/></message>");
	settle();
	ask(&call, "history", "{\"peer\":\"romeo\"}");
	const struct value *messages = value_get(call.result, "messages");
	assert_int_equal(value_count(messages), 3);
	const struct value *one = value_at(messages, 0), *more = value_at(messages, 1),
			   *lost = value_at(messages, 2);
	assert_string_equal(value_str(one, "text"), "waves");
	assert_true(value_bool(one, "action", false));
	assert_int_equal(value_int(one, "edited", 0), world.now);
	assert_string_equal(value_str(more, "reply"), "a");
	assert_string_equal(value_str(more, "reply_text"), "waves");
	const struct value *theirs = value_get(value_get(more, "reactions"), "theirs");
	assert_int_equal(value_count(theirs), 2);
	assert_string_equal(value_as_str(value_at(theirs, 1)), "-");
	assert_string_equal(value_str(lost, "text"), "lost");
	assert_null(value_str(lost, "reply"));
	call_finish(&call);
	says(s, "<message id='f'><retract xmlns='urn:xmpp:message-retract:1' id='c'/></message>");
	settle();
	expect("history", "{\"peer\":\"romeo\"}", "[waves][][lost]");
}

static void
words_are_found(void **state)
{
	(void)state;
	struct ipc_call call;
	char id[RANDOM_ID_SIZE];
	struct stream *s = romeo_is_here();
	hear(s, "a", "the east");
	say_text("the nightingale", id);
	ask(&call, "search", "{\"words\":\"night*\"}");
	const struct value *hit = value_at(value_get(call.result, "messages"), 0);
	assert_string_equal(value_str(hit, "id"), id);
	assert_string_equal(value_str(hit, "snippet"), "the \x02nightingale\x03");
	call_finish(&call);
	expect("search", "{\"words\":\"the\",\"direction\":\"in\"}", "[the east]");
	expect("search", "{\"words\":\"the\",\"direction\":\"out\",\"peer\":\"romeo\"}",
	    "[the nightingale]");
	expect("search", "{\"words\":\"the\",\"limit\":1}", "[the nightingale]+");
	expect("search", "{\"words\":\"lark\"}", "");
	expect_invalid("search", "{\"words\":\"a* b* c* d* e* f* g* h* i* j* k*\"}");
}

static void
conversations_and_what_waits_are_listed(void **state)
{
	(void)state;
	struct ipc_call call;
	char id[RANDOM_ID_SIZE];
	hear(romeo_is_here(), "a", "one");
	announce(TYBALT, TXT_CLIENT_EARSHOT, "192.0.2.2", DISCOVERY_MDNS);
	call_chat(&call, "send", "{\"peer\":\"tybalt\",\"text\":\"peace\"}");
	call_finish(&call);
	say_text("two", id);
	ask(&call, "conversations", "{}");
	const struct value *all = value_get(call.result, "conversations");
	assert_int_equal(value_count(all), 2);
	assert_string_equal(value_str(value_at(all, 0), "peer"), ROMEO);
	assert_int_equal(value_int(value_at(all, 0), "unread", 0), 1);
	assert_int_equal(value_int(value_at(all, 0), "queued", 0), 1);
	assert_string_equal(value_str(value_at(all, 1), "peer"), TYBALT);
	call_finish(&call);
	expect("outbox", "{}", "[peace][two]");
	expect("outbox", "{\"limit\":1}", "[peace]+");
	expect("outbox", "{\"peer\":\"romeo\"}", "[two]");
}

static void
what_was_seen_is_no_longer_unread(void **state)
{
	(void)state;
	struct ipc_call call;
	struct stream *s = romeo_is_here();
	hear(s, "a", "one");
	hear(s, "b", "two");
	buf_clear(&world.events);
	ask_of(&feature_markers, &call, "seen", "{\"peer\":\"romeo\",\"id\":\"none\"}");
	assert_string_equal(call.reason, IPC_UNKNOWN);
	call_finish(&call);
	announce(TYBALT, TXT_CLIENT_EARSHOT, "192.0.2.2", DISCOVERY_MDNS);
	ask_of(&feature_markers, &call, "seen", "{\"peer\":\"tybalt\"}");
	assert_false(value_bool(call.result, "changed", true));
	call_finish(&call);
	buf_clear(&world.events);
	ask_of(&feature_markers, &call, "seen", "{\"peer\":\"romeo\",\"id\":\"a\"}");
	assert_true(value_bool(call.result, "changed", false));
	call_finish(&call);
	settle();
	expect_events("seen  ");
	ask(&call, "conversations", "{}");
	const struct value *all = value_get(call.result, "conversations");
	assert_int_equal(value_int(value_at(all, 0), "unread", 0), 1);
	call_finish(&call);
}

/* ---- forgetting, cursors ---- */

static void
what_is_forgotten_is_gone(void **state)
{
	(void)state;
	char id[RANDOM_ID_SIZE];
	struct stream *s = romeo_is_here();
	hear(s, "a", "one");
	say_text("two", id);
	confirms_it(s, id);
	buf_clear(&world.events);
	assert_int_equal(number_of("forget", "{\"before\":5}", "count"), 0);
	assert_int_equal(number_of("forget", "{\"peer\":\"romeo\"}", "count"), 2);
	settle();
	expect("history", "{}", "");
	assert_non_null(strstr(buf_cstr(&world.events), "forgotten "));
	assert_int_equal(number_of("forget", "{\"peer\":\"romeo\"}", "count"), 0);
}

static void
a_cursor_only_grows(void **state)
{
	(void)state;
	char id[RANDOM_ID_SIZE];
	romeo_is_here();
	say_text("one", id);
	say_text("two", id);
	int64_t last = number_of("cursor", "{\"name\":\"tray\"}", "last");
	assert_true(last >= 2);
	assert_int_equal(number_of("cursor", "{\"name\":\"tray\"}", "number"), 0);
	assert_int_equal(number_of("cursor", "{\"name\":\"tray\",\"number\":2}", "number"), 2);
	assert_int_equal(number_of("cursor", "{\"name\":\"tray\",\"number\":1}", "number"), 2);
	restart();
	assert_int_equal(number_of("cursor", "{\"name\":\"tray\"}", "number"), 2);
	assert_int_equal(number_of("cursor", "{\"name\":\"tray\"}", "last"), last);
	struct ipc_call call;
	ask(&call, "cursor", "{\"name\":\"tray\",\"number\":1000}");
	assert_string_equal(call.reason, IPC_INVALID);
	call_finish(&call);
}

/* ---- what makes no sense ---- */

static void
what_makes_no_sense_is_said(void **state)
{
	(void)state;
	struct ipc_call call;
	romeo_is_here();
	static const char *const calls[][2] = {
	    {"history", "{\"limit\":0}"},
	    {"history", "{\"limit\":1001}"},
	    {"history", "{\"limit\":\"1\"}"},
	    {"history", "{\"after\":-1}"},
	    {"history", "{\"before\":1.5}"},
	    {"history", "{\"since\":null}"},
	    {"history", "{\"peer\":\"\"}"},
	    {"outbox", "{\"after\":[]}"},
	    {"search", "{}"},
	    {"search", "{\"words\":\"\"}"},
	    {"search", "{\"words\":\"a\",\"direction\":\"up\"}"},
	    {"conversations", "{\"limit\":0}"},
	    {"forget", "{}"},
	    {"forget", "{\"before\":0}"},
	    {"forget", "{\"before\":\"now\"}"},
	    {"cursor", "{}"},
	    {"cursor", "{\"name\":\"\"}"},
	    {"cursor", "{\"name\":\"x\",\"number\":-1}"},
	};
	for (size_t i = 0; i < ARRAY_LEN(calls); i++)
		expect_invalid(calls[i][0], calls[i][1]);
	ask(&call, "history", "{\"peer\":\"mercutio\"}");
	assert_string_equal(call.reason, IPC_UNKNOWN);
	call_finish(&call);
}

/* ---- the log, as the socket reads it ---- */

static void
the_log_tells_what_is_wanted_of_it(void **state)
{
	(void)state;
	struct ipc_log_ask question = {.topic = "message"};
	char id[RANDOM_ID_SIZE];
	struct stream *s = romeo_is_here();
	hear(s, "a", "one");
	say_text("two", id);
	hear(s, "c", "three");
	chat_log_source.read(&world.r, &question, 0, 1000);
	settle();
	assert_int_equal(question.answers, 1);
	assert_string_equal(question.told, "one three ");
	assert_false(question.more);
	int64_t last = question.upto;
	question = (struct ipc_log_ask){.topic = "sent"};
	chat_log_source.read(&world.r, &question, 0, 1);
	settle();
	assert_string_equal(question.told, "");
	assert_true(question.more);
	assert_int_equal(question.upto, 1);
	question = (struct ipc_log_ask){.topic = "sent"};
	chat_log_source.read(&world.r, &question, last, 10);
	settle();
	assert_int_equal(question.upto, last);
	question = (struct ipc_log_ask){0};
	chat_log_source.place(&world.r, &question, NULL);
	settle();
	assert_int_equal(question.answers, 1);
	assert_int_equal(question.upto, last);
	assert_int_equal(question.place, 0);
	assert_int_equal(number_of("cursor", "{\"name\":\"tray\",\"number\":2}", "number"), 2);
	question = (struct ipc_log_ask){0};
	chat_log_source.place(&world.r, &question, "tray");
	settle();
	assert_int_equal(question.place, 2);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(pages_are_read_from_either_end),
	    TEST(a_message_is_shown_as_it_is_now),
	    TEST(words_are_found),
	    TEST(conversations_and_what_waits_are_listed),
	    TEST(what_was_seen_is_no_longer_unread),
	    TEST(what_is_forgotten_is_gone),
	    TEST(a_cursor_only_grows),
	    TEST(what_makes_no_sense_is_said),
	    TEST(the_log_tells_what_is_wanted_of_it),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
