#include "tray/banner.h"

#include "base/str.h"
#include "base/tr.h"
#include "tray/say.h"
#include "tray/ui.h"

#include <errno.h>
#include <stdlib.h>

enum { WIDTH_CHARS = 34, WIDTH_CHARS_MAX = 90 };

struct banner {
	struct front *f;
	const struct banner_listener *l;
	void *ctx;
	GtkWidget *box, *person, *told, *told_text;
	struct front_person *p; /* borrowed; NULL: nobody */
	char *shown;            /* what the banners say now, to leave alone what stays */
	GHashTable *understood; /* names of who is known to talk in plain */
	GHashTable *wanting;    /* names of who wants to compare */
};

/* ---- what can be done ---- */

static void
call(struct banner *b, const char *method, const char *name)
{
	struct earshot_value *params = earshot_value_object();
	earshot_value_set_str(params, "peer", name);
	front_call(b->f, method, params, NULL, NULL);
}

static void
on_method(GtkButton *button, gpointer ctx)
{
	struct banner *b = ctx;
	if (b->p)
		call(b, g_object_get_data(G_OBJECT(button), "method"), b->p->name);
}

static void
on_compare(GtkButton *button, gpointer ctx)
{
	struct banner *b = ctx;
	(void)button;
	if (b->p)
		b->l->on_compare(b->ctx, b->p);
}

static void
on_understood(GtkButton *button, gpointer ctx)
{
	struct banner *b = ctx;
	(void)button;
	if (!b->p)
		return;
	g_hash_table_add(b->understood, g_strdup(b->p->name));
	banner_show(b, b->p);
}

static void
on_new_key_answer(GtkDialog *ask, int answer, gpointer ctx)
{
	struct banner *b = ctx;
	const char *name = g_object_get_data(G_OBJECT(ask), "person");
	/* they may have gone while the question stood there */
	if (answer == GTK_RESPONSE_ACCEPT && front_find(b->f, name))
		call(b, "trust.accept-new-key", name);
	gtk_widget_destroy(GTK_WIDGET(ask));
}

static void
on_new_key(GtkButton *button, gpointer ctx)
{
	struct banner *b = ctx;
	if (!b->p)
		return;
	GtkWidget *ask =
	    gtk_message_dialog_new(GTK_WINDOW(gtk_widget_get_toplevel(GTK_WIDGET(button))),
		GTK_DIALOG_MODAL | GTK_DIALOG_DESTROY_WITH_PARENT, GTK_MESSAGE_WARNING,
		GTK_BUTTONS_NONE,
		tr("Does %s really have a new key? Ask them in person, or on the phone. If you are "
		   "wrong, somebody else reads what you write."),
		b->p->display);
	gtk_dialog_add_buttons(GTK_DIALOG(ask), tr("_Cancel"), GTK_RESPONSE_CANCEL,
	    tr("_Accept the new key"), GTK_RESPONSE_ACCEPT, NULL);
	gtk_dialog_set_default_response(GTK_DIALOG(ask), GTK_RESPONSE_CANCEL);
	g_object_set_data_full(G_OBJECT(ask), "person", g_strdup(b->p->name), g_free);
	g_signal_connect(ask, "response", G_CALLBACK(on_new_key_answer), b);
	gtk_window_present(GTK_WINDOW(ask));
}

/* ---- the banners ---- */

/* Words above, buttons below: beside each other they would need a wide window. */
static GtkWidget *
add_banner(GtkWidget *box, GtkMessageType type, const char *sentence)
{
	GtkWidget *bar = ui_add(box, gtk_info_bar_new());
	GtkWidget *text = ui_text(sentence, NULL);
	GtkWidget *inside = ui_box(GTK_ORIENTATION_VERTICAL, 6);
	GtkWidget *buttons = ui_box(GTK_ORIENTATION_HORIZONTAL, 6);
	gtk_info_bar_set_message_type(GTK_INFO_BAR(bar), type);
	/* a label that may become narrow may become high, and the window with it */
	gtk_label_set_width_chars(GTK_LABEL(text), WIDTH_CHARS);
	gtk_label_set_max_width_chars(GTK_LABEL(text), WIDTH_CHARS_MAX);
	ui_add(inside, text);
	ui_add(inside, buttons);
	gtk_box_pack_start(
	    GTK_BOX(gtk_info_bar_get_content_area(GTK_INFO_BAR(bar))), inside, TRUE, TRUE, 0);
	g_object_set_data(G_OBJECT(bar), "buttons", buttons);
	g_object_set_data(G_OBJECT(bar), "text", text);
	ui_name(bar, sentence);
	gtk_widget_show_all(bar);
	return bar;
}

static GtkWidget *
add_button(GtkWidget *bar, const char *mnemonic, GCallback fn, struct banner *b)
{
	GtkWidget *button = ui_button(mnemonic, fn, b);
	ui_add(g_object_get_data(G_OBJECT(bar), "buttons"), button);
	gtk_widget_show(button);
	return button;
}

static void
add_method(GtkWidget *bar, const char *mnemonic, const char *method, struct banner *b)
{
	GtkWidget *button = add_button(bar, mnemonic, G_CALLBACK(on_method), b);
	g_object_set_data_full(G_OBJECT(button), "method", g_strdup(method), g_free);
}

static void
add_about_key(struct banner *b, const struct front_person *p)
{
	g_autofree char *voucher = say_clean(p->info, "vouched_by");
	g_autofree char *sentence = NULL;
	GtkWidget *bar;
	if (str_equal(p->trust, "changed")) {
		sentence = g_strdup_printf(
		    tr("Somebody with another key uses the name %s. It may be somebody else."),
		    p->display);
		bar = add_banner(b->person, GTK_MESSAGE_ERROR, sentence);
		add_button(bar, tr("_Accept new key…"), G_CALLBACK(on_new_key), b);
		add_method(bar, tr("_Block"), "trust.block", b);
	} else if (!str_empty(voucher)) {
		sentence = g_strdup_printf(
		    tr("%s, whom you have verified, vouches for %s."), voucher, p->display);
		bar = add_banner(b->person, GTK_MESSAGE_QUESTION, sentence);
		add_method(bar, tr("_Accept the key"), "trust.accept", b);
	} else if (str_equal(p->trust, "new")) {
		sentence = g_strdup_printf(tr("What you say to %s is encrypted, but nobody has "
					      "looked yet whose key it is."),
		    p->display);
		bar = add_banner(b->person, GTK_MESSAGE_INFO, sentence);
		add_button(bar, tr("_Compare words…"), G_CALLBACK(on_compare), b);
		add_method(bar, tr("_Accept the key"), "trust.accept", b);
	} else if (say_is_plain(p->trust) && !g_hash_table_contains(b->understood, p->name)) {
		sentence =
		    g_strdup_printf(tr("What you and %s say is not encrypted: anyone on this "
				       "network can read, alter or fake it."),
			p->display);
		bar = add_banner(b->person, GTK_MESSAGE_WARNING, sentence);
		add_button(bar, tr("_Understood"), G_CALLBACK(on_understood), b);
	}
}

static void
fill(struct banner *b, const struct front_person *p)
{
	GtkWidget *bar;
	if (p->blocked) {
		g_autofree char *sentence = g_strdup_printf(
		    tr("You have blocked %s: nothing is heard from them or sent to them."),
		    p->display);
		bar = add_banner(b->person, GTK_MESSAGE_WARNING, sentence);
		add_method(bar, tr("_Unblock"), "trust.unblock", b);
		return;
	}
	if (p->looks_like) {
		g_autofree char *sentence = g_strdup_printf(
		    tr("%s looks like \"%s\" but is not."), p->display, p->looks_like);
		bar = add_banner(b->person, GTK_MESSAGE_ERROR, sentence);
		add_method(bar, tr("_Block"), "trust.block", b);
	}
	if (g_hash_table_contains(b->wanting, p->name)) {
		g_autofree char *sentence =
		    g_strdup_printf(tr("%s wants to compare words with you."), p->display);
		bar = add_banner(b->person, GTK_MESSAGE_QUESTION, sentence);
		add_button(bar, tr("_Compare words…"), G_CALLBACK(on_compare), b);
		return;
	}
	add_about_key(b, p);
}

/* All that the banners depend on. */
static char *
digest(struct banner *b, const struct front_person *p)
{
	const char *voucher = earshot_value_str(p->info, "vouched_by");
	return g_strdup_printf("%s|%s|%s|%s|%s|%d%d%d", p->name, p->display, p->trust,
	    p->looks_like ? p->looks_like : "", voucher ? voucher : "", p->blocked,
	    g_hash_table_contains(b->understood, p->name),
	    g_hash_table_contains(b->wanting, p->name));
}

void
banner_show(struct banner *b, struct front_person *p)
{
	g_autofree char *now = p ? digest(b, p) : NULL;
	b->p = p;
	if (str_equal(now, b->shown))
		return;
	g_free(b->shown);
	b->shown = g_strdup(now);
	ui_empty(b->person);
	if (p)
		fill(b, p);
}

void
banner_event(struct banner *b, const struct earshot_value *comparison)
{
	const char *stage = earshot_value_str(comparison, "stage");
	const char *peer = earshot_value_str(comparison, "peer");
	if (!peer)
		return;
	bool over = str_equal(stage, "waiting") || str_equal(stage, "verified") ||
		    str_equal(stage, "ended");
	if (over)
		g_hash_table_remove(b->wanting, peer);
	else if (!earshot_value_bool(comparison, "initiator", false))
		g_hash_table_add(b->wanting, g_strdup(peer));
	if (b->p && str_equal(b->p->name, peer))
		banner_show(b, b->p);
}

void
banner_tell(struct banner *b, const char *sentence)
{
	gtk_label_set_text(GTK_LABEL(b->told_text), sentence);
	ui_name(b->told, sentence);
	gtk_widget_show(b->told);
}

/* ---- life ---- */

static void
on_told_away(GtkInfoBar *bar, int response, gpointer ctx)
{
	(void)response;
	(void)ctx;
	gtk_widget_hide(GTK_WIDGET(bar));
}

int
banner_create(struct front *f, const struct banner_listener *l, void *ctx, struct banner **out)
{
	struct banner *b = calloc(1, sizeof(*b));
	if (!b)
		return -ENOMEM;
	b->f = f;
	b->l = l;
	b->ctx = ctx;
	b->understood = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	b->wanting = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	b->box = ui_box(GTK_ORIENTATION_VERTICAL, 0);
	b->person = ui_add(b->box, ui_box(GTK_ORIENTATION_VERTICAL, 0));
	b->told = add_banner(b->box, GTK_MESSAGE_WARNING, "");
	b->told_text = g_object_get_data(G_OBJECT(b->told), "text");
	gtk_info_bar_set_show_close_button(GTK_INFO_BAR(b->told), TRUE);
	g_signal_connect(b->told, "response", G_CALLBACK(on_told_away), b);
	gtk_widget_hide(b->told);
	gtk_widget_set_no_show_all(b->told, TRUE);
	*out = b;
	return 0;
}

void
banner_destroy(struct banner *b)
{
	if (!b)
		return;
	g_hash_table_unref(b->understood);
	g_hash_table_unref(b->wanting);
	g_free(b->shown);
	free(b);
}

GtkWidget *
banner_widget(struct banner *b)
{
	return b->box;
}
