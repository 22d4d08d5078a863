#include "transfer/job-parts.h"

#include "base/tr.h"
#include "base/utf8.h"

#include <string.h>

enum {                    /* ms */
	RETRY_MIN = 1000, /* between two attempts, doubled each time ... */
	RETRY_MAX = 60000,
	RETRY_DOUBLES = 6,
	STALLED = 3000,     /* without a byte, when a new stream shows that there is a way again */
	READY_AFTER = 2000, /* of a new stream: by then the sender has offered by itself */
	AGREED_PATIENCE = 60000, /* to connect */
	CHECKSUM_PATIENCE = 60000,
	PLACED_PATIENCE = 600000, /* for the other side to write all of it to its disk */
};

/* ---- what is known of it ---- */

bool
job_is_final(const struct job *j)
{
	return j->is.state >= JOB_DONE;
}

bool
job_is_settled(const struct job *j)
{
	return job_is_final(j) && j->over && !j->working && !j->keeping && !j->ending &&
	       !j->declining && !j->news;
}

bool
job_is_paused(const struct job *j)
{
	return j->is.paused_us || j->is.paused_them;
}

bool
job_same(const struct job_kept *a, const struct job_kept *b)
{
	return a->state == b->state && a->prepared == b->prepared && a->accepted == b->accepted &&
	       a->told == b->told && a->paused_us == b->paused_us &&
	       a->paused_them == b->paused_them && a->from_start == b->from_start &&
	       strcmp(a->reason, b->reason) == 0;
}

static void
set_reason(struct job *j, const char *text)
{
	size_t len = text ? utf8_cut(text, strlen(text), LIMIT_REASON) : 0;
	memcpy(j->is.reason, text ? text : "", len);
	j->is.reason[len] = '\0';
}

/* As people see it. */
enum job_state
job_look(const struct job *j)
{
	if (job_is_final(j))
		return j->is.state;
	if (j->phase >= JOB_MOVED)
		return JOB_VERIFYING;
	if (!j->outgoing && !j->is.accepted)
		return JOB_OFFERED;
	if (job_is_paused(j))
		return JOB_PAUSED;
	if (j->outgoing && !j->is.prepared)
		return JOB_PREPARING;
	if (j->phase == JOB_LINKED || j->phase == JOB_MOVING)
		return JOB_ACTIVE;
	return !j->is.accepted && j->is.told ? JOB_OFFERED : JOB_WAITING;
}

/* ---- attempts ---- */

/* xorshift64: even enough for this. */
static uint64_t
jitter(struct job *j, uint64_t below)
{
	j->randomness ^= j->randomness << 13;
	j->randomness ^= j->randomness >> 7;
	j->randomness ^= j->randomness << 17;
	return j->randomness % below;
}

void
job_retry_later(struct job *j, uint64_t now)
{
	uint64_t pause = (uint64_t)RETRY_MIN << j->attempts;
	if (pause > RETRY_MAX)
		pause = RETRY_MAX;
	j->attempts += j->attempts < RETRY_DOUBLES;
	j->retry_at = now + pause + jitter(j, pause / 4 + 1);
}

static void
retry_now(struct job *j, uint64_t now)
{
	j->attempts = 0;
	j->retry_at = now;
}

void
job_enter(struct job *j, enum job_phase phase, uint64_t deadline)
{
	j->phase = phase;
	j->fresh = true;
	j->deadline = deadline;
}

/* The attempt is over. What is compared already gets its name all the same. */
static void
leave(struct job *j)
{
	if (j->phase != JOB_PLACING)
		job_enter(j, JOB_IDLE, JOB_NEVER);
}

void
job_end_session(struct job *j, enum transfer_end why)
{
	if (j->session) {
		j->ending = true;
		j->why = why;
	}
	j->session = false;
	leave(j);
}

/* With a method that knows no way to go on: what they offered, and what was agreed upon. */
static bool
is_only_chance(const struct job *j)
{
	return j->once && (!j->outgoing || j->is.accepted);
}

static void
lose(struct job *j, bool ours, const char *text)
{
	static const char lost[] = TR("the connection was lost, or they ended it; their program "
				      "cannot go on from there");
	job_finish(j, JOB_FAILED, ours, text ? text : lost);
}

void
job_attempt_failed(struct job *j, uint64_t now, const char *text)
{
	/* they had all of it before they fell silent */
	if (j->once && j->outgoing && j->phase == JOB_MOVED) {
		job_finish(j, JOB_DONE, true, NULL);
		return;
	}
	if (is_only_chance(j) && j->phase != JOB_PLACING) {
		lose(j, true, text);
		return;
	}
	if (text)
		set_reason(j, text);
	job_end_session(j, TRANSFER_END_LOST);
	job_retry_later(j, now);
}

enum transfer_end
job_why_of(enum job_state state)
{
	return state == JOB_DONE     ? TRANSFER_END_DONE
	       : state == JOB_FAILED ? TRANSFER_END_FAILED
				     : TRANSFER_END_CANCEL;
}

/* For good. ours: the other side has to be told. */
void
job_finish(struct job *j, enum job_state state, bool ours, const char *text)
{
	if (j->phase == JOB_PLACING)
		j->phase = JOB_IDLE;
	j->news = ours && j->is.told && !j->session && state != JOB_EXPIRED && state != JOB_DONE &&
		  !j->once;
	j->declining = ours && j->session && state == JOB_DECLINED;
	if (ours && !j->declining)
		job_end_session(j, job_why_of(state));
	j->session = false;
	leave(j);
	j->is.told = j->news;
	j->is.state = state;
	j->is.paused_us = j->is.paused_them = false;
	set_reason(j, text);
}

/* ---- life ---- */

static void
due(struct job *j, uint64_t now)
{
	if (j->woken_for <= now)
		return;
	j->woken_for = now;
	j->ops->wake_at(j->ctx, now);
}

void
job_init(struct job *j, const struct job_ops *ops, void *ctx, bool outgoing, uint64_t seed)
{
	*j = (struct job){
	    .ops = ops,
	    .ctx = ctx,
	    .outgoing = outgoing,
	    .expires_at = JOB_NEVER,
	    .deadline = JOB_NEVER,
	    .randomness = seed ? seed : 1,
	    .woken_for = JOB_NEVER,
	};
}

void
job_start(struct job *j, uint64_t now)
{
	j->was = j->is;
	j->over = job_is_final(j);
	j->news = j->is.told && job_is_final(j) && !j->once;
	if (is_only_chance(j) && !job_is_final(j) && !j->session)
		lose(j, false, TR("the daemon ended meanwhile, and their program cannot go on"));
	j->retry_at = now;
	due(j, now);
}

/* ---- of the person ---- */

void
job_presence(struct job *j, uint64_t now, bool here)
{
	if (here && !j->here)
		retry_now(j, now);
	j->here = here;
	due(j, now);
}

void
job_link(struct job *j, uint64_t now, bool up)
{
	if (up == j->link && !(up && j->dialling))
		return;
	j->dialling = false;
	if (up && !j->link) {
		j->retry_at = j->outgoing ? now : now + READY_AFTER;
		j->ask = true;
	}
	if (!up)
		j->ask = false;
	/* what was said of it may not have been heard; bytes may go their own way */
	if (!up && j->link && j->session && j->phase != JOB_LINKED && j->phase != JOB_MOVING)
		job_attempt_failed(j, now, NULL);
	/* what they were connected by died with the old stream, and nobody has noticed yet */
	if (up && !j->link && j->phase == JOB_MOVING && now >= j->progress_at + STALLED) {
		job_attempt_failed(j, now, NULL);
		j->retry_at = now;
	}
	j->link = up;
	due(j, now);
}

void
job_unreachable(struct job *j, uint64_t now)
{
	if (!j->dialling)
		return;
	j->dialling = false;
	job_retry_later(j, now);
	due(j, now);
}

/* ---- of work ---- */

/* True: what it was for is still wanted. */
static bool
work_ends(struct job *j, uint64_t now)
{
	bool wanted = !j->stopping && !job_is_final(j);
	j->working = j->stopping = false;
	due(j, now);
	return wanted;
}

void
job_prepared(struct job *j, uint64_t now, enum job_outcome how, const char *text)
{
	if (!work_ends(j, now))
		return;
	if (how == JOB_OK)
		j->is.prepared = true;
	else if (how == JOB_LOST)
		job_retry_later(j, now);
	else
		job_finish(j, JOB_FAILED, true, text);
}

void
job_opened(struct job *j, uint64_t now, enum job_outcome how, const char *text)
{
	if (!work_ends(j, now) || j->phase != JOB_OPENING)
		return;
	if (how == JOB_BROKEN) {
		job_finish(j, JOB_FAILED, true, text);
	} else if (how != JOB_OK) {
		job_attempt_failed(j, now, text);
	} else {
		j->is.from_start = false;
		job_enter(j, JOB_AGREED, now + AGREED_PATIENCE);
	}
}

void
job_carried(struct job *j, uint64_t now, enum job_outcome how, const char *text)
{
	if (!work_ends(j, now) || j->phase != JOB_MOVING)
		return;
	if (how == JOB_OK) {
		job_enter(j, JOB_MOVED, now + (j->outgoing ? PLACED_PATIENCE : CHECKSUM_PATIENCE));
	} else if (how == JOB_BROKEN) {
		job_finish(j, JOB_FAILED, true, text);
	} else if (how == JOB_DIFFERS) {
		job_end_session(j, TRANSFER_END_DIFFERS);
		job_retry_later(j, now);
	} else {
		job_attempt_failed(j, now, text);
	}
}

void
job_placed(struct job *j, uint64_t now, enum job_outcome how, const char *text)
{
	if (!work_ends(j, now) || j->phase != JOB_PLACING)
		return;
	if (how == JOB_OK)
		job_finish(j, JOB_DONE, true, NULL);
	else
		job_finish(j, JOB_FAILED, true, text);
}

void
job_progress(struct job *j, uint64_t now)
{
	j->attempts = 0;
	j->progress_at = now;
}

/* ---- of the other side ---- */

void
job_offered(struct job *j, uint64_t now)
{
	j->ending = j->declining = j->news = false; /* of a session that is no more */
	j->is.paused_them = false;
	due(j, now);
	if (job_is_final(j)) {
		j->declining = j->is.state == JOB_DECLINED;
		j->ending = !j->declining;
		j->why = job_why_of(j->is.state);
		j->is.told = false;
		return;
	}
	j->ask = false;
	j->session = j->is.told = true;
	if (j->phase != JOB_PLACING)
		job_enter(j, JOB_ASKED, JOB_NEVER);
}

void
job_accepted(struct job *j, uint64_t now)
{
	if (!j->session || j->phase != JOB_ASKED)
		return;
	j->is.accepted = true;
	j->is.paused_them = false;
	job_enter(j, JOB_AGREED, now + AGREED_PATIENCE);
	due(j, now);
}

void
job_declined(struct job *j, uint64_t now, const char *text)
{
	if (job_is_final(j))
		return;
	job_finish(j, j->is.accepted ? JOB_CANCELLED : JOB_DECLINED, false, text);
	due(j, now);
}

bool
job_connected(struct job *j, uint64_t now)
{
	if (j->phase != JOB_AGREED || !j->session)
		return false;
	job_enter(j, JOB_LINKED, JOB_NEVER);
	due(j, now);
	return true;
}

void
job_ended(struct job *j, uint64_t now, enum transfer_end why, const char *text)
{
	if (job_is_final(j))
		return;
	due(j, now);
	bool had = j->session;
	j->session = false;
	if (j->phase == JOB_PLACING)
		return;
	switch (why) {
	case TRANSFER_END_CANCEL:
		job_finish(j, JOB_CANCELLED, false, text);
		break;
	case TRANSFER_END_FAILED:
		job_finish(j, JOB_FAILED, false, text);
		break;
	case TRANSFER_END_PAUSE:
		j->is.paused_them = true;
		leave(j);
		break;
	case TRANSFER_END_DIFFERS:
		j->is.from_start = !j->outgoing;
		leave(j);
		job_retry_later(j, now);
		break;
	case TRANSFER_END_DONE:
	case TRANSFER_END_LOST:
		if (why == TRANSFER_END_DONE && j->outgoing) {
			job_finish(j, JOB_DONE, false, NULL);
			break;
		}
		leave(j);
		if (had)
			job_retry_later(j, now);
		break;
	}
}

void
job_ready(struct job *j, uint64_t now)
{
	if (!j->outgoing || j->session || j->ending)
		return; /* what is under way is the answer */
	j->is.paused_them = false;
	j->news = job_is_final(j) || j->is.paused_us;
	retry_now(j, now);
	due(j, now);
}

void
job_checksum(struct job *j, uint64_t now)
{
	due(j, now);
}

void
job_confirmed(struct job *j, uint64_t now)
{
	job_ended(j, now, TRANSFER_END_DONE, NULL);
}

/* ---- of our human ---- */

bool
job_accept(struct job *j, uint64_t now)
{
	if (j->outgoing || j->is.accepted || job_is_final(j))
		return false;
	j->is.accepted = true;
	retry_now(j, now);
	due(j, now);
	return true;
}

bool
job_decline(struct job *j, uint64_t now)
{
	if (j->outgoing || j->is.accepted || job_is_final(j))
		return false;
	job_finish(j, JOB_DECLINED, true, NULL);
	due(j, now);
	return true;
}

bool
job_pause(struct job *j, uint64_t now)
{
	if (job_is_final(j) || j->is.paused_us || j->phase >= JOB_MOVED || j->once ||
	    (!j->outgoing && !j->is.accepted))
		return false;
	j->is.paused_us = true;
	job_end_session(j, TRANSFER_END_PAUSE);
	due(j, now);
	return true;
}

bool
job_resume(struct job *j, uint64_t now)
{
	if (job_is_final(j) || !job_is_paused(j))
		return false;
	/* if they still have it paused, they say so again: each might wait for the other */
	j->is.paused_us = j->is.paused_them = j->news = false;
	retry_now(j, now);
	due(j, now);
	return true;
}

bool
job_cancel(struct job *j, uint64_t now)
{
	if (job_is_final(j) || j->phase == JOB_PLACING)
		return false;
	job_finish(j, JOB_CANCELLED, true, NULL);
	due(j, now);
	return true;
}

/* ---- of the owner ---- */

void
job_fail(struct job *j, uint64_t now, const char *text)
{
	if (job_is_final(j) || j->phase == JOB_PLACING)
		return;
	job_finish(j, JOB_FAILED, true, text);
	due(j, now);
}

void
job_turn(struct job *j, uint64_t now)
{
	j->turn_wanted = false;
	due(j, now);
}

void
job_kept(struct job *j, uint64_t now)
{
	j->keeping = false;
	due(j, now);
}
