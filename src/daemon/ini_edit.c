#include "daemon/ini_edit.h"

#include <stdbool.h>
#include <string.h>

struct scan {
	const char *at, *end;
	const char *section, *key;
	const char *line; /* the one that was read */
	size_t len;       /* with its line break */
	unsigned number;
	bool inside; /* in the section */
	bool named;  /* a key has come, so that an indented line goes on with it */
	bool ours;   /* ... and it is this key */
	bool part;   /* the line says something of it */
	bool empty;
};

static bool
is_blank(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

static bool
is_word(const char *from, const char *to, const char *word)
{
	while (to > from && is_blank(to[-1]))
		to--;
	size_t len = strlen(word);
	return (size_t)(to - from) == len && memcmp(from, word, len) == 0;
}

/* The first of these characters before a remark, which begins behind a blank; NULL: none. */
static const char *
find(const char *at, const char *end, const char *wanted)
{
	bool after_blank = false;
	for (; at < end; at++) {
		if (after_blank && *at == ';')
			return NULL;
		if (*at && strchr(wanted, *at))
			return at;
		after_blank = is_blank(*at);
	}
	return NULL;
}

/* A line without a sign makes no sense, and ends nothing. */
static void
take_key(struct scan *s, const char *start, const char *end)
{
	const char *sign = find(start, end, "=:");
	if (!sign)
		return;
	s->named = sign > start;
	s->ours = s->part = s->inside && is_word(start, sign, s->key);
}

static void
take_section(struct scan *s, const char *start, const char *end)
{
	const char *close = find(start + 1, end, "]");
	size_t len = strlen(s->section);
	if (!close)
		return;
	s->named = s->ours = false;
	s->inside = (size_t)(close - start - 1) == len && memcmp(start + 1, s->section, len) == 0;
}

/* false: there was none. */
static bool
next_line(struct scan *s)
{
	static const char mark[] = "\xef\xbb\xbf"; /* of byte order, as some editors write it */
	if (s->at == s->end)
		return false;
	const char *stop = memchr(s->at, '\n', (size_t)(s->end - s->at));
	s->line = s->at;
	s->at = stop ? stop + 1 : s->end;
	s->len = (size_t)(s->at - s->line);
	const char *start = s->line, *end = s->at;
	if (s->number++ == 0 && s->len >= 3 && memcmp(start, mark, 3) == 0)
		start += 3;
	const char *begin = start;
	while (start < end && is_blank(*start))
		start++;
	s->empty = start == end;
	s->part = false;
	/* a remark ends nothing, and what is indented goes on with the key before it */
	if (s->empty || *start == ';' || *start == '#')
		return true;
	if (s->named && start > begin)
		s->part = s->ours;
	else if (*start == '[')
		take_section(s, start, end);
	else
		take_key(s, start, end);
	return true;
}

struct change {
	const char *key;
	const char *const *values;
	size_t count;
	struct buf *out;
	unsigned written; /* lines */
	unsigned last;    /* of the key */
};

static void
put_line(struct change *c, const char *line, size_t len)
{
	buf_add(c->out, line, len);
	if (len == 0 || line[len - 1] != '\n')
		buf_char(c->out, '\n');
	c->written++;
}

static void
put_values(struct change *c)
{
	for (size_t i = 0; i < c->count; i++) {
		buf_fmt(c->out, "%s = %s\n", c->key, c->values[i]);
		c->last = ++c->written;
	}
}

int
ini_edit(const char *text, size_t len, const char *section, const char *key,
    const char *const *values, size_t count, struct buf *out, unsigned *line)
{
	struct change c = {.key = key, .values = values, .count = count, .out = out};
	unsigned first = 0, end_of_section = 0;
	const struct scan begin = {.at = text, .end = text + len, .section = section, .key = key};
	for (struct scan s = begin; next_line(&s);) {
		if (s.part && !first)
			first = s.number;
		if (s.inside && !s.empty)
			end_of_section = s.number;
	}
	for (struct scan s = begin; next_line(&s);) {
		bool ours = s.part;
		if (!ours)
			put_line(&c, s.line, s.len);
		if (s.number == (first ? first : end_of_section))
			put_values(&c);
	}
	if (!first && !end_of_section && count) {
		if (c.written)
			put_line(&c, "", 0);
		buf_fmt(out, "[%s]\n", section);
		c.written++;
		put_values(&c);
	}
	*line = c.last;
	return buf_err(out);
}
