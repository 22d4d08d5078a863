/* Reading back what was said, searching it, and forgetting it. Requests in the manner of store.h;
 * reading never waits for the disk. */
#ifndef STORE_HISTORY_H
#define STORE_HISTORY_H

#include "store/message.h"

/* One message as people see it now: corrected, retracted, with its reactions. Rows of other kinds
 * than STORE_CHAT never show up as messages of their own. All text owned by the list it is in; NULL
 * where there is none, peer, display, id and body never NULL. */
struct store_message {
	int64_t n;
	const char *peer, *display;
	enum store_direction direction;
	enum store_state state;
	enum store_trust trust; /* in the person when it was said */
	const char *id, *body, *reason;
	const char *reply_to;   /* id of the message it answers */
	const char *reply_text; /* and its words, shortened, if it is here */
	int64_t said_at;        /* ms, wall clock: when it was said, as far as we were told */
	int64_t stored_at;      /* ms, wall clock: when it was kept here */
	int64_t edited_at;      /* ms, wall clock; 0: never corrected */
	bool retracted;         /* body is then "" */
	bool file;              /* it tells of a file: body is its name, id the transfer's */
	const char *reactions_in, *reactions_out; /* theirs, ours: blanks between */
	const char
	    *snippet; /* search: the words around the hits, which stand between STX and ETX */
};

struct store_list {
	struct store_message *at; /* owned */
	size_t count;
	bool more;    /* there are others beyond these */
	void *blocks; /* owned: the text */
};
void store_list_finish(struct store_list *list); /* accepts zeroed */

/* A page of one conversation, or of all, oldest first. */
struct store_page {
	struct store_job job;
	const char *peer;     /* NULL: everybody */
	int64_t since, until; /* said_at, ms wall clock; 0: open; until is exclusive */
	bool from_start;      /* the first `limit` of those above `after`; else the last ones */
	int64_t after;
	int64_t before; /* without `after`: below this number, the last ones; 0: the newest */
	size_t limit;   /* 1 to LIMIT_HISTORY_PAGE */
	struct store_list list;
};
void store_page(struct store *s, struct store_page *page);

/* Messages that hold all the words; a word ending in * holds for all that begin so, "in quotes"
 * for words in a row. Letter case, accents and signs do not matter; where there are only signs
 * nothing is found. Best first, newer ones before older ones among near equals: of more than 2,000
 * hits the newest 2,000 are compared. ERR_TOO_BIG: more than LIMIT_SEARCH_WORDS bytes, 32 words, or
 * one of a single letter and *. -ETIMEDOUT: 200 ms were not enough to find anything.
 *
 * After many new messages it waits until they are in the index; meanwhile others are served. */
struct store_search {
	struct store_job job;
	const char *words;
	const char *peer;     /* NULL: everybody */
	int64_t since, until; /* as above */
	int direction;        /* enum store_direction, -1: both */
	size_t limit;
	struct store_list list;
};
void store_search(struct store *s, struct store_search *search);

/* What waits to be sent, oldest first, of one person or (NULL) of all. */
struct store_outbox {
	struct store_job job;
	const char *peer;
	int64_t after;
	size_t limit;
	struct store_list list;
};
void store_outbox(struct store *s, struct store_outbox *outbox);

/* Whom there is anything of, the latest conversation first. */
struct store_peer {
	const char *name, *display;
	int64_t unread, queued;  /* messages */
	int64_t last_n, last_at; /* of the newest message, 0: there is none; ms, wall clock */
	bool waits;              /* something is to be sent, of whatever kind */
	bool spoken;             /* something was said to it; only of who has no key, and only
				  * with waiting_first */
	enum store_trust trust;  /* at present */
};
struct store_peers {
	struct store_job job;
	size_t limit;
	bool waiting_first;    /* those for whom something waits, also if there is no message */
	struct store_peer *at; /* owned */
	size_t count;
	void *blocks; /* owned */
};
void store_peers(struct store *s, struct store_peers *peers);
void store_peers_finish(struct store_peers *peers);

/* Deletes messages of one person, or older ones of everybody, their traces in indexes and log
 * included, and overwrites them on disk. What waits to be sent is kept, unless `queued`. Ids of
 * what was received stay remembered (as hashes), so that nothing comes back.
 *
 * Takes seconds for a long history, in steps with other requests between them: those may see that
 * a part is gone already. Once begun it is finished, if need be after the next start. */
struct store_forget {
	struct store_job job;
	const char *peer; /* NULL: everybody */
	int64_t before;   /* stored_at, ms wall clock; 0: all */
	bool queued;
	int64_t count; /* messages deleted */

	int64_t ticket; /* the store's own */
};
void store_forget(struct store *s, struct store_forget *forget);

#endif
