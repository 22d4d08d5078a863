/* A check that cannot fail proves nothing: each of these bugs, put into the engine's surroundings
 * or between it and them, must be noticed by the promises that test_outbox_random checks. */
#include "outbox_random.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

enum { LIVES = 100000 }; /* in a tenth of them the shyest one shows */

static const struct bug {
	enum mutant mutant;
	const char *name;
	const char *caught_as; /* how its finding begins */
} bugs[] = {
    {OK_BEFORE_COMMIT, "accepted before the commit", "I1"},
    {RECEIPT_BEFORE_COMMIT, "receipt before the commit", "I5"},
    {DEDUPE_OFF, "receiver keeps repeated messages", "I3"},
    {ORDER_REVERSED, "sent in reverse", "I4"},
    {RESEND_FROM_NEWEST, "sent again in reverse", "I4"},
    {WINDOW_IGNORED, "no window", "the window"},
    {FORGET_ON_LINK_DOWN, "forgets what was sent when the link dies", "I"},
    {CONFIRM_UNKNOWN_ID, "a receipt for anything confirms the oldest", "I5"},
    {CANCEL_AFTER_SEND, "cancelled although sent", "I7"},
    {CANCEL_GUARD_OFF, "the store cancels what may have been sent", "I7"},
    {STATE_RESET, "states are not kept", "I"},
    {MARK_NOT_KEPT, "marks are not kept", "sent before its mark"},
    {TOKEN_IGNORED, "the same call again is another message", "I8"},
    {OLD_LOAD_TAKEN, "takes what was read before a cancellation", "I7"},
    {REFUSAL_LOST, "refusals are not told", "I6"},
    {NO_REDIAL, "nobody dials", "I6"},
    {EXPIRED_IN_FLIGHT, "expires what may yet arrive", "I4"},
    {AGAIN_WITHOUT_END, "sends again without end", "sent more than once again"},
    {NO_FENCE, "sends past what is passed over and not yet kept so", "I4"},
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
	for (uint64_t seed = 1; seed <= LIVES / 5; seed++)
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
