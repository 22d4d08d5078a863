/* Everybody and all files, to choose from. */
#include "tui/ui.h"

#include "base/str.h"
#include "base/tr.h"
#include "front/marking.h"
#include "front/transfer_words.h"
#include "front/words.h"
#include "tui/overlay.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* The lists change under our hands: the data of either overlay is what tells the chosen one from
 * all others, so that a key means the one that was marked and not whoever took its place. */

static void
finish(struct overlay *o)
{
	free(o->data);
}

static void
remember(struct overlay *o, const char *name)
{
	free(o->data);
	o->data = name ? strdup(name) : NULL;
}

/* ---- people ---- */

static struct front_person *
person(const struct overlay *o, size_t i)
{
	size_t count = 0;
	struct front_person *const *people = front_people(o->ui->front, &count);
	return i < count ? people[i] : NULL;
}

static void
compose_person(struct overlay *o, size_t i, unsigned columns, struct layout_text *out)
{
	const struct front_person *p = person(o, i);
	struct buf b = BUF_INIT(UI_SENTENCE);
	uint64_t stale = UINT64_MAX;
	(void)columns;
	if (!p)
		return;
	layout_text_indent(out, 4);
	layout_text_fmt(out, TUI_DIM, "%3lu ", (unsigned long)i + 1);
	layout_text_add(out, people_trust_style(p->trust), marking(p->trust));
	layout_text_fmt(out, TUI_NAME, " %s", p->display);
	people_evidence(&b, p, &stale);
	layout_text_fmt(out, TUI_PLAIN, "  %s", buf_cstr(&b));
	buf_clear(&b);
	words_status(&b, p->info);
	if (b.len > 0)
		layout_text_fmt(out, TUI_PLAIN, "  %s", buf_cstr(&b));
	layout_text_fmt(out, TUI_DIM, "  %s  %s", p->client ? p->client : "", p->shown);
	buf_finish(&b);
}

static bool
on_person_key(struct overlay *o, const struct tui_event *e)
{
	struct ui *ui = o->ui;
	if (e->key != TUI_KEY_ENTER)
		return false;
	struct front_person *p = person(o, o->chosen);
	overlay_close(ui);
	if (p)
		people_choose(ui, p);
	return true;
}

static void
on_person_chosen(struct overlay *o)
{
	const struct front_person *p = person(o, o->chosen);
	remember(o, p ? p->name : NULL);
}

static const struct overlay_kind people_kind = {
    compose_person, on_person_key, finish, true, on_person_chosen};

static size_t
find_person(const struct overlay *o, size_t count)
{
	size_t i = 0;
	while (i < count && !str_equal(person(o, i)->name, o->data))
		i++;
	return i;
}

void
who_show(struct ui *ui)
{
	size_t count = 0;
	front_people(ui->front, &count);
	struct overlay *o =
	    overlay_open(ui, &people_kind, tr("People"), tr("Enter talk   Esc back"), NULL);
	if (!o)
		return;
	overlay_count(o, count);
	overlay_choose(o, 0);
}

/* ---- files ---- */

static struct front_file *
file(const struct overlay *o, size_t i)
{
	size_t count = 0;
	struct front_file *const *files = front_files(o->ui->front, &count);
	return i < count ? files[count - 1 - i] : NULL; /* the latest first */
}

static void
compose_file(struct overlay *o, size_t i, unsigned columns, struct layout_text *out)
{
	const struct front_file *f = file(o, i);
	struct buf what = BUF_INIT(UI_SENTENCE), who = BUF_INIT(UI_SENTENCE);
	(void)columns;
	if (!f)
		return;
	layout_text_indent(out, 6);
	layout_text_fmt(out, TUI_DIM, "%-5s ", f->id);
	transfer_what(&what, f->info);
	words_display(&who, f->info);
	const char *trust = earshot_value_str(f->info, "trust");
	layout_text_add(out, people_trust_style(trust), marking(trust));
	layout_text_fmt(out, TUI_NAME,
	    transfer_incoming(f->info) ? tr(" from %s: ") : tr(" to %s: "), buf_cstr(&who));
	layout_text_add(out, TUI_PLAIN, buf_cstr(&what));
	buf_clear(&what);
	transfer_state(&what, f->info);
	layout_text_fmt(out, talk_file_style(f->info), "  %s", buf_cstr(&what));
	buf_finish(&what);
	buf_finish(&who);
}

static const char *
method(uint32_t letter)
{
	switch (letter) {
	case 'a':
		return "accept";
	case 'x':
		return "decline";
	case 'p':
		return "pause";
	case 'g':
		return "resume";
	case 'c':
		return "files.cancel";
	default:
		return NULL;
	}
}

/* Where the conversation tells of it. */
static void
go(struct overlay *o, const struct front_file *f)
{
	struct ui *ui = o->ui;
	struct front_person *p = front_find(ui->front, f->peer);
	const struct front_message *m = p ? talk_by_id(p, f->transfer) : NULL;
	int64_t number = m ? m->number : 0;
	overlay_close(ui);
	if (p && number)
		talk_seek(ui, p, number);
	else if (p)
		people_choose(ui, p);
}

static bool
on_file_key(struct overlay *o, const struct tui_event *e)
{
	struct front_file *f = file(o, o->chosen);
	bool plain = e->key == TUI_KEY_CHAR && !e->modifiers;
	if (f && plain && method(e->c))
		command_file_do(o->ui, method(e->c), f);
	else if (f && e->key == TUI_KEY_ENTER)
		go(o, f);
	else
		return false;
	return true;
}

static void
on_file_chosen(struct overlay *o)
{
	const struct front_file *f = file(o, o->chosen);
	remember(o, f ? f->id : NULL);
}

static const struct overlay_kind files_kind = {
    compose_file, on_file_key, finish, true, on_file_chosen};

static size_t
find_file(const struct overlay *o, size_t count)
{
	size_t i = 0;
	while (i < count && !str_equal(file(o, i)->id, o->data))
		i++;
	return i;
}

void
files_show(struct ui *ui)
{
	size_t count = 0;
	front_files(ui->front, &count);
	if (count == 0) {
		ui_notice(ui, TUI_DIM, "%s", tr("There are no files."));
		return;
	}
	struct overlay *o = overlay_open(ui, &files_kind, tr("Files"),
	    tr("a accept  x decline  p pause  g go on  c cancel  Enter goes there  Esc back"),
	    NULL);
	if (!o)
		return;
	overlay_count(o, count);
	overlay_choose(o, 0);
}

void
lists_changed(struct ui *ui)
{
	struct overlay *o = ui->overlay;
	size_t count = 0, at = 0;
	if (o && o->kind == &people_kind) {
		front_people(ui->front, &count);
		at = find_person(o, count);
	} else if (o && o->kind == &files_kind) {
		front_files(ui->front, &count);
		at = find_file(o, count);
	} else {
		return;
	}
	overlay_count(o, count);
	overlay_choose(o, at < count ? at : o->chosen);
}
