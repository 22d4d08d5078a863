#include "store/index.h"

#include "store/row.h"

#include <errno.h>

enum {
	BLOCK_BITS = 10,      /* 1,024 numbers a block: 1,000 rows for a million messages */
	STEP_BYTES = 1 << 20, /* of bodies, indexed in one step */
};

int64_t
index_block(int64_t n)
{
	return n >> BLOCK_BITS;
}

bool
index_due(const struct store_db *db)
{
	return db->now.indexed < db->now.last_n;
}

bool
index_wanted(const struct store_db *db)
{
	return index_due(db) && !db->behind;
}

struct span {
	int64_t block, low, high;
	bool any;
};

static int
write_span(struct store_db *db, const struct span *span)
{
	sqlite3_stmt *stmt;
	if (!span->any)
		return 0;
	int err = db_stmt(db,
	    "INSERT INTO span (block, low, high) VALUES (?1, ?2, ?3) ON CONFLICT (block) DO UPDATE "
	    "SET low = min(low, excluded.low), high = max(high, excluded.high)",
	    &stmt);
	if (err)
		return err;
	(void)sqlite3_bind_int64(stmt, 1, span->block);
	(void)sqlite3_bind_int64(stmt, 2, span->low);
	(void)sqlite3_bind_int64(stmt, 3, span->high);
	return db_run(db, stmt);
}

static int
widen_span(struct store_db *db, struct span *span, int64_t n, int64_t said_at)
{
	if (span->any && span->block != index_block(n)) {
		int err = write_span(db, span);
		if (err)
			return err;
		span->any = false;
	}
	if (!span->any)
		*span = (struct span){index_block(n), said_at, said_at, true};
	else if (said_at < span->low)
		span->low = said_at;
	else if (said_at > span->high)
		span->high = said_at;
	return 0;
}

/* Of the row: n, kind, said_at, peer, direction, body. */
static int
index_row(struct store_db *db, sqlite3_stmt *row, struct span *span)
{
	sqlite3_stmt *stmt = NULL;
	if (sqlite3_column_int64(row, 1) != STORE_CHAT)
		return 0;
	int err = widen_span(db, span, sqlite3_column_int64(row, 0), sqlite3_column_int64(row, 2));
	if (!err)
		err = db_stmt(db,
		    "INSERT INTO words (rowid, peer, direction, body) VALUES (?1, ?2, ?3, ?4)",
		    &stmt);
	if (err)
		return err;
	(void)sqlite3_bind_int64(stmt, 1, sqlite3_column_int64(row, 0));
	for (int i = 2; i <= 4; i++)
		(void)sqlite3_bind_value(stmt, i, sqlite3_column_value(row, i + 1));
	return db_run(db, stmt);
}

int
index_step(struct store_db *db, size_t rows, bool *more)
{
	sqlite3_stmt *row;
	struct span span = {0};
	int64_t upto = db->now.indexed;
	size_t count = 0, bytes = 0;
	*more = false;
	int err = db_stmt(db,
	    "SELECT n, kind, said_at, peer, direction, body FROM message "
	    "WHERE n > ?1 ORDER BY n",
	    &row);
	if (err)
		return err;
	(void)sqlite3_bind_int64(row, 1, db->now.indexed);
	while ((err = db_step(db, row)) == 1) {
		if (count >= rows || bytes > STEP_BYTES) {
			*more = true;
			(void)sqlite3_reset(row);
			break;
		}
		err = index_row(db, row, &span);
		if (err) {
			(void)sqlite3_reset(row);
			return err;
		}
		upto = sqlite3_column_int64(row, 0);
		bytes += (size_t)sqlite3_column_bytes(row, 5);
		count++;
	}
	if (err < 0 || (err = write_span(db, &span)))
		return err;
	/* numbers above the last message are events: nothing of them is to be indexed */
	db->now.indexed = *more ? upto : db->now.last_n;
	return db_meta_set(db, "indexed", db->now.indexed);
}

static int
move_words(struct store_db *db, int64_t n, const char *body, int64_t to)
{
	sqlite3_stmt *stmt = NULL;
	int err = body ? words_remove(db, n, body) : -ENOMEM;
	if (!err)
		err = db_stmt(db,
		    "INSERT INTO words (rowid, body, peer, direction) "
		    "SELECT n, body, ?2, direction FROM message WHERE n = ?1",
		    &stmt);
	if (err)
		return err;
	(void)sqlite3_bind_int64(stmt, 1, n);
	(void)sqlite3_bind_int64(stmt, 2, to);
	return db_run(db, stmt);
}

int
index_move(struct store_db *db, int64_t from, int64_t to)
{
	sqlite3_stmt *row;
	int err =
	    db_stmt(db, "SELECT n, body FROM message WHERE peer = ? AND kind = 0 AND n <= ?", &row);
	if (err)
		return err;
	(void)sqlite3_bind_int64(row, 1, from);
	(void)sqlite3_bind_int64(row, 2, db->now.indexed);
	while ((err = db_step(db, row)) == 1) {
		err = move_words(db, sqlite3_column_int64(row, 0),
		    (const char *)sqlite3_column_text(row, 1), to);
		if (err)
			break;
	}
	(void)sqlite3_reset(row);
	return err;
}

int
index_forgot(struct store_db *db, int64_t n, int64_t low, int64_t high)
{
	sqlite3_stmt *stmt;
	int64_t block = index_block(n);
	if (block << BLOCK_BITS > db->now.indexed)
		return 0;
	/* only where one of those deleted was the first or the last of its block */
	int err = db_stmt(db,
	    "UPDATE span SET (low, high) = (SELECT coalesce(min(said_at), 9223372036854775807), "
	    "coalesce(max(said_at), -9223372036854775808) FROM message "
	    "WHERE n >= ?2 AND n <= ?3 AND kind = 0) "
	    "WHERE block = ?1 AND (low >= ?4 OR high <= ?5)",
	    &stmt);
	if (err)
		return err;
	(void)sqlite3_bind_int64(stmt, 1, block);
	(void)sqlite3_bind_int64(stmt, 2, block << BLOCK_BITS);
	/* what comes above db->now.indexed is added when that is indexed */
	(void)sqlite3_bind_int64(stmt, 3, ((block + 1) << BLOCK_BITS) - 1);
	(void)sqlite3_bind_int64(stmt, 4, low);
	(void)sqlite3_bind_int64(stmt, 5, high);
	return db_run(db, stmt);
}

int
index_reset(struct store_db *db)
{
	int err = db_exec(db, "INSERT INTO words (words) VALUES ('delete-all'); DELETE FROM span;");
	if (err)
		return err;
	db->now.indexed = 0;
	return db_meta_set(db, "indexed", 0);
}

static void
add_range(struct index_ranges *out, int64_t low, int64_t high)
{
	if (low > high)
		return;
	/* neighbours are one; and when there is no room, too much is better than too little */
	if (out->count > 0 &&
	    (out->at[out->count - 1].high + 1 >= low || out->count == INDEX_RANGES)) {
		out->at[out->count - 1].high = high;
		return;
	}
	out->at[out->count].low = low;
	out->at[out->count++].high = high;
}

static int64_t
clamp(int64_t value, int64_t low, int64_t high)
{
	return value < low ? low : value > high ? high : value;
}

int
index_ranges(struct store_db *db, int64_t since, int64_t until, int64_t low, int64_t high,
    struct index_ranges *out)
{
	sqlite3_stmt *stmt;
	out->count = 0;
	if (since == INT64_MIN && until == INT64_MAX) {
		add_range(out, low, high);
		return 0;
	}
	int err = db_stmt(db,
	    "SELECT block FROM span WHERE block >= ?1 AND block <= ?2 AND high >= ?3 AND low < ?4 "
	    "ORDER BY block",
	    &stmt);
	if (err)
		return err;
	(void)sqlite3_bind_int64(stmt, 1, index_block(low));
	(void)sqlite3_bind_int64(stmt, 2, index_block(high));
	(void)sqlite3_bind_int64(stmt, 3, since);
	(void)sqlite3_bind_int64(stmt, 4, until);
	while ((err = db_step(db, stmt)) == 1) {
		int64_t first = sqlite3_column_int64(stmt, 0) << BLOCK_BITS;
		int64_t last = first + (1 << BLOCK_BITS) - 1;
		add_range(out, clamp(first, low, INT64_MAX),
		    clamp(last, INT64_MIN, db->now.indexed < high ? db->now.indexed : high));
	}
	if (!err)
		add_range(out, clamp(db->now.indexed + 1, low, INT64_MAX), high);
	return err;
}
