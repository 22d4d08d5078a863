/* How a transfer is agreed upon with the other side: one method for each protocol (Jingle, SI,
 * OOB). A method speaks; it decides nothing about what is sent, when, and whether it is taken:
 * that is transfers.h, into which it reports. Loop thread only.
 *
 * Functions are never called from inside a report of the method's own (transfer_accepted() and the
 * like), so a method may report from wherever it is, its own functions included. */
#ifndef TRANSFER_METHOD_H
#define TRANSFER_METHOD_H

#include "base/compiler.h"

#include <stdbool.h>
#include <stdint.h>

struct person;
struct transfer;

/* Why a session ends. */
enum transfer_end {
	TRANSFER_END_CANCEL,  /* a human does not want it any more: for good */
	TRANSFER_END_PAUSE,   /* a human wants it later */
	TRANSFER_END_FAILED,  /* for good, with a sentence that says why */
	TRANSFER_END_DIFFERS, /* OUT: what they have is not how it begins: they begin at 0 */
	TRANSFER_END_DONE,    /* IN: it has its name */
	TRANSFER_END_LOST,    /* nothing was decided: OUT offers it again by itself */
};

/* t->session is the method's own; NULL: there is no session now. Then accept() says ERR_ABSENT
 * (say ready() instead), and end(), decline() and checksum() have nobody to tell. */
struct transfer_method {
	const char *name; /* for people, in docs/ipc.md FILE: "jingle", "si", ... */
	/* Of old clients, who know no way to go on: what is lost once it was accepted has failed,
	 * and what they offered ends with the session. */
	bool once;
	/* May be used towards this person, for this transfer? By caps, else by fingerprint. */
	bool (*fits)(const struct person *p, const struct transfer *t);
	/* OUT: tell them of it, for the first time or again. 0, ERR_ABSENT, ...: not told. */
	int (*offer)(struct transfer *t);
	/* IN: answer the offer, from t->offset on; t->prefix is the SHA-256 of what is before. */
	int (*accept)(struct transfer *t);
	/* IN: answer the offer with no. */
	void (*decline)(struct transfer *t);
	/* Ends the session there is; text: for FAILED, else NULL. Reports nothing. */
	void (*end)(struct transfer *t, enum transfer_end why, const char *text);
	/* IN: we would go on, now that nothing is in the way. NULL: it cannot be said. */
	int (*ready)(struct transfer *t);
	/* OUT: all is sent, and this is the SHA-256 of it. NULL: cannot be said, and the other
	 * side does not wait for it. */
	int (*checksum)(struct transfer *t, const uint8_t digest[32]);
	/* Forget t now: it is about to be freed, or another method takes over. */
	void (*detach)(struct transfer *t);
};

/* Those there are, best first; ends with NULL (methods.c). */
extern const struct transfer_method *const transfer_methods[];

#endif
