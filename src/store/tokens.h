/* Text taken apart into words exactly as the full-text index does. Store thread only. */
#ifndef STORE_TOKENS_H
#define STORE_TOKENS_H

#include "store/db.h"

struct tokens {
	fts5_tokenizer does;
	Fts5Tokenizer *tokenizer; /* owned */
};

/* Called for each word with its number and where it stands. Not 0 ends it. */
typedef int tokens_fn(void *ctx, int number, int start, int end);

int tokens_open(struct store_db *db, struct tokens *t) MUST_USE;
void tokens_close(struct tokens *t); /* accepts zeroed */
int tokens_each(
    const struct tokens *t, const char *text, size_t len, tokens_fn *fn, void *ctx) MUST_USE;
/* How many words there are; negative on error. */
int tokens_count(const struct tokens *t, const char *text, size_t len);

/* SQLite's door to the full-text index; NULL if it has none. */
fts5_api *tokens_api(struct store_db *db);

#endif
