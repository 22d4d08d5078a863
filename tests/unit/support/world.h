/* For tests of peer/ and chat/: discovery, streams, the local socket and the clock as the test
 * wants them to be. Linked in place of the real ones; included once a program, after cmocka.h.
 * Nothing happens by itself: the test plays discovery, the network and time. */
#ifndef TESTS_WORLD_H
#define TESTS_WORLD_H

#include "base/clock.h"
#include "base/err.h"
#include "base/stamp.h"
#include "base/str.h"
#include "discovery/address.h"
#include "peer/claim.h"
#include "peer/contact.h"
#include "peer/iq.h"
#include "peer/link.h"
#include "peer/people.h"
#include "peer/person.h"
#include "peer/roster.h"
#include "peer/stranger.h"

#include "parse.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

struct stream {
	bool used, incoming, ready, closing, asked_again, paused;
	const char *condition; /* of the error it ends with */
	const char *from;      /* of its header */
	struct sockaddr_storage remote, local;
	void *user;
	uint64_t serial, heard_at, ticket;
	int close_err;
	char to[64]; /* whom it was dialled for */
	enum stream_security security;
	bool proven; /* by a key: */
	struct tls_peer key;
};

enum { WORLD_STREAMS = 32, WORLD_ENTRIES = 8 };

static struct world {
	struct roster r;
	uv_loop_t loop;
	uint64_t now, serials;
	struct stream streams[WORLD_STREAMS];
	struct discovery_entry entries[WORLD_ENTRIES];
	struct discovery_entry *resolving; /* what was asked last */
	int send_err;                      /* of stream_send() */
	size_t known;                      /* addresses the hub was told of */
	struct buf sent;                   /* what streams took, " | " between */
	struct buf events;                 /* what front ends were told */
	int64_t last_number;               /* of what they were told */
} world;

/* ---- time ---- */

uint64_t
clock_now(void)
{
	return world.now;
}

int64_t
clock_wall(void)
{
	return (int64_t)world.now;
}

static inline void
let_pass(uint64_t ms)
{
	for (uint64_t end = world.now + ms; world.now < end;) {
		world.now += 250;
		(void)iq_tick(&world.r, world.now);
		strangers_tick(&world.r);
		MAP_FOREACH (node, &world.r.people) {
			(void)stranger_tick(node->value, world.now);
			(void)link_tick(node->value, world.now);
		}
	}
}

/* ---- streams ---- */

static inline struct stream *
new_stream(bool incoming)
{
	for (size_t i = 0; i < WORLD_STREAMS; i++) {
		struct stream *s = &world.streams[i];
		if (s->used)
			continue;
		*s = (struct stream){.used = true, .incoming = incoming, .heard_at = world.now};
		return s;
	}
	fail_msg("no room for one more stream");
	return NULL;
}

int
stream_dial(struct stream_hub *hub, const struct stream_dial *dial, void *user, struct stream **out)
{
	(void)hub;
	*out = new_stream(false);
	(*out)->user = user;
	(*out)->remote = dial->addr[0];
	(*out)->security = dial->security;
	(void)snprintf((*out)->to, sizeof((*out)->to), "%s", dial->to ? dial->to : "");
	return 0;
}

int
stream_send(struct stream *s, struct buf *stanza, uint64_t *ticket)
{
	if (s->closing)
		return -ENOTCONN;
	if (world.send_err)
		return world.send_err;
	buf_fmt(&world.sent, "%s%s", world.sent.len ? " | " : "", buf_cstr(stanza));
	buf_finish(stanza);
	*ticket = ++s->ticket;
	return 0;
}

void
stream_close(struct stream *s, int err)
{
	if (!s->closing)
		s->close_err = err;
	s->closing = true;
}

void
stream_identify(struct stream *s)
{
	s->asked_again = true;
}

void
stream_set_user(struct stream *s, void *user)
{
	s->user = user;
}

void *
stream_user(const struct stream *s)
{
	return s->user;
}

bool
stream_is_incoming(const struct stream *s)
{
	return s->incoming;
}

bool
stream_is_ready(const struct stream *s)
{
	return s->ready;
}

bool
stream_is_closing(const struct stream *s)
{
	return s->closing;
}

const char *
stream_peer_from(const struct stream *s)
{
	return s->from;
}

const struct sockaddr_storage *
stream_remote(const struct stream *s)
{
	return &s->remote;
}

int
stream_local(const struct stream *s, struct sockaddr_storage *out)
{
	*out = s->local;
	return s->local.ss_family ? 0 : -ENOTCONN;
}

const struct tls_peer *
stream_peer_key(const struct stream *s)
{
	return s->proven ? &s->key : NULL;
}

uint64_t
stream_idle(const struct stream *s)
{
	return world.now - s->heard_at;
}

const char *
stream_error_condition(const struct stream *s)
{
	return s->condition ? s->condition : "";
}

void
stream_pause(struct stream *s)
{
	s->paused = true;
}

void
stream_resume(struct stream *s)
{
	s->paused = false;
}

uint64_t
stream_serial(const struct stream *s)
{
	return s->serial;
}

int
stream_hub_create(uv_loop_t *loop, const struct stream_hub_config *config,
    const struct stream_listener *l, void *ctx, struct stream_hub **out)
{
	(void)loop;
	(void)config;
	(void)l;
	(void)ctx;
	*out = (struct stream_hub *)&world;
	return 0;
}

void
stream_hub_close(struct stream_hub *hub, void (*done)(void *ctx), void *ctx)
{
	(void)hub;
	for (size_t i = 0; i < WORLD_STREAMS; i++) {
		struct stream *s = &world.streams[i];
		s->closing = true;
		if (s->used)
			link_stream_listener.on_closed(&world.r, s, 0);
		s->used = false;
	}
	done(ctx);
}

uint16_t
stream_hub_port(const struct stream_hub *hub)
{
	(void)hub;
	return 5298;
}

size_t
stream_hub_count(const struct stream_hub *hub)
{
	(void)hub;
	return 0;
}

int
stream_hub_set_name(struct stream_hub *hub, const char *name)
{
	(void)hub;
	(void)name;
	return 0;
}

int
stream_hub_set_known(struct stream_hub *hub, const struct sockaddr_storage *addr, size_t count)
{
	(void)hub;
	(void)addr;
	world.known = count;
	return 0;
}

/* ---- what the network does ---- */

static inline struct sockaddr_storage
endpoint(const char *host, uint16_t port)
{
	struct sockaddr_storage ss = {0};
	struct sockaddr_in in = {.sin_family = AF_INET, .sin_port = htons(port)};
	assert_int_equal(inet_pton(AF_INET, host, &in.sin_addr), 1);
	memcpy(&ss, &in, sizeof(in));
	return ss;
}

static inline void
get_ready(struct stream *s, const char *from)
{
	s->from = from;
	s->ready = true;
	s->serial = ++world.serials;
	link_stream_listener.on_ready(&world.r, s);
}

/* What the hub does with an incoming header; 0: it got ready. */
static inline int
ask_again(struct stream *s)
{
	s->asked_again = false;
	int err = claims_identify(&world.r, s, s->from, NULL);
	if (!err)
		get_ready(s, s->from);
	return err;
}

static inline struct stream *
dials_us(const char *from, const char *host, int *err)
{
	struct stream *s = new_stream(true);
	s->from = from;
	s->remote = endpoint(host, 40000);
	*err = ask_again(s);
	return s;
}

/* Keys of the tests: of which each byte is the number. */
static inline struct tls_peer
key_of_number(uint8_t number)
{
	struct tls_peer key = {.formerly_count = 0};
	memset(key.id.bytes, number, sizeof(key.id.bytes));
	return key;
}

/* What the hub does with the other's certificate, and afterwards: 0 if it got ready. */
static inline int
shows_key(struct stream *s, const char *from, const struct tls_peer *key)
{
	s->from = from;
	int err = link_stream_listener.check_key(&world.r, s, key);
	if (err)
		return err;
	s->proven = true;
	s->key = *key;
	err = link_stream_listener.on_key(&world.r, s, key);
	if (err)
		return err;
	if (s->incoming)
		return ask_again(s);
	get_ready(s, from);
	return 0;
}

/* An encrypting client dials us. */
static inline struct stream *
dials_with_key(const char *from, const char *host, const struct tls_peer *key, int *err)
{
	struct stream *s = new_stream(true);
	s->remote = endpoint(host, 40000);
	s->security = link_stream_listener.security(&world.r, s, from);
	*err = shows_key(s, from, key);
	return s;
}

static inline void
ends(struct stream *s, int err)
{
	s->closing = true;
	link_stream_listener.on_closed(&world.r, s, err);
	*s = (struct stream){0};
}

static inline void
hands_over(struct stream *s)
{
	link_stream_listener.on_sent(&world.r, s, s->ticket);
}

static inline void
on_parsed(void *ctx, const struct xml_elem *stanza)
{
	link_stream_listener.on_stanza(&world.r, ctx, stanza);
}

static inline void
says(struct stream *s, const char *stanza)
{
	s->heard_at = world.now;
	assert_int_equal(parse(stanza, on_parsed, s), 0);
}

#include "calls.h"
#include "found.h"

/* ---- the beginning and the end ---- */

enum { OWN_KEY = 0x80 }; /* the number of ours, see key_of_number() */

/* From now on we can encrypt. */
static inline void
we_have_a_key(void)
{
	world.r.tls = (struct tls_context *)&world;
	world.r.own_id = key_of_number(OWN_KEY).id;
}

/* With a store: support/kept.h. */
static inline int
world_begin_with(const struct feature *const *features, struct store *store)
{
	buf_init(&world.sent, 1 << 22);
	buf_init(&world.events, 1 << 22);
	world.r.own.publish_name = true;
	world.r.own.full_name = strdup("Juliet Capulet");
	world.r.own.nick = strdup("");
	world.r.own.text = strdup("");
	world.r.own.fixed = value_array();
	struct roster_config config = {.features = features, .store = store};
	return roster_start(&world.r, &world.loop, NULL, &config);
}

static inline int
world_begin(const struct feature *const *features)
{
	world = (struct world){.now = 1000000};
	return uv_loop_init(&world.loop) ? -1 : world_begin_with(features, NULL);
}

static void
on_world_ended(void *ctx)
{
	*(bool *)ctx = true;
}

static inline int
world_end(void)
{
	bool ended = false;
	roster_stop(&world.r, on_world_ended, &ended);
	(void)uv_run(&world.loop, UV_RUN_DEFAULT);
	for (size_t i = 0; i < WORLD_ENTRIES; i++) {
		free(world.entries[i].name);
		free(world.entries[i].addr);
		txt_kept_finish(&world.entries[i].txt);
	}
	buf_finish(&world.sent);
	buf_finish(&world.events);
	return ended ? uv_loop_close(&world.loop) : -1;
}

static inline void
expect_sent(const char *expected)
{
	assert_string_equal(buf_cstr(&world.sent), expected);
	buf_clear(&world.sent);
}

static inline void
expect_events(const char *expected)
{
	assert_string_equal(buf_cstr(&world.events), expected);
	buf_clear(&world.events);
}

static inline struct person *
person_called(const char *name)
{
	struct person *p = roster_get(&world.r, name);
	assert_non_null(p);
	return p;
}

/* The stream being dialled for somebody. */
static inline struct stream *
dialled_for(const char *name)
{
	struct stream *s = person_called(name)->dialled;
	assert_non_null(s);
	return s;
}

#endif
