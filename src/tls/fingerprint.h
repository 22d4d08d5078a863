/* The safety number of two people: 60 digits that both can read to each other, the same on both
 * sides exactly if each has the other's true key. Any thread. */
#ifndef TLS_FINGERPRINT_H
#define TLS_FINGERPRINT_H

#include "base/compiler.h"
#include "tls/key.h"

#include <stdbool.h>

enum {
	TLS_SAFETY_GROUPS = 12,
	TLS_SAFETY_GROUP_DIGITS = 5,
	/* with a space between groups and the NUL */
	TLS_SAFETY_SIZE = TLS_SAFETY_GROUPS * (TLS_SAFETY_GROUP_DIGITS + 1),
};

/* From SHA-512 over both ids, whichever is given first. 199 bits: nobody can make a key that
 * fits. 0, -ENOMEM. */
int tls_safety_number(
    const struct tls_id *a, const struct tls_id *b, char out[TLS_SAFETY_SIZE]) MUST_USE;

/* What a person has typed or pasted, with or without spaces, dashes and line breaks between the
 * digits, in the form above. 0 or -EINVAL. */
int tls_safety_parse(const char *text, char out[TLS_SAFETY_SIZE]) MUST_USE;

/* In constant time. */
bool tls_safety_equal(const char a[TLS_SAFETY_SIZE], const char b[TLS_SAFETY_SIZE]);

#endif
