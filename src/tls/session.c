#include "tls/session.h"

#include "base/buf.h"
#include "base/err.h"
#include "base/limits.h"
#include "tls/core.h"

#include <errno.h>
#include <limits.h>
#include <openssl/bio.h>
#include <stdlib.h>
#include <string.h>

enum { KEEP_OUTPUT = 1024 }; /* bytes of an empty output that are not given back */

struct tls_session {
	struct tls_core core;
	const char *in; /* borrowed; what the network gave and is not yet taken */
	size_t in_len;
	struct buf out;
	size_t sent; /* of out */
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
	s->core.io_err = buf_err(&s->out);
	return s->core.io_err ? 0 : 1;
}

BIO_METHOD *
session_bio_method(void)
{
	return core_bio_method(on_bio_read, on_bio_write);
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

/* What came after a failure is of no use to anybody. */
static int
settle(struct tls_session *s, int err)
{
	if (s->core.err)
		s->in_len = 0;
	return err;
}

int
tls_session_create(
    struct tls_context *c, bool client, tls_check_fn *check, void *ctx, struct tls_session **out)
{
	struct tls_session *s = calloc(1, sizeof(*s));
	if (!s)
		return -ENOMEM;
	buf_init(&s->out, LIMIT_TLS_QUEUE);
	int err = core_init(&s->core, c, core_bio(c->memory, s), client, check, ctx);
	if (!err && client)
		err = core_handshake(&s->core);
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
	core_finish(&s->core);
	buf_finish(&s->out);
	free(s);
}

int
tls_session_feed(struct tls_session *s, const void *data, size_t len)
{
	if (s->core.err)
		return s->core.err;
	s->in = data;
	s->in_len = len;
	return s->core.open ? 0 : settle(s, core_handshake(&s->core));
}

int
tls_session_read(struct tls_session *s, void *buf, size_t cap)
{
	size_t got;
	int err = core_read(&s->core, buf, cap < INT_MAX ? cap : INT_MAX, &got);
	return err ? settle(s, err) : (int)got;
}

int
tls_session_write(struct tls_session *s, const void *data, size_t len)
{
	size_t put;
	if (s->core.err)
		return s->core.err;
	if (!s->core.open || s->core.shut)
		return -ENOTCONN;
	if (len == 0 || len > LIMIT_TLS_WRITE)
		return len ? -EINVAL : 0;
	size_t most = len + (len / SSL3_RT_MAX_PLAIN_LENGTH + 2) * CORE_RECORD_OVERHEAD;
	if (s->out.len + most > LIMIT_TLS_QUEUE)
		return -EAGAIN;
	int err = core_write(&s->core, data, len, &put);
	/* memory takes all or fails */
	return settle(s, !err && put < len ? core_fail(&s->core, ERR_PROTO) : err);
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
	return s->core.open;
}

const struct tls_peer *
tls_session_peer(const struct tls_session *s)
{
	return s->core.checked ? &s->core.peer : NULL;
}

int
tls_session_exporter(struct tls_session *s, const char *label, uint8_t out[TLS_EXPORTER_SIZE])
{
	if (!s->core.open)
		return -ENOTCONN;
	return SSL_export_keying_material(
		   s->core.ssl, out, TLS_EXPORTER_SIZE, label, strlen(label), NULL, 0, 0) == 1
		   ? 0
		   : -ENOMEM;
}

void
tls_session_shutdown(struct tls_session *s)
{
	core_shutdown(&s->core);
}

int
tls_session_err(const struct tls_session *s)
{
	return s->core.err;
}
