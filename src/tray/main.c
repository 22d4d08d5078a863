/* earshot-tray: people, messages and files in a panel and a window. */
#include "base/tr.h"
#include "tray/app.h"
#include "tray/autostart.h"

#include <stdlib.h>

static void
on_activate(GApplication *application, gpointer user)
{
	struct app *a = user;
	(void)application;
	if (a->icon)
		app_open(&a->tray, NULL); /* started once more: somebody looks for us */
	else
		app_start(a);
}

/* word: "on", "off", or "status": only to be told. */
static gint
switch_autostart(const char *word)
{
	bool on = g_str_equal(word, "on");
	g_autoptr(GError) error = NULL;
	g_autofree char *program = autostart_program();
	if (!on && !g_str_equal(word, "off") && !g_str_equal(word, "status")) {
		g_printerr(tr("earshot-tray: --autostart can be on, off or status.\n"));
		return EXIT_FAILURE;
	}
	if (!g_str_equal(word, "status") && !autostart_set(on, program, &error)) {
		g_printerr("earshot-tray: %s\n", error->message);
		return EXIT_FAILURE;
	}
	g_print("%s\n", autostart_is_on() ? "on" : "off");
	return EXIT_SUCCESS;
}

/* -1: go on; else what the program ends with. */
static gint
on_options(GApplication *application, GVariantDict *rest, gpointer user)
{
	struct app *a = user;
	g_autoptr(GError) error = NULL;
	gboolean given;
	if (g_variant_dict_lookup(rest, "version", "b", &given)) {
		g_print("earshot-tray %s\n", EARSHOT_VERSION);
		return EXIT_SUCCESS;
	}
	const char *word;
	if (g_variant_dict_lookup(rest, "autostart", "&s", &word))
		return switch_autostart(word);
	g_variant_dict_lookup(rest, "socket", "^ay", &a->socket_path);
	a->wants_window = g_variant_dict_lookup(rest, "window", "b", &given);
	a->in_background = g_variant_dict_lookup(rest, "background", "b", &given);
	if (!g_application_register(application, NULL, &error)) {
		g_printerr("earshot-tray: %s\n", error->message);
		return EXIT_FAILURE;
	}
	/* one is there already, and nobody asked for its window */
	if (g_application_get_is_remote(application) && a->in_background)
		return EXIT_SUCCESS;
	return -1;
}

static void
add_options(GApplication *application)
{
	const GOptionEntry options[] = {
	    {"window", 'w', 0, G_OPTION_ARG_NONE, NULL, tr("Open the window at once"), NULL},
	    {"background", 'b', 0, G_OPTION_ARG_NONE, NULL,
		tr("Show only the icon, as at the start of a session"), NULL},
	    {"socket", 's', 0, G_OPTION_ARG_FILENAME, NULL, tr("Talk to the daemon at this socket"),
		tr("PATH")},
	    {"autostart", 0, 0, G_OPTION_ARG_STRING, NULL,
		tr("Switch whether it starts with the session, and end"), "on|off|status"},
	    {"version", 'V', 0, G_OPTION_ARG_NONE, NULL, tr("Print the version"), NULL},
	    {0},
	};
	g_application_add_main_option_entries(application, options);
}

int
main(int argc, char **argv)
{
	struct app a = {0};
	tr_init();
	gtk_disable_setlocale();       /* it has been set, and not quite as GTK would */
	g_set_prgname("earshot-tray"); /* the name of the desktop file, by which windows find it */
	g_set_application_name("Earshot");
	gtk_window_set_default_icon_name("earshot");
	a.tray.app = gtk_application_new(TRAY_APP_ID, G_APPLICATION_DEFAULT_FLAGS);
	add_options(G_APPLICATION(a.tray.app));
	g_signal_connect(a.tray.app, "handle-local-options", G_CALLBACK(on_options), &a);
	g_signal_connect(a.tray.app, "activate", G_CALLBACK(on_activate), &a);
	int status = g_application_run(G_APPLICATION(a.tray.app), argc, argv);
	app_stop(&a);
	g_object_unref(a.tray.app);
	g_free(a.socket_path);
	return status ? status : a.exit_status;
}
