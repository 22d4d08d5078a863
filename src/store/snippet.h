/* The words around what was found, in a line. Store thread only. */
#ifndef STORE_SNIPPET_H
#define STORE_SNIPPET_H

#include "base/buf.h"
#include "store/tokens.h"

enum {
	SNIPPET_HITS = 6,    /* places of one message that are remembered */
	SNIPPET_BYTES = 400, /* the marks not counted */
};

/* Where words were found: `len` of them from number `at` on. Ascending. */
struct snippet_hit {
	int at, len;
};

/* What was found stands between STX and ETX, an ellipsis where something is left out. */
int snippet_make(const struct tokens *t, const char *body, const struct snippet_hit *hits,
    size_t count, struct buf *out) MUST_USE;

#endif
