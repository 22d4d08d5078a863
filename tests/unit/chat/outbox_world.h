/* A world for the outbox: its store, its client, the streams and a receiver, all as models, and
 * every event that can happen to them, faults included. The simulations drive it; outbox_check.h
 * says whether the promises hold. The engine is compiled in with limits so small that a handful of
 * messages fills windows and memory. */
#ifndef TESTS_OUTBOX_WORLD_H
#define TESTS_OUTBOX_WORLD_H

#include "chat/outbox.h"

#include <stdio.h>
#include <string.h>

static size_t world_window = 3, world_loaded = 5;
static size_t engine_window = 3; /* what it takes the window to be: the same, but for a mutant */
#define LIMIT_OUTBOX_WINDOW engine_window
#define LIMIT_OUTBOX_MARKED engine_window
#define LIMIT_OUTBOX_LOADED world_loaded
#include "chat/outbox.c" /* NOLINT(bugprone-suspicious-include): to give it other limits */

enum {
	MSGS = 12,
	STREAMS = 2,
	QUEUE = 64,       /* entries of a stream's direction or of a store's queue */
	LEFTOVER = 30000, /* ms that a dead stream's bytes may still be read */
};

/* Seeded bugs: the checker must notice each of them. */
enum mutant {
	MUTANT_NONE,
	OK_BEFORE_COMMIT,
	RECEIPT_BEFORE_COMMIT,
	DEDUPE_OFF,
	ORDER_REVERSED,
	RESEND_FROM_NEWEST,
	WINDOW_IGNORED,
	FORGET_ON_LINK_DOWN,
	CONFIRM_UNKNOWN_ID,
	CANCEL_AFTER_SEND,
	CANCEL_GUARD_OFF,
	STATE_RESET,
	MARK_NOT_KEPT,
	TOKEN_IGNORED,
	OLD_LOAD_TAKEN,
	REFUSAL_LOST,
	NO_REDIAL,
	EXPIRED_IN_FLIGHT,
	AGAIN_WITHOUT_END,
	NO_FENCE,
	MUTANTS,
};

enum asked { NOT_ASKED, ASKED, ANSWERED, TOO_LATE };

enum op_kind { OP_INSERT, OP_SET, OP_CANCEL, OP_MARK, OP_LOAD };
struct op {
	uint8_t kind, state; /* state: for SET; for INSERT whether it marks */
	uint8_t arg;         /* message, row, mark or "after" */
	unsigned ticket;
};

enum word { MESSAGE_WORD, CONFIRMED, DISPLAYED, REFUSED, NONSENSE };
struct entry {
	uint8_t word, msg;
	uint8_t stream; /* in the receiver's store queue: where it came from, STREAMS: gone */
};

struct queue {
	uint8_t len;
	struct entry at[QUEUE];
};

struct stream_model {
	bool alive;
	uint8_t handed; /* of to_b: the kernel has them */
	struct queue to_b, to_a;
	uint64_t died_at;
	uint64_t last_row; /* sent on it, to see the order */
	bool open[MSGS];   /* sent on it, not answered */
};

struct world {
	/* what this run is like */
	enum mutant mutant;
	bool promises; /* what kind of peer */
	bool timeless; /* no clock, no dialling: links come up by themselves, kernels are fast */
	uint8_t msgs;
	bool poison[MSGS], unsendable[MSGS];
	uint64_t lifetime[MSGS]; /* ms, or OUTBOX_NEVER */
	uint8_t crashes, cuts, dups, crossings, cancels, troubles, nonsense; /* still to come */
	uint64_t now, wake;
	const char *broken; /* the invariant that was, NULL: none */

	/* the sender, durable: row r is row[r - 1] */
	struct {
		uint8_t msg, state;
	} row[2 * MSGS]; /* twice, for those that store a token twice */
	uint8_t rows, marked;
	uint64_t expires_at[2 * MSGS];
	/* the sender, volatile */
	struct outbox o;
	struct outbox_item item[2][2 * MSGS]; /* a load may bring what is in memory already */
	bool item_used[2][2 * MSGS];
	struct op op[QUEUE];
	uint8_t ops;
	bool dialling;
	uint8_t current;     /* stream, STREAMS: none */
	uint8_t again[MSGS]; /* times sent after it was handed over, in this life */
	bool handed[MSGS];   /* in this life */
	bool lost[MSGS];     /* by a mutant */
	/* its client */
	uint8_t sent[MSGS], cancelled[MSGS]; /* enum asked */

	struct stream_model stream[STREAMS];

	/* the receiver: volatile, durable */
	struct queue b_ops;
	uint8_t b_store[4 * MSGS], b_stored;
	uint64_t faults; /* how often anything was lost or repeated */
};

static inline void
world_break(struct world *w, const char *why)
{
	if (!w->broken)
		w->broken = why;
}

static inline void
push(struct queue *q, struct entry e)
{
	if (q->len < QUEUE)
		q->at[q->len++] = e;
}

static inline void
insert_at(struct queue *q, size_t i, struct entry e)
{
	memmove(&q->at[i + 1], &q->at[i], (q->len++ - i) * sizeof(e));
	q->at[i] = e;
}

static inline struct entry
pop(struct queue *q)
{
	struct entry e = q->at[0];
	memmove(&q->at[0], &q->at[1], --q->len * sizeof(e));
	return e;
}

static inline void
push_op(struct world *w, struct op op)
{
	if (w->ops == QUEUE)
		world_break(w, "the store's queue grows without end");
	else
		w->op[w->ops++] = op;
}

static inline uint8_t
row_of(const struct world *w, uint8_t msg) /* 0: not stored */
{
	for (uint8_t i = 0; i < w->rows; i++)
		if (w->row[i].msg == msg)
			return (uint8_t)(i + 1);
	return 0;
}

static inline bool
b_has(const struct world *w, uint8_t msg)
{
	return memchr(w->b_store, msg, w->b_stored) != NULL;
}

static inline void
msg_id(char out[RANDOM_ID_SIZE], unsigned msg)
{
	memset(out, '0', RANDOM_ID_SIZE);
	out[0] = (char)('a' + msg);
	out[RANDOM_ID_SIZE - 1] = '\0';
}

/* ---- actions of the engine ---- */

static inline enum outbox_sending
world_send(void *ctx, struct outbox_item *item, bool again)
{
	struct world *w = ctx;
	uint8_t msg = w->row[item->row - 1].msg;
	struct stream_model *s = &w->stream[w->current];
	if (w->current == STREAMS || !s->alive)
		world_break(w, "sent without a link");
	if (s->to_b.len >= QUEUE / 2)
		return OUTBOX_NO_ROOM;
	if (item->row > w->marked)
		world_break(w, "sent before its mark was durable");
	if (w->unsendable[msg])
		return OUTBOX_UNSENDABLE;
	if (w->promises && item->row <= s->last_row)
		world_break(w, "a stream is not in order");
	if (!again && w->handed[msg])
		world_break(w, "sent again and not said so");
	if (w->handed[msg] && ++w->again[msg] > 1)
		world_break(w, "sent more than once again");
	if (!w->timeless) {
		s->last_row = item->row;
		s->open[msg] = true;
	}
	size_t open = 0;
	for (uint8_t i = 0; i < w->msgs; i++)
		open += s->open[i];
	if (w->promises && open > world_window)
		world_break(w, "the window is not kept");
	bool first = w->mutant == ORDER_REVERSED || (w->mutant == RESEND_FROM_NEWEST && again);
	insert_at(&s->to_b, first ? s->handed : s->to_b.len, (struct entry){.msg = msg});
	return OUTBOX_SENDING;
}

static inline void
world_set_state(void *ctx, uint64_t row, enum outbox_state state, const char *reason)
{
	struct world *w = ctx;
	if ((reason != NULL) != (state == OUTBOX_FAILED))
		world_break(w, "a failure without a reason, or a reason without a failure");
	if (state == OUTBOX_HANDED_OVER)
		w->handed[w->row[row - 1].msg] = true;
	if (!w->lost[w->row[row - 1].msg])
		push_op(w, (struct op){OP_SET, (uint8_t)state, (uint8_t)row, 0});
}

static inline void
world_cancel(void *ctx, uint64_t row)
{
	push_op(ctx, (struct op){OP_CANCEL, 0, (uint8_t)row, 0});
}

static inline void
world_mark(void *ctx, uint64_t upto)
{
	push_op(ctx, (struct op){OP_MARK, 0, (uint8_t)upto, 0});
}

static inline void
world_load(void *ctx, unsigned ticket, uint64_t after, size_t count, size_t bytes)
{
	struct world *w = ctx;
	if (!count || !bytes)
		world_break(w, "a load of nothing");
	push_op(w, (struct op){OP_LOAD, (uint8_t)count, (uint8_t)after, ticket});
}

static inline void
world_want_link(void *ctx)
{
	struct world *w = ctx;
	if (w->dialling || w->o.link)
		world_break(w, "dials without need");
	w->dialling = w->mutant != NO_REDIAL;
}

static inline void
world_wake_at(void *ctx, uint64_t when)
{
	struct world *w = ctx;
	if (when <= w->now)
		world_break(w, "wants to be woken in the past");
	w->wake = when;
}

static inline void
world_release(void *ctx, struct outbox_item *item)
{
	struct world *w = ctx;
	bool *used = item >= w->item[1] ? &w->item_used[1][item - w->item[1]]
					: &w->item_used[0][item - w->item[0]];
	if (!*used)
		world_break(w, "released twice");
	*used = false;
}

static const struct outbox_ops world_ops = {
    .send = world_send,
    .set_state = world_set_state,
    .cancel = world_cancel,
    .mark = world_mark,
    .load = world_load,
    .want_link = world_want_link,
    .wake_at = world_wake_at,
    .release = world_release,
};

/* ---- the sender's store and client ---- */

static inline struct outbox_item *
world_item(struct world *w, uint8_t row)
{
	size_t copy = w->item_used[0][row - 1];
	if (w->item_used[copy][row - 1])
		world_break(w, "in memory twice");
	w->item_used[copy][row - 1] = true;
	struct outbox_item *item = &w->item[copy][row - 1];
	*item = (struct outbox_item){.row = row, .expires_at = w->expires_at[row - 1], .size = 100};
	msg_id(item->id, w->row[row - 1].msg);
	return item;
}

/* What set_state() is allowed to change. */
static inline bool
state_may_be(const struct world *w, uint8_t row, uint8_t new)
{
	uint8_t old = w->row[row - 1].state;
	switch (new) {
	case OUTBOX_CANCELLED:
		return old == OUTBOX_QUEUED;
	case OUTBOX_FAILED:
		return old <= OUTBOX_HANDED_OVER;
	case OUTBOX_DELIVERED:
	case OUTBOX_READ:
		return old < new || old == OUTBOX_FAILED;
	default:
		return old < new;
	}
}

static inline void
store_insert(struct world *w, const struct op *op, bool answer)
{
	uint8_t row = w->mutant == TOKEN_IGNORED ? 0 : row_of(w, op->arg);
	bool new = !row;
	if (new) {
		row = ++w->rows;
		w->row[row - 1].msg = op->arg;
		w->row[row - 1].state = OUTBOX_QUEUED;
		uint64_t lifetime = w->lifetime[op->arg];
		w->expires_at[row - 1] =
		    lifetime == OUTBOX_NEVER ? OUTBOX_NEVER : w->now + lifetime;
		if (op->state)
			w->marked = row;
	}
	if (!answer)
		return;
	w->sent[op->arg] = ANSWERED;
	if (new)
		outbox_added(&w->o, w->now, world_item(w, row), op->state);
}

static inline void
store_load(struct world *w, const struct op *op)
{
	struct list items;
	list_init(&items);
	size_t count = op->state;
	uint8_t row = op->arg;
	for (; row < w->rows && count; row++) {
		if (w->row[row].state != OUTBOX_QUEUED)
			continue;
		list_insert(&items, &world_item(w, (uint8_t)(row + 1))->node);
		count--;
	}
	unsigned ticket = w->mutant == OLD_LOAD_TAKEN ? w->o.ticket : op->ticket;
	outbox_loaded(&w->o, w->now, ticket, &items, w->marked, row == w->rows);
}

static inline void
store_set(struct world *w, const struct op *op, bool answer)
{
	uint8_t state = op->state, msg = w->row[op->arg - 1].msg;
	bool changes = state_may_be(w, op->arg, state);
	if (changes)
		w->row[op->arg - 1].state = w->mutant == STATE_RESET ? OUTBOX_QUEUED : state;
	if (answer && state == OUTBOX_CANCELLED)
		w->cancelled[msg] = changes ? ANSWERED : TOO_LATE;
}

static inline void
store_cancel(struct world *w, const struct op *op, bool answer)
{
	struct op set = {OP_SET, OUTBOX_CANCELLED, op->arg, 0};
	if (op->arg > w->marked || w->mutant == CANCEL_GUARD_OFF)
		store_set(w, &set, answer);
	else if (answer)
		w->cancelled[w->row[op->arg - 1].msg] = TOO_LATE;
}

/* The oldest thing asked of the store becomes durable. answer: and the loop hears of it. */
static inline void
store_step(struct world *w, bool answer)
{
	struct op op = w->op[0];
	memmove(&w->op[0], &w->op[1], --w->ops * sizeof(op));
	switch (op.kind) {
	case OP_INSERT:
		store_insert(w, &op, answer);
		break;
	case OP_SET:
		store_set(w, &op, answer);
		break;
	case OP_CANCEL:
		store_cancel(w, &op, answer);
		break;
	case OP_MARK:
		if (op.arg > w->marked && w->mutant != MARK_NOT_KEPT)
			w->marked = op.arg;
		if (answer)
			outbox_marked(&w->o, w->now, op.arg);
		break;
	default:
		if (answer)
			store_load(w, &op);
	}
}

static inline void
client_sends(struct world *w, uint8_t msg)
{
	w->sent[msg] = w->mutant == OK_BEFORE_COMMIT ? ANSWERED : ASKED;
	push_op(w, (struct op){OP_INSERT, outbox_goes_now(&w->o), msg, 0});
}

static inline void
client_cancels(struct world *w, uint8_t msg)
{
	if (outbox_cancel(&w->o, w->now, row_of(w, msg)))
		w->cancelled[msg] = ASKED;
	else
		w->cancelled[msg] = w->mutant == CANCEL_AFTER_SEND ? ANSWERED : TOO_LATE;
}

/* The disk is full: all that is queued fails, and a little later it works again. */
static inline void
store_trouble(struct world *w)
{
	for (uint8_t i = 0; i < w->ops; i++) {
		const struct op *op = &w->op[i];
		if (op->kind == OP_INSERT)
			w->sent[op->arg] = NOT_ASKED;
		else if (op->kind == OP_CANCEL ||
			 (op->kind == OP_SET && op->state == OUTBOX_CANCELLED))
			w->cancelled[w->row[op->arg - 1].msg] = NOT_ASKED;
	}
	w->ops = 0;
	for (unsigned i = 0; i < STREAMS; i++) { /* all is sent anew: so begins the order */
		w->stream[i].last_row = 0;
		memset(w->stream[i].open, 0, sizeof(w->stream[i].open));
	}
	memset(w->handed, 0, sizeof(w->handed));
	memset(w->again, 0, sizeof(w->again));
	outbox_restart(&w->o, w->now);
}

/* ---- streams ---- */

static inline void
stream_is_current(struct world *w, unsigned i)
{
	w->current = (uint8_t)i;
	memset(w->stream[i].open, 0, sizeof(w->stream[i].open));
	w->stream[i].last_row = 0;
	outbox_link_up(&w->o, w->now, i + 1, w->promises);
}

static inline void
stream_up(struct world *w, unsigned i)
{
	w->stream[i] = (struct stream_model){.alive = true};
	w->dialling = false;
	stream_is_current(w, i);
}

/* Both ends let go of it; what the kernel has may yet be read by the receiver. */
static inline void
stream_dies(struct world *w, unsigned i)
{
	struct stream_model *s = &w->stream[i];
	s->alive = false;
	s->died_at = w->now;
	s->to_b.len = s->handed;
	s->to_a.len = 0;
	for (uint8_t k = 0; k < w->b_ops.len; k++)
		if (w->b_ops.at[k].stream == i)
			w->b_ops.at[k].stream = STREAMS;
}

static inline void
stream_cut(struct world *w, unsigned i)
{
	stream_dies(w, i);
	if (w->mutant == FORGET_ON_LINK_DOWN)
		while (w->o.flight.count) {
			struct outbox_item *item = item_of(w->o.sent.next);
			w->lost[w->row[item->row - 1].msg] = true;
			outbox_confirmed(&w->o, w->now, item->id);
		}
	if (w->mutant == AGAIN_WITHOUT_END)
		LIST_FOREACH (n, &w->o.kept)
			item_of(n)->again = false;
	if (w->current == i) {
		w->current = STREAMS;
		for (unsigned k = 0; k < STREAMS; k++)
			if (w->stream[k].alive)
				stream_is_current(w, k);
	}
	outbox_link_down(&w->o, w->now, i + 1);
}

static inline void
stream_hand(struct world *w, unsigned i)
{
	struct stream_model *s = &w->stream[i];
	uint8_t msg = s->to_b.at[s->handed++].msg;
	outbox_handed(&w->o, w->now, i + 1, row_of(w, msg));
}

/* ---- the receiver ---- */

static inline void
receiver_answers(struct world *w, uint8_t stream, enum word word, uint8_t msg)
{
	if (stream < STREAMS && w->stream[stream].alive)
		push(&w->stream[stream].to_a, (struct entry){.word = (uint8_t)word, .msg = msg});
}

static inline void
receiver_stores(struct world *w, uint8_t msg)
{
	if (w->b_stored < sizeof(w->b_store))
		w->b_store[w->b_stored++] = msg;
}

static inline void
receiver_reads(struct world *w, unsigned i)
{
	struct stream_model *s = &w->stream[i];
	struct entry e = pop(&s->to_b);
	s->handed--;
	if (!w->promises) {
		receiver_stores(w, e.msg); /* shows it, as often as it comes */
		return;
	}
	e.stream = s->alive ? (uint8_t)i : STREAMS;
	push(&w->b_ops, e);
	if (w->mutant == RECEIPT_BEFORE_COMMIT)
		receiver_answers(w, e.stream, CONFIRMED, e.msg);
}

/* One transaction, then the receipt; of some messages a while later that they were read. */
static inline void
receiver_commits(struct world *w)
{
	struct entry e = pop(&w->b_ops);
	if (w->poison[e.msg]) {
		if (w->mutant != REFUSAL_LOST)
			receiver_answers(w, e.stream, REFUSED, e.msg);
		return;
	}
	if (w->mutant == DEDUPE_OFF || !b_has(w, e.msg))
		receiver_stores(w, e.msg);
	receiver_answers(w, e.stream, CONFIRMED, e.msg);
	if (!w->timeless && e.msg % 3 == 1)
		receiver_answers(w, e.stream, DISPLAYED, e.msg);
}

static inline void
sender_reads(struct world *w, unsigned i)
{
	struct stream_model *s = &w->stream[i];
	struct entry e = pop(&s->to_a);
	char id[RANDOM_ID_SIZE];
	msg_id(id, e.word == NONSENSE ? 'z' - 'a' : e.msg);
	for (unsigned k = 0; k < STREAMS && e.word != NONSENSE; k++)
		w->stream[k].open[e.msg] = false;
	bool known;
	if (e.word == REFUSED)
		known = outbox_refused(&w->o, w->now, id, "too big");
	else if (e.word == DISPLAYED)
		known = outbox_displayed(&w->o, w->now, id);
	else
		known = outbox_confirmed(&w->o, w->now, id);
	if (known && e.word == NONSENSE)
		world_break(w, "an unknown id is known");
	if (known)
		return;
	if (w->mutant == CONFIRM_UNKNOWN_ID && !list_empty(&w->o.sent)) {
		struct outbox_item *oldest = item_of(w->o.sent.next);
		for (unsigned k = 0; k < STREAMS; k++)
			w->stream[k].open[w->row[oldest->row - 1].msg] = false;
		outbox_confirmed(&w->o, w->now, oldest->id);
	}
	uint8_t row = row_of(w, e.msg);
	if (e.word == DISPLAYED && w->row[row - 1].state == OUTBOX_DELIVERED)
		push_op(w, (struct op){OP_SET, OUTBOX_READ, row, 0});
}

#endif
