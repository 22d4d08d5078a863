#include "tray/icon.h"

#include "base/str.h"
#include "tray/host.h"

#include <errno.h>
#include <libayatana-appindicator/app-indicator.h>
#include <libdbusmenu-glib/menuitem.h>
#include <libdbusmenu-glib/server.h>
#include <stdlib.h>

struct icon {
	AppIndicator *indicator; /* owned */
	struct host *host;       /* owned */
	DbusmenuMenuitem *root;  /* owned: of the menu; NULL: there is no bus */
	GtkStatusIcon *old;      /* borrowed: in an old tray; NULL: none is tried */
	char *name, *sentence;   /* owned: as shown */
	bool is_registered;      /* with the watcher of status notifiers */
	bool has_host;           /* which has a panel */
	bool is_embedded;        /* in an old tray */
	bool is_settled, is_shown;
	const struct icon_listener *l;
	void *ctx;
};

static void
update(struct icon *i)
{
	bool shown = (i->is_registered && i->has_host) || i->is_embedded;
	if (i->is_settled && shown == i->is_shown)
		return;
	i->is_settled = true;
	i->is_shown = shown;
	i->l->on_shown(i->ctx, shown);
}

static void
on_host(void *ctx, bool present)
{
	struct icon *i = ctx;
	i->has_host = present;
	update(i);
}

static void
on_connection(AppIndicator *indicator, gboolean connected, gpointer user)
{
	struct icon *i = user;
	(void)indicator;
	i->is_registered = connected;
	update(i);
}

/* ---- an indicator that tells what becomes of its icon in an old tray ---- */

/* By hand: the library lacks what G_DECLARE_FINAL_TYPE needs of a parent. */
struct indicator {
	AppIndicator parent;
	struct icon *icon; /* borrowed; NULL once it is gone */
};

static gpointer parent_class;

static struct indicator *
indicator_of(AppIndicator *indicator)
{
	return (struct indicator *)(gpointer)indicator;
}

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wdeprecated-declarations" /* old trays have old interfaces */

static void
on_embedded(GtkStatusIcon *old, GParamSpec *spec, gpointer user)
{
	struct icon *i = user;
	(void)spec;
	i->is_embedded = gtk_status_icon_is_embedded(old);
	update(i);
}

static GtkStatusIcon *
fall_back(AppIndicator *self)
{
	struct icon *i = indicator_of(self)->icon;
	GtkStatusIcon *old = APP_INDICATOR_CLASS(parent_class)->fallback(self);
	if (!i || !old)
		return old;
	i->old = old;
	g_signal_connect(old, "notify::embedded", G_CALLBACK(on_embedded), i);
	on_embedded(old, NULL, i);
	return old;
}

static void
leave_old(struct icon *i)
{
	if (i->old)
		g_signal_handlers_disconnect_by_data(i->old, i);
	i->old = NULL;
	i->is_embedded = false;
}

static void
unfall_back(AppIndicator *self, GtkStatusIcon *old)
{
	struct icon *i = indicator_of(self)->icon;
	if (i)
		leave_old(i);
	APP_INDICATOR_CLASS(parent_class)->unfallback(self, old);
	if (i)
		update(i);
}

#pragma GCC diagnostic pop

static void
on_class_init(gpointer class, gpointer data)
{
	AppIndicatorClass *indicator = class;
	(void)data;
	parent_class = g_type_class_peek_parent(class);
	indicator->fallback = fall_back;
	indicator->unfallback = unfall_back;
}

static GType
indicator_type(void)
{
	static GType type;
	if (type == 0)
		type = g_type_register_static_simple(APP_INDICATOR_TYPE, "EarshotIndicator",
		    sizeof(AppIndicatorClass), on_class_init, sizeof(struct indicator), NULL, 0);
	return type;
}

/* ---- what the others see ---- */

void
icon_show(struct icon *i, const char *name, const char *sentence)
{
	if (str_equal(i->name, name) && str_equal(i->sentence, sentence))
		return;
	if (str_replace(&i->name, name) < 0 || str_replace(&i->sentence, sentence) < 0)
		return; /* out of memory: the next change is shown again */
	/* no use of the attention state: most panels do not show it */
	app_indicator_set_icon_full(i->indicator, name, sentence);
	app_indicator_set_title(i->indicator, sentence);
}

static gboolean
on_menu(DbusmenuMenuitem *root, gpointer user)
{
	struct icon *i = user;
	(void)root;
	i->l->on_menu(i->ctx);
	return FALSE; /* what is another has been told by then */
}

/* The menu as panels get it. */
static void
watch_menu(struct icon *i)
{
	g_autoptr(GObject) server = NULL;
	g_object_get(i->indicator, "dbus-menu-server", &server, NULL);
	if (!server)
		return;
	g_object_get(server, DBUSMENU_SERVER_PROP_ROOT_NODE, &i->root, NULL);
	if (i->root)
		g_signal_connect(
		    i->root, DBUSMENU_MENUITEM_SIGNAL_ABOUT_TO_SHOW, G_CALLBACK(on_menu), i);
}

int
icon_create(
    const struct icon_options *o, const struct icon_listener *l, void *ctx, struct icon **out)
{
	int err = -ENOMEM;
	struct icon *i = calloc(1, sizeof(*i));
	if (!i)
		return err;
	i->l = l;
	i->ctx = ctx;
	struct indicator *self = g_object_new(indicator_type(), "id", o->id, "category",
	    "Communications", "icon-name", o->name, NULL);
	self->icon = i;
	i->indicator = APP_INDICATOR(self);
	if (o->folder)
		app_indicator_set_icon_theme_path(i->indicator, o->folder);
	g_signal_connect(
	    i->indicator, APP_INDICATOR_SIGNAL_CONNECTION_CHANGED, G_CALLBACK(on_connection), i);
	icon_show(i, o->name, o->sentence);
	app_indicator_set_status(i->indicator, APP_INDICATOR_STATUS_ACTIVE);
	app_indicator_set_menu(i->indicator, o->menu);
	watch_menu(i);
	app_indicator_set_secondary_activate_target(i->indicator, o->open_item);
	err = host_create(o->bus, on_host, i, &i->host);
	if (err < 0)
		goto fail;
	*out = i;
	return 0;
fail:
	icon_destroy(i);
	return err;
}

void
icon_destroy(struct icon *i)
{
	if (!i)
		return;
	host_destroy(i->host);
	leave_old(i);
	if (i->root)
		g_signal_handlers_disconnect_by_data(i->root, i);
	g_clear_object(&i->root);
	if (i->indicator) {
		indicator_of(i->indicator)->icon = NULL;
		g_signal_handlers_disconnect_by_data(i->indicator, i);
		g_object_unref(i->indicator);
	}
	free(i->name);
	free(i->sentence);
	free(i);
}
