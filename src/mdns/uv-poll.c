#define _DEFAULT_SOURCE /* SO_DOMAIN */
#include "mdns/uv-poll.h"

#include "base/clock.h"
#include "base/compiler.h"
#include "base/list.h"
#include "mdns/gate.h"

#include <avahi-common/timeval.h>
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/time.h>

enum {
	DRAIN_CALLS = 256,        /* then others get their turn; ... */
	DRAIN_MS = 50,            /* ... sooner if it takes long: Avahi looks at all it knows for a
				   * packet, and who asks whether we live must not wait for that */
	TIMEOUTS_MS = 50,         /* the same of timeouts that are due when they are set */
	RECEIVE_BUFFER = 4 << 20, /* bytes; the kernel gives what its rmem_max allows */
	CLOCK_STEP_MS = 2000,
	PACKET_SIZE = 9000, /* the largest of multicast DNS (RFC 6762 §17) */
};

struct uv_poll {
	AvahiPoll api;
	uv_loop_t *loop; /* borrowed */
	struct list fds; /* of struct watched_fd */
	bool drain;
	struct gate gate;
	int64_t clock_offset;    /* wall minus monotonic, ms */
	uint64_t timeouts_until; /* ms; then something else is looked at before the next one */
};

/* One descriptor, whatever the number of watches on it. Frees itself in the close callback. */
struct watched_fd {
	struct list node;
	uv_poll_t handle;
	struct uv_poll *owner;
	int fd;
	bool gated; /* multicast DNS comes in here */
	struct list watches;
	bool calling; /* inside a watch's callback: the list may only shrink by marking */
	bool closing;
};

struct AvahiWatch {
	struct list node;
	struct watched_fd *on; /* borrowed */
	AvahiWatchEvent wanted, happened;
	AvahiWatchCallback fn;
	void *userdata;
	bool dead; /* freed by its owner inside a callback */
};

struct AvahiTimeout {
	struct uv_poll *owner; /* borrowed */
	uv_timer_t timer;
	AvahiTimeoutCallback fn;
	void *userdata;
	bool dead;
};

static void on_poll(uv_poll_t *handle, int status, int events);

static void
on_fd_closed(uv_handle_t *handle)
{
	free(container_of(handle, struct watched_fd, handle));
}

/* Makes libuv wait for what the watches want together; closes when none is left. */
static void
rearm(struct watched_fd *w)
{
	int events = 0;
	if (w->closing)
		return;
	if (list_empty(&w->watches)) {
		w->closing = true;
		list_remove(&w->node);
		uv_close((uv_handle_t *)&w->handle, on_fd_closed);
		return;
	}
	LIST_FOREACH (node, &w->watches) {
		const AvahiWatch *watch = container_of(node, AvahiWatch, node);
		if (watch->dead)
			continue;
		events |= (watch->wanted & AVAHI_WATCH_IN) ? UV_READABLE : 0;
		events |= (watch->wanted & AVAHI_WATCH_OUT) ? UV_WRITABLE : 0;
		events |= (watch->wanted & AVAHI_WATCH_HUP) ? UV_DISCONNECT : 0;
	}
	if (events)
		(void)uv_poll_start(&w->handle, events, on_poll); /* fails only when closing */
	else
		(void)uv_poll_stop(&w->handle);
}

static AvahiWatchEvent
wanted_now(int fd, AvahiWatchEvent wanted)
{
	struct pollfd p = {.fd = fd, .events = (short)wanted};
	return poll(&p, 1, 0) == 1 ? (AvahiWatchEvent)p.revents : (AvahiWatchEvent)0;
}

/* Takes what is next away if it is not to be read. */
static bool
turned_away(struct watched_fd *w)
{
	unsigned char packet[PACKET_SIZE];
	struct sockaddr_storage from = {0};
	socklen_t size = sizeof(from);
	ssize_t n = recvfrom(w->fd, packet, sizeof(packet), MSG_PEEK | MSG_DONTWAIT,
	    (struct sockaddr *)&from, &size);
	if (n < 0 || gate_admits(&w->owner->gate, packet, (size_t)n, &from, clock_now()))
		return false;
	(void)recv(w->fd, packet, 1, MSG_DONTWAIT);
	return true;
}

static void
call(AvahiWatch *watch, AvahiWatchEvent happened)
{
	struct watched_fd *w = watch->on;
	uint64_t until = clock_now() + DRAIN_MS;
	for (int i = 0; i < DRAIN_CALLS && clock_now() <= until; i++) {
		watch->happened = happened;
		if (!w->gated || happened != AVAHI_WATCH_IN || !turned_away(w))
			watch->fn(watch, w->fd, happened, watch->userdata);
		if (!w->owner->drain || watch->dead || !(happened & AVAHI_WATCH_IN))
			return;
		watch->happened = (AvahiWatchEvent)0;
		if (!(wanted_now(w->fd, AVAHI_WATCH_IN) & AVAHI_WATCH_IN))
			return;
		happened = AVAHI_WATCH_IN;
	}
}

static void
on_poll(uv_poll_t *handle, int status, int events)
{
	struct watched_fd *w = container_of(handle, struct watched_fd, handle);
	int happened = status < 0 ? AVAHI_WATCH_ERR | AVAHI_WATCH_HUP : 0;
	happened |= (events & UV_READABLE) ? AVAHI_WATCH_IN : 0;
	happened |= (events & UV_WRITABLE) ? AVAHI_WATCH_OUT : 0;
	happened |= (events & UV_DISCONNECT) ? AVAHI_WATCH_HUP : 0;
	w->calling = true;
	LIST_FOREACH (node, &w->watches) {
		AvahiWatch *watch = container_of(node, AvahiWatch, node);
		int mine = happened & ((int)watch->wanted | AVAHI_WATCH_ERR | AVAHI_WATCH_HUP);
		if (mine && !watch->dead)
			call(watch, (AvahiWatchEvent)mine);
	}
	w->calling = false;
	LIST_FOREACH (node, &w->watches) {
		AvahiWatch *watch = container_of(node, AvahiWatch, node);
		if (watch->dead) {
			list_remove(&watch->node);
			free(watch);
		}
	}
	if (status < 0)
		(void)uv_poll_stop(&w->handle); /* libuv has; starting again would spin */
	if (status == 0 || list_empty(&w->watches))
		rearm(w);
}

static struct watched_fd *
find_fd(struct uv_poll *p, int fd)
{
	LIST_FOREACH (node, &p->fds) {
		struct watched_fd *w = container_of(node, struct watched_fd, node);
		if (w->fd == fd)
			return w;
	}
	return NULL;
}

static bool
is_datagram(int fd)
{
	int type;
	socklen_t len = sizeof(type);
	return !getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &len) && type == SOCK_DGRAM;
}

/* The sockets of multicast DNS are; that of rtnetlink is a datagram socket as well. */
static bool
is_internet(int fd)
{
	int domain;
	socklen_t len = sizeof(domain);
	return !getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &len) &&
	       (domain == AF_INET || domain == AF_INET6);
}

static struct watched_fd *
add_fd(struct uv_poll *p, int fd)
{
	struct watched_fd *w = calloc(1, sizeof(*w));
	if (!w)
		return NULL;
	if (uv_poll_init(p->loop, &w->handle, fd)) {
		free(w);
		return NULL;
	}
	w->owner = p;
	w->fd = fd;
	list_init(&w->watches);
	list_insert(&p->fds, &w->node);
	w->gated = p->drain && is_datagram(fd) && is_internet(fd);
	if (p->drain && is_datagram(fd))
		(void)setsockopt(
		    fd, SOL_SOCKET, SO_RCVBUF, &(int){RECEIVE_BUFFER}, sizeof(int)); /* a wish */
	return w;
}

static AvahiWatch *
watch_new(
    const AvahiPoll *api, int fd, AvahiWatchEvent event, AvahiWatchCallback fn, void *userdata)
{
	struct uv_poll *p = api->userdata;
	AvahiWatch *watch = calloc(1, sizeof(*watch));
	if (!watch)
		return NULL;
	struct watched_fd *w = find_fd(p, fd);
	if (!w)
		w = add_fd(p, fd);
	if (!w) {
		free(watch);
		return NULL;
	}
	watch->on = w;
	watch->wanted = event;
	watch->fn = fn;
	watch->userdata = userdata;
	list_insert(&w->watches, &watch->node);
	rearm(w);
	return watch;
}

static void
watch_update(AvahiWatch *watch, AvahiWatchEvent event)
{
	if (watch->wanted == event)
		return;
	watch->wanted = event;
	if (!watch->on->calling)
		rearm(watch->on);
}

static AvahiWatchEvent
watch_get_events(AvahiWatch *watch)
{
	return watch->happened;
}

static void
watch_free(AvahiWatch *watch)
{
	struct watched_fd *w = watch->on;
	watch->dead = true;
	if (!w->calling) {
		list_remove(&watch->node);
		free(watch);
		rearm(w);
		return;
	}
	/* Avahi closes the descriptor after this, so libuv must let go of it now, not when the
	 * callback has returned. */
	bool alive = false;
	LIST_FOREACH (node, &w->watches)
		alive |= !container_of(node, AvahiWatch, node)->dead;
	if (!alive) {
		(void)uv_poll_stop(&w->handle);
		list_remove(&w->node); /* a new watch of the same number is of another file */
	}
}

static void
on_timeout(uv_timer_t *timer)
{
	AvahiTimeout *t = container_of(timer, AvahiTimeout, timer);
	if (!t->dead)
		t->fn(t, t->userdata);
}

/* libuv goes on with timers for as long as one is due, and Avahi sets one for all that it has to
 * do, a thing at a time: with much to do nothing else would ever be looked at. */
static uint64_t
no_sooner(struct uv_poll *p)
{
	uint64_t now = clock_now();
	if (now < p->timeouts_until)
		return 0;
	p->timeouts_until = now + TIMEOUTS_MS;
	return 1;
}

static void
timeout_update(AvahiTimeout *t, const struct timeval *tv)
{
	if (t->dead)
		return;
	if (!tv) {
		(void)uv_timer_stop(&t->timer);
		return;
	}
	AvahiUsec age = avahi_age(tv);                             /* negative: still to come */
	uint64_t ms = age < 0 ? ((uint64_t)-age + 999) / 1000 : 0; /* never too early */
	if (ms == 0)
		ms = no_sooner(t->owner);
	uv_update_time(t->timer.loop);
	(void)uv_timer_start(&t->timer, on_timeout, ms, 0);
}

static AvahiTimeout *
timeout_new(const AvahiPoll *api, const struct timeval *tv, AvahiTimeoutCallback fn, void *userdata)
{
	struct uv_poll *p = api->userdata;
	AvahiTimeout *t = calloc(1, sizeof(*t));
	if (!t)
		return NULL;
	t->owner = p;
	t->fn = fn;
	t->userdata = userdata;
	(void)uv_timer_init(p->loop, &t->timer); /* cannot fail */
	timeout_update(t, tv);
	return t;
}

static void
on_timeout_closed(uv_handle_t *handle)
{
	free(container_of(handle, AvahiTimeout, timer));
}

static void
timeout_free(AvahiTimeout *t)
{
	t->dead = true;
	uv_close((uv_handle_t *)&t->timer, on_timeout_closed);
}

static int64_t
clock_offset(void)
{
	return clock_wall() - (int64_t)clock_now();
}

int
uv_poll_create(uv_loop_t *loop, bool drain, struct uv_poll **out)
{
	struct uv_poll *p = calloc(1, sizeof(*p));
	if (!p)
		return -ENOMEM;
	p->api = (AvahiPoll){
	    .userdata = p,
	    .watch_new = watch_new,
	    .watch_update = watch_update,
	    .watch_get_events = watch_get_events,
	    .watch_free = watch_free,
	    .timeout_new = timeout_new,
	    .timeout_update = timeout_update,
	    .timeout_free = timeout_free,
	};
	p->loop = loop;
	p->drain = drain;
	p->clock_offset = clock_offset();
	list_init(&p->fds);
	*out = p;
	return 0;
}

void
uv_poll_destroy(struct uv_poll *p)
{
	free(p);
}

const AvahiPoll *
uv_poll_api(struct uv_poll *p)
{
	return &p->api;
}

void
uv_poll_silence(struct uv_poll *p)
{
	LIST_FOREACH (node, &p->fds) {
		struct watched_fd *w = container_of(node, struct watched_fd, node);
		/* says ENOTCONN on such a socket, and works (Linux) */
		if (is_datagram(w->fd))
			(void)shutdown(w->fd, SHUT_WR);
	}
}

bool
uv_poll_clock_stepped(struct uv_poll *p)
{
	int64_t now = clock_offset(), by = now - p->clock_offset;
	if (by > CLOCK_STEP_MS || by < -CLOCK_STEP_MS)
		return true;
	p->clock_offset = now; /* slewing adds up over days */
	return false;
}
