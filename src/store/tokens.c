#include "store/tokens.h"

#include <errno.h>

fts5_api *
tokens_api(struct store_db *db)
{
	fts5_api *api = NULL;
	sqlite3_stmt *stmt;
	if (db_stmt(db, "SELECT fts5(?1)", &stmt))
		return NULL;
	(void)sqlite3_bind_pointer(stmt, 1, (void *)&api, "fts5_api_ptr", NULL);
	if (db_run(db, stmt))
		return NULL;
	(void)sqlite3_clear_bindings(stmt);
	return api;
}

int
tokens_open(struct store_db *db, struct tokens *t)
{
	void *ctx = NULL;
	t->tokenizer = NULL;
	fts5_api *api = tokens_api(db);
	if (!api)
		return -ENOTSUP;
	int rc = api->xFindTokenizer(api, "unicode61", &ctx, &t->does);
	if (!rc) {
		/* as in the schema */
		const char *args[] = {"remove_diacritics", "2"};
		rc = t->does.xCreate(ctx, args, ARRAY_LEN(args), &t->tokenizer);
	}
	return db_err(db, rc);
}

void
tokens_close(struct tokens *t)
{
	if (t->tokenizer)
		t->does.xDelete(t->tokenizer);
	t->tokenizer = NULL;
}

struct each {
	tokens_fn *fn;
	void *ctx;
	int count;
};

static int
on_token(void *ctx, int flags, const char *token, int len, int start, int end)
{
	struct each *each = ctx;
	(void)token, (void)len;
	if (flags & FTS5_TOKEN_COLOCATED)
		return SQLITE_OK;
	int number = each->count++;
	return each->fn && each->fn(each->ctx, number, start, end) ? SQLITE_DONE : SQLITE_OK;
}

static int
run(const struct tokens *t, const char *text, size_t len, struct each *each)
{
	int rc = t->does.xTokenize(t->tokenizer, each, FTS5_TOKENIZE_AUX, text, (int)len, on_token);
	if (rc == SQLITE_NOMEM)
		return -ENOMEM;
	return rc == SQLITE_OK || rc == SQLITE_DONE ? 0 : -EINVAL;
}

int
tokens_each(const struct tokens *t, const char *text, size_t len, tokens_fn *fn, void *ctx)
{
	struct each each = {.fn = fn, .ctx = ctx};
	return run(t, text, len, &each);
}

int
tokens_count(const struct tokens *t, const char *text, size_t len)
{
	struct each each = {0};
	int err = run(t, text, len, &each);
	return err ? err : each.count;
}
