/* A log of events for tests of replays: a fake whose answers come when a test wants them. For one
 * test program at a time. */
#ifndef TEST_FAKE_LOG_H
#define TEST_FAKE_LOG_H

#include "harness.h"

enum { LOG_MAX = 4096, ASKS = 8 };

struct page {
	struct ipc_log_ask *ask;
	bool place, run; /* run: what the log held then is what the answer will say */
	const char *name;
	int64_t since, last;
	size_t limit;
};

/* The log: event n has the topic topics[n % 3]. */
struct log {
	struct harness *h;
	int64_t first, last; /* numbers that are in it: above first, up to last */
	int64_t published;
	int64_t cursor;
	size_t page; /* events it gives at most */
	size_t text; /* bytes of text in each event */
	bool held;   /* answers wait for run() and answer() */
	bool pages;  /* ... of pages alone do */
	int err;     /* instead of an answer */
	bool stuck;  /* pages say there is more and do not move on */
	struct page asks[ASKS];
	size_t count, reads, places, told;
	int topics; /* calls of on_topics */
	bool wanted[3];
};

static const char *const topics[] = {"message", "receipt", "typing"};

static void
answer(struct log *l, size_t i)
{
	struct page p = l->asks[i];
	memmove(l->asks + i, l->asks + i + 1, (--l->count - i) * sizeof(l->asks[0]));
	if (l->err) {
		ipc_log_fail(p.ask, l->err);
		return;
	}
	if (p.place) {
		ipc_log_place(p.ask, p.name ? l->cursor : 0, p.last);
		return;
	}
	static char text[64 * 1024];
	memset(text, 'x', sizeof(text));
	text[l->text] = '\0';
	struct ipc_log_event events[LIMIT_REPLAY_PAGE];
	size_t count = 0;
	int64_t n = p.since > l->first ? p.since : l->first;
	for (size_t taken = 0; n < p.last && taken < p.limit && taken < l->page; taken++) {
		const char *topic = topics[++n % 3];
		if (!ipc_log_wants(p.ask, topic))
			continue;
		struct value *event = value_object();
		value_set_str(event, "text", text);
		events[count++] = (struct ipc_log_event){topic, n, event};
	}
	l->told += count;
	if (l->stuck)
		n = p.since;
	ipc_log_page(p.ask, events, count, n, n < p.last);
}

static void
run(struct log *l, size_t i)
{
	l->asks[i].run = true;
	l->asks[i].last = l->last;
}

static void
asked(struct log *l, struct page p)
{
	assert_true(l->count < ASKS);
	assert_true(p.limit <= LIMIT_REPLAY_PAGE);
	l->asks[l->count++] = p;
	if (!l->held && !(l->pages && !p.place)) {
		run(l, l->count - 1);
		answer(l, l->count - 1);
	}
}

static void
on_place(void *ctx, struct ipc_log_ask *ask, const char *name)
{
	struct log *l = ctx;
	l->places++;
	asked(l, (struct page){.ask = ask, .place = true, .name = name});
}

static void
on_read(void *ctx, struct ipc_log_ask *ask, int64_t since, size_t limit)
{
	struct log *l = ctx;
	l->reads++;
	asked(l, (struct page){.ask = ask, .since = since, .limit = limit});
}

static void
on_topics(void *ctx)
{
	struct log *l = ctx;
	l->topics++;
	for (size_t i = 0; i < ARRAY_LEN(topics); i++)
		l->wanted[i] = ipc_has_subscribers(l->h->server, topics[i]);
}

static const struct ipc_log_source source = {on_place, on_read, on_topics};
static struct log fake;

static struct log *
begin(struct harness *h, int64_t last)
{
	fake = (struct log){.h = h, .page = LIMIT_REPLAY_PAGE, .last = last, .published = last};
	ipc_set_log(h->server, &source, &fake);
	return &fake;
}

/* What publishes an event, once it is in the log. */
static void
publish(struct log *l)
{
	int64_t n = ++l->published;
	assert_true(n <= l->last);
	ipc_publish_numbered(l->h->server, topics[n % 3], n, value_object());
}

static void
happen(struct log *l)
{
	l->last++;
	publish(l);
}

static void
subscribe(struct harness *h, int fd, const char *what)
{
	char line[300];
	(void)snprintf(
	    line, sizeof(line), V "\"id\":1,\"method\":\"subscribe\",\"params\":{%s}}\n", what);
	say(h, fd, line);
	turn(h, 3);
}

static void
expect_since(struct harness *h, int fd, int64_t since)
{
	char part[64];
	(void)snprintf(part, sizeof(part), "\"since\":%lld}", (long long)since);
	const char *line = raw_line(h, fd);
	if (!strstr(line, "\"result\"") || !strstr(line, part))
		fail_msg("not since %lld: %s", (long long)since, line);
}

/* The number of the next event, which must be of the topic that number has; -1: no event comes. */
static int64_t
next_number(struct harness *h, int fd)
{
	struct value *v = NULL;
	const char *line = raw_line(h, fd);
	if (!line[0])
		return -1;
	assert_int_equal(value_parse(line, strlen(line), &v), 0);
	int64_t n = value_int(value_get(v, "params"), "number", 0);
	if (n <= 0)
		fail_msg("no event: %.200s", line);
	assert_string_equal(value_str(value_get(v, "params"), "event"), topics[n % 3]);
	value_free(v);
	return n;
}

static void
expect_numbers(struct harness *h, int fd, int64_t above, int64_t upto)
{
	for (int64_t n = above + 1; n <= upto; n++)
		assert_int_equal(next_number(h, fd), n);
}

#endif
