/* history, search, outbox, conversations: what is kept, read back. */
#include "base/str.h"
#include "base/tr.h"
#include "cli/cli.h"
#include "cli/command.h"
#include "cli/pages.h"
#include "cli/style_of.h"
#include "cli/talk.h"
#include "front/marking.h"
#include "front/when.h"
#include "front/words.h"

#include <inttypes.h>
#include <stdlib.h>

enum { HISTORY_COUNT = 50, SEARCH_COUNT = 20, SEARCH_MAX = 1000, ROW_MAX = 1 << 20 };

struct reading {
	struct cli *c;
	unsigned flags;
	int64_t day; /* of the last row */
	int64_t count;
};

static int
print_message(void *ctx, const struct earshot_value *m)
{
	struct reading *r = ctx;
	struct buf b = BUF_INIT(SCREEN_MAX);
	r->count++;
	if (r->c->json)
		return cli_print_json(r->c, m);
	talk_add(&r->c->out, &b, m, r->flags, &r->day);
	return cli_print(r->c, &b);
}

static int
take_limit(struct cli *c, int64_t most, int64_t *limit)
{
	const char *given = cli_option(c, "limit");
	if (given && str_to_int(given, 1, most, limit))
		return cli_usage(
		    c, "\"%s\" is not a number from 1 to %lld.", given, (long long)most);
	return CLI_OK;
}

int
cmd_history(struct cli *c, int argc, char **argv)
{
	struct pages p = {.peer = argc > 0 ? argv[0] : NULL};
	struct reading r = {.c = c, .flags = argc > 0 ? 0 : TALK_NAMED};
	int64_t limit = HISTORY_COUNT;
	int code = take_limit(c, PAGES_LAST_MAX, &limit);
	if (!code)
		code = pages_times(c, &p);
	if (code)
		return code;
	if (cli_option(c, "ids"))
		r.flags |= TALK_IDS;
	code = pages_last(c, &p, limit, print_message, &r);
	if (!code && r.count == 0 && c->out.tty && !c->json) {
		struct buf b = BUF_INIT(WORDS_MAX);
		buf_fmt(&b, "%s\n", tr("Nothing was said."));
		return cli_print(c, &b);
	}
	return code;
}

/* ---- search ---- */

static int
search_params(struct cli *c, int argc, char **argv, struct earshot_value *params)
{
	const char *from = cli_option(c, "from"), *with = cli_option(c, "with");
	bool sent = cli_option(c, "sent"), received = cli_option(c, "received");
	struct buf words = BUF_INIT(WORDS_MAX);
	struct pages p = {0};
	int64_t limit = SEARCH_COUNT;
	int code = take_limit(c, SEARCH_MAX, &limit);
	if (!code)
		code = pages_times(c, &p);
	if (code)
		return code;
	if ((from && with) || (sent && (received || from)))
		return cli_usage(c, "These options exclude each other.");
	cli_join(&words, argc, argv);
	earshot_value_set_str(params, "words", buf_cstr(&words));
	buf_finish(&words);
	earshot_value_set_str(params, "peer", from ? from : with);
	if (sent || received || from)
		earshot_value_set_str(params, "direction", sent ? "out" : "in");
	if (p.since)
		earshot_value_set_int(params, "since", p.since);
	if (p.until)
		earshot_value_set_int(params, "until", p.until);
	earshot_value_set_int(params, "limit", limit);
	return CLI_OK;
}

static int
print_hits(struct cli *c, const struct earshot_value *answer)
{
	const struct earshot_value *found = earshot_value_get(answer, "messages");
	size_t count = earshot_value_count(found);
	struct buf b = BUF_INIT(SCREEN_MAX);
	int code = CLI_OK;
	for (size_t i = 0; i < count && !code; i++) {
		const struct earshot_value *m = earshot_value_at(found, i);
		if (c->json)
			code = cli_print_json(c, m);
		else
			talk_snippet(&c->out, &b, m);
	}
	if (!c->json && c->out.tty && earshot_value_bool(answer, "more", false)) {
		screen_style(&c->out, &b, STYLE_DIM,
		    tr("There is more: ask for more words, or with --limit."));
		buf_char(&b, '\n');
	}
	if (!code && !c->json)
		code = cli_print(c, &b);
	buf_finish(&b);
	return code;
}

int
cmd_search(struct cli *c, int argc, char **argv)
{
	struct earshot_value *params = earshot_value_object(), *answer = NULL;
	int code = search_params(c, argc, argv, params);
	if (code) {
		earshot_value_free(params);
		return code;
	}
	code = cli_call(c, "Searching", "search", params, &answer);
	if (!code && earshot_value_count(earshot_value_get(answer, "messages")) == 0) {
		cli_note(c, "Nothing found.");
		code = CLI_ERROR;
	} else if (!code)
		code = print_hits(c, answer);
	earshot_value_free(answer);
	return code;
}

/* ---- tables ---- */

enum { OUTBOX_COLUMNS = 5, TALK_COLUMNS = 6, TEXT_BEGIN = 200 };

/* Prints rows of buffers that `fill` wrote, and frees what it used. */
static int
print_table(struct cli *c, const struct column *columns, size_t width,
    const struct earshot_value *rows,
    void (*fill)(struct buf *cells, const struct earshot_value *row), const char *nothing)
{
	size_t count = earshot_value_count(rows);
	struct buf *text = calloc(count * width + 1, sizeof(*text));
	struct cell *cells = calloc(count * width + 1, sizeof(*cells));
	struct buf b = BUF_INIT(SCREEN_MAX);
	for (size_t r = 0; text && cells && r < count; r++) {
		for (size_t i = 0; i < width; i++)
			buf_init(&text[r * width + i], ROW_MAX);
		fill(&text[r * width], earshot_value_at(rows, r));
		for (size_t i = 0; i < width; i++)
			cells[r * width + i].text = buf_cstr(&text[r * width + i]);
		cells[r * width].style = STYLE_NAME;
		cells[r * width + 1].style =
		    style_of_trust(earshot_value_str(earshot_value_at(rows, r), "trust"));
	}
	if (count == 0 && c->out.tty)
		buf_fmt(&b, "%s\n", tr(nothing));
	else if (count > 0 && text && cells)
		table_print(&c->out, &b, columns, width, cells, count);
	for (size_t i = 0; text && i < count * width; i++)
		buf_finish(&text[i]);
	free(text);
	free(cells);
	return cli_print(c, &b);
}

static void
fill_waiting(struct buf *cells, const struct earshot_value *m)
{
	const char *text = earshot_value_str(m, "text");
	words_display(&cells[0], m);
	buf_str(&cells[1], marking(earshot_value_str(m, "trust")));
	when_stamp(&cells[2], earshot_value_int(m, "time", 0));
	buf_fmt(&cells[3], "#%" PRId64, earshot_value_int(m, "number", 0));
	talk_begin(&cells[4], text ? text : "", TEXT_BEGIN);
}

static int
print_waiting(struct cli *c, const struct earshot_value *messages, bool first)
{
	static const struct column columns[OUTBOX_COLUMNS] = {{TR("For"), 12, 0},
	    {TR("Trust"), MARKING_WIDTH, 0}, {TR("Since"), 16, 2}, {TR("Number"), 6, 1},
	    {TR("Text"), 8, 0}};
	int code = CLI_OK;
	if (!c->json)
		return first || earshot_value_count(messages) > 0
			   ? print_table(c, columns, OUTBOX_COLUMNS, messages, fill_waiting,
				 TR("Nothing waits to be sent."))
			   : CLI_OK;
	for (size_t i = 0; i < earshot_value_count(messages) && !code; i++)
		code = cli_print_json(c, earshot_value_at(messages, i));
	return code;
}

int
cmd_outbox(struct cli *c, int argc, char **argv)
{
	int64_t after = 0;
	for (bool first = true, more = true; more; first = false) {
		struct earshot_value *params = earshot_value_object(), *answer = NULL;
		earshot_value_set_str(params, "peer", argc > 0 ? argv[0] : NULL);
		earshot_value_set_int(params, "after", after);
		int code = cli_call(c, "Reading", "outbox", params, &answer);
		const struct earshot_value *messages = earshot_value_get(answer, "messages");
		size_t count = earshot_value_count(messages);
		if (!code)
			code = print_waiting(c, messages, first);
		more = earshot_value_bool(answer, "more", false) && count > 0;
		if (more)
			after = earshot_value_int(
			    earshot_value_at(messages, count - 1), "number", INT64_MAX);
		earshot_value_free(answer);
		if (code)
			return code;
	}
	return CLI_OK;
}

static void
fill_conversation(struct buf *cells, const struct earshot_value *v)
{
	int64_t unread = earshot_value_int(v, "unread", 0);
	int64_t queued = earshot_value_int(v, "queued", 0);
	words_display(&cells[0], v);
	if (cells[0].len == 0)
		words_str(&cells[0], v, "peer");
	buf_str(&cells[1], marking(earshot_value_str(v, "trust")));
	buf_fmt(&cells[2], "%" PRId64, unread);
	buf_fmt(&cells[3], "%" PRId64, queued);
	when_stamp(&cells[4], earshot_value_int(v, "time", 0));
	words_str(&cells[5], v, "peer");
}

int
cmd_conversations(struct cli *c, int argc, char **argv)
{
	(void)argc;
	(void)argv;
	static const struct column columns[TALK_COLUMNS] = {{TR("Name"), 12, 0},
	    {TR("Trust"), MARKING_WIDTH, 0}, {TR("Unread"), 6, 0}, {TR("Queued"), 6, 2},
	    {TR("Last"), 16, 1}, {TR("Address"), 10, 3}};
	struct earshot_value *params = earshot_value_object(), *answer = NULL;
	int64_t limit = 0;
	int code = take_limit(c, INT32_MAX, &limit);
	if (limit > 0)
		earshot_value_set_int(params, "limit", limit);
	if (code) {
		earshot_value_free(params);
		return code;
	}
	code = cli_call(c, NULL, "conversations", params, &answer);
	if (code)
		return code;
	const struct earshot_value *all = earshot_value_get(answer, "conversations");
	if (!c->json)
		code = print_table(c, columns, TALK_COLUMNS, all, fill_conversation,
		    TR("Nobody has said anything yet."));
	for (size_t i = 0; c->json && i < earshot_value_count(all) && !code; i++)
		code = cli_print_json(c, earshot_value_at(all, i));
	earshot_value_free(answer);
	return code;
}
