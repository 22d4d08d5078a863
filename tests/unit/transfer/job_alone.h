/* One engine alone, with surroundings that write down what it wants. Included after cmocka.h. */
#ifndef JOB_ALONE_H
#define JOB_ALONE_H

#include "base/compiler.h"
#include "base/err.h"
#include "transfer/job.h"

#include <string.h>

enum work { W_NONE, W_PREPARE, W_OPEN, W_CARRY, W_PLACE };

struct fake {
	struct job job;
	uint64_t now, wake;
	enum work work;
	unsigned stops, offers, accepts, declines, readies, checksums, ends, dials, keeps, overs;
	enum transfer_end why;
	char text[LIMIT_REASON + 1];
	int offer_err;
	bool no_turn, turn;
	enum job_check check;
	const char *broken;
};

static inline void
begin(struct fake *f, enum work work)
{
	if (f->work != W_NONE)
		f->broken = "two pieces of work at once";
	if (!f->turn)
		f->broken = "work without a turn";
	f->work = work;
}

static void
op_prepare(void *ctx)
{
	begin(ctx, W_PREPARE);
}

static void
op_open(void *ctx, bool from_start)
{
	(void)from_start;
	begin(ctx, W_OPEN);
}

static void
op_carry(void *ctx)
{
	begin(ctx, W_CARRY);
}

static void
op_place(void *ctx)
{
	const struct fake *f = ctx;
	begin(ctx, W_PLACE);
	if (f->check != JOB_EQUAL)
		((struct fake *)ctx)->broken = "placed what was not compared";
}

static void
op_stop(void *ctx)
{
	struct fake *f = ctx;
	f->stops++;
	if (f->work == W_NONE || f->work == W_PLACE)
		f->broken = "stopped what must not be";
}

static int
op_offer(void *ctx)
{
	struct fake *f = ctx;
	f->offers++;
	return f->offer_err;
}

static int
op_accept(void *ctx)
{
	struct fake *f = ctx;
	f->accepts++;
	return 0;
}

static void
op_decline(void *ctx)
{
	struct fake *f = ctx;
	f->declines++;
}

static int
op_ready(void *ctx)
{
	struct fake *f = ctx;
	f->readies++;
	return 0;
}

static int
op_checksum(void *ctx)
{
	struct fake *f = ctx;
	f->checksums++;
	return 0;
}

static void
op_end(void *ctx, enum transfer_end why, const char *text)
{
	struct fake *f = ctx;
	f->ends++;
	f->why = why;
	f->text[0] = '\0';
	if (text)
		memcpy(f->text, text, strlen(text) + 1);
}

static enum job_check
op_check(void *ctx)
{
	const struct fake *f = ctx;
	return f->check;
}

static void
op_want_link(void *ctx)
{
	struct fake *f = ctx;
	f->dials++;
}

static bool
op_take_turn(void *ctx)
{
	struct fake *f = ctx;
	if (f->turn)
		f->broken = "two turns";
	return f->turn = !f->no_turn;
}

static void
op_yield_turn(void *ctx)
{
	struct fake *f = ctx;
	if (!f->turn || f->work != W_NONE)
		f->broken = "gave back a turn that it has not, or needs";
	f->turn = false;
}

static void
op_keep(void *ctx)
{
	struct fake *f = ctx;
	f->keeps++;
}

static void
op_over(void *ctx)
{
	struct fake *f = ctx;
	if (!job_is_final(&f->job) || f->work != W_NONE || ++f->overs > 1)
		f->broken = "cleaned up too early, or twice";
}

static void
op_wake_at(void *ctx, uint64_t when)
{
	struct fake *f = ctx;
	f->wake = when;
}

static const struct job_ops ops = {
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

#define WEEK (UINT64_C(7) * 24 * 3600 * 1000)

static inline void
fake_init(struct fake *f, bool outgoing, bool link)
{
	*f = (struct fake){.now = 1000, .check = JOB_EQUAL};
	job_init(&f->job, &ops, f, outgoing, 7);
	f->job.is.prepared = outgoing;
	f->job.is.state = outgoing ? JOB_WAITING : JOB_OFFERED;
	f->job.expires_at = f->now + WEEK;
	job_start(&f->job, f->now);
	job_presence(&f->job, f->now, true);
	job_link(&f->job, f->now, link);
}

static inline void
kept(struct fake *f)
{
	if (f->job.keeping)
		job_kept(&f->job, f->now);
}

/* Until nothing is due; what is to be kept is kept at once. */
static inline void
settle(struct fake *f)
{
	for (int i = 0; i < 10; i++) {
		if (f->wake <= f->now)
			job_tick(&f->job, f->now);
		kept(f);
	}
	assert_null(f->broken);
}

static inline void
wait_for_wake(struct fake *f)
{
	assert_true(f->wake != JOB_NEVER);
	if (f->wake > f->now)
		f->now = f->wake;
	settle(f);
}

static inline void
work_ends(struct fake *f, enum job_outcome how)
{
	enum work work = f->work;
	f->work = W_NONE;
	switch (work) {
	case W_PREPARE:
		job_prepared(&f->job, f->now, how, "why");
		break;
	case W_OPEN:
		job_opened(&f->job, f->now, how, "why");
		break;
	case W_CARRY:
		job_carried(&f->job, f->now, how, "why");
		break;
	case W_PLACE:
		job_placed(&f->job, f->now, how, "why");
		break;
	case W_NONE:
		break;
	}
	settle(f);
}

static inline void
out_moving(struct fake *f)
{
	fake_init(f, true, true);
	settle(f);
	assert_int_equal(f->offers, 1);
	assert_int_equal(f->job.is.state, JOB_OFFERED);
	job_accepted(&f->job, f->now);
	settle(f);
	assert_true(job_connected(&f->job, f->now));
	settle(f);
	assert_int_equal(f->work, W_CARRY);
	assert_int_equal(f->job.is.state, JOB_ACTIVE);
}

static inline void
in_moving(struct fake *f)
{
	fake_init(f, false, true);
	job_offered(&f->job, f->now);
	settle(f);
	assert_int_equal(f->work, W_NONE); /* nobody said yes */
	assert_true(job_accept(&f->job, f->now));
	settle(f);
	assert_int_equal(f->work, W_OPEN);
	work_ends(f, JOB_OK);
	assert_int_equal(f->accepts, 1);
	assert_true(job_connected(&f->job, f->now));
	settle(f);
	assert_int_equal(f->work, W_CARRY);
}

#endif
