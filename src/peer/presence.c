#include "peer/presence.h"

#include "base/err.h"
#include "base/log.h"
#include "base/str.h"
#include "peer/people.h"
#include "peer/roster.h"
#include "xml/elem.h"
#include "xml/ns.h"
#include "xml/writer.h"

/* mDNS tells the others, and tells them better: they see changes without a stream. */
static bool
is_told_by_stream(const struct person *p)
{
	return p->current && p->entry && !(p->entry->sources & DISCOVERY_MDNS);
}

static void
tell(struct person *p)
{
	static const char *const shows[] = {
	    [TXT_AVAILABLE] = NULL, [TXT_AWAY] = "away", [TXT_DND] = "dnd"};
	const struct roster *r = p->roster;
	struct txt own;
	own_txt(r, &own);
	struct buf stanza = BUF_INIT(LIMIT_STANZA);
	struct xml_writer w = xml_writer_to(&stanza);
	xml_open(&w, NULL, "presence");
	xml_attr(&w, "from", r->own_name);
	xml_attr(&w, "to", p->instance);
	if (shows[own.status])
		xml_leaf(&w, NULL, "show", shows[own.status]);
	if (own.msg[0])
		xml_leaf(&w, NULL, "status", own.msg);
	if (own.nick[0] || own.first[0]) {
		struct buf full = BUF_INIT(2 * LIMIT_TXT_STRING + 2);
		buf_fmt(&full, "%s%s%s", own.first, own.last[0] ? " " : "", own.last);
		xml_leaf(&w, NS_NICK, "nick", own.nick[0] ? own.nick : buf_cstr(&full));
		buf_finish(&full);
	}
	xml_open(&w, NS_CAPS, "c");
	xml_attr(&w, "hash", own.hash);
	xml_attr(&w, "node", own.node);
	xml_attr(&w, "ver", own.ver);
	xml_close(&w);
	xml_close(&w);
	int err = person_send(p, &stanza, NULL, NULL);
	buf_finish(&stanza);
	if (err)
		log_info(p->name, "our presence could not be told: %s", err_str(err));
}

void
presence_tell(struct roster *r)
{
	MAP_FOREACH (node, &r->people)
		if (is_told_by_stream(node->value))
			tell(node->value);
}

static void
copy(char *out, size_t size, const struct xml_elem *parent, const char *ns, const char *name)
{
	const struct xml_elem *e = xml_elem_child(parent, ns, name);
	if (!e || str_copy(out, size, e->text) != 0)
		out[0] = '\0';
}

static int
take(const struct inbound *in)
{
	struct person *p = in->from;
	const struct xml_elem *caps = xml_elem_child(in->stanza, NS_CAPS, "c");
	if (!p->entry || (p->entry->sources & DISCOVERY_MDNS))
		return 0; /* multicast says it already */
	if (xml_elem_attr(in->stanza, "type"))
		return 0; /* subscriptions and the like (RFC 6121 4.7.1) */
	struct txt txt;
	char show[16];
	txt_kept_get(&p->txt, &txt);
	copy(show, sizeof(show), in->stanza, NS_CLIENT, "show");
	copy(txt.msg, sizeof(txt.msg), in->stanza, NS_CLIENT, "status");
	copy(txt.nick, sizeof(txt.nick), in->stanza, NS_NICK, "nick");
	txt.status = TXT_AVAILABLE;
	if (str_equal(show, "away") || str_equal(show, "xa"))
		txt.status = TXT_AWAY;
	else if (str_equal(show, "dnd"))
		txt.status = TXT_DND;
	if (caps && str_equal(xml_elem_attr(caps, "node"), TXT_NODE))
		txt.client = TXT_CLIENT_EARSHOT;
	people_set_txt(p, &txt);
	return 0;
}

static void
on_event(void *ctx, const struct bus_event *e)
{
	(void)ctx;
	if (e->kind == BUS_STREAM_UP && is_told_by_stream(e->person))
		tell(e->person);
}

static int
start(struct roster *r)
{
	return bus_listen(&r->bus, on_event, NULL, NULL);
}

FEATURE_DEFINE(presence) = {
    .name = "presence",
    .disco = (const char *const[]){NS_NICK, NULL},
    .handlers =
	(const struct payload_handler[]){
	    {PRESENCE, NS_CLIENT, "presence", take},
	    {0},
	},
    .start = start,
};
