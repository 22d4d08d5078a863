/* Saying something, and taking it back before it is out. */
#include "chat/chat.h"

#include "base/err.h"
#include "base/log.h"
#include "base/str.h"
#include "base/text.h"
#include "base/tr.h"
#include "chat/conversation.h"
#include "chat/said.h"
#include "peer/roster.h"
#include "xml/elem.h"
#include "xml/ns.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* ---- saying ---- */

/* NULL after the call was answered. */
static struct conversation *
conversation_wanted(struct ipc_call *call)
{
	struct person *p = roster_wanted(ipc_ctx(call), call);
	struct conversation *c = p ? conversation_of(p) : NULL;
	if (p && !c)
		ipc_fail(call, IPC_INTERNAL, "The daemon is out of memory.");
	return c;
}

/* What is not said to them now is not said to them later either: it would wait for ever. */
static bool
may_be_said(struct ipc_call *call, const struct person *p)
{
	struct buf name = BUF_INIT(LIMIT_LABEL);
	int err = person_may_hear(p);
	if (!err)
		return true;
	text_argument(&name, p->instance);
	if (p->blocked)
		ipc_fail(call, IPC_TRUST,
		    "You have blocked %s; `earshot trust unblock` lets you talk again.", p->name);
	else if (err == ERR_TRUST)
		ipc_fail(call, IPC_TRUST,
		    "%s has another key than the person of that name: nothing is said to it. Ask "
		    "the person; if the key is theirs, `earshot trust accept-new-key %s`.",
		    p->name, buf_cstr(&name));
	else
		ipc_fail(call, IPC_TRUST,
		    "%s does not encrypt, and your settings do not allow to talk to it ([privacy] "
		    "plain).",
		    p->name);
	buf_finish(&name);
	return false;
}

/* What may go wrong with the words is said at once: later nobody listens. */
static bool
can_be_said(struct ipc_call *call, const struct conversation *c, const struct utterance *u)
{
	bool words = u->kind == STORE_CHAT || u->kind == STORE_CORRECTION;
	if (!may_be_said(call, c->person))
		return false;
	if (words && str_empty(u->body)) {
		ipc_fail(call, IPC_INVALID, "There is nothing to send: the text is empty.");
		return false;
	}
	if (u->token && strlen(u->token) > LIMIT_TOKEN) {
		ipc_fail(call, IPC_INVALID, "A token is at most %d bytes long.", LIMIT_TOKEN);
		return false;
	}
	struct buf stanza = BUF_INIT(LIMIT_STANZA);
	struct saying m = {.kind = u->kind, .id = "", .target = u->target, .body = u->body};
	bool fits = strlen(u->body) <= LIMIT_MESSAGE_TEXT;
	if (fits && strlen(u->body) > LIMIT_MESSAGE_TEXT / 8) { /* escaped, and twice */
		said_write(&stanza, c->person, &m);
		fits = !buf_err(&stanza) && stanza.len < LIMIT_STANZA - 4096;
	}
	buf_finish(&stanza);
	if (!fits)
		ipc_fail(call, IPC_INVALID,
		    "The message is too long: at most %d bytes; send the rest as another one.",
		    LIMIT_MESSAGE_TEXT);
	return fits;
}

int
conversation_call(struct ipc_call *call, enum store_kind kind, const char *body)
{
	const struct value *params = ipc_params(call);
	struct conversation *c = conversation_wanted(call);
	struct utterance u = {
	    .kind = kind,
	    .target = value_str(params, "id"),
	    .body = body ? body : "",
	    .token = value_str(params, "token"),
	};
	if (!c)
		return 0;
	u.lifetime = c->chat->roster->lifetime;
	if (str_empty(u.target) || strlen(u.target) > LIMIT_STANZA_ID) {
		ipc_fail(call, IPC_INVALID, "Say which message: the parameter \"id\" is missing.");
		return 0;
	}
	return can_be_said(call, c, &u) ? conversation_say(c, call, &u) : 0;
}

static int
call_send(struct ipc_call *call)
{
	const struct roster *r = ipc_ctx(call);
	const struct value *params = ipc_params(call);
	struct conversation *c = conversation_wanted(call);
	if (!c)
		return 0;
	const char *reply = value_str(params, "reply");
	struct utterance u = {
	    .kind = STORE_CHAT,
	    .target = str_empty(reply) ? NULL : reply,
	    .body = value_str(params, "text"),
	    .token = value_str(params, "token"),
	    .lifetime = r->lifetime,
	};
	if (!u.body)
		u.body = "";
	if (value_has(params, "lifetime")) {
		int64_t seconds = value_int(params, "lifetime", -1);
		if (seconds < 0 || seconds > INT32_MAX) {
			ipc_fail(call, IPC_INVALID,
			    "\"lifetime\" must be a number of seconds, or 0 for ever.");
			return 0;
		}
		u.lifetime = seconds * 1000;
	}
	if (u.target && strlen(u.target) > LIMIT_STANZA_ID) {
		ipc_fail(call, IPC_INVALID, "There is no message with that id to answer to.");
		return 0;
	}
	return can_be_said(call, c, &u) ? conversation_say(c, call, &u) : 0;
}

/* ---- cancelling ---- */

struct cancelling {
	struct store_find find;
	struct roster *roster;
	struct ipc_call *call; /* owed an answer */
	char *peer, *id;       /* owned */
};

static void
cancelling_free(struct cancelling *k)
{
	free(k->peer);
	free(k->id);
	free(k);
}

/* True: it is looked for once more. */
static bool
cancel_found(struct cancelling *k)
{
	struct person *p = roster_get(k->roster, k->peer);
	struct conversation *c = p ? conversation_of(p) : NULL;
	if (c && conversation_cancel_corrections(c, &k->find)) {
		store_find(k->roster->store, &k->find);
		return true;
	}
	if (k->find.state == STORE_CANCELLED) {
		struct value *v = value_object();
		value_set_str(v, "id", k->id);
		value_set_str(v, "state", "cancelled");
		ipc_reply(k->call, v);
	} else if (k->find.state != STORE_QUEUED || !c) {
		ipc_fail(k->call, IPC_LATE, "It is too late: the message was sent already.");
	} else if (!conversation_cancel(c, k->call, k->find.n)) {
		ipc_fail(k->call, c->broken ? IPC_BUSY : IPC_LATE, "%s",
		    c->broken ? TR("The disk fails at present; try again.")
			      : TR("It is too late: the message may have been sent already."));
	}
	return false;
}

static void
on_found(void *ctx, struct store_job *job, int err)
{
	struct cancelling *k = ctx;
	(void)job;
	if (err == -ENOENT)
		ipc_fail(k->call, IPC_UNKNOWN, "There is no message of yours with that id.");
	else if (err)
		chat_fail_store(k->call, err, "The message was not cancelled");
	else if (cancel_found(k))
		return;
	cancelling_free(k);
}

static int
call_cancel(struct ipc_call *call)
{
	struct person *p = roster_wanted(ipc_ctx(call), call);
	const char *id = value_str(ipc_params(call), "id");
	if (!p)
		return 0;
	if (str_empty(id)) {
		ipc_fail(call, IPC_INVALID, "Say which message: the parameter \"id\" is missing.");
		return 0;
	}
	struct cancelling *k = calloc(1, sizeof(*k));
	if (!k || str_replace(&k->peer, p->name) != 0 || str_replace(&k->id, id) != 0) {
		if (k)
			cancelling_free(k);
		return -ENOMEM;
	}
	k->roster = p->roster;
	k->call = call;
	k->find = (struct store_find){.job = {.done = on_found, .ctx = k},
	    .peer = k->peer,
	    .id = k->id,
	    .direction = STORE_OUT};
	store_find(p->roster->store, &k->find);
	return 0;
}

/* ---- refused by them ---- */

/* They want to hear no more at present, as somebody does who has not accepted us yet. */
static bool
is_for_later(const struct xml_elem *error)
{
	return str_equal(xml_elem_attr(error, "type"), "wait") &&
	       xml_elem_child(error, NS_STANZA_ERR, "resource-constraint");
}

/* They will not have it, now or ever: that must not hold up what comes after it. */
static int
take_error(const struct inbound *in)
{
	struct conversation *c = in->from->kept ? conversation_of(in->from) : NULL;
	const char *id = xml_elem_attr(in->stanza, "id");
	if (!c || str_empty(id) || strlen(id) > LIMIT_STANZA_ID)
		return 0;
	if (is_for_later(in->payload)) {
		conversation_defer(c);
		return 0;
	}
	const struct xml_elem *text = xml_elem_child(in->payload, NS_STANZA_ERR, "text");
	const struct xml_elem *condition = xml_elem_child(in->payload, NS_STANZA_ERR, NULL);
	struct buf reason = BUF_INIT(LIMIT_LABEL);
	buf_str(&reason, TR("refused there"));
	if (text && !str_empty(text->text) && strlen(text->text) < LIMIT_LABEL / 2)
		buf_fmt(&reason, ": %s", text->text);
	else if (condition)
		buf_fmt(&reason, ": %s", condition->name);
	int err = conversation_answered(c, id, STORE_FAILED, buf_cstr(&reason));
	buf_finish(&reason);
	return err;
}

/* ---- start ---- */

/* Everybody of whom there is something is known from the first call on, and what waits for them is
 * sent as soon as they are seen. */
static void
on_peers(void *ctx, struct store_job *job, int err)
{
	struct store_peers *known = container_of(job, struct store_peers, job);
	struct roster *r = ctx;
	if (err)
		log_error(NULL, "who was talked to before could not be read: %s", err_str(err));
	for (size_t i = 0; !err && !r->closing && i < known->count; i++) {
		const struct store_peer *peer = &known->at[i];
		struct person *p;
		int failed = roster_recall(r, peer->name, peer->display, &p);
		if (!failed)
			p->spoken = p->spoken || peer->spoken || peer->waits;
		if (!failed && peer->waits)
			failed = conversation_of(p) ? 0 : -ENOMEM;
		if (failed)
			log_error(peer->name, "out of memory: it is not known until it comes");
	}
	conversations_known(r, !err && known->count < known->limit);
	store_peers_finish(known);
	free(known);
	if (!r->closing)
		roster_release_start(r);
}

static void
on_event(void *ctx, const struct bus_event *e)
{
	if (e->kind == BUS_STORE_RECOVERED)
		conversations_recovered(ctx);
	else
		conversations_event(e);
}

static void
stop(void *ctx)
{
	struct roster *r = ctx;
	conversations_stop(r->chat);
}

static int
start(struct roster *r)
{
	struct store_peers *known = calloc(1, sizeof(*known));
	if (!known)
		return -ENOMEM;
	int err = conversations_start(r);
	if (!err)
		err = bus_listen(&r->bus, on_event, stop, r);
	if (err) {
		if (r->chat)
			conversations_stop(r->chat);
		free(known);
		return err;
	}
	*known = (struct store_peers){.job = {.done = on_peers, .ctx = r},
	    .limit = LIMIT_PEOPLE_KNOWN,
	    .waiting_first = true};
	roster_hold_start(r);
	store_peers(r->store, known);
	return 0;
}

FEATURE_DEFINE(chat) = {
    .name = "chat",
    .handlers =
	(const struct payload_handler[]){
	    {MESSAGE_ERROR, NS_CLIENT, "error", take_error},
	    {0},
	},
    .methods =
	(const struct ipc_method[]){
	    {"send", "peer text [reply] [token] [lifetime]", "Send a message", call_send},
	    {"cancel", "peer id", "Cancel a message that was not sent yet", call_cancel},
	    {0},
	},
    .start = start,
};
