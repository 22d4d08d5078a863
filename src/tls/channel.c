#include "tls/channel.h"

#include "base/buf.h"
#include "base/err.h"
#include "tls/core.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

enum {
	RECORD = SSL3_RT_MAX_PLAIN_LENGTH,
	/* what one recv() may bring: a block, and a record that is cut in two */
	READ_AHEAD = TLS_CHANNEL_BLOCK + RECORD + CORE_RECORD_OVERHEAD,
	OUT = TLS_CHANNEL_BLOCK / RECORD * (RECORD + CORE_RECORD_OVERHEAD),
};

struct tls_channel {
	struct tls_core core;
	struct tls_id expected;
	int fd;           /* borrowed; -1 before the handshake */
	struct buf early; /* read from fd before the channel had it */
	tls_wait_fn *wait;
	void *wait_ctx;
	char *out; /* owned; OUT bytes: records that go with one send() */
	size_t out_len;
	bool some; /* a read has something already: it does not wait for more */
};

/* ---- the socket, as OpenSSL sees it: it waits, and so never says "later" but to a read that has
 * something already ---- */

static int
send_all(struct tls_channel *ch, const char *data, size_t len)
{
	while (len) {
		ssize_t n = send(ch->fd, data, len, MSG_NOSIGNAL);
		if (n < 0 && errno != EINTR) {
			int err =
			    errno == EAGAIN ? ch->wait(ch->wait_ctx, ch->fd, POLLOUT) : -errno;
			if (err)
				return err == -EPIPE ? -ECONNRESET : err;
		}
		if (n > 0) {
			data += n;
			len -= (size_t)n;
		}
	}
	return 0;
}

static int
flush(struct tls_channel *ch)
{
	int err = send_all(ch, ch->out, ch->out_len);
	ch->out_len = 0;
	return err;
}

static int
on_bio_write(BIO *bio, const char *data, size_t len, size_t *put)
{
	struct tls_channel *ch = BIO_get_data(bio);
	BIO_clear_retry_flags(bio);
	if (len > OUT - ch->out_len)
		ch->core.io_err = flush(ch);
	if (!ch->core.io_err && len > OUT)
		ch->core.io_err = send_all(ch, data, len);
	else if (!ch->core.io_err) {
		memcpy(ch->out + ch->out_len, data, len);
		ch->out_len += len;
	}
	*put = len;
	return ch->core.io_err ? 0 : 1;
}

/* Bytes of the socket, at least one; 0 when there are none and `some` is set. */
static ssize_t
receive(struct tls_channel *ch, char *to, size_t size)
{
	for (;;) {
		ssize_t n = recv(ch->fd, to, size, 0);
		if (n > 0)
			return n;
		if (n == 0)
			return -ECONNRESET;
		if (errno == EINTR)
			continue;
		if (errno != EAGAIN)
			return -errno;
		if (ch->some)
			return 0;
		int err = ch->wait(ch->wait_ctx, ch->fd, POLLIN);
		if (err)
			return err;
	}
}

static int
on_bio_read(BIO *bio, char *to, size_t size, size_t *got)
{
	struct tls_channel *ch = BIO_get_data(bio);
	BIO_clear_retry_flags(bio);
	if (ch->early.len) {
		*got = size < ch->early.len ? size : ch->early.len;
		memcpy(to, ch->early.data, *got);
		buf_consume(&ch->early, *got);
		return 1;
	}
	/* the other may wait for this before it says anything */
	ssize_t n = ch->out_len ? flush(ch) : 0;
	if (!n)
		n = receive(ch, to, size);
	if (n > 0) {
		*got = (size_t)n;
		return 1;
	}
	if (n < 0)
		ch->core.io_err = (int)n;
	else
		BIO_set_retry_read(bio);
	return 0;
}

BIO_METHOD *
channel_bio_method(void)
{
	return core_bio_method(on_bio_read, on_bio_write);
}

/* ---- channel ---- */

static int
check_key(void *ctx, const struct tls_peer *peer)
{
	const struct tls_channel *ch = ctx;
	return tls_id_equal(&peer->id, &ch->expected) ? 0 : ERR_KEY;
}

int
tls_channel_create(
    struct tls_context *c, bool client, const struct tls_id *expected, struct tls_channel **out)
{
	struct tls_channel *ch = calloc(1, sizeof(*ch));
	if (!ch)
		return -ENOMEM;
	ch->expected = *expected;
	ch->fd = -1;
	ch->out = malloc(OUT);
	int err = ch->out ? core_init(&ch->core, c, core_bio(c->socket, ch), client, check_key, ch)
			  : -ENOMEM;
	if (err) {
		tls_channel_destroy(ch);
		return err;
	}
	/* one connection that is in use all the time, not a thousand that wait */
	(void)SSL_clear_mode(ch->core.ssl, SSL_MODE_RELEASE_BUFFERS);
	SSL_set_read_ahead(ch->core.ssl, 1);
	SSL_set_default_read_buffer_len(ch->core.ssl, READ_AHEAD);
	*out = ch;
	return 0;
}

void
tls_channel_destroy(struct tls_channel *ch)
{
	if (!ch)
		return;
	core_finish(&ch->core);
	buf_finish(&ch->early);
	free(ch->out);
	free(ch);
}

/* Who refuses us says so and hangs up, and perhaps we learn of the latter first. */
static int
settle_write(struct tls_channel *ch, int err)
{
	char byte;
	size_t got;
	if (err && !ch->core.err)
		(void)core_fail(&ch->core, err);
	if (err != -ECONNRESET)
		return err;
	ch->core.err = ch->core.io_err = 0;
	ch->core.open = ch->some = true; /* what is here already, no more */
	int heard = core_read(&ch->core, &byte, sizeof(byte), &got);
	ch->some = false;
	return heard && heard != ERR_CLOSED ? heard : core_fail(&ch->core, err);
}

int
tls_channel_handshake(
    struct tls_channel *ch, int fd, struct buf *early, tls_wait_fn *wait, void *ctx)
{
	if (ch->core.err)
		return ch->core.err;
	int flags = fcntl(fd, F_GETFL);
	if (flags < 0 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) < 0)
		return -errno;
	ch->fd = fd;
	ch->wait = wait;
	ch->wait_ctx = ctx;
	if (early) {
		buf_finish(&ch->early);
		ch->early = *early;
		buf_init(early, early->max);
	}
	int err = core_handshake(&ch->core);
	if (!err && !ch->core.open)
		err = core_fail(&ch->core, ERR_PROTO);
	/* the alert that says why goes, too */
	int flushed = flush(ch);
	return err ? err : settle_write(ch, flushed);
}

ssize_t
tls_channel_read(struct tls_channel *ch, void *buf, size_t cap)
{
	size_t len = 0, got;
	int err = 0;
	if (ch->fd < 0)
		return -ENOTCONN;
	ch->some = false;
	do {
		err = core_read(&ch->core, (char *)buf + len, cap - len, &got);
		len += got;
		/* a call may return without a byte: a change of keys */
		if (!err && !got && ch->some)
			break;
		ch->some = len > 0;
	} while (!err && len < cap);
	ch->some = false;
	/* an error stays, and is told the next time */
	return len ? (ssize_t)len : err;
}

int
tls_channel_write(struct tls_channel *ch, const void *data, size_t len)
{
	size_t put;
	if (!len || ch->core.err)
		return ch->core.err;
	int err = core_write(&ch->core, data, len, &put);
	if (!err && put < len)
		err = core_fail(&ch->core, ERR_PROTO);
	return err == -ENOTCONN ? err : settle_write(ch, err);
}

int
tls_channel_flush(struct tls_channel *ch)
{
	return ch->core.err ? ch->core.err : settle_write(ch, flush(ch));
}

int
tls_channel_shutdown(struct tls_channel *ch)
{
	if (ch->core.err)
		return ch->core.err;
	core_shutdown(&ch->core);
	return ch->core.io_err ? settle_write(ch, ch->core.io_err) : tls_channel_flush(ch);
}
