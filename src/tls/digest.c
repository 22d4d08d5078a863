#include "tls/digest.h"

#include "base/err.h"
#include "base/hex.h"

#include <errno.h>
#include <limits.h>
#include <openssl/evp.h>
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* Fetched once: a fetch by name takes longer than the hash of a short text. Never freed, the
 * process needs them to its end. */
static EVP_MD *sha1, *sha256;
static pthread_once_t fetched = PTHREAD_ONCE_INIT;

static void
fetch(void)
{
	sha1 = EVP_MD_fetch(NULL, "SHA1", NULL);
	sha256 = EVP_MD_fetch(NULL, "SHA256", NULL);
}

static int
digest(EVP_MD *const *which, const void *data, size_t len, unsigned char *out)
{
	(void)pthread_once(&fetched, fetch);
	if (!*which)
		return -ENOSYS;
	return EVP_Digest(data, len, out, NULL, *which, NULL) == 1 ? 0 : -ENOMEM;
}

int
digest_sha1(const void *data, size_t len, unsigned char out[DIGEST_SHA1_SIZE])
{
	return digest(&sha1, data, len, out);
}

int
digest_sha256(const void *data, size_t len, unsigned char out[DIGEST_SHA256_SIZE])
{
	return digest(&sha256, data, len, out);
}

int
digest_sha1_hex(const void *data, size_t len, char out[DIGEST_SHA1_HEX_SIZE])
{
	unsigned char raw[DIGEST_SHA1_SIZE];
	int err = digest_sha1(data, len, raw);
	if (!err)
		hex_encode(out, raw, sizeof(raw));
	return err;
}

int
digest_sha256_hex(const void *data, size_t len, char out[DIGEST_SHA256_HEX_SIZE])
{
	unsigned char raw[DIGEST_SHA256_SIZE];
	int err = digest_sha256(data, len, raw);
	if (!err)
		hex_encode(out, raw, sizeof(raw));
	return err;
}

/* ---- bytes that come one after the other ---- */

struct digest_run {
	EVP_MD_CTX *ctx;   /* owned */
	EVP_MD_CTX *value; /* owned; for digest_run_value(), which must not end ctx */
	int err;
};

int
digest_run_create(struct digest_run **out)
{
	(void)pthread_once(&fetched, fetch);
	if (!sha256)
		return -ENOSYS;
	struct digest_run *d = calloc(1, sizeof(*d));
	if (!d)
		return -ENOMEM;
	d->ctx = EVP_MD_CTX_new();
	d->value = EVP_MD_CTX_new();
	if (d->ctx && d->value)
		digest_run_reset(d);
	if (!d->ctx || !d->value || d->err) {
		digest_run_destroy(d);
		return -ENOMEM;
	}
	*out = d;
	return 0;
}

void
digest_run_destroy(struct digest_run *d)
{
	if (!d)
		return;
	EVP_MD_CTX_free(d->ctx);
	EVP_MD_CTX_free(d->value);
	free(d);
}

void
digest_run_update(struct digest_run *d, const void *data, size_t len)
{
	if (EVP_DigestUpdate(d->ctx, data, len) != 1)
		d->err = -ENOMEM;
}

void
digest_run_reset(struct digest_run *d)
{
	d->err = EVP_DigestInit_ex(d->ctx, sha256, NULL) == 1 ? 0 : -ENOMEM;
}

int
digest_run_value(struct digest_run *d, unsigned char out[DIGEST_SHA256_SIZE])
{
	if (d->err)
		return d->err;
	return EVP_MD_CTX_copy_ex(d->value, d->ctx) == 1 &&
		       EVP_DigestFinal_ex(d->value, out, NULL) == 1
		   ? 0
		   : -ENOMEM;
}

void
digest_run_copy(struct digest_run *d, const struct digest_run *from)
{
	d->err = from->err;
	if (EVP_MD_CTX_copy_ex(d->ctx, from->ctx) != 1)
		d->err = -ENOMEM;
}

void
digest_base64(struct buf *out, const void *data, size_t len)
{
	if (len > INT_MAX / 4 * 3 - 3) { /* OpenSSL counts in int */
		if (!out->err)
			out->err = ERR_TOO_BIG;
		return;
	}
	size_t size = (len + 2) / 3 * 4;
	char *to = buf_reserve(out, size);
	if (!to)
		return;
	(void)EVP_EncodeBlock((unsigned char *)to, data, (int)len);
	buf_grew(out, size);
}

static int
sextet(char c)
{
	static const char digits[] =
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	const char *at = c ? strchr(digits, c) : NULL;
	return at ? (int)(at - digits) : -1;
}

int
digest_base64_parse(const char *text, struct buf *out)
{
	uint32_t bits = 0;
	unsigned count = 0, padding = 0; /* of the four digits of a group */
	for (; *text; text++) {
		if (strchr(" \t\r\n", *text))
			continue;
		int value = *text == '=' ? 0 : sextet(*text);
		padding += *text == '=';
		if (value < 0 || (padding && *text != '=') || (*text == '=' && count < 2))
			return -EINVAL;
		bits = bits << 6 | (uint32_t)value;
		if (++count < 4)
			continue;
		const char bytes[] = {(char)(bits >> 16), (char)(bits >> 8), (char)bits};
		if (padding > 2 || (bits & ((1U << (8 * padding)) - 1)) != 0)
			return -EINVAL;
		buf_add(out, bytes, 3 - padding);
		bits = count = 0;
	}
	return count ? -EINVAL : buf_err(out);
}

int
digest_sha256_parse_base64(const char *text, unsigned char out[DIGEST_SHA256_SIZE])
{
	enum { TEXT = (DIGEST_SHA256_SIZE + 2) / 3 * 4, RAW = TEXT / 4 * 3 };
	unsigned char raw[RAW];
	char again[TEXT + 1];
	if (strlen(text) != TEXT || EVP_DecodeBlock(raw, (const unsigned char *)text, TEXT) != RAW)
		return -EINVAL;
	/* OpenSSL lets blanks, other paddings and stray bits pass */
	(void)EVP_EncodeBlock((unsigned char *)again, raw, DIGEST_SHA256_SIZE);
	if (strcmp(again, text) != 0)
		return -EINVAL;
	memcpy(out, raw, DIGEST_SHA256_SIZE);
	return 0;
}
