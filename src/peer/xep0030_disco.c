/* Service discovery (XEP-0030): says what we are and can do, which is the sum of the table of
 * features. Others ask for the node of our TXT record, or for none. */
#include "base/str.h"
#include "peer/iq.h"
#include "peer/roster.h"
#include "peer/xep0115_caps.h"
#include "xml/elem.h"
#include "xml/ns.h"

static bool
is_our_node(const struct roster *r, const char *node)
{
	struct buf own = BUF_INIT(LIMIT_TXT_STRING);
	caps_own_node(r, &own);
	bool same = !node || str_equal(node, buf_cstr(&own));
	buf_finish(&own);
	return same;
}

static int
answer_info(const struct inbound *in)
{
	const struct roster *r = in->from->roster;
	const char *node = xml_elem_attr(in->payload, "node");
	if (!is_our_node(r, node))
		return iq_reply_error(in, "cancel", "item-not-found");
	struct iq_reply reply;
	iq_reply_begin(&reply, in);
	xml_open(&reply.w, NS_DISCO_INFO, "query");
	xml_attr(&reply.w, "node", node);
	caps_write_info(r, &reply.w);
	xml_close(&reply.w);
	return iq_reply_send(&reply, in);
}

/* There is nothing below us. */
static int
answer_items(const struct inbound *in)
{
	struct iq_reply reply;
	iq_reply_begin(&reply, in);
	xml_open(&reply.w, NS_DISCO_ITEMS, "query");
	xml_attr(&reply.w, "node", xml_elem_attr(in->payload, "node"));
	xml_close(&reply.w);
	return iq_reply_send(&reply, in);
}

FEATURE_DEFINE(disco) = {
    .name = "disco",
    .disco = (const char *const[]){NS_DISCO_INFO, NS_DISCO_ITEMS, NULL},
    .handlers =
	(const struct payload_handler[]){
	    {IQ_GET, NS_DISCO_INFO, "query", answer_info},
	    {IQ_GET, NS_DISCO_ITEMS, "query", answer_items},
	    {0},
	},
};
