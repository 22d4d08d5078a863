#include "tray/dialogs.h"

#include "base/limits.h"
#include "base/str.h"
#include "base/tr.h"
#include "tray/places.h"
#include "tray/preferences.h"
#include "tray/window.h"

enum { BORDER = 12, SPACING = 6, DOCTOR_WIDTH = 640, DOCTOR_HEIGHT = 400 };

/* The window, if it is there to be shown above. */
static GtkWindow *
parent_of(const struct tray *t)
{
	GtkWindow *w = t->window ? window_widget(t->window) : NULL;
	return w && gtk_widget_get_visible(GTK_WIDGET(w)) ? w : NULL;
}

static struct tray *
tray_of(gpointer user)
{
	return user;
}

/* ---- about ---- */

static void
on_about(GSimpleAction *action, GVariant *parameter, gpointer user)
{
	(void)action, (void)parameter;
	gtk_show_about_dialog(parent_of(tray_of(user)), "program-name", "Earshot", "version",
	    EARSHOT_VERSION, "comments",
	    tr("Talk with the people on your network, without any server."), "copyright",
	    "\xc2\xa9 2026 The Earshot authors", "license-type", GTK_LICENSE_MIT_X11,
	    "logo-icon-name", "earshot", NULL);
}

/* ---- status text ---- */

static void
on_status_answer(GtkDialog *dialog, gint answer, gpointer user)
{
	struct tray *t = user;
	GtkEntry *entry = g_object_get_data(G_OBJECT(dialog), "entry");
	if (answer == GTK_RESPONSE_OK) {
		struct earshot_value *params = earshot_value_object();
		earshot_value_set_str(params, "text", gtk_entry_get_text(entry));
		front_call(t->front, "status", params, NULL, NULL);
	}
	gtk_widget_destroy(GTK_WIDGET(dialog));
}

static GtkWidget *
status_entry(const struct tray *t)
{
	const char *text = earshot_value_str(front_own(t->front), "text");
	GtkWidget *entry = gtk_entry_new();
	gtk_entry_set_text(GTK_ENTRY(entry), text ? text : "");
	gtk_entry_set_max_length(GTK_ENTRY(entry), LIMIT_STATUS_TEXT);
	gtk_entry_set_activates_default(GTK_ENTRY(entry), TRUE);
	gtk_entry_set_placeholder_text(GTK_ENTRY(entry), tr("In a meeting until three"));
	return entry;
}

static void
on_status_text(GSimpleAction *action, GVariant *parameter, gpointer user)
{
	struct tray *t = user;
	(void)action, (void)parameter;
	if (!t->front || !front_own(t->front))
		return;
	GtkWidget *dialog = gtk_dialog_new_with_buttons(tr("Status text"), parent_of(t), 0,
	    tr("_Cancel"), GTK_RESPONSE_CANCEL, tr("_Set"), GTK_RESPONSE_OK, NULL);
	GtkWidget *label = gtk_label_new_with_mnemonic(tr("_What others read beside your name:"));
	GtkWidget *entry = status_entry(t);
	GtkWidget *content = gtk_dialog_get_content_area(GTK_DIALOG(dialog));
	gtk_label_set_xalign(GTK_LABEL(label), 0);
	gtk_label_set_mnemonic_widget(GTK_LABEL(label), entry);
	gtk_container_set_border_width(GTK_CONTAINER(content), BORDER);
	gtk_box_set_spacing(GTK_BOX(content), SPACING);
	gtk_container_add(GTK_CONTAINER(content), label);
	gtk_container_add(GTK_CONTAINER(content), entry);
	gtk_dialog_set_default_response(GTK_DIALOG(dialog), GTK_RESPONSE_OK);
	g_object_set_data(G_OBJECT(dialog), "entry", entry);
	g_signal_connect(dialog, "response", G_CALLBACK(on_status_answer), t);
	gtk_widget_show_all(dialog);
	gtk_window_present(GTK_WINDOW(dialog));
}

/* ---- doctor: the command line knows how ---- */

static void
on_doctor_said(GObject *process, GAsyncResult *result, gpointer user)
{
	GtkTextBuffer *text = user; /* owned by this call */
	g_autofree char *said = NULL;
	g_autoptr(GError) error = NULL;
	if (!g_subprocess_communicate_utf8_finish(
		G_SUBPROCESS(process), result, &said, NULL, &error) ||
	    str_empty(said))
		gtk_text_buffer_set_text(
		    text, error ? error->message : tr("The examination said nothing."), -1);
	else
		gtk_text_buffer_set_text(text, said, -1);
	g_object_unref(text);
}

static void
examine(GtkTextBuffer *text)
{
	g_autofree char *earshot = places_earshot();
	g_autoptr(GError) error = NULL;
	g_autoptr(GSubprocess) process =
	    g_subprocess_new(G_SUBPROCESS_FLAGS_STDOUT_PIPE | G_SUBPROCESS_FLAGS_STDERR_MERGE,
		&error, earshot, "doctor", NULL);
	gtk_text_buffer_set_text(text,
	    process ? tr("Looking at this computer and its network\xe2\x80\xa6") : error->message,
	    -1);
	if (process)
		g_subprocess_communicate_utf8_async(
		    process, NULL, NULL, on_doctor_said, g_object_ref(text));
}

static void
on_doctor(GSimpleAction *action, GVariant *parameter, gpointer user)
{
	(void)action, (void)parameter;
	GtkWidget *dialog = gtk_dialog_new_with_buttons(tr("Why do people not see each other?"),
	    parent_of(tray_of(user)), 0, tr("_Close"), GTK_RESPONSE_CLOSE, NULL);
	GtkWidget *scroll = gtk_scrolled_window_new(NULL, NULL), *view = gtk_text_view_new();
	gtk_window_set_default_size(GTK_WINDOW(dialog), DOCTOR_WIDTH, DOCTOR_HEIGHT);
	gtk_text_view_set_editable(GTK_TEXT_VIEW(view), FALSE);
	gtk_text_view_set_cursor_visible(GTK_TEXT_VIEW(view), FALSE);
	gtk_text_view_set_wrap_mode(GTK_TEXT_VIEW(view), GTK_WRAP_WORD_CHAR);
	gtk_container_set_border_width(GTK_CONTAINER(view), BORDER);
	gtk_widget_set_vexpand(scroll, TRUE);
	gtk_container_add(GTK_CONTAINER(scroll), view);
	gtk_container_add(GTK_CONTAINER(gtk_dialog_get_content_area(GTK_DIALOG(dialog))), scroll);
	g_signal_connect(dialog, "response", G_CALLBACK(gtk_widget_destroy), NULL);
	examine(gtk_text_view_get_buffer(GTK_TEXT_VIEW(view)));
	gtk_widget_show_all(dialog);
	gtk_window_present(GTK_WINDOW(dialog));
}

/* ---- the others ---- */

static void
on_preferences(GSimpleAction *action, GVariant *parameter, gpointer user)
{
	struct tray *t = user;
	(void)action, (void)parameter;
	if (t->front)
		preferences_show(t);
}

static void
on_quit(GSimpleAction *action, GVariant *parameter, gpointer user)
{
	(void)action, (void)parameter;
	g_application_quit(G_APPLICATION(tray_of(user)->app));
}

void
dialogs_add_actions(struct tray *t)
{
	static const GActionEntry actions[] = {
	    {.name = "about", .activate = on_about},
	    {.name = "doctor", .activate = on_doctor},
	    {.name = "preferences", .activate = on_preferences},
	    {.name = "quit", .activate = on_quit},
	    {.name = "status-text", .activate = on_status_text},
	};
	g_action_map_add_action_entries(G_ACTION_MAP(t->app), actions, G_N_ELEMENTS(actions), t);
}
