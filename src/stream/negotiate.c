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

/* What this leg offers: TLS and perhaps what we can do, the way to authenticate, what we can do. */
static void
put_features(struct engine *e)
{
	struct buf b = BUF_INIT(LIMIT_STANZA);
	if (e->leg == LEG_SECURED)
		header_write_sasl_features(&b);
	else if (e->leg == LEG_PLAIN && e->security != STREAM_PLAIN)
		header_write_starttls_features(
		    &b, e->security == STREAM_ENCRYPTED, e->self->features);
	else
		header_write_features(&b, e->self->features);
	put(e, &b, false);
}

static void
put_tls(struct engine *e, const char *name)
{
	struct buf b = BUF_INIT(LIMIT_XML_TAG);
	header_write_tls(&b, name);
	put(e, &b, true);
}

/* condition NULL: <success/> */
static void
put_sasl_outcome(struct engine *e, const char *condition)
{
	struct buf b = BUF_INIT(LIMIT_XML_TAG);
	header_write_sasl_outcome(&b, condition);
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
	if (e->state == ENDING) {
		e->write_err = 0;
	} else {
		if (!e->incoming && !e->was_ready)
			e->err = ERR_CLOSED; /* it hung up on us */
		negotiate_end(e, NULL);
	}
	if (e->state != OVER)
		engine_set_state(e, OVER, "the peer's end tag");
}

static void
keep_detail(struct engine *e, const struct xml_elem *condition)
{
	if (condition && str_copy(e->detail, sizeof(e->detail), condition->name) != 0)
		e->detail[0] = '\0';
}

static void
take_error(struct engine *e, const struct xml_elem *error)
{
	keep_detail(e, xml_elem_child(error, NS_STREAM_ERR, NULL));
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
get_ready(struct engine *e, const char *why)
{
	e->was_ready = true;
	xml_reader_set_limit(e->reader, LIMIT_STANZA);
	engine_set_state(e, READY, why);
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
		get_ready(e, "identified");
}

/* ---- where a leg ends ---- */

/* What follows belongs to another stream, which begins when the reader has returned. */
static void
switch_to(struct engine *e, enum engine_state next, const char *why)
{
	if (e->state == OVER)
		return; /* there was no memory for the answer */
	e->restart = true;
	e->header_sent = false;
	engine_set_state(e, next, why);
}

void
negotiate_restart(struct engine *e)
{
	size_t unread = xml_reader_unread(e->reader);
	struct xml_reader *fresh = NULL;
	e->restart = false;
	/* Whoever sent them did so before the other side could answer: what is taken for part of
	 * the new stream may be somebody else's (N7). */
	int err = unread ? ERR_PROTO : xml_reader_create(&negotiate_listener, e, &fresh);
	if (err) {
		engine_give_up(e, err);
		return;
	}
	xml_reader_destroy(e->reader);
	e->reader = fresh;
	if (e->state == HEADER && !e->incoming)
		negotiate_begin(e);
}

/* ---- the peer's header ---- */

static void
go_unknown(struct engine *e, const char *why)
{
	engine_set_state(e, UNKNOWN, why);
	negotiate_identify(e);
}

/* Not after identifying: some say who they are only in their first stanza, and send that only
 * after our header. */
static void
answer_header(struct engine *e)
{
	static const enum engine_state after[] = {
	    [LEG_PLAIN] = OFFERED, [LEG_SECURED] = AUTH, [LEG_AUTHENTICATED] = UNKNOWN};
	bool choose = e->leg == LEG_PLAIN && e->security != STREAM_PLAIN;
	negotiate_begin(e);
	if (e->peer.is_v1 && e->state == HEADER)
		put_features(e);
	if (e->state != HEADER)
		return;
	if (e->leg == LEG_SECURED || choose)
		engine_set_state(e, after[e->leg], "the peer's header");
	else
		go_unknown(e, "the peer's header");
}

/* Incoming: what this claimant may do. */
static void
ask_security(struct engine *e)
{
	e->security = e->l->security ? e->l->security(e->ctx, e->peer.from) : STREAM_PLAIN;
	if (e->security == STREAM_OPPORTUNISTIC && !(e->can_encrypt && e->peer.is_v1))
		e->security = STREAM_PLAIN;
	if (e->state == HEADER && e->security == STREAM_ENCRYPTED &&
	    !(e->can_encrypt && e->peer.is_v1))
		negotiate_fail(e, ERR_SECURITY, NULL);
}

static void
take_answer(struct engine *e)
{
	bool plain =
	    e->security == STREAM_PLAIN || (e->security == STREAM_OPPORTUNISTIC && !e->peer.is_v1);
	if (e->leg == LEG_AUTHENTICATED || (e->leg == LEG_PLAIN && plain)) {
		get_ready(e, "the peer's header");
	} else if (!e->peer.is_v1) {
		negotiate_fail(e, ERR_SECURITY, NULL);
	} else {
		/* what we asked for ourselves; it may say at once all that it can do */
		xml_reader_set_limit(e->reader, LIMIT_STANZA);
		engine_set_state(e, FEATURES, "the peer's header");
	}
}

/* from='' is what some clients say for "I did not set it". */
static const char *
name_of(const struct xml_elem *e, const char *attr)
{
	const char *value = xml_elem_attr(e, attr);
	return str_empty(value) ? NULL : value;
}

/* What was said first holds: what may be done was decided by it. */
static int
take_names(struct engine *e, const struct xml_elem *root)
{
	const char *version = xml_elem_attr(root, "version");
	bool is_v1 = version && version[0] >= '1' && version[0] <= '9';
	if (e->leg != LEG_PLAIN) {
		if (!str_equal(name_of(root, "from"), e->peer.from))
			return ERR_IDENTITY;
		return is_v1 ? 0 : ERR_PROTO;
	}
	e->peer.is_v1 = is_v1;
	e->header_at = e->now;
	int err = str_replace(&e->peer.from, name_of(root, "from"));
	return err ? err : str_replace(&e->peer.to, name_of(root, "to"));
}

static int
on_open(void *ctx, const struct xml_elem *root)
{
	struct engine *e = ctx;
	if (e->state != HEADER)
		return engine_verdict(e); /* we ended before it answered; there may be stanzas yet
					   */
	if (!str_equal(root->ns, NS_STREAM) || !str_equal(root->name, "stream")) {
		negotiate_fail(e, ERR_PROTO,
		    str_equal(root->ns, NS_STREAM) ? "bad-format" : "invalid-namespace");
		return engine_verdict(e);
	}
	int err = take_names(e, root);
	if (err) {
		negotiate_fail(e, err, NULL);
		return engine_verdict(e);
	}
	if (e->incoming && e->leg == LEG_PLAIN)
		ask_security(e);
	if (e->state == HEADER && e->incoming)
		answer_header(e);
	else if (e->state == HEADER)
		take_answer(e);
	return engine_verdict(e);
}

/* ---- between the header and ready ---- */

void
negotiate_go_plain(struct engine *e)
{
	if (e->incoming)
		go_unknown(e, "no TLS wanted");
	else
		get_ready(e, "no TLS offered");
}

static bool
is_negotiation(const struct xml_elem *elem)
{
	return str_equal(elem->ns, NS_TLS) || str_equal(elem->ns, NS_SASL);
}

/* RFC 6120 §5.4.2.2 for TLS that was not offered; the rest has no word of its own. */
static void
misplaced(struct engine *e, const struct xml_elem *elem)
{
	if (e->incoming && e->leg == LEG_PLAIN && xml_elem_is(elem, NS_TLS, "starttls") &&
	    e->state != ENDING)
		put_tls(e, "failure");
	negotiate_fail(e, ERR_PROTO, "unsupported-stanza-type");
}

/* The other side's TLS or nothing; where nothing is allowed too, what came is part of that. */
static void
take_plain_choice(struct engine *e, const struct xml_elem *elem)
{
	if (e->security == STREAM_ENCRYPTED)
		negotiate_fail(e, ERR_SECURITY, NULL);
	else if (is_negotiation(elem))
		misplaced(e, elem);
	else
		negotiate_go_plain(e);
}

static bool
offers_external(const struct xml_elem *features)
{
	const struct xml_elem *list = xml_elem_child(features, NS_SASL, "mechanisms");
	if (!list)
		return false;
	XML_FOREACH (m, list) {
		if (xml_elem_is(m, NS_SASL, "mechanism") && str_equal(m->text, "EXTERNAL"))
			return true;
	}
	return false;
}

/* Dialled: what the other side offers. */
static void
take_offer(struct engine *e, const struct xml_elem *elem)
{
	bool is_features = xml_elem_is(elem, NS_STREAM, "features");
	if (e->leg == LEG_SECURED) {
		if (!is_features || !offers_external(elem)) {
			negotiate_fail(e, ERR_PROTO, NULL);
			return;
		}
		struct buf b = BUF_INIT(LIMIT_XML_TAG);
		header_write_auth(&b);
		put(e, &b, false);
		if (e->state == FEATURES)
			engine_set_state(e, AUTH, "EXTERNAL is offered");
	} else if (is_features && xml_elem_child(elem, NS_TLS, "starttls")) {
		put_tls(e, "starttls");
		if (e->state == FEATURES)
			engine_set_state(e, STARTTLS, "TLS is offered");
	} else {
		take_plain_choice(e, elem);
	}
}

/* Incoming: does it want the TLS we offer? */
static void
take_choice(struct engine *e, const struct xml_elem *elem)
{
	if (!xml_elem_is(elem, NS_TLS, "starttls")) {
		take_plain_choice(e, elem);
		return;
	}
	put_tls(e, "proceed");
	switch_to(e, HANDSHAKE, "TLS is wanted");
}

/* Dialled: the answer to <starttls/>. */
static void
take_proceed(struct engine *e, const struct xml_elem *elem)
{
	if (xml_elem_is(elem, NS_TLS, "proceed"))
		switch_to(e, HANDSHAKE, "proceed");
	else
		negotiate_fail(
		    e, xml_elem_is(elem, NS_TLS, "failure") ? ERR_SECURITY : ERR_PROTO, NULL);
}

/* Incoming: EXTERNAL with nothing more, since the certificate has said all (XEP-0178). */
static void
take_auth(struct engine *e, const struct xml_elem *elem)
{
	const char *condition = NULL;
	if (!str_equal(elem->ns, NS_SASL)) {
		negotiate_fail(e, ERR_PROTO, "not-authorized");
		return;
	}
	if (str_equal(elem->name, "abort"))
		condition = "aborted";
	else if (!str_equal(elem->name, "auth") || !elem->text[0])
		condition = "malformed-request";
	else if (!str_equal(xml_elem_attr(elem, "mechanism"), "EXTERNAL"))
		condition = "invalid-mechanism";
	else if (!str_equal(elem->text, "="))
		condition = "invalid-authzid";
	put_sasl_outcome(e, condition);
	if (!condition) {
		e->leg = LEG_AUTHENTICATED;
		switch_to(e, HEADER, "authenticated");
		return;
	}
	if (e->state == OVER)
		return;
	e->err = ERR_PROTO;
	negotiate_end(e, NULL);
	if (e->state != OVER)
		engine_set_state(e, ENDING, condition);
}

/* Dialled: what became of our <auth/>. */
static void
take_outcome(struct engine *e, const struct xml_elem *elem)
{
	if (xml_elem_is(elem, NS_SASL, "success")) {
		e->leg = LEG_AUTHENTICATED;
		switch_to(e, HEADER, "authenticated");
	} else if (xml_elem_is(elem, NS_SASL, "failure")) {
		keep_detail(e, xml_elem_child(elem, NS_SASL, NULL));
		negotiate_fail(e, ERR_STREAM_ERROR, NULL);
	} else {
		negotiate_fail(e, ERR_PROTO, NULL);
	}
}

/* True: the element was part of the negotiation, and is used up. */
static bool
take_negotiation(struct engine *e, const struct xml_elem *elem)
{
	void (*take)(struct engine *, const struct xml_elem *) = NULL;
	if (e->state == FEATURES)
		take = take_offer;
	else if (e->state == OFFERED)
		take = take_choice;
	else if (e->state == STARTTLS)
		take = take_proceed;
	else if (e->state == AUTH)
		take = e->incoming ? take_auth : take_outcome;
	else if (is_negotiation(elem))
		take = misplaced;
	if (!take)
		return false;
	bool was_ready = e->was_ready;
	take(e, elem);
	/* where it chose the plain stream, it is that stream's first element */
	return was_ready || !(e->was_ready || e->state == UNKNOWN);
}

static int
on_element(void *ctx, const struct xml_elem *elem)
{
	struct engine *e = ctx;
	int err = 0;
	e->in_stanza = false; /* another one may have begun before we look again */
	if (xml_elem_is(elem, NS_STREAM, "error")) {
		take_error(e, elem);
		return engine_verdict(e);
	}
	if (take_negotiation(e, elem) || engine_verdict(e) != 0)
		return engine_verdict(e);
	if (e->state == UNKNOWN && !e->asked && !str_equal(elem->ns, NS_STREAM)) {
		e->asked = true;
		if (!e->peer.from)
			err = str_replace(&e->peer_name, name_of(elem, "from"));
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
