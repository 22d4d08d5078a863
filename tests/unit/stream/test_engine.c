#include "base/err.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "play.h"

/* How a stream begins: every client's habit, identity, what is refused. */

/* ---- how each client begins a stream to us ---- */

struct habit {
	const char *bytes; /* one segment each, up to NULL */
	const char *said;  /* our header and what follows */
	const char *seen;
};

static void
play_habit(const struct habit *h)
{
	struct play p;
	/* as the client sends it, and byte by byte */
	for (int split = 0; split < 2; split++) {
		begin_incoming(&p);
		for (size_t i = 0, n = strlen(h->bytes); i < n; i += split ? 1 : n)
			engine_bytes(p.e, h->bytes + i, split ? 1 : n, p.now);
		expect_said(&p, h->said);
		expect_seen(&p, h->seen);
		assert_true(engine_is_ready(p.e));
		assert_int_equal(engine_deadline(p.e), ENGINE_NEVER);
		finish(&p);
	}
}

static void
understands_every_client_that_dials(void **state)
{
	(void)state;
	static const struct habit habits[] = {
	    /* libpurple: no version, so no features; waits for our header */
	    {"<?xml version=\"1.0\" encoding=\"UTF-8\" ?>\n" HELLO, ANSWER,
		"identify(bob@h2,alice@h1) ready "},
	    /* Salut: features although it dialled */
	    {"<?xml version='1.0' encoding='UTF-8'?>\n" HELLO_V1
	     "<stream:features/>" MESSAGE("salut"),
		ANSWER "<stream:features/>|",
		"identify(bob@h2,alice@h1) ready features(features) message(salut) "},
	    /* Gajim: knows no `to` */
	    {"<?xml version='1.0'?><stream:stream" NS_ATTRS " version=\"1.0\" from=\"bob@h2\">",
		ANSWER "<stream:features/>|", "identify(bob@h2,-) ready "},
	    /* Kopete and Adium do not wait for our header */
	    {"<?xml version='1.0' encoding='UTF-8' ?>\n" HELLO MESSAGE("one") MESSAGE("two"),
		ANSWER, "identify(bob@h2,alice@h1) ready message(one) message(two) "},
	    {"<?xml version=\"1.0\" encoding=\"UTF-8\" ?><stream:stream" NS_ATTRS
	     " to=\"127.0.0.1\" from=\"bob@h2\">" MESSAGE("adium"),
		ANSWER, "identify(bob@h2,127.0.0.1) ready message(adium) "},
	    /* Slimber: neither to nor version */
	    {"<?xml version=\"1.0\"?><stream:stream" NS_ATTRS " from=\"bob@h2\">", ANSWER,
		"identify(bob@h2,-) ready "},
	    /* a name that was never set */
	    {"<?xml version='1.0'?><stream:stream" NS_ATTRS " from='' to='' version='1.0'>",
		OURS("from='alice@h1'") "<stream:features/>|", "identify(-,-) ready "},
	    /* smack: no declaration */
	    {HELLO_V1 "\n", ANSWER "<stream:features/>|", "identify(bob@h2,alice@h1) ready "},
	};
	for (size_t i = 0; i < ARRAY_LEN(habits); i++)
		play_habit(&habits[i]);
}

static void
understands_every_client_that_answers(void **state)
{
	(void)state;
	static const char *const answers[] = {
	    /* libpurple, Kopete, Adium */
	    "<?xml version=\"1.0\" encoding=\"UTF-8\" ?>\n" HELLO,
	    /* Salut: an empty from */
	    "<?xml version='1.0' encoding='UTF-8'?>\n<stream:stream" NS_ATTRS
	    " from=\"\" to=\"alice@h1\" version=\"1.0\">",
	    /* Gajim */
	    "<?xml version='1.0'?>" HELLO_V1,
	    /* Kopete, asked without names */
	    "<?xml version='1.0' encoding='UTF-8' ?>\n<stream:stream" NS_ATTRS ">",
	};
	for (size_t i = 0; i < ARRAY_LEN(answers); i++) {
		struct play p;
		begin_dialled(&p);
		send_text(&p, MESSAGE("queued"));
		expect_said(&p, ANSWER); /* the message waits for the answer */
		assert_int_equal(engine_unsent(p.e), 1);
		hear(&p, answers[i]);
		expect_seen(&p, "ready ");
		expect_said(&p, MESSAGE("queued") "|");
		assert_int_equal(engine_unsent(p.e), 0);
		finish(&p);
	}
}

static void
answers_only_a_whole_header(void **state)
{
	(void)state;
	struct play p;
	begin_incoming(&p);
	hear(&p, "<?xml version='1.0'?><stream:stream from='bob@h2' " NS_ATTRS);
	expect_said(&p, "");
	hear(&p, ">");
	expect_said(&p, ANSWER);
	finish(&p);
}

static void
features_carry_ours_and_reach_the_dialler(void **state)
{
	(void)state;
	struct play p;
	begin_incoming(&p);
	p.self.features = "<query xmlns='http://jabber.org/protocol/disco#info'/>";
	hear(&p, HELLO_V1);
	expect_said(&p,
	    ANSWER "<stream:features><query "
		   "xmlns='http://jabber.org/protocol/disco#info'/></stream:features>|");
	finish(&p);
	begin_dialled(&p);
	hear(&p, HELLO_V1 "<stream:features><x xmlns='urn:x'/></stream:features>");
	expect_seen(&p, "ready features(features) ");
	assert_true(engine_peer(p.e)->is_v1);
	assert_string_equal(engine_peer(p.e)->from, "bob@h2");
	finish(&p);
}

static void
names_are_escaped(void **state)
{
	(void)state;
	struct play p;
	begin(&p, false, "o'brien<&\"@h2");
	p.self.name = "a'>b@h1";
	engine_opened(p.e, p.now);
	collect(&p);
	const char *said = buf_cstr(&p.said);
	assert_non_null(strstr(said, " from='a&apos;&gt;b@h1' "));
	assert_non_null(strstr(said, " to='o&apos;brien&lt;&amp;"));
	finish(&p);
}

/* ---- who is it? ---- */

static void
the_first_stanza_may_say_who_it_is(void **state)
{
	(void)state;
	struct play p;
	begin_incoming(&p);
	p.identify_result = -EAGAIN;
	hear(&p, "<stream:stream" NS_ATTRS " version='1.0'><stream:features/>");
	expect_seen(&p, "identify(-,-) ");
	expect_said(&p, OURS("from='alice@h1'") "<stream:features/>|"); /* it may wait for it */
	assert_false(engine_is_ready(p.e));
	p.identify_result = 0;
	hear(&p, "<message from='bob@h2'><body>1</body></message>" MESSAGE("2"));
	expect_seen(&p, "identify(bob@h2,-) ready features(features) message(1) message(2) ");
	finish(&p);
}

static void
stanzas_wait_until_it_is_known(void **state)
{
	(void)state;
	struct play p;
	begin_incoming(&p);
	p.identify_result = -EAGAIN;
	hear(&p, HELLO "<message from='mallory@h9'><body>a &lt; b</body></message>" MESSAGE("2"));
	/* what the header said counts, whatever stanzas say */
	expect_seen(&p, "identify(bob@h2,alice@h1) identify(bob@h2,alice@h1) ");
	send_text(&p, MESSAGE("ours"));
	expect_said(&p, ANSWER);
	engine_ask(p.e, p.now);
	expect_seen(&p, "identify(bob@h2,alice@h1) ");
	p.identify_result = 0;
	engine_ask(p.e, p.now);
	expect_seen(&p, "identify(bob@h2,alice@h1) ready message(a < b) message(2) ");
	expect_said(&p, MESSAGE("ours") "|");
	engine_ask(p.e, p.now);
	expect_seen(&p, "");
	finish(&p);
}

static void
a_message_and_goodbye_before_it_is_known(void **state)
{
	(void)state;
	for (int tag = 0; tag < 2; tag++) {
		struct play p;
		begin_incoming(&p);
		p.identify_result = -EAGAIN;
		hear(&p, HELLO MESSAGE("bye"));
		if (tag)
			hear(&p, END);
		engine_lost(p.e, 0, p.now);
		assert_false(engine_is_closing(p.e));
		p.identify_result = 0;
		buf_clear(&p.seen);
		engine_ask(p.e, p.now);
		expect_seen(&p, "identify(bob@h2,alice@h1) ready message(bye) ");
		expect_said(&p, ANSWER END "|");
		expect_over(&p, 0);
		finish(&p);
	}
}

static void
a_stranger_is_refused(void **state)
{
	(void)state;
	struct play p;
	begin_incoming(&p);
	p.identify_result = ERR_UNKNOWN;
	hear(&p, HELLO MESSAGE("never seen"));
	expect_seen(&p, "identify(bob@h2,alice@h1) ");
	expect_said(&p, ANSWER OUR_ERROR("invalid-from") END "|");
	assert_true(engine_is_closing(p.e));
	hear(&p, MESSAGE("never seen either"));
	expect_seen(&p, "");
	expect_deadline(&p, ENGINE_ERROR_MS);
	expect_over(&p, ERR_UNKNOWN);
	finish(&p);
}

static void
an_unknown_peer_may_say_little(void **state)
{
	(void)state;
	struct play p;
	begin_incoming(&p);
	p.identify_result = -EAGAIN;
	hear(&p, HELLO);
	for (int i = 0; i < LIMIT_STANZA_UNKNOWN / 512; i++) {
		char pad[513];
		memset(pad, 'x', sizeof(pad) - 1);
		pad[sizeof(pad) - 1] = '\0';
		assert_false(engine_is_closing(p.e));
		hear(&p, "<message><body>");
		hear(&p, pad);
		hear(&p, "</body></message>");
	}
	expect_said(&p, ANSWER OUR_ERROR("resource-constraint") END "|");
	expect_seen(&p, "identify(bob@h2,alice@h1) identify(bob@h2,alice@h1) ");
	finish(&p);
	begin_incoming(&p); /* one stanza, never ended */
	p.identify_result = -EAGAIN;
	hear(&p, HELLO "<message><body>");
	for (int i = 0; i < LIMIT_STANZA_UNKNOWN / 16; i++)
		hear(&p, "0123456789abcdef");
	expect_said(&p, ANSWER OUR_ERROR("resource-constraint") END "|");
	assert_int_equal(engine_err(p.e), ERR_TOO_BIG);
	finish(&p);
}

static void
a_known_peer_may_say_more(void **state)
{
	(void)state;
	struct play p;
	struct buf big = BUF_INIT(LIMIT_STANZA);
	begin_incoming(&p);
	/* glued to the header: the limit grows in the middle of the bytes */
	buf_str(&big, HELLO "<message><body>");
	for (int i = 0; i < 1000; i++)
		buf_str(&big, "0123456789");
	buf_str(&big, "</body></message>");
	hear(&p, buf_cstr(&big));
	assert_int_equal(p.stanzas, 1);
	hear(&p, "<message><body>");
	for (int i = 0; i < LIMIT_STANZA / 10 + 1; i++)
		hear(&p, "0123456789");
	expect_said(&p, ANSWER OUR_ERROR("policy-violation") END "|");
	assert_int_equal(p.stanzas, 1);
	buf_finish(&big);
	finish(&p);
}

/* ---- errors ---- */

static void
wrong_bytes_get_the_right_error(void **state)
{
	(void)state;
	static const struct {
		const char *bytes, *said;
		int err;
	} cases[] = {
	    {"GET / HTTP/1.1\r\n", OURS("from='alice@h1'") OUR_ERROR("not-well-formed"), ERR_XML},
	    {"<html xmlns='http://www.w3.org/1999/xhtml'>",
		OURS("from='alice@h1'") OUR_ERROR("invalid-namespace"), ERR_PROTO},
	    {"<stream:stream xmlns:stream='urn:x'>",
		OURS("from='alice@h1'") OUR_ERROR("invalid-namespace"), ERR_PROTO},
	    {"<stream:flood xmlns:stream='http://etherx.jabber.org/streams'>",
		OURS("from='alice@h1'") OUR_ERROR("bad-format"), ERR_PROTO},
	    {"<?xml version='1.0'?><!DOCTYPE a [<!ENTITY b 'c'>]>",
		OURS("from='alice@h1'") OUR_ERROR("restricted-xml"), ERR_PROTO},
	    {HELLO "<message></iq>", ANSWER OUR_ERROR("not-well-formed"), ERR_XML},
	    {HELLO "<message><!-- a --></message>", ANSWER OUR_ERROR("restricted-xml"), ERR_PROTO},
	};
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct play p;
		begin_incoming(&p);
		hear(&p, cases[i].bytes);
		collect(&p);
		assert_true(p.said.len > strlen(END "|"));
		p.said.data[p.said.len - strlen(END "|")] = '\0';
		assert_string_equal(p.said.data, cases[i].said);
		assert_int_equal(engine_err(p.e), cases[i].err);
		hear(&p, MESSAGE("after"));
		assert_int_equal(p.stanzas, 0);
		engine_lost(p.e, 0, p.now);
		expect_over(&p, cases[i].err);
		finish(&p);
	}
}

static void
a_stream_error_of_the_peer_ends_it(void **state)
{
	(void)state;
	struct play p;
	begin_dialled(&p);
	hear(&p, HELLO OUR_ERROR("conflict") END);
	expect_said(&p, ANSWER END "|");
	expect_over(&p, ERR_STREAM_ERROR);
	assert_string_equal(engine_detail(p.e), "conflict");
	finish(&p);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(understands_every_client_that_dials),
	    cmocka_unit_test(understands_every_client_that_answers),
	    cmocka_unit_test(answers_only_a_whole_header),
	    cmocka_unit_test(features_carry_ours_and_reach_the_dialler),
	    cmocka_unit_test(names_are_escaped),
	    cmocka_unit_test(the_first_stanza_may_say_who_it_is),
	    cmocka_unit_test(stanzas_wait_until_it_is_known),
	    cmocka_unit_test(a_message_and_goodbye_before_it_is_known),
	    cmocka_unit_test(a_stranger_is_refused),
	    cmocka_unit_test(an_unknown_peer_may_say_little),
	    cmocka_unit_test(a_known_peer_may_say_more),
	    cmocka_unit_test(wrong_bytes_get_the_right_error),
	    cmocka_unit_test(a_stream_error_of_the_peer_ends_it),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
