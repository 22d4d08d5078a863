/* How messages end without a receipt: with old peers, cancelled, expired. */
#include "outbox_bench.h"

/* ---- peers without receipts ---- */

static void
old_peers_messages_are_handed_over(void **state)
{
	(void)state;
	outbox_link_up(&b.o, 0, 7, false);
	add(0, 1, 2);
	assert_did("send 1. send 2. ");
	outbox_handed(&b.o, 0, 6, 1); /* of another stream: nothing of ours */
	assert_did("");
	outbox_handed(&b.o, 100, 7, 1);
	assert_did("1 handed over. ");
	assert_int_equal(b.wake, 5100);
	assert_int_equal(b.in_memory, 2);
	tick(5100);
	assert_int_equal(b.in_memory, 1);
	outbox_link_down(&b.o, 5100, 7);
	outbox_link_up(&b.o, 5100, 8, false);
	assert_did("send 2 again. ");
}

static void
of_streams_that_cross_the_dead_ones_messages_are_sent_once_again(void **state)
{
	(void)state;
	outbox_link_up(&b.o, 0, 7, false);
	add(0, 1, 2);
	outbox_handed(&b.o, 0, 7, 1);
	outbox_link_up(&b.o, 1000, 8, false);
	assert_did("send 1. send 2. 1 handed over. ");
	outbox_link_down(&b.o, 2000, 7); /* 2 was still before the kernel */
	assert_did("send 1 again. send 2 again. ");
	outbox_handed(&b.o, 2000, 8, 1);
	assert_did("");
	outbox_handed(&b.o, 2000, 8, 2);
	assert_did("2 handed over. ");
	outbox_link_up(&b.o, 3000, 9, false);
	outbox_link_down(&b.o, 3000, 8);
	assert_did("send 2 again. "); /* 1 not a third time */
}

static void
handed_over_is_sent_again_only_for_some_seconds(void **state)
{
	(void)state;
	outbox_presence(&b.o, 0, true);
	outbox_link_up(&b.o, 0, 7, false);
	add(0, 1, 1);
	outbox_handed(&b.o, 0, 7, 1);
	add(0, 2, 2);
	outbox_handed(&b.o, 3000, 7, 2);
	ignore_what_was_done();
	outbox_link_down(&b.o, 4000, 7);
	assert_did(""); /* nobody is called for that */
	outbox_link_up(&b.o, 5000, 8, false);
	assert_did("send 2 again. ");
}

static void
a_receipt_of_an_old_peer_counts(void **state)
{
	(void)state;
	outbox_link_up(&b.o, 0, 7, false);
	add(0, 1, 3);
	for (unsigned row = 1; row <= 3; row++)
		outbox_handed(&b.o, 0, 7, row);
	ignore_what_was_done();
	assert_true(outbox_confirmed(&b.o, 0, id_of(1)));
	assert_true(outbox_refused(&b.o, 0, id_of(3), "no"));
	outbox_link_down(&b.o, 0, 7);
	outbox_link_up(&b.o, 0, 8, false);
	assert_did("1 delivered. 3 failed: no. send 2 again. ");
	tick(5000);
	assert_false(outbox_confirmed(&b.o, 5000, id_of(2)));
}

static void
what_is_known_of_a_peer_may_change(void **state)
{
	(void)state;
	outbox_link_up(&b.o, 0, 7, false);
	add(0, 1, 1);
	outbox_link_up(&b.o, 0, 7, true); /* it turned out to be one of us */
	outbox_handed(&b.o, 0, 7, 1);
	assert_did("send 1. ");
	outbox_link_up(&b.o, 0, 7, false); /* no, it is not */
	assert_did("1 handed over. ");
}

static void
what_is_kept_is_bounded(void **state)
{
	(void)state;
	outbox_link_up(&b.o, 0, 7, false);
	for (unsigned row = 1; row <= LIMIT_OUTBOX_KEPT + 10; row++) {
		add(0, row, row);
		outbox_handed(&b.o, 0, 7, row);
	}
	assert_int_equal(b.in_memory, LIMIT_OUTBOX_KEPT);
	struct outbox_item *big = item(ITEMS - 1);
	big->size = LIMIT_OUTBOX_BYTES;
	outbox_added(&b.o, 0, big, true);
	outbox_handed(&b.o, 0, 7, ITEMS - 1);
	assert_int_equal(b.in_memory, 1);
}

/* ---- cancel, expiry ---- */

static void
only_what_was_not_sent_is_cancelled(void **state)
{
	(void)state;
	outbox_link_up(&b.o, 0, 7, true);
	add(0, 1, 2);
	outbox_confirmed(&b.o, 0, id_of(1));
	outbox_link_down(&b.o, 0, 7);
	add(0, 3, 4);
	ignore_what_was_done();
	assert_false(outbox_cancel(&b.o, 0, 1)); /* delivered */
	assert_false(outbox_cancel(&b.o, 0, 2)); /* sent */
	assert_true(outbox_cancel(&b.o, 0, 3));
	assert_did("3 cancelled. mark 2. ");
	assert_false(outbox_cancel(&b.o, 0, 3)); /* already */
	assert_false(outbox_cancel(&b.o, 0, 5)); /* there is no such message */
	outbox_link_up(&b.o, 0, 8, true);
	assert_did(""); /* not before the store has the cancellation */
	outbox_marked(&b.o, 0, 2);
	assert_did("send 2 again. mark 4. ");
	assert_false(outbox_cancel(&b.o, 0, 4)); /* any moment now */
	outbox_marked(&b.o, 0, 4);
	assert_did("send 4. ");
}

static void
what_is_only_in_the_store_is_cancelled_there(void **state)
{
	(void)state;
	outbox_finish(&b.o);
	outbox_init(&b.o, &ops, NULL, 1, true);
	tick(0);
	assert_did("load 1024 after 0. ");
	unsigned before = b.ticket;
	assert_true(outbox_cancel(&b.o, 0, 2));
	assert_did("cancel 2. mark 0. load 1024 after 0. ");
	load(0, before, 1, 2, 0, true); /* was read before */
	assert_int_equal(b.in_memory, 0);
	load(0, b.ticket, 1, 1, 0, true);
	outbox_marked(&b.o, 0, 0);
	outbox_link_up(&b.o, 0, 7, true);
	outbox_marked(&b.o, 0, 1);
	assert_did("mark 1. send 1. ");
}

static void
what_may_have_been_sent_before_a_crash_is_not_cancelled(void **state)
{
	(void)state;
	outbox_finish(&b.o);
	outbox_init(&b.o, &ops, NULL, 1, true);
	tick(0);
	load(0, b.ticket, 1, 2, 1, true);
	ignore_what_was_done();
	assert_false(outbox_cancel(&b.o, 0, 1));
	assert_true(outbox_cancel(&b.o, 0, 2));
	outbox_marked(&b.o, 0, 1);
	outbox_link_up(&b.o, 0, 7, true);
	assert_did("2 cancelled. mark 1. send 1 again. ");
}

static void
what_waits_too_long_expires(void **state)
{
	(void)state;
	struct outbox_item *first = item(1), *second = item(2);
	first->expires_at = 5000;
	second->expires_at = 3000;
	outbox_added(&b.o, 0, first, false);
	outbox_added(&b.o, 0, second, false);
	add(0, 3, 3);
	assert_int_equal(b.wake, 3000);
	tick(2999);
	assert_did("");
	tick(3000);
	assert_did("2 failed: expired. mark 0. ");
	assert_int_equal(b.wake, 5000);
	tick(5000);
	assert_did("1 failed: expired. mark 0. ");
	outbox_link_up(&b.o, 5000, 7, true);
	outbox_marked(&b.o, 5000, 0);
	assert_did(""); /* one answer is still due */
	outbox_marked(&b.o, 5000, 0);
	outbox_marked(&b.o, 5000, 3);
	assert_did("mark 3. send 3. ");
}

static void
what_may_yet_arrive_does_not_expire(void **state)
{
	(void)state;
	struct outbox_item *one = item(1);
	one->expires_at = 3000;
	outbox_link_up(&b.o, 0, 7, true);
	outbox_added(&b.o, 0, one, true);
	tick(9000);
	assert_did("send 1. ");
	outbox_link_down(&b.o, 10000, 7);
	assert_int_equal(b.wake, 70000);
	outbox_link_up(&b.o, 20000, 8, true);
	assert_int_equal(b.wake, OUTBOX_NEVER);
	outbox_link_down(&b.o, 20000, 8);
	tick(79999);
	assert_did("send 1 again. ");
	tick(80000);
	assert_did("1 failed: expired; it may have arrived. mark 1. ");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(old_peers_messages_are_handed_over),
	    TEST(of_streams_that_cross_the_dead_ones_messages_are_sent_once_again),
	    TEST(handed_over_is_sent_again_only_for_some_seconds),
	    TEST(a_receipt_of_an_old_peer_counts),
	    TEST(what_is_known_of_a_peer_may_change),
	    TEST(what_is_kept_is_bounded),
	    TEST(only_what_was_not_sent_is_cancelled),
	    TEST(what_is_only_in_the_store_is_cancelled_there),
	    TEST(what_may_have_been_sent_before_a_crash_is_not_cancelled),
	    TEST(what_waits_too_long_expires),
	    TEST(what_may_yet_arrive_does_not_expire),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
