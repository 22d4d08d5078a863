#include "peer/bus.h"

#include <errno.h>
#include <stdlib.h>

struct listener {
	struct list node;
	void (*on_event)(void *ctx, const struct bus_event *e);
	void (*done)(void *ctx);
	void *ctx;
};

void
bus_init(struct bus *b)
{
	list_init(&b->listeners);
}

void
bus_finish(struct bus *b)
{
	LIST_FOREACH (node, &b->listeners) {
		struct listener *l = container_of(node, struct listener, node);
		if (l->done)
			l->done(l->ctx);
		free(l);
	}
	list_init(&b->listeners);
}

int
bus_listen(struct bus *b, void (*on_event)(void *ctx, const struct bus_event *e),
    void (*done)(void *ctx), void *ctx)
{
	struct listener *l = calloc(1, sizeof(*l));
	if (!l)
		return -ENOMEM;
	l->on_event = on_event;
	l->done = done;
	l->ctx = ctx;
	list_insert(&b->listeners, &l->node);
	return 0;
}

void
bus_emit(struct bus *b, const struct bus_event *e)
{
	LIST_FOREACH (node, &b->listeners) {
		struct listener *l = container_of(node, struct listener, node);
		if (l->on_event)
			l->on_event(l->ctx, e);
	}
}
