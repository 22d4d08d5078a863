#include "peer/contact.h"

#include "base/err.h"
#include "base/log.h"
#include "base/str.h"
#include "base/tr.h"
#include "peer/dialling.h"
#include "peer/keep.h"
#include "peer/link.h"
#include "peer/outgoing.h"
#include "peer/people.h"
#include "peer/roster.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { LIMIT_NAME_ASIDE = LIMIT_HOST_NAME + TLS_ID_HEX_SIZE + 1 };

/* ---- what is known of one ---- */

void
contact_view(const struct person *p, struct trust_contact *out)
{
	*out = (struct trust_contact){
	    .trust = p->trust,
	    .has_key = p->has_key,
	    .key = p->key,
	    .blocked = p->blocked,
	    .settled = p->kept || p->answered,
	    .spoken = p->spoken,
	};
}

bool
contact_requires_key(const struct person *p)
{
	struct trust_contact c;
	contact_view(p, &c);
	return trust_requires_key(&c);
}

static struct person *
by_hint(const struct roster *r, const char *hint)
{
	char key[TRUST_HINT_SIZE];
	for (size_t i = 0; i < sizeof(key); i++)
		key[i] = (char)(hint[i] >= 'A' && hint[i] <= 'F' ? hint[i] - 'A' + 'a' : hint[i]);
	return map_get(&r->keys, key);
}

struct person *
contact_by_key(const struct roster *r, const struct tls_id *key)
{
	char hint[TRUST_HINT_SIZE];
	trust_hint(key, hint);
	struct person *p = map_get(&r->keys, hint);
	return p && tls_id_equal(&p->key, key) ? p : NULL;
}

static struct person *
by_earlier_key(const struct roster *r, const struct tls_peer *key)
{
	for (size_t i = 0; i < key->formerly_count; i++) {
		struct person *p = contact_by_key(r, &key->formerly[i]);
		if (p)
			return p;
	}
	return NULL;
}

/* ---- room ---- */

/* Of the keys that nobody has spoken with the one goes that was not seen for the longest time. */
static int
make_room(struct roster *r)
{
	struct person *victim = NULL;
	if (r->keys.len < LIMIT_PEOPLE_KNOWN)
		return 0;
	MAP_FOREACH (node, &r->people) {
		struct person *p = node->value;
		bool stranger = p->has_key && !p->kept && !p->blocked &&
				p->trust == STORE_TRUST_NEW && p->state == PERSON_GONE;
		if (stranger && people_is_forgettable(p) &&
		    (!victim || p->state_at < victim->state_at))
			victim = p;
	}
	if (!victim)
		return ERR_TOO_BIG;
	people_free(victim);
	return 0;
}

/* ---- what happens to one ---- */

static void
log_change(const struct person *p, enum store_trust before, const char *cause)
{
	log_info(p->name, "trust: %s, was %s%s%s%s", store_trust_word(p->trust),
	    store_trust_word(before), p->blocked ? " (blocked)" : "", cause ? ": " : "",
	    cause ? cause : "");
}

static int
take_key(struct person *p, const struct trust_contact *c)
{
	bool same = p->has_key == c->has_key && (!c->has_key || tls_id_equal(&p->key, &c->key));
	if (same)
		return 0;
	int err = c->has_key && !p->has_key ? make_room(p->roster) : 0;
	return err ? err : people_set_key(p, c->has_key ? &c->key : NULL);
}

int
contact_happens(
    struct person *p, enum trust_event event, const struct tls_id *key, const char *cause)
{
	struct trust_contact c, before;
	contact_view(p, &before);
	c = before;
	int err = trust_happens(&c, event, key);
	if (!err)
		err = take_key(p, &c);
	if (err)
		return err;
	p->trust = c.trust;
	p->blocked = c.blocked;
	p->spoken = c.spoken;
	bool same = c.has_key == before.has_key && tls_id_equal(&c.key, &before.key) &&
		    c.trust == before.trust && c.blocked == before.blocked;
	if (same)
		return 0;
	if (before.has_key || c.has_key || c.blocked != before.blocked)
		log_change(p, before.trust, cause);
	if (event == TRUST_FORGOTTEN) {
		addresses_finish(&p->last);
		outgoing_fail(p, ERR_TRUST);
		bus_emit(
		    &p->roster->bus, &(struct bus_event){.kind = BUS_KEY_FORGOTTEN, .person = p});
	}
	if (event == TRUST_FORGOTTEN || event == TRUST_ACCEPTED_KEY)
		(void)!str_replace(&p->via, NULL); /* they vouched for the key that it was */
	keep_contact(p, cause);
	people_set_state(p, p->state); /* who has a key is not among those who may be forgotten */
	people_changed(p);
	return 0;
}

int
contact_introduce(struct person *p, const char *via)
{
	char *before = p->via;
	p->via = NULL;
	int err = str_replace(&p->via, via);
	if (!err)
		err = contact_happens(p, TRUST_INTRODUCED, NULL, TR("introduced"));
	if (err) {
		free(p->via);
		p->via = before;
	} else {
		free(before);
	}
	return err;
}

/* ---- names that are given here ---- */

/* Of two keys whose tags agree the second one bears all of its digits. NULL: out of memory. */
static char *
name_aside(const struct roster *r, const char *name, const struct tls_id *key)
{
	char hex[TLS_ID_HEX_SIZE];
	struct buf b = BUF_INIT(LIMIT_NAME_ASIDE);
	if (key)
		tls_id_hex(key, hex);
	trust_name_aside(&b, name, key ? hex : NULL);
	const struct person *other = people_named(r, buf_cstr(&b));
	if (key && other && other->has_key && !tls_id_equal(&other->key, key)) {
		buf_clear(&b);
		buf_fmt(&b, "%s#%s", name, hex);
	}
	return buf_take(&b);
}

static bool
is_given_here(const char *name)
{
	return trust_name_own(name) != strlen(name);
}

/* Headers may say anything; who cannot be announced under it has no such name. */
static bool
is_announceable(const char *name)
{
	for (const char *at = name; *at; at++)
		if ((unsigned char)*at < ' ' || *at == 0x7f)
			return false;
	return *name && strlen(name) <= LIMIT_INSTANCE_NAME && !is_given_here(name);
}

/* Its name is a key's from now on; it keeps its words, its streams and what waits for it. */
static int
set_aside(struct person *p)
{
	struct discovery_entry *e = p->entry;
	char *name = name_aside(p->roster, p->instance, NULL);
	if (!name)
		return -ENOMEM;
	struct person *other = people_named(p->roster, name);
	if (other)
		people_absorb(p, other);
	int err = people_rename(p, name);
	free(name);
	if (!err && e)
		people_move_entry(e, NULL);
	if (!err && p->dialled) { /* there is nobody left to be meant by that */
		stream_set_user(p->dialled, NULL);
		stream_close(p->dialled, 0);
		dialling_over(p);
	}
	if (!err && !p->current)
		dialling_give_up(p, ERR_ABSENT);
	return err;
}

/* ---- what is announced ---- */

static struct person *
aside_of_entry(struct roster *r, const struct discovery_entry *e, const char *hint)
{
	struct buf name = BUF_INIT(LIMIT_NAME_ASIDE);
	trust_name_aside(&name, e->name, hint);
	struct person *p = people_named(r, buf_cstr(&name));
	if (!p && !buf_err(&name))
		p = people_create(r, buf_cstr(&name), false);
	if (p && !p->has_key)
		p->trust = hint ? STORE_TRUST_CHANGED : STORE_TRUST_PLAIN;
	buf_finish(&name);
	return p;
}

/* The name is a key's. An announcement without a key says nothing against it being this one. */
static struct person *
of_held_name(struct roster *r, const struct discovery_entry *e, struct person *holder)
{
	if (!e->has_txt)
		return holder;
	if (e->txt.client != TXT_CLIENT_EARSHOT)
		return aside_of_entry(r, e, NULL);
	bool other = holder->has_key && trust_hint_is_valid(e->txt.id) &&
		     !trust_hint_fits(e->txt.id, &holder->key);
	return other ? aside_of_entry(r, e, e->txt.id) : holder;
}

struct person *
contact_of_entry(struct roster *r, const struct discovery_entry *e)
{
	bool encrypts = r->tls && e->has_txt && e->txt.client == TXT_CLIENT_EARSHOT;
	struct person *p = NULL;
	if (!e->nameless && is_given_here(e->name))
		return NULL;
	/* A key that is known is announced, perhaps under a new name: whoever announces it gets
	 * nothing without it. */
	if (!e->nameless && encrypts && trust_hint_is_valid(e->txt.id))
		p = by_hint(r, e->txt.id);
	if (p)
		return p;
	p = e->nameless ? roster_get(r, e->name) : people_named(r, e->name);
	if (!p)
		p = people_create(r, e->name, e->nameless);
	if (!p || e->nameless)
		return p;
	if (contact_requires_key(p))
		return of_held_name(r, e, p);
	if (e->has_txt)
		(void)!contact_happens(
		    p, encrypts ? TRUST_SEEN_ENCRYPTING : TRUST_SEEN_PLAIN, NULL, NULL);
	return p;
}

/* ---- claims ---- */

struct claim {
	enum trust_verdict verdict;
	struct person *holder, *bearer, *earlier;
};

static struct claim
look_at(const struct roster *r, const char *name, const struct tls_peer *key)
{
	struct claim c = {.holder = people_named(r, name)};
	struct trust_contact holder = {0}, bearer = {0}, earlier = {0};
	if (key) {
		c.bearer = contact_by_key(r, &key->id);
		c.earlier = by_earlier_key(r, key);
	}
	if (c.holder)
		contact_view(c.holder, &holder);
	if (c.bearer)
		contact_view(c.bearer, &bearer);
	if (c.earlier)
		contact_view(c.earlier, &earlier);
	c.verdict = trust_judge(&(struct trust_claim){.key = key,
	    .holder = c.holder ? &holder : NULL,
	    .bearer = c.bearer ? &bearer : NULL,
	    .earlier = c.earlier ? &earlier : NULL});
	if (!is_announceable(name) && c.verdict != TRUST_BEARER && c.verdict != TRUST_SUCCESSOR)
		c.verdict = TRUST_REFUSED;
	return c;
}

enum trust_verdict
contact_judge(const struct roster *r, const char *name, const struct tls_peer *key)
{
	return look_at(r, name, key).verdict;
}

/* The name is announced with this key. */
static bool
is_announced_of(const struct roster *r, const char *name, const struct tls_id *key)
{
	const struct discovery_entry *e = discovery_find(r->discovery, name);
	return e && e->has_txt && trust_hint_fits(e->txt.id, key);
}

/* It goes by another name now. The name is shown unless it is that of another key, or of somebody
 * there is something of: who waits to be told something, or talked in plain, gives the name up to
 * one who is announced under it, as to a first key, and not to all who say so. */
static void
moved(struct person *p, const char *name)
{
	struct person *holder = people_named(p->roster, name);
	bool settled = holder && holder != p && (holder->kept || holder->answered);
	bool is_free = !holder || (holder != p && !holder->has_key);
	bool same = str_casecmp(p->instance, name) == 0;
	if (!is_announceable(name) || (same && !is_free) ||
	    (settled && !is_announced_of(p->roster, name, &p->key)))
		return;
	if (!same)
		log_info(p->name, "it goes by the name %s now: the key is the same", name);
	if (str_replace(&p->instance, name) != 0)
		return;
	if (holder && is_free) {
		/* what waits there for a key waited for this one; words in plain were another's */
		if (holder->trust == STORE_TRUST_PLAIN && (holder->kept || holder->answered)) {
			if (set_aside(holder) != 0)
				return;
		} else {
			people_absorb(p, holder);
		}
		holder = NULL;
	}
	if (!holder)
		(void)!people_rename(p, name);
	keep_contact(p, NULL);
	struct discovery_entry *e = discovery_find(p->roster->discovery, name);
	if (e) /* what it says of itself is shown from now on */
		people_look_again_at(p->roster, e);
}

/* The key is somebody else's now, and this contact was but its shadow. */
static void
drop_shadow(struct person *p, struct person *heir)
{
	struct discovery_entry *e = p->entry;
	(void)!people_set_key(p, NULL);
	link_hang_up(p);
	if (e && heir)
		people_move_entry(e, heir);
	if (people_is_forgettable(p))
		people_free(p);
}

static struct person *
give_key(struct roster *r, struct person *p, const char *name, const struct tls_id *key)
{
	bool known = p != NULL;
	if (!p)
		p = people_create(r, name, false);
	int err = p ? contact_happens(p, TRUST_SEEN_KEY, key, TR("first seen")) : -ENOMEM;
	if (err) {
		log_warn(name, "its key could not be remembered: %s", err_str(err));
		if (p && !known)
			people_free(p);
		return NULL;
	}
	link_hang_up_plain(p);
	struct discovery_entry *e = discovery_find(r->discovery, name);
	if (e) /* one that tells of an old client is another's from now on */
		people_look_again_at(r, e);
	return p;
}

struct person *
contact_admit(struct roster *r, const char *name, const struct tls_peer *key)
{
	struct claim c = look_at(r, name, key);
	struct person *p = c.holder;
	switch (c.verdict) {
	case TRUST_BEARER:
		if (c.bearer)
			moved(c.bearer, name);
		return c.bearer;
	case TRUST_SUCCESSOR:
		p = c.earlier;
		if (p && c.bearer) {
			keep_forgotten(c.bearer);
			drop_shadow(c.bearer, p);
		}
		if (!p || contact_happens(p, TRUST_HANDED_OVER, &key->id, TR("handed over")) != 0)
			return NULL;
		moved(p, name);
		return p;
	case TRUST_FIRST_KEY:
		return give_key(r, p, name, &key->id);
	case TRUST_PLAIN:
	case TRUST_OTHER:
	case TRUST_IMPOSTOR:
	case TRUST_REFUSED:
		break;
	}
	return NULL;
}

/* ---- who was refused ---- */

struct person *
contact_changed_of(const struct person *p)
{
	struct person *latest = NULL;
	MAP_FOREACH (node, &p->roster->people) {
		struct person *other = node->value;
		if (other != p && other->trust == STORE_TRUST_CHANGED && other->has_key &&
		    str_casecmp(other->instance, p->name) == 0 &&
		    (!latest || other->state_at > latest->state_at))
			latest = other;
	}
	return latest;
}

void
contact_refused(struct roster *r, const char *name, const struct tls_id *key)
{
	const struct person *holder = people_named(r, name);
	if (!holder || !holder->has_key || contact_by_key(r, key))
		return;
	char *aside = name_aside(r, holder->name, key);
	struct person *p = aside ? people_named(r, aside) : NULL;
	struct person *before = contact_changed_of(holder);
	if (aside && !p)
		p = people_create(r, aside, false);
	free(aside);
	if (!p || make_room(r) != 0 || people_set_key(p, key) != 0) {
		log_warn(name, "somebody with another key was refused, and is not listed");
		if (p && !p->has_key && !p->kept &&
		    people_is_forgettable(p)) /* any number of keys may come */
			people_free(p);
		return;
	}
	if (before && before != p && people_is_forgettable(before)) {
		keep_forgotten(before);
		drop_shadow(before, NULL);
	}
	p->trust = STORE_TRUST_CHANGED;
	log_warn(p->name, "refused: its key is not the one that %s has", name);
	keep_contact(p, TR("another key claims the name"));
	people_set_state(p, p->state); /* this very moment */
	people_changed(p);
}

int
contact_forget(struct person *p, struct ipc_call *call)
{
	if (p->trust != STORE_TRUST_CHANGED && !p->has_key && !p->blocked)
		return ERR_TRUST;
	return keep_forget(p, TR("forgotten"), call);
}

void
contact_forgotten(struct person *p)
{
	if (p->trust == STORE_TRUST_CHANGED)
		drop_shadow(p, NULL);
	else if (contact_happens(p, TRUST_FORGOTTEN, NULL, TR("forgotten")) == 0)
		link_hang_up(p);
}

int
contact_accept_key(struct person *p, struct person *changed)
{
	struct tls_id key = changed->key;
	keep_forgotten(changed);
	drop_shadow(changed, p);
	link_hang_up(p);
	addresses_finish(&p->last);
	return contact_happens(p, TRUST_ACCEPTED_KEY, &key, TR("another key accepted"));
}
