#include "mdns/protocol.h"

#include "base/err.h"

#include <stdbool.h>
#include <string.h>

static bool
is_plain(unsigned char c)
{
	return c >= 0x20 && c < 0x7f && c != '%';
}

static int
digit_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return -1;
}

/* Decodes one field to its own place; NUL-terminates it, which overwrites the TAB or LF after
 * it at the latest. */
static int
decode(char *field, size_t len, size_t *out)
{
	size_t to = 0;
	for (size_t i = 0; i < len; i++) {
		char c = field[i];
		if (c == '%') {
			if (len - i < 3)
				return ERR_PROTO;
			int hi = digit_value(field[i + 1]), lo = digit_value(field[i + 2]);
			if (hi < 0 || lo < 0)
				return ERR_PROTO;
			c = (char)(unsigned char)(hi * 16 + lo);
			i += 2;
		} else if (!is_plain((unsigned char)c)) {
			return ERR_PROTO;
		}
		field[to++] = c;
	}
	field[to] = '\0';
	*out = to;
	return 0;
}

int
protocol_parse(char *line, size_t len, struct protocol_line *out)
{
	out->count = 0;
	if (len >= LIMIT_HELPER_LINE)
		return ERR_PROTO;
	char *end = line + len;
	for (char *at = line, *tab; at; at = tab ? tab + 1 : NULL) {
		tab = memchr(at, '\t', (size_t)(end - at));
		if (out->count == PROTOCOL_FIELDS)
			return ERR_PROTO;
		size_t n = out->count++;
		out->field[n] = at;
		if (decode(at, (size_t)((tab ? tab : end) - at), &out->length[n]))
			return ERR_PROTO;
	}
	return out->length[0] ? 0 : ERR_PROTO;
}

void
protocol_begin(struct buf *b, const char *verb)
{
	buf_str(b, verb);
}

void
protocol_field(struct buf *b, const void *data, size_t len)
{
	static const char digits[] = "0123456789ABCDEF";
	const unsigned char *bytes = data;
	buf_char(b, '\t');
	for (size_t i = 0; i < len; i++) {
		if (is_plain(bytes[i])) {
			buf_char(b, (char)bytes[i]);
			continue;
		}
		const char escape[3] = {'%', digits[bytes[i] >> 4], digits[bytes[i] & 15]};
		buf_add(b, escape, sizeof(escape));
	}
}

void
protocol_field_str(struct buf *b, const char *s)
{
	protocol_field(b, s, strlen(s));
}

void
protocol_field_int(struct buf *b, long long value)
{
	buf_fmt(b, "\t%lld", value);
}

void
protocol_end(struct buf *b)
{
	buf_char(b, '\n');
}
