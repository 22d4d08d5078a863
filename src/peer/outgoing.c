#include "peer/outgoing.h"

#include "base/err.h"
#include "peer/link.h"
#include "peer/roster.h"

#include <errno.h>
#include <stdlib.h>

struct outgoing {
	struct list node;
	struct buf stanza;     /* empty once a stream has it */
	struct stream *stream; /* borrowed; NULL while it waits */
	uint64_t ticket;
	outgoing_done *done;
	void *ctx;
};

void
outgoing_init(struct person *p)
{
	list_init(&p->outgoing);
	list_init(&p->handed);
}

static void
settle(struct person *p, struct outgoing *o, int err)
{
	list_remove(&o->node);
	if (!o->stream)
		p->outgoing_count--;
	if (o->done)
		o->done(o->ctx, p, o->stream, err);
	buf_finish(&o->stanza);
	free(o);
}

void
outgoing_flush(struct person *p)
{
	while (p->current && !stream_is_closing(p->current) && !list_empty(&p->outgoing)) {
		struct outgoing *o = container_of(p->outgoing.next, struct outgoing, node);
		/* Full or out of memory: the stanza waits on, on_sent or the next stream
		 * comes back here. */
		if (stream_send(p->current, &o->stanza, &o->ticket) != 0)
			return;
		list_remove(&o->node);
		p->outgoing_count--;
		o->stream = p->current;
		list_insert(&p->handed, &o->node);
	}
}

void
outgoing_sent(struct person *p, const struct stream *s, uint64_t ticket)
{
	LIST_FOREACH (node, &p->handed) {
		struct outgoing *o = container_of(node, struct outgoing, node);
		if (o->stream != s)
			continue;
		if (o->ticket > ticket)
			break;
		settle(p, o, 0);
	}
	outgoing_flush(p);
}

void
outgoing_stream_down(struct person *p, const struct stream *s, int err)
{
	LIST_FOREACH (node, &p->handed) {
		struct outgoing *o = container_of(node, struct outgoing, node);
		if (o->stream == s)
			settle(p, o, err ? err : ERR_CLOSED);
	}
}

void
outgoing_fail(struct person *p, int err)
{
	LIST_FOREACH (node, &p->outgoing)
		settle(p, container_of(node, struct outgoing, node), err);
}

void
outgoing_move(struct person *from, struct person *to)
{
	LIST_FOREACH (node, &from->outgoing) {
		list_remove(node);
		list_insert(&to->outgoing, node);
	}
	LIST_FOREACH (handed, &from->handed) {
		list_remove(handed);
		list_insert(&to->handed, handed);
	}
	to->outgoing_count += from->outgoing_count;
	from->outgoing_count = 0;
}

int
person_send(struct person *p, struct buf *stanza, outgoing_done *done, void *ctx)
{
	int err = buf_err(stanza);
	if (!err)
		err = person_may_hear(p);
	if (!err && !p->current && !person_is_reachable(p))
		err = ERR_ABSENT;
	if (!err && p->outgoing_count >= LIMIT_SEND_WAITING)
		err = ERR_TOO_BIG;
	struct outgoing *o = err ? NULL : calloc(1, sizeof(*o));
	if (!o) {
		buf_finish(stanza);
		return err ? err : -ENOMEM;
	}
	o->stanza = *stanza;
	*stanza = BUF_INIT(stanza->max);
	o->done = done;
	o->ctx = ctx;
	list_insert(&p->outgoing, &o->node);
	p->outgoing_count++;
	if (p->current)
		outgoing_flush(p);
	else
		link_want(p);
	return 0;
}

int
person_send_now(
    struct person *p, struct buf *stanza, outgoing_done *done, void *ctx, uint64_t *serial)
{
	int err = buf_err(stanza);
	if (!err)
		err = person_may_hear(p);
	if (!err && (!p->current || stream_is_closing(p->current)))
		err = ERR_ABSENT;
	if (!err && !list_empty(&p->outgoing))
		err = ERR_TOO_BIG; /* it would overtake what waits */
	struct outgoing *o = err ? NULL : calloc(1, sizeof(*o));
	if (!o)
		return err ? err : -ENOMEM;
	*o = (struct outgoing){.stream = p->current, .done = done, .ctx = ctx};
	err = stream_send(p->current, stanza, &o->ticket);
	if (err) {
		free(o);
		return err == -ENOTCONN ? ERR_ABSENT : err;
	}
	list_insert(&p->handed, &o->node);
	*serial = stream_serial(p->current);
	return 0;
}

void
person_dial(struct person *p)
{
	link_want(p);
}

struct stream *
person_stream(const struct person *p, uint64_t serial)
{
	for (size_t i = 0; i < p->stream_count; i++)
		if (stream_serial(p->streams[i]) == serial)
			return p->streams[i];
	return NULL;
}

int
inbound_answer(const struct inbound *in, struct buf *stanza)
{
	uint64_t ticket;
	int err = stream_send(in->stream, stanza, &ticket);
	return err == -ENOTCONN ? 0 : err; /* whoever asked did not wait for the answer */
}
