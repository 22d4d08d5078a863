/* What the user decides about whom: the methods trust.*. */
#include "base/err.h"
#include "base/str.h"
#include "base/text.h"
#include "base/tr.h"
#include "peer/contact.h"
#include "peer/feature.h"
#include "peer/introduction.h"
#include "peer/keep.h"
#include "peer/link.h"
#include "peer/roster.h"

#include <errno.h>

enum { LIST_BYTES = LIMIT_ANSWER - (1 << 16) };

/* ---- looking ---- */

static bool
is_listed(const struct person *p)
{
	return p->has_key || p->blocked || p->trust != STORE_TRUST_PLAIN;
}

static int
call_list(struct ipc_call *call)
{
	const struct roster *r = ipc_ctx(call);
	struct value *contacts = value_array(), *v = value_object();
	struct buf line = BUF_INIT(LIMIT_ANSWER);
	size_t bytes = 0;
	int64_t more = 0;
	MAP_FOREACH (node, &r->people) {
		const struct person *p = node->value;
		if (!is_listed(p))
			continue;
		if (bytes > LIST_BYTES) {
			more++;
			continue;
		}
		struct value *one = person_describe(p);
		buf_clear(&line);
		if (value_write(one, &line) == 0)
			bytes += line.len + 1;
		value_append(contacts, one);
	}
	buf_finish(&line);
	value_set(v, "contacts", contacts);
	value_set(v, "introductions", introductions_describe(r));
	if (more)
		value_set_int(v, "more", more);
	ipc_reply(call, v);
	return 0;
}

static int
call_show(struct ipc_call *call)
{
	struct person *p = roster_wanted(ipc_ctx(call), call);
	if (!p)
		return 0;
	struct value *v = person_describe(p);
	const struct person *changed = contact_changed_of(p);
	struct buf places = BUF_INIT(LIMIT_LABEL);
	addresses_write(&p->last, &places);
	value_set_str(v, "proven_at", buf_cstr(&places));
	buf_finish(&places);
	if (changed)
		value_set(v, "changed", person_describe(changed));
	ipc_reply(call, v);
	return 0;
}

/* ---- deciding ---- */

/* Who is accepted and vouched for is introduced by that. */
static int
happens(struct person *p, enum trust_event event, const char *cause)
{
	const struct person *voucher = event == TRUST_ACCEPTED ? introduction_voucher(p) : NULL;
	return voucher ? contact_introduce(p, voucher->name)
		       : contact_happens(p, event, NULL, cause);
}

static void
fail_undecided(struct ipc_call *call, const struct person *p)
{
	struct buf name = BUF_INIT(LIMIT_LABEL);
	text_argument(&name, p->instance);
	if (p->trust == STORE_TRUST_CHANGED)
		ipc_fail(call, IPC_TRUST,
		    "%s is not the person who had that name. If they have a new key, `earshot "
		    "trust accept-new-key %s`.",
		    p->name, buf_cstr(&name));
	else
		ipc_fail(call, IPC_TRUST, "%s has not shown a key, so there is none to accept.",
		    p->name);
	buf_finish(&name);
}

static int
decide(struct ipc_call *call, enum trust_event event, const char *cause)
{
	struct person *p = roster_wanted(ipc_ctx(call), call);
	if (!p)
		return 0;
	bool shown = p->has_key || p->trust != STORE_TRUST_CHANGED; /* else it is but announced */
	int err = shown ? happens(p, event, cause) : ERR_TRUST;
	if (err == ERR_TRUST) {
		fail_undecided(call, p);
	} else if (err) {
		return err;
	} else {
		if (event == TRUST_BLOCKED)
			link_hang_up(p);
		keep_then_answer(p, call);
	}
	return 0;
}

static int
call_accept(struct ipc_call *call)
{
	return decide(call, TRUST_ACCEPTED, TR("accepted"));
}

static int
call_block(struct ipc_call *call)
{
	return decide(call, TRUST_BLOCKED, TR("blocked"));
}

static int
call_unblock(struct ipc_call *call)
{
	return decide(call, TRUST_UNBLOCKED, TR("unblocked"));
}

static int
call_forget(struct ipc_call *call)
{
	struct person *p = roster_wanted(ipc_ctx(call), call);
	if (!p)
		return 0;
	int err = contact_forget(p, call);
	if (err == ERR_TRUST)
		ipc_fail(
		    call, IPC_TRUST, "No key of %s is known, so there is none to forget.", p->name);
	else if (err == -EBUSY)
		ipc_fail(call, IPC_BUSY, "The key of %s is being forgotten already.", p->name);
	else
		return err;
	return 0;
}

/* Either of the two may be named: who had the name, or who was refused under it. */
static int
call_accept_new_key(struct ipc_call *call)
{
	struct roster *r = ipc_ctx(call);
	struct person *p = roster_wanted(r, call);
	if (!p)
		return 0;
	struct person *changed = p;
	if (p->trust == STORE_TRUST_CHANGED)
		p = roster_get(r, p->instance);
	else
		changed = contact_changed_of(p);
	if (!p || !p->has_key || !changed || !changed->has_key) {
		ipc_fail(call, IPC_TRUST, "Nobody has shown another key under that name.");
		return 0;
	}
	int err = contact_accept_key(p, changed);
	if (!err)
		keep_then_answer(p, call);
	return err;
}

static void
on_event(void *ctx, const struct bus_event *e)
{
	if (e->kind == BUS_STORE_RECOVERED)
		keep_again(ctx);
}

static int
start(struct roster *r)
{
	return bus_listen(&r->bus, on_event, NULL, r);
}

FEATURE_DEFINE(trust) = {
    .name = "trust",
    .start = start,
    .methods =
	(const struct ipc_method[]){
	    {"trust.list", "", "Show whose keys are known", call_list},
	    {"trust.show", "peer", "Show what is known of a person's key", call_show},
	    {"trust.accept", "peer", "Accept a person whose key is new", call_accept},
	    {"trust.block", "peer", "Neither hear a person nor talk to them", call_block},
	    {"trust.unblock", "peer", "Hear a person again", call_unblock},
	    {"trust.forget", "peer", "Forget a person's key", call_forget},
	    {"trust.accept-new-key", "peer", "Take another key for the one of a person",
		call_accept_new_key},
	    {0},
	},
};
