/* Telling a client what is in the log, before it goes on live. A page is asked for when the one
 * before is told and little waits for the client, so a long log costs no more memory than a short
 * one, and time in small pieces. */
#include "base/err.h"
#include "base/log.h"
#include "base/tr.h"
#include "ipc/internal.h"
#include "wire/rpc.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct ipc_log_ask {
	struct ipc_call *call;     /* the subscription that waits for its place; NULL: a page */
	struct ipc_client *client; /* of a page; NULL: it has left */
	int64_t since;
	bool stale; /* the client no longer wants what it was asked for */
};

/* ---- the place a subscription begins at ---- */

void
log_ask_place(struct ipc_call *call, const char *name)
{
	struct ipc_client *c = call_client(call);
	struct ipc_log_ask *ask = calloc(1, sizeof(*ask));
	if (!ask) {
		subscribe_fail(call, -ENOMEM);
		return;
	}
	ask->call = call;
	c->placing = true;
	c->server->log->place(c->server->log_ctx, ask, name);
}

/* The call an answer is for; frees ask. The client may have left: then the call only ends. */
static struct ipc_call *
placed(struct ipc_log_ask *ask)
{
	struct ipc_call *call = ask->call;
	struct ipc_client *c = call_client(call);
	free(ask);
	if (!c) {
		ipc_reply(call, NULL);
		return NULL;
	}
	c->placing = false;
	return call;
}

void
ipc_log_place(struct ipc_log_ask *ask, int64_t number, int64_t last)
{
	struct ipc_call *call = placed(ask);
	if (call)
		subscribe_at(call, number, last);
}

/* ---- pages ---- */

static void
drop_page(struct replay *r)
{
	while (r->next < r->count)
		value_free(r->events[r->next++].event);
	free(r->events);
	r->events = NULL;
	r->next = r->count = 0;
	r->held = false;
}

void
replay_stop(struct ipc_client *c)
{
	struct replay *r = &c->replay;
	r->on = false;
	drop_page(r);
	if (!r->asked)
		return;
	r->asked->stale = true;
	if (c->closing) {
		r->asked->client = NULL;
		r->asked = NULL;
	}
}

void
replay_start(struct ipc_client *c, int64_t since)
{
	replay_stop(c);
	c->place = since;
	c->replay.on = true;
	server_wake(c->server);
}

static void
fail(struct ipc_client *c, int err)
{
	char sentence[256];
	log_error(NULL, "client=%d cut off: the log cannot be read: %s", c->fd, err_str(err));
	(void)snprintf(sentence, sizeof(sentence), TR("The log of events cannot be read") ": %s.",
	    err_str(err));
	client_cut(c, sentence);
}

bool
ipc_log_wants(const struct ipc_log_ask *ask, const char *topic)
{
	return ask->client && !ask->stale && client_wants(ask->client, topic);
}

/* The client a page is still for, or NULL; frees ask. */
static struct ipc_client *
answered(struct ipc_log_ask *ask)
{
	struct ipc_client *c = ask->client;
	bool stale = ask->stale;
	free(ask);
	if (!c)
		return NULL;
	c->replay.asked = NULL;
	server_wake(c->server);
	return stale ? NULL : c;
}

void
ipc_log_fail(struct ipc_log_ask *ask, int err)
{
	if (ask->call) {
		struct ipc_call *call = placed(ask);
		if (call)
			subscribe_fail(call, err);
		return;
	}
	struct ipc_client *c = answered(ask);
	if (c)
		fail(c, err);
}

static int
keep_page(
    struct replay *r, const struct ipc_log_event *events, size_t count, int64_t upto, bool more)
{
	r->events = malloc((count + 1) * sizeof(*r->events));
	if (!r->events)
		return -ENOMEM;
	if (count > 0)
		memcpy(r->events, events, count * sizeof(*events));
	r->count = count;
	r->upto = upto;
	r->more = more;
	r->held = true;
	return 0;
}

void
ipc_log_page(struct ipc_log_ask *ask, const struct ipc_log_event *events, size_t count,
    int64_t upto, bool more)
{
	int64_t since = ask->since;
	struct ipc_client *c = answered(ask);
	int err = 0;
	if (c && more && upto <= since)
		err = -EIO; /* it would never come to an end */
	else if (c)
		err = keep_page(&c->replay, events, count, upto, more);
	if (c && !err)
		return;
	for (size_t i = 0; i < count; i++)
		value_free(events[i].event);
	if (c)
		fail(c, err);
}

static void
ask_page(struct ipc_client *c)
{
	struct ipc_log_ask *ask = calloc(1, sizeof(*ask));
	if (!ask) {
		fail(c, -ENOMEM);
		return;
	}
	ask->client = c;
	ask->since = c->place;
	c->replay.asked = ask;
	c->replay.published = c->server->published;
	c->server->log->read(c->server->log_ctx, ask, c->place, LIMIT_REPLAY_PAGE);
}

/* The last page said that there is no more, as of the moment it was read. What was published
 * before it was asked for is in it; what was published since may not be. */
static void
end_page(struct ipc_client *c)
{
	struct replay *r = &c->replay;
	if (r->upto > c->place)
		c->place = r->upto;
	if (!r->more && r->published > c->place)
		c->place = r->published;
	drop_page(r);
	r->on = r->more || c->server->published > c->place;
}

static void
tell(struct ipc_client *c, const struct ipc_log_event *e)
{
	struct buf *line = &c->server->line;
	bool wanted = e->number > c->place && client_wants(c, e->topic);
	value_set_str(e->event, "event", e->topic);
	value_set_int(e->event, "number", e->number);
	buf_clear(line);
	if (wanted)
		rpc_write_notification(line, "event", e->event, 0);
	value_free(e->event);
	if (buf_err(line) == -ENOMEM) {
		fail(c, -ENOMEM);
		return;
	}
	if (buf_err(line)) /* it would be no better the next time */
		log_error(NULL, "event=%s is lost: %s", e->topic, err_str(buf_err(line)));
	else if (wanted && !client_send_line(c))
		return;
	if (e->number > c->place)
		c->place = e->number;
}

static bool
has_room(const struct ipc_client *c)
{
	return client_unsent(c) < LIMIT_REPLAY_QUEUE;
}

bool
replay_ready(const struct ipc_client *c)
{
	const struct replay *r = &c->replay;
	return r->on && has_room(c) && (r->held || (!r->asked && c->server->log));
}

void
replay_step(struct ipc_client *c)
{
	struct replay *r = &c->replay;
	for (unsigned i = 0; i < LIMIT_CLIENT_TURN && r->next < r->count && has_room(c); i++) {
		struct ipc_log_event e = r->events[r->next++];
		tell(c, &e); /* it may end the replay, or the client */
	}
	if (r->held && r->next == r->count)
		end_page(c);
	if (replay_ready(c) && !r->held)
		ask_page(c);
}
