#include "tray/preferences.h"

#include "base/str.h"
#include "base/text.h"
#include "base/tr.h"
#include "tray/autostart.h"
#include "tray/own_page.h"
#include "tray/pref_row.h"
#include "tray/setting_row.h"
#include "tray/tray_conf.h"
#include "tray/window.h"

#include <string.h>

enum { WIDTH = 760, HEIGHT = 560, AGAIN_MS = 250, AGAIN_MOST = 60, ASK_MS = 500, SPACING = 12 };

/* Which page a setting is on, by its section; all others are on the last one. */
static const struct {
	const char *title, *section;
} pages[] = {
    {TR("Privacy"), "privacy"},
    {TR("Files"), "files"},
    {TR("Advanced"), ""},
};
enum { PAGES = ARRAY_LEN(pages) };

struct preferences {
	struct tray *tray; /* borrowed */
	GtkWidget *window, *own, *rows[PAGES];
	GtkWidget *again, *again_text, *problem;
	struct pref_row *start, *notices, *preview, *dnd;
	GHashTable *settings; /* owned; key, owned, to a row, borrowed */
	guint again_timer;    /* 0: none */
	guint ask_timer;
	unsigned tries;
	bool was_down;
	bool showing; /* it is we who change the controls */
};

static struct preferences *
of(GtkWidget *window)
{
	return g_object_get_data(G_OBJECT(window), "preferences");
}

/* ---- the daemon's settings ---- */

static size_t
page_of(const char *key)
{
	g_autofree char *section = g_strndup(key, strcspn(key, "."));
	size_t i = 0;
	while (i + 1 < PAGES && !str_equal(pages[i].section, section))
		i++;
	return i;
}

static void
show_again(struct preferences *p)
{
	GHashTableIter iter;
	gpointer row;
	bool wanted = false;
	g_hash_table_iter_init(&iter, p->settings);
	while (g_hash_table_iter_next(&iter, NULL, &row))
		wanted = wanted || earshot_value_get(setting_row_setting(row), "running");
	gtk_widget_set_visible(p->again, wanted);
}

static void
on_changed(void *ctx)
{
	show_again(ctx);
}

static void
add_setting(struct preferences *p, const char *key, const struct earshot_value *setting)
{
	GtkWidget *row = g_hash_table_lookup(p->settings, key);
	if (row) {
		setting_row_show(row, setting);
		return;
	}
	row = setting_row_new(p->tray->front, setting, on_changed, p);
	pref_page_add(p->rows[page_of(key)], g_object_get_data(G_OBJECT(row), "row"));
	g_hash_table_insert(p->settings, g_strdup(key), row);
}

static void
set_problem(struct preferences *p, const char *sentence)
{
	g_autofree char *clean = sentence ? text_clean(TEXT_NAME, sentence) : NULL;
	gtk_label_set_text(GTK_LABEL(p->problem), clean ? clean : "");
	gtk_widget_set_visible(p->problem, clean != NULL);
}

static gboolean on_ask_timer(gpointer user);

static void
on_settings(GtkWidget *window, int err, const struct earshot_value *answer)
{
	struct preferences *p = of(window);
	const struct earshot_value *list = earshot_value_get(answer, "settings"), *name = NULL;
	set_problem(p, err ? earshot_error_message(err, answer) : NULL);
	if (err && !p->ask_timer) /* the daemon is not there yet, or away for a while */
		p->ask_timer = g_timeout_add(ASK_MS, on_ask_timer, p);
	for (size_t i = 0; !err && i < earshot_value_count(list); i++) {
		const struct earshot_value *setting = earshot_value_at(list, i);
		const char *key = earshot_value_str(setting, "key");
		if (str_equal(key, "user.name"))
			name = setting; /* on the page about oneself */
		else if (key)
			add_setting(p, key, setting);
	}
	if (!err)
		own_page_show(p->own, name);
	show_again(p);
}

static gboolean
on_ask_timer(gpointer user)
{
	struct preferences *p = user;
	p->ask_timer = 0;
	pref_ask(p->window, p->tray->front, "settings", NULL, -1, on_settings);
	return G_SOURCE_REMOVE;
}

/* ---- starting the daemon again ---- */

static gboolean
on_again_timer(gpointer user)
{
	struct preferences *p = user;
	bool up = front_link_state(p->tray->front) == FRONT_UP;
	p->was_down = p->was_down || !up;
	/* it is still going, or another one is not there yet */
	if (!(up && p->was_down) && p->tries++ < AGAIN_MOST) {
		if (!up)
			front_retry(p->tray->front);
		return G_SOURCE_CONTINUE;
	}
	p->again_timer = 0;
	gtk_widget_set_sensitive(p->again, TRUE);
	pref_ask(p->window, p->tray->front, "settings", NULL, -1, on_settings);
	return G_SOURCE_REMOVE;
}

static void
on_stopped(GtkWidget *window, int err, const struct earshot_value *answer)
{
	struct preferences *p = of(window);
	(void)answer;
	/* its answer may be lost when it ends */
	if (err && err != EARSHOT_ERR_CUT_OFF)
		set_problem(p, earshot_error_message(err, answer));
	p->tries = 0;
	p->was_down = false;
	if (!p->again_timer)
		p->again_timer = g_timeout_add(AGAIN_MS, on_again_timer, p);
}

static void
on_again(GtkButton *button, gpointer user)
{
	struct preferences *p = user;
	(void)button;
	gtk_widget_set_sensitive(p->again, FALSE);
	pref_ask(p->window, p->tray->front, "daemon.stop", NULL, -1, on_stopped);
}

static GtkWidget *
new_again(struct preferences *p)
{
	GtkWidget *bar = gtk_box_new(GTK_ORIENTATION_HORIZONTAL, SPACING);
	GtkWidget *button = gtk_button_new_with_mnemonic(tr("Start Earshot _again"));
	p->again_text = gtk_label_new(tr("Some changes hold when Earshot has been started again."));
	gtk_label_set_line_wrap(GTK_LABEL(p->again_text), TRUE);
	gtk_label_set_xalign(GTK_LABEL(p->again_text), 0);
	g_signal_connect(button, "clicked", G_CALLBACK(on_again), p);
	gtk_box_pack_start(GTK_BOX(bar), p->again_text, TRUE, TRUE, 0);
	gtk_box_pack_end(GTK_BOX(bar), button, FALSE, FALSE, 0);
	g_object_set(bar, "margin", SPACING, NULL);
	gtk_widget_show_all(bar);
	gtk_widget_set_no_show_all(bar, TRUE);
	gtk_widget_hide(bar);
	return bar;
}

/* ---- the session ---- */

static void
tell_error(struct pref_row *r, const GError *error)
{
	pref_row_note(r, error ? PREF_ERROR : PREF_NOTHING, error ? error->message : NULL);
}

static void
on_start(GObject *control, GParamSpec *property, gpointer user)
{
	struct preferences *p = user;
	g_autoptr(GError) error = NULL;
	g_autofree char *program = autostart_program();
	(void)property;
	if (p->showing)
		return;
	(void)autostart_set(gtk_switch_get_active(GTK_SWITCH(control)), program, &error);
	tell_error(p->start, error);
}

static void
set_conf(struct pref_row *r, enum tray_conf which, GObject *control)
{
	g_autoptr(GError) error = NULL;
	(void)tray_conf_set(which, gtk_switch_get_active(GTK_SWITCH(control)), &error);
	tell_error(r, error);
}

static void
on_notices(GObject *control, GParamSpec *property, gpointer user)
{
	struct preferences *p = user;
	(void)property;
	set_conf(p->notices, TRAY_CONF_NOTICES, control);
	gtk_widget_set_sensitive(p->preview->widget, tray_conf_is_on(TRAY_CONF_NOTICES));
}

static void
on_preview(GObject *control, GParamSpec *property, gpointer user)
{
	struct preferences *p = user;
	(void)property;
	set_conf(p->preview, TRAY_CONF_PREVIEW, control);
}

static bool
is_dnd(const struct preferences *p)
{
	return str_equal(earshot_value_str(front_own(p->tray->front), "status"), "dnd");
}

static void
on_status(GtkWidget *window, int err, const struct earshot_value *answer)
{
	g_autofree char *clean = NULL;
	if (err)
		clean = text_clean(TEXT_NAME, earshot_error_message(err, answer));
	pref_row_note(of(window)->dnd, err ? PREF_ERROR : PREF_NOTHING, clean);
}

static void
on_dnd(GObject *control, GParamSpec *property, gpointer user)
{
	struct preferences *p = user;
	bool on = gtk_switch_get_active(GTK_SWITCH(control));
	(void)property;
	if (p->showing || on == is_dnd(p))
		return;
	struct earshot_value *params = earshot_value_object();
	earshot_value_set_str(params, "status", on ? "dnd" : "available");
	pref_ask(p->window, p->tray->front, "status", params, -1, on_status);
}

static GtkWidget *
new_session(struct preferences *p)
{
	GtkWidget *rows, *page = pref_page_new(&rows);
	p->start = pref_switch_new(tr("Start with the session"),
	    tr("You can be reached from the start of the session on, also without a window."),
	    autostart_is_on(), G_CALLBACK(on_start), p);
	p->notices = pref_switch_new(tr("Show notifications"),
	    tr("Of messages and files that come, on this computer."),
	    tray_conf_is_on(TRAY_CONF_NOTICES), G_CALLBACK(on_notices), p);
	p->preview = pref_switch_new(tr("Show what was said in notifications"),
	    tr("Without it they tell only who has written."), tray_conf_is_on(TRAY_CONF_PREVIEW),
	    G_CALLBACK(on_preview), p);
	p->dnd = pref_switch_new(tr("Do not disturb"),
	    tr("Others see it, and you get no notifications."), is_dnd(p), G_CALLBACK(on_dnd), p);
	pref_page_add(rows, p->start);
	pref_page_add(rows, p->notices);
	pref_page_add(rows, p->preview);
	pref_page_add(rows, p->dnd);
	gtk_widget_set_sensitive(p->preview->widget, tray_conf_is_on(TRAY_CONF_NOTICES));
	return page;
}

/* ---- the window ---- */

/* What somebody changed elsewhere meanwhile. */
static void
refresh(struct preferences *p)
{
	p->showing = true;
	gtk_switch_set_active(GTK_SWITCH(p->start->control), autostart_is_on());
	gtk_switch_set_active(GTK_SWITCH(p->dnd->control), is_dnd(p));
	p->showing = false;
	if (!p->again_timer)
		pref_ask(p->window, p->tray->front, "settings", NULL, -1, on_settings);
}

static void
on_active(GObject *window, GParamSpec *property, gpointer user)
{
	(void)property;
	if (gtk_window_is_active(GTK_WINDOW(window)))
		refresh(user);
}

static gboolean
on_key(GtkWidget *window, GdkEventKey *event, gpointer user)
{
	(void)user;
	if (event->keyval != GDK_KEY_Escape)
		return GDK_EVENT_PROPAGATE;
	gtk_window_close(GTK_WINDOW(window));
	return GDK_EVENT_STOP;
}

static void
on_destroy(GtkWidget *window, gpointer user)
{
	struct preferences *p = user;
	(void)window;
	if (p->again_timer)
		g_source_remove(p->again_timer);
	if (p->ask_timer)
		g_source_remove(p->ask_timer);
	p->again_timer = p->ask_timer = 0;
}

static void
preferences_free(gpointer data)
{
	struct preferences *p = data;
	g_hash_table_destroy(p->settings);
	g_free(p);
}

static void
add_page(GtkWidget *book, GtkWidget *page, const char *title)
{
	GtkWidget *label = gtk_label_new(title);
	gtk_label_set_xalign(GTK_LABEL(label), 0);
	gtk_notebook_append_page(GTK_NOTEBOOK(book), page, label);
}

static GtkWidget *
new_pages(struct preferences *p)
{
	GtkWidget *book = gtk_notebook_new();
	gtk_notebook_set_tab_pos(GTK_NOTEBOOK(book), GTK_POS_LEFT);
	p->own = own_page_new(p->tray->front);
	add_page(book, p->own, tr("You"));
	add_page(book, new_session(p), tr("This computer"));
	for (size_t i = 0; i < PAGES; i++)
		add_page(book, pref_page_new(&p->rows[i]), tr(pages[i].title));
	return book;
}

static GtkWidget *
new_problem(struct preferences *p)
{
	p->problem = gtk_label_new("");
	gtk_label_set_line_wrap(GTK_LABEL(p->problem), TRUE);
	g_object_set(p->problem, "margin", SPACING, NULL);
	gtk_style_context_add_class(
	    gtk_widget_get_style_context(p->problem), GTK_STYLE_CLASS_ERROR);
	gtk_widget_set_no_show_all(p->problem, TRUE);
	return p->problem;
}

static GtkWidget *
new_window(struct tray *t)
{
	struct preferences *p = g_new0(struct preferences, 1);
	GtkWidget *box = gtk_box_new(GTK_ORIENTATION_VERTICAL, 0);
	p->tray = t;
	p->settings = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	p->window = gtk_window_new(GTK_WINDOW_TOPLEVEL);
	g_object_set_data_full(G_OBJECT(p->window), "preferences", p, preferences_free);
	gtk_window_set_title(GTK_WINDOW(p->window), tr("Preferences of Earshot"));
	gtk_window_set_default_size(GTK_WINDOW(p->window), WIDTH, HEIGHT);
	gtk_window_set_application(GTK_WINDOW(p->window), t->app);
	if (t->window)
		gtk_window_set_transient_for(GTK_WINDOW(p->window), window_widget(t->window));
	p->again = new_again(p);
	gtk_box_pack_start(GTK_BOX(box), new_problem(p), FALSE, FALSE, 0);
	gtk_box_pack_start(GTK_BOX(box), new_pages(p), TRUE, TRUE, 0);
	gtk_box_pack_start(GTK_BOX(box), p->again, FALSE, FALSE, 0);
	gtk_container_add(GTK_CONTAINER(p->window), box);
	g_signal_connect(p->window, "notify::is-active", G_CALLBACK(on_active), p);
	g_signal_connect(p->window, "key-press-event", G_CALLBACK(on_key), p);
	g_signal_connect(p->window, "destroy", G_CALLBACK(on_destroy), p);
	gtk_widget_show_all(box);
	refresh(p);
	return p->window;
}

void
preferences_show(struct tray *t)
{
	static GtkWidget *window; /* weak */
	if (!window) {
		window = new_window(t);
		g_object_add_weak_pointer(G_OBJECT(window), (gpointer *)&window);
	}
	gtk_window_present(GTK_WINDOW(window));
}
