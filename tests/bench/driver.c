/* Makes Earshot measurable by a bench that knows messengers only as "a program that prints JSON
 * events and obeys commands", so that others can be measured the same way:
 *
 *   driver NAME STATEDIR [quiet=1] [port=N] [status=TEXT]
 *
 * NAME is the whole instance name (alice@h1); the part before the @ becomes the daemon's --user.
 * It starts an earshotd of its own with all folders under STATEDIR, and is one more client of
 * it. One event a line on standard output, each with "t" (CLOCK_MONOTONIC, ns):
 *   start online pids{pids} buddy-on buddy-status buddy-off {who, status, text}
 *   buddy-connected{who} error{text} exit
 *   msg{who, text} or msg{who, kind, seq, sent, len}   burst-start sent{who, n}
 *   stat{n, bytes, first, last, ooo}
 * Commands on standard input, its end is quit:
 *   send WHO TEXT   ping WHO N SIZE USEC   burst WHO N SIZE   status available|away [TEXT]
 *   stat   reset   quit
 * Bodies of ping and burst are "<L|B> SEQ NS xxx...", SIZE bytes; with quiet=1 they are only
 * counted. A person that does not answer is off; nothing else would be honest to measure.
 * One thread, poll(). */
#define _DEFAULT_SOURCE /* strsep */
#include <earshot.h>

#include "watch.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum {
	CALL_TIMEOUT = 10000, /* ms */
	START_TRIES = 500,    /* 10 ms apart */
	STOP_TRIES = 800,
	WINDOW = 2048, /* sends of a burst that wait for their answer */
	BODY_MAX = 65536,
	LINE_MAX_BYTES = BODY_MAX + 1024,
};
static const uint64_t NS = 1000000000;

/* One ping or burst command; one at a time. */
struct flow {
	char *who; /* owned; NULL: none is running */
	char kind;
	unsigned long count, next, waiting;
	size_t size;
	uint64_t gap, due; /* ns */
};

struct driver {
	struct earshot *daemon; /* owned */
	pid_t pid;
	bool quiet, online, pids_told, quitting;
	struct watch watch;
	struct flow flow;
	struct counted counted;
	char line[LINE_MAX_BYTES];
	size_t line_len;
};

uint64_t
now_ns(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * NS + (uint64_t)t.tv_nsec;
}

struct earshot_value *
event_new(const char *name)
{
	struct earshot_value *v = earshot_value_object();
	earshot_value_set_int(v, "t", (int64_t)now_ns());
	earshot_value_set_str(v, "ev", name);
	return v;
}

void
event_print(struct earshot_value *event)
{
	char *text = earshot_value_write(event);
	earshot_value_free(event);
	if (!text || puts(text) < 0 || fflush(stdout) != 0)
		abort(); /* a bench that misses events measures nonsense */
	free(text);
}

static void
print_error(const char *text)
{
	struct earshot_value *v = event_new("error");
	earshot_value_set_str(v, "text", text);
	event_print(v);
}

/* ---- what the daemon tells ---- */

static void
on_status(void *ctx, int err, const struct earshot_value *state)
{
	struct driver *d = ctx;
	int64_t helper = err ? 0 : earshot_value_int(state, "helper_pid", 0);
	if (helper <= 0 || d->pids_told)
		return;
	char text[64];
	int n = snprintf(
	    text, sizeof(text), "[%" PRId64 ",%" PRId64 "]", earshot_daemon_pid(d->daemon), helper);
	struct earshot_value *pids = NULL, *v = event_new("pids");
	if (n > 0 && earshot_value_parse(text, (size_t)n, &pids) == 0)
		earshot_value_set(v, "pids", pids);
	event_print(v);
	d->pids_told = true;
}

static void
take_own(struct driver *d, const struct earshot_value *own)
{
	if (d->online || !earshot_value_bool(own, "published", false))
		return;
	d->online = true;
	event_print(event_new("online"));
}

static void
on_accepted(void *ctx, int err, const struct earshot_value *answer)
{
	(void)ctx;
	if (err)
		print_error(earshot_error_message(err, answer));
}

/* Strangers may say little: all here know each other. */
static void
accept_stranger(struct driver *d, const struct earshot_value *person)
{
	const char *trust = earshot_value_str(person, "trust");
	if (!trust || strcmp(trust, "new") != 0 || !earshot_value_has(person, "id"))
		return;
	struct earshot_value *params = earshot_value_object();
	earshot_value_set_str(params, "peer", earshot_value_str(person, "name"));
	int err = earshot_call_async(d->daemon, "trust.accept", params, on_accepted, d);
	if (err)
		print_error(earshot_strerror(err));
}

static void
on_event(void *ctx, const char *topic, const struct earshot_value *event)
{
	struct driver *d = ctx;
	if (strcmp(topic, "message") == 0) {
		counted_take(&d->counted, event, d->quiet);
	} else if (strcmp(topic, "person") == 0) {
		accept_stranger(d, earshot_value_get(event, "person"));
		watch_person(&d->watch, earshot_value_get(event, "person"));
	} else if (strcmp(topic, "own") == 0) {
		take_own(d, event);
	} else if (strcmp(topic, "state") == 0) {
		on_status(d, 0, event);
	}
}

static void
on_who(void *ctx, int err, const struct earshot_value *answer)
{
	struct driver *d = ctx;
	const struct earshot_value *people = err ? NULL : earshot_value_get(answer, "people");
	for (size_t i = 0; i < earshot_value_count(people); i++)
		watch_person(&d->watch, earshot_value_at(people, i));
	if (!err) {
		take_own(d, earshot_value_get(answer, "own"));
		on_status(d, 0, earshot_value_get(answer, "state"));
	}
}

/* ---- commands ---- */

static void
call(struct driver *d, const char *method, struct earshot_value *params, earshot_answer_fn *fn)
{
	int err = earshot_call_async(d->daemon, method, params, fn, d);
	if (err)
		print_error(earshot_strerror(err));
}

static void
on_done(void *ctx, int err, const struct earshot_value *answer)
{
	(void)ctx;
	if (err)
		print_error(earshot_error_message(err, answer));
}

static struct earshot_value *
message_to(const char *who, const char *text)
{
	struct earshot_value *v = earshot_value_object();
	earshot_value_set_str(v, "peer", who);
	earshot_value_set_str(v, "text", text);
	return v;
}

static void
print_sent(const char *who, unsigned long count)
{
	struct earshot_value *v = event_new("sent");
	earshot_value_set_str(v, "who", who);
	earshot_value_set_int(v, "n", (int64_t)count);
	event_print(v);
}

static void
on_sent(void *ctx, int err, const struct earshot_value *answer)
{
	on_done(ctx, err, answer);
	if (!err)
		print_sent(earshot_value_str(answer, "peer"), 1);
}

static void
on_flow_sent(void *ctx, int err, const struct earshot_value *answer)
{
	struct driver *d = ctx;
	on_done(d, err, answer);
	d->flow.waiting--;
}

static void
flow_send_one(struct driver *d)
{
	static char body[BODY_MAX + 1];
	struct flow *f = &d->flow;
	int head =
	    snprintf(body, sizeof(body), "%c %lu %" PRIu64 " ", f->kind, f->next++, now_ns());
	if (head > 0 && (size_t)head < f->size) {
		memset(body + head, 'x', f->size - (size_t)head);
		body[f->size] = '\0';
	}
	f->waiting++;
	int err = earshot_call_async(d->daemon, "send", message_to(f->who, body), on_flow_sent, d);
	if (err) {
		f->waiting--;
		print_error(earshot_strerror(err));
	}
}

/* Sends what is due; returns how long to wait at most, in ms, -1 for ever. */
static int
flow_step(struct driver *d)
{
	struct flow *f = &d->flow;
	if (!f->who)
		return -1;
	while (f->next < f->count && f->waiting < WINDOW && now_ns() >= f->due) {
		flow_send_one(d);
		f->due += f->gap;
	}
	if (f->next == f->count && f->waiting == 0) {
		print_sent(f->who, f->count);
		free(f->who);
		*f = (struct flow){0};
		return -1;
	}
	if (f->next == f->count || f->waiting >= WINDOW)
		return -1; /* an answer wakes us */
	uint64_t t = now_ns();
	return f->due <= t ? 0 : (int)((f->due - t + 999999) / 1000000);
}

static void
flow_start(struct driver *d, char kind, const char *who, const char *numbers)
{
	struct flow *f = &d->flow;
	char *end;
	if (f->who) {
		print_error("the command before is still running");
		return;
	}
	f->kind = kind;
	f->count = strtoul(numbers, &end, 10);
	f->size = strtoul(end, &end, 10);
	f->gap = kind == 'L' ? strtoul(end, &end, 10) * 1000 : 0;
	f->due = now_ns();
	if (f->size > BODY_MAX)
		f->size = BODY_MAX;
	f->who = strdup(who);
	if (kind == 'B')
		event_print(event_new("burst-start"));
}

static void
set_status(struct driver *d, const char *status, const char *text)
{
	struct earshot_value *v = earshot_value_object();
	earshot_value_set_str(v, "status", status);
	earshot_value_set_str(v, "text", text ? text : "");
	call(d, "status", v, on_done);
}

static void
obey(struct driver *d, char *line)
{
	char *rest = line;
	const char *verb = strsep(&rest, " "), *who = rest ? strsep(&rest, " ") : NULL;
	if (strcmp(verb, "send") == 0 && rest)
		call(d, "send", message_to(who, rest), on_sent);
	else if (strcmp(verb, "ping") == 0 && rest)
		flow_start(d, 'L', who, rest);
	else if (strcmp(verb, "burst") == 0 && rest)
		flow_start(d, 'B', who, rest);
	else if (strcmp(verb, "status") == 0 && who)
		set_status(d, who, rest);
	else if (strcmp(verb, "stat") == 0)
		counted_print(&d->counted);
	else if (strcmp(verb, "reset") == 0)
		d->counted = (struct counted){0};
	else if (strcmp(verb, "quit") == 0)
		d->quitting = true;
	else
		print_error("no such command");
}

static void
read_commands(struct driver *d)
{
	ssize_t n = read(STDIN_FILENO, d->line + d->line_len, sizeof(d->line) - 1 - d->line_len);
	if (n < 0 && errno == EINTR)
		return;
	if (n <= 0) {
		d->quitting = true;
		return;
	}
	d->line_len += (size_t)n;
	char *start = d->line, *end;
	while ((end = memchr(start, '\n', d->line_len - (size_t)(start - d->line)))) {
		*end = '\0';
		obey(d, start);
		start = end + 1;
	}
	d->line_len -= (size_t)(start - d->line);
	memmove(d->line, start, d->line_len);
	if (d->line_len == sizeof(d->line) - 1) {
		print_error("a command is too long");
		d->line_len = 0;
	}
}

/* ---- the daemon ---- */

static int
set_folder(const char *variable, const char *statedir, const char *name, char *out, size_t size)
{
	int n = snprintf(out, size, "%s/%s", statedir, name);
	if (n < 0 || (size_t)n >= size || (mkdir(out, 0700) < 0 && errno != EEXIST))
		return -1;
	return setenv(variable, out, 1); // NOLINT(concurrency-mt-unsafe): one thread
}

static int
set_folders(const char *statedir, char *socket_path, size_t size)
{
	static const char *const folders[][2] = {{"XDG_CONFIG_HOME", "config"},
	    {"XDG_STATE_HOME", "state"}, {"XDG_DATA_HOME", "data"}, {"XDG_CACHE_HOME", "cache"},
	    {"XDG_RUNTIME_DIR", "run"}};
	char path[4096];
	for (size_t i = 0; i < sizeof(folders) / sizeof(folders[0]); i++)
		if (set_folder(folders[i][0], statedir, folders[i][1], path, sizeof(path)) < 0)
			return -1;
	int n = snprintf(socket_path, size, "%s/earshot/daemon.sock", path);
	return n < 0 || (size_t)n >= size ? -1 : 0;
}

/* The earshotd beside this program. */
static int
daemon_path(char *out, size_t size)
{
	ssize_t n = readlink("/proc/self/exe", out, size - 1);
	if (n < 0)
		return -1;
	out[n] = '\0';
	char *slash = strrchr(out, '/');
	if (!slash || (size_t)(slash - out) + sizeof("/earshotd") > size)
		return -1;
	memcpy(slash, "/earshotd", sizeof("/earshotd"));
	return 0;
}

static _Noreturn void
become_daemon(const char *path, const char *user, const char *port, const char *log)
{
	int in = open("/dev/null", O_RDONLY | O_CLOEXEC);
	int err = open(log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	(void)prctl(PR_SET_PDEATHSIG, SIGKILL); /* whoever kills the driver means the daemon */
	if (in >= 0 && err >= 0 && dup2(in, 0) >= 0 && dup2(err, 1) >= 0 && dup2(err, 2) >= 0) {
		if (port)
			execl(path, path, "--user", user, "--port", port, NULL);
		else
			execl(path, path, "--user", user, NULL);
	}
	_exit(127);
}

static int
start_daemon(struct driver *d, const char *name, const char *statedir, const char *port)
{
	char path[4096], socket_path[4096 + 64], log[4096];
	char *user = strndup(name, strcspn(name, "@"));
	int n = snprintf(log, sizeof(log), "%s/earshotd.log", statedir);
	if (!user || n < 0 || (size_t)n >= sizeof(log) || daemon_path(path, sizeof(path)) < 0 ||
	    set_folders(statedir, socket_path, sizeof(socket_path)) < 0) {
		free(user);
		return EARSHOT_ERR_SYSTEM;
	}
	d->pid = fork();
	if (d->pid == 0)
		become_daemon(path, user, port, log);
	free(user);
	int err = EARSHOT_ERR_START;
	for (int i = 0; d->pid > 0 && i < START_TRIES; i++) {
		err = earshot_connect(socket_path, "bench", 0, &d->daemon);
		if (err != EARSHOT_ERR_NOT_RUNNING || waitpid(d->pid, NULL, WNOHANG) != 0)
			break;
		(void)nanosleep(&(struct timespec){.tv_nsec = 10000000}, NULL);
	}
	return err;
}

static void
stop_daemon(struct driver *d)
{
	if (d->daemon)
		(void)earshot_call(d->daemon, "daemon.stop", NULL, CALL_TIMEOUT, NULL);
	earshot_close(d->daemon);
	d->daemon = NULL;
	for (int i = 0; d->pid > 0 && i < STOP_TRIES; i++) {
		if (waitpid(d->pid, NULL, WNOHANG) != 0)
			return;
		(void)nanosleep(&(struct timespec){.tv_nsec = 10000000}, NULL);
	}
	if (d->pid > 0)
		(void)kill(d->pid, SIGKILL);
}

static int
run(struct driver *d)
{
	int err = 0;
	while (!d->quitting && !err) {
		int wait = flow_step(d);
		struct pollfd fds[] = {{.fd = STDIN_FILENO, .events = POLLIN},
		    {.fd = earshot_fd(d->daemon), .events = earshot_events(d->daemon)}};
		if (poll(fds, 2, wait) < 0 && errno != EINTR)
			return EARSHOT_ERR_SYSTEM;
		if (fds[1].revents)
			err = earshot_dispatch(d->daemon);
		if (fds[0].revents)
			read_commands(d);
	}
	return err;
}

int
main(int argc, char **argv)
{
	/* what this program shows; receipts and typing would only be thrown away */
	static const char *const topics[] = {"person", "message", "own", "state", NULL};
	static struct driver d;
	const char *port = NULL, *status = NULL;
	if (argc < 3) {
		(void)fprintf(
		    stderr, "usage: %s NAME STATEDIR [quiet=1] [port=N] [status=TEXT]\n", argv[0]);
		return 2;
	}
	for (int i = 3; i < argc; i++) {
		if (strcmp(argv[i], "quiet=1") == 0)
			d.quiet = true;
		else if (strncmp(argv[i], "port=", 5) == 0)
			port = argv[i] + 5;
		else if (strncmp(argv[i], "status=", 7) == 0)
			status = argv[i] + 7;
	}
	event_print(event_new("start"));
	int err = start_daemon(&d, argv[1], argv[2], port);
	if (!err)
		err = earshot_subscribe(d.daemon, topics, on_event, &d, CALL_TIMEOUT);
	if (!err) {
		call(&d, "who", NULL, on_who);
		call(&d, "daemon.status", NULL, on_status);
		if (status)
			set_status(&d, "available", status);
		err = run(&d);
	}
	if (err)
		print_error(earshot_strerror(err));
	stop_daemon(&d);
	watch_finish(&d.watch);
	free(d.flow.who);
	event_print(event_new("exit"));
	return err ? 1 : 0;
}
