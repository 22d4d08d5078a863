/* Random lives of a transfer: first everything may happen, then the network stays, people make up
 * their minds, and both sides must come to the same end. */
#ifndef JOB_RANDOM_H
#define JOB_RANDOM_H

#include "job_world.h"

enum { STORM = 400, CALM = 20000 };

struct tally {
	uint64_t lives, steps, ends[JOB_EXPIRED + 1];
};

static inline void
disturb(struct world *w)
{
	struct side *s = dice(w, 2) ? &w->out : &w->in;
	bool done = false;
	switch (dice(w, 14)) {
	case 0:
	case 1:
	case 2:
		set_link(w, !w->link);
		break;
	case 3:
		w->out.conn = w->in.conn = false;
		break;
	case 4:
		if (dice(w, 3) == 0)
			crash(s);
		break;
	case 5:
	case 6:
	case 7:
		(void)!job_accept(&w->in.job, w->now);
		break;
	case 8:
		(void)!job_pause(&s->job, w->now);
		break;
	case 9:
	case 10:
		(void)!job_resume(&s->job, w->now);
		break;
	case 11:
		if (dice(w, 12) == 0)
			done = job_cancel(&s->job, w->now);
		w->cancels += done;
		break;
	case 12:
		if (dice(w, 12) == 0)
			done = job_decline(&w->in.job, w->now);
		w->declines += done;
		break;
	default: /* the disk, or somebody with a disk editor */
		if (dice(w, 8) == 0 && w->in.written > 0 && w->in.written < SIZE &&
		    w->in.work == W_NONE && w->in.job.phase == JOB_IDLE) {
			w->in.right = w->in.right_ckpt = false;
			w->corruptions++;
		} else if (dice(w, 20) == 0 && w->in.work == W_CARRY && w->in.written > 0) {
			w->in.right = false; /* on its way */
			w->flips++;
		}
		break;
	}
}

static inline void
let_time_pass(struct world *w, uint64_t most)
{
	uint64_t next = w->out.wake < w->in.wake ? w->out.wake : w->in.wake;
	uint64_t to = w->now + 1 + dice(w, most);
	w->now = next > w->now && next < to ? next : to;
}

static inline void
judge(struct world *w)
{
	enum job_state out = w->out.job.is.state, in = w->in.job.is.state;
	if (!job_is_settled(&w->out.job) || !job_is_settled(&w->in.job))
		broken(w, "E1: no end: %d %d", (int)out, (int)in);
	else if (out == JOB_DONE && in != JOB_DONE)
		broken(w, "E2: done for the sender alone");
	else if (!w->cancels && !w->declines && !w->flips && (out != JOB_DONE || in != JOB_DONE))
		broken(w, "E3: not done, and nobody wanted that: %d %d", (int)out, (int)in);
	else if (w->out.session || w->in.session)
		broken(w, "E4: a session is left");
	else if (w->out.turn || w->in.turn)
		broken(w, "E5: a turn is left");
}

/* NULL, or what is wrong; lives until the next. */
static inline const char *
random_life(uint64_t seed, enum mutant mutant, struct tally *tally)
{
	static struct world w;
	world_init(&w, seed, mutant);
	for (unsigned i = 0; i < STORM && !w.why; i++) {
		if (dice(&w, 6) == 0)
			disturb(&w);
		else if (!go_on(&w))
			let_time_pass(&w, 4000);
		check_always(&w);
		tally->steps++;
	}
	set_link(&w, true);
	(void)!job_accept(&w.in.job, w.now);
	for (unsigned i = 0; i < CALM && !w.why; i++) {
		(void)!job_resume(&w.out.job, w.now);
		(void)!job_resume(&w.in.job, w.now);
		if (!go_on(&w)) {
			if (job_is_settled(&w.out.job) && job_is_settled(&w.in.job))
				break;
			let_time_pass(&w, 60000);
		}
		check_always(&w);
		tally->steps++;
	}
	judge(&w);
	tally->lives++;
	tally->ends[w.in.job.is.state]++;
	return w.why;
}

#endif
