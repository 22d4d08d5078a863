/* What carries a stream's bytes: TCP today, TLS over it behind the same few functions. Knows
 * nothing of XML. Loop thread only.
 *
 * The listener is called from the loop, never from inside a transport_*() call. */
#ifndef STREAM_TRANSPORT_H
#define STREAM_TRANSPORT_H

#include "base/compiler.h"

#include <stdbool.h>
#include <stddef.h>
#include <sys/socket.h>
#include <uv.h>

struct transport;

struct transport_listener {
	void (*on_connected)(void *ctx, int err);
	void (*on_data)(void *ctx, const char *data, size_t len);
	void (*on_end)(void *ctx, int err); /* 0: the peer closed its side. Nothing is read after */
	void (*on_written)(void *ctx, int err);
	void (*on_closed)(void *ctx); /* last call; the transport is gone */
};

/* scratch: LIMIT_STREAM_READ bytes for reads, shared by all transports of a loop, borrowed. */
int transport_create(uv_loop_t *loop, int family, char *scratch, const struct transport_listener *l,
    void *ctx, struct transport **out) MUST_USE;

/* Who is told from now on. */
void transport_hand_over(struct transport *t, const struct transport_listener *l, void *ctx);

int transport_connect(struct transport *t, const struct sockaddr_storage *to) MUST_USE;
/* family AF_UNSPEC at birth: the listening socket's connection becomes this one. */
int transport_accept(struct transport *t, uv_stream_t *listening) MUST_USE;
/* v4-mapped addresses as IPv4. */
int transport_remote(const struct transport *t, struct sockaddr_storage *out) MUST_USE;

/* Reads from now on, or no more until told again. */
int transport_read(struct transport *t, bool on) MUST_USE;

/* One write at a time. 1: everything is with the kernel; 0: on_written will come, the bytes must
 * stay until then; or an error. */
int transport_write(struct transport *t, const uv_buf_t *bufs, unsigned count) MUST_USE;

/* Idempotent, frees it later. */
void transport_close(struct transport *t);

#endif
