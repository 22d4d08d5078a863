#include "transfer/rate.h"

#include <errno.h>

#define NS_PER_SECOND UINT64_C(1000000000)

enum { PIECES_A_SECOND = 20, LEAST_PIECE = 1024 };

/* Who wakes up too late makes up for it; more than this is not saved up. */
#define SLACK (NS_PER_SECOND / PIECES_A_SECOND)

int
rate_init(struct rate *r, uint64_t per_second)
{
	*r = (struct rate){0};
	if (pthread_mutex_init(&r->lock, NULL) != 0)
		return -ENOMEM;
	rate_set(r, per_second);
	return 0;
}

void
rate_finish(struct rate *r)
{
	(void)pthread_mutex_destroy(&r->lock);
}

void
rate_set(struct rate *r, uint64_t per_second)
{
	(void)pthread_mutex_lock(&r->lock);
	r->per_second = per_second && per_second < RATE_LEAST ? RATE_LEAST : per_second;
	(void)pthread_mutex_unlock(&r->lock);
}

uint64_t
rate_get(struct rate *r)
{
	(void)pthread_mutex_lock(&r->lock);
	uint64_t per_second = r->per_second;
	(void)pthread_mutex_unlock(&r->lock);
	return per_second;
}

size_t
rate_piece(struct rate *r, size_t most)
{
	uint64_t per_second = rate_get(r), piece = per_second / PIECES_A_SECOND;
	if (per_second && piece < LEAST_PIECE)
		piece = LEAST_PIECE;
	return per_second && piece < most ? (size_t)piece : most;
}

uint64_t
rate_take(struct rate *r, uint64_t bytes, uint64_t now)
{
	(void)pthread_mutex_lock(&r->lock);
	uint64_t begin = r->next + SLACK > now ? r->next : now - SLACK;
	uint64_t per_second = r->per_second;
	if (per_second)
		r->next = begin + bytes / per_second * NS_PER_SECOND +
			  bytes % per_second * NS_PER_SECOND / per_second;
	(void)pthread_mutex_unlock(&r->lock);
	return per_second && begin > now ? begin - now : 0;
}
