/* The log of the store as events of the local socket: live, and read back for those who say how far
 * they got. */
#include "store/log.h"
#include "base/hex.h"
#include "base/str.h"
#include "chat/chat.h"
#include "peer/roster.h"
#include "peer/stranger.h"

#include <errno.h>
#include <stdlib.h>

static const char *
topic_of(const struct store_event *e)
{
	switch (e->kind) {
	case STORE_EVENT_MESSAGE:
		return e->message.direction == STORE_IN ? "message" : "sent";
	case STORE_EVENT_STATE:
		return "receipt";
	case STORE_EVENT_SEEN:
		return "seen";
	case STORE_EVENT_CORRECTED:
		return "correction";
	case STORE_EVENT_RETRACTED:
		return "retraction";
	case STORE_EVENT_REACTION:
		return "reaction";
	case STORE_EVENT_TRUST:
		return "trust";
	case STORE_EVENT_FORGOTTEN:
		break;
	}
	return "forgotten";
}

static const char *
by(const struct store_event *e)
{
	return e->by == STORE_IN ? "in" : "out";
}

static void
describe_trust(struct value *v, const struct store_event *e)
{
	value_set_str(v, "trust", store_trust_word(e->message.trust));
	value_set_str(v, "before", store_trust_word(e->was));
	value_set_str(v, "cause", e->reason);
	value_set_int(v, "time", e->message.stored_at);
	if (e->has_key) {
		char key[2 * STORE_KEY_SIZE + 1];
		hex_encode(key, e->key, sizeof(e->key));
		value_set_str(v, "key", key);
	}
}

struct value *
log_describe(const struct store_event *e)
{
	if (e->kind == STORE_EVENT_MESSAGE)
		return message_describe(&e->message);
	struct value *v = value_object();
	value_set_int(v, "number", e->n);
	if (*e->message.peer)
		value_set_str(v, "peer", e->message.peer);
	if (e->kind == STORE_EVENT_FORGOTTEN) {
		if (e->message.stored_at)
			value_set_int(v, "before", e->message.stored_at);
		return v;
	}
	value_set_str(v, "display", e->message.display);
	if (e->kind == STORE_EVENT_TRUST) {
		describe_trust(v, e);
		return v;
	}
	value_set_str(v, "id", e->message.id);
	value_set_str(v, "trust", store_trust_word(e->message.trust));
	if (e->kind == STORE_EVENT_STATE) {
		value_set_str(v, "state", message_state_name(e->state));
		value_set_str(v, "reason", e->reason);
	} else if (e->kind != STORE_EVENT_SEEN) {
		value_set_str(v, "by", by(e));
	}
	if (e->kind == STORE_EVENT_CORRECTED)
		value_set_str(v, "text", e->text);
	if (e->kind == STORE_EVENT_REACTION)
		value_set(v, "reactions", message_reactions(e->text));
	return v;
}

/* What nobody should be disturbed by: too much of a stranger, or of all of them (N18). */
static bool
may_disturb(struct roster *r, const struct store_event *e)
{
	struct person *p = NULL;
	if (e->kind == STORE_EVENT_MESSAGE && e->message.direction == STORE_IN)
		p = roster_get(r, e->message.peer);
	return !p || stranger_may_disturb(p);
}

void
chat_publish_events(void *ctx, const struct store_event *events, size_t count)
{
	const struct roster *r = ctx;
	for (size_t i = 0; i < count; i++) {
		const char *topic = topic_of(&events[i]);
		if (!ipc_has_subscribers(r->ipc, topic))
			continue;
		struct value *event = log_describe(&events[i]);
		if (!may_disturb(ctx, &events[i]))
			value_set_bool(event, "quiet", true);
		ipc_publish_numbered(r->ipc, topic, events[i].n, event);
	}
}

/* ---- the log as a source for ipc ---- */

/* What ipc wants to know, on its way to the store. */
struct lookup {
	union {
		struct store_cursor cursor;
		struct store_read_log read;
	} request;
	struct ipc_log_ask *ask; /* owed an answer */
};

static void
on_place(void *ctx, struct store_job *job, int err)
{
	struct lookup *l = ctx;
	(void)job;
	if (err)
		ipc_log_fail(l->ask, err);
	else
		ipc_log_place(l->ask, l->request.cursor.n, l->request.cursor.last);
	free(l);
}

static void
place(void *ctx, struct ipc_log_ask *ask, const char *name)
{
	const struct roster *r = ctx;
	struct lookup *l = calloc(1, sizeof(*l));
	if (!l) {
		ipc_log_fail(ask, -ENOMEM);
		return;
	}
	l->ask = ask;
	l->request.cursor =
	    (struct store_cursor){.job = {.done = on_place, .ctx = l}, .name = name};
	store_cursor_get(r->store, &l->request.cursor);
}

static void
on_read(void *ctx, struct store_job *job, int err)
{
	struct lookup *l = ctx;
	const struct store_read_log *read = &l->request.read;
	struct ipc_log_event *page =
	    err ? NULL : calloc(read->count ? read->count : 1, sizeof(*page));
	size_t count = 0;
	(void)job;
	for (size_t i = 0; page && i < read->count; i++) {
		const char *topic = topic_of(&read->at[i]);
		if (ipc_log_wants(l->ask, topic))
			page[count++] = (struct ipc_log_event){.topic = topic,
			    .number = read->at[i].n,
			    .event = log_describe(&read->at[i])};
	}
	if (page)
		ipc_log_page(l->ask, page, count, read->upto, read->more);
	else
		ipc_log_fail(l->ask, err ? err : -ENOMEM);
	free(page);
	store_read_log_finish(&l->request.read);
	free(l);
}

static void
read_page(void *ctx, struct ipc_log_ask *ask, int64_t since, size_t limit)
{
	const struct roster *r = ctx;
	struct lookup *l = calloc(1, sizeof(*l));
	if (!l) {
		ipc_log_fail(ask, -ENOMEM);
		return;
	}
	l->ask = ask;
	l->request.read = (struct store_read_log){
	    .job = {.done = on_read, .ctx = l}, .since = since, .limit = limit};
	store_read_log(r->store, &l->request.read);
}

/* Nobody listens: then nobody reads what was just written. */
static void
on_topics(void *ctx)
{
	const struct roster *r = ctx;
	static const char *const events[] = {
	    "receipt", "seen", "correction", "retraction", "reaction", "forgotten", "trust"};
	unsigned what = 0;
	if (ipc_has_subscribers(r->ipc, "message"))
		what |= STORE_WATCH_IN;
	if (ipc_has_subscribers(r->ipc, "sent"))
		what |= STORE_WATCH_OUT;
	for (size_t i = 0; i < ARRAY_LEN(events); i++)
		if (ipc_has_subscribers(r->ipc, events[i]))
			what |= STORE_WATCH_EVENTS;
	if (r->store)
		store_watch(r->store, what);
}

const struct ipc_log_source chat_log_source = {
    .place = place,
    .read = read_page,
    .on_topics = on_topics,
};
