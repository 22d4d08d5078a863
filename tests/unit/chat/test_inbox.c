/* What arrives is kept first and confirmed then, once and in order, whatever the disk does. On a
 * real store, in a world that the test plays. */
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
romeo_dials(enum txt_client client)
{
	int err;
	if (!roster_get(&world.r, ROMEO) || !person_called(ROMEO)->entry)
		romeo(client);
	struct stream *s = dials_us(ROMEO, "192.0.2.1", &err);
	settle();
	buf_clear(&world.sent);
	buf_clear(&world.events);
	return s;
}

/* A message of Romeo's as another Earshot writes it. */
static void
writes(struct stream *s, const char *id, const char *content)
{
	char stanza[512];
	(void)snprintf(stanza, sizeof(stanza),
	    "<message id='%s' type='chat'>%s<request xmlns='urn:xmpp:receipts'/>"
	    "<origin-id xmlns='urn:xmpp:sid:0' id='%s'/></message>",
	    id, content, id);
	says(s, stanza);
}

static unsigned
times_confirmed(const char *id)
{
	char receipt[160];
	(void)snprintf(
	    receipt, sizeof(receipt), "<received xmlns='urn:xmpp:receipts' id='%s'/>", id);
	return times_sent(receipt);
}

/* The words of the whole conversation, each in [ ]. */
static void
expect_words(const char *expected)
{
	struct ipc_call call;
	struct buf words = BUF_INIT(10000);
	call_method(&call, feature_history.methods, "history", "{\"peer\":\"romeo\"}");
	settle();
	const struct value *messages = value_get(call.result, "messages");
	for (size_t i = 0; i < value_count(messages); i++)
		buf_fmt(&words, "[%s]", value_str(value_at(messages, i), "text"));
	assert_string_equal(buf_cstr(&words), expected);
	buf_finish(&words);
	call_finish(&call);
}

/* What is kept has got as far as the disk, which holds it. */
static void
wait_held(void)
{
	(void)uv_run(&world.loop, UV_RUN_NOWAIT);
	disk_wait_held();
}

/* ---- once ---- */

static void
it_is_confirmed_when_it_is_kept(void **state)
{
	(void)state;
	struct stream *s = romeo_dials(TXT_CLIENT_EARSHOT);
	disk_hold(true);
	writes(s, "a", BODY("hello"));
	wait_held();
	(void)uv_run(&world.loop, UV_RUN_NOWAIT);
	assert_int_equal(world.sent.len, 0);
	assert_int_equal(world.events.len, 0);
	disk_hold(false);
	settle();
	assert_int_equal(times_confirmed("a"), 1);
	expect_events("message unreadhello ");
}

static void
a_repetition_is_confirmed_again_and_told_once(void **state)
{
	(void)state;
	struct stream *s = romeo_dials(TXT_CLIENT_EARSHOT);
	writes(s, "a", BODY("hello"));
	settle();
	ends(s, 0);
	s = romeo_dials(TXT_CLIENT_EARSHOT);
	writes(s, "a", BODY("hello"));
	settle();
	assert_int_equal(times_confirmed("a"), 1);
	expect_events("");
	restart();
	s = romeo_dials(TXT_CLIENT_EARSHOT);
	writes(s, "a", BODY("hello"));
	settle();
	assert_int_equal(times_confirmed("a"), 1);
	expect_events("");
	expect_words("[hello]");
}

static void
who_asks_for_no_receipt_gets_none(void **state)
{
	(void)state;
	struct stream *s = romeo_dials(TXT_CLIENT_LIBPURPLE);
	says(s, "<message type='chat'><body>hello</body></message>");
	says(s, "<message type='chat'><body>hello</body></message>");
	says(s, "<message type='chat' id='x'><body>hello</body></message>");
	says(s, "<message type='chat'><body>hello</body><request xmlns='urn:xmpp:receipts'/>"
		"</message>");
	settle();
	assert_int_equal(world.sent.len, 0);
	expect_words("[hello][hello][hello][hello]");
}

static void
what_says_nothing_is_confirmed_and_not_kept(void **state)
{
	(void)state;
	struct stream *s = romeo_dials(TXT_CLIENT_EARSHOT);
	writes(s, "a", "<body/>");
	writes(s, "b", "<html xmlns='http://jabber.org/protocol/xhtml-im'><body/></html>");
	assert_int_equal(times_sent("<received "), 2);
	/* about a message that is not here */
	writes(s, "c", "<retract xmlns='urn:xmpp:message-retract:1' id='none'/>");
	settle();
	assert_int_equal(times_confirmed("c"), 1);
	expect_events("");
	expect_words("");
}

static void
an_error_is_no_message(void **state)
{
	(void)state;
	struct stream *s = romeo_dials(TXT_CLIENT_EARSHOT);
	says(s, "<message type='error' id='a'><body>hello</body>"
		"<request xmlns='urn:xmpp:receipts'/></message>");
	says(s, "<message type='error' id='a'><body>hello</body><error type='cancel'/></message>");
	settle();
	assert_int_equal(world.sent.len, 0);
	expect_events("");
	expect_words("");
}

/* ---- the disk ---- */

static void
what_is_not_kept_is_not_confirmed(void **state)
{
	(void)state;
	struct stream *s = romeo_dials(TXT_CLIENT_EARSHOT);
	disk_fail(0, 0, SQLITE_FULL, ENOSPC);
	writes(s, "a", BODY("hello"));
	settle();
	assert_int_equal(times_confirmed("a"), 0);
	assert_true(s->closing);
	assert_int_equal(s->close_err, -ENOSPC);
	expect_events("");
	ends(s, -ENOSPC);
	disk_heal();
	s = romeo_dials(TXT_CLIENT_EARSHOT);
	writes(s, "a", BODY("hello"));
	settle();
	assert_int_equal(times_confirmed("a"), 1);
	assert_false(s->closing);
	expect_words("[hello]");
}

/* Returns when the disk has failed once more. */
static void
wait_for_failure(unsigned writes_before)
{
	for (unsigned i = 0; i < 5000 && disk_writes() == writes_before; i++)
		uv_sleep(1);
	assert_true(disk_writes() > writes_before);
}

struct two {
	uv_prepare_t turn_end;
	struct stream *s;
	unsigned before;
};

/* "a" is with the store by now, and the loop has not heard what became of it. */
static void
on_turn_end(uv_prepare_t *turn_end)
{
	struct two *two = turn_end->data;
	uv_close((uv_handle_t *)turn_end, NULL);
	wait_for_failure(two->before);
	writes(two->s, "b", BODY("two"));
}

static void
nothing_gets_before_what_was_not_kept(void **state)
{
	(void)state;
	struct stream *s = romeo_dials(TXT_CLIENT_EARSHOT);
	struct two two = {.s = s, .before = disk_writes()};
	(void)uv_prepare_init(&world.loop, &two.turn_end);
	two.turn_end.data = &two;
	(void)uv_prepare_start(&two.turn_end, on_turn_end); /* those started later come first */
	disk_fail(0, 1, SQLITE_FULL, ENOSPC);               /* for a moment only */
	writes(s, "a", BODY("one"));
	settle();
	assert_true(uv_is_closing((uv_handle_t *)&two.turn_end));
	assert_true(s->closing);
	assert_int_equal(times_sent("<received "), 0);
	expect_words("");
	ends(s, -ENOSPC);
	s = romeo_dials(TXT_CLIENT_EARSHOT);
	writes(s, "a", BODY("one"));
	writes(s, "b", BODY("two"));
	settle();
	assert_false(s->closing);
	assert_int_equal(times_sent("<received "), 2);
	expect_words("[one][two]");
}

/* ---- much at once ---- */

static void
who_writes_faster_than_the_disk_waits(void **state)
{
	(void)state;
	char id[16];
	struct stream *s = romeo_dials(TXT_CLIENT_EARSHOT);
	person_called(ROMEO)->spoken = true; /* no stranger, who would have to wait before */
	disk_hold(true);
	unsigned count = 0;
	while (!s->paused && count < 10000) {
		(void)snprintf(id, sizeof(id), "i%u", count++);
		writes(s, id, BODY("hello"));
	}
	assert_true(s->paused);
	assert_true(count <= 1000);
	disk_hold(false);
	settle();
	assert_false(s->paused);
	assert_int_equal(times_sent("<received "), count);
}

/* The same with receipts for what was never said, which the store is asked about. */
static void
who_confirms_faster_than_the_disk_waits(void **state)
{
	(void)state;
	struct stream *s = romeo_dials(TXT_CLIENT_EARSHOT);
	person_called(ROMEO)->spoken = true; /* no stranger, who would have to wait before */
	writes(s, "a", BODY("hello"));
	settle();
	disk_hold(true);
	writes(s, "b", BODY("hello"));
	wait_held();
	for (unsigned i = 0; !s->paused && i < 10000; i++)
		says(s, "<message><received xmlns='urn:xmpp:receipts' id='x'/></message>");
	bool paused = s->paused;
	disk_hold(false);
	settle();
	assert_true(paused);
	assert_false(s->paused);
}

/* Both are full of words for each other: the receipts must get through, or neither goes on. */
static void
a_receipt_waits_for_room(void **state)
{
	(void)state;
	struct stream *s = romeo_dials(TXT_CLIENT_EARSHOT);
	world.send_err = ERR_TOO_BIG;
	writes(s, "a", BODY("hello"));
	writes(s, "b", "<body/>");
	settle();
	assert_false(s->closing);
	world.send_err = 0;
	hands_over(s);
	settle();
	const char *sent = buf_cstr(&world.sent);
	assert_non_null(strstr(sent, "<received xmlns='urn:xmpp:receipts' id='a'/>"));
	assert_non_null(strstr(sent, "<received xmlns='urn:xmpp:receipts' id='b'/>"));
}

/* A flood of names that each say a word: after a restart no more are known either. */
static void
not_everybody_is_remembered_who_says_something(void **state)
{
	(void)state;
	char id[RANDOM_ID_SIZE];
	struct stream *s = romeo_dials(TXT_CLIENT_EARSHOT);
	world.r.kept_count = LIMIT_PEOPLE_KNOWN;
	writes(s, "a", BODY("hello"));
	settle();
	assert_int_equal(times_confirmed("a"), 1);
	assert_false(person_called(ROMEO)->kept);
	say_text("hello yourself", id); /* that must find its way */
	assert_true(person_called(ROMEO)->kept);
	assert_int_equal(world.r.kept_count, LIMIT_PEOPLE_KNOWN + 1);
}

/* ---- markers ---- */

static void
displayed(struct stream *s, const char *id)
{
	char marker[160];
	(void)snprintf(marker, sizeof(marker),
	    "<message type='chat'><displayed xmlns='urn:xmpp:chat-markers:0' id='%s'/></message>",
	    id);
	says(s, marker);
}

static void
received(struct stream *s, const char *id)
{
	char receipt[160];
	(void)snprintf(receipt, sizeof(receipt),
	    "<message><received xmlns='urn:xmpp:receipts' id='%s'/></message>", id);
	says(s, receipt);
}

/* Of the words of ours, oldest first. */
static void
expect_states(const char *expected)
{
	struct ipc_call call;
	struct buf states = BUF_INIT(10000);
	call_method(&call, feature_history.methods, "history", "{\"peer\":\"romeo\"}");
	settle();
	const struct value *messages = value_get(call.result, "messages");
	for (size_t i = 0; i < value_count(messages); i++)
		buf_fmt(&states, "%s ", value_str(value_at(messages, i), "state"));
	assert_string_equal(buf_cstr(&states), expected);
	buf_finish(&states);
	call_finish(&call);
}

static void
whoever_has_read_one_has_read_those_before(void **state)
{
	(void)state;
	char one[RANDOM_ID_SIZE], two[RANDOM_ID_SIZE], three[RANDOM_ID_SIZE];
	struct stream *s = romeo_dials(TXT_CLIENT_EARSHOT);
	say_text("one", one);
	say_text("two", two);
	say_text("three", three);
	received(s, one);
	received(s, two);
	displayed(s, two); /* before the store could note what became of the others */
	settle();
	expect_states("read read queued ");
	displayed(s, three);
	settle();
	expect_states("read read read ");
}

static void
what_was_seen_is_told_who_asked_for_it(void **state)
{
	(void)state;
	struct ipc_call call;
	struct stream *s = romeo_dials(TXT_CLIENT_EARSHOT);
	writes(s, "a", BODY("one") "<markable xmlns='urn:xmpp:chat-markers:0'/>");
	writes(s, "b", BODY("two"));
	settle();
	buf_clear(&world.sent);
	call_method(&call, feature_markers.methods, "seen", "{\"peer\":\"romeo\",\"id\":\"b\"}");
	settle();
	assert_true(value_bool(call.result, "changed", false));
	call_finish(&call);
	expect_states("seen seen ");
	assert_int_equal(times_sent("<displayed xmlns='urn:xmpp:chat-markers:0' id='a'/>"), 1);
	call_method(&call, feature_markers.methods, "seen", "{\"peer\":\"romeo\"}");
	settle();
	assert_false(value_bool(call.result, "changed", true));
	call_finish(&call);
	assert_int_equal(times_sent("<displayed "), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(it_is_confirmed_when_it_is_kept),
	    TEST(a_repetition_is_confirmed_again_and_told_once),
	    TEST(who_asks_for_no_receipt_gets_none),
	    TEST(what_says_nothing_is_confirmed_and_not_kept),
	    TEST(an_error_is_no_message),
	    TEST(what_is_not_kept_is_not_confirmed),
	    TEST(nothing_gets_before_what_was_not_kept),
	    TEST(who_writes_faster_than_the_disk_waits),
	    TEST(who_confirms_faster_than_the_disk_waits),
	    TEST(a_receipt_waits_for_room),
	    TEST(not_everybody_is_remembered_who_says_something),
	    TEST(whoever_has_read_one_has_read_those_before),
	    TEST(what_was_seen_is_told_who_asked_for_it),
	};
	return disk_begin() ? 1 : cmocka_run_group_tests(tests, NULL, NULL);
}
