#include "peer/reach.h"

#include "discovery/address.h"
#include "peer/roster.h"
#include "peer/trust.h"

#include <stdlib.h>

struct reach {
	struct sockaddr_storage tried[LIMIT_REACH_TRIES];
	size_t count;
	struct tls_id seen;
	bool has_seen;
};

static bool
same(const struct sockaddr_storage *a, const struct sockaddr_storage *b)
{
	return address_same_host(a, b) && address_port(a) == address_port(b);
}

static struct reach *
reach_of(struct person *p)
{
	if (!p->reach)
		p->reach = calloc(1, sizeof(*p->reach));
	return p->reach;
}

struct listing {
	const struct person *person;
	struct sockaddr_storage *out;
	size_t count;
};

static void
add(struct listing *l, const struct sockaddr_storage *address)
{
	const struct reach *reach = l->person->reach;
	if (!address_port(address) || l->count == LIMIT_ADDRESSES)
		return;
	for (size_t i = 0; reach && i < reach->count; i++)
		if (same(&reach->tried[i], address))
			return;
	for (size_t i = 0; i < l->count; i++)
		if (same(&l->out[i], address))
			return;
	l->out[l->count++] = *address;
}

static void
add_entry(struct listing *l, const struct discovery_entry *e)
{
	for (size_t i = 0; e && i < e->addr_count; i++)
		add(l, &e->addr[i]);
}

static void
add_hinted(void *ctx, struct discovery_entry *e)
{
	struct listing *l = ctx;
	if (e->has_txt && trust_hint_fits(e->txt.id, &l->person->key))
		add_entry(l, e);
}

size_t
reach_addresses(struct person *p, struct sockaddr_storage out[LIMIT_ADDRESSES])
{
	struct listing l = {.person = p, .out = out};
	if (p->has_key)
		for (size_t i = 0; i < p->last.count; i++)
			add(&l, &p->last.at[i]);
	add_entry(&l, p->entry);
	if (p->has_key) {
		add_entry(&l, discovery_find(p->roster->discovery, p->instance));
		discovery_each(p->roster->discovery, add_hinted, &l);
	}
	return l.count;
}

bool
reach_passed(struct person *p, const struct sockaddr_storage *address)
{
	struct reach *reach = reach_of(p);
	if (!reach || reach->count == LIMIT_REACH_TRIES)
		return false;
	reach->tried[reach->count++] = *address;
	return true;
}

void
reach_saw_key(struct person *p, const struct tls_id *key)
{
	struct reach *reach = reach_of(p);
	if (!reach)
		return;
	reach->seen = *key;
	reach->has_seen = true;
}

const struct tls_id *
reach_seen_key(const struct person *p)
{
	return p->reach && p->reach->has_seen ? &p->reach->seen : NULL;
}

bool
reach_tried_any(const struct person *p)
{
	return p->reach && p->reach->count > 0;
}

void
reach_finish(struct person *p)
{
	free(p->reach);
	p->reach = NULL;
}
