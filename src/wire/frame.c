#include "wire/frame.h"

#include "base/err.h"

#include <stdlib.h>
#include <string.h>

/* What an idle connection may keep. */
enum { KEEP = 4096 };

void
frame_reader_init(struct frame_reader *r, size_t max)
{
	*r = (struct frame_reader){.max = max};
}

void
frame_reader_finish(struct frame_reader *r)
{
	free(r->data);
	frame_reader_init(r, r->max);
}

char *
frame_reader_room(struct frame_reader *r, size_t want)
{
	size_t kept = r->end - r->start;
	/* the rest of a line moves to the front once: from then on start is 0 until it ends */
	if (r->start > 0) {
		memmove(r->data, r->data + r->start, kept);
		r->scanned -= r->start;
		r->start = 0;
		r->end = kept;
	}
	size_t cap = r->cap;
	if (r->cap - r->end < want) {
		cap = r->cap ? r->cap : KEEP;
		while (cap - r->end < want)
			cap *= 2;
	}
	if (cap != r->cap) {
		char *grown = realloc(r->data, cap);
		if (!grown)
			return NULL;
		r->data = grown;
		r->cap = cap;
	}
	return r->data + r->end;
}

void
frame_reader_grew(struct frame_reader *r, size_t n)
{
	r->end += n;
}

/* Moves scanned to the next line break; false if none is there. */
static bool
find_break(struct frame_reader *r)
{
	if (r->scanned == r->end)
		return false;
	const char *from = r->data + r->scanned;
	const char *at = memchr(from, '\n', r->end - r->scanned);
	r->scanned += at ? (size_t)(at - from) : r->end - r->scanned;
	return at != NULL;
}

bool
frame_reader_ready(struct frame_reader *r)
{
	return find_break(r) || r->scanned - r->start > r->max;
}

int
frame_reader_next(struct frame_reader *r, const char **line, size_t *len)
{
	bool found = find_break(r);
	if (r->scanned - r->start > r->max)
		return ERR_TOO_BIG;
	if (!found) {
		if (r->start == r->end && r->cap > KEEP)
			frame_reader_finish(r);
		return 0;
	}
	*line = r->data + r->start;
	*len = r->scanned - r->start;
	r->start = ++r->scanned;
	return 1;
}
