/* What the user's settings allow towards those who prove nothing, or whom nobody has accepted. */
#ifndef PEER_POLICY_H
#define PEER_POLICY_H

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

#endif
