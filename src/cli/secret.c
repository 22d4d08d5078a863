#define _GNU_SOURCE /* pipe2, explicit_bzero */
#include "cli/secret.h"

#include "base/err.h"
#include "base/limits.h"
#include "base/tr.h"
#include "cli/cli.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

enum { CTRL_C = 3, CTRL_D = 4, BACKSPACE = 8, CTRL_U = 21, DELETE = 127, TRIES = 3 };

struct typed {
	char text[LIMIT_PASSPHRASE];
	size_t len;
};

static void
say(int tty, const char *text)
{
	(void)!write(tty, text, strlen(text)); /* who sees no prompt types nothing */
}

/* Signs of a terminal that passes every key on. False: Ctrl-C, or the terminal is gone. */
static bool
read_keys(int tty, struct typed *t)
{
	t->len = 0;
	for (;;) {
		char key;
		ssize_t n = read(tty, &key, 1);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0 || key == CTRL_C)
			return false;
		if (key == '\n' || key == '\r' || key == CTRL_D)
			return true;
		if (key == CTRL_U)
			t->len = 0;
		else if (key == BACKSPACE || key == DELETE) /* all bytes of one character */
			while (t->len > 0 && (t->text[--t->len] & 0xc0) == 0x80)
				;
		else if (t->len < sizeof(t->text))
			t->text[t->len++] = key;
	}
}

static bool
ask_once(int tty, const char *prompt, struct typed *t)
{
	struct termios usual, quiet;
	if (tcgetattr(tty, &usual) < 0)
		return false;
	quiet = usual;
	/* no signals either: they would leave the terminal mute */
	quiet.c_lflag &= ~(tcflag_t)(ECHO | ICANON | ISIG);
	quiet.c_cc[VMIN] = 1;
	quiet.c_cc[VTIME] = 0;
	if (tcsetattr(tty, TCSAFLUSH, &quiet) < 0)
		return false;
	say(tty, tr(prompt));
	say(tty, " ");
	bool done = read_keys(tty, t);
	(void)tcsetattr(tty, TCSAFLUSH, &usual);
	say(tty, "\n");
	return done;
}

static bool
ask_twice(int tty, const char *prompt, struct typed *t)
{
	struct typed other = {.len = 0};
	for (int i = 0; i < TRIES; i++) {
		if (!ask_once(tty, prompt, t))
			break;
		if (t->len == 0)
			return true;
		bool done = ask_once(tty, TR("The same once more:"), &other);
		bool same = done && other.len == t->len && memcmp(other.text, t->text, t->len) == 0;
		explicit_bzero(&other, sizeof(other));
		if (same || !done)
			return same;
		say(tty, tr("These are not the same."));
		say(tty, "\n");
	}
	return false;
}

/* A pipe holds it whole, so nobody waits. */
static int
as_descriptor(const char *text, size_t len)
{
	int ends[2];
	if (pipe2(ends, O_CLOEXEC) < 0)
		return -1;
	bool done = len == 0 || write(ends[1], text, len) == (ssize_t)len;
	close(ends[1]);
	if (done)
		return ends[0];
	close(ends[0]);
	return -1;
}

int
secret_ask(struct cli *c, const char *prompt, bool again, int *fd)
{
	struct typed t = {.len = 0};
	int tty = open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY);
	if (tty < 0)
		return cli_fail(c, CLI_ERROR,
		    "A passphrase is needed, and there is no terminal to ask for it.");
	bool done = again ? ask_twice(tty, prompt, &t) : ask_once(tty, prompt, &t);
	close(tty);
	*fd = done ? as_descriptor(t.text, t.len) : -1;
	explicit_bzero(&t, sizeof(t));
	if (!done)
		return cli_fail(c, CLI_ERROR, "Nothing was done: no passphrase was given.");
	return *fd < 0 ? cli_fail(c, CLI_ERROR, "The passphrase cannot be handed on: %s.",
			     tr_error(err_str(-errno)))
		       : CLI_OK;
}
