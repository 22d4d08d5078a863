/* Strings: what the C library does unsafely or not at all. */
#ifndef BASE_STR_H
#define BASE_STR_H

#include "base/compiler.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Copies into a fixed array. 0, or ERR_TOO_BIG with out empty. */
int str_copy(char *out, size_t size, const char *s) MUST_USE;

bool str_equal(const char *a, const char *b); /* NULL equals only NULL */
bool str_empty(const char *s);                /* NULL or "" */

/* ASCII letters compare without case, all else byte by byte: the rule of DNS names. */
int str_casecmp(const char *a, const char *b);

/* Replaces *slot by a copy of s (NULL: by NULL). 0, or -ENOMEM with *slot unchanged. */
int str_replace(char **slot, const char *s) MUST_USE;

/* A whole decimal number between lo and hi, nothing before or after it. 0 or -EINVAL. */
int str_to_int(const char *s, int64_t lo, int64_t hi, int64_t *out) MUST_USE;

#endif
