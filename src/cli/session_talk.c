/* The messages of a conversation: what was said before, what is said now, what becomes of it. */
#include "base/clock.h"
#include "base/random.h"
#include "base/str.h"
#include "base/tr.h"
#include "base/utf8.h"
#include "cli/say.h"
#include "cli/session.h"
#include "cli/talk.h"
#include "front/words.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	SHOWN_BEFORE = 20,
	SHOWN_LEAST = 5, /* of those that were seen before */
	BEGIN_COLUMNS = 50,
	WAITS_MS = 3000, /* what is on its way so long is said to wait */
};

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
	(void)snprintf(m->display, sizeof(m->display), "%s", s->display);
	return m;
}

/* The line about what became of it; the words it began with say which one is meant. */
static void
tell(struct session *s, struct sent *m, const char *reason)
{
	struct buf b = BUF_INIT(WORDS_MAX);
	bool bad = str_equal(m->state, "failed");
	m->tell_at = 0;
	if (say_state(&b, m->state, m->display, m->text ? m->text : "", reason))
		show_line(s, bad ? STYLE_BAD : STYLE_DIM, buf_cstr(&b));
	buf_finish(&b);
}

static void
set_state(struct session *s, struct sent *m, const char *state, const char *reason)
{
	if (!state || str_equal(m->state, state) || str_copy(m->state, sizeof(m->state), state))
		return; /* one that is too long is none that is known */
	if (str_equal(state, "queued"))
		m->tell_at = clock_now() + WAITS_MS;
	else
		tell(s, m, reason);
}

void
talk_waiting(struct session *s, uint64_t now, bool all)
{
	uint64_t oldest = s->sent_count > SESSION_SENT ? s->sent_count - SESSION_SENT : 0;
	for (uint64_t n = oldest + 1; n <= s->sent_count; n++) {
		struct sent *m = sent_find(s, n);
		if (m && m->tell_at && (all || now >= m->tell_at))
			tell(s, m, NULL);
	}
}

/* It was not taken at all. */
static void
refused(struct session *s, struct sent *m, int err, const struct earshot_value *answer)
{
	struct buf why = BUF_INIT(WORDS_MAX);
	cli_add(&why, earshot_error_message(err, answer));
	(void)snprintf(m->state, sizeof(m->state), "failed");
	tell(s, m, buf_cstr(&why));
	buf_finish(&why);
}

static void
on_sent(struct session *s, int err, const struct earshot_value *answer, uint64_t number)
{
	struct sent *m = sent_find(s, number);
	bool away = err == EARSHOT_ERR_CUT_OFF || err == EARSHOT_ERR_NOT_RUNNING;
	if (away && s->by_hand)
		return; /* it is said again, with the same token, when the daemon is back */
	if (m)
		m->answered = true;
	if (err) {
		s->code = cli_exit_code(err, answer);
		if (m && s->by_hand)
			refused(s, m, err, answer);
		else
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
	if (m->tell_at && !earshot_value_bool(answer, "here", true))
		tell(s, m, NULL); /* it will wait for long */
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
	if (!s->c->link && oldest->token[0] && !oldest->answered) {
		show_line(s, STYLE_WARN, tr("Too much waits for Earshot to come back: not taken."));
		return;
	}
	struct sent *m = sent_new(s, text);
	random_id_ordered(m->token, clock_wall());
	if (answered)
		(void)snprintf(m->reply, sizeof(m->reply), "%s", answered->id);
	s->composing = false; /* the message says it */
	s->spoken = true;
	if (!s->c->link && s->by_hand) {
		struct buf begin = BUF_INIT(WORDS_MAX);
		talk_begin(&begin, text, BEGIN_COLUMNS);
		show_fmt(s, STYLE_DIM, "Will be sent when Earshot is back: %s", buf_cstr(&begin));
		buf_finish(&begin);
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

/* A message of the conversation that was said to the user: it can be spoken of. */
static void
remember(struct session *s, const struct earshot_value *m)
{
	const char *id = earshot_value_str(m, "id"), *state = earshot_value_str(m, "state");
	bool ours = talk_ours(m);
	recent_add(s, id, earshot_value_str(m, "text"), ours);
	struct recent *r = recent_find(s, id);
	if (r)
		r->retracted = earshot_value_bool(m, "retracted", false);
	if (!ours || str_empty(id) || strlen(id) >= SESSION_ID)
		return; /* no receipt can be told of it */
	struct sent *kept = sent_new(s, earshot_value_str(m, "text"));
	kept->answered = true;
	(void)snprintf(kept->id, sizeof(kept->id), "%s", id); /* measured above */
	if (!state || str_copy(kept->state, sizeof(kept->state), state))
		kept->state[0] = '\0';
}

/* A line, and it can be spoken of. Of each that is not talked with it is said once how to answer.
 */
static void
show_message(struct session *s, const struct earshot_value *m, unsigned flags)
{
	struct buf b = BUF_INIT(SCREEN_MAX), who = words_name(m);
	bool here = str_equal(earshot_value_str(m, "peer"), s->peer);
	bool first = strncmp(s->other, buf_cstr(&who), sizeof(s->other) - 1) != 0;
	say_message(&b, m, flags);
	if (!here && first && !talk_ours(m)) {
		(void)snprintf(
		    s->other, sizeof(s->other), "%s", buf_cstr(&who)); /* compared only */
		buf_char(&b, '\n');
		buf_fmt(&b, tr("To answer: /to %s"), buf_cstr(&who));
	}
	show_line(s, here ? STYLE_PLAIN : STYLE_WARN, buf_cstr(&b));
	if (here)
		remember(s, m);
	buf_finish(&b);
	buf_finish(&who);
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

static bool
is_unread(const struct earshot_value *m)
{
	return str_equal(earshot_value_str(m, "state"), "unread");
}

/* What has not been seen yet, and a few before it. */
static void
show_past(struct session *s, const struct earshot_value *messages)
{
	const struct earshot_value *last = NULL;
	struct buf b = BUF_INIT(WORDS_MAX);
	size_t count = earshot_value_count(messages), unread = 0, first = count;
	for (size_t i = count; i > 0; i--)
		if (is_unread(earshot_value_at(messages, i - 1))) {
			unread++;
			first = i - 1;
		}
	for (size_t i = first > SHOWN_LEAST ? first - SHOWN_LEAST : 0; i < count; i++) {
		const struct earshot_value *m = earshot_value_at(messages, i);
		if (i == first) {
			say_unread(&b, s->display, unread);
			show_line(s, STYLE_NAME, buf_cstr(&b));
		}
		show_message(s, m, SAY_TIME);
		last = is_unread(m) ? m : last;
	}
	for (size_t i = 0; i < count; i++)
		s->shown = earshot_value_int(earshot_value_at(messages, i), "number", s->shown);
	if (last)
		tell_seen(s, last);
	buf_finish(&b);
}

static void
on_history(struct session *s, int err, const struct earshot_value *answer, uint64_t turn)
{
	if (turn != s->turn)
		return; /* somebody else is talked to by now */
	if (err == EARSHOT_ERR_CUT_OFF || err == EARSHOT_ERR_NOT_RUNNING)
		return; /* asked again when the daemon is back */
	if (err)
		show_error(s, err, answer);
	else
		show_past(s, earshot_value_get(answer, "messages"));
	release_held(s);
}

void
session_look_back(struct session *s)
{
	s->turn++;
	s->shown = 0;
	s->recent_count = 0;
	earshot_value_free(s->held);
	s->held = NULL;
	if (!s->by_hand)
		return; /* a script talks on */
	/* what is said meanwhile belongs below it */
	s->held = earshot_value_array();
	struct earshot_value *params = cli_peer(s->peer);
	earshot_value_set_int(params, "limit", SHOWN_BEFORE);
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
	if (!s->by_hand && (ours || !here))
		return; /* a script talks with one */
	if (here && s->held) {
		earshot_value_append(s->held, earshot_value_ref(e));
		return;
	}
	if (!s->by_hand) {
		struct buf b = BUF_INIT(SCREEN_MAX);
		bool was = screen_english(&s->c->out);
		talk_rows(&s->c->out, &b, e, TALK_READING);
		(void)tr_english(was);
		show_block(s, &b);
		return;
	}
	show_message(s, e, 0);
	if (here && !ours)
		tell_seen(s, e);
}

void
talk_receipt(struct session *s, const struct earshot_value *e)
{
	struct sent *m = sent_by_id(s, earshot_value_str(e, "id"));
	struct buf reason = BUF_INIT(WORDS_MAX);
	words_told(&reason, e, "reason");
	if (m) {
		m->settled = true;
		set_state(
		    s, m, earshot_value_str(e, "state"), reason.len > 0 ? buf_cstr(&reason) : NULL);
	}
	buf_finish(&reason);
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
		say_in_one_line(&what, text);
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
	buf_fmt(&b, "%s, ", say_trust(earshot_value_str(e, "trust")));
	add_change(s, &b, topic, e, r ? r->begin : "...");
	if (r && strcmp(topic, "correction") == 0)
		recent_words(r, earshot_value_str(e, "text"));
	else if (r && strcmp(topic, "retraction") == 0)
		r->retracted = true;
	show_line(s, STYLE_DIM, buf_cstr(&b));
	buf_finish(&b);
}
