#include "base/err.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "legs.h"

/* Where TLS may be and need not, and how a negotiation ends that does not come to its end. */

/* ---- TLS if the other side can ---- */

static void
begin_opportunistic(struct play *p, bool incoming)
{
	begin_with(p, incoming, incoming ? NULL : "bob@h2", STREAM_OPPORTUNISTIC);
	if (!incoming) {
		engine_opened(p->e, p->now);
		expect_said(p, ANSWER);
	}
	send_text(p, MESSAGE("ours"));
}

static void
dialled_it_encrypts_with_who_offers_it(void **state)
{
	(void)state;
	struct play p;
	begin_opportunistic(&p, false);
	/* what an answerer says that does not know us: TLS beside all that it can do */
	hear(&p, HELLO_V1 FEATURES(TLS("starttls") "<query xmlns='urn:example:q'/>"));
	expect_said(&p, TLS("starttls") "|");
	for (size_t i = 1; i < STEPS; i++)
		take_step(&p, &dialled_steps[i]);
	expect_seen(&p, DIALLED_SEEN);
	finish(&p);
	begin_opportunistic(&p, false);
	hear(&p, HELLO_V1 REQUIRED TLS("failure") END); /* it was offered: no way back */
	expect_end(&p, TLS("starttls") "|" OUR_ERROR("policy-violation") END "|", ERR_SECURITY);
}

static void
dialled_it_goes_on_plain_with_others(void **state)
{
	(void)state;
	static const struct {
		const char *answer, *seen;
	} cases[] = {
	    {HELLO, "ready "}, /* without waiting */
	    {HELLO_V1 NOTHING, "ready features(features) "},
	    {HELLO_V1 NOTHING MESSAGE("1"), "ready features(features) message(1) "},
	    {HELLO_V1 MESSAGE("1") NOTHING, "ready message(1) features(features) "},
	};
	struct play p;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		begin_opportunistic(&p, false);
		hear(&p, cases[i].answer);
		expect_seen(&p, cases[i].seen);
		expect_said(&p, MESSAGE("ours") "|");
		assert_false(engine_is_secured(p.e));
		finish(&p);
	}
	begin_opportunistic(&p, false); /* Gajim has a version and no features */
	p.now += 300;
	hear(&p, HELLO_V1);
	expect_said(&p, "");
	expect_deadline(&p, ENGINE_CHOICE_MS);
	expect_seen(&p, "ready ");
	expect_said(&p, MESSAGE("ours") "|");
	hear(&p, OFFER); /* too late */
	expect_seen(&p, "features(features) ");
	expect_said(&p, "");
	finish(&p);
	begin_opportunistic(&p, false); /* and never beyond the total */
	p.now += ENGINE_REPLY_MS - 100;
	hear(&p, HELLO_V1);
	expect_deadline(&p, 100);
	expect_seen(&p, "ready ");
	finish(&p);
}

static void
a_big_offer_is_read(void **state)
{
	(void)state;
	struct play p;
	struct buf big = BUF_INIT(LIMIT_STANZA);
	begin_opportunistic(&p, false);
	buf_str(&big, HELLO_V1 "<stream:features>");
	while (big.len < (size_t)3 * LIMIT_STANZA_UNKNOWN)
		buf_str(&big, "<x xmlns='urn:example:x'/>");
	buf_str(&big, "</stream:features>");
	hear(&p, buf_cstr(&big));
	expect_seen(&p, "ready features(features) ");
	buf_finish(&big);
	finish(&p);
}

static void
incoming_it_offers_and_leaves_the_choice(void **state)
{
	(void)state;
	static const struct {
		const char *choice, *seen;
	} cases[] = {
	    {MESSAGE("1") MESSAGE("2"), "identify(bob@h2,alice@h1) ready message(1) message(2) "},
	    {NOTHING MESSAGE("1"),
		"identify(bob@h2,alice@h1) ready features(features) message(1) "},
	    {"<presence/>", "identify(bob@h2,alice@h1) ready presence(-) "},
	};
	struct play p;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		begin_opportunistic(&p, true);
		p.self.features = "<query xmlns='urn:example:q'/>";
		hear(&p, HELLO_V1);
		expect_said(
		    &p, ANSWER FEATURES(TLS("starttls") "<query xmlns='urn:example:q'/>") "|");
		expect_seen(&p, "");
		hear(&p, cases[i].choice);
		expect_seen(&p, cases[i].seen);
		expect_said(&p, MESSAGE("ours") "|");
		finish(&p);
	}
	begin_opportunistic(&p, true);
	hear(&p, HELLO_V1);
	expect_said(&p, ANSWER OFFER "|");
	expect_deadline(&p, ENGINE_CHOICE_MS);
	expect_seen(&p, "identify(bob@h2,alice@h1) ready ");
	hear(&p, TLS("starttls")); /* now it is plain, and stays so */
	expect_said(&p,
	    MESSAGE("ours") "|" TLS("failure") "|" OUR_ERROR("unsupported-stanza-type") END "|");
	finish(&p);
	begin_opportunistic(&p, true);
	hear(&p, HELLO); /* libpurple is not kept waiting */
	expect_seen(&p, "identify(bob@h2,alice@h1) ready ");
	expect_said(&p, ANSWER MESSAGE("ours") "|");
	finish(&p);
	begin_opportunistic(&p, true);
	hear(&p, HELLO_V1);
	expect_said(&p, ANSWER OFFER "|");
	for (size_t i = 1; i < STEPS; i++)
		take_step(&p, &incoming_steps[i]);
	expect_seen(&p, INCOMING_SEEN);
	finish(&p);
}

static void
a_choice_for_plain_may_wait_for_identity(void **state)
{
	(void)state;
	struct play p;
	begin_opportunistic(&p, true);
	p.identify_result = -EAGAIN;
	hear(&p, HELLO_V1 MESSAGE("1"));
	/* for the header, and the stanza */
	expect_seen(&p, "identify(bob@h2,alice@h1) identify(bob@h2,alice@h1) ");
	p.identify_result = 0;
	engine_ask(p.e, p.now);
	expect_seen(&p, "identify(bob@h2,alice@h1) ready message(1) ");
	finish(&p);
	begin_opportunistic(&p, true);
	p.identify_result = ERR_UNKNOWN;
	hear(&p, HELLO_V1 MESSAGE("1") MESSAGE("2"));
	expect_seen(&p, "identify(bob@h2,alice@h1) ");
	expect_end(&p, ANSWER OFFER OUR_ERROR("invalid-from") END "|", ERR_UNKNOWN);
}

static void
the_listener_may_close_when_it_is_ready(void **state)
{
	(void)state;
	struct play p;
	begin_opportunistic(&p, true); /* politely: what came is still told */
	p.close_at = 1;
	hear(&p, HELLO_V1 MESSAGE("1") MESSAGE("2"));
	expect_seen(&p, "identify(bob@h2,alice@h1) ready message(1) message(2) ");
	expect_said(&p, ANSWER OFFER MESSAGE("ours") END "|");
	finish(&p);
}

static void
identity_is_asked_once_the_key_is_known(void **state)
{
	(void)state;
	struct play p;
	reach(&p, true, 4);
	expect_seen(&p, "");
	p.identify_result = -EAGAIN;
	hear(&p, HELLO_V1);
	expect_seen(&p, "identify(bob@h2,alice@h1) ");
	expect_said(&p, ANSWER NOTHING "|");
	p.identify_result = ERR_IDENTITY;
	engine_ask(p.e, p.now);
	expect_seen(&p, "identify(bob@h2,alice@h1) ");
	expect_end(&p, OUR_ERROR("invalid-from") END "|", ERR_IDENTITY);
}

/* ---- time: totals ---- */

static void
n10_a_negotiation_cannot_be_drawn_out(void **state)
{
	(void)state;
	static const struct {
		bool incoming;
		size_t at;
		uint64_t total;
		int err;
	} states[] = {{true, 1, ENGINE_TLS_MS, -ETIMEDOUT}, {true, 2, ENGINE_TLS_MS, -ETIMEDOUT},
	    {true, 3, ENGINE_IDENTITY_MS, -ETIMEDOUT}, {true, 4, ENGINE_IDENTITY_MS, -ETIMEDOUT},
	    {false, 1, ENGINE_REPLY_MS, -ETIMEDOUT}, {false, 2, ENGINE_REPLY_MS, -ETIMEDOUT},
	    {false, 3, ENGINE_REPLY_MS, -ETIMEDOUT}, {false, 4, ENGINE_REPLY_MS, -ETIMEDOUT}};
	for (size_t i = 0; i < ARRAY_LEN(states); i++) {
		struct play p;
		begin_encrypted(&p, states[i].incoming);
		uint64_t born = p.now;
		for (size_t k = 0; k < states[i].at; k++) {
			p.now += 500;
			take_step(&p, &steps_of(states[i].incoming)[k]);
		}
		if (states[i].at != 2)
			hear(&p, " "); /* a byte now and then changes nothing */
		assert_int_equal(engine_deadline(p.e), born + states[i].total);
		expect_deadline(&p, born + states[i].total - p.now);
		expect_nothing_ours(&p);
		assert_int_equal(engine_err(p.e), states[i].err);
		assert_true(engine_is_closing(p.e));
		if (states[i].at == 2) /* there is no word for it between two languages */
			expect_over(&p, -ETIMEDOUT);
		finish(&p);
	}
	struct play p;
	reach(&p, true, 2); /* TLS done, no header: as long as the whole may take */
	secure(&p);
	expect_deadline(&p, ENGINE_IDENTITY_MS);
	assert_int_equal(engine_err(p.e), -ETIMEDOUT);
	finish(&p);
}

/* ---- the end, in every state ---- */

enum how { END_TAG, CLOSED, RESET, UNWRITABLE, STREAM_ERROR, WE_CLOSE, WE_ABORT, WE_FAIL, HOWS };

static void
end_it(struct play *p, enum how how)
{
	switch (how) {
	case END_TAG:
		hear(p, END);
		break;
	case CLOSED:
		engine_lost(p->e, 0, p->now);
		break;
	case RESET:
		engine_lost(p->e, -ECONNRESET, p->now);
		break;
	case UNWRITABLE:
		engine_unwritable(p->e, -EPIPE, p->now);
		break;
	case STREAM_ERROR:
		hear(p, OUR_ERROR("conflict") END);
		break;
	case WE_CLOSE:
		engine_close(p->e, 0, p->now);
		break;
	case WE_ABORT:
		engine_abort(p->e);
		break;
	case WE_FAIL:
	case HOWS:
		engine_close(p->e, ERR_TRUST, p->now);
		break;
	}
}

/* Ends a stream that is on its way in one way, at the step `at`, behind its header or before. */
static void
play_end(bool incoming, size_t at, bool behind_header, enum how how)
{
	struct play p;
	reach(&p, incoming, at);
	bool shaking = engine_wants_tls(p.e) && !behind_header;
	if (engine_wants_tls(p.e) && behind_header)
		secure(&p);
	if (behind_header)
		hear(&p, HELLO_V1);
	end_it(&p, how);
	expect_nothing_ours(&p);
	assert_true(engine_is_closing(p.e));
	if (shaking) /* not a byte of XML between the two */
		assert_int_equal(p.said.len, 0);
	if (!incoming && how <= RESET)
		assert_int_not_equal(engine_err(p.e), 0);
	while (!engine_is_over(p.e)) {
		assert_int_not_equal(engine_deadline(p.e), ENGINE_NEVER);
		p.now = engine_deadline(p.e);
		engine_tick(p.e, p.now);
	}
	expect_nothing_ours(&p);
	finish(&p);
}

static void
ends_in_every_state(void **state)
{
	(void)state;
	for (int incoming = 0; incoming < 2; incoming++) {
		for (size_t at = 0; at < STEPS; at++) {
			const char *bytes = steps_of(incoming)[at].bytes;
			bool header = strncmp(bytes, HELLO_V1, strlen(HELLO_V1)) == 0;
			for (int how = 0; how < HOWS; how++) {
				play_end(incoming, at, false, (enum how)how);
				if (header && at < STEPS - 1)
					play_end(incoming, at, true, (enum how)how);
			}
		}
	}
}

static void
end_tags_that_cross(void **state)
{
	(void)state;
	for (int incoming = 0; incoming < 2; incoming++) {
		for (size_t at = 0; at <= STEPS; at++) {
			struct play p;
			reach(&p, incoming, at);
			if (engine_wants_tls(p.e))
				secure(&p);
			engine_close(p.e, 0, p.now);
			collect(&p);
			/* it has said more in the meantime, and then good-bye too */
			if (at < STEPS)
				hear(&p, steps_of(incoming)[at].bytes);
			hear(&p, END);
			if (at < STEPS)
				expect_nothing_ours(&p);
			engine_lost(p.e, 0, p.now);
			expect_over(&p, 0);
			finish(&p);
		}
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(dialled_it_encrypts_with_who_offers_it),
	    cmocka_unit_test(dialled_it_goes_on_plain_with_others),
	    cmocka_unit_test(a_big_offer_is_read),
	    cmocka_unit_test(incoming_it_offers_and_leaves_the_choice),
	    cmocka_unit_test(a_choice_for_plain_may_wait_for_identity),
	    cmocka_unit_test(the_listener_may_close_when_it_is_ready),
	    cmocka_unit_test(identity_is_asked_once_the_key_is_known),
	    cmocka_unit_test(n10_a_negotiation_cannot_be_drawn_out),
	    cmocka_unit_test(ends_in_every_state),
	    cmocka_unit_test(end_tags_that_cross),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
