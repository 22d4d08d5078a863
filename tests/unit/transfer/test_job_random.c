/* Random lives of a transfer between two engines on a virtual clock. Every run follows from its
 * seed alone:
 *   SIM_SEED=N SIM_RUNS=1 test_job_random    plays that one again */
#include "job_random.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

enum { RUNS = 100000 };

static uint64_t
number_from(const char *name, uint64_t otherwise)
{
	const char *s = getenv(name); /* NOLINT(concurrency-mt-unsafe): one thread */
	return s ? strtoull(s, NULL, 0) : otherwise;
}

static void
both_sides_come_to_one_end_in_every_life(void **state)
{
	(void)state;
	uint64_t seed = number_from("SIM_SEED", 1), runs = number_from("SIM_RUNS", RUNS);
	struct tally tally = {0};
	for (uint64_t i = 0; i < runs; i++) {
		const char *why = random_life(seed + i, MUTANT_NONE, &tally);
		if (why)
			fail_msg("SIM_SEED=%llu: %s", (unsigned long long)(seed + i), why);
	}
	print_message("%llu lives, %llu steps; done %llu, declined %llu, cancelled %llu\n",
	    (unsigned long long)tally.lives, (unsigned long long)tally.steps,
	    (unsigned long long)tally.ends[JOB_DONE], (unsigned long long)tally.ends[JOB_DECLINED],
	    (unsigned long long)tally.ends[JOB_CANCELLED]);
	if (runs < RUNS)
		return;
	assert_true(tally.ends[JOB_DONE] > 0);
	assert_true(tally.ends[JOB_DECLINED] > 0);
	assert_true(tally.ends[JOB_CANCELLED] > 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(both_sides_come_to_one_end_in_every_life)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
