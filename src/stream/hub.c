#include "stream/hub.h"

#include "base/clock.h"
#include "base/err.h"
#include "base/log.h"
#include "base/random.h"
#include "base/str.h"
#include "stream/listen.h"
#include "stream/transport.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

enum {
	CLOSE_MS = 1000,       /* for streams to end politely */
	ACCEPT_AGAIN_MS = 200, /* after there was no memory for a connection */
};

static void
on_hub_handle_closed(uv_handle_t *h)
{
	struct stream_hub *hub = h->data;
	if (--hub->handles > 0)
		return;
	void (*done)(void *ctx) = hub->done;
	void *ctx = hub->done_ctx;
	admission_destroy(hub->admission);
	free(hub->name);
	free(hub->features);
	free(hub);
	if (done)
		done(ctx);
}

static void
close_handle(uv_handle_t *h)
{
	if (h->data && !uv_is_closing(h))
		uv_close(h, on_hub_handle_closed);
}

static void
close_listening(struct stream_hub *hub)
{
	for (size_t i = 0; i < ARRAY_LEN(hub->listening); i++)
		close_handle((uv_handle_t *)&hub->listening[i]);
}

static void
close_rest(struct stream_hub *hub)
{
	close_handle((uv_handle_t *)&hub->idle);
	close_handle((uv_handle_t *)&hub->timer);
}

void
hub_stream_gone(struct stream_hub *hub)
{
	hub->stream_count--;
	if (hub->closing && hub->stream_count == 0)
		close_rest(hub);
}

/* A flood of connections must neither eat memory nor keep known people out (N10). */
static bool
has_room(struct stream_hub *hub, const struct sockaddr_storage *from)
{
	struct admission_place *victim = NULL;
	if (hub->stream_count >= hub->stream_limit ||
	    !admission_allows(hub->admission, from, clock_now(), &victim))
		return false;
	if (victim)
		stream_drop(container_of(victim, struct stream, place));
	return true;
}

static void
on_refused_closed(void *ctx)
{
	(void)ctx;
}

static void on_timer(uv_timer_t *timer);

static void
accept_one(struct stream_hub *hub, size_t which)
{
	static const struct transport_listener refused = {.on_closed = on_refused_closed};
	struct sockaddr_storage from;
	struct transport *t = NULL;
	int err = transport_create(hub->loop, AF_UNSPEC, hub->scratch, &refused, NULL, &t);
	if (err) {
		/* libuv keeps the connection and accepts no other until this one is taken */
		hub->refused[which] = true;
		(void)uv_timer_start(&hub->timer, on_timer, ACCEPT_AGAIN_MS, 0);
		return;
	}
	err = transport_accept(t, (uv_stream_t *)&hub->listening[which]);
	if (!err)
		err = transport_remote(t, &from);
	if (!err && !has_room(hub, &from))
		err = -EUSERS;
	if (!err)
		err = stream_create_incoming(hub, t);
	if (err) {
		log_debug(NULL, "connection refused: %s", err_str(err));
		transport_close(t);
	}
}

static void
on_connection(uv_stream_t *listening, int err)
{
	struct stream_hub *hub = listening->data;
	if (hub->closing)
		return;
	if (err) /* too many open files: libuv has turned the caller away */
		log_debug(NULL, "cannot accept: %s", err_str(err));
	else
		accept_one(hub, listening != (uv_stream_t *)&hub->listening[0]);
}

static void
on_timer(uv_timer_t *timer)
{
	struct stream_hub *hub = timer->data;
	if (hub->closing) {
		LIST_FOREACH (node, &hub->streams)
			stream_drop(container_of(node, struct stream, node));
		return;
	}
	for (size_t i = 0; i < ARRAY_LEN(hub->refused); i++) {
		if (!hub->refused[i])
			continue;
		hub->refused[i] = false;
		accept_one(hub, i);
	}
}

/* Takes fd over. */
static int
listen_to(struct stream_hub *hub, uv_tcp_t *listening, int fd)
{
	int err = uv_tcp_init(hub->loop, listening);
	if (err) {
		close(fd);
		return err;
	}
	listening->data = hub;
	hub->handles++;
	err = uv_tcp_open(listening, fd);
	if (err) {
		close(fd);
		return err;
	}
	return uv_listen((uv_stream_t *)listening, SOMAXCONN, on_connection);
}

static int
open_handles(struct stream_hub *hub, const int fds[2])
{
	(void)uv_idle_init(hub->loop, &hub->idle);
	(void)uv_timer_init(hub->loop, &hub->timer);
	hub->idle.data = hub->timer.data = hub;
	hub->handles = 2;
	int err = 0;
	for (size_t i = 0; i < ARRAY_LEN(hub->listening); i++) {
		if (fds[i] < 0)
			continue;
		if (err)
			close(fds[i]);
		else
			err = listen_to(hub, &hub->listening[i], fds[i]);
	}
	return err;
}

/* The store and the local socket need descriptors even when all the world connects. */
static size_t
stream_limit(void)
{
	struct rlimit files;
	if (getrlimit(RLIMIT_NOFILE, &files) != 0)
		return LIMIT_STREAMS;
	rlim_t spare = LIMIT_FILES_SPARE, most = files.rlim_cur;
	most = most / 2 > spare ? most - spare : most / 2;
	return most < LIMIT_STREAMS ? (size_t)most : LIMIT_STREAMS;
}

int
stream_hub_create(uv_loop_t *loop, const struct stream_hub_config *config,
    const struct stream_listener *l, void *ctx, struct stream_hub **out)
{
	int fds[2];
	struct stream_hub *hub = calloc(1, sizeof(*hub));
	if (!hub)
		return -ENOMEM;
	hub->loop = loop;
	hub->l = l;
	hub->ctx = ctx;
	hub->tls = config->tls;
	list_init(&hub->streams);
	list_init(&hub->pending);
	hub->stream_limit = stream_limit();
	int err = stream_hub_set_features(hub, config->features);
	if (!err)
		err = admission_create(random_below, &hub->admission);
	if (!err)
		err = listen_pair(config->port, fds, &hub->port);
	if (err) {
		admission_destroy(hub->admission);
		free(hub->features);
		free(hub);
		return err;
	}
	err = open_handles(hub, fds);
	if (err) {
		stream_hub_close(hub, NULL, NULL);
		return err;
	}
	*out = hub;
	return 0;
}

void
stream_hub_close(struct stream_hub *hub, void (*done)(void *ctx), void *ctx)
{
	if (hub->closing)
		return;
	hub->closing = true;
	hub->done = done;
	hub->done_ctx = ctx;
	close_listening(hub);
	LIST_FOREACH (node, &hub->streams)
		stream_close(container_of(node, struct stream, node), 0);
	if (hub->stream_count == 0)
		close_rest(hub);
	else
		(void)uv_timer_start(&hub->timer, on_timer, CLOSE_MS, 0);
}

uint16_t
stream_hub_port(const struct stream_hub *hub)
{
	return hub->port;
}

int
stream_hub_set_known(struct stream_hub *hub, const struct sockaddr_storage *addr, size_t count)
{
	return admission_set_known(hub->admission, addr, count);
}

size_t
stream_hub_count(const struct stream_hub *hub)
{
	return hub->stream_count;
}

int
stream_hub_set_name(struct stream_hub *hub, const char *name)
{
	int err = str_replace(&hub->name, name);
	hub->self.name = hub->name;
	return err;
}

int
stream_hub_set_features(struct stream_hub *hub, const char *features)
{
	int err = str_replace(&hub->features, features);
	hub->self.features = hub->features;
	return err;
}

int
stream_local(const struct stream *s, struct sockaddr_storage *out)
{
	return s->transport ? transport_local(s->transport, out) : -ENOTCONN;
}
