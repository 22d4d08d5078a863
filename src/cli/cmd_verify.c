/* verify: two people make sure that nobody stands between them, by comparing a short code, or the
 * safety number. */
#include "base/clock.h"
#include "base/str.h"
#include "base/tr.h"
#include "cli/cli.h"
#include "cli/command.h"
#include "front/words.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

enum {
	WAIT_MS = 6 * 60 * 1000, /* the daemon gives up earlier */
	TICK_MS = 1000,
	NUMBER_ROW = 4, /* groups of digits in a row */
	GROUPS_WIDTH = 6,
};

struct comparison {
	struct cli *c;
	char *peer;                  /* owned; whose it is, once the daemon has said so ... */
	int64_t run;                 /* ... and which one */
	struct earshot_value *early; /* owned; events that came before it had */
	struct buf display;          /* clean */
	struct buf words, digits;
	struct buf reason; /* clean; why it ended */
	bool confirmed;    /* by the other */
	bool said;         /* by us */
	enum { OPEN, VERIFIED, ENDED } outcome;
};

/* ---- what the daemon tells ---- */

static void
set_words(struct buf *b, const struct earshot_value *v, const char *key)
{
	if (str_empty(earshot_value_str(v, key)))
		return;
	buf_clear(b);
	words_str(b, v, key);
}

static void
take(struct comparison *x, const struct earshot_value *v)
{
	const char *stage = earshot_value_str(v, "stage");
	set_words(&x->words, v, "words");
	set_words(&x->digits, v, "digits");
	if (!str_empty(earshot_value_str(v, "reason"))) {
		buf_clear(&x->reason);
		words_told(&x->reason, v, "reason");
	}
	set_words(&x->display, v, "display");
	if (str_equal(stage, "confirmed"))
		x->confirmed = true;
	else if (str_equal(stage, "waiting"))
		x->said = true;
	else if (str_equal(stage, "verified"))
		x->outcome = VERIFIED;
	else if (str_equal(stage, "ended"))
		x->outcome = ENDED;
}

static void
take_event(struct comparison *x, const struct earshot_value *event)
{
	if (str_equal(earshot_value_str(event, "peer"), x->peer) &&
	    earshot_value_int(event, "run", -1) == x->run)
		take(x, event);
}

static void
on_event(void *ctx, const char *topic, const struct earshot_value *event)
{
	struct comparison *x = ctx;
	if (strcmp(topic, "verify") != 0)
		return;
	if (x->peer)
		take_event(x, event);
	else
		earshot_value_append(x->early, earshot_value_ref(event));
}

/* The daemon's answer to verify.start. Events may have overtaken it on the way through here. */
static int
take_start(struct comparison *x, const struct earshot_value *answer)
{
	const char *peer = earshot_value_str(answer, "peer");
	x->peer = peer ? strdup(peer) : NULL;
	x->run = earshot_value_int(answer, "run", 0);
	if (!x->peer)
		return cli_fail(x->c, CLI_ERROR, "Out of memory.");
	take(x, answer);
	for (size_t i = 0; i < earshot_value_count(x->early); i++)
		take_event(x, earshot_value_at(x->early, i));
	return CLI_OK;
}

static bool
has_code(const void *ctx)
{
	const struct comparison *x = ctx;
	return x->words.len > 0 || x->outcome != OPEN;
}

static bool
is_over(const void *ctx)
{
	const struct comparison *x = ctx;
	return x->outcome != OPEN;
}

/* `what` moves. */
static int
await(struct comparison *x, struct buf *what, cli_done_fn *done)
{
	int err = cli_await(x->c, buf_cstr(what), WAIT_MS, done, x);
	buf_finish(what);
	cli_quiet(x->c);
	return err ? cli_fail_call(x->c, err, NULL) : CLI_OK;
}

static int
await_code(struct comparison *x)
{
	struct buf b = BUF_INIT(WORDS_MAX);
	buf_fmt(&b, tr("Waiting for the program of %s"), buf_cstr(&x->display));
	return await(x, &b, has_code);
}

static int
await_end(struct comparison *x)
{
	struct buf b = BUF_INIT(WORDS_MAX);
	buf_fmt(
	    &b, tr("Waiting for %s to say so too, with: earshot verify"), buf_cstr(&x->display));
	return await(x, &b, is_over);
}

/* ---- what is shown ---- */

static void
add_boxed(const struct screen *s, struct buf *out, const char *text, size_t inside)
{
	size_t len = strlen(text), left = len < inside ? (inside - len) / 2 : 0;
	buf_fmt(out, "    \xe2\x94\x82%*s", (int)left, "");
	screen_style(s, out, STYLE_NAME, text);
	buf_fmt(out, "%*s\xe2\x94\x82\n", (int)(len + left < inside ? inside - len - left : 0), "");
}

static void
add_edge(struct buf *out, const char *left, const char *right, size_t inside)
{
	buf_fmt(out, "    %s", left);
	for (size_t i = 0; i < inside; i++)
		buf_str(out, "\xe2\x94\x80");
	buf_fmt(out, "%s\n", right);
}

static void
add_code(const struct comparison *x, struct buf *b)
{
	enum { INSIDE = 53, NARROW = 64 };
	const struct screen *s = &x->c->out;
	struct buf words = BUF_INIT(WORDS_MAX);
	if (s->columns >= NARROW && x->words.len * 3 < INSIDE + 4) {
		words_spread(&words, buf_cstr(&x->words));
		add_edge(b, "\xe2\x94\x8c", "\xe2\x94\x90", INSIDE);
		add_boxed(s, b, "", INSIDE);
		add_boxed(s, b, buf_cstr(&words), INSIDE);
		add_boxed(s, b, "", INSIDE);
		add_boxed(s, b, buf_cstr(&x->digits), INSIDE);
		add_boxed(s, b, "", INSIDE);
		add_edge(b, "\xe2\x94\x94", "\xe2\x94\x98", INSIDE);
	} else {
		screen_style(s, b, STYLE_NAME, buf_cstr(&x->words));
		buf_char(b, '\n');
		screen_style(s, b, STYLE_NAME, buf_cstr(&x->digits));
		buf_char(b, '\n');
	}
	buf_finish(&words);
}

static int
show_code(struct comparison *x)
{
	struct buf b = BUF_INIT(WORDS_MAX), line = BUF_INIT(WORDS_MAX);
	buf_char(&b, '\n');
	add_code(x, &b);
	buf_char(&b, '\n');
	buf_fmt(&line,
	    tr("%s sees a code too. Read yours to each other, face to face or over the telephone: "
	       "words or digits, either is enough. What is written here could be forged."),
	    buf_cstr(&x->display));
	screen_wrap(&x->c->out, &b, buf_cstr(&line), 0, 0);
	buf_char(&b, '\n');
	buf_finish(&line);
	return cli_print(x->c, &b);
}

static int
show_outcome(struct comparison *x)
{
	struct buf b = BUF_INIT(WORDS_MAX), line = BUF_INIT(WORDS_MAX);
	if (x->outcome != VERIFIED)
		return cli_fail(x->c, CLI_ERROR, "Not verified: %s",
		    x->reason.len > 0 ? buf_cstr(&x->reason) : tr("it did not come to an end."));
	buf_fmt(&line, tr("[v] %s is verified: nobody stands between you."), buf_cstr(&x->display));
	screen_style(&x->c->out, &b, STYLE_GOOD, buf_cstr(&line));
	buf_char(&b, '\n');
	buf_finish(&line);
	return cli_print(x->c, &b);
}

/* ---- asking ---- */

/* Waits for a line of input; serves the connection meanwhile, which may end it all. */
static int
read_answer(struct comparison *x, bool *yes)
{
	char line[64];
	while (x->outcome == OPEN) {
		struct pollfd fds[2] = {{STDIN_FILENO, POLLIN, 0},
		    {earshot_fd(x->c->link), earshot_events(x->c->link), 0}};
		if (poll(fds, 2, TICK_MS) < 0 && errno != EINTR)
			return cli_fail(x->c, CLI_ERROR, "The input cannot be read.");
		int err = fds[1].revents ? earshot_dispatch(x->c->link) : 0;
		if (err)
			return cli_fail_call(x->c, err, NULL);
		if (!fds[0].revents)
			continue;
		ssize_t n = read(STDIN_FILENO, line, sizeof(line) - 1);
		line[n > 0 ? n : 0] = '\0';
		line[strcspn(line, "\r\n")] = '\0';
		*yes = str_casecmp(line, "y") == 0 || str_casecmp(line, "yes") == 0 ||
		       str_casecmp(line, tr("y")) == 0 || str_casecmp(line, tr("yes")) == 0;
		return CLI_OK;
	}
	return CLI_OK;
}

static int
ask(struct comparison *x)
{
	struct buf b = BUF_INIT(WORDS_MAX);
	struct earshot_value *params = cli_peer(x->peer), *answer = NULL;
	bool yes = false;
	if (x->confirmed) {
		buf_fmt(&b, tr("%s says that they are the same."), buf_cstr(&x->display));
		buf_char(&b, '\n');
	}
	(void)tcflush(STDIN_FILENO, TCIFLUSH); /* what was typed before was no answer */
	/* Translators: "y" and "yes" are taken, and what you write for them */
	buf_fmt(&b, "%s ", tr("Do both screens show the same? [y/N]"));
	(void)screen_write(&x->c->err, &b);
	buf_finish(&b);
	int code = read_answer(x, &yes);
	if (code || x->outcome != OPEN) {
		earshot_value_free(params);
		(void)!write(STDERR_FILENO, "\n", 1);
		return code;
	}
	earshot_value_set_bool(params, "same", yes);
	code = cli_call(x->c, NULL, "verify.answer", params, &answer);
	if (!code)
		take(x, answer);
	earshot_value_free(answer);
	return code;
}

static int
compare(struct comparison *x, const char *name)
{
	static const char *const topics[] = {"verify", NULL};
	struct earshot_value *answer = NULL;
	int code = cli_connect(x->c);
	if (code)
		return code;
	int err = earshot_subscribe(x->c->link, topics, on_event, x, CLI_CALL_MS);
	if (err)
		return cli_fail_call(x->c, err, NULL);
	code = cli_call(x->c, "Connecting", "verify.start", cli_peer(name), &answer);
	if (code)
		return code;
	code = take_start(x, answer);
	earshot_value_free(answer);
	if (!code)
		code = await_code(x);
	if (!code && x->outcome == OPEN)
		code = show_code(x);
	if (!code && x->outcome == OPEN && !x->said)
		code = ask(x);
	if (!code && x->outcome == OPEN)
		code = await_end(x);
	return code ? code : show_outcome(x);
}

static int
run_comparison(struct cli *c, const char *name)
{
	struct comparison x = {.c = c, .early = earshot_value_array()};
	struct buf *const all[] = {&x.display, &x.words, &x.digits, &x.reason};
	for (size_t i = 0; i < ARRAY_LEN(all); i++)
		buf_init(all[i], WORDS_MAX);
	int code = compare(&x, name);
	for (size_t i = 0; i < ARRAY_LEN(all); i++)
		buf_finish(all[i]);
	earshot_value_free(x.early);
	free(x.peer);
	return code;
}

/* ---- the safety number ---- */

/* "12345 67890 ..." in rows of four groups. */
static void
add_number(const struct screen *s, struct buf *b, const char *number)
{
	struct buf clean = BUF_INIT(WORDS_MAX), row = BUF_INIT(WORDS_MAX);
	cli_add(&clean, number);
	for (size_t at = 0; at < clean.len; at += (size_t)NUMBER_ROW * GROUPS_WIDTH) {
		size_t left = clean.len - at;
		size_t n = (size_t)NUMBER_ROW * GROUPS_WIDTH - 1;
		buf_clear(&row);
		buf_add(&row, clean.data + at, left < n ? left : n);
		buf_str(b, "    ");
		screen_style(s, b, STYLE_NAME, buf_cstr(&row));
		buf_char(b, '\n');
	}
	buf_finish(&clean);
	buf_finish(&row);
}

static int
print_number(struct cli *c, const char *name)
{
	struct buf b = BUF_INIT(WORDS_MAX), line = BUF_INIT(WORDS_MAX);
	struct earshot_value *answer = NULL;
	int code = cli_call(c, NULL, "verify.number", cli_peer(name), &answer);
	if (code)
		return code;
	if (c->json) {
		code = cli_print_json(c, answer);
	} else if (!c->out.tty) {
		words_str(&b, answer, "number");
		buf_char(&b, '\n');
		code = cli_print(c, &b);
	} else {
		struct buf who = words_name(answer);
		buf_fmt(&line,
		    tr("The safety number of you and %s, the same on both sides if nobody stands "
		       "between you:"),
		    buf_cstr(&who));
		buf_finish(&who);
		screen_wrap(&c->out, &b, buf_cstr(&line), 0, 0);
		buf_char(&b, '\n');
		add_number(&c->out, &b, earshot_value_str(answer, "number"));
		buf_fmt(
		    &b, "\n%s\n", tr("If it is the same: earshot verify NAME --number \"...\""));
		code = cli_print(c, &b);
	}
	buf_finish(&line);
	earshot_value_free(answer);
	return code;
}

static int
confirm(struct cli *c, const char *name, const char *key, const char *value)
{
	struct buf b = BUF_INIT(WORDS_MAX);
	struct earshot_value *params = cli_peer(name), *answer = NULL;
	earshot_value_set_str(params, key, value);
	int code = cli_call(c, NULL, "verify.confirm", params, &answer);
	if (!code && c->json) {
		code = cli_print_json(c, answer);
	} else if (!code) {
		struct buf who = words_name(answer);
		buf_fmt(
		    &b, tr("[v] %s is verified: the key is the one you named."), buf_cstr(&who));
		buf_char(&b, '\n');
		buf_finish(&who);
		code = cli_print(c, &b);
	}
	earshot_value_free(answer);
	return code;
}

int
cmd_verify(struct cli *c, int argc, char **argv)
{
	(void)argc;
	const char *number = cli_option(c, "number"), *id = cli_option(c, "id");
	bool show = cli_option(c, "show");
	if ((number != NULL) + (id != NULL) + show > 1)
		return cli_usage(c, "Only one of --show, --number and --id can be used.");
	if (show)
		return print_number(c, argv[0]);
	if (number)
		return confirm(c, argv[0], "number", number);
	if (id)
		return confirm(c, argv[0], "id", id);
	if (!c->out.tty || !isatty(STDIN_FILENO))
		return cli_usage(
		    c, "A person has to compare the codes, on a terminal. In a script: --number.");
	return run_comparison(c, argv[0]);
}
