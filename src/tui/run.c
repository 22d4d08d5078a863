#define _GNU_SOURCE /* posix_openpt() */
#include "tui/run.h"

#include "base/text.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

enum {
	TEXT_MAX = 4 << 20,
	LINE_MAX_BYTES = 64 << 10,
	ROWS = 1000,
	EXEC_FAILED = 127,
	SIGNALLED = 128
};

/* Where in a control sequence of the program the last byte was: none of them is passed on. */
enum state { PLAIN, ESCAPE, CSI, STRING, STRING_END };

struct run {
	pid_t pid;
	int fd; /* our end of its terminal; -1 once it is over */
	int status;
	enum state state;
	bool restart;    /* a carriage return came: what follows replaces the line, or ends it */
	struct buf line; /* the bytes of the line that is not ended yet */
	struct buf text;
};

/* ---- what it writes ---- */

static void
end_line(struct run *r)
{
	text_add(&r->text, TEXT_NAME, buf_cstr(&r->line), r->line.len);
	buf_char(&r->text, '\n');
	buf_clear(&r->line);
}

static void
take_plain(struct run *r, char c)
{
	if (c == '\033') {
		r->state = ESCAPE;
		return;
	}
	if (c == '\r') {
		r->restart = true;
		return;
	}
	if (r->restart && c != '\n')
		buf_clear(&r->line);
	r->restart = false;
	if (c == '\n')
		end_line(r);
	else
		buf_char(&r->line, c);
}

static void
take(struct run *r, char c)
{
	switch (r->state) {
	case PLAIN:
		take_plain(r, c);
		break;
	case ESCAPE:
		r->state = c == '['                                       ? CSI
			   : c == ']' || c == 'P' || c == '_' || c == '^' ? STRING
									  : PLAIN;
		break;
	case CSI:
		if (c >= '@' && c <= '~')
			r->state = PLAIN;
		break;
	case STRING:
		r->state = c == '\a' ? PLAIN : c == '\033' ? STRING_END : STRING;
		break;
	case STRING_END:
		r->state = c == '\\' ? PLAIN : STRING;
		break;
	}
}

static void
reap(struct run *r)
{
	int status = 0;
	close(r->fd);
	r->fd = -1;
	while (waitpid(r->pid, &status, 0) < 0 && errno == EINTR)
		;
	r->status = WIFEXITED(status) ? WEXITSTATUS(status) : SIGNALLED + WTERMSIG(status);
	if (r->line.len > 0)
		end_line(r);
}

void
run_read(struct run *r)
{
	char bytes[16384];
	if (r->fd < 0)
		return;
	ssize_t n = read(r->fd, bytes, sizeof(bytes));
	if (n < 0 && (errno == EINTR || errno == EAGAIN))
		return;
	for (ssize_t i = 0; i < n; i++)
		take(r, bytes[i]);
	if (n <= 0) /* EIO: nobody has the other end any more */
		reap(r);
}

/* ---- its life ---- */

/* Only what is safe between fork() and exec(). */
static void
become(const char *program, char *const *argv, int in, int out)
{
	sigset_t none;
	sigemptyset(&none);
	(void)pthread_sigmask(SIG_SETMASK, &none, NULL);
	if (dup2(in, STDIN_FILENO) >= 0 && dup2(out, STDOUT_FILENO) >= 0 &&
	    dup2(out, STDERR_FILENO) >= 0)
		execv(program, argv);
	_exit(EXEC_FAILED);
}

static int
open_terminal(unsigned columns, int *ours, int *theirs)
{
	struct winsize size = {.ws_row = ROWS, .ws_col = (unsigned short)columns};
	struct termios t;
	*theirs = -1;
	*ours = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (*ours < 0 || grantpt(*ours) || unlockpt(*ours))
		return -errno;
	/* NOLINTNEXTLINE(concurrency-mt-unsafe): there is one thread */
	*theirs = open(ptsname(*ours), O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (*theirs < 0 || tcgetattr(*theirs, &t))
		return -errno;
	t.c_lflag &= (tcflag_t) ~(ECHO | ICANON | ISIG);
	t.c_oflag &= (tcflag_t)~OPOST;
	if (tcsetattr(*theirs, TCSANOW, &t) || ioctl(*theirs, TIOCSWINSZ, &size))
		return -errno;
	return 0;
}

static int
start(struct run *r, const char *program, char *const *argv, int theirs)
{
	int nothing = open("/dev/null", O_RDONLY | O_CLOEXEC);
	if (nothing < 0)
		return -errno;
	r->pid = fork();
	if (r->pid == 0) {
		/* without a terminal that it could ask on */
		setsid();
		/* NOLINTNEXTLINE(concurrency-mt-unsafe) */
		if (setenv("NO_COLOR", "1", 1) == 0)
			become(program, argv, nothing, theirs);
		_exit(EXEC_FAILED);
	}
	int err = r->pid < 0 ? -errno : 0;
	close(nothing);
	return err;
}

int
run_create(const char *program, char *const *argv, unsigned columns, struct run **out)
{
	int theirs = -1;
	struct run *r = calloc(1, sizeof(*r));
	if (!r)
		return -ENOMEM;
	r->status = -1;
	buf_init(&r->line, LINE_MAX_BYTES);
	buf_init(&r->text, TEXT_MAX);
	int err = open_terminal(columns, &r->fd, &theirs);
	if (!err)
		err = start(r, program, argv, theirs);
	if (theirs >= 0)
		close(theirs);
	if (err) {
		r->pid = 0;
		run_destroy(r);
		return err;
	}
	*out = r;
	return 0;
}

void
run_destroy(struct run *r)
{
	if (!r)
		return;
	if (r->pid > 0 && r->fd >= 0) {
		(void)kill(-r->pid, SIGTERM); /* it leads a session of its own */
		(void)kill(r->pid, SIGKILL);
		reap(r);
	} else if (r->fd >= 0) {
		close(r->fd);
	}
	buf_finish(&r->line);
	buf_finish(&r->text);
	free(r);
}

int
run_fd(const struct run *r)
{
	return r->fd;
}

const struct buf *
run_text(const struct run *r)
{
	return &r->text;
}

int
run_status(const struct run *r)
{
	return r->status;
}

int
run_foreground(const char *program, char *const *argv)
{
	struct sigaction ignore = {.sa_handler = SIG_IGN}, interrupt, quit, stop;
	int status = 0;
	/* Ctrl+C is for the command */
	sigaction(SIGINT, &ignore, &interrupt);
	sigaction(SIGQUIT, &ignore, &quit);
	/* Ctrl+Z for neither: a command that stops alone could not be continued by anybody */
	sigaction(SIGTSTP, &ignore, &stop);
	pid_t pid = fork();
	if (pid == 0) {
		sigaction(SIGINT, &interrupt, NULL);
		sigaction(SIGQUIT, &quit, NULL);
		become(program, argv, STDIN_FILENO, STDOUT_FILENO);
	}
	while (pid > 0 && waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	sigaction(SIGINT, &interrupt, NULL);
	sigaction(SIGQUIT, &quit, NULL);
	sigaction(SIGTSTP, &stop, NULL);
	if (pid < 0)
		return -1;
	return WIFEXITED(status) ? WEXITSTATUS(status) : SIGNALLED + WTERMSIG(status);
}
