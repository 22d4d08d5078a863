/* From a stanza to the feature that handles it. The structural rules of RFC 6120 8 are checked
 * here first, so that no feature ever sees rubbish. Loop thread only. */
#ifndef PEER_DISPATCH_H
#define PEER_DISPATCH_H

#include "peer/feature.h"

#include <stddef.h>

void dispatch_stanza(struct person *from, struct stream *s, const struct xml_elem *stanza);

/* The handler of a payload, NULL if no feature has one. */
const struct payload_handler *dispatch_find(
    const struct feature *const *features, enum stanza_kind kind, const char *ns, const char *name);

#endif
