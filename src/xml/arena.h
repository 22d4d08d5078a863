/* Memory for one tree: many small pieces, given back all at once. Knows nothing of XML. One
 * owner, one thread.
 *
 * The limit counts what was asked for, not what blocks hold, so that it is reached at the same
 * piece whatever was in the arena before. Errors latch as in struct buf. */
#ifndef XML_ARENA_H
#define XML_ARENA_H

#include "base/compiler.h"

#include <stddef.h>

struct arena_block;

struct arena {
	struct arena_block *blocks; /* owned; the newest first */
	char *at, *end;             /* free space of the newest */
	size_t used, max;           /* bytes asked for since the last reset, and the most */
	int err;                    /* first error: -ENOMEM or ERR_TOO_BIG */
};

void arena_init(struct arena *a, size_t max);
void arena_finish(struct arena *a); /* accepts zeroed */
/* Forgets all pieces and the error; keeps one block of moderate size. */
void arena_reset(struct arena *a);

/* Not cleared, aligned for pointers; NULL with a latched error. */
void *arena_alloc(struct arena *a, size_t size) MUST_USE;
/* A copy with a NUL behind it; NULL with a latched error. */
char *arena_copy(struct arena *a, const char *s, size_t len) MUST_USE;

#endif
