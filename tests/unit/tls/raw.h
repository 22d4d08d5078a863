/* A peer that is not Earshot's: OpenSSL as it is, with whatever certificate and manners a test
 * wants, against one end of pair.h. Part of the tests. */
#ifndef TESTS_TLS_RAW_H
#define TESTS_TLS_RAW_H

#include "forge.h"
#include "pair.h"

#include <openssl/err.h>
#include <openssl/ssl.h>

struct raw {
	SSL_CTX *ctx;
	SSL *ssl;
	BIO *in, *out; /* borrowed by ssl */
	int alert;     /* that it has got, 0: none */
	bool open;
	char got[1024];
	size_t len;
};

static int
accept_any(X509_STORE_CTX *store, void *ctx)
{
	(void)store;
	(void)ctx;
	return 1;
}

static void
on_info(const SSL *ssl, int where, int value)
{
	struct raw *r = SSL_get_app_data(ssl);
	if ((where & SSL_CB_READ_ALERT) == SSL_CB_READ_ALERT)
		r->alert = value & 0xff;
}

static struct raw *
raw_create(EVP_PKEY *key, X509 *cert)
{
	struct raw *r = calloc(1, sizeof(*r));
	assert_non_null(r);
	r->ctx = SSL_CTX_new(TLS_method());
	assert_non_null(r->ctx);
	SSL_CTX_set_security_level(r->ctx, 0);
	SSL_CTX_set_verify(r->ctx, SSL_VERIFY_PEER, NULL);
	SSL_CTX_set_cert_verify_callback(r->ctx, accept_any, NULL);
	SSL_CTX_set_info_callback(r->ctx, on_info);
	if (cert) {
		assert_int_equal(SSL_CTX_use_certificate(r->ctx, cert), 1);
		assert_int_equal(SSL_CTX_use_PrivateKey(r->ctx, key), 1);
	}
	return r;
}

static void
raw_begin(struct raw *r, bool client)
{
	r->ssl = SSL_new(r->ctx);
	r->in = BIO_new(BIO_s_mem());
	r->out = BIO_new(BIO_s_mem());
	assert_true(r->ssl && r->in && r->out);
	SSL_set_bio(r->ssl, r->in, r->out);
	(void)SSL_set_app_data(r->ssl, r);
	if (client)
		SSL_set_connect_state(r->ssl);
	else
		SSL_set_accept_state(r->ssl);
}

static void
raw_destroy(struct raw *r)
{
	SSL_free(r->ssl);
	SSL_CTX_free(r->ctx);
	ERR_clear_error();
	free(r);
}

static void
raw_step(struct raw *r)
{
	if (!r->open)
		r->open = SSL_do_handshake(r->ssl) == 1;
	size_t n;
	while (r->open && SSL_read_ex(r->ssl, r->got + r->len, sizeof(r->got) - r->len, &n) == 1)
		r->len += n;
	ERR_clear_error();
}

/* Until neither has anything to say. */
static void
raw_talk(struct raw *r, struct end *e)
{
	for (unsigned i = 0; i < 32; i++) {
		const void *out;
		char *data;
		size_t len;
		raw_step(r);
		long n = BIO_get_mem_data(r->out, &data);
		tls_session_output(e->session, &out, &len);
		if (n <= 0 && len == 0)
			return;
		if (len > 0)
			assert_int_equal(BIO_write(r->in, out, (int)len), (int)len);
		tls_session_sent(e->session, len);
		if (n > 0) {
			char *copy = malloc((size_t)n);
			assert_non_null(copy);
			assert_int_equal(BIO_read(r->out, copy, (int)n), (int)n);
			end_take(e, copy, (size_t)n);
			free(copy);
		}
	}
	fail_msg("they do not come to an end");
}

#endif
