#include "tray/app.h"

#include "base/str.h"
#include "base/tr.h"
#include "front/transfer_words.h"
#include "tray/dialogs.h"
#include "tray/icon.h"
#include "tray/listen.h"
#include "tray/menu.h"
#include "tray/notify.h"
#include "tray/places.h"
#include "tray/window.h"

#include <glib-unix.h>
#include <stdlib.h>
#include <string.h>

enum {
	TEXT_MAX = 4096,
	REFRESH_MS = 150, /* what happens within that time is shown together */
	/* For how long nobody may show the icon before a window does: at the start by hand, at the
	 * start of the session when the panel starts, too, and while a panel is started anew. */
	HIDDEN_START_MS = 1000,
	HIDDEN_SESSION_MS = 10000,
	HIDDEN_LATER_MS = 5000,
};

static struct app *
app_of(struct tray *t)
{
	return container_of(t, struct app, tray);
}

/* ---- what is shown ---- */

struct standing_source
app_standing(const struct tray *t)
{
	if (!t->front)
		return (struct standing_source){.link = FRONT_CONNECTING};
	return (struct standing_source){
	    .link = front_link_state(t->front),
	    .link_sentence = front_link_sentence(t->front),
	    .own = front_own(t->front),
	    .state = front_state(t->front),
	    .unread = front_unread(t->front),
	    .asks = front_file_asks(t->front),
	};
}

static void
refresh(struct app *a)
{
	struct standing_source s = app_standing(&a->tray);
	struct buf sentence = BUF_INIT(TEXT_MAX), problem = BUF_INIT(TEXT_MAX);
	standing_sentence(&sentence, &s);
	standing_problem(&problem, &s);
	icon_show(a->icon, standing_icon(standing_of(&s)), buf_cstr(&sentence));
	menu_update(a->menu);
	/* connecting takes a moment; it is a problem when it has failed */
	notify_problem(a->notify, s.link == FRONT_CONNECTING ? "" : buf_cstr(&problem));
	buf_finish(&sentence);
	buf_finish(&problem);
}

static gboolean
on_refresh(gpointer user)
{
	struct app *a = user;
	a->refresh_timer = 0;
	refresh(a);
	return G_SOURCE_REMOVE;
}

void
app_touch(struct tray *t)
{
	struct app *a = app_of(t);
	if (!a->refresh_timer)
		a->refresh_timer = g_timeout_add(REFRESH_MS, on_refresh, a);
}

/* ---- the window ---- */

/* Without an icon nobody could get it back. */
static gboolean
on_close(GtkWidget *window, GdkEvent *event, gpointer user)
{
	struct app *a = user;
	(void)event;
	if (a->is_icon_shown || a->hidden_timer)
		gtk_widget_hide(window);
	else
		g_application_quit(G_APPLICATION(a->tray.app));
	return TRUE;
}

static struct window *
window_of(struct app *a)
{
	if (a->tray.window || !a->tray.front)
		return a->tray.window;
	if (window_create(a->tray.app, a->tray.front, &a->tray.window) < 0) {
		a->tray.window = NULL;
		return NULL;
	}
	g_signal_connect(window_widget(a->tray.window), "delete-event", G_CALLBACK(on_close), a);
	return a->tray.window;
}

void
app_open(struct tray *t, const char *name)
{
	struct window *w = window_of(app_of(t));
	struct front_person *p = name && w ? front_find(t->front, name) : NULL;
	if (p)
		window_show_person(w, p);
	if (w)
		window_present(w);
}

/* A window that came of its own accord takes nobody's focus. */
static gboolean
on_hidden_for_long(gpointer user)
{
	struct app *a = user;
	a->hidden_timer = 0;
	struct window *w = window_of(a);
	GtkWindow *widget = w ? window_widget(w) : NULL;
	if (!widget || gtk_widget_get_visible(GTK_WIDGET(widget)))
		return G_SOURCE_REMOVE;
	if (!a->in_background) {
		window_present(w);
		return G_SOURCE_REMOVE;
	}
	gtk_window_set_focus_on_map(widget, FALSE);
	gtk_window_iconify(widget);
	gtk_widget_show(GTK_WIDGET(widget));
	return G_SOURCE_REMOVE;
}

static void
expect_icon(struct app *a, guint ms)
{
	if (!a->hidden_timer)
		a->hidden_timer = g_timeout_add(ms, on_hidden_for_long, a);
}

static void
on_icon_shown(void *ctx, bool shown)
{
	struct app *a = ctx;
	bool was_shown = a->is_icon_shown;
	a->is_icon_shown = shown;
	if (shown && a->hidden_timer) {
		g_source_remove(a->hidden_timer);
		a->hidden_timer = 0;
	}
	if (shown)
		a->in_background = true; /* from now on the window goes and comes as wanted */
	else if (was_shown)
		expect_icon(a, HIDDEN_LATER_MS);
}

static void
on_menu(void *ctx)
{
	struct app *a = ctx;
	menu_opened(a->menu);
}

/* ---- files ---- */

/* Who answers an offer has read the message that tells of it; nothing before it may count as read
 * along with it. */
static void
offer_seen(struct front *front, const struct front_file *f)
{
	const struct front_person *p = front_find(front, f->peer);
	if (!p || p->unread != 1)
		return;
	struct earshot_value *params = earshot_value_object();
	earshot_value_set_str(params, "peer", f->peer);
	earshot_value_set_str(params, "id", f->transfer);
	front_call(front, "seen", params, NULL, NULL);
}

void
app_file(struct tray *t, const char *method, const char *id)
{
	const struct front_file *f = front_file_find(t->front, id);
	struct earshot_value *params = earshot_value_object();
	earshot_value_set_str(params, "id", id);
	front_call(t->front, method, params, NULL, NULL);
	if (f && transfer_asks(f->info))
		offer_seen(t->front, f);
}

/* ---- life ---- */

static gboolean
on_front(gint fd, GIOCondition condition, gpointer user)
{
	struct app *a = user;
	(void)fd, (void)condition;
	front_dispatch(a->tray.front);
	return G_SOURCE_CONTINUE;
}

/* The icon first: it is there while the daemon is still being started. */
static int
start_icon(struct app *a)
{
	static const struct icon_listener heard = {.on_shown = on_icon_shown, .on_menu = on_menu};
	GDBusConnection *bus = g_application_get_dbus_connection(G_APPLICATION(a->tray.app));
	g_autofree char *folder = places_icons();
	g_autofree char *picture = places_icon_for_others(folder);
	struct standing_source s = app_standing(&a->tray);
	struct buf sentence = BUF_INIT(TEXT_MAX);
	standing_sentence(&sentence, &s);
	int err = menu_create(&a->tray, &a->menu);
	if (err == 0)
		err = icon_create(
		    &(struct icon_options){
			.id = "earshot-tray",
			.folder = folder,
			.bus = bus,
			.menu = menu_widget(a->menu),
			.open_item = menu_open_item(a->menu),
			.name = standing_icon(standing_of(&s)),
			.sentence = buf_cstr(&sentence),
		    },
		    &heard, a, &a->icon);
	if (err == 0)
		err = notify_create(&a->tray, bus, picture, &a->notify);
	buf_finish(&sentence);
	return err;
}

static int
start_front(struct app *a)
{
	int err = front_create(a->socket_path, "earshot-tray", &listen_front, a, &a->tray.front);
	if (err < 0)
		return err;
	a->front_watch =
	    g_unix_fd_add(front_fd(a->tray.front), G_IO_IN | G_IO_HUP | G_IO_ERR, on_front, a);
	return 0;
}

void
app_start(struct app *a)
{
	g_application_hold(G_APPLICATION(a->tray.app)); /* it lives without a window */
	dialogs_add_actions(&a->tray);
	int err = start_icon(a);
	if (err == 0)
		err = start_front(a);
	if (err < 0) {
		g_printerr(tr("earshot-tray: it cannot start: %s\n"), g_strerror(-err));
		a->exit_status = EXIT_FAILURE;
		g_application_quit(G_APPLICATION(a->tray.app));
		return;
	}
	if (a->wants_window)
		app_open(&a->tray, NULL);
	expect_icon(a, a->in_background ? HIDDEN_SESSION_MS : HIDDEN_START_MS);
}

static void
end_source(guint *source)
{
	if (*source)
		g_source_remove(*source);
	*source = 0;
}

void
app_stop(struct app *a)
{
	end_source(&a->hidden_timer);
	end_source(&a->refresh_timer);
	end_source(&a->front_watch);
	window_destroy(a->tray.window);
	notify_destroy(a->notify);
	icon_destroy(a->icon);
	menu_destroy(a->menu);
	front_close(a->tray.front);
	a->tray.window = NULL;
	a->notify = NULL;
	a->icon = NULL;
	a->menu = NULL;
	a->tray.front = NULL;
}
