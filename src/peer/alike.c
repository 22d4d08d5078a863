#include "peer/alike.h"

#include "base/lookalike.h"
#include "base/map.h"
#include "peer/person.h"
#include "peer/roster.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { KEY_MAX = 4096 };

/* Made anew when it is asked for after somebody known has changed, which is seldom. */
struct alike {
	struct map looks; /* lookalike_key() -> struct look, owned */
	bool stale;
};

/* What the best trusted of those who look like that is called. */
struct look {
	int rank;
	char display[];
};

/* 0: not known. */
static int
rank_of(const struct person *p)
{
	bool known =
	    p->has_key && (p->trust == STORE_TRUST_KNOWN || p->trust == STORE_TRUST_INTRODUCED ||
			      p->trust == STORE_TRUST_VERIFIED);
	return known ? store_trust_rank(p->trust) : 0;
}

static void
empty(struct alike *a)
{
	MAP_FOREACH (node, &a->looks)
		free(node->value);
	map_finish(&a->looks);
	map_init(&a->looks);
}

/* Without memory it is missing, until the next change. */
static void
add(struct alike *a, const char *name, const char *display, int rank)
{
	struct buf key = BUF_INIT(KEY_MAX);
	lookalike_key(&key, name);
	struct look *before =
	    buf_err(&key) || key.len == 0 ? NULL : map_get(&a->looks, buf_cstr(&key));
	bool wanted = !buf_err(&key) && key.len > 0 && (!before || before->rank < rank);
	size_t size = strlen(display) + 1;
	struct look *look = wanted ? malloc(sizeof(*look) + size) : NULL;
	if (look) {
		look->rank = rank;
		memcpy(look->display, display, size);
		if (map_set(&a->looks, buf_cstr(&key), look) == 0)
			free(before);
		else
			free(look);
	}
	buf_finish(&key);
}

static void
renew(struct alike *a, const struct roster *r)
{
	empty(a);
	MAP_FOREACH (node, &r->people) {
		struct person *p = node->value;
		int rank = rank_of(p);
		p->in_alike = rank > 0;
		if (!p->in_alike)
			continue;
		add(a, p->display, p->display, rank);
		add(a, p->instance, p->display, rank);
	}
	a->stale = false;
}

/* Who is known looks like somebody else only if that one is trusted more. */
static const char *
find(const struct alike *a, const char *name, int rank)
{
	struct buf key = BUF_INIT(KEY_MAX);
	lookalike_key(&key, name);
	const struct look *look = buf_err(&key) ? NULL : map_get(&a->looks, buf_cstr(&key));
	buf_finish(&key);
	return look && look->rank > rank ? look->display : NULL;
}

const char *
alike_of(const struct person *p)
{
	struct alike *a = p->roster->alike;
	if (!a)
		return NULL;
	if (a->stale)
		renew(a, p->roster);
	if (a->looks.len == 0)
		return NULL; /* and no name is looked at */
	const char *found = find(a, p->display, rank_of(p));
	bool other = strcmp(p->display, p->instance) != 0;
	return !found && other ? find(a, p->instance, rank_of(p)) : found;
}

static void
on_event(void *ctx, const struct bus_event *e)
{
	struct roster *r = ctx;
	/* what somebody was is not told: whoever leaves, or has a key no more, may have been known
	 */
	bool plain = e->person && e->person->trust == STORE_TRUST_PLAIN;
	if (e->person && !(plain && e->kind == BUS_PERSON_NEW))
		r->alike->stale = true;
}

static void
done(void *ctx)
{
	struct roster *r = ctx;
	empty(r->alike);
	map_finish(&r->alike->looks);
	free(r->alike);
	r->alike = NULL;
}

static int
start(struct roster *r)
{
	r->alike = calloc(1, sizeof(*r->alike));
	if (!r->alike)
		return -ENOMEM;
	map_init(&r->alike->looks);
	r->alike->stale = true;
	return bus_listen(&r->bus, on_event, done, r);
}

FEATURE_DEFINE(alike) = {.name = "alike", .start = start};
