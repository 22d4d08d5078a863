/* Which certificates are accepted, by whom they claim to come after included. */
#include "base/err.h"
#include "base/limits.h"
#include "forge.h"
#include "tls/certificate.h"
#include "tls/internal.h"

static int
verdict_on(const char *type, const struct kind *kind, struct tls_peer *peer)
{
	EVP_PKEY *key = make_key(type);
	X509 *cert = make_cert(key, kind);
	struct tls_peer ignored;
	int err = certificate_verify(cert, peer ? peer : &ignored);
	struct tls_id id;
	if (!err && peer) {
		assert_int_equal(certificate_key_id(key, &id), 0);
		assert_true(tls_id_equal(&id, &peer->id));
	}
	X509_free(cert);
	EVP_PKEY_free(key);
	ERR_clear_error();
	return err;
}

static void
two_kinds_of_keys_are_accepted(void **state)
{
	(void)state;
	const struct kind usual = {0};
	struct tls_peer peer;
	assert_int_equal(verdict_on("ED25519", &usual, &peer), 0);
	assert_int_equal(peer.formerly_count, 0);
	assert_int_equal(verdict_on("P-256", &usual, &peer), 0);
	static const char *const others[] = {"RSA", "P-384", "P-521", "ED448"};
	for (size_t i = 0; i < ARRAY_LEN(others); i++)
		assert_int_equal(verdict_on(others[i], &usual, NULL), ERR_CERTIFICATE);
}

/* Clocks on isolated networks are wrong: nothing may depend on them. */
static void
dates_do_not_matter(void **state)
{
	(void)state;
	const struct kind expired = {.from = "19990101000000Z", .until = "20000101000000Z"};
	const struct kind future = {.from = "21990101000000Z", .until = "22000101000000Z"};
	const struct kind turned = {.from = "22000101000000Z", .until = "19990101000000Z"};
	assert_int_equal(verdict_on("ED25519", &expired, NULL), 0);
	assert_int_equal(verdict_on("ED25519", &future, NULL), 0);
	assert_int_equal(verdict_on("ED25519", &turned, NULL), 0);
}

static void
a_certificate_that_another_key_signed_is_refused(void **state)
{
	(void)state;
	const struct kind kind = {.other_key = true};
	assert_int_equal(verdict_on("ED25519", &kind, NULL), ERR_CERTIFICATE);
	assert_int_equal(verdict_on("P-256", &kind, NULL), ERR_CERTIFICATE);
}

static void
a_big_one_and_an_old_version_are_refused(void **state)
{
	(void)state;
	const struct kind fits = {.extra = LIMIT_CERTIFICATE - 300};
	const struct kind big = {.extra = LIMIT_CERTIFICATE - 150};
	const struct kind old = {.version_1 = true};
	assert_int_equal(verdict_on("ED25519", &fits, NULL), 0);
	assert_int_equal(verdict_on("ED25519", &big, NULL), ERR_CERTIFICATE);
	assert_int_equal(verdict_on("ED25519", &old, NULL), ERR_CERTIFICATE);
}

static void
our_own_says_nothing_but_the_key(void **state)
{
	(void)state;
	struct tls_identity *i;
	assert_int_equal(identity_generate(&i), 0);
	assert_int_equal(X509_get_ext_count(i->cert), 0);
	assert_true(i2d_X509(i->cert, NULL) < 260);
	assert_string_equal(
	    (const char *)ASN1_STRING_get0_data(X509_get0_notBefore(i->cert)), "700101000000Z");
	assert_string_equal(
	    (const char *)ASN1_STRING_get0_data(X509_get0_notAfter(i->cert)), "99991231235959Z");
	tls_identity_destroy(i);
}

/* ---- handing over ---- */

enum { PIECE = 1 + 44 + 1 + 64 };

/* The extension's bytes when keys[0] hands over to keys[1] and so on; the last one is current. */
static size_t
make_records(EVP_PKEY *const *keys, size_t count, uint8_t *out)
{
	size_t len = 0;
	out[len++] = (uint8_t)(count - 1);
	for (size_t i = 0; i + 1 < count; i++) {
		struct certificate_records one = {.count = 0};
		struct tls_id to;
		assert_int_equal(certificate_key_id(keys[i + 1], &to), 0);
		assert_int_equal(certificate_add_record(&one, keys[i], &to), 0);
		out[len++] = (uint8_t)one.at[0].spki_len;
		memcpy(out + len, one.at[0].spki, one.at[0].spki_len);
		len += one.at[0].spki_len;
		out[len++] = (uint8_t)one.at[0].signature_len;
		memcpy(out + len, one.at[0].signature, one.at[0].signature_len);
		len += one.at[0].signature_len;
	}
	return len;
}

static int
verdict_on_records(EVP_PKEY *key, const uint8_t *bytes, size_t len, struct tls_peer *peer)
{
	const struct kind kind = {.records = bytes, .records_len = len};
	X509 *cert = make_cert(key, &kind);
	int err = certificate_verify(cert, peer);
	X509_free(cert);
	ERR_clear_error();
	return err;
}

struct chain {
	EVP_PKEY *keys[TLS_FORMERLY_MAX + 2];
	struct tls_id ids[TLS_FORMERLY_MAX + 2];
	uint8_t bytes[1024];
	struct tls_peer peer;
};

static void
make_chain(struct chain *c)
{
	memset(c, 0, sizeof(*c));
	for (size_t i = 0; i < ARRAY_LEN(c->keys); i++) {
		c->keys[i] = make_key(i == 2 ? "P-256" : "ED25519");
		assert_int_equal(certificate_key_id(c->keys[i], &c->ids[i]), 0);
	}
}

static void
finish_chain(struct chain *c)
{
	for (size_t i = 0; i < ARRAY_LEN(c->keys); i++)
		EVP_PKEY_free(c->keys[i]);
}

static void
a_chain_of_keys_is_followed(void **state)
{
	(void)state;
	struct chain c;
	make_chain(&c);
	for (size_t n = 2; n <= TLS_FORMERLY_MAX + 1; n++) {
		size_t len = make_records(c.keys, n, c.bytes);
		assert_int_equal(verdict_on_records(c.keys[n - 1], c.bytes, len, &c.peer), 0);
		assert_int_equal(c.peer.formerly_count, n - 1);
		for (size_t i = 0; i < n - 1; i++)
			assert_true(tls_id_equal(&c.peer.formerly[i], &c.ids[n - 2 - i]));
	}
	finish_chain(&c);
}

static void
a_record_for_another_successor_is_refused(void **state)
{
	(void)state;
	struct chain c;
	make_chain(&c);
	size_t len = make_records(c.keys, 3, c.bytes);
	/* a thief of the certificate's bytes, with a key of his own */
	assert_int_equal(verdict_on_records(c.keys[4], c.bytes, len, &c.peer), ERR_CERTIFICATE);
	/* the chain's order turned */
	uint8_t turned[sizeof(c.bytes)] = {2};
	memcpy(turned + 1, c.bytes + 1 + PIECE, PIECE);
	memcpy(turned + 1 + PIECE, c.bytes + 1, PIECE);
	assert_int_equal(verdict_on_records(c.keys[2], turned, len, &c.peer), ERR_CERTIFICATE);
	finish_chain(&c);
}

static void
a_circle_of_keys_is_refused(void **state)
{
	(void)state;
	struct chain c;
	make_chain(&c);
	EVP_PKEY *circle[] = {c.keys[0], c.keys[1], c.keys[0]};
	size_t len = make_records(circle, 3, c.bytes);
	assert_int_equal(verdict_on_records(c.keys[0], c.bytes, len, &c.peer), ERR_CERTIFICATE);
	EVP_PKEY *self[] = {c.keys[0], c.keys[0]};
	len = make_records(self, 2, c.bytes);
	assert_int_equal(verdict_on_records(c.keys[0], c.bytes, len, &c.peer), ERR_CERTIFICATE);
	finish_chain(&c);
}

static void
damaged_records_are_refused(void **state)
{
	(void)state;
	struct chain c;
	make_chain(&c);
	size_t len = make_records(c.keys, 2, c.bytes);
	assert_int_equal(verdict_on_records(c.keys[1], c.bytes, len, &c.peer), 0);
	for (size_t i = 0; i < len; i++) {
		c.bytes[i] ^= 1;
		assert_int_equal(
		    verdict_on_records(c.keys[1], c.bytes, len, &c.peer), ERR_CERTIFICATE);
		c.bytes[i] ^= 1;
		assert_int_equal(
		    verdict_on_records(c.keys[1], c.bytes, i, &c.peer), ERR_CERTIFICATE);
	}
	c.bytes[len] = 0;
	assert_int_equal(verdict_on_records(c.keys[1], c.bytes, len + 1, &c.peer), ERR_CERTIFICATE);
	finish_chain(&c);
}

static void
too_many_records_or_extensions_are_refused(void **state)
{
	(void)state;
	struct chain c;
	make_chain(&c);
	size_t len = make_records(c.keys, TLS_FORMERLY_MAX + 2, c.bytes);
	assert_int_equal(verdict_on_records(c.keys[TLS_FORMERLY_MAX + 1], c.bytes, len, &c.peer),
	    ERR_CERTIFICATE);
	len = make_records(c.keys, 2, c.bytes);
	const struct kind twice = {.records = c.bytes, .records_len = len, .twice = true};
	X509 *cert = make_cert(c.keys[1], &twice);
	assert_int_equal(certificate_verify(cert, &c.peer), ERR_CERTIFICATE);
	X509_free(cert);
	finish_chain(&c);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(two_kinds_of_keys_are_accepted),
	    cmocka_unit_test(dates_do_not_matter),
	    cmocka_unit_test(a_certificate_that_another_key_signed_is_refused),
	    cmocka_unit_test(a_big_one_and_an_old_version_are_refused),
	    cmocka_unit_test(our_own_says_nothing_but_the_key),
	    cmocka_unit_test(a_chain_of_keys_is_followed),
	    cmocka_unit_test(a_record_for_another_successor_is_refused),
	    cmocka_unit_test(a_circle_of_keys_is_refused),
	    cmocka_unit_test(damaged_records_are_refused),
	    cmocka_unit_test(too_many_records_or_extensions_are_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
