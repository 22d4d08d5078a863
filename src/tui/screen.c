#include "tui/screen.h"

#include "base/compiler.h"
#include "tui/screen-parts.h"
#include "tui/terminfo.h"
#include "tui/tui.h"

#include <errno.h>
#include <fcntl.h>
#include <langinfo.h>
#include <locale.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

enum { ESCAPE_MS = 25, RESTORE_MAX = 512, TITLE_MAX = 256, DRAWN_MAX = 1 << 16 };

static const char paste_on[] = "\033[?2004h", paste_off[] = "\033[?2004l";
/* the title as it was: kept and brought back by the terminal itself */
static const char title_keep[] = "\033[22;2t", title_back[] = "\033[23;2t";
/* what the mouse may have been switched to */
static const char mouse_off[] = "\033[?1006l\033[?1000l";

static const int told[] = {SIGWINCH, SIGTERM, SIGHUP, SIGINT, SIGQUIT, SIGTSTP, SIGCONT};
static const int fatal[] = {SIGABRT, SIGSEGV, SIGBUS, SIGFPE, SIGILL};

/* Signal handlers and exit() reach the terminal by these alone. */
static struct {
	struct tui_screen *screen; /* borrowed; NULL: none is open */
	struct termios modes;      /* as they were */
	char restore[RESTORE_MAX]; /* brings the terminal back */
	size_t restore_len;
	int pipe[2];
	bool titled; /* the terminal has a title that can be set */
	struct sigaction told[ARRAY_LEN(told)], fatal[ARRAY_LEN(fatal)];
} terminal = {.pipe = {-1, -1}};

/* ---- what the terminal can ---- */

static const char *
env(const char *name)
{
	const char *value = getenv(name); // NOLINT(concurrency-mt-unsafe): never set after start
	return value && *value ? value : NULL;
}

/* The charset of the user's locale: that of the program is UTF-8 in any case. */
static bool
is_ascii(void)
{
	locale_t own = newlocale(LC_CTYPE_MASK, "", (locale_t)0);
	if (own) {
		bool ascii = strcmp(nl_langinfo_l(CODESET, own), "UTF-8") != 0;
		freelocale(own);
		return ascii;
	}
	/* one that is not installed here still says what the terminal speaks */
	const char *name = env("LC_ALL");
	name = name ? name : env("LC_CTYPE");
	name = name ? name : env("LANG");
	const char *charset = name ? strchr(name, '.') : NULL;
	return !charset ||
	       (strncasecmp(charset, ".utf-8", 6) != 0 && strncasecmp(charset, ".utf8", 5) != 0);
}

/* ---- signals and the way back ---- */

void
screen_send(const char *bytes)
{
	size_t len = strlen(bytes);
	ssize_t n = write(STDOUT_FILENO, bytes, len);
	(void)n; /* a terminal that is gone needs nothing any more */
}

static void
on_told(int number)
{
	int saved = errno;
	unsigned char byte = (unsigned char)number;
	ssize_t n = write(terminal.pipe[1], &byte, 1); /* full: it will be read anyhow */
	(void)n;
	errno = saved;
}

/* Only what a handler may call. The signal comes again as soon as this returns. */
static void
on_fatal(int number)
{
	struct sigaction standard = {.sa_handler = SIG_DFL};
	ssize_t n = write(STDOUT_FILENO, terminal.restore, terminal.restore_len);
	(void)n;
	(void)tcsetattr(STDOUT_FILENO, TCSANOW, &terminal.modes);
	(void)sigaction(number, &standard, NULL);
	(void)raise(number);
}

static int
open_pipe(void)
{
	if (pipe(terminal.pipe) != 0)
		return -errno;
	for (size_t i = 0; i < ARRAY_LEN(terminal.pipe); i++)
		if (fcntl(terminal.pipe[i], F_SETFD, FD_CLOEXEC) != 0 ||
		    fcntl(terminal.pipe[i], F_SETFL, O_NONBLOCK) != 0)
			return -errno;
	return 0;
}

/* Before ncurses, which leaves signals alone that have a handler. */
static void
catch_signals(void)
{
	struct sigaction tell = {.sa_handler = on_told}, die = {.sa_handler = on_fatal};
	sigemptyset(&tell.sa_mask);
	sigemptyset(&die.sa_mask);
	tell.sa_flags = SA_RESTART;
	for (size_t i = 0; i < ARRAY_LEN(told); i++)
		(void)sigaction(told[i], &tell, &terminal.told[i]);
	for (size_t i = 0; i < ARRAY_LEN(fatal); i++)
		(void)sigaction(fatal[i], &die, &terminal.fatal[i]);
}

static void
release_signals(void)
{
	for (size_t i = 0; i < ARRAY_LEN(told); i++)
		(void)sigaction(told[i], &terminal.told[i], NULL);
	for (size_t i = 0; i < ARRAY_LEN(fatal); i++)
		(void)sigaction(fatal[i], &terminal.fatal[i], NULL);
}

void
screen_take_signals(struct tui_screen *s)
{
	unsigned char numbers[64];
	ssize_t n;
	while ((n = read(terminal.pipe[0], numbers, sizeof(numbers))) > 0)
		for (ssize_t i = 0; i < n; i++)
			switch (numbers[i]) {
			case SIGWINCH:
			case SIGCONT: /* others may have written to the terminal meanwhile */
				s->resized = true;
				break;
			case SIGTSTP:
				s->suspended = true;
				break;
			default:
				s->ended = true;
				s->signal = numbers[i];
				break;
			}
}

static void
add_restore(const char *bytes)
{
	size_t len = bytes ? strlen(bytes) : 0;
	if (len > RESTORE_MAX - terminal.restore_len)
		return;
	memcpy(terminal.restore + terminal.restore_len, bytes ? bytes : "", len);
	terminal.restore_len += len;
}

/* Capabilities may hold pauses, "$<5>", for terminals of old. */
static int
on_restore_byte(int c)
{
	if (terminal.restore_len < RESTORE_MAX)
		terminal.restore[terminal.restore_len++] = (char)c;
	return c;
}

static void
prepare_restore(void)
{
	static const char *const names[] = {"sgr0", "op", "cnorm", "rmkx", "rmcup"};
	terminal.restore_len = 0;
	add_restore(paste_off);
	add_restore(mouse_off);
	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		terminfo_put(names[i], on_restore_byte);
	add_restore(terminal.titled ? title_back : "");
	add_restore("\r\n");
}

static void
on_exit_of_program(void)
{
	tui_screen_close(terminal.screen);
}

/* ---- life ---- */

void
screen_measure_again(struct tui_screen *s)
{
	struct winsize w = {0};
	if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &w) == 0 && w.ws_row > 0 && w.ws_col > 0)
		(void)resizeterm(w.ws_row, w.ws_col);
	s->rows = LINES > 0 ? (unsigned)LINES : 1;
	s->columns = COLS > 0 ? (unsigned)COLS : 1;
	if (screen_make_lines(s))
		s->rows = 0; /* nothing can be drawn until there is memory */
	clearok(curscr, TRUE);
}

/* ncurses goes on reading, and waits for it, after a movement of the mouse that is no event to it,
 * whatever nodelay() says: then the terminal itself must not wait. */
static void
never_wait(void)
{
	struct termios t;
	if (tcgetattr(STDIN_FILENO, &t))
		return;
	t.c_cc[VMIN] = 0;
	t.c_cc[VTIME] = 0;
	if (tcsetattr(STDIN_FILENO, TCSADRAIN, &t) == 0)
		(void)def_prog_mode();
}

static int
set_up(struct tui_screen *s, const struct tui_screen_options *o)
{
	(void)raw(); /* every key is ours: Ctrl-C, Ctrl-Z, Ctrl-S */
	(void)noecho();
	(void)nonl(); /* Enter and a pasted line break are two */
	(void)keypad(stdscr, TRUE);
	(void)nodelay(stdscr, TRUE);
	never_wait();
	(void)meta(stdscr, TRUE);
	(void)set_escdelay(ESCAPE_MS);
	(void)leaveok(stdscr, FALSE);
	screen_define_keys();
	s->colour = !o->no_colour && !env("NO_COLOR") && has_colors() && start_color() == OK &&
		    COLORS >= 8 && use_default_colors() == OK;
	int err = screen_apply_theme(s, o->theme ? o->theme : s->colour ? "default" : "mono");
	if (err)
		return err;
	s->mouse = o->mouse;
	screen_apply_mouse(s);
	screen_measure_again(s);
	return s->rows > 0 ? 0 : -ENOMEM;
}

/* What ncurses does not send by itself. */
static void
send_on(void)
{
	screen_send(terminal.titled ? title_keep : "");
	screen_send(paste_on);
}

static void
send_off(void)
{
	screen_send(paste_off);
	screen_send(terminal.titled ? title_back : "");
}

static int
on_sent_byte(int c)
{
	char byte = (char)c;
	ssize_t n = write(STDOUT_FILENO, &byte, 1);
	(void)n;
	return c;
}

/* Where there is no other screen to go back to, what was said does not stay on this one. */
static void
end_curses(void)
{
	(void)endwin();
	if (!terminfo_has("rmcup"))
		terminfo_put("clear", on_sent_byte);
	send_off();
}

static int
start_curses(struct tui_screen *s, const struct tui_screen_options *o)
{
	s->curses = newterm(NULL, stdout, stdin);
	if (!s->curses)
		return -ENOTTY;
	terminal.titled = terminfo_flag("XT") || terminfo_has("TS") || terminfo_has("tsl");
	prepare_restore();
	send_on();
	return set_up(s, o);
}

int
tui_screen_open(const struct tui_screen_options *o, struct tui_screen **out)
{
	static bool registered;
	if (!tui_possible() || terminal.screen)
		return -ENOTTY;
	struct tui_screen *s = calloc(1, sizeof(*s));
	if (!s)
		return -ENOMEM;
	buf_init(&s->drawn, DRAWN_MAX);
	buf_init(&s->paste, TUI_PASTE_MAX);
	s->ascii = is_ascii();
	s->cursor_row = -1;
	int err = tcgetattr(STDOUT_FILENO, &terminal.modes) == 0 ? open_pipe() : -errno;
	if (!registered)
		registered = atexit(on_exit_of_program) == 0;
	terminal.screen = s;
	catch_signals();
	if (!err)
		err = start_curses(s, o);
	if (err) {
		tui_screen_close(s);
		return err;
	}
	*out = s;
	return 0;
}

void
tui_screen_close(struct tui_screen *s)
{
	if (!s)
		return;
	terminal.screen = NULL;
	if (s->curses) {
		if (!s->left)
			end_curses();
		delscreen(s->curses);
	}
	release_signals();
	for (size_t i = 0; i < ARRAY_LEN(terminal.pipe); i++) {
		if (terminal.pipe[i] >= 0)
			close(terminal.pipe[i]);
		terminal.pipe[i] = -1;
	}
	buf_finish(&s->drawn);
	buf_finish(&s->paste);
	free(s->lines);
	free(s);
}

void
tui_screen_fds(const struct tui_screen *s, int fds[TUI_SCREEN_FDS])
{
	(void)s;
	fds[0] = STDIN_FILENO;
	fds[1] = terminal.pipe[0];
}

void
tui_screen_size(const struct tui_screen *s, unsigned *rows, unsigned *columns)
{
	*rows = s->rows;
	*columns = s->columns;
}

bool
tui_screen_is_ascii(const struct tui_screen *s)
{
	return s->ascii;
}

const char *
tui_screen_theme(const struct tui_screen *s)
{
	return s->theme;
}

int
tui_screen_set_theme(struct tui_screen *s, const char *theme)
{
	int err = screen_apply_theme(s, theme);
	if (!err)
		clearok(curscr, TRUE);
	return err;
}

void
tui_screen_set_mouse(struct tui_screen *s, bool on)
{
	s->mouse = on;
	screen_apply_mouse(s);
}

void
tui_screen_set_title(struct tui_screen *s, const char *title)
{
	struct buf b = BUF_INIT((size_t)4 * TITLE_MAX);
	if (s->left || !terminal.titled || s->ascii)
		return;
	buf_str(&b, "\033]2;");
	size_t before = b.len;
	(void)layout_clip(&b, title, strlen(title), TITLE_MAX);
	buf_char(&b, '\a');
	if (!buf_err(&b) && b.len > before)
		screen_send(buf_cstr(&b));
	buf_finish(&b);
}

/* ---- in other hands ---- */

void
tui_screen_leave(struct tui_screen *s)
{
	if (s->left)
		return;
	s->left = true;
	(void)def_prog_mode();
	end_curses();
}

void
tui_screen_enter(struct tui_screen *s)
{
	if (!s->left)
		return;
	s->left = false;
	send_on();
	(void)reset_prog_mode();
	(void)refresh();
	s->resized = true; /* who knows what has become of it */
}

void
tui_screen_stop(struct tui_screen *s)
{
	struct sigaction standard = {.sa_handler = SIG_DFL}, ours;
	bool was_left = s->left;
	tui_screen_leave(s);
	(void)sigaction(SIGTSTP, &standard, &ours);
	/* the whole job, as the terminal would do it; where nobody could continue it, the kernel
	 * does nothing */
	(void)kill(0, SIGTSTP);
	(void)sigaction(SIGTSTP, &ours, NULL);
	if (!was_left)
		tui_screen_enter(s);
}
