/* earshotd: wires discovery, streams, people, features and the local socket together, and owns
 * the loop they all run on. */
#define _DEFAULT_SOURCE /* flock, readlink */
#include "base/err.h"
#include "base/limits.h"
#include "base/log.h"
#include "base/paths.h"
#include "base/str.h"
#include "base/tr.h"
#include "base/utf8.h"
#include "chat/chat.h"
#include "daemon/config.h"
#include "daemon/health.h"
#include "daemon/id.h"
#include "daemon/identity.h"
#include "daemon/keeper.h"
#include "daemon/sandbox.h"
#include "daemon/settings.h"
#include "daemon/unlock.h"
#include "discovery/child.h"
#include "ipc/ipc.h"
#include "peer/roster.h"
#include "store/store.h"
#include "tls/identity.h"
#include "tls/session.h"
#include "transfer/porter.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define FEATURE(name) extern const struct feature feature_##name;
#include "daemon/features.def"
#undef FEATURE

static const struct feature *const features[] = {
#define FEATURE(name) &feature_##name,
#include "daemon/features.def"
#undef FEATURE
    NULL,
};

enum { LOCK_TRIES = 20 }; /* 10 ms apart */
enum exit_code { EXIT_STARTED_TWICE = 3, EXIT_STORE = 4, EXIT_LOCKED = 5, SYSTEMD_FD = 3 };

struct daemon {
	uv_loop_t loop;
	uv_signal_t term, interrupt;
	struct config config;
	struct tls_identity *identity; /* owned; who we are */
	struct tls_context *tls;       /* owned; for streams */
	struct id id;
	struct settings settings;
	struct ipc_server *ipc; /* owned */
	struct roster roster;
	char *socket; /* owned */
	struct sandbox sandbox;
	struct porter *porter; /* owned; NULL: files can be neither sent nor received */
	struct health health;
	char log[512];
	int lock;
	uint64_t started; /* ms, uv_now() */
	int err;          /* why it could not start */
	bool stopping;
};

/* ---- stopping ---- */

static void
on_ipc_closed(void *ctx)
{
	struct daemon *d = ctx;
	uv_close((uv_handle_t *)&d->term, NULL);
	uv_close((uv_handle_t *)&d->interrupt, NULL);
}

static void
on_roster_closed(void *ctx)
{
	struct daemon *d = ctx;
	if (d->ipc)
		ipc_server_close(d->ipc, on_ipc_closed, d);
	else
		on_ipc_closed(d);
}

static void
stop(struct daemon *d)
{
	if (d->stopping)
		return;
	d->stopping = true;
	log_info(NULL, "stopping");
	if (d->ipc)
		ipc_server_refuse(d->ipc); /* the parts that answer close one after the other */
	roster_stop(&d->roster, on_roster_closed, d);
}

static void
on_signal(uv_signal_t *handle, int number)
{
	(void)number;
	stop(handle->data);
}

/* ---- methods ---- */

/* Paths are bytes, JSON is text: what cannot be shown is left out. */
static void
set_path(struct value *v, const char *key, const char *path)
{
	if (utf8_valid(path, strlen(path)))
		value_set_str(v, key, path);
}

static int
call_status(struct ipc_call *call)
{
	struct daemon *d = ipc_ctx(call);
	struct value *v = value_object();
	roster_describe_state(&d->roster, v);
	value_set_str(v, "version", EARSHOT_VERSION);
	value_set_int(v, "pid", getpid());
	value_set_int(v, "uptime", (int64_t)((uv_now(&d->loop) - d->started) / 1000));
	value_set_int(v, "clients", (int64_t)ipc_server_clients(d->ipc));
	struct buf sandbox = BUF_INIT(64);
	sandbox_describe(&d->sandbox, &sandbox);
	value_set_str(v, "sandbox", buf_cstr(&sandbox));
	buf_finish(&sandbox);
	struct buf porter = BUF_INIT(64);
	porter_describe(d->porter, &porter);
	value_set_str(v, "porter", buf_cstr(&porter));
	buf_finish(&porter);
	set_path(v, "config", d->config.path);
	set_path(v, "log", d->log);
	if (str_empty(value_str(v, "problem")) && d->config.problem.len)
		set_path(v, "problem", buf_cstr(&d->config.problem));
	ipc_reply(call, v);
	return 0;
}

static int
call_stop(struct ipc_call *call)
{
	struct daemon *d = ipc_ctx(call);
	ipc_reply(call, NULL);
	stop(d);
	return 0;
}

static const struct ipc_method methods[] = {
    {"daemon.status", "", "Show how the daemon does", call_status},
    {"daemon.stop", "", "Say goodbye and stop the daemon", call_stop},
    {0},
};

/* ---- the store ---- */

static void
set_trouble(struct daemon *d, const char *what, int err)
{
	buf_clear(&d->roster.trouble);
	if (err)
		buf_fmt(&d->roster.trouble, "%s: %s.", what,
		    err == -ENOSPC ? "the disk is full" : err_str(err));
	roster_publish_state(&d->roster);
}

static void
on_trouble(void *ctx, int err)
{
	struct daemon *d = ctx;
	log_error(NULL, "messages cannot be kept: %s", err_str(err));
	set_trouble(d, "Messages can be neither kept nor received", err);
	bus_emit(&d->roster.bus, &(struct bus_event){.kind = BUS_STORE_TROUBLE, .err = err});
}

static void
on_recovered(void *ctx)
{
	struct daemon *d = ctx;
	log_info(NULL, "messages can be kept again");
	set_trouble(d, NULL, 0);
	bus_emit(&d->roster.bus, &(struct bus_event){.kind = BUS_STORE_RECOVERED});
}

/* Nobody knows what is on disk: nothing more may be said or answered. What was answered is there;
 * what was not is asked again, of the daemon that comes after this one. */
static void
on_fatal(void *ctx, int err)
{
	(void)ctx;
	log_error(NULL, "the daemon ends: the store has failed: %s", err_str(err));
	_exit(EXIT_STORE);
}

static void
on_events(void *ctx, const struct store_event *events, size_t count)
{
	struct daemon *d = ctx;
	chat_publish_events(&d->roster, events, count);
}

static const struct store_listener store_listener = {
    .on_trouble = on_trouble,
    .on_recovered = on_recovered,
    .on_fatal = on_fatal,
    .on_events = on_events,
};

static void
say_store_failed(const char *path, int err)
{
	if (err == ERR_NEWER)
		(void)fprintf(stderr,
		    "earshotd: %s was written by a newer version of Earshot. Install that version, "
		    "or "
		    "move the file away to begin a new history.\n",
		    path);
	else if (err == -EADDRINUSE)
		(void)fprintf(
		    stderr, "earshotd: %s is used by another program; end that one first.\n", path);
	else
		(void)fprintf(
		    stderr, "earshotd: the history %s cannot be opened: %s.\n", path, err_str(err));
}

static int
open_store(struct daemon *d, struct store **out)
{
	struct store_report report = {0};
	char *path = NULL;
	int err = paths_get(PATHS_STATE, "earshot.db", &path);
	if (!err) {
		err = store_open(path, &d->loop, &store_listener, d, &report, out);
		if (err)
			say_store_failed(path, err);
	}
	if (report.moved_to[0]) {
		if (d->config.problem.len)
			log_warn(NULL, "%s", buf_cstr(&d->config.problem));
		buf_clear(&d->config.problem); /* of the two, this has to be told */
		buf_fmt(&d->config.problem, "%s: %s",
		    TR("The history was damaged and a new one was begun; the old one is here"),
		    report.moved_to);
	}
	free(path);
	return err;
}

/* ---- starting ---- */

/* One daemon per user: two would both answer to one name. The lock dies with the process, so a
 * crash leaves nothing behind. */
static int
take_lock(struct daemon *d)
{
	char *path = NULL;
	int err = paths_get(PATHS_RUNTIME, "daemon.lock", &path);
	if (err)
		return err;
	d->lock = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (d->lock < 0)
		err = -errno;
	/* one that died while it started its helper leaves the lock to the child for a moment */
	for (int tries = 0; !err && flock(d->lock, LOCK_EX | LOCK_NB) < 0; tries++) {
		if (errno != EWOULDBLOCK || tries == LOCK_TRIES)
			err = errno == EWOULDBLOCK ? -EADDRINUSE : -errno;
		else
			(void)nanosleep(&(struct timespec){.tv_nsec = 10000000}, NULL);
	}
	free(path);
	return err;
}

/* Systems give 1024 to a program that does not ask, and more to one that does. */
static void
ask_for_files(void)
{
	struct rlimit files;
	if (getrlimit(RLIMIT_NOFILE, &files) != 0 || files.rlim_cur >= LIMIT_FILES)
		return;
	files.rlim_cur = files.rlim_max < LIMIT_FILES ? files.rlim_max : LIMIT_FILES;
	(void)setrlimit(RLIMIT_NOFILE, &files); /* without them there are fewer streams at once */
}

static int
make_folders(void)
{
	static const enum paths_kind kinds[] = {PATHS_STATE, PATHS_RUNTIME};
	for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
		int err = paths_make(kinds[i]);
		if (!err)
			continue;
		char *path = NULL;
		(void)!paths_get(kinds[i], NULL, &path);
		(void)fprintf(stderr, "earshotd: the folder %s cannot be used: %s.\n",
		    path ? path : "for its files",
		    err == -EACCES ? "others may change it or a folder above it, or it is closed "
				     "to us; `chmod o-w` closes a folder to others"
				   : err_str(err));
		free(path);
		return err;
	}
	return 0;
}

/* A socket that systemd has opened for us (sd_listen_fds(3)). */
static int
inherited_socket(void)
{
	// NOLINTBEGIN(concurrency-mt-unsafe): nothing here ever sets a variable
	const char *pid = getenv("LISTEN_PID");
	const char *count = getenv("LISTEN_FDS");
	// NOLINTEND(concurrency-mt-unsafe)
	int64_t n;
	if (!pid || !count || str_to_int(pid, 1, INT32_MAX, &n) != 0 || n != getpid() ||
	    str_to_int(count, 1, 1, &n) != 0)
		return -1;
	(void)fcntl(SYSTEMD_FD, F_SETFD, FD_CLOEXEC);
	return SYSTEMD_FD;
}

/* Where standard error goes, if that is a file a person can look into. */
static void
find_log(struct daemon *d)
{
	struct stat st;
	ssize_t n = readlink("/proc/self/fd/2", d->log, sizeof(d->log) - 1);
	if (n < 0 || fstat(STDERR_FILENO, &st) < 0 || !S_ISREG(st.st_mode))
		n = 0;
	d->log[n] = '\0';
}

/* Everybody is known: from now on front ends are answered. */
static void
on_started(void *ctx)
{
	struct daemon *d = ctx;
	ipc_set_log(d->ipc, &chat_log_source, &d->roster);
	int err = ipc_server_listen(d->ipc, d->socket, inherited_socket());
	if (err) {
		log_error(NULL, "the socket %s cannot be opened: %s", d->socket, err_str(err));
		d->err = err;
		stop(d);
	}
}

static int
start_roster(struct daemon *d)
{
	struct store *store = NULL;
	int err = open_store(d, &store);
	if (err)
		return err;
	struct roster_config config = {
	    .store = store,
	    .tls = d->config.tls ? d->tls : NULL,
	    .own_id = tls_identity_id(d->identity),
	    .policy = d->config.policy,
	    .files = d->config.files,
	    .porter = d->porter,
	    .lifetime = d->config.lifetime,
	    .on_started = on_started,
	    .ctx = d,
	    .discovery = {.helper = d->config.helper,
		.user_name = d->config.user,
		.sandbox = d->config.sandbox,
		.mdns = d->config.mdns},
	    .port = (uint16_t)d->config.port,
	    .peers = d->config.peers,
	    .peer_count = d->config.peer_count,
	    .features = features,
	};
	return roster_start(&d->roster, &d->loop, d->ipc, &config);
}

static void
on_replaced(void *ctx)
{
	log_info(NULL, "another key was brought in");
	stop(ctx);
}

static int
start(struct daemon *d)
{
	d->started = uv_now(&d->loop);
	(void)uv_signal_init(&d->loop, &d->term);
	(void)uv_signal_init(&d->loop, &d->interrupt);
	d->term.data = d->interrupt.data = d;
	(void)uv_signal_start(&d->term, on_signal, SIGTERM);
	(void)uv_signal_start(&d->interrupt, on_signal, SIGINT);

	int err = ipc_server_create(&d->loop, &d->ipc);
	if (!err)
		err = own_load(&d->roster.own);
	if (!err)
		err = settings_take_own(&d->config, &d->roster);
	if (!err)
		err = start_roster(d);
	if (!err)
		err = roster_add_methods(&d->roster);
	if (!err)
		err = ipc_server_add(d->ipc, methods, d);
	d->id = (struct id){.loop = &d->loop,
	    .identity = d->identity,
	    .tls = d->tls,
	    .on_replaced = on_replaced,
	    .ctx = d};
	if (!err)
		err = ipc_server_add(d->ipc, id_methods, &d->id);
	d->settings =
	    (struct settings){.config = &d->config, .roster = &d->roster, .porter = d->porter};
	if (!err)
		err = ipc_server_add(d->ipc, settings_methods, &d->settings);
	d->health = (struct health){.config = &d->config, .roster = &d->roster};
	if (!err)
		err = ipc_server_add(d->ipc, health_methods, &d->health);
	return err;
}

/* Before the sandbox, which it could not do without, before any thread and any key. */
static void
start_porter(struct daemon *d)
{
	const struct porter_keeper keeper = {.keep = keeper_keep, .ctx = &d->config};
	int err = d->config.downloads ? porter_start_keeping(d->config.downloads, d->config.sandbox,
					    &keeper, &d->porter)
				      : -ENOENT;
	if (err)
		log_error(
		    NULL, "files can be neither sent nor received: no porter: %s", err_str(err));
}

/* From here on only what is needed. */
static int
enter_sandbox(struct daemon *d)
{
	char *helper = NULL;
	int err = d->config.socket ? str_replace(&d->socket, d->config.socket)
				   : paths_get(PATHS_RUNTIME, "daemon.sock", &d->socket);
	if (!err)
		err = child_find_program(d->config.helper, &helper);
	if (!err)
		err = sandbox_enter(d->config.sandbox, helper, d->socket, &d->sandbox);
	if (err)
		(void)fprintf(
		    stderr, "earshotd: its sandbox cannot be entered: %s.\n", err_str(err));
	free(helper);
	return err;
}

static int
run(struct daemon *d)
{
	int err = uv_loop_init(&d->loop);
	if (err)
		return err;
	err = start(d);
	if (err) {
		log_error(NULL, "the daemon could not start: %s", err_str(err));
		stop(d);
	} else {
		log_info(NULL, "Earshot %s, process %d, port %u", EARSHOT_VERSION, (int)getpid(),
		    stream_hub_port(d->roster.hub));
		if (d->config.problem.len)
			log_warn(NULL, "%s", buf_cstr(&d->config.problem));
	}
	(void)uv_run(&d->loop, UV_RUN_DEFAULT);
	int left = uv_loop_close(&d->loop);
	if (left)
		log_error(NULL, "the loop still held handles at the end");
	if (!err)
		err = d->err;
	return err ? err : left;
}

static int
exit_code(int err)
{
	switch (err) {
	case 0:
		return 0;
	case -EADDRINUSE:
		return EXIT_STARTED_TWICE;
	case ERR_LOCKED:
		return EXIT_LOCKED;
	default:
		return 1;
	}
}

int
main(int argc, char **argv)
{
	static struct daemon d;
	(void)signal(SIGPIPE, SIG_IGN);
	d.lock = -1;
	int rc = config_read(&d.config, argc, argv);
	if (rc != CONFIG_OK) {
		config_finish(&d.config);
		return rc == CONFIG_DONE ? 0 : rc == CONFIG_USAGE ? 2 : 1;
	}
	settings_fix(&d.config);
	log_set_level(d.config.log_level);
	find_log(&d);
	ask_for_files();
	int err = make_folders();
	if (!err) {
		err = take_lock(&d);
		if (err == -EADDRINUSE)
			(void)fprintf(stderr, "earshotd: it is running already; `earshot daemon "
					      "status` shows how it does.\n");
		else if (err)
			(void)fprintf(stderr,
			    "earshotd: the lock in its folder cannot be taken: %s.\n",
			    err_str(err));
	}
	if (!err) {
		start_porter(&d);
		err = enter_sandbox(&d);
	}
	if (!err)
		err = identity_open(d.config.passphrase_fd, &d.identity, &d.tls);
	if (err == ERR_LOCKED && inherited_socket() >= 0) {
		/* nobody was there to be asked; the socket stays open for what comes after */
		int fd = fcntl(SYSTEMD_FD, F_DUPFD_CLOEXEC, SYSTEMD_FD + 1);
		err = fd < 0 ? -errno : unlock_await(fd, &d.identity, &d.tls);
	}
	if (!err)
		err = run(&d);
	porter_stop(d.porter);
	tls_context_destroy(d.tls);
	tls_identity_destroy(d.identity);
	free(d.socket);
	config_finish(&d.config);
	return exit_code(err);
}
