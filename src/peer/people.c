#include "peer/people.h"

#include "base/clock.h"
#include "base/err.h"
#include "base/log.h"
#include "base/random.h"
#include "base/str.h"
#include "peer/avatar.h"
#include "peer/claim.h"
#include "peer/contact.h"
#include "peer/iq.h"
#include "peer/keep.h"
#include "peer/link.h"
#include "peer/outgoing.h"
#include "peer/reach.h"
#include "peer/roster.h"
#include "peer/shown.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* The keys of roster.people: names without ASCII case, as in DNS. A fixed peer's address has a
 * mark in front that no name can hold, so nobody can be announced under it. */
struct key {
	char text[LIMIT_HOST_NAME + 16];
};

static struct key
key_of(const char *name, bool nameless)
{
	struct key k = {.text = ""};
	size_t n = 0;
	if (nameless)
		k.text[n++] = '\n';
	for (; *name && n + 1 < sizeof(k.text); name++)
		k.text[n++] = (char)(*name >= 'A' && *name <= 'Z' ? *name - 'A' + 'a' : *name);
	return k;
}

static struct person *
find(const struct roster *r, const char *name, bool nameless)
{
	struct key key = key_of(name, nameless);
	return map_get(&r->people, key.text);
}

struct person *
people_named(const struct roster *r, const char *name)
{
	return *name == '\n' ? NULL : find(r, name, false);
}

struct person *
roster_get(struct roster *r, const char *name)
{
	struct person *p = people_named(r, name);
	return p ? p : find(r, name, true);
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

static void
recall_gone(struct person *p)
{
	if (!p->gone_node.next)
		return;
	list_remove(&p->gone_node);
	p->roster->gone_count--;
}

static void
remember_gone(struct person *p)
{
	recall_gone(p);
	if (p->kept || p->has_key || p->blocked)
		return;
	list_insert(&p->roster->gone, &p->gone_node);
	p->roster->gone_count++;
}

void
person_set_kept(struct person *p, bool kept)
{
	p->roster->kept_count += kept && !p->kept;
	p->roster->kept_count -= !kept && p->kept;
	bool first = kept && !p->kept;
	p->kept = kept;
	if (p->state == PERSON_GONE)
		remember_gone(p);
	if (first && !p->has_key)
		keep_contact(p, NULL); /* what it is waited for as must outlive us, too */
}

void
people_set_state(struct person *p, enum person_state state)
{
	enum person_state before = p->state;
	p->state = state;
	p->state_at = clock_now();
	if (state == PERSON_GONE)
		remember_gone(p);
	else
		recall_gone(p);
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
person_destroy(struct person *p)
{
	keep_freed(p);
	reach_finish(p);
	addresses_finish(&p->last);
	txt_kept_finish(&p->txt);
	free(p->via);
	free(p->display);
	free(p->instance);
	free(p->name);
	free(p);
}

void
people_free(struct person *p)
{
	struct roster *r = p->roster;
	struct key key = key_of(p->name, p->nameless);
	claims_forget(p);
	recall_gone(p);
	(void)!people_set_key(p, NULL);
	r->kept_count -= p->kept;
	bus_emit(&r->bus, &(struct bus_event){.kind = BUS_PERSON_FREED, .person = p});
	map_remove(&r->people, key.text);
	person_destroy(p);
}

bool
people_is_forgettable(const struct person *p)
{
	return !p->entry && !p->stream_count && p->dialling == DIAL_NONE &&
	       list_empty(&p->outgoing) && list_empty(&p->handed) && list_empty(&p->iqs);
}

/* Of those who left, the longest gone goes; who ever talked to us only after all who did not, so
 * that a flood of names drives out no acquaintance (N8). */
static void
forget_somebody(struct roster *r)
{
	struct person *victim = NULL;
	LIST_FOREACH (node, &r->gone) {
		struct person *p = container_of(node, struct person, gone_node);
		if (!people_is_forgettable(p) || (victim && p->answered))
			continue;
		victim = p;
		if (!p->answered)
			break;
	}
	if (victim)
		people_free(victim);
}

/* Keys are found by the part of them that is announced; of two that agree in that much the second
 * one is nobody's. */
int
people_set_key(struct person *p, const struct tls_id *key)
{
	struct roster *r = p->roster;
	char before[TRUST_HINT_SIZE], after[TRUST_HINT_SIZE];
	trust_hint(&p->key, before);
	if (key) {
		trust_hint(key, after);
		const struct person *other = map_get(&r->keys, after);
		if (other && other != p)
			return -EEXIST;
		int err = map_set(&r->keys, after, p);
		if (err)
			return err;
	}
	if (p->has_key && !(key && strcmp(before, after) == 0))
		map_remove(&r->keys, before);
	p->has_key = key != NULL;
	p->key = key ? *key : (struct tls_id){{0}};
	if (p->has_key)
		recall_gone(p);
	return 0;
}

/* A name that was given here holds the instance before its mark. */
static int
take_instance(struct person *p)
{
	p->instance = strndup(p->name, p->nameless ? strlen(p->name) : trust_name_own(p->name));
	return p->instance ? 0 : -ENOMEM;
}

struct person *
people_create(struct roster *r, const char *name, bool nameless)
{
	if (r->gone_count > LIMIT_PEOPLE_GONE)
		forget_somebody(r);
	struct key key = key_of(name, nameless);
	struct txt none = {0};
	struct person *p = calloc(1, sizeof(*p));
	if (p)
		p->nameless = nameless;
	if (!p || str_replace(&p->name, name) != 0 || take_instance(p) != 0 ||
	    txt_keep(&p->txt, &none) != 0 || shown_name(p, &none) != 0 ||
	    map_set(&r->people, key.text, p) != 0) {
		if (p)
			person_destroy(p);
		return NULL;
	}
	p->roster = r;
	p->state = PERSON_GONE; /* until somebody says otherwise */
	list_init(&p->iqs);
	outgoing_init(p);
	return p;
}

int
roster_recall(struct roster *r, const char *name, const char *display, struct person **out)
{
	struct person *p = find(r, name, false);
	if (!p) {
		p = people_create(r, name, false);
		if (!p)
			return -ENOMEM;
		(void)!str_replace(&p->display, display); /* else its name is shown */
	}
	person_set_kept(p, true);
	*out = p;
	return 0;
}

/* Front ends want to hear of somebody once there is something to show, not before. */
static bool
is_presentable(const struct discovery_entry *e)
{
	return e->has_txt || ((e->sources & DISCOVERY_FIXED) && e->addr_count > 0);
}

/* Who talks to us, or is no stranger, loses their place to no newcomer (N8). */
static bool
keeps_entry(const struct person *p)
{
	return p->stream_count > 0 || !person_is_stranger(p);
}

/* Of the entries that are p's the one under its own name is shown, else any. */
static void
adopt_entry(struct person *p, struct discovery_entry *e)
{
	if (p->entry && p->entry != e && str_casecmp(e->name, p->instance) != 0)
		return;
	p->entry = e;
	e->kept = keeps_entry(p);
	recall_gone(p);
	/* what is announced under another name is not shown of somebody known before it is proven
	 */
	if (e->has_txt && (!p->has_key || str_casecmp(e->name, p->instance) == 0)) {
		struct txt txt;
		txt_kept_get(&e->txt, &txt);
		shown_announced(p, &txt);
	}
	if (p->state == PERSON_GONE && is_presentable(e))
		people_set_state(p, PERSON_ANNOUNCED);
	link_entry_changed(p);
}

struct search {
	const struct person *person;
	struct discovery_entry *found;
};

static void
is_of(void *ctx, struct discovery_entry *e)
{
	struct search *s = ctx;
	if (e->user == s->person)
		s->found = e;
}

/* The entry that was shown of p is not p's any more. */
static void
entry_lost(struct person *p)
{
	struct search other = {.person = p};
	p->entry = NULL;
	if (p->has_key && !p->roster->closing)
		discovery_each(p->roster->discovery, is_of, &other);
	if (other.found) {
		adopt_entry(p, other.found);
		return;
	}
	link_resolved(p, ERR_ABSENT);
	/* A goodbye is a hint: who still talks to us is here. */
	if (p->stream_count == 0)
		people_set_state(p, PERSON_GONE);
}

void
people_move_entry(struct discovery_entry *e, struct person *to)
{
	struct person *from = e->user;
	e->user = to;
	if (from && from != to && from->entry == e)
		entry_lost(from);
	if (to)
		adopt_entry(to, e);
}

void
people_look_again_at(struct roster *r, struct discovery_entry *e)
{
	struct person *p = contact_of_entry(r, e);
	if (!p)
		log_debug(e->name, "not listed: nobody can have that name, or out of memory");
	people_move_entry(e, p);
}

static void
look_again(void *ctx, struct discovery_entry *e)
{
	struct roster *r = ctx;
	if (e->user && contact_of_entry(r, e) != e->user)
		people_look_again_at(r, e);
}

void
people_look_again(struct roster *r)
{
	discovery_each(r->discovery, look_again, r);
}

static void
entry_gone(struct discovery_entry *e)
{
	struct person *p = e->user;
	e->user = NULL;
	if (p && p->entry == e)
		entry_lost(p);
}

/* A known key is announced: what waits for it may try there, whatever else is announced of it. */
static void
found(struct person *p, struct discovery_entry *e, bool is_new)
{
	struct roster *r = p->roster;
	if (!p->has_key || p->current || !e->has_txt || !trust_hint_fits(e->txt.id, &p->key))
		return;
	if (e->addr_count > 0)
		bus_emit(&r->bus, &(struct bus_event){.kind = BUS_PERSON_FOUND, .person = p});
	else if (is_new)
		discovery_resolve(r->discovery, e);
}

static void
on_entry(void *ctx, struct discovery_entry *e, enum discovery_change change)
{
	if (change == DISCOVERY_GONE)
		entry_gone(e);
	else
		people_look_again_at(ctx, e);
	struct person *p = change == DISCOVERY_GONE ? NULL : e->user;
	if (!p)
		return;
	/* where somebody is to be found is shown, too */
	if (change == DISCOVERY_CHANGED && p->entry == e && p->state != PERSON_GONE)
		people_changed(p);
	found(p, e, change == DISCOVERY_NEW);
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

void
people_absorb(struct person *known, struct person *p)
{
	bus_emit(&known->roster->bus,
	    &(struct bus_event){.kind = BUS_PERSON_MERGED, .person = known, .other = p});
	link_move(p, known);
	outgoing_move(p, known);
	iq_move(p, known);
	if (p->entry && p->entry->user == p)
		people_move_entry(p->entry, known);
	p->entry = NULL;
	known->answered = known->answered || p->answered;
	people_set_state(p, PERSON_GONE);
	people_free(p);
}

int
people_rename(struct person *p, const char *name)
{
	struct roster *r = p->roster;
	struct key before = key_of(p->name, p->nameless), after = key_of(name, false);
	struct txt txt;
	char *copy = strdup(name);
	if (!copy || map_set(&r->people, after.text, p) != 0) {
		free(copy);
		log_error(p->name, "out of memory: its name, %s, is not shown", name);
		return -ENOMEM;
	}
	/* Front ends know people by their names: one leaves, the other comes. */
	enum person_state state = p->state;
	people_set_state(p, PERSON_GONE);
	map_remove(&r->people, before.text);
	char *old = p->name;
	bool was_nameless = p->nameless;
	p->name = copy;
	p->nameless = false;
	if (was_nameless)
		(void)!str_replace(&p->instance, name);
	txt_kept_get(&p->txt, &txt);
	if (!p->has_key || strcmp(p->display, old) == 0)
		(void)!shown_name(p, &txt); /* without memory the address stays to be shown */
	if (p->kept || p->has_key)
		keep_renamed(p, old);
	bus_emit(
	    &r->bus, &(struct bus_event){.kind = BUS_PERSON_RENAMED, .person = p, .name = old});
	free(old);
	people_set_state(p, state);
	return 0;
}

struct person *
people_name_fixed(struct person *p, const char *name)
{
	struct roster *r = p->roster;
	struct discovery_entry *before = p->entry;
	struct discovery_entry *e = discovery_name_fixed(r->discovery, before, name);
	if (!e)
		return NULL;
	if (e->nameless)
		return p;
	struct person *known = people_named(r, name);
	if (e != before)
		before->user = NULL; /* about to go; it was never a person of its own */
	if (known) {
		known->entry = e;
		e->user = known;
		recall_gone(known);
		p->entry = NULL;
		people_absorb(known, p);
		return known;
	}
	if (people_rename(p, name) != 0)
		return NULL;
	p->entry = e;
	e->user = p;
	return p;
}

void
people_forget_stream(struct person *p, const struct stream *s)
{
	for (size_t i = 0; i < p->stream_count; i++) {
		if (p->streams[i] != s)
			continue;
		p->streams[i] = p->streams[--p->stream_count];
		p->ready_at[i] = p->ready_at[p->stream_count];
		break;
	}
	if (p->current == s)
		p->current = NULL;
	if (p->state == PERSON_ANSWERED)
		p->state_at = clock_now() - stream_idle(s); /* the last we heard on it */
	if (p->entry)
		p->entry->kept = keeps_entry(p);
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
		person_destroy(p);
	}
	map_finish(&r->people);
	map_finish(&r->keys);
}
