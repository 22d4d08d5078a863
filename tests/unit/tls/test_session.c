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
a_client_refuses_another_key_and_the_server_learns_it(void **state)
{
	(void)state;
	static const struct tls_id other = {{1}};
	struct pair *p = pair_create();
	p->client.wanted = &other;
	pair_begin(p);
	pair_run(p);
	assert_int_equal(tls_session_err(p->client.session), ERR_KEY);
	assert_int_equal(tls_session_err(p->server.session), ERR_KEY_REFUSED);
	assert_int_equal(p->server.checks, 0);
	assert_null(tls_session_peer(p->client.session));
	assert_int_equal(tls_session_write(p->client.session, "x", 1), ERR_KEY);
	pair_destroy(p);
}

static void
a_server_refuses_another_key_and_the_client_learns_it(void **state)
{
	(void)state;
	static const struct tls_id other = {{1}};
	struct pair *p = pair_create();
	p->server.wanted = &other;
	pair_begin(p);
	pair_run(p);
	assert_int_equal(tls_session_err(p->server.session), ERR_KEY);
	assert_int_equal(p->client.verdict, ERR_KEY_REFUSED);
	assert_int_equal(tls_session_err(p->client.session), ERR_KEY_REFUSED);
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
	pair_destroy(p);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(both_sides_see_each_others_key_before_anything_is_said),
	    cmocka_unit_test(a_client_refuses_another_key_and_the_server_learns_it),
	    cmocka_unit_test(a_server_refuses_another_key_and_the_client_learns_it),
	    cmocka_unit_test(an_orderly_end_is_told_from_a_cut),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
