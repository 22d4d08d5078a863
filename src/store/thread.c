#include "base/clock.h"
#include "base/err.h"
#include "base/log.h"
#include "store/aside.h"
#include "store/core.h"
#include "store/forget.h"
#include "store/index.h"
#include "store/search.h"

#include <errno.h>

#define NEVER UINT64_MAX

enum {
	HURRIED_MAX = 4096, /* jobs of one transaction: bounds its memory and its time */
	ASKED_MAX = 256,    /* the same of those that the others must not wait for long */
	RETRY_MS = 1000,    /* how often writing is tried while it fails */
	NS_PER_MS = 1000000,
	AGE_MS = 60 * 1000,      /* how often the age is written, if anything is */
	CHECKPOINT_PAGES = 2000, /* of the write-ahead log, then it is copied into the file */

	/* Numbers that were given out and are not indexed. A search begins with that itself, so
	 * that a few do not cost a commit of their own; too many would keep it waiting. */
	BACKLOG_IDLE = 256,  /* from here on they are indexed when nothing else was asked ... */
	IDLE_MS = 500,       /* ... for so long */
	BACKLOG_MAX = 20000, /* from here on also without a pause */
	INDEX_ROWS = 2000,   /* messages of one step: 20 ms */
};

/* A job changed something and failed: once more, so that only that one is undone. */
enum { AGAIN = 1 };

static bool
is_fatal(int err)
{
	return err == ERR_FSYNC || err == ERR_DAMAGED;
}

/* It is not done, and neither is what must not get before it. */
static void
fail_job(struct store_job *job, int err)
{
	job->err = err;
	if (job->chain)
		*job->chain = err;
}

static void
roll_back(struct store *s, const struct db_numbers *before)
{
	db_reset(&s->db);
	if (!sqlite3_get_autocommit(s->db.sql))
		(void)sqlite3_exec(s->db.sql, "ROLLBACK", NULL, NULL, NULL);
	s->db.now = *before;
	db_forget_peer(&s->db);
}

/* One job of a transaction. 0: it is done, well or not (job->err), and the next one may follow. */
static int
run_job(struct store *s, struct store_job *job, bool alone)
{
	struct store_db *db = &s->db;
	struct db_numbers before = db->now;
	sqlite3_int64 changes = sqlite3_total_changes64(db->sql);
	if (job->chain && *job->chain) {
		job->err = *job->chain;
		return 0;
	}
	db->failed = 0;
	job->err = alone ? db_do(db, "SAVEPOINT job") : 0;
	if (!job->err)
		job->err = job->run(db, job);
	if (is_fatal(db->failed))
		return db->failed;
	if (db->failed && (!job->reads || sqlite3_get_autocommit(db->sql)))
		return db->failed;
	bool failed = job->err && job->err != DB_LATER;
	bool undo = failed && sqlite3_total_changes64(db->sql) != changes;
	if (undo && !alone)
		return AGAIN;
	if (failed) {
		db->now = before;
		fail_job(job, job->err);
	}
	if (!alone)
		return 0;
	if (undo)
		db_reset(db);
	int err = undo ? db_do(db, "ROLLBACK TO job") : 0;
	return err ? err : db_do(db, "RELEASE job");
}

/* What the store itself keeps, along with what the jobs wrote. */
static int
write_own(struct store *s)
{
	struct store_db *db = &s->db;
	uint64_t now = clock_now();
	int err = 0;
	if (db->now.deleted)
		err = db_meta_set(db, "last_n", db->now.last_n);
	if (err || (s->aged_at && now - s->aged_at < AGE_MS))
		return err;
	err = db_meta_set(db, "age", db_age(db));
	if (!err)
		err = db_meta_set(db, "age_at", clock_wall());
	if (!err)
		s->aged_at = now;
	return err;
}

/* The jobs in one transaction. reads: only those that change nothing. */
static int
run_all(struct store *s, struct list *jobs, bool reads, bool alone)
{
	struct store_db *db = &s->db;
	sqlite3_int64 changes = sqlite3_total_changes64(db->sql);
	int err = db_do(db, reads ? "BEGIN" : "BEGIN IMMEDIATE");
	LIST_FOREACH (node, jobs) {
		struct store_job *job = container_of(node, struct store_job, node);
		if (!err && (job->reads || !reads))
			err = run_job(s, job, alone);
	}
	db->failed = 0;
	if (!err && sqlite3_total_changes64(db->sql) != changes)
		err = write_own(s);
	db_reset(db);
	return err ? err : db_do(db, "COMMIT");
}

static int
run_batch(struct store *s, struct list *jobs, bool reads)
{
	struct db_numbers before = s->db.now;
	before.deleted = before.wipe = false;
	s->db.now = before;
	int err = run_all(s, jobs, reads, false);
	if (err == AGAIN) {
		roll_back(s, &before);
		err = run_all(s, jobs, reads, true);
	}
	if (err && !is_fatal(err))
		roll_back(s, &before);
	return err;
}

void
core_answer(struct store *s, struct store_job *job)
{
	list_remove(&job->node);
	list_insert(&s->answered, &job->node);
	s->answered_count++;
}

/* weather is told wherever its latest change stands among the answers */
static void
answer_weather(struct store *s)
{
	if (s->weather.node.next)
		s->answered_count--;
	core_answer(s, &s->weather);
}

/* tried: to write; failing: what that failed with, 0: it works. */
static void
answer(struct store *s, struct list *jobs, bool tried, int failing)
{
	uv_mutex_lock(&s->lock);
	if (tried && failing) {
		if (!s->failing) {
			s->troubles++;
			s->last_failure = failing;
			answer_weather(s);
		}
		s->failing = failing;
		s->retry_at = clock_now() + RETRY_MS;
	}
	LIST_FOREACH (node, jobs) {
		struct store_job *job = container_of(node, struct store_job, node);
		if (job->err != DB_LATER) {
			core_answer(s, job);
			continue;
		}
		list_remove(node);
		list_insert(&s->later, node);
	}
	if (tried && !failing) {
		s->db.behind = false;
		/* a job that went wrong in the middle has left the rest to us */
		s->left |= s->failing != 0;
	}
	if (tried && !failing && s->failing) {
		s->failing = 0;
		answer_weather(s);
	}
	uv_mutex_unlock(&s->lock);
	(void)uv_async_send(&s->async);
}

static void
set_fatal(struct store *s, int err)
{
	if (err == ERR_DAMAGED)
		aside_mark(s->path);
	/* nothing more is written, also not while closing */
	(void)sqlite3_db_config(s->db.sql, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
	uv_mutex_lock(&s->lock);
	s->fatal = s->doom.err = err;
	core_answer(s, &s->doom);
	uv_mutex_unlock(&s->lock);
	(void)uv_async_send(&s->async);
}

/* Empties the log, or copies what it can. It is not lost if that fails: the log stays. */
static int
checkpoint(struct store *s, bool wipe)
{
	int mode = wipe ? SQLITE_CHECKPOINT_TRUNCATE : SQLITE_CHECKPOINT_PASSIVE;
	errno = 0;
	int rc = sqlite3_wal_checkpoint_v2(s->db.sql, NULL, mode, NULL, NULL);
	int err = db_err(&s->db, rc);
	if (is_fatal(err))
		return err;
	if (err)
		log_warn(NULL, "the messages' log cannot be emptied: %s", err_str(err));
	s->clogged = err;
	if (!err)
		s->wal_pages = 0;
	return 0;
}

/* Writing failed: what only reads is done all the same, each on its own. 0 or a fatal error. */
static int
run_reads(struct store *s, struct list *jobs, int write_err)
{
	struct list one;
	int err = 0;
	list_init(&one);
	LIST_FOREACH (node, jobs) {
		struct store_job *job = container_of(node, struct store_job, node);
		if (!job->reads) {
			fail_job(job, write_err);
			continue;
		}
		/* it keeps its place: `node` stands in for it */
		struct list place;
		list_insert(&job->node, &place);
		list_remove(&job->node);
		list_insert(&one, &job->node);
		err = run_batch(s, &one, true);
		if (err)
			job->err = err;
		list_remove(&job->node);
		list_insert(&place, &job->node);
		list_remove(&place);
		if (is_fatal(err))
			return err;
	}
	return 0;
}

/* New events, to whom wants them. 0, or the error that ends the store. */
static int
tell(struct store *s)
{
	s->db.failed = 0;
	tail_tell(s);
	if (s->tail_due && !s->failing)
		s->retry_at = clock_now() + RETRY_MS;
	return is_fatal(s->db.failed) ? s->db.failed : 0;
}

/* A log that cannot be emptied would grow until it has filled the disk by itself, and then nothing
 * that others free would help: nothing is written until it has been emptied. 0, or a fatal error.
 */
static int
unclog(struct store *s)
{
	return s->clogged && clock_now() >= s->retry_at ? checkpoint(s, false) : 0;
}

/* 0, or the error that ends the store. */
static int
serve(struct store *s, struct list *jobs, bool writes)
{
	int err = writes ? unclog(s) : 0;
	if (err)
		return err;
	err = writes && s->clogged ? s->clogged : run_batch(s, jobs, !writes);
	int failing = writes ? err : 0;
	if (err && !is_fatal(err))
		err = run_reads(s, jobs, err);
	if (!err && s->db.now.wipe)
		err = checkpoint(s, true);
	if (err)
		return err;
	answer(s, jobs, writes, failing);
	err = tell(s);
	return !err && s->wal_pages >= CHECKPOINT_PAGES ? checkpoint(s, false) : err;
}

static int
run_probe(struct store_db *db, struct store_job *job)
{
	(void)job;
	return db_meta_set(db, "age_at", clock_wall());
}

static int
run_index(struct store_db *db, struct store_job *job)
{
	bool more;
	(void)job;
	return index_step(db, INDEX_ROWS, &more);
}

static int
run_reindex(struct store_db *db, struct store_job *job)
{
	(void)job;
	return index_reset(db);
}

static int
run_forget(struct store_db *db, struct store_job *job)
{
	int64_t count;
	bool done;
	int err = forget_step(db, &done, &count);
	(void)job;
	return err || done ? err : DB_LATER;
}

/* Something that nobody asked for, in a transaction of its own. 0, or the error that ends the
 * store; *result: what became of it. */
static int
serve_self(struct store *s, int (*run)(struct store_db *db, struct store_job *job), int *result)
{
	struct store_job job = {.run = run};
	struct list jobs;
	list_init(&jobs);
	list_insert(&jobs, &job.node);
	int err = run_batch(s, &jobs, false);
	list_remove(&job.node);
	*result = err ? err : job.err;
	if (is_fatal(err))
		return err;
	if (!err && s->db.now.wipe)
		err = checkpoint(s, true);
	if (is_fatal(err))
		return err;
	answer(s, &jobs, true, err);
	return s->wal_pages >= CHECKPOINT_PAGES ? checkpoint(s, false) : 0;
}

/* Whether writing works again. */
static int
probe(struct store *s)
{
	int result, err = unclog(s);
	if (err)
		return err;
	if (!s->clogged)
		return serve_self(s, run_probe, &result);
	uv_mutex_lock(&s->lock);
	s->retry_at = clock_now() + RETRY_MS;
	uv_mutex_unlock(&s->lock);
	return 0;
}

static int64_t
backlog(const struct store *s)
{
	return index_wanted(&s->db) ? s->db.now.last_n - s->db.now.indexed : 0;
}

/* What is to be done when nothing is asked for. */
static bool
is_behind(const struct store *s)
{
	return !s->failing && !s->clogged && (s->left || backlog(s) >= BACKLOG_IDLE);
}

/* A step of what was put off, if it is time for that. idle: nothing was asked for IDLE_MS. */
static int
catch_up(struct store *s, bool idle)
{
	int result = 0, err = 0;
	bool wanted = s->db.wanted;
	s->db.wanted = false;
	if (s->failing || s->clogged) {
		s->db.behind = true;
		return 0;
	}
	if (s->db.misindexed) {
		log_warn(NULL, "the index of words is damaged, and made anew");
		err = serve_self(s, run_reindex, &result);
		s->db.misindexed = false;
		s->db.behind |= result != 0;
	} else if (wanted || backlog(s) >= BACKLOG_MAX || (idle && backlog(s) >= BACKLOG_IDLE)) {
		err = serve_self(s, run_index, &result);
		/* a search does without it then, until something could be written again */
		s->db.behind |= result != 0;
	} else if (s->left && (idle || !list_empty(&s->later))) {
		err = serve_self(s, run_forget, &result);
		s->left = result == DB_LATER;
		if (!err)
			err = tell(s);
	}
	return err;
}

static bool
is_asked(const struct store *s)
{
	return !list_empty(&s->asked) || !list_empty(&s->hurried) || !list_empty(&s->later) ||
	       s->quit;
}

/* Sleeps until there is something to do. */
static void
sleep_locked(struct store *s)
{
	uint64_t idle_at = clock_now() + (s->idle ? 0 : IDLE_MS);
	s->idle = false;
	while (!is_asked(s)) {
		uint64_t now = clock_now(), until = NEVER;
		bool retry = s->failing || s->tail_due;
		if (retry)
			until = s->retry_at;
		else if (is_behind(s))
			until = idle_at;
		s->idle = !retry && now >= until;
		if (!list_empty(&s->patient) && s->patient_at < until)
			until = s->patient_at;
		if (now >= until)
			break;
		s->sleeping = true;
		if (until == NEVER)
			uv_cond_wait(&s->wake, &s->lock);
		else
			(void)uv_cond_timedwait(&s->wake, &s->lock, (until - now) * NS_PER_MS);
		s->sleeping = false;
	}
}

static void
take_from(struct list *from, int count, struct list *jobs, bool *writes)
{
	while (count-- > 0 && !list_empty(from)) {
		struct store_job *job = container_of(from->next, struct store_job, node);
		list_remove(&job->node);
		list_insert(jobs, &job->node);
		*writes |= !job->reads;
	}
}

/* Waits for something to do. False: for nothing any more. */
static bool
take(struct store *s, struct list *jobs, bool *writes)
{
	*writes = false;
	uv_mutex_lock(&s->lock);
	sleep_locked(s);
	/* before what came later: who has read a message has got it, and those before it */
	take_from(&s->patient, HURRIED_MAX, jobs, writes);
	take_from(&s->hurried, HURRIED_MAX, jobs, writes);
	take_from(&s->later, HURRIED_MAX, jobs, writes);
	take_from(&s->asked, ASKED_MAX, jobs, writes);
	bool more = !list_empty(jobs) || !s->quit;
	if (s->watch && !s->watching)
		s->told_n = s->db.now.last_n;
	s->watching = s->watch;
	uv_mutex_unlock(&s->lock);
	return more;
}

static int
on_wal(void *ctx, sqlite3 *sql, const char *name, int pages)
{
	struct store *s = ctx;
	(void)sql, (void)name;
	s->wal_pages = pages;
	return SQLITE_OK;
}

/* Nothing is left to do. The age is kept as it was at the end; should that fail, little is lost. */
static void
finish(struct store *s)
{
	uv_mutex_lock(&s->lock);
	while (!s->quit)
		uv_cond_wait(&s->wake, &s->lock);
	uv_mutex_unlock(&s->lock);
	if (!s->fatal) {
		int err = db_meta_set(&s->db, "age", db_age(&s->db));
		if (!err)
			err = db_meta_set(&s->db, "age_at", clock_wall());
		if (err)
			log_warn(NULL, "the store's age cannot be kept: %s", err_str(err));
	}
	db_finish(&s->db);
	uv_mutex_lock(&s->lock);
	s->finished = true;
	(void)uv_async_send(&s->async);
	uv_mutex_unlock(&s->lock);
}

void
thread_main(void *arg)
{
	struct store *s = arg;
	int err = 0;
	bool writes;
	(void)sqlite3_wal_hook(s->db.sql, on_wal, s);
	list_init(&s->later);
	/* the log may hold what was forgotten when we died */
	err = checkpoint(s, true);
	if (!err)
		err = forget_left(&s->db, &s->left);
	err = is_fatal(err) ? err : 0;
	while (!err) {
		struct list jobs;
		list_init(&jobs);
		if (!take(s, &jobs, &writes))
			break;
		if (!list_empty(&jobs))
			err = serve(s, &jobs, writes);
		if (!err)
			err = catch_up(s, s->idle);
		if (!err && s->failing && clock_now() >= s->retry_at)
			err = probe(s);
		if (!err && s->tail_due && clock_now() >= s->retry_at)
			err = tell(s);
	}
	if (err)
		set_fatal(s, err);
	finish(s);
}
