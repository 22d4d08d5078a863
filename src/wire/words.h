/* The parts of a sentence with values, so that who shows it can say it in another language: the
 * English format and what stands for its specifiers. On the wire (docs/ipc.md, words):
 *
 *     {"id": "%s cannot be reached: %-s.", "args": ["Anna", {"id": "Connection refused"}]}
 *
 * What a specifier stands for is text from anywhere and stays as it is; for "%-s" it is one of
 * our own texts (err_str(), say) and is translated, too. Printed, "%-s" is no other than "%s".
 * Any thread. */
#ifndef WIRE_WORDS_H
#define WIRE_WORDS_H

#include "base/buf.h"
#include "base/compiler.h"
#include "wire/value.h"

#include <stdarg.h>
#include <stdbool.h>

/* NULL: there is nothing to tell beside the sentence itself, because it has no values, or a
 * specifier other than s, -s, c, d, u, ld, lu, lld, llu, zu; or there is no memory. */
struct value *words_of(const char *fmt, va_list ap) PRINTF_LIKE(1, 0);

/* Appends the sentence in the language of the locale. False, and nothing appended: there is no
 * translation, or these are no words; then the English sentence has to do. The words may come from
 * anywhere: they choose among translations, and nothing in them is used as a format. */
bool words_say(struct buf *out, const struct value *words);

/* One of our texts as it is kept or told without its parts: "the disk is full", or a text, a colon
 * and what it is about, be that another text of ours or anything. What is not known is appended as
 * it is. */
void words_translate(struct buf *out, const char *text);

/* words_say() with the format already chosen; specifiers may be out of order, as "%2$s". */
bool words_fill(struct buf *out, const char *format, const struct value *args);

#endif
