#include "stream/stream.h"

#include "base/bucket.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/log.h"
#include "base/str.h"
#include "stream/hub.h"
#include "stream/transport.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	PIECES = 128,             /* of one write */
	DIRECT_BYTES = 64 * 1024, /* so much is written without waiting for the loop's next turn */
};

/* in the log, of those who did not show who they are */
static const struct bucket_rate complaints = {.burst = 5, .per_second = 1};

void
stream_address_text(const struct sockaddr_storage *addr, char *out, size_t size)
{
	struct sockaddr_in four;
	struct sockaddr_in6 six;
	char text[INET6_ADDRSTRLEN] = "?";
	unsigned port = 0;
	if (addr->ss_family == AF_INET) {
		memcpy(&four, addr, sizeof(four));
		(void)inet_ntop(AF_INET, &four.sin_addr, text, sizeof(text));
		port = ntohs(four.sin_port);
	} else if (addr->ss_family == AF_INET6) {
		memcpy(&six, addr, sizeof(six));
		(void)inet_ntop(AF_INET6, &six.sin6_addr, text, sizeof(text));
		port = ntohs(six.sin6_port);
	}
	(void)snprintf(out, size, "[%s]:%u", text, port);
}

static void
log_end(const struct stream *s)
{
	char address[INET6_ADDRSTRLEN + 16];
	int err = engine_err(s->engine);
	const char *peer = s->to ? s->to : engine_peer(s->engine)->from;
	const char *detail = engine_detail(s->engine);
	enum log_level level = LOG_DEBUG;
	/* a flood of connections must not fill the disk with its story (N10) */
	if (err && s->met &&
	    (!engine_is_unknown(s->engine) ||
		bucket_take(&s->hub->complaints, complaints, 1, clock_now())))
		level = LOG_INFO;
	stream_address_text(&s->remote, address, sizeof(address));
	log_write(level, __FILE__, peer ? peer : address, "%s stream ended: %s%s%s",
	    s->incoming ? "incoming" : "outgoing", err ? err_str(err) : "orderly",
	    *detail ? ": " : "", detail);
}

static void
tell_sent(struct stream *s)
{
	if (s->sent == s->told)
		return;
	s->told = s->sent;
	if (s->hub->l->on_sent)
		s->hub->l->on_sent(s->hub->ctx, s, s->told);
}

/* All handles are closed: nothing of libuv's points to s any more. */
static void
destroy(struct stream *s)
{
	struct stream_hub *hub = s->hub;
	tell_sent(s); /* it may have ended in the turn of the loop that wrote */
	if (s->met)
		hub->l->on_closed(hub->ctx, s, engine_err(s->engine));
	list_remove(&s->node);
	list_remove(&s->pending_node);
	engine_destroy(s->engine);
	free(s->dial.addr);
	free(s->to);
	free(s);
	hub_stream_gone(hub);
}

void
stream_handle_closed(struct stream *s)
{
	if (--s->handles == 0)
		destroy(s);
}

static void
on_timer_closed(uv_handle_t *h)
{
	stream_handle_closed(h->data);
}

/* It is identified, or over. */
static void
not_unknown(struct stream *s)
{
	int err = engine_err(s->engine);
	enum admission_end how = ADMISSION_IDENTIFIED;
	if (engine_is_unknown(s->engine)) /* not every error is the other side's fault */
		how = err == -ETIMEDOUT || err <= ERR_XML ? ADMISSION_FAILED : ADMISSION_LEFT;
	admission_leave(s->hub->admission, &s->place, how, clock_now());
}

static void
shut(struct stream *s)
{
	if (s->closing)
		return;
	s->closing = true;
	log_end(s);
	not_unknown(s);
	dial_stop(s);
	transport_close(s->transport);
	uv_close((uv_handle_t *)&s->timer, on_timer_closed);
}

/* Hands everything that may go to the kernel. Calls no listener. */
static void
flush(struct stream *s)
{
	struct iovec iov[PIECES];
	uv_buf_t bufs[PIECES];
	while (s->transport && !s->closing && s->writing == 0) {
		size_t n = engine_batch(s->engine, iov, PIECES);
		if (n == 0)
			return;
		for (size_t i = 0; i < n; i++)
			bufs[i] = uv_buf_init(iov[i].iov_base, (unsigned)iov[i].iov_len);
		int done = transport_write(s->transport, bufs, (unsigned)n);
		if (done < 0) {
			engine_unwritable(s->engine, done, clock_now());
			return;
		}
		if (done == 0) {
			s->writing = n;
			return;
		}
		uint64_t ticket = engine_written(s->engine, n);
		if (ticket)
			s->sent = ticket;
	}
}

static void on_timer(uv_timer_t *timer);

static void
arm(struct stream *s)
{
	uint64_t at = engine_deadline(s->engine);
	uint64_t dial_at = dial_deadline(&s->dial);
	uint64_t now = clock_now();
	if (dial_at < at)
		at = dial_at;
	if (at == ENGINE_NEVER)
		(void)uv_timer_stop(&s->timer);
	else
		(void)uv_timer_start(&s->timer, on_timer, at > now ? at - now : 0, 0);
}

void
stream_settle(struct stream *s)
{
	if (s->closing)
		return;
	flush(s);
	if (engine_wants_tls(s->engine))
		secure_begin(s);
	if (!engine_is_unknown(s->engine))
		not_unknown(s);
	if (engine_is_over(s->engine))
		shut(s);
	else
		arm(s);
	if (s->sent != s->told)
		stream_schedule(s);
}

static void
on_timer(uv_timer_t *timer)
{
	struct stream *s = timer->data;
	uint64_t now = clock_now();
	dial_advance(s, now);
	engine_tick(s->engine, now);
	stream_settle(s);
}

static void
on_idle(uv_idle_t *idle)
{
	struct stream_hub *hub = idle->data;
	struct list now;
	list_init(&now);
	LIST_FOREACH (node, &hub->pending) {
		list_remove(node);
		list_insert(&now, node);
	}
	/* one by one from the front: a listener may close any of them */
	while (!list_empty(&now)) {
		struct list *node = now.next;
		list_remove(node);
		stream_run_pending(container_of(node, struct stream, pending_node));
	}
	if (list_empty(&hub->pending))
		(void)uv_idle_stop(idle);
}

void
stream_schedule(struct stream *s)
{
	if (s->pending_node.next)
		return;
	list_insert(&s->hub->pending, &s->pending_node);
	(void)uv_idle_start(&s->hub->idle, on_idle);
}

void
stream_run_pending(struct stream *s)
{
	s->direct = false;
	tell_sent(s);
	if (s->closing)
		return;
	if (s->asking) {
		s->asking = false;
		engine_ask(s->engine, clock_now());
	}
	dial_advance(s, clock_now());
	stream_settle(s);
}

void
stream_drop(struct stream *s)
{
	engine_abort(s->engine);
	stream_schedule(s);
}

/* ---- the engine's listener ---- */

static enum stream_security
on_security(void *ctx, const char *from)
{
	struct stream *s = ctx;
	const struct stream_listener *l = s->hub->l;
	if (!l->security)
		return STREAM_PLAIN;
	s->met = true;
	return l->security(s->hub->ctx, s, from);
}

static int
on_identify(void *ctx, const char *from, const char *to)
{
	struct stream *s = ctx;
	s->met = true;
	return s->hub->l->identify(s->hub->ctx, s, from, to);
}

static void
on_ready(void *ctx)
{
	struct stream *s = ctx;
	s->serial = ++s->hub->serial;
	flush(s); /* our header: the other side waits for it while we see to what follows */
	if (engine_is_ready(s->engine))
		s->hub->l->on_ready(s->hub->ctx, s);
}

static void
on_features(void *ctx, const struct xml_elem *features)
{
	struct stream *s = ctx;
	if (s->hub->l->on_features)
		s->hub->l->on_features(s->hub->ctx, s, features);
}

static void
on_stanza(void *ctx, const struct xml_elem *stanza)
{
	struct stream *s = ctx;
	s->hub->l->on_stanza(s->hub->ctx, s, stanza);
}

/* ---- the transport's listener ---- */

static void
on_data(void *ctx, const char *data, size_t len)
{
	struct stream *s = ctx;
	engine_bytes(s->engine, data, len, clock_now());
	stream_settle(s);
}

static void
on_secured(void *ctx)
{
	struct stream *s = ctx;
	secure_done(s);
	stream_settle(s);
}

static void
on_end(void *ctx, int err)
{
	struct stream *s = ctx;
	engine_lost(s->engine, err, clock_now());
	stream_settle(s);
}

static void
on_written(void *ctx, int err)
{
	struct stream *s = ctx;
	size_t n = s->writing;
	s->writing = 0;
	if (err) {
		engine_unwritable(s->engine, err, clock_now());
	} else {
		uint64_t ticket = engine_written(s->engine, n);
		if (ticket)
			s->sent = ticket;
	}
	stream_settle(s);
}

static void
on_transport_closed(void *ctx)
{
	struct stream *s = ctx;
	s->transport = NULL;
	stream_handle_closed(s);
}

static const struct transport_listener transport_listener = {.on_data = on_data,
    .on_secured = on_secured,
    .on_end = on_end,
    .on_written = on_written,
    .on_closed = on_transport_closed};

static int
create(struct stream_hub *hub, const struct engine_config *config, struct stream **out)
{
	static const struct engine_listener l = {.security = on_security,
	    .identify = on_identify,
	    .on_ready = on_ready,
	    .on_features = on_features,
	    .on_stanza = on_stanza};
	struct stream *s = calloc(1, sizeof(*s));
	if (!s)
		return -ENOMEM;
	s->hub = hub;
	s->incoming = config->incoming;
	list_init(&s->dial.attempts);
	int err = str_replace(&s->to, config->to);
	if (!err)
		err = engine_create(config, &l, s, clock_now(), &s->engine);
	if (err) {
		free(s->to);
		free(s);
		return err;
	}
	*out = s;
	return 0;
}

/* From here on only closed handles end it. */
static void
go_live(struct stream *s)
{
	(void)uv_timer_init(s->hub->loop, &s->timer);
	s->timer.data = s;
	s->handles = 1;
	list_insert(&s->hub->streams, &s->node);
	s->hub->stream_count++;
}

static void
start_reading(struct stream *s)
{
	int err = transport_read(s->transport, !s->paused);
	if (err)
		engine_lost(s->engine, err, clock_now());
}

void
stream_adopt(struct stream *s, struct transport *t, const struct sockaddr_storage *remote)
{
	s->transport = t;
	s->remote = *remote;
	transport_hand_over(t, &transport_listener, s);
	engine_opened(s->engine, clock_now());
	start_reading(s);
}

int
stream_create_incoming(struct stream_hub *hub, struct transport *t)
{
	struct engine_config config = {
	    .incoming = true, .self = &hub->self, .can_encrypt = hub->tls != NULL};
	struct stream *s = NULL;
	int err = create(hub, &config, &s);
	if (err)
		return err;
	go_live(s);
	s->handles++;
	s->transport = t;
	transport_hand_over(t, &transport_listener, s);
	err = transport_remote(t, &s->remote);
	admission_enter(hub->admission, &s->place, &s->remote);
	if (err)
		engine_lost(s->engine, err, clock_now());
	else
		start_reading(s);
	stream_settle(s);
	return 0;
}

int
stream_dial(struct stream_hub *hub, const struct stream_dial *dial, void *user, struct stream **out)
{
	struct engine_config config = {.separate_writes = dial->separate_writes,
	    .to = dial->to,
	    .self = &hub->self,
	    .can_encrypt = hub->tls != NULL,
	    .security = hub->tls ? dial->security : STREAM_PLAIN};
	struct stream *s = NULL;
	struct dial d = {0};
	if (hub->closing)
		return -ECANCELED;
	if (dial->security == STREAM_ENCRYPTED && !hub->tls)
		return -EOPNOTSUPP;
	if (dial->key && dial->security != STREAM_ENCRYPTED)
		return -EINVAL;
	int err = dial_init(&d, dial->addr, dial->addr_count);
	if (!err)
		err = create(hub, &config, &s);
	if (err) {
		free(d.addr);
		return err;
	}
	s->dial = d;
	list_init(&s->dial.attempts);
	s->remote = dial->addr[0];
	s->user = user;
	s->met = true;
	s->has_wanted_key = dial->key != NULL;
	if (dial->key)
		s->wanted_key = *dial->key;
	go_live(s);
	stream_schedule(s);
	*out = s;
	return 0;
}

int
stream_send(struct stream *s, struct buf *stanza, uint64_t *ticket)
{
	int err = engine_send(s->engine, stanza, ticket);
	if (err || s->writing)
		return err;
	/* The first of a turn goes at once, for speed; those behind it go together. */
	if (engine_is_ready(s->engine) &&
	    (!s->direct || engine_unsent_bytes(s->engine) >= DIRECT_BYTES)) {
		s->direct = true;
		flush(s);
	}
	stream_schedule(s);
	return 0;
}

void
stream_identify(struct stream *s)
{
	s->asking = true;
	stream_schedule(s);
}

void
stream_close(struct stream *s, int err)
{
	engine_close(s->engine, err, clock_now());
	stream_resume(s); /* or the peer's end tag would not be seen */
	stream_schedule(s);
}

static void
set_paused(struct stream *s, bool paused)
{
	if (s->paused == paused || s->closing)
		return;
	s->paused = paused;
	if (!s->transport)
		return;
	engine_paused(s->engine, paused, clock_now());
	int err = transport_read(s->transport, !paused);
	if (err)
		stream_drop(s);
	else
		arm(s);
}

void
stream_pause(struct stream *s)
{
	if (!engine_is_closing(s->engine))
		set_paused(s, true);
}

void
stream_resume(struct stream *s)
{
	set_paused(s, false);
}

void
stream_set_user(struct stream *s, void *user)
{
	s->user = user;
}

void *
stream_user(const struct stream *s)
{
	return s->user;
}

bool
stream_is_incoming(const struct stream *s)
{
	return s->incoming;
}

bool
stream_is_ready(const struct stream *s)
{
	return engine_is_ready(s->engine);
}

bool
stream_is_closing(const struct stream *s)
{
	return engine_is_closing(s->engine);
}

const char *
stream_peer_from(const struct stream *s)
{
	return engine_peer(s->engine)->from;
}

bool
stream_peer_is_v1(const struct stream *s)
{
	return engine_peer(s->engine)->is_v1;
}

const struct sockaddr_storage *
stream_remote(const struct stream *s)
{
	return &s->remote;
}

uint64_t
stream_idle(const struct stream *s)
{
	return clock_now() - engine_heard_at(s->engine);
}

size_t
stream_unsent(const struct stream *s)
{
	return engine_unsent(s->engine);
}

const char *
stream_error_condition(const struct stream *s)
{
	return engine_err(s->engine) == ERR_STREAM_ERROR ? engine_detail(s->engine) : "";
}

uint64_t
stream_serial(const struct stream *s)
{
	return s->serial;
}
