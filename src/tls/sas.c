#include "tls/sas.h"

#include "tls/digest.h"

#include <errno.h>
#include <inttypes.h>
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/kdf.h>
#include <openssl/params.h>
#include <stdio.h>
#include <string.h>

static const char commit_label[] = "earshot sas commit 1";
static const char info_label[] = "earshot sas 1";

enum { WORD_BITS = 12, SYLLABLE_BITS = 6, VOWEL_BITS = 2, OKM_SIZE = 8 };

int
sas_commit(const uint8_t nonce[SAS_NONCE_SIZE], uint8_t out[SAS_COMMITMENT_SIZE])
{
	uint8_t text[SAS_NONCE_SIZE + sizeof(commit_label) - 1];
	memcpy(text, nonce, SAS_NONCE_SIZE);
	memcpy(text + SAS_NONCE_SIZE, commit_label, sizeof(commit_label) - 1);
	return digest_sha256(text, sizeof(text), out);
}

bool
sas_kept(const uint8_t commitment[SAS_COMMITMENT_SIZE], const uint8_t nonce[SAS_NONCE_SIZE])
{
	uint8_t expected[SAS_COMMITMENT_SIZE];
	return sas_commit(nonce, expected) == 0 &&
	       CRYPTO_memcmp(commitment, expected, sizeof(expected)) == 0;
}

/* RFC 5869 */
static int
hkdf(uint8_t *salt, size_t salt_len, uint8_t *key, size_t key_len, uint8_t *info, size_t info_len,
    uint8_t *out, size_t out_len)
{
	char digest[] = "SHA256";
	const OSSL_PARAM params[] = {
	    OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, digest, 0),
	    OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_SALT, salt, salt_len),
	    OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_KEY, key, key_len),
	    OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_INFO, info, info_len),
	    OSSL_PARAM_construct_end(),
	};
	EVP_KDF *kdf = EVP_KDF_fetch(NULL, "HKDF", NULL);
	EVP_KDF_CTX *ctx = kdf ? EVP_KDF_CTX_new(kdf) : NULL;
	int err = ctx && EVP_KDF_derive(ctx, out, out_len, params) == 1 ? 0 : -ENOMEM;
	EVP_KDF_CTX_free(ctx);
	EVP_KDF_free(kdf);
	return err;
}

void
sas_word(unsigned index, char out[SAS_WORD_SIZE])
{
	static const char consonants[] = "bdfghjklmnprstvz", vowels[] = "aiou";
	const unsigned syllables[2] = {index >> SYLLABLE_BITS & 63, index & 63};
	for (size_t i = 0; i < 2; i++) {
		out[2 * i] = consonants[syllables[i] >> VOWEL_BITS];
		out[2 * i + 1] = vowels[syllables[i] & 3];
	}
	out[SAS_WORD_SIZE - 1] = '\0';
}

static void
show(uint64_t bits, struct sas *out)
{
	for (size_t i = 0; i < 3; i++) {
		unsigned index = (unsigned)(bits >> (2 - i) * WORD_BITS) & (SAS_WORD_COUNT - 1);
		sas_word(index, out->words + i * SAS_WORD_SIZE);
		out->words[i * SAS_WORD_SIZE + SAS_WORD_SIZE - 1] = i < 2 ? ' ' : '\0';
	}
	(void)snprintf(out->digits, sizeof(out->digits), "%03u %04u %04u",
	    (unsigned)(bits / 100000000 % 1000), (unsigned)(bits / 10000 % 10000),
	    (unsigned)(bits % 10000));
}

int
sas_derive(const uint8_t exporter[TLS_EXPORTER_SIZE], const uint8_t initiator[SAS_NONCE_SIZE],
    const uint8_t responder[SAS_NONCE_SIZE], const struct tls_id *a, const struct tls_id *b,
    struct sas *out)
{
	uint8_t salt[TLS_EXPORTER_SIZE], key[2 * SAS_NONCE_SIZE], okm[OKM_SIZE] = {0};
	uint8_t info[2 * sizeof(struct tls_id) + sizeof(info_label) - 1];
	bool swap = tls_id_compare(a, b) > 0;
	memcpy(salt, exporter, sizeof(salt));
	memcpy(key, initiator, SAS_NONCE_SIZE);
	memcpy(key + SAS_NONCE_SIZE, responder, SAS_NONCE_SIZE);
	memcpy(info, (swap ? b : a)->bytes, TLS_ID_SIZE);
	memcpy(info + TLS_ID_SIZE, (swap ? a : b)->bytes, TLS_ID_SIZE);
	memcpy(info + 2 * sizeof(struct tls_id), info_label, sizeof(info_label) - 1);
	int err = hkdf(salt, sizeof(salt), key, sizeof(key), info, sizeof(info), okm, sizeof(okm));
	uint64_t bits = 0;
	for (size_t i = 0; i < sizeof(okm); i++)
		bits = bits << 8 | okm[i];
	OPENSSL_cleanse(salt, sizeof(salt));
	OPENSSL_cleanse(key, sizeof(key));
	if (!err)
		show(bits >> (64 - SAS_BITS), out);
	return err;
}
