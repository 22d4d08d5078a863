/* What the daemon has kept, fetched a page at a time in bounded memory, whatever its length. */
#ifndef CLI_PAGES_H
#define CLI_PAGES_H

#include "cli/cli.h"

#include <stdint.h>

/* Which messages. */
struct pages {
	const char *peer;     /* NULL: everybody */
	int64_t since, until; /* ms since 1970; 0: open */
};

/* Gets a message; a result other than CLI_OK ends the reading and is passed on. */
typedef int pages_fn(void *ctx, const struct earshot_value *message);

enum { PAGES_LAST_MAX = 1000000 }; /* most that pages_last() is asked for */

/* The newest `count` of them, oldest first. Errors are told. */
int
pages_last(struct cli *c, const struct pages *p, int64_t count, pages_fn *fn, void *ctx) MUST_USE;
/* All, oldest first. */
int pages_all(struct cli *c, const struct pages *p, pages_fn *fn, void *ctx) MUST_USE;

/* The times a person gave with --since and --until. Wrong ones are told. */
int pages_times(struct cli *c, struct pages *p) MUST_USE;

enum pages_which {
	PAGES_OURS = 1,   /* "last" is one of ours */
	PAGES_THEIRS = 2, /* "last" is one of theirs */
	PAGES_QUEUED = 4, /* "last" is one that waits */
};

/* The message a person means: "last", its number ("123", or "#123", which many shells take for a
 * remark), its id or how that begins. What is not among the latest is taken for an id. On success
 * *id is the caller's to free(). */
int
pages_find(struct cli *c, const char *peer, const char *words, unsigned which, char **id) MUST_USE;

#endif
