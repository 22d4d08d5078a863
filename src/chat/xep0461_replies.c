/* Message replies (XEP-0461). Who does not know them gets the beginning of what is answered as a
 * quotation in front, marked for those who know how to leave it out (XEP-0428). */
#include "base/str.h"
#include "chat/chat.h"
#include "chat/said.h"
#include "peer/roster.h"
#include "xml/elem.h"
#include "xml/ns.h"
#include "xml/writer.h"

#include <string.h>

const char *
reply_target(const struct xml_elem *message)
{
	const struct xml_elem *reply = xml_elem_child(message, NS_REPLY, "reply");
	const char *id = reply ? xml_elem_attr(reply, "id") : NULL;
	return id && *id && strlen(id) <= LIMIT_STANZA_ID ? id : NULL;
}

void
reply_write(struct xml_writer *w, const struct person *to, const struct saying *m)
{
	struct buf quote = BUF_INIT(LIMIT_STANZA);
	if (!said_is_understood(to, NS_REPLY) && !str_empty(m->quote)) {
		said_quote(&quote, m->quote);
		buf_char(&quote, '\n');
	}
	fallback_write_body(w, to, m, NS_REPLY, buf_cstr(&quote));
	xml_open(w, NS_REPLY, "reply");
	xml_attr(w, "to", to->instance);
	xml_attr(w, "id", m->target);
	xml_close(w);
	buf_finish(&quote);
}

FEATURE_DEFINE(replies) = {
    .name = "replies",
    .disco = (const char *const[]){NS_REPLY, NS_FALLBACK, NULL},
};
