/* One life of an outbox, all of it decided by a seed: what peer, how many messages, which faults,
 * what happens next. First anything may happen, then nothing fails any more and all must be done
 * within seconds. */
#ifndef TESTS_OUTBOX_RANDOM_H
#define TESTS_OUTBOX_RANDOM_H

#include "outbox_events.h"

struct tally {
	uint64_t lives, events[EV_KINDS], steps;
	uint64_t ends[OUTBOX_CANCELLED + 1]; /* in which state messages ended */
	uint64_t virtual_ms;
};

/* splitmix64 */
static inline uint64_t
dice(uint64_t *seed)
{
	uint64_t z = *seed += 0x9e3779b97f4a7c15u;
	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
	return z ^ (z >> 31);
}

static inline uint8_t
below(uint64_t *seed, unsigned bound)
{
	return (uint8_t)(dice(seed) % bound);
}

static inline void
random_world(struct world *w, uint64_t *seed, enum mutant mutant)
{
	*w = (struct world){.mutant = mutant, .wake = OUTBOX_NEVER, .now = 1000};
	engine_window = mutant == WINDOW_IGNORED ? 1000 : world_window;
	w->promises = below(seed, 4) > 0;
	w->msgs = (uint8_t)(1 + below(seed, MSGS));
	bool calm = below(seed, 8) == 0;
	if (!calm) {
		w->crashes = below(seed, 4);
		w->cuts = below(seed, 5);
		w->dups = w->promises ? below(seed, 4) : 0;
		w->crossings = below(seed, 3);
		w->troubles = below(seed, 2);
		w->nonsense = below(seed, 2);
	}
	w->cancels = below(seed, 4);
	unsigned mortals = below(seed, 3) ? 0 : 1 + below(seed, 4); /* of four messages */
	for (uint8_t i = 0; i < w->msgs; i++) {
		w->poison[i] = below(seed, 16) == 0;
		w->unsendable[i] = below(seed, 32) == 0;
		bool mortal = below(seed, 4) < mortals;
		w->lifetime[i] = mortal ? dice(seed) % 50000 : OUTBOX_NEVER;
	}
	start_sender(w);
}

/* How likely each is to be what happens next, where it can. */
static const uint8_t weight[EV_KINDS] = {
    [EV_STORE] = 16,
    [EV_HAND] = 16,
    [EV_READ] = 12,
    [EV_COMMIT] = 12,
    [EV_ANSWER] = 12,
    [EV_LINK_UP] = 6,
    [EV_SUBMIT] = 8,
    [EV_TIME] = 3,
    [EV_CANCEL] = 2,
    [EV_LOSE] = 1,
    [EV_CROSS] = 1,
    [EV_DIAL_FAILS] = 3,
    [EV_CUT] = 1,
    [EV_REPEAT_MESSAGE] = 1,
    [EV_REPEAT_RECEIPT] = 1,
    [EV_NONSENSE] = 1,
    [EV_CRASH_SENDER] = 1,
    [EV_CRASH_RECEIVER] = 1,
    [EV_TROUBLE] = 1,
};

static inline unsigned
weight_of(const struct world *w, struct event e)
{
	/* what is late is to come very late now and then */
	bool late = e.kind == EV_READ && !w->stream[e.arg].alive;
	return late ? 1 : weight[e.kind];
}

/* One of the allowed kinds (a bit each); false: none of them can happen. */
static inline bool
choose(const struct world *w, uint64_t *seed, uint32_t allowed, struct event *out)
{
	struct event events[EVENTS];
	size_t n = 0, all = world_events(w, events);
	unsigned total = 0;
	for (size_t i = 0; i < all; i++) {
		if (!(allowed & 1u << events[i].kind))
			continue;
		events[n++] = events[i];
		total += weight_of(w, events[i]);
	}
	if (!n)
		return false;
	unsigned at = (unsigned)(dice(seed) % total);
	for (n = 0; at >= weight_of(w, events[n]); n++)
		at -= weight_of(w, events[n]);
	*out = events[n];
	return true;
}

/* Anything may happen: also time that is not waited for, and people who come and go. */
static inline void
stormy_step(struct world *w, uint64_t *seed, struct tally *tally)
{
	struct event e;
	unsigned other = below(seed, 64);
	if (other == 0)
		outbox_presence(&w->o, w->now, below(seed, 4) > 0);
	else if (other < 4)
		time_passes(w, w->now + dice(seed) % (other == 1 ? 40000 : 1000));
	else if (choose(w, seed, UINT32_MAX, &e)) {
		tally->events[e.kind]++;
		world_apply(w, e);
	}
	tally->steps++;
}

static inline bool
all_done(const struct world *w)
{
	if (w->ops || w->b_ops.len)
		return false;
	for (uint8_t i = 0; i < w->msgs; i++) {
		uint8_t row = row_of(w, i);
		if (!row || w->row[row - 1].state == OUTBOX_QUEUED)
			return false;
	}
	for (unsigned i = 0; i < STREAMS; i++)
		if (w->stream[i].alive && (w->stream[i].to_b.len || w->stream[i].to_a.len))
			return false;
	return true;
}

/* No faults any more; the peer is seen again, and dialling works. */
static inline const char *
calm_down(struct world *w, uint64_t *seed, struct tally *tally)
{
	enum { STEPS_MAX = 5000, SECONDS_10 = 10000 };
	const uint32_t moves = (1u << EV_TIME) - 1 - (1u << EV_LINK_UP);
	uint64_t from = w->now;
	outbox_presence(&w->o, w->now, true);
	for (unsigned i = 0; i < STEPS_MAX && !all_done(w) && !world_check(w); i++) {
		struct event e;
		if (!choose(w, seed, moves, &e) &&
		    !(w->dialling && choose(w, seed, 1u << EV_LINK_UP, &e)) &&
		    !choose(w, seed, 1u << EV_TIME, &e) && !choose(w, seed, 1u << EV_LOSE, &e))
			return "I6: nothing moves any more";
		tally->events[e.kind]++;
		world_apply(w, e);
	}
	const char *why = world_check_end(w);
	if (!why && w->now - from > SECONDS_10)
		why = "I6: it took more than 10 s";
	return why;
}

/* NULL, or the promise that was broken. */
static inline const char *
random_life(uint64_t seed, enum mutant mutant, struct tally *tally)
{
	static struct world w;
	uint64_t start = w.now = 1000;
	random_world(&w, &seed, mutant);
	unsigned steps = 20 + below(&seed, 200);
	for (unsigned i = 0; i < steps; i++) {
		stormy_step(&w, &seed, tally);
		const char *why = world_check(&w);
		if (why)
			return why;
	}
	const char *why = calm_down(&w, &seed, tally);
	for (uint8_t i = 0; i < w.rows; i++)
		tally->ends[w.row[i].state]++;
	tally->lives++;
	tally->virtual_ms += w.now - start;
	return why;
}

#endif
