/* UTF-8 as the Unicode standard defines it: no overlong forms, no surrogates, nothing above
 * U+10FFFF. Any thread. */
#ifndef BASE_UTF8_H
#define BASE_UTF8_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Decodes the character at s (len > 0). Returns its length in bytes, 0 if it is malformed or
 * cut off. */
size_t utf8_decode(const char *s, size_t len, uint32_t *out);

bool utf8_valid(const char *s, size_t len);

/* Writes 1-4 bytes; returns how many, 0 for what is not a scalar value. */
size_t utf8_encode(uint32_t c, char out[4]);

/* XML 1.0 production 2 (Char), without the noncharacters U+FFFE and U+FFFF it excludes too. */
bool utf8_is_xml_char(uint32_t c);

/* The longest prefix of s, at most max bytes, that cuts no character. */
size_t utf8_cut(const char *s, size_t len, size_t max);

#endif
