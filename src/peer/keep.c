#include "peer/keep.h"

#include "base/clock.h"
#include "base/err.h"
#include "base/log.h"
#include "base/str.h"
#include "base/tr.h"
#include "peer/claim.h"
#include "peer/contact.h"
#include "peer/people.h"
#include "peer/roster.h"
#include "store/store.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* ---- writing ---- */

/* One request on its way, with the text that it points to. */
struct keeping {
	union {
		struct store_contact_put put;
		struct store_contact_rename rename;
		struct store_contact_forget forget;
	} request;
	char *name, *other, *display, *via, *addresses, *cause; /* owned */
	struct roster *roster;                                  /* borrowed */
	struct person *person; /* borrowed; whose key is being forgotten, NULL: freed meanwhile */
	struct ipc_call *call; /* owed an answer; NULL: nobody asked */
};

static void
keeping_free(struct keeping *k)
{
	free(k->name);
	free(k->other);
	free(k->display);
	free(k->via);
	free(k->addresses);
	free(k->cause);
	free(k);
}

static const char *
reason_of(int err)
{
	return err == -ENOSPC || err == -EDQUOT ? IPC_DISK : IPC_INTERNAL;
}

static void
answer(const struct keeping *k, int err)
{
	struct person *p = roster_get(k->roster, k->name);
	if (err)
		ipc_fail(k->call, reason_of(err),
		    "That holds until the daemon ends, for it could not be kept: %-s.",
		    err_str(err));
	else
		ipc_reply(k->call, p ? person_describe(p) : NULL);
}

static void
on_kept(void *ctx, struct store_job *job, int err)
{
	struct keeping *k = ctx;
	(void)job;
	if (k->call)
		answer(k, err);
	/* an expected end: there was another contact of that name, whose words are joined instead
	 */
	if (err && err != -EEXIST) {
		struct person *p = roster_get(k->roster, k->name);
		log_error(k->name, "what is known of its key was not kept: %s", err_str(err));
		if (p)
			p->unkept = true;
	}
	keeping_free(k);
}

static void
on_renamed(void *ctx, struct store_job *job, int err)
{
	/* somebody of that name was kept: chat/conversation.c joins what was said by either */
	on_kept(ctx, job, err == -EEXIST ? 0 : err);
}

static struct keeping *
keeping_create(const struct person *p, const char *other, const char *cause)
{
	struct keeping *k = calloc(1, sizeof(*k));
	if (k)
		k->roster = p->roster;
	if (k && str_replace(&k->name, p->name) == 0 && str_replace(&k->other, other) == 0 &&
	    str_replace(&k->cause, cause) == 0)
		return k;
	if (k)
		keeping_free(k);
	log_error(p->name, "out of memory: what is known of its key is not kept");
	return NULL;
}

/* Who only waits for a key is kept with what was said to it: it must not be taken for somebody who
 * talks in plain after a restart. */
static bool
is_worth_keeping(const struct person *p)
{
	return p->has_key || p->blocked || (p->kept && p->trust != STORE_TRUST_PLAIN);
}

static void
put(const struct person *p, const char *cause, struct ipc_call *call)
{
	struct store *store = p->roster->store;
	struct keeping *k = keeping_create(p, p->instance, cause);
	struct buf addresses = BUF_INIT(LIMIT_ADDRESSES_TEXT);
	addresses_write(&p->last, &addresses);
	if (!k || str_replace(&k->display, p->display) != 0 || str_replace(&k->via, p->via) != 0 ||
	    str_replace(&k->addresses, buf_err(&addresses) ? "" : buf_cstr(&addresses)) != 0) {
		buf_finish(&addresses);
		if (k)
			keeping_free(k);
		if (call)
			ipc_fail(call, IPC_INTERNAL, "The daemon is out of memory.");
		return;
	}
	buf_finish(&addresses);
	k->call = call;
	k->request.put = (struct store_contact_put){
	    .job = {.done = on_kept, .ctx = k},
	    .contact = {.name = k->name,
		.display = k->display,
		.instance = k->other,
		.has_key = p->has_key,
		.trust = p->trust,
		.via = k->via,
		.blocked = p->blocked,
		.addresses = k->addresses,
		.seen_at = clock_wall()},
	    .cause = k->cause,
	};
	memcpy(k->request.put.contact.key, p->key.bytes, sizeof(p->key.bytes));
	store_contact_put(store, &k->request.put);
}

void
keep_contact(const struct person *p, const char *cause)
{
	/* while its key is being forgotten nothing may bring it back; it is kept after that */
	if (p->roster->store && !p->nameless && !p->forgetting && is_worth_keeping(p))
		put(p, cause, NULL);
}

void
keep_again(struct roster *r)
{
	MAP_FOREACH (node, &r->people) {
		struct person *p = node->value;
		if (p->unkept)
			keep_contact(p, NULL);
		p->unkept = false;
	}
}

void
keep_then_answer(struct person *p, struct ipc_call *call)
{
	const struct roster *r = p->roster;
	if (p->forgetting)
		ipc_fail(call, IPC_BUSY, "The key of %s is being forgotten: try again.", p->name);
	else if (r->store && !p->nameless)
		put(p, NULL, call);
	else if (call)
		ipc_reply(call, person_describe(p));
}

void
keep_renamed(const struct person *p, const char *from)
{
	struct store *store = p->roster->store;
	struct keeping *k = store ? keeping_create(p, from, NULL) : NULL;
	if (!k)
		return;
	k->request.rename = (struct store_contact_rename){
	    .job = {.done = on_renamed, .ctx = k}, .from = k->other, .to = k->name};
	store_contact_rename(store, &k->request.rename);
}

void
keep_forgotten(const struct person *p)
{
	struct store *store = p->roster->store;
	struct keeping *k = store ? keeping_create(p, NULL, NULL) : NULL;
	if (!k)
		return;
	k->request.forget = (struct store_contact_forget){
	    .job = {.done = on_kept, .ctx = k}, .name = k->name, .cause = k->cause};
	store_contact_forget(store, &k->request.forget);
}

/* The key is gone from the disk: now it is from here as well. */
static void
forgotten(struct person *p, struct ipc_call *call)
{
	bool stays = p->trust != STORE_TRUST_CHANGED;
	contact_forgotten(p); /* frees who does not stay */
	if (stays)
		keep_then_answer(p, call);
	else if (call)
		ipc_reply(call, NULL);
}

static void
on_forgotten(void *ctx, struct store_job *job, int err)
{
	struct keeping *k = ctx;
	struct person *p = k->person;
	struct ipc_call *call = k->call;
	(void)job;
	if (p)
		p->forgetting = NULL;
	if (err) {
		log_error(k->name, "its key was not forgotten: %s", err_str(err));
		if (call)
			ipc_fail(call, reason_of(err),
			    "The key of %s was not forgotten, for that could not be written: %-s.",
			    k->name, err_str(err));
		if (p) /* with what happened to it meanwhile */
			keep_contact(p, NULL);
	} else if (p && !p->roster->closing) {
		forgotten(p, call);
	} else if (call) {
		ipc_reply(call, NULL);
	}
	keeping_free(k);
}

int
keep_forget(struct person *p, const char *cause, struct ipc_call *call)
{
	struct store *store = p->roster->store;
	if (p->forgetting)
		return -EBUSY;
	if (!store || p->nameless) {
		forgotten(p, call);
		return 0;
	}
	struct keeping *k = keeping_create(p, NULL, cause);
	if (!k)
		return -ENOMEM;
	k->person = p;
	k->call = call;
	k->request.forget = (struct store_contact_forget){
	    .job = {.done = on_forgotten, .ctx = k}, .name = k->name, .cause = k->cause};
	p->forgetting = k;
	store_contact_forget(store, &k->request.forget);
	return 0;
}

void
keep_freed(struct person *p)
{
	if (p->forgetting)
		p->forgetting->person = NULL;
}

/* ---- reading ---- */

/* Of somebody in plain there is nothing to know; many of them would be forgotten again, and those
 * who wait for a key with them. */
static bool
is_telling(const struct store_contact *c)
{
	return c->has_key || c->blocked || c->trust != STORE_TRUST_PLAIN;
}

/* Discovery may have named it already: then it was but an announcement. */
static int
take(struct roster *r, const struct store_contact *c)
{
	struct tls_id key;
	memcpy(key.bytes, c->key, sizeof(key.bytes));
	struct person *p = people_named(r, c->name);
	if (!p)
		p = people_create(r, c->name, false);
	if (!p || (c->instance && str_replace(&p->instance, c->instance) != 0) ||
	    str_replace(&p->via, c->via) != 0)
		return -ENOMEM;
	(void)!str_replace(&p->display, c->display); /* else its name is shown */
	addresses_read(&p->last, c->addresses);
	int err = c->has_key ? people_set_key(p, &key) : 0;
	if (err)
		return err;
	p->trust = c->trust;
	p->blocked = c->blocked;
	people_set_state(p, p->state); /* it is not among those who may be forgotten */
	return 0;
}

static void
on_contacts(void *ctx, struct store_job *job, int err)
{
	struct store_contacts *contacts = container_of(job, struct store_contacts, job);
	struct roster *r = ctx;
	for (size_t i = 0; !err && !r->closing && i < contacts->count; i++)
		if (is_telling(&contacts->at[i]))
			err = take(r, &contacts->at[i]);
	store_contacts_finish(contacts);
	free(contacts);
	if (r->closing)
		return;
	if (err) {
		/* without them every name would be anybody's */
		log_error(NULL, "who is known by key could not be read: %s", err_str(err));
		buf_clear(&r->trouble);
		buf_fmt(&r->trouble, "%s: %s.",
		    TR("Who is known by their key could not be read, so nobody is talked to"),
		    err_str(err));
	}
	r->contacts_known = !err;
	people_look_again(r);
	claims_ask(r);
	roster_release_start(r);
}

int
keep_load(struct roster *r)
{
	if (!r->store) { /* nothing is kept at all */
		r->contacts_known = true;
		return 0;
	}
	struct store_contacts *contacts = calloc(1, sizeof(*contacts));
	if (!contacts)
		return -ENOMEM;
	*contacts = (struct store_contacts){
	    .job = {.done = on_contacts, .ctx = r}, .limit = STORE_CONTACTS_MAX};
	roster_hold_start(r);
	store_contacts(r->store, contacts);
	return 0;
}
