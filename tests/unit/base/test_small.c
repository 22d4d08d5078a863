#include "base/err.h"
#include "base/hex.h"
#include "base/list.h"
#include "base/random.h"
#include "base/str.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void
a_copy_fits_with_its_nul_or_is_empty(void **state)
{
	(void)state;
	char out[4] = "xyz";
	assert_int_equal(str_copy(out, sizeof(out), "abc"), 0);
	assert_string_equal(out, "abc");
	assert_int_equal(str_copy(out, sizeof(out), "abcd"), ERR_TOO_BIG);
	assert_string_equal(out, "");
	assert_int_equal(str_copy(out, sizeof(out), ""), 0);
	assert_string_equal(out, "");
}

static void
null_equals_only_null(void **state)
{
	(void)state;
	assert_true(str_equal(NULL, NULL));
	assert_false(str_equal(NULL, ""));
	assert_false(str_equal("", NULL));
	assert_true(str_equal("a", "a"));
	assert_false(str_equal("a", "A"));
	assert_true(str_empty(NULL));
	assert_true(str_empty(""));
	assert_false(str_empty(" "));
}

static void
only_ascii_letters_lose_their_case(void **state)
{
	(void)state;
	assert_int_equal(str_casecmp("Romeo@AZ", "rOMEO@az"), 0);
	assert_true(str_casecmp("[", "{") != 0);
	assert_true(str_casecmp("@", "`") != 0);
	assert_true(str_casecmp("\u00c9", "\u00e9") != 0);
	assert_true(str_casecmp("a", "B") < 0);
	assert_true(str_casecmp("b", "A") > 0);
	assert_true(str_casecmp("a", "ab") < 0);
	assert_true(str_casecmp("ab", "a") > 0);
	assert_true(str_casecmp("\xff", "a") > 0);
}

static void
a_slot_holds_the_latest_copy(void **state)
{
	(void)state;
	char *slot = NULL;
	assert_int_equal(str_replace(&slot, "one"), 0);
	assert_string_equal(slot, "one");
	assert_int_equal(str_replace(&slot, slot + 1), 0); /* a part of itself */
	assert_string_equal(slot, "ne");
	assert_int_equal(str_replace(&slot, NULL), 0);
	assert_null(slot);
}

static void
numbers_are_whole_and_in_range(void **state)
{
	(void)state;
	static const char *const bad[] = {"", "-", "+1", " 1", "1 ", "1x", "0x1", "--1", "1.0",
	    "11", "-11", "9223372036854775808", "-9223372036854775809", "99999999999999999999"};
	int64_t n = 77;
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		assert_int_equal(str_to_int(bad[i], -10, 10, &n), -EINVAL);
	assert_int_equal(n, 77);
	assert_int_equal(str_to_int("10", -10, 10, &n), 0);
	assert_int_equal(n, 10);
	assert_int_equal(str_to_int("-10", -10, 10, &n), 0);
	assert_int_equal(n, -10);
	assert_int_equal(str_to_int("007", -10, 10, &n), 0);
	assert_int_equal(n, 7);
	assert_int_equal(str_to_int("9223372036854775807", 0, INT64_MAX, &n), 0);
	assert_true(n == INT64_MAX);
	assert_int_equal(str_to_int("-9223372036854775808", INT64_MIN, 0, &n), 0);
	assert_true(n == INT64_MIN);
}

static void
hex_goes_there_and_back(void **state)
{
	(void)state;
	unsigned char bytes[256], back[256];
	char digits[2 * sizeof(bytes) + 1];
	for (unsigned i = 0; i < sizeof(bytes); i++)
		bytes[i] = (unsigned char)i;
	hex_encode(digits, bytes, sizeof(bytes));
	assert_int_equal(strlen(digits), 512);
	assert_memory_equal(digits, "000102", 6);
	assert_string_equal(digits + 506, "fdfeff");
	assert_int_equal(hex_decode(back, digits, 512), 0);
	assert_memory_equal(back, bytes, sizeof(bytes));
	hex_encode(digits, bytes, 0);
	assert_string_equal(digits, "");
}

static void
hex_takes_only_pairs_of_digits(void **state)
{
	(void)state;
	unsigned char out[2];
	assert_int_equal(hex_decode(out, "aBCd", 4), 0);
	assert_memory_equal(out, "\xab\xcd", 2);
	assert_int_equal(hex_decode(out, "abc", 3), -EINVAL);
	for (int c = 0; c < 256; c++) {
		char pair[2] = {'0', (char)c};
		bool digit = c && strchr("0123456789abcdefABCDEF", c);
		assert_int_equal(hex_decode(out, pair, 2), digit ? 0 : -EINVAL);
	}
}

static void
every_error_has_a_text(void **state)
{
	(void)state;
#define CHECK(name, value, text) assert_string_equal(err_str(name), text);
	ERR_MAP(CHECK)
#undef CHECK
	assert_string_equal(err_str(0), "no error");
	assert_string_equal(err_str(-ENOENT), "No such file or directory");
	assert_string_equal(err_str(-4095), "end of file");
	assert_string_equal(err_str(-3008), "the name does not exist");
	assert_string_equal(err_str(-9999), "unknown error");
	assert_string_equal(err_str(INT32_MIN + 1), "unknown error");
	assert_string_equal(err_str(1234567), "unknown error");
}

static void
random_numbers_stay_below_their_bound(void **state)
{
	(void)state;
	unsigned seen[5] = {0};
	for (int i = 0; i < 2000; i++) {
		uint32_t n = random_below(5);
		assert_true(n < 5);
		seen[n]++;
	}
	for (int i = 0; i < 5; i++)
		assert_true(seen[i] > 200); /* 400 expected: 11 standard deviations */
	assert_int_equal(random_below(1), 0);
}

static void
ids_are_long_and_differ(void **state)
{
	(void)state;
	char a[RANDOM_ID_SIZE], b[RANDOM_ID_SIZE];
	random_id(a);
	random_id(b);
	assert_int_equal(strlen(a), 32);
	assert_int_equal(strspn(a, "0123456789abcdef"), 32);
	assert_string_not_equal(a, b);
}

static void
lists_keep_order_and_let_members_go(void **state)
{
	(void)state;
	struct item {
		int number;
		struct list link;
	} items[4] = {{0, {0}}, {1, {0}}, {2, {0}}, {3, {0}}};
	struct list head;
	list_init(&head);
	assert_true(list_empty(&head));
	for (int i = 0; i < 4; i++)
		list_insert(&head, &items[i].link);
	list_remove(&items[2].link);
	list_remove(&items[2].link); /* on no list: nothing happens */
	list_insert(&items[0].link, &items[2].link);
	static const int order[] = {2, 0, 1, 3};
	int at = 0;
	LIST_FOREACH (node, &head) {
		assert_int_equal(container_of(node, struct item, link)->number, order[at++]);
		list_remove(node);
	}
	assert_int_equal(at, 4);
	assert_true(list_empty(&head));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_copy_fits_with_its_nul_or_is_empty),
	    cmocka_unit_test(null_equals_only_null),
	    cmocka_unit_test(only_ascii_letters_lose_their_case),
	    cmocka_unit_test(a_slot_holds_the_latest_copy),
	    cmocka_unit_test(numbers_are_whole_and_in_range),
	    cmocka_unit_test(hex_goes_there_and_back),
	    cmocka_unit_test(hex_takes_only_pairs_of_digits),
	    cmocka_unit_test(every_error_has_a_text),
	    cmocka_unit_test(random_numbers_stay_below_their_bound),
	    cmocka_unit_test(ids_are_long_and_differ),
	    cmocka_unit_test(lists_keep_order_and_let_members_go),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
