#include "tray/say.h"

#include "base/clock.h"
#include "base/compiler.h"
#include "base/str.h"
#include "base/tr.h"
#include "front/transfer_words.h"
#include "front/when.h"
#include "front/words.h"

#include <glib.h>
#include <string.h>

enum { FRESH = 60 * 1000 /* ms */ };

/* The first one stands for whatever is not here. */
static const struct say_trust trusts[] = {
    {"plain", TR("PLAIN"), TR("Not encrypted: anyone here can read, alter or fake this.")},
    {"new", TR("NEW"), TR("Encrypted, but nobody has looked yet whose key it is.")},
    {"known", TR("known"), TR("Encrypted, with the key it has always been.")},
    {"introduced", TR("introduced"),
	TR("Encrypted, and somebody you have verified vouches for the key.")},
    {"verified", TR("verified"), TR("Encrypted, and you have compared the key.")},
    {"changed", TR("CHANGED"),
	TR("Not the same person: somebody with another key uses this name.")},
};

const struct say_trust *
say_trust(const char *trust)
{
	for (size_t i = 0; trust && i < ARRAY_LEN(trusts); i++)
		if (strcmp(trusts[i].trust, trust) == 0)
			return &trusts[i];
	return &trusts[0];
}

bool
say_is_plain(const char *trust)
{
	return say_trust(trust) == &trusts[0];
}

bool
say_trust_matters(const char *said_with, const char *now)
{
	const struct say_trust *t = say_trust(said_with);
	return t == &trusts[0] || str_equal(t->trust, "new") || str_equal(t->trust, "changed") ||
	       t != say_trust(now);
}

/* ---- time ---- */

static char *
take(struct buf *b)
{
	char *copy = g_strdup(buf_cstr(b));
	buf_finish(b);
	return copy;
}

char *
say_clock(int64_t wall_ms)
{
	struct buf b = BUF_INIT(WORDS_MAX);
	words_clock(&b, wall_ms);
	return take(&b);
}

char *
say_day(int64_t wall_ms)
{
	struct buf b = BUF_INIT(WORDS_MAX);
	when_day(&b, wall_ms);
	return take(&b);
}

/* "12:04", and of another day its date, too */
static char *
point(int64_t wall_ms)
{
	struct buf b = BUF_INIT(WORDS_MAX);
	if (when_day_number(wall_ms) == when_day_number(clock_wall()))
		return say_clock(wall_ms);
	when_stamp(&b, wall_ms);
	return take(&b);
}

/* ---- people ---- */

char *
say_evidence(const struct front_person *p, uint64_t *until)
{
	uint64_t now = clock_now();
	uint64_t age = p->seen_at && p->seen_at < now ? now - p->seen_at : 0;
	bool fresh = p->seen_at && age < FRESH;
	g_autofree char *at = point(clock_wall() - (int64_t)age);
	if (until)
		*until = 0;
	if (p->presence == FRONT_GONE)
		return g_strdup(tr("gone"));
	if (p->presence == FRONT_SILENT)
		return p->seen_at ? g_strdup_printf(tr("not answering since %s"), at)
				  : g_strdup(tr("not answering"));
	if (until && fresh)
		*until = p->seen_at + FRESH;
	if (p->presence == FRONT_ANSWERED)
		return fresh ? g_strdup(tr("answered just now"))
			     : g_strdup_printf(tr("answered at %s"), at);
	if (!p->seen_at)
		return g_strdup(tr("announced"));
	return fresh ? g_strdup(tr("announced just now"))
		     : g_strdup_printf(tr("announced at %s"), at);
}

char *
say_status(const struct earshot_value *person)
{
	struct buf b = BUF_INIT(WORDS_MAX);
	/* everybody is available who says nothing else */
	if (!str_equal(earshot_value_str(person, "status"), "available"))
		words_status(&b, person);
	else
		words_str(&b, person, "text");
	return take(&b);
}

char *
say_person(const struct front_person *p)
{
	g_autofree char *evidence = say_evidence(p, NULL);
	g_autofree char *status = say_status(p->info);
	GString *s = g_string_new(p->display);
	if (p->unread > 0) {
		g_string_append(s, ", ");
		g_string_append_printf(
		    s, tr_n("%u unread message", "%u unread messages", p->unread), p->unread);
	}
	if (p->looks_like) {
		g_string_append(s, ", ");
		g_string_append_printf(s, tr("looks like \"%s\" but is not"), p->looks_like);
	}
	const char *rest[] = {p->typing ? tr("is typing") : "", evidence, status,
	    tr(say_trust(p->trust)->chip), p->blocked ? tr("blocked") : ""};
	for (size_t i = 0; i < ARRAY_LEN(rest); i++)
		if (!str_empty(rest[i]))
			g_string_append_printf(s, ", %s", rest[i]);
	return g_string_free(s, FALSE);
}

/* ---- messages ---- */

const char *
say_mark_sign(enum front_mark mark)
{
	static const char *const signs[] = {
	    [FRONT_SENDING] = "…",
	    [FRONT_QUEUED] = "…",
	    [FRONT_HANDED_OVER] = "✓",
	    [FRONT_DELIVERED] = "✓✓",
	    [FRONT_READ] = "✓✓",
	    [FRONT_FAILED] = "✗",
	    [FRONT_CANCELLED] = "✗",
	};
	return mark < ARRAY_LEN(signs) ? signs[mark] : NULL;
}

const char *
say_mark(enum front_mark mark)
{
	static const char *const words[] = {
	    [FRONT_SENDING] = TR("being kept"),
	    [FRONT_QUEUED] = TR("waits to be delivered"),
	    [FRONT_HANDED_OVER] = TR("sent"),
	    [FRONT_DELIVERED] = TR("delivered"),
	    [FRONT_READ] = TR("read"),
	    [FRONT_FAILED] = TR("not delivered"),
	    [FRONT_CANCELLED] = TR("cancelled"),
	};
	return mark < ARRAY_LEN(words) ? tr(words[mark]) : NULL;
}

static char *
said_by(const struct front_person *p, const struct front_message *m, const char *at)
{
	if (m->retracted)
		return m->ours ? g_strdup_printf(tr("You took back what you said at %s."), at)
			       : g_strdup_printf(
				     tr("%s took back what was said at %s."), p->display, at);
	if (m->file)
		return m->ours
			   ? g_strdup_printf(tr("Your file, %s: %s"), at, m->text)
			   : g_strdup_printf(tr("File from %s, %s: %s"), p->display, at, m->text);
	if (m->action)
		return g_strdup_printf(
		    "%s: * %s %s", at, m->ours ? tr("You") : p->display, m->text);
	return m->ours ? g_strdup_printf(tr("You, %s: %s"), at, m->text)
		       : g_strdup_printf(tr("%s, %s: %s"), p->display, at, m->text);
}

char *
say_message(const struct front_person *p, const struct front_message *m)
{
	g_autofree char *at = say_clock(m->time);
	g_autofree char *said = said_by(p, m, at);
	GString *s = g_string_new(said);
	const char *mark = say_mark(m->mark);
	if (m->reply_text && !m->retracted) {
		g_string_append_c(s, '\n');
		g_string_append_printf(s, tr("Answer to: %s"), m->reply_text);
	}
	if (m->edited && !m->retracted)
		g_string_append_printf(s, "\n%s", tr("corrected"));
	if (m->ours && mark)
		g_string_append_printf(s, "\n%s", mark);
	if (m->reason)
		g_string_append_printf(s, "\n%s", m->reason);
	if (m->reactions)
		g_string_append_printf(s, "\n%s", m->reactions);
	if (!m->ours && say_trust_matters(m->trust, p->trust))
		g_string_append_printf(s, "\n%s", tr(say_trust(m->trust)->meaning));
	return g_string_free(s, FALSE);
}

/* ---- files ---- */

char *
say_extent(const struct earshot_value *file)
{
	int64_t size = earshot_value_int(file, "size", -1);
	int64_t count = earshot_value_int(file, "files", 0);
	unsigned long files = count > 0 ? (unsigned long)count : 0;
	struct buf bytes = BUF_INIT(WORDS_MAX), b = BUF_INIT(WORDS_MAX);
	transfer_size(&bytes, size);
	if (!earshot_value_bool(file, "folder", false))
		buf_str(&b, size >= 0 ? buf_cstr(&bytes) : "");
	else if (size < 0)
		buf_fmt(&b, tr_n("%lu file", "%lu files", files), files);
	else
		buf_fmt(&b, tr_n("%lu file, %s", "%lu files, %s", files), files, buf_cstr(&bytes));
	buf_finish(&bytes);
	return take(&b);
}

char *
say_file_state(const struct earshot_value *file)
{
	struct buf b = BUF_INIT(WORDS_MAX);
	/* of old clients nobody says what the checksum should be */
	if (transfer_done(file) && transfer_incoming(file) &&
	    str_equal(earshot_value_str(file, "method"), "jingle"))
		buf_str(&b, tr("received, checksum verified"));
	else
		transfer_state(&b, file);
	return take(&b);
}

char *
say_clean(const struct earshot_value *v, const char *key)
{
	struct buf b = BUF_INIT(WORDS_MAX);
	words_str(&b, v, key);
	return take(&b);
}

char *
say_fold(const char *text)
{
	g_autofree char *split = g_utf8_normalize(text, -1, G_NORMALIZE_ALL);
	g_autofree char *lower = g_utf8_casefold(split ? split : "", -1);
	GString *s = g_string_new(NULL);
	for (const char *at = lower; *at; at = g_utf8_next_char(at)) {
		gunichar c = g_utf8_get_char(at);
		if (!g_unichar_ismark(c))
			g_string_append_unichar(s, c);
	}
	return g_string_free(s, FALSE);
}
