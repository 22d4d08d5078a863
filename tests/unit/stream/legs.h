/* For tests of the engine: STARTTLS and SASL EXTERNAL step by step, TLS played by the test. */
#ifndef TESTS_LEGS_H
#define TESTS_LEGS_H

#include "play.h"

#define TLS(name)     "<" name " xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>"
#define SASL(name)    "<" name " xmlns='urn:ietf:params:xml:ns:xmpp-sasl'/>"
#define FEATURES(xml) "<stream:features>" xml "</stream:features>"
#define REQUIRED \
	FEATURES("<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'><required/></starttls>")
#define OFFER FEATURES(TLS("starttls"))
#define EXTERNAL \
	FEATURES("<mechanisms xmlns='urn:ietf:params:xml:ns:xmpp-sasl'>" \
		 "<mechanism>EXTERNAL</mechanism></mechanisms>")
#define AUTH "<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='EXTERNAL'>=</auth>"
#define SASL_FAILURE(condition) \
	"<failure xmlns='urn:ietf:params:xml:ns:xmpp-sasl'><" condition "/></failure>"
#define NOTHING "<stream:features/>"

/* What the peer says, one part of a leg each; TLS is done where it says so. */
struct step {
	const char *bytes;
	bool secured; /* before these bytes */
	const char *said;
};

static const struct step dialled_steps[] = {
    {HELLO_V1 REQUIRED, false, TLS("starttls") "|"},
    {TLS("proceed"), false, ""},
    {HELLO_V1 EXTERNAL, true, ANSWER AUTH "|"},
    {SASL("success"), false, ANSWER},
    {HELLO_V1 NOTHING MESSAGE("theirs"), false, MESSAGE("ours") "|"},
};
#define DIALLED_SEEN "ready features(features) message(theirs) "

static const struct step incoming_steps[] = {
    {HELLO_V1, false, ANSWER REQUIRED "|"},
    {TLS("starttls"), false, TLS("proceed") "|"},
    {HELLO_V1, true, ANSWER EXTERNAL "|"},
    {AUTH, false, SASL("success") "|"},
    {HELLO_V1 NOTHING MESSAGE("theirs"), false, ANSWER NOTHING MESSAGE("ours") "|"},
};
#define INCOMING_SEEN "identify(bob@h2,alice@h1) ready features(features) message(theirs) "

enum { STEPS = ARRAY_LEN(dialled_steps) };

static inline void
secure(struct play *p)
{
	assert_true(engine_wants_tls(p->e));
	collect(p);
	assert_false(engine_is_secured(p->e));
	engine_secured(p->e, p->now);
	assert_true(engine_is_secured(p->e));
	assert_false(engine_wants_tls(p->e));
}

/* Ours waits in it from the beginning. */
static inline void
begin_encrypted(struct play *p, bool incoming)
{
	begin_with(p, incoming, incoming ? NULL : "bob@h2", STREAM_ENCRYPTED);
	if (!incoming) {
		engine_opened(p->e, p->now);
		expect_said(p, ANSWER);
	}
	send_text(p, MESSAGE("ours"));
}

static inline void
take_step(struct play *p, const struct step *step)
{
	if (step->secured)
		secure(p);
	hear(p, step->bytes);
	expect_said(p, step->said);
}

static inline const struct step *
steps_of(bool incoming)
{
	return incoming ? incoming_steps : dialled_steps;
}

/* Up to where the first n steps lead. */
static inline void
reach(struct play *p, bool incoming, size_t n)
{
	begin_encrypted(p, incoming);
	for (size_t i = 0; i < n; i++)
		take_step(p, &steps_of(incoming)[i]);
	if (n < STEPS && steps_of(incoming)[n].secured)
		assert_true(engine_wants_tls(p->e));
}

/* Nothing of the user's is or will be written. */
static inline void
expect_nothing_ours(struct play *p)
{
	collect(p);
	assert_null(strstr(buf_cstr(&p->said), "ours"));
	assert_null(strstr(buf_cstr(&p->seen), "message"));
	assert_null(strstr(buf_cstr(&p->seen), "ready"));
	assert_false(engine_is_ready(p->e));
}

static inline void
expect_end(struct play *p, const char *said, int err)
{
	expect_nothing_ours(p);
	expect_said(p, said);
	assert_true(engine_is_closing(p->e));
	engine_lost(p->e, 0, p->now);
	expect_over(p, err);
	finish(p);
}

#endif
