#include "base/err.h"
#include "base/tr.h"
#include "transfer/job-parts.h"

enum { TURN_PATIENCE = 10000 }; /* ms: OUT keeps a turn so long for who is to accept again */

/* ---- doing ---- */

static bool
take_turn(struct job *j)
{
	if (!j->turn && !j->turn_wanted) {
		j->turn = j->ops->take_turn(j->ctx);
		j->turn_wanted = !j->turn;
	}
	return j->turn;
}

static void
dial(struct job *j)
{
	if (!j->here || j->dialling)
		return;
	j->dialling = true;
	j->ops->want_link(j->ctx);
}

static void
work(struct job *j, void (*begin)(void *ctx))
{
	j->working = true;
	begin(j->ctx);
}

/* What was decided while there was no session: one that ends at once tells it. */
static void
tell_news(struct job *j, uint64_t now)
{
	if (now < j->retry_at)
		return;
	if (!j->link) {
		dial(j);
		return;
	}
	if (!j->outgoing) { /* they offer it once more then, and are answered */
		j->news = j->ops->ready(j->ctx) != ERR_UNSUPPORTED && now < j->expires_at;
		job_retry_later(j, now);
		return;
	}
	if (j->ops->offer(j->ctx) != 0) {
		job_retry_later(j, now);
		return;
	}
	bool final = job_is_final(j);
	j->ops->end(j->ctx, final ? job_why_of(j->is.state) : TRANSFER_END_PAUSE,
	    j->is.state == JOB_FAILED ? j->is.reason : NULL);
	j->is.told = !final;
	j->news = false;
}

static void
offer(struct job *j, uint64_t now)
{
	if (now < j->retry_at)
		return;
	if (!j->link) {
		dial(j);
		return;
	}
	if (j->is.accepted && !take_turn(j))
		return;
	int err = j->ops->offer(j->ctx);
	if (err == ERR_UNSUPPORTED) {
		job_finish(j, JOB_FAILED, false, TR("the other program can take no files"));
	} else if (err) {
		job_retry_later(j, now);
	} else {
		j->is.told = j->session = true;
		j->ask = false;
		job_enter(j, JOB_ASKED, j->is.accepted ? now + TURN_PATIENCE : JOB_NEVER);
	}
}

/* Whether it is still to come, or still paused by them. */
static bool
may_ask(const struct job *j)
{
	return j->ask && !(j->outgoing && j->is.paused_us);
}

static void
idle(struct job *j, uint64_t now)
{
	if (j->working || (job_is_paused(j) && !may_ask(j)))
		return;
	if (j->outgoing && j->is.prepared) {
		offer(j, now);
	} else if (j->outgoing) {
		if (!job_is_paused(j) && now >= j->retry_at && take_turn(j))
			work(j, j->ops->prepare);
	} else if (now >= j->retry_at && (j->ask || j->is.accepted)) {
		if (!j->link) {
			dial(j);
			return;
		}
		(void)j->ops->ready(j->ctx); /* it is said again until they offer it */
		j->ask = false;
		job_retry_later(j, now);
	}
}

static void
asked(struct job *j, uint64_t now)
{
	if (j->outgoing) {
		if (now >= j->deadline)
			j->deadline = JOB_NEVER; /* others may have the turn meanwhile */
		return;
	}
	if (j->is.paused_us) {
		job_end_session(j, TRANSFER_END_PAUSE);
		return;
	}
	if (!j->is.accepted || j->working || !take_turn(j))
		return;
	job_enter(j, JOB_OPENING, JOB_NEVER);
	j->working = true;
	j->ops->open(j->ctx, j->is.from_start);
}

static void
agreed(struct job *j, uint64_t now)
{
	bool begin = j->fresh;
	j->fresh = false;
	/* who cannot ask again connects at once, and waits then */
	if (now >= j->deadline || (!take_turn(j) && !(j->once && j->outgoing)) ||
	    (begin && !j->outgoing && j->ops->accept(j->ctx) != 0))
		job_attempt_failed(j, now, NULL);
}

static void
moved(struct job *j, uint64_t now)
{
	bool begin = j->fresh;
	j->fresh = false;
	if (now >= j->deadline) {
		job_attempt_failed(j, now, NULL);
	} else if (j->outgoing) {
		if (begin && j->ops->checksum(j->ctx) != 0)
			job_attempt_failed(j, now, NULL);
	} else {
		switch (j->ops->check(j->ctx)) {
		case JOB_UNCHECKED:
			break;
		case JOB_EQUAL:
			job_enter(j, JOB_PLACING, JOB_NEVER);
			work(j, j->ops->place);
			break;
		case JOB_UNEQUAL:
			job_finish(j, JOB_FAILED, true,
			    TR("what arrived is not what was sent: the checksums differ"));
			break;
		}
	}
}

static void
step(struct job *j, uint64_t now)
{
	switch (j->phase) {
	case JOB_IDLE:
		idle(j, now);
		break;
	case JOB_ASKED:
		asked(j, now);
		break;
	case JOB_AGREED:
		agreed(j, now);
		break;
	case JOB_LINKED:
		if (j->working)
			break; /* of an earlier attempt, it is about to end */
		if (!take_turn(j)) {
			if (!j->once)
				job_attempt_failed(j, now, NULL);
			break;
		}
		job_enter(j, JOB_MOVING, JOB_NEVER);
		j->progress_at = now;
		work(j, j->ops->carry);
		break;
	case JOB_MOVED:
		moved(j, now);
		break;
	case JOB_OPENING:
	case JOB_MOVING:
	case JOB_PLACING:
		break;
	}
}

static bool
is_work_wanted(const struct job *j)
{
	if (job_is_final(j))
		return false;
	if (j->phase == JOB_IDLE)
		return j->outgoing && !j->is.prepared && !job_is_paused(j);
	return j->phase == JOB_OPENING || j->phase == JOB_MOVING || j->phase == JOB_PLACING;
}

static bool
is_turn_wanted(const struct job *j)
{
	if (j->working)
		return true;
	if (job_is_final(j) || j->phase == JOB_IDLE)
		return false;
	if (j->phase == JOB_ASKED)
		return j->outgoing && j->deadline != JOB_NEVER;
	return j->phase != JOB_MOVED || !j->outgoing;
}

static void
close_session(struct job *j)
{
	bool kept = !j->keeping && job_same(&j->is, &j->was);
	if (j->declining) {
		j->declining = false;
		j->ops->decline(j->ctx);
	}
	/* they forget it then: it must be surely ours */
	if (j->ending && (j->why != TRANSFER_END_DONE || kept)) {
		j->ending = false;
		j->ops->end(j->ctx, j->why, j->why == TRANSFER_END_FAILED ? j->is.reason : NULL);
	}
	if (job_is_final(j) && kept && !j->working && !j->over) {
		j->over = true;
		j->ops->over(j->ctx);
	}
}

static uint64_t
next_wake(const struct job *j)
{
	uint64_t at = j->deadline;
	bool rests = j->phase == JOB_IDLE && !j->working && !j->turn_wanted && !j->dialling &&
		     !job_is_final(j) &&
		     (may_ask(j) || (!job_is_paused(j) && (j->outgoing || j->is.accepted)));
	bool local = j->outgoing && !j->is.prepared;
	if ((rests || j->news) && (local || j->link || (j->here && !j->dialling)) &&
	    j->retry_at < at)
		at = j->retry_at;
	if (!job_is_final(j) && j->phase < JOB_LINKED && j->expires_at < at)
		at = j->expires_at;
	return at;
}

void
job_tick(struct job *j, uint64_t now)
{
	j->woken_for = JOB_NEVER;
	if (!job_is_final(j) && j->phase < JOB_LINKED && now >= j->expires_at)
		job_finish(
		    j, JOB_EXPIRED, true, TR("it was not answered, or did not get on, in time"));
	if (j->working && !j->stopping && !is_work_wanted(j)) {
		j->stopping = true;
		j->ops->stop(j->ctx);
	}
	close_session(j);
	if (!job_is_final(j))
		step(j, now);
	if (j->news && !j->session)
		tell_news(j, now);
	close_session(j);
	if (j->turn && !is_turn_wanted(j)) {
		j->turn = false;
		j->ops->yield_turn(j->ctx);
	}
	j->is.state = job_look(j);
	if (!j->keeping && !job_same(&j->is, &j->was)) {
		j->was = j->is;
		j->keeping = true;
		j->ops->keep(j->ctx);
	}
	j->woken_for = next_wake(j);
	j->ops->wake_at(j->ctx, j->woken_for);
}
