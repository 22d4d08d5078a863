/* What was said is on its way until it has arrived or was given up, whatever kind it is, whatever
 * happens in between. */
#include "base/limits.h"
#include "chat/chat.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "talk.h"

/* Said, and delivered; Romeo has left after that. */
static void
delivered(const char *text, char id[RANDOM_ID_SIZE])
{
	int err;
	struct discovery_entry *e = romeo(TXT_CLIENT_EARSHOT);
	struct stream *s = dials_us(ROMEO, "192.0.2.1", &err);
	say_text(text, id);
	hands_over(s);
	confirms_it(s, id);
	leaves(e);
	ends(s, 0);
	buf_clear(&world.sent);
}

static void
comes_back(void)
{
	int err;
	romeo(TXT_CLIENT_EARSHOT);
	dials_us(ROMEO, "192.0.2.1", &err);
	settle();
}

static void
about(const struct feature *feature, const char *method, const char *id, const char *more)
{
	struct ipc_call call;
	char params[192];
	(void)snprintf(params, sizeof(params), "{\"peer\":\"romeo\",\"id\":\"%s\"%s}", id, more);
	call_method(&call, feature->methods, method, params);
	settle();
	assert_int_equal(call.answers, 1);
	assert_non_null(call.result);
	call_finish(&call);
}

static void
what_is_no_message_outlives_a_restart_too(void **state)
{
	(void)state;
	char id[RANDOM_ID_SIZE];
	delivered("hello", id);
	about(&feature_retraction, "retract", id, "");
	restart();
	comes_back();
	assert_int_equal(times_sent("<retract "), 1);
}

static void
what_was_forgotten_is_not_sent(void **state)
{
	(void)state;
	struct ipc_call call;
	char one[RANDOM_ID_SIZE], two[RANDOM_ID_SIZE];
	leaves(romeo(TXT_CLIENT_EARSHOT));
	say_text("one", one);
	call_method(
	    &call, feature_history.methods, "forget", "{\"peer\":\"romeo\",\"queued\":true}");
	while (!call.answers) /* it is done in steps */
		settle();
	assert_int_equal(value_int(call.result, "count", -1), 1);
	call_finish(&call);
	say_text("two", two);
	comes_back();
	const char *sent = buf_cstr(&world.sent);
	assert_null(strstr(sent, "one"));
	assert_non_null(strstr(sent, BODY("two")));
}

static void
what_is_kept_though_the_rest_is_forgotten_is_sent(void **state)
{
	(void)state;
	struct ipc_call call;
	char one[RANDOM_ID_SIZE];
	leaves(romeo(TXT_CLIENT_EARSHOT));
	say_text("one", one);
	call_method(&call, feature_history.methods, "forget", "{\"peer\":\"romeo\"}");
	while (!call.answers)
		settle();
	call_finish(&call);
	comes_back();
	assert_int_equal(times_sent(BODY("one")), 1);
}

/* Else corrections came of messages that were given up long ago. */
static void
everything_said_is_given_up_in_the_end(void **state)
{
	(void)state;
	char id[RANDOM_ID_SIZE];
	delivered("hello", id);
	world.r.lifetime = 1000;
	about(&feature_correction, "edit", id, ",\"text\":\"edited\"");
	about(&feature_reactions, "react", id, ",\"reactions\":[\"+\"]");
	restart();
	world.now += 2000;
	restart();
	world.now = 1000000 + 4000;
	comes_back();
	assert_int_equal(times_sent("<replace "), 0);
}

/* A correction of what was taken back has no words left. */
static void
no_empty_words_are_sent(void **state)
{
	(void)state;
	char id[RANDOM_ID_SIZE];
	delivered("hello", id);
	about(&feature_correction, "edit", id, ",\"text\":\"edited\"");
	about(&feature_retraction, "retract", id, "");
	restart();
	comes_back();
	const char *sent = buf_cstr(&world.sent);
	assert_non_null(strstr(sent, "<retract "));
	assert_null(strstr(sent, "<replace "));
}

/* Others that come and go must not make it forgotten before the store has it. */
static void
who_was_spoken_to_is_known_at_once(void **state)
{
	(void)state;
	struct ipc_call call;
	leaves(romeo(TXT_CLIENT_EARSHOT));
	assert_false(person_called(ROMEO)->kept);
	call_method(&call, feature_chat.methods, "send", "{\"peer\":\"romeo\",\"text\":\"hello\"}");
	assert_int_equal(call.answers, 0);
	assert_true(person_called(ROMEO)->kept);
	settle();
	call_finish(&call);
}

/* What is next must not go onto the other stream and then, as if it had been lost, once more. */
static void
poison_does_not_double_what_follows_it(void **state)
{
	(void)state;
	int err;
	char one[RANDOM_ID_SIZE], two[RANDOM_ID_SIZE];
	romeo(TXT_CLIENT_LIBPURPLE);
	dials_us(ROMEO, "192.0.2.1", &err);
	struct stream *second = dials_us(ROMEO, "192.0.2.1", &err);
	settle();
	say_text("one", one);
	world.send_err = ERR_TOO_BIG;
	say_text("two", two);
	world.send_err = 0;
	buf_clear(&world.sent);
	second->condition = "policy-violation";
	ends(second, ERR_STREAM_ERROR);
	settle();
	const char *sent = buf_cstr(&world.sent);
	assert_null(strstr(sent, BODY("one")));
	assert_int_equal(times_sent(BODY("two")), 1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(what_is_no_message_outlives_a_restart_too),
	    TEST(what_was_forgotten_is_not_sent),
	    TEST(what_is_kept_though_the_rest_is_forgotten_is_sent),
	    TEST(everything_said_is_given_up_in_the_end),
	    TEST(no_empty_words_are_sent),
	    TEST(who_was_spoken_to_is_known_at_once),
	    TEST(poison_does_not_double_what_follows_it),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
