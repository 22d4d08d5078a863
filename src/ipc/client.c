/* One client's connection: bytes in, calls out of them; answers and events into bytes. */
#define _GNU_SOURCE /* MSG_CMSG_CLOEXEC */
#include "base/err.h"
#include "base/log.h"
#include "base/tr.h"
#include "ipc/internal.h"
#include "wire/rpc.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
	WRITE_EARLY = 128 * 1024, /* not before the turn ends, unless this much has come together */
	KEEP_OUT = 16 * 1024,     /* what an idle client's queue may keep */
};

static void
drop_fds(struct ipc_client *c)
{
	while (c->fd_count > 0)
		close(c->fds[--c->fd_count]);
}

static void
on_client_closed(uv_handle_t *h)
{
	struct ipc_client *c = container_of(h, struct ipc_client, poll);
	struct ipc_server *s = c->server;
	list_remove(&c->node); /* not earlier: somebody may be walking along the list */
	drop_fds(c);
	close(c->fd); /* not earlier: libuv may still look at it */
	frame_reader_finish(&c->in);
	buf_finish(&c->out);
	free(c);
	server_handle_closed(s);
}

void
client_close(struct ipc_client *c)
{
	if (c->closing)
		return;
	c->closing = true;
	call_drop_all(c);
	replay_stop(c);
	client_drop_topics(c);
	c->server->client_count--;
	(void)shutdown(c->fd, SHUT_RDWR); /* the client is told now, not a turn later */
	uv_close((uv_handle_t *)&c->poll, on_client_closed);
	if (c->server->closing)
		server_wake(c->server); /* it may have waited for this one */
}

size_t
client_unsent(const struct ipc_client *c)
{
	return c->out.len - c->sent;
}

static void
write_out(struct ipc_client *c)
{
	while (client_unsent(c) > 0) {
		ssize_t n = send(
		    c->fd, c->out.data + c->sent, client_unsent(c), MSG_NOSIGNAL | MSG_DONTWAIT);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno == EAGAIN) {
			c->blocked = true;
			return;
		}
		if (n < 0) {
			client_close(c); /* it left: nothing worth a word in the log */
			return;
		}
		c->sent += (size_t)n;
	}
	c->blocked = false;
	c->sent = 0;
	if (c->out.cap > KEEP_OUT)
		buf_finish(&c->out);
	else
		buf_clear(&c->out);
}

static bool
may_read(const struct ipc_client *c)
{
	return !c->at_end && !c->cut && !c->placing && !c->server->closing &&
	       c->call_count < LIMIT_CLIENT_CALLS && c->call_bytes < LIMIT_CLIENT_CALL_BYTES;
}

static void on_client_poll(uv_poll_t *h, int status, int events);

static void
watch(struct ipc_client *c)
{
	bool here = frame_reader_ready(&c->in); /* work off what is here before taking more */
	bool reads = c->cut ? !c->at_end : may_read(c) && !here;
	int wanted = (reads ? UV_READABLE : 0) | (c->blocked ? UV_WRITABLE : 0);
	if (wanted == c->watched)
		return;
	c->watched = wanted;
	int err = wanted ? uv_poll_start(&c->poll, wanted, on_client_poll) : uv_poll_stop(&c->poll);
	if (err) {
		log_warn(NULL, "client=%d cannot be watched: %s", c->fd, err_str(err));
		client_close(c);
	}
}

/* Calls that are unanswered stay so: whether they were done is told no more than by a connection
 * that breaks. What has been queued is whole lines, so the notice, too, is a line of its own. */
void
client_cut(struct ipc_client *c, const char *sentence)
{
	if (c->closing || c->cut)
		return;
	struct value *params = value_object();
	if (c->place >= 0)
		value_set_int(params, "since", c->place);
	value_set_str(params, "message", sentence);
	rpc_write_notification(&c->out, "cut-off", params, 0);
	value_free(params);
	if (buf_err(&c->out)) {
		client_close(c);
		return;
	}
	c->cut = true;
	call_drop_all(c);
	replay_stop(c);
	client_drop_topics(c);
	c->cut_until = uv_now(c->server->loop) + c->server->patience;
	server_await_cut(c->server);
	server_wake(c->server);
}

bool
client_send_line(struct ipc_client *c)
{
	const struct buf *line = &c->server->line;
	if (c->closing || c->cut)
		return false;
	if (c->sent > c->out.len / 2) {
		buf_consume(&c->out, c->sent);
		c->sent = 0;
	}
	if (client_unsent(c) + line->len > LIMIT_CLIENT_QUEUE) {
		log_warn(NULL, "client=%d reads too slowly, cut off", c->fd);
		client_cut(c, TR("This program reads too slowly, so too much waits for it."));
		return false;
	}
	buf_add(&c->out, line->data, line->len);
	if (buf_err(&c->out)) {
		log_error(NULL, "client=%d cut off: %s", c->fd, err_str(buf_err(&c->out)));
		client_close(c);
		return false;
	}
	/* The first of a turn goes at once: whoever waits for it should not wait for what else the
	 * turn brings. Those behind it go together. */
	if (!c->blocked && (!c->direct || client_unsent(c) >= WRITE_EARLY)) {
		c->direct = true;
		write_out(c);
	}
	if (!c->closing)
		server_wake(c->server);
	return true;
}

/* A request that is no request: answered as JSON-RPC says, and counted as a turn. */
static void
refuse(struct ipc_client *c, int code, const char *message)
{
	buf_clear(&c->server->line);
	rpc_write_error(&c->server->line, NULL, code, message, NULL, NULL);
	(void)client_send_line(c);
}

static void
take_line(struct ipc_client *c, const char *line, size_t len)
{
	struct value *message = NULL;
	int err = value_parse(line, len, &message);
	if (err == 0)
		call_run(c, message, len);
	else if (err == -ENOMEM)
		refuse(c, RPC_FAILED, TR("The daemon is out of memory."));
	else
		refuse(c, RPC_PARSE_ERROR, TR("This is no JSON object as the socket takes it."));
}

/* At most LIMIT_CLIENT_TURN calls, so that one busy client does not hold up the others. */
static void
take_lines(struct ipc_client *c)
{
	for (unsigned i = 0; i < LIMIT_CLIENT_TURN && !c->closing && may_read(c); i++) {
		const char *line;
		size_t len;
		int rc = frame_reader_next(&c->in, &line, &len);
		if (rc == 0)
			return;
		if (rc < 0) {
			log_warn(NULL, "client=%d sent a line over the limit, cut off", c->fd);
			refuse(c, RPC_INVALID_REQUEST, TR("The call is too long."));
			c->at_end = true;
			return;
		}
		take_line(c, line, len);
	}
}

bool
client_turn(struct ipc_client *c)
{
	take_lines(c);
	replay_step(c);
	if (!c->closing && !c->blocked)
		write_out(c);
	c->direct = false;
	if (!c->closing && (c->at_end || c->cut) && !c->blocked && c->call_count == 0)
		client_close(c);
	if (!c->closing)
		watch(c);
	return !c->closing && ((may_read(c) && frame_reader_ready(&c->in)) || replay_ready(c));
}

/* Keeps the descriptors of one read; false: more than a call may bring. */
static bool
keep_fds(struct ipc_client *c, struct msghdr *msg)
{
	bool fits = !(msg->msg_flags & MSG_CTRUNC);
	for (struct cmsghdr *h = CMSG_FIRSTHDR(msg); h; h = CMSG_NXTHDR(msg, h)) {
		if (h->cmsg_level != SOL_SOCKET || h->cmsg_type != SCM_RIGHTS)
			continue;
		size_t count = (h->cmsg_len - CMSG_LEN(0)) / sizeof(int);
		for (size_t i = 0; i < count; i++) {
			int fd;
			memcpy(&fd, CMSG_DATA(h) + i * sizeof(int), sizeof(fd));
			if (c->fd_count < sizeof(c->fds) / sizeof(c->fds[0])) {
				c->fds[c->fd_count++] = fd;
			} else {
				close(fd);
				fits = false;
			}
		}
	}
	return fits;
}

/* libuv's pipes cannot hand over descriptors, hence recvmsg() by hand. */
static void
read_in(struct ipc_client *c)
{
	union {
		struct cmsghdr align;
		char bytes[CMSG_SPACE(sizeof(int) * LIMIT_CALL_FDS)];
	} control;
	struct iovec iov = {
	    .iov_base = frame_reader_room(&c->in, LIMIT_CLIENT_READ),
	    .iov_len = LIMIT_CLIENT_READ,
	};
	struct msghdr msg = {
	    .msg_iov = &iov,
	    .msg_iovlen = 1,
	    .msg_control = control.bytes,
	    .msg_controllen = sizeof(control.bytes),
	};
	if (!iov.iov_base) {
		log_error(NULL, "client=%d cut off: %s", c->fd, err_str(-ENOMEM));
		client_close(c);
		return;
	}
	ssize_t n = recvmsg(c->fd, &msg, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n < 0) {
		client_close(c);
		return;
	}
	bool fits = keep_fds(c, &msg);
	if (n == 0) {
		/* it may have closed one direction only, as a script's pipe does: what it asked for
		 * is still answered */
		c->at_end = true;
		return;
	}
	if (c->cut) { /* else it might wait for us to read, and never come to the notice */
		drop_fds(c);
		return;
	}
	frame_reader_grew(&c->in, (size_t)n);
	if (!fits) {
		log_warn(NULL, "client=%d sent too many descriptors, cut off", c->fd);
		client_close(c);
	}
}

static void
on_client_poll(uv_poll_t *h, int status, int events)
{
	struct ipc_client *c = container_of(h, struct ipc_client, poll);
	struct ipc_server *s = c->server;
	if (status < 0) {
		client_close(c);
		return;
	}
	if (events & UV_WRITABLE)
		write_out(c);
	if (!c->closing && (events & UV_READABLE))
		read_in(c);
	if (!c->closing)
		take_lines(c);
	/* the answers are written at the end of the turn, together */
	if (!c->closing)
		server_wake(s);
}

int
client_create(struct ipc_server *s, int fd)
{
	struct ipc_client *c = calloc(1, sizeof(*c));
	int err = c ? uv_poll_init(s->loop, &c->poll, fd) : -ENOMEM;
	if (err) {
		free(c);
		close(fd);
		return err;
	}
	c->server = s;
	c->fd = fd;
	c->place = -1;
	frame_reader_init(&c->in, LIMIT_FRAME);
	/* the queue's own limit is checked before; here the sent part comes on top */
	buf_init(&c->out, 2 * (size_t)LIMIT_CLIENT_QUEUE + LIMIT_ANSWER);
	list_init(&c->calls);
	list_insert(&s->clients, &c->node);
	s->client_count++;
	s->handles++;
	watch(c);
	return 0;
}
