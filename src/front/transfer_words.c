#include "front/transfer_words.h"

#include "base/compiler.h"
#include "base/str.h"
#include "base/text.h"
#include "base/tr.h"
#include "front/words.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { THOUSAND = 1000, KIBI = 1024 };

static const char units[] = "kMGTPE";

/* ---- sizes ---- */

void
transfer_size(struct buf *out, int64_t bytes)
{
	double value = (double)(bytes < 0 ? 0 : bytes);
	size_t unit = 0;
	for (; value >= THOUSAND - 0.5 && unit < sizeof(units) - 1; unit++)
		value /= THOUSAND;
	if (unit == 0)
		buf_fmt(out, "%.0f B", value);
	else if (value >= 9.95)
		buf_fmt(out, "%.0f %cB", value, units[unit - 1]);
	else {
		words_decimal(out, value);
		buf_fmt(out, " %cB", units[unit - 1]);
	}
}

int
transfer_parse_size(const char *text, int64_t *bytes)
{
	char *end = NULL;
	if (text[0] < '0' || text[0] > '9' || text[strspn(text, "0123456789.")] == 'e')
		return -EINVAL; /* strtod() knows more numbers than people type */
	double value = strtod(text, &end);
	double base = THOUSAND;
	while (*end == ' ')
		end++;
	const char *unit = *end ? strchr(units, *end == 'K'   ? 'k'
						: *end == 'm' ? 'M'
							      : *end)
				: NULL;
	int power = unit ? (int)(unit - units) + 1 : 0;
	end += unit != NULL;
	if (unit && *end == 'i') {
		base = KIBI;
		end++;
	}
	if (*end == 'B')
		end++;
	if (*end)
		return -EINVAL;
	while (power-- > 0)
		value *= base;
	if (value > 9e18)
		return -EINVAL;
	*bytes = (int64_t)value;
	return 0;
}

/* ---- one transfer ---- */

static bool
is_state(const struct earshot_value *file, const char *state)
{
	return str_equal(earshot_value_str(file, "state"), state);
}

bool
transfer_incoming(const struct earshot_value *file)
{
	return !str_equal(earshot_value_str(file, "direction"), "out");
}

bool
transfer_done(const struct earshot_value *file)
{
	return is_state(file, "done");
}

bool
transfer_over(const struct earshot_value *file)
{
	static const char *const last[] = {"done", "declined", "cancelled", "failed", "expired"};
	for (size_t i = 0; i < ARRAY_LEN(last); i++)
		if (is_state(file, last[i]))
			return true;
	return false;
}

bool
transfer_asks(const struct earshot_value *file)
{
	return transfer_incoming(file) && is_state(file, "offered");
}

void
transfer_what(struct buf *out, const struct earshot_value *file)
{
	int64_t files = earshot_value_int(file, "files", 0),
		bytes = earshot_value_int(file, "size", -1);
	bool folder = earshot_value_bool(file, "folder", false);
	struct buf size = BUF_INIT(WORDS_MAX), count = BUF_INIT(WORDS_MAX);
	transfer_size(&size, bytes);
	buf_fmt(&count, tr_n("%lld file", "%lld files", (unsigned long)files), (long long)files);
	words_str(out, file, "name");
	if (folder && bytes >= 0)
		buf_fmt(out, " (%s, %s)", buf_cstr(&count), buf_cstr(&size));
	else if (folder || bytes >= 0)
		buf_fmt(out, " (%s)", buf_cstr(folder ? &count : &size));
	buf_finish(&size);
	buf_finish(&count);
}

void
transfer_which(struct buf *out, const struct earshot_value *file)
{
	struct buf what = BUF_INIT(WORDS_MAX), who = words_name(file);
	transfer_what(&what, file);
	if (transfer_incoming(file)) /* Translators: a file from a person */
		buf_fmt(out, tr("%s from %s"), buf_cstr(&what), buf_cstr(&who));
	else /* Translators: a file to a person */
		buf_fmt(out, tr("%s to %s"), buf_cstr(&what), buf_cstr(&who));
	buf_finish(&what);
	buf_finish(&who);
}

static int
percent(int64_t done, int64_t size)
{
	return (int)((double)done * 100 / (double)size);
}

void
transfer_left(struct buf *out, int64_t seconds)
{
	struct buf span = BUF_INIT(WORDS_MAX);
	words_span(&span, seconds);
	buf_fmt(out, tr("%s left"), buf_cstr(&span));
	buf_finish(&span);
}

static void
add_pace(struct buf *out, const struct earshot_value *file)
{
	int64_t done = earshot_value_int(file, "done", 0),
		size = earshot_value_int(file, "size", -1);
	int64_t rate = earshot_value_int(file, "rate", -1),
		left = earshot_value_int(file, "left", -1);
	if (size > 0)
		buf_fmt(out, "%d %%", percent(done, size));
	else
		transfer_size(out, done);
	if (rate > 0) {
		buf_str(out, ", ");
		transfer_size(out, rate);
		buf_str(out, "/s");
	}
	if (left >= 0) {
		buf_str(out, ", ");
		transfer_left(out, left);
	}
}

static void
add_paused(struct buf *out, const struct earshot_value *file)
{
	const char *by = earshot_value_str(file, "paused_by");
	int64_t done = earshot_value_int(file, "done", 0),
		size = earshot_value_int(file, "size", 0);
	bool them = str_equal(by, "them"), both = str_equal(by, "both");
	int part = size > 0 ? percent(done, size) : 0;
	if (done > 0 && size > 0 && both)
		buf_fmt(out, tr("paused by both of you at %d %%"), part);
	else if (done > 0 && size > 0 && them)
		buf_fmt(out, tr("paused by them at %d %%"), part);
	else if (done > 0 && size > 0)
		buf_fmt(out, tr("paused at %d %%"), part);
	else
		buf_str(out, both   ? tr("paused by both of you")
			     : them ? tr("paused by them")
				    : tr("paused"));
}

static const char *
state_words(const struct earshot_value *file)
{
	bool in = transfer_incoming(file);
	static const struct {
		const char *state, *in, *out;
	} all[] = {
	    {"preparing", TR("getting ready"), TR("getting ready")},
	    {"offered", TR("waits for your answer"), TR("waits for their answer")},
	    {"waiting", TR("accepted, waits for the connection"),
		TR("accepted, waits for the connection")},
	    {"verifying", TR("being checked"), TR("being checked")},
	    {"done", TR("received"), TR("delivered")},
	    {"declined", TR("declined"), TR("declined")},
	    {"cancelled", TR("cancelled"), TR("cancelled")},
	    {"failed", TR("failed"), TR("failed")},
	    {"expired", TR("expired"), TR("expired")},
	};
	for (size_t i = 0; i < ARRAY_LEN(all); i++)
		if (is_state(file, all[i].state))
			return tr(in ? all[i].in : all[i].out);
	return NULL;
}

void
transfer_state(struct buf *out, const struct earshot_value *file)
{
	const char *known = state_words(file);
	if (known)
		buf_str(out, known);
	else if (is_state(file, "active"))
		add_pace(out, file);
	else if (is_state(file, "paused"))
		add_paused(out, file);
	else
		words_str(out, file, "state");
	if (transfer_over(file) && !str_empty(earshot_value_str(file, "reason"))) {
		buf_str(out, ": ");
		words_told(out, file, "reason");
	}
}

bool
transfer_left_out(struct buf *out, const struct earshot_value *file)
{
	const struct earshot_value *list = earshot_value_get(file, "left_out_names");
	int64_t count = earshot_value_int(file, "left_out", 0);
	if (count <= 0)
		return false;
	struct buf name = words_member(file, "name"), names = BUF_INIT(WORDS_MAX);
	for (size_t i = 0; i < earshot_value_count(list); i++) {
		const char *path = earshot_value_as_str(earshot_value_at(list, i));
		if (i)
			buf_str(&names, ", ");
		text_add(&names, TEXT_NAME, path ? path : "", path ? strlen(path) : 0);
	}
	if ((int64_t)earshot_value_count(list) < count)
		buf_str(&names, names.len ? ", ..." : "...");
	/* Translators: how many things in a folder are not sent, its name, and what they are called
	 */
	buf_fmt(out,
	    tr_n("%lu thing in %s is not sent, as it is neither a file nor a folder: %s",
		"%lu things in %s are not sent, as they are neither files nor folders: %s",
		(unsigned long)count),
	    (unsigned long)count, buf_cstr(&name), buf_cstr(&names));
	buf_finish(&name);
	buf_finish(&names);
	return true;
}

static void
add_news_in(struct buf *out, const struct earshot_value *file, const char *name, const char *what)
{
	struct buf where = words_member(file, "where");
	if (where.len > 0)
		buf_fmt(out, tr("You have %s from %s: %s"), what, name, buf_cstr(&where));
	else
		buf_fmt(out, tr("You have %s from %s"), what, name);
	buf_finish(&where);
}

static void
add_news(struct buf *out, const struct earshot_value *file, const char *accept, const char *name,
    const char *what)
{
	bool in = transfer_incoming(file);
	struct buf state = BUF_INIT(WORDS_MAX), id = words_member(file, "id");
	transfer_state(&state, file);
	if (transfer_asks(file)) /* Translators: the last two are "earshot accept f3" */
		buf_fmt(
		    out, tr("%s wants to give you %s: %s%s"), name, what, accept, buf_cstr(&id));
	else if (in && transfer_done(file))
		add_news_in(out, file, name, what);
	else if (transfer_done(file))
		buf_fmt(out, tr("%s has %s"), name, what);
	else {
		transfer_which(out, file);
		buf_fmt(out, ": %s", buf_cstr(&state));
	}
	buf_finish(&state);
	buf_finish(&id);
}

bool
transfer_news(struct buf *out, const struct earshot_value *file, const char *accept)
{
	if (!transfer_asks(file) && !transfer_over(file) && !is_state(file, "paused"))
		return false;
	struct buf name = words_name(file), what = BUF_INIT(WORDS_MAX);
	transfer_what(&what, file);
	add_news(out, file, accept, buf_cstr(&name), buf_cstr(&what));
	buf_finish(&name);
	buf_finish(&what);
	return true;
}
