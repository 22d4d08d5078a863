/* help and version: what the table says, for people, for programs and for the man page. */
#include "base/str.h"
#include "base/tr.h"
#include "cli/cli.h"
#include "cli/command.h"

#include <string.h>

enum { HELP_COLUMN = 24 };

static void
add_entry(const struct screen *s, struct buf *out, const char *name, const char *help)
{
	struct buf padded = BUF_INIT(SCREEN_MAX);
	buf_fmt(&padded, "  %-*s", HELP_COLUMN - 2, name);
	screen_style(s, out, STYLE_NAME, buf_cstr(&padded));
	if (strlen(name) + 2 >= HELP_COLUMN)
		buf_fmt(out, "\n%*s", HELP_COLUMN, "");
	screen_wrap(s, out, tr(help), HELP_COLUMN, HELP_COLUMN);
	buf_finish(&padded);
}

static void
add_options(const struct screen *s, struct buf *out, const struct option *o)
{
	for (; o && o->name; o++) {
		struct buf name = BUF_INIT(SCREEN_MAX);
		if (o->letter)
			buf_fmt(&name, "-%c, ", o->letter);
		buf_fmt(&name, "--%s%s%s", o->name, o->value ? " " : "", o->value ? o->value : "");
		add_entry(s, out, buf_cstr(&name), o->help);
		buf_finish(&name);
	}
}

static void
add_commands(const struct screen *s, struct buf *out, const struct command *table)
{
	for (; table->name; table++) {
		struct buf name = BUF_INIT(SCREEN_MAX);
		if (table->flags & COMMAND_HIDDEN)
			continue;
		buf_str(&name, table->name);
		if (!str_empty(table->args) && name.len + strlen(table->args) + 3 < HELP_COLUMN)
			buf_fmt(&name, " %s", table->args);
		add_entry(s, out, buf_cstr(&name), table->help);
		buf_finish(&name);
	}
}

static void
add_all(const struct screen *s, struct buf *out)
{
	screen_wrap(s, out,
	    tr("Earshot: talk with everyone on your local network, with no server and no account."),
	    0, 0);
	buf_str(out, "\n");
	screen_wrap(s, out, tr("\"earshot\" alone shows who is here and lets you talk."), 0, 0);
	buf_fmt(out, "\n%s\n", tr("Commands:"));
	add_commands(s, out, command_table);
	buf_fmt(out, "\n%s\n", tr("Options for all of them:"));
	add_options(s, out, command_globals);
	buf_fmt(out, "\n%s\n", tr("Exit codes:"));
	for (const struct exit_text *e = command_exits; e->text; e++) {
		struct buf code = BUF_INIT(SCREEN_MAX);
		buf_fmt(&code, "%d", e->code);
		add_entry(s, out, buf_cstr(&code), e->text);
		buf_finish(&code);
	}
}

static void
add_one(const struct screen *s, struct buf *out, const struct command *cmd)
{
	struct buf usage = BUF_INIT(SCREEN_MAX);
	command_usage(cmd, &usage);
	screen_style(s, out, STYLE_NAME, buf_cstr(&usage));
	buf_str(out, "\n\n");
	screen_wrap(s, out, tr(cmd->help), 0, 0);
	if (cmd->more) {
		buf_char(out, '\n');
		screen_wrap(s, out, tr(cmd->more), 0, 0);
	}
	if (cmd->options)
		buf_fmt(out, "\n%s\n", tr("Options:"));
	add_options(s, out, cmd->options);
	if (cmd->children) {
		buf_fmt(out, "\n%s\n", tr("Commands:"));
		add_commands(s, out, cmd->children);
	}
	buf_finish(&usage);
}

static struct earshot_value *
command_value(const struct command *cmd)
{
	struct earshot_value *v = earshot_value_object(), *options = earshot_value_array();
	struct buf usage = BUF_INIT(SCREEN_MAX);
	command_usage(cmd, &usage);
	earshot_value_set_str(v, "name", cmd->name);
	earshot_value_set_str(v, "usage", buf_cstr(&usage));
	earshot_value_set_str(v, "help", cmd->help);
	for (const struct option *o = cmd->options; o && o->name; o++)
		earshot_value_append_str(options, o->name);
	earshot_value_set(v, "options", options);
	if (cmd->children) {
		struct earshot_value *children = earshot_value_array();
		for (const struct command *c = cmd->children; c->name; c++)
			earshot_value_append(children, command_value(c));
		earshot_value_set(v, "commands", children);
	}
	buf_finish(&usage);
	return v;
}

static int
show_json(struct cli *c, const struct command *cmd)
{
	struct earshot_value *v = cmd ? command_value(cmd) : earshot_value_object();
	if (!cmd) {
		struct earshot_value *all = earshot_value_array();
		for (cmd = command_table; cmd->name; cmd++)
			if (!(cmd->flags & COMMAND_HIDDEN))
				earshot_value_append(all, command_value(cmd));
		earshot_value_set(v, "commands", all);
	}
	int code = cli_print_json(c, v);
	earshot_value_free(v);
	return code;
}

int
help_show(struct cli *c, const struct command *cmd)
{
	struct buf b = BUF_INIT(SCREEN_MAX);
	if (c->json)
		return show_json(c, cmd);
	if (cmd)
		add_one(&c->out, &b, cmd);
	else
		add_all(&c->out, &b);
	return cli_print(c, &b);
}

int
cmd_help(struct cli *c, int argc, char **argv)
{
	const struct command *table = command_table, *cmd = NULL;
	if (argc == 0 && cli_option(c, "scdoc")) {
		struct buf b = BUF_INIT(SCREEN_MAX);
		manual_write(&b);
		return cli_print(c, &b);
	}
	for (int i = 0; i < argc; i++) {
		cmd = table ? command_find(table, argv[i]) : NULL;
		if (!cmd)
			return cli_fail(
			    c, CLI_USAGE, "There is no command \"%s\". See: earshot help", argv[i]);
		table = cmd->children;
	}
	return help_show(c, cmd);
}

int
cmd_version(struct cli *c, int argc, char **argv)
{
	(void)argc;
	(void)argv;
	struct buf b = BUF_INIT(SCREEN_MAX);
	/* the daemon's version is told if one is running: none is no error here */
	if (earshot_connect(c->socket_path, "earshot", 0, &c->link))
		c->link = NULL;
	const char *running = c->link ? earshot_daemon_version(c->link) : NULL;
	if (c->json) {
		struct earshot_value *v = earshot_value_object();
		earshot_value_set_str(v, "version", EARSHOT_VERSION);
		earshot_value_set_str(v, "daemon", running);
		int code = cli_print_json(c, v);
		earshot_value_free(v);
		return code;
	}
	buf_fmt(&b, "earshot %s\n", EARSHOT_VERSION);
	if (running) {
		struct buf clean = BUF_INIT(SCREEN_MAX);
		cli_add(&clean, running);
		buf_fmt(&b, tr("daemon %s (process %lld)"), buf_cstr(&clean),
		    (long long)earshot_daemon_pid(c->link));
		buf_char(&b, '\n');
		buf_finish(&clean);
	}
	return cli_print(c, &b);
}
