/* One engine alone: every order of a few events. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "job_alone.h"

enum event {
	E_TICK,
	E_TIME,
	E_LINK_UP,
	E_LINK_DOWN,
	E_WORK_OK,
	E_WORK_LOST,
	E_WORK_BROKEN,
	E_KEPT,
	E_PEER, /* offers, or accepts */
	E_CONNECTED,
	E_LOST,
	E_CANCEL_THEIRS,
	E_PAUSE_THEIRS,
	E_DONE_OR_CHECKSUM,
	E_READY_OR_ACCEPT,
	E_PAUSE,
	E_RESUME,
	E_CANCEL,
	EVENTS
};

static void
work_event(struct fake *f, enum job_outcome how)
{
	enum work work = f->work;
	f->work = W_NONE;
	if (work == W_PREPARE)
		job_prepared(&f->job, f->now, how, "x");
	else if (work == W_OPEN)
		job_opened(&f->job, f->now, how, "x");
	else if (work == W_CARRY)
		job_carried(&f->job, f->now, how, "x");
	else if (work == W_PLACE)
		job_placed(&f->job, f->now, how == JOB_LOST ? JOB_BROKEN : how, "x");
}

/* What the other side does, and what our human does. */
static void
they_or_we(struct fake *f, enum event e)
{
	struct job *j = &f->job;
	switch ((int)e) {
	case E_PEER:
		if (j->outgoing)
			job_accepted(j, f->now);
		else
			job_offered(j, f->now);
		break;
	case E_CONNECTED:
		(void)!job_connected(j, f->now);
		break;
	case E_LOST:
		job_ended(j, f->now, TRANSFER_END_LOST, NULL);
		break;
	case E_CANCEL_THEIRS:
		job_ended(j, f->now, TRANSFER_END_CANCEL, NULL);
		break;
	case E_PAUSE_THEIRS:
		job_ended(j, f->now, TRANSFER_END_PAUSE, NULL);
		break;
	case E_DONE_OR_CHECKSUM:
		if (j->outgoing)
			job_confirmed(j, f->now);
		else
			job_checksum(j, f->now);
		break;
	case E_READY_OR_ACCEPT:
		if (j->outgoing)
			job_ready(j, f->now);
		else
			(void)!job_accept(j, f->now);
		break;
	case E_PAUSE:
		(void)!job_pause(j, f->now);
		break;
	case E_RESUME:
		(void)!job_resume(j, f->now);
		break;
	case E_CANCEL:
		(void)!job_cancel(j, f->now);
		break;
	default:
		break;
	}
}

static void
happen(struct fake *f, enum event e)
{
	struct job *j = &f->job;
	switch ((int)e) {
	case E_TICK:
		job_tick(j, f->now);
		break;
	case E_TIME:
		f->now += 61000;
		job_tick(j, f->now);
		break;
	case E_LINK_UP:
	case E_LINK_DOWN:
		job_link(j, f->now, e == E_LINK_UP);
		break;
	case E_WORK_OK:
		work_event(f, JOB_OK);
		break;
	case E_WORK_LOST:
		work_event(f, JOB_LOST);
		break;
	case E_WORK_BROKEN:
		work_event(f, JOB_BROKEN);
		break;
	case E_KEPT:
		kept(f);
		break;
	default:
		they_or_we(f, e);
		break;
	}
}

/* Nothing is left hanging: with all answered and a final state, it settles. */
static const char *
judge(struct fake *f)
{
	bool final = job_is_final(&f->job);
	if (final && f->job.session)
		return "a session outlives the end";
	for (int i = 0; i < 8; i++) {
		if (f->work != W_NONE && f->job.stopping)
			work_event(f, JOB_LOST);
		job_tick(&f->job, f->now);
		kept(f);
	}
	if (final && !f->job.news && !job_is_settled(&f->job))
		return "the end is not the end";
	if (final && f->turn)
		return "a turn is left";
	return f->broken;
}

static void
try_all(const struct fake *from, unsigned depth, enum event *path, unsigned at, uint64_t *count)
{
	for (int e = 0; e < EVENTS; e++) {
		struct fake f = *from;
		f.job.ctx = &f;
		path[at] = (enum event)e;
		happen(&f, (enum event)e);
		if (e != E_TICK && e % 2)
			job_tick(&f.job, f.now); /* after half of them nothing else gets between */
		(*count)++;
		struct fake last = f;
		last.job.ctx = &last;
		const char *why = f.broken ? f.broken : judge(&last);
		if (why) {
			for (unsigned i = 0; i <= at; i++)
				print_message("%d ", (int)path[i]);
			fail_msg("%s", why);
		}
		if (at + 1 < depth)
			try_all(&f, depth, path, at + 1, count);
	}
}

static void
every_order_of_a_few_events_is_harmless(void **state)
{
	(void)state;
	enum { DEPTH = 5 };
	enum event path[DEPTH];
	uint64_t count = 0;
	struct fake f;
	for (int start = 0; start < 4; start++) {
		if (start == 0)
			fake_init(&f, true, true);
		else if (start == 1)
			fake_init(&f, false, true);
		else if (start == 2)
			out_moving(&f);
		else
			in_moving(&f);
		try_all(&f, DEPTH, path, 0, &count);
	}
	print_message("%llu orders\n", (unsigned long long)count);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(every_order_of_a_few_events_is_harmless),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
