/* The daemon's settings, in layers: what is built in, the site's defaults, the user's file, the
 * command line, and the administrator's policy over all. Read once; what is changed later comes
 * through config_change(). Loop thread only. */
#ifndef DAEMON_CONFIG_H
#define DAEMON_CONFIG_H

#include "base/buf.h"
#include "base/compiler.h"
#include "base/confine.h"
#include "base/log.h"
#include "daemon/setting.h"
#include "peer/policy.h"

#include <stdbool.h>
#include <stdint.h>

/* From the weakest to the strongest. */
enum config_origin {
	CONFIG_DEFAULT,
	CONFIG_SITE,
	CONFIG_USER,
	CONFIG_OPTION,
	CONFIG_POLICY,
	CONFIG_ORIGINS,
};

/* What one layer says of one setting. */
struct config_word {
	char *text;       /* owned; clean, as setting.h says; NULL: nothing */
	const char *file; /* borrowed from the config; NULL: not from a file */
	unsigned line;    /* 0: not known */
};

struct config {
	/* what holds */
	char *user;      /* owned; user part of user@machine */
	char *full_name; /* owned; NULL: what was set before, else the account's */
	int64_t port;
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

	/* where it comes from */
	char *path;        /* owned; the user's file that was read, or would be */
	char *site;        /* owned; the site's defaults */
	char *policies[2]; /* owned; the administrator's file, and one named on the command line */
	struct config_word words[SETTING_COUNT][CONFIG_ORIGINS];
	char *running[SETTING_COUNT]; /* owned; what the daemon began with; NULL: none */
	char *reason;                 /* owned; the administrator's words; NULL: none */
	char *reasons[SETTING_COUNT]; /* owned; for one setting */

	char *helper;       /* owned; NULL: found beside the program */
	char *socket;       /* owned; NULL: daemon.sock in the runtime folder */
	int passphrase_fd;  /* -1: none; what the key is locked with is read from it */
	struct buf problem; /* what was not as it should be when we began, for people */
};

enum { CONFIG_OK, CONFIG_USAGE, CONFIG_DONE };

/* Command line and files. CONFIG_USAGE: one sentence was written to stderr. CONFIG_DONE: --help
 * or --version was answered on stdout. Negative: an error. */
int config_read(struct config *c, int argc, char **argv) MUST_USE;
void config_finish(struct config *c);

/* The layer that counts. */
enum config_origin config_origin(const struct config *c, const struct setting *s);
/* What holds, or will from the next start on; NULL: nothing is set, and nothing built in. */
const char *config_value(const struct config *c, const struct setting *s);
/* Why the user cannot change it; NULL: there is no reason, or it is not locked. */
const char *config_reason(const struct config *c, const struct setting *s);
bool config_is_locked(const struct config *c, const struct setting *s);
/* The user's layer says this now (clean; NULL: nothing), in that line; what holds follows for
 * settings that hold at once. 0 or an error, and nothing has changed. */
int
config_change(struct config *c, const struct setting *s, const char *value, unsigned line) MUST_USE;

#endif
