/* The messages of a conversation: what was said before, what is said now, what becomes of it. */
#include "base/clock.h"
#include "base/random.h"
#include "base/str.h"
#include "base/text.h"
#include "base/tr.h"
#include "base/utf8.h"
#include "cli/pages.h"
#include "cli/session.h"
#include "cli/talk.h"
#include "front/marking.h"
#include "front/when.h"
#include "front/words.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SHOWN_BEFORE = 20, SHOWN_LEAST = 5, ROWS_AROUND = 4, BEGIN_COLUMNS = 50 };

/* ---- messages that can be spoken of by a number ---- */

static struct recent *
recent_find(struct session *s, const char *id)
{
	for (uint64_t i = 0; i < SESSION_RECENT && i < s->recent_count; i++) {
		struct recent *r = &s->recent[(s->recent_count - 1 - i) % SESSION_RECENT];
		if (id && strcmp(r->id, id) == 0)
			return r;
	}
	return NULL;
}

static void
recent_words(struct recent *r, const char *text)
{
	struct buf begin = BUF_INIT(WORDS_MAX);
	talk_begin(&begin, text ? text : "", BEGIN_COLUMNS);
	size_t n = utf8_cut(buf_cstr(&begin), begin.len, sizeof(r->begin) - 1);
	memcpy(r->begin, buf_cstr(&begin), n);
	r->begin[n] = '\0';
	buf_finish(&begin);
}

static void
recent_add(struct session *s, const char *id, const char *text, bool ours)
{
	struct recent *r = recent_find(s, id);
	if (str_empty(id) || strlen(id) >= SESSION_ID)
		return; /* nothing can be said about it */
	if (!r)
		r = &s->recent[s->recent_count++ % SESSION_RECENT];
	*r = (struct recent){.ours = ours};
	(void)snprintf(r->id, sizeof(r->id), "%s", id); /* measured above */
	recent_words(r, text);
}

const struct recent *
session_recent(struct session *s, bool ours, int64_t n)
{
	for (uint64_t i = 0; i < SESSION_RECENT && i < s->recent_count; i++) {
		const struct recent *r = &s->recent[(s->recent_count - 1 - i) % SESSION_RECENT];
		if (r->ours == ours && !r->retracted && --n == 0)
			return r;
	}
	return NULL;
}

/* ---- rows ---- */

/* Prints a message; returns the row that holds its mark. */
static uint64_t
print_message(struct session *s, const struct earshot_value *m, unsigned flags)
{
	struct buf b = BUF_INIT(SCREEN_MAX);
	size_t head = 0;
	size_t day = talk_day(&s->c->out, &b, earshot_value_int(m, "time", 0), &s->day);
	size_t rows = talk_rows(&s->c->out, &b, m, flags, &head);
	uint64_t row = s->rows + day + head;
	show_laid_out(s, &b, day + rows);
	return row;
}

/* Where its mark stands now, if it is still on the screen. */
static void
show_mark(struct session *s, struct sent *m, const char *state)
{
	const char *mark = talk_mark(state);
	char padded[32];
	size_t width = text_width(mark, strlen(mark));
	uint64_t up = s->rows - m->row;
	if (!m->shown || m->resizes != editor_resizes(s->editor) || up + 1 >= s->c->out.rows)
		return;
	int pad = width < TALK_MARK_WIDTH ? TALK_MARK_WIDTH - (int)width : 0;
	(void)snprintf(padded, sizeof(padded), "%*s%s", pad, "", mark);
	editor_mark(s->editor, (size_t)up, TALK_MARK_COLUMN, padded);
}

/* ---- what we say ---- */

static struct sent *
sent_find(struct session *s, uint64_t number)
{
	struct sent *m = &s->sent[(number - 1) % SESSION_SENT];
	return number > 0 && m->number == number ? m : NULL;
}

static struct sent *
sent_by_id(struct session *s, const char *id)
{
	for (size_t i = 0; id && i < SESSION_SENT; i++)
		if (s->sent[i].number && *s->sent[i].id && strcmp(s->sent[i].id, id) == 0)
			return &s->sent[i];
	return NULL;
}

static struct sent *
sent_new(struct session *s, const char *text)
{
	struct sent *m = &s->sent[s->sent_count % SESSION_SENT];
	free(m->text);
	*m = (struct sent){.number = ++s->sent_count, .text = text ? strdup(text) : NULL};
	(void)snprintf(m->peer, sizeof(m->peer), "%s", s->peer); /* of the same size */
	return m;
}

static void
set_state(struct session *s, struct sent *m, const char *state, const char *reason)
{
	struct buf b = BUF_INIT(WORDS_MAX);
	show_mark(s, m, state);
	if (str_equal(state, "failed")) {
		char *told = earshot_translate(reason);
		cli_add(&b, told);
		free(told);
		if (b.len > 0)
			show_fmt(s, STYLE_BAD, "Not delivered: %s", buf_cstr(&b));
		else
			show_rows(s, STYLE_BAD, "Not delivered");
	} else if (str_equal(state, "cancelled"))
		show_rows(s, STYLE_DIM, "Cancelled: it will not be sent.");
	buf_finish(&b);
}

static void
on_sent(struct session *s, int err, const struct earshot_value *answer, uint64_t number)
{
	struct sent *m = sent_find(s, number);
	bool away = err == EARSHOT_ERR_CUT_OFF || err == EARSHOT_ERR_NOT_RUNNING;
	if (away && s->c->out.tty)
		return; /* it is said again, with the same token, when the daemon is back */
	if (m)
		m->answered = true;
	if (err) {
		s->code = cli_exit_code(err, answer);
		if (m)
			show_mark(s, m, "failed");
		show_error(s, err, answer);
		return;
	}
	const char *id = earshot_value_str(answer, "id");
	if (!m || !id || str_copy(m->id, sizeof(m->id), id))
		return;
	/* how far they are trusted is told by events: this is what it was said with */
	if (str_equal(m->peer, s->peer))
		recent_add(s, id, m->text, true);
	if (!m->settled)
		set_state(s, m, earshot_value_str(answer, "state"), NULL);
	if (!earshot_value_bool(answer, "here", true) && !s->told_absent &&
	    str_equal(m->peer, s->peer)) {
		s->told_absent = true;
		show_fmt(
		    s, STYLE_DIM, "%s is not here; it is kept and will be delivered.", s->display);
	}
}

static void
send_out(struct session *s, struct sent *m)
{
	struct earshot_value *params = cli_peer(m->peer);
	earshot_value_set_str(params, "text", m->text);
	earshot_value_set_str(params, "token", m->token);
	if (*m->reply)
		earshot_value_set_str(params, "reply", m->reply);
	session_ask(s, "send", params, on_sent, m->number);
}

void
session_say(struct session *s, const char *text, const struct recent *answered)
{
	const struct sent *oldest = &s->sent[s->sent_count % SESSION_SENT];
	bool action = strncmp(text, "/me ", 4) == 0;
	if (!s->c->link && oldest->token[0] && !oldest->answered) {
		show_rows(s, STYLE_WARN, "Too much waits for Earshot to come back: not taken.");
		return;
	}
	struct sent *m = sent_new(s, text);
	random_id_ordered(m->token, clock_wall());
	if (answered)
		(void)snprintf(m->reply, sizeof(m->reply), "%s", answered->id);
	s->composing = false; /* the message says it */
	s->spoken = true;
	if (s->c->out.tty) { /* who wrote a file knows it */
		struct earshot_value *v = earshot_value_object();
		earshot_value_set_str(v, "direction", "out");
		earshot_value_set_str(v, "text", action ? text + 4 : text);
		earshot_value_set_bool(v, "action", action);
		earshot_value_set_int(v, "time", clock_wall());
		earshot_value_set_str(v, "trust", s->trust);
		if (answered)
			earshot_value_set_str(v, "reply_text", answered->begin);
		m->row = print_message(s, v, 0);
		m->resizes = editor_resizes(s->editor);
		m->shown = true;
		show_mark(s, m, "queued");
		earshot_value_free(v);
	}
	send_out(s, m);
}

void
session_repeat(struct session *s)
{
	uint64_t oldest = s->sent_count > SESSION_SENT ? s->sent_count - SESSION_SENT : 0;
	for (uint64_t n = oldest + 1; n <= s->sent_count; n++) {
		struct sent *m = sent_find(s, n);
		if (m && m->token[0] && !m->answered)
			send_out(s, m);
	}
}

/* ---- what was said before ---- */

static void
tell_seen(struct session *s, const struct earshot_value *m)
{
	struct earshot_value *params = cli_peer(s->peer);
	const char *id = earshot_value_str(m, "id");
	earshot_value_set_str(params, "id", str_empty(id) ? NULL : id);
	if (s->c->link) /* the next message tells again */
		(void)earshot_call_async(s->c->link, "seen", params, NULL, NULL);
	else
		earshot_value_free(params);
}

/* A message of the conversation that stands in the transcript. */
static void
remember(struct session *s, const struct earshot_value *m, uint64_t row)
{
	const char *id = earshot_value_str(m, "id");
	bool ours = talk_ours(m);
	recent_add(s, id, earshot_value_str(m, "text"), ours);
	struct recent *r = recent_find(s, id);
	if (r)
		r->retracted = earshot_value_bool(m, "retracted", false);
	if (!ours || str_empty(id))
		return;
	struct sent *kept = sent_new(s, NULL);
	kept->row = row;
	kept->resizes = editor_resizes(s->editor);
	kept->shown = true;
	kept->answered = true;
	if (str_copy(kept->id, sizeof(kept->id), id))
		kept->shown = false; /* no receipt can be shown for it */
}

static void
release_held(struct session *s)
{
	struct earshot_value *held = s->held;
	s->held = NULL;
	for (size_t i = 0; i < earshot_value_count(held); i++)
		talk_message(s, earshot_value_at(held, i));
	earshot_value_free(held);
}

static void
on_history(struct session *s, int err, const struct earshot_value *answer, uint64_t turn)
{
	const struct earshot_value *messages = earshot_value_get(answer, "messages");
	const struct earshot_value *unread = NULL;
	size_t count = err ? 0 : earshot_value_count(messages);
	if (turn != s->turn)
		return; /* somebody else is talked to by now */
	if (err == EARSHOT_ERR_CUT_OFF || err == EARSHOT_ERR_NOT_RUNNING)
		return; /* asked again when the daemon is back */
	if (err)
		show_error(s, err, answer);
	if (count > 0)
		s->day = 0; /* of the first one the day is said in any case */
	for (size_t i = 0; i < count; i++) {
		const struct earshot_value *m = earshot_value_at(messages, i);
		remember(s, m, print_message(s, m, TALK_MARKED));
		s->shown = earshot_value_int(m, "number", 0);
		if (str_equal(earshot_value_str(m, "state"), "unread"))
			unread = m;
	}
	if (unread)
		tell_seen(s, unread);
	release_held(s);
}

void
session_look_back(struct session *s)
{
	struct earshot_value *params = cli_peer(s->peer);
	size_t rows = s->c->out.rows;
	size_t fit = rows > SHOWN_LEAST + ROWS_AROUND ? rows - ROWS_AROUND : (size_t)SHOWN_LEAST;
	s->turn++;
	s->shown = 0;
	s->recent_count = 0;
	s->told_absent = false;
	earshot_value_free(s->held);
	s->held = NULL;
	if (!s->c->out.tty) {
		earshot_value_free(params);
		return; /* a script talks on */
	}
	/* what is said meanwhile belongs below it */
	s->held = earshot_value_array();
	earshot_value_set_int(params, "limit", fit < SHOWN_BEFORE ? (int64_t)fit : SHOWN_BEFORE);
	session_ask(s, "history", params, on_history, s->turn);
}

/* ---- what is said now ---- */

/* Does the daemon's echo of a message mean one that was typed here? */
static bool
is_own(struct session *s, const struct earshot_value *e)
{
	const char *text = earshot_value_str(e, "text"), *peer = earshot_value_str(e, "peer");
	const char *id = earshot_value_str(e, "id");
	if (sent_by_id(s, id))
		return true;
	/* the oldest first: they are kept in the order in which they were typed */
	for (uint64_t i = 0; i < SESSION_SENT; i++) {
		struct sent *m = &s->sent[(s->sent_count + i) % SESSION_SENT];
		bool action = m->text && strncmp(m->text, "/me ", 4) == 0;
		if (!m->number || *m->id || !m->text || !str_equal(m->peer, peer) ||
		    !str_equal(action ? m->text + 4 : m->text, text))
			continue;
		return !id || str_copy(m->id, sizeof(m->id), id) == 0;
	}
	return false;
}

void
talk_message(struct session *s, const struct earshot_value *e)
{
	bool ours = talk_ours(e), here = str_equal(earshot_value_str(e, "peer"), s->peer);
	if (here && earshot_value_int(e, "number", INT64_MAX) <= s->shown)
		return; /* it came with what was said before */
	if (ours && is_own(s, e))
		return;
	if (!s->c->out.tty && (ours || !here))
		return; /* a script talks with one */
	if (here && s->held) {
		earshot_value_append(s->held, earshot_value_ref(e));
		return;
	}
	if (here && !ours)
		s->their_key_at = 0;
	if (!s->c->out.tty) {
		struct buf b = BUF_INIT(SCREEN_MAX);
		bool was = screen_english(&s->c->out);
		(void)talk_rows(&s->c->out, &b, e, TALK_READING, NULL);
		(void)tr_english(was);
		show_laid_out(s, &b, 1);
		return;
	}
	uint64_t row =
	    print_message(s, e, here ? TALK_READING | TALK_MARKED : TALK_NAMED | TALK_OTHER);
	if (here) {
		remember(s, e, row);
		if (!ours)
			tell_seen(s, e);
		return;
	}
	struct buf who = BUF_INIT(WORDS_MAX);
	words_display(&who, e);
	if (!ours && strncmp(s->other, buf_cstr(&who), sizeof(s->other) - 1) != 0) {
		(void)snprintf(
		    s->other, sizeof(s->other), "%s", buf_cstr(&who)); /* compared only */
		show_fmt(s, STYLE_DIM, "To answer: /to %s", buf_cstr(&who));
	}
	buf_finish(&who);
}

void
talk_receipt(struct session *s, const struct earshot_value *e)
{
	struct sent *m = sent_by_id(s, earshot_value_str(e, "id"));
	const char *state = earshot_value_str(e, "state");
	if (m) {
		m->settled = true;
		set_state(s, m, state, earshot_value_str(e, "reason"));
	}
}

/* ---- what is changed afterwards ---- */

static void
add_reactions(struct buf *b, const struct earshot_value *all)
{
	for (size_t i = 0; i < earshot_value_count(all); i++) {
		buf_str(b, i > 0 ? " " : "");
		cli_add(b, earshot_value_as_str(earshot_value_at(all, i)));
	}
}

/* begin: of the message that it is about */
static void
add_change(struct session *s, struct buf *b, const char *topic, const struct earshot_value *e,
    const char *begin)
{
	bool theirs = str_equal(earshot_value_str(e, "by"), "in");
	const char *text = earshot_value_str(e, "text");
	struct buf what = BUF_INIT(SCREEN_MAX);
	if (text)
		text_add(&what, TEXT_BODY, text, strlen(text));
	else
		add_reactions(&what, earshot_value_get(e, "reactions"));
	if (strcmp(topic, "correction") == 0 && theirs)
		buf_fmt(b, tr("%s corrected: %s"), s->display, buf_cstr(&what));
	else if (strcmp(topic, "correction") == 0)
		buf_fmt(b, tr("You corrected: %s"), buf_cstr(&what));
	else if (strcmp(topic, "retraction") == 0 && theirs)
		buf_fmt(b, tr("%s took back: %s"), s->display, begin);
	else if (strcmp(topic, "retraction") == 0)
		buf_fmt(b, tr("You took back: %s"), begin);
	else if (what.len > 0 && theirs) /* Translators: who, emoji, how the message begins */
		buf_fmt(b, tr("%s reacted with %s to: %s"), s->display, buf_cstr(&what), begin);
	else if (what.len > 0)
		buf_fmt(b, tr("You reacted with %s to: %s"), buf_cstr(&what), begin);
	else if (theirs)
		buf_fmt(b, tr("%s took the reactions back from: %s"), s->display, begin);
	else
		buf_fmt(b, tr("You took the reactions back from: %s"), begin);
	buf_finish(&what);
}

void
talk_change(struct session *s, const char *topic, const struct earshot_value *e)
{
	struct recent *r = recent_find(s, earshot_value_str(e, "id"));
	struct buf b = BUF_INIT(SCREEN_MAX);
	if (!*s->peer || !str_equal(earshot_value_str(e, "peer"), s->peer) || s->held)
		return; /* what is being fetched is as it reads by now */
	buf_fmt(&b, "%s ", marking(earshot_value_str(e, "trust")));
	add_change(s, &b, topic, e, r ? r->begin : "...");
	if (r && strcmp(topic, "correction") == 0)
		recent_words(r, earshot_value_str(e, "text"));
	else if (r && strcmp(topic, "retraction") == 0)
		r->retracted = true;
	show_rows(s, STYLE_DIM, buf_cstr(&b));
	buf_finish(&b);
}
