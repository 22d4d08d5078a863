#include "base/clock.h"
#include "base/compiler.h"
#include "base/str.h"
#include "base/text.h"
#include "cli/watch.h"
#include "cli/words.h"

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

static void
add_body(struct buf *b, const struct earshot_value *e)
{
	const char *text = earshot_value_str(e, "text");
	if (text)
		text_add(b, TEXT_BODY, text, strlen(text));
}

static void
add_message(const struct screen *s, struct buf *b, const struct earshot_value *e)
{
	struct buf name = BUF_INIT(WORDS_MAX);
	bool out = str_equal(earshot_value_str(e, "direction"), "out");
	bool action = earshot_value_bool(e, "action", false);
	if (out && action)
		buf_str(b, "to ");
	words_display(&name, e);
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
	struct buf name = BUF_INIT(WORDS_MAX);
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
}

static void
add_receipt(const struct screen *s, struct buf *b, const struct earshot_value *e)
{
	static const struct {
		const char *state, *before, *between;
	} words[] = {
	    {"delivered", "", " has the message "},
	    {"read", "", " has read the message "},
	    {"handed over", "", " was handed the message "},
	    {"cancelled", "Not sent to ", ", cancelled: the message "},
	    {"queued", "Waits for ", ": the message "},
	};
	(void)s;
	for (size_t i = 0; i < ARRAY_LEN(words); i++) {
		if (!str_equal(earshot_value_str(e, "state"), words[i].state))
			continue;
		buf_str(b, words[i].before);
		words_str(b, e, "peer");
		buf_str(b, words[i].between);
		words_str(b, e, "id");
		return;
	}
	buf_str(b, "Not delivered to ");
	words_str(b, e, "peer");
	buf_str(b, ": ");
	if (str_empty(earshot_value_str(e, "reason"))) {
		buf_str(b, "the message ");
		words_str(b, e, "id");
	} else {
		words_str(b, e, "reason");
	}
}

/* "romeo@orchard took back the message m1", "You took back the message m1 to romeo@orchard" */
static void
add_who_did(struct buf *b, const struct earshot_value *e, const char *did)
{
	if (is_ours(e))
		buf_str(b, "You");
	else
		words_str(b, e, "peer");
	buf_fmt(b, " %s the message ", did);
	words_str(b, e, "id");
	if (is_ours(e)) {
		buf_str(b, " to ");
		words_str(b, e, "peer");
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
		words_str(b, e, "peer");
	buf_str(b, count > 0 ? " reacted with" : " took the reactions back");
	for (size_t i = 0; i < count; i++) {
		const char *text = earshot_value_as_str(earshot_value_at(all, i));
		buf_char(b, ' ');
		if (text)
			text_add(b, TEXT_NAME, text, strlen(text));
	}
	buf_str(b, count > 0 ? " to the message " : " from the message ");
	words_str(b, e, "id");
	if (is_ours(e)) {
		buf_str(b, ", in the conversation with ");
		words_str(b, e, "peer");
	}
}

static void
add_seen(const struct screen *s, struct buf *b, const struct earshot_value *e)
{
	(void)s;
	buf_str(b, "You have seen what ");
	words_str(b, e, "peer");
	buf_str(b, " said up to the message ");
	words_str(b, e, "id");
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
		words_str(b, e, "peer");
	}
	if (before) {
		buf_str(b, " before ");
		add_date(b, before, true);
		words_clock(b, before);
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
	words_display(b, e);
	if (str_equal(state, "composing")) {
		buf_str(b, " is typing");
	} else if (str_equal(state, "gone")) {
		buf_str(b, " closed the conversation");
	} else {
		buf_str(b, " is ");
		words_str(b, e, "state");
	}
}

static void
add_attention(const struct screen *s, struct buf *b, const struct earshot_value *e)
{
	(void)s;
	words_display(b, e);
	buf_str(b, " nudges you");
}

static void
add_own(const struct screen *s, struct buf *b, const struct earshot_value *e)
{
	(void)s;
	buf_str(b, "You are ");
	words_own(b, e);
}

bool
watch_words(
    const struct screen *s, struct buf *out, const char *topic, const struct earshot_value *event)
{
	static const struct {
		const char *topic;
		void (*add)(
		    const struct screen *s, struct buf *b, const struct earshot_value *event);
	} words[] = {
	    {"message", add_message},
	    {"sent", add_message},
	    {"receipt", add_receipt},
	    {"seen", add_seen},
	    {"correction", add_correction},
	    {"retraction", add_retraction},
	    {"reaction", add_reaction},
	    {"forgotten", add_forgotten},
	    {"person", add_person},
	    {"typing", add_typing},
	    {"attention", add_attention},
	    {"own", add_own},
	    {"state", add_state},
	};
	for (size_t i = 0; i < ARRAY_LEN(words); i++) {
		if (strcmp(topic, words[i].topic) == 0) {
			words[i].add(s, out, event);
			return true;
		}
	}
	return false;
}
