/* Delivery receipts (XEP-0184). Sent once a message is on disk, never for one without an id. */
#include "base/err.h"
#include "base/str.h"
#include "chat/chat.h"
#include "chat/conversation.h"
#include "peer/roster.h"
#include "xml/elem.h"
#include "xml/ns.h"
#include "xml/writer.h"

#include <string.h>

bool
receipt_wanted(const struct inbound *in)
{
	return xml_elem_child(in->stanza, NS_RECEIPTS, "request") != NULL;
}

bool
receipt_worth_asking(const struct person *p)
{
	switch (person_client(p)) {
	case TXT_CLIENT_EARSHOT:
	case TXT_CLIENT_GAJIM:
	case TXT_CLIENT_UNKNOWN:
		return true;
	case TXT_CLIENT_LIBPURPLE:
	case TXT_CLIENT_SALUT:
	case TXT_CLIENT_KOPETE:
	case TXT_CLIENT_ADIUM:
	case TXT_CLIENT_SLIMBER:
		break;
	}
	return person_supports(p, NS_RECEIPTS);
}

int
receipt_send(const struct inbound *in, const char *id)
{
	struct buf stanza = BUF_INIT(LIMIT_STANZA);
	struct xml_writer w = xml_writer_to(&stanza);
	xml_open(&w, NULL, "message");
	xml_attr(&w, "from", in->from->roster->own_name);
	xml_attr(&w, "to", in->from->instance);
	xml_attr(&w, "type", "chat");
	xml_open(&w, NS_RECEIPTS, "received");
	xml_attr(&w, "id", id);
	xml_close(&w);
	xml_close(&w);
	int err = inbound_answer(in, &stanza);
	if (err == ERR_TOO_BIG) /* it goes when there is room again, before words of ours */
		err = person_send(in->from, &stanza, NULL, NULL);
	buf_finish(&stanza);
	return err;
}

/* Somebody who was never told anything has nothing to confirm. */
static int
take(const struct inbound *in)
{
	const char *id = xml_elem_attr(in->payload, "id");
	struct conversation *c = in->from->kept ? conversation_of(in->from) : NULL;
	if (!c || str_empty(id) || strlen(id) > LIMIT_STANZA_ID)
		return 0;
	return conversation_answered(c, id, STORE_DELIVERED, NULL);
}

FEATURE_DEFINE(receipts) = {
    .name = "receipts",
    .disco = (const char *const[]){NS_RECEIPTS, NULL},
    .handlers =
	(const struct payload_handler[]){
	    {MESSAGE, NS_RECEIPTS, "received", take},
	    {0},
	},
};
