/* AppleSingle (RFC 1740): a file in one piece with what a Mac keeps beside it. Adium and iChat send
 * files so, and like to get them so. Of what comes only the file itself, the data fork, is taken.
 * Any thread, one owner. */
#ifndef TRANSFER_APPLESINGLE_H
#define TRANSFER_APPLESINGLE_H

#include "base/compiler.h"
#include "base/limits.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define APPLESINGLE "AppleSingle" /* its name as an encoding of HTTP */

enum {
	APPLESINGLE_FIXED = 26, /* bytes before the list of entries */
	APPLESINGLE_ENTRY = 12, /* one of the list */
	/* of a file that has a data fork alone */
	APPLESINGLE_HEAD = APPLESINGLE_FIXED + APPLESINGLE_ENTRY,
};

/* What stands in front of a file of that size. Lengths have 32 bits: ERR_TOO_BIG from 4 GiB on. */
int applesingle_write(uint8_t out[APPLESINGLE_HEAD], uint64_t size) MUST_USE;

/* Zeroed before the first byte; nothing to finish. */
struct applesingle {
	uint8_t head[APPLESINGLE_FIXED + APPLESINGLE_ENTRY * LIMIT_APPLESINGLE_ENTRIES];
	size_t have;         /* bytes of it */
	bool known;          /* it is whole: the rest means something */
	uint64_t at;         /* bytes so far */
	uint64_t begin, end; /* where the data fork is */
	uint64_t whole;      /* where the last entry ends */
};

/* Bytes as they come; *fork are those of the file among them (*fork_len may be 0). 0, ERR_PROTO:
 * no AppleSingle, or its entries overlap; ERR_TOO_BIG: too many entries, or too much beside the
 * file. What stands behind the last entry is not looked at. */
int applesingle_feed(struct applesingle *a, const void *data, size_t len, const void **fork,
    size_t *fork_len) MUST_USE;
/* All of the file has come. */
bool applesingle_is_whole(const struct applesingle *a);
/* Its size; only when the head is known. */
uint64_t applesingle_size(const struct applesingle *a);

#endif
