/* doctor: what it found, the worst first, then what it has looked at. */
#include "base/clock.h"
#include "base/str.h"
#include "base/text.h"
#include "base/tr.h"
#include "cli/cli.h"
#include "cli/command.h"
#include "doctor/doctor.h"
#include "front/words.h"

#include <string.h>

struct progress {
	struct cli *c;
	uint64_t since;
};

static void
on_progress(void *ctx, const char *title, unsigned ms)
{
	struct progress *p = ctx;
	(void)ms;
	cli_progress(p->c, title, p->since);
}

static const char *
word_of(enum doctor_severity severity)
{
	switch (severity) {
	case DOCTOR_PROBLEM:
		return tr("problem");
	case DOCTOR_WARNING:
		return tr("warning");
	case DOCTOR_UNKNOWN:
		return tr("unknown");
	case DOCTOR_NOTE:
		return tr("note");
	case DOCTOR_OK:
	default:
		return tr("ok");
	}
}

static enum style
style_of(enum doctor_severity severity)
{
	static const enum style styles[] = {
	    STYLE_GOOD, STYLE_DIM, STYLE_WARN, STYLE_WARN, STYLE_BAD};
	return styles[severity];
}

static size_t
width(const char *text)
{
	return text_width(text, strlen(text));
}

/* As wide as the widest of these words, and two blanks. */
static size_t
word_column(void)
{
	size_t widest = 0;
	for (int i = DOCTOR_OK; i <= DOCTOR_PROBLEM; i++) {
		size_t w = width(word_of((enum doctor_severity)i));
		widest = w > widest ? w : widest;
	}
	return widest + 2;
}

static void
add_word(const struct screen *s, struct buf *b, enum doctor_severity severity, size_t column)
{
	const char *word = word_of(severity);
	screen_style(s, b, style_of(severity), word);
	buf_fmt(b, "%*s", (int)(column - width(word)), "");
}

static void
add_finding(const struct screen *s, struct buf *b, const struct doctor_finding *f, size_t column)
{
	add_word(s, b, f->severity, column);
	(void)screen_wrap(s, b, f->cause, column, column);
	if (f->remedy) {
		buf_fmt(b, "%*s", (int)column, "");
		(void)screen_wrap(s, b, f->remedy, column, column);
	}
	if (f->command) { /* in one row, whatever the width: it is to be copied */
		buf_fmt(b, "%*s", (int)column + 2, "");
		screen_style(s, b, STYLE_NAME, f->command);
		buf_char(b, '\n');
	}
	buf_char(b, '\n');
}

static void
add_look(const struct screen *s, struct buf *b, const struct doctor_look *l, size_t column,
    size_t titles)
{
	add_word(s, b, l->severity, column);
	buf_str(b, l->title);
	buf_fmt(b, "%*s", (int)(titles - width(l->title)), "");
	(void)screen_wrap(
	    s, b, l->seen ? l->seen : tr("see above"), column + titles, column + titles);
}

static size_t
count_of(const struct doctor_report *r, enum doctor_severity severity)
{
	size_t count = 0;
	for (size_t i = 0; i < r->count; i++)
		count += r->findings[i].severity == severity;
	return count;
}

static void
add_summary(const struct screen *s, struct buf *b, const struct doctor_report *r)
{
	size_t problems = count_of(r, DOCTOR_PROBLEM), warnings = count_of(r, DOCTOR_WARNING);
	size_t unknown = count_of(r, DOCTOR_UNKNOWN);
	struct buf line = BUF_INIT(WORDS_MAX);
	if (problems)
		buf_fmt(&line,
		    tr_n("%zu problem was found; what to do about it stands above.",
			"%zu problems were found; begin with the first above.", problems),
		    problems);
	else if (warnings)
		buf_fmt(&line,
		    tr_n("No problem was found, but %zu thing that may get in the way.",
			"No problem was found, but %zu things that may get in the way.", warnings),
		    warnings);
	else if (unknown)
		buf_fmt(&line,
		    tr_n("No problem was found; %zu thing could not be looked at.",
			"No problem was found; %zu things could not be looked at.", unknown),
		    unknown);
	else
		buf_str(&line, tr("No problem was found."));
	buf_char(b, '\n');
	struct buf row = BUF_INIT(WORDS_MAX);
	(void)screen_wrap(s, &row, buf_cstr(&line), 0, 0);
	screen_style(s, b, style_of(r->worst), buf_cstr(&row));
	buf_finish(&row);
	buf_finish(&line);
}

static int
print_report(struct cli *c, const struct doctor_report *r)
{
	struct buf b = BUF_INIT(SCREEN_MAX);
	size_t column = word_column(), titles = 0;
	for (size_t i = 0; i < r->count; i++)
		add_finding(&c->out, &b, &r->findings[i], column);
	for (size_t i = 0; i < r->look_count; i++) {
		size_t w = width(r->looks[i].title) + 2;
		titles = w > titles ? w : titles;
	}
	for (size_t i = 0; i < r->look_count; i++)
		add_look(&c->out, &b, &r->looks[i], column, titles);
	add_summary(&c->out, &b, r);
	return cli_print(c, &b);
}

int
cmd_doctor(struct cli *c, int argc, char **argv)
{
	struct progress progress = {.c = c, .since = clock_now()};
	struct doctor_report report;
	const struct doctor_wish wish = {.socket = c->socket_path,
	    .who = argc > 0 ? argv[0] : NULL,
	    .on_progress = on_progress,
	    .ctx = &progress};
	if (doctor_run(&wish, &report) != 0)
		return cli_fail(c, CLI_ERROR, "Out of memory.");
	cli_quiet(c);
	int code;
	if (c->json) {
		struct earshot_value *v = doctor_json(&report);
		code = cli_print_json(c, v);
		earshot_value_free(v);
	} else
		code = print_report(c, &report);
	if (!code && report.worst == DOCTOR_PROBLEM)
		code = CLI_PROBLEM;
	else if (!code && report.worst == DOCTOR_WARNING)
		code = CLI_DOUBT;
	doctor_finish(&report);
	return code;
}
