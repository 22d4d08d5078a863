/* How much a stranger may say to us, and how often it may disturb anybody (threat N18). An engine
 * without streams: it says when to stop reading, so that what is too much waits in the kernel of
 * who says it and nowhere here. What was read is handled first and paid for afterwards: a stranger
 * is read again when it owes nothing, so it never owes more than one read brought. The rates are
 * such that what an Earshot may have sent and not seen confirmed (LIMIT_OUTBOX_WINDOW messages) is
 * paid before its kernel gives up on a receiver that does not read (TCP_USER_TIMEOUT, 10 s: the
 * answers to probes of a closed window do not count). Whom the user knows has no such limits. The
 * owner says what time it is (ms, clock_now()). Any thread, one owner. */
#ifndef PEER_BUDGET_H
#define PEER_BUDGET_H

#include "base/bucket.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Of one person. Zeroed: nothing was said yet. */
struct budget {
	struct bucket words;   /* messages with something in them to be kept */
	struct bucket stanzas; /* all there are */
	struct bucket bytes;
	struct bucket notices;
};

enum budget_verdict {
	BUDGET_GO,
	BUDGET_PAUSE, /* read nothing more until budget_wait() says 0 */
	BUDGET_END    /* more at once than one window and one read explain: end the stream */
};

/* Rates of messages: where strangers are allowed, and where they have to be quiet. */
extern const struct bucket_rate budget_allowed, budget_quiet;

/* A stanza came. is_words: it is a message that somebody is to read. */
enum budget_verdict
budget_heard(struct budget *b, struct bucket_rate words, bool is_words, size_t bytes, uint64_t now);
/* ms until it may be read again, at most LIMIT_STRANGER_DEBT; 0: now. */
uint64_t budget_wait(const struct budget *b, struct bucket_rate words, uint64_t now);

/* May somebody be disturbed for what it said? Counts, if so. all: the notices of all strangers. */
bool budget_notice(struct budget *b, struct bucket *all, uint64_t now);
/* The same for what one of them can do but a few times an hour: all together are limited. */
bool budget_seldom(struct bucket *all, uint64_t now);

#endif
