#include "base/limits.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "../support/world.h"

#include "../support/keyed.h"
#include "peer/introduction.h"
#include "tls/digest.h"
#include "xml/ns.h"

enum { VOUCHER = 1, SUBJECT = 2, MESSAGE_MAX = 2000 };

extern const struct feature feature_trust, feature_trust_messages;
static const struct feature *const features[] = {&feature_trust, &feature_trust_messages, NULL};

static int
set_up(void **state)
{
	(void)state;
	int err = world_begin(features);
	we_have_a_key();
	return err;
}

static int
tear_down(void **state)
{
	(void)state;
	return world_end();
}

/* Somebody whose key we have seen, and to whom there is a stream. */
static struct stream *
comes(const char *name, uint8_t number)
{
	int err;
	struct tls_peer key = key_of_number(number);
	announce_key(name, &key, HOME);
	struct stream *s = dials_with_key(name, HOME, &key, &err);
	assert_int_equal(err, 0);
	return s;
}

static struct stream *
verified_comes(const char *name, uint8_t number)
{
	struct stream *s = comes(name, number);
	assert_int_equal(contact_happens(person_called(name), TRUST_VERIFIED, NULL, "test"), 0);
	return s;
}

static void
write_key(char out[64], uint8_t number)
{
	struct tls_peer key = key_of_number(number);
	struct buf b = BUF_INIT(63);
	digest_base64(&b, key.id.bytes, sizeof(key.id.bytes));
	(void)snprintf(out, 64, "%s", buf_cstr(&b));
	buf_finish(&b);
}

/* What is inside of the message; the answer is in world.sent. */
static void
says_message(struct stream *s, const char *attrs, const char *inside)
{
	char stanza[MESSAGE_MAX];
	int len = snprintf(stanza, sizeof(stanza),
	    "<iq type='set' id='v'><trust-message xmlns='urn:xmpp:tm:1' %s>%s</trust-message></iq>",
	    attrs, inside);
	assert_in_range(len, 1, sizeof(stanza) - 1);
	buf_clear(&world.sent);
	buf_clear(&world.events);
	says(s, stanza);
}

#define ATTRS "usage='urn:xmpp:atm:1' encryption='urn:earshot:key:1'"

static void
vouches(struct stream *s, const char *name, uint8_t number)
{
	char key[64], inside[MESSAGE_MAX];
	write_key(key, number);
	(void)snprintf(
	    inside, sizeof(inside), "<key-owner jid='%s'><trust>%s</trust></key-owner>", name, key);
	says_message(s, ATTRS, inside);
}

static bool
was_answered(const char *with)
{
	return strstr(buf_cstr(&world.sent), with) != NULL;
}

static bool
was_told(void)
{
	return strstr(buf_cstr(&world.events), "introduction") != NULL;
}

static void
accepts(const char *name)
{
	struct ipc_call call;
	char params[128];
	(void)snprintf(params, sizeof(params), "{\"peer\":\"%s\"}", name);
	call_method(&call, feature_trust.methods, "trust.accept", params);
	assert_int_equal(call.answers, 1);
	assert_string_equal(call.reason, "");
	call_finish(&call);
}

/* ---- what comes ---- */

static void
a_human_accepts_who_was_vouched_for(void **state)
{
	(void)state;
	struct stream *s = verified_comes(ROMEO, VOUCHER);
	comes(MERCUTIO, SUBJECT);
	vouches(s, MERCUTIO, SUBJECT);
	assert_true(was_answered("type='result'"));
	assert_true(was_told());
	assert_string_equal(trust_of(MERCUTIO), "new"); /* the network raises nothing */
	assert_ptr_equal(introduction_voucher(person_called(MERCUTIO)), person_called(ROMEO));
	accepts(MERCUTIO);
	assert_string_equal(trust_of(MERCUTIO), "introduced");
	assert_string_equal(person_called(MERCUTIO)->via, ROMEO);
	assert_null(introduction_voucher(person_called(MERCUTIO)));
	assert_int_equal(world.r.introduction_count, 0);
	accepts(MERCUTIO);
	assert_string_equal(trust_of(MERCUTIO), "introduced");
}

static void
who_is_known_may_be_introduced_later(void **state)
{
	(void)state;
	struct stream *s = verified_comes(ROMEO, VOUCHER);
	comes(MERCUTIO, SUBJECT);
	accepts(MERCUTIO);
	assert_string_equal(trust_of(MERCUTIO), "known");
	vouches(s, MERCUTIO, SUBJECT);
	assert_true(was_told());
	accepts(MERCUTIO);
	assert_string_equal(trust_of(MERCUTIO), "introduced");
}

static void
who_was_vouched_for_is_told_of_when_met(void **state)
{
	(void)state;
	struct stream *s = verified_comes(ROMEO, VOUCHER);
	vouches(s, MERCUTIO, SUBJECT);
	assert_true(was_answered("type='result'"));
	assert_true(was_told());
	struct value *all = introductions_describe(&world.r);
	assert_int_equal(value_count(all), 1);
	assert_string_equal(value_str(value_at(all, 0), "voucher"), ROMEO);
	assert_string_equal(value_str(value_at(all, 0), "name"), MERCUTIO);
	assert_false(value_has(value_at(all, 0), "peer"));
	value_free(all);
	buf_clear(&world.events);
	comes(MERCUTIO, SUBJECT);
	assert_true(was_told());
	assert_string_equal(trust_of(MERCUTIO), "new");
	buf_clear(&world.events);
	accepts(MERCUTIO);
	assert_false(was_told());
	assert_string_equal(trust_of(MERCUTIO), "introduced");
}

static void
who_is_verified_stays_that(void **state)
{
	(void)state;
	struct stream *s = verified_comes(ROMEO, VOUCHER);
	verified_comes(MERCUTIO, SUBJECT);
	vouches(s, MERCUTIO, SUBJECT);
	assert_true(was_answered("type='result'"));
	assert_false(was_told());
	accepts(MERCUTIO);
	assert_string_equal(trust_of(MERCUTIO), "verified");
	assert_null(person_called(MERCUTIO)->via);
}

static void
n4_only_who_is_verified_is_heard(void **state)
{
	(void)state;
	struct stream *s = comes(ROMEO, VOUCHER);
	comes(MERCUTIO, SUBJECT);
	static const enum trust_event steps[] = {
	    TRUST_HEARD, TRUST_SAID, TRUST_INTRODUCED, TRUST_VERIFIED, TRUST_BLOCKED};
	for (size_t i = 0; i < ARRAY_LEN(steps); i++) {
		struct person *p = person_called(ROMEO);
		assert_int_equal(contact_happens(p, steps[i], NULL, "test"), 0);
		vouches(s, TYBALT, (uint8_t)(SUBJECT + i));
		bool heard = steps[i] == TRUST_VERIFIED;
		assert_int_equal(was_answered("type='result'"), heard);
		/* who is blocked is not even answered */
		bool refused = !heard && steps[i] != TRUST_BLOCKED;
		assert_int_equal(was_answered("<not-authorized "), refused);
		assert_int_equal(was_told(), heard);
	}
	accepts(MERCUTIO);
	assert_string_equal(trust_of(MERCUTIO), "known");
}

static void
n4_nobody_is_heard_in_plain(void **state)
{
	(void)state;
	int err;
	announce(ROMEO, TXT_CLIENT_LIBPURPLE, HOME, DISCOVERY_MDNS);
	struct stream *s = dials_us(ROMEO, HOME, &err);
	assert_int_equal(err, 0);
	vouches(s, MERCUTIO, SUBJECT);
	assert_true(was_answered("<not-authorized "));
	assert_int_equal(world.r.introduction_count, 0);
}

static void
a_voucher_counts_as_long_as_it_is_verified(void **state)
{
	(void)state;
	struct stream *s = verified_comes(ROMEO, VOUCHER);
	comes(MERCUTIO, SUBJECT);
	vouches(s, MERCUTIO, SUBJECT);
	assert_int_equal(contact_happens(person_called(ROMEO), TRUST_BLOCKED, NULL, "test"), 0);
	assert_null(introduction_voucher(person_called(MERCUTIO)));
	accepts(MERCUTIO);
	assert_string_equal(trust_of(MERCUTIO), "known");
}

static void
a_key_is_vouched_for_under_its_name_only(void **state)
{
	(void)state;
	struct stream *s = verified_comes(ROMEO, VOUCHER);
	comes(MERCUTIO, SUBJECT);
	vouches(s, TYBALT, SUBJECT); /* that it is Tybalt's */
	vouches(s, MERCUTIO, 3);     /* that Mercutio has another one */
	assert_null(introduction_voucher(person_called(MERCUTIO)));
	accepts(MERCUTIO);
	assert_string_equal(trust_of(MERCUTIO), "known");
}

static void
another_key_was_not_vouched_for(void **state)
{
	(void)state;
	struct tls_peer other = key_of_number(3);
	struct stream *s = verified_comes(ROMEO, VOUCHER);
	comes(MERCUTIO, SUBJECT);
	vouches(s, MERCUTIO, SUBJECT);
	accepts(MERCUTIO);
	struct person *p = person_called(MERCUTIO);
	assert_int_equal(contact_happens(p, TRUST_ACCEPTED_KEY, &other.id, "test"), 0);
	assert_string_equal(trust_of(MERCUTIO), "known");
	assert_null(p->via);
}

static void
what_is_malformed_is_refused(void **state)
{
	(void)state;
	static const struct {
		const char *attrs, *inside, *condition;
	} rows[] = {
	    {"", "", "feature-not-implemented"},
	    {"usage='urn:xmpp:atm:1'", "", "feature-not-implemented"},
	    {"usage='urn:xmpp:atm:1' encryption='urn:xmpp:omemo:2'", "", "feature-not-implemented"},
	    {ATTRS, "", "bad-request"},
	    {ATTRS, "<key-owner jid='a@b'/>", "bad-request"},
	    {ATTRS, "<key-owner jid='a@b'><trust/></key-owner>", "bad-request"},
	    {ATTRS, "<key-owner jid='a@b'><trust>AgIC</trust></key-owner>", "bad-request"},
	    {ATTRS, "<key-owner><trust>@</trust></key-owner>", "bad-request"},
	    {ATTRS, "<key-owner jid=''><trust>@</trust></key-owner>", "bad-request"},
	    {ATTRS, "<key-owner jid='a@b'><distrust>@</distrust></key-owner>", "bad-request"},
	    {ATTRS, "<key-owner jid='a@b'><trust>@</trust><trust>@</trust></key-owner>",
		"bad-request"},
	    {ATTRS,
		"<key-owner jid='a@b'><trust>@</trust></key-owner>"
		"<key-owner jid='c@d'><trust>@</trust></key-owner>",
		"bad-request"},
	    {ATTRS,
		"<key-owner jid='0123456789012345678901234567890123456789012345678901234567890123'>"
		"<trust>@</trust></key-owner>",
		"bad-request"},
	};
	char key[64];
	write_key(key, SUBJECT);
	struct stream *s = verified_comes(ROMEO, VOUCHER);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct buf inside = BUF_INIT(MESSAGE_MAX);
		for (const char *at = rows[i].inside; *at; at++) {
			bool is_key = *at == '@' && at > rows[i].inside && at[-1] == '>';
			if (is_key)
				buf_str(&inside, key);
			else
				buf_char(&inside, *at);
		}
		says_message(s, rows[i].attrs, buf_cstr(&inside));
		buf_finish(&inside);
		assert_true(was_answered(rows[i].condition));
		assert_false(was_told());
	}
	vouches(s, ROMEO, VOUCHER); /* for themselves */
	assert_true(was_answered("not-acceptable"));
	vouches(s, "juliet@capulet", OWN_KEY); /* for us */
	assert_true(was_answered("not-acceptable"));
	assert_int_equal(world.r.introduction_count, 0);
}

static void
what_is_remembered_has_bounds(void **state)
{
	(void)state;
	char name[32];
	uint8_t key = 10;
	for (int n = 0; n < 5; n++) {
		(void)snprintf(name, sizeof(name), "voucher-%d@forza", n);
		struct stream *s = verified_comes(name, key++);
		for (int i = 0; i < 20; i++) {
			(void)snprintf(name, sizeof(name), "somebody-%d-%d@forza", n, i);
			vouches(s, name, key++);
			assert_true(was_told());
		}
		vouches(s, name, (uint8_t)(key - 1)); /* the same once more is no news */
		assert_false(was_told());
		size_t most = (size_t)(n + 1) * LIMIT_INTRODUCTIONS_OF;
		assert_int_equal(world.r.introduction_count,
		    most < LIMIT_INTRODUCTIONS ? most : LIMIT_INTRODUCTIONS);
	}
	struct value *all = introductions_describe(&world.r);
	const struct value *last = value_at(all, value_count(all) - 1);
	assert_string_equal(value_str(last, "name"), "somebody-4-19@forza");
	value_free(all);
}

/* ---- what is sent ---- */

static void
introduces(struct ipc_call *call, const char *peer, const char *to)
{
	char params[128];
	(void)snprintf(params, sizeof(params), "{\"peer\":\"%s\",\"to\":\"%s\"}", peer, to);
	buf_clear(&world.sent);
	call_method(call, feature_trust_messages.methods, "trust.introduce", params);
}

static void
answers(struct stream *s, const char *type, const char *error)
{
	char id[64], stanza[512];
	const char *at = strstr(buf_cstr(&world.sent), " id='");
	assert_non_null(at);
	assert_int_equal(sscanf(at, " id='%63[^']'", id), 1);
	(void)snprintf(stanza, sizeof(stanza), "<iq type='%s' id='%s'>%s</iq>", type, id, error);
	says(s, stanza);
}

#define ERROR_OF(condition) \
	"<error type='cancel'><" condition " xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></" \
	"error>"

static void
an_introduction_names_key_and_owner(void **state)
{
	(void)state;
	struct ipc_call call;
	char key[64];
	struct stream *s = verified_comes(ROMEO, VOUCHER);
	verified_comes(MERCUTIO, SUBJECT);
	introduces(&call, MERCUTIO, ROMEO);
	assert_int_equal(call.answers, 0);
	write_key(key, SUBJECT);
	assert_true(was_answered("<trust-message xmlns='urn:xmpp:tm:1' " ATTRS ">"
				 "<key-owner jid='" MERCUTIO "'><trust>"));
	assert_true(was_answered(key));
	answers(s, "result", "");
	assert_int_equal(call.answers, 1);
	assert_string_equal(value_str(call.result, "to"), ROMEO);
	call_finish(&call);
}

static void
what_the_other_answers_is_told(void **state)
{
	(void)state;
	static const struct {
		const char *error, *reason;
	} rows[] = {
	    {ERROR_OF("not-authorized"), "trust"},
	    {ERROR_OF("service-unavailable"), "unsupported"},
	    {ERROR_OF("bad-request"), "unsupported"},
	};
	struct ipc_call call;
	struct stream *s = verified_comes(ROMEO, VOUCHER);
	verified_comes(MERCUTIO, SUBJECT);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		introduces(&call, MERCUTIO, ROMEO);
		answers(s, "error", rows[i].error);
		assert_int_equal(call.answers, 1);
		assert_string_equal(call.reason, rows[i].reason);
		call_finish(&call);
	}
	introduces(&call, MERCUTIO, ROMEO);
	let_pass(IQ_TIMEOUT + 250);
	assert_string_equal(call.reason, "timeout");
	call_finish(&call);
}

static void
one_vouches_only_for_and_to_the_verified(void **state)
{
	(void)state;
	struct ipc_call call;
	verified_comes(ROMEO, VOUCHER);
	comes(MERCUTIO, SUBJECT);
	assert_int_equal(contact_happens(person_called(MERCUTIO), TRUST_SAID, NULL, "test"), 0);
	static const struct {
		const char *peer, *to, *reason;
	} rows[] = {
	    {MERCUTIO, ROMEO, "trust"},
	    {ROMEO, MERCUTIO, "trust"},
	    {ROMEO, ROMEO, "invalid"},
	    {ROMEO, "nobody@forza", "unknown"},
	    {ROMEO, "", "invalid"},
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		introduces(&call, rows[i].peer, rows[i].to);
		assert_int_equal(call.answers, 1);
		assert_string_equal(call.reason, rows[i].reason);
		assert_int_equal(world.sent.len, 0);
		call_finish(&call);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(a_human_accepts_who_was_vouched_for, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(
		who_is_known_may_be_introduced_later, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(
		who_was_vouched_for_is_told_of_when_met, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(who_is_verified_stays_that, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(n4_only_who_is_verified_is_heard, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(n4_nobody_is_heard_in_plain, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(
		a_voucher_counts_as_long_as_it_is_verified, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(
		a_key_is_vouched_for_under_its_name_only, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(another_key_was_not_vouched_for, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(what_is_malformed_is_refused, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(what_is_remembered_has_bounds, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(an_introduction_names_key_and_owner, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(what_the_other_answers_is_told, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(
		one_vouches_only_for_and_to_the_verified, set_up, tear_down),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
