/* Introductions: who is verified vouches for the key of somebody else, in a trust message
 * (XEP-0434). It travels as the payload of a request, so that who vouches learns at once what
 * became of it, and only to who is verified, as the XEP advises. */
#include "base/err.h"
#include "base/log.h"
#include "base/str.h"
#include "base/text.h"
#include "peer/contact.h"
#include "peer/introduction.h"
#include "peer/iq.h"
#include "peer/people.h"
#include "peer/roster.h"
#include "tls/digest.h"
#include "xml/elem.h"
#include "xml/ns.h"

#include <errno.h>
#include <stdlib.h>

struct introduction {
	struct list node; /* in roster.introductions, the oldest first */
	struct tls_id key, voucher;
	char name[LIMIT_INSTANCE_NAME + 1]; /* whose key it is, says the voucher */
	bool met;                           /* front ends were told who of those we know it is */
};

/* ---- what they come to ---- */

static bool
may_vouch(const struct person *p)
{
	return p->has_key && p->trust == STORE_TRUST_VERIFIED && !p->blocked;
}

static struct person *
voucher_of(const struct roster *r, const struct introduction *i)
{
	struct person *p = contact_by_key(r, &i->voucher);
	return p && may_vouch(p) ? p : NULL;
}

/* What was vouched for is this key under this name: who took another name since then would be
 * taken for somebody else. */
static bool
fits(const struct introduction *i, const struct person *p)
{
	return p->has_key && tls_id_equal(&i->key, &p->key) &&
	       str_casecmp(i->name, p->instance) == 0 && !p->blocked &&
	       (p->trust == STORE_TRUST_NEW || p->trust == STORE_TRUST_KNOWN);
}

static struct person *
whom(const struct roster *r, const struct introduction *i)
{
	struct person *p = contact_by_key(r, &i->key);
	return p && fits(i, p) ? p : NULL;
}

const struct person *
introduction_voucher(const struct person *p)
{
	LIST_FOREACH (node, &p->roster->introductions) {
		const struct introduction *i = container_of(node, struct introduction, node);
		const struct person *voucher = fits(i, p) ? voucher_of(p->roster, i) : NULL;
		if (voucher)
			return voucher;
	}
	return NULL;
}

static struct value *
describe(const struct roster *r, const struct introduction *i, const struct person *voucher)
{
	char hex[TLS_ID_HEX_SIZE], tag[TLS_ID_TAG_SIZE];
	const struct person *p = whom(r, i);
	struct value *v = value_object();
	value_set_str(v, "voucher", voucher->name);
	value_set_str(v, "voucher_display", voucher->display);
	value_set_str(v, "name", i->name);
	tls_id_hex(&i->key, hex);
	tls_id_tag(&i->key, tag);
	value_set_str(v, "id", hex);
	value_set_str(v, "tag", tag);
	if (p) {
		value_set_str(v, "peer", p->name);
		value_set_str(v, "display", p->display);
		value_set_str(v, "trust", store_trust_word(p->trust));
	}
	return v;
}

struct value *
introductions_describe(const struct roster *r)
{
	struct value *all = value_array();
	LIST_FOREACH (node, &r->introductions) {
		const struct introduction *i = container_of(node, struct introduction, node);
		const struct person *voucher = voucher_of(r, i);
		if (voucher)
			value_append(all, describe(r, i, voucher));
	}
	return all;
}

static void
tell(const struct roster *r, const struct introduction *i)
{
	const struct person *voucher = voucher_of(r, i);
	if (voucher && ipc_has_subscribers(r->ipc, "introduction"))
		ipc_publish(r->ipc, "introduction", describe(r, i, voucher));
}

/* ---- remembering ---- */

static void
drop(struct roster *r, struct introduction *i)
{
	list_remove(&i->node);
	r->introduction_count--;
	free(i);
}

/* So that nobody who vouches a lot takes the place of what others said. */
static void
make_room(struct roster *r, const struct tls_id *voucher)
{
	struct introduction *oldest = NULL;
	size_t count = 0;
	LIST_FOREACH (node, &r->introductions) {
		struct introduction *i = container_of(node, struct introduction, node);
		if (!tls_id_equal(&i->voucher, voucher))
			continue;
		oldest = oldest ? oldest : i;
		count++;
	}
	if (count >= LIMIT_INTRODUCTIONS_OF)
		drop(r, oldest);
	else if (r->introduction_count >= LIMIT_INTRODUCTIONS)
		drop(r, container_of(r->introductions.next, struct introduction, node));
}

static struct introduction *
find(const struct roster *r, const struct introduction *said)
{
	LIST_FOREACH (node, &r->introductions) {
		struct introduction *i = container_of(node, struct introduction, node);
		if (tls_id_equal(&i->key, &said->key) && tls_id_equal(&i->voucher, &said->voucher))
			return i;
	}
	return NULL;
}

/* What was said before is not told again. */
static int
remember(struct roster *r, const struct introduction *said)
{
	struct introduction *i = find(r, said);
	const struct person *bearer = contact_by_key(r, &said->key);
	if (bearer && bearer->trust == STORE_TRUST_VERIFIED)
		return 0;
	if (i && str_equal(i->name, said->name))
		return 0;
	if (i)
		drop(r, i);
	make_room(r, &said->voucher);
	i = calloc(1, sizeof(*i));
	if (!i)
		return -ENOMEM;
	*i = *said;
	list_insert(&r->introductions, &i->node);
	r->introduction_count++;
	struct person *p = whom(r, i);
	if (p)
		people_changed(p); /* on_event() tells of it */
	else
		tell(r, i);
	return 0;
}

/* Who is met turns out to be somebody who was vouched for; or is trusted by now, and needs no
 * voucher any more. */
static void
on_event(void *ctx, const struct bus_event *e)
{
	struct roster *r = ctx;
	const struct person *p = e->person;
	bool shown = e->kind == BUS_PERSON_NEW || e->kind == BUS_PERSON_CHANGED ||
		     e->kind == BUS_PERSON_RENAMED;
	if (!shown || !p->has_key)
		return;
	LIST_FOREACH (node, &r->introductions) {
		struct introduction *i = container_of(node, struct introduction, node);
		if (!tls_id_equal(&i->key, &p->key))
			continue;
		if (p->trust == STORE_TRUST_INTRODUCED || p->trust == STORE_TRUST_VERIFIED) {
			drop(r, i);
		} else if (!i->met && fits(i, p)) {
			i->met = true;
			tell(r, i);
		}
	}
}

static void
forget_all(void *ctx)
{
	struct roster *r = ctx;
	LIST_FOREACH (node, &r->introductions)
		drop(r, container_of(node, struct introduction, node));
}

/* ---- what comes ---- */

/* The only child element, if that is what it is called. */
static const struct xml_elem *
only_child(const struct xml_elem *e, const char *name)
{
	const struct xml_elem *child = xml_elem_skip_text(e->first);
	bool only = child && !xml_elem_skip_text(child->next);
	return only && xml_elem_is(child, NS_TRUST, name) ? child : NULL;
}

/* One key of one owner, which is what we send. 0, ERR_UNSUPPORTED (it is about other keys, or for
 * another purpose), ERR_PROTO. */
static int
read_message(const struct xml_elem *message, struct introduction *out)
{
	if (!str_equal(xml_elem_attr(message, "usage"), NS_TRUST_ATM) ||
	    !str_equal(xml_elem_attr(message, "encryption"), NS_KEY))
		return ERR_UNSUPPORTED;
	const struct xml_elem *owner = only_child(message, "key-owner");
	const struct xml_elem *trust = owner ? only_child(owner, "trust") : NULL;
	const char *name = owner ? xml_elem_attr(owner, "jid") : NULL;
	if (!trust || str_empty(name) || str_copy(out->name, sizeof(out->name), name) != 0 ||
	    digest_sha256_parse_base64(trust->text, out->key.bytes) != 0)
		return ERR_PROTO;
	return 0;
}

static int
take(const struct inbound *in)
{
	struct person *p = in->from;
	struct roster *r = p->roster;
	const struct tls_peer *proven = stream_peer_key(in->stream);
	struct introduction said = {.met = false};
	if (!proven || !may_vouch(p) || !tls_id_equal(&proven->id, &p->key)) {
		log_info(p->name, "it vouches for somebody, but is not verified itself: ignored");
		return iq_reply_error(in, "auth", "not-authorized");
	}
	int err = read_message(in->payload, &said);
	if (err == ERR_UNSUPPORTED)
		return iq_reply_error(in, "cancel", "feature-not-implemented");
	if (err)
		return iq_reply_error(in, "modify", "bad-request");
	said.voucher = p->key;
	if (tls_id_equal(&said.key, &p->key) || tls_id_equal(&said.key, &r->own_id))
		return iq_reply_error(in, "modify", "not-acceptable");
	err = remember(r, &said);
	if (err)
		return err;
	log_info(p->name, "it vouches for the key of %s", said.name);
	return iq_reply_empty(in);
}

/* ---- what is sent ---- */

struct introducing {
	struct ipc_call *call; /* owed an answer */
	struct value *result;  /* owned; the answer, if all is well */
};

static void
fail(struct ipc_call *call, const struct person *to, int err)
{
	if (err == ERR_TRUST)
		ipc_fail(call, IPC_TRUST,
		    "%s has not verified you, so your word does not count there yet. Compare keys "
		    "with them, and try again.",
		    to->display);
	else if (err == ERR_UNSUPPORTED)
		ipc_fail(call, IPC_UNSUPPORTED, "The program of %s knows no introductions.",
		    to->display);
	else if (err == ERR_PROTO)
		ipc_fail(call, IPC_UNSUPPORTED,
		    "The program of %s does not take this introduction.", to->display);
	else if (err == -ETIMEDOUT)
		ipc_fail(call, IPC_TIMEOUT, "%s has not answered. Try again.", to->display);
	else
		ipc_fail(call, IPC_UNREACHABLE, "%s cannot be reached: %-s. Try again.",
		    to->display, err_str(err));
}

static void
on_answer(void *ctx, struct person *to, int err, const struct xml_elem *payload)
{
	struct introducing *x = ctx;
	(void)payload;
	if (err) {
		fail(x->call, to, err);
		value_free(x->result);
	} else {
		ipc_reply(x->call, x->result);
	}
	free(x);
}

static void
write_message(struct xml_writer *w, const void *from)
{
	const struct person *p = from;
	struct buf key = BUF_INIT(LIMIT_LABEL);
	digest_base64(&key, p->key.bytes, sizeof(p->key.bytes));
	xml_attr(w, "usage", NS_TRUST_ATM);
	xml_attr(w, "encryption", NS_KEY);
	xml_open(w, NULL, "key-owner");
	xml_attr(w, "jid", p->instance);
	xml_leaf(w, NULL, "trust", buf_cstr(&key));
	xml_close(w);
	buf_finish(&key);
}

static int
introduce(struct ipc_call *call, const struct person *p, struct person *to)
{
	struct introducing *x = calloc(1, sizeof(*x));
	if (!x)
		return -ENOMEM;
	x->call = call;
	x->result = value_object();
	value_set_str(x->result, "peer", p->name);
	value_set_str(x->result, "display", p->display);
	value_set_str(x->result, "to", to->name);
	value_set_str(x->result, "to_display", to->display);
	int err = iq_put(to, NS_TRUST, "trust-message", write_message, p, on_answer, x);
	if (!err)
		return 0;
	value_free(x->result);
	free(x);
	fail(call, to, err);
	return 0;
}

static void
fail_unverified(struct ipc_call *call, const struct person *p)
{
	struct buf name = BUF_INIT(LIMIT_LABEL);
	text_argument(&name, p->name);
	ipc_fail(call, IPC_TRUST,
	    "You can vouch only for, and to, people whose keys you have compared: earshot verify "
	    "%s.",
	    buf_cstr(&name));
	buf_finish(&name);
}

static int
call_introduce(struct ipc_call *call)
{
	struct roster *r = ipc_ctx(call);
	const struct person *p = roster_wanted(r, call);
	struct person *to = p ? roster_wanted_as(r, call, "to") : NULL;
	if (!to)
		return 0;
	const struct person *unverified = !may_vouch(p) ? p : !may_vouch(to) ? to : NULL;
	if (p == to)
		ipc_fail(call, IPC_INVALID, "Nobody is introduced to themselves.");
	else if (unverified)
		fail_unverified(call, unverified);
	else if (!to->current && !person_is_reachable(to))
		ipc_fail(call, IPC_ABSENT, "%s is not here. Try again when they are.", to->display);
	else
		return introduce(call, p, to);
	return 0;
}

static int
start(struct roster *r)
{
	return bus_listen(&r->bus, on_event, forget_all, r);
}

FEATURE_DEFINE(trust_messages) = {
    .name = "trust-messages",
    .disco = (const char *const[]){NS_TRUST, NULL},
    .handlers =
	(const struct payload_handler[]){
	    {IQ_SET, NS_TRUST, "trust-message", take},
	    {0},
	},
    .methods =
	(const struct ipc_method[]){
	    {"trust.introduce", "peer to", "Vouch for a person's key", call_introduce},
	    {0},
	},
    .start = start,
};
