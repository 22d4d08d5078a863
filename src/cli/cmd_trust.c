/* trust: whose keys are known, and what the user decides about them. */
#include "base/str.h"
#include "cli/cli.h"
#include "cli/command.h"
#include "cli/style_of.h"
#include "front/marking.h"
#include "front/words.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { COLUMNS = 5, CELL_MAX = 4096, KEY_GROUP = 8 };

/* ---- looking ---- */

static void
fill_row(struct buf row[COLUMNS], const struct earshot_value *contact)
{
	buf_str(&row[0], marking(earshot_value_str(contact, "trust")));
	words_display(&row[1], contact);
	words_str(&row[2], contact, "trust");
	if (earshot_value_bool(contact, "blocked", false))
		buf_str(&row[2], ", blocked");
	if (earshot_value_has(contact, "vouched_by"))
		buf_str(&row[2], ", vouched for");
	words_str(&row[3], contact, "tag");
	words_str(&row[4], contact, "name");
}

static void
add_contacts(const struct screen *s, struct buf *out, const struct earshot_value *contacts)
{
	static const struct column columns[COLUMNS] = {{"", MARKING_WIDTH, 0}, {"Name", 14, 0},
	    {"Trust", 10, 1}, {"Key", 8, 3}, {"Address", 10, 2}};
	size_t rows = earshot_value_count(contacts);
	struct cell *cells = calloc(rows * COLUMNS + 1, sizeof(*cells));
	struct buf *text = calloc(rows * COLUMNS + 1, sizeof(*text));
	for (size_t r = 0; cells && text && r < rows; r++) {
		const struct earshot_value *contact = earshot_value_at(contacts, r);
		for (size_t i = 0; i < COLUMNS; i++)
			buf_init(&text[r * COLUMNS + i], CELL_MAX);
		fill_row(text + r * COLUMNS, contact);
		for (size_t i = 0; i < COLUMNS; i++)
			cells[r * COLUMNS + i].text = buf_cstr(&text[r * COLUMNS + i]);
		cells[r * COLUMNS].style = style_of_trust(earshot_value_str(contact, "trust"));
		cells[r * COLUMNS + 1].style = STYLE_NAME;
		cells[r * COLUMNS + 3].style = STYLE_DIM;
	}
	if (cells && text)
		table_print(s, out, columns, COLUMNS, cells, rows);
	for (size_t i = 0; text && i < rows * COLUMNS; i++)
		buf_finish(&text[i]);
	free(text);
	free(cells);
}

/* Those that are about people we have not met; the others stand beside their names. */
static void
add_introductions(struct buf *b, const struct earshot_value *introductions)
{
	for (size_t i = 0; i < earshot_value_count(introductions); i++) {
		const struct earshot_value *one = earshot_value_at(introductions, i);
		if (earshot_value_has(one, "peer"))
			continue;
		words_introduction(b, one);
		buf_str(b, ".\n");
	}
}

int
cmd_trust_list(struct cli *c, int argc, char **argv)
{
	(void)argc;
	(void)argv;
	struct buf b = BUF_INIT(SCREEN_MAX);
	struct earshot_value *answer = NULL;
	int code = cli_call(c, NULL, "trust.list", NULL, &answer);
	if (code)
		return code;
	const struct earshot_value *contacts = earshot_value_get(answer, "contacts");
	int64_t more = earshot_value_int(answer, "more", 0);
	if (c->json) {
		code = cli_print_json(c, answer);
	} else {
		if (earshot_value_count(contacts) > 0)
			add_contacts(&c->out, &b, contacts);
		else if (c->out.tty)
			buf_str(&b, "Nobody's key is known yet.\n");
		if (more > 0 && c->out.tty)
			buf_fmt(&b, "and %" PRId64 " more\n", more);
		if (c->out.tty)
			add_introductions(&b, earshot_value_get(answer, "introductions"));
		code = cli_print(c, &b);
	}
	earshot_value_free(answer);
	return code;
}

/* In groups, for reading it out. */
static void
add_key(const struct screen *s, struct buf *out, const char *label, const char *id)
{
	struct buf clean = BUF_INIT(CELL_MAX), words = BUF_INIT(CELL_MAX);
	cli_add(&clean, id);
	for (size_t i = 0; i < clean.len; i++) {
		if (i > 0 && i % KEY_GROUP == 0)
			buf_char(&words, ' ');
		buf_char(&words, clean.data[i]);
	}
	info_line(s, out, label, &words);
	buf_finish(&clean);
	buf_finish(&words);
}

static void
add_contact(const struct screen *s, struct buf *b, const struct earshot_value *contact)
{
	struct buf words = BUF_INIT(WORDS_MAX);
	const struct earshot_value *changed = earshot_value_get(contact, "changed");
	words_display(&words, contact);
	info_line(s, b, "Name", &words);
	words_str(&words, contact, "name");
	info_line(s, b, "Address", &words);
	marking_in_full(&words, contact);
	if (earshot_value_bool(contact, "blocked", false))
		buf_str(&words, "; blocked");
	info_line(s, b, "Trust", &words);
	if (earshot_value_has(contact, "vouched_by")) {
		buf_str(&words, "by ");
		words_str(&words, contact, "vouched_by");
		buf_str(&words, ", whom you have verified: earshot trust accept takes their word");
		info_line(s, b, "Vouched for", &words);
	}
	if (words_look_alike(&words, contact))
		info_line(s, b, "Careful", &words);
	add_key(s, b, "Key", earshot_value_str(contact, "id"));
	words_str(&words, contact, "proven_at");
	info_line(s, b, "Proven at", &words);
	if (!str_empty(earshot_value_str(changed, "name"))) {
		buf_str(&words, "somebody else has come under this name, with the key below");
		info_line(s, b, "Refused", &words);
		add_key(s, b, "Its key", earshot_value_str(changed, "id"));
	}
	buf_finish(&words);
}

int
cmd_trust_show(struct cli *c, int argc, char **argv)
{
	(void)argc;
	struct buf b = BUF_INIT(SCREEN_MAX);
	struct earshot_value *contact = NULL;
	int code = cli_call(c, NULL, "trust.show", cli_peer(argv[0]), &contact);
	if (code)
		return code;
	if (c->json) {
		code = cli_print_json(c, contact);
	} else {
		add_contact(&c->out, &b, contact);
		code = cli_print(c, &b);
	}
	earshot_value_free(contact);
	return code;
}

/* ---- deciding ---- */

static void
add_accepted(struct buf *b, const struct earshot_value *contact)
{
	const char *trust = earshot_value_str(contact, "trust");
	if (str_equal(trust, "introduced")) {
		buf_str(b, "is accepted [i] via ");
		words_str(b, contact, "introduced_by");
		buf_str(b, ". To be surer still, compare keys: earshot verify");
	} else if (str_equal(trust, "verified")) {
		buf_str(b, "is verified already [v]");
	} else {
		buf_str(b, "is accepted [=]. To be sure who it is, compare keys: earshot verify");
	}
}

/* `done`: what became of it, after the name; NULL: they were accepted. */
static int
decide(struct cli *c, const char *method, const char *name, const char *done)
{
	struct buf b = BUF_INIT(WORDS_MAX);
	struct earshot_value *contact = NULL;
	int code = cli_call(c, NULL, method, cli_peer(name), &contact);
	if (code)
		return code;
	if (c->json) {
		code = cli_print_json(c, contact);
	} else {
		if (earshot_value_has(contact, "name"))
			words_display(&b, contact);
		else
			cli_add(&b, name);
		buf_char(&b, ' ');
		if (done)
			buf_str(&b, done);
		else
			add_accepted(&b, contact);
		buf_char(&b, '\n');
		code = cli_print(c, &b);
	}
	earshot_value_free(contact);
	return code;
}

int
cmd_trust_accept(struct cli *c, int argc, char **argv)
{
	(void)argc;
	return decide(c, "trust.accept", argv[0], NULL);
}

int
cmd_trust_introduce(struct cli *c, int argc, char **argv)
{
	(void)argc;
	struct buf b = BUF_INIT(WORDS_MAX);
	struct earshot_value *params = cli_peer(argv[0]), *answer = NULL;
	earshot_value_set_str(params, "to", argv[1]);
	int code = cli_call(c, "Waiting for the answer", "trust.introduce", params, &answer);
	if (code)
		return code;
	if (c->json) {
		code = cli_print_json(c, answer);
	} else {
		words_display(&b, answer);
		buf_str(&b, " is introduced to ");
		words_str(&b, answer, "to_display");
		buf_str(&b, ", who has to accept that.\n");
		code = cli_print(c, &b);
	}
	earshot_value_free(answer);
	return code;
}

int
cmd_trust_block(struct cli *c, int argc, char **argv)
{
	(void)argc;
	return decide(c, "trust.block", argv[0], "is blocked: neither heard nor talked to.");
}

int
cmd_trust_unblock(struct cli *c, int argc, char **argv)
{
	(void)argc;
	return decide(c, "trust.unblock", argv[0], "is heard again.");
}

/* CLI_OK: the user wants it. */
static int
ask(struct cli *c, const char *name, const char *question)
{
	struct buf b = BUF_INIT(WORDS_MAX);
	if (cli_option(c, "yes"))
		return CLI_OK;
	if (!c->err.tty || !isatty(STDIN_FILENO))
		return cli_usage(c, "There is nobody to ask here: say --yes.");
	cli_add(&b, name);
	buf_fmt(&b, "%s [yes/no]", question);
	bool yes = cli_confirm(c, buf_cstr(&b));
	buf_finish(&b);
	return yes ? CLI_OK : cli_fail(c, CLI_ERROR, "Nothing was changed.");
}

/* Who is meant by what was typed, by their whole name: whoever fits it by the time the answer is
 * given may be another one. With `changed`, who was refused last under that name. */
static int
find(struct cli *c, const char *typed, bool changed, struct buf *name)
{
	struct earshot_value *shown = NULL;
	int code = cli_call(c, NULL, "trust.show", cli_peer(typed), &shown);
	if (code)
		return code;
	const struct earshot_value *other = changed ? earshot_value_get(shown, "changed") : NULL;
	bool fits = !changed || other || str_equal(earshot_value_str(shown, "trust"), "changed");
	if (fits)
		buf_str(name, earshot_value_str(other ? other : shown, "name"));
	earshot_value_free(shown);
	if (!fits)
		return cli_fail(c, CLI_ERROR, "Nobody has shown another key under that name.");
	return buf_err(name) || name->len == 0 ? cli_fail(c, CLI_ERROR, "Out of memory.") : CLI_OK;
}

int
cmd_trust_forget(struct cli *c, int argc, char **argv)
{
	(void)argc;
	struct buf name = BUF_INIT(WORDS_MAX);
	int code = find(c, argv[0], false, &name);
	if (!code)
		code = ask(c, buf_cstr(&name),
		    ": whoever comes next under this name will be taken for them. Forget the key?");
	if (!code)
		code = decide(c, "trust.forget", buf_cstr(&name),
		    "has no known key any more; the next one shown under this name counts.");
	buf_finish(&name);
	return code;
}

int
cmd_trust_accept_new_key(struct cli *c, int argc, char **argv)
{
	(void)argc;
	struct buf name = BUF_INIT(WORDS_MAX);
	int code = find(c, argv[0], true, &name);
	if (!code)
		code = ask(c, buf_cstr(&name),
		    ": another key means another person, unless they have told you of a new "
		    "computer or a lost key. Did they, face to face or over the telephone?");
	if (!code)
		code = decide(c, "trust.accept-new-key", buf_cstr(&name),
		    "has the new key from now on [=]. Compare it: earshot verify");
	buf_finish(&name);
	return code;
}
