#include "peer/who.h"

#include "base/err.h"
#include "base/str.h"
#include "peer/iq.h"
#include "peer/link.h"
#include "peer/roster.h"
#include "peer/xep0115_caps.h"
#include "xml/elem.h"
#include "xml/ns.h"

#include <errno.h>
#include <stdlib.h>

enum {
	INFO_TIMEOUT = 2000,                 /* ms: a person waits for it */
	WHO_BYTES = LIMIT_ANSWER - (1 << 16) /* of an answer, for people */
};

/* ---- who ---- */

/* A flood of names must neither break the answer nor hide those who proved to be there (N8). */
struct listing {
	struct value *people; /* owned */
	struct buf line;      /* for measuring */
	size_t bytes;
	size_t limit; /* of people */
	size_t more;  /* people left out */
};

static void
list_person(struct listing *l, const struct person *p)
{
	if (l->bytes > WHO_BYTES || value_count(l->people) >= l->limit) {
		l->more++;
		return;
	}
	struct value *v = person_describe(p);
	buf_clear(&l->line);
	if (value_write(v, &l->line) == 0)
		l->bytes += l->line.len + 1;
	value_append(l->people, v);
}

static int
call_who(struct ipc_call *call)
{
	struct roster *r = ipc_ctx(call);
	bool all = value_bool(ipc_params(call), "all", false);
	int64_t limit = value_int(ipc_params(call), "limit", INT32_MAX);
	if (limit < 1 || limit > INT32_MAX) {
		ipc_fail(call, IPC_INVALID, "\"limit\" must be from 1 to %d.", INT32_MAX);
		return 0;
	}
	struct value *state = value_object(), *v = value_object();
	struct listing l = {
	    .people = value_array(), .line = BUF_INIT(LIMIT_ANSWER), .limit = (size_t)limit};
	for (int proven = 1; proven >= 0; proven--) {
		MAP_FOREACH (node, &r->people) {
			const struct person *p = node->value;
			bool shown = person_is_here(p) || p->trust == STORE_TRUST_CHANGED;
			bool known = p->answered || !person_is_stranger(p);
			if (known == proven && (all || shown))
				list_person(&l, p);
		}
	}
	buf_finish(&l.line);
	roster_describe_state(r, state);
	value_set(v, "people", l.people);
	if (l.more)
		value_set_int(v, "more", (int64_t)l.more);
	value_set(v, "own", own_describe(r));
	value_set(v, "state", state);
	ipc_reply(call, v);
	return 0;
}

/* ---- info: what it says of itself, asked just now ---- */

struct info {
	struct ipc_call *call; /* owed an answer */
	struct value *live;    /* owned */
	unsigned pending;
};

static void
set_text(struct value *v, const char *key, const struct xml_elem *parent, const char *ns,
    const char *name)
{
	const struct xml_elem *e = xml_elem_child(parent, ns, name);
	if (e && e->text[0])
		value_set_str(v, key, e->text);
}

static void
finish(struct info *info, const struct person *p)
{
	if (--info->pending > 0)
		return;
	struct value *v = person_describe(p), *features = value_array();
	caps_describe(p->caps, features);
	value_set(info->live, "features", features);
	value_set(v, "live", info->live);
	ipc_reply(info->call, v);
	free(info);
}

static void
on_version(void *ctx, struct person *p, int err, const struct xml_elem *payload)
{
	struct info *info = ctx;
	if (!err && payload) {
		set_text(info->live, "software", payload, NS_VERSION, "name");
		set_text(info->live, "version", payload, NS_VERSION, "version");
		set_text(info->live, "os", payload, NS_VERSION, "os");
	}
	finish(info, p);
}

static void
on_time(void *ctx, struct person *p, int err, const struct xml_elem *payload)
{
	struct info *info = ctx;
	if (!err && payload) {
		set_text(info->live, "time", payload, NS_TIME, "utc");
		set_text(info->live, "offset", payload, NS_TIME, "tzo");
	}
	finish(info, p);
}

static void
on_disco(void *ctx, struct person *p, int err, const struct xml_elem *payload)
{
	if (!err && payload && xml_elem_is(payload, NS_DISCO_INFO, "query"))
		(void)caps_take(p, payload);
	finish(ctx, p);
}

static void
ask(struct info *info, struct person *p, const char *ns, const char *name, iq_answer *answer)
{
	if (iq_request(p, ns, name, NULL, INFO_TIMEOUT, answer, info) == 0)
		info->pending++;
}

/* Clients that answer no requests are not asked: their user would only wait. */
static bool
answers_requests(const struct person *p)
{
	enum txt_client c = person_client(p);
	return p->caps || c == TXT_CLIENT_EARSHOT || c == TXT_CLIENT_GAJIM ||
	       c == TXT_CLIENT_UNKNOWN;
}

static int
call_info(struct ipc_call *call)
{
	struct person *p = roster_wanted(ipc_ctx(call), call);
	if (!p)
		return 0;
	struct info *info = calloc(1, sizeof(*info));
	struct value *live = value_object();
	if (!info || !live) {
		free(info);
		value_free(live);
		return -ENOMEM;
	}
	*info = (struct info){.call = call, .live = live, .pending = 1};
	if ((person_is_reachable(p) || p->current) && answers_requests(p)) {
		if (!p->caps)
			ask(info, p, NS_DISCO_INFO, "query", on_disco);
		ask(info, p, NS_VERSION, "query", on_version);
		ask(info, p, NS_TIME, "time", on_time);
	}
	finish(info, p);
	return 0;
}

/* ---- fixed peers ---- */

/* What a person typed, as discovery spells it: one address has one spelling. */
static bool
same_address(const char *a, const char *b)
{
	char x[DISCOVERY_ADDRESS_SIZE], y[DISCOVERY_ADDRESS_SIZE];
	return a && b && discovery_spell_fixed(a, x) == 0 && discovery_spell_fixed(b, y) == 0 &&
	       str_casecmp(x, y) == 0;
}

static bool
holds(const struct value *addresses, const char *address)
{
	for (size_t i = 0; i < value_count(addresses); i++)
		if (same_address(value_as_str(value_at(addresses, i)), address))
			return true;
	return false;
}

static int
keep_fixed(struct roster *r, const char *address, bool add)
{
	struct value *kept = value_array();
	for (size_t i = 0; i < value_count(r->own.fixed); i++) {
		const char *one = value_as_str(value_at(r->own.fixed, i));
		if (!same_address(one, address))
			value_append_str(kept, one);
	}
	if (add)
		value_append_str(kept, address);
	struct value *before = r->own.fixed;
	r->own.fixed = kept;
	int err = own_save(&r->own);
	if (err)
		r->own.fixed = before;
	value_free(err ? kept : before);
	return err;
}

static void
answer_fixed(struct ipc_call *call, const char *address, int err)
{
	if (err == -EINVAL)
		ipc_fail(call, IPC_INVALID,
		    "\"%s\" is no address; write host:port, for example 192.0.2.7:5298.", address);
	else if (err == -EEXIST)
		ipc_fail(call, IPC_INVALID, "%s is on the list already.", address);
	else if (err == -ENOENT)
		ipc_fail(call, IPC_UNKNOWN, "%s is not on the list.", address);
	else if (err == -ENOSPC)
		ipc_fail(call, IPC_BUSY, "The list is full: %d fixed peers.", LIMIT_FIXED_PEERS);
	else if (err)
		ipc_fail(call, IPC_INTERNAL, "The list could not be kept: %-s.", err_str(err));
	else
		ipc_reply(call, NULL);
}

static const char *
wanted_address(struct ipc_call *call)
{
	const char *address = value_str(ipc_params(call), "address");
	if (str_empty(address)) {
		ipc_fail(call, IPC_INVALID, "The parameter \"address\" is missing.");
		return NULL;
	}
	return address;
}

/* On disk first: what is not kept is not done. */
static int
call_add(struct ipc_call *call)
{
	struct roster *r = ipc_ctx(call);
	const char *address = wanted_address(call);
	if (!address)
		return 0;
	int err = discovery_add_fixed(r->discovery, address);
	if (!err) {
		err = keep_fixed(r, address, true);
		if (err)
			(void)!discovery_remove_fixed(r->discovery, address);
	}
	answer_fixed(call, address, err);
	return 0;
}

static int
call_remove(struct ipc_call *call)
{
	struct roster *r = ipc_ctx(call);
	const char *address = wanted_address(call);
	if (!address)
		return 0;
	if (holds(r->configured, address)) {
		ipc_fail(call, IPC_INVALID, "%s stands in the configuration file; remove it there.",
		    address);
		return 0;
	}
	char spelled[DISCOVERY_ADDRESS_SIZE];
	int err = discovery_spell_fixed(address, spelled);
	if (!err && !holds(r->own.fixed, address))
		err = -ENOENT;
	if (!err)
		err = keep_fixed(r, address, false);
	if (!err) {
		struct discovery_entry *e = discovery_find_fixed(r->discovery, address);
		struct person *p = e ? e->user : NULL;
		err = discovery_remove_fixed(r->discovery, address);
		if (p && p->entry && !p->entry->sources)
			link_hang_up(p); /* nothing else leads to them */
	}
	answer_fixed(call, address, err);
	return 0;
}

static void
list_addresses(const struct roster *r, const struct value *addresses, struct value *peers)
{
	for (size_t i = 0; i < value_count(addresses); i++) {
		const char *address = value_as_str(value_at(addresses, i));
		if (addresses != r->configured && holds(r->configured, address))
			continue; /* in both lists */
		const struct discovery_entry *e =
		    address ? discovery_find_fixed(r->discovery, address) : NULL;
		const struct person *p = e ? e->user : NULL;
		bool found = p && e->addr_count > 0;
		struct value *one = value_object();
		value_set_str(one, "address", address);
		if (p && !e->nameless)
			value_set_str(one, "name", p->name);
		value_set_str(one, "state", found ? person_state_name(p->state) : "unresolved");
		value_append(peers, one);
	}
}

static int
call_list(struct ipc_call *call)
{
	const struct roster *r = ipc_ctx(call);
	struct value *peers = value_array(), *v = value_object();
	list_addresses(r, r->configured, peers);
	list_addresses(r, r->own.fixed, peers);
	value_set(v, "peers", peers);
	ipc_reply(call, v);
	return 0;
}

const struct ipc_method who_methods[] = {
    {"who", "[all]", "Show who is here", call_who},
    {"info", "peer", "Show all that is known of a person", call_info},
    {"peers.add", "address", "Add a peer by address, for where multicast does not reach", call_add},
    {"peers.remove", "address", "Remove such a peer", call_remove},
    {"peers.list", "", "Show them", call_list},
    {0},
};
