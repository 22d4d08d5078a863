#include "store/forget.h"
#include "store/index.h"
#include "store/message.h"
#include "store/queue.h"
#include "store/row.h"

#include <errno.h>

/* A statement about two people: the first is who stays. */
static int
run_pair(struct store_db *db, const char *sql, int64_t stays, int64_t goes)
{
	sqlite3_stmt *stmt;
	int err = db_stmt(db, sql, &stmt);
	if (err)
		return err;
	(void)sqlite3_bind_int64(stmt, 1, stays);
	(void)sqlite3_bind_int64(stmt, 2, goes);
	return db_run(db, stmt);
}

/* All of who goes becomes that of who stays. DB_LATER: it is being forgotten, and must not get
 * away under another name. */
static int
merge(struct store_db *db, int64_t stays, int64_t goes)
{
	int err = forget_is_of(db, goes);
	if (err)
		return err < 0 ? err : DB_LATER;
	/* a client that used one token for both keeps the one of the person who stays */
	err = run_pair(db,
	    "UPDATE message SET token = NULL WHERE peer = ?2 AND token IN"
	    " (SELECT token FROM message WHERE peer = ?1 AND token IS NOT NULL)",
	    stays, goes);
	if (!err)
		err = index_move(db, goes, stays);
	if (!err)
		err = run_pair(db, "UPDATE message SET peer = ?1 WHERE peer = ?2", stays, goes);
	/* one that both have, which only who made its id up can bring about, is the one who goes'
	 */
	if (!err)
		err = run_pair(
		    db, "UPDATE OR REPLACE transfer SET peer = ?1 WHERE peer = ?2", stays, goes);
	/* a rule is for a key, and who goes has none */
	if (!err)
		err = run_pair(
		    db, "DELETE FROM transfer_rule WHERE peer = ?2 AND peer <> ?1", stays, goes);
	/* rows of either may have been sent up to its mark; to say so of too many does no harm */
	if (!err)
		err = run_pair(db,
		    "UPDATE peer SET (mark, blocked) = (SELECT max(peer.mark, g.mark),"
		    " max(peer.blocked, g.blocked) FROM peer g WHERE g.id = ?2) WHERE id = ?1",
		    stays, goes);
	return err ? err : run_pair(db, "DELETE FROM peer WHERE id = ?2 AND id <> ?1", stays, goes);
}

static int
set_name(struct store_db *db, int64_t id, const char *name)
{
	sqlite3_stmt *stmt;
	int err = db_stmt(db, "UPDATE peer SET name = ? WHERE id = ?", &stmt);
	if (err)
		return err;
	db_bind_text(stmt, 1, name);
	(void)sqlite3_bind_int64(stmt, 2, id);
	return db_run(db, stmt);
}

/* 1, 0, or an error. */
static int
has_key(struct store_db *db, int64_t id)
{
	sqlite3_stmt *stmt;
	int err = db_stmt(db, "SELECT 1 FROM peer WHERE id = ? AND key IS NOT NULL", &stmt);
	if (err)
		return err;
	(void)sqlite3_bind_int64(stmt, 1, id);
	int got = db_step(db, stmt);
	(void)sqlite3_reset(stmt);
	return got;
}

/* Both become one called `name`, who has the key of either. */
static int
unite(struct store_db *db, int64_t a, int64_t b, const char *name)
{
	int a_key = has_key(db, a), b_key = a_key < 0 ? a_key : has_key(db, b);
	if (b_key < 0)
		return b_key;
	if (a_key && b_key)
		return -EEXIST;
	int err = b_key ? merge(db, b, a) : merge(db, a, b);
	return err ? err : set_name(db, b_key ? b : a, name);
}

static int
rename_peer(struct store_db *db, struct store_job *job)
{
	struct store_rename *rename = container_of(job, struct store_rename, job);
	int64_t from, to;
	int err = db_peer_find(db, rename->from, &from);
	if (err) /* nothing was kept: nothing is to be done */
		return err == -ENOENT ? 0 : err;
	err = db_peer_find(db, rename->to, &to);
	db_forget_peer(db);
	if (!err && to != from)
		err = unite(db, to, from, rename->to);
	else if (!err || err == -ENOENT)
		err = set_name(db, from, rename->to);
	return err ? err : db_peer(db, rename->to, rename->display, &to);
}

static int
rename_run(struct store_db *db, struct store_job *job)
{
	int err = rename_peer(db, job);
	db_forget_peer(db);
	return err;
}

void
store_rename(struct store *s, struct store_rename *rename)
{
	rename->job.run = rename_run;
	rename->job.reads = false;
	rename->job.fence = true;
	store_submit(s, &rename->job);
}

/* ---- contacts ---- */

/* It is announced under the old name all the same. */
static int
keep_instance(struct store_db *db, int64_t id)
{
	sqlite3_stmt *stmt;
	int err =
	    db_stmt(db, "UPDATE peer SET instance = coalesce(instance, name) WHERE id = ?", &stmt);
	if (err)
		return err;
	(void)sqlite3_bind_int64(stmt, 1, id);
	return db_run(db, stmt);
}

/* Nobody else can have this name meanwhile. */
static int
set_no_name(struct store_db *db, int64_t id)
{
	sqlite3_stmt *stmt;
	int err =
	    db_stmt(db, "UPDATE peer SET name = '#' || hex(randomblob(16)) WHERE id = ?", &stmt);
	if (err)
		return err;
	(void)sqlite3_bind_int64(stmt, 1, id);
	return db_run(db, stmt);
}

/* Who holds the name gets another one; from is who will have it. */
static int
make_room(struct store_db *db, int64_t holder, int64_t from, const struct store_contact_rename *r)
{
	int64_t there = 0;
	if (!r->aside)
		return -EEXIST;
	int err = keep_instance(db, holder);
	if (!err)
		err = db_peer_find(db, r->aside, &there);
	db_forget_peer(db);
	if (err == -ENOENT)
		return set_name(db, holder, r->aside);
	if (err)
		return err;
	if (there == holder)
		return -EINVAL;
	if (there == from) {
		err = set_no_name(db, holder);
		if (!err)
			err = set_name(db, from, r->to);
		return err ? err : set_name(db, holder, r->aside);
	}
	int holder_key = has_key(db, holder), there_key = has_key(db, there);
	if (holder_key < 0 || there_key < 0)
		return holder_key < 0 ? holder_key : there_key;
	return holder_key || there_key ? -EEXIST : merge(db, there, holder);
}

static int
contact_rename_run(struct store_db *db, struct store_job *job)
{
	const struct store_contact_rename *r = container_of(job, struct store_contact_rename, job);
	int64_t from = 0, holder = 0;
	int err = db_peer_find(db, r->from, &from);
	if (err)
		return err == -ENOENT ? 0 : err;
	err = db_peer_find(db, r->to, &holder);
	db_forget_peer(db);
	if (!err && holder != from)
		err = make_room(db, holder, from, r);
	else if (err == -ENOENT)
		err = 0;
	return err ? err : set_name(db, from, r->to);
}

void
store_contact_rename(struct store *s, struct store_contact_rename *rename)
{
	rename->job.run = contact_rename_run;
	rename->job.reads = false;
	rename->job.fence = true;
	store_submit(s, &rename->job);
}
