/* Software version (XEP-0092). The operating system is nobody's business and is left out. */
#include "peer/iq.h"
#include "xml/ns.h"

static int
answer(const struct inbound *in)
{
	struct iq_reply reply;
	iq_reply_begin(&reply, in);
	xml_open(&reply.w, NS_VERSION, "query");
	xml_leaf(&reply.w, NULL, "name", "Earshot");
	xml_leaf(&reply.w, NULL, "version", EARSHOT_VERSION);
	xml_close(&reply.w);
	return iq_reply_send(&reply, in);
}

FEATURE_DEFINE(version) = {
    .name = "version",
    .disco = (const char *const[]){NS_VERSION, NULL},
    .handlers =
	(const struct payload_handler[]){
	    {IQ_GET, NS_VERSION, "query", answer},
	    {0},
	},
};
