#include "base/log.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static char line[16384];
static int saved = -1, ends[2] = {-1, -1};

/* A line is far smaller than a pipe, so writer and reader may be one. */
static int
catch_stderr(void **state)
{
	(void)state;
	saved = dup(STDERR_FILENO);
	if (saved < 0 || pipe(ends) < 0)
		return -1;
	return dup2(ends[1], STDERR_FILENO) < 0 ? -1 : close(ends[1]);
}

/* What was logged since, then stderr is what it was. */
static const char *
caught(void)
{
	(void)dup2(saved, STDERR_FILENO);
	(void)close(saved);
	size_t len = 0;
	for (ssize_t n = 1; n > 0 && len < sizeof(line) - 1; len += (size_t)n) {
		n = read(ends[0], line + len, sizeof(line) - 1 - len);
		if (n <= 0)
			break;
	}
	line[len] = '\0';
	(void)close(ends[0]);
	saved = -1;
	return line;
}

static int
give_back_stderr(void **state)
{
	(void)state;
	log_set_level(LOG_INFO);
	if (saved >= 0)
		(void)caught();
	return 0;
}

static void
a_line_names_time_level_module_and_peer(void **state)
{
	(void)state;
	log_write(LOG_WARN, "src/stream/engine.c", "juliet@capulet", "%d stanzas", 3);
	const char *got = caught();
	assert_int_equal(strcspn(got, " "), 24); /* the time */
	assert_string_equal(
	    got + 24, " level=warn module=stream peer=\"juliet@capulet\" msg=\"3 stanzas\"\n");
}

static void
l6_nothing_can_leave_its_quotes(void **state)
{
	(void)state;
	log_write(LOG_ERROR, "/build/src/peer/x.c", "a\" level=x\n\\",
	    "\x1b[2J\r\n\x7f\xc2\x9b\xff\u00e9 \"quoted\"");
	assert_string_equal(caught() + 24,
	    " level=error module=peer peer=\"a\\\" level=x\\x0a\\\\\" "
	    "msg=\"\\x1b[2J\\x0d\\x0a\\x7f\\xc2\\x9b\\xff\\xc3\\xa9 \\\"quoted\\\"\"\n");
}

static void
a_file_without_folder_is_its_own_module(void **state)
{
	(void)state;
	log_write(LOG_INFO, "main.c", NULL, "x");
	assert_string_equal(caught() + 24, " level=info module=main.c msg=\"x\"\n");
}

static void
what_is_too_long_is_said_to_be(void **state)
{
	(void)state;
	char text[3001];
	memset(text, '\x1b', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	log_write(LOG_INFO, "src/base/x.c", NULL, "%s", text);
	assert_string_equal(
	    caught() + 24, " level=info module=base msg=\"(a line too long to log)\"\n");
}

static void
the_longest_line_is_logged_whole(void **state)
{
	(void)state;
	char text[2049];
	memset(text, '\x1b', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	log_write(LOG_INFO, "src/base/x.c", NULL, "%s", text);
	const char *got = caught();
	size_t escapes = 0;
	for (const char *at = got; (at = strstr(at, "\\x1b")); at += 4)
		escapes++;
	assert_int_equal(escapes, 2048);
	assert_int_equal(got[strlen(got) - 1], '\n');
}

static void
levels_above_the_threshold_are_silent(void **state)
{
	(void)state;
	log_set_level(LOG_WARN);
	log_info(NULL, "no");
	log_debug(NULL, "no");
	log_warn(NULL, "yes");
	log_error(NULL, "yes");
	const char *got = caught();
	assert_non_null(strstr(got, "level=warn"));
	assert_non_null(strstr(got, "level=error"));
	assert_null(strstr(got, "no"));
}

static void
levels_have_names(void **state)
{
	(void)state;
	enum log_level level = LOG_ERROR;
	assert_int_equal(log_level_parse("debug", &level), 0);
	assert_int_equal(level, LOG_DEBUG);
	assert_int_equal(log_level_parse("error", &level), 0);
	assert_int_equal(level, LOG_ERROR);
	assert_int_equal(log_level_parse("Debug", &level), -EINVAL);
	assert_int_equal(log_level_parse("", &level), -EINVAL);
	assert_int_equal(level, LOG_ERROR);
}

#define WITH_STDERR(test) cmocka_unit_test_setup_teardown(test, catch_stderr, give_back_stderr)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    WITH_STDERR(a_line_names_time_level_module_and_peer),
	    WITH_STDERR(l6_nothing_can_leave_its_quotes),
	    WITH_STDERR(a_file_without_folder_is_its_own_module),
	    WITH_STDERR(what_is_too_long_is_said_to_be),
	    WITH_STDERR(the_longest_line_is_logged_whole),
	    WITH_STDERR(levels_above_the_threshold_are_silent),
	    cmocka_unit_test(levels_have_names),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
