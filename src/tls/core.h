/* What every TLS connection of ours has in common, whoever moves its bytes (tls/session.h: memory,
 * tls/channel.h: a socket): the context, the decision on the other's key, errors, changes of keys.
 * Of use in this folder only: nobody else sees OpenSSL. */
#ifndef TLS_CORE_H
#define TLS_CORE_H

#include "base/compiler.h"
#include "tls/session.h"

#include <openssl/ssl.h>

struct tls_core {
	SSL *ssl; /* owned */
	tls_check_fn *check;
	void *ctx;
	struct tls_peer peer;
	int err;             /* stays */
	int check_err;       /* what check said */
	int io_err;          /* set by the BIO: why it cannot go on */
	unsigned handshakes; /* messages since something was said */
	uint32_t records;    /* written under these keys */
	bool checked, open, closed, shut;
};

enum {
	CORE_PADDING = 256,
	CORE_RECORD_OVERHEAD = CORE_PADDING + 32, /* header, tag, type and the most of padding */
};

/* In place: OpenSSL keeps its address. bio (moved, also when this fails) moves the bytes; NULL, as
 * after a failed BIO_new(), is -ENOMEM. 0 or -ENOMEM. */
int core_init(struct tls_core *c, const struct tls_context *context, BIO *bio, bool client,
    tls_check_fn *check, void *ctx) MUST_USE;
void core_finish(struct tls_core *c); /* accepts zeroed */

/* A BIO that calls these two; BIO_get_data() is `data`. NULL: no memory. The method lives as long
 * as the context. */
BIO *core_bio(BIO_METHOD *method, void *data) MUST_USE;
BIO_METHOD *core_bio_method(int (*read_fn)(BIO *, char *, size_t, size_t *),
    int (*write_fn)(BIO *, const char *, size_t, size_t *)) MUST_USE;

/* These return 0 also when the BIO has to be waited for: `open`, or what was read or written, says
 * whether it is done. Else ERR_CLOSED (close_notify), or the error that stays. */
int core_handshake(struct tls_core *c) MUST_USE;
int core_read(struct tls_core *c, void *buf, size_t cap, size_t *got) MUST_USE;
int core_write(struct tls_core *c, const void *data, size_t len, size_t *put) MUST_USE;
void core_shutdown(struct tls_core *c);     /* close_notify, once */
int core_fail(struct tls_core *c, int err); /* from now on that is its error; returns it */

struct tls_context {
	SSL_CTX *ctx;       /* owned */
	BIO_METHOD *memory; /* owned; of sessions */
	BIO_METHOD *socket; /* owned; of channels */
	struct tls_id own;  /* of the key that is shown */
};

/* of tls/session.c and tls/channel.c */
BIO_METHOD *session_bio_method(void) MUST_USE;
BIO_METHOD *channel_bio_method(void) MUST_USE;

#endif
