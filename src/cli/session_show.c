/* What a conversation shows, line by line. */
#include "base/str.h"
#include "base/tr.h"
#include "cli/people_table.h"
#include "cli/say.h"
#include "cli/session.h"
#include "cli/style_of.h"
#include "front/words.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- lines ---- */

void
show_block(struct session *s, struct buf *b)
{
	editor_print(s->editor, b);
	buf_finish(b);
}

void
show_line(struct session *s, enum style style, const char *text)
{
	struct buf b = BUF_INIT(SCREEN_MAX);
	if (!s->by_hand)
		return;
	screen_style(&s->c->out, &b, style, text);
	buf_char(&b, '\n');
	show_block(s, &b);
}

void
show_fmt(struct session *s, enum style style, const char *fmt, ...)
{
	struct buf b = BUF_INIT(SCREEN_MAX);
	va_list ap;
	va_start(ap, fmt);
	buf_vfmt(&b, tr(fmt), ap);
	va_end(ap);
	show_line(s, style, buf_cstr(&b));
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
	if (s->by_hand)
		show_line(s, STYLE_WARN, buf_cstr(&b));
	else
		s->code = cli_fail(s->c, CLI_USAGE, "%s", buf_cstr(&b));
	buf_finish(&b);
}

void
show_error(struct session *s, int err, const struct earshot_value *answer)
{
	if (!s->by_hand) {
		(void)cli_fail_call(s->c, err, answer); /* the code is kept by the caller */
		return;
	}
	struct buf b = BUF_INIT(WORDS_MAX);
	const struct earshot_value *people =
	    earshot_value_get(earshot_error_data(answer), "candidates");
	cli_add(&b, earshot_error_message(err, answer));
	show_line(s, STYLE_BAD, buf_cstr(&b));
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
	size_t count = earshot_value_count(people);
	struct buf b = BUF_INIT(SCREEN_MAX), problem = BUF_INIT(WORDS_MAX);
	int64_t more = earshot_value_int(s->who, "more", 0);
	for (size_t i = 0; i < count; i++) {
		say_person(&b, i + 1, earshot_value_at(people, i));
		buf_char(&b, '\n');
	}
	show_block(s, &b);
	if (more > 0)
		show_fmt(s, STYLE_PLAIN, "And %" PRId64 " more; earshot who --all shows everybody.",
		    more);
	words_told(&problem, earshot_value_get(s->who, "state"), "problem");
	if (problem.len > 0)
		show_line(s, STYLE_WARN, buf_cstr(&problem));
	buf_finish(&problem);
	if (count == 0)
		show_line(s, STYLE_PLAIN,
		    tr("Nobody else is here yet. You will hear when somebody comes. /who looks "
		       "again."));
	else if (!*s->peer)
		show_line(s, STYLE_PLAIN, tr("Type a number or a name to talk with somebody."));
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

static void
show_meaning(struct session *s, const struct earshot_value *v)
{
	struct buf b = BUF_INIT(WORDS_MAX);
	say_meaning(&b, s->display, v);
	show_line(s, style_of_trust(earshot_value_str(v, "trust")), buf_cstr(&b));
	buf_finish(&b);
}

void
show_person(struct session *s, const struct earshot_value *person)
{
	struct buf seen = BUF_INIT(WORDS_MAX), notice = BUF_INIT(WORDS_MAX);
	struct buf client = words_member(person, "client"), alike = BUF_INIT(WORDS_MAX);
	const char *trust = earshot_value_str(person, "trust");
	words_evidence(&seen, person);
	add_notice(&notice, person);
	keep_notice(s, buf_cstr(&notice));
	if (client.len > 0)
		show_fmt(s, STYLE_PLAIN, "Talking with %s, %s, %s, with %s.", s->display,
		    buf_cstr(&notice), buf_cstr(&seen), buf_cstr(&client));
	else
		show_fmt(s, STYLE_PLAIN, "Talking with %s, %s, %s.", s->display, buf_cstr(&notice),
		    buf_cstr(&seen));
	if (str_copy(s->trust, sizeof(s->trust), trust ? trust : ""))
		s->trust[0] = '\0';
	show_meaning(s, person);
	if (words_look_alike(&alike, person))
		show_fmt(s, STYLE_BAD, "Careful: %s %s.", s->display, buf_cstr(&alike));
	show_line(s, STYLE_DIM, tr("Enter sends, /help helps, /quit ends."));
	buf_finish(&seen);
	buf_finish(&notice);
	buf_finish(&client);
	buf_finish(&alike);
}

void
show_trust(struct session *s, const struct earshot_value *v)
{
	const char *trust = earshot_value_str(v, "trust");
	/* a word that is too long is none that is known */
	if (!trust || strcmp(trust, s->trust) == 0 || str_copy(s->trust, sizeof(s->trust), trust))
		return;
	show_meaning(s, v);
}

static void
show_here(struct session *s, const struct earshot_value *person, const char *name)
{
	struct buf alike = BUF_INIT(WORDS_MAX);
	if (words_look_alike(&alike, person))
		show_fmt(
		    s, STYLE_BAD, "%s is here. Careful: this name %s.", name, buf_cstr(&alike));
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
	bool gone = str_equal(change, "gone"), nobody = !*s->peer;
	struct buf name = words_name(person), notice = BUF_INIT(WORDS_MAX);
	add_notice(&notice, person);
	if ((partner || nobody) && gone)
		show_fmt(s, STYLE_DIM, "%s has left.", buf_cstr(&name));
	else if (partner && strncmp(s->notice, buf_cstr(&notice), sizeof(s->notice) - 1) != 0)
		show_notice(s, person, buf_cstr(&name), buf_cstr(&notice));
	else if (nobody && str_equal(change, "new"))
		show_here(s, person, buf_cstr(&name));
	if (partner) {
		show_trust(s, person);
		keep_notice(s, gone ? tr("gone") : buf_cstr(&notice));
	}
	buf_finish(&name);
	buf_finish(&notice);
}

void
show_event(struct session *s, const char *topic, const struct earshot_value *event)
{
	struct buf b = BUF_INIT(WORDS_MAX);
	if (!s->editor)
		return;
	if (s->c->json && !s->by_hand)
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
	} else if (strcmp(topic, "verify") == 0 &&
		   str_equal(earshot_value_str(event, "stage"), "begun") &&
		   !earshot_value_bool(event, "initiator", false)) {
		words_comparison(&b, event);
		show_line(s, STYLE_WARN, buf_cstr(&b));
	} else if (strcmp(topic, "introduction") == 0) {
		words_introduction(&b, event);
		show_line(s, STYLE_WARN, buf_cstr(&b));
	} else if (strcmp(topic, "attention") == 0) {
		words_display(&b, event);
		show_fmt(s, STYLE_WARN, "%s nudges you.", buf_cstr(&b));
	} else if (strcmp(topic, "state") == 0 && !str_empty(earshot_value_str(event, "problem"))) {
		words_told(&b, event, "problem");
		show_line(s, STYLE_WARN, buf_cstr(&b));
	}
	buf_finish(&b);
}
