/* Threads that carry, and what the loop hears of them. */
#include "base/clock.h"
#include "base/random.h"
#include "transfer/carrier.h"
#include "transfer/rate.h"

#include <errno.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

struct heard {
	uv_loop_t loop;
	struct carrier *carrier;
	uint64_t bytes, offset;
	unsigned progress, checkpoints, ends;
	uint8_t digest[32];
	int err;
};

static void
nap(unsigned us)
{
	struct timespec t = {.tv_nsec = us * 1000L};
	(void)nanosleep(&t, NULL);
}

static void
on_progress(void *ctx, uint64_t bytes)
{
	struct heard *h = ctx;
	assert_int_equal(h->ends, 0);
	assert_true(bytes > h->bytes);
	h->bytes = bytes;
	h->progress++;
}

static void
on_checkpoint(void *ctx, uint64_t offset, const uint8_t digest[32])
{
	struct heard *h = ctx;
	h->checkpoints++;
	h->offset = offset;
	memcpy(h->digest, digest, sizeof(h->digest));
}

static void
on_end(void *ctx, int err)
{
	struct heard *h = ctx;
	h->ends++;
	h->err = err;
	h->carrier = NULL;
}

static const struct carrier_listener listener = {on_progress, on_checkpoint, on_end};
static const struct carrier_listener quiet = {.on_end = on_end};

static void
start(struct heard *h, carrier_fn *fn, void *arg)
{
	*h = (struct heard){.err = 1};
	assert_int_equal(uv_loop_init(&h->loop), 0);
	assert_int_equal(carrier_start(&h->loop, fn, arg, &listener, h, &h->carrier), 0);
	assert_int_equal(h->ends, 0);
}

/* Until it has ended; the loop proves that nothing is left. */
static void
finish(struct heard *h)
{
	(void)uv_run(&h->loop, UV_RUN_DEFAULT);
	assert_int_equal(h->ends, 1);
	assert_int_equal(uv_loop_close(&h->loop), 0);
}

static int
give(struct carrier *c, void *arg)
{
	(void)c;
	return *(const int *)arg;
}

static void
what_the_thread_returns_is_heard_once(void **state)
{
	(void)state;
	static int results[] = {0, -EIO};
	for (size_t i = 0; i < 2; i++) {
		struct heard h;
		start(&h, give, &results[i]);
		finish(&h);
		assert_int_equal(h.err, results[i]);
		assert_int_equal(h.progress, 0);
	}
}

static int
wait_for_ever(struct carrier *c, void *arg)
{
	(void)arg;
	return carrier_wait(c, -1, 0, -1);
}

static void
a_stop_at_any_moment_ends_it(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 300; i++) {
		struct heard h;
		start(&h, wait_for_ever, NULL);
		if (i % 3)
			nap(random_below(500));
		if (i % 2)
			(void)uv_run(&h.loop, UV_RUN_NOWAIT);
		carrier_stop(h.carrier);
		carrier_stop(h.carrier);
		assert_int_equal(h.ends, 0);
		finish(&h);
		assert_int_equal(h.err, -ECANCELED);
	}
}

static int
work_on(struct carrier *c, void *arg)
{
	atomic_bool *stopped = arg;
	while (!carrier_stopped(c))
		carrier_progress(c, 1);
	atomic_store(stopped, true);
	return -ECANCELED;
}

static void
a_thread_that_never_waits_sees_it_too(void **state)
{
	(void)state;
	struct heard h;
	atomic_bool stopped = false;
	start(&h, work_on, &stopped);
	nap(2000);
	carrier_stop(h.carrier);
	finish(&h);
	assert_true(atomic_load(&stopped));
}

static int
wait_for_three(struct carrier *c, void *arg)
{
	const int *fd = arg;
	char byte;
	uint64_t begun = clock_now();
	if (carrier_wait(c, fd[0], POLLIN, 60) != -ETIMEDOUT || clock_now() - begun < 55)
		return 1;
	if (carrier_wait(c, fd[0], POLLOUT, 0) != 0)
		return 2;
	if (write(fd[1], "x", 1) != 1 || carrier_wait(c, fd[0], POLLIN, -1) != 0)
		return 3;
	if (read(fd[0], &byte, 1) != 1 || shutdown(fd[1], SHUT_WR) < 0)
		return 4;
	/* the other's end is something to be read */
	if (carrier_wait(c, fd[0], POLLIN, -1) != 0)
		return 5;
	return carrier_wait(c, 100000, POLLIN, -1) == -EBADF ? 0 : 6;
}

static void
waits_end_when_they_should(void **state)
{
	(void)state;
	struct heard h;
	int fd[2];
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, fd), 0);
	start(&h, wait_for_three, fd);
	finish(&h);
	assert_int_equal(h.err, 0);
	(void)close(fd[0]);
	(void)close(fd[1]);
}

enum { STEPS = 500, STEP = 1000, PIECE = 256 * 1024, MEGABYTE = 1000 * 1000 };

static int
go_on_for_half_a_second(struct carrier *c, void *arg)
{
	uint8_t digest[32] = {7};
	(void)arg;
	for (unsigned i = 0; i < STEPS; i++) {
		carrier_progress(c, STEP);
		if (carrier_wait(c, -1, 0, 1) != -ETIMEDOUT)
			return 1;
	}
	carrier_checkpoint(c, 1, digest);
	digest[0] = 8;
	carrier_checkpoint(c, 2, digest);
	return 0;
}

static void
progress_is_told_ten_times_a_second_and_in_full(void **state)
{
	(void)state;
	struct heard h;
	uint64_t begun = clock_now();
	start(&h, go_on_for_half_a_second, NULL);
	finish(&h);
	uint64_t ms = clock_now() - begun;
	assert_int_equal(h.bytes, STEPS * STEP);
	assert_in_range(h.progress, 2, ms / 100 + 2);
	assert_in_range(h.checkpoints, 1, 2);
	assert_int_equal(h.offset, 2);
	assert_int_equal(h.digest[0], 8);
}

static int
stall_after_a_byte(struct carrier *c, void *arg)
{
	(void)arg;
	carrier_progress(c, 1);
	carrier_progress(c, 1);
	return carrier_wait(c, -1, 0, 5000);
}

static void
a_stall_leaves_no_progress_untold(void **state)
{
	(void)state;
	struct heard h;
	uint64_t begun = clock_now();
	start(&h, stall_after_a_byte, NULL);
	while (h.bytes < 2 && clock_now() - begun < 3000)
		(void)uv_run(&h.loop, UV_RUN_ONCE);
	assert_int_equal(h.bytes, 2);
	carrier_stop(h.carrier);
	finish(&h);
}

struct share {
	struct rate *rate;
	uint64_t bytes;
	uint64_t until;
};

static int
take_share(struct carrier *c, void *arg)
{
	struct share *s = arg;
	int err = 0;
	while (!err && clock_now() < s->until) {
		size_t piece = rate_piece(s->rate, PIECE);
		err = carrier_pace(c, s->rate, piece);
		s->bytes += piece;
	}
	return err;
}

static void
four_share_the_cap(void **state)
{
	(void)state;
	enum { CAP = 8 * 1000 * 1000, FOUR = 4, MS = 1500 };
	struct rate rate;
	struct share shares[FOUR];
	struct heard h[FOUR];
	uint64_t begun = clock_now(), all = 0;
	assert_int_equal(rate_init(&rate, CAP), 0);
	for (size_t i = 0; i < FOUR; i++) {
		shares[i] = (struct share){&rate, 0, begun + MS};
		start(&h[i], take_share, &shares[i]);
	}
	for (size_t i = 0; i < FOUR; i++) {
		finish(&h[i]);
		all += shares[i].bytes;
	}
	uint64_t fair = all / FOUR, most = (clock_now() - begun) * (CAP / 1000);
	for (size_t i = 0; i < FOUR; i++)
		assert_in_range(shares[i].bytes, fair - fair / 5, fair + fair / 5);
	assert_in_range(all, 1, most + most / 10);
	rate_finish(&rate);
}

static int
pace_for_ever(struct carrier *c, void *arg)
{
	int err = carrier_pace(c, arg, MEGABYTE);
	return err ? err : carrier_pace(c, arg, MEGABYTE);
}

static void
who_waits_for_the_cap_can_be_stopped(void **state)
{
	(void)state;
	struct rate rate;
	struct heard h;
	assert_int_equal(rate_init(&rate, 1), 0);
	start(&h, pace_for_ever, &rate);
	nap(5000);
	carrier_stop(h.carrier);
	finish(&h);
	assert_int_equal(h.err, -ECANCELED);
	rate_finish(&rate);
}

static void
who_wants_no_progress_gets_none(void **state)
{
	(void)state;
	struct heard h = {.err = 1};
	assert_int_equal(uv_loop_init(&h.loop), 0);
	assert_int_equal(
	    carrier_start(&h.loop, go_on_for_half_a_second, NULL, &quiet, &h, &h.carrier), 0);
	finish(&h);
	assert_int_equal(h.err, 0);
}

static void
a_link_is_moved_and_closed(void **state)
{
	(void)state;
	struct carrier_link a, b;
	int fd[2];
	char byte;
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, fd), 0);
	carrier_link_init(&a);
	carrier_link_finish(&a);
	a.fd = fd[0];
	buf_init(&a.early, 16);
	buf_str(&a.early, "early");
	carrier_link_move(&b, &a);
	assert_int_equal(a.fd, -1);
	carrier_link_finish(&a);
	assert_int_equal(b.fd, fd[0]);
	assert_string_equal(buf_cstr(&b.early), "early");
	carrier_link_finish(&b);
	assert_int_equal(read(fd[1], &byte, 1), 0);
	(void)close(fd[1]);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(what_the_thread_returns_is_heard_once),
	    cmocka_unit_test(a_stop_at_any_moment_ends_it),
	    cmocka_unit_test(a_thread_that_never_waits_sees_it_too),
	    cmocka_unit_test(waits_end_when_they_should),
	    cmocka_unit_test(progress_is_told_ten_times_a_second_and_in_full),
	    cmocka_unit_test(a_stall_leaves_no_progress_untold),
	    cmocka_unit_test(four_share_the_cap),
	    cmocka_unit_test(who_waits_for_the_cap_can_be_stopped),
	    cmocka_unit_test(who_wants_no_progress_gets_none),
	    cmocka_unit_test(a_link_is_moved_and_closed),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
