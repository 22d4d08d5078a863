/* A whole stream without its sockets and its cipher, negotiation and all: bytes, time, TLS,
 * requests and losses in any order. Whatever comes, the listener is told things in order, nothing
 * is told after an abort, no stanza goes either way before it is ready, what has to be encrypted is
 * never ready in plain, nothing is written while TLS begins, deadlines are in the future or none,
 * and every engine ends within its deadlines. */
#include "base/err.h"
#include "base/limits.h"
#include "base/log.h"
#include "stream/engine.h"
#include "xml/elem.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

struct play {
	struct engine *e;
	uint64_t now, sent, written;
	int identify_result;
	unsigned close_in; /* stanzas until the listener closes */
	int close_err;
	enum stream_security security;
	bool incoming, ready, aborted;
	bool quiet; /* all was written before TLS begins */
};

#define STANZA "<iq type='result'/>"

enum { LONGEST_END_MS = 10000 + 2000 + 2000 };

static void
expect(bool truth)
{
	if (!truth)
		abort();
}

static enum stream_security
on_security(void *ctx, const char *from)
{
	struct play *p = ctx;
	expect(p->incoming && !p->ready && !engine_is_secured(p->e));
	expect(!from || *from);
	return p->security;
}

static int
on_identify(void *ctx, const char *from, const char *to)
{
	struct play *p = ctx;
	expect(p->incoming && !p->ready && !p->aborted);
	expect(!from || (*from && strlen(from) <= LIMIT_XML_ATTR_VALUE));
	expect(!to || *to);
	expect(p->security != STREAM_ENCRYPTED || engine_is_secured(p->e));
	return p->identify_result;
}

static void
on_ready(void *ctx)
{
	struct play *p = ctx;
	expect(!p->ready && !p->aborted);
	expect(p->security != STREAM_ENCRYPTED || engine_is_secured(p->e));
	p->ready = true;
}

static void
on_features(void *ctx, const struct xml_elem *features)
{
	struct play *p = ctx;
	expect(p->ready && !p->aborted && features->name);
}

static void
send_one(struct play *p)
{
	struct buf b = BUF_INIT(LIMIT_STANZA);
	uint64_t ticket;
	buf_str(&b, STANZA);
	if (engine_send(p->e, &b, &ticket) == 0) {
		expect(ticket == p->sent + 1);
		p->sent = ticket;
	}
	buf_finish(&b);
}

static void
on_stanza(void *ctx, const struct xml_elem *stanza)
{
	struct play *p = ctx;
	expect(p->ready && !p->aborted && stanza->name);
	send_one(p);
	if (p->close_in && --p->close_in == 0) {
		engine_close(p->e, p->close_err, p->now);
		p->aborted = p->close_err != 0;
	}
}

static void
drain(struct play *p, size_t max)
{
	struct iovec iov[4];
	size_t n = engine_batch(p->e, iov, max);
	expect(n == 0 || !p->quiet || !engine_wants_tls(p->e));
	for (size_t i = 0; i < n; i++) {
		expect(iov[i].iov_len > 0);
		expect(p->ready || iov[i].iov_len != strlen(STANZA) ||
		       memcmp(iov[i].iov_base, STANZA, strlen(STANZA)) != 0);
	}
	p->quiet = engine_wants_tls(p->e) && n == 0;
	uint64_t ticket = engine_written(p->e, n);
	if (ticket) {
		expect(p->ready && ticket > p->written && ticket <= p->sent);
		p->written = ticket;
	}
}

static void
request(struct play *p, uint8_t op)
{
	static const int errors[] = {0, ERR_XML, ERR_TOO_BIG, -ENOMEM, -EAGAIN, ERR_UNKNOWN};
	int err = errors[op / 16 % ARRAY_LEN(errors)];
	switch (op % 8) {
	case 0:
		p->identify_result = err;
		engine_ask(p->e, p->now);
		break;
	case 1:
		p->close_in = 1 + op / 64;
		p->close_err = err;
		break;
	case 2:
		engine_close(p->e, err, p->now);
		break;
	case 3:
		engine_lost(p->e, op & 16 ? -ECONNRESET : 0, p->now);
		break;
	case 4:
		engine_unwritable(p->e, -EPIPE, p->now);
		break;
	case 5:
		engine_opened(p->e, p->now);
		break;
	case 6:
		p->now += (uint64_t)op * 16;
		engine_tick(p->e, p->now);
		break;
	default:
		drain(p, 1 + op / 64);
		break;
	}
}

/* TLS is there, or thought to be. Only when it was asked for that changes anything. */
static void
secure(struct play *p)
{
	bool was = engine_is_secured(p->e), wanted = engine_wants_tls(p->e);
	while (wanted && !p->quiet)
		drain(p, 4);
	engine_secured(p->e, p->now);
	expect(engine_is_secured(p->e) == (was || wanted));
	p->quiet = false;
}

/* Bytes of 0xF8 and above are events: no UTF-8 has them, so they are free for that. One more byte
 * says which. */
static void
event(struct play *p, uint8_t kind, uint8_t op)
{
	if (kind == 0xf9)
		secure(p);
	else if (kind == 0xfa)
		send_one(p);
	else
		request(p, op);
}

static void
act(struct play *p, const uint8_t *data, size_t len)
{
	while (len > 0) {
		size_t n = 0;
		while (n < len && data[n] < 0xf8)
			n++;
		bool wanted = engine_wants_tls(p->e);
		if (n > 0)
			engine_bytes(p->e, data, n, p->now);
		expect(n == 0 || !wanted || engine_is_over(p->e));
		if (n + 1 < len)
			event(p, data[n], data[n + 1]);
		n = n + 2 < len ? n + 2 : len;
		data += n;
		len -= n;
		expect(engine_is_over(p->e) || !engine_is_closing(p->e) ||
		       engine_deadline(p->e) != ENGINE_NEVER);
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static const struct engine_listener l = {.security = on_security,
	    .identify = on_identify,
	    .on_ready = on_ready,
	    .on_features = on_features,
	    .on_stanza = on_stanza};
	struct engine_self self = {.name = "juliet@pronto", .features = "<x xmlns='urn:x'/>"};
	struct engine_config config = {.to = "romeo@forza", .self = &self};
	if (len < 1)
		return 0;
	struct play p = {.incoming = data[0] & 1,
	    .identify_result = data[0] & 2 ? -EAGAIN : 0,
	    .security = (enum stream_security)(data[0] / 16 % 3)};
	log_set_level(LOG_ERROR);
	config.incoming = p.incoming;
	config.separate_writes = data[0] & 4;
	/* who dials has what it asks for; who is dialled may be asked for what it has not */
	config.can_encrypt = !p.incoming || !(data[0] & 8);
	config.security = p.security;
	if (engine_create(&config, &l, &p, p.now, &p.e) != 0)
		return 0;
	if (p.incoming || !(data[0] & 8))
		engine_opened(p.e, p.now);
	act(&p, data + 1, len - 1);
	/* asked to end, it does, whether or not anything can be written */
	engine_close(p.e, 0, p.now);
	uint64_t start = p.now;
	while (!engine_is_over(p.e)) {
		p.now = engine_deadline(p.e) > p.now ? engine_deadline(p.e) : p.now;
		expect(p.now - start <= LONGEST_END_MS);
		engine_tick(p.e, p.now);
	}
	engine_destroy(p.e);
	return 0;
}
