#include "peer/claim.h"

#include "base/err.h"
#include "base/str.h"
#include "peer/link.h"
#include "peer/people.h"
#include "peer/roster.h"

#include <errno.h>
#include <stdlib.h>

/* An incoming stream that has not shown who it is. */
struct claim {
	struct list node;
	struct stream *stream; /* borrowed from the hub */
	struct person *asked;  /* borrowed; the network was asked again about this one ... */
	bool answered;         /* ... and has answered: nothing more will come */
};

void
claims_ask(struct roster *r)
{
	LIST_FOREACH (node, &r->claims)
		stream_identify(container_of(node, struct claim, node)->stream);
}

void
claims_answered(const struct person *p)
{
	LIST_FOREACH (node, &p->roster->claims) {
		struct claim *c = container_of(node, struct claim, node);
		if (c->asked != p)
			continue;
		c->answered = true;
		stream_identify(c->stream);
	}
}

void
claims_move(const struct person *from, struct person *to)
{
	LIST_FOREACH (node, &from->roster->claims) {
		struct claim *c = container_of(node, struct claim, node);
		if (c->asked == from)
			c->asked = to;
	}
}

void
claims_forget(const struct person *p)
{
	claims_answered(p);
	claims_move(p, NULL);
}

void
claims_finish(struct roster *r)
{
	LIST_FOREACH (node, &r->claims) {
		list_remove(node);
		free(container_of(node, struct claim, node));
	}
}

static struct claim *
claim_of(struct roster *r, const struct stream *s)
{
	LIST_FOREACH (node, &r->claims) {
		struct claim *c = container_of(node, struct claim, node);
		if (c->stream == s)
			return c;
	}
	return NULL;
}

void
claims_drop(struct roster *r, const struct stream *s)
{
	struct claim *c = claim_of(r, s);
	if (!c)
		return;
	list_remove(&c->node);
	free(c);
}

/* The only person with this address; NULL if there is none or more than one. */
static struct person *
by_address(struct roster *r, const struct sockaddr_storage *address)
{
	struct person *found = NULL;
	MAP_FOREACH (node, &r->people) {
		struct person *p = node->value;
		if (!p->entry || !discovery_has_address(p->entry, address))
			continue;
		if (found)
			return NULL;
		found = p;
	}
	return found;
}

/* Somebody dials us from where a fixed peer is that has not told its name. */
static struct person *
nameless_at(struct roster *r, const struct sockaddr_storage *address)
{
	MAP_FOREACH (node, &r->people) {
		struct person *p = node->value;
		if (p->entry && p->entry->nameless && discovery_has_address(p->entry, address))
			return p;
	}
	return NULL;
}

static int
wait_for_news(struct roster *r, struct stream *s, struct person *p)
{
	struct claim *c = claim_of(r, s);
	if (!c) {
		c = calloc(1, sizeof(*c));
		if (!c)
			return -ENOMEM;
		c->stream = s;
		list_insert(&r->claims, &c->node);
	}
	if (c->answered)
		return ERR_IDENTITY;
	if (p && p->entry && !c->asked) {
		c->asked = p;
		discovery_resolve(r->discovery, p->entry);
	}
	return -EAGAIN;
}

/* Several people may live at one address, so the fixed peer is dialled: whoever answers there is
 * the one who was meant. Only if nobody does, the one who dialled us is taken for it. */
static int
identify_nameless(struct roster *r, struct stream *s, struct person *p, const char *from)
{
	if (p->state != PERSON_SILENT && !p->current) {
		link_look(p);
		return wait_for_news(r, s, NULL);
	}
	p = people_name_fixed(p, from);
	if (!p)
		return ERR_IDENTITY;
	claims_drop(r, s);
	link_attach(p, s);
	return 0;
}

int
claims_identify(void *ctx, struct stream *s, const char *from, const char *to)
{
	struct roster *r = ctx;
	const struct sockaddr_storage *remote = stream_remote(s);
	struct person *p;
	(void)to; /* old clients put all kinds of names there */
	if (str_empty(from)) {
		p = by_address(r, remote);
		if (!p)
			return wait_for_news(r, s, NULL);
	} else {
		if (str_casecmp(from, r->own_name) == 0)
			return ERR_IDENTITY; /* we have dialled ourselves, or somebody poses as us
					      */
		p = people_named(r, from);
		if (!p || !p->entry || !discovery_has_address(p->entry, remote)) {
			struct person *fixed = nameless_at(r, remote);
			if (fixed)
				return identify_nameless(r, s, fixed, from);
			return wait_for_news(r, s, p);
		}
	}
	claims_drop(r, s);
	link_attach(p, s);
	return 0;
}
