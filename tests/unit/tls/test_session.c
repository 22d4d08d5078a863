/* Two of our sessions with each other. */
#include "pair.h"

static void
both_sides_see_each_others_key_before_anything_is_said(void **state)
{
	(void)state;
	struct pair *p = pair_create();
	pair_open(p);
	assert_int_equal(p->client.checks, 1);
	assert_int_equal(p->server.checks, 1);
	assert_true(tls_id_equal(
	    &tls_session_peer(p->client.session)->id, tls_identity_id(p->server.identity)));
	assert_true(tls_id_equal(
	    &tls_session_peer(p->server.session)->id, tls_identity_id(p->client.identity)));
	assert_int_equal(tls_session_write(p->client.session, "hello", 5), 0);
	assert_int_equal(tls_session_write(p->server.session, "world!", 6), 0);
	pair_run(p);
	assert_int_equal(p->server.len, 5);
	assert_memory_equal(p->server.got, "hello", 5);
	assert_int_equal(p->client.len, 6);
	assert_memory_equal(p->client.got, "world!", 6);
	pair_destroy(p);
}

static void
n4_a_client_refuses_another_key_and_the_server_learns_it(void **state)
{
	(void)state;
	static const struct tls_id other = {{1}};
	struct pair *p = pair_create();
	p->client.wanted = &other;
	pair_begin(p);
	pair_run(p);
	assert_int_equal(tls_session_err(p->client.session), ERR_KEY);
	assert_int_equal(tls_session_err(p->server.session), ERR_KEY_REFUSED);
	/* it has not even shown its own key */
	assert_int_equal(p->server.checks, 0);
	assert_null(tls_session_peer(p->client.session));
	assert_false(tls_session_is_open(p->client.session));
	assert_int_equal(tls_session_write(p->client.session, "x", 1), ERR_KEY);
	assert_int_equal(tls_session_write(p->server.session, "x", 1), ERR_KEY_REFUSED);
	assert_int_equal(p->client.len + p->server.len, 0);
	pair_destroy(p);
}

/* The client is done before the server has judged it: what it says then is never read. */
static void
n4_a_server_refuses_another_key_and_the_client_learns_it(void **state)
{
	(void)state;
	static const struct tls_id other = {{1}};
	struct pair *p = pair_create();
	p->server.wanted = &other;
	pair_begin(p);
	assert_true(carry(&p->client, &p->server, 0));
	assert_int_equal(tls_session_write(p->server.session, "x", 1), -ENOTCONN);
	assert_true(carry(&p->server, &p->client, 0));
	assert_true(tls_session_is_open(p->client.session));
	assert_int_equal(tls_session_write(p->client.session, "secret", 6), 0);
	pair_run(p);
	assert_int_equal(tls_session_err(p->server.session), ERR_KEY);
	assert_int_equal(tls_session_err(p->client.session), ERR_KEY_REFUSED);
	assert_int_equal(p->server.checks, 1);
	assert_null(tls_session_peer(p->server.session));
	assert_int_equal(p->client.len + p->server.len, 0);
	pair_destroy(p);
}

static int
refuse_for_a_reason(void *ctx, const struct tls_peer *peer)
{
	(void)ctx;
	(void)peer;
	return ERR_TRUST;
}

static void
the_error_of_a_check_is_kept(void **state)
{
	(void)state;
	struct pair *p = pair_create();
	pair_begin(p);
	tls_session_destroy(p->server.session);
	assert_int_equal(tls_session_create(p->server.context, false, refuse_for_a_reason, NULL,
			     &p->server.session),
	    0);
	pair_run(p);
	assert_int_equal(tls_session_err(p->server.session), ERR_TRUST);
	assert_int_equal(p->client.verdict, ERR_KEY_REFUSED);
	pair_destroy(p);
}

static void
an_orderly_end_is_told_from_a_cut(void **state)
{
	(void)state;
	struct pair *p = pair_create();
	pair_open(p);
	assert_int_equal(tls_session_write(p->client.session, "bye", 3), 0);
	tls_session_shutdown(p->client.session);
	assert_int_equal(tls_session_write(p->client.session, "x", 1), -ENOTCONN);
	pair_run(p);
	assert_int_equal(p->server.len, 3);
	assert_int_equal(p->server.verdict, ERR_CLOSED);
	assert_int_equal(tls_session_err(p->server.session), 0);
	/* what the other has still to say arrives */
	assert_int_equal(tls_session_write(p->server.session, "yes", 3), 0);
	pair_run(p);
	assert_int_equal(p->client.len, 3);
	tls_session_shutdown(p->server.session);
	tls_session_shutdown(p->server.session);
	pair_run(p);
	assert_int_equal(p->client.verdict, ERR_CLOSED);
	pair_destroy(p);
}

static void
one_byte_at_a_time_is_enough(void **state)
{
	(void)state;
	struct pair *p = pair_create();
	p->step = 1;
	pair_open(p);
	for (unsigned i = 0; i < 3; i++) {
		assert_int_equal(tls_session_write(p->client.session, "abc", 3), 0);
		assert_int_equal(tls_session_write(p->server.session, "defg", 4), 0);
	}
	tls_session_shutdown(p->client.session);
	pair_run(p);
	assert_int_equal(p->server.len, 9);
	assert_int_equal(p->client.len, 12);
	assert_int_equal(p->server.verdict, ERR_CLOSED);
	pair_destroy(p);
}

static void
both_sides_and_no_other_session_have_the_exported_bytes(void **state)
{
	(void)state;
	uint8_t one[TLS_EXPORTER_SIZE], two[TLS_EXPORTER_SIZE], other[TLS_EXPORTER_SIZE];
	struct pair *p = pair_create();
	pair_begin(p);
	assert_int_equal(tls_session_exporter(p->client.session, "a", one), -ENOTCONN);
	pair_run(p);
	assert_int_equal(tls_session_exporter(p->client.session, "EXPORTER-a", one), 0);
	assert_int_equal(tls_session_exporter(p->server.session, "EXPORTER-a", two), 0);
	assert_memory_equal(one, two, sizeof(one));
	assert_int_equal(tls_session_exporter(p->server.session, "EXPORTER-b", other), 0);
	assert_memory_not_equal(one, other, sizeof(one));
	/* the same two, once more */
	struct pair *q = pair_create();
	q->client.identity = p->client.identity;
	q->server.identity = p->server.identity;
	pair_open(q);
	assert_int_equal(tls_session_exporter(q->client.session, "EXPORTER-a", other), 0);
	assert_memory_not_equal(one, other, sizeof(one));
	q->client.identity = q->server.identity = NULL;
	pair_destroy(q);
	pair_destroy(p);
}

/* Bytes on the wire for so many plain ones, in a session of its own. */
static size_t
wire_size(size_t plain)
{
	static const char zeros[LIMIT_TLS_WRITE];
	const void *out;
	size_t len;
	struct pair *p = pair_create();
	pair_open(p);
	assert_int_equal(tls_session_write(p->client.session, zeros, plain), 0);
	tls_session_output(p->client.session, &out, &len);
	pair_run(p);
	assert_int_equal(p->server.len, plain);
	pair_destroy(p);
	return len;
}

static void
n1_the_length_of_a_message_does_not_show(void **state)
{
	(void)state;
	const size_t header_and_tag = 5 + 16;
	assert_int_equal(wire_size(1), 256 + header_and_tag);
	assert_int_equal(wire_size(200), 256 + header_and_tag);
	assert_int_equal(wire_size(255), 256 + header_and_tag);
	assert_int_equal(wire_size(256), 512 + header_and_tag);
	assert_true(wire_size(LIMIT_TLS_WRITE) < LIMIT_TLS_WRITE + 5 * 300);
}

static void
n1_nothing_that_is_said_is_on_the_wire(void **state)
{
	(void)state;
	static const char secret[] = "but soft what light through yonder window breaks";
	const void *out;
	size_t len;
	struct pair *p = pair_create();
	pair_open(p);
	for (unsigned i = 0; i < 100; i++)
		assert_int_equal(
		    tls_session_write(p->client.session, secret, sizeof(secret) - 1), 0);
	tls_session_output(p->client.session, &out, &len);
	for (size_t i = 0; i + 8 < len; i++)
		assert_memory_not_equal((const char *)out + i, secret, 8);
	pair_destroy(p);
}

static void
no_tickets_follow_the_handshake(void **state)
{
	(void)state;
	struct pair *p = pair_create();
	const void *out;
	size_t len;
	pair_begin(p);
	assert_true(carry(&p->client, &p->server, 0));
	assert_true(carry(&p->server, &p->client, 0));
	assert_true(carry(&p->client, &p->server, 0));
	assert_true(tls_session_is_open(p->server.session));
	tls_session_output(p->server.session, &out, &len);
	assert_int_equal(len, 0);
	pair_destroy(p);
}

static void
too_much_unsent_is_said_without_harm(void **state)
{
	(void)state;
	static char zeros[LIMIT_TLS_WRITE + 1];
	struct pair *p = pair_create();
	size_t written = 0;
	int err;
	pair_open(p);
	assert_int_equal(tls_session_write(p->client.session, zeros, sizeof(zeros)), -EINVAL);
	while ((err = tls_session_write(p->client.session, zeros, LIMIT_TLS_WRITE / 4)) == 0)
		written += LIMIT_TLS_WRITE / 4;
	assert_int_equal(err, -EAGAIN);
	assert_true(written >= LIMIT_TLS_WRITE * 3 / 2);
	pair_run(p);
	assert_int_equal(p->server.len, written);
	p->server.len = 0;
	assert_int_equal(tls_session_write(p->client.session, zeros, LIMIT_TLS_WRITE), 0);
	pair_run(p);
	assert_int_equal(p->server.len, LIMIT_TLS_WRITE);
	pair_destroy(p);
}

static void
output_may_go_in_pieces(void **state)
{
	(void)state;
	struct pair *p = pair_create();
	pair_open(p);
	assert_int_equal(tls_session_write(p->client.session, "hello", 5), 0);
	for (unsigned i = 0; p->server.len < 5 && i < 1000; i++) {
		const void *out;
		size_t len;
		char byte;
		tls_session_output(p->client.session, &out, &len);
		assert_true(len > 0);
		memcpy(&byte, out, 1);
		end_take(&p->server, &byte, 1);
		tls_session_sent(p->client.session, 1);
		if (i == 3) /* more comes behind what is not yet sent */
			assert_int_equal(tls_session_write(p->client.session, "x", 1), 0);
	}
	assert_int_equal(p->server.len, 5);
	pair_run(p);
	assert_memory_equal(p->server.got, "hellox", 6);
	pair_destroy(p);
}

static void
a_handed_over_identity_shows_whom_it_succeeds(void **state)
{
	(void)state;
	struct tls_identity *chain[TLS_FORMERLY_MAX + 2];
	for (size_t i = 0; i < ARRAY_LEN(chain); i++)
		assert_int_equal(identity_generate(&chain[i]), 0);
	for (size_t i = 1; i < ARRAY_LEN(chain); i++)
		assert_int_equal(tls_identity_hand_over(chain[i - 1], chain[i]), 0);
	struct tls_identity *last = chain[ARRAY_LEN(chain) - 1];
	struct pair *p = pair_create();
	p->client.identity = last;
	pair_open(p);
	/* the oldest of five earlier ones is forgotten */
	assert_int_equal(p->server.seen.formerly_count, TLS_FORMERLY_MAX);
	for (size_t i = 0; i < TLS_FORMERLY_MAX; i++)
		assert_true(tls_id_equal(
		    &p->server.seen.formerly[i], tls_identity_id(chain[ARRAY_LEN(chain) - 2 - i])));
	assert_false(tls_peer_was(&p->server.seen, tls_identity_id(chain[0])));
	p->client.identity = NULL;
	pair_destroy(p);
	for (size_t i = 0; i < ARRAY_LEN(chain); i++)
		tls_identity_destroy(chain[i]);
}

static void
a_context_shows_a_renewed_certificate_of_its_key_only(void **state)
{
	(void)state;
	struct tls_identity *old, *other;
	assert_int_equal(identity_generate(&old), 0);
	assert_int_equal(identity_generate(&other), 0);
	struct pair *p = pair_create();
	pair_open(p);
	struct tls_identity *self = p->server.identity;
	assert_int_equal(tls_identity_hand_over(old, self), 0);
	assert_int_equal(tls_context_renew(p->server.context, other), -EINVAL);
	assert_int_equal(tls_context_renew(p->server.context, self), 0);
	struct pair *q = pair_create();
	q->server.identity = self;
	pair_begin(q);
	tls_session_destroy(q->server.session);
	assert_int_equal(
	    tls_session_create(p->server.context, false, check_key, &q->server, &q->server.session),
	    0);
	pair_run(q);
	assert_true(tls_peer_was(&q->client.seen, tls_identity_id(old)));
	q->server.identity = NULL;
	pair_destroy(q);
	pair_destroy(p);
	tls_identity_destroy(old);
	tls_identity_destroy(other);
}

static void
n10_no_session_is_made_for_what_cannot_be_a_handshake(void **state)
{
	(void)state;
	static const uint8_t hello[] = {0x16, 3, 1, 2, 0};
	for (size_t i = 0; i <= sizeof(hello); i++)
		assert_true(tls_looks_like_handshake(hello, i));
	static const uint8_t others[][5] = {{0x17, 3, 3, 0, 20}, {0x16, 2, 0, 0, 20},
	    {0x16, 3, 4, 0, 20}, {0x16, 3, 0, 0, 20}, {0x16, 3, 1, 0x41, 0}, {0x16, 3, 1, 0, 3},
	    {'<', 's', 't', 'r', 'e'}, {'G', 'E', 'T', ' ', '/'}};
	for (size_t i = 0; i < ARRAY_LEN(others); i++)
		assert_false(tls_looks_like_handshake(others[i], 5));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(both_sides_see_each_others_key_before_anything_is_said),
	    cmocka_unit_test(n4_a_client_refuses_another_key_and_the_server_learns_it),
	    cmocka_unit_test(n4_a_server_refuses_another_key_and_the_client_learns_it),
	    cmocka_unit_test(the_error_of_a_check_is_kept),
	    cmocka_unit_test(an_orderly_end_is_told_from_a_cut),
	    cmocka_unit_test(one_byte_at_a_time_is_enough),
	    cmocka_unit_test(both_sides_and_no_other_session_have_the_exported_bytes),
	    cmocka_unit_test(n1_the_length_of_a_message_does_not_show),
	    cmocka_unit_test(n1_nothing_that_is_said_is_on_the_wire),
	    cmocka_unit_test(no_tickets_follow_the_handshake),
	    cmocka_unit_test(too_much_unsent_is_said_without_harm),
	    cmocka_unit_test(output_may_go_in_pieces),
	    cmocka_unit_test(a_handed_over_identity_shows_whom_it_succeeds),
	    cmocka_unit_test(a_context_shows_a_renewed_certificate_of_its_key_only),
	    cmocka_unit_test(n10_no_session_is_made_for_what_cannot_be_a_handshake),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
