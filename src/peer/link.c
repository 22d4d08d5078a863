#include "peer/link.h"

#include "base/clock.h"
#include "base/err.h"
#include "base/log.h"
#include "base/str.h"
#include "discovery/address.h"
#include "peer/claim.h"
#include "peer/contact.h"
#include "peer/dialling.h"
#include "peer/dispatch.h"
#include "peer/iq.h"
#include "peer/keep.h"
#include "peer/outgoing.h"
#include "peer/people.h"
#include "peer/roster.h"
#include "peer/xep0115_caps.h"

#include <errno.h>
#include <string.h>

enum { CROSSING = 5000 }; /* ms between two streams that both sides opened at once */

/* ---- which stream carries what we say ---- */

static bool
is_alive(const struct stream *s)
{
	return stream_is_ready(s) && !stream_is_closing(s);
}

/* Who has a key is spoken to, and heard, on streams that have proven that very key. A stream may be
 * from before it had one, or from before it was forgotten or replaced. */
static bool
is_fit(const struct person *p, const struct stream *s)
{
	const struct tls_peer *key = stream_peer_key(s);
	if (key)
		return p->has_key && tls_peer_was(key, &p->key);
	return !contact_requires_key(p);
}

/* Old clients drop the older of two streams, so the newest is the one that lives (R10). Between
 * Earshots there is but one, see settle_crossing(). */
static void
choose_current(struct person *p)
{
	p->current = NULL;
	for (size_t i = 0; i < p->stream_count; i++) {
		struct stream *s = p->streams[i];
		if (!is_alive(s) || !is_fit(p, s))
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

/* Both sides come to the same of two that are ready: when they crossed, the one that the lower id
 * has opened, otherwise the newer one, for the other may be dead at their end. What is on the other
 * is still sent and read, and what nobody confirmed is sent again. */
static struct stream *
loser_of(const struct person *p, size_t older, size_t newer)
{
	struct stream *a = p->streams[older], *b = p->streams[newer];
	bool crossed = stream_is_incoming(a) != stream_is_incoming(b) &&
		       p->ready_at[newer] - p->ready_at[older] <= CROSSING;
	if (!crossed)
		return a;
	bool ours = tls_id_compare(&p->roster->own_id, &p->key) < 0;
	return stream_is_incoming(a) == ours ? a : b;
}

static void
settle_crossing(struct person *p, const struct stream *s)
{
	size_t newer = 0;
	while (newer < p->stream_count && p->streams[newer] != s)
		newer++;
	for (size_t i = 0; i < p->stream_count && is_alive(s); i++) {
		struct stream *other = p->streams[i];
		if (other == s || !is_alive(other))
			continue;
		if (is_fit(p, other))
			stream_close(loser_of(p, i, newer), 0);
		else
			stream_close(other, ERR_TRUST);
	}
}

static void
note_ready(struct person *p, const struct stream *s)
{
	for (size_t i = 0; i < p->stream_count; i++)
		if (p->streams[i] == s)
			p->ready_at[i] = clock_now();
}

void
link_attach(struct person *p, struct stream *s)
{
	if (p->stream_count == LIMIT_STREAMS_PER_PERSON)
		drop_idlest(p);
	p->ready_at[p->stream_count] = 0;
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
		uint64_t ready_at = from->ready_at[0];
		people_forget_stream(from, s);
		link_attach(to, s);
		to->ready_at[to->stream_count - 1] = ready_at;
	}
	if (from->dialled && to->dialling == DIAL_CONNECTING) {
		stream_set_user(from->dialled, NULL);
		stream_close(from->dialled, 0);
	} else if (from->dialled) {
		dialling_over(to);
		to->dialling = DIAL_CONNECTING;
		to->dialled = from->dialled;
		stream_set_user(to->dialled, to);
	}
	dialling_over(from);
	claims_move(from, to);
	choose_current(to);
}

static bool
is_dialable(const struct discovery_entry *e)
{
	for (size_t i = 0; i < e->addr_count; i++)
		if (address_port(&e->addr[i]))
			return true;
	return false;
}

void
link_entry_changed(struct person *p)
{
	claims_ask(p->roster);
	if (dialling_is_sought(p) && p->dialling == DIAL_NONE && is_dialable(p->entry))
		dialling_look_at(p, clock_now());
}

/* ---- stream events ---- */

/* Only a full instance name can contradict: Salut sends from='', iChat an address. Who proved the
 * key of p goes by whatever name it likes. */
static bool
is_somebody_else(const struct person *p, const struct stream *s)
{
	const char *from = stream_peer_from(s);
	const struct tls_peer *key = stream_peer_key(s);
	bool proven = key && p->has_key && tls_peer_was(key, &p->key);
	return !p->nameless && !proven && from && strchr(from, '@') &&
	       str_casecmp(from, p->instance) != 0;
}

/* The fixed peer has told its name, and may have proven a key: who it is from now on. */
static struct person *
take_nameless(struct person *p, const struct stream *s)
{
	struct roster *r = p->roster;
	const char *from = stream_peer_from(s);
	const struct tls_peer *key = stream_peer_key(s);
	if (str_empty(from))
		return key ? NULL : p;
	return claims_name_fixed(r, p, from, key);
}

/* Who answered when p was dialled: p, or the one it turned out to be; NULL: not whom we want. */
static struct person *
take_dialled(struct person *p, struct stream *s)
{
	struct roster *r = p->roster;
	const char *from = stream_peer_from(s);
	const struct tls_peer *key = stream_peer_key(s);
	if (is_somebody_else(p, s)) {
		log_info(p->name, "somebody else answers at its address");
		return NULL;
	}
	dialling_over(p);
	if (p->nameless)
		p = take_nameless(p, s);
	else if (key) /* the name that was judged in the handshake */
		p = contact_admit(r, p->has_key && !str_empty(from) ? from : p->instance, key);
	else if (contact_requires_key(p))
		p = NULL;
	if (p)
		link_attach(p, s);
	return p;
}

/* This address is our own, and of no use as a peer. */
static bool
leads_to_us(struct person *p, const struct stream *s)
{
	const char *from = stream_peer_from(s);
	if (!from || str_casecmp(from, p->roster->own_name) != 0)
		return false;
	log_warn(p->name, "this address is our own, and of no use as a peer");
	if (p->entry && p->nameless)
		(void)people_name_fixed(p, from);
	return true;
}

/* Where it was when it proved its key is tried first the next time. */
static void
note_place(struct person *p, const struct stream *s)
{
	const struct discovery_entry *e = p->entry;
	bool news = false;
	if (!stream_is_incoming(s)) {
		news = addresses_note(&p->last, stream_remote(s));
	} else if (e && !discovery_has_address(e, stream_remote(s))) {
		discovery_resolve(p->roster->discovery, p->entry); /* it has moved */
	} else {
		for (size_t i = 0; e && i < e->addr_count; i++)
			if (address_same_host(&e->addr[i], stream_remote(s)))
				news = addresses_note(&p->last, &e->addr[i]);
	}
	if (news)
		keep_contact(p, NULL);
}

static void
take_ready(struct person *p, struct stream *s)
{
	note_ready(p, s);
	if (!is_fit(p, s)) {
		log_warn(p->name, "a stream of somebody else, or in plain, got ready");
		stream_close(s, ERR_TRUST);
		return;
	}
	p->probes = 0;
	if (stream_peer_key(s)) {
		note_place(p, s);
		settle_crossing(p, s);
	} else {
		(void)!contact_happens(p, TRUST_SEEN_PLAIN, NULL, NULL);
	}
	p->answered = true;
	choose_current(p);
	people_set_state(p, PERSON_ANSWERED);
	bus_emit(
	    &p->roster->bus, &(struct bus_event){.kind = BUS_STREAM_UP, .person = p, .stream = s});
	outgoing_flush(p);
}

static void
on_ready(void *ctx, struct stream *s)
{
	struct person *p = stream_user(s);
	(void)ctx;
	if (!p)
		return;
	if (!stream_is_incoming(s)) {
		p = leads_to_us(p, s) ? NULL : take_dialled(p, s);
		if (!p) {
			stream_close(s, ERR_IDENTITY);
			return;
		}
	} else if (p->dialling != DIAL_CONNECTING) {
		/* a dial on its way goes on: old clients may keep that one (R10) */
		dialling_over(p);
	}
	take_ready(p, s);
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
	/* what a stream still brings after its person was blocked or got another key is nobody's */
	if (p->blocked || !is_fit(p, s)) {
		log_debug(p->name, "what came on a stream that is not its own any more is dropped");
		stream_close(s, ERR_TRUST);
		return;
	}
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

/* The last stream to p ended. What that tells of p depends on how. */
static void
left_without_stream(struct person *p, int err)
{
	iq_fail_all(p, err ? err : ERR_CLOSED);
	if (p->roster->closing)
		return; /* nobody has left: we do */
	if (!p->entry) {
		if (p->dialling == DIAL_NONE) {
			if (!person_is_reachable(p))
				outgoing_fail(p, ERR_ABSENT);
			people_set_state(p, PERSON_GONE);
		}
		return;
	}
	if (is_silence(err))
		people_set_state(p, PERSON_SILENT);
	if (dialling_is_sought(p))
		dialling_look_later(p);
}

static void
on_closed(void *ctx, struct stream *s, int err)
{
	struct person *p = stream_user(s);
	claims_drop(ctx, s);
	if (!p)
		return;
	if (p->dialled == s) {
		if (err != ERR_IDENTITY) /* else that was seen before */
			(void)leads_to_us(p, s);
		dialling_failed(p, s, err);
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
    .security = claims_security,
    .check_key = claims_check_key,
    .on_key = claims_on_key,
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

void
link_hang_up_plain(struct person *p)
{
	for (size_t i = 0; i < p->stream_count; i++)
		if (!stream_peer_key(p->streams[i]))
			stream_close(p->streams[i], 0);
	choose_current(p);
}

/* What was being dialled is dialled again, under the new name. Who knows our key needs no name. */
void
link_renamed(struct roster *r)
{
	MAP_FOREACH (node, &r->people) {
		struct person *p = node->value;
		if (!p->has_key)
			link_hang_up(p);
	}
}
