/* What is found out about messages after they were stored, so that storing is not delayed: the
 * full-text index of their words (table `words`) and between which times the messages of each
 * block of numbers were said (table `span`). What keeps the words right when a message changes is
 * words_add() and words_remove() in row.h. Both hold the messages up to db->now.indexed. Store
 * thread only, inside a transaction. */
#ifndef STORE_INDEX_H
#define STORE_INDEX_H

#include "store/db.h"

/* Whether messages wait to be indexed. Cheap. */
bool index_due(const struct store_db *db);
/* The same, and there is hope that it will be done soon: the disk takes it. */
bool index_wanted(const struct store_db *db);
/* Indexes the next messages, about `rows` of them. *more: others still wait. */
int index_step(struct store_db *db, size_t rows, bool *more) MUST_USE;

/* Before all messages of one person become another's. */
int index_move(struct store_db *db, int64_t from, int64_t to) MUST_USE;
/* Messages said between low and high, all of the block that holds n, were deleted. */
int index_forgot(struct store_db *db, int64_t n, int64_t low, int64_t high) MUST_USE;
/* Everything is to be indexed again. */
int index_reset(struct store_db *db) MUST_USE;

/* The block a number is in. */
int64_t index_block(int64_t n);

/* Where messages said from `since` until before `until` may be, ascending. */
enum { INDEX_RANGES = 16 };
struct index_ranges {
	struct {
		int64_t low, high; /* numbers, both inclusive */
	} at[INDEX_RANGES];
	size_t count;
};
/* Within low and high, both inclusive. */
int index_ranges(struct store_db *db, int64_t since, int64_t until, int64_t low, int64_t high,
    struct index_ranges *out) MUST_USE;

#endif
