#include "mdns/delay.h"

#include "base/compiler.h"

#include <errno.h>
#include <stdlib.h>

struct delay {
	uv_timer_t timer;
	void (*fn)(void *ctx);
	void *ctx;
};

int
delay_create(uv_loop_t *loop, void (*fn)(void *ctx), void *ctx, struct delay **out)
{
	struct delay *d = calloc(1, sizeof(*d));
	if (!d)
		return -ENOMEM;
	d->fn = fn;
	d->ctx = ctx;
	(void)uv_timer_init(loop, &d->timer); /* cannot fail */
	*out = d;
	return 0;
}

static void
on_closed(uv_handle_t *handle)
{
	free(container_of(handle, struct delay, timer));
}

void
delay_destroy(struct delay *d)
{
	if (d)
		uv_close((uv_handle_t *)&d->timer, on_closed);
}

static void
on_timer(uv_timer_t *timer)
{
	struct delay *d = container_of(timer, struct delay, timer);
	d->fn(d->ctx);
}

void
delay_set(struct delay *d, uint64_t ms)
{
	/* the loop's idea of now is as old as the callback we are in */
	uv_update_time(d->timer.loop);
	(void)uv_timer_start(&d->timer, on_timer, ms, 0);
}

void
delay_set_sooner(struct delay *d, uint64_t ms)
{
	uv_update_time(d->timer.loop);
	if (!uv_is_active((uv_handle_t *)&d->timer) || uv_timer_get_due_in(&d->timer) > ms)
		(void)uv_timer_start(&d->timer, on_timer, ms, 0);
}

void
delay_stop(struct delay *d)
{
	(void)uv_timer_stop(&d->timer);
}
