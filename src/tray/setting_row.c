#include "tray/setting_row.h"

#include "base/buf.h"
#include "base/str.h"
#include "base/text.h"
#include "base/tr.h"

#include <fcntl.h>
#include <string.h>

enum { REMARK_MAX = 8192, ENTRY_WIDTH = 20, FOLDER_WIDTH = 30 };

struct setting_row {
	struct front *f;               /* borrowed */
	struct pref_row *row;          /* owned by its widget */
	struct earshot_value *setting; /* owned; the latest */
	GtkWidget *reset;              /* back to the default */
	void (*changed)(void *ctx);
	void *ctx;
	bool showing; /* it is we who change the control */
};

static struct setting_row *
of(GtkWidget *row)
{
	return g_object_get_data(G_OBJECT(row), "setting");
}

static const char *
text_of(const struct setting_row *s, const char *key)
{
	const char *text = earshot_value_str(s->setting, key);
	return text ? text : "";
}

/* In the reader's language; nothing of nothing, for which a catalogue has a text, too. */
static const char *
words_of(const struct setting_row *s, const char *key)
{
	const char *text = text_of(s, key);
	return *text ? tr(text) : "";
}

static bool
is_type(const struct setting_row *s, const char *type)
{
	return str_equal(earshot_value_str(s->setting, "type"), type);
}

/* ---- what is said of it ---- */

static void
add_clean(struct buf *out, const char *text)
{
	text_add(out, TEXT_NAME, text, strlen(text));
}

static void
add_lock(const struct earshot_value *setting, struct buf *out)
{
	const char *by = earshot_value_str(setting, "locked_by");
	const char *reason = earshot_value_str(setting, "reason");
	if (str_equal(by, "policy") && reason) {
		struct buf clean = BUF_INIT(REMARK_MAX);
		add_clean(&clean, reason);
		/* Translators: the administrator's own words follow */
		buf_fmt(out, tr("The administrator of this computer has set this: %s"),
		    buf_cstr(&clean));
		buf_finish(&clean);
	} else if (str_equal(by, "policy")) {
		buf_str(out,
		    tr("The administrator of this computer has set this. It cannot be changed."));
	} else if (str_equal(by, "option")) {
		buf_str(out, tr("An option that the daemon was started with sets this."));
	} else {
		buf_str(out,
		    tr("This is changed in the file earshot.conf alone, and not by a program."));
	}
}

enum pref_note
setting_row_remark(const struct earshot_value *setting, struct buf *out)
{
	if (earshot_value_bool(setting, "locked", false)) {
		add_lock(setting, out);
		return PREF_LOCKED;
	}
	if (!earshot_value_get(setting, "running"))
		return PREF_NOTHING;
	buf_str(out, tr("This holds when Earshot has been started again."));
	return PREF_LATER;
}

static void
remark(struct setting_row *s)
{
	struct buf text = BUF_INIT(REMARK_MAX);
	enum pref_note note = setting_row_remark(s->setting, &text);
	pref_row_note(s->row, note, buf_cstr(&text));
	buf_finish(&text);
}

/* ---- changing ---- */

static void
on_set(GtkWidget *row, int err, const struct earshot_value *answer)
{
	struct setting_row *s = of(row);
	if (err) {
		struct earshot_value *before = earshot_value_ref(s->setting);
		/* what was typed stays, to be put right; what was chosen goes back */
		if (!GTK_IS_ENTRY(s->row->control))
			setting_row_show(row, before);
		earshot_value_free(before);
		g_autofree char *clean = text_clean(TEXT_NAME, earshot_error_message(err, answer));
		pref_row_note(s->row, PREF_ERROR, clean);
		return;
	}
	setting_row_show(row, answer);
	if (GTK_IS_ENTRY(s->row->control)) /* as the daemon has understood it */
		gtk_entry_set_text(GTK_ENTRY(s->row->control), text_of(s, "value"));
	s->changed(s->ctx);
}

/* value NULL, and no folder: back to the default. */
static void
set(struct setting_row *s, const char *value, int folder)
{
	struct earshot_value *params = earshot_value_object();
	earshot_value_set_str(params, "key", text_of(s, "key"));
	if (value)
		earshot_value_set_str(params, "value", value);
	pref_ask(s->row->widget, s->f, "settings.set", params, folder, on_set);
}

static void
on_switch(GObject *control, GParamSpec *property, gpointer user)
{
	struct setting_row *s = user;
	const struct earshot_value *choices = earshot_value_get(s->setting, "choices");
	size_t at = gtk_switch_get_active(GTK_SWITCH(control)) ? 1 : 0;
	(void)property;
	if (!s->showing)
		set(s, earshot_value_as_str(earshot_value_at(choices, at)), -1);
}

static void
on_choice(GtkComboBox *control, gpointer user)
{
	struct setting_row *s = user;
	if (!s->showing && gtk_combo_box_get_active_id(control))
		set(s, gtk_combo_box_get_active_id(control), -1);
}

static void
on_typed(GtkEntry *entry, gpointer user)
{
	struct setting_row *s = user;
	const char *text = gtk_entry_get_text(entry);
	if (!s->showing && !str_equal(text, text_of(s, "value")))
		set(s, text, -1);
}

static gboolean
on_left(GtkWidget *entry, GdkEvent *event, gpointer user)
{
	(void)event;
	if (gtk_widget_is_sensitive(entry))
		on_typed(GTK_ENTRY(entry), user);
	return GDK_EVENT_PROPAGATE;
}

static void
take_folder(GtkWidget *row, const char *path)
{
	struct setting_row *s = of(row);
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		pref_row_note(s->row, PREF_ERROR, tr("This folder cannot be opened."));
	else
		set(s, NULL, fd);
}

static void
on_folder(GtkButton *button, gpointer user)
{
	struct setting_row *s = user;
	(void)button;
	pref_choose(s->row->widget, words_of(s, "title"), GTK_FILE_CHOOSER_ACTION_SELECT_FOLDER,
	    NULL, text_of(s, "value"), take_folder);
}

static void
on_reset(GtkButton *button, gpointer user)
{
	(void)button;
	set(user, NULL, -1);
}

/* ---- controls ---- */

static GtkWidget *
new_combo(struct setting_row *s)
{
	const struct earshot_value *choices = earshot_value_get(s->setting, "choices");
	const struct earshot_value *labels = earshot_value_get(s->setting, "labels");
	GtkWidget *combo = gtk_combo_box_text_new();
	for (size_t i = 0; i < earshot_value_count(choices); i++) {
		const char *word = earshot_value_as_str(earshot_value_at(choices, i));
		const char *label = earshot_value_as_str(earshot_value_at(labels, i));
		gtk_combo_box_text_append(
		    GTK_COMBO_BOX_TEXT(combo), word, label ? tr(label) : word);
	}
	g_signal_connect(combo, "changed", G_CALLBACK(on_choice), s);
	return combo;
}

static GtkWidget *
new_control(struct setting_row *s)
{
	GtkWidget *control;
	if (is_type(s, "switch")) {
		control = gtk_switch_new();
		g_signal_connect(control, "notify::active", G_CALLBACK(on_switch), s);
		return control;
	}
	if (is_type(s, "choice"))
		return new_combo(s);
	if (is_type(s, "folder")) {
		control = gtk_button_new();
		g_signal_connect(control, "clicked", G_CALLBACK(on_folder), s);
		return control;
	}
	control = gtk_entry_new();
	gtk_entry_set_width_chars(GTK_ENTRY(control), ENTRY_WIDTH);
	g_signal_connect(control, "activate", G_CALLBACK(on_typed), s);
	g_signal_connect(control, "focus-out-event", G_CALLBACK(on_left), s);
	return control;
}

/* What only tests can choose is shown all the same. */
static void
show_choice(GtkComboBoxText *combo, const char *word)
{
	if (gtk_combo_box_set_active_id(GTK_COMBO_BOX(combo), word))
		return;
	gtk_combo_box_text_append(combo, word, word);
	gtk_combo_box_set_active_id(GTK_COMBO_BOX(combo), word);
}

static void
show_folder(struct setting_row *s, const char *path)
{
	g_autofree char *clean = text_clean(TEXT_NAME, path);
	/* Translators: what a setting is called, and its value */
	g_autofree char *name = g_strdup_printf(tr("%s: %s"), words_of(s, "title"), clean);
	GtkWidget *label;
	gtk_button_set_label(GTK_BUTTON(s->row->control), clean);
	label = gtk_bin_get_child(GTK_BIN(s->row->control));
	gtk_label_set_ellipsize(GTK_LABEL(label), PANGO_ELLIPSIZE_START);
	gtk_label_set_max_width_chars(GTK_LABEL(label), FOLDER_WIDTH);
	gtk_widget_set_tooltip_text(s->row->control, clean);
	atk_object_set_name(gtk_widget_get_accessible(s->row->control), name);
}

static void
show_value(struct setting_row *s)
{
	const struct earshot_value *choices = earshot_value_get(s->setting, "choices");
	const char *value = text_of(s, "value");
	GtkWidget *control = s->row->control;
	if (GTK_IS_SWITCH(control))
		gtk_switch_set_active(GTK_SWITCH(control),
		    str_equal(value, earshot_value_as_str(earshot_value_at(choices, 1))));
	else if (GTK_IS_COMBO_BOX(control))
		show_choice(GTK_COMBO_BOX_TEXT(control), value);
	else if (GTK_IS_BUTTON(control))
		show_folder(s, value);
	else if (!gtk_widget_has_focus(control))
		gtk_entry_set_text(GTK_ENTRY(control), value);
}

void
setting_row_show(GtkWidget *row, const struct earshot_value *setting)
{
	struct setting_row *s = of(row);
	struct earshot_value *before = s->setting;
	s->setting = earshot_value_ref(setting);
	s->showing = true;
	show_value(s);
	s->showing = false;
	bool ours = str_equal(text_of(s, "origin"), "user");
	gtk_widget_set_visible(s->reset, ours && !earshot_value_bool(setting, "locked", false));
	remark(s);
	earshot_value_free(before);
}

const struct earshot_value *
setting_row_setting(GtkWidget *row)
{
	return of(row)->setting;
}

static void
setting_row_free(gpointer data)
{
	struct setting_row *s = data;
	earshot_value_free(s->setting);
	g_free(s);
}

static GtkWidget *
new_reset(struct setting_row *s)
{
	GtkWidget *button =
	    gtk_button_new_from_icon_name("edit-undo-symbolic", GTK_ICON_SIZE_BUTTON);
	g_autofree char *name =
	    g_strdup_printf(tr("Back to the default: %s"), words_of(s, "title"));
	gtk_button_set_relief(GTK_BUTTON(button), GTK_RELIEF_NONE);
	gtk_widget_set_tooltip_text(button, tr("Back to the default"));
	gtk_widget_set_valign(button, GTK_ALIGN_CENTER);
	gtk_widget_set_no_show_all(button, TRUE);
	atk_object_set_name(gtk_widget_get_accessible(button), name);
	g_signal_connect(button, "clicked", G_CALLBACK(on_reset), s);
	return button;
}

GtkWidget *
setting_row_new(
    struct front *f, const struct earshot_value *setting, void (*changed)(void *ctx), void *ctx)
{
	struct setting_row *s = g_new0(struct setting_row, 1);
	s->f = f;
	s->setting = earshot_value_ref(setting);
	s->changed = changed;
	s->ctx = ctx;
	s->reset = new_reset(s);
	const char *others = words_of(s, "others");
	g_autofree char *help =
	    g_strconcat(words_of(s, "help"), *others ? " " : "", others, (char *)NULL);
	s->row = pref_row_new(words_of(s, "title"), help, new_control(s), s->reset);
	g_object_set_data_full(G_OBJECT(s->row->widget), "setting", s, setting_row_free);
	setting_row_show(s->row->widget, setting);
	return s->row->widget;
}
