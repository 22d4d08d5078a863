/* What keys and the mouse do. */
#include "tui/ui.h"

#include "base/clock.h"
#include "base/str.h"
#include "base/tr.h"
#include "tui/overlay.h"

#include <stdlib.h>
#include <string.h>

enum { WHEEL_ROWS = 3, SIGNALLED = 128, NOTICE_MS = 5000, ABOUT_COLUMNS = 60 };

/* ---- what is typed and what for ---- */

void
keys_mode(struct ui *ui, enum ui_mode mode, const struct front_message *m)
{
	bool had = ui->mode == UI_EDIT || ui->mode == UI_SEARCH;
	free(ui->about);
	free(ui->about_text);
	ui->about = m ? strdup(m->id) : NULL;
	struct buf b = BUF_INIT(UI_SENTENCE);
	if (m)
		layout_clip(&b, m->text, strlen(m->text), ABOUT_COLUMNS);
	ui->about_text = buf_take(&b);
	buf_finish(&b);
	ui->mode = m && (!ui->about || !ui->about_text) ? UI_SAY : mode;
	if (ui->mode == UI_EDIT)
		input_set(ui->input, m->text);
	else if (had) /* what stood there belonged to it */
		input_set(ui->input, "");
	ui_touch(ui);
}

void
keys_draft(struct ui *ui, struct front_person *from, struct front_person *to)
{
	struct talk *was = from ? from->user : NULL, *is = to ? to->user : NULL;
	if (was) {
		free(was->draft);
		was->draft = input_len(ui->input) > 0 ? strdup(input_text(ui->input)) : NULL;
	}
	if (was || (is && is->draft))
		input_set(ui->input, is && is->draft ? is->draft : "");
}

static void
say(struct ui *ui, const char *text)
{
	const struct front_message *m = ui->about ? talk_by_id(ui->who, ui->about) : NULL;
	struct talk *t = ui->who->user;
	if (ui->mode == UI_EDIT && m)
		front_edit(ui->front, ui->who, m, text);
	else if (ui->mode == UI_EDIT)
		ui_notice(ui, TUI_BAD, "%s", tr("That message is not there any more."));
	else
		front_say(ui->front, ui->who, text, m);
	keys_mode(ui, UI_SAY, NULL);
	view_end(t->view);
}

static void
done(struct ui *ui)
{
	bool blank = input_text(ui->input)[strspn(input_text(ui->input), " \n\t")] == '\0';
	ui_notice_clear(ui);
	if (blank ||
	    (ui->mode == UI_SAY && input_text(ui->input)[0] != '/' && !command_need_who(ui)))
		return;
	char *text = input_take(ui->input);
	if (!text) {
		ui_notice(ui, TUI_BAD, "%s", tr("Out of memory."));
		return;
	}
	if (ui->mode == UI_SEARCH) {
		keys_mode(ui, UI_SAY, NULL);
		search_start(ui, text);
	} else if (ui->mode == UI_SAY && text[0] == '/' && text[1] != '/') {
		command_line(ui, text + 1);
	} else if (command_need_who(ui)) {
		say(ui, text + (text[0] == '/' && text[1] == '/'));
	}
	talk_select_none(ui); /* only now: a command may be about the chosen one */
	if (ui->who)
		front_typing(ui->front, ui->who, false);
	free(text);
}

/* A command is no word to anybody. */
static void
tell_typing(struct ui *ui)
{
	const char *text = input_text(ui->input);
	bool words = *text && (*text != '/' || text[1] == '/' || strncmp(text, "/me ", 4) == 0);
	if (ui->who && ui->mode != UI_SEARCH)
		front_typing(ui->front, ui->who, words);
}

static bool
type(struct ui *ui, const struct tui_event *e)
{
	enum input_result r = input_event(ui->input, e);
	if (r == INPUT_IGNORED)
		return false;
	if (ui->notice.len > 0 && clock_now() - ui->notice_at > NOTICE_MS)
		ui_notice_clear(ui);
	if (r == INPUT_REFUSED)
		ui_notice(ui, TUI_WARN, "%s", input_refusal(ui->input));
	if (r == INPUT_DONE)
		done(ui);
	if (r == INPUT_CHANGED)
		tell_typing(ui);
	ui_touch(ui);
	return true;
}

/* ---- a message that is chosen ---- */

static void
act_on_file(struct ui *ui, const struct front_message *m, const char *method)
{
	const struct front_file *f = m->file ? front_file_of(ui->front, ui->who, m) : NULL;
	if (f)
		command_file_do(ui, method, f);
}

static void
edit(struct ui *ui, const struct front_message *m)
{
	if (!m->ours || m->retracted || m->file || !*m->id)
		ui_notice(ui, TUI_WARN, "%s", tr("Only messages of yours can be corrected."));
	else
		keys_mode(ui, UI_EDIT, m);
}

static void
take_back(struct ui *ui, const struct front_message *m)
{
	if (!m->ours || m->retracted || !*m->id)
		ui_notice(ui, TUI_WARN, "%s", tr("Only messages of yours can be taken back."));
	else if (m->mark == FRONT_QUEUED)
		front_cancel(ui->front, ui->who, m);
	else
		front_retract(ui->front, ui->who, m);
}

/* Returns whether the letter means something for it. */
static bool
act(struct ui *ui, const struct front_message *m, uint32_t letter)
{
	switch (letter) {
	case 'r':
		if (*m->id)
			keys_mode(ui, UI_REPLY, m);
		break;
	case 't':
		input_set(ui->input, "/react ");
		return true; /* it stays chosen: that is what the command is about */
	case 'e':
		edit(ui, m);
		break;
	case 'd':
		take_back(ui, m);
		break;
	case 'a':
		act_on_file(ui, m, "accept");
		break;
	case 'x':
		act_on_file(ui, m, "decline");
		break;
	case 'p':
		act_on_file(ui, m, "pause");
		break;
	case 'g':
		act_on_file(ui, m, "resume");
		break;
	default:
		return false;
	}
	talk_select_none(ui);
	return true;
}

/* While a message is chosen and nothing is typed letters are about it. */
static bool
select_key(struct ui *ui, const struct tui_event *e)
{
	const struct front_message *m = talk_chosen(ui);
	if (!m || input_len(ui->input) > 0)
		return false;
	if (e->key == TUI_KEY_UP && !e->modifiers)
		talk_select(ui, -1);
	else if (e->key == TUI_KEY_DOWN && !e->modifiers)
		talk_select(ui, 1);
	else if (e->key == TUI_KEY_ENTER && !e->modifiers)
		return act(ui, m, m->file ? 'a' : 'r');
	else if (e->key == TUI_KEY_DELETE && !e->modifiers)
		return act(ui, m, 'd');
	else
		return e->key == TUI_KEY_CHAR && !e->modifiers && act(ui, m, e->c);
	return true;
}

/* ---- the rest ---- */

static void
escape(struct ui *ui)
{
	if (ui->notice.len > 0)
		ui_notice_clear(ui);
	else if (ui->run)
		outside_end(ui);
	else if (talk_chosen(ui))
		talk_select_none(ui);
	else if (ui->mode != UI_SAY)
		keys_mode(ui, UI_SAY, NULL);
	else if (ui->list_shown)
		ui->list_shown = false;
	else if (ui->who)
		view_end(((struct talk *)ui->who->user)->view);
	ui_touch(ui);
}

static void
page(struct ui *ui, int by)
{
	struct talk *t = ui->who ? ui->who->user : NULL;
	if (!t)
		return;
	view_page(t->view, by);
	talk_more(ui);
	ui_touch(ui);
}

static bool
alt_key(struct ui *ui, const struct tui_event *e)
{
	size_t count = 0;
	struct front_person *const *people = front_people(ui->front, &count);
	if (e->key == TUI_KEY_UP)
		people_step(ui, -1);
	else if (e->key == TUI_KEY_DOWN)
		people_step(ui, 1);
	else if (e->key == TUI_KEY_CHAR && e->c >= '1' && e->c <= '9') {
		if (e->c - '1' < count)
			people_choose(ui, people[e->c - '1']);
	} else if (e->key == TUI_KEY_CHAR && e->c == 'a')
		people_next_unread(ui);
	else if (e->key == TUI_KEY_CHAR && e->c == 'l')
		ui->list_shown = !ui->list_shown;
	else if (e->key == TUI_KEY_CHAR && e->c == 'k')
		talk_select(ui, -1);
	else if (e->key == TUI_KEY_CHAR && e->c == 'j')
		talk_select(ui, 1);
	else
		return false;
	ui_touch(ui);
	return true;
}

static bool
ctrl_key(struct ui *ui, const struct tui_event *e)
{
	if (e->key != TUI_KEY_CHAR)
		return false;
	switch (e->c) {
	case 'n':
		people_step(ui, 1);
		return true;
	case 'p':
		people_step(ui, -1);
		return true;
	case 'f':
		search_ask(ui);
		return true;
	case 'l':
		tui_screen_redraw(ui->screen);
		ui_touch(ui);
		return true;
	case 'z':
		tui_screen_stop(ui->screen);
		ui_touch(ui);
		return true;
	case 'd':
		if (input_len(ui->input) > 0)
			return false;
		ui_quit(ui, 0);
		return true;
	case 'c':
		if (input_len(ui->input) > 0 || ui->mode != UI_SAY) {
			keys_mode(ui, UI_SAY, NULL);
			input_set(ui->input, "");
			tell_typing(ui);
			ui_touch(ui);
		} else {
			ui_quit(ui, 0);
		}
		return true;
	default:
		return false;
	}
}

static bool
plain_key(struct ui *ui, const struct tui_event *e)
{
	bool empty = input_len(ui->input) == 0;
	/* to whom one talks ? may be all that one has to say */
	bool asks = e->key == TUI_KEY_CHAR && e->c == '?' && empty && (!ui->who || talk_chosen(ui));
	if (asks || (e->key == TUI_KEY_F && e->c == 1))
		help_open(ui);
	else if (e->key == TUI_KEY_F && e->c == 2)
		ui->list_shown = !ui->list_shown;
	else if (e->key == TUI_KEY_TAB && empty)
		talk_select(ui, -1);
	else if (e->key == TUI_KEY_PAGE_UP)
		page(ui, -1);
	else if (e->key == TUI_KEY_PAGE_DOWN)
		page(ui, 1);
	else if (e->key == TUI_KEY_ESCAPE)
		escape(ui);
	else
		return false;
	ui_touch(ui);
	return true;
}

static bool
special(struct ui *ui, const struct tui_event *e)
{
	if (e->modifiers == TUI_ALT)
		return alt_key(ui, e);
	if (e->modifiers == TUI_CTRL)
		return ctrl_key(ui, e);
	if (e->modifiers == TUI_SHIFT && (e->key == TUI_KEY_UP || e->key == TUI_KEY_DOWN)) {
		talk_select(ui, e->key == TUI_KEY_UP ? -1 : 1);
		return true;
	}
	if (e->modifiers)
		return false;
	return select_key(ui, e) || plain_key(ui, e);
}

static void
on_key(struct ui *ui, const struct tui_event *e)
{
	if (special(ui, e) || type(ui, e))
		return;
	/* where the text knows no line above or below the conversation moves */
	if (e->key == TUI_KEY_UP)
		talk_scroll(ui, -1);
	else if (e->key == TUI_KEY_DOWN)
		talk_scroll(ui, 1);
}

static void
on_mouse(struct ui *ui, const struct tui_event *e)
{
	const struct ui_places *at = &ui->places;
	bool list = e->column < at->list_columns && e->row >= at->list_top &&
		    e->row < at->list_top + at->list_rows;
	if (e->button == TUI_WHEEL_UP || e->button == TUI_WHEEL_DOWN) {
		int by = e->button == TUI_WHEEL_UP ? -WHEEL_ROWS : WHEEL_ROWS;
		if (list)
			people_scroll(ui, by);
		else
			talk_scroll(ui, by);
	} else if (e->button == TUI_BUTTON_LEFT && list) {
		people_click(ui, e->row);
	} else if (e->button == TUI_BUTTON_LEFT && e->row >= at->input_top &&
		   e->row < at->input_top + at->input_rows && e->column >= at->input_column) {
		input_point(ui->input, (size_t)(e->row - at->input_top),
		    (unsigned)(e->column - at->input_column));
		ui_touch(ui);
	} else if (e->button == TUI_BUTTON_LEFT && e->row >= at->talk_top &&
		   e->row < at->talk_top + at->talk_rows) {
		talk_point(ui, e->row - at->talk_top);
	}
}

void
keys_event(struct ui *ui, const struct tui_event *e)
{
	if (e->kind == TUI_EVENT_END) {
		ui_quit(ui, e->signal ? SIGNALLED + e->signal : 0);
	} else if (e->kind == TUI_EVENT_SUSPEND) {
		tui_screen_stop(ui->screen);
		ui_touch(ui);
	} else if (e->kind == TUI_EVENT_RESIZE) {
		ui_touch(ui);
	} else if (ui->overlay) {
		overlay_event(ui->overlay, e);
	} else if (e->kind == TUI_EVENT_KEY) {
		on_key(ui, e);
	} else if (e->kind == TUI_EVENT_PASTE) {
		talk_select_none(ui);
		type(ui, e);
	} else if (e->kind == TUI_EVENT_MOUSE) {
		on_mouse(ui, e);
	}
}
