/* What an identity is made of, for the sessions and the file that hold it. */
#ifndef TLS_INTERNAL_H
#define TLS_INTERNAL_H

#include "tls/identity.h"

#include <openssl/x509.h>

struct tls_identity {
	EVP_PKEY *key; /* owned; Ed25519 */
	X509 *cert;    /* owned */
	struct tls_peer self;
};

/* Appends the certificate as it stands in the file. 0, -ENOMEM, ERR_TOO_BIG. */
int identity_write_certificate(const struct tls_identity *i, struct buf *out) MUST_USE;

/* A new key that is in no file. 0, -ENOMEM. */
int identity_generate(struct tls_identity **out) MUST_USE;

#endif
