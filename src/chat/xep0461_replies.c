/* Message replies (XEP-0461). Who does not know them gets the beginning of what is answered as a
 * quotation in front, marked for those who know how to leave it out (XEP-0428). */
#include "base/str.h"
#include "chat/body.h"
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
	return str_empty(id) || strlen(id) > LIMIT_STANZA_ID ? NULL : id;
}

static size_t
count_characters(const struct buf *text)
{
	size_t n = 0;
	for (size_t i = 0; i < text->len; i++)
		n += ((unsigned char)text->data[i] & 0xc0) != 0x80;
	return n;
}

void
reply_write(struct xml_writer *w, const struct person *to, const struct saying *m)
{
	struct buf text = BUF_INIT(LIMIT_STANZA);
	if (!said_is_understood(to, NS_REPLY) && !str_empty(m->quote)) {
		said_quote(&text, m->quote);
		buf_char(&text, '\n');
	}
	size_t cut = count_characters(&text);
	buf_str(&text, m->body);
	body_write(w, to, buf_cstr(&text));
	xml_open(w, NS_REPLY, "reply");
	xml_attr(w, "to", to->name);
	xml_attr(w, "id", m->target);
	xml_close(w);
	if (cut)
		said_write_fallback(w, NS_REPLY, cut);
	buf_finish(&text);
}

FEATURE_DEFINE(replies) = {
    .name = "replies",
    .disco = (const char *const[]){NS_REPLY, NS_FALLBACK, NULL},
};
