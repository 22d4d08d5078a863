#include "tray/menu.h"

#include "base/str.h"
#include "base/tr.h"
#include "tray/app.h"
#include "tray/menu_model.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { HELD_MS = 10000 };

#define KEY "earshot-key" /* of an item: whom or what it is about */

static const struct {
	const char *status, *label;
} statuses[] = {
    {"available", TR("Available")},
    {"away", TR("Away")},
    {"dnd", TR("Do not disturb")},
};

struct menu {
	struct tray *tray;        /* borrowed */
	GtkMenu *menu;            /* owned */
	struct menu_model *shown; /* owned; NULL: nothing yet */
	GPtrArray *items;         /* GtkWidget, borrowed from menu: one for each entry of shown */
	GtkWidget *open;          /* borrowed from menu */
	GtkWidget *status[G_N_ELEMENTS(statuses)]; /* borrowed from menu; NULL while not shown */
	bool updating;                             /* what changes now was not the user */
	guint held;                                /* until it may change again; 0: it may */
};

static void
release(struct menu *m)
{
	if (m->held)
		g_source_remove(m->held);
	m->held = 0;
	app_touch(m->tray);
}

static const char *
key_of(GtkWidget *item)
{
	return g_object_get_data(G_OBJECT(item), KEY);
}

/* ---- what a choice does ---- */

static void
on_chosen(GtkWidget *item, gpointer user)
{
	struct menu *m = user;
	(void)item;
	if (m->held)
		release(m);
}

static void
on_open(GtkWidget *item, gpointer user)
{
	struct menu *m = user;
	(void)item;
	app_open(m->tray, NULL);
}

static void
on_person(GtkWidget *item, gpointer user)
{
	struct menu *m = user;
	app_open(m->tray, key_of(item));
}

static void
on_file_shown(GtkWidget *item, gpointer user)
{
	struct menu *m = user;
	struct front_file *f = front_file_find(m->tray->front, key_of(item));
	app_open(m->tray, f ? f->peer : NULL);
}

static void
answer_file(struct menu *m, GtkWidget *item, const char *method)
{
	app_file(m->tray, method, key_of(item));
}

static void
on_accept(GtkWidget *item, gpointer user)
{
	answer_file(user, item, "accept");
}

static void
on_decline(GtkWidget *item, gpointer user)
{
	answer_file(user, item, "decline");
}

static void
on_cancel(GtkWidget *item, gpointer user)
{
	answer_file(user, item, "files.cancel");
}

static void
on_status(GtkWidget *item, gpointer user)
{
	struct menu *m = user;
	if (m->updating)
		return;
	struct earshot_value *params = earshot_value_object();
	earshot_value_set_str(params, "status", key_of(item));
	front_call(m->tray->front, "status", params, NULL, NULL);
	/* the marks follow what the daemon says, which may be that nothing has changed */
	release(m);
}

static void
on_action(GtkWidget *item, gpointer user)
{
	struct menu *m = user;
	g_action_group_activate_action(G_ACTION_GROUP(m->tray->app), key_of(item), NULL);
}

/* ---- items ---- */

/* Without mnemonics: names hold underscores. */
static GtkWidget *
item_new(struct menu *m, const char *label, const char *key, void (*chosen)(GtkWidget *, gpointer))
{
	GtkWidget *item = gtk_menu_item_new_with_label(label);
	g_object_set_data_full(G_OBJECT(item), KEY, g_strdup(key), g_free);
	if (!chosen)
		return item; /* it opens more of the menu */
	g_signal_connect(item, "activate", G_CALLBACK(chosen), m);
	g_signal_connect(item, "activate", G_CALLBACK(on_chosen), m);
	return item;
}

static void
append(GtkWidget *menu, GtkWidget *item)
{
	gtk_menu_shell_append(GTK_MENU_SHELL(menu), item);
}

static GtkWidget *
offer_new(struct menu *m, const struct menu_entry *e)
{
	GtkWidget *item = item_new(m, e->label, e->key, NULL), *sub = gtk_menu_new();
	append(sub, item_new(m, tr("Accept"), e->key, on_accept));
	append(sub, item_new(m, tr("Decline"), e->key, on_decline));
	append(sub, item_new(m, tr("Show the conversation"), e->key, on_file_shown));
	gtk_menu_item_set_submenu(GTK_MENU_ITEM(item), sub);
	return item;
}

static GtkWidget *
file_new(struct menu *m, const struct menu_entry *e)
{
	GtkWidget *item = item_new(m, e->label, e->key, NULL), *sub = gtk_menu_new();
	append(sub, item_new(m, tr("Show the conversation"), e->key, on_file_shown));
	append(sub, item_new(m, tr("Cancel"), e->key, on_cancel));
	gtk_menu_item_set_submenu(GTK_MENU_ITEM(item), sub);
	return item;
}

static GtkWidget *
status_new(struct menu *m, const struct menu_entry *e)
{
	GtkWidget *item = item_new(m, e->label, e->key, NULL), *sub = gtk_menu_new();
	for (size_t i = 0; i < G_N_ELEMENTS(statuses); i++) {
		GtkWidget *one = gtk_check_menu_item_new_with_label(tr(statuses[i].label));
		gtk_check_menu_item_set_draw_as_radio(GTK_CHECK_MENU_ITEM(one), TRUE);
		g_object_set_data_full(G_OBJECT(one), KEY, g_strdup(statuses[i].status), g_free);
		g_signal_connect(one, "toggled", G_CALLBACK(on_status), m);
		append(sub, one);
		m->status[i] = one;
	}
	append(sub, gtk_separator_menu_item_new());
	append(sub, item_new(m, tr("Status text\xe2\x80\xa6"), "status-text", on_action));
	gtk_menu_item_set_submenu(GTK_MENU_ITEM(item), sub);
	return item;
}

static GtkWidget *
note_new(struct menu *m, const struct menu_entry *e)
{
	GtkWidget *item = item_new(m, e->label, e->key, NULL);
	gtk_widget_set_sensitive(item, FALSE);
	return item;
}

static GtkWidget *
make(struct menu *m, const struct menu_entry *e)
{
	switch (e->kind) {
	case MENU_OPEN:
		return m->open = item_new(m, e->label, e->key, on_open);
	case MENU_SEPARATOR:
		return gtk_separator_menu_item_new();
	case MENU_NOTE:
		return note_new(m, e);
	case MENU_PERSON:
		return item_new(m, e->label, e->key, on_person);
	case MENU_MORE:
		return item_new(m, e->label, e->key, on_open);
	case MENU_OFFER:
		return offer_new(m, e);
	case MENU_FILE:
		return file_new(m, e);
	case MENU_STATUS:
		return status_new(m, e);
	case MENU_PREFERENCES:
		return item_new(m, e->label, "preferences", on_action);
	case MENU_ABOUT:
		return item_new(m, e->label, "about", on_action);
	case MENU_QUIT:
		return item_new(m, e->label, "quit", on_action);
	}
	return NULL;
}

/* ---- change in place ---- */

static void
relabel(struct menu *m, size_t at, const struct menu_entry *was, const struct menu_entry *is)
{
	if (strcmp(was->label, is->label) != 0)
		gtk_menu_item_set_label(g_ptr_array_index(m->items, at), is->label);
}

static void
drop(struct menu *m, const struct menu_entry *e, size_t at)
{
	if (e->kind == MENU_STATUS)
		memset(m->status, 0, sizeof(m->status));
	gtk_widget_destroy(g_ptr_array_index(m->items, at));
	g_ptr_array_remove_index(m->items, (guint)at);
}

static void
put(struct menu *m, const struct menu_entry *e, size_t at)
{
	GtkWidget *item = make(m, e);
	gtk_widget_show_all(item);
	gtk_menu_shell_insert(GTK_MENU_SHELL(m->menu), item, (int)at);
	g_ptr_array_insert(m->items, (int)at, item);
}

/* What is the same at the beginning and at the end stays; what lies between is made anew. */
static void
show(struct menu *m, struct menu_model *is)
{
	static const struct menu_model nothing;
	const struct menu_model *was = m->shown ? m->shown : &nothing;
	size_t common = was->count < is->count ? was->count : is->count, head = 0, tail = 0;
	while (head < common && menu_entry_is(&was->entries[head], &is->entries[head])) {
		relabel(m, head, &was->entries[head], &is->entries[head]);
		head++;
	}
	while (tail < common - head && menu_entry_is(&was->entries[was->count - 1 - tail],
					   &is->entries[is->count - 1 - tail])) {
		relabel(m, was->count - 1 - tail, &was->entries[was->count - 1 - tail],
		    &is->entries[is->count - 1 - tail]);
		tail++;
	}
	for (size_t i = was->count - tail; i > head; i--)
		drop(m, &was->entries[i - 1], i - 1);
	for (size_t i = head; i < is->count - tail; i++)
		put(m, &is->entries[i], i);
	menu_model_destroy(m->shown);
	m->shown = is;
}

static void
mark_status(struct menu *m)
{
	const char *status = earshot_value_str(front_own(m->tray->front), "status");
	m->updating = true;
	for (size_t i = 0; i < G_N_ELEMENTS(statuses) && m->status[i]; i++)
		gtk_check_menu_item_set_active(
		    GTK_CHECK_MENU_ITEM(m->status[i]), str_equal(status, statuses[i].status));
	m->updating = false;
}

void
menu_update(struct menu *m)
{
	struct menu_source source = {.standing = app_standing(m->tray)};
	if (m->held)
		return;
	if (m->tray->front) {
		source.people = front_people(m->tray->front, &source.people_count);
		source.files = front_files(m->tray->front, &source.file_count);
	}
	struct menu_model *is = menu_model_create(&source);
	if (!is)
		return; /* out of memory: what was shown stays */
	show(m, is);
	if (m->tray->front)
		mark_status(m);
}

static gboolean
on_held_long(gpointer user)
{
	struct menu *m = user;
	m->held = 0;
	app_touch(m->tray);
	return G_SOURCE_REMOVE;
}

void
menu_opened(struct menu *m)
{
	if (m->held)
		g_source_remove(m->held);
	m->held = 0;
	menu_update(m);
	m->held = g_timeout_add(HELD_MS, on_held_long, m);
}

/* Old trays have it shown by GTK itself. */
static void
on_shown(GtkWidget *menu, gpointer user)
{
	(void)menu;
	menu_opened(user);
}

static void
on_hidden(GtkWidget *menu, gpointer user)
{
	(void)menu;
	release(user);
}

int
menu_create(struct tray *t, struct menu **out)
{
	struct menu *m = calloc(1, sizeof(*m));
	if (!m)
		return -ENOMEM;
	m->tray = t;
	m->items = g_ptr_array_new();
	m->menu = GTK_MENU(g_object_ref_sink(gtk_menu_new()));
	g_signal_connect(m->menu, "show", G_CALLBACK(on_shown), m);
	g_signal_connect(m->menu, "hide", G_CALLBACK(on_hidden), m);
	menu_update(m);
	*out = m;
	return 0;
}

void
menu_destroy(struct menu *m)
{
	if (!m)
		return;
	if (m->held)
		g_source_remove(m->held);
	g_signal_handlers_disconnect_by_data(m->menu, m);
	gtk_widget_destroy(GTK_WIDGET(m->menu));
	g_object_unref(m->menu);
	g_ptr_array_free(m->items, TRUE);
	menu_model_destroy(m->shown);
	free(m);
}

GtkMenu *
menu_widget(struct menu *m)
{
	return m->menu;
}

GtkWidget *
menu_open_item(struct menu *m)
{
	return m->open;
}
