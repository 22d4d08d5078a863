#define _GNU_SOURCE /* unshare() */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "relay.h"

/* Somebody stands between two hubs that encrypt. */

static bool
holds(const struct buf *b, const char *text)
{
	return b->len > 0 && memmem(b->data, b->len, text, strlen(text)) != NULL;
}

static struct stream *
dial_relay(struct pair *p, const struct relay *r)
{
	struct sockaddr_storage addr = v4("127.0.0.1", r->port);
	return dial_to(&p->a, &addr, 1);
}

/* How many of the 256 byte values occur, and the commonest one's share in percent. */
static void
expect_noise(const struct buf *b)
{
	size_t counts[256] = {0}, most = 0;
	const char *tls = memmem(b->data, b->len, "\x17\x03\x03", 3);
	assert_non_null(tls);
	size_t len = b->len - (size_t)(tls - b->data);
	for (size_t i = 0; i < len; i++)
		counts[(unsigned char)tls[i]]++;
	for (size_t i = 0; i < 256; i++) {
		assert_true(counts[i] > 0);
		most = counts[i] > most ? counts[i] : most;
	}
	assert_true(most * 100 < len * 3);
}

static void
n1_nothing_that_is_said_can_be_read_on_the_way(void **state)
{
	(void)state;
	enum { MARKERS = 1000 };
	struct pair p;
	struct relay r;
	open_secure(&p);
	relay_open(&r, stream_hub_port(p.b.hub));
	p.b.echo = true;
	struct stream *s = dial_relay(&p, &r);
	for (int i = 1; i <= MARKERS; i++) {
		struct buf b = BUF_INIT(LIMIT_STANZA);
		buf_fmt(&b, "<message id='%d'><body>marker-%d-of-many</body></message>", i, i);
		assert_int_equal(stream_send(s, &b, NULL), 0);
	}
	RUN_RELAYED(&p, &r, p.a.stanzas == MARKERS);
	assert_int_equal(p.b.stanzas, MARKERS);
	for (int way = 0; way < WAYS; way++) {
		char marker[64];
		for (int i = 1; i <= MARKERS; i++) {
			(void)snprintf(marker, sizeof(marker), "marker-%d-of-many", i);
			assert_false(holds(&r.seen[way], marker));
		}
		assert_false(holds(&r.seen[way], "<message"));
		assert_false(holds(&r.seen[way], "words"));     /* the echo's */
		assert_false(holds(&r.seen[way], "example:x")); /* our features */
		assert_false(holds(&r.seen[way], "EXTERNAL"));
		expect_noise(&r.seen[way]);
	}
	relay_close(&r);
	close_pair(&p);
}

static void
n6_what_was_recorded_says_nothing_again(void **state)
{
	(void)state;
	struct pair p;
	struct relay r;
	open_secure(&p);
	relay_open(&r, stream_hub_port(p.b.hub));
	send_message(&p.a, dial_relay(&p, &r), 1, NULL);
	RUN_RELAYED(&p, &r, p.b.stanzas == 1 && p.a.sent > 0);
	int keys = p.b.keys, identified = p.b.identified, closed = p.b.closed;
	int fd = raw_connect(INADDR_LOOPBACK, stream_hub_port(p.b.hub));
	/* as it was, all at once, and again leg by leg as the answers come */
	const char *all = r.seen[TO_SERVER].data;
	size_t len = r.seen[TO_SERVER].len;
	const char *tls = memmem(all, len, "\x16\x03", 2);
	assert_non_null(tls);
	assert_int_equal(send(fd, all, len, MSG_NOSIGNAL), len);
	RUN_UNTIL(&p, p.b.closed == closed + 1);
	close(fd);
	fd = raw_connect(INADDR_LOOPBACK, stream_hub_port(p.b.hub));
	for (size_t done = 0; done < len;) {
		const char *end = memmem(all + done, len - done, ">", 1);
		size_t n = end && end < tls ? (size_t)(end - all) + 1 - done : len - done;
		(void)send(fd, all + done, n, MSG_NOSIGNAL);
		done += n;
		turn(&p);
	}
	RUN_UNTIL(&p, p.b.closed == closed + 2);
	close(fd);
	assert_int_equal(p.b.keys, keys);
	assert_int_equal(p.b.identified, identified);
	assert_int_equal(p.b.stanzas, 1);
	relay_close(&r);
	close_pair(&p);
}

/* ---- N7 ---- */

/* The first one; both are literals and may hold NULs. */
#define replace(data, len, what, with, out) \
	replace_bytes(data, len, what, sizeof(what) - 1, with, sizeof(with) - 1, out)

static void
replace_bytes(const char *data, size_t len, const char *what, size_t what_len, const char *with,
    size_t with_len, struct buf *out)
{
	const char *at = memmem(data, len, what, what_len);
	size_t before = at ? (size_t)(at - data) : len;
	buf_add(out, data, before);
	if (!at)
		return;
	buf_add(out, with, with_len);
	buf_add(out, at + what_len, len - before - what_len);
}

#define STARTTLS_FEATURE "<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'><required/></starttls>"
#define STARTTLS         "<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>"
#define PROCEED          "<proceed xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>"
#define INJECTED         "<message><body>injected</body></message>"

static void
strip(int way, const char *data, size_t len, struct buf *out)
{
	(void)way;
	replace(data, len, STARTTLS_FEATURE, "", out);
}

static void
fail_it(int way, const char *data, size_t len, struct buf *out)
{
	(void)way;
	replace(data, len, PROCEED, "<failure xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>", out);
}

static void
inject_to_client(int way, const char *data, size_t len, struct buf *out)
{
	(void)way;
	replace(data, len, PROCEED, PROCEED INJECTED, out);
}

static void
inject_to_server(int way, const char *data, size_t len, struct buf *out)
{
	(void)way;
	replace(data, len, STARTTLS, STARTTLS INJECTED, out);
}

static void
no_version(int way, const char *data, size_t len, struct buf *out)
{
	(void)way;
	replace(data, len, " version='1.0'>", ">", out);
}

static void
other_name(int way, const char *data, size_t len, struct buf *out)
{
	(void)way;
	replace(data, len, "from='alice@h1'", "from='carol@h3'", out);
}

/* What comes as a handshake is said to be TLS 1.2: the lists of versions are gone. */
static void
older_tls(int way, const char *data, size_t len, struct buf *out)
{
	(void)way;
	replace(data, len, "\x00\x2b\x00\x03\x02\x03\x04", "\x00\x2b\x00\x03\x02\x03\x03", out);
}

static void
flip_a_bit(int way, const char *data, size_t len, struct buf *out)
{
	buf_add(out, data, len);
	if (way == TO_SERVER && len > 5 && data[0] == '\x17')
		out->data[out->len - 1] ^= 1;
}

static void
n7_whoever_changes_the_negotiation_ends_it(void **state)
{
	(void)state;
	static const struct {
		void (*change)(int way, const char *data, size_t len, struct buf *out);
		int dialled_err; /* 0: whatever */
	} cases[] = {
	    {strip, ERR_SECURITY},
	    {fail_it, ERR_SECURITY},
	    {inject_to_client, ERR_PROTO},
	    {inject_to_server, 0},
	    {no_version, ERR_SECURITY},
	    {other_name, 0},
	    {older_tls, 0},
	    {flip_a_bit, 0},
	};
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct pair p;
		struct relay r;
		open_secure(&p);
		relay_open(&r, stream_hub_port(p.b.hub));
		r.change = cases[i].change;
		send_message(&p.a, dial_relay(&p, &r), 1, NULL);
		RUN_RELAYED(&p, &r, p.a.closed == 1);
		assert_int_not_equal(p.a.last_err, 0);
		if (cases[i].dialled_err)
			assert_int_equal(p.a.last_err, cases[i].dialled_err);
		assert_int_equal(p.a.sent, 0);
		assert_int_equal(p.a.ready + p.a.stanzas + p.b.ready + p.b.stanzas, 0);
		assert_false(holds(&r.seen[TO_SERVER], "words"));
		relay_close(&r);
		close_pair(&p);
	}
}

/* It ends TLS itself on both sides, with a key of its own. */
static void
n4_a_third_key_in_between(void **state)
{
	(void)state;
	struct pair p, q;
	open_secure(&p);
	open_secure(&q); /* q.b plays b towards a, q.a plays a towards b; in another loop */
	struct sockaddr_storage to_q = v4("127.0.0.1", stream_hub_port(q.b.hub));
	struct sockaddr_storage to_b = v4("127.0.0.1", stream_hub_port(p.b.hub));
	p.a.wanted = tls_identity_id(p.b.identity);
	p.b.key_result = ERR_KEY;
	send_message(&p.a, dial_to(&p.a, &to_q, 1), 1, NULL);
	(void)dial_to(&q.a, &to_b, 1);
	while (!p.late && (p.a.closed < 1 || p.b.closed < 1 || q.a.closed < 1 || q.b.closed < 1)) {
		uv_run(&p.loop, UV_RUN_NOWAIT);
		uv_run(&q.loop, UV_RUN_NOWAIT);
	}
	assert_int_equal(p.a.last_err, ERR_KEY);
	assert_int_equal(p.b.last_err, ERR_KEY);
	assert_int_equal(p.a.sent, 0);
	assert_int_equal(q.b.identified + q.b.stanzas + q.a.ready + q.a.stanzas, 0);
	assert_int_equal(p.b.identified + p.b.ready, 0);
	close_pair(&q);
	close_pair(&p);
}

/* ---- a connection that is cut ---- */

static void
a_cut_is_not_an_orderly_end(void **state)
{
	(void)state;
	struct pair p;
	struct relay r;
	open_secure(&p);
	relay_open(&r, stream_hub_port(p.b.hub));
	struct stream *s = dial_relay(&p, &r);
	RUN_RELAYED(&p, &r, p.a.ready == 1 && p.b.ready == 1);
	r.cut = true; /* the last words do not arrive, and the connection seems to end well */
	send_message(&p.a, s, 1, NULL);
	RUN_RELAYED(&p, &r, p.a.sent == 1);
	for (int way = 0; way < WAYS; way++)
		assert_int_equal(shutdown(r.fds[way], SHUT_WR), 0);
	RUN_RELAYED(&p, &r, p.a.closed == 1 && p.b.closed == 1);
	assert_int_equal(p.a.last_err, ERR_CLOSED);
	assert_int_equal(p.b.last_err, ERR_CLOSED);
	assert_int_equal(p.b.stanzas, 0);
	relay_close(&r);
	close_pair(&p);
}

static void
n7_bytes_inside_the_encrypted_stream(void **state)
{
	(void)state;
	struct pair p;
	struct relay r;
	open_secure(&p);
	relay_open(&r, stream_hub_port(p.b.hub));
	struct stream *s = dial_relay(&p, &r);
	RUN_RELAYED(&p, &r, p.a.ready == 1 && p.b.ready == 1);
	assert_int_equal(
	    send(r.fds[TO_SERVER], INJECTED, strlen(INJECTED), MSG_NOSIGNAL), strlen(INJECTED));
	RUN_RELAYED(&p, &r, p.b.closed == 1);
	assert_int_equal(p.b.last_err, ERR_PROTO);
	assert_int_equal(p.b.stanzas, 0);
	(void)s;
	relay_close(&r);
	close_pair(&p);
}

/* ---- those who begin and do not go on (N10) ---- */

static void
say(int fd, const char *bytes, size_t len)
{
	assert_int_equal(send(fd, bytes, len, MSG_NOSIGNAL), len);
}

static void
n10_half_open_handshakes_end_in_time(void **state)
{
	(void)state;
	static const char begun[] =
	    "<stream:stream xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams' "
	    "from='carol@h3' version='1.0'><starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>";
	struct pair p;
	int fds[4];
	open_secure(&p);
	uint64_t start = uv_hrtime();
	for (size_t i = 0; i < ARRAY_LEN(fds); i++) {
		fds[i] = raw_connect(INADDR_LOOPBACK + 1 + (uint32_t)i, stream_hub_port(p.b.hub));
		say(fds[i], begun, sizeof(begun) - 1);
		turn(&p);
	}
	say(fds[0], "GET /", 5);            /* not TLS: over at once */
	say(fds[1], "\x16\x03\x01\x40", 4); /* one byte short of a session */
	say(fds[2], "\x16\x03\x01\x10\x00\x01", 6);
	RUN_UNTIL(&p, p.b.closed == 1);
	assert_int_equal(p.b.last_err, ERR_PROTO);
	RUN_UNTIL(&p, p.b.closed == 4);
	assert_int_equal(p.b.last_err, -ETIMEDOUT);
	assert_in_range((uv_hrtime() - start) / 1000000, 7900, 9500);
	assert_int_equal(p.b.keys + p.b.identified, 0);
	for (size_t i = 0; i < ARRAY_LEN(fds); i++)
		close(fds[i]);
	close_pair(&p);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(n1_nothing_that_is_said_can_be_read_on_the_way),
	    cmocka_unit_test(n6_what_was_recorded_says_nothing_again),
	    cmocka_unit_test(n7_whoever_changes_the_negotiation_ends_it),
	    cmocka_unit_test(n4_a_third_key_in_between),
	    cmocka_unit_test(a_cut_is_not_an_orderly_end),
	    cmocka_unit_test(n7_bytes_inside_the_encrypted_stream),
	    cmocka_unit_test(n10_half_open_handshakes_end_in_time),
	};
	if (enter_namespace() != 0)
		return SKIPPED;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
