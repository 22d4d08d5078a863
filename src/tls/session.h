/* TLS 1.3 between two Earshots, in memory: network bytes in and out, plain bytes in and out
 * (RFC 8446). Knows no sockets and no XML. One thread for a context and its sessions.
 *
 * Both sides show a self-signed certificate and decide on the other's key inside the handshake,
 * before any plain byte is taken from or given to it. No earlier version, no resumption, no early
 * data, no renegotiation. Records are padded to multiples of 256 bytes. */
#ifndef TLS_SESSION_H
#define TLS_SESSION_H

#include "base/compiler.h"
#include "tls/key.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct tls_context;
struct tls_identity;
struct tls_session;

enum { TLS_EXPORTER_SIZE = 32, TLS_RECORD_HEADER_SIZE = 5 };

/* For all sessions of this identity, which is borrowed only for the call. 0, -ENOMEM, -ENOSYS
 * (the system's OpenSSL lacks what is needed). */
int tls_context_create(const struct tls_identity *identity, struct tls_context **out) MUST_USE;
void tls_context_destroy(struct tls_context *c); /* after its sessions; accepts NULL */
/* New sessions show this certificate of the same key. 0, -EINVAL (another key), -ENOMEM. */
int tls_context_renew(struct tls_context *c, const struct tls_identity *identity) MUST_USE;

/* Decides on the other's key: 0 or an error, which then is the session's. */
typedef int tls_check_fn(void *ctx, const struct tls_peer *peer);

/* The client (who dialled) has its first bytes in tls_session_output() at once. check is called
 * at most once, inside tls_session_feed(), and must not touch the session. 0, -ENOMEM. */
int tls_session_create(struct tls_context *c, bool client, tls_check_fn *check, void *ctx,
    struct tls_session **out) MUST_USE;
void tls_session_destroy(struct tls_session *s); /* accepts NULL; says nothing to the other */

/* Whether these first bytes may begin a handshake: a server needs no session before. Fewer than
 * TLS_RECORD_HEADER_SIZE bytes: may they still. */
bool tls_looks_like_handshake(const void *data, size_t len);

/* Bytes from the network. They are borrowed until tls_session_read() has returned 0 or an error,
 * which has to be before the next call. 0, or the session's error: there may be an alert to be
 * sent all the same. */
int tls_session_feed(struct tls_session *s, const void *data, size_t len) MUST_USE;

/* Plain bytes into buf: how many, or 0 (nothing more for now), or ERR_CLOSED after the other's
 * orderly end (close_notify), or the session's error. A connection that ends without ERR_CLOSED
 * was cut. */
int tls_session_read(struct tls_session *s, void *buf, size_t cap) MUST_USE;

/* Plain bytes, at most LIMIT_TLS_WRITE; what is given at once shares records of 16 KiB. 0, -EAGAIN
 * (too much is unsent: later), -ENOTCONN (before the handshake is done, or after shutdown), or the
 * session's error. */
int tls_session_write(struct tls_session *s, const void *data, size_t len) MUST_USE;

/* What is to be sent, valid until the next call but tls_session_output(). */
void tls_session_output(const struct tls_session *s, const void **data, size_t *len);
void tls_session_sent(struct tls_session *s, size_t n); /* so many of these bytes are */

/* The handshake is done here. A client does not yet know then whether the server accepts its key:
 * its refusal comes as ERR_KEY_REFUSED instead of the first plain byte. */
bool tls_session_is_open(const struct tls_session *s);

/* The other's key, once it has been checked and accepted; else NULL. */
const struct tls_peer *tls_session_peer(const struct tls_session *s);

/* 32 bytes that both ends and nobody between them have (RFC 8446 §7.5), once it is open; label as
 * in RFC 5705 §4. 0, -ENOTCONN, -ENOMEM. */
int tls_session_exporter(
    struct tls_session *s, const char *label, uint8_t out[TLS_EXPORTER_SIZE]) MUST_USE;

/* Says that nothing more will be written (close_notify). */
void tls_session_shutdown(struct tls_session *s);

/* 0, what check returned, ERR_KEY_REFUSED (the other does not accept our key), ERR_CERTIFICATE,
 * ERR_PROTO, ERR_CLOSED, -ENOMEM. It stays. */
int tls_session_err(const struct tls_session *s);

#endif
