/* XMPP streams to peers over TCP, plain or encrypted (XEP-0174, XEP-0246): bytes in, stanzas out.
 * The hub owns the listening sockets and all streams. Knows nothing of people, chat or discovery:
 * who a stream belongs to, and which keys will do, is decided by its listener. Loop thread only;
 * the process must ignore SIGPIPE, as the other side may go at any time.
 *
 * Life of a stream: (incoming) security -> [check_key -> on_key ->] identify -> on_ready
 *                       -> on_stanza ... -> on_closed;
 *                   (outgoing) [check_key -> on_key ->] on_ready -> on_stanza ... -> on_closed.
 * Calls arrive from the loop, never from inside a stream_*() call of the listener's own, so a
 * listener may call anything here, stream_close() included. */
#ifndef STREAM_STREAM_H
#define STREAM_STREAM_H

#include "base/buf.h"
#include "base/compiler.h"
#include "stream/security.h"

#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>
#include <uv.h>

struct stream;
struct stream_hub;
struct tls_context;
struct tls_id;
struct tls_peer;
struct xml_elem;

struct stream_listener {
	/* An incoming stream, when its first header has come: what may one do who says to be
	 * `from` (NULL: nobody)? STREAM_ENCRYPTED: it ends with <policy-violation/> unless it
	 * encrypts. NULL: STREAM_PLAIN for all. */
	enum stream_security (*security)(void *ctx, struct stream *s, const char *from);
	/* Inside the TLS handshake, before either side has said anything: will the peer's key do?
	 * stream_peer_from() is what its header said. What was dialled for a certain key has it, or
	 * one that succeeds it (peer->formerly), or is over already with ERR_KEY. 0, or the error
	 * the stream ends with; the peer gets a TLS alert. NULL: every key will do. Certificates
	 * are no secret: that the peer has the key to this one is not proven yet, so nothing may
	 * be remembered of it. */
	int (*check_key)(void *ctx, struct stream *s, const struct tls_peer *peer);
	/* Right after the handshake: the peer has that key. 0, or the error the stream ends with;
	 * who dialled us gets a stream error, who was dialled hears nothing. NULL: 0. */
	int (*on_key)(void *ctx, struct stream *s, const struct tls_peer *peer);
	/* An incoming stream: who is it? `from` is what the header says (NULL: nothing), or, after
	 * -EAGAIN, what the first stanza says. If it is encrypted, stream_peer_key() has proven
	 * itself, and `from` is what both headers say. Return 0 (accepted; stream_set_user() may
	 * have been called), -EAGAIN (ask again at the first stanza, or after stream_identify()),
	 * or an error: the stream ends with <invalid-from/>. */
	int (*identify)(void *ctx, struct stream *s, const char *from, const char *to);
	/* Headers went both ways: stanzas flow. */
	void (*on_ready)(void *ctx, struct stream *s);
	/* Either side may send them, at any time, or never (R5). */
	void (*on_features)(void *ctx, struct stream *s, const struct xml_elem *features);
	void (*on_stanza)(void *ctx, struct stream *s, const struct xml_elem *stanza);
	/* All stanzas up to this ticket were handed to the kernel. */
	void (*on_sent)(void *ctx, struct stream *s, uint64_t ticket);
	/* Last call, exactly once per stream that was dialled or reached security() or identify().
	 * The error is 0 after an orderly end; ERR_SECURITY (the peer does not encrypt), ERR_KEY
	 * or what check_key said, ERR_KEY_REFUSED (the peer did not like our key), ... */
	void (*on_closed)(void *ctx, struct stream *s, int err);
};

struct stream_hub_config {
	uint16_t port;        /* wanted; the next nine are tried, then any free one. 0: any */
	const char *features; /* XML put inside our <stream:features>, or NULL; copied */
	/* Borrowed until the hub is closed; NULL: nothing is encrypted, STREAM_OPPORTUNISTIC is as
	 * STREAM_PLAIN, and who has to encrypt is refused. */
	struct tls_context *tls;
};

int stream_hub_create(uv_loop_t *loop, const struct stream_hub_config *config,
    const struct stream_listener *l, void *ctx, struct stream_hub **out) MUST_USE;
/* Ends every stream (politely, at most a second), closes all handles, then calls done. */
void stream_hub_close(struct stream_hub *hub, void (*done)(void *ctx), void *ctx);

uint16_t stream_hub_port(const struct stream_hub *hub);
size_t stream_hub_count(const struct stream_hub *hub);
/* Where people were last verified, instead of the addresses before: part of the places for those
 * who have not said who they are yet is kept for connections from there (N10). Ports and scopes do
 * not count. Copied. 0 or -ENOMEM (those before stay). */
int stream_hub_set_known(
    struct stream_hub *hub, const struct sockaddr_storage *addr, size_t count) MUST_USE;
/* Our instance name, `from` of headers from now on. 0 or -ENOMEM. */
int stream_hub_set_name(struct stream_hub *hub, const char *name) MUST_USE;
int stream_hub_set_features(struct stream_hub *hub, const char *features) MUST_USE;

struct stream_dial {
	const char *to;                      /* NULL: not known (a fixed peer) */
	const struct sockaddr_storage *addr; /* tried in order, scope ids set */
	size_t addr_count;
	bool separate_writes; /* never two stanzas in one write (R6: Kopete) */
	enum stream_security security;
	const struct tls_id *key; /* copied; NULL: any. Only with STREAM_ENCRYPTED */
};

/* Dials; on success the caller knows the stream at once, and on_closed will come. -EOPNOTSUPP:
 * STREAM_ENCRYPTED and the hub has no TLS. */
int stream_dial(struct stream_hub *hub, const struct stream_dial *dial, void *user,
    struct stream **out) MUST_USE;

/* Takes the bytes of one complete stanza, which is empty after success and untouched after an
 * error. Before on_ready they wait. 0 and a ticket (ascending per stream), a latched error of the
 * buffer, -ENOTCONN (closing), -ENOMEM, or ERR_TOO_BIG (queue full: the stream is not harmed,
 * on_sent tells when to go on). */
int stream_send(struct stream *s, struct buf *stanza, uint64_t *ticket) MUST_USE;

/* For an incoming stream that waits after -EAGAIN: ask the listener again now. */
void stream_identify(struct stream *s);

/* Idempotent. err 0: </stream:stream>, and what the peer still sends until its own end tag is
 * delivered (at most 2 s). Otherwise a stream error where one fits, then closed. */
void stream_close(struct stream *s, int err);

/* Stops reading, that a listener may catch up, until stream_resume() or the end. Not for longer
 * than a few seconds: the peer's kernel gives up after ten. */
void stream_pause(struct stream *s);
void stream_resume(struct stream *s);

void stream_set_user(struct stream *s, void *user);
void *stream_user(const struct stream *s);
bool stream_is_incoming(const struct stream *s);
bool stream_is_ready(const struct stream *s);
bool stream_is_closing(const struct stream *s);
/* What the peer's header said; NULL before it came or without the attribute. */
const char *stream_peer_from(const struct stream *s);
bool stream_peer_is_v1(const struct stream *s); /* it sent version='1.0' */
/* The key the peer has proven to have; NULL: the stream is plain, or not that far. */
const struct tls_peer *stream_peer_key(const struct stream *s);
/* 32 bytes that only the two ends of the encrypted stream can know (RFC 8446 §7.5); label as in
 * RFC 5705 §4. 0, -ENOTCONN (plain, not that far, or over), -ENOMEM. */
int stream_exporter(const struct stream *s, const char *label, uint8_t out[32]) MUST_USE;
/* The peer's address, v4-mapped ones as IPv4. */
const struct sockaddr_storage *stream_remote(const struct stream *s);
/* Our own on it, likewise: one that the peer can reach. 0, -ENOTCONN (not connected), ... */
int stream_local(const struct stream *s, struct sockaddr_storage *out) MUST_USE;
/* ms since the last byte arrived (clock_now() based), and stanzas queued but not written. */
uint64_t stream_idle(const struct stream *s);
size_t stream_unsent(const struct stream *s);
/* The condition of the stream error the peer sent ("policy-violation"), "" without one. */
const char *stream_error_condition(const struct stream *s);
/* Grows by one with each stream that gets ready: the newest has the largest. */
uint64_t stream_serial(const struct stream *s);

#endif
