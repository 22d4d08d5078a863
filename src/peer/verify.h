/* Two people compare a short code to know that nobody stands between them: what is sent, what is
 * shown, and when it counts. An engine without I/O and without a clock: it is told what happens and
 * says what is to be done. The code is made by tls/sas.h. Any thread, one owner.
 *
 *   initiator                     responder
 *     commit  --------------------->            SHA-256 of the initiator's nonce
 *             <---------------------  nonce
 *     reveal  --------------------->            the initiator's nonce: both show the code
 *     confirm <-------------------->  confirm   each when its human says that both are the same
 *
 * Either sends abort instead when its human says no. Anything else than what is due ends it. All of
 * it happens on one stream, whose TLS session the code is bound to. Who both begin at once: the
 * lower key stays the initiator. */
#ifndef PEER_VERIFY_H
#define PEER_VERIFY_H

#include "base/compiler.h"
#include "base/limits.h"
#include "tls/sas.h"

#include <stdbool.h>
#include <stdint.h>

enum {
	VERIFY_DATA_SIZE = 32,          /* what the first three stages carry */
	VERIFY_TIME = 5 * 60 * 1000,    /* ms for all of it */
	VERIFY_ANSWER_TIME = 20 * 1000, /* ms for what programs do without their humans */
	VERIFY_PAUSE = 3000,            /* ms between the end of one and the beginning of another */
	VERIFY_PERIOD = 60 * 60 * 1000, /* ms in which LIMIT_VERIFY_TRIES may begin */
};

enum verify_stage {
	VERIFY_COMMIT,
	VERIFY_NONCE,
	VERIFY_REVEAL,
	VERIFY_CONFIRM,
	VERIFY_ABORT,
	VERIFY_STAGES,
};

enum verify_state {
	VERIFY_IDLE,
	VERIFY_COMMITTED, /* we began, and wait for the nonce */
	VERIFY_ANSWERED,  /* they began, and we wait for what they committed to */
	VERIFY_SHOWN,     /* the code is there; the humans compare */
	VERIFY_STATES,
};

/* What it is bound to. */
struct verify_channel {
	uint64_t stream; /* stream_serial() */
	uint8_t exporter[TLS_EXPORTER_SIZE];
	struct tls_id own, peer;
};

/* Of one person. Zeroed: nothing has happened yet. */
struct verify {
	enum verify_state state;
	bool initiator;
	bool ours, theirs; /* who has confirmed */
	struct verify_channel channel;
	uint8_t nonce[SAS_NONCE_SIZE];           /* our own */
	uint8_t commitment[SAS_COMMITMENT_SIZE]; /* theirs; while ANSWERED */
	struct sas sas;                          /* while SHOWN */
	uint64_t deadline;                       /* ms; of the state, while not IDLE */
	uint64_t until;                          /* ms; of the whole */
	uint64_t ended_at;                       /* ms, 0: never */
	uint64_t tries[LIMIT_VERIFY_TRIES];      /* ms; when the latest ones began, 0: never */
};

enum verify_news {
	VERIFY_NO_NEWS,
	VERIFY_BEGUN,     /* by us or by them; the code will follow */
	VERIFY_CODE,      /* verify.sas is to be shown, and to be compared */
	VERIFY_CONFIRMED, /* the other human says that both are the same, ours has not yet */
	VERIFY_WAITING,   /* ours did, the other has not yet */
	VERIFY_DONE,      /* both did */
	VERIFY_ENDED,     /* without success */
};

enum verify_why {
	VERIFY_BY_US,   /* our human says no */
	VERIFY_BY_THEM, /* theirs does */
	VERIFY_TIMEOUT,
	VERIFY_CHEATED,  /* what was revealed is not what was committed to */
	VERIFY_BROKEN,   /* something else than what was due */
	VERIFY_LOST,     /* the stream has ended, or is another one by now */
	VERIFY_REFUSED,  /* they do not begin: it was tried too often, say */
	VERIFY_UNKNOWN,  /* their program cannot do this */
	VERIFY_KEPT_OUT, /* it was all right, but cannot be kept */
};

/* What is to be done: first the sending, then the telling. */
struct verify_step {
	bool send;
	enum verify_stage stage;
	uint8_t data[VERIFY_DATA_SIZE]; /* of the first three stages */
	enum verify_news news;
	enum verify_why why; /* of VERIFY_ENDED */
	struct tls_id key;   /* of VERIFY_DONE: whose it is, is verified */
};

/* now: of clock_now(). nonce: fresh random bytes, used if it begins.
 *
 * 0; -EBUSY: one is going on already; -EAGAIN: not yet, see verify_wait(); -ENOMEM. */
int verify_start(struct verify *v, const struct verify_channel *channel,
    const uint8_t nonce[SAS_NONCE_SIZE], uint64_t now, struct verify_step *step) MUST_USE;

/* They sent this, on the stream of this channel. data: 32 bytes, for the first three stages. 0, or
 * why it is refused: -EBUSY, -EAGAIN (what is going on goes on), ERR_PROTO (it has ended, and step
 * says so). */
int verify_take(struct verify *v, const struct verify_channel *channel, enum verify_stage stage,
    const uint8_t *data, const uint8_t nonce[SAS_NONCE_SIZE], uint64_t now,
    struct verify_step *step) MUST_USE;

/* What our human says of the code. 0; -EINVAL: there is none to say it of, or it was said. */
int verify_answer(struct verify *v, bool same, uint64_t now, struct verify_step *step) MUST_USE;

/* It cannot go on; nothing if nothing goes on. */
void verify_end(struct verify *v, enum verify_why why, uint64_t now, struct verify_step *step);
/* Time has passed. */
void verify_tick(struct verify *v, uint64_t now, struct verify_step *step);

/* ms until one may begin, 0: now. */
uint64_t verify_wait(const struct verify *v, uint64_t now);
/* ms until verify_tick() has something to do, 0: nothing goes on. */
uint64_t verify_due(const struct verify *v, uint64_t now);

/* "commit", ... as on the wire; VERIFY_STAGES: it is none. */
const char *verify_stage_name(enum verify_stage stage);
enum verify_stage verify_stage_find(const char *name);

#endif
