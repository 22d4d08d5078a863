/* Channels with each other, with a session, and with connections that end as they should not. */
#include "tls/channel.h"

#include "base/buf.h"
#include "base/err.h"
#include "base/random.h"
#include "tls/internal.h"
#include "tls/session.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

enum { WAIT_MS = 3000, SIZE = 3 * 1024 * 1024 + 17 };

static struct tls_identity *identities[2];
static struct tls_context *contexts[2]; /* the client's, the server's */

static int
set_up(void **state)
{
	(void)state;
	for (size_t i = 0; i < 2; i++) {
		assert_int_equal(identity_generate(&identities[i]), 0);
		assert_int_equal(tls_context_create(identities[i], &contexts[i]), 0);
	}
	return 0;
}

static int
tear_down(void **state)
{
	(void)state;
	for (size_t i = 0; i < 2; i++) {
		tls_context_destroy(contexts[i]);
		tls_identity_destroy(identities[i]);
	}
	return 0;
}

static int
wait_ready(void *ctx, int fd, short events)
{
	struct pollfd p = {.fd = fd, .events = events};
	const int *ms = ctx;
	return poll(&p, 1, ms ? *ms : WAIT_MS) == 1 ? 0 : -ETIMEDOUT;
}

/* One side in a thread: what it does is the script's, what came of it is the test's to look at. */
struct side {
	struct tls_channel *ch;
	int fd;
	size_t send, step; /* bytes to write, in pieces of step; 0: random pieces */
	bool shut;         /* says close_notify after them */
	int shaken, wrote; /* results */
	int verdict;       /* of reading */
	uint8_t *got;
	size_t len;
	int *wait_ms;
	pthread_t thread;
};

static uint8_t
pattern(size_t at)
{
	return (uint8_t)(at * 2654435761U >> 13);
}

static int
write_all(struct side *s)
{
	uint8_t *all = malloc(s->send + 1);
	int err = all ? 0 : -ENOMEM;
	for (size_t i = 0; all && i < s->send; i++)
		all[i] = pattern(i);
	for (size_t at = 0; !err && at < s->send;) {
		size_t n = s->step ? s->step : random_below(100000);
		n = n < s->send - at ? n : s->send - at;
		err = tls_channel_write(s->ch, all + at, n);
		at += n;
	}
	free(all);
	return err ? err : tls_channel_flush(s->ch);
}

static void *
run_side(void *arg)
{
	struct side *s = arg;
	s->shaken = tls_channel_handshake(s->ch, s->fd, NULL, wait_ready, s->wait_ms);
	if (!s->shaken && s->send)
		s->wrote = write_all(s);
	if (!s->shaken && !s->wrote && s->shut)
		s->wrote = tls_channel_shutdown(s->ch);
	while (!s->shaken && !s->verdict) {
		size_t room = SIZE + 1 - s->len, most = 1 + random_below(100000);
		ssize_t n = tls_channel_read(s->ch, s->got + s->len, room < most ? room : most);
		if (n < 0)
			s->verdict = (int)n;
		else
			s->len += (size_t)n;
	}
	(void)shutdown(s->fd, SHUT_RDWR);
	return NULL;
}

static void
side_init(struct side *s, size_t who, const struct tls_id *wanted, int fd)
{
	*s = (struct side){.fd = fd, .shut = true};
	s->got = malloc(SIZE + 1);
	assert_non_null(s->got);
	if (!wanted)
		wanted = tls_identity_id(identities[!who]);
	assert_int_equal(tls_channel_create(contexts[who], who == 0, wanted, &s->ch), 0);
}

static void
begin_pair(struct side s[2], const struct tls_id *client_wants, const struct tls_id *server_wants)
{
	int fd[2];
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, fd), 0);
	side_init(&s[0], 0, client_wants, fd[0]);
	side_init(&s[1], 1, server_wants, fd[1]);
}

static void
run_pair(struct side s[2])
{
	for (size_t i = 0; i < 2; i++)
		assert_int_equal(pthread_create(&s[i].thread, NULL, run_side, &s[i]), 0);
	for (size_t i = 0; i < 2; i++)
		assert_int_equal(pthread_join(s[i].thread, NULL), 0);
}

static void
side_finish(struct side *s)
{
	tls_channel_destroy(s->ch);
	free(s->got);
	(void)close(s->fd);
}

static void
got_all(const struct side *s, size_t size)
{
	assert_int_equal(s->len, size);
	for (size_t i = 0; i < size; i++)
		if (s->got[i] != pattern(i))
			fail_msg("byte %zu", i);
}

static void
all_bytes_arrive_and_the_end_is_told(void **state)
{
	(void)state;
	static const size_t sizes[] = {
	    0, 1, 16384, 16385, TLS_CHANNEL_BLOCK, TLS_CHANNEL_BLOCK + 1, SIZE};
	for (size_t i = 0; i < ARRAY_LEN(sizes) * 2; i++) {
		struct side s[2];
		size_t from = i % 2, size = sizes[i / 2];
		begin_pair(s, NULL, NULL);
		s[from].send = size;
		s[from].step = i % 3 ? 0 : TLS_CHANNEL_BLOCK;
		run_pair(s);
		for (size_t k = 0; k < 2; k++) {
			assert_int_equal(s[k].shaken, 0);
			assert_int_equal(s[k].wrote, 0);
			assert_int_equal(s[k].verdict, ERR_CLOSED);
		}
		got_all(&s[!from], size);
		assert_int_equal(s[from].len, 0);
		side_finish(&s[0]);
		side_finish(&s[1]);
	}
}

static void
n4_another_key_is_refused_on_either_side(void **state)
{
	(void)state;
	static const struct tls_id other = {{1}};
	struct side s[2];
	begin_pair(s, &other, NULL);
	s[0].send = s[1].send = 100;
	run_pair(s);
	assert_int_equal(s[0].shaken, ERR_KEY);
	assert_int_equal(s[1].shaken, ERR_KEY_REFUSED);
	assert_int_equal(s[0].len + s[1].len, 0);
	/* it stays */
	assert_int_equal(tls_channel_write(s[0].ch, "x", 1), ERR_KEY);
	assert_int_equal(tls_channel_read(s[0].ch, s[0].got, 1), ERR_KEY);
	side_finish(&s[0]);
	side_finish(&s[1]);
	begin_pair(s, NULL, &other);
	s[1].send = 100;
	run_pair(s);
	assert_int_equal(s[1].shaken, ERR_KEY);
	/* a client is done before it is judged */
	assert_int_equal(s[0].shaken, 0);
	assert_int_equal(s[0].verdict, ERR_KEY_REFUSED);
	assert_int_equal(s[0].len + s[1].len, 0);
	side_finish(&s[0]);
	side_finish(&s[1]);
}

static void
a_connection_that_ends_without_a_word_was_cut(void **state)
{
	(void)state;
	struct side s[2];
	begin_pair(s, NULL, NULL);
	s[0].send = SIZE;
	s[0].shut = false;
	/* it waits for the server, who says nothing, and so ends */
	int soon = 200;
	s[0].wait_ms = &soon;
	s[1].shut = false;
	run_pair(s);
	assert_int_equal(s[0].verdict, -ETIMEDOUT);
	got_all(&s[1], SIZE);
	assert_int_equal(s[1].verdict, -ECONNRESET);
	assert_int_equal(tls_channel_read(s[1].ch, s[1].got, 1), -ECONNRESET);
	side_finish(&s[0]);
	side_finish(&s[1]);
}

static void
a_peer_that_is_silent_is_not_waited_for(void **state)
{
	(void)state;
	int fd[2], soon = 50;
	for (size_t who = 0; who < 2; who++) {
		struct side s;
		assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, fd), 0);
		side_init(&s, who, NULL, fd[0]);
		assert_int_equal(tls_channel_read(s.ch, s.got, 1), -ENOTCONN);
		assert_int_equal(tls_channel_write(s.ch, "x", 1), -ENOTCONN);
		s.wait_ms = &soon;
		assert_null(run_side(&s));
		assert_int_equal(s.shaken, -ETIMEDOUT);
		(void)close(fd[1]);
		side_finish(&s);
	}
}

static void
what_is_no_tls_is_refused(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 200; i++) {
		struct side s;
		uint8_t noise[2000];
		size_t len = 1 + random_below(sizeof(noise));
		int fd[2];
		assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, fd), 0);
		side_init(&s, i % 2, NULL, fd[0]);
		random_bytes(noise, len);
		if (i % 3)
			memcpy(noise, "\x16\x03\x01", len < 3 ? len : 3);
		assert_int_equal(send(fd[1], noise, len, 0), (ssize_t)len);
		(void)shutdown(fd[1], SHUT_WR);
		assert_null(run_side(&s));
		assert_true(s.shaken == ERR_PROTO || s.shaken == -ECONNRESET);
		(void)close(fd[1]);
		side_finish(&s);
	}
}

static int
check_key(void *ctx, const struct tls_peer *peer)
{
	(void)ctx;
	return tls_id_equal(&peer->id, tls_identity_id(identities[1])) ? 0 : ERR_KEY;
}

/* A session (in memory) is the client; what it was sent first has been read from the socket before
 * the channel got it. */
static void
early_bytes_are_read_first_and_sessions_speak_the_same(void **state)
{
	(void)state;
	struct tls_session *client;
	struct side server;
	struct buf early;
	const void *out;
	char chunk[4096];
	size_t len;
	int fd[2], soon = 20;
	assert_int_equal(tls_session_create(contexts[0], true, check_key, NULL, &client), 0);
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, fd), 0);
	side_init(&server, 1, NULL, fd[1]);
	buf_init(&early, 4096);
	tls_session_output(client, &out, &len);
	buf_add(&early, out, len);
	tls_session_sent(client, len);
	/* it answers, and waits in vain */
	assert_int_equal(
	    tls_channel_handshake(server.ch, fd[1], &early, wait_ready, &soon), -ETIMEDOUT);
	assert_int_equal(early.len, 0);
	ssize_t n = recv(fd[0], chunk, sizeof(chunk), 0);
	assert_true(n > 0);
	assert_int_equal(tls_session_feed(client, chunk, (size_t)n), 0);
	assert_true(tls_session_is_open(client));
	assert_non_null(tls_session_peer(client));
	tls_session_destroy(client);
	buf_finish(&early);
	(void)close(fd[0]);
	side_finish(&server);
}

/* ---- what is between them changes one bit, or ends it ---- */

struct relay {
	int in, out;
	size_t flip_at, cut_at; /* of what it carries; SIZE_MAX: never */
	pthread_t thread;
};

static void *
run_relay(void *arg)
{
	struct relay *r = arg;
	char chunk[32 * 1024];
	size_t at = 0;
	ssize_t n;
	while ((n = recv(r->in, chunk, sizeof(chunk), 0)) > 0) {
		size_t len = (size_t)n;
		if (r->flip_at - at < len)
			chunk[r->flip_at - at] ^= 4;
		if (r->cut_at - at < len)
			len = r->cut_at - at;
		at += len;
		if (send(r->out, chunk, len, MSG_NOSIGNAL) != (ssize_t)len || at == r->cut_at)
			break;
	}
	(void)shutdown(r->out, SHUT_WR);
	(void)shutdown(r->in, SHUT_RD);
	return NULL;
}

/* The client sends SIZE bytes through a relay. */
static void
run_relayed(struct side s[2], size_t flip_at, size_t cut_at)
{
	struct relay r[2];
	int left[2], right[2];
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, left), 0);
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, right), 0);
	r[0] = (struct relay){.in = left[1], .out = right[0], .flip_at = flip_at, .cut_at = cut_at};
	r[1] = (struct relay){right[0], left[1], SIZE_MAX, SIZE_MAX, 0};
	side_init(&s[0], 0, NULL, left[0]);
	side_init(&s[1], 1, NULL, right[1]);
	s[0].send = SIZE;
	for (size_t i = 0; i < 2; i++)
		assert_int_equal(pthread_create(&r[i].thread, NULL, run_relay, &r[i]), 0);
	run_pair(s);
	for (size_t i = 0; i < 2; i++)
		assert_int_equal(pthread_join(r[i].thread, NULL), 0);
	(void)close(left[1]);
	(void)close(right[0]);
}

static void
is_a_beginning(const struct side *s)
{
	assert_true(s->len < SIZE);
	got_all(s, s->len);
}

static void
f4_a_flipped_bit_at_any_mebibyte_is_noticed(void **state)
{
	(void)state;
	for (size_t i = 1; i <= SIZE >> 20; i++) {
		struct side s[2];
		run_relayed(s, i << 20, SIZE_MAX);
		assert_int_equal(s[1].verdict, ERR_PROTO);
		is_a_beginning(&s[1]);
		side_finish(&s[0]);
		side_finish(&s[1]);
	}
}

static void
a_cut_anywhere_is_noticed(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 40; i++) {
		struct side s[2];
		run_relayed(s, SIZE_MAX, 1 + random_below(i % 2 ? 3000 : SIZE));
		int verdict = s[1].shaken ? s[1].shaken : s[1].verdict;
		assert_int_equal(verdict, -ECONNRESET);
		is_a_beginning(&s[1]);
		side_finish(&s[0]);
		side_finish(&s[1]);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(all_bytes_arrive_and_the_end_is_told),
	    cmocka_unit_test(n4_another_key_is_refused_on_either_side),
	    cmocka_unit_test(a_connection_that_ends_without_a_word_was_cut),
	    cmocka_unit_test(a_peer_that_is_silent_is_not_waited_for),
	    cmocka_unit_test(what_is_no_tls_is_refused),
	    cmocka_unit_test(early_bytes_are_read_first_and_sessions_speak_the_same),
	    cmocka_unit_test(f4_a_flipped_bit_at_any_mebibyte_is_noticed),
	    cmocka_unit_test(a_cut_anywhere_is_noticed),
	};
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
