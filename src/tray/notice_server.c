#include "tray/notice_server.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define NAME "org.freedesktop.Notifications"
#define PATH "/org/freedesktop/Notifications"

enum { ANSWER_MS = 5000, URGENCY_NORMAL = 1, URGENCY_CRITICAL = 2, SERVER_DECIDES = -1 };

enum state { UNKNOWN, ASKING, READY };

struct notice_server {
	GDBusConnection *bus;    /* owned; NULL: there is none */
	GCancellable *cancelled; /* owned: ends calls to a server that is gone */
	char *icon;              /* owned */
	guint watch, signals;
	enum state state;
	struct notice_can can;
	const struct notice_server_listener *l;
	void *ctx;
};

/* One call on its way. */
struct showing {
	struct notice_server *server;
	uint64_t ticket;
};

static void
forget(struct notice_server *s)
{
	g_cancellable_cancel(s->cancelled);
	g_object_unref(s->cancelled);
	s->cancelled = g_cancellable_new();
	s->state = UNKNOWN;
	s->l->on_gone(s->ctx);
}

/* NULL, and *gone, if the server (and s perhaps) is not there any more. */
static GVariant *
answer_of(GObject *bus, GAsyncResult *result, bool *gone)
{
	g_autoptr(GError) error = NULL;
	GVariant *answer = g_dbus_connection_call_finish(G_DBUS_CONNECTION(bus), result, &error);
	*gone = g_error_matches(error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
	return answer;
}

/* ---- what it can do ---- */

static void
learn(struct notice_server *s, const char *capability)
{
	if (strcmp(capability, "body") == 0)
		s->can.text.body = true;
	else if (strcmp(capability, "body-markup") == 0)
		s->can.text.body_markup = true;
	else if (strcmp(capability, "actions") == 0)
		s->can.actions = true;
	else if (strcmp(capability, "inline-reply") == 0)
		s->can.inline_reply = true;
}

static void
on_capabilities(GObject *bus, GAsyncResult *result, gpointer user)
{
	struct notice_server *s = user;
	bool gone;
	g_autoptr(GVariant) answer = answer_of(bus, result, &gone);
	if (gone)
		return;
	if (!answer) {
		forget(s);
		return;
	}
	g_autoptr(GVariantIter) each = NULL;
	const char *capability;
	memset(&s->can, 0, sizeof(s->can));
	g_variant_get(answer, "(as)", &each);
	while (g_variant_iter_next(each, "&s", &capability))
		learn(s, capability);
	s->state = READY;
	s->l->on_ready(s->ctx);
}

const struct notice_can *
notice_server_can(struct notice_server *s)
{
	if (!s->bus) {
		s->l->on_gone(s->ctx);
		return NULL;
	}
	if (s->state == READY)
		return &s->can;
	if (s->state == UNKNOWN) {
		s->state = ASKING;
		g_dbus_connection_call(s->bus, NAME, PATH, NAME, "GetCapabilities", NULL,
		    G_VARIANT_TYPE("(as)"), G_DBUS_CALL_FLAGS_NONE, ANSWER_MS, s->cancelled,
		    on_capabilities, s);
	}
	return NULL;
}

/* ---- showing ---- */

static void
on_id(GObject *bus, GAsyncResult *result, gpointer user)
{
	struct showing *one = user;
	struct notice_server *s = one->server;
	uint64_t ticket = one->ticket;
	free(one);
	bool gone;
	g_autoptr(GVariant) answer = answer_of(bus, result, &gone);
	if (gone)
		return;
	uint32_t id = 0;
	if (answer)
		g_variant_get(answer, "(u)", &id);
	s->l->on_shown(s->ctx, ticket, id);
}

static GVariant *
actions_of(const struct notice_server *s, const struct notice *n)
{
	GVariantBuilder b;
	g_variant_builder_init(&b, G_VARIANT_TYPE("as"));
	for (size_t i = 0; s->can.actions && i < NOTICE_ACTIONS && n->actions[i].key; i++) {
		g_variant_builder_add(&b, "s", n->actions[i].key);
		g_variant_builder_add(&b, "s", n->actions[i].label);
	}
	return g_variant_builder_end(&b);
}

static GVariant *
hints_of(const struct notice *n)
{
	GVariantBuilder b;
	g_variant_builder_init(&b, G_VARIANT_TYPE("a{sv}"));
	g_variant_builder_add(&b, "{sv}", "desktop-entry", g_variant_new_string("earshot-tray"));
	g_variant_builder_add(&b, "{sv}", "category", g_variant_new_string(n->category));
	g_variant_builder_add(&b, "{sv}", "urgency",
	    g_variant_new_byte(n->urgent ? URGENCY_CRITICAL : URGENCY_NORMAL));
	return g_variant_builder_end(&b);
}

void
notice_server_show(
    struct notice_server *s, const struct notice *n, uint32_t replaces, uint64_t ticket)
{
	struct buf summary = BUF_INIT(NOTICE_SUMMARY_MAX), body = BUF_INIT(NOTICE_BODY_MAX);
	struct showing *one = malloc(sizeof(*one));
	notice_summary(&summary, n->summary, n->body, &s->can.text);
	if (s->can.text.body)
		notice_body(&body, n->body, &s->can.text);
	if (!one || buf_err(&summary) || buf_err(&body)) {
		free(one);
		s->l->on_shown(s->ctx, ticket, 0);
	} else {
		*one = (struct showing){s, ticket};
		g_dbus_connection_call(s->bus, NAME, PATH, NAME, "Notify",
		    g_variant_new("(susss@as@a{sv}i)", "Earshot", replaces, s->icon,
			buf_cstr(&summary), buf_cstr(&body), actions_of(s, n), hints_of(n),
			SERVER_DECIDES),
		    G_VARIANT_TYPE("(u)"), G_DBUS_CALL_FLAGS_NONE, ANSWER_MS, s->cancelled, on_id,
		    one);
	}
	buf_finish(&summary);
	buf_finish(&body);
}

void
notice_server_close(struct notice_server *s, uint32_t id)
{
	/* whether it is still shown is the server's to know: no answer is waited for */
	g_dbus_connection_call(s->bus, NAME, PATH, NAME, "CloseNotification",
	    g_variant_new("(u)", id), NULL, G_DBUS_CALL_FLAGS_NO_AUTO_START, ANSWER_MS, NULL, NULL,
	    NULL);
}

/* ---- what it says ---- */

static void
on_signal(GDBusConnection *bus, const char *sender, const char *path, const char *interface,
    const char *name, GVariant *params, gpointer user)
{
	struct notice_server *s = user;
	uint32_t id, reason;
	const char *text;
	(void)bus, (void)sender, (void)path, (void)interface;
	if (strcmp(name, "NotificationClosed") == 0 &&
	    g_variant_is_of_type(params, G_VARIANT_TYPE("(uu)"))) {
		g_variant_get(params, "(uu)", &id, &reason);
		s->l->on_closed(s->ctx, id);
	} else if (g_variant_is_of_type(params, G_VARIANT_TYPE("(us)"))) {
		g_variant_get(params, "(u&s)", &id, &text);
		if (strcmp(name, "ActionInvoked") == 0)
			s->l->on_action(s->ctx, id, text);
		else if (strcmp(name, "NotificationReplied") == 0)
			s->l->on_reply(s->ctx, id, text);
	}
}

static void
on_vanished(GDBusConnection *bus, const char *name, gpointer user)
{
	struct notice_server *s = user;
	(void)bus, (void)name;
	if (s->state == READY) /* else it may be about to be started for our question */
		forget(s);
}

int
notice_server_create(GDBusConnection *bus, const char *icon, const struct notice_server_listener *l,
    void *ctx, struct notice_server **out)
{
	struct notice_server *s = calloc(1, sizeof(*s));
	if (!s)
		return -ENOMEM;
	s->l = l;
	s->ctx = ctx;
	s->icon = g_strdup(icon);
	s->cancelled = g_cancellable_new();
	if (bus) {
		s->bus = g_object_ref(bus);
		s->signals = g_dbus_connection_signal_subscribe(bus, NAME, NAME, NULL, PATH, NULL,
		    G_DBUS_SIGNAL_FLAGS_NONE, on_signal, s, NULL);
		s->watch = g_bus_watch_name_on_connection(
		    bus, NAME, G_BUS_NAME_WATCHER_FLAGS_NONE, NULL, on_vanished, s, NULL);
	}
	*out = s;
	return 0;
}

void
notice_server_destroy(struct notice_server *s)
{
	if (!s)
		return;
	g_cancellable_cancel(s->cancelled);
	g_object_unref(s->cancelled);
	if (s->watch)
		g_bus_unwatch_name(s->watch);
	if (s->signals)
		g_dbus_connection_signal_unsubscribe(s->bus, s->signals);
	g_clear_object(&s->bus);
	g_free(s->icon);
	free(s);
}
