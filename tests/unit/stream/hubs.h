/* For tests of the hub: two of them in one loop, over loopback in a namespace. Included after
 * cmocka.h. */
#ifndef TESTS_HUBS_H
#define TESTS_HUBS_H

#include "base/err.h"
#include "base/limits.h"
#include "base/log.h"
#include "stream/stream.h"
#include "tls/identity.h"
#include "tls/internal.h"
#include "tls/session.h"
#include "xml/elem.h"
#include "xml/ns.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

#include "netns.h"

enum { GIVE_UP_MS = 20000, SKIPPED = 77 };

/* One end of the tests: a hub and what its listener saw. */
struct end {
	struct stream_hub *hub;
	struct tls_identity *identity; /* NULL: it has no TLS */
	struct tls_context *tls;
	enum stream_security
	    security;                /* of those it dials, and of those who claim to be somebody */
	const struct tls_id *wanted; /* of who is dialled; NULL: any */
	int key_result;              /* of check_key() */
	int keys;                    /* how often that was asked */
	int proof_result;            /* of on_key() */
	struct tls_peer key;         /* the last one seen there */
	int identify_result;
	int identified, ready, features, stanzas, closed;
	int last_err;
	uint64_t sent;
	char from[64]; /* the last one identify() was asked about */
	char last[64]; /* id of the last stanza */
	bool in_order; /* ids are numbers, each one larger than the one before */
	long last_number;
	int close_after; /* closes the stream inside the callback of that stanza */
	int pause_after; /* pauses it there */
	bool close_in_check;
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

static inline void
send_message(struct end *e, struct stream *s, long id, uint64_t *ticket)
{
	struct buf b = BUF_INIT(LIMIT_STANZA);
	buf_fmt(&b, "<message id='%ld'><body>words</body></message>", id);
	e->inside = true;
	assert_int_equal(stream_send(s, &b, ticket), 0);
	e->inside = false;
}

static inline enum stream_security
on_security(void *ctx, struct stream *s, const char *from)
{
	struct end *e = ctx;
	(void)from;
	assert_false(e->inside);
	assert_true(stream_is_incoming(s));
	return e->security;
}

static inline int
on_check_key(void *ctx, struct stream *s, const struct tls_peer *peer)
{
	struct end *e = ctx;
	assert_false(e->inside);
	assert_null(stream_peer_key(s));
	e->keys++;
	e->key = *peer;
	if (e->close_in_check)
		stream_close(s, 0);
	return e->key_result;
}

static inline int
on_key(void *ctx, struct stream *s, const struct tls_peer *peer)
{
	struct end *e = ctx;
	assert_false(e->inside);
	assert_true(tls_id_equal(&stream_peer_key(s)->id, &peer->id));
	return e->proof_result;
}

static inline int
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

static inline void
on_ready(void *ctx, struct stream *s)
{
	struct end *e = ctx;
	assert_false(e->inside);
	e->ready++;
	e->stream = s;
}

static inline void
on_features(void *ctx, struct stream *s, const struct xml_elem *features)
{
	struct end *e = ctx;
	(void)s;
	assert_true(xml_elem_is(features, NS_STREAM, "features"));
	e->features++;
}

static inline void
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
	if (e->stanzas == e->pause_after)
		stream_pause(s);
	if (e->stanzas == e->close_after)
		stream_close(s, 0);
}

static inline void
on_sent(void *ctx, struct stream *s, uint64_t ticket)
{
	struct end *e = ctx;
	(void)s;
	assert_false(e->inside);
	assert_true(ticket > e->sent);
	e->sent = ticket;
}

static inline void
on_closed(void *ctx, struct stream *s, int err)
{
	struct end *e = ctx;
	assert_false(e->inside);
	if (e->stream == s)
		e->stream = NULL;
	e->closed++;
	e->last_err = err;
}

static const struct stream_listener listener = {.security = on_security,
    .check_key = on_check_key,
    .on_key = on_key,
    .identify = on_identify,
    .on_ready = on_ready,
    .on_features = on_features,
    .on_stanza = on_stanza,
    .on_sent = on_sent,
    .on_closed = on_closed};

static inline void
on_guard(uv_timer_t *t)
{
	struct pair *p = t->data;
	p->late = true;
}

static inline void
open_end(struct pair *p, struct end *e, const char *name)
{
	e->in_order = true;
	if (e->identity)
		assert_int_equal(tls_context_create(e->identity, &e->tls), 0);
	struct stream_hub_config config = {.features = "<x xmlns='urn:example:x'/>", .tls = e->tls};
	assert_int_equal(stream_hub_create(&p->loop, &config, &listener, e, &e->hub), 0);
	assert_int_equal(stream_hub_set_name(e->hub, name), 0);
}

/* What is to be known before the hubs are there is in the ends already. */
static inline void
open_prepared(struct pair *p)
{
	log_set_level(LOG_ERROR);
	assert_int_equal(uv_loop_init(&p->loop), 0);
	assert_int_equal(uv_timer_init(&p->loop, &p->guard), 0);
	p->guard.data = p;
	assert_int_equal(uv_timer_start(&p->guard, on_guard, GIVE_UP_MS, 0), 0);
	open_end(p, &p->a, "alice@h1");
	open_end(p, &p->b, "bob@h2");
}

static inline void
open_pair(struct pair *p)
{
	memset(p, 0, sizeof(*p));
	open_prepared(p);
}

/* Both have keys, and encrypt. */
static inline void
open_secure(struct pair *p)
{
	memset(p, 0, sizeof(*p));
	assert_int_equal(identity_generate(&p->a.identity), 0);
	assert_int_equal(identity_generate(&p->b.identity), 0);
	p->a.security = p->b.security = STREAM_ENCRYPTED;
	open_prepared(p);
}

static inline void
on_hub_closed(void *ctx)
{
	struct end *e = ctx;
	e->hub_closed = true;
}

/* Everything libuv held for us is gone: nothing leaked. */
static inline void
close_pair(struct pair *p)
{
	stream_hub_close(p->a.hub, on_hub_closed, &p->a);
	stream_hub_close(p->b.hub, on_hub_closed, &p->b);
	uv_close((uv_handle_t *)&p->guard, NULL);
	uv_run(&p->loop, UV_RUN_DEFAULT);
	assert_true(p->a.hub_closed);
	assert_true(p->b.hub_closed);
	assert_int_equal(uv_loop_close(&p->loop), 0);
	for (int i = 0; i < 2; i++) {
		struct end *e = i ? &p->b : &p->a;
		tls_context_destroy(e->tls);
		tls_identity_destroy(e->identity);
	}
}

#define RUN_UNTIL(p, condition) \
	do { \
		while (!(condition) && !(p)->late) \
			uv_run(&(p)->loop, UV_RUN_ONCE); \
		assert_true(condition); \
	} while (0)

static inline struct sockaddr_storage
v4(const char *text, uint16_t port)
{
	struct sockaddr_in four;
	struct sockaddr_storage out;
	memset(&out, 0, sizeof(out));
	assert_int_equal(uv_ip4_addr(text, port, &four), 0);
	memcpy(&out, &four, sizeof(four));
	return out;
}

static inline struct sockaddr_storage
v6(const char *text, uint16_t port)
{
	struct sockaddr_in6 six;
	struct sockaddr_storage out;
	memset(&out, 0, sizeof(out));
	assert_int_equal(uv_ip6_addr(text, port, &six), 0);
	memcpy(&out, &six, sizeof(six));
	return out;
}

static inline struct stream *
dial_to(struct end *e, const struct sockaddr_storage *addr, size_t count)
{
	struct stream *s = NULL;
	struct stream_dial dial = {.to = "bob@h2",
	    .addr = addr,
	    .addr_count = count,
	    .security = e->security,
	    .key = e->wanted};
	e->inside = true;
	assert_int_equal(stream_dial(e->hub, &dial, e, &s), 0);
	e->inside = false;
	assert_ptr_equal(stream_user(s), e);
	return s;
}

static inline struct stream *
dial_b(struct pair *p)
{
	struct sockaddr_storage addr = v4("127.0.0.1", stream_hub_port(p->b.hub));
	return dial_to(&p->a, &addr, 1);
}

static inline int
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

static inline bool
is_closed(int fd)
{
	char c;
	ssize_t n = recv(fd, &c, 1, MSG_DONTWAIT);
	return n == 0 || (n < 0 && errno != EAGAIN);
}

static inline void
turn(struct pair *p)
{
	for (int i = 0; i < 20; i++)
		uv_run(&p->loop, UV_RUN_NOWAIT);
}

static inline int
enter_namespace(void)
{
	int err = netns_enter();
	(void)signal(SIGPIPE, SIG_IGN); /* as in the daemon */
	if (err)
		print_message("no network namespace here: %s\n", err_str(err));
	return err;
}

#endif
