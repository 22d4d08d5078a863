/* What the window says about people, messages and files beyond front/words.h, as new strings
 * (g_free()). It never says how long ago something was: that would be wrong a minute later, and
 * nothing wakes a window that nobody touches. Any thread. */
#ifndef TRAY_SAY_H
#define TRAY_SAY_H

#include "front/front.h"

#include <stdbool.h>
#include <stdint.h>

/* What is one word in a list, a style class for it, and a sentence that says what it means. */
struct say_trust {
	const char *trust; /* of docs/ipc.md; also the style class */
	const char *chip;  /* not translated yet: tr() */
	const char *meaning;
};

/* Never NULL: what this program does not know is plain. */
const struct say_trust *say_trust(const char *trust);
bool say_is_plain(const char *trust);
/* Has a line to carry its trust for all to see? */
bool say_trust_matters(const char *said_with, const char *now);

/* "answered just now", "not answering since 12:04"; *until: clock_now() when it has to be asked
 * again, 0: only when the person is another. */
char *say_evidence(const struct front_person *p, uint64_t *until);
/* "do not disturb: in a meeting"; "" if nothing is to be said. */
char *say_status(const struct earshot_value *person);
/* All about a person in one line, for those who listen. */
char *say_person(const struct front_person *p);

char *say_clock(int64_t wall_ms);
char *say_day(int64_t wall_ms);

/* The sign and the word of how far a message has come; NULL for those of others. */
const char *say_mark_sign(enum front_mark mark);
const char *say_mark(enum front_mark mark);
/* A whole message for those who listen. */
char *say_message(const struct front_person *p, const struct front_message *m);

/* "12.3 MB", "14 files, 12.3 MB", "" */
char *say_extent(const struct earshot_value *file);
/* "waits for your answer", "45 %, 11 MB/s, 3 min left", "received, checksum verified" */
char *say_file_state(const struct earshot_value *file);

/* Text of a value of the daemon as it may be shown; "" if it is absent. */
char *say_clean(const struct earshot_value *v, const char *key);

/* Folded for finding: letter case and marks above and below letters do not count. */
char *say_fold(const char *text);

#endif
