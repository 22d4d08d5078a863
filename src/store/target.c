#include "store/target.h"

#include "base/clock.h"
#include "base/str.h"
#include "store/log.h"

#include <errno.h>
#include <string.h>

/* Corrections of corrections; ours name the first one, so there is one step at most. */
enum { STEPS_MAX = 4 };

struct wanted {
	int in, out;   /* rows of which direction */
	int last_kind; /* kinds up to this */
	bool files;    /* what tells of a file, too: its name is not corrected */
};

static struct wanted
wanted_by(enum store_kind kind, enum store_direction by)
{
	bool all = kind == STORE_CHAT || kind == STORE_REACTION;
	/* who says it was displayed speaks of the other's words, who corrects of their own */
	bool theirs = kind == STORE_MARKER ? by == STORE_OUT : by == STORE_IN;
	return (struct wanted){
	    .in = all || theirs ? STORE_IN : -1,
	    .out = all || !theirs ? STORE_OUT : -1,
	    .last_kind = kind == STORE_MARKER ? STORE_MARKER : STORE_CORRECTION,
	    .files = kind != STORE_CORRECTION,
	};
}

/* One row; *kind is what it is. next: the id it is about, "" if it is about none. */
static int
find_row(struct store_db *db, int64_t peer, const char *id, const struct wanted *wanted,
    struct target *out, int *kind, char next[LIMIT_STANZA_ID + 1])
{
	sqlite3_stmt *stmt;
	int err = db_stmt(db,
	    "SELECT n, direction, kind, retracted, target, substr(body, 1, 40), state, trust"
	    " FROM message"
	    " WHERE peer = ? AND id = ?"
	    " AND id <> '' AND direction IN (?, ?) AND kind <= ? AND file <= ?"
	    " ORDER BY n DESC LIMIT 1",
	    &stmt);
	if (err)
		return err;
	(void)sqlite3_bind_int64(stmt, 1, peer);
	db_bind_text(stmt, 2, id);
	(void)sqlite3_bind_int(stmt, 3, wanted->in);
	(void)sqlite3_bind_int(stmt, 4, wanted->out);
	(void)sqlite3_bind_int(stmt, 5, wanted->last_kind);
	(void)sqlite3_bind_int(stmt, 6, wanted->files);
	int got = db_step(db, stmt);
	if (got <= 0)
		return got < 0 ? got : -ENOENT;
	out->n = sqlite3_column_int64(stmt, 0);
	out->direction = sqlite3_column_int(stmt, 1) == STORE_OUT ? STORE_OUT : STORE_IN;
	*kind = sqlite3_column_int(stmt, 2);
	out->retracted = sqlite3_column_int(stmt, 3) != 0;
	int state = sqlite3_column_int(stmt, 6);
	out->given_up = state == STORE_CANCELLED || state == STORE_FAILED;
	out->trust = store_trust_from(sqlite3_column_int64(stmt, 7));
	const char *target = (const char *)sqlite3_column_text(stmt, 4);
	if (!target || str_copy(next, LIMIT_STANZA_ID + 1, target))
		next[0] = '\0';
	const char *quote = (const char *)sqlite3_column_text(stmt, 5);
	if (!quote || str_copy(out->quote, sizeof(out->quote), quote))
		out->quote[0] = '\0';
	(void)sqlite3_reset(stmt);
	return 0;
}

int
target_find(struct store_db *db, int64_t peer, const char *id, enum store_kind kind,
    enum store_direction by, struct target *out)
{
	struct wanted wanted = wanted_by(kind, by);
	char next[LIMIT_STANZA_ID + 1];
	int is = STORE_CORRECTION;
	if (str_copy(out->id, sizeof(out->id), id))
		return -ENOENT;
	for (int i = 0; i < STEPS_MAX; i++) {
		int err = find_row(db, peer, out->id, &wanted, out, &is, next);
		if (err)
			return err;
		if (is != STORE_CORRECTION || kind == STORE_MARKER)
			return 0;
		/* what is corrected is of the same side as the correction */
		wanted.in = out->direction == STORE_IN ? STORE_IN : -1;
		wanted.out = out->direction == STORE_OUT ? STORE_OUT : -1;
		memcpy(out->id, next, sizeof(out->id));
	}
	return -ENOENT;
}

/* The index must be told of the words as they were. */
static int
replace_words(struct store_db *db, int64_t n, const char *body)
{
	sqlite3_stmt *stmt;
	if (n > db->now.indexed)
		return 0;
	int err = db_stmt(db, "SELECT body FROM message WHERE n = ? AND kind = 0", &stmt);
	if (err)
		return err;
	(void)sqlite3_bind_int64(stmt, 1, n);
	int got = db_step(db, stmt);
	if (got <= 0)
		return got;
	const char *old = (const char *)sqlite3_column_text(stmt, 0);
	err = old ? words_remove(db, n, old) : -ENOMEM;
	(void)sqlite3_reset(stmt);
	return err ? err : words_add(db, n, body);
}

static int
correct(struct store_db *db, const struct store_put *put, int64_t n)
{
	sqlite3_stmt *stmt = NULL;
	const char *body = put->body ? put->body : "";
	int err = replace_words(db, n, body);
	if (!err)
		err = db_stmt(db, "UPDATE message SET body = ?, edited_at = ? WHERE n = ?", &stmt);
	if (err)
		return err;
	db_bind_text(stmt, 1, body);
	(void)sqlite3_bind_int64(stmt, 2, clock_wall());
	(void)sqlite3_bind_int64(stmt, 3, n);
	err = db_run(db, stmt);
	return err ? err : row_event(db, STORE_EVENT_CORRECTED, n, put->direction, NULL);
}

static int
retract(struct store_db *db, const struct store_put *put, int64_t peer, const struct target *t)
{
	sqlite3_stmt *stmt = NULL;
	int err = replace_words(db, t->n, "");
	if (!err)
		err = db_stmt(db,
		    "UPDATE message SET body = '', stanza = NULL, retracted = 1 WHERE n = ?",
		    &stmt);
	if (err)
		return err;
	(void)sqlite3_bind_int64(stmt, 1, t->n);
	err = db_run(db, stmt);
	if (!err)
		err = db_stmt(db,
		    "UPDATE message SET body = '', stanza = NULL"
		    " WHERE peer = ? AND target = ? AND kind = 1 AND direction = ?",
		    &stmt);
	if (err)
		return err;
	(void)sqlite3_bind_int64(stmt, 1, peer);
	db_bind_text(stmt, 2, t->id);
	(void)sqlite3_bind_int64(stmt, 3, t->direction);
	err = db_run(db, stmt);
	return err ? err : row_event(db, STORE_EVENT_RETRACTED, t->n, put->direction, NULL);
}

static int
react(struct store_db *db, const struct store_put *put, int64_t n)
{
	sqlite3_stmt *stmt;
	int err =
	    str_empty(put->body)
		? db_stmt(db, "DELETE FROM reaction WHERE of = ? AND by = ?", &stmt)
		: db_stmt(
		      db, "INSERT OR REPLACE INTO reaction (of, by, body) VALUES (?, ?, ?)", &stmt);
	if (err)
		return err;
	(void)sqlite3_bind_int64(stmt, 1, n);
	(void)sqlite3_bind_int64(stmt, 2, put->direction);
	if (!str_empty(put->body))
		db_bind_text(stmt, 3, put->body);
	err = db_run(db, stmt);
	return err ? err : row_event(db, STORE_EVENT_REACTION, n, put->direction, NULL);
}

int
target_apply(
    struct store_db *db, const struct store_put *put, int64_t peer, const struct target *target)
{
	switch (put->kept) {
	case STORE_CORRECTION:
		return target->retracted ? 0 : correct(db, put, target->n);
	case STORE_RETRACTION:
		return target->retracted ? 0 : retract(db, put, peer, target);
	case STORE_REACTION:
		return react(db, put, target->n);
	case STORE_CHAT:
	case STORE_MARKER:
		break;
	}
	return 0;
}
