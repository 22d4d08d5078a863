/* Sentences for people, in their language (gettext, domain "earshot", po/). Every text that a
 * person reads goes through tr() where it is used; what stands in tables is marked with TR() and
 * goes through tr() when it is shown. Sentences are whole: no pieces glued together, values by %s.
 * What scripts read (--json, names of methods, words of the protocol, log) is never translated. */
#ifndef BASE_TR_H
#define BASE_TR_H

#include <stdbool.h>

#define TR_DOMAIN "earshot"

/* Only marks text to be translated. */
#define TR(text) text

const char *tr(const char *text) __attribute__((format_arg(1)));

/* tr_n("%d file", "%d files", n): n chooses, by the rules of the language. */
const char *tr_n(const char *one, const char *many, unsigned long n)
    __attribute__((format_arg(1), format_arg(2)));

/* A text that came from err_str() or the C library. */
const char *tr_error(const char *text);

/* While on, nothing is translated: what scripts read is the same in every language. Returns what it
 * was before. For programs with one thread. */
bool tr_english(bool on);

/* For main(): takes the user's locale, UTF-8 in any case, and finds the translations: in locale/
 * beside the program, where it was built, else where they are installed. */
void tr_init(void);

/* For a library: the second half of that, unless the program did so itself. */
void tr_bind(void);

#endif
