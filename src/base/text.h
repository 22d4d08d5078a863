/* The one gate through which words that came from a peer reach a person (threats L4, N5):
 * terminal, notification, window. Any thread. */
#ifndef BASE_TEXT_H
#define BASE_TEXT_H

#include "base/buf.h"

#include <stddef.h>

enum text_kind {
	TEXT_NAME, /* one line: a name, a status, a host; line breaks become visible too */
	TEXT_BODY, /* a message: line breaks stay, each later line begins with a mark so that
		      no body can look like another speaker's line */
};

/* Appends s made harmless: controls (C0, DEL, C1), bidirectional and other invisible format
 * characters, unassigned and private-use characters appear as <U+001B>; bytes that are not
 * UTF-8 as <0xFF>; of a pile of combining marks at most two stay. Joiners and variation selectors
 * stay where the script or the emoji needs them, and become visible elsewhere. */
void text_add(struct buf *out, enum text_kind kind, const char *s, size_t len);

/* The same into a new string (free()), NULL when out of memory. */
char *text_clean(enum text_kind kind, const char *s) MUST_USE;

/* The same of a name as one argument of a command that people copy into a shell: in quotation marks
 * if there is anything in it that a shell would act upon. */
void text_argument(struct buf *out, const char *name);

/* What is shown as somebody's name: at most LIMIT_NAME_CHARS code points and size - 1 bytes of s,
 * cutting no character; blanks of any kind are one ' ', and none at the ends. Not clean yet.
 * Returns the length, 0 if there is nothing but blanks and accents. */
size_t text_name(char *out, size_t size, const char *s);

/* For comparing and searching, never for showing: compatibility forms, letter case and ignorable
 * characters are levelled. A new string (free()); NULL when out of memory. What is not UTF-8 is
 * taken as it is. */
char *text_fold(const char *s) MUST_USE;

/* Columns that cleaned text takes on a terminal. */
size_t text_width(const char *s, size_t len);

/* The longest prefix, in bytes, that takes at most `columns`; cuts no grapheme. */
size_t text_fit(const char *s, size_t len, size_t columns);

#endif
