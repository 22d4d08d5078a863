#include "tray/message_menu.h"

#include "base/str.h"
#include "base/tr.h"

struct menu {
	struct front *f;
	const struct message_menu_listener *l;
	void *ctx;
	char *person, *text; /* owned */
	int64_t number;
	GtkWidget *row; /* weak */
};

static void
menu_free(gpointer data)
{
	struct menu *m = data;
	if (m->row)
		g_object_remove_weak_pointer(G_OBJECT(m->row), (gpointer *)&m->row);
	g_free(m->person);
	g_free(m->text);
	g_free(m);
}

struct front_message *
message_menu_find(const struct front_person *p, int64_t number)
{
	for (size_t i = p->count; number && i > 0; i--)
		if (p->messages[i - 1]->number == number)
			return p->messages[i - 1];
	return NULL;
}

/* False: it is gone. */
static bool
look_up(const struct menu *menu, struct front_person **p, struct front_message **m)
{
	*p = front_find(menu->f, menu->person);
	*m = *p ? message_menu_find(*p, menu->number) : NULL;
	return *m != NULL;
}

static void
on_reply(GtkMenuItem *item, gpointer ctx)
{
	struct menu *menu = ctx;
	struct front_person *p;
	struct front_message *m;
	(void)item;
	if (look_up(menu, &p, &m) && menu->row)
		menu->l->on_reply(menu->ctx, m);
}

static void
on_edit(GtkMenuItem *item, gpointer ctx)
{
	struct menu *menu = ctx;
	struct front_person *p;
	struct front_message *m;
	(void)item;
	if (look_up(menu, &p, &m) && menu->row)
		menu->l->on_edit(menu->ctx, m);
}

static void
on_retract(GtkMenuItem *item, gpointer ctx)
{
	struct menu *menu = ctx;
	struct front_person *p;
	struct front_message *m;
	(void)item;
	if (look_up(menu, &p, &m))
		front_retract(menu->f, p, m);
}

static void
on_cancel(GtkMenuItem *item, gpointer ctx)
{
	struct menu *menu = ctx;
	struct front_person *p;
	struct front_message *m;
	(void)item;
	if (look_up(menu, &p, &m))
		front_cancel(menu->f, p, m);
}

static void
on_react(GtkMenuItem *item, gpointer ctx)
{
	struct menu *menu = ctx;
	struct front_person *p;
	struct front_message *m;
	if (look_up(menu, &p, &m))
		front_react(menu->f, p, m, g_object_get_data(G_OBJECT(item), "emoji"));
}

static void
copy(GtkWidget *w, const char *text)
{
	gtk_clipboard_set_text(gtk_widget_get_clipboard(w, GDK_SELECTION_CLIPBOARD), text, -1);
}

static void
on_copy(GtkMenuItem *item, gpointer ctx)
{
	struct menu *menu = ctx;
	(void)item;
	if (menu->row)
		copy(menu->row, menu->text);
}

void
message_menu_copy(GtkWidget *w, const struct front_message *m)
{
	copy(w, m->text);
}

static GtkWidget *
add(GtkWidget *shell, const char *mnemonic, GCallback fn, struct menu *menu)
{
	GtkWidget *item = gtk_menu_item_new_with_mnemonic(mnemonic);
	gtk_menu_shell_append(GTK_MENU_SHELL(shell), item);
	if (fn)
		g_signal_connect(item, "activate", fn, menu);
	return item;
}

static void
add_reactions(GtkWidget *shell, struct menu *menu)
{
	static const struct {
		const char *emoji, *name;
	} choices[] = {{"👍", TR("Thumbs up")}, {"❤", TR("Heart")}, {"😂", TR("Laughing")},
	    {"😮", TR("Surprised")}, {"😢", TR("Sad")}, {"🎉", TR("Hooray")}};
	GtkWidget *sub = gtk_menu_new();
	for (size_t i = 0; i < G_N_ELEMENTS(choices); i++) {
		/* an emoji and its name */
		g_autofree char *label =
		    g_strdup_printf("%s  %s", choices[i].emoji, tr(choices[i].name));
		GtkWidget *item = add(sub, label, G_CALLBACK(on_react), menu);
		g_object_set_data_full(G_OBJECT(item), "emoji", g_strdup(choices[i].emoji), g_free);
	}
	GtkWidget *none = add(sub, tr("_None"), G_CALLBACK(on_react), menu);
	g_object_set_data_full(G_OBJECT(none), "emoji", g_strdup(""), g_free);
	gtk_menu_item_set_submenu(GTK_MENU_ITEM(add(shell, tr("Rea_ct"), NULL, menu)), sub);
}

static void
fill(GtkWidget *shell, struct menu *menu, const struct front_message *m)
{
	bool kept = !str_empty(m->id), stands = kept && !m->retracted;
	bool over = m->mark == FRONT_FAILED || m->mark == FRONT_CANCELLED;
	if (stands && !over) {
		add(shell, tr("_Reply"), G_CALLBACK(on_reply), menu);
		add_reactions(shell, menu);
	}
	if (stands && m->ours && !m->file && !over)
		add(shell, tr("C_orrect"), G_CALLBACK(on_edit), menu);
	if (stands && m->ours && !m->file && m->mark != FRONT_QUEUED && !over)
		add(shell, tr("_Take back"), G_CALLBACK(on_retract), menu);
	if (kept && m->ours && m->mark == FRONT_QUEUED && !m->file)
		add(shell, tr("Cancel _sending"), G_CALLBACK(on_cancel), menu);
	if (!m->retracted)
		add(shell, tr("_Copy"), G_CALLBACK(on_copy), menu);
}

void
message_menu_popup(struct front *f, const struct front_person *p, const struct front_message *m,
    GtkWidget *row, const GdkEvent *event, const struct message_menu_listener *l, void *ctx)
{
	struct menu *menu = g_new0(struct menu, 1);
	GtkWidget *shell = gtk_menu_new();
	*menu = (struct menu){.f = f, .l = l, .ctx = ctx, .row = row};
	menu->person = g_strdup(p->name);
	menu->number = m->number;
	menu->text = g_strdup(m->text);
	g_object_add_weak_pointer(G_OBJECT(row), (gpointer *)&menu->row);
	g_object_set_data_full(G_OBJECT(shell), "menu", menu, menu_free);
	fill(shell, menu, m);
	gtk_menu_attach_to_widget(GTK_MENU(shell), row, NULL);
	g_signal_connect(shell, "selection-done", G_CALLBACK(gtk_widget_destroy), NULL);
	gtk_widget_show_all(shell);
	if (event)
		gtk_menu_popup_at_pointer(GTK_MENU(shell), event);
	else
		gtk_menu_popup_at_widget(
		    GTK_MENU(shell), row, GDK_GRAVITY_SOUTH_WEST, GDK_GRAVITY_NORTH_WEST, NULL);
	gtk_menu_shell_select_first(GTK_MENU_SHELL(shell), FALSE);
}
