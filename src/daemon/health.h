/* What `earshot doctor` asks the daemon about itself: docs/ipc.md, doctor.state. Loop thread. */
#ifndef DAEMON_HEALTH_H
#define DAEMON_HEALTH_H

#include "daemon/config.h"
#include "ipc/ipc.h"

struct roster;

struct health {
	const struct config *config; /* borrowed, as all here; outlives the server */
	const struct roster *roster;
};

extern const struct ipc_method health_methods[]; /* ipc_ctx() is a struct health */

#endif
