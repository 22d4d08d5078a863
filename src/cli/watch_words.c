#include "base/clock.h"
#include "base/compiler.h"
#include "base/str.h"
#include "base/text.h"
#include "base/tr.h"
#include "cli/talk.h"
#include "cli/watch.h"
#include "front/transfer_words.h"
#include "front/words.h"

#include <string.h>
#include <time.h>

static void
add_date(struct buf *out, int64_t wall_ms, bool today_too)
{
	time_t then = (time_t)(wall_ms / 1000);
	time_t now = (time_t)(clock_wall() / 1000);
	struct tm a;
	struct tm b;
	if (!localtime_r(&then, &a) || !localtime_r(&now, &b))
		return;
	if (today_too || a.tm_year != b.tm_year || a.tm_yday != b.tm_yday)
		buf_fmt(out, "%04d-%02d-%02d ", a.tm_year + 1900, a.tm_mon + 1, a.tm_mday);
}

void
watch_stamp(struct buf *out, const struct earshot_value *event, bool old)
{
	int64_t said = earshot_value_int(event, "time", 0);
	if (said)
		add_date(out, said, false);
	if (said || !old)
		words_clock(out, said);
	else
		buf_str(out, "     ");
	buf_str(out, "   ");
}

static bool
is_ours(const struct earshot_value *e)
{
	return str_equal(earshot_value_str(e, "by"), "out");
}

/* Who it is about: by name where the event brings one. */
static void
add_peer(struct buf *b, const struct earshot_value *e)
{
	talk_who(b, e, 0);
}

/* Of a message's id as much as is needed to name it to edit and the like. */
static void
add_id(struct buf *b, const struct earshot_value *e)
{
	struct buf id = BUF_INIT(WORDS_MAX);
	words_str(&id, e, "id");
	buf_add(b, buf_cstr(&id), text_fit(buf_cstr(&id), id.len, TALK_ID_SHOWN));
	buf_finish(&id);
}

static struct buf
peer_of(const struct earshot_value *e)
{
	struct buf b = BUF_INIT(WORDS_MAX);
	add_peer(&b, e);
	return b;
}

static struct buf
id_of(const struct earshot_value *e)
{
	struct buf b = BUF_INIT(WORDS_MAX);
	add_id(&b, e);
	return b;
}

static void
add_body(struct buf *b, const struct earshot_value *e)
{
	const char *text = earshot_value_str(e, "text");
	if (text)
		text_add(b, TEXT_BODY, text, strlen(text));
	if (earshot_value_bool(e, "file", false))
		buf_fmt(b, " (%s)", tr("file"));
}

static void
add_message(const struct screen *s, struct buf *b, const struct earshot_value *e)
{
	struct buf name = BUF_INIT(WORDS_MAX), styled = BUF_INIT(WORDS_MAX);
	bool out = str_equal(earshot_value_str(e, "direction"), "out");
	bool action = earshot_value_bool(e, "action", false);
	if (out)
		words_str(&name, e, "display");
	else
		add_peer(&name, e);
	screen_style(s, &styled, STYLE_NAME, buf_cstr(&name));
	if (out && action) /* Translators: what the user does: "to Anna: * you wave" */
		buf_fmt(b, tr("to %s: * you"), buf_cstr(&styled));
	else if (out)
		buf_fmt(b, tr("You to %s"), buf_cstr(&styled));
	else
		buf_str(b, buf_cstr(&styled));
	buf_str(b, out && action ? " " : action ? " * " : ": ");
	if (earshot_value_bool(e, "retracted", false))
		buf_fmt(b, "(%s)", tr("taken back"));
	else
		add_body(b, e);
	buf_finish(&name);
	buf_finish(&styled);
}

static void
add_person(const struct screen *s, struct buf *b, const struct earshot_value *e)
{
	const struct earshot_value *person = earshot_value_get(e, "person");
	const char *change = earshot_value_str(e, "change");
	struct buf name = words_name(person), styled = BUF_INIT(WORDS_MAX);
	struct buf status = BUF_INIT(WORDS_MAX), seen = BUF_INIT(WORDS_MAX);
	struct buf alike = BUF_INIT(WORDS_MAX);
	screen_style(s, &styled, STYLE_NAME, buf_cstr(&name));
	words_status(&status, person);
	words_evidence(&seen, person);
	if (str_equal(change, "gone"))
		buf_fmt(b, tr("%s has left"), buf_cstr(&styled));
	else if (str_equal(change, "new")) /* Translators: the last: "answered 3 s ago" */
		buf_fmt(b, tr("%s is here, %s (%s)"), buf_cstr(&styled), buf_cstr(&status),
		    buf_cstr(&seen));
	else /* Translators: a person, "away", "answered 3 s ago" */
		buf_fmt(
		    b, tr("%s is %s (%s)"), buf_cstr(&styled), buf_cstr(&status), buf_cstr(&seen));
	if (!str_equal(change, "gone") && words_look_alike(&alike, person))
		buf_fmt(b, "; %s", buf_cstr(&alike));
	struct buf *const all[] = {&name, &styled, &status, &seen, &alike};
	for (size_t i = 0; i < ARRAY_LEN(all); i++)
		buf_finish(all[i]);
}

/* What it was, a message or a reaction, say, the event does not tell. */
static void
add_receipt(const struct screen *s, struct buf *b, const struct earshot_value *e)
{
	const char *state = earshot_value_str(e, "state");
	struct buf peer = peer_of(e), id = id_of(e);
	(void)s;
	if (str_equal(state, "queued"))
		buf_fmt(b, tr("Waits for %s: %s"), buf_cstr(&peer), buf_cstr(&id));
	else if (str_equal(state, "handed over"))
		buf_fmt(b, tr("Handed over to %s: %s"), buf_cstr(&peer), buf_cstr(&id));
	else if (str_equal(state, "delivered"))
		buf_fmt(b, tr("Delivered to %s: %s"), buf_cstr(&peer), buf_cstr(&id));
	else if (str_equal(state, "read"))
		buf_fmt(b, tr("Read by %s: %s"), buf_cstr(&peer), buf_cstr(&id));
	else if (str_equal(state, "cancelled"))
		buf_fmt(b, tr("Cancelled, not sent to %s: %s"), buf_cstr(&peer), buf_cstr(&id));
	else
		buf_fmt(b, tr("Not delivered to %s: %s"), buf_cstr(&peer), buf_cstr(&id));
	if (!str_empty(earshot_value_str(e, "reason"))) {
		buf_str(b, ". ");
		words_told(b, e, "reason");
	}
	buf_finish(&peer);
	buf_finish(&id);
}

static void
add_correction(const struct screen *s, struct buf *b, const struct earshot_value *e)
{
	struct buf peer = peer_of(e), id = id_of(e);
	(void)s;
	if (is_ours(e)) /* Translators: which message, in the conversation with whom */
		buf_fmt(b, tr("You corrected %s to %s"), buf_cstr(&id), buf_cstr(&peer));
	else
		buf_fmt(b, tr("%s corrected %s"), buf_cstr(&peer), buf_cstr(&id));
	buf_str(b, ": ");
	add_body(b, e);
	buf_finish(&peer);
	buf_finish(&id);
}

static void
add_retraction(const struct screen *s, struct buf *b, const struct earshot_value *e)
{
	struct buf peer = peer_of(e), id = id_of(e);
	(void)s;
	if (is_ours(e)) /* Translators: which message, in the conversation with whom */
		buf_fmt(b, tr("You took back %s to %s"), buf_cstr(&id), buf_cstr(&peer));
	else
		buf_fmt(b, tr("%s took back %s"), buf_cstr(&peer), buf_cstr(&id));
	buf_finish(&peer);
	buf_finish(&id);
}

static void
add_reaction(const struct screen *s, struct buf *b, const struct earshot_value *e)
{
	const struct earshot_value *all = earshot_value_get(e, "reactions");
	size_t count = earshot_value_count(all);
	struct buf peer = peer_of(e), id = id_of(e), what = BUF_INIT(WORDS_MAX);
	(void)s;
	for (size_t i = 0; i < count; i++) {
		const char *text = earshot_value_as_str(earshot_value_at(all, i));
		buf_str(&what, i > 0 ? " " : "");
		if (text)
			text_add(&what, TEXT_NAME, text, strlen(text));
	}
	if (is_ours(e) && count > 0) /* Translators: emoji, which message, with whom */
		buf_fmt(b, tr("You reacted with %s to %s, with %s"), buf_cstr(&what), buf_cstr(&id),
		    buf_cstr(&peer));
	else if (is_ours(e)) /* Translators: from which message, with whom */
		buf_fmt(b, tr("You took the reactions back from %s, with %s"), buf_cstr(&id),
		    buf_cstr(&peer));
	else if (count > 0) /* Translators: who, emoji, to which message */
		buf_fmt(b, tr("%s reacted with %s to %s"), buf_cstr(&peer), buf_cstr(&what),
		    buf_cstr(&id));
	else
		buf_fmt(
		    b, tr("%s took the reactions back from %s"), buf_cstr(&peer), buf_cstr(&id));
	buf_finish(&peer);
	buf_finish(&id);
	buf_finish(&what);
}

static void
add_seen(const struct screen *s, struct buf *b, const struct earshot_value *e)
{
	struct buf peer = peer_of(e), id = id_of(e);
	(void)s;
	buf_fmt(b, tr("You have seen what %s said, up to %s"), buf_cstr(&peer), buf_cstr(&id));
	buf_finish(&peer);
	buf_finish(&id);
}

static void
add_forgotten(const struct screen *s, struct buf *b, const struct earshot_value *e)
{
	int64_t before = earshot_value_int(e, "before", 0);
	bool all = str_empty(earshot_value_str(e, "peer"));
	struct buf peer = peer_of(e), when = BUF_INIT(64);
	(void)s;
	add_date(&when, before, true);
	words_clock(&when, before);
	if (all && before)
		buf_fmt(b, tr("Forgotten: everything before %s"), buf_cstr(&when));
	else if (all)
		buf_str(b, tr("Forgotten: everything"));
	else if (before)
		buf_fmt(b, tr("Forgotten: the messages with %s before %s"), buf_cstr(&peer),
		    buf_cstr(&when));
	else
		buf_fmt(b, tr("Forgotten: the messages with %s"), buf_cstr(&peer));
	buf_finish(&peer);
	buf_finish(&when);
}

/* "[v] Romeo is verified (was new): compared" */
static void
add_trust(const struct screen *s, struct buf *b, const struct earshot_value *e)
{
	const char *before = earshot_value_str(e, "before"), *trust = earshot_value_str(e, "trust");
	struct buf peer = peer_of(e), is = BUF_INIT(WORDS_MAX), was = BUF_INIT(WORDS_MAX);
	(void)s;
	words_trust(&is, trust);
	words_trust(&was, before);
	if (str_equal(before, trust)) /* Translators: what is known of a person's key */
		buf_fmt(b, tr("%s stays %s"), buf_cstr(&peer), buf_cstr(&is));
	else if (str_empty(before))
		buf_fmt(b, tr("%s is %s"), buf_cstr(&peer), buf_cstr(&is));
	else /* Translators: "Anna is verified (was new)" */
		buf_fmt(b, tr("%s is %s (was %s)"), buf_cstr(&peer), buf_cstr(&is), buf_cstr(&was));
	if (!str_empty(earshot_value_str(e, "cause"))) {
		buf_str(b, ": ");
		words_told(b, e, "cause");
	}
	buf_finish(&peer);
	buf_finish(&is);
	buf_finish(&was);
}

static void
add_state(const struct screen *s, struct buf *b, const struct earshot_value *e)
{
	struct buf discovery = BUF_INIT(WORDS_MAX);
	(void)s;
	words_discovery(&discovery, e);
	buf_fmt(b, tr("Discovery is %s"), buf_cstr(&discovery));
	buf_finish(&discovery);
	if (!earshot_value_bool(e, "network", true))
		buf_fmt(b, ", %s", tr("no network"));
	if (!str_empty(earshot_value_str(e, "problem"))) {
		buf_str(b, ": ");
		words_told(b, e, "problem");
	}
}

static void
add_typing(const struct screen *s, struct buf *b, const struct earshot_value *e)
{
	const char *state = earshot_value_str(e, "state");
	struct buf peer = peer_of(e);
	(void)s;
	if (str_equal(state, "composing"))
		buf_fmt(b, tr("%s is typing"), buf_cstr(&peer));
	else if (str_equal(state, "gone"))
		buf_fmt(b, tr("%s closed the conversation"), buf_cstr(&peer));
	else if (str_equal(state, "paused"))
		buf_fmt(b, tr("%s stopped typing"), buf_cstr(&peer));
	else
		buf_fmt(b, tr("%s looks elsewhere"), buf_cstr(&peer));
	buf_finish(&peer);
}

static void
add_attention(const struct screen *s, struct buf *b, const struct earshot_value *e)
{
	struct buf peer = peer_of(e);
	(void)s;
	buf_fmt(b, tr("%s nudges you"), buf_cstr(&peer));
	buf_finish(&peer);
}

static void
add_own(const struct screen *s, struct buf *b, const struct earshot_value *e)
{
	struct buf own = BUF_INIT(WORDS_MAX);
	(void)s;
	words_own(&own, e);
	buf_fmt(b, tr("You are %s"), buf_cstr(&own));
	buf_finish(&own);
}

static void
add_verify(const struct screen *s, struct buf *b, const struct earshot_value *e)
{
	(void)s;
	words_comparison(b, e);
}

static void
add_introduction(const struct screen *s, struct buf *b, const struct earshot_value *e)
{
	(void)s;
	words_introduction(b, e);
}

static void
add_file(const struct screen *s, struct buf *b, const struct earshot_value *e)
{
	(void)s;
	(void)transfer_news(b, e, "earshot accept ");
}

/* Every message says that its sender is active: that is no news. */
static bool
is_news(const char *topic, const struct earshot_value *event)
{
	struct buf none = BUF_INIT(WORDS_MAX);
	if (strcmp(topic, "file") == 0) {
		bool news = transfer_news(&none, event, "");
		buf_finish(&none);
		return news;
	}
	return strcmp(topic, "typing") != 0 ||
	       !str_equal(earshot_value_str(event, "state"), "active");
}

bool
watch_words(const struct screen *s, struct buf *out, const struct earshot_value **whose,
    const char *topic, const struct earshot_value *event)
{
	static const struct {
		const char *topic;
		bool somebodys; /* doing: the event, or the person in it, says what they are trusted
				 */
		void (*add)(
		    const struct screen *s, struct buf *b, const struct earshot_value *event);
	} words[] = {
	    {"message", true, add_message},
	    {"sent", true, add_message},
	    {"receipt", true, add_receipt},
	    {"seen", true, add_seen},
	    {"correction", true, add_correction},
	    {"retraction", true, add_retraction},
	    {"reaction", true, add_reaction},
	    {"forgotten", false, add_forgotten},
	    {"trust", true, add_trust},
	    {"verify", false, add_verify},
	    {"introduction", false, add_introduction},
	    {"file", true, add_file},
	    {"person", true, add_person},
	    {"typing", true, add_typing},
	    {"attention", true, add_attention},
	    {"own", false, add_own},
	    {"state", false, add_state},
	};
	for (size_t i = 0; i < ARRAY_LEN(words); i++) {
		if (strcmp(topic, words[i].topic) == 0 && is_news(topic, event)) {
			const struct earshot_value *person = earshot_value_get(event, "person");
			*whose = !words[i].somebodys ? NULL : person ? person : event;
			words[i].add(s, out, event);
			return true;
		}
	}
	return false;
}
