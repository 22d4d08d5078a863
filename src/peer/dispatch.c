#include "peer/dispatch.h"

#include "base/err.h"
#include "base/log.h"
#include "base/str.h"
#include "peer/iq.h"
#include "peer/roster.h"
#include "peer/stranger.h"
#include "xml/elem.h"
#include "xml/ns.h"

#include <string.h>

const struct payload_handler *
dispatch_find(
    const struct feature *const *features, enum stanza_kind kind, const char *ns, const char *name)
{
	for (; *features; features++) {
		const struct payload_handler *h = (*features)->handlers;
		for (; h && h->fn; h++) {
			if (h->kind == kind && strcmp(h->ns, ns) == 0 && strcmp(h->name, name) == 0)
				return h;
		}
	}
	return NULL;
}

static int
answer_request(struct inbound *in, enum stanza_kind kind)
{
	size_t payloads = 0;
	XML_FOREACH (child, in->stanza) {
		in->payload = child;
		payloads++;
	}
	if (payloads != 1)
		return iq_reply_error(in, "modify", "bad-request");
	const struct payload_handler *h =
	    dispatch_find(in->from->roster->features, kind, in->payload->ns, in->payload->name);
	if (!h)
		return iq_reply_error(in, "cancel", "service-unavailable");
	int err = h->fn(in);
	if (err) {
		log_info(in->from->name, "a request (%s) could not be answered: %s",
		    in->payload->name, err_str(err));
		return iq_reply_error(in, "wait", "internal-server-error");
	}
	return 0;
}

static int
take_iq(struct inbound *in)
{
	const char *type = xml_elem_attr(in->stanza, "type");
	if (str_empty(xml_elem_attr(in->stanza, "id")) || !type)
		return ERR_PROTO; /* an answer would have no id either: RFC 6120 8.1.3 */
	if (strcmp(type, "get") == 0)
		return answer_request(in, IQ_GET);
	if (strcmp(type, "set") == 0)
		return answer_request(in, IQ_SET);
	if (strcmp(type, "result") == 0 || strcmp(type, "error") == 0) {
		iq_settle(in);
		return 0;
	}
	return iq_reply_error(in, "modify", "bad-request");
}

/* Each handler is offered a message once, with the first payload of its own, in the order of the
 * stanza: a body and the id of what it corrects are one message, a body and "I no longer type" are
 * two matters. */
static int
take_message(struct inbound *in)
{
	const struct feature *const *features = in->from->roster->features;
	if (str_equal(xml_elem_attr(in->stanza, "type"), "error")) {
		const struct payload_handler *h =
		    dispatch_find(features, MESSAGE_ERROR, NS_CLIENT, "error");
		in->payload = xml_elem_child(in->stanza, NS_CLIENT, "error");
		return h && in->payload ? h->fn(in) : 0;
	}
	int (*done[8])(const struct inbound *in);
	size_t count = 0;
	XML_FOREACH (child, in->stanza) {
		const struct payload_handler *h =
		    dispatch_find(features, MESSAGE, child->ns, child->name);
		bool again = false;
		for (size_t i = 0; h && i < count; i++)
			again = again || done[i] == h->fn;
		if (!h || again || count == ARRAY_LEN(done))
			continue;
		done[count++] = h->fn;
		in->payload = child;
		int err = h->fn(in);
		if (err)
			return err;
	}
	return 0;
}

static int
take_presence(struct inbound *in)
{
	const struct payload_handler *h =
	    dispatch_find(in->from->roster->features, PRESENCE, NS_CLIENT, "presence");
	in->payload = in->stanza;
	return h ? h->fn(in) : 0;
}

void
dispatch_stanza(struct person *from, struct stream *s, const struct xml_elem *stanza)
{
	struct inbound in = {.from = from, .stream = s, .stanza = stanza};
	int err = 0;
	stranger_heard(from, s, stanza);
	if (xml_elem_is(stanza, NS_CLIENT, "message"))
		err = take_message(&in);
	else if (xml_elem_is(stanza, NS_CLIENT, "iq"))
		err = take_iq(&in);
	else if (xml_elem_is(stanza, NS_CLIENT, "presence"))
		err = take_presence(&in);
	else
		log_debug(from->name, "an element that is no stanza was ignored");
	if (err)
		log_info(from->name, "a stanza was dropped: %s", err_str(err));
}
