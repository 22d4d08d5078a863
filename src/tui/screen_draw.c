/* Drawing. */
#include "base/utf8.h"
#include "tui/ascii.h"
#include "tui/screen-parts.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum {
	FIRST_PICTURE = 0x2300,
};

static const struct {
	const char *utf8, *ascii;
} glyphs[TUI_GLYPHS] = {
    [TUI_HLINE] = {"\xe2\x94\x80", "-"},
    [TUI_VLINE] = {"\xe2\x94\x82", "|"},
    [TUI_ELLIPSIS] = {"\xe2\x80\xa6", "~"},
    [TUI_QUEUED] = {"\xe2\x80\xa6", "."},
    [TUI_HANDED_OVER] = {"\xc2\xb7", "-"},
    [TUI_DELIVERED] = {"\xe2\x9c\x93", "+"},
    [TUI_READ] = {"\xe2\x9c\x93\xe2\x9c\x93", "++"},
    [TUI_FAILED] = {"!", "!"},
    [TUI_CANCELLED] = {"\xc3\x97", "x"},
    [TUI_BULLET] = {"\xe2\x97\x8f", "*"},
    [TUI_RING] = {"\xe2\x97\x8b", "o"},
    [TUI_ARROW_UP] = {"\xe2\x86\x91", "^"},
    [TUI_ARROW_DOWN] = {"\xe2\x86\x93", "v"},
    [TUI_ARROW] = {"\xe2\x86\x92", ">"},
    [TUI_DOT] = {"\xc2\xb7", "-"},
    [TUI_BAR_FULL] = {"\xe2\x96\x88", "#"},
    [TUI_BAR_EMPTY] = {"\xe2\x96\x91", "."},
};

const char *
tui_screen_glyph(const struct tui_screen *s, enum tui_glyph g)
{
	return s->ascii ? glyphs[g].ascii : glyphs[g].utf8;
}

static attr_t
attributes_of(const struct tui_screen *s, unsigned style)
{
	unsigned plain = style & (TUI_SELECTED - 1u);
	attr_t attributes = plain < TUI_STYLES ? s->styles[plain] : A_NORMAL;
	/* what is shown the other way round already would not stand out */
	return style & TUI_SELECTED ? (attributes & ~(attr_t)A_DIM) ^ A_REVERSE : attributes;
}

/* ---- lines that may not be as wide as we think ---- */

int
screen_make_lines(struct tui_screen *s)
{
	struct tui_line *lines = calloc(s->rows > 0 ? s->rows : 1, sizeof(*lines));
	if (!lines)
		return -ENOMEM;
	free(s->lines);
	s->lines = lines;
	return 0;
}

static uint64_t
mix(uint64_t sum, const void *data, size_t len)
{
	const unsigned char *bytes = data;
	for (size_t i = 0; i < len; i++) /* FNV-1a */
		/* NOLINTNEXTLINE(clang-analyzer-core.UndefinedBinaryOperatorResult): all is set */
		sum = (sum ^ bytes[i]) * 0x100000001b3u;
	return sum;
}

/* Terminals agree on letters, and on few of the pictures. */
static bool
is_fragile(const struct layout_cell *cell)
{
	uint32_t c = 0;
	(void)utf8_decode(cell->text, cell->len, &c);
	return cell->width == 2 || (c >= FIRST_PICTURE && wcwidth((wchar_t)c) > 0);
}

static void
note(struct tui_screen *s, int row, int column, unsigned style)
{
	struct tui_line *line = &s->lines[row];
	int where[2] = {column, (int)style};
	line->now = mix(line->now, where, sizeof(where));
	line->now = mix(line->now, buf_cstr(&s->drawn), s->drawn.len);
}

/* ---- text ---- */

static bool
clip_place(const struct tui_screen *s, int row, int column, unsigned *columns)
{
	if (row < 0 || column < 0 || (unsigned)row >= s->rows || (unsigned)column >= s->columns)
		return false;
	unsigned room = s->columns - (unsigned)column;
	*columns = *columns < room ? *columns : room;
	return *columns > 0;
}

static void
show(struct tui_screen *s, int row, int column, unsigned style)
{
	note(s, row, column, style);
	attrset((int)attributes_of(s, style));
	/* ERR at the last cell of the screen only says that the cursor stays there */
	(void)mvaddnstr(row, column, buf_cstr(&s->drawn), (int)s->drawn.len);
	attrset((int)A_NORMAL);
}

/* Adds the cells that fit; returns the bytes used. *columns: what they take. */
static size_t
add_cells(struct tui_screen *s, const char *text, size_t len, int row, unsigned *columns)
{
	size_t used = 0;
	unsigned most = *columns;
	char ascii[2];
	*columns = 0;
	while (used < len) {
		struct layout_cell cell = {.used = 1, .width = 1, .len = 1, .text = " "};
		if (text[used] != '\n' && text[used] != '\t')
			layout_cell(text + used, len - used, &cell);
		if (*columns + cell.width > most)
			break;
		if (s->ascii)
			buf_add(&s->drawn, ascii, ascii_cell(&cell, ascii));
		else
			buf_add(&s->drawn, cell.text, cell.len);
		if (!s->ascii && (unsigned char)cell.text[0] >= 0x80 && is_fragile(&cell))
			s->lines[row].fragile = true;
		used += cell.used;
		*columns += cell.width;
	}
	return used;
}

unsigned
tui_screen_put(
    struct tui_screen *s, int row, int column, unsigned columns, unsigned style, const char *text)
{
	size_t len = strlen(text);
	if (!clip_place(s, row, column, &columns))
		return 0;
	unsigned taken = columns;
	buf_clear(&s->drawn);
	if (add_cells(s, text, len, row, &taken) < len) {
		taken = columns - 1;
		buf_clear(&s->drawn);
		(void)add_cells(s, text, len, row, &taken);
		buf_str(&s->drawn, tui_screen_glyph(s, TUI_ELLIPSIS));
		taken++;
	}
	show(s, row, column, style);
	return taken;
}

void
tui_screen_put_row(struct tui_screen *s, int row, int column, unsigned columns, unsigned style,
    const struct layout_row *r)
{
	if (!clip_place(s, row, column, &columns))
		return;
	unsigned reached = 0;
	for (size_t i = 0; i < r->count; i++) {
		const struct layout_span *span = &r->spans[i];
		if (span->column >= columns)
			break;
		if (style && span->column > reached)
			tui_screen_fill(
			    s, row, column + (int)reached, span->column - reached, style);
		unsigned room = columns - span->column;
		buf_clear(&s->drawn);
		(void)add_cells(s, span->text, span->len, row, &room);
		show(s, row, column + (int)span->column, span->style | style);
		reached = span->column + room;
	}
	if (style && reached < columns)
		tui_screen_fill(s, row, column + (int)reached, columns - reached, style);
}

void
tui_screen_fill(struct tui_screen *s, int row, int column, unsigned columns, unsigned style)
{
	if (!clip_place(s, row, column, &columns))
		return;
	buf_clear(&s->drawn);
	for (unsigned i = 0; i < columns; i++)
		buf_char(&s->drawn, ' ');
	show(s, row, column, style);
}

void
tui_screen_hline(struct tui_screen *s, int row, int column, unsigned columns, unsigned style)
{
	if (!clip_place(s, row, column, &columns))
		return;
	buf_clear(&s->drawn);
	for (unsigned i = 0; i < columns; i++)
		buf_str(&s->drawn, tui_screen_glyph(s, TUI_HLINE));
	show(s, row, column, style);
}

void
tui_screen_vline(struct tui_screen *s, int row, int column, unsigned rows, unsigned style)
{
	for (unsigned i = 0; i < rows; i++)
		(void)tui_screen_put(
		    s, row + (int)i, column, 1, style, tui_screen_glyph(s, TUI_VLINE));
}

/* ---- the whole ---- */

void
tui_screen_erase(struct tui_screen *s)
{
	erase();
	for (unsigned i = 0; i < s->rows; i++) {
		s->lines[i].now = 0xcbf29ce484222325u;
		s->lines[i].fragile = false;
	}
}

void
tui_screen_cursor(struct tui_screen *s, int row, int column)
{
	bool seen = row >= 0 && column >= 0 && (unsigned)row < s->rows;
	int last = (int)s->columns - 1;
	s->cursor_row = seen ? row : -1;
	s->cursor_column = column < last ? column : last;
}

/* A line with pictures is sent whole when anything in it is another: what a terminal takes for
 * wider or narrower than we do has moved what stands behind it. */
static void
repair(struct tui_screen *s)
{
	for (unsigned i = 0; i < s->rows; i++) {
		struct tui_line *line = &s->lines[i];
		if ((line->fragile || line->was_fragile) && line->now != line->before)
			wredrawln(stdscr, (int)i, 1);
		line->before = line->now;
		line->was_fragile = line->fragile;
	}
}

void
tui_screen_flush(struct tui_screen *s)
{
	if (s->left)
		return;
	repair(s);
	/* a terminal that cannot hide it has it in the corner */
	(void)curs_set(s->cursor_row >= 0);
	if (s->cursor_row >= 0)
		move(s->cursor_row, s->cursor_column);
	refresh();
}

void
tui_screen_redraw(struct tui_screen *s)
{
	(void)s;
	clearok(curscr, TRUE);
}

void
tui_screen_bell(struct tui_screen *s)
{
	if (!s->left)
		(void)beep();
}
