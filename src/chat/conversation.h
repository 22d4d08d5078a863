/* The conversation with one person: what we say goes into the store, from there through the outbox
 * (outbox.h) onto streams. Binds that engine to store, streams and time. Loop thread only.
 *
 * A conversation lives as long as its person, or as the store still owes it an answer. */
#ifndef CHAT_CONVERSATION_H
#define CHAT_CONVERSATION_H

#include "base/compiler.h"
#include "base/list.h"
#include "chat/outbox.h"
#include "peer/feature.h"
#include "peer/person.h"
#include "store/message.h"

#include <stdbool.h>
#include <uv.h>

struct bus_event;

/* All of them; roster.chat. */
struct chat {
	struct roster *roster; /* borrowed */
	struct list conversations;
	bool complete;      /* everybody for whom something waits has one */
	uv_timer_t timer;   /* for the earliest wake_at */
	uint64_t timer_due; /* OUTBOX_NEVER: it does not run */
};

struct conversation {
	struct list node; /* in chat.conversations */
	struct chat *chat;
	struct person *person; /* borrowed; NULL: it is gone, only answers are awaited */
	struct outbox outbox;
	uint64_t wake_at;
	unsigned asked;      /* of the store and not answered */
	unsigned wanted;     /* of these: by the outbox */
	unsigned renaming;   /* of these: to put under another name */
	unsigned adding;     /* of these: messages to be added */
	unsigned forgotten;  /* how often its person's key was */
	uint64_t struck_row; /* the oldest on its way when the peer ended a stream in anger ... */
	unsigned strikes;    /* ... so many times in a row */
	uint64_t deferred_until;    /* they want to hear no more until then; 0: they do */
	unsigned deferrals;         /* times in a row */
	bool here;                  /* what the outbox was told: it may be dialled */
	bool broken;                /* the store failed the outbox, which is to be loaded anew */
	struct ipc_call *canceller; /* whose call outbox_cancel() is serving right now */
	size_t arriving, arriving_bytes; /* of what they say: what the store does not have yet */
	int arriving_chain; /* the store's while there are any: none gets before one it failed */
};

/* NULL: out of memory. */
struct conversation *conversation_of(struct person *p);

/* A message of ours. Text is copied. */
struct utterance {
	enum store_kind kind;
	const char *target, *body; /* target: NULL if it is about no other */
	const char *token;         /* NULL: none */
	int64_t lifetime;          /* ms, 0: for ever */
};
/* Answers the call (NULL: nobody asked) once it is on disk, or why it is not. 0, or an error that
 * is the answer. */
int
conversation_say(struct conversation *c, struct ipc_call *call, const struct utterance *u) MUST_USE;

/* A method with `peer`, `token` and the `id` of the message it is about. */
int conversation_call(struct ipc_call *call, enum store_kind kind, const char *body) MUST_USE;

/* We have seen what they said up to this message. */
void conversation_mark_displayed(struct conversation *c, const char *id);

/* Row of ours, queued. True: the call will be answered with cancelled, or, rarely, that it was too
 * late after all. False: it is too late, or cannot be told at present; nothing was answered. */
bool conversation_cancel(struct conversation *c, struct ipc_call *call, int64_t row) MUST_USE;

/* To be done before that: nobody is to hear the words of a message that was cancelled from what
 * corrects it. True: there may be more of these, and the message is to be found anew. */
bool
conversation_cancel_corrections(struct conversation *c, const struct store_find *find) MUST_USE;

/* answered.c: they have displayed this message of ours, which may still be in the outbox. */
void conversation_displayed(struct conversation *c, const char *id);
/* What they say became of a message of ours: delivered, or failed with a reason. 0 or -ENOMEM. */
int conversation_answered(
    struct conversation *c, const char *id, enum store_state state, const char *reason) MUST_USE;

/* They will hear what we say, but not now (<resource-constraint/>): all of it waits, and is said
 * again after a while that doubles each time, or as soon as they say something themselves. */
void conversation_defer(struct conversation *c);
void conversation_resume(struct conversation *c);

/* inbox.c: something of theirs is on its way to the store, and is there. Their stream is not read
 * while there is much of it. */
void conversation_gets(struct conversation *c, size_t bytes);
void conversation_has(struct conversation *c, size_t bytes);

/* For wants.c, inbox.c and answered.c: the store was asked something for this conversation, or has
 * answered; after that c may be gone. */
void conversation_asks(struct conversation *c);
void conversation_was_answered(struct conversation *c);
/* All is loaded anew, now or as soon as the store has answered what it was asked. */
void conversation_restart(struct conversation *c);
/* renaming.c: all that was kept under this name is this person's. */
void conversation_rename_kept(struct conversation *c, const char *from);
/* It did not do what the outbox needs: all is loaded anew as soon as that is possible. */
void conversation_store_failed(struct conversation *c);
/* ctx: the conversation. */
void conversation_wake_at(void *ctx, uint64_t when);

/* For chat.c */
int conversations_start(struct roster *r) MUST_USE;
void conversations_stop(void *ctx); /* roster.chat */
void conversations_event(const struct bus_event *e);
/* Those for whom something waits have been told by conversation_of(): all of them, or not. */
void conversations_known(struct roster *r, bool all);
void conversations_recovered(struct roster *r); /* the store works again */
/* For history.c: what waited for this person (NULL: for anybody) may be forgotten. */
void conversations_forgotten(struct roster *r, const char *peer);

#endif
