#include "tray/window_actions.h"

#include "base/tr.h"
#include "tray/ui.h"

static const struct known {
	const char *name, *keys[3], *help;
} known[] = {
    [WINDOW_FIND_PEOPLE] = {"find-people", {"<Primary>k"}, TR("Find people")},
    [WINDOW_FIND] = {"find", {"<Primary>f"}, TR("Find in this conversation")},
    [WINDOW_FIND_EVERYWHERE] = {"find-everywhere", {"<Primary><Shift>f"}, TR("Find everywhere")},
    [WINDOW_PREVIOUS] = {"previous", {"<Alt>Up", "<Primary>Page_Up"}, TR("Previous person")},
    [WINDOW_NEXT] = {"next", {"<Alt>Down", "<Primary>Page_Down"}, TR("Next person")},
    [WINDOW_PAGE_UP] = {"page-up", {"<Shift>Page_Up"}, TR("Scroll back")},
    [WINDOW_PAGE_DOWN] = {"page-down", {"<Shift>Page_Down"}, TR("Scroll forward")},
    [WINDOW_MESSAGES] = {"messages", {"<Primary>m"}, TR("Go to the messages")},
    [WINDOW_WRITE] = {"write", {"<Primary>e"}, TR("Write a message")},
    [WINDOW_COMPARE] = {"compare", {"<Primary><Shift>v"}, TR("Compare words")},
    [WINDOW_CLOSE] = {"close", {"<Primary>w"}, TR("Close the window")},
};

struct target {
	window_action_fn *fn;
	void *ctx;
	enum window_action action;
};

static void
on_activate(GSimpleAction *action, GVariant *value, gpointer ctx)
{
	const struct target *t = ctx;
	(void)action;
	(void)value;
	t->fn(t->ctx, t->action);
}

static void
target_free(gpointer t, GClosure *closure)
{
	(void)closure;
	g_free(t);
}

/* ---- the list of keys ---- */

static void
add_key(GtkWidget *grid, int row, const char *accelerator, const char *help)
{
	guint key = 0;
	GdkModifierType held = 0;
	gtk_accelerator_parse(accelerator, &key, &held);
	g_autofree char *label = gtk_accelerator_get_label(key, held);
	gtk_grid_attach(GTK_GRID(grid), ui_label(help, NULL), 0, row, 1, 1);
	gtk_grid_attach(GTK_GRID(grid), ui_label(label, "earshot-dim"), 1, row, 1, 1);
}

static void
on_keys(GSimpleAction *action, GVariant *value, gpointer ctx)
{
	static const struct {
		const char *key, *help;
	} fixed[] = {{"Return", TR("Send")}, {"<Shift>Return", TR("New line")},
	    {"Up", TR("Correct the last message (in an empty line)")},
	    {"Menu", TR("What can be done with a message")}, {"<Primary>c", TR("Copy a message")},
	    {"Escape", TR("Put away what is in the way")}};
	GtkWidget *dialog = gtk_dialog_new_with_buttons(tr("Keys"), GTK_WINDOW(ctx),
	    GTK_DIALOG_DESTROY_WITH_PARENT, tr("_Close"), GTK_RESPONSE_CLOSE, NULL);
	GtkWidget *grid = gtk_grid_new();
	int row = 0;
	(void)action;
	(void)value;
	gtk_grid_set_column_spacing(GTK_GRID(grid), 24);
	gtk_grid_set_row_spacing(GTK_GRID(grid), 6);
	ui_margin(grid, 18, 12);
	for (size_t i = 0; i < G_N_ELEMENTS(known); i++)
		add_key(grid, row++, known[i].keys[0], tr(known[i].help));
	for (size_t i = 0; i < G_N_ELEMENTS(fixed); i++)
		add_key(grid, row++, fixed[i].key, tr(fixed[i].help));
	gtk_container_add(GTK_CONTAINER(gtk_dialog_get_content_area(GTK_DIALOG(dialog))), grid);
	g_signal_connect(dialog, "response", G_CALLBACK(gtk_widget_destroy), NULL);
	gtk_widget_show_all(dialog);
}

void
window_actions_add(
    GtkApplication *app, GtkApplicationWindow *window, window_action_fn *fn, void *ctx)
{
	static const char *const keys_keys[] = {"<Primary>question", "F1", NULL};
	for (size_t i = 0; i < G_N_ELEMENTS(known); i++) {
		GSimpleAction *action = g_simple_action_new(known[i].name, NULL);
		struct target *t = g_new0(struct target, 1);
		*t = (struct target){fn, ctx, (enum window_action)i};
		g_autofree char *full = g_strconcat("win.", known[i].name, NULL);
		g_signal_connect_data(
		    action, "activate", G_CALLBACK(on_activate), t, target_free, 0);
		g_action_map_add_action(G_ACTION_MAP(window), G_ACTION(action));
		gtk_application_set_accels_for_action(app, full, known[i].keys);
		g_object_unref(action);
	}
	GSimpleAction *keys = g_simple_action_new("keys", NULL);
	g_signal_connect(keys, "activate", G_CALLBACK(on_keys), window);
	g_action_map_add_action(G_ACTION_MAP(window), G_ACTION(keys));
	gtk_application_set_accels_for_action(app, "win.keys", keys_keys);
	g_object_unref(keys);
}
