#include "tui/layout.h"

#include "base/utf8.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <utf8proc.h>
#include <wchar.h>

enum {
	REPLACEMENT = 0xfffd,
	RING = 0x25cc, /* what Unicode puts under a mark that has no letter */
	FIRST_SELECTOR = 0xfe00,
	LAST_SELECTOR = 0xfe0f,
	OUT_MAX = 4 * LAYOUT_TEXT_MAX, /* a bad byte becomes three */
	INDENT_MAX = 0xffff,
};

static const char ellipsis[] = "\xe2\x80\xa6";

struct layout_piece {
	size_t end; /* in bytes; where the next one begins */
	unsigned style;
	unsigned indent; /* of the rows that go on */
	bool begins_row; /* hard: at the very left */
};

/* ---- what is to be laid out ---- */

void
layout_text_init(struct layout_text *t)
{
	*t = (struct layout_text){.bytes = BUF_INIT(LAYOUT_TEXT_MAX)};
}

void
layout_text_finish(struct layout_text *t)
{
	buf_finish(&t->bytes);
	free(t->pieces);
	layout_text_init(t);
}

void
layout_text_clear(struct layout_text *t)
{
	buf_clear(&t->bytes);
	t->count = 0;
	t->indent = 0;
	t->err = 0;
}

static struct layout_piece *
new_piece(struct layout_text *t)
{
	if (t->err)
		return NULL;
	if (t->count == t->capacity) {
		size_t capacity = t->capacity ? 2 * t->capacity : 8;
		struct layout_piece *grown = realloc(t->pieces, capacity * sizeof(*grown));
		if (!grown) {
			t->err = -ENOMEM;
			return NULL;
		}
		t->pieces = grown;
		t->capacity = capacity;
	}
	struct layout_piece *piece = &t->pieces[t->count++];
	*piece = (struct layout_piece){.indent = t->indent};
	return piece;
}

static void
end_piece(struct layout_text *t, struct layout_piece *piece)
{
	piece->end = t->bytes.len;
	if (!t->err)
		t->err = buf_err(&t->bytes);
}

void
layout_text_add_bytes(struct layout_text *t, unsigned style, const char *text, size_t len)
{
	struct layout_piece *piece = new_piece(t);
	if (!piece)
		return;
	piece->style = style;
	buf_add(&t->bytes, text, len);
	end_piece(t, piece);
}

void
layout_text_add(struct layout_text *t, unsigned style, const char *text)
{
	layout_text_add_bytes(t, style, text, strlen(text));
}

void
layout_text_fmt(struct layout_text *t, unsigned style, const char *fmt, ...)
{
	struct layout_piece *piece = new_piece(t);
	if (!piece)
		return;
	piece->style = style;
	va_list ap;
	va_start(ap, fmt);
	buf_vfmt(&t->bytes, fmt, ap);
	va_end(ap);
	end_piece(t, piece);
}

void
layout_text_break(struct layout_text *t)
{
	struct layout_piece *piece = new_piece(t);
	if (!piece)
		return;
	piece->begins_row = true;
	end_piece(t, piece);
}

void
layout_text_indent(struct layout_text *t, unsigned columns)
{
	t->indent = columns;
}

/* ---- cells ---- */

/* ncurses and terminals agree on nothing that joins or selects glyphs, and what turns the
 * direction of writing deceives. */
static bool
is_left_out(uint32_t c)
{
	if (c < 0x80)
		return c < ' ' || c == 0x7f;
	utf8proc_category_t category = utf8proc_category((utf8proc_int32_t)c);
	return category == UTF8PROC_CATEGORY_CF || category == UTF8PROC_CATEGORY_CC ||
	       (c >= FIRST_SELECTOR && c <= LAST_SELECTOR);
}

static void
put(struct layout_cell *cell, uint32_t c)
{
	cell->len += (unsigned)utf8_encode(c, cell->text + cell->len);
}

/* Takes what stands upon the character before; what is too much of it is not shown. */
static void
take_marks(const char *text, size_t len, struct layout_cell *cell)
{
	unsigned marks = 0;
	while (cell->used < len && (unsigned char)text[cell->used] >= 0x80) {
		uint32_t c = 0;
		size_t n = utf8_decode(text + cell->used, len - cell->used, &c);
		bool out = n > 0 && is_left_out(c);
		if (n == 0 || (!out && wcwidth((wchar_t)c) != 0))
			return;
		if (!out && marks++ < LAYOUT_MARKS_MAX)
			put(cell, c);
		cell->used += n;
	}
}

/* Nearly all text: a letter of ASCII upon which nothing stands. */
static bool
is_simple(const char *text, size_t len)
{
	return *text >= ' ' && *text < 0x7f && (len == 1 || (unsigned char)text[1] < 0x80);
}

void
layout_cell(const char *text, size_t len, struct layout_cell *out)
{
	uint32_t c = 0;
	if (is_simple(text, len)) {
		out->used = 1;
		out->width = 1;
		out->len = 1;
		out->text[0] = *text;
		return;
	}
	size_t n = utf8_decode(text, len, &c);
	out->len = 0;
	out->width = 0;
	out->used = n > 0 ? n : 1;
	if (n == 0)
		c = REPLACEMENT;
	else if (is_left_out(c))
		return;
	int width = wcwidth((wchar_t)c);
	if (width == 0) {
		put(out, RING);
		out->used = 0; /* it is the first of the marks */
	} else
		put(out, width < 0 ? REPLACEMENT : c);
	out->width = width == 2 ? 2 : 1;
	take_marks(text, len, out);
}

/* The same within a line: what breaks lines elsewhere is a blank. */
static void
line_cell(const char *text, size_t len, struct layout_cell *out)
{
	if (*text != '\n' && *text != '\t') {
		layout_cell(text, len, out);
		return;
	}
	out->used = 1;
	out->width = 1;
	out->len = 1;
	out->text[0] = ' ';
}

unsigned
layout_width(const char *text, size_t len)
{
	struct layout_cell cell;
	unsigned columns = 0;
	for (; len > 0; text += cell.used, len -= cell.used) {
		line_cell(text, len, &cell);
		columns += cell.width;
	}
	return columns;
}

unsigned
layout_clip(struct buf *out, const char *text, size_t len, unsigned columns)
{
	struct layout_cell cell;
	unsigned used = 0, kept = 0;
	size_t whole = out->len; /* up to here there is room for the ellipsis, too */
	for (; len > 0; text += cell.used, len -= cell.used) {
		line_cell(text, len, &cell);
		if (used + cell.width > columns)
			break;
		buf_add(out, cell.text, cell.len);
		used += cell.width;
		if (used < columns) {
			whole = out->len;
			kept = used;
		}
	}
	if (len == 0 || columns == 0 || buf_err(out))
		return used;
	out->len = whole;
	buf_str(out, ellipsis);
	return kept + 1;
}

/* ---- rows ---- */

enum what { SHOWN, BLANK, BEGINS_INDENTED, BEGINS_ROW };

struct flat {
	uint32_t offset; /* in the bytes that come out */
	uint16_t indent;
	uint8_t len;
	uint8_t width;
	uint8_t style;
	uint8_t what;
};

struct made_span {
	struct layout_span span; /* without text */
	size_t offset;           /* of it */
};

/* A layout while it is made. */
struct making {
	unsigned width;
	struct buf bytes;
	struct flat *cells; /* owned */
	size_t count, capacity;
	struct layout_row *rows; /* owned; without spans */
	size_t row_count, row_capacity;
	struct made_span *spans; /* owned */
	size_t span_count, span_capacity;
};

/* Room for one more; NULL when out of memory: the array is as it was. */
static void *
grow(void *array, size_t *capacity, size_t count, size_t size)
{
	if (count < *capacity)
		return array;
	size_t more = *capacity ? 2 * *capacity : 16;
	void *grown = realloc(array, more * size);
	if (grown)
		*capacity = more;
	return grown;
}

static int
add_cell(struct making *m, const struct layout_cell *cell, const struct layout_piece *piece,
    enum what what)
{
	struct flat *cells = grow(m->cells, &m->capacity, m->count, sizeof(*cells));
	if (!cells)
		return -ENOMEM;
	m->cells = cells;
	cells[m->count++] = (struct flat){
	    .offset = (uint32_t)m->bytes.len,
	    .indent = (uint16_t)(piece->indent < INDENT_MAX ? piece->indent : INDENT_MAX),
	    .len = (uint8_t)cell->len,
	    .width = (uint8_t)cell->width,
	    .style = (uint8_t)piece->style,
	    .what = (uint8_t)what,
	};
	buf_add(&m->bytes, cell->text, cell->len);
	return 0;
}

static int
flatten_piece(struct making *m, const struct layout_piece *piece, const char *text, size_t len)
{
	struct layout_cell cell = {0};
	int err = piece->begins_row ? add_cell(m, &cell, piece, BEGINS_ROW) : 0;
	for (; !err && len > 0; text += cell.used, len -= cell.used) {
		if (*text == '\n') {
			cell = (struct layout_cell){.used = 1};
			err = add_cell(m, &cell, piece, BEGINS_INDENTED);
			continue;
		}
		line_cell(text, len, &cell);
		if (cell.width > m->width) {
			cell.width = 1;
			cell.len = 0;
			put(&cell, REPLACEMENT);
		}
		if (cell.width > 0)
			err = add_cell(
			    m, &cell, piece, *cell.text == ' ' && cell.len == 1 ? BLANK : SHOWN);
	}
	return err;
}

static int
flatten(struct making *m, const struct layout_text *t)
{
	size_t begin = 0;
	for (size_t i = 0; i < t->count; i++) {
		const struct layout_piece *piece = &t->pieces[i];
		int err = flatten_piece(m, piece, buf_cstr(&t->bytes) + begin, piece->end - begin);
		if (err)
			return err;
		begin = piece->end;
	}
	return buf_err(&m->bytes);
}

static unsigned
indent_of(const struct making *m, size_t cell)
{
	unsigned indent = cell < m->count ? m->cells[cell].indent : 0;
	unsigned most = m->width > 2 ? m->width / 2 : 0; /* a wide character always fits */
	return indent < most ? indent : most;
}

static bool
may_break_before(const struct making *m, size_t at)
{
	const struct flat *cell = &m->cells[at];
	return cell[-1].what == BLANK || cell[-1].width == 2 || cell->width == 2;
}

/* A word that no row can hold is not worth a row of its own. */
static bool
fits_a_row(const struct making *m, size_t word)
{
	unsigned room = m->width - indent_of(m, word);
	unsigned columns = 0;
	for (size_t i = word; columns <= room; i++) {
		if (i == m->count || m->cells[i].what != SHOWN ||
		    (i > word && may_break_before(m, i)))
			return true;
		columns += m->cells[i].width;
	}
	return false;
}

/* Where the row that begins with this cell ends. *next: where the one after it begins. */
static size_t
row_end(const struct making *m, size_t begin, unsigned room, size_t *next)
{
	unsigned columns = 0;
	size_t end = begin;
	for (; end < m->count && m->cells[end].what <= BLANK; end++) {
		if (columns + m->cells[end].width > room)
			break;
		columns += m->cells[end].width;
	}
	*next = end;
	if (end == m->count || m->cells[end].what > BLANK)
		return end;
	if (m->cells[end].what != BLANK) {
		while (end > begin && !may_break_before(m, end))
			end--;
		if (end == begin || !fits_a_row(m, end))
			end = *next; /* the word has to be broken anyhow */
	}
	*next = end;
	while (*next < m->count && m->cells[*next].what == BLANK)
		++*next;
	while (end > begin && m->cells[end - 1].what == BLANK)
		end--;
	return end;
}

static struct made_span *
new_span(struct making *m)
{
	struct made_span *spans = grow(m->spans, &m->span_capacity, m->span_count, sizeof(*spans));
	if (!spans)
		return NULL;
	m->spans = spans;
	return &spans[m->span_count++];
}

static int
add_row(struct making *m, size_t begin, size_t end, unsigned column)
{
	struct layout_row *rows = grow(m->rows, &m->row_capacity, m->row_count, sizeof(*rows));
	if (!rows)
		return -ENOMEM;
	m->rows = rows;
	struct layout_row *row = &rows[m->row_count++];
	struct made_span *last = NULL;
	*row = (struct layout_row){0};
	for (size_t i = begin; i < end; i++) {
		const struct flat *cell = &m->cells[i];
		if (!last || last->span.style != cell->style) {
			last = new_span(m);
			if (!last)
				return -ENOMEM;
			*last = (struct made_span){
			    {.column = column, .style = cell->style}, cell->offset};
			row->count++;
		}
		last->span.len += cell->len;
		last->span.columns += cell->width;
		column += cell->width;
	}
	row->columns = column;
	return 0;
}

static int
break_rows(struct making *m)
{
	unsigned column = 0;
	size_t at = 0, next;
	for (bool last = false; !last; at = next) {
		size_t end = row_end(m, at, m->width - column, &next);
		last = next == m->count;
		bool hard = !last && m->cells[next].what > BLANK;
		if (end == at && !last && !hard)
			continue; /* blanks at the beginning alone make no row */
		int err = add_row(m, at, end, column);
		if (err)
			return err;
		column = indent_of(m, next);
		if (hard && m->cells[next++].what == BEGINS_ROW)
			column = 0;
	}
	return 0;
}

/* ---- the whole ---- */

static struct layout *
pack(const struct making *m)
{
	size_t rows = m->row_count * sizeof(struct layout_row);
	size_t spans = m->span_count * sizeof(struct layout_span);
	struct layout *l = malloc(sizeof(*l) + rows + spans + m->bytes.len);
	if (!l)
		return NULL;
	struct layout_row *row = (struct layout_row *)(void *)(l + 1);
	struct layout_span *span = (struct layout_span *)(void *)(row + m->row_count);
	char *text = (char *)(span + m->span_count);
	*l = (struct layout){m->width, m->row_count, row};
	memcpy(text, buf_cstr(&m->bytes), m->bytes.len);
	for (size_t i = 0; i < m->span_count; i++) {
		span[i] = m->spans[i].span;
		span[i].text = text + m->spans[i].offset;
	}
	for (size_t i = 0; i < m->row_count; i++) {
		row[i] = m->rows[i];
		row[i].spans = span;
		span += row[i].count;
	}
	return l;
}

int
layout_create(const struct layout_text *t, unsigned width, struct layout **out)
{
	struct making m = {.width = width, .bytes = BUF_INIT(OUT_MAX)};
	int err = t->err ? t->err : flatten(&m, t);
	if (!err)
		err = break_rows(&m);
	*out = err ? NULL : pack(&m);
	if (!err && !*out)
		err = -ENOMEM;
	buf_finish(&m.bytes);
	free(m.cells);
	free(m.rows);
	free(m.spans);
	return err;
}
