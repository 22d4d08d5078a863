#include "stream/outq.h"

#include <errno.h>
#include <stdlib.h>

/* Enough to keep a socket busy, little enough to stay in the cache. */
enum { BATCH_BYTES = 128 * 1024 };

struct item {
	struct list node;
	char *data; /* owned */
	size_t len;
	size_t cost; /* what it adds to outq.bytes */
	uint64_t ticket;
	bool alone;
};

void
outq_init(struct outq *q)
{
	list_init(&q->items);
	q->bytes = q->stanzas = 0;
}

static void
item_free(struct item *it)
{
	free(it->data);
	free(it);
}

void
outq_finish(struct outq *q)
{
	LIST_FOREACH (node, &q->items) {
		list_remove(node);
		item_free(container_of(node, struct item, node));
	}
	outq_init(q);
}

int
outq_add(struct outq *q, struct buf *b, uint64_t ticket, bool alone)
{
	int err = buf_err(b);
	struct item *it = err ? NULL : calloc(1, sizeof(*it));
	if (!it)
		return err ? err : -ENOMEM;
	it->len = b->len;
	it->cost = sizeof(*it) + b->cap;
	it->ticket = ticket;
	it->alone = alone;
	it->data = buf_take(b);
	if (!it->data) {
		free(it);
		return -ENOMEM;
	}
	list_insert(&q->items, &it->node);
	q->bytes += it->cost;
	q->stanzas += ticket != 0;
	return 0;
}

void
outq_splice(struct outq *q, struct outq *from)
{
	LIST_FOREACH (node, &from->items) {
		list_remove(node);
		list_insert(&q->items, node);
	}
	q->bytes += from->bytes;
	q->stanzas += from->stanzas;
	outq_init(from);
}

size_t
outq_batch(const struct outq *q, bool separate, struct iovec *iov, size_t max)
{
	size_t n = 0;
	size_t bytes = 0;
	LIST_FOREACH (node, &q->items) {
		struct item *it = container_of(node, struct item, node);
		bool alone = it->alone || separate;
		if (n == max || bytes >= BATCH_BYTES || (alone && n > 0))
			break;
		iov[n++] = (struct iovec){.iov_base = it->data, .iov_len = it->len};
		bytes += it->len;
		if (alone)
			break;
	}
	return n;
}

uint64_t
outq_drop(struct outq *q, size_t n)
{
	uint64_t ticket = 0;
	LIST_FOREACH (node, &q->items) {
		struct item *it = container_of(node, struct item, node);
		if (n-- == 0)
			break;
		list_remove(node);
		q->bytes -= it->cost;
		q->stanzas -= it->ticket != 0;
		if (it->ticket)
			ticket = it->ticket;
		item_free(it);
	}
	return ticket;
}
