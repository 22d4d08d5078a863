/* The connection that keeps itself: connects without ever waiting, and again when it was lost. */
#include "base/str.h"
#include "base/tr.h"
#include "client/internal.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

enum {                          /* ms */
	HELLO_PATIENCE = 30000, /* a daemon that has just begun may have a history to look after */
	START_PATIENCE = 10000, /* from starting it until it listens */
	START_PAUSE = 25,       /* between two attempts meanwhile */
	PAUSE_FIRST = 100,      /* after the first attempt that failed; doubled each time ... */
	PAUSE_MOST = 30000,     /* ... up to this */
	LAST_ATTEMPTS = 40,     /* after our daemon ended: it may have lost to another's */
};

enum stage {
	STAGE_RESTING,  /* until somebody asks for it */
	STAGE_WAITING,  /* for the time of the next attempt */
	STAGE_STARTING, /* the daemon, which does not listen yet */
	STAGE_GREETING,
	STAGE_LOCKED, /* greeted; it wants its passphrase, and ends once it has it */
	STAGE_UP,
};

struct earshot_keeper {
	const struct earshot_keeper_listener *l; /* borrowed */
	void *ctx;
	char *path, *client;          /* owned */
	bool usual;                   /* path need not be told to the daemon */
	struct earshot_value *topics; /* owned; NULL: all */
	int poll, timer;              /* owned */
	int alive;                    /* owned; tells that the daemon we started has ended; -1 */
	struct earshot *c;            /* owned; NULL: not connected */
	short watched;                /* events of c that are waited for */
	enum stage stage;
	enum earshot_link link;
	int err;           /* why it is not up, as it was told */
	int verdict;       /* what an answer came to, for when c has been dispatched */
	bool may_start;    /* the daemon */
	bool start;        /* it, if the next attempt finds nobody */
	unsigned failures; /* attempts since it was up or asked to */
	unsigned left;     /* attempts after the end of the daemon we started */
	int64_t end;       /* ms; START_PATIENCE is over */
	int64_t cursor, newest;
	bool began; /* it was up once: what happens meanwhile must not be missed */
	bool asked; /* to try now */
	bool dispatching, closing;
};

static int64_t
now_ms(void)
{
	struct timespec t;
	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* Once, so many ms from now; -1: never. */
static void
set_timer(struct earshot_keeper *k, int ms)
{
	struct itimerspec t = {.it_value = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000L}};
	if (ms == 0)
		t.it_value.tv_nsec = 1;
	if (ms < 0)
		t.it_value = (struct timespec){0};
	(void)timerfd_settime(k->timer, 0, &t, NULL); /* fails for wrong arguments alone */
}

static void
set_link(struct earshot_keeper *k, enum earshot_link link, int err)
{
	if (k->link == link && k->err == err)
		return;
	k->link = link;
	k->err = err;
	if (k->l->on_link && !k->closing)
		k->l->on_link(k->ctx, link, err);
}

/* Closing is not enough: a child of the program may have inherited it. */
static void
unwatch(struct earshot_keeper *k, int fd)
{
	(void)epoll_ctl(k->poll, EPOLL_CTL_DEL, fd, NULL); /* it may not have got that far */
}

static void
forget_started(struct earshot_keeper *k)
{
	if (k->alive < 0)
		return;
	unwatch(k, k->alive);
	close(k->alive);
	k->alive = -1;
}

/* Answers come to an end for who waits for them. */
static void
drop_connection(struct earshot_keeper *k)
{
	struct earshot *c = k->c;
	k->c = NULL;
	if (!c)
		return;
	if (earshot_cursor(c) >= 0)
		k->cursor = earshot_cursor(c);
	unwatch(k, earshot_fd(c));
	earshot_close(c);
}

static void
rest(struct earshot_keeper *k, int err)
{
	k->stage = STAGE_RESTING;
	set_timer(k, -1);
	set_link(k, EARSHOT_LINK_FAILED, err);
}

static bool
is_final(int err)
{
	return err == EARSHOT_ERR_REFUSED || err == EARSHOT_ERR_PROTOCOL ||
	       err == EARSHOT_ERR_LOCKED || err == EARSHOT_ERR_INVALID;
}

/* It is not to be had at present. */
static void
give_way(struct earshot_keeper *k, int err)
{
	int pause = PAUSE_FIRST;
	forget_started(k);
	if (is_final(err)) {
		rest(k, err);
		return;
	}
	for (unsigned i = 0; i < k->failures && pause < PAUSE_MOST; i++)
		pause *= 2;
	k->failures++;
	k->stage = STAGE_WAITING;
	set_timer(k, pause < PAUSE_MOST ? pause : PAUSE_MOST);
	set_link(k, EARSHOT_LINK_WAITING, err);
}

/* ---- greeting ---- */

static void
watch(struct earshot_keeper *k)
{
	if (!k->c || earshot_events(k->c) == k->watched)
		return;
	short events = earshot_events(k->c);
	struct epoll_event e = {.events = EPOLLIN, .data.fd = earshot_fd(k->c)};
	if (events & POLLOUT)
		e.events |= EPOLLOUT;
	if (epoll_ctl(k->poll, EPOLL_CTL_MOD, earshot_fd(k->c), &e) == 0)
		k->watched = events;
}

static void
on_event(void *ctx, const char *topic, const struct earshot_value *event)
{
	struct earshot_keeper *k = ctx;
	if (k->l->on_event && !k->closing)
		k->l->on_event(k->ctx, topic, event);
}

/* The number we know of may have gone between the two calls: then all begins anew. */
static void
on_subscribed(void *ctx, int err, const struct earshot_value *answer)
{
	struct earshot_keeper *k = ctx;
	if (err != EARSHOT_ERR_FAILED)
		return; /* the end of the connection is told by itself */
	if (str_equal(earshot_error_reason(answer), "invalid") &&
	    earshot_value_has(earshot_error_data(answer), "last")) {
		k->c->cursor = INT64_MAX;
		k->verdict = EARSHOT_ERR_CUT_OFF;
	} else
		k->verdict = EARSHOT_ERR_PROTOCOL;
}

static void
subscribe(struct earshot_keeper *k)
{
	struct earshot_value *params = earshot_value_object();
	bool missed = k->began && (k->newest < 0 || k->cursor > k->newest);
	if (k->cursor < 0 || k->cursor > k->newest)
		k->cursor = k->newest;
	if (k->topics)
		earshot_value_set(params, "topics", earshot_value_ref(k->topics));
	if (k->cursor >= 0)
		earshot_value_set_int(params, "since", k->cursor);
	k->c->cursor = k->cursor;
	int err = earshot_call_async(k->c, "subscribe", params, on_subscribed, k);
	if (err) {
		k->verdict = err;
		return;
	}
	/* what is called from here on is done after it */
	k->stage = STAGE_UP;
	k->failures = 0;
	k->start = false; /* who stops it from now on means it */
	k->began = true;
	k->end = 0;
	forget_started(k);
	set_timer(k, -1);
	set_link(k, EARSHOT_LINK_UP, 0);
	if (missed && !k->closing && k->l->on_missed)
		k->l->on_missed(k->ctx);
}

/* Where the log ends. Nothing is set by it, so the name does not matter. */
static void
on_newest(void *ctx, int err, const struct earshot_value *answer)
{
	struct earshot_keeper *k = ctx;
	if (k->closing || (err && err != EARSHOT_ERR_FAILED))
		return; /* the end of the connection is told by itself */
	if (err && str_equal(earshot_error_reason(answer), "locked")) {
		k->stage = STAGE_LOCKED;
		set_timer(k, -1);
		set_link(k, EARSHOT_LINK_FAILED, EARSHOT_ERR_LOCKED);
		return;
	}
	k->newest = err ? -1 : earshot_value_int(answer, "last", -1); /* no log: no numbers */
	subscribe(k);
}

static void
on_hello(void *ctx, int err, const struct earshot_value *answer)
{
	struct earshot_keeper *k = ctx;
	if (k->closing || err == EARSHOT_ERR_CUT_OFF)
		return;
	k->verdict = hello_read(k->c, err, answer);
	if (k->verdict)
		return;
	struct earshot_value *params = earshot_value_object();
	earshot_value_set_str(params, "name", "newest");
	k->verdict = earshot_call_async(k->c, "cursor", params, on_newest, k);
}

static int
greet(struct earshot_keeper *k, int fd)
{
	k->c = connection_create(fd);
	if (!k->c)
		return EARSHOT_ERR_MEMORY;
	struct epoll_event e = {.events = EPOLLIN, .data.fd = fd};
	if (epoll_ctl(k->poll, EPOLL_CTL_ADD, fd, &e) < 0)
		return EARSHOT_ERR_SYSTEM;
	k->watched = POLLIN;
	k->verdict = 0;
	k->stage = STAGE_GREETING;
	set_timer(k, HELLO_PATIENCE);
	earshot_set_event_handler(k->c, on_event, k);
	return earshot_call_async(k->c, "hello", hello_params(k->client), on_hello, k);
}

/* ---- attempts ---- */

static void
start_daemon(struct earshot_keeper *k)
{
	k->start = false;
	if (daemon_is_locked()) {
		give_way(k, EARSHOT_ERR_LOCKED);
		return;
	}
	int err = daemon_start(k->usual ? NULL : k->path, -1, &k->alive);
	struct epoll_event e = {.events = 0, .data.fd = k->alive}; /* its end is always told */
	if (!err && epoll_ctl(k->poll, EPOLL_CTL_ADD, k->alive, &e) < 0)
		err = EARSHOT_ERR_SYSTEM;
	if (err) {
		give_way(k, err);
		return;
	}
	k->stage = STAGE_STARTING;
	k->end = now_ms() + START_PATIENCE;
	k->left = LAST_ATTEMPTS;
	set_timer(k, START_PAUSE);
}

/* No connection, or one that ended before it was up. */
static void
attempt_failed(struct earshot_keeper *k, int err)
{
	bool started = k->end > 0;
	bool time = now_ms() < k->end && (k->alive >= 0 || k->left > 0);
	if (!may_come(err) || (!started && !k->start)) {
		k->end = 0;
		give_way(k, err);
	} else if (!started)
		start_daemon(k);
	else if (time) {
		k->left -= k->alive < 0;
		k->stage = STAGE_STARTING;
		set_timer(k, START_PAUSE);
	} else {
		k->end = 0;
		give_way(k, EARSHOT_ERR_START);
	}
}

static void
attempt(struct earshot_keeper *k)
{
	int fd = -1;
	int err = socket_open(k->path, &fd);
	if (!err)
		err = greet(k, fd);
	if (!err)
		return;
	drop_connection(k);
	attempt_failed(k, err);
}

static void
lost(struct earshot_keeper *k, int err)
{
	enum stage stage = k->stage;
	drop_connection(k);
	if (k->closing)
		return;
	if (stage == STAGE_GREETING) {
		attempt_failed(k, err);
		return;
	}
	k->end = 0;
	if (stage == STAGE_LOCKED && may_come(err)) { /* it begins anew, with its key */
		k->stage = STAGE_WAITING;
		set_timer(k, PAUSE_FIRST);
		return;
	}
	give_way(k, err);
}

/* ---- what has happened ---- */

static void
on_readable(struct earshot_keeper *k)
{
	int err = earshot_dispatch(k->c);
	if (k->closing) {
		k->c = NULL; /* earshot_keeper_close() closed it; it is gone now */
		return;
	}
	if (k->verdict)
		err = k->verdict;
	if (err)
		lost(k, err);
}

static void
on_timer(struct earshot_keeper *k)
{
	uint64_t count;
	if (read(k->timer, &count, sizeof(count)) < 0)
		return; /* it was set anew meanwhile */
	if (k->asked) {
		k->asked = false;
		set_link(k, EARSHOT_LINK_CONNECTING, 0);
		if (k->closing)
			return;
	}
	if (k->stage == STAGE_GREETING)
		lost(k, EARSHOT_ERR_TIMEOUT);
	else if (k->stage == STAGE_WAITING || k->stage == STAGE_STARTING)
		attempt(k);
}

static void
dispatch_one(struct earshot_keeper *k, int fd)
{
	if (fd == k->timer)
		on_timer(k);
	else if (k->c && fd == earshot_fd(k->c))
		on_readable(k);
	else if (fd == k->alive)
		forget_started(k); /* the few attempts that are left begin */
}

static void
keeper_free(struct earshot_keeper *k)
{
	drop_connection(k);
	forget_started(k);
	earshot_value_free(k->topics);
	if (k->timer >= 0)
		close(k->timer);
	if (k->poll >= 0)
		close(k->poll);
	free(k->path);
	free(k->client);
	free(k);
}

int
earshot_keeper_dispatch(struct earshot_keeper *k)
{
	/* one at a time: what it does may make of the others what is not true any more */
	struct epoll_event e;
	if (k->dispatching)
		return EARSHOT_ERR_BUSY;
	k->dispatching = true;
	if (epoll_wait(k->poll, &e, 1, 0) > 0)
		dispatch_one(k, e.data.fd);
	k->dispatching = false;
	if (k->closing) {
		keeper_free(k);
		return EARSHOT_ERR_CUT_OFF;
	}
	watch(k);
	return 0;
}

/* ---- life ---- */

static int
copy_topics(struct earshot_keeper *k, const char *const *topics)
{
	if (!topics)
		return 0;
	k->topics = earshot_value_array();
	for (; *topics; topics++)
		earshot_value_append_str(k->topics, *topics);
	return k->topics ? 0 : EARSHOT_ERR_MEMORY;
}

static int
open_descriptors(struct earshot_keeper *k)
{
	k->poll = epoll_create1(EPOLL_CLOEXEC);
	k->timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	struct epoll_event e = {.events = EPOLLIN, .data.fd = k->timer};
	if (k->poll < 0 || k->timer < 0 || epoll_ctl(k->poll, EPOLL_CTL_ADD, k->timer, &e) < 0)
		return EARSHOT_ERR_SYSTEM;
	set_timer(k, 0);
	return 0;
}

int
earshot_keeper_create(const char *path, const char *client, unsigned flags,
    const char *const *topics, int64_t since, const struct earshot_keeper_listener *l, void *ctx,
    struct earshot_keeper **out)
{
	*out = NULL;
	struct earshot_keeper *k = calloc(1, sizeof(*k));
	if (!k)
		return EARSHOT_ERR_MEMORY;
	*k = (struct earshot_keeper){.l = l,
	    .ctx = ctx,
	    .poll = -1,
	    .timer = -1,
	    .alive = -1,
	    .stage = STAGE_WAITING,
	    .may_start = (flags & EARSHOT_START) != 0,
	    .cursor = since,
	    .newest = -1,
	    .began = since >= 0};
	k->start = k->may_start;
	tr_bind();
	int err = socket_path(path, &k->path, &k->usual);
	if (!err)
		err = copy_topics(k, topics);
	if (!err && !(k->client = strdup(client)))
		err = EARSHOT_ERR_MEMORY;
	if (!err)
		err = open_descriptors(k);
	if (err) {
		keeper_free(k);
		return err;
	}
	*out = k;
	return 0;
}

void
earshot_keeper_close(struct earshot_keeper *k)
{
	if (!k || k->closing)
		return;
	k->closing = true;
	if (!k->dispatching)
		keeper_free(k);
	else
		drop_connection(k);
}

int
earshot_keeper_fd(const struct earshot_keeper *k)
{
	return k->poll;
}

void
earshot_keeper_retry(struct earshot_keeper *k)
{
	if (k->c || k->stage == STAGE_STARTING)
		return; /* it is up or about to be, or ends by itself once it has its passphrase */
	k->asked = true;
	k->stage = STAGE_WAITING;
	k->start = k->may_start;
	k->failures = 0;
	k->end = 0;
	set_timer(k, 0);
}

enum earshot_link
earshot_keeper_link(const struct earshot_keeper *k)
{
	return k->link;
}

int64_t
earshot_keeper_cursor(const struct earshot_keeper *k)
{
	return k->c && earshot_cursor(k->c) >= 0 ? earshot_cursor(k->c) : k->cursor;
}

int64_t
earshot_keeper_newest(const struct earshot_keeper *k)
{
	return k->newest;
}

/* ---- calls ---- */

static bool
can_call(const struct earshot_keeper *k)
{
	return k->c && (k->stage == STAGE_UP || k->stage == STAGE_LOCKED);
}

int
earshot_keeper_call(struct earshot_keeper *k, const char *method, struct earshot_value *params,
    earshot_answer_fn *fn, void *ctx)
{
	if (!can_call(k)) {
		earshot_value_free(params);
		return EARSHOT_ERR_NOT_RUNNING;
	}
	int err = earshot_call_async(k->c, method, params, fn, ctx);
	if (!k->dispatching)
		watch(k);
	return err;
}

int
earshot_keeper_attach_fd(struct earshot_keeper *k, int fd)
{
	if (can_call(k))
		return earshot_attach_fd(k->c, fd);
	close(fd);
	return EARSHOT_ERR_NOT_RUNNING;
}
