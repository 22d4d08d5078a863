#include "tray/host.h"

#include <errno.h>
#include <stdlib.h>

#define WATCHER "org.kde.StatusNotifierWatcher"

struct host {
	GDBusConnection *bus;    /* owned; NULL: there is none */
	GCancellable *cancelled; /* owned: ends the question on its way */
	guint watch, signals;    /* 0: none */
	host_changed_fn *fn;
	void *ctx;
	int present; /* -1: not known yet */
};

static void
tell(struct host *h, bool present)
{
	if (h->present == (int)present)
		return;
	h->present = present;
	h->fn(h->ctx, present);
}

static void
on_answer(GObject *bus, GAsyncResult *result, gpointer user)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(GVariant) answer =
	    g_dbus_connection_call_finish(G_DBUS_CONNECTION(bus), result, &error);
	if (g_error_matches(error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
		return; /* the host may be gone */
	g_autoptr(GVariant) value = NULL;
	if (answer)
		g_variant_get(answer, "(v)", &value);
	tell(user, value && g_variant_is_of_type(value, G_VARIANT_TYPE_BOOLEAN) &&
		       g_variant_get_boolean(value));
}

static void
forget_question(struct host *h)
{
	if (h->cancelled)
		g_cancellable_cancel(h->cancelled);
	g_clear_object(&h->cancelled);
}

static void
ask(struct host *h)
{
	forget_question(h);
	h->cancelled = g_cancellable_new();
	g_dbus_connection_call(h->bus, WATCHER, "/StatusNotifierWatcher",
	    "org.freedesktop.DBus.Properties", "Get",
	    g_variant_new("(ss)", WATCHER, "IsStatusNotifierHostRegistered"), G_VARIANT_TYPE("(v)"),
	    G_DBUS_CALL_FLAGS_NO_AUTO_START, -1, h->cancelled, on_answer, h);
}

static void
on_signal(GDBusConnection *bus, const char *sender, const char *path, const char *interface,
    const char *name, GVariant *params, gpointer user)
{
	(void)bus, (void)sender, (void)path, (void)interface, (void)params;
	if (g_str_has_prefix(name, "StatusNotifierHost"))
		ask(user);
}

static void
on_appeared(GDBusConnection *bus, const char *name, const char *owner, gpointer user)
{
	(void)bus, (void)name, (void)owner;
	ask(user);
}

static void
on_vanished(GDBusConnection *bus, const char *name, gpointer user)
{
	struct host *h = user;
	(void)bus, (void)name;
	forget_question(h);
	tell(h, false);
}

int
host_create(GDBusConnection *bus, host_changed_fn *fn, void *ctx, struct host **out)
{
	struct host *h = calloc(1, sizeof(*h));
	if (!h)
		return -ENOMEM;
	h->fn = fn;
	h->ctx = ctx;
	h->present = -1;
	if (bus) {
		h->bus = g_object_ref(bus);
		h->signals = g_dbus_connection_signal_subscribe(bus, WATCHER, WATCHER, NULL, NULL,
		    NULL, G_DBUS_SIGNAL_FLAGS_NONE, on_signal, h, NULL);
		h->watch = g_bus_watch_name_on_connection(
		    bus, WATCHER, G_BUS_NAME_WATCHER_FLAGS_NONE, on_appeared, on_vanished, h, NULL);
	}
	*out = h;
	return 0;
}

void
host_destroy(struct host *h)
{
	if (!h)
		return;
	forget_question(h);
	if (h->watch)
		g_bus_unwatch_name(h->watch);
	if (h->signals)
		g_dbus_connection_signal_unsubscribe(h->bus, h->signals);
	g_clear_object(&h->bus);
	free(h);
}
