#include "chat/conversation.h"

#include "base/clock.h"
#include "base/err.h"
#include "base/log.h"
#include "base/random.h"
#include "base/str.h"
#include "base/tr.h"
#include "chat/chat.h"
#include "chat/queued.h"
#include "chat/wants.h"
#include "peer/roster.h"
#include "xml/ns.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum {
	PATIENCE = 1000, /* ms until a store that fails in part is tried again */
	DEFERRED =
	    60000,     /* ms until those are tried again who want to hear no more now, at first */
	DEFERRALS = 6, /* times that this doubles */
	STRIKES = 3,
};

/* ---- time ---- */

static void on_timer(uv_timer_t *timer);

static void
set_timer(struct chat *chat, uint64_t when)
{
	uint64_t now = clock_now();
	if (when >= chat->timer_due || uv_is_closing((uv_handle_t *)&chat->timer))
		return;
	chat->timer_due = when;
	(void)uv_timer_start(&chat->timer, on_timer, when > now ? when - now : 0, 0);
}

void
conversation_wake_at(void *ctx, uint64_t when)
{
	struct conversation *c = ctx;
	if (c->broken && when > c->wake_at)
		return; /* to be restarted comes first */
	c->wake_at = when;
	set_timer(c->chat, when);
}

static void
on_timer(uv_timer_t *timer)
{
	struct chat *chat = container_of(timer, struct chat, timer);
	uint64_t now = clock_now(), next = OUTBOX_NEVER;
	chat->timer_due = OUTBOX_NEVER;
	if (chat->roster->closing)
		return; /* the store may be closed to all but what its answers ask for */
	LIST_FOREACH (node, &chat->conversations) {
		struct conversation *c = container_of(node, struct conversation, node);
		if (c->person && c->deferred_until && now >= c->deferred_until)
			conversation_resume(c);
		if (!c->person || now < c->wake_at)
			continue;
		c->wake_at = OUTBOX_NEVER;
		if (c->broken)
			conversation_restart(c);
		else
			outbox_tick(&c->outbox, now);
	}
	LIST_FOREACH (rest, &chat->conversations) {
		struct conversation *c = container_of(rest, struct conversation, node);
		if (c->wake_at < next)
			next = c->wake_at;
		if (c->person && c->deferred_until && c->deferred_until < next)
			next = c->deferred_until;
	}
	if (next != OUTBOX_NEVER)
		set_timer(chat, next);
}

/* ---- life ---- */

/* Surely: a receipt is asked of others, too, who may never send one. */
static bool
promises_receipts(const struct person *p)
{
	return person_client(p) == TXT_CLIENT_EARSHOT || person_supports(p, NS_RECEIPTS);
}

static void
tell_link(struct conversation *c)
{
	const struct person *p = c->person;
	if (p->current && !c->deferred_until && person_may_hear(p) == 0)
		outbox_link_up(
		    &c->outbox, clock_now(), stream_serial(p->current), promises_receipts(p));
}

static bool
may_be_dialled(const struct conversation *c)
{
	const struct person *p = c->person;
	return !c->deferred_until && person_is_reachable(p) && person_may_hear(p) == 0;
}

static void
tell_presence(struct conversation *c)
{
	c->here = may_be_dialled(c);
	outbox_presence(&c->outbox, clock_now(), c->here);
}

/* Not to be told again and again: it is a reason to dial at once. */
static void
look_whether_here(struct conversation *c)
{
	if (may_be_dialled(c) != c->here)
		tell_presence(c);
}

void
conversation_defer(struct conversation *c)
{
	if (c->deferred_until)
		return; /* that was said of the first of all that were on their way */
	c->deferred_until = clock_now() + ((uint64_t)DEFERRED << c->deferrals);
	c->deferrals += c->deferrals < DEFERRALS;
	set_timer(c->chat, c->deferred_until);
	tell_presence(c);
	if (c->outbox.link)
		outbox_link_down(&c->outbox, clock_now(), c->outbox.link);
}

void
conversation_resume(struct conversation *c)
{
	if (!c->deferred_until)
		return;
	c->deferred_until = 0;
	tell_presence(c);
	tell_link(c);
}

struct conversation *
conversation_of(struct person *p)
{
	struct conversation *c = p->chat;
	if (c)
		return c;
	c = calloc(1, sizeof(*c));
	if (!c)
		return NULL;
	uint64_t seed;
	random_bytes(&seed, sizeof(seed));
	c->chat = p->roster->chat;
	c->person = p;
	c->wake_at = OUTBOX_NEVER;
	p->chat = c;
	list_insert(&c->chat->conversations, &c->node);
	outbox_init(&c->outbox, &wants_ops, c, seed, true);
	outbox_tick(&c->outbox, clock_now());
	tell_presence(c);
	tell_link(c);
	return c;
}

static void
let_go(struct conversation *c)
{
	if (c->person || c->asked)
		return;
	list_remove(&c->node);
	free(c);
}

static void
leave_person(struct conversation *c)
{
	c->person->chat = NULL;
	c->person = NULL;
	c->wake_at = OUTBOX_NEVER;
	outbox_finish(&c->outbox);
	let_go(c);
}

/* ---- when the store fails ---- */

void
conversation_restart(struct conversation *c)
{
	if (c->wanted || c->renaming || store_trouble(c->chat->roster->store) != 0) {
		conversation_wake_at(c, clock_now() + PATIENCE);
		return;
	}
	c->broken = false;
	log_info(c->person->name, "what waits for it is loaded anew");
	outbox_restart(&c->outbox, clock_now());
	tell_link(c);
}

void
conversation_store_failed(struct conversation *c)
{
	if (!c->person || c->broken)
		return;
	c->broken = true;
	conversation_wake_at(c, clock_now() + PATIENCE);
}

void
conversation_asks(struct conversation *c)
{
	c->asked++;
}

void
conversation_was_answered(struct conversation *c)
{
	c->asked--;
	let_go(c);
}

/* ---- saying ---- */

/* A message on its way to the disk. */
struct adding {
	struct store_put put;
	struct conversation *c;
	unsigned forgotten;           /* of c, when it was said */
	struct ipc_call *call;        /* owed an answer; NULL: nobody asked */
	struct queued *queued;        /* owned, until it is the outbox's */
	char *peer, *display, *token; /* owned */
};

static void
adding_free(struct adding *a)
{
	queued_free(a->queued);
	free(a->peer);
	free(a->display);
	free(a->token);
	free(a);
}

static void
answer_said(const struct adding *a, int err)
{
	if (!a->call)
		return;
	if (err == -ENOENT) {
		ipc_fail(a->call, IPC_UNKNOWN, "There is no message with that id to speak of.");
		return;
	}
	if (err == ERR_LATE) {
		ipc_fail(a->call, IPC_LATE,
		    "That message was taken back, cancelled or never delivered, and stays so.");
		return;
	}
	if (err) {
		chat_fail_store(a->call, err, "The message was not kept and will not be sent");
		return;
	}
	const struct person *p = a->c->person;
	struct value *v = value_object();
	value_set_int(v, "number", a->put.n);
	value_set_str(v, "id", a->put.kept_id);
	value_set_str(v, "peer", a->peer);
	value_set_str(v, "display", a->display);
	value_set_str(v, "state", message_state_name(a->put.state));
	value_set_str(v, "trust", store_trust_word(a->put.trust));
	value_set_bool(v, "here", p && person_is_here(p));
	ipc_reply(a->call, v);
}

static void
on_said(void *ctx, struct store_job *job, int err)
{
	struct adding *a = ctx;
	struct conversation *c = a->c;
	const struct store_put *put = &a->put;
	(void)job;
	c->adding--;
	/* while broken: it comes with all the others, when they are loaded anew */
	bool waits = c->person && !c->broken && a->forgotten == c->forgotten;
	if (!err && !put->duplicate && waits) {
		struct outbox_item *item = queued_stored(
		    a->queued, put->n, put->expires, store_age(c->chat->roster->store), put->quote);
		a->queued = NULL;
		outbox_added(&c->outbox, clock_now(), item, put->marked);
	}
	answer_said(a, err);
	adding_free(a);
	conversation_was_answered(c);
}

static struct adding *
adding_create(struct conversation *c, struct ipc_call *call, const struct utterance *u)
{
	const struct person *p = c->person;
	char id[RANDOM_ID_SIZE];
	random_id_ordered(id, clock_wall());
	struct saying m = {
	    .kind = u->kind,
	    .id = id,
	    .target = u->target,
	    .body = u->body,
	    .said_at = clock_wall(),
	    .trust = person_trust(p),
	};
	struct adding *a = calloc(1, sizeof(*a));
	if (!a)
		return NULL;
	a->queued = queued_create(&m);
	if (!a->queued || str_replace(&a->peer, p->name) != 0 ||
	    str_replace(&a->display, p->display) != 0 || str_replace(&a->token, u->token) != 0) {
		adding_free(a);
		return NULL;
	}
	m = queued_saying(a->queued);
	a->c = c;
	a->forgotten = c->forgotten;
	a->call = call;
	a->put = (struct store_put){
	    .job = {.done = on_said, .ctx = a},
	    .peer = a->peer,
	    .display = a->display,
	    .direction = STORE_OUT,
	    .kind = m.kind,
	    .id = m.id,
	    .token = a->token,
	    .target = m.target,
	    .body = m.body,
	    .said_at = m.said_at,
	    .lifetime = u->lifetime,
	    .trust = m.trust,
	};
	return a;
}

int
conversation_say(struct conversation *c, struct ipc_call *call, const struct utterance *u)
{
	if (u->kind != STORE_MARKER) /* which is no word of theirs */
		person_spoken_to(c->person);
	struct adding *a = adding_create(c, call, u);
	if (!a)
		return -ENOMEM;
	/* Those on their way to the disk will be in flight before this one. */
	a->put.marked = !c->broken && outbox_goes_now(&c->outbox) &&
			c->adding + c->outbox.flight.count < LIMIT_OUTBOX_WINDOW;
	person_set_kept(c->person, true); /* now: it must not be forgotten meanwhile */
	c->adding++;
	conversation_asks(c);
	store_put(c->chat->roster->store, &a->put);
	return 0;
}

void
conversation_mark_displayed(struct conversation *c, const char *id)
{
	struct utterance u = {
	    .kind = STORE_MARKER, .target = id, .body = "", .lifetime = c->chat->roster->lifetime};
	if (said_is_understood(c->person, NS_MARKERS) && conversation_say(c, NULL, &u) != 0)
		log_warn(c->person->name, "out of memory: it is not told what was seen");
}

bool
conversation_cancel(struct conversation *c, struct ipc_call *call, int64_t row)
{
	if (c->broken)
		return false;
	c->canceller = call;
	bool possible = outbox_cancel(&c->outbox, clock_now(), (uint64_t)row);
	bool taken = possible && !c->canceller; /* not taken over: there was no memory */
	c->canceller = NULL;
	return taken;
}

bool
conversation_cancel_corrections(struct conversation *c, const struct store_find *find)
{
	/* what may have been sent stays corrected */
	if (find->state != STORE_QUEUED || (uint64_t)find->n <= c->outbox.asked)
		return false;
	for (size_t i = 0; i < find->correction_count; i++)
		if (!conversation_cancel(c, NULL, find->corrections[i]))
			return false;
	return find->correction_count == STORE_CORRECTIONS;
}

/* ---- what happens ---- */

/* They end the stream because of what they read on it, not because they are busy, or leave. */
static bool
is_anger(const struct stream *s)
{
	static const char *const conditions[] = {"policy-violation", "not-well-formed",
	    "xml-not-well-formed", "invalid-xml", "restricted-xml", "bad-format",
	    "bad-namespace-prefix", "unsupported-stanza-type"};
	for (size_t i = 0; i < ARRAY_LEN(conditions); i++)
		if (strcmp(stream_error_condition(s), conditions[i]) == 0)
			return true;
	return false;
}

/* A message that makes them hang up whenever it comes must not hold up the others for ever: when
 * the same one is the first without an answer again and again, it is the one. */
static void
look_for_poison(struct conversation *c, const struct stream *s)
{
	uint64_t link = stream_serial(s);
	const struct outbox_item *oldest = is_anger(s) ? outbox_oldest(&c->outbox, link) : NULL;
	if (!oldest)
		return;
	c->strikes = oldest->row == c->struck_row ? c->strikes + 1 : 1;
	c->struck_row = oldest->row;
	if (c->strikes < STRIKES && promises_receipts(c->person))
		return;
	char id[RANDOM_ID_SIZE];
	memcpy(id, oldest->id, sizeof(id));
	log_info(c->person->name, "a message is given up: it is refused with a stream error");
	(void)outbox_refused(&c->outbox, clock_now(), id,
	    TR("the other program ends the connection when it reads it"));
}

static void
stream_down(struct conversation *c, const struct stream *s)
{
	look_for_poison(c, s);
	if (!c->person->current && !c->person->dialled)
		outbox_surely_read(&c->outbox, stream_serial(s));
	tell_link(c); /* another one first, if there is */
	outbox_link_down(&c->outbox, clock_now(), stream_serial(s));
}

static void
merge(struct person *into, struct person *from)
{
	if (!from->chat && !from->kept)
		return;
	if (from->chat)
		leave_person(from->chat);
	struct conversation *c = conversation_of(into);
	if (!c) {
		log_error(into->name, "out of memory: what waits for it waits for a restart");
		return;
	}
	conversation_rename_kept(c, from->name);
	person_set_kept(into, true);
}

/* All that waits was for that key, and fails in the store. */
static void
key_forgotten(struct conversation *c)
{
	c->forgotten++;
	outbox_finish(&c->outbox);
	conversation_store_failed(c); /* not at all, but it has other messages now */
	conversation_restart(c);
}

void
conversations_event(const struct bus_event *e)
{
	struct person *p = e->person;
	if (!p)
		return;
	const struct chat *chat = p->roster->chat;
	struct conversation *c = p->chat;
	uint64_t now = clock_now();
	if (!c && e->kind == BUS_PERSON_NEW && !chat->complete)
		(void)conversation_of(p); /* without memory it is tried when it comes again */
	if (e->kind == BUS_PERSON_MERGED)
		merge(p, e->other);
	if (!c)
		return;
	switch (e->kind) {
	case BUS_PERSON_NEW:
	case BUS_PERSON_GONE:
	case BUS_PERSON_FOUND:
		tell_presence(c);
		break;
	case BUS_PERSON_CHANGED:
		look_whether_here(c);
		tell_link(c);
		break;
	case BUS_STREAM_UP:
		tell_link(c);
		break;
	case BUS_STREAM_DOWN:
		stream_down(c, e->stream);
		break;
	case BUS_UNREACHABLE:
		outbox_dial_failed(&c->outbox, now);
		break;
	case BUS_PERSON_RENAMED:
		conversation_rename_kept(c, e->name);
		break;
	case BUS_KEY_FORGOTTEN:
		key_forgotten(c);
		break;
	case BUS_PERSON_FREED:
		leave_person(c);
		break;
	case BUS_PERSON_MERGED:
	case BUS_STORE_TROUBLE:
	case BUS_STORE_RECOVERED:
	case BUS_FORGOTTEN:
	case BUS_SETTINGS:
	case BUS_STOPPING:
		break;
	}
}

/* ---- all of them ---- */

static void
on_timer_closed(uv_handle_t *h)
{
	struct chat *chat = container_of((uv_timer_t *)h, struct chat, timer);
	free(chat);
}

void
conversations_stop(void *ctx)
{
	struct chat *chat = ctx;
	chat->roster->chat = NULL;
	uv_close((uv_handle_t *)&chat->timer, on_timer_closed);
}

int
conversations_start(struct roster *r)
{
	struct chat *chat = calloc(1, sizeof(*chat));
	if (!chat)
		return -ENOMEM;
	chat->roster = r;
	chat->timer_due = OUTBOX_NEVER;
	list_init(&chat->conversations);
	(void)uv_timer_init(r->loop, &chat->timer);
	r->chat = chat;
	return 0;
}

void
conversations_known(struct roster *r, bool all)
{
	struct chat *chat = r->chat;
	chat->complete = all;
}

void
conversations_forgotten(struct roster *r, const char *peer)
{
	const struct chat *chat = r->chat;
	LIST_FOREACH (node, &chat->conversations) {
		struct conversation *c = container_of(node, struct conversation, node);
		if (!c->person || (peer && str_casecmp(c->person->name, peer) != 0))
			continue;
		conversation_store_failed(c); /* not at all, but it has other messages now */
		conversation_restart(c);
	}
}

void
conversations_recovered(struct roster *r)
{
	const struct chat *chat = r->chat;
	LIST_FOREACH (node, &chat->conversations) {
		struct conversation *c = container_of(node, struct conversation, node);
		if (c->person && c->broken)
			conversation_restart(c);
	}
}
