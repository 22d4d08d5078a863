/* With a method that knows no way to go on, as those of old clients: what is lost is lost. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "job_alone.h"

static void
expect_lost_for_good(struct fake *f)
{
	settle(f);
	assert_int_equal(f->job.is.state, JOB_FAILED);
	assert_true(f->job.is.reason[0]);
	assert_int_equal(f->overs, 1);
	assert_int_equal(f->wake, JOB_NEVER);
	unsigned offers = f->offers;
	job_link(&f->job, f->now, false);
	job_link(&f->job, f->now, true);
	settle(f);
	assert_int_equal(f->offers, offers);
	assert_int_equal(f->readies, 0);
}

static void
once_what_was_agreed_upon_is_lost_for_good(void **state)
{
	(void)state;
	for (int out = 0; out < 2; out++) {
		struct fake f;
		if (out)
			out_moving(&f);
		else
			in_moving(&f);
		f.job.once = true;
		work_ends(&f, JOB_LOST);
		expect_lost_for_good(&f);
		assert_int_equal(f.why, TRANSFER_END_FAILED);
	}
}

static void
once_what_they_offered_ends_with_the_session(void **state)
{
	(void)state;
	struct fake f;
	fake_init(&f, false, true);
	f.job.once = true;
	job_offered(&f.job, f.now);
	settle(&f);
	assert_int_equal(f.job.is.state, JOB_OFFERED);
	job_link(&f.job, f.now, false);
	expect_lost_for_good(&f);
	assert_false(job_accept(&f.job, f.now));
	/* and with the daemon */
	struct fake again;
	fake_init(&again, false, true);
	again.job.once = true;
	job_start(&again.job, again.now);
	expect_lost_for_good(&again);
	/* but not one that was just made */
	fake_init(&f, false, true);
	f.job.once = true;
	job_offered(&f.job, f.now);
	job_start(&f.job, f.now);
	settle(&f);
	assert_int_equal(f.job.is.state, JOB_OFFERED);
}

static void
once_what_nobody_took_is_offered_again(void **state)
{
	(void)state;
	struct fake f;
	fake_init(&f, true, true);
	f.job.once = true;
	settle(&f);
	job_ended(&f.job, f.now, TRANSFER_END_LOST, NULL);
	job_link(&f.job, f.now, false);
	settle(&f);
	job_link(&f.job, f.now, true);
	settle(&f);
	assert_int_equal(f.offers, 2);
	assert_int_equal(f.job.is.state, JOB_OFFERED);
}

static void
once_all_is_sent_silence_is_a_yes(void **state)
{
	(void)state;
	struct fake f;
	out_moving(&f);
	f.job.once = true;
	work_ends(&f, JOB_OK);
	assert_int_equal(f.job.is.state, JOB_VERIFYING);
	job_link(&f.job, f.now, false);
	settle(&f);
	assert_int_equal(f.job.is.state, JOB_DONE);
}

static void
once_all_is_here_it_gets_its_name(void **state)
{
	(void)state;
	struct fake f;
	in_moving(&f);
	f.job.once = true;
	work_ends(&f, JOB_OK);
	assert_int_equal(f.work, W_PLACE);
	job_link(&f.job, f.now, false);
	settle(&f);
	work_ends(&f, JOB_OK);
	assert_int_equal(f.job.is.state, JOB_DONE);
}

static void
once_nothing_is_paused_or_told_later(void **state)
{
	(void)state;
	struct fake f;
	fake_init(&f, true, true);
	f.job.once = true;
	settle(&f);
	assert_false(job_pause(&f.job, f.now));
	job_link(&f.job, f.now, false);
	settle(&f);
	assert_true(job_cancel(&f.job, f.now));
	settle(&f);
	job_link(&f.job, f.now, true);
	settle(&f);
	assert_int_equal(f.offers, 1);
	assert_int_equal(f.job.is.state, JOB_CANCELLED);
	assert_true(job_is_settled(&f.job));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(once_what_was_agreed_upon_is_lost_for_good),
	    cmocka_unit_test(once_what_they_offered_ends_with_the_session),
	    cmocka_unit_test(once_what_nobody_took_is_offered_again),
	    cmocka_unit_test(once_all_is_sent_silence_is_a_yes),
	    cmocka_unit_test(once_all_is_here_it_gets_its_name),
	    cmocka_unit_test(once_nothing_is_paused_or_told_later),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
