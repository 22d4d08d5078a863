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

#define SITE_FILE   EARSHOT_SYSCONFDIR "/earshot.conf"
#define POLICY_FILE EARSHOT_SYSCONFDIR "/policy.conf"

enum { PROBLEM_LIMIT = 2048, VALUE_LIMIT = 64 * 1024 };

/* ---- what the layers say ---- */

enum config_origin
config_origin(const struct config *c, const struct setting *s)
{
	const struct config_word *words = c->words[setting_index(s)];
	int origin = CONFIG_POLICY;
	while (origin > CONFIG_DEFAULT && !words[origin].text)
		origin--;
	return (enum config_origin)origin;
}

const char *
config_value(const struct config *c, const struct setting *s)
{
	const char *text = c->words[setting_index(s)][config_origin(c, s)].text;
	return text ? text : s->fallback;
}

bool
config_is_locked(const struct config *c, const struct setting *s)
{
	return config_origin(c, s) >= CONFIG_OPTION || s->by_hand;
}

const char *
config_reason(const struct config *c, const struct setting *s)
{
	if (config_origin(c, s) != CONFIG_POLICY)
		return NULL;
	const char *own = c->reasons[setting_index(s)];
	return own ? own : c->reason;
}

static int
settle(struct config *c, const struct setting *s)
{
	return setting_take(s, config_value(c, s), c);
}

int
config_change(struct config *c, const struct setting *s, const char *value, unsigned line)
{
	struct config_word *word = &c->words[setting_index(s)][CONFIG_USER];
	char *before = word->text, *after = value ? strdup(value) : NULL;
	if (value && !after)
		return -ENOMEM;
	word->text = after;
	int err = s->now ? settle(c, s) : 0;
	if (err) {
		word->text = before;
		free(after);
		return err;
	}
	word->file = value ? c->path : NULL;
	word->line = value ? line : 0;
	free(before);
	return 0;
}

/* ---- a file ---- */

struct reading {
	struct config *c;
	enum config_origin origin;
	const char *path;
	FILE *f;
	unsigned line;
};

/* A value that a layer gives; moves nothing. Lists grow within one file. */
static int
put_word(struct config *c, const struct setting *s, enum config_origin origin, const char *text,
    const char *file, unsigned line)
{
	struct config_word *word = &c->words[setting_index(s)][origin];
	struct buf all = BUF_INIT(VALUE_LIMIT);
	bool same_file = word->text && word->file && file && strcmp(word->file, file) == 0;
	if (word->text && !same_file && origin == CONFIG_POLICY)
		return 0; /* the one that was read first has settled it */
	int err;
	if (same_file && s->type == SETTING_LIST) {
		struct buf both = BUF_INIT(VALUE_LIMIT);
		buf_fmt(&both, "%s %s", word->text, text);
		err = buf_err(&both);
		if (!err) /* there may be too many of them now */
			err = setting_clean(s, buf_cstr(&both), &all);
		buf_finish(&both);
	} else {
		buf_str(&all, text);
		err = buf_err(&all);
	}
	if (!err)
		err = str_replace(&word->text, buf_cstr(&all));
	if (!err) {
		word->file = file;
		word->line = line;
	}
	buf_finish(&all);
	return err;
}

static int
put_reason(struct config *c, const char *key, const char *text)
{
	const struct setting *s = setting_named(key);
	if (strcmp(key, "reason") != 0 && !s)
		return -ENOENT;
	char **slot = s ? &c->reasons[setting_index(s)] : &c->reason;
	return *slot ? 0 : str_replace(slot, text);
}

static int
put_line(struct reading *r, const char *section, const char *key, const char *value)
{
	struct buf clean = BUF_INIT(VALUE_LIMIT);
	if (r->origin == CONFIG_POLICY && strcmp(section, "policy") == 0)
		return put_reason(r->c, key, value);
	const struct setting *s = setting_find(section, key);
	int err = s ? setting_clean(s, value, &clean) : -ENOENT;
	if (!err)
		err = put_word(r->c, s, r->origin, buf_cstr(&clean), r->path, r->line);
	buf_finish(&clean);
	return err;
}

/* A line that makes no sense is left out and said, at the start and in `earshot daemon status`:
 * a daemon that refuses to start over a typing error would help nobody. But a slip in a line that
 * is to keep others out must not let them in. */
static int
on_key(void *ctx, const char *section, const char *key, const char *value)
{
	struct reading *r = ctx;
	struct config *c = r->c;
	/* names and addresses go to places where all text is UTF-8, and so does what follows */
	bool text = utf8_valid(section, strlen(section)) && utf8_valid(key, strlen(key)) &&
		    utf8_valid(value, strlen(value));
	int err = text ? put_line(r, section, key, value) : -EILSEQ;
	const struct setting *s = err ? setting_find(section, key) : NULL;
	const char *instead = s ? s->strictest : NULL;
	if (err == -EILSEQ && !c->problem.len)
		buf_fmt(
		    &c->problem, "%s: %s", r->path, TR("a line is not UTF-8, so it was left out."));
	else if (err && !c->problem.len)
		buf_fmt(&c->problem, "%s: [%s] %s = %s: %s%s%s", r->path, section, key, value,
		    instead ? TR("it is not a value it can have. Until that is put right, this one "
				 "holds instead")
		    : err == -ENOENT ? TR("it is not a setting, so it was left out.")
				     : TR("it is not a value it can have, so it was left out."),
		    instead ? ": " : "", instead ? instead : "");
	if (instead)
		(void)!put_word(c, s, r->origin, instead, r->path, r->line);
	return 1;
}

static char *
read_line(char *out, int size, void *stream)
{
	struct reading *r = stream;
	char *got = fgets(out, size, r->f);
	r->line += got && strchr(got, '\n');
	return got;
}

/* Lines are counted where they end: one without an end is the last. */
static int
read_stream(struct reading *r)
{
	int line = ini_parse_stream(read_line, r, on_key, r);
	if (line > 0 && !r->c->problem.len)
		buf_fmt(&r->c->problem, "%s:%d: %s", r->path, line,
		    TR("this line makes no sense and was left out."));
	return line < 0 ? -ENOMEM : 0;
}

/* 0, or why it could not be opened. */
static int
read_layer(struct config *c, enum config_origin origin, const char *path)
{
	struct reading r = {.c = c, .origin = origin, .path = path, .f = fopen(path, "re")};
	if (!r.f)
		return -errno;
	int err = read_stream(&r);
	(void)fclose(r.f);
	return err;
}

static bool
is_absent(int err)
{
	return err == -ENOENT || err == -ENOTDIR;
}

static int
read_user(struct config *c, bool must_exist)
{
	int err = read_layer(c, CONFIG_USER, c->path);
	if (!err || (is_absent(err) && !must_exist))
		return 0;
	(void)fprintf(
	    stderr, "earshotd: the configuration %s cannot be read: %s.\n", c->path, err_str(err));
	return CONFIG_USAGE;
}

static void
read_site(struct config *c)
{
	int err = read_layer(c, CONFIG_SITE, c->site);
	if (err && !is_absent(err) && !c->problem.len)
		buf_fmt(&c->problem, "%s: %s: %s", c->site,
		    TR("the defaults of this computer cannot be read"), err_str(err));
}

/* Nobody knows what a policy says that cannot be read: it is taken at its strictest. */
static void
read_policy(struct config *c, const char *path, bool must_exist)
{
	int err = read_layer(c, CONFIG_POLICY, path);
	if (!err || (is_absent(err) && !must_exist))
		return;
	if (!c->problem.len)
		buf_fmt(&c->problem, "%s: %s: %s", path,
		    TR("the policy cannot be read, so it is taken at its strictest"), err_str(err));
	for (size_t i = 0; i < SETTING_COUNT; i++)
		if (setting_table[i].strictest)
			(void)!put_word(c, &setting_table[i], CONFIG_POLICY,
			    setting_table[i].strictest, path, 0);
}

/* ---- the command line ---- */

static const char help[] =
    "Usage: earshotd [OPTION]...\n"
    "The Earshot daemon: finds the people on the local network and talks to them.\n"
    "The command `earshot` starts it when it is needed.\n"
    "\n"
    "  --config FILE      read this file instead of earshot.conf in the configuration folder\n"
    "  --site FILE        read these defaults instead of the site's\n"
    "  --policy FILE      a policy besides the administrator's: what it names cannot be changed\n"
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
    "The settings of earshot.conf, each a line \"key = value\" in its [section] (and the "
    "default):\n";

enum {
	OPT_CONFIG = 1,
	OPT_SITE,
	OPT_POLICY,
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
    {"site", required_argument, NULL, OPT_SITE},
    {"policy", required_argument, NULL, OPT_POLICY},
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
take_fd(struct config *c, const char *value)
{
	int64_t n;
	if (str_to_int(value, 0, INT32_MAX, &n) != 0)
		return bad_value("passphrase-fd", value);
	c->passphrase_fd = (int)n;
	return 0;
}

static int
take_setting(struct config *c, const char *name, const char *option, const char *value)
{
	const struct setting *s = setting_named(name);
	struct buf clean = BUF_INIT(VALUE_LIMIT);
	int err = setting_clean(s, value, &clean);
	if (!err)
		err = put_word(c, s, CONFIG_OPTION, buf_cstr(&clean), NULL, 0);
	buf_finish(&clean);
	return err == -ENOMEM ? err : err ? bad_value(option, value) : 0;
}

static void
print_help(void)
{
	(void)fputs(help, stdout);
	for (size_t i = 0; i < SETTING_COUNT; i++) {
		const struct setting *s = &setting_table[i];
		(void)printf("  %s", s->name);
		for (size_t n = 0;
		     n + s->hidden < ARRAY_LEN(s->choices) && s->choices[n + s->hidden]; n++)
			(void)printf("%s%s", n ? "|" : " = ", s->choices[n]);
		if (s->fallback)
			(void)printf(" (%s)", s->fallback);
		(void)printf("\n      %s\n", s->help);
	}
}

static int
take_option(struct config *c, int option, const char *value)
{
	switch (option) {
	case OPT_CONFIG: /* taken before the files were read */
	case OPT_SITE:
	case OPT_POLICY:
		return 0;
	case OPT_USER:
		return take_setting(c, "user.user", "user", value);
	case OPT_PORT:
		return take_setting(c, "network.port", "port", value);
	case OPT_NO_MDNS:
		return take_setting(c, "network.mdns", "no-mdns", "no");
	case OPT_HELPER:
		return str_replace(&c->helper, value);
	case OPT_SOCKET:
		return str_replace(&c->socket, value);
	case OPT_PASSPHRASE:
		return take_fd(c, value);
	case OPT_LOG:
		return take_setting(c, "log.level", "log-level", value);
	case OPT_SANDBOX:
		return take_setting(c, "daemon.sandbox", "sandbox", value);
	case OPT_HELP:
		print_help();
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
	switch (option) {
	case OPT_HELP:
	case OPT_VERSION:
	case '?':
		return take_option(c, option, value);
	case OPT_CONFIG:
		return str_replace(&c->path, value);
	case OPT_SITE:
		return str_replace(&c->site, value);
	case OPT_POLICY:
		return str_replace(&c->policies[1], value);
	default:
		return 0;
	}
}

/* What is built in, but not the same for everybody. */
static int
set_defaults(struct config *c)
{
	struct passwd pw, *found = NULL;
	char space[4096], *downloads = NULL;
	bool known = getpwuid_r(getuid(), &pw, space, sizeof(space), &found) == 0 && found;
	int err = put_word(c, setting_named("user.user"), CONFIG_DEFAULT,
	    known ? found->pw_name : "user", NULL, 0);
	/* without one nothing can be received, but all else goes */
	if (!err && paths_downloads(&downloads) == 0)
		err =
		    put_word(c, setting_named("files.folder"), CONFIG_DEFAULT, downloads, NULL, 0);
	free(downloads);
	return err;
}

static int
read_files(struct config *c)
{
	bool named = c->path != NULL;
	int rc = named ? 0 : paths_get(PATHS_CONFIG, "earshot.conf", &c->path);
	if (rc == 0 && !c->site)
		rc = str_replace(&c->site, SITE_FILE);
	if (rc == 0)
		rc = str_replace(&c->policies[0], POLICY_FILE);
	if (rc)
		return rc;
	read_policy(c, c->policies[0], false);
	if (c->policies[1])
		read_policy(c, c->policies[1], true);
	read_site(c);
	return read_user(c, named);
}

static int
settle_all(struct config *c)
{
	int err = 0;
	for (size_t i = 0; !err && i < SETTING_COUNT; i++) {
		err = settle(c, &setting_table[i]);
		if (!err)
			err = str_replace(&c->running[i], config_value(c, &setting_table[i]));
	}
	return err;
}

int
config_read(struct config *c, int argc, char **argv)
{
	*c = (struct config){.passphrase_fd = -1, .problem = BUF_INIT(PROBLEM_LIMIT)};
	int rc = set_defaults(c);
	if (rc == 0)
		rc = each_option(c, argc, argv, take_path);
	if (rc == 0)
		rc = read_files(c);
	if (rc == 0)
		rc = each_option(c, argc, argv, take_option);
	return rc ? rc : settle_all(c);
}

static void
finish_words(struct config *c)
{
	for (size_t i = 0; i < SETTING_COUNT; i++) {
		for (size_t n = 0; n < CONFIG_ORIGINS; n++)
			free(c->words[i][n].text);
		free(c->running[i]);
		free(c->reasons[i]);
	}
	free(c->reason);
}

void
config_finish(struct config *c)
{
	for (size_t i = 0; i < c->peer_count; i++)
		free(c->peers[i]);
	free(c->peers);
	finish_words(c);
	free(c->path);
	free(c->site);
	free(c->policies[0]);
	free(c->policies[1]);
	free(c->user);
	free(c->full_name);
	free(c->helper);
	free(c->socket);
	free(c->downloads);
	buf_finish(&c->problem);
	*c = (struct config){0};
}
