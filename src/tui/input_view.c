/* What is seen of the text: rows, the place of the cursor, moving up and down. Blanks count here,
 * so rows are as full as they can be and not broken between words. */
#include "base/utf8.h"
#include "tui/border.h"
#include "tui/input-parts.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

enum { NARROW = 12 }; /* columns below which there is no prompt */

/* Columns of a row that text can take: the last one stays free for the cursor. */
static unsigned
room_of(const struct input *in)
{
	if (in->width == 0)
		return UINT_MAX;
	unsigned room = in->width - in->indent;
	return room > 1 ? room - 1 : 1;
}

/* As layout_cell(), but what does not fit into any row is one column wide, and tabs are seen. */
static void
cell_at(const struct input *in, size_t at, struct layout_cell *cell)
{
	const char *s = buf_cstr(&in->text) + at;
	if (*s == '\t') {
		*cell = (struct layout_cell){.used = 1, .width = 1, .len = 1, .text = " "};
		return;
	}
	layout_cell(s, in->text.len - at, cell);
	if (cell->width > room_of(in)) {
		cell->width = 1;
		cell->len = (unsigned)utf8_encode(0xfffd, cell->text);
	}
}

static int
add_start(struct input *in, size_t at)
{
	if (in->start_count == in->start_capacity) {
		size_t capacity = in->start_capacity ? 2 * in->start_capacity : 16;
		size_t *starts = realloc(in->starts, capacity * sizeof(*starts));
		if (!starts)
			return -1;
		in->starts = starts;
		in->start_capacity = capacity;
	}
	in->starts[in->start_count++] = at;
	return 0;
}

/* Columns of the characters in [at, end). */
static unsigned
columns_of(const struct input *in, size_t at, size_t end)
{
	struct layout_cell cell;
	unsigned columns = 0;
	for (; at < end; at += cell.used) {
		cell_at(in, at, &cell);
		columns += cell.width;
	}
	return columns;
}

/* A character that is wider than a whole row; *column as in measure(). */
static int
split(struct input *in, size_t at, size_t end, unsigned *column)
{
	struct layout_cell cell;
	for (; at < end; at += cell.used) {
		cell_at(in, at, &cell);
		if (cell.width > room_of(in) - *column) {
			*column = 0;
			if (add_start(in, at))
				return -1;
		}
		*column += cell.width;
	}
	return 0;
}

/* Finds where rows begin. Without memory those at the end are missing. */
static void
measure(struct input *in)
{
	const char *s = buf_cstr(&in->text);
	unsigned room = room_of(in), column = 0;
	int err = 0;
	in->start_count = 0;
	if (add_start(in, 0))
		return;
	for (size_t at = 0, next; !err && at < in->text.len; at = next) {
		next = border_next(s, in->text.len, at);
		unsigned columns = s[at] == '\n' ? 0 : columns_of(in, at, next);
		if (s[at] == '\n') {
			column = 0;
			err = add_start(in, at + 1);
		} else if (columns > room)
			err = split(in, at, next, &column);
		else if (columns > room - column) {
			column = columns;
			err = add_start(in, at);
		} else
			column += columns;
	}
}

static size_t
row_of(const struct input *in, size_t at)
{
	size_t low = 0, high = in->start_count;
	while (high - low > 1) {
		size_t middle = low + (high - low) / 2;
		if (in->starts[middle] <= at)
			low = middle;
		else
			high = middle;
	}
	return low;
}

/* Where the text of a row ends: before the line break, or where the next one begins. */
static size_t
row_end(const struct input *in, size_t row)
{
	if (row + 1 >= in->start_count)
		return in->text.len;
	size_t next = in->starts[row + 1];
	return buf_cstr(&in->text)[next - 1] == '\n' ? next - 1 : next;
}

/* The place in a row that is nearest to a column from the left. A row in which none is, as one
 * character fills several: the one before or behind it. */
static size_t
place_at(const struct input *in, size_t row, size_t column, bool behind)
{
	const char *s = buf_cstr(&in->text);
	size_t begin = in->starts[row], end = row_end(in, row), reached = 0;
	bool soft = row + 1 < in->start_count && in->starts[row + 1] == end;
	size_t border = border_snap(s, in->text.len, begin);
	while (border < end) {
		size_t next = border_next(s, in->text.len, border);
		reached += columns_of(in, border, next);
		if (reached > column)
			break;
		border = next;
	}
	/* where the row goes on below, its end is the beginning of that row */
	if (border > end || (soft && border >= end))
		border = border_prev(s, in->text.len, end);
	return behind && border < begin ? border_snap(s, in->text.len, begin) : border;
}

bool
input_vertical(struct input *in, bool up, size_t *to)
{
	measure(in);
	if (in->start_count == 0)
		return false;
	size_t row = row_of(in, in->cursor);
	if (up ? row == 0 : row + 1 >= in->start_count)
		return false;
	if (in->goal == SIZE_MAX)
		in->goal = columns_of(in, in->starts[row], in->cursor);
	*to = place_at(in, up ? row - 1 : row + 1, in->goal, !up);
	return true;
}

/* ---- drawing ---- */

/* Appends what is seen of a row; returns its columns. */
static unsigned
add_row(struct input *in, size_t row)
{
	struct layout_cell cell;
	unsigned columns = 0;
	for (size_t at = in->starts[row], end = row_end(in, row); at < end; at += cell.used) {
		cell_at(in, at, &cell);
		buf_add(&in->bytes, cell.text, cell.len);
		columns += cell.width;
	}
	return columns;
}

static int
make_room(struct input *in, size_t rows)
{
	if (rows <= in->row_capacity)
		return 0;
	struct layout_row *more = realloc(in->rows, rows * sizeof(*more));
	if (more)
		in->rows = more;
	struct layout_span *spans = realloc(in->spans, 2 * rows * sizeof(*spans));
	if (spans)
		in->spans = spans;
	if (!more || !spans)
		return -1;
	in->row_capacity = rows;
	return 0;
}

static void
scroll_to_cursor(struct input *in, size_t most)
{
	size_t row = row_of(in, in->cursor);
	size_t count = in->start_count < most ? in->start_count : most;
	if (in->top > row)
		in->top = row;
	if (in->top + count <= row)
		in->top = row - count + 1;
	if (in->top + count > in->start_count)
		in->top = in->start_count - count;
	in->seen = count;
}

/* Bytes first, pointers when they do not move any more. */
static void
fill_rows(struct input *in, size_t prompt_len, unsigned style)
{
	for (size_t i = 0; i < in->seen; i++) {
		struct layout_span *spans = &in->spans[2 * i];
		size_t before = in->bytes.len;
		bool prompt = in->top + i == 0 && prompt_len > 0;
		unsigned columns = add_row(in, in->top + i);
		spans[0] = (struct layout_span){.len = prompt ? (unsigned)prompt_len : 0,
		    .columns = prompt ? in->indent : 0,
		    .style = style};
		spans[1] = (struct layout_span){.len = (unsigned)(in->bytes.len - before),
		    .column = in->indent,
		    .columns = columns};
		in->rows[i] = (struct layout_row){spans, 2, in->indent + columns};
	}
	const char *text = buf_cstr(&in->bytes);
	const char *at = text + prompt_len;
	for (size_t i = 0; i < in->seen; i++) {
		in->spans[2 * i].text = text;
		in->spans[2 * i + 1].text = at;
		at += in->spans[2 * i + 1].len;
	}
}

size_t
input_layout(struct input *in, const char *prompt, unsigned style, unsigned width, size_t most)
{
	buf_finish(&in->bytes);
	buf_init(&in->bytes, (size_t)4 * INPUT_MAX);
	in->width = width;
	in->indent =
	    width < NARROW ? 0 : layout_clip(&in->bytes, prompt, strlen(prompt), width / 2);
	size_t prompt_len = in->bytes.len;
	measure(in);
	in->seen = 0;
	if (in->start_count == 0 || most == 0)
		return 0;
	scroll_to_cursor(in, most);
	if (make_room(in, in->seen))
		in->seen = 0;
	fill_rows(in, prompt_len, style);
	if (buf_err(&in->bytes))
		in->seen = 0;
	return in->seen;
}

const struct layout_row *
input_row(const struct input *in, size_t y)
{
	return y < in->seen ? &in->rows[y] : NULL;
}

void
input_place(const struct input *in, size_t *y, unsigned *column)
{
	*y = 0;
	*column = in->indent;
	if (in->seen == 0)
		return;
	size_t row = row_of(in, in->cursor);
	*y = row > in->top ? row - in->top : 0;
	*column = in->indent + columns_of(in, in->starts[row], in->cursor);
	if (*column >= in->width && in->width > 0)
		*column = in->width - 1;
}

void
input_point(struct input *in, size_t y, unsigned column)
{
	if (y >= in->seen)
		return;
	size_t in_row = column > in->indent ? column - in->indent : 0;
	in->cursor = place_at(in, in->top + y, in_row, false);
	in->last_change = CHANGE_NONE;
	in->goal = SIZE_MAX;
	input_end_completion(in);
}
