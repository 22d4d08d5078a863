/* For tests of chat/: Romeo is talked with, on a real store, in a world that the test plays.
 * Included once a program, after cmocka.h. */
#ifndef TESTS_CHAT_TALK_H
#define TESTS_CHAT_TALK_H

#include "../support/world.h"

#include "../support/kept.h"
#include "../support/romeo.h"

extern const struct feature feature_attention, feature_chat, feature_correction, feature_history,
    feature_inbox, feature_markers, feature_reactions, feature_receipts, feature_replies,
    feature_retraction;
static const struct feature *const features[] = {&feature_attention, &feature_chat,
    &feature_correction, &feature_history, &feature_inbox, &feature_markers, &feature_reactions,
    &feature_receipts, &feature_replies, &feature_retraction, NULL};

static inline int
set_up(void **state)
{
	(void)state;
	return kept_begin(features);
}

static inline int
tear_down(void **state)
{
	(void)state;
	int err = world_end();
	kept_remove();
	return err;
}

static inline void
restart(void)
{
	assert_int_equal(world_end(), 0);
	kept_begin(features);
}

/* Answered when this returns. */
static inline void
call_chat(struct ipc_call *call, const char *method, const char *params)
{
	call_method(call, feature_chat.methods, method, params);
	settle();
	assert_int_equal(call->answers, 1);
}

static inline void
send_text(struct ipc_call *call, const char *text)
{
	char params[128];
	(void)snprintf(params, sizeof(params), "{\"peer\":\"romeo\",\"text\":\"%s\"}", text);
	call_chat(call, "send", params);
}

/* Nobody cares about the answer. */
static inline void
say_text(const char *text, char id[RANDOM_ID_SIZE])
{
	struct ipc_call call;
	send_text(&call, text);
	assert_non_null(call.result);
	(void)snprintf(id, RANDOM_ID_SIZE, "%s", value_str(call.result, "id"));
	call_finish(&call);
}

/* How often this was put onto a stream since the last look. */
static inline unsigned
times_sent(const char *text)
{
	unsigned count = 0;
	for (const char *at = buf_cstr(&world.sent); (at = strstr(at, text)); at++)
		count++;
	buf_clear(&world.sent);
	return count;
}

static inline void
confirms_it(struct stream *s, const char *id)
{
	char received[160];
	(void)snprintf(received, sizeof(received),
	    "<message><received xmlns='urn:xmpp:receipts' id='%s'/></message>", id);
	says(s, received);
	settle();
}

/* What the history says became of the newest message. */
static inline void
expect_newest(const char *state)
{
	struct ipc_call call;
	call_method(&call, feature_history.methods, "history", "{\"peer\":\"romeo\"}");
	settle();
	const struct value *messages = value_get(call.result, "messages");
	const struct value *newest = value_at(messages, value_count(messages) - 1);
	assert_string_equal(value_str(newest, "state"), state);
	call_finish(&call);
}

#define BODY(text) "<body>" text "</body>"
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

#endif
