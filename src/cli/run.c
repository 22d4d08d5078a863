/* From argv to a command: global options, the command, its options and arguments. */
#include "base/err.h"
#include "base/str.h"
#include "base/text.h"
#include "base/tr.h"
#include "base/utf8.h"
#include "cli/cli.h"
#include "cli/command.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { SENTENCE_MAX = 64 * 1024 };

struct words {
	int in; /* next of argv to look at */
	int argc;
	char **argv;
	int count;     /* arguments found; they move to the front of args */
	char **args;   /* borrowed strings, owned array */
	bool verbatim; /* all that follows is an argument */
};

/* ---- what went wrong ---- */

static void
print_json_error(struct cli *c, int code, const struct earshot_value *data, const char *sentence)
{
	struct earshot_value *v = earshot_value_object(), *e = earshot_value_object();
	earshot_value_set_str(e, "message", sentence);
	earshot_value_set_int(e, "exit", code);
	if (data)
		earshot_value_set(e, "data", earshot_value_ref(data));
	earshot_value_set(v, "error", e);
	(void)cli_print_json(c, v); /* there is no better place to tell */
	earshot_value_free(v);
}

static void
print_sentence(struct cli *c, const char *sentence)
{
	struct buf b = BUF_INIT(SENTENCE_MAX);
	screen_style(&c->err, &b, STYLE_BAD, "earshot:");
	buf_char(&b, ' ');
	text_add(&b, TEXT_NAME, sentence, strlen(sentence));
	buf_char(&b, '\n');
	(void)screen_write(&c->err, &b);
	buf_finish(&b);
}

void
cli_warn(struct cli *c, const char *sentence)
{
	print_sentence(c, tr(sentence));
}

void
cli_note(struct cli *c, const char *sentence)
{
	struct buf b = BUF_INIT(SENTENCE_MAX);
	cli_add(&b, tr(sentence));
	buf_char(&b, '\n');
	(void)screen_write(&c->err, &b);
	buf_finish(&b);
}

int
cli_fail_data(struct cli *c, int code, const struct earshot_value *data, const char *sentence)
{
	print_sentence(c, sentence);
	if (c->json)
		print_json_error(c, code, data, sentence);
	return code;
}

int
cli_fail(struct cli *c, int code, const char *fmt, ...)
{
	struct buf b = BUF_INIT(SENTENCE_MAX);
	va_list ap;
	va_start(ap, fmt);
	buf_vfmt(&b, tr(fmt), ap);
	va_end(ap);
	cli_fail_data(c, code, NULL, buf_err(&b) ? tr("Out of memory.") : buf_cstr(&b));
	buf_finish(&b);
	return code;
}

int
cli_usage(struct cli *c, const char *fmt, ...)
{
	struct buf b = BUF_INIT(SENTENCE_MAX);
	va_list ap;
	va_start(ap, fmt);
	buf_vfmt(&b, tr(fmt), ap);
	va_end(ap);
	if (c->command) {
		struct buf usage = BUF_INIT(SENTENCE_MAX);
		command_usage(c->command, &usage);
		buf_char(&b, ' ');
		buf_fmt(&b, tr("Use it like this: %s"), buf_cstr(&usage));
		buf_finish(&usage);
	}
	int code = cli_fail_data(c, CLI_USAGE, NULL, buf_cstr(&b));
	buf_finish(&b);
	return code;
}

/* ---- what goes out ---- */

int
cli_print(struct cli *c, struct buf *b)
{
	int err = screen_write(&c->out, b);
	buf_finish(b);
	if (!err)
		return CLI_OK;
	c->json = false; /* what cannot be written cannot tell of it either */
	return cli_fail(c, CLI_ERROR, "The output cannot be written: %s.", tr_error(err_str(err)));
}

void
cli_add(struct buf *b, const char *text)
{
	if (text)
		text_add(b, TEXT_NAME, text, strlen(text));
}

void
cli_label(struct buf *b, const char *label)
{
	enum { LABEL = 14 };
	size_t width = text_width(label, strlen(label));
	buf_fmt(b, "%s%*s", label, width < LABEL ? (int)(LABEL - width) : 1, "");
}

void
cli_add_json(struct buf *out, const char *json)
{
	struct buf shown = BUF_INIT(64);
	for (size_t len = strlen(json), n; len > 0; json += n, len -= n) {
		uint32_t ch = 0;
		n = utf8_decode(json, len, &ch);
		if (n == 0)
			n = 1;
		buf_clear(&shown);
		text_add(&shown, TEXT_NAME, json, n);
		if (shown.len == n && memcmp(buf_cstr(&shown), json, n) == 0)
			buf_add(out, json, n);
		else if (ch > 0xffff)
			buf_fmt(out, "\\u%04x\\u%04x", 0xd800u + ((ch - 0x10000u) >> 10),
			    0xdc00u + ((ch - 0x10000u) & 0x3ffu));
		else
			buf_fmt(out, "\\u%04x", (unsigned)ch);
	}
	buf_finish(&shown);
}

int
cli_print_json(struct cli *c, const struct earshot_value *v)
{
	struct buf b = BUF_INIT(SCREEN_MAX);
	char *json = earshot_value_write(v);
	if (!json)
		return cli_fail(c, CLI_ERROR, "Out of memory.");
	if (isatty(c->out.fd))
		cli_add_json(&b, json);
	else
		buf_str(&b, json);
	buf_char(&b, '\n');
	free(json);
	return cli_print(c, &b);
}

/* ---- options ---- */

const char *
cli_option(const struct cli *c, const char *name)
{
	const struct option *o = c->command ? c->command->options : NULL;
	for (size_t i = 0; o && o[i].name; i++)
		if (strcmp(o[i].name, name) == 0)
			return c->values[i];
	return NULL;
}

/* Does `word` name option o? Its value, if joined by "=", goes to *value. */
static bool
option_matches(const struct option *o, const char *word, const char **value)
{
	*value = NULL;
	if (word[1] != '-')
		return o->letter && word[1] == o->letter && word[2] == '\0';
	size_t n = strlen(o->name);
	if (strncmp(word + 2, o->name, n) != 0)
		return false;
	if (word[2 + n] == '=' && o->value) {
		*value = word + 3 + n;
		return true;
	}
	return word[2 + n] == '\0';
}

static const struct option *
option_find(const struct option *table, const char *word, const char **value)
{
	for (; table && table->name; table++)
		if (option_matches(table, word, value))
			return table;
	return NULL;
}

static void
set_global(struct cli *c, const struct option *o, const char *value)
{
	if (strcmp(o->name, "json") == 0) {
		c->json = true;
		(void)tr_english(true); /* for programs, so it is the same for everybody */
	} else if (strcmp(o->name, "no-color") == 0)
		c->no_colour = true;
	else if (strcmp(o->name, "plain") == 0)
		c->plain = true;
	else if (strcmp(o->name, "socket") == 0)
		c->socket_path = value;
	else if (strcmp(o->name, "help") == 0)
		c->help = true;
	else if (strcmp(o->name, "version") == 0)
		c->version = true;
}

static int
take_option(struct cli *c, struct words *w, const char *word)
{
	const char *value;
	const struct option *own = c->command ? c->command->options : NULL;
	const struct option *o = option_find(own, word, &value);
	bool global = !o;
	if (!o)
		o = option_find(command_globals, word, &value);
	if (!o)
		return cli_usage(c, "There is no option %s here.", word);
	if (o->value && !value) {
		if (w->in >= w->argc)
			return cli_usage(c, "The option %s needs a value (%s).", word, o->value);
		value = w->argv[w->in++];
	}
	if (global)
		set_global(c, o, value);
	else
		c->values[o - own] = value ? value : "";
	return CLI_OK;
}

/* ---- commands ---- */

static int
take_command(struct cli *c, const char *word)
{
	const struct command *table = c->command ? c->command->children : command_table;
	const struct command *found = command_find(table, word);
	if (!found) {
		const struct command *near = command_guess(table, word);
		if (near)
			return cli_fail(c, CLI_USAGE,
			    "There is no command \"%s\". Did you mean \"%s\"?", word, near->name);
		return cli_fail(
		    c, CLI_USAGE, "There is no command \"%s\". See: earshot help", word);
	}
	for (size_t i = 0; i < ARRAY_LEN(c->values); i++)
		if (c->values[i])
			return cli_usage(c, "\"%s\" stands before its options.", word);
	c->command = found;
	return CLI_OK;
}

static int
take_word(struct cli *c, struct words *w)
{
	char *word = w->argv[w->in++];
	if (!w->verbatim && strcmp(word, "--") == 0) {
		w->verbatim = true;
		return CLI_OK;
	}
	if (!w->verbatim && word[0] == '-' && word[1] != '\0')
		return take_option(c, w, word);
	if (!c->command || c->command->children)
		return take_command(c, word);
	w->args[w->count++] = word;
	if (c->command->flags & COMMAND_TEXT && w->count == 1 && !w->verbatim) {
		w->verbatim = true;
		if (w->in < w->argc && strcmp(w->argv[w->in], "--") == 0)
			w->in++;
	}
	return CLI_OK;
}

static int
parse(struct cli *c, struct words *w)
{
	while (w->in < w->argc) {
		int code = take_word(c, w);
		if (code)
			return code;
	}
	return CLI_OK;
}

static int
run_command(struct cli *c, int argc, char **argv)
{
	const struct command *cmd = c->command;
	if (!cmd->run)
		return cli_usage(c, "Something is missing after %s.", cmd->name);
	if (argc < cmd->min)
		return cli_usage(c, "Something is missing after %s.", cmd->name);
	if (cmd->max >= 0 && argc > cmd->max)
		return cli_usage(c, "\"%s\" is one word too many.", argv[cmd->max]);
	return cmd->run(c, argc, argv);
}

/* The commands that "earshot", --help and --version stand for. */
static int
run_implied(struct cli *c, struct words *w)
{
	if (c->help)
		return help_show(c, c->command);
	if (c->version) {
		c->command = command_find(command_table, "version");
		return cmd_version(c, 0, NULL);
	}
	if (!c->command)
		c->command = command_find(command_table, "tui");
	return run_command(c, w->count, w->args);
}

int
cli_run(int argc, char **argv)
{
	struct cli c = {0};
	struct words w = {.in = 1, .argc = argc, .argv = argv};
	int code = CLI_ERROR;
	/* before the options are known, for errors in them */
	screen_init(&c.err, STDERR_FILENO, true);
	screen_init(&c.out, STDOUT_FILENO, true);
	c.plain = screen_env("EARSHOT_PLAIN");
	w.args = calloc((size_t)argc + 1, sizeof(*w.args));
	if (!w.args)
		return cli_fail(&c, CLI_ERROR, "Out of memory.");
	code = parse(&c, &w);
	screen_init(&c.err, STDERR_FILENO, c.no_colour);
	screen_init(&c.out, STDOUT_FILENO, c.no_colour || c.json);
	if (code == CLI_OK)
		code = run_implied(&c, &w);
	cli_disconnect(&c);
	free(w.args);
	return code;
}
