#include "daemon/ini_edit.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

/* Of [privacy] plain; value NULL: none. */
static void
check(const char *before, const char *value, const char *after, unsigned at)
{
	struct buf out = BUF_INIT(4096);
	unsigned line = 99;
	assert_int_equal(ini_edit(before, strlen(before), "privacy", "plain", &value, value != NULL,
			     &out, &line),
	    0);
	assert_string_equal(buf_cstr(&out), after);
	assert_int_equal(line, at);
	buf_finish(&out);
}

static void
a_new_file_gets_a_section(void **state)
{
	(void)state;
	check("", "off", "[privacy]\nplain = off\n", 2);
	check("", NULL, "", 0);
	check("# mine\n[log]\nlevel = warn", "off",
	    "# mine\n[log]\nlevel = warn\n\n[privacy]\nplain = off\n", 6);
}

static void
a_key_is_put_at_the_end_of_its_section(void **state)
{
	(void)state;
	check("[privacy]\ntls = on\n; a remark\n\n[log]\nlevel = warn\n", "off",
	    "[privacy]\ntls = on\n; a remark\nplain = off\n\n[log]\nlevel = warn\n", 4);
	check("[privacy]\n[log]\n", "off", "[privacy]\nplain = off\n[log]\n", 2);
}

static void
a_key_that_is_there_is_replaced_where_it_is(void **state)
{
	(void)state;
	check("[privacy]\n# why\nplain = on ; now\ntls = on\n", "off",
	    "[privacy]\n# why\nplain = off\ntls = on\n", 3);
	check("[privacy]\nplain=on\nPLAIN = x\n[ privacy ]\nplain: receive\n", "off",
	    "[privacy]\nplain = off\nPLAIN = x\n[ privacy ]\nplain: receive\n", 2);
	check("[privacy]\nplain = on\n[log]\nplain = x\n[privacy]\nplain : receive\n", "off",
	    "[privacy]\nplain = off\n[log]\nplain = x\n[privacy]\n", 2);
}

static void
a_key_that_goes_takes_its_lines_along_and_no_others(void **state)
{
	(void)state;
	check("[privacy]\nplain = on\n  and on\n# stays\n\ttoo\ntls = on\n", NULL,
	    "[privacy]\n# stays\ntls = on\n", 0);
	check("plain = on\n[log]\nplain = x\n", NULL, "plain = on\n[log]\nplain = x\n", 0);
}

/* As inih reads: it goes on with the key above it. */
static void
an_indented_section_is_none(void **state)
{
	(void)state;
	check("[privacy]\ntls = on\n  [log]\nplain = on\n", "off",
	    "[privacy]\ntls = on\n  [log]\nplain = off\n", 4);
}

static void
what_makes_no_sense_ends_nothing(void **state)
{
	(void)state;
	check("[privacy]\nplain = on\n[broken\nplain = x\n", "off",
	    "[privacy]\nplain = off\n[broken\n", 2);
	check(
	    "[privacy]\nplain = on\njunk\n  goes on\n", "off", "[privacy]\nplain = off\njunk\n", 2);
	check("[privacy]\npl ; ain = x\n[other ;]\n", "off",
	    "[privacy]\npl ; ain = x\n[other ;]\nplain = off\n", 4);
}

static void
a_mark_of_byte_order_is_no_text(void **state)
{
	(void)state;
	check("\xef\xbb\xbf[privacy]\nplain = on\n", "off", "\xef\xbb\xbf[privacy]\nplain = off\n",
	    2);
}

static void
a_list_is_a_line_for_each(void **state)
{
	(void)state;
	static const char before[] = "[network]\npeer = a:1\nport = 2\npeer = b:1\n";
	const char *const values[] = {"c:1", "d:1"};
	struct buf out = BUF_INIT(4096);
	unsigned line;
	assert_int_equal(
	    ini_edit(before, strlen(before), "network", "peer", values, 2, &out, &line), 0);
	assert_string_equal(buf_cstr(&out), "[network]\npeer = c:1\npeer = d:1\nport = 2\n");
	assert_int_equal(line, 3);
	buf_finish(&out);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_new_file_gets_a_section),
	    cmocka_unit_test(a_key_is_put_at_the_end_of_its_section),
	    cmocka_unit_test(a_key_that_is_there_is_replaced_where_it_is),
	    cmocka_unit_test(a_key_that_goes_takes_its_lines_along_and_no_others),
	    cmocka_unit_test(an_indented_section_is_none),
	    cmocka_unit_test(what_makes_no_sense_ends_nothing),
	    cmocka_unit_test(a_mark_of_byte_order_is_no_text),
	    cmocka_unit_test(a_list_is_a_line_for_each),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
