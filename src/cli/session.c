#include "cli/session.h"

#include "base/clock.h"
#include "base/limits.h"
#include "base/str.h"
#include "base/tr.h"
#include "base/utf8.h"
#include "cli/command.h"
#include "cli/say.h"
#include "front/words.h"

#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
	PAUSED_MS = 8000, /* after the last key we count as pausing (XEP-0085) */
	RETRY_MS = 1000,
	CONVERSATIONS = 200,
	DRAIN_MS = 15000,  /* answers to the last lines of a file */
	EXIT_SIGNAL = 128, /* the shells' way to say that a signal ended a program */
};

struct ask {
	struct session *s; /* borrowed */
	session_answer_fn *fn;
	uint64_t number;
};

/* ---- calls ---- */

static void
on_answer(void *ctx, int err, const struct earshot_value *answer)
{
	struct ask *a = ctx;
	a->s->waiting--;
	if (err == EARSHOT_ERR_CUT_OFF && !a->s->editor) {
		/* the session is over */
	} else if (a->fn)
		a->fn(a->s, err, answer, a->number);
	else if (err && err != EARSHOT_ERR_CUT_OFF)
		show_error(a->s, err, answer);
	free(a);
}

void
session_ask(struct session *s, const char *method, struct earshot_value *params,
    session_answer_fn *fn, uint64_t number)
{
	struct ask *a = calloc(1, sizeof(*a));
	int err = EARSHOT_ERR_MEMORY;
	if (!s->c->link || !a) {
		earshot_value_free(params);
		err = s->c->link ? EARSHOT_ERR_MEMORY : EARSHOT_ERR_NOT_RUNNING;
	} else {
		*a = (struct ask){s, fn, number};
		s->waiting++;
		err = earshot_call_async(s->c->link, method, params, on_answer, a);
		if (!err)
			return;
		s->waiting--;
	}
	free(a);
	if (fn)
		fn(s, err, NULL, number);
	else
		show_error(s, err, NULL);
}

void
session_typing(struct session *s, const char *state)
{
	if (!*s->peer || !s->c->link)
		return;
	struct earshot_value *params = cli_peer(s->peer);
	earshot_value_set_str(params, "state", state);
	/* a notice that does not arrive is no loss */
	(void)earshot_call_async(s->c->link, "typing", params, NULL, NULL);
}

/* ---- whom we talk with ---- */

void
session_choose(struct session *s, const struct earshot_value *person)
{
	const char *name = earshot_value_str(person, "name");
	struct buf display = BUF_INIT(WORDS_MAX);
	if (s->composing)
		session_typing(s, "active");
	s->composing = false;
	if (!name || str_copy(s->peer, sizeof(s->peer), name)) {
		s->peer[0] = '\0';
		return;
	}
	words_display(&display, person);
	size_t n = utf8_cut(buf_cstr(&display), display.len, sizeof(s->display) - 1);
	memcpy(s->display, buf_cstr(&display), n);
	s->display[n] = '\0';
	buf_finish(&display);
	show_person(s, person);
	session_look_back(s);
}

/* ---- the editor's questions ---- */

static void
on_line(void *ctx, const char *line)
{
	struct session *s = ctx;
	while (*line == ' ')
		line++;
	if (*line)
		session_line(s, line);
}

static void
on_change(void *ctx, const char *line)
{
	struct session *s = ctx;
	bool words = *line && (*line != '/' || strncmp(line, "/me ", 4) == 0);
	s->key_at = clock_now();
	if (!*s->peer || words == s->composing)
		return;
	s->composing = words;
	session_typing(s, words ? "composing" : "active");
}

static int
on_fd(void *ctx, short *events)
{
	struct session *s = ctx;
	if (!s->c->link)
		return -1;
	*events = earshot_events(s->c->link);
	return earshot_fd(s->c->link);
}

static void
on_event(void *ctx, const char *topic, const struct earshot_value *event)
{
	struct session *s = ctx;
	int64_t number = earshot_value_int(event, "number", 0);
	if (number > s->number)
		s->number = number;
	show_event(s, topic, event);
}

static void
cut_off(struct session *s)
{
	cli_disconnect(s->c);
	s->retry_at = clock_now() + RETRY_MS;
	s->composing = false;
	if (!s->by_hand) {
		s->code = cli_fail_call(s->c, EARSHOT_ERR_CUT_OFF, NULL);
		editor_quit(s->editor);
		return;
	}
	show_line(s, STYLE_WARN, tr("Earshot has stopped. Waiting for it to come back."));
}

static void
reconnect(struct session *s, uint64_t now)
{
	s->retry_at = now + RETRY_MS;
	if (earshot_connect(s->c->socket_path, "earshot", 0, &s->c->link)) {
		s->c->link = NULL;
		return;
	}
	s->retry_at = 0;
	earshot_set_event_handler(s->c->link, on_event, s);
	show_line(s, STYLE_GOOD, tr("Earshot is back."));
	struct earshot_value *params = earshot_value_object();
	earshot_value_set_int(params, "since", s->number);
	session_ask(s, "subscribe", params, NULL, 0);
	session_repeat(s);
	if (s->held)
		session_look_back(s); /* the answer will not come any more */
}

static void
on_ready(void *ctx, bool ready)
{
	struct session *s = ctx;
	if (s->c->link && ready && earshot_dispatch(s->c->link))
		cut_off(s);
	uint64_t now = clock_now(); /* after the events, which set times of their own */
	if (s->retry_at && now >= s->retry_at)
		reconnect(s, now);
	if (s->composing && now - s->key_at > PAUSED_MS) {
		s->composing = false;
		session_typing(s, "paused");
	}
	talk_waiting(s, now, false);
}

static const struct editor_listener listener = {on_line, on_change, on_fd, on_ready};

/* ---- life ---- */

/* Without a terminal the answers to the last lines may still be on their way. */
static void
drain(struct session *s)
{
	uint64_t until = clock_now() + DRAIN_MS;
	while (s->waiting > 0 && s->c->link && clock_now() < until) {
		int err = earshot_wait(s->c->link, PAUSED_MS);
		if (err && err != EARSHOT_ERR_TIMEOUT) {
			s->code = cli_fail_call(s->c, err, NULL);
			return;
		}
	}
	if (s->waiting > 0)
		s->code = cli_fail_call(s->c, EARSHOT_ERR_TIMEOUT, NULL);
}

/* From a known number on, so that after a break nothing is missed and nothing told twice. */
static int
subscribe(struct session *s)
{
	struct earshot_value *params = earshot_value_object(), *answer = NULL;
	earshot_value_set_str(params, "name", "chat"); /* only its number of the newest counts */
	int code = cli_call(s->c, NULL, "cursor", params, &answer);
	s->number = earshot_value_int(answer, "last", 0);
	earshot_value_free(answer);
	if (code)
		return code;
	earshot_set_event_handler(s->c->link, on_event, s);
	params = earshot_value_object();
	earshot_value_set_int(params, "since", s->number);
	return cli_call(s->c, NULL, "subscribe", params, NULL);
}

static int
open_session(struct cli *c, struct session *s)
{
	s->c = c;
	s->by_hand = c->out.tty || (isatty(STDIN_FILENO) && isatty(STDOUT_FILENO));
	int code = cli_connect(c);
	if (code)
		return code;
	if (editor_create(&c->out, &listener, s, &s->editor))
		return cli_fail(c, CLI_ERROR, "The terminal cannot be used.");
	return subscribe(s);
}

static void
close_session(struct session *s)
{
	if (s->editor)
		talk_waiting(s, clock_now(), true); /* nobody will say it later */
	if (s->spoken && s->by_hand)
		session_typing(s, "gone");
	for (int i = 0; i < 10 && s->c->link && earshot_events(s->c->link) != POLLIN; i++)
		if (earshot_dispatch(s->c->link))
			break;
	struct editor *editor = s->editor;
	s->editor = NULL; /* answers that are late have nothing to print on */
	cli_disconnect(s->c);
	editor_destroy(editor);
	earshot_value_free(s->who);
	earshot_value_free(s->held);
	for (size_t i = 0; i < SESSION_SENT; i++)
		free(s->sent[i].text);
}

static int
run_session(struct session *s)
{
	int number = editor_run(s->editor);
	if (number)
		return EXIT_SIGNAL + number;
	drain(s);
	return s->by_hand ? CLI_OK : s->code;
}

/* Whoever has said something that was not seen; of whom we talk with it is told anyhow. */
static int
tell_unread(struct session *s)
{
	struct earshot_value *params = earshot_value_object(), *answer = NULL;
	if (!s->by_hand) {
		earshot_value_free(params);
		return CLI_OK;
	}
	earshot_value_set_int(params, "limit", CONVERSATIONS);
	int code = cli_call(s->c, NULL, "conversations", params, &answer);
	const struct earshot_value *all = earshot_value_get(answer, "conversations");
	for (size_t i = 0; i < earshot_value_count(all); i++) {
		const struct earshot_value *one = earshot_value_at(all, i);
		int64_t unread = earshot_value_int(one, "unread", 0);
		struct buf who = BUF_INIT(WORDS_MAX), b = BUF_INIT(WORDS_MAX);
		words_display(&who, one);
		say_unread(&b, buf_cstr(&who), (unsigned long)unread);
		if (unread > 0 && !str_equal(earshot_value_str(one, "peer"), s->peer))
			show_line(s, STYLE_NAME, buf_cstr(&b));
		buf_finish(&who);
		buf_finish(&b);
	}
	earshot_value_free(answer);
	return code;
}

/* The daemon knows best whom a name means, and says so if it means nobody or several. */
static int
start_with(struct session *s, const char *name)
{
	struct earshot_value *person = NULL;
	int code = cli_call(s->c, "Looking for the person", "info", cli_peer(name), &person);
	if (!code)
		session_choose(s, person);
	earshot_value_free(person);
	return code ? code : tell_unread(s);
}

int
session_chat(struct cli *c, const char *name)
{
	struct session *s = calloc(1, sizeof(*s));
	if (!s)
		return cli_fail(c, CLI_ERROR, "Out of memory.");
	int code = open_session(c, s);
	if (!code)
		code = start_with(s, name);
	if (!code)
		code = run_session(s);
	close_session(s);
	free(s);
	return code;
}

/* Bare `earshot` in a script: who am I, who is here. */
static int
show_overview(struct cli *c)
{
	struct earshot_value *who = NULL;
	struct buf b = BUF_INIT(SCREEN_MAX);
	int code = who_ask(c, false, &who);
	if (code)
		return code;
	if (c->json)
		code = cli_print_json(c, who);
	else {
		bool was = screen_english(&c->out);
		struct buf own = BUF_INIT(WORDS_MAX);
		words_own(&own, earshot_value_get(who, "own"));
		buf_fmt(&b, tr("You are %s"), buf_cstr(&own));
		buf_char(&b, '\n');
		buf_fmt(&b, tr("%zu here"), words_here(earshot_value_get(who, "people")));
		buf_char(&b, '\n');
		who_add(&c->out, &b, who, false);
		buf_finish(&own);
		(void)tr_english(was);
		code = cli_print(c, &b);
	}
	earshot_value_free(who);
	return code;
}

int
session_overview(struct cli *c)
{
	if (c->json || !isatty(STDIN_FILENO) || !isatty(STDOUT_FILENO))
		return show_overview(c);
	struct session *s = calloc(1, sizeof(*s));
	if (!s)
		return cli_fail(c, CLI_ERROR, "Out of memory.");
	s->choosing = true;
	int code = who_ask(c, false, &s->who);
	if (!code)
		code = open_session(c, s);
	if (!code) {
		struct buf b = BUF_INIT(WORDS_MAX);
		words_own(&b, earshot_value_get(s->who, "own"));
		show_fmt(
		    s, STYLE_PLAIN, "You are %s. /help shows what you can type.", buf_cstr(&b));
		buf_finish(&b);
		show_people(s);
		code = tell_unread(s);
	}
	if (!code)
		code = run_session(s);
	close_session(s);
	free(s);
	return code;
}
