/* The parts of a stream that are no stanzas: header, features, error, end tag (RFC 6120 §4).
 * Old clients match the literal `stream:` prefix and default namespace, so these are written
 * in exactly one form. Errors latch in the buffer. Any thread. */
#ifndef STREAM_HEADER_H
#define STREAM_HEADER_H

#include "base/buf.h"

void header_write_open(struct buf *out, const char *from, const char *to); /* NULL: left out */
void header_write_features(struct buf *out, const char *inner);            /* XML or NULL */
/* condition: the name of an element of RFC 6120 §4.9.3. */
void header_write_error(struct buf *out, const char *condition);
void header_write_end(struct buf *out);

/* The condition that tells a peer about one of our errors, NULL where it need not know. */
const char *header_condition(int err);

#endif
