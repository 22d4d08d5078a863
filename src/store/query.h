/* What somebody typed to search for, as a question to the full-text index that is well-formed
 * whatever it was. Store thread only. */
#ifndef STORE_QUERY_H
#define STORE_QUERY_H

#include "base/buf.h"
#include "store/tokens.h"

enum {
	QUERY_WORDS = 32, /* words and phrases of one search */
	/* Words that end in * with fewer than QUERY_SHORT bytes before it: each stands for a good
	 * part of all words, and takes about 70 ms of a million messages. */
	QUERY_SHORT = 2,
	QUERY_SHORTS = 1,
};

/* How many words and phrases there are to be found: the first ones of the question; 0: none, and
 * nothing is found. ERR_TOO_BIG: too many. peer 0, direction -1: all. */
int query_make(const struct tokens *t, const char *words, int64_t peer, int direction,
    struct buf *out) MUST_USE;

#endif
