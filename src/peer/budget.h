/* How much a stranger may say to us, and how often it may disturb anybody (threat N18). An engine
 * without streams: it says when to stop reading, so that what is too much waits in the kernel of
 * who says it and nowhere here. Whom the user knows has no such limits. The owner says what time it
 * is (ms, clock_now()). Any thread, one owner. */
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
	BUDGET_END    /* far too much came at once: end the stream, the rest is said again later */
};

/* A stanza came. words: it is a message that somebody is to read. */
enum budget_verdict budget_heard(struct budget *b, bool words, size_t bytes, uint64_t now);
/* ms until it may be read again, at most LIMIT_STRANGER_PAUSE; 0: now. */
uint64_t budget_wait(const struct budget *b, uint64_t now);

/* May somebody be disturbed for what it said? Counts, if so. all: the notices of all strangers. */
bool budget_notice(struct budget *b, struct bucket *all, uint64_t now);

#endif
