#define _GNU_SOURCE /* mkdtemp() */
#include "tui/run.h"

#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

enum { PATIENCE_MS = 10000, COLUMNS = 47 };

static struct run *
start(const char *script)
{
	char sh[] = "/bin/sh", c[] = "-c", text[1024];
	char *argv[] = {sh, c, text, NULL};
	struct run *r = NULL;
	(void)snprintf(text, sizeof(text), "%s", script);
	assert_int_equal(run_create(argv[0], argv, COLUMNS, &r), 0);
	return r;
}

/* Reads until it is over. */
static void
finish(struct run *r)
{
	while (run_status(r) < 0) {
		struct pollfd p = {.fd = run_fd(r), .events = POLLIN};
		assert_int_equal(poll(&p, 1, PATIENCE_MS), 1);
		run_read(r);
	}
	assert_int_equal(run_fd(r), -1);
}

static void
expect(const char *script, int status, const char *text)
{
	struct run *r = start(script);
	finish(r);
	assert_string_equal(buf_cstr(run_text(r)), text);
	assert_int_equal(run_status(r), status);
	run_destroy(r);
}

static void
both_outputs_and_the_status_are_caught(void **state)
{
	(void)state;
	expect("echo one; echo two >&2; printf three; exit 7", 7, "one\ntwo\nthree\n");
	expect("kill -9 $$", 128 + SIGKILL, "");
	expect("cat", 0, ""); /* nothing can be read */
}

static void
it_writes_to_a_terminal_of_our_width_without_colours(void **state)
{
	(void)state;
	expect("test -t 1 && stty size <&1 && echo $NO_COLOR", 0, "1000 47\n1\n");
	expect("true 2>/dev/null </dev/tty || echo none", 0, "none\n");
}

static void
control_sequences_do_not_come_through(void **state)
{
	(void)state;
	expect("printf '\\033[1;31mred\\033[0m \\033]0;owned\\007title\\033]2;x\\033\\\\ end\\n'",
	    0, "red title end\n");
	expect("printf 'a\\tb\\302\\233c\\n'", 0, "a<U+0009>b<U+009B>c\n");
	expect("printf 'first 10%%\\rsecond 20%%\\rthird\\nnext\\r\\n'", 0, "third\nnext\n");
}

static void
one_that_does_not_end_is_ended(void **state)
{
	struct run *r = start("echo here; exec sleep 1000");
	(void)state;
	while (strcmp(buf_cstr(run_text(r)), "here\n") != 0) {
		struct pollfd p = {.fd = run_fd(r), .events = POLLIN};
		assert_int_equal(poll(&p, 1, PATIENCE_MS), 1);
		run_read(r);
	}
	assert_int_equal(run_status(r), -1);
	run_destroy(r);
	run_destroy(NULL);
}

static void
what_is_not_there_fails(void **state)
{
	char nothing[] = "/nonexistent/program";
	char *argv[] = {nothing, NULL};
	struct run *r = NULL;
	(void)state;
	assert_int_equal(run_create(argv[0], argv, COLUMNS, &r), 0);
	finish(r);
	assert_int_equal(run_status(r), 127);
	run_destroy(r);
}

static void
one_with_the_terminal_is_never_stopped_alone(void **state)
{
	/* what is ignored at the start of a shell cannot be caught in it */
	char sh[] = "/bin/sh", c[] = "-c", text[] = "trap 'exit 9' TSTP; kill -TSTP $$; exit 3";
	char *argv[] = {sh, c, text, NULL};
	struct sigaction before, after;
	(void)state;
	assert_int_equal(sigaction(SIGTSTP, NULL, &before), 0);
	assert_int_equal(run_foreground(argv[0], argv), 3);
	assert_int_equal(sigaction(SIGTSTP, NULL, &after), 0);
	assert_ptr_equal(after.sa_handler, before.sa_handler);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(both_outputs_and_the_status_are_caught),
	    cmocka_unit_test(it_writes_to_a_terminal_of_our_width_without_colours),
	    cmocka_unit_test(control_sequences_do_not_come_through),
	    cmocka_unit_test(one_that_does_not_end_is_ended),
	    cmocka_unit_test(one_with_the_terminal_is_never_stopped_alone),
	    cmocka_unit_test(what_is_not_there_fails),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
