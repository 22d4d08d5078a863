/* edit, retract, react, cancel, forget: what was said is changed afterwards. */
#include "base/clock.h"
#include "base/limits.h"
#include "base/str.h"
#include "base/tr.h"
#include "cli/cli.h"
#include "cli/command.h"
#include "cli/pages.h"
#include "front/when.h"
#include "front/words.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Tells in one sentence what was done, or as JSON what the daemon answered; frees the answer. */
static int
tell(struct cli *c, struct earshot_value *answer, const char *sentence)
{
	struct buf b = BUF_INIT(WORDS_MAX);
	int code;
	if (c->json)
		code = cli_print_json(c, answer);
	else {
		buf_str(&b, tr(sentence));
		if (str_equal(earshot_value_str(answer, "state"), "queued") &&
		    !earshot_value_bool(answer, "here", true))
			buf_fmt(&b, " %s", tr("It goes out when the person is back."));
		buf_char(&b, '\n');
		code = cli_print(c, &b);
	}
	earshot_value_free(answer);
	return code;
}

/* Finds the message and says something about it. rest are parameters, moved. */
static int
change(struct cli *c, const char *method, const char *peer, const char *words, unsigned which,
    struct earshot_value *rest, const char *sentence)
{
	struct earshot_value *answer = NULL;
	char *id = NULL;
	int code = pages_find(c, peer, words, which, &id);
	earshot_value_set_str(rest, "id", id);
	free(id);
	if (code) {
		earshot_value_free(rest);
		return code;
	}
	code = cli_say(c, NULL, method, rest, NULL, NULL, &answer);
	return code ? code : tell(c, answer, sentence);
}

int
cmd_edit(struct cli *c, int argc, char **argv)
{
	struct buf text = BUF_INIT(LIMIT_MESSAGE_TEXT);
	int code = cli_text(c, argc - 2, argv + 2, &text);
	if (!code) {
		struct earshot_value *params = cli_peer(argv[0]);
		earshot_value_set_str(params, "text", buf_cstr(&text));
		code = change(c, "edit", argv[0], argv[1], PAGES_OURS, params, TR("Corrected."));
	}
	buf_finish(&text);
	return code;
}

int
cmd_retract(struct cli *c, int argc, char **argv)
{
	return change(c, "retract", argv[0], argc > 1 ? argv[1] : "last", PAGES_OURS,
	    cli_peer(argv[0]), TR("Taken back."));
}

int
cmd_react(struct cli *c, int argc, char **argv)
{
	struct earshot_value *params = cli_peer(argv[0]), *all = earshot_value_array();
	for (int i = 2; i < argc; i++)
		earshot_value_append_str(all, argv[i]);
	earshot_value_set(params, "reactions", all);
	return change(c, "react", argv[0], argc > 1 ? argv[1] : "last", PAGES_THEIRS, params,
	    argc > 2 ? TR("Reacted.") : TR("Reactions taken back."));
}

int
cmd_cancel(struct cli *c, int argc, char **argv)
{
	if (argc == 1 && files_is_id(argv[0]))
		return files_cancel(c, argv[0]);
	const char *words = argc > 1 ? argv[1] : "last";
	struct earshot_value *params, *answer = NULL;
	char *id = NULL;
	int code = pages_find(c, argv[0], words, PAGES_OURS | PAGES_QUEUED, &id);
	if (code)
		return code;
	params = cli_peer(argv[0]);
	earshot_value_set_str(params, "id", id);
	free(id);
	code = cli_call(c, NULL, "cancel", params, &answer);
	return code ? code : tell(c, answer, TR("Cancelled. It will not be sent."));
}

/* ---- forget ---- */

bool
cli_confirm(struct cli *c, const char *question)
{
	struct buf b = BUF_INIT(WORDS_MAX);
	char line[16] = "";
	screen_wrap(&c->err, &b, tr(question), 0, 0);
	if (b.len > 0)
		b.data[b.len - 1] = ' '; /* the answer stands in the same row */
	(void)screen_write(&c->err, &b);
	buf_finish(&b);
	if (!fgets(line, sizeof(line), stdin))
		return false;
	line[strcspn(line, "\n")] = '\0';
	return strcmp(line, "yes") == 0 || strcmp(line, tr("yes")) == 0;
}

static int
take_age(struct cli *c, int64_t *before)
{
	const char *older = cli_option(c, "older-than");
	int64_t seconds = 0;
	if (!older)
		return CLI_OK;
	if (when_span(older, &seconds) || seconds == 0)
		return cli_usage(c, "\"%s\" is no span of time. Say 90d, 4w or 12h.", older);
	*before = clock_wall() - seconds * 1000;
	return *before > 0 ? CLI_OK : cli_usage(c, "\"%s\" is longer ago than clocks know.", older);
}

/* The first message of a conversation, to know whom a name means. NULL: there is none. */
static int
one_message(struct cli *c, const char *peer, struct earshot_value **out)
{
	struct earshot_value *params = cli_peer(peer), *page = NULL;
	earshot_value_set_int(params, "limit", 1);
	int code = cli_call(c, NULL, "history", params, &page);
	*out = earshot_value_ref(earshot_value_at(earshot_value_get(page, "messages"), 0));
	earshot_value_free(page);
	return code;
}

/* The question says what will be gone. */
static int
ask(struct cli *c, const char *peer, const struct earshot_value *message)
{
	struct buf b = BUF_INIT(WORDS_MAX), whose = BUF_INIT(WORDS_MAX), older = BUF_INIT(64);
	cli_add(&older, cli_option(c, "older-than"));
	words_display(&whose, message);
	buf_str(&whose, message ? " (" : "");
	cli_add(&whose, message ? earshot_value_str(message, "peer") : peer);
	buf_str(&whose, message ? ")" : "");
	if (peer && older.len > 0)
		buf_fmt(&b, tr("Forget all messages with %s that are older than %s?"),
		    buf_cstr(&whose), buf_cstr(&older));
	else if (peer)
		buf_fmt(&b, tr("Forget all messages with %s?"), buf_cstr(&whose));
	else
		buf_fmt(&b, tr("Forget all messages that are older than %s?"), buf_cstr(&older));
	buf_fmt(&b, " %s %s",
	    cli_option(c, "queued") ? tr("What waits to be sent is forgotten, too.")
				    : tr("What waits to be sent is kept."),
	    tr("They are deleted from this computer and cannot be brought back. Type yes to go "
	       "on:"));
	buf_finish(&whose);
	buf_finish(&older);
	bool yes = cli_confirm(c, buf_cstr(&b));
	buf_finish(&b);
	if (yes)
		return CLI_OK;
	return cli_fail(c, CLI_ERROR, "Nothing was forgotten.");
}

static int
forget(struct cli *c, const char *peer, int64_t before)
{
	struct earshot_value *params = earshot_value_object(), *answer = NULL;
	struct buf b = BUF_INIT(WORDS_MAX);
	earshot_value_set_str(params, "peer", peer);
	if (before > 0)
		earshot_value_set_int(params, "before", before);
	if (cli_option(c, "queued"))
		earshot_value_set_bool(params, "queued", true);
	int code = cli_call(c, "Forgetting", "forget", params, &answer);
	int64_t count = earshot_value_int(answer, "count", 0);
	if (!code && c->json)
		code = cli_print_json(c, answer);
	else if (!code) {
		buf_fmt(&b,
		    tr_n("%lld message was forgotten.", "%lld messages were forgotten.",
			(unsigned long)count),
		    (long long)count);
		buf_char(&b, '\n');
		code = cli_print(c, &b);
	}
	earshot_value_free(answer);
	return code;
}

int
cmd_forget(struct cli *c, int argc, char **argv)
{
	const char *peer = argc > 0 ? argv[0] : NULL;
	struct earshot_value *message = NULL;
	int64_t before = 0;
	int code = take_age(c, &before);
	if (!code && !peer && !before)
		code = cli_usage(c, "Whose messages, or how old?");
	if (!code && !cli_option(c, "yes")) {
		if (!isatty(STDIN_FILENO) || !c->err.tty)
			return cli_usage(c, "Forgetting cannot be undone; say --yes to do it.");
		if (peer)
			code = one_message(c, peer, &message);
		if (!code)
			code = ask(c, peer, message);
		/* exactly whom the question named */
		if (message)
			peer = earshot_value_str(message, "peer");
	}
	if (!code)
		code = forget(c, peer, before);
	earshot_value_free(message);
	return code;
}
