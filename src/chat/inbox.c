/* What arrives: on the disk first, then confirmed, once. A message that cannot be kept is not
 * confirmed, and its stream is ended, so that nothing said later gets before it. */
#include "base/err.h"
#include "base/log.h"
#include "base/random.h"
#include "base/str.h"
#include "chat/chat.h"
#include "chat/conversation.h"
#include "chat/said.h"
#include "peer/roster.h"
#include "xml/elem.h"
#include "xml/ns.h"
#include "xml/writer.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { /* of one person, not on disk yet: then nothing is read until there are fewer */
	MANY = 256,
	MANY_BYTES = 1 << 20,
	FEW = 64,
};

struct arriving {
	struct store_put put;
	struct conversation *c;
	uint64_t serial; /* of the stream it came on */
	bool confirm;
	size_t bytes;
	char *peer, *display, *id, *target, *body; /* owned */
	char *confirm_id;                          /* owned */
	struct buf stanza;
};

static void
arriving_free(struct arriving *a)
{
	buf_finish(&a->stanza);
	free(a->peer);
	free(a->display);
	free(a->id);
	free(a->target);
	free(a->body);
	free(a->confirm_id);
	free(a);
}

void
conversation_gets(struct conversation *c, size_t bytes)
{
	c->arriving++;
	c->arriving_bytes += bytes;
	if (c->arriving >= MANY || c->arriving_bytes >= MANY_BYTES)
		person_hold(c->person, PERSON_HOLD_STORE);
}

void
conversation_has(struct conversation *c, size_t bytes)
{
	struct person *p = c->person;
	c->arriving--;
	c->arriving_bytes -= bytes;
	if (c->arriving == 0)
		c->arriving_chain = 0;
	if (!p || c->arriving > FEW || c->arriving_bytes > MANY_BYTES / 2)
		return;
	person_release(p, PERSON_HOLD_STORE);
}

static void
confirm(const struct arriving *a, struct stream *s)
{
	struct inbound in = {.from = a->c->person, .stream = s};
	int err = receipt_send(&in, a->confirm_id);
	if (!err)
		return;
	log_info(a->peer, "a receipt cannot be sent: %s", err_str(err));
	stream_close(s, -ENOMEM); /* on the next one it is asked for again */
}

static void
on_kept(void *ctx, struct store_job *job, int err)
{
	struct arriving *a = ctx;
	struct conversation *c = a->c;
	struct person *p = c->person;
	struct stream *s = p ? person_stream(p, a->serial) : NULL;
	(void)job;
	if (err) {
		log_warn(a->peer, "what it said was not kept, and not confirmed: %s", err_str(err));
		if (s)
			stream_close(s, -ENOSPC); /* <resource-constraint/>, whatever it was */
	} else {
		/* more are not known after a restart either, and any number of names may come */
		if (p && a->put.n && p->roster->kept_count < LIMIT_PEOPLE_KNOWN)
			person_set_kept(p, true);
		if (a->confirm && s)
			confirm(a, s);
	}
	conversation_has(c, a->bytes);
	arriving_free(a);
	conversation_was_answered(c);
}

/* What we do not understand is kept with the message, for a later version that does. */
static bool
is_understood(const struct xml_elem *message)
{
	static const char *const known[] = {NS_CLIENT, NS_XHTML, NS_XHTML_IM, NS_SID, NS_RECEIPTS,
	    NS_CHAT_STATES, NS_DELAY, NS_X_EVENT, NS_CORRECT, NS_RETRACT, NS_REPLY, NS_REACTIONS,
	    NS_MARKERS, NS_FALLBACK};
	XML_FOREACH (child, message) {
		size_t i = 0;
		while (i < ARRAY_LEN(known) && strcmp(known[i], child->ns) != 0)
			i++;
		if (i == ARRAY_LEN(known))
			return false;
	}
	return true;
}

/* What came without a name gets one here, so that it can be answered and reacted to: those who
 * give none understand neither anyway and read the quotation. */
static int
name_it(struct arriving *a, const struct said *said)
{
	char made[RANDOM_ID_SIZE] = "";
	if (!said->id && said->kind == STORE_CHAT)
		random_id_ordered(made, said->said_at);
	return str_replace(&a->id, said->id ? said->id : made);
}

static int
fill(struct arriving *a, struct conversation *c, const struct inbound *in, struct said *said)
{
	const struct person *p = in->from;
	const char *id = xml_elem_attr(in->stanza, "id");
	a->stanza = BUF_INIT(LIMIT_STANZA);
	if (!is_understood(in->stanza)) {
		struct xml_writer w = xml_writer_to(&a->stanza);
		xml_copy(&w, in->stanza);
	}
	a->bytes = said->text.len + a->stanza.len;
	int err = buf_err(&said->text) ? buf_err(&said->text) : buf_err(&a->stanza);
	if (err)
		return err;
	a->body = buf_take(&said->text);
	if ((!a->body && str_replace(&a->body, "") != 0) || str_replace(&a->peer, p->name) != 0 ||
	    str_replace(&a->display, p->display) != 0 || name_it(a, said) != 0 ||
	    str_replace(&a->target, said->target) != 0 || str_replace(&a->confirm_id, id) != 0)
		return -ENOMEM;
	a->confirm = !str_empty(id) && receipt_wanted(in);
	a->serial = stream_serial(in->stream);
	a->put = (struct store_put){
	    .job = {.done = on_kept, .ctx = a, .chain = &c->arriving_chain},
	    .peer = a->peer,
	    .display = a->display,
	    .direction = STORE_IN,
	    .kind = said->kind,
	    .id = a->id,
	    .origin = said->origin,
	    .target = a->target,
	    .body = a->body,
	    .stanza = a->stanza.len ? a->stanza.data : NULL,
	    .stanza_len = a->stanza.len,
	    .markable = said->id && marker_wanted(in->stanza),
	    .said_at = said->said_at,
	    .trust = person_trust(p),
	};
	return 0;
}

static int
keep(const struct inbound *in, struct said *said)
{
	struct conversation *c = conversation_of(in->from);
	struct arriving *a = c ? calloc(1, sizeof(*a)) : NULL;
	int err = a ? fill(a, c, in, said) : -ENOMEM;
	if (err) {
		if (a)
			arriving_free(a);
		return err;
	}
	if (said->kind == STORE_MARKER)
		conversation_displayed(c, a->target);
	a->c = c;
	conversation_gets(c, a->bytes);
	conversation_asks(c);
	store_put(in->from->roster->store, &a->put);
	return 0;
}

/* There is nothing in it to keep, and whoever waits for a receipt waits no longer. */
static int
pass_over(const struct inbound *in)
{
	const char *id = xml_elem_attr(in->stanza, "id");
	return receipt_wanted(in) && !str_empty(id) ? receipt_send(in, id) : 0;
}

/* Of strangers who are to be quiet one thing is heard; the rest waits with them (N18). */
static bool
is_too_much(const struct person *p)
{
	const struct conversation *c = p->chat;
	return p->roster->policy.strangers == POLICY_STRANGERS_QUIET && person_is_stranger(p) &&
	       (p->kept || (c && c->arriving > 0));
}

/* Old clients show such an answer as if it were said to them: they are not told. */
static int
defer(const struct inbound *in)
{
	const char *id = xml_elem_attr(in->stanza, "id");
	log_debug(in->from->name, "a stranger's message is not taken: there is one already");
	if (!in->from->has_key || str_empty(id))
		return 0;
	struct buf stanza = BUF_INIT(LIMIT_XML_TAG);
	struct xml_writer w = xml_writer_to(&stanza);
	xml_open(&w, NULL, "message");
	xml_attr(&w, "from", in->from->roster->own_name);
	xml_attr(&w, "to", in->from->instance);
	xml_attr(&w, "type", "error");
	xml_attr(&w, "id", id);
	xml_open(&w, NULL, "error");
	xml_attr(&w, "type", "wait");
	xml_empty(&w, NS_STANZA_ERR, "resource-constraint");
	xml_close(&w);
	xml_close(&w);
	int err = inbound_answer(in, &stanza);
	buf_finish(&stanza);
	return err;
}

static int
hear(const struct inbound *in, struct said *said)
{
	struct conversation *c = in->from->chat;
	if (is_too_much(in->from))
		return defer(in);
	if (c) { /* who speaks, hears */
		c->deferrals = 0;
		conversation_resume(c);
	}
	return keep(in, said);
}

int
said_take(const struct inbound *in)
{
	struct said said;
	int err = said_read(in, &said) ? hear(in, &said) : pass_over(in);
	buf_finish(&said.text);
	if (err)
		stream_close(in->stream, -ENOMEM); /* what follows must not get before it */
	return err;
}

/* A message may come with the XHTML part alone; with a body it is that one's business. */
FEATURE_DEFINE(inbox) = {
    .name = "inbox",
    .disco = (const char *const[]){NS_XHTML_IM, NULL},
    .handlers =
	(const struct payload_handler[]){
	    {MESSAGE, NS_CLIENT, "body", said_take},
	    {MESSAGE, NS_XHTML, "html", said_take},
	    {MESSAGE, NS_XHTML_IM, "html", said_take},
	    {0},
	},
};
