#include "peer/people.h"

#include "base/clock.h"
#include "base/err.h"
#include "base/log.h"
#include "base/random.h"
#include "base/str.h"
#include "peer/avatar.h"
#include "peer/iq.h"
#include "peer/link.h"
#include "peer/outgoing.h"
#include "peer/roster.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* DNS names compare without ASCII case. */
static void
key_of(const char *name, char *out, size_t size)
{
	size_t i = 0;
	for (; name[i] && i + 1 < size; i++) {
		char c = name[i];
		out[i] = (char)(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
	}
	out[i] = '\0';
}

struct person *
roster_get(struct roster *r, const char *name)
{
	char key[sizeof(((struct person *)0)->name)];
	if (strlen(name) >= sizeof(key))
		return NULL;
	key_of(name, key, sizeof(key));
	return map_get(&r->people, key);
}

/* ---- telling others ---- */

static void
tell(struct person *p, enum bus_event_kind kind, const char *change)
{
	struct roster *r = p->roster;
	bus_emit(&r->bus, &(struct bus_event){.kind = kind, .person = p});
	if (!ipc_has_subscribers(r->ipc, "person"))
		return;
	struct value *event = value_object();
	value_set_str(event, "change", change);
	value_set(event, "person", person_describe(p));
	ipc_publish(r->ipc, "person", event);
}

void
people_changed(struct person *p)
{
	tell(p, BUS_PERSON_CHANGED, "changed");
}

void
people_set_state(struct person *p, enum person_state state)
{
	enum person_state before = p->state;
	p->state = state;
	p->state_at = clock_now();
	if (before == state)
		return;
	if (state == PERSON_GONE) {
		p->probe_at = 0;
		tell(p, BUS_PERSON_GONE, "gone");
	} else if (before == PERSON_GONE) {
		tell(p, BUS_PERSON_NEW, "new");
	} else {
		people_changed(p);
	}
}

/* ---- what discovery says ---- */

static void
take_display(struct person *p)
{
	if (txt_display_name(&p->txt, p->display, sizeof(p->display)) != 0 || !p->display[0]) {
		size_t n = strlen(p->name);
		if (n >= sizeof(p->display))
			n = sizeof(p->display) - 1;
		memcpy(p->display, p->name, n);
		p->display[n] = '\0';
	}
}

/* Room for one more: somebody who left long ago is forgotten, nobody who is here. */
static bool
make_room(struct roster *r)
{
	if (r->people.len < LIMIT_ENTRIES)
		return true;
	MAP_FOREACH (node, &r->people) {
		struct person *p = node->value;
		if (p->state == PERSON_GONE && p->stream_count == 0) {
			bus_emit(
			    &r->bus, &(struct bus_event){.kind = BUS_PERSON_FREED, .person = p});
			map_remove(&r->people, node->key);
			free(p);
			return true;
		}
	}
	return false;
}

static struct person *
person_create(struct roster *r, const char *name)
{
	struct person *p = make_room(r) ? calloc(1, sizeof(*p)) : NULL;
	if (!p)
		return NULL;
	char key[sizeof(p->name)];
	p->roster = r;
	p->state = PERSON_GONE; /* until somebody says otherwise */
	list_init(&p->iqs);
	outgoing_init(p);
	if (str_copy(p->name, sizeof(p->name), name) != 0) {
		free(p);
		return NULL;
	}
	key_of(name, key, sizeof(key));
	if (map_set(&r->people, key, p) != 0) {
		free(p);
		return NULL;
	}
	take_display(p);
	return p;
}

static bool
same_txt(const struct txt *a, const struct txt *b)
{
	return str_equal(a->first, b->first) && str_equal(a->last, b->last) &&
	       str_equal(a->nick, b->nick) && str_equal(a->msg, b->msg) &&
	       str_equal(a->ver, b->ver) && str_equal(a->phsh, b->phsh) && a->status == b->status &&
	       a->client == b->client;
}

void
people_set_txt(struct person *p, const struct txt *txt)
{
	if (same_txt(&p->txt, txt))
		return;
	if (!str_equal(p->txt.ver, txt->ver)) {
		p->caps = NULL;
		p->caps_asked = false;
	}
	p->txt = *txt;
	take_display(p);
	people_changed(p);
}

/* Front ends want to hear of somebody once the name is known, not before. */
static bool
is_presentable(const struct discovery_entry *e)
{
	return e->has_txt || e->nameless;
}

static void
entry_here(struct roster *r, struct discovery_entry *e)
{
	struct person *p = e->user ? e->user : roster_get(r, e->name);
	if (!p)
		p = person_create(r, e->name);
	if (!p) {
		log_warn(e->name, "not listed: no room for more people");
		return;
	}
	e->user = p;
	p->entry = e;
	if (e->has_txt && p->state == PERSON_GONE) {
		p->txt = e->txt;
		take_display(p);
	} else if (e->has_txt) {
		people_set_txt(p, &e->txt);
	}
	if (p->state == PERSON_GONE && is_presentable(e))
		people_set_state(p, PERSON_ANNOUNCED);
	/* News of somebody silent: maybe back already. */
	if (p->state == PERSON_SILENT && p->dialling == DIAL_NONE) {
		p->probe_at = clock_now();
		roster_need_tick(r);
	}
	link_entry_changed(p);
}

static void
entry_gone(struct roster *r, struct discovery_entry *e)
{
	struct person *p = e->user;
	(void)r;
	if (!p)
		return;
	p->entry = NULL;
	e->user = NULL;
	LIST_FOREACH (node, &r->claims) {
		struct claim *c = container_of(node, struct claim, node);
		if (c->asked == p)
			c->answered = true;
	}
	link_resolved(p, ERR_ABSENT);
	/* A goodbye is a hint: who still talks to us is here. */
	if (p->stream_count == 0)
		people_set_state(p, PERSON_GONE);
}

static void
on_entry(void *ctx, struct discovery_entry *e, enum discovery_change change)
{
	if (change == DISCOVERY_GONE)
		entry_gone(ctx, e);
	else
		entry_here(ctx, e);
}

static void
on_resolved(void *ctx, struct discovery_entry *e, int err)
{
	(void)ctx;
	if (e->user)
		link_resolved(e->user, err);
}

static void
on_name(void *ctx, const char *name, bool published)
{
	struct roster *r = ctx;
	bool renamed = r->own_name[0] && strcmp(r->own_name, name) != 0;
	r->own.published = published;
	(void)!str_copy(r->own_name, sizeof(r->own_name), name);
	int err = stream_hub_set_name(r->hub, name);
	if (err)
		log_error(NULL, "the name %s could not be taken: %s", name, err_str(err));
	if (renamed)
		link_renamed(r);
	if (published)
		log_info(NULL, "others see us as %s", name);
	ipc_publish(r->ipc, "own", own_describe(r));
}

static void
on_state(void *ctx)
{
	roster_publish_state(ctx);
}

static void
on_avatar(void *ctx, struct discovery_entry *e, const void *data, size_t len)
{
	(void)ctx;
	if (e->user)
		avatar_arrived(e->user, data, len);
}

const struct discovery_listener people_discovery_listener = {
    .on_name = on_name,
    .on_state = on_state,
    .on_entry = on_entry,
    .on_resolved = on_resolved,
    .on_avatar = on_avatar,
};

/* ---- fixed peers ---- */

/* p was an address only and turned out to be somebody we know: what waits for p goes there. */
static void
absorb(struct person *known, struct person *p)
{
	struct roster *r = p->roster;
	char key[sizeof(p->name)];
	outgoing_move(p, known);
	iq_fail_all(p, ERR_CLOSED);
	p->entry = NULL;
	people_set_state(p, PERSON_GONE);
	bus_emit(&r->bus, &(struct bus_event){.kind = BUS_PERSON_FREED, .person = p});
	key_of(p->name, key, sizeof(key));
	map_remove(&r->people, key);
	free(p);
}

struct person *
people_name_fixed(struct person *p, const char *name)
{
	struct roster *r = p->roster;
	if (strlen(name) >= sizeof(p->name) || !p->entry)
		return p;
	struct discovery_entry *before = p->entry;
	struct discovery_entry *e = discovery_name_fixed(r->discovery, before, name);
	if (!e)
		return p; /* our own name: the address leads to ourselves, and is on its way out */
	if (e != before)
		before->user = NULL; /* about to go; it was never a person of its own */
	struct person *known = roster_get(r, name);
	if (known && known != p) {
		/* Somebody we know already: what waits for p goes to them. */
		known->entry = e;
		e->user = known;
		absorb(known, p);
		return known;
	}
	/* Front ends know people by their names: one leaves, the other comes. */
	enum person_state state = p->state;
	people_set_state(p, PERSON_GONE);
	char key[sizeof(p->name)];
	key_of(p->name, key, sizeof(key));
	map_remove(&r->people, key);
	(void)!str_copy(p->name, sizeof(p->name), name);
	key_of(p->name, key, sizeof(key));
	if (map_set(&r->people, key, p) != 0)
		log_error(p->name, "out of memory: this person is lost");
	p->entry = e;
	e->user = p;
	take_display(p);
	people_set_state(p, state);
	return p;
}

void
people_forget_stream(struct person *p, const struct stream *s)
{
	for (size_t i = 0; i < p->stream_count; i++) {
		if (p->streams[i] != s)
			continue;
		p->streams[i] = p->streams[--p->stream_count];
		break;
	}
	if (p->current == s)
		p->current = NULL;
	if (p->entry)
		p->entry->kept = p->stream_count > 0;
}

void
people_finish(struct roster *r)
{
	/* Discovery and streams are gone already: nothing below may follow these pointers. */
	MAP_FOREACH (each, &r->people) {
		struct person *p = each->value;
		p->entry = NULL;
		p->current = NULL;
		p->stream_count = 0;
	}
	MAP_FOREACH (node, &r->people) {
		struct person *p = node->value;
		outgoing_fail(p, ERR_CLOSED);
		iq_fail_all(p, ERR_CLOSED);
		bus_emit(&r->bus, &(struct bus_event){.kind = BUS_PERSON_FREED, .person = p});
		free(p);
	}
	map_finish(&r->people);
}
