#include "front/words.h"

#include "base/clock.h"
#include "base/compiler.h"
#include "base/str.h"
#include "base/text.h"
#include "base/tr.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { MINUTE = 60, HOUR = 60 * MINUTE, DAY = 24 * HOUR };

static long long
not_negative(int64_t seconds)
{
	return seconds < 0 ? 0 : seconds;
}

void
words_span(struct buf *out, int64_t seconds)
{
	long long s = not_negative(seconds);
	if (s < 2LL * MINUTE)
		buf_fmt(out, tr("%lld s"), s);
	else if (s < 2LL * HOUR)
		buf_fmt(out, tr("%lld min"), s / MINUTE);
	else if (s < 2LL * DAY)
		buf_fmt(out, tr("%lld h"), s / HOUR);
	else
		buf_fmt(out, tr("%lld days"), s / DAY);
}

void
words_ago(struct buf *out, int64_t seconds)
{
	long long s = not_negative(seconds);
	if (s == 0)
		buf_str(out, tr("just now"));
	else if (s < 2LL * MINUTE)
		buf_fmt(out, tr("%lld s ago"), s);
	else if (s < 2LL * HOUR)
		buf_fmt(out, tr("%lld min ago"), s / MINUTE);
	else if (s < 2LL * DAY)
		buf_fmt(out, tr("%lld h ago"), s / HOUR);
	else
		buf_fmt(out, tr("%lld days ago"), s / DAY);
}

void
words_decimal(struct buf *out, double number)
{
	char text[320];
	int len = snprintf(text, sizeof(text), "%.1f", number < 0 ? 0 : number);
	if (len < 3 || (size_t)len >= sizeof(text))
		return;
	text[len - 2] = '\0';
	/* Translators: a number with one decimal: its point or comma */
	buf_fmt(out, tr("%s.%s"), text, text + len - 1);
}

void
words_clock(struct buf *out, int64_t wall_ms)
{
	time_t t = (time_t)((wall_ms ? wall_ms : clock_wall()) / 1000);
	struct tm tm;
	if (localtime_r(&t, &tm))
		buf_fmt(out, "%02d:%02d", tm.tm_hour, tm.tm_min);
	else
		buf_str(out, "--:--");
}

void
words_str(struct buf *out, const struct earshot_value *v, const char *key)
{
	const char *text = earshot_value_str(v, key);
	if (text)
		text_add(out, TEXT_NAME, text, strlen(text));
}

void
words_told(struct buf *out, const struct earshot_value *v, const char *key)
{
	const char *english = earshot_value_str(v, key);
	char *text = earshot_translate(english);
	if (text || english)
		text_add(out, TEXT_NAME, text ? text : english, strlen(text ? text : english));
	free(text);
}

void
words_display(struct buf *out, const struct earshot_value *person)
{
	bool named = !str_empty(earshot_value_str(person, "display"));
	words_str(out, person, named ? "display" : "name");
}

struct buf
words_member(const struct earshot_value *v, const char *key)
{
	struct buf b = BUF_INIT(WORDS_MAX);
	words_str(&b, v, key);
	return b;
}

struct buf
words_name(const struct earshot_value *person)
{
	struct buf b = BUF_INIT(WORDS_MAX);
	words_display(&b, person);
	return b;
}

void
words_trust(struct buf *out, const char *trust)
{
	static const struct {
		const char *word, *said;
	} all[] = {
	    /* Translators: what is known of a person's key */
	    {"plain", TR("plain")},
	    {"new", TR("new")},
	    {"known", TR("known")},
	    {"introduced", TR("introduced")},
	    {"verified", TR("verified")},
	    {"changed", TR("changed")},
	};
	for (size_t i = 0; trust && i < ARRAY_LEN(all); i++)
		if (strcmp(trust, all[i].word) == 0) {
			buf_str(out, tr(all[i].said));
			return;
		}
	if (trust)
		text_add(out, TEXT_NAME, trust, strlen(trust));
}

const char *
words_availability(const char *status)
{
	if (str_equal(status, "available"))
		return tr("available");
	if (str_equal(status, "away"))
		return tr("away");
	return str_equal(status, "dnd") ? tr("do not disturb") : NULL;
}

void
words_status(struct buf *out, const struct earshot_value *person)
{
	const char *status = earshot_value_str(person, "status");
	const char *text = earshot_value_str(person, "text");
	const char *known = words_availability(status);
	if (known)
		buf_str(out, known);
	else if (!str_empty(status))
		words_str(out, person, "status");
	if (!str_empty(text)) {
		buf_str(out, str_empty(status) ? "" : ": ");
		words_str(out, person, "text");
	}
}

void
words_evidence(struct buf *out, const struct earshot_value *person)
{
	const char *state = earshot_value_str(person, "state");
	int64_t age = earshot_value_int(person, "age", -1);
	struct buf when = BUF_INIT(WORDS_MAX);
	if (str_equal(state, "silent") && age >= 0)
		words_span(&when, age);
	else if (age >= 0)
		words_ago(&when, age);
	if (str_equal(state, "gone"))
		buf_str(out, tr("gone"));
	else if (str_equal(state, "silent") && age < 0)
		buf_str(out, tr("not answering"));
	else if (str_equal(state, "silent"))
		buf_fmt(out, tr("not answering for %s"), buf_cstr(&when));
	else if (str_equal(state, "answered") && age < 0)
		buf_str(out, tr("answered"));
	else if (str_equal(state, "answered")) /* Translators: %s is "3 s ago" or "just now" */
		buf_fmt(out, tr("answered %s"), buf_cstr(&when));
	else if (str_equal(state, "announced") && age < 0)
		buf_str(out, tr("announced"));
	else if (str_equal(state, "announced")) /* Translators: %s is "3 s ago" or "just now" */
		buf_fmt(out, tr("announced %s"), buf_cstr(&when));
	else
		words_str(out, person, "state");
	buf_finish(&when);
}

void
words_introduction(struct buf *out, const struct earshot_value *event)
{
	struct buf voucher = words_member(event, "voucher_display"),
		   tag = words_member(event, "tag");
	bool met = earshot_value_has(event, "peer");
	struct buf whose = met ? words_name(event) : words_member(event, "name");
	const char *peer = earshot_value_str(event, "peer");
	struct buf argument = BUF_INIT(WORDS_MAX);
	text_argument(&argument, peer ? peer : "");
	if (met)
		buf_fmt(out, tr("%s vouches for %s: earshot trust accept %s"), buf_cstr(&voucher),
		    buf_cstr(&whose), buf_cstr(&argument));
	else
		buf_fmt(out, tr("%s vouches for the key %s of %s, who has not been met yet"),
		    buf_cstr(&voucher), buf_cstr(&tag), buf_cstr(&whose));
	buf_finish(&voucher);
	buf_finish(&whose);
	buf_finish(&tag);
	buf_finish(&argument);
}

static void
add_code(struct buf *out, const struct earshot_value *event, const char *name)
{
	struct buf words = words_member(event, "words"), digits = words_member(event, "digits");
	buf_fmt(out, tr("%s sees the code: %s, %s"), name, buf_cstr(&words), buf_cstr(&digits));
	buf_finish(&words);
	buf_finish(&digits);
}

void
words_comparison(struct buf *out, const struct earshot_value *event)
{
	const char *stage = earshot_value_str(event, "stage");
	bool ours = earshot_value_bool(event, "initiator", false);
	const char *peer = earshot_value_str(event, "peer");
	struct buf who = words_name(event), reason = BUF_INIT(WORDS_MAX);
	struct buf argument = BUF_INIT(WORDS_MAX);
	const char *name = buf_cstr(&who);
	words_told(&reason, event, "reason");
	text_argument(&argument, peer ? peer : "");
	if (str_equal(stage, "begun") && ours)
		buf_fmt(out, tr("You compare keys with %s"), name);
	else if (str_equal(stage, "begun"))
		buf_fmt(out, tr("%s wants to compare keys: earshot verify %s"), name,
		    buf_cstr(&argument));
	else if (str_equal(stage, "code"))
		add_code(out, event, name);
	else if (str_equal(stage, "confirmed"))
		buf_fmt(out, tr("%s says that the codes are the same"), name);
	else if (str_equal(stage, "waiting"))
		buf_fmt(out, tr("%s has not said yet that the codes are the same"), name);
	else if (str_equal(stage, "verified"))
		buf_fmt(out, tr("%s is verified"), name);
	else if (str_equal(stage, "ended"))
		buf_fmt(out, tr("%s is not verified: %s"), name, buf_cstr(&reason));
	else
		buf_str(out, name);
	buf_finish(&who);
	buf_finish(&argument);
	buf_finish(&reason);
}

bool
words_look_alike(struct buf *out, const struct earshot_value *person)
{
	if (str_empty(earshot_value_str(person, "looks_like")))
		return false;
	struct buf other = words_member(person, "looks_like");
	buf_fmt(out, tr("looks like \"%s\" but is not"), buf_cstr(&other));
	buf_finish(&other);
	return true;
}

void
words_own(struct buf *out, const struct earshot_value *own)
{
	words_display(out, own);
	if (!str_equal(earshot_value_str(own, "display"), earshot_value_str(own, "name"))) {
		buf_str(out, " (");
		words_str(out, own, "name");
		buf_char(out, ')');
	}
	buf_str(out, ", ");
	words_status(out, own);
}

void
words_discovery(struct buf *out, const struct earshot_value *state)
{
	static const struct {
		const char *word, *said;
	} all[] = {
	    /* Translators: what looks for people in the network */
	    {"off", TR("off")},
	    {"starting", TR("starting")},
	    {"running", TR("running")},
	    {"failed", TR("failed")},
	};
	const char *word = earshot_value_str(state, "discovery");
	for (size_t i = 0; i < ARRAY_LEN(all); i++)
		if (str_equal(word, all[i].word)) {
			buf_str(out, tr(all[i].said));
			return;
		}
	words_str(out, state, "discovery");
}

size_t
words_here(const struct earshot_value *people)
{
	size_t n = 0;
	for (size_t i = 0; i < earshot_value_count(people); i++)
		if (!str_equal(earshot_value_str(earshot_value_at(people, i), "state"), "gone"))
			n++;
	return n;
}

void
words_spread(struct buf *out, const char *words)
{
	for (const char *p = words; *p; p++) {
		if (p > words)
			buf_char(out, ' ');
		if (*p == ' ')
			buf_str(out, "   ");
		else
			buf_char(out, (char)(*p >= 'a' && *p <= 'z' ? *p - 'a' + 'A' : *p));
	}
}
