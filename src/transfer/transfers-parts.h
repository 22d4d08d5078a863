/* What the files of the manager (transfers.h) share. Loop thread only.
 *
 *   transfers.c         who is there, time, turns, the bus, the end
 *   transfers_load.c    what was kept, at the start
 *   transfers_keep.c    the store
 *   transfers_work.c    what goes on in threads
 *   transfers_ops.c     what the engine wants done (struct job_ops)
 *   transfers_report.c  what methods report
 *   transfers_admit.c   who may offer what, and what is accepted without asking
 *   files.c             the methods of the local socket; files_describe.c its events */
#ifndef TRANSFER_TRANSFERS_PARTS_H
#define TRANSFER_TRANSFERS_PARTS_H

#include "peer/policy.h"
#include "store/transfer.h"
#include "tls/key.h"
#include "transfer/carrier.h"
#include "transfer/pump.h"
#include "transfer/rate.h"
#include "transfer/transfers.h"
#include "wire/value.h"

#include <uv.h>

struct source_summary;

struct bus_event;

/* All of them; roster.transfers. */
struct transfers {
	struct roster *roster;                        /* borrowed */
	struct porter *porter;                        /* borrowed; NULL: none */
	const struct transfer_method *const *methods; /* borrowed */
	struct policy_files policy;
	struct rate rate;
	struct list all; /* struct transfer */
	size_t count;
	struct list rules;        /* struct rule */
	struct list clearing;     /* struct transfer.clearing: one after the other */
	struct carrier *sweeping; /* borrowed; the first thing done */
	bool swept;               /* before that nothing is opened */
	unsigned turns;           /* that are taken */
	bool turn_free;           /* one has become: who waits is to be told */
	unsigned threads;         /* that run */
	bool closing;
	uv_timer_t timer;
	uint64_t timer_due; /* JOB_NEVER: it does not run */
};

/* Whose files are accepted without asking. */
struct rule {
	struct list node;
	struct person *person; /* borrowed */
	struct tls_id key;     /* theirs, when it was made */
	uint64_t size, daily;  /* bytes */
};

/* What goes on in a thread for a transfer. */
enum work_kind { WORK_PREPARE, WORK_OPEN, WORK_SEND, WORK_RECEIVE, WORK_PLACE, WORK_CLEAR };

struct waiting_call {
	struct list node;
	struct ipc_call *call;
};

/* ---- transfers.c ---- */

/* One that is in nobody's list yet, with a new token. NULL: no memory. */
struct transfer *transfer_create(struct transfers *all, struct person *p, bool outgoing);
void transfer_link_in(struct transfer *t);
/* Out of the list; freed when nothing goes on. */
void transfer_drop(struct transfer *t);
void transfer_let_go(struct transfer *t); /* ... which may be now */
struct transfer *transfers_numbered(const struct transfers *all, int64_t number);
void transfer_wake_at(struct transfer *t, uint64_t when);
/* The engine is told of the person, and begins. */
void transfer_begin(struct transfer *t);
/* So many days from now on, as something got on. */
void transfer_renew(struct transfer *t);
void transfers_turn_freed(struct transfers *all);
/* One thread has ended: the daemon may wait for it. */
void transfers_thread_ended(struct transfers *all);
size_t transfers_unfinished(const struct transfers *all);
/* For tests: other methods than transfer_methods. */
void transfers_set_methods(struct transfers *all, const struct transfer_method *const *methods);
int transfers_start(struct roster *r) MUST_USE;

/* ---- transfers_load.c ---- */

int transfers_load(struct transfers *all) MUST_USE;
/* Beneath the state folder: "transfers/ID.tree", "spool/ID". NULL: no memory. */
char *transfer_tree_path(const struct transfer *t);
char *transfer_spool_path(const char *name);

/* ---- transfers_keep.c ---- */

/* Adds it to the store; OUT: the call is answered then. */
int transfer_add(struct transfer *t, struct ipc_call *call) MUST_USE;
void transfer_keep(struct transfer *t);
void transfer_keep_reached(struct transfer *t);
void transfer_keep_thumbnail(struct transfer *t);
void transfers_recovered(struct transfers *all);
/* Answered with FILE as soon as all is kept. */
void transfer_answer_later(struct transfer *t, struct ipc_call *call);
void transfer_answer_calls(struct transfer *t, int err);

/* ---- transfers_work.c ---- */

void work_begin(struct transfer *t, enum work_kind kind, bool from_start);
void work_stop(struct transfer *t);
/* It has moved next to nothing for a while: bytes that trickle keep a turn as a file does. */
bool work_crawls(struct transfer *t, uint64_t now);
/* What came of it is removed, by and by. */
void work_clear(struct transfer *t);
void work_close_sink(struct transfer *t);
/* No attempt is made for a while: not all can stay open. */
void work_rests(struct transfer *t);

/* ---- transfers_ops.c ---- */

extern const struct job_ops transfer_job_ops; /* ctx: struct transfer */

/* ---- transfers_report.c ---- */

void transfer_take_reports(struct transfer *t); /* those that had to wait */
void transfer_drop_reports(struct transfer *t);
/* The connection of an attempt that is over. */
void transfer_drop_stale_link(struct transfer *t);
/* A thread could not even be begun. */
void transfer_work_failed(struct transfer *t, enum work_kind kind);

/* ---- transfers_admit.c ---- */

struct rule *transfers_rule(const struct transfers *all, const struct person *p);
/* size 0: off. 0 or -ENOMEM. */
int
transfers_set_rule(struct transfers *all, struct person *p, uint64_t size, uint64_t daily) MUST_USE;
void transfers_rules_moved(struct transfers *all, const struct person *from, struct person *to);
/* May it be accepted without asking? */
bool transfer_is_welcome(const struct transfer *t);
/* Why nothing may be offered by them: 0 or an error of transfers_offered(). */
int transfers_may_offer(const struct transfers *all, struct person *p) MUST_USE;

/* ---- files_describe.c ---- */

struct value *file_describe(const struct transfer *t); /* docs/ipc.md FILE */
/* What is not sent of a folder, if it has just been looked through. */
void file_set_left_out(struct transfer *t, const struct source_summary *s);
void file_publish(struct transfer *t); /* if it is not as it was told last */
void file_publish_progress(struct transfer *t);
const char *file_state_name(enum job_state state);

#endif
