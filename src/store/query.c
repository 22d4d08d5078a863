#include "store/query.h"

#include "base/err.h"

#include <string.h>

/* One word or phrase of the text. */
struct unit {
	const char *at;
	size_t len;
	bool prefix;
};

static bool
is_blank(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

/* Takes the next one from *text; false: there is none. */
static bool
next_unit(const char **text, struct unit *unit)
{
	const char *s = *text;
	while (is_blank(*s))
		s++;
	bool quoted = *s == '"';
	s += quoted;
	unit->at = s;
	while (*s && *s != '"' && (quoted || !is_blank(*s)))
		s++;
	unit->len = (size_t)(s - unit->at);
	if (quoted && *s == '"')
		s++;
	unit->prefix = *s == '*' && quoted;
	s += unit->prefix;
	if (!quoted && unit->len > 0 && unit->at[unit->len - 1] == '*') {
		unit->prefix = true;
		unit->len--;
	}
	bool any = s > *text && (quoted || unit->len > 0 || unit->prefix);
	*text = s;
	return any;
}

/* What stands between quotes is never read as the index's own language, but for the quote itself,
 * which no unit holds. A NUL cannot be there either. */
static void
add_unit(struct buf *out, const struct unit *unit, bool first)
{
	buf_str(out, first ? "body : (\"" : " AND \"");
	buf_add(out, unit->at, unit->len);
	buf_str(out, unit->prefix ? "\" *" : "\"");
}

int
query_make(const struct tokens *t, const char *words, int64_t peer, int direction, struct buf *out)
{
	struct unit unit;
	int count = 0, shorts = 0;
	while (next_unit(&words, &unit)) {
		int tokens = tokens_count(t, unit.at, unit.len);
		if (tokens < 0)
			return tokens;
		/* of signs alone the index knows nothing */
		if (tokens == 0)
			continue;
		if (unit.prefix && unit.len < QUERY_SHORT)
			shorts++;
		if (count == QUERY_WORDS || shorts > QUERY_SHORTS)
			return ERR_TOO_BIG;
		add_unit(out, &unit, count == 0);
		count++;
	}
	if (count == 0)
		return 0;
	buf_char(out, ')');
	if (peer)
		buf_fmt(out, " AND peer : \"%lld\"", (long long)peer);
	if (direction >= 0)
		buf_fmt(out, " AND direction : \"%d\"", direction);
	int err = buf_err(out);
	return err ? err : count;
}
