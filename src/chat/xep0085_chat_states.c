/* Chat state notifications (XEP-0085), and for iChat and Adium the older jabber:x:event notice
 * (XEP-0022), which is all they know. Nobody else is sent anything: some old clients would show
 * an empty message. */
#include "base/str.h"
#include "chat/chat.h"
#include "peer/roster.h"
#include "xml/elem.h"
#include "xml/ns.h"
#include "xml/writer.h"

#include <string.h>

static const char *const names[] = {
    [CHAT_ACTIVE] = "active",
    [CHAT_COMPOSING] = "composing",
    [CHAT_PAUSED] = "paused",
    [CHAT_INACTIVE] = "inactive",
    [CHAT_GONE] = "gone",
};

void
chat_typing(struct person *from, enum chat_state state)
{
	if (!ipc_has_subscribers(from->roster->ipc, "typing"))
		return;
	struct value *v = value_object();
	value_set_str(v, "peer", from->name);
	value_set_str(v, "display", from->display);
	value_set_str(v, "trust", store_trust_word(person_trust(from)));
	value_set_str(v, "state", names[state]);
	ipc_publish(from->roster->ipc, "typing", v);
}

static int
take_state(const struct inbound *in)
{
	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		if (strcmp(in->payload->name, names[i]) == 0)
			chat_typing(in->from, (enum chat_state)i);
	return 0;
}

/* ---- jabber:x:event ---- */

bool
x_event_is_typing(const struct xml_elem *message)
{
	const struct xml_elem *x = xml_elem_child(message, NS_X_EVENT, "x");
	return x && xml_elem_child(x, NS_X_EVENT, "id");
}

bool
x_event_is_spoken_by(const struct person *p)
{
	return person_client(p) == TXT_CLIENT_ADIUM;
}

static int
take_event(const struct inbound *in)
{
	if (!x_event_is_typing(in->stanza))
		return 0; /* "you may tell me that you type", with a message */
	bool composing = xml_elem_child(in->payload, NS_X_EVENT, "composing") != NULL;
	chat_typing(in->from, composing ? CHAT_COMPOSING : CHAT_PAUSED);
	return 0;
}

/* ---- sending ---- */

static void
write_x_event(struct xml_writer *w, enum chat_state state)
{
	xml_empty(w, NULL, "body");
	xml_empty(w, NS_XHTML, "html");
	xml_open(w, NS_X_EVENT, "x");
	if (state == CHAT_COMPOSING)
		xml_empty(w, NULL, "composing");
	xml_empty(w, NULL, "id");
	xml_close(w);
}

static int
send_state(struct person *p, enum chat_state state)
{
	struct buf stanza = BUF_INIT(LIMIT_STANZA);
	struct xml_writer w = xml_writer_to(&stanza);
	xml_open(&w, NULL, "message");
	xml_attr(&w, "from", p->roster->own_name);
	xml_attr(&w, "to", p->instance);
	xml_attr(&w, "type", "chat");
	if (x_event_is_spoken_by(p))
		write_x_event(&w, state);
	else
		xml_empty(&w, NS_CHAT_STATES, names[state]);
	xml_close(&w);
	int err = person_send(p, &stanza, NULL, NULL);
	buf_finish(&stanza);
	return err;
}

/* Typing opens no stream: a notice is not worth one, the message will open it. */
static int
call_typing(struct ipc_call *call)
{
	struct person *p = roster_wanted(ipc_ctx(call), call);
	if (!p)
		return 0;
	const char *name = value_str(ipc_params(call), "state");
	size_t state = 0;
	while (state < ARRAY_LEN(names) && !str_equal(names[state], name))
		state++;
	if (state == ARRAY_LEN(names)) {
		ipc_fail(call, IPC_INVALID,
		    "The state must be active, composing, paused, inactive "
		    "or gone.");
		return 0;
	}
	bool understood = person_supports(p, NS_CHAT_STATES) || x_event_is_spoken_by(p);
	int err = p->current && understood ? send_state(p, (enum chat_state)state) : 0;
	if (!err)
		ipc_reply(call, NULL);
	return err;
}

FEATURE_DEFINE(chat_states) = {
    .name = "chat_states",
    .disco = (const char *const[]){NS_CHAT_STATES, NULL},
    .handlers =
	(const struct payload_handler[]){
	    {MESSAGE, NS_CHAT_STATES, "active", take_state},
	    {MESSAGE, NS_CHAT_STATES, "composing", take_state},
	    {MESSAGE, NS_CHAT_STATES, "paused", take_state},
	    {MESSAGE, NS_CHAT_STATES, "inactive", take_state},
	    {MESSAGE, NS_CHAT_STATES, "gone", take_state},
	    {MESSAGE, NS_X_EVENT, "x", take_event},
	    {0},
	},
    .methods =
	(const struct ipc_method[]){
	    {"typing", "peer state", "Tell that you type, or stopped", call_typing},
	    {0},
	},
};
