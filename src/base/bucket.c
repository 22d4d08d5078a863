#include "base/bucket.h"

#define NS_PER_SECOND UINT64_C(1000000000)
#define NS_PER_MS     UINT64_C(1000000)

static uint64_t
cost(struct bucket_rate rate, uint32_t tokens)
{
	return tokens * NS_PER_SECOND / rate.per_second;
}

/* How much is missing to a full bucket, in ns. */
static uint64_t
missing(const struct bucket *b, uint64_t now)
{
	uint64_t ns = now * NS_PER_MS;
	return b->full_at > ns ? b->full_at - ns : 0;
}

bool
bucket_has(const struct bucket *b, struct bucket_rate rate, uint32_t tokens, uint64_t now)
{
	return bucket_wait(b, rate, tokens, now) == 0;
}

void
bucket_charge(struct bucket *b, struct bucket_rate rate, uint32_t tokens, uint64_t now)
{
	b->full_at = now * NS_PER_MS + missing(b, now) + cost(rate, tokens);
}

bool
bucket_take(struct bucket *b, struct bucket_rate rate, uint32_t tokens, uint64_t now)
{
	if (!bucket_has(b, rate, tokens, now))
		return false;
	bucket_charge(b, rate, tokens, now);
	return true;
}

uint64_t
bucket_wait(const struct bucket *b, struct bucket_rate rate, uint32_t tokens, uint64_t now)
{
	uint64_t wanted = missing(b, now) + cost(rate, tokens), room = cost(rate, rate.burst);
	return wanted > room ? (wanted - room + NS_PER_MS - 1) / NS_PER_MS : 0;
}
