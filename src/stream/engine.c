#include "stream/engine-parts.h"

#include "base/err.h"
#include "base/limits.h"
#include "base/log.h"
#include "base/str.h"
#include "stream/header.h"

#include <stdlib.h>

static const char *const state_names[STATE_COUNT] = {"connecting", "header", "features", "offered",
    "starttls", "handshake", "auth", "unknown", "ready", "ending", "over"};

/* Which states may follow which, as bits. */
static const unsigned may_follow[STATE_COUNT] = {
    [CONNECTING] = 1U << HEADER | 1U << OVER,
    [HEADER] = 1U << FEATURES | 1U << OFFERED | 1U << AUTH | 1U << UNKNOWN | 1U << READY |
	       1U << ENDING | 1U << OVER,
    [FEATURES] = 1U << STARTTLS | 1U << AUTH | 1U << READY | 1U << ENDING | 1U << OVER,
    [OFFERED] = 1U << HANDSHAKE | 1U << UNKNOWN | 1U << ENDING | 1U << OVER,
    [STARTTLS] = 1U << HANDSHAKE | 1U << ENDING | 1U << OVER,
    [HANDSHAKE] = 1U << HEADER | 1U << ENDING | 1U << OVER,
    [AUTH] = 1U << HEADER | 1U << ENDING | 1U << OVER,
    [UNKNOWN] = 1U << READY | 1U << ENDING | 1U << OVER,
    [READY] = 1U << ENDING | 1U << OVER,
    [ENDING] = 1U << OVER,
};

void
engine_set_state(struct engine *e, enum engine_state next, const char *why)
{
	if (!(may_follow[e->state] & 1U << next)) {
		log_error(e->peer.from, "bug: stream state %s -> %s (%s)", state_names[e->state],
		    state_names[next], why);
		next = OVER;
		e->aborted = true;
	}
	log_debug(e->peer.from ? e->peer.from : e->to, "stream: %s -> %s (%s)",
	    state_names[e->state], state_names[next], why);
	e->state = next;
	if (next == ENDING || next == OVER)
		e->deadline = e->now + (e->err ? ENGINE_ERROR_MS : ENGINE_END_MS);
}

void
engine_abort(struct engine *e)
{
	e->aborted = true;
	if (e->state != OVER)
		engine_set_state(e, OVER, "aborted");
}

void
engine_give_up(struct engine *e, int err)
{
	if (!e->err)
		e->err = err;
	engine_abort(e);
}

int
engine_create(const struct engine_config *config, const struct engine_listener *l, void *ctx,
    uint64_t now, struct engine **out)
{
	struct engine *e = calloc(1, sizeof(*e));
	if (!e)
		return -ENOMEM;
	*e = (struct engine){
	    .l = l,
	    .ctx = ctx,
	    .self = config->self,
	    .incoming = config->incoming,
	    .separate = config->separate_writes,
	    .can_encrypt = config->can_encrypt,
	    .security = config->security,
	    .state = config->incoming ? HEADER : CONNECTING,
	    .now = now,
	    .born = now,
	    .heard_at = now,
	    .held = BUF_INIT(LIMIT_STANZA_UNKNOWN),
	};
	outq_init(&e->out);
	outq_init(&e->waiting);
	int err = str_replace(&e->to, config->to);
	if (!err)
		err = xml_reader_create(&negotiate_listener, e, &e->reader);
	if (err) {
		engine_destroy(e);
		return err;
	}
	*out = e;
	return 0;
}

void
engine_destroy(struct engine *e)
{
	if (!e)
		return;
	xml_reader_destroy(e->reader);
	outq_finish(&e->out);
	outq_finish(&e->waiting);
	buf_finish(&e->held);
	free(e->to);
	free(e->peer.from);
	free(e->peer.to);
	free(e->peer_name);
	free(e);
}

void
engine_opened(struct engine *e, uint64_t now)
{
	e->now = now;
	if (e->state != CONNECTING)
		return;
	e->opened = now;
	engine_set_state(e, HEADER, "connected");
	negotiate_begin(e);
}

void
engine_bytes(struct engine *e, const void *data, size_t len, uint64_t now)
{
	e->now = now;
	e->heard_at = now;
	e->heard = true;
	if (e->state == HANDSHAKE)
		engine_give_up(e, ERR_PROTO);
	if (e->state == CONNECTING || e->peer_ended || engine_verdict(e) != 0)
		return;
	int err = xml_reader_feed(e->reader, data, len);
	bool was = e->in_stanza;
	e->in_stanza = xml_reader_partial(e->reader) > 0;
	if (e->in_stanza && !was)
		e->stanza_at = now;
	if (e->restart)
		negotiate_restart(e);
	else if (err && engine_verdict(e) == 0)
		/* what XML allows and XMPP forbids: DTD, comment, instruction (N12) */
		negotiate_fail(e, err, err == ERR_PROTO ? "restricted-xml" : NULL);
}

bool
engine_wants_tls(const struct engine *e)
{
	return e->state == HANDSHAKE;
}

void
engine_secured(struct engine *e, uint64_t now)
{
	e->now = now;
	if (e->state != HANDSHAKE)
		return;
	e->leg = LEG_SECURED;
	engine_set_state(e, HEADER, "secured");
	if (!e->incoming)
		negotiate_begin(e);
}

void
engine_refuse(struct engine *e, int err, uint64_t now)
{
	e->now = now;
	if (e->state != HANDSHAKE)
		return;
	e->err = err;
	engine_set_state(e, ENDING, err_str(err));
}

/* Dialled: why it hung up before it was ready. The end of TLS instead of a header is how our key is
 * refused (secure.c), and nobody but who has proven theirs can say that. */
static int
reason_of_end(const struct engine *e)
{
	return e->leg == LEG_SECURED && e->state == HEADER ? ERR_KEY_REFUSED : ERR_CLOSED;
}

void
engine_lost(struct engine *e, int err, uint64_t now)
{
	e->now = now;
	if (e->state == OVER)
		return;
	if (e->state == ENDING)
		engine_abort(e);
	else if (e->state == HANDSHAKE || (!e->incoming && !e->was_ready))
		engine_give_up(e, err ? err : reason_of_end(e));
	else if (err || !e->heard)
		engine_give_up(e, err);
	else
		negotiate_peer_ended(
		    e); /* many just close: it may have closed one direction only */
}

void
engine_unwritable(struct engine *e, int err, uint64_t now)
{
	e->now = now;
	if (e->state == OVER) {
		e->aborted = true;
		return;
	}
	if (e->state == READY) {
		/* It may have said its last words and gone: they are still to be read. */
		e->write_err = err;
		engine_set_state(e, ENDING, "unwritable");
	} else if (e->state != ENDING) {
		engine_give_up(e, err);
	}
	outq_finish(&e->out);
}

void
engine_tick(struct engine *e, uint64_t now)
{
	e->now = now;
	if (now < engine_deadline(e))
		return;
	switch (e->state) {
	case CONNECTING:
		engine_give_up(e, -ETIMEDOUT);
		break;
	case HEADER:
		if (e->incoming && !e->heard)
			engine_give_up(e, -ETIMEDOUT);
		else
			negotiate_fail(e, -ETIMEDOUT, NULL);
		break;
	case FEATURES:
	case OFFERED:
		if (e->leg == LEG_PLAIN && e->security == STREAM_OPPORTUNISTIC)
			negotiate_go_plain(e);
		else
			negotiate_fail(e, -ETIMEDOUT, NULL);
		break;
	case STARTTLS:
	case AUTH:
		negotiate_fail(e, -ETIMEDOUT, NULL);
		break;
	case HANDSHAKE:
		engine_give_up(e, -ETIMEDOUT);
		break;
	case UNKNOWN:
		negotiate_fail(e, ERR_IDENTITY, NULL);
		break;
	case ENDING:
		engine_give_up(e, e->write_err);
		break;
	case OVER:
		e->aborted = true;
		break;
	case READY: /* half a stanza costs memory (N10) */
		negotiate_fail(e, -ETIMEDOUT, NULL);
		break;
	case STATE_COUNT:
		break;
	}
}

void
engine_paused(struct engine *e, bool paused, uint64_t now)
{
	e->paused = paused;
	e->stanza_at = now;
}

void
engine_ask(struct engine *e, uint64_t now)
{
	e->now = now;
	if (e->state == UNKNOWN)
		negotiate_identify(e);
}

int
engine_send(struct engine *e, struct buf *stanza, uint64_t *ticket)
{
	int err = buf_err(stanza);
	if (!err && engine_is_closing(e))
		err = -ENOTCONN;
	if (!err && e->out.bytes + e->waiting.bytes + stanza->cap > LIMIT_STREAM_QUEUE)
		err = ERR_TOO_BIG;
	if (!err)
		err = outq_add(
		    e->state == READY ? &e->out : &e->waiting, stanza, e->ticket + 1, false);
	if (err)
		return err;
	e->ticket++;
	if (ticket)
		*ticket = e->ticket;
	return 0;
}

void
engine_close(struct engine *e, int err, uint64_t now)
{
	e->now = now;
	if (engine_is_closing(e))
		return;
	e->err = err;
	if (e->state == CONNECTING || e->state == HANDSHAKE || (e->incoming && !e->heard)) {
		engine_abort(e); /* nothing can be said there */
		return;
	}
	negotiate_end(e, header_condition(err));
	if (e->state != OVER)
		engine_set_state(e, ENDING, "closed by us");
}

size_t
engine_batch(const struct engine *e, struct iovec *iov, size_t max)
{
	return e->aborted ? 0 : outq_batch(&e->out, e->separate, iov, max);
}

uint64_t
engine_written(struct engine *e, size_t pieces)
{
	return outq_drop(&e->out, pieces);
}

/* Of the negotiation: totals, that nobody can draw it out (N10). */
static uint64_t
negotiated_by(const struct engine *e)
{
	bool choice = e->leg == LEG_PLAIN && e->security == STREAM_OPPORTUNISTIC &&
		      (e->state == FEATURES || e->state == OFFERED);
	uint64_t at = e->opened + ENGINE_REPLY_MS;
	if (e->incoming && e->leg != LEG_PLAIN)
		at = e->born + ENGINE_IDENTITY_MS;
	else if (e->incoming && e->state == HEADER)
		at = e->born + (e->heard ? ENGINE_HEADER_MS : ENGINE_FIRST_BYTE_MS);
	else if (e->incoming)
		at = e->born + ENGINE_TLS_MS;
	if (choice && e->header_at + ENGINE_CHOICE_MS < at)
		at = e->header_at + ENGINE_CHOICE_MS;
	return at;
}

uint64_t
engine_deadline(const struct engine *e)
{
	switch (e->state) {
	case CONNECTING:
		return e->born + ENGINE_CONNECT_MS;
	case HEADER:
	case FEATURES:
	case OFFERED:
	case STARTTLS:
	case HANDSHAKE:
	case AUTH:
		return negotiated_by(e);
	case UNKNOWN:
		return e->born + ENGINE_IDENTITY_MS;
	case ENDING:
		return e->deadline;
	case OVER:
		return engine_is_over(e) ? ENGINE_NEVER : e->deadline;
	case READY:
		if (!e->in_stanza || e->paused)
			break;
		return e->stanza_at + ENGINE_STANZA_MS +
		       xml_reader_partial(e->reader) * 1000 / ENGINE_RATE;
	case STATE_COUNT:
		break;
	}
	return ENGINE_NEVER;
}

bool
engine_is_ready(const struct engine *e)
{
	return e->state == READY;
}

bool
engine_is_secured(const struct engine *e)
{
	return e->leg != LEG_PLAIN;
}

bool
engine_is_unknown(const struct engine *e)
{
	return e->incoming && !e->was_ready;
}

bool
engine_is_closing(const struct engine *e)
{
	return e->state == ENDING || e->state == OVER;
}

bool
engine_is_over(const struct engine *e)
{
	return e->state == OVER && (e->aborted || outq_empty(&e->out));
}

int
engine_err(const struct engine *e)
{
	return e->err;
}

const char *
engine_detail(const struct engine *e)
{
	return e->detail;
}

const struct engine_peer *
engine_peer(const struct engine *e)
{
	return &e->peer;
}

uint64_t
engine_heard_at(const struct engine *e)
{
	return e->heard_at;
}

size_t
engine_unsent(const struct engine *e)
{
	return e->out.stanzas + e->waiting.stanzas;
}

size_t
engine_unsent_bytes(const struct engine *e)
{
	return e->out.bytes + e->waiting.bytes;
}
