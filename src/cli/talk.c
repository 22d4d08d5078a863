#include "cli/talk.h"

#include "base/compiler.h"
#include "base/lookalike.h"
#include "base/str.h"
#include "base/text.h"
#include "base/tr.h"
#include "cli/style_of.h"
#include "front/marking.h"
#include "front/when.h"
#include "front/words.h"

#include <inttypes.h>
#include <string.h>

/* Where the daemon puts its emphasis (docs/ipc.md: snippet). */
static const char hit_begins = '\2', hit_ends = '\3';

enum { QUOTE_MAX = 60, NAME_LEAST = 8 };

bool
talk_ours(const struct earshot_value *m)
{
	return str_equal(earshot_value_str(m, "direction"), "out");
}

/* Does a name, its key, begin like `ours`; whole: and end with it. */
static bool
begins_like(const char *key, const char *ours, bool whole)
{
	struct buf us = BUF_INIT(WORDS_MAX);
	lookalike_key(&us, ours);
	while (us.len > 0 && us.data[us.len - 1] == ' ')
		us.data[--us.len] = '\0';
	bool same = us.len > 0 && (whole ? strcmp(key, buf_cstr(&us)) == 0
					 : strncmp(key, buf_cstr(&us), us.len) == 0);
	buf_finish(&us);
	return same;
}

/* "You", "You to Juliet", in any letters, and in our language */
static bool
looks_like_us(const char *name)
{
	struct buf key = BUF_INIT(WORDS_MAX), to = BUF_INIT(64);
	lookalike_key(&key, name);
	buf_fmt(&to, tr("You to %s"), "");
	bool same = begins_like(buf_cstr(&key), "You", true) ||
		    begins_like(buf_cstr(&key), tr("You"), true) ||
		    begins_like(buf_cstr(&key), "You to", false) ||
		    begins_like(buf_cstr(&key), buf_cstr(&to), false);
	buf_finish(&key);
	buf_finish(&to);
	return same;
}

void
talk_who(struct buf *out, const struct earshot_value *m, unsigned flags)
{
	struct buf name = BUF_INIT(WORDS_MAX);
	words_str(&name, m, "display");
	if (name.len == 0)
		words_str(&name, m, "peer");
	if (!talk_ours(m)) {
		buf_str(out, buf_cstr(&name));
		if (looks_like_us(buf_cstr(&name))) {
			buf_str(out, " (");
			words_str(out, m, "peer");
			buf_char(out, ')');
		}
	} else if (flags & TALK_NAMED)
		buf_fmt(out, tr("You to %s"), buf_cstr(&name));
	else
		buf_str(out, tr("You"));
	buf_finish(&name);
}

const char *
talk_mark(const char *state)
{
	static const struct {
		const char *state, *mark;
	} marks[] = {
	    {"queued", "\xe2\x80\xa6"},
	    {"handed over", "\xc2\xb7"},
	    {"delivered", "\xe2\x9c\x93"},
	    {"read", "\xe2\x9c\x93\xe2\x9c\x93"},
	    {"failed", "!"},
	    {"cancelled", "\xc3\x97"},
	    {"unread", "\xe2\x80\xa2"},
	};
	for (size_t i = 0; state && i < ARRAY_LEN(marks); i++)
		if (strcmp(marks[i].state, state) == 0)
			return marks[i].mark;
	return "";
}

static void
add_reactions(struct buf *out, const struct earshot_value *m, const char *whose, const char *label)
{
	const struct earshot_value *all =
	    earshot_value_get(earshot_value_get(m, "reactions"), whose);
	size_t count = earshot_value_count(all);
	if (count == 0)
		return;
	buf_fmt(out, " [%s%s", label, *label ? " " : "");
	for (size_t i = 0; i < count; i++) {
		const char *one = earshot_value_as_str(earshot_value_at(all, i));
		buf_str(out, i > 0 ? " " : "");
		if (one)
			text_add(out, TEXT_NAME, one, strlen(one));
	}
	buf_char(out, ']');
}

static void
add_state(struct buf *out, const struct earshot_value *m)
{
	const char *state = earshot_value_str(m, "state");
	if (str_equal(state, "queued"))
		buf_fmt(out, " (%s)", tr("queued"));
	else if (str_equal(state, "cancelled"))
		buf_fmt(out, " (%s)", tr("cancelled"));
	else if (str_equal(state, "failed")) {
		buf_fmt(out, " (%s", tr("not delivered"));
		if (!str_empty(earshot_value_str(m, "reason"))) {
			buf_str(out, ": ");
			words_told(out, m, "reason");
		}
		buf_char(out, ')');
	}
}

void
talk_notes(struct buf *out, const struct earshot_value *m, unsigned flags)
{
	if (!(flags & TALK_STATE_TOLD) || !str_empty(earshot_value_str(m, "reason")))
		add_state(out, m);
	if (earshot_value_bool(m, "file", false))
		buf_fmt(out, " (%s)", tr("file"));
	if (earshot_value_bool(m, "retracted", false))
		buf_fmt(out, " (%s)", tr("taken back"));
	else if (earshot_value_int(m, "edited", 0) != 0)
		buf_fmt(out, " (%s)", tr("edited"));
	add_reactions(out, m, "theirs", "");
	add_reactions(out, m, "ours", tr("you:"));
	if (flags & TALK_IDS) {
		struct buf id = BUF_INIT(WORDS_MAX);
		words_str(&id, m, "id");
		size_t n = text_fit(buf_cstr(&id), id.len, TALK_ID_SHOWN);
		buf_fmt(out, " (#%" PRId64 "%s%.*s)", earshot_value_int(m, "number", 0),
		    n > 0 ? ", id " : "", (int)n, buf_cstr(&id));
		buf_finish(&id);
	}
}

void
talk_begin(struct buf *out, const char *text, size_t columns)
{
	struct buf clean = BUF_INIT(WORDS_MAX);
	for (const char *p = text; *p;) { /* a line break is a blank here */
		size_t n = strcspn(p, "\r\n\t");
		text_add(&clean, TEXT_NAME, p, n);
		p += n;
		n = strspn(p, "\r\n\t");
		buf_str(&clean, n > 0 ? " " : "");
		p += n;
	}
	size_t n = text_fit(buf_cstr(&clean), clean.len, columns > 1 ? columns - 1 : 1);
	bool cut = text_width(buf_cstr(&clean), clean.len) > columns;
	buf_add(out, buf_cstr(&clean), cut ? n : clean.len);
	buf_str(out, cut ? "\xe2\x80\xa6" : "");
	buf_finish(&clean);
}

void
talk_words(struct buf *out, const struct earshot_value *m, unsigned flags)
{
	const char *text = earshot_value_str(m, "text");
	struct buf notes = BUF_INIT(WORDS_MAX);
	if (text)
		text_add(out, TEXT_BODY, text, strlen(text));
	talk_notes(&notes, m, flags);
	buf_str(out, buf_cstr(&notes) + (str_empty(text) && notes.len > 0));
	buf_finish(&notes);
}

/* What the message answers, above it. */
static void
add_quote(const struct screen *s, struct buf *out, const struct earshot_value *m)
{
	const char *quoted = earshot_value_str(m, "reply_text");
	struct buf row = BUF_INIT(WORDS_MAX);
	if (str_empty(quoted))
		return;
	size_t room = s->columns > TALK_INDENT + 3 ? s->columns - TALK_INDENT - 3 : 1;
	buf_fmt(&row, "%*s> ", s->columns / 2 > TALK_INDENT ? TALK_INDENT : 1, "");
	talk_begin(&row, quoted, room < QUOTE_MAX ? room : QUOTE_MAX);
	screen_style(s, out, STYLE_DIM, buf_cstr(&row));
	buf_char(out, '\n');
	buf_finish(&row);
}

static enum style
mark_style(const char *state)
{
	if (str_equal(state, "failed"))
		return STYLE_BAD;
	return str_equal(state, "unread") ? STYLE_WARN : STYLE_DIM;
}

/* A name that the terminal had to break could look like a row of its own. */
static void
add_cut(struct buf *out, const struct earshot_value *m, unsigned flags, size_t room)
{
	struct buf who = BUF_INIT(WORDS_MAX);
	talk_who(&who, m, flags);
	size_t n = text_fit(buf_cstr(&who), who.len, room > NAME_LEAST ? room : NAME_LEAST);
	buf_add(out, buf_cstr(&who), n);
	buf_str(out, n < who.len ? "\xe2\x80\xa6" : "");
	buf_finish(&who);
}

void
talk_rows(const struct screen *s, struct buf *out, const struct earshot_value *m, unsigned flags)
{
	const char *state = earshot_value_str(m, "state"), *mark = talk_mark(state);
	bool action = earshot_value_bool(m, "action", false), ours = talk_ours(m);
	struct buf when = BUF_INIT(64), who = BUF_INIT(WORDS_MAX), words = BUF_INIT(SCREEN_MAX);
	add_quote(s, out, m);
	if (flags & TALK_READING && !ours)
		mark = "";
	words_clock(&when, earshot_value_int(m, "time", 0));
	buf_char(&when, ' ');
	screen_style(s, out, STYLE_DIM, buf_cstr(&when));
	size_t pad = TALK_MARK_WIDTH - text_width(mark, strlen(mark));
	buf_fmt(out, "%*s", (int)pad, "");
	screen_style(s, out, mark_style(state), mark);
	buf_char(out, ' ');
	size_t marked = style_marking(s, out, m);
	buf_str(out, action ? "* " : "");
	add_cut(&who, m, flags, s->columns / 2 > marked ? s->columns / 2 - marked : 0);
	screen_style(s, out, ours ? STYLE_DIM : STYLE_NAME, buf_cstr(&who));
	buf_str(out, action ? " " : ": ");
	size_t column = when.len + TALK_MARK_WIDTH + 1 + marked +
			text_width(buf_cstr(&who), who.len) + (action ? 3 : 2);
	talk_words(&words, m, flags);
	(void)screen_wrap(s, out, buf_cstr(&words), column, TALK_INDENT);
	buf_finish(&when);
	buf_finish(&who);
	buf_finish(&words);
}

void
talk_line(struct buf *out, const struct earshot_value *m, unsigned flags)
{
	const char *quoted = earshot_value_str(m, "reply_text");
	bool was = tr_english(true);
	if (flags & TALK_IDS) {
		buf_fmt(out, "#%" PRId64 "\t", earshot_value_int(m, "number", 0));
		words_str(out, m, "id");
		buf_char(out, '\t');
	}
	when_stamp(out, earshot_value_int(m, "time", 0));
	buf_fmt(out, "\t%s\t", marking(earshot_value_str(m, "trust")));
	talk_who(out, m, flags);
	buf_char(out, '\t');
	words_str(out, m, "state");
	buf_char(out, '\t');
	if (!str_empty(quoted)) {
		buf_str(out, "> ");
		talk_begin(out, quoted, QUOTE_MAX);
		buf_str(out, "\n\xc2\xbb ");
	}
	buf_str(out, earshot_value_bool(m, "action", false) ? "/me " : "");
	talk_words(out, m, TALK_STATE_TOLD);
	buf_char(out, '\n');
	(void)tr_english(was);
}

/* The line with the day, when it is another than *day. */
static void
add_day(const struct screen *s, struct buf *out, int64_t at, int64_t *day)
{
	struct buf words = BUF_INIT(256), row = BUF_INIT(256);
	int64_t number = when_day_number(at);
	if (number != *day) {
		*day = number;
		when_day(&words, at);
		(void)screen_wrap(s, &row, buf_cstr(&words), 0, 0);
		screen_style(s, out, STYLE_NAME, buf_cstr(&row));
	}
	buf_finish(&words);
	buf_finish(&row);
}

void
talk_add(const struct screen *s, struct buf *out, const struct earshot_value *m, unsigned flags,
    int64_t *day)
{
	if (!s->tty) {
		talk_line(out, m, flags);
		return;
	}
	if (*day != 0 && when_day_number(earshot_value_int(m, "time", 0)) != *day)
		buf_char(out, '\n');
	add_day(s, out, earshot_value_int(m, "time", 0), day);
	talk_rows(s, out, m, flags);
}

/* Clean words in which the two marks of the emphasis are left: they take no column. */
static void
add_marked(struct buf *out, const char *text)
{
	static const char special[] = {'\2', '\3', '\r', '\n', '\t', '\0'};
	while (*text) {
		size_t n = strcspn(text, special);
		text_add(out, TEXT_NAME, text, n);
		text += n;
		if (*text == hit_begins || *text == hit_ends)
			buf_char(out, *text);
		else if (*text)
			buf_char(out, ' ');
		text += *text != '\0';
	}
}

void
talk_snippet(const struct screen *s, struct buf *out, const struct earshot_value *m)
{
	const char *snippet = earshot_value_str(m, "snippet");
	const char *trust = earshot_value_str(m, "trust");
	struct buf row = BUF_INIT(SCREEN_MAX), wrapped = BUF_INIT(SCREEN_MAX);
	bool was = screen_english(s);
	talk_who(&row, m, TALK_NAMED);
	(void)tr_english(was);
	if (s->tty)
		buf_str(&row, ": ");
	else {
		buf_char(&row, '\t');
		words_str(&row, m, "state");
		buf_char(&row, '\t');
	}
	const char *text = snippet ? snippet : earshot_value_str(m, "text");
	add_marked(&row, text ? text : "");
	struct buf when = BUF_INIT(64);
	when_stamp(&when, earshot_value_int(m, "time", 0));
	buf_str(&when, s->tty ? "  " : "\t");
	screen_style(s, out, STYLE_DIM, buf_cstr(&when));
	screen_style(s, out, style_of_trust(trust), marking(trust));
	buf_char(out, s->tty ? ' ' : '\t');
	(void)screen_wrap(
	    s, &wrapped, buf_cstr(&row), when.len + strlen(marking(trust)) + 1, TALK_INDENT);
	bool on = false;
	for (size_t i = 0; i < wrapped.len; i++) {
		char c = wrapped.data[i];
		if (c == hit_begins || c == hit_ends)
			buf_str(out, !s->colour ? "" : c == hit_begins ? "\033[1m" : "\033[0m");
		else
			buf_char(out, c);
		on = c == hit_begins || (on && c != hit_ends);
	}
	buf_str(out, on && s->colour ? "\033[0m" : "");
	buf_finish(&when);
	buf_finish(&row);
	buf_finish(&wrapped);
}
