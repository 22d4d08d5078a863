/* settings: what the daemon's settings are, where that comes from, and changing them. */
#include "base/err.h"
#include "base/str.h"
#include "base/tr.h"
#include "cli/cli.h"
#include "cli/command.h"
#include "front/words.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { COLUMNS = 4 };

/* A word of the protocol, as people read it; else the word itself. */
static const char *
in_words(const struct earshot_value *setting, const char *key)
{
	static const struct {
		const char *word, *text;
	} known[] = {
	    {"default", TR("built in")},
	    {"site", TR("this computer")},
	    {"user", TR("your file")},
	    {"option", TR("command line")},
	    {"policy", TR("administrator")},
	    {"hand", TR("only in the file")},
	};
	const char *word = earshot_value_str(setting, key);
	for (size_t i = 0; word && i < ARRAY_LEN(known); i++)
		if (strcmp(word, known[i].word) == 0)
			return tr(known[i].text);
	return word ? word : "";
}

/* ---- all of them ---- */

/* For scripts the words stay those of the protocol. */
static void
fill_row(const struct screen *s, struct buf *text, struct cell *cells,
    const struct earshot_value *setting)
{
	bool set = !str_equal(earshot_value_str(setting, "origin"), "default");
	bool locked = earshot_value_bool(setting, "locked", false);
	words_str(&text[0], setting, "key");
	words_str(&text[1], setting, "value");
	if (s->tty) {
		cli_add(&text[2], in_words(setting, "origin"));
		cli_add(&text[3], locked ? in_words(setting, "locked_by") : "");
	} else {
		words_str(&text[2], setting, "origin");
		words_str(&text[3], setting, "locked_by");
	}
	for (size_t i = 0; i < COLUMNS; i++)
		cells[i] = (struct cell){buf_cstr(&text[i]), STYLE_PLAIN};
	cells[0].style = STYLE_NAME;
	cells[2].style = set ? STYLE_PLAIN : STYLE_DIM;
	cells[3].style = STYLE_WARN;
}

static void
add_table(const struct screen *s, struct buf *out, const struct earshot_value *list)
{
	const struct column columns[COLUMNS] = {{tr("Setting"), 14, 0}, {tr("Value"), 12, 0},
	    {tr("Where from"), 13, 1}, {tr("Locked by"), 13, 2}};
	size_t rows = earshot_value_count(list);
	struct cell *cells = calloc(rows * COLUMNS + 1, sizeof(*cells));
	struct buf *text = calloc(rows * COLUMNS + 1, sizeof(*text));
	for (size_t i = 0; text && i < rows * COLUMNS; i++)
		buf_init(&text[i], WORDS_MAX);
	for (size_t i = 0; cells && text && i < rows; i++)
		fill_row(s, &text[i * COLUMNS], &cells[i * COLUMNS], earshot_value_at(list, i));
	if (cells && text)
		table_print(s, out, columns, COLUMNS, cells, rows);
	for (size_t i = 0; text && i < rows * COLUMNS; i++)
		buf_finish(&text[i]);
	free(text);
	free(cells);
}

static int
print_all(struct cli *c, const struct earshot_value *answer)
{
	struct buf b = BUF_INIT(SCREEN_MAX);
	if (c->json)
		return cli_print_json(c, answer);
	add_table(&c->out, &b, earshot_value_get(answer, "settings"));
	return cli_print(c, &b);
}

/* ---- one ---- */

static void
add_choices(struct buf *out, const struct earshot_value *setting)
{
	const struct earshot_value *choices = earshot_value_get(setting, "choices");
	const struct earshot_value *labels = earshot_value_get(setting, "labels");
	const char *type = earshot_value_str(setting, "type");
	for (size_t i = 0; i < earshot_value_count(choices); i++) {
		const char *label = earshot_value_as_str(earshot_value_at(labels, i));
		if (i)
			buf_str(out, ", ");
		cli_add(out, earshot_value_as_str(earshot_value_at(choices, i)));
		if (label && str_equal(type, "choice")) {
			buf_str(out, " (");
			cli_add(out, tr(label));
			buf_char(out, ')');
		}
	}
	if (str_equal(type, "number"))
		buf_fmt(out, tr("a whole number from %lld to %lld"),
		    (long long)earshot_value_int(setting, "least", 0),
		    (long long)earshot_value_int(setting, "most", 0));
	else if (str_equal(type, "size"))
		buf_fmt(out, "%s%s", earshot_value_count(choices) ? ", " : "",
		    tr("a number of bytes, or of K, M, G or T: 500M"));
}

static void
add_origin(struct buf *out, const struct earshot_value *setting)
{
	const char *file = earshot_value_str(setting, "file");
	struct buf place = BUF_INIT(WORDS_MAX);
	int64_t line = earshot_value_int(setting, "line", 0);
	cli_add(&place, file);
	if (line)
		buf_fmt(&place, ":%" PRId64, line);
	if (file)
		buf_fmt(out, "%s (%s)", in_words(setting, "origin"), buf_cstr(&place));
	else
		cli_add(out, in_words(setting, "origin"));
	buf_finish(&place);
}

/* Why it cannot be changed; false: it can. */
static bool
add_lock(struct buf *out, const struct earshot_value *setting)
{
	const char *by = earshot_value_str(setting, "locked_by");
	if (!earshot_value_bool(setting, "locked", false))
		return false;
	if (str_equal(by, "policy"))
		buf_str(out, tr("No: the administrator of this computer has set it, and it cannot "
				"be changed."));
	else if (str_equal(by, "option"))
		buf_str(out, tr("No: an option that the daemon was started with sets it."));
	else
		buf_str(out, tr("Only in the file, see earshot.conf(5)."));
	return true;
}

static void
add_one(const struct screen *s, struct buf *out, const struct earshot_value *setting)
{
	struct buf words = BUF_INIT(WORDS_MAX);
	bool now = str_equal(earshot_value_str(setting, "applies"), "now");
	words_str(&words, setting, "key");
	screen_style(s, out, STYLE_NAME, buf_cstr(&words));
	buf_str(out, " = ");
	words_str(out, setting, "value");
	buf_char(out, '\n');
	buf_clear(&words);
	cli_add(&words, tr(earshot_value_str(setting, "help")));
	info_line(s, out, tr("Means"), &words);
	if (earshot_value_str(setting, "others"))
		cli_add(&words, tr(earshot_value_str(setting, "others")));
	info_line(s, out, tr("Others"), &words);
	add_choices(&words, setting);
	info_line(s, out, tr("Can be"), &words);
	words_str(&words, setting, "default");
	info_line(s, out, tr("Default"), &words);
	add_origin(&words, setting);
	info_line(s, out, tr("Comes from"), &words);
	if (!add_lock(&words, setting))
		buf_str(&words, now ? tr("Yes, and it holds at once.")
				    : tr("Yes, and it holds from the daemon's next start on."));
	info_line(s, out, tr("Changeable"), &words);
	words_str(&words, setting, "reason");
	info_line(s, out, tr("Reason"), &words);
	words_str(&words, setting, "running");
	if (earshot_value_get(setting, "running") && !words.len)
		buf_str(&words, tr("nothing"));
	info_line(s, out, tr("Until then"), &words);
	buf_finish(&words);
}

static int
print_one(struct cli *c, const struct earshot_value *setting)
{
	struct buf b = BUF_INIT(SCREEN_MAX);
	if (c->json)
		return cli_print_json(c, setting);
	add_one(&c->out, &b, setting);
	return cli_print(c, &b);
}

/* The whole key, or what stands behind its dot if that is one alone. */
static int
find(struct cli *c, const struct earshot_value *answer, const char *typed,
    const struct earshot_value **out)
{
	const struct earshot_value *list = earshot_value_get(answer, "settings");
	size_t fits = 0;
	for (size_t i = 0; i < earshot_value_count(list); i++) {
		const struct earshot_value *setting = earshot_value_at(list, i);
		const char *key = earshot_value_str(setting, "key");
		const char *dot = key ? strchr(key, '.') : NULL;
		if (key && strcmp(key, typed) == 0) {
			*out = setting;
			return CLI_OK;
		}
		if (dot && strcmp(dot + 1, typed) == 0) {
			*out = setting;
			fits++;
		}
	}
	if (fits == 1)
		return CLI_OK;
	if (fits)
		return cli_fail(c, CLI_AMBIGUOUS,
		    "There are several settings \"%s\": earshot settings lists them.", typed);
	return cli_fail(
	    c, CLI_UNKNOWN, "There is no setting \"%s\": earshot settings lists them.", typed);
}

/* ---- changing ---- */

static int
attach_folder(struct cli *c, const char *path)
{
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0 && errno == ENOTDIR)
		return cli_fail(c, CLI_USAGE, "%s is not a folder.", path);
	if (fd < 0)
		return cli_fail(c, CLI_USAGE, "The folder %s cannot be opened: %s.", path,
		    tr_error(err_str(-errno)));
	int err = earshot_attach_fd(c->link, fd);
	return err ? cli_fail_call(c, err, NULL) : CLI_OK;
}

/* value NULL: back to the default. */
static int
change(struct cli *c, const struct earshot_value *setting, const char *value)
{
	struct earshot_value *params = earshot_value_object(), *answer = NULL;
	bool folder = value && str_equal(earshot_value_str(setting, "type"), "folder") &&
		      !earshot_value_bool(setting, "locked", false);
	earshot_value_set_str(params, "key", earshot_value_str(setting, "key"));
	int code = folder ? attach_folder(c, value) : CLI_OK;
	if (code) {
		earshot_value_free(params);
		return code;
	}
	if (value && !folder)
		earshot_value_set_str(params, "value", value);
	code = cli_call(c, NULL, "settings.set", params, &answer);
	if (!code)
		code = print_one(c, answer);
	earshot_value_free(answer);
	return code;
}

int
cmd_settings(struct cli *c, int argc, char **argv)
{
	struct earshot_value *answer = NULL;
	const struct earshot_value *setting = NULL;
	struct buf value = BUF_INIT(SCREEN_MAX);
	bool reset = cli_option(c, "reset");
	if (reset && argc != 1)
		return cli_usage(c, "Which setting goes back to its default?");
	int code = cli_call(c, NULL, "settings", NULL, &answer);
	if (!code && argc > 0)
		code = find(c, answer, argv[0], &setting);
	cli_join(&value, argc > 1 ? argc - 1 : 0, argv + 1);
	if (!code && argc == 0)
		code = print_all(c, answer);
	else if (!code && (reset || argc > 1))
		code = change(c, setting, reset ? NULL : buf_cstr(&value));
	else if (!code)
		code = print_one(c, setting);
	buf_finish(&value);
	earshot_value_free(answer);
	return code;
}
