#include "chat/queued.h"

#include "base/clock.h"
#include "base/str.h"

#include <stdlib.h>
#include <string.h>

struct queued {
	struct outbox_item item;
	struct saying saying;
	char quote[LIMIT_QUOTE + 1];
	char text[]; /* what saying points to */
};

static const char *
keep(char **at, const char *s)
{
	if (!s)
		return NULL;
	size_t len = strlen(s) + 1;
	const char *kept = memcpy(*at, s, len);
	*at += len;
	return kept;
}

static size_t
size_of(const char *s)
{
	return s ? strlen(s) + 1 : 0;
}

struct queued *
queued_create(const struct saying *m)
{
	size_t text = size_of(m->target) + size_of(m->body);
	struct queued *q = calloc(1, sizeof(*q) + text);
	if (!q || str_copy(q->item.id, sizeof(q->item.id), m->id) != 0) {
		free(q);
		return NULL;
	}
	char *at = q->text;
	q->saying = *m;
	q->saying.id = q->item.id;
	q->saying.target = keep(&at, m->target);
	q->saying.body = keep(&at, m->body);
	q->saying.quote = q->quote;
	if (m->quote && str_copy(q->quote, sizeof(q->quote), m->quote) != 0)
		q->quote[0] = '\0';
	q->item.size = sizeof(*q) + text;
	q->item.expires_at = OUTBOX_NEVER;
	return q;
}

static void
set_place(struct queued *q, int64_t row, int64_t expires, int64_t age)
{
	q->item.row = (uint64_t)row;
	if (expires)
		q->item.expires_at = clock_now() + (uint64_t)(expires > age ? expires - age : 0);
}

struct queued *
queued_create_loaded(const struct store_queued *m, int64_t age)
{
	struct queued *q = queued_create(&(struct saying){.kind = m->kind,
	    .id = m->id,
	    .target = m->target,
	    .quote = m->quote,
	    .body = m->body,
	    .said_at = m->said_at,
	    .trust = m->trust});
	if (q)
		set_place(q, m->n, m->expires, age);
	return q;
}

struct outbox_item *
queued_stored(struct queued *q, int64_t row, int64_t expires, int64_t age, const char *quote)
{
	set_place(q, row, expires, age);
	if (str_copy(q->quote, sizeof(q->quote), quote) != 0)
		q->quote[0] = '\0';
	return &q->item;
}

struct outbox_item *
queued_item(struct queued *q)
{
	return &q->item;
}

struct queued *
queued_of(struct outbox_item *item)
{
	return container_of(item, struct queued, item);
}

struct saying
queued_saying(const struct queued *q)
{
	return q->saying;
}

void
queued_free(struct queued *q)
{
	free(q);
}
