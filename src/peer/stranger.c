#include "peer/stranger.h"

#include "base/clock.h"
#include "base/err.h"
#include "base/log.h"
#include "base/str.h"
#include "peer/person.h"
#include "peer/roster.h"
#include "stream/stream.h"
#include "xml/elem.h"
#include "xml/ns.h"

#include <stdlib.h>
#include <string.h>

/* ---- how much they may say ---- */

/* About as many bytes as it was on the wire. */
static size_t
weight(const struct xml_elem *e)
{
	enum { TAGS = 5 }; /* <></> and the like */
	size_t n = 2 * strlen(e->name) + strlen(e->text) + TAGS;
	for (size_t i = 0; i < e->attr_count; i++)
		n += strlen(e->attrs[i].name) + strlen(e->attrs[i].value) + TAGS;
	XML_FOREACH (child, e)
		n += weight(child);
	return n;
}

/* Of a file: it is kept, and shown, as words are. */
static bool
is_offer(const struct xml_elem *stanza)
{
	const struct xml_elem *jingle = xml_elem_child(stanza, NS_JINGLE, "jingle");
	return (jingle && str_equal(xml_elem_attr(jingle, "action"), "session-initiate")) ||
	       xml_elem_child(stanza, NS_SI, "si") || xml_elem_child(stanza, NS_IQ_OOB, "query") ||
	       xml_elem_child(stanza, NS_X_OOB, "x");
}

/* Words for somebody to read, or what comes with as much ado. */
static bool
is_words(const struct xml_elem *stanza)
{
	if (is_offer(stanza))
		return true;
	return xml_elem_is(stanza, NS_CLIENT, "message") &&
	       (xml_elem_child(stanza, NS_CLIENT, "body") ||
		   xml_elem_child(stanza, NS_XHTML, "html") ||
		   xml_elem_child(stanza, NS_XHTML_IM, "html") ||
		   xml_elem_child(stanza, NS_ATTENTION, "attention"));
}

static struct bucket_rate
rate(const struct person *p)
{
	bool allowed = p->roster->policy.strangers == POLICY_STRANGERS_ALLOW;
	return allowed ? budget_allowed : budget_quiet;
}

void
stranger_heard(struct person *p, struct stream *s, const struct xml_elem *stanza)
{
	if (!person_is_stranger(p))
		return;
	switch (budget_heard(&p->budget, rate(p), is_words(stanza), weight(stanza), clock_now())) {
	case BUDGET_GO:
		return;
	case BUDGET_END:
		log_info(p->name, "a stranger says too much at once: its stream is ended");
		stream_close(s, ERR_FLOOD); /* <resource-constraint/>: what is unsaid keeps */
		break;
	case BUDGET_PAUSE:
		break;
	}
	person_hold(p, PERSON_HOLD_BUDGET);
	roster_need_tick(p->roster);
}

bool
stranger_tick(struct person *p, uint64_t now)
{
	if (!(p->held & PERSON_HOLD_BUDGET))
		return false;
	if (person_is_stranger(p) && budget_wait(&p->budget, rate(p), now) > 0)
		return true;
	person_release(p, PERSON_HOLD_BUDGET);
	return false;
}

bool
stranger_may_disturb(struct person *p)
{
	struct roster *r = p->roster;
	if (!person_is_stranger(p))
		return true;
	return r->policy.strangers == POLICY_STRANGERS_ALLOW &&
	       budget_notice(&p->budget, &r->notices, clock_now());
}

bool
stranger_may_ask(struct person *p)
{
	struct roster *r = p->roster;
	if (!person_is_stranger(p))
		return true;
	return r->policy.strangers == POLICY_STRANGERS_ALLOW &&
	       budget_seldom(&r->notices, clock_now());
}

/* ---- how many of them ---- */

/* Any number of strangers may come by; those who say nothing any more make room (N18). */
static void
end_idlest(struct roster *r)
{
	struct stream *idlest = NULL;
	size_t count = 0;
	MAP_FOREACH (node, &r->people) {
		const struct person *p = node->value;
		if (p->stream_count == 0 || !person_is_stranger(p))
			continue;
		for (size_t i = 0; i < p->stream_count; i++) {
			struct stream *s = p->streams[i];
			if (stream_is_closing(s))
				continue;
			count++;
			if (!idlest || stream_idle(s) > stream_idle(idlest))
				idlest = s;
		}
	}
	if (count > LIMIT_STREAMS_STRANGERS)
		stream_close(idlest, 0);
}

/* ---- where people we know were last verified ---- */

struct known {
	struct sockaddr_storage *at; /* owned */
	size_t count, room;
};

static void
add_known(struct known *k, const struct sockaddr_storage *address)
{
	if (k->count == LIMIT_KNOWN_ADDRESSES)
		return;
	if (k->count == k->room) {
		size_t room = k->room ? 2 * k->room : LIMIT_ADDRESSES_PROVEN;
		void *grown = realloc(k->at, room * sizeof(*k->at));
		if (!grown)
			return; /* fewer are favoured */
		k->at = grown;
		k->room = room;
	}
	k->at[k->count++] = *address;
}

void
strangers_tick(struct roster *r)
{
	struct known k = {0};
	if (!r->known_due || !r->hub)
		return;
	r->known_due = false;
	MAP_FOREACH (node, &r->people) {
		const struct person *p = node->value;
		if (person_is_stranger(p) || p->blocked)
			continue;
		for (size_t i = 0; i < p->last.count; i++)
			add_known(&k, &p->last.at[i]);
		for (size_t i = 0; i < p->stream_count; i++)
			add_known(&k, stream_remote(p->streams[i]));
	}
	int err = stream_hub_set_known(r->hub, k.at, k.count);
	if (err)
		log_warn(NULL, "known addresses are not favoured: %s", err_str(err));
	free(k.at);
}

static void
on_event(void *ctx, const struct bus_event *e)
{
	struct roster *r = ctx;
	switch (e->kind) {
	case BUS_STREAM_UP:
		if (e->person->held)
			stream_pause(e->stream);
		if (person_is_stranger(e->person))
			end_idlest(r);
		break;
	case BUS_PERSON_MERGED: /* its streams go to somebody who is not held for them */
		person_release(e->other, PERSON_HOLD_BUDGET);
		person_release(e->other, PERSON_HOLD_STORE);
		break;
	case BUS_PERSON_CHANGED:
	case BUS_PERSON_RENAMED:
		break;
	case BUS_PERSON_NEW:
	case BUS_PERSON_GONE:
	case BUS_KEY_FORGOTTEN:
	case BUS_PERSON_FOUND:
	case BUS_PERSON_FREED:
	case BUS_STREAM_DOWN:
	case BUS_UNREACHABLE:
	case BUS_STORE_TROUBLE:
	case BUS_STORE_RECOVERED:
	case BUS_FORGOTTEN:
	case BUS_SETTINGS:
	case BUS_STOPPING:
		return;
	}
	if (r->known_due || r->closing)
		return;
	r->known_due = true;
	roster_need_tick(r);
}

static int
start(struct roster *r)
{
	r->known_due = true;
	roster_need_tick(r);
	return bus_listen(&r->bus, on_event, NULL, r);
}

FEATURE_DEFINE(strangers) = {.name = "strangers", .start = start};
