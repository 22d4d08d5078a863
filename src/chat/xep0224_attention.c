/* Attention, or nudge (XEP-0224). */
#include "base/err.h"
#include "chat/chat.h"
#include "peer/roster.h"
#include "peer/stranger.h"
#include "xml/ns.h"
#include "xml/writer.h"

static int
take(const struct inbound *in)
{
	struct person *p = in->from;
	if (!ipc_has_subscribers(p->roster->ipc, "attention"))
		return 0;
	struct value *v = value_object();
	value_set_str(v, "peer", p->name);
	value_set_str(v, "display", p->display);
	value_set_str(v, "trust", store_trust_word(person_trust(p)));
	if (!stranger_may_disturb(p))
		value_set_bool(v, "quiet", true);
	ipc_publish(p->roster->ipc, "attention", v);
	return 0;
}

/* Nobody is told that somebody was nudged who was not. */
static void
on_sent(void *ctx, struct person *p, const struct stream *s, int err)
{
	(void)s;
	if (err == ERR_ABSENT)
		ipc_fail(ctx, IPC_ABSENT, "%s is not here.", p->display);
	else if (err)
		ipc_fail(
		    ctx, IPC_UNREACHABLE, "%s cannot be reached: %-s.", p->display, err_str(err));
	else
		ipc_reply(ctx, NULL);
}

static int
call_attention(struct ipc_call *call)
{
	struct person *p = roster_wanted(ipc_ctx(call), call);
	if (!p)
		return 0;
	enum txt_client c = person_client(p);
	if (!person_supports(p, NS_ATTENTION) && c != TXT_CLIENT_EARSHOT && c != TXT_CLIENT_GAJIM) {
		ipc_fail(call, IPC_UNSUPPORTED, "%s uses a program that cannot be nudged (%-s).",
		    p->display, txt_client_name(c));
		return 0;
	}
	struct buf stanza = BUF_INIT(LIMIT_STANZA);
	struct xml_writer w = xml_writer_to(&stanza);
	xml_open(&w, NULL, "message");
	xml_attr(&w, "from", p->roster->own_name);
	xml_attr(&w, "to", p->instance);
	xml_attr(&w, "type", "headline");
	xml_empty(&w, NS_ATTENTION, "attention");
	xml_close(&w);
	int err = person_send(p, &stanza, on_sent, call);
	buf_finish(&stanza);
	if (err)
		on_sent(call, p, NULL, err);
	return 0;
}

FEATURE_DEFINE(attention) = {
    .name = "attention",
    .disco = (const char *const[]){NS_ATTENTION, NULL},
    .handlers =
	(const struct payload_handler[]){
	    {MESSAGE, NS_ATTENTION, "attention", take},
	    {0},
	},
    .methods =
	(const struct ipc_method[]){
	    {"attention", "peer", "Ask for a person's attention", call_attention},
	    {0},
	},
};
