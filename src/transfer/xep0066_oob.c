#include "transfer/xep0066_oob.h"

#include "base/err.h"
#include "base/log.h"
#include "base/random.h"
#include "base/str.h"
#include "base/tr.h"
#include "peer/iq.h"
#include "peer/roster.h"
#include "peer/xep0115_caps.h"
#include "stream/stream.h"
#include "transfer/carrier.h"
#include "transfer/http_fetch.h"
#include "transfer/http_server.h"
#include "transfer/method.h"
#include "transfer/oob_stanza.h"
#include "transfer/transfers.h"
#include "transfer/whereabouts.h"
#include "transfer/xep0065_hosts.h"
#include "xml/elem.h"
#include "xml/ns.h"
#include "xml/writer.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum {                         /* ms */
	ANSWER = 7 * 86400000, /* a human may take so long; the stream's end ends it sooner */
	LAST_WORD = 15000,     /* after the last byte: Adium and iChat confirm nothing */
};

/* One attempt; t->session of its transfer, until either ends. */
struct oob {
	struct list node; /* in roster->oobs; in none when it is over */
	struct transfer *t;
	/* out */
	char id[RANDOM_ID_SIZE]; /* of our request; "": it is a link in a message */
	struct http_server *server;
	bool busy;      /* the bytes are given to somebody */
	bool all_given; /* all of them: they may still confirm */
	bool confirmed;
	uv_timer_t timer;
	bool closing;
	/* in */
	char iq[LIMIT_STANZA_ID + 1]; /* of their request; "": it came in a message */
	bool folder;
	struct http_url url;
	struct http_fetch *fetch;
};

static bool
is_allowed(const struct roster *r)
{
	return r->files.old_clients;
}

/* ---- sessions ---- */

static void
on_timer_closed(uv_handle_t *h)
{
	free(container_of((uv_timer_t *)h, struct oob, timer));
}

static void
oob_free(struct oob *o)
{
	if (!o || o->closing)
		return;
	o->closing = true;
	list_remove(&o->node);
	if (o->id[0])
		iq_forget(o->t->person, o->id);
	http_server_close(o->server);
	http_fetch_stop(o->fetch);
	o->t->session = NULL;
	uv_close((uv_handle_t *)&o->timer, on_timer_closed);
}

static int
oob_create(struct transfer *t, struct oob **out)
{
	struct roster *r = t->person->roster;
	struct oob *o = calloc(1, sizeof(*o));
	if (!o)
		return -ENOMEM;
	o->t = t;
	(void)uv_timer_init(r->loop, &o->timer);
	list_insert(&r->oobs, &o->node);
	t->session = o;
	*out = o;
	return 0;
}

static void
report(struct oob *o, enum transfer_end why, const char *text)
{
	struct transfer *t = o->t;
	oob_free(o);
	transfer_ended(t, why, text);
}

/* ---- out: who fetches it ---- */

static bool
may_come(void *ctx, const struct sockaddr_storage *from)
{
	const struct oob *o = ctx;
	return whereabouts_fit(o->t->person, from);
}

static bool
is_free(void *ctx)
{
	const struct oob *o = ctx;
	return !o->busy;
}

static void
on_get(void *ctx, uint64_t from, struct carrier_link *link)
{
	struct oob *o = ctx;
	o->busy = true;
	transfer_accepted(o->t, from, NULL);
	transfer_connected(o->t, link);
}

static const struct http_server_listener server_listener = {
    .may_come = may_come, .is_free = is_free, .on_get = on_get};

/* Where the stream is, for that way they can reach us; a browser needs an address without a scope,
 * so IPv4 before that. */
static int
serve(struct oob *o)
{
	struct transfer *t = o->t;
	struct sockaddr_storage own[BYTESTREAM_OWN];
	size_t count = bytestream_own(t->person, own);
	const struct http_server_config config = {
	    .local = &own[0], .name = t->name, .size = t->size, .l = &server_listener, .ctx = o};
	return count ? http_server_create(t->person->roster->loop, &config, &o->server)
		     : ERR_ABSENT;
}

static void
done(struct oob *o)
{
	struct transfer *t = o->t;
	oob_free(o);
	transfer_confirmed(t);
}

static void
on_no_last_word(uv_timer_t *timer)
{
	done(container_of(timer, struct oob, timer));
}

static int
all_given(struct transfer *t, const uint8_t digest[TRANSFER_DIGEST_SIZE])
{
	struct oob *o = t->session;
	(void)digest;
	if (!o)
		return ERR_ABSENT;
	o->all_given = true;
	bool answers = o->id[0] && person_client(t->person) != TXT_CLIENT_ADIUM;
	if (o->confirmed || !answers)
		done(o);
	else
		(void)uv_timer_start(&o->timer, on_no_last_word, LAST_WORD, 0);
	return 0;
}

/* ---- out: by a request ---- */

static void
refused(struct oob *o, int err)
{
	struct transfer *t = o->t;
	if (o->busy && err == ERR_UNSUPPORTED) {
		report(o, TRANSFER_END_FAILED, TR("their program could not fetch it"));
	} else if (o->busy) {
		report(o, TRANSFER_END_CANCEL, NULL);
	} else if (err == ERR_PROTO) {
		oob_free(o);
		transfer_declined(t, NULL);
	} else if (err == ERR_UNSUPPORTED) {
		report(o, TRANSFER_END_FAILED,
		    TR("their program takes no files, or could not fetch it from here"));
	} else {
		report(o, TRANSFER_END_LOST, NULL);
	}
}

static void
on_answered(void *ctx, struct person *p, int err, const struct xml_elem *payload)
{
	struct oob *o = ctx;
	(void)p, (void)payload;
	bool silent = err && err != ERR_PROTO && err != ERR_UNSUPPORTED && err != ERR_TRUST;
	if (silent && o->busy)
		return; /* the stream has ended: the bytes go their own way */
	if (err)
		refused(o, err);
	else if (o->all_given)
		done(o);
	else
		o->confirmed = true;
}

static void
write_offer(struct xml_writer *w, const void *from)
{
	const struct oob *o = from;
	struct buf url = BUF_INIT(LIMIT_HTTP_TARGET);
	http_server_url(o->server, &url);
	oob_write(w, buf_cstr(&url), o->t->size, o->t->media);
	buf_finish(&url);
}

static int
offer(struct transfer *t)
{
	struct oob *o;
	oob_free(t->session);
	int err = oob_create(t, &o);
	if (err)
		return err;
	err = serve(o);
	if (!err) {
		random_id(o->id);
		err = iq_put_as(
		    t->person, o->id, NS_IQ_OOB, "query", write_offer, o, ANSWER, on_answered, o);
	}
	if (err)
		oob_free(o);
	return err;
}

/* ---- out: by a link ---- */

static void
write_link(struct xml_writer *w, const char *name, const char *url)
{
	struct buf text = BUF_INIT(LIMIT_STANZA);
	buf_fmt(&text, "%s: %s", name, url);
	xml_leaf(w, NULL, "body", buf_cstr(&text));
	buf_finish(&text);
	/* R7: libpurple takes a body for HTML */
	xml_open(w, NS_XHTML, "html");
	xml_open(w, NULL, "body");
	xml_open(w, NULL, "font");
	xml_text(w, name);
	xml_text(w, ": ");
	xml_open(w, NULL, "a");
	xml_attr(w, "href", url);
	xml_text(w, url);
	xml_close(w);
	xml_close(w);
	xml_close(w);
	xml_close(w);
}

static int
offer_link(struct transfer *t)
{
	struct oob *o;
	struct person *p = t->person;
	oob_free(t->session);
	int err = oob_create(t, &o);
	if (err)
		return err;
	err = serve(o);
	if (!err) {
		struct buf stanza = BUF_INIT(LIMIT_STANZA), url = BUF_INIT(LIMIT_HTTP_TARGET);
		struct xml_writer w = xml_writer_to(&stanza);
		http_server_url(o->server, &url);
		xml_open(&w, NULL, "message");
		xml_attr(&w, "from", p->roster->own_name);
		xml_attr(&w, "to", p->instance);
		xml_attr(&w, "type", "chat");
		write_link(&w, t->name, buf_cstr(&url));
		xml_close(&w);
		err = buf_err(&url);
		if (!err)
			err = person_send(p, &stanza, NULL, NULL);
		buf_finish(&stanza);
		buf_finish(&url);
	}
	if (err)
		oob_free(o);
	return err;
}

/* ---- in ---- */

static void
answer(const struct oob *o, bool good, enum oob_refusal why)
{
	struct person *p = o->t->person;
	struct buf stanza = BUF_INIT(LIMIT_STANZA), url = BUF_INIT(LIMIT_STANZA);
	if (!o->iq[0] || !p->current)
		return;
	struct xml_writer w = xml_writer_to(&stanza);
	xml_open(&w, NULL, "iq");
	xml_attr(&w, "from", p->roster->own_name);
	xml_attr(&w, "to", p->instance);
	xml_attr(&w, "type", good ? "result" : "error");
	xml_attr(&w, "id", o->iq);
	if (!good) {
		buf_fmt(&url, "http://%s%s", o->url.host, o->url.path);
		oob_refusal_write(&w, buf_cstr(&url), why);
	}
	xml_close(&w);
	(void)!person_send(p, &stanza, NULL, NULL);
	buf_finish(&stanza);
	buf_finish(&url);
}

static const char *
why_not(int err)
{
	switch (err) {
	case -ENOENT:
		return TR("it is not there any more");
	case ERR_UNSUPPORTED:
		return TR("their program sends it in a way that is not known");
	case ERR_CLOSED:
	case -ECONNRESET:
		return TR("their program ended it");
	case -ECONNREFUSED:
	case -ETIMEDOUT:
	case -EHOSTUNREACH:
		return TR("their computer could not be connected to, or said nothing more");
	default:
		return err_str(err);
	}
}

/* All that was said to come was handed on, or whoever takes it has stopped: which of the two, the
 * carrier knows. */
static void
on_fetched(void *ctx, int err)
{
	struct oob *o = ctx;
	o->fetch = NULL;
	if (!err || err == -EPIPE)
		return;
	log_info(o->t->person->name, "a file could not be fetched: %s", err_str(err));
	answer(o, false, OOB_NOT_THERE);
	report(o, TRANSFER_END_FAILED, why_not(err));
}

static int
accept_offer(struct transfer *t)
{
	struct oob *o = t->session;
	struct carrier_link link;
	if (!o)
		return ERR_ABSENT;
	if (o->fetch)
		return ERR_PROTO;
	int err = http_fetch_start(
	    t->person->roster->loop, &o->url, o->folder, t->size, on_fetched, o, &link, &o->fetch);
	if (!err)
		transfer_connected(t, &link);
	return err;
}

/* 0, or why it is not even asked about. iq "": nobody can be answered. */
static int
take(struct person *p, const struct xml_elem *payload, const char *iq)
{
	struct oob_offer o;
	struct oob *s = NULL;
	struct transfer *t;
	char id[RANDOM_ID_SIZE];
	int err = oob_read(payload, &o);
	if (!err)
		err = whereabouts_complete(p, &o.url.at);
	if (!err && strlen(iq) > LIMIT_STANZA_ID)
		err = ERR_PROTO;
	if (err)
		return err;
	struct buf name = BUF_INIT(LIMIT_HTTP_TARGET);
	http_url_name(&o.url, &name);
	random_id(id);
	const struct transfer_offer offered = {.id = id,
	    .name = name.len ? name.data : "file",
	    .media = o.media,
	    .description = o.description,
	    .size = o.size,
	    .size_known = o.size_known && !o.folder,
	    .folder = o.folder,
	    .files = o.files};
	err = transfers_offered(p, &oob_method, &offered, &t);
	buf_finish(&name);
	if (!err)
		err = oob_create(t, &s);
	if (err)
		return err;
	s->url = o.url;
	s->folder = o.folder;
	(void)!str_copy(s->iq, sizeof(s->iq), iq);
	return 0;
}

static int
take_request(const struct inbound *in)
{
	struct iq_reply r;
	struct person *p = in->from;
	if (!is_allowed(p->roster) || p->has_key)
		return iq_reply_error(in, "cancel", "forbidden");
	int err = take(p, in->payload, xml_elem_attr(in->stanza, "id"));
	if (!err)
		return 0;
	log_info(p->name, "a file it offers is refused: %s", err_str(err));
	const struct xml_elem *url = xml_elem_child(in->payload, NS_IQ_OOB, "url");
	iq_reply_begin_error(&r, in);
	oob_refusal_write(&r.w, url ? url->text : "", OOB_NOT_WANTED);
	return iq_reply_send(&r, in);
}

/* Adium's files come so; an address that says of itself to be nothing else is for humans, who see
 * it in the text. */
static int
take_message(const struct inbound *in)
{
	struct oob_offer o;
	struct person *p = in->from;
	if (!is_allowed(p->roster) || p->has_key || person_client(p) == TXT_CLIENT_EARSHOT ||
	    oob_read(in->payload, &o) != 0 || !o.is_file)
		return 0;
	int err = take(p, in->payload, "");
	if (err)
		log_info(p->name, "a file it offers is refused: %s", err_str(err));
	return 0;
}

/* ---- the methods ---- */

/* Bytes go in plain: not those of who encrypts, whatever the net says that they can do. */
static bool
fits(const struct person *p, const struct transfer *t)
{
	enum txt_client c = person_client(p);
	if (t->folder || p->has_key || !is_allowed(p->roster))
		return false;
	if (p->caps)
		return caps_has(p->caps, NS_IQ_OOB);
	return c == TXT_CLIENT_ADIUM || c == TXT_CLIENT_SALUT;
}

/* For all who are not known to be able to do better. */
static bool
link_fits(const struct person *p, const struct transfer *t)
{
	return !t->folder && is_allowed(p->roster) && person_client(p) != TXT_CLIENT_EARSHOT &&
	       !p->has_key;
}

static void
decline(struct transfer *t)
{
	struct oob *o = t->session;
	if (!o)
		return;
	answer(o, false, OOB_NOT_WANTED);
	oob_free(o);
}

static void
end(struct transfer *t, enum transfer_end why, const char *text)
{
	struct oob *o = t->session;
	(void)text;
	if (!o)
		return;
	answer(o, why == TRANSFER_END_DONE, OOB_NOT_THERE);
	oob_free(o);
}

static void
detach(struct transfer *t)
{
	oob_free(t->session);
}

const struct transfer_method oob_method = {
    .name = "oob",
    .once = true,
    .fits = fits,
    .offer = offer,
    .accept = accept_offer,
    .decline = decline,
    .end = end,
    .checksum = all_given,
    .detach = detach,
};

const struct transfer_method link_method = {
    .name = "link",
    .once = true,
    .fits = link_fits,
    .offer = offer_link,
    .end = end,
    .checksum = all_given,
    .detach = detach,
};

static void
finish(void *ctx)
{
	struct roster *r = ctx;
	LIST_FOREACH (node, &r->oobs)
		oob_free(container_of(node, struct oob, node));
}

static int
start(struct roster *r)
{
	return bus_listen(&r->bus, NULL, finish, r);
}

FEATURE_DEFINE(oob) = {
    .name = "oob",
    .disco = (const char *const[]){NS_IQ_OOB, NS_X_OOB, NULL},
    .handlers =
	(const struct payload_handler[]){
	    {IQ_SET, NS_IQ_OOB, "query", take_request},
	    {MESSAGE, NS_X_OOB, "x", take_message},
	    {0},
	},
    .start = start,
    .wanted = is_allowed,
};
