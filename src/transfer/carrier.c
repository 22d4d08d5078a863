#include "transfer/carrier.h"

#include "base/clock.h"
#include "tls/channel.h"
#include "transfer/rate.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

enum { TELL_MS = 100, NS_PER_MS = 1000000, DIGEST = 32 };

/* What the thread has for the loop to tell. */
struct news {
	uint64_t bytes, offset;
	uint8_t digest[DIGEST];
	bool checkpoint, ended;
	int err;
};

struct carrier {
	uv_async_t async;
	uv_thread_t thread;
	carrier_fn *fn;
	void *arg;                        /* borrowed */
	const struct carrier_listener *l; /* borrowed */
	void *ctx;                        /* borrowed */
	int stop;                         /* owned; an eventfd, readable once it is to stop */
	atomic_bool stopped;
	pthread_mutex_t lock;
	struct news news; /* under the lock */
	uint64_t told;    /* bytes; the loop's own */
	int err;          /* the loop's own, once it has ended */
	/* the thread's own */
	uint64_t bytes, said, said_at;
};

/* ---- loop thread ---- */

static void
on_closed(uv_handle_t *h)
{
	struct carrier *c = h->data;
	if (c->l)
		c->l->on_end(c->ctx, c->err);
	(void)close(c->stop);
	(void)pthread_mutex_destroy(&c->lock);
	free(c);
}

static void
on_news(uv_async_t *async)
{
	struct carrier *c = async->data;
	(void)pthread_mutex_lock(&c->lock);
	struct news news = c->news;
	c->news.checkpoint = c->news.ended = false;
	(void)pthread_mutex_unlock(&c->lock);
	if (news.bytes != c->told && c->l->on_progress)
		c->l->on_progress(c->ctx, news.bytes);
	c->told = news.bytes;
	if (news.checkpoint && c->l->on_checkpoint)
		c->l->on_checkpoint(c->ctx, news.offset, news.digest);
	if (!news.ended)
		return;
	(void)uv_thread_join(&c->thread); /* it has said its last word */
	c->err = news.err;
	uv_close((uv_handle_t *)async, on_closed);
}

static void
run(void *arg)
{
	struct carrier *c = arg;
	int err = c->fn(c, c->arg);
	(void)pthread_mutex_lock(&c->lock);
	c->news.bytes = c->bytes;
	c->news.err = err;
	c->news.ended = true;
	(void)pthread_mutex_unlock(&c->lock);
	(void)uv_async_send(&c->async);
}

int
carrier_start(uv_loop_t *loop, carrier_fn *fn, void *arg, const struct carrier_listener *l,
    void *ctx, struct carrier **out)
{
	struct carrier *c = calloc(1, sizeof(*c));
	if (!c)
		return -ENOMEM;
	c->fn = fn;
	c->arg = arg;
	c->ctx = ctx;
	int err = pthread_mutex_init(&c->lock, NULL) == 0 ? 0 : -ENOMEM;
	c->stop = err ? -1 : eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (!err && c->stop < 0)
		err = -errno;
	if (!err)
		err = uv_async_init(loop, &c->async, on_news);
	if (err) {
		if (c->stop >= 0)
			(void)close(c->stop);
		free(c);
		return err;
	}
	c->async.data = c;
	err = uv_thread_create(&c->thread, run, c);
	if (err) {
		uv_close((uv_handle_t *)&c->async, on_closed);
		return err;
	}
	c->l = l;
	*out = c;
	return 0;
}

void
carrier_stop(struct carrier *c)
{
	uint64_t one = 1;
	if (!atomic_exchange(&c->stopped, true))
		(void)!write(c->stop, &one, sizeof(one));
}

/* ---- its own thread ---- */

bool
carrier_stopped(const struct carrier *c)
{
	return atomic_load(&c->stopped);
}

static void
say(struct carrier *c)
{
	c->said = c->bytes;
	c->said_at = clock_now();
	(void)pthread_mutex_lock(&c->lock);
	c->news.bytes = c->bytes;
	(void)pthread_mutex_unlock(&c->lock);
	(void)uv_async_send(&c->async);
}

void
carrier_progress(struct carrier *c, uint64_t bytes)
{
	c->bytes += bytes;
	if (clock_now() - c->said_at >= TELL_MS)
		say(c);
}

void
carrier_checkpoint(struct carrier *c, uint64_t offset, const uint8_t digest[32])
{
	(void)pthread_mutex_lock(&c->lock);
	c->news.checkpoint = true;
	c->news.offset = offset;
	memcpy(c->news.digest, digest, DIGEST);
	(void)pthread_mutex_unlock(&c->lock);
	(void)uv_async_send(&c->async);
}

static int
until(uint64_t deadline, uint64_t now)
{
	if (deadline == UINT64_MAX)
		return -1;
	uint64_t left = deadline > now ? deadline - now : 0;
	return left < INT32_MAX ? (int)left : INT32_MAX;
}

int
carrier_wait(struct carrier *c, int fd, short events, int timeout_ms)
{
	struct pollfd fds[] = {{.fd = c->stop, .events = POLLIN}, {.fd = fd, .events = events}};
	uint64_t now = clock_now();
	uint64_t deadline = timeout_ms < 0 ? UINT64_MAX : now + (uint64_t)timeout_ms;
	for (;; now = clock_now()) {
		/* what was not said because it was too soon is not left unsaid by a stall */
		uint64_t say_at = c->said == c->bytes ? UINT64_MAX : c->said_at + TELL_MS;
		int n = poll(fds, 2, until(say_at < deadline ? say_at : deadline, now));
		if (carrier_stopped(c))
			return -ECANCELED;
		if (n < 0 && errno != EINTR)
			return -errno;
		if (n > 0)
			return (fds[1].revents & POLLNVAL) ? -EBADF : 0;
		now = clock_now();
		if (now >= say_at)
			say(c);
		if (now >= deadline)
			return -ETIMEDOUT;
	}
}

static uint64_t
monotonic_ns(void)
{
	struct timespec t = {0};
	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000 * NS_PER_MS + (uint64_t)t.tv_nsec;
}

int
carrier_pace(struct carrier *c, struct rate *rate, uint64_t bytes)
{
	uint64_t ns = rate ? rate_take(rate, bytes, monotonic_ns()) : 0;
	if (ns < NS_PER_MS)
		return carrier_stopped(c) ? -ECANCELED : 0;
	uint64_t ms = ns / NS_PER_MS;
	int err = carrier_wait(c, -1, 0, ms < INT32_MAX ? (int)ms : INT32_MAX);
	return err == -ETIMEDOUT ? 0 : err;
}

/* ---- links ---- */

void
carrier_link_init(struct carrier_link *link)
{
	*link = (struct carrier_link){.fd = -1};
}

void
carrier_link_finish(struct carrier_link *link)
{
	tls_channel_destroy(link->tls);
	if (link->fd >= 0)
		(void)close(link->fd);
	buf_finish(&link->early);
	carrier_link_init(link);
}

void
carrier_link_move(struct carrier_link *to, struct carrier_link *from)
{
	*to = *from;
	carrier_link_init(from);
}
