#include "base/err.h"
#include "base/paths.h"
#include "base/str.h"
#include "base/tr.h"
#include "cli/cli.h"
#include "cli/command.h"
#include "front/words.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int
print_line(struct cli *c, const struct earshot_value *json, const char *line)
{
	struct buf b = BUF_INIT(WORDS_MAX);
	if (c->json)
		return cli_print_json(c, json);
	buf_fmt(&b, "%s\n", tr(line));
	return cli_print(c, &b);
}

int
cmd_daemon_start(struct cli *c, int argc, char **argv)
{
	(void)argc;
	(void)argv;
	struct earshot_value *state = NULL;
	bool running = earshot_connect(c->socket_path, "earshot", 0, &c->link) == 0;
	if (!running)
		c->link = NULL;
	int code = cli_call(c, NULL, "daemon.status", NULL, &state);
	if (!code)
		code = print_line(
		    c, state, running ? TR("Earshot runs already.") : TR("Earshot runs now."));
	earshot_value_free(state);
	return code;
}

int
cmd_daemon_stop(struct cli *c, int argc, char **argv)
{
	(void)argc;
	(void)argv;
	struct earshot_value *answer = NULL, *none = earshot_value_object();
	int err = earshot_connect(c->socket_path, "earshot", 0, &c->link);
	if (err == EARSHOT_ERR_NOT_RUNNING) {
		int code = print_line(c, none, TR("Earshot was not running."));
		earshot_value_free(none);
		return code;
	}
	earshot_value_free(none);
	if (err)
		return cli_fail_call(c, err, NULL);
	int code = cli_call(c, "Stopping", "daemon.stop", NULL, &answer);
	if (code)
		return code;
	if (cli_await_end(c))
		code = print_line(c, answer, TR("Earshot has stopped."));
	else
		code = cli_fail(c, CLI_NO_ANSWER,
		    "The daemon (process %lld) was told to stop but is still there.",
		    (long long)earshot_daemon_pid(c->link));
	earshot_value_free(answer);
	return code;
}

/* A label and what stands behind it, in a row; without words none. Clears them. */
static void
add_row(struct buf *b, const char *label, struct buf *words)
{
	if (words->len > 0) {
		cli_label(b, tr(label));
		buf_fmt(b, "%s\n", buf_cstr(words));
	}
	buf_clear(words);
}

static void
add_text(struct buf *b, const char *label, const struct earshot_value *v, const char *key)
{
	struct buf words = words_member(v, key);
	add_row(b, label, &words);
	buf_finish(&words);
}

static void
add_discovery(struct buf *words, const struct earshot_value *state)
{
	words_discovery(words, state);
	if (!str_empty(earshot_value_str(state, "backend"))) {
		buf_str(words, ", ");
		words_str(words, state, "backend");
	}
	if (!earshot_value_bool(state, "network", true))
		buf_fmt(words, ", %s", tr("no network"));
}

static void
add_people(struct buf *words, const struct earshot_value *state)
{
	long long people = earshot_value_int(state, "people", 0),
		  streams = earshot_value_int(state, "streams", 0),
		  clients = earshot_value_int(state, "clients", 0);
	buf_fmt(words, tr("%lld (%lld connected)"), people, streams);
	buf_str(words, ", ");
	buf_fmt(words,
	    tr_n("%lld program of yours", "%lld programs of yours", (unsigned long)clients),
	    clients);
}

static void
add_state(struct buf *b, const struct earshot_value *state)
{
	struct buf words = BUF_INIT(WORDS_MAX), span = BUF_INIT(64);
	struct buf version = words_member(state, "version");
	words_span(&span, earshot_value_int(state, "uptime", 0));
	buf_fmt(&words, tr("for %s, process %lld, version %s"), buf_cstr(&span),
	    (long long)earshot_value_int(state, "pid", 0), buf_cstr(&version));
	add_row(b, TR("Running"), &words);
	add_discovery(&words, state);
	add_row(b, TR("Discovery"), &words);
	words_told(&words, state, "problem");
	add_row(b, TR("Problem"), &words);
	add_people(&words, state);
	add_row(b, TR("People"), &words);
	buf_int(&words, earshot_value_int(state, "port", 0));
	add_row(b, TR("Port"), &words);
	add_text(b, TR("Sandbox"), state, "sandbox");
	add_text(b, TR("Files"), state, "porter");
	add_text(b, TR("Settings"), state, "config");
	add_text(b, TR("Log"), state, "log");
	buf_finish(&words);
	buf_finish(&span);
	buf_finish(&version);
}

int
cmd_daemon_status(struct cli *c, int argc, char **argv)
{
	(void)argc;
	(void)argv;
	struct buf b = BUF_INIT(SCREEN_MAX);
	struct earshot_value *state = NULL;
	int code = cli_call(c, NULL, "daemon.status", NULL, &state);
	if (code)
		return code;
	if (c->json)
		code = cli_print_json(c, state);
	else {
		add_state(&b, state);
		code = cli_print(c, &b);
	}
	earshot_value_free(state);
	return code;
}

/* The daemon as the library finds it: $EARSHOTD, beside this program, in PATH. */
static char *
daemon_path(void)
{
	struct buf path = BUF_INIT(4096);
	const char *set = screen_env("EARSHOTD");
	char *dir = NULL;
	if (!set && paths_program_dir(&dir) == 0)
		buf_fmt(&path, "%s/earshotd", dir);
	free(dir);
	if (set)
		buf_str(&path, set);
	else if (access(buf_cstr(&path), X_OK) != 0) {
		buf_clear(&path);
		buf_str(&path, "earshotd");
	}
	char *found = buf_take(&path);
	buf_finish(&path);
	return found;
}

int
cmd_daemon_run(struct cli *c, int argc, char **argv)
{
	char *path = daemon_path();
	char **args = calloc((size_t)argc + 4, sizeof(*args));
	char option[] = "--socket";
	char *socket_path = c->socket_path ? strdup(c->socket_path) : NULL;
	int n = 0, code;
	if (!path || !args || (c->socket_path && !socket_path)) {
		code = cli_fail(c, CLI_ERROR, "Out of memory.");
		goto out;
	}
	args[n++] = path;
	if (socket_path) {
		args[n++] = option;
		args[n++] = socket_path;
	}
	for (int i = 0; i < argc; i++)
		args[n++] = argv[i];
	execvp(path, args);
	code = cli_fail(c, CLI_NO_DAEMON, "%s cannot be run: %s. Is Earshot installed whole?", path,
	    tr_error(err_str(-errno)));
out:
	free(socket_path);
	free(args);
	free(path);
	return code;
}
