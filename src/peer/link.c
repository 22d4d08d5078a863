#include "peer/link.h"

#include "base/clock.h"
#include "base/err.h"
#include "base/log.h"
#include "base/str.h"
#include "peer/dispatch.h"
#include "peer/iq.h"
#include "peer/outgoing.h"
#include "peer/people.h"
#include "peer/roster.h"
#include "peer/xep0115_caps.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum {
	HUNG_UP_TRIES = 3,    /* libpurple hangs up on people it has not seen yet */
	HUNG_UP_PAUSE = 1000, /* ms between them */
	PROBE_FAST = 2000,    /* ms between looks for a silent person ... */
	PROBES_FAST = 150,    /* ... this many times, then */
	PROBE_SLOW = 60000,
};

/* ---- dialling ---- */

static void
attempt_over(struct person *p)
{
	p->dialling = DIAL_NONE;
	p->dialled = NULL;
	p->dial_err = 0;
	p->hung_up = 0;
	p->resolved_anew = false;
	p->probing = false;
}

static void
give_up(struct person *p, int err)
{
	attempt_over(p);
	if (p->current)
		return;
	if (p->stream_count == 0 && p->entry)
		people_set_state(p, PERSON_SILENT);
	outgoing_fail(p, err);
	bus_emit(
	    &p->roster->bus, &(struct bus_event){.kind = BUS_UNREACHABLE, .person = p, .err = err});
}

/* From the loop, not from here: whoever wants to send is told later, always. */
static void
pause_then(struct person *p, unsigned ms, int err)
{
	p->dialling = DIAL_PAUSING;
	p->retry_at = clock_now() + ms;
	p->dial_err = err;
	roster_need_tick(p->roster);
}

static void
resolve_anew(struct person *p)
{
	p->resolved_anew = true;
	p->dialling = DIAL_RESOLVING;
	discovery_resolve(p->roster->discovery, p->entry);
}

static void
dial(struct person *p)
{
	const struct discovery_entry *e = p->entry;
	if (!e) {
		pause_then(p, 0, ERR_ABSENT);
		return;
	}
	if (!e->port || !e->addr_count) {
		if (p->resolved_anew)
			pause_then(p, 0, -EHOSTUNREACH);
		else
			resolve_anew(p);
		return;
	}
	struct stream_dial d = {
	    .to = e->nameless ? NULL : p->name,
	    .addr = e->addr,
	    .addr_count = e->addr_count,
	    .separate_writes = person_client(p) == TXT_CLIENT_KOPETE,
	};
	p->dialling = DIAL_CONNECTING;
	int err = stream_dial(p->roster->hub, &d, p, &p->dialled);
	if (err)
		pause_then(p, 0, err);
}

static void
dial_failed(struct person *p, int err)
{
	p->dialled = NULL;
	bool hung_up = err == 0 || err == -ECONNRESET || err == -EPIPE || err == ERR_CLOSED;
	if (p->current) {
		attempt_over(p);
	} else if (hung_up && p->hung_up < HUNG_UP_TRIES && !p->probing) {
		p->hung_up++;
		pause_then(p, HUNG_UP_PAUSE, 0);
	} else if (!p->resolved_anew && !p->probing && p->entry) {
		resolve_anew(p);
	} else {
		give_up(p, hung_up ? ERR_CLOSED : err);
	}
}

void
link_want(struct person *p)
{
	p->probing = false;
	if (p->dialling == DIAL_NONE && !p->roster->closing)
		dial(p);
}

int
person_connect(struct person *p)
{
	if (p->current)
		return 0;
	if (!p->entry)
		return ERR_ABSENT;
	link_want(p);
	return 0;
}

void
link_resolved(struct person *p, int err)
{
	LIST_FOREACH (node, &p->roster->claims) {
		struct claim *c = container_of(node, struct claim, node);
		if (c->asked == p) {
			c->answered = true;
			stream_identify(c->stream);
		}
	}
	if (p->dialling != DIAL_RESOLVING)
		return;
	if (err)
		give_up(p, err);
	else
		dial(p);
}

/* A silent person is looked for, so that it is shown again soon after its cable is back. */
static bool
probe_tick(struct person *p, uint64_t now)
{
	if (p->state != PERSON_SILENT || !p->entry)
		p->probe_at = 0;
	if (!p->probe_at)
		return false;
	if (now >= p->probe_at && p->dialling == DIAL_NONE) {
		p->probes++;
		p->probe_at = now + (p->probes < PROBES_FAST ? PROBE_FAST : PROBE_SLOW);
		p->probing = true;
		dial(p);
	}
	return true;
}

bool
link_tick(struct person *p, uint64_t now)
{
	if (p->dialling == DIAL_PAUSING) {
		if (now < p->retry_at)
			return true;
		p->dialling = DIAL_NONE;
		if (p->current)
			attempt_over(p);
		else if (p->dial_err)
			give_up(p, p->dial_err);
		else
			dial(p);
	}
	return probe_tick(p, now) || p->dialling == DIAL_PAUSING;
}

/* ---- which stream carries what we say ---- */

/* Old clients drop the older of two streams, so the newest is the one that lives (R10).
 * Between Earshots any will do, and staying on one keeps the order. */
static void
choose_current(struct person *p)
{
	bool stay = person_client(p) == TXT_CLIENT_EARSHOT;
	if (stay && p->current && !stream_is_closing(p->current))
		return;
	p->current = NULL;
	for (size_t i = 0; i < p->stream_count; i++) {
		struct stream *s = p->streams[i];
		if (!stream_is_ready(s) || stream_is_closing(s))
			continue;
		if (!p->current || stream_serial(s) > stream_serial(p->current))
			p->current = s;
	}
}

static void
attach(struct person *p, struct stream *s)
{
	if (p->stream_count == LIMIT_STREAMS_PER_PERSON) {
		struct stream *oldest = p->streams[0];
		for (size_t i = 1; i < p->stream_count; i++)
			if (stream_idle(p->streams[i]) > stream_idle(oldest))
				oldest = p->streams[i];
		people_forget_stream(p, oldest);
		stream_set_user(oldest, NULL);
		stream_close(oldest, 0);
	}
	p->streams[p->stream_count++] = s;
	stream_set_user(s, p);
	if (p->entry)
		p->entry->kept = true; /* who talks to us loses their place to no newcomer */
}

/* ---- who is it? ---- */

static struct claim *
claim_of(struct roster *r, const struct stream *s)
{
	LIST_FOREACH (node, &r->claims) {
		struct claim *c = container_of(node, struct claim, node);
		if (c->stream == s)
			return c;
	}
	return NULL;
}

static void
claim_drop(struct roster *r, const struct stream *s)
{
	struct claim *c = claim_of(r, s);
	if (!c)
		return;
	list_remove(&c->node);
	free(c);
}

/* The only person with this address; NULL if there is none or more than one. */
static struct person *
by_address(struct roster *r, const struct sockaddr_storage *address, size_t *count)
{
	struct person *found = NULL;
	*count = 0;
	MAP_FOREACH (node, &r->people) {
		struct person *p = node->value;
		if (p->entry && discovery_has_address(p->entry, address)) {
			found = p;
			++*count;
		}
	}
	return *count == 1 ? found : NULL;
}

/* A fixed peer tells its name by dialling us. */
static struct person *
by_fixed_address(struct roster *r, const struct sockaddr_storage *address, const char *name)
{
	MAP_FOREACH (node, &r->people) {
		struct person *p = node->value;
		if (p->entry && p->entry->nameless && discovery_has_address(p->entry, address))
			return people_name_fixed(p, name);
	}
	return NULL;
}

static int
wait_for_news(struct roster *r, struct stream *s, struct person *p)
{
	struct claim *c = claim_of(r, s);
	if (!c) {
		c = calloc(1, sizeof(*c));
		if (!c)
			return -ENOMEM;
		c->stream = s;
		list_insert(&r->claims, &c->node);
	}
	if (c->answered)
		return ERR_IDENTITY;
	if (p && p->entry && !c->asked) {
		c->asked = p;
		discovery_resolve(r->discovery, p->entry);
	}
	return -EAGAIN;
}

static int
identify(void *ctx, struct stream *s, const char *from, const char *to)
{
	struct roster *r = ctx;
	const struct sockaddr_storage *remote = stream_remote(s);
	struct person *p = NULL;
	size_t count;
	(void)to; /* old clients put all kinds of names there */
	if (!str_empty(from)) {
		p = roster_get(r, from);
		if (!p || !p->entry || !discovery_has_address(p->entry, remote)) {
			struct person *fixed = by_fixed_address(r, remote, from);
			if (!fixed)
				return wait_for_news(r, s, p);
			p = fixed;
		}
	} else {
		p = by_address(r, remote, &count);
		if (!p)
			return wait_for_news(r, s, NULL);
	}
	claim_drop(r, s);
	attach(p, s);
	return 0;
}

void
link_entry_changed(struct person *p)
{
	struct roster *r = p->roster;
	LIST_FOREACH (node, &r->claims)
		stream_identify(container_of(node, struct claim, node)->stream);
}

/* ---- stream events ---- */

/* Only a full instance name can contradict: Salut sends from='', iChat an address. */
static bool
is_somebody_else(const struct person *p, const struct stream *s)
{
	const char *from = stream_peer_from(s);
	return !p->entry->nameless && from && strchr(from, '@') && str_casecmp(from, p->name) != 0;
}

static void
on_ready(void *ctx, struct stream *s)
{
	struct person *p = stream_user(s);
	(void)ctx;
	if (!p)
		return;
	if (!stream_is_incoming(s)) {
		if (str_equal(stream_peer_from(s), p->roster->own_name)) {
			log_warn(p->name, "this address is our own, and of no use as a peer");
			stream_close(s, ERR_IDENTITY);
			return;
		}
		if (p->entry && is_somebody_else(p, s)) {
			log_info(p->name, "somebody else answers at its address");
			stream_close(s, ERR_IDENTITY);
			return;
		}
		if (p->entry && p->entry->nameless && !str_empty(stream_peer_from(s)))
			p = people_name_fixed(p, stream_peer_from(s));
		if (p->dialled == s)
			p->dialled = NULL;
		attach(p, s);
	}
	attempt_over(p);
	choose_current(p);
	people_set_state(p, PERSON_ANSWERED);
	bus_emit(
	    &p->roster->bus, &(struct bus_event){.kind = BUS_STREAM_UP, .person = p, .stream = s});
	outgoing_flush(p);
}

static void
on_features(void *ctx, struct stream *s, const struct xml_elem *features)
{
	struct person *p = stream_user(s);
	(void)ctx;
	if (p)
		caps_from_features(p, features);
}

static void
on_stanza(void *ctx, struct stream *s, const struct xml_elem *stanza)
{
	struct person *p = stream_user(s);
	(void)ctx;
	if (!p)
		return;
	if (p->state != PERSON_ANSWERED)
		people_set_state(p, PERSON_ANSWERED);
	dispatch_stanza(p, s, stanza);
}

static void
on_sent(void *ctx, struct stream *s, uint64_t ticket)
{
	struct person *p = stream_user(s);
	(void)ctx;
	if (p)
		outgoing_sent(p, s, ticket);
}

static bool
is_silence(int err)
{
	return err == -ETIMEDOUT || err == -EHOSTUNREACH || err == -ENETUNREACH;
}

static void
on_closed(void *ctx, struct stream *s, int err)
{
	struct roster *r = ctx;
	struct person *p = stream_user(s);
	claim_drop(r, s);
	if (!p)
		return;
	if (p->dialled == s) {
		dial_failed(p, err);
		return;
	}
	people_forget_stream(p, s);
	choose_current(p);
	outgoing_stream_down(p, s, err);
	bus_emit(&r->bus,
	    &(struct bus_event){.kind = BUS_STREAM_DOWN, .person = p, .stream = s, .err = err});
	if (p->stream_count == 0) {
		iq_fail_all(p, err ? err : ERR_CLOSED);
		if (r->closing)
			return; /* nobody has left: we do */
		if (!p->entry) {
			people_set_state(p, PERSON_GONE);
			return;
		}
		if (is_silence(err)) {
			people_set_state(p, PERSON_SILENT);
			p->probes = 0;
			p->probe_at = clock_now() + PROBE_FAST;
			roster_need_tick(r);
		}
	}
	if (p->current)
		outgoing_flush(p);
	else if (!list_empty(&p->outgoing))
		link_want(p);
}

const struct stream_listener link_stream_listener = {
    .identify = identify,
    .on_ready = on_ready,
    .on_features = on_features,
    .on_stanza = on_stanza,
    .on_sent = on_sent,
    .on_closed = on_closed,
};

void
link_renamed(struct roster *r)
{
	MAP_FOREACH (node, &r->people) {
		struct person *p = node->value;
		for (size_t i = 0; i < p->stream_count; i++)
			stream_close(p->streams[i], 0);
		choose_current(p);
	}
}

void
link_finish(struct roster *r)
{
	LIST_FOREACH (node, &r->claims) {
		list_remove(node);
		free(container_of(node, struct claim, node));
	}
}
