#define _GNU_SOURCE /* MSG_NOSIGNAL with control messages */
#include "base/err.h"
#include "base/limits.h"
#include "base/str.h"
#include "client/internal.h"
#include "wire/rpc.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

size_t
unsent(const struct earshot *c)
{
	return c->out.len - c->sent;
}

static void
batch_free(struct fd_batch *b)
{
	if (!b)
		return;
	for (size_t i = 0; i < b->count; i++)
		close(b->fds[i]);
	free(b);
}

/* One sendmsg() that stops before the byte the next descriptors belong to. */
static ssize_t
send_some(struct earshot *c)
{
	union {
		struct cmsghdr align;
		char bytes[CMSG_SPACE(sizeof(int) * EARSHOT_MAX_FDS)];
	} control = {.bytes = {0}};
	struct fd_batch *b =
	    list_empty(&c->batches) ? NULL : container_of(c->batches.next, struct fd_batch, node);
	size_t len = unsent(c);
	struct iovec iov = {.iov_base = c->out.data + c->sent, .iov_len = len};
	struct msghdr msg = {.msg_iov = &iov, .msg_iovlen = 1};
	bool now = b && b->at == c->gone;
	if (b && !now && b->at - c->gone < len)
		iov.iov_len = (size_t)(b->at - c->gone);
	if (now) {
		struct fd_batch *next = b->node.next == &c->batches
					    ? NULL
					    : container_of(b->node.next, struct fd_batch, node);
		if (next && next->at - c->gone < len)
			iov.iov_len = (size_t)(next->at - c->gone);
		msg.msg_control = control.bytes;
		msg.msg_controllen = CMSG_SPACE(sizeof(int) * b->count);
		struct cmsghdr *head = CMSG_FIRSTHDR(&msg);
		head->cmsg_level = SOL_SOCKET;
		head->cmsg_type = SCM_RIGHTS;
		head->cmsg_len = CMSG_LEN(sizeof(int) * b->count);
		memcpy(CMSG_DATA(head), b->fds, sizeof(int) * b->count);
	}
	ssize_t n = sendmsg(c->fd, &msg, MSG_NOSIGNAL | MSG_DONTWAIT);
	if (n > 0 && now) {
		list_remove(&b->node);
		batch_free(b);
	}
	return n;
}

void
send_queued(struct earshot *c)
{
	while (unsent(c) > 0) {
		ssize_t n = send_some(c);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno == EAGAIN)
			return;
		if (n < 0) {
			/* the daemon may have said why before it hung up: read on to the end */
			c->write_dead = true;
			break;
		}
		c->sent += (size_t)n;
		c->gone += (uint64_t)n;
	}
	c->sent = 0;
	buf_clear(&c->out);
}

static struct list *
bucket_of(struct earshot *c, int64_t id)
{
	return &c->buckets[(uint64_t)id % PENDING_BUCKETS];
}

static struct pending *
pending_find(struct earshot *c, int64_t id)
{
	LIST_FOREACH (node, bucket_of(c, id)) {
		struct pending *p = container_of(node, struct pending, bucket);
		if (p->id == id)
			return p;
	}
	return NULL;
}

static void
pending_finish(struct pending *p, int err, const struct value *answer)
{
	earshot_answer_fn *fn = p->fn;
	void *ctx = p->ctx;
	list_remove(&p->order);
	list_remove(&p->bucket);
	free(p);
	if (fn)
		fn(ctx, err, (const struct earshot_value *)answer);
}

void
answer_pending(struct earshot *c, int64_t id, int err, const struct value *answer)
{
	struct pending *p = pending_find(c, id);
	if (p) /* else it was given up */
		pending_finish(p, err, answer);
}

void
fail_pending(struct earshot *c, int err)
{
	/* the callbacks cannot change the list: calls are refused by now */
	LIST_FOREACH (node, &c->order)
		pending_finish(container_of(node, struct pending, order), err, NULL);
	LIST_FOREACH (node, &c->batches)
		batch_free(container_of(node, struct fd_batch, node));
	list_init(&c->batches);
	batch_free(c->attached);
	c->attached = NULL;
}

int
earshot_attach_fd(struct earshot *c, int fd)
{
	int err = c->closing ? EARSHOT_ERR_CUT_OFF : c->dead;
	if (!err && !c->attached) {
		c->attached = calloc(1, sizeof(*c->attached));
		err = c->attached ? 0 : EARSHOT_ERR_MEMORY;
	}
	if (!err && c->attached->count == EARSHOT_MAX_FDS)
		err = EARSHOT_ERR_TOO_BIG;
	if (err)
		close(fd);
	else
		c->attached->fds[c->attached->count++] = fd;
	return err;
}

/* Appends c->line, which holds one whole call. */
static int
queue_line(struct earshot *c, struct fd_batch *fds)
{
	if (unsent(c) + c->line.len > LIMIT_CLIENT_QUEUE)
		return EARSHOT_ERR_TOO_BIG;
	if (c->sent > c->out.len / 2) {
		buf_consume(&c->out, c->sent);
		c->sent = 0;
	}
	uint64_t at = c->gone + unsent(c);
	buf_add(&c->out, c->line.data, c->line.len);
	if (buf_err(&c->out)) {
		c->out.err = 0; /* nothing was added: what waits there is whole */
		return EARSHOT_ERR_MEMORY;
	}
	if (fds) {
		fds->at = at;
		list_insert(&c->batches, &fds->node);
	}
	return 0;
}

static int
submit(struct earshot *c, const char *method, const struct value *params, struct fd_batch *fds,
    bool answered, int64_t *id)
{
	size_t count = fds ? fds->count : 0;
	if (c->closing || c->write_dead)
		return c->dead ? c->dead : EARSHOT_ERR_CUT_OFF;
	if (c->dead)
		return c->dead;
	if (str_empty(method) || strlen(method) > LIMIT_METHOD ||
	    (params && value_kind(params) != VALUE_OBJECT) || strpbrk(method, "\"\\\n"))
		return EARSHOT_ERR_INVALID;
	buf_clear(&c->line);
	if (answered)
		rpc_write_call(&c->line, c->last_id + 1, method, params, count);
	else
		rpc_write_notification(&c->line, method, params, count);
	int err = buf_err(&c->line) ? public_error(buf_err(&c->line)) : queue_line(c, fds);
	if (!err && answered)
		*id = ++c->last_id;
	return err;
}

static int
call_start(struct earshot *c, const char *method, struct earshot_value *params,
    earshot_answer_fn *fn, void *ctx, int64_t *id)
{
	struct pending *p = NULL;
	struct fd_batch *fds = c->attached;
	int err = 0;
	c->attached = NULL;
	if (fn) {
		p = calloc(1, sizeof(*p));
		err = p ? 0 : EARSHOT_ERR_MEMORY;
	}
	if (!err)
		err = submit(c, method, inner(params), fds, fn != NULL, id);
	earshot_value_free(params);
	if (err) {
		batch_free(fds);
		free(p);
		return err;
	}
	if (p) {
		p->id = *id;
		p->fn = fn;
		p->ctx = ctx;
		list_insert(&c->order, &p->order);
		list_insert(bucket_of(c, p->id), &p->bucket);
	}
	if (!c->write_dead)
		send_queued(c);
	return 0;
}

int
earshot_call_async(struct earshot *c, const char *method, struct earshot_value *params,
    earshot_answer_fn *fn, void *ctx)
{
	int64_t id = 0;
	return call_start(c, method, params, fn, ctx, &id);
}

static int64_t
now_ms(void)
{
	struct timespec t;
	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

struct waiting {
	bool done;
	bool freed; /* the connection: a callback closed it */
	int err;
	struct earshot_value *answer;
};

static void
on_waited(void *ctx, int err, const struct earshot_value *answer)
{
	struct waiting *w = ctx;
	w->done = true;
	w->err = err;
	w->answer = earshot_value_ref(answer);
}

static int
wait_for(struct earshot *c, struct waiting *w, int timeout_ms, int64_t id)
{
	int64_t end = now_ms() + timeout_ms;
	c->freed = &w->freed;
	while (!w->done && !w->freed) {
		int64_t left = timeout_ms < 0 ? -1 : end - now_ms();
		int err =
		    timeout_ms >= 0 && left < 0 ? EARSHOT_ERR_TIMEOUT : earshot_wait(c, (int)left);
		if (err && !w->done) /* what ends the connection answers us too */
			answer_pending(c, id, err, NULL);
	}
	/* an event behind the answer may have made its handler close c: that call did not succeed
	 */
	if (w->freed)
		return w->err ? w->err : EARSHOT_ERR_CUT_OFF;
	c->freed = NULL;
	return w->err;
}

/* Calls and waits, with fn to take the answer into *w, which is its ctx or begins it. */
static int
call_and_wait(struct earshot *c, const char *method, struct earshot_value *params,
    earshot_answer_fn *fn, struct waiting *w, int timeout_ms, struct earshot_value **answer)
{
	int64_t id = 0;
	if (answer)
		*answer = NULL;
	if (c->depth > 0) {
		earshot_value_free(params);
		return EARSHOT_ERR_BUSY;
	}
	int err = call_start(c, method, params, fn, w, &id);
	if (err)
		return err;
	err = wait_for(c, w, timeout_ms, id);
	if (answer)
		*answer = w->answer;
	else
		earshot_value_free(w->answer);
	return err;
}

int
earshot_call(struct earshot *c, const char *method, struct earshot_value *params, int timeout_ms,
    struct earshot_value **answer)
{
	struct waiting w = {0};
	return call_and_wait(c, method, params, on_waited, &w, timeout_ms, answer);
}

void
earshot_set_event_handler(struct earshot *c, earshot_event_fn *fn, void *ctx)
{
	c->on_event = fn;
	c->event_ctx = ctx;
}

static struct earshot_value *
topics_params(const char *const *topics)
{
	struct earshot_value *params = earshot_value_object();
	if (topics) {
		struct earshot_value *list = earshot_value_array();
		for (; *topics; topics++)
			earshot_value_append_str(list, *topics);
		earshot_value_set(params, "topics", list);
	}
	return params;
}

int
earshot_subscribe(
    struct earshot *c, const char *const *topics, earshot_event_fn *fn, void *ctx, int timeout_ms)
{
	earshot_set_event_handler(c, fn, ctx);
	return earshot_call(c, "subscribe", topics_params(topics), timeout_ms, NULL);
}

struct subscribing {
	struct waiting w; /* first */
	struct earshot *c;
};

/* Events may follow the answer in the same read, so the place they begin at is set here. */
static void
on_subscribed(void *ctx, int err, const struct earshot_value *answer)
{
	struct subscribing *s = ctx;
	if (!err)
		s->c->cursor = earshot_value_int(answer, "since", s->c->cursor);
	on_waited(&s->w, err, answer);
}

int
earshot_subscribe_since(struct earshot *c, const char *const *topics, int64_t since,
    const char *cursor, earshot_event_fn *fn, void *ctx, int timeout_ms,
    struct earshot_value **answer)
{
	struct subscribing s = {.c = c};
	struct earshot_value *params = topics_params(topics);
	if (cursor)
		earshot_value_set_str(params, "since", cursor);
	else
		earshot_value_set_int(params, "since", since);
	earshot_set_event_handler(c, fn, ctx);
	return call_and_wait(c, "subscribe", params, on_subscribed, &s.w, timeout_ms, answer);
}
