#include "peer/claim.h"

#include "base/err.h"
#include "base/log.h"
#include "base/str.h"
#include "peer/contact.h"
#include "peer/link.h"
#include "peer/people.h"
#include "peer/reach.h"
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

/* The only person with this address who may talk in plain; NULL if there is none or more than one.
 */
static struct person *
by_address(struct roster *r, const struct sockaddr_storage *address)
{
	struct person *found = NULL;
	MAP_FOREACH (node, &r->people) {
		struct person *p = node->value;
		if (!p->entry || !discovery_has_address(p->entry, address))
			continue;
		if (contact_requires_key(p))
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

/* Others are told apart by their names: one that is a key's is nobody else's. */
struct person *
claims_name_fixed(struct roster *r, struct person *p, const char *from, const struct tls_peer *key)
{
	const struct person *holder = people_named(r, from);
	if (key) {
		const struct person *known = contact_admit(r, from, key);
		if (!known || people_named(r, from) != known) {
			log_info(p->name, "who is there, %s, has the name of somebody else", from);
			return NULL;
		}
	} else if (holder && contact_requires_key(holder)) {
		log_info(p->name, "who is there says to be %s, and proves nothing", from);
		return NULL;
	}
	return people_name_fixed(p, from);
}

static int
attach(struct roster *r, struct stream *s, struct person *p)
{
	if (!p)
		return ERR_IDENTITY;
	claims_drop(r, s);
	link_attach(p, s);
	return 0;
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
	return attach(r, s, claims_name_fixed(r, p, from, stream_peer_key(s)));
}

/* ---- with a key ---- */

static bool
is_evident(const struct discovery_entry *e, const struct stream *s, const struct tls_peer *key)
{
	if (!e || !discovery_has_address(e, stream_remote(s)))
		return false;
	return !e->has_txt || !trust_hint_is_valid(e->txt.id) ||
	       trust_hint_fits(e->txt.id, &key->id);
}

static int
identify_key(struct roster *r, struct stream *s, const char *from, const struct tls_peer *key)
{
	switch (contact_judge(r, from, key)) {
	case TRUST_BEARER:
	case TRUST_SUCCESSOR:
		return attach(r, s, contact_admit(r, from, key));
	case TRUST_FIRST_KEY: {
		struct person *fixed = nameless_at(r, stream_remote(s));
		if (is_evident(discovery_find(r->discovery, from), s, key))
			return attach(r, s, contact_admit(r, from, key));
		return fixed ? identify_nameless(r, s, fixed, from)
			     : wait_for_news(r, s, people_named(r, from));
	}
	case TRUST_PLAIN:
	case TRUST_OTHER:
	case TRUST_IMPOSTOR:
	case TRUST_REFUSED:
		break;
	}
	return ERR_IDENTITY;
}

/* Anybody can show anybody's certificate: who only does that must not get its owner shown, and
 * refused from then on, as an impostor. So the handshake goes on until the key is proven. */
static int
refuse_impostor(struct roster *r, const char *name, const struct tls_peer *key, bool proven)
{
	if (!proven)
		return 0;
	contact_refused(r, name, &key->id);
	return ERR_KEY;
}

/* Whom we dialled, by the key. proven: it is not only shown. */
static int
check_dialled(
    struct roster *r, struct stream *s, struct person *p, const struct tls_peer *key, bool proven)
{
	const char *from = stream_peer_from(s);
	const char *name = p->nameless || p->has_key ? from : p->instance;
	/* of the address of a fixed peer nothing is announced, but of the name it says it has */
	const struct discovery_entry *e =
	    p->nameless && !str_empty(name) ? discovery_find(r->discovery, name) : p->entry;
	if (p->has_key) {
		if (tls_peer_was(key, &p->key))
			return tls_id_equal(&key->id, &p->key) ||
				       contact_judge(r, p->instance, key) == TRUST_SUCCESSOR
				   ? 0
				   : ERR_KEY;
		/* an address that somebody else has now claims nothing; a name does */
		if (!from || str_casecmp(from, p->instance) != 0)
			return ERR_KEY;
		if (proven)
			reach_saw_key(p, &key->id);
		return proven ? ERR_KEY : 0;
	}
	if (str_empty(name))
		return ERR_IDENTITY;
	switch (contact_judge(r, name, key)) {
	case TRUST_FIRST_KEY:
		/* what is announced there is another key */
		if (e && e->has_txt && trust_hint_is_valid(e->txt.id) &&
		    !trust_hint_fits(e->txt.id, &key->id))
			return ERR_KEY;
		return 0;
	case TRUST_BEARER:
	case TRUST_SUCCESSOR:
		return 0;
	case TRUST_IMPOSTOR:
		return refuse_impostor(r, name, key, proven);
	case TRUST_PLAIN:
	case TRUST_OTHER:
	case TRUST_REFUSED:
		break;
	}
	return ERR_TRUST;
}

static int
check(struct roster *r, struct stream *s, const struct tls_peer *peer, bool proven)
{
	const char *from = stream_peer_from(s);
	if (!r->contacts_known)
		return ERR_TRUST;
	/* in other hands, or by way of an address of ours */
	if (tls_id_equal(&peer->id, &r->own_id))
		return ERR_KEY;
	if (!stream_is_incoming(s))
		return stream_user(s) ? check_dialled(r, s, stream_user(s), peer, proven)
				      : ERR_CLOSED;
	if (str_empty(from) || str_casecmp(from, r->own_name) == 0)
		return ERR_IDENTITY;
	switch (contact_judge(r, from, peer)) {
	case TRUST_IMPOSTOR:
		return refuse_impostor(r, from, peer, proven);
	case TRUST_FIRST_KEY:
		return r->policy.strangers == POLICY_STRANGERS_DENY ? ERR_TRUST : 0;
	case TRUST_BEARER: {
		const struct person *p = contact_by_key(r, &peer->id);
		bool denied = r->policy.strangers == POLICY_STRANGERS_DENY && person_is_stranger(p);
		return denied ? ERR_TRUST : 0;
	}
	case TRUST_SUCCESSOR:
		return 0;
	case TRUST_PLAIN:
	case TRUST_OTHER:
	case TRUST_REFUSED:
		break;
	}
	return ERR_TRUST;
}

int
claims_check_key(void *ctx, struct stream *s, const struct tls_peer *peer)
{
	return check(ctx, s, peer, false);
}

int
claims_on_key(void *ctx, struct stream *s, const struct tls_peer *peer)
{
	return check(ctx, s, peer, true);
}

/* ---- in plain ---- */

/* Who goes by the name of a key, but proves nothing, where an old client is announced. */
static struct person *
aside_at(struct roster *r, const char *name, const struct sockaddr_storage *remote)
{
	struct buf aside = BUF_INIT(LIMIT_LABEL);
	trust_name_aside(&aside, name, NULL);
	struct person *p = buf_err(&aside) ? NULL : people_named(r, buf_cstr(&aside));
	buf_finish(&aside);
	return p && p->entry && discovery_has_address(p->entry, remote) ? p : NULL;
}

enum stream_security
claims_security(void *ctx, struct stream *s, const char *from)
{
	struct roster *r = ctx;
	if (!r->tls)
		return STREAM_PLAIN;
	if (r->policy.plain == POLICY_PLAIN_OFF || !r->contacts_known)
		return STREAM_ENCRYPTED;
	if (str_empty(from) || str_casecmp(from, r->own_name) == 0)
		return STREAM_PLAIN;
	const struct person *p = people_named(r, from);
	if (p && contact_requires_key(p))
		return aside_at(r, from, stream_remote(s)) ? STREAM_OPPORTUNISTIC
							   : STREAM_ENCRYPTED;
	enum txt_client client = p ? person_client(p) : TXT_CLIENT_UNKNOWN;
	if (client == TXT_CLIENT_EARSHOT)
		return STREAM_ENCRYPTED;
	return client == TXT_CLIENT_UNKNOWN ? STREAM_OPPORTUNISTIC : STREAM_PLAIN;
}

/* May it talk in plain? Asked before and after it is found: it may have become a key's. */
static int
accept_plain(const struct roster *r, const struct person *p)
{
	struct trust_contact c;
	contact_view(p, &c);
	if (trust_judge(&(struct trust_claim){.holder = &c}) != TRUST_PLAIN)
		return ERR_TRUST;
	if (r->tls && person_client(p) == TXT_CLIENT_EARSHOT && !p->nameless)
		return ERR_SECURITY;
	bool denied = r->policy.strangers == POLICY_STRANGERS_DENY && person_is_stranger(p);
	return denied || r->policy.plain == POLICY_PLAIN_OFF ? ERR_TRUST : 0;
}

static int
identify_named(struct roster *r, struct stream *s, const char *from)
{
	const struct sockaddr_storage *remote = stream_remote(s);
	struct person *p = people_named(r, from);
	if (p && contact_requires_key(p)) {
		p = aside_at(r, from, remote);
		return p && accept_plain(r, p) == 0 ? attach(r, s, p) : ERR_TRUST;
	}
	if (!p || !p->entry || !discovery_has_address(p->entry, remote)) {
		struct person *fixed = nameless_at(r, remote);
		if (fixed)
			return identify_nameless(r, s, fixed, from);
		return wait_for_news(r, s, p);
	}
	int err = accept_plain(r, p);
	return err ? err : attach(r, s, p);
}

int
claims_identify(void *ctx, struct stream *s, const char *from, const char *to)
{
	struct roster *r = ctx;
	const struct tls_peer *key = stream_peer_key(s);
	(void)to; /* old clients put all kinds of names there */
	if (!r->contacts_known)
		return wait_for_news(r, s, NULL);
	if (str_empty(from)) {
		struct person *p = key ? NULL : by_address(r, stream_remote(s));
		int err = p ? accept_plain(r, p) : wait_for_news(r, s, NULL);
		return err ? err : attach(r, s, p);
	}
	if (str_casecmp(from, r->own_name) == 0)
		return ERR_IDENTITY; /* we have dialled ourselves, or somebody poses as us */
	return key ? identify_key(r, s, from, key) : identify_named(r, s, from);
}
