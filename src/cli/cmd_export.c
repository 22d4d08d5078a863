/* export: a whole conversation as a document, written while it is read. */
#include "base/clock.h"
#include "base/err.h"
#include "base/str.h"
#include "base/tr.h"
#include "cli/cli.h"
#include "cli/command.h"
#include "cli/export.h"
#include "cli/pages.h"
#include "front/when.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { WRITE_AT = 64 * 1024, PATH_LIMIT = 4096, PROGRESS_MS = 1000, PROGRESS_EVERY = 256 };

struct document {
	struct cli *c;
	const struct export_format *format;
	const char *name; /* as it was typed, for a conversation of nothing */
	struct screen out;
	struct buf b;
	uint64_t count;
	uint64_t began;
	int64_t day;
};

/* The file under its name for the time being; a signal takes it away. */
static char beside[PATH_LIMIT];
static volatile sig_atomic_t unfinished;

static void
on_signal(int number)
{
	if (unfinished)
		(void)unlink(beside);
	(void)raise(number); /* its action is the usual one again */
}

/* Line by line: what is between the lines is no part of a value. */
static void
make_harmless(struct buf *b)
{
	struct buf shown = BUF_INIT(SCREEN_MAX);
	char *at = b->data, *end;
	for (; at && (end = strchr(at, '\n')); at = end + 1) {
		*end = '\0';
		cli_add_json(&shown, at);
		buf_char(&shown, '\n');
	}
	cli_add_json(&shown, at ? at : "");
	if (!shown.err)
		shown.err = b->err;
	buf_finish(b);
	*b = shown;
}

static int
flush(struct document *d)
{
	if (d->format->exact && isatty(d->out.fd))
		make_harmless(&d->b);
	int err = screen_write(&d->out, &d->b);
	if (!err)
		return CLI_OK;
	return cli_fail(
	    d->c, CLI_ERROR, "The output cannot be written: %s.", tr_error(err_str(err)));
}

static void
show_progress(struct document *d)
{
	struct buf b = BUF_INIT(PATH_LIMIT);
	if (d->out.tty || d->count % PROGRESS_EVERY > 0 || clock_now() - d->began < PROGRESS_MS)
		return;
	buf_fmt(&b, "%" PRIu64 " messages", d->count);
	cli_progress(d->c, buf_cstr(&b), d->began);
	buf_finish(&b);
}

static void
begin(struct document *d, const char *display, const char *peer)
{
	struct buf who = BUF_INIT(SCREEN_MAX), where = BUF_INIT(SCREEN_MAX);
	cli_add(&who, display);
	cli_add(&where, peer);
	d->format->begin(&d->b, buf_cstr(&who), buf_cstr(&where));
	buf_finish(&who);
	buf_finish(&where);
}

static int
on_message(void *ctx, const struct earshot_value *m)
{
	struct document *d = ctx;
	int64_t at = earshot_value_int(m, "time", 0), day = when_day_number(at);
	const char *peer = earshot_value_str(m, "peer"), *display = earshot_value_str(m, "display");
	peer = peer ? peer : d->name;
	if (d->count == 0)
		begin(d, str_empty(display) ? peer : display, peer);
	if (d->count == 0 || day != d->day)
		d->format->day(&d->b, at, d->count);
	d->day = day;
	d->format->message(&d->b, m, d->count);
	d->count++;
	show_progress(d);
	return d->b.len >= WRITE_AT || buf_err(&d->b) ? flush(d) : CLI_OK;
}

static int
write_document(struct document *d, const char *peer)
{
	const struct pages p = {.peer = peer};
	d->began = clock_now();
	int code = pages_all(d->c, &p, on_message, d);
	cli_quiet(d->c);
	if (!code) {
		if (d->count == 0)
			begin(d, d->name, d->name);
		d->format->end(&d->b, d->count);
		code = flush(d);
	}
	return code;
}

/* ---- files ---- */

/* Both names are of one folder, so that one rename makes the file appear whole. */
static int
open_beside(struct cli *c, const char *path, int *fd)
{
	static const int fatal[] = {SIGINT, SIGTERM, SIGHUP};
	struct sigaction action = {.sa_handler = on_signal, .sa_flags = (int)SA_RESETHAND};
	struct stat st;
	if (lstat(path, &st) == 0 && !cli_option(c, "force"))
		return cli_fail(
		    c, CLI_ERROR, "%s is there already. Say --force to have it replaced.", path);
	int n = snprintf(beside, sizeof(beside), "%s.XXXXXX", path);
	if (n < 0 || (size_t)n >= sizeof(beside))
		return cli_fail(c, CLI_USAGE, "The path is too long.");
	sigemptyset(&action.sa_mask);
	*fd = mkstemp(beside);
	if (*fd < 0)
		return cli_fail(
		    c, CLI_ERROR, "%s cannot be written: %s.", path, tr_error(err_str(-errno)));
	unfinished = 1;
	for (size_t i = 0; i < sizeof(fatal) / sizeof(fatal[0]); i++)
		(void)sigaction(fatal[i], &action, NULL);
	return CLI_OK;
}

/* A power cut must not take back what was said to be done. */
static int
sync_folder(const char *path)
{
	char folder[PATH_LIMIT];
	const char *slash = strrchr(path, '/');
	size_t len = slash ? (size_t)(slash - path) : 0;
	if (str_copy(folder, sizeof(folder), slash ? path : "."))
		return ERR_TOO_BIG;
	if (slash)
		folder[len > 0 ? len : 1] = '\0';
	int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	int err = fsync(fd) < 0 && errno != EINVAL ? -errno : 0;
	(void)close(fd);
	return err;
}

static int
put_in_place(struct cli *c, const char *path)
{
	bool force = cli_option(c, "force");
	/* a link refuses what is there, even if it came a moment ago; not all file systems can */
	if (!force && link(beside, path) == 0) {
		(void)unlink(beside);
		return sync_folder(path);
	}
	if (!force && errno == EEXIST)
		return -EEXIST;
	return rename(beside, path) < 0 ? -errno : sync_folder(path);
}

static int
close_beside(struct cli *c, const char *path, int fd, int code)
{
	int err = 0;
	if (!code && fsync(fd) < 0)
		err = -errno;
	if (close(fd) < 0 && !err)
		err = -errno;
	if (!code && !err)
		err = put_in_place(c, path);
	if (code || err)
		(void)unlink(beside);
	unfinished = 0;
	if (code || !err)
		return code;
	return cli_fail(c, CLI_ERROR, "%s cannot be written: %s.", path, tr_error(err_str(err)));
}

/* ---- the command ---- */

static int
choose_format(struct cli *c, const char *path, const struct export_format **out)
{
	const char *name = cli_option(c, "format");
	*out = name      ? export_find(name)
	       : c->json ? export_find("json")
	       : path    ? export_find_file(path)
			 : NULL;
	if (!*out && !name)
		*out = export_find("text");
	return *out ? CLI_OK : cli_usage(c, "The formats are text, md, json and html.");
}

int
cmd_export(struct cli *c, int argc, char **argv)
{
	(void)argc;
	const char *path = cli_option(c, "output");
	struct document d = {.c = c, .name = argv[0], .out = c->out};
	buf_init(&d.b, SCREEN_MAX);
	int code = choose_format(c, path, &d.format);
	if (code)
		return code;
	if (path && (!*path || str_equal(path, "-")))
		path = NULL;
	if (!path) {
		code = write_document(&d, argv[0]);
		buf_finish(&d.b);
		return code;
	}
	int fd = -1;
	code = cli_connect(c); /* before a file appears */
	if (!code)
		code = open_beside(c, path, &fd);
	if (!code) {
		screen_init(&d.out, fd, true);
		code = write_document(&d, argv[0]);
		code = close_beside(c, path, fd, code);
	}
	buf_finish(&d.b);
	if (!code && c->err.tty) {
		struct buf b = BUF_INIT(PATH_LIMIT);
		buf_fmt(&b,
		    tr_n("%llu message written to %s", "%llu messages written to %s",
			(unsigned long)d.count),
		    (unsigned long long)d.count, path);
		cli_note(c, buf_cstr(&b));
		buf_finish(&b);
	}
	return code;
}
