/* Displayed markers (XEP-0333): "I have seen everything up to this one". Only said to those who
 * asked, and kept in the outbox like everything that is said. */
#include "base/str.h"
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
marker_target(const struct xml_elem *message)
{
	const struct xml_elem *displayed = xml_elem_child(message, NS_MARKERS, "displayed");
	const char *id = displayed ? xml_elem_attr(displayed, "id") : NULL;
	return str_empty(id) ? NULL : id;
}

bool
marker_wanted(const struct xml_elem *message)
{
	return xml_elem_child(message, NS_MARKERS, "markable") != NULL;
}

void
marker_write(struct xml_writer *w, const struct saying *m)
{
	xml_open(w, NS_MARKERS, "displayed");
	xml_attr(w, "id", m->target);
	xml_close(w);
}

void
marker_ask(struct xml_writer *w, const struct person *to)
{
	if (said_is_understood(to, NS_MARKERS))
		xml_empty(w, NS_MARKERS, "markable");
}

/* ---- we have seen what they said ---- */

struct seeing {
	struct store_seen request;
	struct roster *roster;
	struct ipc_call *call; /* owed an answer */
	char *peer, *id;       /* owned */
};

static void
seeing_free(struct seeing *s)
{
	free(s->peer);
	free(s->id);
	free(s);
}

static void
on_seen(void *ctx, struct store_job *job, int err)
{
	struct seeing *s = ctx;
	(void)job;
	if (err) {
		chat_fail_store(s->call, err, "That you have seen this was not kept");
		seeing_free(s);
		return;
	}
	struct person *p = roster_get(s->roster, s->peer);
	struct conversation *c =
	    p && s->request.last_id[0] && !s->roster->closing ? conversation_of(p) : NULL;
	if (c)
		conversation_mark_displayed(c, s->request.last_id);
	struct value *v = value_object();
	value_set_bool(v, "changed", s->request.changed);
	ipc_reply(s->call, v);
	seeing_free(s);
}

static int
call_seen(struct ipc_call *call)
{
	struct person *p = roster_wanted(ipc_ctx(call), call);
	if (!p)
		return 0;
	const char *id = value_str(ipc_params(call), "id");
	struct seeing *s = calloc(1, sizeof(*s));
	if (!s || str_replace(&s->peer, p->name) != 0 || str_replace(&s->id, id) != 0) {
		if (s)
			seeing_free(s);
		return -ENOMEM;
	}
	s->roster = p->roster;
	s->call = call;
	s->request = (struct store_seen){.job = {.done = on_seen, .ctx = s},
	    .peer = s->peer,
	    .id = str_empty(id) ? NULL : s->id};
	store_seen(p->roster->store, &s->request);
	return 0;
}

FEATURE_DEFINE(markers) = {
    .name = "markers",
    .disco = (const char *const[]){NS_MARKERS, NULL},
    .handlers =
	(const struct payload_handler[]){
	    {MESSAGE, NS_MARKERS, "displayed", said_take},
	    {0},
	},
    .methods =
	(const struct ipc_method[]){
	    {"seen", "peer [id]", "Remember that you have seen what somebody said", call_seen},
	    {0},
	},
};
