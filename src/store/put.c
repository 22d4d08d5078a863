#include "store/put.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/str.h"
#include "store/log.h"
#include "store/queue.h"
#include "store/target.h"

#include <errno.h>
#include <string.h>

static void
clear(struct store_put *put)
{
	put->duplicate = false;
	put->n = put->of = put->expires = 0;
	put->kept = put->kind;
	put->state = put->direction == STORE_OUT ? put->file ? STORE_HANDED_OVER : STORE_QUEUED
		     : put->kind == STORE_CHAT   ? STORE_UNREAD
						 : STORE_SEEN;
	put->kept_id[0] = put->quote[0] = '\0';
}

/* The row there is, if the statement finds one, is the answer. 1, 0: there is none; or an error. */
static int
take_answer(struct store_db *db, struct store_put *put, int64_t peer, sqlite3_stmt *stmt)
{
	struct target target;
	int got = db_step(db, stmt);
	if (got <= 0)
		return got;
	put->duplicate = true;
	put->n = sqlite3_column_int64(stmt, 0);
	int kind = sqlite3_column_int(stmt, 1), state = sqlite3_column_int(stmt, 2);
	if (kind >= STORE_CHAT && kind <= STORE_MARKER)
		put->kept = (enum store_kind)kind;
	if (state >= STORE_QUEUED && state <= STORE_SEEN)
		put->state = (enum store_state)state;
	put->expires = sqlite3_column_int64(stmt, 3);
	const char *id = (const char *)sqlite3_column_text(stmt, 4);
	if (!id || str_copy(put->kept_id, sizeof(put->kept_id), id))
		put->kept_id[0] = '\0';
	const char *of = (const char *)sqlite3_column_text(stmt, 5);
	int err = of ? target_find(db, peer, of, put->kept, put->direction, &target) : -ENOENT;
	put->of = err ? 0 : target.n;
	(void)sqlite3_reset(stmt);
	return err && err != -ENOENT ? err : 1;
}

static int
is_forgotten(struct store_db *db, struct store_put *put)
{
	sqlite3_stmt *stmt;
	if (db->none_forgotten)
		return 0;
	int got = db_stmt(db, "SELECT 1 FROM forgotten WHERE hash = ?", &stmt);
	if (got)
		return got;
	(void)sqlite3_bind_int64(stmt, 1, db_hash(db, put->peer, put->id));
	got = db_step(db, stmt);
	(void)sqlite3_reset(stmt);
	put->duplicate = got > 0;
	return got;
}

/* Whether it is here already, or was. peer: 0 if nothing is known of the person. */
static int
is_known(struct store_db *db, struct store_put *put, int64_t peer)
{
	sqlite3_stmt *stmt = NULL;
	bool in = put->direction == STORE_IN;
	if (in ? !put->origin || str_empty(put->id) : !put->token)
		return 0;
	int got = 0;
	if (peer && in)
		got = db_stmt(db,
		    "SELECT n, kind, state, expires, id, target FROM message WHERE peer = ?"
		    " AND id = ? AND id <> '' AND direction = 0 AND origin = 1",
		    &stmt);
	else if (peer)
		got = db_stmt(db,
		    "SELECT n, kind, state, expires, id, target FROM message WHERE peer = ?"
		    " AND token = ? AND token IS NOT NULL",
		    &stmt);
	if (got)
		return got;
	if (peer) {
		(void)sqlite3_bind_int64(stmt, 1, peer);
		db_bind_text(stmt, 2, in ? put->id : put->token);
		got = take_answer(db, put, peer, stmt);
	}
	return got || !in ? got : is_forgotten(db, put);
}

/* The row. text, stanza: what is kept of it. */
static int
insert(struct store_db *db, struct store_put *put, int64_t peer, const struct target *target)
{
	sqlite3_stmt *stmt;
	int err = db_stmt(db,
	    "INSERT INTO message (n, peer, direction, kind, state, origin, markable, said_at,"
	    " stored_at, expires, id, target, token, body, stanza, trust, file)"
	    " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
	    &stmt);
	if (err)
		return err;
	bool out = put->direction == STORE_OUT;
	/* nothing of what was taken back comes back */
	bool empty = put->kept == STORE_CORRECTION && target->retracted;
	put->n = db_next(db);
	put->expires = out && put->lifetime > 0 ? db_age(db) + put->lifetime : 0;
	(void)sqlite3_bind_int64(stmt, 1, put->n);
	(void)sqlite3_bind_int64(stmt, 2, peer);
	(void)sqlite3_bind_int64(stmt, 3, put->direction);
	(void)sqlite3_bind_int64(stmt, 4, put->kept);
	(void)sqlite3_bind_int64(stmt, 5, put->state);
	(void)sqlite3_bind_int(stmt, 6, !out && put->origin && put->kept_id[0]);
	(void)sqlite3_bind_int(stmt, 7, !out && put->markable);
	(void)sqlite3_bind_int64(stmt, 8, put->said_at);
	(void)sqlite3_bind_int64(stmt, 9, clock_wall());
	(void)sqlite3_bind_int64(stmt, 10, put->expires);
	db_bind_text(stmt, 11, put->kept_id);
	/* a correction of nothing is a message of its own, and answers none */
	if (put->kept == put->kind)
		db_bind_text(stmt, 12, target->id[0] ? target->id : put->target);
	db_bind_text(stmt, 13, out ? put->token : NULL);
	db_bind_text(stmt, 14, empty || !put->body ? "" : put->body);
	if (put->stanza && !empty)
		(void)sqlite3_bind_blob64(stmt, 15, put->stanza, put->stanza_len, SQLITE_STATIC);
	(void)sqlite3_bind_int64(stmt, 16, put->trust);
	(void)sqlite3_bind_int(stmt, 17, put->file && put->kept == STORE_CHAT);
	err = db_run(db, stmt);
	return err || !out || !put->marked ? err : queue_mark(db, peer, put->n);
}

/* A message shows the trust it was said with, and so does what becomes of it: whoever is trusted
 * less, such as somebody who took over the name of a forgotten key, has no say in it. */
static bool
may_change(const struct store_put *put, const struct target *target)
{
	return put->direction == STORE_OUT || put->kind == STORE_CHAT ||
	       store_trust_rank(put->trust) >= store_trust_rank(target->trust);
}

/* What it is about; what is not there may make it something else, or nothing. */
static int
find_target(struct store_db *db, struct store_put *put, int64_t peer, struct target *target)
{
	int err = put->target && peer
		      ? target_find(db, peer, put->target, put->kind, put->direction, target)
		      : -ENOENT;
	if (!err && !may_change(put, target))
		err = -ENOENT;
	if (!err) {
		put->of = target->n;
		memcpy(put->quote, target->quote, sizeof(put->quote));
	}
	if (put->kind == STORE_CHAT) {
		/* the id stays as it was said; of theirs, found or not */
		target->id[0] = '\0';
		return err == -ENOENT && (!put->target || put->direction == STORE_IN) ? 0 : err;
	}
	if (!err && put->direction == STORE_OUT && put->kind == STORE_CORRECTION &&
	    (target->retracted || target->given_up))
		return ERR_LATE;
	if (err == -ENOENT && put->direction == STORE_IN && put->kind == STORE_CORRECTION) {
		put->kept = STORE_CHAT;
		put->state = STORE_UNREAD;
		return 0;
	}
	return err;
}

static int
is_valid(const struct store_put *put)
{
	if (str_empty(put->peer) || (put->direction == STORE_OUT && str_empty(put->id)))
		return -EINVAL;
	if (put->token && strlen(put->token) > LIMIT_TOKEN)
		return ERR_TOO_BIG;
	return put->direction == STORE_OUT && strlen(put->id) > LIMIT_STANZA_ID ? ERR_TOO_BIG : 0;
}

int
put_add(struct store_db *db, struct store_put *put)
{
	struct target target = {0};
	int64_t peer = 0;
	bool changed;
	clear(put);
	int got = is_valid(put);
	if (!got)
		got = db_peer_find(db, put->peer, &peer);
	if (got && got != -ENOENT)
		return got;
	/* of theirs, a longer one is as none */
	if (put->id && str_copy(put->kept_id, sizeof(put->kept_id), put->id))
		put->kept_id[0] = '\0';
	got = is_known(db, put, peer);
	if (got)
		return got < 0 ? got : 0;
	got = find_target(db, put, peer, &target);
	if (got) /* of theirs, what is about nothing is nothing */
		return got == -ENOENT && put->direction == STORE_IN ? 0 : got;
	got = db_peer(db, put->peer, put->display, &peer);
	if (got)
		return got;
	if (put->kept == STORE_MARKER && put->direction == STORE_IN)
		return queue_answered(db, peer, target.n, STORE_READ, NULL, &changed);
	got = insert(db, put, peer, &target);
	return got ? got : target_apply(db, put, peer, &target);
}

static int
put_run(struct store_db *db, struct store_job *job)
{
	return put_add(db, container_of(job, struct store_put, job));
}

void
store_put(struct store *s, struct store_put *put)
{
	put->job.run = put_run;
	put->job.reads = false;
	put->job.first = put->direction == STORE_IN;
	store_submit(s, &put->job);
}
