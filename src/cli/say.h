/* What happens in a conversation, in one line of words each, who before what: for people who hear a
 * screen and do not see it, and for terminals that show lines alone. The wording is promised in the
 * manual (PLAIN LINES). All text comes out clean, without a line break at the end. */
#ifndef CLI_SAY_H
#define CLI_SAY_H

#include "base/buf.h"

#include <earshot.h>
#include <stdbool.h>
#include <stddef.h>

/* What is known of whose words they are: "Known key". It stands before the name, where nothing that
 * others choose can take its place. */
const char *say_trust(const char *trust);

enum say_flags {
	SAY_TIME = 1, /* said before: with the time, and what became of it */
	SAY_DATE = 2, /* with the day, too */
};

/* "Known key, Romeo: O Juliet"; lines of the message with / between. */
void say_message(struct buf *out, const struct earshot_value *m, unsigned flags);
/* "Delivered to Romeo: O Juliet". who: clean; text: of the message, not clean; reason: NULL, or
 * clean. Returns false if there is nothing to be said of that state. */
bool say_state(
    struct buf *out, const char *state, const char *who, const char *text, const char *reason);
/* "1: Romeo, available: here I am, answered 3 s ago. Known key." */
void say_person(struct buf *out, size_t number, const struct earshot_value *person);
/* "Trust in Romeo: encrypted, the key it has always been". Not as a message begins: nobody can say
 * this of himself. */
void say_meaning(struct buf *out, const char *who, const struct earshot_value *person);
/* "2 unread messages from Romeo." */
void say_unread(struct buf *out, const char *who, unsigned long count);
/* Text of several lines in one. */
void say_in_one_line(struct buf *out, const char *text);

#endif
