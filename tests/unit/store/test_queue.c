#include "messages.h"

enum { OUT_STATES = STORE_CANCELLED + 1 };

static void
states_advance_and_nothing_else(void **state)
{
	(void)state;
	/* by the old state, the new ones that are taken */
	static const char *const may[OUT_STATES] = {
	    ".HDRFC", "..DRF.", "...R..", "......", "..DR..", "......"};
	struct harness h;
	harness_start(&h);
	for (int from = 0; from < OUT_STATES; from++)
		for (int to = 0; to < OUT_STATES; to++) {
			char id[16];
			(void)snprintf(id, sizeof(id), "%d-%d", from, to);
			int64_t n = msg_keep(&h, msg_out(id, "x"));
			if (from)
				assert_true(msg_set(&h, n, (enum store_state)from));
			if (!to)
				continue;
			struct store_set_state set = {
			    .n = n, .state = (enum store_state)to, .reason = "why"};
			set.changed = true;
			assert_int_equal(HARNESS_ASK(&h, store_set_state, &set), 0);
			assert_int_equal(set.changed, may[from][to] != '.');
		}
	static const enum store_state never[] = {STORE_QUEUED, STORE_UNREAD, STORE_SEEN};
	for (size_t i = 0; i < ARRAY_LEN(never); i++) {
		struct store_set_state set = {.n = 1, .state = never[i]};
		assert_int_equal(HARNESS_ASK(&h, store_set_state, &set), -EINVAL);
	}
	/* not of what was said to us, and not of nothing */
	int64_t n = msg_keep(&h, msg_in("in", "x"));
	assert_false(msg_set(&h, n, STORE_READ));
	assert_false(msg_set(&h, 999999, STORE_READ));
	harness_finish(&h);
}

static void
a_reason_stays_while_it_is_true(void **state)
{
	(void)state;
	struct harness h;
	struct store_read_log read;
	harness_start(&h);
	assert_int_equal(msg_keep(&h, msg_out("a", "x")), 1);
	assert_true(msg_set(&h, 1, STORE_FAILED));
	assert_string_equal(msg_look(&h, 1, &read)->reason, "why");
	store_read_log_finish(&read);
	assert_true(msg_set(&h, 1, STORE_DELIVERED));
	assert_null(msg_look(&h, 1, &read)->reason);
	store_read_log_finish(&read);
	ASSERT_LOG(&h, 1,
	    "state 1 a why by0 state4\n"
	    "state 1 a  by0 state2\n");
	harness_finish(&h);
}

static void
what_may_have_been_sent_cannot_be_cancelled(void **state)
{
	(void)state;
	struct harness h;
	harness_start(&h);
	for (int i = 1; i <= 4; i++) {
		char id[8];
		(void)snprintf(id, sizeof(id), "%d", i);
		struct store_put put = msg_out(id, "x");
		put.marked = i == 2;
		assert_int_equal(msg_keep(&h, put), i);
	}
	assert_false(msg_cancel(&h, 1));
	assert_false(msg_cancel(&h, 2));
	assert_true(msg_cancel(&h, 4));
	assert_false(msg_cancel(&h, 4));
	/* the mark only rises */
	msg_mark(&h, 1);
	msg_mark(&h, 3);
	assert_false(msg_cancel(&h, 3));
	harness_close(&h);
	harness_open(&h);
	assert_false(msg_cancel(&h, 3));
	assert_false(msg_cancel(&h, 77));
	struct store_mark mark = {.peer = "nobody@nowhere", .upto = 1};
	assert_int_equal(HARNESS_ASK(&h, store_mark, &mark), -ENOENT);
	harness_finish(&h);
}

static void
only_what_was_sent_can_be_answered(void **state)
{
	(void)state;
	struct harness h;
	harness_start(&h);
	msg_keep(&h, msg_out("a", "x"));
	msg_keep(&h, msg_out("b", "x"));
	msg_keep(&h, msg_in("c", "x"));
	assert_false(msg_answered(&h, "a", STORE_DELIVERED));
	msg_mark(&h, 1);
	assert_true(msg_answered(&h, "a", STORE_DELIVERED));
	assert_false(msg_answered(&h, "a", STORE_DELIVERED));
	assert_false(msg_answered(&h, "a", STORE_FAILED));
	assert_false(msg_answered(&h, "b", STORE_READ));
	assert_false(msg_answered(&h, "c", STORE_READ));
	assert_false(msg_answered(&h, "none", STORE_READ));
	assert_false(msg_answered(&h, "", STORE_READ));
	struct store_answered a = {.peer = NURSE, .id = "a", .state = STORE_READ};
	assert_int_equal(HARNESS_ASK(&h, store_answered, &a), 0);
	assert_false(a.changed);
	harness_finish(&h);
}

static void
read_means_all_before_it(void **state)
{
	(void)state;
	struct harness h;
	harness_start(&h);
	for (int i = 1; i <= 5; i++) {
		char id[8];
		(void)snprintf(id, sizeof(id), "%d", i);
		msg_keep(&h, msg_out(id, "x"));
	}
	struct store_put other = msg_out("6", "x");
	other.peer = NURSE;
	msg_keep(&h, other);
	msg_mark(&h, 5);
	assert_true(msg_set(&h, 1, STORE_HANDED_OVER));
	assert_true(msg_set(&h, 3, STORE_DELIVERED));
	assert_true(msg_set(&h, 5, STORE_DELIVERED));
	assert_true(msg_set(&h, 6, STORE_DELIVERED));
	/* it was not known to be delivered itself, but who read it has it */
	assert_true(msg_answered(&h, "4", STORE_READ));
	ASSERT_LOG(&h, 10,
	    "state 1 1  by0 state3\n"
	    "state 3 3  by0 state3\n"
	    "state 4 4  by0 state3\n");
	harness_finish(&h);
}

static void
load(struct harness *h, struct store_load *load, int64_t after, size_t count, size_t bytes)
{
	*load = (struct store_load){.peer = JULIET, .after = after, .count = count, .bytes = bytes};
	assert_int_equal(HARNESS_ASK(h, store_load, load), 0);
}

static void
queued_rows_are_loaded_in_portions(void **state)
{
	(void)state;
	struct harness h;
	struct store_load l;
	char big[1000];
	memset(big, 'x', sizeof(big) - 1);
	big[sizeof(big) - 1] = '\0';
	harness_start(&h);
	load(&h, &l, 0, 10, 1000);
	assert_int_equal(l.item_count, 0);
	assert_true(l.complete);
	store_load_finish(&l);
	struct store_put put = msg_out("1", big);
	put.lifetime = 5000;
	msg_keep(&h, put);
	msg_keep(&h, msg_out("2", big));
	msg_keep(&h, msg_in("in", big));
	msg_keep(&h, msg_out("4", big));
	msg_keep(&h, msg_about(msg_out("5", "!"), STORE_REACTION, "in"));
	assert_true(msg_set(&h, 2, STORE_DELIVERED));
	put = msg_out("other", big);
	put.peer = NURSE;
	msg_keep(&h, put);
	msg_mark(&h, 4);

	load(&h, &l, 0, 10, 100000);
	assert_int_equal(l.item_count, 3);
	assert_true(l.complete);
	assert_int_equal(l.marked, 4);
	assert_int_equal(l.items[0].n, 1);
	assert_string_equal(l.items[0].id, "1");
	assert_null(l.items[0].target);
	assert_string_equal(l.items[0].body, big);
	assert_int_equal(l.items[0].said_at, 1000);
	assert_true(l.items[0].expires >= 5000);
	assert_int_equal(l.items[1].n, 4);
	assert_null(l.items[1].target);
	assert_int_equal(l.items[1].expires, 0);
	assert_int_equal(l.items[2].kind, STORE_REACTION);
	assert_string_equal(l.items[2].target, "in");
	store_load_finish(&l);

	load(&h, &l, 0, 2, 100000);
	assert_int_equal(l.item_count, 2);
	assert_false(l.complete);
	store_load_finish(&l);
	load(&h, &l, 1, 2, 100000);
	assert_int_equal(l.item_count, 2);
	assert_int_equal(l.items[0].n, 4);
	assert_true(l.complete);
	store_load_finish(&l);
	/* one at least */
	load(&h, &l, 0, 0, 0);
	assert_int_equal(l.item_count, 1);
	assert_false(l.complete);
	store_load_finish(&l);
	load(&h, &l, 0, 10, 500);
	assert_int_equal(l.item_count, 1);
	store_load_finish(&l);
	load(&h, &l, 5, 10, 500);
	assert_int_equal(l.item_count, 0);
	assert_true(l.complete);
	store_load_finish(&l);
	harness_finish(&h);
}

static int
see(struct harness *h, const char *id, struct store_seen *seen)
{
	*seen = (struct store_seen){.peer = JULIET, .id = id, .changed = true, .last_id = "x"};
	return HARNESS_ASK(h, store_seen, seen);
}

static void
what_they_said_is_seen_up_to_a_message(void **state)
{
	(void)state;
	struct harness h;
	struct store_seen seen;
	harness_start(&h);
	assert_int_equal(see(&h, "1", &seen), -ENOENT);
	assert_int_equal(see(&h, NULL, &seen), 0); /* nothing */
	assert_false(seen.changed);
	for (int i = 1; i <= 5; i++) {
		char id[8];
		(void)snprintf(id, sizeof(id), "%d", i);
		struct store_put put = msg_in(id, "x");
		put.markable = i % 2 == 1;
		msg_keep(&h, put);
	}
	msg_keep(&h, msg_out("6", "x"));
	assert_int_equal(see(&h, "none", &seen), -ENOENT);
	assert_int_equal(see(&h, "6", &seen), -ENOENT);
	assert_int_equal(see(&h, "2", &seen), 0);
	assert_true(seen.changed);
	assert_string_equal(seen.last_id, "1");
	assert_int_equal(see(&h, "1", &seen), 0);
	assert_false(seen.changed);
	assert_string_equal(seen.last_id, "");
	assert_int_equal(see(&h, NULL, &seen), 0);
	assert_true(seen.changed);
	assert_string_equal(seen.last_id, "5");
	assert_int_equal(see(&h, NULL, &seen), 0);
	assert_false(seen.changed);
	ASSERT_LOG(&h, 6, "seen 2 2  by0 state0\nseen 5 5  by0 state0\n");
	struct store_put put = msg_in("9", "x");
	msg_keep(&h, put);
	assert_int_equal(see(&h, NULL, &seen), 0);
	assert_true(seen.changed);
	assert_string_equal(seen.last_id, "");
	harness_finish(&h);
}

static void
rename_to(struct harness *h, const char *from, const char *to, const char *display)
{
	struct store_rename rename = {.from = from, .to = to, .display = display};
	assert_int_equal(HARNESS_ASK(h, store_rename, &rename), 0);
}

static void
a_person_gets_another_name(void **state)
{
	(void)state;
	struct harness h;
	struct store_read_log read;
	harness_start(&h);
	rename_to(&h, "10.0.0.7", JULIET, "Juliet");
	assert_int_equal(msg_ask(&h, "SELECT count(*) FROM peer"), 0);
	struct store_put put = msg_out("a", "x");
	put.peer = "10.0.0.7";
	put.token = "t";
	put.marked = true;
	assert_int_equal(msg_keep(&h, put), 1);
	/* to somebody who is new */
	rename_to(&h, "10.0.0.7", "JULIET@capulet", "Juliet");
	assert_string_equal(msg_look(&h, 1, &read)->peer, "JULIET@capulet");
	assert_string_equal(read.at[0].message.display, "Juliet");
	store_read_log_finish(&read);
	/* only the letters change */
	rename_to(&h, "juliet@CAPULET", JULIET, "Julia");
	assert_string_equal(msg_look(&h, 1, &read)->peer, JULIET);
	assert_string_equal(read.at[0].message.display, "Julia");
	store_read_log_finish(&read);
	/* to somebody who is known: both conversations are one, marks and tokens included */
	put.peer = NURSE;
	put.id = "b";
	assert_int_equal(msg_keep(&h, put), 2);
	put = msg_out("c", "x");
	assert_int_equal(msg_keep(&h, put), 3);
	rename_to(&h, NURSE, JULIET, NULL);
	assert_string_equal(msg_look(&h, 2, &read)->peer, JULIET);
	store_read_log_finish(&read);
	assert_int_equal(msg_ask(&h, "SELECT count(*) FROM peer"), 1);
	assert_int_equal(msg_ask(&h, "SELECT mark FROM peer"), 2);
	put = msg_out("d", "x");
	put.token = "t";
	assert_int_equal(msg_put(&h, &put), 0);
	assert_true(put.duplicate);
	assert_int_equal(put.n, 1);
	harness_finish(&h);
}

/* What arrives comes before what front ends ask for, but not before this. */
static void
nothing_asked_later_gets_before_another_name(void **state)
{
	(void)state;
	struct harness h;
	harness_start(&h);
	struct store_put first = msg_in("x", "once"), said = msg_out("o", "said"), again = first;
	first.origin = again.origin = true;
	first.peer = said.peer = "10.0.0.7";
	struct store_rename rename = {.from = "10.0.0.7", .to = JULIET, .display = "Juliet"};
	struct store_page page = {.peer = JULIET, .limit = 10};
	first.job.done = said.job.done = again.job.done = rename.job.done = page.job.done =
	    harness_done;
	first.job.ctx = said.job.ctx = again.job.ctx = rename.job.ctx = page.job.ctx = &h;
	store_put(h.store, &said);
	store_put(h.store, &first);
	store_rename(h.store, &rename);
	store_put(h.store, &again);
	store_page(h.store, &page);
	harness_wait(&h, 5);
	assert_true(again.duplicate);
	assert_int_equal(page.list.count, 2);
	store_list_finish(&page.list);
	harness_finish(&h);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(nothing_asked_later_gets_before_another_name),
	    cmocka_unit_test(states_advance_and_nothing_else),
	    cmocka_unit_test(a_reason_stays_while_it_is_true),
	    cmocka_unit_test(what_may_have_been_sent_cannot_be_cancelled),
	    cmocka_unit_test(only_what_was_sent_can_be_answered),
	    cmocka_unit_test(read_means_all_before_it),
	    cmocka_unit_test(queued_rows_are_loaded_in_portions),
	    cmocka_unit_test(what_they_said_is_seen_up_to_a_message),
	    cmocka_unit_test(a_person_gets_another_name),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
