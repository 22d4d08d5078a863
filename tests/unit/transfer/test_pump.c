/* A whole transfer on one machine: both carriers, both pumps, TLS or not, a source and a sink of
 * the test's own, and between them a relay that may change, cut or hold what it carries. */
#include "base/err.h"
#include "base/limits.h"
#include "base/random.h"
#include "tls/channel.h"
#include "tls/digest.h"
#include "tls/internal.h"
#include "tls/session.h"
#include "transfer/pump.h"
#include "transfer/rate.h"
#include "transfer/sink.h"
#include "transfer/source.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#define MIB UINT64_C(1048576)

enum { SPED_UP = 20, MIBS = 8 };
#define NEVER UINT64_MAX

/* 30 s are 1.5 s here: long enough for a machine that is busy. */
int __real_carrier_wait(struct carrier *c, int fd, short events, int ms); // NOLINT
int __wrap_carrier_wait(struct carrier *c, int fd, short events, int ms); // NOLINT

// NOLINTNEXTLINE(bugprone-reserved-identifier): the linker's name
int
__wrap_carrier_wait(struct carrier *c, int fd, short events, int ms)
{
	return __real_carrier_wait(c, fd, events, fd >= 0 && ms > 0 ? ms / SPED_UP : ms);
}

/* ---- what is sent, and what came ---- */

struct source {
	uint64_t size; /* of what is there */
	uint64_t odd;  /* from here on it is another file */
	uint64_t fail_at;
};

struct sink {
	uint64_t at, fail_at;
	unsigned checkpoints;
	bool wrong; /* a byte that is not the source's */
};

static uint8_t
pattern(uint64_t at)
{
	return (uint8_t)(at * 2654435761U >> 13 ^ at >> 20);
}

ssize_t
source_read(struct source *s, uint64_t offset, void *data, size_t len)
{
	uint8_t *to = data;
	if (offset >= s->fail_at)
		return -EIO;
	if (offset >= s->size)
		return 0;
	if (len > s->size - offset)
		len = (size_t)(s->size - offset);
	for (size_t i = 0; i < len; i++)
		to[i] = (uint8_t)(pattern(offset + i) + (offset + i >= s->odd));
	return (ssize_t)len;
}

int
sink_write(struct sink *s, const void *data, size_t len)
{
	const uint8_t *from = data;
	bool full = s->fail_at - s->at < len;
	if (full)
		len = (size_t)(s->fail_at - s->at);
	for (size_t i = 0; i < len; i++)
		s->wrong = s->wrong || from[i] != pattern(s->at + i);
	s->at += len;
	return full ? -ENOSPC : 0;
}

uint64_t
sink_offset(const struct sink *s)
{
	return s->at;
}

int
sink_checkpoint(struct sink *s)
{
	s->checkpoints++;
	return 0;
}

static void
digest_of(uint64_t size, uint8_t out[32])
{
	static uint8_t block[65536];
	struct source all = {.size = size, .odd = NEVER, .fail_at = NEVER};
	struct digest_run *d;
	assert_int_equal(digest_run_create(&d), 0);
	for (uint64_t at = 0; at < size;) {
		ssize_t n = source_read(&all, at, block, sizeof(block));
		digest_run_update(d, block, (size_t)n);
		at += (uint64_t)n;
	}
	assert_int_equal(digest_run_value(d, out), 0);
	digest_run_destroy(d);
}

/* ---- what is between them ---- */

struct relay {
	int in, out;
	uint64_t flip_at, cut_at, hold_at; /* of what it carries */
	int hold_ms;
	pthread_t thread;
};

static void *
run_relay(void *arg)
{
	struct relay *r = arg;
	char chunk[32 * 1024];
	uint64_t at = 0;
	ssize_t n;
	while ((n = recv(r->in, chunk, sizeof(chunk), 0)) > 0) {
		size_t len = (size_t)n;
		if (r->hold_at - at < len)
			(void)poll(NULL, 0, r->hold_ms);
		if (r->flip_at - at < len)
			chunk[r->flip_at - at] ^= 4;
		if (r->cut_at - at < len)
			len = (size_t)(r->cut_at - at);
		at += len;
		if (send(r->out, chunk, len, MSG_NOSIGNAL) != (ssize_t)len || at == r->cut_at)
			break;
	}
	(void)shutdown(r->out, SHUT_WR);
	(void)shutdown(r->in, SHUT_RD);
	return NULL;
}

/* ---- both ends ---- */

struct end {
	struct carrier *carrier;
	unsigned ends, checkpoints;
	uint64_t progress, offset;
	uint8_t digest[32];
	int err;
};

struct world {
	uv_loop_t loop;
	struct tls_identity *identities[2];
	struct tls_context *contexts[2];
	struct source source;
	struct sink sink;
	struct pump_send send;
	struct pump_receive receive;
	struct end sender, receiver;
	bool plain;
	struct tls_id wanted; /* by the sender */
	struct relay relay[2];
	bool relayed;
};

static void
on_progress(void *ctx, uint64_t bytes)
{
	((struct end *)ctx)->progress = bytes;
}

static void
on_checkpoint(void *ctx, uint64_t offset, const uint8_t digest[32])
{
	struct end *e = ctx;
	e->checkpoints++;
	e->offset = offset;
	memcpy(e->digest, digest, sizeof(e->digest));
}

static void
on_end(void *ctx, int err)
{
	struct end *e = ctx;
	e->ends++;
	e->err = err;
	e->carrier = NULL;
}

static const struct carrier_listener listener = {on_progress, on_checkpoint, on_end};

static struct world *
world_create(uint64_t size)
{
	struct world *w = calloc(1, sizeof(*w));
	assert_non_null(w);
	assert_int_equal(uv_loop_init(&w->loop), 0);
	for (size_t i = 0; i < 2; i++) {
		assert_int_equal(identity_generate(&w->identities[i]), 0);
		assert_int_equal(tls_context_create(w->identities[i], &w->contexts[i]), 0);
	}
	w->source = (struct source){.size = size, .odd = NEVER, .fail_at = NEVER};
	w->sink = (struct sink){.fail_at = NEVER};
	w->send = (struct pump_send){.source = &w->source, .size = size};
	w->receive = (struct pump_receive){.sink = &w->sink, .size = size};
	assert_int_equal(digest_run_create(&w->receive.run), 0);
	carrier_link_init(&w->send.link);
	carrier_link_init(&w->receive.link);
	w->wanted = *tls_identity_id(w->identities[1]);
	for (size_t i = 0; i < 2; i++)
		w->relay[i] = (struct relay){-1, -1, NEVER, NEVER, NEVER, 0, 0};
	return w;
}

static void
world_destroy(struct world *w)
{
	digest_run_destroy(w->receive.run);
	for (size_t i = 0; i < 2; i++) {
		tls_context_destroy(w->contexts[i]);
		tls_identity_destroy(w->identities[i]);
	}
	assert_int_equal(uv_loop_close(&w->loop), 0);
	free(w);
}

static void
connect_them(struct world *w, int fd[2])
{
	int left[2], right[2];
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, left), 0);
	fd[0] = left[0];
	fd[1] = left[1];
	if (!w->relayed)
		return;
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, right), 0);
	fd[1] = right[1];
	w->relay[0].in = w->relay[1].out = left[1];
	w->relay[0].out = w->relay[1].in = right[0];
	for (size_t i = 0; i < 2; i++)
		assert_int_equal(
		    pthread_create(&w->relay[i].thread, NULL, run_relay, &w->relay[i]), 0);
}

static void
begin(struct world *w, carrier_fn *sends)
{
	int fd[2];
	connect_them(w, fd);
	w->send.link.fd = fd[0];
	w->receive.link.fd = fd[1];
	if (!w->plain) {
		assert_int_equal(
		    tls_channel_create(w->contexts[0], true, &w->wanted, &w->send.link.tls), 0);
		assert_int_equal(tls_channel_create(w->contexts[1], false,
				     tls_identity_id(w->identities[0]), &w->receive.link.tls),
		    0);
	}
	assert_int_equal(
	    carrier_start(&w->loop, sends, &w->send, &listener, &w->sender, &w->sender.carrier), 0);
	assert_int_equal(carrier_start(&w->loop, pump_receive_run, &w->receive, &listener,
			     &w->receiver, &w->receiver.carrier),
	    0);
}

static void
finish(struct world *w)
{
	(void)uv_run(&w->loop, UV_RUN_DEFAULT);
	assert_int_equal(w->sender.ends, 1);
	assert_int_equal(w->receiver.ends, 1);
	assert_int_equal(w->send.link.fd, -1);
	assert_int_equal(w->receive.link.fd, -1);
	assert_null(w->send.link.tls);
	if (!w->relayed)
		return;
	for (size_t i = 0; i < 2; i++)
		assert_int_equal(pthread_join(w->relay[i].thread, NULL), 0);
	(void)close(w->relay[0].in);
	(void)close(w->relay[0].out);
}

static void
run(struct world *w)
{
	begin(w, pump_send_run);
	finish(w);
}

/* What the receiver has, and what it says it has, are the same. */
static void
is_consistent(struct world *w)
{
	uint8_t has[32], is[32];
	assert_false(w->sink.wrong);
	assert_int_equal(w->receive.at, w->sink.at);
	assert_int_equal(digest_run_value(w->receive.run, has), 0);
	digest_of(w->sink.at, is);
	assert_memory_equal(has, is, sizeof(is));
}

static void
is_whole(struct world *w, uint64_t size)
{
	uint8_t is[32];
	assert_int_equal(w->sender.err, 0);
	assert_int_equal(w->receiver.err, 0);
	is_consistent(w);
	assert_int_equal(w->sink.at, size);
	assert_int_equal(w->send.at, size);
	digest_of(size, is);
	assert_memory_equal(w->send.digest, is, sizeof(is));
	assert_memory_equal(w->receive.digest, is, sizeof(is));
}

static void
all_sizes_arrive_with_and_without_tls(void **state)
{
	(void)state;
	static const uint64_t sizes[] = {
	    0, 1, 16384, TLS_CHANNEL_BLOCK, TLS_CHANNEL_BLOCK + 1, 5 * MIB + 7};
	for (size_t i = 0; i < ARRAY_LEN(sizes) * 2; i++) {
		struct world *w = world_create(sizes[i / 2]);
		w->plain = i % 2;
		run(w);
		is_whole(w, sizes[i / 2]);
		assert_int_equal(w->sender.progress, sizes[i / 2]);
		assert_int_equal(w->receiver.progress, sizes[i / 2]);
		world_destroy(w);
	}
}

static void
without_a_size_the_end_is_the_connections(void **state)
{
	(void)state;
	for (size_t i = 0; i < 2; i++) {
		struct world *w = world_create(MIB + 5);
		w->plain = i;
		w->receive.size = UINT64_MAX;
		run(w);
		is_whole(w, MIB + 5);
		world_destroy(w);
	}
}

/* Makes the receiver one that has the first bytes. */
static void
has_already(struct world *w, uint64_t from, uint8_t prefix[32])
{
	static uint8_t block[65536];
	for (uint64_t at = 0; at < from;) {
		size_t n = from - at < sizeof(block) ? (size_t)(from - at) : sizeof(block);
		assert_int_equal(source_read(&w->source, at, block, n), n);
		digest_run_update(w->receive.run, block, n);
		at += n;
	}
	digest_of(from, prefix);
	w->sink.at = w->receive.from = w->send.from = from;
	w->send.prefix = prefix;
}

static void
it_goes_on_from_where_it_was(void **state)
{
	(void)state;
	static const uint64_t from[] = {1, MIB, 2 * MIB + 1, 3 * MIB};
	uint8_t prefix[32];
	for (size_t i = 0; i < ARRAY_LEN(from) * 2; i++) {
		struct world *w = world_create(3 * MIB);
		w->plain = i % 2;
		has_already(w, from[i / 2], prefix);
		if (i % 3 == 0)
			w->send.prefix = NULL;
		run(w);
		is_whole(w, 3 * MIB);
		assert_int_equal(w->receiver.progress, 3 * MIB - from[i / 2]);
		world_destroy(w);
	}
}

static void
f4_what_does_not_begin_the_same_does_not_go_on(void **state)
{
	(void)state;
	uint8_t prefix[32];
	struct world *w = world_create(3 * MIB);
	has_already(w, 2 * MIB, prefix);
	w->source.odd = 2 * MIB - 1;
	run(w);
	assert_int_equal(w->sender.err, ERR_DIFFERS);
	assert_int_equal(w->receiver.err, -ECONNRESET);
	assert_int_equal(w->sink.at, 2 * MIB);
	is_consistent(w);
	world_destroy(w);
}

static void
n4_another_key_gets_not_a_byte(void **state)
{
	(void)state;
	struct world *w = world_create(MIB);
	w->wanted.bytes[0] ^= 1;
	run(w);
	assert_int_equal(w->sender.err, ERR_KEY);
	assert_int_equal(w->receiver.err, ERR_KEY_REFUSED);
	assert_int_equal(w->sink.at, 0);
	world_destroy(w);
}

static void
f4_a_flipped_bit_at_any_mebibyte_ends_it(void **state)
{
	(void)state;
	for (uint64_t i = 0; i <= MIBS; i++) {
		struct world *w = world_create(MIBS * MIB);
		w->relayed = true;
		w->relay[0].flip_at = i ? i * MIB : 2000;
		run(w);
		assert_int_not_equal(w->sender.err, 0);
		assert_int_equal(w->receiver.err, ERR_PROTO);
		assert_true(w->sink.at < i * MIB + 1);
		is_consistent(w);
		world_destroy(w);
	}
}

static void
f4_a_cut_anywhere_is_an_error_of_both(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 40; i++) {
		struct world *w = world_create(3 * MIB);
		w->relayed = true;
		w->plain = i % 4 == 3;
		w->relay[i % 2].cut_at =
		    i % 2 && !w->plain ? 1 + random_below(1500) : 1 + random_below(3 << 20);
		run(w);
		bool both = w->relay[0].cut_at != NEVER || !w->plain;
		if (both) {
			assert_int_not_equal(w->sender.err, 0);
			assert_int_not_equal(w->receiver.err, 0);
			assert_true(w->sink.at < 3 * MIB);
		}
		is_consistent(w);
		world_destroy(w);
	}
}

/* Sends everything, and goes without a word. */
static int send_without_an_end(struct carrier *c, void *arg);

static int
wait_plainly(void *ctx, int fd, short events)
{
	return carrier_wait(ctx, fd, events, 100000);
}

static int
send_without_an_end(struct carrier *c, void *arg)
{
	struct pump_send *s = arg;
	static uint8_t all[1 << 20];
	int err = tls_channel_handshake(s->link.tls, s->link.fd, NULL, wait_plainly, c);
	ssize_t n = source_read(s->source, 0, all, sizeof(all));
	if (!err)
		err = tls_channel_write(s->link.tls, all, (size_t)n);
	if (!err)
		err = tls_channel_flush(s->link.tls);
	carrier_link_finish(&s->link);
	return err;
}

static void
f4_all_bytes_without_the_end_are_not_all(void **state)
{
	(void)state;
	struct world *w = world_create(MIB);
	begin(w, send_without_an_end);
	finish(w);
	assert_int_equal(w->sender.err, 0);
	assert_int_equal(w->receiver.err, -ECONNRESET);
	assert_int_equal(w->sink.at, MIB);
	is_consistent(w);
	world_destroy(w);
	w = world_create(MIB);
	w->receive.size = UINT64_MAX;
	begin(w, send_without_an_end);
	finish(w);
	assert_int_equal(w->receiver.err, -ECONNRESET);
	world_destroy(w);
}

static void
f3_the_size_is_a_hard_limit(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 2; i++) {
		struct world *w = world_create(MIB);
		w->receive.size = i ? MIB - 1 : MIB + 1;
		run(w);
		assert_int_equal(w->receiver.err, i ? ERR_PROTO : -ECONNRESET);
		assert_int_not_equal(w->sender.err, 0);
		assert_true(w->sink.at <= w->receive.size);
		is_consistent(w);
		world_destroy(w);
	}
}

static void
who_falls_silent_is_left(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 3; i++) {
		struct world *w = world_create(4 * MIB);
		w->plain = i % 2;
		w->relayed = true;
		w->relay[0].hold_at = i < 2 ? 2 * MIB : 0;
		w->relay[0].hold_ms = 3000;
		run(w);
		assert_int_equal(w->receiver.err, -ETIMEDOUT);
		assert_true(w->sender.err == -ETIMEDOUT || w->sender.err == -ECONNRESET);
		is_consistent(w);
		world_destroy(w);
	}
}

static void
a_stop_at_any_moment_ends_it(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 120; i++) {
		struct world *w = world_create(4 * MIB);
		struct timespec t = {.tv_nsec = random_below(i < 60 ? 1000000 : 20000000)};
		struct end *e = i % 2 ? &w->sender : &w->receiver;
		w->plain = i % 4 > 1;
		begin(w, pump_send_run);
		(void)nanosleep(&t, NULL);
		carrier_stop(e->carrier);
		finish(w);
		/* or it was done before */
		assert_true(e->err == -ECANCELED || (e->err == 0 && w->receive.at == 4 * MIB));
		is_consistent(w);
		world_destroy(w);
	}
}

static void
f4_a_source_that_shrinks_or_fails_ends_it(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 2; i++) {
		struct world *w = world_create(3 * MIB);
		if (i)
			w->source.fail_at = MIB;
		else
			w->source.size = 2 * MIB + 9;
		run(w);
		assert_int_equal(w->sender.err, i ? -EIO : ERR_CHANGED_SOURCE);
		assert_int_equal(w->receiver.err, -ECONNRESET);
		is_consistent(w);
		world_destroy(w);
	}
}

static void
f3_a_full_disk_ends_it_and_what_was_taken_is_known(void **state)
{
	(void)state;
	static const uint64_t full[] = {0, 1, MIB, MIB + 12345};
	for (size_t i = 0; i < ARRAY_LEN(full); i++) {
		struct world *w = world_create(3 * MIB);
		w->sink.fail_at = full[i];
		run(w);
		assert_int_equal(w->receiver.err, -ENOSPC);
		assert_int_not_equal(w->sender.err, 0);
		assert_int_equal(w->receive.at, full[i]);
		is_consistent(w);
		world_destroy(w);
	}
}

static void
checkpoints_are_told_with_their_digest(void **state)
{
	(void)state;
	const uint64_t twice = UINT64_C(2) * LIMIT_TRANSFER_CHECKPOINT, size = twice + 100;
	uint8_t is[32];
	struct world *w = world_create(size);
	run(w);
	is_whole(w, size);
	assert_int_equal(w->sink.checkpoints, 2);
	assert_in_range(w->receiver.checkpoints, 1, 2);
	assert_in_range(w->receiver.offset, twice, size);
	digest_of(w->receiver.offset, is);
	assert_memory_equal(w->receiver.digest, is, sizeof(is));
	world_destroy(w);
}

static void
early_bytes_belong_to_the_file(void **state)
{
	(void)state;
	uint8_t first[100];
	struct world *w = world_create(MIB);
	w->plain = true;
	assert_int_equal(source_read(&w->source, 0, first, sizeof(first)), sizeof(first));
	buf_init(&w->receive.link.early, sizeof(first));
	buf_add(&w->receive.link.early, first, sizeof(first));
	w->send.from = sizeof(first);
	run(w);
	is_whole(w, MIB);
	world_destroy(w);
}

static void
the_cap_is_kept_on_either_side(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 2; i++) {
		struct rate rate;
		struct timespec from, to;
		struct world *w = world_create(2 * MIB);
		assert_int_equal(rate_init(&rate, 4 * MIB), 0);
		*(i ? &w->send.rate : &w->receive.rate) = &rate;
		(void)clock_gettime(CLOCK_MONOTONIC, &from);
		run(w);
		(void)clock_gettime(CLOCK_MONOTONIC, &to);
		is_whole(w, 2 * MIB);
		int64_t ms =
		    (to.tv_sec - from.tv_sec) * 1000 + (to.tv_nsec - from.tv_nsec) / 1000000;
		/* that is half a second, of which one piece goes at once */
		assert_in_range(ms, 400, 5000);
		rate_finish(&rate);
		world_destroy(w);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(all_sizes_arrive_with_and_without_tls),
	    cmocka_unit_test(without_a_size_the_end_is_the_connections),
	    cmocka_unit_test(it_goes_on_from_where_it_was),
	    cmocka_unit_test(f4_what_does_not_begin_the_same_does_not_go_on),
	    cmocka_unit_test(n4_another_key_gets_not_a_byte),
	    cmocka_unit_test(f4_a_flipped_bit_at_any_mebibyte_ends_it),
	    cmocka_unit_test(f4_a_cut_anywhere_is_an_error_of_both),
	    cmocka_unit_test(f4_all_bytes_without_the_end_are_not_all),
	    cmocka_unit_test(f3_the_size_is_a_hard_limit),
	    cmocka_unit_test(who_falls_silent_is_left),
	    cmocka_unit_test(a_stop_at_any_moment_ends_it),
	    cmocka_unit_test(f4_a_source_that_shrinks_or_fails_ends_it),
	    cmocka_unit_test(f3_a_full_disk_ends_it_and_what_was_taken_is_known),
	    cmocka_unit_test(checkpoints_are_told_with_their_digest),
	    cmocka_unit_test(early_bytes_belong_to_the_file),
	    cmocka_unit_test(the_cap_is_kept_on_either_side),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
