/* One engine alone: what it does when. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "job_alone.h"

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
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
