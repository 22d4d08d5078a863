#include "stream/engine-parts.h"

#include "base/err.h"
#include "base/limits.h"
#include "base/str.h"
#include "stream/header.h"
#include "stream/held.h"
#include "xml/elem.h"
#include "xml/ns.h"

/* A part of the stream itself goes out. Without memory for that the stream is lost. */
static void
put(struct engine *e, struct buf *b, bool alone)
{
	int err = outq_add(&e->out, b, 0, alone);
	buf_finish(b); /* empty, unless that failed */
	if (err)
		engine_give_up(e, err);
}

void
negotiate_begin(struct engine *e)
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

void
negotiate_end(struct engine *e, const char *condition)
{
	if (!e->header_sent)
		negotiate_begin(e);
	struct buf b = BUF_INIT(LIMIT_XML_TAG);
	if (condition)
		header_write_error(&b, condition);
	header_write_end(&b);
	put(e, &b, false);
}

void
negotiate_fail(struct engine *e, int err, const char *condition)
{
	if (e->state == OVER)
		return;
	if (e->state == ENDING) {
		engine_abort(e); /* the end was ours already: its reason stays */
		return;
	}
	e->err = err;
	bool early = e->state == UNKNOWN && err == ERR_TOO_BIG;
	negotiate_end(e, condition ? condition : header_condition(early ? -ENOSPC : err));
	if (e->state != OVER)
		engine_set_state(e, ENDING, err_str(err));
}

void
negotiate_peer_ended(struct engine *e)
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
		negotiate_end(e, NULL);
	if (e->state != OVER)
		engine_set_state(e, OVER, "the peer's end tag");
}

static void
take_error(struct engine *e, const struct xml_elem *error)
{
	const struct xml_elem *condition = xml_elem_child(error, NS_STREAM_ERR, NULL);
	if (condition && str_copy(e->detail, sizeof(e->detail), condition->name) != 0)
		e->detail[0] = '\0';
	if (e->state != ENDING) {
		e->err = ERR_STREAM_ERROR;
		negotiate_end(e, NULL);
	}
	if (e->state != OVER)
		engine_set_state(e, OVER, "the peer's stream error");
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
	return engine_verdict(e);
}

static void
get_ready(struct engine *e)
{
	e->was_ready = true;
	xml_reader_set_limit(e->reader, LIMIT_STANZA);
	engine_set_state(e, READY, e->incoming ? "identified" : "the peer's header");
	outq_splice(&e->out, &e->waiting);
	e->l->on_ready(e->ctx);
	if (!e->held.len || engine_verdict(e) != 0)
		return;
	int err = held_replay(&e->held, on_replayed, e);
	if (engine_verdict(e) != 0)
		return;
	if (err)
		negotiate_fail(e, err, NULL);
	else if (e->peer_ended)
		negotiate_peer_ended(e);
}

void
negotiate_identify(struct engine *e)
{
	int err = e->l->identify(e->ctx, e->peer.from ? e->peer.from : e->peer_name, e->peer.to);
	if (e->state != UNKNOWN || err == -EAGAIN)
		return;
	if (err)
		negotiate_fail(e, err, "invalid-from");
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
		return engine_verdict(
		    e); /* we ended before it answered; there may be stanzas yet */
	if (!str_equal(root->ns, NS_STREAM) || !str_equal(root->name, "stream")) {
		negotiate_fail(e, ERR_PROTO,
		    str_equal(root->ns, NS_STREAM) ? "bad-format" : "invalid-namespace");
		return engine_verdict(e);
	}
	int err = keep_attr(&e->peer.from, root, "from");
	if (!err)
		err = keep_attr(&e->peer.to, root, "to");
	if (err)
		negotiate_fail(e, err, NULL);
	if (e->state != HEADER)
		return engine_verdict(e);
	e->peer.is_v1 = version && version[0] >= '1' && version[0] <= '9';
	if (!e->incoming) {
		get_ready(e);
		return engine_verdict(e);
	}
	/* Not after identifying: some say who they are only in their first stanza, and send that
	 * only after our header. */
	negotiate_begin(e);
	if (e->peer.is_v1 && e->state == HEADER)
		put_features(e);
	if (e->state == HEADER) {
		engine_set_state(e, UNKNOWN, "the peer's header");
		negotiate_identify(e);
	}
	return engine_verdict(e);
}

static int
on_element(void *ctx, const struct xml_elem *elem)
{
	struct engine *e = ctx;
	int err = 0;
	if (xml_elem_is(elem, NS_STREAM, "error")) {
		take_error(e, elem);
		return engine_verdict(e);
	}
	if (e->state == UNKNOWN && !e->asked && !str_equal(elem->ns, NS_STREAM)) {
		e->asked = true;
		if (!e->peer.from)
			err = keep_attr(&e->peer_name, elem, "from");
		if (!err)
			negotiate_identify(e);
	}
	if (!err && e->state == UNKNOWN)
		err = held_add(&e->held, elem);
	else if (!err && e->was_ready && engine_verdict(e) == 0)
		dispatch(e, elem);
	if (err)
		negotiate_fail(e, err, NULL);
	return engine_verdict(e);
}

static int
on_end(void *ctx)
{
	struct engine *e = ctx;
	negotiate_peer_ended(e);
	return engine_verdict(e);
}

const struct xml_reader_listener negotiate_listener = {
    .on_open = on_open, .on_element = on_element, .on_end = on_end};
