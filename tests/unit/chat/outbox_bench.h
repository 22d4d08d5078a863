/* An outbox on a bench: all that it does is written down as words, so that what a test expects is
 * one string. Times are ms from 0. */
#ifndef TESTS_OUTBOX_BENCH_H
#define TESTS_OUTBOX_BENCH_H

#include "chat/outbox.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

enum { ITEMS = 4 * LIMIT_OUTBOX_LOADED, WINDOW = LIMIT_OUTBOX_WINDOW };

struct bench {
	struct outbox o;
	struct outbox_item items[ITEMS];
	size_t used;
	char did[8192];
	size_t len;
	size_t in_memory;
	unsigned ticket;
	uint64_t wake;
	bool no_room;
	uint64_t unsendable; /* row */
};

static struct bench b;

static inline void PRINTF_LIKE(1, 2) did(const char *format, ...)
{
	va_list args;
	va_start(args, format);
	int n = vsnprintf(b.did + b.len, sizeof(b.did) - b.len, format, args);
	va_end(args);
	assert_in_range(n, 0, sizeof(b.did) - b.len - 1);
	b.len += (size_t)n;
}

static inline enum outbox_sending
on_send(void *ctx, struct outbox_item *item, bool again)
{
	(void)ctx;
	if (b.no_room)
		return OUTBOX_NO_ROOM;
	if (item->row == b.unsendable)
		return OUTBOX_UNSENDABLE;
	did("send %u%s. ", (unsigned)item->row, again ? " again" : "");
	return OUTBOX_SENDING;
}

static inline void
on_set_state(void *ctx, uint64_t row, enum outbox_state state, const char *reason)
{
	static const char *const names[] = {
	    "queued", "handed over", "delivered", "read", "failed", "cancelled"};
	(void)ctx;
	did("%u %s%s%s. ", (unsigned)row, names[state], reason ? ": " : "", reason ? reason : "");
}

static inline void
on_cancel(void *ctx, uint64_t row)
{
	(void)ctx;
	did("cancel %u. ", (unsigned)row);
}

static inline void
on_mark(void *ctx, uint64_t upto)
{
	(void)ctx;
	did("mark %u. ", (unsigned)upto);
}

static inline void
on_load(void *ctx, unsigned ticket, uint64_t after, size_t count, size_t bytes)
{
	(void)ctx;
	(void)bytes;
	b.ticket = ticket;
	did("load %zu after %u. ", count, (unsigned)after);
}

static inline void
on_want_link(void *ctx)
{
	(void)ctx;
	did("dial. ");
}

static inline void
on_wake_at(void *ctx, uint64_t when)
{
	(void)ctx;
	b.wake = when;
}

static inline void
on_release(void *ctx, struct outbox_item *item)
{
	(void)ctx;
	(void)item;
	b.in_memory--;
}

static const struct outbox_ops ops = {
    .send = on_send,
    .set_state = on_set_state,
    .cancel = on_cancel,
    .mark = on_mark,
    .load = on_load,
    .want_link = on_want_link,
    .wake_at = on_wake_at,
    .release = on_release,
};

/* What was done since the last time. */
#define assert_did(words) \
	do { \
		assert_string_equal(b.did, words); \
		b.did[b.len = 0] = '\0'; \
	} while (0)

static inline int
set_up(void **state)
{
	(void)state;
	memset(&b, 0, sizeof(b));
	b.wake = OUTBOX_NEVER;
	outbox_init(&b.o, &ops, NULL, 1, false);
	return 0;
}

static inline int
tear_down(void **state)
{
	(void)state;
	outbox_finish(&b.o);
	return b.in_memory != 0; /* every item went back to its owner */
}

static inline const char *
id_of(unsigned row)
{
	static char id[RANDOM_ID_SIZE];
	(void)snprintf(id, sizeof(id), "id-%u", row);
	return id;
}

static inline struct outbox_item *
item(unsigned row)
{
	assert_in_range(b.used, 0, ITEMS - 1);
	struct outbox_item *i = &b.items[b.used++];
	*i = (struct outbox_item){.row = row, .expires_at = OUTBOX_NEVER, .size = 100};
	memcpy(i->id, id_of(row), strlen(id_of(row)) + 1);
	b.in_memory++;
	return i;
}

static inline void
tick(uint64_t now)
{
	b.wake = OUTBOX_NEVER; /* a timer rings once */
	outbox_tick(&b.o, now);
}

/* Rows first to last were committed, each with its mark where the outbox says so. */
static inline void
add(uint64_t now, unsigned first, unsigned last)
{
	for (unsigned row = first; row <= last; row++)
		outbox_added(&b.o, now, item(row), outbox_goes_now(&b.o));
}

static inline void
load(uint64_t now, unsigned ticket, unsigned first, unsigned last, uint64_t marked, bool complete)
{
	struct list items;
	list_init(&items);
	for (unsigned row = first; row <= last; row++)
		list_insert(&items, &item(row)->node);
	outbox_loaded(&b.o, now, ticket, &items, marked, complete);
}

static inline void
ignore_what_was_done(void)
{
	b.did[b.len = 0] = '\0';
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

#endif
