#include "discovery/entries.h"

#include "base/clock.h"
#include "base/random.h"
#include "base/str.h"
#include "discovery/address.h"
#include "discovery/name.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FIRST_CAPACITY = 64, EVICTION_TRIES = 32, KEY_SIZE = LIMIT_HOST_NAME + 16 };

/* No instance name holds this, so no announcement can pretend to be a fixed peer. */
#define FIXED_PREFIX "\n"

void
entries_init(struct entries *s, size_t limit, void (*on_news)(void *ctx), void *ctx)
{
	*s = (struct entries){.limit = limit, .on_news = on_news, .ctx = ctx};
	map_init(&s->by_key);
	list_init(&s->news);
}

static void
destroy(struct entry *ent)
{
	free(ent->e.name);
	free(ent->e.host);
	free(ent->e.addr);
	free(ent->origin);
	free(ent->place);
	txt_kept_finish(&ent->e.txt);
	free(ent);
}

void
entries_finish(struct entries *s)
{
	for (size_t i = 0; i < s->count; i++) {
		list_remove(&s->all[i]->news);
		destroy(s->all[i]);
	}
	if (s->news.next)
		LIST_FOREACH (node, &s->news)
			destroy(container_of(node, struct entry, news)); /* the dead */
	free(s->all);
	map_finish(&s->by_key);
	*s = (struct entries){0};
}

static void
touch(struct entries *s, struct entry *ent)
{
	if (ent->news.next)
		return;
	list_insert(&s->news, &ent->news);
	s->on_news(s->ctx);
}

struct entry *
entries_take_news(struct entries *s)
{
	if (list_empty(&s->news))
		return NULL;
	struct entry *ent = container_of(s->news.next, struct entry, news);
	list_remove(&ent->news);
	return ent;
}

void
entries_free(struct entry *ent)
{
	asks_forget(&ent->resolve);
	asks_forget(&ent->avatar);
	destroy(ent);
}

static void
fixed_key(char *out, size_t size, const char *address)
{
	char lower[LIMIT_HOST_NAME + 8];
	name_key(lower, sizeof(lower), address);
	(void)snprintf(out, size, FIXED_PREFIX "%s", lower);
}

struct entry *
entries_get(struct entries *s, const char *name)
{
	char key[KEY_SIZE];
	name_key(key, sizeof(key), name);
	return map_get(&s->by_key, key);
}

struct entry *
entries_get_fixed(struct entries *s, const char *address)
{
	char key[KEY_SIZE];
	fixed_key(key, sizeof(key), address);
	return map_get(&s->by_key, key);
}

static void
key_of(char out[KEY_SIZE], const struct entry *ent)
{
	if (ent->e.nameless)
		fixed_key(out, KEY_SIZE, ent->e.name);
	else
		name_key(out, KEY_SIZE, ent->e.name);
}

static void
kill_entry(struct entries *s, struct entry *ent)
{
	char key[KEY_SIZE];
	key_of(key, ent);
	(void)map_remove(&s->by_key, key);
	s->all[ent->index] = s->all[--s->count];
	s->all[ent->index]->index = ent->index;
	ent->dead = true;
	ent->e.sources = 0;
	ent->e.places = 0;
	touch(s, ent);
}

static bool
may_evict(const struct entry *ent)
{
	return !ent->e.kept && !ent->own && !(ent->e.sources & DISCOVERY_FIXED);
}

/* Whoever floods the network must not choose who leaves: a random one (threat N8). Those who are
 * kept have places of their own. */
static bool
make_room(struct entries *s)
{
	size_t strangers = 0;
	if (s->count < s->limit)
		return true;
	for (size_t i = 0; i < s->count; i++)
		strangers += may_evict(s->all[i]);
	if (strangers < s->limit && s->count < s->limit + LIMIT_ENTRIES_KEPT)
		return true;
	for (int i = 0; i < EVICTION_TRIES; i++) {
		struct entry *ent = s->all[random_below((uint32_t)s->count)];
		if (may_evict(ent)) {
			kill_entry(s, ent);
			return true;
		}
	}
	return false;
}

static int
reserve_one(struct entries *s)
{
	if (s->count < s->capacity)
		return 0;
	size_t capacity = s->capacity ? s->capacity * 2 : FIRST_CAPACITY;
	struct entry **all = realloc(s->all, capacity * sizeof(struct entry *));
	if (!all)
		return -1;
	s->all = all;
	s->capacity = capacity;
	return 0;
}

static struct entry *
make(struct entries *s, const char *key, const char *name, bool nameless)
{
	struct entry *ent = NULL;
	if (!make_room(s) || reserve_one(s))
		return NULL;
	ent = calloc(1, sizeof(*ent));
	if (!ent || str_replace(&ent->e.name, name) || map_set(&s->by_key, key, ent)) {
		if (ent)
			destroy(ent);
		return NULL;
	}
	ent->e.nameless = nameless;
	ent->own = !nameless && strcmp(key, s->own_key) == 0;
	ent->index = s->count;
	s->all[s->count++] = ent;
	return ent;
}

static bool
same_place(const struct place *a, const struct place *b)
{
	return a->source == b->source && a->id == b->id && a->family == b->family;
}

static void
count_places(struct entry *ent)
{
	ent->e.sources = 0;
	ent->e.places = 0;
	for (size_t i = 0; i < ent->place_count; i++) {
		ent->e.sources |= ent->place[i].source;
		ent->e.places += ent->place[i].source != DISCOVERY_FIXED;
	}
}

/* Room for one more member, a few at a time: most entries have one place and two addresses. */
static int
make_member_room(void **array, size_t *room, size_t count, size_t size)
{
	if (count < *room)
		return 0;
	size_t more = *room ? 2 * *room : 2;
	void *grown = realloc(*array, more * size);
	if (!grown)
		return -ENOMEM;
	*array = grown;
	*room = more;
	return 0;
}

static int
make_place_room(struct entry *ent)
{
	void *place = ent->place;
	int err =
	    make_member_room(&place, &ent->place_room, ent->place_count, sizeof(ent->place[0]));
	ent->place = place;
	return err;
}

/* ent; NULL if that was to be its first place and there is no memory. */
static struct entry *
add_place(struct entries *s, struct entry *ent, struct place place)
{
	ent->e.announced_at = clock_now();
	for (size_t i = 0; i < ent->place_count; i++) {
		if (same_place(&ent->place[i], &place)) {
			ent->place[i].stale = false;
			return ent;
		}
	}
	if (ent->place_count == LIMIT_PLACES || make_place_room(ent)) {
		if (ent->place_count)
			return ent;
		kill_entry(s, ent);
		return NULL;
	}
	ent->place[ent->place_count++] = place;
	count_places(ent);
	touch(s, ent);
	return ent;
}

struct entry *
entries_found(struct entries *s, const char *name, struct place place)
{
	char key[KEY_SIZE];
	name_key(key, sizeof(key), name);
	struct entry *ent = map_get(&s->by_key, key);
	if (!ent)
		ent = make(s, key, name, false);
	return ent ? add_place(s, ent, place) : NULL;
}

struct entry *
entries_found_fixed(struct entries *s, const char *address, struct place place)
{
	char key[KEY_SIZE];
	fixed_key(key, sizeof(key), address);
	struct entry *ent = map_get(&s->by_key, key);
	if (!ent)
		ent = make(s, key, address, true);
	return ent ? add_place(s, ent, place) : NULL;
}

static void
remove_address(struct entry *ent, size_t i)
{
	size_t after = --ent->e.addr_count - i;
	memmove(&ent->e.addr[i], &ent->e.addr[i + 1], after * sizeof(ent->e.addr[0]));
	memmove(&ent->origin[i], &ent->origin[i + 1], after * sizeof(ent->origin[0]));
}

static bool
has_place_on(const struct entry *ent, const struct place *p)
{
	for (size_t i = 0; i < ent->place_count; i++)
		if (ent->place[i].source == p->source && ent->place[i].id == p->id)
			return true;
	return false;
}

/* The addresses learnt at places that are gone go with them. */
static void
drop_homeless(struct entry *ent)
{
	for (size_t i = ent->e.addr_count; i-- > 0;)
		if (!has_place_on(ent, &ent->origin[i]))
			remove_address(ent, i);
}

static void
after_places_left(struct entries *s, struct entry *ent)
{
	if (!ent->place_count) {
		kill_entry(s, ent);
		return;
	}
	count_places(ent);
	drop_homeless(ent);
	touch(s, ent);
}

struct entry *
entries_at(struct entries *s, struct place place)
{
	for (size_t i = 0; i < s->count; i++)
		for (size_t p = 0; p < s->all[i]->place_count; p++)
			if (same_place(&s->all[i]->place[p], &place))
				return s->all[i];
	return NULL;
}

void
entries_lost(struct entries *s, struct entry *ent, struct place place)
{
	for (size_t i = 0; i < ent->place_count; i++) {
		if (same_place(&ent->place[i], &place)) {
			ent->place[i] = ent->place[--ent->place_count];
			after_places_left(s, ent);
			return;
		}
	}
}

void
entries_doubt(struct entries *s, enum discovery_source source)
{
	for (size_t i = 0; i < s->count; i++)
		for (size_t p = 0; p < s->all[i]->place_count; p++)
			if (s->all[i]->place[p].source == source)
				s->all[i]->place[p].stale = true;
}

void
entries_sweep(struct entries *s, enum discovery_source source)
{
	for (size_t i = s->count; i-- > 0;) {
		struct entry *ent = s->all[i];
		size_t before = ent->place_count;
		for (size_t p = before; p-- > 0;)
			if (ent->place[p].source == source && ent->place[p].stale)
				ent->place[p] = ent->place[--ent->place_count];
		if (ent->place_count < before)
			after_places_left(s, ent);
	}
}

void
entries_set_service(struct entries *s, struct entry *ent, const char *host, uint16_t port)
{
	ent->e.announced_at = clock_now();
	if (str_equal(ent->e.host, host) && ent->e.port == port)
		return;
	if (str_replace(&ent->e.host, host))
		return;
	ent->e.port = port;
	/* the port of an SRV record is that of all addresses; a fixed peer's was given with it */
	for (size_t i = 0; i < ent->e.addr_count; i++)
		if (ent->origin[i].source != DISCOVERY_FIXED)
			address_set_port(&ent->e.addr[i], port);
	touch(s, ent);
}

void
entries_set_txt(struct entries *s, struct entry *ent, const struct txt *txt)
{
	ent->e.announced_at = clock_now();
	struct txt before;
	txt_kept_get(&ent->e.txt, &before);
	if ((ent->e.has_txt && txt_equal(&before, txt)) || txt_keep(&ent->e.txt, txt))
		return;
	ent->e.has_txt = true;
	touch(s, ent);
}

static bool
same_endpoint(const struct sockaddr_storage *a, const struct sockaddr_storage *b)
{
	return address_same_host(a, b) && address_port(a) == address_port(b);
}

static bool
grow_addresses(struct entry *ent)
{
	void *addr = ent->e.addr, *origin = ent->origin;
	size_t addr_room = ent->addr_room, origin_room = ent->addr_room;
	int err = make_member_room(&addr, &addr_room, ent->e.addr_count, sizeof(ent->e.addr[0]));
	if (!err)
		err = make_member_room(
		    &origin, &origin_room, ent->e.addr_count, sizeof(ent->origin[0]));
	ent->e.addr = addr;
	ent->origin = origin;
	ent->addr_room = origin_room;
	return !err;
}

/* Full: one in doubt gives way, or the newcomer does not come. */
static bool
make_address_room(struct entry *ent)
{
	if (ent->e.addr_count < LIMIT_ADDRESSES)
		return grow_addresses(ent);
	for (size_t i = ent->e.addr_count; i-- > 0;) {
		if (ent->origin[i].stale) {
			remove_address(ent, i);
			return true;
		}
	}
	return false;
}

void
entries_add_address(
    struct entries *s, struct entry *ent, struct place from, const struct sockaddr_storage *a)
{
	for (size_t i = 0; i < ent->e.addr_count; i++) {
		if (same_endpoint(&ent->e.addr[i], a)) {
			ent->origin[i].stale = false;
			return;
		}
	}
	if (!make_address_room(ent))
		return;
	size_t at = 0;
	while (at < ent->e.addr_count && address_rank(&ent->e.addr[at]) <= address_rank(a))
		at++;
	size_t after = ent->e.addr_count++ - at;
	memmove(&ent->e.addr[at + 1], &ent->e.addr[at], after * sizeof(ent->e.addr[0]));
	memmove(&ent->origin[at + 1], &ent->origin[at], after * sizeof(ent->origin[0]));
	ent->e.addr[at] = *a;
	ent->origin[at] = from;
	touch(s, ent);
}

void
entries_doubt_addresses(struct entry *ent, enum discovery_source source, unsigned id)
{
	for (size_t i = 0; i < ent->e.addr_count; i++)
		if (ent->origin[i].source == source && (!id || ent->origin[i].id == id))
			ent->origin[i].stale = true;
}

void
entries_drop_doubted(struct entries *s, struct entry *ent, enum discovery_source source)
{
	for (size_t i = ent->e.addr_count; i-- > 0;) {
		if (ent->origin[i].source == source && ent->origin[i].stale) {
			remove_address(ent, i);
			touch(s, ent);
		}
	}
}

void
entries_set_own(struct entries *s, const char *name)
{
	char key[LIMIT_INSTANCE_NAME + 1];
	name_key(key, sizeof(key), name);
	if (strcmp(key, s->own_key) == 0)
		return;
	struct entry *before = s->own_key[0] ? map_get(&s->by_key, s->own_key) : NULL;
	struct entry *now = map_get(&s->by_key, key);
	if (before) {
		before->own = false;
		touch(s, before);
	}
	if (now) {
		now->own = true;
		touch(s, now);
	}
	memcpy(s->own_key, key, sizeof(key));
}

static void
merge(struct entries *s, struct entry *into, struct entry *from)
{
	for (size_t i = 0; i < from->place_count; i++)
		(void)add_place(s, into, from->place[i]);
	for (size_t i = 0; i < from->e.addr_count; i++)
		entries_add_address(s, into, from->origin[i], &from->e.addr[i]);
	into->e.kept |= from->e.kept;
	kill_entry(s, from);
}

struct entry *
entries_rename(struct entries *s, struct entry *ent, const char *name)
{
	char key[LIMIT_INSTANCE_NAME + 1];
	name_key(key, sizeof(key), name);
	struct entry *other = map_get(&s->by_key, key);
	if (other) {
		merge(s, other, ent);
		return other;
	}
	char before[KEY_SIZE];
	key_of(before, ent);
	char *copy = strdup(name);
	if (!copy || map_set(&s->by_key, key, ent)) {
		free(copy);
		return ent; /* no memory: it stays nameless until the next stream */
	}
	(void)map_remove(&s->by_key, before);
	free(ent->e.name);
	ent->e.name = copy;
	ent->e.nameless = false;
	ent->own = strcmp(key, s->own_key) == 0;
	touch(s, ent);
	return ent;
}
