#include "mdns/helper.h"

#include "base/clock.h"
#include "base/err.h"
#include "mdns/channel.h"
#include "mdns/delay.h"
#include "mdns/network.h"
#include "mdns/report.h"
#include "mdns/session.h"
#include "mdns/wish.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum {
	/* A bus that is not there is looked for again; connecting to a socket that does not exist
	 * costs next to nothing. */
	CLIENT_RETRY_MS = 5000,
	CLIENT_AGAIN_MS = 500, /* after a connection that had worked */
	CORE_RETRY_MS = 5000,
	/* how long the old back end keeps announcing us while the new one registers: two rounds
	 * of probing and announcing (RFC 6762 §8) */
	OVERLAP_MS = 5000,
};

struct helper {
	uv_loop_t *loop;             /* borrowed */
	struct channel *channel;     /* owned */
	struct network *network;     /* owned */
	struct delay *work;          /* owned */
	struct session *client;      /* owned; it may wait for an avahi-daemon to come */
	struct session *core;        /* owned */
	struct session *active;      /* one of the two, or NULL */
	uint64_t client_at, core_at; /* not to be created before */
	uint64_t retire_at;          /* the core is to go then, at the latest; 0: it stays */
	struct wish wish;
	bool greeted; /* the daemon has said hello */
	bool embedded, none_reported;
	const char *reason; /* why this back end */
	void (*ended)(void *ctx, int err);
	void *ctx; /* borrowed */
};

static void
work_soon(void *ctx)
{
	struct helper *h = ctx;
	delay_set(h->work, 0);
}

/* ---- which back end --------------------------------------------------------------------- */

static bool
is_up(const struct session *s)
{
	return s && (s->b->state == BACK_END_STARTING || s->b->state == BACK_END_RUNNING);
}

static void
drop(struct helper *h, struct session **slot)
{
	if (h->active == *slot)
		h->active = NULL;
	session_destroy(*slot);
	*slot = NULL;
}

static void
drop_failed(struct helper *h, uint64_t now)
{
	if (h->client && h->client->b->state == BACK_END_FAILED) {
		h->reason = h->client->b->reason;
		h->client_at = now + CLIENT_AGAIN_MS;
		drop(h, &h->client);
	}
	if (h->core && h->core->b->state == BACK_END_FAILED) {
		channel_note(h->channel, "warn", "embedded responder: %s", h->core->b->reason);
		h->core_at = now + CORE_RETRY_MS;
		drop(h, &h->core);
	} else if (h->core && h->core->b->ops->stale(h->core->b)) {
		channel_note(h->channel, "info", "the clock was set: starting afresh");
		drop(h, &h->core);
	}
}

static void
try_client(struct helper *h, uint64_t now)
{
	if (h->embedded || h->client || now < h->client_at)
		return;
	int err =
	    session_create(h->loop, SESSION_CLIENT, h->channel, &h->wish, work_soon, h, &h->client);
	h->client_at = now + CLIENT_RETRY_MS;
	if (err)
		h->reason = "no system bus";
	else if (!is_up(h->client))
		h->reason = "no avahi-daemon";
}

static void
report_none(struct helper *h, int err)
{
	if (!h->none_reported) {
		struct buf *b = channel_out(h->channel);
		protocol_begin(b, "backend");
		protocol_field_str(b, "none");
		protocol_field_str(b, err_str(err));
		protocol_end(b);
	}
	h->none_reported = true;
}

static void
activate(struct helper *h, struct session *s)
{
	if (h->active)
		session_retire(h->active);
	h->active = s;
	h->none_reported = false;
	int err =
	    session_activate(s, h->reason, network_loopback(h->network), network_up(h->network));
	if (err) {
		/* it is up but will not let us look: as good as failed */
		s->b->state = BACK_END_FAILED;
		s->b->reason = err_str(err);
		work_soon(h);
	}
}

static void
use_client(struct helper *h, uint64_t now)
{
	if (h->active != h->client) {
		h->reason = "it is running";
		h->retire_at = now + OVERLAP_MS;
		activate(h, h->client);
	}
	if (!h->core)
		return;
	/* the same records from two responders of one machine do not conflict, so nobody sees us
	 * go in between */
	bool announced = publisher_established(h->client->publisher);
	if (announced)
		h->core->b->ops->hush(h->core->b);
	if (announced || !h->wish.user[0] || now >= h->retire_at)
		drop(h, &h->core);
}

static void
use_core(struct helper *h, uint64_t now)
{
	if (!h->core && now >= h->core_at) {
		int err = session_create(
		    h->loop, SESSION_CORE, h->channel, &h->wish, work_soon, h, &h->core);
		if (err) {
			h->core_at = now + CORE_RETRY_MS;
			report_none(h, err);
		}
	}
	if (h->core && h->active != h->core)
		activate(h, h->core);
}

static void
on_work(void *ctx)
{
	struct helper *h = ctx;
	uint64_t now = clock_now();
	drop_failed(h, now);
	try_client(h, now);
	if (is_up(h->client))
		use_client(h, now);
	else
		use_core(h, now);
	if (!h->embedded && !h->client)
		delay_set_sooner(h->work, h->client_at > now ? h->client_at - now : 0);
	if (!h->active)
		delay_set_sooner(h->work, CLIENT_AGAIN_MS);
	if (h->core && h->active != h->core)
		delay_set_sooner(h->work, h->retire_at > now ? h->retire_at - now : 0);
}

/* ---- the daemon's lines ----------------------------------------------------------------- */

static int
on_hello(struct helper *h, const struct protocol_line *line)
{
	if (h->greeted || line->count < 2 || strcmp(line->field[1], "1") != 0)
		return ERR_PROTO;
	h->greeted = true;
	work_soon(h);
	return 0;
}

static int
on_publish(struct helper *h, const struct protocol_line *line)
{
	int err = wish_publish(&h->wish, line);
	if (!err && h->client)
		publisher_wish_changed(h->client->publisher);
	if (!err && h->core)
		publisher_wish_changed(h->core->publisher);
	return err;
}

static int
on_avatar(struct helper *h, const struct protocol_line *line)
{
	int err = wish_avatar(&h->wish, line);
	if (!err && h->client)
		publisher_avatar_changed(h->client->publisher);
	if (!err && h->core)
		publisher_avatar_changed(h->core->publisher);
	return err;
}

static bool
is_name(const struct protocol_line *line)
{
	return line->count == 2 && line->length[1] == strlen(line->field[1]);
}

static int
on_resolve(struct helper *h, const struct protocol_line *line)
{
	if (!is_name(line))
		return ERR_PROTO;
	if (h->active)
		lookups_resolve(h->active->lookups, line->field[1]);
	else
		report_resolved(h->channel, line->field[1], false);
	return 0;
}

static int
on_fetch(struct helper *h, const struct protocol_line *line)
{
	if (!is_name(line))
		return ERR_PROTO;
	if (h->active)
		lookups_fetch(h->active->lookups, line->field[1]);
	else
		report_avatar(h->channel, line->field[1], NULL, 0);
	return 0;
}

static int
on_ping(struct helper *h, const struct protocol_line *line)
{
	if (line->count != 2)
		return ERR_PROTO;
	struct buf *b = channel_out(h->channel);
	protocol_begin(b, "pong");
	protocol_field(b, line->field[1], line->length[1]);
	protocol_end(b);
	/* the daemon asks now and then anyway: a good moment to see whether the clock was set */
	if (h->core && h->core->b->ops->stale(h->core->b))
		work_soon(h);
	return 0;
}

static int
on_quit(struct helper *h, const struct protocol_line *line)
{
	(void)line;
	h->ended(h->ctx, 0);
	return 0;
}

static void
on_line(void *ctx, const struct protocol_line *line)
{
	static const struct {
		const char *verb;
		int (*fn)(struct helper *h, const struct protocol_line *line);
	} verbs[] = {
	    {"hello", on_hello},
	    {"publish", on_publish},
	    {"avatar", on_avatar},
	    {"resolve", on_resolve},
	    {"fetch", on_fetch},
	    {"ping", on_ping},
	    {"quit", on_quit},
	};
	struct helper *h = ctx;
	int err = ERR_PROTO;
	for (size_t i = 0; i < ARRAY_LEN(verbs); i++)
		if (strcmp(line->field[0], verbs[i].verb) == 0 &&
		    (h->greeted || verbs[i].fn == on_hello))
			err = verbs[i].fn(h, line);
	if (err) {
		channel_note(h->channel, "warn", "%s: %s", line->field[0], err_str(err));
		h->ended(h->ctx, err);
	}
}

static void
on_end(void *ctx, int err)
{
	struct helper *h = ctx;
	if (err == ERR_PROTO)
		channel_note(h->channel, "warn", "a line could not be read");
	h->ended(h->ctx, err);
}

static void
report_network(struct helper *h)
{
	struct buf *b = channel_out(h->channel);
	protocol_begin(b, "network");
	protocol_field_int(b, network_up(h->network));
	protocol_end(b);
}

static void
on_network(void *ctx)
{
	struct helper *h = ctx;
	report_network(h);
	if (h->active)
		finder_set_loopback(
		    h->active->finder, network_loopback(h->network), network_up(h->network));
}

static const struct channel_listener listener = {.on_line = on_line, .on_end = on_end};

int
helper_create(uv_loop_t *loop, int in, int out, bool embedded, void (*ended)(void *ctx, int err),
    void *ctx, struct helper **result)
{
	struct helper *h = calloc(1, sizeof(*h));
	if (!h)
		return -ENOMEM;
	h->loop = loop;
	h->embedded = embedded;
	h->reason = "asked for";
	h->ended = ended;
	h->ctx = ctx;
	wish_init(&h->wish);
	int err = delay_create(loop, on_work, h, &h->work);
	if (!err)
		err = network_create(loop, on_network, h, &h->network);
	if (!err)
		err = channel_create(loop, in, out, &listener, h, &h->channel);
	if (err) {
		helper_close(h);
		return err;
	}
	struct buf *b = channel_out(h->channel);
	protocol_begin(b, "hello");
	protocol_field_int(b, PROTOCOL_VERSION);
	protocol_end(b);
	report_network(h);
	*result = h;
	return 0;
}

void
helper_close(struct helper *h)
{
	if (!h)
		return;
	session_destroy(h->client);
	session_destroy(h->core);
	network_close(h->network);
	channel_close(h->channel);
	delay_destroy(h->work);
	wish_finish(&h->wish);
	free(h);
}
