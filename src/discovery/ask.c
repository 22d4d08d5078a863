#include "discovery/ask.h"

#include <errno.h>

/* Held while sources are being asked, for one may fail before the next is asked. */
#define STILL_ASKING (1u << 31)

static void
finish(struct asks *a, struct ask *q)
{
	list_remove(&q->link);
	list_insert(&a->done, &q->link);
	if (q->good)
		q->err = 0;
	q->waiting = 0;
	if (list_empty(&a->open))
		uv_timer_stop(&a->timer);
	a->on_done(a->ctx);
}

static void
on_timer(uv_timer_t *t)
{
	struct asks *a = container_of(t, struct asks, timer);
	uint64_t now = uv_now(t->loop);
	while (!list_empty(&a->open)) {
		struct ask *q = container_of(a->open.next, struct ask, link);
		if (q->deadline > now) {
			(void)uv_timer_start(t, on_timer, q->deadline - now, 0);
			return;
		}
		q->err = -ETIMEDOUT;
		finish(a, q);
	}
}

void
asks_init(struct asks *a, uv_loop_t *loop, uint64_t within, void (*on_done)(void *ctx), void *ctx)
{
	a->within = within;
	a->on_done = on_done;
	a->ctx = ctx;
	list_init(&a->open);
	list_init(&a->done);
	(void)uv_timer_init(loop, &a->timer); /* cannot fail */
}

bool
ask_is_open(const struct ask *q)
{
	return q->link.next;
}

void
asks_open(struct asks *a, struct ask *q)
{
	uv_loop_t *loop = a->timer.loop;
	uv_update_time(loop);
	*q = (struct ask){
	    .deadline = uv_now(loop) + a->within, .waiting = STILL_ASKING, .err = -EPIPE};
	list_insert(&a->open, &q->link);
	if (!uv_is_active((uv_handle_t *)&a->timer))
		(void)uv_timer_start(&a->timer, on_timer, a->within, 0);
}

void
asks_expect(struct ask *q, unsigned source)
{
	q->waiting |= source;
}

void
asks_settle(struct asks *a, struct ask *q)
{
	q->waiting &= ~STILL_ASKING;
	if (!q->waiting)
		finish(a, q);
}

void
asks_answer(struct asks *a, struct ask *q, unsigned source, int err)
{
	if (!(q->waiting & source))
		return;
	q->waiting &= ~source;
	if (!err)
		q->good = true;
	else
		q->err = err;
	if (!q->waiting)
		finish(a, q);
}

void
asks_fail_source(struct asks *a, unsigned source, int err)
{
	LIST_FOREACH (node, &a->open)
		asks_answer(a, container_of(node, struct ask, link), source, err);
}

void
asks_forget(struct ask *q)
{
	list_remove(&q->link);
	*q = (struct ask){0};
}

struct ask *
asks_take_done(struct asks *a)
{
	if (list_empty(&a->done))
		return NULL;
	struct ask *q = container_of(a->done.next, struct ask, link);
	list_remove(&q->link);
	return q;
}
