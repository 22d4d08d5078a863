/* Persons as contacts: by key, by name, by what is announced of them; what a claim of a name comes
 * to, and what becomes of trust. trust.h decides, here it is done, kept in the store and told.
 * Inside of peer/. */
#ifndef PEER_CONTACT_H
#define PEER_CONTACT_H

#include "peer/person.h"
#include "peer/trust.h"

#include <stdbool.h>

struct ipc_call;
struct roster;

void contact_view(const struct person *p, struct trust_contact *out);
bool contact_requires_key(const struct person *p);
struct person *contact_by_key(const struct roster *r, const struct tls_id *key);

/* trust_happens() to p; kept and told if it changes anything. 0, ERR_TRUST, ERR_KEY, ERR_TOO_BIG
 * (as many keys are known as can be), -ENOMEM: nothing happened. cause: for people, kept with it.
 */
int contact_happens(
    struct person *p, enum trust_event event, const struct tls_id *key, const char *cause) MUST_USE;

/* TRUST_INTRODUCED to p, by who is called `via`. As above. */
int contact_introduce(struct person *p, const char *via) MUST_USE;

/* Whom an entry of discovery belongs to by all that is known now; made if need be. NULL: nobody
 * can have that name, or there is no memory. */
struct person *contact_of_entry(struct roster *r, const struct discovery_entry *e);

/* What it comes to that somebody claims this name with that key. */
enum trust_verdict
contact_judge(const struct roster *r, const char *name, const struct tls_peer *key);
/* The key is proven, and the name was looked at: who it is from now on. Others may get another name
 * by this, or merge into the one that is returned, and be freed. NULL: refused, or no memory. */
struct person *contact_admit(struct roster *r, const char *name, const struct tls_peer *key);
/* A key that is not the holder's, and is proven, claimed this name: shown as a contact of its own.
 */
void contact_refused(struct roster *r, const char *name, const struct tls_id *key);
/* A key takes the place of the one that p has: whoever bears it at present is no more. */
int contact_accept_key(struct person *p, struct person *changed) MUST_USE;
/* Nothing is to be known of p's key any more, on disk first; then the call is answered (NULL:
 * nobody asked). 0, ERR_TRUST (there is nothing to forget), -EBUSY, -ENOMEM: it is not answered. */
int contact_forget(struct person *p, struct ipc_call *call) MUST_USE;
/* It is forgotten on disk, and is here from now on; one that was but a refused key is freed. */
void contact_forgotten(struct person *p);
/* Who was refused last under p's name; NULL: nobody. */
struct person *contact_changed_of(const struct person *p);

#endif
