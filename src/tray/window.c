#include "tray/window.h"

#include "base/str.h"
#include "base/tr.h"
#include "tray/own.h"
#include "tray/people.h"
#include "tray/talk.h"
#include "tray/ui.h"
#include "tray/welcome.h"
#include "tray/window_actions.h"

#include <errno.h>
#include <stdlib.h>

enum { WIDTH = 900, HEIGHT = 620, LEFT = 290, LEFT_MIN = 190, RIGHT_MIN = 320, LINK_CHARS = 40 };

struct window {
	GtkApplication *app; /* borrowed */
	struct front *f;
	GtkWidget *window, *link, *link_text, *right;
	struct people *people;
	struct talk *talk;
	struct welcome *welcome;
	struct own *own;
};

/* ---- what is shown ---- */

static void
show_title(struct window *w)
{
	const struct front_person *p = talk_person(w->talk);
	/* the name of a person, and of the program */
	g_autofree char *title = p ? g_strdup_printf(tr("%s - Earshot"), p->display) : NULL;
	gtk_window_set_title(GTK_WINDOW(w->window), title ? title : tr("Earshot"));
}

static void
show_right(struct window *w)
{
	bool talks = talk_person(w->talk) != NULL;
	gtk_stack_set_visible_child(
	    GTK_STACK(w->right), talks ? talk_widget(w->talk) : welcome_widget(w->welcome));
	show_title(w);
}

void
window_show_person(struct window *w, struct front_person *p)
{
	talk_show(w->talk, p);
	people_select(w->people, p);
	show_right(w);
	if (p)
		talk_focus(w->talk);
	else
		welcome_focus(w->welcome);
}

static void
show_link(struct window *w, enum front_link link, const char *sentence)
{
	if (link != FRONT_DOWN) {
		gtk_widget_hide(w->link);
		return;
	}
	gtk_label_set_text(GTK_LABEL(w->link_text), sentence ? sentence : "");
	ui_name(w->link, sentence ? sentence : "");
	gtk_widget_show(w->link);
}

/* ---- what the front tells ---- */

static void
on_link(void *ctx, enum front_link link, const char *sentence)
{
	struct window *w = ctx;
	show_link(w, link, sentence);
	welcome_update(w->welcome);
}

static void
on_people(void *ctx)
{
	struct window *w = ctx;
	people_reordered(w->people);
	welcome_update(w->welcome);
}

static void
on_person(void *ctx, struct front_person *p)
{
	struct window *w = ctx;
	people_changed(w->people, p);
	talk_changed(w->talk, p);
	if (p == talk_person(w->talk))
		show_title(w);
}

static void
on_person_gone(void *ctx, struct front_person *p)
{
	struct window *w = ctx;
	talk_gone(w->talk, p);
	people_gone(w->people, p);
	show_right(w);
	welcome_update(w->welcome);
}

static void
on_message(void *ctx, struct front_person *p, size_t at)
{
	struct window *w = ctx;
	talk_message(w->talk, p, at);
}

static void
on_message_changed(void *ctx, struct front_person *p, size_t at)
{
	struct window *w = ctx;
	talk_message_changed(w->talk, p, at);
}

static void
on_history(void *ctx, struct front_person *p, size_t added)
{
	struct window *w = ctx;
	talk_history(w->talk, p, added);
}

static void
on_file(void *ctx, struct front_file *file, bool progress)
{
	struct window *w = ctx;
	talk_file(w->talk, file, progress);
}

static void
on_own(void *ctx, const struct earshot_value *own)
{
	struct window *w = ctx;
	own_show(w->own, own);
	welcome_update(w->welcome);
}

static void
on_event(void *ctx, const char *topic, const struct earshot_value *event)
{
	struct window *w = ctx;
	talk_event(w->talk, topic, event);
	if (str_equal(topic, "state"))
		welcome_update(w->welcome);
}

/* Somebody may be writing: what is typed next must not go to another person. */
static void
on_refusal(void *ctx, struct front_person *about, const char *sentence)
{
	struct window *w = ctx;
	struct front_person *p = talk_person(w->talk);
	if (about && !p && gtk_widget_get_visible(w->window))
		window_show_person(w, p = about);
	/* who it is about, and what cannot be done */
	g_autofree char *named =
	    about && about != p ? g_strdup_printf(tr("%s: %s"), about->display, sentence) : NULL;
	talk_tell(w->talk, named ? named : sentence);
}

const struct front_listener window_listener = {
    .on_link = on_link,
    .on_people = on_people,
    .on_person = on_person,
    .on_person_gone = on_person_gone,
    .on_message = on_message,
    .on_message_changed = on_message_changed,
    .on_history = on_history,
    .on_file = on_file,
    .on_own = on_own,
    .on_event = on_event,
    .on_refusal = on_refusal,
};

/* ---- what its parts tell ---- */

static void
on_chosen(void *ctx, struct front_person *p)
{
	struct window *w = ctx;
	talk_show(w->talk, p);
	show_right(w);
}

static void
on_entered(void *ctx)
{
	struct window *w = ctx;
	if (talk_person(w->talk))
		talk_focus(w->talk);
}

static void
on_files(void *ctx, struct front_person *p, char *const *uris)
{
	struct window *w = ctx;
	window_show_person(w, p);
	talk_files(w->talk, p, uris);
}

static const struct people_listener people_calls = {on_chosen, on_entered, on_files};

static void
on_other_person(void *ctx, struct front_person *p)
{
	window_show_person(ctx, p);
}

static const struct talk_listener talk_calls = {on_other_person};

static void
on_do(void *ctx, enum window_action action)
{
	struct window *w = ctx;
	switch (action) {
	case WINDOW_FIND_PEOPLE:
		people_find(w->people);
		break;
	case WINDOW_FIND:
	case WINDOW_FIND_EVERYWHERE:
		gtk_stack_set_visible_child(GTK_STACK(w->right), talk_widget(w->talk));
		talk_find(w->talk, action == WINDOW_FIND_EVERYWHERE);
		break;
	case WINDOW_PREVIOUS:
	case WINDOW_NEXT:
		people_step(w->people, action == WINDOW_NEXT ? 1 : -1);
		on_entered(w);
		break;
	case WINDOW_PAGE_UP:
	case WINDOW_PAGE_DOWN:
		talk_page(w->talk, action == WINDOW_PAGE_UP ? -1 : 1);
		break;
	case WINDOW_MESSAGES:
		talk_focus_messages(w->talk);
		break;
	case WINDOW_WRITE:
		on_entered(w);
		break;
	case WINDOW_COMPARE:
		talk_compare(w->talk);
		break;
	case WINDOW_CLOSE:
		gtk_window_close(GTK_WINDOW(w->window));
		break;
	}
}

static void
on_retry(GtkButton *button, gpointer ctx)
{
	struct window *w = ctx;
	(void)button;
	front_retry(w->f);
}

static gboolean
on_key(GtkWidget *window, GdkEventKey *event, gpointer ctx)
{
	struct window *w = ctx;
	(void)window;
	if (event->keyval != GDK_KEY_Escape)
		return FALSE;
	if (talk_leave(w->talk))
		show_right(w);
	else
		on_entered(w);
	return TRUE;
}

static void
on_active(GtkWindow *window, GParamSpec *spec, gpointer ctx)
{
	struct window *w = ctx;
	(void)spec;
	talk_watch(w->talk, gtk_window_is_active(window));
}

/* ---- life ---- */

static void
make_link(struct window *w, GtkWidget *box)
{
	w->link = ui_add(box, gtk_info_bar_new());
	w->link_text = ui_text("", NULL);
	gtk_label_set_width_chars(GTK_LABEL(w->link_text), LINK_CHARS);
	gtk_info_bar_set_message_type(GTK_INFO_BAR(w->link), GTK_MESSAGE_WARNING);
	gtk_container_add(
	    GTK_CONTAINER(gtk_info_bar_get_content_area(GTK_INFO_BAR(w->link))), w->link_text);
	gtk_container_add(GTK_CONTAINER(gtk_info_bar_get_action_area(GTK_INFO_BAR(w->link))),
	    ui_button(tr("Try _again"), G_CALLBACK(on_retry), w));
	gtk_widget_show_all(w->link);
	gtk_widget_hide(w->link);
	gtk_widget_set_no_show_all(w->link, TRUE);
}

static GtkWidget *
make_left(struct window *w)
{
	GtkWidget *left = ui_box(GTK_ORIENTATION_VERTICAL, 0);
	ui_fill(left, people_widget(w->people));
	ui_add(left, own_widget(w->own));
	gtk_widget_set_size_request(left, LEFT_MIN, -1);
	return left;
}

static void
make_window(struct window *w)
{
	GtkWidget *box = ui_box(GTK_ORIENTATION_VERTICAL, 0);
	GtkWidget *halves = gtk_paned_new(GTK_ORIENTATION_HORIZONTAL);
	w->window = gtk_application_window_new(w->app);
	gtk_window_set_default_size(GTK_WINDOW(w->window), WIDTH, HEIGHT);
	make_link(w, box);
	ui_fill(box, halves);
	w->right = gtk_stack_new();
	gtk_container_add(GTK_CONTAINER(w->right), welcome_widget(w->welcome));
	gtk_container_add(GTK_CONTAINER(w->right), talk_widget(w->talk));
	gtk_widget_set_size_request(w->right, RIGHT_MIN, -1);
	gtk_paned_pack1(GTK_PANED(halves), make_left(w), FALSE, FALSE);
	gtk_paned_pack2(GTK_PANED(halves), w->right, TRUE, FALSE);
	gtk_paned_set_position(GTK_PANED(halves), LEFT);
	gtk_container_add(GTK_CONTAINER(w->window), box);
	gtk_widget_show_all(box);
	window_actions_add(w->app, GTK_APPLICATION_WINDOW(w->window), on_do, w);
	own_add_actions(w->own, G_ACTION_MAP(w->window));
	g_signal_connect(w->window, "key-press-event", G_CALLBACK(on_key), w);
	g_signal_connect(w->window, "notify::is-active", G_CALLBACK(on_active), w);
	/* after: somebody else may want to do something else */
	g_signal_connect_after(
	    w->window, "delete-event", G_CALLBACK(gtk_widget_hide_on_delete), NULL);
}

int
window_create(GtkApplication *app, struct front *f, struct window **out)
{
	struct window *w = calloc(1, sizeof(*w));
	if (!w)
		return -ENOMEM;
	ui_init();
	w->app = app;
	w->f = f;
	int err = people_create(f, &people_calls, w, &w->people);
	if (!err)
		err = talk_create(f, &talk_calls, w, &w->talk);
	if (!err)
		err = welcome_create(f, &w->welcome);
	if (!err)
		err = own_create(f, &w->own);
	if (err) {
		window_destroy(w);
		return err;
	}
	make_window(w);
	own_show(w->own, front_own(f));
	show_link(w, front_link_state(f), front_link_sentence(f));
	show_right(w);
	*out = w;
	return 0;
}

void
window_destroy(struct window *w)
{
	if (!w)
		return;
	if (w->window) {
		/* nothing of what follows is worth telling anybody */
		g_signal_handlers_disconnect_by_data(w->window, w);
		gtk_widget_destroy(w->window);
	}
	own_destroy(w->own);
	welcome_destroy(w->welcome);
	talk_destroy(w->talk);
	people_destroy(w->people);
	free(w);
}

GtkWindow *
window_widget(struct window *w)
{
	return GTK_WINDOW(w->window);
}

void
window_present(struct window *w)
{
	gtk_window_present(GTK_WINDOW(w->window));
	if (talk_person(w->talk))
		talk_focus(w->talk);
	else
		welcome_focus(w->welcome);
}

bool
window_is_watching(const struct window *w, const struct front_person *p)
{
	return gtk_widget_get_visible(w->window) && gtk_window_is_active(GTK_WINDOW(w->window)) &&
	       talk_person(w->talk) == p;
}
