/* trust: whose keys are known, and what the user decides about them. */
#include "base/str.h"
#include "base/tr.h"
#include "cli/cli.h"
#include "cli/command.h"
#include "cli/style_of.h"
#include "front/marking.h"
#include "front/words.h"

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
	words_trust(&row[2], earshot_value_str(contact, "trust"));
	if (earshot_value_bool(contact, "blocked", false))
		buf_fmt(&row[2], ", %s", tr("blocked"));
	if (earshot_value_has(contact, "vouched_by"))
		buf_fmt(&row[2], ", %s", tr("vouched for"));
	words_str(&row[3], contact, "tag");
	words_str(&row[4], contact, "name");
}

static void
add_contacts(const struct screen *s, struct buf *out, const struct earshot_value *contacts)
{
	static const struct column columns[COLUMNS] = {{"", MARKING_WIDTH, 0}, {TR("Name"), 14, 0},
	    {TR("Trust"), 10, 1}, {TR("Key"), 8, 3}, {TR("Address"), 10, 2}};
	bool was = screen_english(s);
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
	(void)tr_english(was);
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
			buf_fmt(&b, "%s\n", tr("Nobody's key is known yet."));
		if (more > 0 && c->out.tty) {
			buf_fmt(&b, tr("and %lld more"), (long long)more);
			buf_char(&b, '\n');
		}
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
	struct buf words = BUF_INIT(WORDS_MAX), voucher = words_member(contact, "vouched_by");
	const struct earshot_value *changed = earshot_value_get(contact, "changed");
	words_display(&words, contact);
	info_line(s, b, TR("Name"), &words);
	words_str(&words, contact, "name");
	info_line(s, b, TR("Address"), &words);
	marking_in_full(&words, contact);
	if (earshot_value_bool(contact, "blocked", false))
		buf_fmt(&words, "; %s", tr("blocked"));
	info_line(s, b, TR("Trust"), &words);
	if (voucher.len > 0) {
		buf_fmt(&words,
		    tr("by %s, whom you have verified: earshot trust accept takes their word"),
		    buf_cstr(&voucher));
		info_line(s, b, TR("Vouched for"), &words);
	}
	if (words_look_alike(&words, contact))
		info_line(s, b, TR("Careful"), &words);
	add_key(s, b, TR("Key"), earshot_value_str(contact, "id"));
	words_str(&words, contact, "proven_at");
	info_line(s, b, TR("Proven at"), &words);
	if (!str_empty(earshot_value_str(changed, "name"))) {
		buf_str(&words, tr("somebody else has come under this name, with the key below"));
		info_line(s, b, TR("Refused"), &words);
		add_key(s, b, TR("Its key"), earshot_value_str(changed, "id"));
	}
	buf_finish(&voucher);
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
		bool was = screen_english(&c->out);
		add_contact(&c->out, &b, contact);
		(void)tr_english(was);
		code = cli_print(c, &b);
	}
	earshot_value_free(contact);
	return code;
}

/* ---- deciding ---- */

static void
add_accepted(struct buf *b, const struct earshot_value *contact, const char *name)
{
	const char *trust = earshot_value_str(contact, "trust");
	struct buf by = words_member(contact, "introduced_by");
	if (str_equal(trust, "introduced"))
		buf_fmt(b,
		    tr("%s is accepted [i] via %s. To be surer still, compare keys: earshot "
		       "verify"),
		    name, buf_cstr(&by));
	else if (str_equal(trust, "verified"))
		buf_fmt(b, tr("%s is verified already [v]"), name);
	else
		buf_fmt(b,
		    tr("%s is accepted [=]. To be sure who it is, compare keys: earshot verify"),
		    name);
	buf_finish(&by);
}

/* What became of them, by the method that did it. */
static void
add_done(struct buf *b, const char *method, const struct earshot_value *contact, const char *name)
{
	if (str_equal(method, "trust.accept"))
		add_accepted(b, contact, name);
	else if (str_equal(method, "trust.block"))
		buf_fmt(b, tr("%s is blocked: neither heard nor talked to."), name);
	else if (str_equal(method, "trust.unblock"))
		buf_fmt(b, tr("%s is heard again."), name);
	else if (str_equal(method, "trust.forget"))
		buf_fmt(b,
		    tr("%s has no known key any more; the next one shown under this name counts."),
		    name);
	else
		buf_fmt(
		    b, tr("%s has the new key from now on [=]. Compare it: earshot verify"), name);
	buf_char(b, '\n');
}

static int
decide(struct cli *c, const char *method, const char *typed)
{
	struct buf b = BUF_INIT(WORDS_MAX), name = BUF_INIT(WORDS_MAX);
	struct earshot_value *contact = NULL;
	int code = cli_call(c, NULL, method, cli_peer(typed), &contact);
	if (code)
		return code;
	if (c->json) {
		code = cli_print_json(c, contact);
	} else {
		if (earshot_value_has(contact, "name"))
			words_display(&name, contact);
		else
			cli_add(&name, typed);
		add_done(&b, method, contact, buf_cstr(&name));
		code = cli_print(c, &b);
	}
	buf_finish(&name);
	earshot_value_free(contact);
	return code;
}

int
cmd_trust_accept(struct cli *c, int argc, char **argv)
{
	(void)argc;
	return decide(c, "trust.accept", argv[0]);
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
		struct buf who = words_name(answer), to = words_member(answer, "to_display");
		buf_fmt(&b, tr("%s is introduced to %s, who has to accept that."), buf_cstr(&who),
		    buf_cstr(&to));
		buf_char(&b, '\n');
		buf_finish(&who);
		buf_finish(&to);
		code = cli_print(c, &b);
	}
	earshot_value_free(answer);
	return code;
}

int
cmd_trust_block(struct cli *c, int argc, char **argv)
{
	(void)argc;
	return decide(c, "trust.block", argv[0]);
}

int
cmd_trust_unblock(struct cli *c, int argc, char **argv)
{
	(void)argc;
	return decide(c, "trust.unblock", argv[0]);
}

/* CLI_OK: the user wants it. */
static int
ask(struct cli *c, bool forget, const char *typed)
{
	struct buf b = BUF_INIT(WORDS_MAX), name = BUF_INIT(WORDS_MAX);
	if (cli_option(c, "yes"))
		return CLI_OK;
	if (!c->err.tty || !isatty(STDIN_FILENO))
		return cli_usage(c, "There is nobody to ask here: say --yes.");
	cli_add(&name, typed);
	if (forget)
		buf_fmt(&b,
		    tr("%s: whoever comes next under this name will be taken for them. Forget the "
		       "key? [yes/no]"),
		    buf_cstr(&name));
	else
		buf_fmt(&b,
		    tr("%s: another key means another person, unless they have told you of a new "
		       "computer or a lost key. Did they, face to face or over the telephone? "
		       "[yes/no]"),
		    buf_cstr(&name));
	buf_finish(&name);
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
		code = ask(c, true, buf_cstr(&name));
	if (!code)
		code = decide(c, "trust.forget", buf_cstr(&name));
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
		code = ask(c, false, buf_cstr(&name));
	if (!code)
		code = decide(c, "trust.accept-new-key", buf_cstr(&name));
	buf_finish(&name);
	return code;
}
