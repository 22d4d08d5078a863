/* What carries a stream's bytes: TCP, or TLS over it behind the same few functions. Knows nothing
 * of XML. Loop thread only.
 *
 * The listener is called from the loop, never from inside a transport_*() call. */
#ifndef STREAM_TRANSPORT_H
#define STREAM_TRANSPORT_H

#include "base/compiler.h"
#include "base/limits.h"

#include <stdbool.h>
#include <stddef.h>
#include <sys/socket.h>
#include <uv.h>

struct tls_session;
struct transport;

/* Bytes a loop lends: for what is read, and for a record (RFC 8446 §5.1) each way, decrypted and
 * not yet encrypted. */
enum { TRANSPORT_RECORD = 16 * 1024, TRANSPORT_SCRATCH = LIMIT_STREAM_READ + 2 * TRANSPORT_RECORD };

struct transport_listener {
	void (*on_connected)(void *ctx, int err);
	void (*on_data)(void *ctx, const char *data, size_t len);
	void (*on_secured)(void *ctx); /* the handshake is done: the session is open */
	/* 0: the peer closed its side, with TLS by close_notify; ERR_CLOSED: cut off without; the
	 * session's error, or the connection's. Nothing is read after. */
	void (*on_end)(void *ctx, int err);
	void (*on_written)(void *ctx, int err);
	void (*on_closed)(void *ctx); /* last call; the transport is gone */
};

/* scratch: TRANSPORT_SCRATCH bytes, shared by all transports of a loop, borrowed. */
int transport_create(uv_loop_t *loop, int family, char *scratch, const struct transport_listener *l,
    void *ctx, struct transport **out) MUST_USE;

/* Who is told from now on. */
void transport_hand_over(struct transport *t, const struct transport_listener *l, void *ctx);

int transport_connect(struct transport *t, const struct sockaddr_storage *to) MUST_USE;
/* family AF_UNSPEC at birth: the listening socket's connection becomes this one. */
int transport_accept(struct transport *t, uv_stream_t *listening) MUST_USE;
/* v4-mapped addresses as IPv4. */
int transport_remote(const struct transport *t, struct sockaddr_storage *out) MUST_USE;
int transport_local(const struct transport *t, struct sockaddr_storage *out) MUST_USE;

/* Reads from now on, or no more until told again. */
int transport_read(struct transport *t, bool on) MUST_USE;

/* From now on TLS goes over it. Reading must be off, and nothing being written; then
 * transport_read() again. create makes the session: at once for the client, who begins; otherwise
 * when what comes looks like a handshake, so that who does not begin one costs none. 0, -ENOMEM,
 * or what create returned. */
int transport_start_tls(struct transport *t, bool client,
    int (*create)(void *ctx, struct tls_session **out), void *ctx) MUST_USE;
/* NULL: there is none (yet). Lives as long as the transport. */
struct tls_session *transport_session(const struct transport *t);

/* One write at a time. 1: everything is with the kernel; 0: on_written will come, the bytes must
 * stay until then; or an error. */
int transport_write(struct transport *t, const uv_buf_t *bufs, unsigned count) MUST_USE;

/* Idempotent, frees it later. */
void transport_close(struct transport *t);

#endif
