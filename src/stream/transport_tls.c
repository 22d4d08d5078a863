#include "stream/transport-parts.h"

#include "base/buf.h"
#include "base/err.h"
#include "tls/session.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* What is decrypted while nobody wants to read: what one read held, and the part of a record that
 * was there before. */
enum { KEPT = LIMIT_STREAM_READ + 2 * TRANSPORT_RECORD };

struct tls_link {
	struct transport *t; /* borrowed */
	int (*create)(void *ctx, struct tls_session **out);
	void *create_ctx;
	struct tls_session *session; /* owned; server: NULL before its first record's header */
	char head[TLS_RECORD_HEADER_SIZE];
	size_t head_len;
	uv_idle_t again; /* reading goes on, from the loop */
	bool on;         /* somebody wants to read */
	bool secured;    /* the listener was told */
	bool ended;      /* nothing comes any more */
	bool end_due;    /* the listener is still to be told, behind what is kept */
	int end_err;
	struct buf kept;                   /* plain bytes for which nobody was there */
	char *rest;                        /* owned; encrypted, libuv is writing it */
	uv_buf_t pieces[TRANSPORT_PIECES]; /* plain, the listener's: still to be encrypted */
	unsigned piece, piece_count;
	bool owes_written; /* transport_write() returned 0 */
};

void
transport_free_tls(struct tls_link *x)
{
	if (!x)
		return;
	tls_session_destroy(x->session);
	buf_finish(&x->kept);
	free(x->rest);
	free(x);
}

/* ---- out ---- */

static uv_buf_t
encrypted(const struct tls_link *x)
{
	const void *data = NULL;
	size_t len = 0;
	if (x->session)
		tls_session_output(x->session, &data, &len);
	uv_buf_t out = {.len = len};
	memcpy(&out.base, &data, sizeof(data)); /* libuv only reads there */
	return out;
}

/* The session's memory moves when more is written, so libuv gets a copy of what the kernel did
 * not take. */
static int
write_rest(struct tls_link *x, uv_buf_t rest)
{
	x->rest = malloc(rest.len);
	if (!x->rest)
		return -ENOMEM;
	memcpy(x->rest, rest.base, rest.len);
	tls_session_sent(x->session, rest.len);
	rest.base = x->rest;
	return uv_write(&x->t->writing, (uv_stream_t *)&x->t->tcp, &rest, 1, transport_on_write);
}

/* 1: all that is encrypted is with the kernel; 0: libuv is writing; or an error. */
static int
push(struct tls_link *x)
{
	if (x->rest)
		return 0;
	uv_buf_t out = encrypted(x);
	if (out.len == 0)
		return 1;
	int n = uv_try_write((uv_stream_t *)&x->t->tcp, &out, 1);
	if (n < 0 && n != UV_EAGAIN)
		return n;
	size_t done = n < 0 ? 0 : (size_t)n;
	tls_session_sent(x->session, done);
	if (done == out.len)
		return 1;
	return write_rest(x, encrypted(x));
}

/* Small pieces are put together to whole records; what fills records by itself is not copied. */
static int
encrypt_record(struct tls_link *x, size_t *left)
{
	char *record = x->t->scratch + LIMIT_STREAM_READ + TRANSPORT_RECORD;
	size_t len = 0;
	uv_buf_t *piece = &x->pieces[x->piece];
	if (piece->len >= (size_t)TRANSPORT_RECORD && *left >= (size_t)TRANSPORT_RECORD) {
		size_t whole = piece->len < *left ? piece->len : *left;
		whole -= whole % (size_t)TRANSPORT_RECORD;
		int err = tls_session_write(x->session, piece->base, whole);
		*piece = uv_buf_init(piece->base + whole, (unsigned)(piece->len - whole));
		x->piece += piece->len == 0;
		*left -= whole;
		return err;
	}
	while (x->piece < x->piece_count && len < (size_t)TRANSPORT_RECORD) {
		piece = &x->pieces[x->piece];
		size_t n = (size_t)TRANSPORT_RECORD - len < piece->len
			       ? (size_t)TRANSPORT_RECORD - len
			       : piece->len;
		memcpy(record + len, piece->base, n);
		len += n;
		*piece = uv_buf_init(piece->base + n, (unsigned)(piece->len - n));
		x->piece += piece->len == 0;
	}
	*left -= len < *left ? len : *left;
	return tls_session_write(x->session, record, len);
}

/* As push(), for all that is to be written: so much is encrypted at a time as one write may hold,
 * and the next when the kernel has taken it. */
static int
advance(struct tls_link *x)
{
	int res = push(x);
	while (res == 1 && x->piece < x->piece_count) {
		size_t left = LIMIT_TLS_WRITE;
		int err = 0;
		while (!err && left > 0 && x->piece < x->piece_count)
			err = encrypt_record(x, &left);
		res = err ? err : push(x);
	}
	return res;
}

static int
tls_write(struct transport *t, const uv_buf_t *bufs, unsigned count)
{
	struct tls_link *x = t->tls;
	if (count > TRANSPORT_PIECES)
		return -EINVAL;
	if (!x->session)
		return -ENOTCONN;
	memcpy(x->pieces, bufs, count * sizeof(*bufs));
	x->piece = 0;
	x->piece_count = count;
	int res = advance(x);
	x->owes_written = res == 0;
	return res;
}

static void
on_tls_written(struct transport *t, int err)
{
	struct tls_link *x = t->tls;
	free(x->rest);
	x->rest = NULL;
	int res = err ? err : advance(x);
	if (res == 0)
		return;
	bool owed = x->owes_written;
	x->owes_written = false;
	if (owed || res < 0)
		t->l->on_written(t->ctx, res < 0 ? res : 0);
}

/* ---- in ---- */

static void
end(struct tls_link *x, int err)
{
	if (x->ended)
		return;
	x->ended = true;
	x->end_err = err;
	(void)transport_tcp_read(x->t, false);
	if (x->kept.len > 0 || !x->on)
		x->end_due = true;
	else
		x->t->l->on_end(x->t->ctx, err);
}

/* All that the session can decrypt; what comes after a pause was asked for is kept. 0, or how it
 * ended. */
static int
decrypt(struct tls_link *x)
{
	struct transport *t = x->t;
	char *plain = t->scratch + LIMIT_STREAM_READ;
	int n = 0;
	while (!t->closing && (n = tls_session_read(x->session, plain, TRANSPORT_RECORD)) > 0) {
		if (x->on && x->kept.len == 0)
			t->l->on_data(t->ctx, plain, (size_t)n);
		else
			buf_add(&x->kept, plain, (size_t)n);
	}
	return n < 0 ? n : buf_err(&x->kept);
}

static void
take(struct tls_link *x, const char *data, size_t len)
{
	struct transport *t = x->t;
	int err = tls_session_feed(x->session, data, len);
	if (!x->secured && tls_session_is_open(x->session)) {
		x->secured = true;
		t->l->on_secured(t->ctx);
	}
	if (!err)
		err = decrypt(x);
	if (t->closing)
		return;
	int res = push(x); /* of the handshake, or why it failed */
	if (!err && res < 0)
		err = res;
	if (err)
		end(x, err == ERR_CLOSED ? 0 : err);
}

/* Server: does this begin a handshake? Only then a session is worth its memory. */
static void
take_head(struct tls_link *x, const char *data, size_t len)
{
	size_t room = sizeof(x->head) - x->head_len;
	size_t n = len < room ? len : room;
	memcpy(x->head + x->head_len, data, n);
	x->head_len += n;
	int err = tls_looks_like_handshake(x->head, x->head_len) ? 0 : ERR_PROTO;
	if (!err && x->head_len == sizeof(x->head))
		err = x->create(x->create_ctx, &x->session);
	if (err) {
		end(x, err);
		return;
	}
	if (!x->session)
		return;
	take(x, x->head, sizeof(x->head));
	if (len > n && !x->ended && !x->t->closing)
		take(x, data + n, len - n);
}

static void
on_tls_bytes(struct transport *t, const char *data, size_t len)
{
	if (t->tls->session)
		take(t->tls, data, len);
	else
		take_head(t->tls, data, len);
}

static void
on_tls_end(struct transport *t, int err)
{
	end(t->tls, err ? err : ERR_CLOSED);
}

static void
on_again(uv_idle_t *idle)
{
	struct transport *t = idle->data;
	struct tls_link *x = t->tls;
	struct buf kept = x->kept;
	(void)uv_idle_stop(idle);
	buf_init(&x->kept, KEPT);
	if (kept.len > 0)
		t->l->on_data(t->ctx, kept.data, kept.len);
	buf_finish(&kept);
	if (t->closing || !x->on)
		return;
	int err = x->ended ? 0 : transport_tcp_read(t, true);
	if (err) {
		end(x, err);
	} else if (x->end_due) {
		x->end_due = false;
		t->l->on_end(t->ctx, x->end_err);
	}
}

static int
tls_read(struct transport *t, bool on)
{
	struct tls_link *x = t->tls;
	x->on = on;
	if (on)
		return uv_idle_start(&x->again, on_again);
	(void)uv_idle_stop(&x->again);
	return transport_tcp_read(t, false);
}

/* ---- begin and end ---- */

static void
tls_close(struct transport *t)
{
	struct tls_link *x = t->tls;
	/* behind half a record it would not be understood */
	if (x->session && !x->rest && x->piece == x->piece_count) {
		tls_session_shutdown(x->session);
		uv_buf_t out = encrypted(x);
		if (out.len > 0)
			(void)uv_try_write((uv_stream_t *)&t->tcp, &out, 1);
	}
	uv_close((uv_handle_t *)&x->again, transport_on_close);
	uv_close((uv_handle_t *)&t->tcp, transport_on_close);
}

static const struct transport_ops tls_ops = {.read = tls_read,
    .write = tls_write,
    .close = tls_close,
    .on_bytes = on_tls_bytes,
    .on_end = on_tls_end,
    .on_written = on_tls_written};

int
transport_start_tls(
    struct transport *t, bool client, int (*create)(void *ctx, struct tls_session **out), void *ctx)
{
	if (t->closing || t->tls)
		return -EINVAL;
	struct tls_link *x = calloc(1, sizeof(*x));
	if (!x)
		return -ENOMEM;
	x->t = t;
	x->create = create;
	x->create_ctx = ctx;
	buf_init(&x->kept, KEPT);
	int err = client ? create(ctx, &x->session) : 0;
	if (err) {
		free(x);
		return err;
	}
	(void)uv_idle_init(t->tcp.loop, &x->again);
	x->again.data = t;
	t->handles++;
	t->tls = x;
	t->ops = &tls_ops;
	int res = push(x);
	return res < 0 ? res : 0;
}

struct tls_session *
transport_session(const struct transport *t)
{
	return t->tls ? t->tls->session : NULL;
}
