/* Files on their way, in words: transfers as docs/ipc.md describes them. All text comes out clean.
 */
#ifndef FRONT_TRANSFER_WORDS_H
#define FRONT_TRANSFER_WORDS_H

#include "base/buf.h"
#include "base/compiler.h"

#include <earshot.h>
#include <stdbool.h>
#include <stdint.h>

/* "0 B", "1.5 kB", "42 MB": of a thousand each, three digits at most. */
void transfer_size(struct buf *out, int64_t bytes);
/* "10M", "1.5GB", "500k", "0" as bytes; a unit is of a thousand, "MiB" of 1,024. 0 or -EINVAL. */
int transfer_parse_size(const char *text, int64_t *bytes) MUST_USE;

bool transfer_incoming(const struct earshot_value *file);
/* It will not change any more. */
bool transfer_over(const struct earshot_value *file);
bool transfer_done(const struct earshot_value *file);
/* It waits for an answer of ours. */
bool transfer_asks(const struct earshot_value *file);

/* "photo.jpg (4.2 MB)", "holidays (12 files, 80 MB)" */
void transfer_what(struct buf *out, const struct earshot_value *file);
/* "photo.jpg (4.2 MB) from Anna", "... to Anna" */
void transfer_which(struct buf *out, const struct earshot_value *file);
/* "3 s left" */
void transfer_left(struct buf *out, int64_t seconds);
/* How it stands: "waits for your answer", "45 %, 12 MB/s, 3 s left", "failed: the disk is full". */
void transfer_state(struct buf *out, const struct earshot_value *file);
/* What of a folder is not sent, one sentence; false: nothing is left out, or not known yet. */
bool transfer_left_out(struct buf *out, const struct earshot_value *file);
/* One sentence about an event "file"; false: it is no news to people. accept: what stands before
 * the id of one to be accepted, "earshot accept ". */
bool transfer_news(struct buf *out, const struct earshot_value *file, const char *accept);

#endif
