#include "base/err.h"
#include "base/limits.h"
#include "base/str.h"
#include "base/tr.h"
#include "base/utf8.h"
#include "cli/cli.h"
#include "cli/command.h"
#include "cli/pages.h"
#include "front/when.h"
#include "front/words.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
	WAIT_S = 3,           /* for a receipt */
	WAIT_MAX_S = 86400,   /* longest anybody may ask for */
	RECEIPTS_EARLY = 256, /* kept while it is not known yet whose they are */
};

/* What became of the message that is being sent. */
struct fate {
	struct earshot_value *early; /* owned; receipts that came before the answer */
	const char *id;              /* borrowed; NULL: no answer yet */
	const char *peer;
	struct earshot_value *receipt; /* owned; the last one of this message */
};

void
cli_join(struct buf *out, int argc, char **argv)
{
	for (int i = 0; i < argc; i++) {
		buf_str(out, i > 0 ? " " : "");
		buf_str(out, argv[i]);
	}
}

/* All of standard input but the line breaks at its end. */
static int
read_input(struct cli *c, struct buf *text)
{
	for (;;) {
		char part[4096];
		ssize_t n = read(STDIN_FILENO, part, sizeof(part));
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return cli_fail(c, CLI_ERROR, "The input cannot be read: %s.",
			    tr_error(err_str(-errno)));
		if (n == 0 || buf_err(text))
			break;
		buf_add(text, part, (size_t)n);
	}
	while (text->len > 0 && strchr("\r\n", text->data[text->len - 1]))
		text->data[--text->len] = '\0';
	return CLI_OK;
}

int
cli_text(struct cli *c, int argc, char **argv, struct buf *text)
{
	bool given = argc > 0 && !(argc == 1 && strcmp(argv[0], "-") == 0);
	int code = CLI_OK;
	if (given)
		cli_join(text, argc, argv);
	else if (argc == 0 && isatty(STDIN_FILENO))
		return cli_usage(c, "What do you want to say?");
	else
		code = read_input(c, text);
	if (code)
		return code;
	if (buf_err(text) == ERR_TOO_BIG)
		return cli_fail(c, CLI_USAGE,
		    "The message is longer than %d KiB. Send it in parts.",
		    LIMIT_MESSAGE_TEXT / 1024);
	if (buf_err(text))
		return cli_fail(c, CLI_ERROR, "Out of memory.");
	if (text->len == 0)
		return cli_usage(c, "The message is empty.");
	if (memchr(text->data, '\0', text->len) || !utf8_valid(text->data, text->len))
		return cli_fail(
		    c, CLI_USAGE, "The message is not UTF-8 text, so it cannot be sent.");
	return CLI_OK;
}

/* ---- what becomes of it ---- */

static void
take_receipt(struct fate *f, const struct earshot_value *receipt)
{
	if (!str_equal(earshot_value_str(receipt, "id"), f->id) ||
	    !str_equal(earshot_value_str(receipt, "peer"), f->peer))
		return;
	earshot_value_free(f->receipt);
	f->receipt = earshot_value_ref(receipt);
}

static void
on_event(void *ctx, const char *topic, const struct earshot_value *event)
{
	struct fate *f = ctx;
	if (strcmp(topic, "receipt") != 0)
		return;
	if (f->id)
		take_receipt(f, event);
	else if (earshot_value_count(f->early) < RECEIPTS_EARLY)
		earshot_value_append(f->early, earshot_value_ref(event));
}

static int
subscribe(struct cli *c, void *ctx)
{
	static const char *const topics[] = {"receipt", NULL};
	return earshot_subscribe(c->link, topics, on_event, ctx, CLI_CALL_MS);
}

static bool
is_settled(const void *ctx)
{
	const struct fate *f = ctx;
	const char *state = earshot_value_str(f->receipt, "state");
	return f->receipt && !str_equal(state, "queued");
}

/* Waits for the receipt and puts what it says into the answer. */
static void
await_fate(struct cli *c, struct fate *f, struct earshot_value *answer, int64_t wait_ms)
{
	f->id = earshot_value_str(answer, "id");
	f->peer = earshot_value_str(answer, "peer");
	for (size_t i = 0; i < earshot_value_count(f->early); i++)
		take_receipt(f, earshot_value_at(f->early, i));
	bool open = str_equal(earshot_value_str(answer, "state"), "queued") && !is_settled(f);
	if (open && wait_ms > 0 && earshot_value_bool(answer, "here", false)) {
		/* a daemon that stops meanwhile has kept the message all the same */
		int err = cli_await(c, "Waiting for the receipt", wait_ms, is_settled, f);
		if (err && err != EARSHOT_ERR_TIMEOUT)
			cli_disconnect(c);
	}
	if (!is_settled(f))
		return;
	/* f->id and f->peer are members of the answer and stay as they are */
	earshot_value_set_str(answer, "state", earshot_value_str(f->receipt, "state"));
	earshot_value_set_str(answer, "reason", earshot_value_str(f->receipt, "reason"));
}

/* What to call the person, and the reason of a failure that is not new: the kept message knows. */
static struct earshot_value *
kept_message(struct cli *c, const struct earshot_value *answer)
{
	struct earshot_value *params = cli_peer(earshot_value_str(answer, "peer")), *page = NULL;
	int64_t number = earshot_value_int(answer, "number", 0);
	earshot_value_set_int(params, "after", number - 1);
	earshot_value_set_int(params, "limit", 1);
	if (!c->link) {
		earshot_value_free(params);
		return NULL;
	}
	if (cli_try(c, NULL, "history", params, &page) == 0) {
		const struct earshot_value *m =
		    earshot_value_at(earshot_value_get(page, "messages"), 0);
		struct earshot_value *kept =
		    earshot_value_int(m, "number", 0) == number ? earshot_value_ref(m) : NULL;
		earshot_value_free(page);
		return kept;
	}
	earshot_value_free(page);
	return NULL;
}

static void
add_fate(struct buf *b, const struct earshot_value *answer, const struct earshot_value *kept,
    const char *who)
{
	const char *state = earshot_value_str(answer, "state");
	bool told = !str_empty(earshot_value_str(answer, "reason"));
	struct buf why = BUF_INIT(WORDS_MAX);
	words_told(&why, told ? answer : kept, "reason");
	if (str_equal(state, "delivered"))
		buf_fmt(b, tr("Delivered to %s"), who);
	else if (str_equal(state, "read"))
		buf_fmt(b, tr("Delivered to %s, who has read it"), who);
	else if (str_equal(state, "handed over"))
		buf_fmt(b, tr("Handed over to %s"), who);
	else if (str_equal(state, "failed"))
		buf_fmt(b, tr("Not delivered: %s"), buf_cstr(&why));
	else if (str_equal(state, "cancelled"))
		buf_str(b, tr("Not delivered: it was cancelled"));
	else if (!earshot_value_bool(answer, "here", false))
		buf_fmt(b, tr("Kept; will be delivered when %s is back."), who);
	else
		buf_fmt(b, tr("Kept; %s has not confirmed it yet, Earshot goes on trying."), who);
	buf_finish(&why);
	buf_char(b, '\n');
}

static int
print_fate(struct cli *c, const struct earshot_value *answer)
{
	const char *state = earshot_value_str(answer, "state");
	bool given_up = str_equal(state, "failed") || str_equal(state, "cancelled");
	struct buf b = BUF_INIT(WORDS_MAX), who = BUF_INIT(WORDS_MAX);
	int code;
	if (c->json)
		code = cli_print_json(c, answer);
	else {
		struct earshot_value *kept = kept_message(c, answer);
		if (kept)
			words_display(&who, kept);
		if (who.len == 0)
			words_str(&who, answer, "peer");
		add_fate(&b, answer, kept, buf_cstr(&who));
		code = cli_print(c, &b);
		earshot_value_free(kept);
		buf_finish(&who);
	}
	return code == CLI_OK && given_up ? CLI_FAILED : code;
}

/* ---- the command ---- */

static int
take_options(struct cli *c, struct earshot_value *params, int64_t *wait_ms)
{
	const char *wait = cli_option(c, "wait"), *lifetime = cli_option(c, "lifetime");
	const char *token = cli_option(c, "token");
	int64_t seconds = WAIT_S;
	if (wait && str_to_int(wait, 0, WAIT_MAX_S, &seconds))
		return cli_usage(c, "\"%s\" is not a number of seconds.", wait);
	*wait_ms = seconds * 1000;
	if (lifetime && when_span(lifetime, &seconds))
		return cli_usage(c, "\"%s\" is no span of time. Say 30d, 12h or 0.", lifetime);
	if (lifetime)
		earshot_value_set_int(params, "lifetime", seconds);
	if (token && (!*token || strlen(token) > LIMIT_TOKEN))
		return cli_usage(c, "A token has 1 to %d bytes.", LIMIT_TOKEN);
	earshot_value_set_str(params, "token", token);
	return CLI_OK;
}

int
cmd_send(struct cli *c, int argc, char **argv)
{
	if (argc > 1 && strcmp(argv[1], "--file") == 0)
		return argc > 2 ? send_files(c, argv[0], argc - 2, argv + 2)
				: cli_usage(c, "Which file?");
	struct fate fate = {.early = earshot_value_array()};
	struct buf text = BUF_INIT(LIMIT_MESSAGE_TEXT);
	struct earshot_value *params = cli_peer(argv[0]), *answer = NULL;
	char *reply = NULL;
	int64_t wait_ms = 0;
	int code = take_options(c, params, &wait_ms);
	if (!code)
		code = cli_text(c, argc - 1, argv + 1, &text);
	if (!code && cli_option(c, "reply"))
		code = pages_find(c, argv[0], cli_option(c, "reply"), PAGES_THEIRS, &reply);
	if (!code) {
		earshot_value_set_str(params, "text", buf_cstr(&text));
		earshot_value_set_str(params, "reply", reply);
		code = cli_say(
		    c, "Sending", "send", earshot_value_ref(params), subscribe, &fate, &answer);
	}
	if (!code) {
		await_fate(c, &fate, answer, wait_ms);
		if (c->link)
			earshot_set_event_handler(c->link, NULL, NULL);
		code = print_fate(c, answer);
	}
	cli_disconnect(c); /* with it the events that fate gets */
	earshot_value_free(fate.early);
	earshot_value_free(fate.receipt);
	earshot_value_free(answer);
	earshot_value_free(params);
	buf_finish(&text);
	free(reply);
	return code;
}
