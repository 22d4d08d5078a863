/* The whole keys, for those who compare them by other means than the short code: the safety number
 * of two people, or the key itself. */
#include "base/err.h"
#include "base/tr.h"
#include "peer/contact.h"
#include "peer/feature.h"
#include "peer/keep.h"
#include "peer/roster.h"
#include "tls/fingerprint.h"

#include <errno.h>

/* Answers the call if there is none. */
static bool
has_key(struct ipc_call *call, const struct person *p)
{
	if (p->has_key && p->roster->tls)
		return true;
	ipc_fail(call, IPC_TRUST,
	    "%s has not shown a key yet. Write to them, or connect first: earshot ping",
	    p->display);
	return false;
}

static int
call_number(struct ipc_call *call)
{
	struct roster *r = ipc_ctx(call);
	struct person *p = roster_wanted(r, call);
	char number[TLS_SAFETY_SIZE], hex[TLS_ID_HEX_SIZE];
	if (!p || !has_key(call, p))
		return 0;
	int err = tls_safety_number(&r->own_id, &p->key, number);
	if (err)
		return err;
	struct value *v = value_object();
	value_set_str(v, "peer", p->name);
	value_set_str(v, "display", p->display);
	value_set_str(v, "number", number);
	tls_id_hex(&p->key, hex);
	value_set_str(v, "id", hex);
	tls_id_hex(&r->own_id, hex);
	value_set_str(v, "own_id", hex);
	value_set_str(v, "trust", store_trust_word(person_trust(p)));
	ipc_reply(call, v);
	return 0;
}

/* 0: it is the key; ERR_KEY: it is another; -EINVAL: it is no number and no key. */
static int
compare(const struct person *p, const char *number, const char *id)
{
	char theirs[TLS_SAFETY_SIZE], ours[TLS_SAFETY_SIZE];
	struct tls_id key;
	if (id) {
		int err = tls_id_parse(id, &key);
		return err ? err : tls_id_equal(&key, &p->key) ? 0 : ERR_KEY;
	}
	int err = tls_safety_parse(number, theirs);
	if (!err)
		err = tls_safety_number(&p->roster->own_id, &p->key, ours);
	return err ? err : tls_safety_equal(theirs, ours) ? 0 : ERR_KEY;
}

static int
call_confirm(struct ipc_call *call)
{
	struct person *p = roster_wanted(ipc_ctx(call), call);
	const char *number = value_str(ipc_params(call), "number");
	const char *id = value_str(ipc_params(call), "id");
	if (!p || !has_key(call, p))
		return 0;
	if (!number == !id) {
		ipc_fail(call, IPC_INVALID, "Say either \"number\" or \"id\".");
		return 0;
	}
	int err = compare(p, number, id);
	if (!err)
		err = contact_happens(p, TRUST_VERIFIED, NULL, TR("the whole keys were compared"));
	if (err == -EINVAL)
		ipc_fail(call, IPC_INVALID, "A safety number has 60 digits, a key 64 hex digits.");
	else if (err == ERR_KEY)
		ipc_fail(call, IPC_TRUST,
		    "This is not the key that %s shows here. If it was read from their screen, "
		    "somebody stands between you: say nothing that matters here.",
		    p->display);
	else if (err == ERR_TRUST)
		ipc_fail(call, IPC_TRUST, "%s is not the person who had that name.", p->display);
	else if (err)
		return err;
	else
		keep_then_answer(p, call);
	return 0;
}

FEATURE_DEFINE(safety) = {
    .name = "safety",
    .methods =
	(const struct ipc_method[]){
	    {"verify.number", "peer", "Show the safety number of a person's key", call_number},
	    {"verify.confirm", "peer [number] [id]", "Compare a person's whole key", call_confirm},
	    {0},
	},
};
