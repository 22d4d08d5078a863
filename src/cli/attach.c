#define _GNU_SOURCE /* realpath; only a fortified build has it without */
#include "cli/attach.h"

#include "base/clock.h"
#include "base/err.h"
#include "base/paths.h"
#include "base/random.h"
#include "base/tr.h"
#include "base/utf8.h"
#include "front/picture.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { COPY = 256 * 1024, NAME_BYTES = 4096, SIGN_MS = 1000, WHY_MAX = 16 * 1024 };

/* The last part of a path, as people see it: "." and "a/.." are called what the folder is. */
static char *
own_name(const char *path)
{
	char *whole = NULL;
	size_t len = strlen(path);
	while (len > 1 && path[len - 1] == '/')
		len--;
	const char *last = path + len;
	while (last > path && last[-1] != '/')
		last--;
	size_t n = (size_t)(path + len - last);
	bool dots = (n == 1 && last[0] == '.') || (n == 2 && last[0] == '.' && last[1] == '.');
	if (!dots)
		return strndup(last, n);
	whole = realpath(path, NULL);
	char *slash = whole ? strrchr(whole, '/') : NULL;
	char *name = slash && slash[1] ? strdup(slash + 1) : strdup("folder");
	free(whole);
	return name;
}

/* Names of files are bytes, what travels is UTF-8. */
static void
set_name(struct earshot_value *params, const char *name)
{
	struct buf clean = BUF_INIT(NAME_BYTES);
	for (size_t len = strlen(name), n; len > 0; name += n, len -= n) {
		uint32_t ch;
		n = utf8_decode(name, len, &ch);
		if (n > 0)
			buf_add(&clean, name, n);
		else
			buf_char(&clean, '_');
		n += n == 0;
	}
	earshot_value_set_str(params, "name", buf_cstr(&clean));
	buf_finish(&clean);
}

static int
attach(struct cli *c, int fd, struct buf *why)
{
	int err = earshot_attach_fd(c->link, fd);
	if (err)
		buf_fmt(why, tr("It cannot be handed over: %s"), earshot_strerror(err));
	return err ? CLI_ERROR : CLI_OK;
}

/* Descriptor or -1. */
static int
open_source(const char *path, bool *file, struct buf *why)
{
	struct stat st;
	/* a pipe must not keep us waiting */
	int fd = open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	if (fd < 0) {
		buf_fmt(why, tr("%s cannot be opened: %s."), path, tr_error(err_str(-errno)));
		return -1;
	}
	if (fstat(fd, &st) < 0 || (!S_ISREG(st.st_mode) && !S_ISDIR(st.st_mode))) {
		close(fd);
		buf_fmt(why,
		    tr("%s is neither a file nor a folder. What a program writes can be piped in: "
		       "earshot send-file NAME - --name FILE"),
		    path);
		return -1;
	}
	*file = S_ISREG(st.st_mode);
	return fd;
}

int
attach_file(struct cli *c, struct earshot_value *params, const char *path, const char *name,
    struct buf *why)
{
	bool file = false;
	int fd = open_source(path, &file, why);
	if (fd < 0)
		return CLI_USAGE;
	char *own = name ? NULL : own_name(path);
	if (!name && !own) {
		close(fd);
		buf_str(why, tr("Out of memory."));
		return CLI_ERROR;
	}
	set_name(params, name ? name : own);
	free(own);
	if (file)
		picture_describe(params, fd);
	return attach(c, fd, why);
}

/* ---- standard input ---- */

static int
write_all(struct cli *c, int fd, const char *data, size_t len)
{
	while (len > 0) {
		ssize_t n = write(fd, data, len);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return cli_fail(c, CLI_DISK, "The input cannot be kept: %s.",
			    tr_error(err_str(-errno)));
		data += n;
		len -= (size_t)n;
	}
	return CLI_OK;
}

static int
copy_input(struct cli *c, int fd, void *ctx)
{
	(void)ctx;
	char *part = malloc(COPY);
	int code = part ? CLI_OK : cli_fail(c, CLI_ERROR, "Out of memory.");
	uint64_t since = clock_now();
	while (!code) {
		ssize_t n = read(STDIN_FILENO, part, COPY);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			code = cli_fail(c, CLI_ERROR, "The input cannot be read: %s.",
			    tr_error(err_str(-errno)));
		if (n <= 0)
			break;
		code = write_all(c, fd, part, (size_t)n);
		if (clock_now() - since >= SIGN_MS)
			cli_progress(c, "Reading the input", since);
	}
	if (clock_now() - since >= SIGN_MS)
		cli_quiet(c);
	free(part);
	return code;
}

/* A file of our own, open for reading and writing; the daemon finds it again after a crash, and
 * deletes it when it is through. */
static int
make_spool(char **path)
{
	char *folder = NULL, id[RANDOM_ID_SIZE], file[RANDOM_ID_SIZE + 8];
	int err = paths_make(PATHS_STATE);
	random_id(id);
	(void)snprintf(file, sizeof(file), "spool/%s", id);
	if (!err)
		err = paths_get(PATHS_STATE, "spool", &folder);
	if (!err && mkdir(folder, 0700) < 0 && errno != EEXIST)
		err = -errno;
	if (!err)
		err = paths_get(PATHS_STATE, file, path);
	free(folder);
	if (err || !*path)
		return err ? err : -ENOMEM;
	int fd = open(*path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	return fd < 0 ? -errno : fd;
}

int
attach_made(
    struct cli *c, struct earshot_value *params, const char *name, attach_fill_fn *fill, void *ctx)
{
	char *path = NULL;
	int made = make_spool(&path), fd = -1;
	int code = made < 0
		       ? cli_fail(c, CLI_DISK, "It cannot be kept: %s.", tr_error(err_str(made)))
		       : CLI_OK;
	if (!code)
		code = fill(c, made, ctx);
	if (made >= 0)
		close(made);
	/* who sends must not be able to write to it */
	if (!code && path && (fd = open(path, O_RDONLY | O_CLOEXEC)) < 0)
		code = cli_fail(
		    c, CLI_DISK, "It was kept and is gone: %s.", tr_error(err_str(-errno)));
	if (code && made >= 0 && path)
		(void)unlink(path);
	free(path);
	if (code)
		return code;
	set_name(params, name);
	picture_describe(params, fd);
	earshot_value_set_bool(params, "spooled", true);
	struct buf why = BUF_INIT(WHY_MAX);
	code = attach(c, fd, &why);
	if (code)
		code = cli_fail(c, code, "%s", buf_cstr(&why));
	buf_finish(&why);
	return code;
}

int
attach_path(struct cli *c, struct earshot_value *params, const char *path, const char *name)
{
	struct buf why = BUF_INIT(WHY_MAX);
	if (strcmp(path, "-") != 0) {
		int code = attach_file(c, params, path, name, &why);
		if (code)
			code = cli_fail(c, code, "%s", buf_cstr(&why));
		buf_finish(&why);
		return code;
	}
	if (!name)
		return cli_usage(c, "What comes from standard input needs a --name.");
	return attach_made(c, params, name, copy_input, NULL);
}
