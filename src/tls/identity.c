#include "tls/identity.h"

#include "base/err.h"
#include "base/limits.h"
#include "tls/certificate.h"
#include "tls/internal.h"

#include <errno.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <stdlib.h>
#include <string.h>

enum {
	SECURE_HEAP = 64 * 1024, /* a quarter of what an unprivileged process may lock of old */
	SECURE_SMALLEST = 32,
	KEY_SIZE = 32,
	/* 16 MiB and about 0.2 s: what OpenSSL allows by default, five times over */
	SCRYPT_N = 16384,
	SCRYPT_R = 8,
	SCRYPT_P = 5,
	SALT_SIZE = 16,
};

/* An Ed25519 key in PKCS#8 is this and its 32 bytes (RFC 8410 §7). Written and read by hand, as
 * OpenSSL leaves copies on its way. */
static const uint8_t pkcs8_prefix[] = {
    0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20};

enum {
	PKCS8_SIZE = sizeof(pkcs8_prefix) + KEY_SIZE,
	SEALED_MAX = PKCS8_SIZE + 2 * EVP_MAX_BLOCK_LENGTH, /* room for both ways */
};

void
tls_init(void)
{
	(void)CRYPTO_secure_malloc_init(SECURE_HEAP, SECURE_SMALLEST);
}

void
tls_wipe(void *secret, size_t len)
{
	OPENSSL_cleanse(secret, len);
}

void
tls_cleanse(struct buf *b)
{
	if (b->data)
		OPENSSL_cleanse(b->data, b->cap);
	buf_finish(b);
}

void
tls_identity_destroy(struct tls_identity *i)
{
	if (!i)
		return;
	EVP_PKEY_free(i->key);
	X509_free(i->cert);
	free(i);
}

const struct tls_peer *
tls_identity_self(const struct tls_identity *i)
{
	return &i->self;
}

const struct tls_id *
tls_identity_id(const struct tls_identity *i)
{
	return &i->self.id;
}

/* Moves key. */
static int
wrap(EVP_PKEY *key, X509 *cert, struct tls_identity **out)
{
	int err = -ENOMEM;
	struct tls_identity *i = calloc(1, sizeof(*i));
	if (i)
		*i = (struct tls_identity){.key = key, .cert = cert};
	if (i)
		err = certificate_verify(cert, &i->self);
	if (err) {
		free(i);
		return err;
	}
	*out = i;
	return 0;
}

int
identity_generate(struct tls_identity **out)
{
	const struct certificate_records none = {.count = 0};
	X509 *cert = NULL;
	EVP_PKEY *key = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
	int err = key ? certificate_create(key, &none, &cert) : -ENOMEM;
	if (!err)
		err = wrap(key, cert, out);
	if (err) {
		EVP_PKEY_free(key);
		X509_free(cert);
	}
	return err;
}

/* ---- writing ---- */

static bool
put_plain(BIO *to, const uint8_t *pkcs8)
{
	return PEM_write_bio(to, PEM_STRING_PKCS8INF, "", pkcs8, PKCS8_SIZE) > 0;
}

/* PBES2 (RFC 8018) over the few bytes of a key, by hand as well. The size of what came out, -1:
 * it cannot be done, or the padding is wrong, which is how a wrong passphrase mostly shows. */
static int
crypt_key(bool encrypt, const X509_ALGOR *pbe, const char *passphrase, const uint8_t *in, int len,
    uint8_t out[SEALED_MAX])
{
	const ASN1_OBJECT *oid;
	const void *parameters;
	int type, body = 0, rest = 0;
	X509_ALGOR_get0(&oid, &type, &parameters, pbe);
	EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
	ASN1_OBJECT *method = OBJ_dup(oid);
	ASN1_TYPE *given = ASN1_TYPE_new();
	bool done = ctx && method && given && len <= SEALED_MAX - EVP_MAX_BLOCK_LENGTH &&
		    ASN1_TYPE_set1(given, type, parameters) == 1 &&
		    EVP_PBE_CipherInit(
			method, passphrase, (int)strlen(passphrase), given, ctx, encrypt) == 1 &&
		    EVP_CipherUpdate(ctx, out, &body, in, len) == 1 &&
		    EVP_CipherFinal_ex(ctx, out + body, &rest) == 1;
	ASN1_TYPE_free(given);
	ASN1_OBJECT_free(method);
	EVP_CIPHER_CTX_free(ctx);
	return done ? body + rest : -1;
}

static bool
put_encrypted(BIO *to, const uint8_t *pkcs8, const char *passphrase)
{
	uint8_t bytes[SEALED_MAX];
	X509_ALGOR *algorithm;
	ASN1_OCTET_STRING *content;
	X509_SIG *sealed = X509_SIG_new();
	X509_ALGOR *pbe = PKCS5_pbe2_set_scrypt(
	    EVP_aes_256_cbc(), NULL, SALT_SIZE, NULL, SCRYPT_N, SCRYPT_R, SCRYPT_P);
	int len = pbe ? crypt_key(true, pbe, passphrase, pkcs8, PKCS8_SIZE, bytes) : -1;
	bool done = false;
	if (sealed && len > 0) {
		X509_SIG_getm(sealed, &algorithm, &content);
		done = X509_ALGOR_copy(algorithm, pbe) == 1 &&
		       ASN1_OCTET_STRING_set(content, bytes, len) == 1 &&
		       PEM_write_bio_PKCS8(to, sealed) == 1;
	}
	X509_ALGOR_free(pbe);
	X509_SIG_free(sealed);
	return done;
}

static bool
put_key(BIO *to, const EVP_PKEY *key, const char *passphrase)
{
	uint8_t *pkcs8 = OPENSSL_secure_malloc(PKCS8_SIZE);
	size_t len = KEY_SIZE;
	if (!pkcs8)
		return false;
	memcpy(pkcs8, pkcs8_prefix, sizeof(pkcs8_prefix));
	bool done = EVP_PKEY_get_raw_private_key(key, pkcs8 + sizeof(pkcs8_prefix), &len) == 1;
	if (done)
		done = passphrase ? put_encrypted(to, pkcs8, passphrase) : put_plain(to, pkcs8);
	OPENSSL_secure_clear_free(pkcs8, PKCS8_SIZE);
	return done;
}

int
identity_write_certificate(const struct tls_identity *i, struct buf *out)
{
	char *bytes;
	BIO *to = BIO_new(BIO_s_mem());
	bool done = to && PEM_write_bio_X509(to, i->cert) == 1;
	if (done) {
		long len = BIO_get_mem_data(to, &bytes);
		buf_add(out, bytes, (size_t)len);
	}
	BIO_free(to);
	return done ? buf_err(out) : -ENOMEM;
}

int
tls_identity_export(const struct tls_identity *i, const char *passphrase, struct buf *out)
{
	char *bytes;
	BIO *to = BIO_new(BIO_s_secmem());
	bool done = to && put_key(to, i->key, passphrase);
	if (done) {
		size_t len = (size_t)BIO_get_mem_data(to, &bytes);
		buf_add(out, bytes, len);
	}
	BIO_free(to);
	return done ? identity_write_certificate(i, out) : -ENOMEM;
}

/* ---- reading ---- */

static EVP_PKEY *
read_plain(const uint8_t *der, long len)
{
	if (len != PKCS8_SIZE || CRYPTO_memcmp(der, pkcs8_prefix, sizeof(pkcs8_prefix)) != 0)
		return NULL;
	/* OpenSSL 3.0 puts a key made of raw bytes into plain memory, but a copy where it should */
	EVP_PKEY *raw = EVP_PKEY_new_raw_private_key_ex(
	    NULL, "ED25519", NULL, der + sizeof(pkcs8_prefix), KEY_SIZE);
	EVP_PKEY *key = raw ? EVP_PKEY_dup(raw) : NULL;
	EVP_PKEY_free(raw);
	return key;
}

static EVP_PKEY *
read_encrypted(const uint8_t *der, long len, const char *passphrase)
{
	const X509_ALGOR *pbe;
	const ASN1_OCTET_STRING *content;
	EVP_PKEY *key = NULL;
	X509_SIG *sealed = d2i_X509_SIG(NULL, &der, len);
	uint8_t *pkcs8 = OPENSSL_secure_malloc(SEALED_MAX);
	if (sealed && pkcs8) {
		X509_SIG_get0(sealed, &pbe, &content);
		key = read_plain(
		    pkcs8, crypt_key(false, pbe, passphrase, ASN1_STRING_get0_data(content),
			       ASN1_STRING_length(content), pkcs8));
	}
	OPENSSL_secure_clear_free(pkcs8, SEALED_MAX);
	X509_SIG_free(sealed);
	return key;
}

static int
read_key(BIO *from, const char *passphrase, EVP_PKEY **out)
{
	char *name = NULL, *header = NULL;
	unsigned char *der = NULL;
	long len = 0;
	const unsigned flags = PEM_FLAG_SECURE | PEM_FLAG_EAY_COMPATIBLE;
	if (PEM_read_bio_ex(from, &name, &header, &der, &len, flags) != 1)
		return ERR_DAMAGED;
	int err = ERR_DAMAGED;
	if (strcmp(name, PEM_STRING_PKCS8INF) == 0) {
		*out = read_plain(der, len);
	} else if (strcmp(name, PEM_STRING_PKCS8) == 0) {
		err = ERR_LOCKED;
		*out = passphrase ? read_encrypted(der, len, passphrase) : NULL;
	}
	OPENSSL_secure_free(name);
	OPENSSL_secure_free(header);
	OPENSSL_secure_clear_free(der, (size_t)len);
	return *out ? 0 : err;
}

int
tls_identity_parse(const void *data, size_t len, const char *passphrase, struct tls_identity **out)
{
	if (len > LIMIT_IDENTITY_FILE)
		return ERR_DAMAGED;
	BIO *from = BIO_new_mem_buf(data, (int)len);
	if (!from)
		return -ENOMEM;
	EVP_PKEY *key = NULL;
	X509 *cert = NULL;
	int err = read_key(from, passphrase, &key);
	if (!err) {
		cert = PEM_read_bio_X509(from, NULL, NULL, NULL);
		if (!cert || X509_check_private_key(cert, key) != 1)
			err = ERR_DAMAGED;
	}
	if (!err)
		err = wrap(key, cert, out);
	if (err) {
		EVP_PKEY_free(key);
		X509_free(cert);
	}
	BIO_free(from);
	ERR_clear_error();
	return err == ERR_CERTIFICATE ? ERR_DAMAGED : err;
}

/* ---- handing over ---- */

int
tls_identity_hand_over(const struct tls_identity *old, struct tls_identity *current)
{
	struct certificate_records records;
	struct tls_peer self = {0};
	X509 *cert = NULL;
	if (tls_id_equal(&old->self.id, &current->self.id))
		return -EINVAL;
	/* the nearest one is this: perhaps it could not be saved the last time */
	if (current->self.formerly_count > 0)
		return tls_id_equal(&current->self.formerly[0], &old->self.id) ? 0 : -EEXIST;
	int err = certificate_read_records(old->cert, &records);
	if (!err)
		err = certificate_add_record(&records, old->key, &current->self.id);
	if (!err)
		err = certificate_create(current->key, &records, &cert);
	if (!err)
		err = certificate_verify(cert, &self);
	if (err) {
		X509_free(cert);
		return err == ERR_CERTIFICATE ? -EINVAL : err; /* in a circle: it was once ours */
	}
	X509_free(current->cert);
	current->cert = cert;
	current->self = self;
	return 0;
}
