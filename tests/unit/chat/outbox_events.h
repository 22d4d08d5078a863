/* What can happen in the world of outbox_world.h, and what must hold whatever happens: the
 * promises I1 to I8 of docs/delivery.md. */
#ifndef TESTS_OUTBOX_EVENTS_H
#define TESTS_OUTBOX_EVENTS_H

#include "outbox_world.h"

enum event_kind {
	/* the run of things */
	EV_STORE,   /* the sender's store */
	EV_HAND,    /* arg: stream */
	EV_READ,    /* the receiver reads; arg: stream */
	EV_COMMIT,  /* the receiver's store */
	EV_ANSWER,  /* the sender reads; arg: stream */
	EV_LINK_UP, /* arg: stream */
	EV_SUBMIT,  /* arg: message */
	EV_TIME,
	/* what need not happen */
	EV_CANCEL, /* arg: message */
	EV_LOSE,   /* a dead stream's bytes; arg: stream */
	EV_CROSS,  /* one more stream beside a living one; arg: stream */
	EV_DIAL_FAILS,
	EV_CUT, /* arg: stream */
	EV_REPEAT_MESSAGE,
	EV_REPEAT_RECEIPT, /* arg: stream */
	EV_NONSENSE,       /* a receipt for nothing we know; arg: stream */
	EV_CRASH_SENDER,   /* arg: commits that still happened */
	EV_CRASH_RECEIVER,
	EV_TROUBLE, /* the sender's disk is full */
	EV_KINDS,
};

struct event {
	uint8_t kind, arg;
};

enum { EVENTS = 64 };

/* ---- which events there are ---- */

static inline void
offer(struct event *out, size_t *n, enum event_kind kind, size_t arg)
{
	out[(*n)++] = (struct event){(uint8_t)kind, (uint8_t)arg};
}

static inline void
offer_stream(const struct world *w, unsigned i, struct event *out, size_t *n)
{
	const struct stream_model *s = &w->stream[i];
	if (s->handed)
		offer(out, n, EV_READ, i);
	if (!s->alive && s->to_b.len)
		offer(out, n, EV_LOSE, i);
	if (s->handed && w->dups)
		offer(out, n, EV_REPEAT_MESSAGE, i);
	if (!s->alive) {
		if (w->current == STREAMS && !s->to_b.len)
			offer(out, n, EV_LINK_UP, i);
		else if (w->current < STREAMS && !s->to_b.len && w->crossings)
			offer(out, n, EV_CROSS, i);
		return;
	}
	if (s->handed < s->to_b.len)
		offer(out, n, EV_HAND, i);
	if (s->to_a.len)
		offer(out, n, EV_ANSWER, i);
	if (s->to_a.len && w->dups)
		offer(out, n, EV_REPEAT_RECEIPT, i);
	if (w->nonsense)
		offer(out, n, EV_NONSENSE, i);
	if (w->cuts)
		offer(out, n, EV_CUT, i);
}

static inline void
offer_user(const struct world *w, struct event *out, size_t *n)
{
	for (uint8_t i = 0; i < w->msgs; i++) /* in order: one client */
		if (w->sent[i] == NOT_ASKED) {
			offer(out, n, EV_SUBMIT, i);
			break;
		}
	for (uint8_t i = 0; i < w->msgs && w->cancels; i++)
		if (w->sent[i] == ANSWERED && w->cancelled[i] == NOT_ASKED && row_of(w, i))
			offer(out, n, EV_CANCEL, i);
}

static inline size_t
world_events(const struct world *w, struct event out[EVENTS])
{
	size_t n = 0;
	if (w->ops)
		offer(out, &n, EV_STORE, 0);
	if (w->b_ops.len)
		offer(out, &n, EV_COMMIT, 0);
	bool link_offered = false;
	for (unsigned i = 0; i < STREAMS; i++) {
		size_t before = n;
		offer_stream(w, i, out, &n);
		/* which of two dead streams' places is taken makes no difference */
		if (n > before && out[n - 1].kind == EV_LINK_UP) {
			if (link_offered)
				n--;
			link_offered = true;
		}
	}
	offer_user(w, out, &n);
	if (w->dialling)
		offer(out, &n, EV_DIAL_FAILS, 0);
	if (w->wake != OUTBOX_NEVER)
		offer(out, &n, EV_TIME, 0);
	for (unsigned k = 0; k <= w->ops && w->crashes && k < EVENTS / 4; k++)
		offer(out, &n, EV_CRASH_SENDER, k);
	if (w->crashes)
		offer(out, &n, EV_CRASH_RECEIVER, 0);
	if (w->troubles && w->ops)
		offer(out, &n, EV_TROUBLE, 0);
	return n;
}

/* ---- what they do ---- */

static inline void
start_sender(struct world *w)
{
	memset(w->item_used, 0, sizeof(w->item_used));
	memset(w->again, 0, sizeof(w->again));
	memset(w->handed, 0, sizeof(w->handed));
	w->ops = 0;
	w->dialling = false;
	w->wake = OUTBOX_NEVER;
	w->current = STREAMS;
	outbox_init(&w->o, &world_ops, w, w->now + 1, w->rows > 0);
	outbox_tick(&w->o, w->now);
	if (!w->timeless)
		outbox_presence(&w->o, w->now, true);
}

static inline void
crash_sender(struct world *w, uint8_t commits)
{
	while (commits--)
		store_step(w, false);
	for (unsigned i = 0; i < STREAMS; i++)
		if (w->stream[i].alive)
			stream_dies(w, i);
	start_sender(w);
	for (uint8_t i = 0; i < w->msgs; i++) {
		if (w->cancelled[i] == ASKED)
			w->cancelled[i] = NOT_ASKED;
		if (w->sent[i] == ASKED) /* the same call again, with the same token */
			client_sends(w, i);
	}
}

static inline void
crash_receiver(struct world *w)
{
	w->b_ops.len = 0;
	for (unsigned i = 0; i < STREAMS; i++)
		w->stream[i].handed = w->stream[i].to_b.len = 0;
	for (unsigned i = 0; i < STREAMS; i++)
		if (w->stream[i].alive)
			stream_cut(w, i);
}

/* What a dead stream still holds is read within LEFTOVER or lost. */
static inline void
time_passes(struct world *w, uint64_t to)
{
	w->now = to > w->now ? to : w->now;
	for (unsigned i = 0; i < STREAMS; i++) {
		struct stream_model *s = &w->stream[i];
		if (!s->alive && w->now >= s->died_at + LEFTOVER)
			s->handed = s->to_b.len = 0;
	}
	if (w->now < w->wake)
		return;
	while (w->b_ops.len) /* a store takes no seconds */
		receiver_commits(w);
	w->wake = OUTBOX_NEVER;
	outbox_tick(&w->o, w->now);
}

static inline void
repeat_head(struct queue *q)
{
	if (q->len < QUEUE)
		insert_at(q, 0, q->at[0]);
}

static inline void
apply_fault(struct world *w, struct event e)
{
	struct stream_model *s = &w->stream[e.arg % STREAMS];
	w->faults++;
	switch (e.kind) {
	case EV_CROSS:
		w->crossings--;
		stream_up(w, e.arg);
		break;
	case EV_CUT:
		w->cuts--;
		stream_cut(w, e.arg);
		break;
	case EV_REPEAT_MESSAGE:
		w->dups--;
		repeat_head(&s->to_b);
		s->handed++;
		break;
	case EV_REPEAT_RECEIPT:
		w->dups--;
		repeat_head(&s->to_a);
		break;
	case EV_NONSENSE:
		w->nonsense--;
		push(&s->to_a, (struct entry){.word = NONSENSE});
		break;
	case EV_CRASH_SENDER:
		w->crashes--;
		crash_sender(w, e.arg);
		break;
	case EV_CRASH_RECEIVER:
		w->crashes--;
		crash_receiver(w);
		break;
	default:
		w->troubles--;
		store_trouble(w);
	}
}

static inline void
world_apply(struct world *w, struct event e)
{
	if (w->mutant == EXPIRED_IN_FLIGHT && !w->o.link)
		w->o.down_at = w->o.expiry = 0;
	if (w->mutant == NO_FENCE)
		w->o.fenced = false;
	switch (e.kind) {
	case EV_STORE:
		store_step(w, true);
		break;
	case EV_HAND:
		stream_hand(w, e.arg);
		break;
	case EV_READ:
		receiver_reads(w, e.arg);
		break;
	case EV_COMMIT:
		receiver_commits(w);
		break;
	case EV_ANSWER:
		sender_reads(w, e.arg);
		break;
	case EV_LINK_UP:
		stream_up(w, e.arg);
		break;
	case EV_SUBMIT:
		client_sends(w, e.arg);
		break;
	case EV_TIME:
		time_passes(w, w->wake);
		break;
	case EV_CANCEL:
		w->cancels--;
		client_cancels(w, e.arg);
		break;
	case EV_LOSE:
		w->stream[e.arg].handed = w->stream[e.arg].to_b.len = 0;
		break;
	case EV_DIAL_FAILS:
		w->dialling = false;
		outbox_dial_failed(&w->o, w->now);
		break;
	default:
		apply_fault(w, e);
	}
	if (w->timeless) /* the kernel takes it at once */
		for (unsigned i = 0; i < STREAMS; i++)
			while (w->stream[i].alive && w->stream[i].handed < w->stream[i].to_b.len)
				stream_hand(w, i);
}

/* ---- what must hold ---- */

static inline bool
is_under_way(const struct world *w, uint8_t msg)
{
	for (unsigned i = 0; i < STREAMS; i++)
		for (uint8_t k = 0; k < w->stream[i].to_b.len; k++)
			if (w->stream[i].to_b.at[k].msg == msg)
				return true;
	for (uint8_t k = 0; k < w->b_ops.len; k++)
		if (w->b_ops.at[k].msg == msg)
			return true;
	return false;
}

static inline const char *
check_message(const struct world *w, uint8_t msg)
{
	uint8_t row = row_of(w, msg);
	bool there = b_has(w, msg);
	uint8_t state = row ? w->row[row - 1].state : OUTBOX_QUEUED;
	if (w->sent[msg] == ANSWERED && !row)
		return "I1: accepted and not kept";
	if (state == OUTBOX_HANDED_OVER && w->promises)
		return "I1: given up before it was confirmed";
	if (there && !row)
		return "I2: arrived and was never accepted";
	if ((state == OUTBOX_DELIVERED || state == OUTBOX_READ) && !there)
		return "I5: shown as delivered and not there";
	if (w->cancelled[msg] == ANSWERED && (there || is_under_way(w, msg)))
		return "I7: cancelled and sent";
	for (uint8_t i = row; i < w->rows; i++)
		if (w->row[i].msg == msg)
			return "I8: accepted twice under one token";
	return NULL;
}

static inline const char *
check_order(const struct world *w)
{
	uint8_t last = 0;
	for (uint8_t i = 0; i < w->b_stored; i++) {
		uint8_t row = row_of(w, w->b_store[i]);
		if (memchr(w->b_store, w->b_store[i], i))
			return "I3: there twice";
		if (row < last)
			return "I4: not in order";
		last = row;
	}
	return NULL;
}

/* The first promise that does not hold, or NULL. */
static inline const char *
world_check(const struct world *w)
{
	const char *why = w->broken;
	for (uint8_t i = 0; i < w->msgs && !why; i++)
		why = check_message(w, i);
	if (!why && w->promises)
		why = check_order(w);
	return why;
}

/* The same, where nothing is left to happen: I6. */
static inline const char *
world_check_end(const struct world *w)
{
	const char *why = world_check(w);
	for (uint8_t i = 0; i < w->msgs && !why; i++) {
		uint8_t row = row_of(w, i);
		if (!row || w->row[row - 1].state == OUTBOX_QUEUED)
			why = "I6: never done";
		else if (!w->faults && !b_has(w, i) && w->row[row - 1].state < OUTBOX_FAILED)
			why = "I6: lost, and nothing happened that may lose it";
	}
	for (uint8_t i = 0; i < w->b_stored && !why && !w->faults; i++)
		if (memchr(w->b_store, w->b_store[i], i))
			why = "I3: there twice, and nothing happened that may repeat it";
	if (!why && w->o.count + w->o.kept_count + w->o.flight.count > 0 && !w->o.kept_count)
		why = "done, and still in memory";
	return why;
}

#endif
