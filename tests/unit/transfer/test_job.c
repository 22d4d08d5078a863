/* One engine alone: what it does when, and every order of a few events. */
#include "base/compiler.h"
#include "base/err.h"
#include "transfer/job.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

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

static void
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

static const uint64_t WEEK = UINT64_C(7) * 24 * 3600 * 1000;

static void
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

static void
kept(struct fake *f)
{
	if (f->job.keeping)
		job_kept(&f->job, f->now);
}

/* Until nothing is due; what is to be kept is kept at once. */
static void
settle(struct fake *f)
{
	for (int i = 0; i < 10; i++) {
		if (f->wake <= f->now)
			job_tick(&f->job, f->now);
		kept(f);
	}
	assert_null(f->broken);
}

static void
wait_for_wake(struct fake *f)
{
	assert_true(f->wake != JOB_NEVER);
	if (f->wake > f->now)
		f->now = f->wake;
	settle(f);
}

static void
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

static void
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

static void
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

static void
a_sender_is_done_when_the_receiver_says_so(void **state)
{
	(void)state;
	struct fake f;
	out_moving(&f);
	work_ends(&f, JOB_OK);
	assert_int_equal(f.checksums, 1);
	assert_int_equal(f.job.is.state, JOB_VERIFYING);
	assert_false(f.turn);
	job_confirmed(&f.job, f.now);
	settle(&f);
	assert_int_equal(f.job.is.state, JOB_DONE);
	assert_int_equal(f.overs, 1);
	assert_int_equal(f.ends, 0);
	assert_true(job_is_settled(&f.job));
}

static void
a_receiver_confirms_what_has_its_name_and_is_kept(void **state)
{
	(void)state;
	struct fake f;
	in_moving(&f);
	f.check = JOB_UNCHECKED;
	work_ends(&f, JOB_OK);
	assert_int_equal(f.work, W_NONE);
	f.check = JOB_EQUAL;
	job_checksum(&f.job, f.now);
	settle(&f);
	assert_int_equal(f.work, W_PLACE);
	f.work = W_NONE;
	job_placed(&f.job, f.now, JOB_OK, NULL);
	job_tick(&f.job, f.now);
	assert_int_equal(f.ends, 0); /* the store does not have it yet */
	settle(&f);
	assert_int_equal(f.ends, 1);
	assert_int_equal(f.why, TRANSFER_END_DONE);
	/* and again when it is offered once more */
	job_offered(&f.job, f.now);
	settle(&f);
	assert_int_equal(f.ends, 2);
	assert_int_equal(f.why, TRANSFER_END_DONE);
}

static void
f4_another_checksum_ends_it_with_a_reason_for_both(void **state)
{
	(void)state;
	struct fake f;
	in_moving(&f);
	f.check = JOB_UNEQUAL;
	work_ends(&f, JOB_OK);
	assert_int_equal(f.job.is.state, JOB_FAILED);
	assert_int_equal(f.why, TRANSFER_END_FAILED);
	assert_non_null(strstr(f.text, "checksums differ"));
	assert_string_equal(f.job.is.reason, f.text);
	assert_int_equal(f.overs, 1);
}

static void
pauses_between_attempts_double_up_to_a_minute(void **state)
{
	(void)state;
	struct fake f;
	fake_init(&f, true, true);
	f.offer_err = ERR_ABSENT;
	settle(&f);
	uint64_t least = 1000, last = f.now;
	for (int i = 0; i < 10; i++) {
		wait_for_wake(&f);
		assert_in_range(f.now - last, least, least + least / 4 + 1);
		last = f.now;
		least = least * 2 > 60000 ? 60000 : least * 2;
	}
	assert_int_equal(f.offers, 11);
	/* who comes back is tried at once */
	job_presence(&f.job, f.now, false);
	job_presence(&f.job, f.now, true);
	settle(&f);
	assert_int_equal(f.offers, 12);
}

static void
without_a_stream_one_is_wanted_once(void **state)
{
	(void)state;
	struct fake f;
	fake_init(&f, true, false);
	settle(&f);
	assert_int_equal(f.dials, 1);
	assert_int_equal(f.offers, 0);
	job_unreachable(&f.job, f.now);
	settle(&f);
	assert_int_equal(f.dials, 1);
	wait_for_wake(&f);
	assert_int_equal(f.dials, 2);
	job_link(&f.job, f.now, true);
	settle(&f);
	assert_int_equal(f.offers, 1);
	/* nobody is dialled who is not here */
	job_link(&f.job, f.now, false);
	job_presence(&f.job, f.now, false);
	settle(&f);
	assert_int_equal(f.dials, 2);
	assert_int_equal(f.wake, f.job.expires_at);
}

static void
what_nobody_answers_expires(void **state)
{
	(void)state;
	struct fake f;
	fake_init(&f, true, true);
	settle(&f);
	f.now += WEEK;
	settle(&f);
	job_tick(&f.job, f.now);
	settle(&f);
	assert_int_equal(f.job.is.state, JOB_EXPIRED);
	assert_int_equal(f.why, TRANSFER_END_CANCEL);
	fake_init(&f, false, true);
	job_offered(&f.job, f.now);
	settle(&f);
	f.now += WEEK;
	job_tick(&f.job, f.now);
	settle(&f);
	assert_int_equal(f.job.is.state, JOB_EXPIRED);
	assert_false(job_accept(&f.job, f.now));
}

static void
what_moves_does_not_expire(void **state)
{
	(void)state;
	struct fake f;
	out_moving(&f);
	f.now += 2 * WEEK;
	job_tick(&f.job, f.now);
	settle(&f);
	assert_int_equal(f.job.is.state, JOB_ACTIVE);
}

static void
a_sender_without_a_turn_offers_again_when_it_has_one(void **state)
{
	(void)state;
	struct fake f;
	fake_init(&f, true, true);
	f.no_turn = true;
	settle(&f);
	job_accepted(&f.job, f.now);
	settle(&f);
	assert_int_equal(f.why, TRANSFER_END_LOST);
	assert_int_equal(f.offers, 1);
	f.now += 100000;
	settle(&f);
	assert_int_equal(f.offers, 1);
	f.no_turn = false;
	job_turn(&f.job, f.now);
	settle(&f);
	assert_int_equal(f.offers, 2);
	/* others have it if nobody answers */
	assert_true(f.turn);
	wait_for_wake(&f);
	assert_false(f.turn);
}

static void
what_is_paused_rests_until_both_go_on(void **state)
{
	(void)state;
	struct fake f;
	in_moving(&f);
	assert_true(job_pause(&f.job, f.now));
	settle(&f);
	assert_int_equal(f.stops, 1);
	assert_int_equal(f.why, TRANSFER_END_PAUSE);
	work_ends(&f, JOB_LOST);
	assert_int_equal(f.job.is.state, JOB_PAUSED);
	assert_false(f.turn);
	assert_false(job_pause(&f.job, f.now));
	/* it is offered all the same, and told again */
	job_offered(&f.job, f.now);
	settle(&f);
	assert_int_equal(f.ends, 2);
	assert_int_equal(f.why, TRANSFER_END_PAUSE);
	assert_true(job_resume(&f.job, f.now));
	settle(&f);
	assert_int_equal(f.readies, 1);
	assert_int_equal(f.job.is.state, JOB_WAITING);
}

static void
a_new_stream_replaces_a_connection_that_stands_still(void **state)
{
	(void)state;
	struct fake f;
	out_moving(&f);
	job_progress(&f.job, f.now);
	job_link(&f.job, f.now, false);
	f.now += 2000;
	job_link(&f.job, f.now, true);
	settle(&f);
	assert_int_equal(f.stops, 0); /* it may go on well */
	job_link(&f.job, f.now, false);
	f.now += 2000;
	job_link(&f.job, f.now, true);
	settle(&f);
	assert_int_equal(f.stops, 1);
	work_ends(&f, JOB_LOST);
	assert_int_equal(f.offers, 2);
}

static void
who_can_take_no_files_is_not_asked_again(void **state)
{
	(void)state;
	struct fake f;
	fake_init(&f, true, true);
	f.offer_err = ERR_UNSUPPORTED;
	settle(&f);
	assert_int_equal(f.job.is.state, JOB_FAILED);
	assert_int_equal(f.overs, 1);
	assert_int_equal(f.wake, JOB_NEVER);
}

static void
text_of_theirs_is_cut(void **state)
{
	(void)state;
	struct fake f;
	char text[2 * LIMIT_REASON + 3];
	for (size_t i = 0; i + 2 < sizeof(text); i += 2)
		memcpy(text + i, "\xc3\xa4", 3);
	out_moving(&f);
	job_ended(&f.job, f.now, TRANSFER_END_FAILED, text);
	work_ends(&f, JOB_LOST);
	assert_int_equal(f.job.is.state, JOB_FAILED);
	assert_int_equal(strlen(f.job.is.reason), LIMIT_REASON);
}

/* ---- every order ---- */

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

static void
happen(struct fake *f, enum event e)
{
	struct job *j = &f->job;
	switch (e) {
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
	case EVENTS:
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
	    cmocka_unit_test(a_sender_is_done_when_the_receiver_says_so),
	    cmocka_unit_test(a_receiver_confirms_what_has_its_name_and_is_kept),
	    cmocka_unit_test(f4_another_checksum_ends_it_with_a_reason_for_both),
	    cmocka_unit_test(pauses_between_attempts_double_up_to_a_minute),
	    cmocka_unit_test(without_a_stream_one_is_wanted_once),
	    cmocka_unit_test(what_nobody_answers_expires),
	    cmocka_unit_test(what_moves_does_not_expire),
	    cmocka_unit_test(a_sender_without_a_turn_offers_again_when_it_has_one),
	    cmocka_unit_test(what_is_paused_rests_until_both_go_on),
	    cmocka_unit_test(a_new_stream_replaces_a_connection_that_stands_still),
	    cmocka_unit_test(who_can_take_no_files_is_not_asked_again),
	    cmocka_unit_test(text_of_theirs_is_cut),
	    cmocka_unit_test(every_order_of_a_few_events_is_harmless),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
