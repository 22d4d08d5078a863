#include "discovery/child.h"

#include "base/buf.h"
#include "base/paths.h"

#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PROGRAM "earshot-mdns"

struct child {
	uv_process_t process;
	struct helper *helper; /* borrowed */
};

int
child_find_program(const char *given, char **out)
{
	struct buf path = BUF_INIT(PATH_MAX);
	char *folder = NULL;
	if (given) {
		buf_str(&path, given);
	} else if (paths_program_dir(&folder) == 0) {
		buf_fmt(&path, "%s/" PROGRAM, folder);
		if (!buf_err(&path) && access(buf_cstr(&path), X_OK) != 0)
			buf_clear(&path);
	}
	free(folder);
	if (!path.len && !buf_err(&path))
		buf_str(&path, EARSHOT_LIBEXECDIR "/" PROGRAM);
	int err = buf_err(&path);
	*out = buf_take(&path);
	buf_finish(&path);
	return *out ? 0 : err ? err : -ENOMEM;
}

static void
on_closed(uv_handle_t *handle)
{
	free(container_of((uv_process_t *)handle, struct child, process));
}

static void
on_exit_status(uv_process_t *process, int64_t status, int signal)
{
	struct child *c = container_of(process, struct child, process);
	helper_exited(c->helper, (int)status, signal);
	uv_close((uv_handle_t *)process, on_closed);
}

static int
start(void *ctx, struct helper *h, bool embedded, int *fd, void **out)
{
	char *path = ctx, option[] = "--embedded";
	char *args[] = {path, embedded ? option : NULL, NULL};
	uv_os_sock_t ends[2];
	uv_loop_t *loop = helper_loop(h);
	struct child *c = calloc(1, sizeof(*c));
	if (!c)
		return -ENOMEM;
	/* close-on-exec both; the child's is blocking until it decides otherwise */
	int err = uv_socketpair(SOCK_STREAM, 0, ends, UV_NONBLOCK_PIPE, 0);
	if (err) {
		free(c);
		return err;
	}
	uv_stdio_container_t stdio[] = {
	    {.flags = UV_INHERIT_FD, .data.fd = ends[1]},
	    {.flags = UV_INHERIT_FD, .data.fd = ends[1]},
	    {.flags = UV_INHERIT_FD, .data.fd = STDERR_FILENO},
	};
	c->helper = h;
	err = uv_spawn(loop, &c->process,
	    &(uv_process_options_t){.file = path,
		.args = args,
		.stdio = stdio,
		.stdio_count = (int)ARRAY_LEN(stdio),
		.exit_cb = on_exit_status});
	(void)close(ends[1]);
	if (err) {
		(void)close(ends[0]);
		uv_close((uv_handle_t *)&c->process, on_closed);
		return err;
	}
	*fd = ends[0];
	*out = c;
	return 0;
}

static void
kill_child(void *child)
{
	struct child *c = child;
	(void)uv_process_kill(&c->process, SIGKILL);
}

static pid_t
pid_of(const void *child)
{
	const struct child *c = child;
	return c->process.pid;
}

struct helper_launcher
child_launcher(char *path)
{
	return (struct helper_launcher){
	    .start = start, .kill = kill_child, .pid = pid_of, .ctx = path};
}
