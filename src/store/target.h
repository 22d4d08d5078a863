/* Messages that other messages are about: corrected, taken back, reacted to. Store thread only. */
#ifndef STORE_TARGET_H
#define STORE_TARGET_H

#include "store/message.h"
#include "store/row.h"

struct target {
	int64_t n;
	enum store_direction direction;
	bool retracted;
	bool given_up; /* of ours: the other does not have it, and never will */
	enum store_trust trust;
	char id[LIMIT_STANZA_ID + 1];
	char quote[LIMIT_QUOTE + 1]; /* how it begins */
};

/* What a message of this kind and direction may be about, by its id; that of a correction stands
 * for the message corrected. 0 or -ENOENT. */
int target_find(struct store_db *db, int64_t peer, const char *id, enum store_kind kind,
    enum store_direction by, struct target *out) MUST_USE;

/* Does to it what a message that was just kept says. */
int target_apply(struct store_db *db, const struct store_put *put, int64_t peer,
    const struct target *target) MUST_USE;

#endif
