#include "chat/chat.h"

#include "base/clock.h"
#include "base/err.h"
#include "base/log.h"
#include "base/random.h"
#include "base/str.h"
#include "base/utf8.h"
#include "chat/body.h"
#include "peer/roster.h"
#include "xml/elem.h"
#include "xml/ns.h"
#include "xml/writer.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum {
	RECENT = 64,              /* sent messages remembered for one person */
	RECENT_FOR = 5000,        /* ms */
	RECENT_BYTES = 16 * 1024, /* of one of them; a longer one is sent once, like everybody's */
	SENT_AGAIN_MAX = 1,       /* more would be a loop with a peer that hangs up on us */
	SEEN = 64,                /* received messages remembered for one person */
};

/* A call that waits until its message was handed to the kernel. */
struct sending {
	struct ipc_call *call; /* owed an answer */
	char id[RANDOM_ID_SIZE];
};

/* A message we sent a moment ago. */
struct recent {
	char id[RANDOM_ID_SIZE];
	struct buf stanza;     /* a copy, to send again */
	uint64_t serial;       /* of the stream that took it; 0: none yet */
	struct sending *stuck; /* owned, until send_again(): that stream ended too early */
	uint64_t sent_at;
	unsigned again;
	bool confirming; /* the other confirms what it took */
};

struct chat {
	struct recent recent[RECENT];
	size_t next;
	uint64_t seen[SEEN]; /* of the origin-ids of what came last; 0: none */
	size_t seen_next;
};

static struct chat *
chat_of(struct person *p)
{
	if (!p->chat)
		p->chat = calloc(1, sizeof(struct chat));
	return p->chat;
}

static void
forget(struct recent *m)
{
	buf_finish(&m->stanza);
	*m = (struct recent){0};
}

static void
chat_free(struct person *p)
{
	struct chat *c = p->chat;
	for (size_t i = 0; c && i < RECENT; i++)
		forget(&c->recent[i]);
	free(c);
	p->chat = NULL;
}

/* ---- front ends ---- */

struct message {
	const char *direction; /* "in" or "out" */
	const char *id;
	const char *text;
	const char *delayed; /* stamp, or NULL */
};

/* "/me waves" (XEP-0245) is shown as "Juliet waves". */
static const char *
action_of(const char *text)
{
	return strncmp(text, "/me ", 4) == 0 ? text + 4 : NULL;
}

static void
publish_message(const struct person *p, const struct message *m)
{
	const char *topic = strcmp(m->direction, "in") == 0 ? "message" : "sent";
	if (!ipc_has_subscribers(p->roster->ipc, topic))
		return;
	const char *action = action_of(m->text);
	struct value *v = value_object();
	value_set_str(v, "direction", m->direction);
	value_set_str(v, "peer", p->name);
	value_set_str(v, "display", p->display);
	value_set_str(v, "id", m->id);
	value_set_str(v, "text", action ? action : m->text);
	value_set_bool(v, "action", action != NULL);
	value_set_int(v, "time", clock_wall());
	value_set_str(v, "delayed", m->delayed);
	value_set_bool(v, "encrypted", false);
	ipc_publish(p->roster->ipc, topic, v);
}

static void
publish_receipt(const struct person *p, const char *id, const char *state, int err)
{
	if (!ipc_has_subscribers(p->roster->ipc, "receipt"))
		return;
	struct value *v = value_object();
	value_set_str(v, "peer", p->name);
	value_set_str(v, "id", id);
	value_set_str(v, "state", state);
	if (err)
		value_set_str(v, "error", err_str(err));
	ipc_publish(p->roster->ipc, "receipt", v);
}

/* ---- sending ---- */

static void
write_message(struct buf *out, const struct person *p, const char *id, const char *text)
{
	struct xml_writer w = xml_writer_to(out);
	xml_open(&w, NULL, "message");
	xml_attr(&w, "from", p->roster->own_name);
	xml_attr(&w, "to", p->name);
	xml_attr(&w, "type", "chat");
	xml_attr(&w, "id", id);
	body_write(&w, text);
	if (x_event_is_spoken_by(p)) {
		xml_open(&w, NS_X_EVENT, "x");
		xml_empty(&w, NULL, "composing");
		xml_close(&w);
	}
	if (person_supports(p, NS_CHAT_STATES))
		xml_empty(&w, NS_CHAT_STATES, "active");
	if (receipt_worth_asking(p)) {
		xml_empty(&w, NS_RECEIPTS, "request");
		xml_open(&w, NS_SID, "origin-id");
		xml_attr(&w, "id", id);
		xml_close(&w);
	}
	xml_close(&w);
}

/* Surely: a receipt is asked of others, too, who may never send one. */
static bool
confirms(const struct person *p)
{
	return person_client(p) == TXT_CLIENT_EARSHOT || person_supports(p, NS_RECEIPTS);
}

static void
remember(struct person *p, const char *id, const struct buf *stanza)
{
	struct chat *c = stanza->len <= RECENT_BYTES ? chat_of(p) : NULL;
	uint64_t now = clock_now();
	if (!c)
		return; /* too long, or no memory: sent once, as everybody else does */
	for (size_t i = 0; i < RECENT; i++)
		if (!c->recent[i].confirming && now - c->recent[i].sent_at > RECENT_FOR)
			forget(&c->recent[i]);
	struct recent *m = &c->recent[c->next];
	if (m->stuck)
		return;
	c->next = (c->next + 1) % RECENT;
	forget(m);
	*m = (struct recent){
	    .stanza = BUF_INIT(LIMIT_STANZA), .sent_at = now, .confirming = confirms(p)};
	(void)!str_copy(m->id, sizeof(m->id), id);
	buf_add(&m->stanza, stanza->data, stanza->len);
	if (buf_err(&m->stanza))
		forget(m);
}

static struct recent *
recall(struct person *p, const char *id)
{
	struct chat *c = p->chat;
	for (size_t i = 0; c && i < RECENT; i++)
		if (c->recent[i].stanza.len && strcmp(c->recent[i].id, id) == 0)
			return &c->recent[i];
	return NULL;
}

static void
fail_send(struct ipc_call *call, const struct person *p, int err)
{
	struct buf label = BUF_INIT(LIMIT_LABEL);
	person_label(p, &label);
	if (err == ERR_ABSENT)
		ipc_fail(call, IPC_ABSENT, "%s is not here; the message was not sent.",
		    buf_cstr(&label));
	else if (err == ERR_TOO_BIG)
		ipc_fail(call, IPC_BUSY, "Too much waits to be sent to %s; try again later.",
		    buf_cstr(&label));
	else if (err == -ETIMEDOUT)
		ipc_fail(call, IPC_TIMEOUT, "%s does not answer; the message was not sent.",
		    buf_cstr(&label));
	else
		ipc_fail(call, IPC_UNREACHABLE,
		    "%s cannot be reached (%s); the message was not sent.", buf_cstr(&label),
		    err_str(err));
	buf_finish(&label);
}

/* The call is answered, one way or the other. */
static void
finish_send(struct person *p, struct sending *s, int err)
{
	if (err) {
		publish_receipt(p, s->id, "failed", err);
		fail_send(s->call, p, err);
	} else {
		struct value *v = value_object();
		value_set_str(v, "id", s->id);
		value_set_str(v, "peer", p->name);
		value_set_str(v, "state", "handed over");
		ipc_reply(s->call, v);
	}
	free(s);
}

/* Who confirms is sent everything again that was not confirmed. Who does not, only what went out a
 * moment ago, and only if of two crossing streams the other is there, or about to be (R10): the
 * rest was surely read. */
static bool
may_go_again(const struct person *p, const struct recent *m)
{
	if (!m || m->again >= SENT_AGAIN_MAX || p->roster->closing)
		return false;
	return m->confirming ||
	       (clock_now() - m->sent_at <= RECENT_FOR && (p->current || p->dialled));
}

static void
on_sent(void *ctx, struct person *p, const struct stream *s, int err)
{
	struct sending *sending = ctx;
	struct recent *m = recall(p, sending->id);
	if (m)
		m->serial = s ? stream_serial(s) : 0;
	bool dropped = s && (err == ERR_CLOSED || err == -ECONNRESET || err == -EPIPE);
	if (dropped && m && m->again < SENT_AGAIN_MAX && !p->roster->closing) {
		m->stuck = sending; /* nothing was said yet; send_again() follows */
		return;
	}
	if (err && m)
		forget(m);
	finish_send(p, sending, err);
}

static int
send_text(struct ipc_call *call, struct person *p, const char *text)
{
	struct sending *s = calloc(1, sizeof(*s));
	if (!s)
		return -ENOMEM;
	s->call = call;
	random_id(s->id);
	struct buf stanza = BUF_INIT(LIMIT_STANZA);
	write_message(&stanza, p, s->id, text);
	remember(p, s->id, &stanza);
	char id[RANDOM_ID_SIZE];
	memcpy(id, s->id, sizeof(id));
	int err = person_send(p, &stanza, on_sent, s);
	if (err) {
		free(s);
		fail_send(call, p, err);
		return 0;
	}
	publish_message(p, &(struct message){.direction = "out", .id = id, .text = text});
	return 0;
}

static int
call_send(struct ipc_call *call)
{
	const char *text = value_str(ipc_params(call), "text");
	struct person *p = roster_wanted(ipc_ctx(call), call);
	if (!p)
		return 0;
	if (str_empty(text))
		ipc_fail(call, IPC_INVALID, "There is nothing to send: the text is empty.");
	else if (strlen(text) > LIMIT_MESSAGE_TEXT)
		ipc_fail(call, IPC_INVALID,
		    "The message is too long: at most %d bytes; send the rest as another one.",
		    LIMIT_MESSAGE_TEXT);
	else
		return send_text(call, p, text);
	return 0;
}

/* What was sent again has been told already; that it failed after all has to be told, too. */
static void
on_sent_again(void *ctx, struct person *p, const struct stream *s, int err)
{
	struct recent *m = recall(p, ctx);
	if (m)
		m->serial = s ? stream_serial(s) : 0;
	if (err)
		publish_receipt(p, ctx, "failed", err);
	free(ctx);
}

static void
send_one_again(struct person *p, struct recent *m)
{
	struct sending *stuck = m->stuck;
	char *id = stuck ? NULL : strdup(m->id);
	struct buf copy = BUF_INIT(LIMIT_STANZA);
	buf_add(&copy, m->stanza.data, m->stanza.len);
	m->again++;
	m->stuck = NULL;
	int err = -ENOMEM;
	if (stuck)
		err = person_send(p, &copy, on_sent, stuck);
	else if (id)
		err = person_send(p, &copy, on_sent_again, id);
	buf_finish(&copy);
	if (!err) {
		log_info(p->name, "a message was sent again: its stream was dropped");
		return;
	}
	if (stuck)
		finish_send(p, stuck, err);
	else
		publish_receipt(p, m->id, "failed", err);
	free(id);
	forget(m);
}

/* A stream died: what went onto it a moment ago may have been lost with it. */
static void
send_again(struct person *p, const struct stream *dead, int err)
{
	struct chat *c = p->chat;
	for (size_t i = 0; c && i < RECENT; i++) {
		struct recent *m = &c->recent[(c->next + i) % RECENT];
		if (!m->stanza.len || !m->serial || m->serial != stream_serial(dead))
			continue;
		if (m->stuck || may_go_again(p, m)) {
			send_one_again(p, m);
			continue;
		}
		/* It refused what we said, or did not get to the end of it. */
		if (err == ERR_STREAM_ERROR && clock_now() - m->sent_at <= RECENT_FOR)
			publish_receipt(p, m->id, "failed", err);
		forget(m);
	}
}

void
chat_delivered(struct person *from, const char *id)
{
	struct recent *m = recall(from, id);
	if (m && !m->stuck)
		forget(m);
	publish_receipt(from, id, "delivered", 0);
}

/* ---- receiving ---- */

/* FNV-1a. Who makes two of their own ids collide loses a message of their own. */
static uint64_t
hash_id(const char *id)
{
	uint64_t h = 0xcbf29ce484222325;
	for (; *id; id++)
		h = (h ^ (unsigned char)*id) * 0x100000001b3;
	return h ? h : 1;
}

/* Sent again on another stream (R10). Only an origin-id is sure to be one message's alone: some
 * clients start each stream with the same id. */
static bool
came_before(struct person *p, const struct xml_elem *message)
{
	const struct xml_elem *origin = xml_elem_child(message, NS_SID, "origin-id");
	const char *id = origin ? xml_elem_attr(origin, "id") : NULL;
	struct chat *c = id && *id ? chat_of(p) : NULL;
	if (!c)
		return false;
	uint64_t h = hash_id(id);
	for (size_t i = 0; i < SEEN; i++)
		if (c->seen[i] == h)
			return true;
	c->seen[c->seen_next] = h;
	c->seen_next = (c->seen_next + 1) % SEEN;
	return false;
}

static void
publish_body(struct person *p, const struct xml_elem *message, const char *text)
{
	const struct xml_elem *delay = xml_elem_child(message, NS_DELAY, "delay");
	const char *id = xml_elem_attr(message, "id");
	publish_message(p, &(struct message){.direction = "in",
			       .id = id ? id : "",
			       .text = text,
			       .delayed = delay ? xml_elem_attr(delay, "stamp") : NULL});
}

static int
take_body(const struct inbound *in)
{
	struct person *p = in->from;
	if (x_event_is_typing(in->stanza))
		return 0;
	struct buf text = BUF_INIT(LIMIT_STANZA);
	body_read(in->stanza, person_client(p), &text);
	int err = buf_err(&text);
	if (!err && text.len) {
		const char *id = xml_elem_attr(in->stanza, "id");
		if (!came_before(p, in->stanza))
			publish_body(p, in->stanza, buf_cstr(&text));
		if (!str_empty(id) && receipt_wanted(in))
			err = receipt_send(in, id);
	}
	buf_finish(&text);
	return err;
}

/* A message may come with the XHTML part alone; with a body it is that one's business. */
static int
take_html(const struct inbound *in)
{
	const struct xml_elem *body = xml_elem_child(in->stanza, NS_CLIENT, "body");
	return body ? 0 : take_body(in);
}

static void
on_event(void *ctx, const struct bus_event *e)
{
	(void)ctx;
	if (e->kind == BUS_STREAM_DOWN)
		send_again(e->person, e->stream, e->err);
	else if (e->kind == BUS_PERSON_FREED)
		chat_free(e->person);
}

static int
start(struct roster *r)
{
	return bus_listen(&r->bus, on_event, NULL, NULL);
}

FEATURE_DEFINE(chat) = {
    .name = "chat",
    .disco = (const char *const[]){NS_XHTML_IM, NULL},
    .handlers =
	(const struct payload_handler[]){
	    {MESSAGE, NS_CLIENT, "body", take_body},
	    {MESSAGE, NS_XHTML, "html", take_html},
	    {MESSAGE, NS_XHTML_IM, "html", take_html},
	    {0},
	},
    .methods =
	(const struct ipc_method[]){
	    {"send", "peer text", "Send a message", call_send},
	    {0},
	},
    .start = start,
};
