#include "history.h"

static int
setup(void **state)
{
	static struct harness h;
	harness_start(&h);
	*state = &h;
	return 0;
}

static int
teardown(void **state)
{
	harness_finish(*state);
	return 0;
}

static void
ten(struct harness *h)
{
	static const char *const words[] = {"0", "1", "2", "3", "4", "5", "6", "7", "8", "9"};
	for (int i = 0; i < 10; i++)
		hear(h, i % 3 ? "a@x" : "b@x", words[i], words[i], 1000 + i * 10);
}

static void
a_page_is_the_newest_ones_oldest_first(void **state)
{
	struct harness *h = *state;
	assert_string_equal(page(h, (struct store_page){.limit = 5}), "");
	ten(h);
	assert_string_equal(page(h, (struct store_page){.limit = 3}), "7 8 9+");
	assert_string_equal(page(h, (struct store_page){.limit = 10}), "0 1 2 3 4 5 6 7 8 9");
	assert_string_equal(page(h, (struct store_page){.limit = 9}), "1 2 3 4 5 6 7 8 9+");
	assert_string_equal(page(h, (struct store_page){.peer = "B@X", .limit = 3}), "3 6 9+");
	assert_string_equal(page(h, (struct store_page){.peer = "b@x", .limit = 4}), "0 3 6 9");
	assert_string_equal(page(h, (struct store_page){.peer = "c@x", .limit = 4}), "");
}

static void
pages_go_on_in_both_directions(void **state)
{
	struct harness *h = *state;
	ten(h);
	struct store_page p = {.limit = 4};
	assert_int_equal(HARNESS_ASK(h, store_page, &p), 0);
	int64_t first = p.list.at[0].n, last = p.list.at[3].n;
	store_list_finish(&p.list);
	assert_string_equal(page(h, (struct store_page){.before = first, .limit = 4}), "2 3 4 5+");
	assert_string_equal(
	    page(h, (struct store_page){.before = first, .limit = 6}), "0 1 2 3 4 5");
	assert_string_equal(page(h, (struct store_page){.after = first, .limit = 2}), "7 8+");
	assert_string_equal(page(h, (struct store_page){.after = first, .limit = 3}), "7 8 9");
	assert_string_equal(page(h, (struct store_page){.after = last, .limit = 3}), "");
	assert_string_equal(page(h, (struct store_page){.before = 1, .limit = 3}), "");
	assert_string_equal(
	    page(h, (struct store_page){.peer = "b@x", .after = first - 1, .limit = 1}), "6+");
}

/* The same with and without the index of times. */
static void
times(struct harness *h)
{
	assert_string_equal(page(h, (struct store_page){.since = 1050, .limit = 9}), "5 6 7 8 9");
	assert_string_equal(
	    page(h, (struct store_page){.since = 1020, .until = 1050, .limit = 9}), "2 3 4");
	assert_string_equal(page(h, (struct store_page){.until = 1050, .limit = 2}), "3 4+");
	assert_string_equal(
	    page(h, (struct store_page){.until = 1050, .after = 1, .limit = 9}), "1 2 3 4");
	assert_string_equal(
	    page(h, (struct store_page){.peer = "b@x", .since = 1030, .until = 1070, .limit = 9}),
	    "3 6");
	assert_string_equal(page(h, (struct store_page){.since = 5000, .limit = 9}), "");
}

static void
times_bound_a_page(void **state)
{
	struct harness *h = *state;
	ten(h);
	times(h);
	(void)find(h, "nothing"); /* everything is indexed now */
	assert_int_equal(sql(h, "SELECT count(*) FROM span"), 1);
	times(h);
	hear(h, "a@x", "late", "late", 1025);
	assert_string_equal(
	    page(h, (struct store_page){.since = 1020, .until = 1040, .limit = 9}), "2 3 late");
}

static void
a_message_is_told_as_it_is_now(void **state)
{
	struct harness *h = *state;
	int64_t first = hear(h, "a@x", "i1", "frist", 1);
	about(h, "a@x", STORE_IN, STORE_CORRECTION, "i2", "i1", "first");
	about(h, "a@x", STORE_OUT, STORE_REACTION, "o1", "i1", "+ -");
	about(h, "a@x", STORE_IN, STORE_REACTION, "i3", "i1", "=");
	put(h, (struct store_put){.peer = "a@x",
		   .display = "Anna",
		   .direction = STORE_OUT,
		   .id = "o2",
		   .target = "i1",
		   .body = "yes"});
	hear(h, "a@x", "i4", "secret", 2);
	put(h, (struct store_put){.peer = "a@x",
		   .display = "Anna",
		   .direction = STORE_IN,
		   .kind = STORE_RETRACTION,
		   .id = "i5",
		   .target = "i4"});
	struct store_page p = {.limit = 10};
	assert_int_equal(HARNESS_ASK(h, store_page, &p), 0);
	assert_int_equal(p.list.count, 3);
	const struct store_message *m = p.list.at;
	assert_int_equal(m[0].n, first);
	assert_string_equal(m[0].body, "first");
	assert_true(m[0].edited_at > 0);
	assert_string_equal(m[0].display, "Anna");
	assert_string_equal(m[0].reactions_in, "=");
	assert_string_equal(m[0].reactions_out, "+ -");
	assert_null(m[0].reply_to);
	assert_int_equal(m[0].direction, STORE_IN);
	assert_int_equal(m[0].state, STORE_UNREAD);
	assert_string_equal(m[1].reply_to, "i1");
	assert_string_equal(m[1].reply_text, "first");
	assert_int_equal(m[1].state, STORE_QUEUED);
	assert_true(m[2].retracted);
	assert_string_equal(m[2].body, "");
	assert_null(m[2].snippet);
	store_list_finish(&p.list);
}

static void
an_answer_to_somebody_elses_message_shows_no_words(void **state)
{
	struct harness *h = *state;
	hear(h, "a@x", "i1", "for a", 1);
	put(h, (struct store_put){
		   .peer = "b@x", .direction = STORE_IN, .id = "o", .target = "i1", .body = "yes"});
	struct store_page p = {.peer = "b@x", .limit = 10};
	assert_int_equal(HARNESS_ASK(h, store_page, &p), 0);
	assert_string_equal(p.list.at[0].reply_to, "i1");
	assert_null(p.list.at[0].reply_text);
	store_list_finish(&p.list);
}

static void
much_text_makes_a_page_shorter(void **state)
{
	struct harness *h = *state;
	enum { EACH = 64 * 1024, COUNT = LIMIT_HISTORY_BYTES / EACH + 10 };
	char *body = malloc(EACH + 1);
	assert_non_null(body);
	memset(body, 'x', EACH);
	body[EACH] = '\0';
	for (int i = 0; i < COUNT; i++) {
		char id[16];
		(void)snprintf(id, sizeof(id), "%d", i);
		hear(h, "a@x", id, body, i);
	}
	for (int64_t after = 0; after <= 1; after++) {
		struct store_page p = {.after = after, .limit = LIMIT_HISTORY_PAGE};
		assert_int_equal(HARNESS_ASK(h, store_page, &p), 0);
		assert_true(p.list.more);
		assert_in_range(p.list.count, LIMIT_HISTORY_BYTES / EACH - 2, COUNT - 5);
		assert_string_equal(p.list.at[after ? 0 : p.list.count - 1].id,
		    after ? "1" : p.list.at[p.list.count - 1].id);
		store_list_finish(&p.list);
	}
	free(body);
}

static void
the_outbox_is_what_waits(void **state)
{
	struct harness *h = *state;
	say(h, "a@x", "o1", "1");
	int64_t second = say(h, "b@x", "o2", "2");
	say(h, "a@x", "o3", "3");
	hear(h, "a@x", "i1", "theirs", 1);
	about(h, "a@x", STORE_OUT, STORE_REACTION, "o4", "i1", "+");
	struct store_set_state set = {.n = say(h, "a@x", "o5", "sent"), .state = STORE_DELIVERED};
	assert_int_equal(HARNESS_ASK(h, store_set_state, &set), 0);
	struct store_outbox o = {.limit = 10};
	assert_int_equal(HARNESS_ASK(h, store_outbox, &o), 0);
	assert_string_equal(bodies(&o.list), "1 2 3");
	o = (struct store_outbox){.peer = "a@x", .limit = 1};
	assert_int_equal(HARNESS_ASK(h, store_outbox, &o), 0);
	assert_string_equal(bodies(&o.list), "1+");
	o = (struct store_outbox){.after = second, .limit = 1};
	assert_int_equal(HARNESS_ASK(h, store_outbox, &o), 0);
	assert_string_equal(bodies(&o.list), "3");
	o = (struct store_outbox){.peer = "c@x", .limit = 1};
	assert_int_equal(HARNESS_ASK(h, store_outbox, &o), 0);
	assert_string_equal(bodies(&o.list), "");
}

static void
people_come_with_the_latest_first(void **state)
{
	struct harness *h = *state;
	hear(h, "a@x", "i1", "1", 11);
	hear(h, "b@x", "i2", "2", 12);
	hear(h, "b@x", "i3", "3", 13);
	int64_t last = say(h, "a@x", "o1", "4");
	about(h, "b@x", STORE_OUT, STORE_REACTION, "o2", "i2", "+");
	struct store_peers p = {.limit = 10};
	assert_int_equal(HARNESS_ASK(h, store_peers, &p), 0);
	assert_int_equal(p.count, 2);
	assert_string_equal(p.at[0].name, "a@x");
	assert_int_equal(p.at[0].unread, 1);
	assert_int_equal(p.at[0].queued, 1);
	assert_int_equal(p.at[0].last_n, last);
	assert_string_equal(p.at[1].name, "b@x");
	assert_int_equal(p.at[1].unread, 2);
	assert_int_equal(p.at[1].queued, 0);
	assert_true(p.at[1].waits); /* a reaction is no message, and waits as well */
	assert_int_equal(p.at[1].last_at, 13);
	store_peers_finish(&p);
	p.limit = 1;
	assert_int_equal(HARNESS_ASK(h, store_peers, &p), 0);
	assert_int_equal(p.count, 1);
	assert_string_equal(p.at[0].name, "a@x");
	store_peers_finish(&p);
	store_peers_finish(&p);
	hear(h, "c@x", "i4", "5", 14);
	p = (struct store_peers){.limit = 2, .waiting_first = true};
	assert_int_equal(HARNESS_ASK(h, store_peers, &p), 0);
	assert_string_equal(p.at[0].name, "a@x");
	assert_string_equal(p.at[1].name, "b@x");
	store_peers_finish(&p);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(
		a_page_is_the_newest_ones_oldest_first, setup, teardown),
	    cmocka_unit_test_setup_teardown(pages_go_on_in_both_directions, setup, teardown),
	    cmocka_unit_test_setup_teardown(times_bound_a_page, setup, teardown),
	    cmocka_unit_test_setup_teardown(a_message_is_told_as_it_is_now, setup, teardown),
	    cmocka_unit_test_setup_teardown(
		an_answer_to_somebody_elses_message_shows_no_words, setup, teardown),
	    cmocka_unit_test_setup_teardown(much_text_makes_a_page_shorter, setup, teardown),
	    cmocka_unit_test_setup_teardown(the_outbox_is_what_waits, setup, teardown),
	    cmocka_unit_test_setup_teardown(people_come_with_the_latest_first, setup, teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
