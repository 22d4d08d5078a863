#include "base/err.h"
#include "mdns/protocol.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* The parser writes into the line: give it a copy of exactly its size, so that a step too far
 * is seen by the sanitizer. */
static char *
parse(const char *text, size_t len, struct protocol_line *l, int *err)
{
	char *line = malloc(len + 1);
	assert_non_null(line);
	memcpy(line, text, len);
	line[len] = '\n';
	*err = protocol_parse(line, len, l);
	return line;
}

static void
refuses(const char *text, size_t len)
{
	struct protocol_line l;
	int err;
	free(parse(text, len, &l, &err));
	assert_int_equal(err, ERR_PROTO);
}

static void
every_byte_comes_back(void **state)
{
	(void)state;
	unsigned char all[256];
	for (size_t i = 0; i < sizeof(all); i++)
		all[i] = (unsigned char)i;
	struct buf b = BUF_INIT(LIMIT_HELPER_LINE);
	protocol_begin(&b, "txt");
	protocol_field(&b, all, sizeof(all));
	protocol_field_str(&b, "");
	protocol_field_int(&b, -9223372036854775807LL);
	protocol_end(&b);
	assert_int_equal(buf_err(&b), 0);
	assert_int_equal(b.data[b.len - 1], '\n');
	for (size_t i = 0; i + 1 < b.len; i++)
		assert_true(b.data[i] == '\t' || (b.data[i] >= 0x20 && b.data[i] < 0x7f));
	struct protocol_line l;
	int err;
	char *line = parse(b.data, b.len - 1, &l, &err);
	assert_int_equal(err, 0);
	assert_int_equal(l.count, 4);
	assert_string_equal(l.field[0], "txt");
	assert_int_equal(l.length[1], sizeof(all));
	assert_memory_equal(l.field[1], all, sizeof(all));
	assert_int_equal(l.length[2], 0);
	assert_string_equal(l.field[3], "-9223372036854775807");
	free(line);
	buf_finish(&b);
}

static void
fields_are_terminated(void **state)
{
	(void)state;
	struct protocol_line l;
	int err;
	char *line = parse("a\t%00b\t\tend", 11, &l, &err);
	assert_int_equal(err, 0);
	assert_int_equal(l.count, 4);
	assert_memory_equal(l.field[1], "\0b\0", 3);
	assert_int_equal(l.length[1], 2);
	assert_string_equal(l.field[2], "");
	assert_string_equal(l.field[3], "end");
	free(line);
}

static void
either_case_of_digit_is_read(void **state)
{
	(void)state;
	struct protocol_line l;
	int err;
	char *line = parse("v\t%fF%Ac", 8, &l, &err);
	assert_int_equal(err, 0);
	assert_memory_equal(l.field[1], "\xff\xac", 3);
	free(line);
}

static void
every_bad_escape_is_refused(void **state)
{
	(void)state;
	for (int c = 0; c < 256; c++) {
		const char *digits = "0123456789abcdefABCDEF";
		if (c && strchr(digits, c))
			continue;
		const char first[] = {'v', '\t', '%', (char)c, '0'};
		const char second[] = {'v', '\t', '%', '0', (char)c};
		refuses(first, sizeof(first));
		refuses(second, sizeof(second));
	}
	refuses("v\t%", 3);
	refuses("v\t%4", 4);
	refuses("v\t%4\t1", 6); /* an escape ends with its field */
}

static void
bytes_that_need_an_escape_are_refused(void **state)
{
	(void)state;
	for (int c = 0; c < 256; c++) {
		if (c == '\t' || (c >= 0x20 && c < 0x7f))
			continue;
		const char raw[] = {'v', '\t', (char)c};
		refuses(raw, sizeof(raw));
	}
}

static void
a_line_without_verb_is_refused(void **state)
{
	(void)state;
	refuses("", 0);
	refuses("\t", 1);
	refuses("\tping", 5);
}

static void
fields_are_limited(void **state)
{
	(void)state;
	struct buf b = BUF_INIT(LIMIT_HELPER_LINE);
	protocol_begin(&b, "txt");
	for (int i = 1; i < PROTOCOL_FIELDS; i++)
		protocol_field_int(&b, i);
	struct protocol_line l;
	int err;
	char *line = parse(b.data, b.len, &l, &err);
	assert_int_equal(err, 0);
	assert_int_equal(l.count, PROTOCOL_FIELDS);
	free(line);
	protocol_field_str(&b, "");
	refuses(b.data, b.len);
	buf_finish(&b);
}

static void
the_line_is_limited(void **state)
{
	(void)state;
	char *text = malloc(LIMIT_HELPER_LINE);
	assert_non_null(text);
	memset(text, 'x', LIMIT_HELPER_LINE);
	struct protocol_line l;
	int err;
	free(parse(text, LIMIT_HELPER_LINE - 1, &l, &err));
	assert_int_equal(err, 0);
	refuses(text, LIMIT_HELPER_LINE);
	free(text);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(every_byte_comes_back),
	    cmocka_unit_test(fields_are_terminated),
	    cmocka_unit_test(either_case_of_digit_is_read),
	    cmocka_unit_test(every_bad_escape_is_refused),
	    cmocka_unit_test(bytes_that_need_an_escape_are_refused),
	    cmocka_unit_test(a_line_without_verb_is_refused),
	    cmocka_unit_test(fields_are_limited),
	    cmocka_unit_test(the_line_is_limited),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
