/* The life of one XMPP stream as a state machine: bytes, time and requests in; stanzas, bytes
 * and deadlines out (RFC 6120 §4-6, XEP-0174 §5, XEP-0246, XEP-0178). Knows no sockets, no loop,
 * no cipher and no clock: its owner says what time it is (ms, any start). One owner, one thread.
 *
 * The listener is called only from inside engine_opened(), engine_bytes(), engine_lost(),
 * engine_tick() and engine_ask(); it may call engine_send() and engine_close(), and must not
 * destroy the engine. After each call of the owner's own: write what engine_batch() gives, call
 * again at engine_deadline(), and close the connection when engine_is_over().
 *
 * When engine_wants_tls() the owner writes what is left of the batch, secures the connection, and
 * says engine_secured(); what then comes through engine_bytes() and goes out of engine_batch() is
 * what TLS protects. A failure is engine_lost(). Bytes given before engine_secured() end the
 * stream, as do bytes that came together with the element before a new stream begins (N7). */
#ifndef STREAM_ENGINE_H
#define STREAM_ENGINE_H

#include "base/buf.h"
#include "base/compiler.h"
#include "stream/security.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/uio.h>

struct engine;
struct xml_elem;

enum {
	ENGINE_CONNECT_MS = 10000,   /* dialled: from birth to a connection */
	ENGINE_REPLY_MS = 10000,     /* dialled: from the connection to the peer's last header */
	ENGINE_FIRST_BYTE_MS = 3000, /* incoming, these four from birth: a first byte, */
	ENGINE_HEADER_MS = 5000,     /* the whole header, */
	ENGINE_TLS_MS = 8000,        /* a secured connection, where that was begun, */
	ENGINE_IDENTITY_MS = 10000,  /* and who it is */
	ENGINE_CHOICE_MS = 5000,     /* from the header, where TLS may be: does the peer want it? */
	ENGINE_END_MS = 2000,        /* after our end tag, for the peer's */
	ENGINE_STANZA_MS = 10000, /* ready: for a stanza to be whole once it has begun, and ... */
	ENGINE_RATE = 1024,       /* ... a second more for so many bytes of it */
	ENGINE_ERROR_MS = 1000,   /* after our stream error, for the peer to read it */
};
#define ENGINE_NEVER UINT64_MAX

struct engine_listener {
	/* Incoming, at the first header: what may who claims to be `from` (NULL: nobody) do?
	 * NULL: STREAM_PLAIN. */
	enum stream_security (*security)(void *ctx, const char *from);
	/* As in stream_listener: 0, -EAGAIN or an error. */
	int (*identify)(void *ctx, const char *from, const char *to);
	void (*on_ready)(void *ctx);
	void (*on_features)(void *ctx, const struct xml_elem *features);
	void (*on_stanza)(void *ctx, const struct xml_elem *stanza);
};

/* What we say about ourselves; read when the header is written. */
struct engine_self {
	const char *name;     /* NULL: no from */
	const char *features; /* NULL: empty features */
};

/* What the peer's header says; without the attribute, or with an empty one, NULL. */
struct engine_peer {
	char *from;
	char *to;
	bool is_v1; /* version 1.0 or later */
};

struct engine_config {
	bool incoming;
	bool separate_writes;
	bool can_encrypt;               /* the owner can secure a connection */
	enum stream_security security;  /* dialled; incoming: the listener is asked */
	const char *to;                 /* dialled: copied; NULL: not known */
	const struct engine_self *self; /* borrowed */
};

int engine_create(const struct engine_config *config, const struct engine_listener *l, void *ctx,
    uint64_t now, struct engine **out) MUST_USE;
void engine_destroy(struct engine *e);

void engine_opened(struct engine *e, uint64_t now); /* dialled: there is a connection */
void engine_bytes(struct engine *e, const void *data, size_t len, uint64_t now);
bool engine_wants_tls(const struct engine *e);
void engine_secured(struct engine *e, uint64_t now);
/* Instead: it is secured with somebody who is not wanted. Nothing is written any more; over when
 * the peer has hung up, or a second later. */
void engine_refuse(struct engine *e, int err, uint64_t now);
/* Nothing more can be read: err 0, the peer closed its side; otherwise what broke. */
void engine_lost(struct engine *e, int err, uint64_t now);
/* Nothing more can be written; what the peer sent before may still be there to be read. */
void engine_unwritable(struct engine *e, int err, uint64_t now);
void engine_tick(struct engine *e, uint64_t now);
/* The owner reads nothing from now on, or reads again: what is late meanwhile is not the peer's
 * fault. */
void engine_paused(struct engine *e, bool paused, uint64_t now);
void engine_ask(struct engine *e, uint64_t now); /* identify again, if that is open */

int engine_send(struct engine *e, struct buf *stanza, uint64_t *ticket) MUST_USE;
void engine_close(struct engine *e, int err, uint64_t now);
void engine_abort(struct engine *e); /* over now, without a word */

/* The next write as at most max pieces; stable until engine_written(e, pieces), which returns
 * the largest ticket among them or 0. */
size_t engine_batch(const struct engine *e, struct iovec *iov, size_t max);
uint64_t engine_written(struct engine *e, size_t pieces);

uint64_t engine_deadline(const struct engine *e); /* ENGINE_NEVER: none */
bool engine_is_ready(const struct engine *e);
bool engine_is_secured(const struct engine *e);    /* engine_secured() was said */
bool engine_is_unknown(const struct engine *e);    /* incoming and not identified */
bool engine_is_closing(const struct engine *e);    /* nothing may be sent any more */
bool engine_is_over(const struct engine *e);       /* the connection may be closed */
int engine_err(const struct engine *e);            /* why it ended */
const char *engine_detail(const struct engine *e); /* what the peer's stream error said, or "" */

const struct engine_peer *engine_peer(const struct engine *e); /* all empty before its header */
uint64_t engine_heard_at(const struct engine *e); /* the last byte; birth if there was none */
size_t engine_unsent(const struct engine *e);     /* stanzas */
size_t engine_unsent_bytes(const struct engine *e);

#endif
