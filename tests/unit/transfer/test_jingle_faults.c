/* Two ends agree upon a file by Jingle while everything that can go wrong between them does: each
 * stanza is lost with its stream, heard twice, or overtaken, wherever in the conversation it
 * stands. Neither end may be left with something that never ends, and the next attempt has to
 * succeed. */
#include "base/limits.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "../support/world.h"

#include "../support/keyed.h"

#include "two.h"

#include "ends.h"

static struct told *const out = &ends_.out_told, *const in = &ends_.in_told;

enum fault { FAULT_NONE, FAULT_LOST, FAULT_TWICE, FAULT_OVERTAKEN, FAULT_STREAM, FAULTS };
enum reaching { REACH_BOTH, REACH_OUT, REACH_IN, REACH_NONE, REACHES };

static struct {
	enum fault fault;
	unsigned at; /* the number of the stanza it happens to */
	unsigned count;
	bool happened;
} script;

static void
hear(char *stanza)
{
	two_hear(stanza);
	free(stanza);
}

/* One stanza arrives, or what happens to it instead. */
static bool
step(void)
{
	two_collect();
	if (!two.count)
		return false;
	bool now = script.count++ == script.at && script.fault != FAULT_NONE;
	script.happened = script.happened || now;
	if (now && script.fault == FAULT_OVERTAKEN && two.count > 1) {
		hear(two_take(1));
		return true;
	}
	char *stanza = two_take(0);
	if (now && script.fault == FAULT_TWICE)
		two_hear(stanza);
	if (now && script.fault == FAULT_LOST) {
		free(stanza);
		return true;
	}
	hear(stanza);
	if (now && script.fault == FAULT_STREAM) {
		two_drop_all();
		ends(two.romeos, -ECONNRESET);
		ends(two.tybalts, -ECONNRESET);
		two_connect_again(true);
	}
	return true;
}

static bool
is_waiting(const struct transfer *t)
{
	return t->session != NULL;
}

/* Until nothing moves. What a human or the manager would do happens on the way. */
static void
play(void)
{
	bool accepted = false, checked = false;
	static const uint8_t digest[32] = {42};
	for (unsigned quiet = 0; quiet < 6;) {
		(void)uv_run(&world.loop, UV_RUN_NOWAIT);
		bool moved = step();
		moved = net_step() || moved;
		if (in->offered && is_waiting(&ends_.in) && !accepted) {
			accepted = moved = true;
			(void)!jingle_method.accept(&ends_.in);
		}
		if (out->connected && in->connected && !checked && is_waiting(&ends_.out)) {
			checked = moved = true;
			(void)!jingle_method.checksum(&ends_.out, digest);
		}
		if (in->checksum && in->connected && is_waiting(&ends_.in)) {
			moved = true;
			jingle_method.end(&ends_.in, TRANSFER_END_DONE, NULL);
		}
		quiet = moved ? 0 : quiet + 1;
	}
}

/* What the manager does when an attempt does not come to its end in time. */
static void
give_up(void)
{
	let_pass(12000); /* requests without answer */
	play();
	jingle_method.end(&ends_.out, TRANSFER_END_LOST, NULL);
	jingle_method.end(&ends_.in, TRANSFER_END_LOST, NULL);
	play();
}

static void
expect_no_remains(void)
{
	assert_null(ends_.out.session);
	assert_null(ends_.in.session);
	for (size_t i = 0; i < NET_EXPECTED; i++)
		assert_false(net.expected[i].used);
	for (size_t i = 0; i < NET_DIALS; i++)
		assert_false(net.dials[i].used);
	assert_true(list_empty(&world.r.bytestreams));
}

/* With that fault at that stanza. False: there are not so many. */
static bool
attempt(enum fault fault, enum reaching reach, unsigned at)
{
	assert_int_equal(ends_begin(true), 0);
	net.romeo_reachable = reach == REACH_BOTH || reach == REACH_IN;
	net.tybalt_reachable = reach == REACH_BOTH || reach == REACH_OUT;
	memset(&script, 0, sizeof(script));
	script.fault = fault;
	script.at = at;
	assert_int_equal(jingle_method.offer(&ends_.out), 0);
	play();
	bool happened = script.happened;
	if (!out->confirmed) {
		give_up();
		expect_no_remains();
		script.fault = FAULT_NONE;
		ends_forget();
		assert_int_equal(jingle_method.offer(&ends_.out), 0);
		play();
	}
	assert_int_equal(out->confirmed, 1);
	assert_int_equal(out->connected, 1);
	assert_int_equal(in->connected, 1);
	expect_no_remains();
	if (fault == FAULT_NONE || fault == FAULT_TWICE)
		assert_int_equal(out->ended + in->ended + out->declined, 0);
	assert_int_equal(ends_end(), 0);
	return happened;
}

static void
every_stanza(enum fault fault)
{
	for (enum reaching reach = REACH_BOTH; reach < REACHES; reach++) {
		unsigned at = 0;
		while (attempt(fault, reach, at))
			at++;
		assert_true(at >= 8); /* the conversation is that long at least */
	}
}

static void
without_a_fault_it_comes_about(void **state)
{
	(void)state;
	for (enum reaching reach = REACH_BOTH; reach < REACHES; reach++)
		assert_false(attempt(FAULT_NONE, reach, 0));
}

static void
any_stanza_may_be_lost(void **state)
{
	(void)state;
	every_stanza(FAULT_LOST);
}

static void
any_stanza_may_be_heard_twice(void **state)
{
	(void)state;
	every_stanza(FAULT_TWICE);
}

static void
any_stanza_may_be_overtaken(void **state)
{
	(void)state;
	every_stanza(FAULT_OVERTAKEN);
}

static void
the_streams_may_end_behind_any_stanza(void **state)
{
	(void)state;
	every_stanza(FAULT_STREAM);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(without_a_fault_it_comes_about),
	    cmocka_unit_test(any_stanza_may_be_lost),
	    cmocka_unit_test(any_stanza_may_be_heard_twice),
	    cmocka_unit_test(any_stanza_may_be_overtaken),
	    cmocka_unit_test(the_streams_may_end_behind_any_stanza),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
