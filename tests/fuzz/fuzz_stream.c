/* A whole stream without its sockets: bytes, time, requests and losses in any order. Whatever
 * comes, the listener is told things in order, nothing is told after an abort, deadlines are in
 * the future or none, and every engine ends within its deadlines. */
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
	bool incoming, ready, aborted;
};

enum { LONGEST_END_MS = 10000 + 2000 + 2000 };

static void
expect(bool truth)
{
	if (!truth)
		abort();
}

static int
on_identify(void *ctx, const char *from, const char *to)
{
	struct play *p = ctx;
	expect(p->incoming && !p->ready && !p->aborted);
	expect(!from || (*from && strlen(from) <= LIMIT_XML_ATTR_VALUE));
	expect(!to || *to);
	return p->identify_result;
}

static void
on_ready(void *ctx)
{
	struct play *p = ctx;
	expect(!p->ready && !p->aborted);
	p->ready = true;
}

static void
on_features(void *ctx, const struct xml_elem *features)
{
	struct play *p = ctx;
	expect(p->ready && !p->aborted && features->name);
}

static void
on_stanza(void *ctx, const struct xml_elem *stanza)
{
	struct play *p = ctx;
	struct buf b = BUF_INIT(LIMIT_STANZA);
	uint64_t ticket;
	expect(p->ready && !p->aborted && stanza->name);
	buf_str(&b, "<iq type='result'/>");
	if (engine_send(p->e, &b, &ticket) == 0) {
		expect(ticket == p->sent + 1);
		p->sent = ticket;
	}
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
	for (size_t i = 0; i < n; i++)
		expect(iov[i].iov_len > 0);
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

/* Bytes of 0xF8 and above are requests: no UTF-8 has them, so they are free for that. */
static void
act(struct play *p, const uint8_t *data, size_t len)
{
	while (len > 0) {
		size_t n = 0;
		while (n < len && data[n] < 0xf8)
			n++;
		if (n > 0)
			engine_bytes(p->e, data, n, p->now);
		if (n + 1 < len)
			request(p, data[n + 1]);
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
	static const struct engine_listener l = {.identify = on_identify,
	    .on_ready = on_ready,
	    .on_features = on_features,
	    .on_stanza = on_stanza};
	struct engine_self self = {.name = "juliet@pronto", .features = "<x xmlns='urn:x'/>"};
	struct engine_config config = {.to = "romeo@forza", .self = &self};
	if (len < 1)
		return 0;
	struct play p = {.incoming = data[0] & 1, .identify_result = data[0] & 2 ? -EAGAIN : 0};
	log_set_level(LOG_ERROR);
	config.incoming = p.incoming;
	config.separate_writes = data[0] & 4;
	if (engine_create(&config, &l, &p, p.now, &p.e) != 0)
		return 0;
	if (!(data[0] & 8))
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
