/* Stanzas on their way to one person, in order: first they wait for a stream, then the stream
 * has them, then the kernel. Inside of peer/; others use person_send(). */
#ifndef PEER_OUTGOING_H
#define PEER_OUTGOING_H

#include "peer/person.h"

void outgoing_init(struct person *p);
/* As much as the current stream takes. */
void outgoing_flush(struct person *p);
/* The stream handed everything up to ticket to the kernel. */
void outgoing_sent(struct person *p, const struct stream *s, uint64_t ticket);
/* The stream ended: what it took but did not hand on fails. */
void outgoing_stream_down(struct person *p, const struct stream *s, int err);
/* Everything that waits fails. */
void outgoing_fail(struct person *p, int err);
/* What is on its way to one person is on its way to the other from now on. */
void outgoing_move(struct person *from, struct person *to);

#endif
