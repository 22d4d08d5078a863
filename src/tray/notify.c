#include "tray/notify.h"

#include "base/buf.h"
#include "base/clock.h"
#include "base/str.h"
#include "base/text.h"
#include "base/tr.h"
#include "front/transfer_words.h"
#include "tray/app.h"
#include "tray/notice_list.h"
#include "tray/tray_conf.h"
#include "tray/window.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Keys of the list: what a notice is about. A name follows the first three. */
#define ABOUT_MESSAGE "message:"
#define ABOUT_PERSON  "person:" /* what they ask for, and what became of their key */
#define ABOUT_FILE    "file:"
#define ABOUT_OTHERS  "others"
#define ABOUT_PROBLEM "problem"
#define ABOUT_REFUSAL "refusal"

enum {
	TEXT_MAX = 64 * 1024,
	COUNT_MS = 1000,       /* after the first of many: how many is known then */
	LASTS_MS = 5000,       /* a problem that is over sooner was none */
	AGAIN_MS = 600 * 1000, /* the same problem is not told again before */
	OLD_FILE_MS = 60 * 1000,
};

struct notify {
	struct tray *tray;        /* borrowed */
	struct notice_list *list; /* owned */
	GHashTable *files;        /* id to the state it was in last, both owned */
	char *problem;            /* owned: what is wrong now, told or not; NULL: nothing */
	char *told;               /* owned: the problem that was told last */
	uint64_t told_at;
	guint problem_timer, summary_timer; /* 0: none */
	unsigned others;                    /* people without a notice of their own */
};

/* ---- who, and whether at all ---- */

static char *
key_for(const char *about, const char *name)
{
	return g_strconcat(about, name, NULL);
}

static const char *
name_in(const char *key, const char *about)
{
	return g_str_has_prefix(key, about) ? key + strlen(about) : NULL;
}

static bool
is_dnd(const struct notify *n)
{
	return str_equal(earshot_value_str(front_own(n->tray->front), "status"), "dnd");
}

/* Nobody wants any, at present or at all. */
static bool
is_silent(const struct notify *n)
{
	return is_dnd(n) || !tray_conf_is_on(TRAY_CONF_NOTICES);
}

static bool
is_watched(const struct notify *n, const struct front_person *p)
{
	return n->tray->window && window_is_watching(n->tray->window, p);
}

static enum notice_weight
weight_of(const char *trust)
{
	return str_equal(trust, "known") || str_equal(trust, "introduced") ||
		       str_equal(trust, "verified")
		   ? NOTICE_KNOWN
		   : NOTICE_STRANGER;
}

/* ---- people ---- */

static void
put_person(
    struct notify *n, const char *about, const struct front_person *p, const struct notice *notice)
{
	g_autofree char *key = key_for(about, p->name);
	notice_list_put(n->list, key, weight_of(p->trust), notice, true);
}

void
notify_message(struct notify *n, const struct front_person *p, const struct front_message *m)
{
	if (m->ours || m->file || p->blocked || is_silent(n) || is_watched(n, p))
		return; /* files have notices of their own */
	struct buf summary = BUF_INIT(TEXT_MAX), body = BUF_INIT(TEXT_MAX);
	notice_from(&summary, p);
	if (tray_conf_is_on(TRAY_CONF_PREVIEW))
		notice_said(&body, p, m);
	else
		buf_str(&body, tr("Wrote to you."));
	put_person(n, ABOUT_MESSAGE, p,
	    &(struct notice){.summary = buf_cstr(&summary),
		.body = buf_cstr(&body),
		.category = "im.received",
		.actions = {
		    {"reply", tr("Reply")},
		    {"default", tr("Open")},
		    {"seen", tr("Mark as read")},
		}});
	buf_finish(&summary);
	buf_finish(&body);
}

void
notify_attention(struct notify *n, const struct front_person *p)
{
	bool urgent = str_equal(p->trust, "verified");
	if (p->blocked || !tray_conf_is_on(TRAY_CONF_NOTICES) || (is_dnd(n) && !urgent) ||
	    is_watched(n, p))
		return;
	g_autofree char *body = g_strdup_printf(tr("%s asks for your attention."), p->display);
	struct buf summary = BUF_INIT(TEXT_MAX);
	notice_from(&summary, p);
	put_person(n, ABOUT_PERSON, p,
	    &(struct notice){.summary = buf_cstr(&summary),
		.body = body,
		.category = "im.received",
		.urgent = urgent,
		.actions = {
		    {"reply", tr("Reply")},
		    {"default", tr("Open")},
		}});
	buf_finish(&summary);
}

static void
remove_about(struct notify *n, const char *about, const struct front_person *p)
{
	g_autofree char *key = key_for(about, p->name);
	notice_list_remove(n->list, key);
}

void
notify_person(struct notify *n, const struct front_person *p)
{
	if (is_watched(n, p))
		notify_person_gone(n, p);
	else if (p->unread == 0)
		remove_about(n, ABOUT_MESSAGE, p);
}

void
notify_person_gone(struct notify *n, const struct front_person *p)
{
	remove_about(n, ABOUT_MESSAGE, p);
	remove_about(n, ABOUT_PERSON, p);
}

/* ---- too many people ---- */

static gboolean
on_counted(gpointer user)
{
	struct notify *n = user;
	struct buf body = BUF_INIT(TEXT_MAX);
	n->summary_timer = 0;
	notice_many(&body, n->others);
	notice_list_put(n->list, ABOUT_OTHERS, NOTICE_OURS,
	    &(struct notice){.summary = tr("More messages"),
		.body = buf_cstr(&body),
		.category = "im.received",
		.actions = {{"default", tr("Open")}}},
	    false);
	buf_finish(&body);
	return G_SOURCE_REMOVE;
}

static void
on_summary(void *ctx, unsigned count)
{
	struct notify *n = ctx;
	n->others = count;
	if (!n->summary_timer)
		n->summary_timer = g_timeout_add(COUNT_MS, on_counted, n);
}

/* ---- files ---- */

static bool
is_recent(const struct front_file *f)
{
	int64_t age = clock_wall() - earshot_value_int(f->info, "at", 0);
	return age > -OLD_FILE_MS && age < OLD_FILE_MS;
}

static void
put_file(struct notify *n, const struct front_file *f, const char *body, bool asks)
{
	g_autofree char *key = key_for(ABOUT_FILE, f->id);
	struct buf summary = BUF_INIT(TEXT_MAX);
	const char *display = earshot_value_str(f->info, "display");
	text_add(&summary, TEXT_NAME, display ? display : "", display ? strlen(display) : 0);
	struct notice notice = {.summary = buf_cstr(&summary),
	    .body = body,
	    .category = asks ? "transfer" : "transfer.complete",
	    .actions = {{"default", tr("Open")}}};
	if (asks) {
		notice.actions[0] = (struct notice_action){"accept", tr("Accept")};
		notice.actions[1] = (struct notice_action){"decline", tr("Decline")};
		notice.actions[2] = (struct notice_action){"default", tr("Open")};
	}
	notice_list_put(
	    n->list, key, weight_of(earshot_value_str(f->info, "trust")), &notice, false);
	buf_finish(&summary);
}

/* Tells what became of a file whose state is another now. */
static void
tell_file(struct notify *n, const struct front_file *f, bool first)
{
	const struct front_person *p = front_find(n->tray->front, f->peer);
	struct buf what = BUF_INIT(TEXT_MAX), state = BUF_INIT(TEXT_MAX);
	g_autofree char *body = NULL;
	bool asks = transfer_asks(f->info) && is_recent(f);
	transfer_what(&what, f->info);
	transfer_state(&state, f->info);
	if (asks && !tray_conf_is_on(TRAY_CONF_PREVIEW))
		body = g_strdup(tr("Wants to give you something."));
	else if (asks)
		body = g_strdup_printf(tr("Wants to give you %s."), buf_cstr(&what));
	else if (!first && transfer_done(f->info) && transfer_incoming(f->info))
		body = g_strdup_printf(tr("You have received %s."), buf_cstr(&what));
	else if (!first && str_equal(earshot_value_str(f->info, "state"), "failed"))
		body = g_strdup_printf(tr("%s: %s"), buf_cstr(&what), buf_cstr(&state));
	if (body && !earshot_value_bool(f->info, "quiet", false) && !is_silent(n) &&
	    !(p && (p->blocked || is_watched(n, p))))
		put_file(n, f, body, asks);
	buf_finish(&what);
	buf_finish(&state);
}

void
notify_file(struct notify *n, const struct front_file *f)
{
	const char *state = earshot_value_str(f->info, "state");
	const char *was = g_hash_table_lookup(n->files, f->id);
	if (!state || str_equal(was, state))
		return;
	bool first = !was;
	g_hash_table_insert(n->files, g_strdup(f->id), g_strdup(state));
	if (!transfer_asks(f->info)) {
		g_autofree char *key = key_for(ABOUT_FILE, f->id);
		notice_list_remove(n->list, key);
	}
	tell_file(n, f, first);
}

void
notify_file_gone(struct notify *n, const struct front_file *f)
{
	g_autofree char *key = key_for(ABOUT_FILE, f->id);
	g_hash_table_remove(n->files, f->id);
	notice_list_remove(n->list, key);
}

/* ---- trust ---- */

void
notify_event(struct notify *n, const char *topic, const struct earshot_value *event)
{
	const char *peer = earshot_value_str(event, "peer");
	const struct front_person *p = peer ? front_find(n->tray->front, peer) : NULL;
	const char *body = NULL;
	if (!p || p->blocked || is_silent(n) || is_watched(n, p))
		return;
	if (str_equal(topic, "verify") && str_equal(earshot_value_str(event, "stage"), "begun") &&
	    !earshot_value_bool(event, "initiator", false))
		body = tr("Wants to compare keys with you.");
	else if (str_equal(topic, "trust") &&
		 str_equal(earshot_value_str(event, "trust"), "changed") &&
		 !str_equal(earshot_value_str(event, "before"), "changed"))
		body =
		    tr("Somebody with another key uses this name. It may not be the same person.");
	if (body)
		put_person(n, ABOUT_PERSON, p,
		    &(struct notice){.summary = p->display,
			.body = body,
			.category = "im",
			.actions = {{"default", tr("Open")}}});
}

/* ---- what is wrong ---- */

void
notify_refusal(struct notify *n, const struct front_person *about, const char *sentence)
{
	if (n->tray->window && gtk_widget_is_visible(GTK_WIDGET(window_widget(n->tray->window))))
		return; /* the window says so */
	notice_list_put(n->list, ABOUT_REFUSAL, NOTICE_OURS,
	    &(struct notice){.summary = about ? about->display : tr("This was not done"),
		.body = sentence,
		.category = "im.error",
		.actions = {{"default", tr("Open")}}},
	    false);
}

static gboolean
on_problem_lasts(gpointer user)
{
	struct notify *n = user;
	uint64_t now = clock_now();
	n->problem_timer = 0;
	if (is_silent(n) || (str_equal(n->told, n->problem) && now - n->told_at < AGAIN_MS))
		return G_SOURCE_REMOVE;
	n->told_at = now;
	g_free(n->told);
	n->told = g_strdup(n->problem);
	notice_list_put(n->list, ABOUT_PROBLEM, NOTICE_OURS,
	    &(struct notice){.summary = tr("Earshot has a problem"),
		.body = n->problem,
		.category = "network.error",
		.actions = {{"default", tr("Open")}}},
	    false);
	return G_SOURCE_REMOVE;
}

void
notify_problem(struct notify *n, const char *sentence)
{
	if (str_equal(n->problem ? n->problem : "", sentence))
		return;
	if (n->problem_timer)
		g_source_remove(n->problem_timer);
	n->problem_timer = 0;
	g_clear_pointer(&n->problem, g_free);
	notice_list_remove(n->list, ABOUT_PROBLEM);
	if (str_empty(sentence))
		return;
	n->problem = g_strdup(sentence);
	n->problem_timer = g_timeout_add(LASTS_MS, on_problem_lasts, n);
}

/* ---- buttons ---- */

static struct front_person *
person_of(struct notify *n, const char *key)
{
	const char *name = name_in(key, ABOUT_MESSAGE), *id = name_in(key, ABOUT_FILE);
	const struct front_file *f = id ? front_file_find(n->tray->front, id) : NULL;
	if (!name)
		name = f ? f->peer : name_in(key, ABOUT_PERSON);
	return name ? front_find(n->tray->front, name) : NULL;
}

static void
on_action(void *ctx, const char *key, const char *action)
{
	struct notify *n = ctx;
	struct front_person *p = person_of(n, key);
	const char *file = name_in(key, ABOUT_FILE);
	if (file && (str_equal(action, "accept") || str_equal(action, "decline")))
		app_file(n->tray, action, file);
	else if (str_equal(action, "seen") && p)
		front_seen(n->tray->front, p);
	else if (str_equal(action, "default") || str_equal(action, "reply"))
		app_open(n->tray, p ? p->name : NULL);
}

static void
on_reply(void *ctx, const char *key, const char *text)
{
	struct notify *n = ctx;
	struct front_person *p = person_of(n, key);
	if (!p || str_empty(text))
		return;
	front_say(n->tray->front, p, text, NULL);
	front_seen(n->tray->front, p);
}

/* ---- life ---- */

int
notify_create(struct tray *t, GDBusConnection *bus, const char *icon, struct notify **out)
{
	static const struct notice_list_listener heard = {
	    .on_action = on_action,
	    .on_reply = on_reply,
	    .on_summary = on_summary,
	};
	struct notify *n = calloc(1, sizeof(*n));
	if (!n)
		return -ENOMEM;
	n->tray = t;
	n->files = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
	int err = notice_list_create(bus, icon, &heard, n, &n->list);
	if (err < 0) {
		notify_destroy(n);
		return err;
	}
	*out = n;
	return 0;
}

void
notify_destroy(struct notify *n)
{
	if (!n)
		return;
	if (n->problem_timer)
		g_source_remove(n->problem_timer);
	if (n->summary_timer)
		g_source_remove(n->summary_timer);
	notice_list_destroy(n->list);
	g_hash_table_destroy(n->files);
	g_free(n->problem);
	g_free(n->told);
	free(n);
}
