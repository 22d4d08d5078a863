/* Is there a panel that shows status notifiers? The watcher alone is not enough: it may run without
 * any. Follows panels as they come and go. GTK's thread. */
#ifndef TRAY_HOST_H
#define TRAY_HOST_H

#include "base/compiler.h"

#include <gio/gio.h>
#include <stdbool.h>

struct host;

/* Comes when it changes, and once at the beginning. */
typedef void host_changed_fn(void *ctx, bool present);

/* bus is borrowed; NULL: there is none, and so no panel. */
int host_create(GDBusConnection *bus, host_changed_fn *fn, void *ctx, struct host **out) MUST_USE;
void host_destroy(struct host *h); /* accepts NULL */

#endif
