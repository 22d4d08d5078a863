/* The store itself: what its two threads share. The loop's side is store.c, the store's own thread
 * thread.c. */
#ifndef STORE_CORE_H
#define STORE_CORE_H

#include "store/db.h"
#include "store/open.h"
#include "store/store.h"

struct store {
	/* Loop thread. */
	uv_loop_t *loop;                /* borrowed */
	const struct store_listener *l; /* borrowed */
	void *ctx;
	uint64_t submitted, replied; /* jobs so far */
	uint64_t recover_at;         /* on_recovered is due when so many are answered */
	int trouble;                 /* as told to the listener */
	unsigned told;               /* of `troubles` */
	bool ended;                  /* on_fatal was called: nothing is answered any more */
	bool closing;
	void (*on_closed)(void *ctx);
	void *closed_ctx;
	struct list given;  /* of store_job.node: submitted in this turn of the loop */
	uv_prepare_t hands; /* ... at whose end the thread gets them */
	int handles;        /* initialised and not yet closed */

	uv_async_t async; /* the thread has something for the loop */
	uv_thread_t thread;
	uv_mutex_t lock;
	uv_cond_t wake;

	/* Both, under the lock. */
	struct list asked;    /* of store_job.node */
	struct list hurried;  /* the same, those that come first */
	struct list patient;  /* the same, those that wait for others, or until ... */
	uint64_t patient_at;  /* ... clock_now() is this */
	struct list answered; /* the same, and notices of the thread's among them */
	size_t answered_count;
	unsigned watch;    /* enum store_watch */
	bool quit;         /* the loop has all its answers: end */
	bool finished;     /* the thread is at its end */
	bool sleeping;     /* the thread waits for `wake` */
	int failing;       /* writing fails with this at present */
	unsigned troubles; /* how often that began */
	int last_failure;
	int fatal;

	/* Jobs of the thread's own, answered to the loop: they keep their place among the answers.
	 */
	struct store_job weather; /* `failing` has changed */
	struct store_job doom;    /* `fatal` was set */

	/* Store thread. */
	struct store_db db;
	struct list later; /* jobs that are not done yet */
	bool idle;         /* nothing was asked for a while, and something was put off */
	bool left;         /* something is perhaps half forgotten */
	int wal_pages;     /* in the write-ahead log after the latest commit */
	int clogged;      /* why the log could not be emptied; 0: it could. It must not grow then */
	uint64_t aged_at; /* clock_now() when the age was last written */
	uint64_t retry_at; /* clock_now() when what failed is to be tried again */
	unsigned watching; /* `watch` as it was when the latest batch began */
	bool tail_due;     /* not all events could be told */
	int64_t told_n;    /* events up to this number were told */
	char path[PATH_MAX];
};

/* The thread's main function; arg is the store. */
void thread_main(void *arg);

/* Runs on the store's thread: puts something among the answers. The lock must be held. */
void core_answer(struct store *s, struct store_job *job);

/* Tells the loop what was committed since it was last told (tail.c). */
void tail_tell(struct store *s);
/* On the loop's thread: to the listener, if it still wants them. */
void core_tell_events(struct store *s, const struct store_event *events, size_t count);

#endif
