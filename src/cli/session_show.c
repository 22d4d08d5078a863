/* What a conversation shows: the transcript above the input. */
#include "base/clock.h"
#include "base/str.h"
#include "base/text.h"
#include "base/tr.h"
#include "cli/people_table.h"
#include "cli/session.h"
#include "cli/style_of.h"
#include "front/marking.h"
#include "front/words.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- rows ---- */

void
show_laid_out(struct session *s, struct buf *b, size_t rows)
{
	s->rows += rows;
	editor_print(s->editor, b);
	buf_finish(b);
}

void
show_rows(struct session *s, enum style style, const char *text)
{
	struct buf plain = BUF_INIT(SCREEN_MAX), b = BUF_INIT(SCREEN_MAX);
	if (!s->c->out.tty) {
		buf_finish(&plain);
		return; /* talk about the talk is for people */
	}
	size_t rows = screen_wrap(&s->c->out, &plain, tr(text), 0, 0);
	plain.data[--plain.len] = '\0'; /* the style ends before the line break */
	screen_style(&s->c->out, &b, style, buf_cstr(&plain));
	buf_char(&b, '\n');
	buf_finish(&plain);
	show_laid_out(s, &b, rows);
}

void
show_block(struct session *s, struct buf *b)
{
	size_t rows = 0;
	for (size_t i = 0; i < b->len; i++)
		rows += b->data[i] == '\n';
	show_laid_out(s, b, rows);
}

void
show_fmt(struct session *s, enum style style, const char *fmt, ...)
{
	struct buf b = BUF_INIT(SCREEN_MAX);
	va_list ap;
	va_start(ap, fmt);
	buf_vfmt(&b, tr(fmt), ap);
	va_end(ap);
	show_rows(s, style, buf_cstr(&b));
	buf_finish(&b);
}

void
show_refusal(struct session *s, const char *fmt, ...)
{
	struct buf b = BUF_INIT(SCREEN_MAX);
	va_list ap;
	va_start(ap, fmt);
	buf_vfmt(&b, tr(fmt), ap);
	va_end(ap);
	if (s->c->out.tty)
		show_rows(s, STYLE_WARN, buf_cstr(&b));
	else
		s->code = cli_fail(s->c, CLI_USAGE, "%s", buf_cstr(&b));
	buf_finish(&b);
}

void
show_error(struct session *s, int err, const struct earshot_value *answer)
{
	if (!s->c->out.tty) {
		(void)cli_fail_call(s->c, err, answer); /* the code is kept by the caller */
		return;
	}
	struct buf b = BUF_INIT(WORDS_MAX);
	const struct earshot_value *people =
	    earshot_value_get(earshot_error_data(answer), "candidates");
	cli_add(&b, earshot_error_message(err, answer));
	show_rows(s, STYLE_BAD, buf_cstr(&b));
	buf_finish(&b);
	if (earshot_value_count(people) == 0)
		return;
	buf_init(&b, SCREEN_MAX);
	people_table(&s->c->out, &b, people, false);
	show_block(s, &b);
}

void
show_people(struct session *s)
{
	const struct earshot_value *people = earshot_value_get(s->who, "people");
	struct buf b = BUF_INIT(SCREEN_MAX);
	who_add(&s->c->out, &b, s->who, true);
	show_block(s, &b);
	if (earshot_value_count(people) > 0 && !*s->peer)
		show_rows(s, STYLE_DIM, "Type a number or a name to talk with somebody.");
	else if (!*s->peer)
		show_rows(s, STYLE_DIM, "You will see when somebody comes. /who looks again.");
}

/* ---- events ---- */

/* "away: lunch", "not answering", "gone": what is worth a line when it changes. */
static void
add_notice(struct buf *b, const struct earshot_value *person)
{
	const char *state = earshot_value_str(person, "state");
	if (str_equal(state, "gone"))
		buf_str(b, tr("gone"));
	else if (str_equal(state, "silent"))
		buf_str(b, tr("not answering"));
	else
		words_status(b, person);
}

static void
keep_notice(struct session *s, const char *text)
{
	(void)snprintf(s->notice, sizeof(s->notice), "%s", text); /* compared, never shown */
}

void
show_person(struct session *s, const struct earshot_value *person)
{
	struct buf seen = BUF_INIT(WORDS_MAX), notice = BUF_INIT(WORDS_MAX);
	struct buf client = BUF_INIT(WORDS_MAX), full = BUF_INIT(WORDS_MAX);
	words_evidence(&seen, person);
	add_notice(&notice, person);
	keep_notice(s, buf_cstr(&notice));
	words_told(&client, person, "client");
	buf_fmt(&client, "%s%s", client.len > 0 ? "; " : "", buf_cstr(&notice));
	/* Translators: a name, "Pidgin; away", "answered 3 s ago" */
	show_fmt(s, STYLE_PLAIN, "Talking with %s (%s), %s.", s->display, buf_cstr(&client),
	    buf_cstr(&seen));
	const char *trust = earshot_value_str(person, "trust");
	if (str_copy(s->trust, sizeof(s->trust), trust ? trust : ""))
		s->trust[0] = '\0';
	marking_in_full(&full, person);
	show_rows(s, style_of_trust(trust), buf_cstr(&full));
	buf_finish(&full);
	buf_clear(&client);
	words_str(&client, person, "looks_like");
	if (client.len > 0)
		show_fmt(s, STYLE_BAD, "%s looks like \"%s\" but is not.", s->display,
		    buf_cstr(&client));
	show_rows(s, STYLE_DIM, "Enter sends, /help helps, /quit ends.");
	buf_finish(&seen);
	buf_finish(&notice);
	buf_finish(&client);
}

void
show_trust(struct session *s, const struct earshot_value *v)
{
	const char *trust = earshot_value_str(v, "trust");
	struct buf full = BUF_INIT(WORDS_MAX);
	/* a word that is too long is none that is known */
	if (!trust || strcmp(trust, s->trust) == 0 || strlen(trust) >= sizeof(s->trust))
		return;
	(void)snprintf(s->trust, sizeof(s->trust), "%s", trust); /* measured above */
	marking_in_full(&full, v);
	show_fmt(s, style_of_trust(trust), "%s is now %s", s->display, buf_cstr(&full));
	buf_finish(&full);
}

static void
show_here(struct session *s, const struct earshot_value *person, const char *name)
{
	struct buf alike = BUF_INIT(WORDS_MAX);
	if (words_look_alike(&alike, person))
		show_fmt(s, STYLE_BAD, "%s is here: %s.", name, buf_cstr(&alike));
	else
		show_fmt(s, STYLE_DIM, "%s is here.", name);
	buf_finish(&alike);
}

static void
show_notice(
    struct session *s, const struct earshot_value *person, const char *name, const char *notice)
{
	if (str_equal(earshot_value_str(person, "state"), "silent"))
		show_fmt(s, STYLE_DIM, "%s is not answering.", name);
	else /* Translators: "Anna is away: at lunch." */
		show_fmt(s, STYLE_DIM, "%s is %s.", name, notice);
}

static void
show_change(struct session *s, const struct earshot_value *e)
{
	const struct earshot_value *person = earshot_value_get(e, "person");
	const char *change = earshot_value_str(e, "change");
	bool partner = *s->peer && str_equal(earshot_value_str(person, "name"), s->peer);
	struct buf name = BUF_INIT(WORDS_MAX), notice = BUF_INIT(WORDS_MAX);
	words_display(&name, person);
	add_notice(&notice, person);
	bool nobody = !*s->peer;
	if ((partner || nobody) && str_equal(change, "gone"))
		show_fmt(s, STYLE_DIM, "%s has left.", buf_cstr(&name));
	else if (partner && strncmp(s->notice, buf_cstr(&notice), sizeof(s->notice) - 1) != 0)
		show_notice(s, person, buf_cstr(&name), buf_cstr(&notice));
	else if (nobody && str_equal(change, "new"))
		show_here(s, person, buf_cstr(&name));
	if (partner && !str_equal(change, "gone"))
		s->told_absent = false;
	if (partner) {
		show_trust(s, person);
		keep_notice(s, str_equal(change, "gone") ? tr("gone") : buf_cstr(&notice));
	}
	buf_finish(&name);
	buf_finish(&notice);
}

static void
show_typing(struct session *s, const struct earshot_value *e)
{
	bool typing = str_equal(earshot_value_str(e, "state"), "composing");
	if (!*s->peer || !str_equal(earshot_value_str(e, "peer"), s->peer) || !s->c->out.tty)
		return;
	bool before = s->their_key_at != 0;
	s->their_key_at = typing ? clock_now() : 0;
	if (before != typing)
		editor_refresh(s->editor);
}

void
show_event(struct session *s, const char *topic, const struct earshot_value *event)
{
	struct buf b = BUF_INIT(WORDS_MAX);
	if (!s->editor)
		return;
	if (s->c->json && !s->c->out.tty)
		(void)cli_print_json(s->c, event); /* the next write fails as well */
	else if (strcmp(topic, "message") == 0 || strcmp(topic, "sent") == 0)
		talk_message(s, event);
	else if (strcmp(topic, "receipt") == 0)
		talk_receipt(s, event);
	else if (strcmp(topic, "correction") == 0 || strcmp(topic, "retraction") == 0 ||
		 strcmp(topic, "reaction") == 0)
		talk_change(s, topic, event);
	else if (strcmp(topic, "file") == 0)
		file_news(s, event);
	else if (strcmp(topic, "person") == 0)
		show_change(s, event);
	else if (strcmp(topic, "trust") == 0) {
		if (*s->peer && str_equal(earshot_value_str(event, "peer"), s->peer))
			show_trust(s, event);
	} else if (strcmp(topic, "typing") == 0)
		show_typing(s, event);
	else if (strcmp(topic, "verify") == 0 &&
		 str_equal(earshot_value_str(event, "stage"), "begun") &&
		 !earshot_value_bool(event, "initiator", false)) {
		words_comparison(&b, event);
		show_rows(s, STYLE_WARN, buf_cstr(&b));
	} else if (strcmp(topic, "introduction") == 0) {
		words_introduction(&b, event);
		show_rows(s, STYLE_WARN, buf_cstr(&b));
	} else if (strcmp(topic, "attention") == 0) {
		words_display(&b, event);
		show_fmt(s, STYLE_WARN, "%s nudges you.", buf_cstr(&b));
	} else if (strcmp(topic, "state") == 0 && !str_empty(earshot_value_str(event, "problem"))) {
		words_told(&b, event, "problem");
		show_rows(s, STYLE_WARN, buf_cstr(&b));
	}
	buf_finish(&b);
}
