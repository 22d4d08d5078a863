/* Message retraction (XEP-0424). Old clients get a sentence: they cannot unsay what they show. */
#include "base/str.h"
#include "chat/body.h"
#include "chat/chat.h"
#include "chat/conversation.h"
#include "chat/said.h"
#include "peer/roster.h"
#include "xml/elem.h"
#include "xml/ns.h"
#include "xml/writer.h"

#include <errno.h>
#include <stdlib.h>

const char *
retraction_target(const struct xml_elem *message)
{
	const struct xml_elem *retract = xml_elem_child(message, NS_RETRACT, "retract");
	const char *id = retract ? xml_elem_attr(retract, "id") : NULL;
	return str_empty(id) ? NULL : id;
}

void
retraction_write(struct xml_writer *w, const struct person *to, const struct saying *m)
{
	xml_open(w, NS_RETRACT, "retract");
	xml_attr(w, "id", m->target);
	xml_close(w);
	if (said_is_understood(to, NS_RETRACT))
		return;
	body_write(w, to, "(I take back something I said before; your program cannot hide it.)");
	fallback_write_whole(w, NS_RETRACT);
}

/* ---- what was not sent need not be taken back ---- */

struct retracting {
	struct store_find find;
	struct roster *roster;
	struct ipc_call *call; /* owed an answer */
	char *peer;            /* owned */
};

static void
on_found(void *ctx, struct store_job *job, int err)
{
	struct retracting *r = ctx;
	struct person *p = roster_get(r->roster, r->peer);
	struct conversation *c = p ? conversation_of(p) : NULL;
	(void)job;
	if (!err && c && r->find.kind == STORE_CHAT &&
	    conversation_cancel_corrections(c, &r->find)) {
		store_find(r->roster->store, &r->find);
		return;
	}
	if (err || !c || r->find.state != STORE_QUEUED || r->find.kind != STORE_CHAT ||
	    !conversation_cancel(c, r->call, r->find.n)) {
		err = conversation_call(r->call, STORE_RETRACTION, "");
		if (err)
			chat_fail_store(r->call, err, "Nothing was taken back");
	}
	free(r->peer);
	free(r);
}

static int
call_retract(struct ipc_call *call)
{
	struct person *p = roster_wanted(ipc_ctx(call), call);
	const char *id = value_str(ipc_params(call), "id");
	if (!p)
		return 0;
	struct retracting *r = calloc(1, sizeof(*r));
	if (!r || str_replace(&r->peer, p->name) != 0) {
		free(r);
		return -ENOMEM;
	}
	r->roster = p->roster;
	r->call = call;
	r->find = (struct store_find){.job = {.done = on_found, .ctx = r},
	    .peer = r->peer,
	    .id = id ? id : "",
	    .direction = STORE_OUT};
	store_find(p->roster->store, &r->find);
	return 0;
}

FEATURE_DEFINE(retraction) = {
    .name = "retraction",
    .disco = (const char *const[]){NS_RETRACT, NULL},
    .handlers =
	(const struct payload_handler[]){
	    {MESSAGE, NS_RETRACT, "retract", said_take},
	    {0},
	},
    .methods =
	(const struct ipc_method[]){
	    {"retract", "peer id [token]", "Take a message of yours back", call_retract},
	    {0},
	},
};
