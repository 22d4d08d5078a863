/* Events of the daemon, as changes of the model. What the daemon tells of a message may come
 * before its answer to the call that said it. So what may be about one of ours that is not
 * answered for is held until it is. */
#include "base/str.h"
#include "front/model.h"

#include <stdlib.h>
#include <string.h>

enum { HELD_MOST = 4096 }; /* then the conversation is fetched anew */

struct held {
	struct held *next;
	char *topic;                 /* owned */
	struct earshot_value *event; /* owned */
};

/* ---- holding ---- */

static void
held_free(struct held *h)
{
	free(h->topic);
	earshot_value_free(h->event);
	free(h);
}

static struct held *
held_take(struct person *p)
{
	struct held *h = p->held;
	p->held = h->next;
	if (!p->held)
		p->held_end = &p->held;
	p->held_count--;
	return h;
}

void
events_forget(struct person *p)
{
	while (p->held)
		held_free(held_take(p));
}

static void
hold(struct person *p, const char *topic, const struct earshot_value *event)
{
	struct held *h = p->held_count < HELD_MOST ? calloc(1, sizeof(*h)) : NULL;
	if (h) {
		h->topic = strdup(topic);
		h->event = earshot_value_ref(event);
		*p->held_end = h;
		p->held_end = &h->next;
		p->held_count++;
	}
	if (h && h->topic)
		return;
	events_forget(p);
	conversation_fetch(p);
	touch(p);
	load_counts(p->f);
}

void
events_release(struct person *p)
{
	/* the listener may say something meanwhile: then the rest waits for that, too */
	while (p->waiting == 0 && p->held) {
		struct held *h = held_take(p);
		event_take(p->f, h->topic, h->event);
		held_free(h);
	}
}

/* ---- messages ---- */

/* Old ones: somebody wrote while we were away. One of them is enough to tell of that. */
static bool
deserves_notice(struct person *p, const struct earshot_value *event)
{
	bool old = earshot_value_int(event, "number", 0) <= p->f->newest;
	if (earshot_value_bool(event, "quiet", false) || (old && p->told_old))
		return false;
	p->told_old = p->told_old || old;
	return true;
}

static void
notice(struct person *p, const struct earshot_value *event)
{
	struct message alone = {0};
	struct front *f = p->f;
	if (!f->l->on_notice || !deserves_notice(p, event))
		return;
	struct message *m =
	    p->p.opened ? conversation_number(p, earshot_value_int(event, "number", 0)) : NULL;
	if (!m && message_read(&alone, event, &f->scratch))
		return;
	TELL(f, on_notice, &p->p, m ? &m->m : &alone.m);
	message_finish(&alone);
}

static void
take_message(struct front *f, const char *topic, const struct earshot_value *event)
{
	struct person *p = person_meet(f, event);
	bool ours = str_equal(earshot_value_str(event, "direction"), "out");
	int64_t number = earshot_value_int(event, "number", 0);
	enum front_mark mark = mark_of(earshot_value_str(event, "state"));
	if (!p)
		return;
	if (ours && p->waiting > 0 && !conversation_number(p, number)) {
		hold(p, topic, event);
		return;
	}
	bool is_new = !p->p.opened || conversation_take(p, event);
	p->p.last = earshot_value_int(event, "time", 0);
	person_changed(p);
	touch(p);
	if (!is_new)
		return;
	p->p.queued += ours && mark == FRONT_QUEUED;
	if (ours)
		return;
	typing_ended(p);
	if (mark != FRONT_UNREAD)
		return;
	p->p.unread++;
	notice(p, event);
}

/* ---- what becomes of messages ---- */

static void
uncount_queued(struct person *p)
{
	touch(p);
	if (p->p.queued > 0)
		p->p.queued--;
	person_changed(p);
}

static void
take_receipt(struct person *p, struct message *m, const struct earshot_value *event)
{
	struct draft d;
	enum front_mark mark = mark_of(earshot_value_str(event, "state"));
	draft_begin(&d, &p->f->scratch);
	draft_keep(&d, m);
	draft_name(&d, WORD_REASON, earshot_value_str(event, "reason"));
	if (draft_finish(&d, m))
		return;
	if (m->m.mark == FRONT_QUEUED && mark != FRONT_QUEUED)
		uncount_queued(p);
	m->m.mark = mark;
}

/* The beginning of it stands with what answers it. */
static void
quote_again(struct person *p, const char *id, const char *text)
{
	for (size_t i = 0; i < p->p.count; i++) {
		struct message *m = message_of(p->p.messages[i]);
		struct draft d;
		if (!m->m.reply || strcmp(m->m.reply, id) != 0)
			continue;
		draft_begin(&d, &p->f->scratch);
		draft_keep(&d, m);
		draft_quote(&d, text);
		if (draft_finish(&d, m) == 0)
			TELL(p->f, on_message_changed, &p->p, i);
	}
}

static void
take_words(struct person *p, struct message *m, const struct earshot_value *event, bool retracted)
{
	struct draft d;
	const char *text = retracted ? NULL : earshot_value_str(event, "text");
	bool action = text && strncmp(text, "/me ", 4) == 0;
	draft_begin(&d, &p->f->scratch);
	draft_keep(&d, m);
	draft_body(&d, WORD_TEXT, action ? text + 4 : text);
	if (draft_finish(&d, m))
		return;
	m->m.action = action;
	m->m.edited = m->m.edited || !retracted;
	m->m.retracted = m->m.retracted || retracted;
	quote_again(p, m->m.id, text ? text : "");
}

static void
take_reaction(struct person *p, struct message *m, const struct earshot_value *event)
{
	struct draft d;
	bool ours = str_equal(earshot_value_str(event, "by"), "out");
	draft_begin(&d, &p->f->scratch);
	draft_keep(&d, m);
	draft_reactions(&d, ours ? WORD_OURS : WORD_THEIRS, earshot_value_get(event, "reactions"));
	(void)!draft_finish(&d, m); /* without memory it stays as it was */
}

static void
take_change(struct front *f, const char *topic, const struct earshot_value *event)
{
	struct person *p = person_find(f, earshot_value_str(event, "peer"));
	const char *id = earshot_value_str(event, "id");
	bool receipt = strcmp(topic, "receipt") == 0, reaction = strcmp(topic, "reaction") == 0;
	bool by_us = receipt || str_equal(earshot_value_str(event, "by"), "out");
	if (!p)
		return;
	/* who reacts mostly means what the other said; all else is about one's own */
	struct message *m = conversation_find(p, reaction ? !by_us : by_us, id);
	if (!m && reaction)
		m = conversation_find(p, by_us, id);
	if (!m && p->waiting > 0)
		hold(p, topic, event);
	else if (!m && receipt && p->p.queued > 0) {
		touch(p);
		load_counts(f); /* whether it is one of those */
	}
	if (!m)
		return;
	if (receipt)
		take_receipt(p, m, event);
	else if (reaction)
		take_reaction(p, m, event);
	else
		take_words(p, m, event, strcmp(topic, "retraction") == 0);
	conversation_tell(p, m);
}

/* All up to and with one message. */
static void
take_seen(struct front *f, const struct earshot_value *event)
{
	struct person *p = person_find(f, earshot_value_str(event, "peer"));
	if (!p)
		return;
	struct message *m = conversation_find(p, false, earshot_value_str(event, "id"));
	size_t end = m ? conversation_index(p, m) + 1 : p->p.opened ? p->p.count : 0;
	unsigned left = 0;
	for (size_t i = 0; i < p->p.count; i++) {
		struct message *one = message_of(p->p.messages[i]);
		if (one->m.mark != FRONT_UNREAD)
			continue;
		if (i >= end) {
			left++;
			continue;
		}
		one->m.mark = FRONT_SEEN;
		one->m.version++;
		TELL(f, on_message_changed, &p->p, i);
	}
	p->p.unread = left;
	touch(p);
	if (!m) {
		load_counts(f);
		if (p->p.opened && p->loaded)
			conversation_fetch(p);
	}
	person_changed(p);
}

static void
take_forgotten(struct front *f, const struct earshot_value *event)
{
	const char *name = earshot_value_str(event, "peer");
	for (size_t i = 0; i < f->order_count; i++) {
		struct person *p = person_of(f->order[i]);
		if (p->p.opened && (!name || strcmp(p->p.name, name) == 0))
			conversation_fetch(p);
	}
	load_counts(f);
}

/* ---- people ---- */

/* Who comes under another name brings along what was said. */
static void
take_person(struct front *f, const struct earshot_value *event)
{
	const struct earshot_value *info = earshot_value_get(event, "person");
	const char *change = earshot_value_str(event, "change");
	struct person *p = person_update(f, info);
	if (!p)
		return;
	if (str_equal(change, "gone")) {
		person_gone(p);
		people_limit(f);
	} else if (str_equal(change, "new") && p->p.last == 0 && earshot_value_has(info, "id"))
		load_counts(f);
}

static void
take_trust(struct front *f, const struct earshot_value *event)
{
	struct person *p = person_find(f, earshot_value_str(event, "peer"));
	if (!p)
		return;
	person_trust(p, earshot_value_str(event, "trust"));
	person_changed(p);
}

static void
take_typing(struct front *f, const struct earshot_value *event)
{
	struct person *p = person_find(f, earshot_value_str(event, "peer"));
	if (p)
		typing_take(p, earshot_value_str(event, "state"));
}

static void
take_attention(struct front *f, const struct earshot_value *event)
{
	struct person *p = person_meet(f, event);
	if (p && !earshot_value_bool(event, "quiet", false))
		TELL(f, on_attention, &p->p);
}

void
event_take(struct front *f, const char *topic, const struct earshot_value *event)
{
	if (strcmp(topic, "message") == 0 || strcmp(topic, "sent") == 0)
		take_message(f, topic, event);
	else if (strcmp(topic, "receipt") == 0 || strcmp(topic, "correction") == 0 ||
		 strcmp(topic, "retraction") == 0 || strcmp(topic, "reaction") == 0)
		take_change(f, topic, event);
	else if (strcmp(topic, "seen") == 0)
		take_seen(f, event);
	else if (strcmp(topic, "person") == 0)
		take_person(f, event);
	else if (strcmp(topic, "typing") == 0)
		take_typing(f, event);
	else if (strcmp(topic, "file-progress") == 0)
		file_progress(f, event);
	else if (strcmp(topic, "file") == 0)
		file_update(f, event);
	else if (strcmp(topic, "attention") == 0)
		take_attention(f, event);
	else if (strcmp(topic, "forgotten") == 0)
		take_forgotten(f, event);
	else if (strcmp(topic, "own") == 0)
		own_take(f, event);
	else {
		if (strcmp(topic, "trust") == 0)
			take_trust(f, event);
		else if (strcmp(topic, "state") == 0)
			state_take(f, event);
		TELL(f, on_event, topic, event);
	}
}
