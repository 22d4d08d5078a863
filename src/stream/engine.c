#include "stream/engine.h"

#include "base/err.h"
#include "base/limits.h"
#include "base/log.h"
#include "base/str.h"
#include "stream/header.h"
#include "stream/held.h"
#include "stream/outq.h"
#include "xml/elem.h"
#include "xml/ns.h"
#include "xml/reader.h"

#include <errno.h>
#include <stdlib.h>

enum state {
	CONNECTING, /* dialled, no connection yet */
	HEADER,     /* connected, the peer's header is awaited */
	UNKNOWN,    /* incoming: header read, not identified */
	READY,
	ENDING, /* our end tag is queued, the peer's is awaited */
	OVER,   /* what is queued may still be written, then the connection may go */
	STATE_COUNT
};

static const char *const state_names[STATE_COUNT] = {
    "connecting", "header", "unknown", "ready", "ending", "over"};

/* Which states may follow which, as bits. */
static const unsigned may_follow[STATE_COUNT] = {
    [CONNECTING] = 1U << HEADER | 1U << OVER,
    [HEADER] = 1U << UNKNOWN | 1U << READY | 1U << ENDING | 1U << OVER,
    [UNKNOWN] = 1U << READY | 1U << ENDING | 1U << OVER,
    [READY] = 1U << ENDING | 1U << OVER,
    [ENDING] = 1U << OVER,
};

struct engine {
	const struct engine_listener *l; /* borrowed */
	void *ctx;
	const struct engine_self *self; /* borrowed */
	bool incoming;
	bool separate;
	bool header_sent;
	bool heard;      /* a byte came */
	bool was_ready;  /* the listener may be told of stanzas */
	bool asked;      /* the first stanza was offered to identify() */
	bool peer_ended; /* before it was identified: its stanzas still wait in `held` */
	bool aborted;    /* what is queued stays unwritten */
	enum state state;
	int err;
	int write_err; /* what ended our direction, if the peer's does not end well either */
	char detail[64];
	uint64_t now;
	uint64_t born, opened, heard_at;
	uint64_t deadline;         /* of ENDING and OVER */
	uint64_t ticket;           /* the last one given */
	struct xml_reader *reader; /* owned */
	char *to;                  /* owned; whom we dialled */
	struct engine_peer peer;   /* owned strings */
	char *peer_name;           /* owned; its first stanza's from, if the header had none */
	struct outq out;           /* may be written now */
	struct outq waiting;       /* stanzas for the time after ready */
	struct buf held;           /* what an unknown peer sent, as XML */
};

static void
set_state(struct engine *e, enum state next, const char *why)
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
		set_state(e, OVER, "aborted");
}

static void
give_up(struct engine *e, int err)
{
	if (!e->err)
		e->err = err;
	engine_abort(e);
}

/* A part of the stream itself goes out. Without memory for that the stream is lost. */
static void
put(struct engine *e, struct buf *b, bool alone)
{
	int err = outq_add(&e->out, b, 0, alone);
	buf_finish(b); /* empty, unless that failed */
	if (err)
		give_up(e, err);
}

static void
put_header(struct engine *e)
{
	struct buf b = BUF_INIT(LIMIT_XML_TAG + 2 * 6 * LIMIT_XML_ATTR_VALUE);
	header_write_open(&b, e->self->name, e->incoming ? e->peer.from : e->to);
	e->header_sent = true;
	put(e, &b, true);
}

static void
put_features(struct engine *e)
{
	struct buf b = BUF_INIT(LIMIT_STANZA);
	header_write_features(&b, e->self->features);
	put(e, &b, false);
}

/* Our direction ends: a stream error if there is something to say, and the end tag. */
static void
put_end(struct engine *e, const char *condition)
{
	if (!e->header_sent)
		put_header(e);
	struct buf b = BUF_INIT(LIMIT_XML_TAG);
	if (condition)
		header_write_error(&b, condition);
	header_write_end(&b);
	put(e, &b, false);
}

/* The peer did wrong, or is not wanted: tell it and stop listening. condition NULL: the usual one
 * of the error; what is too much while we do not know who speaks may be right later. */
static void
fail(struct engine *e, int err, const char *condition)
{
	if (e->state == OVER)
		return;
	if (e->state == ENDING) {
		engine_abort(e); /* the end was ours already: its reason stays */
		return;
	}
	e->err = err;
	bool early = e->state == UNKNOWN && err == ERR_TOO_BIG;
	put_end(e, condition ? condition : header_condition(early ? -ENOSPC : err));
	if (e->state != OVER)
		set_state(e, ENDING, err_str(err));
}

/* May the reader go on, or did the stream end inside a callback? */
static int
verdict(const struct engine *e)
{
	return e->state == OVER || (e->state == ENDING && e->err) ? -ECANCELED : 0;
}

static void
peer_ended(struct engine *e)
{
	if (e->state == UNKNOWN && e->held.len) {
		e->peer_ended = true; /* a message and good-bye: it may still be identified */
		return;
	}
	if (e->state == OVER)
		return;
	if (e->state == ENDING)
		e->write_err = 0;
	else
		put_end(e, NULL);
	if (e->state != OVER)
		set_state(e, OVER, "the peer's end tag");
}

static void
take_error(struct engine *e, const struct xml_elem *error)
{
	const struct xml_elem *condition = xml_elem_child(error, NS_STREAM_ERR, NULL);
	if (condition && str_copy(e->detail, sizeof(e->detail), condition->name) != 0)
		e->detail[0] = '\0';
	if (e->state != ENDING) {
		e->err = ERR_STREAM_ERROR;
		put_end(e, NULL);
	}
	if (e->state != OVER)
		set_state(e, OVER, "the peer's stream error");
}

static void
dispatch(struct engine *e, const struct xml_elem *elem)
{
	if (xml_elem_is(elem, NS_STREAM, "features")) {
		if (e->l->on_features)
			e->l->on_features(e->ctx, elem);
	} else if (!str_equal(elem->ns, NS_STREAM)) {
		e->l->on_stanza(e->ctx, elem);
	}
}

static int
on_replayed(void *ctx, const struct xml_elem *elem)
{
	struct engine *e = ctx;
	dispatch(e, elem);
	return verdict(e);
}

static void
get_ready(struct engine *e)
{
	e->was_ready = true;
	xml_reader_set_limit(e->reader, LIMIT_STANZA);
	set_state(e, READY, e->incoming ? "identified" : "the peer's header");
	outq_splice(&e->out, &e->waiting);
	e->l->on_ready(e->ctx);
	if (!e->held.len || verdict(e) != 0)
		return;
	int err = held_replay(&e->held, on_replayed, e);
	if (verdict(e) != 0)
		return;
	if (err)
		fail(e, err, NULL);
	else if (e->peer_ended)
		peer_ended(e);
}

static void
identify(struct engine *e)
{
	int err = e->l->identify(e->ctx, e->peer.from ? e->peer.from : e->peer_name, e->peer.to);
	if (e->state != UNKNOWN || err == -EAGAIN)
		return;
	if (err)
		fail(e, err, "invalid-from");
	else
		get_ready(e);
}

/* from='' is what some clients say for "I did not set it". */
static int
keep_attr(char **slot, const struct xml_elem *e, const char *name)
{
	const char *value = xml_elem_attr(e, name);
	return str_replace(slot, str_empty(value) ? NULL : value);
}

static int
on_open(void *ctx, const struct xml_elem *root)
{
	struct engine *e = ctx;
	const char *version = xml_elem_attr(root, "version");
	if (e->state != HEADER)
		return verdict(e); /* we ended before it answered; there may be stanzas yet */
	if (!str_equal(root->ns, NS_STREAM) || !str_equal(root->name, "stream")) {
		fail(e, ERR_PROTO,
		    str_equal(root->ns, NS_STREAM) ? "bad-format" : "invalid-namespace");
		return verdict(e);
	}
	int err = keep_attr(&e->peer.from, root, "from");
	if (!err)
		err = keep_attr(&e->peer.to, root, "to");
	if (err)
		fail(e, err, NULL);
	if (e->state != HEADER)
		return verdict(e);
	e->peer.is_v1 = version && version[0] >= '1' && version[0] <= '9';
	if (!e->incoming) {
		get_ready(e);
		return verdict(e);
	}
	/* Not after identifying: some say who they are only in their first stanza, and send that
	 * only after our header. */
	put_header(e);
	if (e->peer.is_v1 && e->state == HEADER)
		put_features(e);
	if (e->state == HEADER) {
		set_state(e, UNKNOWN, "the peer's header");
		identify(e);
	}
	return verdict(e);
}

static int
on_element(void *ctx, const struct xml_elem *elem)
{
	struct engine *e = ctx;
	int err = 0;
	if (xml_elem_is(elem, NS_STREAM, "error")) {
		take_error(e, elem);
		return verdict(e);
	}
	if (e->state == UNKNOWN && !e->asked && !str_equal(elem->ns, NS_STREAM)) {
		e->asked = true;
		if (!e->peer.from)
			err = keep_attr(&e->peer_name, elem, "from");
		if (!err)
			identify(e);
	}
	if (!err && e->state == UNKNOWN)
		err = held_add(&e->held, elem);
	else if (!err && e->was_ready && verdict(e) == 0)
		dispatch(e, elem);
	if (err)
		fail(e, err, NULL);
	return verdict(e);
}

static int
on_end(void *ctx)
{
	struct engine *e = ctx;
	peer_ended(e);
	return verdict(e);
}

int
engine_create(const struct engine_config *config, const struct engine_listener *l, void *ctx,
    uint64_t now, struct engine **out)
{
	static const struct xml_reader_listener reader_listener = {
	    .on_open = on_open, .on_element = on_element, .on_end = on_end};
	struct engine *e = calloc(1, sizeof(*e));
	if (!e)
		return -ENOMEM;
	*e = (struct engine){
	    .l = l,
	    .ctx = ctx,
	    .self = config->self,
	    .incoming = config->incoming,
	    .separate = config->separate_writes,
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
		err = xml_reader_create(&reader_listener, e, &e->reader);
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
	set_state(e, HEADER, "connected");
	put_header(e);
}

void
engine_bytes(struct engine *e, const void *data, size_t len, uint64_t now)
{
	e->now = now;
	e->heard_at = now;
	e->heard = true;
	if (e->state == CONNECTING || e->peer_ended || verdict(e) != 0)
		return;
	int err = xml_reader_feed(e->reader, data, len);
	if (!err || verdict(e) != 0)
		return;
	/* what XML allows and XMPP forbids: DTD, comment, processing instruction (N12) */
	fail(e, err, err == ERR_PROTO ? "restricted-xml" : NULL);
}

void
engine_lost(struct engine *e, int err, uint64_t now)
{
	e->now = now;
	if (e->state == OVER)
		return;
	if (e->state == CONNECTING || (e->state == HEADER && !e->incoming))
		give_up(e, err ? err : ERR_CLOSED);
	else if (e->state == ENDING)
		engine_abort(e);
	else if (err || !e->heard)
		give_up(e, err);
	else
		peer_ended(e); /* many just close: it may have closed one direction only */
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
		set_state(e, ENDING, "unwritable");
	} else if (e->state != ENDING) {
		give_up(e, err);
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
		give_up(e, -ETIMEDOUT);
		break;
	case HEADER:
		if (e->incoming && !e->heard)
			give_up(e, -ETIMEDOUT);
		else
			fail(e, -ETIMEDOUT, NULL);
		break;
	case UNKNOWN:
		fail(e, ERR_IDENTITY, NULL);
		break;
	case ENDING:
		give_up(e, e->write_err);
		break;
	case OVER:
		e->aborted = true;
		break;
	case READY:
	case STATE_COUNT:
		break;
	}
}

void
engine_ask(struct engine *e, uint64_t now)
{
	e->now = now;
	if (e->state == UNKNOWN)
		identify(e);
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
	if (e->state == CONNECTING || (e->incoming && !e->heard)) {
		engine_abort(e);
		return;
	}
	put_end(e, header_condition(err));
	if (e->state != OVER)
		set_state(e, ENDING, "closed by us");
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

uint64_t
engine_deadline(const struct engine *e)
{
	switch (e->state) {
	case CONNECTING:
		return e->born + ENGINE_CONNECT_MS;
	case HEADER:
		if (!e->incoming)
			return e->opened + ENGINE_REPLY_MS;
		return e->born + (e->heard ? ENGINE_HEADER_MS : ENGINE_FIRST_BYTE_MS);
	case UNKNOWN:
		return e->born + ENGINE_IDENTITY_MS;
	case ENDING:
		return e->deadline;
	case OVER:
		return engine_is_over(e) ? ENGINE_NEVER : e->deadline;
	case READY:
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
