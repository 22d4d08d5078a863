/* TLS 1.3 over a connected socket, for a thread that may wait: files. The same certificates, the
 * same decision on the other's key and the same rules as tls/session.h; only who moves the bytes
 * differs. Made for throughput: a few big reads and writes, no padding of full records.
 *
 * Created on the thread of its context; from then on one thread at a time, any thread. The context
 * outlives it. */
#ifndef TLS_CHANNEL_H
#define TLS_CHANNEL_H

#include "base/compiler.h"
#include "tls/key.h"

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct buf;
struct tls_channel;
struct tls_context;

/* The best size for reads and writes: so much, encrypted and plain, stays in the processor's cache
 * until it has been through. */
enum { TLS_CHANNEL_BLOCK = 64 * 1024 };

/* Waits until the socket is ready for these poll(2) events. 0, or the error with which the call
 * that waits ends. */
typedef int tls_wait_fn(void *ctx, int fd, short events);

/* Another key than `expected` (copied) is refused inside the handshake. 0, -ENOMEM. */
int tls_channel_create(struct tls_context *c, bool client, const struct tls_id *expected,
    struct tls_channel **out) MUST_USE;
void tls_channel_destroy(struct tls_channel *ch); /* accepts NULL; says nothing to the other */

/* Over this socket (borrowed, made non-blocking), of which these bytes have been read already
 * (moved; NULL: none). wait and its ctx serve all later calls as well. 0, ERR_KEY (another key),
 * ERR_KEY_REFUSED (by the other; a client may hear it at its first read or write instead),
 * ERR_CERTIFICATE, ERR_PROTO, -ECONNRESET (cut), -ENOMEM, the error of wait, another errno. */
int tls_channel_handshake(
    struct tls_channel *ch, int fd, struct buf *early, tls_wait_fn *wait, void *ctx) MUST_USE;

/* Plain bytes, at least one: how many. ERR_CLOSED after the other's orderly end (close_notify);
 * -ECONNRESET when the connection ended without it: what came may not be all there was. Else the
 * errors above; every error but ERR_CLOSED stays. */
ssize_t tls_channel_read(struct tls_channel *ch, void *buf, size_t cap) MUST_USE;

/* All of them. They are on their way only after tls_channel_flush(): what is left of a block waits
 * for more. 0 or an error. */
int tls_channel_write(struct tls_channel *ch, const void *data, size_t len) MUST_USE;
int tls_channel_flush(struct tls_channel *ch) MUST_USE;

/* Says that nothing more will be written (close_notify) and sends what is left. The other's bytes
 * can still be read. 0 or an error. */
int tls_channel_shutdown(struct tls_channel *ch) MUST_USE;

#endif
