/* The whole screen: who is talked with above, people at the left, what was said, what is typed, and
 * how things stand below. What there is no room for is left out, the least important first. */
#include "tui/ui.h"

#include "base/clock.h"
#include "base/str.h"
#include "base/tr.h"
#include "front/marking.h"
#include "front/transfer_words.h"
#include "front/words.h"
#include "tui/overlay.h"

#include <stdlib.h>
#include <string.h>

enum {
	LIST_MIN = 22,
	LIST_MAX = 34,
	TITLE_FROM = 5,  /* rows from which there is a title ... */
	TRUST_FROM = 12, /* ... a row on trust ... */
	RULE_FROM = 7,   /* ... and a line above the input */
	INPUT_MOST = 8,  /* rows */
	NOTICE_MOST = 3, /* rows */
	SOME = 40,       /* columns from which there is room for what is not needed */
	NEVER = 24 * 3600 * 1000,
};

/* Text at the right end of a row; returns the columns that are left of it, a blank between. */
static int
put_right(struct ui *ui, int row, int column, int columns, unsigned style, const char *text)
{
	int width = (int)layout_width(text, strlen(text));
	if (width == 0 || width + 2 > columns)
		return columns;
	tui_screen_put(ui->screen, row, column + columns - width - 1, (unsigned)width, style, text);
	return columns - width - 2;
}

/* ---- the title ---- */

static void
draw_list_title(struct ui *ui, int columns)
{
	size_t count = 0;
	unsigned here = 0;
	struct front_person *const *people = front_people(ui->front, &count);
	struct buf b = BUF_INIT(UI_SENTENCE);
	for (size_t i = 0; i < count; i++)
		here += people[i]->presence != FRONT_GONE;
	buf_fmt(&b, tr_n("%u here", "%u here", here), here);
	int room = put_right(ui, 0, 0, columns, TUI_TITLE, buf_cstr(&b));
	if (room > 1)
		tui_screen_put(ui->screen, 0, 1, (unsigned)room - 1, TUI_TITLE, "Earshot");
	buf_finish(&b);
}

/* "Romeo   away: under the balcony           answered just now" */
static void
draw_person_title(struct ui *ui, int column, int columns, uint64_t *stale)
{
	const struct front_person *p = ui->who;
	struct buf evidence = BUF_INIT(UI_SENTENCE), status = BUF_INIT(UI_SENTENCE);
	people_evidence(&evidence, p, stale);
	int room = columns;
	if (columns >= SOME)
		room = put_right(ui, 0, column, columns, TUI_TITLE, buf_cstr(&evidence));
	int at = column + 1;
	int end = column + room;
	if (ui->places.talk_top < 2 && at < end) /* no row of its own for it */
		at += (int)tui_screen_put(
			  ui->screen, 0, at, (unsigned)(end - at), TUI_TITLE, marking(p->trust)) +
		      1;
	if (at < end)
		at += (int)tui_screen_put(
			  ui->screen, 0, at, (unsigned)(end - at), TUI_TITLE, p->display) +
		      3;
	words_status(&status, p->info);
	if (at < end)
		tui_screen_put(
		    ui->screen, 0, at, (unsigned)(end - at), TUI_TITLE, buf_cstr(&status));
	buf_finish(&evidence);
	buf_finish(&status);
}

static void
draw_trust(struct ui *ui, int column, int columns)
{
	const struct front_person *p = ui->who;
	const char *client = p->client ? p->client : "";
	struct buf b = BUF_INIT(UI_SENTENCE);
	marking_in_full(&b, p->info);
	int room = columns,
	    both = (int)(layout_width(buf_cstr(&b), b.len) + layout_width(client, strlen(client)));
	if (both + 4 <= columns) /* what is known of them is never cut for this */
		room = put_right(ui, 1, column, columns, TUI_DIM, client);
	if (room > 1)
		tui_screen_put(ui->screen, 1, column + 1, (unsigned)room - 1,
		    people_trust_style(p->trust), buf_cstr(&b));
	buf_finish(&b);
}

static void
draw_title(struct ui *ui, int columns, uint64_t *stale)
{
	int list = ui->places.list_columns;
	int column = list > 0 && list < columns ? list + 1 : 0;
	tui_screen_fill(ui->screen, 0, 0, (unsigned)columns, TUI_TITLE);
	if (list > 0)
		draw_list_title(ui, list);
	if (list == columns)
		return;
	if (!ui->who) {
		if (columns - column > 1)
			tui_screen_put(ui->screen, 0, column + 1, (unsigned)(columns - column - 1),
			    TUI_TITLE, list > 0 ? "" : "Earshot");
		return;
	}
	draw_person_title(ui, column, columns - column, stale);
	if (ui->places.talk_top >= 2)
		draw_trust(ui, column, columns - column);
}

/* ---- the line above the input ---- */

static void
add_rule_words(struct ui *ui, struct buf *b, unsigned *style)
{
	size_t count = 0, chosen = 0;
	const char *const *all = input_candidates(ui->input, &count, &chosen);
	const struct front_message *m = talk_chosen(ui);
	*style = TUI_DIM;
	for (size_t i = 0; all && i < count; i++)
		buf_fmt(b, i == chosen ? "%s[%s]" : "%s%s", i > 0 ? "  " : "", all[i]);
	if (all && count > 0)
		return;
	if (m && m->file)
		buf_str(b, tr("a accept  x decline  p pause  g go on  Esc back"));
	else if (m && m->ours)
		buf_str(b, tr("e edit  d take back  r reply  t react  Esc back"));
	else if (m)
		buf_str(b, tr("r reply  t react  Esc back"));
	else if (ui->mode == UI_REPLY)
		buf_fmt(b, tr("Reply to: %s"), ui->about_text);
	else if (ui->mode == UI_EDIT)
		buf_fmt(b, tr("Correct: %s"), ui->about_text);
	else if (ui->mode == UI_SEARCH)
		buf_str(b, tr("Search all that was said"));
	else if (ui->who && ui->who->typing)
		buf_fmt(b, tr("%s is typing"), ui->who->display);
}

static void
draw_rule(struct ui *ui, int row, int column, int columns)
{
	struct buf b = BUF_INIT(UI_SENTENCE), below = BUF_INIT(UI_SENTENCE);
	unsigned style;
	tui_screen_hline(ui->screen, row, column, (unsigned)columns, TUI_DIM);
	struct talk *t = ui->who ? ui->who->user : NULL;
	size_t more = t ? view_below(t->view) : 0;
	int room = columns - 2;
	if (more > 0) {
		buf_fmt(&below, " %s ", tui_screen_glyph(ui->screen, TUI_ARROW_DOWN));
		buf_fmt(
		    &below, tr_n("%lu more", "%lu more", (unsigned long)more), (unsigned long)more);
		buf_char(&below, ' ');
		room = put_right(ui, row, column, columns, TUI_UNREAD, buf_cstr(&below));
	}
	add_rule_words(ui, &b, &style);
	if (b.len > 0 && room > 4) {
		struct buf spaced = BUF_INIT(UI_SENTENCE);
		buf_char(&spaced, ' ');
		layout_clip(&spaced, buf_cstr(&b), b.len, (unsigned)room - 4);
		buf_char(&spaced, ' ');
		tui_screen_put(
		    ui->screen, row, column + 1, (unsigned)room, style, buf_cstr(&spaced));
		buf_finish(&spaced);
	}
	buf_finish(&b);
	buf_finish(&below);
}

/* ---- what has to be known: a notice, what is wrong about the person ---- */

static unsigned
add_banner(const struct ui *ui, struct buf *b)
{
	const struct front_person *p = ui->who;
	if (!p)
		return TUI_PLAIN;
	if (verify_banner(b, p->user))
		return TUI_WARN;
	if (p->blocked)
		buf_fmt(b,
		    tr("You have blocked %s: nothing is heard or sent. /trust unblock ends it."),
		    p->display);
	else if (p->looks_like)
		buf_fmt(b, tr("%s looks like \"%s\" but is not."), p->display, p->looks_like);
	return TUI_WARN;
}

/* Draws up to NOTICE_MOST rows that end above `bottom`; returns how many. */
static int
draw_sentence(struct ui *ui, int bottom, int column, int columns, unsigned style, const char *text)
{
	struct layout_text t;
	struct layout *l = NULL;
	int rows = 0;
	if (!*text || bottom < NOTICE_MOST || columns < 3)
		return 0;
	layout_text_init(&t);
	layout_text_add(&t, style, text);
	if (layout_create(&t, (unsigned)columns - 2, &l) == 0) {
		rows = l->count < NOTICE_MOST ? (int)l->count : NOTICE_MOST;
		for (int i = 0; i < rows; i++)
			tui_screen_put_row(ui->screen, bottom - rows + i, column + 1,
			    (unsigned)columns - 2, 0, &l->rows[i]);
	}
	free(l);
	layout_text_finish(&t);
	return rows;
}

static int
draw_sentences(struct ui *ui, int bottom, int column, int columns)
{
	struct buf b = BUF_INIT(UI_SENTENCE);
	unsigned style = add_banner(ui, &b);
	int rows =
	    draw_sentence(ui, bottom, column, columns, ui->notice_style, buf_cstr(&ui->notice));
	rows += draw_sentence(ui, bottom - rows, column, columns, style, buf_cstr(&b));
	buf_finish(&b);
	return rows;
}

/* ---- the last row ---- */

static void
add_files(struct ui *ui, struct buf *b)
{
	size_t count = 0;
	unsigned asks = front_file_asks(ui->front), moving = 0;
	struct front_file *const *files = front_files(ui->front, &count);
	const struct front_file *one = NULL;
	for (size_t i = 0; i < count; i++)
		if (str_equal(earshot_value_str(files[i]->info, "state"), "active")) {
			one = files[i];
			moving++;
		}
	if (asks > 0)
		buf_fmt(b, tr_n("%u file waits: /files", "%u files wait: /files", asks), asks);
	if (asks > 0 && moving > 0)
		buf_str(b, "  ");
	if (moving == 1) {
		words_str(b, one->info, "name");
		buf_char(b, ' ');
		transfer_state(b, one->info);
	} else if (moving > 1) {
		buf_fmt(b, tr_n("%u file moves", "%u files move", moving), moving);
	}
}

static void
add_own(struct ui *ui, struct buf *b)
{
	const struct earshot_value *own = front_own(ui->front);
	if (!own)
		return;
	words_display(b, own);
	buf_fmt(b, " %s ", tui_screen_glyph(ui->screen, TUI_DOT));
	words_status(b, own);
}

static unsigned
unread_elsewhere(struct ui *ui)
{
	unsigned all = front_unread(ui->front), here = ui->who ? ui->who->unread : 0;
	return all > here ? all - here : 0;
}

static int
put_part(struct ui *ui, int row, int at, int end, unsigned style, const char *text)
{
	if (!*text || at + 2 >= end)
		return at;
	return at + (int)tui_screen_put(ui->screen, row, at, (unsigned)(end - at), style, text) + 2;
}

static void
draw_status(struct ui *ui, int row, int columns)
{
	const char *trouble = front_link_sentence(ui->front);
	const char *problem = earshot_value_str(front_state(ui->front), "problem");
	unsigned unread = unread_elsewhere(ui);
	struct buf b = BUF_INIT(UI_SENTENCE);
	int end = put_right(ui, row, 0, columns, TUI_DIM, tr("F1 help"));
	int at = 1;
	if (trouble) {
		at = put_part(ui, row, at, end, TUI_BAD, trouble);
	} else if (!str_empty(problem)) {
		words_str(&b, front_state(ui->front), "problem");
		at = put_part(ui, row, at, end, TUI_WARN, buf_cstr(&b));
		buf_clear(&b);
	}
	if (unread > 0) {
		buf_fmt(&b, tr_n("%u unread: Alt+A", "%u unread: Alt+A", unread), unread);
		at = put_part(ui, row, at, end, TUI_UNREAD, buf_cstr(&b));
		buf_clear(&b);
	}
	add_files(ui, &b);
	at = put_part(ui, row, at, end, TUI_PLAIN, buf_cstr(&b));
	buf_clear(&b);
	add_own(ui, &b);
	put_part(ui, row, at, end, TUI_DIM, buf_cstr(&b));
	buf_finish(&b);
}

/* ---- all of it ---- */

static const char *
prompt(const struct ui *ui)
{
	switch (ui->mode) {
	case UI_REPLY:
		return tr("reply> ");
	case UI_EDIT:
		return tr("edit> ");
	case UI_SEARCH:
		return tr("search> ");
	case UI_SAY:
		break;
	}
	return "> ";
}

/* Returns the row above the input. */
static int
draw_input(struct ui *ui, int bottom, int column, int columns)
{
	int most = bottom / 3 < INPUT_MOST ? bottom / 3 : INPUT_MOST;
	size_t y = 0;
	unsigned x = 0;
	int rows = (int)input_layout(
	    ui->input, prompt(ui), TUI_PLAIN, (unsigned)columns, most > 0 ? (size_t)most : 1);
	int top = bottom - rows > 0 ? bottom - rows : 0;
	for (int i = 0; i < rows; i++)
		tui_screen_put_row(ui->screen, top + i, column, (unsigned)columns, 0,
		    input_row(ui->input, (size_t)i));
	input_place(ui->input, &y, &x);
	tui_screen_cursor(ui->screen, top + (int)y, column + (int)x);
	ui->places.input_column = column;
	ui->places.input_top = top;
	ui->places.input_rows = rows;
	return top;
}

/* Where the list is, if it is seen. */
static void
place_list(struct ui *ui, int columns)
{
	int list = columns * 3 / 10;
	list = list < LIST_MIN ? LIST_MIN : list > LIST_MAX ? LIST_MAX : list;
	if (columns < UI_NARROW)
		list = ui->list_shown || !ui->who ? columns : 0;
	ui->places.list_columns = list;
}

static void
draw_panes(struct ui *ui, int rows, int columns)
{
	uint64_t stale = NEVER;
	struct ui_places *at = &ui->places;
	place_list(ui, columns);
	int list = at->list_columns;
	bool both = list > 0 && list < columns;
	int column = both ? list + 1 : 0, width = columns - column;
	int title = rows >= TITLE_FROM ? 1 : 0;
	int bottom = rows >= 3 ? rows - 1 : rows;
	at->talk_top = title && ui->who && rows >= TRUST_FROM ? 2 : title;
	at->talk_column = column;
	int margin = width >= SOME;
	int above = draw_input(ui, bottom, column + margin, width - margin);
	int rule = rows >= RULE_FROM ? --above : -1;
	if (title)
		draw_title(ui, columns, &stale);
	above -= draw_sentences(ui, above, column, width);
	if (both)
		tui_screen_vline(ui->screen, title, list, (unsigned)(bottom - title), TUI_DIM);
	at->list_top = both ? at->talk_top : title;
	at->list_rows = (both ? bottom : above) - at->list_top;
	if (list > 0)
		people_draw(ui, at->list_top, at->list_rows, list);
	at->talk_rows = list == columns ? 0 : above - at->talk_top;
	talk_draw(ui, at->talk_top, at->talk_rows, column, width);
	if (rule >= 0) /* it says how much is below what was just drawn */
		draw_rule(ui, rule, column, width);
	if (bottom < rows)
		draw_status(ui, bottom, columns);
	if (stale < NEVER)
		ui->tick_at = clock_now() + stale;
}

static void
set_title(struct ui *ui)
{
	unsigned unread = front_unread(ui->front);
	struct buf b = BUF_INIT(UI_SENTENCE);
	if (unread > 0)
		buf_fmt(&b, "Earshot (%u)", unread);
	else
		buf_str(&b, "Earshot");
	tui_screen_set_title(ui->screen, buf_cstr(&b));
	buf_finish(&b);
}

void
ui_draw(struct ui *ui)
{
	unsigned rows = 0, columns = 0;
	tui_screen_size(ui->screen, &rows, &columns);
	if (rows == 0 || columns == 0)
		return;
	tui_screen_erase(ui->screen);
	if (ui->overlay)
		overlay_draw(ui->overlay);
	else
		draw_panes(ui, (int)rows, (int)columns);
	set_title(ui);
	tui_screen_flush(ui->screen);
}
