/* Two engines, one for each side of a transfer, and everything around them as it may be: a network
 * that comes and goes, methods, threads, stores that answer late, daemons that die, people who
 * change their minds. Everything follows from a seed. What must hold at any time is checked where
 * it would be broken; broken() keeps the first finding. */
#ifndef JOB_WORLD_H
#define JOB_WORLD_H

#include "base/compiler.h"
#include "base/err.h"
#include "transfer/job.h"

#include <stdio.h>

#include <stdarg.h>
#include <string.h>

/* Bugs that can be put in between, to see that they are found. */
enum mutant {
	MUTANT_NONE,
	KEPT_BEFORE_COMMIT, /* what is decided counts before it is on disk */
	READY_LOST,         /* a receiver that goes on does not say so */
	NEWS_LOST,          /* what was decided without a session is told to nobody */
	WAKE_LOST,          /* nothing wakes the engine */
	STOP_LOST,          /* work is never stopped */
	TURN_KEPT,          /* a turn is not given back */
	CHECK_SKIPPED,      /* a checksum that differs is taken for one that does not */
	FROM_START_LOST,    /* a receiver that has something else does not begin again */
	ANSWER_LOST,        /* whoever is done does not answer when it is offered once more */
	LINK_DOWN_UNTOLD,   /* sessions outlive their stream */
	MUTANTS
};

enum { SIZE = 6, QUEUE = 64 };

enum message_kind { M_OFFER, M_ACCEPT, M_DECLINE, M_END, M_READY, M_CHECKSUM };

struct message {
	enum message_kind kind;
	enum transfer_end why;
	unsigned offset;
	bool right; /* ACCEPT: it has what it should have; CHECKSUM: the same */
};

enum work { W_NONE, W_PREPARE, W_OPEN, W_CARRY, W_PLACE };

struct world;

struct side {
	struct world *w;
	struct job job;
	struct job_kept disk, on_its_way;
	bool keeping;
	uint64_t wake;
	bool session; /* of the method */
	enum work work;
	bool stopped;
	unsigned work_steps;
	bool conn; /* its end of the connection */
	bool turn;
	/* OUT */
	unsigned at; /* sent up to here */
	bool theirs_right;
	/* IN */
	unsigned written, checkpoint, offset;
	bool right, right_ckpt; /* what is written is how the source begins */
	bool has_checksum, checksum_right;
	unsigned placed; /* how often it got a name */
	unsigned overs;
	struct message queue[QUEUE]; /* on their way to it */
	unsigned queued;
};

struct world {
	struct side out, in;
	uint64_t now, seed;
	bool link, calm;
	enum mutant mutant;
	unsigned crashes, cancels, declines, corruptions, flips;
	const char *why; /* the first finding; NULL */
	char text[160];
};

static inline uint64_t
dice(struct world *w, uint64_t below)
{
	w->seed ^= w->seed << 13;
	w->seed ^= w->seed >> 7;
	w->seed ^= w->seed << 17;
	return (w->seed >> 11) % below;
}

PRINTF_LIKE(2, 3)
static inline void
broken(struct world *w, const char *fmt, ...)
{
	va_list args;
	if (w->why)
		return;
	va_start(args, fmt);
	(void)vsnprintf(w->text, sizeof(w->text), fmt, args);
	va_end(args);
	w->why = w->text;
}

static inline struct side *
other(struct side *s)
{
	return s == &s->w->out ? &s->w->in : &s->w->out;
}

static inline int
say(struct side *s, struct message m)
{
	struct side *to = other(s);
	if (!s->w->link)
		return ERR_ABSENT;
	if (to->queued == QUEUE) {
		broken(s->w, "L1: said more than anybody hears");
		return ERR_TOO_BIG;
	}
	to->queue[to->queued++] = m;
	return 0;
}

/* ---- what the engine wants ---- */

static inline void
begin(struct side *s, enum work work)
{
	if (s->work != W_NONE)
		broken(s->w, "S1: two pieces of work at once");
	if (!s->turn)
		broken(s->w, "S2: work without a turn");
	s->work = work;
	s->stopped = false;
	s->work_steps = (unsigned)dice(s->w, 3);
}

static void
op_prepare(void *ctx)
{
	begin(ctx, W_PREPARE);
}

static void
op_open(void *ctx, bool from_start)
{
	struct side *s = ctx;
	if (!s->job.is.accepted)
		broken(s->w, "S3: opened what nobody accepted");
	if (from_start && s->w->mutant != FROM_START_LOST) {
		s->written = s->checkpoint = 0;
		s->right = true;
	}
	begin(s, W_OPEN);
}

static void
op_carry(void *ctx)
{
	struct side *s = ctx;
	begin(s, W_CARRY);
}

static void
op_place(void *ctx)
{
	struct side *s = ctx;
	if (s->written != SIZE)
		broken(s->w, "P1: a part of it gets the name");
	if (!s->right)
		broken(s->w, "P2: something else gets the name");
	begin(s, W_PLACE);
}

static void
op_stop(void *ctx)
{
	struct side *s = ctx;
	if (s->work == W_NONE)
		broken(s->w, "S5: stops what does not go on");
	s->stopped = s->w->mutant != STOP_LOST;
}

static int
op_offer(void *ctx)
{
	struct side *s = ctx;
	int err = say(s, (struct message){.kind = M_OFFER});
	if (!err)
		s->session = true;
	return err;
}

static int
op_accept(void *ctx)
{
	struct side *s = ctx;
	if (!s->session)
		return ERR_ABSENT;
	return say(s, (struct message){.kind = M_ACCEPT, .offset = s->offset, .right = s->right});
}

static void
op_decline(void *ctx)
{
	struct side *s = ctx;
	if (s->session)
		(void)say(s, (struct message){.kind = M_DECLINE});
	s->session = false;
}

static int
op_ready(void *ctx)
{
	struct side *s = ctx;
	return s->w->mutant == READY_LOST ? 0 : say(s, (struct message){.kind = M_READY});
}

static int
op_checksum(void *ctx)
{
	struct side *s = ctx;
	return s->session ? say(s, (struct message){.kind = M_CHECKSUM, .right = true})
			  : ERR_ABSENT;
}

static void
op_end(void *ctx, enum transfer_end why, const char *text)
{
	struct side *s = ctx;
	(void)text;
	if (why == TRANSFER_END_DONE && s->disk.state != JOB_DONE)
		broken(s->w, "K1: confirmed before it was kept");
	if (why == TRANSFER_END_DONE && !s->placed)
		broken(s->w, "P3: confirmed without a name");
	bool silent = s->w->mutant == NEWS_LOST && s->job.phase == JOB_IDLE && s->job.news;
	if (s->w->mutant == ANSWER_LOST && why == TRANSFER_END_DONE && dice(s->w, 2))
		silent = true;
	if (s->session && !silent)
		(void)say(s, (struct message){.kind = M_END, .why = why});
	s->session = false;
	if (s->work != W_CARRY)
		s->conn = false;
}

static enum job_check
op_check(void *ctx)
{
	const struct side *s = ctx;
	if (!s->has_checksum)
		return JOB_UNCHECKED;
	return s->right || s->w->mutant == CHECK_SKIPPED ? JOB_EQUAL : JOB_UNEQUAL;
}

static void
op_want_link(void *ctx)
{
	(void)ctx; /* the network comes by itself */
}

static bool
op_take_turn(void *ctx)
{
	struct side *s = ctx;
	if (s->turn)
		broken(s->w, "T1: two turns");
	if (dice(s->w, 4) == 0 || (s->w->mutant == TURN_KEPT && s->overs))
		return false;
	if (s->w->mutant == TURN_KEPT)
		s->overs = 1;
	return s->turn = true;
}

static void
op_yield_turn(void *ctx)
{
	struct side *s = ctx;
	if (!s->turn)
		broken(s->w, "T2: gives back what it does not have");
	s->turn = false;
}

static void
op_keep(void *ctx)
{
	struct side *s = ctx;
	if (s->keeping && s->w->mutant != KEPT_BEFORE_COMMIT)
		broken(s->w, "K2: keeps twice at once");
	s->keeping = true;
	s->on_its_way = s->job.is;
}

static void
op_over(void *ctx)
{
	struct side *s = ctx;
	if (s->disk.state < JOB_DONE)
		broken(s->w, "K3: cleans up before the end is kept");
	if (s->w->mutant != TURN_KEPT && ++s->overs > 1)
		broken(s->w, "K4: cleans up twice");
}

static void
op_wake_at(void *ctx, uint64_t when)
{
	struct side *s = ctx;
	s->wake = s->w->mutant == WAKE_LOST && when > s->w->now ? JOB_NEVER : when;
}

static const struct job_ops world_ops = {
    .prepare = op_prepare,
    .open = op_open,
    .carry = op_carry,
    .place = op_place,
    .stop = op_stop,
    .offer = op_offer,
    .accept = op_accept,
    .decline = op_decline,
    .ready = op_ready,
    .checksum = op_checksum,
    .end = op_end,
    .check = op_check,
    .want_link = op_want_link,
    .take_turn = op_take_turn,
    .yield_turn = op_yield_turn,
    .keep = op_keep,
    .over = op_over,
    .wake_at = op_wake_at,
};

/* ---- what happens ---- */

static inline void
side_start(struct side *s, bool outgoing)
{
	struct world *w = s->w;
	job_init(&s->job, &world_ops, s, outgoing, dice(w, UINT64_MAX));
	s->job.is = s->disk;
	s->job.expires_at = UINT64_C(7) * 24 * 3600 * 1000;
	s->keeping = s->session = s->conn = s->turn = s->stopped = false;
	s->work = W_NONE;
	s->has_checksum = false;
	s->overs = 0;
	s->wake = w->now;
	job_start(&s->job, w->now);
	job_presence(&s->job, w->now, true);
	job_link(&s->job, w->now, w->link);
}

static inline void
world_init(struct world *w, uint64_t seed, enum mutant mutant)
{
	*w = (struct world){.seed = seed * UINT64_C(0x9e3779b97f4a7c15) | 1, .mutant = mutant};
	for (int i = 0; i < 8; i++)
		(void)dice(w, 2);
	w->now = 1000;
	w->out.w = w->in.w = w;
	w->in.right = w->in.right_ckpt = true;
	w->out.disk.state = dice(w, 2) ? JOB_PREPARING : JOB_WAITING;
	w->out.disk.prepared = w->out.disk.state == JOB_WAITING;
	w->in.disk.state = JOB_OFFERED;
	w->in.disk.told = true; /* it is kept when it is offered first */
	side_start(&w->out, true);
	side_start(&w->in, false);
}

static inline void
set_link(struct world *w, bool up)
{
	if (w->link == up)
		return;
	w->link = up;
	w->out.queued = w->in.queued = 0;
	struct side *sides[] = {&w->out, &w->in};
	for (size_t i = 0; i < 2; i++) {
		if (up || w->mutant != LINK_DOWN_UNTOLD)
			job_link(&sides[i]->job, w->now, up);
	}
}

static inline void
crash(struct side *s)
{
	struct world *w = s->w;
	w->crashes++;
	set_link(w, false);
	struct side *o = other(s);
	s->conn = o->conn = false;
	if (s->keeping && dice(w, 2))
		s->disk = s->on_its_way;
	if (s == &w->in) {
		/* after the last checkpoint anything may be on the disk, or nothing */
		s->written = s->placed && s->disk.state != JOB_DONE ? 0 : s->checkpoint;
		s->checkpoint = s->written;
		s->right = s->written == 0 || s->right_ckpt;
	}
	side_start(s, s == &w->out);
}

static inline void
hear(struct side *s)
{
	struct world *w = s->w;
	struct side *o = other(s);
	struct message m = s->queue[0];
	memmove(s->queue, s->queue + 1, (--s->queued) * sizeof(*s->queue));
	switch (m.kind) {
	case M_OFFER:
		s->session = true;
		s->has_checksum = false;
		job_offered(&s->job, w->now);
		break;
	case M_ACCEPT:
		if (!s->session || s->job.phase != JOB_ASKED)
			break;
		s->at = m.offset;
		s->theirs_right = m.right;
		job_accepted(&s->job, w->now);
		if (dice(w, 5) == 0)
			break; /* they never find together */
		s->conn = job_connected(&s->job, w->now);
		o->conn = s->conn && job_connected(&o->job, w->now);
		break;
	case M_DECLINE:
		s->session = false;
		job_declined(&s->job, w->now, "no");
		break;
	case M_END:
		s->session = false;
		if (m.why == TRANSFER_END_DONE && w->in.disk.state != JOB_DONE)
			broken(w, "K5: confirmed and not kept");
		job_ended(&s->job, w->now, m.why, "they say so");
		break;
	case M_READY:
		job_ready(&s->job, w->now);
		break;
	case M_CHECKSUM:
		s->has_checksum = true;
		job_checksum(&s->job, w->now);
		break;
	}
}

static inline void
carry_ends(struct side *s, enum job_outcome how)
{
	s->work = W_NONE;
	s->conn = false;
	if (s == &s->w->in) {
		s->checkpoint = s->written;
		s->right_ckpt = s->right;
	}
	job_carried(&s->job, s->w->now, how, how == JOB_OK ? NULL : "lost");
}

/* What was decided against before the engine's latest turn is not done any more. */
static inline void
check_wanted(struct side *s)
{
	if (s->job.was.state >= JOB_DONE || (s->job.is.paused_us && s->job.was.paused_us))
		broken(s->w, "S4: bytes move that nobody wants");
}

/* Bytes go where both ends are at it. */
static inline void
carry(struct side *s)
{
	struct world *w = s->w;
	struct side *o = other(s);
	if (s->stopped || !s->conn) {
		carry_ends(s, JOB_LOST);
		return;
	}
	if (s == &w->out && s->at > 0 && !s->theirs_right) {
		o->conn = false;
		carry_ends(s, JOB_DIFFERS);
		return;
	}
	if (s == &w->out ? s->at == SIZE : s->written == SIZE) {
		carry_ends(s, JOB_OK);
		return;
	}
	bool there = o->job.phase == JOB_LINKED || o->job.phase == JOB_MOVING;
	if (!o->conn || !there) {
		s->conn = false;
		return;
	}
	if (s == &w->in && o->work == W_CARRY && o->at < SIZE) {
		if (o->at != s->written)
			broken(w, "B1: bytes from %u for a place at %u", o->at, s->written);
		check_wanted(s);
		check_wanted(o);
		o->at++;
		s->written++;
		job_progress(&s->job, w->now);
		job_progress(&o->job, w->now);
	}
}

static inline void
do_work(struct side *s)
{
	struct world *w = s->w;
	enum work work = s->work;
	if (work == W_CARRY) {
		carry(s);
		return;
	}
	if (s->work_steps-- > 0)
		return;
	s->work = W_NONE;
	if (work == W_PREPARE) {
		job_prepared(&s->job, w->now, s->stopped ? JOB_LOST : JOB_OK, NULL);
	} else if (work == W_OPEN) {
		s->offset = s->written;
		s->checkpoint = s->written;
		s->right_ckpt = s->right;
		job_opened(&s->job, w->now, s->stopped ? JOB_LOST : JOB_OK, NULL);
	} else {
		s->placed++;
		job_placed(&s->job, w->now, JOB_OK, NULL);
	}
}

static inline void
kept(struct side *s)
{
	s->disk = s->on_its_way;
	s->keeping = false;
	job_kept(&s->job, s->w->now);
}

/* Something that can go on does; false: nothing can before time passes. */
static inline bool
go_on(struct world *w)
{
	struct side *sides[] = {&w->out, &w->in};
	enum { TICK, HEAR, WORK, KEEP, TURN, KINDS };
	struct {
		struct side *s;
		int kind;
	} can[2 * KINDS];
	unsigned count = 0;
	for (size_t i = 0; i < 2; i++) {
		struct side *s = sides[i];
		bool open[KINDS] = {[TICK] = s->wake <= w->now,
		    [HEAR] = s->queued > 0,
		    [WORK] = s->work != W_NONE,
		    [KEEP] = s->keeping,
		    [TURN] = s->job.turn_wanted && dice(w, 3) == 0};
		if (s->keeping && w->mutant == KEPT_BEFORE_COMMIT)
			job_kept(&s->job, w->now);
		for (int kind = 0; kind < KINDS; kind++) {
			if (!open[kind])
				continue;
			can[count].s = s;
			can[count++].kind = kind;
		}
	}
	if (!count)
		return false;
	unsigned i = (unsigned)dice(w, count);
	struct side *s = can[i].s;
	switch (can[i].kind) {
	case TICK:
		s->wake = JOB_NEVER;
		job_tick(&s->job, w->now);
		break;
	case HEAR:
		hear(s);
		break;
	case WORK:
		do_work(s);
		break;
	case KEEP:
		kept(s);
		break;
	default:
		job_turn(&s->job, w->now);
		break;
	}
	return true;
}

static inline void
check_always(struct world *w)
{
	if (w->out.job.is.state == JOB_DONE && w->in.disk.state != JOB_DONE)
		broken(w, "K6: the sender believes in what the receiver has not kept");
	if (w->in.placed > 1 + w->crashes)
		broken(w, "P4: got more names than there were crashes");
	if (w->in.job.is.state == JOB_DONE && w->in.written != SIZE)
		broken(w, "P5: done without all of it");
}

#endif
