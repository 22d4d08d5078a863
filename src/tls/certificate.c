#include "tls/certificate.h"

#include "base/err.h"
#include "base/hex.h"
#include "base/limits.h"
#include "base/random.h"
#include "tls/digest.h"

#include <errno.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/x509v3.h>
#include <string.h>

/* An OID of nobody's: 2.25 is the arc of UUIDs (X.667). */
#define OID_HANDOVER "2.25.106351273784531195911867628823432019541"

static const char handover_label[] = "earshot handover 1";

enum {
	SERIAL_SIZE = 8,
	NAME_SIZE = 8,
	SIGNED_SIZE = sizeof(handover_label) - 1 + 2 * sizeof(struct tls_id)
};

/* The only two forms of a key: one encoding each, so that a key has one id. */
static const struct {
	size_t len; /* of the whole, with the key's bytes */
	size_t prefix_len;
	int signature_nid;
	const char *digest;
	uint8_t prefix[27];
} kinds[] = {
    {44, 12, NID_ED25519, NULL,
	{0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00}},
    {91, 27, NID_ecdsa_with_SHA256, "SHA256",
	{0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x08,
	    0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00, 0x04}},
};

/* The index of its kind, or -1. */
static int
kind_of(const uint8_t *spki, size_t len)
{
	for (size_t i = 0; i < ARRAY_LEN(kinds); i++)
		if (len == kinds[i].len && memcmp(spki, kinds[i].prefix, kinds[i].prefix_len) == 0)
			return (int)i;
	return -1;
}

static int
id_of(const uint8_t *spki, size_t len, struct tls_id *out)
{
	return digest_sha256(spki, len, out->bytes);
}

static int
key_spki(const EVP_PKEY *key, uint8_t out[TLS_SPKI_MAX], size_t *len)
{
	int n = i2d_PUBKEY(key, NULL);
	if (n <= 0)
		return -ENOMEM;
	if (n > TLS_SPKI_MAX)
		return ERR_CERTIFICATE;
	*len = (size_t)n;
	return i2d_PUBKEY(key, &out) == n ? 0 : -ENOMEM;
}

int
certificate_key_id(const EVP_PKEY *key, struct tls_id *out)
{
	uint8_t spki[TLS_SPKI_MAX];
	size_t len;
	int err = key_spki(key, spki, &len);
	return err ? err : id_of(spki, len, out);
}

/* ---- records ---- */

static void
signed_text(const struct tls_id *from, const struct tls_id *to, uint8_t out[SIGNED_SIZE])
{
	memcpy(out, handover_label, sizeof(handover_label) - 1);
	out += sizeof(handover_label) - 1;
	memcpy(out, from->bytes, TLS_ID_SIZE);
	memcpy(out + TLS_ID_SIZE, to->bytes, TLS_ID_SIZE);
}

static int
verify_record(
    const struct certificate_record *r, const struct tls_id *from, const struct tls_id *to)
{
	int kind = kind_of(r->spki, r->spki_len);
	if (kind < 0)
		return ERR_CERTIFICATE;
	uint8_t text[SIGNED_SIZE];
	signed_text(from, to, text);
	const uint8_t *at = r->spki;
	EVP_PKEY *key = d2i_PUBKEY(NULL, &at, (long)r->spki_len);
	EVP_MD_CTX *md = EVP_MD_CTX_new();
	int err = md ? ERR_CERTIFICATE : -ENOMEM;
	if (key && md &&
	    EVP_DigestVerifyInit_ex(md, NULL, kinds[kind].digest, NULL, NULL, key, NULL) == 1 &&
	    EVP_DigestVerify(md, r->signature, r->signature_len, text, sizeof(text)) == 1)
		err = 0;
	EVP_MD_CTX_free(md);
	EVP_PKEY_free(key);
	return err;
}

int
certificate_add_record(struct certificate_records *records, EVP_PKEY *old, const struct tls_id *to)
{
	struct certificate_record r = {.signature_len = sizeof(r.signature)};
	struct tls_id from;
	uint8_t text[SIGNED_SIZE];
	int err = key_spki(old, r.spki, &r.spki_len);
	if (!err)
		err = id_of(r.spki, r.spki_len, &from);
	if (err)
		return err;
	int kind = kind_of(r.spki, r.spki_len);
	if (kind < 0)
		return ERR_CERTIFICATE;
	signed_text(&from, to, text);
	EVP_MD_CTX *md = EVP_MD_CTX_new();
	bool done =
	    md && EVP_DigestSignInit_ex(md, NULL, kinds[kind].digest, NULL, NULL, old, NULL) == 1 &&
	    EVP_DigestSign(md, r.signature, &r.signature_len, text, sizeof(text)) == 1;
	EVP_MD_CTX_free(md);
	if (!done)
		return -ENOMEM;
	if (records->count == TLS_FORMERLY_MAX)
		memmove(&records->at[0], &records->at[1], --records->count * sizeof(r));
	records->at[records->count++] = r;
	return 0;
}

static bool
take_piece(const uint8_t **at, size_t *left, uint8_t *out, size_t max, size_t *len)
{
	if (*left < 1 || (*at)[0] == 0 || (*at)[0] > max || (*at)[0] > *left - 1)
		return false;
	*len = (*at)[0];
	memcpy(out, *at + 1, *len);
	*at += 1 + *len;
	*left -= 1 + *len;
	return true;
}

static int
parse_records(const uint8_t *at, size_t left, struct certificate_records *out)
{
	if (left < 1 || at[0] < 1 || at[0] > TLS_FORMERLY_MAX)
		return ERR_CERTIFICATE;
	size_t count = *at++;
	left--;
	for (size_t i = 0; i < count; i++) {
		struct certificate_record *r = &out->at[i];
		if (!take_piece(&at, &left, r->spki, sizeof(r->spki), &r->spki_len) ||
		    !take_piece(&at, &left, r->signature, sizeof(r->signature), &r->signature_len))
			return ERR_CERTIFICATE;
	}
	out->count = count;
	return left == 0 ? 0 : ERR_CERTIFICATE;
}

int
certificate_read_records(X509 *cert, struct certificate_records *out)
{
	*out = (struct certificate_records){0};
	ASN1_OBJECT *oid = OBJ_txt2obj(OID_HANDOVER, 1);
	if (!oid)
		return -ENOMEM;
	int err = 0;
	int at = X509_get_ext_by_OBJ(cert, oid, -1);
	if (at >= 0) {
		const ASN1_OCTET_STRING *s = X509_EXTENSION_get_data(X509_get_ext(cert, at));
		err = X509_get_ext_by_OBJ(cert, oid, at) >= 0
			  ? ERR_CERTIFICATE
			  : parse_records(
				ASN1_STRING_get0_data(s), (size_t)ASN1_STRING_length(s), out);
	}
	ASN1_OBJECT_free(oid);
	return err;
}

/* From the certificate's own key back to the oldest: each has named the one after it. */
static int
verify_records(const struct certificate_records *records, struct tls_peer *peer)
{
	struct tls_id next = peer->id;
	for (size_t i = records->count; i-- > 0;) {
		const struct certificate_record *r = &records->at[i];
		struct tls_id from;
		int err = id_of(r->spki, r->spki_len, &from);
		if (!err && tls_peer_was(peer, &from))
			err = ERR_CERTIFICATE;
		if (!err)
			err = verify_record(r, &from, &next);
		if (err)
			return err;
		peer->formerly[peer->formerly_count++] = from;
		next = from;
	}
	return 0;
}

/* ---- certificates ---- */

int
certificate_verify(X509 *cert, struct tls_peer *out)
{
	struct certificate_records records;
	struct tls_peer peer = {.formerly_count = 0};
	uint8_t spki[TLS_SPKI_MAX], *to = spki;
	X509_PUBKEY *pub = X509_get_X509_PUBKEY(cert);
	int len = pub ? i2d_X509_PUBKEY(pub, NULL) : -1;
	if (i2d_X509(cert, NULL) > LIMIT_CERTIFICATE || X509_get_version(cert) != X509_VERSION_3 ||
	    len <= 0 || len > TLS_SPKI_MAX || i2d_X509_PUBKEY(pub, &to) != len)
		return ERR_CERTIFICATE;
	int kind = kind_of(spki, (size_t)len);
	EVP_PKEY *key = X509_get0_pubkey(cert);
	if (kind < 0 || !key || X509_get_signature_nid(cert) != kinds[kind].signature_nid ||
	    X509_verify(cert, key) != 1)
		return ERR_CERTIFICATE;
	int err = id_of(spki, (size_t)len, &peer.id);
	if (!err)
		err = certificate_read_records(cert, &records);
	if (!err)
		err = verify_records(&records, &peer);
	if (!err)
		*out = peer;
	return err;
}

static bool
add_records(X509 *cert, const struct certificate_records *records)
{
	uint8_t bytes[1 + TLS_FORMERLY_MAX * (2 + TLS_SPKI_MAX + TLS_SIGNATURE_MAX)];
	size_t len = 0;
	if (records->count == 0)
		return true;
	bytes[len++] = (uint8_t)records->count;
	for (size_t i = 0; i < records->count; i++) {
		const struct certificate_record *r = &records->at[i];
		bytes[len++] = (uint8_t)r->spki_len;
		memcpy(bytes + len, r->spki, r->spki_len);
		len += r->spki_len;
		bytes[len++] = (uint8_t)r->signature_len;
		memcpy(bytes + len, r->signature, r->signature_len);
		len += r->signature_len;
	}
	ASN1_OBJECT *oid = OBJ_txt2obj(OID_HANDOVER, 1);
	ASN1_OCTET_STRING *data = ASN1_OCTET_STRING_new();
	X509_EXTENSION *ext = NULL;
	if (oid && data && ASN1_OCTET_STRING_set(data, bytes, (int)len) == 1)
		ext = X509_EXTENSION_create_by_OBJ(NULL, oid, 0, data);
	bool done = ext && X509_add_ext(cert, ext, -1) == 1;
	X509_EXTENSION_free(ext);
	ASN1_OCTET_STRING_free(data);
	ASN1_OBJECT_free(oid);
	return done;
}

/* Nothing in it tells who or when: it goes over the wire to whoever asks. */
static bool
fill(X509 *cert, EVP_PKEY *key)
{
	uint8_t serial[SERIAL_SIZE], raw[NAME_SIZE];
	char name[2 * NAME_SIZE + 1];
	random_bytes(serial, sizeof(serial));
	serial[0] = (serial[0] & 0x7f) | 0x40; /* positive, of full length */
	random_bytes(raw, sizeof(raw));
	hex_encode(name, raw, sizeof(raw));
	BIGNUM *number = BN_bin2bn(serial, sizeof(serial), NULL);
	X509_NAME *subject = X509_get_subject_name(cert);
	bool done = number && BN_to_ASN1_INTEGER(number, X509_get_serialNumber(cert)) &&
		    X509_set_version(cert, X509_VERSION_3) == 1 &&
		    X509_set_pubkey(cert, key) == 1 &&
		    ASN1_TIME_set_string_X509(X509_getm_notBefore(cert), "19700101000000Z") == 1 &&
		    ASN1_TIME_set_string_X509(X509_getm_notAfter(cert), "99991231235959Z") == 1 &&
		    X509_NAME_add_entry_by_NID(subject, NID_commonName, MBSTRING_ASC,
			(const unsigned char *)name, -1, -1, 0) == 1 &&
		    X509_set_issuer_name(cert, subject) == 1;
	BN_free(number);
	return done;
}

int
certificate_create(EVP_PKEY *key, const struct certificate_records *records, X509 **out)
{
	X509 *cert = X509_new();
	if (!cert || !fill(cert, key) || !add_records(cert, records) ||
	    X509_sign(cert, key, NULL) <= 0) {
		X509_free(cert);
		return -ENOMEM;
	}
	*out = cert;
	return 0;
}
