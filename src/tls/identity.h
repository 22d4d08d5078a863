/* Our own key: made once, kept in one file, never sent anywhere. Ed25519 with a self-signed
 * certificate (RFC 8410). Any thread, one owner.
 *
 * The file is PEM: the key as PKCS#8 (RFC 5958), encrypted if there is a passphrase (PBES2 with
 * scrypt and AES-256, RFC 7914), then the certificate. It is a secret: only we may read it, in a
 * folder that is closed to others. A passphrase is text of 1 to LIMIT_PASSPHRASE bytes; NULL: none.
 * Deriving its key takes about 0.2 s and 16 MiB. */
#ifndef TLS_IDENTITY_H
#define TLS_IDENTITY_H

#include "base/buf.h"
#include "base/compiler.h"
#include "tls/key.h"

#include <stddef.h>

struct tls_identity;

/* Once, before anything else here: memory that is neither swapped nor dumped, for keys. */
void tls_init(void);

/* 0, -ENOENT (there is none), ERR_LOCKED (the passphrase is needed or wrong), ERR_PERMISSIONS
 * (others may read or change it, or it is a link), ERR_DAMAGED, another errno. The sentence that
 * says what to do is appended to why (may be NULL), unless it is -ENOENT. */
int tls_identity_load(
    const char *path, const char *passphrase, struct buf *why, struct tls_identity **out) MUST_USE;

/* A new key, kept in the file, which must not be there yet (-EEXIST). */
int
tls_identity_create(const char *path, const char *passphrase, struct tls_identity **out) MUST_USE;

void tls_identity_destroy(struct tls_identity *i); /* accepts NULL */

/* Our id, and the keys we succeed. */
const struct tls_peer *tls_identity_self(const struct tls_identity *i);
const struct tls_id *tls_identity_id(const struct tls_identity *i);

/* Writes the file anew with another passphrase (to NULL: without). 0, the errors of
 * tls_identity_load(), or those of writing; then the old file is still there. */
int tls_identity_set_passphrase(const char *path, const char *from, const char *to) MUST_USE;

/* Appends what the file would hold under this passphrase. The bytes are secret without one:
 * tls_cleanse() the buffer. 0, -ENOMEM, ERR_TOO_BIG. */
int
tls_identity_export(const struct tls_identity *i, const char *passphrase, struct buf *out) MUST_USE;

/* Reads what tls_identity_export() gave. 0, ERR_LOCKED, ERR_DAMAGED, -ENOMEM. */
int tls_identity_parse(
    const void *data, size_t len, const char *passphrase, struct tls_identity **out) MUST_USE;

/* Makes it the one in the file, under this passphrase; what was there is gone. */
int
tls_identity_save(const struct tls_identity *i, const char *path, const char *passphrase) MUST_USE;

/* Replaces the certificate in the file and leaves the key there as it is, locked or not. 0,
 * ERR_DAMAGED (there is no key in it), ERR_TOO_BIG, -ENOMEM, another errno. */
int tls_identity_save_certificate(const struct tls_identity *i, const char *path) MUST_USE;

/* From now on `current` proves that it succeeds `old` (and those `old` succeeded, the last
 * TLS_FORMERLY_MAX in all): its certificate is made anew, the caller saves it
 * (tls_identity_save_certificate()). 0, also if it has done so before, -EINVAL (the same key),
 * -EEXIST (it succeeds another one already), -ENOMEM. */
int tls_identity_hand_over(const struct tls_identity *old, struct tls_identity *current) MUST_USE;

/* Overwrites the bytes of the buffer and frees it. */
void tls_cleanse(struct buf *b);
/* Memory of the caller's that held a secret. */
void tls_wipe(void *secret, size_t len);

#endif
