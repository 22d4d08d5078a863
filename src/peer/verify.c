#include "peer/verify.h"

#include "base/err.h"
#include "tls/identity.h"

#include <errno.h>
#include <string.h>

static const char *const stage_names[] = {
    [VERIFY_COMMIT] = "commit",
    [VERIFY_NONCE] = "nonce",
    [VERIFY_REVEAL] = "reveal",
    [VERIFY_CONFIRM] = "confirm",
    [VERIFY_ABORT] = "abort",
};

const char *
verify_stage_name(enum verify_stage stage)
{
	return stage_names[stage];
}

enum verify_stage
verify_stage_find(const char *name)
{
	unsigned i = 0;
	while (i < VERIFY_STAGES && strcmp(stage_names[i], name) != 0)
		i++;
	return (enum verify_stage)i;
}

/* ---- time ---- */

static uint64_t
later(uint64_t a, uint64_t b)
{
	return a > b ? a : b;
}

uint64_t
verify_wait(const struct verify *v, uint64_t now)
{
	uint64_t from = v->ended_at ? v->ended_at + VERIFY_PAUSE : 0;
	uint64_t oldest = v->tries[LIMIT_VERIFY_TRIES - 1];
	if (oldest)
		from = later(from, oldest + VERIFY_PERIOD);
	return from > now ? from - now : 0;
}

uint64_t
verify_due(const struct verify *v, uint64_t now)
{
	if (v->state == VERIFY_IDLE)
		return 0;
	return v->deadline > now ? v->deadline - now : 1;
}

static void
count_try(struct verify *v, uint64_t now)
{
	memmove(v->tries + 1, v->tries, sizeof(v->tries) - sizeof(v->tries[0]));
	v->tries[0] = later(now, 1); /* 0 is never */
}

/* ---- steps ---- */

static void
send_stage(struct verify_step *step, enum verify_stage stage, const uint8_t *data)
{
	step->send = true;
	step->stage = stage;
	if (data)
		memcpy(step->data, data, VERIFY_DATA_SIZE);
}

static void
to_idle(struct verify *v, uint64_t now)
{
	uint64_t tries[ARRAY_LEN(v->tries)];
	_Static_assert(sizeof(tries) == sizeof(v->tries), "all of them");
	memcpy(tries, v->tries, sizeof(tries));
	tls_wipe(v, sizeof(*v)); /* the nonce and what the code was bound to */
	*v = (struct verify){.ended_at = later(now, 1)};
	memcpy(v->tries, tries, sizeof(tries));
}

/* abort: they do not know yet */
static void
end(struct verify *v, enum verify_why why, bool abort, uint64_t now, struct verify_step *step)
{
	to_idle(v, now);
	if (abort)
		send_stage(step, VERIFY_ABORT, NULL);
	step->news = VERIFY_ENDED;
	step->why = why;
}

static void
begin(struct verify *v, enum verify_state state, const struct verify_channel *channel,
    const uint8_t nonce[SAS_NONCE_SIZE], uint64_t now)
{
	v->state = state;
	v->initiator = state == VERIFY_COMMITTED;
	v->ours = v->theirs = false;
	v->channel = *channel;
	memcpy(v->nonce, nonce, sizeof(v->nonce));
	v->until = now + VERIFY_TIME;
	v->deadline = now + VERIFY_ANSWER_TIME;
}

/* Both nonces are known. */
static int
show(struct verify *v, const uint8_t *theirs, struct verify_step *step)
{
	const uint8_t *first = v->initiator ? v->nonce : theirs;
	const uint8_t *second = v->initiator ? theirs : v->nonce;
	int err = sas_derive(
	    v->channel.exporter, first, second, &v->channel.own, &v->channel.peer, &v->sas);
	if (err)
		return err;
	v->state = VERIFY_SHOWN;
	v->deadline = v->until;
	step->news = VERIFY_CODE;
	return 0;
}

static void
finish(struct verify *v, uint64_t now, struct verify_step *step)
{
	step->news = VERIFY_DONE;
	step->key = v->channel.peer;
	to_idle(v, now);
}

/* ---- what happens ---- */

int
verify_start(struct verify *v, const struct verify_channel *channel,
    const uint8_t nonce[SAS_NONCE_SIZE], uint64_t now, struct verify_step *step)
{
	uint8_t commitment[SAS_COMMITMENT_SIZE];
	*step = (struct verify_step){0};
	if (v->state != VERIFY_IDLE)
		return -EBUSY;
	if (verify_wait(v, now) > 0)
		return -EAGAIN;
	int err = sas_commit(nonce, commitment);
	if (err)
		return err;
	begin(v, VERIFY_COMMITTED, channel, nonce, now);
	count_try(v, now);
	send_stage(step, VERIFY_COMMIT, commitment);
	step->news = VERIFY_BEGUN;
	return 0;
}

static int
broken(struct verify *v, uint64_t now, struct verify_step *step)
{
	if (v->state != VERIFY_IDLE)
		end(v, VERIFY_BROKEN, true, now, step);
	return ERR_PROTO;
}

static int
take_commit(struct verify *v, const struct verify_channel *channel, const uint8_t *commitment,
    const uint8_t nonce[SAS_NONCE_SIZE], uint64_t now, struct verify_step *step)
{
	bool both = v->state == VERIFY_COMMITTED;
	if (both && tls_id_compare(&v->channel.own, &v->channel.peer) < 0)
		return -EBUSY; /* they will take ours */
	if (!both && v->state != VERIFY_IDLE)
		return broken(v, now, step);
	if (!both && verify_wait(v, now) > 0)
		return -EAGAIN;
	if (!both)
		count_try(v, now);
	begin(v, VERIFY_ANSWERED, channel, nonce, now);
	memcpy(v->commitment, commitment, sizeof(v->commitment));
	send_stage(step, VERIFY_NONCE, nonce);
	step->news = VERIFY_BEGUN;
	return 0;
}

static int
take_nonce(struct verify *v, const uint8_t *theirs, uint64_t now, struct verify_step *step)
{
	if (v->state != VERIFY_COMMITTED)
		return broken(v, now, step);
	int err = show(v, theirs, step);
	if (err) {
		end(v, VERIFY_BROKEN, true, now, step);
		return err;
	}
	send_stage(step, VERIFY_REVEAL, v->nonce);
	return 0;
}

static int
take_reveal(struct verify *v, const uint8_t *theirs, uint64_t now, struct verify_step *step)
{
	if (v->state != VERIFY_ANSWERED)
		return broken(v, now, step);
	if (!sas_kept(v->commitment, theirs)) {
		end(v, VERIFY_CHEATED, true, now, step);
		return ERR_PROTO;
	}
	int err = show(v, theirs, step);
	if (err)
		end(v, VERIFY_BROKEN, true, now, step);
	return err;
}

static int
take_confirm(struct verify *v, uint64_t now, struct verify_step *step)
{
	if (v->state != VERIFY_SHOWN || v->theirs)
		return broken(v, now, step);
	v->theirs = true;
	if (v->ours)
		finish(v, now, step);
	else
		step->news = VERIFY_CONFIRMED;
	return 0;
}

int
verify_take(struct verify *v, const struct verify_channel *channel, enum verify_stage stage,
    const uint8_t *data, const uint8_t nonce[SAS_NONCE_SIZE], uint64_t now,
    struct verify_step *step)
{
	*step = (struct verify_step){0};
	if (v->state != VERIFY_IDLE && channel->stream != v->channel.stream)
		return broken(v, now, step);
	switch (stage) {
	case VERIFY_COMMIT:
		return take_commit(v, channel, data, nonce, now, step);
	case VERIFY_NONCE:
		return take_nonce(v, data, now, step);
	case VERIFY_REVEAL:
		return take_reveal(v, data, now, step);
	case VERIFY_CONFIRM:
		return take_confirm(v, now, step);
	case VERIFY_ABORT:
		if (v->state != VERIFY_IDLE)
			end(v, VERIFY_BY_THEM, false, now, step);
		return 0;
	case VERIFY_STAGES:
		break;
	}
	return broken(v, now, step);
}

int
verify_answer(struct verify *v, bool same, uint64_t now, struct verify_step *step)
{
	*step = (struct verify_step){0};
	if (v->state != VERIFY_SHOWN || (v->ours && same))
		return -EINVAL;
	if (!same) {
		end(v, VERIFY_BY_US, true, now, step);
		return 0;
	}
	v->ours = true;
	send_stage(step, VERIFY_CONFIRM, NULL);
	if (v->theirs)
		finish(v, now, step);
	else
		step->news = VERIFY_WAITING;
	return 0;
}

void
verify_end(struct verify *v, enum verify_why why, uint64_t now, struct verify_step *step)
{
	*step = (struct verify_step){0};
	if (v->state != VERIFY_IDLE)
		end(v, why, why == VERIFY_BY_US, now, step);
}

void
verify_tick(struct verify *v, uint64_t now, struct verify_step *step)
{
	*step = (struct verify_step){0};
	if (v->state != VERIFY_IDLE && now >= v->deadline)
		end(v, VERIFY_TIMEOUT, true, now, step);
}
