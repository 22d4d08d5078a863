/* Sessions against peers that Earshot would not be: other versions, certificates and manners, and
 * noise. Each end is tried, as both dial. */
#include "raw.h"

static const struct kind usual;

/* What our end says of a peer with this key and certificate. */
struct case_of {
	const char *type;
	struct kind kind;
	void (*arrange)(SSL_CTX *ctx); /* NULL: nothing more */
	bool plain_key;                /* no certificate at all */
};

static void
meet(const struct case_of *c, bool raw_is_client, struct end *e, struct raw **out)
{
	EVP_PKEY *key = c->plain_key ? NULL : make_key(c->type);
	X509 *cert = key ? make_cert(key, &c->kind) : NULL;
	struct raw *r = raw_create(key, cert);
	*e = (struct end){.len = 0};
	if (c->arrange)
		c->arrange(r->ctx);
	raw_begin(r, raw_is_client);
	end_begin(e, !raw_is_client);
	raw_talk(r, e);
	X509_free(cert);
	EVP_PKEY_free(key);
	*out = r;
}

/* On both sides: refused with this error, no check asked unless it is the check's. */
static void
assert_refused(const struct case_of *c, int err)
{
	static struct end e;
	for (int client = 0; client < 2; client++) {
		struct raw *r;
		meet(c, client, &e, &r);
		assert_int_equal(tls_session_err(e.session), err);
		assert_false(tls_session_is_open(e.session));
		assert_int_equal(e.checks, 0);
		assert_null(tls_session_peer(e.session));
		assert_int_equal(r->len, 0);
		end_finish(&e);
		raw_destroy(r);
	}
}

static void
assert_accepted(const struct case_of *c)
{
	static struct end e;
	for (int client = 0; client < 2; client++) {
		struct raw *r;
		meet(c, client, &e, &r);
		assert_int_equal(tls_session_err(e.session), 0);
		assert_true(tls_session_is_open(e.session));
		assert_int_equal(e.checks, 1);
		assert_int_equal(tls_session_write(e.session, "hello", 5), 0);
		raw_talk(r, &e);
		assert_int_equal(r->len, 5);
		end_finish(&e);
		raw_destroy(r);
	}
}

static void
other_implementations_get_through(void **state)
{
	(void)state;
	assert_accepted(&(struct case_of){.type = "ED25519"});
	assert_accepted(&(struct case_of){.type = "P-256"});
	assert_accepted(&(struct case_of){
	    .type = "ED25519", .kind = {.from = "19990101000000Z", .until = "20000101000000Z"}});
	assert_accepted(&(struct case_of){
	    .type = "ED25519", .kind = {.from = "21990101000000Z", .until = "22000101000000Z"}});
}

static void
only_tls_1_2(SSL_CTX *ctx)
{
	(void)SSL_CTX_set_max_proto_version(ctx, TLS1_2_VERSION);
}

static void
only_tls_1_0(SSL_CTX *ctx)
{
	(void)SSL_CTX_set_min_proto_version(ctx, TLS1_VERSION);
	(void)SSL_CTX_set_max_proto_version(ctx, TLS1_VERSION);
	(void)SSL_CTX_set_cipher_list(ctx, "ALL:@SECLEVEL=0");
}

static void
only_other_groups(SSL_CTX *ctx)
{
	char groups[] = "P-384:P-521:ffdhe2048"; /* not const: the macro casts that away */
	assert_int_equal(SSL_CTX_set1_groups_list(ctx, groups), 1);
}

static void
only_other_ciphers(SSL_CTX *ctx)
{
	assert_int_equal(SSL_CTX_set_ciphersuites(ctx, "TLS_AES_128_CCM_8_SHA256"), 1);
}

static void
n7_older_versions_and_weak_parameters_are_refused(void **state)
{
	(void)state;
	assert_refused(&(struct case_of){.type = "P-256", .arrange = only_tls_1_2}, ERR_PROTO);
	assert_refused(&(struct case_of){.type = "P-256", .arrange = only_tls_1_0}, ERR_PROTO);
	assert_refused(
	    &(struct case_of){.type = "ED25519", .arrange = only_other_groups}, ERR_PROTO);
	assert_refused(
	    &(struct case_of){.type = "ED25519", .arrange = only_other_ciphers}, ERR_PROTO);
}

static void
n11_other_keys_and_big_certificates_are_refused(void **state)
{
	(void)state;
	assert_refused(&(struct case_of){.type = "RSA"}, ERR_PROTO);
	assert_refused(&(struct case_of){.type = "P-384"}, ERR_PROTO);
	assert_refused(&(struct case_of){.type = "ED448"}, ERR_PROTO);
	assert_refused(
	    &(struct case_of){.type = "ED25519", .kind = {.extra = LIMIT_CERTIFICATE}}, ERR_PROTO);
	assert_refused(&(struct case_of){.type = "ED25519", .kind = {.extra = 200000}}, ERR_PROTO);
}

static void
add_second(SSL_CTX *ctx)
{
	EVP_PKEY *key = make_key("ED25519");
	X509 *cert = make_cert(key, &usual);
	assert_int_equal(SSL_CTX_add1_chain_cert(ctx, cert), 1);
	X509_free(cert);
	EVP_PKEY_free(key);
}

static void
certificates_that_prove_nothing_are_refused(void **state)
{
	(void)state;
	static const uint8_t record[] = {1, 2, 3};
	assert_refused(
	    &(struct case_of){.type = "ED25519", .arrange = add_second}, ERR_CERTIFICATE);
	assert_refused(
	    &(struct case_of){.type = "ED25519", .kind = {.other_key = true}}, ERR_CERTIFICATE);
	assert_refused(&(struct case_of){.type = "ED25519",
			   .kind = {.records = record, .records_len = sizeof(record)}},
	    ERR_CERTIFICATE);
	assert_refused(
	    &(struct case_of){.type = "ED25519", .kind = {.version_1 = true}}, ERR_CERTIFICATE);
}

static void
a_peer_without_certificate_is_refused(void **state)
{
	(void)state;
	assert_refused(&(struct case_of){.plain_key = true}, ERR_PROTO);
}

static void
the_other_is_told_why_in_an_alert(void **state)
{
	(void)state;
	static const struct tls_id wanted = {{1}};
	static struct end e;
	struct raw *r;
	meet(&(struct case_of){.type = "ED25519", .kind = {.other_key = true}}, true, &e, &r);
	assert_int_equal(r->alert, SSL_AD_BAD_CERTIFICATE);
	end_finish(&e);
	raw_destroy(r);

	EVP_PKEY *key = make_key("ED25519");
	X509 *cert = make_cert(key, &usual);
	r = raw_create(key, cert);
	e = (struct end){.wanted = &wanted};
	raw_begin(r, true);
	end_begin(&e, false);
	raw_talk(r, &e);
	assert_int_equal(tls_session_err(e.session), ERR_KEY);
	assert_int_equal(r->alert, SSL_AD_UNKNOWN_CA);
	end_finish(&e);
	raw_destroy(r);
	X509_free(cert);
	EVP_PKEY_free(key);
}

/* A session that could be gone on with would not ask for the key again. */
static void
n6_a_session_is_never_resumed(void **state)
{
	(void)state;
	static struct end e;
	struct raw *r;
	EVP_PKEY *key = make_key("ED25519");
	X509 *cert = make_cert(key, &usual);
	r = raw_create(key, cert);
	e = (struct end){.len = 0};
	SSL_CTX_set_session_cache_mode(r->ctx, SSL_SESS_CACHE_CLIENT);
	for (unsigned i = 1; i <= 2; i++) {
		SSL_SESSION *before = i == 2 ? SSL_get1_session(r->ssl) : NULL;
		SSL *old = r->ssl;
		raw_begin(r, true);
		if (before) {
			assert_false(SSL_SESSION_is_resumable(before));
			(void)SSL_set_session(r->ssl, before);
			SSL_SESSION_free(before);
			tls_session_destroy(e.session);
			assert_int_equal(
			    tls_session_create(e.context, false, check_key, &e, &e.session), 0);
		} else {
			end_begin(&e, false);
		}
		r->open = false;
		raw_talk(r, &e);
		assert_true(tls_session_is_open(e.session));
		assert_int_equal(SSL_session_reused(r->ssl), 0);
		assert_int_equal(e.checks, i);
		SSL_free(old);
	}
	end_finish(&e);
	raw_destroy(r);
	X509_free(cert);
	EVP_PKEY_free(key);
}

static void
n11_endless_changes_of_keys_end_the_session(void **state)
{
	(void)state;
	static struct end e;
	struct raw *r;
	for (int talking = 0; talking < 2; talking++) {
		meet(&(struct case_of){.type = "ED25519"}, true, &e, &r);
		for (unsigned i = 0; i < 100; i++) {
			assert_int_equal(SSL_key_update(r->ssl, SSL_KEY_UPDATE_REQUESTED), 1);
			(void)SSL_do_handshake(r->ssl);
			if (talking)
				assert_int_equal(SSL_write(r->ssl, "x", 1), 1);
			raw_talk(r, &e);
			if (e.verdict)
				break;
		}
		assert_int_equal(tls_session_err(e.session), talking ? 0 : ERR_PROTO);
		end_finish(&e);
		raw_destroy(r);
	}
}

/* ---- noise ---- */

#define NOISE(text) \
	{ \
		text, sizeof(text) - 1 \
	}

static void
garbage_ends_it_at_once(void **state)
{
	(void)state;
	static const struct {
		const char *data;
		size_t len;
	} noise[] = {NOISE("<?xml version='1.0'?><stream:stream>"),
	    NOISE("\x16\x03\x01\x00\x05hello and more of it"), NOISE("GET / HTTP/1.1\r\n\r\n"),
	    NOISE("\x15\x03\x03\x00\x02\x02\x28"), NOISE("\x17\x03\x03\x00\x05zzzzz"),
	    NOISE("\x16\x03\x03\xff\xff")};
	static struct end e;
	for (size_t i = 0; i < ARRAY_LEN(noise); i++) {
		for (int client = 0; client < 2; client++) {
			e = (struct end){.len = 0};
			end_begin(&e, client);
			end_take(&e, noise[i].data, noise[i].len);
			assert_int_equal(tls_session_err(e.session), ERR_PROTO);
			assert_int_equal(e.len, 0);
			/* it stays so */
			end_take(&e, noise[0].data, noise[0].len);
			assert_int_equal(e.verdict, ERR_PROTO);
			assert_false(tls_session_is_open(e.session));
			end_finish(&e);
		}
	}
}

/* Each byte of what a client sends until it is open, wrong once: never are both open. */
static void
one_wrong_bit_anywhere_prevents_it(void **state)
{
	(void)state;
	size_t total = 0;
	for (size_t wrong = 0; wrong == 0 || wrong < total; wrong += 7) {
		struct pair *p = pair_create();
		pair_begin(p);
		size_t seen = 0;
		for (unsigned turn = 0; turn < 6; turn++) {
			struct end *from = turn % 2 ? &p->server : &p->client;
			struct end *to = turn % 2 ? &p->client : &p->server;
			const void *out;
			size_t len;
			char copy[8192];
			tls_session_output(from->session, &out, &len);
			assert_true(len < sizeof(copy));
			if (len > 0)
				memcpy(copy, out, len);
			if (wrong >= seen && wrong < seen + len && wrong > 0)
				copy[wrong - seen] ^= 1;
			seen += len;
			if (len > 0)
				end_take(to, copy, len);
			tls_session_sent(from->session, len);
		}
		bool both = tls_session_is_open(p->client.session) &&
			    tls_session_is_open(p->server.session);
		/* bits of the version in a record's header are to be ignored (RFC 8446 §5.1) */
		if (wrong == 0) {
			assert_true(both);
			total = seen;
		} else if (both) {
			assert_int_equal(p->client.checks + p->server.checks, 2);
			assert_true(wrong < 5);
		}
		assert_int_equal(p->client.len + p->server.len, 0);
		pair_destroy(p);
	}
	assert_true(total > 1500);
}

static void
a_wrong_bit_in_a_message_ends_the_session(void **state)
{
	(void)state;
	for (size_t wrong = 0; wrong < 277; wrong += 12) {
		struct pair *p = pair_create();
		pair_open(p);
		const void *out;
		size_t len;
		char copy[512];
		assert_int_equal(tls_session_write(p->client.session, "hello", 5), 0);
		tls_session_output(p->client.session, &out, &len);
		assert_int_equal(len, 277);
		memcpy(copy, out, len);
		copy[wrong] ^= 0x10;
		end_take(&p->server, copy, len);
		assert_int_equal(p->server.len, 0);
		if (wrong != 3) /* the length: the rest is waited for */
			assert_true(tls_session_err(p->server.session) == ERR_PROTO || wrong == 4);
		pair_destroy(p);
	}
}

static void
n6_a_record_that_comes_twice_ends_the_session(void **state)
{
	(void)state;
	const void *out;
	size_t len;
	struct pair *p = pair_create();
	pair_open(p);
	assert_int_equal(tls_session_write(p->client.session, "hello", 5), 0);
	tls_session_output(p->client.session, &out, &len);
	end_take(&p->server, out, len);
	assert_int_equal(p->server.len, 5);
	end_take(&p->server, out, len);
	assert_int_equal(p->server.len, 5);
	assert_int_equal(tls_session_err(p->server.session), ERR_PROTO);
	pair_destroy(p);
}

static void
a_handshake_cut_short_is_not_open(void **state)
{
	(void)state;
	struct pair *p = pair_create();
	pair_begin(p);
	assert_true(carry(&p->client, &p->server, 0));
	assert_true(carry(&p->server, &p->client, 0));
	const void *out;
	size_t len;
	tls_session_output(p->client.session, &out, &len);
	for (size_t i = 0; i + 1 < len; i++) {
		end_take(&p->server, (const char *)out + i, 1);
		assert_false(tls_session_is_open(p->server.session));
		assert_int_equal(tls_session_err(p->server.session), 0);
		assert_int_equal(tls_session_write(p->server.session, "x", 1), -ENOTCONN);
	}
	end_take(&p->server, (const char *)out + len - 1, 1);
	assert_true(tls_session_is_open(p->server.session));
	pair_destroy(p);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(other_implementations_get_through),
	    cmocka_unit_test(n7_older_versions_and_weak_parameters_are_refused),
	    cmocka_unit_test(n11_other_keys_and_big_certificates_are_refused),
	    cmocka_unit_test(certificates_that_prove_nothing_are_refused),
	    cmocka_unit_test(a_peer_without_certificate_is_refused),
	    cmocka_unit_test(the_other_is_told_why_in_an_alert),
	    cmocka_unit_test(n6_a_session_is_never_resumed),
	    cmocka_unit_test(n11_endless_changes_of_keys_end_the_session),
	    cmocka_unit_test(garbage_ends_it_at_once),
	    cmocka_unit_test(one_wrong_bit_anywhere_prevents_it),
	    cmocka_unit_test(a_wrong_bit_in_a_message_ends_the_session),
	    cmocka_unit_test(n6_a_record_that_comes_twice_ends_the_session),
	    cmocka_unit_test(a_handshake_cut_short_is_not_open),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
