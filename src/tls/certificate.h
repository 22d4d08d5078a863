/* The self-signed certificates that carry a key through the handshake, and the records in them by
 * which an earlier key names its successor. Of use in this folder only: nobody else sees OpenSSL.
 * Any thread.
 *
 * A record is {earlier key, its signature over "earshot handover 1" || its id || its successor's
 * id}; the chain leads from the oldest to the certificate's own key. The extension holds one byte
 * for the number of records, then of each, the oldest first: one byte length and the key as
 * SubjectPublicKeyInfo, one byte length and the signature. */
#ifndef TLS_CERTIFICATE_H
#define TLS_CERTIFICATE_H

#include "base/compiler.h"
#include "tls/key.h"

#include <openssl/x509.h>

enum { TLS_SPKI_MAX = 91, TLS_SIGNATURE_MAX = 72 };

struct certificate_record {
	uint8_t spki[TLS_SPKI_MAX], signature[TLS_SIGNATURE_MAX];
	size_t spki_len, signature_len;
};

struct certificate_records {
	struct certificate_record at[TLS_FORMERLY_MAX]; /* the oldest first */
	size_t count;
};

/* A new certificate of this Ed25519 key, valid from 1970 to 9999, its name a random number.
 * Caller frees with X509_free(). 0, -ENOMEM. */
int
certificate_create(EVP_PKEY *key, const struct certificate_records *records, X509 **out) MUST_USE;

/* Accepts Ed25519 and P-256, self-signed, at most LIMIT_CERTIFICATE, whatever its dates, without
 * records or with records that are all right. 0 or ERR_CERTIFICATE, -ENOMEM. */
int certificate_verify(X509 *cert, struct tls_peer *out) MUST_USE;

/* The records of a certificate that was verified. 0, -ENOMEM, ERR_CERTIFICATE. */
int certificate_read_records(X509 *cert, struct certificate_records *out) MUST_USE;

/* Appends the record by which `old` hands over to `to`; at the limit the oldest one goes. 0,
 * -ENOMEM, ERR_CERTIFICATE (no kind of key that is accepted). */
int certificate_add_record(
    struct certificate_records *records, EVP_PKEY *old, const struct tls_id *to) MUST_USE;

/* The id of a key. 0, -ENOMEM, ERR_CERTIFICATE (a bigger key than any that is accepted). */
int certificate_key_id(const EVP_PKEY *key, struct tls_id *out) MUST_USE;

#endif
