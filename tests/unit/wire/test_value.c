#include "base/err.h"
#include "base/limits.h"
#include "wire/value.h"

#include <errno.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void
assert_writes(const struct value *v, const char *expected)
{
	struct buf out = BUF_INIT(4096);
	assert_int_equal(value_write(v, &out), 0);
	assert_string_equal(buf_cstr(&out), expected);
	buf_finish(&out);
}

static void
builds_writes_and_reads(void **state)
{
	(void)state;
	struct value *v = value_object();
	value_set_str(v, "text", "a \"quoted\"\nline \xc3\xa4");
	value_set_str(v, "nothing", NULL);
	value_set_int(v, "big", INT64_MIN);
	value_set_real(v, "half", 0.5);
	value_set_bool(v, "yes", true);
	struct value *list = value_array();
	value_append_str(list, "x");
	value_append_str(list, NULL);
	value_append(list, value_object());
	value_set(v, "list", list);
	assert_writes(v, "{\"text\":\"a \\\"quoted\\\"\\nline \xc3\xa4\","
			 "\"big\":-9223372036854775808,\"half\":0.5,\"yes\":true,"
			 "\"list\":[\"x\",{}]}");
	assert_string_equal(value_str(v, "text"), "a \"quoted\"\nline \xc3\xa4");
	assert_true(value_int(v, "big", 0) == INT64_MIN);
	assert_true(value_real(v, "half", 0) == 0.5);
	assert_true(value_bool(v, "yes", false));
	assert_false(value_has(v, "nothing"));
	assert_int_equal(value_count(value_get(v, "list")), 2);
	assert_string_equal(value_as_str(value_at(value_get(v, "list"), 0)), "x");
	assert_int_equal(value_kind(value_at(value_get(v, "list"), 1)), VALUE_OBJECT);
	struct value *kept = value_ref(value_get(v, "list"));
	value_free(v);
	assert_writes(kept, "[\"x\",{}]");
	value_free(kept);
}

/* Every character a string can hold, before, between and after others. */
static void
what_is_written_reads_back(void **state)
{
	(void)state;
	char all[3 * 0x7f + 16] = "\xf0\x9f\x98\x80\xc3\xa4";
	size_t len = strlen(all);
	for (char c = 1; c < 0x7f; c++) {
		all[len++] = c;
		all[len++] = c;
		all[len++] = 'x';
	}
	struct value *v = value_object();
	value_set_str(v, all, all);
	struct buf out = BUF_INIT(8192);
	assert_int_equal(value_write(v, &out), 0);
	value_free(v);
	for (size_t i = 0; i < out.len; i++)
		assert_true((unsigned char)out.data[i] >= ' ');
	assert_int_equal(value_parse(out.data, out.len, &v), 0);
	assert_string_equal(value_str(v, all), all);
	value_free(v);
	buf_finish(&out);

	v = value_array();
	value_append_str(v, "\x01\x1f\b\f\n\r\t/\x7f\"\\");
	assert_writes(v, "[\"\\u0001\\u001f\\b\\f\\n\\r\\t/\x7f\\\"\\\\\"]");
	value_free(v);
}

static void
gives_the_fallback_for_what_is_not_there(void **state)
{
	(void)state;
	struct value *v = value_object();
	value_set_str(v, "text", "1");
	assert_int_equal(value_int(v, "text", 7), 7);
	assert_null(value_str(v, "number"));
	assert_true(value_bool(v, "text", true));
	assert_null(value_at(v, 0));
	assert_int_equal(value_count(v), 0);
	assert_null(value_get(NULL, "x"));
	assert_int_equal(value_kind(NULL), VALUE_NONE);
	assert_int_equal(value_as_int(NULL, -3), -3);
	value_free(v);
	value_free(NULL);
}

/* The latch: a child that failed spoils what it was put into, however deep. */
static void
a_failed_part_fails_the_whole(void **state)
{
	(void)state;
	struct buf out = BUF_INIT(4096);
	struct value *inner = value_object();
	value_set_str(inner, "bad", "caf\xe9");
	struct value *list = value_array();
	value_append_str(list, "fine");
	value_append(list, inner);
	struct value *v = value_object();
	value_set(v, "list", list);
	value_set_int(v, "later", 1);
	assert_int_equal(value_write(v, &out), -EINVAL);
	value_free(v);

	v = value_object();
	value_set(v, "lost", NULL);
	assert_int_equal(value_write(v, &out), -ENOMEM);
	value_free(v);

	v = value_object();
	value_set_real(v, "endless", HUGE_VAL);
	assert_int_equal(value_write(v, &out), -EINVAL);
	value_free(v);

	assert_int_equal(value_write(NULL, &out), -ENOMEM);
	struct value *orphan = value_object();
	value_set(NULL, "orphan", orphan); /* freed there */
	value_append_str(NULL, "x");
	buf_finish(&out);
}

static void
writing_stops_at_the_buffers_limit(void **state)
{
	(void)state;
	struct value *v = value_object();
	value_set_str(v, "a", "123");
	for (size_t max = 0; max <= 12; max++) {
		struct buf out = BUF_INIT(max);
		assert_int_equal(value_write(v, &out), max < 11 ? ERR_TOO_BIG : 0);
		buf_finish(&out);
	}
	value_free(v);
}

static int
parse(const char *text, size_t len)
{
	struct value *v = NULL;
	int err = value_parse(text, len, &v);
	assert_true(err ? v == NULL : v != NULL);
	value_free(v);
	return err;
}

static void
accepts_json(void **state)
{
	(void)state;
	static const char *const good[] = {"{}", "[]", " [ ] ", "[null]", "[true,false]",
	    "{\"\":0}", "[\"\"]", "[\"\\u0041\\n\\\\\\/\\\"\"]", "[\"\\uD83D\\uDE00\"]",
	    "[\"\xf0\x9f\x98\x80\"]", "[-0]", "[1e5]", "[1E+2,1e-2,0.1]", "[\"[[[[{{{{\"]",
	    "{\"a\":{\"a\":{\"a\":1}}}", "[9223372036854775807]", "[\"\x7f\"]", "{\"a\":1}\r",
	    "[\"\\\"[\"]", "[\"\xef\xbf\xbf\"]"};
	for (size_t i = 0; i < ARRAY_LEN(good); i++)
		if (parse(good[i], strlen(good[i])) != 0)
			fail_msg("refused: %s", good[i]);
}

static void
l3_refuses_what_is_not_json(void **state)
{
	(void)state;
	static const char *const bad[] = {"", " ", "1", "\"text\"", "null", "{", "[", "}", "]",
	    "[1,]", "[,1]", "{\"a\"}", "{\"a\":}", "{\"a\":1,}", "{a:1}", "{'a':1}", "[01]", "[1.]",
	    "[.1]", "[+1]", "[1e]", "[0x1]", "[NaN]", "[Infinity]", "[nul]", "[True]", "[\"\\x\"]",
	    "[\"\\u12\"]", "[\"\\uD800\"]", "[\"\\uDC00\"]", "[\"\\uD800\\u0041\"]", "[\"\t\"]",
	    "[\"\n\"]", "[\"", "[\"a", "[1]x", "[1] [2]", "{}{}", "[1 2]", "{\"a\":1 \"b\":2}",
	    "[1]//", "/**/[1]", "\xef\xbb\xbf[]", "[\"\xff\"]", "[\"\xc0\x80\"]",
	    "[\"\xed\xa0\x80\"]", "[\"\xf4\x90\x80\x80\"]", "[\"\xe2\x82\"]", "[\"\xc3\"]",
	    "[\"\x80\"]", "{\"a\":1,\"a\":2}", "{\"a\":1,\"\\u0061\":1}",
	    "{\"x\":{\"a\":1,\"b\":2,\"a\":3}}", "[\"\\u0000\"]", "{\"\\u0000\":1}",
	    "[9223372036854775808]", "[1e999]", "{\"\xff\":1}", "[\"\\", "[}", "{]"};
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		if (parse(bad[i], strlen(bad[i])) != ERR_PROTO)
			fail_msg("accepted: %s", bad[i]);
	assert_int_equal(parse("[\"\0\"]", 5), ERR_PROTO);
	assert_int_equal(parse("[]\0", 3), ERR_PROTO);
}

static void
l3_limits_depth(void **state)
{
	(void)state;
	for (size_t depth = LIMIT_JSON_DEPTH - 1; depth <= LIMIT_JSON_DEPTH + 1; depth++) {
		char text[2 * (LIMIT_JSON_DEPTH + 1)];
		memset(text, '[', depth);
		memset(text + depth, ']', depth);
		assert_int_equal(
		    parse(text, 2 * depth), depth > LIMIT_JSON_DEPTH ? ERR_TOO_BIG : 0);
	}
	/* what would overflow a recursive parser's stack, and is not even balanced */
	size_t much = 1 << 20;
	char *text = malloc(much);
	assert_non_null(text);
	for (size_t i = 0; i < much; i++)
		text[i] = "{\"a\":"[i % 5];
	assert_int_equal(parse(text, much), ERR_TOO_BIG);
	free(text);
}

static void
l3_limits_size(void **state)
{
	(void)state;
	size_t size = LIMIT_ANSWER + 1;
	char *text = malloc(size);
	assert_non_null(text);
	memset(text, ' ', size);
	text[0] = '{';
	text[1] = '}';
	assert_int_equal(parse(text, LIMIT_ANSWER - 1), 0);
	assert_int_equal(parse(text, LIMIT_ANSWER), 0);
	assert_int_equal(parse(text, LIMIT_ANSWER + 1), ERR_TOO_BIG);
	free(text);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(builds_writes_and_reads),
	    cmocka_unit_test(what_is_written_reads_back),
	    cmocka_unit_test(gives_the_fallback_for_what_is_not_there),
	    cmocka_unit_test(a_failed_part_fails_the_whole),
	    cmocka_unit_test(writing_stops_at_the_buffers_limit),
	    cmocka_unit_test(accepts_json),
	    cmocka_unit_test(l3_refuses_what_is_not_json),
	    cmocka_unit_test(l3_limits_depth),
	    cmocka_unit_test(l3_limits_size),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
