/* Keys and certificates of all kinds, such as Earshot does not make. Part of the tests. */
#ifndef TESTS_TLS_FORGE_H
#define TESTS_TLS_FORGE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/x509v3.h>

struct kind {
	const char *from, *until; /* NULL: the usual */
	size_t extra;             /* bytes of an extension nobody knows */
	const uint8_t *records;   /* the hand-over extension as it is */
	size_t records_len;
	bool twice, other_key, version_1;
};

#define OID_HANDOVER "2.25.106351273784531195911867628823432019541"

static void
add_extension(X509 *cert, const char *oid, const uint8_t *data, size_t len)
{
	ASN1_OBJECT *object = OBJ_txt2obj(oid, 1);
	ASN1_OCTET_STRING *bytes = ASN1_OCTET_STRING_new();
	assert_int_equal(ASN1_OCTET_STRING_set(bytes, data, (int)len), 1);
	X509_EXTENSION *e = X509_EXTENSION_create_by_OBJ(NULL, object, 0, bytes);
	assert_int_equal(X509_add_ext(cert, e, -1), 1);
	X509_EXTENSION_free(e);
	ASN1_OCTET_STRING_free(bytes);
	ASN1_OBJECT_free(object);
}

static EVP_PKEY *
make_key(const char *type)
{
	EVP_PKEY *key;
	if (strcmp(type, "RSA") == 0)
		key = EVP_PKEY_Q_keygen(NULL, NULL, "RSA", (size_t)2048);
	else if (strncmp(type, "P-", 2) == 0)
		key = EVP_PKEY_Q_keygen(NULL, NULL, "EC", type);
	else
		key = EVP_PKEY_Q_keygen(NULL, NULL, type);
	assert_non_null(key);
	return key;
}

static const EVP_MD *
digest_of(EVP_PKEY *key)
{
	return EVP_PKEY_is_a(key, "ED25519") || EVP_PKEY_is_a(key, "ED448") ? NULL : EVP_sha256();
}

static X509 *
make_cert(EVP_PKEY *key, const struct kind *kind)
{
	X509 *cert = X509_new();
	X509_NAME *name = X509_get_subject_name(cert);
	assert_int_equal(X509_set_version(cert, kind->version_1 ? 0 : X509_VERSION_3), 1);
	assert_int_equal(ASN1_INTEGER_set(X509_get_serialNumber(cert), 7), 1);
	assert_int_equal(ASN1_TIME_set_string(X509_getm_notBefore(cert),
			     kind->from ? kind->from : "20200101000000Z"),
	    1);
	assert_int_equal(ASN1_TIME_set_string(X509_getm_notAfter(cert),
			     kind->until ? kind->until : "20990101000000Z"),
	    1);
	assert_int_equal(X509_NAME_add_entry_by_NID(name, NID_commonName, MBSTRING_ASC,
			     (const unsigned char *)"x", -1, -1, 0),
	    1);
	assert_int_equal(X509_set_issuer_name(cert, name), 1);
	assert_int_equal(X509_set_pubkey(cert, key), 1);
	if (kind->extra) {
		uint8_t *zeros = calloc(1, kind->extra);
		add_extension(cert, "2.25.1", zeros, kind->extra);
		free(zeros);
	}
	for (int i = 0; kind->records && i < (kind->twice ? 2 : 1); i++)
		add_extension(cert, OID_HANDOVER, kind->records, kind->records_len);
	EVP_PKEY *signer = kind->other_key ? make_key("ED25519") : key;
	assert_true(X509_sign(cert, signer, digest_of(signer)) > 0);
	if (kind->other_key)
		EVP_PKEY_free(signer);
	return cert;
}

#endif
