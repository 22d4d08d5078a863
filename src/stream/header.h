/* The parts of a stream that are no stanzas: header, features, TLS and SASL (§5, §6), error, end
 * tag (RFC 6120 §4).
 * Old clients match the literal `stream:` prefix and default namespace, so these are written
 * in exactly one form. Errors latch in the buffer. Any thread. */
#ifndef STREAM_HEADER_H
#define STREAM_HEADER_H

#include "base/buf.h"

#include <stdbool.h>

void header_write_open(struct buf *out, const char *from, const char *to); /* NULL: left out */
void header_write_features(struct buf *out, const char *inner);            /* XML or NULL */
/* starttls in front of inner; required: alone, and nothing goes on without it. */
void header_write_starttls_features(struct buf *out, bool required, const char *inner);
void header_write_sasl_features(struct buf *out);         /* EXTERNAL and nothing else */
void header_write_tls(struct buf *out, const char *name); /* <starttls/> and its answers */
void header_write_auth(struct buf *out);                  /* EXTERNAL, no authorisation id */
/* <success/>, or with a condition of RFC 6120 §6.5 <failure/>. */
void header_write_sasl_outcome(struct buf *out, const char *condition);
/* condition: the name of an element of RFC 6120 §4.9.3. */
void header_write_error(struct buf *out, const char *condition);
void header_write_end(struct buf *out);

/* The condition that tells a peer about one of our errors, NULL where it need not know. */
const char *header_condition(int err);

#endif
