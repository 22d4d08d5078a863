#define _GNU_SOURCE /* struct ucred */
#include "base/err.h"
#include "base/limits.h"
#include "base/paths.h"
#include "base/str.h"
#include "base/tr.h"
#include "client/internal.h"
#include "wire/rpc.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

enum {
	CONNECT_PATIENCE = 5000, /* ms for all of earshot_connect() */
	CONNECT_PAUSE = 20,      /* ms between two attempts */
	LAST_ATTEMPTS = 50,      /* after our daemon ended: it may have lost to another's */
};

int
public_error(int err)
{
	switch (err) {
	case 0:
		return EARSHOT_OK;
	case -ENOMEM:
		return EARSHOT_ERR_MEMORY;
	case ERR_TOO_BIG:
		return EARSHOT_ERR_TOO_BIG;
	case ERR_PROTO:
		return EARSHOT_ERR_PROTOCOL;
	case -EINVAL:
		return EARSHOT_ERR_INVALID;
	default:
		errno = err > ERR_XML ? -err : EIO;
		return EARSHOT_ERR_SYSTEM;
	}
}

struct earshot *
connection_create(int fd)
{
	struct earshot *c = calloc(1, sizeof(*c));
	if (!c) {
		close(fd);
		return NULL;
	}
	c->fd = fd;
	c->cursor = -1;
	frame_reader_init(&c->in, LIMIT_ANSWER);
	buf_init(&c->line, LIMIT_FRAME + 1); /* the line break does not count */
	buf_init(&c->out, 2 * (size_t)LIMIT_CLIENT_QUEUE + LIMIT_FRAME);
	list_init(&c->order);
	list_init(&c->batches);
	for (size_t i = 0; i < PENDING_BUCKETS; i++)
		list_init(&c->buckets[i]);
	return c;
}

static void
connection_free(struct earshot *c)
{
	c->depth++; /* the last callbacks may not block either */
	fail_pending(c, c->dead ? c->dead : EARSHOT_ERR_CUT_OFF);
	close(c->fd);
	frame_reader_finish(&c->in);
	buf_finish(&c->line);
	buf_finish(&c->out);
	free(c->last_word);
	if (c->freed)
		*c->freed = true;
	free(c);
}

void
earshot_close(struct earshot *c)
{
	if (!c || c->closing)
		return;
	c->closing = true;
	if (c->depth == 0)
		connection_free(c);
}

const char *
earshot_daemon_version(const struct earshot *c)
{
	return c->version;
}

int64_t
earshot_daemon_pid(const struct earshot *c)
{
	return c->pid;
}

int
earshot_fd(const struct earshot *c)
{
	return c->fd;
}

short
earshot_events(const struct earshot *c)
{
	return (short)(POLLIN | (unsent(c) > 0 ? POLLOUT : 0));
}

static void
take_event(struct earshot *c, const struct value *params)
{
	const char *topic = value_str(params, "event");
	int64_t number = value_int(params, "number", 0);
	if (!c->on_event || !topic)
		return;
	c->on_event(c->event_ctx, topic, (const struct earshot_value *)params);
	if (number > 0)
		c->cursor = number;
}

/* The daemon's place may be further on: it also counts what is not of our topics. */
static void
take_notice(struct earshot *c, const struct value *params)
{
	if (c->on_event)
		c->cursor = value_int(params, "since", c->cursor);
	const char *message = value_str(params, "message");
	free(c->last_word); /* without memory the sentence is missing */
	c->last_word = earshot_translate(message);
}

static int
take_line(struct earshot *c, const char *line, size_t len)
{
	struct value *v = NULL;
	struct rpc_message m;
	int err = value_parse(line, len, &v);
	if (err)
		return err == -ENOMEM ? EARSHOT_ERR_MEMORY : EARSHOT_ERR_PROTOCOL;
	if (rpc_read(v, &m)) {
		value_free(v);
		return EARSHOT_ERR_PROTOCOL;
	}
	if (m.kind == RPC_NOTIFICATION && strcmp(m.method, "event") == 0)
		take_event(c, m.value);
	else if (m.kind == RPC_NOTIFICATION && strcmp(m.method, "cut-off") == 0) {
		take_notice(c, m.value);
		err = EARSHOT_ERR_CUT_OFF;
	} else if (m.kind == RPC_RESULT || m.kind == RPC_ERROR) {
		if (m.kind == RPC_ERROR)
			error_translate(value_member(v, "error"));
		/* an error without an id is about the connection: our first call is told */
		answer_pending(c, value_as_int(m.id, 1),
		    m.kind == RPC_ERROR ? EARSHOT_ERR_FAILED : 0, m.value);
	}
	value_free(v);
	return err;
}

int64_t
earshot_cursor(const struct earshot *c)
{
	return c->cursor;
}

const char *
earshot_cut_off_message(const struct earshot *c)
{
	return c->last_word;
}

static int
receive(struct earshot *c)
{
	char *room = frame_reader_room(&c->in, LIMIT_CLIENT_READ);
	if (!room)
		return EARSHOT_ERR_MEMORY;
	ssize_t n = recv(c->fd, room, LIMIT_CLIENT_READ, MSG_DONTWAIT);
	if (n < 0)
		return errno == EAGAIN || errno == EINTR ? 0 : EARSHOT_ERR_CUT_OFF;
	if (n == 0)
		return EARSHOT_ERR_CUT_OFF;
	frame_reader_grew(&c->in, (size_t)n);
	while (!c->closing) {
		const char *line;
		size_t len;
		int rc = frame_reader_next(&c->in, &line, &len);
		if (rc == 0)
			return 0;
		int err = rc < 0 ? EARSHOT_ERR_PROTOCOL : take_line(c, line, len);
		if (err)
			return err;
	}
	return 0;
}

int
earshot_dispatch(struct earshot *c)
{
	if (c->depth > 0)
		return EARSHOT_ERR_BUSY;
	if (c->dead)
		return c->dead;
	c->depth++;
	if (!c->write_dead)
		send_queued(c);
	c->dead = receive(c);
	if (c->dead && !c->closing)
		fail_pending(c, c->dead);
	c->depth--;
	int err = c->closing ? EARSHOT_ERR_CUT_OFF : c->dead;
	if (c->closing) /* a callback closed it */
		connection_free(c);
	return err;
}

int
earshot_wait(struct earshot *c, int timeout_ms)
{
	if (c->depth > 0)
		return EARSHOT_ERR_BUSY;
	if (c->dead)
		return c->dead;
	struct pollfd p = {.fd = c->fd, .events = earshot_events(c)};
	int n = poll(&p, 1, timeout_ms);
	if (n < 0)
		return errno == EINTR ? 0 : EARSHOT_ERR_SYSTEM;
	return n > 0 ? earshot_dispatch(c) : EARSHOT_ERR_TIMEOUT;
}

/* What connect() said, as a person should hear it. */
static int
connect_error(int error)
{
	switch (error) {
	case 0:
		return 0;
	case ENOENT:
	case ENOTDIR:
	case ECONNREFUSED:
	case EAGAIN: /* its queue is full: it does not answer */
		return EARSHOT_ERR_NOT_RUNNING;
	case EACCES:
	case EPERM:
		return EARSHOT_ERR_REFUSED;
	default:
		errno = error;
		return EARSHOT_ERR_SYSTEM;
	}
}

/* A daemon of another user could read along and invent messages: not spoken to. */
static int
check_owner(int fd)
{
	struct ucred who;
	socklen_t size = sizeof(who);
	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &who, &size) < 0)
		return EARSHOT_ERR_SYSTEM;
	return who.uid == geteuid() ? 0 : EARSHOT_ERR_REFUSED;
}

int
socket_open(const char *path, int *out)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	if (str_copy(address.sun_path, sizeof(address.sun_path), path))
		return EARSHOT_ERR_INVALID;
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return EARSHOT_ERR_SYSTEM;
	int rc = connect(fd, (const struct sockaddr *)&address, sizeof(address));
	int err = connect_error(rc < 0 ? errno : 0);
	if (!err)
		err = check_owner(fd);
	if (err) {
		int saved = errno;
		close(fd);
		errno = saved;
		return err;
	}
	*out = fd;
	return 0;
}

struct earshot_value *
hello_params(const char *client)
{
	struct earshot_value *params = earshot_value_object();
	earshot_value_set_int(params, "protocol", RPC_PROTOCOL);
	earshot_value_set_str(params, "client", client);
	return params;
}

int
hello_read(struct earshot *c, int err, const struct earshot_value *answer)
{
	if (err == EARSHOT_ERR_FAILED)
		err = str_equal(earshot_error_reason(answer), "busy") ? EARSHOT_ERR_CROWDED
								      : EARSHOT_ERR_PROTOCOL;
	if (!err && earshot_value_int(answer, "protocol", 0) != RPC_PROTOCOL)
		err = EARSHOT_ERR_PROTOCOL;
	const char *version = earshot_value_str(answer, "version");
	if (!err && str_copy(c->version, sizeof(c->version), version ? version : ""))
		err = EARSHOT_ERR_PROTOCOL;
	c->pid = earshot_value_int(answer, "pid", 0);
	return err;
}

static int
greet(struct earshot *c, const char *client, int timeout_ms)
{
	struct earshot_value *answer = NULL;
	int err = earshot_call(c, "hello", hello_params(client), timeout_ms, &answer);
	err = hello_read(c, err, answer);
	earshot_value_free(answer);
	return err;
}

static int
attempt(const char *path, const char *client, int timeout_ms, struct earshot **out)
{
	int fd = -1;
	int err = socket_open(path, &fd);
	if (err)
		return err;
	struct earshot *c = connection_create(fd);
	if (!c)
		return EARSHOT_ERR_MEMORY;
	err = greet(c, client, timeout_ms);
	if (err) {
		earshot_close(c);
		return err;
	}
	*out = c;
	return 0;
}

static int64_t
now_ms(void)
{
	struct timespec t;
	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

bool
may_come(int err)
{
	return err == EARSHOT_ERR_NOT_RUNNING || err == EARSHOT_ERR_CUT_OFF;
}

/* Until the daemon answers, the time is over, or it has ended and no other came instead. */
static int
await_daemon(const char *path, const char *client, int alive, int64_t end, struct earshot **out)
{
	int err = EARSHOT_ERR_NOT_RUNNING;
	unsigned left = LAST_ATTEMPTS;
	while (may_come(err) && now_ms() < end && left > 0) {
		struct pollfd p = {.fd = left < LAST_ATTEMPTS ? -1 : alive};
		if (poll(&p, 1, CONNECT_PAUSE) > 0 || left < LAST_ATTEMPTS)
			left--;
		int64_t time = end - now_ms();
		err = attempt(path, client, time > 0 ? (int)time : 0, out);
	}
	return may_come(err) ? EARSHOT_ERR_START : err;
}

static int
connect_to(const char *path, bool usual, const char *client, unsigned flags, int passphrase,
    struct earshot **out)
{
	int64_t end = now_ms() + CONNECT_PATIENCE;
	int err = attempt(path, client, CONNECT_PATIENCE, out);
	if (!may_come(err) || !(flags & EARSHOT_START))
		return err;
	int alive = -1;
	bool locked = daemon_is_locked();
	if (locked && passphrase < 0)
		return EARSHOT_ERR_LOCKED;
	err = daemon_start(usual ? NULL : path, passphrase, &alive);
	if (err)
		return err;
	err = await_daemon(path, client, alive, end, out);
	close(alive);
	return err == EARSHOT_ERR_START && locked ? EARSHOT_ERR_LOCKED : err;
}

int
socket_path(const char *path, char **out, bool *usual)
{
	if (!path)
		path = getenv("EARSHOT_SOCKET"); // NOLINT(concurrency-mt-unsafe): only read
	*usual = !path || !*path;
	if (*usual)
		return public_error(paths_get(PATHS_RUNTIME, "daemon.sock", out));
	*out = strdup(path);
	return *out ? 0 : EARSHOT_ERR_MEMORY;
}

int
earshot_connect(const char *path, const char *client, unsigned flags, struct earshot **out)
{
	return earshot_connect_unlocking(path, client, flags, -1, out);
}

int
earshot_connect_unlocking(
    const char *path, const char *client, unsigned flags, int passphrase_fd, struct earshot **out)
{
	char *where = NULL;
	bool usual;
	*out = NULL;
	tr_bind();
	int err = socket_path(path, &where, &usual);
	if (!err)
		err = connect_to(where, usual, client, flags, passphrase_fd, out);
	free(where);
	return err;
}
