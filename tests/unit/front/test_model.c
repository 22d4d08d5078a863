/* The model against a daemon that the test makes things happen in. */
#define _GNU_SOURCE /* mkdtemp */
#include "watched.h"

static void
it_lists_people_and_what_is_unread(void **state)
{
	(void)state;
	struct seen s;
	size_t count;
	says(ROMEO, "one");
	says(ROMEO, "two");
	struct front *f = opened(&s);
	struct front_person *const *people = front_people(f, &count);
	assert_int_equal(count, 3);
	assert_string_equal(people[0]->display, "Romeo"); /* talked with, so first */
	assert_string_equal(people[1]->display, "Juliet");
	assert_int_equal(people[0]->unread, 2);
	assert_int_equal(front_unread(f), 2);
	assert_int_equal(s.notices, 0); /* that was before */
	assert_string_equal(earshot_value_str(front_own(f), "name"), "me@here");
	says(JULIET, "three");
	WAIT(f, s.notices == 1);
	assert_string_equal(s.notice, "Juliet: three");
	people = front_people(f, &count);
	assert_string_equal(people[0]->display, "Juliet");
	front_close(f);
}

static void
what_is_said_is_shown_at_once_and_then_kept(void **state)
{
	(void)state;
	struct seen s;
	struct front *f = opened(&s);
	struct front_person *p = front_find(f, ROMEO);
	front_open(f, p);
	WAIT(f, !p->loading);
	front_say(f, p, "wherefore\r\nart\tthou", NULL);
	WAIT(f, p->count == 1);
	assert_string_equal(p->messages[0]->text, "wherefore\nart    thou");
	WAIT(f, p->messages[0]->mark == FRONT_QUEUED && p->messages[0]->number > 0);
	settle(f, 50);
	assert_int_equal(p->count, 1);
	assert_int_equal(s.messages, 1);
	assert_int_equal(p->queued, 1);
	becomes(ROMEO, p->messages[0]->id, "delivered");
	WAIT(f, p->messages[0]->mark == FRONT_DELIVERED);
	assert_int_equal(p->queued, 0);
	front_say(f, p, "forbidden", NULL);
	WAIT(f, s.refusals == 1);
	assert_int_equal(p->messages[1]->mark, FRONT_FAILED);
	assert_string_equal(s.refusal, "Not to them.");
	front_close(f);
}

/* Another front end of ours: it is shown, and nobody is disturbed. */
static void
what_another_front_end_said_is_shown_without_a_notice(void **state)
{
	(void)state;
	struct seen s;
	struct front *f = opened(&s);
	struct front_person *p = front_find(f, ROMEO);
	front_open(f, p);
	WAIT(f, !p->loading);
	struct earshot_value *params = fake_params2(ROMEO, "text", "from the terminal");
	earshot_value_set_bool(params, "ours", true);
	assert_int_equal(fake_do("says", params), 0);
	WAIT(f, p->count == 1);
	assert_true(p->messages[0]->ours);
	assert_int_equal(p->queued, 1);
	settle(f, 50);
	assert_int_equal(s.notices, 0);
	front_close(f);
}

static void
what_shall_disturb_nobody_is_counted_alone(void **state)
{
	(void)state;
	struct seen s;
	struct front *f = opened(&s);
	publish("message", "{\"number\":5000,\"direction\":\"in\",\"peer\":\"eve@x\",\"display\":"
			   "\"Eve\",\"id\":\"a\",\"text\":\"spam\",\"time\":5,\"state\":\"unread\","
			   "\"trust\":\"plain\",\"quiet\":true}");
	publish("attention",
	    "{\"peer\":\"eve@x\",\"display\":\"Eve\",\"trust\":\"plain\",\"quiet\":true}");
	WAIT(f, front_find(f, "eve@x") != NULL);
	assert_int_equal(front_find(f, "eve@x")->unread, 1);
	publish(
	    "attention", "{\"peer\":\"romeo@orchard\",\"display\":\"Romeo\",\"trust\":\"known\"}");
	WAIT(f, s.attentions == 1);
	assert_int_equal(s.notices, 0);
	front_close(f);
}

/* A stranger's escape sequences do not get beyond the model. */
static void
texts_are_clean(void **state)
{
	(void)state;
	struct seen s;
	struct front *f = opened(&s);
	publish("person",
	    "{\"change\":\"new\",\"person\":{\"name\":\"e\\u001b[2J\",\"display\":"
	    "\"E\\u202ev\\ne\",\"status\":\"\\u0007\",\"text\":\"\\u001b]0;x\",\"client\":"
	    "\"\\u009b\","
	    "\"trust\":\"\\u001b\",\"state\":\"announced\",\"looks_like\":\"\\u001bJ\"}}");
	WAIT(f, front_find(f, "e\x1b[2J") != NULL);
	const struct front_person *p = front_find(f, "e\x1b[2J");
	static const char override[] = {'\xe2', '\x80', '\xae', '\0'}; /* U+202E */
	const char *const texts[] = {
	    p->shown, p->display, p->status, p->text, p->client, p->trust, p->looks_like};
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		for (const char *c = texts[i]; *c; c++)
			assert_true((unsigned char)*c >= ' ' && strncmp(c, override, 3) != 0);
	front_open(f, front_find(f, ROMEO));
	publish("message",
	    "{\"number\":5000,\"direction\":\"in\",\"peer\":\"romeo@orchard\",\"id\":\"a\","
	    "\"text\":\"a\\u001b[31m\\nb\",\"time\":5,\"state\":\"unread\",\"reply\":\"x\","
	    "\"reply_text\":\"\\u001bc\\nd\",\"reactions\":{\"theirs\":[\"\\u001b\"],\"ours\":[]}"
	    "}");
	WAIT(f, s.notices == 1);
	struct front_person *romeo = front_find(f, ROMEO);
	WAIT(f, romeo->count == 1);
	assert_string_equal(romeo->messages[0]->text, "a<U+001B>[31m\nb");
	assert_string_equal(romeo->messages[0]->reply_text, "<U+001B>c<U+000A>d");
	assert_string_equal(romeo->messages[0]->reactions, "<U+001B>");
	front_close(f);
}

static void
older_pages_come_until_there_are_none(void **state)
{
	(void)state;
	struct seen s;
	says_many(ROMEO, 250);
	struct front *f = opened(&s);
	struct front_person *p = front_find(f, ROMEO);
	front_open(f, p);
	assert_true(p->loading);
	WAIT(f, !p->loading);
	assert_int_equal(p->count, 100);
	assert_false(p->whole);
	front_older(f, p);
	front_older(f, p); /* one at a time */
	WAIT(f, p->count == 200);
	front_older(f, p);
	WAIT(f, p->count == 250);
	assert_true(p->whole);
	front_older(f, p);
	settle(f, 50);
	for (size_t i = 1; i < p->count; i++)
		assert_true(p->messages[i - 1]->number < p->messages[i]->number);
	assert_int_equal(fake->histories, 3);
	front_trim(f, p);
	WAIT(f, p->count == 100);
	assert_false(p->whole);
	front_older(f, p);
	WAIT(f, p->count == 200);
	front_close(f);
}

static void
a_conversation_does_not_grow_for_ever(void **state)
{
	(void)state;
	struct seen s;
	struct front *f = opened(&s);
	struct front_person *p = front_find(f, ROMEO);
	front_open(f, p);
	WAIT(f, !p->loading);
	for (int i = 0; i < 5; i++) {
		says_many(ROMEO, 2000);
		WAIT(f, p->unread == 2000u * (unsigned)(i + 1));
		assert_true(p->count >= 2000 && p->count <= 4000);
	}
	assert_int_equal(p->messages[p->count - 1]->number, fake->last);
	assert_int_equal(s.messages, 10000);
	assert_true(s.people <= 10); /* once in a while, not for each */
	front_close(f);
}

/* ---- what becomes of messages ---- */

static void
our_changes_find_their_message(void **state)
{
	(void)state;
	struct seen s;
	says(ROMEO, "but soft");
	struct front *f = opened(&s);
	struct front_person *p = front_find(f, ROMEO);
	front_open(f, p);
	WAIT(f, p->count == 1);
	front_say(f, p, "what light", p->messages[0]);
	WAIT(f, p->count == 2 && p->messages[1]->number > 0);
	assert_string_equal(p->messages[1]->reply_text, "but soft");
	assert_string_equal(p->messages[1]->reply, p->messages[0]->id);
	front_edit(f, p, p->messages[1], "/me looks");
	WAIT(f, p->messages[1]->edited);
	assert_string_equal(p->messages[1]->text, "looks");
	assert_true(p->messages[1]->action);
	front_react(f, p, p->messages[0], "\xe2\x9d\xa4");
	WAIT(f, p->messages[0]->reactions != NULL);
	assert_string_equal(p->messages[0]->reactions, "[\xe2\x9d\xa4]");
	front_retract(f, p, p->messages[1]);
	WAIT(f, p->messages[1]->retracted);
	assert_string_equal(p->messages[1]->text, "");
	assert_int_equal(s.refusals, 0);
	front_close(f);
}

static void
their_changes_find_their_message(void **state)
{
	(void)state;
	struct seen s;
	says(ROMEO, "but soft");
	struct front *f = opened(&s);
	struct front_person *p = front_find(f, ROMEO);
	front_open(f, p);
	WAIT(f, p->count == 1);
	front_say(f, p, "what light", p->messages[0]);
	front_react(f, p, p->messages[0], "\xe2\x9d\xa4");
	WAIT(f, p->count == 2 && p->messages[1]->number > 0 && p->messages[0]->reactions);
	struct earshot_value *params = fake_params2(ROMEO, "id", p->messages[0]->id);
	struct earshot_value *all = earshot_value_array();
	earshot_value_append_str(all, "\xf0\x9f\x91\x8d");
	earshot_value_set(params, "reactions", all);
	earshot_value_set_bool(params, "theirs", true);
	assert_int_equal(fake_do("react", params), 0);
	WAIT(f, p->messages[0]->reactions && strstr(p->messages[0]->reactions, "\xf0\x9f\x91\x8d"));
	assert_string_equal(p->messages[0]->reactions, "\xf0\x9f\x91\x8d [\xe2\x9d\xa4]");
	front_react(f, p, p->messages[0], "");
	WAIT(f, p->messages[0]->reactions &&
		    strcmp(p->messages[0]->reactions, "\xf0\x9f\x91\x8d") == 0);
	params = fake_params2(ROMEO, "id", p->messages[0]->id);
	earshot_value_set_bool(params, "theirs", true);
	earshot_value_set_str(params, "text", "but hard");
	assert_int_equal(fake_do("edit", params), 0);
	WAIT(f, strcmp(p->messages[0]->text, "but hard") == 0);
	assert_string_equal(p->messages[1]->reply_text, "but hard"); /* as a fresh page has it */
	assert_int_equal(s.refusals, 0);
	front_close(f);
}

/* An id is what its writer made up: theirs cannot stand in for one of ours. */
static void
the_other_cannot_take_the_id_of_our_message(void **state)
{
	(void)state;
	struct seen s;
	char json[300];
	struct front *f = opened(&s);
	struct front_person *p = front_find(f, ROMEO);
	front_say(f, p, "ours", NULL);
	WAIT(f, p->count == 1 && p->messages[0]->number > 0);
	(void)snprintf(json, sizeof(json),
	    "{\"number\":5000,\"direction\":\"in\",\"peer\":\"romeo@orchard\",\"id\":\"%s\","
	    "\"text\":\"theirs\",\"time\":5,\"state\":\"unread\"}",
	    p->messages[0]->id);
	publish("message", json);
	WAIT(f, p->count == 2);
	becomes(ROMEO, p->messages[0]->id, "read");
	WAIT(f, p->messages[0]->mark == FRONT_READ);
	assert_int_equal(p->messages[1]->mark, FRONT_UNREAD);
	front_close(f);
}

static void
seen_reaches_up_to_the_newest_that_is_known(void **state)
{
	(void)state;
	struct seen s;
	says_many(ROMEO, 5);
	struct front *f = opened(&s);
	struct front_person *p = front_find(f, ROMEO);
	front_open(f, p);
	WAIT(f, p->count == 5);
	front_seen(f, p);
	front_seen(f, p);
	WAIT(f, p->unread == 0);
	for (size_t i = 0; i < 5; i++)
		assert_int_equal(p->messages[i]->mark, FRONT_SEEN);
	says(ROMEO, "more");
	WAIT(f, p->unread == 1);
	/* another front end sees it; here the conversation is not opened */
	says_many(JULIET, 3);
	WAIT(f, front_find(f, JULIET)->unread == 3);
	assert_int_equal(fake_do("seen", fake_params(JULIET)), 0);
	WAIT(f, front_find(f, JULIET)->unread == 0);
	settle(f, 500);
	assert_int_equal(front_unread(f), 1);
	front_close(f);
}

/* What comes while the first is on its way is told of with another. */
static void
what_is_seen_meanwhile_is_told_too(void **state)
{
	(void)state;
	struct seen s;
	says(ROMEO, "one");
	struct front *f = opened(&s);
	struct front_person *p = front_find(f, ROMEO);
	front_open(f, p);
	WAIT(f, p->count == 1);
	says(ROMEO, "two");
	front_seen(f, p); /* the first: of the second it is not known yet */
	s.see = true;
	WAIT(f, p->count == 2);
	WAIT(f, strcmp(fake->message[1].state, "seen") == 0);
	WAIT(f, p->unread == 0);
	front_close(f);
}

/* While ours is not answered for, what another front end says is held; what the listener says when
 * it is let go makes the rest wait once more. */
static void
the_listener_may_speak_when_what_was_held_comes(void **state)
{
	(void)state;
	struct seen s;
	struct front *f = opened(&s);
	struct front_person *p = front_find(f, ROMEO);
	front_open(f, p);
	WAIT(f, !p->loading);
	s.answers = 2;
	struct earshot_value *params = fake_params2(ROMEO, "text", "elsewhere");
	earshot_value_set_bool(params, "ours", true);
	earshot_value_set_int(params, "count", 2);
	assert_int_equal(fake_do("says", params), 0);
	front_say(f, p, "mine", NULL);
	WAIT(f, p->count == 5 && fake->messages == 5);
	settle(f, 50);
	assert_int_equal(p->count, 5);
	for (size_t i = 0; i < 5; i++)
		assert_int_equal(p->messages[i]->number, fake->message[i].number);
	assert_int_equal(p->queued, 5);
	front_close(f);
}

static void
typing_pauses_by_itself(void **state)
{
	(void)state;
	struct seen s;
	struct front *f = opened(&s);
	struct front_person *p = front_find(f, ROMEO);
	publish("typing", "{\"peer\":\"romeo@orchard\",\"state\":\"composing\"}");
	WAIT(f, p->typing);
	publish("typing", "{\"peer\":\"romeo@orchard\",\"state\":\"paused\"}");
	WAIT(f, !p->typing);
	publish("typing", "{\"peer\":\"romeo@orchard\",\"state\":\"composing\"}");
	WAIT(f, p->typing);
	says(ROMEO, "there");
	WAIT(f, !p->typing);
	front_typing(f, p, true);
	front_typing(f, p, true);
	settle(f, 10000); /* eight seconds after the last key */
	front_typing(f, p, true);
	front_typing(f, p, false);
	front_typing(f, p, true);
	front_say(f, p, "here", NULL);
	front_typing(f, p, false);
	settle(f, 100);
	struct earshot *c = NULL;
	struct earshot_value *answer = NULL;
	assert_int_equal(earshot_connect(fake_path, "test", 0, &c), 0);
	assert_int_equal(earshot_call(c, "typed", NULL, 5000, &answer), 0);
	assert_string_equal(earshot_value_str(answer, "text"), "cpcac");
	earshot_value_free(answer);
	earshot_close(c);
	front_close(f);
}

static void
files_are_followed(void **state)
{
	(void)state;
	struct seen s;
	tell_of_file(0, "offered", 0);
	struct front *f = opened(&s);
	WAIT(f, front_file_find(f, "f0") != NULL);
	assert_int_equal(front_file_asks(f), 1);
	tell_of_file(1, "offered", 0);
	WAIT(f, front_file_asks(f) == 2);
	tell_of_file(1, "active", 0);
	tell_of_file(1, "active", 500);
	WAIT(f, earshot_value_int(front_file_find(f, "f1")->info, "done", 0) == 500);
	assert_int_equal(front_file_asks(f), 1);
	publish("message",
	    "{\"number\":5000,\"direction\":\"in\",\"peer\":\"romeo@orchard\",\"id\":"
	    "\"transfer1\",\"text\":\"photo.jpg\",\"file\":true,\"time\":5,\"state\":\"unread\"}");
	struct front_person *p = front_find(f, ROMEO);
	front_open(f, p);
	publish("message",
	    "{\"number\":5001,\"direction\":\"in\",\"peer\":\"romeo@orchard\",\"id\":"
	    "\"transfer0\",\"text\":\"photo.jpg\",\"file\":true,\"time\":5,\"state\":\"unread\"}");
	WAIT(f, p->count > 0 && !p->loading);
	assert_ptr_equal(front_file_of(f, p, p->messages[p->count - 1]), front_file_find(f, "f0"));
	fake->files = 1; /* forgotten by somebody, which no event tells */
	fake_end();
	fake_begin();
	WAIT(f, front_file_find(f, "f1") == NULL);
	front_close(f);
}

/* Whoever sends it may be known by another name in between. */
static void
a_file_that_is_gone_is_found_by_no_name(void **state)
{
	(void)state;
	struct seen s;
	struct front *f = opened(&s);
	static const char *const peers[] = {ROMEO, "romeo-2@orchard"};
	struct front_person *p = front_find(f, ROMEO);
	const struct front_message m = {.file = true, .id = "transfer7"};
	for (size_t i = 0; i < 2; i++) {
		char text[256];
		(void)snprintf(text, sizeof(text),
		    "{\"id\":\"f7\",\"transfer\":\"transfer7\",\"peer\":\"%s\","
		    "\"direction\":\"in\",\"state\":\"offered\"}",
		    peers[i]);
		publish("file", text);
		WAIT(f, front_file_find(f, "f7") &&
			    strcmp(front_file_find(f, "f7")->peer, peers[i]) == 0);
		assert_int_equal(front_file_of(f, p, &m) != NULL, i == 0);
	}
	fake_end();
	fake_begin();
	WAIT(f, front_file_find(f, "f7") == NULL);
	assert_null(front_file_of(f, p, &m));
	front_close(f);
}

static void
what_no_call_can_carry_holds_nothing_up(void **state)
{
	(void)state;
	struct seen s;
	struct front *f = opened(&s);
	struct front_person *p = front_find(f, ROMEO);
	const struct front_message m = {.id = "some", .mark = FRONT_DELIVERED, .ours = true};
	char *text = malloc(2 << 20);
	assert_non_null(text);
	memset(text, 'x', 2 << 20);
	text[(2 << 20) - 1] = '\0';
	front_edit(f, p, &m, text);
	free(text);
	front_say(f, p, "\xff", NULL);
	front_say(f, p, "after it", NULL);
	WAIT(f, p->count > 0 && p->messages[p->count - 1]->mark != FRONT_SENDING);
	front_close(f);
}

static const struct CMUnitTest tests[] = {
    TEST(it_lists_people_and_what_is_unread),
    TEST(what_is_said_is_shown_at_once_and_then_kept),
    TEST(what_another_front_end_said_is_shown_without_a_notice),
    TEST(what_shall_disturb_nobody_is_counted_alone),
    TEST(texts_are_clean),
    TEST(older_pages_come_until_there_are_none),
    TEST(a_conversation_does_not_grow_for_ever),
    TEST(our_changes_find_their_message),
    TEST(their_changes_find_their_message),
    TEST(the_other_cannot_take_the_id_of_our_message),
    TEST(seen_reaches_up_to_the_newest_that_is_known),
    TEST(what_is_seen_meanwhile_is_told_too),
    TEST(the_listener_may_speak_when_what_was_held_comes),
    TEST(typing_pauses_by_itself),
    TEST(files_are_followed),
    TEST(a_file_that_is_gone_is_found_by_no_name),
    TEST(what_no_call_can_carry_holds_nothing_up),
};

int
main(void)
{
	return cmocka_run_group_tests(tests, NULL, NULL);
}
