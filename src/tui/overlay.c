#include "tui/overlay.h"

#include "base/tr.h"

#include <stdlib.h>
#include <string.h>

enum { TEXT_MAX = 8 << 20, LINES_FIRST = 256, HINT_ROWS = 1 };

/* "key\tmeaning": the meanings stand below each other, or, where there is no room, below the key.
 */
static void
compose_entry(const char *line, size_t len, size_t key, unsigned columns, struct layout_text *out)
{
	enum { COLUMN = 24, NARROW = 60, INDENT = 4 };
	unsigned width = layout_width(line, key);
	layout_text_add_bytes(out, TUI_KEY, line, key);
	if (columns < NARROW) {
		layout_text_break(out);
		layout_text_fmt(out, TUI_PLAIN, "%*s", INDENT, "");
	} else {
		layout_text_fmt(
		    out, TUI_PLAIN, "%*s", (int)(width + 1 < COLUMN ? COLUMN - width : 1), "");
	}
	layout_text_indent(out, columns < NARROW ? INDENT : COLUMN);
	layout_text_add_bytes(out, TUI_PLAIN, line + key + 1, len - key - 1);
}

static void
view_compose(void *ctx, size_t index, unsigned columns, struct layout_text *out)
{
	struct overlay *o = ctx;
	if (o->kind->compose) {
		o->kind->compose(o, index, columns, out);
		return;
	}
	const char *line = o->text.data + o->lines[index];
	size_t end = index + 1 < o->count ? o->lines[index + 1] : o->text.len;
	size_t len = end - o->lines[index];
	if (len > 0 && line[len - 1] == '\n')
		len--;
	const char *tab = memchr(line, '\t', len);
	if (tab)
		compose_entry(line, len, (size_t)(tab - line), columns, out);
	else
		layout_text_add_bytes(out, o->styles[index], line, len);
}

static unsigned
view_version(void *ctx, size_t index)
{
	struct overlay *o = ctx;
	(void)index;
	return o->version;
}

static const struct view_source source = {view_compose, view_version};

static void
destroy(struct overlay *o)
{
	if (!o)
		return;
	if (o->kind->finish)
		o->kind->finish(o);
	view_destroy(o->view);
	buf_finish(&o->text);
	free(o->lines);
	free(o->styles);
	free(o->title);
	free(o);
}

void
overlay_close(struct ui *ui)
{
	struct overlay *o = ui->overlay;
	ui->overlay = NULL; /* what is called from here may look */
	destroy(o);
	ui_touch(ui);
}

struct overlay *
overlay_open(struct ui *ui, const struct overlay_kind *kind, const char *title, const char *hints,
    void *data)
{
	struct overlay *o = calloc(1, sizeof(*o));
	if (o) {
		o->ui = ui;
		o->kind = kind;
		o->data = data;
		o->hints = hints;
		o->title = strdup(title);
		buf_init(&o->text, TEXT_MAX);
	}
	if (!o || !o->title || view_create(&source, o, &o->view) || view_reset(o->view, 0)) {
		destroy(o);
		ui_notice(ui, TUI_BAD, "%s", tr("Out of memory."));
		return NULL;
	}
	overlay_close(ui);
	ui_notice_clear(ui);
	ui->overlay = o;
	return o;
}

void
overlay_count(struct overlay *o, size_t count)
{
	o->version++;
	if (count < o->count)
		view_remove(o->view, count, o->count - count);
	else if (count > o->count && view_insert(o->view, o->count, count - o->count))
		count = o->count;
	if (o->count == 0)
		view_home(o->view);
	o->count = count;
	if (o->chosen >= count)
		o->chosen = count > 0 ? count - 1 : 0;
	ui_touch(o->ui);
}

/* ---- a text ---- */

const struct overlay_kind overlay_text = {0};

static bool
room(struct overlay *o)
{
	if (o->count < o->room)
		return true;
	size_t more = o->room ? o->room * 2 : (size_t)LINES_FIRST;
	size_t *lines = realloc(o->lines, more * sizeof(*lines));
	if (lines)
		o->lines = lines;
	unsigned char *styles = realloc(o->styles, more);
	if (styles)
		o->styles = styles;
	if (!lines || !styles)
		return false;
	o->room = more;
	return true;
}

void
overlay_add(struct overlay *o, unsigned style, const char *text)
{
	size_t had = o->count;
	while (*text && room(o)) {
		size_t len = strcspn(text, "\n");
		size_t at = o->text.len;
		buf_add(&o->text, text, len);
		buf_char(&o->text, '\n');
		if (buf_err(&o->text))
			break;
		o->lines[o->count] = at;
		o->styles[o->count] = (unsigned char)style;
		o->count++;
		text += len + (text[len] == '\n');
	}
	size_t now = o->count;
	o->count = had;
	overlay_count(o, now);
}

void
overlay_clear(struct overlay *o)
{
	overlay_count(o, 0);
	buf_clear(&o->text);
}

/* ---- on the screen ---- */

void
overlay_draw(struct overlay *o)
{
	struct tui_screen *s = o->ui->screen;
	unsigned rows = 0, columns = 0;
	tui_screen_size(s, &rows, &columns);
	unsigned top = rows >= 3, bottom = rows >= 4;
	unsigned height = rows - top - bottom;
	unsigned left = columns >= UI_NARROW ? 2 : 0, width = columns - 2 * left;
	if (top) {
		tui_screen_fill(s, 0, 0, columns, TUI_TITLE);
		tui_screen_put(s, 0, 1, columns > 1 ? columns - 1 : 1, TUI_TITLE, o->title);
	}
	view_resize(o->view, height, width);
	view_update(o->view);
	for (unsigned y = 0; y < height; y++) {
		size_t index = 0;
		const struct layout_row *row = view_row(o->view, y, &index, NULL);
		bool chosen = o->kind->chooses && index == o->chosen;
		if (row)
			tui_screen_put_row(
			    s, (int)(top + y), (int)left, width, chosen ? TUI_SELECTED : 0, row);
	}
	if (bottom) {
		tui_screen_put(
		    s, (int)rows - 1, 1, columns > 1 ? columns - 1 : 1, TUI_DIM, o->hints);
		const char *more =
		    view_below(o->view) > 0 ? tui_screen_glyph(s, TUI_ARROW_DOWN) : "";
		tui_screen_put(s, (int)rows - 1, (int)columns - 2, 1, TUI_DIM, more);
	}
	tui_screen_cursor(s, -1, 0);
	o->drawn = o->version;
}

void
overlay_choose(struct overlay *o, size_t at)
{
	o->chosen = at;
	if (o->count > 0)
		view_show(o->view, at);
	if (o->kind->chose)
		o->kind->chose(o);
}

static void
move(struct overlay *o, int rows)
{
	if (!o->kind->chooses) {
		view_scroll(o->view, rows);
		return;
	}
	size_t by = (size_t)(rows < 0 ? -rows : rows);
	if (rows < 0)
		overlay_choose(o, o->chosen > by ? o->chosen - by : 0);
	else if (o->count > 0)
		overlay_choose(o, o->chosen + by < o->count ? o->chosen + by : o->count - 1);
}

static void
on_mouse(struct overlay *o, const struct tui_event *e)
{
	enum { WHEEL_ROWS = 3 };
	size_t index = 0;
	if (e->button == TUI_WHEEL_UP || e->button == TUI_WHEEL_DOWN)
		move(o, (o->kind->chooses ? 1 : WHEEL_ROWS) * (e->button == TUI_WHEEL_UP ? -1 : 1));
	else if (e->button == TUI_BUTTON_LEFT && o->kind->chooses && e->row > 0 &&
		 view_row(o->view, (unsigned)e->row - 1, &index, NULL))
		overlay_choose(o, index);
}

static bool
is_plain(const struct tui_event *e, const char *letters)
{
	return e->key == TUI_KEY_CHAR && e->modifiers == 0 && e->c < 0x80 &&
	       strchr(letters, (char)e->c);
}

static bool
is_ctrl(const struct tui_event *e, const char *letters)
{
	return e->key == TUI_KEY_CHAR && e->modifiers == TUI_CTRL && strchr(letters, (char)e->c);
}

static void
on_key(struct overlay *o, const struct tui_event *e)
{
	enum { PAGE = 10 };
	if (e->key == TUI_KEY_ESCAPE || is_plain(e, "q") || is_ctrl(e, "cd"))
		overlay_close(o->ui);
	else if (e->key == TUI_KEY_UP || is_plain(e, "k") || is_ctrl(e, "p"))
		move(o, -1);
	else if (e->key == TUI_KEY_DOWN || is_plain(e, "j") || is_ctrl(e, "n"))
		move(o, 1);
	else if (o->kind->chooses && e->key == TUI_KEY_PAGE_UP)
		move(o, -PAGE);
	else if (o->kind->chooses && e->key == TUI_KEY_PAGE_DOWN)
		move(o, PAGE);
	else if (e->key == TUI_KEY_PAGE_UP)
		view_page(o->view, -1);
	else if (e->key == TUI_KEY_PAGE_DOWN || is_plain(e, " "))
		view_page(o->view, 1);
	else if (e->key == TUI_KEY_HOME)
		o->kind->chooses ? overlay_choose(o, 0) : view_home(o->view);
	else if (e->key == TUI_KEY_END)
		o->kind->chooses ? overlay_choose(o, o->count > 0 ? o->count - 1 : 0)
				 : view_end(o->view);
}

void
overlay_event(struct overlay *o, const struct tui_event *e)
{
	struct ui *ui = o->ui;
	ui_touch(ui);
	if (e->kind == TUI_EVENT_MOUSE) {
		on_mouse(o, e);
		return;
	}
	if (e->kind != TUI_EVENT_KEY || (o->kind->key && o->kind->key(o, e)))
		return;
	if (ui->overlay == o)
		on_key(o, e);
}
