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
	RECENT = 64,        /* sent messages remembered for one person */
	SEEN = 64,          /* received ones */
	SEEN_ID = 65,       /* bytes of an id that is remembered; longer ones are not */
	RECENT_FOR = 5000,  /* ms */
	SENT_AGAIN_MAX = 1, /* more would be a loop with a peer that hangs up on us */
};

/* A message we sent a moment ago. */
struct recent {
	char id[RANDOM_ID_SIZE];
	struct buf stanza; /* a copy, to send again */
	uint64_t stream;   /* serial of the stream it went onto; 0: none yet */
	uint64_t sent_at;
	unsigned again;
	bool asked; /* for a receipt */
	bool confirmed;
};

struct chat {
	struct recent recent[RECENT];
	size_t next;
	char seen[SEEN][SEEN_ID]; /* ids of what came last: sent again, it is no news */
	size_t next_seen;
};

static struct chat *
chat_of(struct person *p)
{
	if (!p->chat)
		p->chat = calloc(1, sizeof(struct chat));
	return p->chat;
}

static void
chat_free(struct person *p)
{
	struct chat *c = p->chat;
	for (size_t i = 0; c && i < RECENT; i++)
		buf_finish(&c->recent[i].stanza);
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

static void
remember(struct person *p, const char *id, const struct buf *stanza)
{
	struct chat *c = chat_of(p);
	if (!c)
		return; /* out of memory: sent once, as everybody else does */
	struct recent *m = &c->recent[c->next];
	c->next = (c->next + 1) % RECENT;
	buf_finish(&m->stanza);
	*m = (struct recent){.stanza = BUF_INIT(LIMIT_STANZA),
	    .sent_at = clock_now(),
	    .asked = receipt_worth_asking(p)};
	(void)!str_copy(m->id, sizeof(m->id), id);
	buf_add(&m->stanza, stanza->data, stanza->len);
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

/* A call that waits until its message was handed to the kernel. */
struct sending {
	struct ipc_call *call; /* owed an answer */
	char id[RANDOM_ID_SIZE];
};

static void
fail_send(struct ipc_call *call, const struct person *p, int err)
{
	struct buf label = BUF_INIT(4 * LIMIT_TXT_STRING);
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

static void on_sent(void *ctx, struct person *p, int err);

/* The stream took it and ended before the kernel had it, as happens to the loser of two that
 * cross: nothing was said yet, so it is said on the next one. */
static bool
try_again(struct sending *s, struct person *p, struct recent *m, int err)
{
	bool dropped = err == ERR_CLOSED || err == -ECONNRESET || err == -EPIPE;
	if (!m || !dropped || m->again >= SENT_AGAIN_MAX)
		return false;
	struct buf copy = BUF_INIT(LIMIT_STANZA);
	buf_add(&copy, m->stanza.data, m->stanza.len);
	m->again++;
	return person_send(p, &copy, on_sent, s) == 0;
}

static void
on_sent(void *ctx, struct person *p, int err)
{
	struct sending *s = ctx;
	struct recent *m = recall(p, s->id);
	if (err && try_again(s, p, m, err))
		return;
	if (err) {
		if (m)
			buf_clear(&m->stanza);
		publish_receipt(p, s->id, "failed", err);
		fail_send(s->call, p, err);
	} else {
		if (m)
			m->stream = p->current ? stream_serial(p->current) : 0;
		struct value *v = value_object();
		value_set_str(v, "id", s->id);
		value_set_str(v, "peer", p->name);
		value_set_str(v, "state", "handed over");
		ipc_reply(s->call, v);
	}
	free(s);
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

/* Who confirms is sent everything again that was not confirmed; who does not, only what went
 * onto the stream a moment ago (the rest was surely read). */
static bool
may_be_lost(const struct recent *m, uint64_t dead)
{
	if (!m->stanza.len || m->stream != dead || m->confirmed || m->again >= SENT_AGAIN_MAX)
		return false;
	return m->asked || clock_now() - m->sent_at <= RECENT_FOR;
}

static void
send_again(struct person *p, const struct stream *dead)
{
	struct chat *c = p->chat;
	uint64_t serial = stream_serial(dead);
	for (size_t i = 0; c && serial && i < RECENT; i++) {
		struct recent *m = &c->recent[(c->next + i) % RECENT];
		if (!may_be_lost(m, serial) || (!m->asked && !p->current))
			continue;
		struct buf copy = BUF_INIT(LIMIT_STANZA);
		buf_add(&copy, m->stanza.data, m->stanza.len);
		m->again++;
		if (person_send(p, &copy, NULL, NULL) == 0)
			log_info(p->name, "a message is sent again: its stream was dropped");
		buf_finish(&copy);
	}
}

void
chat_delivered(struct person *from, const char *id)
{
	struct recent *m = recall(from, id);
	if (m)
		m->confirmed = true;
	publish_receipt(from, id, "delivered", 0);
}

/* ---- receiving ---- */

/* Ours are sent again with the same id when a stream died under them; so are those of others. */
static bool
is_repeated(struct person *p, const char *id)
{
	struct chat *c = chat_of(p);
	if (!c || strlen(id) >= SEEN_ID)
		return false;
	for (size_t i = 0; i < SEEN; i++)
		if (strcmp(c->seen[i], id) == 0)
			return true;
	(void)!str_copy(c->seen[c->next_seen], sizeof(c->seen[0]), id);
	c->next_seen = (c->next_seen + 1) % SEEN;
	return false;
}

static void
receive(const struct inbound *in, const char *id, const char *text)
{
	const struct xml_elem *delay = xml_elem_child(in->stanza, NS_DELAY, "delay");
	publish_message(in->from, &(struct message){.direction = "in",
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
		/* Only an origin-id is promised to be unique: old clients count from zero. */
		const struct xml_elem *origin = xml_elem_child(in->stanza, NS_SID, "origin-id");
		const char *id = xml_elem_attr(in->stanza, "id");
		const char *unique = origin ? xml_elem_attr(origin, "id") : NULL;
		if (str_empty(unique) || !is_repeated(p, unique))
			receive(in, id, buf_cstr(&text));
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
		send_again(e->person, e->stream);
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
