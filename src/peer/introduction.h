/* Whom others vouch for: somebody verified has told us a key and whose it is. That changes trust in
 * nobody. It is remembered and shown, and counts when a human accepts the person (trust.accept). It
 * is kept in memory, so that it has to be said again after a restart. Loop thread only. Inside of
 * peer/. */
#ifndef PEER_INTRODUCTION_H
#define PEER_INTRODUCTION_H

#include "wire/value.h"

struct person;
struct roster;

/* Who vouches for p's key under p's name, and is verified still; NULL: nobody does, or p is blocked
 * or trusted as much already. */
const struct person *introduction_voucher(const struct person *p);

/* docs/ipc.md "introduction", an array of all whose vouchers are verified still. */
struct value *introductions_describe(const struct roster *r);

#endif
