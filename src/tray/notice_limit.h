/* How often notifications may disturb somebody: budgets for each person, for strangers and for
 * people who are known, so that a flood is a few notifications and one summary. No clock and no
 * D-Bus here: the owner says what time it is (ms, as clock_now()). One owner. */
#ifndef TRAY_NOTICE_LIMIT_H
#define TRAY_NOTICE_LIMIT_H

#include "base/bucket.h"

#include <stdbool.h>
#include <stdint.h>

enum notice_verdict {
	NOTICE_NOW,     /* show it; it has been counted */
	NOTICE_LATER,   /* the same person again and again: wait, then show the latest */
	NOTICE_SUMMARY, /* too much of all: one notification for the rest */
};

/* Of all; zeroed: nothing was shown yet. The bucket of one person is the owner's to keep, zeroed at
 * the beginning, too. */
struct notice_limit {
	struct bucket known, strangers;
	uint64_t summed_at; /* when the summary was wanted last */
	bool summed;        /* strangers stay in the summary until it is quiet */
};

/* May a notification be shown now? is_new: the person has none on the screen yet, so this one takes
 * room; another one in its place only has to keep to the person's own pace. wait: for NOTICE_LATER,
 * ms until it may. */
enum notice_verdict notice_limit_ask(struct notice_limit *l, struct bucket *one, bool is_known,
    bool is_new, uint64_t now, uint64_t *wait);
/* The same for what is not said by people: it has its own pace and no share in any budget. */
enum notice_verdict notice_limit_ask_ours(struct bucket *one, uint64_t now, uint64_t *wait);

#endif
