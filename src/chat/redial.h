/* When to try for a stream to somebody: at once when there is reason to hope, else with pauses that
 * double from 1 s to a minute, in part random, so that many who lost the same peer do not come
 * back at the same time. A state machine without I/O. Times: ms of clock_now(). Loop thread only.
 */
#ifndef CHAT_REDIAL_H
#define CHAT_REDIAL_H

#include <stdbool.h>
#include <stdint.h>

#define REDIAL_NEVER UINT64_MAX

struct redial {
	bool here; /* there is an address to try */
	bool dialling;
	unsigned attempts; /* since a stream was good for something */
	uint64_t dialled_at, retry_at;
	uint64_t randomness; /* never 0 */
};

void redial_init(struct redial *r, uint64_t seed); /* any seed, different for each person */

/* When the next attempt is due, if a stream is wanted. */
uint64_t redial_at(const struct redial *r);
void redial_begin(struct redial *r, uint64_t now);
/* What became of it; the peer may also have come by itself. */
void redial_linked(struct redial *r);
void redial_failed(struct redial *r, uint64_t now);

void redial_dropped(struct redial *r, uint64_t now); /* the stream there was is gone */
void redial_progress(struct redial *r);              /* the stream is good for something */
void redial_hope(struct redial *r, uint64_t now);    /* somebody would like it soon */
void redial_presence(struct redial *r, uint64_t now, bool here);

#endif
