#include "peer/trust.h"

#include "base/err.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

/* All contacts there can be: every trust, with and without a key, blocked or not, settled or not;
 * of these the impossible ones (a key in plain, more than new without one) are left out. */
enum { CONTACTS = 6 * 2 * 2 * 2 * 2 };

static struct tls_id
id_of(uint8_t number)
{
	struct tls_id id;
	memset(id.bytes, number, sizeof(id.bytes));
	return id;
}

static struct tls_peer
key_of(uint8_t number, uint8_t earlier)
{
	struct tls_peer key = {.id = id_of(number)};
	if (earlier)
		key.formerly[key.formerly_count++] = id_of(earlier);
	return key;
}

static bool
make_contact(unsigned n, uint8_t key, struct trust_contact *out)
{
	*out = (struct trust_contact){
	    .trust = (enum store_trust)(n / 16),
	    .has_key = n & 1,
	    .blocked = n & 2,
	    .settled = n & 4,
	    .spoken = n & 8,
	};
	if (out->has_key)
		out->key = id_of(key);
	return out->has_key ? out->trust != STORE_TRUST_PLAIN : out->trust <= STORE_TRUST_NEW;
}

static bool
same(const struct trust_contact *a, const struct trust_contact *b)
{
	return a->trust == b->trust && a->has_key == b->has_key && a->blocked == b->blocked &&
	       a->settled == b->settled && a->spoken == b->spoken && tls_id_equal(&a->key, &b->key);
}

static bool
is_announcement(const struct trust_contact *c)
{
	return !c->has_key && !c->settled;
}

/* ---- what happens to trust ---- */

/* The first key of a name is new, unless a human wrote to it, and not in plain. */
static void
expect_not_raised(const struct trust_contact *before, const struct trust_contact *c)
{
	bool plain = before->trust == STORE_TRUST_PLAIN && before->settled;
	assert_true(c->blocked == before->blocked);
	if (!before->has_key && c->has_key)
		assert_int_equal(
		    c->trust, before->spoken && !plain ? STORE_TRUST_KNOWN : STORE_TRUST_NEW);
	else if (!is_announcement(before))
		assert_int_equal(c->trust, before->trust);
	else
		assert_true(c->trust <= STORE_TRUST_NEW);
}

static void
i11_no_network_event_raises_trust(void **state)
{
	(void)state;
	const struct tls_id keys[] = {id_of(1), id_of(2)};
	unsigned looked_at = 0;
	for (unsigned n = 0; n < CONTACTS; n++) {
		for (enum trust_event e = 0; e < TRUST_EVENTS; e++) {
			struct trust_contact c, before;
			if (trust_is_human(e) || !make_contact(n, 1, &c))
				continue;
			for (size_t k = 0; k < 2; k++) {
				make_contact(n, 1, &c);
				before = c;
				int err = trust_happens(&c, e, &keys[k]);
				looked_at++;
				if (err)
					assert_true(same(&c, &before));
				expect_not_raised(&before, &c);
			}
		}
	}
	assert_in_range(looked_at, 400, 2000);
}

static void
what_requires_a_key_does_so_for_ever(void **state)
{
	(void)state;
	struct tls_id other = id_of(2);
	for (unsigned n = 0; n < CONTACTS; n++) {
		for (enum trust_event e = 0; e < TRUST_EVENTS; e++) {
			struct trust_contact c;
			if (!make_contact(n, 1, &c) || !trust_requires_key(&c))
				continue;
			bool had_key = c.has_key;
			(void)!trust_happens(&c, e, &other);
			if (e == TRUST_FORGOTTEN) /* a human's decision; still not in plain */
				assert_int_equal(c.trust, STORE_TRUST_NEW);
			else
				assert_true(trust_requires_key(&c));
			if (e != TRUST_FORGOTTEN)
				assert_true(!had_key || c.has_key);
		}
	}
}

static void
a_key_changes_only_by_its_own_word_or_a_humans(void **state)
{
	(void)state;
	struct tls_id other = id_of(2), old = id_of(1);
	for (unsigned n = 0; n < CONTACTS; n++) {
		for (enum trust_event e = 0; e < TRUST_EVENTS; e++) {
			struct trust_contact c;
			if (!make_contact(n, 1, &c) || !c.has_key || e == TRUST_FORGOTTEN)
				continue;
			bool may = (e == TRUST_HANDED_OVER || e == TRUST_ACCEPTED_KEY) &&
				   c.trust != STORE_TRUST_CHANGED;
			(void)!trust_happens(&c, e, &other);
			assert_true(tls_id_equal(&c.key, may ? &other : &old));
		}
	}
}

static void
whom_humans_decide_upon(void **state)
{
	(void)state;
	static const struct {
		enum store_trust before;
		enum trust_event event;
		int err;
		enum store_trust after;
	} rows[] = {
	    {STORE_TRUST_NEW, TRUST_SAID, 0, STORE_TRUST_KNOWN},
	    {STORE_TRUST_NEW, TRUST_ACCEPTED, 0, STORE_TRUST_KNOWN},
	    {STORE_TRUST_NEW, TRUST_VERIFIED, 0, STORE_TRUST_VERIFIED},
	    {STORE_TRUST_NEW, TRUST_INTRODUCED, 0, STORE_TRUST_INTRODUCED},
	    {STORE_TRUST_KNOWN, TRUST_SAID, 0, STORE_TRUST_KNOWN},
	    {STORE_TRUST_KNOWN, TRUST_VERIFIED, 0, STORE_TRUST_VERIFIED},
	    {STORE_TRUST_KNOWN, TRUST_INTRODUCED, 0, STORE_TRUST_INTRODUCED},
	    {STORE_TRUST_CHANGED, TRUST_INTRODUCED, ERR_TRUST, STORE_TRUST_CHANGED},
	    {STORE_TRUST_INTRODUCED, TRUST_ACCEPTED, 0, STORE_TRUST_INTRODUCED},
	    {STORE_TRUST_INTRODUCED, TRUST_SAID, 0, STORE_TRUST_INTRODUCED},
	    {STORE_TRUST_VERIFIED, TRUST_SAID, 0, STORE_TRUST_VERIFIED},
	    {STORE_TRUST_VERIFIED, TRUST_ACCEPTED, 0, STORE_TRUST_VERIFIED},
	    {STORE_TRUST_VERIFIED, TRUST_INTRODUCED, 0, STORE_TRUST_VERIFIED},
	    {STORE_TRUST_VERIFIED, TRUST_HANDED_OVER, 0, STORE_TRUST_VERIFIED},
	    {STORE_TRUST_VERIFIED, TRUST_ACCEPTED_KEY, 0, STORE_TRUST_KNOWN},
	    {STORE_TRUST_CHANGED, TRUST_SAID, ERR_TRUST, STORE_TRUST_CHANGED},
	    {STORE_TRUST_CHANGED, TRUST_ACCEPTED, ERR_TRUST, STORE_TRUST_CHANGED},
	    {STORE_TRUST_CHANGED, TRUST_VERIFIED, ERR_TRUST, STORE_TRUST_CHANGED},
	    {STORE_TRUST_CHANGED, TRUST_HANDED_OVER, ERR_TRUST, STORE_TRUST_CHANGED},
	};
	struct tls_id key = id_of(2);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct trust_contact c = {
		    .trust = rows[i].before, .has_key = true, .key = id_of(1), .settled = true};
		assert_int_equal(trust_happens(&c, rows[i].event, &key), rows[i].err);
		assert_int_equal(c.trust, rows[i].after);
	}
}

static void
plain_stays_plain_until_there_is_a_key(void **state)
{
	(void)state;
	struct tls_id key = id_of(1);
	for (enum trust_event e = 0; e < TRUST_EVENTS; e++) {
		struct trust_contact c = {.trust = STORE_TRUST_PLAIN, .settled = true};
		(void)!trust_happens(&c, e, &key);
		assert_int_equal(
		    c.trust, e == TRUST_SEEN_KEY ? STORE_TRUST_NEW : STORE_TRUST_PLAIN);
		assert_true(c.has_key == (e == TRUST_SEEN_KEY));
	}
}

/* ---- claims ---- */

static enum trust_verdict
judge(const struct tls_peer *key, const struct trust_contact *holder,
    const struct trust_contact *bearer, const struct trust_contact *earlier)
{
	return trust_judge(&(struct trust_claim){key, holder, bearer, earlier});
}

static void
a_key_is_its_bearer_under_any_name(void **state)
{
	(void)state;
	struct tls_peer key = key_of(1, 0);
	for (unsigned n = 0; n < CONTACTS; n++) {
		struct trust_contact bearer, holder;
		if (!make_contact(n, 1, &bearer) || !bearer.has_key)
			continue;
		for (unsigned m = 0; m < CONTACTS; m++) {
			if (!make_contact(m, 2, &holder))
				continue;
			bool good = !bearer.blocked && bearer.trust != STORE_TRUST_CHANGED;
			assert_int_equal(judge(&key, &holder, &bearer, NULL),
			    good ? TRUST_BEARER : TRUST_REFUSED);
		}
	}
}

static void
n5_another_key_never_gets_a_name_that_is_held(void **state)
{
	(void)state;
	struct tls_peer key = key_of(3, 0);
	for (unsigned n = 0; n < CONTACTS; n++) {
		struct trust_contact holder;
		if (!make_contact(n, 1, &holder))
			continue;
		enum trust_verdict verdict = judge(&key, &holder, NULL, NULL);
		if (holder.has_key)
			assert_int_equal(verdict, TRUST_IMPOSTOR);
		else if (holder.blocked)
			assert_int_equal(verdict, TRUST_REFUSED);
		else
			assert_int_equal(verdict, TRUST_FIRST_KEY);
	}
	assert_int_equal(judge(&key, NULL, NULL, NULL), TRUST_FIRST_KEY);
}

static void
n7_a_name_that_was_keyed_is_never_plain_again(void **state)
{
	(void)state;
	for (unsigned n = 0; n < CONTACTS; n++) {
		struct trust_contact holder;
		if (!make_contact(n, 1, &holder))
			continue;
		enum trust_verdict verdict = judge(NULL, &holder, NULL, NULL);
		if (holder.has_key || (holder.trust == STORE_TRUST_NEW && holder.settled))
			assert_int_equal(verdict, TRUST_OTHER);
		else
			assert_int_equal(verdict, holder.blocked ? TRUST_REFUSED : TRUST_PLAIN);
	}
	assert_int_equal(judge(NULL, NULL, NULL, NULL), TRUST_PLAIN);
}

static void
a_successor_takes_the_place_of_its_key_only(void **state)
{
	(void)state;
	struct tls_peer key = key_of(2, 1);
	struct trust_contact known = {
	    .trust = STORE_TRUST_VERIFIED, .has_key = true, .key = id_of(1)};
	struct trust_contact shadow = {
	    .trust = STORE_TRUST_CHANGED, .has_key = true, .key = id_of(2)};
	struct trust_contact other = {.trust = STORE_TRUST_KNOWN, .has_key = true, .key = id_of(3)};
	assert_int_equal(judge(&key, &known, NULL, &known), TRUST_SUCCESSOR);
	assert_int_equal(judge(&key, &other, NULL, &known), TRUST_SUCCESSOR); /* it moved, too */
	assert_int_equal(judge(&key, &known, &shadow, &known), TRUST_SUCCESSOR);
	assert_int_equal(judge(&key, &known, NULL, &shadow), TRUST_REFUSED);
	known.blocked = true;
	assert_int_equal(judge(&key, &known, NULL, &known), TRUST_REFUSED);
}

/* ---- names and hints ---- */

static void
names_that_are_given_here_are_nobodys(void **state)
{
	(void)state;
	static const struct {
		const char *name;
		size_t own;
	} rows[] = {
	    {"romeo@forza", 11},
	    {"romeo@forza#plain", 11},
	    {"romeo@forza#PLAIN", 11},
	    {"romeo@forza#0123abcd", 11},
	    {"romeo@forza#0123ABCDEF", 11},
	    {"romeo@forza #2", 14},
	    {"romeo@forza#2", 13},
	    {"romeo@forza#0123abcx", 20},
	    {"#plain", 6},
	    {"a#plain#plain", 7},
	    {"", 0},
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		assert_int_equal(trust_name_own(rows[i].name), rows[i].own);
	struct buf b = BUF_INIT(100);
	trust_name_aside(&b, "romeo@forza", NULL);
	assert_string_equal(buf_cstr(&b), "romeo@forza#plain");
	buf_clear(&b);
	trust_name_aside(&b, "romeo@forza", "0123456789abcdef");
	assert_string_equal(buf_cstr(&b), "romeo@forza#01234567");
	buf_finish(&b);
}

static void
hints_are_half_of_an_id(void **state)
{
	(void)state;
	char hint[TRUST_HINT_SIZE];
	struct tls_id a = id_of(0xab), b = id_of(0xab);
	b.bytes[15] = 0xaa;
	trust_hint(&a, hint);
	assert_string_equal(hint, "abababababababababababababababab");
	assert_true(trust_hint_is_valid(hint));
	assert_true(trust_hint_fits(hint, &a));
	assert_true(trust_hint_fits("ABABABABABABABABABABABABABABABAB", &a));
	assert_false(trust_hint_fits(hint, &b));
	assert_false(trust_hint_is_valid(""));
	assert_false(trust_hint_is_valid("abababababababababababababababa"));
	assert_false(trust_hint_is_valid("abababababababababababababababag"));
	assert_false(trust_hint_is_valid("ababababababababababababababababab"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(i11_no_network_event_raises_trust),
	    cmocka_unit_test(what_requires_a_key_does_so_for_ever),
	    cmocka_unit_test(a_key_changes_only_by_its_own_word_or_a_humans),
	    cmocka_unit_test(whom_humans_decide_upon),
	    cmocka_unit_test(plain_stays_plain_until_there_is_a_key),
	    cmocka_unit_test(a_key_is_its_bearer_under_any_name),
	    cmocka_unit_test(n5_another_key_never_gets_a_name_that_is_held),
	    cmocka_unit_test(n7_a_name_that_was_keyed_is_never_plain_again),
	    cmocka_unit_test(a_successor_takes_the_place_of_its_key_only),
	    cmocka_unit_test(names_that_are_given_here_are_nobodys),
	    cmocka_unit_test(hints_are_half_of_an_id),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
