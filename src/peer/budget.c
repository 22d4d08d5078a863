#include "peer/budget.h"

#include "base/limits.h"

const struct bucket_rate budget_allowed = {LIMIT_STRANGER_BURST, LIMIT_STRANGER_WORDS};
const struct bucket_rate budget_quiet = {LIMIT_QUIET_BURST, LIMIT_QUIET_WORDS};
static const struct bucket_rate stanzas = {LIMIT_STRANGER_STANZAS_BURST, LIMIT_STRANGER_STANZAS};
/* one message may be as large as any */
static const struct bucket_rate all_bytes = {
    LIMIT_STANZA + LIMIT_STRANGER_BYTES, LIMIT_STRANGER_BYTES};
/* in tenths of a notice, for there is less than one a second */
static const struct bucket_rate notices = {10, 10 / LIMIT_STRANGER_NOTICE_SECONDS};
static const struct bucket_rate all_notices = {LIMIT_NOTICES, LIMIT_NOTICES};

static uint64_t
owed(const struct budget *b, struct bucket_rate words, uint64_t now)
{
	uint64_t wait = bucket_wait(&b->words, words, 1, now);
	uint64_t more = bucket_wait(&b->stanzas, stanzas, 1, now);
	wait = more > wait ? more : wait;
	more = bucket_wait(&b->bytes, all_bytes, LIMIT_STANZA, now);
	return more > wait ? more : wait;
}

enum budget_verdict
budget_heard(struct budget *b, struct bucket_rate words, bool is_words, size_t bytes, uint64_t now)
{
	if (is_words)
		bucket_charge(&b->words, words, 1, now);
	bucket_charge(&b->stanzas, stanzas, 1, now);
	bucket_charge(
	    &b->bytes, all_bytes, bytes < LIMIT_STANZA ? (uint32_t)bytes : LIMIT_STANZA, now);
	uint64_t wait = owed(b, words, now);
	if (wait > LIMIT_STRANGER_DEBT)
		return BUDGET_END;
	return wait ? BUDGET_PAUSE : BUDGET_GO;
}

uint64_t
budget_wait(const struct budget *b, struct bucket_rate words, uint64_t now)
{
	uint64_t wait = owed(b, words, now);
	return wait < LIMIT_STRANGER_DEBT ? wait : LIMIT_STRANGER_DEBT;
}

bool
budget_notice(struct budget *b, struct bucket *all, uint64_t now)
{
	if (!bucket_has(&b->notices, notices, 10, now) || !bucket_take(all, all_notices, 1, now))
		return false;
	bucket_charge(&b->notices, notices, 10, now);
	return true;
}

bool
budget_seldom(struct bucket *all, uint64_t now)
{
	return bucket_take(all, all_notices, 1, now);
}
