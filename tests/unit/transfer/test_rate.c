/* The cap, on a clock of the test's own. */
#include "transfer/rate.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define SECOND UINT64_C(1000000000)
#define KB     UINT64_C(1000)
#define MB     UINT64_C(1000000)

enum { TAKERS = 4, BLOCK = 256 * 1024 };

/* All of them take and wait, each `late` ns longer than it was told, from now on for so many
 * seconds; what each got is added to bytes. The time then. */
static uint64_t
take_turns(struct rate *r, uint64_t now, unsigned seconds, uint64_t late, uint64_t bytes[TAKERS])
{
	uint64_t until = now + seconds * SECOND, free_at[TAKERS];
	for (size_t i = 0; i < TAKERS; i++)
		free_at[i] = now;
	for (;;) {
		size_t next = 0;
		for (size_t i = 1; i < TAKERS; i++)
			if (free_at[i] < free_at[next])
				next = i;
		if (free_at[next] >= until)
			return until;
		size_t piece = rate_piece(r, BLOCK);
		uint64_t wait = rate_take(r, piece, free_at[next]);
		bytes[next] += piece;
		free_at[next] += wait ? wait + late : 1000;
	}
}

static void
within(uint64_t value, uint64_t wanted, unsigned percent)
{
	assert_in_range(value, wanted - wanted * percent / 100, wanted + wanted * percent / 100);
}

static void
the_cap_is_kept_and_shared_fairly(void **state)
{
	(void)state;
	static const uint64_t caps[] = {20 * KB, MB, 12345678, 2000 * MB};
	static const uint64_t late[] = {0, 3000000, 20000000};
	for (size_t i = 0; i < sizeof(caps) / sizeof(caps[0]) * 3; i++) {
		struct rate r;
		uint64_t bytes[TAKERS] = {0}, all = 0;
		uint64_t cap = caps[i / 3];
		assert_int_equal(rate_init(&r, cap), 0);
		(void)take_turns(&r, 5 * SECOND, 20, cap < SECOND ? late[i % 3] : 0, bytes);
		for (size_t k = 0; k < TAKERS; k++) {
			all += bytes[k];
			within(bytes[k], cap * 20 / TAKERS, 10);
		}
		within(all, cap * 20, 5);
		rate_finish(&r);
	}
}

static void
a_change_is_obeyed_soon(void **state)
{
	(void)state;
	struct rate r;
	uint64_t bytes[TAKERS] = {0}, all = 0;
	assert_int_equal(rate_init(&r, 100 * KB), 0);
	uint64_t now = take_turns(&r, SECOND, 5, 0, bytes);
	rate_set(&r, 10 * MB);
	for (size_t k = 0; k < TAKERS; k++)
		bytes[k] = 0;
	now = take_turns(&r, now, 2, 0, bytes);
	for (size_t k = 0; k < TAKERS; k++)
		all += bytes[k];
	within(all, 20 * MB, 15);
	/* and down again: nobody has taken more ahead than a moment's worth */
	rate_set(&r, 100 * KB);
	assert_in_range(rate_take(&r, 1, now), 0, SECOND / 2);
	rate_finish(&r);
}

static void
without_a_cap_nobody_waits(void **state)
{
	(void)state;
	struct rate r;
	assert_int_equal(rate_init(&r, 0), 0);
	assert_int_equal(rate_piece(&r, BLOCK), BLOCK);
	for (unsigned i = 0; i < 1000; i++)
		assert_int_equal(rate_take(&r, UINT64_MAX, 1), 0);
	rate_set(&r, 5);
	assert_int_equal(rate_get(&r), RATE_LEAST);
	assert_in_range(rate_piece(&r, BLOCK), 1, RATE_LEAST);
	assert_int_equal(rate_piece(&r, 10), 10);
	assert_int_equal(rate_piece(&r, 0), 0);
	rate_finish(&r);
}

static void
what_was_not_used_is_not_saved_up(void **state)
{
	(void)state;
	struct rate r;
	uint64_t bytes[TAKERS] = {0}, all = 0;
	assert_int_equal(rate_init(&r, MB), 0);
	assert_int_equal(rate_take(&r, 1, SECOND), 0);
	(void)take_turns(&r, 3600 * SECOND, 10, 0, bytes);
	for (size_t k = 0; k < TAKERS; k++)
		all += bytes[k];
	within(all, 10 * MB, 5);
	rate_finish(&r);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(the_cap_is_kept_and_shared_fairly),
	    cmocka_unit_test(a_change_is_obeyed_soon),
	    cmocka_unit_test(without_a_cap_nobody_waits),
	    cmocka_unit_test(what_was_not_used_is_not_saved_up),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
