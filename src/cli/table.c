#include "base/text.h"
#include "base/tr.h"
#include "cli/screen.h"

#include <string.h>

enum { GAP = 2, ENTRY_MAX = 64 }; /* columns between two; widest a cell may ask for */

static const char ellipsis[] = "\xe2\x80\xa6";

struct layout {
	size_t width[TABLE_COLUMNS];
	bool shown[TABLE_COLUMNS];
};

static size_t
total(const struct layout *l, size_t count, const size_t *width)
{
	size_t sum = 0;
	for (size_t i = 0; i < count; i++)
		if (l->shown[i])
			sum += width[i] + (sum > 0 ? GAP : 0);
	return sum;
}

static void
measure(struct layout *l, const struct column *columns, size_t count, const struct cell *cells,
    size_t rows)
{
	for (size_t i = 0; i < count; i++) {
		l->shown[i] = false;
		const char *title = tr(columns[i].title);
		l->width[i] = text_width(title, strlen(title));
		for (size_t r = 0; r < rows; r++) {
			const char *text = cells[r * count + i].text;
			size_t w = text_width(text, strlen(text));
			if (*text)
				l->shown[i] = true; /* a column without a word in it is left out */
			if (w > l->width[i])
				l->width[i] = w;
		}
		if (l->width[i] > ENTRY_MAX)
			l->width[i] = ENTRY_MAX;
	}
}

/* Takes columns away from the widest of those that matter least, down to their minimum. False
 * if there is nothing left to take. */
static bool
narrow(struct layout *l, const struct column *columns, size_t count, const size_t *min)
{
	size_t pick = count;
	for (size_t i = 0; i < count; i++) {
		if (!l->shown[i] || l->width[i] <= min[i])
			continue;
		if (pick == count || columns[i].rank > columns[pick].rank ||
		    (columns[i].rank == columns[pick].rank && l->width[i] > l->width[pick]))
			pick = i;
	}
	if (pick == count)
		return false;
	l->width[pick]--;
	return true;
}

/* Drops the least needed columns until the rest can be narrow enough, then narrows those. */
static void
squeeze(struct layout *l, const struct column *columns, size_t count, size_t room)
{
	size_t min[TABLE_COLUMNS] = {0};
	for (size_t i = 0; i < count; i++)
		min[i] = l->width[i] < columns[i].min ? l->width[i] : columns[i].min;
	while (total(l, count, min) > room) {
		size_t worst = count;
		for (size_t i = 0; i < count; i++)
			if (l->shown[i] && columns[i].rank > 0 &&
			    (worst == count || columns[i].rank > columns[worst].rank))
				worst = i;
		if (worst == count)
			break;
		l->shown[worst] = false;
	}
	for (bool more = true; more && total(l, count, l->width) > room;)
		more = narrow(l, columns, count, min);
}

static void
put_cell(const struct screen *s, struct buf *out, const struct cell *cell, size_t width, bool pad)
{
	struct buf part = BUF_INIT(SCREEN_MAX);
	size_t len = strlen(cell->text);
	size_t used = text_width(cell->text, len);
	if (used > width) {
		size_t n = text_fit(cell->text, len, width > 0 ? width - 1 : 0);
		used = text_width(cell->text, n) + (width > 0 ? 1 : 0);
		buf_add(&part, cell->text, n);
		buf_str(&part, width > 0 ? ellipsis : "");
	} else {
		buf_add(&part, cell->text, len);
	}
	screen_style(s, out, cell->style, buf_cstr(&part));
	if (pad)
		buf_fmt(out, "%*s", (int)(width - used + GAP), "");
	buf_finish(&part);
}

static void
put_row(const struct screen *s, struct buf *out, const struct layout *l, const struct cell *cells,
    size_t count)
{
	size_t last = 0;
	for (size_t i = 0; i < count; i++)
		if (l->shown[i] && *cells[i].text)
			last = i;
	for (size_t i = 0; i <= last; i++)
		if (l->shown[i])
			put_cell(s, out, &cells[i], l->width[i], i < last);
	buf_char(out, '\n');
}

static void
put_plain(struct buf *out, size_t count, const struct cell *cells, size_t rows)
{
	for (size_t r = 0; r < rows; r++)
		for (size_t i = 0; i < count; i++) {
			buf_str(out, cells[r * count + i].text);
			buf_char(out, i + 1 < count ? '\t' : '\n');
		}
}

void
table_print(const struct screen *s, struct buf *out, const struct column *columns,
    size_t column_count, const struct cell *cells, size_t row_count)
{
	if (!s->tty) {
		put_plain(out, column_count, cells, row_count);
		return;
	}
	struct layout l = {0};
	struct cell titles[TABLE_COLUMNS];
	measure(&l, columns, column_count, cells, row_count);
	squeeze(&l, columns, column_count, s->columns > 1 ? s->columns - 1 : 1);
	for (size_t i = 0; i < column_count; i++)
		titles[i] = (struct cell){tr(columns[i].title), STYLE_DIM};
	put_row(s, out, &l, titles, column_count);
	for (size_t r = 0; r < row_count; r++)
		put_row(s, out, &l, cells + r * column_count, column_count);
}

bool
screen_english(const struct screen *s)
{
	bool was = tr_english(true);
	if (s->tty)
		(void)tr_english(was);
	return was;
}
