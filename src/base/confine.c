#define _GNU_SOURCE /* O_PATH, syscall */
#include "base/confine.h"

#include "base/limits.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

bool
confine_built(void)
{
#ifdef EARSHOT_UNCONFINED
	return false;
#else
	return true;
#endif
}

static const char *const modes[] = {
    [CONFINE_OFF] = "off", [CONFINE_ON] = "on", [CONFINE_STRICT] = "strict"};

int
confine_mode_parse(const char *word, enum confine_mode *out)
{
	for (size_t i = 0; i < ARRAY_LEN(modes); i++) {
		if (strcmp(word, modes[i]) == 0) {
			*out = (enum confine_mode)i;
			return 0;
		}
	}
	return -EINVAL;
}

const char *
confine_mode_word(enum confine_mode mode)
{
	return modes[mode];
}

/* ---- the process ---- */

static void
lower(struct rlimit *r, rlim_t most)
{
	if (r->rlim_max > most)
		r->rlim_max = most;
	if (r->rlim_cur > r->rlim_max)
		r->rlim_cur = r->rlim_max;
}

int
confine_process(void)
{
	const struct rlimit no_core = {0};
	struct rlimit files = {0};
	int err = prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) ? -errno : 0;
	if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) && !err)
		err = -errno;
	if (setrlimit(RLIMIT_CORE, &no_core) < 0 && !err)
		err = -errno;
	bool known = getrlimit(RLIMIT_NOFILE, &files) == 0;
	lower(&files, LIMIT_FILES);
	if ((!known || setrlimit(RLIMIT_NOFILE, &files) < 0) && !err)
		err = -errno;
	return err;
}

/* ---- files: Landlock ---- */

/* As in linux/landlock.h, which may be older than the kernel that runs us. The calls have these
 * numbers on every architecture. */
#ifndef SYS_landlock_create_ruleset
#define SYS_landlock_create_ruleset 444
#define SYS_landlock_add_rule       445
#define SYS_landlock_restrict_self  446
#endif

struct ruleset {
	uint64_t files, net, scope; /* net since version 4, scope since 6 */
};

struct beneath {
	uint64_t allowed;
	int32_t parent;
} __attribute__((packed));

enum { TELL_VERSION = 1, RULE_BENEATH = 1 };

#define BIT(n) (UINT64_C(1) << (n))
enum right {
	EXECUTE = 0,
	WRITE_FILE = 1,
	READ_FILE = 2,
	READ_DIR = 3,
	REMOVE_DIR = 4,
	REMOVE_FILE = 5,
	MAKE_DIR = 7,
	MAKE_REG = 8,
	MAKE_SOCK = 9,
	REFER = 13,    /* version 2 */
	TRUNCATE = 14, /* version 3 */
	IOCTL = 15,    /* version 5 */
};

static const uint64_t READ_RIGHTS = BIT(READ_FILE);
static const uint64_t RUN_RIGHTS = BIT(READ_FILE) | BIT(EXECUTE);
static const uint64_t WRITE_RIGHTS = BIT(READ_FILE) | BIT(READ_DIR) | BIT(WRITE_FILE) |
				     BIT(TRUNCATE) | BIT(REMOVE_FILE) | BIT(REMOVE_DIR) |
				     BIT(MAKE_REG) | BIT(MAKE_DIR) | BIT(MAKE_SOCK) | BIT(REFER);
/* what can be said of something that is no folder */
static const uint64_t FILE_RIGHTS =
    BIT(EXECUTE) | BIT(WRITE_FILE) | BIT(READ_FILE) | BIT(TRUNCATE) | BIT(IOCTL);
static const uint64_t NET_TCP = BIT(0) | BIT(1);   /* bind, connect */
static const uint64_t SCOPE_ALL = BIT(0) | BIT(1); /* abstract sockets, signals */

/* All rights that this version knows: those that are not given are refused. */
static uint64_t
rights_of(int version)
{
	uint64_t rights = BIT(REFER) - 1;
	if (version >= 2)
		rights |= BIT(REFER);
	if (version >= 3)
		rights |= BIT(TRUNCATE);
	if (version >= 5)
		rights |= BIT(IOCTL);
	return rights;
}

static int
allow(int ruleset, uint64_t known, const struct confine_place *place)
{
	const uint64_t rights[] = {[CONFINE_READ] = READ_RIGHTS,
	    [CONFINE_RUN] = RUN_RIGHTS,
	    [CONFINE_WRITE] = WRITE_RIGHTS};
	struct beneath rule = {.allowed = rights[place->right] & known};
	struct stat st;
	rule.parent = open(place->path, O_PATH | O_CLOEXEC);
	if (rule.parent < 0)
		return errno == ENOENT || errno == ENOTDIR || errno == EACCES ? 0 : -errno;
	int err = fstat(rule.parent, &st) < 0 ? -errno : 0;
	if (!err && !S_ISDIR(st.st_mode))
		rule.allowed &= FILE_RIGHTS;
	if (!err && syscall(SYS_landlock_add_rule, ruleset, RULE_BENEATH, &rule, 0) < 0)
		err = -errno;
	(void)close(rule.parent);
	return err;
}

int
confine_files(const struct confine_place *places, size_t count, bool tcp)
{
	long version = syscall(SYS_landlock_create_ruleset, NULL, 0, TELL_VERSION);
	if (version < 0) /* not built in, or left out at boot */
		return errno == ENOSYS || errno == EOPNOTSUPP ? 0 : -errno;
	struct ruleset wanted = {.files = rights_of((int)version)};
	if (version >= 4 && !tcp)
		wanted.net = NET_TCP;
	if (version >= 6)
		wanted.scope = SCOPE_ALL;
	int ruleset = (int)syscall(SYS_landlock_create_ruleset, &wanted, sizeof(wanted), 0);
	if (ruleset < 0)
		return -errno;
	int err = 0;
	for (size_t i = 0; !err && i < count; i++)
		err = allow(ruleset, wanted.files, &places[i]);
	if (!err && syscall(SYS_landlock_restrict_self, ruleset, 0) < 0)
		err = -errno;
	(void)close(ruleset);
	return err ? err : (int)version;
}
