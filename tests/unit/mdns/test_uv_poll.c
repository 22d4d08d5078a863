#include "base/clock.h"
#include "mdns/uv-poll.h"

#include <avahi-common/timeval.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

struct fixture {
	uv_loop_t loop;
	struct uv_poll *poll;
	const AvahiPoll *api;
	int fd[2];
};

static void
set_up(struct fixture *x, bool drain, int type)
{
	assert_int_equal(uv_loop_init(&x->loop), 0);
	assert_int_equal(uv_poll_create(&x->loop, drain, &x->poll), 0);
	x->api = uv_poll_api(x->poll);
	assert_int_equal(socketpair(AF_UNIX, type, 0, x->fd), 0);
}

static void
tear_down(struct fixture *x)
{
	uv_run(&x->loop, UV_RUN_DEFAULT); /* hangs if a watch was left */
	uv_poll_destroy(x->poll);
	assert_int_equal(uv_loop_close(&x->loop), 0);
	close(x->fd[0]);
	close(x->fd[1]);
}

struct seen {
	struct fixture *x;
	int calls;
	AvahiWatchEvent events;
	AvahiWatch *watch, *victim;
	AvahiTimeout *timeout;
	bool stay;
	bool slow; /* each call takes SLOW_MS */
};

enum { SLOW_MS = 10 };

static void
on_watch(AvahiWatch *w, int fd, AvahiWatchEvent event, void *userdata)
{
	struct seen *s = userdata;
	char c;
	s->calls++;
	s->events = event;
	assert_int_equal(s->x->api->watch_get_events(w), event);
	if (event & AVAHI_WATCH_IN)
		(void)!read(fd, &c, 1);
	if (s->slow)
		(void)nanosleep(&(struct timespec){.tv_nsec = SLOW_MS * 1000000L}, NULL);
	if (s->victim) {
		s->x->api->watch_free(s->victim);
		s->victim = NULL;
	}
	if (!s->stay)
		s->x->api->watch_free(w);
}

static void
a_watch_tells_what_happened_and_may_free_itself(void **state)
{
	(void)state;
	struct fixture x;
	set_up(&x, false, SOCK_STREAM);
	struct seen s = {.x = &x};
	assert_non_null(x.api->watch_new(x.api, x.fd[0], AVAHI_WATCH_IN, on_watch, &s));
	assert_int_equal(uv_run(&x.loop, UV_RUN_NOWAIT), 1);
	assert_int_equal(s.calls, 0);
	assert_int_equal(write(x.fd[1], "x", 1), 1);
	uv_run(&x.loop, UV_RUN_DEFAULT);
	assert_int_equal(s.calls, 1);
	assert_int_equal(s.events, AVAHI_WATCH_IN);
	tear_down(&x);
}

static void
two_watches_share_a_descriptor(void **state)
{
	(void)state;
	struct fixture x;
	set_up(&x, false, SOCK_STREAM);
	struct seen in = {.x = &x}, out = {.x = &x};
	assert_non_null(x.api->watch_new(x.api, x.fd[0], AVAHI_WATCH_IN, on_watch, &in));
	AvahiWatch *w = x.api->watch_new(x.api, x.fd[0], (AvahiWatchEvent)0, on_watch, &out);
	assert_non_null(w);
	uv_run(&x.loop, UV_RUN_NOWAIT);
	assert_int_equal(in.calls + out.calls, 0);
	x.api->watch_update(w, AVAHI_WATCH_OUT);
	uv_run(&x.loop, UV_RUN_ONCE);
	assert_int_equal(out.calls, 1);
	assert_int_equal(out.events, AVAHI_WATCH_OUT);
	assert_int_equal(in.calls, 0);
	assert_int_equal(write(x.fd[1], "x", 1), 1);
	uv_run(&x.loop, UV_RUN_ONCE);
	assert_int_equal(in.calls, 1);
	tear_down(&x);
}

static void
a_watch_freed_by_its_neighbour_is_not_called(void **state)
{
	(void)state;
	struct fixture x;
	set_up(&x, false, SOCK_STREAM);
	struct seen first = {.x = &x}, second = {.x = &x};
	x.api->watch_new(x.api, x.fd[0], AVAHI_WATCH_IN, on_watch, &first);
	first.victim = x.api->watch_new(x.api, x.fd[0], AVAHI_WATCH_IN, on_watch, &second);
	assert_int_equal(write(x.fd[1], "xy", 2), 2);
	uv_run(&x.loop, UV_RUN_DEFAULT);
	assert_int_equal(first.calls, 1);
	assert_int_equal(second.calls, 0);
	tear_down(&x);
}

static void
a_number_may_be_used_again_for_another_file(void **state)
{
	(void)state;
	struct fixture x;
	set_up(&x, false, SOCK_STREAM);
	struct seen s = {.x = &x};
	AvahiWatch *w = x.api->watch_new(x.api, x.fd[0], AVAHI_WATCH_IN, on_watch, &s);
	assert_non_null(w);
	x.api->watch_free(w);
	close(x.fd[0]);
	close(x.fd[1]);
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, x.fd), 0);
	assert_non_null(x.api->watch_new(x.api, x.fd[0], AVAHI_WATCH_IN, on_watch, &s));
	assert_int_equal(write(x.fd[1], "x", 1), 1);
	uv_run(&x.loop, UV_RUN_DEFAULT);
	assert_int_equal(s.calls, 1);
	tear_down(&x);
}

static void
a_hangup_is_told(void **state)
{
	(void)state;
	struct fixture x;
	set_up(&x, false, SOCK_STREAM);
	struct seen s = {.x = &x};
	assert_non_null(x.api->watch_new(x.api, x.fd[0], AVAHI_WATCH_HUP, on_watch, &s));
	assert_int_equal(shutdown(x.fd[1], SHUT_RDWR), 0);
	uv_run(&x.loop, UV_RUN_DEFAULT);
	assert_int_equal(s.calls, 1);
	assert_true(s.events & AVAHI_WATCH_HUP);
	tear_down(&x);
}

static void
draining_reads_all_in_one_turn(void **state)
{
	(void)state;
	for (int drain = 0; drain < 2; drain++) {
		struct fixture x;
		set_up(&x, drain, SOCK_DGRAM);
		struct seen s = {.x = &x, .stay = true};
		AvahiWatch *w = x.api->watch_new(x.api, x.fd[0], AVAHI_WATCH_IN, on_watch, &s);
		assert_non_null(w);
		for (int i = 0; i < 50; i++)
			assert_int_equal(write(x.fd[1], "x", 1), 1);
		uv_run(&x.loop, UV_RUN_ONCE);
		assert_int_equal(s.calls, drain ? 50 : 1);
		x.api->watch_free(w);
		tear_down(&x);
	}
}

static void
on_timeout(AvahiTimeout *t, void *userdata)
{
	struct seen *s = userdata;
	s->calls++;
	if (!s->stay)
		s->x->api->timeout_free(t);
}

/* What Avahi does with a packet takes the longer the more it knows: others wait no longer. */
static void
n8_a_slow_reader_lets_others_have_their_turn(void **state)
{
	enum { PACKETS = 100, PATIENCE_MS = 300 };
	(void)state;
	struct fixture x;
	set_up(&x, true, SOCK_DGRAM);
	struct seen s = {.x = &x, .stay = true, .slow = true};
	AvahiWatch *w = x.api->watch_new(x.api, x.fd[0], AVAHI_WATCH_IN, on_watch, &s);
	assert_non_null(w);
	for (int i = 0; i < PACKETS; i++)
		assert_int_equal(write(x.fd[1], "x", 1), 1);
	uint64_t began = clock_now();
	uv_run(&x.loop, UV_RUN_ONCE);
	assert_true(clock_now() - began < PATIENCE_MS);
	while (s.calls < PACKETS) /* and nothing is lost */
		uv_run(&x.loop, UV_RUN_ONCE);
	x.api->watch_free(w);
	tear_down(&x);
}

static struct timeval
from_now(long us)
{
	struct timeval tv;
	gettimeofday(&tv, NULL);
	long usec = tv.tv_usec + us;
	tv.tv_sec += usec / 1000000;
	tv.tv_usec = usec % 1000000;
	return tv;
}

static void
timeouts_are_never_early(void **state)
{
	(void)state;
	struct fixture x;
	set_up(&x, false, SOCK_STREAM);
	for (long us = 200; us < 20000; us += 1700) {
		struct seen s = {.x = &x};
		struct timeval when = from_now(us), now;
		assert_non_null(x.api->timeout_new(x.api, &when, on_timeout, &s));
		uv_run(&x.loop, UV_RUN_DEFAULT);
		gettimeofday(&now, NULL);
		assert_int_equal(s.calls, 1);
		assert_true(avahi_timeval_compare(&now, &when) >= 0);
	}
	tear_down(&x);
}

static void
timeouts_can_be_stopped_and_set_again(void **state)
{
	(void)state;
	struct fixture x;
	set_up(&x, false, SOCK_STREAM);
	struct seen s = {.x = &x, .stay = true};
	AvahiTimeout *t = x.api->timeout_new(x.api, NULL, on_timeout, &s);
	assert_non_null(t);
	struct timeval when = from_now(-5000000); /* long ago: at once */
	x.api->timeout_update(t, &when);
	uv_run(&x.loop, UV_RUN_DEFAULT);
	assert_int_equal(s.calls, 1);
	when = from_now(1000);
	x.api->timeout_update(t, &when);
	x.api->timeout_update(t, NULL);
	uv_run(&x.loop, UV_RUN_DEFAULT);
	assert_int_equal(s.calls, 1);
	x.api->timeout_free(t);
	tear_down(&x);
}

static void
on_overdue(AvahiTimeout *t, void *userdata)
{
	struct seen *s = userdata;
	struct timeval when = from_now(-1000);
	(void)nanosleep(&(struct timespec){.tv_nsec = SLOW_MS * 1000000L}, NULL);
	s->x->api->timeout_update(t, ++s->calls < 200 ? &when : NULL);
}

/* Avahi does one thing each time and then asks for the next, which may be long due. */
static void
n8_what_is_overdue_lets_others_have_their_turn(void **state)
{
	enum { OVERDUE_AT_MOST = 20 };
	(void)state;
	struct fixture x;
	set_up(&x, true, SOCK_DGRAM);
	struct seen reader = {.x = &x}, overdue = {.x = &x};
	struct timeval when = from_now(-1000);
	assert_non_null(x.api->watch_new(x.api, x.fd[0], AVAHI_WATCH_IN, on_watch, &reader));
	AvahiTimeout *t = x.api->timeout_new(x.api, &when, on_overdue, &overdue);
	assert_non_null(t);
	assert_int_equal(write(x.fd[1], "x", 1), 1);
	uv_run(&x.loop, UV_RUN_ONCE);
	uv_run(&x.loop, UV_RUN_ONCE);
	assert_int_equal(reader.calls, 1);
	assert_in_range(overdue.calls, 1, OVERDUE_AT_MOST);
	while (overdue.calls < 200) /* and nothing of it is left out */
		uv_run(&x.loop, UV_RUN_ONCE);
	x.api->timeout_free(t);
	tear_down(&x);
}

static void
a_quiet_clock_has_not_stepped(void **state)
{
	(void)state;
	struct fixture x;
	set_up(&x, false, SOCK_STREAM);
	assert_false(uv_poll_clock_stepped(x.poll));
	tear_down(&x);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_watch_tells_what_happened_and_may_free_itself),
	    cmocka_unit_test(two_watches_share_a_descriptor),
	    cmocka_unit_test(a_watch_freed_by_its_neighbour_is_not_called),
	    cmocka_unit_test(a_number_may_be_used_again_for_another_file),
	    cmocka_unit_test(a_hangup_is_told),
	    cmocka_unit_test(draining_reads_all_in_one_turn),
	    cmocka_unit_test(n8_a_slow_reader_lets_others_have_their_turn),
	    cmocka_unit_test(timeouts_are_never_early),
	    cmocka_unit_test(timeouts_can_be_stopped_and_set_again),
	    cmocka_unit_test(n8_what_is_overdue_lets_others_have_their_turn),
	    cmocka_unit_test(a_quiet_clock_has_not_stepped),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
