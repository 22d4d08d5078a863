/* Files and folders on their way, offered and done: what must outlive the daemon. What it means
 * is decided in transfer/; here it is kept. Requests in the manner of store.h. */
#ifndef STORE_TRANSFER_H
#define STORE_TRANSFER_H

#include "store/message.h"

enum {
	STORE_DIGEST_SIZE = 32,
	STORE_TRANSFER_FINAL = 6, /* states from here on are final: JOB_DONE of transfer/job.h */
};

/* One of them. In a request borrowed until the answer; in a list owned by it. NULL is "none" for
 * text, but for peer, display, sid and name, which are never NULL. */
struct store_transfer {
	int64_t id; /* what people call it by, f3: 3; never used twice */
	const char *peer, *display;
	enum store_direction direction;
	const char *sid; /* what both sides call it by; unique for a person and direction */
	const char *name, *media, *description;
	uint64_t size;
	bool folder;
	uint32_t files; /* of a folder, if that is known */
	int64_t mtime;  /* s since 1970, 0: not known */
	uint32_t width, height, duration;
	const void *thumbnail; /* NULL: none */
	size_t thumbnail_len;
	const char *thumbnail_media;
	const char *token; /* of the porter: OUT the source, IN the folder it goes to */
	const char
	    *spool; /* OUT: the file in the state folder's spool/ that it is: to be deleted */
	enum store_trust trust; /* in the person when it was offered */
	int64_t at;             /* ms, wall clock: when it was offered */
	bool automatic;         /* IN: a rule accepted it */

	/* What changes. */
	int state; /* enum job_state of transfer/job.h, whose numbers are those of the file */
	bool prepared, accepted, told, paused_us, paused_them, from_start;
	const char *reason;
	const char *method;
	const char *place; /* IN: its final path or name */
	int64_t expires;   /* on store_age() */
	uint64_t offset;   /* IN: so much is surely on disk ... */
	bool has_prefix;   /* ... and this is its SHA-256 */
	uint8_t prefix[STORE_DIGEST_SIZE];
	bool has_hash; /* of all of it, as the sender says */
	uint8_t hash[STORE_DIGEST_SIZE];
};

/* Adds one, and a message (store_put.file) that tells of it, with one commit. Its `id` is the
 * answer. -EEXIST: there is one with this sid; ERR_TOO_BIG: LIMIT_TRANSFERS are not final. */
struct store_transfer_add {
	struct store_job job;
	struct store_transfer transfer;
	struct store_put message; /* filled in by the caller but for job, peer, id and body */
	int64_t n;                /* of the message; the answer */
};
void store_transfer_add(struct store *s, struct store_transfer_add *add);

/* Writes down what changes, and size, files, token and, if there is one, thumbnail too. -ENOENT:
 * there is no such id. */
struct store_transfer_set {
	struct store_job job;
	struct store_transfer transfer;
};
void store_transfer_set(struct store *s, struct store_transfer_set *set);

/* A checkpoint: offset and prefix of the transfer alone. */
void store_transfer_reached(struct store *s, struct store_transfer_set *set);

/* Removes one. */
struct store_transfer_forget {
	struct store_job job;
	int64_t id;
};
void store_transfer_forget(struct store *s, struct store_transfer_forget *forget);

/* All, the newest first; of final ones no more than `limit`: older ones are removed. Those that are
 * not final come first. */
struct store_transfers {
	struct store_job job;
	size_t limit;

	struct store_transfer *at; /* owned */
	size_t count;
	void *blocks; /* owned: the text */
};
void store_transfers(struct store *s, struct store_transfers *all);
void store_transfers_finish(struct store_transfers *all);

/* What a person's files may be accepted by without asking. */
struct store_transfer_rule {
	const char *peer;
	uint64_t size, daily; /* bytes: of one, of all within a day */
};

/* Sets it; off: removes it. */
struct store_transfer_rule_set {
	struct store_job job;
	struct store_transfer_rule rule;
	bool off;
};
void store_transfer_rule_set(struct store *s, struct store_transfer_rule_set *set);

/* All there are, at most LIMIT_PEOPLE_KNOWN. */
struct store_transfer_rules {
	struct store_job job;
	struct store_transfer_rule *at; /* owned */
	size_t count;
	void *blocks; /* owned */
};
void store_transfer_rules(struct store *s, struct store_transfer_rules *rules);
void store_transfer_rules_finish(struct store_transfer_rules *rules);

#endif
