#include "store/snippet.h"

#include "base/utf8.h"

#include <string.h>

enum { BEFORE = 6, WORDS = 24 }; /* shown before the first hit, and in all */

struct window {
	int first;                    /* number of the first word shown */
	int count;                    /* of those that were found */
	bool more;                    /* there is a word after them */
	int start[WORDS], end[WORDS]; /* bytes */
};

static int
on_word(void *ctx, int number, int start, int end)
{
	struct window *w = ctx;
	if (number < w->first)
		return 0;
	w->more = w->count == WORDS;
	if (w->more)
		return 1;
	w->start[w->count] = start;
	w->end[w->count++] = end;
	return 0;
}

/* The text from *from to `to`, as far as there is room. Marks of somebody else's would be taken
 * for ours. */
static void
add_text(struct buf *out, const char *body, size_t *from, size_t to, size_t *room)
{
	size_t len = to - *from, cut = utf8_cut(body + *from, len, *room);
	for (size_t i = *from; i < *from + cut; i++)
		buf_add(out, (unsigned char)body[i] < ' ' ? " " : &body[i], 1);
	*room = cut < len ? 0 : *room - cut;
	*from = to;
}

static void
add_hit(struct buf *out, const char *body, const struct window *w, const struct snippet_hit *hit,
    size_t *from, size_t *room)
{
	int first = hit->at - w->first, last = first + hit->len - 1;
	if (first < 0 || first >= w->count || (size_t)w->start[first] < *from)
		return;
	if (last >= w->count)
		last = w->count - 1;
	add_text(out, body, from, (size_t)w->start[first], room);
	if (*room == 0)
		return;
	buf_char(out, '\x02');
	add_text(out, body, from, (size_t)w->end[last], room);
	buf_char(out, '\x03');
}

int
snippet_make(const struct tokens *t, const char *body, const struct snippet_hit *hits, size_t count,
    struct buf *out)
{
	struct window w = {0};
	size_t len = strlen(body), from = 0, room = SNIPPET_BYTES;
	if (count > 0 && hits[0].at > BEFORE)
		w.first = hits[0].at - BEFORE;
	int err = tokens_each(t, body, len, on_word, &w);
	if (err)
		return err;
	if (w.first > 0 && w.count > 0) {
		from = (size_t)w.start[0];
		buf_str(out, "\xe2\x80\xa6");
	}
	for (size_t i = 0; i < count; i++)
		add_hit(out, body, &w, &hits[i], &from, &room);
	size_t end = w.more ? (size_t)w.end[w.count - 1] : len;
	if (end > from)
		add_text(out, body, &from, end, &room);
	if (w.more || room == 0)
		buf_str(out, "\xe2\x80\xa6");
	return buf_err(out);
}
