/* Files by Jingle (XEP-0234): the way between Earshots, and to others that know it. The sender
 * offers, the receiver answers with the byte it wants to begin at, a connection is sought
 * (XEP-0260), else the bytes go over the stream (XEP-0261). Between Earshots the connection is
 * encrypted with the keys that the stream has proven, which both say by <security/>; and either can
 * say that it would go on. Loop thread. */
#include "transfer/xep0234_jingle_ft.h"
#include "base/err.h"
#include "base/hex.h"
#include "base/log.h"
#include "base/random.h"
#include "base/str.h"
#include "base/tr.h"
#include "peer/iq.h"
#include "peer/person.h"
#include "peer/roster.h"
#include "tls/digest.h"
#include "transfer/transfers.h"
#include "transfer/xep0166_jingle.h"
#include "transfer/xep0231_bob.h"
#include "transfer/xep0234_attempt.h"
#include "transfer/xep0234_description.h"
#include "transfer/xep0260_s5b.h"
#include "transfer/xep0300_hashes.h"
#include "xml/elem.h"
#include "xml/ns.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static const struct jingle_app app;

/* ---- what we say ---- */

static void
write_both(struct xml_writer *w, const struct attempt *a,
    void (*describe)(struct xml_writer *w, const struct transfer *t))
{
	jingle_open_content(a->session, w);
	describe(w, a->t);
	attempt_write(w, a);
	xml_close(w);
}

static void
write_offer(struct xml_writer *w, const void *from)
{
	write_both(w, from, description_write);
}

static void
write_answer(struct xml_writer *w, const void *from)
{
	write_both(w, from, description_write_answer);
}

static bool
knows_files(const struct person *p)
{
	return person_supports(p, NS_JINGLE_FT) &&
	       (person_supports(p, NS_JINGLE_S5B) || person_supports(p, NS_JINGLE_IBB));
}

/* Earshots whose features are not known yet can do it: the first one that was released could. */
static bool
fits(const struct person *p, const struct transfer *t)
{
	(void)t;
	return person_client(p) == TXT_CLIENT_EARSHOT && (!p->caps || knows_files(p));
}

static bool
fits_plain(const struct person *p, const struct transfer *t)
{
	return person_client(p) != TXT_CLIENT_EARSHOT && p->roster->files.old_clients &&
	       knows_files(p) && !t->folder;
}

static int
offer(struct transfer *t)
{
	char content[RANDOM_ID_SIZE];
	if (t->method == &jingle_method && !attempt_is_keyed(t->person))
		return ERR_ABSENT; /* without a stream there is nothing that proves whose it is */
	struct attempt *a = attempt_create(t);
	if (!a)
		return -ENOMEM;
	random_id(content);
	/* Gajim calls everything by the session's name, so everybody in plain gets it */
	if (a->keyed)
		random_id(a->sid);
	else
		(void)!str_copy(a->sid, sizeof(a->sid), t->id);
	int err = jingle_begin(t->person, &app, t->id, content, a, &a->session);
	if (!err && (a->keyed || person_supports(t->person, NS_JINGLE_S5B)))
		err = attempt_seek(a);
	if (!err)
		err = jingle_say(a->session, "session-initiate", write_offer, a);
	if (err)
		attempt_end(a, NULL);
	return err;
}

static int
accept_offer(struct transfer *t)
{
	struct attempt *a = t->session;
	if (!a)
		return ERR_ABSENT;
	int err = a->s5b ? 0 : attempt_expect_bytes(a);
	if (!err)
		err = jingle_say(a->session, "session-accept", write_answer, a);
	if (err)
		return err;
	a->session->state = JINGLE_ACTIVE;
	return a->s5b ? s5b_start(a->s5b) : 0;
}

static void
end(struct transfer *t, enum transfer_end why, const char *text)
{
	static const struct jingle_reason reasons[] = {
	    [TRANSFER_END_CANCEL] = {.condition = "cancel"},
	    [TRANSFER_END_PAUSE] = {.condition = "cancel", .detail = "paused"},
	    [TRANSFER_END_FAILED] = {.condition = "failed-application"},
	    [TRANSFER_END_DIFFERS] = {.condition = "failed-application", .detail = "differs"},
	    [TRANSFER_END_DONE] = {.condition = "success"},
	    [TRANSFER_END_LOST] = {.condition = "connectivity-error"},
	};
	struct attempt *a = t->session;
	if (!a)
		return;
	struct jingle_reason reason = reasons[why];
	reason.text = text;
	if (!a->keyed)
		reason.detail = NULL;
	attempt_end(a, &reason);
}

static void
decline(struct transfer *t)
{
	struct attempt *a = t->session;
	if (a)
		attempt_end(a, &(struct jingle_reason){.condition = "decline"});
}

static void
detach(struct transfer *t)
{
	struct attempt *a = t->session;
	if (a)
		attempt_end(a, NULL);
}

struct checksum {
	const struct jingle_session *session;
	const uint8_t *digest;
};

static void
write_checksum(struct xml_writer *w, const void *from)
{
	const struct checksum *c = from;
	xml_open(w, NS_JINGLE_FT, "checksum");
	xml_attr(w, "creator", "initiator");
	xml_attr(w, "name", c->session->content);
	xml_open(w, NULL, "file");
	hash_write(w, c->digest);
	xml_close(w);
	xml_close(w);
}

static int
checksum(struct transfer *t, const uint8_t digest[32])
{
	struct attempt *a = t->session;
	if (!a)
		return ERR_ABSENT;
	const struct checksum c = {a->session, digest};
	return jingle_say(a->session, "session-info", write_checksum, &c);
}

static void
write_id(struct xml_writer *w, const void *from)
{
	xml_attr(w, "id", from);
}

static void
on_ready_answer(void *ctx, struct person *p, int err, const struct xml_elem *payload)
{
	char *id = ctx;
	(void)payload;
	struct transfer *t = err == ERR_UNSUPPORTED ? transfers_find(p, id, false) : NULL;
	if (t)
		transfer_ended(t, TRANSFER_END_CANCEL, TR("It is not offered any more."));
	free(id);
}

static int
ready(struct transfer *t)
{
	char *id = strdup(t->id);
	if (!id)
		return -ENOMEM;
	int err = iq_put(t->person, NS_TRANSFER, "ready", write_id, t->id, on_ready_answer, id);
	if (err)
		free(id);
	return err;
}

const struct transfer_method jingle_method = {
    .name = "jingle",
    .fits = fits,
    .offer = offer,
    .accept = accept_offer,
    .decline = decline,
    .end = end,
    .ready = ready,
    .checksum = checksum,
    .detach = detach,
};

const struct transfer_method jingle_plain_method = {
    .name = "jingle-plain",
    .once = true,
    .fits = fits_plain,
    .offer = offer,
    .accept = accept_offer,
    .decline = decline,
    .end = end,
    .checksum = checksum,
    .detach = detach,
};

/* ---- what they say ---- */

/* Ids of ours are 32 hex digits; what others call their sessions becomes one. */
static int
id_of(const char *sid, char out[TRANSFER_ID_SIZE])
{
	uint8_t raw[DIGEST_SHA256_SIZE];
	if (strlen(sid) == TRANSFER_ID_SIZE - 1 && strspn(sid, "0123456789abcdef") == strlen(sid))
		return str_copy(out, TRANSFER_ID_SIZE, sid);
	int err = digest_sha256(sid, strlen(sid), raw);
	if (!err)
		hex_encode(out, raw, (TRANSFER_ID_SIZE - 1) / 2);
	return err;
}

static void
refuse_offer(struct jingle_session *s, const char *condition, const char *text)
{
	jingle_end(s, &(struct jingle_reason){.condition = condition, .text = text});
}

/* Two names of sessions may come to one id: the former attempt is over, else nobody would know of
 * it once the transfer is no more. */
static void
end_former(struct person *p, const char *id)
{
	const struct transfer *t = transfers_find(p, id, false);
	if (t && t->session && (t->method == &jingle_method || t->method == &jingle_plain_method))
		attempt_fail(t->session, "gone", TRANSFER_END_LOST, NULL);
}

static const struct transfer_method *
method_for(const struct person *p)
{
	return attempt_is_keyed(p) ? &jingle_method : &jingle_plain_method;
}

static void
on_initiate(struct jingle_session *s, const struct xml_elem *content)
{
	struct description d;
	struct transfer *t = NULL;
	char id[TRANSFER_ID_SIZE];
	const char *senders = xml_elem_attr(content, "senders");
	if (senders && strcmp(senders, "initiator") != 0) {
		refuse_offer(s, "failed-application", NULL); /* nobody asks for our files */
		return;
	}
	if (!attempt_is_keyed(s->person) && !s->person->roster->files.old_clients) {
		refuse_offer(s, "security-error", TR("Files are taken from those who encrypt."));
		return;
	}
	int err = description_read(xml_elem_child(content, NULL, "description"), &d);
	if (!err)
		err = id_of(s->sid, id);
	d.offer.id = id;
	if (!err) {
		end_former(s->person, id);
		err = transfers_offered(s->person, method_for(s->person), &d.offer, &t);
	}
	if (err) {
		refuse_offer(
		    s, err == ERR_PROTO ? "failed-application" : "decline", transfers_refusal(err));
		return;
	}
	struct attempt *a = attempt_create(t);
	if (!a) {
		refuse_offer(s, "general-error", NULL);
		transfer_ended(t, TRANSFER_END_LOST, NULL);
		return;
	}
	a->session = s;
	s->user = a;
	const char *condition = attempt_read(a, content);
	if (condition)
		attempt_fail(a, condition, TRANSFER_END_LOST, NULL);
	else if (d.offer.thumbnail)
		bob_fetch(t, d.thumbnail.cid);
}

static void
on_accept(struct jingle_session *s, const struct xml_elem *content)
{
	struct attempt *a = s->user;
	struct description d;
	if (description_read(xml_elem_child(content, NULL, "description"), &d) != 0 ||
	    d.offset > a->t->size || (d.offset && !d.has_prefix)) {
		attempt_fail(a, "failed-application", TRANSFER_END_FAILED,
		    TR("The answer to the offer makes no sense."));
		return;
	}
	const char *condition = attempt_read_answer(a, content);
	if (condition || (!a->s5b && attempt_open_bytes(a) != 0)) {
		attempt_fail(
		    a, condition ? condition : "failed-transport", TRANSFER_END_LOST, NULL);
		return;
	}
	transfer_accepted(a->t, d.offset, d.has_prefix ? d.prefix : NULL);
	if (a->s5b && s5b_start(a->s5b) != 0)
		log_debug(s->person->name, "accepted twice");
}

static bool
on_transport(struct jingle_session *s, const char *action, const struct xml_elem *transport)
{
	return attempt_heard(s->user, action, transport);
}

static bool
on_info(struct jingle_session *s, const struct xml_elem *info)
{
	struct attempt *a = s->user;
	uint8_t digest[DIGEST_SHA256_SIZE];
	const struct xml_elem *file = xml_elem_child(info, NS_JINGLE_FT, "file");
	if (xml_elem_is(info, NS_JINGLE_FT, "received") && s->initiator) {
		/* Earshots say so by ending the session */
		if (!a->keyed)
			transfer_confirmed(a->t);
		return true;
	}
	if (!xml_elem_is(info, NS_JINGLE_FT, "checksum"))
		return false;
	if (!s->initiator && file && hash_read(file, digest))
		transfer_checksum(a->t, digest);
	return true;
}

/* What ends there are on the wire, and what they come to. */
static void
report_reason(struct transfer *t, bool initiator, const struct jingle_reason *r)
{
	static const struct {
		const char *condition;
		enum transfer_end end;
	} ends[] = {
	    {"cancel", TRANSFER_END_CANCEL},
	    {"connectivity-error", TRANSFER_END_LOST},
	    {"failed-transport", TRANSFER_END_LOST},
	    {"general-error", TRANSFER_END_LOST},
	    {"gone", TRANSFER_END_LOST},
	    {"timeout", TRANSFER_END_LOST},
	    {"expired", TRANSFER_END_LOST},
	    {"busy", TRANSFER_END_LOST},
	};
	if (str_equal(r->condition, "success") && initiator)
		transfer_confirmed(t);
	else if (str_equal(r->condition, "decline") && initiator)
		transfer_declined(t, r->text);
	else if (str_equal(r->detail, "paused"))
		transfer_ended(t, TRANSFER_END_PAUSE, NULL);
	else if (str_equal(r->detail, "differs") && !initiator)
		transfer_ended(t, TRANSFER_END_DIFFERS, NULL);
	else {
		enum transfer_end why = r->condition ? TRANSFER_END_FAILED : TRANSFER_END_CANCEL;
		for (size_t i = 0; i < ARRAY_LEN(ends); i++)
			if (str_equal(ends[i].condition, r->condition))
				why = ends[i].end;
		transfer_ended(t, why, r->text);
	}
}

static void
on_end(struct jingle_session *s, const struct jingle_reason *reason, int err)
{
	struct attempt *a = s->user;
	if (!a)
		return;
	struct transfer *t = a->t;
	bool flows = a->connected;
	bool asked = s->initiator && s->state == JINGLE_PENDING;
	attempt_free(a);
	if (reason && str_equal(reason->condition, "success") && !s->initiator && flows)
		return; /* a sender that says so before we have read the last byte */
	if (reason)
		report_reason(t, s->initiator, reason);
	else if (asked && (err == ERR_UNSUPPORTED || err == ERR_TRUST))
		transfer_declined(t, NULL);
	else
		transfer_ended(t, TRANSFER_END_LOST, NULL);
}

/* What flows already needs no stream. */
static void
on_alone(struct jingle_session *s)
{
	struct attempt *a = s->user;
	struct transfer *t = a ? a->t : NULL;
	if (!a || a->connected)
		return;
	attempt_end(a, NULL);
	transfer_ended(t, TRANSFER_END_LOST, NULL);
}

static const struct jingle_app app = {
    .on_initiate = on_initiate,
    .on_accept = on_accept,
    .on_transport = on_transport,
    .on_info = on_info,
    .on_end = on_end,
    .on_alone = on_alone,
};

const struct jingle_app *
jingle_app_of(const char *ns)
{
	return strcmp(ns, NS_JINGLE_FT) == 0 ? &app : NULL;
}

struct offered {
	bool (*fits)(const struct transfer *t, const void *what);
	const void *what;
};

static bool
is_offered(const struct jingle_session *s, const void *what)
{
	const struct offered *o = what;
	const struct attempt *a = s->user;
	return s->initiator && a && o->fits(a->t, o->what);
}

const struct transfer *
jingle_offered(
    struct person *p, bool (*wanted)(const struct transfer *t, const void *what), const void *what)
{
	const struct offered o = {wanted, what};
	const struct jingle_session *s = jingle_find(p, is_offered, &o);
	return s ? ((const struct attempt *)s->user)->t : NULL;
}

/* They would go on with what we offered. */
static int
answer_ready(const struct inbound *in)
{
	const char *id = xml_elem_attr(in->payload, "id");
	struct transfer *t =
	    id && strlen(id) < TRANSFER_ID_SIZE ? transfers_find(in->from, id, true) : NULL;
	if (!t)
		return iq_reply_error(in, "cancel", "item-not-found");
	int err = iq_reply_empty(in);
	transfer_ready(t);
	return err;
}

FEATURE_DEFINE(jingle_ft) = {
    .name = "jingle-ft",
    .disco = (const char *const[]){NS_JINGLE_FT, NS_HASHES, NS_HASH_SHA256, NS_TRANSFER, NULL},
    .handlers =
	(const struct payload_handler[]){
	    {IQ_SET, NS_TRANSFER, "ready", answer_ready},
	    {0},
	},
};
