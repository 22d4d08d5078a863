#include "tray/pref_row.h"

#include "base/tr.h"

#include <string.h>

enum { GAP = 12, SMALL_GAP = 4, WIDE = 56 /* characters of a line */ };

/* ---- rows ---- */

static GtkWidget *
new_text(const char *text, const char *style_class)
{
	GtkWidget *label = gtk_label_new(text);
	gtk_label_set_xalign(GTK_LABEL(label), 0);
	gtk_label_set_line_wrap(GTK_LABEL(label), TRUE);
	gtk_label_set_line_wrap_mode(GTK_LABEL(label), PANGO_WRAP_WORD_CHAR);
	gtk_label_set_max_width_chars(GTK_LABEL(label), WIDE);
	if (style_class)
		gtk_style_context_add_class(gtk_widget_get_style_context(label), style_class);
	return label;
}

/* Hidden until there is something to say. */
static void
add_note(struct pref_row *r)
{
	r->note = gtk_box_new(GTK_ORIENTATION_HORIZONTAL, SMALL_GAP);
	r->note_icon = gtk_image_new();
	r->note_text = new_text("", NULL);
	gtk_widget_set_valign(r->note_icon, GTK_ALIGN_START);
	gtk_box_pack_start(GTK_BOX(r->note), r->note_icon, FALSE, FALSE, 0);
	gtk_box_pack_start(GTK_BOX(r->note), r->note_text, TRUE, TRUE, 0);
	gtk_widget_show_all(r->note);
	gtk_widget_set_no_show_all(r->note, TRUE);
	gtk_widget_hide(r->note);
}

static void
row_free(gpointer data)
{
	struct pref_row *r = data;
	g_free(r->help);
	g_free(r);
}

struct pref_row *
pref_row_new(const char *title, const char *help, GtkWidget *control, GtkWidget *beside)
{
	struct pref_row *r = g_new0(struct pref_row, 1);
	GtkWidget *top = gtk_box_new(GTK_ORIENTATION_HORIZONTAL, GAP);
	GtkWidget *label = new_text(title, NULL);
	r->control = control;
	r->help = g_strdup(help);
	r->widget = gtk_box_new(GTK_ORIENTATION_VERTICAL, SMALL_GAP);
	gtk_label_set_mnemonic_widget(GTK_LABEL(label), control);
	gtk_widget_set_valign(control, GTK_ALIGN_CENTER);
	gtk_box_pack_start(GTK_BOX(top), label, TRUE, TRUE, 0);
	if (beside)
		gtk_box_pack_end(GTK_BOX(top), beside, FALSE, FALSE, 0);
	gtk_box_pack_end(GTK_BOX(top), control, FALSE, FALSE, 0);
	gtk_box_pack_start(GTK_BOX(r->widget), top, FALSE, FALSE, 0);
	if (help)
		gtk_box_pack_start(
		    GTK_BOX(r->widget), new_text(help, GTK_STYLE_CLASS_DIM_LABEL), FALSE, FALSE, 0);
	add_note(r);
	gtk_box_pack_start(GTK_BOX(r->widget), r->note, FALSE, FALSE, 0);
	atk_object_set_name(gtk_widget_get_accessible(control), title);
	atk_object_set_description(gtk_widget_get_accessible(control), help ? help : "");
	g_object_set_data_full(G_OBJECT(r->widget), "row", r, row_free);
	return r;
}

void
pref_row_note(struct pref_row *r, enum pref_note note, const char *text)
{
	static const char *const icons[] = {[PREF_LOCKED] = "changes-prevent-symbolic",
	    [PREF_LATER] = "document-open-recent-symbolic",
	    [PREF_ERROR] = "dialog-error-symbolic"};
	/* not the words: dark themes have a red that nobody can read */
	GtkStyleContext *style = gtk_widget_get_style_context(r->note_icon);
	bool any = note != PREF_NOTHING && text && *text;
	g_autofree char *all =
	    any ? g_strdup_printf("%s\n%s", text, r->help ? r->help : "") : g_strdup(r->help);
	gtk_widget_set_visible(r->note, any);
	gtk_label_set_text(GTK_LABEL(r->note_text), any ? text : "");
	gtk_style_context_remove_class(style, GTK_STYLE_CLASS_ERROR);
	if (note == PREF_ERROR)
		gtk_style_context_add_class(style, GTK_STYLE_CLASS_ERROR);
	if (any)
		gtk_image_set_from_icon_name(
		    GTK_IMAGE(r->note_icon), icons[note], GTK_ICON_SIZE_MENU);
	gtk_widget_set_sensitive(r->control, note != PREF_LOCKED);
	gtk_widget_set_tooltip_text(r->widget, note == PREF_LOCKED ? text : NULL);
	atk_object_set_description(gtk_widget_get_accessible(r->control), all ? all : "");
}

struct pref_row *
pref_switch_new(const char *title, const char *help, bool on, GCallback changed, gpointer ctx)
{
	GtkWidget *control = gtk_switch_new();
	gtk_switch_set_active(GTK_SWITCH(control), on);
	g_signal_connect(control, "notify::active", changed, ctx);
	return pref_row_new(title, help, control, NULL);
}

/* ---- pages ---- */

GtkWidget *
pref_page_new(GtkWidget **rows)
{
	GtkWidget *scrolled = gtk_scrolled_window_new(NULL, NULL);
	*rows = gtk_box_new(GTK_ORIENTATION_VERTICAL, GAP);
	gtk_scrolled_window_set_policy(
	    GTK_SCROLLED_WINDOW(scrolled), GTK_POLICY_NEVER, GTK_POLICY_AUTOMATIC);
	gtk_widget_set_can_focus(scrolled, FALSE); /* its rows can */
	g_object_set(*rows, "margin", 2 * GAP, NULL);
	gtk_container_add(GTK_CONTAINER(scrolled), *rows);
	/* what gets the focus by the keyboard comes into sight */
	gtk_container_set_focus_vadjustment(GTK_CONTAINER(*rows),
	    gtk_scrolled_window_get_vadjustment(GTK_SCROLLED_WINDOW(scrolled)));
	return scrolled;
}

static void
count_child(GtkWidget *child, gpointer count)
{
	(void)child;
	++*(unsigned *)count;
}

void
pref_page_add(GtkWidget *rows, struct pref_row *r)
{
	unsigned count = 0;
	gtk_container_foreach(GTK_CONTAINER(rows), count_child, &count);
	if (count > 0)
		gtk_box_pack_start(
		    GTK_BOX(rows), gtk_separator_new(GTK_ORIENTATION_HORIZONTAL), FALSE, FALSE, 0);
	gtk_box_pack_start(GTK_BOX(rows), r->widget, FALSE, FALSE, 0);
	gtk_widget_show_all(rows);
}

/* ---- choosing ---- */

struct choosing {
	GtkWidget *owner; /* borrowed; the dialog goes with its window */
	pref_chosen_fn *chosen;
};

static void
on_response(GtkDialog *dialog, int response, gpointer user)
{
	struct choosing c = *(struct choosing *)user;
	g_autofree char *path = gtk_file_chooser_get_filename(GTK_FILE_CHOOSER(dialog));
	gtk_widget_destroy(GTK_WIDGET(dialog));
	if (response == GTK_RESPONSE_ACCEPT && path)
		c.chosen(c.owner, path);
}

void
pref_choose(GtkWidget *owner, const char *title, GtkFileChooserAction action, GtkFileFilter *filter,
    const char *at, pref_chosen_fn *chosen)
{
	struct choosing *c = g_new0(struct choosing, 1);
	GtkWidget *dialog = gtk_file_chooser_dialog_new(title,
	    GTK_WINDOW(gtk_widget_get_toplevel(owner)), action, tr("_Cancel"), GTK_RESPONSE_CANCEL,
	    tr("C_hoose"), GTK_RESPONSE_ACCEPT, (char *)NULL);
	*c = (struct choosing){owner, chosen};
	g_object_set_data_full(G_OBJECT(dialog), "choosing", c, g_free);
	gtk_dialog_set_default_response(GTK_DIALOG(dialog), GTK_RESPONSE_ACCEPT);
	gtk_window_set_destroy_with_parent(GTK_WINDOW(dialog), TRUE);
	gtk_window_set_modal(GTK_WINDOW(dialog), TRUE);
	if (filter)
		gtk_file_chooser_add_filter(GTK_FILE_CHOOSER(dialog), filter);
	if (at)
		gtk_file_chooser_set_filename(GTK_FILE_CHOOSER(dialog), at);
	g_signal_connect(dialog, "response", G_CALLBACK(on_response), c);
	gtk_window_present(GTK_WINDOW(dialog));
}

/* ---- asking ---- */

struct asked {
	GtkWidget *owner; /* weak */
	pref_answer_fn *fn;
};

static void
on_answer(void *ctx, int err, const struct earshot_value *answer)
{
	struct asked *a = ctx;
	if (a->owner) {
		g_object_remove_weak_pointer(G_OBJECT(a->owner), (gpointer *)&a->owner);
		a->fn(a->owner, err, answer);
	}
	g_free(a);
}

void
pref_ask(GtkWidget *owner, struct front *f, const char *method, struct earshot_value *params,
    int fd, pref_answer_fn *fn)
{
	struct asked *a = g_new0(struct asked, 1);
	a->owner = owner;
	a->fn = fn;
	g_object_add_weak_pointer(G_OBJECT(owner), (gpointer *)&a->owner);
	if (fd >= 0)
		front_call_fd(f, method, params, fd, on_answer, a);
	else
		front_call(f, method, params, on_answer, a);
}
