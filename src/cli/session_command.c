/* What can be typed in a conversation. */
#include "base/str.h"
#include "base/tr.h"
#include "cli/session.h"
#include "front/words.h"

#include <stdlib.h>
#include <string.h>

struct typed {
	const char *name;
	const char *args;
	const char *help;
	void (*run)(struct session *s, const char *rest);
};

bool
session_need_peer(struct session *s)
{
	if (*s->peer)
		return true;
	show_refusal(s, "Choose somebody first: type a number or a name.");
	return false;
}

/* ---- who ---- */

static void
on_who(struct session *s, int err, const struct earshot_value *answer, uint64_t number)
{
	(void)number;
	if (err) {
		show_error(s, err, answer);
		return;
	}
	earshot_value_free(s->who);
	s->who = earshot_value_ref(answer);
	show_people(s);
}

static void
do_who(struct session *s, const char *rest)
{
	(void)rest;
	session_ask(s, "who", NULL, on_who, 0);
}

/* ---- to ---- */

/* Waits for it: the lines that follow are said to whoever is found, and to nobody else. */
static void
look_for(struct session *s, const char *words)
{
	struct earshot_value *answer = NULL;
	int err = EARSHOT_ERR_NOT_RUNNING;
	if (s->c->link)
		err = earshot_call(s->c->link, "info", cli_peer(words), CLI_CALL_MS, &answer);
	if (!err) {
		session_choose(s, answer);
	} else {
		show_error(s, err, answer);
		if (!s->by_hand) { /* a script does not read it and talks on */
			s->code = cli_exit_code(err, answer);
			s->peer[0] = '\0';
		}
	}
	earshot_value_free(answer);
}

/* A number of the list, or somebody's exact name in it, needs no question to anybody. */
static const struct earshot_value *
find_listed(struct session *s, const char *words)
{
	const struct earshot_value *people = earshot_value_get(s->who, "people");
	const struct earshot_value *found = NULL;
	int64_t number;
	size_t count = earshot_value_count(people);
	if (str_to_int(words, 1, (int64_t)count, &number) == 0)
		return earshot_value_at(people, (size_t)number - 1);
	for (size_t i = 0; i < count; i++) {
		const struct earshot_value *person = earshot_value_at(people, i);
		if (str_equal(earshot_value_str(person, "name"), words))
			return person;
		if (!str_equal(earshot_value_str(person, "display"), words))
			continue;
		if (found)
			return NULL; /* two of the same name: the daemon lists them */
		found = person;
	}
	return found;
}

void
session_pick(struct session *s, const char *words)
{
	const struct earshot_value *person = find_listed(s, words);
	if (person)
		session_choose(s, person);
	else
		look_for(s, words);
}

static void
do_to(struct session *s, const char *rest)
{
	if (*rest) {
		session_pick(s, rest);
		return;
	}
	if (s->composing)
		session_typing(s, "active");
	s->composing = false;
	s->peer[0] = '\0';
	s->choosing = true;
	do_who(s, "");
}

/* ---- about somebody ---- */

static void
on_info(struct session *s, int err, const struct earshot_value *person, uint64_t number)
{
	(void)number;
	if (err)
		show_error(s, err, person);
	else {
		struct buf b = BUF_INIT(SCREEN_MAX);
		info_add(&s->c->out, &b, person);
		show_block(s, &b);
	}
}

static void
do_info(struct session *s, const char *rest)
{
	if (*rest || session_need_peer(s))
		session_ask(s, "info", cli_peer(*rest ? rest : s->peer), on_info, 0);
}

static void
on_ping(struct session *s, int err, const struct earshot_value *answer, uint64_t number)
{
	(void)number;
	if (err) {
		show_error(s, err, answer);
		return;
	}
	struct buf b = BUF_INIT(WORDS_MAX);
	ping_words(&b, answer);
	show_line(s, STYLE_PLAIN, buf_cstr(&b));
	buf_finish(&b);
}

static void
do_ping(struct session *s, const char *rest)
{
	if (*rest || session_need_peer(s))
		session_ask(s, "ping", cli_peer(*rest ? rest : s->peer), on_ping, 0);
}

static void
on_nudged(struct session *s, int err, const struct earshot_value *answer, uint64_t number)
{
	(void)number;
	if (err)
		show_error(s, err, answer);
	else
		show_line(s, STYLE_DIM, tr("You nudged."));
}

static void
do_nudge(struct session *s, const char *rest)
{
	if (*rest || session_need_peer(s))
		session_ask(s, "attention", cli_peer(*rest ? rest : s->peer), on_nudged, 0);
}

/* ---- about oneself ---- */

static void
on_status(struct session *s, int err, const struct earshot_value *own, uint64_t number)
{
	(void)number;
	if (err) {
		show_error(s, err, own);
		return;
	}
	struct buf b = BUF_INIT(WORDS_MAX);
	words_own(&b, own);
	show_fmt(s, STYLE_PLAIN, "You are %s.", buf_cstr(&b));
	buf_finish(&b);
}

static void
do_status(struct session *s, const char *rest)
{
	struct earshot_value *params = earshot_value_object();
	struct buf status = BUF_INIT(1024);
	size_t n = strcspn(rest, " ");
	if (n > 0) {
		buf_add(&status, rest, n);
		rest += n;
		rest += strspn(rest, " ");
		earshot_value_set_str(params, "status", buf_cstr(&status));
		earshot_value_set_str(params, "text", rest);
	}
	buf_finish(&status);
	session_ask(s, "status", params, on_status, 0);
}

/* ---- the rest ---- */

static void
do_me(struct session *s, const char *rest)
{
	struct buf b = BUF_INIT(SCREEN_MAX);
	if (session_need_peer(s)) {
		buf_fmt(&b, "/me %s", rest);
		session_say(s, buf_cstr(&b), NULL);
	}
	buf_finish(&b);
}

static void
do_quit(struct session *s, const char *rest)
{
	(void)rest;
	editor_quit(s->editor);
}

static void do_help(struct session *s, const char *rest);

static const struct typed table[] = {
    {"to", "[NAME]", TR("talk with somebody else"), do_to},
    {"who", "", TR("who is here"), do_who},
    {"me", "TEXT", TR("say what you do"), do_me},
    {"reply", "[-N] TEXT", TR("answer the other's last message"), message_reply},
    {"react", "[-N] [EMOJI...]", TR("react to it; none: no more"), message_react},
    {"edit", "[-N] TEXT", TR("correct your last message"), message_edit},
    {"retract", "[-N]", TR("take it back"), message_retract},
    {"cancel", "", TR("do not send what still waits"), message_cancel},
    {"history", "[N]", TR("the last messages"), message_history},
    {"search", "WORDS", TR("find what was said here"), message_search},
    {"file", "PATH", TR("send a file or a folder"), file_send},
    {"accept", "[ID]", TR("take a file that is offered"), file_accept},
    {"decline", "[ID]", TR("refuse it"), file_decline},
    {"nudge", "[NAME]", TR("ask for attention"), do_nudge},
    {"info", "[NAME]", TR("all about somebody"), do_info},
    {"ping", "[NAME]", TR("how fast they answer"), do_ping},
    {"status", "[available|away|dnd [TEXT]]", TR("how others see you"), do_status},
    {"help", "", TR("this list"), do_help},
    {"quit", "", TR("leave (also Ctrl-D)"), do_quit},
};

static void
do_help(struct session *s, const char *rest)
{
	(void)rest;
	for (size_t i = 0; i < ARRAY_LEN(table); i++) {
		struct buf b = BUF_INIT(WORDS_MAX);
		buf_fmt(&b, "/%s%s%s - %s", table[i].name, *table[i].args ? " " : "", table[i].args,
		    tr(table[i].help));
		show_line(s, STYLE_PLAIN, buf_cstr(&b));
		buf_finish(&b);
	}
	show_line(s, STYLE_DIM,
	    tr("A line tells when your message was delivered. -2 means the last but one, and so "
	       "on: of yours for /edit and /retract, of the other's for /reply and /react. A "
	       "message that begins with / is typed with //."));
}

void
session_line(struct session *s, const char *line)
{
	if (line[0] != '/' || line[1] == '/') {
		line += line[0] == '/';
		if (!*s->peer && s->choosing)
			session_pick(s, line);
		else if (session_need_peer(s))
			session_say(s, line, NULL);
		return;
	}
	size_t n = strcspn(line + 1, " ");
	const char *rest = line + 1 + n;
	rest += strspn(rest, " ");
	for (size_t i = 0; i < ARRAY_LEN(table); i++)
		if (strlen(table[i].name) == n && strncmp(table[i].name, line + 1, n) == 0) {
			table[i].run(s, rest);
			return;
		}
	struct buf word = BUF_INIT(WORDS_MAX), name = BUF_INIT(WORDS_MAX);
	buf_add(&name, line, n + 1);
	cli_add(&word, buf_cstr(&name));
	show_refusal(s, "There is no %s. /help shows what there is.", buf_cstr(&word));
	buf_finish(&word);
	buf_finish(&name);
}
