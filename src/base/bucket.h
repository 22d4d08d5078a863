/* A budget that refills with time (token bucket): so much at once, so much a second. No clock
 * here: the owner says what time it is (ms, any start, never backwards). Any thread, one owner. */
#ifndef BASE_BUCKET_H
#define BASE_BUCKET_H

#include "base/compiler.h"

#include <stdbool.h>
#include <stdint.h>

/* Zeroed: full. */
struct bucket {
	uint64_t full_at; /* ns: when it is full again if nothing more is taken */
};

struct bucket_rate {
	uint32_t burst;      /* tokens a full bucket holds */
	uint32_t per_second; /* tokens that come back; not 0 */
};

/* Takes the tokens if they are there; false: it takes none. */
bool bucket_take(struct bucket *b, struct bucket_rate rate, uint32_t tokens, uint64_t now);
bool bucket_has(const struct bucket *b, struct bucket_rate rate, uint32_t tokens, uint64_t now);
/* Takes them whether or not they are there: what has happened already is owed. */
void bucket_charge(struct bucket *b, struct bucket_rate rate, uint32_t tokens, uint64_t now);
/* ms until that many tokens are there, rounded up; 0: they are. */
uint64_t bucket_wait(
    const struct bucket *b, struct bucket_rate rate, uint32_t tokens, uint64_t now) MUST_USE;

#endif
