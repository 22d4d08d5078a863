#include "tray/notice_list.h"

#include "base/clock.h"
#include "base/str.h"
#include "tray/notice_limit.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { SUMMED_MAX = 1000, FRESH = 60000 /* ms: what waits longer is no news */ };

struct item {
	struct notice_list *list;
	char *key;
	char *summary, *body;
	char *actions[NOTICE_ACTIONS][2]; /* key and label; NULL: no more */
	const char *category;             /* static */
	enum notice_weight weight;
	bool urgent, inline_reply;
	struct bucket pace;
	uint64_t ticket; /* which item it is, for answers that come later */
	uint64_t at;     /* clock_now() of its news */
	uint32_t id;     /* on the screen; 0: it is not */
	bool waits;      /* what is to be shown is not yet */
	bool on_its_way; /* the server has not said its id yet */
	guint timer;     /* until its pace allows the next; 0: none */
};

struct notice_list {
	struct notice_server *server; /* owned */
	GHashTable *items;            /* key to struct item, owned */
	GHashTable *summed;           /* keys that have no notice for want of room, owned */
	struct notice_limit limit;
	uint64_t last_ticket;
	const struct notice_list_listener *l;
	void *ctx;
};

/* ---- items ---- */

static void
clear_content(struct item *i)
{
	g_clear_pointer(&i->summary, g_free);
	g_clear_pointer(&i->body, g_free);
	for (size_t a = 0; a < NOTICE_ACTIONS; a++) {
		g_clear_pointer(&i->actions[a][0], g_free);
		g_clear_pointer(&i->actions[a][1], g_free);
	}
}

static void
take_off(struct item *i)
{
	if (i->id != 0)
		notice_server_close(i->list->server, i->id);
	i->id = 0;
}

static void
item_free(gpointer item)
{
	struct item *i = item;
	if (i->timer)
		g_source_remove(i->timer);
	take_off(i);
	clear_content(i);
	g_free(i->key);
	g_free(i);
}

static void
set_content(struct item *i, const struct notice *n)
{
	clear_content(i);
	i->summary = g_strdup(n->summary);
	i->body = g_strdup(n->body);
	for (size_t a = 0; a < NOTICE_ACTIONS && n->actions[a].key; a++) {
		i->actions[a][0] = g_strdup(n->actions[a].key);
		i->actions[a][1] = g_strdup(n->actions[a].label);
	}
	i->category = n->category;
	i->urgent = n->urgent;
}

static struct item *
item_with(struct notice_list *n, uint32_t id, uint64_t ticket)
{
	GHashTableIter each;
	gpointer value;
	g_hash_table_iter_init(&each, n->items);
	while (g_hash_table_iter_next(&each, NULL, &value)) {
		struct item *i = value;
		if (id != 0 ? i->id == id : i->ticket == ticket)
			return i;
	}
	return NULL;
}

/* Makes room: what is not shown goes before what is, then the oldest. */
static void
drop_oldest(struct notice_list *n)
{
	GHashTableIter each;
	gpointer value;
	struct item *oldest = NULL;
	g_hash_table_iter_init(&each, n->items);
	while (g_hash_table_iter_next(&each, NULL, &value)) {
		struct item *i = value;
		if (!oldest || (i->id == 0 && oldest->id != 0) ||
		    ((i->id == 0) == (oldest->id == 0) && i->at < oldest->at))
			oldest = i;
	}
	if (oldest)
		g_hash_table_remove(n->items, oldest->key);
}

/* ---- when ---- */

static void try_item(struct item *i);

static gboolean
on_time(gpointer user)
{
	struct item *i = user;
	i->timer = 0;
	try_item(i);
	return G_SOURCE_REMOVE;
}

static void
send(struct item *i, const struct notice_can *can)
{
	struct notice n = {
	    .summary = i->summary, .body = i->body, .category = i->category, .urgent = i->urgent};
	for (size_t a = 0; a < NOTICE_ACTIONS && i->actions[a][0]; a++)
		n.actions[a] = (struct notice_action){i->actions[a][0], i->actions[a][1]};
	if (i->inline_reply && can->inline_reply)
		n.actions[0].key = "inline-reply";
	i->waits = false;
	i->on_its_way = true;
	notice_server_show(i->list->server, &n, i->id, i->ticket);
}

static void
sum_up(struct item *i)
{
	struct notice_list *n = i->list;
	if (g_hash_table_size(n->summed) < SUMMED_MAX)
		g_hash_table_add(n->summed, g_strdup(i->key));
	g_hash_table_remove(n->items, i->key);
	n->l->on_summary(n->ctx, g_hash_table_size(n->summed));
}

static enum notice_verdict
ask_limit(struct item *i, uint64_t *wait)
{
	struct notice_list *n = i->list;
	uint64_t now = clock_now();
	if (i->weight == NOTICE_OURS)
		return notice_limit_ask_ours(&i->pace, now, wait);
	return notice_limit_ask(
	    &n->limit, &i->pace, i->weight == NOTICE_KNOWN, i->id == 0, now, wait);
}

/* Nothing happens if it has nothing to show, or cannot yet; i may be gone after. */
static void
try_item(struct item *i)
{
	uint64_t wait;
	if (!i->waits || i->on_its_way || i->timer)
		return;
	const struct notice_can *can = notice_server_can(i->list->server);
	if (!can)
		return;
	switch (ask_limit(i, &wait)) {
	case NOTICE_NOW:
		send(i, can);
		break;
	case NOTICE_LATER:
		i->timer = g_timeout_add((guint)wait, on_time, i);
		break;
	case NOTICE_SUMMARY:
		sum_up(i);
		break;
	}
}

/* ---- the server says ---- */

/* Trying may end items, so it goes by a list of those that wait now. */
static void
on_ready(void *ctx)
{
	struct notice_list *n = ctx;
	g_autoptr(GList) keys = g_hash_table_get_keys(n->items);
	g_autoptr(GPtrArray) waiting = g_ptr_array_new_with_free_func(g_free);
	for (GList *key = keys; key; key = key->next)
		g_ptr_array_add(waiting, g_strdup(key->data));
	for (guint k = 0; k < waiting->len; k++) {
		struct item *i = g_hash_table_lookup(n->items, waiting->pdata[k]);
		if (!i)
			continue;
		if (clock_now() - i->at > FRESH)
			i->waits = false;
		try_item(i);
	}
}

static void
on_gone(void *ctx)
{
	struct notice_list *n = ctx;
	GHashTableIter each;
	gpointer value;
	g_hash_table_iter_init(&each, n->items);
	while (g_hash_table_iter_next(&each, NULL, &value)) {
		struct item *i = value;
		i->id = 0;
		i->waits = i->on_its_way = false;
	}
	g_hash_table_remove_all(n->summed);
}

static void
on_shown(void *ctx, uint64_t ticket, uint32_t id)
{
	struct notice_list *n = ctx;
	struct item *i = item_with(n, 0, ticket);
	if (!i) { /* it was removed meanwhile */
		if (id != 0)
			notice_server_close(n->server, id);
		return;
	}
	i->on_its_way = false;
	i->id = id;
	try_item(i);
}

/* What was answered is over; its key, to be g_free()d, or NULL if it is none of ours. */
static char *
answered(struct notice_list *n, uint32_t id)
{
	struct item *i = item_with(n, id, 0);
	char *key = i ? g_strdup(i->key) : NULL;
	if (i)
		take_off(i);
	return key;
}

static void
on_action(void *ctx, uint32_t id, const char *action)
{
	struct notice_list *n = ctx;
	g_autofree char *key = answered(n, id);
	if (key)
		n->l->on_action(n->ctx, key, action);
}

static void
on_reply(void *ctx, uint32_t id, const char *text)
{
	struct notice_list *n = ctx;
	g_autofree char *key = answered(n, id);
	if (key)
		n->l->on_reply(n->ctx, key, text);
}

static void
on_closed(void *ctx, uint32_t id)
{
	struct notice_list *n = ctx;
	struct item *i = item_with(n, id, 0);
	if (i)
		i->id = 0; /* it stays for the sake of its pace */
}

/* ---- what the others see ---- */

void
notice_list_put(struct notice_list *n, const char *key, enum notice_weight weight,
    const struct notice *notice, bool inline_reply)
{
	struct item *i = g_hash_table_lookup(n->items, key);
	if (!i) {
		if (g_hash_table_size(n->items) >= NOTICES_MAX)
			drop_oldest(n);
		i = g_new0(struct item, 1);
		i->list = n;
		i->key = g_strdup(key);
		i->ticket = ++n->last_ticket;
		g_hash_table_insert(n->items, i->key, i);
	}
	set_content(i, notice);
	i->weight = weight;
	i->inline_reply = inline_reply;
	i->at = clock_now();
	i->waits = true;
	try_item(i);
}

void
notice_list_remove(struct notice_list *n, const char *key)
{
	struct item *i = g_hash_table_lookup(n->items, key);
	g_hash_table_remove(n->summed, key);
	if (!i)
		return;
	if (i->timer)
		g_source_remove(i->timer);
	i->timer = 0;
	i->waits = false;
	/* one on its way is taken off the screen when its id is known */
	if (i->on_its_way)
		g_hash_table_remove(n->items, key);
	else
		take_off(i);
}

bool
notice_list_has(const struct notice_list *n, const char *key)
{
	const struct item *i = g_hash_table_lookup(n->items, key);
	return i && (i->id != 0 || i->waits || i->on_its_way);
}

int
notice_list_create(GDBusConnection *bus, const char *icon, const struct notice_list_listener *l,
    void *ctx, struct notice_list **out)
{
	static const struct notice_server_listener heard = {
	    .on_ready = on_ready,
	    .on_gone = on_gone,
	    .on_shown = on_shown,
	    .on_action = on_action,
	    .on_reply = on_reply,
	    .on_closed = on_closed,
	};
	struct notice_list *n = calloc(1, sizeof(*n));
	if (!n)
		return -ENOMEM;
	n->l = l;
	n->ctx = ctx;
	n->items = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, item_free);
	n->summed = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	int err = notice_server_create(bus, icon, &heard, n, &n->server);
	if (err < 0) {
		notice_list_destroy(n);
		return err;
	}
	*out = n;
	return 0;
}

void
notice_list_destroy(struct notice_list *n)
{
	if (!n)
		return;
	g_hash_table_destroy(n->items);
	g_hash_table_destroy(n->summed);
	notice_server_destroy(n->server);
	free(n);
}
