/* watch: everything live, one line an event. */
#include "base/str.h"
#include "base/text.h"
#include "cli/cli.h"
#include "cli/command.h"
#include "cli/words.h"

#include <string.h>

enum { WATCH_INDENT = 8 };

struct watch {
	struct cli *c;
	int code;
};

static void
add_message(const struct screen *s, struct buf *b, const struct earshot_value *e)
{
	struct buf name = BUF_INIT(WORDS_MAX);
	bool out = str_equal(earshot_value_str(e, "direction"), "out");
	bool action = earshot_value_bool(e, "action", false);
	const char *text = earshot_value_str(e, "text");
	if (out && action)
		buf_str(b, "to ");
	words_display(&name, e);
	if (out && !action)
		buf_str(b, "You to ");
	screen_style(s, b, STYLE_NAME, buf_cstr(&name));
	buf_str(b, action ? (out ? ": * you " : " * ") : ": ");
	if (text)
		text_add(b, TEXT_BODY, text, strlen(text));
	buf_finish(&name);
}

static void
add_person(const struct screen *s, struct buf *b, const struct earshot_value *e)
{
	const struct earshot_value *person = earshot_value_get(e, "person");
	const char *change = earshot_value_str(e, "change");
	struct buf name = BUF_INIT(WORDS_MAX);
	words_display(&name, person);
	screen_style(s, b, STYLE_NAME, buf_cstr(&name));
	buf_finish(&name);
	if (str_equal(change, "gone")) {
		buf_str(b, " left");
		return;
	}
	buf_str(b, str_equal(change, "new") ? " is here, " : " is ");
	words_status(b, person);
	buf_str(b, " (");
	words_evidence(b, person);
	buf_char(b, ')');
}

static void
add_receipt(struct buf *b, const struct earshot_value *e)
{
	if (str_equal(earshot_value_str(e, "state"), "delivered")) {
		words_str(b, e, "peer");
		buf_str(b, " has the message ");
		words_str(b, e, "id");
		return;
	}
	buf_str(b, "Not delivered to ");
	words_str(b, e, "peer");
	if (!str_empty(earshot_value_str(e, "error"))) {
		buf_str(b, ": ");
		words_str(b, e, "error");
	}
}

static void
add_state(struct buf *b, const struct earshot_value *e)
{
	buf_str(b, "Discovery is ");
	words_str(b, e, "discovery");
	if (!earshot_value_bool(e, "network", true))
		buf_str(b, ", no network");
	if (!str_empty(earshot_value_str(e, "problem"))) {
		buf_str(b, ": ");
		words_str(b, e, "problem");
	}
}

static void
add_typing(struct buf *b, const struct earshot_value *e)
{
	const char *state = earshot_value_str(e, "state");
	words_display(b, e);
	if (str_equal(state, "composing"))
		buf_str(b, " is typing");
	else if (str_equal(state, "gone"))
		buf_str(b, " closed the conversation");
	else {
		buf_str(b, " is ");
		words_str(b, e, "state");
	}
}

/* One event in words; false for topics that a newer daemon may have and this program not. */
static bool
add_event(const struct screen *s, struct buf *b, const char *topic, const struct earshot_value *e)
{
	if (strcmp(topic, "message") == 0 || strcmp(topic, "sent") == 0)
		add_message(s, b, e);
	else if (strcmp(topic, "person") == 0)
		add_person(s, b, e);
	else if (strcmp(topic, "receipt") == 0)
		add_receipt(b, e);
	else if (strcmp(topic, "typing") == 0)
		add_typing(b, e);
	else if (strcmp(topic, "attention") == 0) {
		words_display(b, e);
		buf_str(b, " nudges you");
	} else if (strcmp(topic, "own") == 0) {
		buf_str(b, "You are ");
		words_own(b, e);
	} else if (strcmp(topic, "state") == 0)
		add_state(b, e);
	else
		return false;
	return true;
}

static void
on_event(void *ctx, const char *topic, const struct earshot_value *event)
{
	struct watch *w = ctx;
	const struct screen *s = &w->c->out;
	struct buf when = BUF_INIT(64), line = BUF_INIT(SCREEN_MAX), b = BUF_INIT(SCREEN_MAX);
	if (w->code)
		return;
	if (w->c->json) {
		w->code = cli_print_json(w->c, event);
		return;
	}
	words_clock(&when, earshot_value_int(event, "time", 0));
	buf_str(&when, "   ");
	if (add_event(s, &line, topic, event)) {
		screen_style(s, &b, STYLE_DIM, buf_cstr(&when));
		screen_wrap(s, &b, buf_cstr(&line), WATCH_INDENT, WATCH_INDENT);
		w->code = cli_print(w->c, &b);
	}
	buf_finish(&when);
	buf_finish(&line);
	buf_finish(&b);
}

int
cmd_watch(struct cli *c, int argc, char **argv)
{
	(void)argc;
	(void)argv;
	struct watch w = {.c = c};
	int code = cli_connect(c);
	if (code)
		return code;
	int err = earshot_subscribe(c->link, NULL, on_event, &w, CLI_CALL_MS);
	while (!err && !w.code)
		err = earshot_wait(c->link, -1);
	return w.code ? w.code : cli_fail_call(c, err, NULL);
}
