#include "tray/talk.h"

#include "base/str.h"
#include "base/tr.h"
#include "tray/banner.h"
#include "tray/composer.h"
#include "tray/finder.h"
#include "tray/header.h"
#include "tray/message_menu.h"
#include "tray/messages.h"
#include "tray/offer.h"
#include "tray/say.h"
#include "tray/sending.h"
#include "tray/ui.h"
#include "tray/verify.h"

#include <errno.h>
#include <stdlib.h>

struct talk {
	struct front *f;
	const struct talk_listener *l;
	void *ctx;
	struct front_person *p; /* borrowed; NULL: nobody */
	bool watched;
	GtkWidget *box, *drop, *stack, *talk, *typing, *news;
	struct header *header;
	struct banner *banner;
	struct messages *messages;
	struct composer *composer;
	struct finder *finder;
	struct verify *verify;
};

static void
on_failed(GObject *box, const char *sentence)
{
	struct talk *t = g_object_get_data(box, "talk");
	if (t)
		banner_tell(t->banner, sentence);
}

static void
see(struct talk *t)
{
	if (t->p && t->watched && t->p->unread > 0 && messages_at_end(t->messages))
		front_seen(t->f, t->p);
}

/* ---- the line to write in ---- */

static void
on_say(void *ctx, const char *text, int64_t reply, int64_t edit)
{
	struct talk *t = ctx;
	if (!t->p)
		return;
	struct front_message *m = message_menu_find(t->p, edit ? edit : reply);
	if (edit && m)
		front_edit(t->f, t->p, m, text);
	else if (edit)
		banner_tell(t->banner, tr("What was to be corrected is not there any more."));
	else
		front_say(t->f, t->p, text, m);
	if (!edit)
		messages_to_end(t->messages);
}

static void
on_typing(void *ctx, bool has_text)
{
	struct talk *t = ctx;
	if (t->p)
		front_typing(t->f, t->p, has_text);
}

static void
on_files(void *ctx, char *const *uris)
{
	struct talk *t = ctx;
	if (t->p)
		talk_files(t, t->p, uris);
}

static void
on_picture(void *ctx, GdkPixbuf *picture)
{
	struct talk *t = ctx;
	if (t->p)
		sending_picture(t->f, t->p, picture, on_failed, G_OBJECT(t->box));
}

static void
on_chosen(GtkNativeDialog *dialog, int response, gpointer ctx)
{
	struct talk *t = ctx;
	struct front_person *p = front_find(t->f, g_object_get_data(G_OBJECT(dialog), "person"));
	GSList *uris = gtk_file_chooser_get_uris(GTK_FILE_CHOOSER(dialog));
	GPtrArray *all = g_ptr_array_new();
	for (GSList *u = uris; u; u = u->next)
		g_ptr_array_add(all, u->data);
	g_ptr_array_add(all, NULL);
	if (response == GTK_RESPONSE_ACCEPT && p)
		talk_files(t, p, (char *const *)all->pdata);
	g_ptr_array_unref(all);
	g_slist_free_full(uris, g_free);
	g_object_unref(dialog);
}

static void
on_attach(void *ctx, bool folder)
{
	struct talk *t = ctx;
	if (!t->p)
		return;
	g_autofree char *title = folder ? g_strdup_printf(tr("Send a folder to %s"), t->p->display)
					: g_strdup_printf(tr("Send files to %s"), t->p->display);
	GtkFileChooserNative *dialog =
	    gtk_file_chooser_native_new(title, GTK_WINDOW(gtk_widget_get_toplevel(t->box)),
		folder ? GTK_FILE_CHOOSER_ACTION_SELECT_FOLDER : GTK_FILE_CHOOSER_ACTION_OPEN,
		tr("_Send"), tr("_Cancel"));
	gtk_file_chooser_set_select_multiple(GTK_FILE_CHOOSER(dialog), !folder);
	/* another conversation may be shown by the time something is chosen */
	g_object_set_data_full(G_OBJECT(dialog), "person", g_strdup(t->p->name), g_free);
	g_signal_connect(dialog, "response", G_CALLBACK(on_chosen), t);
	gtk_native_dialog_set_modal(GTK_NATIVE_DIALOG(dialog), TRUE);
	gtk_native_dialog_show(GTK_NATIVE_DIALOG(dialog));
}

static void
on_correct_last(void *ctx)
{
	struct talk *t = ctx;
	for (size_t i = t->p ? t->p->count : 0; i > 0; i--) {
		const struct front_message *m = t->p->messages[i - 1];
		if (!m->ours || m->file || m->retracted || str_empty(m->id) ||
		    m->mark == FRONT_FAILED || m->mark == FRONT_CANCELLED)
			continue;
		composer_edit(t->composer, m);
		return;
	}
}

static const struct composer_listener composer_calls = {
    on_say, on_typing, on_files, on_picture, on_attach, on_correct_last};

/* ---- a message's menu ---- */

static void
on_reply(void *ctx, const struct front_message *m)
{
	struct talk *t = ctx;
	composer_reply(t->composer, m);
}

static void
on_edit(void *ctx, const struct front_message *m)
{
	struct talk *t = ctx;
	composer_edit(t->composer, m);
}

static const struct message_menu_listener menu_calls = {on_reply, on_edit};

static void
on_menu(void *ctx, struct front_message *m, GtkWidget *row, const GdkEvent *event)
{
	struct talk *t = ctx;
	message_menu_popup(t->f, t->p, m, row, event, &menu_calls, t);
}

static void
on_copy(void *ctx, const struct front_message *m)
{
	struct talk *t = ctx;
	message_menu_copy(t->box, m);
}

static void
on_end(void *ctx)
{
	see(ctx);
}

static const struct messages_listener messages_calls = {on_menu, on_copy, on_end};

/* ---- finding ---- */

static void
on_found(void *ctx, const char *name, int64_t number)
{
	struct talk *t = ctx;
	struct front_person *p = front_find(t->f, name);
	if (!p) {
		banner_tell(t->banner, tr("That person is not known here any more."));
		return;
	}
	gtk_stack_set_visible_child(GTK_STACK(t->stack), t->talk);
	if (p != t->p)
		t->l->on_person(t->ctx, p);
	messages_seek(t->messages, number);
}

static void
on_left(void *ctx)
{
	struct talk *t = ctx;
	gtk_stack_set_visible_child(GTK_STACK(t->stack), t->talk);
	composer_focus(t->composer);
}

static const struct finder_listener finder_calls = {on_found, on_left};

void
talk_find(struct talk *t, bool everywhere)
{
	gtk_stack_set_visible_child(GTK_STACK(t->stack), finder_widget(t->finder));
	finder_open(t->finder, t->p, everywhere);
}

/* ---- comparing ---- */

static void
on_compare_with(void *ctx, struct front_person *p)
{
	struct talk *t = ctx;
	verify_start(t->verify, GTK_WINDOW(gtk_widget_get_toplevel(t->box)), p);
}

static const struct banner_listener banner_calls = {on_compare_with};

void
talk_compare(struct talk *t)
{
	if (t->p)
		on_compare_with(t, t->p);
}

static void
on_header_compare(void *ctx)
{
	talk_compare(ctx);
}

static void
on_header_find(void *ctx)
{
	talk_find(ctx, false);
}

static const struct header_listener header_calls = {on_header_compare, on_header_find};

/* ---- what the front tells ---- */

/* For who listens: spoken by a screen reader, wherever the focus is. */
static void
announce(struct talk *t, const struct front_message *m)
{
	g_autofree char *words = say_message(t->p, m);
	gtk_label_set_text(GTK_LABEL(t->news), words);
	ui_name(t->news, words);
	atk_object_notify_state_change(gtk_widget_get_accessible(t->news), ATK_STATE_SHOWING, TRUE);
}

static void
show_typing(struct talk *t)
{
	g_autofree char *words =
	    t->p && t->p->typing ? g_strdup_printf(tr("%s is typing …"), t->p->display) : NULL;
	gtk_label_set_text(GTK_LABEL(t->typing), words ? words : "");
}

void
talk_changed(struct talk *t, struct front_person *p)
{
	if (p != t->p)
		return;
	header_show(t->header, p);
	banner_show(t->banner, p);
	show_typing(t);
	see(t);
}

void
talk_gone(struct talk *t, struct front_person *p)
{
	composer_forget(t->composer, p);
	if (p == t->p)
		talk_show(t, NULL);
}

void
talk_message(struct talk *t, struct front_person *p, size_t at)
{
	messages_added(t->messages, p, at);
	if (p != t->p || at + 1 != p->count || p->messages[at]->ours)
		return;
	announce(t, p->messages[at]);
	see(t);
}

void
talk_message_changed(struct talk *t, struct front_person *p, size_t at)
{
	messages_changed(t->messages, p, at);
}

void
talk_history(struct talk *t, struct front_person *p, size_t added)
{
	messages_history(t->messages, p, added);
	if (p == t->p)
		see(t);
}

void
talk_file(struct talk *t, struct front_file *file, bool progress)
{
	if (progress)
		offer_progress(file);
	else
		messages_file(t->messages, file);
}

void
talk_event(struct talk *t, const char *topic, const struct earshot_value *event)
{
	if (!str_equal(topic, "verify"))
		return;
	banner_event(t->banner, event);
	verify_event(t->verify, event);
}

void
talk_tell(struct talk *t, const char *sentence)
{
	banner_tell(t->banner, sentence);
}

void
talk_show(struct talk *t, struct front_person *p)
{
	struct front_person *before = t->p;
	gtk_stack_set_visible_child(GTK_STACK(t->stack), t->talk);
	if (p == before)
		return;
	t->p = p;
	composer_show(t->composer, p);
	messages_show(t->messages, p);
	header_show(t->header, p);
	banner_show(t->banner, p);
	show_typing(t);
	see(t);
	if (before && before->opened && front_find(t->f, before->name) == before)
		front_trim(t->f, before);
}

struct front_person *
talk_person(const struct talk *t)
{
	return t->p;
}

void
talk_watch(struct talk *t, bool watched)
{
	t->watched = watched;
	see(t);
}

/* ---- what the user does ---- */

void
talk_files(struct talk *t, const struct front_person *p, char *const *uris)
{
	sending_uris(t->f, p, uris, on_failed, G_OBJECT(t->box));
}

static void
on_drop(void *ctx, int x, int y, char *const *uris)
{
	(void)x;
	(void)y;
	on_files(ctx, uris);
}

void
talk_page(struct talk *t, int pages)
{
	messages_page(t->messages, pages);
}

void
talk_focus(struct talk *t)
{
	composer_focus(t->composer);
}

void
talk_focus_messages(struct talk *t)
{
	messages_focus(t->messages);
}

bool
talk_leave(struct talk *t)
{
	if (gtk_stack_get_visible_child(GTK_STACK(t->stack)) != t->talk) {
		on_left(t);
		return true;
	}
	return composer_leave(t->composer);
}

/* ---- life ---- */

static void
make_talk(struct talk *t)
{
	t->talk = ui_box(GTK_ORIENTATION_VERTICAL, 0);
	ui_add(t->talk, banner_widget(t->banner));
	ui_fill(t->talk, messages_widget(t->messages));
	GtkWidget *line = ui_add(t->talk, ui_box(GTK_ORIENTATION_HORIZONTAL, 0));
	t->typing = ui_fill(line, ui_label("", "earshot-dim"));
	ui_class(t->typing, "earshot-small");
	ui_margin(t->typing, 16, 2);
	t->news = ui_add(line, ui_label("", NULL));
	gtk_label_set_max_width_chars(GTK_LABEL(t->news), 1);
	gtk_label_set_width_chars(GTK_LABEL(t->news), 1);
	gtk_label_set_single_line_mode(GTK_LABEL(t->news), TRUE);
	gtk_widget_set_opacity(t->news, 0);
	ui_role(t->news, ATK_ROLE_NOTIFICATION);
	ui_add(t->talk, composer_widget(t->composer));
}

static void
make_box(struct talk *t)
{
	t->box = gtk_event_box_new();
	GtkWidget *all = ui_box(GTK_ORIENTATION_VERTICAL, 0);
	make_talk(t);
	t->stack = gtk_stack_new();
	gtk_container_add(GTK_CONTAINER(t->stack), t->talk);
	gtk_container_add(GTK_CONTAINER(t->stack), finder_widget(t->finder));
	ui_add(all, header_widget(t->header));
	ui_fill(all, t->stack);
	gtk_container_add(GTK_CONTAINER(t->box), all);
	g_object_set_data(G_OBJECT(t->box), "talk", t);
	sending_accept_drops(t->box, on_drop, t);
}

int
talk_create(struct front *f, const struct talk_listener *l, void *ctx, struct talk **out)
{
	struct talk *t = calloc(1, sizeof(*t));
	if (!t)
		return -ENOMEM;
	t->f = f;
	t->l = l;
	t->ctx = ctx;
	int err = header_create(f, &header_calls, t, &t->header);
	if (!err)
		err = banner_create(f, &banner_calls, t, &t->banner);
	if (!err)
		err = messages_create(f, &messages_calls, t, &t->messages);
	if (!err)
		err = composer_create(&composer_calls, t, &t->composer);
	if (!err)
		err = finder_create(f, &finder_calls, t, &t->finder);
	if (!err)
		err = verify_create(f, &t->verify);
	if (err) {
		talk_destroy(t);
		return err;
	}
	make_box(t);
	*out = t;
	return 0;
}

void
talk_destroy(struct talk *t)
{
	if (!t)
		return;
	verify_destroy(t->verify);
	finder_destroy(t->finder);
	composer_destroy(t->composer);
	messages_destroy(t->messages);
	banner_destroy(t->banner);
	header_destroy(t->header);
	free(t);
}

GtkWidget *
talk_widget(struct talk *t)
{
	return t->box;
}
