/* Last message correction (XEP-0308). Not only the last one may be corrected here: the id says
 * which is meant. Old clients get the new words as a message that begins with a star. */
#include "base/str.h"
#include "chat/body.h"
#include "chat/chat.h"
#include "chat/conversation.h"
#include "chat/said.h"
#include "xml/elem.h"
#include "xml/ns.h"
#include "xml/writer.h"

#include <string.h>

const char *
correction_target(const struct xml_elem *message)
{
	const struct xml_elem *replace = xml_elem_child(message, NS_CORRECT, "replace");
	const char *id = replace ? xml_elem_attr(replace, "id") : NULL;
	return str_empty(id) ? NULL : id;
}

void
correction_write(struct xml_writer *w, const struct person *to, const struct saying *m)
{
	static const char star[] = "* ";
	struct buf text = BUF_INIT(LIMIT_STANZA);
	bool starred = !said_is_understood(to, NS_CORRECT);
	if (starred)
		buf_str(&text, star);
	buf_str(&text, m->body);
	body_write(w, to, buf_cstr(&text));
	xml_open(w, NS_CORRECT, "replace");
	xml_attr(w, "id", m->target);
	xml_close(w);
	if (starred) /* it may be understood all the same, by somebody we do not know yet */
		said_write_fallback(w, NS_CORRECT, strlen(star));
	buf_finish(&text);
}

static int
call_edit(struct ipc_call *call)
{
	return conversation_call(call, STORE_CORRECTION, value_str(ipc_params(call), "text"));
}

FEATURE_DEFINE(correction) = {
    .name = "correction",
    .disco = (const char *const[]){NS_CORRECT, NULL},
    .handlers =
	(const struct payload_handler[]){
	    {MESSAGE, NS_CORRECT, "replace", said_take},
	    {0},
	},
    .methods =
	(const struct ipc_method[]){
	    {"edit", "peer id text [token]", "Correct a message of yours", call_edit},
	    {0},
	},
};
