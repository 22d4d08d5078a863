#include "peer/dialling.h"

#include "base/clock.h"
#include "base/err.h"
#include "base/str.h"
#include "peer/claim.h"
#include "peer/contact.h"
#include "peer/iq.h"
#include "peer/link.h"
#include "peer/outgoing.h"
#include "peer/people.h"
#include "peer/reach.h"
#include "peer/roster.h"

#include <errno.h>

enum {
	HUNG_UP_TRIES = 3,    /* libpurple hangs up on people it has not seen yet */
	HUNG_UP_PAUSE = 1000, /* ms between them */
	PROBE_FAST = 2000,    /* ms between looks for a silent person ... */
	PROBES_FAST = 150,    /* ... this many times, then */
	PROBE_SLOW = 30000,
	KNOWN_PAUSE = 250, /* ms until the store is asked again who is known */
};

void
dialling_over(struct person *p)
{
	p->dialling = DIAL_NONE;
	p->dialled = NULL;
	p->dial_err = 0;
	p->hung_up = 0;
	p->resolved_anew = false;
	p->probing = false;
	reach_finish(p);
}

/* Discovery says something of it that only a key can prove: that who talked in plain encrypts now,
 * or goes by another name. */
static bool
is_to_be_proven(const struct person *p)
{
	const struct discovery_entry *e = p->entry;
	if (!p->roster->tls || e->nameless || e->txt.client != TXT_CLIENT_EARSHOT)
		return false;
	bool other_name = p->has_key && str_casecmp(e->name, p->instance) != 0;
	bool other_kind = p->trust == STORE_TRUST_PLAIN && (p->kept || p->answered);
	return other_name || other_kind;
}

bool
dialling_is_sought(const struct person *p)
{
	/* nothing but a connection tells of those who were only written down */
	return p->entry && !p->current && !p->blocked && p->trust != STORE_TRUST_CHANGED &&
	       (p->state == PERSON_SILENT || p->entry->sources == DISCOVERY_FIXED ||
		   is_to_be_proven(p));
}

void
dialling_look_at(struct person *p, uint64_t when)
{
	p->probe_at = when;
	roster_need_tick(p->roster);
}

void
dialling_look_later(struct person *p)
{
	dialling_look_at(p, clock_now() + PROBE_FAST);
}

static uint64_t
probe_pause(const struct person *p)
{
	return p->answered && p->probes < PROBES_FAST ? PROBE_FAST : PROBE_SLOW;
}

void
dialling_give_up(struct person *p, int err)
{
	const struct tls_id *seen = reach_seen_key(p);
	if (seen) { /* nobody else was there: who said to be p is shown for what it is */
		struct tls_id key = *seen;
		contact_refused(p->roster, p->name, &key);
	}
	dialling_over(p);
	if (p->current)
		return;
	if (p->stream_count == 0 && p->entry && err != ERR_ABSENT) {
		people_set_state(p, PERSON_SILENT);
		if (err == ERR_CLOSED)
			p->probes = PROBES_FAST; /* it is there and does not want us: no hurry */
		if (!p->probe_at)
			dialling_look_at(p, clock_now() + probe_pause(p));
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

/* How private the stream has to be. 0, or why there is to be none: then nothing is dialled. */
static int
wanted_security(const struct person *p, enum stream_security *out)
{
	const struct roster *r = p->roster;
	bool known = !p->nameless && p->txt.client != TXT_CLIENT_UNKNOWN;
	bool plain = r->policy.plain == POLICY_PLAIN_ON;
	if (p->blocked || p->trust == STORE_TRUST_CHANGED)
		return ERR_TRUST;
	if (!r->tls) {
		*out = STREAM_PLAIN;
		return contact_requires_key(p) || !plain ? ERR_SECURITY : 0;
	}
	bool encrypts = contact_requires_key(p) || p->txt.client == TXT_CLIENT_EARSHOT;
	if (encrypts || (!known && !plain))
		*out = STREAM_ENCRYPTED;
	else
		*out = known ? STREAM_PLAIN : STREAM_OPPORTUNISTIC;
	return *out == STREAM_PLAIN && !plain ? ERR_SECURITY : 0;
}

static void
dial(struct person *p)
{
	struct roster *r = p->roster;
	struct sockaddr_storage addr[LIMIT_ADDRESSES];
	enum stream_security security;
	if (!r->contacts_known) { /* nobody knows yet who that is */
		pause_then(p, KNOWN_PAUSE, 0);
		return;
	}
	int err = wanted_security(p, &security);
	if (!err && !person_is_reachable(p))
		err = ERR_ABSENT;
	if (err) {
		pause_then(p, 0, err);
		return;
	}
	size_t count = reach_addresses(p, addr);
	if (count == 0) {
		if (p->resolved_anew || !p->entry)
			pause_then(p, 0, reach_tried_any(p) ? p->last_err : -EHOSTUNREACH);
		else
			resolve_anew(p);
		return;
	}
	struct stream_dial d = {
	    .to = p->nameless ? NULL : p->instance,
	    .addr = addr,
	    .addr_count = count,
	    .separate_writes = person_client(p) == TXT_CLIENT_KOPETE,
	    .security = security,
	};
	p->dialling = DIAL_CONNECTING;
	err = stream_dial(r->hub, &d, p, &p->dialled);
	if (err)
		pause_then(p, 0, err);
}

/* Whoever it was that answered, it was not p, or was not p quickly enough: the next place. */
static bool
try_elsewhere(struct person *p, const struct stream *s, int err)
{
	struct sockaddr_storage left[LIMIT_ADDRESSES];
	if (!p->has_key || p->current || !stream_remote(s)->ss_family)
		return false;
	p->last_err = err;
	return reach_passed(p, stream_remote(s)) && reach_addresses(p, left) > 0;
}

void
dialling_failed(struct person *p, const struct stream *s, int err)
{
	p->dialled = NULL;
	bool hung_up = err == 0 || err == -ECONNRESET || err == -EPIPE || err == ERR_CLOSED;
	if (p->current) {
		dialling_over(p);
	} else if (try_elsewhere(p, s, err)) {
		dial(p);
	} else if (hung_up && p->hung_up < HUNG_UP_TRIES && !p->probing) {
		p->hung_up++;
		pause_then(p, HUNG_UP_PAUSE, 0);
	} else if (!p->resolved_anew && !p->probing && p->entry) {
		resolve_anew(p);
	} else {
		dialling_give_up(p, hung_up ? ERR_CLOSED : err);
	}
}

void
link_look(struct person *p)
{
	if (p->dialling != DIAL_NONE || p->roster->closing)
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
		dialling_give_up(p, err);
	else
		dial(p);
}

/* The silent are looked for, so that they are shown soon after their cable is back. */
static bool
probe_tick(struct person *p, uint64_t now)
{
	if (!dialling_is_sought(p))
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
			dialling_over(p);
		else if (p->dial_err)
			dialling_give_up(p, p->dial_err);
		else
			dial(p);
	}
	return probe_tick(p, now) || p->dialling == DIAL_PAUSING;
}
