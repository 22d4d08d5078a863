#define _GNU_SOURCE /* accept4 */
#include "transfer/socks5.h"

#include "base/clock.h"
#include "base/err.h"
#include "base/limits.h"
#include "base/log.h"
#include "discovery/address.h"
#include "transfer/carrier.h"
#include "transfer/socks5_conn.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { TICK_MS = 1000, BACKLOG = 16, TURN = 16 };

struct listener {
	uv_poll_t poll;
	int fd; /* owned */
	struct socks5_server *server;
};

struct guest {
	struct socks5_conn *conn; /* owned; NULL: the place is free */
	struct sockaddr_storage from;
	uint64_t until;
};

struct socks5_server {
	uv_timer_t timer; /* runs while there are guests, or descriptors are short */
	uv_loop_t *loop;
	struct listener *listener; /* owned; NULL while nobody is expected */
	struct list expected;
	struct guest guests[LIMIT_SOCKS5_PENDING];
	bool tired; /* no descriptors left: the listener rests for a tick */
};

struct socks5_expected {
	struct list node;
	struct socks5_server *server; /* borrowed */
	char hash[SOCKS5_HASH_SIZE];
	socks5_allow_fn *allow;
	socks5_arrived_fn *arrived;
	void *ctx;
};

/* ---- guests: who has connected and not yet said for what ---- */

static void
dismiss(struct guest *g)
{
	socks5_conn_close(g->conn);
	g->conn = NULL;
}

/* Anybody who is expected from there. */
static bool
is_allowed(const struct socks5_server *s, const struct sockaddr_storage *from)
{
	LIST_FOREACH (node, &s->expected) {
		const struct socks5_expected *e = container_of(node, struct socks5_expected, node);
		if (e->allow(e->ctx, from))
			return true;
	}
	return false;
}

static struct socks5_expected *
find(const struct socks5_server *s, const char *hash, const struct sockaddr_storage *from)
{
	LIST_FOREACH (node, &s->expected) {
		struct socks5_expected *e = container_of(node, struct socks5_expected, node);
		if (strcmp(e->hash, hash) == 0 && (!from || e->allow(e->ctx, from)))
			return e;
	}
	return NULL;
}

static struct guest *
place_for(struct socks5_server *s, const struct sockaddr_storage *from)
{
	struct guest *place = NULL;
	unsigned same = 0;
	for (size_t i = 0; i < LIMIT_SOCKS5_PENDING; i++) {
		if (!s->guests[i].conn)
			place = &s->guests[i];
		else if (address_same_host(&s->guests[i].from, from))
			same++;
	}
	return same < LIMIT_SOCKS5_SOURCE ? place : NULL;
}

static void
on_talked(struct socks5_conn *conn, int result)
{
	struct socks5_server *s = conn->owner;
	struct guest *g = s->guests;
	struct carrier_link link;
	while (g->conn != conn)
		g++;
	struct socks5_expected *e =
	    result == SOCKS5_DONE ? find(s, conn->talk.hash, &g->from) : NULL;
	struct socks5_say say;
	if (result == SOCKS5_DONE) {
		socks5_talk_answer(&conn->talk, e != NULL, &say);
		if (socks5_conn_say(conn, &say) != 0)
			e = NULL;
	}
	if (!e) {
		dismiss(g);
		return;
	}
	carrier_link_init(&link);
	link.fd = socks5_conn_take(conn);
	dismiss(g);
	socks5_arrived_fn *arrived = e->arrived;
	void *ctx = e->ctx;
	socks5_forget(e);
	arrived(ctx, &link);
	carrier_link_finish(&link);
}

/* ---- listener ---- */

static void
on_listener_closed(uv_handle_t *h)
{
	free(h->data);
}

static void
close_listener(struct socks5_server *s)
{
	if (!s->listener)
		return;
	uv_close((uv_handle_t *)&s->listener->poll, on_listener_closed);
	(void)close(s->listener->fd);
	s->listener = NULL;
}

static void on_tick(uv_timer_t *timer);

static void
welcome(struct socks5_server *s, int fd, struct sockaddr_storage *from)
{
	address_unmap(from);
	struct guest *g = is_allowed(s, from) ? place_for(s, from) : NULL;
	if (!g) {
		(void)close(fd);
		return;
	}
	if (socks5_conn_create(s->loop, fd, NULL, on_talked, s, &g->conn) != 0)
		return;
	list_init(&g->conn->node);
	g->from = *from;
	g->until = clock_now() + LIMIT_SOCKS5_SECONDS * UINT64_C(1000);
	(void)uv_timer_start(&s->timer, on_tick, TICK_MS, TICK_MS);
}

static void
on_connection(uv_poll_t *poll, int status, int events)
{
	struct listener *l = poll->data;
	struct socks5_server *s = l->server;
	(void)status;
	(void)events;
	for (unsigned i = 0; i < TURN; i++) {
		struct sockaddr_storage from = {0};
		socklen_t len = sizeof(from);
		int fd =
		    accept4(l->fd, (struct sockaddr *)&from, &len, SOCK_NONBLOCK | SOCK_CLOEXEC);
		if (fd >= 0) {
			welcome(s, fd, &from);
			continue;
		}
		if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
			log_warn(
			    NULL, "no connection for a file can be taken now: %s", err_str(-errno));
			s->tired = true;
			(void)uv_poll_stop(poll);
			(void)uv_timer_start(&s->timer, on_tick, TICK_MS, TICK_MS);
		}
		return;
	}
}

static void
on_tick(uv_timer_t *timer)
{
	struct socks5_server *s = timer->data;
	uint64_t now = clock_now();
	bool any = false;
	for (size_t i = 0; i < LIMIT_SOCKS5_PENDING; i++) {
		struct guest *g = &s->guests[i];
		if (g->conn && now >= g->until)
			dismiss(g);
		any = any || g->conn;
	}
	if (s->tired && s->listener)
		(void)uv_poll_start(&s->listener->poll, UV_READABLE, on_connection);
	s->tired = false;
	if (!any)
		(void)uv_timer_stop(timer);
}

/* Both families in one socket; where there is no IPv6, IPv4 alone. */
static int
bind_any(int *out)
{
	struct sockaddr_in6 six = {.sin6_family = AF_INET6, .sin6_addr = IN6ADDR_ANY_INIT};
	struct sockaddr_in four = {.sin_family = AF_INET};
	int kind = SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, off = 0, err = 0;
	int fd = socket(AF_INET6, kind, 0);
	if (fd >= 0 && setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof(off)) == 0 &&
	    bind(fd, (struct sockaddr *)&six, sizeof(six)) == 0 && listen(fd, BACKLOG) == 0) {
		*out = fd;
		return 0;
	}
	if (fd >= 0)
		(void)close(fd);
	fd = socket(AF_INET, kind, 0);
	if (fd < 0 || bind(fd, (struct sockaddr *)&four, sizeof(four)) < 0 ||
	    listen(fd, BACKLOG) < 0)
		err = -errno;
	if (err && fd >= 0)
		(void)close(fd);
	*out = fd;
	return err;
}

static int
open_listener(struct socks5_server *s)
{
	struct listener *l = calloc(1, sizeof(*l));
	int err = l ? bind_any(&l->fd) : -ENOMEM;
	if (err) {
		free(l);
		return err;
	}
	err = uv_poll_init(s->loop, &l->poll, l->fd);
	if (err) {
		(void)close(l->fd);
		free(l);
		return err;
	}
	l->poll.data = l;
	l->server = s;
	s->listener = l;
	err = uv_poll_start(&l->poll, UV_READABLE, on_connection);
	if (err)
		close_listener(s);
	return err;
}

/* ---- server ---- */

int
socks5_server_create(uv_loop_t *loop, struct socks5_server **out)
{
	struct socks5_server *s = calloc(1, sizeof(*s));
	if (!s)
		return -ENOMEM;
	list_init(&s->expected);
	s->loop = loop;
	(void)uv_timer_init(loop, &s->timer);
	s->timer.data = s;
	*out = s;
	return 0;
}

static void
on_timer_closed(uv_handle_t *h)
{
	free(h->data);
}

/* With the last who is expected all guests go: nobody can be for anything. */
static void
settle(struct socks5_server *s)
{
	if (!list_empty(&s->expected))
		return;
	close_listener(s);
	for (size_t i = 0; i < LIMIT_SOCKS5_PENDING; i++)
		if (s->guests[i].conn)
			dismiss(&s->guests[i]);
	(void)uv_timer_stop(&s->timer);
}

void
socks5_server_close(struct socks5_server *s)
{
	if (!s)
		return;
	LIST_FOREACH (node, &s->expected)
		free(container_of(node, struct socks5_expected, node));
	list_init(&s->expected);
	settle(s);
	uv_close((uv_handle_t *)&s->timer, on_timer_closed);
}

int
socks5_expect(struct socks5_server *s, const char *hash, socks5_allow_fn *allow,
    socks5_arrived_fn *arrived, void *ctx, struct socks5_expected **out)
{
	if (!socks5_hash_valid(hash))
		return -EINVAL;
	if (find(s, hash, NULL))
		return -EEXIST;
	struct socks5_expected *e = calloc(1, sizeof(*e));
	int err = e ? 0 : -ENOMEM;
	if (!err && !s->listener)
		err = open_listener(s);
	if (err) {
		free(e);
		return err;
	}
	e->server = s;
	memcpy(e->hash, hash, SOCKS5_HASH_SIZE);
	e->allow = allow;
	e->arrived = arrived;
	e->ctx = ctx;
	list_insert(&s->expected, &e->node);
	*out = e;
	return 0;
}

void
socks5_forget(struct socks5_expected *e)
{
	if (!e)
		return;
	struct socks5_server *s = e->server;
	list_remove(&e->node);
	free(e);
	settle(s);
}

uint16_t
socks5_server_port(const struct socks5_server *s)
{
	struct sockaddr_storage at = {0};
	socklen_t len = sizeof(at);
	if (!s->listener || getsockname(s->listener->fd, (struct sockaddr *)&at, &len) < 0)
		return 0;
	return address_port(&at);
}
