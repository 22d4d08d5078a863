/* Instance names: making our own, judging those of others. Never parsed for meaning (an instance
 * may have no @, spaces, any UTF-8). Any thread. */
#ifndef DISCOVERY_NAME_H
#define DISCOVERY_NAME_H

#include "base/compiler.h"
#include "base/limits.h"

#include <stdbool.h>
#include <stddef.h>

/* A name that people may have: a DNS label of characters that XML can carry, for it becomes the
 * from and to of streams. */
bool name_usable(const char *name, size_t len);

/* The same with ASCII letters lowered: equal keys are equal names (RFC 6762 §16). */
void name_key(char *out, size_t size, const char *name);

/* The user part for an instance name that no client misreads (R1: several do not escape it, or
 * compare raw bytes): what Unicode can take apart becomes its ASCII letters, spaces a hyphen,
 * all else is left out; "user" if nothing stays. At most LIMIT_USER_PART bytes. */
enum { LIMIT_USER_PART = 40 };
void name_clean_user(char out[LIMIT_USER_PART + 1], const char *user);

/* user@machine within LIMIT_INSTANCE_NAME; the machine's name is cut first, the user's whole. */
void name_join(char out[LIMIT_INSTANCE_NAME + 1], const char *user, const char *machine);

#endif
