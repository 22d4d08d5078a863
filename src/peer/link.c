#include "peer/link.h"

#include "base/clock.h"
#include "base/err.h"
#include "base/log.h"
#include "base/str.h"
#include "discovery/address.h"
#include "peer/claim.h"
#include "peer/dispatch.h"
#include "peer/iq.h"
#include "peer/outgoing.h"
#include "peer/people.h"
#include "peer/roster.h"
#include "peer/xep0115_caps.h"

#include <errno.h>
#include <string.h>

enum {
	HUNG_UP_TRIES = 3,    /* libpurple hangs up on people it has not seen yet */
	HUNG_UP_PAUSE = 1000, /* ms between them */
	PROBE_FAST = 2000,    /* ms between looks for a silent person ... */
	PROBES_FAST = 150,    /* ... this many times, then */
	PROBE_SLOW = 30000,
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

static bool
is_silence(int err)
{
	return err == -ETIMEDOUT || err == -EHOSTUNREACH || err == -ENETUNREACH;
}

/* Nothing but a connection tells of those who were only written down. */
static bool
is_sought(const struct person *p)
{
	return p->entry && !p->current &&
	       (p->state == PERSON_SILENT || p->entry->sources == DISCOVERY_FIXED);
}

static void
look_at(struct person *p, uint64_t when)
{
	p->probe_at = when;
	roster_need_tick(p->roster);
}

static uint64_t
probe_pause(const struct person *p)
{
	return p->answered && p->probes < PROBES_FAST ? PROBE_FAST : PROBE_SLOW;
}

static void
give_up(struct person *p, int err)
{
	attempt_over(p);
	if (p->current)
		return;
	if (p->stream_count == 0 && p->entry && err != ERR_ABSENT) {
		people_set_state(p, PERSON_SILENT);
		if (err == ERR_CLOSED)
			p->probes = PROBES_FAST; /* it is there and does not want us: no hurry */
		if (!p->probe_at)
			look_at(p, clock_now() + probe_pause(p));
	}
	iq_fail_all(p, err);
	outgoing_fail(p, err);
	claims_ask(p->roster); /* one may have waited for this */
	bus_emit(
	    &p->roster->bus, &(struct bus_event){.kind = BUS_UNREACHABLE, .person = p, .err = err});
	if (p->stream_count == 0 && !p->entry && !p->roster->closing)
		people_set_state(p, PERSON_GONE);
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

static bool
is_dialable(const struct discovery_entry *e)
{
	for (size_t i = 0; i < e->addr_count; i++)
		if (address_port(&e->addr[i]))
			return true;
	return false;
}

static void
dial(struct person *p)
{
	const struct discovery_entry *e = p->entry;
	if (!e) {
		pause_then(p, 0, ERR_ABSENT);
		return;
	}
	if (!is_dialable(e)) {
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
link_look(struct person *p)
{
	if (p->dialling != DIAL_NONE)
		return;
	p->probing = true;
	dial(p);
}

void
link_want(struct person *p)
{
	p->probing = false;
	if (p->dialling == DIAL_NONE && !p->roster->closing)
		dial(p);
}

void
link_resolved(struct person *p, int err)
{
	claims_answered(p);
	if (p->dialling != DIAL_RESOLVING)
		return;
	if (err)
		give_up(p, err);
	else
		dial(p);
}

/* The silent are looked for, so that they are shown soon after their cable is back. */
static bool
probe_tick(struct person *p, uint64_t now)
{
	if (!is_sought(p))
		p->probe_at = 0;
	if (!p->probe_at)
		return false;
	if (now >= p->probe_at && p->dialling == DIAL_NONE) {
		p->probe_at = now + probe_pause(p);
		p->probes++;
		link_look(p);
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

/* It carries nothing any more: what it took and did not hand on fails. */
static void
stream_down(struct person *p, struct stream *s, int err)
{
	people_forget_stream(p, s);
	choose_current(p);
	outgoing_stream_down(p, s, err);
	bus_emit(&p->roster->bus,
	    &(struct bus_event){.kind = BUS_STREAM_DOWN, .person = p, .stream = s, .err = err});
}

/* The one to give up when there are too many: what is on it fails, or goes to another. */
static void
drop_idlest(struct person *p)
{
	struct stream *s = p->streams[0];
	for (size_t i = 1; i < p->stream_count; i++) {
		struct stream *other = p->streams[i];
		if (other != p->current && (s == p->current || stream_idle(other) > stream_idle(s)))
			s = other;
	}
	stream_set_user(s, NULL);
	stream_close(s, 0);
	stream_down(p, s, ERR_CLOSED);
}

void
link_attach(struct person *p, struct stream *s)
{
	if (p->stream_count == LIMIT_STREAMS_PER_PERSON)
		drop_idlest(p);
	p->streams[p->stream_count++] = s;
	stream_set_user(s, p);
	if (p->entry)
		p->entry->kept = true; /* who talks to us loses their place to no newcomer */
}

void
link_move(struct person *from, struct person *to)
{
	while (from->stream_count > 0) {
		struct stream *s = from->streams[0];
		people_forget_stream(from, s);
		link_attach(to, s);
	}
	if (from->dialled && to->dialling == DIAL_CONNECTING) {
		stream_set_user(from->dialled, NULL);
		stream_close(from->dialled, 0);
	} else if (from->dialled) {
		attempt_over(to);
		to->dialling = DIAL_CONNECTING;
		to->dialled = from->dialled;
		stream_set_user(to->dialled, to);
	}
	attempt_over(from);
	claims_move(from, to);
	choose_current(to);
}

void
link_entry_changed(struct person *p)
{
	claims_ask(p->roster);
	if (is_sought(p) && p->dialling == DIAL_NONE && is_dialable(p->entry))
		look_at(p, clock_now());
}

/* ---- stream events ---- */

/* Only a full instance name can contradict: Salut sends from='', iChat an address. */
static bool
is_somebody_else(const struct person *p, const struct stream *s)
{
	const char *from = stream_peer_from(s);
	return !p->entry->nameless && from && strchr(from, '@') && str_casecmp(from, p->name) != 0;
}

/* Who answered when p was dialled: p, or the one it turned out to be; NULL: not whom we want. */
static struct person *
take_dialled(struct person *p, struct stream *s)
{
	const char *from = stream_peer_from(s);
	if (from && str_casecmp(from, p->roster->own_name) == 0) {
		log_warn(p->name, "this address is our own, and of no use as a peer");
		if (p->entry && p->entry->nameless)
			(void)people_name_fixed(p, from);
		return NULL;
	}
	if (p->entry && is_somebody_else(p, s)) {
		log_info(p->name, "somebody else answers at its address");
		return NULL;
	}
	attempt_over(p);
	if (p->entry && p->entry->nameless && from)
		p = people_name_fixed(p, from);
	if (p)
		link_attach(p, s);
	return p;
}

static void
on_ready(void *ctx, struct stream *s)
{
	struct person *p = stream_user(s);
	(void)ctx;
	if (!p)
		return;
	if (!stream_is_incoming(s)) {
		p = take_dialled(p, s);
		if (!p) {
			stream_close(s, ERR_IDENTITY);
			return;
		}
	} else if (p->dialling != DIAL_CONNECTING) {
		attempt_over(
		    p); /* a dial on its way goes on: old clients may keep that one (R10) */
	}
	p->probes = 0;
	p->answered = true;
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

/* The last stream to p ended. What that tells of p depends on how. */
static void
left_without_stream(struct person *p, int err)
{
	iq_fail_all(p, err ? err : ERR_CLOSED);
	if (p->roster->closing)
		return; /* nobody has left: we do */
	if (!p->entry) {
		if (p->dialling == DIAL_NONE) {
			outgoing_fail(p, ERR_ABSENT);
			people_set_state(p, PERSON_GONE);
		}
		return;
	}
	if (is_silence(err))
		people_set_state(p, PERSON_SILENT);
	if (is_sought(p))
		look_at(p, clock_now() + PROBE_FAST);
}

static void
on_closed(void *ctx, struct stream *s, int err)
{
	struct person *p = stream_user(s);
	claims_drop(ctx, s);
	if (!p)
		return;
	if (p->dialled == s) {
		dial_failed(p, err);
		return;
	}
	stream_down(p, s, err);
	if (p->stream_count == 0)
		left_without_stream(p, err);
	if (p->current)
		outgoing_flush(p);
	else if (!list_empty(&p->outgoing))
		link_want(p);
}

const struct stream_listener link_stream_listener = {
    .identify = claims_identify,
    .on_ready = on_ready,
    .on_features = on_features,
    .on_stanza = on_stanza,
    .on_sent = on_sent,
    .on_closed = on_closed,
};

void
link_hang_up(struct person *p)
{
	for (size_t i = 0; i < p->stream_count; i++)
		stream_close(p->streams[i], 0);
	if (p->dialled)
		stream_close(p->dialled, 0);
	choose_current(p);
}

/* What was being dialled is dialled again, under the new name. */
void
link_renamed(struct roster *r)
{
	MAP_FOREACH (node, &r->people)
		link_hang_up(node->value);
}
