#include "daemon/config.h"

#include "base/file.h"
#include "base/str.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static char path[64];

static int
set_up(void **state)
{
	(void)state;
	(void)snprintf(path, sizeof(path), "/tmp/test_config.XXXXXX");
	int fd = mkstemp(path);
	return fd < 0 ? -1 : close(fd);
}

static int
tear_down(void **state)
{
	(void)state;
	return unlink(path);
}

/* With this file and, if not NULL, these two more arguments. */
static int
read_config(struct config *c, const char *file, const char *option, const char *value)
{
	char program[] = "earshotd", config[] = "--config", first[128] = "", second[64] = "";
	char *argv[] = {program, config, path, first, second, NULL};
	assert_int_equal(file_write(path, file, strlen(file)), 0);
	(void)snprintf(first, sizeof(first), "%s", option ? option : "");
	(void)snprintf(second, sizeof(second), "%s", value ? value : "");
	return config_read(c, 3 + !!option + !!value, argv);
}

static void
settings_come_from_the_file(void **state)
{
	(void)state;
	struct config c;
	assert_int_equal(read_config(&c,
			     "[user]\nname = Juliet Capulet\nuser = juliet\n"
			     "; a remark\n[network]\nport = 7000\nmdns = no\n"
			     "peer = 192.0.2.1:5298\npeer = forza.example\n"
			     "[privacy]\npublish_name = off\n[log]\nlevel = debug\n",
			     NULL, NULL),
	    CONFIG_OK);
	assert_string_equal(c.full_name, "Juliet Capulet");
	assert_string_equal(c.user, "juliet");
	assert_int_equal(c.port, 7000);
	assert_false(c.mdns);
	assert_false(c.publish_name);
	assert_int_equal(c.log_level, LOG_DEBUG);
	assert_int_equal(c.peer_count, 2);
	assert_string_equal(c.peers[1], "forza.example");
	assert_int_equal(c.problem.len, 0);
	config_finish(&c);
}

static void
without_a_word_the_defaults_hold(void **state)
{
	(void)state;
	struct config c;
	assert_int_equal(read_config(&c, "", NULL, NULL), CONFIG_OK);
	assert_int_equal(c.port, 5298);
	assert_true(c.mdns);
	assert_true(c.publish_name);
	assert_int_equal(c.log_level, LOG_INFO);
	assert_null(c.full_name);
	assert_false(str_empty(c.user));
	assert_int_equal(c.lifetime / 86400000, 30);
	assert_int_equal(c.sandbox, CONFINE_ON);
	config_finish(&c);
}

static void
the_sandbox_can_be_left_out(void **state)
{
	(void)state;
	struct config c;
	assert_int_equal(read_config(&c, "[daemon]\nsandbox = off\n", NULL, NULL), CONFIG_OK);
	assert_int_equal(c.sandbox, CONFINE_OFF);
	config_finish(&c);
	assert_int_equal(
	    read_config(&c, "[daemon]\nsandbox = no\n", "--sandbox", "strict"), CONFIG_OK);
	assert_int_equal(c.sandbox, CONFINE_STRICT);
	config_finish(&c);
	assert_int_equal(read_config(&c, "", "--sandbox", "loose"), CONFIG_USAGE);
	config_finish(&c);
}

static void
whom_to_talk_to_is_the_users_choice(void **state)
{
	(void)state;
	struct config c;
	assert_int_equal(read_config(&c, "", NULL, NULL), CONFIG_OK);
	assert_true(c.tls);
	assert_int_equal(c.policy.plain, POLICY_PLAIN_ON);
	assert_int_equal(c.policy.strangers, POLICY_STRANGERS_ALLOW);
	config_finish(&c);
	assert_int_equal(
	    read_config(
		&c, "[privacy]\ntls = off\nplain = receive\nstrangers = quiet\n", NULL, NULL),
	    CONFIG_OK);
	assert_false(c.tls);
	assert_int_equal(c.policy.plain, POLICY_PLAIN_RECEIVE);
	assert_int_equal(c.policy.strangers, POLICY_STRANGERS_QUIET);
	assert_int_equal(c.problem.len, 0);
	config_finish(&c);
}

static void
a_slip_of_the_pen_lets_nobody_in(void **state)
{
	(void)state;
	struct config c;
	assert_int_equal(
	    read_config(&c, "[privacy]\nplain = of\nstrangers = queit\n", NULL, NULL), CONFIG_OK);
	assert_int_equal(c.policy.plain, POLICY_PLAIN_OFF);
	assert_int_equal(c.policy.strangers, POLICY_STRANGERS_DENY);
	assert_non_null(strstr(buf_cstr(&c.problem), "plain = of: it is not a value it can have"));
	assert_non_null(strstr(buf_cstr(&c.problem), "this one holds instead: off"));
	config_finish(&c);
}

static void
messages_may_wait_as_many_days_as_one_likes(void **state)
{
	(void)state;
	struct config c;
	assert_int_equal(read_config(&c, "[messages]\nlifetime = 2\n", NULL, NULL), CONFIG_OK);
	assert_int_equal(c.lifetime, 2 * 86400000);
	config_finish(&c);
	assert_int_equal(read_config(&c, "[messages]\nlifetime = 0\n", NULL, NULL), CONFIG_OK);
	assert_int_equal(c.lifetime, 0);
	config_finish(&c);
}

/* One bad line is said and left out; the others hold. */
static void
what_makes_no_sense_is_left_out_and_said(void **state)
{
	(void)state;
	static const struct {
		const char *line;
		const char *said;
	} cases[] = {
	    {"[network]\nport = 70000\n", "[network] port = 70000: it is not a value it can have"},
	    {"[network]\nport = five\n", "is not a value it can have"},
	    {"[network]\nmdns = perhaps\n", "is not a value it can have"},
	    {"[log]\nlevel = loud\n", "is not a value it can have"},
	    {"[daemon]\nsandbox = some\n", "is not a value it can have"},
	    {"[messages]\nlifetime = 2h\n", "is not a value it can have"},
	    {"[network]\nprot = 7000\n", "[network] prot = 7000: it is not a setting"},
	    {"port = 7000\n", "is not a setting"},
	    {"[user]\nname = \xff\n", "not UTF-8"},
	    {"[user]\n\xff = x\n", "not UTF-8"},
	    {"what is this\n", "this line makes no sense"},
	};
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct config c;
		char file[200];
		(void)snprintf(file, sizeof(file), "%s[user]\nuser = juliet\n", cases[i].line);
		assert_int_equal(read_config(&c, file, NULL, NULL), CONFIG_OK);
		assert_non_null(strstr(buf_cstr(&c.problem), cases[i].said));
		assert_int_equal(strncmp(buf_cstr(&c.problem), path, strlen(path)), 0);
		assert_string_equal(c.user, "juliet");
		assert_int_equal(c.port, 5298);
		config_finish(&c);
	}
}

static void
the_command_line_overrules_the_file(void **state)
{
	(void)state;
	struct config c;
	assert_int_equal(read_config(&c, "[network]\nport = 7000\n", "--port", "7001"), CONFIG_OK);
	assert_int_equal(c.port, 7001);
	config_finish(&c);
	assert_int_equal(read_config(&c, "[network]\nmdns = yes\n", "--no-mdns", NULL), CONFIG_OK);
	assert_false(c.mdns);
	config_finish(&c);
}

static void
a_bad_command_line_is_refused(void **state)
{
	(void)state;
	static const char *const options[][2] = {{"--port", "70000"}, {"--log-level", "loud"},
	    {"--unknown", NULL}, {"surplus", NULL}, {"--port", NULL}};
	for (size_t i = 0; i < ARRAY_LEN(options); i++) {
		struct config c;
		assert_int_equal(read_config(&c, "", options[i][0], options[i][1]), CONFIG_USAGE);
		config_finish(&c);
	}
}

static void
a_named_file_must_be_there(void **state)
{
	(void)state;
	struct config c;
	assert_int_equal(read_config(&c, "", "--config", "/proc/self/nowhere"), CONFIG_USAGE);
	config_finish(&c);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(settings_come_from_the_file),
	    TEST(without_a_word_the_defaults_hold),
	    TEST(the_sandbox_can_be_left_out),
	    TEST(whom_to_talk_to_is_the_users_choice),
	    TEST(a_slip_of_the_pen_lets_nobody_in),
	    TEST(messages_may_wait_as_many_days_as_one_likes),
	    TEST(what_makes_no_sense_is_left_out_and_said),
	    TEST(the_command_line_overrules_the_file),
	    TEST(a_bad_command_line_is_refused),
	    TEST(a_named_file_must_be_there),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
