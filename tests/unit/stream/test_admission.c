#include "base/bucket.h"
#include "base/limits.h"
#include "stream/admission.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum {
	STRANGERS = LIMIT_STREAMS_UNKNOWN - LIMIT_STREAMS_RESERVED,
	PER_SOURCE = LIMIT_STREAMS_PER_SOURCE,
	BARRED_AFTER = 10, /* failures in a row */
};

/* Chance, as the test wants it. */
static uint32_t next_random; /* what below() answers; UINT32_MAX: its largest */
static uint32_t seed;

static uint32_t
fixed(uint32_t bound)
{
	assert_true(bound > 0);
	return next_random < bound ? next_random : bound - 1;
}

static uint32_t
varied(uint32_t bound)
{
	assert_true(bound > 0);
	seed = seed * 1664525u + 1013904223u;
	return (seed >> 8) % bound;
}

static struct admission *
create(uint32_t (*below)(uint32_t bound))
{
	struct admission *a = NULL;
	next_random = UINT32_MAX; /* nobody is turned away by chance */
	seed = 1;
	assert_int_equal(admission_create(below, &a), 0);
	return a;
}

static struct sockaddr_storage
address(const char *text)
{
	struct sockaddr_storage ss = {0};
	struct sockaddr_in four = {.sin_family = AF_INET, .sin_port = htons(4711)};
	struct sockaddr_in6 six = {.sin6_family = AF_INET6, .sin6_scope_id = 3};
	if (inet_pton(AF_INET, text, &four.sin_addr) == 1)
		memcpy(&ss, &four, sizeof(four));
	else if (inet_pton(AF_INET6, text, &six.sin6_addr) == 1)
		memcpy(&ss, &six, sizeof(six));
	else
		fail_msg("no address: %s", text);
	return ss;
}

/* The n-th machine of a big network. */
static struct sockaddr_storage
machine(uint32_t n)
{
	struct sockaddr_storage ss = {0};
	struct sockaddr_in four = {
	    .sin_family = AF_INET, .sin_addr.s_addr = htonl(0x0a000001u + n)};
	memcpy(&ss, &four, sizeof(four));
	return ss;
}

/* Connects: true if it is in; who had to go has gone. */
static bool
enter(struct admission *a, struct admission_place *p, const struct sockaddr_storage *from,
    uint64_t now)
{
	struct admission_place *victim = NULL;
	if (!admission_allows(a, from, now, &victim))
		return false;
	admission_enter(a, p, from);
	if (victim)
		admission_leave(a, victim, ADMISSION_LEFT, now);
	return true;
}

static bool
enter_at(struct admission *a, struct admission_place *p, const char *from, uint64_t now)
{
	struct sockaddr_storage ss = address(from);
	return enter(a, p, &ss, now);
}

static void
n10_one_source_holds_few_places(void **state)
{
	(void)state;
	struct admission *a = create(fixed);
	struct admission_place p[PER_SOURCE + 1] = {0};
	for (int i = 0; i < PER_SOURCE; i++)
		assert_true(enter_at(a, &p[i], "10.0.0.1", 1000));
	assert_false(enter_at(a, &p[PER_SOURCE], "10.0.0.1", 1000));
	assert_true(enter_at(a, &p[PER_SOURCE], "10.0.0.2", 1000));
	admission_leave(a, &p[0], ADMISSION_IDENTIFIED, 1000);
	assert_true(enter_at(a, &p[0], "10.0.0.1", 1000));
	assert_int_equal(admission_held(a), PER_SOURCE + 1);
	admission_destroy(a);
}

static void
n10_a_network_of_ipv6_is_one_source_and_a_link_local_address_another(void **state)
{
	(void)state;
	struct admission *a = create(fixed);
	struct admission_place p[2 * PER_SOURCE + 2] = {0};
	size_t n = 0;
	for (int i = 0; i < PER_SOURCE; i++) {
		char text[INET6_ADDRSTRLEN];
		(void)snprintf(text, sizeof(text), "2001:db8::%d", i + 1);
		assert_true(enter_at(a, &p[n++], text, 1000));
	}
	assert_false(enter_at(a, &p[n], "2001:db8::ffff:1", 1000));
	assert_true(enter_at(a, &p[n++], "2001:db8:0:1::1", 1000));
	for (int i = 0; i < PER_SOURCE; i++)
		assert_true(enter_at(a, &p[n++], "fe80::1", 1000));
	assert_false(enter_at(a, &p[n], "fe80::1", 1000));
	assert_true(enter_at(a, &p[n++], "fe80::2", 1000));
	admission_destroy(a);
}

/* Fills all places of strangers; p holds STRANGERS of them. */
static void
flood(struct admission *a, struct admission_place *p, uint64_t now)
{
	next_random = UINT32_MAX;
	for (uint32_t i = 0; i < STRANGERS; i++) {
		struct sockaddr_storage from = machine(i);
		assert_true(enter(a, &p[i], &from, now));
	}
	assert_int_equal(admission_strangers(a), STRANGERS);
}

static void
n10_a_flood_leaves_room_for_the_known(void **state)
{
	(void)state;
	struct admission *a = create(fixed);
	struct admission_place p[STRANGERS] = {0}, known[LIMIT_STREAMS_RESERVED + 1] = {0};
	struct sockaddr_storage friends[LIMIT_STREAMS_RESERVED + 1];
	for (uint32_t i = 0; i < LIMIT_STREAMS_RESERVED + 1; i++)
		friends[i] = machine(100000 + 7 * i);
	assert_int_equal(admission_set_known(a, friends, LIMIT_STREAMS_RESERVED + 1), 0);
	flood(a, p, 1000);
	next_random = 0; /* bad luck for every stranger */
	for (uint32_t i = 0; i < LIMIT_STREAMS_RESERVED; i++)
		assert_true(enter(a, &known[i], &friends[i], 1000));
	assert_int_equal(admission_strangers(a), STRANGERS); /* nobody had to go for them */
	assert_int_equal(admission_held(a), LIMIT_STREAMS_UNKNOWN);
	/* one more of the known takes a stranger's place, never the other way round */
	assert_true(
	    enter(a, &known[LIMIT_STREAMS_RESERVED], &friends[LIMIT_STREAMS_RESERVED], 1000));
	assert_int_equal(admission_strangers(a), STRANGERS - 1);
	next_random = UINT32_MAX;
	struct admission_place late = {0};
	struct sockaddr_storage from = machine(5000);
	assert_true(enter(a, &late, &from, 1000));
	assert_int_equal(admission_strangers(a), STRANGERS - 1);
	assert_int_equal(admission_held(a), LIMIT_STREAMS_UNKNOWN);
	admission_destroy(a);
}

static void
n10_strangers_are_turned_away_by_chance_before_all_is_taken(void **state)
{
	(void)state;
	struct admission *a = create(fixed);
	struct admission_place p[STRANGERS + 1] = {0};
	struct sockaddr_storage from;
	next_random = 0;
	for (uint32_t i = 0; i < LIMIT_STREAMS_DROP_FROM; i++) {
		from = machine(i);
		assert_true(enter(a, &p[i], &from, 1000));
	}
	from = machine(1000);
	assert_false(enter(a, &p[LIMIT_STREAMS_DROP_FROM], &from, 1000));
	admission_leave(a, &p[0], ADMISSION_IDENTIFIED, 1000);
	assert_true(enter(a, &p[0], &from, 1000));
	admission_destroy(a);

	/* the chance grows to one half */
	a = create(varied);
	struct admission_place q[STRANGERS] = {0};
	for (uint32_t i = 0, n = 0; n < STRANGERS; i++) {
		from = machine(i);
		n += enter(a, &q[n], &from, 1000);
		assert_true(i < 20 * STRANGERS);
	}
	int in = 0;
	for (uint32_t i = 0; i < 10000; i++) {
		struct admission_place *victim = NULL;
		from = machine(20000 + i);
		if (!admission_allows(a, &from, 1000, &victim))
			continue;
		in++;
		assert_non_null(victim);
		admission_leave(a, victim, ADMISSION_LEFT, 1000);
		admission_enter(a, victim, &from);
	}
	assert_in_range(in, 4500, 5500);
	admission_destroy(a);
}

static void
n10_who_floods_does_not_choose_who_goes(void **state)
{
	(void)state;
	struct admission *a = create(varied);
	struct admission_place p[STRANGERS] = {0};
	int gone[STRANGERS] = {0};
	for (uint32_t i = 0, n = 0; n < STRANGERS; i++) {
		struct sockaddr_storage from = machine(i);
		n += enter(a, &p[n], &from, 1000);
	}
	for (uint32_t i = 0; i < 200 * STRANGERS; i++) {
		struct admission_place *victim = NULL;
		struct sockaddr_storage from = machine(20000 + i);
		if (!admission_allows(a, &from, 1000, &victim))
			continue;
		gone[victim - p]++;
		admission_leave(a, victim, ADMISSION_LEFT, 1000);
		admission_enter(a, victim, &from);
	}
	for (int i = 0; i < STRANGERS; i++)
		assert_in_range(gone[i], 50, 170); /* 100 each on average */
	admission_destroy(a);
}

/* What lost its place is in memory until its owner gets to it. */
static void
n10_a_flood_within_one_turn_of_the_loop_is_bounded(void **state)
{
	(void)state;
	struct admission *a = create(fixed);
	struct admission_place p[STRANGERS] = {0}, more[LIMIT_STREAMS_LEAVING] = {0};
	struct admission_place *victims[LIMIT_STREAMS_LEAVING], *victim = NULL;
	struct sockaddr_storage from;
	flood(a, p, 1000);
	for (uint32_t i = 0; i < LIMIT_STREAMS_LEAVING; i++) {
		from = machine(1000 + i);
		assert_true(admission_allows(a, &from, 1000, &victims[i]));
		assert_non_null(victims[i]);
		admission_enter(a, &more[i], &from);
		assert_int_equal(admission_strangers(a), STRANGERS);
	}
	from = machine(2000);
	assert_false(admission_allows(a, &from, 1000, &victim));
	assert_null(victim);
	admission_leave(a, victims[0], ADMISSION_LEFT, 1000);
	assert_true(admission_allows(a, &from, 1000, &victim));
	admission_destroy(a);
}

static void
n10_a_source_that_only_fails_is_barred_for_a_while(void **state)
{
	(void)state;
	struct admission *a = create(fixed);
	struct admission_place p = {0};
	uint64_t now = 5000;
	for (int i = 0; i < BARRED_AFTER; i++) {
		assert_true(enter_at(a, &p, "10.0.0.1", now));
		admission_leave(a, &p, ADMISSION_FAILED, now);
	}
	assert_false(enter_at(a, &p, "10.0.0.1", now));
	assert_true(enter_at(a, &p, "10.0.0.2", now)); /* its neighbour is not to blame */
	admission_leave(a, &p, ADMISSION_IDENTIFIED, now);
	assert_false(enter_at(a, &p, "10.0.0.1", now + 9999));
	assert_true(enter_at(a, &p, "10.0.0.1", now + 10000));
	admission_destroy(a);
}

static void
n10_trying_the_port_once_a_second_is_no_offence(void **state)
{
	(void)state;
	struct admission *a = create(fixed);
	struct admission_place p = {0};
	for (uint64_t now = 1000; now < 600000; now += 1000) {
		assert_true(enter_at(a, &p, "10.0.0.1", now));
		admission_leave(a, &p, ADMISSION_LEFT, now + 1);
	}
	for (int i = 0; i < 4 * BARRED_AFTER; i++) {
		assert_true(enter_at(a, &p, "10.0.0.1", 900000));
		admission_leave(a, &p, ADMISSION_LEFT, 900000);
	}
	assert_false(enter_at(a, &p, "10.0.0.1", 900000)); /* a thousand a second are one */
	admission_destroy(a);
}

static void
n10_the_known_are_not_barred(void **state)
{
	(void)state;
	struct admission *a = create(fixed);
	struct admission_place p = {0};
	struct sockaddr_storage friend = address("2001:db8::7"), none = address("2001:db8::8");
	assert_int_equal(admission_set_known(a, &friend, 1), 0);
	for (int i = 0; i < 2 * BARRED_AFTER; i++) {
		assert_true(enter(a, &p, &friend, 1000));
		admission_leave(a, &p, ADMISSION_FAILED, 1000);
	}
	assert_true(enter(a, &p, &friend, 1000));
	assert_false(enter(a, &p, &none, 1000)); /* on the same network, but not known */
	admission_destroy(a);
}

static void
n10_who_lost_their_place_is_not_punished(void **state)
{
	(void)state;
	struct admission *a = create(fixed);
	struct admission_place p[STRANGERS] = {0};
	flood(a, p, 1000);
	next_random = UINT32_MAX;
	struct sockaddr_storage last = machine(STRANGERS - 1);
	for (int i = 0; i < 4 * BARRED_AFTER; i++) {
		/* the last of all goes, its machine comes again */
		struct admission_place *victim = NULL;
		assert_true(admission_allows(a, &last, 1000, &victim));
		assert_ptr_equal(victim, &p[STRANGERS - 1]);
		admission_leave(a, victim, ADMISSION_FAILED, 1000);
		admission_enter(a, victim, &last);
	}
	admission_destroy(a);
}

static void
n11_strangers_share_the_handshakes_of_a_second(void **state)
{
	(void)state;
	struct admission *a = create(fixed);
	struct sockaddr_storage friend = address("192.0.2.1");
	assert_int_equal(admission_set_known(a, &friend, 1), 0);
	uint64_t now = 10000;
	uint32_t granted = 0;
	for (uint32_t i = 0; i < 120000; i++) { /* 2,000/s for a minute, from everywhere */
		struct sockaddr_storage from = machine(i % 1000);
		granted += admission_may_handshake(a, &from, now + i / 2);
	}
	assert_in_range(granted, 60 * LIMIT_HANDSHAKES, 61 * LIMIT_HANDSHAKES + 1);
	assert_true(admission_may_handshake(a, &friend, now + 60000));
	admission_destroy(a);
}

static void
n11_one_source_has_tokens_of_its_own(void **state)
{
	(void)state;
	struct admission *a = create(fixed);
	struct sockaddr_storage one = address("fe80::1"), other = address("fe80::2");
	uint64_t now = 10000;
	for (int i = 0; i < 2 * LIMIT_HANDSHAKES_SOURCE; i++)
		assert_true(admission_may_handshake(a, &one, now));
	assert_false(admission_may_handshake(a, &one, now));
	assert_true(admission_may_handshake(a, &other, now));
	assert_true(admission_may_handshake(a, &one, now + 1000 / LIMIT_HANDSHAKES_SOURCE));
	assert_false(admission_may_handshake(a, &one, now + 1000 / LIMIT_HANDSHAKES_SOURCE));
	admission_destroy(a);
}

static void
the_known_can_be_replaced(void **state)
{
	(void)state;
	struct admission *a = create(fixed);
	struct admission_place p[STRANGERS] = {0}, k = {0};
	struct sockaddr_storage was = address("192.0.2.1"), is = address("192.0.2.2");
	assert_int_equal(admission_set_known(a, &was, 1), 0);
	assert_int_equal(admission_set_known(a, &is, 1), 0);
	flood(a, p, 1000);
	next_random = 0;
	assert_false(enter(a, &k, &was, 1000));
	assert_true(enter(a, &k, &is, 1000));
	assert_int_equal(admission_set_known(a, NULL, 0), 0);
	admission_leave(a, &k, ADMISSION_IDENTIFIED, 1000); /* its kind is what it was */
	assert_int_equal(admission_held(a), STRANGERS);
	assert_false(enter(a, &k, &is, 1000));
	admission_destroy(a);
}

/* More sources than are remembered: nothing breaks, and the places still hold. */
static void
n10_any_number_of_sources(void **state)
{
	(void)state;
	struct admission *a = create(varied);
	struct admission_place p[STRANGERS] = {0};
	uint64_t now = 1000;
	for (uint32_t i = 0; i < 50 * LIMIT_SOURCES; i++, now += i % 3) {
		struct admission_place *slot = &p[varied(STRANGERS)];
		struct sockaddr_storage from = machine(i);
		admission_leave(a, slot, varied(2) ? ADMISSION_FAILED : ADMISSION_LEFT, now);
		(void)!admission_may_handshake(a, &from, now);
		(void)enter(a, slot, &from, now);
		assert_true(admission_held(a) <= STRANGERS);
	}
	admission_destroy(a);
}

static void
a_bucket_refills_with_time(void **state)
{
	(void)state;
	struct bucket_rate rate = {.burst = 10, .per_second = 1};
	struct bucket b = {0};
	for (int i = 0; i < 10; i++)
		assert_true(bucket_take(&b, rate, 1, 77));
	assert_false(bucket_take(&b, rate, 1, 77));
	assert_int_equal(bucket_wait(&b, rate, 1, 77), 1000);
	assert_false(bucket_take(&b, rate, 1, 1076));
	assert_true(bucket_take(&b, rate, 1, 1077));
	bucket_charge(&b, rate, 100, 1077); /* owed */
	assert_int_equal(bucket_wait(&b, rate, 1, 1077), 101 * 1000);
	assert_true(bucket_has(&b, rate, 10, 1000000));
	assert_false(bucket_has(&b, rate, 11, 1000000)); /* never more than it holds */
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(n10_one_source_holds_few_places),
	    cmocka_unit_test(n10_a_network_of_ipv6_is_one_source_and_a_link_local_address_another),
	    cmocka_unit_test(n10_a_flood_leaves_room_for_the_known),
	    cmocka_unit_test(n10_strangers_are_turned_away_by_chance_before_all_is_taken),
	    cmocka_unit_test(n10_who_floods_does_not_choose_who_goes),
	    cmocka_unit_test(n10_a_flood_within_one_turn_of_the_loop_is_bounded),
	    cmocka_unit_test(n10_a_source_that_only_fails_is_barred_for_a_while),
	    cmocka_unit_test(n10_trying_the_port_once_a_second_is_no_offence),
	    cmocka_unit_test(n10_the_known_are_not_barred),
	    cmocka_unit_test(n10_who_lost_their_place_is_not_punished),
	    cmocka_unit_test(n11_strangers_share_the_handshakes_of_a_second),
	    cmocka_unit_test(n11_one_source_has_tokens_of_its_own),
	    cmocka_unit_test(the_known_can_be_replaced),
	    cmocka_unit_test(n10_any_number_of_sources),
	    cmocka_unit_test(a_bucket_refills_with_time),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
