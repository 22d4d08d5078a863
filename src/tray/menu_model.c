#include "tray/menu_model.h"

#include "base/buf.h"
#include "base/str.h"
#include "base/text.h"
#include "base/tr.h"
#include "front/transfer_words.h"

#include <glib.h>
#include <stdlib.h>
#include <string.h>

enum {
	LABEL_MAX = 4096,
	STATUS_COLUMNS = 40,
	NAME_COLUMNS = 48,
	FILE_COLUMNS = 60,
	PERCENT = 100,
	GROWTH = 32
};

struct builder {
	struct menu_model *m;
	size_t room;
	bool failed;
};

static void
add(struct builder *b, enum menu_kind kind, const char *key, const char *label)
{
	struct menu_model *m = b->m;
	if (m->count == b->room) {
		struct menu_entry *grown =
		    realloc(m->entries, (b->room + GROWTH) * sizeof(*m->entries));
		if (!grown) {
			b->failed = true;
			return;
		}
		m->entries = grown;
		b->room += GROWTH;
	}
	struct menu_entry *e = &m->entries[m->count++];
	*e = (struct menu_entry){.kind = kind, .key = strdup(key), .label = strdup(label)};
	if (!e->key || !e->label)
		b->failed = true;
}

/* Between two groups; never at the beginning, never two. The key keeps it in place while others
 * come and go. */
static void
separate(struct builder *b, const char *key)
{
	if (b->m->count > 0 && b->m->entries[b->m->count - 1].kind != MENU_SEPARATOR)
		add(b, MENU_SEPARATOR, key, "");
}

/* Clean, one line, at most so many columns. A new string (g_free()). */
static char *
line_of(const char *text, size_t columns)
{
	struct buf clean = BUF_INIT(LABEL_MAX);
	text_add(&clean, TEXT_NAME, text ? text : "", text ? strlen(text) : 0);
	size_t fits = text_fit(buf_cstr(&clean), clean.len, columns);
	char *line = g_strdup_printf(
	    "%.*s%s", (int)fits, buf_cstr(&clean), fits < clean.len ? "\xe2\x80\xa6" : "");
	buf_finish(&clean);
	return line;
}

/* ---- people ---- */

static bool
is_here(const struct front_person *p)
{
	return p->presence != FRONT_GONE && !p->blocked;
}

static char *
label_of_status(const struct front_person *p, const char *name)
{
	g_autofree char *text = line_of(p->text, STATUS_COLUMNS);
	bool said = *text != '\0';
	if (str_equal(p->status, "away"))
		return said ? g_strdup_printf(tr("%s (away: %s)"), name, text)
			    : g_strdup_printf(tr("%s (away)"), name);
	if (str_equal(p->status, "dnd"))
		return said ? g_strdup_printf(tr("%s (do not disturb: %s)"), name, text)
			    : g_strdup_printf(tr("%s (do not disturb)"), name);
	return said ? g_strdup_printf("%s (%s)", name, text) : g_strdup(name);
}

static char *
label_of_person(const struct front_person *p)
{
	g_autofree char *name = line_of(p->display, NAME_COLUMNS);
	if (p->unread > 0)
		return g_strdup_printf(
		    tr_n("%s: %u new message", "%s: %u new messages", p->unread), name, p->unread);
	if (p->blocked)
		return g_strdup_printf(tr("%s (blocked)"), name);
	if (p->presence == FRONT_GONE)
		return g_strdup_printf(tr("%s (not here)"), name);
	if (p->presence == FRONT_SILENT)
		return g_strdup_printf(tr("%s (does not answer)"), name);
	return label_of_status(p, name);
}

static void
add_person(struct builder *b, const struct front_person *p)
{
	g_autofree char *label = label_of_person(p);
	add(b, MENU_PERSON, p->name, label);
}

/* Those with something unread, then who was talked with lately, in the front's order; marks whom
 * it took. */
static void
add_conversations(struct builder *b, const struct menu_source *s, bool *taken)
{
	size_t count = 0;
	for (size_t i = 0; i < s->people_count && count < MENU_UNREAD_MAX; i++) {
		if (s->people[i]->unread == 0)
			continue;
		add_person(b, s->people[i]);
		taken[i] = true;
		count++;
	}
	for (size_t i = 0; i < s->people_count && count < MENU_RECENT_MAX; i++) {
		if (taken[i] || s->people[i]->last == 0 || s->people[i]->blocked)
			continue;
		add_person(b, s->people[i]);
		taken[i] = true;
		count++;
	}
}

static void
add_people(struct builder *b, const struct menu_source *s)
{
	bool *taken = calloc(s->people_count + 1, sizeof(*taken));
	if (!taken) {
		b->failed = true;
		return;
	}
	separate(b, "conversations");
	add_conversations(b, s, taken);
	separate(b, "people");
	size_t shown = 0, more = 0;
	for (size_t i = 0; i < s->people_count; i++) {
		if (taken[i] || !is_here(s->people[i]))
			continue;
		if (shown++ < MENU_PEOPLE_MAX)
			add_person(b, s->people[i]);
		else
			more++;
	}
	free(taken);
	if (more > 0) {
		g_autofree char *label = g_strdup_printf(
		    tr_n("%zu more\xe2\x80\xa6", "%zu more\xe2\x80\xa6", more), more);
		add(b, MENU_MORE, "", label);
	}
}

/* ---- files ---- */

static bool
is_on_its_way(const struct front_file *f)
{
	return !transfer_over(f->info) && !transfer_asks(f->info);
}

/* What it is and how big. A new string (g_free()). */
static char *
file_what(const struct front_file *f)
{
	struct buf what = BUF_INIT(LABEL_MAX);
	transfer_what(&what, f->info);
	size_t fits = text_fit(buf_cstr(&what), what.len, FILE_COLUMNS);
	char *line = g_strdup_printf(
	    "%.*s%s", (int)fits, buf_cstr(&what), fits < what.len ? "\xe2\x80\xa6" : "");
	buf_finish(&what);
	return line;
}

static char *
label_of_offer(const struct front_file *f)
{
	g_autofree char *who = line_of(earshot_value_str(f->info, "display"), NAME_COLUMNS);
	g_autofree char *what = file_what(f);
	return g_strdup_printf(tr("%s wants to give you %s"), who, what);
}

/* Whole percents without pace and time left: a menu that changes all the time is hard to hit. */
static char *
file_state(const struct front_file *f)
{
	int64_t done = earshot_value_int(f->info, "done", 0);
	int64_t size = earshot_value_int(f->info, "size", 0);
	if (str_equal(earshot_value_str(f->info, "state"), "active") && size > 0)
		return g_strdup_printf("%d %%", (int)((double)done * PERCENT / (double)size));
	struct buf state = BUF_INIT(LABEL_MAX);
	transfer_state(&state, f->info);
	char *said = g_strdup(buf_cstr(&state));
	buf_finish(&state);
	return said;
}

static char *
label_of_file(const struct front_file *f)
{
	g_autofree char *who = line_of(earshot_value_str(f->info, "display"), NAME_COLUMNS);
	g_autofree char *what = file_what(f);
	g_autofree char *state = file_state(f);
	return g_strdup_printf(
	    transfer_incoming(f->info) ? tr("%s from %s: %s") : tr("%s to %s: %s"), what, who,
	    state);
}

static void
add_files(struct builder *b, const struct menu_source *s, enum menu_kind kind, size_t max)
{
	for (size_t i = 0; i < s->file_count && max > 0; i++) {
		const struct front_file *f = s->files[i];
		bool offer = kind == MENU_OFFER;
		if (!(offer ? transfer_asks(f->info) : is_on_its_way(f)))
			continue;
		g_autofree char *label = offer ? label_of_offer(f) : label_of_file(f);
		add(b, kind, f->id, label);
		max--;
	}
}

/* ---- the whole ---- */

static void
add_status(struct builder *b, const struct menu_source *s)
{
	const char *status = earshot_value_str(s->standing.own, "status");
	const char *key =
	    str_equal(status, "away") || str_equal(status, "dnd") ? status : "available";
	const char *label = str_equal(key, "away")  ? tr("Status: away")
			    : str_equal(key, "dnd") ? tr("Status: do not disturb")
						    : tr("Status: available");
	add(b, MENU_STATUS, key, label);
}

static void
add_all(struct builder *b, const struct menu_source *s)
{
	struct buf problem = BUF_INIT(LABEL_MAX);
	add(b, MENU_OPEN, "", tr("Open Earshot"));
	standing_problem(&problem, &s->standing);
	if (problem.len > 0) {
		separate(b, "problem");
		add(b, MENU_NOTE, "", buf_cstr(&problem));
	}
	buf_finish(&problem);
	separate(b, "offers");
	add_files(b, s, MENU_OFFER, MENU_OFFERS_MAX);
	add_people(b, s);
	separate(b, "files");
	add_files(b, s, MENU_FILE, MENU_FILES_MAX);
	separate(b, "own");
	if (s->standing.link == FRONT_UP && s->standing.own)
		add_status(b, s);
	add(b, MENU_PREFERENCES, "", tr("Preferences"));
	add(b, MENU_ABOUT, "", tr("About Earshot"));
	add(b, MENU_QUIT, "", tr("Quit (messages are still received)"));
}

struct menu_model *
menu_model_create(const struct menu_source *source)
{
	struct builder b = {.m = calloc(1, sizeof(*b.m))};
	if (!b.m)
		return NULL;
	add_all(&b, source);
	if (!b.failed)
		return b.m;
	menu_model_destroy(b.m);
	return NULL;
}

void
menu_model_destroy(struct menu_model *m)
{
	if (!m)
		return;
	for (size_t i = 0; i < m->count; i++) {
		free(m->entries[i].key);
		free(m->entries[i].label);
	}
	free(m->entries);
	free(m);
}

bool
menu_entry_is(const struct menu_entry *a, const struct menu_entry *b)
{
	/* the status is one entry, whatever it is */
	return a->kind == b->kind && (a->kind == MENU_STATUS || strcmp(a->key, b->key) == 0);
}
