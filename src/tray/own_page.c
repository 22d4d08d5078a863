#include "tray/own_page.h"

#include "base/buf.h"
#include "base/hex.h"
#include "base/limits.h"
#include "base/str.h"
#include "base/text.h"
#include "base/tr.h"
#include "tray/own_picture.h"
#include "tray/pref_row.h"
#include "tray/setting_row.h"

#include <string.h>

enum { PICTURE_SIDE = 64, ENTRY_WIDTH = 24, SPACING = 6, REMARK_MAX = 8192 };

struct own_page {
	struct front *f; /* borrowed */
	GtkWidget *page, *picture, *remove;
	struct pref_row *name, *nick, *picture_row;
	char *hash;      /* owned; of the picture that is shown; NULL: none */
	bool by_setting; /* the name stands in earshot.conf, and is changed there */
};

static struct own_page *
of(GtkWidget *page)
{
	return g_object_get_data(G_OBJECT(page), "own");
}

static const char *
own_text(const struct own_page *o, const char *key)
{
	const char *text = earshot_value_str(front_own(o->f), key);
	return text ? text : "";
}

static void
tell(struct pref_row *r, int err, const struct earshot_value *answer)
{
	g_autofree char *clean = NULL;
	if (err)
		clean = text_clean(TEXT_NAME, earshot_error_message(err, answer));
	pref_row_note(r, err ? PREF_ERROR : PREF_NOTHING, clean);
}

/* ---- names ---- */

static void
on_named(GtkWidget *page, int err, const struct earshot_value *answer)
{
	tell(of(page)->name, err, answer);
}

static void
on_nicked(GtkWidget *page, int err, const struct earshot_value *answer)
{
	tell(of(page)->nick, err, answer);
}

static struct earshot_value *
params_of(const char *key, const char *text)
{
	struct earshot_value *params = earshot_value_object();
	earshot_value_set_str(params, key, text);
	return params;
}

static void
on_name(GtkEntry *entry, gpointer user)
{
	struct own_page *o = user;
	const char *text = gtk_entry_get_text(entry);
	if (str_equal(text, own_text(o, "full_name")) ||
	    !gtk_widget_is_sensitive(GTK_WIDGET(entry)))
		return;
	if (!o->by_setting) {
		pref_ask(o->page, o->f, "set.name", params_of("text", text), -1, on_named);
		return;
	}
	struct earshot_value *params = params_of("key", "user.name");
	earshot_value_set_str(params, "value", text);
	pref_ask(o->page, o->f, "settings.set", params, -1, on_named);
}

static void
on_nick(GtkEntry *entry, gpointer user)
{
	struct own_page *o = user;
	const char *text = gtk_entry_get_text(entry);
	if (!str_equal(text, own_text(o, "nick")))
		pref_ask(o->page, o->f, "set.nick", params_of("text", text), -1, on_nicked);
}

static gboolean
on_left(GtkWidget *entry, GdkEvent *event, gpointer user)
{
	(void)event;
	(void)user;
	gtk_widget_activate(entry); /* as Enter does */
	return GDK_EVENT_PROPAGATE;
}

static struct pref_row *
new_entry(struct own_page *o, const char *title, const char *help, GCallback changed)
{
	GtkWidget *entry = gtk_entry_new();
	gtk_entry_set_width_chars(GTK_ENTRY(entry), ENTRY_WIDTH);
	gtk_entry_set_max_length(GTK_ENTRY(entry), LIMIT_NICK);
	g_signal_connect(entry, "activate", changed, o);
	g_signal_connect(entry, "focus-out-event", G_CALLBACK(on_left), o);
	return pref_row_new(title, help, entry, NULL);
}

/* ---- the picture ---- */

static void
show_picture(struct own_page *o, const guint8 *data, gsize len)
{
	g_autoptr(GInputStream) in = g_memory_input_stream_new_from_data(data, (gssize)len, NULL);
	g_autoptr(GdkPixbuf) picture = len ? gdk_pixbuf_new_from_stream_at_scale(
						 in, PICTURE_SIDE, PICTURE_SIDE, TRUE, NULL, NULL)
					   : NULL;
	if (picture) {
		gtk_image_set_from_pixbuf(GTK_IMAGE(o->picture), picture);
	} else {
		gtk_image_set_from_icon_name(
		    GTK_IMAGE(o->picture), "avatar-default-symbolic", GTK_ICON_SIZE_DIALOG);
		gtk_image_set_pixel_size(GTK_IMAGE(o->picture), PICTURE_SIDE);
	}
	gtk_widget_set_sensitive(o->remove, picture != NULL);
	atk_object_set_name(gtk_widget_get_accessible(o->picture),
	    picture ? tr("Your picture") : tr("You have no picture"));
}

static void
on_own_picture(GtkWidget *page, int err, const struct earshot_value *answer)
{
	const char *digits = err ? "" : earshot_value_str(answer, "data");
	size_t len = digits ? strlen(digits) / 2 : 0;
	guint8 data[LIMIT_AVATAR];
	if (len > sizeof(data) || !digits || hex_decode(data, digits, strlen(digits)) != 0)
		len = 0;
	show_picture(of(page), data, len);
}

static void
on_pictured(GtkWidget *page, int err, const struct earshot_value *answer)
{
	struct own_page *o = of(page);
	tell(o->picture_row, err, answer);
	if (!err)
		pref_ask(page, o->f, "avatar", NULL, -1, on_own_picture);
}

static void
send_picture(struct own_page *o, const guint8 *data, gsize len)
{
	g_autofree char *digits = g_malloc(2 * len + 1);
	hex_encode(digits, data, len);
	pref_ask(o->page, o->f, "set.avatar", params_of("data", digits), -1, on_pictured);
}

static void
take_picture(GtkWidget *page, const char *path)
{
	struct own_page *o = of(page);
	g_autoptr(GError) error = NULL;
	GBytes *bytes = own_picture_shrink(path, &error);
	gsize len = 0;
	if (!bytes) {
		pref_row_note(o->picture_row, PREF_ERROR, error->message);
		return;
	}
	const guint8 *data = g_bytes_get_data(bytes, &len);
	send_picture(o, data, len);
	g_bytes_unref(bytes);
}

static void
on_choose(GtkButton *button, gpointer user)
{
	struct own_page *o = user;
	GtkFileFilter *filter = gtk_file_filter_new();
	(void)button;
	gtk_file_filter_add_pixbuf_formats(filter);
	gtk_file_filter_set_name(filter, tr("Pictures"));
	pref_choose(o->page, tr("Choose your picture"), GTK_FILE_CHOOSER_ACTION_OPEN, filter, NULL,
	    take_picture);
}

static void
on_remove(GtkButton *button, gpointer user)
{
	(void)button;
	send_picture(user, (const guint8 *)"", 0);
}

static struct pref_row *
new_picture(struct own_page *o)
{
	GtkWidget *beside = gtk_box_new(GTK_ORIENTATION_HORIZONTAL, SPACING);
	GtkWidget *choose = gtk_button_new_with_mnemonic(tr("_Choose ..."));
	g_signal_connect(choose, "clicked", G_CALLBACK(on_choose), o);
	o->picture = gtk_image_new();
	o->remove = gtk_button_new_with_mnemonic(tr("_Remove"));
	gtk_widget_set_valign(o->remove, GTK_ALIGN_CENTER);
	atk_object_set_name(gtk_widget_get_accessible(o->remove), tr("Remove your picture"));
	g_signal_connect(o->remove, "clicked", G_CALLBACK(on_remove), o);
	gtk_box_pack_start(GTK_BOX(beside), o->remove, FALSE, FALSE, 0);
	gtk_box_pack_start(GTK_BOX(beside), o->picture, FALSE, FALSE, 0);
	struct pref_row *r = pref_row_new(tr("Picture"),
	    tr("Any picture: it is made small enough to travel to everybody."), choose, beside);
	atk_object_set_name(gtk_widget_get_accessible(choose), tr("Choose your picture"));
	return r;
}

/* ---- all of it ---- */

static void
show_entry(struct pref_row *r, const char *text)
{
	if (!gtk_widget_has_focus(r->control))
		gtk_entry_set_text(GTK_ENTRY(r->control), text);
}

void
own_page_show(GtkWidget *page, const struct earshot_value *name)
{
	struct own_page *o = of(page);
	const char *hash = own_text(o, "avatar");
	struct buf remark = BUF_INIT(REMARK_MAX);
	enum pref_note note = name ? setting_row_remark(name, &remark) : PREF_NOTHING;
	o->by_setting = name && !str_equal(earshot_value_str(name, "origin"), "default");
	show_entry(o->name, own_text(o, "full_name"));
	show_entry(o->nick, own_text(o, "nick"));
	pref_row_note(o->name, note, buf_cstr(&remark));
	buf_finish(&remark);
	if (str_equal(hash, o->hash))
		return;
	g_free(o->hash);
	o->hash = g_strdup(hash);
	if (*hash)
		pref_ask(page, o->f, "avatar", NULL, -1, on_own_picture);
	else
		show_picture(o, NULL, 0);
}

static void
own_page_free(gpointer data)
{
	struct own_page *o = data;
	g_free(o->hash);
	g_free(o);
}

GtkWidget *
own_page_new(struct front *f)
{
	struct own_page *o = g_new0(struct own_page, 1);
	GtkWidget *rows;
	o->f = f;
	o->page = pref_page_new(&rows);
	g_object_set_data_full(G_OBJECT(o->page), "own", o, own_page_free);
	o->name = new_entry(o, tr("Full name"), tr("What others see you as."), G_CALLBACK(on_name));
	o->nick = new_entry(o, tr("Nickname"),
	    tr("Others see it instead of your full name. It may be empty."), G_CALLBACK(on_nick));
	o->picture_row = new_picture(o);
	pref_page_add(rows, o->name);
	pref_page_add(rows, o->nick);
	pref_page_add(rows, o->picture_row);
	return o->page;
}
