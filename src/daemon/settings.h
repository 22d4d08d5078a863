/* The methods `settings` and `settings.set`: what each setting is, where that comes from, and
 * changing it. What can be changed while the daemon runs holds at once. Loop thread only. */
#ifndef DAEMON_SETTINGS_H
#define DAEMON_SETTINGS_H

#include "base/compiler.h"
#include "ipc/ipc.h"

struct config;
struct porter;
struct roster;

struct settings {
	struct config *config; /* borrowed, as all of these */
	struct roster *roster;
	struct porter *porter; /* NULL: nothing can be written */
};

extern const struct ipc_method settings_methods[]; /* ctx: struct settings */

/* At start: what the config says goes to where it counts. 0 or -ENOMEM. */
int settings_take_own(const struct config *c, struct roster *r) MUST_USE;
/* Of the files' policy, what the administrator has settled. */
void settings_fix(struct config *c);

#endif
