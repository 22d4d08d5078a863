#include "tls/fingerprint.h"

#include <errno.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/sha.h>
#include <string.h>

static const char label[] = "earshot safety number 1";

enum { BYTES_PER_GROUP = 5, RANGE = 100000 };

static void
write_group(char *to, uint32_t number)
{
	for (size_t i = TLS_SAFETY_GROUP_DIGITS; i-- > 0;) {
		to[i] = (char)('0' + number % 10);
		number /= 10;
	}
	to[TLS_SAFETY_GROUP_DIGITS] = ' ';
}

int
tls_safety_number(const struct tls_id *a, const struct tls_id *b, char out[TLS_SAFETY_SIZE])
{
	uint8_t text[sizeof(label) - 1 + 2 * sizeof(struct tls_id)], hash[SHA512_DIGEST_LENGTH];
	bool swap = tls_id_compare(a, b) > 0;
	memcpy(text, label, sizeof(label) - 1);
	memcpy(text + sizeof(label) - 1, (swap ? b : a)->bytes, TLS_ID_SIZE);
	memcpy(text + sizeof(label) - 1 + TLS_ID_SIZE, (swap ? a : b)->bytes, TLS_ID_SIZE);
	if (EVP_Q_digest(NULL, "SHA512", NULL, text, sizeof(text), hash, NULL) != 1)
		return -ENOMEM;
	for (size_t g = 0; g < TLS_SAFETY_GROUPS; g++) {
		uint64_t n = 0;
		for (size_t i = 0; i < BYTES_PER_GROUP; i++)
			n = n << 8 | hash[g * BYTES_PER_GROUP + i];
		write_group(out + g * (TLS_SAFETY_GROUP_DIGITS + 1), (uint32_t)(n % RANGE));
	}
	out[TLS_SAFETY_SIZE - 1] = '\0';
	return 0;
}

int
tls_safety_parse(const char *text, char out[TLS_SAFETY_SIZE])
{
	size_t at = 0;
	for (const char *c = text; *c; c++) {
		if (strchr(" -\t\r\n", *c))
			continue;
		if (*c < '0' || *c > '9' || at == TLS_SAFETY_SIZE)
			return -EINVAL;
		out[at++] = *c;
		if (at % (TLS_SAFETY_GROUP_DIGITS + 1) == TLS_SAFETY_GROUP_DIGITS)
			out[at++] = ' ';
	}
	if (at != TLS_SAFETY_SIZE)
		return -EINVAL;
	out[TLS_SAFETY_SIZE - 1] = '\0';
	return 0;
}

bool
tls_safety_equal(const char a[TLS_SAFETY_SIZE], const char b[TLS_SAFETY_SIZE])
{
	return CRYPTO_memcmp(a, b, TLS_SAFETY_SIZE) == 0;
}
