#include "mdns/names.h"

#include "base/utf8.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void
numbers_go_to_the_user_part(void **state)
{
	(void)state;
	char name[NAMES_SIZE];
	names_instance(name, "juliet", 1, "pronto");
	assert_string_equal(name, "juliet@pronto");
	names_instance(name, "juliet", 2, "pronto");
	assert_string_equal(name, "juliet-2@pronto");
	names_instance(name, "juliet", 4294967295U, "pronto");
	assert_string_equal(name, "juliet-4294967295@pronto");
}

static void
a_label_is_never_exceeded(void **state)
{
	(void)state;
	char user[LIMIT_INSTANCE_NAME + 1], host[LIMIT_HOST_NAME + 1], name[NAMES_SIZE];
	for (size_t u = 1; u < sizeof(user); u++)
		for (size_t h = 1; h < sizeof(host); h += 7) {
			memset(user, 'u', u);
			user[u] = '\0';
			memset(host, 'h', h);
			host[h] = '\0';
			names_instance(name, user, 12, host);
			const char *suffix = strstr(name, "-12@");
			assert_non_null(suffix);
			assert_true(strlen(name) <= LIMIT_INSTANCE_NAME);
			size_t kept = (size_t)(suffix - name);
			assert_true(kept == u || kept >= 16); /* a host cannot push the user out */
			assert_true(strlen(suffix + 4) > 0);
			if (u + 4 + h <= LIMIT_INSTANCE_NAME)
				assert_int_equal(strlen(name), u + 4 + h);
		}
}

static void
characters_are_not_cut(void **state)
{
	(void)state;
	char user[LIMIT_INSTANCE_NAME + 1] = "", name[NAMES_SIZE];
	for (int i = 0; i < 21; i++)
		memcpy(user + 3 * (size_t)i, "\xe2\x82\xac", 4); /* three bytes each */
	for (unsigned n = 1; n < 2000; n *= 3) {
		names_instance(name, user, n,
		    "h\xc3\xb6"
		    "chst");
		assert_true(utf8_valid(name, strlen(name)));
		assert_true(strlen(name) > LIMIT_INSTANCE_NAME - 3);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(numbers_go_to_the_user_part),
	    cmocka_unit_test(a_label_is_never_exceeded),
	    cmocka_unit_test(characters_are_not_cut),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
