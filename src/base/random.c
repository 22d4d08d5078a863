#define _GNU_SOURCE /* getrandom */
#include "base/random.h"

#include "base/hex.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

void
random_bytes(void *out, size_t len)
{
	unsigned char *at = out;
	while (len > 0) {
		ssize_t n = getrandom(at, len, 0);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			abort();
		at += n;
		len -= (size_t)n;
	}
}

uint32_t
random_below(uint32_t bound)
{
	uint32_t limit = UINT32_MAX - UINT32_MAX % bound; /* no modulo bias */
	uint32_t x;
	do
		random_bytes(&x, sizeof(x));
	while (x >= limit);
	return x % bound;
}

/* For ids, of which every message has one: so many of them cost one system call. Each byte is given
 * out once and not kept. */
static void
pooled_bytes(void *out, size_t len)
{
	static _Thread_local unsigned char pool[512];
	static _Thread_local size_t left;
	if (left < len) {
		random_bytes(pool, sizeof(pool));
		left = sizeof(pool);
	}
	left -= len;
	memcpy(out, pool + left, len);
	memset(pool + left, 0, len);
}

void
random_id(char out[RANDOM_ID_SIZE])
{
	unsigned char raw[(RANDOM_ID_SIZE - 1) / 2];
	pooled_bytes(raw, sizeof(raw));
	hex_encode(out, raw, sizeof(raw));
}

void
random_id_ordered(char out[RANDOM_ID_SIZE], int64_t ms)
{
	enum { TIME = 6 };
	unsigned char raw[(RANDOM_ID_SIZE - 1) / 2];
	for (unsigned i = 0; i < TIME; i++)
		raw[i] = (unsigned char)((uint64_t)ms >> (8 * (TIME - 1 - i)));
	pooled_bytes(raw + TIME, sizeof(raw) - TIME);
	hex_encode(out, raw, sizeof(raw));
}
