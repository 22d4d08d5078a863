#include "base/random.h"
#include "tls/sas.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum {
	TRIES = 20000,    /* of an attacker against the whole code */
	GRIND = 200000,   /* nonces an attacker tries for one word */
	PER_BUCKET = 100, /* expected, of the distribution */
	BUCKETS = 64,
};

struct side {
	uint8_t nonce[SAS_NONCE_SIZE], exporter[TLS_EXPORTER_SIZE];
	struct tls_id id;
};

static struct side
make_side(void)
{
	struct side s;
	random_bytes(&s, sizeof(s));
	return s;
}

static struct sas
derive(const struct side *session, const uint8_t *initiator, const uint8_t *responder,
    const struct tls_id *a, const struct tls_id *b)
{
	struct sas sas;
	assert_int_equal(sas_derive(session->exporter, initiator, responder, a, b, &sas), 0);
	return sas;
}

static void
both_sides_get_the_same_words_and_digits(void **state)
{
	(void)state;
	struct side a = make_side(), b = make_side();
	struct sas one = derive(&a, a.nonce, b.nonce, &a.id, &b.id);
	struct sas two = derive(&a, a.nonce, b.nonce, &b.id, &a.id);
	assert_string_equal(one.words, two.words);
	assert_string_equal(one.digits, two.digits);
}

/* RFC 5869 by another hand: HMAC-SHA256 in Python over the same bytes. */
static void
the_code_is_what_the_definition_says(void **state)
{
	(void)state;
	struct side a, b;
	memset(a.nonce, 0x11, sizeof(a.nonce));
	memset(b.nonce, 0x22, sizeof(b.nonce));
	memset(a.exporter, 0x33, sizeof(a.exporter));
	memset(a.id.bytes, 0x44, sizeof(a.id.bytes));
	memset(b.id.bytes, 0x55, sizeof(b.id.bytes));
	struct sas sas = derive(&a, a.nonce, b.nonce, &a.id, &b.id);
	assert_string_equal(sas.words, "kata zasa davi");
	assert_string_equal(sas.digits, "266 5814 4569");
}

static void
every_part_changes_the_code(void **state)
{
	(void)state;
	struct side a = make_side(), b = make_side();
	struct sas one = derive(&a, a.nonce, b.nonce, &a.id, &b.id);
	struct side c = make_side();
	struct sas others[] = {
	    derive(&c, a.nonce, b.nonce, &a.id, &b.id),
	    derive(&a, c.nonce, b.nonce, &a.id, &b.id),
	    derive(&a, a.nonce, c.nonce, &a.id, &b.id),
	    derive(&a, b.nonce, a.nonce, &a.id, &b.id),
	    derive(&a, a.nonce, b.nonce, &c.id, &b.id),
	    derive(&a, a.nonce, b.nonce, &a.id, &c.id),
	};
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		assert_string_not_equal(one.digits, others[i].digits);
}

static void
a_commitment_fits_its_nonce_only(void **state)
{
	(void)state;
	struct side a = make_side();
	uint8_t commitment[SAS_COMMITMENT_SIZE];
	assert_int_equal(sas_commit(a.nonce, commitment), 0);
	assert_true(sas_kept(commitment, a.nonce));
	for (size_t i = 0; i < sizeof(a.nonce); i++) {
		a.nonce[i] ^= 1;
		assert_false(sas_kept(commitment, a.nonce));
		a.nonce[i] ^= 1;
	}
}

static int
compare_words(const void *a, const void *b)
{
	return strcmp(a, b);
}

static void
all_words_are_different(void **state)
{
	(void)state;
	static char words[SAS_WORD_COUNT][SAS_WORD_SIZE];
	for (unsigned i = 0; i < SAS_WORD_COUNT; i++)
		sas_word(i, words[i]);
	qsort(words, SAS_WORD_COUNT, sizeof(words[0]), compare_words);
	for (unsigned i = 1; i < SAS_WORD_COUNT; i++)
		assert_string_not_equal(words[i - 1], words[i]);
}

/* Chi-squared over the first and the last six bits: 63 degrees of freedom, beyond 130 once in a
 * million runs. */
static void
all_codes_are_equally_likely(void **state)
{
	(void)state;
	struct side a = make_side(), b = make_side();
	unsigned first[BUCKETS] = {0}, last[BUCKETS] = {0};
	for (unsigned i = 0; i < BUCKETS * PER_BUCKET; i++) {
		random_bytes(a.nonce, sizeof(a.nonce));
		struct sas sas = derive(&a, a.nonce, b.nonce, &a.id, &b.id);
		uint64_t bits = 0;
		for (const char *c = sas.digits; *c; c++)
			bits = *c == ' ' ? bits : bits * 10 + (uint64_t)(*c - '0');
		assert_true(bits < UINT64_C(1) << SAS_BITS);
		first[bits >> (SAS_BITS - 6)]++;
		last[bits & (BUCKETS - 1)]++;
	}
	double sums[2] = {0, 0};
	for (unsigned i = 0; i < BUCKETS; i++) {
		double d1 = (double)first[i] - PER_BUCKET, d2 = (double)last[i] - PER_BUCKET;
		sums[0] += d1 * d1 / PER_BUCKET;
		sums[1] += d2 * d2 / PER_BUCKET;
	}
	assert_true(sums[0] < 130);
	assert_true(sums[1] < 130);
}

/* Mallory keeps a session with Alice (who initiates) and one with Bob, and shows each a key of her
 * own. She wants both to see the same code. To Bob she is the initiator: her commitment to him has
 * to be sent before his nonce comes. */
struct attack {
	struct side alice, bob, mallory;
	struct sas alice_sees;
	uint8_t commitment[SAS_COMMITMENT_SIZE]; /* that Bob has from her */
};

static void
begin_attack(struct attack *t)
{
	t->alice = make_side();
	t->bob = make_side();
	t->mallory = make_side();
	t->alice_sees =
	    derive(&t->alice, t->alice.nonce, t->mallory.nonce, &t->alice.id, &t->mallory.id);
	assert_int_equal(sas_commit(t->mallory.nonce, t->commitment), 0);
}

static struct sas
bob_sees(const struct attack *t)
{
	return derive(&t->bob, t->mallory.nonce, t->bob.nonce, &t->mallory.id, &t->bob.id);
}

/* With all of Bob's nonce known and no commitment to keep she searches: one word of three falls
 * at once, all three in 2^36 steps, which is less than a minute on many cores. */
static bool
grind_one_word(struct attack *t)
{
	for (uint64_t i = 0; i < GRIND; i++) {
		memcpy(t->mallory.nonce, &i, sizeof(i));
		struct sas sas = bob_sees(t);
		if (strncmp(sas.words, t->alice_sees.words, SAS_WORD_SIZE) == 0)
			return true;
	}
	return false;
}

static void
n4_without_the_commitment_a_relay_finds_a_code_that_fits(void **state)
{
	(void)state;
	struct attack t;
	begin_attack(&t);
	assert_true(grind_one_word(&t));
	/* which Bob notices, if he looks */
	assert_false(sas_kept(t.commitment, t.mallory.nonce));
}

static void
n4_with_the_commitment_a_relay_can_only_guess(void **state)
{
	(void)state;
	for (unsigned i = 0; i < TRIES; i++) {
		struct attack t;
		begin_attack(&t);
		assert_true(sas_kept(t.commitment, t.mallory.nonce));
		assert_string_not_equal(bob_sees(&t).digits, t.alice_sees.digits);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(both_sides_get_the_same_words_and_digits),
	    cmocka_unit_test(the_code_is_what_the_definition_says),
	    cmocka_unit_test(every_part_changes_the_code),
	    cmocka_unit_test(a_commitment_fits_its_nonce_only),
	    cmocka_unit_test(all_words_are_different),
	    cmocka_unit_test(all_codes_are_equally_likely),
	    cmocka_unit_test(n4_without_the_commitment_a_relay_finds_a_code_that_fits),
	    cmocka_unit_test(n4_with_the_commitment_a_relay_can_only_guess),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
