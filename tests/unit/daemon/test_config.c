#include "daemon/config.h"

#include "base/err.h"
#include "base/file.h"
#include "base/limits.h"
#include "base/str.h"
#include "daemon/keeper.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static char path[64], site[64], policy[64];

static int
set_up(void **state)
{
	(void)state;
	(void)snprintf(path, sizeof(path), "/tmp/test_config.XXXXXX");
	(void)snprintf(site, sizeof(site), "/tmp/test_site.XXXXXX");
	(void)snprintf(policy, sizeof(policy), "/tmp/test_policy.XXXXXX");
	char *const files[] = {path, site, policy};
	for (size_t i = 0; i < ARRAY_LEN(files); i++) {
		int fd = mkstemp(files[i]);
		if (fd < 0 || close(fd) < 0)
			return -1;
	}
	return 0;
}

static int
tear_down(void **state)
{
	(void)state;
	return unlink(path) | unlink(site) | unlink(policy);
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

/* With these three files. */
static void
read_layers(struct config *c, const char *of_site, const char *of_user, const char *of_policy)
{
	char program[] = "earshotd", config[] = "--config", defaults[] = "--site",
	     locks[] = "--policy", port[] = "--port=7009";
	char *argv[] = {program, config, path, defaults, site, locks, policy, port, NULL};
	assert_int_equal(file_write(path, of_user, strlen(of_user)), 0);
	assert_int_equal(file_write(site, of_site, strlen(of_site)), 0);
	assert_int_equal(file_write(policy, of_policy, strlen(of_policy)), 0);
	assert_int_equal(config_read(c, 8, argv), CONFIG_OK);
}

static void
check_word(const struct config *c, const char *name, const char *value, enum config_origin origin,
    unsigned line)
{
	const struct setting *s = setting_named(name);
	assert_non_null(s);
	assert_string_equal(config_value(c, s), value);
	assert_int_equal(config_origin(c, s), origin);
	assert_int_equal(c->words[setting_index(s)][origin].line, line);
}

static void
the_nearest_layer_counts_and_policy_over_all(void **state)
{
	(void)state;
	struct config c;
	read_layers(&c, "[privacy]\nplain = receive\nstrangers = quiet\n[network]\npeer = a:1\n",
	    "# mine\n[privacy]\nstrangers = allow\npublish_name = no\n"
	    "[network]\nport = 7000\npeer = b:1\npeer = c:1\n[log]\nlevel = debug\n",
	    "[log]\nlevel = warn\n");
	check_word(&c, "privacy.plain", "receive", CONFIG_SITE, 2);
	check_word(&c, "privacy.strangers", "allow", CONFIG_USER, 3);
	check_word(&c, "privacy.publish_name", "no", CONFIG_USER, 4);
	check_word(&c, "network.port", "7009", CONFIG_OPTION, 0);
	check_word(&c, "network.peer", "b:1 c:1", CONFIG_USER, 8);
	check_word(&c, "log.level", "warn", CONFIG_POLICY, 2);
	check_word(&c, "messages.lifetime", "30", CONFIG_DEFAULT, 0);
	assert_int_equal(c.policy.plain, POLICY_PLAIN_RECEIVE);
	assert_int_equal(c.policy.strangers, POLICY_STRANGERS_ALLOW);
	assert_int_equal(c.log_level, LOG_WARN);
	assert_int_equal(c.port, 7009);
	assert_int_equal(c.peer_count, 2);
	assert_int_equal(c.problem.len, 0);
	config_finish(&c);
}

static void
a_policy_says_why(void **state)
{
	(void)state;
	struct config c;
	read_layers(&c, "", "",
	    "[policy]\nreason = Ask the desk.\nprivacy.plain = It is the law.\n"
	    "[privacy]\nplain = off\nstrangers = deny\n");
	assert_string_equal(config_reason(&c, setting_named("privacy.plain")), "It is the law.");
	assert_string_equal(config_reason(&c, setting_named("privacy.strangers")), "Ask the desk.");
	assert_null(config_reason(&c, setting_named("log.level")));
	assert_true(config_is_locked(&c, setting_named("privacy.plain")));
	assert_true(config_is_locked(&c, setting_named("network.port")));   /* an option */
	assert_true(config_is_locked(&c, setting_named("daemon.sandbox"))); /* by hand */
	assert_false(config_is_locked(&c, setting_named("log.level")));
	assert_int_equal(c.problem.len, 0);
	config_finish(&c);
}

static void
a_slip_in_a_policy_is_taken_at_its_strictest(void **state)
{
	(void)state;
	struct config c;
	read_layers(&c, "", "[privacy]\nplain = on\n[files]\naccept = verified\n",
	    "[privacy]\nplain = of\npublish_name = never\n[files]\naccept = some\n");
	check_word(&c, "privacy.plain", "off", CONFIG_POLICY, 2);
	check_word(&c, "privacy.publish_name", "no", CONFIG_POLICY, 3);
	check_word(&c, "files.accept", "ask", CONFIG_POLICY, 5);
	assert_non_null(strstr(buf_cstr(&c.problem), policy));
	assert_non_null(strstr(buf_cstr(&c.problem), "this one holds instead: off"));
	config_finish(&c);
}

/* Nobody knows what it says: a folder cannot be read as a file. */
static void
a_policy_that_cannot_be_read_is_taken_at_its_strictest(void **state)
{
	(void)state;
	struct config c;
	char program[] = "earshotd", config[] = "--config", locks[] = "--policy", at[] = "/proc/no";
	char *argv[] = {program, config, path, locks, at, NULL};
	assert_int_equal(config_read(&c, 5, argv), CONFIG_OK);
	check_word(&c, "privacy.plain", "off", CONFIG_POLICY, 0);
	check_word(&c, "privacy.tls", "on", CONFIG_POLICY, 0);
	assert_non_null(strstr(buf_cstr(&c.problem), "cannot be read"));
	config_finish(&c);
}

static void
a_change_holds_at_once_and_back_to_what_is_below(void **state)
{
	(void)state;
	struct config c;
	const struct setting *plain = setting_named("privacy.plain");
	read_layers(&c, "[privacy]\nplain = receive\n", "", "");
	assert_int_equal(config_change(&c, plain, "off", 7), 0);
	check_word(&c, "privacy.plain", "off", CONFIG_USER, 7);
	assert_int_equal(c.policy.plain, POLICY_PLAIN_OFF);
	assert_int_equal(config_change(&c, plain, NULL, 0), 0);
	check_word(&c, "privacy.plain", "receive", CONFIG_SITE, 2);
	assert_int_equal(c.policy.plain, POLICY_PLAIN_RECEIVE);
	assert_int_equal(config_change(&c, setting_named("user.user"), "romeo", 2), 0);
	check_word(&c, "user.user", "romeo", CONFIG_USER, 2);
	assert_string_not_equal(c.user, "romeo"); /* not before the next start */
	config_finish(&c);
}

/* ---- the keeper ---- */

static void
check_file(const char *wanted)
{
	struct buf text = BUF_INIT(4096);
	assert_int_equal(file_read(path, &text), 0);
	assert_string_equal(buf_cstr(&text), wanted);
	buf_finish(&text);
}

static void
the_keeper_keeps_what_makes_sense(void **state)
{
	(void)state;
	struct config c;
	unsigned line = 0;
	read_layers(&c, "", "; mine\n[privacy]\nunknown = x\n", "");
	assert_int_equal(keeper_keep(&c, "privacy.plain", "no", false, &line), 0);
	assert_int_equal(line, 4);
	check_file("; mine\n[privacy]\nunknown = x\nplain = off\n");
	assert_int_equal(keeper_keep(&c, "network.peer", " a:1  b:1 ", false, &line), 0);
	assert_int_equal(keeper_keep(&c, "privacy.plain", NULL, false, &line), 0);
	assert_int_equal(keeper_keep(&c, "files.folder", "/srv/in", true, &line), 0);
	assert_int_equal(keeper_keep(&c, "user.name", "J = ; C", false, &line), -EINVAL);
	assert_int_equal(keeper_keep(&c, "user.name", "J = :;[C]", false, &line), 0);
	check_file("; mine\n[privacy]\nunknown = x\n\n[network]\npeer = a:1\npeer = b:1\n"
		   "\n[files]\nfolder = /srv/in\n\n[user]\nname = J = :;[C]\n");
	config_finish(&c);
	assert_int_equal(
	    read_config(
		&c, "[network]\npeer = a:1\npeer = b:1\n[user]\nname = J = :;[C]\n", NULL, NULL),
	    CONFIG_OK);
	assert_string_equal(c.full_name, "J = :;[C]");
	config_finish(&c);
}

/* Whatever the daemon asks: it may not be its own master any more. */
static void
the_keeper_refuses_what_would_loosen_the_daemon(void **state)
{
	(void)state;
	struct config c;
	unsigned line;
	read_layers(&c, "", "[log]\n", "[privacy]\nplain = off\n");
	assert_int_equal(keeper_keep(&c, "daemon.sandbox", "off", false, &line), -EACCES);
	assert_int_equal(keeper_keep(&c, "privacy.tls", "off", false, &line), -EACCES);
	assert_int_equal(keeper_keep(&c, "privacy.plain", "on", false, &line), -EACCES);
	assert_int_equal(keeper_keep(&c, "files.folder", "/srv/in", false, &line), -EACCES);
	assert_int_equal(keeper_keep(&c, "user.user", "/srv/in", true, &line), -EACCES);
	assert_int_equal(keeper_keep(&c, "no.such", "x", false, &line), -ENOENT);
	assert_int_equal(
	    keeper_keep(&c, "user.name", "x\n[daemon]\nsandbox=off", false, &line), -EINVAL);
	assert_int_equal(keeper_keep(&c, "user.name", "\xff", false, &line), -EINVAL);
	assert_int_equal(
	    keeper_keep(&c, "network.peer", "a\n[daemon]\nsandbox=off", false, &line), -EINVAL);
	check_file("[log]\n");
	config_finish(&c);
}

/* Every word that setting_clean() lets through is read as it was written. */
static void
what_is_kept_is_what_is_read(void **state)
{
	(void)state;
	static const char *const values[] = {"a", "a;b", "a #b", "[a]", "=", "a=b:c", "\"a\"",
	    "; a", " a", "a ", "a ;b", "a\tb", "\xc3\xbc \xe2\x82\xac", ":", "#a"};
	for (size_t i = 0; i < ARRAY_LEN(values); i++) {
		struct config c, again;
		unsigned line;
		read_layers(&c, "", "", "");
		int err = keeper_keep(&c, "user.name", values[i], false, &line);
		char program[] = "earshotd", config[] = "--config";
		char *argv[] = {program, config, path, NULL};
		assert_int_equal(config_read(&again, 3, argv), CONFIG_OK);
		assert_int_equal(again.problem.len, 0);
		if (err)
			assert_null(again.full_name);
		else
			assert_string_equal(again.full_name, values[i]);
		config_finish(&again);
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

static void
too_many_peers_do_not_keep_it_from_starting(void **state)
{
	(void)state;
	struct config c;
	struct buf file = BUF_INIT(65536);
	buf_str(&file, "[network]\n");
	for (int i = 1; i <= 300; i++)
		buf_fmt(&file, "peer = 192.0.2.1:%d\n", i);
	assert_int_equal(read_config(&c, buf_cstr(&file), NULL, NULL), CONFIG_OK);
	assert_int_equal(c.peer_count, LIMIT_FIXED_PEERS);
	assert_true(c.problem.len > 0);
	config_finish(&c);
	buf_finish(&file);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(settings_come_from_the_file),
	    TEST(too_many_peers_do_not_keep_it_from_starting),
	    TEST(without_a_word_the_defaults_hold),
	    TEST(the_sandbox_can_be_left_out),
	    TEST(whom_to_talk_to_is_the_users_choice),
	    TEST(a_slip_of_the_pen_lets_nobody_in),
	    TEST(messages_may_wait_as_many_days_as_one_likes),
	    TEST(what_makes_no_sense_is_left_out_and_said),
	    TEST(the_nearest_layer_counts_and_policy_over_all),
	    TEST(a_policy_says_why),
	    TEST(a_slip_in_a_policy_is_taken_at_its_strictest),
	    TEST(a_policy_that_cannot_be_read_is_taken_at_its_strictest),
	    TEST(a_change_holds_at_once_and_back_to_what_is_below),
	    TEST(the_keeper_keeps_what_makes_sense),
	    TEST(the_keeper_refuses_what_would_loosen_the_daemon),
	    TEST(what_is_kept_is_what_is_read),
	    TEST(the_command_line_overrules_the_file),
	    TEST(a_bad_command_line_is_refused),
	    TEST(a_named_file_must_be_there),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
