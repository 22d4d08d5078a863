#include "base/random.h"
#include "tls/fingerprint.h"
#include "tls/key.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static struct tls_id
id_of(int byte)
{
	struct tls_id id;
	memset(id.bytes, byte, sizeof(id.bytes));
	return id;
}

/* Computed once by another program. */
static void
the_safety_number_is_what_the_definition_says(void **state)
{
	(void)state;
	struct tls_id a = id_of(1), b = id_of(2);
	char number[TLS_SAFETY_SIZE], turned[TLS_SAFETY_SIZE];
	assert_int_equal(tls_safety_number(&a, &b, number), 0);
	assert_string_equal(number, "12287 35497 70546 97427 86875 63971 "
				    "92884 92886 44234 34320 08370 27871");
	assert_int_equal(tls_safety_number(&b, &a, turned), 0);
	assert_true(tls_safety_equal(number, turned));
}

static void
another_key_gives_another_number(void **state)
{
	(void)state;
	struct tls_id a = id_of(1), b = id_of(2);
	char number[TLS_SAFETY_SIZE], other[TLS_SAFETY_SIZE];
	assert_int_equal(tls_safety_number(&a, &b, number), 0);
	for (size_t i = 0; i < sizeof(b.bytes); i++) {
		b.bytes[i] ^= 0x80;
		assert_int_equal(tls_safety_number(&a, &b, other), 0);
		assert_false(tls_safety_equal(number, other));
		b.bytes[i] ^= 0x80;
	}
}

static void
a_typed_number_is_read_back(void **state)
{
	(void)state;
	static const char digits[] = "123456789012345678901234567890123456789012345678901234567890";
	char plain[TLS_SAFETY_SIZE], spaced[TLS_SAFETY_SIZE];
	assert_int_equal(tls_safety_parse(digits, plain), 0);
	assert_string_equal(
	    plain, "12345 67890 12345 67890 12345 67890 12345 67890 12345 67890 12345 67890");
	assert_int_equal(tls_safety_parse(plain, spaced), 0);
	assert_string_equal(plain, spaced);
	assert_int_equal(
	    tls_safety_parse(" 12345-67890 12345 67890\n1234567890  12345 67890\t12345-67890 "
			     "12345 67890\r\n",
		spaced),
	    0);
	assert_string_equal(plain, spaced);
	assert_int_equal(tls_safety_parse("", plain), -EINVAL);
	assert_int_equal(tls_safety_parse(digits + 1, plain), -EINVAL);
	assert_int_equal(
	    tls_safety_parse("1234567890123456789012345678901234567890123456789012345678"
			     "901",
		plain),
	    -EINVAL);
	assert_int_equal(tls_safety_parse("12345 67890 12345 67890 12345 67890 12345 67890 12345 "
					  "67890 12345 6789o",
			     plain),
	    -EINVAL);
}

static void
an_id_is_written_and_read(void **state)
{
	(void)state;
	struct tls_id id, back;
	char hex[TLS_ID_HEX_SIZE], tag[TLS_ID_TAG_SIZE];
	random_bytes(&id, sizeof(id));
	tls_id_hex(&id, hex);
	tls_id_tag(&id, tag);
	assert_int_equal(strlen(hex), 64);
	assert_int_equal(strlen(tag), 8);
	assert_memory_equal(hex, tag, 8);
	assert_int_equal(tls_id_parse(hex, &back), 0);
	assert_true(tls_id_equal(&id, &back));
	assert_int_equal(tls_id_compare(&id, &back), 0);
	assert_int_equal(tls_id_parse("", &back), -EINVAL);
	assert_int_equal(tls_id_parse(tag, &back), -EINVAL);
	assert_int_equal(tls_id_parse(hex + 1, &back), -EINVAL);
	hex[63] = 'g';
	assert_int_equal(tls_id_parse(hex, &back), -EINVAL);
	assert_true(tls_id_equal(&id, &back)); /* untouched */
}

static void
earlier_keys_count_as_the_same_person(void **state)
{
	(void)state;
	struct tls_id a = id_of(1), b = id_of(2), c = id_of(3);
	struct tls_peer peer = {.id = a, .formerly = {b}, .formerly_count = 1};
	assert_true(tls_peer_was(&peer, &a));
	assert_true(tls_peer_was(&peer, &b));
	assert_false(tls_peer_was(&peer, &c));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(the_safety_number_is_what_the_definition_says),
	    cmocka_unit_test(another_key_gives_another_number),
	    cmocka_unit_test(a_typed_number_is_read_back),
	    cmocka_unit_test(an_id_is_written_and_read),
	    cmocka_unit_test(earlier_keys_count_as_the_same_person),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
