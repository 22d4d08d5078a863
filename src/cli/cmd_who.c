/* who and info: what is known about people. */
#include "base/str.h"
#include "base/text.h"
#include "base/tr.h"
#include "cli/cli.h"
#include "cli/command.h"
#include "cli/people_table.h"
#include "doctor/doctor.h"
#include "front/marking.h"
#include "front/words.h"

#include <stdlib.h>
#include <string.h>

enum {
	LOOK_SECONDS = 3, /* a daemon that has just started needs them to hear from everybody */
	LOOK_MS = 250,
	SHOWN = 200, /* who is shown on a terminal unasked: a flood of names fills no screen (N8) */
};

int
who_ask(struct cli *c, bool all, struct earshot_value **answer)
{
	for (int i = 0; i <= LOOK_SECONDS * 1000 / LOOK_MS; i++) {
		struct earshot_value *params = earshot_value_object(), *got = NULL;
		if (all)
			earshot_value_set_bool(params, "all", true);
		else if (c->out.tty && !c->json)
			earshot_value_set_int(params, "limit", SHOWN);
		int code = cli_call(c, NULL, "who", params, &got);
		if (code)
			return code;
		const struct earshot_value *state = earshot_value_get(got, "state");
		*answer = got;
		if (earshot_value_int(state, "uptime", LOOK_SECONDS) >= LOOK_SECONDS ||
		    !str_empty(earshot_value_str(state, "problem")))
			break;
		if (i == LOOK_SECONDS * 1000 / LOOK_MS)
			break;
		code = cli_pause(c, "Looking around", LOOK_MS);
		if (code) {
			earshot_value_free(got);
			return code;
		}
		earshot_value_free(got);
	}
	cli_quiet(c);
	return CLI_OK;
}

/* Who could be taken for somebody known, a line each. */
static void
add_look_alikes(const struct screen *s, struct buf *b, const struct earshot_value *people)
{
	for (size_t i = 0; i < earshot_value_count(people); i++) {
		const struct earshot_value *person = earshot_value_at(people, i);
		struct buf line = BUF_INIT(WORDS_MAX), name = words_member(person, "name"),
			   other = words_member(person, "looks_like");
		if (other.len > 0) {
			buf_fmt(&line, tr("%s looks like \"%s\" but is not."), buf_cstr(&name),
			    buf_cstr(&other));
			screen_style(s, b, STYLE_BAD, buf_cstr(&line));
			buf_char(b, '\n');
		}
		buf_finish(&line);
		buf_finish(&name);
		buf_finish(&other);
	}
}

void
who_add(const struct screen *s, struct buf *b, const struct earshot_value *who, bool numbered)
{
	const struct earshot_value *people = earshot_value_get(who, "people");
	const struct earshot_value *state = earshot_value_get(who, "state");
	int64_t more = earshot_value_int(who, "more", 0);
	if (earshot_value_count(people) > 0)
		people_table(s, b, people, numbered);
	else if (s->tty)
		buf_fmt(b, "%s\n",
		    str_empty(earshot_value_str(state, "problem"))
			? doctor_hint(state, 0)
			: tr("Nobody else is here yet."));
	if (s->tty)
		add_look_alikes(s, b, people);
	if (s->tty && more > 0) {
		buf_fmt(b,
		    tr_n("And %lld more; earshot who --all shows everybody.",
			"And %lld more; earshot who --all shows everybody.", (unsigned long)more),
		    (long long)more);
		buf_char(b, '\n');
	}
	if (s->tty && !str_empty(earshot_value_str(state, "problem"))) {
		struct buf line = BUF_INIT(WORDS_MAX);
		words_told(&line, state, "problem");
		screen_style(s, b, STYLE_WARN, buf_cstr(&line));
		buf_char(b, '\n');
		buf_finish(&line);
	}
}

int
cmd_who(struct cli *c, int argc, char **argv)
{
	(void)argc;
	(void)argv;
	struct buf b = BUF_INIT(SCREEN_MAX);
	struct earshot_value *who = NULL;
	int code = who_ask(c, cli_option(c, "all"), &who);
	if (code)
		return code;
	if (c->json)
		code = cli_print_json(c, who);
	else {
		struct buf problem = BUF_INIT(WORDS_MAX);
		words_told(&problem, earshot_value_get(who, "state"), "problem");
		who_add(&c->out, &b, who, false);
		code = cli_print(c, &b);
		if (!c->out.tty && problem.len > 0)
			cli_warn(c, buf_cstr(&problem));
		buf_finish(&problem);
	}
	earshot_value_free(who);
	return code;
}

void
info_line(const struct screen *s, struct buf *out, const char *label, struct buf *words)
{
	enum { LABEL = 14 };
	struct buf title = BUF_INIT(WORDS_MAX);
	if (words->len > 0) {
		label = tr(label);
		size_t width = text_width(label, strlen(label));
		if (s->tty)
			buf_fmt(
			    &title, "%s%*s", label, width < LABEL ? (int)(LABEL - width) : 1, "");
		else
			buf_fmt(&title, "%s\t", label);
		screen_style(s, out, STYLE_DIM, buf_cstr(&title));
		screen_wrap(s, out, buf_cstr(words), LABEL, LABEL);
	}
	buf_finish(&title);
	buf_clear(words);
}

static void
add_member(const struct screen *s, struct buf *out, const char *label,
    const struct earshot_value *v, const char *key)
{
	struct buf words = BUF_INIT(WORDS_MAX);
	words_str(&words, v, key);
	info_line(s, out, label, &words);
	buf_finish(&words);
}

static void
add_array(
    const struct screen *s, struct buf *out, const char *label, const struct earshot_value *array)
{
	struct buf words = BUF_INIT(WORDS_MAX);
	for (size_t i = 0; i < earshot_value_count(array); i++) {
		buf_str(&words, i > 0 ? ", " : "");
		cli_add(&words, earshot_value_as_str(earshot_value_at(array, i)));
	}
	info_line(s, out, label, &words);
	buf_finish(&words);
}

static void
add_connection(const struct screen *s, struct buf *out, const struct earshot_value *person)
{
	struct buf words = BUF_INIT(WORDS_MAX);
	marking_in_full(&words, person);
	info_line(s, out, TR("Trust"), &words);
	if (!earshot_value_bool(person, "connected", false))
		buf_str(&words, tr("not connected"));
	else if (earshot_value_bool(person, "encrypted", false))
		buf_str(&words, tr("connected, encrypted"));
	else
		buf_str(&words, tr("connected, not encrypted"));
	info_line(s, out, TR("Connection"), &words);
	if (earshot_value_has(person, "receipts")) {
		buf_str(&words, earshot_value_bool(person, "receipts", false)
				    ? tr("says when they arrive")
				    : tr("does not say whether they arrive"));
		info_line(s, out, TR("Messages"), &words);
	}
	struct buf host = words_member(person, "host");
	if (earshot_value_has(person, "port"))
		buf_fmt(&words, tr("%s, port %lld"), buf_cstr(&host),
		    (long long)earshot_value_int(person, "port", 0));
	else
		buf_str(&words, buf_cstr(&host));
	buf_finish(&host);
	info_line(s, out, TR("Host"), &words);
	add_array(s, out, TR("Addresses"), earshot_value_get(person, "addresses"));
	add_array(s, out, TR("Found by"), earshot_value_get(person, "via"));
	buf_finish(&words);
}

/* What the person's program answered just now: nothing if it answered nothing. */
static void
add_live(const struct screen *s, struct buf *out, const struct earshot_value *live)
{
	struct buf words = BUF_INIT(WORDS_MAX);
	words_str(&words, live, "software");
	if (!str_empty(earshot_value_str(live, "version"))) {
		buf_char(&words, ' ');
		words_str(&words, live, "version");
	}
	info_line(s, out, TR("Software"), &words);
	add_member(s, out, TR("System"), live, "os");
	struct buf time = words_member(live, "time"), offset = words_member(live, "offset");
	if (offset.len > 0)
		buf_fmt(&words, tr("%s, offset %s"), buf_cstr(&time), buf_cstr(&offset));
	else
		buf_str(&words, buf_cstr(&time));
	buf_finish(&time);
	buf_finish(&offset);
	info_line(s, out, TR("Time there"), &words);
	add_array(s, out, TR("Features"), earshot_value_get(live, "features"));
	buf_finish(&words);
}

void
info_add(const struct screen *s, struct buf *b, const struct earshot_value *person)
{
	struct buf words = BUF_INIT(WORDS_MAX);
	words_display(&words, person);
	info_line(s, b, TR("Name"), &words);
	if (words_look_alike(&words, person))
		info_line(s, b, TR("Careful"), &words);
	words_str(&words, person, "first");
	if (!str_empty(earshot_value_str(person, "last"))) {
		buf_str(&words, words.len > 0 ? " " : "");
		words_str(&words, person, "last");
	}
	info_line(s, b, TR("Full name"), &words);
	add_member(s, b, TR("Nickname"), person, "nick");
	add_member(s, b, TR("Address"), person, "name");
	words_status(&words, person);
	info_line(s, b, TR("Status"), &words);
	words_evidence(&words, person);
	info_line(s, b, TR("Seen"), &words);
	words_told(&words, person, "client");
	info_line(s, b, TR("Program"), &words);
	add_connection(s, b, person);
	add_member(s, b, TR("Picture"), person, "avatar");
	add_live(s, b, earshot_value_get(person, "live"));
	buf_finish(&words);
}

int
cmd_info(struct cli *c, int argc, char **argv)
{
	(void)argc;
	struct buf b = BUF_INIT(SCREEN_MAX);
	struct earshot_value *person = NULL;
	int code = cli_call(c, "Asking", "info", cli_peer(argv[0]), &person);
	if (code)
		return code;
	if (c->json)
		code = cli_print_json(c, person);
	else {
		bool was = screen_english(&c->out);
		info_add(&c->out, &b, person);
		(void)tr_english(was);
		code = cli_print(c, &b);
	}
	earshot_value_free(person);
	return code;
}
