/* SOCKS5: our two sides with each other, and each with a peer that lies. */
#include "base/clock.h"
#include "base/err.h"
#include "base/limits.h"
#include "base/random.h"
#include "discovery/address.h"
#include "transfer/carrier.h"
#include "transfer/socks5_talk.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#define HASH  "c97cd5f74b30cf5878cf715fa2c28969131c5826"
#define OTHER "00000000000000000000000000000000000000ff"
#define ASK   "\5\1\0\3\50"
#define PORT0 "\0\0"

static uint64_t leap;            /* ms that the clock is ahead */
uint64_t __real_clock_now(void); // NOLINT(bugprone-reserved-identifier): the linker's names
uint64_t __wrap_clock_now(void); // NOLINT(bugprone-reserved-identifier)

// NOLINTNEXTLINE(bugprone-reserved-identifier)
uint64_t
__wrap_clock_now(void)
{
	return __real_clock_now() + leap;
}

struct test {
	uv_loop_t loop;
	struct socks5_server *server;
	struct socks5_expected *expected;
	struct socks5_dial *dial;
	bool refuse; /* every address */
	unsigned arrivals, dialled;
	struct carrier_link in, out;
	int err;
	size_t index;
};

static bool
allow(void *ctx, const struct sockaddr_storage *from)
{
	struct test *t = ctx;
	assert_true(from->ss_family == AF_INET || from->ss_family == AF_INET6);
	return !t->refuse;
}

static void
on_arrived(void *ctx, struct carrier_link *link)
{
	struct test *t = ctx;
	t->arrivals++;
	t->expected = NULL;
	carrier_link_finish(&t->in);
	carrier_link_move(&t->in, link);
}

static void
on_dialled(void *ctx, int err, size_t index, struct carrier_link *link)
{
	struct test *t = ctx;
	t->dialled++;
	t->dial = NULL;
	t->err = err;
	t->index = index;
	if (!err)
		carrier_link_move(&t->out, link);
	else
		assert_null(link);
}

static int
set_up(void **state)
{
	struct test *t = calloc(1, sizeof(*t));
	assert_non_null(t);
	leap = 0;
	carrier_link_init(&t->in);
	carrier_link_init(&t->out);
	assert_int_equal(uv_loop_init(&t->loop), 0);
	assert_int_equal(socks5_server_create(&t->loop, &t->server), 0);
	*state = t;
	return 0;
}

static int
tear_down(void **state)
{
	struct test *t = *state;
	socks5_dial_stop(t->dial);
	socks5_server_close(t->server);
	carrier_link_finish(&t->in);
	carrier_link_finish(&t->out);
	(void)uv_run(&t->loop, UV_RUN_DEFAULT);
	assert_int_equal(uv_loop_close(&t->loop), 0);
	free(t);
	return 0;
}

static void
expect(struct test *t)
{
	assert_int_equal(socks5_expect(t->server, HASH, allow, on_arrived, t, &t->expected), 0);
	assert_int_not_equal(socks5_server_port(t->server), 0);
}

static struct sockaddr_storage
local(int family, uint16_t port)
{
	struct sockaddr_storage a = {.ss_family = (sa_family_t)family};
	if (family == AF_INET)
		((struct sockaddr_in *)&a)->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	else
		((struct sockaddr_in6 *)&a)->sin6_addr = (struct in6_addr)IN6ADDR_LOOPBACK_INIT;
	address_set_port(&a, port);
	return a;
}

static void
dial(struct test *t, const struct sockaddr_storage *at, size_t count, unsigned gap, unsigned limit)
{
	assert_int_equal(
	    socks5_dial(&t->loop, at, count, HASH, gap, limit, on_dialled, t, &t->dial), 0);
}

/* What the loop has to do now, and a moment for the other side of the sockets. */
static void
turn(struct test *t)
{
	(void)uv_run(&t->loop, UV_RUN_NOWAIT);
	(void)poll(NULL, 0, 1);
}

static void
until_dialled(struct test *t)
{
	for (unsigned i = 0; !t->dialled && i < 5000; i++)
		turn(t);
	assert_int_equal(t->dialled, 1);
}

/* Somebody else, on a plain socket. */
static int
stranger(const struct test *t)
{
	struct sockaddr_storage at = local(AF_INET, socks5_server_port(t->server));
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	assert_true(fd >= 0);
	assert_int_equal(connect(fd, (struct sockaddr *)&at, sizeof(struct sockaddr_in)), 0);
	assert_int_equal(fcntl(fd, F_SETFL, O_NONBLOCK), 0);
	return fd;
}

static void
tell(int fd, const void *data, size_t len)
{
	/* the other may be gone already */
	(void)!send(fd, data, len, MSG_NOSIGNAL);
}

/* All it gets until it is closed (-> true) or nothing more comes for a while. */
static bool
hear(struct test *t, int fd, char *got, size_t cap, size_t *len)
{
	*len = 0;
	for (unsigned i = 0; i < 30; i++) {
		turn(t);
		ssize_t n = recv(fd, got + *len, cap - *len, 0);
		if (n == 0 || (n < 0 && errno == ECONNRESET))
			return true;
		if (n > 0) {
			*len += (size_t)n;
			i = 0;
		}
	}
	return false;
}

static void
flows(struct test *t)
{
	char got[8];
	assert_int_equal(send(t->out.fd, "over", 4, 0), 4);
	(void)poll(&(struct pollfd){.fd = t->in.fd, .events = POLLIN}, 1, 1000);
	assert_int_equal(recv(t->in.fd, got, sizeof(got), 0), 4);
	assert_memory_equal(got, "over", 4);
}

static void
both_sides_meet(void **state)
{
	struct test *t = *state;
	static const int families[] = {AF_INET, AF_INET6};
	for (size_t i = 0; i < 2; i++) {
		expect(t);
		uint16_t port = socks5_server_port(t->server);
		struct sockaddr_storage at = local(families[i], port);
		t->dialled = 0;
		dial(t, &at, 1, 100, 3000);
		until_dialled(t);
		for (unsigned k = 0; t->arrivals <= i && k < 1000; k++)
			turn(t);
		assert_int_equal(t->err, 0);
		assert_int_equal(t->arrivals, i + 1);
		/* nobody is expected any more */
		assert_int_equal(socks5_server_port(t->server), 0);
		flows(t);
		carrier_link_finish(&t->out);
	}
}

static void
a_session_is_expected_once(void **state)
{
	struct test *t = *state;
	struct socks5_expected *again;
	expect(t);
	assert_int_equal(socks5_expect(t->server, HASH, allow, on_arrived, t, &again), -EEXIST);
	assert_int_equal(socks5_expect(t->server, "c97c", allow, on_arrived, t, &again), -EINVAL);
	assert_int_equal(socks5_expect(t->server, OTHER, allow, on_arrived, t, &again), 0);
	uint16_t port = socks5_server_port(t->server);
	socks5_forget(t->expected);
	assert_int_equal(socks5_server_port(t->server), port);
	socks5_forget(again);
	socks5_forget(NULL);
	assert_int_equal(socks5_server_port(t->server), 0);
}

static int
silent_listener(struct sockaddr_storage *at)
{
	socklen_t len = sizeof(struct sockaddr_in);
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	*at = local(AF_INET, 0);
	assert_true(fd >= 0);
	assert_int_equal(bind(fd, (struct sockaddr *)at, len), 0);
	assert_int_equal(listen(fd, 8), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)at, &len), 0);
	return fd;
}

static void
the_first_candidate_that_answers_wins(void **state)
{
	struct test *t = *state;
	struct sockaddr_storage at[3];
	int closed = silent_listener(&at[0]);
	int silent = silent_listener(&at[1]);
	(void)close(closed);
	expect(t);
	at[2] = local(AF_INET, socks5_server_port(t->server));
	uint64_t begun = clock_now();
	dial(t, at, 3, 60, 5000);
	until_dialled(t);
	assert_int_equal(t->err, 0);
	assert_int_equal(t->index, 2);
	assert_in_range(clock_now() - begun, 50, 2000);
	(void)close(silent);
}

static void
a_dial_ends_in_time_and_says_why(void **state)
{
	struct test *t = *state;
	struct sockaddr_storage at;
	int fd = silent_listener(&at);
	dial(t, &at, 1, 50, 150);
	until_dialled(t);
	assert_int_equal(t->err, -ETIMEDOUT);
	(void)close(fd);
	t->dialled = 0;
	dial(t, &at, 1, 50, 3000);
	until_dialled(t);
	assert_int_equal(t->err, -ECONNREFUSED);
	t->dialled = 0;
	dial(t, &at, 1, 50, 3000);
	turn(t);
	if (t->dial)
		socks5_dial_stop(t->dial);
	t->dial = NULL;
}

static void
f6_who_is_not_expected_from_there_is_told_nothing(void **state)
{
	struct test *t = *state;
	char got[64];
	size_t len;
	expect(t);
	t->refuse = true;
	int fd = stranger(t);
	tell(fd, "\5\1\0", 3);
	assert_true(hear(t, fd, got, sizeof(got), &len));
	assert_int_equal(len, 0);
	(void)close(fd);
	assert_int_equal(t->arrivals, 0);
}

static void
f6_clients_that_lie_are_closed(void **state)
{
	struct test *t = *state;
	static const struct {
		const char *says;
		size_t len;
		const char *hears; /* the last two bytes */
	} lies[] = {
#define SAY(text) text, sizeof(text) - 1
	    {SAY("\4\1\0\0\0\0\0\0"), ""},
	    {SAY("GET / HTTP/1.1\r\n\r\n"), ""},
	    {SAY("\5\0"), ""},
	    {SAY("\5\1\2"), "\5\xff"},
	    {SAY("\5\1\0\4\1\0\3"), "\5\0"},
	    {SAY("\5\1\0\5\2\0\3\50" HASH PORT0), "\5\0"},
	    {SAY("\5\1\0\5\1\0\1\1\2\3\4\0\1"), "\5\0"},
	    {SAY("\5\1\0\5\1\0\3\xff"), "\5\0"},
	    {SAY("\5\1\0\5\1\0\3\0\0\0"), "\5\0"},
	    {SAY("\5\1\0" ASK "C97CD5F74B30CF5878CF715FA2C28969131C5826" PORT0), "\5\0"},
	    {SAY("\5\1\0" ASK "../../../../../../../../../etc/passwd..." PORT0), "\5\0"},
	    {SAY("\5\1\0" ASK OTHER PORT0), PORT0},
	    {SAY("\5"), NULL},
	    {SAY("\5\377\1\1\1"), NULL},
	    {SAY("\5\1\0" ASK "c97cd5"), NULL},
	};
	expect(t);
	for (size_t i = 0; i < ARRAY_LEN(lies); i++) {
		char got[512];
		size_t len;
		int fd = stranger(t);
		tell(fd, lies[i].says, lies[i].len);
		bool closed = hear(t, fd, got, sizeof(got), &len);
		assert_int_equal(closed, lies[i].hears != NULL);
		if (closed && lies[i].hears[0] == 5)
			assert_memory_equal(got + len - 2, lies[i].hears, 2);
		assert_int_equal(t->arrivals, 0);
		(void)close(fd);
		turn(t);
	}
	/* and whoever does it well is let in all the same */
	struct sockaddr_storage at = local(AF_INET, socks5_server_port(t->server));
	dial(t, &at, 1, 100, 3000);
	until_dialled(t);
	assert_int_equal(t->err, 0);
}

static void
early_bytes_are_left_for_the_file(void **state)
{
	struct test *t = *state;
	static const char all[] = "\5\2\2\0" ASK HASH PORT0 "early";
	char got[64];
	size_t len;
	expect(t);
	int fd = stranger(t);
	for (size_t i = 0; i < sizeof(all) - 6; i++) { /* a byte at a time is enough */
		tell(fd, all + i, 1);
		turn(t);
	}
	tell(fd, "early", 5);
	assert_false(hear(t, fd, got, sizeof(got), &len));
	assert_int_equal(len, 2 + 47);
	assert_memory_equal(got, "\5\0\5\0\0\3\50" HASH PORT0, len);
	assert_int_equal(t->arrivals, 1);
	assert_int_equal(recv(t->in.fd, got, sizeof(got), 0), 5);
	assert_memory_equal(got, "early", 5);
	(void)close(fd);
}

static void
n10_guests_are_few_and_soon_gone(void **state)
{
	struct test *t = *state;
	int fd[LIMIT_SOCKS5_SOURCE + 1];
	char got[8];
	size_t len;
	expect(t);
	for (size_t i = 0; i < ARRAY_LEN(fd); i++) {
		fd[i] = stranger(t);
		tell(fd[i], "\5", 1);
		turn(t);
	}
	assert_false(hear(t, fd[0], got, sizeof(got), &len));
	assert_true(hear(t, fd[LIMIT_SOCKS5_SOURCE], got, sizeof(got), &len));
	leap = LIMIT_SOCKS5_SECONDS * UINT64_C(1000);
	bool closed = false;
	for (unsigned i = 0; !closed && i < 60; i++)
		closed = hear(t, fd[0], got, sizeof(got), &len);
	assert_true(closed);
	for (size_t i = 0; i < ARRAY_LEN(fd); i++)
		(void)close(fd[i]);
	/* there is room again */
	struct sockaddr_storage at = local(AF_INET, socks5_server_port(t->server));
	dial(t, &at, 1, 100, 3000);
	until_dialled(t);
	assert_int_equal(t->err, 0);
}

/* A server that says this, whatever it hears. What becomes of the dial. */
static int
dial_liar(struct test *t, const void *says, size_t len)
{
	struct sockaddr_storage at;
	int fd = silent_listener(&at), conn = -1;
	t->dialled = 0;
	dial(t, &at, 1, 50, 400);
	for (unsigned i = 0; conn < 0 && i < 1000; i++) {
		turn(t);
		if (poll(&(struct pollfd){.fd = fd, .events = POLLIN}, 1, 0) == 1)
			conn = accept(fd, NULL, NULL);
	}
	assert_true(conn >= 0);
	tell(conn, says, len);
	for (unsigned i = 0; !t->dialled && i < 20; i++)
		turn(t);
	(void)shutdown(conn, SHUT_WR);
	until_dialled(t);
	(void)close(conn);
	(void)close(fd);
	return t->err;
}

static void
f6_servers_that_lie_are_left(void **state)
{
	struct test *t = *state;
	static const struct {
		const char *says;
		size_t len;
		int err;
	} lies[] = {
	    {SAY("\4\0"), ERR_PROTO},
	    {SAY("HTTP/1.1 200 OK\r\n\r\n"), ERR_PROTO},
	    {SAY("\5\2"), -ECONNREFUSED},
	    {SAY("\5\xff"), -ECONNREFUSED},
	    {SAY("\5\0\5\5\0\1\0\0\0\0\0\0"), -ECONNREFUSED},
	    {SAY("\5\0\4\0\0\1\0\0\0\0\0\0"), ERR_PROTO},
	    {SAY("\5\0\5\0\0\11\0\0\0\0\0\0"), ERR_PROTO},
	    {SAY("\5\0\5\0\0\0\0\0\0\0\0\0"), ERR_PROTO},
	    {SAY("\5\0\5\0\0\3\377too short"), -ECONNRESET},
	    {SAY("\5\0\5\0\0\4\0\0\0\0\0\0"), -ECONNRESET},
	    {SAY(""), -ECONNRESET},
	    {SAY("\5\0\5\0\0\3"), -ECONNRESET},
	};
	for (size_t i = 0; i < ARRAY_LEN(lies); i++)
		assert_int_equal(dial_liar(t, lies[i].says, lies[i].len), lies[i].err);
}

static void
libpurples_answer_is_taken_and_what_follows_is_the_file(void **state)
{
	struct test *t = *state;
	static const struct {
		const char *says;
		size_t len;
	} answers[] = {
	    {SAY("\5\0\5\0\0\3\13"
		 "192.168.1.2\0\0file")},
	    {SAY("\5\0\5\0\0\1\1\2\3\4\0\0file")},
	    {SAY("\5\0\5\0\0\3\0\0\0file")},
	    {SAY("\5\0\5\0\0\4\1\2\3\4\5\6\7\10\1\2\3\4\5\6\7\10\0\0file")},
	};
	for (size_t i = 0; i < ARRAY_LEN(answers); i++) {
		char got[16];
		assert_int_equal(dial_liar(t, answers[i].says, answers[i].len), 0);
		assert_int_equal(recv(t->out.fd, got, sizeof(got), 0), 4);
		assert_memory_equal(got, "file", 4);
		carrier_link_finish(&t->out);
	}
}

/* Mostly made of what could be meant. */
static void
hostile(uint8_t *to, size_t len)
{
	static const uint8_t likely[] = {0, 1, 2, 3, 4, 5, 40, 255};
	random_bytes(to, len);
	for (size_t i = 0; i < len; i++)
		if (random_below(4))
			to[i] = likely[random_below(ARRAY_LEN(likely))];
}

static void
f6_a_thousand_random_answers_change_nothing(void **state)
{
	struct test *t = *state;
	for (unsigned i = 0; i < 1000; i++) {
		uint8_t says[64];
		size_t len = random_below(sizeof(says));
		hostile(says, len);
		if (len > 2 && random_below(2)) {
			says[0] = 5;
			says[1] = 0;
		}
		int err = dial_liar(t, says, len);
		if (err)
			assert_true(err == ERR_PROTO || err == -ECONNREFUSED ||
				    err == -ECONNRESET || err == -ETIMEDOUT);
		else
			carrier_link_finish(&t->out);
	}
}

static void
f6_no_talk_asks_for_more_than_socks5_can_be(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 200000; i++) {
		struct socks5_talk t;
		struct socks5_say say;
		bool server = i % 2;
		int result = SOCKS5_MORE;
		size_t all = 0;
		if (server)
			socks5_talk_server(&t);
		else
			socks5_talk_client(&t, HASH, &say);
		while (result == SOCKS5_MORE) {
			assert_in_range(t.need, 1, SOCKS5_PART);
			assert_true(t.have < t.need);
			hostile(t.in + t.have, t.need - t.have);
			if (t.step == SOCKS5_GREETING && random_below(8))
				t.in[0] = 5;
			all += t.need;
			t.have = t.need;
			result = socks5_talk_took(&t, &say);
			assert_in_range(say.len, 0, SOCKS5_PART);
		}
		assert_true(all <= 2 + 255 + 4 + 1 + 255 + 2);
		if (server && result == SOCKS5_DONE)
			assert_true(socks5_hash_valid(t.hash));
	}
}

static void
a_server_that_is_closed_lets_its_guests_go(void **state)
{
	struct test *t = *state;
	char got[8];
	size_t len;
	expect(t);
	int fd = stranger(t);
	tell(fd, "\5", 1);
	assert_false(hear(t, fd, got, sizeof(got), &len));
	socks5_server_close(t->server);
	t->server = NULL;
	assert_true(hear(t, fd, got, sizeof(got), &len));
	(void)close(fd);
}

int
main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
	    CASE(both_sides_meet),
	    CASE(a_session_is_expected_once),
	    CASE(the_first_candidate_that_answers_wins),
	    CASE(a_dial_ends_in_time_and_says_why),
	    CASE(f6_who_is_not_expected_from_there_is_told_nothing),
	    CASE(f6_clients_that_lie_are_closed),
	    CASE(early_bytes_are_left_for_the_file),
	    CASE(n10_guests_are_few_and_soon_gone),
	    CASE(f6_servers_that_lie_are_left),
	    CASE(libpurples_answer_is_taken_and_what_follows_is_the_file),
	    CASE(f6_a_thousand_random_answers_change_nothing),
	    CASE(f6_no_talk_asks_for_more_than_socks5_can_be),
	    CASE(a_server_that_is_closed_lets_its_guests_go),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
