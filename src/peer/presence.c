#include "peer/presence.h"

#include "base/err.h"
#include "base/log.h"
#include "base/str.h"
#include "peer/people.h"
#include "peer/roster.h"
#include "peer/shown.h"
#include "xml/elem.h"
#include "xml/ns.h"
#include "xml/writer.h"

static bool
is_seen_by_multicast(const struct person *p)
{
	return !p->entry || (p->entry->sources & DISCOVERY_MDNS);
}

/* mDNS tells the others, and tells them better: they see changes without a stream. But who has a
 * key is called what is said with it, and by nobody else's announcements (N3). */
static bool
is_told_by_stream(const struct person *p)
{
	return p->current && (person_is_encrypted(p) || !is_seen_by_multicast(p));
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

static void
take_all(const struct inbound *in, struct txt *txt)
{
	const struct xml_elem *caps = xml_elem_child(in->stanza, NS_CAPS, "c");
	char show[16];
	copy(show, sizeof(show), in->stanza, NS_CLIENT, "show");
	copy(txt->msg, sizeof(txt->msg), in->stanza, NS_CLIENT, "status");
	copy(txt->nick, sizeof(txt->nick), in->stanza, NS_NICK, "nick");
	txt->status = TXT_AVAILABLE;
	if (str_equal(show, "away") || str_equal(show, "xa"))
		txt->status = TXT_AWAY;
	else if (str_equal(show, "dnd"))
		txt->status = TXT_DND;
	if (caps && str_equal(xml_elem_attr(caps, "node"), TXT_NODE))
		txt->client = TXT_CLIENT_EARSHOT;
}

static int
take(const struct inbound *in)
{
	struct person *p = in->from;
	bool proven = p->has_key && stream_peer_key(in->stream);
	if (xml_elem_attr(in->stanza, "type"))
		return 0; /* subscriptions and the like (RFC 6121 4.7.1) */
	struct txt txt;
	txt_kept_get(&p->txt, &txt);
	if (proven) {
		txt.first[0] = txt.last[0] = '\0'; /* all of it is in the nick */
		copy(txt.nick, sizeof(txt.nick), in->stanza, NS_NICK, "nick");
	}
	if (!is_seen_by_multicast(p))
		take_all(in, &txt);
	else if (!proven)
		return 0; /* multicast says it already */
	shown_said(p, &txt);
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
