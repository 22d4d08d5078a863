#include "base/clock.h"
#include "base/compiler.h"
#include "base/str.h"
#include "base/text.h"
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

static void
add_body(struct buf *b, const struct earshot_value *e)
{
	const char *text = earshot_value_str(e, "text");
	if (text)
		text_add(b, TEXT_BODY, text, strlen(text));
	if (earshot_value_bool(e, "file", false))
		buf_str(b, " (file)");
}

static void
add_message(const struct screen *s, struct buf *b, const struct earshot_value *e)
{
	struct buf name = BUF_INIT(WORDS_MAX);
	bool out = str_equal(earshot_value_str(e, "direction"), "out");
	bool action = earshot_value_bool(e, "action", false);
	if (out && action)
		buf_str(b, "to ");
	if (out)
		words_str(&name, e, "display");
	else
		add_peer(&name, e);
	if (out && !action)
		buf_str(b, "You to ");
	screen_style(s, b, STYLE_NAME, buf_cstr(&name));
	buf_str(b, action ? (out ? ": * you " : " * ") : ": ");
	if (earshot_value_bool(e, "retracted", false))
		buf_str(b, "(taken back)");
	else
		add_body(b, e);
	buf_finish(&name);
}

static void
add_person(const struct screen *s, struct buf *b, const struct earshot_value *e)
{
	const struct earshot_value *person = earshot_value_get(e, "person");
	const char *change = earshot_value_str(e, "change");
	struct buf name = BUF_INIT(WORDS_MAX), alike = BUF_INIT(WORDS_MAX);
	words_display(&name, person);
	screen_style(s, b, STYLE_NAME, buf_cstr(&name));
	buf_finish(&name);
	if (str_equal(change, "gone")) {
		buf_str(b, " left");
		return;
	}
	buf_str(b, str_equal(change, "new") ? " is here, " : " is ");
	words_status(b, person);
	buf_str(b, " (");
	words_evidence(b, person);
	buf_char(b, ')');
	if (words_look_alike(&alike, person))
		buf_fmt(b, "; %s", buf_cstr(&alike));
	buf_finish(&alike);
}

/* What it was, a message or a reaction, say, the event does not tell. */
static void
add_receipt(const struct screen *s, struct buf *b, const struct earshot_value *e)
{
	static const struct {
		const char *state, *words;
	} fates[] = {
	    {"queued", "Waits for "},
	    {"handed over", "Handed over to "},
	    {"delivered", "Delivered to "},
	    {"read", "Read by "},
	    {"cancelled", "Cancelled, not sent to "},
	};
	const char *words = "Not delivered to ";
	(void)s;
	for (size_t i = 0; i < ARRAY_LEN(fates); i++)
		if (str_equal(earshot_value_str(e, "state"), fates[i].state))
			words = fates[i].words;
	buf_str(b, words);
	add_peer(b, e);
	buf_str(b, ": ");
	add_id(b, e);
	if (!str_empty(earshot_value_str(e, "reason"))) {
		buf_str(b, ". ");
		words_str(b, e, "reason");
	}
}

/* "Romeo took back 1a31d241", "You took back 1a31d241 to Romeo" */
static void
add_who_did(struct buf *b, const struct earshot_value *e, const char *did)
{
	if (is_ours(e))
		buf_str(b, "You");
	else
		add_peer(b, e);
	buf_fmt(b, " %s ", did);
	add_id(b, e);
	if (is_ours(e)) {
		buf_str(b, " to ");
		add_peer(b, e);
	}
}

static void
add_correction(const struct screen *s, struct buf *b, const struct earshot_value *e)
{
	(void)s;
	add_who_did(b, e, "corrected");
	buf_str(b, ": ");
	add_body(b, e);
}

static void
add_retraction(const struct screen *s, struct buf *b, const struct earshot_value *e)
{
	(void)s;
	add_who_did(b, e, "took back");
}

static void
add_reaction(const struct screen *s, struct buf *b, const struct earshot_value *e)
{
	const struct earshot_value *all = earshot_value_get(e, "reactions");
	size_t count = earshot_value_count(all);
	(void)s;
	if (is_ours(e))
		buf_str(b, "You");
	else
		add_peer(b, e);
	buf_str(b, count > 0 ? " reacted with" : " took the reactions back");
	for (size_t i = 0; i < count; i++) {
		const char *text = earshot_value_as_str(earshot_value_at(all, i));
		buf_char(b, ' ');
		if (text)
			text_add(b, TEXT_NAME, text, strlen(text));
	}
	buf_str(b, count > 0 ? " to " : " from ");
	add_id(b, e);
	if (is_ours(e)) {
		buf_str(b, ", with ");
		add_peer(b, e);
	}
}

static void
add_seen(const struct screen *s, struct buf *b, const struct earshot_value *e)
{
	(void)s;
	buf_str(b, "You have seen what ");
	add_peer(b, e);
	buf_str(b, " said, up to ");
	add_id(b, e);
}

static void
add_forgotten(const struct screen *s, struct buf *b, const struct earshot_value *e)
{
	int64_t before = earshot_value_int(e, "before", 0);
	(void)s;
	buf_str(b, "Forgotten: ");
	if (str_empty(earshot_value_str(e, "peer"))) {
		buf_str(b, "everything");
	} else {
		buf_str(b, "the messages with ");
		add_peer(b, e);
	}
	if (before) {
		buf_str(b, " before ");
		add_date(b, before, true);
		words_clock(b, before);
	}
}

/* "[v] Romeo is verified (was new): compared" */
static void
add_trust(const struct screen *s, struct buf *b, const struct earshot_value *e)
{
	const char *before = earshot_value_str(e, "before");
	bool other = !str_equal(before, earshot_value_str(e, "trust"));
	(void)s;
	add_peer(b, e);
	buf_str(b, other ? " is " : " stays ");
	words_str(b, e, "trust");
	if (other && !str_empty(before)) {
		buf_str(b, " (was ");
		words_str(b, e, "before");
		buf_char(b, ')');
	}
	if (!str_empty(earshot_value_str(e, "cause"))) {
		buf_str(b, ": ");
		words_str(b, e, "cause");
	}
}

static void
add_state(const struct screen *s, struct buf *b, const struct earshot_value *e)
{
	(void)s;
	buf_str(b, "Discovery is ");
	words_str(b, e, "discovery");
	if (!earshot_value_bool(e, "network", true))
		buf_str(b, ", no network");
	if (!str_empty(earshot_value_str(e, "problem"))) {
		buf_str(b, ": ");
		words_str(b, e, "problem");
	}
}

static void
add_typing(const struct screen *s, struct buf *b, const struct earshot_value *e)
{
	const char *state = earshot_value_str(e, "state");
	(void)s;
	add_peer(b, e);
	if (str_equal(state, "composing"))
		buf_str(b, " is typing");
	else if (str_equal(state, "gone"))
		buf_str(b, " closed the conversation");
	else
		buf_str(b, str_equal(state, "paused") ? " stopped typing" : " looks elsewhere");
}

static void
add_attention(const struct screen *s, struct buf *b, const struct earshot_value *e)
{
	(void)s;
	add_peer(b, e);
	buf_str(b, " nudges you");
}

static void
add_own(const struct screen *s, struct buf *b, const struct earshot_value *e)
{
	(void)s;
	buf_str(b, "You are ");
	words_own(b, e);
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
