#include "front/transfer_words.h"

#include "base/compiler.h"
#include "base/str.h"
#include "front/words.h"

#include <errno.h>
#include <inttypes.h>
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
	else
		buf_fmt(out, "%.*f %cB", value < 9.95 ? 1 : 0, value, units[unit - 1]);
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
		size = earshot_value_int(file, "size", -1);
	bool folder = earshot_value_bool(file, "folder", false);
	words_str(out, file, "name");
	if (!folder && size < 0)
		return;
	buf_str(out, " (");
	if (folder)
		buf_fmt(out, "%" PRId64 " %s", files, files == 1 ? "file" : "files");
	if (folder && size >= 0)
		buf_str(out, ", ");
	if (size >= 0)
		transfer_size(out, size);
	buf_char(out, ')');
}

static int
percent(int64_t done, int64_t size)
{
	return (int)((double)done * 100 / (double)size);
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
		words_span(out, left);
		buf_str(out, " left");
	}
}

static void
add_paused(struct buf *out, const struct earshot_value *file)
{
	const char *by = earshot_value_str(file, "paused_by");
	buf_str(out, "paused");
	if (str_equal(by, "them"))
		buf_str(out, " by them");
	else if (str_equal(by, "both"))
		buf_str(out, " by both of you");
	int64_t done = earshot_value_int(file, "done", 0),
		size = earshot_value_int(file, "size", 0);
	if (done > 0 && size > 0)
		buf_fmt(out, " at %d %%", percent(done, size));
}

void
transfer_state(struct buf *out, const struct earshot_value *file)
{
	bool in = transfer_incoming(file);
	if (is_state(file, "preparing"))
		buf_str(out, "getting ready");
	else if (is_state(file, "offered"))
		buf_str(out, in ? "waits for your answer" : "waits for their answer");
	else if (is_state(file, "waiting"))
		buf_str(out, "accepted, waits for the connection");
	else if (is_state(file, "active"))
		add_pace(out, file);
	else if (is_state(file, "paused"))
		add_paused(out, file);
	else if (is_state(file, "verifying"))
		buf_str(out, "being checked");
	else if (is_state(file, "done"))
		buf_str(out, in ? "received" : "delivered");
	else
		words_str(out, file, "state");
	if (transfer_over(file) && !str_empty(earshot_value_str(file, "reason"))) {
		buf_str(out, ": ");
		words_str(out, file, "reason");
	}
}

static void
add_news_in(struct buf *out, const struct earshot_value *file)
{
	buf_str(out, "You have ");
	transfer_what(out, file);
	buf_str(out, " from ");
	words_display(out, file);
	if (!str_empty(earshot_value_str(file, "where"))) {
		buf_str(out, ": ");
		words_str(out, file, "where");
	}
}

bool
transfer_news(struct buf *out, const struct earshot_value *file, const char *accept)
{
	bool in = transfer_incoming(file);
	if (transfer_asks(file)) {
		words_display(out, file);
		buf_str(out, " wants to give you ");
		transfer_what(out, file);
		buf_fmt(out, ": %s", accept);
		words_str(out, file, "id");
		return true;
	}
	if (in && transfer_done(file)) {
		add_news_in(out, file);
		return true;
	}
	if (!transfer_over(file) && !is_state(file, "paused"))
		return false;
	if (transfer_done(file)) {
		words_display(out, file);
		buf_str(out, " has ");
		transfer_what(out, file);
		return true;
	}
	transfer_what(out, file);
	buf_str(out, in ? " from " : " to ");
	words_display(out, file);
	buf_str(out, ": ");
	transfer_state(out, file);
	return true;
}
