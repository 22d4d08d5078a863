/* For tests of the engine: a stage with a virtual clock. Included after cmocka.h. */
#ifndef TESTS_PLAY_H
#define TESTS_PLAY_H

#include "base/limits.h"
#include "base/log.h"
#include "stream/engine.h"
#include "xml/elem.h"

#include <string.h>

/* One engine on a virtual clock. `seen` tells what the listener was told, `said` what went out,
 * with | between writes. */
struct play {
	struct engine *e;
	struct engine_self self;
	struct buf seen, said;
	uint64_t now;
	enum stream_security
	    security; /* dialled: what is asked; incoming: what the claimant may do */
	int identify_result;
	int close_at; /* stream_close() inside the callback of that stanza */
	int close_err;
	int stanzas;
	const char *answer; /* sent inside on_stanza */
};

#define OURS(from_to) \
	"<?xml version='1.0'?><stream:stream xmlns='jabber:client' " \
	"xmlns:stream='http://etherx.jabber.org/streams' " from_to " version='1.0'>|"
#define OUR_ERROR(condition) \
	"<stream:error><" condition " xmlns='urn:ietf:params:xml:ns:xmpp-streams'/></" \
	"stream:error>"
#define END "</stream:stream>"

static inline void
add(struct play *p, const char *event, const char *a, const char *b)
{
	buf_fmt(&p->seen, "%s(%s%s%s) ", event, a ? a : "-", b ? "," : "", b ? b : "");
}

static inline enum stream_security
on_security(void *ctx, const char *from)
{
	struct play *p = ctx;
	(void)from;
	return p->security;
}

static inline int
on_identify(void *ctx, const char *from, const char *to)
{
	struct play *p = ctx;
	add(p, "identify", from, to ? to : "-");
	return p->identify_result;
}

static inline void
on_ready(void *ctx)
{
	struct play *p = ctx;
	buf_str(&p->seen, "ready ");
}

static inline void
on_features(void *ctx, const struct xml_elem *features)
{
	struct play *p = ctx;
	add(p, "features", features->name, NULL);
}

static inline void
send_text(struct play *p, const char *xml)
{
	struct buf b = BUF_INIT(LIMIT_STANZA);
	buf_str(&b, xml);
	assert_int_equal(engine_send(p->e, &b, NULL), 0);
}

static inline void
on_stanza(void *ctx, const struct xml_elem *stanza)
{
	struct play *p = ctx;
	const struct xml_elem *body = xml_elem_child(stanza, NULL, "body");
	add(p, stanza->name, body ? body->text : NULL, NULL);
	if (p->answer)
		send_text(p, p->answer);
	if (++p->stanzas == p->close_at)
		engine_close(p->e, p->close_err, p->now);
}

static const struct engine_listener listener = {.security = on_security,
    .identify = on_identify,
    .on_ready = on_ready,
    .on_features = on_features,
    .on_stanza = on_stanza};

static inline void
begin_with(struct play *p, bool incoming, const char *to, enum stream_security security)
{
	*p = (struct play){.now = 1000000, .self = {.name = "alice@h1"}, .security = security};
	struct engine_config config = {.incoming = incoming,
	    .to = to,
	    .self = &p->self,
	    .can_encrypt = security != STREAM_PLAIN,
	    .security = security};
	log_set_level(LOG_ERROR);
	buf_init(&p->seen, 1 << 20);
	buf_init(&p->said, 1 << 20);
	assert_int_equal(engine_create(&config, &listener, p, p->now, &p->e), 0);
}

static inline void
begin(struct play *p, bool incoming, const char *to)
{
	begin_with(p, incoming, to, STREAM_PLAIN);
}

static inline void
begin_incoming(struct play *p)
{
	begin(p, true, NULL);
}

static inline void
begin_dialled(struct play *p)
{
	begin(p, false, "bob@h2");
	engine_opened(p->e, p->now);
}

static inline void
finish(struct play *p)
{
	engine_destroy(p->e);
	buf_finish(&p->seen);
	buf_finish(&p->said);
}

static inline void
hear(struct play *p, const char *bytes)
{
	engine_bytes(p->e, bytes, strlen(bytes), p->now);
}

static inline void
collect(struct play *p)
{
	struct iovec iov[8];
	size_t n;
	while ((n = engine_batch(p->e, iov, 8)) > 0) {
		for (size_t i = 0; i < n; i++)
			buf_add(&p->said, iov[i].iov_base, iov[i].iov_len);
		buf_char(&p->said, '|');
		(void)engine_written(p->e, n);
	}
}

static inline void
expect_said(struct play *p, const char *text)
{
	collect(p);
	assert_string_equal(buf_cstr(&p->said), text);
	buf_clear(&p->said);
}

static inline void
expect_seen(struct play *p, const char *text)
{
	assert_string_equal(buf_cstr(&p->seen), text);
	buf_clear(&p->seen);
}

/* Nothing happens until the deadline, which is `ms` away. */
static inline void
expect_deadline(struct play *p, uint64_t ms)
{
	assert_int_equal(engine_deadline(p->e), p->now + ms);
	p->now += ms - 1;
	engine_tick(p->e, p->now);
	assert_false(engine_is_over(p->e));
	p->now += 1;
	engine_tick(p->e, p->now);
}

static inline void
expect_over(struct play *p, int err)
{
	assert_true(engine_is_over(p->e));
	assert_int_equal(engine_err(p->e), err);
	assert_int_equal(engine_deadline(p->e), ENGINE_NEVER);
}

#define NS_ATTRS      " xmlns=\"jabber:client\" xmlns:stream=\"http://etherx.jabber.org/streams\""
#define HELLO         "<stream:stream" NS_ATTRS " from=\"bob@h2\" to=\"alice@h1\">"
#define HELLO_V1      "<stream:stream" NS_ATTRS " from=\"bob@h2\" to=\"alice@h1\" version=\"1.0\">"
#define ANSWER        OURS("from='alice@h1' to='bob@h2'")
#define MESSAGE(text) "<message type='chat'><body>" text "</body></message>"

static inline void
begin_ready(struct play *p)
{
	begin_dialled(p);
	hear(p, HELLO);
	collect(p);
	buf_clear(&p->said);
	buf_clear(&p->seen);
}

#endif
