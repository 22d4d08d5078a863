#include "front/words.h"

#include "base/clock.h"
#include "base/str.h"
#include "base/text.h"

#include <inttypes.h>
#include <string.h>
#include <time.h>

void
words_span(struct buf *out, int64_t seconds)
{
	const int64_t minute = 60, hour = 3600, day = 86400;
	if (seconds < 0)
		seconds = 0;
	if (seconds < 2 * minute)
		buf_fmt(out, "%" PRId64 " s", seconds);
	else if (seconds < 2 * hour)
		buf_fmt(out, "%" PRId64 " min", seconds / minute);
	else if (seconds < 2 * day)
		buf_fmt(out, "%" PRId64 " h", seconds / hour);
	else
		buf_fmt(out, "%" PRId64 " days", seconds / day);
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
words_display(struct buf *out, const struct earshot_value *person)
{
	bool named = !str_empty(earshot_value_str(person, "display"));
	words_str(out, person, named ? "display" : "name");
}

void
words_status(struct buf *out, const struct earshot_value *person)
{
	const char *status = earshot_value_str(person, "status");
	const char *text = earshot_value_str(person, "text");
	if (str_equal(status, "dnd"))
		buf_str(out, "do not disturb");
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
	if (str_equal(state, "gone")) {
		buf_str(out, "gone");
		return;
	}
	if (str_equal(state, "silent")) {
		buf_str(out, "not answering");
		if (age >= 0) {
			buf_str(out, " for ");
			words_span(out, age);
		}
		return;
	}
	words_str(out, person, "state"); /* "answered", "announced" */
	if (age == 0)
		buf_str(out, " just now");
	else if (age > 0) {
		buf_char(out, ' ');
		words_span(out, age);
		buf_str(out, " ago");
	}
}

void
words_introduction(struct buf *out, const struct earshot_value *event)
{
	words_str(out, event, "voucher_display");
	buf_str(out, " vouches for ");
	if (earshot_value_has(event, "peer")) {
		words_display(out, event);
		const char *peer = earshot_value_str(event, "peer");
		buf_str(out, ": earshot trust accept ");
		text_argument(out, peer ? peer : "");
	} else {
		buf_str(out, "the key ");
		words_str(out, event, "tag");
		buf_str(out, " of ");
		words_str(out, event, "name");
		buf_str(out, ", who has not been met yet");
	}
}

void
words_comparison(struct buf *out, const struct earshot_value *event)
{
	const char *stage = earshot_value_str(event, "stage");
	bool ours = earshot_value_bool(event, "initiator", false);
	if (str_equal(stage, "begun") && ours)
		buf_str(out, "You compare keys with ");
	words_display(out, event);
	if (str_equal(stage, "begun") && !ours) {
		buf_str(out, " wants to compare keys: earshot verify ");
		words_str(out, event, "peer");
	} else if (str_equal(stage, "code")) {
		buf_str(out, " sees the code: ");
		words_str(out, event, "words");
		buf_str(out, ", ");
		words_str(out, event, "digits");
	} else if (str_equal(stage, "confirmed")) {
		buf_str(out, " says that the codes are the same");
	} else if (str_equal(stage, "waiting")) {
		buf_str(out, " has not said yet that the codes are the same");
	} else if (str_equal(stage, "verified")) {
		buf_str(out, " is verified");
	} else if (str_equal(stage, "ended")) {
		buf_str(out, " is not verified: ");
		words_str(out, event, "reason");
	}
}

bool
words_look_alike(struct buf *out, const struct earshot_value *person)
{
	if (str_empty(earshot_value_str(person, "looks_like")))
		return false;
	buf_str(out, "looks like \"");
	words_str(out, person, "looks_like");
	buf_str(out, "\" but is not");
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

size_t
words_here(const struct earshot_value *people)
{
	size_t n = 0;
	for (size_t i = 0; i < earshot_value_count(people); i++)
		if (!str_equal(earshot_value_str(earshot_value_at(people, i), "state"), "gone"))
			n++;
	return n;
}
