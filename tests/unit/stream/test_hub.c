#define _GNU_SOURCE /* unshare() */
#include "base/err.h"
#include "base/limits.h"
#include "base/log.h"
#include "stream/stream.h"
#include "xml/elem.h"
#include "xml/ns.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include <cmocka.h>

#include "netns.h"

enum { GIVE_UP_MS = 20000, SKIPPED = 77 };

/* One end of the tests: a hub and what its listener saw. */
struct end {
	struct stream_hub *hub;
	int identify_result;
	int identified, ready, features, stanzas, closed;
	int last_err;
	uint64_t sent;
	char from[64]; /* the last one identify() was asked about */
	char last[64]; /* id of the last stanza */
	bool in_order; /* ids are numbers, each one larger than the one before */
	long last_number;
	int close_after; /* closes the stream inside the callback of that stanza */
	bool echo;
	struct stream *stream; /* the last one that got ready */
	bool hub_closed;
	bool inside; /* one of our own stream_*() calls: no callback may come */
};

struct pair {
	uv_loop_t loop;
	uv_timer_t guard;
	bool late;
	struct end a, b;
};

static void
send_message(struct end *e, struct stream *s, long id, uint64_t *ticket)
{
	struct buf b = BUF_INIT(LIMIT_STANZA);
	buf_fmt(&b, "<message id='%ld'><body>words</body></message>", id);
	e->inside = true;
	assert_int_equal(stream_send(s, &b, ticket), 0);
	e->inside = false;
}

static int
on_identify(void *ctx, struct stream *s, const char *from, const char *to)
{
	struct end *e = ctx;
	(void)to;
	assert_false(e->inside);
	assert_true(stream_is_incoming(s));
	e->identified++;
	(void)snprintf(e->from, sizeof(e->from), "%s", from ? from : "-");
	e->stream = s;
	return e->identify_result;
}

static void
on_ready(void *ctx, struct stream *s)
{
	struct end *e = ctx;
	assert_false(e->inside);
	e->ready++;
	e->stream = s;
}

static void
on_features(void *ctx, struct stream *s, const struct xml_elem *features)
{
	struct end *e = ctx;
	(void)s;
	assert_true(xml_elem_is(features, NS_STREAM, "features"));
	e->features++;
}

static void
on_stanza(void *ctx, struct stream *s, const struct xml_elem *stanza)
{
	struct end *e = ctx;
	const char *id = xml_elem_attr(stanza, "id");
	assert_false(e->inside);
	e->stanzas++;
	(void)snprintf(e->last, sizeof(e->last), "%s", id ? id : "-");
	long number = id ? strtol(id, NULL, 10) : 0;
	if (number <= e->last_number)
		e->in_order = false;
	e->last_number = number;
	if (e->echo)
		send_message(e, s, number, NULL);
	if (e->stanzas == e->close_after)
		stream_close(s, 0);
}

static void
on_sent(void *ctx, struct stream *s, uint64_t ticket)
{
	struct end *e = ctx;
	(void)s;
	assert_false(e->inside);
	assert_true(ticket > e->sent);
	e->sent = ticket;
}

static void
on_closed(void *ctx, struct stream *s, int err)
{
	struct end *e = ctx;
	assert_false(e->inside);
	if (e->stream == s)
		e->stream = NULL;
	e->closed++;
	e->last_err = err;
}

static const struct stream_listener listener = {.identify = on_identify,
    .on_ready = on_ready,
    .on_features = on_features,
    .on_stanza = on_stanza,
    .on_sent = on_sent,
    .on_closed = on_closed};

static void
on_guard(uv_timer_t *t)
{
	struct pair *p = t->data;
	p->late = true;
}

static void
open_end(struct pair *p, struct end *e, const char *name)
{
	struct stream_hub_config config = {.features = "<x xmlns='urn:example:x'/>"};
	e->in_order = true;
	assert_int_equal(stream_hub_create(&p->loop, &config, &listener, e, &e->hub), 0);
	assert_int_equal(stream_hub_set_name(e->hub, name), 0);
}

static void
open_pair(struct pair *p)
{
	memset(p, 0, sizeof(*p));
	log_set_level(LOG_ERROR);
	assert_int_equal(uv_loop_init(&p->loop), 0);
	assert_int_equal(uv_timer_init(&p->loop, &p->guard), 0);
	p->guard.data = p;
	assert_int_equal(uv_timer_start(&p->guard, on_guard, GIVE_UP_MS, 0), 0);
	open_end(p, &p->a, "alice@h1");
	open_end(p, &p->b, "bob@h2");
}

static void
on_hub_closed(void *ctx)
{
	struct end *e = ctx;
	e->hub_closed = true;
}

/* Everything libuv held for us is gone: nothing leaked. */
static void
close_pair(struct pair *p)
{
	stream_hub_close(p->a.hub, on_hub_closed, &p->a);
	stream_hub_close(p->b.hub, on_hub_closed, &p->b);
	uv_close((uv_handle_t *)&p->guard, NULL);
	uv_run(&p->loop, UV_RUN_DEFAULT);
	assert_true(p->a.hub_closed);
	assert_true(p->b.hub_closed);
	assert_int_equal(uv_loop_close(&p->loop), 0);
}

#define RUN_UNTIL(p, condition) \
	do { \
		while (!(condition) && !(p)->late) \
			uv_run(&(p)->loop, UV_RUN_ONCE); \
		assert_true(condition); \
	} while (0)

static struct sockaddr_storage
v4(const char *text, uint16_t port)
{
	struct sockaddr_in four;
	struct sockaddr_storage out;
	memset(&out, 0, sizeof(out));
	assert_int_equal(uv_ip4_addr(text, port, &four), 0);
	memcpy(&out, &four, sizeof(four));
	return out;
}

static struct sockaddr_storage
v6(const char *text, uint16_t port)
{
	struct sockaddr_in6 six;
	struct sockaddr_storage out;
	memset(&out, 0, sizeof(out));
	assert_int_equal(uv_ip6_addr(text, port, &six), 0);
	memcpy(&out, &six, sizeof(six));
	return out;
}

static struct stream *
dial_to(struct end *e, const struct sockaddr_storage *addr, size_t count)
{
	struct stream *s = NULL;
	struct stream_dial dial = {.to = "bob@h2", .addr = addr, .addr_count = count};
	e->inside = true;
	assert_int_equal(stream_dial(e->hub, &dial, e, &s), 0);
	e->inside = false;
	assert_ptr_equal(stream_user(s), e);
	return s;
}

static struct stream *
dial_b(struct pair *p)
{
	struct sockaddr_storage addr = v4("127.0.0.1", stream_hub_port(p->b.hub));
	return dial_to(&p->a, &addr, 1);
}

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

static int
raw_connect(uint32_t from, uint16_t port)
{
	struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(from)};
	struct timeval patience = {.tv_sec = 5};
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	assert_true(fd >= 0);
	assert_int_equal(bind(fd, (const struct sockaddr *)&at, sizeof(at)), 0);
	at.sin_port = htons(port);
	at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	assert_int_equal(connect(fd, (const struct sockaddr *)&at, sizeof(at)), 0);
	assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience)), 0);
	return fd;
}

static bool
is_closed(int fd)
{
	char c;
	ssize_t n = recv(fd, &c, 1, MSG_DONTWAIT);
	return n == 0 || (n < 0 && errno != EAGAIN);
}

static void
turn(struct pair *p)
{
	for (int i = 0; i < 20; i++)
		uv_run(&p->loop, UV_RUN_NOWAIT);
}

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

static int
enter_namespace(void)
{
	int err = netns_enter();
	if (err)
		print_message("no network namespace here: %s\n", err_str(err));
	return err;
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
