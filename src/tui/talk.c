/* A conversation: what its messages look like and which of them are seen. */
#include "tui/ui.h"

#include "base/str.h"
#include "base/tr.h"
#include "doctor/doctor.h"
#include "front/marking.h"
#include "front/transfer_words.h"
#include "front/when.h"
#include "front/words.h"

#include <stdlib.h>
#include <string.h>

enum {
	BAR_WIDTH = 24,
	SLACK = 6, /* columns that a quotation leaves free */
	VERSION_SHIFT = 4,
};

/* What stands above a message, because of the one before it. */
enum above { ABOVE_DAY = 1, ABOVE_NEW = 2, ABOVE_SPEAKER = 4 };

/* ---- life ---- */

static void compose(void *ctx, size_t index, unsigned columns, struct layout_text *out);
static unsigned version(void *ctx, size_t index);

static const struct view_source source = {compose, version};

struct talk *
talk_of(struct ui *ui, struct front_person *p)
{
	struct talk *t = p->user;
	if (t)
		return t;
	t = calloc(1, sizeof(*t));
	if (!t || view_create(&source, t, &t->view)) {
		free(t);
		return NULL;
	}
	t->ui = ui;
	t->person = p;
	if (view_reset(t->view, p->count)) {
		talk_destroy(t);
		return NULL;
	}
	p->user = t;
	return t;
}

void
talk_destroy(struct talk *t)
{
	if (!t)
		return;
	view_destroy(t->view);
	earshot_value_free(t->comparison);
	free(t->draft);
	free(t);
}

static void
out_of_memory(struct talk *t)
{
	ui_notice(t->ui, TUI_BAD, "%s", tr("Out of memory."));
}

void
talk_added(struct talk *t, size_t at)
{
	if (view_insert(t->view, at, 1))
		out_of_memory(t);
}

void
talk_reloaded(struct talk *t, size_t added)
{
	int err = 0;
	if (added > 0) {
		err = view_insert(t->view, 0, added);
	} else {
		t->chosen = NULL;
		err = view_reset(t->view, t->person->count);
	}
	if (err)
		out_of_memory(t);
}

void
talk_trimmed(struct talk *t, size_t gone)
{
	for (size_t i = 0; i < gone; i++)
		if (t->person->messages[i] == t->chosen)
			t->chosen = NULL;
	view_remove(t->view, 0, gone);
}

/* ---- one message ---- */

static unsigned
above(const struct talk *t, size_t i)
{
	const struct front_message *m = t->person->messages[i];
	const struct front_message *before = i > 0 ? t->person->messages[i - 1] : NULL;
	unsigned found = 0;
	if (!before || when_day_number(before->time) != when_day_number(m->time))
		found |= ABOVE_DAY;
	if (t->new_from && m->number == t->new_from)
		found |= ABOVE_NEW;
	if (found || before->ours != m->ours || !str_equal(before->trust, m->trust))
		found |= ABOVE_SPEAKER;
	return found;
}

/* A row for each. */
static size_t
rows_above(const struct talk *t, size_t i)
{
	unsigned found = above(t, i);
	return (found & ABOVE_DAY ? 1u : 0) + (found & ABOVE_NEW ? 1u : 0) +
	       (found & ABOVE_SPEAKER ? 1u : 0);
}

/* Another number whenever something else is to be shown of it (FNV-1a). */
static unsigned
file_version(const struct earshot_value *file)
{
	static const char *const numbers[] = {"done", "size", "rate", "left", "files"};
	static const char *const words[] = {"state", "paused_by", "reason"};
	const unsigned prime = 0x01000193;
	unsigned v = 0x811c9dc5;
	for (size_t i = 0; i < ARRAY_LEN(numbers); i++)
		v = (v ^ (unsigned)earshot_value_int(file, numbers[i], -1)) * prime;
	for (size_t i = 0; i < ARRAY_LEN(words); i++)
		for (const char *c = earshot_value_str(file, words[i]); c && *c; c++)
			v = (v ^ (unsigned char)*c) * prime;
	return v;
}

static unsigned
version(void *ctx, size_t index)
{
	struct talk *t = ctx;
	const struct front_message *m = t->person->messages[index];
	unsigned v = m->version << VERSION_SHIFT | above(t, index);
	const struct front_file *f = m->file ? front_file_of(t->ui->front, t->person, m) : NULL;
	return f ? v ^ file_version(f->info) : v;
}

/* "──── text ────", as wide as the pane. */
static void
add_rule(const struct talk *t, unsigned columns, unsigned style, const char *text,
    struct layout_text *out)
{
	const char *line = tui_screen_glyph(t->ui->screen, TUI_HLINE);
	struct buf b = BUF_INIT(UI_SENTENCE);
	unsigned width = layout_width(text, strlen(text)) + 2;
	unsigned left = columns > width ? (columns - width) / 2 : 0;
	for (unsigned i = 0; i < left; i++)
		buf_str(&b, line);
	buf_fmt(&b, " %s ", text);
	for (unsigned i = left + width; i < columns; i++)
		buf_str(&b, line);
	layout_text_add(out, style, buf_cstr(&b));
	layout_text_break(out);
	buf_finish(&b);
}

static void
add_above(const struct talk *t, size_t i, unsigned columns, struct layout_text *out)
{
	const struct front_message *m = t->person->messages[i];
	unsigned found = above(t, i);
	if (found & ABOVE_DAY) {
		struct buf day = BUF_INIT(UI_SENTENCE);
		when_day(&day, m->time);
		add_rule(t, columns, TUI_DAY, buf_cstr(&day), out);
		buf_finish(&day);
	}
	if (found & ABOVE_NEW)
		add_rule(t, columns, TUI_UNREAD, tr("new"), out);
	if (found & ABOVE_SPEAKER) {
		layout_text_fmt(out, TUI_PLAIN, "%*s", UI_GUTTER, "");
		layout_text_add(out, people_trust_style(m->trust), marking(m->trust));
		layout_text_fmt(out, m->ours ? TUI_OWN : TUI_NAME, " %s",
		    m->ours ? tr("You") : t->person->display);
		layout_text_break(out);
	}
}

static enum tui_glyph
mark_glyph(enum front_mark mark)
{
	switch (mark) {
	case FRONT_HANDED_OVER:
		return TUI_HANDED_OVER;
	case FRONT_DELIVERED:
		return TUI_DELIVERED;
	case FRONT_READ:
		return TUI_READ;
	case FRONT_FAILED:
		return TUI_FAILED;
	case FRONT_CANCELLED:
		return TUI_CANCELLED;
	case FRONT_SENDING:
	case FRONT_QUEUED:
	case FRONT_UNREAD:
	case FRONT_SEEN:
		break;
	}
	return TUI_QUEUED;
}

static unsigned
mark_style(enum front_mark mark)
{
	if (mark == FRONT_FAILED)
		return TUI_BAD;
	return mark == FRONT_DELIVERED || mark == FRONT_READ ? TUI_GOOD : TUI_DIM;
}

/* "18:04 ✓✓ ", UI_GUTTER columns. */
static void
add_gutter(const struct talk *t, const struct front_message *m, struct layout_text *out)
{
	struct buf time = BUF_INIT(UI_SENTENCE);
	const char *mark = m->ours ? tui_screen_glyph(t->ui->screen, mark_glyph(m->mark)) : "";
	unsigned width = layout_width(mark, strlen(mark));
	words_clock(&time, m->time);
	layout_text_fmt(out, TUI_DIM, "%s ", buf_cstr(&time));
	layout_text_add(out, mark_style(m->mark), mark);
	layout_text_fmt(out, TUI_PLAIN, "%*s", (int)(width < 3 ? 3 - width : 0), "");
	buf_finish(&time);
}

static void
new_row(struct layout_text *out)
{
	layout_text_break(out);
	layout_text_fmt(out, TUI_PLAIN, "%*s", UI_GUTTER, "");
}

/* How the message that is answered begins, in one row of its own. */
static void
add_quotation(
    const struct talk *t, const struct front_message *m, unsigned columns, struct layout_text *out)
{
	struct buf b = BUF_INIT(UI_SENTENCE);
	unsigned room = columns > UI_GUTTER + SLACK + 2 ? columns - UI_GUTTER - SLACK : 2;
	layout_clip(&b, m->reply_text, strlen(m->reply_text), room);
	layout_text_fmt(out, TUI_PLAIN, "%*s", UI_GUTTER, "");
	layout_text_fmt(
	    out, TUI_DIM, "%s %s", tui_screen_glyph(t->ui->screen, TUI_VLINE), buf_cstr(&b));
	layout_text_break(out);
	buf_finish(&b);
}

static void
add_bar(const struct talk *t, const struct earshot_value *file, struct layout_text *out)
{
	int64_t done = earshot_value_int(file, "done", 0),
		size = earshot_value_int(file, "size", 0);
	int full = size > 0 ? (int)((double)done / (double)size * BAR_WIDTH) : 0;
	struct buf b = BUF_INIT(UI_SENTENCE);
	new_row(out);
	for (int i = 0; i < BAR_WIDTH; i++) {
		if (i == full || i == 0) {
			layout_text_add(out, TUI_GOOD, buf_cstr(&b));
			buf_clear(&b);
		}
		buf_str(
		    &b, tui_screen_glyph(t->ui->screen, i < full ? TUI_BAR_FULL : TUI_BAR_EMPTY));
	}
	layout_text_add(out, full < BAR_WIDTH ? TUI_DIM : TUI_GOOD, buf_cstr(&b));
	buf_finish(&b);
}

unsigned
talk_file_style(const struct earshot_value *file)
{
	if (transfer_done(file))
		return TUI_GOOD;
	if (transfer_over(file))
		return str_equal(earshot_value_str(file, "state"), "failed") ? TUI_BAD : TUI_DIM;
	return transfer_asks(file) ? TUI_WARN : TUI_PLAIN;
}

static void
add_file(const struct talk *t, const struct front_message *m, struct layout_text *out)
{
	const struct front_file *f = front_file_of(t->ui->front, t->person, m);
	if (!f) {
		layout_text_fmt(out, TUI_PLAIN, tr("File: %s"), m->text);
		return;
	}
	struct buf what = BUF_INIT(UI_SENTENCE), state = BUF_INIT(UI_SENTENCE);
	const char *now = earshot_value_str(f->info, "state");
	transfer_what(&what, f->info);
	transfer_state(&state, f->info);
	layout_text_fmt(out, TUI_PLAIN, tr("File: %s"), buf_cstr(&what));
	if (str_equal(now, "active") || str_equal(now, "paused") || str_equal(now, "verifying"))
		add_bar(t, f->info, out);
	new_row(out);
	layout_text_add(out, talk_file_style(f->info), buf_cstr(&state));
	if (transfer_asks(f->info)) {
		new_row(out);
		layout_text_fmt(out, TUI_KEY, tr("/accept %s or /decline %s"), f->id, f->id);
	}
	buf_finish(&what);
	buf_finish(&state);
}

static void
add_said(const struct talk *t, const struct front_message *m, struct layout_text *out)
{
	if (m->retracted) {
		layout_text_add(out, TUI_DIM, tr("(taken back)"));
		return;
	}
	if (m->file) {
		add_file(t, m, out);
		return;
	}
	unsigned style =
	    m->mark == FRONT_CANCELLED || m->mark == FRONT_FAILED ? TUI_DIM : TUI_PLAIN;
	if (m->action)
		layout_text_fmt(out, m->ours ? TUI_OWN : TUI_NAME, "* %s ",
		    m->ours ? tr("You") : t->person->display);
	layout_text_add(out, style, m->text);
	if (m->edited)
		layout_text_fmt(out, TUI_DIM, " %s", tr("(edited)"));
	if (m->mark == FRONT_CANCELLED)
		layout_text_fmt(out, TUI_DIM, " %s", tr("(cancelled)"));
}

static void
compose(void *ctx, size_t index, unsigned columns, struct layout_text *out)
{
	struct talk *t = ctx;
	const struct front_message *m = t->person->messages[index];
	add_above(t, index, columns, out);
	if (m->reply && !str_empty(m->reply_text))
		add_quotation(t, m, columns, out);
	layout_text_indent(out, UI_GUTTER);
	add_gutter(t, m, out);
	add_said(t, m, out);
	if (m->reactions) {
		new_row(out);
		layout_text_add(out, TUI_DIM, m->reactions);
	}
	if (m->mark == FRONT_FAILED) {
		new_row(out);
		layout_text_fmt(out, TUI_BAD, tr("Not delivered: %s"),
		    m->reason ? m->reason : tr("it was given up."));
	}
}

/* ---- what is seen ---- */

/* Shows the first one that was not read before, once it is loaded. */
static void
find_new(struct talk *t)
{
	size_t i = 0;
	if (!t->look_for_new || t->person->count == 0)
		return;
	t->look_for_new = false;
	while (i < t->person->count && t->person->messages[i]->mark != FRONT_UNREAD)
		i++;
	if (i == t->person->count)
		return;
	t->new_from = t->person->messages[i]->number;
	if (t->ui->seek != t->person)
		view_show(t->view, i);
}

/* In the middle of the room there is, as many rows of it as fit. */
static void
draw_centred(struct ui *ui, const struct layout_text *t, int top, int rows, int column, int columns)
{
	struct layout *l = NULL;
	if (columns <= 2 || layout_create(t, (unsigned)columns - 2, &l))
		return;
	int count = (int)l->count;
	for (int i = 0; i < count && count <= rows; i++) {
		int x = column + (columns - (int)l->rows[i].columns) / 2;
		tui_screen_put_row(ui->screen, top + (rows - count) / 2 + i, x,
		    (unsigned)(columns - (x - column)), 0, &l->rows[i]);
	}
	free(l);
}

/* What there is to see before anything was said. */
static void
draw_nothing(struct ui *ui, int top, int rows, int column, int columns)
{
	struct layout_text text;
	size_t people = 0;
	(void)front_people(ui->front, &people);
	if (ui->who) {
		tui_screen_put(ui->screen, top + rows - 1, column + 1, (unsigned)columns - 1,
		    TUI_DIM,
		    ui->who->loading ? tr("Loading ...") : tr("Nothing has been said yet."));
		return;
	}
	layout_text_init(&text);
	if (front_link_state(ui->front) == FRONT_UP && people == 0)
		layout_text_add(&text, TUI_DIM, doctor_hint(front_state(ui->front), people));
	else
		layout_text_add(
		    &text, TUI_DIM, tr("Choose somebody with Alt+Down or Alt and a number."));
	layout_text_break(&text);
	layout_text_add(&text, TUI_DIM, tr("F1 shows all keys and commands."));
	draw_centred(ui, &text, top, rows, column, columns);
	layout_text_finish(&text);
}

/* A column at the left stays free for the arrow that shows which message is chosen. */
void
talk_draw(struct ui *ui, int top, int rows, int column, int columns)
{
	struct talk *t = ui->who ? ui->who->user : NULL;
	if (rows <= 0 || columns <= 1)
		return;
	if (!t || ui->who->count == 0) {
		draw_nothing(ui, top, rows, column, columns);
		return;
	}
	view_resize(t->view, (unsigned)rows, (unsigned)columns - 1);
	find_new(t);
	view_update(t->view);
	for (int y = 0; y < rows; y++) {
		size_t index = 0, at = 0;
		const struct layout_row *row = view_row(t->view, (unsigned)y, &index, &at);
		if (!row)
			continue;
		bool chosen = t->chosen && t->person->messages[index] == t->chosen &&
			      at >= rows_above(t, index);
		tui_screen_put_row(ui->screen, top + y, column + 1, (unsigned)columns - 1,
		    chosen ? TUI_SELECTED : 0, row);
		if (chosen)
			tui_screen_put(ui->screen, top + y, column, 1, TUI_KEY,
			    tui_screen_glyph(ui->screen, TUI_ARROW));
	}
	if (view_at_end(t->view))
		front_seen(ui->front, ui->who);
}

void
talk_more(struct ui *ui)
{
	struct talk *t = ui->who ? ui->who->user : NULL;
	if (t && ui->who->count > 0 && !ui->who->whole && !ui->who->loading &&
	    view_at_home(t->view))
		front_older(ui->front, ui->who);
}

void
talk_scroll(struct ui *ui, int rows)
{
	struct talk *t = ui->who ? ui->who->user : NULL;
	if (!t)
		return;
	view_scroll(t->view, rows);
	talk_more(ui);
	ui_touch(ui);
}

/* ---- one of them is chosen ---- */

static size_t
index_of(const struct talk *t, const struct front_message *m)
{
	size_t i = t->person->count;
	while (i > 0 && t->person->messages[i - 1] != m)
		i--;
	return i > 0 ? i - 1 : t->person->count;
}

void
talk_select(struct ui *ui, int by)
{
	struct talk *t = ui->who ? ui->who->user : NULL;
	if (!t || ui->who->count == 0)
		return;
	size_t count = ui->who->count, at = t->chosen ? index_of(t, t->chosen) : count;
	if (at == count)
		at = count - 1;
	else if (by < 0)
		at = at > 0 ? at - 1 : 0;
	else
		at = at + 1 < count ? at + 1 : at;
	t->chosen = ui->who->messages[at];
	view_show(t->view, at);
	if (at == 0)
		talk_more(ui);
	ui_touch(ui);
}

void
talk_select_none(struct ui *ui)
{
	struct talk *t = ui->who ? ui->who->user : NULL;
	if (!t || !t->chosen)
		return;
	t->chosen = NULL;
	ui_touch(ui);
}

void
talk_point(struct ui *ui, int y)
{
	struct talk *t = ui->who ? ui->who->user : NULL;
	size_t index = 0;
	if (!t || !view_row(t->view, (unsigned)y, &index, NULL))
		return;
	t->chosen = ui->who->messages[index];
	ui_touch(ui);
}

const struct front_message *
talk_chosen(struct ui *ui)
{
	struct talk *t = ui->who ? ui->who->user : NULL;
	return t ? t->chosen : NULL;
}

const struct front_message *
talk_recent(struct ui *ui, bool ours, int64_t n)
{
	for (size_t i = ui->who ? ui->who->count : 0; i > 0; i--) {
		const struct front_message *m = ui->who->messages[i - 1];
		if (m->ours == ours && !m->retracted && --n == 0)
			return m;
	}
	return NULL;
}

const struct front_message *
talk_by_id(const struct front_person *p, const char *id)
{
	for (size_t i = p->count; i > 0; i--)
		if (str_equal(p->messages[i - 1]->id, id))
			return p->messages[i - 1];
	return NULL;
}

void
talk_seek(struct ui *ui, struct front_person *p, int64_t number)
{
	people_choose(ui, p);
	ui->seek = p;
	ui->seek_number = number;
	talk_seek_on(ui);
}

void
talk_seek_on(struct ui *ui)
{
	struct front_person *p = ui->seek;
	struct talk *t = p->user;
	size_t i = 0;
	while (i < p->count && p->messages[i]->number != ui->seek_number)
		i++;
	if (i < p->count && ui->who == p) {
		ui->seek = NULL;
		t->chosen = p->messages[i];
		view_show(t->view, i);
		ui_touch(ui);
	} else if (p->whole || ui->who != p ||
		   (p->count > 0 && p->messages[0]->number &&
		       p->messages[0]->number < ui->seek_number)) {
		ui->seek = NULL; /* it is not there any more */
	} else if (!p->loading) {
		front_older(ui->front, p);
	}
}
