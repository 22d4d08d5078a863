/* The connection to the daemon: made when first needed, waited for with signs of life. */
#include "base/clock.h"
#include "base/paths.h"
#include "base/random.h"
#include "base/str.h"
#include "base/text.h"
#include "base/tr.h"
#include "cli/cli.h"
#include "cli/command.h"
#include "cli/people_table.h"
#include "cli/secret.h"
#include "front/words.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { PROGRESS_AFTER = 1000, TICK = 200, STOP_MS = 10000 };
enum { UNLOCK_TRIES = 3 };

struct pending {
	struct earshot_value *answer; /* owned */
	int err;
	bool done;
};

static const struct {
	const char *reason;
	int code;
} reasons[] = {
    {"invalid", CLI_USAGE},
    {"unknown", CLI_UNKNOWN},
    {"ambiguous", CLI_AMBIGUOUS},
    {"absent", CLI_ABSENT},
    {"unreachable", CLI_NO_ANSWER},
    {"timeout", CLI_NO_ANSWER},
    {"late", CLI_LATE},
    {"disk", CLI_DISK},
};

int
cli_exit_code(int err, const struct earshot_value *answer)
{
	switch (err) {
	case EARSHOT_OK:
		return CLI_OK;
	case EARSHOT_ERR_FAILED:
		for (size_t i = 0; i < ARRAY_LEN(reasons); i++)
			if (strcmp(earshot_error_reason(answer), reasons[i].reason) == 0)
				return reasons[i].code;
		return CLI_ERROR;
	case EARSHOT_ERR_INVALID:
		return CLI_USAGE;
	case EARSHOT_ERR_TIMEOUT:
		return CLI_NO_ANSWER;
	case EARSHOT_ERR_REFUSED:
		return CLI_REFUSED;
	case EARSHOT_ERR_NOT_RUNNING:
	case EARSHOT_ERR_START:
	case EARSHOT_ERR_LOCKED:
	case EARSHOT_ERR_PROTOCOL:
	case EARSHOT_ERR_CUT_OFF:
		return CLI_NO_DAEMON;
	default:
		return CLI_ERROR;
	}
}

static int
fail_start(struct cli *c)
{
	char *log = NULL;
	int err = paths_get(PATHS_STATE, "earshotd.log", &log);
	int code = err ? cli_fail(c, CLI_NO_DAEMON,
			     "The daemon could not be started. Try: earshot daemon run")
		       : cli_fail(c, CLI_NO_DAEMON,
			     "The daemon could not be started. Its last words are in %s, and here "
			     "with: earshot daemon run",
			     log);
	free(log);
	return code;
}

static int
fail_refused(struct cli *c)
{
	char *path = NULL;
	const char *set = c->socket_path ? c->socket_path : screen_env("EARSHOT_SOCKET");
	if (!set && paths_get(PATHS_RUNTIME, "daemon.sock", &path) == 0)
		set = path;
	int code = cli_fail(c, CLI_REFUSED,
	    "The socket %s belongs to another user, so Earshot does not use it. Choose another "
	    "with --socket.",
	    set ? set : "daemon.sock");
	free(path);
	return code;
}

/* The daemon's own sentence, and whom an ambiguous name may mean. */
static int
fail_answer(struct cli *c, int err, const struct earshot_value *answer)
{
	const struct earshot_value *data = earshot_error_data(answer);
	const struct earshot_value *people = earshot_value_get(data, "candidates");
	int code =
	    cli_fail_data(c, cli_exit_code(err, answer), data, earshot_error_message(err, answer));
	if (earshot_value_count(people) > 0) {
		struct buf b = BUF_INIT(SCREEN_MAX);
		people_table(&c->err, &b, people, false);
		(void)screen_write(&c->err, &b); /* the exit code has said it */
		buf_finish(&b);
	}
	return code;
}

int
cli_fail_call(struct cli *c, int err, const struct earshot_value *answer)
{
	switch (err) {
	case EARSHOT_ERR_NOT_RUNNING:
		return cli_fail(c, CLI_NO_DAEMON,
		    "Earshot is not running. Start it with: earshot daemon start");
	case EARSHOT_ERR_START:
		return fail_start(c);
	case EARSHOT_ERR_LOCKED:
		return cli_fail(c, CLI_NO_DAEMON,
		    "The daemon was not started: that is not the passphrase of your key.");
	case EARSHOT_ERR_REFUSED:
		return fail_refused(c);
	case EARSHOT_ERR_PROTOCOL:
		return cli_fail(c, CLI_NO_DAEMON,
		    "The running daemon is of another version. End it, then try again.");
	case EARSHOT_ERR_CUT_OFF:
		return cli_fail(c, CLI_NO_DAEMON, "The daemon stopped. Try again.");
	case EARSHOT_ERR_TIMEOUT:
		return cli_fail(c, CLI_NO_ANSWER, "No answer within %d seconds. Try again.",
		    CLI_CALL_MS / 1000);
	case EARSHOT_ERR_INVALID:
		return cli_fail(c, CLI_USAGE, "The text is not UTF-8, so it cannot be sent.");
	default:
		return fail_answer(c, err, answer);
	}
}

void
cli_progress(struct cli *c, const char *what, uint64_t since)
{
	struct buf b = BUF_INIT(SCREEN_MAX), line = BUF_INIT(SCREEN_MAX);
	uint64_t seconds = (clock_now() - since) / 1000;
	if (!c->err.tty)
		return;
	if (c->plain) { /* one line, once: nothing that was written changes */
		buf_fmt(&line, "%s ...\n", tr(what));
		if (c->progress != since)
			(void)screen_write(&c->err, &line); /* nothing depends on it */
		c->progress = since;
		buf_finish(&line);
		return;
	}
	if (seconds > 0)
		buf_fmt(&line, "%s (%llu s) ...", tr(what), (unsigned long long)seconds);
	else
		buf_fmt(&line, "%s ...", tr(what));
	size_t n =
	    text_fit(buf_cstr(&line), line.len, c->err.columns - 1); /* one row, or \r fails */
	line.data[n] = '\0';
	buf_str(&b, "\r");
	screen_style(&c->err, &b, STYLE_DIM, buf_cstr(&line));
	buf_str(&b, "\033[K");
	(void)screen_write(&c->err, &b); /* nothing depends on it */
	buf_finish(&line);
	buf_finish(&b);
}

void
cli_quiet(struct cli *c)
{
	struct buf b = BUF_INIT(SCREEN_MAX);
	if (!c->err.tty || c->plain)
		return;
	buf_str(&b, "\r\033[K");
	(void)screen_write(&c->err, &b);
	buf_finish(&b);
}

/* Its key is locked: asks for the passphrase and starts it with that. */
static int
start_locked(struct cli *c, unsigned flags)
{
	int err = EARSHOT_ERR_LOCKED;
	for (int i = 0; err == EARSHOT_ERR_LOCKED && i < UNLOCK_TRIES; i++) {
		int passphrase = -1;
		int code =
		    secret_ask(c, i == 0 ? TR("The passphrase of your key:") : TR("Wrong. Again:"),
			false, &passphrase);
		if (code)
			return code;
		err = earshot_connect_unlocking(
		    c->socket_path, "earshot", flags, passphrase, &c->link);
		close(passphrase);
	}
	return err ? cli_fail_call(c, err, NULL) : CLI_OK;
}

int
cli_connect(struct cli *c)
{
	unsigned flags = c->command && c->command->flags & COMMAND_START ? EARSHOT_START : 0;
	if (c->link)
		return CLI_OK;
	int err = earshot_connect(c->socket_path, "earshot", 0, &c->link);
	if (err == EARSHOT_ERR_NOT_RUNNING && flags) {
		cli_progress(c, "Starting Earshot", clock_now());
		err = earshot_connect(c->socket_path, "earshot", flags, &c->link);
		cli_quiet(c);
	}
	if (err == EARSHOT_ERR_LOCKED)
		return start_locked(c, flags);
	if (err == EARSHOT_ERR_INVALID)
		return cli_fail(c, CLI_USAGE, "The path of the socket is too long.");
	return err ? cli_fail_call(c, err, NULL) : CLI_OK;
}

void
cli_disconnect(struct cli *c)
{
	earshot_close(c->link);
	c->link = NULL;
}

static void
on_answer(void *ctx, int err, const struct earshot_value *answer)
{
	struct pending *p = ctx;
	p->done = true;
	p->err = err;
	p->answer = earshot_value_ref(answer);
}

static bool
is_done(const void *ctx)
{
	const struct pending *p = ctx;
	return p->done;
}

int
cli_await(struct cli *c, const char *what, int64_t ms, cli_done_fn *done, const void *ctx)
{
	uint64_t since = clock_now();
	bool shown = false;
	int err = 0;
	while (!done(ctx) && !err) {
		int64_t waited = (int64_t)(clock_now() - since);
		if (waited >= ms) {
			err = EARSHOT_ERR_TIMEOUT;
			break;
		}
		if (waited >= PROGRESS_AFTER && c->err.tty) {
			cli_progress(c, what ? what : TR("Waiting"), since);
			shown = true;
		}
		err = earshot_wait(c->link, ms - waited < TICK ? (int)(ms - waited) : TICK);
		if (err == EARSHOT_ERR_TIMEOUT)
			err = 0;
	}
	if (shown)
		cli_quiet(c);
	return done(ctx) ? 0 : err;
}

int
cli_try(struct cli *c, const char *what, const char *method, struct earshot_value *params,
    struct earshot_value **answer)
{
	struct pending p = {0};
	int err = earshot_call_async(c->link, method, params, on_answer, &p);
	if (!err)
		err = cli_await(c, what, CLI_CALL_MS, is_done, &p);
	if (p.done)
		err = p.err;
	if (err && err != EARSHOT_ERR_FAILED)
		cli_disconnect(c); /* no late answer may find p gone */
	if (answer && (!err || err == EARSHOT_ERR_FAILED))
		*answer = p.answer;
	else
		earshot_value_free(p.answer);
	return err;
}

int
cli_call(struct cli *c, const char *what, const char *method, struct earshot_value *params,
    struct earshot_value **answer)
{
	struct earshot_value *got = NULL;
	int code = cli_connect(c);
	if (code) {
		earshot_value_free(params);
		return code;
	}
	int err = cli_try(c, what, method, params, &got);
	if (err)
		code = cli_fail_call(c, err, got);
	if (!err && answer)
		*answer = got;
	else
		earshot_value_free(got);
	return code;
}

static int
connect_ready(struct cli *c, cli_ready_fn *ready, void *ctx)
{
	int code = cli_connect(c);
	if (code || !ready)
		return code;
	int err = ready(c, ctx);
	return err ? cli_fail_call(c, err, NULL) : CLI_OK;
}

/* What was asked may have been done: how to find out without doing it twice. */
static void
warn_unknown(struct cli *c, const struct earshot_value *params)
{
	bool can_repeat = false;
	for (const struct option *o = c->command->options; o && o->name; o++)
		can_repeat |= strcmp(o->name, "token") == 0;
	if (!can_repeat) {
		cli_warn(c, "It is not known whether it was kept.");
		return;
	}
	struct buf b = BUF_INIT(4096);
	buf_fmt(&b,
	    tr("It is not known whether it was kept. The same again with --token %s doubles "
	       "nothing."),
	    earshot_value_str(params, "token"));
	cli_warn(c, buf_cstr(&b));
	buf_finish(&b);
}

int
cli_say(struct cli *c, const char *what, const char *method, struct earshot_value *params,
    cli_ready_fn *ready, void *ctx, struct earshot_value **answer)
{
	char token[RANDOM_ID_SIZE];
	random_id_ordered(token, clock_wall());
	if (!earshot_value_has(params, "token"))
		earshot_value_set_str(params, "token", token);
	int code = connect_ready(c, ready, ctx);
	int err = code ? 0 : cli_try(c, what, method, earshot_value_ref(params), answer);
	bool unknown = err == EARSHOT_ERR_TIMEOUT;
	if (err == EARSHOT_ERR_CUT_OFF) {
		/* it may be kept already: then the token finds it */
		code = connect_ready(c, ready, ctx);
		err = code ? 0 : cli_try(c, what, method, earshot_value_ref(params), answer);
		unknown = code || (err && err != EARSHOT_ERR_FAILED);
	}
	if (unknown)
		warn_unknown(c, params);
	if (err) {
		code = cli_fail_call(c, err, *answer);
		earshot_value_free(*answer);
		*answer = NULL;
	}
	earshot_value_free(params);
	return code;
}

int
cli_pause(struct cli *c, const char *what, int ms)
{
	uint64_t until = clock_now() + (uint64_t)ms;
	int err = cli_connect(c);
	if (err)
		return err;
	if (what)
		cli_progress(c, what, clock_now());
	for (uint64_t now; (now = clock_now()) < until && !err;) {
		err = earshot_wait(c->link, (int)(until - now));
		if (err == EARSHOT_ERR_TIMEOUT)
			err = 0;
	}
	return err ? cli_fail_call(c, err, NULL) : CLI_OK;
}

/* It says goodbye to everybody first. */
bool
cli_await_end(struct cli *c)
{
	uint64_t until = clock_now() + STOP_MS;
	int err = 0;
	while (clock_now() < until && (!err || err == EARSHOT_ERR_TIMEOUT))
		err = earshot_wait(c->link, TICK);
	return err && err != EARSHOT_ERR_TIMEOUT;
}

struct earshot_value *
cli_peer(const char *name)
{
	struct earshot_value *params = earshot_value_object();
	earshot_value_set_str(params, "peer", name);
	return params;
}
