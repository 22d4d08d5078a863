#include "tray/offer.h"

#include "base/str.h"
#include "base/tr.h"
#include "front/transfer_words.h"
#include "tray/picture.h"
#include "tray/say.h"
#include "tray/ui.h"

#include <errno.h>
#include <fcntl.h>

enum { THUMBNAIL = 200, KEPT = 64, GAP = 10, BAR_WIDTH = 260, STATE_CHARS = 44 };

struct offer {
	struct front *f;
	char *id; /* owned */
	GtkWidget *box, *state, *bar, *picture;
};

/* Small copies by the id of their file; emptied when it grows. */
static GHashTable *kept;

static struct front_file *
file_of(const struct offer *o)
{
	return front_file_find(o->f, o->id);
}

/* ---- what can be done ---- */

static struct earshot_value *
this_one(const struct offer *o)
{
	struct earshot_value *params = earshot_value_object();
	earshot_value_set_str(params, "id", o->id);
	return params;
}

static void
on_method(GtkWidget *button, gpointer ctx)
{
	struct offer *o = ctx;
	front_call(o->f, g_object_get_data(G_OBJECT(button), "method"), this_one(o), NULL, NULL);
}

/* A folder is opened here, so that the daemon need not see the user's folders. The row may be built
 * anew while the dialog is open: it keeps what it needs itself. */
static void
on_folder(GtkNativeDialog *dialog, int response, gpointer ctx)
{
	struct front *f = ctx;
	char *path = gtk_file_chooser_get_filename(GTK_FILE_CHOOSER(dialog));
	int fd = response == GTK_RESPONSE_ACCEPT && path
		     ? open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
		     : -1;
	if (fd >= 0) {
		struct earshot_value *params = earshot_value_object();
		earshot_value_set_str(params, "id", g_object_get_data(G_OBJECT(dialog), "id"));
		front_call_fd(f, "accept", params, fd, NULL, NULL);
	}
	g_free(path);
	g_object_unref(dialog);
}

static void
on_save_in(GtkWidget *button, gpointer ctx)
{
	struct offer *o = ctx;
	GtkWidget *top = gtk_widget_get_toplevel(button);
	GtkFileChooserNative *dialog =
	    gtk_file_chooser_native_new(tr("Save in this folder"), GTK_WINDOW(top),
		GTK_FILE_CHOOSER_ACTION_SELECT_FOLDER, tr("_Save here"), tr("_Cancel"));
	g_object_set_data_full(G_OBJECT(dialog), "id", g_strdup(o->id), g_free);
	g_signal_connect(dialog, "response", G_CALLBACK(on_folder), o->f);
	gtk_native_dialog_set_modal(GTK_NATIVE_DIALOG(dialog), TRUE);
	gtk_native_dialog_show(GTK_NATIVE_DIALOG(dialog));
}

/* Its folder and never the file itself: what came from others is not opened by us (threat F5). */
static void
on_open_folder(GtkWidget *button, gpointer ctx)
{
	struct offer *o = ctx;
	struct front_file *file = file_of(o);
	const char *where = file ? earshot_value_str(file->info, "where") : NULL;
	if (!where)
		return;
	g_autofree char *folder = g_path_get_dirname(where);
	g_autofree char *uri = g_filename_to_uri(folder, NULL, NULL);
	if (uri)
		(void)gtk_show_uri_on_window(
		    GTK_WINDOW(gtk_widget_get_toplevel(button)), uri, GDK_CURRENT_TIME, NULL);
}

static void
add_method(struct offer *o, GtkWidget *line, const char *mnemonic, const char *method)
{
	GtkWidget *button = ui_add(line, ui_button(mnemonic, G_CALLBACK(on_method), o));
	/* a method's name is a literal */
	g_object_set_data_full(G_OBJECT(button), "method", g_strdup(method), g_free);
}

static void
add_buttons(struct offer *o, const struct earshot_value *info)
{
	GtkWidget *line = ui_box(GTK_ORIENTATION_HORIZONTAL, 6);
	const char *state = earshot_value_str(info, "state");
	const char *by = earshot_value_str(info, "paused_by");
	if (transfer_asks(info)) {
		add_method(o, line, tr("_Accept"), "accept");
		ui_add(line, ui_button(tr("_Save in…"), G_CALLBACK(on_save_in), o));
		add_method(o, line, tr("_Decline"), "decline");
	} else if (str_equal(state, "paused") && !str_equal(by, "them")) {
		add_method(o, line, tr("_Resume"), "resume");
	} else if (str_equal(state, "active") || str_equal(state, "waiting")) {
		add_method(o, line, tr("_Pause"), "pause");
	}
	if (!transfer_over(info) && !transfer_asks(info))
		add_method(o, line, tr("_Cancel"), "files.cancel");
	if (transfer_done(info) && transfer_incoming(info) &&
	    !str_empty(earshot_value_str(info, "where")))
		ui_add(line, ui_button(tr("_Open folder"), G_CALLBACK(on_open_folder), o));
	ui_add(o->box, line);
}

/* ---- the small copy ---- */

struct wish {
	GtkWidget *picture; /* weak */
	char *id;
};

static void
show_picture(GtkWidget *picture, GdkPixbuf *found)
{
	gtk_image_set_from_pixbuf(GTK_IMAGE(picture), found);
	gtk_widget_show(picture);
}

static void
on_thumbnail(void *ctx, int err, const struct earshot_value *answer)
{
	struct wish *wish = ctx;
	GdkPixbuf *found =
	    err ? NULL : picture_of_base64(earshot_value_str(answer, "data"), THUMBNAIL);
	if (found && wish->picture)
		show_picture(wish->picture, found);
	if (found) {
		if (g_hash_table_size(kept) >= KEPT)
			g_hash_table_remove_all(kept);
		g_hash_table_insert(kept, g_strdup(wish->id), found); /* moves */
	}
	if (wish->picture)
		g_object_remove_weak_pointer(G_OBJECT(wish->picture), (gpointer *)&wish->picture);
	g_free(wish->id);
	g_free(wish);
}

static void
add_picture(struct offer *o)
{
	if (!kept)
		kept = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_object_unref);
	o->picture = ui_add(o->box, gtk_image_new());
	gtk_widget_set_no_show_all(o->picture, TRUE);
	gtk_widget_set_halign(o->picture, GTK_ALIGN_START);
	ui_name(o->picture, tr("Small copy of the picture"));
	GdkPixbuf *found = g_hash_table_lookup(kept, o->id);
	if (found) {
		show_picture(o->picture, found);
		return;
	}
	struct wish *wish = g_new0(struct wish, 1);
	wish->id = g_strdup(o->id);
	wish->picture = o->picture;
	g_object_add_weak_pointer(G_OBJECT(o->picture), (gpointer *)&wish->picture);
	front_call(o->f, "files.thumbnail", this_one(o), on_thumbnail, wish);
}

/* ---- all of it ---- */

/* By the end of its name: what is in it nobody has looked at. */
static GtkWidget *
kind_icon(const char *name, bool folder)
{
	g_autofree char *type =
	    folder ? g_strdup("inode/directory") : g_content_type_guess(name, NULL, 0, NULL);
	g_autoptr(GIcon) icon = g_content_type_get_icon(type);
	GtkWidget *image = gtk_image_new_from_gicon(icon, GTK_ICON_SIZE_DND);
	ui_name(image, folder ? tr("Folder") : tr("File"));
	gtk_widget_set_valign(image, GTK_ALIGN_START);
	return image;
}

static void
add_head(struct offer *o, const struct earshot_value *info, const char *name)
{
	GtkWidget *line = ui_add(o->box, ui_box(GTK_ORIENTATION_HORIZONTAL, GAP));
	GtkWidget *words = ui_box(GTK_ORIENTATION_VERTICAL, 1);
	bool folder = earshot_value_bool(info, "folder", false);
	g_autofree char *extent = say_extent(info);
	ui_add(line, kind_icon(name, folder));
	ui_add(words, ui_text(name, "earshot-name"));
	if (extent[0])
		ui_class(ui_add(words, ui_label(extent, "earshot-dim")), "earshot-small");
	ui_fill(line, words);
}

static void
show_state(struct offer *o, const struct earshot_value *info)
{
	const char *state = earshot_value_str(info, "state");
	int64_t done = earshot_value_int(info, "done", 0),
		size = earshot_value_int(info, "size", 0);
	bool moves = str_equal(state, "active") || str_equal(state, "paused") ||
		     str_equal(state, "verifying");
	g_autofree char *words = say_file_state(info);
	gtk_label_set_text(GTK_LABEL(o->state), words);
	ui_set_class(o->state, "earshot-bad", str_equal(state, "failed"));
	gtk_widget_set_visible(o->bar, moves && size > 0);
	if (size > 0)
		gtk_progress_bar_set_fraction(
		    GTK_PROGRESS_BAR(o->bar), CLAMP((double)done / (double)size, 0.0, 1.0));
}

static void
on_destroy(GtkWidget *box, gpointer ctx)
{
	struct offer *o = ctx;
	struct front_file *file = file_of(o);
	(void)box;
	if (file && file->user == o)
		file->user = NULL;
}

static void
offer_free(gpointer data)
{
	struct offer *o = data;
	g_free(o->id);
	g_free(o);
}

GtkWidget *
offer_new(struct front *f, struct front_file *file, const char *name)
{
	struct offer *o = g_new0(struct offer, 1);
	const struct earshot_value *info = file ? file->info : NULL;
	o->f = f;
	o->id = g_strdup(file ? file->id : "");
	o->box = ui_box(GTK_ORIENTATION_VERTICAL, 6);
	g_object_set_data_full(G_OBJECT(o->box), "offer", o, offer_free);
	if (info && earshot_value_bool(info, "thumbnail", false))
		add_picture(o);
	add_head(o, info, name);
	if (!info)
		return o->box;
	file->user = o;
	g_signal_connect(o->box, "destroy", G_CALLBACK(on_destroy), o);
	o->bar = ui_add(o->box, gtk_progress_bar_new());
	gtk_widget_set_no_show_all(o->bar, TRUE);
	gtk_widget_set_size_request(o->bar, BAR_WIDTH, -1);
	ui_name(o->bar, name);
	o->state = ui_add(o->box, ui_text("", "earshot-small"));
	gtk_label_set_max_width_chars(GTK_LABEL(o->state), STATE_CHARS);
	show_state(o, info);
	add_buttons(o, info);
	return o->box;
}

void
offer_progress(struct front_file *file)
{
	struct offer *o = file->user;
	if (o)
		show_state(o, file->info);
}

GtkWidget *
offer_widget(const struct front_file *file)
{
	const struct offer *o = file->user;
	return o ? o->box : NULL;
}
