#include "base/hex.h"

#include <errno.h>

void
hex_encode(char *out, const void *data, size_t len)
{
	static const char digits[] = "0123456789abcdef";
	const unsigned char *in = data;
	for (size_t i = 0; i < len; i++) {
		*out++ = digits[in[i] >> 4];
		*out++ = digits[in[i] & 15];
	}
	*out = '\0';
}

static int
digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

int
hex_decode(void *out, const char *digits, size_t len)
{
	unsigned char *to = out;
	if (len % 2)
		return -EINVAL;
	for (size_t i = 0; i < len; i += 2) {
		int hi = digit(digits[i]), lo = digit(digits[i + 1]);
		if (hi < 0 || lo < 0)
			return -EINVAL;
		*to++ = (unsigned char)(hi << 4 | lo);
	}
	return 0;
}
