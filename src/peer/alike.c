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
	struct map looks; /* lookalike_key() -> display, owned */
	bool stale;
};

static bool
is_known(const struct person *p)
{
	return p->has_key && (p->trust == STORE_TRUST_KNOWN || p->trust == STORE_TRUST_INTRODUCED ||
				 p->trust == STORE_TRUST_VERIFIED);
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
add(struct alike *a, const char *name, const char *display)
{
	struct buf key = BUF_INIT(KEY_MAX);
	lookalike_key(&key, name);
	char *copy = buf_err(&key) || key.len == 0 || map_get(&a->looks, buf_cstr(&key))
			 ? NULL
			 : strdup(display);
	if (copy && map_set(&a->looks, buf_cstr(&key), copy) != 0)
		free(copy);
	buf_finish(&key);
}

static void
renew(struct alike *a, const struct roster *r)
{
	empty(a);
	MAP_FOREACH (node, &r->people) {
		struct person *p = node->value;
		p->in_alike = is_known(p);
		if (!p->in_alike)
			continue;
		add(a, p->display, p->display);
		add(a, p->instance, p->display);
	}
	a->stale = false;
}

const char *
alike_of(const struct person *p)
{
	struct alike *a = p->roster->alike;
	struct buf key = BUF_INIT(KEY_MAX);
	if (!a || is_known(p))
		return NULL;
	if (a->stale)
		renew(a, p->roster);
	if (a->looks.len == 0)
		return NULL; /* and no name is looked at */
	lookalike_key(&key, p->display);
	const char *found = buf_err(&key) ? NULL : map_get(&a->looks, buf_cstr(&key));
	buf_finish(&key);
	return found;
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
