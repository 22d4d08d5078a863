#include "tray/people.h"

#include "base/clock.h"
#include "base/str.h"
#include "base/tr.h"
#include "tray/avatar.h"
#include "tray/say.h"
#include "tray/sending.h"
#include "tray/ui.h"

#include <errno.h>
#include <stdlib.h>

enum { AVATAR = 38, GAP = 10, CHIP_GAP = 6 };

/* One row; it is its person's `user`, and lives as long as they do. */
struct person_row {
	struct front_person *p; /* borrowed */
	GtkWidget *row, *avatar, *name, *chip, *detail, *warning, *badge;
	size_t order;   /* in front_people() */
	char *folded;   /* what can be found */
	uint64_t until; /* clock_now() when what is said about them is not true any more; 0 */
};

struct people {
	struct front *f;
	const struct people_listener *l;
	void *ctx;
	GtkWidget *box, *search, *list, *nobody;
	char *wanted;  /* folded; NULL: everybody */
	guint refresh; /* source; 0: none */
	uint64_t refresh_at;
	guint reorder;  /* source; 0: none */
	guint entering; /* the same */
	gboolean quiet; /* selections are ours */
};

static struct person_row *
row_of(GtkListBoxRow *row)
{
	return row ? g_object_get_data(G_OBJECT(row), "person") : NULL;
}

/* ---- one row ---- */

static GtkWidget *
first_line(struct person_row *r)
{
	GtkWidget *line = ui_box(GTK_ORIENTATION_HORIZONTAL, CHIP_GAP);
	r->name = ui_add(line, ui_label("", "earshot-name"));
	r->chip = ui_add(line, ui_label("", "earshot-chip"));
	gtk_widget_set_valign(r->chip, GTK_ALIGN_CENTER);
	r->badge = ui_label("", "earshot-badge");
	gtk_widget_set_valign(r->badge, GTK_ALIGN_CENTER);
	gtk_box_pack_end(GTK_BOX(line), r->badge, FALSE, FALSE, 0);
	/* a mark of trust is never cut away, a name may be */
	gtk_label_set_ellipsize(GTK_LABEL(r->chip), PANGO_ELLIPSIZE_NONE);
	gtk_label_set_ellipsize(GTK_LABEL(r->badge), PANGO_ELLIPSIZE_NONE);
	return line;
}

static struct person_row *
row_new(struct front_person *p)
{
	struct person_row *r = g_new0(struct person_row, 1);
	GtkWidget *line = ui_box(GTK_ORIENTATION_HORIZONTAL, GAP);
	GtkWidget *words = ui_box(GTK_ORIENTATION_VERTICAL, 1);
	r->p = p;
	r->row = gtk_list_box_row_new();
	r->avatar = ui_add(line, avatar_new(AVATAR, TRUE));
	ui_add(words, first_line(r));
	r->detail = ui_add(words, ui_label("", "earshot-dim"));
	r->warning = ui_add(words, ui_label("", "earshot-warn"));
	ui_class(r->detail, "earshot-small");
	ui_class(r->warning, "earshot-small");
	gtk_widget_set_valign(words, GTK_ALIGN_CENTER);
	ui_fill(line, words);
	gtk_container_add(GTK_CONTAINER(r->row), line);
	gtk_widget_show_all(line);
	g_object_set_data(G_OBJECT(r->row), "person", r);
	return r;
}

static void
row_free(struct person_row *r)
{
	gtk_widget_destroy(r->row);
	g_free(r->folded);
	g_free(r);
}

static void
show_words(struct person_row *r)
{
	const struct front_person *p = r->p;
	const struct say_trust *trust = say_trust(p->trust);
	g_autofree char *evidence = say_evidence(p, &r->until);
	g_autofree char *status = say_status(p->info);
	g_autofree char *both =
	    str_empty(status) ? g_strdup(evidence) : g_strdup_printf("%s · %s", status, evidence);
	const char *detail = p->blocked ? tr("blocked") : p->typing ? tr("is typing …") : both;
	g_autofree char *all = say_person(p);
	gtk_label_set_text(GTK_LABEL(r->name), p->display);
	gtk_label_set_text(GTK_LABEL(r->detail), detail);
	gtk_label_set_text(GTK_LABEL(r->chip), tr(trust->chip));
	gtk_widget_set_tooltip_text(r->chip, tr(trust->meaning));
	gtk_widget_set_tooltip_text(r->row, p->shown);
	ui_name(r->row, all);
}

static void
show_row(struct people *l, struct person_row *r)
{
	static const char *const words[] = {
	    "plain", "new", "known", "introduced", "verified", "changed"};
	const struct front_person *p = r->p;
	show_words(r);
	avatar_show(r->avatar, l->f, p);
	for (size_t i = 0; i < ARRAY_LEN(words); i++)
		ui_set_class(r->chip, words[i], str_equal(words[i], say_trust(p->trust)->trust));
	ui_set_class(r->row, "earshot-gone", p->presence == FRONT_GONE || p->blocked);
	g_autofree char *badge = g_strdup_printf("%u", p->unread);
	gtk_label_set_text(GTK_LABEL(r->badge), badge);
	gtk_widget_set_visible(r->badge, p->unread > 0);
	g_autofree char *warning =
	    p->looks_like ? g_strdup_printf(tr("looks like \"%s\" but is not"), p->looks_like)
			  : NULL;
	gtk_label_set_text(GTK_LABEL(r->warning), warning ? warning : "");
	gtk_widget_set_visible(r->warning, warning != NULL);
	g_autofree char *found = g_strdup_printf("%s\n%s", p->display, p->shown);
	g_free(r->folded);
	r->folded = say_fold(found);
}

/* ---- what is not true for long ---- */

static gboolean on_refresh(gpointer ctx);

static void
refresh_by(struct people *l, uint64_t until)
{
	uint64_t now = clock_now();
	if (!until || (l->refresh && l->refresh_at <= until))
		return;
	if (l->refresh)
		g_source_remove(l->refresh);
	l->refresh_at = until;
	l->refresh = g_timeout_add(until > now ? (guint)(until - now) : 0, on_refresh, l);
}

/* Only while somebody answered within the last minute, and then for those. */
static gboolean
on_refresh(gpointer ctx)
{
	struct people *l = ctx;
	size_t count;
	struct front_person *const *all = front_people(l->f, &count);
	uint64_t now = clock_now(), next = 0;
	l->refresh = 0;
	for (size_t i = 0; i < count; i++) {
		struct person_row *r = all[i]->user;
		if (r && r->until && r->until <= now)
			show_words(r);
		if (r && r->until && (!next || r->until < next))
			next = r->until;
	}
	refresh_by(l, next);
	return G_SOURCE_REMOVE;
}

/* ---- all of them ---- */

static int
compare(GtkListBoxRow *a, GtkListBoxRow *b, gpointer ctx)
{
	size_t x = row_of(a)->order, y = row_of(b)->order;
	(void)ctx;
	return x < y ? -1 : x > y;
}

static gboolean
is_wanted(GtkListBoxRow *row, gpointer ctx)
{
	const struct people *l = ctx;
	return !l->wanted || strstr(row_of(row)->folded, l->wanted) != NULL;
}

/* Many people come at once when a network is joined: one look at the order is enough for them. */
static gboolean
on_reorder(gpointer ctx)
{
	struct people *l = ctx;
	size_t count;
	struct front_person *const *all = front_people(l->f, &count);
	l->reorder = 0;
	for (size_t i = 0; i < count; i++) {
		struct person_row *r = all[i]->user;
		if (r) {
			r->order = i;
			continue;
		}
		r = row_new(all[i]);
		r->order = i;
		all[i]->user = r;
		show_row(l, r);
		refresh_by(l, r->until);
		gtk_container_add(GTK_CONTAINER(l->list), r->row);
		gtk_widget_show(r->row);
	}
	gtk_list_box_invalidate_sort(GTK_LIST_BOX(l->list));
	return G_SOURCE_REMOVE;
}

void
people_reordered(struct people *l)
{
	if (!l->reorder)
		l->reorder = g_idle_add_full(G_PRIORITY_HIGH_IDLE, on_reorder, l, NULL);
}

void
people_changed(struct people *l, struct front_person *p)
{
	struct person_row *r = p->user;
	if (!r) {
		people_reordered(l);
		return;
	}
	show_row(l, r);
	refresh_by(l, r->until);
	if (l->wanted)
		gtk_list_box_row_changed(GTK_LIST_BOX_ROW(r->row));
}

void
people_gone(struct people *l, struct front_person *p)
{
	struct person_row *r = p->user;
	(void)l;
	p->user = NULL;
	if (r)
		row_free(r);
}

void
people_select(struct people *l, struct front_person *p)
{
	if (p && !p->user)
		(void)on_reorder(l);
	struct person_row *r = p ? p->user : NULL;
	l->quiet = TRUE;
	gtk_list_box_select_row(GTK_LIST_BOX(l->list), r ? GTK_LIST_BOX_ROW(r->row) : NULL);
	l->quiet = FALSE;
}

/* The next that is shown from there on; NULL: none. */
static struct person_row *
next_shown(struct people *l, int from, int step)
{
	for (int i = from; i >= 0; i += step) {
		GtkListBoxRow *row = gtk_list_box_get_row_at_index(GTK_LIST_BOX(l->list), i);
		if (!row)
			return NULL;
		if (gtk_widget_get_child_visible(GTK_WIDGET(row)))
			return row_of(row);
	}
	return NULL;
}

void
people_step(struct people *l, int rows)
{
	GtkListBoxRow *now = gtk_list_box_get_selected_row(GTK_LIST_BOX(l->list));
	struct person_row *r =
	    now ? next_shown(l, gtk_list_box_row_get_index(now) + rows, rows) : next_shown(l, 0, 1);
	if (r)
		gtk_list_box_select_row(GTK_LIST_BOX(l->list), GTK_LIST_BOX_ROW(r->row));
}

void
people_find(struct people *l)
{
	gtk_widget_grab_focus(l->search);
}

/* ---- what the user does ---- */

static void
on_selected(GtkListBox *list, GtkListBoxRow *row, gpointer ctx)
{
	struct people *l = ctx;
	(void)list;
	if (row && !l->quiet)
		l->l->on_chosen(l->ctx, row_of(row)->p);
}

static void
on_activated(GtkListBox *list, GtkListBoxRow *row, gpointer ctx)
{
	struct people *l = ctx;
	(void)list;
	(void)row;
	l->l->on_entered(l->ctx);
}

static gboolean
on_clicked(gpointer ctx)
{
	struct people *l = ctx;
	l->entering = 0;
	l->l->on_entered(l->ctx);
	return G_SOURCE_REMOVE;
}

/* With the mouse one chooses in order to write; keys walk on through the list. The list itself
 * takes the focus once this is over. */
static gboolean
on_released(GtkWidget *list, GdkEventButton *event, gpointer ctx)
{
	struct people *l = ctx;
	int y = (int)event->y;
	if (event->button == GDK_BUTTON_PRIMARY && !l->entering &&
	    gtk_list_box_get_row_at_y(GTK_LIST_BOX(list), y))
		l->entering = g_idle_add_full(G_PRIORITY_HIGH_IDLE, on_clicked, l, NULL);
	return FALSE;
}

static void
on_search(GtkSearchEntry *entry, gpointer ctx)
{
	struct people *l = ctx;
	const char *text = gtk_entry_get_text(GTK_ENTRY(entry));
	g_free(l->wanted);
	l->wanted = str_empty(text) ? NULL : say_fold(text);
	gtk_list_box_invalidate_filter(GTK_LIST_BOX(l->list));
	ui_nothing(l->list, l->nobody,
	    l->wanted ? tr("Nobody here is called that.") : tr("Nobody is here yet."));
}

static void
on_search_enter(GtkEntry *entry, gpointer ctx)
{
	struct people *l = ctx;
	struct person_row *r;
	/* the wish of a fast typist has not been looked at yet */
	on_search(GTK_SEARCH_ENTRY(entry), l);
	r = next_shown(l, 0, 1);
	if (!r)
		return;
	gtk_list_box_select_row(GTK_LIST_BOX(l->list), GTK_LIST_BOX_ROW(r->row));
	gtk_entry_set_text(entry, "");
	l->l->on_entered(l->ctx);
}

static void
on_search_stop(GtkSearchEntry *entry, gpointer ctx)
{
	struct people *l = ctx;
	gtk_entry_set_text(GTK_ENTRY(entry), "");
	l->l->on_entered(l->ctx);
}

static gboolean
on_search_key(GtkWidget *entry, GdkEventKey *event, gpointer ctx)
{
	struct people *l = ctx;
	(void)entry;
	if (event->keyval != GDK_KEY_Down)
		return FALSE;
	struct person_row *r = next_shown(l, 0, 1);
	if (r)
		gtk_widget_grab_focus(r->row);
	return TRUE;
}

static void
on_drop(void *ctx, int x, int y, char *const *uris)
{
	struct people *l = ctx;
	struct person_row *r = row_of(gtk_list_box_get_row_at_y(GTK_LIST_BOX(l->list), y));
	(void)x;
	if (r)
		l->l->on_files(l->ctx, r->p, uris);
}

/* ---- life ---- */

static void
make_search(struct people *l)
{
	GtkWidget *head = ui_box(GTK_ORIENTATION_VERTICAL, 0);
	l->search = ui_add(head, gtk_search_entry_new());
	ui_margin(l->search, 8, 8);
	gtk_entry_set_placeholder_text(GTK_ENTRY(l->search), tr("Find people"));
	gtk_widget_set_tooltip_text(l->search, tr("Find people (Ctrl+K)"));
	ui_name(l->search, tr("Find people"));
	ui_add(l->box, head);
	g_signal_connect(l->search, "search-changed", G_CALLBACK(on_search), l);
	g_signal_connect(l->search, "activate", G_CALLBACK(on_search_enter), l);
	g_signal_connect(l->search, "stop-search", G_CALLBACK(on_search_stop), l);
	g_signal_connect(l->search, "key-press-event", G_CALLBACK(on_search_key), l);
}

static void
make_list(struct people *l)
{
	l->list = gtk_list_box_new();
	ui_class(l->list, "earshot-people");
	ui_name(l->list, tr("People"));
	gtk_list_box_set_activate_on_single_click(GTK_LIST_BOX(l->list), FALSE);
	gtk_list_box_set_sort_func(GTK_LIST_BOX(l->list), compare, l, NULL);
	gtk_list_box_set_filter_func(GTK_LIST_BOX(l->list), is_wanted, l, NULL);
	l->nobody = ui_text("", "earshot-dim");
	gtk_label_set_xalign(GTK_LABEL(l->nobody), 0.5F);
	gtk_label_set_justify(GTK_LABEL(l->nobody), GTK_JUSTIFY_CENTER);
	ui_margin(l->nobody, 14, 14);
	gtk_widget_show(l->nobody);
	gtk_list_box_set_placeholder(GTK_LIST_BOX(l->list), l->nobody);
	ui_nothing(l->list, l->nobody, tr("Nobody is here yet."));
	ui_fill(l->box, ui_scrolled(l->list, 0));
	g_signal_connect(l->list, "row-selected", G_CALLBACK(on_selected), l);
	g_signal_connect(l->list, "row-activated", G_CALLBACK(on_activated), l);
	g_signal_connect(l->list, "button-release-event", G_CALLBACK(on_released), l);
	sending_accept_drops(l->list, on_drop, l);
}

int
people_create(
    struct front *f, const struct people_listener *listener, void *ctx, struct people **out)
{
	struct people *l = calloc(1, sizeof(*l));
	if (!l)
		return -ENOMEM;
	l->f = f;
	l->l = listener;
	l->ctx = ctx;
	l->box = ui_box(GTK_ORIENTATION_VERTICAL, 0);
	make_search(l);
	make_list(l);
	people_reordered(l);
	*out = l;
	return 0;
}

void
people_destroy(struct people *l)
{
	size_t count;
	if (!l)
		return;
	if (l->refresh)
		g_source_remove(l->refresh);
	if (l->reorder)
		g_source_remove(l->reorder);
	if (l->entering)
		g_source_remove(l->entering);
	struct front_person *const *all = front_people(l->f, &count);
	for (size_t i = 0; i < count; i++) {
		struct person_row *r = all[i]->user;
		all[i]->user = NULL;
		if (!r)
			continue;
		g_free(r->folded);
		g_free(r);
	}
	g_free(l->wanted);
	free(l);
}

GtkWidget *
people_widget(struct people *l)
{
	return l->box;
}
