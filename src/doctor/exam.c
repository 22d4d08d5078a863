#include "doctor/exam.h"

#include "base/clock.h"
#include "base/str.h"
#include "base/text.h"
#include "base/utf8.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* ---- writing down ---- */

static char *sentence(struct exam *e, const char *fmt, va_list ap) PRINTF_LIKE(2, 0);

/* Sentences hold names that others chose: whatever they are, they end up clean. */
static char *
sentence(struct exam *e, const char *fmt, va_list ap)
{
	struct buf b = BUF_INIT(EXAM_WHOLE);
	struct buf clean = BUF_INIT(EXAM_WHOLE);
	buf_vfmt(&b, fmt, ap);
	if (!buf_err(&b))
		text_add(&clean, TEXT_NAME, buf_cstr(&b), utf8_cut(buf_cstr(&b), b.len, EXAM_TEXT));
	if (b.len > EXAM_TEXT)
		buf_str(&clean, "...");
	char *text = buf_err(&b) ? NULL : buf_take(&clean);
	buf_finish(&b);
	buf_finish(&clean);
	if (!text)
		e->err = -ENOMEM;
	return text;
}

static struct doctor_finding *
latest(struct exam *e)
{
	struct doctor_report *r = e->report;
	return e->err || !r->count ? NULL : &r->findings[r->count - 1];
}

void
found(struct exam *e, enum doctor_severity severity, const char *id, const char *cause, ...)
{
	struct doctor_report *r = e->report;
	struct doctor_finding *room = realloc(r->findings, (r->count + 1) * sizeof(*r->findings));
	if (!room) {
		e->err = -ENOMEM;
		return;
	}
	r->findings = room;
	r->findings[r->count] = (struct doctor_finding){
	    .id = id,
	    .check = e->check,
	    .severity = severity,
	    .evidence = earshot_value_object(),
	};
	va_list ap;
	va_start(ap, cause);
	r->findings[r->count++].cause = sentence(e, cause, ap);
	va_end(ap);
}

void
remedy(struct exam *e, const char *text, ...)
{
	struct doctor_finding *f = latest(e);
	if (!f)
		return;
	va_list ap;
	va_start(ap, text);
	free(f->remedy);
	f->remedy = sentence(e, text, ap);
	va_end(ap);
}

void
command(struct exam *e, const char *text, ...)
{
	struct doctor_finding *f = latest(e);
	if (!f)
		return;
	va_list ap;
	va_start(ap, text);
	free(f->command);
	f->command = sentence(e, text, ap);
	va_end(ap);
}

struct earshot_value *
evidence(struct exam *e)
{
	struct doctor_finding *f = latest(e);
	return f ? f->evidence : NULL;
}

void
seen(struct exam *e, const char *words, ...)
{
	struct doctor_report *r = e->report;
	if (!r->look_count)
		return;
	struct doctor_look *look = &r->looks[r->look_count - 1];
	va_list ap;
	va_start(ap, words);
	char *text = sentence(e, words, ap);
	va_end(ap);
	if (look->seen && text) {
		struct buf b = BUF_INIT(EXAM_WHOLE);
		buf_fmt(&b, "%s, %s", look->seen, text);
		free(text);
		text = buf_take(&b);
		buf_finish(&b);
	}
	if (text) {
		free(look->seen);
		look->seen = text;
	}
}

void
told_before(struct exam *e)
{
	if (e->report->look_count)
		e->report->looks[e->report->look_count - 1].severity = DOCTOR_PROBLEM;
}

bool
found_id(const struct exam *e, const char *id)
{
	for (size_t i = 0; i < e->report->count; i++)
		if (str_equal(e->report->findings[i].id, id))
			return true;
	return false;
}

/* ---- time ---- */

void
exam_tick(struct exam *e)
{
	if (e->wish->on_progress)
		e->wish->on_progress(
		    e->wish->ctx, tr(e->title), (unsigned)(clock_now() - e->started));
}

unsigned
exam_left(const struct exam *e, unsigned most)
{
	uint64_t gone = clock_now() - e->started;
	uint64_t left = gone < EXAM_MS ? EXAM_MS - gone : 0;
	return left < most ? (unsigned)left : most;
}

/* ---- all checks ---- */

static int
begin(struct exam *e, const struct check *c)
{
	struct doctor_report *r = e->report;
	struct doctor_look *room = realloc(r->looks, (r->look_count + 1) * sizeof(*r->looks));
	if (!room)
		return -ENOMEM;
	r->looks = room;
	r->looks[r->look_count++] = (struct doctor_look){.id = c->id, .title = tr(c->title)};
	e->check = c->id;
	e->title = c->title;
	e->found = r->count;
	exam_tick(e);
	return 0;
}

static void
conclude(struct exam *e)
{
	struct doctor_report *r = e->report;
	struct doctor_look *look = &r->looks[r->look_count - 1];
	for (size_t i = e->found; i < r->count; i++)
		if (r->findings[i].severity > look->severity)
			look->severity = r->findings[i].severity;
	if (look->severity > r->worst)
		r->worst = look->severity;
	/* a check that had nothing to look at is not told of */
	if (!look->seen && !look->severity)
		r->look_count--;
}

/* The worst first, else in the order they were found. */
static void
sort(struct doctor_report *r)
{
	for (size_t i = 1; i < r->count; i++) {
		struct doctor_finding f = r->findings[i];
		size_t at = i;
		for (; at > 0 && r->findings[at - 1].severity < f.severity; at--)
			r->findings[at] = r->findings[at - 1];
		r->findings[at] = f;
	}
}

int
doctor_run(const struct doctor_wish *wish, struct doctor_report *out)
{
	struct exam *e = calloc(1, sizeof(*e));
	*out = (struct doctor_report){0};
	if (!e)
		return -ENOMEM;
	e->wish = wish;
	e->report = out;
	e->started = clock_now();
	e->root = geteuid() == 0;
	exam_interfaces(e);
	for (const struct check *c = checks; c->id && !e->err; c++) {
		e->err = begin(e, c);
		if (!e->err) {
			c->run(e);
			conclude(e);
		}
	}
	sort(out);
	int err = e->err;
	earshot_value_free(e->status);
	earshot_value_free(e->who);
	earshot_value_free(e->state);
	for (size_t i = 0; i < e->met_count; i++) {
		free(e->met[i].name);
		free(e->met[i].display);
		earshot_value_free(e->met[i].info);
		earshot_value_free(e->met[i].probe);
	}
	earshot_close(e->link);
	free(e);
	if (err)
		doctor_finish(out);
	return err;
}

void
doctor_finish(struct doctor_report *r)
{
	for (size_t i = 0; i < r->count; i++) {
		free(r->findings[i].cause);
		free(r->findings[i].remedy);
		free(r->findings[i].command);
		earshot_value_free(r->findings[i].evidence);
	}
	for (size_t i = 0; i < r->look_count; i++)
		free(r->looks[i].seen);
	free(r->findings);
	free(r->looks);
	*r = (struct doctor_report){0};
}

/* ---- for scripts ---- */

const char *
doctor_severity_word(enum doctor_severity severity)
{
	static const char *const words[] = {"ok", "note", "unknown", "warning", "problem"};
	return words[severity];
}

static struct earshot_value *
finding_json(const struct doctor_finding *f)
{
	struct earshot_value *v = earshot_value_object();
	earshot_value_set_str(v, "id", f->id);
	earshot_value_set_str(v, "check", f->check);
	earshot_value_set_str(v, "severity", doctor_severity_word(f->severity));
	earshot_value_set_str(v, "cause", f->cause);
	earshot_value_set_str(v, "remedy", f->remedy);
	earshot_value_set_str(v, "command", f->command);
	earshot_value_set(v, "evidence", earshot_value_ref(f->evidence));
	return v;
}

struct earshot_value *
doctor_json(const struct doctor_report *r)
{
	struct earshot_value *v = earshot_value_object(), *findings = earshot_value_array(),
			     *looks = earshot_value_array();
	for (size_t i = 0; i < r->count; i++)
		earshot_value_append(findings, finding_json(&r->findings[i]));
	for (size_t i = 0; i < r->look_count; i++) {
		struct earshot_value *look = earshot_value_object();
		earshot_value_set_str(look, "id", r->looks[i].id);
		earshot_value_set_str(look, "title", r->looks[i].title);
		earshot_value_set_str(look, "severity", doctor_severity_word(r->looks[i].severity));
		earshot_value_set_str(look, "seen", r->looks[i].seen);
		earshot_value_append(looks, look);
	}
	earshot_value_set_str(v, "worst", doctor_severity_word(r->worst));
	earshot_value_set(v, "findings", findings);
	earshot_value_set(v, "checks", looks);
	return v;
}
