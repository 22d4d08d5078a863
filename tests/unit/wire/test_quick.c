#include "base/compiler.h"
#include "wire/quick.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static json_t *
jansson(const char *text, size_t len)
{
	return json_loadb(text, len, JSON_REJECT_DUPLICATES, NULL);
}

/* True if it was read at once: then jansson must read the same. */
static bool
agrees(const char *text, size_t len)
{
	json_t *quick = quick_read(text, len);
	if (!quick)
		return false;
	json_t *full = jansson(text, len);
	if (!full || !json_equal(quick, full))
		fail_msg("not as jansson reads it: %.*s", (int)len, text);
	json_decref(full);
	json_decref(quick);
	return true;
}

static const char call[] =
    "{\"jsonrpc\":\"2.0\",\"id\":12345,\"method\":\"send\",\"params\":{\"peer\":\"bob@h2\","
    "\"text\":\"words, and \xc3\xa4 \xf0\x9f\x98\x80 more words\",\"list\":[1,-2,true,false,null,"
    "[],{}],\"\":{\"a\":{\"b\":[0,999999999999999999,-999999999999999999]}}}}";

static void
reads_what_our_programs_write(void **state)
{
	(void)state;
	static const char *const plain[] = {call, "{}", "[]", " [ ] ",
	    "{ \"a\" : 1 , \"b\" : [ 2 ] }\r\n", "[\"\x7f\"]", "[\"[{\"]", "{\"a\":{\"a\":1}}",
	    "[-0]", "[\"1234567\",\"12345678\"]"};
	for (size_t i = 0; i < ARRAY_LEN(plain); i++)
		if (!agrees(plain[i], strlen(plain[i])))
			fail_msg("not plain: %s", plain[i]);
}

static void
leaves_the_rest_to_jansson(void **state)
{
	(void)state;
	static const char *const rest[] = {"", "1", "\"a\"", "null", "[1.5]", "[1e5]", "[\"\\n\"]",
	    "[1234567890123456789]", "{\"a\":1,\"a\":2}", "[01]", "[-]", "[1,]", "[,1]", "{\"a\"}",
	    "[\"\t\"]", "[\"\xff\"]", "[\"\xed\xa0\x80\"]", "[", "[1", "[\"a", "{\"a\":", "[tru]",
	    "[]x", "[}", "[1 2]", "[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]"};
	for (size_t i = 0; i < ARRAY_LEN(rest); i++)
		assert_null(quick_read(rest[i], strlen(rest[i])));
	assert_null(quick_read("[\"\0\"]", 5));
	assert_null(quick_read("[]\0", 3));
}

/* Wherever a text is cut or changed, it is read as jansson reads it, or not at all. */
static void
agrees_with_jansson_whatever_comes(void **state)
{
	(void)state;
	static const char odd[] =
	    "{}[]\":,\\ \n\t0123456789-+.eEtruefalsn\x01\x1f\x7f\x80\xc3\xa4\xff";
	char text[sizeof(call)];
	uint32_t random = 1, read = 0;
	for (size_t len = 0; len < sizeof(call); len++)
		(void)agrees(call, len);
	for (unsigned i = 0; i < 100000; i++) {
		memcpy(text, call, sizeof(text));
		for (unsigned changes = i % 3; changes < 3; changes++) {
			random = random * 1664525 + 1013904223;
			text[(random >> 8) % (sizeof(text) - 1)] =
			    odd[(random >> 20) % (sizeof(odd) - 1)];
		}
		read += agrees(text, sizeof(text) - 1) ? 1U : 0U;
	}
	assert_in_range(read, 1000, 99000); /* both happen, or this proves little */
}

/* What ends a run is found wherever it stands to the words that are looked at. */
static void
runs_end_at_the_first_special_byte(void **state)
{
	(void)state;
	char text[40];
	for (int c = 0; c < 256; c++) {
		bool ends = c < ' ' || c == '"' || c == '\\';
		for (size_t at = 0; at < sizeof(text); at++) {
			memset(text, at % 2 ? 'x' : 0xc3, sizeof(text));
			text[at] = (char)c;
			assert_int_equal(quick_run(text, sizeof(text)), ends ? at : sizeof(text));
			assert_int_equal(quick_run(text, at), at);
		}
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(reads_what_our_programs_write),
	    cmocka_unit_test(leaves_the_rest_to_jansson),
	    cmocka_unit_test(agrees_with_jansson_whatever_comes),
	    cmocka_unit_test(runs_end_at_the_first_special_byte),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
