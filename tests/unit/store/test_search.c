#include "history.h"
#include "store/query.h"
#include "store/snippet.h"

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
all_words_must_be_there(void **state)
{
	struct harness *h = *state;
	hear(h, "a@x", "1", "the-red-fox", 1);
	hear(h, "a@x", "2", "the-blue-fox", 2);
	hear(h, "a@x", "3", "redder", 3);
	assert_string_equal(find(h, "fox"), "the-blue-fox the-red-fox");
	assert_string_equal(find(h, "fox red"), "the-red-fox");
	assert_string_equal(find(h, "RED"), "the-red-fox");
	assert_string_equal(find(h, "r\xc3\xa9"
				    "d"),
	    "the-red-fox");
	assert_string_equal(find(h, "red*"), "redder the-red-fox");
	assert_string_equal(find(h, "\"red fox\""), "the-red-fox");
	assert_string_equal(find(h, "\"fox red\""), "");
	assert_string_equal(find(h, "\"the re\"*"), "the-red-fox");
	assert_string_equal(find(h, "red-fox"), "the-red-fox");
	assert_string_equal(find(h, "wolf"), "");
	/* whose it is and which way it went is no word of the message */
	assert_string_equal(find(h, "1"), "");
	assert_string_equal(find(h, "0"), "");
}

static void
what_comes_later_is_found_and_what_went_is_not(void **state)
{
	struct harness *h = *state;
	hear(h, "a@x", "1", "before", 1);
	assert_string_equal(find(h, "before"), "before");
	hear(h, "a@x", "2", "soon", 2);
	hear(h, "a@x", "3", "later", 2);
	assert_string_equal(find(h, "soon"), "soon");
	about(h, "a@x", STORE_IN, STORE_CORRECTION, "4", "1", "after");
	about(h, "a@x", STORE_IN, STORE_RETRACTION, "5", "2", NULL);
	assert_string_equal(find(h, "before"), "");
	assert_string_equal(find(h, "after"), "after");
	assert_string_equal(find(h, "soon"), "");
	about(h, "a@x", STORE_IN, STORE_REACTION, "6", "3", "heart");
	assert_string_equal(find(h, "heart"), "");
	hear(h, "a@x", "7", "wrong", 2);
	about(h, "a@x", STORE_IN, STORE_CORRECTION, "8", "7", "right");
	assert_string_equal(find(h, "wrong"), "");
	assert_string_equal(find(h, "right"), "right");
	assert_int_equal(sql(h, "INSERT INTO words (words) VALUES ('integrity-check')"), -1);
}

static void
people_times_and_directions_narrow_it(void **state)
{
	struct harness *h = *state;
	hear(h, "a@x", "1", "tea-1", 1000);
	hear(h, "b@x", "2", "tea-2", 2000);
	put(h, (struct store_put){.peer = "a@x",
		   .direction = STORE_OUT,
		   .id = "3",
		   .body = "tea-3",
		   .said_at = 3000});
	struct store_search s = {.words = "tea", .peer = "A@x", .direction = -1};
	assert_string_equal(search(h, s), "tea-3 tea-1");
	s.direction = STORE_OUT;
	assert_string_equal(search(h, s), "tea-3");
	s.direction = STORE_IN;
	assert_string_equal(search(h, s), "tea-1");
	s.peer = NULL;
	assert_string_equal(search(h, s), "tea-2 tea-1");
	s.direction = -1;
	s.since = 2000;
	assert_string_equal(search(h, s), "tea-3 tea-2");
	s.until = 3000;
	assert_string_equal(search(h, s), "tea-2");
	s.since = 0;
	s.limit = 1;
	assert_string_equal(search(h, s), "tea-2+");
	s.peer = "nobody@x";
	assert_string_equal(search(h, s), "");
}

static void
a_person_who_turns_out_to_be_another_is_found_as_that_one(void **state)
{
	struct harness *h = *state;
	hear(h, "a@x", "1", "tea-1", 1);
	hear(h, "b@x", "2", "tea-2", 1);
	struct store_search s = {.words = "tea", .peer = "b@x", .direction = -1};
	assert_string_equal(search(h, s), "tea-2");
	hear(h, "a@x", "3", "tea-3", 1);
	struct store_rename r = {.from = "a@x", .to = "b@x", .display = "B"};
	assert_int_equal(HARNESS_ASK(h, store_rename, &r), 0);
	assert_string_equal(search(h, s), "tea-3 tea-2 tea-1");
	assert_int_equal(sql(h, "INSERT INTO words (words) VALUES ('integrity-check')"), -1);
}

static void
the_better_ones_come_first(void **state)
{
	struct harness *h = *state;
	char longer[1024] = "tea";
	for (size_t i = 0; i < 60; i++)
		(void)snprintf(longer + 3 + i * 5, 6, " w%03zu", i);
	hear(h, "a@x", "1", "tea", 1);
	hear(h, "a@x", "2", longer, 2);
	hear(h, "a@x", "3", "tea!", 3);
	struct store_search s = {.words = "tea", .direction = -1, .limit = 3};
	assert_int_equal(HARNESS_ASK(h, store_search, &s), 0);
	assert_int_equal(s.list.count, 3);
	assert_string_equal(s.list.at[0].id, "3");
	assert_string_equal(s.list.at[1].id, "1");
	assert_string_equal(s.list.at[2].id, "2");
	store_list_finish(&s.list);
}

static void
check_snippet(struct harness *h, const char *words, const char *expected)
{
	struct store_search s = {.words = words, .direction = -1, .limit = 1};
	assert_int_equal(HARNESS_ASK(h, store_search, &s), 0);
	assert_int_equal(s.list.count, 1);
	assert_string_equal(s.list.at[0].snippet, expected);
	store_list_finish(&s.list);
}

static void
a_snippet_shows_what_was_found(void **state)
{
	struct harness *h = *state;
	hear(h, "a@x", "1", "Say: Tea, or \x02gr\xc3\xbcn\x03 tea?", 1);
	check_snippet(h, "tea", "Say: \x02Tea\x03, or  gr\xc3\xbcn  \x02tea\x03?");
	check_snippet(h, "\"grun tea\"", "Say: Tea, or  \x02gr\xc3\xbcn  tea\x03?");
	hear(h, "a@x", "2",
	    "a1 a2 a3 a4 a5 a6 a7 a8 a9 fox b1 b2 b3 b4 b5 b6 b7 b8 b9 c1 c2 c3 c4 c5 c6 c7 c8", 1);
	check_snippet(h, "fox",
	    "\xe2\x80\xa6"
	    "a4 a5 a6 a7 a8 a9 \x02"
	    "fox\x03 b1 b2 b3 b4 b5 b6 b7 b8 b9 c1 c2 c3 c4 c5 c6 c7 c8");
	/* one word longer than a snippet, cut between characters */
	char *body = malloc(4096);
	assert_non_null(body);
	(void)snprintf(body, 4096, "wolf ");
	for (size_t i = 5; i < 4000; i += 3)
		(void)snprintf(body + i, 4, "\xe6\xbc\xa2");
	hear(h, "a@x", "3", body, 1);
	struct store_search s = {.words = "wolf", .direction = -1, .limit = 1};
	assert_int_equal(HARNESS_ASK(h, store_search, &s), 0);
	assert_int_equal(s.list.count, 1);
	size_t len = strlen(s.list.at[0].snippet);
	assert_in_range(len, SNIPPET_BYTES - 3, SNIPPET_BYTES + 5);
	assert_int_equal((len - strlen("\x02wolf\x03 \xe2\x80\xa6")) % 3, 0);
	store_list_finish(&s.list);
	free(body);
}

/* Whatever is typed is an answer, never an error of the index's own language. */
static void
anything_may_be_typed(void **state)
{
	struct harness *h = *state;
	static const char *const typed[] = {"", " ", "\t\n", "*", "**", "\"", "\"\"", "\"\"\"",
	    "\"*", "*\"", "\"a", "a\"", "a\"b", "\"a\"b\"c", "AND", "OR", "NOT", "NEAR", "NEAR(",
	    "NEAR(a b, 1)", "a AND", "AND a", "a OR b", "a NOT b", "NOT NOT", "(", ")", "()",
	    "((a)", "a)", "a:", ":a", "body:a", "peer:1", "{body peer}:a", "-body:a", "^a", "a^",
	    "a + b", "+", "a*b", "a* b*c*", "a,b", ",", ".", "-", "--", "- a", "'", "''",
	    "';DROP TABLE message;--", "\\", "\\\"", "%", "_", "?1", "$a", "@a", "#", "\x01",
	    "\x7f", "\xff", "\xc3", "\xc3\x28", "\xed\xa0\x80", "\xf4\x90\x80\x80", "\xef\xbb\xbf",
	    "\xe2\x80\x8b", "\xf0\x9f\x91\x8d", "\xf0\x9f\x91\x8d*", "\xcc\x81", "a\xcc\x81",
	    "\xe6\xbc\xa2\xe5\xad\x97", "\xe6\xbc\xa2*", "\xd8\xb9\xd8\xb1", "NULL", "undefined",
	    "<script>", "&amp;", "${HOME}", "%s%n", "../..", "rowid", "rank", "words", "a\r\nb",
	    "1e308", "-1", "0x0"};
	hear(h, "a@x", "1", "a b c", 1);
	for (size_t i = 0; i < ARRAY_LEN(typed); i++) {
		struct store_search s = {.words = typed[i], .direction = -1, .limit = 5};
		int err = HARNESS_ASK(h, store_search, &s);
		if (err)
			print_error("%zu: %s\n", i, typed[i]);
		assert_int_equal(err, 0);
		store_list_finish(&s.list);
	}
	assert_string_equal(find(h, "a\"b"), "a b c");
	assert_string_equal(find(h, "a - b"), "a b c");
	assert_string_equal(find(h, "AND"), "");
	assert_string_equal(find(h, "?!"), "");
}

static void
random_bytes_may_be_typed(void **state)
{
	struct harness *h = *state;
	static const char alphabet[] = "ab\"\"**() :-^+{},.ANDORT\xc3\xa9\xff\n'\\";
	uint32_t seed = 1;
	hear(h, "a@x", "1", "a b", 1);
	for (int i = 0; i < 2000; i++) {
		char words[24];
		size_t len = 0;
		for (; len < sizeof(words) - 1; len++) {
			seed = seed * 1664525 + 1013904223;
			words[len] = alphabet[(seed >> 16) % sizeof(alphabet)];
		}
		words[len] = '\0';
		struct store_search s = {.words = words, .direction = -1, .limit = 5};
		int err = HARNESS_ASK(h, store_search, &s);
		assert_true(err == 0 || err == ERR_TOO_BIG);
		store_list_finish(&s.list);
	}
}

static void
too_much_is_refused(void **state)
{
	struct harness *h = *state;
	char words[LIMIT_SEARCH_WORDS + 2];
	memset(words, 'a', sizeof(words));
	words[sizeof(words) - 1] = '\0';
	struct store_search s = {.words = words, .direction = -1, .limit = 5};
	assert_int_equal(HARNESS_ASK(h, store_search, &s), ERR_TOO_BIG);
	words[LIMIT_SEARCH_WORDS] = '\0';
	assert_int_equal(HARNESS_ASK(h, store_search, &s), 0);
	for (size_t i = 1; i < LIMIT_SEARCH_WORDS; i += 2)
		words[i] = ' ';
	assert_int_equal(HARNESS_ASK(h, store_search, &s), ERR_TOO_BIG);
	words[(size_t)2 * QUERY_WORDS] = '\0';
	assert_int_equal(HARNESS_ASK(h, store_search, &s), 0);
	s.words = "a* b*";
	assert_int_equal(HARNESS_ASK(h, store_search, &s), ERR_TOO_BIG);
	store_list_finish(&s.list);
}

/* More hits than are compared: the newest are told, and that there are others. */
static void
of_many_hits_the_newest_are_compared(void **state)
{
	struct harness *h = *state;
	assert_int_equal(sql(h, "INSERT INTO peer (id, name, display) VALUES (1, 'a@x', 'A')"), -1);
	assert_int_equal(
	    sql(h, "WITH RECURSIVE c (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c "
		   "WHERE n < 9000) INSERT INTO message (n, peer, direction, kind, state,"
		   " origin, markable, said_at, stored_at, id, body) SELECT n, 1, 0, 0, 7,"
		   " 0, 0, n, n, '', 'tea ' || n FROM c"),
	    -1);
	harness_close(h);
	harness_open(h);
	struct store_search s = {.words = "tea", .direction = -1, .limit = 100};
	assert_int_equal(HARNESS_ASK(h, store_search, &s), 0);
	assert_int_equal(s.list.count, 100);
	assert_int_equal(s.list.at[0].n, 9000);
	assert_int_equal(s.list.at[99].n, 8901);
	assert_true(s.list.more);
	store_list_finish(&s.list);
	assert_int_equal(sql(h, "SELECT value FROM meta WHERE key = 'indexed'"), 9000);
	assert_int_equal(sql(h, "SELECT count(*) FROM span"), 9);
	assert_string_equal(find(h, "77"), "tea 77");
}

/* Nobody searched, and nothing else was asked for. */
static void
many_new_ones_are_indexed_when_it_is_quiet(void **state)
{
	struct harness *h = *state;
	for (int i = 0; i < 150; i++) {
		char id[16];
		(void)snprintf(id, sizeof(id), "%d", i);
		hear(h, "a@x", id, "tea", i);
	}
	uv_sleep(1000);
	assert_int_equal(sql(h, "SELECT count(*) FROM words_docsize"), 0);
	for (int i = 150; i < 300; i++) {
		char id[16];
		(void)snprintf(id, sizeof(id), "%d", i);
		hear(h, "a@x", id, "tea", i);
	}
	uv_sleep(1500);
	assert_int_equal(sql(h, "SELECT count(*) FROM words_docsize"), 300);
}

static void
an_index_that_does_not_fit_is_made_anew(void **state)
{
	struct harness *h = *state;
	hear(h, "a@x", "1", "tea", 1);
	assert_string_equal(find(h, "tea"), "tea");
	assert_int_equal(sql(h, "INSERT INTO words (words, rowid, body, peer, direction) "
				"SELECT 'delete', n, 'coffee', 9, 9 FROM message"),
	    -1);
	struct store_put p = {.peer = "a@x",
	    .direction = STORE_IN,
	    .kind = STORE_CORRECTION,
	    .id = "2",
	    .target = "1",
	    .body = "milk"};
	if (HARNESS_ASK(h, store_put, &p))
		assert_int_equal(HARNESS_ASK(h, store_put, &p), 0);
	assert_int_equal(h->fatals, 0);
	assert_string_equal(find(h, "milk"), "milk");
	assert_string_equal(find(h, "tea"), "");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(all_words_must_be_there, setup, teardown),
	    cmocka_unit_test_setup_teardown(
		what_comes_later_is_found_and_what_went_is_not, setup, teardown),
	    cmocka_unit_test_setup_teardown(people_times_and_directions_narrow_it, setup, teardown),
	    cmocka_unit_test_setup_teardown(
		a_person_who_turns_out_to_be_another_is_found_as_that_one, setup, teardown),
	    cmocka_unit_test_setup_teardown(the_better_ones_come_first, setup, teardown),
	    cmocka_unit_test_setup_teardown(a_snippet_shows_what_was_found, setup, teardown),
	    cmocka_unit_test_setup_teardown(anything_may_be_typed, setup, teardown),
	    cmocka_unit_test_setup_teardown(random_bytes_may_be_typed, setup, teardown),
	    cmocka_unit_test_setup_teardown(too_much_is_refused, setup, teardown),
	    cmocka_unit_test_setup_teardown(of_many_hits_the_newest_are_compared, setup, teardown),
	    cmocka_unit_test_setup_teardown(
		many_new_ones_are_indexed_when_it_is_quiet, setup, teardown),
	    cmocka_unit_test_setup_teardown(
		an_index_that_does_not_fit_is_made_anew, setup, teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
