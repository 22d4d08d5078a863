/* What was said, in words: messages as docs/ipc.md describes them, for the terminal and for
 * scripts. All text comes out clean. */
#ifndef CLI_TALK_H
#define CLI_TALK_H

#include "base/buf.h"
#include "cli/screen.h"

#include <earshot.h>
#include <stdbool.h>
#include <stdint.h>

/* A message on a terminal: "18:04 ✓✓ [v] Name: words", " ✓" if the mark is one column wide. */
enum { TALK_MARK_WIDTH = 2, TALK_INDENT = 9 };

/* Columns of an id that are shown to people: enough to name the message by. */
enum { TALK_ID_SHOWN = 8 };

enum talk_flags {
	TALK_NAMED = 1,      /* several conversations: says to whom we spoke */
	TALK_IDS = 2,        /* with number and id */
	TALK_READING = 4,    /* it is being read: not marked as unread */
	TALK_STATE_TOLD = 8, /* what became of it is said elsewhere */
};

bool talk_ours(const struct earshot_value *m);
/* "You", "You to Romeo", "Romeo". Nobody else can be called "You": then the address follows. */
void talk_who(struct buf *out, const struct earshot_value *m, unsigned flags);
/* The mark for a state, at most TALK_MARK_WIDTH columns; "" for none. */
const char *talk_mark(const char *state);
/* " (not delivered: reason) (edited) [reactions]": what is to be known besides the words. */
void talk_notes(struct buf *out, const struct earshot_value *m, unsigned flags);
/* The words themselves, and the notes. */
void talk_words(struct buf *out, const struct earshot_value *m, unsigned flags);

/* Appends the rows of a message for a terminal, what it answers above it. */
void
talk_rows(const struct screen *s, struct buf *out, const struct earshot_value *m, unsigned flags);
/* Appends a message for scripts, in English: time, marking, who, state and text with tabs between.
 * Later lines of the text begin with a mark of their own, so that each line without one is a
 * message. */
void talk_line(struct buf *out, const struct earshot_value *m, unsigned flags);
/* One or the other, by what s is; before the first of a day a line with the day on a terminal.
 * *day is kept by the caller and begins as 0. */
void talk_add(const struct screen *s, struct buf *out, const struct earshot_value *m,
    unsigned flags, int64_t *day);
/* How a text begins, as one line of at most `columns`. */
void talk_begin(struct buf *out, const char *text, size_t columns);
/* The words that were found, with what was looked for emphasised where that is possible. */
void talk_snippet(const struct screen *s, struct buf *out, const struct earshot_value *m);

#endif
