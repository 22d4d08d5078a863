/* Calls and events a second over the real socket: the daemon's side in a child process, the
 * library on ours. The messages have the size and the members of a chat message. */
#define _GNU_SOURCE /* mkdtemp */
#include "ipc/ipc.h"
#include <earshot.h>

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { COUNT = 100000, BURST = 10000, WINDOW = 1000, ALONE = 10000 };

static struct ipc_server *server;

static int
call_send(struct ipc_call *call)
{
	struct value *result = value_object();
	value_set_str(result, "id", "0123456789abcdef0123456789abcdef");
	value_set_str(result, "peer", value_str(ipc_params(call), "peer"));
	value_set_str(result, "state", "handed over");
	ipc_reply(call, result);
	return 0;
}

static int
call_burst(struct ipc_call *call)
{
	for (int i = 0; i < BURST; i++) {
		struct value *event = value_object();
		value_set_str(event, "direction", "in");
		value_set_str(event, "peer", "juliet@balcony");
		value_set_str(event, "display", "Juliet");
		value_set_str(event, "id", "0123456789abcdef0123456789abcdef");
		value_set_str(event, "text", "But, soft! what light through yonder window breaks?");
		value_set_bool(event, "action", false);
		value_set_int(event, "time", 1700000000000 + i);
		value_set_bool(event, "encrypted", true);
		ipc_publish(server, "message", event);
	}
	ipc_reply(call, NULL);
	return 0;
}

static const struct ipc_method methods[] = {
    {"send", "peer text", "Send", call_send},
    {"burst", "", "Publish events", call_burst},
    {0},
};

static int
serve(const char *path, int ready)
{
	uv_loop_t loop;
	(void)alarm(60);
	if (uv_loop_init(&loop) || ipc_server_create(&loop, &server) ||
	    ipc_server_add(server, methods, NULL) || ipc_server_listen(server, path, -1) ||
	    write(ready, "", 1) != 1)
		return 1;
	return uv_run(&loop, UV_RUN_DEFAULT);
}

static double
now(void)
{
	struct timespec t;
	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void
on_answer(void *ctx, int err, const struct earshot_value *answer)
{
	int *answers = ctx;
	(void)answer;
	if (!err)
		++*answers;
}

static void
on_event(void *ctx, const char *topic, const struct earshot_value *event)
{
	int *events = ctx;
	(void)topic;
	(void)event;
	++*events;
}

static struct earshot_value *
message(void)
{
	struct earshot_value *params = earshot_value_object();
	earshot_value_set_str(params, "peer", "juliet@balcony");
	earshot_value_set_str(
	    params, "text", "But, soft! what light through yonder window breaks?");
	return params;
}

static int
measure(struct earshot *c)
{
	int answers = 0;
	int events = 0;
	int err = 0;
	double start = now();
	for (int i = 0; i < ALONE && !err; i++)
		err = earshot_call(c, "send", message(), 5000, NULL);
	printf("calls one by one  %8.0f/s\n", ALONE / (now() - start));
	start = now();
	for (int sent = 0; answers < COUNT && !err;) {
		for (; sent < COUNT && sent - answers < WINDOW && !err; sent++)
			err = earshot_call_async(c, "send", message(), on_answer, &answers);
		if (!err)
			err = earshot_wait(c, 5000);
	}
	printf("calls %d at once %7.0f/s\n", WINDOW, COUNT / (now() - start));
	if (!err)
		err = earshot_subscribe(c, NULL, on_event, &events, 5000);
	start = now();
	for (int i = 0; i < COUNT / BURST && !err; i++)
		err = earshot_call(c, "burst", NULL, 5000, NULL);
	printf("events            %8.0f/s\n", COUNT / (now() - start));
	return err || events != COUNT;
}

int
main(void)
{
	char folder[] = "/tmp/earshot-bench-XXXXXX";
	char path[64], lock[80];
	int ready[2];
	char go;
	if (!mkdtemp(folder) || pipe(ready) < 0)
		return 1;
	(void)snprintf(path, sizeof(path), "%s/sock", folder);
	(void)snprintf(lock, sizeof(lock), "%s.lock", path);
	pid_t pid = fork();
	if (pid == 0)
		_exit(serve(path, ready[1]));
	close(ready[1]);
	struct earshot *c = NULL;
	int err = pid < 0 || read(ready[0], &go, 1) != 1;
	if (!err)
		err = earshot_connect(path, "bench", 0, &c);
	if (!err)
		err = measure(c);
	earshot_close(c);
	if (pid > 0 && kill(pid, SIGTERM) == 0)
		(void)waitpid(pid, NULL, 0);
	(void)unlink(path);
	(void)unlink(lock);
	(void)rmdir(folder);
	if (err)
		(void)fprintf(stderr, "bench_ipc: %s\n", earshot_strerror(err));
	return err ? 1 : 0;
}
