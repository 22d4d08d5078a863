/* What became of trust, as rows of trust_change and events of the log. Store thread only, inside a
 * transaction. */
#ifndef STORE_CONTACT_H
#define STORE_CONTACT_H

#include "store/db.h"
#include "store/log.h"

/* Adds one; c is what the contact is now. cause NULL: "". */
int contact_changed(struct store_db *db, const struct store_contact *c, enum store_trust was,
    const char *cause) MUST_USE;
/* What the event with this number tells of. 1, 0: nothing does; or an error. */
int contact_read_change(
    struct store_db *db, int64_t n, void **blocks, struct store_event *out) MUST_USE;

#endif
