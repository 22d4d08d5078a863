#define _DEFAULT_SOURCE /* TCP_KEEPIDLE and its kin */
#include "transfer/pump.h"

#include "base/clock.h"
#include "base/err.h"
#include "base/limits.h"
#include "tls/channel.h"
#include "tls/digest.h"
#include "transfer/rate.h"
#include "transfer/sink.h"
#include "transfer/source.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

enum {
	BLOCK = TLS_CHANNEL_BLOCK,
	MS = 1000,
	/* what a sender can hash again in a second, at the least, before it goes on from there */
	HASHED_A_SECOND = 64 << 20,
	/* s: a host that is gone is noticed also where only the other side is waited for */
	PROBE_AFTER = 10,
	PROBE_EVERY = 5,
	PROBES = (LIMIT_TRANSFER_IDLE - PROBE_AFTER) / PROBE_EVERY,
	/* what an old client may say to who sends to it, which nobody reads */
	CHATTER = 64 * 1024,
};

/* One run of either function. */
struct pump {
	struct carrier *carrier;
	struct carrier_link *link; /* borrowed */
	struct digest_run *run;    /* borrowed */
	char *block;               /* owned; BLOCK bytes */
	int idle;                  /* ms that may pass without a byte */
	uint64_t deadline;         /* of the handshake; 0: none */
};

/* ---- the connection ---- */

static int
wait_for(void *ctx, int fd, short events)
{
	struct pump *p = ctx;
	int ms = p->idle;
	if (p->deadline) {
		uint64_t now = clock_now();
		ms = now < p->deadline ? (int)(p->deadline - now) : 0;
	}
	return carrier_wait(p->carrier, fd, events, ms);
}

/* From here on an error of the socket is a connection that is gone. */
static int
socket_error(int err)
{
	return err == -EPIPE ? -ECONNRESET : err;
}

static void
set_option(int fd, int level, int option, int value)
{
	/* worth having, not worth failing for */
	(void)setsockopt(fd, level, option, &value, sizeof(value));
}

static void
set_options(int fd)
{
	set_option(fd, IPPROTO_TCP, TCP_NODELAY, 1);
	set_option(fd, SOL_SOCKET, SO_KEEPALIVE, 1);
	set_option(fd, IPPROTO_TCP, TCP_KEEPIDLE, PROBE_AFTER);
	set_option(fd, IPPROTO_TCP, TCP_KEEPINTVL, PROBE_EVERY);
	set_option(fd, IPPROTO_TCP, TCP_KEEPCNT, PROBES);
	set_option(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, LIMIT_TRANSFER_IDLE * MS);
}

static int
begin(struct pump *p)
{
	int fd = p->link->fd;
	p->block = malloc(BLOCK);
	if (!p->block)
		return -ENOMEM;
	int flags = fcntl(fd, F_GETFL);
	if (flags < 0 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) < 0)
		return -errno;
	set_options(fd);
	if (!p->link->tls)
		return 0;
	p->deadline = clock_now() + (uint64_t)LIMIT_TRANSFER_IDLE * MS;
	int err = tls_channel_handshake(p->link->tls, fd, &p->link->early, wait_for, p);
	p->deadline = 0;
	return err;
}

static void
end(struct pump *p)
{
	free(p->block);
	carrier_link_finish(p->link);
}

static int
put(struct pump *p, const char *data, size_t len)
{
	if (p->link->tls)
		return tls_channel_write(p->link->tls, data, len);
	while (len) {
		ssize_t n = send(p->link->fd, data, len, MSG_NOSIGNAL);
		if (n < 0 && errno != EINTR) {
			int err = errno == EAGAIN ? wait_for(p, p->link->fd, POLLOUT) : -errno;
			if (err)
				return socket_error(err);
		}
		if (n > 0) {
			data += n;
			len -= (size_t)n;
		}
	}
	return 0;
}

/* At least one byte into the block, at most max. ERR_CLOSED: the other has ended it; in plain that
 * may as well be a cut. */
static ssize_t
get(struct pump *p, size_t max)
{
	struct carrier_link *link = p->link;
	if (link->tls)
		return tls_channel_read(link->tls, p->block, max);
	if (link->early.len) {
		size_t n = link->early.len < max ? link->early.len : max;
		memcpy(p->block, link->early.data, n);
		buf_consume(&link->early, n);
		return (ssize_t)n;
	}
	for (;;) {
		ssize_t n = recv(link->fd, p->block, max, 0);
		if (n > 0)
			return n;
		if (n == 0)
			return ERR_CLOSED;
		int err = errno == EAGAIN  ? wait_for(p, link->fd, POLLIN)
			  : errno == EINTR ? 0
					   : socket_error(-errno);
		if (err)
			return err;
	}
}

/* ---- sending ---- */

static ssize_t
next_block(struct pump *p, struct source *source, uint64_t at, uint64_t end_at, size_t most)
{
	uint64_t left = end_at - at;
	ssize_t n = source_read(source, at, p->block, left < most ? (size_t)left : most);
	if (n == 0)
		return ERR_CHANGED_SOURCE; /* it is shorter than it was */
	if (n > 0)
		digest_run_update(p->run, p->block, (size_t)n);
	return n;
}

/* The receiver has [0, from): whether it is what we have. */
static int
compare(struct pump *p, const struct pump_send *s)
{
	unsigned char own[DIGEST_SHA256_SIZE];
	for (uint64_t at = 0; at < s->from;) {
		ssize_t n = next_block(p, s->source, at, s->from, BLOCK);
		if (n < 0)
			return (int)n;
		at += (uint64_t)n;
		if (carrier_stopped(p->carrier))
			return -ECANCELED;
	}
	if (!s->prefix)
		return 0;
	int err = digest_run_value(p->run, own);
	return !err && memcmp(own, s->prefix, sizeof(own)) != 0 ? ERR_DIFFERS : err;
}

static int
send_all(struct pump *p, struct pump_send *s)
{
	int err = 0;
	while (!err && s->at < s->size) {
		size_t most = s->rate ? rate_piece(s->rate, BLOCK) : BLOCK;
		ssize_t n = next_block(p, s->source, s->at, s->size, most);
		if (n < 0)
			return (int)n;
		err = carrier_pace(p->carrier, s->rate, (uint64_t)n);
		if (!err)
			err = put(p, p->block, (size_t)n);
		if (!err && most < BLOCK && p->link->tls)
			err = tls_channel_flush(p->link->tls);
		if (err)
			break;
		s->at += (uint64_t)n;
		carrier_progress(p->carrier, (uint64_t)n);
	}
	return err;
}

/* The receiver ends the connection once it has everything: only then is all of it there. Megabytes
 * may still be on their way, over a slow network or to somebody with a cap. */
static int
await_end(struct pump *p)
{
	p->idle = LIMIT_TRANSFER_END * MS;
	int err = p->link->tls ? tls_channel_shutdown(p->link->tls) : 0;
	size_t heard = 0;
	if (err)
		return err;
	(void)shutdown(p->link->fd, SHUT_WR);
	for (;;) {
		ssize_t n = get(p, BLOCK);
		if (n < 0)
			return n == ERR_CLOSED ? 0 : (int)n;
		heard += (size_t)n;
		if (p->link->tls || heard > CHATTER)
			return ERR_PROTO;
	}
}

int
pump_send_run(struct carrier *c, void *arg)
{
	struct pump_send *s = arg;
	struct pump p = {.carrier = c, .link = &s->link, .idle = LIMIT_TRANSFER_IDLE * MS};
	s->at = s->from;
	int err = s->from <= s->size ? digest_run_create(&p.run) : -EINVAL;
	if (!err)
		err = begin(&p);
	if (!err)
		err = compare(&p, s);
	if (!err)
		err = send_all(&p, s);
	if (!err)
		err = digest_run_value(p.run, s->digest);
	if (!err)
		err = await_end(&p);
	digest_run_destroy(p.run);
	end(&p);
	return err;
}

/* ---- receiving ---- */

static int
check_point(struct pump *p, const struct pump_receive *r)
{
	unsigned char value[DIGEST_SHA256_SIZE];
	int err = sink_checkpoint(r->sink);
	if (!err)
		err = digest_run_value(p->run, value);
	if (!err)
		carrier_checkpoint(p->carrier, r->at, value);
	return err;
}

static int
take(struct pump *p, struct pump_receive *r, size_t n)
{
	uint64_t before = r->at;
	int err = sink_write(r->sink, p->block, n);
	/* a disk that is full may have taken a part of it */
	size_t kept = err ? (size_t)(sink_offset(r->sink) - before) : n;
	if (kept <= n) {
		digest_run_update(p->run, p->block, kept);
		r->at += kept;
		carrier_progress(p->carrier, kept);
	}
	if (!err && before / LIMIT_TRANSFER_CHECKPOINT != r->at / LIMIT_TRANSFER_CHECKPOINT)
		err = check_point(p, r);
	return err ? err : carrier_pace(p->carrier, r->rate, n);
}

static int
receive_all(struct pump *p, struct pump_receive *r)
{
	int err = 0;
	while (!err && r->at < r->size) {
		uint64_t left = r->size - r->at;
		size_t most = r->rate ? rate_piece(r->rate, BLOCK) : BLOCK;
		ssize_t n = get(p, left < most ? (size_t)left : most);
		if (n == ERR_CLOSED)
			return r->size == UINT64_MAX ? 0 : -ECONNRESET;
		if (n < 0)
			return (int)n;
		p->idle = LIMIT_TRANSFER_IDLE * MS;
		err = take(p, r, (size_t)n);
	}
	return err;
}

/* With TLS the end is said, and is answered: so the sender knows that all of it is here. */
static int
confirm_end(struct pump *p, const struct pump_receive *r)
{
	if (!p->link->tls)
		return 0;
	if (r->size != UINT64_MAX) {
		ssize_t n = get(p, 1);
		if (n != ERR_CLOSED)
			return n < 0 ? (int)n : ERR_PROTO;
	}
	return tls_channel_shutdown(p->link->tls);
}

int
pump_receive_run(struct carrier *c, void *arg)
{
	struct pump_receive *r = arg;
	struct pump p = {.carrier = c, .link = &r->link, .run = r->run};
	uint64_t hashing = r->from / HASHED_A_SECOND;
	uint64_t seconds =
	    LIMIT_TRANSFER_IDLE + (hashing < INT32_MAX / MS / 2 ? hashing : INT32_MAX / MS / 2);
	p.idle = (int)seconds * MS;
	r->at = r->from;
	int err = r->from <= r->size ? begin(&p) : -EINVAL;
	if (!err)
		err = receive_all(&p, r);
	if (!err)
		err = confirm_end(&p, r);
	if (!err)
		err = digest_run_value(p.run, r->digest);
	end(&p);
	return err;
}
