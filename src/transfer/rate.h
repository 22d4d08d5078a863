/* A cap in bytes a second that all transfers share. Whoever takes bytes is told how long to wait
 * before they may go; each waits for its own, in the order in which they asked, so that those who
 * take pieces of one size get the same share. No clock here: the owner says what time it is
 * (monotonic, ns). Any thread. */
#ifndef TRANSFER_RATE_H
#define TRANSFER_RATE_H

#include "base/compiler.h"

#include <pthread.h>
#include <stddef.h>
#include <stdint.h>

struct rate {
	pthread_mutex_t lock;
	uint64_t per_second; /* bytes; 0: no cap */
	uint64_t next;       /* ns: when what was taken so far has gone */
};

/* The slowest cap there is; a lower one counts as this: connections go on living. Bytes a second.
 */
enum { RATE_LEAST = 8 * 1024 };

int rate_init(struct rate *r, uint64_t per_second) MUST_USE; /* 0: no cap; 0 or -ENOMEM */
void rate_finish(struct rate *r);
void rate_set(struct rate *r, uint64_t per_second); /* any time; 0: no cap */
uint64_t rate_get(struct rate *r);

/* How much to take at once, at most `most`: about 50 ms of the cap, so that a change of the cap and
 * a stop are obeyed soon. Never 0 unless most is. */
size_t rate_piece(struct rate *r, size_t most);
/* Takes them. ns to wait from now; 0: they may go at once. */
uint64_t rate_take(struct rate *r, uint64_t bytes, uint64_t now) MUST_USE;

#endif
