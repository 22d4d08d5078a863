/* The list of people, and whoever is meant by a name. */
#include "base/clock.h"
#include "base/str.h"
#include "base/text.h"
#include "base/tr.h"
#include "front/marking.h"
#include "front/when.h"
#include "front/words.h"
#include "tui/ui.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	SECOND = 1000,
	MINUTE = 60 * SECOND,
	DAY = 24 * 60 * MINUTE,
	COUNT_WIDTH = 5,
	UNREAD_MAX = 999
};

unsigned
people_trust_style(const char *trust)
{
	static const struct {
		const char *trust;
		enum tui_style style;
	} all[] = {
	    {"new", TUI_TRUST_NEW},
	    {"known", TUI_TRUST_KNOWN},
	    {"introduced", TUI_TRUST_INTRODUCED},
	    {"verified", TUI_TRUST_VERIFIED},
	    {"changed", TUI_TRUST_CHANGED},
	};
	for (size_t i = 0; i < ARRAY_LEN(all); i++)
		if (str_equal(trust, all[i].trust))
			return all[i].style;
	return TUI_TRUST_PLAIN;
}

/* ---- evidence ---- */

/* "18:04", or with the day if it is longer ago. */
static void
add_point(struct buf *out, uint64_t age)
{
	int64_t at = clock_wall() - (int64_t)age;
	if (age < DAY)
		words_clock(out, at);
	else
		when_stamp(out, at);
}

static void
add_answered(struct buf *out, uint64_t age, uint64_t *stale)
{
	static const uint64_t steps[] = {5000, 10000, 20000, 30000, MINUTE};
	struct buf when = BUF_INIT(UI_SENTENCE);
	size_t i = 0;
	while (i < ARRAY_LEN(steps) && age >= steps[i])
		i++;
	if (i < ARRAY_LEN(steps) && steps[i] - age < *stale)
		*stale = steps[i] - age;
	if (i == 0) {
		buf_str(out, tr("answered just now"));
	} else if (i < ARRAY_LEN(steps)) {
		words_span(&when, (int64_t)(steps[i - 1] / SECOND));
		buf_fmt(out, tr("answered %s ago"), buf_cstr(&when));
	} else {
		add_point(&when, age);
		buf_fmt(out, tr("last answered %s"), buf_cstr(&when));
	}
	buf_finish(&when);
}

/* Of what is older than a minute the time is told, which stays right by itself: a screen that
 * nothing happens on is not drawn again. */
void
people_evidence(struct buf *out, const struct front_person *p, uint64_t *stale)
{
	struct buf when = BUF_INIT(UI_SENTENCE);
	uint64_t now = clock_now();
	uint64_t age = p->seen_at && now > p->seen_at ? now - p->seen_at : 0;
	if (p->seen_at)
		add_point(&when, age);
	switch (p->presence) {
	case FRONT_ANSWERED:
		add_answered(out, age, stale);
		break;
	case FRONT_ANNOUNCED:
		buf_str(out, tr("announced, has not answered yet"));
		break;
	case FRONT_SILENT:
		if (p->seen_at)
			buf_fmt(out, tr("not answering since %s"), buf_cstr(&when));
		else
			buf_str(out, tr("not answering"));
		break;
	case FRONT_GONE:
		buf_str(out, tr("gone"));
		break;
	}
	buf_finish(&when);
}

/* ---- the pane ---- */

static unsigned
presence_style(const struct front_person *p)
{
	if (p->presence == FRONT_ANSWERED)
		return str_equal(p->status, "available") || str_empty(p->status) ? TUI_GOOD
										 : TUI_WARN;
	return p->presence == FRONT_SILENT ? TUI_BAD : TUI_DIM;
}

static const char *
presence_mark(const struct ui *ui, const struct front_person *p)
{
	if (p->presence == FRONT_GONE)
		return " ";
	if (p->presence == FRONT_SILENT)
		return "?";
	return tui_screen_glyph(ui->screen, p->presence == FRONT_ANSWERED ? TUI_BULLET : TUI_RING);
}

static void
draw_person(struct ui *ui, const struct front_person *p, int row, int columns)
{
	struct tui_screen *s = ui->screen;
	bool current = p == ui->who;
	unsigned chosen = current ? TUI_SELECTED : 0;
	char right[16] = "";
	unsigned right_style = TUI_UNREAD;
	if (p->unread > 0)
		(void)snprintf(right, sizeof(right), "%u%s",
		    p->unread < UNREAD_MAX ? p->unread : UNREAD_MAX,
		    p->unread > UNREAD_MAX ? "+" : "");
	if (p->typing) {
		(void)snprintf(right, sizeof(right), "...");
		right_style = TUI_DIM;
	}
	if (chosen)
		tui_screen_fill(s, row, 0, (unsigned)columns, chosen);
	tui_screen_put(s, row, 1, 1, presence_style(p) | chosen, presence_mark(ui, p));
	int room = columns - 1;
	if (*right) {
		int width = (int)layout_width(right, strlen(right));
		room -= width;
		tui_screen_put(s, row, room, (unsigned)width, right_style | chosen, right);
		room--;
	}
	int at = 3;
	if (at >= room)
		return;
	at += (int)tui_screen_put(s, row, at, (unsigned)(room - at),
	    people_trust_style(p->trust) | chosen, marking(p->trust));
	at++;
	bool here = p->presence != FRONT_GONE;
	unsigned style = p->unread > 0 ? TUI_UNREAD : here ? TUI_PLAIN : TUI_DIM;
	if (at < room)
		tui_screen_put(s, row, at, (unsigned)(room - at), style | chosen, p->display);
}

/* Whoever is talked with stays in sight, unless the list was scrolled. */
static void
settle(struct ui *ui, size_t count, size_t rows)
{
	struct front_person *const *people = front_people(ui->front, &count);
	for (size_t i = 0; !ui->list_free && i < count; i++) {
		if (people[i] != ui->who)
			continue;
		if (i < ui->list_top)
			ui->list_top = i;
		else if (i >= ui->list_top + rows)
			ui->list_top = i - rows + 1;
	}
	if (ui->list_top + rows > count)
		ui->list_top = count > rows ? count - rows : 0;
}

void
people_draw(struct ui *ui, int top, int rows, int columns)
{
	size_t count = 0;
	struct front_person *const *people = front_people(ui->front, &count);
	if (rows <= 0)
		return;
	settle(ui, count, (size_t)rows);
	if (count == 0 && front_link_state(ui->front) == FRONT_UP)
		tui_screen_put(
		    ui->screen, top, 1, (unsigned)columns - 1, TUI_DIM, tr("Nobody is here yet."));
	for (size_t i = ui->list_top; i < count && i < ui->list_top + (size_t)rows; i++)
		draw_person(ui, people[i], top + (int)(i - ui->list_top), columns);
	if (ui->list_top > 0)
		tui_screen_put(
		    ui->screen, top, 0, 1, TUI_DIM, tui_screen_glyph(ui->screen, TUI_ARROW_UP));
	if (ui->list_top + (size_t)rows < count)
		tui_screen_put(ui->screen, top + rows - 1, 0, 1, TUI_DIM,
		    tui_screen_glyph(ui->screen, TUI_ARROW_DOWN));
}

void
people_scroll(struct ui *ui, int rows)
{
	size_t by = (size_t)(rows < 0 ? -rows : rows);
	if (rows < 0)
		ui->list_top = ui->list_top > by ? ui->list_top - by : 0;
	else
		ui->list_top += by;
	ui->list_free = true;
	ui_touch(ui);
}

void
people_click(struct ui *ui, int row)
{
	size_t count = 0;
	struct front_person *const *people = front_people(ui->front, &count);
	size_t i = ui->list_top + (size_t)(row - ui->places.list_top);
	if (row >= ui->places.list_top && i < count)
		people_choose(ui, people[i]);
}

/* ---- choosing ---- */

void
people_choose(struct ui *ui, struct front_person *p)
{
	struct front_person *before = ui->who;
	ui->list_shown = false;
	ui->list_free = false;
	ui_touch(ui);
	if (before == p)
		return;
	talk_select_none(ui);
	keys_mode(ui, UI_SAY, NULL);
	if (before)
		front_typing(ui->front, before, false);
	ui->who = p;
	keys_draft(ui, before, p);
	struct talk *t = talk_of(ui, p);
	if (!t) {
		ui->who = NULL;
		ui_notice(ui, TUI_BAD, "%s", tr("Out of memory."));
		return;
	}
	t->new_from = 0;
	t->look_for_new = true;
	front_open(ui->front, p);
}

void
people_step(struct ui *ui, int by)
{
	size_t count = 0, at = 0;
	struct front_person *const *people = front_people(ui->front, &count);
	if (count == 0)
		return;
	while (at < count && people[at] != ui->who)
		at++;
	if (at == count)
		at = by > 0 ? 0 : count - 1;
	else
		at = (at + count + (size_t)(by % (int)count)) % count;
	people_choose(ui, people[at]);
}

void
people_next_unread(struct ui *ui)
{
	size_t count = 0, from = 0;
	struct front_person *const *people = front_people(ui->front, &count);
	for (size_t i = 0; i < count; i++)
		if (people[i] == ui->who)
			from = i + 1;
	for (size_t i = 0; i < count; i++) {
		struct front_person *p = people[(from + i) % count];
		if (p->unread > 0 && p != ui->who) {
			people_choose(ui, p);
			return;
		}
	}
	ui_notice(ui, TUI_DIM, "%s", tr("Nothing else is unread."));
}

/* ---- names ---- */

/* How well what was typed (folded) fits: 3 all of a name, 2 its beginning, 1 a part, 0 not. */
static int
fit(const char *name, const char *folded)
{
	char *text = text_fold(name);
	int found = 0;
	if (text && strcmp(text, folded) == 0)
		found = 3;
	else if (text && strncmp(text, folded, strlen(folded)) == 0)
		found = 2;
	else if (text && strstr(text, folded))
		found = 1;
	free(text);
	return found;
}

static struct front_person *
find_folded(struct ui *ui, const char *folded, bool *several)
{
	size_t count = 0;
	struct front_person *const *people = front_people(ui->front, &count);
	struct front_person *best = NULL;
	int best_fit = 0;
	for (size_t i = 0; i < count; i++) {
		int a = fit(people[i]->display, folded), b = fit(people[i]->shown, folded);
		int n = a > b ? a : b;
		/* another one who only uses the name is meant by all of it alone */
		if (n < 3 && str_equal(people[i]->trust, "changed"))
			continue;
		if (n > best_fit) {
			best = people[i];
			best_fit = n;
			*several = false;
		} else if (n > 0 && n == best_fit) {
			*several = true;
		}
	}
	return *several ? NULL : best;
}

struct front_person *
people_find(struct ui *ui, const char *typed, bool *several)
{
	size_t count = 0;
	int64_t number = 0;
	struct front_person *const *people = front_people(ui->front, &count);
	*several = false;
	struct front_person *p = front_find(ui->front, typed);
	if (p)
		return p;
	if (str_to_int(typed, 1, (int64_t)count, &number) == 0)
		return people[number - 1];
	char *folded = text_fold(typed);
	if (folded && *folded)
		p = find_folded(ui, folded, several);
	free(folded);
	return p;
}

static void
on_info(void *ctx, int err, const struct earshot_value *answer)
{
	struct ui *ui = ctx;
	struct front_person *p =
	    err ? NULL : front_find(ui->front, earshot_value_str(answer, "name"));
	if (p)
		people_choose(ui, p);
	else if (err)
		ui_error(ui, err, answer);
}

void
people_talk_with(struct ui *ui, const char *typed)
{
	bool several = false;
	struct front_person *p = people_find(ui, typed, &several);
	if (p) {
		people_choose(ui, p);
		return;
	}
	/* the daemon knows those who are not in the list, and says what is wrong */
	struct earshot_value *params = earshot_value_object();
	earshot_value_set_str(params, "peer", typed);
	front_call(ui->front, "info", params, on_info, ui);
}
