#define _GNU_SOURCE /* SOCK_NONBLOCK */
#include "base/clock.h"
#include "base/limits.h"
#include "transfer/carrier.h"
#include "transfer/socks5_conn.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct socks5_dial {
	uv_timer_t timer;
	struct list attempts;
	struct sockaddr_storage at[LIMIT_ADDRESSES];
	struct socks5_conn *tried[LIMIT_ADDRESSES]; /* NULL: not yet, or it failed */
	size_t count, next;
	char hash[SOCKS5_HASH_SIZE];
	uint64_t gap, next_at, deadline;
	socks5_dialled_fn *dialled;
	void *ctx;
	int err; /* of the last that failed */
};

static void
on_timer_closed(uv_handle_t *h)
{
	free(h->data);
}

static void
stop(struct socks5_dial *d)
{
	LIST_FOREACH (node, &d->attempts)
		socks5_conn_close(container_of(node, struct socks5_conn, node));
	uv_close((uv_handle_t *)&d->timer, on_timer_closed);
}

static void
finish(struct socks5_dial *d, int err, size_t index, int fd)
{
	struct carrier_link link;
	carrier_link_init(&link);
	link.fd = fd;
	stop(d);
	d->dialled(d->ctx, err, index, err ? NULL : &link);
	carrier_link_finish(&link);
}

static void on_timer(uv_timer_t *timer);

static void
wake_at(struct socks5_dial *d, uint64_t at)
{
	uint64_t now = clock_now();
	(void)uv_timer_start(&d->timer, on_timer, at > now ? at - now : 0, 0);
}

static void
on_talked(struct socks5_conn *conn, int result)
{
	struct socks5_dial *d = conn->owner;
	size_t index = 0;
	while (d->tried[index] != conn)
		index++;
	if (result == SOCKS5_DONE) {
		finish(d, 0, index, socks5_conn_take(conn));
		return;
	}
	d->err = result;
	d->tried[index] = NULL;
	socks5_conn_close(conn);
	wake_at(d, 0); /* the next at once */
	d->next_at = 0;
}

static int
try_one(struct socks5_dial *d, size_t index)
{
	const struct sockaddr_storage *to = &d->at[index];
	socklen_t len =
	    to->ss_family == AF_INET6 ? sizeof(struct sockaddr_in6) : sizeof(struct sockaddr_in);
	int fd = socket(to->ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	if (connect(fd, (const struct sockaddr *)to, len) < 0 && errno != EINPROGRESS) {
		int err = -errno;
		(void)close(fd);
		return err;
	}
	int err = socks5_conn_create(d->timer.loop, fd, d->hash, on_talked, d, &d->tried[index]);
	if (!err)
		list_insert(&d->attempts, &d->tried[index]->node);
	return err;
}

static void
on_timer(uv_timer_t *timer)
{
	struct socks5_dial *d = timer->data;
	uint64_t now = clock_now();
	while (d->next < d->count && now >= d->next_at) {
		int err = try_one(d, d->next++);
		if (err)
			d->err = err;
		else
			d->next_at = now + d->gap;
	}
	if (now >= d->deadline || (d->next == d->count && list_empty(&d->attempts)))
		finish(d, now >= d->deadline ? -ETIMEDOUT : d->err, 0, -1);
	else
		wake_at(
		    d, d->next < d->count && d->next_at < d->deadline ? d->next_at : d->deadline);
}

int
socks5_dial(uv_loop_t *loop, const struct sockaddr_storage *candidates, size_t count,
    const char *hash, unsigned gap_ms, unsigned deadline_ms, socks5_dialled_fn *dialled, void *ctx,
    struct socks5_dial **out)
{
	if (!count || !socks5_hash_valid(hash))
		return -EINVAL;
	struct socks5_dial *d = calloc(1, sizeof(*d));
	if (!d)
		return -ENOMEM;
	list_init(&d->attempts);
	d->count = count < LIMIT_ADDRESSES ? count : LIMIT_ADDRESSES;
	memcpy(d->at, candidates, d->count * sizeof(d->at[0]));
	memcpy(d->hash, hash, SOCKS5_HASH_SIZE);
	d->gap = gap_ms;
	d->deadline = clock_now() + deadline_ms;
	d->dialled = dialled;
	d->ctx = ctx;
	(void)uv_timer_init(loop, &d->timer);
	d->timer.data = d;
	wake_at(d, 0); /* from the loop: nothing is reported inside this call */
	*out = d;
	return 0;
}

void
socks5_dial_stop(struct socks5_dial *d)
{
	if (d)
		stop(d);
}
