/* Hashes of bytes that are all in memory, and base64. Any thread. */
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

/* The same in lowercase hex digits. */
int digest_sha1_hex(const void *data, size_t len, char out[DIGEST_SHA1_HEX_SIZE]) MUST_USE;
int digest_sha256_hex(const void *data, size_t len, char out[DIGEST_SHA256_HEX_SIZE]) MUST_USE;

/* Appends the bytes in base64 (RFC 4648 §4), padded, in one line. */
void digest_base64(struct buf *out, const void *data, size_t len);
/* A SHA-256 in base64, exactly as digest_base64() writes it. 0 or -EINVAL. */
int digest_sha256_parse_base64(const char *text, unsigned char out[DIGEST_SHA256_SIZE]) MUST_USE;

#endif
