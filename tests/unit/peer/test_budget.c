#include "base/limits.h"
#include "peer/budget.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

enum { START = 1000, SHORT = 200, TINY = 60 /* bytes */ };

static void
takes_a_burst_then_a_rate(struct bucket_rate rate)
{
	struct budget b = {0};
	const uint64_t one = 1000 / rate.per_second; /* ms */
	for (unsigned i = 0; i < rate.burst - 1; i++)
		assert_int_equal(budget_heard(&b, rate, true, SHORT, START), BUDGET_GO);
	assert_int_equal(budget_heard(&b, rate, true, SHORT, START), BUDGET_PAUSE);
	assert_int_equal(budget_wait(&b, rate, START), one);
	assert_int_equal(budget_wait(&b, rate, START + one - 1), 1);
	assert_int_equal(budget_wait(&b, rate, START + one), 0);
	assert_int_equal(budget_heard(&b, rate, true, SHORT, START + one), BUDGET_PAUSE);
	assert_int_equal(budget_wait(&b, rate, START + one), one);
	/* who waits gets all of it back */
	for (unsigned i = 0; i < rate.burst - 1; i++)
		assert_int_equal(budget_heard(&b, rate, true, SHORT, START + 60000), BUDGET_GO);
}

static void
n18_quiet_ten_messages_then_one_a_second(void **state)
{
	(void)state;
	assert_int_equal(budget_quiet.burst, 10);
	assert_int_equal(budget_quiet.per_second, 1);
	takes_a_burst_then_a_rate(budget_quiet);
}

static void
n18_allowed_a_window_of_messages_then_ten_a_second(void **state)
{
	(void)state;
	assert_true(budget_allowed.burst >= LIMIT_OUTBOX_WINDOW);
	takes_a_burst_then_a_rate(budget_allowed);
}

/* An Earshot has at most a window on its way, with as many receipts and the like: however it comes,
 * none of it ends a stream, and it is paid before the kernel of who said it gives up. */
static void
n18_a_window_is_paid_before_the_peers_kernel_gives_up(void **state)
{
	(void)state;
	enum { GIVES_UP = 10 * 1000, SLACK = 2000, SAID = 700 };
	struct budget b = {0};
	uint64_t now = START;
	for (int said = 0; said < SAID; said += LIMIT_OUTBOX_WINDOW) {
		for (int i = 0; i < LIMIT_OUTBOX_WINDOW; i++) {
			assert_int_not_equal(
			    budget_heard(&b, budget_allowed, true, SHORT, now), BUDGET_END);
			assert_int_not_equal(
			    budget_heard(&b, budget_allowed, false, SHORT, now), BUDGET_END);
		}
		assert_true(budget_wait(&b, budget_allowed, now) <= GIVES_UP - SLACK);
		now += budget_wait(&b, budget_allowed, now);
	}
	assert_true(now - START <= SAID * 1000 / LIMIT_STRANGER_WORDS);
}

/* One read of another client, which waits for no receipts. */
static void
n18_a_whole_read_of_messages_is_waited_for(void **state)
{
	(void)state;
	struct budget b = {0};
	for (int i = 0; i < LIMIT_STREAM_READ / 160; i++)
		assert_int_not_equal(
		    budget_heard(&b, budget_allowed, true, 160, START), BUDGET_END);
	uint64_t wait = budget_wait(&b, budget_allowed, START);
	assert_true(wait < LIMIT_STRANGER_DEBT);
	assert_int_equal(budget_wait(&b, budget_allowed, START + wait), 0);
}

/* Who talks as people do is never held up. */
static void
n18_a_conversation_is_not_disturbed(void **state)
{
	(void)state;
	struct budget b = {0};
	uint64_t now = START;
	for (int i = 0; i < 1000; i++, now += 3000) {
		assert_int_equal(
		    budget_heard(&b, budget_allowed, false, SHORT, now), BUDGET_GO); /* composing */
		assert_int_equal(
		    budget_heard(&b, budget_allowed, true, 2000, now + 2500), BUDGET_GO);
		assert_int_equal(
		    budget_heard(&b, budget_allowed, false, SHORT, now + 2500), BUDGET_GO);
	}
}

static void
n18_what_is_no_message_is_counted_as_well(void **state)
{
	(void)state;
	struct budget b = {0};
	int gone = 0;
	while (budget_heard(&b, budget_allowed, false, TINY, START) == BUDGET_GO)
		gone++;
	assert_int_equal(gone, LIMIT_STRANGER_STANZAS_BURST - 1);
	assert_int_equal(budget_wait(&b, budget_allowed, START), 1000 / LIMIT_STRANGER_STANZAS);
}

static void
n18_bytes_are_counted(void **state)
{
	(void)state;
	struct budget b = {0};
	assert_int_equal(
	    budget_heard(&b, budget_allowed, true, LIMIT_STRANGER_BYTES, START), BUDGET_GO);
	assert_int_equal(
	    budget_heard(&b, budget_allowed, true, LIMIT_STRANGER_BYTES, START), BUDGET_PAUSE);
	assert_int_equal(budget_wait(&b, budget_allowed, START), 1000);
	/* the largest stanza there is, after a pause: it is taken, and paid for */
	struct budget large = {0};
	assert_int_equal(
	    budget_heard(&large, budget_allowed, true, LIMIT_STANZA, START), BUDGET_PAUSE);
	assert_true(budget_wait(&large, budget_allowed, START) <= LIMIT_STRANGER_DEBT);
	assert_int_equal(budget_wait(&large, budget_allowed, START + LIMIT_STRANGER_DEBT), 0);
}

/* More than a window, a read and what was decrypted bring: nobody waits for that. */
static void
n18_far_too_much_at_once_ends_the_stream(void **state)
{
	(void)state;
	struct budget b = {0};
	int taken = 0;
	enum budget_verdict v = BUDGET_GO;
	for (; v != BUDGET_END; taken++)
		v = budget_heard(&b, budget_allowed, true, SHORT, START);
	assert_int_equal(
	    taken, LIMIT_STRANGER_BURST + LIMIT_STRANGER_WORDS * LIMIT_STRANGER_DEBT / 1000);
	assert_int_equal(budget_wait(&b, budget_allowed, START), LIMIT_STRANGER_DEBT);
	/* coming back at once on another stream helps nothing */
	assert_int_equal(budget_heard(&b, budget_allowed, true, SHORT, START + 10), BUDGET_END);
}

/* However it is tried: not more than the rate and the burst. */
static void
n18_in_the_long_run_the_rate_holds(void **state)
{
	(void)state;
	struct budget b = {0};
	unsigned taken = 0;
	for (uint64_t now = START; now < START + 3600u * 1000; now += 10) {
		if (budget_wait(&b, budget_allowed, now) > 0)
			continue;
		taken++;
		(void)budget_heard(&b, budget_allowed, true, SHORT, now);
	}
	assert_in_range(
	    taken, 3600 * LIMIT_STRANGER_WORDS, 3600 * LIMIT_STRANGER_WORDS + LIMIT_STRANGER_BURST);
}

static void
n18_one_notice_in_ten_seconds_and_three_a_second_for_all(void **state)
{
	(void)state;
	enum { STRANGERS = 1000 };
	static struct budget b[STRANGERS];
	struct bucket all = {0};
	assert_true(budget_notice(&b[0], &all, START));
	assert_false(budget_notice(&b[0], &all, START));
	assert_false(budget_notice(&b[0], &all, START + 9999));
	assert_true(budget_notice(&b[0], &all, START + 10000));
	int told = 0;
	for (uint64_t ms = 0; ms < 10000; ms++)
		told += budget_notice(&b[ms % STRANGERS], &all, START + 20000 + ms);
	assert_in_range(told, 10 * LIMIT_NOTICES - 1, 11 * LIMIT_NOTICES);
	told = 0;
	for (uint64_t ms = 0; ms < 10000; ms++)
		told += budget_seldom(&all, START + 40000 + ms);
	assert_in_range(told, 10 * LIMIT_NOTICES - 1, 11 * LIMIT_NOTICES);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(n18_quiet_ten_messages_then_one_a_second),
	    cmocka_unit_test(n18_allowed_a_window_of_messages_then_ten_a_second),
	    cmocka_unit_test(n18_a_window_is_paid_before_the_peers_kernel_gives_up),
	    cmocka_unit_test(n18_a_whole_read_of_messages_is_waited_for),
	    cmocka_unit_test(n18_a_conversation_is_not_disturbed),
	    cmocka_unit_test(n18_what_is_no_message_is_counted_as_well),
	    cmocka_unit_test(n18_bytes_are_counted),
	    cmocka_unit_test(n18_far_too_much_at_once_ends_the_stream),
	    cmocka_unit_test(n18_in_the_long_run_the_rate_holds),
	    cmocka_unit_test(n18_one_notice_in_ten_seconds_and_three_a_second_for_all),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
