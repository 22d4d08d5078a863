#include "tray/notice_limit.h"

/* Buckets refill by whole tokens a second, so that slower paces need dearer notifications. */
enum {
	ONE_COST = 2, /* four at once, then one every 2 s */
	ONE_BURST = 4 * ONE_COST,
	KNOWN_COST = 2, /* twenty at once, then one every 2 s */
	KNOWN_BURST = 20 * KNOWN_COST,
	STRANGERS_COST = 30, /* five at once, then one every 30 s */
	STRANGERS_BURST = 5 * STRANGERS_COST,
	OURS_COST = 30, /* two at once, then one every 30 s */
	OURS_BURST = 2 * OURS_COST,
	QUIET = 60000, /* ms without anything to sum up: then the summary has had its day */
};

static const struct bucket_rate one_rate = {ONE_BURST, 1};
static const struct bucket_rate known_rate = {KNOWN_BURST, 1};
static const struct bucket_rate strangers_rate = {STRANGERS_BURST, 1};

static const struct bucket_rate ours_rate = {OURS_BURST, 1};

static enum notice_verdict
sum_up(struct notice_limit *l, uint64_t now)
{
	l->summed = true;
	l->summed_at = now;
	return NOTICE_SUMMARY;
}

/* A flood that goes on must not come through drop by drop as the budget refills. */
static bool
is_summed_up(struct notice_limit *l, bool is_known, uint64_t now)
{
	if (l->summed && now - l->summed_at >= QUIET)
		l->summed = false;
	return l->summed && !is_known;
}

enum notice_verdict
notice_limit_ask(struct notice_limit *l, struct bucket *one, bool is_known, bool is_new,
    uint64_t now, uint64_t *wait)
{
	struct bucket *all = is_known ? &l->known : &l->strangers;
	struct bucket_rate rate = is_known ? known_rate : strangers_rate;
	uint32_t cost = is_known ? KNOWN_COST : STRANGERS_COST;
	*wait = bucket_wait(one, one_rate, ONE_COST, now);
	if (*wait > 0)
		return NOTICE_LATER;
	if (is_new && (is_summed_up(l, is_known, now) || !bucket_take(all, rate, cost, now)))
		return sum_up(l, now);
	bucket_charge(one, one_rate, ONE_COST, now);
	return NOTICE_NOW;
}

enum notice_verdict
notice_limit_ask_ours(struct bucket *one, uint64_t now, uint64_t *wait)
{
	*wait = bucket_wait(one, ours_rate, OURS_COST, now);
	if (*wait > 0)
		return NOTICE_LATER;
	bucket_charge(one, ours_rate, OURS_COST, now);
	return NOTICE_NOW;
}
