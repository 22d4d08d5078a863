/* Lines out of a byte stream, however it was cut. Knows nothing of JSON. Any thread, one owner.
 *
 * Every byte is looked at once and moved at most once per line, so a peer that sends single
 * bytes costs no more than one that sends them together. */
#ifndef WIRE_FRAME_H
#define WIRE_FRAME_H

#include "base/compiler.h"

#include <stdbool.h>
#include <stddef.h>

struct frame_reader {
	char *data;                      /* owned */
	size_t cap, start, scanned, end; /* start <= scanned <= end <= cap */
	size_t max;                      /* longest line, without the line break */
};

void frame_reader_init(struct frame_reader *r, size_t max);
void frame_reader_finish(struct frame_reader *r); /* accepts zeroed */

/* Room for `want` bytes, to be filled by the caller, who then calls frame_reader_grew(). NULL
 * when out of memory. */
char *frame_reader_room(struct frame_reader *r, size_t want) MUST_USE;
void frame_reader_grew(struct frame_reader *r, size_t n);

/* 1: a line (without its break; not NUL-terminated), valid until the next call but
 * frame_reader_ready(). 0: none is complete. ERR_TOO_BIG: the line is too long; nothing comes any
 * more. */
int frame_reader_next(struct frame_reader *r, const char **line, size_t *len) MUST_USE;

/* Whether frame_reader_next() would give something other than 0. */
bool frame_reader_ready(struct frame_reader *r);

#endif
