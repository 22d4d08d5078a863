#define _GNU_SOURCE /* environ */
#include "discovery/child.h"

#include "base/buf.h"
#include "base/paths.h"

#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PROGRAM "earshot-mdns"

enum { ENVIRONMENT_MAX = 5 }; /* variables */

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
	*out = err ? NULL : realpath(buf_cstr(&path), NULL);
	if (!*out && !err)
		*out = buf_take(&path); /* starting it will say what is wrong */
	buf_finish(&path);
	return *out ? 0 : err ? err : -ENOMEM;
}

/* What of our environment the helper gets: nothing that makes its loader, or anything it links,
 * do something else (L10). */
static void
pick_environment(char *out[static ENVIRONMENT_MAX + 1])
{
	static const char *const names[ENVIRONMENT_MAX] = {
	    "DBUS_SYSTEM_BUS_ADDRESS=",
#ifdef EARSHOT_UNCONFINED
	    "ASAN_OPTIONS=",
	    "UBSAN_OPTIONS=",
	    "LSAN_OPTIONS=",
	    "TSAN_OPTIONS=",
#endif
	};
	size_t count = 0;
	for (char **variable = environ; *variable && count < ENVIRONMENT_MAX; variable++)
		for (size_t i = 0; i < ARRAY_LEN(names) && names[i]; i++)
			if (strncmp(*variable, names[i], strlen(names[i])) == 0)
				out[count++] = *variable;
	out[count] = NULL;
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
	const struct child_program *program = ctx;
	char sandbox[32], option[] = "--embedded", *environment[ENVIRONMENT_MAX + 1];
	char *args[4] = {program->path};
	size_t count = 1;
	uv_os_sock_t ends[2];
	uv_loop_t *loop = helper_loop(h);
	struct child *c = calloc(1, sizeof(*c));
	if (!c)
		return -ENOMEM;
	if (program->sandbox != CONFINE_ON) {
		(void)snprintf(
		    sandbox, sizeof(sandbox), "--sandbox=%s", confine_mode_word(program->sandbox));
		args[count++] = sandbox;
	}
	if (embedded)
		args[count++] = option;
	pick_environment(environment);
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
	const uv_process_options_t options = {
	    .file = program->path,
	    .args = args,
	    .env = environment,
	    .stdio = stdio,
	    .stdio_count = (int)ARRAY_LEN(stdio),
	    .exit_cb = on_exit_status,
	};
	err = uv_spawn(loop, &c->process, &options);
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
child_launcher(struct child_program *program)
{
	return (struct helper_launcher){
	    .start = start, .kill = kill_child, .pid = pid_of, .ctx = program};
}
