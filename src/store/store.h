/* What is promised to last: messages, the outbox, the log of events, in one SQLite file. All of it
 * happens in a thread of its own: whatever is queued when it wakes up goes into one transaction,
 * and is answered on the loop thread once that is on disk (WAL, synchronous=FULL). Everything that
 * is asked is done and answered in the order in which it was asked, but for this: what the outbox
 * and streams wait for (states, marks, loads, messages that arrive) does not wait behind the calls
 * of front ends.
 *
 * Knows nothing of streams, people or sockets. SQLite is only here. Functions: loop thread, unless
 * said otherwise.
 *
 * When the disk does not take it (full, read-only): every job that needs it fails with that
 * reason, nothing of it is done, and the store tries by itself until writing works again. A failed
 * fsync, and a file found damaged while it is used, end the store: on_fatal, and nothing is
 * answered any more, for nobody can know what is on disk. */
#ifndef STORE_STORE_H
#define STORE_STORE_H

#include "base/compiler.h"
#include "base/list.h"

#include <stdbool.h>
#include <stdint.h>
#include <uv.h>

struct store;
struct store_db;
struct store_event;

/* One thing to do. Embedded as `job` in the requests of message.h, history.h and log.h; those are
 * the caller's memory, text in them is borrowed until the answer. */
struct store_job {
	struct list node;
	/* The store's own. Inside the transaction, on the store's thread; perhaps twice. */
	int (*run)(struct store_db *db, struct store_job *job);
	bool reads; /* it changes nothing: a full disk does not matter */
	bool late;  /* nobody waits for it: it may wait some ms for others to be committed with */
	bool first; /* somebody is kept waiting on the network: before what front ends ask for */
	bool fence; /* all asked before it is done before it, all asked later after it */
	int err;
	/* The caller's, may be NULL. Of jobs that share one none is done after one that was not:
	 * it fails with what that failed with. 0 at first, and made 0 again by the caller once all
	 * of them are answered. */
	int *chain;
	/* The caller's: exactly once, from the loop; 0 after the commit, or why it was not done.
	 * May be NULL. It may free the request and ask for more. */
	void (*done)(void *ctx, struct store_job *job, int err);
	void *ctx;
};

struct store_listener {
	/* Writing fails since now, with err; told once. */
	void (*on_trouble)(void *ctx, int err);
	/* It works again. Jobs asked for before that was known have all been answered; those asked
	 * for since are done, unless there is new trouble. */
	void (*on_recovered)(void *ctx);
	/* Last call but the process must end now: a commit may or may not be on disk. */
	void (*on_fatal)(void *ctx, int err);
	/* New entries of the log, in order, after the answers of the transaction that made them;
	 * borrowed. Only what store_watch() asks for. */
	void (*on_events)(void *ctx, const struct store_event *events, size_t count);
};

/* What happened while the file was opened, for people; all empty if nothing did. */
struct store_report {
	char moved_to[512]; /* the damaged file now has this name; a new one was begun */
};

/* Opens or makes the file and brings it to the newest schema. Blocks (no more than some ms; longer
 * for a migration). path is absolute, its folder exists. 0; ERR_NEWER: a newer Earshot wrote it,
 * nothing was touched; -EADDRINUSE: another process has it; -ENOSPC, -EACCES, ... */
int store_open(const char *path, uv_loop_t *loop, const struct store_listener *l, void *ctx,
    struct store_report *report, struct store **out) MUST_USE;
/* Everything asked for is done and answered, then the file is closed, then done(ctx) is called.
 * Nothing may be asked after. Accepts NULL (done is called at once). */
void store_close(struct store *s, void (*done)(void *ctx), void *ctx);

/* For the requests' own functions. Never fails: what is wrong is the answer. */
void store_submit(struct store *s, struct store_job *job);

/* What on_events is to tell: nothing at first. */
enum store_watch {
	STORE_WATCH_IN = 1,     /* messages that arrive */
	STORE_WATCH_OUT = 2,    /* messages of ours */
	STORE_WATCH_EVENTS = 4, /* what happens to either */
	STORE_WATCH_ALL = 7,
};
void store_watch(struct store *s, unsigned what);

/* The error writing fails with at present, 0: it works. */
int store_trouble(const struct store *s);

/* ms that this store has been in use, on all days together, whatever the wall clock says (a gap
 * between two runs counts as a day at most): lifetimes are counted on it. */
int64_t store_age(const struct store *s);

#endif
