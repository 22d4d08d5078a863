/* Messages in the store: said, received, what became of them, and the queue of each person that is
 * the outbox's memory (chat/outbox.h). Requests in the manner of store.h. */
#ifndef STORE_MESSAGE_H
#define STORE_MESSAGE_H

#include "base/limits.h"
#include "store/store.h"
#include "store/trust.h"

#include <stddef.h>

enum store_direction { STORE_IN, STORE_OUT };

enum store_kind {
	STORE_CHAT,       /* words */
	STORE_CORRECTION, /* XEP-0308: `target` reads `body` from now on */
	STORE_RETRACTION, /* XEP-0424: `target` is taken back */
	STORE_REACTION,   /* XEP-0444: `body` is all reactions to `target`, blanks between */
	STORE_MARKER,     /* XEP-0333: everything up to `target` was displayed */
};

/* Of what we said: only advances in this order up to READ; FAILED and CANCELLED are final, but a
 * receipt is proof. The first six are those of enum outbox_state. */
enum store_state {
	STORE_QUEUED,
	STORE_HANDED_OVER,
	STORE_DELIVERED,
	STORE_READ,
	STORE_FAILED,
	STORE_CANCELLED,
	STORE_UNREAD, /* of what was said to us */
	STORE_SEEN,
};

/* Adds one. */
struct store_put {
	struct store_job job;

	const char *peer;    /* instance name; compared without ASCII case */
	const char *display; /* what the person is called at present */
	enum store_direction direction;
	enum store_kind kind;
	const char *id;     /* of the stanza, at most LIMIT_STANZA_ID; "" allowed for STORE_IN */
	bool origin;        /* IN: the id is an origin-id (XEP-0359): one with it that is here, or
			     * was and was forgotten, makes this one a duplicate */
	const char *token;  /* OUT: of the client, NULL: none. One with it of this peer that is here
			     * is the answer, and nothing is added */
	const char *target; /* id of the message this is about, NULL: none. For CHAT: answered to */
	const char *body;
	const void *stanza; /* as it came or will go, for what we do not understand yet */
	size_t stanza_len;
	bool file;        /* CHAT: it tells of a file; body is its name, id that of the transfer. Of
			   * ours it is handed over at once, for it is not the outbox's */
	bool markable;    /* IN: whoever said it wants to hear that it was displayed (XEP-0333) */
	int64_t said_at;  /* ms, wall clock, of whoever said it */
	int64_t lifetime; /* OUT: ms until it expires, 0: never */
	bool marked;      /* OUT: the person's mark rises to this row with the same commit */
	enum store_trust trust; /* in the person, at present; the row keeps it for ever. IN: what is
				 * about a message that was said with more trust is about nothing,
				 * but for CHAT */

	/* Answer */
	bool duplicate;         /* nothing was added: what follows is of the one there was */
	int64_t n;              /* its number; 0 for IN and MARKER, which is not kept */
	int64_t of;             /* number of the target, 0: not found. IN: a CORRECTION of
				 * nothing is kept as CHAT, other kinds but CHAT as nothing.
				 * OUT: then the answer is -ENOENT */
	enum store_kind kept;   /* as what */
	enum store_state state; /* at present */
	int64_t expires;        /* on store_age(), 0: never */
	char kept_id[LIMIT_STANZA_ID + 1];
	char quote[LIMIT_QUOTE + 1]; /* OUT: how the target's body begins, "" without one */
};
void store_put(struct store *s, struct store_put *put);

/* What became of a row of ours. Not done (changed is false) where the order of states forbids. */
struct store_set_state {
	struct store_job job;
	int64_t n;
	enum store_state state;
	const char *reason; /* for FAILED */
	bool changed;
};
void store_set_state(struct store *s, struct store_set_state *set);

/* CANCELLED, if it is queued and above its person's mark. */
struct store_cancel {
	struct store_job job;
	int64_t n;
	bool changed;
};
void store_cancel(struct store *s, struct store_cancel *cancel);

/* The same for what somebody says of a message of ours by its id, also long after. Never of one
 * that is only queued above the mark: it was not sent, so nobody can know of it. READ: and of all
 * before it that were delivered or handed over. */
struct store_answered {
	struct store_job job;
	const char *peer, *id;
	enum store_state state;
	const char *reason;
	bool changed;
};
void store_answered(struct store *s, struct store_answered *answered);

enum { STORE_CORRECTIONS = 32 };

/* A message by its id. done with -ENOENT: there is none. */
struct store_find {
	struct store_job job;
	const char *peer, *id;
	enum store_direction direction;
	int64_t n;
	enum store_kind kind;
	enum store_state state;
	int64_t corrections[STORE_CORRECTIONS]; /* of it, of ours and queued: the oldest */
	size_t correction_count;
};
void store_find(struct store *s, struct store_find *find);

/* Rows up to this one may have been sent. */
struct store_mark {
	struct store_job job;
	const char *peer;
	int64_t upto;
};
void store_mark(struct store *s, struct store_mark *mark);

/* One queued message as the outbox needs it. Its text is owned by the load. */
struct store_queued {
	int64_t n;
	int64_t said_at, expires; /* as in store_put */
	enum store_kind kind;
	const char *id, *target, *body; /* target: NULL if none */
	const char *quote;              /* how the target's body begins, NULL if none */
	enum store_trust trust;         /* in the person when it was said */
};

/* Queued rows above `after`, the lowest ones: at least one if there is one, else no more than
 * count and about `bytes` of bodies. */
struct store_load {
	struct store_job job;
	const char *peer;
	int64_t after;
	size_t count, bytes;

	struct store_queued *items; /* owned */
	size_t item_count;
	int64_t marked;
	bool complete; /* there is none above these */
	void *blocks;  /* owned: the text */
};
void store_load(struct store *s, struct store_load *load);
void store_load_finish(struct store_load *load);

/* We have seen what they said, up to and with this message of theirs (id NULL: all of it). done
 * with -ENOENT: there is none with that id. */
struct store_seen {
	struct store_job job;
	const char *peer, *id;
	bool changed;
	char last_id[LIMIT_STANZA_ID + 1]; /* of the newest that changed and wants a marker to be
					      sent (`markable`), "" if none does */
};
void store_seen(struct store *s, struct store_seen *seen);

/* A person known by address turned out to be `to`: all that was kept is that one's, the key too.
 * -EEXIST: both have one. */
struct store_rename {
	struct store_job job;
	const char *from, *to, *display;
};
void store_rename(struct store *s, struct store_rename *rename);

#endif
