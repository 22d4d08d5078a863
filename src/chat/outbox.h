/* The outbox of one person: decides what is sent to whom, when, and when once more; what is kept,
 * and when it is done with. A state machine without I/O: (state, event, now) -> actions. Knows no
 * stream, no store, no XML and no clock. Allocates nothing, so nothing here can run out of memory.
 * Loop thread only.
 *
 * The store holds the queue; here is the part of it that is worked on (at most
 * LIMIT_OUTBOX_LOADED messages), the rest is loaded as it drains. What was not stored is never
 * sent, and what happened to a message counts once the store has it: after a crash, or after
 * trouble with the store (outbox_restart), everything unfinished is loaded again, and receivers
 * drop what they have by its id.
 *
 * In order: on every new stream sending starts again with the oldest unconfirmed message, so
 * whatever is read from any stream, in whatever order the streams are read, has all older ones
 * before it. A receiver that fails to store a message must close the stream for that reason.
 *
 * Two kinds of peer. Those who promise receipts (Earshot: a receipt follows every commit) get a
 * window of LIMIT_OUTBOX_WINDOW messages and LIMIT_OUTBOX_WINDOW_BYTES, which a kernel takes that
 * is not read from for a while, and a message is done when it is confirmed. For all others it is
 * "handed over" once the kernel has it; for some seconds more it is remembered, and sent once again
 * if its stream dies: of two streams that cross, old clients drop one with what is on it. A receipt
 * from such a peer counts when it comes, but is never waited for.
 *
 * The mark: a message that may have been sent can neither be cancelled nor be called unsent, also
 * after a crash. So before a message is sent the store remembers, durably, the row up to which
 * messages may have been sent. Marks are asked for some way ahead, and the commit that adds a
 * message can carry its mark (outbox_goes_now), so a live conversation pays nothing for them. */
#ifndef CHAT_OUTBOX_H
#define CHAT_OUTBOX_H

#include "base/compiler.h"
#include "base/limits.h"
#include "base/list.h"
#include "base/random.h"
#include "chat/redial.h"
#include "chat/window.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define OUTBOX_NEVER UINT64_MAX /* a time that does not come */

enum outbox_state {
	OUTBOX_QUEUED,      /* only in the store; never given to set_state() */
	OUTBOX_HANDED_OVER, /* the kernel has it, and no receipt is promised */
	OUTBOX_DELIVERED,
	OUTBOX_READ,
	OUTBOX_FAILED,
	OUTBOX_CANCELLED,
};

/* One message, embedded in the owner's struct that holds the text. All times: ms of clock_now(). */
struct outbox_item {
	uint64_t row;            /* its place in the store: rows of one person grow in order */
	uint64_t expires_at;     /* OUTBOX_NEVER: it does not */
	size_t size;             /* bytes the owner keeps for it */
	char id[RANDOM_ID_SIZE]; /* of the stanza */

	/* The outbox's own from here. */
	struct list node;
	uint64_t link; /* the stream it went onto and that lives; 0: none */
	uint64_t handed_at;
	bool tried;     /* may have been sent, now or before a crash */
	bool promised;  /* a receipt is waited for on that link */
	bool in_kernel; /* that link took it */
	bool again;     /* handed over and sent once more: no third time */
};

enum outbox_sending {
	OUTBOX_SENDING,
	OUTBOX_NO_ROOM,    /* the link is full: it is tried again soon */
	OUTBOX_UNSENDABLE, /* and never will be sendable: it fails, the others go on */
};

/* Never called but from inside an outbox_*() function, and must not call one: what follows from an
 * action is told by an event of a later turn of the loop. */
struct outbox_ops {
	/* Puts it onto the link of the latest outbox_link_up(). again: the peer may have it. */
	enum outbox_sending (*send)(void *ctx, struct outbox_item *item, bool again);
	/* Makes durable, after all that was asked of the store before. States only advance in the
	 * order of the enum up to READ; FAILED and CANCELLED are final, except that a receipt is
	 * proof. reason: for FAILED, else NULL. */
	void (*set_state)(void *ctx, uint64_t row, enum outbox_state state, const char *reason);
	/* The same with CANCELLED, for a row that is only in the store: it is to change if it is
	 * queued and above the mark. Whether it did is the answer to who wanted to cancel. */
	void (*cancel)(void *ctx, uint64_t row);
	/* Makes durable that rows up to this one may have been sent; outbox_marked() follows. */
	void (*mark)(void *ctx, uint64_t upto);
	/* Reads queued rows above `after`, the lowest ones; outbox_loaded() with this ticket
	 * follows. At least one if there is one, else no more than count and bytes. */
	void (*load)(void *ctx, unsigned ticket, uint64_t after, size_t count, size_t bytes);
	/* Opens a stream; outbox_link_up() or outbox_dial_failed() follows. */
	void (*want_link)(void *ctx);
	/* Calls outbox_tick() then, and not at the time said before; OUTBOX_NEVER: not at all. */
	void (*wake_at)(void *ctx, uint64_t when);
	/* Gives an item back to its owner. */
	void (*release)(void *ctx, struct outbox_item *item);
};

struct outbox {
	const struct outbox_ops *ops; /* borrowed */
	void *ctx;

	struct list waiting;  /* by row: to be sent on this link, or the next */
	struct list sent;     /* on a link, not confirmed or not in the kernel */
	struct list kept;     /* handed over, oldest first */
	size_t count, bytes;  /* of waiting and sent */
	struct window flight; /* of sent */
	size_t kept_count, kept_bytes;

	uint64_t last;   /* the highest row ever in memory */
	bool more;       /* the store has, or may have, rows above it */
	bool loading;    /* an answer is due, with this ticket: */
	bool grew;       /* since the load was asked for, a row came that it may miss */
	unsigned ticket; /* of the latest load; answers to older ones are dropped */

	uint64_t marked, asked; /* the mark the store has, and the one asked for */
	uint64_t mark_row;      /* enough are marked until this row is the first that waits */
	unsigned marking;       /* marks asked for and not answered */
	bool fenced;            /* nothing is sent until they are */

	uint64_t link;    /* what we send on; 0: none */
	bool promises;    /* its peer confirms what it stored */
	uint64_t down_at; /* when the last link died; what it carried may still be read */
	struct redial redial;

	uint64_t expiry;   /* nothing in waiting expires before */
	uint64_t room_at;  /* the link had no room: look again then */
	uint64_t deadline; /* what wake_at() was told */
};

/* seed: any number, different for each person. stored: the store may hold queued messages of that
 * person; outbox_tick() then begins with loading them. */
void
outbox_init(struct outbox *o, const struct outbox_ops *ops, void *ctx, uint64_t seed, bool stored);
void outbox_finish(struct outbox *o); /* releases all; accepts zeroed */

/* Whether a message added now is sent at once. Then its commit marks, too: rows up to its own. */
bool outbox_goes_now(const struct outbox *o);
/* It was committed, in the order of rows; moves the item. marked: with its mark. */
void outbox_added(struct outbox *o, uint64_t now, struct outbox_item *item, bool marked);
/* Moves the items on the list (by row) and empties it. marked: the mark the store has, complete:
 * it has no queued rows above these. A load that failed is not answered: see outbox_restart(). */
void outbox_loaded(struct outbox *o, uint64_t now, unsigned ticket, struct list *items,
    uint64_t marked, bool complete);
void outbox_marked(struct outbox *o, uint64_t now, uint64_t upto);
/* The store failed to do something it was asked for, works again, and has nothing left to answer:
 * all is loaded anew. */
void outbox_restart(struct outbox *o, uint64_t now);

/* Send on this link (any number but 0, unique among those that live) from now on. promises: see
 * above; it may be told again for the same link when more is known of the peer. */
void outbox_link_up(struct outbox *o, uint64_t now, uint64_t link, bool promises);
/* If the link we sent on died and another lives, outbox_link_up() tells of that one first. */
void outbox_link_down(struct outbox *o, uint64_t now, uint64_t link);
/* Before that, when there is no other and none is coming: an old client that had it handed over has
 * read it, so it is not sent once more. */
void outbox_surely_read(struct outbox *o, uint64_t link);
void outbox_dial_failed(struct outbox *o, uint64_t now);
/* Presence was seen, or ended (here: false; nobody is dialled then). */
void outbox_presence(struct outbox *o, uint64_t now, bool here);
/* The kernel has all of it. */
void outbox_handed(struct outbox *o, uint64_t now, uint64_t link, uint64_t row);

/* The oldest message on that link that is not confirmed, or was handed over a moment ago; NULL:
 * none. */
const struct outbox_item *outbox_oldest(const struct outbox *o, uint64_t link);

/* What the peer said of the message with this id. False: it is not in memory, or was never sent;
 * of one handed over long ago the store may still know. A refusal is for good. */
bool outbox_confirmed(struct outbox *o, uint64_t now, const char *id);
bool outbox_displayed(struct outbox *o, uint64_t now, const char *id);
bool outbox_refused(struct outbox *o, uint64_t now, const char *id, const char *reason);

/* False: too late. True: set_state() or cancel() was called, and is the answer once it is durable;
 * from now on the message is not sent. */
bool outbox_cancel(struct outbox *o, uint64_t now, uint64_t row) MUST_USE;

void outbox_tick(struct outbox *o, uint64_t now);

#endif
