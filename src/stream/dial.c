#include "stream/hub.h"
#include "stream/transport.h"

#include "base/clock.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* After that the next address is tried as well; this one may still win. */
enum { NEXT_ADDRESS_MS = 3000 };

struct attempt {
	struct list node;
	struct stream *stream;       /* borrowed */
	struct transport *transport; /* owned */
	struct sockaddr_storage to;
};

int
dial_init(struct dial *d, const struct sockaddr_storage *addr, size_t count)
{
	list_init(&d->attempts);
	if (count == 0)
		return -EADDRNOTAVAIL;
	if (count > LIMIT_ADDRESSES)
		count = LIMIT_ADDRESSES;
	d->addr = calloc(count, sizeof(*addr));
	if (!d->addr)
		return -ENOMEM;
	memcpy(d->addr, addr, count * sizeof(*addr));
	d->count = count;
	d->active = true;
	return 0;
}

uint64_t
dial_deadline(const struct dial *d)
{
	return d->active && d->next < d->count ? d->next_at : ENGINE_NEVER;
}

static void
end_attempt(struct attempt *a)
{
	list_remove(&a->node);
	transport_close(a->transport);
}

void
dial_stop(struct stream *s)
{
	s->dial.active = false;
	LIST_FOREACH (node, &s->dial.attempts)
		end_attempt(container_of(node, struct attempt, node));
	free(s->dial.addr);
	s->dial.addr = NULL;
}

static void
on_closed(void *ctx)
{
	struct attempt *a = ctx;
	struct stream *s = a->stream;
	free(a);
	stream_handle_closed(s);
}

static void
on_connected(void *ctx, int err)
{
	struct attempt *a = ctx;
	struct stream *s = a->stream;
	struct transport *t = a->transport;
	struct sockaddr_storage to = a->to;
	if (err) {
		s->dial.err = err;
		s->dial.next_at = 0; /* no use waiting */
		end_attempt(a);
		dial_advance(s, clock_now());
	} else {
		list_remove(&a->node);
		free(a);
		dial_stop(s);
		stream_adopt(s, t, &to);
	}
	stream_settle(s);
}

static int
start(struct stream *s, const struct sockaddr_storage *to)
{
	static const struct transport_listener l = {
	    .on_connected = on_connected, .on_closed = on_closed};
	struct attempt *a = calloc(1, sizeof(*a));
	if (!a)
		return -ENOMEM;
	a->stream = s;
	a->to = *to;
	int err =
	    transport_create(s->hub->loop, to->ss_family, s->hub->scratch, &l, a, &a->transport);
	if (err) {
		free(a);
		return err;
	}
	s->handles++;
	err = transport_connect(a->transport, to);
	if (err)
		transport_close(a->transport); /* on_closed frees the attempt */
	else
		list_insert(&s->dial.attempts, &a->node);
	return err;
}

void
dial_advance(struct stream *s, uint64_t now)
{
	struct dial *d = &s->dial;
	if (engine_is_closing(s->engine))
		return;
	while (d->active && d->next < d->count && now >= d->next_at) {
		int err = start(s, &d->addr[d->next++]);
		if (err)
			d->err = err;
		else
			d->next_at = now + NEXT_ADDRESS_MS;
	}
	if (d->active && d->next == d->count && list_empty(&d->attempts))
		engine_lost(s->engine, d->err, now);
}
