#include "daemon/config.h"

#include "base/err.h"
#include "base/limits.h"
#include "base/paths.h"
#include "base/str.h"
#include "base/tr.h"
#include "base/utf8.h"

#include <errno.h>
#include <getopt.h>
#include <ini.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { DEFAULT_PORT = 5298, PROBLEM_LIMIT = 2048 };
static const int64_t DEFAULT_LIFETIME = (int64_t)30 * 24 * 60 * 60 * 1000; /* ms */
static const uint64_t DEFAULT_ACCEPT_SIZE = UINT64_C(1) << 30,             /* bytes */
    DEFAULT_ACCEPT_DAILY = UINT64_C(2) << 30;

static const char help[] =
    "Usage: earshotd [OPTION]...\n"
    "The Earshot daemon: finds the people on the local network and talks to them.\n"
    "The command `earshot` starts it when it is needed.\n"
    "\n"
    "  --config FILE      read this file instead of earshot.conf in the configuration folder\n"
    "  --user NAME        name before the @ of our address (default: the login name)\n"
    "  --port PORT        TCP port to listen on (default 5298, or the next free one)\n"
    "  --no-mdns          announce nothing, look for nobody: fixed peers only\n"
    "  --helper PROGRAM   the discovery helper (default: earshot-mdns beside this program)\n"
    "  --socket PATH      the local socket (default: daemon.sock in the runtime folder)\n"
    "  --sandbox on|off   confine the daemon to its own files and needs (default on)\n"
    "  --passphrase-fd N  read the passphrase of a locked key from this descriptor (default: the\n"
    "                     systemd credential earshot.passphrase, if there is one)\n"
    "  --log-level LEVEL  error, warn, info or debug (default info), to standard error\n"
    "  --help, --version\n"
    "\n"
    "The file has sections with lines \"key = value\":\n"
    "  [user]      name (your full name), user\n"
    "  [network]   port, mdns (yes or no), peer (HOST:PORT of a fixed peer; once for each)\n"
    "  [privacy]   publish_name (yes or no)\n"
    "              tls (on or off: no stream is encrypted)\n"
    "              plain (on, receive or off: talk to programs that do not encrypt, only hear\n"
    "              them, or not at all)\n"
    "              strangers (allow, quiet or deny: those you have neither accepted nor written\n"
    "              to)\n"
    "  [messages]  lifetime (days until a message nobody took is given up; 30, 0 never)\n"
    "  [files]     folder (where received files go; default: your download folder)\n"
    "              accept (ask, or verified: of verified people without asking, up to\n"
    "              accept_size each, 1 GiB, and accept_daily within a day, 2 GiB)\n"
    "              limit (bytes a second of all files together; 0: none)\n"
    "              keep_free (space on the disk that receiving files must leave; default: 5 %\n"
    "              of it, at least 1 GiB)\n"
    "              old_clients (on or off: files to and from programs that do not encrypt)\n"
    "              Sizes may end in K, M, G or T: 1G is 1 GiB.\n"
    "  [log]       level\n"
    "  [daemon]    sandbox (on or off)\n";

/* ---- the file ---- */

static int
parse_bool(const char *value, bool *out)
{
	static const char *const yes[] = {"yes", "true", "on", "1"};
	static const char *const no[] = {"no", "false", "off", "0"};
	for (size_t i = 0; i < ARRAY_LEN(yes); i++) {
		if (strcmp(value, yes[i]) == 0 || strcmp(value, no[i]) == 0) {
			*out = strcmp(value, yes[i]) == 0;
			return 0;
		}
	}
	return -EINVAL;
}

static int
parse_port(const char *value, uint16_t *out)
{
	int64_t n;
	int err = str_to_int(value, 0, 65535, &n);
	if (!err)
		*out = (uint16_t)n;
	return err;
}

static int
parse_sandbox(const char *value, enum confine_mode *out)
{
	bool on;
	if (confine_mode_parse(value, out) == 0)
		return 0;
	int err = parse_bool(value, &on);
	if (!err)
		*out = on ? CONFINE_ON : CONFINE_OFF;
	return err;
}

static int
parse_fd(const char *value, int *out)
{
	int64_t n;
	int err = str_to_int(value, 0, INT32_MAX, &n);
	if (!err)
		*out = (int)n;
	return err;
}

/* In the file in days. */
static int
parse_lifetime(const char *value, int64_t *out)
{
	const int64_t day = INT64_C(24) * 60 * 60 * 1000;
	int64_t days;
	int err = str_to_int(value, 0, 3650, &days);
	if (!err)
		*out = days * day;
	return err;
}

static int
parse_plain(const char *value, enum policy_plain *out)
{
	static const char *const words[] = {[POLICY_PLAIN_ON] = "on",
	    [POLICY_PLAIN_RECEIVE] = "receive",
	    [POLICY_PLAIN_OFF] = "off"};
	for (size_t i = 0; i < ARRAY_LEN(words); i++) {
		if (strcmp(value, words[i]) != 0)
			continue;
		*out = (enum policy_plain)i;
		return 0;
	}
	return -EINVAL;
}

static int
parse_strangers(const char *value, enum policy_strangers *out)
{
	static const char *const words[] = {[POLICY_STRANGERS_ALLOW] = "allow",
	    [POLICY_STRANGERS_QUIET] = "quiet",
	    [POLICY_STRANGERS_DENY] = "deny"};
	for (size_t i = 0; i < ARRAY_LEN(words); i++) {
		if (strcmp(value, words[i]) != 0)
			continue;
		*out = (enum policy_strangers)i;
		return 0;
	}
	return -EINVAL;
}

/* Bytes: a whole number, perhaps with K, M, G or T behind it, perhaps followed by B or iB. */
static int
parse_size(const char *value, uint64_t *out)
{
	static const char units[] = "KMGT";
	char digits[24];
	size_t len = strspn(value, "0123456789");
	int64_t n;
	if (len == 0 || len >= sizeof(digits))
		return -EINVAL;
	memcpy(digits, value, len);
	digits[len] = '\0';
	const char *unit = value + len + strspn(value + len, " ");
	const char *at = *unit ? strchr(units, *unit & ~0x20) : NULL;
	unsigned shift = at ? 10 * (unsigned)(at - units + 1) : 0;
	unit += at != NULL;
	if (*unit && strcmp(unit, "B") != 0 && (!at || strcmp(unit, "iB") != 0))
		return -EINVAL;
	int err = str_to_int(digits, 0, INT64_MAX >> shift, &n);
	if (!err)
		*out = (uint64_t)n << shift;
	return err;
}

static int
parse_accept(const char *value, bool *verified)
{
	if (strcmp(value, "ask") != 0 && strcmp(value, "verified") != 0)
		return -EINVAL;
	*verified = strcmp(value, "verified") == 0;
	return 0;
}

/* Of the daemon's own choosing nothing is relative to where it was started. */
static int
parse_folder(const char *value, char **out)
{
	return value[0] == '/' ? str_replace(out, value) : -EINVAL;
}

static int
set_files_key(struct config *c, const char *key, const char *value)
{
	struct policy_files *files = &c->files;
	if (strcmp(key, "folder") == 0)
		return parse_folder(value, &c->downloads);
	if (strcmp(key, "accept") == 0)
		return parse_accept(value, &files->accept_verified);
	if (strcmp(key, "accept_size") == 0)
		return parse_size(value, &files->accept_size);
	if (strcmp(key, "accept_daily") == 0)
		return parse_size(value, &files->accept_daily);
	if (strcmp(key, "limit") == 0)
		return parse_size(value, &files->rate);
	if (strcmp(key, "keep_free") == 0)
		return parse_size(value, &files->keep_free);
	if (strcmp(key, "old_clients") == 0)
		return parse_bool(value, &files->old_clients);
	return -ENOENT;
}

static int
add_peer(struct config *c, const char *address)
{
	if (c->peer_count == LIMIT_FIXED_PEERS)
		return ERR_TOO_BIG;
	char **grown = realloc(c->peers, (c->peer_count + 1) * sizeof(char *));
	if (!grown)
		return -ENOMEM;
	c->peers = grown;
	c->peers[c->peer_count] = strdup(address);
	return c->peers[c->peer_count++] ? 0 : -ENOMEM;
}

static int
set_key(struct config *c, const char *section, const char *key, const char *value)
{
	struct buf name = BUF_INIT(128);
	buf_fmt(&name, "%s.%s", section, key);
	const char *k = buf_cstr(&name);
	int err = -ENOENT;
	if (strcmp(section, "files") == 0)
		err = set_files_key(c, key, value);
	else if (strcmp(k, "user.name") == 0)
		err = str_replace(&c->full_name, value);
	else if (strcmp(k, "user.user") == 0)
		err = str_replace(&c->user, value);
	else if (strcmp(k, "network.port") == 0)
		err = parse_port(value, &c->port);
	else if (strcmp(k, "network.mdns") == 0)
		err = parse_bool(value, &c->mdns);
	else if (strcmp(k, "network.peer") == 0)
		err = add_peer(c, value);
	else if (strcmp(k, "privacy.publish_name") == 0)
		err = parse_bool(value, &c->publish_name);
	else if (strcmp(k, "privacy.tls") == 0)
		err = parse_bool(value, &c->tls);
	else if (strcmp(k, "privacy.plain") == 0)
		err = parse_plain(value, &c->policy.plain);
	else if (strcmp(k, "privacy.strangers") == 0)
		err = parse_strangers(value, &c->policy.strangers);
	else if (strcmp(k, "messages.lifetime") == 0)
		err = parse_lifetime(value, &c->lifetime);
	else if (strcmp(k, "log.level") == 0)
		err = log_level_parse(value, &c->log_level);
	else if (strcmp(k, "daemon.sandbox") == 0)
		err = parse_sandbox(value, &c->sandbox);
	buf_finish(&name);
	return err;
}

/* A slip in a line that is to keep others out must not let them in. NULL: it does not keep anybody
 * out. */
static const char *
take_strictest(struct config *c, const char *section, const char *key)
{
	if (strcmp(section, "files") == 0) {
		bool accepts = strncmp(key, "accept", strlen("accept")) == 0;
		if (accepts)
			c->files.accept_size = c->files.accept_daily = 0;
		if (strcmp(key, "old_clients") == 0)
			c->files.old_clients = false;
		return accepts ? "ask" : strcmp(key, "old_clients") == 0 ? "off" : NULL;
	}
	if (strcmp(section, "privacy") != 0)
		return NULL;
	if (strcmp(key, "plain") == 0) {
		c->policy.plain = POLICY_PLAIN_OFF;
		return "off";
	}
	if (strcmp(key, "strangers") == 0) {
		c->policy.strangers = POLICY_STRANGERS_DENY;
		return "deny";
	}
	return NULL;
}

/* A line that makes no sense is left out and said, at the start and in `earshot daemon status`:
 * a daemon that refuses to start over a typing error would help nobody. */
static int
on_key(void *ctx, const char *section, const char *key, const char *value)
{
	struct config *c = ctx;
	/* names and addresses go to places where all text is UTF-8, and so does what follows */
	bool text = utf8_valid(section, strlen(section)) && utf8_valid(key, strlen(key)) &&
		    utf8_valid(value, strlen(value));
	int err = text ? set_key(c, section, key, value) : -EILSEQ;
	if (err == -EILSEQ && !c->problem.len)
		buf_fmt(
		    &c->problem, "%s: %s", c->path, TR("a line is not UTF-8, so it was left out."));
	const char *instead = err ? take_strictest(c, section, key) : NULL;
	if (err && err != -EILSEQ && !c->problem.len)
		buf_fmt(&c->problem, "%s: [%s] %s = %s: %s%s%s", c->path, section, key, value,
		    instead ? TR("it is not a value it can have. Until that is put right, this one "
				 "holds instead")
		    : err == -ENOENT ? TR("it is not a setting, so it was left out.")
				     : TR("it is not a value it can have, so it was left out."),
		    instead ? ": " : "", instead ? instead : "");
	return 1;
}

static int
read_file(struct config *c, bool must_exist)
{
	FILE *f = fopen(c->path, "re");
	if (!f) {
		if (errno == ENOENT && !must_exist)
			return 0;
		(void)fprintf(stderr, "earshotd: the configuration %s cannot be read: %s.\n",
		    c->path, err_str(-errno));
		return CONFIG_USAGE;
	}
	int line = ini_parse_file(f, on_key, c);
	(void)fclose(f);
	if (line > 0 && !c->problem.len)
		buf_fmt(&c->problem, "%s:%d: %s", c->path, line,
		    TR("this line makes no sense and was left out."));
	return 0;
}

/* ---- the command line ---- */

enum {
	OPT_CONFIG = 1,
	OPT_USER,
	OPT_PORT,
	OPT_NO_MDNS,
	OPT_HELPER,
	OPT_SOCKET,
	OPT_PASSPHRASE,
	OPT_LOG,
	OPT_SANDBOX,
	OPT_HELP,
	OPT_VERSION
};

static const struct option options[] = {
    {"config", required_argument, NULL, OPT_CONFIG},
    {"user", required_argument, NULL, OPT_USER},
    {"port", required_argument, NULL, OPT_PORT},
    {"no-mdns", no_argument, NULL, OPT_NO_MDNS},
    {"helper", required_argument, NULL, OPT_HELPER},
    {"socket", required_argument, NULL, OPT_SOCKET},
    {"passphrase-fd", required_argument, NULL, OPT_PASSPHRASE},
    {"log-level", required_argument, NULL, OPT_LOG},
    {"sandbox", required_argument, NULL, OPT_SANDBOX},
    {"help", no_argument, NULL, OPT_HELP},
    {"version", no_argument, NULL, OPT_VERSION},
    {0},
};

static int
bad_value(const char *option, const char *value)
{
	(void)fprintf(
	    stderr, "earshotd: --%s cannot be \"%s\"; see earshotd --help.\n", option, value);
	return CONFIG_USAGE;
}

static int
take_option(struct config *c, int option, const char *value)
{
	switch (option) {
	case OPT_CONFIG:
		return 0; /* taken before the file was read */
	case OPT_USER:
		return str_replace(&c->user, value);
	case OPT_PORT:
		return parse_port(value, &c->port) ? bad_value("port", value) : 0;
	case OPT_NO_MDNS:
		c->mdns = false;
		return 0;
	case OPT_HELPER:
		return str_replace(&c->helper, value);
	case OPT_SOCKET:
		return str_replace(&c->socket, value);
	case OPT_PASSPHRASE:
		return parse_fd(value, &c->passphrase_fd) ? bad_value("passphrase-fd", value) : 0;
	case OPT_LOG:
		return log_level_parse(value, &c->log_level) ? bad_value("log-level", value) : 0;
	case OPT_SANDBOX:
		return parse_sandbox(value, &c->sandbox) ? bad_value("sandbox", value) : 0;
	case OPT_HELP:
		(void)fputs(help, stdout);
		return CONFIG_DONE;
	case OPT_VERSION:
		(void)puts("earshotd " EARSHOT_VERSION);
		return CONFIG_DONE;
	default:
		(void)fputs("earshotd: see earshotd --help for what can be given.\n", stderr);
		return CONFIG_USAGE;
	}
}

static int
each_option(
    struct config *c, int argc, char **argv, int (*take)(struct config *, int, const char *))
{
	int rc = 0;
	optind = 1;
	while (rc == 0) {
		// NOLINTNEXTLINE(concurrency-mt-unsafe): there is one thread yet
		int option = getopt_long(argc, argv, "", options, NULL);
		if (option == -1)
			break;
		rc = take(c, option, optarg);
	}
	if (rc == 0 && optind < argc) {
		(void)fprintf(stderr, "earshotd: \"%s\" is not an option; see earshotd --help.\n",
		    argv[optind]);
		rc = CONFIG_USAGE;
	}
	return rc;
}

static int
take_path(struct config *c, int option, const char *value)
{
	if (option == OPT_HELP || option == OPT_VERSION || option == '?')
		return take_option(c, option, value);
	return option == OPT_CONFIG ? str_replace(&c->path, value) : 0;
}

static int
set_defaults(struct config *c)
{
	*c = (struct config){.passphrase_fd = -1,
	    .port = DEFAULT_PORT,
	    .lifetime = DEFAULT_LIFETIME,
	    .mdns = true,
	    .publish_name = true,
	    .tls = true,
	    .log_level = LOG_INFO,
	    .sandbox = CONFINE_ON,
	    .files = {.accept_size = DEFAULT_ACCEPT_SIZE,
		.accept_daily = DEFAULT_ACCEPT_DAILY,
		.keep_free = POLICY_KEEP_FREE_DEFAULT,
		.old_clients = true},
	    .problem = BUF_INIT(PROBLEM_LIMIT)};
	struct passwd pw, *found = NULL;
	char space[4096];
	if (getpwuid_r(getuid(), &pw, space, sizeof(space), &found) != 0 || !found)
		return str_replace(&c->user, "user");
	return str_replace(&c->user, found->pw_name);
}

int
config_read(struct config *c, int argc, char **argv)
{
	int rc = set_defaults(c);
	if (rc == 0)
		rc = each_option(c, argc, argv, take_path);
	bool named = c->path != NULL;
	if (rc == 0 && !named)
		rc = paths_get(PATHS_CONFIG, "earshot.conf", &c->path);
	if (rc == 0)
		rc = read_file(c, named);
	return rc ? rc : each_option(c, argc, argv, take_option);
}

void
config_finish(struct config *c)
{
	for (size_t i = 0; i < c->peer_count; i++)
		free(c->peers[i]);
	free(c->peers);
	free(c->path);
	free(c->user);
	free(c->full_name);
	free(c->helper);
	free(c->socket);
	free(c->downloads);
	buf_finish(&c->problem);
	*c = (struct config){0};
}
