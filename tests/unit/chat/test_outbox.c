#include "outbox_bench.h"

/* ---- order, window, streams ---- */

static void
a_live_stream_sends_at_once(void **state)
{
	(void)state;
	assert_false(outbox_goes_now(&b.o));
	outbox_link_up(&b.o, 0, 7, true);
	assert_true(outbox_goes_now(&b.o));
	add(0, 1, 2);
	assert_did("send 1. send 2. ");
}

static void
what_waited_is_marked_before_it_is_sent(void **state)
{
	(void)state;
	add(0, 1, 3);
	outbox_link_up(&b.o, 0, 7, true);
	assert_did("mark 3. ");
	assert_false(outbox_goes_now(&b.o));
	add(0, 4, 4);
	assert_did("");
	outbox_marked(&b.o, 0, 3);
	assert_did("send 1. send 2. send 3. mark 4. ");
	outbox_marked(&b.o, 0, 4);
	assert_did("send 4. ");
}

static void
no_more_than_a_window_is_under_way(void **state)
{
	(void)state;
	outbox_link_up(&b.o, 0, 7, true);
	add(0, 1, WINDOW);
	ignore_what_was_done();
	add(0, WINDOW + 1, WINDOW + 2);
	outbox_marked(&b.o, 0, WINDOW + 2);
	assert_did("mark 65. ");
	outbox_confirmed(&b.o, 0, id_of(1));
	assert_did("1 delivered. send 65. ");
	outbox_handed(&b.o, 0, 7, 65); /* what the kernel has is still under way */
	assert_did("");
	outbox_confirmed(&b.o, 0, id_of(65));
	assert_did("65 delivered. send 66. ");
}

static void
marks_are_asked_for_ahead_of_need(void **state)
{
	(void)state;
	enum { MARKED = LIMIT_OUTBOX_MARKED };
	add(0, 1, 3 * MARKED);
	outbox_link_up(&b.o, 0, 7, true);
	assert_did("mark 256. ");
	outbox_marked(&b.o, 0, MARKED);
	assert_non_null(strstr(b.did, "send 64. "));
	assert_null(strstr(b.did, "send 65. "));
	assert_null(strstr(b.did, "mark ")); /* many are ready */
	unsigned row = 1;
	ignore_what_was_done();
	for (; !strstr(b.did, "mark "); row++) {
		ignore_what_was_done();
		outbox_confirmed(&b.o, 0, id_of(row));
	}
	assert_non_null(strstr(b.did, "mark 512. ")); /* when half to a quarter is left */
	assert_in_range(row, MARKED / 2 - WINDOW, MARKED * 3 / 4 - WINDOW);
}

static void
a_new_stream_starts_with_the_oldest_unconfirmed(void **state)
{
	(void)state;
	outbox_link_up(&b.o, 0, 7, true);
	add(0, 1, 4);
	outbox_confirmed(&b.o, 0, id_of(2));
	ignore_what_was_done();
	outbox_link_down(&b.o, 0, 7);
	assert_did("");
	outbox_link_up(&b.o, 0, 8, true);
	assert_did("send 1 again. send 3 again. send 4 again. ");
	outbox_link_up(&b.o, 0, 9, true); /* crossing: the other one still lives */
	assert_did("send 1 again. send 3 again. send 4 again. ");
	outbox_link_down(&b.o, 0, 8);
	assert_did("");
}

static void
receipts_come_as_they_like(void **state)
{
	(void)state;
	outbox_link_up(&b.o, 0, 7, true);
	add(0, 1, 4);
	ignore_what_was_done();
	assert_true(outbox_confirmed(&b.o, 0, id_of(3)));
	assert_false(outbox_confirmed(&b.o, 0, id_of(3)));
	assert_false(outbox_confirmed(&b.o, 0, id_of(99)));
	assert_false(outbox_confirmed(&b.o, 0, ""));
	assert_true(outbox_displayed(&b.o, 0, id_of(1)));
	assert_did("3 delivered. 1 read. ");
	outbox_link_down(&b.o, 0, 7);
	assert_true(outbox_confirmed(&b.o, 0, id_of(4)));
	outbox_link_up(&b.o, 0, 7, true); /* the same number again is another stream */
	assert_did("4 delivered. send 2 again. ");
}

static void
a_receipt_for_what_was_never_sent_is_a_lie(void **state)
{
	(void)state;
	add(0, 1, 1);
	assert_false(outbox_confirmed(&b.o, 0, id_of(1)));
	assert_false(outbox_refused(&b.o, 0, id_of(1), "no"));
	outbox_link_up(&b.o, 0, 7, true);
	outbox_marked(&b.o, 0, 1);
	assert_did("mark 1. send 1. ");
}

static void
a_refused_message_blocks_nothing(void **state)
{
	(void)state;
	outbox_link_up(&b.o, 0, 7, true);
	add(0, 1, WINDOW + 1);
	outbox_marked(&b.o, 0, WINDOW + 1);
	ignore_what_was_done();
	assert_true(outbox_refused(&b.o, 0, id_of(1), "too big"));
	assert_did("1 failed: too big. send 65. ");
}

static void
what_cannot_be_sent_blocks_nothing_either(void **state)
{
	(void)state;
	add(0, 1, 2);
	b.unsendable = 1;
	outbox_link_up(&b.o, 0, 7, true);
	outbox_marked(&b.o, 0, 2);
	assert_did("mark 2. 1 failed: it cannot be sent. mark 2. ");
	outbox_marked(&b.o, 0, 2);
	assert_did("send 2. ");
}

static void
a_full_stream_is_tried_again(void **state)
{
	(void)state;
	outbox_link_up(&b.o, 0, 7, true);
	add(0, 1, 1);
	b.no_room = true;
	add(0, 2, 3);
	assert_did("send 1. mark 3. ");
	outbox_marked(&b.o, 0, 3);
	assert_int_equal(b.wake, 1000);
	b.no_room = false;
	outbox_marked(&b.o, 999, 3);
	assert_did("");
	tick(1000);
	assert_did("send 2. send 3. ");
	b.no_room = true;
	add(1000, 4, 4);
	b.no_room = false;
	outbox_handed(&b.o, 1001, 7, 1); /* the kernel took some: there is room */
	assert_did("send 4. ");
}

/* ---- store ---- */

static void
memory_is_bounded_and_the_rest_is_loaded(void **state)
{
	(void)state;
	enum { HALF = LIMIT_OUTBOX_LOADED / 2, ALL = LIMIT_OUTBOX_LOADED + 44 };
	add(0, 1, ALL);
	assert_int_equal(b.in_memory, LIMIT_OUTBOX_LOADED);
	outbox_link_up(&b.o, 0, 7, true);
	assert_false(outbox_goes_now(&b.o));
	outbox_marked(&b.o, 0, ALL);
	ignore_what_was_done();
	for (unsigned row = 1; row < HALF; row++) {
		outbox_confirmed(&b.o, 0, id_of(row));
		assert_null(strstr(b.did, "load"));
		ignore_what_was_done();
	}
	outbox_confirmed(&b.o, 0, id_of(HALF));
	assert_did("512 delivered. load 512 after 1024. send 576. ");
	load(0, b.ticket, LIMIT_OUTBOX_LOADED + 1, ALL, ALL, true);
	assert_did("");
	add(0, ALL + 1, ALL + 1);
	assert_int_equal(b.in_memory, ALL + 1 - HALF);
}

static void
bytes_are_bounded_too(void **state)
{
	(void)state;
	for (unsigned row = 1; row <= 8; row++) {
		struct outbox_item *big = item(row);
		big->size = LIMIT_OUTBOX_BYTES / 4;
		outbox_added(&b.o, 0, big, false);
	}
	assert_int_equal(b.in_memory, 4);
}

static void
loading_and_adding_may_overlap(void **state)
{
	(void)state;
	outbox_finish(&b.o);
	outbox_init(&b.o, &ops, NULL, 1, true);
	tick(0);
	add(0, 3, 3); /* the load may have it or not */
	assert_int_equal(b.in_memory, 0);
	load(0, b.ticket, 1, 2, 0, true);
	assert_did("load 1024 after 0. load 1022 after 2. ");
	load(0, b.ticket, 3, 3, 0, true);
	add(0, 3, 3); /* the load was faster */
	assert_int_equal(b.in_memory, 3);
	load(0, b.ticket, 1, 3, 0, false); /* nobody asked */
	assert_int_equal(b.in_memory, 3);
	assert_did("");
}

static void
after_trouble_all_is_loaded_and_sent_anew(void **state)
{
	(void)state;
	outbox_link_up(&b.o, 0, 7, true);
	add(0, 1, 3);
	outbox_confirmed(&b.o, 0, id_of(1)); /* that the store did not keep */
	ignore_what_was_done();
	outbox_restart(&b.o, 0);
	assert_int_equal(b.in_memory, 0);
	assert_did("load 1024 after 0. ");
	load(0, b.ticket, 1, 3, 3, true);
	assert_did("send 1 again. send 2 again. send 3 again. ");
}

/* Its owner was called, but to start it anew, not for the time it had asked for. */
static void
a_time_asked_for_is_asked_for_again_after_trouble(void **state)
{
	(void)state;
	outbox_link_up(&b.o, 0, 7, true);
	b.no_room = true;
	add(0, 1, 1);
	assert_int_equal(b.wake, 1000);
	b.wake = OUTBOX_NEVER; /* spent */
	outbox_restart(&b.o, 0);
	load(0, b.ticket, 1, 1, 1, true);
	assert_int_equal(b.wake, 1000);
	b.no_room = false;
	ignore_what_was_done();
	tick(1000);
	assert_did("send 1 again. ");
}

/* ---- dialling ---- */

static void
who_is_here_is_dialled_and_who_is_not_is_not(void **state)
{
	(void)state;
	add(0, 1, 1);
	assert_did("");
	assert_int_equal(b.wake, OUTBOX_NEVER);
	outbox_presence(&b.o, 100, true);
	assert_did("dial. ");
	outbox_presence(&b.o, 100, true); /* under way */
	outbox_dial_failed(&b.o, 200);
	assert_did("");
	assert_in_range(b.wake, 1200, 1700);
	tick(1150);
	assert_did("");
	assert_in_range(b.wake, 1200, 1700); /* told again: the tick spent it */
	tick(b.wake);
	assert_did("dial. ");
	outbox_presence(&b.o, 2000, false);
	outbox_dial_failed(&b.o, 2000);
	assert_int_equal(b.wake, OUTBOX_NEVER);
}

static void
nobody_is_dialled_for_nothing(void **state)
{
	(void)state;
	outbox_presence(&b.o, 0, true);
	assert_did("");
	outbox_link_up(&b.o, 0, 7, true);
	add(0, 1, 1);
	outbox_confirmed(&b.o, 0, id_of(1));
	outbox_link_down(&b.o, 0, 7);
	assert_did("send 1. 1 delivered. ");
	assert_int_equal(b.in_memory, 0);
}

static void
a_stream_that_dies_is_opened_again_at_once_if_it_was_good(void **state)
{
	(void)state;
	outbox_presence(&b.o, 0, true);
	add(0, 1, 2);
	outbox_link_up(&b.o, 0, 7, true);
	outbox_marked(&b.o, 0, 2);
	outbox_confirmed(&b.o, 0, id_of(1));
	ignore_what_was_done();
	outbox_link_down(&b.o, 100, 7);
	assert_did("dial. ");
	outbox_link_up(&b.o, 100, 8, true);
	outbox_link_down(&b.o, 100, 8); /* it was good for nothing */
	assert_did("send 2 again. ");
	assert_in_range(b.wake, 1100, 1600);
	add(200, 3, 3); /* somebody wants something: not quite as late, nor too soon */
	assert_int_equal(b.wake, 1100);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(a_live_stream_sends_at_once),
	    TEST(what_waited_is_marked_before_it_is_sent),
	    TEST(no_more_than_a_window_is_under_way),
	    TEST(marks_are_asked_for_ahead_of_need),
	    TEST(a_new_stream_starts_with_the_oldest_unconfirmed),
	    TEST(receipts_come_as_they_like),
	    TEST(a_receipt_for_what_was_never_sent_is_a_lie),
	    TEST(a_refused_message_blocks_nothing),
	    TEST(what_cannot_be_sent_blocks_nothing_either),
	    TEST(a_full_stream_is_tried_again),
	    TEST(memory_is_bounded_and_the_rest_is_loaded),
	    TEST(bytes_are_bounded_too),
	    TEST(loading_and_adding_may_overlap),
	    TEST(after_trouble_all_is_loaded_and_sent_anew),
	    TEST(a_time_asked_for_is_asked_for_again_after_trouble),
	    TEST(who_is_here_is_dialled_and_who_is_not_is_not),
	    TEST(nobody_is_dialled_for_nothing),
	    TEST(a_stream_that_dies_is_opened_again_at_once_if_it_was_good),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
