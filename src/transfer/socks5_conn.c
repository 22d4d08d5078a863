#include "transfer/socks5_conn.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

static void
on_closed(uv_handle_t *h)
{
	free(h->data);
}

void
socks5_conn_close(struct socks5_conn *c)
{
	list_remove(&c->node);
	uv_close((uv_handle_t *)&c->poll, on_closed);
	if (c->fd >= 0)
		(void)close(c->fd);
	c->fd = -1;
}

int
socks5_conn_take(struct socks5_conn *c)
{
	int fd = c->fd;
	(void)uv_poll_stop(&c->poll);
	c->fd = -1;
	return fd;
}

int
socks5_conn_say(struct socks5_conn *c, const struct socks5_say *say)
{
	if (!say->len)
		return 0;
	ssize_t n = send(c->fd, say->bytes, say->len, MSG_NOSIGNAL);
	return n == (ssize_t)say->len ? 0 : n < 0 && errno != EAGAIN ? -errno : -ECONNRESET;
}

static int
connected(const struct socks5_conn *c)
{
	int err = 0;
	socklen_t len = sizeof(err);
	if (getsockopt(c->fd, SOL_SOCKET, SO_ERROR, &err, &len) < 0)
		return -errno;
	return -err;
}

/* 0 when more has to come. Bounded by what SOCKS5 can be. */
static int
take(struct socks5_conn *c)
{
	for (;;) {
		struct socks5_talk *t = &c->talk;
		struct socks5_say say;
		ssize_t n = recv(c->fd, t->in + t->have, t->need - t->have, 0);
		if (n == 0)
			return -ECONNRESET;
		if (n < 0)
			return errno == EAGAIN || errno == EINTR ? 0 : -errno;
		t->have += (size_t)n;
		if (t->have < t->need)
			continue;
		int result = socks5_talk_took(t, &say);
		int err = socks5_conn_say(c, &say);
		if (result || err)
			return result ? result : err;
	}
}

static void on_ready(uv_poll_t *poll, int status, int events);

static int
begin(struct socks5_conn *c)
{
	int err = connected(c);
	c->connecting = false;
	if (!err)
		err = socks5_conn_say(c, &c->first);
	return err ? err : uv_poll_start(&c->poll, UV_READABLE, on_ready);
}

static void
on_ready(uv_poll_t *poll, int status, int events)
{
	struct socks5_conn *c = poll->data;
	(void)events;
	int result = c->connecting ? begin(c) : status < 0 ? status : take(c);
	if (!result)
		return;
	(void)uv_poll_stop(poll);
	c->done(c, result);
}

int
socks5_conn_create(uv_loop_t *loop, int fd, const char *hash, socks5_conn_fn *done, void *owner,
    struct socks5_conn **out)
{
	struct socks5_conn *c = calloc(1, sizeof(*c));
	int err = c ? uv_poll_init(loop, &c->poll, fd) : -ENOMEM;
	if (err) {
		(void)close(fd);
		free(c);
		return err;
	}
	c->poll.data = c;
	c->fd = fd;
	c->done = done;
	c->owner = owner;
	c->connecting = hash != NULL;
	if (hash)
		socks5_talk_client(&c->talk, hash, &c->first);
	else
		socks5_talk_server(&c->talk);
	err = uv_poll_start(&c->poll, hash ? UV_WRITABLE : UV_READABLE, on_ready);
	if (err) {
		socks5_conn_close(c);
		return err;
	}
	*out = c;
	return 0;
}
