/* The columns that text_width() counts are those a terminal takes (N5): names are shown in tmux,
 * which is then asked where the cursor stands. Called with a file it is the program inside tmux. */
#define _XOPEN_SOURCE 700 /* wcwidth */
#include "base/limits.h"
#include "base/text.h"
#include "base/utf8.h"

#include <locale.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>
#include <wchar.h>

#include <cmocka.h>

enum { NAMES = 8000, SHOWN = 20, PATIENCE = 5000, WAIT_SECONDS = 120, ARGUMENTS = 20 };

static char self[4096];

/* ---- names ---- */

static uint32_t
next_random(uint64_t *state)
{
	*state = *state * 6364136223846793005u + 1442695040888963407u;
	return (uint32_t)(*state >> 33);
}

static uint32_t
random_character(uint64_t *r)
{
	static const struct {
		uint32_t first, last;
	} blocks[] = {
	    {0x20, 0x7e},
	    {0x01, 0x9f},
	    {0xa0, 0x24f},
	    {0x300, 0x36f},
	    {0x370, 0x58f},
	    {0x5b0, 0x6ff},
	    {0x900, 0xdff},
	    {0xe00, 0xfff},
	    {0x1000, 0x1fff},
	    {0x2000, 0x206f},
	    {0x2070, 0x2bff},
	    {0x3000, 0x30ff},
	    {0x3100, 0x9fff},
	    {0xa000, 0xabff},
	    {0xac00, 0xd7ff},
	    {0xe000, 0xffff},
	    {0x10000, 0x1efff},
	    {0x1f000, 0x1faff},
	    {0x20000, 0x3ffff},
	    {0xe0000, 0xe01ef},
	    {0xfe00, 0xfe0f},
	    {0x200b, 0x200f},
	};
	size_t i = next_random(r) % (sizeof(blocks) / sizeof(blocks[0]));
	return blocks[i].first + next_random(r) % (blocks[i].last - blocks[i].first + 1);
}

/* Terminals know no character that is younger than their C library. */
static bool
is_too_young(uint32_t c)
{
	return c >= 0xa0 && wcwidth((wchar_t)c) < 0;
}

static void
make_name(uint64_t *r, char name[LIMIT_DISPLAY + 1])
{
	static const char *const pieces[] = {"\u2764\ufe0f", "\U0001f468\u200d\U0001f469",
	    "1\ufe0f\u20e3", "\U0001f44d\U0001f3fd", "\U0001f1e9\U0001f1ea", "e\u0301",
	    "\u0e01\u0e33", "\u1112\u1161\u11ab"};
	char raw[LIMIT_DISPLAY] = "";
	size_t used = 0, count = 1 + next_random(r) % 8;
	for (size_t i = 0; i < count; i++) {
		uint32_t c = random_character(r);
		char one[5] = {0};
		const char *piece = next_random(r) % 8 ? one : pieces[next_random(r) % 8];
		(void)utf8_encode(c, one);
		if (is_too_young(c) && piece == one)
			continue;
		if (used + strlen(piece) + 1 > sizeof(raw))
			break;
		memcpy(raw + used, piece, strlen(piece) + 1);
		used += strlen(piece);
	}
	(void)text_name(name, LIMIT_DISPLAY + 1, raw);
}

/* ---- inside tmux ---- */

/* What follows a question for the cursor's place: ESC [ row ; column R. 0: no answer. */
static unsigned
read_column(void)
{
	char reply[64] = "";
	for (size_t n = 0; n + 1 < sizeof(reply); n++) {
		struct pollfd p = {.fd = STDIN_FILENO, .events = POLLIN};
		if (poll(&p, 1, PATIENCE) <= 0 || read(STDIN_FILENO, reply + n, 1) != 1)
			return 0;
		if (reply[n] == 'R')
			break;
	}
	const char *column = strchr(reply, ';');
	return column ? (unsigned)strtoul(column + 1, NULL, 10) : 0;
}

static int
inside(const char *path)
{
	struct termios raw;
	FILE *out = fopen(path, "w");
	uint64_t r = 1;
	size_t wrong = 0;
	if (!setlocale(LC_CTYPE, "C.UTF-8") || // NOLINT(concurrency-mt-unsafe): before all else
	    !out || tcgetattr(STDIN_FILENO, &raw) != 0)
		return 1;
	raw.c_lflag &= ~(tcflag_t)(ICANON | ECHO);
	(void)tcsetattr(STDIN_FILENO, TCSANOW, &raw);
	for (int i = 0; i < NAMES; i++) {
		char name[LIMIT_DISPLAY + 1];
		make_name(&r, name);
		char *clean = text_clean(TEXT_NAME, name);
		size_t width = clean ? text_width(clean, strlen(clean)) : 0;
		(void)printf("\r\033[K%s\033[6n", clean ? clean : "");
		(void)fflush(stdout);
		unsigned column = read_column();
		if (column != width + 1 && wrong++ < SHOWN) {
			(void)fprintf(out, "%zu columns, not %u: %s (", width, column - 1, clean);
			for (const char *p = clean; p && *p; p++)
				(void)fprintf(out, "%02x", (unsigned char)*p);
			(void)fprintf(out, ")\n");
		}
		free(clean);
		if (column == 0)
			break;
	}
	(void)fprintf(out, "%zu of %d names wrong\ndone\n", wrong, NAMES);
	return fclose(out);
}

/* ---- outside ---- */

static int
run(const char *const *argv, size_t count)
{
	int status = -1;
	pid_t pid = fork();
	if (pid == 0) {
		char *words[ARGUMENTS]; /* exec has no const in it, for history's sake */
		memcpy(words, argv, count * sizeof(*argv));
		execvp(words[0], words);
		_exit(127);
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid || !WIFEXITED(status))
		return -1;
	return WEXITSTATUS(status);
}

static bool
read_report(const char *path, char *report, size_t size)
{
	FILE *f = fopen(path, "r");
	size_t n = f ? fread(report, 1, size - 1, f) : 0;
	report[n] = '\0';
	if (f)
		(void)fclose(f);
	return strstr(report, "\ndone\n") != NULL;
}

static void
n5_a_terminal_takes_the_columns_that_are_counted(void **state)
{
	(void)state;
	char folder[] = "/tmp/widthXXXXXX", server[64], path[64], report[16384] = "";
	assert_non_null(mkdtemp(folder));
	(void)snprintf(server, sizeof(server), "%s/tmux", folder);
	(void)snprintf(path, sizeof(path), "%s/report", folder);
	const char *const start[] = {"tmux", "-S", server, "-u", "-f", "/dev/null", "new-session",
	    "-d", "-x", "1000", "-y", "24", self, path, NULL};
	const char *const end[] = {"tmux", "-S", server, "kill-server", NULL};
	int started = run(start, sizeof(start) / sizeof(start[0]));
	if (started == 127) {
		(void)rmdir(folder);
		skip();
	}
	bool done = false;
	for (int i = 0; started == 0 && !done && i < WAIT_SECONDS * 10; i++) {
		(void)poll(NULL, 0, 100);
		done = read_report(path, report, sizeof(report));
	}
	if (!done)
		(void)run(
		    end, sizeof(end) / sizeof(end[0])); /* else it has ended with its program */
	(void)unlink(server);
	(void)unlink(path);
	(void)rmdir(folder);
	if (!done || strncmp(report, "0 of", 4) != 0) {
		printf("%s", report);
		fail();
	}
}

int
main(int argc, char **argv)
{
	if (argc > 1)
		return inside(argv[1]);
	if (!realpath(argv[0], self))
		return 1;
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(n5_a_terminal_takes_the_columns_that_are_counted),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
