/* A growing byte string with a limit given at birth. Any thread, one owner.
 *
 * Builders latch: append freely, look at buf_err() once. After an error further
 * appends do nothing. The bytes are always followed by a NUL that len does not count. */
#ifndef BASE_BUF_H
#define BASE_BUF_H

#include "base/compiler.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

struct buf {
	char *data; /* owned; NULL until the first append */
	size_t len; /* bytes */
	size_t cap; /* bytes allocated, including the NUL */
	size_t max; /* len may not exceed this */
	int err;    /* first error: -ENOMEM or ERR_TOO_BIG */
};

#define BUF_INIT(max_bytes) \
	(struct buf) \
	{ \
		.max = (max_bytes) \
	}

void buf_init(struct buf *b, size_t max);
void buf_finish(struct buf *b); /* frees; accepts zeroed; b is empty with the same limit after */

void buf_add(struct buf *b, const void *data, size_t len);
void buf_str(struct buf *b, const char *s);
void buf_char(struct buf *b, char c);
void buf_int(struct buf *b, int64_t number); /* in decimal */
void buf_fmt(struct buf *b, const char *fmt, ...) PRINTF_LIKE(2, 3);
void buf_vfmt(struct buf *b, const char *fmt, va_list ap) PRINTF_LIKE(2, 0);

/* Room for at least n more bytes, to be filled by the caller, who then calls buf_grew().
 * NULL (and a latched error) when the limit or memory does not allow it. */
char *buf_reserve(struct buf *b, size_t n) MUST_USE;
void buf_grew(struct buf *b, size_t n);

void buf_consume(struct buf *b, size_t n); /* drop n bytes from the front */
void buf_clear(struct buf *b);             /* length 0, error forgotten, memory kept */

int buf_err(const struct buf *b) MUST_USE;
const char *buf_cstr(const struct buf *b); /* never NULL; valid until the next change */
char *buf_take(struct buf *b) MUST_USE;    /* moves the bytes to the caller (free()); NULL on
					      error; b is empty after */

#endif
