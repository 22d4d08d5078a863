#include "tls/core.h"

#include "base/err.h"
#include "base/limits.h"
#include "tls/certificate.h"
#include "tls/internal.h"

#include <errno.h>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <stdlib.h>

enum {
	/* handshake messages after the handshake with nothing said between: each costs a
	 * derivation of keys, and Earshot has no use for any but a change of keys now and then */
	IDLE_HANDSHAKES = 16,
	/* far below where AES-GCM wants new keys (RFC 8446 §5.5: 2^24.5 full records) */
	RECORDS_PER_KEY = 1 << 22,
	ALERTS = SSL_AD_REASON_OFFSET,
};

/* ---- the decision on the other's key ---- */

static int
judge(struct tls_core *c, const X509_STORE_CTX *store)
{
	X509 *cert = X509_STORE_CTX_get0_cert(store);
	struct tls_peer peer;
	if (c->checked || !cert || sk_X509_num(X509_STORE_CTX_get0_untrusted(store)) != 1)
		return ERR_CERTIFICATE;
	int err = certificate_verify(cert, &peer);
	if (!err)
		err = c->check(c->ctx, &peer);
	if (!err) {
		c->peer = peer;
		c->checked = true;
	}
	return err;
}

/* The alerts that the other gets: unknown_ca for a key that is not wanted, bad_certificate. */
static int
on_verify(X509_STORE_CTX *store, void *unused)
{
	(void)unused;
	SSL *ssl = X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx());
	struct tls_core *c = SSL_get_app_data(ssl);
	int err = judge(c, store);
	c->check_err = err;
	X509_STORE_CTX_set_error(store, !err             ? X509_V_OK
					: err == -ENOMEM ? X509_V_ERR_OUT_OF_MEM
					: err == ERR_CERTIFICATE
					    ? X509_V_ERR_CERT_REJECTED
					    : X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT);
	return !err;
}

static void
on_message(int written, int version, int type, const void *data, size_t len, SSL *ssl, void *unused)
{
	struct tls_core *c = SSL_get_app_data(ssl);
	(void)version;
	(void)data;
	(void)len;
	(void)unused;
	if (!written && type == SSL3_RT_HANDSHAKE && c->open)
		c->handshakes++;
}

/* ---- context ---- */

static bool
show(SSL_CTX *ctx, const struct tls_identity *identity)
{
	return SSL_CTX_use_certificate(ctx, identity->cert) == 1 &&
	       SSL_CTX_use_PrivateKey(ctx, identity->key) == 1;
}

static bool
configure(SSL_CTX *ctx)
{
	/* not const: OpenSSL's macros cast that away */
	char groups[] = "X25519:P-256", signatures[] = "ed25519:ECDSA+SHA256";
	SSL_CTX_set_options(
	    ctx, SSL_OP_NO_TICKET | SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
	SSL_CTX_set_mode(ctx, SSL_MODE_RELEASE_BUFFERS);
	(void)SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
	(void)SSL_CTX_set_max_cert_list(ctx, LIMIT_CERTIFICATE);
	SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, NULL);
	SSL_CTX_set_cert_verify_callback(ctx, on_verify, NULL);
	SSL_CTX_set_msg_callback(ctx, on_message);
	return SSL_CTX_set_min_proto_version(ctx, TLS1_3_VERSION) == 1 &&
	       SSL_CTX_set_max_proto_version(ctx, TLS1_3_VERSION) == 1 &&
	       SSL_CTX_set_num_tickets(ctx, 0) == 1 && SSL_CTX_set_max_early_data(ctx, 0) == 1 &&
	       SSL_CTX_set_block_padding(ctx, CORE_PADDING) == 1 &&
	       SSL_CTX_set1_groups_list(ctx, groups) == 1 &&
	       SSL_CTX_set1_sigalgs_list(ctx, signatures) == 1 &&
	       SSL_CTX_set_ciphersuites(ctx,
		   "TLS_AES_128_GCM_SHA256:TLS_CHACHA20_POLY1305_SHA256:TLS_AES_256_GCM_SHA384") ==
		   1;
}

int
tls_context_create(const struct tls_identity *identity, struct tls_context **out)
{
	int err = -ENOMEM;
	struct tls_context *c = calloc(1, sizeof(*c));
	if (!c)
		goto fail;
	c->own = identity->self.id;
	c->memory = session_bio_method();
	c->socket = channel_bio_method();
	c->ctx = SSL_CTX_new(TLS_method());
	if (!c->memory || !c->socket || !c->ctx)
		goto fail;
	err = -ENOSYS;
	if (!configure(c->ctx) || !show(c->ctx, identity))
		goto fail;
	*out = c;
	return 0;
fail:
	ERR_clear_error();
	tls_context_destroy(c);
	return err;
}

void
tls_context_destroy(struct tls_context *c)
{
	if (!c)
		return;
	SSL_CTX_free(c->ctx);
	BIO_meth_free(c->memory);
	BIO_meth_free(c->socket);
	free(c);
}

int
tls_context_renew(struct tls_context *c, const struct tls_identity *identity)
{
	if (!tls_id_equal(&c->own, &identity->self.id))
		return -EINVAL;
	return show(c->ctx, identity) ? 0 : -ENOMEM;
}

/* ---- what moves the bytes ---- */

static long
on_bio_ctrl(BIO *bio, int what, long number, void *pointer)
{
	(void)bio;
	(void)number;
	(void)pointer;
	return what == BIO_CTRL_FLUSH;
}

BIO_METHOD *
core_bio_method(int (*read_fn)(BIO *, char *, size_t, size_t *),
    int (*write_fn)(BIO *, const char *, size_t, size_t *))
{
	BIO_METHOD *m = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "earshot");
	if (m)
		(void)(BIO_meth_set_read_ex(m, read_fn) && BIO_meth_set_write_ex(m, write_fn) &&
		       BIO_meth_set_ctrl(m, on_bio_ctrl));
	return m;
}

BIO *
core_bio(BIO_METHOD *method, void *data)
{
	BIO *bio = BIO_new(method);
	if (!bio)
		return NULL;
	BIO_set_data(bio, data);
	BIO_set_init(bio, 1);
	return bio;
}

/* ---- a connection ---- */

int
core_init(struct tls_core *c, const struct tls_context *context, BIO *bio, bool client,
    tls_check_fn *check, void *ctx)
{
	*c = (struct tls_core){.check = check, .ctx = ctx};
	if (bio)
		c->ssl = SSL_new(context->ctx);
	if (!bio || !c->ssl) {
		BIO_free(bio);
		ERR_clear_error();
		return -ENOMEM;
	}
	SSL_set_bio(c->ssl, bio, bio); /* moves it */
	(void)SSL_set_app_data(c->ssl, c);
	if (client)
		SSL_set_connect_state(c->ssl);
	else
		SSL_set_accept_state(c->ssl);
	return 0;
}

void
core_finish(struct tls_core *c)
{
	SSL_free(c->ssl);
	c->ssl = NULL;
}

static bool
is_refusal(int alert)
{
	switch (alert) {
	case SSL_AD_BAD_CERTIFICATE:
	case SSL_AD_UNSUPPORTED_CERTIFICATE:
	case SSL_AD_CERTIFICATE_REVOKED:
	case SSL_AD_CERTIFICATE_EXPIRED:
	case SSL_AD_CERTIFICATE_UNKNOWN:
	case SSL_AD_UNKNOWN_CA:
	case SSL_AD_ACCESS_DENIED:
		return true;
	default:
		return false;
	}
}

/* Why OpenSSL has given up. */
static int
reason(const struct tls_core *c)
{
	unsigned long e = ERR_peek_error();
	if (c->check_err)
		return c->check_err;
	if (c->io_err)
		return c->io_err;
	if (ERR_GET_REASON(e) == ERR_R_MALLOC_FAILURE)
		return -ENOMEM;
	if (ERR_GET_LIB(e) == ERR_LIB_SSL && is_refusal(ERR_GET_REASON(e) - ALERTS))
		return ERR_KEY_REFUSED;
	return ERR_PROTO;
}

int
core_fail(struct tls_core *c, int err)
{
	c->err = err;
	c->open = false;
	ERR_clear_error();
	return err;
}

/* After a call of OpenSSL: 0 when it only has to wait. */
static int
outcome(struct tls_core *c, int result)
{
	switch (SSL_get_error(c->ssl, result)) {
	case SSL_ERROR_NONE:
	case SSL_ERROR_WANT_READ:
	case SSL_ERROR_WANT_WRITE:
		return c->handshakes > IDLE_HANDSHAKES ? core_fail(c, ERR_PROTO) : 0;
	case SSL_ERROR_ZERO_RETURN:
		c->closed = true;
		return ERR_CLOSED;
	default:
		return core_fail(c, reason(c));
	}
}

int
core_handshake(struct tls_core *c)
{
	ERR_clear_error();
	int result = SSL_do_handshake(c->ssl);
	int err = outcome(c, result);
	if (!err && result == 1)
		c->open = true;
	return err == ERR_CLOSED ? core_fail(c, ERR_PROTO) : err;
}

int
core_read(struct tls_core *c, void *buf, size_t cap, size_t *got)
{
	*got = 0;
	if (c->err || c->closed || !c->open)
		return c->err ? c->err : c->closed ? ERR_CLOSED : 0;
	ERR_clear_error();
	int result = SSL_read_ex(c->ssl, buf, cap, got);
	if (result == 1) {
		c->handshakes = 0;
		return 0;
	}
	return outcome(c, result);
}

/* New keys long before the old ones have been used too often. */
static void
renew_keys(struct tls_core *c, size_t len)
{
	c->records += (uint32_t)(len / SSL3_RT_MAX_PLAIN_LENGTH + 1);
	if (c->records < RECORDS_PER_KEY)
		return;
	c->records = 0;
	(void)SSL_key_update(c->ssl, SSL_KEY_UPDATE_NOT_REQUESTED);
}

int
core_write(struct tls_core *c, const void *data, size_t len, size_t *put)
{
	*put = 0;
	if (c->err)
		return c->err;
	if (!c->open || c->shut)
		return -ENOTCONN;
	renew_keys(c, len);
	ERR_clear_error();
	int result = SSL_write_ex(c->ssl, data, len, put);
	return result == 1 ? 0 : outcome(c, result);
}

void
core_shutdown(struct tls_core *c)
{
	if (!c->open || c->shut)
		return;
	c->shut = true;
	ERR_clear_error();
	(void)SSL_shutdown(c->ssl);
	ERR_clear_error();
}
