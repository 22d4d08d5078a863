#include "messages.h"

#include "store/trust.h"

/* A contact with a key all of whose bytes are this one, 0: without. */
static struct store_contact
contact(const char *name, uint8_t key, enum store_trust trust)
{
	struct store_contact c = {
	    .name = name, .display = "Juliet", .has_key = key != 0, .trust = trust};
	memset(c.key, key, sizeof(c.key));
	return c;
}

static int
keep(struct harness *h, struct store_contact c, const char *cause, bool *changed)
{
	struct store_contact_put put = {.contact = c, .cause = cause};
	int err = HARNESS_ASK(h, store_contact_put, &put);
	if (changed)
		*changed = put.changed;
	return err;
}

/* Kept without trouble; whether the log tells of it. */
static bool
kept(struct harness *h, struct store_contact c, const char *cause)
{
	bool changed;
	assert_int_equal(keep(h, c, cause, &changed), 0);
	return changed;
}

static int
rename_to(struct harness *h, const char *from, const char *to, const char *aside)
{
	struct store_contact_rename r = {.from = from, .to = to, .aside = aside};
	return HARNESS_ASK(h, store_contact_rename, &r);
}

static bool
forget(struct harness *h, const char *name)
{
	struct store_contact_forget f = {.name = name, .cause = "forgotten"};
	assert_int_equal(HARNESS_ASK(h, store_contact_forget, &f), 0);
	return f.changed;
}

/* All contacts in their order: name, first byte of the key and trust, a ! for who is blocked. */
static const char *
list(struct harness *h, size_t limit)
{
	static char out[4096];
	size_t len = 0;
	struct store_contacts all = {.limit = limit};
	assert_int_equal(HARNESS_ASK(h, store_contacts, &all), 0);
	out[0] = '\0';
	for (size_t i = 0; i < all.count; i++) {
		const struct store_contact *c = &all.at[i];
		len += (size_t)snprintf(out + len, sizeof(out) - len, "%s%s:%d:%s%s", i ? " " : "",
		    c->name, c->has_key ? c->key[31] : 0, store_trust_word(c->trust),
		    c->blocked ? "!" : "");
	}
	(void)snprintf(out + len, sizeof(out) - len, "%s", all.more ? " +" : "");
	store_contacts_finish(&all);
	return out;
}

/* The changes the log tells of: name, from, to, key, cause. */
static const char *
changes(struct harness *h, int64_t since)
{
	static char out[4096];
	size_t len = 0;
	struct store_read_log read;
	out[0] = '\0';
	msg_read(h, since, 1000, &read);
	for (size_t i = 0; i < read.count; i++) {
		const struct store_event *e = &read.at[i];
		if (e->kind != STORE_EVENT_TRUST)
			continue;
		assert_true(e->message.stored_at > 0);
		assert_string_equal(e->message.id, "");
		len += (size_t)snprintf(out + len, sizeof(out) - len, "%s %s>%s %d %s\n",
		    e->message.peer, store_trust_word(e->was), store_trust_word(e->message.trust),
		    e->has_key ? e->key[0] : 0, e->reason);
	}
	store_read_log_finish(&read);
	return out;
}

static void
the_ranks_are_what_is_believed(void **state)
{
	(void)state;
	static const enum store_trust order[] = {
	    STORE_TRUST_PLAIN, STORE_TRUST_NEW, STORE_TRUST_KNOWN, STORE_TRUST_VERIFIED};
	for (size_t i = 1; i < ARRAY_LEN(order); i++)
		assert_true(store_trust_rank(order[i]) > store_trust_rank(order[i - 1]));
	assert_int_equal(
	    store_trust_rank(STORE_TRUST_INTRODUCED), store_trust_rank(STORE_TRUST_KNOWN));
	assert_int_equal(store_trust_rank(STORE_TRUST_CHANGED), 0);
	assert_int_equal(store_trust_from(-1), STORE_TRUST_PLAIN);
	assert_int_equal(store_trust_from(STORE_TRUST_CHANGED), STORE_TRUST_CHANGED);
	assert_int_equal(store_trust_from(INT64_MAX), STORE_TRUST_PLAIN);
}

static void
a_contact_is_there_after_a_restart_as_it_was_put(void **state)
{
	(void)state;
	struct harness h;
	harness_start(&h);
	struct store_contact c = contact("juliet@capulet", 7, STORE_TRUST_INTRODUCED);
	c.instance = "juliet@laptop";
	c.via = "nurse@capulet";
	c.blocked = true;
	c.addresses = "10.0.0.1 5298";
	c.seen_at = 123;
	assert_true(kept(&h, c, "introduced"));
	harness_close(&h);
	harness_open(&h);
	struct store_contacts all = {.limit = 9};
	assert_int_equal(HARNESS_ASK(&h, store_contacts, &all), 0);
	assert_int_equal(all.count, 1);
	assert_string_equal(all.at[0].name, c.name);
	assert_string_equal(all.at[0].display, c.display);
	assert_string_equal(all.at[0].instance, c.instance);
	assert_string_equal(all.at[0].via, c.via);
	assert_string_equal(all.at[0].addresses, c.addresses);
	assert_int_equal(all.at[0].seen_at, 123);
	assert_memory_equal(all.at[0].key, c.key, sizeof(c.key));
	store_contacts_finish(&all);
	assert_string_equal(list(&h, 9), "juliet@capulet:7:introduced!");
	harness_finish(&h);
}

static void
those_with_a_key_come_first_and_no_more_than_wanted(void **state)
{
	(void)state;
	struct harness h;
	harness_start(&h);
	struct store_contact c = contact("a@x", 0, STORE_TRUST_PLAIN);
	c.seen_at = 900;
	assert_false(kept(&h, c, "said something"));
	(void)kept(&h, contact("b@x", 1, STORE_TRUST_NEW), NULL);
	c = contact("c@x", 2, STORE_TRUST_NEW);
	c.seen_at = 5;
	(void)kept(&h, c, NULL);
	(void)kept(&h, contact("d@x", 0, STORE_TRUST_NEW), NULL);
	c = contact("e@x", 0, STORE_TRUST_PLAIN);
	c.blocked = true;
	c.seen_at = 3;
	(void)kept(&h, c, NULL);
	assert_string_equal(list(&h, 9), "c@x:2:new b@x:1:new e@x:0:plain! d@x:0:new a@x:0:plain");
	assert_string_equal(list(&h, 2), "c@x:2:new b@x:1:new +");
	harness_finish(&h);
}

static void
the_log_tells_every_change_of_trust_and_nothing_else(void **state)
{
	(void)state;
	struct harness h;
	harness_start(&h);
	struct store_contact c = contact(JULIET, 7, STORE_TRUST_NEW);
	assert_true(kept(&h, c, "first contact"));
	c.addresses = "10.0.0.1 5298";
	c.seen_at = 9;
	assert_false(kept(&h, c, "seen"));
	c.trust = STORE_TRUST_VERIFIED;
	assert_true(kept(&h, c, "verified"));
	c.blocked = true;
	assert_true(kept(&h, c, "blocked"));
	memset(c.key, 8, sizeof(c.key));
	assert_true(kept(&h, c, "handed over"));
	assert_true(forget(&h, "JULIET@capulet"));
	assert_false(forget(&h, JULIET));
	assert_false(forget(&h, "nobody@x"));
	const char *all =
	    JULIET " plain>new 7 first contact\n" JULIET " new>verified 7 verified\n" JULIET
		   " verified>verified 7 blocked\n" JULIET
		   " verified>verified 8 handed over\n" JULIET " verified>plain 0 forgotten\n";
	assert_string_equal(changes(&h, 0), all);
	harness_close(&h);
	harness_open(&h);
	assert_string_equal(changes(&h, 0), all);
	assert_string_equal(changes(&h, 4), JULIET " verified>plain 0 forgotten\n");
	assert_string_equal(list(&h, 9), JULIET ":0:plain!");
	harness_finish(&h);
}

static unsigned told;

static void
count_told(struct harness *h, const struct store_event *events, size_t count)
{
	(void)h;
	for (size_t i = 0; i < count; i++)
		told += events[i].kind == STORE_EVENT_TRUST;
}

static void
a_change_is_told_at_once(void **state)
{
	(void)state;
	struct harness h;
	harness_start(&h);
	h.on_events = count_told;
	told = 0;
	store_watch(h.store, STORE_WATCH_EVENTS);
	assert_true(kept(&h, contact(JULIET, 7, STORE_TRUST_NEW), "first contact"));
	while (!told)
		uv_run(&h.loop, UV_RUN_ONCE);
	assert_int_equal(told, 1);
	harness_finish(&h);
}

static void
what_contradicts_itself_is_refused(void **state)
{
	(void)state;
	struct harness h;
	static char longer[LIMIT_ADDRESSES_TEXT + 2];
	memset(longer, 'x', sizeof(longer) - 1);
	harness_start(&h);
	(void)kept(&h, contact("a@x", 1, STORE_TRUST_NEW), NULL);
	assert_int_equal(keep(&h, contact("", 2, STORE_TRUST_NEW), NULL, NULL), -EINVAL);
	assert_int_equal(keep(&h, contact("b@x", 0, STORE_TRUST_KNOWN), NULL, NULL), -EINVAL);
	assert_int_equal(keep(&h, contact("b@x", 2, STORE_TRUST_PLAIN), NULL, NULL), -EINVAL);
	/* a key is not lost by mistake, and nobody else's */
	assert_int_equal(keep(&h, contact("A@X", 0, STORE_TRUST_PLAIN), NULL, NULL), -EINVAL);
	assert_int_equal(keep(&h, contact("b@x", 1, STORE_TRUST_NEW), NULL, NULL), -EEXIST);
	assert_int_equal(keep(&h, contact("b@x", 2, STORE_TRUST_NEW), longer, NULL), ERR_TOO_BIG);
	struct store_contact c = contact("b@x", 2, STORE_TRUST_NEW);
	c.addresses = longer;
	assert_int_equal(keep(&h, c, NULL, NULL), ERR_TOO_BIG);
	c.addresses = NULL;
	c.name = longer;
	assert_int_equal(keep(&h, c, NULL, NULL), ERR_TOO_BIG);
	assert_string_equal(list(&h, 9), "a@x:1:new");
	assert_int_equal(msg_ask(&h, "SELECT count(*) FROM event"), 1);
	harness_finish(&h);
}

static void
a_refused_key_becomes_whose_it_is(void **state)
{
	(void)state;
	struct harness h;
	harness_start(&h);
	(void)kept(&h, contact("n@x", 1, STORE_TRUST_KNOWN), NULL);
	(void)kept(&h, contact("n@x#02020202", 2, STORE_TRUST_CHANGED), NULL);
	assert_int_equal(
	    keep(&h, contact("m@x#02020202", 2, STORE_TRUST_CHANGED), NULL, NULL), -EEXIST);
	assert_true(kept(&h, contact("n@x", 2, STORE_TRUST_KNOWN), "accepted"));
	assert_string_equal(list(&h, 9), "n@x:2:known");
	harness_finish(&h);
}

/* The plain holder of a name makes room for the key that has it from now on. */
static void
the_key_takes_the_name_and_each_keeps_its_own(void **state)
{
	(void)state;
	struct harness h;
	struct store_read_log read;
	harness_start(&h);
	int64_t n = msg_keep(&h, msg_in("a", "in the clear"));
	(void)kept(&h, contact(JULIET "#07070707", 7, STORE_TRUST_NEW), "first contact");
	struct store_put put = msg_in("b", "by key");
	put.peer = JULIET "#07070707";
	put.trust = STORE_TRUST_NEW;
	int64_t by_key = msg_keep(&h, put);
	assert_int_equal(rename_to(&h, JULIET "#07070707", JULIET, NULL), -EEXIST);
	assert_int_equal(rename_to(&h, JULIET "#07070707", JULIET, JULIET "#plain"), 0);
	assert_string_equal(list(&h, 9), JULIET ":7:new " JULIET "#plain:0:plain");
	assert_string_equal(msg_look(&h, n, &read)->peer, JULIET "#plain");
	assert_int_equal(read.at[0].message.trust, STORE_TRUST_PLAIN);
	store_read_log_finish(&read);
	assert_string_equal(msg_look(&h, by_key, &read)->peer, JULIET);
	assert_int_equal(read.at[0].message.trust, STORE_TRUST_NEW);
	store_read_log_finish(&read);
	/* it is announced as before */
	assert_int_equal(msg_ask(&h, "SELECT count(*) FROM peer WHERE name = '" JULIET
				     "#plain' AND instance = '" JULIET "'"),
	    1);
	/* the name that was remembered is the right one's */
	put = msg_in("c", "by key, again");
	put.trust = STORE_TRUST_NEW;
	assert_int_equal(msg_keep(&h, put), by_key + 1);
	assert_string_equal(msg_look(&h, by_key + 1, &read)->peer, JULIET);
	store_read_log_finish(&read);
	harness_finish(&h);
}

static void
two_contacts_swap_their_names(void **state)
{
	(void)state;
	struct harness h;
	harness_start(&h);
	(void)kept(&h, contact("n@x", 1, STORE_TRUST_KNOWN), NULL);
	(void)kept(&h, contact("n@x#02020202", 2, STORE_TRUST_CHANGED), NULL);
	assert_int_equal(rename_to(&h, "n@x#02020202", "n@x", "n@x#02020202"), 0);
	assert_string_equal(list(&h, 9), "n@x#02020202:1:known n@x:2:changed");
	/* its own name, written otherwise; nobody's; and nonsense */
	assert_int_equal(rename_to(&h, "n@x", "N@x", NULL), 0);
	assert_int_equal(rename_to(&h, "nobody@x", "n@x", NULL), 0);
	assert_int_equal(rename_to(&h, "n@x#02020202", "n@x", "n@X"), -EINVAL);
	assert_string_equal(list(&h, 9), "n@x#02020202:1:known N@x:2:changed");
	harness_finish(&h);
}

static void
plain_ones_become_one_and_keys_never(void **state)
{
	(void)state;
	struct harness h;
	harness_start(&h);
	struct store_put put = msg_in("a", "once");
	put.peer = "n@x#plain";
	(void)msg_keep(&h, put);
	put.peer = "n@x";
	put.id = "b";
	(void)msg_keep(&h, put);
	(void)kept(&h, contact("n@x#07070707", 7, STORE_TRUST_NEW), NULL);
	assert_int_equal(rename_to(&h, "n@x#07070707", "n@x", "n@x#plain"), 0);
	assert_string_equal(list(&h, 9), "n@x:7:new n@x#plain:0:plain");
	assert_int_equal(msg_ask(&h, "SELECT count(*) FROM message m JOIN peer p ON p.id = m.peer"
				     " WHERE p.name = 'n@x#plain'"),
	    2);
	(void)kept(&h, contact("n@x#08080808", 8, STORE_TRUST_NEW), NULL);
	assert_int_equal(rename_to(&h, "n@x#08080808", "n@x", "n@x#plain"), -EEXIST);
	/* an address that turns out to be somebody: whichever has the key keeps it */
	struct store_rename r = {.from = "n@x#plain", .to = "n@x", .display = "N"};
	assert_int_equal(HARNESS_ASK(&h, store_rename, &r), 0);
	assert_string_equal(list(&h, 9), "n@x:7:new n@x#08080808:8:new");
	put.peer = "m@x";
	put.id = "c";
	(void)msg_keep(&h, put);
	r = (struct store_rename){.from = "n@x", .to = "m@x", .display = "M"};
	assert_int_equal(HARNESS_ASK(&h, store_rename, &r), 0);
	assert_string_equal(list(&h, 9), "m@x:7:new n@x#08080808:8:new");
	assert_int_equal(msg_ask(&h, "SELECT count(*) FROM message WHERE trust = 0 AND peer ="
				     " (SELECT id FROM peer WHERE name = 'm@x')"),
	    3);
	r = (struct store_rename){.from = "n@x#08080808", .to = "m@x"};
	assert_int_equal(HARNESS_ASK(&h, store_rename, &r), -EEXIST);
	harness_finish(&h);
}

static void
a_message_keeps_the_trust_it_was_said_with(void **state)
{
	(void)state;
	struct harness h;
	struct store_read_log read;
	harness_start(&h);
	struct store_contact c = contact(JULIET, 7, STORE_TRUST_VERIFIED);
	(void)kept(&h, c, "verified");
	struct store_put put = msg_in("a", "Good night");
	put.trust = STORE_TRUST_VERIFIED;
	int64_t n = msg_keep(&h, put);
	put = msg_out("b", "Good night, good night");
	put.trust = STORE_TRUST_VERIFIED;
	(void)msg_keep(&h, put);
	assert_true(forget(&h, JULIET));
	(void)kept(&h, contact(JULIET, 9, STORE_TRUST_NEW), "first contact");
	assert_int_equal(msg_look(&h, n, &read)->trust, STORE_TRUST_VERIFIED);
	store_read_log_finish(&read);
	struct store_page page = {.peer = JULIET, .limit = 9};
	assert_int_equal(HARNESS_ASK(&h, store_page, &page), 0);
	assert_int_equal(page.list.count, 2);
	assert_int_equal(page.list.at[0].trust, STORE_TRUST_VERIFIED);
	store_list_finish(&page.list);
	struct store_search search = {.words = "night", .direction = -1, .limit = 9};
	assert_int_equal(HARNESS_ASK(&h, store_search, &search), 0);
	assert_int_equal(search.list.count, 2);
	assert_int_equal(search.list.at[1].trust, STORE_TRUST_VERIFIED);
	store_list_finish(&search.list);
	put = msg_out("c", "Adieu"); /* the other one failed with the key it was for */
	put.trust = STORE_TRUST_NEW;
	(void)msg_keep(&h, put);
	struct store_load load = {.peer = JULIET, .count = 9, .bytes = 999};
	assert_int_equal(HARNESS_ASK(&h, store_load, &load), 0);
	assert_int_equal(load.item_count, 1);
	assert_int_equal(load.items[0].trust, STORE_TRUST_NEW);
	store_load_finish(&load);
	struct store_peers peers = {.limit = 9};
	assert_int_equal(HARNESS_ASK(&h, store_peers, &peers), 0);
	assert_int_equal(peers.at[0].trust, STORE_TRUST_NEW);
	store_peers_finish(&peers);
	harness_finish(&h);
}

static void
l7_what_was_written_into_the_file_is_trusted_no_more(void **state)
{
	(void)state;
	struct harness h;
	struct store_read_log read;
	harness_start(&h);
	int64_t n = msg_keep(&h, msg_in("a", "x"));
	assert_int_equal(msg_ask(&h, "UPDATE message SET trust = 77"), -1);
	assert_int_equal(msg_look(&h, n, &read)->trust, STORE_TRUST_PLAIN);
	store_read_log_finish(&read);
	/* no key, or half of one: no trust; and a key is one that nobody has looked at */
	assert_int_equal(msg_ask(&h, "UPDATE peer SET trust = 4"), -1);
	assert_string_equal(list(&h, 9), JULIET ":0:plain");
	assert_int_equal(msg_ask(&h, "UPDATE peer SET key = x'0707'"), -1);
	assert_string_equal(list(&h, 9), JULIET ":0:plain");
	assert_int_equal(msg_ask(&h, "UPDATE peer SET trust = -3, key = zeroblob(32)"), -1);
	assert_string_equal(list(&h, 9), JULIET ":0:new");
	/* a change that is not there is told by nobody */
	assert_int_equal(
	    msg_ask(&h, "INSERT INTO event (n, of, kind, value) VALUES (9, 0, 7, 0)"), -1);
	assert_string_equal(changes(&h, 0), "");
	harness_finish(&h);
}

static void
who_is_trusted_less_changes_nothing_that_was_said(void **state)
{
	(void)state;
	struct harness h;
	harness_start(&h);
	struct store_put put = msg_in("a", "Good night");
	put.trust = STORE_TRUST_KNOWN;
	int64_t n = msg_keep(&h, put), since = n;
	/* whoever has the name now says what was said with the key */
	put = msg_about(msg_in("b", "Drink this"), STORE_CORRECTION, "a");
	assert_int_equal(msg_put(&h, &put), 0);
	assert_int_equal(put.kept, STORE_CHAT);
	assert_int_equal(put.of, 0);
	assert_string_equal(put.quote, "");
	put = msg_about(msg_in("c", ""), STORE_RETRACTION, "a");
	put.trust = STORE_TRUST_NEW;
	assert_int_equal(msg_put(&h, &put), 0);
	assert_int_equal(put.n, 0);
	put = msg_about(msg_in("d", "Stay"), STORE_CORRECTION, "a");
	put.trust = STORE_TRUST_CHANGED;
	assert_int_equal(msg_put(&h, &put), 0);
	assert_int_equal(put.kept, STORE_CHAT);
	put = msg_about(msg_in("x", "!"), STORE_REACTION, "a");
	assert_int_equal(msg_put(&h, &put), 0);
	assert_int_equal(put.n, 0);
	ASSERT_LOG(&h, since, "message 2 b  by0 state0\nmessage 3 d  by0 state0\n");
	assert_int_equal(
	    msg_ask(&h, "SELECT count(*) FROM message WHERE n = 1 AND body = 'Good night'"), 1);
	assert_int_equal(msg_ask(&h, "SELECT trust FROM message WHERE n = 2"), STORE_TRUST_PLAIN);
	/* who is trusted as much or more does */
	put = msg_about(msg_in("e", "Good morrow"), STORE_CORRECTION, "a");
	put.trust = STORE_TRUST_VERIFIED;
	assert_int_equal(msg_put(&h, &put), 0);
	assert_int_equal(put.kept, STORE_CORRECTION);
	assert_int_equal(
	    msg_ask(&h, "SELECT trust FROM message WHERE n = 1 AND body = 'Good morrow'"),
	    STORE_TRUST_KNOWN);
	put = msg_about(msg_in("f", ""), STORE_RETRACTION, "a");
	put.trust = STORE_TRUST_INTRODUCED;
	assert_int_equal(msg_put(&h, &put), 0);
	assert_int_equal(put.kept, STORE_RETRACTION);
	assert_int_equal(msg_ask(&h, "SELECT retracted FROM message WHERE n = 1"), 1);
	harness_finish(&h);
}

static void
forgetting_what_was_said_leaves_the_key(void **state)
{
	(void)state;
	struct harness h;
	harness_start(&h);
	(void)kept(&h, contact("a@x", 7, STORE_TRUST_KNOWN), "accepted");
	struct store_contact c = contact("b@x", 0, STORE_TRUST_PLAIN);
	c.blocked = true;
	(void)kept(&h, c, "blocked");
	(void)kept(&h, contact("c@x", 0, STORE_TRUST_PLAIN), NULL);
	(void)kept(&h, contact("d@x", 9, STORE_TRUST_NEW), "first contact");
	(void)forget(&h, "d@x");
	struct store_forget all = {.queued = true};
	assert_int_equal(HARNESS_ASK(&h, store_forget, &all), 0);
	assert_string_equal(list(&h, 9), "a@x:7:known b@x:0:plain!");
	/* of who is no contact any more nothing is told */
	assert_string_equal(
	    changes(&h, 0), "a@x plain>known 7 accepted\nb@x plain>plain 0 blocked\n");
	assert_int_equal(msg_ask(&h, "SELECT count(*) FROM trust_change"), 2);
	harness_finish(&h);
}

/* As many contacts as there may be, all of them new but the first two. */
static void
fill_up(struct harness *h)
{
	assert_int_equal(
	    msg_ask(h, "WITH RECURSIVE c (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM c WHERE i < "
		       "4096) INSERT INTO peer (name, display, key, trust, seen_at) SELECT 'p' || "
		       "i, 'p', CAST(printf('%032d', i) AS BLOB), CASE WHEN i < 3 THEN 2 ELSE 1 "
		       "END, i FROM c"),
	    -1);
	assert_int_equal(LIMIT_PEOPLE_KNOWN, 4096);
}

static void
strangers_without_number_displace_only_strangers(void **state)
{
	(void)state;
	struct harness h;
	harness_start(&h);
	fill_up(&h);
	/* spoken with, and blocked: both stay */
	struct store_put put = msg_in("a", "x");
	put.peer = "p3";
	(void)msg_keep(&h, put);
	assert_int_equal(msg_ask(&h, "UPDATE peer SET blocked = 1 WHERE name = 'p4'"), -1);
	(void)kept(&h, contact("z@x", 200, STORE_TRUST_NEW), NULL);
	assert_int_equal(msg_ask(&h, "SELECT count(*) FROM peer WHERE key IS NOT NULL"), 4096);
	assert_int_equal(
	    msg_ask(&h, "SELECT count(*) FROM peer WHERE name IN ('p1', 'p2', 'p3', 'p4')"), 4);
	assert_int_equal(msg_ask(&h, "SELECT count(*) FROM peer WHERE name = 'p5'"), 0);
	assert_int_equal(msg_ask(&h, "UPDATE peer SET trust = 2"), -1);
	assert_int_equal(keep(&h, contact("y@x", 201, STORE_TRUST_NEW), NULL, NULL), ERR_TOO_BIG);
	/* of those there are each can still be changed */
	(void)kept(&h, contact("z@x", 200, STORE_TRUST_VERIFIED), "verified");
	harness_finish(&h);
}

/* Whoever waits for a key is not taken for somebody in plain because of them. */
static void
n8_strangers_keys_hide_nobody_who_is_waited_for_or_blocked(void **state)
{
	(void)state;
	struct harness h;
	harness_start(&h);
	fill_up(&h);
	(void)kept(&h, contact("waited@x", 0, STORE_TRUST_NEW), NULL);
	struct store_contact c = contact("blocked@x", 0, STORE_TRUST_PLAIN);
	c.blocked = true;
	(void)kept(&h, c, "blocked");
	struct store_contacts all = {.limit = STORE_CONTACTS_MAX};
	assert_int_equal(HARNESS_ASK(&h, store_contacts, &all), 0);
	unsigned found = 0;
	for (size_t i = 0; i < all.count; i++)
		found += strcmp(all.at[i].name, "waited@x") == 0 ||
			 strcmp(all.at[i].name, "blocked@x") == 0;
	assert_int_equal(found, 2);
	assert_false(all.more);
	store_contacts_finish(&all);
	harness_finish(&h);
}

static void
the_oldest_of_very_many_changes_go(void **state)
{
	(void)state;
	struct harness h;
	harness_start(&h);
	assert_int_equal(
	    msg_ask(&h,
		"WITH RECURSIVE c (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM c WHERE i < 10000)"
		" INSERT INTO trust_change SELECT i, 'p', 'p', NULL, 0, 1, '', 1 FROM c"),
	    -1);
	assert_int_equal(
	    msg_ask(
		&h, "INSERT INTO event (n, of, kind, value) SELECT n, 0, 7, 1 FROM trust_change"),
	    -1);
	assert_int_equal(LIMIT_TRUST_CHANGES, 10000);
	harness_close(&h);
	harness_open(&h);
	(void)kept(&h, contact("z@x", 7, STORE_TRUST_NEW), NULL);
	(void)kept(&h, contact("y@x", 8, STORE_TRUST_NEW), NULL);
	assert_int_equal(msg_ask(&h, "SELECT min(n) FROM trust_change"), 3);
	assert_int_equal(msg_ask(&h, "SELECT min(n) FROM event"), 3);
	assert_int_equal(msg_ask(&h, "SELECT max(n) FROM trust_change"), 10002);
	harness_finish(&h);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(the_ranks_are_what_is_believed),
	    cmocka_unit_test(a_contact_is_there_after_a_restart_as_it_was_put),
	    cmocka_unit_test(those_with_a_key_come_first_and_no_more_than_wanted),
	    cmocka_unit_test(the_log_tells_every_change_of_trust_and_nothing_else),
	    cmocka_unit_test(a_change_is_told_at_once),
	    cmocka_unit_test(what_contradicts_itself_is_refused),
	    cmocka_unit_test(a_refused_key_becomes_whose_it_is),
	    cmocka_unit_test(the_key_takes_the_name_and_each_keeps_its_own),
	    cmocka_unit_test(two_contacts_swap_their_names),
	    cmocka_unit_test(plain_ones_become_one_and_keys_never),
	    cmocka_unit_test(a_message_keeps_the_trust_it_was_said_with),
	    cmocka_unit_test(l7_what_was_written_into_the_file_is_trusted_no_more),
	    cmocka_unit_test(who_is_trusted_less_changes_nothing_that_was_said),
	    cmocka_unit_test(forgetting_what_was_said_leaves_the_key),
	    cmocka_unit_test(strangers_without_number_displace_only_strangers),
	    cmocka_unit_test(n8_strangers_keys_hide_nobody_who_is_waited_for_or_blocked),
	    cmocka_unit_test(the_oldest_of_very_many_changes_go),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
