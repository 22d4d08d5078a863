#define _GNU_SOURCE /* unshare() */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "hubs.h"

/* Two hubs that encrypt, over real sockets. */

static void
stanzas_go_both_ways_encrypted(void **state)
{
	(void)state;
	struct pair p;
	uint64_t first = 0, second = 0;
	uint8_t ours[32], theirs[32];
	open_secure(&p);
	struct stream *s = dial_b(&p);
	send_message(&p.a, s, 1, &first); /* waits for the connection */
	send_message(&p.a, s, 2, &second);
	assert_null(stream_peer_key(s));
	assert_int_equal(stream_exporter(s, "EXPORTER-x", ours), -ENOTCONN);
	RUN_UNTIL(&p, p.b.stanzas == 2 && p.a.sent == second && p.a.features == 1);
	assert_string_equal(p.b.from, "alice@h1");
	assert_int_equal(p.b.identified, 1);
	assert_int_equal(p.a.keys + p.b.keys, 2);
	assert_true(tls_id_equal(&stream_peer_key(s)->id, tls_identity_id(p.b.identity)));
	assert_true(tls_id_equal(&stream_peer_key(p.b.stream)->id, tls_identity_id(p.a.identity)));
	assert_int_equal(stream_exporter(s, "EXPORTER-x", ours), 0);
	assert_int_equal(stream_exporter(p.b.stream, "EXPORTER-x", theirs), 0);
	assert_memory_equal(ours, theirs, sizeof(ours));
	assert_true(p.b.in_order);
	send_message(&p.b, p.b.stream, 1, NULL);
	RUN_UNTIL(&p, p.a.stanzas == 1);
	close_pair(&p);
	assert_int_equal(p.a.closed + p.b.closed, 2);
	assert_int_equal(p.a.last_err, 0);
	assert_int_equal(p.b.last_err, 0);
}

/* Not a word of the user's was said, nobody was taken for somebody. */
static void
expect_nothing_said(const struct pair *p)
{
	assert_int_equal(p->a.sent, 0);
	assert_int_equal(p->a.ready + p->b.ready + p->b.identified + p->b.stanzas, 0);
}

/* ---- whose key ---- */

static void
n4_another_key_than_the_wanted_one_answers(void **state)
{
	(void)state;
	struct pair p;
	struct tls_identity *other = NULL;
	assert_int_equal(identity_generate(&other), 0);
	open_secure(&p);
	p.a.wanted = tls_identity_id(other);
	send_message(&p.a, dial_b(&p), 1, NULL);
	RUN_UNTIL(&p, p.a.closed == 1 && p.b.closed == 1);
	assert_int_equal(p.a.last_err, ERR_KEY);
	assert_int_equal(p.b.last_err, ERR_KEY_REFUSED);
	assert_int_equal(p.a.keys, 0); /* there was nothing to ask */
	expect_nothing_said(&p);
	close_pair(&p);
	tls_identity_destroy(other);
}

static void
n4_a_key_is_refused_before_anything_is_said(void **state)
{
	(void)state;
	struct pair p;
	open_secure(&p); /* by who was dialled */
	p.b.key_result = ERR_TRUST;
	send_message(&p.a, dial_b(&p), 1, NULL);
	RUN_UNTIL(&p, p.a.closed == 1 && p.b.closed == 1);
	assert_int_equal(p.b.last_err, ERR_TRUST);
	assert_int_equal(p.a.last_err, ERR_KEY_REFUSED);
	assert_true(tls_id_equal(&p.b.key.id, tls_identity_id(p.a.identity)));
	expect_nothing_said(&p);
	close_pair(&p);

	open_secure(&p); /* by who dials */
	p.a.key_result = ERR_TRUST;
	send_message(&p.a, dial_b(&p), 1, NULL);
	RUN_UNTIL(&p, p.a.closed == 1 && p.b.closed == 1);
	assert_int_equal(p.a.last_err, ERR_TRUST);
	assert_int_equal(p.b.last_err, ERR_KEY_REFUSED);
	assert_int_equal(p.b.keys, 0);
	expect_nothing_said(&p);
	close_pair(&p);
}

static void
n4_a_key_is_refused_once_it_is_proven(void **state)
{
	(void)state;
	for (int dialler = 0; dialler < 2; dialler++) {
		struct pair p;
		open_secure(&p);
		struct end *refuses = dialler ? &p.a : &p.b, *refused = dialler ? &p.b : &p.a;
		refuses->proof_result = ERR_KEY;
		send_message(&p.a, dial_b(&p), 1, NULL);
		RUN_UNTIL(&p, p.a.closed == 1 && p.b.closed == 1);
		assert_int_equal(refuses->last_err, ERR_KEY);
		if (!dialler)
			assert_int_equal(refused->last_err, ERR_KEY_REFUSED);
		expect_nothing_said(&p);
		close_pair(&p);
	}
}

static void
a_key_that_succeeds_the_wanted_one_is_asked_about(void **state)
{
	(void)state;
	struct pair p;
	struct tls_identity *old = NULL;
	memset(&p, 0, sizeof(p));
	assert_int_equal(identity_generate(&old), 0);
	assert_int_equal(identity_generate(&p.a.identity), 0);
	assert_int_equal(identity_generate(&p.b.identity), 0);
	assert_int_equal(tls_identity_hand_over(old, p.b.identity), 0);
	p.a.security = p.b.security = STREAM_ENCRYPTED;
	p.a.wanted = tls_identity_id(old);
	open_prepared(&p);
	(void)dial_b(&p);
	RUN_UNTIL(&p, p.a.ready == 1 && p.b.ready == 1);
	assert_int_equal(p.a.keys, 1);
	assert_int_equal(p.a.key.formerly_count, 1);
	assert_true(tls_id_equal(&p.a.key.formerly[0], p.a.wanted));
	assert_int_equal(stream_peer_key(p.a.stream)->formerly_count, 1);
	close_pair(&p);
	tls_identity_destroy(old);
}

/* ---- who has to, who can ---- */

static void
n7_what_must_be_encrypted_is_not_sent_plain(void **state)
{
	(void)state;
	struct pair p;
	memset(&p, 0, sizeof(p)); /* b has no TLS */
	assert_int_equal(identity_generate(&p.a.identity), 0);
	p.a.security = STREAM_ENCRYPTED;
	open_prepared(&p);
	send_message(&p.a, dial_b(&p), 1, NULL);
	RUN_UNTIL(&p, p.a.closed == 1);
	assert_int_equal(p.a.last_err, ERR_SECURITY);
	assert_int_equal(p.a.sent, 0);
	assert_int_equal(p.a.ready + p.b.stanzas, 0);
	close_pair(&p);

	memset(&p, 0, sizeof(p)); /* a has none */
	assert_int_equal(identity_generate(&p.b.identity), 0);
	p.b.security = STREAM_ENCRYPTED;
	open_prepared(&p);
	send_message(&p.a, dial_b(&p), 1, NULL);
	RUN_UNTIL(&p, p.b.closed == 1 && p.a.closed == 1);
	assert_int_equal(p.b.last_err, ERR_SECURITY);
	assert_int_equal(p.b.identified + p.b.ready + p.b.stanzas, 0);
	close_pair(&p);

	memset(&p, 0, sizeof(p)); /* none has, and one must */
	p.b.security = STREAM_ENCRYPTED;
	open_prepared(&p);
	(void)dial_b(&p);
	RUN_UNTIL(&p, p.b.closed == 1 && p.a.closed == 1);
	assert_int_equal(p.b.last_err, ERR_SECURITY);
	assert_int_equal(p.a.last_err, ERR_STREAM_ERROR);
	struct sockaddr_storage addr = v4("127.0.0.1", stream_hub_port(p.a.hub));
	struct stream *s = NULL;
	struct stream_dial dial = {.addr = &addr, .addr_count = 1, .security = STREAM_ENCRYPTED};
	assert_int_equal(stream_dial(p.b.hub, &dial, NULL, &s), -EOPNOTSUPP);
	close_pair(&p);
}

static void
what_may_be_encrypted_is_where_both_can(void **state)
{
	(void)state;
	for (int i = 0; i < 16; i++) {
		struct pair p;
		bool both = (i & 3) == 3;
		bool wanted = !(i & 4) || !(i & 8);
		memset(&p, 0, sizeof(p));
		if (i & 1)
			assert_int_equal(identity_generate(&p.a.identity), 0);
		if (i & 2)
			assert_int_equal(identity_generate(&p.b.identity), 0);
		p.a.security = i & 4 ? STREAM_PLAIN : STREAM_OPPORTUNISTIC;
		p.b.security = i & 8 ? STREAM_PLAIN : STREAM_OPPORTUNISTIC;
		open_prepared(&p);
		send_message(&p.a, dial_b(&p), 1, NULL);
		RUN_UNTIL(&p, p.b.stanzas == 1 && p.a.ready == 1);
		bool encrypted = stream_peer_key(p.a.stream) != NULL;
		assert_int_equal(encrypted, both && wanted && !(i & 4) && !(i & 8));
		assert_int_equal(stream_peer_key(p.b.stream) != NULL, encrypted);
		close_pair(&p);
	}
}

/* ---- much, and slowly ---- */

static void
a_hundred_thousand_arrive_in_order(void **state)
{
	(void)state;
	enum { COUNT = 100000, WINDOW = 5000 };
	struct pair p;
	open_secure(&p);
	p.b.echo = true;
	struct stream *s = dial_b(&p);
	for (long i = 1; i <= COUNT; i++) {
		send_message(&p.a, s, i, NULL);
		if (i % WINDOW == 0)
			RUN_UNTIL(&p, p.a.stanzas == i);
	}
	assert_int_equal(p.b.stanzas, COUNT);
	assert_true(p.a.in_order && p.b.in_order);
	close_pair(&p);
}

/* Returns how many. */
static long
fill_queue(struct pair *p, struct stream *s, size_t bytes)
{
	char words[4096];
	long count = 0;
	assert_true(bytes < sizeof(words));
	memset(words, 'w', bytes);
	words[bytes] = '\0';
	for (int err = 0; !err;) {
		struct buf b = BUF_INIT(LIMIT_STANZA);
		buf_fmt(&b, "<message id='%ld'><body>%s</body></message>", ++count, words);
		p->a.inside = true;
		err = stream_send(s, &b, NULL);
		p->a.inside = false;
		buf_finish(&b);
		if (err)
			assert_int_equal(err, ERR_TOO_BIG);
	}
	return count - 1;
}

static void
a_slow_reader_gets_all_encrypted(void **state)
{
	(void)state;
	struct pair p;
	open_secure(&p);
	struct stream *s = dial_b(&p);
	RUN_UNTIL(&p, p.a.ready == 1 && p.b.ready == 1);
	stream_pause(p.b.stream);
	long sent = fill_queue(&p, s, 3000);
	assert_true(sent > 1000);
	turn(&p);
	assert_int_equal(p.b.stanzas, 0);
	for (int i = 0; p.b.stanzas < sent && i < 10000 && !p.late; i++) {
		stream_resume(p.b.stream);
		uv_run(&p.loop, UV_RUN_ONCE);
		stream_pause(p.b.stream);
		int before = p.b.stanzas;
		turn(&p);
		assert_int_equal(p.b.stanzas, before);
	}
	assert_int_equal(p.b.stanzas, sent);
	assert_true(p.b.in_order);
	stream_resume(p.b.stream);
	close_pair(&p);
}

/* One read holds many records: after a pause inside the first, the rest stays, and is not lost. */
static void
decrypted_stanzas_wait_while_paused(void **state)
{
	(void)state;
	struct pair p;
	open_secure(&p);
	struct stream *s = dial_b(&p);
	RUN_UNTIL(&p, p.a.ready == 1 && p.b.ready == 1);
	p.b.pause_after = 1;
	long sent = fill_queue(&p, s, 1000);
	RUN_UNTIL(&p, p.b.stanzas > 0);
	turn(&p);
	int first = p.b.stanzas;
	assert_in_range(first, 1, 17); /* those of one record */
	stream_resume(p.b.stream);
	p.b.pause_after = first + 1;
	RUN_UNTIL(&p, p.b.stanzas > first);
	turn(&p);
	assert_in_range(p.b.stanzas, first + 1, first + 1 + 2 * LIMIT_STREAM_READ / 1000);
	stream_resume(p.b.stream);
	RUN_UNTIL(&p, p.b.stanzas == sent);
	assert_true(p.b.in_order);
	close_pair(&p);
}

static void
an_end_waits_behind_what_is_kept(void **state)
{
	(void)state;
	struct pair p;
	open_secure(&p);
	struct stream *s = dial_b(&p);
	RUN_UNTIL(&p, p.a.ready == 1 && p.b.ready == 1);
	p.b.pause_after = 1;
	long sent = fill_queue(&p, s, 300);
	stream_close(s, 0);
	RUN_UNTIL(&p, p.b.stanzas > 0);
	turn(&p);
	assert_int_equal(p.b.closed, 0);
	stream_resume(p.b.stream);
	RUN_UNTIL(&p, p.b.closed == 1 && p.a.closed == 1);
	assert_int_equal(p.b.stanzas, sent);
	assert_true(p.b.in_order);
	close_pair(&p);
}

/* ---- the end ---- */

static void
closing_in_every_phase(void **state)
{
	(void)state;
	for (int turns = 0; turns < 60; turns++) {
		for (int who = 0; who < 4; who++) {
			struct pair p;
			open_secure(&p);
			p.b.in_order = true;
			struct stream *s = dial_b(&p);
			send_message(&p.a, s, 1, NULL);
			for (int i = 0; i < turns; i++)
				uv_run(&p.loop, UV_RUN_NOWAIT);
			if (who == 0 && p.a.closed == 0)
				stream_close(s, 0);
			else if (who == 1 && p.a.closed == 0)
				stream_close(s, ERR_TRUST);
			else if (who == 2 && p.b.stream)
				stream_close(p.b.stream, 0);
			close_pair(&p); /* 3: only with the hub */
			assert_int_equal(p.a.closed, 1);
			assert_true(p.b.stanzas <= 1 && p.b.ready <= 1);
			assert_true(p.b.closed <= 1);
		}
	}
}

static void
closing_inside_a_callback_encrypted(void **state)
{
	(void)state;
	struct pair p;
	open_secure(&p);
	struct stream *s = dial_b(&p);
	p.b.close_after = 1;
	for (long i = 1; i <= 3; i++)
		send_message(&p.a, s, i, NULL);
	RUN_UNTIL(&p, p.a.closed == 1 && p.b.closed == 1);
	assert_int_equal(p.b.stanzas, 3);
	assert_int_equal(p.a.last_err, 0);
	assert_int_equal(p.b.last_err, 0);
	close_pair(&p);

	open_secure(&p); /* inside the handshake */
	p.b.close_in_check = true;
	(void)dial_b(&p);
	RUN_UNTIL(&p, p.a.closed == 1 && p.b.closed == 1);
	assert_int_equal(p.b.identified, 0);
	close_pair(&p);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(stanzas_go_both_ways_encrypted),
	    cmocka_unit_test(n4_another_key_than_the_wanted_one_answers),
	    cmocka_unit_test(n4_a_key_is_refused_before_anything_is_said),
	    cmocka_unit_test(n4_a_key_is_refused_once_it_is_proven),
	    cmocka_unit_test(a_key_that_succeeds_the_wanted_one_is_asked_about),
	    cmocka_unit_test(n7_what_must_be_encrypted_is_not_sent_plain),
	    cmocka_unit_test(what_may_be_encrypted_is_where_both_can),
	    cmocka_unit_test(a_hundred_thousand_arrive_in_order),
	    cmocka_unit_test(a_slow_reader_gets_all_encrypted),
	    cmocka_unit_test(decrypted_stanzas_wait_while_paused),
	    cmocka_unit_test(an_end_waits_behind_what_is_kept),
	    cmocka_unit_test(closing_in_every_phase),
	    cmocka_unit_test(closing_inside_a_callback_encrypted),
	};
	if (enter_namespace() != 0)
		return SKIPPED;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
