#include "chat/redial.h"

enum {              /* ms */
	GAP = 1000, /* between two attempts, however often there is hope */
	PAUSE_MIN = 1000,
	PAUSE_MAX = 40000, /* and half of it at most on top */
};

void
redial_init(struct redial *r, uint64_t seed)
{
	*r = (struct redial){.randomness = seed ? seed : 1};
}

uint64_t
redial_at(const struct redial *r)
{
	return r->here && !r->dialling ? r->retry_at : REDIAL_NEVER;
}

void
redial_begin(struct redial *r, uint64_t now)
{
	r->dialling = true;
	r->dialled_at = now;
	r->attempts++;
}

void
redial_linked(struct redial *r)
{
	r->dialling = false;
}

static uint64_t
pause(struct redial *r)
{
	uint64_t ms = PAUSE_MIN;
	for (unsigned i = 1; i < r->attempts && ms < PAUSE_MAX; i++)
		ms *= 2;
	if (ms > PAUSE_MAX)
		ms = PAUSE_MAX;
	r->randomness ^= r->randomness << 13; /* xorshift64: even enough for this */
	r->randomness ^= r->randomness >> 7;
	r->randomness ^= r->randomness << 17;
	return ms + r->randomness % (ms / 2 + 1);
}

void
redial_failed(struct redial *r, uint64_t now)
{
	if (!r->dialling)
		return; /* meanwhile the peer came by itself */
	r->dialling = false;
	r->retry_at = now + pause(r);
}

void
redial_dropped(struct redial *r, uint64_t now)
{
	r->retry_at = r->attempts ? now + pause(r) : now;
}

void
redial_progress(struct redial *r)
{
	r->attempts = 0;
}

void
redial_hope(struct redial *r, uint64_t now)
{
	uint64_t soon = r->attempts && now < r->dialled_at + GAP ? r->dialled_at + GAP : now;
	if (r->retry_at > soon)
		r->retry_at = soon;
}

void
redial_presence(struct redial *r, uint64_t now, bool here)
{
	r->here = here;
	if (!here)
		return;
	redial_hope(r, now);
	r->attempts = r->attempts > 0; /* it may listen a moment later than it says so */
}
