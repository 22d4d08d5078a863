/* Whom we know, and how well: a contact is a key, or a name alone. Who decides about trust is
 * peer/trust.h; here it is kept, together with an account of every change that goes into the log of
 * events. Requests in the manner of store.h. */
#ifndef STORE_TRUST_H
#define STORE_TRUST_H

#include "base/limits.h"
#include "store/store.h"

#include <stddef.h>

enum { STORE_KEY_SIZE = 32 };

/* What is known of who speaks. The numbers are part of the file format. */
enum store_trust {
	STORE_TRUST_PLAIN,      /* no key: anyone could have said it */
	STORE_TRUST_NEW,        /* a key that nobody has looked at yet */
	STORE_TRUST_KNOWN,      /* the key it has always been; we have spoken to it */
	STORE_TRUST_INTRODUCED, /* somebody who is verified vouched for the key */
	STORE_TRUST_VERIFIED,   /* a human compared the key */
	STORE_TRUST_CHANGED,    /* another key than the one of this name: not the same person */
};

/* "plain", "new", ...: what front ends are told (docs/ipc.md). */
const char *store_trust_word(enum store_trust trust);
/* How much it is worth, 0 the least: of two the one that is believed more has the higher one. */
int store_trust_rank(enum store_trust trust);
/* For a number from a file: what is no trust is the least. */
enum store_trust store_trust_from(int64_t number);

/* In a request borrowed until the answer; in a list owned by it. */
struct store_contact {
	const char *name; /* unique, ASCII case does not matter; not empty */
	const char *display;
	const char *instance; /* what it is announced and dialled as; NULL: name */
	bool has_key;
	uint8_t key[STORE_KEY_SIZE]; /* unique */
	enum store_trust trust;      /* PLAIN only without a key. NEW without one: it is waited for,
				      * and nothing is said in plain meanwhile. */
	const char *via;             /* who introduced it, NULL: nobody */
	bool blocked;
	const char *addresses; /* as the caller writes them, at most LIMIT_ADDRESSES_TEXT bytes */
	int64_t seen_at;       /* ms, wall clock; 0: never */
};

/* All of one contact is kept as it is here, made if there is none of this name. A key that differs
 * from the one there was replaces it, but a key is not taken away: that is store_contact_forget().
 *
 * If key or trust become others, `cause` goes into the log with it (STORE_EVENT_TRUST), and so does
 * a change of `blocked`. A cause is a few words in lower case.
 *
 * A contact that is CHANGED gives its key up to one that is not, and is forgotten by that.
 *
 * -EEXIST: another contact has this key. -EINVAL: no name, a key without trust or the reverse, or
 * the contact has a key already and is given none. ERR_TOO_BIG: a text too long, or
 * LIMIT_PEOPLE_KNOWN contacts have keys; of these the longest unseen go first that were never
 * spoken with, are neither blocked nor more than new. */
struct store_contact_put {
	struct store_job job;
	struct store_contact contact;
	const char *cause; /* NULL: "" */
	bool changed;      /* the answer: an event tells of it */
};
void store_contact_put(struct store *s, struct store_contact_put *put);

/* All contacts: those with a key first, then those who wait for one or are blocked, then all
 * others, each the latest seen before others. Strangers' keys, of which there may be
 * LIMIT_PEOPLE_KNOWN, keep out nobody who is waited for or blocked (N8). */
enum { STORE_CONTACTS_MAX = 2 * LIMIT_PEOPLE_KNOWN };
struct store_contacts {
	struct store_job job;
	size_t limit; /* at most STORE_CONTACTS_MAX */

	struct store_contact *at; /* owned */
	size_t count;
	bool more;    /* there are others */
	void *blocks; /* owned */
};
void store_contacts(struct store *s, struct store_contacts *contacts);
void store_contacts_finish(struct store_contacts *contacts);

/* A contact gets another name, and keeps everything else: key, trust, messages. Whoever has that
 * name already becomes `aside` in the same transaction; `aside` may be `from`, then they swap. If
 * there is a contact `aside` already and neither that one nor who makes room has a key, they become
 * one. Nothing is done if there is nobody called `from`.
 *
 * -EEXIST: the name is taken and `aside` is NULL, or is the name of a third one that has a key. */
struct store_contact_rename {
	struct store_job job;
	const char *from, *to;
	const char *aside; /* NULL: nobody is to make room */
};
void store_contact_rename(struct store *s, struct store_contact_rename *rename);

/* The key and all that is known by it go; what was said stays, with the trust it was said with, and
 * what still waits to be said to that key fails. A contact of whom nothing is left (no messages,
 * not blocked) goes as a whole. Nothing is done if there is no contact of this name. */
struct store_contact_forget {
	struct store_job job;
	const char *name;
	const char *cause; /* NULL: "" */
	bool changed;      /* the answer: it had a key */
};
void store_contact_forget(struct store *s, struct store_contact_forget *forget);

#endif
