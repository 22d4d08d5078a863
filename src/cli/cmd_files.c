/* Files that are offered or on their way: seeing them, deciding about them. */
#include "base/err.h"
#include "base/str.h"
#include "base/tr.h"
#include "cli/cli.h"
#include "cli/command.h"
#include "cli/follow.h"
#include "cli/style_of.h"
#include "front/marking.h"
#include "front/transfer_words.h"
#include "front/when.h"
#include "front/words.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { COLUMNS = 6, CELL_MAX = 4096 };

/* ---- the list ---- */

static void
add_who(struct buf *b, const struct earshot_value *file)
{
	buf_fmt(b, "%s ", marking(earshot_value_str(file, "trust")));
	words_display(b, file);
}

static void
fill_row(struct buf *text, struct cell *cells, const struct earshot_value *file)
{
	words_str(&text[0], file, "id");
	buf_str(&text[1], transfer_incoming(file) ? tr("from") : tr("to"));
	add_who(&text[2], file);
	transfer_what(&text[3], file);
	transfer_state(&text[4], file);
	when_stamp(&text[5], earshot_value_int(file, "at", 0));
	for (size_t i = 0; i < COLUMNS; i++)
		cells[i] = (struct cell){buf_cstr(&text[i]), STYLE_PLAIN};
	cells[3].style = STYLE_NAME;
	cells[4].style = style_of_transfer(file);
	cells[5].style = STYLE_DIM;
}

static void
add_files(const struct screen *s, struct buf *out, const struct earshot_value *files)
{
	static const struct column columns[COLUMNS] = {{TR("ID"), 3, 0}, {"", 4, 3},
	    {TR("Person"), 12, 2}, {TR("File"), 14, 0}, {TR("State"), 12, 1}, {TR("Since"), 16, 4}};
	bool was = screen_english(s);
	size_t rows = earshot_value_count(files);
	struct cell *cells = calloc(rows * COLUMNS + 1, sizeof(*cells));
	struct buf *text = calloc(rows * COLUMNS + 1, sizeof(*text));
	for (size_t i = 0; text && i < rows * COLUMNS; i++)
		buf_init(&text[i], CELL_MAX);
	for (size_t i = 0; cells && text && i < rows; i++)
		fill_row(&text[i * COLUMNS], &cells[i * COLUMNS], earshot_value_at(files, i));
	if (cells && text)
		table_print(s, out, columns, COLUMNS, cells, rows);
	for (size_t i = 0; text && i < rows * COLUMNS; i++)
		buf_finish(&text[i]);
	free(text);
	free(cells);
	(void)tr_english(was);
}

static int
ask_files(struct cli *c, const char *peer, bool all, struct earshot_value **answer)
{
	struct earshot_value *params = earshot_value_object();
	earshot_value_set_str(params, "peer", peer);
	if (all)
		earshot_value_set_bool(params, "all", true);
	return cli_call(c, NULL, "files", params, answer);
}

int
cmd_files(struct cli *c, int argc, char **argv)
{
	(void)argc;
	(void)argv;
	struct buf b = BUF_INIT(SCREEN_MAX);
	struct earshot_value *answer = NULL;
	bool all = cli_option(c, "all");
	int code = ask_files(c, cli_option(c, "with"), all, &answer);
	if (code)
		return code;
	const struct earshot_value *files = earshot_value_get(answer, "files");
	if (c->json)
		code = cli_print_json(c, answer);
	else if (earshot_value_count(files) == 0 && c->out.tty) {
		buf_str(&b, all ? tr("No files.")
				: tr("No files wait or are on their way. Those of before: earshot "
				     "files --all"));
		buf_char(&b, '\n');
		code = cli_print(c, &b);
	} else {
		add_files(&c->out, &b, files);
		code = cli_print(c, &b);
	}
	earshot_value_free(answer);
	return code;
}

/* ---- which one ---- */

static bool
is_id(const char *word)
{
	return word[0] == 'f' && word[1] && word[1 + strspn(word + 1, "0123456789")] == '\0';
}

static int
fail_several(struct cli *c, const struct earshot_value *answer, const char *question)
{
	struct buf b = BUF_INIT(SCREEN_MAX);
	int code = cli_fail_data(c, CLI_AMBIGUOUS, answer, tr(question));
	if (c->err.tty && !c->json) {
		add_files(&c->err, &b, earshot_value_get(answer, "files"));
		(void)screen_write(&c->err, &b); /* the exit code has said it */
	}
	buf_finish(&b);
	return code;
}

typedef bool fits_fn(const struct earshot_value *file);

/* The only one that fits; `none` says that there is none. */
static int
find_only(
    struct cli *c, const struct earshot_value *files, fits_fn *fits, const char *none, char **id)
{
	struct earshot_value *found = earshot_value_object(), *fitting = earshot_value_array();
	const char *only = NULL;
	size_t count = 0;
	int code = CLI_OK;
	for (size_t i = 0; i < earshot_value_count(files); i++) {
		const struct earshot_value *file = earshot_value_at(files, i);
		if (!fits(file))
			continue;
		count++;
		only = earshot_value_str(file, "id");
		earshot_value_append(fitting, earshot_value_ref(file));
	}
	earshot_value_set(found, "files", fitting);
	if (count == 0)
		code = cli_fail(c, CLI_UNKNOWN, "%s", tr(none));
	else if (count > 1)
		code = fail_several(c, found, TR("Several could be meant: say which, by its id."));
	else if (!only || !(*id = strdup(only)))
		code = cli_fail(c, CLI_ERROR, "Out of memory.");
	earshot_value_free(found);
	return code;
}

/* The one that is meant: the id typed, or the only one that fits, of a person if one was named. */
static int
find_id(struct cli *c, const char *typed, fits_fn *fits, const char *none, char **id)
{
	struct earshot_value *answer = NULL;
	if (typed && is_id(typed)) {
		*id = strdup(typed);
		return *id ? CLI_OK : cli_fail(c, CLI_ERROR, "Out of memory.");
	}
	int code = ask_files(c, typed, false, &answer);
	if (!code)
		code = find_only(c, earshot_value_get(answer, "files"), fits, none, id);
	earshot_value_free(answer);
	return code;
}

static bool
is_open(const struct earshot_value *file)
{
	return !transfer_over(file);
}

static bool
is_paused(const struct earshot_value *file)
{
	const char *by = earshot_value_str(file, "paused_by");
	return str_equal(earshot_value_str(file, "state"), "paused") && !str_equal(by, "them");
}

/* ---- deciding ---- */

static struct earshot_value *
by_id(const char *id)
{
	struct earshot_value *params = earshot_value_object();
	earshot_value_set_str(params, "id", id);
	return params;
}

/* What was done to the file, by the method that did it. */
static void
add_done(struct buf *b, const char *method, const char *file)
{
	if (str_equal(method, "decline"))
		buf_fmt(b, tr("%s is declined."), file);
	else if (str_equal(method, "pause"))
		buf_fmt(b, tr("%s pauses until: earshot resume"), file);
	else if (str_equal(method, "files.cancel"))
		buf_fmt(b, tr("%s is cancelled."), file);
	else
		buf_fmt(
		    b, tr("%s is not listed any more. The file itself stays where it is."), file);
}

static int
tell_file(struct cli *c, const struct earshot_value *file, const char *method)
{
	struct buf b = BUF_INIT(WORDS_MAX), which = BUF_INIT(WORDS_MAX);
	if (c->json)
		return cli_print_json(c, file);
	transfer_which(&which, file);
	add_done(&b, method, buf_cstr(&which));
	buf_char(&b, '\n');
	buf_finish(&which);
	return cli_print(c, &b);
}

static int
decide(struct cli *c, const char *method, const char *typed, fits_fn *fits, const char *none)
{
	struct earshot_value *answer = NULL;
	char *id = NULL;
	int code = find_id(c, typed, fits, none, &id);
	if (!code)
		code = cli_call(c, NULL, method, by_id(id), &answer);
	if (!code)
		code = tell_file(c, answer, method);
	earshot_value_free(answer);
	free(id);
	return code;
}

int
cmd_decline(struct cli *c, int argc, char **argv)
{
	return decide(c, "decline", argc > 0 ? argv[0] : NULL, transfer_asks,
	    TR("Nobody waits for an answer."));
}

int
cmd_pause(struct cli *c, int argc, char **argv)
{
	return decide(c, "pause", argc > 0 ? argv[0] : NULL, is_open, TR("No file is on its way."));
}

bool
files_is_id(const char *word)
{
	return is_id(word);
}

int
files_cancel(struct cli *c, const char *id)
{
	return decide(c, "files.cancel", id, is_open, TR("No file is on its way."));
}

int
cmd_files_forget(struct cli *c, int argc, char **argv)
{
	(void)argc;
	return decide(c, "files.forget", argv[0], transfer_over, TR("There is no such file."));
}

/* Where the user wants it; travels with the next call. */
static int
attach_folder(struct cli *c, const char *path)
{
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0 && errno == ENOTDIR)
		return cli_fail(c, CLI_USAGE, "%s is not a folder.", path);
	if (fd < 0)
		return cli_fail(c, CLI_USAGE, "The folder %s cannot be opened: %s.", path,
		    tr_error(err_str(-errno)));
	int err = access(path, W_OK) == 0 ? 0 : errno;
	if (err) {
		close(fd);
		return cli_fail(c, CLI_USAGE, "You may not write to the folder %s.", path);
	}
	err = earshot_attach_fd(c->link, fd);
	return err ? cli_fail_call(c, err, NULL) : CLI_OK;
}

/* Says yes, or goes on, and stays for what becomes of it. */
static int
go_on(struct cli *c, const char *method, const char *id)
{
	struct follow *f = NULL;
	struct earshot_value *answer = NULL;
	const char *to = cli_option(c, "to");
	int code = follow_begin(c, &f);
	if (!code && to)
		code = attach_folder(c, to);
	if (!code)
		code = cli_call(c, NULL, method, by_id(id), &answer);
	if (!code)
		code = follow_one(f, answer);
	earshot_value_free(answer);
	follow_end(f);
	return code;
}

int
cmd_accept(struct cli *c, int argc, char **argv)
{
	char *id = NULL;
	int code = find_id(
	    c, argc > 0 ? argv[0] : NULL, transfer_asks, TR("Nobody waits for an answer."), &id);
	if (!code)
		code = go_on(c, "accept", id);
	free(id);
	return code;
}

int
cmd_resume(struct cli *c, int argc, char **argv)
{
	char *id = NULL;
	int code =
	    find_id(c, argc > 0 ? argv[0] : NULL, is_paused, TR("You have paused no file."), &id);
	if (!code)
		code = go_on(c, "resume", id);
	free(id);
	return code;
}

/* ---- rules ---- */

int
cmd_files_limit(struct cli *c, int argc, char **argv)
{
	struct buf b = BUF_INIT(WORDS_MAX);
	struct earshot_value *params = earshot_value_object(), *answer = NULL;
	int64_t rate = 0;
	bool off = argc > 0 && strcmp(argv[0], "off") == 0;
	if (argc > 0 && !off && (transfer_parse_size(argv[0], &rate) || rate == 0)) {
		earshot_value_free(params);
		return cli_usage(
		    c, "\"%s\" is no speed. Say 500k, 10M or off: bytes a second.", argv[0]);
	}
	if (argc > 0)
		earshot_value_set_int(params, "rate", rate);
	int code = cli_call(c, NULL, "files.limit", params, &answer);
	if (code)
		return code;
	rate = earshot_value_int(answer, "rate", 0);
	if (c->json)
		code = cli_print_json(c, answer);
	else {
		struct buf most = BUF_INIT(64);
		transfer_size(&most, rate);
		if (rate > 0)
			buf_fmt(&b, tr("Files travel with at most %s/s, all together."),
			    buf_cstr(&most));
		else
			buf_str(&b, tr("Files travel as fast as they can."));
		buf_finish(&most);
		buf_char(&b, '\n');
		code = cli_print(c, &b);
	}
	earshot_value_free(answer);
	return code;
}

static int
take_rule(struct cli *c, struct earshot_value *params, int argc, char **argv)
{
	int64_t size = 0, daily = 0;
	if (argc == 2 && strcmp(argv[1], "off") == 0) {
		earshot_value_set_bool(params, "off", true);
		return CLI_OK;
	}
	if (argc > 1 && (transfer_parse_size(argv[1], &size) || size == 0))
		return cli_usage(c, "\"%s\" is no size. Say 100M, 2G or off.", argv[1]);
	if (argc > 2 && (transfer_parse_size(argv[2], &daily) || daily == 0))
		return cli_usage(c, "\"%s\" is no size. Say 2G.", argv[2]);
	if (size > 0)
		earshot_value_set_int(params, "size", size);
	if (daily > 0)
		earshot_value_set_int(params, "daily", daily);
	return CLI_OK;
}

static void
add_rule(struct buf *b, const struct earshot_value *rule)
{
	struct buf who = words_name(rule), size = BUF_INIT(64), daily = BUF_INIT(64);
	transfer_size(&size, earshot_value_int(rule, "size", 0));
	transfer_size(&daily, earshot_value_int(rule, "daily", 0));
	buf_fmt(b, tr("%s: files up to %s are accepted without asking, %s a day"), buf_cstr(&who),
	    buf_cstr(&size), buf_cstr(&daily));
	buf_char(b, '\n');
	buf_finish(&who);
	buf_finish(&size);
	buf_finish(&daily);
}

int
cmd_files_auto(struct cli *c, int argc, char **argv)
{
	struct buf b = BUF_INIT(WORDS_MAX);
	struct earshot_value *params = argc > 0 ? cli_peer(argv[0]) : earshot_value_object();
	struct earshot_value *answer = NULL;
	int code = take_rule(c, params, argc, argv);
	if (code) {
		earshot_value_free(params);
		return code;
	}
	code = cli_call(c, NULL, "files.auto", params, &answer);
	if (code)
		return code;
	const struct earshot_value *rules = earshot_value_get(answer, "rules");
	if (c->json)
		code = cli_print_json(c, answer);
	else {
		for (size_t i = 0; i < earshot_value_count(rules); i++)
			add_rule(&b, earshot_value_at(rules, i));
		if (earshot_value_count(rules) == 0 && c->out.tty)
			buf_fmt(&b, "%s\n", tr("Every file is asked for."));
		code = cli_print(c, &b);
	}
	earshot_value_free(answer);
	return code;
}
