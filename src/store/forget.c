#include "store/forget.h"

#include "base/clock.h"
#include "store/index.h"
#include "store/log.h"
#include "store/row.h"
#include "store/transfer.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum {
	STEP_ROWS = 250,    /* deleted in one step */
	STEP_LOOKS = 20000, /* looked at in one step */
	MERGE_PAGES = 200,  /* of the full-text index written in one step */
	DAY_MS = 24 * 60 * 60 * 1000,
};

/* In this order. */
enum stage {
	MESSAGES, /* those that fit */
	STRAYS,   /* corrections and reactions of messages that are gone */
	EVENTS,   /* of messages that are gone: found without an index, which each message would pay
		   */
	REWRITE,  /* deleted words stay in the full-text index until it is written anew: begin */
	REWRITING,
	LAST,
};

struct forgetting {
	int64_t ticket, peer, before, queued, upto, stage, kind, at, count;
};

struct victim {
	int64_t n, said_at, kind;
};

static int
load(struct store_db *db, struct forgetting *f)
{
	sqlite3_stmt *stmt;
	int err = db_stmt(db,
	    "SELECT ticket, peer, before, queued, upto, stage, kind, at, count FROM forgetting",
	    &stmt);
	if (err)
		return err;
	int got = db_step(db, stmt);
	if (got <= 0)
		return got;
	int64_t *const to[] = {&f->ticket, &f->peer, &f->before, &f->queued, &f->upto, &f->stage,
	    &f->kind, &f->at, &f->count};
	for (size_t i = 0; i < ARRAY_LEN(to); i++)
		*to[i] = sqlite3_column_int64(stmt, (int)i);
	(void)sqlite3_reset(stmt);
	return 1;
}

static int
save(struct store_db *db, const struct forgetting *f)
{
	sqlite3_stmt *stmt;
	const int64_t from[] = {
	    f->ticket, f->peer, f->before, f->queued, f->upto, f->stage, f->kind, f->at, f->count};
	int err = db_stmt(
	    db, "INSERT OR REPLACE INTO forgetting VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", &stmt);
	if (err)
		return err;
	for (size_t i = 0; i < ARRAY_LEN(from); i++)
		(void)sqlite3_bind_int64(stmt, (int)i + 1, from[i]);
	return db_run(db, stmt);
}

int
forget_is_of(struct store_db *db, int64_t peer)
{
	struct forgetting f = {0};
	int got = load(db, &f);
	return got <= 0 ? got : f.peer == peer;
}

int
forget_left(struct store_db *db, bool *left)
{
	struct forgetting f = {0};
	int got = load(db, &f);
	*left = got > 0;
	return got < 0 ? got : 0;
}

/* DELETE or the like, with one number. */
static int
run_of(struct store_db *db, const char *sql, int64_t n)
{
	sqlite3_stmt *stmt;
	int err = db_stmt(db, sql, &stmt);
	if (err)
		return err;
	(void)sqlite3_bind_int64(stmt, 1, n);
	return db_run(db, stmt);
}

static int
remember(struct store_db *db, const char *peer, const char *id)
{
	sqlite3_stmt *stmt;
	db->none_forgotten = false;
	int err = db_stmt(db, "INSERT OR REPLACE INTO forgotten (hash, at) VALUES (?, ?)", &stmt);
	if (err)
		return err;
	(void)sqlite3_bind_int64(stmt, 1, db_hash(db, peer, id));
	(void)sqlite3_bind_int64(stmt, 2, clock_wall());
	return db_run(db, stmt);
}

/* What else there is of the message: its words in the index, its id among those received. */
static int
delete_traces(struct store_db *db, const struct victim *v)
{
	sqlite3_stmt *stmt;
	int err = db_stmt(db,
	    "SELECT m.body, m.id, p.name, m.direction = 0 AND m.origin AND m.id <> '' "
	    "FROM " ROW_TABLES " WHERE m.n = ?1",
	    &stmt);
	if (err)
		return err;
	(void)sqlite3_bind_int64(stmt, 1, v->n);
	int got = db_step(db, stmt);
	if (got <= 0)
		return got;
	const char *body = (const char *)sqlite3_column_text(stmt, 0);
	const char *id = (const char *)sqlite3_column_text(stmt, 1);
	const char *name = (const char *)sqlite3_column_text(stmt, 2);
	if (!body || !id || !name)
		err = -ENOMEM;
	if (!err && v->kind == STORE_CHAT && v->n <= db->now.indexed)
		err = words_remove(db, v->n, body);
	if (!err && sqlite3_column_int(stmt, 3))
		err = remember(db, name, id);
	(void)sqlite3_reset(stmt);
	return err;
}

static int
delete_message(struct store_db *db, const struct victim *v)
{
	int err = delete_traces(db, v);
	if (!err)
		err = run_of(db, "DELETE FROM reaction WHERE of = ?", v->n);
	if (!err)
		err = run_of(db, "DELETE FROM message WHERE n = ?", v->n);
	return err;
}

/* Ascending numbers: the times of each block are seen to when its last one is gone. */
static int
delete_all(struct store_db *db, struct forgetting *f, const struct victim *v, size_t count)
{
	int64_t low = 0, high = 0;
	bool open = false;
	for (size_t i = 0; i < count; i++) {
		int err = delete_message(db, &v[i]);
		if (err)
			return err;
		if (v[i].kind != STORE_CHAT)
			continue;
		f->count++;
		low = open && low < v[i].said_at ? low : v[i].said_at;
		high = open && high > v[i].said_at ? high : v[i].said_at;
		open = i + 1 < count && index_block(v[i + 1].n) == index_block(v[i].n);
		err = open ? 0 : index_forgot(db, v[i].n, low, high);
		if (err)
			return err;
	}
	db->now.deleted = true;
	return 0;
}

#define LOOK "SELECT n, said_at, kind, stored_at, state FROM message WHERE n > ?1 AND n <= ?2 "

static int
look_stmt(struct store_db *db, const struct forgetting *f, sqlite3_stmt **out)
{
	int err = f->peer ? db_stmt(db, LOOK "AND peer = ?3 AND kind = ?4 ORDER BY n", out)
			  : db_stmt(db, LOOK "ORDER BY n", out);
	if (err)
		return err;
	(void)sqlite3_bind_int64(*out, 1, f->at);
	(void)sqlite3_bind_int64(*out, 2, f->upto);
	if (f->peer) {
		(void)sqlite3_bind_int64(*out, 3, f->peer);
		(void)sqlite3_bind_int64(*out, 4, f->kind);
	}
	return 0;
}

static bool
fits(const struct forgetting *f, sqlite3_stmt *stmt)
{
	if (f->before && sqlite3_column_int64(stmt, 3) >= f->before)
		return false;
	return f->queued || sqlite3_column_int64(stmt, 4) != STORE_QUEUED;
}

static int
step_messages(struct store_db *db, struct forgetting *f, struct victim *victims)
{
	sqlite3_stmt *stmt;
	size_t count = 0, looks = 0;
	int err = look_stmt(db, f, &stmt);
	if (err)
		return err;
	while (count < STEP_ROWS && looks < STEP_LOOKS && (err = db_step(db, stmt)) == 1) {
		f->at = sqlite3_column_int64(stmt, 0);
		looks++;
		if (fits(f, stmt))
			victims[count++] = (struct victim){
			    f->at, sqlite3_column_int64(stmt, 1), sqlite3_column_int64(stmt, 2)};
	}
	(void)sqlite3_reset(stmt);
	if (err < 0)
		return err;
	if (err == 0 && f->peer && f->kind < STORE_MARKER) {
		f->kind++;
		f->at = 0;
	} else if (err == 0) {
		f->stage = STRAYS;
	}
	return delete_all(db, f, victims, count);
}

/* A correction or reaction may be newer than what is forgotten, and says what that said. */
static int
step_strays(struct store_db *db, struct forgetting *f, struct victim *victims)
{
	sqlite3_stmt *stmt;
	size_t count = 0;
	int err = db_stmt(db,
	    "SELECT m.n, m.said_at, m.kind FROM peer p CROSS JOIN message m "
	    "ON m.peer = p.id AND m.kind IN (1, 2, 3, 4) AND m.n <= ?1 WHERE (?2 = 0 OR p.id = ?2) "
	    "AND (m.state <> 0 OR ?3) AND NOT EXISTS (SELECT 1 FROM message t "
	    "WHERE t.peer = m.peer AND t.id = m.target AND t.id <> '' AND t.kind = 0) LIMIT ?4",
	    &stmt);
	if (err)
		return err;
	(void)sqlite3_bind_int64(stmt, 1, f->upto);
	(void)sqlite3_bind_int64(stmt, 2, f->peer);
	(void)sqlite3_bind_int64(stmt, 3, f->queued);
	(void)sqlite3_bind_int64(stmt, 4, STEP_ROWS);
	while (count < STEP_ROWS && (err = db_step(db, stmt)) == 1)
		victims[count++] = (struct victim){sqlite3_column_int64(stmt, 0),
		    sqlite3_column_int64(stmt, 1), sqlite3_column_int64(stmt, 2)};
	(void)sqlite3_reset(stmt);
	if (err < 0)
		return err;
	if (count < STEP_ROWS) {
		f->stage = EVENTS;
		f->at = 0;
	}
	return delete_all(db, f, victims, count);
}

static int
step_events(struct store_db *db, struct forgetting *f)
{
	sqlite3_stmt *stmt;
	int err = db_stmt(db,
	    "DELETE FROM event WHERE n > ?1 AND n <= ?2 AND of <> 0"
	    " AND NOT EXISTS (SELECT 1 FROM message m WHERE m.n = event.of)",
	    &stmt);
	if (err)
		return err;
	(void)sqlite3_bind_int64(stmt, 1, f->at);
	f->at += STEP_LOOKS;
	(void)sqlite3_bind_int64(stmt, 2, f->at);
	if (f->at >= db->now.last_n)
		f->stage = REWRITE;
	return db_run(db, stmt);
}

/* Negative: all of the index is to be merged into one piece; positive: go on with that. */
static int
merge(struct store_db *db, int pages, bool *done)
{
	sqlite3_stmt *stmt;
	sqlite3_int64 changes = sqlite3_total_changes64(db->sql);
	*done = false;
	int err = db_stmt(db, "INSERT INTO words (words, rank) VALUES ('merge', ?)", &stmt);
	if (err)
		return err;
	(void)sqlite3_bind_int64(stmt, 1, pages);
	err = db_run(db, stmt);
	/* FTS5: less than two changes mean that there was nothing to do */
	*done = sqlite3_total_changes64(db->sql) - changes < 2;
	return err;
}

static int
step_rewrite(struct store_db *db, struct forgetting *f)
{
	bool done = false;
	int err = merge(db, f->stage == REWRITE ? -MERGE_PAGES : MERGE_PAGES, &done);
	f->stage = f->stage == REWRITE || !done ? REWRITING : LAST;
	return err;
}

/* Ids remembered for too long, and the oldest of too many. */
static int
prune(struct store_db *db)
{
	int err = run_of(db, "DELETE FROM forgotten WHERE at < ?",
	    clock_wall() - (int64_t)LIMIT_FORGOTTEN_DAYS * DAY_MS);
	return err ? err
		   : run_of(db,
			 "DELETE FROM forgotten WHERE hash IN (SELECT hash FROM forgotten "
			 "ORDER BY at LIMIT max(0, (SELECT count(*) FROM forgotten) - ?))",
			 LIMIT_FORGOTTEN);
}

/* What became of trust in those who are no contacts any more. */
static int
forget_changes(struct store_db *db)
{
#define NOBODYS \
	"(SELECT n FROM trust_change t WHERE NOT EXISTS (SELECT 1 FROM peer WHERE name = t.name))"
	int err =
	    run_of(db, "DELETE FROM event WHERE kind = ? AND n IN " NOBODYS, STORE_EVENT_TRUST);
	return err ? err : run_of(db, "DELETE FROM trust_change WHERE ?1 AND n IN " NOBODYS, 1);
#undef NOBODYS
}

/* What is on its way is kept. */
static int
forget_files(struct store_db *db, const struct forgetting *f)
{
	sqlite3_stmt *stmt;
	int err = db_stmt(db,
	    "DELETE FROM transfer WHERE state >= ?1 AND (?2 = 0 OR peer = ?2)"
	    " AND (?3 = 0 OR at < ?3)",
	    &stmt);
	if (err)
		return err;
	(void)sqlite3_bind_int(stmt, 1, STORE_TRANSFER_FINAL);
	(void)sqlite3_bind_int64(stmt, 2, f->peer);
	(void)sqlite3_bind_int64(stmt, 3, f->before);
	return db_run(db, stmt);
}

static int
peer_name(struct store_db *db, int64_t peer, void **blocks, const char **name)
{
	sqlite3_stmt *stmt;
	*name = "";
	if (!peer)
		return 0;
	int err = db_stmt(db, "SELECT name FROM peer WHERE id = ?", &stmt);
	if (err)
		return err;
	(void)sqlite3_bind_int64(stmt, 1, peer);
	int got = db_step(db, stmt);
	if (got <= 0)
		return got;
	err = row_text(stmt, 0, blocks, name);
	(void)sqlite3_reset(stmt);
	return err;
}

static int
step_last(struct store_db *db, const struct forgetting *f)
{
	void *blocks = NULL;
	const char *name;
	int err = peer_name(db, f->peer, &blocks, &name);
	/* who was forgotten before is nobody's business any more either */
	if (!err && !f->peer && !f->before)
		err = run_of(db, "DELETE FROM event WHERE kind = ?", STORE_EVENT_FORGOTTEN);
	if (!err)
		err = row_event(db, STORE_EVENT_FORGOTTEN, 0, f->before, name);
	if (!err)
		err = forget_files(db, f);
	if (!err)
		err = run_of(db,
		    "DELETE FROM peer WHERE (?1 = 0 OR id = ?1) AND key IS NULL AND blocked = 0 "
		    "AND NOT EXISTS (SELECT 1 FROM message WHERE peer = peer.id) "
		    "AND NOT EXISTS (SELECT 1 FROM transfer WHERE peer = peer.id)",
		    f->peer);
	if (!err)
		err = forget_changes(db);
	if (!err)
		err = prune(db);
	if (!err)
		err = run_of(db, "DELETE FROM forgetting WHERE ticket = ?", f->ticket);
	db_forget_peer(db);
	db->now.deleted = db->now.wipe = true;
	blocks_free(blocks);
	return err;
}

static int
step(struct store_db *db, struct forgetting *f)
{
	struct victim *victims;
	int err;
	if (f->stage == EVENTS)
		return step_events(db, f);
	if (f->stage == REWRITE || f->stage == REWRITING)
		return step_rewrite(db, f);
	victims = malloc(STEP_ROWS * sizeof(*victims));
	if (!victims)
		return -ENOMEM;
	err = f->stage == MESSAGES ? step_messages(db, f, victims) : step_strays(db, f, victims);
	free(victims);
	return err;
}

static int
run_step(struct store_db *db, struct forgetting *f, bool *done)
{
	*done = f->stage >= LAST;
	if (*done)
		return step_last(db, f);
	int err = step(db, f);
	return err ? err : save(db, f);
}

int
forget_step(struct store_db *db, bool *done, int64_t *count)
{
	struct forgetting f = {0};
	*done = true;
	int got = load(db, &f);
	if (got <= 0)
		return got;
	int err = run_step(db, &f, done);
	*count = f.count;
	return err;
}

static int
begin(struct store_db *db, struct store_forget *forget, struct forgetting *f)
{
	*f = (struct forgetting){
	    .ticket = db->now.last_n + 1,
	    .before = forget->before,
	    .queued = forget->queued,
	    .upto = db->now.last_n,
	};
	int err = forget->peer ? db_peer_find(db, forget->peer, &f->peer) : 0;
	forget->ticket = f->ticket;
	/* the index of nothing: begun anew at once instead of taken apart */
	if (!err && !f->peer && !f->before)
		err = index_reset(db);
	return err ? err : save(db, f);
}

/* Called until it is done. If a transaction is rolled back, so is what `forgetting` says. */
static int
forget_run(struct store_db *db, struct store_job *job)
{
	struct store_forget *forget = container_of(job, struct store_forget, job);
	struct forgetting f = {0};
	bool done;
	int got = load(db, &f);
	if (got < 0)
		return got;
	int err = got ? 0 : begin(db, forget, &f);
	if (err)
		return err == -ENOENT ? 0 : err;
	err = run_step(db, &f, &done);
	if (err)
		return err;
	if (!done || forget->ticket != f.ticket)
		return DB_LATER;
	forget->count = f.count;
	return 0;
}

void
store_forget(struct store *s, struct store_forget *forget)
{
	forget->count = 0;
	forget->ticket = 0;
	forget->job.run = forget_run;
	forget->job.reads = false;
	store_submit(s, &forget->job);
}
