/* One transfer, seen from one side: decides what is offered, accepted, carried, ended and kept,
 * when, and when once more, over pauses, lost connections and crashes on either side. A state
 * machine without I/O: events change what is known, job_tick() compares that with what is going on
 * and does what has to be done. Knows no protocol, no stream, no file, no store and no clock.
 * Allocates nothing, so nothing here can run out of memory. Loop thread only. Times: ms of
 * clock_now().
 *
 * Whoever sends begins every attempt: it offers, the receiver accepts from the byte it has got to,
 * bytes flow, and the receiver confirms once the file has its name. What was accepted once is
 * accepted again without asking. A receiver that wants to go on says so (ready), and is offered it
 * again. An attempt that ends without a decision of either human is followed by another, at once
 * when the person comes back, else after pauses that double from 1 s to a minute.
 *
 * What was decided counts once the store has it: what cannot be taken back (a receiver confirms,
 * the source is let go, what was received is thrown away) waits for job_kept(). */
#ifndef TRANSFER_JOB_H
#define TRANSFER_JOB_H

#include "base/compiler.h"
#include "base/limits.h"
#include "transfer/method.h"

#include <stdbool.h>
#include <stdint.h>

#define JOB_NEVER UINT64_MAX /* a time that does not come */

/* What people are shown. The numbers are part of the store's file format. */
enum job_state {
	JOB_PREPARING, /* OUT: what is in the folder is being listed */
	JOB_OFFERED,   /* a human has to say yes: OUT theirs, IN ours */
	JOB_WAITING,   /* for the other side, for a turn, for the next attempt */
	JOB_ACTIVE,
	JOB_PAUSED,
	JOB_VERIFYING, /* all bytes are there: compared, named, confirmed */
	JOB_DONE,      /* from here on final */
	JOB_DECLINED,
	JOB_CANCELLED,
	JOB_FAILED,
	JOB_EXPIRED,
};

/* How far the attempt is. */
enum job_phase {
	JOB_IDLE,
	JOB_ASKED,   /* an offer is out, or here, and not answered */
	JOB_OPENING, /* IN: accepted by us; what there is of it is being looked at */
	JOB_AGREED,  /* from which byte on is settled: they connect */
	JOB_LINKED,  /* they have */
	JOB_MOVING,
	JOB_MOVED,   /* all is through: OUT waits to be confirmed, IN for the sender's checksum */
	JOB_PLACING, /* IN: it gets its name, whatever becomes of the session */
};

/* How a piece of work ended. */
enum job_outcome {
	JOB_OK,
	JOB_LOST,    /* the connection failed, or we stopped it: another attempt */
	JOB_DIFFERS, /* OUT: what they have is not how it begins */
	JOB_BROKEN,  /* for good: the disk, the source, bytes that make no sense */
};

enum job_check {
	JOB_UNCHECKED, /* the sender's checksum is not known yet */
	JOB_EQUAL,
	JOB_UNEQUAL,
};

/* Never called but from inside job_tick(), and must not call a job_*() function: what follows from
 * an action is told by an event of a later turn of the loop. Where an int is returned, an error
 * means that the attempt failed.
 *
 * prepare, open, carry and place begin work that takes time; there is never more than one piece of
 * it, and each is answered exactly once. */
struct job_ops {
	void (*prepare)(void *ctx); /* OUT: list the folder. -> job_prepared() */
	/* IN: make ready to write, and see how much there is already; from_start: that is thrown
	 * away. -> job_opened() */
	void (*open)(void *ctx, bool from_start);
	void (*carry)(void *ctx); /* -> job_carried() */
	void (*place)(void *ctx); /* IN: give it its name. -> job_placed() */
	void (*stop)(void *ctx);  /* the work there is: it is answered all the same, soon */

	/* The method's; see there. */
	int (*offer)(void *ctx);
	int (*accept)(void *ctx);
	void (*decline)(void *ctx);
	int (*ready)(void *ctx);
	int (*checksum)(void *ctx);
	void (*end)(void *ctx, enum transfer_end why, const char *text);

	enum job_check (*check)(void *ctx); /* IN: what came, against the sender's checksum */
	void (*want_link)(void *ctx);       /* dial: -> job_link() or job_unreachable() */
	/* One of the few turns there are. False: none is free, -> job_turn() once one may be. */
	bool (*take_turn)(void *ctx);
	void (*yield_turn)(void *ctx);
	void (*keep)(void *ctx); /* what is kept has changed: write it down. -> job_kept() */
	void (*over)(void *ctx); /* nothing more happens, and all is kept: clean up */
	/* Call job_tick() then, and not at the time said before; JOB_NEVER: not at all. */
	void (*wake_at)(void *ctx, uint64_t when);
};

/* What is kept over restarts. */
struct job_kept {
	enum job_state state;
	bool prepared; /* OUT: it is known what is sent */
	bool accepted; /* by the receiver */
	bool told;     /* the other side may believe that it is to come */
	bool paused_us, paused_them;
	bool from_start;               /* IN: what there is of it is of no use */
	char reason[LIMIT_REASON + 1]; /* of the end, or of the latest trouble; for people */
};

struct job {
	const struct job_ops *ops; /* borrowed */
	void *ctx;
	bool outgoing;
	struct job_kept is;
	uint64_t expires_at; /* the owner's: set it before job_start() and whenever it changes */
	bool once;           /* likewise: the method knows no way to go on (method.h) */

	/* The job's own from here. */
	struct job_kept was; /* as it was given to keep() */
	bool keeping;        /* job_kept() is due */
	enum job_phase phase;
	bool session; /* the method has one */
	bool ending;  /* ... which is to be ended, for this reason: */
	enum transfer_end why;
	bool declining;  /* ... by declining it */
	bool news;       /* what was decided is to be told, and no session does it */
	bool ask;        /* once on a new stream, though paused: their last word may be lost */
	bool here, link; /* may be dialled; a stream is there */
	bool dialling;   /* want_link() was called, and nothing came of it yet */
	bool working, stopping; /* see struct job_ops; told to stop */
	bool turn, turn_wanted; /* has one of the few; was told that there is none */
	bool fresh;             /* what the phase begins with is not done yet */
	bool over;              /* over() was called, in this run or an earlier one */
	unsigned attempts;      /* in a row that brought nothing */
	uint64_t progress_at;   /* MOVING: when bytes went through last */
	uint64_t retry_at;      /* no attempt before */
	uint64_t deadline;      /* of the phase; JOB_NEVER: none */
	uint64_t randomness;    /* never 0 */
	uint64_t woken_for;     /* what wake_at() was told */
};

/* seed: any number, different for each. `is` and expires_at are set by the owner after this, from
 * what was kept (zeroed: new; an OUT that is a file is prepared), then job_start(). */
void job_init(struct job *j, const struct job_ops *ops, void *ctx, bool outgoing, uint64_t seed);
void job_start(struct job *j, uint64_t now);

/* Of the person. */
void job_presence(struct job *j, uint64_t now, bool here); /* may be dialled */
void job_link(struct job *j, uint64_t now, bool up);
void job_unreachable(struct job *j, uint64_t now);

/* Of work. text: for people, with JOB_BROKEN and JOB_LOST; NULL: none. */
void job_prepared(struct job *j, uint64_t now, enum job_outcome how, const char *text);
void job_opened(struct job *j, uint64_t now, enum job_outcome how, const char *text);
void job_carried(struct job *j, uint64_t now, enum job_outcome how, const char *text);
void job_placed(struct job *j, uint64_t now, enum job_outcome how, const char *text);
/* Bytes have gone through: the next attempt is worth a try. */
void job_progress(struct job *j, uint64_t now);

/* Of the other side, by the method. Text of theirs is cut to LIMIT_REASON bytes. */
void job_offered(struct job *j, uint64_t now); /* IN: for the first time or again */
void job_accepted(struct job *j, uint64_t now);
void job_declined(struct job *j, uint64_t now, const char *text);
/* False: nothing is to come, the caller closes it. */
bool job_connected(struct job *j, uint64_t now) MUST_USE;
void job_ended(struct job *j, uint64_t now, enum transfer_end why, const char *text);
void job_ready(struct job *j, uint64_t now);     /* OUT: they would go on */
void job_checksum(struct job *j, uint64_t now);  /* IN: check() may know more */
void job_confirmed(struct job *j, uint64_t now); /* OUT */

/* Of our human. False: it is too late for that, or makes no sense. */
bool job_accept(struct job *j, uint64_t now) MUST_USE;
bool job_decline(struct job *j, uint64_t now) MUST_USE;
bool job_pause(struct job *j, uint64_t now) MUST_USE;
bool job_resume(struct job *j, uint64_t now) MUST_USE;
bool job_cancel(struct job *j, uint64_t now) MUST_USE;

/* Of the owner. */
void job_fail(struct job *j, uint64_t now, const char *text); /* for good; they are told */
void job_turn(struct job *j, uint64_t now);                   /* one may be free */
void job_kept(struct job *j, uint64_t now);

bool job_is_final(const struct job *j);
/* Final, and nothing is left to be done or told: it may be forgotten. */
bool job_is_settled(const struct job *j);

void job_tick(struct job *j, uint64_t now);

#endif
