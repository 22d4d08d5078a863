/* Bytes as lowercase hex digits. */
#ifndef BASE_HEX_H
#define BASE_HEX_H

#include "base/compiler.h"

#include <stddef.h>

/* Writes 2 * len digits and a NUL. */
void hex_encode(char *out, const void *data, size_t len);

/* len digits (even) to len / 2 bytes. 0, or -EINVAL for anything else; either case of digit. */
int hex_decode(void *out, const char *digits, size_t len) MUST_USE;

#endif
