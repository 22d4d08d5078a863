#include "store/row.h"

#include "base/utf8.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { BLOCK_SIZE = 16 * 1024 };

/* The one that is filled comes first. */
struct block {
	struct block *next; /* owned */
	size_t used, size;
	char text[];
};

char *
blocks_add(void **blocks, const char *text, size_t len)
{
	struct block *b = *blocks;
	if (len > SIZE_MAX - sizeof(*b) - BLOCK_SIZE)
		return NULL;
	if (!b || b->size - b->used <= len) {
		size_t size = len < BLOCK_SIZE ? BLOCK_SIZE : len + 1;
		b = malloc(sizeof(*b) + size);
		if (!b)
			return NULL;
		*b = (struct block){.next = *blocks, .size = size};
		*blocks = b;
	}
	char *to = b->text + b->used;
	if (len)
		memcpy(to, text, len);
	to[len] = '\0';
	b->used += len + 1;
	return to;
}

void
blocks_free(void *blocks)
{
	for (struct block *b = blocks, *next; b; b = next) {
		next = b->next;
		free(b);
	}
}

void
store_list_finish(struct store_list *list)
{
	free(list->at);
	blocks_free(list->blocks);
	*list = (struct store_list){0};
}

/* We write UTF-8 only, but a file may come from anywhere. */
static void
repair(char *text, size_t len)
{
	for (size_t at = 0, n; at < len; at += n) {
		uint32_t c;
		n = utf8_decode(text + at, len - at, &c);
		if (n)
			continue;
		text[at] = '?';
		n = 1;
	}
}

/* Bytes of text; a NUL in the middle, which we never write, ends it for whoever reads. */
int
row_text(sqlite3_stmt *stmt, int column, void **blocks, const char **out)
{
	*out = NULL;
	if (sqlite3_column_type(stmt, column) == SQLITE_NULL)
		return 0;
	const char *text = (const char *)sqlite3_column_text(stmt, column);
	int len = sqlite3_column_bytes(stmt, column);
	if (!text)
		return -ENOMEM;
	char *copy = blocks_add(blocks, text, (size_t)len);
	if (!copy)
		return -ENOMEM;
	*out = copy;
	if (!utf8_valid(copy, (size_t)len))
		repair(copy, (size_t)len);
	return 0;
}

int
row_read(sqlite3_stmt *stmt, void **blocks, struct store_message *out, size_t *bytes)
{
	memset(out, 0, sizeof(*out));
	const char **const text[] = {&out->peer, &out->display, &out->id, &out->body, &out->reason,
	    &out->reply_to, &out->reactions_in, &out->reactions_out, &out->reply_text};
	static const int column[] = {1, 2, 5, 6, 7, 8, 13, 14, 15};
	for (size_t i = 0; i < ARRAY_LEN(column); i++) {
		if (row_text(stmt, column[i], blocks, text[i]))
			return -ENOMEM;
		if (bytes)
			*bytes += (size_t)sqlite3_column_bytes(stmt, column[i]);
	}
	out->n = sqlite3_column_int64(stmt, 0);
	/* another process may have written anything: only what the enums have goes further */
	out->direction = sqlite3_column_int(stmt, 3) == STORE_OUT ? STORE_OUT : STORE_IN;
	int state = sqlite3_column_int(stmt, 4);
	out->state =
	    state < STORE_QUEUED || state > STORE_SEEN ? STORE_SEEN : (enum store_state)state;
	out->said_at = sqlite3_column_int64(stmt, 9);
	out->stored_at = sqlite3_column_int64(stmt, 10);
	out->edited_at = sqlite3_column_int64(stmt, 11);
	out->retracted = sqlite3_column_int(stmt, 12) != 0;
	out->trust = store_trust_from(sqlite3_column_int64(stmt, 16));
	out->file = sqlite3_column_int(stmt, 17) != 0;
	return 0;
}

int
row_event(struct store_db *db, int kind, int64_t of, int64_t value, const char *text)
{
	sqlite3_stmt *stmt;
	int err = db_stmt(
	    db, "INSERT INTO event (n, of, kind, value, text) VALUES (?, ?, ?, ?, ?)", &stmt);
	if (err)
		return err;
	(void)sqlite3_bind_int64(stmt, 1, db_next(db));
	(void)sqlite3_bind_int64(stmt, 2, of);
	(void)sqlite3_bind_int(stmt, 3, kind);
	(void)sqlite3_bind_int64(stmt, 4, value);
	db_bind_text(stmt, 5, text);
	return db_run(db, stmt);
}

static int
run_words(struct store_db *db, const char *sql, int64_t n, const char *body)
{
	sqlite3_stmt *stmt;
	int err = db_stmt(db, sql, &stmt);
	if (err)
		return err;
	(void)sqlite3_bind_int64(stmt, 1, n);
	db_bind_text(stmt, 2, body);
	return db_run(db, stmt);
}

int
words_add(struct store_db *db, int64_t n, const char *body)
{
	return run_words(db,
	    "INSERT INTO words (rowid, body, peer, direction) "
	    "SELECT n, ?2, peer, direction FROM message WHERE n = ?1",
	    n, body);
}

int
words_remove(struct store_db *db, int64_t n, const char *body)
{
	return run_words(db,
	    "INSERT INTO words (words, rowid, body, peer, direction) "
	    "SELECT 'delete', n, ?2, peer, direction FROM message WHERE n = ?1",
	    n, body);
}
