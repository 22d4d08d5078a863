/* Writes the user's settings. Runs in the porter (transfer/porter.h), for the daemon itself may not
 * write there: who has taken the daemon over must not be able to loosen what it is confined by,
 * to stop encrypting, or to receive files where nobody wants them. So it keeps only values that
 * make sense, of settings that are neither locked nor changed by hand alone, and a folder only if a
 * client has handed it over. */
#ifndef DAEMON_KEEPER_H
#define DAEMON_KEEPER_H

#include "base/compiler.h"

#include <stdbool.h>

/* ctx: struct config, as it was at start. As struct porter_keeper says. -ENOENT: no such setting;
 * -EACCES: it is locked, or not a folder that was handed over; -EINVAL: the value makes no sense,
 * or cannot stand in the file. */
int
keeper_keep(void *ctx, const char *key, const char *value, bool folder, unsigned *line) MUST_USE;

#endif
