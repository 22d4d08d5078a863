/* Who someone is: a public key, known by its hash. Names, addresses and announcements are hints
 * only. Knows no OpenSSL. Any thread. */
#ifndef TLS_KEY_H
#define TLS_KEY_H

#include "base/compiler.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	TLS_ID_SIZE = 32,
	TLS_ID_HEX_SIZE = 2 * TLS_ID_SIZE + 1, /* with the NUL */
	TLS_ID_TAG_SIZE = 9,                   /* with the NUL */
	TLS_FORMERLY_MAX = 4,                  /* earlier keys that a certificate may name */
};

/* SHA-256 of the key's SubjectPublicKeyInfo in DER (RFC 5280 §4.1.2.7). */
struct tls_id {
	uint8_t bytes[TLS_ID_SIZE];
};

/* What a verified certificate says: the key, and which keys it succeeds, the latest first. Each
 * of them has signed its own successor. */
struct tls_peer {
	struct tls_id id;
	struct tls_id formerly[TLS_FORMERLY_MAX];
	size_t formerly_count;
};

bool tls_id_equal(const struct tls_id *a, const struct tls_id *b); /* in constant time */
/* An order that both sides agree on: <0, 0, >0. */
int tls_id_compare(const struct tls_id *a, const struct tls_id *b);

/* 64 lowercase digits. */
void tls_id_hex(const struct tls_id *id, char out[TLS_ID_HEX_SIZE]);
/* The first 8 of them: tells apart who bears one name, proves nothing. */
void tls_id_tag(const struct tls_id *id, char out[TLS_ID_TAG_SIZE]);
/* 64 digits of either case, nothing else. 0 or -EINVAL. */
int tls_id_parse(const char *hex, struct tls_id *out) MUST_USE;

/* Whether it bears this key or succeeds it. */
bool tls_peer_was(const struct tls_peer *peer, const struct tls_id *id);

#endif
