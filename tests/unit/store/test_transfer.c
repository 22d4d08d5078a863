/* What the store keeps of files on their way. */
#include "messages.h"

#include "store/transfer.h"

enum { WAITING = 2, ACTIVE = 3, DONE = STORE_TRANSFER_FINAL };

static struct store_transfer
transfer(const char *peer, const char *sid, enum store_direction direction)
{
	return (struct store_transfer){
	    .peer = peer,
	    .display = "Juliet",
	    .direction = direction,
	    .sid = sid,
	    .name = "letter.txt",
	    .media = "text/plain",
	    .size = 1000,
	    .token = "token",
	    .at = 5,
	    .state = WAITING,
	    .trust = STORE_TRUST_VERIFIED,
	    .width = 7,
	    .expires = 77,
	};
}

static int
add(struct harness *h, struct store_transfer t, int64_t *id, int64_t *n)
{
	struct store_transfer_add a = {.transfer = t, .message = {.origin = true, .said_at = 4}};
	int err = HARNESS_ASK(h, store_transfer_add, &a);
	if (id)
		*id = a.transfer.id;
	if (n)
		*n = a.n;
	return err;
}

/* NULL: there is none. The list is kept for the text. */
static const struct store_transfer *
get(struct harness *h, struct store_transfers *all, int64_t id)
{
	*all = (struct store_transfers){.limit = 10};
	assert_int_equal(HARNESS_ASK(h, store_transfers, all), 0);
	for (size_t i = 0; i < all->count; i++)
		if (all->at[i].id == id)
			return &all->at[i];
	return NULL;
}

static void
one_is_kept_and_told_in_the_history(void **state)
{
	(void)state;
	struct harness h;
	struct store_transfers all;
	int64_t id, n, other;
	harness_start(&h);
	assert_int_equal(add(&h, transfer("a@x", "s1", STORE_IN), &id, &n), 0);
	assert_true(id > 0);
	assert_true(n > 0);
	assert_int_equal(add(&h, transfer("a@x", "s1", STORE_IN), NULL, NULL), -EEXIST);
	assert_int_equal(add(&h, transfer("a@x", "s1", STORE_OUT), &other, NULL), 0);
	assert_int_equal(add(&h, transfer("b@x", "s1", STORE_IN), NULL, NULL), 0);
	harness_close(&h);
	harness_open(&h);
	const struct store_transfer *t = get(&h, &all, id);
	assert_non_null(t);
	assert_string_equal(t->peer, "a@x");
	assert_string_equal(t->name, "letter.txt");
	assert_string_equal(t->media, "text/plain");
	assert_string_equal(t->token, "token");
	assert_null(t->description);
	assert_null(t->thumbnail);
	assert_int_equal(t->size, 1000);
	assert_int_equal(t->width, 7);
	assert_int_equal(t->trust, STORE_TRUST_VERIFIED);
	assert_int_equal(t->expires, 77);
	assert_false(t->has_prefix || t->has_hash);
	store_transfers_finish(&all);

	struct store_page page = {.peer = "a@x", .limit = 10};
	assert_int_equal(HARNESS_ASK(&h, store_page, &page), 0);
	assert_int_equal(page.list.count, 2);
	assert_true(page.list.at[0].file);
	assert_string_equal(page.list.at[0].body, "letter.txt");
	assert_string_equal(page.list.at[0].id, "s1");
	assert_int_equal(page.list.at[0].state, STORE_UNREAD);
	assert_int_equal(page.list.at[1].state, STORE_HANDED_OVER);
	store_list_finish(&page.list);
	/* it waits for nothing: the outbox has nothing of it */
	struct store_load load = {.peer = "a@x", .count = 10, .bytes = 1000};
	assert_int_equal(HARNESS_ASK(&h, store_load, &load), 0);
	assert_int_equal(load.item_count, 0);
	store_load_finish(&load);
	harness_finish(&h);
}

static void
what_changes_is_written_down(void **state)
{
	(void)state;
	struct harness h;
	struct store_transfers all;
	int64_t id;
	harness_start(&h);
	assert_int_equal(add(&h, transfer("a@x", "s1", STORE_IN), &id, NULL), 0);
	struct store_transfer_set set = {.transfer = transfer("a@x", "s1", STORE_IN)};
	set.transfer.id = id;
	set.transfer.state = ACTIVE;
	set.transfer.accepted = set.transfer.paused_them = set.transfer.has_hash = true;
	set.transfer.reason = "why";
	set.transfer.place = "/where";
	set.transfer.thumbnail = "\x89PNG";
	set.transfer.thumbnail_len = 4;
	memset(set.transfer.hash, 9, sizeof(set.transfer.hash));
	assert_int_equal(HARNESS_ASK(&h, store_transfer_set, &set), 0);
	set.transfer.thumbnail = NULL;
	set.transfer.offset = 512;
	set.transfer.has_prefix = true;
	memset(set.transfer.prefix, 8, sizeof(set.transfer.prefix));
	assert_int_equal(HARNESS_ASK(&h, store_transfer_reached, &set), 0);
	const struct store_transfer *t = get(&h, &all, id);
	assert_non_null(t);
	assert_int_equal(t->state, ACTIVE);
	assert_true(t->accepted && t->paused_them && t->has_hash && t->has_prefix);
	assert_false(t->told || t->paused_us || t->prepared || t->from_start);
	assert_string_equal(t->reason, "why");
	assert_string_equal(t->place, "/where");
	assert_int_equal(t->offset, 512);
	assert_int_equal(t->prefix[31], 8);
	assert_int_equal(t->hash[0], 9);
	assert_int_equal(t->thumbnail_len, 4);
	assert_memory_equal(t->thumbnail, "\x89PNG", 4);
	store_transfers_finish(&all);
	set.transfer.id = id + 1;
	assert_int_equal(HARNESS_ASK(&h, store_transfer_set, &set), -ENOENT);
	harness_finish(&h);
}

static void
old_ones_that_are_over_go_and_numbers_are_not_used_again(void **state)
{
	(void)state;
	struct harness h;
	struct store_transfers all;
	int64_t id = 0, waiting;
	char sid[8];
	harness_start(&h);
	assert_int_equal(add(&h, transfer("a@x", "w", STORE_OUT), &waiting, NULL), 0);
	for (int i = 0; i < 15; i++) {
		struct store_transfer t = transfer("a@x", sid, STORE_IN);
		(void)snprintf(sid, sizeof(sid), "s%d", i);
		t.state = DONE;
		assert_int_equal(add(&h, t, &id, NULL), 0);
	}
	assert_null(get(&h, &all, waiting + 1)); /* of 15 that are over 10 stay ... */
	assert_int_equal(all.count, 11);
	assert_int_equal(all.at[0].id, waiting); /* ... and none that is not */
	store_transfers_finish(&all);
	struct store_transfer_forget forget = {.id = id};
	assert_int_equal(HARNESS_ASK(&h, store_transfer_forget, &forget), 0);
	int64_t next;
	assert_int_equal(add(&h, transfer("a@x", "n", STORE_IN), &next, NULL), 0);
	assert_int_equal(next, id + 1);
	harness_finish(&h);
}

static void
there_are_so_many_and_no_more(void **state)
{
	(void)state;
	struct harness h;
	char sid[16];
	harness_start(&h);
	for (int i = 0; i < LIMIT_TRANSFERS; i++) {
		(void)snprintf(sid, sizeof(sid), "s%d", i);
		assert_int_equal(add(&h, transfer("a@x", sid, STORE_IN), NULL, NULL), 0);
	}
	assert_int_equal(add(&h, transfer("a@x", "more", STORE_IN), NULL, NULL), ERR_TOO_BIG);
	harness_finish(&h);
}

static void
forgetting_a_person_forgets_the_files_that_are_over(void **state)
{
	(void)state;
	struct harness h;
	struct store_transfers all;
	int64_t over, waits, others;
	harness_start(&h);
	struct store_transfer t = transfer("a@x", "1", STORE_IN);
	t.state = DONE;
	assert_int_equal(add(&h, t, &over, NULL), 0);
	assert_int_equal(add(&h, transfer("a@x", "2", STORE_IN), &waits, NULL), 0);
	t.peer = "b@x";
	assert_int_equal(add(&h, t, &others, NULL), 0);
	struct store_forget forget = {.peer = "a@x"};
	assert_int_equal(HARNESS_ASK(&h, store_forget, &forget), 0);
	assert_int_equal(forget.count, 2);
	assert_null(get(&h, &all, over));
	store_transfers_finish(&all);
	assert_non_null(get(&h, &all, waits)); /* and so its person is still known */
	store_transfers_finish(&all);
	assert_non_null(get(&h, &all, others));
	store_transfers_finish(&all);
	harness_finish(&h);
}

static void
names_of_files_are_found_and_not_corrected(void **state)
{
	(void)state;
	struct harness h;
	int64_t n;
	harness_start(&h);
	assert_int_equal(add(&h, transfer("a@x", "s1", STORE_IN), NULL, &n), 0);
	struct store_put put = {.peer = "a@x",
	    .display = "A",
	    .direction = STORE_IN,
	    .kind = STORE_CORRECTION,
	    .id = "c",
	    .target = "s1",
	    .body = "virus.exe",
	    .trust = STORE_TRUST_VERIFIED};
	assert_int_equal(HARNESS_ASK(&h, store_put, &put), 0);
	assert_int_equal(put.kept, STORE_CHAT); /* words of its own */
	struct store_search search = {.words = "letter", .direction = -1, .limit = 5};
	assert_int_equal(HARNESS_ASK(&h, store_search, &search), 0);
	assert_int_equal(search.list.count, 1);
	assert_int_equal(search.list.at[0].n, n);
	assert_true(search.list.at[0].file);
	store_list_finish(&search.list);
	harness_finish(&h);
}

static void
people_who_turn_out_to_be_one_keep_their_files(void **state)
{
	(void)state;
	struct harness h;
	struct store_transfers all;
	int64_t id;
	harness_start(&h);
	assert_int_equal(add(&h, transfer("10.0.0.1", "s1", STORE_IN), &id, NULL), 0);
	assert_int_equal(add(&h, transfer("a@x", "s2", STORE_IN), NULL, NULL), 0);
	struct store_rename r = {.from = "10.0.0.1", .to = "a@x", .display = "A"};
	assert_int_equal(HARNESS_ASK(&h, store_rename, &r), 0);
	const struct store_transfer *t = get(&h, &all, id);
	assert_non_null(t);
	assert_string_equal(t->peer, "a@x");
	assert_int_equal(all.count, 2);
	store_transfers_finish(&all);
	harness_finish(&h);
}

static int
rule(struct harness *h, const char *peer, uint64_t size, bool off)
{
	struct store_transfer_rule_set set = {
	    .rule = {.peer = peer, .size = size, .daily = 2 * size}, .off = off};
	return HARNESS_ASK(h, store_transfer_rule_set, &set);
}

static size_t
rules(struct harness *h, uint64_t *size)
{
	struct store_transfer_rules all = {0};
	assert_int_equal(HARNESS_ASK(h, store_transfer_rules, &all), 0);
	size_t count = all.count;
	if (count)
		*size = all.at[0].size;
	store_transfer_rules_finish(&all);
	return count;
}

static void
rules_are_for_a_key_and_go_with_it(void **state)
{
	(void)state;
	struct harness h;
	uint64_t size = 0;
	harness_start(&h);
	struct store_contact_put put = {.contact = {.name = "a@x",
					    .display = "A",
					    .has_key = true,
					    .key = {1},
					    .trust = STORE_TRUST_VERIFIED}};
	assert_int_equal(rule(&h, "a@x", 5, false), -ENOENT);
	assert_int_equal(rule(&h, "a@x", 0, true), 0);
	assert_int_equal(HARNESS_ASK(&h, store_contact_put, &put), 0);
	assert_int_equal(rule(&h, "a@x", 5, false), 0);
	assert_int_equal(rule(&h, "a@x", 6, false), 0);
	assert_int_equal(rules(&h, &size), 1);
	assert_int_equal(size, 6);
	assert_int_equal(rule(&h, "a@x", 0, true), 0);
	assert_int_equal(rules(&h, &size), 0);
	assert_int_equal(rule(&h, "a@x", 7, false), 0);
	struct store_contact_forget forget = {.name = "a@x"};
	assert_int_equal(HARNESS_ASK(&h, store_contact_forget, &forget), 0);
	assert_int_equal(rules(&h, &size), 0);
	harness_finish(&h);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(one_is_kept_and_told_in_the_history),
	    cmocka_unit_test(what_changes_is_written_down),
	    cmocka_unit_test(old_ones_that_are_over_go_and_numbers_are_not_used_again),
	    cmocka_unit_test(there_are_so_many_and_no_more),
	    cmocka_unit_test(forgetting_a_person_forgets_the_files_that_are_over),
	    cmocka_unit_test(names_of_files_are_found_and_not_corrected),
	    cmocka_unit_test(people_who_turn_out_to_be_one_keep_their_files),
	    cmocka_unit_test(rules_are_for_a_key_and_go_with_it),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
