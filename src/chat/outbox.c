#include "chat/outbox.h"

#include "base/number.h"
#include "base/tr.h"

#include <string.h>

enum {                  /* ms */
	KEEP = 5000,    /* handed over: long enough for crossing streams to be sorted out */
	SETTLE = 60000, /* what went onto a stream may still be read from it that long */
	ROOM = 1000,    /* until we look again whether a full stream has room */
};

static struct outbox_item *
item_of(struct list *node)
{
	return container_of(node, struct outbox_item, node);
}

/* ---- lists ---- */

/* When it is given up. Not while it may yet arrive, for then later ones could get before it. */
static uint64_t
due(const struct outbox *o, const struct outbox_item *item)
{
	if (!item->tried || item->expires_at == OUTBOX_NEVER)
		return item->expires_at;
	return o->link ? OUTBOX_NEVER : number_higher(item->expires_at, o->down_at + SETTLE);
}

static void
put_waiting(struct outbox *o, struct outbox_item *item)
{
	struct list *at = &o->waiting;
	if (!list_empty(at) && item_of(at->prev)->row > item->row) /* else: to the end */
		for (at = at->next; item_of(at)->row < item->row;)
			at = at->next;
	list_insert(at, &item->node);
	o->expiry = number_lower(o->expiry, due(o, item));
}

/* Into memory, behind all others. */
static void
take(struct outbox *o, struct outbox_item *item)
{
	item->link = item->handed_at = 0;
	item->tried = item->promised = item->in_kernel = item->again = false;
	o->last = item->row;
	o->count++;
	o->bytes += item->size;
}

static void
unsend(struct outbox *o, struct outbox_item *item)
{
	list_remove(&item->node);
	window_remove(&o->flight, item->size);
	item->link = 0;
	item->in_kernel = false;
	put_waiting(o, item);
}

static void
forget_kept(struct outbox *o, struct outbox_item *item)
{
	list_remove(&item->node);
	o->kept_count--;
	o->kept_bytes -= item->size;
	o->ops->release(o->ctx, item);
}

/* Takes it off its list, waiting or sent. */
static void
remove_item(struct outbox *o, struct outbox_item *item)
{
	list_remove(&item->node);
	if (item->link)
		window_remove(&o->flight, item->size);
	o->count--;
	o->bytes -= item->size;
}

static void
finish(struct outbox *o, struct outbox_item *item, enum outbox_state state, const char *reason)
{
	o->ops->set_state(o->ctx, item->row, state, reason);
	remove_item(o, item);
	o->ops->release(o->ctx, item);
}

static void
ask_for_mark(struct outbox *o, uint64_t upto)
{
	o->marking++;
	o->asked = number_higher(o->asked, upto);
	o->ops->mark(o->ctx, o->asked);
}

/* A message is passed over. Nothing behind it is sent until the store has that for certain, or
 * after a crash it would be sent behind them. One more mark shows when that is. */
static void
fence(struct outbox *o)
{
	o->fenced = true;
	ask_for_mark(o, 0);
}

/* The kernel has it, and nothing more will be heard of it: done, and remembered for a while. */
static void
hand_over(struct outbox *o, uint64_t now, struct outbox_item *item)
{
	o->ops->set_state(o->ctx, item->row, OUTBOX_HANDED_OVER, NULL);
	remove_item(o, item);
	item->handed_at = now;
	list_insert(&o->kept, &item->node);
	o->kept_count++;
	o->kept_bytes += item->size;
	while (o->kept_count > LIMIT_OUTBOX_KEPT || o->kept_bytes > LIMIT_OUTBOX_BYTES)
		forget_kept(o, item_of(o->kept.next));
}

/* ---- what is to be done after every event ---- */

static void
forget_old_kept(struct outbox *o, uint64_t now)
{
	while (!list_empty(&o->kept) && now >= item_of(o->kept.next)->handed_at + KEEP)
		forget_kept(o, item_of(o->kept.next));
}

static void
expire(struct outbox *o, uint64_t now)
{
	if (now < o->expiry)
		return;
	o->expiry = OUTBOX_NEVER;
	bool any = false;
	LIST_FOREACH (n, &o->waiting) {
		struct outbox_item *item = item_of(n);
		uint64_t at = due(o, item);
		any |= now >= at;
		if (now < at)
			o->expiry = number_lower(o->expiry, at);
		else
			finish(o, item, OUTBOX_FAILED,
			    item->tried ? TR("expired; it may have arrived") : TR("expired"));
	}
	if (any)
		fence(o);
}

static void
ask_load(struct outbox *o)
{
	if (!o->more || o->loading || o->count > LIMIT_OUTBOX_LOADED / 2 ||
	    o->bytes > LIMIT_OUTBOX_BYTES / 2)
		return;
	o->loading = true;
	o->grew = false;
	o->ops->load(o->ctx, ++o->ticket, o->last, LIMIT_OUTBOX_LOADED - o->count,
	    LIMIT_OUTBOX_BYTES - o->bytes);
}

/* Ahead of need, so that sending does not stop for commits; those that are marked and not sent
 * cannot be cancelled, but they are about to go. */
static void
ask_mark(struct outbox *o)
{
	if (!o->link || o->marking || list_empty(&o->waiting) ||
	    item_of(o->waiting.prev)->row <= o->marked ||
	    item_of(o->waiting.next)->row < o->mark_row)
		return;
	uint64_t upto = 0;
	size_t ready = 0, more = 0;
	LIST_FOREACH (n, &o->waiting) {
		uint64_t row = item_of(n)->row;
		if (row <= o->marked && ++ready == LIMIT_OUTBOX_MARKED / 4)
			o->mark_row = row;
		if (row <= o->marked && ready >= LIMIT_OUTBOX_MARKED / 2)
			return;
		if (row > o->marked) {
			upto = row;
			if (++more >= LIMIT_OUTBOX_MARKED)
				break;
		}
	}
	ask_for_mark(o, upto);
}

static enum outbox_sending
put_on_link(struct outbox *o, uint64_t now, struct outbox_item *item)
{
	enum outbox_sending result = o->ops->send(o->ctx, item, item->tried);
	if (result == OUTBOX_NO_ROOM)
		o->room_at = now + ROOM;
	if (result == OUTBOX_SENDING) {
		item->link = o->link;
		item->tried = true;
	}
	return result;
}

static void
send_kept(struct outbox *o, uint64_t now)
{
	LIST_FOREACH (n, &o->kept) {
		struct outbox_item *item = item_of(n);
		if (!item->link && !item->again && now >= o->room_at)
			item->again = put_on_link(o, now, item) != OUTBOX_NO_ROOM;
	}
}

static void
send_waiting(struct outbox *o, uint64_t now)
{
	while (!list_empty(&o->waiting) && now >= o->room_at) {
		struct outbox_item *item = item_of(o->waiting.next);
		bool room = window_has(&o->flight, item->size, LIMIT_OUTBOX_WINDOW);
		if (item->row > o->marked || !room)
			return;
		enum outbox_sending result = put_on_link(o, now, item);
		if (result == OUTBOX_UNSENDABLE) {
			finish(o, item, OUTBOX_FAILED, TR("it cannot be sent"));
			fence(o);
		}
		if (result != OUTBOX_SENDING)
			return;
		item->promised = o->promises;
		list_remove(&item->node);
		list_insert(&o->sent, &item->node);
		window_add(&o->flight, item->size);
	}
}

static bool
needs_link(const struct outbox *o)
{
	return !o->link && !(list_empty(&o->waiting) && list_empty(&o->sent));
}

static void
dial(struct outbox *o, uint64_t now)
{
	if (!needs_link(o) || now < redial_at(&o->redial))
		return;
	redial_begin(&o->redial, now);
	o->ops->want_link(o->ctx);
}

static void
set_deadline(struct outbox *o, uint64_t now)
{
	uint64_t when = o->expiry;
	if (!list_empty(&o->kept))
		when = number_lower(when, item_of(o->kept.next)->handed_at + KEEP);
	if (o->link && now < o->room_at)
		when = number_lower(when, o->room_at);
	if (needs_link(o))
		when = number_lower(when, redial_at(&o->redial));
	if (when == o->deadline)
		return;
	o->deadline = when;
	o->ops->wake_at(o->ctx, when);
}

static void
settle(struct outbox *o, uint64_t now)
{
	forget_old_kept(o, now);
	expire(o, now);
	ask_load(o);
	if (o->link && !o->fenced) {
		send_kept(o, now);
		send_waiting(o, now);
	}
	ask_mark(o);
	dial(o, now);
	set_deadline(o, now);
}

/* ---- events: the store ---- */

static void
raise_mark(struct outbox *o, uint64_t row)
{
	o->marked = number_higher(o->marked, row);
	o->asked = number_higher(o->asked, o->marked);
}

bool
outbox_goes_now(const struct outbox *o)
{
	return o->link && !o->fenced && !o->more && list_empty(&o->waiting) &&
	       window_has(&o->flight, 0, LIMIT_OUTBOX_WINDOW);
}

void
outbox_added(struct outbox *o, uint64_t now, struct outbox_item *item, bool marked)
{
	if (marked)
		raise_mark(o, item->row);
	if (item->row <= o->last) { /* a load was faster */
		o->ops->release(o->ctx, item);
	} else if (o->more || o->count >= LIMIT_OUTBOX_LOADED || o->bytes >= LIMIT_OUTBOX_BYTES) {
		o->more = true;
		o->grew = o->loading;
		o->ops->release(o->ctx, item);
	} else {
		take(o, item);
		put_waiting(o, item);
	}
	redial_hope(&o->redial, now);
	settle(o, now);
}

void
outbox_loaded(struct outbox *o, uint64_t now, unsigned ticket, struct list *items, uint64_t marked,
    bool complete)
{
	bool wanted = o->loading && ticket == o->ticket;
	if (wanted) {
		raise_mark(o, marked);
		if (!o->last) /* until a moment ago it may have been sent, before a crash */
			o->down_at = now;
		o->loading = false;
		o->more = !complete || o->grew;
	}
	LIST_FOREACH (n, items) {
		struct outbox_item *item = item_of(n);
		list_remove(n);
		if (!wanted || item->row <= o->last) {
			o->ops->release(o->ctx, item);
			continue;
		}
		take(o, item);
		item->tried = item->row <= o->marked; /* before a crash: unknown, so yes */
		put_waiting(o, item);
	}
	settle(o, now);
}

void
outbox_marked(struct outbox *o, uint64_t now, uint64_t upto)
{
	raise_mark(o, upto);
	if (o->marking > 0 && --o->marking == 0)
		o->fenced = false;
	settle(o, now);
}

static void
release_all(struct outbox *o, struct list *items)
{
	LIST_FOREACH (n, items) {
		list_remove(n);
		o->ops->release(o->ctx, item_of(n));
	}
}

static void
clear(struct outbox *o)
{
	release_all(o, &o->waiting);
	release_all(o, &o->sent);
	release_all(o, &o->kept);
	o->count = o->bytes = o->flight.count = o->flight.bytes = o->kept_count = o->kept_bytes = 0;
	o->expiry = OUTBOX_NEVER;
}

void
outbox_restart(struct outbox *o, uint64_t now)
{
	clear(o);
	o->last = o->marked = o->asked = o->mark_row = o->marking = 0;
	o->more = true;
	o->fenced = o->loading = false;
	o->room_at = 0;
	o->deadline = OUTBOX_NEVER; /* the owner was to be called for this, not for that */
	settle(o, now);
}

/* ---- events: links ---- */

/* The peer is known to take messages: what fails next is a new matter. */
static void
note_progress(struct outbox *o)
{
	redial_progress(&o->redial);
	o->room_at = 0;
}

/* It turned out that the peer of this link confirms, or does not. */
static void
set_promises(struct outbox *o, uint64_t now, bool promises)
{
	o->promises = promises;
	LIST_FOREACH (n, &o->sent) {
		struct outbox_item *item = item_of(n);
		if (item->link != o->link)
			continue;
		item->promised = promises;
		if (!promises && item->in_kernel)
			hand_over(o, now, item);
	}
}

void
outbox_link_up(struct outbox *o, uint64_t now, uint64_t link, bool promises)
{
	bool other = link != o->link;
	o->link = link;
	redial_linked(&o->redial);
	set_promises(o, now, promises);
	if (other)
		o->room_at = o->expiry = 0;
	/* What waits for the kernel on another link to an old peer stays: it would come twice. */
	if (other && promises)
		while (!list_empty(&o->sent))
			unsend(o, item_of(o->sent.prev));
	settle(o, now);
}

void
outbox_link_down(struct outbox *o, uint64_t now, uint64_t link)
{
	for (struct list *n = o->sent.prev, *before; n != &o->sent; n = before) {
		before = n->prev;
		if (item_of(n)->link == link)
			unsend(o, item_of(n));
	}
	LIST_FOREACH (n, &o->kept) {
		if (item_of(n)->link == link)
			item_of(n)->link = 0;
	}
	if (o->link == link) {
		o->link = 0;
		o->down_at = now;
		o->expiry = 0; /* what was tried could not expire before */
		redial_dropped(&o->redial, now);
	}
	settle(o, now);
}

void
outbox_surely_read(struct outbox *o, uint64_t link)
{
	LIST_FOREACH (n, &o->kept)
		if (item_of(n)->link == link)
			forget_kept(o, item_of(n));
}

void
outbox_dial_failed(struct outbox *o, uint64_t now)
{
	redial_failed(&o->redial, now);
	settle(o, now);
}

void
outbox_presence(struct outbox *o, uint64_t now, bool here)
{
	redial_presence(&o->redial, now, here);
	settle(o, now);
}

void
outbox_handed(struct outbox *o, uint64_t now, uint64_t link, uint64_t row)
{
	LIST_FOREACH (n, &o->sent) {
		struct outbox_item *item = item_of(n);
		if (item->row != row || item->link != link)
			continue;
		item->in_kernel = true;
		o->room_at = 0;
		if (!item->promised) {
			hand_over(o, now, item);
			note_progress(o);
		}
		break;
	}
	settle(o, now);
}

/* ---- events: what the peer says ---- */

const struct outbox_item *
outbox_oldest(const struct outbox *o, uint64_t link)
{
	LIST_FOREACH (sent, &o->sent) {
		if (item_of(sent)->link == link)
			return item_of(sent);
	}
	LIST_FOREACH (kept, &o->kept) {
		if (item_of(kept)->link == link)
			return item_of(kept);
	}
	return NULL;
}

static struct outbox_item *
find(struct list *items, const char *id)
{
	LIST_FOREACH (n, items) {
		if (strcmp(item_of(n)->id, id) == 0)
			return item_of(n);
	}
	return NULL;
}

static bool
answered(
    struct outbox *o, uint64_t now, const char *id, enum outbox_state state, const char *reason)
{
	struct outbox_item *item = find(&o->sent, id);
	if (!item) /* the link it was sent on is gone, or it was sent before a crash */
		item = find(&o->waiting, id);
	if (item && item->tried) {
		finish(o, item, state, reason);
	} else {
		item = find(&o->kept, id);
		if (!item)
			return false;
		o->ops->set_state(o->ctx, item->row, state, reason);
		forget_kept(o, item);
	}
	note_progress(o);
	settle(o, now);
	return true;
}

bool
outbox_confirmed(struct outbox *o, uint64_t now, const char *id)
{
	return answered(o, now, id, OUTBOX_DELIVERED, NULL);
}

bool
outbox_displayed(struct outbox *o, uint64_t now, const char *id)
{
	return answered(o, now, id, OUTBOX_READ, NULL);
}

bool
outbox_refused(struct outbox *o, uint64_t now, const char *id, const char *reason)
{
	return answered(o, now, id, OUTBOX_FAILED, reason);
}

/* ---- events: the user, time ---- */

bool
outbox_cancel(struct outbox *o, uint64_t now, uint64_t row)
{
	if (row <= o->asked)
		return false;
	if (row > o->last) { /* only in the store, if anywhere */
		if (!o->more)
			return false;
		o->ops->cancel(o->ctx, row);
		o->loading = false; /* the answer under way may still have it */
	} else {
		struct list *n = o->waiting.next;
		while (n != &o->waiting && item_of(n)->row != row)
			n = n->next;
		if (n == &o->waiting)
			return false;
		finish(o, item_of(n), OUTBOX_CANCELLED, NULL);
	}
	fence(o);
	settle(o, now);
	return true;
}

void
outbox_tick(struct outbox *o, uint64_t now)
{
	o->deadline = OUTBOX_NEVER; /* that call is spent */
	settle(o, now);
}

void
outbox_init(struct outbox *o, const struct outbox_ops *ops, void *ctx, uint64_t seed, bool stored)
{
	*o = (struct outbox){.ops = ops,
	    .ctx = ctx,
	    .more = stored,
	    .expiry = OUTBOX_NEVER,
	    .deadline = OUTBOX_NEVER};
	redial_init(&o->redial, seed);
	list_init(&o->waiting);
	list_init(&o->sent);
	list_init(&o->kept);
}

void
outbox_finish(struct outbox *o)
{
	if (o->ops)
		clear(o);
}
