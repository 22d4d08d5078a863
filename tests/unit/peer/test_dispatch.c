#include "base/limits.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "../support/world.h"

#include "../support/romeo.h"

static struct buf seen;

static int
note(const struct inbound *in)
{
	buf_fmt(&seen, "%s(%s) ", in->payload->name, in->from->name);
	return 0;
}

/* The same for another matter: a handler is asked once for all payloads that are its own. */
static int
read_body(const struct inbound *in)
{
	return note(in);
}

static int
answer(const struct inbound *in)
{
	(void)note(in);
	return iq_reply_empty(in);
}

static int
fail_at_it(const struct inbound *in)
{
	(void)in;
	return -ENOMEM;
}

static const struct feature one = {
    .handlers =
	(const struct payload_handler[]){
	    {IQ_GET, "urn:x", "ask", answer},
	    {IQ_SET, "urn:x", "change", answer},
	    {IQ_GET, "urn:x", "fail", fail_at_it},
	    {MESSAGE, "urn:x", "note", note},
	    {0},
	},
};
static const struct feature two = {
    .handlers =
	(const struct payload_handler[]){
	    {MESSAGE, "jabber:client", "body", read_body},
	    {MESSAGE, "urn:x", "bad", fail_at_it},
	    {PRESENCE, "jabber:client", "presence", note},
	    {0},
	},
};
static const struct feature *const features[] = {&one, &two, NULL};

static struct stream *stream;

static int
set_up(void **state)
{
	int err = 0;
	(void)state;
	if (world_begin(features))
		return -1;
	romeo(TXT_CLIENT_SALUT);
	stream = dials_us(ROMEO, "192.0.2.1", &err);
	buf_init(&seen, 1000);
	return err;
}

static int
tear_down(void **state)
{
	(void)state;
	buf_finish(&seen);
	return world_end();
}

static void
expect_seen(const char *expected)
{
	assert_string_equal(buf_cstr(&seen), expected);
	buf_clear(&seen);
}

#define REPLY(type, id) "<iq from='juliet@pronto' to='" ROMEO "' type='" type "' id='" id "'"
#define ERROR(id, type, condition) \
	REPLY("error", id) \
	"><error type='" type "'><" condition \
	" xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></iq>"

static void
requests_reach_their_feature(void **state)
{
	(void)state;
	says(stream, "<iq type='get' id='1' from='liar@terra'><ask xmlns='urn:x'/></iq>");
	expect_seen("ask(" ROMEO ") "); /* who it is says the stream (N16) */
	expect_sent(REPLY("result", "1") "/>");
	says(stream, "<iq type='set' id='2'>\n<change xmlns='urn:x'/>\n</iq>");
	expect_sent(REPLY("result", "2") "/>");
}

static void
unknown_requests_are_answered(void **state)
{
	(void)state;
	says(stream, "<iq type='get' id='1'><ask xmlns='urn:other'/></iq>");
	expect_sent(ERROR("1", "cancel", "service-unavailable"));
	says(stream, "<iq type='set' id='2'><ask xmlns='urn:x'/></iq>"); /* it is for get */
	expect_sent(ERROR("2", "cancel", "service-unavailable"));
	says(stream, "<iq type='get' id='3'><fail xmlns='urn:x'/></iq>");
	expect_sent(ERROR("3", "wait", "internal-server-error"));
}

static void
a_request_has_one_payload_a_type_and_an_id(void **state)
{
	(void)state;
	says(stream, "<iq type='get' id='1'/>");
	expect_sent(ERROR("1", "modify", "bad-request"));
	says(stream, "<iq type='get' id='2'><ask xmlns='urn:x'/><ask xmlns='urn:x'/></iq>");
	expect_sent(ERROR("2", "modify", "bad-request"));
	says(stream, "<iq type='fetch' id='3'><ask xmlns='urn:x'/></iq>");
	expect_sent(ERROR("3", "modify", "bad-request"));
	says(stream, "<iq type='get'><ask xmlns='urn:x'/></iq>");
	says(stream, "<iq type='get' id=''><ask xmlns='urn:x'/></iq>");
	says(stream, "<iq id='4'><ask xmlns='urn:x'/></iq>");
	expect_sent(""); /* no answer could be told from others */
	expect_seen("");
}

static void
answers_nobody_waits_for_are_not_answered(void **state)
{
	(void)state;
	says(stream, "<iq type='result' id='1'><ask xmlns='urn:x'/></iq>");
	says(stream, "<iq type='error' id='1'/>");
	expect_sent("");
	expect_seen("");
}

static void
each_payload_of_a_message_is_offered_once(void **state)
{
	(void)state;
	says(stream, "<message><note xmlns='urn:x'/><what xmlns='urn:other'/><body>b</body>"
		     "<body>again</body><note xmlns='urn:x'/></message>");
	expect_seen("note(" ROMEO ") body(" ROMEO ") ");
	says(stream, "<message type='error'><body>returned</body></message>");
	expect_seen("");
	says(stream, "<message><bad xmlns='urn:x'/><body>b</body></message>");
	expect_seen("");
	expect_sent(""); /* old clients show error messages as words */
}

static void
what_is_no_stanza_is_nothing(void **state)
{
	(void)state;
	says(stream, "<presence/><message xmlns='urn:other'><body>b</body></message><other/>");
	expect_seen("presence(" ROMEO ") ");
	expect_sent("");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(requests_reach_their_feature),
	    TEST(unknown_requests_are_answered),
	    TEST(a_request_has_one_payload_a_type_and_an_id),
	    TEST(answers_nobody_waits_for_are_not_answered),
	    TEST(each_payload_of_a_message_is_offered_once),
	    TEST(what_is_no_stanza_is_nothing),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
