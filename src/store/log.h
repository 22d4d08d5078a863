/* The log of durable events: each has a number, none is ever used again, and whoever knows the
 * last number they have seen misses nothing. The numbers of messages are numbers of this log.
 * Requests in the manner of store.h. */
#ifndef STORE_LOG_H
#define STORE_LOG_H

#include "store/history.h"

enum store_event_kind {
	STORE_EVENT_MESSAGE,   /* said or received */
	STORE_EVENT_STATE,     /* of what we said: `state`, `reason` */
	STORE_EVENT_SEEN,      /* what they said was seen, up to and with this one */
	STORE_EVENT_CORRECTED, /* text of the event: what it reads now */
	STORE_EVENT_RETRACTED,
	STORE_EVENT_REACTION,  /* text of the event: all reactions of `by` */
	STORE_EVENT_FORGOTTEN, /* message.peer ("": of everybody) was forgotten, before stored_at of
				* the message (0: all) */
	STORE_EVENT_TRUST,     /* in message.peer, called message.display: it was `was`, became
				* message.trust, at message.stored_at; `reason` is the cause */
};

struct store_event {
	int64_t n;
	enum store_event_kind kind;
	struct store_message message; /* what it is about, as it is now */
	enum store_state state;       /* STATE: at that time */
	const char *reason;
	enum store_direction by; /* CORRECTED, RETRACTED, REACTION: who did it */
	const char *text;
	enum store_trust was; /* TRUST; the key is the one since then */
	bool has_key;
	uint8_t key[STORE_KEY_SIZE];
};

/* Events above `since`, in order. Those about messages that were forgotten are gone. */
struct store_read_log {
	struct store_job job;
	int64_t since;
	size_t limit;
	unsigned what;          /* the store's own: enum store_watch */
	struct store_event *at; /* owned */
	size_t count;
	int64_t upto; /* everything up to this number has been told */
	bool more;
	void *blocks; /* owned */
};
void store_read_log(struct store *s, struct store_read_log *read);
void store_read_log_finish(struct store_read_log *read);

/* A place in the log that a front end wants remembered under a name. Setting never goes back. */
struct store_cursor {
	struct store_job job;
	const char *name; /* 1 to LIMIT_CURSOR_NAME bytes; get: NULL or "" to learn `last` only */
	int64_t n;        /* set: in; get: out, 0 if there is none */
	int64_t last;     /* out: the newest number of the log */
};
void store_cursor_get(struct store *s, struct store_cursor *cursor);
void store_cursor_set(struct store *s, struct store_cursor *cursor);

#endif
