/* The daemon's settings: the configuration file (INI) under the command line. Read once. */
#ifndef DAEMON_CONFIG_H
#define DAEMON_CONFIG_H

#include "base/buf.h"
#include "base/compiler.h"
#include "base/confine.h"
#include "base/log.h"
#include "peer/policy.h"

#include <stdbool.h>
#include <stdint.h>

struct config {
	char *path;        /* owned; the file that was read, or would be */
	char *user;        /* owned; user part of user@machine */
	char *full_name;   /* owned; NULL: what was set before, else the account's */
	char *helper;      /* owned; NULL: found beside the program */
	char *socket;      /* owned; NULL: daemon.sock in the runtime folder */
	int passphrase_fd; /* -1: none; what the key is locked with is read from it */
	uint16_t port;
	bool mdns;
	bool publish_name;
	bool tls;
	struct policy policy;
	enum log_level log_level;
	enum confine_mode sandbox;
	struct policy_files files;
	char *downloads;  /* owned; where files go; NULL: the user's download folder */
	int64_t lifetime; /* ms until a message nobody took is given up, 0: never */
	char **peers;     /* owned, each too; fixed peers of the file */
	size_t peer_count;
	struct buf problem; /* what was not as it should be when we began, for people */
};

enum { CONFIG_OK, CONFIG_USAGE, CONFIG_DONE };

/* Command line and file. CONFIG_USAGE: one sentence was written to stderr. CONFIG_DONE: --help
 * or --version was answered on stdout. Negative: an error. */
int config_read(struct config *c, int argc, char **argv) MUST_USE;
void config_finish(struct config *c);

#endif
