#include "transfer/xep0234_attempt.h"

#include "base/err.h"
#include "base/log.h"
#include "base/random.h"
#include "base/str.h"
#include "peer/person.h"
#include "peer/roster.h"
#include "transfer/carrier.h"
#include "transfer/transfers.h"
#include "transfer/xep0047_ibb.h"
#include "transfer/xep0166_jingle.h"
#include "transfer/xep0260_s5b.h"
#include "xml/elem.h"
#include "xml/ns.h"
#include "xml/writer.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- the end of an attempt ---- */

void
attempt_free(struct attempt *a)
{
	if (a->t)
		a->t->session = NULL;
	s5b_destroy(a->s5b);
	ibb_close(a->ibb);
	ibb_close(a->alias);
	free(a);
}

void
attempt_end(struct attempt *a, const struct jingle_reason *reason)
{
	jingle_end(a->session, reason);
	attempt_free(a);
}

void
attempt_fail(struct attempt *a, const char *condition, enum transfer_end how, const char *text)
{
	struct transfer *t = a->t;
	const struct jingle_reason reason = {.condition = condition, .text = text};
	attempt_end(a, &reason);
	transfer_ended(t, how, text);
}

void
attempt_lost(struct attempt *a)
{
	attempt_fail(a, "connectivity-error", TRANSFER_END_LOST, NULL);
}

bool
attempt_is_keyed(const struct person *p)
{
	return p->has_key && p->roster->tls && person_is_encrypted(p);
}

struct attempt *
attempt_create(struct transfer *t)
{
	struct attempt *a = calloc(1, sizeof(*a));
	if (!a)
		return NULL;
	a->t = t;
	a->keyed = attempt_is_keyed(t->person);
	a->block = IBB_BLOCK;
	t->session = a;
	return a;
}

/* ---- bytes over the stream (XEP-0261) ---- */

static void
on_ibb_open(void *ctx, struct carrier_link *link)
{
	struct attempt *a = ctx;
	a->connected = true;
	transfer_connected(a->t, link);
}

/* Who carries the bytes sees it as well, once it does. */
static void
on_ibb_closed(void *ctx, int err)
{
	struct attempt *a = ctx;
	a->ibb = NULL;
	if (!a->connected) {
		log_info(a->t->person->name, "no bytestream for a file: %s", err_str(err));
		attempt_lost(a);
	}
}

static const struct ibb_listener ibb_listener = {on_ibb_open, on_ibb_closed};

static void
on_alias_open(void *ctx, struct carrier_link *link)
{
	struct attempt *a = ctx;
	ibb_close(a->ibb);
	a->ibb = a->alias;
	a->alias = NULL;
	on_ibb_open(a, link);
}

/* Which of the two is closed is not told by the pointer any more once one has opened. */
static void
on_alias_closed(void *ctx, int err)
{
	struct attempt *a = ctx;
	if (a->connected)
		a->ibb = NULL;
	else
		a->alias = NULL;
	(void)err;
}

static const struct ibb_listener alias_listener = {on_alias_open, on_alias_closed};

/* The receiver's part. Gajim calls the bytestream by the session's name. */
int
attempt_expect_bytes(struct attempt *a)
{
	struct person *p = a->t->person;
	int err = ibb_expect(p, a->sid, a->block, &ibb_listener, a, &a->ibb);
	if (!err && !a->keyed && strcmp(a->sid, a->session->sid) != 0)
		err = ibb_expect(p, a->session->sid, a->block, &alias_listener, a, &a->alias);
	return err;
}

static void
write_ibb(struct xml_writer *w, const struct attempt *a)
{
	char block[24];
	(void)snprintf(block, sizeof(block), "%zu", a->block);
	xml_open(w, NS_JINGLE_IBB, "transport");
	xml_attr(w, "block-size", block);
	xml_attr(w, "sid", a->sid);
	xml_close(w);
}

/* The name, and the smaller of the sizes. False: there is no sense in it. */
static bool
read_ibb(struct attempt *a, const struct xml_elem *transport)
{
	const char *sid = xml_elem_attr(transport, "sid");
	const char *size = xml_elem_attr(transport, "block-size");
	const char *stanza = xml_elem_attr(transport, "stanza");
	int64_t block;
	if (strcmp(transport->ns, NS_JINGLE_IBB) != 0 || str_empty(sid) || !size ||
	    str_to_int(size, 1, IBB_BLOCK_MOST, &block) != 0 ||
	    (stanza && strcmp(stanza, "iq") != 0))
		return false;
	if ((size_t)block < a->block)
		a->block = (size_t)block;
	return str_copy(a->sid, sizeof(a->sid), sid) == 0;
}

/* ---- a connection (XEP-0260) ---- */

static void
write_transport(struct xml_writer *w, const void *from)
{
	const struct attempt *a = from;
	jingle_open_content(a->session, w);
	if (a->s5b)
		s5b_write_news(a->s5b, w);
	else
		write_ibb(w, a);
	xml_close(w);
}

/* Not told at once if it cannot be said: the answers to what was said before tell it, or the end of
 * the stream. */
static void
say_transport(struct attempt *a, const char *action)
{
	int err = jingle_say(a->session, action, write_transport, a);
	if (err)
		log_info(a->t->person->name, "a %s was not said: %s", action, err_str(err));
}

static void
on_s5b_say(void *ctx)
{
	say_transport(ctx, "transport-info");
}

static void
on_s5b_connected(void *ctx, struct carrier_link *link)
{
	struct attempt *a = ctx;
	s5b_destroy(a->s5b);
	a->s5b = NULL;
	a->connected = true;
	transfer_connected(a->t, link);
}

/* Nobody reaches the other: the initiator suggests the stream (§3 there). */
static void
on_s5b_failed(void *ctx)
{
	struct attempt *a = ctx;
	s5b_destroy(a->s5b);
	a->s5b = NULL;
	a->replacing = true;
	log_info(a->t->person->name, "no connection for a file: it goes over the stream");
	if (!a->session->initiator)
		return;
	if (a->keyed)
		random_id(a->sid);
	say_transport(a, "transport-replace");
}

static const struct s5b_listener s5b_listener = {on_s5b_say, on_s5b_connected, on_s5b_failed};

int
attempt_seek(struct attempt *a)
{
	struct person *p = a->t->person;
	const struct s5b_config config = {
	    .person = p,
	    .server = jingle_server(p->roster),
	    .initiator = a->session->initiator,
	    .sid = a->sid,
	    .session = a->session->sid,
	    .keyed = a->keyed,
	    .l = &s5b_listener,
	    .ctx = a,
	};
	return s5b_create(&config, &a->s5b);
}

/* ---- what is said of it ---- */

void
attempt_write(struct xml_writer *w, const struct attempt *a)
{
	if (a->s5b)
		s5b_write(a->s5b, w);
	else
		write_ibb(w, a);
	if (a->keyed)
		xml_empty(w, NS_TRANSFER, "security");
}

int
attempt_open_bytes(struct attempt *a)
{
	return ibb_open(a->t->person, a->sid, a->block, &ibb_listener, a, &a->ibb);
}

static bool
has_security(const struct xml_elem *content)
{
	return xml_elem_child(content, NS_TRANSFER, "security") != NULL;
}

const char *
attempt_read(struct attempt *a, const struct xml_elem *content)
{
	const struct xml_elem *transport = xml_elem_child(content, NULL, "transport");
	if (strcmp(transport->ns, NS_JINGLE_IBB) == 0)
		return read_ibb(a, transport) ? NULL : "unsupported-transports";
	if (strcmp(transport->ns, NS_JINGLE_S5B) != 0)
		return "unsupported-transports";
	if (a->keyed && !has_security(content))
		return "security-error"; /* we do not give to a connection what the stream hid */
	const char *sid = xml_elem_attr(transport, "sid");
	if (str_empty(sid) || str_copy(a->sid, sizeof(a->sid), sid) != 0)
		return "failed-transport";
	int err = attempt_seek(a);
	if (!err)
		err = s5b_read(a->s5b, transport);
	return err ? "failed-transport" : NULL;
}

const char *
attempt_read_answer(struct attempt *a, const struct xml_elem *content)
{
	const struct xml_elem *transport = xml_elem_child(content, NULL, "transport");
	bool same =
	    a->s5b ? strcmp(transport->ns, NS_JINGLE_S5B) == 0 && s5b_read(a->s5b, transport) == 0
		   : read_ibb(a, transport);
	if (!same)
		return "failed-transport";
	return a->keyed && a->s5b && !has_security(content) ? "security-error" : NULL;
}

/* They suggest the stream. False: that is not theirs to do, or makes no sense. */
static bool
replace(struct attempt *a, const struct xml_elem *transport)
{
	if (a->session->initiator || a->connected || a->ibb)
		return false;
	if (!read_ibb(a, transport)) {
		say_transport(a, "transport-reject");
		return false;
	}
	s5b_destroy(a->s5b);
	a->s5b = NULL;
	int err = attempt_expect_bytes(a);
	if (err)
		attempt_lost(a);
	else
		say_transport(a, "transport-accept");
	return true;
}

/* They answer to our suggestion. */
static void
replaced(struct attempt *a, bool taken, const struct xml_elem *transport)
{
	char sid[sizeof(a->sid)];
	memcpy(sid, a->sid, sizeof(sid));
	taken = taken && read_ibb(a, transport) && strcmp(sid, a->sid) == 0;
	if (!taken || attempt_open_bytes(a) != 0)
		attempt_lost(a);
}

bool
attempt_heard(struct attempt *a, const char *action, const struct xml_elem *transport)
{
	if (strcmp(action, "transport-info") == 0)
		return a->s5b && strcmp(transport->ns, NS_JINGLE_S5B) == 0 &&
		       s5b_heard(a->s5b, transport) == 0;
	if (strcmp(action, "transport-replace") == 0)
		return replace(a, transport);
	if (!a->replacing || !a->session->initiator || a->ibb)
		return false;
	replaced(a, strcmp(action, "transport-accept") == 0, transport);
	return true;
}
