#include "cli/say.h"

#include "base/compiler.h"
#include "base/str.h"
#include "base/text.h"
#include "base/tr.h"
#include "cli/talk.h"
#include "front/marking.h"
#include "front/when.h"
#include "front/words.h"

#include <string.h>

enum { BEGIN_COLUMNS = 50 };

static const struct {
	const char *trust, *words;
} trusts[] = {
    /* the first one stands for whatever is not here */
    {"plain", TR("Not encrypted")},
    {"new", TR("New key")},
    {"known", TR("Known key")},
    {"introduced", TR("Introduced")},
    {"verified", TR("Verified")},
    {"changed", TR("NOT THE SAME PERSON")},
};

const char *
say_trust(const char *trust)
{
	for (size_t i = 0; trust && i < ARRAY_LEN(trusts); i++)
		if (strcmp(trusts[i].trust, trust) == 0)
			return tr(trusts[i].words);
	return tr(trusts[0].words);
}

void
say_in_one_line(struct buf *out, const char *text)
{
	for (bool first = true; *text; first = false) {
		text += strspn(text, " \t\r\n");
		buf_str(out, first || !*text ? "" : " / ");
		while (*text && !strchr("\r\n", *text)) {
			size_t n = strcspn(text, "\t\r\n");
			text_add(out, TEXT_NAME, text, n);
			text += n;
			if (*text == '\t')
				buf_char(out, ' ');
			text += *text == '\t';
		}
	}
}

/* ---- messages ---- */

/* What became of a message, where it is looked back at, besides what talk_notes() says. */
static void
add_fate(struct buf *out, const struct earshot_value *m)
{
	static const struct {
		const char *state, *words;
	} fates[] = {
	    {"handed over", TR("handed over")},
	    {"delivered", TR("delivered")},
	    {"read", TR("read")},
	    {"unread", TR("unread")},
	};
	const char *state = earshot_value_str(m, "state");
	for (size_t i = 0; state && i < ARRAY_LEN(fates); i++)
		if (strcmp(fates[i].state, state) == 0)
			buf_fmt(out, " (%s)", tr(fates[i].words));
}

static void
add_words(struct buf *out, const struct earshot_value *m, unsigned flags)
{
	const char *text = earshot_value_str(m, "text");
	struct buf notes = BUF_INIT(WORDS_MAX);
	say_in_one_line(out, text ? text : "");
	talk_notes(&notes, m, flags & SAY_TIME ? 0 : (unsigned)TALK_STATE_TOLD);
	if (flags & SAY_TIME)
		add_fate(&notes, m);
	buf_str(out, buf_cstr(&notes) + (str_empty(text) && notes.len > 0));
	buf_finish(&notes);
}

void
say_message(struct buf *out, const struct earshot_value *m, unsigned flags)
{
	const char *trust = say_trust(earshot_value_str(m, "trust"));
	const char *quoted = earshot_value_str(m, "reply_text");
	struct buf who = BUF_INIT(WORDS_MAX), words = BUF_INIT(WORDS_MAX), quote = BUF_INIT(1024);
	talk_who(&who, m, TALK_NAMED);
	add_words(&words, m, flags);
	if (flags & SAY_DATE)
		when_stamp(out, earshot_value_int(m, "time", 0));
	else if (flags & SAY_TIME)
		words_clock(out, earshot_value_int(m, "time", 0));
	buf_str(out, flags & (SAY_DATE | SAY_TIME) ? " " : "");
	if (!str_empty(quoted)) {
		talk_begin(&quote, quoted, BEGIN_COLUMNS);
		buf_fmt(out, tr("%s, %s, answering \"%s\": %s"), trust, buf_cstr(&who),
		    buf_cstr(&quote), buf_cstr(&words));
	} else if (earshot_value_bool(m, "action", false))
		buf_fmt(out, tr("%s, %s, action: %s"), trust, buf_cstr(&who), buf_cstr(&words));
	else
		buf_fmt(out, tr("%s, %s: %s"), trust, buf_cstr(&who), buf_cstr(&words));
	buf_finish(&who);
	buf_finish(&words);
	buf_finish(&quote);
}

bool
say_state(struct buf *out, const char *state, const char *who, const char *text, const char *reason)
{
	struct buf begin = BUF_INIT(1024);
	const size_t before = out->len;
	talk_begin(&begin, text, BEGIN_COLUMNS);
	const char *what = buf_cstr(&begin);
	if (str_equal(state, "queued"))
		buf_fmt(out, tr("Waits for %s: %s"), who, what);
	else if (str_equal(state, "handed over"))
		buf_fmt(
		    out, tr("Handed over to %s, whose program confirms nothing: %s"), who, what);
	else if (str_equal(state, "delivered"))
		buf_fmt(out, tr("Delivered to %s: %s"), who, what);
	else if (str_equal(state, "read"))
		buf_fmt(out, tr("Read by %s: %s"), who, what);
	else if (str_equal(state, "cancelled"))
		buf_fmt(out, tr("Will not be sent to %s: %s"), who, what);
	else if (str_equal(state, "failed") && reason)
		buf_fmt(out, tr("Not delivered to %s: %s (%s)"), who, what, reason);
	else if (str_equal(state, "failed"))
		buf_fmt(out, tr("Not delivered to %s: %s"), who, what);
	buf_finish(&begin);
	return out->len > before;
}

/* ---- people ---- */

void
say_person(struct buf *out, size_t number, const struct earshot_value *person)
{
	struct buf who = words_name(person), status = BUF_INIT(WORDS_MAX);
	struct buf seen = BUF_INIT(WORDS_MAX), alike = BUF_INIT(WORDS_MAX);
	const char *trust = say_trust(earshot_value_str(person, "trust"));
	words_status(&status, person);
	words_evidence(&seen, person);
	buf_fmt(out, tr("%zu: %s, %s, %s. %s."), number, buf_cstr(&who), buf_cstr(&status),
	    buf_cstr(&seen), trust);
	if (words_look_alike(&alike, person))
		buf_fmt(out, tr(" Careful: %s %s."), buf_cstr(&who), buf_cstr(&alike));
	buf_finish(&who);
	buf_finish(&status);
	buf_finish(&seen);
	buf_finish(&alike);
}

void
say_meaning(struct buf *out, const char *who, const struct earshot_value *person)
{
	const char *trust = earshot_value_str(person, "trust");
	struct buf by = words_member(person, "introduced_by");
	if (str_equal(trust, "introduced") && by.len > 0)
		buf_fmt(out, tr("Trust in %s: introduced by %s, whom you have verified"), who,
		    buf_cstr(&by));
	else
		buf_fmt(out, tr("Trust in %s: %s"), who, marking_meaning(trust));
	buf_finish(&by);
}

void
say_unread(struct buf *out, const char *who, unsigned long count)
{
	buf_fmt(out, tr_n("%lu unread message from %s.", "%lu unread messages from %s.", count),
	    count, who);
}
