#include "base/limits.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "../support/world.h"

#include "../support/romeo.h"

static const struct feature *const no_features[] = {NULL};
static struct stream *his;

struct answer {
	unsigned calls;
	int err;
	char payload[32];
};

static void
on_answer(void *ctx, struct person *p, int err, const struct xml_elem *payload)
{
	struct answer *a = ctx;
	(void)p;
	a->calls++;
	a->err = err;
	(void)snprintf(a->payload, sizeof(a->payload), "%s", payload ? payload->name : "-");
}

static int
set_up(void **state)
{
	int err = 0;
	(void)state;
	if (world_begin(no_features))
		return -1;
	romeo(TXT_CLIENT_SALUT);
	his = dials_us(ROMEO, "192.0.2.1", &err);
	return err;
}

static int
tear_down(void **state)
{
	(void)state;
	return world_end();
}

/* Asks, and takes the id out of what was sent. */
static void
ask(struct answer *a, char id[64], unsigned timeout)
{
	*a = (struct answer){0};
	assert_int_equal(
	    iq_request(person_called(ROMEO), "urn:x", "ask", "a node", timeout, on_answer, a), 0);
	const char *at = strstr(buf_cstr(&world.sent), " id='");
	assert_non_null(at);
	assert_int_equal(sscanf(at, " id='%63[^']'", id), 1);
	assert_non_null(strstr(buf_cstr(&world.sent), "<ask xmlns='urn:x' node='a node'/>"));
	buf_clear(&world.sent);
}

static void
reply(struct stream *s, const char *type, const char *id, const char *payload)
{
	char text[512];
	(void)snprintf(text, sizeof(text), "<iq type='%s' id='%s'>%s</iq>", type, id, payload);
	says(s, text);
}

static void
n16_the_answer_with_the_id_counts_once(void **state)
{
	(void)state;
	struct answer a;
	char id[64];
	ask(&a, id, 1000);
	reply(his, "result", "other", "<wrong/>");
	assert_int_equal(a.calls, 0);
	reply(his, "result", id, "<right xmlns='urn:x'/>");
	reply(his, "result", id, "<late xmlns='urn:x'/>");
	assert_int_equal(a.calls, 1);
	assert_int_equal(a.err, 0);
	assert_string_equal(a.payload, "right");
	ask(&a, id, 1000);
	reply(his, "result", id, "");
	assert_string_equal(a.payload, "-");
	let_pass(2000);
	assert_int_equal(a.calls, 1);
}

static void
n16_nobody_answers_for_another(void **state)
{
	(void)state;
	struct answer a;
	char id[64];
	int err;
	announce(TYBALT, TXT_CLIENT_SALUT, "192.0.2.66", DISCOVERY_MDNS);
	struct stream *tybalts = dials_us(TYBALT, "192.0.2.66", &err);
	ask(&a, id, 1000);
	reply(tybalts, "result", id, "<forged/>"); /* N16 */
	assert_int_equal(a.calls, 0);
	struct stream *second = dials_us(ROMEO, "192.0.2.1", &err);
	reply(second, "result", id, "<right/>"); /* any stream of his will do */
	assert_int_equal(a.calls, 1);
}

static void
errors_tell_what_is_not_supported(void **state)
{
	(void)state;
	static const struct {
		const char *payload;
		int err;
	} cases[] = {
	    {"", ERR_PROTO},
	    {"<error type='cancel'/>", ERR_PROTO},
	    {"<ask xmlns='urn:x'/><error type='cancel'><service-unavailable "
	     "xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error>",
		ERR_UNSUPPORTED},
	    {"<error type='cancel'><feature-not-implemented "
	     "xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error>",
		ERR_UNSUPPORTED},
	    {"<error type='auth'><forbidden "
	     "xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error>",
		ERR_PROTO},
	};
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct answer a;
		char id[64];
		ask(&a, id, 1000);
		reply(his, "error", id, cases[i].payload);
		assert_int_equal(a.calls, 1);
		assert_int_equal(a.err, cases[i].err);
		assert_string_equal(a.payload, "-");
	}
}

static void
silence_ends_each_request_in_its_time(void **state)
{
	(void)state;
	struct answer slow, quick;
	char id[64];
	ask(&slow, id, 5000);
	ask(&quick, id, 2000);
	let_pass(1750);
	assert_int_equal(quick.calls, 0);
	let_pass(250);
	assert_int_equal(quick.calls, 1);
	assert_int_equal(quick.err, -ETIMEDOUT);
	assert_int_equal(slow.calls, 0);
	let_pass(3000);
	assert_int_equal(slow.err, -ETIMEDOUT);
	let_pass(10000);
	assert_int_equal(slow.calls + quick.calls, 2);
}

static void
the_end_of_all_streams_ends_all_requests(void **state)
{
	(void)state;
	struct answer a, b;
	char id[64];
	int err;
	struct stream *second = dials_us(ROMEO, "192.0.2.1", &err);
	ask(&a, id, 5000);
	ask(&b, id, 5000);
	ends(second, -ECONNRESET);
	assert_int_equal(a.calls, 0);
	ends(his, -ECONNRESET);
	assert_int_equal(a.calls + b.calls, 2);
	assert_int_equal(a.err, -ECONNRESET);
	assert_int_equal(person_called(ROMEO)->iq_count, 0);
}

static void
a_failed_dial_ends_a_request_at_once(void **state)
{
	(void)state;
	struct answer a = {0};
	ends(his, 0);
	assert_int_equal(
	    iq_request(person_called(ROMEO), "urn:x", "ask", NULL, 5000, on_answer, &a), 0);
	ends(dialled_for(ROMEO), -ECONNREFUSED);
	resolved(-ETIMEDOUT);
	assert_int_equal(a.calls, 1);
	assert_int_equal(a.err, -ETIMEDOUT);
}

static void
too_many_requests_are_refused(void **state)
{
	(void)state;
	struct answer a = {0};
	struct person *p = person_called(ROMEO);
	for (int i = 0; i < LIMIT_IQ_PENDING; i++)
		assert_int_equal(iq_request(p, "urn:x", "ask", NULL, 5000, on_answer, &a), 0);
	assert_int_equal(iq_request(p, "urn:x", "ask", NULL, 5000, on_answer, &a), ERR_TOO_BIG);
	let_pass(5000);
	assert_int_equal(a.calls, LIMIT_IQ_PENDING);
	assert_int_equal(iq_request(p, "urn:x", "ask", NULL, 5000, on_answer, &a), 0);
	let_pass(5000);
	assert_int_equal(a.calls, LIMIT_IQ_PENDING + 1);
}

static void
write_nothing(struct xml_writer *w, const void *from)
{
	(void)w, (void)from;
}

static void
an_id_may_be_ours_to_choose_and_be_forgotten(void **state)
{
	(void)state;
	struct answer a = {0}, b = {0};
	struct person *p = person_called(ROMEO);
	assert_int_equal(
	    iq_put_as(p, "sid7", "urn:x", "ask", write_nothing, NULL, 5000, on_answer, &a), 0);
	assert_non_null(strstr(buf_cstr(&world.sent), " type='set' id='sid7'><ask "));
	assert_int_equal(
	    iq_put_as(p, "sid8", "urn:x", "ask", write_nothing, NULL, 5000, on_answer, &b), 0);
	iq_forget(p, "sid7");
	iq_forget(p, "sid9");
	reply(his, "result", "sid7", "<x/>");
	reply(his, "result", "sid8", "<x/>");
	let_pass(10000);
	assert_int_equal(a.calls, 0);
	assert_int_equal(b.calls, 1);
	assert_int_equal(p->iq_count, 0);
	assert_int_equal(iq_put_as(p, "0123456789abcdef0123456789abcdef0", "urn:x", "ask",
			     write_nothing, NULL, 5000, on_answer, &a),
	    ERR_TOO_BIG);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(n16_the_answer_with_the_id_counts_once),
	    TEST(n16_nobody_answers_for_another),
	    TEST(errors_tell_what_is_not_supported),
	    TEST(silence_ends_each_request_in_its_time),
	    TEST(the_end_of_all_streams_ends_all_requests),
	    TEST(a_failed_dial_ends_a_request_at_once),
	    TEST(too_many_requests_are_refused),
	    TEST(an_id_may_be_ours_to_choose_and_be_forgotten),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
