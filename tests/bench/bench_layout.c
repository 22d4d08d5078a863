/* How fast the terminal UI lays out and draws a history of 10,000 messages: on a pseudo terminal
 * whose other end throws away what comes. Medians of five runs. */
#define _GNU_SOURCE /* posix_openpt() */
#include "base/tr.h"
#include "tui/screen.h"
#include "tui/view.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { MESSAGES = 10000, COLUMNS = 120, ROWS = 40, RUNS = 5, APPENDED = 2000 };

static const char *const words[] = {
    "But, soft! what light through yonder window breaks? It is the east, and Juliet is the sun.",
    "ja", "Arise, fair sun, and kill the envious moon, who is already sick and pale with grief",
    "\xe3\x81\x93\xe3\x82\x8c\xe3\x81\xaf\xe6\x97\xa5\xe6\x9c\xac\xe8\xaa\x9e\xe3\x81\xae\xe6\x96"
    "\x87"
    "\xe7\xab\xa0\xe3\x81\xa7\xe3\x81\x99\xe3\x80\x82",
    "Sch\xc3\xb6ne Gr\xc3\xbc\xc3\x9f"
    "e \xf0\x9f\x91\x8b \xf0\x9f\x8e\x89",
    "two lines\nof text, as code has them"};

static unsigned versions[MESSAGES + APPENDED * (RUNS + 1)];

static void
compose(void *ctx, size_t index, unsigned columns, struct layout_text *out)
{
	(void)ctx;
	(void)columns;
	layout_text_indent(out, 9);
	layout_text_fmt(out, TUI_DIM, "%02zu:%02zu ", index / 60 % 24, index % 60);
	layout_text_add(out, TUI_TRUST_VERIFIED, "[v] ");
	layout_text_add(out, TUI_NAME, "Romeo Montague");
	layout_text_add(out, TUI_PLAIN, ": ");
	layout_text_add(out, TUI_PLAIN, words[index * 7 % (sizeof(words) / sizeof(words[0]))]);
}

static unsigned
version(void *ctx, size_t index)
{
	(void)ctx;
	return versions[index];
}

static const struct view_source source = {compose, version};

struct bench {
	FILE *out;
	struct tui_screen *s;
	struct view *v;
	size_t count;
};

static uint64_t
now_us(clockid_t clock)
{
	struct timespec t;
	clock_gettime(clock, &t);
	return (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_nsec / 1000;
}

static void
draw(struct bench *b)
{
	view_update(b->v);
	tui_screen_erase(b->s);
	for (unsigned y = 0; y < ROWS; y++) {
		const struct layout_row *row = view_row(b->v, y, NULL, NULL);
		if (row)
			tui_screen_put_row(b->s, (int)y, 0, COLUMNS, 0, row);
	}
	tui_screen_flush(b->s);
}

/* ---- what is measured ---- */

static void
redraw(struct bench *b)
{
	view_forget(b->v);
	tui_screen_redraw(b->s);
	draw(b);
}

static void
resize(struct bench *b)
{
	static unsigned narrower;
	view_resize(b->v, ROWS, COLUMNS - ++narrower % 20);
	draw(b);
}

static void
page_through(struct bench *b)
{
	view_forget(b->v);
	view_home(b->v);
	do {
		draw(b);
		view_page(b->v, 1);
		view_update(b->v);
	} while (!view_at_end(b->v));
	draw(b);
}

static void
lay_all_out(struct bench *b)
{
	struct layout_text t;
	layout_text_init(&t);
	for (size_t i = 0; i < MESSAGES; i++) {
		struct layout *l;
		layout_text_clear(&t);
		compose(b, i, COLUMNS, &t);
		if (layout_create(&t, COLUMNS, &l))
			abort();
		free(l);
	}
	layout_text_finish(&t);
}

/* Each drawn by itself, as if they came one by one. */
static void
append(struct bench *b)
{
	for (int i = 0; i < APPENDED; i++) {
		if (view_insert(b->v, b->count++, 1))
			abort();
		draw(b);
	}
}

static int
compare(const void *a, const void *b)
{
	const uint64_t *x = a, *y = b;
	return (*x > *y) - (*x < *y);
}

static void
measure(struct bench *b, const char *what, void (*run)(struct bench *b))
{
	uint64_t took[RUNS], worked[RUNS];
	const size_t middle = RUNS / 2;
	run(b); /* once for the caches */
	for (int i = 0; i < RUNS; i++) {
		uint64_t began = now_us(CLOCK_MONOTONIC);
		uint64_t cpu = now_us(CLOCK_PROCESS_CPUTIME_ID);
		run(b);
		took[i] = now_us(CLOCK_MONOTONIC) - began;
		worked[i] = now_us(CLOCK_PROCESS_CPUTIME_ID) - cpu;
	}
	qsort(took, RUNS, sizeof(*took), compare);
	qsort(worked, RUNS, sizeof(*worked), compare);
	(void)fprintf(b->out, "%-50s %8.2f ms, %8.2f ms of CPU\n", what,
	    (double)took[middle] / 1000, (double)worked[middle] / 1000);
}

static int
bench(FILE *out)
{
	struct bench b = {.out = out, .count = MESSAGES};
	struct tui_screen_options o = {0};
	int err = tui_screen_open(&o, &b.s);
	if (err || view_create(&source, NULL, &b.v) || view_reset(b.v, MESSAGES))
		return 1;
	view_resize(b.v, ROWS, COLUMNS);
	measure(&b, "history of 10,000: all of the window anew", redraw);
	measure(&b, "history of 10,000: another width", resize);
	view_resize(b.v, ROWS, COLUMNS);
	measure(&b, "10,000 messages laid out", lay_all_out);
	measure(&b, "10,000 messages paged through, every page drawn", page_through);
	view_end(b.v);
	measure(&b, "2,000 messages appended, each drawn", append);
	view_destroy(b.v);
	tui_screen_close(b.s);
	return 0;
}

/* ---- the terminal ---- */

static int
on_terminal(const char *name, FILE *out)
{
	struct winsize size = {.ws_row = ROWS, .ws_col = COLUMNS};
	setsid();
	int fd = open(name, O_RDWR);
	if (fd < 0 || ioctl(fd, TIOCSWINSZ, &size) != 0 || dup2(fd, STDIN_FILENO) < 0 ||
	    dup2(fd, STDOUT_FILENO) < 0)
		return 1;
	setenv("TERM", "xterm-256color", 1); // NOLINT(concurrency-mt-unsafe): one thread
	tr_init();
	int code = bench(out);
	return fclose(out) == 0 ? code : 1;
}

int
main(void)
{
	char buf[65536];
	int ours = posix_openpt(O_RDWR | O_NOCTTY), status = 1;
	FILE *out = fdopen(dup(STDOUT_FILENO), "w");
	if (ours < 0 || !out || grantpt(ours) != 0 || unlockpt(ours) != 0)
		return 1;
	const char *name = ptsname(ours); // NOLINT(concurrency-mt-unsafe): one thread
	pid_t child = fork();
	if (child == 0) {
		close(ours);
		_exit(on_terminal(name, out));
	}
	while (read(ours, buf, sizeof(buf)) > 0 || errno == EINTR)
		continue;
	if (child < 0 || waitpid(child, &status, 0) < 0)
		return 1;
	return status;
}
