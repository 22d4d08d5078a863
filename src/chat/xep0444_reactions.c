/* Message reactions (XEP-0444). Each side has one set of them for a message, and says it whole.
 * Old clients get them as a message, with the beginning of what they are about. */
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
reaction_target(const struct xml_elem *message)
{
	const struct xml_elem *reactions = xml_elem_child(message, NS_REACTIONS, "reactions");
	const char *id = reactions ? xml_elem_attr(reactions, "id") : NULL;
	return str_empty(id) ? NULL : id;
}

/* Blanks separate them, so one with a blank inside is none. Those beyond the limit are left out. */
static void
add(struct buf *out, const char *reaction)
{
	size_t len = strlen(reaction);
	if (len == 0 || strpbrk(reaction, " \t\r\n") || out->len + 1 + len > LIMIT_REACTION)
		return;
	if (out->len)
		buf_char(out, ' ');
	buf_str(out, reaction);
}

void
reaction_read(const struct xml_elem *message, struct buf *out)
{
	const struct xml_elem *reactions = xml_elem_child(message, NS_REACTIONS, "reactions");
	XML_FOREACH (child, reactions) {
		if (xml_elem_is(child, NS_REACTIONS, "reaction"))
			add(out, child->text);
	}
}

static void
write_fallback(struct xml_writer *w, const struct person *to, const struct saying *m)
{
	struct buf text = BUF_INIT(LIMIT_STANZA);
	buf_str(&text, *m->body ? m->body : "(no reaction any more)");
	if (!str_empty(m->quote)) {
		buf_char(&text, '\n');
		said_quote(&text, m->quote);
	}
	body_write(w, to, buf_cstr(&text));
	fallback_write_whole(w, NS_REACTIONS);
	buf_finish(&text);
}

void
reaction_write(struct xml_writer *w, const struct person *to, const struct saying *m)
{
	xml_open(w, NS_REACTIONS, "reactions");
	xml_attr(w, "id", m->target);
	for (const char *s = m->body; *s;) {
		size_t len = strcspn(s, " ");
		struct buf one = BUF_INIT(LIMIT_REACTION);
		buf_add(&one, s, len);
		xml_leaf(w, NULL, "reaction", buf_cstr(&one));
		buf_finish(&one);
		s += len + (s[len] == ' ');
	}
	xml_close(w);
	if (!said_is_understood(to, NS_REACTIONS))
		write_fallback(w, to, m);
}

static int
call_react(struct ipc_call *call)
{
	const struct value *reactions = value_get(ipc_params(call), "reactions");
	struct buf all = BUF_INIT(LIMIT_REACTION);
	for (size_t i = 0; i < value_count(reactions); i++) {
		const char *one = value_as_str(value_at(reactions, i));
		size_t before = all.len;
		if (one)
			add(&all, one);
		if (all.len == before) {
			buf_finish(&all);
			ipc_fail(call, IPC_INVALID,
			    "A reaction is one word or emoji, all together at most %d bytes.",
			    LIMIT_REACTION);
			return 0;
		}
	}
	int err = conversation_call(call, STORE_REACTION, buf_cstr(&all));
	buf_finish(&all);
	return err;
}

FEATURE_DEFINE(reactions) = {
    .name = "reactions",
    .disco = (const char *const[]){NS_REACTIONS, NULL},
    .handlers =
	(const struct payload_handler[]){
	    {MESSAGE, NS_REACTIONS, "reactions", said_take},
	    {0},
	},
    .methods =
	(const struct ipc_method[]){
	    {"react", "peer id [reactions] [token]", "React to a message", call_react},
	    {0},
	},
};
