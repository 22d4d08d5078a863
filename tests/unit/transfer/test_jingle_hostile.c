/* What a hostile one says of Jingle: shapes that make no sense, steps out of their order, sessions
 * that are not its own, places that are not its own (F6), and too much of everything. */
#include "base/limits.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "../support/world.h"

#include "../support/keyed.h"

#include "two.h"

#include "ends.h"

#include "tls/digest.h"

static struct told *const out = &ends_.out_told, *const in = &ends_.in_told;

static int
set_up(void **state)
{
	(void)state;
	return ends_begin(true);
}

static int
set_up_plain(void **state)
{
	(void)state;
	return ends_begin(false);
}

static int
tear_down(void **state)
{
	(void)state;
	return ends_end();
}

#define JINGLE   "<jingle xmlns='urn:xmpp:jingle:1' "
#define SECURITY "<security xmlns='urn:earshot:transfer:1'/>"
#define CONTENT  "<content creator='initiator' name='c' senders='initiator'>"
#define FILE_OF  "<description xmlns='urn:xmpp:jingle:apps:file-transfer:5'><file>"
#define FILE_END "</file></description>"
#define SOME     FILE_OF "<name>x</name><size>5</size>" FILE_END
#define S5B      "<transport xmlns='urn:xmpp:jingle:transports:s5b:1' sid='t'>"
#define S5B_END  "</transport>"
#define OFFER(description, transport) \
	JINGLE "action='session-initiate' sid='s'>" CONTENT description transport SECURITY \
	       "</content></jingle>"

/* Tybalt's request, and the answer to it together with what is said because of it. */
static const char *
say_it(const char *request)
{
	char stanza[64 * 1024];
	assert_true(
	    snprintf(stanza, sizeof(stanza), "<iq type='set' id='q' to='juliet@pronto'>%s</iq>",
		request) < (int)sizeof(stanza));
	buf_clear(&world.sent);
	says(two.tybalts, stanza);
	return buf_cstr(&world.sent);
}

static void
expect_said(const char *request, const char *part)
{
	const char *said = say_it(request);
	if (!strstr(said, part))
		fail_msg("%s\n gave %s", request, said);
}

static void
shapes_without_sense_are_refused(void **state)
{
	(void)state;
	static const char *const cases[][2] = {
	    {JINGLE "/>", "bad-request"},
	    {JINGLE "action='session-initiate'/>", "bad-request"},
	    {JINGLE "action='session-initiate' sid=''/>", "bad-request"},
	    {JINGLE "action='session-initiate' sid='s'/>", "bad-request"},
	    {JINGLE "action='dance' sid='s'/>", "bad-request"},
	    {JINGLE "action='session-initiate' sid='s'><content/></jingle>", "bad-request"},
	    {JINGLE "action='session-initiate' sid='s'>" CONTENT "</content></jingle>",
		"bad-request"},
	    {JINGLE "action='session-initiate' sid='s'>" CONTENT SOME "</content></jingle>",
		"bad-request"},
	    {JINGLE "action='session-initiate' sid='s'>" CONTENT SOME S5B S5B_END
		    "</content>" CONTENT SOME S5B S5B_END "</content></jingle>",
		"bad-request"},
	    {JINGLE "action='session-accept' sid='s'/>", "unknown-session"},
	    {JINGLE "action='session-info' sid='s'/>", "unknown-session"},
	    {JINGLE "action='session-terminate' sid='s'/>", "unknown-session"},
	    {JINGLE "action='transport-info' sid='s'/>", "unknown-session"},
	    {JINGLE "action='content-add' sid='s'/>", "unknown-session"},
	};
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		expect_said(cases[i][0], cases[i][1]);
		assert_int_equal(in->offered, 0);
	}
}

static void
offers_without_sense_end_at_once(void **state)
{
	(void)state;
	static const char *const cases[][2] = {
	    {OFFER("<description xmlns='urn:xmpp:jingle:apps:rtp:1'/>", S5B S5B_END),
		"<unsupported-applications/>"},
	    {OFFER("<description xmlns='urn:xmpp:jingle:apps:file-transfer:5'/>", S5B S5B_END),
		"<failed-application/>"},
	    {OFFER(FILE_OF "<size>-1</size>" FILE_END, S5B S5B_END), "<failed-application/>"},
	    {OFFER(FILE_OF "<size>99999999999999999999</size>" FILE_END, S5B S5B_END),
		"<failed-application/>"},
	    {OFFER(FILE_OF "<size>ten</size>" FILE_END, S5B S5B_END), "<failed-application/>"},
	    {OFFER(FILE_OF "<size>5</size><range offset='-5'/>" FILE_END, S5B S5B_END),
		"<failed-application/>"},
	    {JINGLE "action='session-initiate' sid='s'><content creator='initiator' name='c' "
		    "senders='responder'>" SOME S5B S5B_END "</content></jingle>",
		"<failed-application/>"},
	};
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		expect_said(cases[i][0], cases[i][1]);
		expect_said(cases[i][0], "type='result'");
		expect_said(JINGLE "action='session-info' sid='s'/>", "unknown-session");
		assert_int_equal(in->offered, 0);
	}
}

static void
ways_that_are_not_known_end_it(void **state)
{
	(void)state;
	static const char *const cases[][2] = {
	    {OFFER(SOME, "<transport xmlns='urn:xmpp:jingle:transports:ice-udp:1'/>"),
		"<unsupported-transports/>"},
	    {OFFER(SOME, "<transport xmlns='urn:xmpp:jingle:transports:s5b:1'/>"),
		"<failed-transport/>"},
	    {OFFER(
		 SOME, "<transport xmlns='urn:xmpp:jingle:transports:s5b:1' sid='t' mode='udp'/>"),
		"<failed-transport/>"},
	    {OFFER(SOME, "<transport xmlns='urn:xmpp:jingle:transports:ibb:1' sid='t'/>"),
		"<unsupported-transports/>"},
	    {OFFER(SOME, "<transport xmlns='urn:xmpp:jingle:transports:ibb:1' sid='t' "
			 "block-size='0'/>"),
		"<unsupported-transports/>"},
	    {OFFER(SOME, "<transport xmlns='urn:xmpp:jingle:transports:ibb:1' sid='t' "
			 "block-size='100' stanza='message'/>"),
		"<unsupported-transports/>"},
	    /* what the stream hid is not given to a connection in plain (N7) */
	    {JINGLE "action='session-initiate' sid='s'>" CONTENT SOME S5B S5B_END
		    "</content></jingle>",
		"<security-error/>"},
	};
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		ends_forget();
		expect_said(cases[i][0], cases[i][1]);
		assert_int_equal(in->ended, 1);
		assert_int_equal(in->how, TRANSFER_END_LOST);
		assert_null(ends_.in.session);
	}
}

static void
n7_an_answer_without_encryption_ends_it(void **state)
{
	(void)state;
	assert_int_equal(jingle_method.offer(&ends_.out), 0);
	two_settle();
	assert_int_equal(jingle_method.accept(&ends_.in), 0);
	two_collect();
	char *at = strstr(two.queue[0], "<security");
	assert_non_null(at);
	memset(at, ' ', strlen(SECURITY)); /* somebody took it out */
	ends_settle();
	assert_int_equal(out->connected, 0);
	assert_int_equal(out->ended, 1);
	assert_int_equal(out->how, TRANSFER_END_LOST);
}

/* The sender's end, towards which the receiver says what it may not. */
static void
expect_romeo_told(const char *request, const char *part)
{
	char stanza[4096];
	(void)snprintf(stanza, sizeof(stanza), "<iq type='set' id='q'>%s</iq>", request);
	buf_clear(&world.sent);
	says(two.romeos, stanza);
	if (!strstr(buf_cstr(&world.sent), part))
		fail_msg("%s\n gave %s", request, buf_cstr(&world.sent));
	buf_clear(&world.sent);
}

static void
steps_out_of_their_order_are_refused(void **state)
{
	(void)state;
	/* an offer to us, not yet accepted */
	expect_said(OFFER(SOME, S5B S5B_END), "type='result'");
	expect_said(JINGLE "action='session-accept' sid='s'>" CONTENT SOME S5B S5B_END
			   "</content></jingle>",
	    "out-of-order");
	expect_said(JINGLE "action='transport-replace' sid='s'>" CONTENT S5B S5B_END
			   "</content></jingle>",
	    "out-of-order");
	expect_said(JINGLE "action='transport-accept' sid='s'>" CONTENT S5B S5B_END
			   "</content></jingle>",
	    "out-of-order");
	expect_said(JINGLE "action='transport-info' sid='s'><content name='other'>" S5B S5B_END
			   "</content></jingle>",
	    "out-of-order");
	expect_said(JINGLE "action='transport-info' sid='s'/>", "bad-request");
	expect_said(JINGLE "action='session-accept' sid='s'/>", "bad-request");
	expect_said(JINGLE "action='session-info' sid='s'><active xmlns='x'/></jingle>",
	    "unsupported-info");
	expect_said(JINGLE "action='session-info' sid='s'/>", "type='result'");
	expect_said(JINGLE "action='content-add' sid='s'/>", "feature-not-implemented");
	expect_said(JINGLE "action='description-info' sid='s'/>", "type='result'");
	assert_int_equal(in->connected + in->ended + in->checksum, 0);
	expect_said(JINGLE "action='content-remove' sid='s'/>", "type='result'");
	assert_int_equal(in->ended, 1);
}

static void
sessions_are_a_persons_own(void **state)
{
	(void)state;
	char text[512];
	expect_said(OFFER(SOME, S5B S5B_END), "type='result'");
	expect_romeo_told(JINGLE "action='session-terminate' sid='s'/>", "unknown-session");
	assert_int_equal(in->ended, 0);
	/* one of ours is not theirs to offer */
	assert_int_equal(jingle_method.offer(&ends_.out), 0);
	two_drop_all();
	(void)snprintf(text, sizeof(text),
	    JINGLE "action='session-initiate' sid='" TRANSFER_ID "'>" CONTENT SOME S5B S5B_END
		   "</content></jingle>");
	expect_romeo_told(text, "tie-break");
	assert_int_equal(in->offered, 1);
	/* nor to be confirmed before it is accepted, or checked by who receives it */
	expect_romeo_told(JINGLE
	    "action='session-info' sid='" TRANSFER_ID
	    "'><checksum xmlns='urn:xmpp:jingle:apps:file-transfer:5'/></jingle>",
	    "type='result'");
	expect_romeo_told(JINGLE
	    "action='session-info' sid='" TRANSFER_ID
	    "'><received xmlns='urn:xmpp:jingle:apps:file-transfer:5'/></jingle>",
	    "type='result'");
	assert_int_equal(out->checksum + out->confirmed, 0);
}

static void
answers_without_sense_end_it(void **state)
{
	(void)state;
	static const char *const files[] = {
	    FILE_OF "<range offset='1001'/><prefix xmlns='urn:earshot:transfer:1'><hash "
		    "xmlns='urn:xmpp:hashes:2' algo='sha-256'>"
		    "aFABnX7Q/rbTgjBySYzrT2FsYCVYb49mbca5yB734KQ=</hash></prefix>" FILE_END,
	    FILE_OF "<range offset='500'/>" FILE_END, /* without the hash of what is before */
	    FILE_OF "<range offset='500'/><prefix xmlns='urn:earshot:transfer:1'><hash "
		    "xmlns='urn:xmpp:hashes:2' algo='md5'>AAAA</hash></prefix>" FILE_END,
	    FILE_OF "<range offset='-1'/>" FILE_END,
	    "<description xmlns='urn:xmpp:jingle:apps:file-transfer:5'/>",
	};
	for (size_t i = 0; i < ARRAY_LEN(files); i++) {
		char text[4096], content[64], transport[64];
		ends_forget();
		assert_int_equal(jingle_method.offer(&ends_.out), 0);
		two_collect();
		assert_int_equal(
		    sscanf(strstr(two.queue[0], " name='"), " name='%63[^']'", content), 1);
		assert_int_equal(
		    sscanf(strstr(two.queue[0], "s5b:1' sid='"), "s5b:1' sid='%63[^']'", transport),
		    1);
		two_drop_all();
		(void)snprintf(text, sizeof(text),
		    JINGLE "action='session-accept' sid='" TRANSFER_ID
			   "'><content creator='initiator' name='%s'>%s<transport "
			   "xmlns='urn:xmpp:jingle:transports:s5b:1' sid='%s'/>" SECURITY
			   "</content></jingle>",
		    content, files[i], transport);
		expect_romeo_told(text, "<failed-application/>");
		assert_int_equal(out->accepted, 0);
		assert_int_equal(out->how, TRANSFER_END_FAILED);
		assert_null(ends_.out.session);
	}
}

/* ---- places ---- */

static void
f6_only_their_own_places_are_dialled(void **state)
{
	(void)state;
	static const char *const hosts[] = {"127.0.0.1", "::1", "192.0.2.254", "192.0.2.1",
	    "0.0.0.0", "255.255.255.255", "224.0.0.1", "fe80::1", "::ffff:127.0.0.1", "localhost",
	    "192.0.2.2.evil.example", "http://192.0.2.2/", "3221225986", "0xc0.0.2.2", "", " ",
	    "169.254.169.254", "10.0.0.1", "2001:db8::1", "192.0.2.002"};
	static const char *const ports[] = {"22", "0", "80", "1023", "-40000", "65536", "4e4", ""};
	unsigned lists = 0;
	for (unsigned round = 0; round < 1000; round++) {
		struct buf offer = BUF_INIT(LIMIT_STANZA);
		ends_forget();
		net.tried = 0;
		buf_fmt(
		    &offer, JINGLE "action='session-initiate' sid='s%u'>" CONTENT SOME S5B, round);
		for (unsigned i = 0; i < 40; i++) {
			unsigned r = round * 41 + i;
			bool port = r % 3 == 0; /* their own host, and a port that is none */
			buf_fmt(&offer,
			    "<candidate cid='c%u' host='%s' port='%s' priority='%u' jid='x' "
			    "type='%s'/>",
			    i, port ? "192.0.2.2" : hosts[r % ARRAY_LEN(hosts)],
			    port ? ports[r % ARRAY_LEN(ports)] : "40000", r,
			    r % 7 ? "direct" : "assisted");
		}
		buf_str(&offer, S5B_END SECURITY "</content></jingle>");
		assert_int_equal(buf_err(&offer), 0);
		(void)say_it(buf_cstr(&offer));
		assert_int_equal(in->offered, 1);
		assert_int_equal(jingle_method.accept(&ends_.in), 0);
		for (size_t i = 0; i < NET_DIALS; i++)
			assert_false(net.dials[i].used);
		jingle_method.end(&ends_.in, TRANSFER_END_CANCEL, NULL);
		buf_finish(&offer);
		two_drop_all();
		let_pass(11000); /* our own requests are not answered */
		lists++;
	}
	assert_int_equal(lists, 1000);
}

static void
candidates_are_tried_by_priority_and_not_beyond_the_limit(void **state)
{
	(void)state;
	struct buf offer = BUF_INIT(LIMIT_STANZA);
	buf_str(&offer, JINGLE "action='session-initiate' sid='s'>" CONTENT SOME S5B);
	for (unsigned i = 0; i < 40; i++)
		buf_fmt(&offer,
		    "<candidate cid='c%u' host='192.0.2.2' port='%u' priority='%u' jid='x'/>"
		    "<candidate cid='c%u' host='192.0.2.2' port='9' priority='9' jid='x'/>",
		    i, 50000 + i, i, i);
	buf_str(&offer, S5B_END SECURITY "</content></jingle>");
	(void)say_it(buf_cstr(&offer));
	assert_int_equal(jingle_method.accept(&ends_.in), 0);
	assert_true(net.dials[0].used);
	assert_int_equal(net.dials[0].count, LIMIT_STREAMHOSTS);
	for (unsigned i = 0; i < LIMIT_STREAMHOSTS; i++)
		assert_int_equal(
		    address_port(&net.dials[0].at[i]), 50000 + LIMIT_STREAMHOSTS - 1 - i);
	buf_finish(&offer);
}

static void
what_was_not_offered_cannot_be_used(void **state)
{
	(void)state;
	expect_said(OFFER(SOME, S5B S5B_END), "type='result'");
	assert_int_equal(jingle_method.accept(&ends_.in), 0);
	expect_said(JINGLE "action='transport-info' sid='s'>" CONTENT S5B
			   "<candidate-used cid='nope'/>" S5B_END "</content></jingle>",
	    "type='result'");
	expect_said(JINGLE "action='transport-info' sid='s'>" CONTENT S5B
			   "<candidate-used/>" S5B_END "</content></jingle>",
	    "type='result'");
	expect_said(JINGLE "action='transport-info' sid='s'>" CONTENT
			   "<transport xmlns='urn:xmpp:jingle:transports:s5b:1' sid='other'>"
			   "<candidate-error/></transport></content></jingle>",
	    "type='result'");
	assert_int_equal(in->connected + in->ended, 0);
	/* nothing of theirs could be dialled, nothing of ours is used: the stream */
	expect_said(JINGLE "action='transport-info' sid='s'>" CONTENT S5B
			   "<candidate-error/>" S5B_END "</content></jingle>",
	    "type='result'");
	expect_said(JINGLE "action='transport-replace' sid='s'>" CONTENT
			   "<transport xmlns='urn:xmpp:jingle:transports:ibb:1' sid='i' "
			   "block-size='99999'/></content></jingle>",
	    "transport-reject");
	expect_said(JINGLE "action='transport-replace' sid='s'>" CONTENT
			   "<transport xmlns='urn:xmpp:jingle:transports:ibb:1' sid='i' "
			   "block-size='4096'/></content></jingle>",
	    "transport-accept");
	expect_said(JINGLE "action='transport-replace' sid='s'>" CONTENT
			   "<transport xmlns='urn:xmpp:jingle:transports:ibb:1' sid='j' "
			   "block-size='4096'/></content></jingle>",
	    "type='result'");
	assert_int_equal(in->connected + in->ended, 0);
}

/* ---- too much ---- */

static void
n18_sessions_are_counted(void **state)
{
	(void)state;
	char text[1024];
	unsigned count = 0;
	for (; count < 2 * LIMIT_SESSIONS_OF; count++) {
		ends_.in.session = NULL; /* each is another transfer */
		(void)snprintf(text, sizeof(text),
		    JINGLE "action='session-initiate' sid='s%u'>" CONTENT SOME S5B S5B_END SECURITY
			   "</content></jingle>",
		    count);
		if (strstr(say_it(text), "resource-constraint"))
			break;
	}
	assert_int_equal(count, LIMIT_SESSIONS_OF);
	memset(text, 0, sizeof(text));
	for (unsigned i = 0; i < LIMIT_SESSIONS_OF; i++) {
		(void)snprintf(
		    text, sizeof(text), JINGLE "action='session-terminate' sid='s%u'/>", i);
		expect_said(text, "type='result'");
	}
	expect_said(OFFER(SOME, S5B S5B_END), "type='result'");
}

static void
names_that_are_too_long_are_refused(void **state)
{
	(void)state;
	char name[LIMIT_SESSION_ID + 2], text[2048];
	memset(name, 'x', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	(void)snprintf(text, sizeof(text),
	    JINGLE "action='session-initiate' sid='%s'>" CONTENT SOME S5B S5B_END
		   "</content></jingle>",
	    name);
	expect_said(text, "bad-request");
	(void)snprintf(text, sizeof(text),
	    JINGLE "action='session-initiate' sid='s'><content name='%s'>" SOME S5B S5B_END
		   "</content></jingle>",
	    name);
	expect_said(text, "bad-request");
	(void)snprintf(text, sizeof(text),
	    JINGLE "action='session-initiate' sid='s'>" CONTENT SOME
		   "<transport xmlns='urn:xmpp:jingle:transports:s5b:1' sid='%s'/>" SECURITY
		   "</content></jingle>",
	    name);
	expect_said(text, "<failed-transport/>");
	(void)snprintf(text, sizeof(text), "<ready xmlns='urn:earshot:transfer:1' id='%s'/>", name);
	expect_said(text, "item-not-found");
	expect_said("<ready xmlns='urn:earshot:transfer:1'/>", "item-not-found");
}

static void
what_others_call_a_session_becomes_an_id(void **state)
{
	(void)state;
	expect_said(OFFER(SOME, S5B S5B_END), "type='result'");
	/* the first half of the SHA-256 of "s" */
	assert_string_equal(ends_.in.id, "043a718774c572bd8a25adbeb1bfcd5c");
}

static void
a_wrong_thumbnail_is_not_taken(void **state)
{
	(void)state;
	static char tiny[] = "tiny";
	char id[64], text[512];
	ends_.out.thumbnail = tiny;
	ends_.out.thumbnail_len = 4;
	const char *said = say_it(OFFER(FILE_OF
	    "<name>x</name><size>5</size><thumbnail xmlns='urn:xmpp:thumbs:1' "
	    "uri='cid:sha1+0000000000000000000000000000000000000000@bob.xmpp.org'/>" FILE_END,
	    S5B S5B_END));
	const char *at = strstr(said, "type='get' id='");
	assert_non_null(at);
	assert_int_equal(sscanf(at, "type='get' id='%63[^']'", id), 1);
	(void)snprintf(text, sizeof(text),
	    "<iq type='result' id='%s'><data xmlns='urn:xmpp:bob'>dGlueQ==</data></iq>", id);
	says(two.tybalts, text);
	assert_int_equal(in->thumbnails, 0);
	buf_clear(&world.sent);
	says(two.tybalts,
	    "<iq type='get' id='q'><data xmlns='urn:xmpp:bob' "
	    "cid='sha1+c8a4d9bbd9d1ee0cd3bc0c5d1a4d1ab9b7e2b1ab@bob.xmpp.org'/></iq>");
	assert_non_null(strstr(buf_cstr(&world.sent), "item-not-found"));
}

/* ---- in plain ---- */

static void
n19_plain_files_are_refused_if_they_are_off(void **state)
{
	(void)state;
	world.r.files.old_clients = false;
	expect_said(OFFER(SOME, S5B S5B_END), "<security-error/>");
	assert_int_equal(in->offered, 0);
}

/* Gajim calls the connection by the session's name, and puts the initiator first. */
static void
gajims_names_of_a_connection_are_known(void **state)
{
	(void)state;
	expect_said(OFFER(SOME, S5B S5B_END), "type='result'");
	size_t expected = 0;
	char hash[SOCKS5_HASH_SIZE];
	bool gajims = false;
	static const char text[] = "s" TYBALT "juliet@pronto";
	assert_int_equal(digest_sha1_hex(text, strlen(text), hash), 0);
	for (size_t i = 0; i < NET_EXPECTED; i++) {
		expected += net.expected[i].used;
		gajims =
		    gajims || (net.expected[i].used && strcmp(net.expected[i].hash, hash) == 0);
	}
	assert_int_equal(expected, 4);
	assert_true(gajims);
}

int
main(void)
{
#define KEYED(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)
#define PLAIN(test) cmocka_unit_test_setup_teardown(test, set_up_plain, tear_down)
	const struct CMUnitTest tests[] = {
	    KEYED(shapes_without_sense_are_refused),
	    KEYED(offers_without_sense_end_at_once),
	    KEYED(ways_that_are_not_known_end_it),
	    KEYED(n7_an_answer_without_encryption_ends_it),
	    KEYED(steps_out_of_their_order_are_refused),
	    KEYED(sessions_are_a_persons_own),
	    KEYED(answers_without_sense_end_it),
	    KEYED(f6_only_their_own_places_are_dialled),
	    KEYED(candidates_are_tried_by_priority_and_not_beyond_the_limit),
	    KEYED(what_was_not_offered_cannot_be_used),
	    KEYED(n18_sessions_are_counted),
	    KEYED(names_that_are_too_long_are_refused),
	    KEYED(what_others_call_a_session_becomes_an_id),
	    KEYED(a_wrong_thumbnail_is_not_taken),
	    PLAIN(n19_plain_files_are_refused_if_they_are_off),
	    PLAIN(gajims_names_of_a_connection_are_known),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
