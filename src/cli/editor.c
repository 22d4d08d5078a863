#include "cli/editor.h"

#include "base/limits.h"
#include "base/text.h"
#include "base/utf8.h"

#include <errno.h>
#include <fcntl.h>
#include <histedit.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
	TICK_MS = 500,
	HISTORY_LINES = 200,
	KILL_LINE = 0x15, /* Ctrl-U */
};

static const int caught[] = {SIGINT, SIGTERM, SIGHUP, SIGWINCH, SIGTSTP};

struct editor {
	struct screen *s;                /* borrowed */
	const struct editor_listener *l; /* borrowed */
	void *ctx;                       /* borrowed */
	EditLine *el;                    /* owned; NULL when this is no terminal */
	History *history;                /* owned */
	struct buf plain;                /* input that is no whole line yet, without a terminal */
	struct buf changed;              /* the line as on_change saw it */
	struct sigaction before[ARRAY_LEN(caught)];
	bool catching;
	bool editing; /* inside el_gets(): a line stands on the screen */
	bool quit;
	int signal;
};

static int signal_pipe[2] = {-1, -1}; /* a handler has no other way to reach the editor */

static void
on_signal(int number)
{
	int saved = errno;
	unsigned char byte = (unsigned char)number;
	/* a full pipe has woken the editor already */
	ssize_t n = write(signal_pipe[1], &byte, 1);
	(void)n;
	errno = saved;
}

/* ---- printing ---- */

/* Rows of the line being typed below the one in which the cursor stands. */
static size_t
rows_below(const struct screen *s, const LineInfo *line)
{
	size_t columns = s->columns > 0 ? s->columns : 1;
	size_t all = text_width(line->buffer, (size_t)(line->lastchar - line->buffer));
	size_t before = text_width(line->buffer, (size_t)(line->cursor - line->buffer));
	return all / columns - before / columns;
}

/* What is printed stands below what is being typed, and that is repeated below it: a screen reader
 * reads what is added, and nothing that was there before changes. */
static void
print(struct editor *e, const char *text, size_t len)
{
	struct buf b = BUF_INIT(SCREEN_MAX);
	const LineInfo *line = e->editing ? el_line(e->el) : NULL;
	bool typing = line && line->lastchar > line->buffer;
	for (size_t i = typing ? rows_below(e->s, line) + 1 : 0; i > 0; i--)
		buf_char(&b, '\n');
	buf_add(&b, text, len);
	if (screen_write(e->s, &b))
		editor_quit(e); /* nobody reads any more */
	buf_finish(&b);
	if (typing)
		el_set(e->el, EL_REFRESH);
}

void
editor_print(struct editor *e, struct buf *text)
{
	print(e, buf_cstr(text), text->len);
	buf_clear(text);
}

/* A prompt would be read out each time. */
static char *
on_prompt(EditLine *el)
{
	static char none[] = "";
	(void)el;
	return none;
}

/* ---- waiting ---- */

static void
tell_change(struct editor *e)
{
	const LineInfo *line = el_line(e->el);
	size_t len = (size_t)(line->lastchar - line->buffer);
	if (e->changed.len == len && memcmp(buf_cstr(&e->changed), line->buffer, len) == 0)
		return;
	buf_clear(&e->changed);
	buf_add(&e->changed, line->buffer, len);
	e->l->on_change(e->ctx, buf_cstr(&e->changed));
}

/* libedit begins anew, where the cursor is. */
static void
resize(struct editor *e)
{
	screen_measure(e->s);
	if (!e->editing)
		return;
	el_resize(e->el);
	print(e, "", 0);
}

static void
suspend(struct editor *e)
{
	if (e->editing)
		el_set(e->el, EL_PREP_TERM, 0);
	kill(getpid(), SIGSTOP);
	if (e->editing)
		el_set(e->el, EL_PREP_TERM, 1);
	resize(e);
}

/* Returns true if Ctrl-C shall empty the line. */
static bool
take_signal(struct editor *e)
{
	unsigned char number;
	if (read(signal_pipe[0], &number, 1) != 1)
		return false;
	if (number == SIGWINCH)
		resize(e);
	else if (number == SIGTSTP)
		suspend(e);
	else if (number == SIGINT && e->editing && e->changed.len > 0)
		return true;
	else {
		e->signal = number == SIGINT && e->el ? 0 : number;
		e->quit = true;
	}
	return false;
}

enum woken { WOKEN_INPUT, WOKEN_KILL, WOKEN_QUIT };

/* Waits for a key; serves all else meanwhile. */
static enum woken
await_input(struct editor *e)
{
	while (!e->quit) {
		struct pollfd fds[3] = {
		    {STDIN_FILENO, POLLIN, 0}, {signal_pipe[0], POLLIN, 0}, {-1, 0, 0}};
		fds[2].fd = e->l->fd(e->ctx, &fds[2].events);
		int n = poll(fds, ARRAY_LEN(fds), TICK_MS);
		if (n < 0 && errno != EINTR)
			return WOKEN_QUIT;
		if (n < 0)
			continue;
		if (fds[1].revents && take_signal(e))
			return WOKEN_KILL;
		e->l->on_ready(e->ctx, fds[2].revents != 0);
		if (!e->quit && fds[0].revents)
			return WOKEN_INPUT;
	}
	return WOKEN_QUIT;
}

/* One character of UTF-8 from the keyboard. 1, or 0 at the end. */
static int
read_character(wchar_t *out)
{
	char bytes[4];
	uint32_t c = 0;
	for (size_t len = 0; len < sizeof(bytes);) {
		ssize_t n = read(STDIN_FILENO, bytes + len, 1);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return 0;
		len++;
		if (utf8_decode(bytes, len, &c) > 0) {
			*out = (wchar_t)c;
			return 1;
		}
		if ((unsigned char)bytes[0] < 0xc2)
			break; /* no character begins with it */
	}
	*out = 0xfffd;
	return 1;
}

static int
on_getc(EditLine *el, wchar_t *out)
{
	struct editor *e = NULL;
	el_get(el, EL_CLIENTDATA, &e);
	tell_change(e);
	switch (await_input(e)) {
	case WOKEN_INPUT:
		return read_character(out);
	case WOKEN_KILL:
		*out = KILL_LINE;
		return 1;
	case WOKEN_QUIT:
		break;
	}
	return 0;
}

/* ---- running ---- */

static void
run_terminal(struct editor *e)
{
	while (!e->quit) {
		int len = 0;
		e->editing = true;
		const char *got = el_gets(e->el, &len);
		e->editing = false;
		if (!got || len <= 0) {
			print(e, "\n", e->quit ? 0 : 1); /* behind the ^D */
			break;
		}
		if (got[len - 1] == '\n')
			len--;
		struct buf line = BUF_INIT(LIMIT_MESSAGE_TEXT);
		buf_add(&line, got, (size_t)len);
		HistEvent event;
		if (len > 0)
			history(e->history, &event, H_ENTER, buf_cstr(&line));
		buf_clear(&e->changed);
		e->l->on_line(e->ctx, buf_cstr(&line));
		buf_finish(&line);
	}
}

static void
give_lines(struct editor *e, bool last)
{
	while (e->plain.len > 0 && !e->quit) {
		char *end = memchr(e->plain.data, '\n', e->plain.len);
		if (!end && !last && e->plain.len < LIMIT_MESSAGE_TEXT)
			return;
		size_t len = end ? (size_t)(end - e->plain.data) : e->plain.len;
		struct buf line = BUF_INIT(SCREEN_MAX);
		buf_add(&line, e->plain.data, len);
		buf_consume(&e->plain, end ? len + 1 : len);
		if (line.len > 0 && line.data[line.len - 1] == '\r')
			line.data[--line.len] = '\0';
		e->l->on_line(e->ctx, buf_cstr(&line));
		buf_finish(&line);
	}
}

static void
run_plain(struct editor *e)
{
	while (await_input(e) == WOKEN_INPUT) {
		char part[4096];
		ssize_t n = read(STDIN_FILENO, part, sizeof(part));
		if (n < 0 && (errno == EINTR || errno == EAGAIN))
			continue;
		if (n <= 0)
			break;
		buf_add(&e->plain, part, (size_t)n);
		give_lines(e, false);
	}
	give_lines(e, true);
}

int
editor_run(struct editor *e)
{
	if (e->el)
		run_terminal(e);
	else
		run_plain(e);
	return e->signal;
}

void
editor_quit(struct editor *e)
{
	e->quit = true;
}

/* ---- birth and death ---- */

static int
catch_signals(struct editor *e)
{
	struct sigaction action = {.sa_handler = on_signal};
	if (pipe(signal_pipe) != 0)
		return -errno;
	for (size_t i = 0; i < ARRAY_LEN(signal_pipe); i++)
		if (fcntl(signal_pipe[i], F_SETFD, FD_CLOEXEC) != 0 ||
		    fcntl(signal_pipe[i], F_SETFL, O_NONBLOCK) != 0)
			return -errno;
	sigemptyset(&action.sa_mask);
	for (size_t i = 0; i < ARRAY_LEN(caught); i++)
		if (sigaction(caught[i], &action, &e->before[i]) != 0)
			return -errno;
	e->catching = true;
	return 0;
}

static int
open_terminal(struct editor *e)
{
	HistEvent event;
	e->history = history_init();
	e->el = el_init("earshot", stdin, stdout, stderr);
	if (!e->history || !e->el)
		return -ENOMEM;
	history(e->history, &event, H_SETSIZE, HISTORY_LINES);
	history(e->history, &event, H_SETUNIQUE, 1);
	el_set(e->el, EL_CLIENTDATA, e);
	el_set(e->el, EL_EDITOR, "emacs");
	el_set(e->el, EL_SIGNAL, 0);
	el_set(e->el, EL_PROMPT, on_prompt);
	el_set(e->el, EL_HIST, history, e->history);
	el_set(e->el, EL_GETCFN, on_getc);
	return 0;
}

int
editor_create(struct screen *s, const struct editor_listener *l, void *ctx, struct editor **out)
{
	struct editor *e = calloc(1, sizeof(*e));
	int err = -ENOMEM;
	if (!e)
		return err;
	e->s = s;
	e->l = l;
	e->ctx = ctx;
	buf_init(&e->plain, SCREEN_MAX);
	buf_init(&e->changed, SCREEN_MAX);
	err = catch_signals(e);
	if (!err && s->tty && isatty(STDIN_FILENO))
		err = open_terminal(e);
	if (err) {
		editor_destroy(e);
		return err;
	}
	*out = e;
	return 0;
}

void
editor_destroy(struct editor *e)
{
	if (!e)
		return;
	if (e->el)
		el_end(e->el);
	if (e->history)
		history_end(e->history);
	for (size_t i = 0; e->catching && i < ARRAY_LEN(caught); i++)
		sigaction(caught[i], &e->before[i], NULL);
	for (size_t i = 0; i < ARRAY_LEN(signal_pipe); i++) {
		if (signal_pipe[i] >= 0)
			close(signal_pipe[i]);
		signal_pipe[i] = -1;
	}
	buf_finish(&e->plain);
	buf_finish(&e->changed);
	free(e);
}
