/* Random lives of an outbox on a virtual clock. Every run follows from its seed alone:
 *   SIM_SEED=N SIM_RUNS=1 test_outbox_random    plays that one again */
#include "outbox_random.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

enum { RUNS = 300000 };

static uint64_t
number_from(const char *name, uint64_t otherwise)
{
	const char *s = getenv(name); /* NOLINT(concurrency-mt-unsafe): one thread */
	return s ? strtoull(s, NULL, 0) : otherwise;
}

static void
tally_print(const struct tally *t)
{
	static const char *const names[] = {
	    "queued", "handed over", "delivered", "read", "failed", "cancelled"};
	print_message("%llu lives, %llu steps, %llu s of virtual time; messages ended",
	    (unsigned long long)t->lives, (unsigned long long)t->steps,
	    (unsigned long long)t->virtual_ms / 1000);
	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		print_message("%s %s %llu", i ? "," : "", names[i], (unsigned long long)t->ends[i]);
	print_message("\n");
}

static void
promises_hold_in_every_life(void **state)
{
	(void)state;
	uint64_t seed = number_from("SIM_SEED", 1), runs = number_from("SIM_RUNS", RUNS);
	struct tally tally = {0};
	print_message("seeds %llu to %llu\n", (unsigned long long)seed,
	    (unsigned long long)(seed + runs - 1));
	for (uint64_t i = 0; i < runs; i++) {
		const char *why = random_life(seed + i, MUTANT_NONE, &tally);
		if (why)
			fail_msg("SIM_SEED=%llu: %s", (unsigned long long)(seed + i), why);
	}
	tally_print(&tally);
	if (runs >= RUNS)
		for (size_t i = 0; i < EV_KINDS; i++)
			assert_true(tally.events[i] > 0); /* all of it was tried */
}

int
main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(promises_hold_in_every_life)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
