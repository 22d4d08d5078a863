/* Hashes of bytes that are all in memory or come one after the other, and base64. Any thread. */
#ifndef TLS_DIGEST_H
#define TLS_DIGEST_H

#include "base/buf.h"
#include "base/compiler.h"

#include <stddef.h>

enum {
	DIGEST_SHA1_SIZE = 20,
	DIGEST_SHA256_SIZE = 32,
	DIGEST_SHA1_HEX_SIZE = 2 * DIGEST_SHA1_SIZE + 1, /* with the NUL */
	DIGEST_SHA256_HEX_SIZE = 2 * DIGEST_SHA256_SIZE + 1,
};

/* 0, or -ENOMEM, or -ENOSYS: the system's OpenSSL does not offer the algorithm (SHA-1 may be
 * switched off). SHA-1 is for XEPs that ask for it, where nobody gains by a collision. */
int digest_sha1(const void *data, size_t len, unsigned char out[DIGEST_SHA1_SIZE]) MUST_USE;
int digest_sha256(const void *data, size_t len, unsigned char out[DIGEST_SHA256_SIZE]) MUST_USE;

/* SHA-256 of bytes that come one after the other. One owner. */
struct digest_run;
int
digest_run_create(struct digest_run **out) MUST_USE; /* of no bytes so far; 0, -ENOMEM, -ENOSYS */
void digest_run_destroy(struct digest_run *d);       /* accepts NULL */
/* A failure (-ENOMEM) stays and is told by digest_run_value(). */
void digest_run_update(struct digest_run *d, const void *data, size_t len);
void digest_run_reset(struct digest_run *d); /* of no bytes again */
/* Of all bytes so far; more may follow. 0, -ENOMEM, or an earlier failure. */
int digest_run_value(struct digest_run *d, unsigned char out[DIGEST_SHA256_SIZE]) MUST_USE;
/* From now on as if it had had the bytes of `from`. */
void digest_run_copy(struct digest_run *d, const struct digest_run *from);

/* The same in lowercase hex digits. */
int digest_sha1_hex(const void *data, size_t len, char out[DIGEST_SHA1_HEX_SIZE]) MUST_USE;
int digest_sha256_hex(const void *data, size_t len, char out[DIGEST_SHA256_HEX_SIZE]) MUST_USE;

/* Appends the bytes in base64 (RFC 4648 §4), padded, in one line. */
void digest_base64(struct buf *out, const void *data, size_t len);
/* Appends what base64 stands for; blanks between do not count, all else has to be right: padding,
 * and unused bits 0. 0, -EINVAL, or the buffer's latched error. */
int digest_base64_parse(const char *text, struct buf *out) MUST_USE;
/* A SHA-256 in base64, exactly as digest_base64() writes it. 0 or -EINVAL. */
int digest_sha256_parse_base64(const char *text, unsigned char out[DIGEST_SHA256_SIZE]) MUST_USE;

#endif
