/* How the file is: for `earshot doctor`. Requests in the manner of store.h. */
#ifndef STORE_HEALTH_H
#define STORE_HEALTH_H

#include "store/store.h"

enum store_verdict {
	STORE_UNCHECKED, /* the file is too big for the time there is */
	STORE_WHOLE,
	STORE_DAMAGED,
};

struct store_health {
	struct store_job job;
	int64_t size;     /* out, bytes: of the database without its write-ahead log */
	int64_t unused;   /* ... of these not in use */
	int64_t messages; /* out; -1: too many to count in that time */
	enum store_verdict verdict;
	char damage[256]; /* what SQLite said of it */
};

/* Reads the file for at most a second; what else is asked of the store waits so long. */
void store_health(struct store *s, struct store_health *health);

#endif
