#include "chat/said.h"

#include "base/clock.h"
#include "base/stamp.h"
#include "base/str.h"
#include "base/utf8.h"
#include "chat/body.h"
#include "chat/chat.h"
#include "peer/roster.h"
#include "xml/elem.h"
#include "xml/ns.h"
#include "xml/writer.h"

#include <stdio.h>
#include <string.h>

enum { LATE = 10000 }; /* ms; what is younger needs no time of its own */

bool
said_is_understood(const struct person *p, const char *ns)
{
	return person_client(p) == TXT_CLIENT_EARSHOT || person_supports(p, ns);
}

void
said_quote(struct buf *out, const char *quote)
{
	if (str_empty(quote))
		return;
	buf_str(out, "> ");
	for (; *quote; quote++) {
		if (*quote == '\n' || *quote == '\r')
			buf_char(out, ' ');
		else
			buf_char(out, *quote);
	}
}

/* ---- writing ---- */

/* XEP-0203. Gajim reads it; the others show the time only if it stands in the words. */
static bool
reads_delay(const struct person *to)
{
	return person_client(to) == TXT_CLIENT_GAJIM || said_is_understood(to, NS_DELAY);
}

static void
write_delay(struct xml_writer *w, const struct person *to, const struct saying *m)
{
	char stamp[STAMP_SIZE];
	stamp_write(stamp, m->said_at);
	xml_open(w, NS_DELAY, "delay");
	xml_attr(w, "from", to->roster->own_name);
	xml_attr(w, "stamp", stamp);
	xml_close(w);
}

static void
write_words(struct xml_writer *w, const struct person *to, const struct saying *m)
{
	switch (m->kind) {
	case STORE_CHAT:
		if (m->target)
			reply_write(w, to, m);
		else
			fallback_write_body(w, to, m, NULL, "");
		break;
	case STORE_CORRECTION:
		correction_write(w, to, m);
		break;
	case STORE_RETRACTION:
		retraction_write(w, to, m);
		break;
	case STORE_REACTION:
		reaction_write(w, to, m);
		break;
	case STORE_MARKER:
		marker_write(w, m);
		break;
	}
}

/* What asks for something in return. */
static void
write_wishes(struct xml_writer *w, const struct person *to, const struct saying *m)
{
	if (m->kind == STORE_CHAT && x_event_is_spoken_by(to)) {
		xml_open(w, NS_X_EVENT, "x");
		xml_empty(w, NULL, "composing");
		xml_close(w);
	}
	if (m->kind == STORE_CHAT && person_supports(to, NS_CHAT_STATES))
		xml_empty(w, NS_CHAT_STATES, "active");
	if (m->kind == STORE_CHAT || m->kind == STORE_CORRECTION)
		marker_ask(w, to);
	if (!receipt_worth_asking(to))
		return;
	xml_empty(w, NS_RECEIPTS, "request");
	xml_open(w, NS_SID, "origin-id");
	xml_attr(w, "id", m->id);
	xml_close(w);
}

void
said_write(struct buf *out, const struct person *to, const struct saying *m)
{
	int64_t age = clock_wall() - m->said_at;
	bool late = m->said_at && (age > LATE || age < -LATE);
	char time[STAMP_MINUTE_SIZE + 4];
	struct saying shown = *m;
	if (late && !reads_delay(to)) {
		char minute[STAMP_MINUTE_SIZE];
		stamp_minute(minute, m->said_at);
		(void)snprintf(time, sizeof(time), "[%s] ", minute);
		shown.time = time;
	}
	struct xml_writer w = xml_writer_to(out);
	xml_open(&w, NULL, "message");
	xml_attr(&w, "from", to->roster->own_name);
	xml_attr(&w, "to", to->instance);
	xml_attr(&w, "type", "chat");
	xml_attr(&w, "id", m->id);
	write_words(&w, to, &shown);
	if (late)
		write_delay(&w, to, m);
	write_wishes(&w, to, m);
	xml_close(&w);
}

/* ---- reading ---- */

/* What it is about decides what it is; a message about nothing has words, or says nothing. */
static void
read_kind(const struct xml_elem *message, struct said *out)
{
	out->kind = STORE_RETRACTION;
	out->target = retraction_target(message);
	if (out->target)
		return;
	out->kind = STORE_REACTION;
	out->target = reaction_target(message);
	if (out->target)
		return;
	out->kind = STORE_CORRECTION;
	out->target = correction_target(message);
	if (out->target)
		return;
	out->kind = STORE_MARKER;
	out->target = marker_target(message);
	if (out->target && !xml_elem_child(message, NS_CLIENT, "body"))
		return;
	out->kind = STORE_CHAT;
	out->target = reply_target(message);
}

static bool
is_id(const char *id)
{
	return id && *id && strlen(id) <= LIMIT_STANZA_ID;
}

static void
read_id(const struct xml_elem *message, struct said *out)
{
	const struct xml_elem *origin = xml_elem_child(message, NS_SID, "origin-id");
	const char *id = origin ? xml_elem_attr(origin, "id") : NULL;
	out->origin = is_id(id);
	if (!out->origin)
		id = xml_elem_attr(message, "id");
	out->id = is_id(id) ? id : NULL;
}

static void
read_time(const struct xml_elem *message, struct said *out)
{
	const struct xml_elem *delay = xml_elem_child(message, NS_DELAY, "delay");
	const char *stamp = delay ? xml_elem_attr(delay, "stamp") : NULL;
	int64_t now = clock_wall();
	if (!stamp || stamp_parse(stamp, &out->said_at) != 0 || out->said_at > now)
		out->said_at = now; /* nobody speaks from the future */
}

bool
said_read(const struct inbound *in, struct said *out)
{
	*out = (struct said){.text = BUF_INIT(LIMIT_STANZA)};
	if (x_event_is_typing(in->stanza))
		return false;
	read_kind(in->stanza, out);
	read_id(in->stanza, out);
	read_time(in->stanza, out);
	switch (out->kind) {
	case STORE_CHAT:
	case STORE_CORRECTION:
		body_read(in->stanza, person_client(in->from), &out->text);
		fallback_cut(in->stanza, &out->text);
		return buf_err(&out->text) || out->text.len > 0;
	case STORE_REACTION:
		reaction_read(in->stanza, &out->text);
		return true;
	case STORE_RETRACTION:
	case STORE_MARKER:
		break;
	}
	return true;
}
