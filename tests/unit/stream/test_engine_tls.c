#include "base/err.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "legs.h"

/* STARTTLS and SASL EXTERNAL on a virtual clock; the test plays TLS itself. */

static void
three_streams_one_after_the_other(void **state)
{
	(void)state;
	struct play p;
	for (int incoming = 0; incoming < 2; incoming++) {
		begin_encrypted(&p, incoming);
		for (size_t i = 0; i < STEPS; i++) {
			assert_int_equal(engine_unsent(p.e), 1);
			assert_int_equal(engine_is_unknown(p.e), incoming);
			take_step(&p, &steps_of(incoming)[i]);
		}
		expect_seen(&p, incoming ? INCOMING_SEEN : DIALLED_SEEN);
		assert_true(engine_is_ready(p.e));
		assert_int_equal(engine_deadline(p.e), ENGINE_NEVER);
		assert_string_equal(engine_peer(p.e)->from, "bob@h2");
		finish(&p);
	}
}

/* Each part is one TCP segment above; here it comes in two, cut anywhere, and byte by byte. */
static void
where_the_bytes_are_cut_makes_no_difference(void **state)
{
	(void)state;
	struct play p;
	for (int incoming = 0; incoming < 2; incoming++) {
		for (size_t i = 0; i < STEPS; i++) {
			const struct step *step = &steps_of(incoming)[i];
			size_t len = strlen(step->bytes);
			for (size_t cut = 1; cut < len; cut++) {
				reach(&p, incoming, i);
				if (step->secured)
					secure(&p);
				engine_bytes(p.e, step->bytes, cut, p.now);
				engine_bytes(p.e, step->bytes + cut, len - cut, p.now);
				collect(&p);
				assert_false(engine_is_closing(p.e));
				assert_int_equal(engine_is_ready(p.e), i == STEPS - 1);
				finish(&p);
			}
		}
		begin_encrypted(&p, incoming);
		for (size_t i = 0; i < STEPS; i++) {
			const struct step *step = &steps_of(incoming)[i];
			if (step->secured)
				secure(&p);
			for (const char *at = step->bytes; *at; at++)
				engine_bytes(p.e, at, 1, p.now);
		}
		expect_seen(&p, incoming ? INCOMING_SEEN : DIALLED_SEEN);
		finish(&p);
	}
}

/* ---- N7: bytes that do not belong to the stream they come with ---- */

static void
n7_injected_behind_the_last_word_of_a_leg(void **state)
{
	(void)state;
	static const struct {
		bool incoming;
		size_t at;
		const char *last;
	} switches[] = {
	    {false, 1, TLS("proceed")},
	    {true, 1, TLS("starttls")},
	    {false, 3, SASL("success")},
	    {true, 3, AUTH},
	};
	static const char *const injected[] = {
	    MESSAGE("injected"), "\n", HELLO_V1, "\x16\x03\x01", "<", END, HELLO_V1 EXTERNAL};
	for (size_t i = 0; i < ARRAY_LEN(switches); i++) {
		for (size_t k = 0; k < ARRAY_LEN(injected); k++) {
			struct play p;
			struct buf both = BUF_INIT(4096);
			reach(&p, switches[i].incoming, switches[i].at);
			buf_str(&both, switches[i].last);
			buf_str(&both, injected[k]);
			hear(&p, buf_cstr(&both));
			buf_finish(&both);
			expect_said(&p, "");
			expect_seen(&p, "");
			assert_false(engine_wants_tls(p.e));
			expect_over(&p, ERR_PROTO);
			finish(&p);
		}
	}
}

static void
n7_plain_bytes_while_tls_begins(void **state)
{
	(void)state;
	struct play p;
	for (int incoming = 0; incoming < 2; incoming++) {
		reach(&p, incoming, 2);
		hear(&p, HELLO_V1 EXTERNAL MESSAGE("injected"));
		expect_seen(&p, "");
		expect_said(&p, "");
		expect_over(&p, ERR_PROTO);
		engine_secured(p.e, p.now);
		assert_false(engine_is_secured(p.e));
		finish(&p);
	}
}

/* ---- N4: the key is not the one that is known ---- */

static void
n4_who_is_refused_gets_not_a_byte(void **state)
{
	(void)state;
	struct play p;
	for (int hangs_up = 0; hangs_up < 2; hangs_up++) {
		reach(&p, true, 2);
		engine_refuse(p.e, ERR_KEY, p.now);
		assert_true(engine_is_closing(p.e));
		assert_false(
		    engine_is_over(p.e)); /* what is on its way would reset the connection */
		hear(&p, HELLO_V1 AUTH MESSAGE("hello") END);
		expect_seen(&p, "");
		expect_said(&p, "");
		assert_false(engine_is_secured(p.e));
		if (hangs_up)
			engine_lost(p.e, 0, p.now);
		else
			expect_deadline(&p, ENGINE_ERROR_MS);
		expect_over(&p, ERR_KEY);
		expect_said(&p, "");
		finish(&p);
	}
	reach(&p, false, 2);
	secure(&p);
	engine_lost(p.e, 0, p.now); /* that is how it is told */
	expect_over(&p, ERR_KEY_REFUSED);
	finish(&p);
}

/* ---- N7: the offer is gone, or refused ---- */

static void
n7_starttls_stripped(void **state)
{
	(void)state;
	static const struct {
		const char *answer;
		int err;
	} cases[] = {
	    {HELLO, ERR_SECURITY}, /* no version: no features either */
	    {HELLO_V1 NOTHING, ERR_SECURITY},
	    {HELLO_V1 FEATURES("<x xmlns='urn:x'/>"), ERR_SECURITY},
	    {HELLO_V1 FEATURES("<starttls xmlns='urn:x'/>"), ERR_SECURITY},
	    {HELLO_V1 EXTERNAL, ERR_SECURITY},
	    {HELLO_V1 MESSAGE("no features"), ERR_SECURITY},
	    {HELLO_V1 SASL("success"), ERR_SECURITY},
	    {HELLO_V1 TLS("proceed"), ERR_SECURITY},
	};
	struct play p;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		reach(&p, false, 0);
		hear(&p, cases[i].answer);
		expect_end(&p, OUR_ERROR("policy-violation") END "|", cases[i].err);
	}
	reach(&p, false, 0);
	hear(&p, HELLO_V1);
	assert_int_equal(engine_deadline(p.e), p.now + ENGINE_REPLY_MS);
	expect_deadline(&p, ENGINE_REPLY_MS);
	expect_end(&p, OUR_ERROR("connection-timeout") END "|", -ETIMEDOUT);
}

static void
n7_failure_is_the_end(void **state)
{
	(void)state;
	struct play p;
	reach(&p, false, 1);
	hear(&p, TLS("failure") END);
	expect_end(&p, OUR_ERROR("policy-violation") END "|", ERR_SECURITY);
	reach(&p, false, 3);
	hear(&p, SASL_FAILURE("not-authorized") END);
	assert_string_equal(engine_detail(p.e), "not-authorized");
	expect_end(&p, END "|", ERR_STREAM_ERROR);
}

static void
n7_a_claimant_that_must_encrypt_and_does_not(void **state)
{
	(void)state;
	static const char *const choices[] = {MESSAGE("plain"), NOTHING, "<presence/>", AUTH,
	    TLS("proceed"), SASL("success"), "<x xmlns='urn:x'/>"};
	struct play p;
	for (size_t i = 0; i < ARRAY_LEN(choices); i++) {
		reach(&p, true, 1);
		hear(&p, choices[i]);
		expect_seen(&p, "");
		expect_end(&p, OUR_ERROR("policy-violation") END "|", ERR_SECURITY);
	}
	reach(&p, true, 0); /* libpurple, which cannot */
	hear(&p, HELLO MESSAGE("plain"));
	expect_seen(&p, "");
	expect_end(&p, ANSWER OUR_ERROR("policy-violation") END "|", ERR_SECURITY);
	/* and where we cannot: it is refused all the same */
	begin(&p, true, NULL);
	p.security = STREAM_ENCRYPTED;
	hear(&p, HELLO_V1);
	expect_seen(&p, "");
	expect_end(&p, ANSWER OUR_ERROR("policy-violation") END "|", ERR_SECURITY);
}

/* ---- what is not awaited ---- */

static void
unexpected_elements_in_every_state(void **state)
{
	(void)state;
	static const char *const elements[] = {MESSAGE("early"), "<iq type='get' id='1'/>",
	    "<presence/>", TLS("starttls"), TLS("proceed"), TLS("failure"), TLS("x"), AUTH,
	    SASL("success"), SASL("challenge"), SASL("response"), SASL("abort"), SASL("x"), NOTHING,
	    REQUIRED, EXTERNAL, "<x xmlns='urn:x'/>"};
	static const struct {
		bool incoming;
		size_t at;
		const char *header;  /* before the element, where the header is awaited */
		const char *awaited; /* what goes on instead */
	} states[] = {
	    {false, 0, HELLO_V1, REQUIRED},
	    {true, 1, "", TLS("starttls")},
	    {false, 1, "", TLS("proceed")},
	    {false, 2, HELLO_V1, EXTERNAL},
	    {true, 2, HELLO_V1, AUTH},
	    {false, 3, "", SASL("success")},
	};
	for (size_t i = 0; i < ARRAY_LEN(states); i++) {
		for (size_t k = 0; k < ARRAY_LEN(elements); k++) {
			struct play p;
			bool goes_on = strcmp(elements[k], states[i].awaited) == 0;
			reach(&p, states[i].incoming, states[i].at);
			if (states[i].at == 2)
				secure(&p);
			hear(&p, states[i].header);
			hear(&p, elements[k]);
			expect_nothing_ours(&p);
			assert_int_equal(engine_is_closing(p.e), !goes_on);
			assert_int_equal(engine_err(p.e) != 0, !goes_on);
			if (!goes_on)
				hear(&p, HELLO_V1 NOTHING MESSAGE("late"));
			expect_nothing_ours(&p);
			finish(&p);
		}
	}
}

static void
an_element_where_a_header_is_due(void **state)
{
	(void)state;
	struct play p;
	for (int incoming = 0; incoming < 2; incoming++) {
		for (size_t leg = 0; leg < 2; leg++) {
			reach(&p, incoming, leg ? 4 : 2);
			if (!leg)
				secure(&p);
			hear(&p, "<message xmlns='jabber:client'><body>early</body></message>");
			expect_nothing_ours(&p);
			assert_int_equal(engine_err(p.e), ERR_PROTO);
			finish(&p);
		}
	}
}

static void
a_stanza_before_authentication(void **state)
{
	(void)state;
	struct play p;
	reach(&p, true, 3);
	hear(&p, MESSAGE("early"));
	expect_seen(&p, "");
	expect_end(&p, OUR_ERROR("not-authorized") END "|", ERR_PROTO);
	/* it comes behind <auth/>, in the hope that it counts as said after it */
	reach(&p, true, 3);
	hear(&p, AUTH HELLO_V1 MESSAGE("early"));
	expect_end(&p, "", ERR_PROTO);
}

static void
a_second_starttls(void **state)
{
	(void)state;
	struct play p;
	reach(&p, true, 3); /* inside TLS, instead of <auth/> */
	hear(&p, TLS("starttls"));
	expect_end(&p, OUR_ERROR("not-authorized") END "|", ERR_PROTO);
	reach(&p, true, STEPS);
	hear(&p, TLS("starttls") MESSAGE("after"));
	expect_said(&p, OUR_ERROR("unsupported-stanza-type") END "|");
	assert_int_equal(p.stanzas, 1);
	assert_int_equal(engine_err(p.e), ERR_PROTO);
	finish(&p);
	/* where it was not offered */
	begin_incoming(&p);
	hear(&p, HELLO_V1);
	collect(&p);
	buf_clear(&p.said);
	hear(&p, TLS("starttls") MESSAGE("after"));
	expect_said(&p, TLS("failure") "|" OUR_ERROR("unsupported-stanza-type") END "|");
	assert_int_equal(p.stanzas, 0);
	finish(&p);
	begin_ready(&p); /* roles are not changed */
	hear(&p, TLS("starttls"));
	expect_said(&p, OUR_ERROR("unsupported-stanza-type") END "|");
	finish(&p);
}

static void
sasl_has_one_right_answer(void **state)
{
	(void)state;
#define OTHER(mechanism, text) \
	"<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' " mechanism ">" text "</auth>"
	static const struct {
		const char *said, *condition;
	} cases[] = {
	    {OTHER("mechanism='PLAIN'", "AGJvYgBzZWNyZXQ="), SASL_FAILURE("invalid-mechanism")},
	    {OTHER("mechanism='external'", "="), SASL_FAILURE("invalid-mechanism")},
	    {OTHER("", "="), SASL_FAILURE("invalid-mechanism")},
	    {OTHER("mechanism='EXTERNAL'", "Ym9iQGgy"), SASL_FAILURE("invalid-authzid")},
	    {OTHER("mechanism='EXTERNAL'", " ="), SASL_FAILURE("invalid-authzid")},
	    {OTHER("mechanism='EXTERNAL'", ""), SASL_FAILURE("malformed-request")},
	    {SASL("response"), SASL_FAILURE("malformed-request")},
	    {SASL("abort"), SASL_FAILURE("aborted")},
	};
	struct play p;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct buf said = BUF_INIT(1024);
		reach(&p, true, 3);
		hear(&p, cases[i].said);
		hear(&p, AUTH HELLO_V1); /* there is one try */
		buf_fmt(&said, "%s%s|", cases[i].condition, END);
		expect_end(&p, buf_cstr(&said), ERR_PROTO);
		buf_finish(&said);
	}
	reach(&p, false, 2);
	secure(&p);
	hear(&p, HELLO_V1 FEATURES("<mechanisms xmlns='urn:ietf:params:xml:ns:xmpp-sasl'>"
				   "<mechanism>PLAIN</mechanism></mechanisms>"));
	expect_end(&p, ANSWER OUR_ERROR("bad-format") END "|", ERR_PROTO);
	reach(&p, false, 2);
	secure(&p); /* among others it will do */
	hear(&p, HELLO_V1 FEATURES("<mechanisms xmlns='urn:ietf:params:xml:ns:xmpp-sasl'>"
				   "<mechanism>PLAIN</mechanism><mechanism>EXTERNAL</mechanism>"
				   "</mechanisms>"));
	expect_said(&p, ANSWER AUTH "|");
	finish(&p);
}

static void
a_name_stays_what_it_was(void **state)
{
	(void)state;
	static const char *const others[] = {"<stream:stream" NS_ATTRS
					     " from='mallory@h9' to='alice@h1' version='1.0'>",
	    "<stream:stream" NS_ATTRS " to='alice@h1' version='1.0'>",
	    "<stream:stream" NS_ATTRS " from='BOB@h2' to='alice@h1' version='1.0'>"};
	struct play p;
	for (int incoming = 0; incoming < 2; incoming++) {
		for (size_t leg = 0; leg < 2; leg++) {
			for (size_t i = 0; i < ARRAY_LEN(others); i++) {
				reach(&p, incoming, leg ? 4 : 2);
				if (!leg)
					secure(&p);
				hear(&p, others[i]);
				expect_nothing_ours(&p);
				assert_int_equal(engine_err(p.e), ERR_IDENTITY);
				finish(&p);
			}
			reach(&p, incoming, leg ? 4 : 2);
			if (!leg)
				secure(&p);
			hear(&p, HELLO);
			expect_nothing_ours(&p);
			assert_int_equal(engine_err(p.e), ERR_PROTO);
			finish(&p);
		}
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(three_streams_one_after_the_other),
	    cmocka_unit_test(where_the_bytes_are_cut_makes_no_difference),
	    cmocka_unit_test(n7_injected_behind_the_last_word_of_a_leg),
	    cmocka_unit_test(n7_plain_bytes_while_tls_begins),
	    cmocka_unit_test(n4_who_is_refused_gets_not_a_byte),
	    cmocka_unit_test(n7_starttls_stripped),
	    cmocka_unit_test(n7_failure_is_the_end),
	    cmocka_unit_test(n7_a_claimant_that_must_encrypt_and_does_not),
	    cmocka_unit_test(unexpected_elements_in_every_state),
	    cmocka_unit_test(an_element_where_a_header_is_due),
	    cmocka_unit_test(a_stanza_before_authentication),
	    cmocka_unit_test(a_second_starttls),
	    cmocka_unit_test(sasl_has_one_right_answer),
	    cmocka_unit_test(a_name_stays_what_it_was),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
