#include "base/limits.h"
#include "peer/budget.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

enum { START = 1000, SHORT = 200 /* bytes */ };

static void
n18_ten_messages_then_one_a_second(void **state)
{
	(void)state;
	struct budget b = {0};
	for (int i = 0; i < LIMIT_STRANGER_BURST - 1; i++)
		assert_int_equal(budget_heard(&b, true, SHORT, START), BUDGET_GO);
	assert_int_equal(budget_heard(&b, true, SHORT, START), BUDGET_PAUSE);
	assert_int_equal(budget_wait(&b, START), 1000);
	assert_int_equal(budget_wait(&b, START + 999), 1);
	assert_int_equal(budget_wait(&b, START + 1000), 0);
	assert_int_equal(budget_heard(&b, true, SHORT, START + 1000), BUDGET_PAUSE);
	assert_int_equal(budget_wait(&b, START + 1000), 1000);
	/* who waits gets all of it back */
	for (int i = 0; i < LIMIT_STRANGER_BURST - 1; i++)
		assert_int_equal(budget_heard(&b, true, SHORT, START + 60000), BUDGET_GO);
}

/* Who talks as people do is never held up. */
static void
n18_a_conversation_is_not_disturbed(void **state)
{
	(void)state;
	struct budget b = {0};
	uint64_t now = START;
	for (int i = 0; i < 1000; i++, now += 3000) {
		assert_int_equal(budget_heard(&b, false, SHORT, now), BUDGET_GO); /* composing */
		assert_int_equal(budget_heard(&b, true, 2000, now + 2500), BUDGET_GO);
		assert_int_equal(budget_heard(&b, false, SHORT, now + 2500), BUDGET_GO);
	}
}

static void
n18_what_is_no_message_is_counted_as_well(void **state)
{
	(void)state;
	struct budget b = {0};
	int gone = 0;
	while (budget_heard(&b, false, SHORT, START) == BUDGET_GO)
		gone++;
	assert_int_equal(gone, LIMIT_STRANGER_STANZAS_BURST - 1);
	assert_int_equal(budget_wait(&b, START), 1000 / LIMIT_STRANGER_STANZAS);
}

static void
n18_bytes_are_counted(void **state)
{
	(void)state;
	struct budget b = {0};
	assert_int_equal(budget_heard(&b, true, LIMIT_STRANGER_BYTES, START), BUDGET_GO);
	assert_int_equal(budget_heard(&b, true, LIMIT_STRANGER_BYTES, START), BUDGET_PAUSE);
	assert_int_equal(budget_wait(&b, START), 1000);
	/* the largest stanza there is, after a pause: it is taken, and paid for */
	struct budget large = {0};
	assert_int_equal(budget_heard(&large, true, LIMIT_STANZA, START), BUDGET_PAUSE);
	assert_true(budget_wait(&large, START) <= LIMIT_STRANGER_PAUSE);
	assert_int_equal(budget_wait(&large, START + LIMIT_STRANGER_PAUSE), 0);
}

/* One read may hold hundreds of messages: their stream ends. */
static void
n18_far_too_much_at_once_ends_the_stream(void **state)
{
	(void)state;
	struct budget b = {0};
	int taken = 0;
	enum budget_verdict v = BUDGET_GO;
	for (; v != BUDGET_END; taken++)
		v = budget_heard(&b, true, SHORT, START);
	assert_int_equal(taken, LIMIT_STRANGER_BURST + LIMIT_STRANGER_PAUSE / 1000);
	assert_int_equal(budget_wait(&b, START), LIMIT_STRANGER_PAUSE);
	/* coming back at once on another stream helps nothing */
	assert_int_equal(budget_heard(&b, true, SHORT, START + 10), BUDGET_END);
}

/* However it is tried: not more than the rate and the burst. */
static void
n18_in_the_long_run_the_rate_holds(void **state)
{
	(void)state;
	struct budget b = {0};
	unsigned taken = 0;
	for (uint64_t now = START; now < START + 3600u * 1000; now += 10) {
		if (budget_wait(&b, now) > 0)
			continue;
		taken++;
		(void)budget_heard(&b, true, SHORT, now);
	}
	assert_in_range(taken, 3600, 3600 + LIMIT_STRANGER_BURST);
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
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(n18_ten_messages_then_one_a_second),
	    cmocka_unit_test(n18_a_conversation_is_not_disturbed),
	    cmocka_unit_test(n18_what_is_no_message_is_counted_as_well),
	    cmocka_unit_test(n18_bytes_are_counted),
	    cmocka_unit_test(n18_far_too_much_at_once_ends_the_stream),
	    cmocka_unit_test(n18_in_the_long_run_the_rate_holds),
	    cmocka_unit_test(n18_one_notice_in_ten_seconds_and_three_a_second_for_all),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
