/* Every order in which things can happen to a few messages between two nodes: all states that can
 * be reached, breadth first, each checked. A state is a world written down as bytes, without time
 * (nothing expires, links come by themselves) and with a window and a memory of two messages. */
#include "outbox_events.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

enum {
	PACKED = 160,         /* bytes of a state at most */
	STATES_MAX = 3000000, /* far more than there are */
	SLOTS = 1 << 22,
};

/* ---- a world as bytes ---- */

struct bytes {
	uint8_t *at, *end; /* end: of what may be written */
};

struct reading {
	const uint8_t *at;
};

static void
put(struct bytes *b, size_t value)
{
	if (b->at == b->end || value > UINT8_MAX)
		abort();
	*b->at++ = (uint8_t)value;
}

static uint8_t
get(struct reading *b)
{
	return *b->at++; /* NOLINT(clang-analyzer-core*): what put() wrote */
}

static void
put_items(struct bytes *b, const struct list *items, size_t count)
{
	put(b, count);
	LIST_FOREACH (n, items) {
		const struct outbox_item *item = item_of(n);
		put(b, item->row);
		put(b, item->link << 3 | (size_t)item->tried << 2 | (size_t)item->promised << 1 |
			   item->in_kernel);
	}
}

static void
get_items(struct reading *b, struct world *w, struct list *items)
{
	for (uint8_t count = get(b); count > 0; count--) {
		struct outbox_item *item = world_item(w, get(b));
		uint8_t flags = get(b);
		item->link = flags / 8;
		item->tried = flags & 4;
		item->promised = flags & 2;
		item->in_kernel = flags & 1;
		list_insert(items, &item->node);
		w->o.count++;
		w->o.bytes += item->size;
		if (item->link)
			window_add(&w->o.flight, item->size);
	}
}

static void
put_outbox(struct bytes *b, const struct outbox *o)
{
	put(b, o->last);
	put(b, o->marked);
	put(b, o->asked);
	put(b, o->marking);
	put(b, o->link);
	put(b, (size_t)o->more << 3 | (size_t)o->loading << 2 | (size_t)o->grew << 1 | o->fenced);
	put_items(b, &o->waiting, o->count - o->flight.count);
	put_items(b, &o->sent, o->flight.count);
}

static void
get_outbox(struct reading *b, struct world *w)
{
	struct outbox *o = &w->o;
	outbox_init(o, &world_ops, w, 1, false);
	o->last = get(b);
	o->marked = get(b);
	o->asked = get(b);
	o->marking = get(b);
	o->link = get(b);
	uint8_t flags = get(b);
	o->more = flags & 8;
	o->loading = flags & 4;
	o->grew = flags & 2;
	o->fenced = flags & 1;
	o->promises = o->link > 0;
	o->ticket = 100; /* those of older loads are below */
	get_items(b, w, &o->waiting);
	get_items(b, w, &o->sent);
}

static void
put_queue(struct bytes *b, const struct queue *q)
{
	put(b, q->len);
	for (uint8_t i = 0; i < q->len; i++)
		put(b, q->at[i].msg * 16U + q->at[i].word * 4U + q->at[i].stream);
}

static void
get_queue(struct reading *b, struct queue *q)
{
	q->len = get(b);
	for (uint8_t i = 0; i < q->len; i++) {
		uint8_t e = get(b);
		q->at[i] = (struct entry){.msg = e / 16, .word = e / 4 % 4, .stream = e % 4};
	}
}

static void
put_store(struct bytes *b, const struct world *w)
{
	put(b, w->rows);
	put(b, w->marked);
	for (uint8_t i = 0; i < w->rows; i++)
		put(b, w->row[i].msg * 16U + w->row[i].state);
	put(b, w->ops);
	for (uint8_t i = 0; i < w->ops; i++) {
		put(b, w->op[i].kind * 16U + w->op[i].state);
		put(b, w->op[i].arg);
		put(b, w->op[i].kind == OP_LOAD ? w->o.ticket - w->op[i].ticket : 0);
	}
}

static void
get_store(struct reading *b, struct world *w)
{
	w->rows = get(b);
	w->marked = get(b);
	for (uint8_t i = 0; i < w->rows; i++) {
		uint8_t row = get(b);
		w->row[i].msg = row / 16;
		w->row[i].state = row % 16;
		w->expires_at[i] = OUTBOX_NEVER;
	}
	w->ops = get(b);
	for (uint8_t i = 0; i < w->ops; i++) {
		uint8_t kind = get(b);
		w->op[i] = (struct op){.kind = kind / 16, .state = kind % 16, .arg = get(b)};
		w->op[i].ticket = 100U - get(b);
	}
}

static size_t
pack(const struct world *w, uint8_t out[PACKED])
{
	struct bytes b = {out, out + PACKED};
	put(&b, w->crashes * 16U + w->cuts);
	put(&b, w->dups * 16U + w->crossings);
	put(&b, w->cancels);
	put_store(&b, w);
	put_outbox(&b, &w->o);
	put(&b, w->current);
	for (uint8_t i = 0; i < w->msgs; i++)
		put(&b, w->sent[i] * 16U + w->cancelled[i]);
	for (unsigned i = 0; i < STREAMS; i++) {
		put(&b, w->stream[i].alive);
		put_queue(&b, &w->stream[i].to_b); /* the kernel has all of it */
		put_queue(&b, &w->stream[i].to_a);
	}
	put_queue(&b, &w->b_ops);
	put(&b, w->b_stored);
	for (uint8_t i = 0; i < w->b_stored; i++)
		put(&b, w->b_store[i]);
	return (size_t)(b.at - out);
}

/* `rules` says what is the same in all states. */
static void
unpack(struct world *w, const struct world *rules, const uint8_t *packed)
{
	struct reading b = {packed};
	*w = *rules;
	uint8_t two = get(&b);
	w->crashes = two / 16;
	w->cuts = two % 16;
	two = get(&b);
	w->dups = two / 16;
	w->crossings = two % 16;
	w->cancels = get(&b);
	get_store(&b, w);
	get_outbox(&b, w);
	w->current = get(&b);
	for (uint8_t i = 0; i < w->msgs; i++) {
		two = get(&b);
		w->sent[i] = two / 16;
		w->cancelled[i] = two % 16;
	}
	for (unsigned i = 0; i < STREAMS; i++) {
		w->stream[i].alive = get(&b);
		get_queue(&b, &w->stream[i].to_b);
		get_queue(&b, &w->stream[i].to_a);
		w->stream[i].handed = w->stream[i].to_b.len;
	}
	get_queue(&b, &w->b_ops);
	w->b_stored = get(&b);
	for (uint8_t i = 0; i < w->b_stored; i++)
		w->b_store[i] = get(&b);
}

/* ---- all states ---- */

struct search {
	struct world rules;
	uint8_t *bytes; /* owned: the states one after the other, a length before each */
	size_t used, room;
	struct state {
		size_t at; /* in bytes */
		uint32_t from;
		struct event by;
	} * states;      /* owned */
	uint32_t *slots; /* owned: index + 1 of a state, by hash; 0: free */
	uint32_t count, room_states;
	uint32_t ends;
};

static uint64_t
hash(const uint8_t *s, size_t len)
{
	uint64_t h = 0xcbf29ce484222325u;
	for (size_t i = 0; i < len; i++)
		h = (h ^ s[i]) * 0x100000001b3u;
	return h ^ (h >> 29);
}

static void *
grown(void *old, size_t size)
{
	void *new = realloc(old, size);
	if (!new)
		fail_msg("out of memory");
	return new;
}

/* Adds a state unless it is known. */
static void
note(struct search *s, const uint8_t *packed, size_t len, uint32_t from, struct event by)
{
	size_t slot = hash(packed, len) % SLOTS;
	for (; s->slots[slot]; slot = (slot + 1) % SLOTS) {
		/* NOLINTNEXTLINE(clang-analyzer-core*): a slot holds only states that are there */
		const uint8_t *known = s->bytes + s->states[s->slots[slot] - 1].at;
		if (known[0] == len && memcmp(known + 1, packed, len) == 0)
			return;
	}
	if (s->count == s->room_states) {
		s->room_states *= 2;
		s->states = grown(s->states, s->room_states * sizeof(*s->states));
	}
	if (s->room - s->used < PACKED + 1) {
		s->room *= 2;
		s->bytes = grown(s->bytes, s->room);
	}
	s->states[s->count] = (struct state){s->used, from, by};
	s->bytes[s->used] = (uint8_t)len;
	memcpy(s->bytes + s->used + 1, packed, len);
	s->used += len + 1;
	s->slots[slot] = ++s->count;
	assert_true(s->count < STATES_MAX);
}

static void
show_way(const struct search *s, uint32_t i)
{
	if (s->states[i].from != i)
		show_way(s, s->states[i].from);
	print_message("event %d(%d)\n", s->states[i].by.kind, s->states[i].by.arg);
}

/* All that can follow on one state. Returns the promise broken in it or behind it, or NULL. */
static const char *
follow(struct search *s, uint32_t i)
{
	static struct world w;
	uint8_t packed[PACKED];
	struct event events[EVENTS];
	unpack(&w, &s->rules, s->bytes + s->states[i].at + 1);
	size_t n = world_events(&w, events);
	bool end = true; /* nothing but faults is left to happen */
	for (size_t k = 0; k < n && end; k++)
		end = events[k].kind > EV_TIME;
	const char *why = end ? world_check_end(&w) : world_check(&w);
	s->ends += end;
	for (size_t k = 0; k < n && !why; k++) {
		unpack(&w, &s->rules, s->bytes + s->states[i].at + 1);
		world_apply(&w, events[k]);
		if (w.broken)
			why = w.broken; /* what an action found is not part of the state */
		else
			note(s, packed, pack(&w, packed), i, events[k]);
	}
	return why;
}

static const char *
search_all(struct world rules)
{
	struct search s = {.rules = rules, .room = 1 << 20, .room_states = 1 << 16};
	uint8_t packed[PACKED];
	s.bytes = grown(NULL, s.room);
	s.states = grown(NULL, s.room_states * sizeof(*s.states));
	s.slots = calloc(SLOTS, sizeof(*s.slots));
	assert_non_null(s.slots);
	static struct world first;
	first = rules;
	start_sender(&first);
	note(&s, packed, pack(&first, packed), 0, (struct event){0});
	const char *why = NULL;
	for (uint32_t i = 0; i < s.count && !why; i++) {
		why = follow(&s, i);
		if (why && rules.mutant == MUTANT_NONE)
			show_way(&s, i);
	}
	print_message("%u states, %u of them ends: %s\n", s.count, s.ends, why ? why : "fine");
	assert_true(s.ends > 0 || why);
	free(s.slots);
	free(s.states);
	free(s.bytes);
	return why;
}

static struct world
rules(uint8_t msgs, uint8_t crashes, uint8_t cuts, uint8_t dups)
{
	struct world w = {.promises = true,
	    .timeless = true,
	    .msgs = msgs,
	    .crashes = crashes,
	    .cuts = cuts,
	    .dups = dups,
	    .wake = OUTBOX_NEVER,
	    .faults = 1};
	for (size_t i = 0; i < MSGS; i++)
		w.lifetime[i] = OUTBOX_NEVER;
	return w;
}

static void
three_messages_two_crashes_a_loss_a_repetition(void **state)
{
	(void)state;
	assert_null(search_all(rules(3, 2, 1, 1)));
}

static void
with_a_cancellation(void **state)
{
	(void)state;
	struct world w = rules(3, 1, 1, 0);
	w.cancels = 1;
	assert_null(search_all(w));
	w = rules(2, 2, 1, 1);
	w.cancels = 2;
	assert_null(search_all(w));
}

static void
with_streams_that_cross(void **state)
{
	(void)state;
	struct world w = rules(3, 1, 1, 0);
	w.crossings = 1;
	assert_null(search_all(w));
	w = rules(2, 2, 1, 1);
	w.crossings = 1;
	assert_null(search_all(w));
	w = rules(2, 1, 1, 0);
	w.crossings = 1;
	w.cancels = 1;
	assert_null(search_all(w));
}

/* The check of the check: those bugs that two messages and no clock can show. */
static void
bugs_are_found(void **state)
{
	(void)state;
	static const enum mutant mutants[] = {OK_BEFORE_COMMIT, RECEIPT_BEFORE_COMMIT, DEDUPE_OFF,
	    ORDER_REVERSED, RESEND_FROM_NEWEST, FORGET_ON_LINK_DOWN, CANCEL_AFTER_SEND,
	    CANCEL_GUARD_OFF, STATE_RESET, MARK_NOT_KEPT, TOKEN_IGNORED, NO_FENCE};
	for (size_t i = 0; i < ARRAY_LEN(mutants); i++) {
		struct world w = rules(2, 2, 1, 1);
		w.mutant = mutants[i];
		w.cancels = 1;
		assert_non_null(search_all(w));
	}
}

int
main(void)
{
	world_window = engine_window = world_loaded = 2;
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(three_messages_two_crashes_a_loss_a_repetition),
	    cmocka_unit_test(with_a_cancellation),
	    cmocka_unit_test(with_streams_that_cross),
	    cmocka_unit_test(bugs_are_found),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
