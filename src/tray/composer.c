#include "tray/composer.h"

#include "base/str.h"
#include "base/tr.h"
#include "tray/ui.h"

#include <errno.h>
#include <stdlib.h>

enum {
	HEIGHT_MAX = 160,
	QUOTE_CHARS = 100,
	MARGIN = 13, /* one line stands in the middle of the lowest frame there is */
};

struct composer {
	const struct composer_listener *l;
	void *ctx;
	GtkWidget *box, *about, *about_text, *text, *frame, *hint;
	GtkTextBuffer *buffer;
	GHashTable *drafts;  /* by instance name */
	char *name;          /* owned; whose draft is shown; NULL: nobody's */
	int64_t reply, edit; /* numbers of messages; 0: none; at most one */
	gboolean quiet;      /* the text changes, but nobody types */
};

static char *
text_of(struct composer *c)
{
	GtkTextIter from, to;
	gtk_text_buffer_get_bounds(c->buffer, &from, &to);
	return gtk_text_buffer_get_text(c->buffer, &from, &to, FALSE);
}

static void
set_text(struct composer *c, const char *text)
{
	c->quiet = TRUE;
	gtk_text_buffer_set_text(c->buffer, text ? text : "", -1);
	c->quiet = FALSE;
}

/* ---- what it answers or corrects ---- */

static void
set_about(struct composer *c, const char *what, const struct front_message *m)
{
	g_autofree char *line = g_strdelimit(g_strdup(m->text), "\n", ' ');
	if (g_utf8_strlen(line, -1) > QUOTE_CHARS)
		*g_utf8_offset_to_pointer(line, QUOTE_CHARS) = '\0';
	/* "Answer to", and what is answered */
	g_autofree char *about = g_strdup_printf(tr("%s: %s"), what, line);
	gtk_label_set_text(GTK_LABEL(c->about_text), about);
	gtk_widget_show(c->about);
	gtk_widget_grab_focus(c->text);
}

bool
composer_leave(struct composer *c)
{
	bool edited = c->edit != 0, had = edited || c->reply != 0;
	c->reply = c->edit = 0;
	gtk_widget_hide(c->about);
	if (edited)
		set_text(c, c->name ? g_hash_table_lookup(c->drafts, c->name) : "");
	return had;
}

void
composer_reply(struct composer *c, const struct front_message *m)
{
	(void)composer_leave(c);
	c->reply = m->number;
	set_about(c, tr("Answer to"), m);
}

void
composer_edit(struct composer *c, const struct front_message *m)
{
	(void)composer_leave(c);
	g_autofree char *draft = text_of(c);
	if (c->name)
		g_hash_table_insert(c->drafts, g_strdup(c->name), g_strdup(draft));
	c->edit = m->number;
	set_about(c, tr("Correct"), m);
	set_text(c, m->text);
}

/* ---- whose it is ---- */

static void
keep_draft(struct composer *c)
{
	if (!c->name || c->edit)
		return;
	g_autofree char *text = text_of(c);
	if (str_empty(text))
		g_hash_table_remove(c->drafts, c->name);
	else
		g_hash_table_insert(c->drafts, g_strdup(c->name), g_strdup(text));
}

void
composer_show(struct composer *c, const struct front_person *p)
{
	if (p && str_equal(p->name, c->name))
		return;
	keep_draft(c);
	g_free(c->name);
	c->name = p ? g_strdup(p->name) : NULL;
	(void)composer_leave(c);
	set_text(c, p ? g_hash_table_lookup(c->drafts, p->name) : "");
	g_autofree char *name = g_strdup_printf(tr("Message to %s"), p ? p->display : "");
	ui_name(c->text, name);
}

void
composer_forget(struct composer *c, const struct front_person *p)
{
	g_hash_table_remove(c->drafts, p->name);
}

void
composer_focus(struct composer *c)
{
	gtk_widget_grab_focus(c->text);
}

/* ---- what the user does ---- */

static void
say(struct composer *c)
{
	g_autofree char *text = text_of(c);
	int64_t reply = c->reply, edit = c->edit;
	g_autofree char *bare = g_strstrip(g_strdup(text));
	if (!c->name || str_empty(bare))
		return;
	(void)composer_leave(c);
	if (!edit) {
		g_hash_table_remove(c->drafts, c->name);
		set_text(c, "");
	}
	c->l->on_say(c->ctx, text, reply, edit);
}

static void
on_send(GtkButton *button, gpointer ctx)
{
	(void)button;
	say(ctx);
}

static bool
is_empty(struct composer *c)
{
	return gtk_text_buffer_get_char_count(c->buffer) == 0;
}

static gboolean
on_key(GtkWidget *text, GdkEventKey *event, gpointer ctx)
{
	struct composer *c = ctx;
	GdkModifierType held = event->state & gtk_accelerator_get_default_mod_mask();
	bool enter = event->keyval == GDK_KEY_Return || event->keyval == GDK_KEY_KP_Enter ||
		     event->keyval == GDK_KEY_ISO_Enter;
	/* a composed character is not done yet: the key belongs to it */
	if (gtk_text_view_im_context_filter_keypress(GTK_TEXT_VIEW(text), event))
		return TRUE;
	if (enter && held == 0) {
		say(c);
		return TRUE;
	}
	if (event->keyval == GDK_KEY_Escape && held == 0)
		return composer_leave(c);
	if (event->keyval == GDK_KEY_Up && held == 0 && is_empty(c)) {
		c->l->on_correct_last(c->ctx);
		return TRUE;
	}
	/* Tab leaves: people who use only the keyboard have to get out of here */
	if (event->keyval == GDK_KEY_Tab && held == 0)
		return gtk_widget_child_focus(gtk_widget_get_toplevel(text), GTK_DIR_TAB_FORWARD);
	return FALSE;
}

static void
on_changed(GtkTextBuffer *buffer, gpointer ctx)
{
	struct composer *c = ctx;
	(void)buffer;
	gtk_widget_set_visible(c->hint, is_empty(c));
	if (!c->quiet && c->name)
		c->l->on_typing(c->ctx, !is_empty(c));
}

/* ---- pasting ---- */

/* One on its way: whoever has what was copied may take their time. */
struct paste {
	GtkWidget *text; /* owned: a reference */
	char *name;      /* owned; whom it is for; NULL: nobody */
	bool is_picture; /* and nothing to read */
};

/* False: another conversation is shown by now, and gets nothing of it. */
static bool
is_for(const struct paste *p, const struct composer *c)
{
	return p->name && str_equal(p->name, c->name);
}

static struct composer *
composer_of(const struct paste *p)
{
	return g_object_get_data(G_OBJECT(p->text), "composer");
}

static void
paste_free(struct paste *p)
{
	g_object_unref(p->text);
	g_free(p->name);
	g_free(p);
}

static void
on_image(GtkClipboard *clipboard, GdkPixbuf *picture, gpointer ctx)
{
	struct paste *p = ctx;
	struct composer *c = composer_of(p);
	(void)clipboard;
	if (picture && is_for(p, c))
		c->l->on_picture(c->ctx, picture);
	paste_free(p);
}

/* What is no file: p moves. */
static void
paste_content(GtkClipboard *clipboard, struct paste *p)
{
	struct composer *c = composer_of(p);
	if (p->is_picture) {
		gtk_clipboard_request_image(clipboard, on_image, p);
		return;
	}
	if (is_for(p, c))
		gtk_text_buffer_paste_clipboard(c->buffer, clipboard, NULL, TRUE);
	paste_free(p);
}

static void
on_uris(GtkClipboard *clipboard, char **uris, gpointer ctx)
{
	struct paste *p = ctx;
	struct composer *c = composer_of(p);
	if (!uris || !uris[0] || !g_str_has_prefix(uris[0], "file:")) {
		paste_content(clipboard, p);
		return;
	}
	if (is_for(p, c))
		c->l->on_files(c->ctx, uris);
	paste_free(p);
}

static void
on_targets(GtkClipboard *clipboard, GdkAtom *targets, int count, gpointer ctx)
{
	struct paste *p = ctx;
	p->is_picture = targets && !gtk_targets_include_text(targets, count) &&
			gtk_targets_include_image(targets, count, FALSE);
	if (targets && gtk_targets_include_uri(targets, count))
		gtk_clipboard_request_uris(clipboard, on_uris, p);
	else
		paste_content(clipboard, p);
}

/* Files and pictures are sent, only text goes into the line. */
static void
on_paste(GtkTextView *text, gpointer ctx)
{
	const struct composer *c = ctx;
	struct paste *p = g_new0(struct paste, 1);
	p->text = g_object_ref(GTK_WIDGET(text));
	p->name = g_strdup(c->name);
	g_signal_stop_emission_by_name(text, "paste-clipboard");
	gtk_clipboard_request_targets(
	    gtk_widget_get_clipboard(GTK_WIDGET(text), GDK_SELECTION_CLIPBOARD), on_targets, p);
}

/* ---- life ---- */

static void
on_attach_file(GtkMenuItem *item, gpointer ctx)
{
	struct composer *c = ctx;
	(void)item;
	c->l->on_attach(c->ctx, false);
}

static void
on_attach_folder(GtkMenuItem *item, gpointer ctx)
{
	struct composer *c = ctx;
	(void)item;
	c->l->on_attach(c->ctx, true);
}

static void
on_leave(GtkButton *button, gpointer ctx)
{
	(void)button;
	(void)composer_leave(ctx);
}

static GtkWidget *
attach_button(struct composer *c)
{
	GtkWidget *button = gtk_menu_button_new(), *menu = gtk_menu_new();
	GtkWidget *file = gtk_menu_item_new_with_mnemonic(tr("Send _files…"));
	GtkWidget *folder = gtk_menu_item_new_with_mnemonic(tr("Send a f_older…"));
	gtk_container_add(GTK_CONTAINER(button),
	    gtk_image_new_from_icon_name("mail-attachment-symbolic", GTK_ICON_SIZE_BUTTON));
	gtk_button_set_relief(GTK_BUTTON(button), GTK_RELIEF_NONE);
	gtk_widget_set_tooltip_text(button, tr("Send a file or folder"));
	ui_name(button, tr("Send a file or folder"));
	g_signal_connect(file, "activate", G_CALLBACK(on_attach_file), c);
	g_signal_connect(folder, "activate", G_CALLBACK(on_attach_folder), c);
	gtk_menu_shell_append(GTK_MENU_SHELL(menu), file);
	gtk_menu_shell_append(GTK_MENU_SHELL(menu), folder);
	gtk_widget_show_all(menu);
	gtk_menu_button_set_popup(GTK_MENU_BUTTON(button), menu);
	return button;
}

static void
make_about(struct composer *c)
{
	c->about = ui_add(c->box, ui_box(GTK_ORIENTATION_HORIZONTAL, 6));
	c->about_text = ui_fill(c->about, ui_label("", "earshot-quote"));
	GtkWidget *leave = ui_icon_button(
	    "window-close-symbolic", tr("Do not answer or correct"), G_CALLBACK(on_leave), c);
	ui_add(c->about, leave);
	gtk_widget_show_all(c->about);
	gtk_widget_hide(c->about);
	gtk_widget_set_no_show_all(c->about, TRUE);
}

static GtkWidget *
make_text(struct composer *c)
{
	GtkWidget *overlay = gtk_overlay_new();
	c->text = gtk_text_view_new();
	c->buffer = gtk_text_view_get_buffer(GTK_TEXT_VIEW(c->text));
	g_object_set_data(G_OBJECT(c->text), "composer", c);
	gtk_text_view_set_wrap_mode(GTK_TEXT_VIEW(c->text), GTK_WRAP_WORD_CHAR);
	gtk_text_view_set_accepts_tab(GTK_TEXT_VIEW(c->text), FALSE);
	gtk_text_view_set_top_margin(GTK_TEXT_VIEW(c->text), MARGIN);
	gtk_text_view_set_bottom_margin(GTK_TEXT_VIEW(c->text), MARGIN);
	gtk_text_view_set_left_margin(GTK_TEXT_VIEW(c->text), 6);
	/* files are let go on the conversation; the view's own target would get them, too */
	gtk_drag_dest_unset(c->text);
	c->frame = ui_scrolled(c->text, HEIGHT_MAX);
	ui_class(c->frame, "earshot-entry");
	gtk_container_add(GTK_CONTAINER(overlay), c->frame);
	c->hint = ui_label(tr("Write a message"), "earshot-dim");
	gtk_widget_set_halign(c->hint, GTK_ALIGN_START);
	gtk_widget_set_valign(c->hint, GTK_ALIGN_CENTER);
	ui_margin(c->hint, 12, 0);
	gtk_overlay_add_overlay(GTK_OVERLAY(overlay), c->hint);
	gtk_overlay_set_overlay_pass_through(GTK_OVERLAY(overlay), c->hint, TRUE);
	g_signal_connect(c->text, "key-press-event", G_CALLBACK(on_key), c);
	g_signal_connect(c->text, "paste-clipboard", G_CALLBACK(on_paste), c);
	g_signal_connect(c->buffer, "changed", G_CALLBACK(on_changed), c);
	return overlay;
}

int
composer_create(const struct composer_listener *l, void *ctx, struct composer **out)
{
	struct composer *c = calloc(1, sizeof(*c));
	if (!c)
		return -ENOMEM;
	c->l = l;
	c->ctx = ctx;
	c->drafts = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
	c->box = ui_box(GTK_ORIENTATION_VERTICAL, 4);
	ui_class(c->box, "earshot-foot");
	make_about(c);
	GtkWidget *line = ui_add(c->box, ui_box(GTK_ORIENTATION_HORIZONTAL, 6));
	gtk_widget_set_valign(ui_add(line, attach_button(c)), GTK_ALIGN_CENTER);
	ui_fill(line, make_text(c));
	GtkWidget *send = ui_button(tr("_Send"), G_CALLBACK(on_send), c);
	gtk_widget_set_valign(ui_add(line, send), GTK_ALIGN_CENTER);
	ui_class(send, "suggested-action");
	*out = c;
	return 0;
}

void
composer_destroy(struct composer *c)
{
	if (!c)
		return;
	g_hash_table_unref(c->drafts);
	g_free(c->name);
	free(c);
}

GtkWidget *
composer_widget(struct composer *c)
{
	return c->box;
}
