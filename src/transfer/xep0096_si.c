#include "transfer/xep0096_si.h"

#include "base/err.h"
#include "base/log.h"
#include "base/random.h"
#include "base/str.h"
#include "base/tr.h"
#include "peer/iq.h"
#include "peer/roster.h"
#include "peer/xep0115_caps.h"
#include "transfer/carrier.h"
#include "transfer/method.h"
#include "transfer/si_stanza.h"
#include "transfer/socks5.h"
#include "transfer/transfers.h"
#include "transfer/whereabouts.h"
#include "transfer/xep0047_ibb.h"
#include "transfer/xep0065_hosts.h"
#include "xml/elem.h"
#include "xml/ns.h"

#include <stdlib.h>
#include <string.h>

enum {                               /* ms */
	ANSWER = 7 * 86400000,       /* a human may take so long; the stream's end ends it sooner */
	CONNECT = 60000,             /* libpurple tries one address after the other */
	DIAL = 20000,                /* all of theirs ... */
	DIAL_GAP = 500,              /* ... of which another is tried beside after so long */
	LIBPURPLE_MOST = 0x7fffffff, /* bytes: it counts them in an int */
};

/* One attempt; t->session of its transfer, until either ends. */
struct si {
	struct list node; /* in roster->initiations */
	struct transfer *t;
	char sid[LIMIT_SESSION_ID + 1]; /* OUT: also the id of all our requests: of errors libpurple
					  knows nothing else */
	char iq[LIMIT_STANZA_ID + 1];   /* IN: the id of the request that waits for our answer */
	enum {
		SI_OFFERED,
		SI_TAKEN,      /* IN: we wait for where to connect to */
		SI_CONNECTING, /* OUT: they are to connect */
		SI_CONNECTED,
	} state;
	unsigned ways; /* that they offer, or we */
	struct socks5_expected *expected;
	struct socks5_dial *dial;
	struct bytestream_hosts *hosts; /* owned; those that are dialled */
	struct ibb *ibb;
};

static bool
is_allowed(const struct roster *r)
{
	return r->files.old_clients;
}

/* ---- sessions ---- */

static struct si *
find(const struct person *p, const char *sid, bool outgoing)
{
	LIST_FOREACH (node, &p->roster->initiations) {
		struct si *s = container_of(node, struct si, node);
		if (s->t->person == p && s->t->outgoing == outgoing && str_equal(s->sid, sid))
			return s;
	}
	return NULL;
}

static void
si_free(struct si *s)
{
	if (!s)
		return;
	list_remove(&s->node);
	if (s->t->outgoing)
		iq_forget(s->t->person, s->sid);
	socks5_forget(s->expected);
	socks5_dial_stop(s->dial);
	ibb_close(s->ibb);
	free(s->hosts);
	s->t->session = NULL;
	free(s);
}

static int
si_create(struct transfer *t, struct si **out)
{
	struct si *s = calloc(1, sizeof(*s));
	if (!s)
		return -ENOMEM;
	s->t = t;
	list_insert(&t->person->roster->initiations, &s->node);
	t->session = s;
	*out = s;
	return 0;
}

/* It ends because of something that the other side did, or did not. */
static void
report(struct si *s, enum transfer_end why, const char *text)
{
	struct transfer *t = s->t;
	si_free(s);
	transfer_ended(t, why, text);
}

static void
connected(struct si *s, struct carrier_link *link)
{
	s->state = SI_CONNECTED;
	transfer_connected(s->t, link);
}

/* ---- in-band ---- */

static void
on_ibb_open(void *ctx, struct carrier_link *link)
{
	connected(ctx, link);
}

/* What the carrier makes of the end is what counts. */
static void
on_ibb_closed(void *ctx, int err)
{
	struct si *s = ctx;
	s->ibb = NULL;
	if (s->state != SI_CONNECTED)
		report(s, TRANSFER_END_FAILED, err_str(err ? err : ERR_CLOSED));
}

static const struct ibb_listener ibb_listener = {
    .on_open = on_ibb_open, .on_closed = on_ibb_closed};

static int
begin_ibb(struct si *s)
{
	struct person *p = s->t->person;
	return s->t->outgoing ? ibb_open(p, s->sid, IBB_BLOCK_OLD, &ibb_listener, s, &s->ibb)
			      : ibb_expect(p, s->sid, IBB_BLOCK_MOST, &ibb_listener, s, &s->ibb);
}

/* ---- out ---- */

static bool
may_connect(void *ctx, const struct sockaddr_storage *from)
{
	const struct si *s = ctx;
	return whereabouts_fit(s->t->person, from);
}

static void
on_arrived(void *ctx, struct carrier_link *link)
{
	struct si *s = ctx;
	s->expected = NULL;
	connected(s, link);
}

static void
write_hosts(struct xml_writer *w, const void *from)
{
	const struct si *s = from;
	const struct roster *r = s->t->person->roster;
	xml_attr(w, "sid", s->sid);
	xml_attr(w, "mode", "tcp");
	bytestream_own_write(w, s->t->person, socks5_server_port(r->socks5));
}

/* That they say which one they used is of no use: who knows the hash has connected. */
static void
on_hosts_answered(void *ctx, struct person *p, int err, const struct xml_elem *payload)
{
	struct si *s = ctx;
	(void)payload;
	if (!err || s->state == SI_CONNECTED)
		return;
	log_info(p->name, "it does not connect for a file: %s", err_str(err));
	report(s, TRANSFER_END_FAILED,
	    err == ERR_PROTO
		? TR("they ended it")
		: TR("their program could not connect to this one; a firewall here may "
		     "be in the way"));
}

static int
begin_bytestreams(struct si *s)
{
	char hash[SOCKS5_HASH_SIZE];
	struct person *p = s->t->person;
	struct roster *r = p->roster;
	int err = bytestream_hash(s->sid, r->own_name, p->instance, hash);
	if (!err)
		err = socks5_expect(r->socks5, hash, may_connect, on_arrived, s, &s->expected);
	if (!err)
		err = iq_put_as(p, s->sid, NS_BYTESTREAMS, "query", write_hosts, s, CONNECT,
		    on_hosts_answered, s);
	return err;
}

static void
on_answered(void *ctx, struct person *p, int err, const struct xml_elem *payload)
{
	struct si *s = ctx;
	struct transfer *t = s->t;
	(void)p;
	if (err == ERR_PROTO) {
		si_free(s);
		transfer_declined(t, NULL);
		return;
	}
	if (err) {
		bool unknown = err == ERR_UNSUPPORTED;
		report(s, unknown ? TRANSFER_END_FAILED : TRANSFER_END_LOST,
		    unknown ? TR("their program takes no files") : NULL);
		return;
	}
	unsigned way =
	    payload && xml_elem_is(payload, NS_SI, "si") ? si_answer_read(payload) & s->ways : 0;
	if (!way) {
		report(s, TRANSFER_END_FAILED,
		    TR("their program answered in a way that is not known"));
		return;
	}
	s->state = SI_CONNECTING;
	transfer_accepted(t, 0, NULL);
	err = way == SI_IBB ? begin_ibb(s) : begin_bytestreams(s);
	if (err)
		report(s, TRANSFER_END_FAILED, err_str(err));
}

static void
write_offer(struct xml_writer *w, const void *from)
{
	const struct si *s = from;
	const struct transfer *t = s->t;
	si_offer_write(w, &(struct si_offer){.sid = s->sid,
			      .name = t->name,
			      .description = t->description,
			      .media = t->media,
			      .size = t->size,
			      .mtime = t->mtime,
			      .ways = s->ways});
}

static int
offer(struct transfer *t)
{
	struct si *s;
	struct person *p = t->person;
	si_free(t->session);
	int err = si_create(t, &s);
	if (err)
		return err;
	random_id(s->sid);
	s->ways = SI_BYTESTREAMS;
	if (person_supports(p, NS_IBB) || person_client(p) == TXT_CLIENT_GAJIM)
		s->ways |= SI_IBB;
	err = iq_put_as(p, s->sid, NS_SI, "si", write_offer, s, ANSWER, on_answered, s);
	if (err)
		si_free(s);
	return err;
}

/* ---- in ---- */

/* An answer to what they asked long ago. code is for old clients, who know no conditions. */
static void
answer(const struct si *s, const char *type, void (*write)(struct xml_writer *w, const void *from),
    const void *from)
{
	struct person *p = s->t->person;
	struct buf stanza = BUF_INIT(LIMIT_STANZA);
	struct xml_writer w = xml_writer_to(&stanza);
	xml_open(&w, NULL, "iq");
	xml_attr(&w, "from", p->roster->own_name);
	xml_attr(&w, "to", p->instance);
	xml_attr(&w, "type", type);
	xml_attr(&w, "id", s->iq);
	write(&w, from);
	xml_close(&w);
	/* who is not there any more waits for nothing */
	if (p->current)
		(void)!person_send(p, &stanza, NULL, NULL);
	buf_finish(&stanza);
}

struct refusal {
	const char *code, *condition, *text;
};

static void
write_refusal(struct xml_writer *w, const void *from)
{
	const struct refusal *r = from;
	xml_open(w, NULL, "error");
	xml_attr(w, "code", r->code);
	xml_attr(w, "type", "cancel");
	xml_empty(w, NS_STANZA_ERR, r->condition);
	if (r->text)
		xml_leaf(w, NS_STANZA_ERR, "text", r->text);
	xml_close(w);
}

static const struct refusal declined = {"403", "forbidden", "Offer Declined"};
static const struct refusal not_reached = {"404", "item-not-found", NULL};

static void
write_taken(struct xml_writer *w, const void *from)
{
	const struct si *s = from;
	si_answer_write(w, s->ways & SI_BYTESTREAMS ? SI_BYTESTREAMS : SI_IBB);
}

static int
accept_offer(struct transfer *t)
{
	struct si *s = t->session;
	if (!s || !t->person->current)
		return ERR_ABSENT;
	if (s->state != SI_OFFERED)
		return ERR_PROTO;
	int err = s->ways & SI_BYTESTREAMS ? 0 : begin_ibb(s);
	if (err)
		return err;
	s->state = SI_TAKEN;
	answer(s, "result", write_taken, s);
	return 0;
}

static int
take_offer(const struct inbound *in)
{
	struct si_offer o;
	struct si *s;
	struct transfer *t;
	char id[RANDOM_ID_SIZE];
	struct person *p = in->from;
	const char *iq = xml_elem_attr(in->stanza, "id");
	if (!is_allowed(p->roster) || p->has_key)
		return iq_reply_error(in, "cancel", "forbidden");
	int err = si_offer_read(in->payload, &o);
	if (!err && (strlen(o.sid) > LIMIT_SESSION_ID || strlen(iq) > LIMIT_STANZA_ID))
		err = ERR_PROTO;
	if (err)
		return iq_reply_error(in, "cancel", err == ERR_PROTO ? "bad-request" : "forbidden");
	/* libpurple counts anew when it begins anew: what had that name is no more */
	s = find(p, o.sid, false);
	if (s)
		report(s, TRANSFER_END_CANCEL, TR("another file was offered in its place"));
	random_id(id); /* whatever they call it, it is none that was there before */
	const struct transfer_offer offered = {.id = id,
	    .name = o.name,
	    .media = o.media,
	    .description = o.description,
	    .size = o.size,
	    .size_known = o.size_known,
	    .mtime = o.mtime};
	err = transfers_offered(p, &si_method, &offered, &t);
	if (!err)
		err = si_create(t, &s);
	if (err)
		return iq_reply_error(in, "cancel", "forbidden");
	(void)!str_copy(s->sid, sizeof(s->sid), o.sid);
	(void)!str_copy(s->iq, sizeof(s->iq), iq);
	s->ways = o.ways;
	return 0;
}

/* ---- in: connecting ---- */

static void
write_used(struct xml_writer *w, const void *from)
{
	const char *jid = from;
	xml_open(w, NS_BYTESTREAMS, "query");
	xml_open(w, NULL, "streamhost-used");
	xml_attr(w, "jid", jid);
	xml_close(w);
	xml_close(w);
}

static void
on_dialled(void *ctx, int err, size_t index, struct carrier_link *link)
{
	struct si *s = ctx;
	s->dial = NULL;
	if (err) {
		log_info(
		    s->t->person->name, "it cannot be connected to for a file: %s", err_str(err));
		answer(s, "error", write_refusal, &not_reached);
		report(s, TRANSFER_END_FAILED,
		    TR("their computer could not be connected to; a firewall there may be in the "
		       "way"));
		return;
	}
	/* Gajim waits for it before it sends */
	answer(s, "result", write_used, s->hosts->jid[index]);
	connected(s, link);
}

static int
dial(struct si *s, const struct inbound *in)
{
	char hash[SOCKS5_HASH_SIZE];
	const struct person *p = in->from;
	const char *from = xml_elem_attr(in->stanza, "from"), *to = xml_elem_attr(in->stanza, "to");
	int err =
	    bytestream_hash(s->sid, from ? from : p->instance, to ? to : p->roster->own_name, hash);
	if (!err)
		err = socks5_dial(p->roster->loop, s->hosts->at, s->hosts->count, hash, DIAL_GAP,
		    DIAL, on_dialled, s, &s->dial);
	return err;
}

static int
take_hosts(const struct inbound *in)
{
	struct si *s = find(in->from, xml_elem_attr(in->payload, "sid"), false);
	const char *iq = xml_elem_attr(in->stanza, "id");
	const char *mode = xml_elem_attr(in->payload, "mode");
	if (!s || s->state != SI_TAKEN || s->hosts || strlen(iq) > LIMIT_STANZA_ID ||
	    !(s->ways & SI_BYTESTREAMS) || (mode && !str_equal(mode, "tcp")))
		return iq_reply_error(in, "cancel", "not-acceptable");
	s->hosts = calloc(1, sizeof(*s->hosts));
	if (!s->hosts)
		return -ENOMEM;
	(void)!str_copy(s->iq, sizeof(s->iq), iq);
	size_t count = bytestream_hosts_read(in->from, in->payload, s->hosts);
	int err = count ? dial(s, in) : ERR_TRUST;
	if (!err)
		return 0;
	log_info(in->from->name, "it names no address of its own to connect to");
	answer(s, "error", write_refusal, &not_reached);
	report(s, TRANSFER_END_FAILED,
	    count ? err_str(err) : TR("their program named no address of theirs to connect to"));
	return 0;
}

/* ---- the method ---- */

/* Bytes go in plain: not those of who encrypts, whatever the net says that they can do. */
static bool
fits(const struct person *p, const struct transfer *t)
{
	if (t->folder || p->has_key || !is_allowed(p->roster))
		return false;
	if (p->caps)
		return caps_has(p->caps, NS_SI) && caps_has(p->caps, NS_SI_FILE);
	return person_client(p) == TXT_CLIENT_GAJIM ||
	       (person_client(p) == TXT_CLIENT_LIBPURPLE && t->size <= LIBPURPLE_MOST);
}

static void
decline(struct transfer *t)
{
	struct si *s = t->session;
	if (!s)
		return;
	answer(s, "error", write_refusal, &declined);
	si_free(s);
}

/* Of libpurple's: an error under the id of the session takes back what was offered, or ends it.
 * Once bytes flow, the end of the connection says it. */
static void
end(struct transfer *t, enum transfer_end why, const char *text)
{
	struct si *s = t->session;
	(void)text;
	if (!s)
		return;
	if (why != TRANSFER_END_DONE && s->state != SI_CONNECTED) {
		if (t->outgoing)
			(void)!str_copy(s->iq, sizeof(s->iq), s->sid);
		answer(s, "error", write_refusal, &declined);
	}
	si_free(s);
}

/* Nobody confirms: that they ended the connection after the last byte has to do. */
static int
confirm(struct transfer *t, const uint8_t digest[TRANSFER_DIGEST_SIZE])
{
	(void)digest;
	si_free(t->session);
	transfer_confirmed(t);
	return 0;
}

static void
detach(struct transfer *t)
{
	si_free(t->session);
}

const struct transfer_method si_method = {
    .name = "si",
    .once = true,
    .fits = fits,
    .offer = offer,
    .accept = accept_offer,
    .decline = decline,
    .end = end,
    .checksum = confirm,
    .detach = detach,
};

static void
finish(void *ctx)
{
	struct roster *r = ctx;
	LIST_FOREACH (node, &r->initiations)
		si_free(container_of(node, struct si, node));
	socks5_server_close(r->socks5);
	r->socks5 = NULL;
}

static int
start(struct roster *r)
{
	int err = socks5_server_create(r->loop, &r->socks5);
	return err ? err : bus_listen(&r->bus, NULL, finish, r);
}

FEATURE_DEFINE(si) = {
    .name = "si",
    .disco = (const char *const[]){NS_SI, NS_SI_FILE, NS_BYTESTREAMS, NULL},
    .handlers =
	(const struct payload_handler[]){
	    {IQ_SET, NS_SI, "si", take_offer},
	    {IQ_SET, NS_BYTESTREAMS, "query", take_hosts},
	    {0},
	},
    .start = start,
    .wanted = is_allowed,
};
