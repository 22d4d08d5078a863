/* What the daemon says about people, in words: the same in all front ends. All text comes out
 * clean: it passed text_add(). Any thread. */
#ifndef FRONT_WORDS_H
#define FRONT_WORDS_H

#include "base/buf.h"

#include <earshot.h>
#include <stdbool.h>
#include <stdint.h>

enum { WORDS_MAX = 1 << 20 }; /* limit of a buffer for words */

/* A span in one unit, as people say it: "3 s", "2 min", "5 h", "4 days". */
void words_span(struct buf *out, int64_t seconds);
/* "just now", "3 s ago", "4 days ago" */
void words_ago(struct buf *out, int64_t seconds);
/* "1.5", with the point or comma of the language. */
void words_decimal(struct buf *out, double number);
/* "18:04", the user's own time zone; stamp 0 is now. */
void words_clock(struct buf *out, int64_t wall_ms);

/* Appends a member's text made harmless, one line. Absent: nothing. */
void words_str(struct buf *out, const struct earshot_value *v, const char *key);

/* The same of a member that docs/ipc.md calls translatable, in the reader's language. */
void words_told(struct buf *out, const struct earshot_value *v, const char *key);
/* words_str() and words_display() into a buffer of their own, to be a value in a sentence;
 * buf_finish() it. */
struct buf words_member(const struct earshot_value *v, const char *key);
struct buf words_name(const struct earshot_value *person);

/* What to call a person: display, else instance name. */
void words_display(struct buf *out, const struct earshot_value *person);
/* "verified", "new", ... of the protocol's word (docs/ipc.md: trust). */
void words_trust(struct buf *out, const char *trust);
/* "available", "away", "do not disturb" of the protocol's word; NULL: it is none of these. */
const char *words_availability(const char *status);
/* "available", "away: lunch" */
void words_status(struct buf *out, const struct earshot_value *person);
/* "answered 3 s ago", "announced 2 min ago", "not answering for 10 s", "gone" */
void words_evidence(struct buf *out, const struct earshot_value *person);
/* "Romeo wants to compare keys: earshot verify romeo@verona", of an event "verify" */
void words_comparison(struct buf *out, const struct earshot_value *event);
/* "Alice vouches for Romeo: earshot trust accept romeo@verona", of an event "introduction" */
void words_introduction(struct buf *out, const struct earshot_value *event);
/* "bako tiru", the words of a comparison, as "B A K O     T I R U": they are ASCII letters. */
void words_spread(struct buf *out, const char *words);
/* "looks like "Prof. Kim" but is not", of whom the daemon says so; false: nothing is appended. */
bool words_look_alike(struct buf *out, const struct earshot_value *person);

/* "Alice (alice@host), available: at my desk" */
void words_own(struct buf *out, const struct earshot_value *own);

/* "running", ... of a state. */
void words_discovery(struct buf *out, const struct earshot_value *state);

/* How many of them are here. */
size_t words_here(const struct earshot_value *people);

#endif
