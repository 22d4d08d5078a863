/* Who somebody is who claims a name, and what becomes of trust. A contact is a key, or a name alone
 * as long as nobody proved a key for it. Names, addresses and announcements may lie or change; only
 * a key is proof, and only a human raises trust. Decides and nothing else: no I/O, no store, no
 * streams, no clock. Any thread.
 *
 * A name that is held by a key, or waits for one, is never again anybody's in plain: who claims it
 * without a key is another contact, and so is who claims it with a key that is not the holder's. */
#ifndef PEER_TRUST_H
#define PEER_TRUST_H

#include "base/buf.h"
#include "base/compiler.h"
#include "store/trust.h"
#include "tls/key.h"

#include <stdbool.h>

/* What is decided upon. PLAIN has no key. NEW without a key: announced as a program that encrypts,
 * the first key it shows is its key. All others have a key. */
struct trust_contact {
	enum store_trust trust;
	bool has_key;
	struct tls_id key;
	bool blocked;
	/* There is something of it: a message, or it has answered. Before that, it is but an
	 * announcement, and becomes whatever is announced next. */
	bool settled;
	bool spoken; /* a human has written to it: whoever is meant by that is known, once seen */
};

/* ---- claims ---- */

/* Somebody says to be the bearer of a name, and proves a key, or none. */
struct trust_claim {
	const struct tls_peer *key;         /* NULL: in plain */
	const struct trust_contact *holder; /* who has that name now; NULL: nobody */
	const struct trust_contact *bearer; /* who has that key; NULL: nobody */
	const struct trust_contact
	    *earlier; /* who has a key that this one succeeds; NULL: nobody */
};

enum trust_verdict {
	TRUST_PLAIN,     /* it is the holder, or a new contact, without a key */
	TRUST_OTHER,     /* in plain, under the name of a key: another contact, name#plain */
	TRUST_BEARER,    /* whoever has this key, whatever the name */
	TRUST_SUCCESSOR, /* whoever had the earlier key; this one takes its place */
	/* The name waits for a key, or was somebody's in plain, or nobody's: it is this one's now.
	 * Who was in plain may have been anybody: what waits for that name is for its key, and each
	 * message says for itself how it came. */
	TRUST_FIRST_KEY,
	TRUST_IMPOSTOR, /* the name is another key's: refused, and shown as `changed` */
	TRUST_REFUSED,  /* blocked, or was refused as an impostor before */
};
enum trust_verdict trust_judge(const struct trust_claim *claim);

/* Nothing may be said to it, or taken from it, that is not encrypted. */
bool trust_requires_key(const struct trust_contact *c);

/* ---- what happens to trust ---- */

enum trust_event {
	/* From the network: none of them ever raises anything. */
	TRUST_SEEN_ENCRYPTING, /* announced as a program that encrypts */
	TRUST_SEEN_PLAIN,      /* announced as one that does not, or spoken to in plain */
	TRUST_SEEN_KEY,        /* it proved its key; the first one becomes its key, and is new,
				* or known if it was written to before */
	TRUST_HANDED_OVER,     /* it proved a key that its key has named as its successor */
	TRUST_HEARD,           /* it said something */
	/* From a human. */
	TRUST_SAID, /* they wrote to it */
	TRUST_ACCEPTED,
	TRUST_ACCEPTED_KEY, /* the key of who was `changed` is this contact's now */
	TRUST_VERIFIED,
	TRUST_INTRODUCED, /* they accept what somebody verified vouches for */
	TRUST_BLOCKED,
	TRUST_UNBLOCKED,
	TRUST_FORGOTTEN,
	TRUST_EVENTS
};
/* 0, or ERR_TRUST with c unchanged: that cannot happen to it. key: of the events that bring one,
 * else NULL. */
int
trust_happens(struct trust_contact *c, enum trust_event event, const struct tls_id *key) MUST_USE;
bool trust_is_human(enum trust_event event);

/* ---- hints ---- */

/* What an announcement tells of a key (TXT `id`): its first 16 bytes in hex. */
enum { TRUST_HINT_SIZE = 33 };
void trust_hint(const struct tls_id *id, char out[TRUST_HINT_SIZE]);
bool trust_hint_is_valid(const char *hint);
bool trust_hint_fits(const char *hint, const struct tls_id *id);

/* ---- names ---- */

/* name#plain, or name#TAG; key is a hint or hex: its first 8 digits are the tag. NULL: plain. */
void trust_name_aside(struct buf *out, const char *name, const char *key);
/* How long the name is without such an ending, its whole length if it has none. Nobody can be
 * announced under a name that has one. */
size_t trust_name_own(const char *name);

#endif
