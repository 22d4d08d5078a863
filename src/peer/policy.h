/* What the user's settings allow towards those who prove nothing, or whom nobody has accepted. */
#ifndef PEER_POLICY_H
#define PEER_POLICY_H

#include <stdbool.h>
#include <stdint.h>

enum policy_plain {
	POLICY_PLAIN_ON,
	POLICY_PLAIN_RECEIVE, /* what they say is taken, nothing is said to them */
	POLICY_PLAIN_OFF,     /* who does not encrypt is not talked to at all */
};

/* A stranger is whom the user has neither accepted nor written to. */
enum policy_strangers {
	POLICY_STRANGERS_ALLOW,
	POLICY_STRANGERS_QUIET, /* nobody is disturbed by them, and they get to say one thing */
	POLICY_STRANGERS_DENY,  /* their streams are refused */
};

struct policy {
	enum policy_plain plain;
	enum policy_strangers strangers;
};

#define POLICY_KEEP_FREE_DEFAULT UINT64_MAX /* of keep_free: what the program thinks best */

/* Files. Bytes. Nothing is ever accepted without asking of anybody but the verified. */
struct policy_files {
	bool accept_verified;  /* of those for whom nothing else was said */
	uint64_t accept_size;  /* ... if it is no bigger than this */
	uint64_t accept_daily; /* ... and all within a day no more than that */
	uint64_t rate;         /* a second, of all together; 0: no cap */
	uint64_t keep_free;    /* of the file system that receiving must leave free */
	bool old_clients;      /* with programs that know older methods only */
	/* The administrator has settled whose are accepted, or the rate: no rule for a single
	 * person, and no method, says otherwise. */
	bool accept_fixed, rate_fixed;
};

#endif
