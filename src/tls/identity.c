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
#include <openssl/pkcs12.h>
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

enum { PKCS8_SIZE = sizeof(pkcs8_prefix) + KEY_SIZE };

void
tls_init(void)
{
	(void)CRYPTO_secure_malloc_init(SECURE_HEAP, SECURE_SMALLEST);
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

static bool
put_encrypted(BIO *to, const uint8_t *pkcs8, const char *passphrase)
{
	const uint8_t *at = pkcs8;
	PKCS8_PRIV_KEY_INFO *info = d2i_PKCS8_PRIV_KEY_INFO(NULL, &at, PKCS8_SIZE);
	X509_ALGOR *pbe = PKCS5_pbe2_set_scrypt(
	    EVP_aes_256_cbc(), NULL, SALT_SIZE, NULL, SCRYPT_N, SCRYPT_R, SCRYPT_P);
	X509_SIG *sealed = NULL;
	if (info && pbe)
		sealed = PKCS8_set0_pbe(passphrase, (int)strlen(passphrase), info, pbe);
	if (!sealed)
		X509_ALGOR_free(pbe); /* else it is the sealed key's */
	bool done = sealed && PEM_write_bio_PKCS8(to, sealed) == 1;
	X509_SIG_free(sealed);
	PKCS8_PRIV_KEY_INFO_free(info);
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
tls_identity_export(const struct tls_identity *i, const char *passphrase, struct buf *out)
{
	char *bytes;
	BIO *to = BIO_new(BIO_s_secmem());
	bool done = to && put_key(to, i->key, passphrase) && PEM_write_bio_X509(to, i->cert) == 1;
	if (done) {
		size_t len = (size_t)BIO_get_mem_data(to, &bytes);
		buf_add(out, bytes, len);
	}
	BIO_free(to);
	return done ? buf_err(out) : -ENOMEM;
}

/* ---- reading ---- */

static EVP_PKEY *
read_plain(const uint8_t *der, long len)
{
	if (len != PKCS8_SIZE || CRYPTO_memcmp(der, pkcs8_prefix, sizeof(pkcs8_prefix)) != 0)
		return NULL;
	return EVP_PKEY_new_raw_private_key_ex(
	    NULL, "ED25519", NULL, der + sizeof(pkcs8_prefix), KEY_SIZE);
}

/* The padding and the form of what comes out are all that tells a wrong passphrase. */
static EVP_PKEY *
read_encrypted(const uint8_t *der, long len, const char *passphrase)
{
	const uint8_t *bytes;
	int size;
	EVP_PKEY *key = NULL;
	X509_SIG *sealed = d2i_X509_SIG(NULL, &der, len);
	PKCS8_PRIV_KEY_INFO *info =
	    sealed ? PKCS8_decrypt(sealed, passphrase, (int)strlen(passphrase)) : NULL;
	const ASN1_OBJECT *kind;
	if (info && PKCS8_pkey_get0(&kind, &bytes, &size, NULL, info) == 1 &&
	    OBJ_obj2nid(kind) == NID_ED25519 && size == KEY_SIZE + 2)
		key = EVP_PKEY_new_raw_private_key_ex(NULL, "ED25519", NULL, bytes + 2, KEY_SIZE);
	PKCS8_PRIV_KEY_INFO_free(info);
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
	struct tls_peer self;
	X509 *cert = NULL;
	if (tls_id_equal(&old->self.id, &current->self.id))
		return -EINVAL;
	if (current->self.formerly_count > 0)
		return -EEXIST;
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
