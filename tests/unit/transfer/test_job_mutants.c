/* A check that cannot fail proves nothing: each of these bugs, put between the engine and what is
 * around it, must be noticed by the promises that test_job_random checks. */
#include "job_random.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

enum { LIVES = 20000 };

static const struct bug {
	enum mutant mutant;
	const char *name;
	const char *caught_as; /* how its finding begins */
} bugs[] = {
    {KEPT_BEFORE_COMMIT, "what is decided counts before it is on disk", "K"},
    {READY_LOST, "who goes on does not say so", "E1"},
    {NEWS_LOST, "what was decided without a session is told to nobody", "E"},
    {WAKE_LOST, "nothing wakes the engine", "E1"},
    {STOP_LOST, "work is not stopped", "S4"},
    {TURN_KEPT, "a turn is not given back", "E"},
    {CHECK_SKIPPED, "a checksum that differs is taken for one that does not", "P2"},
    {FROM_START_LOST, "who has something else does not begin again", "E1"},
    {ANSWER_LOST, "who is done does not say so", "E"},
    {LINK_DOWN_UNTOLD, "sessions outlive their stream", "E1"},
};

static void
every_bug_is_caught(void **state)
{
	(void)state;
	assert_int_equal(ARRAY_LEN(bugs), MUTANTS - 1);
	for (size_t i = 0; i < ARRAY_LEN(bugs); i++) {
		struct tally tally = {0};
		const char *why = NULL;
		uint64_t seed = 0;
		while (!why && seed < LIVES)
			why = random_life(++seed, bugs[i].mutant, &tally);
		if (!why)
			fail_msg("%s: not caught", bugs[i].name);
		print_message("%s: life %llu, %s\n", bugs[i].name, (unsigned long long)seed, why);
		if (strncmp(why, bugs[i].caught_as, strlen(bugs[i].caught_as)) != 0)
			fail_msg("%s: caught as \"%s\"", bugs[i].name, why);
	}
}

static void
without_a_bug_nothing_is_found(void **state)
{
	(void)state;
	struct tally tally = {0};
	for (uint64_t seed = 1; seed <= LIVES; seed++)
		assert_null(random_life(seed, MUTANT_NONE, &tally));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(every_bug_is_caught),
	    cmocka_unit_test(without_a_bug_nothing_is_found),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
