#define _GNU_SOURCE /* accept4 */
#include "transfer/http_server.h"

#include "base/err.h"
#include "base/limits.h"
#include "base/list.h"
#include "base/log.h"
#include "base/random.h"
#include "base/str.h"
#include "discovery/address.h"
#include "transfer/applesingle.h"
#include "transfer/carrier.h"
#include "transfer/http.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { HEAD_TIMEOUT = 10000 /* ms */, BACKLOG = 8, ANSWER_MOST = 4096 };

struct http_server {
	uv_loop_t *loop;
	int fd;
	uv_poll_t poll;
	unsigned handles; /* its own and those of clients, not yet closed */
	bool closing;
	struct list clients; /* struct client */
	size_t client_count;
	char path[1 + RANDOM_ID_SIZE]; /* "/", and what nobody can guess */
	char *name;                    /* owned */
	uint64_t size;
	struct sockaddr_storage at;
	const struct http_server_listener *l;
	void *ctx;
};

/* Somebody who has connected and not yet said what they want. */
struct client {
	struct list node;
	struct http_server *server;
	int fd; /* -1: given away */
	uv_poll_t poll;
	uv_timer_t timer;
	unsigned handles;
	char head[LIMIT_HTTP_HEAD];
	size_t len;
};

static void
free_if_closed(struct http_server *s)
{
	if (!s->closing || s->handles)
		return;
	free(s->name);
	free(s);
}

/* ---- one connection ---- */

static void
on_client_closed(uv_handle_t *h)
{
	struct client *c = h->data;
	struct http_server *s = c->server;
	if (--c->handles)
		return;
	if (c->fd >= 0)
		(void)close(c->fd);
	free(c);
	s->handles--;
	free_if_closed(s);
}

static void
drop(struct client *c)
{
	if (uv_is_closing((uv_handle_t *)&c->poll))
		return;
	list_remove(&c->node);
	c->server->client_count--;
	(void)uv_poll_stop(&c->poll);
	uv_close((uv_handle_t *)&c->poll, on_client_closed);
	uv_close((uv_handle_t *)&c->timer, on_client_closed);
}

/* Small, into a socket that nothing was written to: it takes all of it or is of no use. */
static bool
say(const struct client *c, const struct buf *answer)
{
	return !buf_err(answer) && send(c->fd, answer->data, answer->len,
				       MSG_NOSIGNAL | MSG_DONTWAIT) == (ssize_t)answer->len;
}

static void
refuse(struct client *c, int status)
{
	struct buf reply = BUF_INIT(ANSWER_MOST);
	http_refusal_write(&reply, status, c->server->size);
	(void)say(c, &reply);
	/* what they still send must not make the kernel drop what we said */
	(void)shutdown(c->fd, SHUT_WR);
	buf_finish(&reply);
	drop(c);
}

/* Hands the connection over, with a duplicate, as the poll goes on watching the descriptor until it
 * is closed. */
static void
give(struct client *c, const struct http_file *file)
{
	struct http_server *s = c->server;
	struct buf reply = BUF_INIT(ANSWER_MOST);
	struct carrier_link link;
	http_file_write(&reply, file);
	if (file->applesingle) {
		uint8_t apple[APPLESINGLE_HEAD];
		(void)!applesingle_write(apple, file->size);
		buf_add(&reply, apple, sizeof(apple));
	}
	carrier_link_init(&link);
	link.fd = dup(c->fd);
	bool said = link.fd >= 0 && say(c, &reply);
	buf_finish(&reply);
	drop(c); /* before the call, in which the server may be closed */
	if (said)
		s->l->on_get(s->ctx, file->from, &link);
	carrier_link_finish(&link);
}

static void
answer(struct client *c, const struct http_request *request)
{
	struct http_server *s = c->server;
	size_t len = strlen(s->path);
	struct http_file file = {.name = s->name, .size = s->size};
	if (request->method == HTTP_OTHER) {
		refuse(c, 501);
		return;
	}
	/* the name behind it is spelt in as many ways as there are clients */
	if (strncmp(request->target, s->path, len) != 0 || request->target[len] != '/') {
		refuse(c, 404);
		return;
	}
	file.applesingle = request->applesingle && s->size <= UINT32_MAX;
	if (request->has_range && !file.applesingle) {
		if (request->from >= s->size) {
			refuse(c, 416);
			return;
		}
		file.from = request->from;
	}
	if (request->method == HTTP_GET) {
		if (s->l->is_free(s->ctx))
			give(c, &file);
		else
			refuse(c, 503);
		return;
	}
	struct buf head = BUF_INIT(ANSWER_MOST);
	http_file_write(&head, &file);
	(void)say(c, &head);
	buf_finish(&head);
	(void)shutdown(c->fd, SHUT_WR);
	drop(c);
}

static void
on_client_ready(uv_poll_t *poll, int status, int events)
{
	struct client *c = poll->data;
	struct http_request request;
	size_t used;
	(void)events;
	ssize_t n = status ? -1 : recv(c->fd, c->head + c->len, sizeof(c->head) - c->len, 0);
	if (n < 0 && !status && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0) {
		drop(c);
		return;
	}
	c->len += (size_t)n;
	int err = http_request_read(c->head, c->len, &request, &used);
	if (err == -EAGAIN && c->len < sizeof(c->head))
		return;
	if (err)
		refuse(c, 400);
	else
		answer(c, &request);
}

static void
on_client_late(uv_timer_t *t)
{
	drop(t->data);
}

/* ---- the socket ---- */

/* Moves the descriptor. */
static int
add_client(struct http_server *s, int fd)
{
	struct client *c = calloc(1, sizeof(*c));
	if (!c || uv_poll_init(s->loop, &c->poll, fd) != 0) {
		free(c);
		(void)close(fd);
		return -ENOMEM;
	}
	c->server = s;
	c->fd = fd;
	c->poll.data = c->timer.data = c;
	c->handles = 2;
	s->handles++;
	s->client_count++;
	list_insert(&s->clients, &c->node);
	(void)uv_timer_init(s->loop, &c->timer);
	int err = uv_timer_start(&c->timer, on_client_late, HEAD_TIMEOUT, 0);
	if (!err)
		err = uv_poll_start(&c->poll, UV_READABLE, on_client_ready);
	if (err)
		drop(c);
	return err;
}

static void
on_knock(uv_poll_t *poll, int status, int events)
{
	struct http_server *s = poll->data;
	(void)events;
	for (int turn = 0; !status && turn < BACKLOG; turn++) {
		struct sockaddr_storage from = {0};
		socklen_t len = sizeof(from);
		int fd =
		    accept4(s->fd, (struct sockaddr *)&from, &len, SOCK_CLOEXEC | SOCK_NONBLOCK);
		if (fd < 0)
			return;
		address_unmap(&from);
		if (s->client_count >= LIMIT_HTTP_CLIENTS || !s->l->may_come(s->ctx, &from)) {
			log_debug(NULL, "a connection for a file was closed: %s",
			    s->client_count >= LIMIT_HTTP_CLIENTS ? "there are too many"
								  : "it comes from somebody else");
			(void)close(fd);
			continue;
		}
		(void)!add_client(s, fd);
	}
}

static int
listen_at(struct http_server *s, const struct sockaddr_storage *local)
{
	socklen_t len =
	    local->ss_family == AF_INET6 ? sizeof(struct sockaddr_in6) : sizeof(struct sockaddr_in);
	s->at = *local;
	address_set_port(&s->at, 0);
	s->fd = socket(local->ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (s->fd < 0)
		return -errno;
	socklen_t got = sizeof(s->at);
	if (bind(s->fd, (const struct sockaddr *)&s->at, len) < 0 || listen(s->fd, BACKLOG) < 0 ||
	    getsockname(s->fd, (struct sockaddr *)&s->at, &got) < 0)
		return -errno;
	return 0;
}

int
http_server_create(
    uv_loop_t *loop, const struct http_server_config *config, struct http_server **out)
{
	struct http_server *s = calloc(1, sizeof(*s));
	if (!s)
		return -ENOMEM;
	s->loop = loop;
	s->fd = -1;
	s->size = config->size;
	s->l = config->l;
	s->ctx = config->ctx;
	list_init(&s->clients);
	s->path[0] = '/';
	random_id(s->path + 1);
	int err = str_replace(&s->name, config->name);
	if (!err)
		err = listen_at(s, config->local);
	if (!err)
		err = uv_poll_init(loop, &s->poll, s->fd);
	if (err) {
		if (s->fd >= 0)
			(void)close(s->fd);
		free(s->name);
		free(s);
		return err;
	}
	s->poll.data = s;
	s->handles = 1;
	err = uv_poll_start(&s->poll, UV_READABLE, on_knock);
	if (err)
		http_server_close(s);
	else
		*out = s;
	return err;
}

static void
on_server_closed(uv_handle_t *h)
{
	struct http_server *s = h->data;
	(void)close(s->fd);
	s->handles--;
	free_if_closed(s);
}

void
http_server_close(struct http_server *s)
{
	if (!s || s->closing)
		return;
	s->closing = true;
	LIST_FOREACH (node, &s->clients)
		drop(container_of(node, struct client, node));
	(void)uv_poll_stop(&s->poll);
	uv_close((uv_handle_t *)&s->poll, on_server_closed);
}

void
http_server_url(const struct http_server *s, struct buf *out)
{
	buf_str(out, "http://");
	http_host_write(out, &s->at);
	buf_str(out, s->path);
	buf_char(out, '/');
	http_encode(out, s->name);
}
