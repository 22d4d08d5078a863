/* Instance names: user@machine, one DNS label. Any thread, no state. */
#ifndef MDNS_NAMES_H
#define MDNS_NAMES_H

#include "base/compiler.h"
#include "base/limits.h"

enum { NAMES_SIZE = LIMIT_INSTANCE_NAME + 1 };

/* The nth name to try (n >= 1): user@host, then user-2@host, user-3@host ... A name in use is
 * answered in the user part, because what follows the @ must stay a machine's name: a suffix at
 * the end, as other software adds, makes old clients refuse the whole JID (XEP-0174 §3). What
 * does not fit into a label is cut at the end of its part, never inside a character. */
void names_instance(char out[NAMES_SIZE], const char *user, unsigned n, const char *host);

#endif
