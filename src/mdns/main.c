/* earshot-mdns: the discovery helper, a child of earshotd on a socketpair. It holds no keys and
 * no files; hostile packets and a hanging avahi-daemon can do no more than end it. */
#include "base/compiler.h"
#include "base/confine.h"
#include "base/err.h"
#include "base/log.h"
#include "mdns/clash.h"
#include "mdns/helper.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <uv.h>

static struct {
	uv_loop_t loop;
	uv_signal_t terminate;
	int err;
} program;

static void
on_ended(void *ctx, int err)
{
	(void)ctx;
	program.err = err;
	uv_stop(&program.loop);
}

static void
on_terminate(uv_signal_t *handle, int number)
{
	(void)handle, (void)number;
	on_ended(NULL, 0);
}

/* The line must not be our standard input and output any more once it runs: libuv closes what it
 * is given, and a stray printf of a library must not speak to the daemon. */
static int
take_over(int fd, int mode, int *out)
{
	int line = fcntl(fd, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
	int null = open("/dev/null", mode | O_CLOEXEC);
	if (line < 0 || null < 0 || dup2(null, fd) < 0)
		return -errno; /* the process ends: what is open closes */
	(void)close(null);
	*out = line;
	return 0;
}

/* The daemon's own sandbox holds here too; this leaves us the network and no more. Best effort:
 * kernels differ. */
static void
confine(enum confine_mode mode)
{
	static const struct confine_place places[] = {{"/dev/urandom", CONFINE_READ}};
	if (mode == CONFINE_OFF || !confine_built())
		return;
	int err = confine_files(places, ARRAY_LEN(places), false);
	if (err < 0)
		log_warn(NULL, "files are not confined: %s", err_str(err));
	err = confine_calls(mode == CONFINE_STRICT ? CONFINE_CALLS_STRICT : CONFINE_CALLS_BASE);
	if (err < 0)
		log_warn(NULL, "system calls are not confined: %s", err_str(err));
}

static int
run(bool embedded, enum confine_mode sandbox)
{
	struct helper *helper = NULL;
	int in = -1, out = -1;
	int err = take_over(STDIN_FILENO, O_RDONLY, &in);
	if (!err)
		err = take_over(STDOUT_FILENO, O_WRONLY, &out);
	if (!err)
		err = clash_init();
	if (!err) {
		confine(sandbox);
		err = uv_loop_init(&program.loop);
	}
	if (err) {
		log_error(NULL, "%s", err_str(err));
		return EXIT_FAILURE;
	}
	(void)uv_signal_init(&program.loop, &program.terminate); /* cannot fail after the loop */
	err = uv_signal_start(&program.terminate, on_terminate, SIGTERM);
	if (!err)
		err = helper_create(&program.loop, in, out, embedded, on_ended, NULL, &helper);
	if (!err)
		(void)uv_run(&program.loop, UV_RUN_DEFAULT); /* until on_ended() */
	else
		program.err = err;
	helper_close(helper);
	uv_close((uv_handle_t *)&program.terminate, NULL);
	(void)uv_run(&program.loop, UV_RUN_DEFAULT); /* what is closing */
	if (uv_loop_close(&program.loop))
		log_error(NULL, "something was left open");
	if (program.err)
		log_error(NULL, "%s", err_str(program.err));
	return program.err ? EXIT_FAILURE : EXIT_SUCCESS;
}

int
main(int argc, char **argv)
{
	static const char sandbox_option[] = "--sandbox=";
	bool embedded = false, understood = true;
	enum confine_mode sandbox = CONFINE_ON;
	if (argc == 2 && strcmp(argv[1], "--version") == 0) {
		(void)printf("earshot-mdns " EARSHOT_VERSION "\n");
		return EXIT_SUCCESS;
	}
	for (int i = 1; i < argc && understood; i++) {
		if (strcmp(argv[i], "--embedded") == 0)
			embedded = true;
		else if (strncmp(argv[i], sandbox_option, strlen(sandbox_option)) == 0)
			understood =
			    confine_mode_parse(argv[i] + strlen(sandbox_option), &sandbox) == 0;
		else
			understood = false;
	}
	if (!understood) {
		(void)fprintf(stderr,
		    "usage: earshot-mdns [--embedded] [--sandbox=on|off]\n"
		    "It is started by earshotd, with the line to it as standard input "
		    "and output.\n");
		return EXIT_FAILURE;
	}
	(void)signal(SIGPIPE, SIG_IGN); /* cannot fail for a catchable signal */
	if (confine_process())
		log_warn(NULL, "privileges cannot be given up");
	return run(embedded, sandbox);
}
