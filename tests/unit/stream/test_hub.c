#define _GNU_SOURCE /* unshare() */
#include "base/err.h"
#include "base/limits.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include <cmocka.h>

#include "hubs.h"

static void
stanzas_go_both_ways(void **state)
{
	(void)state;
	struct pair p;
	uint64_t first = 0, second = 0;
	open_pair(&p);
	struct stream *s = dial_b(&p);
	send_message(&p.a, s, 1, &first); /* waits for the connection */
	send_message(&p.a, s, 2, &second);
	assert_true(second > first);
	assert_int_equal(stream_unsent(s), 2);
	RUN_UNTIL(&p, p.b.stanzas == 2 && p.a.sent == second && p.a.features == 1);
	assert_string_equal(p.b.from, "alice@h1");
	assert_string_equal(stream_peer_from(s), "bob@h2");
	assert_true(stream_peer_is_v1(s));
	assert_int_equal(stream_unsent(s), 0);
	assert_true(p.b.in_order);
	send_message(&p.b, p.b.stream, 1, NULL);
	RUN_UNTIL(&p, p.a.stanzas == 1);
	close_pair(&p);
	assert_int_equal(p.a.closed + p.b.closed, 2);
	assert_int_equal(p.a.last_err, 0);
	assert_int_equal(p.b.last_err, 0);
}

static void
a_burst_arrives_whole_and_in_order(void **state)
{
	(void)state;
	enum { COUNT = 20000 };
	struct pair p;
	uint64_t ticket = 0;
	open_pair(&p);
	p.b.echo = true;
	struct stream *s = dial_b(&p);
	RUN_UNTIL(&p, p.a.ready == 1);
	for (long i = 1; i <= COUNT; i++)
		send_message(&p.a, s, i, &ticket);
	RUN_UNTIL(&p, p.a.stanzas == COUNT && p.a.sent == ticket);
	assert_int_equal(p.b.stanzas, COUNT);
	assert_true(p.a.in_order && p.b.in_order);
	close_pair(&p);
}

static void
dialling_goes_on_to_the_next_address(void **state)
{
	(void)state;
	struct pair p;
	open_pair(&p);
	uint16_t port = stream_hub_port(p.b.hub);
	struct sockaddr_storage addr[] = {
	    v4("127.0.0.1", 1), v6("2001:db8::1", port), v6("::1", port)};
	struct stream *s = dial_to(&p.a, addr, ARRAY_LEN(addr));
	RUN_UNTIL(&p, p.a.ready == 1);
	assert_int_equal(stream_remote(s)->ss_family, AF_INET6);
	assert_int_equal(stream_remote(p.b.stream)->ss_family, AF_INET6);
	struct sockaddr_storage here, there; /* what one dialled is where the other is */
	assert_int_equal(stream_local(s, &here), 0);
	assert_int_equal(stream_local(p.b.stream, &there), 0);
	assert_memory_equal(&here, stream_remote(p.b.stream), sizeof(struct sockaddr_in6));
	assert_memory_equal(&there, stream_remote(s), sizeof(struct sockaddr_in6));
	close_pair(&p);

	open_pair(&p);
	(void)dial_to(&p.a, addr, 1);
	RUN_UNTIL(&p, p.a.closed == 1);
	assert_int_equal(p.a.last_err, -ECONNREFUSED);
	assert_int_equal(p.a.ready, 0);
	close_pair(&p);
}

/* A listening socket whose queue is full: it leaves callers without an answer. */
static uint16_t
deaf_port(int fds[4])
{
	struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t len = sizeof(at);
	fds[0] = socket(AF_INET, SOCK_STREAM, 0);
	assert_int_equal(bind(fds[0], (const struct sockaddr *)&at, sizeof(at)), 0);
	assert_int_equal(listen(fds[0], 0), 0);
	assert_int_equal(getsockname(fds[0], (struct sockaddr *)&at, &len), 0);
	for (int i = 1; i < 4; i++) {
		fds[i] = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
		(void)connect(fds[i], (const struct sockaddr *)&at, sizeof(at));
	}
	return ntohs(at.sin_port);
}

static void
an_address_without_answer_delays_by_three_seconds(void **state)
{
	(void)state;
	struct pair p;
	int fds[4];
	open_pair(&p);
	struct sockaddr_storage addr[] = {
	    v4("127.0.0.1", deaf_port(fds)), v4("127.0.0.1", stream_hub_port(p.b.hub))};
	uint64_t start = uv_hrtime();
	(void)dial_to(&p.a, addr, ARRAY_LEN(addr));
	RUN_UNTIL(&p, p.a.ready == 1);
	uint64_t ms = (uv_hrtime() - start) / 1000000;
	assert_in_range(ms, 2900, 4500);
	close_pair(&p);
	for (int i = 0; i < 4; i++)
		close(fds[i]);
}

static void
closing_before_anything_happened(void **state)
{
	(void)state;
	struct pair p;
	open_pair(&p);
	stream_close(dial_b(&p), 0);
	RUN_UNTIL(&p, p.a.closed == 1);
	assert_int_equal(p.b.identified, 0);
	(void)dial_b(&p); /* and with the hub */
	close_pair(&p);
	assert_int_equal(p.a.closed, 2);
}

static void
closing_inside_a_callback(void **state)
{
	(void)state;
	struct pair p;
	open_pair(&p);
	struct stream *s = dial_b(&p);
	p.b.close_after = 1;
	for (long i = 1; i <= 3; i++)
		send_message(&p.a, s, i, NULL);
	RUN_UNTIL(&p, p.a.closed == 1 && p.b.closed == 1);
	assert_int_equal(p.b.stanzas, 3); /* polite: what was on its way still counts */
	assert_int_equal(p.a.last_err, 0);
	assert_int_equal(p.b.last_err, 0);
	assert_int_equal(stream_hub_count(p.a.hub), 0);
	close_pair(&p);
}

static void
identity_may_come_later(void **state)
{
	(void)state;
	struct pair p;
	open_pair(&p);
	p.b.identify_result = -EAGAIN;
	send_message(&p.a, dial_b(&p), 7, NULL);
	RUN_UNTIL(&p, p.b.identified == 2); /* the header, the first stanza */
	assert_int_equal(p.b.stanzas + p.b.ready, 0);
	p.b.identify_result = 0;
	p.b.inside = true;
	stream_identify(p.b.stream);
	p.b.inside = false;
	RUN_UNTIL(&p, p.b.stanzas == 1);
	assert_string_equal(p.b.last, "7");
	close_pair(&p);

	open_pair(&p);
	p.b.identify_result = ERR_UNKNOWN;
	(void)dial_b(&p);
	RUN_UNTIL(&p, p.a.closed == 1 && p.b.closed == 1);
	assert_int_equal(p.a.last_err, ERR_STREAM_ERROR);
	assert_int_equal(p.b.last_err, ERR_UNKNOWN);
	close_pair(&p);
}

static void
a_paused_stream_says_nothing_until_resumed(void **state)
{
	(void)state;
	struct pair p;
	open_pair(&p);
	struct stream *s = dial_b(&p);
	RUN_UNTIL(&p, p.b.ready == 1 && p.a.ready == 1);
	stream_pause(p.b.stream);
	send_message(&p.a, s, 1, NULL);
	RUN_UNTIL(&p, p.a.sent == 1);
	for (int i = 0; i < 20; i++)
		uv_run(&p.loop, UV_RUN_NOWAIT);
	assert_int_equal(p.b.stanzas, 0);
	stream_resume(p.b.stream);
	RUN_UNTIL(&p, p.b.stanzas == 1);
	close_pair(&p);
}

static void
a_taken_port_gives_the_next(void **state)
{
	(void)state;
	struct pair p;
	struct stream_hub *third = NULL;
	struct end e = {0};
	open_pair(&p);
	struct stream_hub_config config = {.port = stream_hub_port(p.a.hub)};
	assert_int_equal(stream_hub_create(&p.loop, &config, &listener, &e, &third), 0);
	assert_int_not_equal(stream_hub_port(third), config.port);
	stream_hub_close(third, on_hub_closed, &e);
	RUN_UNTIL(&p, e.hub_closed);
	close_pair(&p);
}

/* ---- those who only connect ---- */

static void
n10_one_address_gets_few_places(void **state)
{
	(void)state;
	enum { MORE = LIMIT_STREAMS_PER_SOURCE + 3 };
	struct pair p;
	int fds[MORE], open = 0;
	open_pair(&p);
	for (int i = 0; i < MORE; i++)
		fds[i] = raw_connect(INADDR_LOOPBACK, stream_hub_port(p.b.hub));
	turn(&p);
	for (int i = 0; i < MORE; i++) {
		open += !is_closed(fds[i]);
		close(fds[i]);
	}
	assert_int_equal(open, LIMIT_STREAMS_PER_SOURCE);
	RUN_UNTIL(&p, stream_hub_count(p.b.hub) == 0);
	assert_int_equal(p.b.closed, 0); /* the listener never met them */
	close_pair(&p);
}

static void
n10_a_flood_keeps_nobody_out(void **state)
{
	(void)state;
	enum { FLOOD = 2 * LIMIT_STREAMS_UNKNOWN, TRIES = 64 };
	struct pair p;
	struct sockaddr_storage loopback = {0};
	struct sockaddr_in known = {
	    .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	int fds[FLOOD], open = 0, got_in = 0;
	open_pair(&p);
	for (int i = 0; i < FLOOD; i++) {
		uint32_t from = INADDR_LOOPBACK + 1 + (uint32_t)(i / 4);
		fds[i] = raw_connect(from, stream_hub_port(p.b.hub));
		turn(&p);
		assert_true(stream_hub_count(p.b.hub) <= LIMIT_STREAMS_UNKNOWN);
	}
	for (int i = 0; i < FLOOD; i++)
		open += !is_closed(fds[i]);
	assert_in_range(
	    open, LIMIT_STREAMS_DROP_FROM, LIMIT_STREAMS_UNKNOWN - LIMIT_STREAMS_RESERVED);
	/* a stranger is turned away by chance at most: some of its tries succeed */
	for (int i = 0; i < TRIES && got_in == 0; i++) {
		int fd = raw_connect(INADDR_LOOPBACK + 1000, stream_hub_port(p.b.hub));
		turn(&p);
		got_in += !is_closed(fd);
		close(fd);
	}
	assert_int_equal(got_in, 1);
	/* the known always do */
	memcpy(&loopback, &known, sizeof(known));
	assert_int_equal(stream_hub_set_known(p.b.hub, &loopback, 1), 0);
	send_message(&p.a, dial_b(&p), 1, NULL);
	RUN_UNTIL(&p, p.b.stanzas == 1);
	for (int i = 0; i < FLOOD; i++)
		close(fds[i]);
	close_pair(&p);
}

static void
out_of_files_is_survived(void **state)
{
	(void)state;
	struct pair p;
	struct rlimit old, none;
	open_pair(&p);
	int first = raw_connect(INADDR_LOOPBACK, stream_hub_port(p.b.hub));
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &old), 0);
	none = old;
	none.rlim_cur = (rlim_t)first + 1; /* all numbers below are taken */
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
	turn(&p);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &old), 0);
	assert_int_equal(stream_hub_count(p.b.hub), 0);
	close(first);
	send_message(&p.a, dial_b(&p), 1, NULL);
	RUN_UNTIL(&p, p.b.stanzas == 1);
	close_pair(&p);
}

static void
a_reset_is_an_error(void **state)
{
	(void)state;
	static const char hello[] =
	    "<stream:stream xmlns='jabber:client' "
	    "xmlns:stream='http://etherx.jabber.org/streams' from='carol@h3'>";
	struct linger hard = {.l_onoff = 1};
	struct pair p;
	open_pair(&p);
	int fd = raw_connect(INADDR_LOOPBACK, stream_hub_port(p.b.hub));
	assert_int_equal(send(fd, hello, sizeof(hello) - 1, 0), sizeof(hello) - 1);
	RUN_UNTIL(&p, p.b.ready == 1);
	assert_string_equal(p.b.from, "carol@h3");
	assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_LINGER, &hard, sizeof(hard)), 0);
	close(fd);
	RUN_UNTIL(&p, p.b.closed == 1);
	assert_int_equal(p.b.last_err, -ECONNRESET);
	close_pair(&p);
}

static void
a_pulled_cable_is_noticed(void **state)
{
	(void)state;
	struct pair p;
	open_pair(&p);
	struct stream *s = dial_b(&p);
	RUN_UNTIL(&p, p.a.ready == 1 && p.b.ready == 1);
	uint64_t start = uv_hrtime();
	assert_int_equal(netns_lo(false), 0);
	send_message(&p.a, s, 1, NULL); /* one end has something to say, the other is idle */
	RUN_UNTIL(&p, p.a.closed == 1 && p.b.closed == 1);
	uint64_t ms = (uv_hrtime() - start) / 1000000;
	assert_int_equal(netns_lo(true), 0);
	assert_int_equal(p.a.last_err, -ETIMEDOUT);
	assert_int_equal(p.b.last_err, -ETIMEDOUT);
	assert_in_range(ms, 5000, 13000);
	close_pair(&p);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(stanzas_go_both_ways),
	    cmocka_unit_test(a_burst_arrives_whole_and_in_order),
	    cmocka_unit_test(dialling_goes_on_to_the_next_address),
	    cmocka_unit_test(an_address_without_answer_delays_by_three_seconds),
	    cmocka_unit_test(closing_before_anything_happened),
	    cmocka_unit_test(closing_inside_a_callback),
	    cmocka_unit_test(identity_may_come_later),
	    cmocka_unit_test(a_paused_stream_says_nothing_until_resumed),
	    cmocka_unit_test(a_taken_port_gives_the_next),
	    cmocka_unit_test(n10_one_address_gets_few_places),
	    cmocka_unit_test(n10_a_flood_keeps_nobody_out),
	    cmocka_unit_test(out_of_files_is_survived),
	    cmocka_unit_test(a_reset_is_an_error),
	    cmocka_unit_test(a_pulled_cable_is_noticed),
	};
	if (enter_namespace() != 0)
		return SKIPPED;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
