/* Keys and commands, on one page. */
#include "tui/ui.h"

#include "base/str.h"
#include "base/tr.h"
#include "tui/overlay.h"

#include <string.h>

struct entry {
	const char *key;
	const char *does;
};

static const struct entry keys[] = {
    {TR("Enter"), TR("send; Alt+Enter or Ctrl+J begins a new line")},
    {TR("Tab"), TR("complete names, commands and files")},
    {TR("Up Down"), TR("lines of the text, then what was typed before")},
    {TR("Page Up, Page Down"), TR("scroll; older messages are loaded")},
    {TR("Esc"), TR("close, leave, back to the newest message")},
    {TR("Alt+Up, Alt+Down"), TR("previous or next person (Ctrl+P, Ctrl+N)")},
    {TR("Alt+1 ... Alt+9"), TR("that person of the list")},
    {TR("Alt+A"), TR("next person with something unread")},
    {TR("Alt+L, F2"), TR("the list of people, where there is no room for both")},
    {TR("Ctrl+F"), TR("search all that was said")},
    {TR("Ctrl+L"), TR("draw the screen anew")},
    {TR("Ctrl+C, Ctrl+D"), TR("leave, if nothing is typed")},
    {NULL, NULL},
    {TR("Tab, Shift+Up, Alt+K"), TR("choose a message, if nothing is typed; then:")},
    {TR("Up, Down"), TR("another one (Alt+K, Alt+J)")},
    {"r", TR("reply")},
    {"t", TR("react")},
    {"e, d", TR("edit, take back (yours)")},
    {"a, x, p, g", TR("accept, decline, pause, go on with a file")},
};

static void
add_entry(struct overlay *o, const char *key, const char *does)
{
	struct buf b = BUF_INIT(UI_SENTENCE);
	buf_fmt(&b, "%s\t%s\n", key, does);
	overlay_add(o, TUI_PLAIN, buf_cstr(&b));
	buf_finish(&b);
}

static void
add_line(struct overlay *o, unsigned style, const char *text)
{
	struct buf b = BUF_INIT(UI_SENTENCE);
	buf_fmt(&b, "%s\n", text);
	overlay_add(o, style, buf_cstr(&b));
	buf_finish(&b);
}

static bool
is_native(const char *name)
{
	for (const struct command *c = command_native; c->name; c++)
		if (strcmp(c->name, name) == 0)
			return true;
	return false;
}

static void
add_native(struct overlay *o)
{
	struct buf b = BUF_INIT(UI_SENTENCE);
	for (const struct command *c = command_native; c->name; c++) {
		buf_clear(&b);
		buf_fmt(&b, "/%s %s", c->name, c->args);
		add_entry(o, buf_cstr(&b), tr(c->help));
	}
	buf_finish(&b);
}

static void
add_outside(struct overlay *o)
{
	struct buf b = BUF_INIT(UI_SENTENCE);
	for (const struct tui_command *c = o->ui->o.commands; c->name; c++) {
		if (!c->parent && is_native(c->name))
			continue;
		buf_clear(&b);
		buf_fmt(&b, "/%s%s%s %s", c->parent ? c->parent : "", c->parent ? " " : "", c->name,
		    c->args);
		add_entry(o, buf_cstr(&b), tr(c->help));
	}
	buf_finish(&b);
}

void
help_open(struct ui *ui)
{
	struct overlay *o =
	    overlay_open(ui, &overlay_text, tr("Help"), tr("Up and Down scroll   Esc back"), NULL);
	if (!o)
		return;
	add_line(o, TUI_NAME, tr("Keys"));
	for (size_t i = 0; i < ARRAY_LEN(keys); i++) {
		if (keys[i].key)
			add_entry(o, tr(keys[i].key), tr(keys[i].does));
		else
			add_line(o, TUI_PLAIN, "");
	}
	add_line(o, TUI_PLAIN, "");
	add_line(o, TUI_NAME, tr("Before your messages"));
	const struct {
		enum tui_glyph glyph;
		const char *means;
	} marks[] = {
	    {TUI_QUEUED, TR("waits")},
	    {TUI_HANDED_OVER, TR("handed over to a program that confirms nothing")},
	    {TUI_DELIVERED, TR("arrived")},
	    {TUI_READ, TR("read")},
	    {TUI_CANCELLED, TR("cancelled")},
	    {TUI_FAILED, TR("not delivered")},
	};
	for (size_t i = 0; i < ARRAY_LEN(marks); i++)
		add_entry(o, tui_screen_glyph(ui->screen, marks[i].glyph), tr(marks[i].means));
	add_line(o, TUI_PLAIN, "");
	add_line(o, TUI_NAME, tr("Commands"));
	add_native(o);
	add_line(o, TUI_PLAIN, "");
	add_line(o, TUI_NAME, tr("Commands of earshot, without that word"));
	add_outside(o);
	add_line(o, TUI_PLAIN, "");
	add_line(o, TUI_DIM, tr("A message that begins with / is typed with //."));
}
