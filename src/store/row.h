/* Rows of the message table as people see them (struct store_message), the text they own, and the
 * events and index entries that go with a change. Shared by all requests. Store thread only. */
#ifndef STORE_ROW_H
#define STORE_ROW_H

#include "store/db.h"
#include "store/history.h"

/* Text that lives until all of it is freed at once; *blocks is NULL at first. */
char *blocks_add(void **blocks, const char *text, size_t len) MUST_USE; /* NULL: no memory */
void blocks_free(void *blocks);                                         /* accepts NULL */

/* For "SELECT " ROW_COLUMNS " FROM " ROW_TABLES " WHERE ...". m is the message, p the person; more
 * columns may follow, the first has the index ROW_COUNT. */
#define ROW_COLUMNS \
	"m.n, p.name, p.display, m.direction, m.state, m.id, m.body, m.reason, m.target," \
	" m.said_at, m.stored_at, m.edited_at, m.retracted," \
	" (SELECT r.body FROM reaction r WHERE r.of = m.n AND r.by = 0)," \
	" (SELECT r.body FROM reaction r WHERE r.of = m.n AND r.by = 1)," \
	" CASE WHEN m.kind = 0 AND m.target IS NOT NULL THEN" \
	" (SELECT substr(t.body, 1, 120) FROM message t WHERE t.peer = m.peer AND t.id = m.target" \
	" AND t.id <> '' AND t.kind = 0 ORDER BY t.n DESC LIMIT 1) END," \
	" m.trust, m.file"
#define ROW_TABLES "message m CROSS JOIN peer p ON p.id = m.peer"
enum { ROW_BODY = 6, ROW_COUNT = 18 };

/* The row the statement stands at. 0 or -ENOMEM; bytes (may be NULL) grows by its text. */
int row_read(sqlite3_stmt *stmt, void **blocks, struct store_message *out, size_t *bytes) MUST_USE;
/* One column of text; *out is NULL for NULL. */
int row_text(sqlite3_stmt *stmt, int column, void **blocks, const char **out) MUST_USE;

/* Adds to the log. kind: enum store_event_kind; what value and text are stands in schema/1.sql;
 * of TRUST they are 0. */
int row_event(struct store_db *db, int kind, int64_t of, int64_t value, const char *text) MUST_USE;

/* The full-text index holds every message of STORE_CHAT with a number up to db->now.indexed, each
 * exactly once with the body it has, be that empty, and with its peer and direction, which are
 * taken from its row. These keep it so: remove before a change, add after it. */
int words_add(struct store_db *db, int64_t n, const char *body) MUST_USE;
int words_remove(struct store_db *db, int64_t n, const char *body) MUST_USE; /* as it was */

#endif
