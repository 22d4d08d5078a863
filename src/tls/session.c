#include "tls/session.h"

#include "base/buf.h"
#include "base/err.h"
#include "base/limits.h"
#include "tls/certificate.h"
#include "tls/internal.h"

#include <errno.h>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <stdlib.h>
#include <string.h>

enum {
	PADDING = 256,
	RECORD_OVERHEAD = PADDING + 32, /* header, tag, type and the most of padding */
	KEEP_OUTPUT = 1024,             /* bytes of an empty output that are not given back */
	/* handshake messages after the handshake with nothing said between: each costs a
	 * derivation of keys, and Earshot has no use for any but a change of keys now and then */
	IDLE_HANDSHAKES = 16,
	/* far below where AES-GCM wants new keys (RFC 8446 §5.5: 2^24.5 full records) */
	RECORDS_PER_KEY = 1 << 22,
	ALERTS = SSL_AD_REASON_OFFSET,
};

struct tls_context {
	SSL_CTX *ctx;      /* owned */
	BIO_METHOD *bio;   /* owned */
	struct tls_id own; /* of the key that is shown */
};

struct tls_session {
	SSL *ssl;       /* owned */
	const char *in; /* borrowed; what the network gave and is not yet taken */
	size_t in_len;
	struct buf out;
	size_t sent; /* of out */
	tls_check_fn *check;
	void *ctx;
	struct tls_peer peer;
	int err, check_err;
	unsigned handshakes; /* messages since something was said */
	uint32_t records;    /* written under these keys */
	bool checked, open, closed, shut;
};

/* ---- the network, as OpenSSL sees it ---- */

static int
on_bio_read(BIO *bio, char *to, size_t size, size_t *got)
{
	struct tls_session *s = BIO_get_data(bio);
	BIO_clear_retry_flags(bio);
	if (s->in_len == 0) {
		BIO_set_retry_read(bio);
		return 0;
	}
	*got = size < s->in_len ? size : s->in_len;
	memcpy(to, s->in, *got);
	s->in += *got;
	s->in_len -= *got;
	return 1;
}

static int
on_bio_write(BIO *bio, const char *data, size_t len, size_t *put)
{
	struct tls_session *s = BIO_get_data(bio);
	BIO_clear_retry_flags(bio);
	buf_add(&s->out, data, len);
	*put = len;
	return buf_err(&s->out) ? 0 : 1;
}

static long
on_bio_ctrl(BIO *bio, int what, long number, void *pointer)
{
	(void)bio;
	(void)number;
	(void)pointer;
	return what == BIO_CTRL_FLUSH;
}

/* ---- the decision on the other's key ---- */

static int
judge(struct tls_session *s, const X509_STORE_CTX *store)
{
	X509 *cert = X509_STORE_CTX_get0_cert(store);
	struct tls_peer peer;
	if (s->checked || !cert || sk_X509_num(X509_STORE_CTX_get0_untrusted(store)) != 1)
		return ERR_CERTIFICATE;
	int err = certificate_verify(cert, &peer);
	if (!err)
		err = s->check(s->ctx, &peer);
	if (!err) {
		s->peer = peer;
		s->checked = true;
	}
	return err;
}

/* The alerts that the other gets: unknown_ca for a key that is not wanted, bad_certificate. */
static int
on_verify(X509_STORE_CTX *store, void *unused)
{
	(void)unused;
	SSL *ssl = X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx());
	struct tls_session *s = SSL_get_app_data(ssl);
	int err = judge(s, store);
	s->check_err = err;
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
	struct tls_session *s = SSL_get_app_data(ssl);
	(void)version;
	(void)data;
	(void)len;
	(void)unused;
	if (!written && type == SSL3_RT_HANDSHAKE && s->open)
		s->handshakes++;
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
	       SSL_CTX_set_block_padding(ctx, PADDING) == 1 &&
	       SSL_CTX_set1_groups_list(ctx, groups) == 1 &&
	       SSL_CTX_set1_sigalgs_list(ctx, signatures) == 1 &&
	       SSL_CTX_set_ciphersuites(ctx,
		   "TLS_AES_128_GCM_SHA256:TLS_CHACHA20_POLY1305_SHA256:TLS_AES_256_GCM_SHA384") ==
		   1;
}

static BIO_METHOD *
create_bio_method(void)
{
	BIO_METHOD *m = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "earshot");
	if (m)
		(void)(BIO_meth_set_read_ex(m, on_bio_read) &&
		       BIO_meth_set_write_ex(m, on_bio_write) && BIO_meth_set_ctrl(m, on_bio_ctrl));
	return m;
}

int
tls_context_create(const struct tls_identity *identity, struct tls_context **out)
{
	int err = -ENOMEM;
	struct tls_context *c = calloc(1, sizeof(*c));
	if (!c)
		goto fail;
	c->own = identity->self.id;
	c->bio = create_bio_method();
	c->ctx = SSL_CTX_new(TLS_method());
	if (!c->bio || !c->ctx)
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
	BIO_meth_free(c->bio);
	free(c);
}

int
tls_context_renew(struct tls_context *c, const struct tls_identity *identity)
{
	if (!tls_id_equal(&c->own, &identity->self.id))
		return -EINVAL;
	return show(c->ctx, identity) ? 0 : -ENOMEM;
}

/* ---- session ---- */

bool
tls_looks_like_handshake(const void *data, size_t len)
{
	/* a handshake record, TLS 1.0 to 1.2 in its header (RFC 8446 §5.1), of a usable length */
	const uint8_t *b = data;
	return (len < 1 || b[0] == SSL3_RT_HANDSHAKE) && (len < 2 || b[1] == 3) &&
	       (len < 3 || (b[2] >= 1 && b[2] <= 3)) && (len < 4 || b[3] <= 0x40) &&
	       (len < 5 || b[3] || b[4] >= 4);
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
reason(const struct tls_session *s)
{
	unsigned long e = ERR_peek_error();
	if (s->check_err)
		return s->check_err;
	if (buf_err(&s->out))
		return buf_err(&s->out);
	if (ERR_GET_REASON(e) == ERR_R_MALLOC_FAILURE)
		return -ENOMEM;
	if (ERR_GET_LIB(e) == ERR_LIB_SSL && is_refusal(ERR_GET_REASON(e) - ALERTS))
		return ERR_KEY_REFUSED;
	return ERR_PROTO;
}

static int
fail(struct tls_session *s, int err)
{
	s->err = err;
	s->in_len = 0;
	s->open = false;
	ERR_clear_error();
	return err;
}

/* After a call of OpenSSL: 0 when it only wants more bytes. */
static int
outcome(struct tls_session *s, int result)
{
	switch (SSL_get_error(s->ssl, result)) {
	case SSL_ERROR_NONE:
	case SSL_ERROR_WANT_READ:
		return s->handshakes > IDLE_HANDSHAKES ? fail(s, ERR_PROTO) : 0;
	case SSL_ERROR_ZERO_RETURN:
		s->closed = true;
		return ERR_CLOSED;
	default:
		return fail(s, reason(s));
	}
}

static int
shake_hands(struct tls_session *s)
{
	ERR_clear_error();
	int result = SSL_do_handshake(s->ssl);
	int err = outcome(s, result);
	if (!err && result == 1)
		s->open = true;
	return err == ERR_CLOSED ? fail(s, ERR_PROTO) : err;
}

int
tls_session_create(
    struct tls_context *c, bool client, tls_check_fn *check, void *ctx, struct tls_session **out)
{
	struct tls_session *s = calloc(1, sizeof(*s));
	BIO *bio = s ? BIO_new(c->bio) : NULL;
	if (bio)
		s->ssl = SSL_new(c->ctx);
	if (!bio || !s->ssl) {
		BIO_free(bio);
		free(s);
		ERR_clear_error();
		return -ENOMEM;
	}
	buf_init(&s->out, LIMIT_TLS_QUEUE);
	s->check = check;
	s->ctx = ctx;
	BIO_set_data(bio, s);
	BIO_set_init(bio, 1);
	SSL_set_bio(s->ssl, bio, bio); /* moves it */
	(void)SSL_set_app_data(s->ssl, s);
	if (client)
		SSL_set_connect_state(s->ssl);
	else
		SSL_set_accept_state(s->ssl);
	int err = client ? shake_hands(s) : 0;
	if (err) {
		tls_session_destroy(s);
		return err;
	}
	*out = s;
	return 0;
}

void
tls_session_destroy(struct tls_session *s)
{
	if (!s)
		return;
	SSL_free(s->ssl);
	buf_finish(&s->out);
	free(s);
}

int
tls_session_feed(struct tls_session *s, const void *data, size_t len)
{
	if (s->err)
		return s->err;
	s->in = data;
	s->in_len = len;
	return s->open ? 0 : shake_hands(s);
}

int
tls_session_read(struct tls_session *s, void *buf, size_t cap)
{
	size_t got = 0;
	if (s->err || s->closed || !s->open)
		return s->err ? s->err : s->closed ? ERR_CLOSED : 0;
	if (cap > INT_MAX)
		cap = INT_MAX;
	ERR_clear_error();
	int result = SSL_read_ex(s->ssl, buf, cap, &got);
	if (result == 1) {
		s->handshakes = 0;
		return (int)got;
	}
	return outcome(s, result);
}

/* New keys long before the old ones have been used too often. */
static void
renew_keys(struct tls_session *s, size_t len)
{
	s->records += (uint32_t)(len / SSL3_RT_MAX_PLAIN_LENGTH + 1);
	if (s->records < RECORDS_PER_KEY)
		return;
	s->records = 0;
	(void)SSL_key_update(s->ssl, SSL_KEY_UPDATE_NOT_REQUESTED);
}

int
tls_session_write(struct tls_session *s, const void *data, size_t len)
{
	size_t put;
	if (s->err)
		return s->err;
	if (!s->open || s->shut)
		return -ENOTCONN;
	if (len == 0 || len > LIMIT_TLS_WRITE)
		return len ? -EINVAL : 0;
	size_t most = len + (len / SSL3_RT_MAX_PLAIN_LENGTH + 2) * RECORD_OVERHEAD;
	if (s->out.len + most > LIMIT_TLS_QUEUE)
		return -EAGAIN;
	renew_keys(s, len);
	ERR_clear_error();
	int result = SSL_write_ex(s->ssl, data, len, &put);
	if (result == 1)
		return 0;
	int err = outcome(s, result);
	return err ? err : fail(s, ERR_PROTO);
}

void
tls_session_output(const struct tls_session *s, const void **data, size_t *len)
{
	*data = s->out.data ? s->out.data + s->sent : NULL;
	*len = s->out.len - s->sent;
}

void
tls_session_sent(struct tls_session *s, size_t n)
{
	s->sent += n;
	if (s->sent < s->out.len)
		return;
	s->sent = 0;
	if (s->out.cap > KEEP_OUTPUT && !buf_err(&s->out))
		buf_finish(&s->out);
	else
		buf_consume(&s->out, s->out.len);
}

bool
tls_session_is_open(const struct tls_session *s)
{
	return s->open;
}

const struct tls_peer *
tls_session_peer(const struct tls_session *s)
{
	return s->checked ? &s->peer : NULL;
}

int
tls_session_exporter(struct tls_session *s, const char *label, uint8_t out[TLS_EXPORTER_SIZE])
{
	if (!s->open)
		return -ENOTCONN;
	return SSL_export_keying_material(
		   s->ssl, out, TLS_EXPORTER_SIZE, label, strlen(label), NULL, 0, 0) == 1
		   ? 0
		   : -ENOMEM;
}

void
tls_session_shutdown(struct tls_session *s)
{
	if (!s->open || s->shut)
		return;
	s->shut = true;
	ERR_clear_error();
	(void)SSL_shutdown(s->ssl);
	ERR_clear_error();
}

int
tls_session_err(const struct tls_session *s)
{
	return s->err;
}
