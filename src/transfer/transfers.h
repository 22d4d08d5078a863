/* All files and folders on their way, of everybody: binds the engine of each (job.h) to people,
 * methods, carriers, the porter and the store. What comes in is judged here: who may offer, what is
 * accepted without asking, how much. Loop thread only. */
#ifndef TRANSFER_TRANSFERS_H
#define TRANSFER_TRANSFERS_H

#include "base/buf.h"
#include "base/compiler.h"
#include "base/limits.h"
#include "base/list.h"
#include "store/trust.h"
#include "transfer/job.h"
#include "transfer/method.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct carrier;
struct carrier_link;
struct ipc_call;
struct person;
struct digest_run;
struct roster;
struct sink;
struct transfers;
struct work;

enum {
	TRANSFER_ID_SIZE = 33,    /* hex, with the NUL; the session's id on the wire */
	TRANSFER_DIGEST_SIZE = 32 /* SHA-256 */
};

/* One of them. Methods read the fields up to `session`, and write that one. */
struct transfer {
	struct transfers *transfers; /* borrowed */
	struct person *person;       /* borrowed; never NULL for methods */
	bool outgoing;
	char id[TRANSFER_ID_SIZE];
	char *name;        /* owned; OUT: as it is called, IN: as it will be called */
	char *media;       /* owned; NULL: not known */
	char *description; /* owned; NULL: none */
	uint64_t size;
	bool folder;
	uint32_t files;                   /* of a folder; 0: not known */
	int64_t mtime;                    /* s since 1970; 0: not known */
	uint32_t width, height, duration; /* px, px, ms; 0: not known */
	void *thumbnail;                  /* owned; NULL: none */
	size_t thumbnail_len;
	char *thumbnail_media;                /* owned */
	bool has_hash;                        /* of all of it is known: */
	uint8_t hash[TRANSFER_DIGEST_SIZE];   /* OUT: once all was sent */
	uint64_t offset;                      /* IN: accepted from here; OUT: they want it from */
	uint8_t prefix[TRANSFER_DIGEST_SIZE]; /* SHA-256 of what is before, if offset > 0 ... */
	bool prefix_unknown;                  /* ... but OUT to an old client */
	const struct transfer_method *method; /* borrowed; NULL: none yet */
	void *session;                        /* the method's own */

	/* The manager's own from here. */
	struct job job;
	struct list node;             /* in transfers.all, the oldest first */
	int64_t number;               /* f3: 3; 0: the store has not said yet */
	char token[TRANSFER_ID_SIZE]; /* of the porter: OUT the source, IN the folder it goes to */
	char *spool;                  /* owned; OUT: the file of ours that it is; NULL: it is not */
	enum store_trust trust;
	int64_t at;      /* ms, wall clock */
	int64_t expires; /* on store_age() */
	bool automatic;  /* a rule accepted it */
	char *where;     /* owned; IN: where it is in the end */
	bool added;      /* the store has it */
	bool ticking;    /* its job is at work: what methods report meanwhile waits */
	bool again;      /* something else is to be kept, once the store has answered */
	bool gone;       /* no more in transfers.all: freed once nothing goes on */
	unsigned asked;  /* of the store, and not answered */
	uint64_t wake_at;
	struct list reports;    /* struct report: what waits for that */
	struct list calls;      /* struct waiting_call: answered once all is kept */
	struct list clearing;   /* in transfers.clearing, while what came of it is to be removed */
	struct work *work;      /* owned; what goes on in a thread, or NULL */
	struct sink *sink;      /* owned; IN: open */
	struct digest_run *run; /* owned; of what is in the sink */
	struct carrier_link *link; /* owned; connected, and not taken by a carrier yet */
	uint32_t left_out;         /* OUT: of a folder, neither files nor folders */
	struct value *left;        /* owned; array of the paths of the first of these; NULL: none */
	bool linked;               /* there has been a link, since the daemon runs */
	bool encrypted;            /* ... and the latest was */
	bool has_digest;           /* IN: of all that came */
	uint8_t digest[TRANSFER_DIGEST_SIZE];
	uint64_t done, from;  /* bytes, for people; where the run began */
	uint64_t rate;        /* bytes a second, smoothed; 0: nothing flows */
	uint64_t measured_at; /* clock_now() ... */
	uint64_t measured;    /* ... and `done` then */
	uint64_t crawl_at;    /* the same, for work_crawls() */
	uint64_t crawl_done;
	uint64_t shown_at;    /* clock_now() of the latest "file-progress" */
	enum job_state shown; /* as it was told last */
	unsigned shown_pauses;
};

#define TRANSFER_SIZE_UNKNOWN UINT64_MAX /* of size: until the connection ends */

/* A thumbnail that comes with an offer (XEP-0264). */
struct transfer_thumbnail {
	const char *media;
	uint32_t width, height;
	const char *cid;  /* what it is fetched by; NULL: nothing to fetch */
	const void *data; /* NULL: not here yet, see transfer_got_thumbnail() */
	size_t len;       /* at most LIMIT_THUMBNAIL */
};

/* What somebody offers; borrowed. All of it is theirs and not to be believed. */
struct transfer_offer {
	const char *id;   /* 32 hex digits; of a method that has other ids: made from it */
	const char *name; /* as it came */
	const char *media, *description; /* NULL: none */
	uint64_t size;
	bool size_known; /* false: until the end of the connection; only of old clients */
	bool folder;
	uint32_t files;
	int64_t mtime;
	const uint8_t *hash; /* SHA-256; NULL: comes later, or never */
	uint32_t width, height, duration_ms;
	const struct transfer_thumbnail *thumbnail; /* NULL: none */
};

/* ---- what methods report; none of these calls the method back at once ---- */

/* An offer came, new or known by its id. 0: an answer follows by accept(), decline() or end(),
 * perhaps much later, and *out->session is the method's (an older session of it is over). Else the
 * method declines at once: ERR_TRUST (not from this person), ERR_TOO_BIG (a limit),
 * ERR_FULL (no room on the disk), ERR_UNSUPPORTED, ERR_PROTO, -ENOMEM; transfers_refusal() is a
 * sentence for the other side. */
int transfers_offered(struct person *from, const struct transfer_method *m,
    const struct transfer_offer *o, struct transfer **out) MUST_USE;
const char *transfers_refusal(int err);
struct transfer *transfers_find(struct person *p, const char *id, bool outgoing);

/* OUT: they take it from there on. prefix: SHA-256 of what they have; NULL: not said. */
void transfer_accepted(struct transfer *t, uint64_t offset, const uint8_t *prefix);
void transfer_declined(struct transfer *t, const char *why); /* why: theirs; NULL: none */
/* Both: bytes can flow. Moves what link holds, in every case. */
void transfer_connected(struct transfer *t, struct carrier_link *link);
/* By the other side, or (LOST) because the session cannot go on. */
void transfer_ended(struct transfer *t, enum transfer_end why, const char *text);
void transfer_ready(struct transfer *t); /* OUT: they want to go on */
void transfer_checksum(struct transfer *t, const uint8_t digest[TRANSFER_DIGEST_SIZE]); /* IN */
void transfer_confirmed(struct transfer *t); /* OUT: they have it under its name */
void transfer_got_thumbnail(struct transfer *t, const void *data, size_t len); /* IN */

/* The porter's tokens and the cap of all transfers, for methods that open files by themselves. */
struct porter *transfers_porter(const struct transfers *all);
struct rate *transfers_rate(struct transfers *all);

#endif
