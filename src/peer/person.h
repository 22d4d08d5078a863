/* One person: what discovery says, the streams there are, what the other program can do. A person
 * is a key (peer/trust.h), or a name for which nobody proved one. Lives from the first announcement
 * on; of those who left the last LIMIT_PEOPLE_GONE are kept, so that they are known again, and all
 * who have a key or a history. Loop thread only. */
#ifndef PEER_PERSON_H
#define PEER_PERSON_H

#include "base/bucket.h"
#include "base/buf.h"
#include "base/limits.h"
#include "base/list.h"
#include "discovery/discovery.h"
#include "peer/addresses.h"
#include "peer/budget.h"
#include "peer/feature.h"
#include "store/trust.h"
#include "tls/key.h"
#include "wire/value.h"

#include <stdbool.h>
#include <stdint.h>

struct caps;
struct keeping;

/* The evidence, never a wish. */
enum person_state {
	PERSON_ANNOUNCED, /* only discovery says so */
	PERSON_ANSWERED,  /* bytes came from it */
	PERSON_SILENT,    /* tried since, no answer */
	PERSON_GONE,      /* said goodbye or expired, and no stream is open */
};

/* Why nothing is read of what it says. */
enum person_hold {
	PERSON_HOLD_STORE = 1,  /* too much of it is not on disk yet */
	PERSON_HOLD_BUDGET = 2, /* a stranger who has said too much */
};

struct person {
	struct roster *roster;         /* borrowed */
	char *name;                    /* owned; unique: the instance, or instance#plain, #TAG */
	char *instance;                /* owned; what it is announced and dialled as */
	char *display;                 /* owned; at most LIMIT_DISPLAY bytes */
	struct discovery_entry *entry; /* borrowed; NULL while discovery does not have it */
	struct txt_kept txt;           /* the latest known, also after it left */

	/* Changed by contact.c alone, which keeps them. */
	enum store_trust trust;
	bool has_key;
	struct tls_id key;
	char *via; /* owned; who introduced it, NULL: nobody */
	bool blocked;
	bool unkept; /* the store does not have it as it is, for it could not be written */
	struct keeping *forgetting; /* borrowed from keep.c; its key is being forgotten on disk */
	struct addresses last;      /* where it proved its key, the latest first */

	enum person_state state;
	bool nameless;        /* a fixed peer known by its address alone, which is what name says */
	bool answered;        /* at least once */
	bool kept;            /* the store has something of it: known however long gone */
	bool spoken;          /* a human of ours has said something to it */
	struct budget budget; /* while it is a stranger */
	struct bucket asked_back; /* of doctor.c: how often it is connected to */
	unsigned held;            /* of enum person_hold: its streams are not read */
	uint64_t state_at;        /* clock_now() of the evidence */
	struct list gone_node;    /* in roster->gone, or in none; never while kept or with a key */

	struct stream *streams[LIMIT_STREAMS_PER_PERSON]; /* borrowed from the hub; the first
							     stream_count are there */
	uint64_t ready_at[LIMIT_STREAMS_PER_PERSON];      /* of each; 0: it is not yet */
	size_t stream_count;
	struct stream *current; /* the one we send on; NULL: none is ready */

	struct list outgoing; /* struct outgoing: wait for a stream, in order */
	size_t outgoing_count;
	struct list handed; /* struct outgoing: a stream has them, the kernel not yet */

	enum { DIAL_NONE, DIAL_PAUSING, DIAL_RESOLVING, DIAL_CONNECTING } dialling;
	struct stream *dialled; /* borrowed; while DIAL_CONNECTING */
	uint64_t retry_at;      /* while DIAL_PAUSING */
	int dial_err;           /* while DIAL_PAUSING: give up with it then; 0: try again */
	int last_err;           /* of the place that was tried last */
	unsigned hung_up;       /* times in a row that the peer closed before its header */
	bool resolved_anew;     /* this attempt already asked the network again */
	bool probing;           /* this attempt only looks whether a silent person is back */
	struct reach *reach;    /* owned by reach.c; what this attempt has tried, or NULL */
	uint64_t probe_at;      /* silent: when to look; 0: not at all */
	unsigned probes;

	struct list iqs; /* struct iq_pending */
	size_t iq_count;
	const struct caps *caps; /* borrowed from the cache; NULL: not known */
	bool caps_asked;

	struct avatar *avatar;             /* owned by avatar.c; NULL: none fetched */
	bool in_alike;                     /* counted by alike.c among those who are known */
	struct verification *verification; /* owned by verification.c; NULL: never any */
	void *chat;                        /* owned by chat/, which frees it at BUS_PERSON_FREED */
};

/* Called exactly once, never from inside person_send(): 0 when the stanza was handed to the
 * kernel, or why it was not. s is the stream that took it, NULL if none did. */
typedef void outgoing_done(void *ctx, struct person *p, const struct stream *s, int err);

/* Moves the stanza's bytes. Sends on the current stream, or dials first. done may be NULL.
 * 0, ERR_ABSENT (gone), ERR_TOO_BIG (queue full), a latched error: then done is not called. */
int person_send(struct person *p, struct buf *stanza, outgoing_done *done, void *ctx) MUST_USE;

/* The same, but nothing waits: 0 and the serial of the stream that has it; ERR_ABSENT: there is no
 * stream; ERR_TOO_BIG: no room on it now, and the stanza is untouched. */
int person_send_now(struct person *p, struct buf *stanza, outgoing_done *done, void *ctx,
    uint64_t *serial) MUST_USE;
/* A human of ours says something to it: a key that was new is known from now on. */
void person_spoken_to(struct person *p);
/* Somebody would like a stream: BUS_STREAM_UP or BUS_UNREACHABLE follows. */
void person_dial(struct person *p);
/* The store has something of it from now on, or has not. */
void person_set_kept(struct person *p, bool kept);
/* The stream with this serial, if it is still one of p's. */
struct stream *person_stream(const struct person *p, uint64_t serial);

/* Its streams are not read, or are when nothing holds them any more. */
void person_hold(struct person *p, enum person_hold why);
void person_release(struct person *p, enum person_hold why);

/* The same on the stream a request came on; nobody is told. */
int inbound_answer(const struct inbound *in, struct buf *stanza) MUST_USE;

bool person_is_here(const struct person *p); /* any state but gone */
/* There is an address to try. */
bool person_is_reachable(const struct person *p);
/* The stream we send on is encrypted. */
bool person_is_encrypted(const struct person *p);
/* Why nothing may be said to it: ERR_TRUST (blocked, or not who it says), ERR_SECURITY (it does
 * not encrypt, and the settings do not allow that). 0: it may. */
int person_may_hear(const struct person *p);
/* Nobody of ours has accepted it, or written to it. */
bool person_is_stranger(const struct person *p);
enum txt_client person_client(const struct person *p);
/* Its verified disco#info has the feature. Unknown capabilities: false. */
bool person_supports(const struct person *p, const char *feature);

/* What is known of who it is. */
enum store_trust person_trust(const struct person *p);

/* docs/ipc.md "person". */
struct value *person_describe(const struct person *p);
const char *person_state_name(enum person_state state);

/* The name in a sentence for people: display, or display (instance) where they differ. */
void person_label(const struct person *p, struct buf *out);

#endif
