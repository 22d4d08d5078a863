#include "chat/wants.h"

#include "base/clock.h"
#include "base/err.h"
#include "base/str.h"
#include "chat/chat.h"
#include "chat/queued.h"
#include "peer/roster.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* ---- of the store ---- */

/* One of its requests, of a conversation. */
struct want {
	struct conversation *c;
	union {
		struct store_set_state set;
		struct store_cancel cancel;
		struct store_mark mark;
		struct store_load load;
	} request;
	unsigned ticket;       /* load */
	struct ipc_call *call; /* set, cancel: owed an answer; NULL: nobody asked */
	char text[];           /* what the request points to */
};

/* NULL, and the outbox is to be restarted: what is not written down is done once more. */
static struct want *
want_create(struct conversation *c, const char *text)
{
	size_t size = text ? strlen(text) + 1 : 0;
	struct want *w = c->broken ? NULL : calloc(1, sizeof(*w) + size);
	if (!w) {
		conversation_store_failed(c);
		return NULL;
	}
	w->c = c;
	if (text)
		memcpy(w->text, text, size);
	c->wanted++;
	conversation_asks(c);
	return w;
}

static void
want_done(struct want *w, int err)
{
	struct conversation *c = w->c;
	free(w);
	c->wanted--;
	if (err)
		conversation_store_failed(c);
	conversation_was_answered(c);
}

void
wants_answer_cancel(struct ipc_call *call, int err, bool cancelled)
{
	if (err) {
		chat_fail_store(call, err, "The message was not cancelled");
	} else if (!cancelled) {
		ipc_fail(call, IPC_LATE, "It is too late: the message may have been sent already.");
	} else {
		struct value *v = value_object();
		value_set_str(v, "id", value_str(ipc_params(call), "id"));
		value_set_str(v, "state", "cancelled");
		ipc_reply(call, v);
	}
}

static void
on_state_set(void *ctx, struct store_job *job, int err)
{
	struct want *w = ctx;
	(void)job;
	if (w->call)
		wants_answer_cancel(w->call, err, w->request.set.changed);
	want_done(w, err);
}

static void
set_state(void *ctx, uint64_t row, enum outbox_state state, const char *reason)
{
	struct conversation *c = ctx;
	struct want *w = want_create(c, reason);
	if (!w)
		return;
	w->request.set = (struct store_set_state){
	    .job = {.done = on_state_set, .ctx = w},
	    .n = (int64_t)row,
	    .state = (enum store_state)state,
	    .reason = reason ? w->text : NULL,
	};
	if (state == OUTBOX_CANCELLED) {
		w->call = c->canceller;
		c->canceller = NULL;
	}
	store_set_state(c->chat->roster->store, &w->request.set);
}

static void
on_cancelled(void *ctx, struct store_job *job, int err)
{
	struct want *w = ctx;
	(void)job;
	if (w->call)
		wants_answer_cancel(w->call, err, w->request.cancel.changed);
	want_done(w, err);
}

static void
cancel(void *ctx, uint64_t row)
{
	struct conversation *c = ctx;
	struct want *w = want_create(c, NULL);
	if (!w)
		return;
	w->request.cancel =
	    (struct store_cancel){.job = {.done = on_cancelled, .ctx = w}, .n = (int64_t)row};
	w->call = c->canceller;
	c->canceller = NULL;
	store_cancel(c->chat->roster->store, &w->request.cancel);
}

static void
on_marked(void *ctx, struct store_job *job, int err)
{
	struct want *w = ctx;
	struct conversation *c = w->c;
	(void)job;
	if (!err && c->person && !c->broken)
		outbox_marked(&c->outbox, clock_now(), (uint64_t)w->request.mark.upto);
	want_done(w, err);
}

static void
mark(void *ctx, uint64_t upto)
{
	struct conversation *c = ctx;
	struct want *w = want_create(c, c->person->name);
	if (!w)
		return;
	w->request.mark = (struct store_mark){
	    .job = {.done = on_marked, .ctx = w}, .peer = w->text, .upto = (int64_t)upto};
	store_mark(c->chat->roster->store, &w->request.mark);
}

/* Complete, or none: a list that lacks a message in the middle would let others overtake it. */
static int
list_loaded(const struct want *w, struct list *items)
{
	int64_t age = store_age(w->c->chat->roster->store);
	for (size_t i = 0; i < w->request.load.item_count; i++) {
		struct queued *q = queued_create_loaded(&w->request.load.items[i], age);
		if (!q)
			return -ENOMEM;
		list_insert(items, &queued_item(q)->node);
	}
	return 0;
}

static void
on_loaded(void *ctx, struct store_job *job, int err)
{
	struct want *w = ctx;
	struct conversation *c = w->c;
	struct list items;
	(void)job;
	list_init(&items);
	if (!err)
		err = list_loaded(w, &items);
	if (!err && c->person && !c->broken)
		outbox_loaded(&c->outbox, clock_now(), w->ticket, &items,
		    (uint64_t)w->request.load.marked, w->request.load.complete);
	LIST_FOREACH (n, &items) { /* nobody took them */
		list_remove(n);
		queued_free(queued_of(container_of(n, struct outbox_item, node)));
	}
	store_load_finish(&w->request.load);
	want_done(w, err);
}

static void
load(void *ctx, unsigned ticket, uint64_t after, size_t count, size_t bytes)
{
	struct conversation *c = ctx;
	struct want *w = want_create(c, c->person->name);
	if (!w)
		return;
	w->ticket = ticket;
	w->request.load = (struct store_load){
	    .job = {.done = on_loaded, .ctx = w},
	    .peer = w->text,
	    .after = (int64_t)after,
	    .count = count,
	    .bytes = bytes,
	};
	store_load(c->chat->roster->store, &w->request.load);
}

/* ---- of streams ---- */

/* The kernel has it. If it has not, the stream is down, and that is told otherwise. */
static void
on_handed(void *ctx, struct person *p, const struct stream *s, int err)
{
	uint64_t *row = ctx;
	struct conversation *c = p->chat;
	if (!err && c)
		outbox_handed(&c->outbox, clock_now(), stream_serial(s), *row);
	free(row);
}

/* What was said to somebody who encrypts, or was announced to, is said to nobody in plain. (What
 * waited for a key that was forgotten has failed by that.) */
static bool
is_meant(const struct person *p, const struct saying *m)
{
	return m->trust == STORE_TRUST_PLAIN || person_is_encrypted(p);
}

static enum outbox_sending
put_on_stream(void *ctx, struct outbox_item *item, bool again)
{
	struct conversation *c = ctx;
	struct saying m = queued_saying(queued_of(item));
	if ((m.kind == STORE_CHAT || m.kind == STORE_CORRECTION) && !*m.body)
		return OUTBOX_UNSENDABLE; /* it was taken back before it was out */
	const struct stream *s = c->person->current;
	if (!s || stream_serial(s) != c->outbox.link)
		return OUTBOX_NO_ROOM; /* that stream is gone: the outbox is about to hear of it */
	if (!is_meant(c->person, &m))
		return OUTBOX_UNSENDABLE;
	struct buf stanza = BUF_INIT(LIMIT_STANZA);
	uint64_t *row = malloc(sizeof(*row)), serial;
	(void)again;
	said_write(&stanza, c->person, &m);
	bool too_big = buf_err(&stanza) == ERR_TOO_BIG;
	int err = -ENOMEM;
	if (row) {
		*row = item->row;
		err = person_send_now(c->person, &stanza, on_handed, row, &serial);
	}
	if (err)
		free(row);
	buf_finish(&stanza);
	return !err ? OUTBOX_SENDING : too_big ? OUTBOX_UNSENDABLE : OUTBOX_NO_ROOM;
}

static void
want_link(void *ctx)
{
	const struct conversation *c = ctx;
	person_dial(c->person);
}

/* ---- of memory ---- */

static void
release(void *ctx, struct outbox_item *item)
{
	(void)ctx;
	queued_free(queued_of(item));
}

const struct outbox_ops wants_ops = {
    .send = put_on_stream,
    .set_state = set_state,
    .cancel = cancel,
    .mark = mark,
    .load = load,
    .want_link = want_link,
    .wake_at = conversation_wake_at,
    .release = release,
};
